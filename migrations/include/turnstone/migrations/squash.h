#pragma once

#include <turnstone/migrations/graph.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

/// One migration in place of several, and the way back to one without memories of them.
/// Source: `django-behaviour.md` §6.3, §8.6, without the defect of its §12 (4).
namespace turnstone::migrations {

/// The migrations of the app that `end` needs, from `start` on, in the order they are applied,
/// `end` last. `start` with an empty name: from the first. `graph` is one of files alone. Throws
/// Error{usage} when `start` does not come before `end`.
std::vector<MigrationId> squash_range(const Graph& graph, const MigrationId& start,
                                      const MigrationId& end);

struct SquashOptions {
  bool from_start = true;  ///< no START was given: `0001_squashed_<end>`, and it is initial
  std::string name{};      ///< instead of `squashed_<end>`
  bool optimize = true;
};
struct Squash {
  Migration migration{};  ///< file and digest are left to who writes it
  std::size_t operations_before = 0;
  /// Operations that nothing is optimized across (raw SQL, code …), with the migration each is
  /// from.
  std::vector<std::pair<MigrationId, Operation>> barriers{};
  /// Elidable operations that were left out, likewise.
  std::vector<std::pair<MigrationId, Operation>> left_out{};
};
/// `range`, one of `squash_range`, as one migration that replaces them. It depends on all that they
/// depend on outside of themselves. Not atomic when something that asked for that remains. Throws
/// nothing of its own; whether it fits between the others is for `check_squash`.
Squash make_squash(const Graph& graph, const std::vector<MigrationId>& range,
                   const SquashOptions& options);

/// Proves that `files` with `squash` among them still make a graph and lead to `wanted`, the state
/// after all of `graph`. Throws Error{conflict}: with the circle where another app's migration
/// comes between, or with what no longer fits; the hint names parts of the range that can be
/// squashed.
void check_squash(const std::vector<Migration>& files, const Graph& graph,
                  const std::vector<MigrationId>& range, const Squash& squash,
                  const ProjectState& wanted);

/// Names of the models that are not equal in both states, or in one alone; in order.
std::vector<std::string> unequal_models(const ProjectState& a, const ProjectState& b);

/// A squash that becomes a migration like any other.
struct Retirement {
  std::vector<Migration> rewritten{};  ///< the squash, and files that named a replaced one
  std::vector<MigrationId> removed{};  ///< migrations that have a file and lose it
  /// All it stood for, file or not: rows that `migrate --prune` takes away.
  std::vector<MigrationId> forgotten{};
};
/// Takes `replaces` out of `squash`, points dependencies at it, and has the old files removed. Each
/// rewritten migration remembers its digest in `formerly`. Throws Error{usage} for one that is no
/// squash.
Retirement retire_squash(const std::vector<Migration>& files, const MigrationId& squash);

/// `migration` with shorter operations of the same meaning, its digest kept in `formerly`.
Squash make_optimized(const Migration& migration);

}  // namespace turnstone::migrations
