#include <doctest/doctest.h>
#include <turnstone/model/project_state.h>
#include <turnstone/schema/lower.h>

#include "drivers/sqlite_support.h"

using namespace turnstone;
using namespace turnstone::test;

namespace {

using E = Expression;

const Dialect& dialect() { return sqlite::dialect(); }
Field of(FieldType type) { return Field{.name = "f", .type = type}; }
Field decimal(int digits, int places) {
  return Field{
      .name = "f", .type = FieldType::decimal, .max_digits = digits, .decimal_places = places};
}
std::shared_ptr<const Field> shared(Field field) {
  return std::make_shared<const Field>(std::move(field));
}

ModelState model() {
  ModelState model{.app = "app", .name = "Item"};
  const auto add = [&](const char* name, FieldType type) {
    model.fields.push_back(Field{.name = name, .type = type});
  };
  model.fields.push_back(
      Field{.name = "id", .type = FieldType::big_auto_field, .primary_key = true});
  add("a", FieldType::text);
  add("b", FieldType::text);
  add("n", FieldType::integer);
  add("m", FieldType::integer);
  model.fields.push_back(
      Field{.name = "price", .type = FieldType::decimal, .max_digits = 10, .decimal_places = 2});
  add("day", FieldType::date);
  add("clock", FieldType::time);
  add("at", FieldType::date_time);
  add("ok", FieldType::boolean);
  add("data", FieldType::json);
  add("token", FieldType::uuid);
  return model;
}

Sql sql_of(const Expression& expression) {
  ProjectState state;
  state.set(model());
  return expression_sql(expression, *state.find(key_of(model())), state, dialect());
}

E f(const char* name) { return E::field(name); }
E lit(const char* text) { return E::literal(Json::of(text)); }
E lit(int number) { return E::literal(Json::of(number)); }
E call(const char* head, std::vector<E> arguments) { return E::call(head, std::move(arguments)); }
E cast(E what, Field to) {
  E expression = call("cast", {std::move(what)});
  expression.type = shared(std::move(to));
  return expression;
}

/// What `expression` gives for the one row of the table of `model`.
std::string value_of(const Expression& expression) {
  static const auto db = [] {
    auto connection = sqlite::connect(":memory:", {});
    connection->execute(
        "CREATE TABLE t (id, a text, b text, n integer, m integer, price decimal, day date, "
        "clock time, at datetime, ok bool, data text, token char(32));"
        "INSERT INTO t VALUES (1, 'Hello*World', NULL, 7, 2, 5, '2026-01-01', '13:45:06.789',"
        " '2026-11-25 13:45:59.999999', 1,"
        " '{\"k\": 5, \"t\": true, \"s\": \"x\", \"o\": {\"p\": \"q\"}, \"l\": [1, 2]}',"
        " 'c6d0bd360b0f4b0c8b0a0123456789ab')");
    return connection;
  }();
  const std::string rows = rows_of(*db, "SELECT " + sql_of(expression) + " FROM t");
  return rows.substr(0, rows.size() - 1);
}

}  // namespace

TEST_CASE("sqlite: column types are Django's") {
  struct Case {
    FieldType type;
    const char* column;
    const char* key;
  };
  const Case cases[] = {
      {FieldType::auto_field, "integer", "integer"},
      {FieldType::big_auto_field, "integer", "bigint"},
      {FieldType::small_auto_field, "integer", "smallint"},
      {FieldType::boolean, "bool", "bool"},
      {FieldType::small_integer, "smallint", "smallint"},
      {FieldType::integer, "integer", "integer"},
      {FieldType::big_integer, "bigint", "bigint"},
      {FieldType::positive_small_integer, "smallint unsigned", "smallint"},
      {FieldType::positive_integer, "integer unsigned", "integer"},
      {FieldType::positive_big_integer, "bigint unsigned", "bigint"},
      {FieldType::floating, "real", "real"},
      {FieldType::decimal, "decimal", "decimal"},
      {FieldType::character, "varchar", "varchar"},
      {FieldType::text, "text", "text"},
      {FieldType::slug, "varchar(50)", "varchar(50)"},
      {FieldType::email, "varchar(254)", "varchar(254)"},
      {FieldType::url, "varchar(200)", "varchar(200)"},
      {FieldType::file, "varchar(100)", "varchar(100)"},
      {FieldType::image, "varchar(100)", "varchar(100)"},
      {FieldType::file_path, "varchar(100)", "varchar(100)"},
      {FieldType::date, "date", "date"},
      {FieldType::time, "time", "time"},
      {FieldType::date_time, "datetime", "datetime"},
      {FieldType::duration, "bigint", "bigint"},
      {FieldType::uuid, "char(32)", "char(32)"},
      {FieldType::binary, "BLOB", "BLOB"},
      {FieldType::json, "text", "text"},
      {FieldType::generic_ip_address, "char(39)", "char(39)"},
  };
  for (const Case& c : cases) {
    CAPTURE(std::string(name_of(c.type)));
    CHECK(dialect().column_type(of(c.type)) == c.column);
    CHECK(dialect().key_type(of(c.type)) == c.key);
  }
  CHECK(dialect().column_type(Field{.type = FieldType::character, .max_length = 20}) ==
        "varchar(20)");
  CHECK(dialect().column_type(Field{.type = FieldType::generated,
                                    .output_field = shared(of(FieldType::boolean))}) == "bool");
  CHECK(dialect().column_type(Field{.type = FieldType::custom,
                                    .db_type = {{"sqlite", "clob"}, {"", "x"}}}) == "clob");
  CHECK(dialect().column_type(Field{.type = FieldType::custom, .db_type = {{"", "x"}}}) == "x");
}

TEST_CASE("sqlite: types it lacks are refused by name") {
  for (const FieldType type :
       {FieldType::array, FieldType::hstore, FieldType::integer_range, FieldType::date_range,
        FieldType::search_vector, FieldType::ci_text}) {
    try {
      dialect().column_type(of(type));
      FAIL("no error");
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::unsupported);
      CHECK(std::string(error.what()) ==
            "sqlite has no column type for " + std::string(name_of(type)) + " (field \"f\")");
    }
  }
  CHECK_THROWS_AS(
      dialect().column_type(Field{.type = FieldType::custom, .db_type = {{"postgresql", "cidr"}}}),
      Error);
}

TEST_CASE("sqlite: checks of columns") {
  CHECK(dialect().column_check(of(FieldType::integer), "c") == std::nullopt);
  CHECK(dialect().column_check(of(FieldType::positive_integer), "c") == "\"c\" >= 0");
  CHECK(dialect().column_check(of(FieldType::json), "c") == "(JSON_VALID(\"c\") OR \"c\" IS NULL)");
  Field choice{
      .name = "f", .type = FieldType::character, .choices = {Json::of("a"), Json::of("b'")}};
  CHECK(dialect().column_check(choice, "c") == std::nullopt);
  choice.choices_check = true;
  CHECK(dialect().column_check(choice, "c") == "\"c\" IN ('a', 'b''')");
}

TEST_CASE("sqlite: literals have the form that columns hold") {
  struct Case {
    Field field;
    const char* json;
    const char* sql;
  };
  const Case cases[] = {
      {of(FieldType::integer), "-5", "-5"},
      {of(FieldType::boolean), "true", "1"},
      {of(FieldType::boolean), "0", "0"},
      {of(FieldType::floating), "1.5", "1.5"},
      {of(FieldType::floating), "2", "2.0"},
      {decimal(5, 2), "\"9.90\"", "9.90"},
      {decimal(5, 2), "3", "3"},
      {of(FieldType::text), "\"it's\"", "'it''s'"},
      {of(FieldType::text), "\"\\u0000\"", "CAST(X'00' AS TEXT)"},
      {of(FieldType::date), "\"2026-11-25\"", "'2026-11-25'"},
      {of(FieldType::time), "\"13:45\"", "'13:45:00'"},
      {of(FieldType::date_time), "\"2026-11-25T13:45:00+02:00\"", "'2026-11-25 11:45:00'"},
      {of(FieldType::date_time), "\"2026-11-25 13:45:00.5\"", "'2026-11-25 13:45:00.500000'"},
      {of(FieldType::date_time), "\"2026-11-25\"", "'2026-11-25 00:00:00'"},
      {of(FieldType::duration), "\"PT1.5S\"", "1500000"},
      {of(FieldType::uuid), "\"C6D0BD36-0B0F-4B0C-8B0A-0123456789AB\"",
       "'c6d0bd360b0f4b0c8b0a0123456789ab'"},
      {of(FieldType::binary), "\"AP8=\"", "X'00ff'"},
      {of(FieldType::json), "{\"b\": [1], \"a\": \"x'y\"}", "'{\"a\":\"x''y\",\"b\":[1]}'"},
      {of(FieldType::json), "\"text\"", "'\"text\"'"},
      {of(FieldType::integer), "null", "NULL"},
  };
  for (const Case& c : cases) {
    CAPTURE(std::string(c.json));
    CHECK(dialect().literal(Json::parse(c.json), c.field) == c.sql);
  }
  CHECK(dialect().literal(Json::parse("true")) == "1");
  CHECK(dialect().literal(Json::parse("1.5")) == "1.5");
  CHECK(dialect().literal(Json::parse("\"a\"")) == "'a'");
}

TEST_CASE("sqlite: values that do not fit their type are refused") {
  struct Case {
    Field field;
    const char* json;
    const char* message;
  };
  const Case cases[] = {
      {of(FieldType::integer), "\"5\"",
       "\"5\" is no value for an IntegerField: expected an integer"},
      {of(FieldType::integer), "1.5", "1.5 is no value for an IntegerField: expected an integer"},
      {of(FieldType::boolean), "2", "2 is no value for a BooleanField: expected true or false"},
      {decimal(5, 2), "\"x\"",
       "\"x\" is no value for a DecimalField: expected a decimal number in quotes such as "
       "\"9.99\""},
      {of(FieldType::date), "\"2026-02-30\"",
       "\"2026-02-30\" is no value for a DateField: expected a date such as \"2026-11-25\""},
      {of(FieldType::uuid), "\"x\"", "\"x\" is no value for a UUIDField: expected a UUID"},
      {of(FieldType::binary), "\"!\"",
       "\"!\" is no value for a BinaryField: expected bytes as base64"},
      {of(FieldType::text), "5", "5 is no value for a TextField: expected a string"},
  };
  for (const Case& c : cases) {
    CHECK_THROWS_WITH_AS(dialect().literal(Json::parse(c.json), c.field), c.message, Error);
  }
}

TEST_CASE("sqlite: values go to columns and come back") {
  struct Case {
    Field field;
    Value value;
    Value stored;
  };
  const Uuid id = Uuid::parse("c6d0bd36-0b0f-4b0c-8b0a-0123456789ab");
  const Case cases[] = {
      {of(FieldType::boolean), true, std::int64_t{1}},
      {of(FieldType::integer), std::int64_t{-5}, std::int64_t{-5}},
      {of(FieldType::floating), 1.5, 1.5},
      {decimal(10, 2), Decimal::parse("9.99"), 9.99},
      {decimal(10, 2), Decimal::parse("5.00"), std::int64_t{5}},
      {decimal(15, 2), Decimal::parse("1234567890123.45"), 1234567890123.45},
      {of(FieldType::text), std::string("x"), std::string("x")},
      {of(FieldType::date), *parse_date("2026-11-25"), std::string("2026-11-25")},
      {of(FieldType::time), *parse_time("01:02:03.000004"), std::string("01:02:03.000004")},
      {of(FieldType::date_time), *parse_date_time("2026-11-25T01:02:03Z"),
       std::string("2026-11-25 01:02:03")},
      {of(FieldType::duration), Duration(-5), std::int64_t{-5}},
      {of(FieldType::uuid), id, id.hex()},
      {of(FieldType::binary), Bytes{std::byte{1}}, Bytes{std::byte{1}}},
      {of(FieldType::json), Json::parse("[1]"), std::string("[1]")},
      {of(FieldType::json), Value{}, Value{}},
  };
  for (const Case& c : cases) {
    CAPTURE(std::string(name_of(c.field.type)));
    CHECK(dialect().to_database(c.value, c.field) == c.stored);
    CHECK(dialect().from_database(c.stored, c.field) == c.value);
  }
  CHECK(dialect().from_database(5.0, decimal(10, 2)) == Value{Decimal::parse("5.00")});
  CHECK(dialect().from_database(std::string("2026-11-25 00:00:00"), of(FieldType::date)) ==
        Value{*parse_date("2026-11-25")});
  CHECK(dialect().from_database(std::string("{\"b\": 1, \"a\": 2}"), of(FieldType::json)) ==
        Value{Json::parse("{\"a\":2,\"b\":1}")});
}

TEST_CASE("sqlite: decimals that would lose digits are refused") {
  CHECK_THROWS_WITH_AS(
      dialect().to_database(Decimal::parse("12345678901234567.89"), decimal(20, 2)),
      "sqlite cannot hold the decimal 12345678901234567.89 without losing digits", Error);
  CHECK_THROWS_WITH_AS(dialect().to_database(Decimal::parse("1000.00"), decimal(5, 2)),
                       "decimal 1000.00 has more than 5 digits", Error);
  CHECK(dialect().to_database(Decimal::parse("1.005"), decimal(5, 2)) == Value{std::int64_t{1}});
}

TEST_CASE("sqlite: cells that are no value of their field are told") {
  CHECK_THROWS_WITH_AS(dialect().from_database(std::string("soon"), of(FieldType::date_time)),
                       "the database holds \"soon\" where a DateTimeField \"f\" should be", Error);
  CHECK_THROWS_AS(dialect().from_database(std::string("x"), of(FieldType::integer)), Error);
  CHECK_THROWS_AS(dialect().from_database(1.5, of(FieldType::boolean)), Error);
}

TEST_CASE("sqlite: functions fill rows with what columns hold") {
  const auto db = sqlite::connect(":memory:", {});
  const auto value = [&](const char* function, FieldType type) {
    const Field field = of(type);
    const Sql sql = "SELECT " + dialect().function_value(function, field);
    return dialect().from_database(db->query(sql).rows[0][0], field);
  };
  CHECK(std::holds_alternative<DateTime>(value("now", FieldType::date_time)));
  CHECK(std::holds_alternative<Date>(value("now", FieldType::date)));
  CHECK(std::holds_alternative<Time>(value("now", FieldType::time)));
  CHECK(std::holds_alternative<Date>(value("today", FieldType::date)));
  CHECK(std::holds_alternative<DateTime>(value("today", FieldType::date_time)));
  CHECK(std::holds_alternative<Uuid>(value("uuid4", FieldType::uuid)));
  CHECK(std::get<std::string>(value("uuid4", FieldType::character)).size() == 36);
  CHECK_THROWS_AS(dialect().function_value("other", of(FieldType::date)), Error);
}

TEST_CASE("sqlite: expressions mean what they say") {
  struct Case {
    Expression expression;
    std::string value;
  };
  const E at = f("at");
  const E quote = E::literal(Json::parse("[\"k\", \"z\"]"));
  const Case cases[] = {
      {call("contains", {f("a"), lit("o*W")}), "1"},
      {call("contains", {f("a"), lit("o*w")}), "0"},
      {call("icontains", {f("a"), lit("O*w")}), "1"},
      {call("icontains", {f("a"), lit("%")}), "0"},
      {call("contains", {f("a"), f("b")}), "NULL"},
      {call("startswith", {f("a"), lit("Hello*")}), "1"},
      {call("startswith", {f("a"), lit("hello")}), "0"},
      {call("startswith", {f("a"), lit("H*W")}), "0"},
      {call("startswith", {f("a"), call("substr", {f("a"), lit(1), lit(3)})}), "1"},
      {call("istartswith", {f("a"), lit("hello")}), "1"},
      {call("endswith", {f("a"), lit("*World")}), "1"},
      {call("endswith", {f("a"), lit("world")}), "0"},
      {call("endswith", {f("a"), call("substr", {f("a"), lit(6)})}), "1"},
      {call("endswith", {f("a"), lit("")}), "1"},
      {call("iendswith", {f("a"), lit("WORLD")}), "1"},
      {call("iendswith", {f("a"), call("substr", {f("a"), lit(6)})}), "1"},
      {call("iexact", {f("a"), lit("hELLO*wORLD")}), "1"},
      {call("iexact", {f("b"), E::literal(Json::null())}), "1"},
      {call("like", {f("a"), lit("H%d")}), "1"},
      {call("like", {f("a"), lit("h%d")}), "0"},
      {call("like", {f("a"), lit("Hell_*%")}), "1"},
      {call("like", {f("a"), lit("Hello\\%%")}), "0"},
      {call("ilike", {f("a"), lit("h%D")}), "1"},
      {call("xor", {f("ok"), call(">", {f("n"), lit(5)})}), "0"},
      {call("xor", {f("ok"), call(">", {f("n"), lit(5)}), call("=", {f("m"), lit(2)})}), "1"},
      {call("concat", {f("a"), f("b"), lit("!")}), "Hello*World!"},
      {call("/", {f("n"), f("m")}), "3"},
      {call("/", {f("price"), f("m")}), "2.5"},
      {call("%", {f("price"), f("m")}), "1.0"},
      {call("^", {f("m"), lit(3)}), "8.0"},
      {call("&", {f("n"), lit(3)}), "3"},
      {call("#", {f("n"), lit(2)}), "5"},
      {call("<<", {f("m"), lit(2)}), "8"},
      {call("ceil", {lit(2)}), "2"},
      {call("greatest", {f("n"), f("m")}), "7"},
      {call("least", {f("n"), f("m")}), "2"},
      {call("has_key", {f("data"), lit("k")}), "1"},
      {call("has_key", {f("data"), lit("z")}), "0"},
      {call("has_keys", {f("data"), quote}), "0"},
      {call("has_any_keys", {f("data"), quote}), "1"},
      {call("key", {f("data"), lit("o")}), "{\"p\":\"q\"}"},
      {call("key_text", {f("data"), lit("s")}), "x"},
      {call("key_text", {f("data"), lit("k")}), "5"},
      {call("key_text", {f("data"), lit("t")}), "true"},
      {call("key_text", {call("key", {f("data"), lit("o")}), lit("p")}), "q"},
      {call("key_text", {call("key", {f("data"), lit("l")}), lit(-1)}), "2"},
      {call("date_trunc", {lit("year"), at}), "2026-01-01 00:00:00"},
      {call("date_trunc", {lit("quarter"), at}), "2026-10-01 00:00:00"},
      {call("date_trunc", {lit("month"), at}), "2026-11-01 00:00:00"},
      {call("date_trunc", {lit("week"), at}), "2026-11-23 00:00:00"},
      {call("date_trunc", {lit("day"), at}), "2026-11-25 00:00:00"},
      {call("date_trunc", {lit("hour"), at}), "2026-11-25 13:00:00"},
      {call("date_trunc", {lit("minute"), at}), "2026-11-25 13:45:00"},
      {call("date_trunc", {lit("second"), at}), "2026-11-25 13:45:59"},
      {call("date_trunc", {lit("week"), f("day")}), "2025-12-29"},
      {call("date_trunc", {lit("month"), f("day")}), "2026-01-01"},
      {call("date_trunc", {lit("minute"), f("clock")}), "13:45:00"},
      {call("extract", {lit("year"), at}), "2026"},
      {call("extract", {lit("iso_year"), f("day")}), "2026"},
      {call("extract", {lit("quarter"), at}), "4"},
      {call("extract", {lit("month"), at}), "11"},
      {call("extract", {lit("week"), at}), "48"},
      {call("extract", {lit("week"), f("day")}), "1"},
      {call("extract", {lit("week_day"), at}), "4"},
      {call("extract", {lit("iso_week_day"), at}), "3"},
      {call("extract", {lit("day"), at}), "25"},
      {call("extract", {lit("hour"), at}), "13"},
      {call("extract", {lit("minute"), f("clock")}), "45"},
      {call("extract", {lit("second"), f("clock")}), "6"},
      {cast(f("at"), of(FieldType::date)), "2026-11-25"},
      {cast(lit("C6D0BD36-0B0F-4B0C-8B0A-0123456789AB"), of(FieldType::uuid)),
       "c6d0bd360b0f4b0c8b0a0123456789ab"},
      {cast(lit("2.50"), decimal(5, 2)), "2.5"},
      {cast(f("n"), of(FieldType::text)), "7"},
      {call("=", {f("price"), lit("5.00")}), "1"},
      {call("in", {f("price"), lit("4.00"), lit("5.00")}), "1"},
      {call("=", {call("collate", {f("a"), lit("nocase")}), lit("HELLO*WORLD")}), "1"},
      {call("=", {f("token"), lit("c6d0bd36-0b0f-4b0c-8b0a-0123456789ab")}), "1"},
      {call("<", {f("at"), lit("2026-11-26T00:00:00Z")}), "1"},
      {call("length", {call("random_uuid", {})}), "32"},
      {call("<=", {call("today", {}), call("now", {})}), "1"},
  };
  for (const Case& c : cases) {
    CAPTURE(sql_of(c.expression));
    CHECK(value_of(c.expression) == c.value);
  }
}

TEST_CASE("sqlite: what it lacks is refused by name") {
  for (const char* head : {"regex", "iregex", "overlap", "contained_by", "fully_lt", "search"}) {
    CAPTURE(std::string(head));
    CHECK_THROWS_WITH_AS(sql_of(call(head, {f("a"), lit("x")})),
                         ("sqlite has no \"" + std::string(head) + "\"").c_str(), Error);
  }
  CHECK_THROWS_WITH_AS(sql_of(call("contains", {f("data"), lit("x")})),
                       "sqlite has no \"contains\" on JSON", Error);
  CHECK_THROWS_AS(sql_of(call("extract", {lit("yaer"), f("day")})), Error);
}

TEST_CASE("sqlite: expressions hold in checks and indexes") {
  const auto db = sqlite::connect(":memory:", {});
  for (const E& expression :
       {call("contains", {f("a"), lit("x")}), call("istartswith", {f("a"), lit("x")}),
        call("endswith", {f("a"), lit("x")}), call("iexact", {f("a"), lit("x")}),
        call("date_trunc", {lit("week"), f("at")}), call("extract", {lit("week"), f("at")}),
        call("key_text", {f("data"), lit("k")}), call("has_key", {f("data"), lit("k")}),
        call("concat", {f("a"), f("b")}), call("xor", {f("ok"), f("n")}),
        call("like", {f("a"), lit("x%")})}) {
    const Sql sql = sql_of(expression);
    CAPTURE(sql);
    db->execute(
        "CREATE TABLE t (a text, b text, n integer, at datetime, ok bool, data text, "
        "CHECK (" +
        sql + "))");
    db->execute("CREATE INDEX i ON t ((" + sql + "))");
    db->execute("DROP TABLE t");
  }
}
