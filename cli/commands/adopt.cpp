#include <turnstone/identifier.h>
#include <turnstone/migrations/autodetector.h>
#include <turnstone/migrations/executor.h>
#include <turnstone/schema/lower.h>

#include "../inspection.h"
#include "../prompt.h"
#include "commands.h"
#include "draft.h"

namespace turnstone::cli {
namespace {

using migrations::Migration;

/// An app that has nothing yet. Throws otherwise.
const ProjectApp& empty_app(const Context& context, const Project& project,
                            const std::string& label, const Files& files) {
  check_labels(context, project, {label});
  const ProjectApp& app = *project.find_app(label);
  if (!files.graph.leaves(label).empty()) {
    throw Error(ErrorKind::conflict, "app \"" + label + "\" has migrations already",
                app.migrations.string(), "adopt is for an app that has none");
  }
  if (std::filesystem::exists(app.models)) {
    const FinishedModels models = load_models(context, project);
    bool any = !models.problems.empty();
    models.state.each([&](const ModelPtr& model) { any |= model->app == label; });
    if (any) {
      throw Error(ErrorKind::conflict, "app \"" + label + "\" has models already",
                  app.models.string(), "move that file away, or use inspectdb and compare by hand");
    }
  }
  return app;
}

/// Everything in which models would not be what is there; nothing is adopted then.
void refuse_unsayable(Context& context, const std::string& app, const Inspection& found) {
  std::size_t count = 0;
  const auto problem = [&](const std::string& where, const std::string& message) {
    ++count;
    context.output.problem(Problem{.where = where, .message = message});
  };
  for (const Problem& item : found.finished.problems) problem(item.where, item.message);
  for (const SchemaDifference& item : found.unsayable) {
    problem("table \"" + item.table + "\"", in_words(item));
  }
  if (count == 0) return;
  throw Error(ErrorKind::unsupported,
              "the models would not be what the database is: " + std::to_string(count) +
                  (count == 1 ? " difference" : " differences"),
              "app \"" + app + "\"",
              "adopt other tables alone, or change these; nothing was written");
}

Migration initial_migration(Context& context, const Files& files, const ProjectState& models,
                            const std::string& app) {
  RefusingQuestioner refusing;
  ProjectState wanted = files.stored.state;
  models.each([&](const ModelPtr& model) { wanted.set(*model); });
  migrations::ExistingMigrations existing;
  existing.leaf[app] = "";
  auto changes = migrations::detect_changes(
      files.stored.state, wanted, existing, refusing,
      {.only = {app}, .name = "initial", .timestamp = context.surroundings.timestamp()});
  refusing.refuse();
  std::vector<Migration> made = std::move(changes[app]);
  if (made.empty()) {
    throw Error(ErrorKind::usage, "there is no table to adopt", {}, "look at them with inspectdb");
  }
  // Tables that are there are one step, whatever order they would have to be made in.
  Migration initial = std::move(made.front());
  for (std::size_t i = 1; i < made.size(); ++i) {
    for (migrations::Operation& operation : made[i].operations) {
      initial.operations.push_back(std::move(operation));
    }
  }
  initial.id.name = "0001_initial";
  initial.initial = true;
  return initial;
}

/// What models have no word for goes into the migration as SQL, so that databases it makes anew
/// have it too. SQLite has no statement for it.
std::optional<migrations::RunSQL> beyond_models(const ProjectState& models, const Schema& live,
                                                const Dialect& dialect) {
  if (dialect.features().foreign_keys_inline) return std::nullopt;
  const Schema without = wanted_schema(models, dialect).schema;
  std::vector<DatabaseObject> carried;
  const Schema with = with_unsayable(without, live, carried);
  if (carried.empty()) return std::nullopt;
  const auto sql_from = [&](const Schema& before, const Schema& after) {
    migrations::RunSQL::Source source;
    for (Sql& sql : statements_between(before, after, dialect)) {
      source.statements.push_back({.sql = std::move(sql)});
    }
    return source;
  };
  return migrations::RunSQL{.sql = sql_from(without, with), .reverse_sql = sql_from(with, without)};
}

}  // namespace

int adopt(Context& context, const AdoptOptions& options) {
  if (context.apps) {
    throw Error(ErrorKind::unsupported, "adopt writes models.json, and this program has its models",
                {},
                "write the classes with inspectdb --cpp, then record 0001_initial with migrate "
                "--fake");
  }
  const RowsDatabase database = open_live(context);
  const Dialect& dialect = database.backend->dialect();
  const Files files = read_files(open_project(context));
  const ProjectApp& app = empty_app(context, files.project, options.app, files);
  const LiveSchema live =
      read_live(database, {.patterns = options.tables, .schema = options.schema});
  const Inspection found = inspect_live(database, live, options.app);
  refuse_unsayable(context, options.app, found);
  Draft draft;
  draft.made.push_back(initial_migration(context, files, found.finished.state, options.app));
  if (auto more = beyond_models(found.finished.state, live.tables, dialect)) {
    draft.made.front().operations.push_back(migrations::Operation(std::move(*more)));
  }
  complete(draft, files.project);
  // The proof goes by the migration, not by the models it was made from.
  ProjectState state = files.stored.state;
  migrations::advance(state, draft.made.front());
  ProjectState own;
  state.each([&](const ModelPtr& model) {
    if (model->app == options.app) own.set(*model);
  });
  const Drift drift =
      drift_of(*database.connection, *database.backend, live.tables, wanted_schema(own, dialect));
  Inspection proof{.unsayable = drift.differences};
  refuse_unsayable(context, options.app, proof);
  migrations::FileChange change = file_change(files, draft);
  change.write[app.models] = found.file;
  for (const InspectRemark& remark : found.inspected.remarks) {
    context.output.warning(remark.text, options.app + "." + remark.model +
                                            (remark.field.empty() ? "" : "." + remark.field));
  }
  if (!options.dry_run) {
    migrations::recorder::ensure_tables(*database.connection, *database.backend);
    Transaction transaction(*database.connection, dialect.begin());
    const Statement row = migrations::recorder::insert_row(draft.made.front(), dialect);
    database.connection->execute(row.sql, row.parameters);
    migrations::write_files(files.project.root, change);
    transaction.commit();
  }
  std::vector<std::string> written;
  for (const auto& entry : change.write) {
    written.push_back(context.output.shown(entry.first.string()));
    context.output.text((options.dry_run ? "would write " : "wrote ") + written.back() + "\n");
  }
  const std::size_t models = found.inspected.models.size();
  context.output.text((options.dry_run ? "Would adopt " : "Adopted ") + std::to_string(models) +
                      (models == 1 ? " model" : " models") + " from database " +
                      database.chosen.name() + " as app " + options.app + ".\n");
  Document document = Document::object();
  context.output.document(document.set("database", database.chosen.name())
                              .set("app", options.app)
                              .set("models", models)
                              .set("written", written)
                              .set("recorded", !options.dry_run));
  return exit_done;
}

}  // namespace turnstone::cli
