#include <turnstone/identifier.h>
#include <turnstone/migrations/executor.h>
#include <turnstone/migrations/squash.h>

#include <algorithm>
#include <set>

#include "../prompt.h"
#include "commands.h"
#include "draft.h"
#include "squash_words.h"

namespace turnstone::cli {
namespace {

namespace fs = std::filesystem;
using migrations::Migration;
using migrations::MigrationId;
using migrations::Retirement;

/// The squash of the app that a name, or its beginning, means.
MigrationId find_squash(const Files& files, const RetiresquashOptions& options) {
  std::vector<std::string> names;
  std::vector<std::string> matches;
  for (const Migration& migration : files.migrations) {
    const MigrationId& id = migration.id;
    if (id.app != options.app) continue;
    if (id.name == options.name) return id;  // also one that is none: it is told so
    if (migration.replaces.empty()) continue;
    names.push_back(id.name);
    if (id.name.starts_with(options.name)) matches.push_back(id.name);
  }
  if (matches.size() == 1) return {options.app, matches.front()};
  const std::string what = "of app \"" + options.app + "\" begins with \"" + options.name + "\"";
  if (matches.size() > 1) {
    throw Error(ErrorKind::usage, "more than one squash " + what, {},
                "it may be " + join(matches, ", "));
  }
  throw Error(ErrorKind::usage, "no squash " + what, {},
              names.empty() ? "the app has none" : "its squashes: " + join(names, ", "));
}

/// A database that counts, and whether it has the squash.
struct Witness {
  std::string name{};
  bool recorded = false;
  /// Neither the squash nor anything it replaces was ever applied: there is nothing in it that
  /// would need the old files, and the squash is what it will begin with.
  bool untouched = false;
  std::string unreachable{};  ///< why it cannot be told
};

/// Names of the databases that must have the squash: those given, else all that the app lives in.
/// An empty one is that of DATABASE_URL.
std::vector<std::string> databases_that_count(const Context& context, const Project& project,
                                              const RetiresquashOptions& options) {
  if (!options.only.empty()) return options.only;
  if (!context.globals.database.empty()) return {context.globals.database};
  const ProjectApp& app = *project.find_app(options.app);
  std::vector<std::string> names;
  for (const ProjectDatabase& database : project.databases) {
    if (lives_in(app, database.alias)) names.push_back(database.alias);
  }
  const Environment& environment = context.surroundings.environment;
  const auto url = environment.find("DATABASE_URL");
  const bool given = url != environment.end() && !url->second.empty() &&
                     lives_in(app, choose_database(project, "", environment).route);
  if (given || names.empty()) names.emplace_back();
  return names;
}

/// `parts`: all the squash stands for, and itself.
Witness ask(Context& context, const Project& project, const std::string& name,
            const MigrationId& squash, const std::vector<MigrationId>& parts) {
  Witness witness{.name = name.empty() ? "DATABASE_URL" : name};
  try {
    const ChosenDatabase database =
        choose_database(project, name, context.surroundings.environment);
    context.output.hide_password_of(database.url);
    witness.name = database.name();
    const std::filesystem::path file = database_file(database.url, project.root);
    migrations::History history;
    if (file.empty() || fs::exists(file)) {  // to look into one that is not there would make it
      history = migrations::recorder::read(*connect(project, database), backend_for(database.url));
    }
    witness.recorded = history.contains(squash);
    witness.untouched = std::none_of(parts.begin(), parts.end(),
                                     [&](const MigrationId& id) { return history.contains(id); });
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::usage) throw;
    witness.unreachable = error.what();
  }
  return witness;
}

/// The squash, all it replaces, and what squashes among these replace.
std::vector<MigrationId> all_parts(const Files& files, const MigrationId& squash) {
  std::vector<MigrationId> parts{squash};
  const auto& squashes = files.graph.squashes();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto at = squashes.find(parts[i]);
    if (at == squashes.end()) continue;
    for (const MigrationId& id : at->second) {
      if (std::find(parts.begin(), parts.end(), id) == parts.end()) parts.push_back(id);
    }
  }
  return parts;
}

/// Throws Error{history} where a database has not got the squash, or cannot be asked.
void check_witnesses(const std::vector<Witness>& witnesses, const MigrationId& squash) {
  std::vector<std::string> lacking;
  std::vector<std::string> silent;
  for (const Witness& witness : witnesses) {
    if (!witness.unreachable.empty()) {
      silent.push_back(witness.name + " (" + witness.unreachable + ")");
    } else if (!witness.recorded && !witness.untouched) {
      lacking.push_back(witness.name);
    }
  }
  if (!lacking.empty()) {
    throw Error(ErrorKind::history, squash.text() + " is not recorded in every database",
                "database " + join(lacking, ", "),
                "run migrate there first, or name the databases that count with --only");
  }
  if (!silent.empty()) {
    throw Error(ErrorKind::history,
                "cannot tell whether " + squash.text() + " is recorded in every database",
                "database " + join(silent, ", "),
                "make it reachable, or name the databases that count with --only");
  }
}

/// SQL files of the migrations that go, without those that another one reads.
std::vector<fs::path> orphaned_sql_files(const Files& files, const Retirement& retirement) {
  std::set<fs::path> orphans;
  std::set<fs::path> used;
  for (const Migration& migration : files.migrations) {
    const auto& removed = retirement.removed;
    const bool goes = std::find(removed.begin(), removed.end(), migration.id) != removed.end();
    for (const std::string& name : migrations::sql_files_of(migration)) {
      const fs::path file = (migration.file.parent_path() / name).lexically_normal();
      (goes ? orphans : used).insert(file);
    }
  }
  for (const fs::path& file : used) orphans.erase(file);
  return {orphans.begin(), orphans.end()};
}

std::vector<std::string> texts(const std::vector<MigrationId>& ids) {
  std::vector<std::string> names;
  for (const MigrationId& id : ids) names.push_back(id.text());
  return names;
}

std::vector<std::string> shown(const Output& output, const std::vector<fs::path>& files) {
  std::vector<std::string> names;
  for (const fs::path& file : files) names.push_back(output.shown(file.string()));
  return names;
}

void show_databases(Output& output, const std::vector<Witness>& witnesses) {
  output.text(output.painted(Role::heading, "Databases:") + "\n");
  for (const Witness& witness : witnesses) {
    const bool good = witness.recorded || witness.untouched;
    const std::string words = !witness.unreachable.empty() ? "cannot be asked"
                              : witness.recorded           ? "has it recorded"
                              : witness.untouched          ? "has nothing of it yet"
                                                           : "does not have it recorded";
    output.text("  " + witness.name + ": " +
                output.painted(good ? Role::success : Role::warning, words) + "\n");
  }
}

Document document_of(const std::vector<Witness>& witnesses) {
  Document list = Document::array();
  for (const Witness& witness : witnesses) {
    Document item = Document::object();
    list.add(item.set("database", witness.name)
                 .set("recorded", witness.recorded)
                 .set("untouched", witness.untouched));
  }
  return list;
}

}  // namespace

int retiresquash(Context& context, const RetiresquashOptions& options) {
  Output& output = context.output;
  const Files files = read_files_for(context, options.app);
  const MigrationId squash = find_squash(files, options);
  const Retirement retirement = migrations::retire_squash(files.migrations, squash);

  const std::vector<MigrationId> parts = all_parts(files, squash);
  std::vector<Witness> witnesses;
  for (const std::string& name : databases_that_count(context, files.project, options)) {
    witnesses.push_back(ask(context, files.project, name, squash, parts));
  }
  show_databases(output, witnesses);
  check_witnesses(witnesses, squash);

  Draft draft{.made = retirement.rewritten,
              .replaced = retirement.removed,
              .also_removed = orphaned_sql_files(files, retirement)};
  std::vector<std::string> rewritten;
  for (const Migration& migration : draft.made) {
    draft.replaced.push_back(migration.id);
    rewritten.push_back(migration.id.text());
  }
  check_same_models(files, draft);
  const migrations::FileChange planned = write_draft(files, draft, true);
  output.text(
      output.painted(Role::heading, options.dry_run ? "Would remove:" : "Files to remove:") + "\n");
  for (const std::string& file : shown(output, planned.remove)) output.text("  " + file + "\n");
  output.text(
      output.painted(Role::heading, options.dry_run ? "Would rewrite:" : "Files to rewrite:") +
      "\n");
  for (const Migration& migration : draft.made) {
    output.text("  " + output.shown(migration.file.string()) + "\n");
  }
  bool write = !options.dry_run;
  if (write && can_ask(context, options.no_input)) {
    Prompt prompt(context.surroundings.in, output);
    write = prompt.yes("Do you wish to proceed?");
  }
  if (write) {
    write_draft(files, draft, false);
    output.text("Retired " + output.painted(Role::label, squash.text()) +
                ": it is a migration like any other now.\n  Run '" + context.program + " migrate " +
                squash.app + " --prune' in each database to forget the rows of the old ones.\n");
  }
  Document document = Document::object();
  output.document(document.set("app", squash.app)
                      .set("name", squash.name)
                      .set("databases", document_of(witnesses))
                      .set("removed", shown(output, planned.remove))
                      .set("rewritten", rewritten)
                      .set("forgotten", texts(retirement.forgotten))
                      .set("written", write)
                      .set("snapshots", snapshots_in(output, planned)));
  return exit_done;
}

}  // namespace turnstone::cli
