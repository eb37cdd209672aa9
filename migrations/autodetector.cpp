#include <turnstone/migrations/autodetector.h>

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

/// Gives the migrations their names, and with them the dependencies among them.
void link(std::map<std::string, std::vector<Migration>>& made, const ExistingMigrations& existing,
          const DetectOptions& options) {
  std::map<MigrationId, MigrationId> names;
  for (auto& [app, migrations] : made) {
    const auto at = existing.leaf.find(app);
    const std::string leaf = at == existing.leaf.end() ? std::string() : at->second;
    int number = leaf.empty() ? 0 : migration_number(leaf).value_or(0);
    std::string last = leaf;
    for (Migration& migration : migrations) {
      const bool initial = migration.initial.value_or(false);
      const std::string name =
          options.name.empty() ? suggested_name(migration.operations, initial, options.timestamp)
                               : options.name;
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

/// Keeps the apps in `only`, and what their migrations depend on.
void trim(std::map<std::string, std::vector<Migration>>& made, const std::set<std::string>& only) {
  std::set<std::string> kept = only;
  for (bool more = true; more;) {
    more = false;
    for (const auto& [app, migrations] : made) {
      if (!kept.contains(app)) continue;
      for (const Migration& migration : migrations) {
        for (const MigrationId& dependency : migration.dependencies) {
          if (made.contains(dependency.app)) more |= kept.insert(dependency.app).second;
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
  std::map<std::string, std::vector<Migration>> made =
      chop(find_changes(from, to, questioner), existing);
  for (auto& [app, migrations] : made) {
    for (Migration& migration : migrations) {
      migration.operations = optimize(migration.operations, app);
      declare_in_order(migration.operations, app, to);
    }
  }
  link(made, existing, options);
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
