#include <turnstone/identifier.h>
#include <turnstone/migrations/executor.h>

#include <algorithm>
#include <optional>
#include <set>

#include "../every_database.h"
#include "../inspection.h"
#include "../workspace.h"
#include "commands.h"

namespace turnstone::cli {
namespace {

using migrations::Graph;
using migrations::History;
using migrations::Migration;
using migrations::MigrationId;

/// Everything that was found, by what it is about.
class Findings {
 public:
  Findings(Output& output, const std::vector<std::string>& apps) : output_(output), apps_(apps) {}

  bool wanted(const std::string& app) const {
    return apps_.empty() || std::find(apps_.begin(), apps_.end(), app) != apps_.end();
  }
  void add(std::string_view topic, const Problem& problem) {
    ++count_;
    output_.problem(problem);
    Document item = Document::object();
    item.set("about", topic).set("message", output_.shown(problem.message));
    list_.add(item.set_if("where", output_.shown(problem.where))
                  .set_if("hint", output_.shown(problem.hint)));
  }
  void add(std::string_view topic, const Error& error) {
    add(topic, Problem{.where = error.where(), .message = error.what(), .hint = error.hint()});
  }
  std::size_t count() const { return count_; }
  const Document& list() const { return list_; }

 private:
  Output& output_;
  const std::vector<std::string>& apps_;
  std::size_t count_ = 0;
  Document list_ = Document::array();
};

/// Runs `part`; what it throws is a finding.
template <class Part>
bool find(Findings& findings, std::string_view topic, const Part& part) {
  try {
    part();
    return true;
  } catch (const Error& error) {
    findings.add(topic, error);
    return false;
  }
}

/// `blog` of a problem at `blog.Book.title`.
std::string app_of(const Problem& problem) {
  return problem.where.substr(0, problem.where.find('.'));
}

/// Gives the number of models.
std::size_t check_models(const Context& context, const Project& project, Findings& findings) {
  std::size_t models = 0;
  find(findings, "models", [&] {
    const FinishedModels finished = load_models(context, project);
    models = finished.state.size();
    for (const Problem& problem : finished.problems) {
      if (findings.wanted(app_of(problem))) findings.add("models", problem);
    }
    if (!finished.problems.empty()) return;
    for (const Problem& problem :
         unsupported_models(project, finished.state, context.surroundings.environment)) {
      if (findings.wanted(app_of(problem))) findings.add("models", problem);
    }
  });
  return models;
}

/// Migrations of all apps, or nothing when one cannot be read.
std::optional<std::vector<Migration>> check_files(const Project& project, Findings& findings) {
  std::vector<Migration> all;
  bool good = true;
  for (const ProjectApp& app : project.apps) {
    good &= find(findings, "migrations", [&] {
      for (Migration& migration : migrations::load_migrations(app.label, app.migrations)) {
        all.push_back(std::move(migration));
      }
    });
  }
  if (!good) return std::nullopt;
  migrations::tell_known_apps(all, project.labels());
  return all;
}

/// The snapshot of `app` is what replaying its migrations gives.
void check_snapshot(const Context& context, const ProjectApp& app, const ProjectState& replayed,
                    const std::vector<Migration>& files, const Graph& graph, Findings& findings) {
  const auto file = snapshot_file(app);
  const std::string hint = "run \"" + context.program + " makemigrations\" to write it again";
  const auto report = [&](const std::string& message) {
    findings.add("snapshot", Problem{.where = file.string(), .message = message, .hint = hint});
  };
  const bool there = std::filesystem::exists(file);
  if (graph.leaves(app.label).empty()) {
    if (there) {
      findings.add("snapshot",
                   Problem{.where = file.string(),
                           .message = "app \"" + app.label + "\" has a snapshot but no migrations",
                           .hint = "get the migrations back, or remove it"});
    }
    return;
  }
  if (!there) return report("app \"" + app.label + "\" has no snapshot");
  find(findings, "snapshot", [&] {
    const migrations::Snapshot stored = migrations::read_snapshot(app.label, file, read_file(file));
    const migrations::Snapshot wanted = snapshot_of(app.label, replayed, files, graph);
    if (stored.leaf != wanted.leaf || stored.digest != wanted.digest) {
      return report("the snapshot of app \"" + app.label +
                    "\" does not belong to its migrations as they are");
    }
    if (migrations::to_text(stored) != migrations::to_text(wanted)) {
      report("the snapshot of app \"" + app.label + "\" is not what its migrations lead to");
    }
  });
}

void check_graph(const Context& context, const Project& project,
                 const std::vector<Migration>& files, Findings& findings) {
  find(findings, "migrations", [&] {
    const Graph graph(files, nullptr);
    for (const auto& [app, leaves] : graph.conflicts()) {
      if (!findings.wanted(app)) continue;
      const std::vector<std::string> only{app};
      find(findings, "migrations", [&] { check_conflicts(context, graph, only); });
    }
    const ProjectState replayed = migrations::replay(graph, graph.full_order());
    for (const Problem& problem : problems_of(replayed)) {
      if (!findings.wanted(app_of(problem))) continue;
      findings.add("migrations", Problem{.where = problem.where + ", as the migrations leave it",
                                         .message = problem.message,
                                         .hint = problem.hint});
    }
    for (const ProjectApp& app : project.apps) {
      if (!findings.wanted(app.label)) continue;
      check_snapshot(context, app, replayed, files, graph, findings);
    }
  });
}

/// Functions of the migrations that this program does not have: no fault of the files, as some may
/// be applied for good.
void warn_of_functions(Context& context, const std::vector<Migration>& files) {
  if (!context.apps) return;
  const migrations::Functions functions = registered_functions(context);
  for (const Migration& migration : files) {
    std::set<std::string> missing;
    for (const migrations::Operation& operation : migration.operations) {
      for (const bool backwards : {false, true}) {
        for (const std::string& name : migrations::functions_needed(operation, backwards)) {
          if (!functions.has(name)) missing.insert("\"" + name + "\"");
        }
      }
    }
    if (missing.empty()) continue;
    context.output.warning(migration.id.text() + " needs functions this program does not have: " +
                               join({missing.begin(), missing.end()}, ", "),
                           migration.file.string(), "register them with App::function");
  }
}

void check_history(const Project& whole, const std::vector<Migration>& all,
                   const ChosenDatabase& database, Findings& findings) {
  find(findings, "history", [&] {
    const Project project = project_on(whole, database);
    const std::vector<Migration> files = migrations_here(project, all);
    const auto connection = connect(project, database);
    const History history =
        history_here(project, migrations::recorder::read(*connection, backend_for(database.url)));
    const Graph graph(files, &history);
    const std::string where = "database " + connection->display_name();
    find(findings, "history",
         [&] { migrations::check_consistent(graph, history, connection->display_name()); });
    for (const MigrationId& id : edited_files(graph, history)) {
      findings.add("history", Problem{.where = where,
                                      .message = id.text() + " was edited since it was applied",
                                      .hint = "restore " + graph.at(id).file.string() +
                                              ", or accept it with migrate --accept-edited"});
    }
    for (const MigrationId& id : unknown_rows(graph, history)) {
      findings.add("history",
                   Problem{.where = where,
                           .message = id.text() + " is recorded as applied, but has no file",
                           .hint = "get the file back, or run migrate " + id.app + " --prune"});
    }
    find(findings, "drift", [&] {
      const ProjectState state = state_of(project, files, history).state;
      const Drift drift = drift_of_models(*connection, backend_for(database.url), state);
      for (const SchemaDifference& difference : drift.differences) {
        findings.add("drift", Problem{.where = where + ", table \"" + difference.table + "\"",
                                      .message = in_words(difference),
                                      .hint = "look at it with diff"});
      }
    });
  });
}

std::string history_words(const std::vector<ChosenDatabase>& databases) {
  if (databases.empty()) return {};
  if (databases.size() == 1) return " and the history";
  std::vector<std::string> names;
  for (const ChosenDatabase& database : databases) names.push_back(database.name());
  return " and the histories in " + join(names, ", ");
}

}  // namespace

int check(Context& context, const CheckOptions& options) {
  const Project project = open_project(context);
  check_labels(context, project, options.apps);
  // A wrong name is a wrong command line, not a finding.
  std::vector<ChosenDatabase> databases;
  if (options.all_databases) {
    for (const std::string& alias : every_database(context, options.apps)) {
      context.globals.database = alias;
      databases.push_back(choose_database(context, project));
    }
  } else if (!context.globals.database.empty()) {
    databases.push_back(choose_database(context, project));
  }
  const bool with_history = !databases.empty();
  Findings findings(context.output, options.apps);
  const std::size_t models = check_models(context, project, findings);
  const auto files = check_files(project, findings);
  if (files) {
    check_graph(context, project, *files, findings);
    warn_of_functions(context, *files);
    for (const ChosenDatabase& database : databases) {
      check_history(project, *files, database, findings);
    }
  }
  const std::size_t count = files ? files->size() : 0;
  const std::string looked_at = counted(project.apps.size(), "app") + ", " +
                                counted(models, "model") + ", " + counted(count, "migration");
  context.output.text(
      "Checked " + looked_at + history_words(databases) + ": " +
      (findings.count() == 0 ? "no problems" : counted(findings.count(), "problem")) + ".\n");
  Document checked = Document::object();
  checked.set("apps", project.apps.size())
      .set("models", models)
      .set("migrations", count)
      .set("history", with_history);
  Document document = Document::object();
  context.output.document(document.set("ok", findings.count() == 0)
                              .set("problems", findings.list())
                              .set("checked", checked));
  return findings.count() == 0 ? exit_done : exit_found;
}

}  // namespace turnstone::cli
