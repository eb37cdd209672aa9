#include <doctest/doctest.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "drivers/sqlite_support.h"

using namespace turnstone;
using turnstone::test::rows_of;

namespace {

std::unique_ptr<Connection> memory(const ConnectOptions& options = {}) {
  return sqlite::connect(":memory:", options);
}

}  // namespace

TEST_CASE("sqlite: values come back as they were bound") {
  const auto db = memory();
  db->execute("CREATE TABLE t (a, b, c, d, e, f)");
  const Bytes bytes{std::byte{0}, std::byte{255}};
  const std::vector<Value> row{Value{}, std::int64_t{-5}, 1.5, std::string("a\0b", 3),
                               bytes,   Bytes{}};
  CHECK(db->execute("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)", row) == 1);
  const Rows back = db->query("SELECT * FROM t");
  CHECK(back.columns == std::vector<std::string>{"a", "b", "c", "d", "e", "f"});
  REQUIRE(back.rows.size() == 1);
  CHECK(back.rows[0] == row);
}

TEST_CASE("sqlite: values of fields are bound in the form columns hold") {
  const auto db = memory();
  const std::vector<Value> values{true,
                                  Uuid::parse("c6d0bd36-0b0f-4b0c-8b0a-0123456789ab"),
                                  Decimal::parse("9.99"),
                                  *parse_date_time("2026-11-25T13:45:00.5Z"),
                                  Duration(1500000),
                                  Json::parse("{\"a\": 1}")};
  CHECK(db->query("SELECT ?, ?, ?, ?, ?, ?", values).rows[0] ==
        std::vector<Value>{std::int64_t{1}, "c6d0bd360b0f4b0c8b0a0123456789ab", 9.99,
                           "2026-11-25 13:45:00.500000", std::int64_t{1500000}, "{\"a\":1}"});
}

TEST_CASE("sqlite: the number of changed rows is that of the statement alone") {
  const auto db = memory();
  db->execute("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2), (3)");
  CHECK(db->execute("UPDATE t SET a = 0 WHERE a > ?", std::vector<Value>{std::int64_t{1}}) == 2);
  CHECK(db->execute("CREATE TABLE u (a)", {}) == 0);
  CHECK(db->execute("DELETE FROM t WHERE a = 9", {}) == 0);
  CHECK(db->execute("SELECT * FROM t", {}) == 0);
}

TEST_CASE("sqlite: errors tell their kind and what they are about") {
  const auto db = memory();
  db->execute(
      "CREATE TABLE p (id integer PRIMARY KEY);"
      "CREATE TABLE t (a integer UNIQUE, b text NOT NULL, c integer REFERENCES p,"
      " CONSTRAINT positive CHECK (a > 0));"
      "CREATE UNIQUE INDEX lower_b ON t (lower(b))");
  db->execute("INSERT INTO t VALUES (1, 'x', NULL)");
  struct Case {
    const char* sql;
    DatabaseErrorKind kind;
    const char* constraint;
    const char* table;
    const char* column;
  };
  const Case cases[] = {
      {"INSERT INTO t VALUES (1, 'y', NULL)", DatabaseErrorKind::unique, "", "t", "a"},
      {"INSERT INTO t VALUES (2, 'X', NULL)", DatabaseErrorKind::unique, "lower_b", "", ""},
      {"INSERT INTO t VALUES (2, NULL, NULL)", DatabaseErrorKind::not_null, "", "t", "b"},
      {"INSERT INTO t VALUES (-2, 'z', NULL)", DatabaseErrorKind::check, "positive", "", ""},
      {"INSERT INTO t VALUES (2, 'z', 7)", DatabaseErrorKind::foreign_key, "", "", ""},
      {"SELEC 1", DatabaseErrorKind::other, "", "", ""},
      {"SELECT \"nothing\"", DatabaseErrorKind::other, "", "", ""},
  };
  for (const Case& c : cases) {
    CAPTURE(std::string(c.sql));
    try {
      db->execute(c.sql, {});
      FAIL("no error");
    } catch (const DatabaseError& error) {
      CHECK(error.database_kind() == c.kind);
      CHECK(error.details().constraint == c.constraint);
      CHECK(error.details().table == c.table);
      CHECK(error.details().column == c.column);
      CHECK(error.statement() == c.sql);
    }
  }
}

TEST_CASE("sqlite: one statement means one, with a value for every place") {
  const auto db = memory();
  CHECK_THROWS_WITH(db->execute("SELECT 1; SELECT 2", {}),
                    "several statements where one is expected");
  CHECK(db->execute("SELECT 1; -- done", {}) == 0);
  CHECK_THROWS_WITH(db->query("SELECT ?"), "the statement has 1 places for 0 parameters");
  db->execute("; ;");
  db->execute("-- nothing");
}

TEST_CASE("sqlite: a cached statement is free to run twice at a time") {
  const auto db = memory();
  db->execute("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)");
  std::vector<Value> row;
  const auto first = db->cursor("SELECT a FROM t ORDER BY a");
  REQUIRE(first->next(row));
  const auto second = db->cursor("SELECT a FROM t ORDER BY a");
  REQUIRE(second->next(row));
  CHECK(row[0] == Value{std::int64_t{1}});
  REQUIRE(first->next(row));
  CHECK(row[0] == Value{std::int64_t{2}});
  CHECK_FALSE(first->next(row));
  CHECK_FALSE(first->next(row));
}

TEST_CASE("sqlite: a cursor that was not read to its end holds nothing back") {
  const auto db = memory();
  db->execute("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)");
  {
    std::vector<Value> row;
    const auto cursor = db->cursor("SELECT a FROM t");
    CHECK(cursor->next(row));
  }
  CHECK_NOTHROW(db->execute("DROP TABLE t"));
}

TEST_CASE("sqlite: cached statements see a changed table") {
  const auto db = memory();
  db->execute("CREATE TABLE t (a); INSERT INTO t VALUES (1)");
  CHECK(db->query("SELECT * FROM t").columns.size() == 1);
  db->execute("ALTER TABLE t ADD COLUMN b DEFAULT 2");
  CHECK(db->query("SELECT * FROM t").columns.size() == 2);
  CHECK(rows_of(*db, "SELECT * FROM t") == "1|2\n");
}

TEST_CASE("sqlite: foreign keys are on") {
  const auto db = memory();
  CHECK(rows_of(*db, "PRAGMA foreign_keys") == "1\n");
  CHECK(rows_of(*db, "PRAGMA legacy_alter_table") == "0\n");
}

TEST_CASE("sqlite: a long statement ticks, and stops where the tick throws") {
  const auto db = memory();
  const std::string endless =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
  int ticks = 0;
  db->on_progress([&] {
    if (++ticks == 2) throw Error(ErrorKind::cancelled, "enough");
  });
  CHECK_THROWS_WITH_AS(db->query(endless), "enough", Error);
  CHECK(ticks == 2);
  db->on_progress({});
  CHECK(rows_of(*db, "SELECT 1") == "1\n");
}

TEST_CASE("sqlite: the statement timeout ends a statement") {
  const auto db = memory({.statement_timeout = "50ms"});
  CHECK_THROWS_WITH_AS(db->query("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
                                 " SELECT count(*) FROM n"),
                       "the statement took longer than the statement timeout", DatabaseError);
  CHECK(rows_of(*db, "SELECT 1") == "1\n");
}

TEST_CASE("sqlite: a lock is waited for as long as was asked, then told") {
  const test::TemporaryFolder folder;
  const std::string path = (folder.path() / "a.db").string();
  const auto holder = sqlite::connect(path, {});
  holder->execute("BEGIN IMMEDIATE");
  const auto waiting = sqlite::connect(path, {.lock_timeout = "100ms"});
  int told = 0;
  waiting->on_waiting([&] { ++told; });
  const auto start = std::chrono::steady_clock::now();
  try {
    waiting->execute("BEGIN IMMEDIATE");
    FAIL("no error");
  } catch (const DatabaseError& error) {
    CHECK(error.database_kind() == DatabaseErrorKind::lock_timeout);
  }
  const auto waited = std::chrono::steady_clock::now() - start;
  CHECK(waited >= std::chrono::milliseconds(100));
  CHECK(waited < std::chrono::seconds(2));
  CHECK_FALSE(waiting->in_transaction());
  CHECK(told == 1);
  waiting->on_waiting([&] { ++told; });
  waiting->on_waiting({});
  CHECK_THROWS_AS(waiting->execute("BEGIN IMMEDIATE"), DatabaseError);
  CHECK(told == 1);
}

TEST_CASE("sqlite: twenty writers all get their turn") {
  const test::TemporaryFolder folder;
  const std::string path = (folder.path() / "a.db").string();
  sqlite::connect(path, {})->execute("CREATE TABLE t (a); INSERT INTO t VALUES (0)");
  std::atomic<int> failures = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 20; ++i) {
    threads.emplace_back([&] {
      try {
        const auto db = sqlite::connect(path, {.lock_timeout = "60s"});
        for (int turn = 0; turn < 5; ++turn) {
          Transaction transaction(*db, "BEGIN IMMEDIATE");
          db->execute("UPDATE t SET a = a + 1");
          transaction.commit();
        }
      } catch (const std::exception&) {
        ++failures;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(failures == 0);
  CHECK(rows_of(*sqlite::connect(path, {}), "SELECT a FROM t") == "100\n");
}

TEST_CASE("sqlite: a file that cannot be opened is named") {
  const test::TemporaryFolder folder;
  const std::string path = (folder.path() / "missing" / "a.db").string();
  CHECK_THROWS_WITH_AS(
      sqlite::connect(path, {}),
      ("cannot open the database file " + path + ": unable to open database file").c_str(),
      DatabaseError);
  const std::string letter = (folder.path() / "letter.txt").string();
  std::ofstream(letter) << "Dear reader, this is no database at all, and was never meant to be.\n";
  const auto db = sqlite::connect(letter, {});
  CHECK_THROWS_WITH_AS(
      db->query("SELECT 1 FROM sqlite_schema"),
      ("cannot open the database file " + letter + ": file is not a database").c_str(),
      DatabaseError);
}

TEST_CASE("sqlite: timeouts are read as PostgreSQL spells them") {
  for (const char* good : {"0", "250", "500ms", "2s", "1.5s", "1 min", "1h", "1d", "300us"}) {
    CAPTURE(std::string(good));
    CHECK_NOTHROW(memory({.lock_timeout = good}));
  }
  for (const char* bad : {"soon", "-1s", "5 fortnights", "s"}) {
    CAPTURE(std::string(bad));
    CHECK_THROWS_AS(memory({.lock_timeout = bad}), Error);
  }
}
