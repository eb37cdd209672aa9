#pragma once

#include <turnstone/db/dialect.h>
#include <turnstone/migrations/compile.h>
#include <turnstone/migrations/functions.h>
#include <turnstone/migrations/graph.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turnstone::migrations {

/// Names and shapes of the tool's own tables; `formats.md` §6.
namespace recorder {
constexpr std::string_view history_table = "turnstone_migrations";
constexpr std::string_view journal_table = "turnstone_journal";

/// Reads `turnstone_migrations`; empty when there is no such table.
History read(Connection& connection, const Backend& backend);
/// Makes the tables for history and journal where they are not there, and adds the columns that a
/// history of an older version lacks; also when several processes try at once. Requires: no
/// transaction is open.
void ensure_tables(Connection& connection, const Backend& backend);
/// Records `migration` now, which ran for `took` where that is known. A squash records what it
/// replaces too, with an empty digest.
Statement insert_row(const Migration& migration, const Dialect& dialect,
                     std::optional<std::chrono::microseconds> took = {});
/// Takes the row of `migration` away, and those of what it replaces.
Statement delete_row(const Migration& migration, const Dialect& dialect);
}  // namespace recorder

enum class Outcome {
  applied,         ///< done and recorded
  skipped,         ///< another migrator had done it in the meantime
  rolled_back,     ///< failed; the database is as before
  partly_applied,  ///< failed in a migration that is not atomic; the journal knows where
  in_doubt,        ///< COMMIT failed and the history cannot be read
};

/// What happened to one migration.
struct MigrationReport {
  MigrationId id{};
  bool backwards = false;
  Outcome outcome = Outcome::applied;
  std::chrono::microseconds took{};
};

/// Told what happens while it happens. All have empty bodies by default.
class Reporter {
 public:
  virtual ~Reporter() = default;
  virtual void waiting_for_lock() {}
  virtual void begin(const Migration&, bool /*backwards*/, bool /*fake*/) {}
  virtual void end(const MigrationReport&) {}
  /// The next thing that is done for a migration: a statement, or in words what is no SQL.
  virtual void step(std::string_view /*what*/) {}
  /// A statement that reads every row of a table is still running; a few times a second.
  virtual void progress(const std::string& /*what*/) {}
};

struct ExecuteOptions {
  bool fake = false;
  bool fake_initial = false;
  /// Files that were edited since they were applied are no error; their new digest is recorded.
  bool accept_edited = false;
  /// How long to wait for other migrators; no value: as long as it takes.
  std::optional<std::chrono::milliseconds> lock_timeout{};
  /// Opens another connection to the same database. Where it is given, a COMMIT whose answer was
  /// lost is settled by reading the history again.
  std::function<std::unique_ptr<Connection>()> reconnect{};
};

/// Takes the lock, reads the history, plans towards `targets` (none: every leaf; names as
/// `Graph::find` takes them), checks the whole plan (conflicts, consistency, edited files,
/// irreversible operations, missing functions), then applies it migration by migration. Squashes
/// whose parts are all applied are recorded on the way. Where another process got ahead, what it
/// did is reported as skipped.
///
/// Gives a report for each migration that was dealt with, in order. Throws Error that says which
/// migration, operation and statement failed and what the database said; migrations before it stay
/// applied, this one leaves nothing (one that is not atomic: what the journal says, and the next
/// run goes on from there). `reporter` hears of the failed one too.
/// Requires: no transaction is open on `connection`.
std::vector<MigrationReport> migrate(Connection& connection, const Backend& backend,
                                     const std::vector<Migration>& files,
                                     const Functions& functions, const std::vector<Target>& targets,
                                     const ExecuteOptions& options, Reporter& reporter);

/// Takes rows of `app` out of the history that no file has any more (`migrate --prune`), and gives
/// them in order. Throws Error{history} while a squash still names one of them.
std::vector<MigrationId> prune(Connection& connection, const Backend& backend,
                               const std::vector<Migration>& files, const std::string& app,
                               const ExecuteOptions& options, Reporter& reporter);

/// What is wrong with a plan before anything runs: irreversible operations on the way back,
/// functions this executable lacks (all named). Throws Error.
void check_plan(const Plan& plan, const Functions& functions);

/// What is wrong with it in this database: a server too old for what a migration asks of it, rows
/// that a column which comes back has nothing for. Throws Error.
void check_plan(const Plan& plan, const Graph& graph, const History& history,
                Connection& connection, const Backend& backend);

/// Runs one script as `migrate` does, its history row with it. Requires: `ensure_tables` ran.
void run_script(const Compiled& compiled, Connection& connection, const Dialect& dialect,
                const Functions& functions, Reporter& reporter);

}  // namespace turnstone::migrations
