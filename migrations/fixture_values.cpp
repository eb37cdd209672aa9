#include "fixture_values.h"

#include "json/model_json.h"

#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/match.h>

#include <cmath>
#include <limits>

namespace turnstone::migrations {
namespace {

using json::Node;
using json::Tree;

/// Numbers JSON does not have go as texts.
std::string number_json(double value) {
  if (std::isnan(value)) return "\"NaN\"";
  if (std::isinf(value)) return value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  return Json::of(value).text();
}

struct ToJson {
  std::string operator()(std::monostate) const { return "null"; }
  std::string operator()(bool v) const { return v ? "true" : "false"; }
  std::string operator()(std::int64_t v) const { return std::to_string(v); }
  std::string operator()(double v) const { return number_json(v); }
  std::string operator()(const std::string& v) const { return Json::of(v).text(); }
  std::string operator()(const Bytes& v) const { return Json::of(to_base64(v)).text(); }
  std::string operator()(const Decimal& v) const { return Json::of(v.text()).text(); }
  std::string operator()(const Uuid& v) const { return Json::of(v.text()).text(); }
  std::string operator()(const Date& v) const { return Json::of(turnstone::to_text(v)).text(); }
  std::string operator()(const Time& v) const { return Json::of(turnstone::to_text(v)).text(); }
  std::string operator()(const DateTime& v) const { return Json::of(turnstone::to_text(v)).text(); }
  std::string operator()(const Duration& v) const { return Json::of(turnstone::to_text(v)).text(); }
  std::string operator()(const Json& v) const { return v.text(); }
};

/// What a value that does not fit should have been.
std::string wanted(const Node& node, const Field& type) {
  std::string problem = json::value_problem(node.value(), type);
  return (problem.empty() ? "a value" : problem) + " for " + with_article(name_of(type.type));
}

template <class T>
Value or_refused(const std::optional<T>& value, const Node& node, const Field& type) {
  if (!value) node.expected(wanted(node, type));
  return *value;
}

std::optional<std::int64_t> whole_number(const Tree& value) {
  if (!value.is_number_integer()) return std::nullopt;
  if (value.is_number_unsigned() &&
      value.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
    return std::nullopt;
  }
  return value.get<std::int64_t>();
}

std::optional<bool> flag(const Tree& value) {
  if (value.is_boolean()) return value.get<bool>();
  const auto number = whole_number(value);
  if (number == 0 || number == 1) return *number == 1;
  return std::nullopt;
}

std::optional<double> real_number(const Tree& value) {
  if (value.is_number()) return value.get<double>();
  if (value.is_binary()) return Json::from_canonical(json::exact_text(value)).as_double();
  using Limits = std::numeric_limits<double>;
  if (value == "NaN") return Limits::quiet_NaN();
  if (value == "Infinity") return Limits::infinity();
  if (value == "-Infinity") return -Limits::infinity();
  return std::nullopt;
}

std::optional<Decimal> decimal(const Tree& value) {
  if (value.is_string()) return Decimal::try_parse(value.get_ref<const std::string&>());
  if (const auto number = whole_number(value)) return Decimal(*number);
  if (!value.is_number_float() && !value.is_binary()) return std::nullopt;
  return Decimal::try_parse(json::exact_text(value));
}

/// Throws where a column of `type` would keep another number, or none.
Decimal exact(const Decimal& number, const Node& node, const Field& type,
              const std::string& field) {
  if (!type.max_digits || !type.decimal_places) return number;
  Decimal::Coefficient rest =
      number.coefficient() < 0 ? -number.coefficient() : number.coefficient();
  int places = number.scale();
  for (; places > 0 && rest % 10 == 0; --places) rest /= 10;
  for (int i = 0; i < places; ++i) rest /= 10;
  int digits = 0;
  for (; rest != 0; ++digits) rest /= 10;
  const bool rounded = places > *type.decimal_places;
  if (!rounded && digits <= *type.max_digits - *type.decimal_places) return number;
  node.fail(field + " takes " + std::to_string(*type.max_digits) + " digits, " +
            std::to_string(*type.decimal_places) + " of them behind the point: " + number.text() +
            (rounded ? " would be rounded" : " is too large"));
}

/// The same for decimals within arrays.
void require_exact_items(const Tree& value, const Node& node, const Field& type,
                         const std::string& field) {
  if (value.is_array() && type.base_field) {
    for (const Tree& item : value) require_exact_items(item, node, *type.base_field, field);
  } else if (type.type == FieldType::decimal) {
    if (const auto number = decimal(value)) exact(*number, node, type, field);
  }
}

/// Reads a number of digits and moves behind it.
std::optional<std::int64_t> digits(std::string_view& text) {
  std::int64_t number = 0;
  std::size_t count = 0;
  for (; count < text.size() && text[count] >= '0' && text[count] <= '9'; ++count) {
    if (count == 12) return std::nullopt;
    number = number * 10 + (text[count] - '0');
  }
  text.remove_prefix(count);
  return count == 0 ? std::nullopt : std::optional(number);
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

/// `-1 02:03:04.5`: days may be negative, the rest counts forwards. Source: Django,
/// `duration_string`.
std::optional<Duration> django_duration(std::string_view text) {
  using namespace std::chrono;
  Duration total{};
  if (text.find(' ') != std::string_view::npos) {
    const bool negative = take(text, '-');
    const auto number = digits(text);
    if (!number || !take(text, ' ')) return std::nullopt;
    total = days(negative ? -*number : *number);
  }
  const bool negative = take(text, '-');
  const auto hour = digits(text);
  if (!hour || !take(text, ':')) return std::nullopt;
  const auto minute = digits(text);
  if (!minute || !take(text, ':')) return std::nullopt;
  const auto second = digits(text);
  if (!second) return std::nullopt;
  std::int64_t micros = 0;
  if (take(text, '.')) {
    std::string fraction(text.substr(0, 6));
    fraction.resize(6, '0');
    std::string_view rest = fraction;
    const auto number = digits(rest);
    if (!number || !rest.empty()) return std::nullopt;
    micros = *number;
    text.remove_prefix(std::min<std::size_t>(6, text.size()));
  }
  if (!text.empty()) return std::nullopt;
  const Duration time = hours(*hour) + minutes(*minute) + seconds(*second) + Duration(micros);
  return total + (negative ? -time : time);
}

/// The text of a value, or nothing where it is none.
std::optional<std::string_view> text_of(const Tree& value) {
  if (!value.is_string()) return std::nullopt;
  return value.get_ref<const std::string&>();
}

template <class T>
std::optional<T> parsed(const Tree& value, std::optional<T> (*parse)(std::string_view)) {
  const auto text = text_of(value);
  return text ? parse(*text) : std::nullopt;
}

std::optional<Duration> duration(const Tree& value) {
  const auto iso = parsed(value, parse_duration);
  return iso ? iso : parsed(value, django_duration);
}

/// JSON inside of a text, as Django writes arrays, hstores and ranges; any other value as it is.
Tree unwrapped(const Node& node, const Field& type) {
  const auto text = text_of(node.value());
  if (!text) return node.value();
  try {
    return json::parse_exactly(node.file(), *text);
  } catch (const Error&) {
    node.expected(wanted(node, type));
  }
}

/// Items of an array that Django wrote are texts whatever their type.
Tree respelled_items(Tree value, const Field& element) {
  if (!value.is_array()) return value;
  for (Tree& item : value) {
    if (item.is_array() && element.base_field) {
      item = respelled_items(std::move(item), *element.base_field);
      continue;
    }
    const auto text = text_of(item);
    if (!text) continue;
    const bool number = is_integer(element.type) || element.type == FieldType::floating;
    if (number && Tree::accept(*text)) item = json::parse_exactly({}, *text);
    if (element.type == FieldType::boolean && (*text == "True" || *text == "False")) {
      item = *text == "True";
    }
  }
  return value;
}

/// `{"bounds": "[)", "lower": "1", "upper": null}` or `{"empty": true}` as PostgreSQL's text.
std::string range_text(const Node& node, const Field& type, const Tree& value) {
  if (value.contains("empty")) return "empty";
  const auto bounds = value.contains("bounds") ? text_of(value["bounds"]) : std::nullopt;
  if (!bounds || bounds->size() != 2) node.expected(wanted(node, type));
  const auto end = [&](const char* key) -> std::string {
    if (!value.contains(key) || value[key].is_null()) return {};
    const auto text = text_of(value[key]);
    return Json::of(text ? std::string(*text) : json::exact_text(value[key])).text();
  };
  return std::string(bounds->substr(0, 1)) + end("lower") + "," + end("upper") +
         std::string(bounds->substr(1));
}

Value range_value(const Node& node, const Field& type) {
  const auto text = text_of(node.value());
  if (text && !text->starts_with("{")) return std::string(*text);
  const Tree value = unwrapped(node, type);
  if (value.is_object()) return range_text(node, type, value);
  if (!value.is_array()) node.expected(wanted(node, type));
  return Json::parse(json::exact_text(value));
}

Value composed_value(const Node& node, const Field& type, const std::string& field) {
  Tree value = unwrapped(node, type);
  if (type.type == FieldType::array && type.base_field) {
    value = respelled_items(std::move(value), *type.base_field);
  }
  const bool fits = type.type == FieldType::array ? value.is_array() : value.is_object();
  if (!fits) node.expected(wanted(node, type));
  require_exact_items(value, node, type, field);
  return Json::parse(json::exact_text(value));
}

Value custom_value(const Tree& value) {
  if (const auto text = text_of(value)) return std::string(*text);
  if (value.is_boolean()) return value.get<bool>();
  if (const auto number = whole_number(value)) return *number;
  if (const auto number = real_number(value); number && !value.is_string()) return *number;
  return Json::parse(json::exact_text(value));
}

}  // namespace

std::string fixture_json(const Value& value) { return match(value, ToJson{}); }

Value fixture_value(const Node& node, const Field& type, const std::string& field) {
  const Tree& value = node.value();
  if (value.is_null()) return std::monostate{};
  if (is_integer(type.type) || is_auto(type.type) || is_positive(type.type)) {
    return or_refused(whole_number(value), node, type);
  }
  switch (type.type) {
    case FieldType::boolean:
      return or_refused(flag(value), node, type);
    case FieldType::floating:
      return or_refused(real_number(value), node, type);
    case FieldType::decimal:
      return exact(std::get<Decimal>(or_refused(decimal(value), node, type)), node, type, field);
    case FieldType::date:
      return or_refused(parsed(value, parse_date), node, type);
    case FieldType::time:
      return or_refused(parsed(value, parse_time), node, type);
    case FieldType::date_time:
      return or_refused(parsed(value, parse_date_time), node, type);
    case FieldType::duration:
      return or_refused(duration(value), node, type);
    case FieldType::uuid:
      return or_refused(parsed(value, Uuid::try_parse), node, type);
    case FieldType::binary:
      return or_refused(parsed(value, from_base64), node, type);
    case FieldType::json:
      return Json::parse(json::exact_text(value));
    case FieldType::array:
    case FieldType::hstore:
      return composed_value(node, type, field);
    case FieldType::integer_range:
    case FieldType::big_integer_range:
    case FieldType::decimal_range:
    case FieldType::date_time_range:
    case FieldType::date_range:
      return range_value(node, type);
    case FieldType::custom:
      return custom_value(value);
    default:
      break;
  }
  if (!value.is_string()) node.expected("a text for " + with_article(name_of(type.type)));
  return value.get<std::string>();
}

}  // namespace turnstone::migrations
