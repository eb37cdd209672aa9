#include <doctest/doctest.h>
#include <turnstone/migrations/executor.h>

#include <thread>

#include "support/databases.h"

using namespace turnstone;
using namespace turnstone::migrations;

namespace {

void run(Connection& connection, const Statement& statement) {
  connection.execute(statement.sql, statement.parameters);
}

Migration named(const std::string& name, const std::string& digest) {
  return Migration{.id = {"blog", name}, .digest = digest};
}

}  // namespace

TEST_CASE("recorder: rows are written, read and taken away") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    test::ScratchDatabase database(dialect);
    const auto connection = database.connect();
    const Backend& backend = database.backend();
    CHECK(recorder::read(*connection, backend).rows().empty());

    recorder::ensure_tables(*connection, backend);
    recorder::ensure_tables(*connection, backend);
    CHECK(recorder::read(*connection, backend).rows().empty());
    CHECK(backend.introspect(*connection).size() == 0);

    run(*connection, recorder::insert_row(named("0001_a'b", "sha256:1"), database.dialect()));
    const History history = recorder::read(*connection, backend);
    const AppliedMigration* row = history.find({"blog", "0001_a'b"});
    REQUIRE(row);
    CHECK(row->digest == "sha256:1");
    const auto time = parse_date_time(row->applied);
    REQUIRE(time);
    const auto age = std::chrono::system_clock::now() - *time;
    CHECK(age > -std::chrono::minutes(5));
    CHECK(age < std::chrono::minutes(5));

    CHECK_THROWS_AS(
        run(*connection, recorder::insert_row(named("0001_a'b", ""), database.dialect())),
        DatabaseError);

    run(*connection, recorder::delete_row(named("0001_a'b", ""), database.dialect()));
    CHECK(recorder::read(*connection, backend).rows().empty());
  }
}

TEST_CASE("recorder: a squash stands for what it replaces") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    test::ScratchDatabase database(dialect);
    const auto connection = database.connect();
    recorder::ensure_tables(*connection, database.backend());
    Migration squash = named("0001_squashed", "sha256:s");
    squash.replaces = {{"blog", "0001_a"}, {"blog", "0002_b"}};
    run(*connection, recorder::insert_row(squash, database.dialect()));
    const History history = recorder::read(*connection, database.backend());
    CHECK(history.rows().size() == 3);
    CHECK(history.find({"blog", "0001_squashed"})->digest == "sha256:s");
    CHECK(history.find({"blog", "0002_b"})->digest == "");
    run(*connection, recorder::delete_row(squash, database.dialect()));
    CHECK(recorder::read(*connection, database.backend()).rows().empty());
  }
}

TEST_CASE("recorder: tables are made once by eight who come at the same time") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    test::ScratchDatabase database(dialect);
    std::vector<std::string> errors(8);
    std::vector<std::thread> threads;
    for (std::string& error : errors) {
      threads.emplace_back([&database, &error] {
        try {
          const auto connection = database.connect();
          recorder::ensure_tables(*connection, database.backend());
        } catch (const Error& failure) {
          error = failure.text();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const std::string& error : errors) CHECK(error == "");
  }
}
