#pragma once

#include <turnstone/migrations/operation.h>

#include <compare>
#include <filesystem>
#include <functional>
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
  /// Digests the file had before a command rewrote it without changing what it does: a database
  /// that recorded one of them has this migration unedited. Not part of the digest.
  std::vector<std::string> formerly{};
  Operations operations{};
  std::string digest{};  ///< `sha256:…` of the canonical form; filled by reader and writer
  std::filesystem::path file{};
  std::string schema{};  ///< `$schema`, for editors: kept in the file, no part of the digest
  /// Filled by `tell_known_apps`. Apps of the project that had no migration when this one was read:
  /// `__first__` of one of them asks for nothing.
  std::vector<std::string> empty_apps{};
  /// Filled by `Graph`. Of a squash in use: all it stands for, in order; for a squash of squashes
  /// what these replace too. Their rows come and go with its own.
  std::vector<MigrationId> stands_for{};
  /// Filled by `Graph`. Squashes that gave way to this one and its like: their rows go with its
  /// own.
  std::vector<MigrationId> part_of{};

  /// `initial`, or without it: no dependency in its own app.
  bool is_initial() const;
};

/// Canonical text of a migration file, with final newline. `formats.md` §4.
std::string to_text(const Migration& migration);
/// `sha256:<hex>` of that text without `$schema` and `formerly`, followed by the hexadecimal
/// SHA-256 and a newline for each SQL file it names.
std::string digest_of(const Migration& migration);
/// Names of the SQL files beside it that the migration is read from, each once, sorted.
std::vector<std::string> sql_files_of(const Migration& migration);
/// Reads one file's text. `app` and the name come from its place. `file` is for messages, and the
/// folder of `sql_file`. Throws Error{bad_file} with file and JSON pointer.
Migration read_migration(const std::string& app, const std::filesystem::path& file,
                         const std::string& text);
/// Gives the text of a file; nothing when it is not there.
using FileReader = std::function<std::optional<std::string>(const std::filesystem::path&)>;
/// The same for files that are not on the disk: `read` gives those that the migration names.
Migration read_migration(const std::string& app, const std::filesystem::path& file,
                         const std::string& text, const FileReader& read);
/// All migrations of a folder, sorted by name; empty where there is no folder. Files that end in
/// `.json` are read, except `snapshot.json` and names that begin with `_`, `~` or `.`; other names
/// must be made of letters, digits and `_`.
std::vector<Migration> load_migrations(const std::string& app, const std::filesystem::path& folder);

/// One app's stored state after its leaf. `formats.md` §5.
struct Snapshot {
  std::vector<std::string> leaf{};
  std::string digest{};  ///< `chain_digest` of the app's migrations
  std::vector<ModelState> models{};
};
/// Canonical text, models in the order given.
std::string to_text(const Snapshot& snapshot);
/// Throws Error{bad_file} with file and JSON pointer. Whether the digest is that of the files is
/// for the caller to see.
Snapshot read_snapshot(const std::string& app, const std::filesystem::path& file,
                       const std::string& text);
/// Digest over the names and digests of an app's migrations: SHA-256 of lines `name digest`, in the
/// order of names whatever the order of the vector.
std::string chain_digest(const std::vector<Migration>& app_migrations);

/// Files to write and to remove as one step: after a kill at any moment either all of it happened
/// or nothing, once `finish_pending` ran. `formats.md` §5.
struct FileChange {
  std::map<std::filesystem::path, std::string> write{};
  std::vector<std::filesystem::path> remove{};
  /// What files held when the change was worked out; nothing for one that was not there. Where that
  /// is no longer so somebody else was faster: nothing is written, Error{conflict}.
  std::map<std::filesystem::path, std::optional<std::string>> expect{};
};
/// Does it: writes temporaries, then one commit record, then renames. Makes missing folders; files
/// may lie outside of `folder`, which holds the record and the lock that keeps other writers out.
/// Throws Error{bad_file} where the disk refuses; then nothing is changed, or, when that happens
/// among the renames, `finish_pending` carries on.
void write_files(const std::filesystem::path& folder, const FileChange& change);
/// Finishes or takes back what a killed `write_files` left in `folder`; waits for one that is still
/// running. Gives false where there was nothing to do.
bool finish_pending(const std::filesystem::path& folder);

}  // namespace turnstone::migrations
