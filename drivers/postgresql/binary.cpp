#include "postgresql/binary.h"

#include <bit>
#include <cstring>

#include "postgresql/types.h"
#include "postgresql/values_text.h"

namespace turnstone::postgresql {
namespace {

using Kind = Cell::Kind;

// `pg_type.dat` of PostgreSQL, the same in all versions.
constexpr unsigned bool_oid = 16;
constexpr unsigned bytea_oid = 17;
constexpr unsigned name_oid = 19;
constexpr unsigned int8_oid = 20;
constexpr unsigned int2_oid = 21;
constexpr unsigned int4_oid = 23;
constexpr unsigned text_oid = 25;
constexpr unsigned json_oid = 114;
constexpr unsigned float4_oid = 700;
constexpr unsigned float8_oid = 701;
constexpr unsigned bpchar_oid = 1042;
constexpr unsigned varchar_oid = 1043;
constexpr unsigned date_oid = 1082;
constexpr unsigned time_oid = 1083;
constexpr unsigned timestamp_oid = 1114;
constexpr unsigned timestamptz_oid = 1184;
constexpr unsigned interval_oid = 1186;
constexpr unsigned numeric_oid = 1700;
constexpr unsigned uuid_oid = 2950;
constexpr unsigned jsonb_oid = 3802;

/// PostgreSQL counts from 2000.
constexpr std::int64_t days_before_2000 = 10957;
constexpr std::int64_t micros_of_a_day = 86400LL * 1000000;

std::uint64_t number_at(std::string_view bytes, std::size_t at, int size) {
  std::uint64_t number = 0;
  for (int i = 0; i < size; ++i) {
    number = number << 8 | static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)]);
  }
  return number;
}

std::int64_t signed_at(std::string_view bytes, std::size_t at, int size) {
  const std::uint64_t number = number_at(bytes, at, size);
  if (size == 2) return static_cast<std::int16_t>(number);
  if (size == 4) return static_cast<std::int32_t>(number);
  return static_cast<std::int64_t>(number);
}

/// Digits to the base 10000: their number, the weight of the first, the sign, digits behind the
/// point.
bool decode_numeric(std::string_view bytes, Cell& into) {
  const int digits = static_cast<int>(signed_at(bytes, 0, 2));
  const int weight = static_cast<int>(signed_at(bytes, 2, 2));
  const unsigned sign = static_cast<unsigned>(number_at(bytes, 4, 2));
  const int scale = static_cast<int>(number_at(bytes, 6, 2));
  if (sign != 0 && sign != 0x4000) return false;  // NaN and the infinities
  // 38 digits are what a coefficient holds.
  if ((weight + 1) * 4 + scale > 38 || scale > 38) return false;
  Decimal::Coefficient number = 0;
  const int groups = (scale + 3) / 4;  // behind the point
  for (int i = 0; i <= weight + groups; ++i) {
    const std::int64_t digit =
        i < digits ? signed_at(bytes, 8 + 2 * static_cast<std::size_t>(i), 2) : 0;
    if (i == weight + groups) {
      // The last group may hold more digits than the scale shows.
      int kept = scale - (groups - 1) * 4;
      if (groups == 0) kept = 4;
      std::int64_t cut = digit;
      for (int n = kept; n < 4; ++n) cut /= 10;
      for (int n = 0; n < kept; ++n) number *= 10;
      number += cut;
    } else {
      number = number * 10000 + digit;
    }
  }
  if (weight + groups < 0) number = 0;
  into.kind = Kind::decimal;
  into.coefficient = sign == 0 ? number : -number;
  into.scale = scale;
  return true;
}

bool encode_numeric(const Decimal& value, std::string& into) {
  Decimal::Coefficient rest = value.coefficient();
  const bool negative = rest < 0;
  if (negative) rest = -rest;
  int scale = value.scale();
  if (scale < 0) return false;
  // Whole groups of four behind the point.
  const int padding = (4 - scale % 4) % 4;
  if (scale > 30) return false;
  std::vector<int> groups;  // lowest first
  int shift = 1;
  for (int i = 0; i < padding; ++i) shift *= 10;
  if (padding > 0) {
    const int low_digits = 4 - padding;
    int modulus = 1;
    for (int i = 0; i < low_digits; ++i) modulus *= 10;
    groups.push_back(static_cast<int>(rest % modulus) * shift);
    rest /= modulus;
  }
  while (rest > 0) {
    groups.push_back(static_cast<int>(rest % 10000));
    rest /= 10000;
  }
  const int behind = (scale + 3) / 4;
  while (static_cast<int>(groups.size()) < behind) groups.push_back(0);
  int weight = static_cast<int>(groups.size()) - behind - 1;
  while (!groups.empty() && groups.back() == 0) {
    groups.pop_back();
    --weight;
  }
  std::size_t lowest = 0;
  while (lowest < groups.size() && groups[lowest] == 0) ++lowest;
  const std::size_t count = groups.size() - lowest;
  if (count == 0) weight = 0;
  append_number(into, 8 + 2 * count, 4);
  append_number(into, count, 2);
  append_number(into, static_cast<std::uint16_t>(weight), 2);
  append_number(into, negative && count > 0 ? 0x4000 : 0, 2);
  append_number(into, static_cast<std::uint64_t>(scale), 2);
  for (std::size_t i = groups.size(); i-- > lowest;) {
    append_number(into, static_cast<std::uint64_t>(groups[i]), 2);
  }
  return true;
}

bool sized(std::string& into, std::uint64_t number, int bytes) {
  append_number(into, static_cast<std::uint64_t>(bytes), 4);
  append_number(into, number, bytes);
  return true;
}

bool text(std::string& into, std::string_view value) {
  if (value.find('\0') != std::string_view::npos) return false;
  append_number(into, value.size(), 4);
  into += value;
  return true;
}

std::uint64_t timestamp(DateTime value) {
  return static_cast<std::uint64_t>(value.time_since_epoch().count() -
                                    days_before_2000 * micros_of_a_day);
}

std::optional<Decimal> decimal_of(const Value& value) {
  if (const auto* decimal = std::get_if<Decimal>(&value)) return *decimal;
  if (const auto* number = std::get_if<std::int64_t>(&value)) return Decimal(*number);
  return std::nullopt;
}

}  // namespace

void append_number(std::string& into, std::uint64_t number, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) into += static_cast<char>(number >> (8 * i) & 0xff);
}

bool has_binary_form(unsigned oid) {
  switch (oid) {
    case bool_oid:
    case bytea_oid:
    case name_oid:
    case int8_oid:
    case int2_oid:
    case int4_oid:
    case text_oid:
    case json_oid:
    case float4_oid:
    case float8_oid:
    case bpchar_oid:
    case varchar_oid:
    case date_oid:
    case time_oid:
    case timestamp_oid:
    case timestamptz_oid:
    case interval_oid:
    case numeric_oid:
    case uuid_oid:
    case jsonb_oid:
      return true;
    default:
      return false;
  }
}

void decode(unsigned oid, std::string_view bytes, Cell& into) {
  switch (oid) {
    case bool_oid:
      into.kind = Kind::boolean;
      into.integer = bytes[0] != 0 ? 1 : 0;
      return;
    case int2_oid:
    case int4_oid:
    case int8_oid:
      into.kind = Kind::integer;
      into.integer = signed_at(bytes, 0, static_cast<int>(bytes.size()));
      return;
    case float4_oid:
      into.kind = Kind::real;
      into.real = std::bit_cast<float>(static_cast<std::uint32_t>(number_at(bytes, 0, 4)));
      return;
    case float8_oid:
      into.kind = Kind::real;
      into.real = std::bit_cast<double>(number_at(bytes, 0, 8));
      return;
    case numeric_oid:
      if (decode_numeric(bytes, into)) return;
      break;
    case date_oid:
      into.kind = Kind::date;
      into.integer = signed_at(bytes, 0, 4) + days_before_2000;
      return;
    case time_oid:
      into.kind = Kind::time;
      into.integer = signed_at(bytes, 0, 8);
      return;
    case timestamp_oid:
    case timestamptz_oid:
      into.kind = Kind::date_time;
      into.integer = signed_at(bytes, 0, 8) + days_before_2000 * micros_of_a_day;
      return;
    case interval_oid:
      // A month has 30 days and a year 365, as where intervals are read from text.
      into.kind = Kind::duration;
      into.integer =
          signed_at(bytes, 0, 8) + (signed_at(bytes, 8, 4) + signed_at(bytes, 12, 4) / 12 * 365 +
                                    signed_at(bytes, 12, 4) % 12 * 30) *
                                       micros_of_a_day;
      return;
    case uuid_oid:
      into.kind = Kind::uuid;
      into.bytes = bytes;
      return;
    case jsonb_oid:
      into.kind = Kind::json;
      into.bytes = bytes.substr(1);  // behind the version
      return;
    case json_oid:
      into.kind = Kind::json;
      into.bytes = bytes;
      return;
    case text_oid:
    case varchar_oid:
    case bpchar_oid:
    case name_oid:
      into.kind = Kind::text;
      into.bytes = bytes;
      return;
    default:
      break;
  }
  into.kind = Kind::bytes;
  into.bytes = bytes;
}

bool can_encode(std::string_view column_type) {
  static const std::string_view types[] = {
      "smallint", "integer", "bigint", "boolean", "double precision",         "numeric",
      "text",     "varchar", "date",   "time",    "timestamp with time zone", "interval",
      "uuid",     "bytea",   "jsonb"};
  const TypeParts parts = type_parts(column_type);
  if (!parts.array.empty()) return false;
  for (const std::string_view type : types) {
    if (parts.base == type) return true;
  }
  return false;
}

bool encode(const Value& value, std::string_view column_type, std::string& into) {
  if (is_null(value)) {
    append_number(into, 0xffffffff, 4);
    return true;
  }
  const std::string type = type_parts(column_type).base;
  const auto* number = std::get_if<std::int64_t>(&value);
  const auto* string = std::get_if<std::string>(&value);
  if (type == "smallint" || type == "integer" || type == "bigint") {
    const int size = type == "smallint" ? 2 : type == "integer" ? 4 : 8;
    return number && sized(into, static_cast<std::uint64_t>(*number), size);
  }
  if (type == "boolean") {
    const auto* flag = std::get_if<bool>(&value);
    return flag && sized(into, *flag ? 1 : 0, 1);
  }
  if (type == "double precision") {
    const auto* real = std::get_if<double>(&value);
    return real && sized(into, std::bit_cast<std::uint64_t>(*real), 8);
  }
  if (type == "numeric") {
    const auto decimal = decimal_of(value);
    return decimal && encode_numeric(*decimal, into);
  }
  if (type == "text" || type == "varchar") return string && text(into, *string);
  if (type == "date") {
    const auto* day = std::get_if<Date>(&value);
    return day &&
           sized(into,
                 static_cast<std::uint32_t>(day->time_since_epoch().count() - days_before_2000), 4);
  }
  if (type == "time") {
    const auto* time = std::get_if<Time>(&value);
    return time && sized(into, static_cast<std::uint64_t>(time->since_midnight.count()), 8);
  }
  if (type == "timestamp with time zone") {
    const auto* moment = std::get_if<DateTime>(&value);
    return moment && sized(into, timestamp(*moment), 8);
  }
  if (type == "interval") {
    const auto span = string ? parse_interval(*string) : std::nullopt;
    if (!span) return false;
    append_number(into, 16, 4);
    const std::int64_t days = span->count() / micros_of_a_day;
    append_number(into, static_cast<std::uint64_t>(span->count() % micros_of_a_day), 8);
    append_number(into, static_cast<std::uint32_t>(days), 4);
    append_number(into, 0, 4);
    return true;
  }
  if (type == "uuid") {
    const auto* uuid = std::get_if<Uuid>(&value);
    if (!uuid) return false;
    append_number(into, 16, 4);
    into.append(reinterpret_cast<const char*>(uuid->data()), 16);
    return true;
  }
  if (type == "bytea") {
    const auto* bytes = std::get_if<Bytes>(&value);
    if (!bytes) return false;
    append_number(into, bytes->size(), 4);
    into.append(reinterpret_cast<const char*>(bytes->data()), bytes->size());
    return true;
  }
  if (type == "jsonb" && string) {
    append_number(into, string->size() + 1, 4);
    into += '\1';
    into += *string;
    return true;
  }
  return false;
}

}  // namespace turnstone::postgresql
