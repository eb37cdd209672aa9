#include <turnstone/identifier.h>
#include <turnstone/migrations/autodetector.h>
#include <turnstone/migrations/executor.h>

#include <algorithm>

#include "../prompt.h"
#include "commands.h"
#include "draft.h"
#include "merge.h"

namespace turnstone::cli {
namespace {

using migrations::Migration;
using migrations::MigrationId;

[[noreturn]] void usage(const std::string& message, const std::string& hint) {
  throw Error(ErrorKind::usage, message, {}, hint);
}

void check_options(const MakemigrationsOptions& options) {
  if (!options.name.empty() && !is_identifier(options.name)) {
    usage("\"" + options.name + "\" cannot be part of a migration's name",
          "use letters, digits and _, beginning with a letter");
  }
  if (options.empty && options.apps.empty()) {
    usage("--empty needs an app", "name the app that gets the migration");
  }
  const int modes = (options.empty ? 1 : 0) + (options.merge ? 1 : 0) + (options.update ? 1 : 0);
  if (modes > 1) usage("--empty, --merge and --update exclude each other", "give one of them");
}

/// The latest migration of each app; empty where it has none.
migrations::ExistingMigrations existing_migrations(const Files& files) {
  migrations::ExistingMigrations existing;
  for (const ProjectApp& app : files.project.apps) {
    const std::vector<MigrationId> leaves = files.graph.leaves(app.label);
    existing.leaf[app.label] = leaves.empty() ? "" : leaves.back().name;
  }
  return existing;
}

ProjectState wanted_models(Context& context, const Project& project) {
  FinishedModels models = load_models(context, project);
  if (models.problems.empty()) {
    models.problems = unsupported_models(project, models.state, context.surroundings.environment);
  }
  if (!models.problems.empty()) throw models_error(context, models.problems);
  return std::move(models.state);
}

/// Questions that were not asked, for a run that writes nothing.
Document note_questions(Context& context, const std::vector<Error>& questions, bool quiet) {
  std::vector<std::string> texts;
  for (const Error& question : questions) {
    texts.emplace_back(question.what());
    if (quiet) continue;
    context.output.note("note: makemigrations will ask: " + std::string(question.what()) +
                        "\n  hint: " + question.hint() + "\n");
  }
  return texts;
}

std::string no_changes(const std::vector<std::string>& apps) {
  if (apps.empty()) return "No changes detected\n";
  std::vector<std::string> quoted;
  quoted.reserve(apps.size());
  for (const std::string& app : apps) quoted.push_back("'" + app + "'");
  return "No changes detected in app" + std::string(apps.size() > 1 ? "s " : " ") +
         join(quoted, ", ") + "\n";
}

Draft empty_migrations(Context& context, const Files& files, const MakemigrationsOptions& options) {
  Draft draft;
  for (const std::string& app : options.apps) {
    Migration migration;
    std::vector<std::string> names;
    for (const MigrationId& leaf : files.graph.leaves(app)) {
      names.push_back(leaf.name);
      migration.dependencies.push_back(leaf);
    }
    if (names.empty()) migration.initial = true;
    const std::string words = !options.name.empty() ? options.name
                              : names.empty()       ? std::string("initial")
                                                    : "auto_" + context.surroundings.timestamp();
    migration.id = {app, next_number(names) + "_" + words};
    draft.made.push_back(std::move(migration));
  }
  return draft;
}

Draft detected_migrations(Context& context, const Files& files, const ProjectState& models,
                          const MakemigrationsOptions& options, Answers& answers,
                          std::vector<Error>& questions) {
  Prompt prompt(context.surroundings.in, context.output);
  TerminalQuestioner terminal(prompt, models);
  RefusingQuestioner refusing;
  PreviewQuestioner preview;
  migrations::Questioner* last = &refusing;
  if (options.check || options.dry_run) {
    last = &preview;
  } else if (can_ask(context, options.no_input)) {
    last = &terminal;
  }
  AnsweringQuestioner questioner(answers, *last);
  const migrations::DetectOptions detect{.only = {options.apps.begin(), options.apps.end()},
                                         .name = options.name,
                                         .timestamp = context.surroundings.timestamp()};
  Draft draft;
  for (auto& entry : migrations::detect_changes(files.stored.state, models,
                                                existing_migrations(files), questioner, detect)) {
    for (Migration& migration : entry.second) draft.made.push_back(std::move(migration));
  }
  refusing.refuse();
  questions = preview.questions();
  return draft;
}

/// Refuses to change a migration that others rely on.
void check_updatable(Context& context, const Files& files, const Migration& leaf,
                     const std::optional<migrations::History>& history) {
  const std::string what = "cannot update " + leaf.id.text();
  const std::string hint =
      "run \"" + context.program + " makemigrations\" without --update to add a migration";
  if (!leaf.replaces.empty()) throw Error(ErrorKind::conflict, what + ": it is a squash", {}, hint);
  for (const Migration& migration : files.migrations) {
    const auto& needed = migration.dependencies;
    if (std::find(needed.begin(), needed.end(), leaf.id) == needed.end()) continue;
    throw Error(ErrorKind::conflict, what + ": " + migration.id.text() + " depends on it", {},
                hint);
  }
  if (history && history->contains(leaf.id)) {
    throw Error(
        ErrorKind::conflict, what + ": it is applied", {},
        "take it back first (migrate " + leaf.id.app + " to the one before it), or " + hint);
  }
}

std::optional<migrations::History> read_history(Context& context, const Files& files) {
  try {
    const ChosenDatabase database = choose_database(context, files.project);
    const auto connection = connect(files.project, database);
    return migrations::recorder::read(*connection, backend_for(database.url));
  } catch (const Error& error) {
    context.output.warning(
        "cannot tell whether the migration is applied already: " + std::string(error.what()),
        error.where(), error.hint());
    return std::nullopt;
  }
}

/// `--update`: what was detected becomes part of the latest migration of its app.
Draft updated_migrations(Context& context, const Files& files, Draft detected,
                         const MakemigrationsOptions& options) {
  Draft draft;
  if (detected.made.empty()) return draft;
  const auto history = read_history(context, files);
  for (Migration& added : detected.made) {
    const std::string& app = added.id.app;
    const auto same_app = [&](const Migration& migration) { return migration.id.app == app; };
    auto target = std::find_if(draft.made.begin(), draft.made.end(), same_app);
    if (target == draft.made.end()) {
      const std::vector<MigrationId> leaves = files.graph.leaves(app);
      if (leaves.empty()) {
        throw Error(ErrorKind::conflict,
                    "app \"" + app + "\" has no migration that could be updated", {},
                    "run makemigrations without --update");
      }
      const Migration& leaf = files.graph.at(leaves.front());
      check_updatable(context, files, leaf, history);
      draft.replaced.push_back(leaf.id);
      draft.made.push_back(leaf);
      target = draft.made.end() - 1;
    }
    target->operations.insert(target->operations.end(), added.operations.begin(),
                              added.operations.end());
    for (const MigrationId& needed : added.dependencies) {
      const auto& known = target->dependencies;
      if (needed.app != app && std::find(known.begin(), known.end(), needed) == known.end()) {
        target->dependencies.push_back(needed);
      }
    }
  }
  for (Migration& migration : draft.made) {
    migration.operations = migrations::optimize(migration.operations, migration.id.app);
    const std::string words =
        !options.name.empty()
            ? options.name
            : migrations::suggested_name(migration.operations, migration.is_initial(),
                                         context.surroundings.timestamp());
    const std::string number = migration.id.name.substr(0, migration.id.name.find('_'));
    const std::string name = number + "_" + words;
    migration.id.name = name == migration.id.name ? name + "_updated" : name;
  }
  return draft;
}

}  // namespace

int makemigrations(Context& context, const MakemigrationsOptions& options) {
  check_options(options);
  Answers answers(options.answers);
  Project project = open_project(context);
  check_labels(context, project, options.apps);
  const std::set<std::string> answered = answers.apps();
  check_labels(context, project, {answered.begin(), answered.end()});
  if (project.apps.empty()) {
    usage("the project has no apps", "run \"" + context.program + " init APP\" to add one");
  }
  const Files files = read_files(std::move(project));
  const bool dry_run = options.dry_run || options.check;
  if (options.merge) {
    return merge_branches(context, files,
                          {.apps = options.apps,
                           .name = options.name,
                           .dry_run = dry_run,
                           .ask = can_ask(context, options.no_input) && !dry_run,
                           .check = options.check});
  }
  check_conflicts(context, files.graph, options.apps);
  note_stale(context, files);
  Draft draft;
  std::vector<Error> questions;
  if (options.empty) {
    draft = empty_migrations(context, files, options);
  } else {
    const ProjectState models = wanted_models(context, files.project);
    draft = detected_migrations(context, files, models, options, answers, questions);
    if (options.update) draft = updated_migrations(context, files, std::move(draft), options);
  }
  for (const std::string& flag : answers.unused()) {
    context.output.warning("\"" + flag + "\" answers no question", {},
                           "look whether its names are right");
  }
  if (draft.made.empty()) context.output.text(no_changes(options.apps));
  Document document = show_and_write(context, files, draft, {.dry_run = dry_run});
  const Document asked = note_questions(context, questions, options.check);
  if (!questions.empty()) document.set("questions", asked);
  context.output.document(document);
  return options.check && !draft.made.empty() ? exit_found : exit_done;
}

}  // namespace turnstone::cli
