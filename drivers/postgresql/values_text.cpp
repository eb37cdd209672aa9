#include "postgresql/values_text.h"

#include <turnstone/error.h>
#include <turnstone/identifier.h>

#include <charconv>
#include <cstdlib>

#include "postgresql/json_items.h"

namespace turnstone::postgresql {
namespace {

[[noreturn]] void misfit(const Json& value, const Field& field) {
  throw Error(ErrorKind::bad_model,
              "the value " + value.text() + " does not fit " + with_article(name_of(field.type)),
              field.name);
}

std::string string_of(const Json& value, const Field& field) {
  if (!value.is_string()) misfit(value, field);
  return value.as_string();
}

std::string text_of(const Json& value, const Field& field) {
  if (value.is_number()) return value.text();
  std::string text = string_of(value, field);
  if (text.find('\0') != std::string::npos) misfit(value, field);
  return text;
}

std::string date_text(const Json& value, const Field& field) {
  const std::string text = string_of(value, field);
  if (const auto date = parse_date(text)) return to_text(*date);
  const auto instant = parse_date_time(text);
  if (!instant) misfit(value, field);
  return to_text(Date(std::chrono::floor<std::chrono::days>(*instant)));
}

std::string instant_text(const Json& value, const Field& field) {
  const std::string text = string_of(value, field);
  if (const auto instant = parse_date_time(text)) return to_text(*instant);
  const auto date = parse_date(text);
  if (!date) misfit(value, field);
  return to_text(DateTime(*date));
}

template <class Parsed>
Parsed parsed_or_misfit(const std::optional<Parsed>& parsed, const Json& value,
                        const Field& field) {
  if (!parsed) misfit(value, field);
  return *parsed;
}

std::string boolean_text(const Json& value, const Field& field) {
  if (value.is_bool()) return value.as_bool() ? "true" : "false";
  if (value.text() == "0" || value.text() == "1") return value.text() == "1" ? "true" : "false";
  misfit(value, field);
}

std::string decimal_text(const Json& value, const Field& field) {
  const std::string text = value.is_string() ? value.as_string() : value.text();
  return parsed_or_misfit(Decimal::try_parse(text), value, field).text();
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  for (const std::string_view word : words) {
    if (lower_case(text) == word) return true;
  }
  return false;
}

/// The field whose values bound a range.
Field bound_field(const Field& range) {
  Field bound{.name = range.name};
  switch (range.type) {
    case FieldType::integer_range:
      bound.type = FieldType::integer;
      break;
    case FieldType::big_integer_range:
      bound.type = FieldType::big_integer;
      break;
    case FieldType::decimal_range:
      bound.type = FieldType::decimal;
      break;
    case FieldType::date_range:
      bound.type = FieldType::date;
      break;
    default:
      bound.type = FieldType::date_time;
      break;
  }
  return bound;
}

/// In double quotes, with `\` before quotes and backslashes: an item of an array or hstore.
std::string quoted_item(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

/// Reads `"…"` with backslashes, or up to one of `ends`; `at` moves behind it.
std::string read_item(std::string_view text, std::size_t& at, std::string_view ends, bool& quoted) {
  std::string item;
  quoted = at < text.size() && text[at] == '"';
  if (quoted) {
    for (++at; at < text.size() && text[at] != '"'; ++at) {
      if (text[at] == '\\' && at + 1 < text.size()) ++at;
      item += text[at];
    }
    ++at;
    return item;
  }
  while (at < text.size() && ends.find(text[at]) == std::string_view::npos) {
    if (text[at] == '\\' && at + 1 < text.size()) ++at;
    item += text[at++];
  }
  return item;
}

/// A cell of an array as the JSON files would have.
Json item_json(const std::string& text, const Field& field) {
  if (is_integer(field.type) || field.type == FieldType::floating) {
    const bool number = text.find_first_not_of("0123456789+-.eE") == std::string::npos;
    return number ? Json::parse(text) : Json::of(text);
  }
  switch (field.type) {
    case FieldType::boolean:
      return Json::of(text == "t");
    case FieldType::json:
      return Json::parse(text);
    case FieldType::date_time:
      if (const auto instant = parse_timestamp(text)) return Json::of(to_text(*instant));
      return Json::of(text);
    case FieldType::duration:
      if (const auto span = parse_interval(text)) return Json::of(to_text(*span));
      return Json::of(text);
    case FieldType::hstore:
      return parse_hstore(text).value_or(Json::of(text));
    default:
      return Json::of(text);
  }
}

std::optional<Json> read_array(std::string_view text, std::size_t& at, const Field& element) {
  if (at >= text.size() || text[at] != '{') return std::nullopt;
  ++at;
  std::vector<std::string> items;
  while (at < text.size() && text[at] != '}') {
    if (text[at] == ',') ++at;
    if (text[at] == '{') {
      auto inner = read_array(text, at, element);
      if (!inner) return std::nullopt;
      items.push_back(inner->text());
      continue;
    }
    bool quoted = false;
    const std::string item = read_item(text, at, ",}", quoted);
    items.push_back(!quoted && item == "NULL" ? "null" : item_json(item, element).text());
  }
  if (at >= text.size()) return std::nullopt;
  ++at;
  return Json::from_canonical("[" + join(items, ",") + "]");
}

/// Innermost element of an array of arrays.
const Field& element_of(const Field& field) {
  const Field* at = &field;
  while (at->type == FieldType::array && at->base_field) at = at->base_field.get();
  return *at;
}

std::optional<std::int64_t> whole(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// `-02:03:04.5`
std::optional<Duration> clock(std::string_view text) {
  const bool negative = text.front() == '-';
  if (negative || text.front() == '+') text.remove_prefix(1);
  const std::size_t first = text.find(':');
  const std::size_t second = text.find(':', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto hours = whole(text.substr(0, first));
  const auto minutes = whole(text.substr(first + 1, second - first - 1));
  std::string seconds(text.substr(second + 1));
  const std::size_t point = std::min(seconds.find('.'), seconds.size());
  std::string fraction = seconds.substr(std::min(point + 1, seconds.size()));
  fraction.resize(6, '0');
  const auto whole_seconds = whole(seconds.substr(0, point));
  const auto micros = whole(fraction);
  if (!hours || !minutes || !whole_seconds || !micros) return std::nullopt;
  const Duration total = std::chrono::hours(*hours) + std::chrono::minutes(*minutes) +
                         std::chrono::seconds(*whole_seconds) + Duration(*micros);
  return negative ? -total : total;
}

}  // namespace

std::string interval_text(Duration value) {
  using namespace std::chrono;
  const auto whole_days = duration_cast<days>(value);
  auto rest = value - whole_days;
  std::string text;
  if (whole_days.count() != 0) text = std::to_string(whole_days.count()) + " days ";
  if (rest.count() < 0) {
    text += '-';
    rest = -rest;
  }
  return text + to_text(Time{.since_midnight = rest});
}

std::optional<Duration> parse_interval(std::string_view text) {
  Duration total{};
  std::size_t at = 0;
  std::int64_t number = 0;
  bool waits_for_unit = false;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string_view word = text.substr(at, end - at);
    at = end + 1;
    if (word.find(':') != std::string_view::npos) {
      const auto time = clock(word);
      if (!time) return std::nullopt;
      total += *time;
    } else if (!waits_for_unit) {
      const std::optional<std::int64_t> count = whole(word);
      if (!count) return std::nullopt;
      number = *count;
      waits_for_unit = true;
    } else {
      const int days = word.starts_with("year")  ? 365
                       : word.starts_with("mon") ? 30
                       : word.starts_with("day") ? 1
                                                 : 0;
      if (days == 0) return std::nullopt;
      total += std::chrono::days(days) * number;
      waits_for_unit = false;
    }
  }
  return waits_for_unit ? std::nullopt : std::optional(total);
}

std::optional<DateTime> parse_timestamp(std::string_view text) {
  std::string iso(text);
  // `+00` is written without minutes.
  const std::size_t sign = iso.find_last_of("+-");
  if (sign != std::string::npos && sign > 10 && iso.size() - sign == 3) iso += ":00";
  return parse_date_time(iso);
}

std::string bytea_text(const Bytes& bytes) { return "\\x" + to_hex(bytes); }

std::optional<std::string> scalar_text(const Json& value, const Field& field) {
  if (field.type == FieldType::json) return value.text();
  if (value.is_null()) return std::nullopt;
  if (is_auto(field.type) || is_integer(field.type)) {
    if (!value.is_integer()) misfit(value, field);
    return value.text();
  }
  if (is_text(field.type)) return text_of(value, field);
  switch (field.type) {
    case FieldType::boolean:
      return boolean_text(value, field);
    case FieldType::floating:
      if (value.is_string() && is_one_of(value.as_string(), {"nan", "infinity", "-infinity"})) {
        return value.as_string();
      }
      if (!value.is_number()) misfit(value, field);
      return value.text();
    case FieldType::decimal:
      return decimal_text(value, field);
    case FieldType::date:
      return date_text(value, field);
    case FieldType::date_time:
      return instant_text(value, field);
    case FieldType::time:
      return to_text(parsed_or_misfit(parse_time(string_of(value, field)), value, field));
    case FieldType::duration:
      return interval_text(parsed_or_misfit(parse_duration(string_of(value, field)), value, field));
    case FieldType::uuid:
      return parsed_or_misfit(Uuid::try_parse(string_of(value, field)), value, field).text();
    case FieldType::binary:
      return bytea_text(parsed_or_misfit(from_base64(string_of(value, field)), value, field));
    case FieldType::array:
      return array_text(value, field);
    case FieldType::hstore:
      return hstore_text(value, field);
    case FieldType::integer_range:
    case FieldType::big_integer_range:
    case FieldType::decimal_range:
    case FieldType::date_time_range:
    case FieldType::date_range:
      return range_text(value, field);
    case FieldType::generated:
      return scalar_text(value, *field.output_field);
    case FieldType::custom:
      if (value.is_array() || value.is_object()) return value.text();
      if (value.is_bool()) return value.as_bool() ? "true" : "false";
      return text_of(value, field);
    default:
      return text_of(value, field);
  }
}

std::string array_text(const Json& value, const Field& field) {
  if (!value.is_array()) {
    // One element stands for an array of it, as lookups write it. PostgreSQL's text is taken too.
    if (value.is_string() && value.as_string().starts_with("{")) return value.as_string();
    return "{" + quoted_item(*scalar_text(value, element_of(field))) + "}";
  }
  std::vector<std::string> items;
  for (const Json& item : json_items(value)) {
    const bool nested = field.base_field->type == FieldType::array && item.is_array();
    if (nested) {
      items.push_back(array_text(item, *field.base_field));
      continue;
    }
    const bool missing = item.is_null();
    items.push_back(missing ? "NULL" : quoted_item(*scalar_text(item, *field.base_field)));
  }
  return "{" + join(items, ",") + "}";
}

std::string hstore_text(const Json& value, const Field& field) {
  if (!value.is_object()) misfit(value, field);
  std::vector<std::string> pairs;
  for (const auto& [key, item] : json_members(value)) {
    const std::string text = item.is_null()     ? "NULL"
                             : item.is_string() ? quoted_item(item.as_string())
                                                : quoted_item(item.text());
    pairs.push_back(quoted_item(key) + "=>" + text);
  }
  return join(pairs, ", ");
}

std::string range_text(const Json& value, const Field& field) {
  if (value.is_string()) {
    std::string text = value.as_string();
    if (!text.starts_with("[") && !text.starts_with("(") && text != "empty") misfit(value, field);
    return text;
  }
  if (!value.is_array()) misfit(value, field);
  const std::vector<Json> items = json_items(value);
  const bool has_bounds = items.size() == 3 && items[2].is_string();
  if (items.size() != 2 && !has_bounds) misfit(value, field);
  const std::string bounds = has_bounds                     ? items[2].as_string()
                             : field.default_bounds.empty() ? "[)"
                                                            : field.default_bounds;
  if (bounds.size() != 2) misfit(value, field);
  const Field bound = bound_field(field);
  return bounds.substr(0, 1) + scalar_text(items[0], bound).value_or("") + "," +
         scalar_text(items[1], bound).value_or("") + bounds.substr(1);
}

std::optional<Json> parse_array(std::string_view text, const Field& field) {
  // Arrays that do not count from 1 carry their bounds: `[0:1]={1,2}`.
  std::size_t at = text.starts_with("[") ? text.find('=') + 1 : 0;
  return read_array(text, at, element_of(field));
}

std::optional<Json> parse_hstore(std::string_view text) {
  std::vector<std::string> members;
  bool quoted = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::string key = read_item(text, at, "=", quoted);
    if (text.substr(at, 2) != "=>") return std::nullopt;
    at += 2;
    const std::string item = read_item(text, at, ",", quoted);
    members.push_back(Json::of(key).text() + ":" +
                      (!quoted && item == "NULL" ? "null" : Json::of(item).text()));
    while (at < text.size() && (text[at] == ',' || text[at] == ' ')) ++at;
  }
  return Json::parse("{" + join(members, ",") + "}");
}

}  // namespace turnstone::postgresql
