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

// Building ----------------------------------------------------------------------------------------

namespace {

using Files = std::map<MigrationId, std::shared_ptr<const Migration>>;

/// How much of what a migration stands for is applied.
enum class Share { none, some, all };

/// Shares of squashes and plain migrations under one history. Squashes of squashes count by what
/// these replace in turn. A squash whose own row is there while nothing it replaces is counts as
/// applied: its old rows were cleaned away.
class Shares {
 public:
  Shares(const Files& files, const std::map<MigrationId, std::vector<MigrationId>>& squashes,
         const History* history)
      : files_(files), squashes_(squashes), history_(history) {}

  Share of(const MigrationId& id) {
    const auto squash = squashes_.find(id);
    const Share own = history_ && history_->contains(id) ? Share::all : Share::none;
    if (squash == squashes_.end()) return own;
    const auto known = known_.find(id);
    if (known != known_.end()) return known->second;
    if (!open_.insert(id).second) {
      throw Error(ErrorKind::conflict, "squashes replace each other: " + join(texts(path_), ", "),
                  place(*files_.at(id)), "take one of them out of the other's \"replaces\"");
    }
    path_.push_back(id);
    bool any = false;
    bool every = true;
    for (const MigrationId& replaced : squash->second) {
      const Share share = of(replaced);
      any = any || share != Share::none;
      every = every && share == Share::all;
    }
    path_.pop_back();
    open_.erase(id);
    const Share share = every ? Share::all : any ? Share::some : own;
    known_.emplace(id, share);
    return share;
  }

 private:
  const Files& files_;
  const std::map<MigrationId, std::vector<MigrationId>>& squashes_;
  const History* history_;
  std::map<MigrationId, Share> known_{};
  std::set<MigrationId> open_{};
  std::vector<MigrationId> path_{};
};

/// Works out which migrations there are and what depends on what, in three passes: who stands for
/// whom, edges between those, and squashes that can't be used give way to their old files.
class Builder {
 public:
  Builder(const Files& files, const std::map<MigrationId, std::vector<MigrationId>>& squashes,
          const History* history)
      : files_(files), squashes_(squashes), shares_(files, squashes, history) {
    settle_squashes();
    for (const auto& entry : files_) add_edges(*entry.second);
    for (const MigrationId& squash : unusable_) put_old_files_back(squash);
    check_missing();
  }

  Edges parents{};
  Edges children{};
  std::map<MigrationId, std::vector<MigrationId>> replaced{};
  bool is_gone(const MigrationId& id) const {
    return owner_.contains(id) || unusable_.contains(id);
  }

 private:
  void settle_squashes() {
    for (const auto& [squash, old] : squashes_) {
      if (shares_.of(squash) == Share::some) {
        unusable_.insert(squash);
        continue;
      }
      for (const MigrationId& id : old) {
        const auto [at, added] = owner_.emplace(id, squash);
        if (added || at->second == squash) continue;
        throw Error(
            ErrorKind::conflict,
            id.text() + " is replaced by both " + at->second.text() + " and " + squash.text(),
            place(*files_.at(squash)), "remove the older of the two");
      }
    }
    for (const auto& entry : squashes_) {
      const MigrationId& squash = entry.first;
      if (!is_gone(squash)) add_replaced(squash, replaced[squash]);
    }
  }

  void add_replaced(const MigrationId& squash, std::vector<MigrationId>& ids) const {
    for (const MigrationId& id : squashes_.at(squash)) {
      if (squashes_.contains(id)) add_replaced(id, ids);
      ids.push_back(id);
    }
  }

  /// The migration that stands for `id`: the outermost squash in use, or itself.
  const MigrationId& stand_in(const MigrationId& id) const {
    const MigrationId* at = &id;
    for (auto next = owner_.find(*at); next != owner_.end(); next = owner_.find(*at)) {
      at = &next->second;
    }
    return *at;
  }

  void add_edge(const MigrationId& child, const MigrationId& parent) {
    if (child == parent) return;
    parents[child].insert(parent);
    children[parent].insert(child);
  }

  void add_edges(const Migration& migration) {
    if (unusable_.contains(migration.id)) return;
    const MigrationId& self = stand_in(migration.id);
    for (const MigrationId& written : migration.dependencies) {
      for (const MigrationId& named : resolved(migration, written)) {
        const MigrationId& parent = stand_in(named);
        if (named == migration.id) refuse_self(migration);
        note(parent, migration, false);
        add_edge(self, parent);
      }
    }
    for (const MigrationId& written : migration.run_before) {
      for (const MigrationId& named : resolved(migration, written)) {
        const MigrationId& child = stand_in(named);
        if (named == migration.id) refuse_self(migration);
        note(child, migration, true);
        add_edge(child, self);
      }
    }
  }

  [[noreturn]] static void refuse_self(const Migration& migration) {
    throw Error(ErrorKind::conflict, migration.id.text() + " depends on itself", place(migration),
                "take the dependency out");
  }

  /// `__first__` and `__latest__` as the names they stand for among the files of that app.
  std::vector<MigrationId> resolved(const Migration& by, const MigrationId& written) {
    const bool first = written.name == "__first__";
    if (!first && written.name != "__latest__") return {written};
    if (first && written.app == by.id.app) return {};
    const auto key = std::pair{written.app, first};
    auto known = ends_.find(key);
    if (known == ends_.end()) known = ends_.emplace(key, ends(written.app, first)).first;
    const auto& empty = by.empty_apps;
    if (known->second.empty() &&
        !(first && std::find(empty.begin(), empty.end(), written.app) != empty.end())) {
      refuse_unknown_app(by, written);
    }
    return known->second;
  }

  std::vector<MigrationId> ends(const std::string& app, bool first) const {
    std::set<MigrationId> inner;
    const auto begin = files_.lower_bound({app, ""});
    for (auto at = begin; at != files_.end() && at->first.app == app; ++at) {
      for (const MigrationId& parent : at->second->dependencies) {
        const bool named = parent.name != "__first__" && parent.name != "__latest__";
        if (parent.app == app && named) inner.insert(first ? at->first : parent);
      }
    }
    std::vector<MigrationId> found;
    for (auto at = begin; at != files_.end() && at->first.app == app; ++at) {
      if (!inner.contains(at->first)) found.push_back(at->first);
    }
    if (first && found.size() > 1) found.resize(1);
    return found;
  }

  /// What an unusable squash stands for: its old files, or squashes in use among them.
  void add_old_files(const MigrationId& squash, std::set<MigrationId>& old) const {
    for (const MigrationId& id : squashes_.at(squash)) {
      const MigrationId& now = stand_in(id);
      if (unusable_.contains(now)) {
        add_old_files(now, old);
      } else {
        old.insert(now);
      }
    }
  }

  /// Some of what the squash replaces is applied: the old files carry on. What depends on the
  /// squash depends on the last of them, what it is to run before comes before the first.
  void put_old_files_back(const MigrationId& squash) {
    std::set<MigrationId> old;
    add_old_files(squash, old);
    for (const MigrationId& id : old) {
      if (files_.contains(id)) continue;
      throw Error(ErrorKind::history,
                  squash.text() +
                      " can't be used because only some of the migrations it replaces " +
                      "are applied, and the file of " + id.text() + " is gone",
                  place(*files_.at(squash)), "put the old files back and migrate");
    }
    std::set<MigrationId> last = old;
    std::set<MigrationId> first = old;
    for (const MigrationId& id : old) {
      for (const MigrationId& parent : edges_of(parents, id)) {
        if (old.contains(parent)) first.erase(id);
        last.erase(parent);
      }
    }
    for (const MigrationId& child : std::set<MigrationId>(edges_of(children, squash))) {
      parents[child].erase(squash);
      for (const MigrationId& id : last) add_edge(child, id);
    }
    for (const MigrationId& parent : std::set<MigrationId>(edges_of(parents, squash))) {
      children[parent].erase(squash);
      for (const MigrationId& id : first) add_edge(id, parent);
    }
    parents.erase(squash);
    children.erase(squash);
  }

  /// Remembers who named a migration that no file has.
  void note(const MigrationId& named, const Migration& by, bool before) {
    if (!files_.contains(named)) mentions_.emplace(named, std::pair{&by, before});
  }

  void check_missing() const {
    if (mentions_.empty()) return;
    const auto& [missing, mention] = *mentions_.begin();
    const auto& [by, before] = mention;
    std::vector<std::string> names;
    for (auto at = files_.lower_bound({missing.app, ""});
         at != files_.end() && at->first.app == missing.app; ++at) {
      names.push_back(at->first.name);
    }
    if (names.empty()) refuse_unknown_app(*by, missing);
    throw Error(ErrorKind::conflict,
                by->id.text() + (before ? " is to run before " : " depends on ") + missing.text() +
                    ", which does not exist",
                place(*by), did_you_mean(missing.name, names));
  }

  [[noreturn]] void refuse_unknown_app(const Migration& by, const MigrationId& named) const {
    std::vector<std::string> labels;
    for (const auto& entry : files_) {
      if (labels.empty() || labels.back() != entry.first.app) labels.push_back(entry.first.app);
    }
    throw Error(ErrorKind::conflict,
                by.id.text() + " names " + named.text() + ", but app \"" + named.app +
                    "\" has no migrations",
                place(by), did_you_mean(named.app, labels));
  }

  const Files& files_;
  const std::map<MigrationId, std::vector<MigrationId>>& squashes_;
  Shares shares_;
  std::map<MigrationId, MigrationId> owner_{};  ///< replaced → squash in use
  std::set<MigrationId> unusable_{};            ///< squashes that give way
  std::map<std::pair<std::string, bool>, std::vector<MigrationId>> ends_{};
  std::map<MigrationId, std::pair<const Migration*, bool>> mentions_{};
};

void refuse_cycle(const Edges& parents, const Files& files) {
  const std::vector<MigrationId> cycle = find_cycle(parents, files);
  if (cycle.empty()) return;
  std::vector<std::string> places;
  for (std::size_t i = 0; i + 1 < cycle.size(); ++i) places.push_back(place(*files.at(cycle[i])));
  throw Error(ErrorKind::conflict,
              "migrations depend on each other in a circle: " + join(texts(cycle), " -> "),
              join(places, ", "), "take one of these dependencies out");
}

}  // namespace

Graph::Graph(std::vector<Migration> migrations, const History* history) {
  for (Migration& migration : migrations) {
    const MigrationId id = migration.id;
    if (all_.contains(id)) {
      throw Error(ErrorKind::conflict, "migration " + id.text() + " is there twice",
                  place(migration));
    }
    if (!migration.replaces.empty()) squashes_[id] = migration.replaces;
    if (apps_.empty() || apps_.back() != id.app) apps_.push_back(id.app);
    all_.emplace(id, std::make_shared<const Migration>(std::move(migration)));
  }
  std::sort(apps_.begin(), apps_.end());
  apps_.erase(std::unique(apps_.begin(), apps_.end()), apps_.end());

  Builder builder(all_, squashes_, history);
  refuse_cycle(builder.parents, all_);
  for (auto at = all_.begin(); at != all_.end();) {
    if (builder.is_gone(at->first)) {
      at = all_.erase(at);
    } else {
      ++at;
    }
  }
  parents_ = std::move(builder.parents);
  children_ = std::move(builder.children);
  replaced_ = std::move(builder.replaced);
  tell_squashed();
  refuse_lost_moves();
}

void Graph::tell_squashed() {
  const auto change = [&](const MigrationId& id, const auto& how) {
    const auto at = all_.find(id);
    if (at == all_.end()) return;
    auto changed = std::make_shared<Migration>(*at->second);
    how(*changed);
    at->second = std::move(changed);
  };
  for (const auto& [squash, ids] : replaced_) {
    const std::vector<MigrationId>& all = ids;
    change(squash, [&](Migration& migration) { migration.stands_for = all; });
  }
  for (const auto& entry : squashes_) {
    const MigrationId& squash = entry.first;
    if (all_.contains(squash) || is_replaced(squash)) continue;
    std::vector<MigrationId> old = entry.second;
    for (std::size_t i = 0; i < old.size(); ++i) {
      const MigrationId id = old[i];
      change(id, [&](Migration& migration) { migration.part_of.push_back(squash); });
      const auto inner = squashes_.find(id);
      if (inner == squashes_.end() || all_.contains(id)) continue;
      old.insert(old.end(), inner->second.begin(), inner->second.end());
    }
  }
}

void Graph::refuse_lost_moves() const {
  for (const auto& entry : all_) {
    const MigrationId& id = entry.first;
    for (const std::string& app : apps_moved_to(entry.second->operations)) {
      const std::vector<MigrationId> behind = backwards_plan(id);
      if (std::any_of(behind.begin(), behind.end(),
                      [&](const MigrationId& later) { return later.app == app; })) {
        continue;
      }
      throw Error(ErrorKind::conflict,
                  id.text() + " moves a model to app \"" + app +
                      "\", which has no migration that depends on it",
                  place(*entry.second),
                  "write one: {\"turnstone\": 1, \"dependencies\": [[\"" + id.app + "\", \"" +
                      id.name + "\"]], \"operations\": []}, with the app's last one before it");
    }
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
  if (!std::binary_search(apps_.begin(), apps_.end(), app)) {
    throw Error(ErrorKind::usage, "app \"" + app + "\" has no migrations", {},
                did_you_mean(app, apps_));
  }
  const MigrationId exact{app, prefix};
  if (contains(exact)) return exact;
  if (squashes_.contains(exact) && !is_replaced(exact)) {
    MigrationId last = exact;
    while (!contains(last) && squashes_.contains(last)) last = squashes_.at(last).back();
    if (contains(last)) return last;
  }
  const auto refuse_replaced = [&](const auto& is_it) {
    for (const auto& entry : replaced_) {
      const auto& replaced = entry.second;
      const auto at = std::find_if(replaced.begin(), replaced.end(), is_it);
      if (at == replaced.end()) continue;
      throw Error(ErrorKind::usage, at->text() + " is replaced by " + entry.first.text(), {},
                  "name that one");
    }
  };
  refuse_replaced([&](const MigrationId& id) { return id == exact; });
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
  refuse_replaced(
      [&](const MigrationId& id) { return id.app == app && id.name.starts_with(prefix); });
  const std::string near = did_you_mean(prefix, names);
  throw Error(ErrorKind::usage,
              "app \"" + app + "\" has no migration that begins with \"" + prefix + "\"", {},
              near.empty() ? "the latest one is " + names.back() : near);
}

bool Graph::is_replaced(const MigrationId& id) const {
  return std::any_of(replaced_.begin(), replaced_.end(), [&](const auto& entry) {
    return std::find(entry.second.begin(), entry.second.end(), id) != entry.second.end();
  });
}

bool Graph::is_applied(const MigrationId& id, const History& history) const {
  if (!squashes_.contains(id)) return history.contains(id);
  return Shares(all_, squashes_, &history).of(id) == Share::all;
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

void tell_known_apps(std::vector<Migration>& files, const std::vector<std::string>& labels) {
  std::set<std::string> empty(labels.begin(), labels.end());
  for (const Migration& migration : files) empty.erase(migration.id.app);
  for (Migration& migration : files) {
    for (const std::vector<MigrationId>* named : {&migration.dependencies, &migration.run_before}) {
      for (const MigrationId& id : *named) {
        if (id.name == "__first__" && empty.contains(id.app))
          migration.empty_apps.push_back(id.app);
      }
    }
  }
}

ProjectState replay(const Graph& graph, const std::vector<MigrationId>& ids) {
  ProjectState state;
  for (const MigrationId& id : ids) advance(state, graph.at(id));
  return state;
}

}  // namespace turnstone::migrations
