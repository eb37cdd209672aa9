#include <turnstone/identifier.h>
#include <turnstone/schema/spelling.h>

#include <algorithm>
#include <map>

#include "sqlite/dialect.h"
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

/// What two tables that mean the same have in common.
Table plain_table(Table table) {
  const auto plain = [](Sql& sql) { sql = plain_sql(sql, Quotes::sqlite); };
  for (Column& column : table.columns) {
    const bool key =
        table.primary_key && table.primary_key->columns == std::vector<std::string>{column.name};
    // Only `integer`, in any case, makes a key of the row's own number.
    column.type = key && lower_case(column.type) != "integer" ? lower_case(column.type)
                                                              : canonical_type(column.type);
    // By an old mistake of SQLite keys may be NULL unless they say otherwise; nobody means that.
    const bool in_key =
        table.primary_key &&
        std::find(table.primary_key->columns.begin(), table.primary_key->columns.end(),
                  column.name) != table.primary_key->columns.end();
    if (in_key) column.nullable = false;
    column.collation = lower_case(column.collation);
    if (column.collation == "binary") column.collation.clear();
    if (column.generated) plain(*column.generated);
    if (!column.default_sql) continue;
    plain(*column.default_sql);
    if (*column.default_sql == "null") column.default_sql.reset();
    if (column.default_sql == "true") column.default_sql = "1";
    if (column.default_sql == "false") column.default_sql = "0";
  }
  if (table.primary_key) table.primary_key->name.clear();
  for (Key& key : table.uniques) key.name.clear();
  for (ForeignKeyConstraint& key : table.foreign_keys) key.name.clear();
  for (Check& check : table.checks) {
    plain(check.condition);
    if (!check.name.empty()) check.column.clear();
  }
  for (TableIndex& index : table.indexes) {
    plain(index.condition);
    for (IndexPart& part : index.parts) {
      plain(part.expression);
      part.collation = lower_case(part.collation);
    }
  }
  return table;
}

/// True for SQL that takes something out of JSON with an operator, beside texts and names.
bool has_json_operator(const Sql& sql) {
  char quote = 0;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    if (quote != 0) {
      if (sql[i] == quote) quote = 0;
    } else if (sql[i] == '\'' || sql[i] == '"') {
      quote = sql[i];
    } else if (sql.compare(i, 2, "->") == 0) {
      return true;
    }
  }
  return false;
}

/// Adds `what` where one of `expressions` needs an SQLite that has the operators of JSON.
void need_json_operators(const std::string& what, const std::vector<Sql>& expressions, int version,
                         std::vector<std::string>& found) {
  if (std::none_of(expressions.begin(), expressions.end(), has_json_operator)) return;
  found.push_back(what + " needs the operators -> and ->> of SQLite 3.38, and this is " +
                  std::to_string(version / 1000000) + "." + std::to_string(version / 1000 % 1000) +
                  "." + std::to_string(version % 1000));
}

class SqliteBackend final : public Backend {
 public:
  const Dialect& dialect() const override { return sqlite::dialect(); }
  using Backend::introspect;
  Schema introspect(Connection& connection, const std::vector<std::string>&) const override {
    return Introspection(connection).run();
  }
  Schema comparable(const Schema& schema) const override {
    Schema result;
    schema.each([&](const Table& table) { result.set(plain_table(table)); });
    return result;
  }
  Schema views(Connection& connection, const std::vector<std::string>&) const override {
    const Rows rows = connection.query(
        "SELECT v.name, c.name, c.type FROM sqlite_schema v, pragma_table_info(v.name) c "
        "WHERE v.type = 'view' ORDER BY v.name, c.cid");
    Schema schema;
    Table view;
    for (const auto& row : rows.rows) {
      if (view.name != text_of(row[0])) {
        if (!view.columns.empty()) schema.set(view);
        view = Table{.name = text_of(row[0])};
      }
      view.columns.push_back(
          Column{.name = text_of(row[1]), .type = text_of(row[2]), .nullable = true});
    }
    if (!view.columns.empty()) schema.set(view);
    return schema;
  }
  std::vector<DatabaseObject> objects(Connection& connection,
                                      const std::vector<std::string>&) const override {
    const Rows rows = connection.query(
        "SELECT CASE WHEN type = 'table' THEN 'virtual table' ELSE type END, name, "
        "CASE type WHEN 'trigger' THEN tbl_name ELSE '' END, sql FROM sqlite_schema "
        "WHERE type IN ('view', 'trigger') OR (type = 'table' AND sql LIKE 'CREATE VIRTUAL%') "
        "ORDER BY 1, 3, 2");
    std::vector<DatabaseObject> objects;
    for (const auto& row : rows.rows) {
      objects.push_back({text_of(row[0]), text_of(row[1]), text_of(row[2]), text_of(row[3])});
    }
    return objects;
  }
  /// SQLite 3.37 is the oldest there is support for.
  bool has_everything(int version) const override { return version >= 3038000; }
  std::vector<std::string> too_new(const Table& table, int version) const override {
    std::vector<std::string> found;
    if (has_everything(version)) return found;
    for (const Column& column : table.columns) {
      need_json_operators("column \"" + column.name + "\"",
                          {column.generated.value_or(""), column.default_sql.value_or("")}, version,
                          found);
    }
    for (const Check& check : table.checks) {
      need_json_operators("check \"" + check.name + "\"", {check.condition}, version, found);
    }
    for (const TableIndex& index : table.indexes) {
      std::vector<Sql> expressions{index.condition};
      for (const IndexPart& part : index.parts) expressions.push_back(part.expression);
      need_json_operators("index \"" + index.name + "\"", expressions, version, found);
    }
    return found;
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
  std::optional<std::int64_t> commits_of_others(Connection& connection) const override {
    return std::get<std::int64_t>(connection.query("PRAGMA data_version").rows.at(0).at(0));
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
