#include <doctest/doctest.h>
#include <turnstone/identifier.h>
#include <turnstone/migrations/autodetector.h>
#include <turnstone/registry.h>

#include "json/model_json.h"
#include "support/lab.h"
#include "support/random_models.h"

// Model files before and after: what makemigrations writes keeps the rows that can be kept, on both
// databases, forwards and back.

using namespace turnstone;
using namespace turnstone::migrations;
using test::Dump;
using test::Lab;

namespace model_changes {
namespace {

using Queries = std::vector<std::pair<std::string, std::string>>;

struct Change {
  std::string label{};
  std::string before{};  ///< the items of "models"
  std::string rows{};
  std::string after{};
  Queries then{};
  Queries back{};  ///< empty: all rows are as before
  bool sqlite = true;
  bool way_back = true;  ///< false where rows of lab_cafe cannot go back
};

ProjectState models(const std::string& items) {
  Registry registry;
  DeclaredApp app{.label = "lab"};
  app.models = json::read_models("lab", "lab/models.json", "{\"models\": [" + items + "]}");
  registry.add(std::move(app));
  FinishedModels finished = registry.finish();
  for (const Problem& problem : finished.problems) {
    FAIL_CHECK(problem.where << ": " << problem.message);
  }
  return finished.state;
}

/// Appends what makemigrations would write.
void make_migrations(Lab& lab, const ProjectState& to) {
  test::RandomModels::Renames none;
  test::KnowingQuestioner questioner(none);
  ExistingMigrations existing;
  if (!lab.files().empty()) existing.leaf["lab"] = lab.files().back().id.name;
  for (auto& [app, made] : detect_changes(lab.state(), to, existing, questioner, {})) {
    for (Migration& migration : made) {
      migration.digest = digest_of(migration);
      lab.files().push_back(std::move(migration));
    }
  }
  CHECK((lab.state() == to));
  CHECK(detect_changes(lab.state(), to, existing, questioner, {}).empty());
}

void check_cells(Lab& lab, const Queries& queries) {
  for (const auto& query : queries) {
    CAPTURE(query.first);
    const Rows rows = lab.connection().query(query.first);
    REQUIRE(rows.rows.size() == 1);
    CHECK(test::cell_text(rows.rows[0].at(0)) == query.second);
  }
}

const std::string author = R"({"name": "Author", "fields": [
  {"name": "name", "type": "CharField", "max_length": 40}]})";

std::string book(const std::string& fields, const std::string& rest = "") {
  return R"({"name": "Book", "fields": [{"name": "title", "type": "CharField", "max_length": 40})" +
         (fields.empty() ? "" : ", " + fields) + "]" + rest + "}";
}

const std::string plain_tags = R"({"name": "authors", "type": "ManyToManyField", "to": "Author"})";
const std::string linked_tags =
    R"({"name": "authors", "type": "ManyToManyField", "to": "Author", "through": "Link"})";
const std::string link = R"({"name": "Link", "fields": [
  {"name": "writer", "type": "ForeignKey", "to": "Author", "on_delete": "CASCADE"},
  {"name": "work", "type": "ForeignKey", "to": "Book", "on_delete": "CASCADE"},
  {"name": "role", "type": "CharField", "max_length": 20, "default": "?"}]})";

const std::string two_rows =
    "INSERT INTO lab_author (id, name) VALUES (1, 'Ada'), (2, 'Bob');"
    "INSERT INTO lab_book (id, title) VALUES (1, 'One'), (2, 'Two');";

std::vector<Change> changes() {
  const std::string pages = R"({"name": "pages", "type": "IntegerField", "default": 3})";
  const std::string doubled =
      R"({"name": "pages", "type": "GeneratedField", "expression": ["length", {"F": "title"}],
          "output_field": {"type": "IntegerField"}, "db_persist": true})";
  const std::string with_key =
      R"({"name": "author", "type": "ForeignKey", "to": "Author", "on_delete": "CASCADE",
          "null": true, "related_name": "+"})";
  const std::string place = R"({"name": "Place", "fields": [
    {"name": "name", "type": "CharField", "max_length": 40}]})";
  const std::string cafe = R"({"name": "Cafe", "bases": ["Place"], "fields": [
    {"name": "menu", "type": "CharField", "max_length": 40}]})";
  const std::string everything =
      R"({"name": "small", "type": "SmallIntegerField", "default": 1},
         {"name": "file", "type": "FileField", "upload_to": "x", "default": "f"},
         {"name": "image", "type": "ImageField", "width_field": "w", "default": "i"},
         {"name": "path", "type": "FilePathField", "path": "/tmp", "allow_files": true,
          "default": "p"},
         {"name": "ip", "type": "GenericIPAddressField", "protocol": "IPv4", "null": true},
         {"name": "slug", "type": "SlugField", "unique_for_date": "day", "default": "s"},
         {"name": "day", "type": "DateField", "auto_now_add": true},
         {"name": "status", "type": "CharField", "max_length": 3,
          "choices": [["a", "A"], ["G", [["b", "B"], ["c", "C"]]]], "choices_check": true,
          "default": "a"})";
  const std::string postgres_only =
      R"json({"name": "tags", "type": "ArrayField", "default": [],
          "base_field": {"type": "CharField", "max_length": 20}, "size": 3},
         {"name": "grid", "type": "ArrayField", "null": true,
          "base_field": {"type": "ArrayField", "base_field": {"type": "IntegerField"}}},
         {"name": "ints", "type": "IntegerRangeField", "null": true},
         {"name": "bigs", "type": "BigIntegerRangeField", "null": true},
         {"name": "decs", "type": "DecimalRangeField", "default_bounds": "[]", "null": true},
         {"name": "days", "type": "DateRangeField", "null": true},
         {"name": "times", "type": "DateTimeRangeField", "default_bounds": "()", "null": true,
          "default": ["2026-11-25T00:00:00Z", "2026-11-26T00:00:00Z"]},
         {"name": "words", "type": "SearchVectorField", "null": true},
         {"name": "found", "type": "GeneratedField", "output_field": {"type": "TextField"},
          "expression": ["upper", {"F": "title"}], "db_persist": true})json";
  return {
      {"a relation gets a model of its own, with its rows",
       author + "," + book(plain_tags),
       two_rows + "INSERT INTO lab_book_authors (id, book_id, author_id) VALUES (7, 1, 2), "
                  "(8, 2, 1)",
       author + "," + link + "," + book(linked_tags),
       {{"SELECT role FROM lab_link WHERE id = 7 AND work_id = 1 AND writer_id = 2", "'?'"},
        {"SELECT COUNT(*) FROM lab_link", "2"}}},
      {"the model of a relation goes, and its rows stay",
       author + "," + link + "," + book(linked_tags),
       two_rows + "INSERT INTO lab_link (id, work_id, writer_id, role) VALUES (7, 1, 2, 'r')",
       author + "," + book(plain_tags),
       {{"SELECT author_id FROM lab_book_authors WHERE id = 7 AND book_id = 1", "2"}},
       {{"SELECT writer_id FROM lab_link WHERE id = 7 AND work_id = 1", "2"}}},
      {"a relation to itself gets a model of its own",
       R"({"name": "Node", "fields": [{"name": "peers", "type": "ManyToManyField", "to": "self"}]})",
       "INSERT INTO lab_node (id) VALUES (1), (2);"
       "INSERT INTO lab_node_peers (id, from_node_id, to_node_id) VALUES (1, 1, 2)",
       R"({"name": "Edge", "fields": [
            {"name": "a", "type": "ForeignKey", "to": "Node", "on_delete": "CASCADE",
             "related_name": "+"},
            {"name": "b", "type": "ForeignKey", "to": "Node", "on_delete": "CASCADE",
             "related_name": "+"}]},
          {"name": "Node", "fields": [{"name": "peers", "type": "ManyToManyField", "to": "self",
           "through": "Edge"}]})",
       {{"SELECT b_id FROM lab_edge WHERE a_id = 1", "2"}}},
      {"a plain field becomes a generated one",
       book(pages),
       "INSERT INTO lab_book (id, title, pages) VALUES (1, 'Three', 3)",
       book(doubled),
       {{"SELECT pages FROM lab_book", "5"}},
       {{"SELECT pages FROM lab_book", "3"}}},
      {"a generated field becomes a plain one",
       book(doubled),
       "INSERT INTO lab_book (id, title) VALUES (1, 'Three')",
       book(pages),
       {{"SELECT pages FROM lab_book", "3"}},
       {}},
      {"a column becomes a relation of many and back",
       author + "," + book(with_key),
       two_rows,
       author + "," + book(R"({"name": "author", "type": "ManyToManyField", "to": "Author"})"),
       {{"SELECT COUNT(*) FROM lab_book_author", "0"}}},
      {"a composite key comes",
       R"({"name": "Seat", "fields": [{"name": "row", "type": "IntegerField"},
          {"name": "number", "type": "IntegerField"}]})",
       "INSERT INTO lab_seat (id, \"row\", number) VALUES (1, 1, 1), (2, 1, 2)",
       R"({"name": "Seat", "fields": [{"name": "pk", "type": "CompositePrimaryKey",
          "fields": ["row", "number"]}, {"name": "row", "type": "IntegerField"},
          {"name": "number", "type": "IntegerField"}]})",
       {{"SELECT COUNT(*) FROM lab_seat", "2"}},
       {{"SELECT COUNT(DISTINCT id) FROM lab_seat", "2"}}},
      {"a composite key of the old key and another field",
       R"({"name": "Seat", "fields": [{"name": "tenant", "type": "IntegerField"}]})",
       "INSERT INTO lab_seat (id, tenant) VALUES (1, 1), (2, 1)",
       R"({"name": "Seat", "fields": [{"name": "pk", "type": "CompositePrimaryKey",
          "fields": ["tenant", "id"]}, {"name": "tenant", "type": "IntegerField"},
          {"name": "id", "type": "BigIntegerField"}]})",
       {{"SELECT COUNT(*) FROM lab_seat", "2"}},
       {{"SELECT COUNT(*) FROM lab_seat", "2"}}},
      {"a field moves from a base to its heir",
       R"({"name": "Place", "fields": [{"name": "name", "type": "CharField", "max_length": 40},
          {"name": "menu", "type": "CharField", "max_length": 40, "null": true}]},
          {"name": "Cafe", "bases": ["Place"], "fields": []})",
       "INSERT INTO lab_place (id, name, menu) VALUES (1, 'p', 'tea');"
       "INSERT INTO lab_cafe (place_ptr_id) VALUES (1)",
       place + "," + R"({"name": "Cafe", "bases": ["Place"], "fields": [
          {"name": "menu", "type": "CharField", "max_length": 40, "null": true}]})",
       {{"SELECT name FROM lab_place p JOIN lab_cafe c ON c.place_ptr_id = p.id", "'p'"}},
       {{"SELECT name FROM lab_place p JOIN lab_cafe c ON c.place_ptr_id = p.id", "'p'"}}},
      {"an heir comes, with a proxy and keys to both",
       place,
       "INSERT INTO lab_place (id, name) VALUES (1, 'p')",
       place + "," + cafe +
           R"(, {"name": "Spot", "bases": ["Place"], "options": {"proxy": true}},
          {"name": "Visit", "fields": [
            {"name": "cafe", "type": "ForeignKey", "to": "Cafe", "on_delete": "CASCADE"},
            {"name": "spot", "type": "ForeignKey", "to": "Spot", "on_delete": "PROTECT"},
            {"name": "spots", "type": "ManyToManyField", "to": "Spot", "related_name": "+"},
            {"name": "cafes", "type": "ManyToManyField", "to": "Cafe", "related_name": "+"}]})",
       {{"SELECT COUNT(*) FROM lab_visit", "0"}}},
      {"an heir becomes a model of its own",
       place + "," + cafe,
       "INSERT INTO lab_place (id, name) VALUES (1, 'p');"
       "INSERT INTO lab_cafe (place_ptr_id, menu) VALUES (1, 'tea')",
       place + R"(, {"name": "Cafe", "fields": [
          {"name": "menu", "type": "CharField", "max_length": 40}]})",
       {{"SELECT menu FROM lab_cafe", "'tea'"}},
       {},
       true,
       false},
      {"the key of a model grows, and everything that refers to it",
       R"({"name": "Author", "fields": [{"name": "id", "type": "AutoField", "primary_key": true},
          {"name": "name", "type": "CharField", "max_length": 40}]},)" +
           book(plain_tags + "," + with_key),
       two_rows + "INSERT INTO lab_book_authors (id, book_id, author_id) VALUES (7, 1, 2)",
       author + "," + book(plain_tags + "," + with_key),
       {{"SELECT author_id FROM lab_book_authors", "2"}}},
      {"an unmanaged model is kept in full",
       book(""),
       "INSERT INTO lab_book (id, title) VALUES (1, 'One')",
       book("") + R"(, {"name": "Outside", "options": {"managed": false, "db_table": "outside",
          "indexes": [{"name": "out_idx", "fields": ["book"]}]}, "fields": [
          {"name": "book", "type": "ForeignKey", "to": "Book", "on_delete": "CASCADE"},
          {"name": "books", "type": "ManyToManyField", "to": "Book", "related_name": "+"}]})",
       {{"SELECT COUNT(*) FROM lab_book", "1"}}},
      {"order, a table comment, and what never matters",
       author + "," + book(with_key),
       two_rows,
       author + "," + book(with_key, R"(, "options": {"order_with_respect_to": "author",
             "db_table_comment": "books", "verbose_name": "tome", "permissions": []})"),
       {{"SELECT SUM(_order) FROM lab_book", "0"}}},
      {"fields of all kinds",
       book(""),
       "INSERT INTO lab_book (id, title) VALUES (1, 'One')",
       book(everything),
       {{"SELECT slug FROM lab_book", "'s'"}}},
      {"names and values with quotes, blanks and percent signs",
       R"({"name": "Odd", "fields": [
            {"name": "x", "type": "CharField", "max_length": 20, "null": true, "db_index": true,
             "db_column": "we\"i rd%s;--", "db_comment": "it's \"so\" 100%"},
            {"name": "parent", "type": "ForeignKey", "to": "self", "null": true,
             "on_delete": "CASCADE", "db_column": "pa\"rent"}],
          "options": {"db_table": "my \"ta'ble%", "db_table_comment": "o'h",
            "indexes": [{"name": "ix\"2", "fields": ["-x"],
                         "condition": ["like", {"F": "x"}, "100%"]}],
            "constraints": [{"type": "CheckConstraint", "name": "chk\"1",
                             "condition": ["<>", {"F": "x"}, "it's"]}]}})",
       R"(INSERT INTO "my ""ta'ble%" (id, "we""i rd%s;--", "pa""rent") VALUES (1, '%s ''', 1))",
       R"({"name": "Odd", "fields": [
            {"name": "x", "type": "CharField", "max_length": 30, "null": true, "unique": true,
             "db_column": "we\"i rd%s;--", "db_comment": "it isn't"},
            {"name": "y", "type": "CharField", "max_length": 30,
             "default": "it's 100% \\ \" ; --", "db_column": "y\"y"},
            {"name": "parent", "type": "ForeignKey", "to": "self", "null": true,
             "on_delete": "CASCADE", "db_column": "pa'rent"}],
          "options": {"db_table": "my \"tafel%", "db_table_comment": "o'h 2",
            "indexes": [{"name": "ix\"3", "fields": ["-x"],
                         "condition": ["like", {"F": "x"}, "100%"]}],
            "constraints": [{"type": "CheckConstraint", "name": "chk\"2",
                             "condition": ["<>", {"F": "x"}, "it's"]}]}})",
       {{R"(SELECT "we""i rd%s;--" FROM "my ""tafel%" WHERE "pa'rent" = 1)", "'%s ''"},
        {R"(SELECT COUNT(*) FROM "my ""tafel%" WHERE "y""y" = 'it''s 100% \ " ; --')", "1"}}},
      {"fields that only PostgreSQL has",
       book(""),
       "INSERT INTO lab_book (id, title) VALUES (1, 'One')",
       book(postgres_only),
       {{"SELECT found FROM lab_book", "'ONE'"}},
       {},
       false},
  };
}

}  // namespace

TEST_CASE("what makemigrations writes for changed models keeps rows, forwards and back") {
  for (const std::string& dialect : test::test_dialects()) {
    Lab lab(dialect);
    for (const Change& change : changes()) {
      if (dialect == "sqlite" && !change.sqlite) continue;
      CAPTURE(dialect);
      CAPTURE(change.label);
      lab.reset();
      try {
        make_migrations(lab, models(change.before));
        lab.migrate();
        const ProjectState first = lab.state();
        const std::size_t count = lab.files().size();
        const std::string last = lab.files().back().id.name;
        REQUIRE(test::lines(lab.drift(first)) == "");
        lab.execute(change.rows);
        const Dump before = lab.rows();
        make_migrations(lab, models(change.after));
        REQUIRE(lab.files().size() > count);
        std::string story;
        for (std::size_t i = count; i < lab.files().size(); ++i) {
          for (const Operation& operation : lab.files()[i].operations) {
            story += describe(operation) + "; ";
          }
        }
        CAPTURE(story);
        lab.migrate();
        CHECK(test::lines(lab.drift(lab.state())) == "");
        check_cells(lab, change.then);
        // A link to a base cannot be made up.
        if (!change.way_back) lab.execute("DELETE FROM lab_cafe");
        lab.migrate(last);
        CHECK(test::lines(lab.drift(first)) == "");
        if (change.back.empty() && change.way_back) CHECK(lab.rows() == before);
        check_cells(lab, change.back);
        lab.migrate();
        CHECK(test::lines(lab.drift(lab.state())) == "");
        lab.migrate("zero");
        CHECK(lab.rows().empty());
      } catch (const Error& error) {
        FAIL_CHECK(error.text());
      }
    }
  }
}

}  // namespace model_changes
