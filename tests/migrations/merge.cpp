#include <doctest/doctest.h>
#include <turnstone/drivers/open.h>
#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/migrations/merge.h>

#include "support/models.h"

using namespace turnstone;
using namespace turnstone::migrations;

namespace {
namespace merging {

using test::id_field;
using test::integer_field;
using test::key_field;
using test::optional;
using test::text_field;

template <class T>
Field with_default(Field field, T value) {
  field.default_value = Json::of(value);
  return field;
}

Expression over(const std::string& field, int bound) {
  return Expression::call(">", {Expression::field(field), Expression::literal(Json::of(bound))});
}

/// Author(id, name), Book(id, title, pages NULL, price NULL, author).
Migration start() {
  Options book;
  book.indexes = {Index{.name = "book_idx", .fields = {"title"}}};
  book.constraints = {CheckConstraint{.name = "book_pages", .condition = over("pages", -1)}};
  return {.id = {"blog", "0001_initial"},
          .operations = {
              {CreateModel{"Author", {id_field(), text_field("name")}, {}, {}}},
              {CreateModel{
                  "Book",
                  {id_field(), text_field("title"), optional(integer_field("pages")),
                   optional(integer_field("price")), optional(key_field("author", "blog.Author"))},
                  book,
                  {}}},
          }};
}

Migration behind(const MigrationId& needed, const std::string& name, Operations operations) {
  return {.id = {needed.app, name}, .dependencies = {needed}, .operations = std::move(operations)};
}

const std::vector<const Dialect*>& both() {
  static const std::vector<const Dialect*> dialects = {&dialect_for("sqlite"),
                                                       &dialect_for("postgresql")};
  return dialects;
}

Examination examined(std::vector<Migration> files) {
  const Graph graph(std::move(files), nullptr);
  std::vector<std::string> apps;
  for (const auto& entry : graph.conflicts()) apps.push_back(entry.first);
  return examine_apps(graph, apps, both());
}

Examination pair(Operations left, Operations right) {
  const MigrationId first{"blog", "0001_initial"};
  return examined({start(), behind(first, "0002_left", std::move(left)),
                   behind(first, "0002_right", std::move(right))});
}

std::vector<std::string> texts(const Examination& examination) {
  std::vector<std::string> lines;
  for (const MergeConflict& conflict : examination.conflicts) lines.push_back(conflict.text());
  for (const Unexamined& doubt : examination.unexamined) lines.push_back("? " + doubt.text());
  return lines;
}

RunSQL sql(const std::string& text, bool elidable = false) {
  RunSQL run{.elidable = elidable};
  run.sql.statements = {{text, {}}};
  return run;
}

struct Case {
  const char* label;
  Operations left;
  Operations right;
  std::vector<std::string> says{};
};

void check_all(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    CAPTURE(std::string(c.label));
    CHECK(join(texts(pair(c.left, c.right)), "\n") == join(c.says, "\n"));
    // The other way round it is the same verdict.
    CHECK(pair(c.right, c.left).commute() == c.says.empty());
  }
}

}  // namespace merging
}  // namespace

using namespace merging;

TEST_CASE("branches commute where every order gives the same") {
  Field wide = text_field("title", 90);
  check_all({
      {"fields of one model",
       {{AddField{"book", optional(text_field("isbn"))}}},
       {{AddField{"book", optional(integer_field("stock"))}}}},
      {"two models",
       {{CreateModel{"Tag", {id_field()}, {}, {}}}},
       {{CreateModel{"Shop", {id_field()}, {}, {}}}}},
      {"an index and the field beside it",
       {{AddIndex{"book", Index{.name = "book_price", .fields = {"price"}}}}},
       {{RemoveConstraint{"book", "book_pages"}}, {RemoveField{"book", "pages"}}}},
  });
}

TEST_CASE("what both branches change alike is no conflict") {
  check_all({
      {"the same alteration",
       {{AlterField{"book", text_field("title", 90)}}},
       {{AlterField{"book", text_field("title", 90)}}}},
      {"the same table",
       {{AlterModelTable{"book", "books"}}},
       {{AlterModelTable{"book", "books"}}}},
      {"a key to a model that gets a field",
       {{AddField{"book", optional(key_field("editor", "blog.Author"))}}},
       {{AddField{"author", optional(text_field("born"))}}}},
      {"a renamed model that nobody else names",
       {{RenameModel{"Author", "Writer"}}},
       {{AlterField{"book", text_field("title", 90)}}}},
      {"the same extension", {{CreateExtension{"hstore"}}}, {{CreateExtension{"hstore"}}}},
  });
}

TEST_CASE("a conflict names model, field and property, and what each branch wants") {
  Field left = text_field("title", 150);
  Field right = text_field("title", 200);
  right.null = true;
  check_all({
      {"one field altered twice",
       {{AlterField{"book", left}}},
       {{AlterField{"book", right}}},
       {"model blog.Book, field title, max_length: 150 in 0002_left, 200 in 0002_right (40 before)",
        "model blog.Book, field title, null: false in 0002_left, true in 0002_right (false "
        "before)"}},
      {"one field added twice",
       {{AddField{"book", optional(text_field("isbn", 13))}}},
       {{AddField{"book", optional(text_field("isbn", 17))}}},
       {"model blog.Book, field isbn: added with max_length 13 in 0002_left, added with max_length "
        "17 in 0002_right"}},
      {"the same field added twice",
       {{AddField{"book", optional(text_field("isbn"))}}},
       {{AddField{"book", optional(text_field("isbn"))}}},
       {"model blog.Book, field isbn: added in both 0002_left and 0002_right"}},
      {"removed twice",
       {{RemoveField{"book", "price"}}},
       {{RemoveField{"book", "price"}}},
       {"model blog.Book, field price: removed in both 0002_left and 0002_right"}},
      {"renamed and removed",
       {{RenameField{"book", "title", "name"}}},
       {{RemoveIndex{"book", "book_idx"}}, {RemoveField{"book", "title"}}},
       {"model blog.Book, field title: renamed to name in 0002_left, removed in 0002_right"}},
      {"removed and used",
       {{RemoveField{"book", "price"}}},
       {{AddConstraint{"book", CheckConstraint{.name = "c", .condition = over("price", 0)}}}},
       {"model blog.Book, field price: removed in 0002_left, used by constraint c in 0002_right"}},
      {"model removed and changed",
       {{DeleteModel{"Book"}}},
       {{AddField{"book", optional(text_field("isbn"))}}},
       {"model blog.Book: removed in 0002_left, field isbn added in 0002_right"}},
      {"model renamed twice",
       {{RenameModel{"Author", "Writer"}}},
       {{RenameModel{"Author", "Person"}}},
       {"model blog.Author: renamed to Writer in 0002_left, renamed to Person in 0002_right"}},
      {"model removed and pointed to",
       {{RemoveField{"book", "author"}}, {DeleteModel{"Author"}}},
       {{AddField{"book", optional(key_field("editor", "blog.Author"))}}},
       {"model blog.Author: removed in 0002_left, used by field editor of blog.Book in "
        "0002_right"}},
      {"model made twice",
       {{CreateModel{"Tag", {id_field()}, {}, {}}}},
       {{CreateModel{"Tag", {id_field()}, {}, {}}}},
       {"model blog.Tag: added in both 0002_left and 0002_right"}},
      {"two tables",
       {{AlterModelTable{"book", "x"}}},
       {{AlterModelTable{"book", "y"}}},
       {"model blog.Book, db_table: \"x\" in 0002_left, \"y\" in 0002_right"}},
      {"unique_together",
       {{AlterUniqueTogether{"book", {{"title", "pages"}}}}},
       {{AlterUniqueTogether{"book", {{"title", "price"}}}}},
       {"model blog.Book, unique_together: (title, pages) in 0002_left, (title, price) in "
        "0002_right"}},
      {"one name for two indexes",
       {{AddIndex{"book", Index{.name = "i", .fields = {"price"}}}}},
       {{AddIndex{"author", Index{.name = "i", .fields = {"name"}}}}},
       {"name i: taken by index of blog.Book in 0002_left, taken by index of blog.Author in "
        "0002_right"}},
  });
}

TEST_CASE("rows are followed, not only states") {
  const Field zero = with_default(integer_field("pages"), 0);
  const Field one = with_default(integer_field("pages"), 1);
  check_all({
      {"two ways to fill",
       {{AlterField{"book", zero, false}}},
       {{AlterField{"book", one, false}}},
       {"model blog.Book, field pages: changed so that NULL becomes 0 in 0002_left, changed so "
        "that "
        "NULL becomes 1 in 0002_right"}},
      {"filled alike", {{AlterField{"book", zero, false}}}, {{AlterField{"book", zero, false}}}},
      {"filled with what a new check forbids",
       {{AlterField{"book", zero, false}}},
       {{AddConstraint{"book", CheckConstraint{.name = "c", .condition = over("pages", 0)}}}},
       {"model blog.Book, field pages: rows without a value get 0 in 0002_left, the new constraint "
        "\"c\" forbids that in 0002_right"}},
      {"filled with what a new check allows",
       {{AlterField{"book", one, false}}},
       {{AddConstraint{"book", CheckConstraint{.name = "c", .condition = over("pages", 0)}}}}},
      {"filled with one value that is to be unique",
       {{AlterField{"book", one, false}}},
       {{AddConstraint{"book", UniqueConstraint{.name = "u", .fields = {"pages"}}}}},
       {"model blog.Book, field pages: rows without a value get 1 in 0002_left, the new constraint "
        "\"u\" forbids that in 0002_right"}},
      {"a model that is no longer managed keeps what it has",
       {{AlterModelOptions{"book", false, ""}}},
       {{AddField{"book", optional(text_field("isbn"))}}},
       {"the order of 0002_left and 0002_right matters: table \"blog_book\": column \"isbn\" is "
        "missing; rows of table \"blog_book\" end up different"}},
  });
}

TEST_CASE("code is never taken to commute with what it may notice") {
  const std::string word = "? 0002_left: Raw SQL operation: nobody can tell what it does, and ";
  check_all({
      {"a changed model",
       {{sql("UPDATE blog_book SET pages = 1")}},
       {{AddField{"book", optional(text_field("isbn"))}}},
       {word + "0002_right has \"Add field isbn to book\""}},
      {"elidable says nothing about order",
       {{sql("UPDATE blog_book SET pages = 1", true)}},
       {{RemoveField{"book", "price"}}},
       {word + "0002_right has \"Remove field price from book\""}},
      {"a new model, an index",
       {{sql("UPDATE blog_book SET pages = 1")}},
       {{CreateModel{"Tag", {id_field()}, {}, {}}},
        {AddIndex{"book", Index{.name = "i", .fields = {"price"}}}}}},
      {"nothing to do", {{RunCpp{"noop", {}}}}, {{RemoveField{"book", "price"}}}},
      {"nothing to undo", {{RunSQL{}}}, {{RemoveField{"book", "price"}}}},
      {"code on both sides",
       {{RunCpp{"blog.fill", {}}}},
       {{sql("DELETE FROM blog_book")}},
       {"? 0002_left: Raw C++ operation blog.fill: nobody can tell what it does, and 0002_right "
        "has "
        "\"Raw SQL operation\"",
        "? 0002_right: Raw SQL operation: nobody can tell what it does, and 0002_left has \"Raw "
        "C++ operation blog.fill\""}},
  });
}

TEST_CASE("more than two branches go in every order") {
  const MigrationId first{"blog", "0001_initial"};
  const auto add = [](const std::string& name) {
    return Operations{{AddField{"book", optional(text_field(name))}}};
  };
  CHECK(examined({start(), behind(first, "0002_a", add("a")), behind(first, "0002_b", add("b")),
                  behind(first, "0002_c", add("c"))})
            .commute());
  CHECK(texts(examined({start(), behind(first, "0002_a", add("a")),
                        behind(first, "0002_b", add("b")), behind(first, "0002_c", add("a"))})) ==
        std::vector<std::string>{"model blog.Book, field a: added in both 0002_a and 0002_c"});
  // Two of three share a migration that the third lacks.
  CHECK(
      examined({start(), behind(first, "0002_a", add("a")),
                behind({"blog", "0002_a"}, "0003_b", add("b")),
                behind({"blog", "0002_a"}, "0003_c", add("c")), behind(first, "0002_d", add("d"))})
          .commute());
  std::vector<Migration> many{start()};
  for (const char c : std::string("abcdefgh")) {
    many.push_back(behind(first, std::string("0002_") + c, add(std::string(1, c))));
  }
  CHECK(examined(many).commute());
}

TEST_CASE("branches of several apps are examined together") {
  const MigrationId first{"blog", "0001_initial"};
  Migration shop{.id = {"shop", "0001_initial"}, .dependencies = {first}};
  shop.operations = {{CreateModel{"Order", {id_field(), key_field("book", "blog.Book")}, {}, {}}}};
  const Migration rename = behind(first, "0002_volume", {{RenameModel{"Book", "Volume"}}});
  const Migration other =
      behind(first, "0002_isbn", {{AddField{"author", optional(text_field("born"))}}});
  const Migration plain =
      behind(shop.id, "0002_note", {{AddField{"order", optional(text_field("note"))}}});
  Migration pointing =
      behind(shop.id, "0002_gift", {{AddField{"order", optional(key_field("gift", "blog.Book"))}}});
  CHECK(
      examined({start(), shop, rename, other, plain,
                behind(shop.id, "0002_sum", {{AddField{"order", optional(integer_field("sum"))}}})})
          .commute());
  // A branch of one app meets a branch of another.
  CHECK(texts(examined({start(), shop, rename, other, plain, pointing})) ==
        std::vector<std::string>{"model blog.Book: renamed to Volume in 0002_volume, used by field "
                                 "gift of shop.Order in 0002_gift"});
  // What depends on a branch belongs to it, though its own app has one branch.
  pointing.dependencies.push_back(other.id);
  CHECK(texts(examined({start(), shop, rename, other, pointing})) ==
        std::vector<std::string>{"model blog.Book: renamed to Volume in 0002_volume, used by field "
                                 "gift of shop.Order in 0002_gift"});
}

TEST_CASE("a branch that does not fit by itself is an error of its own") {
  try {
    pair({{RemoveField{"book", "isbn"}}}, {});
    FAIL("it fits");
  } catch (const Error& error) {
    CHECK(std::string(error.what()) == "model \"blog.Book\" has no field \"isbn\"");
    CHECK(error.where() == "blog.0002_left (Remove field isbn from book)");
  }
}

TEST_CASE("types that a database lacks are examined as states") {
  Field list{.name = "words", .type = FieldType::hstore, .null = true};
  const MigrationId first{"blog", "0001_initial"};
  const Graph graph({start(), behind(first, "0002_left", {{AddField{"book", list}}}),
                     behind(first, "0002_right", {{AddField{"book", list}}})},
                    nullptr);
  const Examination found = examine_apps(graph, {"blog"}, {&dialect_for("sqlite")});
  CHECK(texts(found) ==
        std::vector<std::string>{
            "model blog.Book, field words: added in both 0002_left and 0002_right"});
}

TEST_CASE("branches without a common migration are refused") {
  const Graph graph({{.id = {"blog", "0001_a"}}, {.id = {"blog", "0001_b"}}}, nullptr);
  CHECK_THROWS_WITH_AS(branches_of(graph, "blog"),
                       "the branches of app \"blog\" have no migration in common", Error);
}
