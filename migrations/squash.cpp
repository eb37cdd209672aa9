#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/migrations/autodetector.h>
#include <turnstone/migrations/squash.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "footprint.h"
#include "optimizer.h"

namespace turnstone::migrations {
namespace {

using Ids = std::vector<MigrationId>;

bool contains(const Ids& ids, const MigrationId& id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

void keep_once(Ids& ids, const MigrationId& id) {
  if (!contains(ids, id)) ids.push_back(id);
}

/// `range` and all that squashes in it stand for.
std::set<MigrationId> inside_of(const Graph& graph, const Ids& range) {
  std::set<MigrationId> inside(range.begin(), range.end());
  for (const MigrationId& id : range) {
    const auto squash = graph.replaced().find(id);
    if (squash != graph.replaced().end()) {
      inside.insert(squash->second.begin(), squash->second.end());
    }
  }
  return inside;
}

std::string squash_name(const Ids& range, const SquashOptions& options) {
  const std::string& first = range.front().name;
  const std::string& last = range.back().name;
  if (options.from_start) {
    return "0001_" + (options.name.empty() ? "squashed_" + last : options.name);
  }
  if (options.name.empty()) return first + "_squashed_" + last;
  return first.substr(0, first.find('_')) + "_" + options.name;
}

/// True for what a database runs outside of a transaction, or might: raw SQL and code of a
/// migration that says it is not atomic.
bool may_need_no_transaction(const Operation& operation) {
  return std::holds_alternative<AddIndexConcurrently>(operation.value) ||
         std::holds_alternative<RemoveIndexConcurrently>(operation.value) ||
         footprint_of(operation, "").barrier;
}

/// Fills in what optimizing passed by and left out. `origins` are the operations before it.
void tell_rest(Squash& squash, const std::vector<std::pair<MigrationId, Operation>>& origins) {
  const Operations& now = squash.migration.operations;
  for (const auto& origin : origins) {
    const Operation& operation = origin.second;
    const bool kept = std::find(now.begin(), now.end(), operation) != now.end();
    if (kept && footprint_of(operation, origin.first.app).barrier) {
      squash.barriers.push_back(origin);
    } else if (!kept && is_elidable(operation)) {
      squash.left_out.push_back(origin);
    }
  }
}

// Circles -----------------------------------------------------------------------------------------

using Neighbours = std::function<const std::set<MigrationId>&(const MigrationId&)>;

/// All that is reached from `ids` over `next`, without these.
std::set<MigrationId> reach(const Ids& ids, const Neighbours& next) {
  const std::set<MigrationId> own(ids.begin(), ids.end());
  std::set<MigrationId> seen;
  Ids open = ids;
  while (!open.empty()) {
    const MigrationId id = open.back();
    open.pop_back();
    for (const MigrationId& other : next(id)) {
      if (!own.contains(other) && seen.insert(other).second) open.push_back(other);
    }
  }
  return seen;
}

/// A way from `range` over others back into it, each needing the next: the others. Empty when there
/// is none.
Ids circle_through(const Graph& graph, const Ids& range) {
  const Neighbours parents = [&](const MigrationId& id) -> const std::set<MigrationId>& {
    return graph.parents(id);
  };
  const Neighbours children = [&](const MigrationId& id) -> const std::set<MigrationId>& {
    return graph.children(id);
  };
  const std::set<MigrationId> needed = reach(range, parents);
  std::set<MigrationId> between;
  for (const MigrationId& id : reach(range, children)) {
    if (needed.contains(id)) between.insert(id);
  }
  if (between.empty()) return {};
  // The last of them, from which the range is reached without a way around.
  const auto needed_by_range = [&](const MigrationId& id) {
    const auto& next = graph.children(id);
    return std::any_of(next.begin(), next.end(),
                       [&](const MigrationId& child) { return contains(range, child); });
  };
  Ids way{*std::find_if(between.begin(), between.end(), needed_by_range)};
  while (true) {
    const auto& next = graph.parents(way.back());
    if (std::any_of(next.begin(), next.end(),
                    [&](const MigrationId& parent) { return contains(range, parent); })) {
      return way;
    }
    way.push_back(*std::find_if(next.begin(), next.end(), [&](const MigrationId& parent) {
      return between.contains(parent);
    }));
  }
}

std::string arrows(const Ids& ids) {
  std::vector<std::string> names;
  for (const MigrationId& id : ids) names.push_back(id.text());
  return join(names, " -> ");
}

// Splitting ---------------------------------------------------------------------------------------

/// What is wrong with a squash; nothing where it does.
struct Objection {
  std::string message{};
  std::string where{};
};

std::optional<Objection> objection_to(const std::vector<Migration>& files, const Graph& graph,
                                      const Ids& range, const Migration& squash,
                                      const ProjectState& wanted) {
  const std::string what =
      range.front().text() + " to " + range.back().name + " can't become one migration: ";
  const Ids circle = circle_through(graph, range);
  if (!circle.empty()) {
    Ids closed{squash.id};
    closed.insert(closed.end(), circle.begin(), circle.end());
    closed.push_back(squash.id);
    return Objection{what + "it would depend on itself, " + arrows(closed),
                     graph.at(circle.front()).file.string()};
  }
  try {
    std::vector<Migration> all = files;
    all.push_back(squash);
    const Graph after(std::move(all), nullptr);
    const ProjectState reached = replay(after, after.full_order());
    const std::vector<std::string> unequal = unequal_models(reached, wanted);
    if (unequal.empty()) return std::nullopt;
    return Objection{what + "the models would not be the same: " + join(unequal, ", "), {}};
  } catch (const Error& error) {
    return Objection{what + "what comes behind it does not fit, " + error.what(), error.where()};
  }
}

/// Neighbouring parts of `range`, each as long as can be.
std::vector<Ids> parts_of(const std::vector<Migration>& files, const Graph& graph, const Ids& range,
                          const ProjectState& wanted) {
  std::vector<Ids> parts;
  for (const MigrationId& id : range) {
    if (!parts.empty()) {
      Ids longer = parts.back();
      longer.push_back(id);
      const Squash squash = make_squash(graph, longer, {.from_start = false, .optimize = false});
      if (!objection_to(files, graph, longer, squash.migration, wanted)) {
        parts.back() = std::move(longer);
        continue;
      }
    }
    parts.push_back({id});
  }
  return parts;
}

std::string advice(const std::vector<Ids>& parts) {
  std::vector<std::string> words;
  for (const Ids& part : parts) {
    if (part.size() < 2) continue;
    words.push_back(part.front().name + " to " + part.back().name);
  }
  if (words.empty()) return "no two neighbours among them can be squashed";
  return "squash in parts: " + join(words, ", ");
}

// Retiring ----------------------------------------------------------------------------------------

void add_replaced(const std::map<MigrationId, const Migration*>& files, const Migration& squash,
                  Ids& ids) {
  for (const MigrationId& id : squash.replaces) {
    if (contains(ids, id)) continue;
    const auto file = files.find(id);
    if (file != files.end()) add_replaced(files, *file->second, ids);
    ids.push_back(id);
  }
}

/// `ids` with those that are gone replaced by `squash`, each once; without `self`.
Ids repointed(const Ids& ids, const Ids& gone, const MigrationId& squash, const MigrationId& self) {
  Ids result;
  for (const MigrationId& id : ids) {
    const MigrationId& now = contains(gone, id) ? squash : id;
    if (now != self) keep_once(result, now);
  }
  return result;
}

void remember_digest(Migration& migration) {
  migration.formerly.push_back(migration.digest);
  migration.digest = digest_of(migration);
}

}  // namespace

std::vector<MigrationId> squash_range(const Graph& graph, const MigrationId& start,
                                      const MigrationId& end) {
  Ids range;
  for (const MigrationId& id : graph.forwards_plan(end)) {
    if (id.app == end.app) range.push_back(id);
  }
  if (start.name.empty()) return range;
  const auto from = std::find(range.begin(), range.end(), start);
  if (from == range.end()) {
    throw Error(ErrorKind::usage,
                "migration " + start.name + " does not come before " + end.name + " in app \"" +
                    end.app + "\"",
                {}, "showmigrations " + end.app + " shows their order");
  }
  range.erase(range.begin(), from);
  return range;
}

Squash make_squash(const Graph& graph, const std::vector<MigrationId>& range,
                   const SquashOptions& options) {
  const std::set<MigrationId> inside = inside_of(graph, range);
  Squash squash;
  Migration& made = squash.migration;
  made.id = {range.front().app, squash_name(range, options)};
  if (options.from_start) made.initial = true;
  made.replaces = range;
  std::vector<std::pair<MigrationId, Operation>> origins;
  Operations free_standing;
  for (const MigrationId& id : range) {
    const Migration& part = graph.at(id);
    for (const MigrationId& needed : part.dependencies) {
      const bool nothing = needed.app == made.id.app && needed.name == "__first__";
      if (!inside.contains(needed) && !nothing) keep_once(made.dependencies, needed);
    }
    for (const MigrationId& later : part.run_before) {
      if (!inside.contains(later)) keep_once(made.run_before, later);
    }
    for (const Operation& operation : part.operations) {
      made.operations.push_back(operation);
      origins.emplace_back(id, operation);
      if (!part.atomic && may_need_no_transaction(operation)) free_standing.push_back(operation);
    }
  }
  squash.operations_before = made.operations.size();
  if (options.optimize) made.operations = optimize(made.operations, made.id.app);
  made.atomic =
      std::none_of(made.operations.begin(), made.operations.end(), [&](const Operation& operation) {
        return std::find(free_standing.begin(), free_standing.end(), operation) !=
               free_standing.end();
      });
  if (options.optimize) tell_rest(squash, origins);
  return squash;
}

void check_squash(const std::vector<Migration>& files, const Graph& graph,
                  const std::vector<MigrationId>& range, const Squash& squash,
                  const ProjectState& wanted) {
  const auto objection = objection_to(files, graph, range, squash.migration, wanted);
  if (!objection) return;
  throw Error(ErrorKind::conflict, objection->message, objection->where,
              advice(parts_of(files, graph, range, wanted)));
}

std::vector<std::string> unequal_models(const ProjectState& a, const ProjectState& b) {
  std::vector<std::string> names;
  for (const ModelKey& key : changed_models(a, b)) {
    // As states compare, where the order of fields does not count.
    ProjectState one;
    ProjectState other;
    if (const ModelPtr model = a.find(key)) one.set(*model);
    if (const ModelPtr model = b.find(key)) other.set(*model);
    if (!(one == other)) names.push_back(key.text());
  }
  return names;
}

Retirement retire_squash(const std::vector<Migration>& files, const MigrationId& squash) {
  std::map<MigrationId, const Migration*> by_id;
  for (const Migration& file : files) by_id.emplace(file.id, &file);
  const auto found = by_id.find(squash);
  if (found == by_id.end() || found->second->replaces.empty()) {
    throw Error(ErrorKind::usage, squash.text() + " replaces no other migration", {},
                "only a squash can be retired; showmigrations tells which are");
  }
  Retirement retirement;
  add_replaced(by_id, *found->second, retirement.forgotten);
  const Ids& gone = retirement.forgotten;
  for (const Migration& file : files) {
    if (contains(gone, file.id)) {
      retirement.removed.push_back(file.id);
      continue;
    }
    Migration rewritten = file;
    rewritten.dependencies = repointed(file.dependencies, gone, squash, file.id);
    rewritten.run_before = repointed(file.run_before, gone, squash, file.id);
    const bool is_it = file.id == squash;
    if (is_it) rewritten.replaces.clear();
    if (!is_it && rewritten.dependencies == file.dependencies &&
        rewritten.run_before == file.run_before) {
      continue;
    }
    remember_digest(rewritten);
    retirement.rewritten.push_back(std::move(rewritten));
  }
  return retirement;
}

Squash make_optimized(const Migration& migration) {
  Squash result{.migration = migration, .operations_before = migration.operations.size()};
  Migration& made = result.migration;
  made.operations = optimize(migration.operations, migration.id.app);
  std::vector<std::pair<MigrationId, Operation>> origins;
  for (const Operation& operation : migration.operations) {
    origins.emplace_back(migration.id, operation);
  }
  tell_rest(result, origins);
  remember_digest(made);
  return result;
}

}  // namespace turnstone::migrations
