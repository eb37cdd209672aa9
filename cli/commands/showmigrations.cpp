#include <turnstone/identifier.h>
#include <turnstone/migrations/executor.h>

#include <algorithm>
#include <set>

#include "../every_database.h"
#include "../graph_drawing.h"
#include "../workspace.h"
#include "commands.h"

namespace turnstone::cli {
namespace {

using migrations::Graph;
using migrations::History;
using migrations::Migration;
using migrations::MigrationId;

/// What is known of one migration.
struct Line {
  MigrationId id{};
  char mark = ' ';        ///< `X` applied, `-` all it replaces is, `?` applied without a file
  std::string applied{};  ///< time
  std::vector<MigrationId> replaces{};
  std::vector<MigrationId> dependencies{};
  bool edited = false;
};

class Listing {
 public:
  Listing(const Graph& graph, const History& history) : graph_(graph), history_(history) {
    for (const MigrationId& id : edited_files(graph, history)) edited_.insert(id);
  }

  Line line(const MigrationId& id) const {
    const Migration& migration = graph_.at(id);
    Line line{.id = id, .replaces = migration.replaces, .edited = edited_.contains(id)};
    const auto& parents = graph_.parents(id);
    line.dependencies.assign(parents.begin(), parents.end());
    const migrations::AppliedMigration* row = history_.find(id);
    if (row) line.applied = row->applied;
    if (is_applied(graph_, history_, id)) line.mark = row ? 'X' : '-';
    return line;
  }

  /// Files in the order they are applied, then rows without a file.
  std::vector<Line> lines(const std::vector<std::string>& apps) const {
    std::vector<Line> lines;
    const auto wanted = [&](const MigrationId& id) {
      return std::find(apps.begin(), apps.end(), id.app) != apps.end();
    };
    for (const MigrationId& id : graph_.full_order()) {
      if (wanted(id)) lines.push_back(line(id));
    }
    for (const MigrationId& id : unknown_rows(graph_, history_)) {
      if (!wanted(id)) continue;
      lines.push_back({.id = id, .mark = '?', .applied = history_.find(id)->applied});
    }
    return lines;
  }

 private:
  const Graph& graph_;
  const History& history_;
  std::set<MigrationId> edited_{};
};

/// What stands behind a name.
std::string remarks(const Context& context, const Line& line) {
  const Output& output = context.output;
  std::string text;
  if (!line.replaces.empty()) {
    text += " (" + std::to_string(line.replaces.size()) + " squashed migration" +
            (line.replaces.size() == 1 ? "" : "s") + ")";
  }
  if (output.verbosity() >= 2 && !line.applied.empty())
    text += " (applied at " + line.applied + ")";
  std::string warning;
  if (line.mark == '-') warning = " run '" + context.program + " migrate' to finish recording";
  if (line.mark == '?') warning = " recorded as applied, but there is no file";
  if (line.edited) warning = " edited since it was applied";
  if (!warning.empty()) text += output.painted(Role::warning, warning);
  return text;
}

void show_list(Context& context, const std::vector<Line>& lines,
               const std::vector<std::string>& apps) {
  Output& output = context.output;
  for (const std::string& app : apps) {
    output.data(output.painted(Role::label, app) + "\n");
    bool any = false;
    for (const Line& line : lines) {
      if (line.id.app != app) continue;
      any = true;
      output.data(" [" + std::string(1, line.mark) + "] " + line.id.name + remarks(context, line) +
                  "\n");
    }
    if (!any) output.data(" (no migrations)\n");
  }
}

void show_plan(Context& context, const std::vector<Line>& lines) {
  Output& output = context.output;
  if (lines.empty()) output.data("(no migrations)\n");
  for (const Line& line : lines) {
    std::string needs;
    if (output.verbosity() >= 2 && !line.dependencies.empty()) {
      std::vector<std::string> names;
      for (const MigrationId& id : line.dependencies) names.push_back(id.text());
      needs = " ... (" + join(names, ", ") + ")";
    }
    output.data("[" + std::string(1, line.mark) + "]  " + line.id.text() + needs +
                remarks(context, line) + "\n");
  }
}

/// `--graph`: children above their parents, as version control tools draw history.
void show_graph(Context& context, const Graph& graph, const std::vector<Line>& lines) {
  Output& output = context.output;
  if (lines.empty()) output.data("(no migrations)\n");
  GraphDrawing drawing;
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    std::vector<std::string> parents;
    if (graph.contains(line->id)) {
      for (const MigrationId& parent : graph.parents(line->id)) {
        const bool shown = std::any_of(lines.begin(), lines.end(),
                                       [&](const Line& other) { return other.id == parent; });
        if (shown) parents.push_back(parent.text());
      }
    }
    // The own app's line goes on straight.
    std::stable_partition(parents.begin(), parents.end(), [&](const std::string& parent) {
      return parent.starts_with(line->id.app + ".");
    });
    const char mark = line->mark == 'X' ? '*' : line->mark == ' ' ? 'o' : line->mark;
    for (const std::string& row : drawing.rows(line->id.text(), parents, mark)) {
      const bool own = row.find(mark) != std::string::npos;
      output.data(own ? row + "  " + line->id.text() + remarks(context, *line) + "\n" : row + "\n");
    }
  }
}

Document document_of(const Line& line) {
  Document document = Document::object();
  document.set("app", line.id.app).set("name", line.id.name);
  document.set("applied", line.mark != ' ');
  document.set("applied_at", line.applied.empty() ? Document() : Document(line.applied));
  if (line.mark == '-') document.set("recorded", false);
  if (line.mark == '?') document.set("file", false);
  if (line.edited) document.set("edited", true);
  std::vector<std::string> names;
  for (const MigrationId& id : line.dependencies) names.push_back(id.text());
  document.set("dependencies", names);
  if (line.replaces.empty()) return document;
  names.clear();
  for (const MigrationId& id : line.replaces) names.push_back(id.text());
  return document.set("replaces", names);
}

/// The same for one of several databases: of the apps that were named, those that live there.
ShowmigrationsOptions here(Context& context, const ShowmigrationsOptions& options) {
  const Project whole = open_project(context);
  const Project project = project_on(whole, choose_database(context, whole));
  ShowmigrationsOptions one = options;
  one.all_databases = false;
  std::erase_if(one.apps, [&](const std::string& label) { return !project.find_app(label); });
  return one;
}

}  // namespace

int showmigrations(Context& context, const ShowmigrationsOptions& options) {
  const std::pair<bool, const char*> forms[] = {
      {options.list, "--list"}, {options.plan, "--plan"}, {options.graph, "--graph"}};
  std::vector<std::string> given;
  for (const auto& [asked, name] : forms) {
    if (asked) given.emplace_back(name);
  }
  if (given.size() > 1) {
    throw Error(ErrorKind::usage, given[0] + " and " + given[1] + " exclude each other", {},
                "give one of them");
  }
  if (options.all_databases) {
    return in_every_database(context, options.apps, false,
                             [&] { return showmigrations(context, here(context, options)); });
  }
  const Project whole = open_project(context);
  check_labels(context, whole, options.apps);
  const ChosenDatabase database = choose_database(context, whole);
  const Project project = project_on(whole, database);
  check_labels(context, project, options.apps);
  note_unsettled_snapshots(context, project);
  const std::vector<Migration> files = load_migrations(project);
  const auto connection = connect(project, database);
  const History history =
      history_here(project, migrations::recorder::read(*connection, backend_for(database.url)));
  const Graph graph(files, &history);
  std::vector<std::string> apps = options.apps;
  if (apps.empty()) apps = project.labels();
  const std::vector<Line> lines = Listing(graph, history).lines(apps);
  if (options.graph) {
    show_graph(context, graph, lines);
  } else if (options.plan) {
    show_plan(context, lines);
  } else {
    show_list(context, lines, apps);
  }
  std::vector<std::string> strangers;
  for (const MigrationId& id : unknown_rows(graph, history)) {
    if (!project.find_app(id.app)) strangers.push_back(id.text());
  }
  if (!strangers.empty() && options.apps.empty()) {
    context.output.warning("the database has rows of apps the project does not have: " +
                           join(strangers, ", "));
  }
  Document list = Document::array();
  for (const Line& line : lines) list.add(document_of(line));
  Document document = Document::object();
  context.output.document(document.set("database", database.name()).set("migrations", list));
  return exit_done;
}

}  // namespace turnstone::cli
