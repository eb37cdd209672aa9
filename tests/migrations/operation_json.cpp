// Every operation there and back: the text here is canonical, so reading and writing it must give
// the same bytes.

#include "operation_json.h"
#include "text_file.h"

#include "support/databases.h"
#include "support/schema_cases.h"

#include <doctest/doctest.h>
#include <turnstone/error.h>
#include <turnstone/migrations/migration.h>

#include <fstream>
#include <set>

namespace turnstone::migrations {
namespace {

struct Form {
  const char* operation;  ///< the tag it must be read as
  const char* text;       ///< canonical, on one line
};

const Form forms[] = {
    {"CreateModel",
     R"({"op": "CreateModel", "name": "Tag", "fields": [{"name": "id", "type": "BigAutoField", "primary_key": true}]})"},
    {"CreateModel",
     R"({"op": "CreateModel", "name": "Child", "fields": [], "options": {"db_table": "c"}, "bases": ["blog.Base"]})"},
    {"DeleteModel", R"({"op": "DeleteModel", "name": "Tag"})"},
    {"RenameModel", R"({"op": "RenameModel", "old_name": "Tag", "new_name": "Label"})"},
    {"MoveModel", R"({"op": "MoveModel", "name": "Tag", "to_app": "library"})"},
    {"AlterModelTable", R"({"op": "AlterModelTable", "name": "tag", "table": "tags"})"},
    {"AlterModelTable", R"({"op": "AlterModelTable", "name": "tag", "table": null})"},
    {"AlterModelTableComment",
     R"({"op": "AlterModelTableComment", "name": "tag", "table_comment": "what it is about"})"},
    {"AlterModelTableComment",
     R"({"op": "AlterModelTableComment", "name": "tag", "table_comment": null})"},
    {"AlterUniqueTogether",
     R"({"op": "AlterUniqueTogether", "name": "tag", "unique_together": [["a", "b"], ["c", "d"]]})"},
    {"AlterUniqueTogether",
     R"({"op": "AlterUniqueTogether", "name": "tag", "unique_together": []})"},
    {"AlterOrderWithRespectTo",
     R"({"op": "AlterOrderWithRespectTo", "name": "tag", "order_with_respect_to": "book"})"},
    {"AlterOrderWithRespectTo",
     R"({"op": "AlterOrderWithRespectTo", "name": "tag", "order_with_respect_to": null})"},
    {"AlterModelOptions", R"({"op": "AlterModelOptions", "name": "tag", "options": {}})"},
    {"AlterModelOptions",
     R"({"op": "AlterModelOptions", "name": "tag", "options": {"managed": false, "base_manager_name": "all"}})"},
    {"AddField",
     R"({"op": "AddField", "model_name": "book", "field": {"name": "pages", "type": "IntegerField", "null": true}})"},
    {"AddField",
     R"({"op": "AddField", "model_name": "book", "field": {"name": "isbn", "type": "CharField", "max_length": 13, "default": ""}, "preserve_default": false})"},
    {"RemoveField", R"({"op": "RemoveField", "model_name": "book", "name": "pages"})"},
    {"AlterField",
     R"({"op": "AlterField", "model_name": "book", "field": {"name": "pages", "type": "BigIntegerField"}, "preserve_default": false})"},
    {"RenameField",
     R"({"op": "RenameField", "model_name": "book", "old_name": "pages", "new_name": "length"})"},
    {"AddIndex",
     R"({"op": "AddIndex", "model_name": "book", "index": {"name": "book_i", "fields": ["-title", "id"]}})"},
    {"AddIndex",
     R"({"op": "AddIndex", "model_name": "book", "index": {"type": "GinIndex", "name": "book_g", "fields": ["tags"], "fastupdate": false}})"},
    {"RemoveIndex", R"({"op": "RemoveIndex", "model_name": "book", "name": "book_i"})"},
    {"RenameIndex",
     R"({"op": "RenameIndex", "model_name": "book", "new_name": "b", "old_name": "a"})"},
    {"RenameIndex",
     R"({"op": "RenameIndex", "model_name": "book", "new_name": "b", "old_fields": ["x", "y"]})"},
    {"AddConstraint",
     R"({"op": "AddConstraint", "model_name": "book", "constraint": {"type": "CheckConstraint", "name": "positive", "condition": [">", {"F": "price"}, 0]}})"},
    {"AddConstraint",
     R"({"op": "AddConstraint", "model_name": "book", "constraint": {"type": "UniqueConstraint", "name": "u", "fields": ["a", "b"], "deferrable": "deferred"}})"},
    {"RemoveConstraint", R"({"op": "RemoveConstraint", "model_name": "book", "name": "positive"})"},
    {"AlterConstraint",
     R"({"op": "AlterConstraint", "model_name": "book", "name": "u", "constraint": {"type": "UniqueConstraint", "name": "u", "fields": ["a"]}})"},
    {"RenameConstraint",
     R"({"op": "RenameConstraint", "model_name": "book", "old_name": "u", "new_name": "v"})"},
    {"RunSQL", R"({"op": "RunSQL", "sql": ["SELECT 1", "SELECT 2"]})"},
    {"RunSQL", R"({"op": "RunSQL", "sql": "SELECT 1; SELECT 2", "reverse_sql": ""})"},
    {"RunSQL",
     R"({"op": "RunSQL", "sql": [["UPDATE t SET a = ?, b = ?", [1, "x"]], "SELECT 1"], "reverse_sql": []})"},
    {"RunSQL",
     R"({"op": "RunSQL", "sql": [], "state_operations": [{"op": "DeleteModel", "name": "Tag"}], "elidable": true})"},
    {"RunSQL", R"({"op": "RunSQL", "sql_file": "up.sql", "reverse_sql_file": "sql/down.sql"})"},
    {"RunCpp", R"({"op": "RunCpp", "code": "blog.fill_slugs"})"},
    {"RunCpp",
     R"({"op": "RunCpp", "code": "blog.fill_slugs", "reverse_code": "noop", "elidable": true})"},
    {"SeparateDatabaseAndState", R"({"op": "SeparateDatabaseAndState"})"},
    {"SeparateDatabaseAndState",
     R"({"op": "SeparateDatabaseAndState", "database_operations": [{"op": "SeparateDatabaseAndState", "database_operations": [{"op": "RunSQL", "sql": "SELECT 1"}]}], "state_operations": [{"op": "DeleteModel", "name": "Tag"}]})"},
    {"CreateExtension", R"({"op": "CreateExtension", "name": "hstore"})"},
    {"CreateCollation", R"({"op": "CreateCollation", "name": "german", "locale": "de-x-icu"})"},
    {"CreateCollation",
     R"({"op": "CreateCollation", "name": "ci", "locale": "und-u-ks-level2", "provider": "icu", "deterministic": false})"},
    {"RemoveCollation",
     R"({"op": "RemoveCollation", "name": "ci", "locale": "und", "provider": "icu"})"},
    {"AddIndexConcurrently",
     R"({"op": "AddIndexConcurrently", "model_name": "book", "index": {"name": "i", "fields": ["title"]}})"},
    {"RemoveIndexConcurrently",
     R"({"op": "RemoveIndexConcurrently", "model_name": "book", "name": "i"})"},
    {"AddConstraintNotValid",
     R"({"op": "AddConstraintNotValid", "model_name": "book", "constraint": {"type": "CheckConstraint", "name": "c", "condition": ["is_null", {"F": "a"}]}})"},
    {"ValidateConstraint", R"({"op": "ValidateConstraint", "model_name": "book", "name": "c"})"},
};

// A new operation needs a form above, and this number.
static_assert(std::variant_size_v<OperationVariant> == 30);

struct TagOf {
  template <class T>
  std::string operator()(const T&) const {
    return std::string(T::tag);
  }
};

void write(const std::filesystem::path& file, const std::string& text) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file) << text;
}

Operation read(const std::string& text, const std::filesystem::path& folder = ".") {
  const json::Tree tree = json::parse("m.json", text);
  const FileReader from_disk = read_text_file;
  Operation operation = read_operation(json::Node("m.json", tree), "blog", {folder, from_disk});
  turnstone::test::keep_schema_case("migration", true, "accepted",
                                    R"({"turnstone": 1, "operations": [)" + text + "]}");
  return operation;
}

/// The canonical text of an operation, on one line whatever its length.
std::string one_line(const json::Tree& tree) {
  if (tree.is_object()) {
    std::string text;
    for (const auto& [key, value] : tree.items()) {
      text += (text.empty() ? "" : ", ") + json::Tree(key).dump() + ": " + one_line(value);
    }
    return "{" + text + "}";
  }
  if (!tree.is_array()) return tree.dump();
  std::string text;
  for (const json::Tree& item : tree) text += (text.empty() ? "" : ", ") + one_line(item);
  return "[" + text + "]";
}

std::string written(const std::string& text, const std::filesystem::path& folder = ".") {
  return one_line(write_operation(read(text, folder)));
}

TEST_CASE("every operation is written as it was read, and is then equal") {
  test::TemporaryFolder folder;
  write(folder.path() / "up.sql", "CREATE VIEW v AS SELECT 1;\n");
  write(folder.path() / "sql" / "down.sql", "DROP VIEW v;\n");
  for (const Form& form : forms) {
    CAPTURE(form.text);
    const Operation operation = read(form.text, folder.path());
    CHECK(match(operation, TagOf{}) == form.operation);
    const std::string text = one_line(write_operation(operation));
    CHECK(text == form.text);
    CHECK(read(text, folder.path()) == operation);
  }
}

TEST_CASE("no operation is missing from the round trip") {
  std::set<std::string> seen;
  for (const Form& form : forms) seen.insert(form.operation);
  for (const std::string& name : operation_names()) {
    CAPTURE(name);
    CHECK(seen.contains(name));
  }
  CHECK(operation_names().size() == std::variant_size_v<OperationVariant>);
}

TEST_CASE("other spellings come out canonical") {
  struct Case {
    const char* given;
    const char* canonical;
  };
  const Case cases[] = {
      // Keys in any order; what holds its default is left out.
      {R"({"name": "Tag", "op": "DeleteModel"})", R"({"op": "DeleteModel", "name": "Tag"})"},
      {R"({"op": "AddField", "preserve_default": true, "model_name": "b", "field": {"type": "TextField", "null": false, "name": "t"}})",
       R"({"op": "AddField", "model_name": "b", "field": {"name": "t", "type": "TextField"}})"},
      {R"({"op": "RunCpp", "code": "f", "reverse_code": null, "elidable": false})",
       R"({"op": "RunCpp", "code": "f"})"},
      {R"({"op": "RunSQL", "sql": "x", "reverse_sql": null, "state_operations": []})",
       R"({"op": "RunSQL", "sql": "x"})"},
      {R"({"op": "RunSQL", "sql": [["SELECT 1", []]]})",
       R"({"op": "RunSQL", "sql": ["SELECT 1"]})"},
      {R"({"op": "CreateCollation", "name": "c", "locale": "C", "provider": "libc"})",
       R"({"op": "CreateCollation", "name": "c", "locale": "C"})"},
      {R"({"op": "AlterModelTable", "name": "t", "table": ""})",
       R"({"op": "AlterModelTable", "name": "t", "table": null})"},
      // A flat list means one; null means none.
      {R"({"op": "AlterUniqueTogether", "name": "t", "unique_together": ["a", "b"]})",
       R"({"op": "AlterUniqueTogether", "name": "t", "unique_together": [["a", "b"]]})"},
      {R"({"op": "AlterUniqueTogether", "name": "t", "unique_together": null})",
       R"({"op": "AlterUniqueTogether", "name": "t", "unique_together": []})"},
      // Bare names mean models of the same app.
      {R"({"op": "CreateModel", "name": "C", "fields": [{"name": "a", "type": "ForeignKey", "to": "Author", "on_delete": "CASCADE"}], "bases": ["Base"]})",
       R"({"op": "CreateModel", "name": "C", "fields": [{"name": "a", "type": "ForeignKey", "to": "blog.Author", "on_delete": "CASCADE"}], "bases": ["blog.Base"]})"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.given);
    CHECK(written(c.given) == c.canonical);
  }
}

TEST_CASE("attributes that never matter are accepted and dropped") {
  CHECK(
      written(R"({"op": "AlterField", "model_name": "b", "field": {"name": "t", "type": "CharField",
          "max_length": 9, "help_text": "h", "verbose_name": "v", "editable": false, "blank": true,
          "validators": [], "choices": [["a", "A"]], "error_messages": {}}})") ==
      R"({"op": "AlterField", "model_name": "b", "field": {"name": "t", "type": "CharField", "max_length": 9}})");
  CHECK(
      written(R"({"op": "AddField", "model_name": "b", "field": {"name": "a", "type": "ForeignKey",
          "to": "x.A", "on_delete": "CASCADE", "related_name": "bs", "related_query_name": "b",
          "limit_choices_to": {"x": 1}}})") ==
      R"({"op": "AddField", "model_name": "b", "field": {"name": "a", "type": "ForeignKey", "to": "x.A", "on_delete": "CASCADE"}})");
  CHECK(written(R"({"op": "CreateModel", "name": "T", "fields": [], "options": {"ordering": ["-id"],
          "verbose_name": "v", "verbose_name_plural": "vs", "get_latest_by": "id",
          "permissions": [["a", "b"]], "default_permissions": [], "default_related_name": "ts",
          "select_on_save": true}})") == R"({"op": "CreateModel", "name": "T", "fields": []})");
  CHECK(written(R"({"op": "AlterModelOptions", "name": "t", "options": {"ordering": ["a"],
          "verbose_name": "v", "managed": true}})") ==
        R"({"op": "AlterModelOptions", "name": "t", "options": {}})");
}

TEST_CASE("an SQL file is read with the migration, its text is not written") {
  test::TemporaryFolder folder;
  write(folder.path() / "up.sql", "SELECT 'ü';\n");
  const Operation operation = read(R"({"op": "RunSQL", "sql_file": "up.sql"})", folder.path());
  const RunSQL& run = std::get<RunSQL>(operation.value);
  CHECK(run.sql.file == "up.sql");
  CHECK(run.sql.text == "SELECT 'ü';\n");
  CHECK(sql_file_texts({operation}) == std::vector<std::string>{"SELECT 'ü';\n"});
  const Operation nested = read(
      R"({"op": "SeparateDatabaseAndState", "database_operations": [{"op": "RunSQL", "sql_file": "up.sql"}]})",
      folder.path());
  CHECK(sql_file_texts({nested, operation}).size() == 2);
}

TEST_CASE("absent and empty reverse SQL differ") {
  const auto reverse = [](const char* text) {
    return std::get<RunSQL>(read(text).value).reverse_sql;
  };
  CHECK_FALSE(reverse(R"({"op": "RunSQL", "sql": "x"})").has_value());
  CHECK(reverse(R"({"op": "RunSQL", "sql": "x", "reverse_sql": []})").has_value());
  CHECK(reverse(R"({"op": "RunSQL", "sql": "x", "reverse_sql": ""})").has_value());
}

}  // namespace
}  // namespace turnstone::migrations
