#pragma once

#include <turnstone/db/dialect.h>
#include <turnstone/migrations/compile.h>
#include <turnstone/migrations/functions.h>
#include <turnstone/migrations/graph.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace turnstone::migrations {

/// Names and shapes of the tool's own tables; `formats.md` §6.
namespace recorder {
/// Reads `turnstone_migrations`; empty when there is no such table.
History read(Connection& connection, const Backend& backend);
/// `CREATE TABLE IF NOT EXISTS` for history and journal.
void ensure_tables(Connection& connection, const Backend& backend);
Statement insert_row(const Migration& migration, const Dialect& dialect);
Statement delete_row(const MigrationId& id, const Dialect& dialect);
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
  /// A statement that reads every row of a table is still running; a few times a second.
  virtual void progress(const std::string& /*what*/) {}
};

struct ExecuteOptions {
  bool fake = false;
  bool fake_initial = false;
  bool accept_edited = false;
  std::optional<std::chrono::milliseconds> lock_timeout{};
};

/// Takes the lock, reads the history, plans towards `targets`, checks the whole plan (irreversible
/// operations, missing functions, edited files, consistency), then applies it migration by
/// migration. Gives a report for each migration that was done. Throws Error that says which
/// migration, operation and statement failed and what the database said; migrations before it stay
/// applied, this one leaves nothing.
std::vector<MigrationReport> migrate(Connection& connection, const Backend& backend,
                                     const std::vector<Migration>& files,
                                     const Functions& functions, const std::vector<Target>& targets,
                                     const ExecuteOptions& options, Reporter& reporter);

/// Everything `migrate` would do, made ready and checked, without doing it. `history` is what was
/// read.
struct PreparedPlan {
  Plan plan{};
  std::vector<Compiled> compiled{};
};

/// What is wrong with a plan before anything runs: irreversible operations on the way back,
/// functions this executable lacks (all named). Throws Error.
void check_plan(const Plan& plan, const Functions& functions);

/// Runs one script. `states` are those of `Compiled`. Throws like `migrate`.
void run_script(const Compiled& compiled, Connection& connection, const Dialect& dialect,
                const Functions& functions, Reporter& reporter);

}  // namespace turnstone::migrations
