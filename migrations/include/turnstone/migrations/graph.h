#pragma once

#include <turnstone/migrations/migration.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace turnstone::migrations {

/// A row of `turnstone_migrations`.
struct AppliedMigration {
  MigrationId id{};
  std::string applied{};  ///< UTC, ISO 8601
  std::string digest{};
  /// How long it ran; nothing for what was recorded without running, or by an older version.
  std::optional<std::chrono::microseconds> took{};
  std::string version{};  ///< of Turnstone that recorded it; empty for an older one
};
/// What the database says was applied.
class History {
 public:
  History() = default;
  explicit History(std::vector<AppliedMigration> rows);
  bool contains(const MigrationId& id) const { return rows_.contains(id); }
  const AppliedMigration* find(const MigrationId& id) const;
  const std::map<MigrationId, AppliedMigration>& rows() const { return rows_; }
  void add(AppliedMigration row);
  void erase(const MigrationId& id);

 private:
  std::map<MigrationId, AppliedMigration> rows_{};
};

/// All migrations and their edges. Building it checks everything: missing parents, cycles; each is
/// an Error{conflict} that names migration and file. So is a MoveModel whose new app has no
/// migration behind it. `django-behaviour.md` §6.1–6.3.
class Graph {
 public:
  /// Squashes take the place of what they replace as Django does (checked against 5.2, squashes of
  /// squashes as 6.0): when none or all of it is applied. When some is, the old files carry on, and
  /// Error{history} is thrown where one of them is gone. With no history (files alone) every
  /// replacement counts.
  Graph(std::vector<Migration> migrations, const History* history);

  const std::vector<std::string>& apps() const { return apps_; }  ///< sorted; with migrations
  const Migration& at(const MigrationId& id) const;
  bool contains(const MigrationId& id) const;
  const std::map<MigrationId, std::shared_ptr<const Migration>>& migrations() const { return all_; }
  const std::set<MigrationId>& parents(const MigrationId& id) const;
  const std::set<MigrationId>& children(const MigrationId& id) const;
  std::vector<MigrationId> roots(const std::string& app) const;   ///< sorted
  std::vector<MigrationId> leaves(const std::string& app) const;  ///< sorted
  std::vector<MigrationId> leaves() const;
  /// `id` and all it needs, parents before children, stable.
  std::vector<MigrationId> forwards_plan(const MigrationId& id) const;
  /// `id` and all that needs it, children before parents.
  std::vector<MigrationId> backwards_plan(const MigrationId& id) const;
  /// Every migration in the order in which an empty database takes them.
  std::vector<MigrationId> full_order() const;
  /// Apps with more than one leaf, with the leaves.
  std::map<std::string, std::vector<MigrationId>> conflicts() const;
  /// Squashes that stand for others in this graph, and the migrations they removed, in the order of
  /// `replaces`; for a squash of squashes those of the inner ones too.
  const std::map<MigrationId, std::vector<MigrationId>>& replaced() const { return replaced_; }
  /// True for what a squash of this graph stands for.
  bool is_replaced(const MigrationId& id) const;
  /// See `migrations::is_applied`.
  bool is_applied(const MigrationId& id, const History& history) const;
  /// Files with a `replaces`, also those this graph has no use for, and what stands there.
  const std::map<MigrationId, std::vector<MigrationId>>& squashes() const { return squashes_; }
  /// The one migration of `app` that `prefix` means: the exact name, else the only one that begins
  /// so. The name of a squash that gave way means the last of what it replaces. Throws Error{usage}
  /// with candidates or the nearest name.
  MigrationId find(const std::string& app, const std::string& prefix) const;

 private:
  void tell_squashed();
  void refuse_lost_moves() const;

  std::map<MigrationId, std::shared_ptr<const Migration>> all_{};
  std::map<MigrationId, std::set<MigrationId>> parents_{};
  std::map<MigrationId, std::set<MigrationId>> children_{};
  std::map<MigrationId, std::vector<MigrationId>> replaced_{};
  std::map<MigrationId, std::vector<MigrationId>> squashes_{};
  std::vector<std::string> apps_{};
};

/// Tells `files`, which are all there are, of the apps of their project: one without migrations is
/// known, and `__first__` of it is no error (Django ignores it for such apps; checked against 5.2).
void tell_known_apps(std::vector<Migration>& files, const std::vector<std::string>& labels);

/// One step of a plan.
struct PlannedMigration {
  std::shared_ptr<const Migration> migration{};
  bool backwards = false;
};
using Plan = std::vector<PlannedMigration>;

/// A target of `migrate`: `name` empty means zero.
struct Target {
  std::string app{};
  std::string name{};
};

/// True when the history counts `id` as applied: its own row; for a squash the rows of all it
/// replaces, or its own while there is no other.
bool is_applied(const Graph& graph, const History& history, const MigrationId& id);

/// Plan towards the targets; none: every leaf. Forwards in the order of `full_order`, backwards in
/// the reverse. Throws Error{conflict} for a plan in both directions, Error{usage} for a target
/// that the graph does not have. `django-behaviour.md` §6.5.
Plan make_plan(const Graph& graph, const History& history, const std::vector<Target>& targets);

/// Throws Error{history} when a migration is applied before one it depends on. `database` is for
/// the message.
void check_consistent(const Graph& graph, const History& history, const std::string& database);
/// Rows of applied migrations that no file has (and no squash replaces), in order. A squash that
/// gives way to its old files has one.
std::vector<MigrationId> unknown_rows(const Graph& graph, const History& history);
/// Applied migrations whose file has another digest than when applied, and none it had formerly; in
/// order.
std::vector<MigrationId> edited_files(const Graph& graph, const History& history);
/// Applied migrations that were recorded with a digest their file had formerly, in order.
std::vector<MigrationId> rewritten_files(const Graph& graph, const History& history);

/// The state that `id` starts from when its turn comes in a database with that history; the way
/// back leads there. What is pending is applied in the order of `full_order` up to `id`. One that
/// is applied is seen as if it, and all that needs it, had been taken back. Requires: the graph has
/// `id`.
ProjectState state_in_plan(const Graph& graph, const History& history, const MigrationId& id);

/// State after all of `ids`, which must be in order.
ProjectState replay(const Graph& graph, const std::vector<MigrationId>& ids);
void advance(ProjectState& state, const Migration& migration);

}  // namespace turnstone::migrations
