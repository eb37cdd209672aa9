#include "postgresql/binary.h"

#include <endian.h>

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

/// `size` is 1, 2, 4 or 8. Bytes come highest first.
std::uint64_t number_at(std::string_view bytes, std::size_t at, int size) {
  const char* from = bytes.data() + at;
  if (size == 8) {
    std::uint64_t number = 0;
    std::memcpy(&number, from, 8);
    return be64toh(number);
  }
  if (size == 4) {
    std::uint32_t number = 0;
    std::memcpy(&number, from, 4);
    return be32toh(number);
  }
  if (size == 2) {
    std::uint16_t number = 0;
    std::memcpy(&number, from, 2);
    return be16toh(number);
  }
  return static_cast<unsigned char>(*from);
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

void sized(std::string& into, std::uint64_t number, int bytes) {
  append_number(into, static_cast<std::uint64_t>(bytes), 4);
  append_number(into, number, bytes);
}

void raw(std::string& into, std::string_view bytes) {
  append_number(into, bytes.size(), 4);
  into += bytes;
}

bool encode_interval(const Cell& cell, std::string& into) {
  std::optional<Duration> span;
  if (cell.kind == Kind::duration) span = Duration(cell.integer);
  if (cell.kind == Kind::text) span = parse_interval(cell.bytes);
  if (!span) return false;
  append_number(into, 16, 4);
  append_number(into, static_cast<std::uint64_t>(span->count() % micros_of_a_day), 8);
  append_number(into, static_cast<std::uint32_t>(span->count() / micros_of_a_day), 4);
  append_number(into, 0, 4);
  return true;
}

bool encode_decimal(const Cell& cell, std::string& into) {
  if (cell.kind == Kind::decimal) {
    return encode_numeric(Decimal(cell.coefficient, cell.scale), into);
  }
  return cell.kind == Kind::integer && encode_numeric(Decimal(cell.integer), into);
}

}  // namespace

void append_number(std::string& into, std::uint64_t number, int bytes) {
  const std::uint64_t highest_first = htobe64(number << (64 - 8 * bytes));
  into.append(reinterpret_cast<const char*>(&highest_first), static_cast<std::size_t>(bytes));
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

std::optional<BinaryType> binary_type(std::string_view column_type) {
  static const std::pair<std::string_view, BinaryType> types[] = {
      {"smallint", BinaryType::int2},
      {"integer", BinaryType::int4},
      {"bigint", BinaryType::int8},
      {"boolean", BinaryType::boolean},
      {"double precision", BinaryType::real},
      {"numeric", BinaryType::numeric},
      {"text", BinaryType::text},
      {"varchar", BinaryType::text},
      {"date", BinaryType::date},
      {"time", BinaryType::time},
      {"timestamp with time zone", BinaryType::timestamp},
      {"interval", BinaryType::interval},
      {"uuid", BinaryType::uuid},
      {"bytea", BinaryType::bytes},
      {"jsonb", BinaryType::json}};
  const TypeParts parts = type_parts(column_type);
  if (!parts.array.empty()) return std::nullopt;
  for (const auto& [name, type] : types) {
    if (parts.base == name) return type;
  }
  return std::nullopt;
}

bool encode(const Cell& cell, BinaryType type, std::string& into) {
  if (cell.kind == Kind::null) {
    append_number(into, 0xffffffff, 4);
    return true;
  }
  const auto number = static_cast<std::uint64_t>(cell.integer);
  switch (type) {
    case BinaryType::int2:
    case BinaryType::int4:
    case BinaryType::int8:
      if (cell.kind != Kind::integer) return false;
      sized(into, number, type == BinaryType::int2 ? 2 : type == BinaryType::int4 ? 4 : 8);
      return true;
    case BinaryType::boolean:
      if (cell.kind != Kind::boolean) return false;
      sized(into, number, 1);
      return true;
    case BinaryType::real:
      if (cell.kind != Kind::real) return false;
      sized(into, std::bit_cast<std::uint64_t>(cell.real), 8);
      return true;
    case BinaryType::numeric:
      return encode_decimal(cell, into);
    case BinaryType::text:
      if (cell.kind != Kind::text || cell.bytes.find('\0') != std::string_view::npos) return false;
      raw(into, cell.bytes);
      return true;
    case BinaryType::date:
      if (cell.kind != Kind::date) return false;
      sized(into, static_cast<std::uint32_t>(cell.integer - days_before_2000), 4);
      return true;
    case BinaryType::time:
      if (cell.kind != Kind::time) return false;
      sized(into, number, 8);
      return true;
    case BinaryType::timestamp:
      if (cell.kind != Kind::date_time) return false;
      sized(into, static_cast<std::uint64_t>(cell.integer - days_before_2000 * micros_of_a_day), 8);
      return true;
    case BinaryType::interval:
      return encode_interval(cell, into);
    case BinaryType::uuid:
    case BinaryType::bytes:
      if (cell.kind != (type == BinaryType::uuid ? Kind::uuid : Kind::bytes)) return false;
      raw(into, cell.bytes);
      return true;
    case BinaryType::json:
      if (cell.kind != Kind::text && cell.kind != Kind::json) return false;
      append_number(into, cell.bytes.size() + 1, 4);
      into += '\1';
      into += cell.bytes;
      return true;
  }
  return false;
}

}  // namespace turnstone::postgresql
