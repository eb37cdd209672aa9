#include <doctest/doctest.h>
#include <turnstone/error.h>
#include <turnstone/values.h>

#include <limits>

using namespace turnstone;

TEST_CASE("equal documents have equal text") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {" { \"b\" : 1 , \"a\" : [ 1, 2.50 , true, null ] } ", R"({"a":[1,2.5,true,null],"b":1})"},
      {"\"\\u00e9\"", "\"\u00e9\""},
      {"1.0", "1.0"},
      {"-0", "0"},
      {"1e2", "100.0"},
      {"[]", "[]"},
      // Numbers keep their digits where a double would lose some.
      {"0.1234567890123456789012345", "0.1234567890123456789012345"},
      {"-123456789012345678901234567890", "-123456789012345678901234567890"},
      {"[1.234567890123456789E+2, 123.4567890123456789000]",
       "[123.4567890123456789,123.4567890123456789]"},
      {"1.00000000000000000000001e-40", "1.00000000000000000000001e-40"},
      {"0.30000000000000004", "0.30000000000000004"},
      {"1.00000000000000000000000", "1.0"},
      {"0.00000000000000000000000", "0.0"},
      {R"({"a": {"b": []}, "a": [{}]})", R"({"a":[{}]})"},
  };
  for (const auto& [text, expected] : cases) CHECK(Json::parse(text).text() == expected);
  CHECK(Json::parse("{\"a\":1,\"b\":2}") == Json::parse("{\"b\":2,\"a\":1}"));
}

TEST_CASE("text that is no JSON is refused in one line") {
  for (const std::string& text :
       {std::string(""), std::string("{"), std::string("[1,]"), std::string("'a'"),
        std::string("1 2"), std::string("nul"), std::string("\"\xff\""), std::string("1e999")}) {
    CAPTURE(text);
    CHECK_THROWS_AS(Json::parse(text), Error);
  }
  CHECK_THROWS_AS(Json::parse(std::string(100'000, '[')), Error);
  try {
    Json::parse("[1,}");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::bad_model);
    CHECK(error.text().starts_with("not valid JSON at character 4"));
    CHECK(error.text().find('\n') == std::string::npos);
  }
}

TEST_CASE("scalars go in and come out") {
  CHECK(Json().is_null());
  CHECK(Json::of(true).as_bool());
  CHECK(Json::of(7).as_integer() == 7);
  CHECK(Json::of(std::numeric_limits<std::int64_t>::min()).as_integer() ==
        std::numeric_limits<std::int64_t>::min());
  CHECK(Json::of(0.1).text() == "0.1");
  CHECK(Json::of(2.0).text() == "2.0");
  CHECK(Json::of(2.0).as_double() == 2.0);
  CHECK(Json::of("a\"b\n").as_string() == "a\"b\n");
  CHECK(Json::of("plain").text() == "\"plain\"");
  CHECK(Json::parse("\"\\u20ac\"").as_string() == "\u20ac");
  CHECK_THROWS_AS(Json::of(std::numeric_limits<double>::infinity()), Error);
  CHECK_THROWS_AS(Json::of("\xff"), Error);
  CHECK_THROWS_AS(Json::parse("99999999999999999999").as_integer(), Error);
}

TEST_CASE("a document knows its kind") {
  CHECK(Json::of(-1).is_integer());
  CHECK(Json::of(1.5).is_number());
  CHECK_FALSE(Json::of(1.5).is_integer());
  CHECK_FALSE(Json::of(1e30).is_integer());
  CHECK_FALSE(Json::of("1").is_number());
  CHECK(Json::of("1").is_string());
  CHECK(Json::parse("[]").is_array());
  CHECK(Json::parse("{}").is_object());
  CHECK(Json::parse("false").is_bool());
}
