#include "postgresql/types.h"

#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/match.h>

#include "postgresql/dialect.h"
#include "postgresql/json_items.h"
#include "postgresql/values_text.h"

namespace turnstone::postgresql {
namespace {

[[noreturn]] void no_type(const Field& field) {
  throw Error(ErrorKind::unsupported,
              "postgresql has no column type for " + std::string(name_of(field.type)), field.name);
}

Sql varchar(const Field& field, std::optional<int> standard) {
  const std::optional<int> length = field.max_length ? field.max_length : standard;
  return length ? "varchar(" + std::to_string(*length) + ")" : "varchar";
}

Sql numeric(const Field& field) {
  if (!field.max_digits) return "numeric";
  return "numeric(" + std::to_string(*field.max_digits) + ", " +
         std::to_string(field.decimal_places.value_or(0)) + ")";
}

Sql custom_type(const Field& field) {
  for (const char* key : {"postgresql", ""}) {
    const auto found = field.db_type.find(key);
    if (found != field.db_type.end()) return found->second;
  }
  no_type(field);
}

/// Values a field may have by its `choices`: plain ones, the first of (value, label) pairs, and
/// those inside of (group, choices) pairs.
std::vector<Json> choice_values(const std::vector<Json>& choices) {
  std::vector<Json> values;
  for (const Json& choice : choices) {
    if (!choice.is_array()) {
      values.push_back(choice);
      continue;
    }
    const std::vector<Json> pair = json_items(choice);
    if (pair.size() == 2 && pair[1].is_array()) {
      const std::vector<Json> inner = choice_values(json_items(pair[1]));
      values.insert(values.end(), inner.begin(), inner.end());
    } else if (!pair.empty()) {
      values.push_back(pair[0]);
    }
  }
  return values;
}

/// What a literal of that type needs behind it to be one wherever it stands; nothing for text,
/// numbers and booleans.
Sql literal_suffix(const Sql& type) { return "::" + type; }

/// Type of the bounds of a range.
FieldType bound_type(FieldType range) {
  switch (range) {
    case FieldType::integer_range:
      return FieldType::integer;
    case FieldType::big_integer_range:
      return FieldType::big_integer;
    case FieldType::decimal_range:
      return FieldType::decimal;
    case FieldType::date_range:
      return FieldType::date;
    default:
      return FieldType::date_time;
  }
}

/// A single element beside a range field, as `contains` has it: no array and not a range's text.
bool is_bound(const Json& value) {
  if (value.is_number()) return true;
  if (!value.is_string()) return false;
  const std::string text = value.as_string();
  return !text.starts_with("[") && !text.starts_with("(") && text != "empty";
}

Json json_of(const Value& value) {
  struct ToJson {
    Json operator()(std::monostate) const { return Json::null(); }
    Json operator()(bool v) const { return Json::of(v); }
    Json operator()(std::int64_t v) const { return Json::of(v); }
    Json operator()(double v) const { return Json::of(v); }
    Json operator()(const std::string& v) const { return Json::of(v); }
    Json operator()(const Bytes& v) const { return Json::of(to_base64(v)); }
    Json operator()(const Decimal& v) const { return Json::of(v.text()); }
    Json operator()(const Uuid& v) const { return Json::of(v.text()); }
    Json operator()(const Date& v) const { return Json::of(to_text(v)); }
    Json operator()(const Time& v) const { return Json::of(to_text(v)); }
    Json operator()(const DateTime& v) const { return Json::of(to_text(v)); }
    Json operator()(const Duration& v) const { return Json::of(to_text(v)); }
    Json operator()(const Json& v) const { return v; }
  };
  return match(value, ToJson{});
}

/// `parsed` where there is a value, else the cell as it came.
template <class Parsed>
Value or_cell(std::optional<Parsed> parsed, const Value& cell) {
  return parsed ? Value(*std::move(parsed)) : cell;
}

Value from_text(const std::string& text, const Value& cell, const Field& field) {
  switch (field.type) {
    case FieldType::decimal:
      return or_cell(Decimal::try_parse(text), cell);
    case FieldType::uuid:
      return or_cell(Uuid::try_parse(text), cell);
    case FieldType::date:
      return or_cell(parse_date(text), cell);
    case FieldType::time:
      return or_cell(parse_time(text), cell);
    case FieldType::date_time:
      return or_cell(parse_timestamp(text), cell);
    case FieldType::duration:
      return or_cell(parse_interval(text), cell);
    case FieldType::json:
      return Json::parse(text);
    case FieldType::array:
      return or_cell(parse_array(text, field), cell);
    case FieldType::hstore:
      return or_cell(parse_hstore(text), cell);
    default:
      return cell;
  }
}

}  // namespace

Sql PostgresqlDialect::column_type(const Field& field) const {
  switch (field.type) {
    case FieldType::auto_field:
    case FieldType::integer:
    case FieldType::positive_integer:
      return "integer";
    case FieldType::big_auto_field:
    case FieldType::big_integer:
    case FieldType::positive_big_integer:
      return "bigint";
    case FieldType::small_auto_field:
    case FieldType::small_integer:
    case FieldType::positive_small_integer:
      return "smallint";
    case FieldType::boolean:
      return "boolean";
    case FieldType::floating:
      return "double precision";
    case FieldType::decimal:
      return numeric(field);
    case FieldType::character:
      return varchar(field, std::nullopt);
    case FieldType::slug:
      return varchar(field, 50);
    case FieldType::email:
      return varchar(field, 254);
    case FieldType::url:
      return varchar(field, 200);
    case FieldType::file:
    case FieldType::image:
    case FieldType::file_path:
      return varchar(field, 100);
    case FieldType::text:
      return "text";
    case FieldType::date:
      return "date";
    case FieldType::time:
      return "time";
    case FieldType::date_time:
      return "timestamp with time zone";
    case FieldType::duration:
      return "interval";
    case FieldType::uuid:
      return "uuid";
    case FieldType::binary:
      return "bytea";
    case FieldType::json:
      return "jsonb";
    case FieldType::generic_ip_address:
      return "inet";
    case FieldType::generated:
      return column_type(*field.output_field);
    case FieldType::custom:
      return custom_type(field);
    case FieldType::array:
      return column_type(*field.base_field) + "[" +
             (field.size ? std::to_string(*field.size) : std::string{}) + "]";
    case FieldType::hstore:
      return "hstore";
    case FieldType::integer_range:
      return "int4range";
    case FieldType::big_integer_range:
      return "int8range";
    case FieldType::decimal_range:
      return "numrange";
    case FieldType::date_time_range:
      return "tstzrange";
    case FieldType::date_range:
      return "daterange";
    case FieldType::search_vector:
      return "tsvector";
    case FieldType::ci_text:
    case FieldType::ci_char:
    case FieldType::ci_email:
      return "citext";
    case FieldType::foreign_key:
    case FieldType::one_to_one:
    case FieldType::many_to_many:
    case FieldType::composite_primary_key:
      break;
  }
  no_type(field);
}

Sql PostgresqlDialect::key_type(const Field& target) const { return column_type(target); }

std::optional<Sql> PostgresqlDialect::column_check(const Field& field,
                                                   const std::string& column) const {
  if (field.type == FieldType::generated) return column_check(*field.output_field, column);
  std::vector<Sql> conditions;
  if (is_positive(field.type)) conditions.push_back(quote_identifier(column) + " >= 0");
  if (field.choices_check) {
    std::vector<Sql> items;
    for (const Json& value : choice_values(field.choices)) {
      if (!value.is_null()) items.push_back(literal(value, field));
    }
    if (!items.empty()) {
      conditions.push_back(quote_identifier(column) + " IN (" + join(items, ", ") + ")");
    }
  }
  if (conditions.empty()) return std::nullopt;
  return join(conditions, " AND ");
}

Sql PostgresqlDialect::literal(const Json& value, const Field& type) const {
  if (type.type == FieldType::generated) return literal(value, *type.output_field);
  if (is_range(type.type) && is_bound(value)) {
    return literal(value, Field{.name = type.name, .type = bound_type(type.type)});
  }
  const std::optional<std::string> text = scalar_text(value, type);
  if (!text) return "NULL";
  if (is_auto(type.type) || is_integer(type.type) || type.type == FieldType::decimal) return *text;
  if (is_text(type.type)) return quote_literal(*text);
  switch (type.type) {
    case FieldType::boolean:
      return *text == "true" ? "TRUE" : "FALSE";
    case FieldType::floating:
      if (value.is_number()) return *text;
      break;
    case FieldType::custom:
      if (value.is_number()) return *text;
      break;
    default:
      break;
  }
  return quote_literal(*text) + literal_suffix(column_type(type));
}

Sql PostgresqlDialect::literal(const Json& value) const {
  if (value.is_null()) return "NULL";
  if (value.is_bool()) return value.as_bool() ? "TRUE" : "FALSE";
  if (value.is_number()) return value.text();
  if (value.is_string()) return quote_literal(value.as_string());
  return quote_literal(value.text()) + "::jsonb";
}

Sql PostgresqlDialect::function_value(std::string_view function, const Field& type) const {
  const bool uuid = function == "uuid4";
  const bool today = function == "today";
  if (is_text(type.type)) {
    if (uuid) return "gen_random_uuid()::text";
    return today ? "CURRENT_DATE::text" : "STATEMENT_TIMESTAMP()::text";
  }
  if (uuid && type.type == FieldType::uuid) return "gen_random_uuid()";
  if (!uuid && type.type == FieldType::date) return "CURRENT_DATE";
  if (!uuid && type.type == FieldType::date_time) {
    return today ? "CURRENT_DATE::timestamp with time zone" : "STATEMENT_TIMESTAMP()";
  }
  if (function == "now" && type.type == FieldType::time) {
    return "(STATEMENT_TIMESTAMP() AT TIME ZONE 'UTC')::time";
  }
  throw Error(ErrorKind::bad_model,
              "the function \"" + std::string(function) + "\" gives no value for " +
                  with_article(name_of(type.type)),
              type.name);
}

Value PostgresqlDialect::to_database(const Value& value, const Field& field) const {
  if (is_null(value)) return value;
  const FieldType type = field.type;
  if (type == FieldType::generated) return to_database(value, *field.output_field);
  if (type == FieldType::json) return json_of(value).text();
  if (const auto* span = std::get_if<Duration>(&value)) return interval_text(*span);
  if (const auto* json = std::get_if<Json>(&value)) {
    if (const auto text = scalar_text(*json, field)) return *text;
    return std::monostate{};
  }
  const auto* text = std::get_if<std::string>(&value);
  if (text && type == FieldType::duration) {
    if (const auto span = parse_duration(*text)) return interval_text(*span);
  }
  if (const auto* instant = std::get_if<DateTime>(&value); instant && type == FieldType::date) {
    return Date(std::chrono::floor<std::chrono::days>(*instant));
  }
  return value;
}

Value PostgresqlDialect::from_database(const Value& cell, const Field& field) const {
  if (field.type == FieldType::generated) return from_database(cell, *field.output_field);
  if (const auto* text = std::get_if<std::string>(&cell)) return from_text(*text, cell, field);
  const auto* number = std::get_if<std::int64_t>(&cell);
  if (number && field.type == FieldType::decimal) return Decimal(*number);
  if (number && field.type == FieldType::floating) return static_cast<double>(*number);
  return cell;
}

TypeParts type_parts(std::string_view type) {
  TypeParts parts{.base = std::string(type)};
  const std::size_t array = parts.base.find('[');
  if (array != std::string::npos) {
    parts.array = parts.base.substr(array);
    parts.base.resize(array);
  }
  const std::size_t open = parts.base.find('(');
  const std::size_t close = parts.base.rfind(')');
  if (open != std::string::npos && close != std::string::npos && close > open) {
    parts.modifier = parts.base.substr(open, close - open + 1);
    parts.base.erase(open, close - open + 1);
  }
  return parts;
}

std::string canonical_type(std::string_view format_type) {
  TypeParts parts = type_parts(format_type);
  static const std::pair<std::string_view, std::string_view> spellings[] = {
      {"character varying", "varchar"},
      {"timestamp without time zone", "timestamp"},
      {"time without time zone", "time"},
      {"character", "char"},
  };
  for (const auto& [theirs, ours] : spellings) {
    if (parts.base == theirs) parts.base = ours;
  }
  const std::size_t comma = parts.modifier.find(',');
  if (comma != std::string::npos) parts.modifier.insert(comma + 1, " ");
  // The precision of a timestamp stands inside of its name.
  const std::size_t blank = parts.base.find(' ');
  const bool inside = !parts.modifier.empty() && blank != std::string::npos;
  return inside
             ? parts.base.substr(0, blank) + parts.modifier + parts.base.substr(blank) + parts.array
             : parts.base + parts.modifier + parts.array;
}

}  // namespace turnstone::postgresql
