#include "differences.h"

#include <turnstone/identifier.h>

#include <algorithm>

#include "model/field_options.h"

namespace turnstone::migrations {
namespace {

bool same_name(const std::string& a, const std::string& b) {
  return lower_case(a) == lower_case(b);
}

/// The same entries in any order.
template <class Entry>
bool same_entries(const std::vector<Entry>& a, const std::vector<Entry>& b) {
  if (a == b) return true;
  return a.size() == b.size() && std::is_permutation(a.begin(), a.end(), b.begin());
}

bool same_options(const Options& a, const Options& b) {
  return a.db_table == b.db_table && a.db_table_comment == b.db_table_comment &&
         a.db_tablespace == b.db_tablespace && same_entries(a.unique_together, b.unique_together) &&
         a.order_with_respect_to == b.order_with_respect_to && same_entries(a.indexes, b.indexes) &&
         same_entries(a.constraints, b.constraints) && a.managed == b.managed &&
         a.proxy == b.proxy && a.base_manager_name == b.base_manager_name &&
         a.swappable == b.swappable;
}

/// Types whose values could be carried on under another name.
enum class ValueKind { text, number, moment, relation, relations, other };

ValueKind kind_of(FieldType type) {
  if (is_text(type)) return ValueKind::text;
  if (is_integer(type) || is_auto(type)) return ValueKind::number;
  switch (type) {
    case FieldType::floating:
    case FieldType::decimal:
      return ValueKind::number;
    case FieldType::date:
    case FieldType::date_time:
      return ValueKind::moment;
    case FieldType::foreign_key:
    case FieldType::one_to_one:
      return ValueKind::relation;
    case FieldType::many_to_many:
      return ValueKind::relations;
    default:
      return ValueKind::other;
  }
}

}  // namespace

bool same_bases(const ModelState& a, const ModelState& b) {
  return std::equal(a.bases.begin(), a.bases.end(), b.bases.begin(), b.bases.end(),
                    [](const auto& x, const auto& y) { return same_name(x, y); });
}

bool same_model(const ModelState& a, const ModelState& b) {
  if (a.name != b.name || a.app != b.app || a.fields.size() != b.fields.size() ||
      !same_options(a.options, b.options) || !same_bases(a, b)) {
    return false;
  }
  for (std::size_t i = 0; i < a.fields.size(); ++i) {
    const Field& field = a.fields[i];
    const Field* other = b.fields[i].name == field.name ? &b.fields[i] : b.find_field(field.name);
    if (!other || !same_definition(field, *other)) return false;
  }
  return true;
}

bool same_but_name(Index a, const Index& b) {
  a.name = b.name;
  return a == b;
}

bool same_but_name(Constraint a, const Constraint& b) {
  std::visit([&](auto& constraint) { constraint.name = name_of(b); }, a);
  return a == b;
}

std::vector<std::string> different_options(const Field& a, const Field& b) {
  std::vector<std::string> keys;
  if (a.type != b.type) keys.emplace_back("type");
  for (const FieldOption& option : field_options()) {
    if (option.stored && !option.same(a, b)) keys.push_back(option.key);
  }
  return keys;
}

bool could_be_renamed(const Field& was, const Field& now) {
  const ValueKind kind = kind_of(was.type);
  if (kind != kind_of(now.type)) return false;
  switch (kind) {
    case ValueKind::text:
    case ValueKind::number:
    case ValueKind::moment:
      return was.primary_key == now.primary_key;
    case ValueKind::relation:
      return same_name(was.to, now.to) && was.parent_link == now.parent_link;
    case ValueKind::relations:
      return same_name(was.to, now.to) && was.through.empty() == now.through.empty();
    case ValueKind::other:
      break;
  }
  if (was.type != now.type) return false;
  if (was.type == FieldType::generated) return different_options(was, now).empty();
  if (was.type == FieldType::custom) return was.db_type == now.db_type;
  if (was.type == FieldType::array) {
    return was.base_field && now.base_field && could_be_renamed(*was.base_field, *now.base_field);
  }
  return was.primary_key == now.primary_key;
}

std::vector<std::string> changes_beside_name(const Field& was, const Field& now) {
  std::vector<std::string> keys = different_options(was, now);
  if (has_column(was) && now.db_column == column_name(was)) std::erase(keys, "db_column");
  return keys;
}

bool same_fields_but_names(const ModelState& a, const ModelState& b) {
  if (a.fields.size() != b.fields.size()) return false;
  std::vector<const Field*> left;
  for (const Field& field : b.fields) left.push_back(&field);
  for (const Field& field : a.fields) {
    const auto at = std::find_if(left.begin(), left.end(), [&](const Field* other) {
      std::vector<std::string> keys = different_options(field, *other);
      std::erase_if(keys, [](const std::string& key) { return key == "to" || key == "through"; });
      return keys.empty();
    });
    if (at == left.end()) return false;
    left.erase(at);
  }
  return true;
}

double similarity(const ModelState& a, const ModelState& b) {
  std::size_t shared = 0;
  std::size_t of_a = 0;
  for (const Field& field : a.fields) {
    if (field.name == "id") continue;
    ++of_a;
    const Field* other = b.find_field(field.name);
    if (other && kind_of(field.type) == kind_of(other->type)) ++shared;
  }
  const auto of_b = static_cast<std::size_t>(std::count_if(
      b.fields.begin(), b.fields.end(), [](const Field& field) { return field.name != "id"; }));
  const std::size_t all = std::max(of_a, of_b);
  return all == 0 ? 0 : static_cast<double>(shared) / static_cast<double>(all);
}

}  // namespace turnstone::migrations
