#include "migration_format.h"

#include "json/model_json.h"

#include <turnstone/error.h>
#include <turnstone/migrations/migration.h>

#include <algorithm>
#include <set>

namespace turnstone::migrations {

using json::Node;
using json::Tree;

std::string to_text(const Snapshot& snapshot) {
  Tree root = Tree::object();
  root["turnstone"] = format_version;
  root["leaf"] = snapshot.leaf;
  root["digest"] = snapshot.digest;
  Tree models = Tree::array();
  for (const ModelState& model : snapshot.models) models.push_back(json::write_model(model));
  root["models"] = std::move(models);
  return json::pretty(root);
}

Snapshot read_snapshot(const std::string& app, const std::filesystem::path& file,
                       const std::string& text) {
  const Tree tree = parse_file(file, text);
  const Node root(file.string(), tree);
  check_format_version(root);
  root.only_keys({"$schema", "turnstone", "leaf", "digest", "models"});
  Snapshot snapshot;
  const Node leaf = root.at("leaf");
  for (const Node& item : leaf.items()) snapshot.leaf.push_back(item.name());
  const Node digest = root.at("digest");
  snapshot.digest = digest.text();
  if (!snapshot.digest.starts_with("sha256:")) digest.expected("\"sha256:...\"");
  const Node models = root.at("models");
  std::set<ModelKey> seen;
  for (const Node& item : models.items()) {
    snapshot.models.push_back(json::read_model(item, app, json::Attributes::stored));
    const ModelState& model = snapshot.models.back();
    if (!seen.insert(key_of(model)).second) {
      item.fail("the model \"" + model.name + "\" is there twice");
    }
  }
  return snapshot;
}

std::string chain_digest(const std::vector<Migration>& app_migrations) {
  std::vector<std::string> lines;
  lines.reserve(app_migrations.size());
  for (const Migration& migration : app_migrations) {
    lines.push_back(migration.id.name + " " + migration.digest + "\n");
  }
  std::sort(lines.begin(), lines.end());
  std::string all;
  for (const std::string& line : lines) all += line;
  return "sha256:" + sha256_hex(all);
}

}  // namespace turnstone::migrations
