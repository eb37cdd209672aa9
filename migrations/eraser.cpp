#include "eraser.h"

#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/schema/lower.h>

#include <algorithm>
#include <set>

#include "historical_table.h"

namespace turnstone::migrations {
namespace {

constexpr std::size_t slice = 500;

std::string table_of(const ModelState& model, const Dialect& dialect) {
  return table_sql(database_table(model, dialect), dialect);
}

std::string column_of(const Field& field) { return quote_identifier(column_name(field)); }

/// Fields of the primary key, in order.
std::vector<const Field*> key_fields(const ModelState& model) {
  const Field* key = model.primary_key();
  if (!key) return {};
  if (key->type != FieldType::composite_primary_key) return {key};
  std::vector<const Field*> fields;
  for (const std::string& name : key->fields) fields.push_back(model.find_field(name));
  return fields;
}

std::vector<std::string> columns_of(const std::vector<const Field*>& fields) {
  std::vector<std::string> columns;
  columns.reserve(fields.size());
  for (const Field* field : fields) columns.push_back(column_of(*field));
  return columns;
}

Eraser::Keys as_keys(const std::vector<Value>& values) {
  Eraser::Keys keys;
  for (const Value& value : values) keys.push_back({value});
  return keys;
}

[[noreturn]] void refuse(const ModelState& model, const Field& field) {
  throw Error(ErrorKind::database,
              "rows are still referred to by " + model.app + "." + model.name + "." + field.name,
              {},
              "its on_delete is " + std::string(name_of(field.on_delete)) +
                  ": delete or change those rows first");
}

}  // namespace

std::int64_t Eraser::erase(const ModelPtr& model, const Keys& keys) {
  std::int64_t erased = 0;
  for (std::size_t begin = 0; begin < keys.size(); begin += slice) {
    const Keys some(
        keys.begin() + static_cast<std::ptrdiff_t>(begin),
        keys.begin() + static_cast<std::ptrdiff_t>(std::min(keys.size(), begin + slice)));
    const std::vector<Reference> found = references(model);
    std::vector<const Field*> wanted;
    wanted.reserve(found.size());
    for (const Reference& reference : found) wanted.push_back(reference.target);
    for (const Field& field : model->fields) {
      if (field.parent_link) wanted.push_back(&field);
    }
    const std::vector<std::string> key_columns = columns_of(key_fields(*model));
    std::vector<std::vector<Value>> values(wanted.size());
    if (!wanted.empty()) {
      BoundSql select(dialect_);
      select.sql = "SELECT " + join(columns_of(wanted), ", ") + " FROM " +
                   table_of(*model, dialect_) + " WHERE " +
                   key_condition(key_columns, some, select);
      const Rows rows = connection_.query(select.sql, select.parameters);
      if (rows.rows.empty()) continue;
      for (const std::vector<Value>& row : rows.rows) {
        for (std::size_t i = 0; i < wanted.size(); ++i) {
          if (is_null(row[i])) continue;
          const Field& type = value_type(state_, *model, *wanted[i]);
          values[i].push_back(dialect_.to_database(dialect_.from_database(row[i], type), type));
        }
      }
    }
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (found[i].field->on_delete == OnDelete::protect && refers(found[i], values[i])) {
        refuse(*found[i].model, *found[i].field);
      }
    }
    erase_links(model, some);
    BoundSql remove(dialect_);
    remove.sql = "DELETE FROM " + table_of(*model, dialect_) + " WHERE " +
                 key_condition(key_columns, some, remove);
    erased += connection_.execute(remove.sql, remove.parameters);
    for (std::size_t i = 0; i < found.size(); ++i) settle(found[i], values[i]);
    for (std::size_t i = found.size(); i < wanted.size(); ++i) {
      const ModelPtr parent = concrete_model(state_, state_.target_model(*model, *wanted[i]));
      erase(parent, as_keys(values[i]));
    }
  }
  return erased;
}

void Eraser::finish() {
  for (const Restriction& restriction : restrictions_) {
    if (refers(restriction.reference, restriction.values)) {
      refuse(*restriction.reference.model, *restriction.reference.field);
    }
  }
  restrictions_.clear();
}

std::vector<Eraser::Reference> Eraser::references(const ModelPtr& model) const {
  std::vector<ModelKey> names{key_of(*model)};
  std::set<ModelKey> candidates{names.front()};
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (const ModelKey& key : state_.referrers(names[i])) {
      candidates.insert(key);
      // A relation to a proxy is one to this table.
      const ModelPtr other = state_.get(key);
      if (other->options.proxy && concrete_model(state_, other) == model &&
          std::find(names.begin(), names.end(), key) == names.end()) {
        names.push_back(key);
      }
    }
  }
  std::vector<Reference> found;
  for (const ModelKey& key : candidates) {
    const ModelPtr other = state_.get(key);
    if (other->options.proxy || !other->options.managed) continue;
    for (const Field& field : other->fields) {
      if (!is_foreign_key(field.type)) continue;
      if (concrete_model(state_, state_.target_model(*other, field)) != model) continue;
      if (field.db_on_delete) continue;
      const Field& target = state_.target_field(*other, field);
      if (!model->find_field(target.name)) continue;
      found.push_back({other, &field, &target});
    }
  }
  return found;
}

/// Rows of many-to-many tables, on either side.
void Eraser::erase_links(const ModelPtr& model, const Keys& keys) {
  if (keys.front().size() != 1) return;
  const auto erase_side = [&](const ModelState& owner, const Field& field, bool target_side) {
    const auto columns = many_to_many_columns(state_, owner, field);
    BoundSql remove(dialect_);
    remove.sql = "DELETE FROM " + table_sql(many_to_many_table(owner, field, dialect_), dialect_) +
                 " WHERE " +
                 key_condition({quote_identifier(target_side ? columns.second : columns.first)},
                               keys, remove);
    connection_.execute(remove.sql, remove.parameters);
  };
  std::vector<ModelKey> owners = state_.referrers(key_of(*model));
  owners.push_back(key_of(*model));
  for (const ModelKey& key : owners) {
    const ModelPtr owner = state_.get(key);
    if (owner->options.proxy || !owner->options.managed) continue;
    for (const Field& field : owner->fields) {
      if (field.type != FieldType::many_to_many || !field.through.empty()) continue;
      if (owner == model) erase_side(*owner, field, false);
      if (concrete_model(state_, state_.target_model(*owner, field)) == model) {
        erase_side(*owner, field, true);
      }
    }
  }
}

void Eraser::settle(const Reference& reference, const std::vector<Value>& values) {
  if (values.empty()) return;
  const Field& field = *reference.field;
  const Field& type = value_type(state_, *reference.model, field);
  switch (field.on_delete) {
    case OnDelete::cascade:
      return erase_referrers(reference, values);
    case OnDelete::restrict:
      restrictions_.push_back({reference, values});
      return;
    case OnDelete::set_null:
      return set(reference, values, "NULL");
    case OnDelete::set_default:
      return set(reference, values,
                 default_sql(field, type, *reference.model, dialect_, functions_));
    case OnDelete::set:
      return set(reference, values,
                 field.on_delete_value ? dialect_.literal(*field.on_delete_value, type) : "NULL");
    case OnDelete::protect:
    case OnDelete::do_nothing:
    case OnDelete::none:
      return;
  }
}

void Eraser::erase_referrers(const Reference& reference, const std::vector<Value>& values) {
  const ModelState& model = *reference.model;
  const std::vector<const Field*> fields = key_fields(model);
  BoundSql select(dialect_);
  select.sql = "SELECT " + join(columns_of(fields), ", ") + " FROM " + table_of(model, dialect_) +
               " WHERE " + key_condition({column_of(*reference.field)}, as_keys(values), select);
  Keys keys;
  for (const std::vector<Value>& row : connection_.query(select.sql, select.parameters).rows) {
    std::vector<Value> key;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const Field& type = value_type(state_, model, *fields[i]);
      key.push_back(dialect_.to_database(dialect_.from_database(row[i], type), type));
    }
    keys.push_back(std::move(key));
  }
  erase(reference.model, keys);
}

void Eraser::set(const Reference& reference, const std::vector<Value>& values,
                 const std::string& sql) {
  const std::string column = column_of(*reference.field);
  BoundSql update(dialect_);
  update.sql = "UPDATE " + table_of(*reference.model, dialect_) + " SET " + column + " = " + sql +
               " WHERE " + key_condition({column}, as_keys(values), update);
  connection_.execute(update.sql, update.parameters);
}

bool Eraser::refers(const Reference& reference, const std::vector<Value>& values) {
  if (values.empty()) return false;
  BoundSql select(dialect_);
  select.sql = "SELECT 1 FROM " + table_of(*reference.model, dialect_) + " WHERE " +
               key_condition({column_of(*reference.field)}, as_keys(values), select) + " LIMIT 1";
  return !connection_.query(select.sql, select.parameters).rows.empty();
}

}  // namespace turnstone::migrations
