#include <doctest/doctest.h>
#include <turnstone/error.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <thread>

#include "drivers/postgresql_support.h"

namespace turnstone::test {
namespace {

Value one(Connection& connection, const std::string& sql) {
  return connection.query(sql).rows.at(0).at(0);
}

/// The error a statement fails with.
DatabaseError failure(Connection& connection, const std::string& sql) {
  try {
    connection.execute(sql);
  } catch (const DatabaseError& error) {
    return error;
  }
  FAIL("should have failed: " << sql);
  return DatabaseError("", {}, "");
}

TEST_CASE("cells come as the types the server reports") {
  if (!has_postgresql()) return;
  const ScratchDatabase& database = clean_database();
  const auto connection = database.connect();
  struct Case {
    std::string sql{};
    Value value{};
  };
  const std::vector<Case> cases = {
      {"true", true},
      {"7::smallint", std::int64_t{7}},
      {"-7::integer", std::int64_t{-7}},
      {"9223372036854775807::bigint", std::int64_t{9223372036854775807}},
      {"0.1::double precision", 0.1},
      {"1.5::real", 1.5},
      {"'a\nb'::text", std::string("a\nb")},
      {"'\\x00ff'::bytea", Bytes{std::byte{0}, std::byte{255}}},
      {"NULL::integer", std::monostate{}},
      {"1.50::numeric", std::string("1.50")},
      {"'2026-11-25'::date", std::string("2026-11-25")},
      {"'2026-11-25 12:00+01'::timestamptz", std::string("2026-11-25 11:00:00+00")},
      {"'1 day 2 hours'::interval", std::string("1 day 02:00:00")},
      {"ARRAY[1, 2]", std::string("{1,2}")},
      {"''::text", std::string()},
  };
  for (const Case& c : cases) {
    CAPTURE(c.sql);
    CHECK(one(*connection, "SELECT " + c.sql) == c.value);
  }
  CHECK(std::isnan(std::get<double>(one(*connection, "SELECT 'NaN'::float8"))));
  CHECK(std::isinf(std::get<double>(one(*connection, "SELECT '-Infinity'::float8"))));
  const Rows rows = connection->query("SELECT 1 AS a, 2 AS b WHERE false");
  CHECK(rows.columns == std::vector<std::string>{"a", "b"});
  CHECK(rows.rows.empty());
}

TEST_CASE("parameters of every kind arrive") {
  if (!has_postgresql()) return;
  const ScratchDatabase& database = clean_database();
  const auto connection = database.connect();
  connection->execute(
      "CREATE TABLE t (a boolean, b bigint, c float8, d text, e bytea, f numeric, g uuid, h date, "
      "i time, j timestamptz, k interval, l jsonb, m text)");
  const std::vector<Value> parameters = {true,
                                         std::int64_t{-5},
                                         0.1,
                                         std::string("it's \\ \"q\""),
                                         Bytes{std::byte{0}, std::byte{39}},
                                         Decimal::parse("12.340"),
                                         Uuid::parse("12345678123456781234567812345678"),
                                         *parse_date("2026-11-25"),
                                         *parse_time("01:02:03.000004"),
                                         *parse_date_time("2026-11-25T01:02:03.5Z"),
                                         *parse_duration("-P1DT01H00M00S"),
                                         Json::parse(R"({"a": "é"})"),
                                         std::monostate{}};
  const std::string insert =
      "INSERT INTO t VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
  // The third time goes through the same prepared statement as the second.
  for (int i = 0; i < 3; ++i) CHECK(connection->execute(insert, parameters) == 1);
  const Rows rows = connection->query(
      "SELECT a, b, c, d, e, f::text, g::text, h::text, i::text, j::text, k::text, l::text, m "
      "FROM t");
  REQUIRE(rows.rows.size() == 3);
  CHECK(rows.rows[1] == rows.rows[2]);
  CHECK(rows.rows[0] ==
        std::vector<Value>{
            true, std::int64_t{-5}, 0.1, std::string("it's \\ \"q\""),
            Bytes{std::byte{0}, std::byte{39}}, std::string("12.340"),
            std::string("12345678-1234-5678-1234-567812345678"), std::string("2026-11-25"),
            std::string("01:02:03.000004"), std::string("2026-11-25 01:02:03.5+00"),
            std::string("-1 days -01:00:00"), std::string(R"({"a": "é"})"), std::monostate{}});
  const std::vector<Value> nul = {std::string("a\0b", 3)};
  CHECK_THROWS_WITH_AS(connection->query("SELECT $1::text", nul),
                       "a text cannot hold the character NUL", DatabaseError);
}

TEST_CASE("rows that changed are counted, several statements go at once") {
  if (!has_postgresql()) return;
  const ScratchDatabase& database = clean_database();
  const auto connection = database.connect();
  connection->execute("CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 5)");
  const std::vector<Value> two = {std::int64_t{2}};
  CHECK(connection->execute("UPDATE t SET a = a WHERE a > $1", two) == 3);
  CHECK(connection->execute("DELETE FROM t WHERE a <= $1", two) == 2);
  CHECK(connection->execute("SELECT a FROM t WHERE a > $1", two) == 0);
  CHECK(connection->execute("CREATE TABLE u (a int)", {}) == 0);
  CHECK_THROWS_AS(connection->execute("SELECT 1; SELECT 1/0; SELECT 2"), DatabaseError);
  CHECK(one(*connection, "SELECT 1") == Value(std::int64_t{1}));
}

TEST_CASE("where one statement is asked for, two are refused and neither runs") {
  if (!has_postgresql()) return;
  const ScratchDatabase& database = clean_database();
  const auto connection = database.connect();
  CHECK_THROWS_AS(connection->execute("CREATE TABLE one (a int); CREATE TABLE two (a int)", {}),
                  DatabaseError);
  CHECK(connection->query("SELECT to_regclass('one') IS NULL").rows[0][0] == Value(true));
  CHECK(connection->execute("CREATE TABLE one (a text DEFAULT ';')", {}) == 0);
  CHECK(connection->execute("INSERT INTO one VALUES ('x'), ('y')", {}) == 2);
}

TEST_CASE("broken rules are told by kind and name") {
  if (!has_postgresql()) return;
  const ScratchDatabase& database = clean_database();
  const auto connection = database.connect();
  connection->execute(
      "CREATE TABLE a (id int CONSTRAINT a_pk PRIMARY KEY, n int NOT NULL, p int CONSTRAINT a_p "
      "CHECK (p > 0)); CREATE TABLE b (a int CONSTRAINT b_a REFERENCES a); "
      "INSERT INTO a VALUES (1, 1, 1); "
      "CREATE TABLE e (r int4range, CONSTRAINT e_r EXCLUDE USING gist (r WITH &&)); "
      "INSERT INTO e VALUES ('[1,5)')");
  struct Case {
    std::string sql{};
    DatabaseErrorKind kind{};
    std::string constraint{};
    std::string table{};
    std::string state{};
  };
  const std::vector<Case> cases = {
      {"INSERT INTO a VALUES (1, 1, 1)", DatabaseErrorKind::unique, "a_pk", "a", "23505"},
      {"INSERT INTO b VALUES (9)", DatabaseErrorKind::foreign_key, "b_a", "b", "23503"},
      {"INSERT INTO a VALUES (2, NULL, 1)", DatabaseErrorKind::not_null, "", "a", "23502"},
      {"INSERT INTO a VALUES (2, 1, 0)", DatabaseErrorKind::check, "a_p", "a", "23514"},
      {"INSERT INTO e VALUES ('[2,3)')", DatabaseErrorKind::exclusion, "e_r", "e", "23P01"},
      {"SELECT nothing", DatabaseErrorKind::other, "", "", "42703"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.sql);
    const DatabaseError error = failure(*connection, c.sql);
    CHECK(error.database_kind() == c.kind);
    CHECK(error.details().constraint == c.constraint);
    CHECK(error.details().table == c.table);
    CHECK(error.details().sqlstate == c.state);
    CHECK(error.statement() == c.sql);
    CHECK(std::string(error.what()).find('\n') == std::string::npos);
    CHECK_FALSE(error.retryable());
  }
  CHECK(failure(*connection, "INSERT INTO a VALUES (2, NULL, 1)").details().column == "n");
  CHECK(std::string(failure(*connection, "INSERT INTO a VALUES (1, 1, 1)").what()) ==
        "duplicate key value violates unique constraint \"a_pk\": Key (id)=(1) already exists.");
}

TEST_CASE("a busy table is a lock timeout, which may be tried again") {
  if (!has_postgresql()) return;
  const ScratchDatabase& database = clean_database();
  const auto first = database.connect();
  first->execute("CREATE TABLE t (a int)");
  const auto second = connect(database.url(), ".", {.lock_timeout = "50ms"});
  CHECK(one(*second, "SHOW lock_timeout") == Value(std::string("50ms")));
  first->execute("BEGIN; LOCK TABLE t");
  const DatabaseError error = failure(*second, "ALTER TABLE t ADD b int");
  CHECK(error.database_kind() == DatabaseErrorKind::lock_timeout);
  CHECK(error.retryable());
  first->execute("ROLLBACK");
  second->execute("ALTER TABLE t ADD b int");
}

TEST_CASE("transactions are seen, also broken ones") {
  if (!has_postgresql()) return;
  const ScratchDatabase& database = clean_database();
  const auto connection = database.connect();
  CHECK_FALSE(connection->in_transaction());
  {
    Transaction transaction(*connection, "BEGIN");
    connection->execute("CREATE TABLE t (a int)");
    CHECK(connection->in_transaction());
    CHECK_THROWS_AS(connection->execute("SELECT 1/0"), DatabaseError);
    CHECK(connection->in_transaction());
  }
  CHECK_FALSE(connection->in_transaction());
  CHECK(connection->alive());
  CHECK_FALSE(database.backend().has_table(*connection, "t"));
  // A COMMIT of a broken transaction rolls back: nothing says so but the lost rows.
  connection->execute("CREATE TABLE u (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)");
  Transaction transaction(*connection, "BEGIN");
  connection->execute("INSERT INTO u VALUES (1), (1)");
  try {
    transaction.commit();
    FAIL("should have thrown");
  } catch (const DatabaseError& error) {
    CHECK(error.database_kind() == DatabaseErrorKind::unique);
  }
  CHECK_FALSE(connection->in_transaction());
}

TEST_CASE("a connection that the server ends is dead and says so") {
  if (!has_postgresql()) return;
  const ScratchDatabase& database = clean_database();
  const auto connection = database.connect();
  const auto other = database.connect();
  const std::vector<Value> pid = {one(*connection, "SELECT pg_backend_pid()")};
  Transaction transaction(*connection, "BEGIN");
  connection->execute("CREATE TABLE t (a int)");
  other->query("SELECT pg_terminate_backend($1)", pid);
  CHECK(connection->alive());  // nobody has noticed yet
  try {
    transaction.commit();
    FAIL("should have thrown");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::in_doubt);
  }
  CHECK_FALSE(connection->alive());
  CHECK(failure(*connection, "SELECT 1").database_kind() == DatabaseErrorKind::lost_connection);
}

TEST_CASE("a statement outlives changes of its table") {
  if (!has_postgresql()) return;
  const ScratchDatabase& database = clean_database();
  const auto connection = database.connect();
  const auto other = database.connect();
  connection->execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1)");
  for (int i = 0; i < 3; ++i) connection->query("SELECT * FROM t");
  other->execute("ALTER TABLE t ADD b int DEFAULT 2");
  CHECK(connection->query("SELECT * FROM t").columns.size() == 2);
  // The same inside of a transaction, where an error would break it, after own changes.
  Transaction transaction(*connection, "BEGIN");
  for (int i = 0; i < 3; ++i) connection->query("SELECT * FROM t");
  connection->execute("ALTER TABLE t ADD c int");
  CHECK(connection->query("SELECT * FROM t").columns.size() == 3);
  for (int i = 0; i < 3; ++i) connection->query("SELECT * FROM t");
  transaction.rollback();
  CHECK(connection->query("SELECT * FROM t").columns.size() == 2);
}

TEST_CASE("many different statements do not pile up in the server") {
  if (!has_postgresql()) return;
  const ScratchDatabase& database = clean_database();
  const auto connection = database.connect();
  for (int i = 0; i < 600; ++i) {
    const std::string sql = "SELECT " + std::to_string(i);
    connection->query(sql);
    connection->query(sql);
  }
  const auto count = one(*connection, "SELECT count(*) FROM pg_prepared_statements");
  CHECK(std::get<std::int64_t>(count) < 300);
}

TEST_CASE("a cursor reads row by row while other statements run") {
  if (!has_postgresql()) return;
  const ScratchDatabase& database = clean_database();
  const auto connection = database.connect();
  connection->execute("CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 5000)");
  const std::vector<Value> bound = {std::int64_t{0}};
  const auto read_all = [&] {
    const auto cursor = connection->cursor("SELECT a FROM t WHERE a > $1 ORDER BY a", bound);
    CHECK(cursor->columns() == std::vector<std::string>{"a"});
    std::vector<Value> row;
    std::int64_t count = 0;
    while (cursor->next(row)) {
      ++count;
      if (count % 1000 == 0) {
        const std::vector<Value> key = {row[0]};
        CHECK(connection->execute("UPDATE t SET a = a WHERE a = $1", key) == 1);
      }
    }
    CHECK(count == 5000);
    CHECK_FALSE(cursor->next(row));
  };
  read_all();
  connection->execute("BEGIN");
  read_all();
  connection->execute("COMMIT");
  CHECK(one(*connection, "SELECT count(*) FROM pg_cursors WHERE name <> ''") ==
        Value(std::int64_t{0}));
}

TEST_CASE("a cursor left early is closed, one that lost its transaction does no harm") {
  if (!has_postgresql()) return;
  const ScratchDatabase& database = clean_database();
  const auto connection = database.connect();
  std::vector<Value> row;
  {
    const auto cursor = connection->cursor("SELECT generate_series(1, 10000)");
    CHECK(cursor->next(row));
  }
  CHECK(one(*connection, "SELECT count(*) FROM pg_cursors WHERE name <> ''") ==
        Value(std::int64_t{0}));
  connection->execute("BEGIN; SAVEPOINT s");
  {
    const auto cursor = connection->cursor("SELECT generate_series(1, 10000)");
    CHECK(cursor->next(row));
    connection->execute("ROLLBACK TO SAVEPOINT s");
  }
  CHECK(one(*connection, "SELECT 1") == Value(std::int64_t{1}));
  connection->execute("ROLLBACK");
  CHECK_THROWS_AS(connection->cursor("SELECT nothing"), DatabaseError);
}

TEST_CASE("a cursor also takes statements that no cursor can be declared for") {
  if (!has_postgresql()) return;
  const ScratchDatabase& database = clean_database();
  const auto connection = database.connect();
  connection->execute("CREATE TABLE t (a int)");
  std::vector<Value> row;
  for (const std::string sql : {"INSERT INTO t VALUES (1) RETURNING a",
                                "WITH x AS (INSERT INTO t VALUES (1) RETURNING a) SELECT * FROM x",
                                "SELECT a FROM t ORDER BY a LIMIT 1 FOR UPDATE"}) {
    CAPTURE(sql);
    const auto cursor = connection->cursor(sql);
    CHECK(cursor->next(row));
    CHECK(row == std::vector<Value>{std::int64_t{1}});
  }
}

TEST_CASE("a long statement ticks, and a tick that throws cancels it") {
  if (!has_postgresql()) return;
  const ScratchDatabase& database = clean_database();
  const auto connection = database.connect();
  int ticks = 0;
  connection->on_progress([&] { ++ticks; });
  connection->query("SELECT pg_sleep(0.7)");
  CHECK(ticks >= 2);
  CHECK(ticks <= 4);
  connection->on_progress([] { throw Error(ErrorKind::cancelled, "stopped"); });
  const auto start = std::chrono::steady_clock::now();
  CHECK_THROWS_WITH_AS(connection->query("SELECT pg_sleep(10)"), "stopped", Error);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
  connection->on_progress({});
  CHECK(one(*connection, "SELECT 1") == Value(std::int64_t{1}));
}

TEST_CASE("the session has fixed settings, whatever the database says") {
  if (!has_postgresql()) return;
  const ScratchDatabase database("postgresql");
  database.connect()->execute(
      "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone = ''Asia/Tokyo''', "
      "current_database()); EXECUTE format('ALTER DATABASE %I SET intervalstyle = ''iso_8601''', "
      "current_database()); EXECUTE format('ALTER DATABASE %I SET datestyle = ''German''', "
      "current_database()); EXECUTE format('ALTER DATABASE %I SET bytea_output = ''escape''', "
      "current_database()); END $$");
  const auto connection = connect(database.url(), ".", {.statement_timeout = "90s"});
  CHECK(one(*connection, "SHOW timezone") == Value(std::string("UTC")));
  CHECK(one(*connection, "SHOW statement_timeout") == Value(std::string("90s")));
  CHECK(one(*connection, "SHOW application_name") == Value(std::string("turnstone")));
  CHECK(one(*connection, "SELECT '2026-11-25'::date") == Value(std::string("2026-11-25")));
  CHECK(one(*connection, "SELECT '1 day'::interval") == Value(std::string("1 day")));
  CHECK(one(*connection, "SELECT '\\x00ff'::bytea") == Value(Bytes{std::byte{0}, std::byte{255}}));
  CHECK(connection->server_version() >= 140000);
  CHECK(connection->display_name().find("postgres@") == std::string::npos);
  // Notices are nobody's business.
  connection->execute("DROP TABLE IF EXISTS nothing; COMMIT");
}

TEST_CASE("no message holds a password") {
  for (const std::string url :
       {"postgresql://me:geheim@127.0.0.1:1/db", "postgresql://me@127.0.0.1:1/db?password=geheim",
        "postgresql://me:geheim@127.0.0.1:1,127.0.0.1:2/db?connect_timeout=1",
        "postgresql://me:geh@eim/geheim:x@h/db", "postgresql://me:geheim@h:port/db",
        "postgresql://me:%gheim@h/db", "postgresql://me@h/db?geheim=1"}) {
    CAPTURE(url);
    try {
      connect(url, ".");
      FAIL("should have thrown");
    } catch (const Error& error) {
      CHECK(error.text().find("heim") == std::string::npos);
      CHECK(error.text().find('\n') == std::string::npos);
    }
  }
}

TEST_CASE("one migrator at a time holds the lock") {
  if (!has_postgresql()) return;
  using std::chrono::milliseconds;
  const ScratchDatabase database("postgresql");
  const Backend& backend = database.backend();
  const auto first = database.connect();
  const auto second = database.connect();
  int waits = 0;
  const auto waiting = [&] { ++waits; };
  auto lock = backend.lock(*first, milliseconds(0), waiting);
  CHECK(waits == 0);
  try {
    backend.lock(*second, milliseconds(200), waiting);
    FAIL("should have thrown");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::locked);
    CHECK(error.hint().find("(\"turnstone\") holds it") != std::string::npos);
  }
  CHECK(waits == 1);
  // A broken transaction does not keep it.
  first->execute("BEGIN");
  CHECK_THROWS_AS(first->execute("SELECT 1/0"), DatabaseError);
  lock.reset();
  lock = backend.lock(*second, milliseconds(0), waiting);
  std::thread release([&] {
    std::this_thread::sleep_for(milliseconds(150));
    lock.reset();
  });
  const auto third = database.connect();
  const auto again = backend.lock(*third, std::nullopt, waiting);
  release.join();
  CHECK(waits == 2);
  // Another schema is another lock.
  first->execute("CREATE SCHEMA other; SET search_path TO other");
  CHECK_NOTHROW(backend.lock(*first, milliseconds(0), waiting));
}

TEST_CASE("a dead connection lets go of the lock without a word") {
  if (!has_postgresql()) return;
  const ScratchDatabase& database = clean_database();
  const auto first = database.connect();
  const auto second = database.connect();
  auto lock = database.backend().lock(*first, std::nullopt, {});
  const std::vector<Value> pid = {one(*first, "SELECT pg_backend_pid()")};
  second->query("SELECT pg_terminate_backend($1)", pid);
  CHECK_NOTHROW(lock.reset());
  CHECK_NOTHROW(database.backend().lock(*second, std::chrono::seconds(5), {}));
}

TEST_CASE("tables are found by name, also quoted and in schemas") {
  if (!has_postgresql()) return;
  const ScratchDatabase database("postgresql");
  const auto connection = database.connect();
  connection->execute(
      "CREATE TABLE \"Odd \"\"Name\" (a int); CREATE SCHEMA s; "
      "CREATE TABLE s.t (a int); CREATE SEQUENCE q");
  const Backend& backend = database.backend();
  CHECK(backend.has_table(*connection, "Odd \"Name"));
  CHECK(backend.has_table(*connection, "s.t"));
  CHECK_FALSE(backend.has_table(*connection, "t"));
  CHECK_FALSE(backend.has_table(*connection, "q"));
  CHECK_FALSE(backend.has_table(*connection, "none"));
}

}  // namespace
}  // namespace turnstone::test
