#include <turnstone/identifier.h>
#include <turnstone/match.h>
#include <turnstone/migrations/compile.h>
#include <turnstone/schema/lower.h>

#include <algorithm>

#include "../workspace.h"
#include "commands.h"

namespace turnstone::cli {
namespace {

using migrations::Compiled;
using migrations::Graph;
using migrations::Migration;
using migrations::MigrationId;

/// A migration and all that a database has when its turn comes.
struct Subject {
  std::shared_ptr<const Migration> migration{};
  ProjectState before{};
};

/// In the order of the whole plan, so that tables of other apps are as they will be.
Subject in_plan(const Graph& graph, const MigrationId& id) {
  const std::vector<MigrationId> order = graph.full_order();
  const std::vector<MigrationId> earlier(order.begin(), std::find(order.begin(), order.end(), id));
  return {graph.migrations().at(id), migrations::replay(graph, earlier)};
}

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

Subject subject_of(const std::vector<Migration>& files, const SqlmigrateOptions& options) {
  const Graph graph(files, nullptr);
  const MigrationId exact{options.app, options.name};
  const bool there = std::any_of(files.begin(), files.end(),
                                 [&](const Migration& migration) { return migration.id == exact; });
  if (there && !graph.contains(exact)) return beside_plan(files, exact);
  return in_plan(graph, graph.find(options.app, options.name));
}

/// `--database` may name a kind of database: no connection is needed. Otherwise `project` is seen
/// from the database that is meant.
const Dialect& wanted_dialect(Context& context, Project& project) {
  const std::string& wanted = context.globals.database;
  if (!project.find_database(wanted) && (wanted == "sqlite" || wanted == "postgresql")) {
    return dialect_for(wanted);
  }
  const ChosenDatabase database = choose_database(context, project);
  project = project_on(project, database);
  return dialect_for(database.url);
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
  const Dialect& dialect = wanted_dialect(context, project);
  check_labels(context, project, {options.app});
  note_unsettled_snapshots(context, project);
  const std::vector<Migration> files = load_migrations(project);
  const Subject subject = subject_of(files, options);
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
      .set("database", dialect.name())
      .set("before", compiled.script.setup)
      .set("batches", document_of(compiled))
      .set("after", compiled.script.teardown)
      .set("text", text);
  context.output.document(document);
  return exit_done;
}

}  // namespace turnstone::cli
