#include "histories.h"

#include <turnstone/migrations/executor.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>

namespace turnstone::cli {
namespace {

/// The databases, each once, with what they are called.
std::vector<ChosenDatabase> known_databases(Context& context, const Project& project) {
  std::vector<ChosenDatabase> known;
  std::set<std::string> urls;
  const auto add = [&](ChosenDatabase database) {
    context.output.hide_password_of(database.url);
    if (urls.insert(database.url).second) known.push_back(std::move(database));
  };
  try {
    add(choose_database(context, project));
  } catch (const Error&) {
    // A flag that is wrong is wrong; that no database is set is none of our business.
    if (!context.globals.database.empty()) throw;
  }
  for (const ProjectDatabase& database : project.databases) {
    try {
      add(choose_database(project, database.alias, context.surroundings.environment));
    } catch (const Error&) {
      // Not set here.
    }
  }
  return known;
}

/// Nothing where it cannot be read, with a warning. A file that is not there has an empty one: to
/// look into it would make it.
std::optional<migrations::History> history_of(Context& context, const Project& project,
                                              const ChosenDatabase& database,
                                              const std::string& doubt) {
  try {
    const std::filesystem::path file = database_file(database.url, project.root);
    if (!file.empty() && !std::filesystem::exists(file)) return migrations::History{};
    const auto connection = connect(project, database);
    return migrations::recorder::read(*connection, backend_for(database.url));
  } catch (const Error& error) {
    context.output.warning(
        "cannot " + doubt + " in database " + database.name() + ": " + std::string(error.what()),
        {}, error.hint());
    return std::nullopt;
  }
}

/// The chosen database; where apps say which ones they live in, all of them.
std::vector<ChosenDatabase> databases_to_check(Context& context, const Project& project) {
  std::vector<ChosenDatabase> databases = known_databases(context, project);
  const bool routed = std::any_of(project.apps.begin(), project.apps.end(),
                                  [](const ProjectApp& app) { return !app.databases.empty(); });
  if (routed || databases.empty()) return databases;
  try {
    return {choose_database(context, project)};
  } catch (const Error&) {
    return {};  // none is chosen
  }
}

}  // namespace

std::vector<DatabaseHistory> known_histories(Context& context, const Project& project,
                                             const std::string& doubt) {
  std::vector<DatabaseHistory> histories;
  for (const ChosenDatabase& database : known_databases(context, project)) {
    if (auto history = history_of(context, project, database, doubt)) {
      histories.push_back(
          {.database = database.name(), .url = database.url, .history = std::move(*history)});
    }
  }
  return histories;
}

void check_histories(Context& context, const Project& project,
                     const std::vector<migrations::Migration>& files,
                     const migrations::Graph& graph) {
  for (ChosenDatabase& database : databases_to_check(context, project)) {
    // It is asked by the way: nobody is to wait for it.
    database.options.connect_timeout_s = 2;
    database.options.lock_timeout = "1s";
    const auto read =
        history_of(context, project, database, "tell whether the history fits the migrations");
    if (!read || read->rows().empty()) continue;
    const Project seen = project_on(project, database);
    const migrations::History history = history_here(seen, *read);
    if (seen.elsewhere.empty() && graph.squashes().empty()) {
      migrations::check_consistent(graph, history, database.name());
      continue;
    }
    // Which files count is a matter of what is applied.
    const migrations::Graph own(migrations_here(seen, files), &history);
    migrations::check_consistent(own, history, database.name());
  }
}

std::string database_with(const std::vector<DatabaseHistory>& histories,
                          const migrations::MigrationId& id) {
  for (const DatabaseHistory& known : histories) {
    if (known.history.contains(id)) return known.database;
  }
  return {};
}

}  // namespace turnstone::cli
