#include "draft.h"

#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/migrations/autodetector.h>
#include <turnstone/migrations/rebase.h>
#include <turnstone/migrations/squash.h>

#include <algorithm>
#include <optional>
#include <set>

namespace turnstone::cli {
namespace {

using migrations::FileChange;
using migrations::Graph;
using migrations::Migration;
using migrations::MigrationId;

/// All migrations once the draft is written.
std::vector<Migration> files_after(const Files& files, const Draft& draft) {
  std::vector<Migration> after;
  const auto& gone = draft.replaced;
  for (const Migration& migration : files.migrations) {
    if (std::find(gone.begin(), gone.end(), migration.id) == gone.end()) after.push_back(migration);
  }
  after.insert(after.end(), draft.made.begin(), draft.made.end());
  return after;
}

/// The state behind the draft. New migrations go on from what is stored; where files go, branches
/// are joined or a squash takes the place of others everything is replayed.
ProjectState state_after(const Files& files, const Draft& draft, const Graph& graph) {
  const bool squashes = std::any_of(draft.made.begin(), draft.made.end(),
                                    [](const Migration& made) { return !made.replaces.empty(); });
  if (squashes || !draft.replaced.empty() || !files.graph.conflicts().empty()) {
    return migrations::replay(graph, graph.full_order());
  }
  std::set<MigrationId> made;
  for (const Migration& migration : draft.made) made.insert(migration.id);
  ProjectState state = files.stored.state;
  if (made.empty()) return state;
  for (const MigrationId& id : graph.full_order()) {
    if (made.contains(id)) migrations::advance(state, graph.at(id));
  }
  return state;
}

const std::filesystem::path& file_of(const Files& files, const MigrationId& id) {
  return std::find_if(files.migrations.begin(), files.migrations.end(),
                      [&](const Migration& migration) { return migration.id == id; })
      ->file;
}

Document document_of(const Output& output, const Migration& migration) {
  Document operations = Document::array();
  for (const migrations::Operation& operation : migration.operations) {
    Document item = Document::object();
    item.set("category", std::string(1, migrations::category(operation)));
    operations.add(item.set("description", migrations::describe(operation)));
  }
  Document document = Document::object();
  return document.set("app", migration.id.app)
      .set("name", migration.id.name)
      .set("file", output.shown(migration.file.string()))
      .set("operations", operations);
}

}  // namespace

Files read_files(Project project) {
  std::vector<Migration> all = load_migrations(project);
  Graph graph(all, nullptr);
  StoredState stored = stored_state(project, all, graph);
  return {std::move(project), std::move(all), std::move(graph), std::move(stored)};
}

Files read_files_for(Context& context, const std::string& app) {
  Project project = open_project(context);
  check_labels(context, project, {app});
  Files files = read_files(std::move(project));
  check_conflicts(context, files.graph, {});
  note_stale(context, files);
  return files;
}

void complete(Draft& draft, const Project& project) {
  for (Migration& migration : draft.made) {
    migration.file = project.find_app(migration.id.app)->migrations / (migration.id.name + ".json");
    migration.digest = migrations::digest_of(migration);
  }
}

FileChange file_change(const Files& files, const Draft& draft) {
  const std::vector<Migration> all = files_after(files, draft);
  const Graph graph(all, nullptr);
  const ProjectState state = state_after(files, draft, graph);
  std::set<std::string> touched;
  for (const auto& entry : files.stored.stale) touched.insert(entry.first);
  for (const ModelKey& key : changed_models(files.stored.state, state)) touched.insert(key.app);
  FileChange change;
  for (const Migration& migration : draft.made) {
    touched.insert(migration.id.app);
    const std::string text = migrations::to_text(migration);
    // A file that cannot be read again would stop every command.
    migrations::read_migration(migration.id.app, migration.file, text);
    change.write[migration.file] = text;
    change.expect[migration.file] = std::nullopt;
  }
  for (const MigrationId& id : draft.replaced) {
    const auto& file = file_of(files, id);
    if (!change.write.contains(file)) change.remove.push_back(file);
    change.expect.erase(file);
  }
  change.remove.insert(change.remove.end(), draft.also_removed.begin(), draft.also_removed.end());
  for (const std::string& label : touched) {
    const ProjectApp* app = files.project.find_app(label);
    // An app without migrations has no snapshot: its models can only come from others' operations.
    if (!app || graph.leaves(label).empty()) continue;
    const auto file = snapshot_file(*app);
    const std::string text = migrations::to_text(snapshot_of(label, state, all, graph));
    const auto before = files.stored.texts.find(file);
    if (before != files.stored.texts.end() && before->second == text) continue;
    change.write[file] = text;
    if (before != files.stored.texts.end()) change.expect[file] = before->second;
  }
  return change;
}

void check_same_models(const Files& files, const Draft& draft) {
  const Graph graph(files_after(files, draft), nullptr);
  const std::vector<std::string> unequal =
      migrations::unequal_models(files.stored.state, state_after(files, draft, graph));
  if (unequal.empty()) return;
  throw Error(ErrorKind::conflict, "the models would not be the same: " + join(unequal, ", "), {},
              "nothing was written; please report it");
}

FileChange write_draft(const Files& files, Draft& draft, bool dry_run) {
  complete(draft, files.project);
  FileChange change = file_change(files, draft);
  if (!dry_run && !(change.write.empty() && change.remove.empty())) {
    migrations::write_files(files.project.root, change);
  }
  return change;
}

std::vector<std::string> snapshots_in(const Output& output, const FileChange& change) {
  std::vector<std::string> snapshots;
  for (const auto& entry : change.write) {
    if (entry.first.filename() != "snapshot.json") continue;
    snapshots.push_back(output.shown(entry.first.string()));
  }
  return snapshots;
}

Document show_and_write(Context& context, const Files& files, Draft& draft,
                        const DraftReport& report) {
  Output& output = context.output;
  const FileChange change = write_draft(files, draft, report.dry_run);
  Document list = Document::array();
  std::string app;
  for (const Migration& migration : draft.made) {
    Document item = document_of(output, migration);
    if (report.dry_run) item.set("text", migrations::to_text(migration));
    list.add(item);
    if (migration.id.app != app) {
      app = migration.id.app;
      output.text(output.painted(Role::heading, report.action + " for '" + app + "':") + "\n");
    }
    output.text("  " + output.painted(Role::label, output.shown(migration.file.string())) + "\n");
    for (const migrations::Operation& operation : migration.operations) {
      output.text("    " + std::string(1, migrations::category(operation)) + " " +
                  migrations::describe(operation) + "\n");
    }
    if (report.dry_run && output.verbosity() >= 3) {
      output.text(output.painted(Role::heading, "Full text of '" + migration.id.name + ".json':") +
                  "\n" + migrations::to_text(migration));
    }
  }
  std::vector<std::string> removed;
  for (const auto& file : change.remove) {
    removed.push_back(output.shown(file.string()));
    if (!report.dry_run) output.text("  removed " + removed.back() + "\n");
  }
  Document document = Document::object();
  return document.set("changes", !draft.made.empty())
      .set("written", !report.dry_run)
      .set("migrations", list)
      .set("snapshots", snapshots_in(output, change))
      .set("removed", removed);
}

void note_stale(Context& context, const Files& files) {
  for (const auto& [app, reason] : files.stored.stale) {
    context.output.note("note: the snapshot of app \"" + app +
                        "\" is worked out again from its migrations: " + reason + "\n");
  }
}

std::string next_number(const std::vector<std::string>& names, int unnumbered) {
  std::optional<int> highest;
  for (const std::string& name : names) {
    highest = std::max(highest, migrations::migration_number(name));
  }
  return migrations::number_text(highest.value_or(unnumbered) + 1);
}

}  // namespace turnstone::cli
