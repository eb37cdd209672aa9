#include "chop.h"

#include <turnstone/error.h>

#include <set>

namespace turnstone::migrations {
namespace {

/// An operation and what it waits for in other apps.
struct Waiting {
  Operation operation{};
  /// Other app → how many of its operations must be in migrations first.
  std::map<std::string, std::size_t> after{};
};

class Chopper {
 public:
  Chopper(FoundByApp found, const ExistingMigrations& existing) : existing_(existing) {
    std::map<std::string, OperationsByModel> by_model;
    for (const auto& [app, operations] : found) {
      by_model.emplace(app, operations);
      left_ += operations.size();
    }
    for (auto& [app, operations] : found) {
      std::vector<Waiting>& waiting = waiting_[app];
      for (Found& one : operations) waiting.push_back({{}, after(app, one, found, by_model)});
    }
    for (auto& [app, operations] : found) {
      for (std::size_t i = 0; i < operations.size(); ++i) {
        waiting_[app][i].operation = std::move(operations[i].operation);
      }
    }
  }

  std::map<std::string, std::vector<Migration>> run() {
    // Whole apps first. Where that leads no further, the first app that can gives what it has.
    bool cutting = false;
    while (left_ > 0) {
      const std::size_t before = left_;
      for (auto& [app, operations] : waiting_) {
        if (more(app) && take(app, operations, cutting)) cutting = false;
      }
      if (left_ < before) continue;
      if (cutting) refuse();
      cutting = true;
    }
    return std::move(made_);
  }

 private:
  static std::map<std::string, std::size_t> after(
      const std::string& app, const Found& one, const FoundByApp& found,
      const std::map<std::string, OperationsByModel>& by_model) {
    std::map<std::string, std::size_t> result;
    for (const Dependency& dependency : one.after) {
      const std::string& other = dependency.model.app;
      if (other == app) continue;
      std::size_t& count = result[other];
      const auto at = by_model.find(other);
      if (at == by_model.end()) continue;
      for (const std::size_t i : at->second.of(dependency.model)) {
        if (i >= count && provides(found.at(other)[i].operation, other, dependency)) count = i + 1;
      }
    }
    return result;
  }

  bool more(const std::string& app) const {
    const auto at = waiting_.find(app);
    return at != waiting_.end() && taken(app) < at->second.size();
  }
  std::size_t taken(const std::string& app) const {
    const auto at = taken_.find(app);
    return at == taken_.end() ? 0 : at->second;
  }

  /// Makes a migration of the operations of `app` that can go now: all, or when `cutting` the
  /// first ones. False when it made none.
  bool take(const std::string& app, std::vector<Waiting>& operations, bool cutting) {
    std::set<MigrationId> needs;
    const std::size_t first = taken(app);
    std::size_t ready = first;
    while (ready < operations.size() && can_go(operations[ready], cutting, needs)) ++ready;
    if (ready == first || (ready < operations.size() && !cutting)) return false;
    std::vector<Migration>& migrations = made_[app];
    Migration migration;
    migration.id = {app, std::to_string(migrations.size() + 1)};
    if (leaf(app).empty()) migration.initial = true;
    migration.dependencies.assign(needs.begin(), needs.end());
    for (std::size_t i = first; i < ready; ++i) {
      migration.operations.push_back(std::move(operations[i].operation));
    }
    taken_[app] = ready;
    left_ -= ready - first;
    migrations.push_back(std::move(migration));
    return true;
  }

  /// True when nothing that `one` waits for is still to be made in another app. `needs` gets the
  /// migrations it depends on.
  bool can_go(const Waiting& one, bool cutting, std::set<MigrationId>& needs) const {
    std::set<MigrationId> own;
    for (const auto& [other, count] : one.after) {
      if (taken(other) < count) return false;
      if (const auto made = made_.find(other); made != made_.end()) {
        own.insert(made->second.back().id);
      } else if (more(other) && !cutting) {
        return false;  // its migration may be made whole yet
      } else {
        const std::string& last = leaf(other);
        own.insert({other, last.empty() ? "__first__" : last});
      }
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
  std::map<std::string, std::size_t> taken_{};
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
