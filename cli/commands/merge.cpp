#include "merge.h"

#include <turnstone/identifier.h>

#include <algorithm>

#include "../prompt.h"

namespace turnstone::cli {
namespace {

using migrations::Branch;
using migrations::Examination;
using migrations::MergeConflict;
using migrations::Migration;
using migrations::MigrationId;
using migrations::Unexamined;

std::string apps_text(const std::vector<std::string>& apps) {
  std::vector<std::string> quoted;
  for (const std::string& app : apps) quoted.push_back("\"" + app + "\"");
  return std::string(apps.size() == 1 ? "app " : "apps ") + join(quoted, ", ");
}

void show_branches(Output& output, const std::string& app, const std::vector<Branch>& branches) {
  output.text(output.painted(Role::heading, "Merging '" + app + "'") + "\n");
  for (const Branch& branch : branches) {
    output.text("  " + output.painted(Role::label, "Branch " + branch.leaf.name) + "\n");
    for (const auto& migration : branch.own) {
      for (const migrations::Operation& operation : migration->operations) {
        output.text("    " + std::string(1, category(operation)) + " " + describe(operation) +
                    "\n");
      }
    }
  }
}

Migration merge_of(Context& context, const std::string& app, const std::vector<Branch>& branches,
                   const std::string& name) {
  Migration merge;
  std::vector<std::string> names;
  names.reserve(branches.size());
  for (const Branch& branch : branches) {
    names.push_back(branch.leaf.name);
    merge.dependencies.push_back(branch.leaf);
  }
  const std::string joined = join(names, "_");
  std::string end = name;
  if (end.empty()) {
    end = "merge_" + (joined.size() > 47 ? context.surroundings.timestamp() : joined);
  }
  // Branches without numbers are at least the second migrations of their app.
  merge.id = {app, next_number(names, 1) + "_" + end};
  return merge;
}

/// Takes out what `--independent` answers. Throws Error{usage} for names of no branch; warns of
/// those that answer nothing.
void take_answers(Context& context, const Files& files, const std::vector<std::string>& answers,
                  Examination& examination) {
  for (const std::string& answer : answers) {
    std::vector<std::string> known;
    for (const Migration& migration : files.migrations) known.push_back(migration.id.text());
    if (std::find(known.begin(), known.end(), answer) == known.end()) {
      const std::string near = did_you_mean(answer, known);
      throw Error(ErrorKind::usage, "there is no migration \"" + answer + "\"", "--independent",
                  near.empty() ? "write APP.NAME, such as " + known.back() : near);
    }
    const std::size_t taken = std::erase_if(examination.unexamined, [&](const Unexamined& item) {
      return item.migration.text() == answer;
    });
    if (taken > 0) continue;
    context.output.warning("\"--independent " + answer + "\" answers no question", {},
                           "the examination had no doubt about that migration");
  }
}

Error doubt_error(Context& context, const std::vector<std::string>& apps,
                  const std::vector<Unexamined>& unexamined) {
  std::string flags;
  for (const Unexamined& item : unexamined) {
    const std::string flag = "--independent " + item.migration.text();
    if (flags.find(flag) == std::string::npos) flags += (flags.empty() ? "" : " ") + flag;
  }
  const std::string head = "whether the branches of " + apps_text(apps) + " go in any order ";
  const std::string hint = "where they do, say so with " + flags;
  if (unexamined.size() == 1) {
    return {ErrorKind::question, head + "cannot be told: " + unexamined.front().text(), {}, hint};
  }
  for (const Unexamined& item : unexamined) {
    context.output.problem({.message = "cannot be told: " + item.text()});
  }
  return {ErrorKind::question,
          head + "cannot be told in " + std::to_string(unexamined.size()) + " places",
          {},
          hint};
}

/// Conflicts and doubts: asked where a person is there, else thrown. False for a no.
bool agreed(Context& context, const Files& files, const std::vector<std::string>& apps,
            const Examination& examination, Draft& draft, const MergeOptions& options) {
  if (examination.commute()) return true;
  Output& output = context.output;
  if (!options.ask) {
    throw examination.conflicts.empty() ? doubt_error(context, apps, examination.unexamined)
                                        : conflict_error(context, apps, examination.conflicts);
  }
  try {
    complete(draft, files.project);
    file_change(files, draft);
  } catch (const Error&) {
    // Not even one order works: nothing a yes could help with.
    if (examination.conflicts.empty()) throw;
    throw conflict_error(context, apps, examination.conflicts);
  }
  Prompt prompt(context.surroundings.in, output);
  for (const MergeConflict& conflict : examination.conflicts) {
    prompt.say("Conflict: " + conflict.text() + "\n");
  }
  for (const Unexamined& item : examination.unexamined) {
    prompt.say("Cannot be told: " + item.text() + "\n");
  }
  return prompt.yes(examination.conflicts.empty()
                        ? "Do the branches work in any order?"
                        : "Are the branches right together, in whatever order a database takes "
                          "them?");
}

/// Snapshots that do not fit are all there is to settle.
int settle_snapshots(Context& context, const Files& files, const MergeOptions& options) {
  Output& output = context.output;
  Draft nothing;
  if (files.stored.stale.empty()) output.text("No conflicts detected to merge.\n");
  note_stale(context, files);
  const Document document = show_and_write(context, files, nothing, {.dry_run = options.dry_run});
  for (const auto& entry : files.stored.stale) {
    const std::string file =
        output.shown(snapshot_file(*files.project.find_app(entry.first)).string());
    output.text((options.dry_run ? "Would write " : "Wrote ") + file + "\n");
  }
  output.document(document);
  return options.check && !files.stored.stale.empty() ? exit_found : exit_done;
}

}  // namespace

Examination examine_apps(const Context& context, const Files& files,
                         const std::vector<std::string>& apps) {
  return migrations::examine_apps(files.graph, apps,
                                  dialects_of(files.project, context.surroundings.environment));
}

Error conflict_error(Context& context, const std::vector<std::string>& apps,
                     const std::vector<MergeConflict>& conflicts) {
  const std::string head = "the branches of " + apps_text(apps) + " do not go together";
  const std::string hint =
      "change one of them by hand, or remove the files that no database has applied yet and let " +
      context.program + " makemigrations write them again";
  if (conflicts.size() == 1) {
    return {ErrorKind::conflict, head + ": " + conflicts.front().text(), {}, hint};
  }
  for (const MergeConflict& conflict : conflicts) {
    context.output.problem({.message = conflict.text()});
  }
  return {
      ErrorKind::conflict, head + " in " + std::to_string(conflicts.size()) + " places", {}, hint};
}

Document document_of(const Examination& examination) {
  const auto side = [](const MergeConflict::Side& from) {
    Document item = Document::object();
    return item.set("migration", from.migration.text()).set_if("value", from.what);
  };
  Document conflicts = Document::array();
  for (const MergeConflict& conflict : examination.conflicts) {
    Document item = Document::object();
    item.set("message", conflict.text())
        .set_if("model", conflict.model)
        .set_if("part", conflict.part)
        .set_if("property", conflict.property)
        .set_if("before", conflict.before);
    Document sides = Document::array();
    for (const MergeConflict::Side* from : {&conflict.left, &conflict.right}) {
      if (!from->migration.name.empty()) sides.add(side(*from));
    }
    conflicts.add(item.set("branches", sides));
  }
  Document unexamined = Document::array();
  for (const Unexamined& doubt : examination.unexamined) {
    Document item = Document::object();
    unexamined.add(item.set("migration", doubt.migration.text())
                       .set("operation", doubt.operation)
                       .set("reason", doubt.reason));
  }
  Document document = Document::object();
  return document.set("conflicts", conflicts).set("unexamined", unexamined);
}

int merge_branches(Context& context, const Files& files, const MergeOptions& options) {
  Output& output = context.output;
  Draft draft;
  std::vector<std::string> apps;
  for (const auto& entry : files.graph.conflicts()) {
    const std::string& app = entry.first;
    const auto& wanted = options.apps;
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), app) == wanted.end()) continue;
    apps.push_back(app);
    const std::vector<Branch> branches = migrations::branches_of(files.graph, app);
    show_branches(output, app, branches);
    draft.made.push_back(merge_of(context, app, branches, options.name));
  }
  if (apps.empty()) return settle_snapshots(context, files, options);
  Examination examination = examine_apps(context, files, apps);
  take_answers(context, files, options.independent, examination);
  try {
    if (!agreed(context, files, apps, examination, draft, options)) draft.made.clear();
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::cancelled) throw;
    output.error(error, document_of(examination));
    return exit_code(error.kind());
  }
  Document document;
  if (draft.made.empty()) {
    document = Document::object();
    document.set("changes", false).set("written", false).set("migrations", Document::array());
  } else {
    document = show_and_write(context, files, draft,
                              {.dry_run = options.dry_run, .action = "Merge migration"});
  }
  output.document(document);
  return options.check ? exit_found : exit_done;
}

}  // namespace turnstone::cli
