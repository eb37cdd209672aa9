#include <turnstone/drivers/open.h>
#include <turnstone/identifier.h>
#include <turnstone/migrations/executor.h>
#include <turnstone/migrations/migration.h>
#include <turnstone/schema/lower.h>
#include <turnstone/schema/naming.h>

#include <algorithm>
#include <optional>
#include <set>

#include "../inspection.h"
#include "../page.h"
#include "commands.h"
#include "draft.h"

namespace turnstone::cli {
namespace {

using migrations::MigrationId;

const std::vector<std::string>& forms() {
  static const std::vector<std::string> names = {"text",    "json", "sql", "dot",
                                                 "mermaid", "svg",  "html"};
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

/// True for `--database sqlite` and its like, which mean no database but a kind.
bool names_kind(const Context& context, const Project& project) {
  const std::string& wanted = context.globals.database;
  return !project.find_database(wanted) && (wanted == "sqlite" || wanted == "postgresql");
}

/// The database a schema is for. It need not be there unless it is looked at.
const Dialect& dialect_wanted(Context& context, const Project& project) {
  if (names_kind(context, project)) return dialect_for(context.globals.database);
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
  const std::map<std::string, TableLog> logs = table_logs(files.graph, dialect);
  const auto log = logs.find(options.log);
  if (log == logs.end()) {
    std::vector<std::string> tables;
    for (const auto& entry : logs) tables.push_back(entry.first);
    throw Error(ErrorKind::usage, "no migration makes a table \"" + options.log + "\"", "--log",
                did_you_mean(options.log, tables));
  }
  std::string text;
  Document list = Document::array();
  for (const TableLogEntry& entry : log->second) {
    Document changes = Document::array();
    text += entry.migration.text() + "\n" + told(entry.changes, changes);
    Document item = Document::object();
    list.add(item.set("app", entry.migration.app)
                 .set("name", entry.migration.name)
                 .set("changes", changes));
  }
  context.output.data(text);
  Document document = Document::object();
  context.output.document(document.set("table", options.log).set("log", list));
  return exit_done;
}

/// Every database the project knows; asked where it can be.
std::vector<PageDatabase> page_databases(Context context, const Project& project) {
  if (names_kind(context, project)) context.globals.database.clear();
  std::vector<PageDatabase> databases;
  std::set<std::string> urls;
  const auto url_of = [&](const std::string& name) {
    return choose_database(project, name, context.surroundings.environment).url;
  };
  const auto add = [&](const std::string& name, const migrations::History* history) {
    PageDatabase database{.name = name, .asked = history != nullptr};
    const bool known = project.find_database(name) != nullptr;
    for (const ProjectApp& app : project.apps) {
      if (!lives_in(app, known ? name : "default")) database.elsewhere.push_back(app.label);
    }
    if (history) database.history = *history;
    databases.push_back(std::move(database));
  };
  for (const DatabaseHistory& known : known_histories(context, project, "tell what is applied")) {
    add(known.database, &known.history);
    urls.insert(known.url);
  }
  for (const ProjectDatabase& database : project.databases) {
    try {
      if (urls.contains(url_of(database.alias))) continue;
    } catch (const Error&) {
      // Not set here, so not asked.
    }
    add(database.alias, nullptr);
  }
  return databases;
}

/// What a command line asks to be shown.
struct Asked {
  ShownSchema shown{};
  std::string words{};  ///< whose schema it is
  const Dialect* dialect = nullptr;
  const Files* files = nullptr;  ///< none without a project
};

Page page_for(Context& context, const Asked& asked) {
  Page page{.title = "Schema of " + asked.words,
            .dialect = std::string(asked.dialect->name()),
            .schema = schema_document(asked.shown),
            .diagram = diagram_of(asked.shown)};
  if (!asked.files) return page;
  page.graph = &asked.files->graph;
  page.logs = table_logs(asked.files->graph, *asked.dialect);
  page.databases = page_databases(context, asked.files->project);
  return page;
}

std::string text_in(const std::string& form, Context& context, const Asked& asked) {
  if (form == "json") return schema_document(asked.shown).text() + "\n";
  if (form == "sql") return sql_between({}, asked.shown.schema, *asked.dialect);
  if (form == "dot") return schema_dot(asked.shown);
  if (form == "mermaid") return schema_mermaid(asked.shown);
  if (form == "svg") return diagram_svg(diagram_of(asked.shown), "Schema of " + asked.words);
  if (form == "html") return page_text(page_for(context, asked));
  return schema_text(asked.shown);
}

void write_out(Context& context, const SchemaOptions& options, const Asked& asked) {
  const std::string text = text_in(options.form, context, asked);
  if (options.output.empty()) {
    context.output.data(text);
  } else {
    const std::filesystem::path file = context.surroundings.folder / options.output;
    migrations::write_files(file.parent_path(), {.write = {{file, text}}});
    context.output.text("wrote " + context.output.shown(file.string()) + "\n");
  }
  Document document = schema_document(asked.shown);
  context.output.document(document.set("of", asked.words).set("dialect", asked.dialect->name()));
}

/// `--live`: what is there. A page tells what made it, where there is a project.
int show_live(Context& context, const SchemaOptions& options) {
  const RowsDatabase database = open_live(context);
  const LiveSchema live = read_live(database, {});
  Asked asked{.shown = {.schema = live.tables, .objects = live.objects},
              .words = "database " + database.chosen.name(),
              .dialect = &database.backend->dialect()};
  std::optional<Files> files;
  if (options.form == "html" && !database.project.apps.empty()) {
    files.emplace(read_files(open_project(context)));
    asked.files = &*files;
  }
  write_out(context, options, asked);
  return exit_done;
}

}  // namespace

int schema(Context& context, const SchemaOptions& options) {
  check_schema_options(options);
  if (options.live) return show_live(context, options);
  const Files files = read_files(open_project(context));
  if (!options.app.empty()) check_labels(context, files.project, {options.app});
  const Dialect& dialect = dialect_wanted(context, files.project);
  if (!options.between.empty()) return show_between(context, files, options, dialect);
  if (!options.log.empty()) return show_log(context, files, options, dialect);
  ProjectState state = files.stored.state;
  Asked asked{.words = "all migrations", .dialect = &dialect, .files = &files};
  if (options.models) {
    FinishedModels models = load_models(context, files.project);
    if (!models.problems.empty()) throw models_error(context, models.problems);
    state = models.state;
    asked.words = "the models";
  } else if (!options.name.empty()) {
    const MigrationId id = files.graph.find(options.app, options.name);
    state = state_at(files, id);
    asked.words = id.text();
  }
  asked.shown = shown_state(state, dialect, options.app);
  write_out(context, options, asked);
  return exit_done;
}

}  // namespace turnstone::cli
