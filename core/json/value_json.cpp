#include <turnstone/identifier.h>
#include <turnstone/values.h>

#include <algorithm>
#include <limits>

#include "json/model_json.h"
#include "model/field_options.h"

namespace turnstone::json {
namespace {

struct Bounds {
  std::int64_t least = 0;
  std::int64_t most = 0;
};

Bounds bounds_of(FieldType type) {
  using Limit = std::numeric_limits<std::int64_t>;
  switch (type) {
    case FieldType::small_integer:
    case FieldType::small_auto_field:
      return {-32768, 32767};
    case FieldType::positive_small_integer:
      return {0, 32767};
    case FieldType::integer:
    case FieldType::auto_field:
      return {-2147483648LL, 2147483647};
    case FieldType::positive_integer:
      return {0, 2147483647};
    case FieldType::positive_big_integer:
      return {0, Limit::max()};
    default:
      return {Limit::min(), Limit::max()};
  }
}

std::string integer_problem(const Tree& value, FieldType type) {
  const Bounds bounds = bounds_of(type);
  const bool fits = value.is_number_integer() &&
                    !(value.is_number_unsigned() &&
                      value.get<std::uint64_t>() > static_cast<std::uint64_t>(bounds.most)) &&
                    value.get<std::int64_t>() >= bounds.least &&
                    value.get<std::int64_t>() <= bounds.most;
  if (fits) return {};
  return "a whole number between " + std::to_string(bounds.least) + " and " +
         std::to_string(bounds.most);
}

std::string text_problem(const Tree& value, const Field& field) {
  if (!value.is_string()) return "a text";
  const std::optional<int> length =
      field.max_length ? field.max_length : default_max_length(field.type);
  if (!length || field.type == FieldType::text || field.type == FieldType::ci_text) return {};
  const std::string& text = value.get_ref<const std::string&>();
  const auto characters =
      std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xC0) != 0x80; });
  if (characters <= *length) return {};
  return "a text of at most " + std::to_string(*length) + " characters";
}

std::string decimal_problem(const Tree& value, const Field& field) {
  const std::optional<Decimal> number =
      value.is_string() ? Decimal::try_parse(value.get_ref<const std::string&>()) : std::nullopt;
  if (!number) return "a decimal number in quotes, such as \"9.99\",";
  if (!field.max_digits || !field.decimal_places) return {};
  Decimal::Coefficient rest =
      number->coefficient() < 0 ? -number->coefficient() : number->coefficient();
  int scale = number->scale();
  for (; scale > 0 && rest % 10 == 0; --scale) rest /= 10;
  int digits = 0;
  for (; rest != 0; rest /= 10) ++digits;
  if (scale <= *field.decimal_places &&
      digits - scale <= *field.max_digits - *field.decimal_places) {
    return {};
  }
  return "at most " + std::to_string(*field.max_digits - *field.decimal_places) +
         " digits before the point and " + std::to_string(*field.decimal_places) + " behind it";
}

std::string array_problem(const Tree& value, const Field& field) {
  if (!value.is_array()) return "an array";
  if (!field.base_field) return {};
  for (const Tree& item : value) {
    const std::string problem = value_problem(item, *field.base_field);
    if (!problem.empty()) return "an array with " + problem + " for each item";
  }
  return {};
}

std::string map_problem(const Tree& value) {
  const bool fits =
      value.is_object() && std::all_of(value.begin(), value.end(), [](const Tree& item) {
        return item.is_string() || item.is_null();
      });
  return fits ? "" : "an object with texts";
}

template <class T>
bool parses(const Tree& value, std::optional<T> (*parse)(std::string_view)) {
  return value.is_string() && parse(value.get_ref<const std::string&>()).has_value();
}

}  // namespace

std::string value_problem(const Tree& value, const Field& field) {
  if (value.is_null()) return {};
  if (is_integer(field.type) || is_auto(field.type)) return integer_problem(value, field.type);
  if (is_text(field.type)) return text_problem(value, field);
  const auto wanted = [](bool fits, const char* text) { return std::string(fits ? "" : text); };
  switch (field.type) {
    case FieldType::boolean:
      return wanted(value.is_boolean(), "true or false");
    case FieldType::floating:
      return wanted(value.is_number(), "a number");
    case FieldType::decimal:
      return decimal_problem(value, field);
    case FieldType::date:
      return wanted(parses(value, parse_date), "a date, such as \"2026-11-25\",");
    case FieldType::time:
      return wanted(parses(value, parse_time), "a time, such as \"13:45:00\",");
    case FieldType::date_time:
      return wanted(parses(value, parse_date_time),
                    "a date and time, such as \"2026-11-25T13:45:00Z\",");
    case FieldType::duration:
      return wanted(parses(value, parse_duration), "an ISO 8601 duration, such as \"P1DT2H\",");
    case FieldType::uuid:
      return wanted(parses(value, Uuid::try_parse), "a UUID");
    case FieldType::binary:
      return wanted(parses(value, from_base64), "base64 text");
    case FieldType::generic_ip_address:
      return wanted(value.is_string(), "an IP address in quotes");
    case FieldType::array:
      return array_problem(value, field);
    case FieldType::hstore:
      return map_problem(value);
    default:
      return {};
  }
}

void check_value(const Node& node, const Field& field) {
  const std::string problem = value_problem(node.value(), field);
  if (!problem.empty()) node.expected(problem + " for " + with_article(name_of(field.type)));
}

}  // namespace turnstone::json
