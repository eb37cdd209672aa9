// Files that must be refused, with the whole message.

#include "support/databases.h"
#include "support/schema_cases.h"

#include <doctest/doctest.h>
#include <turnstone/error.h>
#include <turnstone/migrations/migration.h>

#include <fstream>

namespace turnstone::migrations {
namespace {

struct Broken {
  const char* label;
  std::string text;
  const char* message;
};

/// A migration of one operation.
std::string holding(const std::string& operation) {
  return R"({"turnstone": 1, "operations": [)" + operation + "]}";
}

std::string adding(const std::string& field) {
  return holding(R"({"op": "AddField", "model_name": "book", "field": )" + field + "}");
}

std::string with(const std::string& keys) {
  return R"({"turnstone": 1, "operations": [], )" + keys + "}";
}

/// What reading gives as an error; `m.json` stands for the file.
template <class Read>
void check(const char* kind, const Broken& broken, const Read& read) {
  CAPTURE(broken.label);
  test::keep_schema_case(kind, false, broken.label, broken.text);
  try {
    read(broken.text);
    FAIL_CHECK("accepted");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::bad_file);
    CHECK(error.text() == broken.message);
  }
}

TEST_CASE("broken migration files are refused with place and advice") {
  const Broken cases[] = {
      {"empty", "", "expected a value, found the end of the file (m.json: line 1, column 1)"},
      {"cut off", R"({"turnstone": 1, "operations": [)",
       "expected a value, found the end of the file (m.json: line 1, column 33)"},
      {"no JSON", "{\n  turnstone: 1\n}",
       "expected a key in double quotes, found \"turnstone\" (m.json: line 2, column 3)"},
      {"comma too many", R"({"turnstone": 1, "operations": [],})",
       "expected a key in double quotes, found \"}\" (m.json: line 1, column 35)"},
      {"text behind the end", R"({"turnstone": 1, "operations": []} x)",
       "expected the end of the file, found \"x\" (m.json: line 1, column 36)"},
      {"conflict marks", "{\n<<<<<<< HEAD\n  \"turnstone\": 1\n}",
       "expected a key in double quotes, found \"<\" (m.json: line 2, column 1); the file holds "
       "conflict marks of a merge: "
       "settle it, for a snapshot with makemigrations --merge"},
      {"key twice", R"({"turnstone": 1, "turnstone": 1, "operations": []})",
       "the key \"turnstone\" stands twice in one object (m.json: line 1, column 18); take one of "
       "them out"},
      {"no object", "[]", "expected an object, found an array (m.json: /)"},
      {"no version", R"({"operations": []})", "the key \"turnstone\" is missing (m.json: /)"},
      {"version is text", R"({"turnstone": "1", "operations": []})",
       "expected a whole number, found \"1\" (m.json: /turnstone)"},
      {"newer version", R"({"turnstone": 2, "novelty": 1})",
       "format version 2 is not known, expected 1 (m.json: /turnstone); a newer turnstone wrote "
       "this file: upgrade this one"},
      {"version zero", R"({"turnstone": 0, "operations": []})",
       "format version 0 is not known, expected 1 (m.json: /turnstone)"},
      {"no operations", R"({"turnstone": 1})", "the key \"operations\" is missing (m.json: /)"},
      {"operations are an object", R"({"turnstone": 1, "operations": {}})",
       "expected an array, found an object (m.json: /operations)"},
      {"unknown key", with(R"("dependancies": [])"),
       "unknown key \"dependancies\" (m.json: /); did you mean \"dependencies\"?"},
      {"initial is a number", with(R"("initial": 1)"),
       "expected true or false, found 1 (m.json: /initial)"},
      {"atomic is null", with(R"("atomic": null)"),
       "expected true or false, found null (m.json: /atomic)"},
      {"dependency is text", with(R"("dependencies": ["blog.0001"])"),
       "expected [\"app\", \"name\"], found \"blog.0001\" (m.json: /dependencies/0)"},
      {"dependency of three", with(R"("dependencies": [["a", "b", "c"]])"),
       "expected [\"app\", \"name\"], found an array of 3 (m.json: /dependencies/0)"},
      {"dependency without app", with(R"("dependencies": [["", "0001"]])"),
       "a name must not be empty (m.json: /dependencies/0/0)"},
      {"dependency on a number", with(R"("run_before": [["blog", 1]])"),
       "expected a text, found 1 (m.json: /run_before/0/1)"},
      {"replaces itself", with(R"("replaces": [["blog", "m"]])"),
       "a migration can't replace itself (m.json: /replaces)"},
      {"operation is text", holding(R"("AddField")"),
       "expected an object, found \"AddField\" (m.json: /operations/0)"},
      {"no op", holding(R"({"name": "Tag"})"), "the key \"op\" is missing (m.json: /operations/0)"},
      {"op is a number", holding(R"({"op": 7})"),
       "expected a text, found 7 (m.json: /operations/0/op)"},
      {"unknown operation, near", holding(R"({"op": "AddFeild"})"),
       "unknown operation \"AddFeild\" (m.json: /operations/0/op); did you mean \"AddField\"?"},
      {"unknown operation, far", holding(R"({"op": "Frobnicate"})"),
       "unknown operation \"Frobnicate\" (m.json: /operations/0/op); known operations: "
       "CreateModel, DeleteModel, RenameModel, MoveModel, AlterModelTable, AlterModelTableComment, "
       "AlterUniqueTogether, AlterOrderWithRespectTo, AlterModelOptions, AddField, RemoveField, "
       "AlterField, RenameField, AddIndex, RemoveIndex, RenameIndex, AddConstraint, "
       "RemoveConstraint, AlterConstraint, RenameConstraint, RunSQL, RunCpp, "
       "SeparateDatabaseAndState, "
       "CreateExtension, CreateCollation, RemoveCollation, AddIndexConcurrently, "
       "RemoveIndexConcurrently, AddConstraintNotValid, ValidateConstraint"},
      {"Django's code", holding(R"({"op": "RunPython", "code": "f"})"),
       "unknown operation \"RunPython\" (m.json: /operations/0/op); RunCpp runs a function of the "
       "program"},
      {"Django's index_together",
       holding(R"({"op": "AlterIndexTogether", "name": "b", "index_together": []})"),
       "unknown operation \"AlterIndexTogether\" (m.json: /operations/0/op); AddIndex and "
       "RemoveIndex change one index each"},
      {"Django's managers", holding(R"({"op": "AlterModelManagers", "name": "b", "managers": []})"),
       "unknown operation \"AlterModelManagers\" (m.json: /operations/0/op); managers are no part "
       "of "
       "a state: leave it out"},
      {"Django's extensions", holding(R"({"op": "HStoreExtension"})"),
       "unknown operation \"HStoreExtension\" (m.json: /operations/0/op); write CreateExtension "
       "with "
       "the \"name\" of the extension"},
      {"unknown key of an operation", holding(R"({"op": "DeleteModel", "nmae": "Tag"})"),
       "unknown key \"nmae\" (m.json: /operations/0); did you mean \"name\"?"},
      {"missing key", holding(R"({"op": "RenameModel", "old_name": "Tag"})"),
       "the key \"new_name\" is missing (m.json: /operations/0)"},
      {"empty name", holding(R"({"op": "DeleteModel", "name": ""})"),
       "a name must not be empty (m.json: /operations/0/name)"},
      {"key of another operation", holding(R"({"op": "DeleteModel", "name": "T", "fields": []})"),
       "unknown key \"fields\" (m.json: /operations/0); known keys: op, name"},
      {"unknown field type", adding(R"({"name": "x", "type": "CharFeild"})"),
       "unknown field type \"CharFeild\" (m.json: /operations/0/field/type); did you mean "
       "\"CharField\"?"},
      {"field without name", adding(R"({"type": "TextField"})"),
       "the key \"name\" is missing (m.json: /operations/0/field)"},
      {"field without type", adding(R"({"name": "x"})"),
       "the key \"type\" is missing (m.json: /operations/0/field)"},
      {"unknown option", adding(R"({"name": "x", "type": "CharField", "max_lenght": 3})"),
       "unknown option \"max_lenght\" (m.json: /operations/0/field/max_lenght); did you mean "
       "\"max_length\"?"},
      {"option of another type", adding(R"({"name": "x", "type": "TextField", "max_digits": 3})"),
       "TextField has no option \"max_digits\" (m.json: /operations/0/field/max_digits); "
       "\"max_digits\" belongs to DecimalField"},
      {"length is text", adding(R"({"name": "x", "type": "CharField", "max_length": "13"})"),
       "expected a whole number, found \"13\" (m.json: /operations/0/field/max_length)"},
      {"wrong default", adding(R"({"name": "x", "type": "IntegerField", "default": "7"})"),
       "expected a whole number between -2147483648 and 2147483647 for an IntegerField, found "
       "\"7\" "
       "(m.json: "
       "/operations/0/field/default)"},
      {"unknown on_delete",
       adding(R"({"name": "x", "type": "ForeignKey", "to": "a.B", "on_delete": "CASCDE"})"),
       "unknown on_delete \"CASCDE\" (m.json: /operations/0/field/on_delete); did you mean "
       "\"CASCADE\"?"},
      {"preserve_default is text",
       holding(
           R"({"op": "AddField", "model_name": "b", "field": {"name": "x", "type": "TextField"}, "preserve_default": "no"})"),
       "expected true or false, found \"no\" (m.json: /operations/0/preserve_default)"},
      {"field twice",
       holding(
           R"({"op": "CreateModel", "name": "T", "fields": [{"name": "x", "type": "TextField"}, {"name": "x", "type": "TextField"}]})"),
       "the field \"x\" is there twice (m.json: /operations/0/fields/1)"},
      {"base twice",
       holding(R"({"op": "CreateModel", "name": "T", "fields": [], "bases": ["A", "blog.A"]})"),
       "the base \"blog.A\" is there twice (m.json: /operations/0/bases/1)"},
      {"unknown option of a model",
       holding(R"({"op": "CreateModel", "name": "T", "fields": [], "options": {"db_tabel": "t"}})"),
       "unknown key \"db_tabel\" (m.json: /operations/0/options); did you mean \"db_table\"?"},
      {"options that AlterModelOptions can't change",
       holding(R"({"op": "AlterModelOptions", "name": "t", "options": {"db_table": "t"}})"),
       "unknown key \"db_table\" (m.json: /operations/0/options); known keys: managed, "
       "base_manager_name, ordering, get_latest_by, permissions, default_permissions, "
       "default_related_name, default_manager_name, select_on_save, verbose_name, "
       "verbose_name_plural"},
      {"index without name",
       holding(R"({"op": "AddIndex", "model_name": "b", "index": {"fields": ["a"]}})"),
       "the index has no name (m.json: /operations/0/index); give it a \"name\""},
      {"index of a new model without name",
       holding(
           R"({"op": "CreateModel", "name": "T", "fields": [], "options": {"indexes": [{"name": "i", "fields": ["a"]}, {"fields": ["a"]}]}})"),
       "the index has no name (m.json: /operations/0/options/indexes/1); give it a \"name\""},
      {"unknown constraint",
       holding(
           R"({"op": "AddConstraint", "model_name": "b", "constraint": {"type": "ChekConstraint", "name": "c"}})"),
       "unknown constraint type \"ChekConstraint\" (m.json: /operations/0/constraint/type); did "
       "you mean \"CheckConstraint\"?"},
      {"unknown head of an expression",
       holding(
           R"({"op": "AddConstraint", "model_name": "b", "constraint": {"type": "CheckConstraint", "name": "c", "condition": ["lowr", {"F": "a"}]}})"),
       "unknown operator \"lowr\" (m.json: /operations/0/constraint/condition); did you mean "
       "\"lower\"?"},
      {"constraint under another name",
       holding(
           R"({"op": "AlterConstraint", "model_name": "b", "name": "c", "constraint": {"type": "UniqueConstraint", "name": "d", "fields": ["a"]}})"),
       "the constraint is named \"d\", the operation names \"c\" (m.json: "
       "/operations/0/constraint)"},
      {"NOT VALID of a unique constraint",
       holding(
           R"({"op": "AddConstraintNotValid", "model_name": "b", "constraint": {"type": "UniqueConstraint", "name": "c", "fields": ["a"]}})"),
       "expected a CheckConstraint: others can't be added without a look at the rows (m.json: "
       "/operations/0/constraint)"},
      {"index renamed from nothing",
       holding(R"({"op": "RenameIndex", "model_name": "b", "new_name": "i"})"),
       "either \"old_name\" or \"old_fields\" must say which index it is (m.json: "
       "/operations/0/new_name)"},
      {"index renamed from two",
       holding(
           R"({"op": "RenameIndex", "model_name": "b", "new_name": "i", "old_name": "j", "old_fields": ["a"]})"),
       "either \"old_name\" or \"old_fields\" must say which index it is (m.json: "
       "/operations/0/new_name)"},
      {"unique_together of numbers",
       holding(R"({"op": "AlterUniqueTogether", "name": "b", "unique_together": [[1]]})"),
       "expected a text, found 1 (m.json: /operations/0/unique_together/0/0)"},
      {"no SQL", holding(R"({"op": "RunSQL"})"),
       "expected \"sql\" or \"sql_file\", found neither (m.json: /operations/0)"},
      {"SQL and file", holding(R"({"op": "RunSQL", "sql": "x", "sql_file": "x.sql"})"),
       "expected either \"sql\" or \"sql_file\", found both (m.json: /operations/0)"},
      {"SQL is a number", holding(R"({"op": "RunSQL", "sql": 1})"),
       "expected a string or an array of statements, found 1 (m.json: /operations/0/sql)"},
      {"statement is an object", holding(R"({"op": "RunSQL", "sql": [{}]})"),
       "expected a statement or [statement, [parameter, ...]], found an object (m.json: "
       "/operations/0/sql/0)"},
      {"statement of three", holding(R"({"op": "RunSQL", "sql": [["x", [1], 2]]})"),
       "expected [statement, [parameter, ...]], found another array (m.json: /operations/0/sql/0)"},
      {"statement without parameters", holding(R"({"op": "RunSQL", "sql": [["x", 1]]})"),
       "expected [statement, [parameter, ...]], found another array (m.json: /operations/0/sql/0)"},
      {"no such SQL file", holding(R"({"op": "RunSQL", "sql_file": "gone.sql"})"),
       "the SQL file \"gone.sql\" does not exist (m.json: /operations/0/sql_file); it is looked "
       "for beside the migration"},
      {"SQL file above the folder", holding(R"({"op": "RunSQL", "sql_file": "../x.sql"})"),
       "the SQL file \"../x.sql\" is not beside the migration (m.json: /operations/0/sql_file); "
       "name it relative to the migration's folder, without \"..\""},
      {"SQL file anywhere", holding(R"({"op": "RunSQL", "sql": "x", "reverse_sql_file": "/x"})"),
       "the SQL file \"/x\" is not beside the migration (m.json: /operations/0/reverse_sql_file); "
       "name it relative to the migration's folder, without \"..\""},
      {"wrong inside of another operation",
       holding(
           R"({"op": "SeparateDatabaseAndState", "state_operations": [{"op": "RunSQL", "sql": "x", "state_operations": [{"op": "DeleteModl"}]}]})"),
       "unknown operation \"DeleteModl\" (m.json: "
       "/operations/0/state_operations/0/state_operations/0/op); did you mean \"DeleteModel\"?"},
      {"code without name", holding(R"({"op": "RunCpp", "code": null})"),
       "expected a text, found null (m.json: /operations/0/code)"},
  };
  for (const Broken& broken : cases) {
    check("migration", broken,
          [](const std::string& text) { return read_migration("blog", "m.json", text); });
  }
}

TEST_CASE("broken snapshots are refused with place and advice") {
  const auto models = [](const std::string& list) {
    return R"({"turnstone": 1, "leaf": [], "digest": "sha256:0", "models": )" + list + "}";
  };
  const Broken cases[] = {
      {"empty", "",
       "expected a value, found the end of the file (snapshot.json: line 1, column 1)"},
      {"conflict marks", "<<<<<<< HEAD\n{}",
       "expected a value, found \"<\" (snapshot.json: line 1, column 1); the file holds conflict "
       "marks of a "
       "merge: settle it, for a snapshot with makemigrations --merge"},
      {"newer version", R"({"turnstone": 3})",
       "format version 3 is not known, expected 1 (snapshot.json: /turnstone); a newer turnstone "
       "wrote this file: upgrade this one"},
      {"unknown key", R"({"turnstone": 1, "leafs": [], "digest": "sha256:0", "models": []})",
       "unknown key \"leafs\" (snapshot.json: /); did you mean \"leaf\"?"},
      {"no digest", R"({"turnstone": 1, "leaf": [], "models": []})",
       "the key \"digest\" is missing (snapshot.json: /)"},
      {"another digest", R"({"turnstone": 1, "leaf": [], "digest": "md5:0", "models": []})",
       "expected \"sha256:...\", found \"md5:0\" (snapshot.json: /digest)"},
      {"leaf is text", R"({"turnstone": 1, "leaf": "x", "digest": "sha256:0", "models": []})",
       "expected an array, found \"x\" (snapshot.json: /leaf)"},
      {"models are an object", models("{}"),
       "expected an array, found an object (snapshot.json: /models)"},
      {"model twice", models(R"([{"name": "A", "fields": []}, {"name": "a", "fields": []}])"),
       "the model \"a\" is there twice (snapshot.json: /models/1)"},
      {"unknown key of a model", models(R"([{"name": "A", "feilds": []}])"),
       "unknown key \"feilds\" (snapshot.json: /models/0); did you mean \"fields\"?"},
      {"wrong field", models(R"([{"name": "A", "fields": [{"name": "x", "type": "Text"}]}])"),
       "unknown field type \"Text\" (snapshot.json: /models/0/fields/0/type)"},
  };
  for (const Broken& broken : cases) {
    check("snapshot", broken,
          [](const std::string& text) { return read_snapshot("blog", "snapshot.json", text); });
  }
}

TEST_CASE("an error of a folder names the file in it") {
  test::TemporaryFolder folder;
  std::ofstream(folder.path() / "0001_good.json") << R"({"turnstone": 1, "operations": []})";
  std::ofstream(folder.path() / "0002_bad.json") << R"({"turnstone": 1})";
  try {
    load_migrations("blog", folder.path());
    FAIL_CHECK("accepted");
  } catch (const Error& error) {
    CHECK(error.where() == (folder.path() / "0002_bad.json").string() + ": /");
  }
}

}  // namespace
}  // namespace turnstone::migrations
