#include <turnstone/error.h>
#include <turnstone/migrations/autodetector.h>
#include <turnstone/migrations/rebase.h>

#include <algorithm>
#include <map>

namespace turnstone::migrations {
namespace {

using NewNames = std::map<MigrationId, MigrationId>;

void add_once(std::vector<MigrationId>& ids, const MigrationId& id) {
  if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
}

/// True when any of `ids` has another name now; it gets it.
bool rename(std::vector<MigrationId>& ids, const NewNames& names) {
  bool changed = false;
  for (MigrationId& id : ids) {
    const auto at = names.find(id);
    if (at == names.end() || at->second == id) continue;
    id = at->second;
    changed = true;
  }
  return changed;
}

bool rename(Migration& migration, const NewNames& names) {
  bool changed = rename(migration.dependencies, names);
  changed |= rename(migration.run_before, names);
  changed |= rename(migration.replaces, names);
  return changed;
}

/// The same name behind another number.
std::string renumbered(const std::string& name, int number) {
  if (!migration_number(name)) return name;
  const std::size_t digits = name.find_first_not_of("0123456789");
  return number_text(number) + (digits == std::string::npos ? "" : name.substr(digits));
}

/// What depended on the ancestor depends on `onto`.
void put_behind(Migration& migration, const NewNames& moved, const MigrationId& onto) {
  std::vector<MigrationId> needed;
  bool within = false;
  for (const MigrationId& id : migration.dependencies) {
    if (id.app == onto.app && !moved.contains(id)) continue;
    within = within || id.app == onto.app;
    add_once(needed, id);
  }
  if (!within) needed.insert(needed.begin(), onto);
  migration.dependencies = std::move(needed);
}

}  // namespace

std::string number_text(int number) {
  std::string digits = std::to_string(number);
  return digits.size() < 4 ? std::string(4 - digits.size(), '0') + digits : digits;
}

Rebase rebase(const std::vector<Migration>& files, const Branch& local, const MigrationId& onto) {
  Rebase result;
  NewNames names;
  int number = migration_number(onto.name).value_or(0);
  for (const auto& migration : local.own) {
    const MigrationId& id = migration->id;
    if (!migration->replaces.empty()) {
      throw Error(ErrorKind::conflict, id.text() + " is a squash and keeps its place",
                  migration->file.string(), "join the branches with makemigrations --merge");
    }
    const MigrationId to{id.app, renumbered(id.name, ++number)};
    names.emplace(id, to);
    result.moved.emplace_back(id, to);
  }
  for (const Migration& file : files) {
    const bool taken = !names.contains(file.id) &&
                       std::any_of(names.begin(), names.end(),
                                   [&](const auto& entry) { return entry.second == file.id; });
    if (!taken) continue;
    throw Error(ErrorKind::conflict, "there is a migration " + file.id.text() + " already",
                file.file.string(), "give the file of the other branch another name by hand");
  }
  for (const auto& old : local.own) {
    Migration migration = *old;
    put_behind(migration, names, onto);
    rename(migration, names);
    migration.id = names.at(old->id);
    result.replaced.push_back(old->id);
    result.written.push_back(std::move(migration));
  }
  for (const Migration& file : files) {
    if (names.contains(file.id)) continue;
    Migration migration = file;
    if (!rename(migration, names)) continue;
    result.replaced.push_back(file.id);
    result.written.push_back(std::move(migration));
  }
  return result;
}

}  // namespace turnstone::migrations
