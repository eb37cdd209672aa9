#include <turnstone/identifier.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "sqlite/dialect.h"

// The way back from column types to fields. SQLite takes any word as a type and goes by a few
// letters of it ("Datatypes In SQLite", 3.1), so that several words mean the same.

namespace turnstone::sqlite {
namespace {

/// A type taken apart: `varchar(20)` is `varchar` with 20.
struct Parts {
  std::string word{};
  std::vector<int> numbers{};
};

Parts parts_of(const Sql& type) {
  Parts parts;
  const std::size_t open = std::min(type.find('('), type.size());
  parts.word = lower_case(type.substr(0, open));
  while (!parts.word.empty() && parts.word.back() == ' ') parts.word.pop_back();
  const char* at = type.data() + std::min(open + 1, type.size());
  const char* const end = type.data() + type.size();
  while (at < end) {
    int number = 0;
    const auto read = std::from_chars(at, end, number);
    if (read.ec != std::errc()) break;
    parts.numbers.push_back(number);
    at = read.ptr;
    while (at < end && (*at == ',' || *at == ' ')) ++at;
  }
  return parts;
}

/// Other words for Turnstone's, with the same affinity.
const std::map<std::string, std::string>& synonyms() {
  static const std::map<std::string, std::string> words = {{"int", "integer"},
                                                           {"mediumint", "integer"},
                                                           {"boolean", "bool"},
                                                           {"int2", "smallint"},
                                                           {"int8", "bigint"},
                                                           {"double", "real"},
                                                           {"double precision", "real"},
                                                           {"float", "real"},
                                                           {"numeric", "decimal"},
                                                           {"timestamp", "datetime"},
                                                           {"clob", "text"},
                                                           {"nvarchar", "varchar"},
                                                           {"character varying", "varchar"},
                                                           {"varying character", "varchar"},
                                                           {"blob", "BLOB"}};
  return words;
}

std::string word_of(const Parts& parts) {
  const auto other = synonyms().find(parts.word);
  return other == synonyms().end() ? parts.word : other->second;
}

}  // namespace

Sql canonical_type(const Sql& type) {
  const Parts parts = parts_of(type);
  const std::string word = word_of(parts);
  if (word == "varchar" || word == "char") {
    return parts.numbers.empty() ? word : word + "(" + std::to_string(parts.numbers[0]) + ")";
  }
  // Sizes of numbers mean nothing here.
  const bool sized = word == "decimal" || word == "integer" || word == "bigint" ||
                     word == "smallint" || word == "datetime" || word == "real" || word == "bool";
  if (sized || type.find('(') == std::string::npos) return word;
  return lower_case(type);
}

Field field_of_type(const Sql& type) {
  static const std::map<std::string, FieldType> types = {
      {"integer", FieldType::integer},
      {"bool", FieldType::boolean},
      {"smallint", FieldType::small_integer},
      {"bigint", FieldType::big_integer},
      {"integer unsigned", FieldType::positive_integer},
      {"smallint unsigned", FieldType::positive_small_integer},
      {"bigint unsigned", FieldType::positive_big_integer},
      {"real", FieldType::floating},
      {"text", FieldType::text},
      {"date", FieldType::date},
      {"time", FieldType::time},
      {"datetime", FieldType::date_time},
      {"char(32)", FieldType::uuid},
      {"char(39)", FieldType::generic_ip_address},
      {"BLOB", FieldType::binary},
      {"varchar", FieldType::character}};
  const Parts parts = parts_of(type);
  const std::string word = word_of(parts);
  const auto found = types.find(canonical_type(type));
  if (found != types.end()) return Field{.type = found->second};
  if (word == "varchar" && parts.numbers.size() == 1 && parts.numbers[0] > 0) {
    return Field{.type = FieldType::character, .max_length = parts.numbers[0]};
  }
  if (word == "decimal") {
    // Without numbers, as Django's inspectdb guesses.
    const bool given = !parts.numbers.empty() && parts.numbers[0] >= 1 && parts.numbers[0] <= 38;
    const int digits = given ? parts.numbers[0] : 10;
    const int places = given ? (parts.numbers.size() > 1 ? parts.numbers[1] : 0) : 5;
    return Field{.type = FieldType::decimal,
                 .max_digits = digits,
                 .decimal_places = std::clamp(places, 0, digits)};
  }
  return Field{.type = FieldType::custom, .db_type = {{"sqlite", type}}};
}

}  // namespace turnstone::sqlite
