#include <turnstone/migrations/rebase.h>

#include <algorithm>

#include "../histories.h"
#include "commands.h"
#include "merge.h"

namespace turnstone::cli {
namespace {

using migrations::Branch;
using migrations::MigrationId;
using migrations::Rebase;

/// Where the branch goes, and the branch.
struct Choice {
  MigrationId onto{};
  Branch local{};
};

bool holds(const Branch& branch, const MigrationId& id) {
  return std::any_of(branch.own.begin(), branch.own.end(),
                     [&](const auto& migration) { return migration->id == id; });
}

/// The first migration of the branch that a database has, and that database.
std::pair<MigrationId, std::string> applied_part(const Branch& branch,
                                                 const std::vector<DatabaseHistory>& histories) {
  for (const auto& migration : branch.own) {
    const std::string database = database_with(histories, migration->id);
    if (!database.empty()) return {migration->id, database};
  }
  return {};
}

/// `--onto` says which branch stays.
Choice chosen(const Files& files, const std::vector<Branch>& branches,
              const RebaseOptions& options) {
  const MigrationId named = files.graph.find(options.app, options.onto);
  std::vector<const Branch*> with;
  for (const Branch& branch : branches) {
    if (holds(branch, named)) with.push_back(&branch);
  }
  if (with.size() != 1) {
    throw Error(
        ErrorKind::usage,
        named.text() + " is " + (with.empty() ? "before the branches part" : "in both branches"),
        "--onto",
        "name " + branches[0].leaf.name + " or " + branches[1].leaf.name +
            ": the branch that stays where it is");
  }
  const Branch& other = with.front() == &branches[0] ? branches[1] : branches[0];
  return {with.front()->leaf, other};
}

/// Without `--onto` the branch that no database has applied is the local one.
Choice found(const Context& context, const std::vector<Branch>& branches,
             const std::vector<DatabaseHistory>& histories) {
  const auto first = applied_part(branches[0], histories);
  const auto second = applied_part(branches[1], histories);
  const std::string a = branches[0].leaf.name;
  const std::string b = branches[1].leaf.name;
  if (first.second.empty() && second.second.empty()) {
    throw Error(
        ErrorKind::question,
        "nothing tells which branch is the local one: no database has applied " + a + " or " + b,
        {}, "name the branch that stays: --onto " + a + " or --onto " + b);
  }
  if (!first.second.empty() && !second.second.empty()) {
    throw Error(ErrorKind::conflict,
                "both branches are applied: " + first.first.name + " in database " + first.second +
                    ", " + second.first.name + " in database " + second.second,
                {}, "join them with \"" + context.program + " makemigrations --merge\"");
  }
  return first.second.empty() ? Choice{branches[1].leaf, branches[0]}
                              : Choice{branches[0].leaf, branches[1]};
}

/// A file that a database has applied keeps its name and its text.
void check_unapplied(const Context& context, const Rebase& plan,
                     const std::vector<DatabaseHistory>& histories) {
  for (const MigrationId& id : plan.replaced) {
    const std::string database = database_with(histories, id);
    if (database.empty()) continue;
    throw Error(ErrorKind::conflict,
                "cannot rebase: " + id.text() + " is applied in database " + database, {},
                "take it back there first (migrate " + id.app + " to the one before it), or join " +
                    "the branches with \"" + context.program + " makemigrations --merge\"");
  }
}

Document show(Context& context, const Files& files, const Choice& choice, const Rebase& plan,
              bool dry_run) {
  Output& output = context.output;
  const std::string& app = choice.onto.app;
  output.text(output.painted(Role::heading, std::string(dry_run ? "Would rebase '" : "Rebased '") +
                                                app + "' onto " + choice.onto.name + ":") +
              "\n");
  const auto file_of = [&](const MigrationId& id) {
    const auto folder = files.project.find_app(id.app)->migrations;
    return output.shown((folder / (id.name + ".json")).string());
  };
  Document moved = Document::array();
  for (const auto& [from, to] : plan.moved) {
    output.text("  " + output.painted(Role::label, file_of(from)) + " -> " +
                output.painted(Role::label, to.name + ".json") + "\n");
    Document item = Document::object();
    moved.add(item.set("from", from.name).set("to", to.name).set("file", file_of(to)));
  }
  Document named = Document::array();
  for (std::size_t i = plan.moved.size(); i < plan.written.size(); ++i) {
    const MigrationId& id = plan.written[i].id;
    output.text("  " + output.painted(Role::label, file_of(id)) + " names them anew\n");
    Document item = Document::object();
    named.add(item.set("app", id.app).set("name", id.name).set("file", file_of(id)));
  }
  Document document = Document::object();
  return document.set("app", app)
      .set("onto", choice.onto.name)
      .set("moved", moved)
      .set("rewritten", named)
      .set("written", !dry_run);
}

}  // namespace

int rebase(Context& context, const RebaseOptions& options) {
  Project project = open_project(context);
  check_labels(context, project, {options.app});
  const Files files = read_files(std::move(project));
  Output& output = context.output;
  const std::vector<MigrationId> leaves = files.graph.leaves(options.app);
  if (leaves.size() < 2) {
    output.text("App '" + options.app + "' has one branch: there is nothing to rebase.\n");
    Document document = Document::object();
    output.document(document.set("app", options.app)
                        .set("moved", Document::array())
                        .set("rewritten", Document::array())
                        .set("written", false));
    return exit_done;
  }
  if (leaves.size() > 2) {
    throw Error(ErrorKind::conflict,
                "app \"" + options.app + "\" has " + std::to_string(leaves.size()) +
                    " branches, and rebase puts one behind one other",
                {},
                "join some of them first with \"" + context.program + " makemigrations --merge\"");
  }
  const std::vector<Branch> branches = migrations::branches_of(files.graph, options.app);
  const std::vector<DatabaseHistory> histories =
      known_histories(context, files.project, "tell what is applied");
  const Choice choice =
      options.onto.empty() ? found(context, branches, histories) : chosen(files, branches, options);
  const Rebase plan = migrations::rebase(files.migrations, choice.local, choice.onto);
  check_unapplied(context, plan, histories);
  const migrations::Examination examination = examine_apps(context, files, {options.app});
  if (!examination.conflicts.empty()) {
    output.error(conflict_error(context, {options.app}, examination.conflicts),
                 document_of(examination));
    return exit_failed;
  }
  for (const migrations::Unexamined& doubt : examination.unexamined) {
    output.note("note: look whether this is right behind " + choice.onto.name + ": " +
                doubt.text() + "\n");
  }
  Draft draft{.made = plan.written, .replaced = plan.replaced};
  complete(draft, files.project);
  const migrations::FileChange change = file_change(files, draft);
  if (!options.dry_run) migrations::write_files(files.project.root, change);
  output.document(show(context, files, choice, plan, options.dry_run));
  return exit_done;
}

}  // namespace turnstone::cli
