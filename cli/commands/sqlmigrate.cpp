#include <turnstone/identifier.h>
#include <turnstone/match.h>
#include <turnstone/migrations/compile.h>
#include <turnstone/migrations/executor.h>
#include <turnstone/schema/lower.h>

#include <algorithm>

#include "../workspace.h"
#include "commands.h"

namespace turnstone::cli {
namespace {

using migrations::Compiled;
using migrations::Graph;
using migrations::History;
using migrations::Migration;
using migrations::MigrationId;

/// A migration and all that a database has when its turn comes.
struct Subject {
  std::shared_ptr<const Migration> migration{};
  ProjectState before{};
};

/// Where the plan is made for, as far as it is known.
struct Place {
  const Dialect& dialect;
  std::string database{};  ///< its name, for people
  History history{};
};

/// One that a squash replaces stands in no plan: it is shown after what it depends on.
Subject beside_plan(std::vector<Migration> files, const MigrationId& id) {
  std::erase_if(files, [&](const Migration& migration) {
    const auto& replaced = migration.replaces;
    return std::find(replaced.begin(), replaced.end(), id) != replaced.end();
  });
  for (Migration& migration : files) migration.replaces.clear();
  const Graph graph(std::move(files), nullptr);
  std::vector<MigrationId> earlier = graph.forwards_plan(id);
  earlier.pop_back();
  return {graph.migrations().at(id), migrations::replay(graph, earlier)};
}

Subject subject_of(const std::vector<Migration>& files, const History& history,
                   const SqlmigrateOptions& options) {
  // Without a history every squash counts, as it does in a new database.
  const Graph graph(files, history.rows().empty() ? nullptr : &history);
  const MigrationId exact{options.app, options.name};
  const bool there = std::any_of(files.begin(), files.end(),
                                 [&](const Migration& migration) { return migration.id == exact; });
  if (there && !graph.contains(exact)) return beside_plan(files, exact);
  const MigrationId id = graph.find(options.app, options.name);
  return {graph.migrations().at(id), migrations::state_in_plan(graph, history, id)};
}

/// `--database` may name a kind of database: no connection is made then. Otherwise `project` is
/// seen from the database that is meant; one that cannot be reached is taken for empty.
Place wanted_place(Context& context, Project& project) {
  const std::string& wanted = context.globals.database;
  if (!project.find_database(wanted) && (wanted == "sqlite" || wanted == "postgresql")) {
    return {.dialect = dialect_for(wanted), .database = wanted};
  }
  const ChosenDatabase chosen = choose_database(context, project);
  project = project_on(project, chosen);
  Place place{.dialect = dialect_for(chosen.url), .database = chosen.name()};
  const std::filesystem::path file = database_file(chosen.url, project.root);
  if (!file.empty() && !std::filesystem::exists(file)) return place;
  try {
    const auto connection = connect(project, chosen);
    place.history =
        history_here(project, migrations::recorder::read(*connection, backend_for(chosen.url)));
  } catch (const DatabaseError& error) {
    context.output.warning(
        "the database cannot be asked, and is taken for empty: " + std::string(error.what()),
        error.where());
  }
  return place;
}

struct ItemDocument {
  Document& document;
  void operator()(const Statement& item) const { document.set("sql", item.sql); }
  void operator()(const CodeCall& item) const { document.set("function", item.function); }
  void operator()(const Procedure& item) const { document.set("procedure", item.comment); }
};

Document document_of(const Compiled& compiled) {
  Document list = Document::array();
  for (const Batch& batch : compiled.script.batches) {
    Document items = Document::array();
    for (const ScriptItem& item : batch.items) {
      Document entry = Document::object();
      entry.set("operation",
                item.operation == ScriptItem::npos ? Document() : Document(item.operation + 1));
      match(item.item, ItemDocument{entry});
      items.add(entry);
    }
    Document entry = Document::object();
    list.add(entry.set("transaction", batch.transactional).set("statements", items));
  }
  return list;
}

}  // namespace

int sqlmigrate(Context& context, const SqlmigrateOptions& options) {
  Project project = open_project(context);
  check_labels(context, project, {options.app});
  const Place place = wanted_place(context, project);
  const Dialect& dialect = place.dialect;
  check_labels(context, project, {options.app});
  note_unsettled_snapshots(context, project);
  const std::vector<Migration> files = load_migrations(project);
  const Subject subject = subject_of(files, place.history, options);
  const migrations::Functions functions = registered_functions(context);
  migrations::Moment moment{.state = subject.before, .schema = lower(subject.before, dialect)};
  const Compiled compiled =
      options.backwards
          ? migrations::compile_backwards(subject.migration, moment, dialect, functions)
          : migrations::compile_forwards(subject.migration, moment, dialect, functions);
  const std::string text = migrations::to_text(compiled, dialect);
  context.output.data(text);
  if (subject.migration->operations.empty()) {
    context.output.note("note: " + subject.migration->id.text() + " has no operations\n");
  }
  Document document = Document::object();
  document.set("app", subject.migration->id.app)
      .set("name", subject.migration->id.name)
      .set("direction", options.backwards ? "backwards" : "forwards")
      .set("database", place.database)
      .set("dialect", dialect.name())
      .set("before", compiled.script.setup)
      .set("batches", document_of(compiled))
      .set("after", compiled.script.teardown)
      .set("text", text);
  context.output.document(document);
  return exit_done;
}

}  // namespace turnstone::cli
