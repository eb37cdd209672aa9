#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/migrations/functions.h>
#include <turnstone/schema/lower.h>

#include <algorithm>
#include <map>
#include <optional>

#include "eraser.h"
#include "historical_table.h"

namespace turnstone::migrations {
namespace {

constexpr std::size_t batch_rows = 500;

using Values = HistoricalModel::Values;

/// ` WHERE …` over the joined tables, or nothing.
std::string where_sql(const HistoricalTable& table, const Values& where, bool qualified,
                      BoundSql& bound) {
  std::vector<std::string> conditions;
  for (const auto& [name, value] : where) {
    const std::size_t slot = table.slot(name);
    const std::string column = qualified ? table.qualified(slot) : table.slots()[slot].column;
    conditions.push_back(is_null(value)
                             ? column + " IS NULL"
                             : column + " = " + bound.bind(table.to_column(slot, value)));
  }
  return conditions.empty() ? std::string() : " WHERE " + join(conditions, " AND ");
}

std::string with_condition(const std::string& where, const std::string& condition) {
  return (where.empty() ? " WHERE " : where + " AND ") + condition;
}

/// `("a", "b") > (?, ?)`; plain where there is one column.
std::string key_comparison(const HistoricalTable& table, const std::string& operation,
                           const std::vector<Value>& key, BoundSql& bound) {
  std::vector<std::string> marks;
  for (const Value& value : key) marks.push_back(bound.bind(value));
  const std::string columns = table.qualified(table.keys());
  if (key.size() == 1) return columns + " " + operation + " " + marks.front();
  return "(" + columns + ") " + operation + " (" + join(marks, ", ") + ")";
}

std::string order_sql(const HistoricalTable& table, const std::string& direction = {}) {
  std::vector<std::string> columns;
  for (const std::size_t key : table.keys()) columns.push_back(table.qualified(key) + direction);
  return columns.empty() ? std::string() : " ORDER BY " + join(columns, ", ");
}

std::vector<std::size_t> all_slots(const HistoricalTable& table) {
  std::vector<std::size_t> slots(table.slots().size());
  for (std::size_t i = 0; i < slots.size(); ++i) slots[i] = i;
  return slots;
}

HistoricalRow row_of(const HistoricalTable& table, const std::vector<Value>& cells) {
  std::vector<Value> values;
  values.reserve(cells.size());
  for (std::size_t i = 0; i < cells.size(); ++i) values.push_back(table.from_column(i, cells[i]));
  return HistoricalRow(table.names(), std::move(values));
}

/// The key of a row as its columns take it.
std::vector<Value> key_of_row(const HistoricalTable& table, const std::vector<Value>& cells,
                              const std::vector<std::size_t>& positions) {
  std::vector<Value> key;
  for (std::size_t i = 0; i < table.keys().size(); ++i) {
    const std::size_t slot = table.keys()[i];
    key.push_back(table.to_column(slot, table.from_column(slot, cells[positions[i]])));
  }
  return key;
}

/// Rows that match, read in batches by key, so that nothing stays open while rows are changed. Ends
/// with the row that was last when it began.
class Batches {
 public:
  Batches(const HistoricalTable& table, const Values& where, std::vector<std::size_t> slots,
          Connection& connection, const Dialect& dialect)
      : table_(table),
        where_(where),
        slots_(std::move(slots)),
        connection_(connection),
        dialect_(dialect) {
    for (const std::size_t key : table_.keys()) {
      const auto at = std::find(slots_.begin(), slots_.end(), key);
      key_positions_.push_back(static_cast<std::size_t>(at - slots_.begin()));
    }
    BoundSql last(dialect_);
    last.sql = "SELECT " + table_.qualified(table_.keys()) + table_.from();
    last.sql += where_sql(table_, where_, true, last) + order_sql(table_, " DESC") + " LIMIT 1";
    const Rows rows = connection_.query(last.sql, last.parameters);
    if (rows.rows.empty()) return;
    std::vector<std::size_t> positions;
    for (std::size_t i = 0; i < table_.keys().size(); ++i) positions.push_back(i);
    last_ = key_of_row(table_, rows.rows.front(), positions);
  }

  /// The next rows, as cells; empty after the last.
  std::vector<std::vector<Value>> next() {
    if (!last_) return {};
    BoundSql select(dialect_);
    select.sql = "SELECT " + table_.qualified(slots_) + table_.from();
    std::string where = where_sql(table_, where_, true, select);
    if (seen_) where = with_condition(where, key_comparison(table_, ">", *seen_, select));
    where = with_condition(where, key_comparison(table_, "<=", *last_, select));
    select.sql += where + order_sql(table_) + " LIMIT " + std::to_string(batch_rows);
    Rows rows = connection_.query(select.sql, select.parameters);
    if (!rows.rows.empty()) seen_ = key(rows.rows.back());
    return std::move(rows.rows);
  }
  std::vector<Value> key(const std::vector<Value>& cells) const {
    return key_of_row(table_, cells, key_positions_);
  }

 private:
  const HistoricalTable& table_;
  const Values& where_;
  std::vector<std::size_t> slots_;
  Connection& connection_;
  const Dialect& dialect_;
  std::vector<std::size_t> key_positions_{};
  std::optional<std::vector<Value>> last_{};
  std::optional<std::vector<Value>> seen_{};
};

/// The two keys of a many-to-many relation.
struct Link {
  ModelPtr owner{};  ///< the model that has the field, maybe a base
  const Field* field = nullptr;
};

Link find_link(const HistoricalTable& table, const std::string& name) {
  std::vector<std::string> names;
  for (std::size_t i = table.parts().size(); i-- > 0;) {
    const ModelPtr& model = table.parts()[i].model;
    for (const Field& field : model->fields) {
      if (field.type != FieldType::many_to_many) continue;
      if (field.name == name) return {model, &field};
      names.push_back(field.name);
    }
  }
  const ModelState& model = *table.own().model;
  throw Error(
      ErrorKind::bad_model,
      model.app + "." + model.name + " has no many-to-many field \"" + name + "\" at this point",
      {}, did_you_mean(name, names));
}

/// The fields of a `through` model that lead to owner and target.
std::pair<std::string, std::string> through_fields(const ProjectState& state, const Link& link,
                                                   const ModelState& through) {
  if (link.field->through_fields.size() == 2) {
    return {link.field->through_fields[0], link.field->through_fields[1]};
  }
  const ModelPtr target = concrete_model(state, state.target_model(*link.owner, *link.field));
  std::string to_owner;
  std::string to_target;
  for (const Field& field : through.fields) {
    if (!is_foreign_key(field.type)) continue;
    const ModelPtr at = concrete_model(state, state.target_model(through, field));
    if (to_owner.empty() && at == link.owner) {
      to_owner = field.name;
    } else if (to_target.empty() && at == target) {
      to_target = field.name;
    }
  }
  return {to_owner, to_target};
}

/// The table of a many-to-many field without `through`.
class LinkTable {
 public:
  LinkTable(const Link& link, const ProjectState& state, const Dialect& dialect)
      : table_(table_sql(many_to_many_table(*link.owner, *link.field, dialect), dialect)),
        owner_(link.owner, state, dialect),
        target_(state.target_model(*link.owner, *link.field), state, dialect) {
    const auto columns = many_to_many_columns(state, *link.owner, *link.field);
    owner_column_ = quote_identifier(columns.first);
    target_column_ = quote_identifier(columns.second);
  }
  const std::string& table() const { return table_; }
  const std::string& owner_column() const { return owner_column_; }
  const std::string& target_column() const { return target_column_; }
  Value owner_key(const Value& value) const { return owner_.to_column(owner_.slot("pk"), value); }
  Value target_key(const Value& value) const {
    return target_.to_column(target_.slot("pk"), value);
  }
  Value target_value(const Value& cell) const {
    return target_.from_column(target_.slot("pk"), cell);
  }

 private:
  std::string table_;
  HistoricalTable owner_;
  HistoricalTable target_;
  std::string owner_column_{};
  std::string target_column_{};
};

}  // namespace

HistoricalRow::HistoricalRow(std::shared_ptr<const std::vector<std::string>> names,
                             std::vector<Value> values)
    : names_(std::move(names)), values_(std::move(values)) {}

const Value& HistoricalRow::operator[](const std::string& field) const {
  for (std::size_t i = names_->size(); i-- > 0;) {
    if ((*names_)[i] == field || (*names_)[i] == field + "_id") return values_[i];
  }
  throw Error(ErrorKind::bad_model, "the row has no field \"" + field + "\"", {},
              did_you_mean(field, *names_));
}

std::int64_t HistoricalRow::integer(const std::string& field) const {
  const Value& value = (*this)[field];
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
  throw Error(ErrorKind::bad_model, "field \"" + field + "\" of the row " +
                                        (is_null(value) ? "is NULL" : "is not a whole number"));
}

const std::string& HistoricalRow::text(const std::string& field) const {
  const Value& value = (*this)[field];
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  throw Error(ErrorKind::bad_model,
              "field \"" + field + "\" of the row " + (is_null(value) ? "is NULL" : "is not text"));
}

HistoricalModel::HistoricalModel(ModelPtr model, const ProjectState& state, Connection& connection,
                                 const Dialect& dialect, const Functions* functions)
    : model_(std::move(model)),
      state_(state),
      connection_(connection),
      dialect_(dialect),
      functions_(functions),
      table_(std::make_shared<const HistoricalTable>(model_, state, dialect)) {}

std::vector<HistoricalRow> HistoricalModel::rows(const Values& where) const {
  BoundSql select(dialect_);
  select.sql = "SELECT " + table_->qualified(all_slots(*table_)) + table_->from();
  select.sql += where_sql(*table_, where, true, select) + order_sql(*table_);
  std::vector<HistoricalRow> rows;
  for (const std::vector<Value>& cells : connection_.query(select.sql, select.parameters).rows) {
    rows.push_back(row_of(*table_, cells));
  }
  return rows;
}

void HistoricalModel::each(const std::function<void(const HistoricalRow&)>& visit,
                           const Values& where) const {
  if (table_->keys().empty()) {
    for (const HistoricalRow& row : rows(where)) visit(row);
    return;
  }
  Batches batches(*table_, where, all_slots(*table_), connection_, dialect_);
  for (auto cells = batches.next(); !cells.empty(); cells = batches.next()) {
    for (const std::vector<Value>& row : cells) visit(row_of(*table_, row));
  }
}

std::int64_t HistoricalModel::count(const Values& where) const {
  BoundSql select(dialect_);
  select.sql = "SELECT count(*)" + table_->from();
  select.sql += where_sql(*table_, where, true, select);
  const Rows rows = connection_.query(select.sql, select.parameters);
  return std::get<std::int64_t>(rows.rows.at(0).at(0));
}

Value HistoricalModel::insert(const Values& values) const {
  std::map<std::size_t, Value> given;  // as columns take them
  for (const auto& [name, value] : values) {
    const std::size_t slot = table_->slot(name);
    if (table_->slots()[slot].field->type == FieldType::generated) {
      throw Error(ErrorKind::bad_model, "field \"" + name + "\" is generated by the database");
    }
    given[slot] = table_->to_column(slot, value);
  }
  // A parent link that is given says that the row of the base is there already.
  std::vector<bool> there(table_->parts().size());
  for (std::size_t i = table_->slots().size(); i-- > 0;) {
    const HistoricalTable::Slot& slot = table_->slots()[i];
    if (slot.parent == HistoricalTable::Slot::own_value) continue;
    if (there[slot.part] || given.contains(i)) there[slot.parent] = true;
  }
  for (const auto& entry : given) {
    const HistoricalTable::Slot& slot = table_->slots()[entry.first];
    if (!there[slot.part]) continue;
    throw Error(ErrorKind::bad_model,
                "field \"" + slot.name + "\" belongs to a row of " +
                    table_->parts()[slot.part].model->name + " that is there already",
                {}, "update that row instead");
  }
  std::vector<Value> keys(table_->parts().size());  // as programs see them
  for (std::size_t p = 0; p < table_->parts().size(); ++p) {
    if (there[p]) continue;
    const HistoricalTable::Part& part = table_->parts()[p];
    std::vector<std::string> columns;
    std::vector<std::string> sources;
    BoundSql insert(dialect_);
    for (std::size_t i = 0; i < table_->slots().size(); ++i) {
      const HistoricalTable::Slot& slot = table_->slots()[i];
      if (slot.part != p) continue;
      std::string source;
      if (const auto at = given.find(i); at != given.end()) {
        source = insert.bind(at->second);
      } else if (slot.parent != HistoricalTable::Slot::own_value) {
        source = insert.bind(table_->to_column(i, keys[slot.parent]));
      } else if (slot.name == "_order" && !part.model->options.order_with_respect_to.empty()) {
        const std::size_t group = table_->slot(part.model->options.order_with_respect_to);
        const auto group_value = given.find(group);
        source = "(SELECT coalesce(max(" + slot.column + "), -1) + 1 FROM " + part.table +
                 " WHERE " + table_->slots()[group].column + " = " +
                 (group_value == given.end() ? "NULL" : insert.bind(group_value->second)) + ")";
      } else {
        source = inserted_default(*slot.field, *slot.type, *part.model, dialect_, functions_);
      }
      if (source.empty()) continue;
      columns.push_back(slot.column);
      sources.push_back(std::move(source));
    }
    insert.sql =
        "INSERT INTO " + part.table +
        (columns.empty() ? " DEFAULT VALUES"
                         : " (" + join(columns, ", ") + ") VALUES (" + join(sources, ", ") + ")");
    if (part.keys.size() != 1) {
      connection_.execute(insert.sql, insert.parameters);
      continue;
    }
    const std::size_t key = part.keys.front();
    insert.sql += " RETURNING " + table_->slots()[key].column;
    const Rows rows = connection_.query(insert.sql, insert.parameters);
    keys[p] = table_->from_column(key, rows.rows.at(0).at(0));
  }
  return keys.back();
}

std::int64_t HistoricalModel::update(const Values& values, const Values& where) const {
  if (values.empty()) return count(where);
  std::map<std::size_t, std::vector<std::pair<std::size_t, Value>>> by_part;
  for (const auto& [name, value] : values) {
    const std::size_t slot = table_->slot(name);
    by_part[table_->slots()[slot].part].emplace_back(slot, table_->to_column(slot, value));
  }
  const auto assignments = [&](const auto& part, BoundSql& bound) {
    std::vector<std::string> sets;
    for (const auto& [slot, value] : part) {
      sets.push_back(table_->slots()[slot].column + " = " + bound.bind(value));
    }
    return " SET " + join(sets, ", ");
  };
  if (table_->parts().size() == 1) {
    BoundSql update(dialect_);
    update.sql = "UPDATE " + table_->own().table;
    update.sql += assignments(by_part.begin()->second, update);
    update.sql += where_sql(*table_, where, false, update);
    return connection_.execute(update.sql, update.parameters);
  }
  // Several tables: keys first, since a change of one may decide which rows the next one finds.
  std::vector<std::size_t> key_slots;
  for (const HistoricalTable::Part& part : table_->parts()) key_slots.push_back(part.keys.at(0));
  Batches batches(*table_, where, key_slots, connection_, dialect_);
  std::int64_t updated = 0;
  for (auto cells = batches.next(); !cells.empty(); cells = batches.next()) {
    updated += static_cast<std::int64_t>(cells.size());
    for (const auto& [index, part] : by_part) {
      const std::size_t key = key_slots[index];
      Eraser::Keys keys;
      for (const std::vector<Value>& row : cells) {
        keys.push_back({table_->to_column(key, table_->from_column(key, row[index]))});
      }
      BoundSql update(dialect_);
      update.sql = "UPDATE " + table_->parts()[index].table + assignments(part, update) + " WHERE ";
      update.sql += key_condition({table_->slots()[key].column}, keys, update);
      connection_.execute(update.sql, update.parameters);
    }
  }
  return updated;
}

std::int64_t HistoricalModel::remove(const Values& where) const {
  if (table_->keys().empty()) {
    BoundSql remove(dialect_);
    remove.sql = "DELETE FROM " + table_->own().table;
    remove.sql += where_sql(*table_, where, false, remove);
    return connection_.execute(remove.sql, remove.parameters);
  }
  // Outside of a transaction the deferred keys would be checked after every statement.
  std::optional<Transaction> transaction;
  if (!connection_.in_transaction()) transaction.emplace(connection_, dialect_.begin());
  Eraser eraser(state_, connection_, dialect_, functions_);
  Batches batches(*table_, where, table_->keys(), connection_, dialect_);
  std::int64_t removed = 0;
  for (auto cells = batches.next(); !cells.empty(); cells = batches.next()) {
    Eraser::Keys keys;
    for (const std::vector<Value>& row : cells) keys.push_back(batches.key(row));
    removed += eraser.erase(table_->own().model, keys);
  }
  eraser.finish();
  if (transaction) transaction->commit();
  return removed;
}

void HistoricalModel::link(const std::string& many_to_many, const Value& owner,
                           const Value& target) const {
  const Link link = find_link(*table_, many_to_many);
  if (!link.field->through.empty()) {
    const ModelPtr model = state_.get(key_from(link.field->through, link.owner->app));
    const HistoricalModel through(model, state_, connection_, dialect_, functions_);
    const auto fields = through_fields(state_, link, *model);
    const Values pair{{fields.first, owner}, {fields.second, target}};
    if (through.count(pair) == 0) through.insert(pair);
    return;
  }
  const LinkTable table(link, state_, dialect_);
  BoundSql insert(dialect_);
  insert.sql = "INSERT INTO " + table.table() + " (" + table.owner_column() + ", " +
               table.target_column() + ") VALUES (";
  insert.sql += insert.bind(table.owner_key(owner)) + ", ";
  insert.sql += insert.bind(table.target_key(target)) + ") ON CONFLICT DO NOTHING";
  connection_.execute(insert.sql, insert.parameters);
}

void HistoricalModel::unlink(const std::string& many_to_many, const Value& owner,
                             const Value& target) const {
  const Link link = find_link(*table_, many_to_many);
  if (!link.field->through.empty()) {
    const ModelPtr model = state_.get(key_from(link.field->through, link.owner->app));
    const auto fields = through_fields(state_, link, *model);
    HistoricalModel(model, state_, connection_, dialect_, functions_)
        .remove({{fields.first, owner}, {fields.second, target}});
    return;
  }
  const LinkTable table(link, state_, dialect_);
  BoundSql remove(dialect_);
  remove.sql = "DELETE FROM " + table.table() + " WHERE " + table.owner_column() + " = ";
  remove.sql += remove.bind(table.owner_key(owner)) + " AND " + table.target_column() + " = ";
  remove.sql += remove.bind(table.target_key(target));
  connection_.execute(remove.sql, remove.parameters);
}

std::vector<Value> HistoricalModel::linked(const std::string& many_to_many,
                                           const Value& owner) const {
  const Link link = find_link(*table_, many_to_many);
  std::vector<Value> targets;
  if (!link.field->through.empty()) {
    const ModelPtr model = state_.get(key_from(link.field->through, link.owner->app));
    const auto fields = through_fields(state_, link, *model);
    const HistoricalModel through(model, state_, connection_, dialect_, functions_);
    for (const HistoricalRow& row : through.rows({{fields.first, owner}})) {
      targets.push_back(row[fields.second]);
    }
    return targets;
  }
  const LinkTable table(link, state_, dialect_);
  BoundSql select(dialect_);
  select.sql = "SELECT " + table.target_column() + " FROM " + table.table() + " WHERE " +
               table.owner_column() + " = ";
  select.sql += select.bind(table.owner_key(owner)) + " ORDER BY " + table.target_column();
  for (const std::vector<Value>& row : connection_.query(select.sql, select.parameters).rows) {
    targets.push_back(table.target_value(row[0]));
  }
  return targets;
}

}  // namespace turnstone::migrations
