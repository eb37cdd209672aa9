#include <turnstone/error.h>
#include <turnstone/identifier.h>

#include <map>

#include "postgresql/types.h"

namespace turnstone::postgresql {
namespace {

/// Types that convert alike.
enum class Kind {
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

Kind kind_of(const std::string& base) {
  static const std::map<std::string, Kind, std::less<>> kinds = {
      {"smallint", Kind::whole},
      {"integer", Kind::whole},
      {"bigint", Kind::whole},
      {"numeric", Kind::fraction},
      {"real", Kind::fraction},
      {"double precision", Kind::fraction},
      {"boolean", Kind::boolean},
      {"varchar", Kind::text},
      {"text", Kind::text},
      {"char", Kind::text},
      {"citext", Kind::text},
      {"date", Kind::date},
      {"time", Kind::time},
      {"timestamp", Kind::timestamp},
      {"timestamp with time zone", Kind::instant},
      {"interval", Kind::interval},
      {"uuid", Kind::uuid},
      {"bytea", Kind::bytes},
      {"jsonb", Kind::json},
      {"inet", Kind::address},
      {"hstore", Kind::hstore},
      {"int4range", Kind::number_range},
      {"int8range", Kind::number_range},
      {"numrange", Kind::number_range},
      {"daterange", Kind::time_range},
      {"tstzrange", Kind::time_range},
      {"tsvector", Kind::vector},
  };
  const auto found = kinds.find(base);
  return found == kinds.end() ? Kind::other : found->second;
}

/// `{c}` is the column, `{t}` the bare type. A pair that is not here goes through text, or not.
const std::map<std::pair<Kind, Kind>, std::string>& conversions() {
  static const std::string cast = "{c}::{t}";
  static const std::map<std::pair<Kind, Kind>, std::string> table = {
      {{Kind::whole, Kind::whole}, cast},
      {{Kind::whole, Kind::fraction}, cast},
      {{Kind::fraction, Kind::whole}, cast},
      {{Kind::fraction, Kind::fraction}, cast},
      {{Kind::whole, Kind::boolean}, "{c} <> 0"},
      {{Kind::fraction, Kind::boolean}, "{c} <> 0"},
      {{Kind::boolean, Kind::whole}, "{c}::integer::{t}"},
      {{Kind::boolean, Kind::fraction}, "{c}::integer::{t}"},
      // Whole microseconds, as SQLite keeps durations.
      {{Kind::whole, Kind::interval}, "{c} * INTERVAL '1 microsecond'"},
      {{Kind::fraction, Kind::interval}, "{c} * INTERVAL '1 microsecond'"},
      {{Kind::interval, Kind::whole}, "(EXTRACT(EPOCH FROM {c}) * 1000000)::{t}"},
      {{Kind::interval, Kind::fraction}, "(EXTRACT(EPOCH FROM {c}) * 1000000)::{t}"},
      {{Kind::bytes, Kind::text}, "convert_from({c}, 'UTF8')"},
      {{Kind::text, Kind::bytes}, "convert_to({c}, 'UTF8')"},
      {{Kind::address, Kind::text}, "abbrev({c})::{t}"},
      {{Kind::date, Kind::timestamp}, cast},
      {{Kind::date, Kind::instant}, "{c}::timestamp AT TIME ZONE 'UTC'"},
      {{Kind::timestamp, Kind::date}, cast},
      {{Kind::timestamp, Kind::time}, cast},
      {{Kind::timestamp, Kind::instant}, "{c} AT TIME ZONE 'UTC'"},
      {{Kind::instant, Kind::date}, "({c} AT TIME ZONE 'UTC')::date"},
      {{Kind::instant, Kind::time}, "({c} AT TIME ZONE 'UTC')::time"},
      {{Kind::instant, Kind::timestamp}, "{c} AT TIME ZONE 'UTC'"},
      {{Kind::time, Kind::interval}, cast},
      {{Kind::interval, Kind::time}, cast},
      {{Kind::json, Kind::whole}, cast},
      {{Kind::json, Kind::fraction}, cast},
      {{Kind::json, Kind::boolean}, cast},
      {{Kind::whole, Kind::json}, "to_jsonb({c})"},
      {{Kind::fraction, Kind::json}, "to_jsonb({c})"},
      {{Kind::boolean, Kind::json}, "to_jsonb({c})"},
      {{Kind::date, Kind::json}, "to_jsonb({c})"},
      {{Kind::time, Kind::json}, "to_jsonb({c})"},
      {{Kind::timestamp, Kind::json}, "to_jsonb({c})"},
      {{Kind::instant, Kind::json}, "to_jsonb({c})"},
      {{Kind::uuid, Kind::json}, "to_jsonb({c})"},
      {{Kind::hstore, Kind::json}, cast},
      {{Kind::number_range, Kind::number_range}, "{c}::text::{t}"},
      {{Kind::time_range, Kind::time_range}, "{c}::text::{t}"},
  };
  return table;
}

std::optional<std::string> scalar_template(Kind from, Kind to) {
  const auto found = conversions().find({from, to});
  if (found != conversions().end()) return found->second;
  const bool cast =
      from == Kind::text || to == Kind::text || from == Kind::other || to == Kind::other;
  return cast ? std::optional<std::string>("{c}::{t}") : std::nullopt;
}

std::optional<std::string> array_template(const TypeParts& from, const TypeParts& to) {
  const Kind a = kind_of(from.base);
  const Kind b = kind_of(to.base);
  if (!from.array.empty() && !to.array.empty()) {
    // Element by element only where a plain cast does it.
    const auto element = scalar_template(a, b);
    return element == "{c}::{t}" ? element : std::nullopt;
  }
  if (!to.array.empty())
    return a == Kind::text ? std::optional<std::string>("{c}::{t}") : std::nullopt;
  if (b == Kind::text) return "{c}::{t}";
  if (b == Kind::json) return "to_jsonb({c})";
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
  const auto number = [](Kind kind) { return kind == Kind::whole || kind == Kind::fraction; };
  const Kind from_kind = kind_of(a.base);
  const Kind to_kind = kind_of(b.base);
  return (number(from_kind) && number(to_kind)) ||
         (from_kind == Kind::text && to_kind == Kind::text);
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
