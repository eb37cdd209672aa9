#include <doctest/doctest.h>
#include <turnstone/identifier.h>

#include <algorithm>

#include "cli/session.h"
#include "support/live_schemas.h"

// diff, and what goes by it: every kind of change made by hand is found and named, and nothing
// else.

namespace turnstone::test {
namespace {

bool tells(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

const char* const stock_models = R"({"models": [
  {"name": "Shelf", "fields": [{"name": "code", "type": "CharField", "max_length": 9, "unique": true}],
   "options": {"db_table_comment": "where things lie"}},
  {"name": "Item", "fields": [
    {"name": "name", "type": "CharField", "max_length": 40, "db_default": "none", "db_index": true},
    {"name": "count", "type": "PositiveIntegerField", "db_default": 0},
    {"name": "price", "type": "DecimalField", "max_digits": 8, "decimal_places": 2, "null": true,
     "db_comment": "in euros"},
    {"name": "total", "type": "GeneratedField", "expression": ["*", {"F": "count"}, 2],
     "output_field": {"type": "IntegerField"}},
    {"name": "made", "type": "DateTimeField", "db_default": ["now"]},
    {"name": "shelf", "type": "ForeignKey", "to": "Shelf", "on_delete": "CASCADE",
     "db_on_delete": true}],
   "options": {
     "indexes": [{"name": "item_price", "fields": ["price", "-name"],
                  "condition": [">", {"F": "price"}, 5]},
                 {"name": "item_lower", "expressions": [["lower", {"F": "name"}]]}],
     "constraints": [
       {"type": "CheckConstraint", "name": "item_cheap",
        "condition": ["and", ["<", {"F": "price"}, 100], ["<>", {"F": "name"}, "x"]]},
       {"type": "UniqueConstraint", "name": "item_once", "fields": ["name", "shelf"]}]}}]})";

struct DriftCase {
  std::string sql;
  const char* words;    ///< the lines of diff that name it
  bool beside = false;  ///< told as something models have no word for: no difference
};

/// What diff names, line by line, without definitions; made names of foreign keys are `KEY`.
std::string told(const std::string& out) {
  std::string lines;
  std::size_t start = 0;
  while (start < out.size()) {
    const std::size_t end = std::min(out.find('\n', start), out.size());
    std::string line = out.substr(start, end - start);
    start = end + 1;
    if (!line.starts_with("  ") || line.starts_with("    ")) continue;
    line.erase(0, 2);
    const std::size_t made = line.find("stock_item_shelf_id_");
    if (made != std::string::npos) line.replace(made, line.find('"', made) - made, "KEY");
    lines += (lines.empty() ? "" : "\n") + line;
  }
  return lines;
}

/// SQL that puts the foreign key of `stock_item` into `statement` for `FKNAME`.
std::string with_key(const std::string& statement) {
  return "DO $$ DECLARE n text; BEGIN SELECT conname INTO n FROM pg_constraint WHERE contype = "
         "'f'; "
         "EXECUTE replace('" +
         statement + "', 'FKNAME', quote_ident(n)); END $$";
}

/// SQL that writes other words into the text SQLite keeps of a table, where no ALTER can.
std::string rewritten(const std::string& from, const std::string& to,
                      const std::string& table = "stock_item") {
  return "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, " +
         quote_literal(from) + ", " + quote_literal(to) + ") WHERE type = 'table' AND name = '" +
         table + "'; PRAGMA writable_schema = RESET";
}

/// Applies every change to a database as the migrations made it, and takes it back.
void check_drifts(const std::string& dialect, const std::vector<DriftCase>& cases) {
  ScratchDatabase database(dialect);
  Session session(database.url());
  REQUIRE(session.run("init stock").code == 0);
  session.write("stock/models.json", stock_models);
  REQUIRE(session.run("makemigrations").code == 0);
  REQUIRE(session.run("migrate").code == 0);
  const Ran clean = session.run("diff");
  INFO(clean.out << clean.err);
  REQUIRE(clean.code == 0);
  CHECK(tells(clean.out, "No differences between database "));
  CHECK(session.run("diff --models").code == 0);
  for (const DriftCase& c : cases) {
    CAPTURE(c.sql);
    database.clear();
    REQUIRE(session.run("migrate -v 0").code == 0);
    database.connect()->execute(c.sql);
    const Ran ran = session.run("diff");
    CHECK(ran.err == "");
    CHECK(ran.code == (*c.words && !c.beside ? 1 : 0));
    CHECK(told(ran.out) == std::string(c.words));
  }
}

}  // namespace

TEST_CASE("diff finds and names each kind of drift on PostgreSQL, and nothing else") {
  if (test_dialects().size() < 2) return;
  check_drifts(
      "postgresql",
      {{"DROP TABLE stock_item", "table is missing"},
       {"CREATE TABLE loose (id int PRIMARY KEY)", "table is not wanted"},
       {"ALTER TABLE stock_item ADD extra int", "column \"extra\" is not wanted"},
       {"ALTER TABLE stock_item ALTER name TYPE varchar(50)",
        "column \"name\": type is varchar(50), should be varchar(40)"},
       {"ALTER TABLE stock_item ALTER name TYPE text",
        "column \"name\": type is text, should be varchar(40)"},
       {"ALTER TABLE stock_item ALTER price TYPE numeric(9, 2)",
        "column \"price\": type is numeric(9, 2), should be numeric(8, 2)"},
       {"ALTER TABLE stock_item ALTER price SET NOT NULL",
        "column \"price\": null is no, should be yes"},
       {"ALTER TABLE stock_item ALTER name DROP NOT NULL",
        "column \"name\": null is yes, should be no"},
       {"ALTER TABLE stock_item ALTER name DROP DEFAULT",
        "column \"name\": default is absent, should be 'none'"},
       {"ALTER TABLE stock_item ALTER count SET DEFAULT 1",
        "column \"count\": default is 1, should be 0"},
       {"ALTER TABLE stock_item ALTER price SET DEFAULT 1",
        "column \"price\": default is 1, should be absent"},
       {"ALTER TABLE stock_item ALTER name TYPE varchar(40) COLLATE \"C\"",
        "column \"name\": collation is C, should be absent\nindex \"item_lower\": columns is "
        "(lower((name)::text)) collate C, should be (lower((name)::text))"},
       {"ALTER TABLE stock_item ALTER id SET GENERATED ALWAYS",
        "column \"id\": identity is always, should be by default"},
       {"ALTER TABLE stock_item ALTER id DROP IDENTITY",
        "column \"id\": identity is none, should be by default"},
       {"ALTER TABLE stock_item ALTER total DROP EXPRESSION",
        "column \"total\": generated is absent, should be count * 2"},
       {"COMMENT ON COLUMN stock_item.price IS 'in pounds'",
        "column \"price\": comment is in pounds, should be in euros"},
       {"COMMENT ON TABLE stock_shelf IS NULL",
        "table: comment is absent, should be where things lie"},
       {"ALTER TABLE stock_item DROP CONSTRAINT item_once",
        "unique constraint \"item_once\" is missing"},
       {"ALTER TABLE stock_item ADD CONSTRAINT more UNIQUE (count)",
        "unique constraint \"more\" is not wanted"},
       {"ALTER TABLE stock_item DROP CONSTRAINT item_once, ADD CONSTRAINT item_once UNIQUE (name)",
        "unique constraint \"item_once\": columns is name, should be name, shelf_id"},
       {"ALTER TABLE stock_item DROP CONSTRAINT item_once, ADD CONSTRAINT item_once UNIQUE (name, "
        "shelf_id) DEFERRABLE",
        "unique constraint \"item_once\": timing is deferrable initially immediate, should be not "
        "deferrable"},
       {"ALTER TABLE stock_item RENAME CONSTRAINT item_once TO once",
        "unique constraint \"item_once\" is named \"once\""},
       {"ALTER TABLE stock_item DROP CONSTRAINT item_cheap",
        "check constraint \"item_cheap\" is missing"},
       {"ALTER TABLE stock_item ADD CONSTRAINT more CHECK (count < 9)",
        "check constraint \"more\" is not wanted"},
       {"ALTER TABLE stock_item DROP CONSTRAINT item_cheap, ADD CONSTRAINT item_cheap CHECK (price "
        "< 100)",
        "check constraint \"item_cheap\": condition is price < (100)::numeric, should be (price < "
        "(100)::numeric) and((name)::text <> 'x'::text)"},
       {"ALTER TABLE stock_item DROP CONSTRAINT item_cheap, ADD CONSTRAINT item_cheap CHECK (price "
        "< 100 AND name <> 'x') NOT VALID",
        "check constraint \"item_cheap\": validated is no, should be yes"},
       {with_key("ALTER TABLE stock_item ALTER CONSTRAINT FKNAME NOT DEFERRABLE"),
        "foreign key \"KEY\": timing is not deferrable, should be deferrable initially deferred"},
       {with_key("ALTER TABLE stock_item DROP CONSTRAINT FKNAME"),
        "foreign key \"KEY\" is missing"},
       {with_key("ALTER TABLE stock_item DROP CONSTRAINT FKNAME, ADD CONSTRAINT FKNAME FOREIGN KEY "
                 "(shelf_id) REFERENCES stock_shelf DEFERRABLE INITIALLY DEFERRED"),
        "foreign key \"KEY\": on delete is absent, should be CASCADE"},
       {with_key("ALTER TABLE stock_item DROP CONSTRAINT FKNAME, ADD CONSTRAINT FKNAME FOREIGN KEY "
                 "(shelf_id) REFERENCES stock_shelf ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE "
                 "INITIALLY DEFERRED"),
        "foreign key \"KEY\": on update is CASCADE, should be absent"},
       {"DROP INDEX item_price", "index \"item_price\" is missing"},
       {"CREATE INDEX more ON stock_item (made)", "index \"more\" is not wanted"},
       {"ALTER INDEX item_lower RENAME TO lowered", "index \"item_lower\" is named \"lowered\""},
       {"DROP INDEX item_lower; CREATE INDEX item_lower ON stock_item (upper(name))",
        "index \"item_lower\": columns is (upper((name)::text)), should be (lower((name)::text))"},
       {"DROP INDEX item_price; CREATE INDEX item_price ON stock_item (price, name DESC)",
        "index \"item_price\": condition is absent, should be price > (5)::numeric"},
       {"DROP INDEX item_price; CREATE INDEX item_price ON stock_item (price, name) WHERE price > "
        "5",
        "index \"item_price\": columns is price, name, should be price, name desc"},
       {"DROP INDEX item_price; CREATE UNIQUE INDEX item_price ON stock_item (price, name DESC) "
        "WHERE price > 5",
        "index \"item_price\": unique is yes, should be no"},
       {"DROP INDEX item_price; CREATE INDEX item_price ON stock_item (price, name DESC) INCLUDE "
        "(made) WHERE price > 5",
        "index \"item_price\": include is made, should be absent"},
       {"DROP INDEX item_lower; CREATE INDEX item_lower ON stock_item USING hash (lower(name))",
        "index \"item_lower\": method is hash, should be absent"},
       {"ALTER INDEX item_lower SET (fillfactor = 70)",
        "index \"item_lower\": parameters is fillfactor = 70, should be absent"},
       {"DROP INDEX item_lower; CREATE INDEX item_lower ON stock_item (lower(name) NULLS FIRST)",
        "index \"item_lower\": columns is (lower((name)::text)) nulls first, should be "
        "(lower((name)::text))"},
       {"DROP INDEX item_lower; CREATE INDEX item_lower ON stock_item (lower(name) "
        "text_pattern_ops)",
        "index \"item_lower\": columns is (lower((name)::text)) text_pattern_ops, should be "
        "(lower((name)::text))"},
       {"ALTER TABLE stock_item RENAME made TO born",
        "column \"made\" is missing\ncolumn \"born\" is not wanted"},
       {"ALTER TABLE stock_shelf RENAME TO shelf",
        "table is not wanted\nforeign key \"KEY\": target is shelf(id), should be "
        "stock_shelf(id)\ntable is missing"},
       {"ALTER TABLE stock_item DROP total, ADD total int GENERATED ALWAYS AS (count * 3) STORED",
        "column \"total\": generated is count * 3, should be count * 2"},
       {"ALTER TABLE stock_item DROP CONSTRAINT item_once, ADD CONSTRAINT item_once UNIQUE NULLS "
        "NOT DISTINCT (name, shelf_id)",
        "unique constraint \"item_once\": nulls distinct is no, should be yes"},
       {"ALTER TABLE stock_item DROP CONSTRAINT item_once, ADD CONSTRAINT item_once UNIQUE (name, "
        "shelf_id) INCLUDE (made)",
        "unique constraint \"item_once\": include is made, should be absent"},
       {"ALTER TABLE stock_item ADD CONSTRAINT apart EXCLUDE USING gist (int4range(count, "
        "count + 1) WITH &&)",
        "exclusion constraint \"apart\" is not wanted"},
       {with_key("ALTER TABLE stock_item DROP CONSTRAINT FKNAME, ADD CONSTRAINT FKNAME FOREIGN KEY "
                 "(shelf_id) REFERENCES stock_shelf ON DELETE CASCADE DEFERRABLE INITIALLY "
                 "DEFERRED NOT VALID"),
        "foreign key \"KEY\": validated is no, should be yes"},
       {"UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'item_lower'::regclass",
        "index \"item_lower\" is missing"},
       {"DROP INDEX item_lower; CREATE INDEX item_lower ON stock_item (lower(name) COLLATE \"C\")",
        "index \"item_lower\": columns is (lower((name)::text)) collate C, should be "
        "(lower((name)::text))"},
       // What models have no word for is told, and no difference.
       {"ALTER TABLE stock_item ADD CONSTRAINT twin FOREIGN KEY (name, shelf_id) REFERENCES "
        "stock_item (name, shelf_id)",
        "foreign key \"twin\" on table \"stock_item\"", true},
       {"ALTER TABLE stock_item ADD CONSTRAINT more UNIQUE (count) INCLUDE (made)",
        "unique constraint \"more\" on table \"stock_item\"", true},
       {"ALTER TABLE stock_item ADD CONSTRAINT apart EXCLUDE (made WITH =)",
        "exclusion constraint \"apart\" on table \"stock_item\"", true},
       {"ALTER TABLE stock_item SET UNLOGGED", "mark \"UNLOGGED\" on table \"stock_item\"", true},
       {"ALTER TABLE stock_item SET (fillfactor = 70)",
        "storage parameters on table \"stock_item\"", true},
       {"CREATE POLICY seen ON stock_item AS RESTRICTIVE USING (count > 0)",
        "policy \"seen\" on table \"stock_item\"", true},
       {"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE "
        "TRIGGER g AFTER INSERT ON stock_item EXECUTE FUNCTION f()",
        "function \"f()\"\ntrigger \"g\" on table \"stock_item\"", true}});
}

TEST_CASE("diff finds and names each kind of drift on SQLite, and nothing else") {
  check_drifts(
      "sqlite",
      {{"DROP TABLE stock_item", "table is missing"},
       {"CREATE TABLE loose (id int PRIMARY KEY)", "table is not wanted"},
       {"ALTER TABLE stock_item ADD extra int", "column \"extra\" is not wanted"},
       {"DROP INDEX item_price", "index \"item_price\" is missing"},
       {"DROP INDEX item_once", "index \"item_once\" is missing"},
       {"CREATE INDEX more ON stock_item (made)", "index \"more\" is not wanted"},
       {"DROP INDEX item_lower; CREATE INDEX item_lower ON stock_item (upper(name))",
        "index \"item_lower\": columns is (upper(name)), should be (lower(name))"},
       {"DROP INDEX item_lower; CREATE INDEX item_lower ON stock_item ( LOWER( [Name] ) )", ""},
       {"ALTER TABLE stock_item RENAME made TO born",
        "column \"made\" is missing\ncolumn \"born\" is not wanted"},
       {"ALTER TABLE stock_shelf RENAME TO shelf",
        "table is not wanted\nforeign key \"on shelf_id\": target is shelf(id), should be "
        "stock_shelf(id)\ntable is missing"},
       {"DROP INDEX item_once; CREATE UNIQUE INDEX once ON stock_item (name, shelf_id)",
        "index \"item_once\" is named \"once\""},
       {"DROP INDEX item_once; CREATE UNIQUE INDEX item_once ON stock_item (name)",
        "index \"item_once\": columns is name, should be name, shelf_id"},
       {"DROP INDEX item_once; CREATE INDEX item_once ON stock_item (name, shelf_id)",
        "index \"item_once\": unique is no, should be yes"},
       {"DROP INDEX item_price; CREATE INDEX item_price ON stock_item (price, name DESC)",
        "index \"item_price\": condition is absent, should be price > 5"},
       {"DROP INDEX item_price; CREATE INDEX item_price ON stock_item (price, name DESC) WHERE "
        "price > 6",
        "index \"item_price\": condition is price > 6, should be price > 5"},
       {"DROP INDEX item_price; CREATE INDEX item_price ON stock_item (price, name) WHERE price > "
        "5",
        "index \"item_price\": columns is price, name, should be price, name desc"},
       {"DROP INDEX item_price; CREATE INDEX item_price ON stock_item (name DESC, price) WHERE "
        "price > 5",
        "index \"item_price\": columns is name desc, price, should be price, name desc"},
       {"DROP INDEX item_price; CREATE INDEX item_price ON stock_item (price, name COLLATE NOCASE "
        "DESC) WHERE price > 5",
        "index \"item_price\": columns is price, name collate nocase desc, should be price, name "
        "desc"},
       {"DROP INDEX item_lower; CREATE INDEX item_lower ON stock_item (name)",
        "index \"item_lower\": columns is name, should be (lower(name))"},
       {"PRAGMA foreign_keys = OFF; DROP INDEX item_once; ALTER TABLE stock_item DROP total",
        "column \"total\" is missing\nindex \"item_once\" is missing"},
       {rewritten("varchar(40)", "varchar(50)"),
        "column \"name\": type is varchar(50), should be varchar(40)"},
       {rewritten("varchar(40)", "text"), "column \"name\": type is text, should be varchar(40)"},
       {rewritten("varchar(40)", "VARCHAR (40)"), ""},
       {rewritten("varchar(40)", "varchar(40) COLLATE NOCASE"),
        "column \"name\": collation is nocase, should be absent"},
       {rewritten("\"price\" decimal", "\"price\" real"),
        "column \"price\": type is real, should be decimal"},
       {rewritten("\"price\" decimal NULL", "price decimal(8, 2)"), ""},
       {rewritten("decimal NULL", "decimal NOT NULL"),
        "column \"price\": null is no, should be yes"},
       {rewritten("'none' NOT NULL", "'none'"), "column \"name\": null is yes, should be no"},
       {rewritten("DEFAULT 'none'", ""), "column \"name\": default is absent, should be 'none'"},
       {rewritten("DEFAULT 0", "DEFAULT 1"), "column \"count\": default is 1, should be 0"},
       {rewritten("DEFAULT 0", "DEFAULT (0)"), ""},
       {rewritten("decimal NULL", "decimal DEFAULT 1"),
        "column \"price\": default is 1, should be absent"},
       {rewritten("(STRFTIME('%Y-%m-%d %H:%M:%f', 'NOW'))", "CURRENT_TIMESTAMP"),
        "column \"made\": default is current_timestamp, should be strftime('%Y-%m-%d %H:%M:%f', "
        "'NOW')"},
       {rewritten("integer unsigned", "integer"),
        "column \"count\": type is integer, should be integer unsigned"},
       {rewritten("\"count\" * 2", "\"count\" * 3"),
        "column \"total\": generated is count * 3, should be count * 2"},
       {rewritten(" STORED", " VIRTUAL"), "column \"total\": stored is no, should be yes"},
       {rewritten("GENERATED ALWAYS AS (\"count\" * 2) STORED", ""),
        "column \"total\": generated is absent, should be count * 2"},
       {rewritten(" AUTOINCREMENT", ""), "column \"id\": identity is none, should be by default"},
       {rewritten("PRIMARY KEY AUTOINCREMENT", "UNIQUE"),
        "column \"id\": identity is none, should be by default\nprimary key \"on id\" is "
        "missing\nunique constraint \"on id\" is not wanted"},
       {rewritten(" CHECK (\"count\" >= 0)", ""), "check constraint \"on count\" is missing"},
       {rewritten("\"count\" >= 0", "\"count\" > 0"),
        "check constraint \"on count\": condition is count > 0, should be count >= 0"},
       {rewritten("CHECK (\"count\" >= 0)", "CHECK (count < 9) CHECK (count >= 0)"),
        "check constraint \"on count\" is not wanted"},
       {rewritten("CHECK (\"count\" >= 0)", "CONSTRAINT pos CHECK (\"count\" >= 0)"), ""},
       {rewritten(
            ",\n    CONSTRAINT \"item_cheap\" CHECK ((\"price\" < 100) AND (\"name\" <> 'x'))", ""),
        "check constraint \"item_cheap\" is missing"},
       {rewritten(" AND (\"name\" <> 'x')", ""),
        "check constraint \"item_cheap\": condition is price < 100, should be price < 100 and "
        "name <> 'x'"},
       {rewritten("(\"price\" < 100) AND (\"name\" <> 'x')",
                  "price<100 /* cheap */ and not [name] = 'x'"),
        "check constraint \"item_cheap\": condition is price < 100 and not name = 'x', should be "
        "price < 100 and name <> 'x'"},
       {rewritten("(\"price\" < 100) AND (\"name\" <> 'x')",
                  "price<(100) /* cheap */ and ([name] != 'x')"),
        ""},
       {rewritten("\"item_cheap\"", "\"cheap\""),
        "check constraint \"item_cheap\" is named \"cheap\""},
       {rewritten("CONSTRAINT \"item_cheap\"",
                  "CONSTRAINT more CHECK (count < 9), CONSTRAINT \"item_cheap\""),
        "check constraint \"more\" is not wanted"},
       {rewritten("CONSTRAINT \"item_cheap\"",
                  "CHECK (count < 9), CHECK (count < 8), CONSTRAINT \"item_cheap\""),
        "check constraint \"count < 9\" is not wanted\ncheck constraint \"count < 8\" is not "
        "wanted"},
       {rewritten("CONSTRAINT \"item_cheap\"", "UNIQUE (price, made), CONSTRAINT \"item_cheap\""),
        "unique constraint \"on price made\" is not wanted"},
       {rewritten(" REFERENCES \"stock_shelf\" (\"id\") ON DELETE CASCADE DEFERRABLE INITIALLY "
                  "DEFERRED",
                  ""),
        "foreign key \"on shelf_id\" is missing"},
       {rewritten("REFERENCES \"stock_shelf\" (\"id\")", "REFERENCES stock_shelf"), ""},
       {rewritten("\"stock_shelf\" (\"id\")", "stock_item (id)"),
        "foreign key \"on shelf_id\": target is stock_item(id), should be stock_shelf(id)"},
       {rewritten("\"stock_shelf\" (\"id\")", "stock_shelf (code)"),
        "foreign key \"on shelf_id\": target is stock_shelf(code), should be stock_shelf(id)"},
       {rewritten("\"made\" datetime", "made datetime REFERENCES stock_shelf (code)"),
        "foreign key \"on made\" is not wanted"},
       {rewritten(" ON DELETE CASCADE", ""),
        "foreign key \"on shelf_id\": on delete is absent, should be CASCADE"},
       {rewritten("ON DELETE CASCADE", "ON DELETE CASCADE ON UPDATE SET NULL"),
        "foreign key \"on shelf_id\": on update is SET NULL, should be absent"},
       {rewritten("INITIALLY DEFERRED", "INITIALLY IMMEDIATE"),
        "foreign key \"on shelf_id\": timing is deferrable initially immediate, should be "
        "deferrable initially deferred"},
       {rewritten(" DEFERRABLE INITIALLY DEFERRED", ""),
        "foreign key \"on shelf_id\": timing is not deferrable, should be deferrable initially "
        "deferred"},
       // What models have no word for is told, and no difference.
       {rewritten("CONSTRAINT \"item_cheap\"",
                  "FOREIGN KEY (name, shelf_id) REFERENCES stock_item (name, shelf_id), "
                  "CONSTRAINT \"item_cheap\""),
        "foreign key \"on name shelf_id\" on table \"stock_item\"", true},
       {rewritten("\"code\" varchar(9) NOT NULL\n)", "code text NOT NULL\n) STRICT", "stock_shelf"),
        "column \"code\": type is text, should be varchar(9)\nmark \"STRICT\" on table "
        "\"stock_shelf\""},
       {rewritten(" AUTOINCREMENT,\n    \"code\" varchar(9) NOT NULL\n)",
                  ", code varchar(9) NOT NULL) WITHOUT ROWID", "stock_shelf"),
        "column \"id\": identity is none, should be by default\nmark \"WITHOUT ROWID\" on table "
        "\"stock_shelf\""},
       {"CREATE VIEW v AS SELECT 1; CREATE TRIGGER g AFTER INSERT ON stock_item BEGIN SELECT 1; "
        "END",
        "trigger \"g\" on table \"stock_item\"\nview \"v\"", true}});
}

TEST_CASE("diff shows both definitions, and the SQL of either way") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    const ScratchDatabase database(dialect);
    Session session(database.url());
    REQUIRE(session.run("init stock").code == 0);
    session.write("stock/models.json", stock_models);
    REQUIRE(session.run("makemigrations").code == 0);
    REQUIRE(session.run("migrate").code == 0);
    database.connect()->execute(
        "DROP INDEX item_lower; ALTER TABLE stock_item ADD extra integer; CREATE VIEW seen AS "
        "SELECT name FROM stock_item");
    Ran ran = session.run("diff");
    CHECK(tells(ran.out, "table \"stock_item\"\n"));
    CHECK(tells(ran.out, "    database:   \"extra\" integer\n"));
    CHECK(tells(ran.out, "    migrations: INDEX \"item_lower\" ("));
    CHECK(tells(ran.out, "Beside what models say, the database has:\n  view \"seen\"\n"));
    CHECK(tells(ran.out, "2 differences in 1 table between database "));
    CHECK(session.run("diff 'stock_sh*'").code == 0);
    ran = session.run("diff --sql");
    CHECK(ran.code == 1);
    CHECK(tells(ran.out, "CREATE INDEX \"item_lower\""));
    CHECK(tells(ran.out, "-- the other way: "));
    CHECK(tells(ran.out, "DROP INDEX "));
    CHECK(tells(session.run("diff --format json").out, "\"what\": \"missing\""));

    // What goes by it.
    ran = session.run("migrate --require-clean");
    CHECK(ran.code == 3);
    CHECK(tells(ran.err, "the database is not what its migrations made: 2 differences"));
    ran = session.run("check --database " + database.url());
    CHECK(ran.code == 1);
    CHECK(tells(ran.err, "index \"item_lower\" is missing"));

    // The SQL does what it says.
    if (dialect == "postgresql") {
      database.connect()->execute("DROP VIEW seen");
      const std::string sql = session.run("diff --sql").out;
      database.connect()->execute(sql.substr(0, sql.find("-- the other way")));
      CHECK(session.run("diff").code == 0);
      CHECK(session.run("migrate --require-clean").code == 0);
    }
  }
}

TEST_CASE("diff compares two databases, with what models have no word for") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    const ScratchDatabase one(dialect);
    const ScratchDatabase two(dialect);
    one.connect()->execute(
        "CREATE TABLE t (id integer PRIMARY KEY, x integer DEFAULT 1); CREATE VIEW v AS SELECT id "
        "FROM t");
    two.connect()->execute(
        "CREATE TABLE t (id integer PRIMARY KEY, x integer DEFAULT (1)); CREATE VIEW v AS SELECT x "
        "FROM t; CREATE VIEW w AS SELECT x FROM t");
    // The spelling of what SQLite keeps as it was written is no difference.
    if (dialect == "sqlite") {
      one.connect()->execute("CREATE VIEW s AS SELECT x FROM t WHERE (x > 1) AND x < 9");
      two.connect()->execute("CREATE VIEW s AS\n  select \"x\" from t where x > 1 and x < 9");
    }
    Session session;
    const Ran ran = session.run("diff --database " + one.url() + " --with " + two.url());
    CHECK(ran.code == 1);
    CHECK(told(ran.out) == "view \"v\" is defined in another way\nview \"w\" is missing");
    CHECK(session.run("diff --database " + one.url() + " --with " + one.url()).code == 0);
  }
  Session session;
  CHECK(session.run("diff --database sqlite::memory:").code == 2);
  CHECK(session.run("diff --models --with sqlite::memory:").code == 2);
}

TEST_CASE("a table that is named with a schema of the search path is no drift") {
  for (const std::string& dialect : test_dialects()) {
    if (dialect == "sqlite") continue;
    ScratchDatabase database(dialect);
    Session session(database.url());
    REQUIRE(session.run("init stock").code == 0);
    session.write("stock/models.json", R"({"models": [
      {"name": "Shelf", "fields": [{"name": "code", "type": "CharField", "max_length": 9,
        "unique": true}], "options": {"db_table": "public.shelf"}},
      {"name": "Item", "fields": [{"name": "shelf", "type": "ForeignKey", "to": "Shelf",
        "on_delete": "CASCADE"}, {"name": "others", "type": "ManyToManyField", "to": "self"}]},
      {"name": "Far", "fields": [{"name": "item", "type": "ForeignKey", "to": "Item",
        "on_delete": "CASCADE"}], "options": {"db_table": "elsewhere.far"}}]})");
    database.connect()->execute("CREATE SCHEMA elsewhere");
    REQUIRE(session.run("makemigrations").code == 0);
    REQUIRE(session.run("migrate").code == 0);
    for (const char* command : {"diff", "diff --models", "migrate --require-clean"}) {
      CAPTURE(command);
      const Ran ran = session.run(command);
      CAPTURE(ran.out);
      CHECK(ran.code == 0);
    }
    CHECK(session.run("check --database " + database.url()).code == 0);
    database.connect()->execute("ALTER TABLE public.shelf DROP COLUMN code");
    const Ran drifted = session.run("diff");
    CHECK(drifted.code == 1);
    CHECK(tells(drifted.out, "public.shelf"));
    database.connect()->execute("ALTER TABLE public.shelf ADD COLUMN code varchar(9)");
    // Recorded where the columns are, by the same name.
    database.connect()->execute("DELETE FROM turnstone_migrations");
    CHECK(tells(session.run("migrate --fake-initial").out, "FAKED"));
  }
}

TEST_CASE("adopt takes a database over, or nothing of it") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    const ScratchDatabase database(dialect);
    database.connect()->execute(
        "CREATE TABLE shelf (id integer PRIMARY KEY, code varchar(9) NOT NULL UNIQUE); CREATE "
        "TABLE "
        "item (id integer PRIMARY KEY, shelf_id integer NOT NULL REFERENCES shelf (id), count "
        "integer NOT NULL DEFAULT 0 CHECK (count < 9))");
    Session session(database.url());
    REQUIRE(session.run("init stock").code == 0);
    CHECK(session.run("adopt stock --dry-run").code == 0);
    CHECK(session.run("showmigrations stock").out == "stock\n (no migrations)\n");
    Ran ran = session.run("adopt stock");
    INFO(ran.out << ran.err);
    CHECK(ran.code == 0);
    CHECK(tells(ran.out, "Adopted 2 models from database "));
    CHECK(session.run("showmigrations").out == "stock\n [X] 0001_initial\n");
    CHECK(session.run("makemigrations --check").code == 0);
    CHECK(session.run("diff").code == 0);
    CHECK(session.run("diff --models").code == 0);
    CHECK(session.run("check --database " + database.url()).code == 0);
    CHECK(session.run("migrate --check").code == 0);
    // Recorded without running.
    CHECK(tells(session.run("history").out, "stock.0001_initial          -  "));
    CHECK(tells(session.run("history").out, "  sha256:"));
    CHECK(tells(session.run("history --format json").out, "\"version\": \""));
    CHECK(session.run("adopt stock").code == 3);  // it has migrations now

    // The way back works by the names that are there.
    CHECK(session.run("migrate stock zero").code == 0);
    CHECK(database.backend().introspect(*database.connect()).size() == 0);
  }
}

TEST_CASE("odd names survive all that looks at a database") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    const ScratchDatabase database(dialect);
    database.connect()->execute(odd_names_sql(dialect));
    Session session(database.url());
    REQUIRE(session.run("init shop").code == 0);
    Ran ran = session.run("adopt shop");
    INFO(ran.err);
    REQUIRE(ran.code == 0);
    for (const char* quiet : {"diff", "diff --models", "check", "makemigrations --check"}) {
      CAPTURE(quiet);
      CHECK(session.run(quiet).code == 0);
    }
    const std::vector<std::string> names = {"Größe", "Mixed Case",         "таблица",
                                            "имя",   std::string(63, 'n'), std::string(63, 'k')};
    for (const char* form : {"text", "json", "sql", "dot", "mermaid", "svg", "html"}) {
      for (const char* what : {"", " --live", " --models"}) {
        CAPTURE(form);
        CAPTURE(what);
        ran = session.run("schema --as " + std::string(form) + what);
        CHECK(ran.code == 0);
        CHECK(ran.err == "");
        for (const std::string& name : names) {
          CAPTURE(name);
          CHECK(tells(ran.out, name));
        }
      }
    }
    CHECK(tells(session.run("schema --between shop.zero shop.0001").out,
                "table \"say \"hi\" now\"\n  table is new\n"));
    CHECK(session.run({"schema", "--log", "say \"hi\" now"}).out ==
          "shop.0001_initial\n  table is new\n");

    // What is printed makes the same again.
    const ScratchDatabase other(dialect);
    other.connect()->execute(session.run("schema --as sql").out);
    ran = session.run("diff --models --database " + other.url());
    INFO(ran.out << ran.err);
    CHECK(ran.code == 0);
    const Ran printed = session.run("sqlmigrate shop 0001");
    CHECK(printed.code == 0);
    for (const std::string& name : names) CHECK(tells(printed.out, name));

    // Drift is named and can be closed.
    database.connect()->execute(
        "DROP INDEX \"Index of \"\"Größe\"\"\"; ALTER TABLE \"Order\" ADD \"Neu \"\"x\"\" \" "
        "integer; CREATE TABLE \"of, 'them'\" (\"SELECT\" integer PRIMARY KEY)");
    ran = session.run("diff");
    CHECK(ran.code == 1);
    for (const char* line :
         {"table \"Order\"\n", "  column \"Neu \"x\" \" is not wanted\n",
          "  index \"Index of \"Größe\"\" is missing\n", "table \"of, 'them'\"\n"}) {
      CAPTURE(line);
      CHECK(tells(ran.out, line));
    }
    using Words = std::vector<std::string>;
    CHECK(session.run(Words{"diff", "of, 'th?m'"}).code == 1);
    CHECK(session.run(Words{"diff", "говор", "таблиц*"}).code == 2);
    CHECK(session.run(Words{"diff", "таблиц*"}).code == 0);
    const std::string sql = session.run("diff --sql").out;
    database.connect()->execute(sql.substr(0, sql.find("-- the other way")));
    CHECK(session.run("diff").code == 0);

    // And all goes and comes back.
    CHECK(session.run("migrate shop zero").code == 0);
    CHECK(database.backend().introspect(*database.connect()).size() == 0);
    CHECK(session.run("migrate").code == 0);
    CHECK(session.run("diff").code == 0);
  }
}

TEST_CASE("adopt refuses what the models of an app would lose") {
  const ScratchDatabase database("sqlite");
  database.connect()->execute(
      "CREATE TABLE a (id integer PRIMARY KEY); CREATE TABLE b (id integer PRIMARY KEY, a_id "
      "integer REFERENCES a (id))");
  Session session(database.url());
  REQUIRE(session.run("init stock").code == 0);
  const Ran ran = session.run("adopt stock b");  // its key would point out of the app
  CHECK(ran.code == 3);
  CHECK(tells(ran.err, "the models would not be what the database is: 1 difference"));
  CHECK(tells(ran.err, "is not wanted"));
  CHECK(session.list("stock") == std::vector<std::string>{"models.json"});
  CHECK(session.run("adopt stock a").code == 0);
  CHECK(session.run("adopt other").code == 2);
}

TEST_CASE("adopt takes over what models have no word for, and says so") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    const bool sqlite = dialect == "sqlite";
    const ScratchDatabase database(dialect);
    const ScratchDatabase fresh(dialect);
    database.connect()->execute(
        "CREATE TABLE shelf (room text NOT NULL, no integer NOT NULL, PRIMARY KEY (room, no)); "
        "CREATE TABLE item (id integer PRIMARY KEY, room text, no integer, note text, CONSTRAINT "
        "item_shelf FOREIGN KEY (room, no) REFERENCES shelf (room, no) ON DELETE CASCADE)" +
        std::string(sqlite
                        ? " STRICT"
                        : "; ALTER TABLE item ADD ticket serial, ADD CONSTRAINT item_note UNIQUE "
                          "(note) INCLUDE (id)"));
    Session session(database.url());
    REQUIRE(session.run("init stock").code == 0);
    Ran ran = session.run("adopt stock");
    INFO(ran.out << ran.err);
    REQUIRE(ran.code == 0);
    CHECK(tells(ran.err, "models have nothing for CONSTRAINT \"item_shelf\" FOREIGN KEY"));
    CHECK(tells(ran.err, sqlite ? "models have nothing for the mark STRICT of the table"
                                : "the column counts by itself, and models have nothing for that"));
    for (const char* command : {"diff", "diff --models", "makemigrations --check",
                                "migrate --check", "migrate --require-clean"}) {
      CAPTURE(command);
      CHECK(session.run(command).code == 0);
    }
    CHECK(session.run("check --database " + database.url()).code == 0);
    ran = session.run("diff");
    CHECK(tells(ran.out, "Beside what models say, the database has:\n"));
    CHECK(tells(ran.out, "  foreign key \"item_shelf\" on table \"item\"\n"));
    CHECK(tells(ran.out, sqlite ? "  mark \"STRICT\" on table \"item\"\n"
                                : "  identity column \"ticket\" on table \"item\"\n"));
    CHECK(tells(session.run("schema --live").out, sqlite ? "\n  STRICT\n" : "INCLUDE (\"id\")"));

    // It stays where the table has to change.
    std::string models = session.read("stock/models.json");
    const std::string note = R"("name": "note", "type": "TextField", "null": true)";
    REQUIRE(models.find(note) != std::string::npos);
    models.insert(models.find(note) + note.size(), R"(, "db_default": "none")");
    session.write("stock/models.json", models);
    REQUIRE(session.run("makemigrations").code == 0);
    CHECK(session.run("migrate").code == 0);
    CHECK(session.run("diff").code == 0);
    const Table live = database.backend().introspect(*database.connect()).at("item");
    CHECK(live.foreign_keys.size() == 1);
    CHECK(live.strict == sqlite);
    CHECK(live.find_column("note")->default_sql);

    // A database made anew has it too, where there are statements that make it.
    session.environment["DATABASE_URL"] = fresh.url();
    ran = session.run("migrate");
    CAPTURE(ran.err);
    CHECK(ran.code == 0);
    ran = session.run("diff --with " + database.url());
    CAPTURE(ran.out);
    CHECK(ran.code == (sqlite ? 1 : 0));
    CHECK(tells(ran.out, "foreign key \"on room no\" is missing") == sqlite);
    CHECK(tells(ran.out, "table: strict is no, should be yes") == sqlite);
    CHECK(session.run("migrate stock zero").code == 0);
  }
}

TEST_CASE("a point in a table's name is no schema's") {
  if (test_dialects().size() < 2) return;
  const ScratchDatabase database("postgresql");
  database.connect()->execute(
      "CREATE SCHEMA a; CREATE TABLE a.b (id integer PRIMARY KEY); CREATE TABLE \"a.b\" (id serial "
      "PRIMARY KEY, up integer REFERENCES \"a.b\"); CREATE INDEX \"i.j\" ON \"a.b\" (up, id)");
  Session session(database.url());
  REQUIRE(session.run("init stock").code == 0);
  CHECK(tells(session.run("inspectdb").out, R"("db_table": "public.a.b")"));
  CHECK(tells(session.run("inspectdb --schema a").out, R"("db_table": "a.b")"));
  const Ran ran = session.run("adopt stock");
  INFO(ran.out << ran.err);
  REQUIRE(ran.code == 0);
  for (const char* command :
       {"diff", "diff --models", "makemigrations --check", "migrate --require-clean", "dumpdata",
        "migrate stock zero", "migrate", "diff"}) {
    CAPTURE(command);
    const Ran done = session.run(command);
    CAPTURE(done.out);
    CAPTURE(done.err);
    CHECK(done.code == 0);
  }
  CHECK(database.connect()->query("SELECT id FROM a.b").rows.empty());  // it is still there
}

TEST_CASE("schema shows states and databases, and what changed between migrations") {
  Session session = blog_session();
  REQUIRE(session.run("makemigrations").code == 0);
  REQUIRE(session.run("migrate").code == 0);
  Ran ran = session.run("schema");
  CHECK(tells(ran.out, "table \"blog_author\" (blog.Author)\n  \"id\" integer "));
  CHECK(session.run("schema blog 0001").out == ran.out);
  CHECK(session.run("schema --models").out == ran.out);
  CHECK(tells(session.run("schema --live").out, "table \"blog_book\"\n"));
  CHECK(tells(session.run("schema --as sql --database postgresql").out,
              "CREATE TABLE \"blog_author\""));
  CHECK(tells(session.run("schema --as dot").out, "\"blog_book\":c"));
  CHECK(tells(session.run("schema --as mermaid").out,
              "  \"blog_author\" ||--o{ \"blog_book\" : \"author_id\"\n"));
  CHECK(tells(session.run("schema --as json").out, "{\"tables\":[{\"name\":\"blog_author\""));
  CHECK(session.run("schema --as dot -o s.dot").out == "wrote s.dot\n");
  CHECK(session.read("s.dot").starts_with("digraph schema {\n"));
  ran = session.run("schema --between blog.zero blog.0001");
  CHECK(tells(ran.out, "table \"blog_author\"\n  table is new\n"));
  CHECK(session.run("schema --between blog.0001 blog.0001").out == "No changes\n");
  ran = session.run("schema --log blog_book");
  CHECK(ran.out == "blog.0001_initial\n  table is new\n");
  session.write("blog/migrations/0002_pages.json",
                R"({"turnstone": 1, "dependencies": [["blog", "0001_initial"]], "operations": [
                    {"op": "AddField", "model_name": "Book", "field":
                     {"name": "pages", "type": "IntegerField", "null": true}}]})");
  CHECK(session.run("schema --log blog_book").out ==
        ran.out + "blog.0002_pages\n  column \"pages\" is new: \"pages\" integer\n");
  CHECK(session.run("schema --log blog_boook").code == 2);
  CHECK(session.run("schema --as dto").err ==
        "error: unknown form \"dto\"\n  where: --as\n  hint: did you mean \"dot\"?\n");
  CHECK(session.run("schema --models --live").code == 2);
  CHECK(session.run("schema nope").code == 2);
}

TEST_CASE("showmigrations draws history as a graph") {
  Session session = blog_session();
  REQUIRE(session.run("makemigrations").code == 0);
  REQUIRE(session.run("migrate").code == 0);
  REQUIRE(session.run("makemigrations blog --empty --name left").code == 0);
  const std::string right =
      R"({"turnstone": 1, "dependencies": [["blog", "0001_initial"]], "operations": []})";
  session.write("blog/migrations/0002_right.json", right);
  session.write("blog/migrations/0003_both.json",
                R"({"turnstone": 1, "dependencies": [["blog", "0002_left"], ["blog", "0002_right"]],
                    "operations": []})");
  CHECK(session.run("showmigrations --graph").out ==
        "o  blog.0003_both\n"
        "|\\\n"
        "| o  blog.0002_right\n"
        "o |  blog.0002_left\n"
        "|/\n"
        "*  blog.0001_initial\n");
  CHECK(session.run("showmigrations --graph --plan").code == 2);
}

}  // namespace turnstone::test
