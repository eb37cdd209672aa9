#include "chop.h"

#include <turnstone/error.h>

#include <algorithm>
#include <set>

#include "footprint.h"

namespace turnstone::migrations {
namespace {

/// An operation and what it waits for. Operations of an app are known by their place among those
/// that were found.
struct Waiting {
  Operation operation{};
  std::size_t place = 0;
  std::set<std::size_t> behind{};  ///< operations of its own app
  /// Other app → operations there that must be in migrations first; none: the app as it is.
  std::map<std::string, std::set<std::size_t>> after{};
  /// Apps whose last migration so far, where there is one, must come first.
  std::set<std::string> leaves{};
};

class Chopper {
 public:
  Chopper(FoundByApp found, const ExistingMigrations& existing) : existing_(existing) {
    std::map<std::string, OperationsByModel> by_model;
    for (const auto& [app, operations] : found) {
      by_model.emplace(app, operations);
      left_ += operations.size();
    }
    for (const auto& [app, operations] : found) {
      for (const Found& one : operations) {
        Waiting waiting{.place = waiting_[app].size()};
        find_dependencies(app, one, found, by_model, waiting);
        waiting_[app].push_back(std::move(waiting));
      }
    }
    for (auto& [app, operations] : found) {
      for (std::size_t i = 0; i < operations.size(); ++i) {
        waiting_[app][i].operation = std::move(operations[i].operation);
      }
    }
  }

  std::map<std::string, std::vector<Migration>> run() {
    // Whole apps first. Where that leads no further, the first app that can gives what it has, and
    // at last what may pass the operations that are held up.
    Take how = Take::whole;
    while (left_ > 0) {
      const std::size_t before = left_;
      for (auto& [app, operations] : waiting_) {
        if (!operations.empty() && take(app, operations, how)) how = Take::whole;
      }
      if (left_ < before) continue;
      if (how == Take::scattered) refuse();
      how = how == Take::whole ? Take::beginning : Take::scattered;
    }
    return std::move(made_);
  }

 private:
  enum class Take { whole, beginning, scattered };

  static void find_dependencies(const std::string& app, const Found& one, const FoundByApp& found,
                                const std::map<std::string, OperationsByModel>& by_model,
                                Waiting& waiting) {
    for (const Dependency& dependency : one.after) {
      const std::string& other = dependency.model.app;
      if (dependency.kind == Dependency::Kind::app_as_it_is) {
        if (other != app) waiting.leaves.insert(other);
        continue;
      }
      std::set<std::size_t>& places = other == app ? waiting.behind : waiting.after[other];
      const auto at = by_model.find(other);
      if (at == by_model.end()) continue;
      for (const std::size_t i : at->second.of(dependency.model)) {
        if (provides(found.at(other)[i].operation, other, dependency)) places.insert(i);
      }
    }
  }

  bool more(const std::string& app) const {
    const auto at = waiting_.find(app);
    return at != waiting_.end() && !at->second.empty();
  }
  bool is_done(const std::string& app, const std::set<std::size_t>& places) const {
    const auto done = done_.find(app);
    return std::all_of(places.begin(), places.end(), [&](std::size_t place) {
      return done != done_.end() && done->second.contains(place);
    });
  }

  /// Makes a migration of the operations of `app` that can go now. False when it made none.
  bool take(const std::string& app, std::vector<Waiting>& operations, Take how) {
    std::set<MigrationId> needs;
    std::vector<std::size_t> ready;
    std::vector<std::size_t> held;
    for (std::size_t i = 0; i < operations.size(); ++i) {
      const Waiting& one = operations[i];
      if (!held.empty() && how != Take::scattered) break;
      const bool passes = std::all_of(held.begin(), held.end(), [&](std::size_t stays) {
        return may_pass(app, one, operations[stays]);
      });
      if (passes && can_go(one, how, needs)) {
        ready.push_back(i);
      } else {
        held.push_back(i);
      }
    }
    if (ready.empty() || (how == Take::whole && !held.empty())) return false;
    std::vector<Migration>& migrations = made_[app];
    Migration migration;
    migration.id = {app, std::to_string(migrations.size() + 1)};
    if (leaf(app).empty()) migration.initial = true;
    migration.dependencies.assign(needs.begin(), needs.end());
    for (const std::size_t i : ready) {
      done_[app].insert(operations[i].place);
      migration.operations.push_back(std::move(operations[i].operation));
    }
    for (auto i = ready.rbegin(); i != ready.rend(); ++i) {
      operations.erase(operations.begin() + static_cast<std::ptrdiff_t>(*i));
    }
    left_ -= ready.size();
    migrations.push_back(std::move(migration));
    return true;
  }

  /// True when `one` may be in a migration before that of `stays`, which stands before it.
  static bool may_pass(const std::string& app, const Waiting& one, const Waiting& stays) {
    return !one.behind.contains(stays.place) &&
           may_swap(stays.operation, footprint_of(stays.operation, app), one.operation,
                    footprint_of(one.operation, app));
  }

  /// True when nothing that `one` waits for is still to be made in another app. `needs` gets the
  /// migrations it depends on.
  bool can_go(const Waiting& one, Take how, std::set<MigrationId>& needs) const {
    std::set<MigrationId> own;
    for (const auto& [other, places] : one.after) {
      if (!is_done(other, places)) return false;
      if (const auto made = made_.find(other); made != made_.end()) {
        own.insert(made->second.back().id);
      } else if (more(other) && how == Take::whole) {
        return false;  // its migration may be made whole yet
      } else {
        const std::string& last = leaf(other);
        own.insert({other, last.empty() ? "__first__" : last});
      }
    }
    for (const std::string& other : one.leaves) {
      if (!leaf(other).empty()) own.insert({other, leaf(other)});
    }
    needs.insert(own.begin(), own.end());
    return true;
  }

  const std::string& leaf(const std::string& app) const {
    static const std::string none;
    const auto at = existing_.leaf.find(app);
    return at == existing_.leaf.end() ? none : at->second;
  }

  [[noreturn]] void refuse() const {
    std::string apps;
    for (const auto& [app, operations] : waiting_) {
      if (!more(app)) continue;
      if (!apps.empty()) apps += ", ";
      apps += "\"" + app + "\"";
    }
    throw Error(ErrorKind::conflict, "the changes of the apps " + apps + " wait for each other", {},
                "make them in two steps, with a migration in between");
  }

  std::map<std::string, std::vector<Waiting>> waiting_{};
  std::map<std::string, std::set<std::size_t>> done_{};
  const ExistingMigrations& existing_;
  std::map<std::string, std::vector<Migration>> made_{};
  std::size_t left_ = 0;
};

}  // namespace

std::map<std::string, std::vector<Migration>> chop(FoundByApp found,
                                                   const ExistingMigrations& existing) {
  return Chopper(std::move(found), existing).run();
}

}  // namespace turnstone::migrations
