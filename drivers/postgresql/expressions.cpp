#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/schema/lower.h>

#include <algorithm>
#include <map>

#include "postgresql/dialect.h"
#include "postgresql/json_items.h"

namespace turnstone::postgresql {
namespace {

using Call = Dialect::Call;

const std::map<std::string_view, std::string_view>& infix_operators() {
  static const std::map<std::string_view, std::string_view> operators = {{"regex", "~"},
                                                                         {"iregex", "~*"},
                                                                         {"ilike", "ILIKE"},
                                                                         {"^", "^"},
                                                                         {"&", "&"},
                                                                         {"|", "|"},
                                                                         {"#", "#"},
                                                                         {"<<", "<<"},
                                                                         {">>", ">>"},
                                                                         {"overlap", "&&"},
                                                                         {"contained_by", "<@"},
                                                                         {"fully_lt", "<<"},
                                                                         {"fully_gt", ">>"},
                                                                         {"not_lt", "&>"},
                                                                         {"not_gt", "&<"},
                                                                         {"adjacent_to", "-|-"},
                                                                         {"has_key", "?"},
                                                                         {"has_keys", "?&"},
                                                                         {"has_any_keys", "?|"}};
  return operators;
}

bool is_literal(const Expression& expression) {
  return expression.kind == Expression::Kind::literal;
}
bool is_text_literal(const Expression& expression) {
  return is_literal(expression) && expression.value.is_string();
}

const Field* type_at(const Call& call, std::size_t i) {
  const Field* type = i < call.argument_types.size() ? call.argument_types[i] : nullptr;
  return type && type->type == FieldType::generated ? type->output_field.get() : type;
}
bool has_type(const Call& call, std::size_t i, FieldType type) {
  const Field* field = type_at(call, i);
  return field && field->type == type;
}

/// An operand as text: a cast only where it may be something else.
Sql as_text(const Call& call, std::size_t i) {
  const Field* type = type_at(call, i);
  const bool known = (type && is_text(type->type)) || is_text_literal(call.source.arguments[i]);
  return known ? operand(call.arguments[i]) : operand(call.arguments[i]) + "::text";
}

/// `text` as a LIKE pattern that matches itself.
std::string escaped_pattern(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '\\' || c == '%' || c == '_') result += '\\';
    result += c;
  }
  return result;
}

/// Pattern that finds the second operand; `before` and `after` are `%` or nothing.
Sql pattern(const Call& call, const std::string& before, const std::string& after) {
  const Expression& wanted = call.source.arguments[1];
  if (is_text_literal(wanted)) {
    return quote_literal(before + escaped_pattern(wanted.value.as_string()) + after);
  }
  Sql sql =
      "REPLACE(REPLACE(REPLACE(" + as_text(call, 1) + R"(, '\', '\\'), '%', '\%'), '_', '\_'))";
  if (!before.empty()) sql = quote_literal(before) + " || " + sql;
  if (!after.empty()) sql += " || " + quote_literal(after);
  return "(" + sql + ")";
}

Sql like(const Call& call, bool any_case, const std::string& before, const std::string& after) {
  const Sql found = pattern(call, before, after);
  if (!any_case) return as_text(call, 0) + " LIKE " + found;
  return "UPPER(" + as_text(call, 0) + ") LIKE UPPER(" + found + ")";
}

/// What `@>` compares: arrays, ranges, JSON, hstore.
bool holds_others(const Field* type) {
  return type && (type->type == FieldType::array || type->type == FieldType::json ||
                  type->type == FieldType::hstore || is_range(type->type));
}

std::optional<Sql> text_lookup(const Call& call) {
  const std::string_view head = call.head;
  if (head == "contains" && holds_others(type_at(call, 0))) {
    return operand(call.arguments[0]) + " @> " + operand(call.arguments[1]);
  }
  if (head == "iexact") {
    return "UPPER(" + as_text(call, 0) + ") = UPPER(" + as_text(call, 1) + ")";
  }
  if (head == "contains" || head == "icontains") return like(call, head[0] == 'i', "%", "%");
  if (head == "startswith" || head == "istartswith") return like(call, head[0] == 'i', "", "%");
  if (head == "endswith" || head == "iendswith") return like(call, head[0] == 'i', "%", "");
  return std::nullopt;
}

/// A key as text, several as an array of text.
Sql keys(const Call& call) {
  const Expression& wanted = call.source.arguments[1];
  if (!is_literal(wanted)) return operand(call.arguments[1]);
  const auto word = [](const Json& key) {
    return quote_literal(key.is_string() ? key.as_string() : key.text());
  };
  if (!wanted.value.is_array()) {
    return call.head == "has_key" ? word(wanted.value) : "ARRAY[" + word(wanted.value) + "]";
  }
  std::vector<Sql> items;
  for (const Json& key : json_items(wanted.value)) items.push_back(word(key));
  return "ARRAY[" + join(items, ", ") + "]::text[]";
}

std::optional<Sql> infix(const Call& call) {
  const auto found = infix_operators().find(call.head);
  if (found == infix_operators().end()) return std::nullopt;
  const bool text = call.head == "regex" || call.head == "iregex" || call.head == "ilike";
  Sql sql = text ? as_text(call, 0) : operand(call.arguments[0]);
  for (std::size_t i = 1; i < call.arguments.size(); ++i) {
    const Sql right = call.head.starts_with("has_") ? keys(call) : operand(call.arguments[i]);
    sql += " " + std::string(found->second) + " " + right;
  }
  return sql;
}

bool is_key(const Expression& expression) {
  return expression.kind == Expression::Kind::call && expression.name == "key";
}

/// A comparison with a part of a JSON document: literals beside it are JSON as well.
std::optional<Sql> json_comparison(const Call& call) {
  static const std::vector<std::string_view> heads = {
      "=", "<>", "<", "<=", ">", ">=", "in", "between"};
  if (std::find(heads.begin(), heads.end(), call.head) == heads.end()) return std::nullopt;
  const std::vector<Expression>& sources = call.source.arguments;
  if (std::none_of(sources.begin(), sources.end(), is_key)) return std::nullopt;
  std::vector<Sql> operands;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const bool literal = is_literal(sources[i]) && !sources[i].type;
    operands.push_back(literal ? quote_literal(sources[i].value.text()) + "::jsonb"
                               : operand(call.arguments[i]));
  }
  if (call.head == "between") {
    return operands[0] + " BETWEEN " + operands[1] + " AND " + operands[2];
  }
  if (call.head != "in") return join(operands, " " + std::string(call.head) + " ");
  if (operands.size() == 1) return "1 = 0";
  const std::vector<Sql> items(operands.begin() + 1, operands.end());
  return operands[0] + " IN (" + join(items, ", ") + ")";
}

/// PostgreSQL's word for one of Django's units; throws for one that `head` does not take.
std::string unit_of(const Call& call, const std::map<std::string_view, std::string_view>& units) {
  const Expression& unit = call.source.arguments[0];
  const std::string name = is_text_literal(unit) ? unit.value.as_string() : std::string{};
  const auto found = units.find(name);
  if (found != units.end()) return std::string(found->second);
  std::vector<std::string> known;
  known.reserve(units.size());
  for (const auto& item : units) known.emplace_back(item.first);
  throw Error(ErrorKind::bad_model,
              "\"" + std::string(call.head) + "\" has no unit \"" + name + "\"", {},
              "known units: " + join(known, ", "));
}

/// Instants as clocks in UTC show them, so that the result depends on no session.
Sql in_utc(const Call& call, std::size_t i) {
  const Sql sql = operand(call.arguments[i]);
  return has_type(call, i, FieldType::date_time) ? sql + " AT TIME ZONE 'UTC'" : sql;
}

Sql date_trunc(const Call& call) {
  static const std::map<std::string_view, std::string_view> units = {
      {"year", "year"}, {"quarter", "quarter"}, {"month", "month"},   {"week", "week"},
      {"day", "day"},   {"hour", "hour"},       {"minute", "minute"}, {"second", "second"}};
  const Sql unit = quote_literal(unit_of(call, units));
  const Sql value = operand(call.arguments[1]);
  const Field* type = type_at(call, 1);
  if (type && type->type == FieldType::date_time) {
    return "DATE_TRUNC(" + unit + ", " + value + " AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'";
  }
  if (type && type->type == FieldType::date) {
    return "DATE_TRUNC(" + unit + ", " + value + "::timestamp)::date";
  }
  if (type && type->type == FieldType::time) return "DATE_TRUNC(" + unit + ", " + value + ")::time";
  return "DATE_TRUNC(" + unit + ", " + value + ")";
}

Sql extract(const Call& call) {
  static const std::map<std::string_view, std::string_view> units = {
      {"year", "YEAR"}, {"iso_year", "ISOYEAR"}, {"quarter", "QUARTER"},     {"month", "MONTH"},
      {"week", "WEEK"}, {"week_day", "DOW"},     {"iso_week_day", "ISODOW"}, {"day", "DAY"},
      {"hour", "HOUR"}, {"minute", "MINUTE"},    {"second", "SECOND"}};
  const std::string unit = unit_of(call, units);
  const Sql part = "EXTRACT(" + unit + " FROM " + in_utc(call, 1) + ")";
  // Sunday is 1 in Django. Seconds are whole ones.
  if (unit == "DOW") return "(" + part + " + 1)::integer";
  if (unit == "SECOND") return "FLOOR(" + part + ")::integer";
  return part + "::integer";
}

/// NULL counts as ''. `CONCAT` is not immutable, so that generated columns could not use it.
Sql concat(const Call& call) {
  std::vector<Sql> parts;
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    const Expression& source = call.source.arguments[i];
    if (is_literal(source)) {
      const Json& value = source.value;
      if (!value.is_null()) {
        parts.push_back(quote_literal(value.is_string() ? value.as_string() : value.text()));
      }
    } else {
      parts.push_back("COALESCE(" + as_text(call, i) + ", '')");
    }
  }
  return parts.empty() ? "''" : join(parts, " || ");
}

/// `x -> 'name'`, `x ->> 0`
Sql json_key(const Call& call) {
  const Expression& key = call.source.arguments[1];
  const bool number = is_literal(key) && key.value.is_integer();
  const Sql right = number ? key.value.text() : operand(call.arguments[1]);
  return operand(call.arguments[0]) + (call.head == "key" ? " -> " : " ->> ") + right;
}

Sql is_empty(const Call& call) {
  Sql test = "isempty(" + call.arguments[0] + ")";
  if (call.arguments.size() == 1) return test;
  const Expression& wanted = call.source.arguments[1];
  if (is_literal(wanted) && wanted.value.is_bool()) {
    return wanted.value.as_bool() ? test : "NOT " + test;
  }
  return test + " = " + operand(call.arguments[1]);
}

Sql search(const Call& call) {
  const Sql document = has_type(call, 0, FieldType::search_vector)
                           ? operand(call.arguments[0])
                           : "to_tsvector(COALESCE(" + as_text(call, 0) + ", ''))";
  return document + " @@ plainto_tsquery(" + call.arguments[1] + ")";
}

/// True for an odd number of true operands.
Sql exclusive_or(const Call& call) {
  Sql sql = "(" + call.arguments[0] + ")";
  for (std::size_t i = 1; i < call.arguments.size(); ++i) {
    if (i > 1) sql = "(" + sql + ")";
    sql += " <> (" + call.arguments[i] + ")";
  }
  return sql;
}

/// Casts whose outcome would depend on the session's time zone.
std::optional<Sql> cast(const Call& call) {
  const bool instant = has_type(call, 0, FieldType::date_time);
  if (!instant || !call.target) return std::nullopt;
  if (call.target->type == FieldType::date) return "(" + in_utc(call, 0) + ")::date";
  if (call.target->type == FieldType::time) return "(" + in_utc(call, 0) + ")::time";
  return std::nullopt;
}

std::optional<Sql> function(const Call& call) {
  const std::string_view head = call.head;
  static const std::map<std::string_view, std::string_view> plain = {
      {"ceil", "CEILING"}, {"floor", "FLOOR"}, {"greatest", "GREATEST"}, {"least", "LEAST"}};
  if (const auto found = plain.find(head); found != plain.end()) {
    return std::string(found->second) + "(" + join(call.arguments, ", ") + ")";
  }
  if (head == "now") return "STATEMENT_TIMESTAMP()";
  if (head == "today") return "CURRENT_DATE";
  if (head == "random_uuid") return "gen_random_uuid()";
  if (head == "concat") return concat(call);
  if (head == "date_trunc") return date_trunc(call);
  if (head == "extract") return extract(call);
  if (head == "key" || head == "key_text") return json_key(call);
  if (head == "isempty") return is_empty(call);
  if (head == "search") return search(call);
  if (head == "xor") return exclusive_or(call);
  if (head == "cast") return cast(call);
  if (head == "round" && call.arguments.size() == 2 && has_type(call, 0, FieldType::floating)) {
    // Only numeric numbers are rounded to digits.
    return "ROUND(" + operand(call.arguments[0]) + "::numeric, " + call.arguments[1] +
           ")::double precision";
  }
  if (head == "collate") {
    return operand(call.arguments[0]) + " COLLATE " +
           quote_identifier(call.source.arguments[1].value.as_string());
  }
  return std::nullopt;
}

}  // namespace

std::optional<Sql> PostgresqlDialect::call(const Call& call) const {
  if (auto sql = text_lookup(call)) return sql;
  if (auto sql = infix(call)) return sql;
  if (auto sql = json_comparison(call)) return sql;
  return function(call);
}

}  // namespace turnstone::postgresql
