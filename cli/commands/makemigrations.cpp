#include <turnstone/identifier.h>
#include <turnstone/migrations/autodetector.h>

#include <algorithm>
#include <map>

#include "../histories.h"
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
  if (!options.independent.empty() && !options.merge) {
    usage("--independent answers a question of --merge", "give --merge too");
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

/// Rows stay in their database.
void refuse_moves_between_databases(const Project& project, const Draft& draft) {
  for (const Migration& migration : draft.made) {
    for (const std::string& label : migrations::apps_moved_to(migration.operations)) {
      const ProjectApp* from = project.find_app(migration.id.app);
      const ProjectApp* to = project.find_app(label);
      if (!from || !to || homes_of(project, *from) == homes_of(project, *to)) continue;
      throw Error(ErrorKind::conflict,
                  "a model cannot move with its rows from app \"" + from->label + "\" to app \"" +
                      to->label + "\": they live in different databases",
                  project.file.string(),
                  "let them live in the same ones, or make it anew and take its rows along with "
                  "dumpdata and loaddata");
    }
  }
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
  refuse_moves_between_databases(files.project, draft);
  refusing.refuse();
  questions = preview.questions();
  return draft;
}

bool names(const std::vector<MigrationId>& ids, const MigrationId& id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

/// Refuses to change a migration that others rely on.
void check_updatable(Context& context, const Files& files, const Migration& leaf,
                     const std::vector<DatabaseHistory>& histories) {
  const std::string hint =
      "run \"" + context.program + " makemigrations\" without --update to add a migration";
  const auto refuse = [&](const std::string& why, const std::string& first = {}) {
    throw Error(ErrorKind::conflict, "cannot update " + leaf.id.text() + ": " + why, {},
                first + hint);
  };
  if (!leaf.replaces.empty()) refuse("it is a squash");
  for (const Migration& migration : files.migrations) {
    if (names(migration.dependencies, leaf.id)) refuse(migration.id.text() + " depends on it");
    if (names(migration.run_before, leaf.id)) {
      refuse(migration.id.text() + " is to run before it");
    }
  }
  const std::string database = database_with(histories, leaf.id);
  if (!database.empty()) {
    refuse("it is applied in database " + database,
           "take it back first (migrate " + leaf.id.app + " to the one before it), or ");
  }
}

/// The name of an updated migration: what its operations suggest, behind its number.
std::string updated_name(const Context& context, const Migration& migration,
                         const MakemigrationsOptions& options) {
  const std::string& old = migration.id.name;
  if (!migrations::migration_number(old)) return old;
  const std::string words =
      !options.name.empty()
          ? options.name
          : migrations::suggested_name(migration.operations, migration.is_initial(),
                                       context.surroundings.timestamp());
  const std::string name = old.substr(0, old.find_first_not_of("0123456789")) + "_" + words;
  return name == old ? name + "_updated" : name;
}

/// What was folded into another migration, or got another name, is named by that one's.
void follow_names(std::vector<MigrationId>& needed, const MigrationId& self,
                  const std::map<MigrationId, MigrationId>& now) {
  std::vector<MigrationId> followed;
  for (const MigrationId& id : needed) {
    const auto at = now.find(id);
    const MigrationId& to = at == now.end() ? id : at->second;
    if (to != self && !names(followed, to)) followed.push_back(to);
  }
  needed = std::move(followed);
}

/// `--update`: what was detected becomes part of the latest migration of its app.
Draft updated_migrations(Context& context, const Files& files, Draft detected,
                         const MakemigrationsOptions& options) {
  Draft draft;
  if (detected.made.empty()) return draft;
  const std::vector<DatabaseHistory> histories =
      known_histories(context, files.project, "tell whether the migration is applied already");
  std::vector<MigrationId> folded;
  for (Migration& added : detected.made) {
    const std::string& app = added.id.app;
    if (!migrations::apps_moved_to(added.operations).empty()) {
      throw Error(ErrorKind::conflict,
                  "cannot update " + app +
                      ": a model that moves to another app needs migrations "
                      "of its own in both",
                  {}, "run makemigrations without --update");
    }
    const std::vector<MigrationId> leaves = files.graph.leaves(app);
    if (leaves.empty()) {
      throw Error(ErrorKind::conflict, "app \"" + app + "\" has no migration that could be updated",
                  {}, "run makemigrations without --update");
    }
    if (names(draft.replaced, leaves.front())) {
      throw Error(ErrorKind::conflict,
                  "cannot update " + leaves.front().text() +
                      ": the changes need more than one migration, as apps depend on each other",
                  {}, "run makemigrations without --update");
    }
    Migration updated = files.graph.at(leaves.front());
    check_updatable(context, files, updated, histories);
    folded.push_back(added.id);
    draft.replaced.push_back(updated.id);
    updated.operations.insert(updated.operations.end(), added.operations.begin(),
                              added.operations.end());
    updated.operations = migrations::optimize(updated.operations, app);
    updated.dependencies.insert(updated.dependencies.end(), added.dependencies.begin(),
                                added.dependencies.end());
    draft.made.push_back(std::move(updated));
  }
  std::map<MigrationId, MigrationId> now;
  for (std::size_t i = 0; i < draft.made.size(); ++i) {
    MigrationId& id = draft.made[i].id;
    id.name = updated_name(context, draft.made[i], options);
    now[draft.replaced[i]] = id;
    now[folded[i]] = id;
  }
  for (Migration& migration : draft.made) {
    follow_names(migration.dependencies, migration.id, now);
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
  check_histories(context, files.project, files.migrations, files.graph);
  const bool dry_run = options.dry_run || options.check;
  if (options.merge) {
    return merge_branches(context, files,
                          {.apps = options.apps,
                           .name = options.name,
                           .independent = options.independent,
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
