#pragma once

#include <turnstone/migrations/operation.h>

#include <compare>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace turnstone::migrations {

/// `app.name`, the identity of a migration.
struct MigrationId {
  std::string app{};
  std::string name{};
  auto operator<=>(const MigrationId&) const = default;
  std::string text() const { return app + "." + name; }
};

/// A migration file's content. `dependencies` may hold `__first__` and `__latest__` as names.
struct Migration {
  MigrationId id{};
  std::optional<bool> initial{};
  bool atomic = true;
  std::vector<MigrationId> dependencies{};
  std::vector<MigrationId> run_before{};
  std::vector<MigrationId> replaces{};
  Operations operations{};
  std::string digest{};  ///< `sha256:…` of the canonical form; filled by reader and writer
  std::filesystem::path file{};

  /// `initial`, or without it: no dependency in its own app.
  bool is_initial() const;
};

/// Canonical text of a migration file, with final newline. `formats.md` §4.
std::string to_text(const Migration& migration);
/// `sha256:<hex>` of that text and of the SQL files it names.
std::string digest_of(const Migration& migration);
/// Reads one file's text. `app` and the name come from its place. `file` is for messages, and the
/// folder of `sql_file`. Throws Error{bad_file} with file and JSON pointer.
Migration read_migration(const std::string& app, const std::filesystem::path& file,
                         const std::string& text);
/// All migrations of a folder, sorted by name; empty where there is no folder. Files that end in
/// `.json` are read, except `snapshot.json` and names that begin with `_`, `~` or `.`.
std::vector<Migration> load_migrations(const std::string& app, const std::filesystem::path& folder);

/// One app's stored state after its leaf. `formats.md` §5.
struct Snapshot {
  std::vector<std::string> leaf{};
  std::string digest{};  ///< `chain_digest` of the app's migrations
  std::vector<ModelState> models{};
};
std::string to_text(const Snapshot& snapshot);
Snapshot read_snapshot(const std::string& app, const std::filesystem::path& file,
                       const std::string& text);
/// Digest over the names and digests of an app's migrations, in order of name.
std::string chain_digest(const std::vector<Migration>& app_migrations);

/// Files to write and to remove as one step: after a kill at any moment either all of it happened
/// or nothing, once `finish_pending` ran. `formats.md` §5.
struct FileChange {
  std::map<std::filesystem::path, std::string> write{};
  std::vector<std::filesystem::path> remove{};
};
/// Does it: writes temporaries, then one commit record, then renames. Makes missing folders.
void write_files(const std::filesystem::path& folder, const FileChange& change);
/// Finishes or takes back what a killed `write_files` left in `folder`. Gives false where there was
/// nothing to do.
bool finish_pending(const std::filesystem::path& folder);

}  // namespace turnstone::migrations
