#include <turnstone/identifier.h>

#include <algorithm>
#include <map>

#include "sqlite/rows.h"
#include "sqlite/sqlite.h"
#include "sqlite/table_text.h"

namespace turnstone::sqlite {
namespace {

std::string text_of(const Value& cell) {
  const auto* text = std::get_if<std::string>(&cell);
  return text ? *text : std::string{};
}

/// The spelling a name has where it was declared: SQLite takes any.
template <class Items>
void respell(std::string& name, const Items& items) {
  for (const auto& item : items) {
    if (lower_case(item.name) == lower_case(name)) name = item.name;
  }
}

class Introspection {
 public:
  explicit Introspection(Connection& connection) : connection_(connection) {}

  Schema run() {
    const Rows rows = connection_.query(
        "SELECT type, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL "
        "AND (type = 'index' OR type = 'table') AND tbl_name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
        "AND LOWER(tbl_name) NOT IN ('turnstone_migrations', 'turnstone_journal') "
        "AND tbl_name NOT IN (SELECT name FROM pragma_table_list "
        "WHERE schema = 'main' AND type IN ('virtual', 'shadow')) "
        "ORDER BY type DESC, rowid");
    for (const auto& row : rows.rows) {
      const std::string key = lower_case(text_of(row[1]));
      const std::string sql = text_of(row[2]);
      if (text_of(row[0]) == "index") {
        const auto table = tables_.find(key);
        if (table != tables_.end()) table->second.indexes.push_back(parse_index(sql));
      } else {
        Table table = parse_table(sql);
        table.name = text_of(row[1]);
        tables_.emplace(key, std::move(table));
      }
    }
    Schema schema;
    for (auto& [key, table] : tables_) settle(table);
    for (auto& [key, table] : tables_) schema.set(std::move(table));
    return schema;
  }

 private:
  void settle(Table& table) const {
    const auto names = [&](std::vector<std::string>& columns) {
      for (std::string& column : columns) respell(column, table.columns);
    };
    if (table.primary_key) names(table.primary_key->columns);
    for (Key& key : table.uniques) names(key.columns);
    for (TableIndex& index : table.indexes) {
      for (IndexPart& part : index.parts) {
        if (!part.column.empty()) respell(part.column, table.columns);
      }
    }
    for (ForeignKeyConstraint& key : table.foreign_keys) {
      names(key.columns);
      const auto target = tables_.find(lower_case(key.target_table));
      if (target == tables_.end()) continue;
      key.target_table = target->second.name;
      if (key.target_columns.empty() && target->second.primary_key) {
        key.target_columns = target->second.primary_key->columns;
      }
      for (std::string& column : key.target_columns) respell(column, target->second.columns);
    }
    for (Column& column : table.columns) {
      if (column.generated) column.nullable = true;
    }
  }

  Connection& connection_;
  std::map<std::string, Table> tables_{};  ///< by name in lower case
};

class SqliteBackend final : public Backend {
 public:
  const Dialect& dialect() const override { return sqlite::dialect(); }
  using Backend::introspect;
  Schema introspect(Connection& connection, const std::vector<std::string>&) const override {
    return Introspection(connection).run();
  }
  bool has_table(Connection& connection, const std::string& table) const override {
    const std::vector<Value> parameters{table};
    return !connection
                .query(
                    "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ? "
                    "COLLATE NOCASE",
                    parameters)
                .rows.empty();
  }
  std::unique_ptr<Lock> lock(Connection&, std::optional<std::chrono::milliseconds>,
                             const std::function<void()>&) const override {
    return std::make_unique<Lock>();
  }
  void empty(Connection& connection, const std::vector<TablePtr>& tables) const override {
    empty_tables(connection, tables);
  }
  void advance_counters(Connection&, const Table&) const override {
    // AUTOINCREMENT goes by the largest key that was ever written, whoever chose it.
  }
  std::unique_ptr<WaitingKeys> waiting_keys(Connection& connection) const override {
    return defer_keys(connection);
  }
};

}  // namespace

const Backend& backend() {
  static const SqliteBackend instance;
  return instance;
}

}  // namespace turnstone::sqlite
