#include "workspace.h"

#include "json/model_json.h"

#include <turnstone/identifier.h>
#include <turnstone/schema/lower.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <future>
#include <set>
#include <sstream>
#include <system_error>
#include <thread>

namespace turnstone::cli {
namespace {

namespace fs = std::filesystem;
using migrations::Graph;
using migrations::Migration;
using migrations::MigrationId;
using migrations::Snapshot;

/// Hides the passwords of everything in a project file that looks like a URL, also when the file
/// cannot be read as JSON.
void hide_passwords(Output& output, const std::string& text) {
  for (std::size_t at = text.find("://"); at != std::string::npos; at = text.find("://", at + 1)) {
    const std::size_t begin = text.rfind('"', at) + 1;
    output.hide_password_of(text.substr(begin, text.find_first_of("\"\n", at) - begin));
  }
}

std::string init_hint(const Context& context) {
  return "run \"" + context.program +
         " init\" here to begin a project, or name its folder with "
         "--project";
}

const App* find_app(const Context& context, const std::string& label) {
  if (!context.apps) return nullptr;
  for (const App& app : *context.apps) {
    if (app.declared().label == label) return &app;
  }
  return nullptr;
}

/// Apps of a `manage` that the project file leaves out, and folders the program gives.
void add_program_apps(const Context& context, Project& project) {
  if (!context.apps) return;
  for (const App& app : *context.apps) {
    const std::string& label = app.declared().label;
    if (!project.find_app(label)) project.apps.push_back(default_app(project.root, label));
  }
  for (ProjectApp& entry : project.apps) {
    const App* app = find_app(context, entry.label);
    if (app && !app->folder().empty() && !entry.migrations_given) {
      entry.migrations = (project.root / app->folder()).lexically_normal();
    }
  }
  std::sort(project.apps.begin(), project.apps.end(),
            [](const ProjectApp& a, const ProjectApp& b) { return a.label < b.label; });
}

/// The project of a `manage` without a project file: only where that can't be a slip.
Project project_of_program(const Context& context, const fs::path& root) {
  Project project{.root = root};
  add_program_apps(context, project);
  const bool plausible =
      !context.globals.project.empty() ||
      std::any_of(project.apps.begin(), project.apps.end(),
                  [](const ProjectApp& app) { return fs::is_directory(app.migrations); });
  if (!plausible) {
    throw Error(ErrorKind::usage, "there is no turnstone.json here or above", root.string(),
                init_hint(context));
  }
  return project;
}

fs::path starting_folder(const Context& context) {
  if (context.globals.project.empty()) return context.surroundings.folder;
  fs::path folder = context.surroundings.folder / context.globals.project;
  if (folder.filename() == "turnstone.json") folder = folder.parent_path();
  if (!fs::is_directory(folder)) {
    throw Error(ErrorKind::usage, "there is no folder \"" + context.globals.project + "\"", {},
                "--project takes the folder of a turnstone.json");
  }
  return folder;
}

/// True for a text in which version control left both sides of a conflict.
bool has_conflict_marks(const std::string& text) {
  return text.starts_with("<<<<<<< ") || text.find("\n<<<<<<< ") != std::string::npos;
}

std::vector<ModelState> models_of_file(const Context& context, const ProjectApp& app) {
  if (!fs::exists(app.models)) {
    throw Error(ErrorKind::bad_file, "app \"" + app.label + "\" has no file of models",
                app.models.string(),
                "write it (" + context.program + " init " + app.label +
                    "), or run the manage of a C++ project");
  }
  const std::string text = read_file(app.models);
  try {
    return json::read_models(app.label, app.models.string(), text);
  } catch (Error& error) {
    if (has_conflict_marks(text)) {
      error.advise("the file holds conflict marks of a merge: keep what is right of both sides");
    }
    throw;
  }
}

DeclaredApp declared_app(const Context& context, const Project& project, const ProjectApp& app) {
  DeclaredApp declared;
  if (context.apps) {
    const App* found = find_app(context, app.label);
    if (!found) {
      std::vector<std::string> registered;
      for (const App& other : *context.apps) registered.push_back(other.declared().label);
      const std::string near = did_you_mean(app.label, registered);
      throw Error(
          ErrorKind::bad_file, "app \"" + app.label + "\" is not registered in this program",
          project.file.string(), near.empty() ? "add it to the list that manage is given" : near);
    }
    declared = found->declared();
  } else {
    declared.label = app.label;
    declared.models = models_of_file(context, app);
    declared.source = app.models.string();
  }
  const bool chosen = context.apps && declared.default_auto_field != "BigAutoField";
  if (!app.default_auto_field.empty()) {
    declared.default_auto_field = app.default_auto_field;
  } else if (!chosen && !project.default_auto_field.empty()) {
    declared.default_auto_field = project.default_auto_field;
  }
  return declared;
}

/// Names and digests of the migrations of `app`: all that `chain_digest` looks at.
std::vector<Migration> chain_of(const std::string& app, const std::vector<Migration>& files) {
  std::vector<Migration> own;
  for (const Migration& migration : files) {
    if (migration.id.app != app) continue;
    own.push_back(Migration{.id = migration.id, .digest = migration.digest});
  }
  return own;
}

std::vector<std::string> leaf_names(const Graph& graph, const std::string& app) {
  std::vector<std::string> names;
  for (const MigrationId& leaf : graph.leaves(app)) names.push_back(leaf.name);
  return names;
}

/// The app's snapshot where it fits its files; else the reason why it is of no use.
std::string usable_snapshot(const ProjectApp& app, const std::optional<std::string>& text,
                            const std::vector<Migration>& own, const Graph& graph,
                            Snapshot& snapshot) {
  if (!text) return "there is none";
  if (has_conflict_marks(*text)) return "it holds conflict marks of version control";
  try {
    snapshot = migrations::read_snapshot(app.label, snapshot_file(app), *text);
  } catch (const Error& error) {
    return "it cannot be read (" + std::string(error.what()) + ")";
  }
  if (snapshot.leaf != leaf_names(graph, app.label) ||
      snapshot.digest != migrations::chain_digest(own)) {
    return "it does not belong to the migrations as they are";
  }
  return {};
}

}  // namespace

std::string read_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (fs::is_directory(file) || !in || !(text << in.rdbuf() || in.peek() == EOF)) {
    throw Error(
        ErrorKind::bad_file,
        "cannot read the file" + (errno ? ": " + std::string(std::strerror(errno)) : std::string()),
        file.string());
  }
  return text.str();
}

Project open_project(Context& context) {
  const fs::path folder = starting_folder(context);
  std::optional<fs::path> file;
  if (context.globals.project.empty()) {
    file = find_project_file(folder);
  } else if (fs::exists(folder / "turnstone.json")) {
    file = folder / "turnstone.json";
  }
  if (!file) {
    if (!context.apps) {
      const bool named = !context.globals.project.empty();
      throw Error(ErrorKind::usage,
                  named ? "there is no turnstone.json in \"" + context.globals.project + "\""
                        : std::string("there is no turnstone.json here or above"),
                  named ? "" : folder.string(), init_hint(context));
    }
    return project_of_program(context, fs::canonical(folder));
  }
  const fs::path root = fs::canonical(file->parent_path());
  const std::string text = read_file(*file);
  hide_passwords(context.output, text);
  Project project = read_project(root / "turnstone.json", text, context.surroundings.environment,
                                 context.apps == nullptr);
  add_program_apps(context, project);
  if (migrations::finish_pending(root)) {
    context.output.note("note: finished writing files that an interrupted run had begun\n");
  }
  return project;
}

ChosenDatabase choose_database(Context& context, const Project& project) {
  // Before anything can fail: the error may hold the URL.
  for (const auto& [name, value] : context.surroundings.environment) {
    if (value.find("://") != std::string::npos) context.output.hide_password_of(value);
  }
  context.output.hide_password_of(context.globals.database);
  ChosenDatabase chosen =
      choose_database(project, context.globals.database, context.surroundings.environment);
  context.output.hide_password_of(chosen.url);
  return chosen;
}

std::unique_ptr<Connection> connect(const Project& project, const ChosenDatabase& database) {
  try {
    return turnstone::connect(database.url, project.root, database.options);
  } catch (Error& error) {
    error.at("database " + database.name());
    error.advise("look whether the URL is right and the database can be reached");
    throw;
  }
}

namespace {

/// What to say to somebody who named `unknown` apps.
std::string unknown_apps_hint(const Context& context, const std::vector<std::string>& unknown,
                              const std::vector<std::string>& known) {
  if (known.empty()) {
    std::string names;
    for (const std::string& label : unknown) names += is_identifier(label) ? " " + label : " APP";
    return "the project has no apps; run \"" + context.program + " init" + names + "\" to add " +
           (unknown.size() == 1 ? "one" : "them");
  }
  std::vector<std::string> near;
  for (const std::string& label : unknown) {
    const std::string words = did_you_mean(label, known);
    if (words.empty()) return "known: " + join(known, ", ");
    near.push_back((unknown.size() == 1 ? "" : label + ": ") + words);
  }
  return join(near, " ");
}

}  // namespace

void check_labels(const Context& context, const Project& project,
                  const std::vector<std::string>& labels) {
  const std::string file = project.file.string();
  std::vector<std::string> unknown;
  for (const std::string& label : labels) {
    if (project.find_app(label)) continue;
    for (const ProjectApp& app : project.elsewhere) {
      if (app.label != label) continue;
      throw Error(
          ErrorKind::usage,
          "app \"" + label + "\" does not live in the database \"" + project.seen_from + "\"", file,
          "it lives in " + join(app.databases, ", ") + "; name one with --database");
    }
    if (std::find(unknown.begin(), unknown.end(), label) == unknown.end()) unknown.push_back(label);
  }
  if (unknown.empty()) return;
  std::vector<std::string> quoted;
  for (const std::string& label : unknown) quoted.push_back("\"" + label + "\"");
  throw Error(
      ErrorKind::usage,
      (unknown.size() == 1 ? "there is no app " : "there are no apps ") + join(quoted, ", "), file,
      unknown_apps_hint(context, unknown, project.labels()));
}

std::vector<Migration> load_migrations(const Project& project) {
  // App by app on all cores; reading is most of what many commands do. The first app's error is the
  // one that is told, as if they had been read one after the other.
  std::vector<std::packaged_task<std::vector<Migration>()>> tasks;
  std::vector<std::future<std::vector<Migration>>> parts;
  for (const ProjectApp& app : project.apps) {
    tasks.emplace_back([&app] { return migrations::load_migrations(app.label, app.migrations); });
    parts.push_back(tasks.back().get_future());
  }
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < tasks.size(); i = next++) tasks[i]();
  };
  {
    std::vector<std::jthread> helpers;
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    try {
      while (helpers.size() + 1 < std::min(cores, tasks.size())) helpers.emplace_back(work);
    } catch (const std::system_error&) {
      // No more threads are to be had: those that are there do it all.
    }
    work();
  }
  std::vector<Migration> all;
  for (std::future<std::vector<Migration>>& part : parts) {
    std::vector<Migration> own = part.get();
    std::move(own.begin(), own.end(), std::back_inserter(all));
  }
  migrations::tell_known_apps(all, project.labels());
  return migrations_here(project, std::move(all));
}

std::vector<Migration> migrations_here(const Project& project, std::vector<Migration> files) {
  if (project.elsewhere.empty()) return files;
  const auto elsewhere = [&](const MigrationId& id) {
    return std::any_of(project.elsewhere.begin(), project.elsewhere.end(),
                       [&](const ProjectApp& app) { return app.label == id.app; });
  };
  std::erase_if(files, [&](const Migration& migration) { return elsewhere(migration.id); });
  for (Migration& migration : files) {
    std::erase_if(migration.dependencies, elsewhere);
    std::erase_if(migration.run_before, elsewhere);
    std::erase_if(migration.replaces, elsewhere);
  }
  return files;
}

FinishedModels load_models(const Context& context, const Project& project) {
  Registry registry;
  // Also an app of another database may lend fields.
  for (const ProjectApp& app : project.whole().apps) {
    registry.add(declared_app(context, project, app));
  }
  return registry.finish();
}

std::vector<const Dialect*> dialects_of(const Project& project, const Environment& environment) {
  std::map<std::string_view, const Dialect*> known;
  for (const ProjectDatabase& database : project.databases) {
    try {
      const Dialect& dialect = dialect_for(expanded(database.url, environment, database.where));
      known.emplace(dialect.name(), &dialect);
    } catch (const Error&) {
      // Not set here: whoever uses that database will see it.
    }
  }
  std::vector<const Dialect*> dialects;
  for (const auto& entry : known) dialects.push_back(entry.second);
  if (dialects.empty()) dialects = {&dialect_for("sqlite"), &dialect_for("postgresql")};
  return dialects;
}

namespace {

/// The app a problem is about: its place begins with it.
std::string app_of(const Problem& problem) {
  return problem.where.substr(0, problem.where.find('.'));
}

/// A relation needs its target wherever its own model is.
std::vector<Problem> crossing_relations(const Project& project, const ProjectState& state) {
  std::vector<Problem> problems;
  const auto check = [&](const ModelState& model, const ModelPtr& target, const std::string& what) {
    const ProjectApp* from = project.find_app(model.app);
    const ProjectApp* to = target ? project.find_app(target->app) : nullptr;
    if (!from || !to) return;
    for (const std::string& alias : homes_of(project, *from)) {
      if (lives_in(*to, alias)) continue;
      const std::string name = target->app + "." + target->name;
      problems.push_back({.where = model.app + "." + model.name + what,
                          .message = "a relation to " + name + " leads out of the database \"" +
                                     alias + "\": app \"" + target->app + "\" lives in " +
                                     join(homes_of(project, *to), ", "),
                          .hint = "let app \"" + target->app + "\" live in \"" + alias +
                                  "\" too, or hold the key in a plain field"});
      return;
    }
  };
  state.each([&](const ModelPtr& model) {
    for (const std::string& base : model->bases) {
      check(*model, state.find(key_from(base, model->app)), "");
    }
    for (const Field& field : model->fields) {
      if (!is_relation(field.type) || field.parent_link) continue;
      const ModelPtr target =
          field.to == "self" ? model : state.find(key_from(field.to, model->app));
      check(*model, target, "." + field.name);
    }
  });
  return problems;
}

}  // namespace

std::vector<Problem> unsupported_models(const Project& project, const ProjectState& state,
                                        const Environment& environment) {
  struct Kind {
    const Dialect* dialect = nullptr;
    std::vector<std::string> aliases{};
  };
  std::map<std::string, Kind> kinds;
  for (const ProjectDatabase& database : project.databases) {
    try {
      const Dialect& dialect = dialect_for(expanded(database.url, environment, database.where));
      Kind& kind = kinds[std::string(dialect.name())];
      kind.dialect = &dialect;
      kind.aliases.push_back(database.alias);
    } catch (const Error&) {
      // Not set here: whoever uses that database will see it.
    }
  }
  std::vector<Problem> problems;
  for (const auto& entry : kinds) {
    const Kind& kind = entry.second;
    for (Problem& problem : unsupported_parts(state, *kind.dialect)) {
      const ProjectApp* app = project.find_app(app_of(problem));
      const bool concerned =
          !app || std::any_of(kind.aliases.begin(), kind.aliases.end(),
                              [&](const std::string& alias) { return lives_in(*app, alias); });
      if (concerned) problems.push_back(std::move(problem));
    }
  }
  for (Problem& problem : crossing_relations(project, state))
    problems.push_back(std::move(problem));
  return problems;
}

Error models_error(Context& context, const std::vector<Problem>& problems) {
  if (problems.size() == 1) {
    return {ErrorKind::bad_model, problems.front().message, problems.front().where,
            problems.front().hint};
  }
  std::string all;
  for (const Problem& problem : problems) {
    context.output.problem(problem);
    all += (all.empty() ? "" : "\n") + problem.where + ": " + problem.message;
  }
  return {ErrorKind::bad_model, "the models have " + std::to_string(problems.size()) + " problems",
          context.output.json() ? all : std::string(), "see all of them with check"};
}

migrations::History history_here(const Project& project, const migrations::History& history) {
  migrations::History here;
  for (const auto& entry : history.rows()) {
    const bool other =
        std::any_of(project.elsewhere.begin(), project.elsewhere.end(),
                    [&](const ProjectApp& app) { return app.label == entry.first.app; });
    if (!other) here.add(entry.second);
  }
  return here;
}

migrations::Functions registered_functions(const Context& context) {
  migrations::Functions all;
  if (!context.apps) return all;
  for (const App& app : *context.apps) all.add_all(app.functions());
  return all;
}

StoredState stored_state(const Project& project, const std::vector<Migration>& files,
                         const Graph& graph) {
  StoredState stored;
  for (const ProjectApp& app : project.apps) {
    const std::vector<Migration> own = chain_of(app.label, files);
    const fs::path file = snapshot_file(app);
    std::optional<std::string> text;
    if (fs::exists(file)) text = read_file(file);
    stored.texts[file] = text;
    if (own.empty()) continue;
    Snapshot snapshot;
    const std::string reason = usable_snapshot(app, text, own, graph, snapshot);
    if (!reason.empty()) stored.stale[app.label] = reason;
    for (ModelState& model : snapshot.models) stored.state.set(std::move(model));
  }
  // Branches that were not joined yet may not fit together: there is no state to replay.
  if (!stored.stale.empty() && graph.conflicts().empty()) {
    stored.state = migrations::replay(graph, graph.full_order());
  }
  return stored;
}

fs::path snapshot_file(const ProjectApp& app) { return app.migrations / "snapshot.json"; }

Snapshot snapshot_of(const std::string& app, const ProjectState& state,
                     const std::vector<Migration>& files, const Graph& graph) {
  Snapshot snapshot{.leaf = leaf_names(graph, app),
                    .digest = migrations::chain_digest(chain_of(app, files))};
  state.each([&](const ModelPtr& model) {
    if (model->app == app) snapshot.models.push_back(*model);
  });
  return snapshot;
}

void note_unsettled_snapshots(Context& context, const Project& project) {
  for (const ProjectApp& app : project.apps) {
    const fs::path file = snapshot_file(app);
    if (!fs::is_regular_file(file) || !has_conflict_marks(read_file(file))) continue;
    context.output.note("note: the snapshot of app \"" + app.label +
                        "\" holds conflict marks of version control; \"" + context.program +
                        " makemigrations --merge\" writes it anew\n");
  }
}

void check_conflicts(const Context& context, const Graph& graph,
                     const std::vector<std::string>& only) {
  for (const auto& [app, leaves] : graph.conflicts()) {
    if (!only.empty() && std::find(only.begin(), only.end(), app) == only.end()) continue;
    std::vector<std::string> names;
    for (const MigrationId& leaf : leaves) names.push_back(leaf.name);
    throw Error(ErrorKind::conflict,
                "app \"" + app + "\" has more than one last migration: " + join(names, ", "), {},
                "run \"" + context.program + " makemigrations --merge\" to join them");
  }
}

}  // namespace turnstone::cli
