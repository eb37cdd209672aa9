#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/schema/lower.h>

#include <algorithm>
#include <cctype>
#include <functional>
#include <map>

#include "sqlite/dialect.h"

// Expressions land in CHECKs and indexes, which outlive the program: they are built from SQLite's
// own deterministic functions alone. Operands may be `?`: each is used once and in order wherever
// that is possible.

namespace turnstone::sqlite {
namespace {

using Call = Dialect::Call;

FieldType type_at(const Call& call, std::size_t i) {
  const Field* field = i < call.argument_types.size() ? call.argument_types[i] : nullptr;
  while (field && field->type == FieldType::generated && field->output_field) {
    field = field->output_field.get();
  }
  return field ? field->type : FieldType::custom;
}

[[noreturn]] void lacks(const Call& call, const std::string& hint = {}) {
  throw Error(ErrorKind::unsupported,
              "sqlite has no \"" + std::string(call.head) + "\"" +
                  (type_at(call, 0) == FieldType::json ? " on JSON" : ""),
              {}, hint.empty() ? "leave it out, or use another database" : hint);
}

/// The text of operand `i` where it is written out in the expression.
std::optional<std::string> written_text(const Call& call, std::size_t i) {
  if (i >= call.source.arguments.size()) return std::nullopt;
  const Expression& argument = call.source.arguments[i];
  if (argument.kind != Expression::Kind::literal || !argument.value.is_string()) {
    return std::nullopt;
  }
  return argument.value.as_string();
}

bool is_null_literal(const Call& call, std::size_t i) {
  const Expression& argument = call.source.arguments[i];
  return argument.kind == Expression::Kind::literal && argument.value.is_null();
}

std::string escaped_like(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

std::string escaped_glob(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '*' || c == '?' || c == '[') {
      result += std::string("[") + c + "]";
    } else {
      result += c;
    }
  }
  return result;
}

Sql glob_of(const Sql& sql) {
  return "REPLACE(REPLACE(REPLACE(" + sql + ", '[', '[[]'), '*', '[*]'), '?', '[?]')";
}

/// A LIKE pattern as GLOB, which minds case: `%` and `_` become `*` and `?`, `\` takes the meaning
/// of the sign behind it.
std::string glob_from_like(const std::string& pattern) {
  std::string result;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) {
      result += escaped_glob(pattern.substr(++i, 1));
    } else if (pattern[i] == '%') {
      result += '*';
    } else if (pattern[i] == '_') {
      result += '?';
    } else {
      result += escaped_glob(pattern.substr(i, 1));
    }
  }
  return result;
}

/// `contains`, `startswith`, `endswith` and their kin that ignore the case of ASCII letters.
Sql text_match(const Call& call, std::string kind) {
  if (kind == "contains" && type_at(call, 0) == FieldType::json) {
    lacks(call, "compare single keys with \"key_text\", or use another database");
  }
  const bool ignores_case = kind.front() == 'i';
  if (ignores_case) kind.erase(0, 1);
  const Sql left = operand(call.arguments[0]);
  const Sql& right = call.arguments[1];
  const std::optional<std::string> text = written_text(call, 1);
  const bool open_left = kind != "startswith";
  const bool open_right = kind != "endswith";
  if (text && ignores_case) {
    const std::string pattern =
        (open_left ? "%" : "") + escaped_like(*text) + (open_right ? "%" : "");
    return left + " LIKE " + quote_literal(pattern) + " ESCAPE '\\'";
  }
  if (text && kind != "contains") {
    const std::string pattern =
        (open_left ? "*" : "") + escaped_glob(*text) + (open_right ? "*" : "");
    return left + " GLOB " + quote_literal(pattern);
  }
  const Sql a = ignores_case ? "LOWER(" + call.arguments[0] + ")" : left;
  const Sql b = ignores_case ? "LOWER(" + right + ")" : right;
  if (kind == "endswith") return a + " GLOB '*' || " + glob_of(b);
  const Sql at = "INSTR(" + (ignores_case ? a : call.arguments[0]) + ", " + b + ")";
  return at + (kind == "contains" ? " > 0" : " = 1");
}

Sql like(const Call& call) {
  const Sql left = operand(call.arguments[0]);
  if (const auto text = written_text(call, 1)) {
    return left + " GLOB " + quote_literal(glob_from_like(*text));
  }
  return left + " GLOB REPLACE(REPLACE(" + glob_of(call.arguments[1]) + ", '%', '*'), '_', '?')";
}

/// Path of one member: `$."name"`, `$[3]`.
Sql json_path(const Call& call, const Json& key) {
  if (key.is_integer()) {
    const std::int64_t at = key.as_integer();
    return quote_literal(at < 0 ? "$[#" + std::to_string(at) + "]"
                                : "$[" + std::to_string(at) + "]");
  }
  if (!key.is_string() || key.as_string().find_first_of("\"\\") != std::string::npos) {
    lacks(call, "a key is a number or a text without quotes and backslashes");
  }
  return quote_literal("$.\"" + key.as_string() + "\"");
}

const Json& literal_at(const Call& call, std::size_t i) {
  if (i >= call.source.arguments.size() ||
      call.source.arguments[i].kind != Expression::Kind::literal) {
    lacks(call, "its last operand must be written out");
  }
  return call.source.arguments[i].value;
}

Sql has_key(const Call& call, const Json& key) {
  return "JSON_TYPE(" + call.arguments[0] + ", " + json_path(call, key) + ") IS NOT NULL";
}

/// The strings of a JSON array.
std::vector<Json> items_of(const Call& call, const Json& list) {
  // Elements are taken apart by hand: strings and commas, nothing nested.
  std::vector<Json> items;
  if (!list.is_array()) lacks(call, "its last operand must be a list of keys");
  const std::string& text = list.text();
  std::size_t start = 1;
  bool inside = false;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (inside && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      inside = !inside;
    } else if (!inside && (text[i] == ',' || i + 1 == text.size())) {
      if (i > start) items.push_back(Json::parse(text.substr(start, i - start)));
      start = i + 1;
    }
  }
  return items;
}

Sql has_keys(const Call& call, const char* joint, const char* none) {
  std::vector<Sql> tests;
  std::vector<Json> keys;
  if (call.source.arguments.size() > 2) {
    for (std::size_t i = 1; i < call.source.arguments.size(); ++i) {
      keys.push_back(literal_at(call, i));
    }
  } else {
    keys = items_of(call, literal_at(call, 1));
  }
  for (const Json& key : keys) tests.push_back(has_key(call, key));
  return tests.empty() ? none : join(tests, joint);
}

Sql key_text(const Call& call) {
  const Sql path = json_path(call, literal_at(call, 1));
  const Sql member = operand(call.arguments[0]) + " ->> " + path;
  return "CASE JSON_TYPE(" + call.arguments[0] + ", " + path +
         ") WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST(" + member +
         " AS TEXT) END";
}

/// Moments are text of a fixed layout: parts of it are cut out, which rounds nothing.
Sql cut(const Sql& sql, int from, int length) {
  return "SUBSTR(" + sql + ", " + std::to_string(from) + ", " + std::to_string(length) + ")";
}

std::string unit_of(const Call& call) {
  const Json& unit = literal_at(call, 0);
  return unit.is_string() ? unit.as_string() : std::string{};
}

[[noreturn]] void unknown_unit(const Call& call, const std::vector<std::string>& known) {
  throw Error(ErrorKind::bad_model,
              "unknown unit \"" + unit_of(call) + "\" in \"" + std::string(call.head) + "\"", {},
              did_you_mean(unit_of(call), known));
}

Sql date_trunc(const Call& call) {
  const std::string unit = unit_of(call);
  const Sql& value = call.arguments[1];
  const FieldType type = type_at(call, 1);
  if (type == FieldType::time) {
    if (unit == "hour") return cut(value, 1, 2) + " || ':00:00'";
    if (unit == "minute") return cut(value, 1, 5) + " || ':00'";
    if (unit == "second") return cut(value, 1, 8);
    unknown_unit(call, {"hour", "minute", "second"});
  }
  const bool date = type == FieldType::date;
  const Sql midnight = date ? "" : " 00:00:00";
  const Sql day = cut(value, 1, 10);
  if (unit == "year") return cut(value, 1, 4) + " || '-01-01" + midnight + "'";
  if (unit == "month") return cut(value, 1, 7) + " || '-01" + midnight + "'";
  const Sql ending = date ? Sql{} : Sql(" || ' 00:00:00'");
  if (unit == "quarter") {
    return "DATE(" + cut(value, 1, 7) + " || '-01', '-' || ((" + cut(value, 6, 2) +
           " - 1) % 3) || ' months')" + ending;
  }
  // The Sunday on or after the day, then back to its Monday.
  if (unit == "week") return "DATE(" + day + ", 'weekday 0', '-6 days')" + ending;
  if (unit == "day") return day + ending;
  if (!date) {
    if (unit == "hour") return cut(value, 1, 13) + " || ':00:00'";
    if (unit == "minute") return cut(value, 1, 16) + " || ':00'";
    if (unit == "second") return cut(value, 1, 19);
  }
  unknown_unit(call, {"year", "quarter", "month", "week", "day", "hour", "minute", "second"});
}

Sql extract(const Call& call) {
  const std::string unit = unit_of(call);
  const Sql& value = call.arguments[1];
  const auto number = [](const Sql& sql) { return "CAST(" + sql + " AS INTEGER)"; };
  const int clock = type_at(call, 1) == FieldType::time ? 1 : 12;
  const Sql day = cut(value, 1, 10);
  const Sql thursday = "DATE(" + day + ", '-3 days', 'weekday 4')";  // tells the ISO year and week
  if (unit == "year") return number(cut(value, 1, 4));
  if (unit == "iso_year") return number("STRFTIME('%Y', " + thursday + ")");
  if (unit == "quarter") return "(" + number(cut(value, 6, 2)) + " + 2) / 3";
  if (unit == "month") return number(cut(value, 6, 2));
  if (unit == "week") return "(STRFTIME('%j', " + thursday + ") - 1) / 7 + 1";
  if (unit == "week_day") return "STRFTIME('%w', " + day + ") + 1";
  if (unit == "iso_week_day") return "(STRFTIME('%w', " + day + ") + 6) % 7 + 1";
  if (unit == "day") return number(cut(value, 9, 2));
  if (unit == "hour") return number(cut(value, clock, 2));
  if (unit == "minute") return number(cut(value, clock + 3, 2));
  if (unit == "second") return number(cut(value, clock + 6, 2));
  unknown_unit(call, {"year", "iso_year", "quarter", "month", "week", "week_day", "iso_week_day",
                      "day", "hour", "minute", "second"});
}

Sql cast(const Call& call) {
  const Sql& value = call.arguments[0];
  switch (call.target ? call.target->type : FieldType::custom) {
    case FieldType::date:
      return "DATE(" + value + ")";
    case FieldType::time:
      return "STRFTIME('%H:%M:%f', " + value + ")";
    case FieldType::date_time:
      return "STRFTIME('%Y-%m-%d %H:%M:%f', " + value + ")";
    case FieldType::decimal:
      return "CAST(CAST(" + value + " AS REAL) AS NUMERIC)";
    case FieldType::uuid:
      return "LOWER(REPLACE(" + value + ", '-', ''))";
    default:
      break;
  }
  return "CAST(" + value + " AS " + column_type(*call.target) + ")";
}

bool is_fractional(FieldType type) {
  return type == FieldType::decimal || type == FieldType::floating;
}

/// True where an operand may be a decimal: SQLite stores 5.00 as the integer 5.
bool computes_fractions(const Call& call) {
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    if (is_fractional(type_at(call, i))) return true;
  }
  return false;
}

Sql division(const Call& call) {
  Sql sql = "CAST(" + call.arguments[0] + " AS REAL)";
  for (std::size_t i = 1; i < call.arguments.size(); ++i) {
    sql += " / " + operand(call.arguments[i]);
  }
  return sql;
}

Sql exclusive_or(const Call& call) {
  std::vector<Sql> sides;
  const bool pair = call.arguments.size() == 2;
  for (const Sql& argument : call.arguments) {
    sides.push_back(pair ? "(NOT (" + argument + "))" : "(NOT NOT (" + argument + "))");
  }
  return join(sides, " <> ");
}

Sql concat(const Call& call) {
  std::vector<Sql> items;
  for (const Sql& argument : call.arguments) items.push_back("COALESCE(" + argument + ", '')");
  return join(items, " || ");
}

Sql extreme(const Call& call, const char* function) {
  if (call.arguments.size() == 1) return call.arguments[0];  // of one, it would be an aggregate
  return std::string(function) + "(" + join(call.arguments, ", ") + ")";
}

bool is_plain_name(const std::string& name) {
  if (name.empty()) return false;
  for (const char c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_') return false;
  }
  return true;
}

Sql collate(const Call& call) {
  const std::string name = literal_at(call, 1).as_string();
  return operand(call.arguments[0]) + " COLLATE " +
         (is_plain_name(name) ? name : quote_identifier(name));
}

Sql bits(const Call& call, const char* sign) {
  return operand(call.arguments[0]) + " " + sign + " " + operand(call.arguments[1]);
}

Sql bit_difference(const Call& call) {
  const Sql a = operand(call.arguments[0]);
  const Sql b = operand(call.arguments[1]);
  return "(" + a + " | " + b + ") - (" + a + " & " + b + ")";
}

using Writer = std::function<Sql(const Call&)>;

const std::map<std::string_view, Writer>& writers() {
  static const std::map<std::string_view, Writer> table = {
      {"xor", exclusive_or},
      {"iexact",
       [](const Call& c) {
         if (is_null_literal(c, 1)) return operand(c.arguments[0]) + " IS NULL";
         return "LOWER(" + c.arguments[0] + ") = LOWER(" + c.arguments[1] + ")";
       }},
      {"contains", [](const Call& c) { return text_match(c, "contains"); }},
      {"icontains", [](const Call& c) { return text_match(c, "icontains"); }},
      {"startswith", [](const Call& c) { return text_match(c, "startswith"); }},
      {"istartswith", [](const Call& c) { return text_match(c, "istartswith"); }},
      {"endswith", [](const Call& c) { return text_match(c, "endswith"); }},
      {"iendswith", [](const Call& c) { return text_match(c, "iendswith"); }},
      {"like", like},
      {"ilike",
       [](const Call& c) {
         return operand(c.arguments[0]) + " LIKE " + operand(c.arguments[1]) + " ESCAPE '\\'";
       }},
      {"has_key", [](const Call& c) { return has_key(c, literal_at(c, 1)); }},
      {"has_keys", [](const Call& c) { return has_keys(c, " AND ", "1 = 1"); }},
      {"has_any_keys", [](const Call& c) { return has_keys(c, " OR ", "1 = 0"); }},
      {"key",
       [](const Call& c) {
         return operand(c.arguments[0]) + " -> " + json_path(c, literal_at(c, 1));
       }},
      {"key_text", key_text},
      {"^", [](const Call& c) { return "POWER(" + join(c.arguments, ", ") + ")"; }},
      {"&", [](const Call& c) { return bits(c, "&"); }},
      {"|", [](const Call& c) { return bits(c, "|"); }},
      {"<<", [](const Call& c) { return bits(c, "<<"); }},
      {">>", [](const Call& c) { return bits(c, ">>"); }},
      {"#", bit_difference},
      {"concat", concat},
      {"ceil", [](const Call& c) { return "CEIL(" + c.arguments[0] + ")"; }},
      {"floor", [](const Call& c) { return "FLOOR(" + c.arguments[0] + ")"; }},
      {"greatest", [](const Call& c) { return extreme(c, "MAX"); }},
      {"least", [](const Call& c) { return extreme(c, "MIN"); }},
      {"now", [](const Call&) { return Sql("STRFTIME('%Y-%m-%d %H:%M:%f', 'NOW')"); }},
      {"today", [](const Call&) { return Sql("DATE('NOW')"); }},
      {"date_trunc", date_trunc},
      {"extract", extract},
      {"random_uuid", [](const Call&) { return random_uuid(false); }},
      {"collate", collate},
      {"cast", cast},
  };
  return table;
}

bool is_unsupported(std::string_view head) {
  static const std::vector<std::string_view> heads = {
      "regex",  "iregex", "overlap",     "contained_by", "fully_lt", "fully_gt",
      "not_lt", "not_gt", "adjacent_to", "isempty",      "search"};
  return std::find(heads.begin(), heads.end(), head) != heads.end();
}

}  // namespace

std::optional<Sql> call(const Call& call) {
  const auto writer = writers().find(call.head);
  if (writer != writers().end()) return writer->second(call);
  if (is_unsupported(call.head)) lacks(call);
  if (call.head == "/" && computes_fractions(call)) return division(call);
  if (call.head == "%" && computes_fractions(call)) {
    return "MOD(" + join(call.arguments, ", ") + ")";
  }
  if (call.head == "coalesce" && call.arguments.size() == 1) return call.arguments[0];
  return std::nullopt;
}

}  // namespace turnstone::sqlite
