#include "sqlite/rows.h"

#include <turnstone/error.h>
#include <turnstone/identifier.h>

#include <string>

namespace turnstone::sqlite {
namespace {

/// `PRAGMA defer_foreign_keys` holds off every key until COMMIT, and ends with the transaction.
class WaitingKeys final : public Backend::WaitingKeys {
 public:
  explicit WaitingKeys(Connection& connection) : connection_(connection) {
    connection_.execute("PRAGMA defer_foreign_keys = ON");
  }
  void wait(const Table& table) override { tables_.push_back(table.name); }
  void settle() override {
    for (const std::string& table : tables_) {
      const std::vector<Value> name{table};
      const Rows broken =
          connection_.query("SELECT \"parent\" FROM pragma_foreign_key_check(?) LIMIT 1", name);
      if (broken.rows.empty()) continue;
      throw DatabaseError("FOREIGN KEY constraint failed",
                          {.kind = DatabaseErrorKind::foreign_key, .table = table}, {});
    }
  }

 private:
  Connection& connection_;
  std::vector<std::string> tables_{};
};

}  // namespace

void empty_tables(Connection& connection, const std::vector<TablePtr>& tables) {
  connection.execute("PRAGMA defer_foreign_keys = ON");
  for (const TablePtr& table : tables) {
    connection.execute("DELETE FROM " + quote_identifier(table->name));
  }
  // The table of counters comes with the first AUTOINCREMENT.
  const Rows counters =
      connection.query("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'");
  if (counters.rows.empty()) return;
  for (const TablePtr& table : tables) {
    const std::vector<Value> name{table->name};
    connection.execute("DELETE FROM sqlite_sequence WHERE name = ? COLLATE NOCASE", name);
  }
}

std::unique_ptr<Backend::WaitingKeys> defer_keys(Connection& connection) {
  return std::make_unique<WaitingKeys>(connection);
}

}  // namespace turnstone::sqlite
