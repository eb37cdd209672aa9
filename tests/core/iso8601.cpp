#include <doctest/doctest.h>
#include <turnstone/values.h>

#include <limits>

using namespace turnstone;

TEST_CASE("dates") {
  CHECK(to_text(*parse_date("2026-11-25")) == "2026-11-25");
  CHECK(to_text(*parse_date("0001-01-01")) == "0001-01-01");
  CHECK(to_text(*parse_date("2024-02-29")) == "2024-02-29");
  CHECK(parse_date("1970-01-02")->time_since_epoch().count() == 1);
  for (const char* text : {"", "2023-02-29", "2026-13-01", "2026-00-01", "26-11-25", "2026-11-25 ",
                           "2026/11/25", "0000-01-01", "2026-11"}) {
    CAPTURE(std::string(text));
    CHECK_FALSE(parse_date(text));
  }
}

TEST_CASE("times of day") {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"13:45", "13:45:00"},
      {"13:45:30", "13:45:30"},
      {"1:02:03", "01:02:03"},
      {"13:45:30.5", "13:45:30.500000"},
      {"13:45:30,000001", "13:45:30.000001"},
      {"00:00:00.1234567", "00:00:00.123456"},
      {"23:59:59.999999", "23:59:59.999999"}};
  for (const auto& [text, expected] : cases) CHECK(to_text(*parse_time(text)) == expected);
  for (const char* text : {"", "24:00", "12:60", "12:00:60", "12", "12:5", "12:00:00.", "12:00Z"}) {
    CAPTURE(std::string(text));
    CHECK_FALSE(parse_time(text));
  }
}

TEST_CASE("instants are UTC") {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"2026-11-25T13:45:30Z", "2026-11-25T13:45:30Z"},
      {"2026-11-25 13:45:30", "2026-11-25T13:45:30Z"},
      {"2026-11-25T13:45", "2026-11-25T13:45:00Z"},
      {"2026-11-25T13:45:30.25+01:30", "2026-11-25T12:15:30.250000Z"},
      {"2026-11-25 00:00:00 +0100", "2026-11-24T23:00:00Z"},
      {"2026-11-25 13:45:30.12-08", "2026-11-25T21:45:30.120000Z"},
      {"1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"}};
  for (const auto& [text, expected] : cases) CHECK(to_text(*parse_date_time(text)) == expected);
  for (const char* text : {"", "2026-11-25", "2026-11-25T", "2026-11-25T12:00X",
                           "2026-11-25T12:00+1", "2026-11-25T12:00+01:60", "2026-11-25x12:00"}) {
    CAPTURE(std::string(text));
    CHECK_FALSE(parse_date_time(text));
  }
}

TEST_CASE("durations") {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"P1DT2H3M4.5S", "P1DT02H03M04.500000S"},
      {"-P1D", "-P1DT00H00M00S"},
      {"PT0S", "P0DT00H00M00S"},
      {"P2W", "P14DT00H00M00S"},
      {"PT36H", "P1DT12H00M00S"},
      {"PT90M", "P0DT01H30M00S"},
      {"P0.5D", "P0DT12H00M00S"},
      {"P1DT02H03M04.000001S", "P1DT02H03M04.000001S"}};
  for (const auto& pair : cases) {
    const std::string text(pair.first);
    const std::string expected(pair.second);
    CAPTURE(text);
    REQUIRE(parse_duration(text));
    CHECK(to_text(*parse_duration(text)) == expected);
    CHECK(parse_duration(expected) == parse_duration(text));
  }
  for (const char* text : {"", "P", "PT", "P1DT", "1D", "P1H", "PT1D", "PT1S1M", "P1D1D", "P1Y",
                           "PT1", "P999999999999999D", "PT9999999999999999999S", "P1D "}) {
    CAPTURE(std::string(text));
    CHECK_FALSE(parse_duration(text));
  }
  CHECK(to_text(Duration(std::numeric_limits<std::int64_t>::min())) ==
        "-P106751991DT04H00M54.775808S");
}
