#include <turnstone/migrations/autodetector.h>

#include <turnstone/identifier.h>

#include <algorithm>
#include <cstdio>

#include "changes.h"
#include "chop.h"

namespace turnstone::migrations {
namespace {

constexpr std::size_t longest_migration_name = 100;

FoundByApp find_changes(const ProjectState& from, const ProjectState& to, Questioner& questioner) {
  Changes changes{.now = from, .to = to, .questioner = questioner};
  find_renamed_models(changes);
  find_moved_relations(changes);
  find_renamed_fields(changes);
  find_other_changes(changes);
  wait_for_moves(changes);
  std::erase_if(changes.found, [](const auto& entry) { return entry.second.empty(); });
  for (auto& [app, operations] : changes.found) sort_by_dependencies(app, operations);
  return std::move(changes.found);
}

/// Columns of a new table in the order of the model, wherever the optimizer found them.
void declare_in_order(Operations& operations, const std::string& app, const ProjectState& to) {
  for (Operation& operation : operations) {
    auto* create = std::get_if<CreateModel>(&operation.value);
    if (!create) continue;
    const ModelPtr model = to.find(key_from(create->name, app));
    if (!model) continue;
    const auto place = [&](const Field& field) {
      const Field* declared = model->find_field(field.name);
      return declared ? declared - model->fields.data()
                      : static_cast<std::ptrdiff_t>(model->fields.size());
    };
    std::stable_sort(create->fields.begin(), create->fields.end(),
                     [&](const Field& a, const Field& b) { return place(a) < place(b); });
  }
}

std::string numbered(int number, const std::string& name) {
  char digits[16];
  std::snprintf(digits, sizeof(digits), "%04d", number);
  return (digits + ("_" + name)).substr(0, longest_migration_name);
}

using MadeByApp = std::map<std::string, std::vector<Migration>>;

/// `book_from_blog`: the name of a migration that does nothing but stand behind a move.
std::string arrival(const Migration& departure, const std::string& app) {
  std::string name;
  for (const Operation& operation : departure.operations) {
    const auto* move = std::get_if<MoveModel>(&operation.value);
    if (!move || move->to_app != app) continue;
    if (!name.empty()) return name + "_and_more_from_" + departure.id.app;
    name = lower_case(move->name);
  }
  return name + "_from_" + departure.id.app;
}

/// An app that gets a model from another one needs a migration that depends on the move: with it
/// the app's last migration has the model, and what is done later is done behind it. Names of those
/// that are made for this alone.
std::map<MigrationId, std::string> receive_moves(MadeByApp& made,
                                                 const ExistingMigrations& existing) {
  std::map<MigrationId, std::string> names;
  for (const auto& entry : made) {
    const std::vector<Migration>& departures = entry.second;
    for (auto departure = departures.begin(); departure != departures.end(); ++departure) {
      for (const std::string& app : apps_moved_to(departure->operations)) {
        std::vector<Migration>& own = made[app];
        // On it, or on one behind it.
        const auto depends = [&](const Migration& migration) {
          return std::any_of(departure, departures.end(), [&](const Migration& later) {
            const auto& needed = migration.dependencies;
            return std::find(needed.begin(), needed.end(), later.id) != needed.end();
          });
        };
        if (std::any_of(own.begin(), own.end(), depends)) continue;
        Migration migration;
        migration.id = {app, std::to_string(own.size() + 1)};
        migration.dependencies = {departure->id};
        const auto leaf = existing.leaf.find(app);
        if (leaf == existing.leaf.end() || leaf->second.empty()) {
          migration.initial = true;
        } else {
          names[migration.id] = arrival(*departure, app);
        }
        own.push_back(std::move(migration));
      }
    }
  }
  return names;
}

/// What a migration is named after: moves first, whatever had to be done before them.
Operations by_weight(Operations operations) {
  std::stable_partition(operations.begin(), operations.end(), [](const Operation& operation) {
    return std::holds_alternative<MoveModel>(operation.value);
  });
  return operations;
}

/// Gives the migrations their names, and with them the dependencies among them.
void link(MadeByApp& made, const ExistingMigrations& existing, const DetectOptions& options,
          const std::map<MigrationId, std::string>& words) {
  std::map<MigrationId, MigrationId> names;
  for (auto& [app, migrations] : made) {
    const auto at = existing.leaf.find(app);
    const std::string leaf = at == existing.leaf.end() ? std::string() : at->second;
    int number = leaf.empty() ? 0 : migration_number(leaf).value_or(0);
    std::string last = leaf;
    for (Migration& migration : migrations) {
      const bool initial = migration.initial.value_or(false);
      const auto given = words.find(migration.id);
      std::string name = options.name;
      if (name.empty()) {
        name = given != words.end()
                   ? given->second
                   : suggested_name(by_weight(migration.operations), initial, options.timestamp);
      }
      const MigrationId id{app, numbered(++number, name)};
      names.emplace(migration.id, id);
      if (!last.empty()) migration.dependencies.push_back({app, last});
      migration.id = id;
      last = id.name;
    }
  }
  for (auto& [app, migrations] : made) {
    for (Migration& migration : migrations) {
      for (MigrationId& dependency : migration.dependencies) {
        const auto renamed = names.find(dependency);
        if (dependency.app != app && renamed != names.end()) dependency = renamed->second;
      }
      std::sort(migration.dependencies.begin(), migration.dependencies.end());
    }
  }
}

/// Keeps the apps in `only`, what their migrations depend on, and where their models move to.
void trim(MadeByApp& made, const std::set<std::string>& only) {
  std::set<std::string> kept = only;
  for (bool more = true; more;) {
    more = false;
    for (const auto& [app, migrations] : made) {
      if (!kept.contains(app)) continue;
      for (const Migration& migration : migrations) {
        for (const MigrationId& dependency : migration.dependencies) {
          if (made.contains(dependency.app)) more |= kept.insert(dependency.app).second;
        }
        for (const std::string& target : apps_moved_to(migration.operations)) {
          more |= kept.insert(target).second;
        }
      }
    }
  }
  std::erase_if(made, [&](const auto& entry) { return !kept.contains(entry.first); });
}

}  // namespace

std::map<std::string, std::vector<Migration>> detect_changes(const ProjectState& from,
                                                             const ProjectState& to,
                                                             const ExistingMigrations& existing,
                                                             Questioner& questioner,
                                                             const DetectOptions& options) {
  MadeByApp made = chop(find_changes(from, to, questioner), existing);
  const std::map<MigrationId, std::string> words = receive_moves(made, existing);
  for (auto& [app, migrations] : made) {
    for (Migration& migration : migrations) {
      migration.operations = optimize(migration.operations, app);
      declare_in_order(migration.operations, app, to);
    }
  }
  link(made, existing, options, words);
  if (!options.only.empty()) trim(made, options.only);
  return made;
}

std::vector<std::pair<std::string, Operations>> detect_operations(const ProjectState& from,
                                                                  const ProjectState& to,
                                                                  Questioner& questioner) {
  std::vector<std::pair<std::string, Operations>> result;
  for (auto& [app, found] : find_changes(from, to, questioner)) {
    Operations operations;
    for (Found& one : found) operations.push_back(std::move(one.operation));
    result.emplace_back(app, std::move(operations));
  }
  return result;
}

}  // namespace turnstone::migrations
