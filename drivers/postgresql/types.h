#pragma once

#include <turnstone/schema/schema.h>

#include <optional>
#include <string>
#include <string_view>

namespace turnstone::postgresql {

/// A type in the words of `column_type`, taken apart: `varchar(20)[3]` has the base `varchar`, the
/// modifier `(20)` and the array part `[3]`. `timestamp(3) with time zone` has the base `timestamp
/// with time zone`.
struct TypeParts {
  std::string base{};
  std::string modifier{};
  std::string array{};
  bool operator==(const TypeParts&) const = default;
};
TypeParts type_parts(std::string_view type);
/// `format_type`'s spelling in the words of `column_type`: `varchar(20)` for `character
/// varying(20)`, `numeric(10, 2)` for `numeric(10,2)`.
std::string canonical_type(std::string_view format_type);

/// Expression that turns a column of type `from` into `to`, empty where the database converts by
/// itself without USING. Casts go to the bare type, so that text that is too long is an error
/// and never cut. Throws Error{unsupported} for a pair without a sensible conversion, naming
/// `table` and column.
std::optional<Sql> conversion(const std::string& table, const std::string& column,
                              const std::string& from, const std::string& to);
/// True when both are whole numbers, fractions, or text: comparisons with literals of one work with
/// the other, and expressions over the column survive the change.
bool same_family(const std::string& from, const std::string& to);
bool same_base(const std::string& from, const std::string& to);

}  // namespace turnstone::postgresql
