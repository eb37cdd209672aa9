#pragma once

// Internal: which constraint or index of one table is which of another.

#include <turnstone/schema/schema.h>

#include <string>

namespace turnstone {

/// What tells two items of a kind in one table apart: the name, or for those without one (implicit
/// constraints on SQLite) what they are on.
template <class Item>
std::string item_identity(const Item& item) {
  return item.name;
}
inline std::string item_identity(const Column& column) { return column.name; }
inline std::string item_identity(const Check& check) {
  return check.name.empty() ? "on " + check.column : check.name;
}
inline std::string item_identity(const ForeignKeyConstraint& key) {
  if (!key.name.empty()) return key.name;
  std::string text = "on";
  for (const std::string& column : key.columns) text += " " + column;
  return text;
}

}  // namespace turnstone
