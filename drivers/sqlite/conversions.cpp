#include <turnstone/identifier.h>

#include <map>

#include "sqlite/dialect.h"

namespace turnstone::sqlite {
namespace {

/// Columns of one class store their values in the same form.
enum class Class { integer, boolean, real, decimal, text, uuid, date, time, date_time, blob };

/// By the names our own columns have, else by SQLite's rules of affinity.
/// Source: SQLite, "Datatypes In SQLite", section 3.1.
Class class_of(const std::string& type) {
  static const std::map<std::string, Class> names = {
      {"bool", Class::boolean},  {"boolean", Class::boolean},    {"decimal", Class::decimal},
      {"char(32)", Class::uuid}, {"date", Class::date},          {"time", Class::time},
      {"blob", Class::blob},     {"datetime", Class::date_time}, {"", Class::blob}};
  const std::string name = lower_case(type);
  if (const auto known = names.find(name); known != names.end()) return known->second;
  const auto holds = [&](const char* word) { return name.find(word) != std::string::npos; };
  if (holds("int")) return Class::integer;
  if (holds("char") || holds("clob") || holds("text")) return Class::text;
  if (holds("blob")) return Class::blob;
  if (holds("real") || holds("floa") || holds("doub")) return Class::real;
  return Class::decimal;
}

bool is_number(Class c) {
  return c == Class::integer || c == Class::real || c == Class::decimal || c == Class::boolean;
}

Conversion same(const Sql& value) { return {value, {}}; }
Conversion never(const Sql& value) { return {value, value + " IS NOT NULL"}; }

Conversion to_integer(const Sql& value, Class from) {
  const Sql cast = "CAST(" + value + " AS INTEGER)";
  if (from == Class::boolean) return same(value);
  if (from == Class::real || from == Class::decimal) return {cast, value + " <> " + cast};
  // '007' and ' 7' are not 7: they would come back as something else.
  if (from == Class::text) return {cast, "CAST(" + cast + " AS TEXT) <> " + value};
  return never(value);
}

Conversion to_real(const Sql& value, Class from) {
  const Sql cast = "CAST(" + value + " AS REAL)";
  if (from == Class::boolean || from == Class::decimal) return same(value);
  if (from == Class::integer) return {cast, "CAST(" + cast + " AS INTEGER) <> " + value};
  // Compared with a number, text that is one becomes one.
  if (from == Class::text) return {cast, "(" + value + ") <> " + cast};
  return never(value);
}

Conversion to_decimal(const Sql& value, Class from) {
  if (is_number(from)) return same(value);
  if (from != Class::text) return never(value);
  const Sql cast = "CAST(" + value + " AS NUMERIC)";
  const Sql digits = "LENGTH(LTRIM(REPLACE(REPLACE(" + value + ", '.', ''), '-', ''), '0')) > 15";
  return {cast, "(" + value + ") <> " + cast + " OR TYPEOF(" + cast + ") = 'real' AND " + digits};
}

Conversion to_boolean(const Sql& value, Class from) {
  if (is_number(from)) return {value, value + " NOT IN (0, 1)"};
  if (from != Class::text) return never(value);
  const Sql word = "LOWER(" + value + ")";
  return {"CASE WHEN " + word + " IN ('1', 'true', 't') THEN 1 WHEN " + word +
              " IN ('0', 'false', 'f') THEN 0 END",
          word + " NOT IN ('0', '1', 'true', 'false', 't', 'f')"};
}

Conversion to_text(const Sql& value, Class from) {
  const Sql cast = "CAST(" + value + " AS TEXT)";
  switch (from) {
    case Class::boolean:
      return {"CASE " + value + " WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE " + cast + " END",
              {}};
    case Class::uuid:
      // With dashes, as PostgreSQL writes it; what is no UUID stays.
      return {"CASE WHEN LENGTH(" + value + ") = 32 THEN SUBSTR(" + value +
                  ", 1, 8) || '-' || SUBSTR(" + value + ", 9, 4) || '-' || SUBSTR(" + value +
                  ", 13, 4) || '-' || SUBSTR(" + value + ", 17, 4) || '-' || SUBSTR(" + value +
                  ", 21) ELSE " + value + " END",
              {}};
    case Class::integer:
    case Class::real:
    case Class::decimal:
    case Class::blob:
      return {cast, {}};
    default:
      return same(value);
  }
}

Conversion to_uuid(const Sql& value, Class from) {
  if (from != Class::text) return never(value);
  const Sql digits = "REPLACE(" + value + ", '-', '')";
  return {"LOWER(" + digits + ")",
          "LENGTH(" + digits + ") <> 32 OR " + digits + " GLOB '*[^0-9A-Fa-f]*'"};
}

/// Without a modifier, the 30th of February passes.
Sql not_a_day(const Sql& value) { return "DATE(" + value + ", '+0 days') IS NOT " + value; }

Conversion to_date(const Sql& value, Class from) {
  const Sql day = "SUBSTR(" + value + ", 1, 10)";
  if (from == Class::date_time) return {day, {}};
  if (from == Class::text) return {value, not_a_day(value)};
  return never(value);
}

Conversion to_time(const Sql& value, Class from) {
  if (from == Class::date_time) return {"SUBSTR(" + value + ", 12)", {}};
  if (from == Class::text) {
    const Sql clock = "SUBSTR(" + value + ", 1, 8)";
    return {value, "TIME(" + clock + ") IS NOT " + clock};
  }
  return never(value);
}

Conversion to_date_time(const Sql& value, Class from) {
  if (from == Class::date) return {value + " || ' 00:00:00'", {}};
  if (from == Class::text) {
    const Sql seconds = "SUBSTR(" + value + ", 1, 19)";
    const Sql rest = "SUBSTR(" + value + ", 20)";
    return {"CASE WHEN LENGTH(" + value + ") = 10 THEN " + value + " || ' 00:00:00' ELSE " + value +
                " END",
            not_a_day(value) + " AND (DATETIME(" + seconds + ", '+0 days') IS NOT " + seconds +
                " OR " + rest + " <> '' AND " + rest + " NOT GLOB '.[0-9]*')"};
  }
  return never(value);
}

Conversion to_blob(const Sql& value, Class from) {
  if (from == Class::text) return {"CAST(" + value + " AS BLOB)", {}};
  return never(value);
}

Conversion converted(const Sql& value, Class from, Class to) {
  switch (to) {
    case Class::integer:
      return to_integer(value, from);
    case Class::boolean:
      return to_boolean(value, from);
    case Class::real:
      return to_real(value, from);
    case Class::decimal:
      return to_decimal(value, from);
    case Class::text:
      return to_text(value, from);
    case Class::uuid:
      return to_uuid(value, from);
    case Class::date:
      return to_date(value, from);
    case Class::time:
      return to_time(value, from);
    case Class::date_time:
      return to_date_time(value, from);
    case Class::blob:
      return to_blob(value, from);
  }
  return same(value);
}

}  // namespace

std::optional<Conversion> conversion(const Sql& value, const std::string& from,
                                     const std::string& to) {
  const Class before = class_of(from);
  const Class after = class_of(to);
  if (before == after) return std::nullopt;
  Conversion result = converted(value, before, after);
  // NULL stays NULL, whatever a test with IS NOT says of it.
  if (!result.violation.empty()) {
    result.violation = value + " IS NOT NULL AND (" + result.violation + ")";
  }
  return result;
}

}  // namespace turnstone::sqlite
