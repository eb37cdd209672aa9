#include <doctest/doctest.h>
#include <turnstone/error.h>
#include <turnstone/schema/lower.h>

#include "drivers/postgresql_support.h"

namespace turnstone::test {
namespace {

Field field(FieldType type, const std::string& name = "c") {
  return Field{.name = name, .type = type};
}

Field array_of(const Field& base, std::optional<int> size = {}) {
  Field result = field(FieldType::array);
  result.base_field = std::make_shared<Field>(base);
  result.size = size;
  return result;
}

TEST_CASE("every field type has Django's column type") {
  Field decimal = field(FieldType::decimal);
  decimal.max_digits = 10;
  decimal.decimal_places = 2;
  Field text = field(FieldType::character);
  text.max_length = 20;
  Field generated = field(FieldType::generated);
  generated.output_field = std::make_shared<Field>(field(FieldType::integer));
  Field custom = field(FieldType::custom);
  custom.db_type = {{"postgresql", "cidr"}, {"sqlite", "text"}};
  Field custom_for_all = field(FieldType::custom);
  custom_for_all.db_type = {{"", "text"}};
  struct Case {
    Field field{};
    std::string type{};
  };
  const std::vector<Case> cases = {
      {field(FieldType::auto_field), "integer"},
      {field(FieldType::big_auto_field), "bigint"},
      {field(FieldType::small_auto_field), "smallint"},
      {field(FieldType::boolean), "boolean"},
      {field(FieldType::small_integer), "smallint"},
      {field(FieldType::integer), "integer"},
      {field(FieldType::big_integer), "bigint"},
      {field(FieldType::positive_small_integer), "smallint"},
      {field(FieldType::positive_integer), "integer"},
      {field(FieldType::positive_big_integer), "bigint"},
      {field(FieldType::floating), "double precision"},
      {decimal, "numeric(10, 2)"},
      {field(FieldType::decimal), "numeric"},
      {text, "varchar(20)"},
      {field(FieldType::character), "varchar"},
      {field(FieldType::text), "text"},
      {field(FieldType::slug), "varchar(50)"},
      {field(FieldType::email), "varchar(254)"},
      {field(FieldType::url), "varchar(200)"},
      {field(FieldType::file), "varchar(100)"},
      {field(FieldType::image), "varchar(100)"},
      {field(FieldType::file_path), "varchar(100)"},
      {field(FieldType::date), "date"},
      {field(FieldType::time), "time"},
      {field(FieldType::date_time), "timestamp with time zone"},
      {field(FieldType::duration), "interval"},
      {field(FieldType::uuid), "uuid"},
      {field(FieldType::binary), "bytea"},
      {field(FieldType::json), "jsonb"},
      {field(FieldType::generic_ip_address), "inet"},
      {generated, "integer"},
      {custom, "cidr"},
      {custom_for_all, "text"},
      {array_of(text), "varchar(20)[]"},
      {array_of(array_of(field(FieldType::integer), 2), 3), "integer[2][3]"},
      {field(FieldType::hstore), "hstore"},
      {field(FieldType::integer_range), "int4range"},
      {field(FieldType::big_integer_range), "int8range"},
      {field(FieldType::decimal_range), "numrange"},
      {field(FieldType::date_time_range), "tstzrange"},
      {field(FieldType::date_range), "daterange"},
      {field(FieldType::search_vector), "tsvector"},
      {field(FieldType::ci_text), "citext"},
      {field(FieldType::ci_char), "citext"},
      {field(FieldType::ci_email), "citext"},
  };
  for (const Case& c : cases) {
    CAPTURE(name_of(c.field.type));
    CHECK(postgresql().column_type(c.field) == c.type);
  }
  CHECK(postgresql().key_type(field(FieldType::big_auto_field)) == "bigint");
  CHECK(postgresql().key_type(field(FieldType::positive_integer)) == "integer");
  custom.db_type = {{"sqlite", "text"}};
  CHECK_THROWS_WITH_AS(postgresql().column_type(custom),
                       "postgresql has no column type for CustomField", Error);
}

TEST_CASE("columns of positive numbers and of choices have a check") {
  CHECK(postgresql().column_check(field(FieldType::integer), "c") == std::nullopt);
  CHECK(postgresql().column_check(field(FieldType::positive_integer), "c") == "\"c\" >= 0");
  Field choice = field(FieldType::character);
  choice.choices = {Json::parse(R"(["a", "Label"])"), Json::parse(R"(["Group", [["b'", "B"]]])"),
                    Json::of("c")};
  CHECK(postgresql().column_check(choice, "c") == std::nullopt);
  choice.choices_check = true;
  CHECK(postgresql().column_check(choice, "c") == "\"c\" IN ('a', 'b''', 'c')");
}

struct Literal {
  Field field{};
  std::string json{};
  std::string sql{};
};

std::vector<Literal> literals() {
  Field text = field(FieldType::character);
  Field range = field(FieldType::integer_range);
  return {
      {text, R"("it's")", "'it''s'"},
      {text, "5", "'5'"},
      {field(FieldType::integer), "-5", "-5"},
      {field(FieldType::boolean), "true", "TRUE"},
      {field(FieldType::boolean), "0", "FALSE"},
      {field(FieldType::floating), "1.5", "1.5"},
      {field(FieldType::decimal), R"("9.90")", "9.90"},
      {field(FieldType::decimal), "3", "3"},
      {field(FieldType::date), R"("2026-11-25")", "'2026-11-25'::date"},
      {field(FieldType::time), R"("13:45")", "'13:45:00'::time"},
      {field(FieldType::date_time), R"("2026-11-25T13:45:30+01:00")",
       "'2026-11-25T12:45:30Z'::timestamp with time zone"},
      {field(FieldType::duration), R"("P1DT02H03M04.5S")", "'1 days 02:03:04.500000'::interval"},
      {field(FieldType::duration), R"("-P1DT02H03M04S")", "'-1 days -02:03:04'::interval"},
      {field(FieldType::uuid), R"("{12345678123456781234567812345678}")",
       "'12345678-1234-5678-1234-567812345678'::uuid"},
      {field(FieldType::binary), R"("AP8=")", "'\\x00ff'::bytea"},
      {field(FieldType::json), R"({"b": [1, "x'"], "a": null})",
       R"('{"a":null,"b":[1,"x''"]}'::jsonb)"},
      {field(FieldType::json), "null", "'null'::jsonb"},
      {field(FieldType::integer), "null", "NULL"},
      {field(FieldType::generic_ip_address), R"("10.0.0.1")", "'10.0.0.1'::inet"},
      {array_of(field(FieldType::integer)), "[1, null, 3]", R"('{"1",NULL,"3"}'::integer[])"},
      {array_of(text), R"(["a\"b", "c,d", ""])", R"('{"a\"b","c,d",""}'::varchar[])"},
      {array_of(array_of(field(FieldType::integer))), "[[1, 2], [3, 4]]",
       R"('{{"1","2"},{"3","4"}}'::integer[][])"},
      {array_of(text), R"("one")", R"('{"one"}'::varchar[])"},
      {array_of(field(FieldType::date)), R"(["2026-01-02"])", R"('{"2026-01-02"}'::date[])"},
      {range, "\"[1,5)\"", "'[1,5)'::int4range"},
      {range, "[1, 5]", "'[1,5)'::int4range"},
      {range, R"([1, null, "(]"])", "'(1,]'::int4range"},
      {range, "3", "3"},
      {field(FieldType::date_range), R"("2026-01-02")", "'2026-01-02'::date"},
  };
}

TEST_CASE("literals are those of the type") {
  for (const Literal& c : literals()) {
    CAPTURE(c.json);
    CHECK(postgresql().literal(Json::parse(c.json), c.field) == c.sql);
  }
  CHECK(postgresql().literal(Json::parse("[1]")) == "'[1]'::jsonb");
  CHECK(postgresql().literal(Json::of("x'")) == "'x'''");
  CHECK(postgresql().literal(Json::null()) == "NULL");
}

TEST_CASE("the server takes every literal and gives the value back") {
  if (!has_postgresql()) return;
  const ScratchDatabase& database = clean_database();
  const auto connection = database.connect();
  for (const Literal& c : literals()) {
    CAPTURE(c.json);
    connection->query("SELECT " + c.sql);
  }
  struct Case {
    Field field{};
    std::string type{};
    Value value{};
  };
  Field nested = array_of(array_of(field(FieldType::text)));
  const std::vector<Case> cases = {
      {field(FieldType::integer), "integer", std::int64_t{7}},
      {field(FieldType::boolean), "boolean", false},
      {field(FieldType::floating), "double precision", 0.1},
      {field(FieldType::decimal), "numeric(10, 2)", Decimal::parse("9.90")},
      {field(FieldType::text), "text", std::string("a'\\b\n")},
      {field(FieldType::uuid), "uuid", Uuid::parse("12345678-1234-5678-1234-567812345678")},
      {field(FieldType::binary), "bytea", Bytes{std::byte{0}, std::byte{255}, std::byte{39}}},
      {field(FieldType::date), "date", *parse_date("2026-11-25")},
      {field(FieldType::time), "time", *parse_time("13:45:30.5")},
      {field(FieldType::date_time), "timestamptz", *parse_date_time("2026-11-25T13:45:30.25Z")},
      {field(FieldType::date_time), "timestamptz", *parse_date_time("1899-01-02T03:04:05Z")},
      {field(FieldType::duration), "interval", *parse_duration("P1DT02H03M04.5S")},
      {field(FieldType::duration), "interval", *parse_duration("-P1DT02H03M04.000001S")},
      {field(FieldType::duration), "interval", Duration{0}},
      {field(FieldType::duration), "interval", Duration{-1}},
      {field(FieldType::json), "jsonb", Json::parse(R"({"a": [1, 2.5, null, "x"]})")},
      {field(FieldType::json), "jsonb", Json::null()},
      {nested, "text[][]", Json::parse(R"([["a\"\\b", "c,d"], ["NULL", null]])")},
      {array_of(field(FieldType::boolean)), "boolean[]", Json::parse("[true, false, null]")},
      {array_of(field(FieldType::date_time)), "timestamptz[]",
       Json::parse(R"(["2026-11-25T13:45:30Z"])")},
      {array_of(field(FieldType::integer)), "integer[]", Json::parse("[]")},
      {field(FieldType::integer_range), "int4range", std::string("[1,5)")},
  };
  for (const Case& c : cases) {
    CAPTURE(c.type);
    connection->execute("CREATE TEMPORARY TABLE t (c " + c.type + ")");
    const std::vector<Value> parameters = {postgresql().to_database(c.value, c.field)};
    connection->execute("INSERT INTO t VALUES ($1)", parameters);
    const Rows rows = connection->query("SELECT c FROM t");
    CHECK(postgresql().from_database(rows.rows.at(0).at(0), c.field) == c.value);
    connection->execute("DROP TABLE t");
  }
  connection->execute("CREATE EXTENSION hstore");
  const Field store = field(FieldType::hstore);
  const Json value = Json::parse(R"({"a\"": "x=>y, z", "n": null})");
  const std::vector<Value> parameters = {postgresql().to_database(value, store)};
  const Rows rows = connection->query("SELECT $1::hstore", parameters);
  CHECK(postgresql().from_database(rows.rows.at(0).at(0), store) == Value(value));
}

TEST_CASE("a value that does not fit its type is refused") {
  struct Case {
    FieldType type{};
    std::string json{};
  };
  for (const Case& c : std::vector<Case>{{FieldType::integer, "1.5"},
                                         {FieldType::integer, R"("x")"},
                                         {FieldType::boolean, R"("yes")"},
                                         {FieldType::date, R"("25.11.2026")"},
                                         {FieldType::date_time, "5"},
                                         {FieldType::duration, R"("1 day")"},
                                         {FieldType::uuid, R"("12")"},
                                         {FieldType::decimal, R"("1,5")"},
                                         {FieldType::binary, R"("*")"},
                                         {FieldType::hstore, "[1]"},
                                         {FieldType::integer_range, R"({"a": 1})"}}) {
    CAPTURE(c.json);
    CHECK_THROWS_AS(postgresql().literal(Json::parse(c.json), field(c.type)), Error);
  }
  CHECK_THROWS_WITH_AS(postgresql().literal(Json::of("soon"), field(FieldType::date, "published")),
                       "the value \"soon\" does not fit a DateField", Error);
}

TEST_CASE("built-in functions give values of the field's type") {
  CHECK(postgresql().function_value("now", field(FieldType::date_time)) == "STATEMENT_TIMESTAMP()");
  CHECK(postgresql().function_value("now", field(FieldType::date)) == "CURRENT_DATE");
  CHECK(postgresql().function_value("today", field(FieldType::date)) == "CURRENT_DATE");
  CHECK(postgresql().function_value("uuid4", field(FieldType::uuid)) == "gen_random_uuid()");
  CHECK(postgresql().function_value("uuid4", field(FieldType::character)) ==
        "gen_random_uuid()::text");
  CHECK_THROWS_WITH_AS(postgresql().function_value("uuid4", field(FieldType::integer)),
                       "the function \"uuid4\" gives no value for an IntegerField", Error);
}

/// A model with one field of many types, and the server to try its expressions on.
class ExpressionBench {
 public:
  ExpressionBench() {
    model_.app = "lab";
    model_.name = "Thing";
    Field id = field(FieldType::big_auto_field, "id");
    id.primary_key = true;
    model_.fields = {id,
                     field(FieldType::text, "title"),
                     field(FieldType::integer, "number"),
                     field(FieldType::floating, "ratio"),
                     field(FieldType::date, "day"),
                     field(FieldType::date_time, "moment"),
                     field(FieldType::time, "clock"),
                     field(FieldType::json, "data"),
                     field(FieldType::integer_range, "span"),
                     field(FieldType::boolean, "flag"),
                     field(FieldType::search_vector, "words")};
    Field tags = array_of(field(FieldType::text));
    tags.name = "tags";
    model_.fields.push_back(tags);
    state_.set(model_);
  }
  Sql sql(const Expression& expression) const {
    return expression_sql(expression, model_, state_, postgresql());
  }
  Schema schema() const { return lower(state_, postgresql()); }

 private:
  ModelState model_{};
  ProjectState state_{};
};

Expression f(const std::string& name) { return Expression::field(name); }
Expression v(Json value) { return Expression::literal(std::move(value)); }
template <class... Arguments>
Expression call(const std::string& head, Arguments... arguments) {
  return Expression::call(head, {arguments...});
}

struct ExpressionCase {
  Expression expression{};
  std::string sql{};
};

std::vector<ExpressionCase> expressions() {
  const auto text = [](const char* value) { return v(Json::of(value)); };
  return {
      {call("contains", f("title"), text("50%_\\")), R"("title" LIKE '%50\%\_\\%')"},
      {call("icontains", f("title"), text("a")), R"(UPPER("title") LIKE UPPER('%a%'))"},
      {call("startswith", f("title"), text("a")), R"("title" LIKE 'a%')"},
      {call("iendswith", f("title"), text("a")), R"(UPPER("title") LIKE UPPER('%a'))"},
      {call("startswith", f("number"), text("1")), R"("number"::text LIKE '1%')"},
      {call("startswith", f("title"), f("number")),
       R"("title" LIKE (REPLACE(REPLACE(REPLACE("number"::text, '\', '\\'), '%', '\%'), '_', '\_') || '%'))"},
      {call("iexact", f("title"), text("a")), R"(UPPER("title") = UPPER('a'))"},
      {call("regex", f("title"), text("^a")), R"("title" ~ '^a')"},
      {call("iregex", f("title"), text("^a")), R"("title" ~* '^a')"},
      {call("ilike", f("title"), text("a%")), R"("title" ILIKE 'a%')"},
      {call("xor", f("flag"), call(">", f("number"), v(Json::of(1)))),
       R"(("flag") <> ("number" > 1))"},
      {call("^", f("number"), v(Json::of(2))), R"("number" ^ 2)"},
      {call("#", f("number"), v(Json::of(2))), R"("number" # 2)"},
      {call("<<", f("number"), v(Json::of(2))), R"("number" << 2)"},
      {call("concat", f("title"), text("-"), f("number")),
       R"(COALESCE("title", '') || '-' || COALESCE("number"::text, ''))"},
      {call("ceil", f("ratio")), R"(CEILING("ratio"))"},
      {call("floor", f("ratio")), R"(FLOOR("ratio"))"},
      {call("round", f("ratio"), v(Json::of(1))),
       R"(ROUND("ratio"::numeric, 1)::double precision)"},
      {call("greatest", f("number"), v(Json::of(2))), R"(GREATEST("number", 2))"},
      {call("now"), "STATEMENT_TIMESTAMP()"},
      {call("today"), "CURRENT_DATE"},
      {call("random_uuid"), "gen_random_uuid()"},
      {call("date_trunc", text("month"), f("moment")),
       R"(DATE_TRUNC('month', "moment" AT TIME ZONE 'UTC') AT TIME ZONE 'UTC')"},
      {call("date_trunc", text("month"), f("day")),
       R"(DATE_TRUNC('month', "day"::timestamp)::date)"},
      {call("date_trunc", text("hour"), f("clock")), R"(DATE_TRUNC('hour', "clock")::time)"},
      {call("extract", text("year"), f("moment")),
       R"(EXTRACT(YEAR FROM "moment" AT TIME ZONE 'UTC')::integer)"},
      {call("extract", text("week_day"), f("day")), R"((EXTRACT(DOW FROM "day") + 1)::integer)"},
      {call("extract", text("iso_week_day"), f("day")), R"(EXTRACT(ISODOW FROM "day")::integer)"},
      {call("extract", text("second"), f("clock")),
       R"(FLOOR(EXTRACT(SECOND FROM "clock"))::integer)"},
      {call("key", f("data"), text("a")), R"("data" -> 'a')"},
      {call("key_text", f("data"), v(Json::of(0))), R"("data" ->> 0)"},
      {call("=", call("key", f("data"), text("a")), v(Json::of(5))),
       R"(("data" -> 'a') = '5'::jsonb)"},
      {call("in", call("key", f("data"), text("a")), v(Json::of(5)), text("x")),
       R"(("data" -> 'a') IN ('5'::jsonb, '"x"'::jsonb))"},
      {call("has_key", f("data"), text("a")), R"("data" ? 'a')"},
      {call("has_keys", f("data"), v(Json::parse(R"(["a", "b"])"))),
       R"("data" ?& ARRAY['a', 'b']::text[])"},
      {call("has_any_keys", f("data"), v(Json::parse(R"(["a"])"))),
       R"("data" ?| ARRAY['a']::text[])"},
      {call("contains", f("data"), v(Json::parse(R"({"a": 1})"))), R"("data" @> '{"a":1}'::jsonb)"},
      {call("contained_by", f("data"), v(Json::parse("{}"))), R"("data" <@ '{}'::jsonb)"},
      {call("contains", f("tags"), v(Json::parse(R"(["a"])"))), R"("tags" @> '{"a"}'::text[])"},
      {call("overlap", f("tags"), v(Json::parse(R"(["a"])"))), R"("tags" && '{"a"}'::text[])"},
      {call("contains", f("span"), v(Json::of(3))), R"("span" @> 3)"},
      {call("fully_lt", f("span"), text("[1,2)")), R"("span" << '[1,2)'::int4range)"},
      {call("not_gt", f("span"), text("[1,2)")), R"("span" &< '[1,2)'::int4range)"},
      {call("adjacent_to", f("span"), text("[1,2)")), R"("span" -|- '[1,2)'::int4range)"},
      {call("isempty", f("span"), v(Json::of(true))), R"(isempty("span"))"},
      {call("isempty", f("span"), v(Json::of(false))), R"(NOT isempty("span"))"},
      {call("search", f("title"), text("cat")),
       R"(to_tsvector(COALESCE("title", '')) @@ plainto_tsquery('cat'))"},
      {call("search", f("words"), text("cat")), R"("words" @@ plainto_tsquery('cat'))"},
      {call("collate", f("title"), text("C")), R"("title" COLLATE "C")"},
      {call("<", f("day"), text("2026-01-01")), R"("day" < '2026-01-01'::date)"},
  };
}

TEST_CASE("expressions are written as PostgreSQL has them, and it takes them") {
  const ExpressionBench bench;
  for (const ExpressionCase& c : expressions()) CHECK(bench.sql(c.expression) == c.sql);
  if (!has_postgresql()) return;
  const ScratchDatabase& database = clean_database();
  const auto connection = database.connect();
  Schema schema;
  change(*connection, schema, planned({step::CreateTable{bench.schema().at("lab_thing")}}));
  for (const ExpressionCase& c : expressions()) {
    CAPTURE(c.sql);
    CHECK_NOTHROW(connection->query("SELECT " + c.sql + " FROM lab_thing"));
  }
}

TEST_CASE("expressions over instants are immutable, so that indexes may use them") {
  if (!has_postgresql()) return;
  const ExpressionBench bench;
  const ScratchDatabase& database = clean_database();
  const auto connection = database.connect();
  Schema schema;
  change(*connection, schema, planned({step::CreateTable{bench.schema().at("lab_thing")}}));
  const auto unit = [](const char* value) { return v(Json::of(value)); };
  Expression as_date = call("cast", f("moment"));
  as_date.type = std::make_shared<Field>(field(FieldType::date));
  for (const Expression& expression :
       {call("date_trunc", unit("day"), f("moment")), call("date_trunc", unit("year"), f("day")),
        call("date_trunc", unit("hour"), f("clock")), call("extract", unit("week"), f("moment")),
        call("extract", unit("second"), f("clock")), call("concat", f("title"), f("number")),
        as_date}) {
    CAPTURE(bench.sql(expression));
    CHECK_NOTHROW(
        connection->execute("CREATE INDEX ON lab_thing ((" + bench.sql(expression) + "))"));
  }
}

TEST_CASE("an unknown unit is refused with the known ones") {
  const ExpressionBench bench;
  try {
    bench.sql(call("extract", v(Json::of("century")), f("day")));
    FAIL("should have thrown");
  } catch (const Error& error) {
    CHECK(std::string(error.what()) == "\"extract\" has no unit \"century\"");
    CHECK(error.hint().find("iso_week_day") != std::string::npos);
  }
}

}  // namespace
}  // namespace turnstone::test
