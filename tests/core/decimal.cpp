#include <doctest/doctest.h>
#include <turnstone/error.h>
#include <turnstone/values.h>

#include <random>

using namespace turnstone;
using namespace turnstone::literals;

TEST_CASE("decimals are read and written digit for digit") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"0", "0"},
      {"-0", "0"},
      {"9.99", "9.99"},
      {"-12.50", "-12.50"},
      {"+7", "7"},
      {"007", "7"},
      {".5", "0.5"},
      {"5.", "5"},
      {"-0.05", "-0.05"},
      {"100", "100"},
      {"1e3", "1000"},
      {"1.5E+2", "150"},
      {"1.5e-3", "0.0015"},
      {"0.000", "0.000"},
      {"99999999999999999999999999999999999999", "99999999999999999999999999999999999999"},
      {"0.00000000000000000000000000000000000001", "0.00000000000000000000000000000000000001"},
      {"10.100100", "10.100100"},
  };
  for (const auto& [text, expected] : cases) CHECK(Decimal::parse(text).text() == expected);
}

TEST_CASE("text that is no decimal is refused") {
  for (const char* text :
       {"", "-", ".", "1.2.3", "1e", "1e+-2", "abc", "1,5", " 1", "1 ", "0x10", "nan", "inf",
        "999999999999999999999999999999999999999", "1e39", "1e-2000", "1e999999999999"}) {
    CAPTURE(std::string(text));
    CHECK_FALSE(Decimal::try_parse(text));
  }
  CHECK_THROWS_WITH_AS(Decimal::parse("abc"),
                       "\"abc\" is not a decimal number of at most 38 digits", Error);
}

TEST_CASE("decimals compare by value") {
  CHECK(Decimal::parse("1.0") == Decimal::parse("1.00"));
  CHECK("1.1"_dec > 1.09_dec);
  CHECK(Decimal(-2) < Decimal(1));
  CHECK(Decimal::parse("-1.5") < Decimal::parse("-1.4"));
  CHECK(Decimal::parse("0.00") == Decimal(0));
  // Where the common scale has no room for all the digits.
  CHECK(Decimal::parse("99999999999999999999999999999999999999") >
        Decimal::parse("0.00000000000000000000000000000000000001"));
  CHECK(Decimal::parse("-99999999999999999999999999999999999999") <
        Decimal::parse("-0.00000000000000000000000000000000000001"));
}

TEST_CASE("sums and products are exact or refused") {
  CHECK((9.99_dec + 0.01_dec).text() == "10.00");
  CHECK((1_dec - 1.50_dec).text() == "-0.50");
  CHECK((1.5_dec * 2.25_dec).text() == "3.375");
  const Decimal largest = Decimal::parse("99999999999999999999999999999999999999");
  CHECK_THROWS_WITH_AS(largest + Decimal(1), "decimal number has more than 38 digits", Error);
  CHECK_THROWS_AS(largest * Decimal(10), Error);
  CHECK((largest + Decimal::parse("0.00")) == largest);
}

TEST_CASE("rounding goes to the even neighbour at the half") {
  CHECK((2.345_dec).rounded(2).text() == "2.34");
  CHECK((2.355_dec).rounded(2).text() == "2.36");
  CHECK(Decimal::parse("-2.345").rounded(2).text() == "-2.34");
  CHECK(Decimal::parse("-2.3451").rounded(2).text() == "-2.35");
  CHECK((2.5_dec).rounded(0).text() == "2");
  CHECK((7_dec).rounded(3).text() == "7.000");
  CHECK(Decimal::parse("0.999").rounded(1).text() == "1.0");
}

TEST_CASE("a decimal gives the nearest double") {
  CHECK((0.1_dec).to_double() == 0.1);
  CHECK(Decimal::parse("-123.456").to_double() == -123.456);
}

TEST_CASE("random decimals survive text and agree with integers") {
  std::mt19937 random(11);
  for (int i = 0; i < 2000; ++i) {
    const auto a = static_cast<std::int64_t>(random()) - 2'000'000'000;
    const auto b = static_cast<std::int64_t>(random()) - 2'000'000'000;
    const Decimal x(a, 3);
    const Decimal y(b, 3);
    REQUIRE(Decimal::parse(x.text()) == x);
    REQUIRE((x < y) == (a < b));
    REQUIRE((x + y) == Decimal(Decimal::Coefficient(a) + b, 3));
    REQUIRE((x * y) == Decimal(Decimal::Coefficient(a) * b, 6));
  }
}
