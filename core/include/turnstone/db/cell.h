#pragma once

#include <turnstone/values.h>

#include <cstdint>
#include <span>
#include <string_view>

namespace turnstone {

/// One value of a row that is being read, without a copy of it: `bytes` is valid until the next
/// row. Drivers say what the database sent; what it becomes is the reader's matter.
struct Cell {
  enum class Kind : unsigned char {
    null,
    boolean,    ///< `integer` is 0 or 1
    integer,    ///< `integer`
    real,       ///< `real`
    text,       ///< `bytes`
    bytes,      ///< `bytes`
    decimal,    ///< `coefficient`, `scale`
    uuid,       ///< `bytes`, 16 of them
    date,       ///< `integer`: days since 1970
    time,       ///< `integer`: microseconds since midnight
    date_time,  ///< `integer`: microseconds since 1970, UTC
    duration,   ///< `integer`: microseconds
    json,       ///< `bytes`: a document in any spelling
  };
  Kind kind = Kind::null;
  int scale = 0;
  std::int64_t integer = 0;
  double real = 0;
  std::string_view bytes{};
  Decimal::Coefficient coefficient = 0;
};

/// True for the same value in the same form.
bool same(const Cell& a, const Cell& b);
/// The cell of a value; it refers to the value's own text.
Cell cell_of(const Value& value);
/// The value of a cell; text and JSON as text.
Value value_of(const Cell& cell);

/// Rows that are read cell by cell.
class CellReader {
 public:
  CellReader() = default;
  CellReader(const CellReader&) = delete;
  CellReader& operator=(const CellReader&) = delete;
  virtual ~CellReader() = default;
  /// Moves to the next row; false behind the last one.
  virtual bool next() = 0;
  /// Cells of the row; valid until `next`.
  virtual std::span<const Cell> row() const = 0;
  /// How many rows there are, where that is known before they are read; else 0.
  virtual std::size_t expected() const { return 0; }
};

}  // namespace turnstone
