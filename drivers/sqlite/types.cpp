#include <turnstone/error.h>
#include <turnstone/identifier.h>

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "sqlite/dialect.h"

namespace turnstone::sqlite {
namespace {

[[noreturn]] void lacks(const Field& field) {
  throw Error(ErrorKind::unsupported,
              "sqlite has no column type for " + std::string(name_of(field.type)) +
                  (field.name.empty() ? "" : " (field " + in_quotes(field.name) + ")"),
              {}, "use another field, or another database");
}

const Field& inner(const Field& field) {
  if (field.type != FieldType::generated) return field;
  if (!field.output_field) {
    throw Error(ErrorKind::bad_model,
                "generated field " + in_quotes(field.name) + " has no output_field");
  }
  return inner(*field.output_field);
}

std::string varchar(const Field& field, int usual) {
  const int length = field.max_length.value_or(usual);
  return length > 0 ? "varchar(" + std::to_string(length) + ")" : "varchar";
}

/// Text of a moment as SQLite columns hold it: `2026-11-25 13:45:00[.123456]`, UTC.
std::string stored(DateTime value) {
  const Date day = std::chrono::floor<std::chrono::days>(value);
  return to_text(day) + " " + to_text(Time{value - day});
}

/// The nearest double when no digit is lost that the column's scale can show.
std::optional<double> exact_double(const Decimal& value) {
  const double number = value.to_double();
  char text[512];
  const int written = std::snprintf(text, sizeof text, "%.*f", value.scale(), number);
  if (written < 0 || written >= static_cast<int>(sizeof text)) return std::nullopt;
  const std::optional<Decimal> back = Decimal::try_parse(text);
  if (!back || !(*back == value)) return std::nullopt;
  return number;
}

std::optional<std::int64_t> whole(const Decimal& value) {
  const Decimal cut = value.rounded(0);
  if (!(cut == value)) return std::nullopt;
  const Decimal::Coefficient number = cut.coefficient();
  if (number > INT64_MAX || number < INT64_MIN) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

/// A decimal as SQLite computes with it: an integer or a double.
Value stored(const Decimal& value) {
  if (const auto number = whole(value)) return *number;
  if (const auto number = exact_double(value)) return *number;
  throw Error(ErrorKind::unsupported,
              "sqlite cannot hold the decimal " + value.text() + " without losing digits", {},
              "it keeps 15 significant digits; use a CharField, or another database");
}

/// `value` with as many digits behind the point as `field` has.
Decimal fitting(const Decimal& value, const Field& field) {
  if (!field.decimal_places) return value;
  const Decimal result = value.rounded(*field.decimal_places);
  if (!field.max_digits) return result;
  Decimal::Coefficient limit = 1;
  for (int i = 0; i < *field.max_digits && i < 38; ++i) limit *= 10;
  const Decimal::Coefficient number = result.coefficient();
  if (number >= limit || -number >= limit) {
    throw Error(ErrorKind::bad_model, "decimal " + value.text() + " has more than " +
                                          std::to_string(*field.max_digits) + " digits");
  }
  return result;
}

/// Names what a field of that type takes, for messages.
const char* expected_form(FieldType type) {
  if (is_auto(type) || is_integer(type) || is_positive(type)) return "an integer";
  if (is_text(type)) return "a string";
  switch (type) {
    case FieldType::boolean:
      return "true or false";
    case FieldType::floating:
      return "a number";
    case FieldType::decimal:
      return "a decimal number in quotes such as \"9.99\"";
    case FieldType::date:
      return "a date such as \"2026-11-25\"";
    case FieldType::time:
      return "a time such as \"13:45:00\"";
    case FieldType::date_time:
      return "a date and time such as \"2026-11-25T13:45:00Z\"";
    case FieldType::duration:
      return "an ISO 8601 duration such as \"P1DT2H\"";
    case FieldType::uuid:
      return "a UUID";
    case FieldType::binary:
      return "bytes as base64";
    default:
      return "a string";
  }
}

[[noreturn]] void unfit(const Json& value, const Field& field) {
  throw Error(ErrorKind::bad_model, value.text() + " is no value for " +
                                        with_article(name_of(field.type)) + ": expected " +
                                        expected_form(field.type));
}

Sql text_literal(std::string_view text) {
  if (text.find('\0') == std::string_view::npos) return quote_literal(text);
  // A NUL ends the text of a statement.
  Bytes bytes;
  for (const char c : text) bytes.push_back(static_cast<std::byte>(c));
  return "CAST(X'" + to_hex(bytes) + "' AS TEXT)";
}

std::optional<DateTime> moment(std::string_view text) {
  if (const auto value = parse_date_time(text)) return value;
  if (const auto day = parse_date(text)) return DateTime(*day);
  return std::nullopt;
}

Sql decimal_literal(const Json& value, const Field& field) {
  std::optional<Decimal> number;
  if (value.is_string()) number = Decimal::try_parse(value.as_string());
  if (value.is_number()) number = Decimal::try_parse(value.text());
  if (!number) unfit(value, field);
  stored(*number);  // refuses what would lose digits
  return number->text();
}

/// What a cell says, for messages.
std::string in_words(const Value& cell) {
  if (const auto* text = std::get_if<std::string>(&cell)) return in_quotes(*text);
  if (const auto* number = std::get_if<std::int64_t>(&cell)) return std::to_string(*number);
  if (const auto* number = std::get_if<double>(&cell)) return std::to_string(*number);
  if (const auto* bytes = std::get_if<Bytes>(&cell)) {
    return "a blob of " + std::to_string(bytes->size()) + " bytes";
  }
  return "a value";
}

[[noreturn]] void unreadable(const Value& cell, const Field& field) {
  throw Error(ErrorKind::database, "the database holds " + in_words(cell) + " where " +
                                       with_article(name_of(field.type)) +
                                       (field.name.empty() ? "" : " " + in_quotes(field.name)) +
                                       " should be");
}

template <class T>
Value or_unreadable(const std::optional<T>& value, const Value& cell, const Field& field) {
  if (!value) unreadable(cell, field);
  return *value;
}

std::optional<Decimal> decimal_of(const Value& cell, const Field& field) {
  if (const auto* number = std::get_if<std::int64_t>(&cell)) {
    const Decimal value(*number);
    return field.decimal_places ? value.rounded(*field.decimal_places) : value;
  }
  if (const auto* text = std::get_if<std::string>(&cell)) {
    const auto value = Decimal::try_parse(*text);
    return value && field.decimal_places ? value->rounded(*field.decimal_places) : value;
  }
  const auto* number = std::get_if<double>(&cell);
  if (!number || !std::isfinite(*number)) return std::nullopt;
  char text[512];
  const int written = field.decimal_places
                          ? std::snprintf(text, sizeof text, "%.*f", *field.decimal_places, *number)
                          : std::snprintf(text, sizeof text, "%.15g", *number);
  if (written < 0 || written >= static_cast<int>(sizeof text)) return std::nullopt;
  return Decimal::try_parse(text);
}

}  // namespace

Sql column_type(const Field& field) {
  switch (field.type) {
    case FieldType::auto_field:
    case FieldType::big_auto_field:
    case FieldType::small_auto_field:
    case FieldType::integer:
      return "integer";
    case FieldType::boolean:
      return "bool";
    case FieldType::small_integer:
      return "smallint";
    case FieldType::big_integer:
    case FieldType::duration:
      return "bigint";
    case FieldType::positive_small_integer:
      return "smallint unsigned";
    case FieldType::positive_integer:
      return "integer unsigned";
    case FieldType::positive_big_integer:
      return "bigint unsigned";
    case FieldType::floating:
      return "real";
    case FieldType::decimal:
      return "decimal";
    case FieldType::character:
      return varchar(field, 0);
    case FieldType::text:
    case FieldType::json:
      return "text";
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
    case FieldType::date:
      return "date";
    case FieldType::time:
      return "time";
    case FieldType::date_time:
      return "datetime";
    case FieldType::uuid:
      return "char(32)";
    case FieldType::binary:
      return "BLOB";
    case FieldType::generic_ip_address:
      return "char(39)";
    case FieldType::generated:
      return column_type(inner(field));
    case FieldType::custom: {
      const auto own = field.db_type.find("sqlite");
      if (own != field.db_type.end()) return own->second;
      const auto any = field.db_type.find("");
      if (any != field.db_type.end()) return any->second;
      lacks(field);
    }
    case FieldType::foreign_key:
    case FieldType::one_to_one:
    case FieldType::many_to_many:
    case FieldType::composite_primary_key:
    case FieldType::array:
    case FieldType::hstore:
    case FieldType::integer_range:
    case FieldType::big_integer_range:
    case FieldType::decimal_range:
    case FieldType::date_time_range:
    case FieldType::date_range:
    case FieldType::search_vector:
    case FieldType::ci_text:
    case FieldType::ci_char:
    case FieldType::ci_email:
      break;
  }
  lacks(field);
}

Sql key_type(const Field& target) {
  switch (target.type) {
    case FieldType::auto_field:
    case FieldType::positive_integer:
      return "integer";
    case FieldType::big_auto_field:
    case FieldType::positive_big_integer:
      return "bigint";
    case FieldType::small_auto_field:
    case FieldType::positive_small_integer:
      return "smallint";
    default:
      return column_type(target);
  }
}

std::optional<Sql> column_check(const Field& field, const std::string& column) {
  const Sql name = quote_identifier(column);
  std::vector<Sql> conditions;
  const Field& type = inner(field);
  if (is_positive(type.type)) conditions.push_back(name + " >= 0");
  if (type.type == FieldType::json) {
    conditions.push_back("(JSON_VALID(" + name + ") OR " + name + " IS NULL)");
  }
  if (field.choices_check && !field.choices.empty()) {
    std::vector<Sql> items;
    for (const Json& choice : field.choices) {
      if (!choice.is_null()) items.push_back(literal(choice, type));
    }
    conditions.push_back(name + " IN (" + join(items, ", ") + ")");
  }
  if (conditions.empty()) return std::nullopt;
  return join(conditions, " AND ");
}

Sql literal(const Json& value, const Field& type) {
  if (value.is_null()) return "NULL";
  const Field& field = inner(type);
  const std::string text = value.is_string() ? value.as_string() : std::string{};
  const auto need_string = [&] {
    if (!value.is_string()) unfit(value, field);
  };
  if (is_auto(field.type) || is_integer(field.type) || is_positive(field.type)) {
    if (!value.is_integer()) unfit(value, field);
    return value.text();
  }
  switch (field.type) {
    case FieldType::boolean:
      if (value.is_bool()) return value.as_bool() ? "1" : "0";
      if (value.text() == "0" || value.text() == "1") return value.text();
      unfit(value, field);
    case FieldType::floating:
      if (!value.is_number()) unfit(value, field);
      return value.is_integer() ? value.text() + ".0" : value.text();
    case FieldType::decimal:
      return decimal_literal(value, field);
    case FieldType::json:
      return text_literal(value.text());
    case FieldType::date: {
      need_string();
      const auto day = parse_date(text);
      if (!day) unfit(value, field);
      return quote_literal(to_text(*day));
    }
    case FieldType::time: {
      need_string();
      const auto time = parse_time(text);
      if (!time) unfit(value, field);
      return quote_literal(to_text(*time));
    }
    case FieldType::date_time: {
      need_string();
      const auto instant = moment(text);
      if (!instant) unfit(value, field);
      return quote_literal(stored(*instant));
    }
    case FieldType::duration: {
      need_string();
      const auto span = parse_duration(text);
      if (!span) unfit(value, field);
      return std::to_string(span->count());
    }
    case FieldType::uuid: {
      need_string();
      const auto id = Uuid::try_parse(text);
      if (!id) unfit(value, field);
      return quote_literal(id->hex());
    }
    case FieldType::binary: {
      need_string();
      const auto bytes = from_base64(text);
      if (!bytes) unfit(value, field);
      return "X'" + to_hex(*bytes) + "'";
    }
    case FieldType::custom:
      return literal(value);
    default:
      break;
  }
  if (is_text(field.type) || field.type == FieldType::generic_ip_address) {
    need_string();
    return text_literal(text);
  }
  lacks(field);
}

Sql literal(const Json& value) {
  if (value.is_null()) return "NULL";
  if (value.is_bool()) return value.as_bool() ? "1" : "0";
  if (value.is_string()) return text_literal(value.as_string());
  if (value.is_number()) return value.text();
  return text_literal(value.text());
}

Sql random_uuid(bool dashes) {
  const Sql dash = dashes ? " || '-'" : "";
  return "LOWER(HEX(RANDOMBLOB(4))" + dash + " || HEX(RANDOMBLOB(2))" + dash +
         " || '4' || SUBSTR(HEX(RANDOMBLOB(2)), 2)" + dash +
         " || SUBSTR('89AB', 1 + (RANDOM() & 3), 1) || SUBSTR(HEX(RANDOMBLOB(2)), 2)" + dash +
         " || HEX(RANDOMBLOB(6)))";
}

Sql function_value(std::string_view function, const Field& type) {
  const Field& field = inner(type);
  if (function == "uuid4") return random_uuid(field.type != FieldType::uuid);
  if (function == "today" || function == "now") {
    if (field.type == FieldType::date) return "DATE('now')";
    if (field.type == FieldType::time) return "STRFTIME('%H:%M:%f', 'now')";
    if (function == "today") {
      return field.type == FieldType::date_time ? "STRFTIME('%Y-%m-%d 00:00:00', 'now')"
                                                : "DATE('now')";
    }
    return "STRFTIME('%Y-%m-%d %H:%M:%f', 'now')";
  }
  throw Error(ErrorKind::unsupported,
              "sqlite has no expression for the function " + in_quotes(function));
}

Value bare(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return std::int64_t{*flag ? 1 : 0};
  if (const auto* number = std::get_if<Decimal>(&value)) return stored(*number);
  if (const auto* id = std::get_if<Uuid>(&value)) return id->hex();
  if (const auto* day = std::get_if<Date>(&value)) return to_text(*day);
  if (const auto* time = std::get_if<Time>(&value)) return to_text(*time);
  if (const auto* instant = std::get_if<DateTime>(&value)) return stored(*instant);
  if (const auto* span = std::get_if<Duration>(&value)) return std::int64_t{span->count()};
  if (const auto* json = std::get_if<Json>(&value)) return json->text();
  return value;
}

Value to_database(const Value& value, const Field& type) {
  if (is_null(value)) return value;
  const Field& field = inner(type);
  switch (field.type) {
    case FieldType::decimal:
      if (const auto* number = std::get_if<Decimal>(&value)) {
        return stored(fitting(*number, field));
      }
      if (const auto* number = std::get_if<std::int64_t>(&value)) {
        return stored(fitting(Decimal(*number), field));
      }
      if (const auto* text = std::get_if<std::string>(&value)) {
        if (const auto number = Decimal::try_parse(*text)) return stored(fitting(*number, field));
      }
      break;
    case FieldType::floating:
      if (const auto* number = std::get_if<std::int64_t>(&value)) {
        return static_cast<double>(*number);
      }
      if (const auto* number = std::get_if<Decimal>(&value)) return number->to_double();
      break;
    case FieldType::date:
      if (const auto* instant = std::get_if<DateTime>(&value)) {
        return to_text(Date(std::chrono::floor<std::chrono::days>(*instant)));
      }
      if (const auto* text = std::get_if<std::string>(&value)) {
        if (const auto day = parse_date(*text)) return to_text(*day);
      }
      break;
    case FieldType::date_time:
      if (const auto* day = std::get_if<Date>(&value)) return stored(DateTime(*day));
      if (const auto* text = std::get_if<std::string>(&value)) {
        if (const auto instant = moment(*text)) return stored(*instant);
      }
      break;
    case FieldType::time:
      if (const auto* text = std::get_if<std::string>(&value)) {
        if (const auto time = parse_time(*text)) return to_text(*time);
      }
      break;
    case FieldType::duration:
      if (const auto* text = std::get_if<std::string>(&value)) {
        if (const auto span = parse_duration(*text)) return std::int64_t{span->count()};
      }
      break;
    case FieldType::uuid:
      if (const auto* text = std::get_if<std::string>(&value)) {
        if (const auto id = Uuid::try_parse(*text)) return id->hex();
      }
      break;
    case FieldType::json:
      // A JSON column holds documents: other values become one.
      if (const auto* flag = std::get_if<bool>(&value)) return Json::of(*flag).text();
      if (const auto* number = std::get_if<std::int64_t>(&value)) return Json::of(*number).text();
      if (const auto* number = std::get_if<double>(&value)) return Json::of(*number).text();
      if (const auto* text = std::get_if<std::string>(&value)) return Json::of(*text).text();
      break;
    default:
      break;
  }
  if (is_text(field.type)) {
    if (const auto* id = std::get_if<Uuid>(&value)) return id->text();
  }
  return bare(value);
}

Value from_database(const Value& cell, const Field& type) {
  if (is_null(cell)) return cell;
  const Field& field = inner(type);
  const auto* text = std::get_if<std::string>(&cell);
  const auto* number = std::get_if<std::int64_t>(&cell);
  switch (field.type) {
    case FieldType::boolean:
      if (std::holds_alternative<bool>(cell)) return cell;
      if (!number) unreadable(cell, field);
      return *number != 0;
    case FieldType::floating:
      if (number) return static_cast<double>(*number);
      if (!std::holds_alternative<double>(cell)) unreadable(cell, field);
      return cell;
    case FieldType::decimal:
      return or_unreadable(decimal_of(cell, field), cell, field);
    case FieldType::date: {
      if (!text) unreadable(cell, field);
      std::optional<Date> day = parse_date(*text);
      if (const auto instant = day ? std::nullopt : parse_date_time(*text)) {
        day = std::chrono::floor<std::chrono::days>(*instant);
      }
      return or_unreadable(day, cell, field);
    }
    case FieldType::time:
      return or_unreadable(text ? parse_time(*text) : std::nullopt, cell, field);
    case FieldType::date_time:
      return or_unreadable(text ? moment(*text) : std::nullopt, cell, field);
    case FieldType::duration:
      if (!number) unreadable(cell, field);
      return Duration(*number);
    case FieldType::uuid:
      return or_unreadable(text ? Uuid::try_parse(*text) : std::nullopt, cell, field);
    case FieldType::binary:
      if (text) {
        Bytes bytes;
        for (const char c : *text) bytes.push_back(static_cast<std::byte>(c));
        return bytes;
      }
      return cell;
    case FieldType::json:
      try {
        if (text) return Json::parse(*text);
        if (number) return Json::of(*number);
        if (const auto* real = std::get_if<double>(&cell)) return Json::of(*real);
      } catch (const Error&) {
        unreadable(cell, field);
      }
      unreadable(cell, field);
    default:
      break;
  }
  if (is_auto(field.type) || is_integer(field.type) || is_positive(field.type)) {
    if (number) return cell;
    unreadable(cell, field);
  }
  if (is_text(field.type) || field.type == FieldType::generic_ip_address) {
    if (number) return std::to_string(*number);
    return cell;
  }
  return cell;
}

}  // namespace turnstone::sqlite
