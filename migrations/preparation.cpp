#include "preparation.h"

#include <turnstone/error.h>
#include <turnstone/identifier.h>

#include <algorithm>

#include "bookkeeping.h"

namespace turnstone::migrations {

void check_ready(const Graph& graph, const History& history, const std::string& database,
                 const ExecuteOptions& options) {
  for (const auto& [app, leaves] : graph.conflicts()) {
    std::vector<std::string> names;
    for (const MigrationId& leaf : leaves) names.push_back(leaf.name);
    throw Error(ErrorKind::conflict,
                "app \"" + app + "\" has more than one last migration: " + join(names, ", "), {},
                "join them with makemigrations --merge");
  }
  check_consistent(graph, history, database);
  if (options.accept_edited) return;
  std::vector<std::string> edited;
  for (const MigrationId& id : edited_files(graph, history)) edited.push_back(id.text());
  if (edited.empty()) return;
  throw Error(ErrorKind::history, "applied migrations were edited: " + join(edited, ", "),
              "database " + database,
              "restore the files, or accept them as they are with --accept-edited");
}

std::vector<Target> exact_targets(const Graph& graph, const std::vector<Target>& targets) {
  std::vector<Target> exact;
  for (const Target& target : targets) {
    if (!target.name.empty()) {
      exact.push_back({target.app, graph.find(target.app, target.name).name});
      continue;
    }
    const std::vector<std::string>& apps = graph.apps();
    if (std::find(apps.begin(), apps.end(), target.app) == apps.end()) {
      throw Error(ErrorKind::usage, "app \"" + target.app + "\" has no migrations", {},
                  did_you_mean(target.app, apps));
    }
    exact.push_back(target);
  }
  return exact;
}

std::vector<RowChange> rows_to_settle(const Graph& graph, const History& history,
                                      const ExecuteOptions& options, const Dialect& dialect) {
  std::vector<RowChange> changes;
  const auto renew = [&](const std::vector<MigrationId>& ids) {
    for (const MigrationId& id : ids) {
      changes.push_back({.id = id, .statement = recorder::update_digest(graph.at(id), dialect)});
    }
  };
  renew(rewritten_files(graph, history));
  if (options.accept_edited) renew(edited_files(graph, history));
  for (const auto& entry : graph.replaced()) {
    const MigrationId& squash = entry.first;
    if (history.contains(squash) || !is_applied(graph, history, squash)) continue;
    Migration alone = graph.at(squash);
    alone.replaces.clear();
    alone.stands_for.clear();
    changes.push_back(
        {.id = squash, .inserts = true, .statement = recorder::insert_row(alone, dialect)});
  }
  return changes;
}

void check_journal(const Graph& graph, const Plan& plan, Connection& connection) {
  for (const journal::Entry& entry : journal::read_all(connection)) {
    const bool planned = std::any_of(plan.begin(), plan.end(), [&](const auto& step) {
      return step.migration->id == entry.id && step.backwards == entry.backwards;
    });
    if (planned || !graph.contains(entry.id)) continue;
    throw Error(ErrorKind::history,
                entry.id.text() + " was " + (entry.backwards ? "taken back" : "applied") +
                    " in part, and this plan does not finish it",
                "database " + connection.display_name(),
                "run migrate " + entry.id.app + " " +
                    (entry.backwards ? "to before it" : entry.id.name) +
                    " first, or finish it by hand and record it with --fake");
  }
}

Compiled record_only(const PlannedMigration& planned, const Dialect& dialect) {
  Compiled compiled{.migration = planned.migration, .backwards = planned.backwards};
  Batch batch;
  batch.items.push_back({.item = journal::clear(planned.migration->id, dialect)});
  batch.items.push_back({.item = planned.backwards
                                     ? recorder::delete_row(*planned.migration, dialect)
                                     : recorder::insert_row(*planned.migration, dialect)});
  compiled.script.batches.push_back(std::move(batch));
  return compiled;
}

void record(History& history, const PlannedMigration& planned) {
  const Migration& migration = *planned.migration;
  for (const MigrationId& id : recorder::recorded_ids(migration, planned.backwards)) {
    if (planned.backwards) {
      history.erase(id);
    } else {
      history.add({id, {}, id == migration.id ? migration.digest : std::string()});
    }
  }
}

}  // namespace turnstone::migrations
