#include "orm/class_plan.h"

#include <turnstone/identifier.h>

#include <algorithm>

#include "orm/remover.h"
#include "orm/validation.h"

namespace turnstone::orm {
namespace {

using Slot = ClassMap::Slot;

bool holds_function(const Field& field) {
  return field.default_value && std::holds_alternative<DefaultFunction>(*field.default_value);
}

/// Cells of these kinds are what columns of PostgreSQL take; SQLite stores texts for them.
Cell::Kind own_kind(FieldType type) {
  switch (type) {
    case FieldType::uuid:
      return Cell::Kind::uuid;
    case FieldType::date:
      return Cell::Kind::date;
    case FieldType::time:
      return Cell::Kind::time;
    case FieldType::date_time:
      return Cell::Kind::date_time;
    default:
      return Cell::Kind::null;
  }
}

Passage passage_of(const Slot& slot, const Dialect& dialect) {
  const Field& type = *slot.type;
  Passage passage{.null = slot.field->null};
  if (!slot.member || !slot.field->choices.empty()) return passage;
  if (is_integer(type.type) || is_auto(type.type) || is_positive(type.type)) {
    passage.kind = Cell::Kind::integer;
    std::tie(passage.low, passage.high) = integer_range(type.type);
  } else if (is_text(type.type)) {
    passage.kind = Cell::Kind::text;
    passage.most_bytes = most_characters(type).value_or(SIZE_MAX);
  } else if (type.type == FieldType::floating) {
    passage.kind = Cell::Kind::real;
  } else if (type.type == FieldType::boolean) {
    passage.kind = Cell::Kind::boolean;
  } else if (dialect.name() == "postgresql") {
    passage.kind = own_kind(type.type);
  }
  return passage;
}

}  // namespace

bool Passage::takes(const Cell& cell) const {
  if (cell.kind == Cell::Kind::null) return null;
  if (cell.kind != kind) return false;
  if (kind == Cell::Kind::integer) return cell.integer >= low && cell.integer <= high;
  if (kind != Cell::Kind::text) return true;
  return cell.bytes.size() <= most_bytes && cell.bytes.find('\0') == std::string_view::npos;
}

bool untouched(const ClassMap& map, const Slot& slot, const void* object) {
  Cell now;
  Cell fresh;
  std::string made_now;
  std::string made_fresh;
  slot.member->view(slot.in(object), now, made_now);
  slot.member->view(slot.in(map.fresh.get()), fresh, made_fresh);
  return same(now, fresh);
}

bool is_zero(const Slot& slot, const void* object) {
  Cell cell;
  std::string made;
  slot.member->view(slot.in(object), cell, made);
  return cell.kind == Cell::Kind::integer && cell.integer == 0;
}

std::vector<std::string> columns_of(const ClassMap& map, const std::vector<std::size_t>& slots) {
  std::vector<std::string> columns;
  columns.reserve(slots.size());
  for (const std::size_t i : slots) {
    columns.push_back(quote_identifier(column_name(*map.slots[i].field)));
  }
  return columns;
}

std::vector<const Field*> types_of(const ClassMap& map, const std::vector<std::size_t>& slots) {
  std::vector<const Field*> types;
  types.reserve(slots.size());
  for (const std::size_t i : slots) types.push_back(map.slots[i].type);
  return types;
}

ClassPlan::ClassPlan(const Paths& paths, const ClassMap& map) : paths_(paths), map_(map) {
  for (std::size_t i = 0; i < map.slots.size(); ++i) {
    const Slot& slot = map.slots[i];
    const Field& field = *slot.field;
    passages_.push_back(passage_of(slot, paths.dialect()));
    if (std::find(owners_.begin(), owners_.end(), slot.owner) == owners_.end()) {
      owners_.push_back(slot.owner);
    }
    if (!slot.member) continue;
    if (slot.member->row) references_.push_back(i);
    if (field.auto_now || field.auto_now_add || holds_function(field)) stamped_.push_back(i);
    if (field.type == FieldType::generated) continue;
    if (is_auto(field.type) || field.db_default) deciding_.push_back(i);
    const std::vector<const Field*> keys = key_fields(*slot.owner);
    const bool key = field.primary_key || std::find(keys.begin(), keys.end(), &field) != keys.end();
    if (!key) updated_.push_back(i);
  }
}

InsertPlan ClassPlan::made(std::size_t owner, const std::string& left) const {
  InsertPlan plan{.owner = owners_[owner]};
  for (std::size_t i = 0; i < map_.slots.size(); ++i) {
    const Slot& slot = map_.slots[i];
    if (slot.owner != plan.owner) continue;
    const auto decides = std::find(deciding_.begin(), deciding_.end(), i);
    const bool filled = slot.field->type == FieldType::generated ||
                        (decides != deciding_.end() &&
                         left[static_cast<std::size_t>(decides - deciding_.begin())] == '1');
    if (filled) {
      if (slot.member) plan.returned.push_back(i);
    } else if (slot.member || slot.field->parent_link) {
      plan.written.push_back(i);
    }
  }
  plan.sql = "INSERT INTO " + paths_.table(*plan.owner);
  if (plan.written.empty()) {
    plan.sql += " DEFAULT VALUES";
    return plan;
  }
  std::vector<std::string> places;
  for (std::size_t i = 1; i <= plan.written.size(); ++i) {
    places.push_back(paths_.dialect().placeholder(i));
  }
  plan.sql +=
      " (" + join(columns_of(map_, plan.written), ", ") + ") VALUES (" + join(places, ", ") + ")";
  return plan;
}

std::string ClassPlan::left_out(const void* object) const {
  std::string left(deciding_.size(), '0');
  for (std::size_t i = 0; i < left.size(); ++i) {
    const Slot& slot = map_.slots[deciding_[i]];
    const bool empty = (is_auto(slot.field->type) && is_zero(slot, object)) ||
                       (slot.field->db_default && untouched(map_, slot, object));
    if (empty) left[i] = '1';
  }
  return left;
}

const InsertPlan& ClassPlan::insert(std::size_t owner, const std::string& left) const {
  const Inserts::value_type* last = last_insert_.load(std::memory_order_acquire);
  if (last && last->first.first == owner && last->first.second == left) return last->second;
  const std::lock_guard lock(guard_);
  const auto [at, added] = inserts_.try_emplace({owner, left});
  if (added) at->second = made(owner, left);
  last_insert_.store(&*at, std::memory_order_release);
  return at->second;
}

const ByKey& ClassPlan::by_key() const {
  std::call_once(by_key_once_, [this] {
    const SelectSentence sentence = compile_by_key(paths_, key_of(*map_.model));
    for (const ResultColumn& column : sentence.columns) by_key_.types.push_back(column.type);
    by_key_.sql = sentence.sql;
  });
  return by_key_;
}

}  // namespace turnstone::orm
