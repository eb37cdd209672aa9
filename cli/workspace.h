#pragma once

#include "context.h"
#include "project.h"

#include <turnstone/db/connection.h>
#include <turnstone/migrations/functions.h>
#include <turnstone/migrations/graph.h>
#include <turnstone/registry.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace turnstone::cli {

/// What was found on disk and in the program, for the commands. Everything throws Error.

/// The project that `--project` or the working directory means; what a killed run left of its files
/// is finished first. A `manage` without a project file works in a folder that holds folders of its
/// apps, or that `--project` names. Known passwords are hidden from the output.
Project open_project(Context& context);

/// The database to work with; its password is hidden from the output.
ChosenDatabase choose_database(Context& context, const Project& project);
std::unique_ptr<Connection> connect(const Project& project, const ChosenDatabase& database);

/// Throws Error{usage} for labels that are no apps of the project, all of them, with the nearest
/// ones, and for an app that does not live in the database the project is seen from, with those it
/// lives in.
void check_labels(const Context& context, const Project& project,
                  const std::vector<std::string>& labels);

/// Migrations of every app, by app and name. What they say of apps that live elsewhere is left out:
/// in this database such dependencies are met.
std::vector<migrations::Migration> load_migrations(const Project& project);

/// `files` of the whole project as `load_migrations` gives them for `project`.
std::vector<migrations::Migration> migrations_here(const Project& project,
                                                   std::vector<migrations::Migration> files);

/// What the models are now, of all apps wherever they live. Throws where an app has none to read.
FinishedModels load_models(const Context& context, const Project& project);
/// What of them the databases of the project cannot keep: parts a database lacks that the app lives
/// in (those that cannot be told from their URL yet are left out), and relations from one database
/// to another.
std::vector<Problem> unsupported_models(const Project& project, const ProjectState& state,
                                        const Environment& environment);
/// The dialects of the project's databases, each once; every dialect where none can be told.
std::vector<const Dialect*> dialects_of(const Project& project, const Environment& environment);
/// One error for all that is wrong with models; where it is more than one problem, each was printed
/// before.
Error models_error(Context& context, const std::vector<Problem>& problems);

/// `history` without rows of apps that live in other databases.
migrations::History history_here(const Project& project, const migrations::History& history);

/// Functions of all apps.
migrations::Functions registered_functions(const Context& context);

/// The state after all migrations, from the snapshots where they fit the files, else by replay.
struct StoredState {
  ProjectState state{};
  /// Apps whose snapshot was of no use, with the reason.
  std::map<std::string, std::string> stale{};
  /// What the snapshot files of apps held; nothing for one that is not there.
  std::map<std::filesystem::path, std::optional<std::string>> texts{};
};
StoredState stored_state(const Project& project, const std::vector<migrations::Migration>& files,
                         const migrations::Graph& graph);
std::filesystem::path snapshot_file(const ProjectApp& app);
/// What the snapshot of `app` has to be when `state` is reached.
migrations::Snapshot snapshot_of(const std::string& app, const ProjectState& state,
                                 const std::vector<migrations::Migration>& files,
                                 const migrations::Graph& graph);

/// One line for each snapshot that version control left in two versions: for commands that go on
/// without it.
void note_unsettled_snapshots(Context& context, const Project& project);

/// Throws Error{conflict} for the first of these apps that has more than one leaf; none: any app.
void check_conflicts(const Context& context, const migrations::Graph& graph,
                     const std::vector<std::string>& only);

/// The text of a file. Throws Error{bad_file}.
std::string read_file(const std::filesystem::path& file);

}  // namespace turnstone::cli
