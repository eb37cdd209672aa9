#include "orm/remover.h"

#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/schema/lower.h>

#include <algorithm>
#include <set>

#include "orm/literals.h"

namespace turnstone::orm {
namespace {

std::string column_of(const Field& field) { return quote_identifier(column_name(field)); }

Remover::Keys as_keys(const std::vector<Value>& values) {
  Remover::Keys keys;
  keys.reserve(values.size());
  for (const Value& value : values) keys.push_back({value});
  return keys;
}

[[noreturn]] void refuse(const ModelState& model, const Field& field) {
  throw Error(ErrorKind::rows,
              "rows are still referred to by " + model.app + "." + model.name + "." + field.name,
              {},
              "its on_delete is " + std::string(name_of(field.on_delete)) +
                  ": delete or change those rows first");
}

/// Calls `work` with some hundred of `values` at a time: statements have a limit of parameters.
template <class T, class Work>
void in_slices(const std::vector<T>& values, const Work& work) {
  for (std::size_t begin = 0; begin < values.size(); begin += keys_at_once) {
    const std::size_t end = std::min(values.size(), begin + keys_at_once);
    work(std::vector<T>(values.begin() + static_cast<std::ptrdiff_t>(begin),
                        values.begin() + static_cast<std::ptrdiff_t>(end)));
  }
}

}  // namespace

std::vector<const Field*> key_fields(const ModelState& model) {
  const Field* key = model.primary_key();
  if (!key) return {};
  if (key->type != FieldType::composite_primary_key) return {key};
  std::vector<const Field*> fields;
  for (const std::string& name : key->fields) fields.push_back(model.find_field(name));
  return fields;
}

std::string key_condition(const std::vector<std::string>& columns, const Remover::Keys& keys,
                          const Dialect& dialect, std::vector<Value>& parameters) {
  const auto bind = [&](const Value& value) {
    parameters.push_back(value);
    return dialect.placeholder(parameters.size());
  };
  std::vector<std::string> alternatives;
  for (const std::vector<Value>& key : keys) {
    if (columns.size() == 1) {
      alternatives.push_back(bind(key.front()));
      continue;
    }
    std::vector<std::string> equal;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      equal.push_back(columns[i] + " = " + bind(key[i]));
    }
    alternatives.push_back("(" + join(equal, " AND ") + ")");
  }
  if (columns.size() == 1) return columns.front() + " IN (" + join(alternatives, ", ") + ")";
  return "(" + join(alternatives, " OR ") + ")";
}

std::vector<Value> Remover::values_of(const ModelState& model, const Field& field,
                                      const std::vector<Value>& cells) const {
  const Dialect& dialect = paths_.dialect();
  const Field& type = value_type(paths_.state(), model, field);
  std::vector<Value> values;
  values.reserve(cells.size());
  for (const Value& cell : cells) {
    if (!is_null(cell)) {
      values.push_back(dialect.to_database(dialect.from_database(cell, type), type));
    }
  }
  return values;
}

bool Remover::alone(const ModelPtr& model) const {
  const bool child = std::any_of(model->fields.begin(), model->fields.end(),
                                 [](const Field& field) { return field.parent_link; });
  return !child && references(model).empty() && link_columns(model).empty();
}

std::int64_t Remover::remove(const ModelPtr& model, const Keys& keys) {
  std::int64_t gone = 0;
  in_slices(keys, [&](const Keys& some) {
    const std::vector<Reference> found = references(model);
    std::vector<const Field*> wanted;
    for (const Reference& reference : found) wanted.push_back(reference.target);
    for (const Field& field : model->fields) {
      if (field.parent_link) wanted.push_back(&field);
    }
    std::vector<std::string> key_columns;
    const std::vector<const Field*> own_key = key_fields(*model);
    for (const Field* field : own_key) key_columns.push_back(column_of(*field));
    std::vector<std::vector<Value>> values(wanted.size());
    const bool by_key = std::all_of(wanted.begin(), wanted.end(), [&](const Field* field) {
      return own_key.size() == 1 && field == own_key.front();
    });
    if (by_key) {
      for (std::vector<Value>& list : values) {
        for (const std::vector<Value>& key : some) list.push_back(key.front());
      }
    } else {
      std::vector<std::string> columns;
      for (const Field* field : wanted) columns.push_back(column_of(*field));
      std::vector<Value> parameters;
      const std::string where = key_condition(key_columns, some, paths_.dialect(), parameters);
      const Rows rows = runner_.query(
          "SELECT " + join(columns, ", ") + " FROM " + paths_.table(*model) + " WHERE " + where,
          parameters);
      if (rows.rows.empty()) return;
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        std::vector<Value> cells;
        for (const std::vector<Value>& row : rows.rows) cells.push_back(row[i]);
        values[i] = values_of(*model, *wanted[i], cells);
      }
    }
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (found[i].field->on_delete == OnDelete::protect && refers(found[i], values[i])) {
        refuse(*found[i].model, *found[i].field);
      }
    }
    if (own_key.size() == 1) {
      for (const auto& [table, column] : link_columns(model)) {
        std::vector<Value> parameters;
        const std::string where = key_condition({column}, some, paths_.dialect(), parameters);
        runner_.execute("DELETE FROM " + table + " WHERE " + where, parameters);
      }
    }
    std::vector<Value> parameters;
    const std::string where = key_condition(key_columns, some, paths_.dialect(), parameters);
    const std::int64_t count =
        runner_.execute("DELETE FROM " + paths_.table(*model) + " WHERE " + where, parameters);
    gone += count;
    if (count > 0) removed_[model->app + "." + model->name] += count;
    for (std::size_t i = 0; i < found.size(); ++i) settle(found[i], values[i]);
    for (std::size_t i = found.size(); i < wanted.size(); ++i) {
      remove(concrete(paths_.state(), paths_.state().target_model(*model, *wanted[i])),
             as_keys(values[i]));
    }
  });
  return gone;
}

void Remover::finish() {
  for (const Restriction& restriction : restrictions_) {
    if (refers(restriction.reference, restriction.values)) {
      refuse(*restriction.reference.model, *restriction.reference.field);
    }
  }
  restrictions_.clear();
}

std::vector<Remover::Reference> Remover::references(const ModelPtr& model) const {
  const ProjectState& state = paths_.state();
  std::vector<ModelKey> names{key_of(*model)};
  std::set<ModelKey> candidates{names.front()};
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (const ModelKey& key : state.referrers(names[i])) {
      candidates.insert(key);
      // A relation to a proxy is one to this table.
      const ModelPtr other = state.get(key);
      if (other->options.proxy && concrete(state, other) == model &&
          std::find(names.begin(), names.end(), key) == names.end()) {
        names.push_back(key);
      }
    }
  }
  std::vector<Reference> found;
  for (const ModelKey& key : candidates) {
    const ModelPtr other = state.get(key);
    if (other->options.proxy || !other->options.managed) continue;
    for (const Field& field : other->fields) {
      if (!is_foreign_key(field.type) || field.db_on_delete) continue;
      if (concrete(state, state.target_model(*other, field)) != model) continue;
      const Field& target = state.target_field(*other, field);
      if (model->find_field(target.name)) found.push_back({other, &field, &target});
    }
  }
  return found;
}

/// (table, column) of many-to-many tables that refer to rows of `model`, on either side.
std::vector<std::pair<std::string, std::string>> Remover::link_columns(
    const ModelPtr& model) const {
  const ProjectState& state = paths_.state();
  std::vector<ModelKey> owners = state.referrers(key_of(*model));
  owners.push_back(key_of(*model));
  std::vector<std::pair<std::string, std::string>> found;
  for (const ModelKey& key : owners) {
    const ModelPtr owner = state.get(key);
    if (owner->options.proxy || !owner->options.managed) continue;
    for (const Field& field : owner->fields) {
      if (field.type != FieldType::many_to_many || !field.through.empty()) continue;
      const auto columns = many_to_many_columns(state, *owner, field);
      const std::string table =
          table_sql(many_to_many_table(*owner, field, paths_.dialect()), paths_.dialect());
      if (owner == model) found.emplace_back(table, quote_identifier(columns.first));
      if (concrete(state, state.target_model(*owner, field)) == model) {
        found.emplace_back(table, quote_identifier(columns.second));
      }
    }
  }
  return found;
}

void Remover::settle(const Reference& reference, const std::vector<Value>& values) {
  if (values.empty()) return;
  const Field& field = *reference.field;
  switch (field.on_delete) {
    case OnDelete::cascade:
      return remove_referrers(reference, values);
    case OnDelete::restrict:
      restrictions_.push_back({reference, values});
      return;
    case OnDelete::set_null:
      return set(reference, values, Json::null());
    case OnDelete::set_default: {
      Json value = Json::null();
      if (field.default_value) {
        const auto* function = std::get_if<DefaultFunction>(&*field.default_value);
        value = function ? runner_.default_of(*function,
                                              value_type(paths_.state(), *reference.model, field))
                         : std::get<Json>(*field.default_value);
      }
      return set(reference, values, value);
    }
    case OnDelete::set:
      return set(reference, values, field.on_delete_value.value_or(Json::null()));
    case OnDelete::protect:
    case OnDelete::do_nothing:
    case OnDelete::none:
      return;
  }
}

void Remover::remove_referrers(const Reference& reference, const std::vector<Value>& values) {
  const ModelState& model = *reference.model;
  const std::vector<const Field*> fields = key_fields(model);
  std::vector<std::string> columns;
  for (const Field* field : fields) columns.push_back(column_of(*field));
  std::vector<Value> parameters;
  const std::string where =
      key_condition({column_of(*reference.field)}, as_keys(values), paths_.dialect(), parameters);
  const Rows rows = runner_.query(
      "SELECT " + join(columns, ", ") + " FROM " + paths_.table(model) + " WHERE " + where,
      parameters);
  Keys keys;
  for (const std::vector<Value>& row : rows.rows) {
    std::vector<Value> key;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      key.push_back(values_of(model, *fields[i], {row[i]}).at(0));
    }
    keys.push_back(std::move(key));
  }
  if (!keys.empty()) remove(reference.model, keys);
}

void Remover::set(const Reference& reference, const std::vector<Value>& values, const Json& value) {
  const Field& field = *reference.field;
  const Field& type = value_type(paths_.state(), *reference.model, field);
  const std::string column = column_of(field);
  std::vector<Value> parameters{
      value.is_null() ? Value{} : paths_.dialect().to_database(literal_value(value, type), type)};
  const std::string where = key_condition({column}, as_keys(values), paths_.dialect(), parameters);
  runner_.execute("UPDATE " + paths_.table(*reference.model) + " SET " + column + " = " +
                      paths_.dialect().placeholder(1) + " WHERE " + where,
                  parameters);
}

bool Remover::refers(const Reference& reference, const std::vector<Value>& values) {
  bool found = false;
  in_slices(values, [&](const std::vector<Value>& some) {
    if (found) return;
    std::vector<Value> parameters;
    const std::string where =
        key_condition({column_of(*reference.field)}, as_keys(some), paths_.dialect(), parameters);
    found = !runner_
                 .query("SELECT 1 FROM " + paths_.table(*reference.model) + " WHERE " + where +
                            " LIMIT 1",
                        parameters)
                 .rows.empty();
  });
  return found;
}

}  // namespace turnstone::orm
