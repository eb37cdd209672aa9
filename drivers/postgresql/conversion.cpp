#include <turnstone/error.h>
#include <turnstone/identifier.h>

#include <map>

#include "postgresql/types.h"

namespace turnstone::postgresql {
namespace {

/// Types that convert alike.
enum class Family {
  whole,
  fraction,
  boolean,
  text,
  date,
  time,
  timestamp,
  instant,
  interval,
  uuid,
  bytes,
  json,
  address,
  hstore,
  number_range,
  time_range,
  vector,
  other,
};

Family kind_of(const std::string& base) {
  static const std::map<std::string, Family, std::less<>> kinds = {
      {"smallint", Family::whole},
      {"integer", Family::whole},
      {"bigint", Family::whole},
      {"numeric", Family::fraction},
      {"real", Family::fraction},
      {"double precision", Family::fraction},
      {"boolean", Family::boolean},
      {"varchar", Family::text},
      {"text", Family::text},
      {"char", Family::text},
      {"citext", Family::text},
      {"date", Family::date},
      {"time", Family::time},
      {"timestamp", Family::timestamp},
      {"timestamp with time zone", Family::instant},
      {"interval", Family::interval},
      {"uuid", Family::uuid},
      {"bytea", Family::bytes},
      {"jsonb", Family::json},
      {"inet", Family::address},
      {"hstore", Family::hstore},
      {"int4range", Family::number_range},
      {"int8range", Family::number_range},
      {"numrange", Family::number_range},
      {"daterange", Family::time_range},
      {"tstzrange", Family::time_range},
      {"tsvector", Family::vector},
  };
  const auto found = kinds.find(base);
  return found == kinds.end() ? Family::other : found->second;
}

/// `{c}` is the column, `{t}` the bare type. A pair that is not here goes through text, or not.
const std::map<std::pair<Family, Family>, std::string>& conversions() {
  static const std::string cast = "{c}::{t}";
  static const std::map<std::pair<Family, Family>, std::string> table = {
      {{Family::whole, Family::whole}, cast},
      {{Family::whole, Family::fraction}, cast},
      {{Family::fraction, Family::whole}, cast},
      {{Family::fraction, Family::fraction}, cast},
      {{Family::whole, Family::boolean}, "{c} <> 0"},
      {{Family::fraction, Family::boolean}, "{c} <> 0"},
      {{Family::boolean, Family::whole}, "{c}::integer::{t}"},
      {{Family::boolean, Family::fraction}, "{c}::integer::{t}"},
      // Whole microseconds, as SQLite keeps durations.
      {{Family::whole, Family::interval}, "{c} * INTERVAL '1 microsecond'"},
      {{Family::fraction, Family::interval}, "{c} * INTERVAL '1 microsecond'"},
      {{Family::interval, Family::whole}, "(EXTRACT(EPOCH FROM {c}) * 1000000)::{t}"},
      {{Family::interval, Family::fraction}, "(EXTRACT(EPOCH FROM {c}) * 1000000)::{t}"},
      {{Family::bytes, Family::text}, "convert_from({c}, 'UTF8')"},
      {{Family::text, Family::bytes}, "convert_to({c}, 'UTF8')"},
      {{Family::address, Family::text}, "abbrev({c})::{t}"},
      {{Family::date, Family::timestamp}, cast},
      {{Family::date, Family::instant}, "{c}::timestamp AT TIME ZONE 'UTC'"},
      {{Family::timestamp, Family::date}, cast},
      {{Family::timestamp, Family::time}, cast},
      {{Family::timestamp, Family::instant}, "{c} AT TIME ZONE 'UTC'"},
      {{Family::instant, Family::date}, "({c} AT TIME ZONE 'UTC')::date"},
      {{Family::instant, Family::time}, "({c} AT TIME ZONE 'UTC')::time"},
      {{Family::instant, Family::timestamp}, "{c} AT TIME ZONE 'UTC'"},
      {{Family::time, Family::interval}, cast},
      {{Family::interval, Family::time}, cast},
      {{Family::json, Family::whole}, cast},
      {{Family::json, Family::fraction}, cast},
      {{Family::json, Family::boolean}, cast},
      {{Family::whole, Family::json}, "to_jsonb({c})"},
      {{Family::fraction, Family::json}, "to_jsonb({c})"},
      {{Family::boolean, Family::json}, "to_jsonb({c})"},
      {{Family::date, Family::json}, "to_jsonb({c})"},
      {{Family::time, Family::json}, "to_jsonb({c})"},
      {{Family::timestamp, Family::json}, "to_jsonb({c})"},
      {{Family::instant, Family::json}, "to_jsonb({c})"},
      {{Family::uuid, Family::json}, "to_jsonb({c})"},
      {{Family::hstore, Family::json}, cast},
      {{Family::number_range, Family::number_range}, "{c}::text::{t}"},
      {{Family::time_range, Family::time_range}, "{c}::text::{t}"},
  };
  return table;
}

std::optional<std::string> scalar_template(Family from, Family to) {
  const auto found = conversions().find({from, to});
  if (found != conversions().end()) return found->second;
  const bool cast =
      from == Family::text || to == Family::text || from == Family::other || to == Family::other;
  return cast ? std::optional<std::string>("{c}::{t}") : std::nullopt;
}

std::optional<std::string> array_template(const TypeParts& from, const TypeParts& to) {
  const Family a = kind_of(from.base);
  const Family b = kind_of(to.base);
  if (!from.array.empty() && !to.array.empty()) {
    // Element by element only where a plain cast does it.
    const auto element = scalar_template(a, b);
    return element == "{c}::{t}" ? element : std::nullopt;
  }
  if (!to.array.empty())
    return a == Family::text ? std::optional<std::string>("{c}::{t}") : std::nullopt;
  if (b == Family::text) return "{c}::{t}";
  if (b == Family::json) return "to_jsonb({c})";
  return std::nullopt;
}

/// `text` with the column and type put in, in one pass.
std::string filled(const std::string& text, const std::string& column, const std::string& type) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view mark = std::string_view(text).substr(i, 3);
    if (mark != "{c}" && mark != "{t}") {
      result += text[i];
      continue;
    }
    result += mark == "{c}" ? column : type;
    i += 2;
  }
  return result;
}

}  // namespace

bool same_base(const std::string& from, const std::string& to) {
  const TypeParts a = type_parts(from);
  const TypeParts b = type_parts(to);
  return a.base == b.base && a.array.empty() == b.array.empty();
}

bool same_family(const std::string& from, const std::string& to) {
  if (same_base(from, to)) return true;
  const TypeParts a = type_parts(from);
  const TypeParts b = type_parts(to);
  if (!a.array.empty() || !b.array.empty()) return false;
  const auto number = [](Family kind) { return kind == Family::whole || kind == Family::fraction; };
  const Family from_kind = kind_of(a.base);
  const Family to_kind = kind_of(b.base);
  return (number(from_kind) && number(to_kind)) ||
         (from_kind == Family::text && to_kind == Family::text);
}

std::optional<Sql> conversion(const std::string& table, const std::string& column,
                              const std::string& from, const std::string& to) {
  if (same_base(from, to)) return std::nullopt;
  const TypeParts a = type_parts(from);
  const TypeParts b = type_parts(to);
  const bool arrays = !a.array.empty() || !b.array.empty();
  const auto text =
      arrays ? array_template(a, b) : scalar_template(kind_of(a.base), kind_of(b.base));
  if (!text) {
    throw Error(ErrorKind::unsupported,
                "postgresql has no conversion from " + from + " to " + to + " for column \"" +
                    column + "\"",
                "table \"" + table + "\"",
                "add a new field, fill it with RunSQL or RunCpp, and remove the old one");
  }
  return filled(*text, quote_identifier(column), b.base + (b.array.empty() ? "" : "[]"));
}

}  // namespace turnstone::postgresql
