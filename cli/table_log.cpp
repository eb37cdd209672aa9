#include "table_log.h"

#include <turnstone/schema/lower.h>

#include <algorithm>
#include <set>

namespace turnstone::cli {
namespace {

using migrations::Migration;
using migrations::MigrationId;

/// What a migration gave another name.
struct Renames {
  std::map<ModelKey, ModelKey> models{};  ///< names before, by those after
  std::map<ModelKey, std::map<std::string, std::string>> fields{};  ///< the same for each model
};

/// The name before of what is called `name` by now.
template <class Name>
Name first_name(const std::map<Name, Name>& names, const Name& name) {
  const auto at = names.find(name);
  return at == names.end() ? name : at->second;
}

Renames renames_of(const Migration& migration) {
  Renames renames;
  const auto rename_model = [&](const ModelKey& was, const ModelKey& is) {
    const ModelKey first = first_name(renames.models, was);
    renames.models.erase(was);
    renames.models[is] = first;
    auto fields = renames.fields.extract(was);
    if (fields.empty()) return;
    fields.key() = is;
    renames.fields.insert(std::move(fields));
  };
  const std::string& app = migration.id.app;
  for (const migrations::Operation& operation : migration.operations) {
    if (const auto* model = std::get_if<migrations::RenameModel>(&operation.value)) {
      rename_model(key_from(model->old_name, app), key_from(model->new_name, app));
    } else if (const auto* moved = std::get_if<migrations::MoveModel>(&operation.value)) {
      rename_model(key_from(moved->name, app), key_from(moved->name, moved->to_app));
    } else if (const auto* field = std::get_if<migrations::RenameField>(&operation.value)) {
      auto& fields = renames.fields[key_from(field->model_name, app)];
      const std::string first = first_name(fields, field->old_name);
      fields.erase(field->old_name);
      fields[field->new_name] = first;
    }
  }
  return renames;
}

/// Gives columns of a table their new names, wherever they stand.
class ColumnRenaming {
 public:
  explicit ColumnRenaming(const std::map<std::string, std::string>& names) : names_(names) {}

  void apply(Table& table) const {
    for (Column& column : table.columns) {
      name(column.name);
      if (column.generated) text(*column.generated);
    }
    if (table.primary_key) key(*table.primary_key);
    for (Key& unique : table.uniques) key(unique);
    for (Check& check : table.checks) {
      name(check.column);
      text(check.condition);
    }
    for (ForeignKeyConstraint& foreign : table.foreign_keys) list(foreign.columns);
    for (Exclusion& exclusion : table.exclusions) {
      for (auto& element : exclusion.elements) part(element.first);
      list(exclusion.include);
      text(exclusion.condition);
    }
    for (TableIndex& index : table.indexes) {
      for (IndexPart& one : index.parts) part(one);
      list(index.include);
      text(index.condition);
    }
  }

 private:
  void name(std::string& column) const {
    const auto at = names_.find(column);
    if (at != names_.end()) column = at->second;
  }
  void list(std::vector<std::string>& columns) const {
    for (std::string& column : columns) name(column);
  }
  void text(Sql& sql) const {
    for (const auto& [from, to] : names_) sql = renamed_identifier(sql, from, to);
  }
  void key(Key& some) const {
    list(some.columns);
    list(some.include);
  }
  void part(IndexPart& some) const {
    name(some.column);
    text(some.expression);
  }

  const std::map<std::string, std::string>& names_;
};

/// One migration at a time.
class Logging {
 public:
  explicit Logging(const Dialect& dialect) : dialect_(dialect) {}

  void add(const Migration& migration) {
    const ProjectState before = state_;
    const Schema was = schema_;
    migrations::advance(state_, migration);
    const Relowered touched = relower(schema_, before, state_, dialect_);
    const Renames renames = renames_of(migration);
    std::map<std::string, std::string> tables = renamed_tables(renames, before);
    std::set<std::string> names(touched.tables_after.begin(), touched.tables_after.end());
    names.insert(touched.tables_before.begin(), touched.tables_before.end());
    std::map<std::string, TableLog> logs;  // of before, as names may be swapped
    for (const auto& [is, first] : tables) logs[is] = logs_[first];
    for (auto& [is, log] : logs) logs_[is] = std::move(log);
    for (const std::string& name : names) {
      std::vector<SchemaDifference> changes =
          changes_of(name, was, first_name(tables, name), renamed_columns(renames, before, name));
      if (!changes.empty()) logs_[name].push_back({migration.id, std::move(changes)});
    }
  }
  std::map<std::string, TableLog> logs() && { return std::move(logs_); }

 private:
  /// Names of tables before, by those after.
  std::map<std::string, std::string> renamed_tables(const Renames& renames,
                                                    const ProjectState& before) const {
    std::map<std::string, std::string> names;
    for (const ModelKey& key : changed_models(before, state_)) {
      const ModelPtr is = state_.find(key);
      const ModelPtr was = before.find(first_name(renames.models, key));
      if (!was || !is) continue;
      const std::vector<Table> old_tables = lower_model(before, *was, dialect_);
      const std::vector<Table> new_tables = lower_model(state_, *is, dialect_);
      if (old_tables.size() != new_tables.size()) continue;
      for (std::size_t i = 0; i < old_tables.size(); ++i) {
        if (old_tables[i].name == new_tables[i].name) continue;
        names[new_tables[i].name] = old_tables[i].name;
      }
    }
    return names;
  }

  /// Columns of the model whose table that is: names after, by those before.
  std::map<std::string, std::string> renamed_columns(const Renames& renames,
                                                     const ProjectState& before,
                                                     const std::string& table) const {
    std::map<std::string, std::string> columns;
    for (const auto& [key, fields] : renames.fields) {
      const ModelPtr is = state_.find(key);
      const ModelPtr was = before.find(first_name(renames.models, key));
      if (!was || !is || database_table(*is, dialect_) != table) continue;
      for (const auto& [new_name, old_name] : fields) {
        const Field* old_field = was->find_field(old_name);
        const Field* new_field = is->find_field(new_name);
        if (!old_field || !new_field) continue;
        columns[column_name(*old_field)] = column_name(*new_field);
      }
    }
    return columns;
  }

  /// `first`: the name of the table before.
  std::vector<SchemaDifference> changes_of(
      const std::string& name, const Schema& before, const std::string& first,
      const std::map<std::string, std::string>& columns) const {
    std::vector<SchemaDifference> changes;
    const auto add_rename = [&](const char* kind, const std::string& of, const std::string& was) {
      if (was == (of.empty() ? name : of)) return;
      changes.push_back({.table = name,
                         .kind = kind,
                         .name = of,
                         .what = SchemaDifference::What::renamed,
                         .property = "name",
                         .is = was,
                         .should = of.empty() ? name : of});
    };
    Schema was;
    Schema is;
    if (const TablePtr table = before.find(first)) {
      Table renamed = *table;
      renamed.name = name;
      ColumnRenaming(columns).apply(renamed);
      was.set(std::move(renamed));
      add_rename("table", "", first);
      for (const auto& [from, to] : columns) add_rename("column", to, from);
    }
    if (const TablePtr table = schema_.find(name)) is.set(table);
    for (SchemaDifference& change : differences(was, is)) changes.push_back(std::move(change));
    return changes;
  }

  const Dialect& dialect_;
  ProjectState state_{};
  Schema schema_{};
  std::map<std::string, TableLog> logs_{};
};

}  // namespace

std::map<std::string, TableLog> table_logs(const migrations::Graph& graph, const Dialect& dialect) {
  Logging logging(dialect);
  for (const MigrationId& id : graph.full_order()) logging.add(graph.at(id));
  return std::move(logging).logs();
}

std::string change_in_words(const SchemaDifference& change) {
  const std::string what = change.name.empty() ? "table" : change.kind + " \"" + change.name + "\"";
  const auto or_none = [](const std::string& text) { return text.empty() ? "none" : text; };
  switch (change.what) {
    case SchemaDifference::What::missing:
      return what + " is new" + (change.wanted.empty() ? "" : ": " + change.wanted);
    case SchemaDifference::What::extra:
      return what + " is gone";
    case SchemaDifference::What::renamed:
      return what + " was named \"" + change.is + "\"";
    case SchemaDifference::What::changed:
      break;
  }
  return what + ": " + change.property + " was " + or_none(change.is) + ", is " +
         or_none(change.should);
}

}  // namespace turnstone::cli
