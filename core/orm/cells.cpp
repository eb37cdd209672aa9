#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/model/member.h>

#include <cmath>
#include <cstdio>

#include "json/tree.h"

// Cells as values of members: what the templates of `model/member.h` call.

namespace turnstone::detail {
namespace {

using Kind = Cell::Kind;

std::string in_words(const Cell& cell) {
  switch (cell.kind) {
    case Kind::null:
      return "NULL";
    case Kind::text:
    case Kind::json:
      return "\"" + std::string(cell.bytes.substr(0, 60)) + "\"";
    case Kind::bytes:
      return "a blob of " + std::to_string(cell.bytes.size()) + " bytes";
    case Kind::real:
      return std::to_string(cell.real);
    case Kind::decimal:
      return Decimal(cell.coefficient, cell.scale).text();
    default:
      return std::to_string(cell.integer);
  }
}

template <class T>
T or_refused(const std::optional<T>& value, const Cell& cell, const Field& type) {
  if (!value) refuse_cell(cell, type);
  return *value;
}

bool is_text(const Cell& cell) { return cell.kind == Kind::text || cell.kind == Kind::json; }

std::optional<DateTime> instant(std::string_view text) {
  if (const auto value = parse_date_time(text)) return value;
  if (const auto day = parse_date(text)) return DateTime(*day);
  return std::nullopt;
}

/// A number that went through a double on its way, with the digits its column shows.
std::optional<Decimal> rounded(double value, const Field& type) {
  if (!std::isfinite(value)) return std::nullopt;
  char text[512];
  const int written = type.decimal_places
                          ? std::snprintf(text, sizeof text, "%.*f", *type.decimal_places, value)
                          : std::snprintf(text, sizeof text, "%.15g", value);
  if (written < 0 || written >= static_cast<int>(sizeof text)) return std::nullopt;
  return Decimal::try_parse(text);
}

Cell cell_of_json(const json::Tree& item, std::string& text) {
  Cell cell;
  if (item.is_null()) return cell;
  if (item.is_boolean()) {
    cell.kind = Kind::boolean;
    cell.integer = item.get<bool>() ? 1 : 0;
  } else if (item.is_number_integer()) {
    cell.kind = Kind::integer;
    cell.integer = item.get<std::int64_t>();
  } else if (item.is_number()) {
    cell.kind = Kind::real;
    cell.real = item.get<double>();
  } else {
    cell.kind = item.is_string() ? Kind::text : Kind::json;
    text = item.is_string() ? item.get<std::string>() : item.dump();
    cell.bytes = text;
  }
  return cell;
}

}  // namespace

void refuse_cell(const Cell& cell, const Field& type) {
  const std::string field = type.name.empty() ? "" : " for the field \"" + type.name + "\"";
  if (cell.kind == Kind::null) {
    throw Error(ErrorKind::database, "the database has NULL" + field + ", and the member cannot",
                {}, "make the member a std::optional");
  }
  throw Error(ErrorKind::database,
              "the database holds " + in_words(cell) + field + ", which is no value of the member");
}

std::int64_t cell_integer(const Cell& cell, const Field& type, std::int64_t low,
                          std::int64_t high) {
  std::int64_t value = cell.integer;
  if (cell.kind == Kind::decimal) {
    const Decimal whole(cell.coefficient, cell.scale);
    const Decimal cut = whole.rounded(0);
    if (!(cut == whole) || cut.coefficient() > INT64_MAX || cut.coefficient() < INT64_MIN) {
      refuse_cell(cell, type);
    }
    value = static_cast<std::int64_t>(cut.coefficient());
  } else if (cell.kind == Kind::real && std::trunc(cell.real) == cell.real &&
             std::abs(cell.real) < 9.0e18) {
    value = static_cast<std::int64_t>(cell.real);
  } else if (cell.kind != Kind::integer && cell.kind != Kind::boolean) {
    refuse_cell(cell, type);
  }
  if (value < low || value > high) refuse_cell(cell, type);
  return value;
}

std::uint64_t cell_unsigned(const Cell& cell, const Field& type) {
  return static_cast<std::uint64_t>(cell_integer(cell, type, 0, INT64_MAX));
}

bool cell_boolean(const Cell& cell, const Field& type) {
  if (cell.kind != Kind::boolean && cell.kind != Kind::integer) refuse_cell(cell, type);
  return cell.integer != 0;
}

double cell_real(const Cell& cell, const Field& type) {
  if (cell.kind == Kind::real) return cell.real;
  if (cell.kind == Kind::integer) return static_cast<double>(cell.integer);
  if (cell.kind != Kind::decimal) refuse_cell(cell, type);
  return Decimal(cell.coefficient, cell.scale).to_double();
}

std::string_view cell_text(const Cell& cell, const Field& type) {
  if (!is_text(cell)) refuse_cell(cell, type);
  return cell.bytes;
}

void cell_value(const Cell& cell, const Field& type, Decimal& into) {
  switch (cell.kind) {
    case Kind::decimal:
      into = Decimal(cell.coefficient, cell.scale);
      return;
    case Kind::integer:
      into = Decimal(cell.integer);
      if (type.decimal_places) into = into.rounded(*type.decimal_places);
      return;
    case Kind::real:
      into = or_refused(rounded(cell.real, type), cell, type);
      return;
    case Kind::text:
      into = or_refused(Decimal::try_parse(cell.bytes), cell, type);
      return;
    default:
      refuse_cell(cell, type);
  }
}

void cell_value(const Cell& cell, const Field& type, Uuid& into) {
  if (cell.kind == Kind::uuid) {
    std::copy(cell.bytes.begin(), cell.bytes.end(), into.data());
    return;
  }
  if (!is_text(cell)) refuse_cell(cell, type);
  into = or_refused(Uuid::try_parse(cell.bytes), cell, type);
}

void cell_value(const Cell& cell, const Field& type, Date& into) {
  if (cell.kind == Kind::date) {
    into = Date(std::chrono::days(cell.integer));
  } else if (cell.kind == Kind::date_time) {
    into = std::chrono::floor<std::chrono::days>(DateTime(std::chrono::microseconds(cell.integer)));
  } else {
    if (!is_text(cell)) refuse_cell(cell, type);
    into = std::chrono::floor<std::chrono::days>(or_refused(instant(cell.bytes), cell, type));
  }
}

void cell_value(const Cell& cell, const Field& type, Time& into) {
  if (cell.kind == Kind::time) {
    into.since_midnight = std::chrono::microseconds(cell.integer);
    return;
  }
  if (!is_text(cell)) refuse_cell(cell, type);
  into = or_refused(parse_time(cell.bytes), cell, type);
}

void cell_value(const Cell& cell, const Field& type, DateTime& into) {
  if (cell.kind == Kind::date_time) {
    into = DateTime(std::chrono::microseconds(cell.integer));
  } else if (cell.kind == Kind::date) {
    into = DateTime(Date(std::chrono::days(cell.integer)));
  } else {
    if (!is_text(cell)) refuse_cell(cell, type);
    into = or_refused(instant(cell.bytes), cell, type);
  }
}

void cell_value(const Cell& cell, const Field& type, Duration& into) {
  if (cell.kind == Kind::duration || cell.kind == Kind::integer) {
    into = Duration(cell.integer);
    return;
  }
  if (!is_text(cell)) refuse_cell(cell, type);
  into = or_refused(parse_duration(cell.bytes), cell, type);
}

void cell_value(const Cell& cell, const Field& type, Bytes& into) {
  if (cell.kind != Kind::bytes && cell.kind != Kind::text) refuse_cell(cell, type);
  const auto* bytes = reinterpret_cast<const std::byte*>(cell.bytes.data());
  into.assign(bytes, bytes + cell.bytes.size());
}

void cell_value(const Cell& cell, const Field& type, Json& into) {
  switch (cell.kind) {
    case Kind::text:
    case Kind::json:
      try {
        into = Json::parse(cell.bytes);
      } catch (const Error&) {
        refuse_cell(cell, type);
      }
      return;
    case Kind::integer:
      into = Json::of(cell.integer);
      return;
    case Kind::real:
      into = Json::of(cell.real);
      return;
    case Kind::boolean:
      into = Json::of(cell.integer != 0);
      return;
    default:
      refuse_cell(cell, type);
  }
}

void each_item(const Cell& cell, const Field& type, void* context,
               void (*take)(void* context, const Cell& item, const Field& item_type)) {
  if (!is_text(cell)) refuse_cell(cell, type);
  const json::Tree items = json::Tree::parse(cell.bytes, nullptr, false);
  if (!items.is_array()) refuse_cell(cell, type);
  const Field& item_type = type.base_field ? *type.base_field : type;
  for (const json::Tree& item : items) {
    std::string text;
    take(context, cell_of_json(item, text), item_type);
  }
}

void view_text(std::string_view value, Cell& into) {
  into.kind = Kind::text;
  into.bytes = value;
}

void view_integer(std::int64_t value, Cell& into) {
  into.kind = Kind::integer;
  into.integer = value;
}

void view_unsigned(std::uint64_t value, Cell& into) {
  if (value > static_cast<std::uint64_t>(INT64_MAX)) {
    throw Error(ErrorKind::bad_value,
                "the number " + std::to_string(value) + " is larger than a column can hold");
  }
  view_integer(static_cast<std::int64_t>(value), into);
}

void view_value(bool value, Cell& into) {
  into.kind = Kind::boolean;
  into.integer = value ? 1 : 0;
}

void view_value(double value, Cell& into) {
  into.kind = Kind::real;
  into.real = value;
}

void view_value(const Decimal& value, Cell& into) {
  into.kind = Kind::decimal;
  into.coefficient = value.coefficient();
  into.scale = value.scale();
}

void view_value(const Uuid& value, Cell& into) {
  into.kind = Kind::uuid;
  into.bytes = {reinterpret_cast<const char*>(value.data()), 16};
}

void view_value(const Date& value, Cell& into) {
  into.kind = Kind::date;
  into.integer = value.time_since_epoch().count();
}

void view_value(const Time& value, Cell& into) {
  into.kind = Kind::time;
  into.integer = value.since_midnight.count();
}

void view_value(const DateTime& value, Cell& into) {
  into.kind = Kind::date_time;
  into.integer = value.time_since_epoch().count();
}

void view_value(const Duration& value, Cell& into) {
  into.kind = Kind::duration;
  into.integer = value.count();
}

void view_value(const Bytes& value, Cell& into) {
  into.kind = Kind::bytes;
  into.bytes = {reinterpret_cast<const char*>(value.data()), value.size()};
}

void view_value(const Json& value, Cell& into) {
  into.kind = Kind::json;
  into.bytes = value.text();
}

void view_made(const Json& value, Cell& into, std::string& made) {
  made = value.text();
  into.kind = Kind::json;
  into.bytes = made;
}

Value value_of_member(const MemberType& type, const void* member) {
  Cell cell;
  std::string made;
  type.view(member, cell, made);
  if (cell.kind == Kind::json) return Json::from_canonical(std::string(cell.bytes));
  return value_of(cell);
}

void refuse_unloaded(std::string_view relation) {
  throw NotLoaded("the row of " + std::string(argument(relation)) + " was not loaded");
}

}  // namespace turnstone::detail
