#pragma once

#include <turnstone/migrations/executor.h>

#include <string>
#include <vector>

// What comes before the first migration of a plan, whoever carries it out.
namespace turnstone::migrations {

/// Throws Error for branches without a common end, a history that does not fit the files, and
/// applied files that were edited. `database` is for messages.
void check_ready(const Graph& graph, const History& history, const std::string& database,
                 const ExecuteOptions& options);

/// The targets with the full names of what they mean. Throws Error{usage}.
std::vector<Target> exact_targets(const Graph& graph, const std::vector<Target>& targets);

/// A change of the history alone.
struct RowChange {
  MigrationId id{};
  bool inserts = false;
  Statement statement{};
};
/// Rows that must change before anything is applied: digests of accepted files and of those that
/// were rewritten without a change of meaning, squashes whose parts are all there.
std::vector<RowChange> rows_to_settle(const Graph& graph, const History& history,
                                      const ExecuteOptions& options, const Dialect& dialect);

/// A migration that is done in part must be finished before anything else is built on it.
/// Throws Error{history} where `plan` does not. Requires: the journal's table is there.
void check_journal(const Graph& graph, const Plan& plan, Connection& connection);

/// A script that changes the bookkeeping alone.
Compiled record_only(const PlannedMigration& planned, const Dialect& dialect);

/// `history` after `planned` was done.
void record(History& history, const PlannedMigration& planned);

}  // namespace turnstone::migrations
