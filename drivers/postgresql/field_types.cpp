#include <charconv>
#include <map>
#include <memory>

#include "postgresql/dialect.h"
#include "postgresql/types.h"

// The way back from column types to fields.

namespace turnstone::postgresql {
namespace {

const std::map<std::string, FieldType>& plain_types() {
  static const std::map<std::string, FieldType> types = {
      {"integer", FieldType::integer},
      {"bigint", FieldType::big_integer},
      {"smallint", FieldType::small_integer},
      {"boolean", FieldType::boolean},
      {"double precision", FieldType::floating},
      {"varchar", FieldType::character},
      {"text", FieldType::text},
      {"date", FieldType::date},
      {"time", FieldType::time},
      {"timestamp with time zone", FieldType::date_time},
      {"interval", FieldType::duration},
      {"uuid", FieldType::uuid},
      {"bytea", FieldType::binary},
      {"jsonb", FieldType::json},
      {"inet", FieldType::generic_ip_address},
      {"hstore", FieldType::hstore},
      {"int4range", FieldType::integer_range},
      {"int8range", FieldType::big_integer_range},
      {"numrange", FieldType::decimal_range},
      {"tstzrange", FieldType::date_time_range},
      {"daterange", FieldType::date_range},
      {"tsvector", FieldType::search_vector},
      {"citext", FieldType::ci_text}};
  return types;
}

/// The numbers of `(10, 2)`.
std::vector<int> numbers_of(const std::string& modifier) {
  std::vector<int> numbers;
  const char* at = modifier.data();
  const char* const end = at + modifier.size();
  while (at < end) {
    int number = 0;
    const auto read = std::from_chars(at, end, number);
    if (read.ec == std::errc()) numbers.push_back(number);
    at = read.ec == std::errc() ? read.ptr : at + 1;
  }
  return numbers;
}

Field custom(const Sql& type) {
  return Field{.type = FieldType::custom, .db_type = {{"postgresql", type}}};
}

Field item_of_type(const Sql& type) {
  const TypeParts parts = type_parts(type);
  const auto plain = plain_types().find(type);
  if (plain != plain_types().end()) return Field{.type = plain->second};
  const std::vector<int> numbers = numbers_of(parts.modifier);
  if (parts.base == "varchar" && numbers.size() == 1) {
    return Field{.type = FieldType::character, .max_length = numbers[0]};
  }
  const bool is_decimal = parts.base == "numeric" && numbers.size() == 2 && numbers[0] <= 38 &&
                          numbers[1] >= 0 && numbers[1] <= numbers[0];
  if (is_decimal) {
    return Field{
        .type = FieldType::decimal, .max_digits = numbers[0], .decimal_places = numbers[1]};
  }
  return custom(type);
}

}  // namespace

Field PostgresqlDialect::field_of_type(const Sql& type) const {
  // `integer[]`: PostgreSQL keeps neither the size of arrays nor how deep they are.
  if (!type.ends_with("[]")) return item_of_type(type);
  const Field item = item_of_type(type.substr(0, type.size() - 2));
  if (item.type == FieldType::custom) return custom(type);
  return Field{.type = FieldType::array, .base_field = std::make_shared<const Field>(item)};
}

}  // namespace turnstone::postgresql
