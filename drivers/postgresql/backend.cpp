#include <turnstone/error.h>

#include <random>
#include <thread>

#include "postgresql/introspect.h"
#include "postgresql/names.h"
#include "postgresql/postgresql.h"
#include "postgresql/rows.h"

namespace turnstone::postgresql {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

/// Between two attempts. Migrators that wait for the same lock do not ask in step.
milliseconds pause() {
  thread_local std::minstd_rand random(std::random_device{}());
  return milliseconds(std::uniform_int_distribution<int>(40, 60)(random));
}

bool is_true(const Rows& rows) { return !rows.rows.empty() && rows.rows[0][0] == Value(true); }

class AdvisoryLock final : public Backend::Lock {
 public:
  AdvisoryLock(Connection& connection, Value schema_hash)
      : connection_(connection), keys_{lock_space, std::move(schema_hash)} {}
  ~AdvisoryLock() override {
    if (!held_) return;
    for (const bool last : {false, true}) {
      try {
        if (!connection_.alive()) return;  // The server let go of it with the session.
        connection_.query("SELECT pg_advisory_unlock($1::int4, $2::int4)", keys_);
        return;
      } catch (const std::exception&) {
        if (last) return;
      }
      // A broken transaction refuses even this.
      try {
        if (connection_.in_transaction()) connection_.execute("ROLLBACK");
      } catch (const std::exception&) {
        return;
      }
    }
  }
  AdvisoryLock(const AdvisoryLock&) = delete;
  AdvisoryLock& operator=(const AdvisoryLock&) = delete;

  /// Asks without waiting: a session that waits in the server keeps a snapshot, and an index that
  /// the holder makes concurrently would wait for that.
  bool attempt() {
    held_ = is_true(connection_.query("SELECT pg_try_advisory_lock($1::int4, $2::int4)", keys_));
    return held_;
  }

  /// `process 123 ("turnstone") holds it`, or nothing where the server does not show it.
  std::string holder() {
    const Rows rows = connection_.query(
        "SELECT l.pid, COALESCE(a.application_name, '') FROM pg_locks l "
        "LEFT JOIN pg_stat_activity a ON a.pid = l.pid "
        "WHERE l.locktype = 'advisory' AND l.objsubid = 2 AND l.granted "
        "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
        "AND l.classid::bigint = $1::bigint "
        "AND l.objid::bigint = ($2::bigint + 4294967296) % 4294967296",
        keys_);
    if (rows.rows.empty()) return {};
    const std::vector<Value>& row = rows.rows.front();
    return "server process " + std::to_string(std::get<std::int64_t>(row[0])) + " (\"" +
           std::get<std::string>(row[1]) +
           "\") holds it; wait for it, or end it with "
           "pg_terminate_backend if it hangs";
  }

 private:
  Connection& connection_;
  std::vector<Value> keys_;
  bool held_ = false;
};

constexpr int version_15 = 150000;

std::string needs_15(const std::string& what, int version) {
  return what + " with NULLS NOT DISTINCT needs PostgreSQL 15, and this is " +
         std::to_string(version / 10000) + "." + std::to_string(version % 10000);
}

class PostgresqlBackend final : public Backend {
 public:
  const Dialect& dialect() const override { return postgresql::dialect(); }
  using Backend::introspect;
  Schema introspect(Connection& connection, const std::vector<std::string>& places) const override {
    return read_schema(connection, places);
  }
  Schema views(Connection& connection, const std::vector<std::string>& schemas) const override {
    return read_views(connection, schemas);
  }
  std::vector<DatabaseObject> objects(Connection& connection,
                                      const std::vector<std::string>& schemas) const override {
    return read_objects(connection, schemas);
  }
  Schema comparable(const Schema& schema) const override { return comparable_schema(schema); }
  Schema normalised(Connection& connection, const Schema& schema) const override {
    return normalised_schema(connection, schema);
  }
  /// PostgreSQL 14 is the oldest there is support for.
  bool has_everything(int version) const override { return version >= version_15; }
  std::vector<std::string> too_new(const Table& table, int version) const override {
    std::vector<std::string> found;
    if (has_everything(version)) return found;
    for (const Key& key : table.uniques) {
      if (key.nulls_distinct) continue;
      found.push_back(needs_15("unique constraint \"" + key.name + "\"", version));
    }
    for (const TableIndex& index : table.indexes) {
      if (index.nulls_distinct) continue;
      found.push_back(needs_15("unique index \"" + index.name + "\"", version));
    }
    return found;
  }
  bool has_table(Connection& connection, const std::string& table) const override {
    const std::vector<Value> name = {table_sql(table)};
    return is_true(connection.query(
        "SELECT EXISTS (SELECT FROM pg_class WHERE oid = to_regclass($1) AND relkind IN ('r', "
        "'p'))",
        name));
  }

  std::unique_ptr<Lock> lock(Connection& connection, std::optional<milliseconds> timeout,
                             const std::function<void()>& waiting) const override {
    const Rows schema = connection.query(
        "SELECT hashtext(COALESCE(current_schema(), '')), COALESCE(current_schema(), '')::text");
    auto lock = std::make_unique<AdvisoryLock>(connection, schema.rows.at(0).at(0));
    const auto start = Clock::now();
    for (bool told = false; !lock->attempt(); told = true) {
      if (timeout && Clock::now() - start >= *timeout) {
        throw Error(ErrorKind::locked, "another migrator is at work on this database",
                    connection.display_name() + ", schema \"" +
                        std::get<std::string>(schema.rows[0][1]) + "\"",
                    lock->holder());
      }
      if (!told && waiting) waiting();
      std::this_thread::sleep_for(pause());
    }
    return lock;
  }

  void empty(Connection& connection, const std::vector<TablePtr>& tables) const override {
    empty_tables(connection, tables);
  }
  void advance_counters(Connection& connection, const Table& table) const override {
    advance_sequences(connection, table);
  }
  std::unique_ptr<WaitingKeys> waiting_keys(Connection& connection) const override {
    return defer_keys(connection);
  }
};

}  // namespace

const Backend& backend() {
  static const PostgresqlBackend instance;
  return instance;
}

}  // namespace turnstone::postgresql
