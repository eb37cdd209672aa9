#include <doctest/doctest.h>
#include <turnstone/migrations/executor.h>
#include <unistd.h>

#include <chrono>

#include "support/book_history.h"
#include "support/child_process.h"
#include "support/failing_connection.h"
#include "support/fields.h"

using namespace turnstone;
using namespace turnstone::migrations;
using namespace turnstone::test;

namespace {

/// Six migrations; each third one inserts a row, which would be there twice if it ran twice.
void add_counted_history(Lab& lab) {
  lab.functions().add("lab.count", [](MigrationContext& context) {
    context.model("lab.Author").insert({{"name", std::string("counted")}});
  });
  lab.add("0001_first", first_books());
  lab.add("0002_code", {{RunCpp{.code = "lab.count"}}});
  lab.add("0003_alter", {{AlterField{.model_name = "book", .field = text_field("title", true)}}});
  lab.add("0004_code", {{RunCpp{.code = "lab.count"}}});
  lab.add("0005_field", {{AddField{.model_name = "book", .field = text_field("note", true)}}});
  lab.add("0006_code", {{RunCpp{.code = "lab.count"}}});
}

int migrate_all(Lab& lab, Connection& connection) {
  Reporter silent;
  migrate(connection, lab.backend(), lab.files(), lab.functions(), {}, {}, silent);
  return 0;
}

}  // namespace

TEST_CASE("twenty processes migrate at once: all end well, nothing is applied twice") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    Lab lab(dialect);
    add_counted_history(lab);
    Flag start;
    std::vector<ChildProcess> children;
    for (int i = 0; i < 20; ++i) {
      children.emplace_back([&] {
        start.wait(std::chrono::seconds(60));
        return migrate_all(lab, *lab.database().connect());
      });
    }
    for (int i = 0; i < 20; ++i) start.raise();
    for (ChildProcess& child : children) {
      const ChildProcess::End end = child.wait();
      CHECK(end.error == "");
      CHECK(end.code == 0);
      CHECK(end.signal == 0);
    }
    CHECK(history_names(lab.connection(), lab.backend()).size() == 6);
    CHECK(lab.rows().at("lab_author").size() == 3);
    CHECK(lines(lab.drift(lab.state())) == "");
  }
}

TEST_CASE("a migrator that is killed while it holds the lock is replaced within two seconds") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    Lab lab(dialect);
    add_counted_history(lab);
    Flag holding;
    ChildProcess holder([&] {
      InterceptedConnection session(lab.database().connect(), {});
      session.hooks().before = [&](std::size_t, std::string_view sql) {
        if (sql != "COMMIT" || !session.in_transaction()) return;
        // The first COMMIT makes the history table, the second is that of the first migration.
        static int commits = 0;
        if (++commits != 2) return;
        holding.raise();
        sleep(60);
      };
      return migrate_all(lab, session);
    });
    REQUIRE(holding.wait(std::chrono::seconds(30)));
    ChildProcess follower([&] { return migrate_all(lab, *lab.database().connect()); });
    usleep(300'000);  // it waits by now
    const auto killed = std::chrono::steady_clock::now();
    holder.kill();
    const ChildProcess::End end = follower.wait();
    const auto took = std::chrono::steady_clock::now() - killed;
    CHECK(end.error == "");
    CHECK(end.code == 0);
    CHECK(took < std::chrono::seconds(2));
    CHECK(history_names(lab.connection(), lab.backend()).size() == 6);
    CHECK(lab.rows().at("lab_author").size() == 3);
  }
}
