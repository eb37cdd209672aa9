#include "postgresql/rows.h"

#include <turnstone/error.h>
#include <turnstone/identifier.h>

#include <string>

#include "postgresql/names.h"

namespace turnstone::postgresql {
namespace {

/// Deferrable keys are deferred; the others are made deferrable for this transaction, which costs a
/// lock on their table and no look at its rows.
class WaitingKeys final : public Backend::WaitingKeys {
 public:
  explicit WaitingKeys(Connection& connection) : connection_(connection) {
    connection_.execute("SET CONSTRAINTS ALL DEFERRED");
  }

  void wait(const Table& table) override {
    const std::string name = table_sql(table.name);
    const std::vector<Value> parameters{name};
    const Rows strict = connection_.query(
        "SELECT conname::text FROM pg_constraint WHERE conrelid = to_regclass($1) "
        "AND contype = 'f' AND NOT condeferrable AND conparentid = 0 ORDER BY conname",
        parameters);
    for (const std::vector<Value>& row : strict.rows) {
      const std::string change = "ALTER TABLE " + name + " ALTER CONSTRAINT " +
                                 quote_identifier(std::get<std::string>(row[0]));
      connection_.execute(change + " DEFERRABLE INITIALLY DEFERRED");
      undo_.push_back(change + " NOT DEFERRABLE");
    }
  }

  void settle() override {
    connection_.execute("SAVEPOINT turnstone_keys");
    try {
      connection_.execute("SET CONSTRAINTS ALL IMMEDIATE");
    } catch (const DatabaseError&) {
      if (connection_.alive()) connection_.execute("ROLLBACK TO SAVEPOINT turnstone_keys");
      throw;
    }
    connection_.execute("RELEASE SAVEPOINT turnstone_keys");
    for (const std::string& statement : undo_) connection_.execute(statement);
  }

 private:
  Connection& connection_;
  std::vector<std::string> undo_{};
};

}  // namespace

void empty_tables(Connection& connection, const std::vector<TablePtr>& tables) {
  if (tables.empty()) return;
  std::vector<std::string> names;
  for (const TablePtr& table : tables) names.push_back(table_sql(table->name));
  connection.execute("TRUNCATE " + join(names, ", ") + " RESTART IDENTITY");
}

void advance_sequences(Connection& connection, const Table& table) {
  const std::string name = table_sql(table.name);
  for (const Column& column : table.columns) {
    if (column.identity == Column::Identity::none) continue;
    const std::vector<Value> parameters{name, column.name};
    connection.query(
        "SELECT setval(of_column, largest) FROM (SELECT pg_get_serial_sequence($1, "
        "$2)::regclass AS of_column, max(" +
            quote_identifier(column.name) + ") AS largest FROM " + name +
            ") AS counted WHERE largest > COALESCE(pg_sequence_last_value(of_column), 0)",
        parameters);
  }
}

std::unique_ptr<Backend::WaitingKeys> defer_keys(Connection& connection) {
  return std::make_unique<WaitingKeys>(connection);
}

}  // namespace turnstone::postgresql
