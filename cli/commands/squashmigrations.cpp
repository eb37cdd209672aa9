#include <turnstone/migrations/squash.h>

#include <algorithm>

#include "../prompt.h"
#include "commands.h"
#include "draft.h"
#include "squash_words.h"

namespace turnstone::cli {
namespace {

using migrations::Graph;
using migrations::Migration;
using migrations::MigrationId;
using migrations::Squash;

void check_options(const SquashmigrationsOptions& options) {
  if (options.start.empty()) {
    throw Error(ErrorKind::usage, "squashmigrations needs the last migration to squash", {},
                "squashmigrations " + options.app + " END, or START END");
  }
  if (!options.name.empty() && !is_identifier(options.name)) {
    throw Error(ErrorKind::usage, "\"" + options.name + "\" cannot be part of a migration's name",
                "--squashed-name", "use letters, digits and _, beginning with a letter");
  }
}

/// The range that START and END mean.
std::vector<MigrationId> chosen_range(const Graph& graph, const SquashmigrationsOptions& options) {
  const bool with_start = !options.end.empty();
  const MigrationId end = graph.find(options.app, with_start ? options.end : options.start);
  const MigrationId start = with_start ? graph.find(options.app, options.start) : MigrationId{};
  return migrations::squash_range(graph, start, end);
}

void check_free(const Files& files, const MigrationId& id) {
  const bool taken = std::any_of(files.migrations.begin(), files.migrations.end(),
                                 [&](const Migration& migration) { return migration.id == id; });
  if (!taken) return;
  throw Error(ErrorKind::conflict, "migration " + id.text() + " is there already", {},
              "give the squash another name with --squashed-name");
}

void show_range(Output& output, const std::vector<MigrationId>& range) {
  output.text(output.painted(Role::heading, "Will squash the following migrations:") + "\n");
  for (const MigrationId& id : range) output.text(" - " + id.name + "\n");
}

void show_optimized(Context& context, const Squash& squash, bool optimized) {
  Output& output = context.output;
  const std::size_t before = squash.operations_before;
  const std::size_t after = squash.migration.operations.size();
  if (!optimized) {
    output.text(output.painted(Role::heading, "(Skipping optimization.)") + "\n");
    return;
  }
  output.text(output.painted(Role::heading, "Optimizing...") + "\n");
  if (after == before) {
    output.text("  No optimizations possible.\n");
  } else {
    output.text("  Optimized from " + operations_text(before) + " to " + operations_text(after) +
                ".\n");
  }
  show_remainder(context, squash);
}

void show_written(Context& context, const Squash& squash, bool dry_run) {
  Output& output = context.output;
  const Migration& made = squash.migration;
  output.text(output.painted(Role::heading, dry_run ? "Would create new squashed migration "
                                                    : "Created new squashed migration ") +
              output.painted(Role::label, output.shown(made.file.string())) + "\n");
  if (dry_run) {
    if (output.verbosity() >= 3) output.text(migrations::to_text(made));
    return;
  }
  output.text(
      "  Commit it and leave the old files where they are: databases that have some of them\n"
      "  applied go on with these. Once every database has migrated, '" +
      context.program + "\n  retiresquash " + made.id.app + " " + made.id.name +
      "' removes them.\n");
}

Document document_of(const Output& output, const Squash& squash, bool optimized) {
  const Migration& made = squash.migration;
  std::vector<std::string> replaces;
  for (const MigrationId& id : made.replaces) replaces.push_back(id.text());
  Document document = Document::object();
  document.set("app", made.id.app)
      .set("name", made.id.name)
      .set("file", output.shown(made.file.string()))
      .set("replaces", replaces)
      .set("optimized", optimized)
      .set("operations_before", squash.operations_before)
      .set("operations_after", made.operations.size());
  set_remainder(document, squash);
  return document;
}

}  // namespace

int squashmigrations(Context& context, const SquashmigrationsOptions& options) {
  check_options(options);
  Output& output = context.output;
  const Files files = read_files_for(context, options.app);
  const std::vector<MigrationId> range = chosen_range(files.graph, options);
  Squash squash = migrations::make_squash(
      files.graph, range,
      {.from_start = options.end.empty(), .name = options.name, .optimize = !options.no_optimize});
  check_free(files, squash.migration.id);
  show_range(output, range);
  if (can_ask(context, options.no_input) && !options.dry_run) {
    Prompt prompt(context.surroundings.in, output);
    if (!prompt.yes("Do you wish to proceed?")) {
      Document document = Document::object();
      output.document(document.set("written", false));
      return exit_done;
    }
  }
  show_optimized(context, squash, !options.no_optimize);
  migrations::check_squash(files.migrations, files.graph, range, squash, files.stored.state);
  Draft draft{.made = {squash.migration}};
  const migrations::FileChange change = write_draft(files, draft, options.dry_run);
  squash.migration = draft.made.front();
  show_written(context, squash, options.dry_run);
  Document document = document_of(output, squash, !options.no_optimize);
  document.set("written", !options.dry_run).set("snapshots", snapshots_in(output, change));
  output.document(document);
  return exit_done;
}

}  // namespace turnstone::cli
