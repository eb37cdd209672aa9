#include <doctest/doctest.h>
#include <turnstone/drivers/open.h>
#include <turnstone/migrations/compile.h>
#include <turnstone/migrations/functions.h>

#include <functional>
#include <set>
#include <variant>

#include "support/lab.h"

// Every operation, on both databases: forwards, the live schema is the predicted one, rows are
// there, backwards, the live schema is that of the start, and rows are there again.

using namespace turnstone;
using namespace turnstone::migrations;
using test::Dump;
using test::Lab;

namespace {

Field id() { return Field{.name = "id", .type = FieldType::big_auto_field, .primary_key = true}; }
Field text(const std::string& name, bool null = false) {
  Field field{.name = name, .type = FieldType::character, .null = null};
  field.max_length = 40;
  return field;
}
Field integer(const std::string& name) { return Field{.name = name, .type = FieldType::integer}; }
Field key(const std::string& name, const std::string& to) {
  Field field{.name = name, .type = FieldType::foreign_key, .null = true};
  field.to = to;
  field.on_delete = OnDelete::cascade;
  return field;
}
Field many(const std::string& name, const std::string& to) {
  Field field{.name = name, .type = FieldType::many_to_many};
  field.to = to;
  return field;
}
template <class T>
Field with_default(Field field, T value) {
  field.default_value = Json::of(value);
  return field;
}
Expression f(const std::string& name) { return Expression::field(name); }
Expression over(const std::string& name, int value) {
  return Expression::call(">=", {f(name), Expression::literal(Json::of(value))});
}

/// Author 2 rows, Tag 2 rows, Book 3 rows with a key, a self reference, tags, an index, a check, a
/// unique constraint.
Operations start() {
  Options book;
  book.indexes = {Index{.name = "book_title_idx", .fields = {"title"}}};
  book.constraints = {CheckConstraint{.name = "book_pages_chk", .condition = over("pages", 0)},
                      UniqueConstraint{.name = "book_uniq", .fields = {"title", "pages"}}};
  book.unique_together = {{"title", "isbn"}};
  Field isbn = text("isbn", true);
  isbn.unique = true;
  Field indexed = text("shelf");
  indexed.db_index = true;
  return {
      {CreateModel{.name = "Author", .fields = {id(), text("name"), text("nick", true)}}},
      {CreateModel{.name = "Tag", .fields = {id(), text("label")}}},
      {CreateModel{.name = "Book",
                   .fields = {id(), text("title"), integer("pages"), isbn, indexed,
                              text("note", true), key("author", "lab.Author"),
                              key("sequel", "lab.Book"), many("tags", "lab.Tag")},
                   .options = book}},
  };
}

const char* const rows =
    "INSERT INTO lab_author (id, name, nick) VALUES (1, 'Ada', 'a'), (2, 'Bob', NULL);"
    "INSERT INTO lab_tag (id, label) VALUES (1, 'old'), (2, 'new');"
    "INSERT INTO lab_book (id, title, pages, isbn, shelf, note, author_id, sequel_id) VALUES "
    "(1, 'One', 100, 'i1', 's', 'n1', 1, NULL), (2, 'Two', 200, 'i2', 's', NULL, 1, 1), "
    "(3, 'Thr''ee', 300, NULL, 't', 'n3', NULL, NULL);"
    "INSERT INTO lab_book_tags (id, book_id, tag_id) VALUES (1, 1, 1), (2, 1, 2), (3, 3, 2);";

struct Case {
  std::string label{};
  Operation operation{};
  /// Tables whose rows may differ afterwards (forwards), and after the way back.
  std::set<std::string> changed{};
  std::set<std::string> lost{};
  bool postgresql_only = false;
  bool atomic = true;
};

std::vector<Case> cases() {
  const Field plain = text("extra", true);
  Field renamed_column = text("title");
  renamed_column.db_column = "heading";
  Field long_title = text("title");
  long_title.max_length = 200;
  Field big_pages = integer("pages");
  big_pages.type = FieldType::big_integer;
  Field positive = integer("pages");
  positive.type = FieldType::positive_integer;
  Field as_text = text("note", true);
  as_text.type = FieldType::text;
  as_text.max_length.reset();
  Field unindexed = text("shelf");
  Field unique_shelf = text("note", true);
  unique_shelf.unique = true;
  Field json{.name = "meta", .type = FieldType::json};
  json.default_value = Json::parse("{}");
  Field unconstrained = key("author", "lab.Author");
  unconstrained.db_constraint = false;
  Field with_db_default = integer("stars");
  with_db_default.db_default = Expression::literal(Json::of(3));
  Field by_function{.name = "token", .type = FieldType::uuid};
  by_function.default_value = DefaultFunction{"uuid4"};
  Index index{.name = "book_two_idx", .fields = {"-pages", "title"}};
  Index partial{.name = "book_part_idx", .fields = {"pages"}, .condition = over("pages", 150)};
  Index expression{.name = "book_expr_idx",
                   .expressions = {Expression::call("lower", {f("title")})}};
  const CheckConstraint check{.name = "book_new_chk", .condition = over("pages", 1)};
  const UniqueConstraint unique{.name = "book_new_uniq", .fields = {"title"}};
  const UniqueConstraint partial_unique{
      .name = "book_part_uniq", .fields = {"note"}, .condition = over("pages", 150)};
  const auto many_operations = [](Operations list) {
    return std::make_shared<const Operations>(std::move(list));
  };
  RunSQL sql;
  sql.sql.statements = {{"UPDATE lab_book SET note = 'sql' WHERE id = 2", {}}};
  sql.reverse_sql = RunSQL::Source{};
  sql.reverse_sql->statements = {{"UPDATE lab_book SET note = NULL WHERE id = 2", {}}};
  RunSQL script;
  script.sql.text = "CREATE TABLE side (a integer); INSERT INTO side VALUES (1); DROP TABLE side;";
  script.reverse_sql = RunSQL::Source{};

  RunSQL with_parameters;
  with_parameters.sql.statements = {
      {"UPDATE lab_book SET note = ? WHERE id = ?", {Json::of("it's ?"), Json::of(2)}}};
  with_parameters.reverse_sql = RunSQL::Source{};
  with_parameters.reverse_sql->statements = {
      {"UPDATE lab_book SET note = $1 WHERE id = $2", {Json{}, Json::of(2)}}};
  with_parameters.elidable = true;
  RunSQL by_hand;
  by_hand.sql.statements = {{"ALTER TABLE lab_book ADD COLUMN extra varchar(40) NULL", {}},
                            {"CREATE INDEX extra_idx ON lab_book (extra)", {}}};
  by_hand.reverse_sql = RunSQL::Source{};
  by_hand.reverse_sql->text = "DROP INDEX extra_idx; ALTER TABLE lab_book DROP COLUMN extra;";
  by_hand.state_operations =
      many_operations({{AddField{"book", plain}},
                       {AddIndex{"book", Index{.name = "extra_idx", .fields = {"extra"}}}}});
  RunSQL nothing;
  nothing.sql.text = "";
  nothing.reverse_sql = RunSQL::Source{};
  // What the database does and what the state is told differ in their operations, not in the end.
  const Operation inner{SeparateDatabaseAndState{
      many_operations({{RemoveIndex{"book", "book_title_idx"}}, {AddIndex{"book", index}}}),
      nullptr}};
  const Operation nested{SeparateDatabaseAndState{
      many_operations({inner, Operation{sql}, Operation{RemoveField{"book", "note"}}}),
      many_operations(
          {{RemoveField{"book", "note"}},
           {SeparateDatabaseAndState{
               nullptr, many_operations({{AddIndex{"book", index}},
                                         {RemoveIndex{"book", "book_title_idx"}}})}}})}};

  std::vector<Case> list = {
      {"create a model",
       {CreateModel{.name = "Shop", .fields = {id(), text("name"), key("best", "lab.Book")}}}},
      {"create a model with a many-to-many field to itself",
       {CreateModel{.name = "Node", .fields = {id(), many("peers", "lab.Node")}}}},
      {"delete a model", {DeleteModel{"Gone"}}},
      {"rename a model that others refer to", {RenameModel{"Author", "Writer"}}},
      {"rename a model with keys, indexes and tags", {RenameModel{"Book", "Volume"}}},
      {"move a model that others refer to", {MoveModel{"Author", "people"}}},
      {"move a model with keys, indexes and tags", {MoveModel{"Book", "people"}}},
      {"change a table's name", {AlterModelTable{"book", "shelf_of_books"}}},
      {"change a table's name to other capitals", {AlterModelTable{"book", "LAB_Book"}}},
      {"set a table comment", {AlterModelTableComment{"book", "it's books"}}},
      {"replace unique_together", {AlterUniqueTogether{"book", {{"title", "shelf"}}}}},
      {"drop unique_together", {AlterUniqueTogether{"book", {}}}},
      {"order with respect to", {AlterOrderWithRespectTo{"book", "author"}}, {"lab_book"}},
      {"change options", {AlterModelOptions{.name = "book", .base_manager_name = "objects"}}},
      {"add a nullable field", {AddField{"book", plain}}, {"lab_book"}},
      {"add a field with a default",
       {AddField{"book", with_default(integer("year"), 1999)}},
       {"lab_book"}},
      {"add a field with a one-off default",
       {AddField{"book", with_default(text("lang"), "en"), false}},
       {"lab_book"}},
      {"add a field with a database default", {AddField{"book", with_db_default}}, {"lab_book"}},
      {"add a field filled by a function", {AddField{"book", by_function}}, {"lab_book"}},
      {"add a JSON field", {AddField{"book", json}}, {"lab_book"}},
      {"add a key", {AddField{"book", key("editor", "lab.Author")}}, {"lab_book"}},
      {"add a many-to-many field", {AddField{"tag", many("authors", "lab.Author")}}},
      {"remove a field", {RemoveField{"book", "note"}}, {"lab_book"}, {"lab_book"}},
      {"remove an indexed field", {RemoveField{"book", "shelf"}}, {"lab_book"}, {"lab_book"}},
      {"remove a unique field used in unique_together",
       {SeparateDatabaseAndState{
           many_operations({{AlterUniqueTogether{"book", {}}}, {RemoveField{"book", "isbn"}}}),
           many_operations({{AlterUniqueTogether{"book", {}}}, {RemoveField{"book", "isbn"}}})}},
       {"lab_book"},
       {"lab_book"}},
      {"remove a key", {RemoveField{"book", "author"}}, {"lab_book"}, {"lab_book"}},
      {"remove a many-to-many field",
       {RemoveField{"book", "tags"}},
       {"lab_book_tags"},
       {"lab_book_tags"}},
      {"alter: longer text", {AlterField{"book", long_title}}},
      {"alter: bigger integer", {AlterField{"book", big_pages}}},
      {"alter: positive integer", {AlterField{"book", positive}}},
      {"alter: varchar to text", {AlterField{"book", as_text}}},
      {"alter: NOT NULL with a default for NULLs",
       {AlterField{"book", with_default(text("note"), "none"), false}},
       {"lab_book"},
       {"lab_book"}},
      {"alter: NULL allowed", {AlterField{"book", text("title", true)}}},
      {"alter: no index", {AlterField{"book", unindexed}}},
      {"alter: unique", {AlterField{"book", unique_shelf}}},
      {"alter: column name", {AlterField{"book", renamed_column}}, {"lab_book"}},
      {"alter: key without a constraint", {AlterField{"book", unconstrained}}},
      {"rename a field used in index, check, unique",
       {RenameField{"book", "title", "heading"}},
       {"lab_book"}},
      {"rename a field to other capitals", {RenameField{"book", "note", "Note"}}, {"lab_book"}},
      {"rename a key", {RenameField{"book", "author", "writer"}}, {"lab_book"}},
      {"rename a many-to-many field", {RenameField{"book", "tags", "labels"}}},
      {"add an index", {AddIndex{"book", index}}},
      {"add a partial index", {AddIndex{"book", partial}}},
      {"add an expression index", {AddIndex{"book", expression}}},
      {"remove an index", {RemoveIndex{"book", "book_title_idx"}}},
      {"rename an index", {RenameIndex{"book", "book_t_idx", "book_title_idx", {}}}},
      {"rename an index by its fields", {RenameIndex{"book", "book_t_idx", "", {"title"}}}},
      {"add a check", {AddConstraint{"book", check}}},
      {"add a unique constraint", {AddConstraint{"book", unique}}},
      {"add a partial unique constraint", {AddConstraint{"book", partial_unique}}},
      {"remove a check", {RemoveConstraint{"book", "book_pages_chk"}}},
      {"remove a unique constraint", {RemoveConstraint{"book", "book_uniq"}}},
      {"alter a constraint",
       {AlterConstraint{
           "book", "book_pages_chk",
           CheckConstraint{.name = "book_pages_chk", .condition = over("pages", -5)}}}},
      {"rename a check", {RenameConstraint{"book", "book_pages_chk", "book_length_chk"}}},
      {"rename a unique constraint", {RenameConstraint{"book", "book_uniq", "book_twice"}}},
      {"raw SQL", {sql}, {"lab_book"}},
      {"raw SQL in one text", {script}},
      {"raw SQL with parameters", {with_parameters}, {"lab_book"}},
      {"raw SQL that makes what the state is told", {by_hand}, {"lab_book"}},
      {"raw SQL that does nothing", {nothing}},
      {"a registered function", {RunCpp{"lab.shout", "lab.whisper"}}, {"lab_book"}},
      {"database and state apart",
       {SeparateDatabaseAndState{many_operations({{AddIndex{"book", index}}}),
                                 many_operations({{AddIndex{"book", index}}})}}},
      {"database and state apart, nested", nested, {"lab_book"}, {"lab_book"}},
      {"an extension", {CreateExtension{"citext"}}},
      {"a collation", {CreateCollation{.name = "lab_c", .locale = "C"}}},
      {"a collation that takes capitals for the same",
       {CreateCollation{"lab_ci", "und-u-ks-level2", "icu", false}}},
      {"remove a collation", {RemoveCollation{.name = "lab_old", .locale = "C"}}},
      {"an index while others work", {AddIndexConcurrently{"book", index}}, {}, {}, false, false},
      {"drop an index while others work",
       {RemoveIndexConcurrently{"book", "book_title_idx"}},
       {},
       {},
       false,
       false},
      {"a check that is not valid yet", {AddConstraintNotValid{"book", check}}, {}, {}},
      {"validate a check", {ValidateConstraint{"book", "book_pages_chk"}}},
  };
  return list;
}

struct TagOf {
  template <class T>
  std::string operator()(const T&) const {
    return std::string(T::tag);
  }
};

template <class... Ts>
std::set<std::string> all_tags(std::type_identity<std::variant<Ts...>>) {
  return {std::string(Ts::tag)...};
}

/// `dump` without the tables in `except`, and without columns that only one side has.
Dump without(Dump dump, const std::set<std::string>& except) {
  for (const std::string& table : except) dump.erase(table);
  return dump;
}

/// The rows of both sides without names of tables: a renamed table keeps its rows.
std::multiset<std::vector<std::map<std::string, std::string>>> contents(const Dump& dump) {
  std::multiset<std::vector<std::map<std::string, std::string>>> result;
  for (const auto& [table, table_rows] : dump) {
    if (table_rows.empty()) continue;
    std::vector<std::map<std::string, std::string>> values;
    for (const auto& row : table_rows) {
      // Columns may be renamed: values alone, by value.
      std::map<std::string, std::string> cells;
      int n = 0;
      std::multiset<std::string> sorted;
      for (const auto& [column, value] : row) sorted.insert(value);
      for (const std::string& value : sorted) cells[std::to_string(n++)] = value;
      values.push_back(cells);
    }
    std::sort(values.begin(), values.end());
    result.insert(values);
  }
  return result;
}

}  // namespace

static_assert(std::variant_size_v<OperationVariant> == 30,
              "a new operation needs a case in the life-cycle list below, then count it here");

TEST_CASE("every operation has a life-cycle case") {
  std::set<std::string> listed;
  for (const Case& item : cases()) listed.insert(match(item.operation, TagOf{}));
  CHECK(listed == all_tags(std::type_identity<OperationVariant>{}));
}

TEST_CASE("every operation goes forwards and back, and rows stay") {
  for (const std::string& dialect : test::test_dialects()) {
    for (const Case& item : cases()) {
      if (item.postgresql_only && dialect != "postgresql") continue;
      CAPTURE(dialect);
      CAPTURE(item.label);
      Lab lab(dialect);
      Operations first = start();
      first.push_back({CreateModel{.name = "Gone", .fields = {id(), text("name")}}});
      first.push_back({CreateCollation{.name = "lab_old", .locale = "C"}});
      lab.functions().add("lab.shout", [](MigrationContext& context) {
        context.model("lab.Book")
            .update({{"note", std::string("loud")}}, {{"id", std::int64_t{2}}});
      });
      lab.functions().add("lab.whisper", [](MigrationContext& context) {
        context.model("lab.Book").update({{"note", Value{}}}, {{"id", std::int64_t{2}}});
      });
      lab.add("0001_initial", first);
      lab.migrate();
      const ProjectState start_state = lab.state();
      REQUIRE(test::lines(lab.drift(start_state)) == "");
      lab.execute(rows);
      const Dump before = lab.rows();

      Migration& migration = lab.add("0002_change", {item.operation});
      migration.atomic = item.atomic;
      migration.digest = digest_of(migration);
      for (const std::string& app : apps_moved_to(migration.operations)) {
        Migration& arrival = lab.add("0001_arrival", {});
        arrival.id.app = app;
        arrival.digest = digest_of(arrival);
      }
      lab.migrate();
      std::vector<std::string> drift = lab.drift(lab.state());
      const bool not_valid = std::holds_alternative<AddConstraintNotValid>(item.operation.value) &&
                             dialect == "postgresql";
      if (not_valid) drift.erase(drift.begin());  // the one difference: it is not validated
      CHECK(test::lines(drift) == "");
      const Dump after = lab.rows();
      CHECK(contents(without(after, item.changed)) == contents(without(before, item.changed)));
      for (const auto& [table, table_rows] : before) {
        if (after.contains(table) && !item.changed.contains(table)) {
          CHECK(after.at(table).size() == table_rows.size());
        }
      }

      lab.migrate("0001_initial");
      CHECK(test::lines(lab.drift(start_state)) == "");
      CHECK(without(lab.rows(), item.lost) == without(before, item.lost));

      lab.migrate();
      lab.migrate("zero");
      CHECK(lab.rows().empty());
    }
  }
}

TEST_CASE("operations on unmanaged models and proxies ask nothing of a database") {
  Options unmanaged;
  unmanaged.managed = false;
  unmanaged.indexes = {Index{.name = "i", .fields = {"title"}}};
  unmanaged.constraints = {CheckConstraint{.name = "c", .condition = over("pages", 0)}};
  Options proxy;
  proxy.proxy = true;
  const std::vector<Field> fields = {id(), text("title"), integer("pages")};
  const Operation made{CreateModel{.name = "Book", .fields = fields, .options = unmanaged}};
  const Operation proxied{CreateModel{.name = "Label", .options = proxy, .bases = {"lab.Tag"}}};
  Field longer = text("title");
  longer.max_length = 80;
  const Operations silent = {
      made,
      proxied,
      {RenameModel{"Label", "Sticker"}},
      {MoveModel{"Sticker", "shop"}},
      {RenameModel{"Book", "Tome"}},
      {AlterModelTable{"tome", "tomes"}},
      {AlterModelTableComment{"tome", "c"}},
      {AlterModelOptions{.name = "tome", .managed = false, .base_manager_name = "m"}},
      {AddField{"tome", text("note", true)}},
      {AlterField{"tome", longer}},
      {RenameField{"tome", "title", "heading"}},
      {AlterUniqueTogether{"tome", {{"heading", "pages"}}}},
      {AlterUniqueTogether{"tome", {}}},
      {AddIndex{"tome", Index{.name = "j", .fields = {"pages"}}}},
      {RenameIndex{"tome", "k", "j", {}}},
      {RemoveIndex{"tome", "k"}},
      {AddConstraint{"tome", UniqueConstraint{.name = "u", .fields = {"pages"}}}},
      {RenameConstraint{"tome", "u", "v"}},
      {AlterConstraint{"tome", "v", CheckConstraint{.name = "v", .condition = over("pages", 1)}}},
      {RemoveConstraint{"tome", "v"}},
      {RemoveField{"tome", "note"}},
      {MoveModel{"Tome", "shop"}},
  };
  for (const char* name : {"sqlite", "postgresql"}) {
    const Dialect& dialect = dialect_for(name);
    const Functions functions;
    Moment moment;
    forward_steps(moment, "lab", {CreateModel{.name = "Tag", .fields = {id(), text("label")}}},
                  dialect, functions);
    for (const Operation& operation : silent) {
      CAPTURE(name);
      CAPTURE(describe(operation));
      const Moment before = moment;
      CHECK(forward_steps(moment, "lab", operation, dialect, functions).empty());
      CHECK(backward_steps(before, moment, "lab", operation, dialect, functions).empty());
    }
  }
}

TEST_CASE("changes that no table shows ask nothing of a database") {
  Options options;
  options.db_table = "books";
  options.order_with_respect_to = "author";
  const auto with = [](Field field, const auto& change) {
    change(field);
    return field;
  };
  const Field day{.name = "day", .type = FieldType::date, .null = true};
  const Field pages = with(integer("pages"), [](Field& f) { f.db_column = "p"; });
  const Operations start = {
      {CreateModel{.name = "Author", .fields = {id(), text("name")}}},
      {CreateModel{.name = "Book",
                   .fields = {id(), text("title"), pages, day, key("author", "lab.Author"),
                              key("editor", "lab.Author")},
                   .options = options}}};
  struct Silent {
    std::string label;
    Operation operation;
    bool on_postgresql = true;
  };
  const Silent cases[] = {
      {"another default", {AlterField{"book", with_default(text("title"), "x")}}},
      {"a default by a function",
       {AlterField{"book",
                   with(day, [](Field& f) { f.default_value = DefaultFunction{"today"}; })}}},
      {"a time that sets itself",
       {AlterField{"book", with(day, [](Field& f) { f.auto_now = true; })}}},
      {"another rule of deletion",
       {AlterField{"book", with(key("author", "lab.Author"),
                                [](Field& f) { f.on_delete = OnDelete::protect; })}}},
      {"a reference that may be swapped",
       {AlterField{"book", with(key("author", "lab.Author"),
                                [](Field& f) { f.swappable = "AUTH_USER_MODEL"; })}}},
      {"a column written out",
       {AlterField{"book", with(text("title"), [](Field& f) { f.db_column = "title"; })}}},
      {"a comment of a column",
       {AlterField{"book", with(text("title"), [](Field& f) { f.db_comment = "c"; })}},
       false},
      {"a comment of a table", {AlterModelTableComment{"book", "c"}}, false},
      {"a model that keeps its table", {RenameModel{"Book", "Tome"}}},
      {"a field that keeps its column", {RenameField{"book", "pages", "leaves"}}},
      {"the same table", {AlterModelTable{"book", "books"}}},
      {"order within another key", {AlterOrderWithRespectTo{"book", "editor"}}},
      {"options", {AlterModelOptions{.name = "book", .base_manager_name = "all"}}},
      {"a name of the state alone",
       {SeparateDatabaseAndState{nullptr, std::make_shared<const Operations>(Operations{
                                              {RenameField{"book", "title", "heading"}}})}}},
  };
  for (const char* name : {"sqlite", "postgresql"}) {
    const Dialect& dialect = dialect_for(name);
    const Functions functions;
    for (const Silent& item : cases) {
      if (!item.on_postgresql && dialect.name() == "postgresql") continue;
      CAPTURE(name);
      CAPTURE(item.label);
      Moment moment;
      for (const Operation& operation : start) {
        forward_steps(moment, "lab", operation, dialect, functions);
      }
      const Moment before = moment;
      CHECK(forward_steps(moment, "lab", item.operation, dialect, functions).empty());
      CHECK(backward_steps(before, moment, "lab", item.operation, dialect, functions).empty());
    }
  }
}
