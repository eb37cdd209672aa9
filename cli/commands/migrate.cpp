#include <turnstone/identifier.h>
#include <turnstone/migrations/autodetector.h>
#include <turnstone/migrations/executor.h>
#include <turnstone/migrations/plan_script.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "../every_database.h"
#include "../inspection.h"
#include "../prompt.h"
#include "commands.h"
#include "draft.h"
#include "migrate_reporter.h"

namespace turnstone::cli {
namespace {

using namespace std::chrono_literals;
using migrations::Graph;
using migrations::History;
using migrations::Migration;
using migrations::MigrationId;
using migrations::Plan;
using migrations::Target;

/// `--lock-timeout`; 0 does not wait.
std::optional<std::chrono::milliseconds> lock_timeout(const std::string& text) {
  if (text.empty()) return std::nullopt;
  if (!is_timeout(text)) {
    throw Error(ErrorKind::usage, "\"" + text + "\" is no time", "--lock-timeout",
                "write a number and a unit, such as 10s, 500ms or 2min; 0 does not wait");
  }
  const auto number = std::chrono::milliseconds(std::stoll(text));
  const std::string unit = text.substr(text.find_first_not_of("0123456789") < text.size()
                                           ? text.find_first_not_of("0123456789")
                                           : text.size());
  if (unit == "us") return number / 1000;
  if (unit == "s") return number * 1000;
  if (unit == "min") return number * 60000;
  if (unit == "h") return number * 3600000;
  if (unit == "d") return number * 86400000;
  return number;
}

void check_options(const MigrateOptions& options) {
  const auto refuse = [](const std::string& message, const std::string& hint) {
    throw Error(ErrorKind::usage, message, {}, hint);
  };
  if (options.prune && options.app.empty()) refuse("--prune needs an app", "migrate APP --prune");
  if (options.prune && !options.name.empty()) {
    refuse("--prune takes an app and no migration", "migrate " + options.app + " --prune");
  }
  if (options.fake && options.fake_initial) {
    refuse("--fake and --fake-initial exclude each other", "give one of them");
  }
  const std::pair<bool, const char*> others[] = {{options.plan, "--plan"},
                                                 {options.check, "--check"},
                                                 {options.prune, "--prune"},
                                                 {options.fake_initial, "--fake-initial"},
                                                 {options.all_databases, "--all-databases"}};
  for (const auto& [given, name] : others) {
    if (!options.sql || !given) continue;
    refuse("--sql and " + std::string(name) + " exclude each other", "give one of them");
  }
}

/// What one run works on.
struct Run {
  Context& context;
  const MigrateOptions& options;
  Project project{};
  std::vector<Migration> files{};
  ChosenDatabase database{};
  std::unique_ptr<Connection> connection{};
  History history{};
  std::vector<Target> targets{};
  Plan plan{};

  const Backend& backend() const { return backend_for(database.url); }
};

/// Where the lock is one of the whole database (SQLite), no attempt to get it waits longer than
/// `--lock-timeout` says.
void bound_waiting(Run& run) {
  const auto most = lock_timeout(run.options.lock_timeout);
  if (!most || run.backend().dialect().features().advisory_locks) return;
  std::string& own = run.database.options.lock_timeout;
  const std::string usual = is_timeout(own) ? own : "5s";
  const auto waits = lock_timeout(usual)->count();  // 0: for ever
  if (waits == 0 || *most < std::chrono::milliseconds(waits)) {
    own = std::to_string(std::max<std::int64_t>(most->count(), 1)) + "ms";
  }
}

std::vector<Target> targets_of(const Run& run, const Graph& graph) {
  const MigrateOptions& options = run.options;
  if (options.app.empty()) return {};
  if (options.name == "zero") {
    if (graph.leaves(options.app).empty()) graph.find(options.app, "");
    return {{options.app, ""}};
  }
  if (!options.name.empty()) return {{options.app, graph.find(options.app, options.name).name}};
  std::vector<Target> targets;
  for (const MigrationId& leaf : graph.leaves(options.app)) {
    targets.push_back({leaf.app, leaf.name});
  }
  if (targets.empty()) {
    throw Error(ErrorKind::usage, "app \"" + options.app + "\" has no migrations", {},
                "run \"" + run.context.program + " makemigrations " + options.app + "\" first");
  }
  return targets;
}

void show_header(const Run& run, const Graph& graph) {
  Output& output = run.context.output;
  const MigrateOptions& options = run.options;
  std::string what;
  if (options.name == "zero") {
    what = output.painted(Role::label, "Unapply all migrations: ") + options.app;
  } else if (!options.name.empty()) {
    what = output.painted(Role::label, "Target specific migration: ") + run.targets.front().name +
           ", from " + options.app;
  } else {
    const std::string apps = options.app.empty() ? join(graph.apps(), ", ") : options.app;
    what = output.painted(Role::label, "Apply all migrations: ") + (apps.empty() ? "(none)" : apps);
  }
  output.text(output.painted(Role::heading, "Operations to perform:") + "\n  " + what + "\n");
}

void warn_of_unknown_rows(const Run& run, const Graph& graph) {
  std::vector<std::string> rows;
  for (const MigrationId& id : unknown_rows(graph, run.history)) rows.push_back(id.text());
  if (rows.empty()) return;
  run.context.output.warning("recorded as applied, but there is no file: " + join(rows, ", "),
                             "database " + run.connection->display_name(),
                             "get the files back, or take the rows away with migrate APP --prune");
}

std::string shortened(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text.size() > 60 ? text.substr(0, 57) + "..." : text;
}

/// What `--plan` says behind a description.
std::string detail_of(const migrations::Operation& operation, bool backwards) {
  if (backwards && !reversible(operation)) return "IRREVERSIBLE";
  if (const auto* sql = std::get_if<migrations::RunSQL>(&operation.value)) {
    const migrations::RunSQL::Source& source = backwards ? *sql->reverse_sql : sql->sql;
    if (source.text) return shortened(*source.text);
    if (!source.statements.empty()) return shortened(source.statements.front().sql);
  }
  if (const auto* code = std::get_if<migrations::RunCpp>(&operation.value)) {
    return backwards ? *code->reverse_code : code->code;
  }
  return {};
}

Document show_plan(const Run& run) {
  Output& output = run.context.output;
  output.text(output.painted(Role::heading, "Planned operations:") + "\n");
  if (run.plan.empty()) output.text("  No planned migration operations.\n");
  Document list = Document::array();
  for (const migrations::PlannedMigration& planned : run.plan) {
    const Migration& migration = *planned.migration;
    output.text(output.painted(Role::heading, migration.id.text()) + "\n");
    Document operations = Document::array();
    const auto show = [&](const migrations::Operation& operation) {
      const std::string words = (planned.backwards ? "Undo " : "") + describe(operation);
      const std::string detail = detail_of(operation, planned.backwards);
      const Role role = detail == "IRREVERSIBLE" ? Role::warning : Role::plain;
      output.text("    " + words + (detail.empty() ? "" : output.painted(role, " -> " + detail)) +
                  "\n");
      Document item = Document::object();
      operations.add(item.set("description", words).set_if("detail", detail));
    };
    if (planned.backwards) {
      std::for_each(migration.operations.rbegin(), migration.operations.rend(), show);
    } else {
      std::for_each(migration.operations.begin(), migration.operations.end(), show);
    }
    Document item = Document::object();
    list.add(item.set("app", migration.id.app)
                 .set("name", migration.id.name)
                 .set("direction", planned.backwards ? "backwards" : "forwards")
                 .set("operations", operations));
  }
  return list;
}

/// Apps whose models have changes that no migration has. None where models cannot be told: files
/// are enough to migrate.
std::vector<std::string> unmigrated_apps(Run& run) {
  Context& context = run.context;
  const Project project = run.project.whole();
  for (const ProjectApp& app : project.apps) {
    if (!context.apps && !std::filesystem::exists(app.models)) return {};
  }
  try {
    const FinishedModels models = load_models(context, project);
    if (!models.problems.empty()) {
      throw Error(ErrorKind::bad_model, models.problems.front().message,
                  models.problems.front().where);
    }
    const bool all_here = run.project.elsewhere.empty();
    const std::vector<Migration> files = all_here ? run.files : load_migrations(project);
    const Graph graph(files, nullptr);
    const StoredState stored = stored_state(project, files, graph);
    migrations::ExistingMigrations existing;
    for (const ProjectApp& app : project.apps) {
      const auto leaves = graph.leaves(app.label);
      existing.leaf[app.label] = leaves.empty() ? "" : leaves.back().name;
    }
    PreviewQuestioner questioner;
    std::vector<std::string> apps;
    for (const auto& entry : migrations::detect_changes(stored.state, models.state, existing,
                                                        questioner, {.timestamp = "now"})) {
      if (!entry.second.empty() && run.project.find_app(entry.first)) apps.push_back(entry.first);
    }
    return apps;
  } catch (const Error& error) {
    context.output.warning("cannot tell whether the models have changes that are not migrated: " +
                               std::string(error.what()),
                           error.where(), "see " + context.program + " check");
    return {};
  }
}

void note_unmigrated(const Run& run, const std::vector<std::string>& apps) {
  if (apps.empty()) return;
  std::vector<std::string> quoted;
  for (const std::string& app : apps) quoted.push_back("'" + app + "'");
  Output& output = run.context.output;
  output.text(output.painted(
      Role::warning,
      "  Your models in app" + std::string(apps.size() > 1 ? "s " : " ") + join(quoted, ", ") +
          " have changes that are not yet in a migration, and so were not applied.\n  Run '" +
          run.context.program + " makemigrations', then '" + run.context.program +
          " migrate' again.\n"));
}

migrations::ExecuteOptions execute_options(const Run& run) {
  migrations::ExecuteOptions execute{.fake = run.options.fake,
                                     .fake_initial = run.options.fake_initial,
                                     .accept_edited = run.options.accept_edited,
                                     .lock_timeout = lock_timeout(run.options.lock_timeout)};
  execute.reconnect = [&run] { return connect(run.project, run.database); };
  return execute;
}

/// What `connect` makes of a project's session, as a script says it.
std::vector<std::string> session_statements(const Run& run) {
  std::vector<std::string> statements;
  if (!run.backend().dialect().features().advisory_locks) return statements;
  const ConnectOptions& options = run.database.options;
  const std::pair<const char*, const std::string&> timeouts[] = {
      {"lock_timeout", options.lock_timeout}, {"statement_timeout", options.statement_timeout}};
  for (const auto& [name, value] : timeouts) {
    if (!value.empty()) {
      statements.push_back("SET " + std::string(name) + " = " + quote_literal(value));
    }
  }
  return statements;
}

Document base_document(const Run& run) {
  Document document = Document::object();
  return document.set("database", run.database.name());
}

int prune(Run& run) {
  Output& output = run.context.output;
  output.text(output.painted(Role::heading, "Pruning migrations:") + "\n");
  MigrateReporter reporter(output);
  const std::vector<MigrationId> gone = migrations::prune(
      *run.connection, run.backend(), run.files, run.options.app, execute_options(run), reporter);
  Document rows = Document::array();
  for (const MigrationId& id : gone) {
    output.text("  Pruning " + id.text() + " " + output.painted(Role::success, "OK") + "\n");
    Document row = Document::object();
    rows.add(row.set("app", id.app).set("name", id.name));
  }
  if (gone.empty()) output.text("  No migrations to prune.\n");
  output.document(base_document(run).set("pruned", rows));
  return exit_done;
}

/// What `migrate` would not begin for.
void warn_of_obstacles(const Run& run, const Graph& graph) {
  try {
    migrations::check_plan(run.plan, graph, run.history, *run.connection, run.backend());
  } catch (const Error& error) {
    run.context.output.warning(error.what(), error.where(), "migrate will refuse: " + error.hint());
  }
}

/// `--plan` and `--check`: nothing is done.
int announce(Run& run, const Graph& graph) {
  check_conflicts(run.context, graph, {});
  migrations::check_consistent(graph, run.history, run.connection->display_name());
  for (const MigrationId& id : migrations::edited_files(graph, run.history)) {
    if (run.options.accept_edited) break;
    run.context.output.warning(id.text() + " was edited since it was applied",
                               graph.at(id).file.string(),
                               "migrate will refuse: restore the file, or give --accept-edited");
  }
  if (!run.options.fake) warn_of_obstacles(run, graph);
  Document document = base_document(run);
  document.set("pending", run.plan.size());
  if (run.options.plan || run.context.output.json()) {
    document.set("plan", show_plan(run));
  }
  run.context.output.document(document);
  return run.options.check && !run.plan.empty() ? exit_found : exit_done;
}

/// `--sql`: the plan as a script, on standard output.
int write_script(const Run& run) {
  Output& output = run.context.output;
  const migrations::PlanScript script = migrations::plan_script(
      *run.connection, run.backend(), run.files, registered_functions(run.context), run.targets,
      execute_options(run), session_statements(run));
  output.data(script.text);
  Document list = Document::array();
  for (const migrations::PlannedMigration& planned : script.plan) {
    Document item = Document::object();
    list.add(item.set("app", planned.migration->id.app)
                 .set("name", planned.migration->id.name)
                 .set("direction", planned.backwards ? "backwards" : "forwards"));
  }
  Document document = base_document(run);
  document.set("program", run.backend().dialect().shell().program())
      .set("migrations", list)
      .set("script", script.text);
  output.document(document);
  return exit_done;
}

/// How far a failed run came, for people.
void show_remains(const Run& run, const MigrateReporter& reporter) {
  const std::size_t done = reporter.done();
  const std::size_t begun = reporter.begun();
  if (begun == 0) return;
  const std::size_t left = run.plan.size() > begun ? run.plan.size() - begun : 0;
  const auto count = [](std::size_t n) {
    return std::to_string(n) + (n == 1 ? " migration" : " migrations");
  };
  run.context.output.note("  " + count(done) + " before the failure stay" + (done == 1 ? "s" : "") +
                          " as done; " + count(left) + (left == 1 ? " was" : " were") +
                          " not begun\n");
}

int apply(Run& run, const Graph& graph) {
  Output& output = run.context.output;
  show_header(run, graph);
  output.text(output.painted(Role::heading, "Running migrations:") + "\n");
  MigrateReporter reporter(output);
  std::vector<MigrationId> accepted;
  if (run.options.accept_edited) accepted = migrations::edited_files(graph, run.history);
  try {
    migrations::migrate(*run.connection, run.backend(), run.files,
                        registered_functions(run.context), run.targets, execute_options(run),
                        reporter);
  } catch (const Error& error) {
    reporter.close_line();
    Document done = Document::object();
    output.error(error, done.set("migrations", reporter.document()));
    if (!output.json()) show_remains(run, reporter);
    return exit_code(error.kind());
  }
  for (const MigrationId& id : accepted) {
    output.text("  Accepted " + id.text() + " as it is now\n");
  }
  if (reporter.begun() == 0) output.text("  No migrations to apply.\n");
  Document document = base_document(run);
  document.set("migrations", reporter.document());
  if (run.options.name.empty()) {
    const std::vector<std::string> apps = unmigrated_apps(run);
    note_unmigrated(run, apps);
    document.set("unmigrated_apps", apps);
  }
  output.document(document);
  return exit_done;
}

/// `--require-clean`: nothing is done to a database that is not what its migrations made.
void refuse_drift(Run& run) {
  const ProjectState state = state_of(run.project, run.files, run.history).state;
  const Drift drift = drift_of_models(*run.connection, run.backend(), state);
  if (drift.differences.empty()) return;
  const std::string where = "database " + run.connection->display_name();
  for (const SchemaDifference& difference : drift.differences) {
    run.context.output.problem(
        Problem{.where = "table \"" + difference.table + "\"", .message = in_words(difference)});
  }
  const std::size_t count = drift.differences.size();
  throw Error(ErrorKind::history,
              "the database is not what its migrations made: " + std::to_string(count) +
                  (count == 1 ? " difference" : " differences"),
              where, "look at them with diff, or leave --require-clean out");
}

}  // namespace

int migrate(Context& context, const MigrateOptions& options) {
  check_options(options);
  lock_timeout(options.lock_timeout);
  if (options.all_databases) {
    MigrateOptions one = options;
    one.all_databases = false;
    std::vector<std::string> labels;
    if (!options.app.empty()) labels.push_back(options.app);
    return in_every_database(context, labels, true, [&] { return migrate(context, one); });
  }
  Run run{.context = context, .options = options, .project = open_project(context)};
  if (options.app == "zero" && !run.project.find_app("zero")) {
    throw Error(ErrorKind::usage, "zero needs an app", {}, "migrate APP zero");
  }
  if (!options.app.empty()) check_labels(context, run.project, {options.app});
  run.database = choose_database(context, run.project);
  run.project = project_on(run.project, run.database);
  if (!options.app.empty()) check_labels(context, run.project, {options.app});
  note_unsettled_snapshots(context, run.project);
  run.files = load_migrations(run.project);
  bound_waiting(run);
  run.connection = connect(run.project, run.database);
  if (options.prune) return prune(run);
  run.history =
      history_here(run.project, migrations::recorder::read(*run.connection, run.backend()));
  const Graph graph(run.files, &run.history);
  run.targets = targets_of(run, graph);
  warn_of_unknown_rows(run, graph);
  check_conflicts(context, graph, {});
  if (options.require_clean) refuse_drift(run);
  if (options.sql) return write_script(run);
  run.plan = migrations::make_plan(graph, run.history, run.targets);
  return options.plan || options.check ? announce(run, graph) : apply(run, graph);
}

}  // namespace turnstone::cli
