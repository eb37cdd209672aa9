#pragma once

#include <turnstone/migrations/merge.h>

#include <utility>
#include <vector>

namespace turnstone::migrations {

/// A branch put behind another one, as files.
struct Rebase {
  /// Old and new names of the branch's migrations, in their order. All of them, also those that
  /// keep their name.
  std::vector<std::pair<MigrationId, MigrationId>> moved{};
  /// The moved migrations as they will be, then others of any app that name one of them; without
  /// files and digests.
  std::vector<Migration> written{};
  /// What these stand for: the files that go, or are written over.
  std::vector<MigrationId> replaced{};
};

/// Puts `local` behind `onto`, the last migration of another branch of the same app: numbers go on
/// from that of `onto` (a name without a number is kept), what depended on the common ancestor
/// depends on `onto`, and every file that names a migration whose name changes names the new one.
/// `files` are all migrations of the project. Operations stay as they are.
/// Throws Error{conflict} for a branch that holds a squash.
Rebase rebase(const std::vector<Migration>& files, const Branch& local, const MigrationId& onto);

/// `number` with at least four digits: how names of migrations begin.
std::string number_text(int number);

}  // namespace turnstone::migrations
