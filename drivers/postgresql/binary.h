#pragma once

#include <turnstone/db/cell.h>
#include <turnstone/model/field.h>

#include <optional>
#include <string>
#include <string_view>

namespace turnstone::postgresql {

/// True for types whose binary form `decode` reads: numbers, texts, times, UUIDs, bytes, JSON.
bool has_binary_form(unsigned oid);
/// The binary form of a value of type `oid` as a cell that refers to `bytes`; as bytes where it is
/// a number that no Decimal holds. Source: PostgreSQL, `src/backend/utils/adt/*.c`, the `…send`
/// functions.
void decode(unsigned oid, std::string_view bytes, Cell& into);

/// Column types that `encode` knows.
enum class BinaryType {
  int2,
  int4,
  int8,
  boolean,
  real,
  numeric,
  text,
  date,
  time,
  timestamp,
  interval,
  uuid,
  bytes,
  json
};
/// Empty where it does not.
std::optional<BinaryType> binary_type(std::string_view column_type);
/// Appends a value, in the form columns of that type take it, as COPY BINARY wants it. False where
/// it has no form.
bool encode(const Cell& cell, BinaryType type, std::string& into);
/// Appends a number with its bytes in the order of networks.
void append_number(std::string& into, std::uint64_t number, int bytes);

}  // namespace turnstone::postgresql
