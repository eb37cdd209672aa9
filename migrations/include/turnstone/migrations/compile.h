#pragma once

#include <turnstone/db/dialect.h>
#include <turnstone/migrations/graph.h>
#include <turnstone/schema/lower.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace turnstone::migrations {

class Functions;

/// State and schema at one moment, which belong together.
struct Moment {
  ProjectState state{};
  Schema schema{};
};

/// What one operation does to a database, as neutral steps; `moment` moves behind it. Pure but for
/// `functions`, which give the values of registered default functions.
std::vector<Step> forward_steps(Moment& moment, const std::string& app, const Operation& operation,
                                const Dialect& dialect, const Functions& functions);
/// Steps that lead back from `after` to `before`, the moments around the operation.
std::vector<Step> backward_steps(const Moment& before, const Moment& after, const std::string& app,
                                 const Operation& operation, const Dialect& dialect,
                                 const Functions& functions);

/// True for a field whose column may not be NULL and can be given to no row that is there: what
/// comes back when its RemoveField is undone fits an empty table only.
bool has_nothing_for_rows(const Field& field);

/// One migration made ready for one database in one direction.
struct Compiled {
  std::shared_ptr<const Migration> migration{};
  bool backwards = false;
  std::vector<PlannedStep> steps{};  ///< legal for the dialect
  Script script{};                   ///< with the history row
  /// State each operation starts from (forwards: before it; backwards: the one it leads back to).
  std::vector<ProjectState> states{};
  /// For each operation: whether it asks anything of the database. A rebuild may do the work of
  /// several operations at the place of the last.
  std::vector<bool> touches_database{};
};

/// Compiles `migration` forwards and moves `moment` behind it. Pure: same inputs, same bytes out.
Compiled compile_forwards(std::shared_ptr<const Migration> migration, Moment& moment,
                          const Dialect& dialect, const Functions& functions);
/// Compiles the way back: `before` is the moment before the migration.
Compiled compile_backwards(std::shared_ptr<const Migration> migration, const Moment& before,
                           const Dialect& dialect, const Functions& functions);

/// SQL with comments, as `sqlmigrate` prints it: settings, BEGIN, a comment line for each
/// operation, its statements with parameters written out, the history row, COMMIT.
std::string to_text(const Compiled& compiled, const Dialect& dialect);

}  // namespace turnstone::migrations
