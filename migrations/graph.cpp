#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/migrations/graph.h>

#include <algorithm>
#include <functional>

namespace turnstone::migrations {
namespace {

std::string place(const Migration& migration) {
  return migration.file.empty() ? migration.id.text() : migration.file.string();
}

std::vector<std::string> texts(const std::vector<MigrationId>& ids) {
  std::vector<std::string> names;
  for (const MigrationId& id : ids) names.push_back(id.text());
  return names;
}

using Edges = std::map<MigrationId, std::set<MigrationId>>;

const std::set<MigrationId>& edges_of(const Edges& edges, const MigrationId& id) {
  static const std::set<MigrationId> none;
  const auto at = edges.find(id);
  return at == edges.end() ? none : at->second;
}

/// `start` and all that is reached from it, deepest first, in sorted order: a depth-first walk that
/// keeps its own stack, since histories may be thousands deep.
void walk(const Edges& edges, const MigrationId& start, std::set<MigrationId>& seen,
          std::vector<MigrationId>& order) {
  struct Frame {
    MigrationId id{};
    std::set<MigrationId>::const_iterator next{};
    std::set<MigrationId>::const_iterator end{};
  };
  if (!seen.insert(start).second) return;
  const auto open = [&](const MigrationId& id) {
    const std::set<MigrationId>& next = edges_of(edges, id);
    return Frame{id, next.begin(), next.end()};
  };
  std::vector<Frame> stack{open(start)};
  while (!stack.empty()) {
    Frame& top = stack.back();
    if (top.next == top.end) {
      order.push_back(top.id);
      stack.pop_back();
      continue;
    }
    const MigrationId next = *top.next++;
    if (seen.insert(next).second) stack.push_back(open(next));
  }
}

/// Ids of a cycle, first and last the same; empty when there is none.
std::vector<MigrationId> find_cycle(
    const Edges& parents, const std::map<MigrationId, std::shared_ptr<const Migration>>& all) {
  std::set<MigrationId> done;
  for (const auto& entry : all) {
    std::vector<std::pair<MigrationId, std::set<MigrationId>::const_iterator>> stack;
    std::set<MigrationId> open;
    const auto push = [&](const MigrationId& id) {
      stack.emplace_back(id, edges_of(parents, id).begin());
      open.insert(id);
    };
    if (!done.contains(entry.first)) push(entry.first);
    while (!stack.empty()) {
      auto& [id, next] = stack.back();
      if (next == edges_of(parents, id).end()) {
        done.insert(id);
        open.erase(id);
        stack.pop_back();
        continue;
      }
      const MigrationId parent = *next++;
      if (open.contains(parent)) {
        std::vector<MigrationId> cycle;
        auto at = std::find_if(stack.begin(), stack.end(),
                               [&](const auto& frame) { return frame.first == parent; });
        for (; at != stack.end(); ++at) cycle.push_back(at->first);
        cycle.push_back(parent);
        return cycle;
      }
      if (!done.contains(parent)) push(parent);
    }
  }
  return {};
}

}  // namespace

History::History(std::vector<AppliedMigration> rows) {
  for (AppliedMigration& row : rows) add(std::move(row));
}

const AppliedMigration* History::find(const MigrationId& id) const {
  const auto at = rows_.find(id);
  return at == rows_.end() ? nullptr : &at->second;
}

void History::add(AppliedMigration row) {
  const MigrationId id = row.id;
  rows_[id] = std::move(row);
}

void History::erase(const MigrationId& id) { rows_.erase(id); }

Graph::Graph(std::vector<Migration> migrations, const History* history) {
  std::vector<MigrationId> squashes;
  for (Migration& migration : migrations) {
    const MigrationId id = migration.id;
    if (all_.contains(id)) {
      throw Error(ErrorKind::conflict, "migration " + id.text() + " is there twice",
                  place(migration));
    }
    if (!migration.replaces.empty()) squashes.push_back(id);
    all_[id] = std::make_shared<const Migration>(std::move(migration));
  }
  std::set<std::string> labels;
  for (const auto& entry : all_) labels.insert(entry.first.app);
  apps_.assign(labels.begin(), labels.end());

  // `__first__` and `__latest__` mean a root or leaf of the files of that app alone.
  const auto ends = [&](const std::string& app, bool first) {
    std::set<MigrationId> depended;
    std::vector<MigrationId> found;
    for (const auto& [id, migration] : all_) {
      if (id.app != app) continue;
      for (const MigrationId& parent : migration->dependencies) {
        if (parent.app == app) depended.insert(first ? id : parent);
      }
    }
    for (const auto& entry : all_) {
      if (entry.first.app == app && !depended.contains(entry.first)) found.push_back(entry.first);
    }
    return found;
  };
  std::map<std::pair<std::string, bool>, std::vector<MigrationId>> known_ends;
  const auto resolve = [&](const Migration& child, const MigrationId& parent) {
    if (parent.name != "__first__" && parent.name != "__latest__") {
      return std::vector<MigrationId>{parent};
    }
    const bool first = parent.name == "__first__";
    if (first && parent.app == child.id.app) return std::vector<MigrationId>{};
    if (!labels.contains(parent.app)) {
      const std::vector<std::string> names(labels.begin(), labels.end());
      throw Error(
          ErrorKind::conflict,
          child.id.text() + " depends on app \"" + parent.app + "\", which has no migrations",
          place(child), did_you_mean(parent.app, names));
    }
    const auto key = std::pair{parent.app, first};
    if (!known_ends.contains(key)) known_ends[key] = ends(parent.app, first);
    const std::vector<MigrationId>& found = known_ends[key];
    if (found.empty()) return std::vector<MigrationId>{};
    return std::vector<MigrationId>{first ? found.front() : found.back()};
  };

  for (const auto& [id, migration] : all_) {
    for (const MigrationId& parent : migration->dependencies) {
      for (const MigrationId& target : resolve(*migration, parent)) {
        parents_[id].insert(target);
        children_[target].insert(id);
      }
    }
    for (const MigrationId& child : migration->run_before) {
      parents_[child].insert(id);
      children_[id].insert(child);
    }
  }

  const auto drop_node = [&](const MigrationId& id) {
    for (const MigrationId& parent : edges_of(parents_, id)) children_[parent].erase(id);
    for (const MigrationId& child : edges_of(children_, id)) parents_[child].erase(id);
    parents_.erase(id);
    children_.erase(id);
    all_.erase(id);
  };
  // Squashes of squashes settle from the inside: until nothing changes.
  for (const MigrationId& squash : squashes) {
    const std::vector<MigrationId> replaced = all_.at(squash)->replaces;
    std::size_t applied = 0;
    for (const MigrationId& id : replaced) applied += history && history->contains(id) ? 1 : 0;
    const bool squash_applied = history && history->contains(squash);
    const bool counts = !history || applied == 0 || applied == replaced.size() || squash_applied;
    if (counts) {
      // The squash stands for all of them: their neighbours become its own.
      for (const MigrationId& id : replaced) {
        for (const MigrationId& child : std::set<MigrationId>(edges_of(children_, id))) {
          if (child == squash) continue;
          parents_[child].insert(squash);
          children_[squash].insert(child);
        }
        for (const MigrationId& parent : std::set<MigrationId>(edges_of(parents_, id))) {
          if (parent == squash) continue;
          parents_[squash].insert(parent);
          children_[parent].insert(squash);
        }
      }
      for (const MigrationId& id : replaced) drop_node(id);
      parents_[squash].erase(squash);
      children_[squash].erase(squash);
      // Edges among the replaced came along as edges of the squash to nodes that are gone.
      for (const MigrationId& id : replaced) {
        parents_[squash].erase(id);
        children_[squash].erase(id);
      }
      replaced_[squash] = replaced;
    } else {
      // Some are applied: the old files carry on, what depends on the squash depends on their last.
      std::set<MigrationId> last(replaced.begin(), replaced.end());
      for (const MigrationId& id : replaced) {
        for (const MigrationId& parent : edges_of(parents_, id)) last.erase(parent);
      }
      for (const MigrationId& child : std::set<MigrationId>(edges_of(children_, squash))) {
        for (const MigrationId& id : last) {
          if (id.app != squash.app) continue;
          parents_[child].insert(id);
          children_[id].insert(child);
        }
      }
      drop_node(squash);
    }
  }

  for (const auto& [id, migration] : all_) {
    for (const MigrationId& parent : edges_of(parents_, id)) {
      if (all_.contains(parent)) continue;
      std::vector<std::string> names;
      for (const auto& entry : all_) {
        if (entry.first.app == parent.app) names.push_back(entry.first.name);
      }
      std::string hint = did_you_mean(parent.name, names);
      if (names.empty()) hint = "app \"" + parent.app + "\" has no migrations";
      throw Error(ErrorKind::conflict,
                  id.text() + " depends on " + parent.text() + ", which does not exist",
                  place(*migration), hint);
    }
  }
  for (const auto& entry : parents_) {
    if (all_.contains(entry.first)) continue;
    const MigrationId by = *entry.second.begin();
    throw Error(ErrorKind::conflict,
                by.text() + " wants to run before " + entry.first.text() + ", which does not exist",
                place(*all_.at(by)));
  }
  const std::vector<MigrationId> cycle = find_cycle(parents_, all_);
  if (!cycle.empty()) {
    throw Error(ErrorKind::conflict,
                "migrations depend on each other in a circle: " + join(texts(cycle), " -> "),
                place(*all_.at(cycle.front())), "take one of these dependencies out");
  }
}

const Migration& Graph::at(const MigrationId& id) const {
  const auto found = all_.find(id);
  if (found == all_.end()) {
    throw Error(ErrorKind::usage, "there is no migration " + id.text());
  }
  return *found->second;
}

bool Graph::contains(const MigrationId& id) const { return all_.contains(id); }

const std::set<MigrationId>& Graph::parents(const MigrationId& id) const {
  return edges_of(parents_, id);
}

const std::set<MigrationId>& Graph::children(const MigrationId& id) const {
  return edges_of(children_, id);
}

namespace {

/// Migrations of `app` without a neighbour of the same app.
std::vector<MigrationId> ends_of(
    const std::string& app, const Edges& edges,
    const std::map<MigrationId, std::shared_ptr<const Migration>>& all) {
  std::vector<MigrationId> found;
  for (auto at = all.lower_bound({app, ""}); at != all.end() && at->first.app == app; ++at) {
    const std::set<MigrationId>& next = edges_of(edges, at->first);
    const bool inner =
        std::any_of(next.begin(), next.end(), [&](const MigrationId& id) { return id.app == app; });
    if (!inner) found.push_back(at->first);
  }
  return found;
}

}  // namespace

std::vector<MigrationId> Graph::roots(const std::string& app) const {
  return ends_of(app, parents_, all_);
}

std::vector<MigrationId> Graph::leaves(const std::string& app) const {
  return ends_of(app, children_, all_);
}

std::vector<MigrationId> Graph::leaves() const {
  std::vector<MigrationId> all;
  for (const std::string& app : apps_) {
    const std::vector<MigrationId> found = leaves(app);
    all.insert(all.end(), found.begin(), found.end());
  }
  return all;
}

std::vector<MigrationId> Graph::forwards_plan(const MigrationId& id) const {
  at(id);
  std::set<MigrationId> seen;
  std::vector<MigrationId> order;
  walk(parents_, id, seen, order);
  return order;
}

std::vector<MigrationId> Graph::backwards_plan(const MigrationId& id) const {
  at(id);
  std::set<MigrationId> seen;
  std::vector<MigrationId> order;
  walk(children_, id, seen, order);
  return order;
}

std::vector<MigrationId> Graph::full_order() const {
  std::set<MigrationId> seen;
  std::vector<MigrationId> order;
  for (const MigrationId& leaf : leaves()) walk(parents_, leaf, seen, order);
  return order;
}

std::map<std::string, std::vector<MigrationId>> Graph::conflicts() const {
  std::map<std::string, std::vector<MigrationId>> found;
  for (const std::string& app : apps_) {
    std::vector<MigrationId> ends = leaves(app);
    if (ends.size() > 1) found[app] = std::move(ends);
  }
  return found;
}

MigrationId Graph::find(const std::string& app, const std::string& prefix) const {
  if (std::find(apps_.begin(), apps_.end(), app) == apps_.end()) {
    throw Error(ErrorKind::usage, "app \"" + app + "\" has no migrations", {},
                did_you_mean(app, apps_));
  }
  const MigrationId exact{app, prefix};
  if (contains(exact)) return exact;
  for (const auto& [squash, replaced] : replaced_) {
    if (std::find(replaced.begin(), replaced.end(), exact) != replaced.end()) {
      throw Error(ErrorKind::usage, exact.text() + " is replaced by " + squash.text(), {},
                  "name that one");
    }
  }
  std::vector<std::string> matches;
  std::vector<std::string> names;
  for (auto at = all_.lower_bound({app, ""}); at != all_.end() && at->first.app == app; ++at) {
    names.push_back(at->first.name);
    if (at->first.name.starts_with(prefix)) matches.push_back(at->first.name);
  }
  if (matches.size() == 1) return {app, matches.front()};
  if (matches.size() > 1) {
    throw Error(ErrorKind::usage,
                "more than one migration of app \"" + app + "\" begins with \"" + prefix + "\"", {},
                "it may be " + join(matches, ", "));
  }
  const std::string near = did_you_mean(prefix, names);
  throw Error(ErrorKind::usage,
              "app \"" + app + "\" has no migration that begins with \"" + prefix + "\"", {},
              near.empty() ? "the latest one is " + names.back() : near);
}

void advance(ProjectState& state, const Migration& migration) {
  for (std::size_t i = 0; i < migration.operations.size(); ++i) {
    try {
      advance(state, migration.id.app, migration.operations[i]);
    } catch (const Error& error) {
      throw Error(error.kind(), error.what(),
                  migration.id.text() + ", operation " + std::to_string(i + 1) + " (" +
                      describe(migration.operations[i]) + ")",
                  error.hint());
    }
  }
}

ProjectState replay(const Graph& graph, const std::vector<MigrationId>& ids) {
  ProjectState state;
  for (const MigrationId& id : ids) advance(state, graph.at(id));
  return state;
}

}  // namespace turnstone::migrations
