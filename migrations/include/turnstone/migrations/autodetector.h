#pragma once

#include <turnstone/migrations/graph.h>
#include <turnstone/migrations/questioner.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace turnstone::migrations {

/// What the autodetector needs to know of files: for each app its leaf (empty name when it has no
/// migration yet) and, sorted, its migrations' names.
struct ExistingMigrations {
  std::map<std::string, std::string> leaf{};
};

/// Migrations that lead from `from` to `to`, by app in the order of files: split, linked, optimized
/// and named. Empty map when nothing changed. Deterministic: same input, same result.
///
/// `only`: keep these apps and what their migrations depend on; empty for all.
/// `name`: replaces the automatic name of every migration.
/// `timestamp`: `YYYYMMDD_HHMM` for operations without a name of their own.
/// Source: `django-behaviour.md` §5, without the defects of its §12.
struct DetectOptions {
  std::set<std::string> only{};
  std::string name{};
  std::string timestamp{};
};
std::map<std::string, std::vector<Migration>> detect_changes(const ProjectState& from,
                                                             const ProjectState& to,
                                                             const ExistingMigrations& existing,
                                                             Questioner& questioner,
                                                             const DetectOptions& options);

/// Operations and nothing else, in the order in which one migration of `app` would hold them, with
/// no optimizing: for tests and `--update`.
std::vector<std::pair<std::string, Operations>> detect_operations(const ProjectState& from,
                                                                  const ProjectState& to,
                                                                  Questioner& questioner);

/// Shorter operations with the same meaning, in a stable order; never longer than the input.
/// `django-behaviour.md` §4.5–4.6.
Operations optimize(const Operations& operations, const std::string& app);

/// `0002_book_isbn` without the number: fragments joined as Django does, or `auto_<timestamp>`.
std::string suggested_name(const Operations& operations, bool initial,
                           const std::string& timestamp);
/// Number at the beginning of a migration's name (behind `_squashed_` where there is one).
std::optional<int> migration_number(std::string_view name);

}  // namespace turnstone::migrations
