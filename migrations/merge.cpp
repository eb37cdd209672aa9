#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/migrations/merge.h>

#include <algorithm>

#include "merge_doubts.h"
#include "merge_words.h"
#include "merge_world.h"

namespace turnstone::migrations {
namespace {

/// With more branches than this not every order is tried.
constexpr std::size_t most_for_every_order = 5;

Branched without(const Branched& branch, const Branched& gone) {
  Branched rest;
  for (const auto& migration : branch) {
    const bool there = std::any_of(gone.begin(), gone.end(),
                                   [&](const auto& other) { return other->id == migration->id; });
    if (!there) rest.push_back(migration);
  }
  return rest;
}

Branched together(Branched first, const Branched& second) {
  const Branched more = without(second, first);
  first.insert(first.end(), more.begin(), more.end());
  return first;
}

/// Functions nobody has to have here: what they give is followed by name.
Functions stand_ins(const std::vector<Branch>& branches) {
  Functions functions;
  for (const Branch& branch : branches) {
    for (const auto& migration : branch.own) {
      for (const Operation& operation : migration->operations) {
        for (const std::string& name : functions_needed(operation, false)) {
          functions.add_default(name, [] { return Json(); });
        }
      }
    }
  }
  return functions;
}

/// Orders of branches, carried out for one dialect (or for states alone).
class Orders {
 public:
  /// Throws where a branch does not fit by itself.
  Orders(const ProjectState& ancestor, const std::vector<Branch>& branches, const Dialect* dialect,
         const Functions& functions, Examination& found)
      : ancestor_(ancestor),
        branches_(branches),
        base_(ancestor, dialect, functions),
        found_(found) {
    base_.note_problems(known_);
    for (const Branch& branch : branches_) {
      World world = base_;
      for (const auto& migration : branch.own) world.carry_out(*migration, &known_, {});
      alone_.push_back(std::move(world));
    }
  }

  void examine() {
    const std::size_t before = found_.conflicts.size();
    for (std::size_t i = 0; i < branches_.size(); ++i) {
      for (std::size_t j = i + 1; j < branches_.size(); ++j) pair(i, j);
    }
    if (found_.conflicts.size() == before && branches_.size() > 2) all();
  }

 private:
  /// Carries `more` out on `world`; gives what stopped it, or nothing.
  std::optional<std::string> go_on(World& world, const Branched& more) const {
    try {
      for (const auto& migration : more) world.carry_out(*migration, nullptr, known_);
    } catch (const Error& error) {
      return error.where() + " does not work: " + error.what();
    }
    return std::nullopt;
  }

  void pair(std::size_t i, std::size_t j) {
    const Branched mine = without(branches_[i].own, branches_[j].own);
    const Branched theirs = without(branches_[j].own, branches_[i].own);
    if (mine.empty() || theirs.empty()) return;
    World one = alone_[i];
    World two = alone_[j];
    std::optional<std::string> wrong = go_on(one, theirs);
    std::string detail = wrong ? "behind " + branches_[i].leaf.name + ", " + *wrong : std::string();
    if (!wrong) {
      wrong = go_on(two, mine);
      if (wrong) detail = "behind " + branches_[j].leaf.name + ", " + *wrong;
    }
    if (!wrong) {
      const std::vector<std::string> differences = one.differences(two);
      if (differences.empty()) {
        // A fill or a type of one may meet a rule of the other.
        doubts_about_rows(ancestor_, {alone_[i], mine}, {alone_[j], theirs}, found_);
        doubts_about_rows(ancestor_, {alone_[j], theirs}, {alone_[i], mine}, found_);
        return;
      }
      detail = "the order of " + branches_[i].leaf.name + " and " + branches_[j].leaf.name +
               " matters: " + join(differences, "; ");
    }
    ProjectState before = ancestor_;
    for (const auto& migration : branches_[i].own) {
      const bool own = std::find(mine.begin(), mine.end(), migration) != mine.end();
      if (!own) advance(before, *migration);
    }
    std::vector<MergeConflict> words = disagreements(before, mine, theirs);
    if (words.empty()) {
      words.push_back(
          {.left = {branches_[i].leaf}, .right = {branches_[j].leaf}, .detail = detail});
    }
    found_.conflicts.insert(found_.conflicts.end(), words.begin(), words.end());
  }

  /// Carries the branches out in this order; gives what went wrong, or nothing.
  void order(const std::vector<std::size_t>& positions, std::optional<World>& result) {
    Branched done;
    World world = base_;
    std::vector<std::string> names;
    for (const std::size_t position : positions) {
      const Branched& own = branches_[position].own;
      names.push_back(branches_[position].leaf.name);
      if (const auto wrong = go_on(world, without(own, done))) {
        found_.conflicts.push_back({.detail = "in the order " + join(names, ", ") + ", " + *wrong});
        return;
      }
      done = together(std::move(done), own);
    }
    if (!result) {
      result = std::move(world);
      return;
    }
    const std::vector<std::string> differences = result->differences(world);
    if (!differences.empty()) {
      found_.conflicts.push_back({.detail = "the order " + join(names, ", ") +
                                            " ends elsewhere: " + join(differences, "; ")});
    }
  }

  void all() {
    std::vector<std::size_t> positions;
    for (std::size_t i = 0; i < branches_.size(); ++i) positions.push_back(i);
    std::optional<World> result;
    const std::size_t before = found_.conflicts.size();
    if (positions.size() <= most_for_every_order) {
      do {
        order(positions, result);
      } while (found_.conflicts.size() == before &&
               std::next_permutation(positions.begin(), positions.end()));
      return;
    }
    for (std::size_t i = 0; i < positions.size() && found_.conflicts.size() == before; ++i) {
      order(positions, result);
      std::rotate(positions.begin(), positions.begin() + 1, positions.end());
    }
  }

  const ProjectState& ancestor_;
  const std::vector<Branch>& branches_;
  World base_;
  Examination& found_;
  World::Known known_{};
  std::vector<World> alone_{};
};

template <class Item>
void keep_each_once(std::vector<Item>& items) {
  std::set<std::string> seen;
  std::erase_if(items, [&](const Item& item) { return !seen.insert(item.text()).second; });
}

}  // namespace

Examination examine(const ProjectState& ancestor, const std::vector<Branch>& branches,
                    const std::vector<const Dialect*>& dialects) {
  Examination found;
  const Functions functions = stand_ins(branches);
  std::vector<const Dialect*> places = dialects;
  bool stated = false;
  for (std::size_t i = 0; i <= places.size(); ++i) {
    const Dialect* dialect = i < places.size() ? places[i] : nullptr;
    if (!dialect && stated) break;
    try {
      Orders(ancestor, branches, dialect, functions, found).examine();
      stated = true;
    } catch (const Error& error) {
      if (!dialect || error.kind() != ErrorKind::unsupported) throw;
    }
  }
  for (std::size_t i = 0; i < branches.size(); ++i) {
    for (std::size_t j = 0; j < branches.size(); ++j) {
      if (i == j) continue;
      const Branched mine = without(branches[i].own, branches[j].own);
      const Branched theirs = without(branches[j].own, branches[i].own);
      for (Unexamined& item : opaque_operations(mine, theirs)) {
        found.unexamined.push_back(std::move(item));
      }
    }
  }
  keep_each_once(found.conflicts);
  keep_each_once(found.unexamined);
  return found;
}

// Graph -------------------------------------------------------------------------------------------

namespace {

/// What of the histories of `leaves` not all of them have.
std::set<MigrationId> uncommon(const Graph& graph, const std::vector<MigrationId>& leaves) {
  std::map<MigrationId, std::size_t> seen;
  for (const MigrationId& leaf : leaves) {
    for (const MigrationId& id : graph.forwards_plan(leaf)) ++seen[id];
  }
  std::set<MigrationId> found;
  for (const auto& [id, times] : seen) {
    if (times < leaves.size()) found.insert(id);
  }
  return found;
}

Branch branch_in(const Graph& graph, const MigrationId& leaf, const std::set<MigrationId>& region,
                 const std::string& only_app) {
  Branch branch{.leaf = leaf};
  for (const MigrationId& id : graph.forwards_plan(leaf)) {
    if (region.contains(id) && (only_app.empty() || id.app == only_app)) {
      branch.own.push_back(graph.migrations().at(id));
    }
  }
  return branch;
}

}  // namespace

std::vector<Branch> branches_of(const Graph& graph, const std::string& app) {
  const std::vector<MigrationId> leaves = graph.leaves(app);
  const std::set<MigrationId> region = uncommon(graph, leaves);
  bool related = leaves.size() < 2;
  for (const MigrationId& id : graph.forwards_plan(leaves.front())) {
    related = related || (id.app == app && !region.contains(id));
  }
  if (!related) {
    throw Error(ErrorKind::conflict,
                "the branches of app \"" + app + "\" have no migration in common", {},
                "make one of them depend on a migration of the other by hand");
  }
  std::vector<Branch> branches;
  for (const MigrationId& leaf : leaves) branches.push_back(branch_in(graph, leaf, region, app));
  return branches;
}

Examination examine_apps(const Graph& graph, const std::vector<std::string>& apps,
                         const std::vector<const Dialect*>& dialects) {
  std::set<MigrationId> region;
  std::vector<MigrationId> leaves;
  for (const auto& [app, ends] : graph.conflicts()) {
    const std::set<MigrationId> part = uncommon(graph, ends);
    region.insert(part.begin(), part.end());
    if (std::find(apps.begin(), apps.end(), app) != apps.end()) {
      leaves.insert(leaves.end(), ends.begin(), ends.end());
    }
  }
  const std::set<MigrationId> roots = region;
  for (const MigrationId& id : roots) {
    const std::vector<MigrationId> behind = graph.backwards_plan(id);
    region.insert(behind.begin(), behind.end());
  }
  // What depends on a branch from outside goes with it: it meets the other branches too.
  for (const MigrationId& id : region) {
    const std::set<MigrationId>& next = graph.children(id);
    const bool end = std::none_of(next.begin(), next.end(),
                                  [&](const MigrationId& child) { return region.contains(child); });
    const bool known = std::find(leaves.begin(), leaves.end(), id) != leaves.end();
    const bool conflicted = graph.conflicts().contains(id.app);
    if (end && !known && !conflicted) leaves.push_back(id);
  }
  ProjectState ancestor;
  for (const MigrationId& id : graph.full_order()) {
    if (!region.contains(id)) advance(ancestor, graph.at(id));
  }
  std::vector<Branch> branches;
  for (const MigrationId& leaf : leaves) branches.push_back(branch_in(graph, leaf, region, {}));
  return examine(ancestor, branches, dialects);
}

}  // namespace turnstone::migrations
