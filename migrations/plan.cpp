#include <turnstone/error.h>
#include <turnstone/migrations/graph.h>

#include <algorithm>

namespace turnstone::migrations {
namespace {

/// The migrations that a target means, forwards or backwards, each once and in order.
class Planner {
 public:
  Planner(const Graph& graph, const History& history) : graph_(graph), history_(history) {}

  void forwards(const std::vector<MigrationId>& order) {
    for (const MigrationId& id : order) {
      if (!is_applied(graph_, history_, id) && seen_.insert(id).second) add(id, false);
    }
  }
  void backwards(const std::vector<MigrationId>& order) {
    for (const MigrationId& id : order) {
      if (is_applied(graph_, history_, id) && seen_.insert(id).second) add(id, true);
    }
  }
  Plan plan() { return std::move(plan_); }

 private:
  void add(const MigrationId& id, bool back) {
    plan_.push_back({graph_.migrations().at(id), back});
  }

  const Graph& graph_;
  const History& history_;
  std::set<MigrationId> seen_{};
  Plan plan_{};
};

void check_app(const Graph& graph, const std::string& app) {
  if (std::binary_search(graph.apps().begin(), graph.apps().end(), app)) return;
  throw Error(ErrorKind::usage, "app \"" + app + "\" has no migrations", {},
              did_you_mean(app, graph.apps()));
}

/// Forwards as an empty database takes them. Backwards is the reverse of that: where branches of
/// one app go together, each is taken back from the tables it was put on.
void sort_by_full_order(const Graph& graph, Plan& plan) {
  std::map<MigrationId, std::size_t> position;
  for (const MigrationId& id : graph.full_order()) position.emplace(id, position.size());
  const bool backwards = plan.front().backwards;
  std::sort(plan.begin(), plan.end(), [&](const auto& a, const auto& b) {
    const std::size_t first = position.at(a.migration->id);
    const std::size_t second = position.at(b.migration->id);
    return backwards ? first > second : first < second;
  });
}

}  // namespace

bool is_applied(const Graph& graph, const History& history, const MigrationId& id) {
  return graph.is_applied(id, history);
}

Plan make_plan(const Graph& graph, const History& history, const std::vector<Target>& targets) {
  Planner planner(graph, history);
  if (targets.empty()) planner.forwards(graph.full_order());
  for (const Target& target : targets) {
    if (target.name.empty()) {
      check_app(graph, target.app);
      for (const MigrationId& root : graph.roots(target.app)) {
        planner.backwards(graph.backwards_plan(root));
      }
      continue;
    }
    const MigrationId id{target.app, target.name};
    if (!is_applied(graph, history, id)) {
      planner.forwards(graph.forwards_plan(id));
      continue;
    }
    graph.at(id);
    // What comes behind it in its own app goes, and with it whatever depends on that.
    for (const MigrationId& child : graph.children(id)) {
      if (child.app == target.app) planner.backwards(graph.backwards_plan(child));
    }
  }
  Plan plan = planner.plan();
  const auto back = [](const PlannedMigration& step) { return step.backwards; };
  if (std::any_of(plan.begin(), plan.end(), back) && !std::all_of(plan.begin(), plan.end(), back)) {
    throw Error(ErrorKind::conflict, "the targets ask to go forwards and backwards at once", {},
                "run migrate once for each direction");
  }
  if (!targets.empty() && plan.size() > 1) sort_by_full_order(graph, plan);
  return plan;
}

void check_consistent(const Graph& graph, const History& history, const std::string& database) {
  for (const auto& entry : graph.migrations()) {
    if (!history.contains(entry.first)) continue;
    for (const MigrationId& parent : graph.parents(entry.first)) {
      if (is_applied(graph, history, parent)) continue;
      throw Error(ErrorKind::history,
                  entry.first.text() + " is applied, but " + parent.text() +
                      ", which it depends on, is not",
                  "database " + database,
                  "apply " + parent.text() + " by hand and record it with --fake, or restore the " +
                      "files this database was migrated with");
    }
  }
}

std::vector<MigrationId> unknown_rows(const Graph& graph, const History& history) {
  std::set<MigrationId> known;
  for (const auto& [squash, replaced] : graph.squashes()) {
    known.insert(squash);
    known.insert(replaced.begin(), replaced.end());
  }
  std::vector<MigrationId> unknown;
  for (const auto& entry : history.rows()) {
    if (!graph.contains(entry.first) && !known.contains(entry.first)) {
      unknown.push_back(entry.first);
    }
  }
  return unknown;
}

namespace {

/// How the file of an applied migration stands to what was recorded of it.
enum class Record { same, former, other };

std::vector<MigrationId> files_recorded_as(Record wanted, const Graph& graph,
                                           const History& history) {
  std::vector<MigrationId> found;
  for (const auto& [id, row] : history.rows()) {
    if (!graph.contains(id) || row.digest.empty()) continue;
    const Migration& file = graph.at(id);
    const auto& former = file.formerly;
    const Record record = file.digest == row.digest ? Record::same
                          : std::find(former.begin(), former.end(), row.digest) != former.end()
                              ? Record::former
                              : Record::other;
    if (record == wanted) found.push_back(id);
  }
  return found;
}

}  // namespace

std::vector<MigrationId> edited_files(const Graph& graph, const History& history) {
  return files_recorded_as(Record::other, graph, history);
}

std::vector<MigrationId> rewritten_files(const Graph& graph, const History& history) {
  return files_recorded_as(Record::former, graph, history);
}

ProjectState state_in_plan(const Graph& graph, const History& history, const MigrationId& id) {
  const bool applied = graph.is_applied(id, history);
  const std::vector<MigrationId> undone = graph.backwards_plan(id);
  const std::set<MigrationId> without(undone.begin(), undone.end());
  std::vector<MigrationId> before;
  bool reached = applied;
  for (const MigrationId& other : graph.full_order()) {
    reached = reached || other == id;
    if (without.contains(other)) continue;
    if (!reached || graph.is_applied(other, history)) before.push_back(other);
  }
  return replay(graph, before);
}

}  // namespace turnstone::migrations
