#include "histories.h"

#include <turnstone/migrations/executor.h>

#include <filesystem>
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

}  // namespace

std::vector<DatabaseHistory> known_histories(Context& context, const Project& project,
                                             const std::string& doubt) {
  std::vector<DatabaseHistory> histories;
  for (const ChosenDatabase& database : known_databases(context, project)) {
    const std::filesystem::path file = database_file(database.url, project.root);
    if (!file.empty() && !std::filesystem::exists(file)) {
      // Looking would make it.
      histories.push_back({.database = database.name(), .url = database.url});
      continue;
    }
    try {
      const auto connection = connect(project, database);
      histories.push_back(
          {.database = database.name(),
           .url = database.url,
           .history = migrations::recorder::read(*connection, backend_for(database.url))});
    } catch (const Error& error) {
      context.output.warning(
          "cannot " + doubt + " in database " + database.name() + ": " + std::string(error.what()),
          {}, error.hint());
    }
  }
  return histories;
}

std::string database_with(const std::vector<DatabaseHistory>& histories,
                          const migrations::MigrationId& id) {
  for (const DatabaseHistory& known : histories) {
    if (known.history.contains(id)) return known.database;
  }
  return {};
}

}  // namespace turnstone::cli
