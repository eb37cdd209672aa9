#include <doctest/doctest.h>
#include <turnstone/migrations/executor.h>

#include <algorithm>
#include <csignal>
#include <memory>

#include "support/book_history.h"
#include "support/child_process.h"
#include "support/failing_connection.h"
#include "support/fields.h"

// kill -9 at every boundary between two statements: afterwards schema, rows and history are all as
// before or all as wanted, and a plain second run finishes the work.

using namespace turnstone;
using namespace turnstone::migrations;
using namespace turnstone::test;

namespace {

/// Migrates in a child process that dies before its statement number `n`. False where it came to
/// its end before.
bool killed_at(Lab& lab, std::size_t n, const std::string& target) {
  ChildProcess child([&] {
    InterceptedConnection session(lab.database().connect(), {});
    session.hooks().before = [n](std::size_t at, std::string_view) {
      if (at == n) raise(SIGKILL);
    };
    std::vector<Target> targets;
    if (!target.empty()) targets.push_back({"lab", target});
    Reporter silent;
    migrate(session, lab.backend(), lab.files(), lab.functions(), targets, {}, silent);
    return 0;
  });
  const ChildProcess::End end = child.wait();
  CHECK(end.error == "");
  if (end.signal == 0) CHECK(end.code == 0);
  // PostgreSQL notices that its client is gone a moment later; the lock tells.
  lab.backend().lock(lab.connection(), std::chrono::seconds(10), [] {});
  return end.signal == SIGKILL;
}

/// The first migration of the history, with its rows.
void begin(Lab& lab, const DisturbedHistory& history) {
  history.add(lab);
  lab.migrate("0001");
  lab.execute(history.rows);
}

void set_rows(Lab& lab, const DisturbedHistory& history) {
  lab.execute(history.no_rows);
  lab.execute(history.rows);
}

}  // namespace

TEST_CASE("kill -9 at any statement leaves all or nothing, and a second run finishes") {
  for (const std::string& dialect : test_dialects()) {
    for (const DisturbedHistory& history : disturbed_histories()) {
      CAPTURE(dialect);
      CAPTURE(history.name);
      Lab lab(dialect);
      begin(lab, history);
      const Picture before = picture(lab, lab.connection());
      lab.migrate();
      const Picture after = picture(lab, lab.connection());
      lab.migrate("0001");

      std::size_t n = 0;
      for (bool killed = true; killed; ++n) {
        CAPTURE(n);
        set_rows(lab, history);
        killed = killed_at(lab, n, "");
        const bool done = history_names(lab.connection(), lab.backend()).size() == 2;
        CHECK((killed || done));
        check_same(picture(lab, lab.connection()), done ? after : before);
        lab.migrate();
        check_same(picture(lab, lab.connection()), after);
        lab.migrate("0001");
        REQUIRE(n < 500);
      }
      CHECK(n > 10);
    }
  }
}

TEST_CASE("kill -9 at any statement of the way back leaves all or nothing") {
  for (const std::string& dialect : test_dialects()) {
    for (const DisturbedHistory& history : disturbed_histories()) {
      CAPTURE(dialect);
      CAPTURE(history.name);
      Lab lab(dialect);
      begin(lab, history);
      lab.migrate();
      lab.migrate("0001");
      const Picture after = picture(lab, lab.connection());
      lab.migrate();
      const Picture before = picture(lab, lab.connection());

      std::size_t n = 0;
      for (bool killed = true; killed; ++n) {
        CAPTURE(n);
        lab.migrate();
        killed = killed_at(lab, n, "0001");
        const bool done = history_names(lab.connection(), lab.backend()).size() == 1;
        CHECK((killed || done));
        check_same(picture(lab, lab.connection()), done ? after : before);
        lab.migrate("0001");
        check_same(picture(lab, lab.connection()), after);
        REQUIRE(n < 500);
      }
      CHECK(n > 10);
    }
  }
}

TEST_CASE("kill -9 while a model moves leaves it in one of its apps, and a second run finishes") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    Lab lab(dialect);
    lab.add("0001_first", first_books());
    lab.add(
        "0002_move",
        {{CreateExtension{"hstore"}}, {MoveModel{"Book", "shop"}}, {MoveModel{"Author", "shop"}}});
    Migration& arrival = lab.add("0001_arrival", {});
    arrival.id.app = "shop";
    arrival.digest = digest_of(arrival);
    lab.migrate("0001_first");
    lab.execute(book_rows);
    const Picture before = picture(lab, lab.connection());
    lab.migrate();
    const Picture after = picture(lab, lab.connection());
    for (const bool back : {false, true}) {
      CAPTURE(back);
      std::size_t n = 0;
      for (bool killed = true; killed; ++n) {
        CAPTURE(n);
        lab.migrate(back ? "" : "0001_first");
        killed = killed_at(lab, n, back ? "0001_first" : "");
        const Picture now = picture(lab, lab.connection());
        const bool moved = now.schema.find("shop_book") != nullptr;
        CHECK(lines(schema_differences(now.schema, (moved ? after : before).schema)) == "");
        CHECK(now.rows == (moved ? after : before).rows);
        CHECK(std::count(now.history.begin(), now.history.end(), "0002_move") == (moved ? 1 : 0));
        if (!killed) CHECK(moved != back);
        REQUIRE(n < 500);
      }
      CHECK(n > 4);
    }
  }
}

TEST_CASE("kill -9 in a migration that is not atomic: a second run goes on from there") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    std::size_t n = 0;
    for (bool killed = true; killed; ++n) {
      CAPTURE(n);
      Lab lab(dialect);
      lab.add("0001_first", first_books());
      Migration& bare = lab.add(
          "0002_bare",
          {{AddField{.model_name = "author", .field = text_field("nick", true)}},
           {AddIndexConcurrently{.model_name = "author",
                                 .index = Index{.name = "author_nick", .fields = {"nick"}}}},
           {CreateModel{.name = "Shelf", .fields = {id_field(), text_field("place")}}},
           {RemoveIndexConcurrently{.model_name = "book", .name = "book_title_idx"}},
           {AlterField{.model_name = "book", .field = text_field("title", true)}}});
      bare.atomic = false;
      bare.digest = digest_of(bare);
      lab.migrate("0001");
      lab.execute(book_rows);
      killed = killed_at(lab, n, "");
      lab.migrate();
      CHECK(lines(lab.drift(lab.state())) == "");
      CHECK(lab.rows().at("lab_book").size() == 2);
      REQUIRE(n < 500);
    }
    CHECK(n > 10);
  }
}
