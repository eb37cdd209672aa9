#include <doctest/doctest.h>
#include <turnstone/identifier.h>
#include <turnstone/schema/lower.h>

#include <functional>
#include <set>

#include "support/field_samples.h"
#include "support/fields.h"
#include "support/lab.h"

// What a field or a model can be beyond the plain ones: forwards the live schema is the predicted
// one and rows are what they should be, backwards both are as before.

using namespace turnstone;
using namespace turnstone::migrations;
using test::Dump;
using test::field_of;
using test::id_field;
using test::key_field;
using test::Lab;
using test::many_field;
using test::text_field;

namespace vocabulary {
namespace {

struct Story {
  std::string label{};
  Operations before{};
  std::string rows{};
  Operations change{};
  /// Queries and the one cell they give, after the change.
  std::vector<std::pair<std::string, std::string>> then{};
  /// Queries and cells after the way back; where empty, all rows are as before.
  std::vector<std::pair<std::string, std::string>> back{};
  bool sqlite = true;
  bool postgresql = true;
};

Field generated(const std::string& name, Expression expression, Field output, bool stored = true) {
  Field field{.name = name, .type = FieldType::generated};
  field.expression = std::move(expression);
  field.output_field = std::make_shared<const Field>(std::move(output));
  field.db_persist = stored;
  return field;
}
Field integer(const std::string& name) { return field_of(FieldType::integer, name); }
Field unnamed(FieldType type) { return Field{.type = type}; }
Expression f(const std::string& name) { return Expression::field(name); }
Expression twice(const std::string& name) {
  return Expression::call("*", {f(name), Expression::literal(Json::of(2))});
}
Field composite(std::vector<std::string> fields) {
  Field field{.name = "pk", .type = FieldType::composite_primary_key};
  field.fields = std::move(fields);
  return field;
}
Field primary(Field field) {
  field.primary_key = true;
  return field;
}
Field link(const std::string& name, const std::string& to) {
  Field field{.name = name, .type = FieldType::one_to_one, .primary_key = true};
  field.to = to;
  field.on_delete = OnDelete::cascade;
  field.parent_link = true;
  return field;
}
Operations base() {
  return {{CreateModel{.name = "Author", .fields = {id_field(), text_field("name")}}},
          {CreateModel{.name = "Book",
                       .fields = {id_field(), text_field("title"), integer("pages"),
                                  key_field("author", "lab.Author")}}}};
}
const char* const base_rows =
    "INSERT INTO lab_author (id, name) VALUES (1, 'Ada'), (2, 'Bob');"
    "INSERT INTO lab_book (id, title, pages, author_id) VALUES (1, 'One', 10, 1), "
    "(2, 'Two', 20, NULL)";

std::vector<Story> generated_fields() {
  const Field doubled = generated("double", twice("pages"), unnamed(FieldType::integer));
  Field unique = doubled;
  unique.unique = true;
  Field indexed = doubled;
  indexed.db_index = true;
  const Field virtual_one = generated("double", twice("pages"), unnamed(FieldType::integer), false);
  const Field tripled =
      generated("double", Expression::call("*", {f("pages"), Expression::literal(Json::of(3))}),
                unnamed(FieldType::integer));
  const Field positive = generated("double", twice("pages"), unnamed(FieldType::positive_integer));
  const Field loud =
      generated("loud", Expression::call("upper", {f("title")}), unnamed(FieldType::text));
  Operations with = base();
  with.push_back({AddField{"book", doubled}});
  Operations with_virtual = base();
  with_virtual.push_back({AddField{"book", virtual_one}});
  const std::string doubled_two = "SELECT \"double\" FROM lab_book WHERE id = 2";
  Field filled = integer("double");
  filled.default_value = Json::of(5);
  return {
      {"add a stored generated field",
       base(),
       base_rows,
       {{AddField{"book", doubled}}},
       {{doubled_two, "40"}}},
      {"add a unique generated field",
       base(),
       base_rows,
       {{AddField{"book", unique}}},
       {{doubled_two, "40"}}},
      {"add an indexed generated field",
       base(),
       base_rows,
       {{AddField{"book", indexed}}},
       {{doubled_two, "40"}}},
      {"a generated field keeps the check of its type",
       base(),
       base_rows,
       {{AddField{"book", positive}}},
       {{doubled_two, "40"}}},
      {"a generated text",
       base(),
       base_rows,
       {{AddField{"book", loud}}},
       {{"SELECT loud FROM lab_book WHERE id = 1", "'ONE'"}}},
      {"add a virtual generated field",
       base(),
       base_rows,
       {{AddField{"book", virtual_one}}},
       {{doubled_two, "40"}},
       {},
       true,
       false},
      {"remove a generated field",
       with,
       base_rows,
       {{RemoveField{"book", "double"}}},
       {},
       {{doubled_two, "40"}}},
      {"change the expression of a generated field",
       with,
       base_rows,
       {{AlterField{"book", tripled}}},
       {{doubled_two, "60"}}},
      {"change what a generated field is made of",
       with,
       base_rows,
       {{AlterField{"book", field_of(FieldType::big_integer, "pages")}}},
       {{doubled_two, "40"}}},
      {"rename what a generated field is made of",
       with,
       base_rows,
       {{RenameField{"book", "pages", "leaves"}}},
       {{doubled_two, "40"}}},
      {"rename a generated field",
       with,
       base_rows,
       {{RenameField{"book", "double", "doubled"}}},
       {{"SELECT doubled FROM lab_book WHERE id = 2", "40"}}},
      {"a generated field gets an index",
       with,
       base_rows,
       {{AlterField{"book", indexed}}},
       {{doubled_two, "40"}}},
      {"a virtual field becomes a stored one",
       with_virtual,
       base_rows,
       {{AlterField{"book", doubled}}},
       {{doubled_two, "40"}},
       {},
       true,
       false},
      {"a plain field becomes a generated one by removal and addition",
       base(),
       base_rows,
       {{RemoveField{"book", "title"}},
        {AddField{"book", generated("title", twice("pages"), unnamed(FieldType::integer))}}},
       {{"SELECT title FROM lab_book WHERE id = 2", "40"}},
       {{"SELECT title FROM lab_book WHERE id = 2", "''"}}},
      {"a generated field becomes a plain one by removal and addition",
       with,
       base_rows,
       {{RemoveField{"book", "double"}}, {AddField{"book", filled, false}}},
       {{doubled_two, "5"}},
       {{doubled_two, "40"}}},
      {"a plain field is altered into a generated one",
       base(),
       base_rows,
       {{AlterField{"book", generated("pages", Expression::call("length", {f("title")}),
                                      unnamed(FieldType::integer))}}},
       {{"SELECT pages FROM lab_book WHERE id = 2", "3"}},
       {{"SELECT pages FROM lab_book WHERE id = 2", "0"}}},
      {"a generated field is altered into a plain one",
       with,
       base_rows,
       {{AlterField{"book", filled, false}}},
       {{doubled_two, "5"}},
       {{doubled_two, "40"}}},
  };
}

std::vector<Story> keys() {
  Operations plain_key = {
      {CreateModel{.name = "Thing",
                   .fields = {primary(integer("id")), integer("tenant"), text_field("name")}}},
      {CreateModel{.name = "Part",
                   .fields = {id_field(), key_field("thing", "lab.Thing"),
                              many_field("peers", "lab.Thing")}}}};
  const std::string thing_rows =
      "INSERT INTO lab_thing (id, tenant, name) VALUES (1, 1, 'a'), (5, 2, 'b');"
      "INSERT INTO lab_part (id, thing_id) VALUES (1, 5);"
      "INSERT INTO lab_part_peers (id, part_id, thing_id) VALUES (1, 1, 5)";
  const std::string insert_thing =
      "INSERT INTO lab_thing (tenant, name) VALUES (3, 'c') RETURNING id";
  Operations tenants = {{CreateModel{.name = "Thing",
                                     .fields = {composite({"tenant", "number"}), integer("tenant"),
                                                integer("number"), text_field("name")}}}};
  const std::string tenant_rows =
      "INSERT INTO lab_thing (tenant, number, name) VALUES (1, 1, 'a'), (1, 2, 'b')";
  Operations lone = {{CreateModel{.name = "Thing",
                                  .fields = {primary(field_of(FieldType::big_auto_field, "id")),
                                             integer("tenant"), text_field("name")}}}};
  const std::string lone_rows =
      "INSERT INTO lab_thing (id, tenant, name) VALUES (1, 1, 'a'), (5, 2, 'b')";
  Field code = primary(text_field("id"));
  Operations family = {
      {CreateModel{.name = "Place",
                   .fields = {primary(field_of(FieldType::auto_field, "id")), text_field("name")}}},
      {CreateModel{.name = "Cafe",
                   .fields = {link("place_ptr", "lab.Place"), text_field("menu")},
                   .bases = {"lab.Place"}}},
      {CreateModel{
          .name = "Visit",
          .fields = {id_field(), key_field("cafe", "lab.Cafe"), many_field("seen", "lab.Cafe")}}}};
  const std::string family_rows =
      "INSERT INTO lab_place (id, name) VALUES (1, 'p'), (2, 'q');"
      "INSERT INTO lab_cafe (place_ptr_id, menu) VALUES (2, 'tea');"
      "INSERT INTO lab_visit (id, cafe_id) VALUES (1, 2);"
      "INSERT INTO lab_visit_seen (id, visit_id, cafe_id) VALUES (1, 1, 2)";
  return {
      {"an integer key becomes an identity, with keys to it",
       plain_key,
       thing_rows,
       {{AlterField{"thing", id_field()}}},
       {{insert_thing, "6"}},
       {{"SELECT COUNT(*) FROM lab_thing", "3"}}},
      {"an integer key becomes a smaller identity",
       plain_key,
       thing_rows,
       {{AlterField{"thing", primary(field_of(FieldType::small_auto_field, "id"))}}},
       {{insert_thing, "6"}},
       {{"SELECT COUNT(*) FROM lab_thing", "3"}}},
      {"an identity becomes an integer key",
       lone,
       lone_rows,
       {{AlterField{"thing", primary(integer("id"))}}},
       {{"SELECT MAX(id) FROM lab_thing", "5"}}},
      {"an integer key becomes text, with keys to it",
       plain_key,
       thing_rows,
       {{AlterField{"thing", code}}},
       {{"SELECT thing_id FROM lab_part", "'5'"}, {"SELECT thing_id FROM lab_part_peers", "'5'"}}},
      {"a key becomes bigger through heirs, keys and tables between",
       family,
       family_rows,
       {{AlterField{"place", id_field()}}},
       {{"SELECT seen.cafe_id FROM lab_visit_seen seen JOIN lab_cafe c "
         "ON c.place_ptr_id = seen.cafe_id",
         "2"}}},
      {"a key becomes text through heirs, keys and tables between",
       family,
       family_rows,
       {{AlterField{"place", code}}},
       {{"SELECT seen.cafe_id FROM lab_visit_seen seen JOIN lab_cafe c "
         "ON c.place_ptr_id = seen.cafe_id",
         "'2'"}}},
      {"another field becomes the primary key",
       lone,
       lone_rows,
       {{AlterField{"thing", integer("id")}}, {AlterField{"thing", primary(integer("tenant"))}}},
       {{"SELECT COUNT(*) FROM lab_thing", "2"}}},
      {"a composite key comes in place of a plain one",
       lone,
       lone_rows,
       {{AlterField{"thing", integer("id")}}, {AddField{"thing", composite({"tenant", "id"})}}},
       {{"SELECT COUNT(*) FROM lab_thing", "2"}}},
      {"a composite key goes, and an identity comes",
       tenants,
       tenant_rows,
       {{RemoveField{"thing", "pk"}}, {AddField{"thing", id_field()}}},
       {{"SELECT COUNT(DISTINCT id) FROM lab_thing", "2"}}},
      {"a composite key of other fields",
       tenants,
       tenant_rows,
       {{AlterField{"thing", composite({"tenant", "name"})}}},
       {{"SELECT COUNT(*) FROM lab_thing", "2"}}},
      {"a field of a composite key is renamed",
       tenants,
       tenant_rows,
       {{RenameField{"thing", "number", "position"}}},
       {{"SELECT MAX(position) FROM lab_thing", "2"}}},
      {"a field of a composite key gets another type",
       tenants,
       tenant_rows,
       {{AlterField{"thing", field_of(FieldType::big_integer, "number")}}},
       {{"SELECT MAX(number) FROM lab_thing", "2"}}},
  };
}

std::vector<Story> options_of_fields() {
  Field status = text_field("status");
  status.choices = {Json::of("D"), Json::of("it's")};
  status.choices_check = true;
  status.default_value = Json::of("D");
  Field more = status;
  more.choices.push_back(Json::of("P"));
  Field fewer = text_field("status");
  fewer.default_value = Json::of("D");
  const std::string status_rows =
      "INSERT INTO lab_book (id, title, pages, status) VALUES (1, 'One', 10, 'D'), "
      "(2, 'Two', 20, 'D')";
  Operations with_status = base();
  with_status.push_back({AddField{"book", status}});
  Field level = integer("level");
  level.choices = {Json::of(1), Json::of(2)};
  level.choices_check = true;
  level.default_value = Json::of(2);
  Field positive_level = level;
  positive_level.type = FieldType::positive_integer;
  Field cascading = key_field("author", "lab.Author");
  cascading.db_on_delete = true;
  Field nulling = cascading;
  nulling.on_delete = OnDelete::set_null;
  Field defaulting = cascading;
  defaulting.on_delete = OnDelete::set_default;
  defaulting.db_default = Expression::literal(Json::of(2));
  Field restricting = cascading;
  restricting.on_delete = OnDelete::restrict;
  Field commented = text_field("title");
  commented.db_comment = "it's a title";
  Field collated = text_field("title");
  collated.db_collation = "C";
  Field binary_order = text_field("title");
  binary_order.db_collation = "NOCASE";
  const auto alter = [](const Field& field) { return Operations{{AlterField{"book", field}}}; };
  Field changed_at = field_of(FieldType::date_time, "changed");
  changed_at.auto_now = true;
  Field made_on = field_of(FieldType::date, "made");
  made_on.auto_now_add = true;
  Field clock = field_of(FieldType::time, "clock");
  clock.auto_now = true;
  Field token = field_of(FieldType::uuid, "token");
  token.default_value = DefaultFunction{"uuid4"};
  token.unique = true;
  Field stars = integer("stars");
  stars.db_default = Expression::literal(Json::of(3));
  Operations with_cascade = base();
  with_cascade[1] = {CreateModel{
      .name = "Book", .fields = {id_field(), text_field("title"), integer("pages"), cascading}}};
  return {
      {"a number becomes a key, and keeps its values",
       {base()[0],
        {CreateModel{.name = "Book",
                     .fields = {id_field(), text_field("title"),
                                field_of(FieldType::integer, "author", true)}}}},
       "INSERT INTO lab_author (id, name) VALUES (7, 'Ada');"
       "INSERT INTO lab_book (id, title, author) VALUES (1, 'One', 7), (2, 'Two', NULL)",
       {{AlterField{"book", key_field("author", "lab.Author")}}},
       {{"SELECT name FROM lab_book b JOIN lab_author a ON a.id = b.author_id", "'Ada'"}}},
      {"a key to one becomes a key of one",
       base(),
       base_rows,
       {{AlterField{"book",
                    [] {
                      Field field = key_field("author", "lab.Author");
                      field.type = FieldType::one_to_one;
                      return field;
                    }()}}},
       {{"SELECT author_id FROM lab_book WHERE id = 1", "1"}}},
      {"values that fields give by themselves to rows that are there",
       base(),
       base_rows,
       {{AddField{"book", text_field("words")}},
        {AddField{"book", field_of(FieldType::binary, "bytes")}},
        {AddField{"book", changed_at}},
        {AddField{"book", made_on}},
        {AddField{"book", clock}},
        {AddField{"book", token}},
        {AddField{"book", text_field("unset", true)}},
        {AddField{"book", stars}}},
       {{"SELECT COUNT(*) FROM lab_book WHERE words = '' AND LENGTH(bytes) = 0", "2"},
        {"SELECT COUNT(*) FROM lab_book WHERE changed IS NOT NULL AND made IS NOT NULL AND clock "
         "IS NOT NULL",
         "2"},
        {"SELECT COUNT(DISTINCT token) FROM lab_book WHERE unset IS NULL", "2"},
        {"SELECT SUM(stars) FROM lab_book", "6"}}},
      {"choices become a check",
       base(),
       base_rows,
       {{AddField{"book", status}}},
       {{"SELECT COUNT(*) FROM lab_book WHERE status = 'D'", "2"}}},
      {"another choice",
       with_status,
       status_rows,
       alter(more),
       {{"SELECT COUNT(*) FROM lab_book WHERE status = 'D'", "2"}}},
      {"choices without a check", with_status, status_rows, alter(fewer), {}},
      {"choices of numbers",
       base(),
       base_rows,
       {{AddField{"book", level}}},
       {{"SELECT SUM(level) FROM lab_book", "4"}}},
      {"choices of positive numbers",
       base(),
       base_rows,
       {{AddField{"book", positive_level}}},
       {{"SELECT SUM(level) FROM lab_book", "4"}}},
      {"the database cascades", base(), base_rows, alter(cascading), {}},
      {"the database sets NULL", base(), base_rows, alter(nulling), {}},
      {"the database sets the default", base(), base_rows, alter(defaulting), {}},
      {"the database restricts", base(), base_rows, alter(restricting), {}},
      {"the database cascades no longer",
       with_cascade,
       base_rows,
       alter(key_field("author", "lab.Author")),
       {}},
      {"a comment on a column", base(), base_rows, alter(commented), {}},
      {"a collation", base(), base_rows, alter(collated), {}, {}, false, true},
      {"a collation of SQLite", base(), base_rows, alter(binary_order), {}, {}, true, false},
  };
}

std::vector<Story> models() {
  Options proxy;
  proxy.proxy = true;
  Options unmanaged;
  unmanaged.managed = false;
  Options commented;
  commented.db_table_comment = "it's about books";
  Options ordered;
  ordered.order_with_respect_to = "author";
  ordered.indexes = {Index{.name = "leaf_order_idx", .fields = {"_order"}}};
  Options shop;
  shop.db_table = "shop.book";
  Options shop_quoted;
  shop_quoted.db_table = "\"shop\".\"author\"";
  RunSQL make_schema;
  make_schema.sql.statements = {{"CREATE SCHEMA shop", {}}};
  make_schema.reverse_sql = RunSQL::Source{};
  make_schema.reverse_sql->statements = {{"DROP SCHEMA shop", {}}};
  RunSQL make_outside;
  make_outside.sql.statements = {{"CREATE TABLE outside (id bigint NOT NULL PRIMARY KEY)", {}},
                                 {"INSERT INTO outside VALUES (1)", {}}};
  make_outside.reverse_sql = RunSQL::Source{};
  make_outside.reverse_sql->statements = {{"DROP TABLE outside", {}}};
  Field label = text_field("label");
  label.unique = true;
  Field to_label = key_field("author", "lab.Author");
  to_label.to_field = "label";
  Field swapped = key_field("owner", "lab.Author");
  swapped.swappable = "AUTH_USER_MODEL";
  Operations with_proxy = base();
  with_proxy.push_back({CreateModel{.name = "Writer", .options = proxy, .bases = {"lab.Author"}}});
  Operations with_schema = {{make_schema}};
  for (const Operation& operation : base()) with_schema.push_back(operation);
  Operations in_schema = {
      {make_schema},
      {CreateModel{
          .name = "Author", .fields = {id_field(), text_field("name")}, .options = shop_quoted}},
      {CreateModel{.name = "Book",
                   .fields = {id_field(), label, key_field("author", "lab.Author"),
                              field_of(FieldType::positive_integer, "pages"),
                              many_field("authors", "lab.Author")},
                   .options = shop}}};
  const std::string schema_rows =
      "INSERT INTO shop.author (id, name) VALUES (1, 'Ada');"
      "INSERT INTO shop.book (id, label, author_id, pages) VALUES (1, 'One', 1, 3);"
      "INSERT INTO shop.book_authors (id, book_id, author_id) VALUES (1, 1, 1)";
  Options books;
  books.db_table = "books";
  const Operations kept_table = {
      base()[0],
      {CreateModel{.name = "Book",
                   .fields = {id_field(), text_field("title"), many_field("authors", "lab.Author"),
                              many_field("peers", "lab.Book")},
                   .options = books}}};
  Operations heirs = base();
  heirs.push_back({CreateModel{.name = "Novel",
                               .fields = {link("book_ptr", "lab.Book"), text_field("plot")},
                               .bases = {"lab.Book"}}});
  const std::string heir_rows =
      std::string(base_rows) + "; INSERT INTO lab_novel (book_ptr_id, plot) VALUES (2, 'x')";
  Operations with_order = base();
  with_order.push_back({AlterOrderWithRespectTo{"book", "author"}});
  return {
      {"a model that keeps its table is renamed, with what is named after it",
       kept_table,
       "INSERT INTO lab_author (id, name) VALUES (1, 'Ada');"
       "INSERT INTO books (id, title) VALUES (1, 'One');"
       "INSERT INTO books_authors (id, book_id, author_id) VALUES (1, 1, 1);"
       "INSERT INTO books_peers (id, from_book_id, to_book_id) VALUES (1, 1, 1)",
       {{RenameModel{"Book", "Tome"}}},
       {{"SELECT title FROM books b JOIN books_authors a ON a.tome_id = b.id", "'One'"},
        {"SELECT from_tome_id FROM books_peers WHERE to_tome_id = 1", "1"}}},
      {"a proxy, and a key to it",
       base(),
       base_rows,
       {{CreateModel{.name = "Writer", .options = proxy, .bases = {"lab.Author"}}},
        {AddField{"book", key_field("writer", "lab.Writer")}}},
       {{"SELECT COUNT(*) FROM lab_book WHERE writer_id IS NULL", "2"}}},
      {"a proxy goes", with_proxy, base_rows, {{DeleteModel{"Writer"}}}, {}},
      {"a proxy is renamed", with_proxy, base_rows, {{RenameModel{"Writer", "Scribe"}}}, {}},
      {"a proxy becomes a table of its own",
       with_proxy,
       base_rows,
       {{DeleteModel{"Writer"}},
        {CreateModel{.name = "Writer", .fields = {id_field(), text_field("name")}}}},
       {{"SELECT COUNT(*) FROM lab_writer", "0"}}},
      {"an heir with a table of its own",
       base(),
       base_rows,
       {{CreateModel{.name = "Novel",
                     .fields = {link("book_ptr", "lab.Book"), text_field("plot")},
                     .bases = {"lab.Book"}}},
        {AddField{"author", key_field("best", "lab.Novel")}}},
       {{"SELECT COUNT(*) FROM lab_novel", "0"}}},
      {"the base of an heir is renamed",
       heirs,
       heir_rows,
       {{RenameModel{"Book", "Volume"}}},
       {{"SELECT plot FROM lab_novel n JOIN lab_volume v ON v.id = n.book_ptr_id", "'x'"}}},
      {"the link of an heir is renamed",
       heirs,
       heir_rows,
       {{RenameField{"novel", "book_ptr", "volume_ptr"}}},
       {{"SELECT plot FROM lab_novel n JOIN lab_book b ON b.id = n.volume_ptr_id", "'x'"}}},
      {"an heir goes",
       heirs,
       heir_rows,
       {{DeleteModel{"Novel"}}},
       {{"SELECT COUNT(*) FROM lab_book", "2"}},
       {{"SELECT COUNT(*) FROM lab_novel", "0"}}},
      {"an heir of two bases",
       base(),
       base_rows,
       {{CreateModel{.name = "Memoir",
                     .fields = {link("book_ptr", "lab.Book"),
                                [] {
                                  Field second = link("author_ptr", "lab.Author");
                                  second.primary_key = false;
                                  return second;
                                }()},
                     .bases = {"lab.Book", "lab.Author"}}},
        {AddField{"book", key_field("memoir", "lab.Memoir")}}},
       {{"SELECT COUNT(*) FROM lab_memoir", "0"}}},
      {"an unmanaged model and a key to it",
       {{make_outside}, base()[0], base()[1]},
       base_rows,
       {{CreateModel{.name = "Outside",
                     .fields = {primary(field_of(FieldType::big_integer, "id")),
                                key_field("book", "lab.Book"), many_field("books", "lab.Book")},
                     .options =
                         [] {
                           Options options;
                           options.managed = false;
                           options.db_table = "outside";
                           return options;
                         }()}},
        {AddField{"outside", text_field("more")}},
        {AlterField{"outside", field_of(FieldType::text, "more")}},
        {RenameField{"outside", "more", "less"}},
        {AddIndex{"outside", Index{.name = "no_such_idx", .fields = {"less"}}}},
        {RemoveIndex{"outside", "no_such_idx"}},
        {RemoveField{"outside", "less"}},
        {AddField{"book", key_field("beyond", "lab.Outside")}}},
       {{"SELECT COUNT(*) FROM lab_book WHERE beyond_id IS NULL", "2"}}},
      {"a model becomes unmanaged, is changed, and is managed again",
       base(),
       base_rows,
       {{AlterModelOptions{.name = "book", .managed = false}},
        {AddField{"book", text_field("ghost")}},
        {RemoveField{"book", "ghost"}},
        {AlterModelOptions{.name = "book", .managed = true}},
        {AddField{"book", text_field("real", true)}}},
       {{"SELECT COUNT(*) FROM lab_book WHERE \"real\" IS NULL", "2"}}},
      {"a comment on a table", base(), base_rows, {{AlterModelTableComment{"book", "it's"}}}, {}},
      {"a table with a comment",
       base(),
       base_rows,
       {{CreateModel{.name = "Leaf", .fields = {id_field()}, .options = commented}}},
       {}},
      {"order with respect to a key, with an index on it",
       base(),
       base_rows,
       {{CreateModel{.name = "Leaf",
                     .fields = {id_field(), key_field("author", "lab.Author")},
                     .options = ordered}}},
       {{"SELECT COUNT(_order) FROM lab_leaf", "0"}}},
      {"order no longer",
       with_order,
       "INSERT INTO lab_author (id, name) VALUES (1, 'Ada');"
       "INSERT INTO lab_book (id, title, pages, author_id, _order) VALUES (1, 'One', 1, 1, 4)",
       {{AlterOrderWithRespectTo{"book", ""}}},
       {},
       {{"SELECT _order FROM lab_book", "0"}}},
      {"a swappable reference",
       base(),
       base_rows,
       {{AddField{"book", swapped}}},
       {{"SELECT COUNT(*) FROM lab_book WHERE owner_id IS NULL", "2"}}},
      {"a key to another unique field",
       base(),
       base_rows,
       {{AddField{"author",
                  [] {
                    Field field = text_field("label", true);
                    field.unique = true;
                    return field;
                  }()}},
        {RemoveField{"book", "author"}},
        {AddField{"book", to_label}},
        {AlterField{"author",
                    [] {
                      Field field = field_of(FieldType::text, "label", true);
                      field.unique = true;
                      return field;
                    }()}}},
       {},
       {{"SELECT COUNT(*) FROM lab_book", "2"}}},
      {"tables in a schema of their own",
       with_schema,
       base_rows,
       {{AlterModelTable{"book", "\"shop\".\"book\""}},
        {AddField{"book", many_field("authors", "lab.Author")}},
        {AddField{"book",
                  [] {
                    Field field = field_of(FieldType::positive_integer, "stock");
                    field.default_value = Json::of(3);
                    field.db_index = true;
                    return field;
                  }()}}},
       {{"SELECT SUM(stock) FROM shop.book", "6"}},
       {},
       false,
       true},
      {"tables of a schema go on",
       in_schema,
       schema_rows,
       {{AlterField{"book",
                    [] {
                      Field field = text_field("label");
                      field.type = FieldType::text;
                      field.max_length.reset();
                      field.db_index = true;
                      return field;
                    }()}},
        {RenameField{"book", "pages", "leaves"}},
        {RenameModel{"Author", "Writer"}},
        {AlterField{"writer", primary(field_of(FieldType::auto_field, "id"))}},
        {AlterModelTable{"book", "shop.volume"}}},
       {{"SELECT leaves FROM shop.volume", "3"}},
       {},
       false,
       true},
      {"tables leave their schema",
       in_schema,
       schema_rows,
       {{AlterModelTable{"book", ""}}, {AlterModelTable{"author", ""}}},
       {{"SELECT pages FROM lab_book JOIN lab_author ON lab_author.id = author_id", "3"}},
       {},
       false,
       true},
  };
}

/// What is not as the state wants it, but for the table that no model manages.
std::string drift(Lab& lab, const ProjectState& state) {
  std::vector<std::string> lines = lab.drift(state);
  std::erase(lines, "table \"outside\" is not wanted");
  return test::lines(lines);
}

void check_cells(Lab& lab, const std::vector<std::pair<std::string, std::string>>& queries) {
  for (const auto& query : queries) {
    CAPTURE(query.first);
    const Rows rows = lab.connection().query(query.first);
    REQUIRE(rows.rows.size() == 1);
    CHECK(test::cell_text(rows.rows[0].at(0)) == query.second);
  }
}

void tell(const std::vector<Story>& stories) {
  for (const std::string& dialect : test::test_dialects()) {
    Lab lab(dialect);
    for (const Story& story : stories) {
      if (dialect == "sqlite" ? !story.sqlite : !story.postgresql) continue;
      CAPTURE(dialect);
      CAPTURE(story.label);
      lab.reset();
      try {
        lab.add("0001_initial", story.before);
        lab.migrate();
        REQUIRE(drift(lab, lab.state()) == "");
        lab.execute(story.rows);
        const Dump before = lab.rows();
        lab.add("0002_change", story.change);
        lab.migrate();
        CHECK(drift(lab, lab.state()) == "");
        check_cells(lab, story.then);
        lab.migrate("0001_initial");
        CHECK(drift(lab, lab.state_before_last()) == "");
        if (story.back.empty()) CHECK(lab.rows() == before);
        check_cells(lab, story.back);
        lab.migrate();
        CHECK(drift(lab, lab.state()) == "");
        lab.migrate("zero");
        CHECK(lab.rows().empty());
      } catch (const Error& error) {
        FAIL_CHECK(error.text());
      }
    }
  }
}

}  // namespace

TEST_CASE("generated fields come, change and go, and are computed for rows that are there") {
  tell(generated_fields());
}
TEST_CASE("primary keys change their type, their fields and their kind, and relations follow") {
  tell(keys());
}
TEST_CASE("options that reach the database: choices, rules of deletion, comments, collations") {
  tell(options_of_fields());
}
TEST_CASE("models beyond the plain ones: proxies, heirs, unmanaged, ordered, in a schema") {
  tell(models());
}

TEST_CASE("AlterField never takes the rows of a relation with it") {
  Operations before = base();
  before.push_back({AddField{"book", many_field("authors", "lab.Author")}});
  before.push_back({CreateModel{
      .name = "Link",
      .fields = {id_field(), key_field("b", "lab.Book"), key_field("a", "lab.Author")}}});
  Field through = many_field("authors", "lab.Author");
  through.through = "lab.Link";
  const std::pair<Field, std::string> cases[] = {
      {key_field("authors", "lab.Author"),
       "a ManyToManyField and a column cannot be altered into each other"},
      {through,
       "AlterField cannot add or take away \"through\": the rows of the relation would be lost"},
  };
  for (const std::string& dialect : test::test_dialects()) {
    Lab lab(dialect);
    for (const auto& item : cases) {
      CAPTURE(item.second);
      lab.reset();
      lab.add("0001_initial", before);
      lab.migrate();
      lab.add("0002_alter", {{AlterField{"book", item.first}}});
      std::string message;
      try {
        lab.migrate();
      } catch (const Error& error) {
        message = error.what();
      }
      CHECK(message == item.second);
      CHECK(drift(lab, lab.state_before_last()) == "");
    }
  }
}

TEST_CASE("NULLs that get no value stop a field from being NOT NULL, on both databases alike") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    Lab lab(dialect);
    lab.add("0001_initial",
            {{CreateModel{.name = "M", .fields = {id_field(), text_field("note", true)}}}});
    lab.migrate();
    lab.execute("INSERT INTO lab_m (id, note) VALUES (1, NULL)");
    const Dump before = lab.rows();
    lab.add("0002_alter", {{AlterField{"m", text_field("note")}}});
    std::string hint;
    try {
      lab.migrate();
    } catch (const Error& error) {
      hint = error.hint();
    }
    CHECK(hint.find("rows first") != std::string::npos);
    CHECK(lab.rows() == before);
    lab.execute("UPDATE lab_m SET note = 'x'");
    lab.migrate();
    CHECK(drift(lab, lab.state()) == "");
  }
}

TEST_CASE("every column type is added, altered, renamed and removed with rows there") {
  for (const std::string& dialect : test::test_dialects()) {
    Lab lab(dialect);
    std::set<std::string> seen;
    for (const test::FieldSample& sample : test::field_samples(lab.dialect())) {
      if (!seen.insert(lab.dialect().column_type(sample.field)).second) continue;
      CAPTURE(dialect);
      CAPTURE(name_of(sample.field.type));
      lab.reset();
      Field added = sample.field;
      added.null = false;
      added.default_value = sample.value;
      Field altered = sample.field;
      altered.db_column = "col";
      if (test::is_indexable(added.type)) altered.db_index = true;
      Field defaulted = altered;
      defaulted.null = false;
      defaulted.db_default = Expression::literal(sample.value);
      Field unique = altered;
      unique.unique = test::is_indexable(added.type);
      Field kept = unique;
      kept.name = "d";
      try {
        lab.add("0001_initial",
                {{CreateExtension{"hstore"}},
                 {CreateExtension{"citext"}},
                 {CreateModel{.name = "M", .fields = {id_field(), text_field("keep")}}}});
        lab.migrate();
        lab.execute("INSERT INTO lab_m (id, keep) VALUES (1, 'k')");
        const Dump before = lab.rows();
        lab.add("0002_add", {{AddField{"m", added, false}}});
        lab.add("0003_alter", {{AlterField{"m", altered}}});
        lab.add("0004_default", {{AlterField{"m", defaulted}}});
        lab.add("0005_unique", {{AlterField{"m", unique}}});
        lab.add("0006_rename", {{RenameField{"m", "c", "d"}}});
        lab.migrate();
        CHECK(drift(lab, lab.state()) == "");
        const Dump after = lab.rows();
        const std::string value = after.at("lab_m").at(0).at("col");
        CHECK(value != "NULL");
        lab.add("0007_remove", {{RemoveField{"m", "d"}}});
        lab.migrate();
        CHECK(lab.rows() == before);
        lab.migrate("0004");
        CHECK(lab.rows().at("lab_m").at(0).count("col") == 1);
        lab.migrate("0003");
        lab.migrate("0002");
        ProjectState second;
        for (std::size_t i = 0; i < 2; ++i) advance(second, lab.files()[i]);
        lab.migrate("0001");
        CHECK(lab.rows() == before);
        lab.migrate("0002");
        CHECK(drift(lab, second) == "");
        CHECK(lab.rows().at("lab_m").at(0).at("c") == value);
        lab.migrate("zero");
        CHECK(lab.rows().empty());
      } catch (const Error& error) {
        FAIL_CHECK(error.text());
      }
    }
  }
}

}  // namespace vocabulary
