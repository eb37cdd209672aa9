#include "orm/literals.h"

#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/match.h>
#include <turnstone/model/member.h>

#include <map>

namespace turnstone::orm {
namespace {

struct ToJson {
  Json operator()(std::monostate) const { return Json::null(); }
  Json operator()(const Json& v) const { return v; }
  template <class T>
  Json operator()(const T& v) const {
    return detail::json_of(v);
  }
};

[[noreturn]] void misfit(const Json& literal, const Field& type) {
  throw Error(ErrorKind::bad_value, literal.text() + " is no value for " +
                                        with_article(name_of(type.type)) +
                                        (type.name.empty() ? "" : " \"" + type.name + "\""));
}

template <class T>
Value or_misfit(const std::optional<T>& value, const Json& literal, const Field& type) {
  if (!value) misfit(literal, type);
  return *value;
}

std::optional<DateTime> moment(const std::string& text) {
  if (const auto value = parse_date_time(text)) return value;
  if (const auto day = parse_date(text)) return DateTime(*day);
  return std::nullopt;
}

std::optional<Date> day(const std::string& text) {
  if (const auto value = parse_date(text)) return value;
  const auto instant = parse_date_time(text);
  if (!instant) return std::nullopt;
  return Date(std::chrono::floor<std::chrono::days>(*instant));
}

}  // namespace

bool is_numeric(const Field& type) {
  return is_integer(type.type) || is_auto(type.type) || is_positive(type.type) ||
         type.type == FieldType::decimal || type.type == FieldType::floating;
}

const Field& plain_type(FieldType type) {
  static const std::map<FieldType, Field> fields = [] {
    std::map<FieldType, Field> made;
    for (const FieldType one :
         {FieldType::big_integer, FieldType::integer, FieldType::floating, FieldType::text,
          FieldType::boolean, FieldType::json, FieldType::decimal, FieldType::date, FieldType::time,
          FieldType::date_time, FieldType::duration, FieldType::uuid, FieldType::binary,
          FieldType::custom}) {
      made[one].type = one;
    }
    return made;
  }();
  return fields.at(type);
}

const Field& guessed_type(const Json& literal) {
  if (literal.is_bool()) return plain_type(FieldType::boolean);
  if (literal.is_string()) return plain_type(FieldType::text);
  if (literal.is_integer()) return plain_type(FieldType::big_integer);
  if (literal.is_number()) return plain_type(FieldType::floating);
  return plain_type(FieldType::json);
}

Json literal_of(const Value& value) { return match(value, ToJson{}); }

Value literal_value(const Json& literal, const Field& type) {
  if (type.type == FieldType::generated) return literal_value(literal, *type.output_field);
  if (type.type == FieldType::json) return literal;
  if (literal.is_null()) return std::monostate{};
  if (is_integer(type.type) || is_auto(type.type) || is_positive(type.type)) {
    if (literal.is_integer()) return literal.as_integer();
    if (literal.is_bool()) return std::int64_t{literal.as_bool() ? 1 : 0};
    misfit(literal, type);
  }
  const std::string text = literal.is_string() ? literal.as_string() : std::string{};
  switch (type.type) {
    case FieldType::boolean:
      if (literal.is_bool()) return literal.as_bool();
      if (literal.text() == "0" || literal.text() == "1") return literal.text() == "1";
      misfit(literal, type);
    case FieldType::floating:
      if (!literal.is_number()) misfit(literal, type);
      return literal.as_double();
    case FieldType::decimal:
      return or_misfit(Decimal::try_parse(literal.is_string() ? text : literal.text()), literal,
                       type);
    case FieldType::date:
      return or_misfit(day(text), literal, type);
    case FieldType::time:
      return or_misfit(parse_time(text), literal, type);
    case FieldType::date_time:
      return or_misfit(moment(text), literal, type);
    case FieldType::duration:
      return or_misfit(parse_duration(text), literal, type);
    case FieldType::uuid:
      return or_misfit(Uuid::try_parse(text), literal, type);
    case FieldType::binary:
      return or_misfit(from_base64(text), literal, type);
    case FieldType::custom:
      if (literal.is_string()) return text;
      if (literal.is_bool()) return literal.as_bool();
      if (literal.is_integer()) return literal.as_integer();
      if (literal.is_number()) return literal.as_double();
      return literal;
    case FieldType::array:
    case FieldType::hstore:
    case FieldType::integer_range:
    case FieldType::big_integer_range:
    case FieldType::decimal_range:
    case FieldType::date_time_range:
    case FieldType::date_range:
      return literal;
    default:
      break;
  }
  return literal.is_string() ? text : literal.text();
}

}  // namespace turnstone::orm
