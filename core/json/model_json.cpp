#include "json/model_json.h"

#include <turnstone/error.h>
#include <turnstone/match.h>

#include <algorithm>
#include <map>

namespace turnstone::json {
namespace {

const std::map<IndexType, std::vector<std::string>>& index_parameters() {
  static const std::map<IndexType, std::vector<std::string>> table = {
      {IndexType::index, {}},
      {IndexType::btree, {"fillfactor", "deduplicate_items"}},
      {IndexType::hash, {"fillfactor"}},
      {IndexType::gin, {"fastupdate", "gin_pending_list_limit"}},
      {IndexType::gist, {"buffering", "fillfactor"}},
      {IndexType::brin, {"autosummarize", "pages_per_range"}},
      {IndexType::spgist, {"fillfactor"}},
      {IndexType::bloom, {"length", "columns"}}};
  return table;
}

template <class T>
std::optional<T> optional_of(const Node& node, const std::string& key,
                             const std::function<T(const Node&)>& read) {
  const auto found = node.find(key);
  if (!found || found->is_null()) return std::nullopt;
  return read(*found);
}

std::optional<Expression> read_condition(const Node& node, const std::string& app) {
  return optional_of<Expression>(node, "condition",
                                 [&](const Node& n) { return read_expression(n, app); });
}

std::vector<std::string> texts_at(const Node& node, const std::string& key) {
  const auto found = node.find(key);
  return found ? found->texts() : std::vector<std::string>{};
}

std::string text_at(const Node& node, const std::string& key) {
  const auto found = node.find(key);
  return found && !found->is_null() ? found->text() : std::string{};
}

bool flag_at(const Node& node, const std::string& key, bool otherwise) {
  const auto found = node.find(key);
  return found ? found->boolean() : otherwise;
}

std::vector<Expression> expressions_at(const Node& node, const std::string& app) {
  std::vector<Expression> expressions;
  if (const auto found = node.find("expressions")) {
    for (const Node& item : found->items()) expressions.push_back(read_expression(item, app));
  }
  return expressions;
}

Deferrable read_deferrable(const Node& node) {
  const auto found = node.find("deferrable");
  if (!found || found->is_null()) return Deferrable::no;
  const std::string word = found->text();
  if (word == "deferred") return Deferrable::deferred;
  if (word == "immediate") return Deferrable::immediate;
  found->expected("\"deferred\" or \"immediate\"");
}

/// Rules that an index and a unique constraint share.
void check_parts(const Node& node, const std::vector<std::string>& fields,
                 const std::vector<Expression>& expressions,
                 const std::vector<std::string>& opclasses) {
  if (fields.empty() && expressions.empty()) {
    node.fail("\"fields\" or \"expressions\" must name at least one");
  }
  if (!fields.empty() && !expressions.empty()) {
    node.fail("\"fields\" and \"expressions\" exclude each other");
  }
  if (!opclasses.empty() && opclasses.size() != fields.size()) {
    node.fail("\"opclasses\" needs one operator class for each of \"fields\"");
  }
}

CheckConstraint read_check(const Node& node, const std::string& app) {
  node.only_keys({"type", "name", "condition", "violation_error_code", "violation_error_message"});
  CheckConstraint check{.name = node.at("name").name(),
                        .condition = read_expression(node.at("condition"), app)};
  if (check.condition.kind == Expression::Kind::literal && !check.condition.value.is_bool()) {
    node.at("condition").expected("a condition");
  }
  return check;
}

UniqueConstraint read_unique(const Node& node, const std::string& app) {
  node.only_keys({"type", "name", "fields", "expressions", "condition", "deferrable", "include",
                  "opclasses", "nulls_distinct", "violation_error_code",
                  "violation_error_message"});
  UniqueConstraint unique{.name = node.at("name").name()};
  unique.fields = texts_at(node, "fields");
  unique.expressions = expressions_at(node, app);
  unique.condition = read_condition(node, app);
  unique.deferrable = read_deferrable(node);
  unique.include = texts_at(node, "include");
  unique.opclasses = texts_at(node, "opclasses");
  unique.nulls_distinct =
      optional_of<bool>(node, "nulls_distinct", [](const Node& n) { return n.boolean(); });
  check_parts(node, unique.fields, unique.expressions, unique.opclasses);
  const bool is_index = unique.condition || !unique.expressions.empty() ||
                        !unique.include.empty() || !unique.opclasses.empty();
  if (unique.deferrable != Deferrable::no && is_index) {
    node.fail(
        "\"deferrable\" excludes \"condition\", \"expressions\", \"include\" and \"opclasses\"");
  }
  return unique;
}

ExclusionConstraint read_exclusion(const Node& node, const std::string& app) {
  node.only_keys({"type", "name", "expressions", "index_type", "condition", "deferrable", "include",
                  "violation_error_code", "violation_error_message"});
  ExclusionConstraint exclusion{.name = node.at("name").name()};
  for (const Node& item : node.at("expressions").items()) {
    const std::vector<Node> pair = item.items();
    if (pair.size() != 2) item.expected("a pair [expression, operator]");
    exclusion.expressions.emplace_back(read_expression(pair[0], app), pair[1].name());
  }
  if (exclusion.expressions.empty()) {
    node.at("expressions").fail("an exclusion constraint needs at least one expression");
  }
  exclusion.index_type = text_at(node, "index_type");
  if (exclusion.index_type == "GIST") exclusion.index_type.clear();
  if (!exclusion.index_type.empty() && exclusion.index_type != "SPGIST") {
    node.at("index_type").expected("\"GIST\" or \"SPGIST\"");
  }
  exclusion.condition = read_condition(node, app);
  exclusion.deferrable = read_deferrable(node);
  exclusion.include = texts_at(node, "include");
  return exclusion;
}

struct WriteConstraint {
  Tree operator()(const CheckConstraint& c) const {
    Tree tree{{"type", "CheckConstraint"}, {"name", c.name}};
    tree["condition"] = write_expression(c.condition);
    return tree;
  }
  Tree operator()(const UniqueConstraint& c) const {
    Tree tree{{"type", "UniqueConstraint"}, {"name", c.name}};
    add_fields(tree, c.fields, c.expressions);
    if (c.condition) tree["condition"] = write_expression(*c.condition);
    add_deferrable(tree, c.deferrable);
    if (!c.include.empty()) tree["include"] = c.include;
    if (!c.opclasses.empty()) tree["opclasses"] = c.opclasses;
    if (c.nulls_distinct) tree["nulls_distinct"] = *c.nulls_distinct;
    return tree;
  }
  Tree operator()(const ExclusionConstraint& c) const {
    Tree tree{{"type", "ExclusionConstraint"}, {"name", c.name}};
    Tree list = Tree::array();
    for (const auto& [expression, op] : c.expressions) {
      Tree pair = Tree::array();
      pair.push_back(write_expression(expression));
      pair.push_back(op);
      list.push_back(std::move(pair));
    }
    tree["expressions"] = std::move(list);
    if (!c.index_type.empty()) tree["index_type"] = c.index_type;
    if (c.condition) tree["condition"] = write_expression(*c.condition);
    add_deferrable(tree, c.deferrable);
    if (!c.include.empty()) tree["include"] = c.include;
    return tree;
  }
  static void add_fields(Tree& tree, const std::vector<std::string>& fields,
                         const std::vector<Expression>& expressions) {
    if (!fields.empty()) tree["fields"] = fields;
    for (const Expression& expression : expressions) {
      tree["expressions"].push_back(write_expression(expression));
    }
  }
  static void add_deferrable(Tree& tree, Deferrable deferrable) {
    if (deferrable != Deferrable::no) {
      tree["deferrable"] = deferrable == Deferrable::deferred ? "deferred" : "immediate";
    }
  }
};

}  // namespace

Index read_index(const Node& node, const std::string& app) {
  if (!node.is_object()) node.expected("an index object");
  Index index;
  if (const auto type = node.find("type")) {
    const auto known = index_type_named(type->name());
    if (!known) {
      type->fail("unknown index type \"" + type->text() + "\"",
                 did_you_mean(type->text(), index_type_names()));
    }
    index.type = *known;
  }
  std::vector<std::string> keys = {"type",      "name",    "fields",    "expressions",
                                   "condition", "include", "opclasses", "db_tablespace"};
  const std::vector<std::string>& parameters = index_parameters().at(index.type);
  keys.insert(keys.end(), parameters.begin(), parameters.end());
  node.only_keys(keys);
  index.name = text_at(node, "name");
  index.fields = texts_at(node, "fields");
  index.expressions = expressions_at(node, app);
  index.condition = read_condition(node, app);
  index.include = texts_at(node, "include");
  index.opclasses = texts_at(node, "opclasses");
  index.db_tablespace = text_at(node, "db_tablespace");
  for (const std::string& key : parameters) {
    const auto found = node.find(key);
    if (found && !found->is_null()) index.parameters.emplace_back(key, to_json(found->value()));
  }
  std::sort(index.parameters.begin(), index.parameters.end());
  check_parts(node, index.fields, index.expressions, index.opclasses);
  const bool needs_name = !index.expressions.empty() || index.condition || !index.include.empty() ||
                          !index.opclasses.empty();
  if (index.name.empty() && needs_name) {
    node.fail("an index with expressions, condition, include or opclasses needs a name");
  }
  return index;
}

Constraint read_constraint(const Node& node, const std::string& app) {
  if (!node.is_object()) node.expected("a constraint object");
  const Node type = node.at("type");
  const std::string name = type.name();
  if (name == "CheckConstraint") return read_check(node, app);
  if (name == "UniqueConstraint") return read_unique(node, app);
  if (name == "ExclusionConstraint") return read_exclusion(node, app);
  type.fail("unknown constraint type \"" + name + "\"",
            did_you_mean(name, {"CheckConstraint", "UniqueConstraint", "ExclusionConstraint"}));
}

Options read_options(const Node& node, const std::string& app, Attributes attributes) {
  node.only_keys({"db_table",
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
                  "select_on_save"});
  Options options;
  options.db_table = text_at(node, "db_table");
  options.db_table_comment = text_at(node, "db_table_comment");
  options.db_tablespace = text_at(node, "db_tablespace");
  options.order_with_respect_to = text_at(node, "order_with_respect_to");
  options.managed = flag_at(node, "managed", true);
  options.proxy = flag_at(node, "proxy", false);
  options.base_manager_name = text_at(node, "base_manager_name");
  options.swappable = text_at(node, "swappable");
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
    options.abstract = flag_at(node, "abstract", false);
    options.ordering = texts_at(node, "ordering");
    options.renamed_from = text_at(node, "renamed_from");
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
  for (const Node& item : root.at("models").items()) {
    ModelState model = read_model(item, app, Attributes::declared);
    const bool twice = std::any_of(models.begin(), models.end(), [&](const ModelState& other) {
      return key_of(other) == key_of(model);
    });
    if (twice) item.at("name").fail("model \"" + model.name + "\" is there twice");
    models.push_back(std::move(model));
  }
  return models;
}

Tree write_index(const Index& index) {
  Tree tree = Tree::object();
  if (index.type != IndexType::index) tree["type"] = name_of(index.type);
  if (!index.name.empty()) tree["name"] = index.name;
  WriteConstraint::add_fields(tree, index.fields, index.expressions);
  if (index.condition) tree["condition"] = write_expression(*index.condition);
  if (!index.include.empty()) tree["include"] = index.include;
  if (!index.opclasses.empty()) tree["opclasses"] = index.opclasses;
  if (!index.db_tablespace.empty()) tree["db_tablespace"] = index.db_tablespace;
  for (const auto& [key, value] : index.parameters) tree[key] = to_tree(value);
  return tree;
}

Tree write_constraint(const Constraint& constraint) { return match(constraint, WriteConstraint{}); }

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
