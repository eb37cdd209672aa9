#pragma once

#include "../workspace.h"

#include <turnstone/migrations/migration.h>

#include <string>
#include <vector>

namespace turnstone::cli {

/// The files of a project, read.
struct Files {
  Project project{};
  std::vector<migrations::Migration> migrations{};
  migrations::Graph graph;
  StoredState stored{};
};
Files read_files(Project project);
/// The files of the project at hand for a command on one app, which is there and has one leaf.
Files read_files_for(Context& context, const std::string& app);

/// Migrations to be written.
struct Draft {
  std::vector<migrations::Migration> made{};        ///< files and digests are filled by `complete`
  std::vector<migrations::MigrationId> replaced{};  ///< their files go
  std::vector<std::filesystem::path> also_removed{};  ///< files of theirs that nobody else names
};
/// Fills in files and digests.
void complete(Draft& draft, const Project& project);

/// What the draft changes on disk: its migrations, snapshots of every app whose models or chain it
/// changes or whose snapshot was stale. Throws where the migrations do not fit together.
migrations::FileChange file_change(const Files& files, const Draft& draft);

/// For drafts that must not change what the migrations lead to. Throws Error{conflict}.
void check_same_models(const Files& files, const Draft& draft);
/// Completes the draft and, unless `dry_run`, writes it. Gives what it changes on disk.
migrations::FileChange write_draft(const Files& files, Draft& draft, bool dry_run);
/// Snapshot files that are written, as they are shown.
std::vector<std::string> snapshots_in(const Output& output, const migrations::FileChange& change);

/// Shows the draft as `makemigrations` does, and writes it unless `dry_run`. Gives the document.
struct DraftReport {
  bool dry_run = false;
  std::string action = "Migrations";  ///< before `for 'app':`
};
Document show_and_write(Context& context, const Files& files, Draft& draft,
                        const DraftReport& report);

/// One line, or nothing, for each app whose snapshot was of no use.
void note_stale(Context& context, const Files& files);

/// The number behind the highest one of an app's migrations, as four digits; behind `unnumbered`
/// where none has a number.
std::string next_number(const std::vector<std::string>& names, int unnumbered = 0);

}  // namespace turnstone::cli
