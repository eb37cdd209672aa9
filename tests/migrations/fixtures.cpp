#include <doctest/doctest.h>
#include <malloc.h>
#include <turnstone/migrations/fixtures.h>

#include <algorithm>
#include <sstream>

#include "support/fields.h"
#include "support/lab.h"

/// There with a sanitizer, whose heap `mallinfo2` does not see.
extern "C" __attribute__((weak)) std::size_t __sanitizer_get_current_allocated_bytes();

namespace turnstone::test::fixtures {
namespace {

using namespace turnstone::migrations;

Field sized(Field field, int length) {
  field.max_length = length;
  return field;
}

Field money(const std::string& name, bool null = false) {
  Field field = field_of(FieldType::decimal, name, null);
  field.max_digits = 12;
  field.decimal_places = 2;
  return field;
}

Field parent_link(const std::string& name, const std::string& to) {
  Field field = key_field(name, to, OnDelete::cascade, false);
  field.type = FieldType::one_to_one;
  field.primary_key = true;
  field.parent_link = true;
  return field;
}

Field doubled() {
  Field field = field_of(FieldType::generated, "doubled");
  field.expression =
      Expression::call("*", {Expression::field("stock"), Expression::literal(Json::of(2))});
  field.output_field = std::make_shared<const Field>(field_of(FieldType::integer, ""));
  return field;
}

/// A field of every type both databases have.
std::vector<Field> all_fields() {
  return {id_field(),
          field_of(FieldType::boolean, "boolean", true),
          field_of(FieldType::small_integer, "small", true),
          field_of(FieldType::integer, "integer", true),
          field_of(FieldType::big_integer, "big", true),
          field_of(FieldType::positive_small_integer, "positive_small", true),
          field_of(FieldType::positive_integer, "positive", true),
          field_of(FieldType::positive_big_integer, "positive_big", true),
          field_of(FieldType::floating, "floating", true),
          money("money", true),
          sized(field_of(FieldType::character, "character", true), 40),
          field_of(FieldType::text, "text", true),
          field_of(FieldType::slug, "slug", true),
          field_of(FieldType::email, "email", true),
          field_of(FieldType::url, "url", true),
          field_of(FieldType::file, "file", true),
          field_of(FieldType::image, "image", true),
          field_of(FieldType::file_path, "file_path", true),
          field_of(FieldType::date, "date", true),
          field_of(FieldType::time, "time", true),
          field_of(FieldType::date_time, "moment", true),
          field_of(FieldType::duration, "duration", true),
          field_of(FieldType::uuid, "uuid", true),
          field_of(FieldType::binary, "binary", true),
          field_of(FieldType::json, "json", true),
          field_of(FieldType::generic_ip_address, "address", true),
          key_field("word", "lab.Word"),
          key_field("self", "lab.Everything"),
          many_field("words", "lab.Word")};
}

Field word_key() {
  Field field = text_field("text");
  field.primary_key = true;
  return field;
}

const char* const everything = R"([
{"model": "lab.word", "pk": "Zebra", "fields": {}},
{"model": "lab.word", "pk": "apple", "fields": {}},
{"model": "lab.word", "pk": "Ärger", "fields": {}},
{"model": "lab.everything", "pk": 1, "fields": {"boolean": true, "small": -32768, "integer": 2147483647, "big": -9223372036854775808, "positive_small": 0, "positive": 2147483647, "positive_big": 9223372036854775807, "floating": 0.1, "money": "1234567890.05", "character": "quote \" and \\ and \n", "text": "ünï🐦", "slug": "a-b", "email": "a@b.c", "url": "https://example.org/?a=b&c", "file": "f/x.txt", "image": "i.png", "file_path": "/tmp", "date": "2026-02-28", "time": "13:45:30.000001", "moment": "2026-02-28T23:59:59.999999Z", "duration": "P1DT02H03M04.500000S", "uuid": "c56a4180-65aa-42ec-a945-5fd21dec0538", "binary": "AP8Q", "json": {"a":[1,2.5,null,"x"],"b":{}}, "address": "10.0.0.1", "word": "apple", "self": 2, "words": ["Zebra", "apple", "Ärger"]}},
{"model": "lab.everything", "pk": 2, "fields": {"boolean": false, "small": 0, "integer": -1, "big": 0, "positive_small": 1, "positive": 0, "positive_big": 0, "floating": -1e+300, "money": "-0.10", "character": "", "text": "", "slug": "", "email": "", "url": "", "file": "", "image": "", "file_path": "", "date": "0001-01-01", "time": "00:00:00", "moment": "1969-12-31T23:00:00Z", "duration": "-P1DT00H00M00.000001S", "uuid": "00000000-0000-0000-0000-000000000000", "binary": "", "json": [], "address": "2001:db8::1", "word": "Ärger", "self": 2, "words": []}},
{"model": "lab.everything", "pk": 30, "fields": {"boolean": null, "small": null, "integer": null, "big": null, "positive_small": null, "positive": null, "positive_big": null, "floating": null, "money": null, "character": null, "text": null, "slug": null, "email": null, "url": null, "file": null, "image": null, "file_path": null, "date": null, "time": null, "moment": null, "duration": null, "uuid": null, "binary": null, "json": null, "address": null, "word": null, "self": null, "words": ["apple"]}}
]
)";

Operations every_type() {
  return {{CreateModel{.name = "Word", .fields = {word_key()}}},
          {CreateModel{.name = "Everything", .fields = all_fields()}}};
}

/// Books with authors, tags, a child model and a generated field.
Operations library() {
  Options ordered;
  ordered.order_with_respect_to = "book";
  Field code = field_of(FieldType::uuid, "code");
  code.default_value = DefaultFunction{"uuid4"};
  code.primary_key = true;
  Field tenant = field_of(FieldType::composite_primary_key, "pk");
  tenant.fields = {"tenant", "number"};
  return {
      {CreateModel{.name = "Author", .fields = {id_field(), text_field("name")}}},
      {CreateModel{.name = "Tag", .fields = {id_field(), text_field("label")}}},
      {CreateModel{.name = "Book",
                   .fields = {id_field(), text_field("title"),
                              key_field("author", "lab.Author", OnDelete::cascade, false),
                              with_default(field_of(FieldType::integer, "stock"), 3), doubled(),
                              many_field("tags", "lab.Tag")}}},
      {AddField{.model_name = "author", .field = key_field("best", "lab.Book")}},
      {CreateModel{
          .name = "Audio",
          .fields = {parent_link("book_ptr", "lab.Book"), field_of(FieldType::integer, "minutes")},
          .bases = {"lab.Book"}}},
      {CreateModel{.name = "Chapter",
                   .fields = {id_field(), key_field("book", "lab.Book"), text_field("title")},
                   .options = ordered}},
      {CreateModel{.name = "Ticket", .fields = {code, text_field("note")}}},
      {CreateModel{.name = "Seat",
                   .fields = {tenant, field_of(FieldType::integer, "tenant"),
                              field_of(FieldType::integer, "number"), text_field("note")}}},
  };
}

const char* const shelf = R"([
{"model": "lab.tag", "pk": 1, "fields": {"label": "old"}},
{"model": "lab.tag", "pk": 2, "fields": {"label": "new"}},
{"model": "lab.book", "pk": 4, "fields": {"title": "Emma", "author": 7, "stock": 1, "tags": [1, 2]}},
{"model": "lab.book", "pk": 5, "fields": {"title": "Lady Susan", "author": 7, "stock": 0, "tags": []}},
{"model": "lab.author", "pk": 7, "fields": {"name": "Jane", "best": 4}},
{"model": "lab.audio", "pk": 5, "fields": {"minutes": 90}},
{"model": "lab.chapter", "pk": 1, "fields": {"book": 4, "title": "I", "_order": 0}},
{"model": "lab.seat", "pk": [1, 2], "fields": {"tenant": 1, "number": 2, "note": "window"}},
{"model": "lab.ticket", "pk": "c56a4180-65aa-42ec-a945-5fd21dec0538", "fields": {"note": ""}}
]
)";

/// A database with these models.
struct Shelf {
  Shelf(const std::string& dialect, const Operations& operations) : lab(dialect) {
    lab.add("0001_initial", operations);
    lab.migrate();
    state = lab.state();
  }
  std::vector<ModelRows> load(const std::string& text) {
    Transaction transaction(lab.connection(), lab.dialect().begin());
    FixtureLoader loader(state, lab.connection(), lab.backend());
    std::istringstream in(text);
    loader.load(in, "rows.json");
    auto rows = loader.finish();
    transaction.commit();
    return rows;
  }
  std::string dump(int indent = 0) {
    Transaction transaction(lab.connection(), lab.dialect().begin_reading());
    std::ostringstream out;
    dump_rows(state, fixture_order(state, [](const ModelState&) { return true; }), lab.connection(),
              lab.backend(), indent, out);
    return out.str();
  }
  std::int64_t count(const std::string& model) {
    return MigrationContext(state, lab.connection(), lab.dialect()).model(model).count();
  }
  /// What the error of loading says.
  std::string refused(const std::string& text) {
    try {
      load(text);
    } catch (const Error& error) {
      return error.text();
    }
    return "loaded";
  }
  Lab lab;
  ProjectState state{};
};

std::string lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> all;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line.back() == ',') line.pop_back();
    all.push_back(line);
  }
  std::sort(all.begin(), all.end());
  return lines(all);
}

}  // namespace

TEST_CASE("fixtures: a field of every type goes from one database to the other and back") {
  std::string text = everything;
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    Shelf there(dialect, every_type());
    there.load(text);
    text = there.dump();
    CHECK(text == everything);
  }
  Shelf back("sqlite", every_type());
  back.load(text);
  CHECK(back.dump() == everything);
}

TEST_CASE("fixtures: PostgreSQL's own types come back the same") {
  for (const std::string& dialect : test_dialects()) {
    if (dialect != "postgresql") continue;
    const auto array = [](const std::string& name, const Field& of) {
      Field field = field_of(FieldType::array, name, true);
      field.base_field = std::make_shared<const Field>(of);
      return field;
    };
    const Field numbers = field_of(FieldType::integer, "");
    Shelf there(
        dialect,
        {{CreateModel{
            .name = "Own",
            .fields = {id_field(), array("numbers", numbers), array("nested", array("", numbers)),
                       array("words", text_field("")), array("days", field_of(FieldType::date, "")),
                       array("sums", money("")), array("flags", field_of(FieldType::boolean, "")),
                       field_of(FieldType::integer_range, "range", true),
                       field_of(FieldType::date_time_range, "span", true),
                       field_of(FieldType::search_vector, "vector", true)}}}});
    const std::string rows = R"json([
{"model": "lab.own", "pk": 1, "fields": {"numbers": [1,null,-3], "nested": [[1,2],[3,4]], "words": ["a b","{\"}",""], "days": ["2026-02-28"], "sums": ["1.50","-2.00"], "flags": [true,false], "range": "[1,10)", "span": "[\"2026-01-01 00:00:00+00\",)", "vector": "'b':2 'x':1"}},
{"model": "lab.own", "pk": 2, "fields": {"numbers": [], "nested": null, "words": null, "days": null, "sums": null, "flags": null, "range": "empty", "span": null, "vector": null}}
]
)json";
    there.load(rows);
    CHECK(there.dump() == rows);
    // As Django writes them.
    there.load(R"json([{"model": "lab.own", "pk": 1, "fields": {
      "numbers": "[\"1\", null, \"-3\"]", "flags": "[\"True\", \"False\"]",
      "range": "{\"bounds\": \"[)\", \"lower\": \"1\", \"upper\": \"10\"}",
      "span": "{\"bounds\": \"[)\", \"lower\": \"2026-01-01T00:00:00+00:00\", \"upper\": null}"}},
      {"model": "lab.own", "pk": 2, "fields": {"range": "{\"empty\": true}"}}])json");
    CHECK(there.dump() == rows);
  }
}

TEST_CASE("fixtures: hstore and texts without case come back the same") {
  for (const std::string& dialect : test_dialects()) {
    if (dialect != "postgresql") continue;
    Shelf there(dialect, {{CreateExtension{.name = "hstore"}, CreateExtension{.name = "citext"},
                           CreateModel{.name = "Own",
                                       .fields = {id_field(), field_of(FieldType::hstore, "map"),
                                                  field_of(FieldType::ci_text, "word")}}}});
    const std::string rows = R"json([
{"model": "lab.own", "pk": 1, "fields": {"map": {"a":"1","b":null,"c\"":"x => y"}, "word": "Ada"}},
{"model": "lab.own", "pk": 2, "fields": {"map": {}, "word": ""}}
]
)json";
    there.load(rows);
    CHECK(lines_of(there.dump()) == lines_of(rows));
  }
}

TEST_CASE("fixtures: numbers in documents keep their digits") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    Shelf there(dialect, {{CreateModel{.name = "Doc",
                                       .fields = {id_field(), field_of(FieldType::json, "body"),
                                                  field_of(FieldType::floating, "real")}}}});
    const std::string rows =
        R"json([
{"model": "lab.doc", "pk": 1, "fields": {"body": [0.1234567890123456789012345,123456789012345678901234567890], "real": 0.1}}
]
)json";
    there.load(rows);
    CHECK(there.dump() == rows);
    CHECK(there.dump(1).find("0.1234567890123456789012345,\n") != std::string::npos);
    there.load(R"json([{"model": "lab.doc", "pk": 1, "fields": {
        "real": 0.1000000000000000055511151231257827}}])json");
    CHECK(there.dump().find("\"real\": 0.1}") != std::string::npos);
  }
}

TEST_CASE("fixtures: rows come in any order, and are dumped in one that needs no patience") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    Shelf there(dialect, library());
    const std::vector<ModelRows> rows = there.load(shelf);
    CHECK(rows.size() == 7);
    CHECK(rows.front().model == "lab.Tag");
    CHECK(rows.front().rows == 2);
    const std::string dumped = there.dump();
    CHECK(lines_of(dumped) == lines_of(shelf));
    const auto at = [&](const std::string& model) { return dumped.find("lab." + model + "\""); };
    CHECK(at("tag") < at("book"));
    CHECK(at("book") < at("audio"));
    CHECK(at("book") < at("chapter"));

    // Once more: nothing doubles. Fields that are not named stay, links are replaced.
    there.load(shelf);
    CHECK(there.dump() == dumped);
    there.load(R"([{"model": "lab.Book", "pk": 4, "fields": {"title": "E", "tags": [2]}},
                   {"model": "lab.book", "pk": 4, "fields": {"doubled": 99}}])");
    CHECK(there.dump().find(R"("pk": 4, "fields": {"title": "E", "author": 7, "stock": 1, )"
                            R"("tags": [2]}})") != std::string::npos);
  }
}

TEST_CASE("fixtures: rows without a key get one, fields without a value their default") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    Shelf there(dialect, library());
    there.load(R"([{"model": "lab.tag", "pk": 40, "fields": {"label": "x"}},
                   {"model": "lab.author", "pk": 1, "fields": {"name": "A", "best": null}},
                   {"model": "lab.book", "fields": {"title": "T", "author_id": 1, "tags": [40]}},
                   {"model": "lab.chapter", "fields": {"book": 1, "title": "I"}},
                   {"model": "lab.chapter", "pk": 9, "fields": {"book": 1, "title": "II"}},
                   {"model": "lab.seat", "fields": {"tenant": 3, "number": 4, "note": "n"}},
                   {"model": "lab.ticket", "pk": null, "fields": {}}])");
    MigrationContext context(there.state, there.lab.connection(), there.lab.dialect());
    CHECK(there.dump().find(R"({"title": "T", "author": 1, "stock": 3, "tags": [40]})") !=
          std::string::npos);
    CHECK(context.model("lab.Chapter").rows({{"id", std::int64_t{9}}}).at(0).integer("_order") ==
          1);
    CHECK(there.count("lab.Ticket") == 1);
    // The counters are behind the keys that came.
    const Value next = context.model("lab.Tag").insert({{"label", std::string("y")}});
    CHECK(next == Value(std::int64_t{41}));
  }
}

TEST_CASE("fixtures: what is wrong is refused with its place, and nothing stays") {
  struct Refused {
    const char* text;
    const char* message;
  };
  const std::vector<Refused> cases{
      {"",
       "expected \"[\", the beginning of a list of rows, found the end of the file (rows.json: "
       "line 1, column 1)"},
      {"{}",
       "expected \"[\", the beginning of a list of rows, found \"{\" (rows.json: line 1, "
       "column 1)"},
      {"[1]",
       "expected a row, {\"model\": …, \"pk\": …, \"fields\": {…}}, found \"1\" (rows.json: "
       "line 1, column 2)"},
      {"[]\n x", "expected the end of the file, found \"x\" (rows.json: line 2, column 2)"},
      {"[{\"model\": \"lab.tag\", \"pk\": 1, \"fields\": {}},\n]",
       "expected a row behind \",\", found \"]\" (rows.json: line 2, column 1)"},
      {"[{\"model\": \"lab.tag\", \"pk\": 1, \"fields\": {}}\n {}]",
       "expected \",\" or \"]\" behind a row, found \"{\" (rows.json: line 2, column 2)"},
      {"[{\"model\": \"lab.tag\", \"pk\": 1, \"fields\": {}}",
       "expected \",\" or \"]\" behind a row, found the end of the file (rows.json: line 1, column "
       "45)"},
      {"[\n {\"model\": \"lab.tag\",\n  \"pk\": 1 \"fields\"}]",
       "expected \",\" or \"}\", found \"\"\" (rows.json: line 3, column 11)"},
      {"[{\"model\": \"lab.tagg\", \"pk\": 1, \"fields\": {}}]",
       "there is no model \"lab.tagg\" (rows.json: line 1: /0/model); did you mean \"lab.Tag\"?"},
      {"[{\"model\": \"lab.tag\", \"key\": 1, \"fields\": {}}]", "key"},
      {"[{\"model\": \"lab.tag\", \"pk\": 1}]", "fields"},
      {"[\n{\"model\": \"lab.tag\", \"pk\": 1, \"fields\": {\"label\": \"a\"}},\n"
       "{\"model\": \"lab.tag\", \"pk\": 2, \"fields\": {\"lable\": \"a\"}}]",
       "lab.Tag has no field \"lable\" (rows.json: line 3: /1/fields/lable); did you mean "
       "\"label\"?"},
      {"[{\"model\": \"lab.tag\", \"pk\": 1, \"fields\": {\"label\": 5}}]",
       "expected a text for a CharField, found 5 (rows.json: line 1: /0/fields/label)"},
      {"[{\"model\": \"lab.tag\", \"pk\": \"x\", \"fields\": {\"label\": \"a\"}}]",
       "expected a whole number"},
      {"[{\"model\": \"lab.audio\", \"pk\": 1, \"fields\": {\"title\": \"a\"}}]",
       "lab.Audio has no field \"title\" (rows.json: line 1: /0/fields/title); fields of a base "
       "stand in the row of the base"},
      {"[{\"model\": \"lab.book\", \"pk\": 1, \"fields\": {\"author\": [\"Jane\"]}}]",
       "natural keys are not known here"},
      {"[{\"model\": \"lab.book\", \"pk\": 1, \"fields\": {\"tags\": 5}}]",
       "expected a list of primary keys, found 5 (rows.json: line 1: /0/fields/tags)"},
      {"[{\"model\": \"lab.seat\", \"pk\": 1, \"fields\": {}}]",
       "expected a list of 2 values, the key"},
      {"[{\"model\": \"lab.seat\", \"pk\": [1, 2], \"fields\": {\"tenant\": 3}}]",
       "the key and the field \"tenant\" differ"},
      {"[{\"model\": \"lab.audio\", \"fields\": {\"minutes\": 1}}]",
       "the row needs a \"pk\": the key of lab.audio is not made by itself"},
      // What the database refuses: the row is named among many.
      {"[{\"model\": \"lab.tag\", \"pk\": 1, \"fields\": {\"label\": \"a\"}},\n"
       "{\"model\": \"lab.tag\", \"pk\": 2, \"fields\": {\"label\": null}},\n"
       "{\"model\": \"lab.tag\", \"pk\": 3, \"fields\": {\"label\": \"b\"}}]",
       "(rows.json: line 2: /1)"},
      // Foreign keys, in the end.
      {"[{\"model\": \"lab.author\", \"pk\": 3, \"fields\": {\"name\": \"a\", \"best\": 77}}]",
       "lab.author 3: \"best\" refers to 77, which table \"lab_book\" does not have"},
      {"[{\"model\": \"lab.author\", \"pk\": 3, \"fields\": {\"name\": \"a\"}},\n"
       "{\"model\": \"lab.book\", \"pk\": 8, \"fields\": {\"title\": \"t\", \"author\": 3, "
       "\"tags\": [55]}}]",
       "lab.book 8: \"tags\" refers to 55, which table \"lab_tag\" does not have"},
  };
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    Shelf there(dialect, library());
    for (const Refused& c : cases) {
      CAPTURE(std::string(c.text));
      const std::string said = there.refused(c.text);
      CAPTURE(said);
      CHECK(said.find(c.message) != std::string::npos);
      CHECK(there.dump() == "[]\n");
    }
  }
}

TEST_CASE("fixtures: values are taken as Django writes them, and refused where they say nothing") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    Shelf there(dialect, every_type());
    there.load(R"([{"model": "lab.everything", "pk": 1, "fields": {"duration": "1 02:03:04.5",
        "moment": "2026-01-01T00:30:00+01:00", "money": 9.5, "boolean": 1, "floating": 2}},
        {"model": "lab.everything", "pk": 2, "fields": {"duration": "-1 23:59:59.999999",
        "moment": "2026-01-01 00:30:00", "money": 7}}])");
    const std::string dumped = there.dump();
    for (const char* part :
         {"\"boolean\": true", "\"floating\": 2.0", "\"money\": \"9.50\"", "\"money\": \"7.00\"",
          "\"moment\": \"2025-12-31T23:30:00Z\"", "\"moment\": \"2026-01-01T00:30:00Z\"",
          "\"duration\": \"P1DT02H03M04.500000S\"", "\"duration\": \"-P0DT00H00M00.000001S\""}) {
      CAPTURE(part);
      CHECK(dumped.find(part) != std::string::npos);
    }
    const std::pair<const char*, const char*> wrong[] = {
        {"\"boolean\": \"yes\"", "expected true or false for a BooleanField, found \"yes\""},
        {"\"date\": \"28.2.2026\"", "expected a date"},
        {"\"duration\": \"tomorrow\"", "expected an ISO 8601 duration"},
        {"\"money\": [1]", "expected a decimal number in quotes"},
        {"\"money\": true", "expected a decimal number in quotes"},
        {"\"uuid\": \"x\"", "expected a UUID for a UUIDField"},
        {"\"binary\": \"*\"", "expected base64 text for a BinaryField"},
        {"\"big\": 9223372036854775808", "expected a whole number"},
    };
    for (const auto& [field, message] : wrong) {
      const std::string said = there.refused(
          "[{\"model\": \"lab.everything\", \"pk\": 9, "
          "\"fields\": {" +
          std::string(field) + "}}]");
      CAPTURE(said);
      CHECK(said.find(message) != std::string::npos);
      CHECK(said.find("(rows.json: line 1: /0/fields/") != std::string::npos);
    }
  }
}

TEST_CASE("fixtures: keys that never wait wait for a fixture, and no longer") {
  for (const std::string& dialect : test_dialects()) {
    if (dialect != "postgresql") continue;
    Shelf there(dialect, library());
    there.lab.execute(
        "DO $$ DECLARE k record; BEGIN FOR k IN SELECT conrelid::regclass AS t, conname AS n FROM "
        "pg_constraint WHERE contype = 'f' LOOP EXECUTE format('ALTER TABLE %s ALTER CONSTRAINT %I "
        "NOT DEFERRABLE', k.t, k.n); END LOOP; END $$");
    const std::string strict =
        "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND NOT "
        "condeferrable";
    const Rows before = there.lab.connection().query(strict);
    there.load(shelf);
    CHECK(lines_of(there.dump()) == lines_of(shelf));
    CHECK(there
              .refused("[{\"model\": \"lab.author\", \"pk\": 3, \"fields\": {\"name\": \"a\", "
                       "\"best\": 77}}]")
              .find("\"best\" refers to 77") != std::string::npos);
    CHECK(there.lab.connection().query(strict).rows == before.rows);
  }
}

TEST_CASE("fixtures: flush empties all, starts keys again and keeps the history") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    Shelf there(dialect, library());
    there.load(shelf);
    there.lab.execute("CREATE TABLE stranger (id integer)");
    there.lab.execute("INSERT INTO stranger VALUES (1)");
    {
      Transaction transaction(there.lab.connection(), there.lab.dialect().begin());
      const auto tables = flush_rows(there.state, there.lab.connection(), there.lab.backend());
      CHECK(tables.size() == 8);
      transaction.commit();
    }
    CHECK(there.dump() == "[]\n");
    CHECK(there.lab.connection().query("SELECT * FROM stranger").rows.size() == 1);
    CHECK(recorder::read(there.lab.connection(), there.lab.backend()).rows().size() == 1);
    MigrationContext context(there.state, there.lab.connection(), there.lab.dialect());
    CHECK(context.model("lab.Tag").insert({{"label", std::string("x")}}) == Value(std::int64_t{1}));
  }
}

TEST_CASE("fixtures: with an indent rows stand over several lines") {
  Shelf there("sqlite", library());
  there.load("[{\"model\": \"lab.tag\", \"pk\": 1, \"fields\": {\"label\": \"a\"}}]");
  CHECK(there.dump(2) ==
        "[\n{\n  \"model\": \"lab.tag\",\n  \"pk\": 1,\n  \"fields\": {\n    \"label\": \"a\"\n  }"
        "\n}\n]\n");
}

namespace {

std::size_t allocated() {
  if (__sanitizer_get_current_allocated_bytes) return __sanitizer_get_current_allocated_bytes();
  const auto heap = mallinfo2();
  return heap.uordblks + heap.hblkhd;
}

/// Makes a fixture of `rows` rows piece by piece, and takes the highest of what is allocated.
class ManyRows : public std::streambuf {
 public:
  explicit ManyRows(int rows) : rows_(rows) {}
  std::size_t most() const { return most_; }

 protected:
  int_type underflow() override {
    most_ = std::max(most_, allocated());
    if (next_ > rows_) return traits_type::eof();
    if (next_ == rows_) {
      piece_ = "]";
    } else {
      const std::string key = std::to_string(next_ + 1);
      piece_ = (next_ == 0 ? "[" : ",");
      piece_ += "{\"model\": \"lab.tag\", \"pk\": " + key + ", \"fields\": {\"label\": \"" + key +
                "\", \"words\": \"" + std::string(2000, 'x') + "\"}}\n";
    }
    ++next_;
    setg(piece_.data(), piece_.data(), piece_.data() + piece_.size());
    return traits_type::to_int_type(piece_.front());
  }

 private:
  int rows_;
  int next_ = 0;
  std::string piece_{};
  std::size_t most_ = 0;
};

/// Forgets what is written.
class Nothing : public std::streambuf {
 public:
  std::size_t most() const { return most_; }
  std::size_t bytes() const { return bytes_; }

 protected:
  std::streamsize xsputn(const char*, std::streamsize size) override {
    bytes_ += static_cast<std::size_t>(size);
    if (++count_ % 64 == 0) most_ = std::max(most_, allocated());
    return size;
  }
  int_type overflow(int_type c) override { return c; }

 private:
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
  std::size_t most_ = 0;
};

}  // namespace

TEST_CASE("fixtures: memory does not grow with the rows, either way") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    Shelf there(dialect, {{CreateModel{.name = "Tag",
                                       .fields = {id_field(), text_field("label"),
                                                  field_of(FieldType::text, "words")}}}});
    std::vector<std::size_t> loading;
    std::vector<std::size_t> dumping;
    for (const int rows : {2500, 10000}) {
      ManyRows source(rows);
      std::istream in(&source);
      {
        Transaction transaction(there.lab.connection(), there.lab.dialect().begin());
        FixtureLoader loader(there.state, there.lab.connection(), there.lab.backend());
        CHECK(loader.load(in, "many") == rows);
        loader.finish();
        transaction.commit();
      }
      loading.push_back(source.most());
      Nothing sink;
      std::ostream out(&sink);
      Transaction transaction(there.lab.connection(), there.lab.dialect().begin_reading());
      dump_rows(there.state, fixture_order(there.state, [](const ModelState&) { return true; }),
                there.lab.connection(), there.lab.backend(), 0, out);
      CHECK(sink.bytes() > static_cast<std::size_t>(rows) * 2000);
      dumping.push_back(sink.most());
    }
    // 15 MB more of rows.
    CHECK(loading[1] < loading[0] + 1'500'000);
    CHECK(dumping[1] < dumping[0] + 1'500'000);
  }
}

namespace {

/// `lab.Price`, with amounts of six digits, two of them behind the point.
Operations prices(bool arrays) {
  Field amount = money("amount", true);
  amount.max_digits = 6;
  std::vector<Field> fields{id_field(), amount};
  if (arrays) {
    Field list = field_of(FieldType::array, "list", true);
    list.base_field = std::make_shared<Field>(amount);
    fields.push_back(list);
  }
  return {{CreateModel{.name = "Price", .fields = fields}}};
}

}  // namespace

TEST_CASE("fixtures: a decimal that its column would round is refused, whichever database it is") {
  struct Amount {
    const char* value;
    const char* refusal;  ///< empty where it is taken
  };
  const std::vector<Amount> amounts = {
      {"\"1.25\"", ""},
      {"\"-1.5\"", ""},
      {"\"1.2500\"", ""},
      {"1.50", ""},
      {"9999", ""},
      {"\"9999.99\"", ""},
      {"\"0.00\"", ""},
      {"\"1.255\"", "1.255 would be rounded"},
      {"1.001", "1.001 would be rounded"},
      {"\"-0.001\"", "-0.001 would be rounded"},
      {"\"10000\"", "10000 is too large"},
      {"12345.67", "12345.67 is too large"},
      {"\"1e5\"", "100000 is too large"},
  };
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    Shelf there(dialect, prices(dialect != "sqlite"));
    for (const Amount& amount : amounts) {
      const std::string refusal(amount.refusal);
      const auto text = [&](const std::string& field, const std::string& value) {
        return "[{\"model\": \"lab.price\", \"pk\": 1, \"fields\": {\"" + field + "\": " + value +
               "}}]";
      };
      const auto check = [&](const std::string& field, const std::string& value) {
        CAPTURE(value);
        const std::string said = there.refused(text(field, value));
        there.lab.execute("DELETE FROM lab_price");
        if (refusal.empty()) {
          CHECK(said == "loaded");
        } else {
          CAPTURE(said);
          CHECK(said.find("lab.Price." + field + " takes 6 digits, 2 of them behind the point: " +
                          refusal + " (rows.json: line 1: /0/fields/" + field) == 0);
        }
      };
      check("amount", amount.value);
      if (dialect != "sqlite") check("list", std::string("[null, ") + amount.value + "]");
    }
  }
}

}  // namespace turnstone::test::fixtures
