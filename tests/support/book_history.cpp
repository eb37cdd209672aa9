#include "support/book_history.h"

#include <doctest/doctest.h>

#include "support/fields.h"

namespace turnstone::test {

using namespace migrations;

Operations first_books() {
  Options options;
  options.indexes = {Index{.name = "book_title_idx", .fields = {"title"}}};
  return {
      {CreateModel{.name = "Author", .fields = {id_field(), text_field("name")}}},
      {CreateModel{.name = "Book",
                   .fields = {id_field(), text_field("title"), key_field("author", "lab.Author")},
                   .options = options}}};
}

Operations second_books() {
  return {{AddField{.model_name = "book",
                    .field = with_default(field_of(FieldType::integer, "pages"), 7),
                    .preserve_default = false}},
          {AlterField{.model_name = "book", .field = text_field("title", true)}},
          {RunCpp{.code = "lab.fill", .reverse_code = "noop"}},
          {RunSQL{.sql = {.statements = {{.sql = "UPDATE lab_author SET name = 'X' WHERE id = 1"}}},
                  .reverse_sql = RunSQL::Source{}}},
          {RenameField{.model_name = "author", .old_name = "name", .new_name = "label"}},
          {CreateModel{.name = "Shelf", .fields = {id_field(), text_field("place")}}}};
}

void add_book_history(Lab& lab) {
  lab.functions().add("lab.fill", [](MigrationContext& context) {
    context.model("lab.Book").update({{"title", std::string("filled")}}, {{"id", std::int64_t{1}}});
  });
  lab.add("0001_first", first_books());
  lab.add("0002_second", second_books());
}

const char* const book_rows =
    "INSERT INTO lab_author (id, name) VALUES (1, 'Ada'), (2, 'Bob');"
    "INSERT INTO lab_book (id, title, author_id) VALUES (1, 'One', 1), (2, 'Two', 2)";

std::vector<std::string> history_names(Connection& connection, const Backend& backend) {
  std::vector<std::string> names;
  const History history = recorder::read(connection, backend);
  for (const auto& row : history.rows()) {
    names.push_back(row.first.name);
  }
  return names;
}

std::string settings_of(Connection& connection, const Dialect& dialect) {
  std::vector<std::string> queries = {"SHOW lock_timeout", "SHOW statement_timeout",
                                      "SHOW search_path", "SHOW TimeZone"};
  if (dialect.name() == "sqlite") {
    queries = {"PRAGMA foreign_keys", "PRAGMA legacy_alter_table", "PRAGMA defer_foreign_keys",
               "PRAGMA writable_schema"};
  }
  std::string text = connection.in_transaction() ? "in a transaction;" : "";
  for (const std::string& query : queries) {
    text += cell_text(connection.query(query).rows.at(0).at(0)) + ";";
  }
  return text;
}

Picture picture(Lab& lab, Connection& session) {
  return {lab.backend().introspect(session), lab.rows(), history_names(session, lab.backend()),
          settings_of(session, lab.dialect())};
}

void check_same(const Picture& now, const Picture& before) {
  CHECK(lines(schema_differences(now.schema, before.schema)) == "");
  CHECK(now.rows == before.rows);
  CHECK(now.history == before.history);
  CHECK(now.settings == before.settings);
}

}  // namespace turnstone::test
