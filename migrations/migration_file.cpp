#include <turnstone/migrations/migration.h>

#include "migration_format.h"
#include "operation_json.h"
#include "text_file.h"

#include <turnstone/error.h>

#include <algorithm>
#include <system_error>

namespace turnstone::migrations {
namespace {

using json::Node;
using json::Tree;
namespace fs = std::filesystem;

std::vector<MigrationId> read_ids(const Node& root, const char* key) {
  std::vector<MigrationId> ids;
  const auto node = root.find(key);
  if (!node) return ids;
  for (const Node& item : node->items()) {
    if (!item.is_array()) item.expected("[\"app\", \"name\"]");
    const std::vector<Node> parts = item.items();
    if (parts.size() != 2) {
      item.fail("expected [\"app\", \"name\"], found an array of " + std::to_string(parts.size()));
    }
    ids.push_back({parts[0].name(), parts[1].name()});
  }
  return ids;
}

Tree write_ids(const std::vector<MigrationId>& ids) {
  Tree items = Tree::array();
  for (const MigrationId& id : ids) items.push_back(Tree::array({id.app, id.name}));
  return items;
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// The migration's name as its file says it.
std::string name_from(const fs::path& file) {
  std::string name = file.stem().string();
  if (name.empty() || !std::all_of(name.begin(), name.end(), is_name_character)) {
    throw Error(ErrorKind::bad_file,
                "\"" + name + "\" is not a migration name: letters, digits and _ make one",
                file.string(), "rename the file, or begin its name with _ to have it ignored");
  }
  return name;
}

bool is_migration_file(const fs::path& file) {
  const std::string name = file.filename().string();
  return name.ends_with(".json") && name != "snapshot.json" && name.front() != '_' &&
         name.front() != '~' && name.front() != '.';
}

/// The digests under `formerly`.
std::vector<std::string> read_digests(const Node& root) {
  std::vector<std::string> digests;
  const auto node = root.find("formerly");
  if (!node) return digests;
  for (const Node& item : node->items()) {
    const std::string digest = item.text();
    const bool hexadecimal =
        digest.find_first_not_of("0123456789abcdef", 7) == std::string::npos && digest.size() == 71;
    if (!digest.starts_with("sha256:") || !hexadecimal)
      item.fail("\"" + digest + "\" is no digest");
    digests.push_back(digest);
  }
  return digests;
}

/// The file as JSON, keys in order; `whole` with those that say nothing of what the migration does.
Tree tree_of(const Migration& migration, bool whole) {
  Tree root = Tree::object();
  if (whole && !migration.schema.empty()) root["$schema"] = migration.schema;
  root["turnstone"] = format_version;
  if (migration.initial) root["initial"] = *migration.initial;
  if (!migration.atomic) root["atomic"] = false;
  if (!migration.dependencies.empty()) root["dependencies"] = write_ids(migration.dependencies);
  if (!migration.run_before.empty()) root["run_before"] = write_ids(migration.run_before);
  if (!migration.replaces.empty()) root["replaces"] = write_ids(migration.replaces);
  if (whole && !migration.formerly.empty()) root["formerly"] = migration.formerly;
  root["operations"] = write_operations(migration.operations);
  return root;
}

std::string digest_with(const std::string& canonical, const Operations& operations) {
  const std::vector<std::string> files = sql_file_texts(operations);
  if (files.empty()) return "sha256:" + sha256_hex(canonical);
  std::string all = canonical;
  for (const std::string& text : files) all += sha256_hex(text) + "\n";
  return "sha256:" + sha256_hex(all);
}

}  // namespace

bool Migration::is_initial() const {
  if (initial) return *initial;
  return std::none_of(dependencies.begin(), dependencies.end(),
                      [&](const MigrationId& parent) { return parent.app == id.app; });
}

std::string to_text(const Migration& migration) { return json::pretty(tree_of(migration, true)); }

std::string digest_of(const Migration& migration) {
  return digest_with(json::pretty(tree_of(migration, false)), migration.operations);
}

Migration read_migration(const std::string& app, const fs::path& file, const std::string& text) {
  return read_migration(app, file, text, read_text_file);
}

Migration read_migration(const std::string& app, const fs::path& file, const std::string& text,
                         const FileReader& read) {
  Migration migration;
  migration.id = {app, name_from(file)};
  migration.file = file;
  const Tree tree = parse_file(file, text);
  const Node root(file.string(), tree);
  check_format_version(root);
  root.only_keys({"$schema", "turnstone", "initial", "atomic", "dependencies", "run_before",
                  "replaces", "formerly", "operations"});
  migration.schema = root.text_at("$schema");
  const auto initial = root.find("initial");
  if (initial && !initial->is_null()) migration.initial = initial->boolean();
  if (const auto atomic = root.find("atomic")) migration.atomic = atomic->boolean();
  migration.dependencies = read_ids(root, "dependencies");
  migration.run_before = read_ids(root, "run_before");
  migration.replaces = read_ids(root, "replaces");
  migration.formerly = read_digests(root);
  const auto own = std::find(migration.replaces.begin(), migration.replaces.end(), migration.id);
  if (own != migration.replaces.end()) {
    root.at("replaces").fail("a migration can't replace itself");
  }
  migration.operations = read_operations(root.at("operations"), app, {file.parent_path(), read});
  migration.digest = digest_of(migration);
  return migration;
}

std::vector<std::string> sql_files_of(const Migration& migration) {
  std::vector<std::string> names = sql_file_names(migration.operations);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::vector<Migration> load_migrations(const std::string& app, const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> files;
  if (!fs::exists(folder, error) && !error) return {};
  fs::directory_iterator entries(folder, error);
  if (error) {
    throw Error(ErrorKind::bad_file,
                "cannot read the folder \"" + folder.string() + "\": " + error.message());
  }
  for (const fs::directory_entry& entry : entries) {
    if (is_migration_file(entry.path())) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end(), [](const fs::path& a, const fs::path& b) {
    return a.stem().string() < b.stem().string();
  });
  std::vector<Migration> migrations;
  migrations.reserve(files.size());
  for (const fs::path& file : files) {
    const std::optional<std::string> text = read_text_file(file);
    // Gone since the folder was listed: somebody takes a migration back right now.
    if (!text) continue;
    migrations.push_back(read_migration(app, file, *text));
  }
  return migrations;
}

}  // namespace turnstone::migrations
