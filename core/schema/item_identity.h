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
  if (!check.name.empty()) return check.name;
  return check.column.empty() ? check.condition : "on " + check.column;
}
template <class Item>
std::string name_or_columns(const Item& item) {
  if (!item.name.empty()) return item.name;
  std::string text = "on";
  for (const std::string& column : item.columns) text += " " + column;
  return text;
}
inline std::string item_identity(const Key& key) { return name_or_columns(key); }
inline std::string item_identity(const ForeignKeyConstraint& key) { return name_or_columns(key); }

}  // namespace turnstone
