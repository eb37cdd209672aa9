#include <turnstone/drivers/open.h>
#include <turnstone/identifier.h>
#include <turnstone/migrations/executor.h>
#include <turnstone/migrations/migration.h>
#include <turnstone/schema/lower.h>
#include <turnstone/schema/naming.h>

#include <algorithm>

#include "../inspection.h"
#include "../schema_forms.h"
#include "commands.h"
#include "draft.h"

namespace turnstone::cli {
namespace {

using migrations::MigrationId;

const std::vector<std::string>& forms() {
  static const std::vector<std::string> names = {"text", "json", "sql", "dot", "mermaid"};
  return names;
}

void check_schema_options(const SchemaOptions& options) {
  const auto refuse = [](const std::string& message, const std::string& hint) {
    throw Error(ErrorKind::usage, message, {}, hint);
  };
  if (std::find(forms().begin(), forms().end(), options.form) == forms().end()) {
    const std::string near = did_you_mean(options.form, forms());
    throw Error(ErrorKind::usage, "unknown form \"" + options.form + "\"", "--as",
                near.empty() ? "known: " + join(forms(), ", ") : near);
  }
  if (options.models && options.live) {
    refuse("--models and --live exclude each other", "give one of them");
  }
  if (!options.name.empty() && (options.models || options.live)) {
    refuse("a migration and --models or --live exclude each other", "give one of them");
  }
  if (!options.log.empty() &&
      (options.models || options.live || !options.app.empty() || !options.between.empty())) {
    refuse("--log takes a table and nothing else", "schema --log blog_book");
  }
  if (!options.between.empty() && (options.models || options.live || !options.app.empty())) {
    refuse("--between takes two migrations and nothing else",
           "schema --between app.0001_first app.0002_second");
  }
}

/// The database a schema is for. It need not be there unless it is looked at.
const Dialect& dialect_wanted(Context& context, const Project& project) {
  const std::string& wanted = context.globals.database;
  if (!project.find_database(wanted) && (wanted == "sqlite" || wanted == "postgresql")) {
    return dialect_for(wanted);
  }
  return dialect_for(choose_database(context, project).url);
}

/// `app.name`, `app.zero`, or the beginning of a name.
MigrationId migration_named(const Files& files, const std::string& text) {
  const std::size_t dot = text.find('.');
  if (dot == std::string::npos) {
    throw Error(ErrorKind::usage, "\"" + text + "\" names no migration", "--between",
                "write app.name, such as blog.0002_title");
  }
  const std::string app = text.substr(0, dot);
  const std::string name = text.substr(dot + 1);
  if (!files.project.find_app(app)) {
    throw Error(ErrorKind::usage, "there is no app \"" + app + "\"", "--between",
                did_you_mean(app, files.project.labels()));
  }
  if (name == "zero") return {app, {}};
  return files.graph.find(app, name);
}

/// The state once `id` is applied to an empty database, with all it depends on; before anything of
/// its app for zero.
ProjectState state_at(const Files& files, const MigrationId& id) {
  if (id.name.empty()) return {};
  std::vector<MigrationId> needed;
  for (const MigrationId& other : files.graph.forwards_plan(id)) needed.push_back(other);
  return migrations::replay(files.graph, needed);
}

ShownSchema shown_state(const ProjectState& state, const Dialect& dialect, const std::string& app) {
  ShownSchema shown;
  const Schema all = lower(state, dialect);
  state.each([&](const ModelPtr& model) {
    if (!app.empty() && model->app != app) return;
    for (const Table& table : lower_model(state, *model, dialect)) {
      shown.models[table.name] = model->app + "." + model->name;
      shown.schema.set(table);
    }
  });
  return shown;
}

/// What happened to the schema, told from the one before.
std::string change_in_words(const SchemaDifference& change) {
  const std::string what = change.name.empty() ? "table" : change.kind + " \"" + change.name + "\"";
  const auto or_none = [](const std::string& text) { return text.empty() ? "none" : text; };
  switch (change.what) {
    case SchemaDifference::What::missing:
      return what + " is new" + (change.wanted.empty() ? "" : ": " + change.wanted);
    case SchemaDifference::What::extra:
      return what + " is gone";
    case SchemaDifference::What::renamed:
      return what + " was named \"" + change.is + "\"";
    case SchemaDifference::What::changed:
      break;
  }
  return what + ": " + change.property + " was " + or_none(change.is) + ", is " +
         or_none(change.should);
}

/// Adds `changes` to a document, and gives them as lines.
std::string told(const std::vector<SchemaDifference>& changes, Document& list) {
  std::string text;
  for (const SchemaDifference& change : changes) {
    text += "  " + change_in_words(change) + "\n";
    Document item = Document::object();
    list.add(item.set("table", change.table)
                 .set("kind", change.kind)
                 .set("name", change.name)
                 .set("words", change_in_words(change)));
  }
  return text;
}

int show_between(Context& context, const Files& files, const SchemaOptions& options,
                 const Dialect& dialect) {
  const MigrationId first = migration_named(files, options.between[0]);
  const MigrationId second = migration_named(files, options.between[1]);
  const std::vector<SchemaDifference> changes =
      differences(lower(state_at(files, first), dialect), lower(state_at(files, second), dialect));
  Document list = Document::array();
  std::string text;
  for (std::size_t i = 0; i < changes.size();) {
    std::size_t end = i;
    while (end < changes.size() && changes[end].table == changes[i].table) ++end;
    const std::vector<SchemaDifference> of_table(
        changes.begin() + static_cast<std::ptrdiff_t>(i),
        changes.begin() + static_cast<std::ptrdiff_t>(end));
    text += "table \"" + changes[i].table + "\"\n" + told(of_table, list);
    i = end;
  }
  context.output.data(text.empty() ? "No changes\n" : text);
  const auto label = [](const MigrationId& id) {
    return id.name.empty() ? id.app + ".zero" : id.text();
  };
  Document document = Document::object();
  context.output.document(
      document.set("from", label(first)).set("to", label(second)).set("changes", list));
  return exit_done;
}

/// `--log`: what each migration did to one table.
int show_log(Context& context, const Files& files, const SchemaOptions& options,
             const Dialect& dialect) {
  ProjectState state;
  Schema schema;
  std::set<std::string> tables;
  std::string text;
  Document list = Document::array();
  for (const MigrationId& id : files.graph.full_order()) {
    const ProjectState before = state;
    migrations::advance(state, files.graph.at(id));
    Schema after = schema;
    const Relowered touched = relower(after, before, state, dialect);
    tables.insert(touched.tables_after.begin(), touched.tables_after.end());
    Schema was;
    Schema is;
    if (const TablePtr table = schema.find(options.log)) was.set(table);
    if (const TablePtr table = after.find(options.log)) is.set(table);
    schema = after;
    Document changes = Document::array();
    const std::string lines = told(differences(was, is), changes);
    if (lines.empty()) continue;
    text += id.text() + "\n" + lines;
    Document item = Document::object();
    list.add(item.set("app", id.app).set("name", id.name).set("changes", changes));
  }
  if (text.empty()) {
    throw Error(ErrorKind::usage, "no migration makes a table \"" + options.log + "\"", "--log",
                did_you_mean(options.log, {tables.begin(), tables.end()}));
  }
  context.output.data(text);
  Document document = Document::object();
  context.output.document(document.set("table", options.log).set("log", list));
  return exit_done;
}

void write_out(Context& context, const SchemaOptions& options, const std::string& text) {
  if (options.output.empty()) return context.output.data(text);
  const std::filesystem::path file = context.surroundings.folder / options.output;
  migrations::write_files(file.parent_path(), {.write = {{file, text}}});
  context.output.text("wrote " + context.output.shown(file.string()) + "\n");
}

}  // namespace

int schema(Context& context, const SchemaOptions& options) {
  check_schema_options(options);
  ShownSchema shown;
  std::string words;
  const Dialect* dialect = nullptr;
  if (options.live) {
    const RowsDatabase database = open_live(context);
    dialect = &database.backend->dialect();
    const LiveSchema live = read_live(database, {});
    shown = {.schema = live.tables, .objects = live.objects};
    words = "database " + database.chosen.name();
  } else {
    const Files files = read_files(open_project(context));
    if (!options.app.empty()) check_labels(context, files.project, {options.app});
    dialect = &dialect_wanted(context, files.project);
    if (!options.between.empty()) return show_between(context, files, options, *dialect);
    if (!options.log.empty()) return show_log(context, files, options, *dialect);
    ProjectState state = files.stored.state;
    words = "all migrations";
    if (options.models) {
      FinishedModels models = load_models(context, files.project);
      if (!models.problems.empty()) throw models_error(context, models.problems);
      state = models.state;
      words = "the models";
    } else if (!options.name.empty()) {
      const MigrationId id = files.graph.find(options.app, options.name);
      state = state_at(files, id);
      words = id.text();
    }
    shown = shown_state(state, *dialect, options.app);
  }
  Document document = schema_document(shown);
  if (options.form == "json") {
    write_out(context, options, document.text() + "\n");
  } else if (options.form == "sql") {
    write_out(context, options, sql_between({}, shown.schema, *dialect));
  } else if (options.form == "dot") {
    write_out(context, options, schema_dot(shown));
  } else if (options.form == "mermaid") {
    write_out(context, options, schema_mermaid(shown));
  } else {
    write_out(context, options, schema_text(shown));
  }
  context.output.document(document.set("of", words).set("dialect", dialect->name()));
  return exit_done;
}

}  // namespace turnstone::cli
