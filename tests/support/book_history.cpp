#include "support/book_history.h"

#include <doctest/doctest.h>

#include "support/fields.h"

namespace turnstone::test {

using namespace migrations;

Operations first_books() {
  Options options;
  options.indexes = {Index{.name = "book_title_idx", .fields = {"title"}}};
  options.constraints = {CheckConstraint{
      .name = "book_title_chk",
      .condition =
          Expression::call("<>", {Expression::field("title"), Expression::literal(Json::of(""))})}};
  return {
      {CreateModel{.name = "Author", .fields = {id_field(), text_field("name")}}},
      {CreateModel{.name = "Book",
                   .fields = {id_field(), text_field("title"), key_field("author", "lab.Author")},
                   .options = options}}};
}

Operations second_books() {
  return {
      {AddField{.model_name = "book",
                .field = with_default(field_of(FieldType::integer, "pages"), 7),
                .preserve_default = false}},
      {AlterField{.model_name = "book", .field = text_field("title", true)}},
      {RunCpp{.code = "lab.fill", .reverse_code = "noop"}},
      {RunSQL{.sql = {.statements = {{.sql = "UPDATE lab_author SET name = 'X' WHERE id = 1"}}},
              .reverse_sql = RunSQL::Source{}}},
      {RenameField{.model_name = "author", .old_name = "name", .new_name = "label"}},
      {CreateModel{.name = "Shelf", .fields = {id_field(), text_field("place")}}},
      {RenameConstraint{
          .model_name = "book", .old_name = "book_title_chk", .new_name = "title_given"}},
      {RenameIndex{.model_name = "book", .new_name = "title_idx", .old_name = "book_title_idx"}}};
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

void add_vocabulary_history(Lab& lab) {
  const auto list = [](Operations operations) {
    return std::make_shared<const Operations>(std::move(operations));
  };
  Field small_id = id_field();
  small_id.type = FieldType::auto_field;
  Field parent = key_field("place_ptr", "lab.Place", OnDelete::cascade, false);
  parent.type = FieldType::one_to_one;
  parent.primary_key = true;
  parent.parent_link = true;
  Field place_key = key_field("cafe", "lab.Cafe");
  lab.add("0001_first", {{CreateModel{.name = "Place", .fields = {small_id, text_field("name")}}},
                         {CreateModel{.name = "Cafe",
                                      .fields = {parent, field_of(FieldType::integer, "seats")},
                                      .bases = {"lab.Place"}}},
                         {CreateModel{.name = "Visit",
                                      .fields = {id_field(), text_field("note"), place_key,
                                                 many_field("seen", "lab.Place")}}}});
  Field doubled{.name = "double", .type = FieldType::generated};
  doubled.expression =
      Expression::call("*", {Expression::field("seats"), Expression::literal(Json::of(2))});
  doubled.output_field = std::make_shared<const Field>(Field{.type = FieldType::integer});
  Field status = with_default(text_field("status"), "new");
  status.choices = {Json::of("new"), Json::of("old")};
  status.choices_check = true;
  place_key.db_on_delete = true;
  Field through = many_field("seen", "lab.Place");
  through.through = "lab.Sight";
  Field visit = key_field("visit", "lab.Visit", OnDelete::cascade, false);
  Field place = key_field("place", "lab.Place", OnDelete::cascade, false);
  Options sight;
  sight.db_table = "lab_visit_seen";
  sight.unique_together = {{"visit", "place"}};
  Field pair{.name = "pk", .type = FieldType::composite_primary_key};
  pair.fields = {"row", "number"};
  lab.add("0002_second",
          {{AlterField{.model_name = "place", .field = id_field()}},
           {AddField{.model_name = "cafe", .field = doubled}},
           {AddField{.model_name = "visit", .field = status}},
           {AlterOrderWithRespectTo{"visit", "cafe"}},
           {AlterField{.model_name = "visit", .field = place_key}},
           {SeparateDatabaseAndState{
               nullptr,
               list({{CreateModel{
                         .name = "Sight", .fields = {id_field(), visit, place}, .options = sight}},
                     {AlterField{.model_name = "visit", .field = through}}})}},
           {AddField{.model_name = "sight", .field = text_field("how", true)}},
           {AlterModelTable{"sight", ""}},
           {CreateModel{.name = "Seat",
                        .fields = {pair, field_of(FieldType::integer, "row"),
                                   field_of(FieldType::integer, "number")}}},
           {AlterField{.model_name = "visit", .field = field_of(FieldType::text, "note")}}});
}

const char* const vocabulary_rows =
    "INSERT INTO lab_place (id, name) VALUES (1, 'One'), (2, 'Two');"
    "INSERT INTO lab_cafe (place_ptr_id, seats) VALUES (2, 4);"
    "INSERT INTO lab_visit (id, note, cafe_id) VALUES (1, 'a', 2), (2, 'b', NULL);"
    "INSERT INTO lab_visit_seen (id, visit_id, place_id) VALUES (1, 1, 1), (2, 1, 2)";

const std::vector<DisturbedHistory>& disturbed_histories() {
  static const std::vector<DisturbedHistory> histories = {
      {"books", add_book_history, book_rows, "DELETE FROM lab_book; DELETE FROM lab_author"},
      {"vocabulary", add_vocabulary_history, vocabulary_rows,
       "DELETE FROM lab_visit_seen; DELETE FROM lab_visit; DELETE FROM lab_cafe;"
       "DELETE FROM lab_place"},
  };
  return histories;
}

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
