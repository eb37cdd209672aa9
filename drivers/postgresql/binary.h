#pragma once

#include <turnstone/db/cell.h>
#include <turnstone/model/field.h>

#include <string>
#include <string_view>

namespace turnstone::postgresql {

/// True for types whose binary form `decode` reads: numbers, texts, times, UUIDs, bytes, JSON.
bool has_binary_form(unsigned oid);
/// The binary form of a value of type `oid` as a cell that refers to `bytes`; as bytes where it is
/// a number that no Decimal holds. Source: PostgreSQL, `src/backend/utils/adt/*.c`, the `…send`
/// functions.
void decode(unsigned oid, std::string_view bytes, Cell& into);

/// Appends `value`, in the form columns of `column_type` take it, as COPY BINARY wants it. False
/// where this type or value has no form here.
bool encode(const Value& value, std::string_view column_type, std::string& into);
bool can_encode(std::string_view column_type);
/// Appends a number with its bytes in the order of networks.
void append_number(std::string& into, std::uint64_t number, int bytes);

}  // namespace turnstone::postgresql
