#include <doctest/doctest.h>

#include <map>

#include "cli/session.h"
#include "json/tree.h"
#include "support/live_schemas.h"

// inspectdb as a command: models from a live database, and back.

namespace turnstone::test {
namespace {

bool mentions(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// A models.json without what a trip through a database may change: the order of columns, and on
/// SQLite the digits of decimals, which its types do not hold.
std::string without_order(const std::string& text) {
  json::Tree tree = json::parse("models", text);
  for (json::Tree& model : tree["models"]) {
    std::map<std::string, json::Tree> fields;
    for (json::Tree& field : model["fields"]) {
      const std::string name = field["name"];
      for (json::Tree* at :
           {&field, field.contains("output_field") ? &field["output_field"] : &field}) {
        at->erase("max_digits");
        at->erase("decimal_places");
      }
      fields[name] = field;
    }
    model["fields"] = fields;
  }
  return json::pretty(tree);
}

/// Inspects `from`, makes migrations of the models, applies them to an empty database, and inspects
/// that one. Gives what was printed the first time.
Ran round_trip(const std::string& dialect, const std::string& sql) {
  const ScratchDatabase from(dialect);
  const ScratchDatabase to(dialect);
  from.connect()->execute(sql);
  Session session(from.url());
  REQUIRE(session.run("init shop --database " + from.url()).code == 0);
  const Ran first = session.run("inspectdb --app shop");
  REQUIRE(first.code == 0);
  session.write("shop/models.json", first.out);
  session.environment["DATABASE_URL"] = to.url();
  if (mentions(sql, "CREATE TYPE mood")) {
    to.connect()->execute("CREATE TYPE mood AS ENUM ('sad', 'happy')");
  }
  const Ran made = session.run("makemigrations");
  CHECK(made.err == "");
  REQUIRE(made.code == 0);
  const Ran migrated = session.run("migrate");
  CHECK(migrated.err == "");
  REQUIRE(migrated.code == 0);
  const Ran again = session.run("inspectdb --app shop");
  CHECK(without_order(again.out) == without_order(first.out));
  CHECK(session.run("diff").code == 0);
  CHECK(session.run("diff --models --database " + from.url()).code == 0);
  CHECK(session.run("diff --with " + from.url()).code == 0);
  return first;
}

}  // namespace

TEST_CASE("inspected models make the same database again") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    const Ran first = round_trip(dialect, unmanaged_sql(dialect));
    INFO(first.out);
    // What has no field of its own is the only thing to remark.
    CHECK(!mentions(first.err, "models make something else"));
    CHECK(!mentions(first.err, "models have nothing for"));
    CHECK(mentions(first.err, "no type of field has the column type "));
    for (const char* part :
         {R"("type": "OneToOneField")", R"("through": "shop.BookTag")", R"("name": "tags")",
          R"("to": "self")", R"("on_delete": "SET_NULL")", R"("db_on_update": "CASCADE")",
          R"("type": "PositiveIntegerField")", R"("type": "JSONField")",
          R"("db_default": "untitled")", R"("db_deferrable": "no")", R"("name": "book_cheap")",
          R"("name": "book_title_ci")", R"("type": "CompositePrimaryKey")",
          R"("name": "price_positive")", R"("type": "GeneratedField")"}) {
      CAPTURE(part);
      CHECK((mentions(first.out, part) || std::string(part) == R"("to": "self")"));
    }
  }
}

TEST_CASE("inspected models keep odd names") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    const Ran first = round_trip(dialect, odd_names_sql(dialect));
    INFO(first.out);
    CHECK(first.err == "");
    CHECK(mentions(first.out, R"("db_table": "say \"hi\" now")"));
    CHECK(mentions(first.out, R"("name": "SayHiNow")"));
    CHECK(mentions(first.out, R"("name": "groesse")"));
  }
}

TEST_CASE("inspectdb finds what migrations made, many-to-many relations too") {
  const std::string models = R"({"models": [
    {"name": "Tag", "fields": [{"name": "label", "type": "SlugField", "unique": true}]},
    {"name": "Book", "fields": [{"name": "title", "type": "CharField", "max_length": 9,
        "db_index": true}, {"name": "tags", "type": "ManyToManyField", "to": "blog.Tag"},
      {"name": "others", "type": "ManyToManyField", "to": "self"},
      {"name": "first", "type": "ForeignKey", "to": "Tag", "on_delete": "PROTECT",
       "related_name": "+"}]}]})";
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    const ScratchDatabase database(dialect);
    Session session(database.url());
    REQUIRE(session.run("init blog").code == 0);
    session.write("blog/models.json", models);
    REQUIRE(session.run("makemigrations").code == 0);
    REQUIRE(session.run("migrate").code == 0);
    const Ran ran = session.run("inspectdb --app blog");
    INFO(ran.out);
    CHECK(ran.err == "");
    CHECK(mentions(ran.out, R"({"name": "tags", "type": "ManyToManyField", "to": "blog.Tag")"));
    CHECK(mentions(ran.out, R"({"name": "others", "type": "ManyToManyField", "to": "blog.Book")"));
    CHECK(!mentions(ran.out, "db_names"));
    CHECK(!mentions(ran.out, "db_table"));
    CHECK(mentions(ran.out, R"("related_name": )"));
  }
}

TEST_CASE("inspectdb takes patterns, views and schemas") {
  const ScratchDatabase sqlite("sqlite");
  sqlite.connect()->execute(
      "CREATE TABLE a_one (id integer PRIMARY KEY, b_id integer REFERENCES b_two (id)); "
      "CREATE TABLE b_two (id integer PRIMARY KEY); CREATE TABLE loose (x integer, y text); "
      "CREATE VIEW seen AS SELECT id AS number, 'x' AS letter FROM a_one");
  Session session;
  const std::string from = " --database " + sqlite.url();
  Ran ran = session.run("inspectdb 'a_*'" + from);  // a URL needs no project
  CHECK(ran.code == 0);
  CHECK(mentions(ran.out, R"("name": "AOne")"));
  CHECK(!mentions(ran.out, "BTwo"));
  CHECK(mentions(ran.err, "models have nothing for"));
  ran = session.run("inspectdb --include-views" + from);
  CHECK(mentions(ran.out, R"("db_table": "seen", "managed": false)"));
  CHECK(mentions(ran.err, "the table has no primary key: \"x\" stands in for it"));
  ran = session.run("inspectdb b_tow" + from);
  CHECK(ran.code == 2);
  CHECK(ran.err == "error: there is no table \"b_tow\"\n  where: database " +
                       sqlite.connect()->display_name() + "\n  hint: did you mean \"b_two\"?\n");
  CHECK(session.run("inspectdb --schema x" + from).code == 2);
  CHECK(session.run("inspectdb --app 1x" + from).code == 2);
  CHECK(session.run("inspectdb").code == 2);
  if (test_dialects().size() < 2) return;
  const ScratchDatabase server("postgresql");
  server.connect()->execute(
      "CREATE SCHEMA other; CREATE TABLE here (id int PRIMARY KEY); CREATE TABLE other.there (id "
      "int PRIMARY KEY, up int REFERENCES other.there); CREATE MATERIALIZED VIEW kept AS SELECT 1 "
      "AS one");
  const std::string on_server = " --database " + server.url();
  ran = session.run("inspectdb --schema other" + on_server);
  CHECK(mentions(ran.out, R"("db_table": "other.there")"));
  CHECK(!mentions(ran.out, "Here"));
  CHECK(ran.err == "");
  ran = session.run("inspectdb --schema public --include-views" + on_server);
  CHECK(mentions(ran.out, "Here"));
  CHECK(mentions(ran.out, "Kept"));
}

}  // namespace turnstone::test
