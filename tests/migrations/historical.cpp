#include <doctest/doctest.h>
#include <malloc.h>

#include <algorithm>

#include "support/fields.h"
#include "support/lab.h"

/// There with a sanitizer, whose heap `mallinfo2` does not see.
extern "C" __attribute__((weak)) std::size_t __sanitizer_get_current_allocated_bytes();

using namespace turnstone;
using namespace turnstone::migrations;
using namespace turnstone::test;

namespace {

std::size_t allocated() {
  if (__sanitizer_get_current_allocated_bytes) return __sanitizer_get_current_allocated_bytes();
  const auto heap = mallinfo2();
  return heap.uordblks + heap.hblkhd;
}

std::int64_t n(std::int64_t number) { return number; }
std::string s(const char* text) { return text; }

Field own_table_link(const std::string& name, const std::string& to) {
  Field field{.name = name, .type = FieldType::one_to_one, .primary_key = true};
  field.to = to;
  field.on_delete = OnDelete::cascade;
  field.parent_link = true;
  return field;
}

Operations library() {
  Field price = field_of(FieldType::decimal, "price", true);
  price.max_digits = 10;
  price.decimal_places = 2;
  Field added = field_of(FieldType::date_time, "added");
  added.auto_now_add = true;
  Field code = field_of(FieldType::uuid, "code");
  code.default_value = DefaultFunction{"uuid4"};
  Field shelf = text_field("shelf");
  shelf.default_value = DefaultFunction{"lab.shelf"};
  return {
      {CreateModel{.name = "Author",
                   .fields = {id_field(), text_field("name"),
                              key_field("best", "lab.Book", OnDelete::set_null)}}},
      {CreateModel{.name = "Tag", .fields = {id_field(), text_field("label")}}},
      {CreateModel{
          .name = "Book",
          .fields = {id_field(), text_field("title"), key_field("author", "lab.Author"), price,
                     with_default(field_of(FieldType::integer, "stock"), 3), added,
                     field_of(FieldType::date, "published", true), code, shelf,
                     field_of(FieldType::json, "meta", true),
                     field_of(FieldType::boolean, "sold", true),
                     field_of(FieldType::duration, "loan", true),
                     field_of(FieldType::binary, "cover", true), many_field("tags", "lab.Tag")}}},
      {CreateModel{.name = "Review",
                   .fields = {id_field(), key_field("book", "lab.Book", OnDelete::cascade, false),
                              text_field("words")}}},
      {CreateModel{.name = "Audio",
                   .fields = {own_table_link("book_ptr", "lab.Book"),
                              field_of(FieldType::integer, "minutes")},
                   .bases = {"lab.Book"}}},
      {CreateModel{.name = "Award",
                   .fields = {id_field(), key_field("book", "lab.Book", OnDelete::protect)}}},
  };
}

/// Runs `body` as a migration behind the models above.
void in_migration(Lab& lab, const MigrationFunction& body) {
  lab.functions().add_default("lab.shelf", [] { return Json::of("A1"); });
  Operations operations = library();
  // Author and Book refer to each other: the first key comes once both are there.
  auto& author = std::get<CreateModel>(operations[0].value);
  const Field best = author.fields.back();
  author.fields.pop_back();
  operations.push_back({AddField{.model_name = "author", .field = best}});
  lab.add("0001_initial", operations);
  lab.functions().add("lab.body", body);
  lab.add("0002_body", {{RunCpp{.code = "lab.body", .reverse_code = "noop"}}});
  lab.migrate();
}

}  // namespace

TEST_CASE("historical rows: insert gives keys, defaults and times; rows come back as values") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    Lab lab(dialect);
    in_migration(lab, [](MigrationContext& context) {
      const HistoricalModel authors = context.model("lab.Author");
      const HistoricalModel books = context.model("lab.book");
      const Value ada = authors.insert({{"name", s("Ada \"the\" first; --")}});
      CHECK(ada == Value(n(1)));
      const Value one = books.insert({{"title", s("One")},
                                      {"author", ada},
                                      {"price", s("9.90")},
                                      {"published", Date(std::chrono::days(19000))},
                                      {"meta", Json::parse("{\"a\": [1, null]}")},
                                      {"sold", true},
                                      {"loan", Duration(std::chrono::hours(36))},
                                      {"cover", Bytes{std::byte{0}, std::byte{255}}}});
      const Value two = books.insert({{"title", s("Two")}, {"stock", n(0)}, {"price", n(5)}});
      CHECK(two == Value(n(2)));

      const std::vector<HistoricalRow> rows = books.rows();
      REQUIRE(rows.size() == 2);
      CHECK(rows[0].names().at(2) == "author_id");
      CHECK(rows[0].text("title") == "One");
      CHECK(rows[0].integer("author_id") == 1);
      CHECK(rows[0]["author"] == ada);
      CHECK(rows[0]["price"] == Value(Decimal::parse("9.90")));
      CHECK(rows[1]["price"] == Value(Decimal::parse("5")));
      CHECK(rows[0].integer("stock") == 3);
      CHECK(rows[1].integer("stock") == 0);
      CHECK(rows[0]["published"] == Value(Date(std::chrono::days(19000))));
      CHECK(std::holds_alternative<DateTime>(rows[0]["added"]));
      CHECK(std::holds_alternative<Uuid>(rows[0]["code"]));
      CHECK(rows[0]["code"] != rows[1]["code"]);
      CHECK(rows[0].text("shelf") == "A1");
      CHECK(rows[0]["meta"] == Value(Json::parse("{\"a\":[1,null]}")));
      CHECK(rows[0]["sold"] == Value(true));
      CHECK(rows[0]["loan"] == Value(Duration(std::chrono::hours(36))));
      CHECK(rows[0]["cover"] == Value(Bytes{std::byte{0}, std::byte{255}}));
      CHECK(is_null(rows[1]["sold"]));

      CHECK(books.count() == 2);
      CHECK(books.count({{"author", Value{}}}) == 1);
      CHECK(books.count({{"code", rows[0]["code"]}, {"pk", one}}) == 1);
      CHECK(books.count({{"price", Decimal::parse("9.9")}}) == 1);
      CHECK(books.update({{"title", s("2")}, {"sold", false}}, {{"id", two}}) == 1);
      CHECK(books.rows({{"pk", two}}).at(0).text("title") == "2");
      CHECK(books.update({{"stock", n(7)}}, {}) == 2);
      CHECK(books.count({{"stock", n(7)}}) == 2);
    });
  }
}

TEST_CASE("historical rows: each visits every row once while rows are changed") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    Lab lab(dialect);
    in_migration(lab, [](MigrationContext& context) {
      const HistoricalModel tags = context.model("lab.Tag");
      for (int i = 0; i < 1201; ++i) tags.insert({{"label", "t" + std::to_string(i)}});
      int visited = 0;
      tags.each([&](const HistoricalRow& row) {
        ++visited;
        if (row.integer("id") % 2 == 0) {
          tags.remove({{"id", row["id"]}});
        } else {
          tags.update({{"label", row.text("label") + "!"}}, {{"id", row["id"]}});
        }
        tags.insert({{"label", s("new")}});
      });
      CHECK(visited == 1201);
      CHECK(tags.count({{"label", s("new")}}) == 1201);
      CHECK(tags.count({{"label", s("t0!")}}) == 1);
      CHECK(tags.count() == 1201 + 601);
      int odd = 0;
      tags.each([&](const HistoricalRow&) { ++odd; }, {{"label", s("new")}});
      CHECK(odd == 1201);
    });
  }
}

TEST_CASE("historical rows: each takes no more memory for more rows") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    Lab lab(dialect);
    const Field words = field_of(FieldType::text, "words");
    lab.add("0001_first", {{CreateModel{.name = "Note", .fields = {id_field(), words}}}});
    std::vector<std::size_t> most;
    lab.functions().add("lab.read", [&](MigrationContext& context) {
      std::size_t highest = 0;
      std::size_t bytes = 0;
      int count = 0;
      context.model("lab.Note").each([&](const HistoricalRow& row) {
        bytes += row.text("words").size();
        if (++count % 100 == 0) highest = std::max(highest, allocated());
      });
      CHECK(bytes == static_cast<std::size_t>(count) * 1000);
      most.push_back(highest);
    });
    lab.migrate();
    const std::string thousand =
        dialect == "sqlite" ? "printf('%01000d', n)" : "lpad(n::text, 1000, '0')";
    for (const std::string more : {"5000", "20000"}) {
      lab.execute(
          "INSERT INTO lab_note (words) WITH RECURSIVE c(n) AS "
          "(SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < " +
          more + ") SELECT " + thousand + " FROM c");
      lab.add("0002_read_" + more, {{RunCpp{.code = "lab.read", .reverse_code = "noop"}}});
      lab.migrate();
    }
    REQUIRE(most.size() == 2);
    // 20 MB more of rows.
    CHECK(most[1] < most[0] + 4'000'000);
  }
}

TEST_CASE("historical rows: deleting follows on_delete") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    Lab lab(dialect);
    in_migration(lab, [](MigrationContext& context) {
      const HistoricalModel authors = context.model("lab.Author");
      const HistoricalModel books = context.model("lab.Book");
      const HistoricalModel reviews = context.model("lab.Review");
      const HistoricalModel awards = context.model("lab.Award");
      const Value tag = context.model("lab.Tag").insert({{"label", s("x")}});
      const Value ada = authors.insert({{"name", s("Ada")}});
      const Value bob = authors.insert({{"name", s("Bob")}});
      const Value one = books.insert({{"title", s("One")}, {"author", ada}});
      const Value two = books.insert({{"title", s("Two")}, {"author", bob}});
      authors.update({{"best", one}}, {});
      reviews.insert({{"book", one}, {"words", s("good")}});
      reviews.insert({{"book", two}, {"words", s("bad")}});
      books.link("tags", one, tag);
      books.link("tags", one, tag);
      books.link("tags", two, tag);
      CHECK(books.linked("tags", one) == std::vector<Value>{tag});
      awards.insert({{"book", two}});

      // Ada takes her book along, its review and tags; Bob's best book is gone.
      CHECK(authors.remove({{"name", s("Ada")}}) == 1);
      CHECK(books.count() == 1);
      CHECK(reviews.count() == 1);
      CHECK(books.linked("tags", one).empty());
      CHECK(books.linked("tags", two).size() == 1);
      CHECK(is_null(authors.rows().at(0)["best"]));

      CHECK_THROWS_WITH_AS(books.remove({}), "rows are still referred to by lab.Award.book", Error);
      CHECK(awards.remove({}) == 1);
      CHECK(books.remove({{"title", s("nothing")}}) == 0);
      books.unlink("tags", two, tag);
      CHECK(books.linked("tags", two).empty());
      CHECK(authors.remove({}) == 1);
      CHECK(books.count() + reviews.count() == 0);
      CHECK(context.model("lab.Tag").count() == 1);
    });
  }
}

TEST_CASE("historical rows: a multi-table child is one row over two tables") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    Lab lab(dialect);
    in_migration(lab, [](MigrationContext& context) {
      const HistoricalModel audios = context.model("lab.Audio");
      const HistoricalModel books = context.model("lab.Book");
      const Value plain = books.insert({{"title", s("Plain")}});
      const Value both = audios.insert({{"title", s("Heard")}, {"minutes", n(90)}});
      CHECK(both == Value(n(2)));
      CHECK(audios.count() == 1);
      CHECK(books.count() == 2);
      CHECK(audios.rows().at(0).text("title") == "Heard");
      CHECK(audios.rows().at(0).integer("book_ptr") == 2);
      CHECK(audios.update({{"title", s("Heard twice")}, {"minutes", n(180)}},
                          {{"title", s("Heard")}}) == 1);
      CHECK(audios.count({{"title", s("Heard twice")}, {"minutes", n(180)}}) == 1);
      CHECK(books.count({{"title", s("Plain")}}) == 1);

      // A row of the base that is there already gets its second half.
      audios.insert({{"book_ptr", plain}, {"minutes", n(5)}});
      CHECK(books.count() == 2);
      CHECK(audios.count() == 2);
      CHECK_THROWS_WITH_AS(
          audios.insert({{"book_ptr", plain}, {"title", s("x")}, {"minutes", n(5)}}),
          "field \"title\" belongs to a row of Book that is there already", Error);

      CHECK(audios.remove({{"pk", both}}) == 1);
      CHECK(books.count() == 1);
      CHECK(books.remove({}) == 1);
      CHECK(audios.count() == 0);
    });
  }
}

TEST_CASE("historical rows: what does not fit is refused by name") {
  Lab lab("sqlite");
  in_migration(lab, [](MigrationContext& context) {
    const HistoricalModel books = context.model("lab.Book");
    struct Case {
      const char* label;
      std::function<void()> call;
      const char* message;
    };
    const Case cases[] = {
        {"unknown model", [&] { context.model("lab.Bok"); }, nullptr},
        {"no app", [&] { context.model("Book"); }, "\"Book\" is no model"},
        {"unknown field in where",
         [&] {
           books.rows({{"titel", s("x")}});
         },
         "lab.Book has no field \"titel\" at this point"},
        {"unknown field in insert",
         [&] {
           books.insert({{"name", s("x")}});
         },
         "lab.Book has no field \"name\" at this point"},
        {"unknown relation", [&] { books.link("tag", n(1), n(1)); },
         "lab.Book has no many-to-many field \"tag\" at this point"},
    };
    for (const Case& item : cases) {
      CAPTURE(item.label);
      if (item.message) {
        CHECK_THROWS_WITH_AS(item.call(), item.message, Error);
      } else {
        CHECK_THROWS_AS(item.call(), Error);
      }
    }
    books.insert({{"title", s("x")}});
    const HistoricalRow row = books.rows().at(0);
    CHECK_THROWS_WITH_AS(row["titel"], "the row has no field \"titel\"", Error);
    CHECK_THROWS_WITH_AS(row.integer("title"), "field \"title\" of the row is not a whole number",
                         Error);
    CHECK_THROWS_WITH_AS(row.text("author"), "field \"author\" of the row is NULL", Error);
  });
}
