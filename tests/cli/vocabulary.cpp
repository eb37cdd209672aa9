#include <doctest/doctest.h>

#include "cli/session.h"

// Everything a model file can say about fields and models, from the file to the database and back.

namespace turnstone::test {
namespace {

const char* const common_models = R"json({"models": [
  {"name": "Stamped", "options": {"abstract": true}, "fields": [
    {"name": "made", "type": "DateTimeField", "auto_now_add": true},
    {"name": "changed", "type": "DateTimeField", "auto_now": true}]},
  {"name": "Author", "bases": ["Stamped"], "options": {"swappable": "AUTH_USER_MODEL"},
   "fields": [{"name": "name", "type": "CharField", "max_length": 40, "db_comment": "it's a name"}]},
  {"name": "Writer", "bases": ["Author"], "options": {"proxy": true}},
  {"name": "Outside", "options": {"managed": false, "db_table": "outside"}, "fields": [
    {"name": "author", "type": "ForeignKey", "to": "Author", "on_delete": "DO_NOTHING"}]},
  {"name": "Book", "options": {"order_with_respect_to": "author", "db_table_comment": "all books"},
   "fields": [
    {"name": "title", "type": "CharField", "max_length": 40},
    {"name": "slug", "type": "SlugField", "unique_for_date": "day", "unique_for_month": "day",
     "unique_for_year": "day"},
    {"name": "day", "type": "DateField", "null": true},
    {"name": "mail", "type": "EmailField"},
    {"name": "site", "type": "URLField"},
    {"name": "file", "type": "FileField", "upload_to": "files"},
    {"name": "cover", "type": "ImageField", "width_field": "pages", "height_field": "pages"},
    {"name": "path", "type": "FilePathField", "path": "/srv", "match": ".*", "recursive": true,
     "allow_files": true, "allow_folders": false},
    {"name": "address", "type": "GenericIPAddressField", "protocol": "IPv4", "unpack_ipv4": false},
    {"name": "pages", "type": "PositiveSmallIntegerField", "db_default": 1},
    {"name": "double", "type": "GeneratedField", "expression": ["*", {"F": "pages"}, 2],
     "output_field": {"type": "IntegerField"}, "db_persist": true, "unique": true},
    {"name": "status", "type": "CharField", "max_length": 3, "choices_check": true, "choices": [
      ["new", "New"], ["Others", [["old", "Old"], ["x", "Lost"]]]]},
    {"name": "author", "type": "ForeignKey", "to": "Author", "on_delete": "CASCADE",
     "db_on_delete": true, "swappable": "AUTH_USER_MODEL"},
    {"name": "writer", "type": "ForeignKey", "to": "Writer", "on_delete": "SET_NULL",
     "null": true, "related_name": "+"},
    {"name": "network", "type": "CustomField",
     "db_type": {"postgresql": "cidr", "sqlite": "text"}, "null": true},
    {"name": "authors", "type": "ManyToManyField", "to": "Author", "related_name": "+",
     "db_table": "written"}]},
  {"name": "Novel", "bases": ["Book"], "fields": [{"name": "plot", "type": "TextField"}]},
  {"name": "Seat", "fields": [
    {"name": "pk", "type": "CompositePrimaryKey", "fields": ["row", "id"]},
    {"name": "row", "type": "IntegerField"},
    {"name": "id", "type": "IntegerField"}]}
]})json";

const char* const postgresql_models = R"json({"models": [
  {"name": "Book", "options": {"db_table": "\"shop\".\"book\"", "db_tablespace": "pg_default"},
   "fields": [
    {"name": "tags", "type": "ArrayField", "base_field": {"type": "CharField", "max_length": 20},
     "size": 3, "default": ["a"]},
    {"name": "grid", "type": "ArrayField", "null": true, "base_field": {
      "type": "ArrayField", "base_field": {"type": "DecimalField", "max_digits": 5,
      "decimal_places": 2}}},
    {"name": "extra", "type": "HStoreField", "default": {}},
    {"name": "pages", "type": "IntegerRangeField", "default": [1, 5]},
    {"name": "bytes", "type": "BigIntegerRangeField", "null": true},
    {"name": "price", "type": "DecimalRangeField", "default_bounds": "[]", "null": true},
    {"name": "days", "type": "DateRangeField", "null": true},
    {"name": "open", "type": "DateTimeRangeField", "default_bounds": "()", "null": true},
    {"name": "words", "type": "SearchVectorField", "null": true},
    {"name": "title", "type": "CITextField"},
    {"name": "short", "type": "CICharField", "max_length": 10, "unique": true},
    {"name": "mail", "type": "CIEmailField", "db_index": true},
    {"name": "peers", "type": "ManyToManyField", "to": "self"}]}
]})json";

const char* const computed_models = R"({"models": [
  {"name": "Book", "fields": [
    {"name": "pages", "type": "IntegerField"},
    {"name": "tags", "type": "ArrayField", "base_field": {"type": "IntegerField"}, "default": []},
    {"name": "double", "type": "GeneratedField", "expression": ["*", {"F": "pages"}, 2],
     "output_field": {"type": "IntegerField"}, "db_persist": false}]}
]})";

void check_round(Session& session) {
  const Ran made = session.run("makemigrations");
  CHECK(made.err == "");
  REQUIRE(made.code == 0);
  const Ran again = session.run("makemigrations --check");
  CHECK(again.code == 0);
  CHECK(again.out == "No changes detected\n");
  for (const char* line : {"check", "migrate", "migrate blog zero", "migrate"}) {
    const Ran ran = session.run(line);
    CAPTURE(line);
    CHECK(ran.err == "");
    CHECK(ran.code == 0);
  }
}

}  // namespace

TEST_CASE("what both databases have comes from a model file, and goes back") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    const ScratchDatabase database(dialect);
    Session session(database.url());
    session.run("init blog");
    session.write("blog/models.json", common_models);
    check_round(session);
    const auto connection = database.connect();
    connection->execute(
        "INSERT INTO blog_author (id, name, made, changed) "
        "VALUES (1, 'Ada', '2026-11-25 00:00:00', '2026-11-25 00:00:00')");
    connection->execute(
        "INSERT INTO blog_book (id, title, slug, mail, site, file, cover, path, address, status, "
        "author_id, _order) VALUES (1, 't', 's', 'm', 's', 'f', 'c', 'p', '10.0.0.1', 'x', 1, 0)");
    CHECK(connection->query("SELECT \"double\" FROM blog_book").rows.at(0).at(0) ==
          Value(std::int64_t{2}));
    CHECK_THROWS_AS(connection->execute("UPDATE blog_book SET status = 'y'"), DatabaseError);
    if (dialect == "sqlite") connection->execute("PRAGMA foreign_keys = ON");
    connection->execute("DELETE FROM blog_author");
    CHECK(connection->query("SELECT * FROM blog_book").rows.empty());
  }
}

TEST_CASE("what PostgreSQL alone has comes from a model file, and goes back") {
  if (test_dialects().size() < 2) return;
  const ScratchDatabase database("postgresql");
  Session session(database.url());
  database.connect()->execute(
      "CREATE SCHEMA shop; CREATE EXTENSION hstore; CREATE EXTENSION citext");
  session.write("turnstone.json", R"({"apps": {"blog": {}},
                                      "databases": {"default": {"url": "${DATABASE_URL}"}}})");
  session.write("blog/models.json", postgresql_models);
  check_round(session);
  CHECK(database.connect()->query("SELECT * FROM shop.book_peers").rows.empty());
}

TEST_CASE("what a database lacks is refused by check and makemigrations, which name it") {
  Session session;
  session.run("init blog");
  session.write("turnstone.json",
                R"({"apps": {"blog": {}}, "databases": {"default": {"url": "sqlite:///a.db"},
                    "other": {"url": "postgresql://localhost/nowhere"}}})");
  session.write("blog/models.json", computed_models);
  const Ran checked = session.run("check");
  CHECK(checked.code == 1);
  const std::string said = checked.out + checked.err;
  CHECK(said.find("sqlite has no column type for ArrayField") != std::string::npos);
  CHECK(said.find("blog.Book.tags") != std::string::npos);
  CHECK(said.find("postgresql has no virtual generated columns") != std::string::npos);
  CHECK(said.find("blog.Book.double") != std::string::npos);
  CHECK(session.run("makemigrations").code == 3);
  CHECK_FALSE(session.exists("blog/migrations/0001_initial.json"));
}

}  // namespace turnstone::test
