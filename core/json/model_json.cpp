#include <turnstone/identifier.h>

#include <set>

#include "json/model_json.h"

namespace turnstone::json {
namespace {

/// A field name with `-` before it for descending, also from `["desc", {"F": name}]`.
std::string read_ordering(const Node& node, const std::string& app) {
  if (node.is_string()) return node.name();
  Expression expression = read_expression(node, app);
  std::string sign;
  if (expression.kind == Expression::Kind::call && expression.arguments.size() == 1 &&
      (expression.name == "desc" || expression.name == "asc")) {
    sign = expression.name == "desc" ? "-" : "";
    const Expression inner = expression.arguments.front();
    expression = inner;
  }
  if (expression.kind != Expression::Kind::field) node.expected("the name of a field");
  return sign + expression.name;
}

}  // namespace

const std::vector<std::string>& model_option_keys() {
  static const std::vector<std::string> keys = {"db_table",
                                                "db_table_comment",
                                                "db_tablespace",
                                                "unique_together",
                                                "order_with_respect_to",
                                                "indexes",
                                                "constraints",
                                                "managed",
                                                "proxy",
                                                "base_manager_name",
                                                "swappable",
                                                "abstract",
                                                "ordering",
                                                "renamed_from",
                                                "verbose_name",
                                                "verbose_name_plural",
                                                "get_latest_by",
                                                "permissions",
                                                "default_permissions",
                                                "default_related_name",
                                                "default_manager_name",
                                                "select_on_save"};
  return keys;
}

Options read_options(const Node& node, const std::string& app, Attributes attributes) {
  if (const auto together = node.find("index_together")) {
    together->fail("Django gave \"index_together\" up", "list each as an index under \"indexes\"");
  }
  for (const char* key : {"required_db_vendor", "required_db_features"}) {
    if (const auto required = node.find(key)) {
      required->fail("a model cannot choose its database",
                     "name the \"databases\" of its app in turnstone.json");
    }
  }
  node.only_keys(model_option_keys());
  Options options;
  options.db_table = node.text_at("db_table");
  options.db_table_comment = node.text_at("db_table_comment");
  options.db_tablespace = node.text_at("db_tablespace");
  options.order_with_respect_to = node.text_at("order_with_respect_to");
  options.managed = node.flag_at("managed", true);
  options.proxy = node.flag_at("proxy", false);
  options.base_manager_name = node.text_at("base_manager_name");
  options.swappable = node.text_at("swappable");
  if (const auto together = node.find("unique_together"); together && !together->is_null()) {
    const std::vector<Node> items = together->items();
    // A flat list of names means one.
    if (!items.empty() && items.front().is_string()) {
      options.unique_together.push_back(together->texts());
    } else {
      for (const Node& item : items) options.unique_together.push_back(item.texts());
    }
  }
  if (const auto indexes = node.find("indexes")) {
    for (const Node& item : indexes->items()) options.indexes.push_back(read_index(item, app));
  }
  if (const auto constraints = node.find("constraints")) {
    for (const Node& item : constraints->items()) {
      options.constraints.push_back(read_constraint(item, app));
    }
  }
  if (attributes == Attributes::declared) {
    options.abstract = node.flag_at("abstract", false);
    if (const auto ordering = node.find("ordering")) {
      for (const Node& item : ordering->items()) {
        options.ordering.push_back(read_ordering(item, app));
      }
    }
    options.renamed_from = node.text_at("renamed_from");
  }
  return options;
}

ModelState read_model(const Node& node, const std::string& app, Attributes attributes) {
  node.only_keys({"name", "fields", "options", "bases"});
  ModelState model{.app = app, .name = node.at("name").name()};
  if (const auto fields = node.find("fields")) {
    for (const Node& item : fields->items()) {
      Field field = read_field(item, app, attributes);
      if (model.find_field(field.name)) {
        item.at("name").fail("field \"" + field.name + "\" is there twice");
      }
      model.fields.push_back(std::move(field));
    }
  }
  if (const auto options = node.find("options")) {
    model.options = read_options(*options, app, attributes);
  }
  if (const auto bases = node.find("bases")) {
    for (const Node& base : bases->items()) {
      const std::string name = base.name();
      model.bases.push_back(name.find('.') == std::string::npos ? app + "." + name : name);
    }
  }
  return model;
}

std::vector<ModelState> read_models(const std::string& app, const std::string& file,
                                    std::string_view text) {
  const Tree tree = parse(file, text);
  const Node root(file, tree);
  root.only_keys({"$schema", "models"});
  std::vector<ModelState> models;
  std::set<std::string> names;
  for (const Node& item : root.at("models").items()) {
    ModelState model = read_model(item, app, Attributes::declared);
    if (!names.insert(lower_case(model.name)).second) {
      item.at("name").fail("model \"" + model.name + "\" is there twice");
    }
    models.push_back(std::move(model));
  }
  return models;
}

Tree write_options(const Options& options) {
  Tree tree = Tree::object();
  const auto text = [&](const char* key, const std::string& value) {
    if (!value.empty()) tree[key] = value;
  };
  text("db_table", options.db_table);
  text("db_table_comment", options.db_table_comment);
  text("db_tablespace", options.db_tablespace);
  if (!options.unique_together.empty()) tree["unique_together"] = options.unique_together;
  text("order_with_respect_to", options.order_with_respect_to);
  for (const Index& index : options.indexes) tree["indexes"].push_back(write_index(index));
  for (const Constraint& constraint : options.constraints) {
    tree["constraints"].push_back(write_constraint(constraint));
  }
  if (!options.managed) tree["managed"] = false;
  if (options.proxy) tree["proxy"] = true;
  text("base_manager_name", options.base_manager_name);
  text("swappable", options.swappable);
  return tree;
}

Tree write_model(const ModelState& model) {
  Tree tree{{"name", model.name}};
  Tree fields = Tree::array();
  for (const Field& field : model.fields) fields.push_back(write_field(field));
  tree["fields"] = std::move(fields);
  Tree options = write_options(model.options);
  if (!options.empty()) tree["options"] = std::move(options);
  if (!model.bases.empty()) tree["bases"] = model.bases;
  return tree;
}

}  // namespace turnstone::json
