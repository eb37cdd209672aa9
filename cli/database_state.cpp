#include "database_state.h"

#include <turnstone/drivers/open.h>
#include <turnstone/migrations/executor.h>
#include <turnstone/migrations/fixtures.h>

#include <algorithm>

namespace turnstone::cli {

using migrations::Graph;
using migrations::MigrationId;

RowsDatabase open_rows(Context& context) {
  const Project whole = open_project(context);
  RowsDatabase database{.chosen = choose_database(context, whole)};
  database.project = project_on(whole, database.chosen);
  database.backend = &backend_for(database.chosen.url);
  database.connection = connect(database.project, database.chosen);
  return database;
}

DatabaseState state_of(const RowsDatabase& database) {
  return state_of(database.project, load_migrations(database.project), history_of(database));
}

migrations::History history_of(const RowsDatabase& database) {
  return history_here(database.project,
                      migrations::recorder::read(*database.connection, *database.backend));
}

DatabaseState state_of(const Project& project, const std::vector<migrations::Migration>& files,
                       const migrations::History& history) {
  const Graph graph(files, &history);
  DatabaseState found;
  std::vector<MigrationId> applied;
  for (const MigrationId& id : graph.full_order()) {
    (graph.is_applied(id, history) ? applied : found.pending).push_back(id);
  }
  found.state = found.pending.empty() ? stored_state(project, files, graph).state
                                      : migrations::replay(graph, applied);
  return found;
}

void refuse_pending(const Context& context, const RowsDatabase& database,
                    const DatabaseState& state, const std::vector<std::string>& apps) {
  std::vector<MigrationId> pending;
  for (const MigrationId& id : state.pending) {
    const bool meant = apps.empty() || std::find(apps.begin(), apps.end(), id.app) != apps.end();
    if (meant) pending.push_back(id);
  }
  if (pending.empty()) return;
  const std::string others = pending.size() == 1 ? ""
                             : pending.size() == 2
                                 ? " and another"
                                 : " and " + std::to_string(pending.size() - 1) + " others";
  throw Error(ErrorKind::history,
              "migration " + pending.front().text() + others +
                  (pending.size() == 1 ? " is" : " are") + " not applied",
              "database " + database.connection->display_name(),
              "run \"" + context.program + " migrate\" first");
}

Document document_of(const std::vector<migrations::ModelRows>& rows) {
  Document list = Document::array();
  for (const migrations::ModelRows& model : rows) {
    Document item = Document::object();
    list.add(item.set("model", model.model).set("rows", model.rows));
  }
  return list;
}

}  // namespace turnstone::cli
