#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/match.h>

#include <algorithm>
#include <map>

#include "json/model_json.h"

namespace turnstone::json {
namespace {

/// Columns of a bloom index that may have a number of bits.
constexpr std::size_t most_bloom_columns = 32;

void check_parameter(const Node& node, const IndexParameter& parameter) {
  const auto in_range = [&](const Node& number) {
    const int value = number.integer();
    if (value >= parameter.least && value <= parameter.most) return;
    number.expected("a number between " + std::to_string(parameter.least) + " and " +
                    std::to_string(parameter.most));
  };
  switch (parameter.form) {
    case IndexParameter::Form::flag:
      node.boolean();
      return;
    case IndexParameter::Form::number:
      in_range(node);
      return;
    case IndexParameter::Form::numbers:
      for (const Node& item : node.items()) in_range(item);
      return;
    case IndexParameter::Form::automatic:
      if (!node.value().is_boolean() && !(node.is_string() && node.text() == "auto")) {
        node.expected("true, false or \"auto\"");
      }
  }
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
  if (!opclasses.empty() && !expressions.empty()) {
    node.fail("\"opclasses\" goes with \"fields\" only",
              "in expressions write [\"opclass\", expression, name]");
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
    const Node condition = node.at("condition");
    condition.fail("expected a condition, found " + condition.found(),
                   "raw SQL is written {\"sql\": \"...\"}");
  }
  return check;
}

UniqueConstraint read_unique(const Node& node, const std::string& app) {
  node.only_keys({"type", "name", "fields", "expressions", "condition", "deferrable", "include",
                  "opclasses", "nulls_distinct", "in_table", "violation_error_code",
                  "violation_error_message"});
  UniqueConstraint unique{.name = node.at("name").name()};
  unique.fields = node.texts_at("fields");
  unique.expressions = expressions_at(node, app);
  unique.condition = read_condition(node, app);
  unique.deferrable = read_deferrable(node);
  unique.include = node.texts_at("include");
  unique.opclasses = node.texts_at("opclasses");
  unique.nulls_distinct =
      optional_of<bool>(node, "nulls_distinct", [](const Node& n) { return n.boolean(); });
  unique.in_table = node.flag_at("in_table", false);
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
    if (!item.is_array() || item.value().size() != 2) {
      item.expected("a pair [expression, operator]");
    }
    const std::vector<Node> pair = item.items();
    exclusion.expressions.emplace_back(read_expression(pair[0], app), pair[1].name());
  }
  if (exclusion.expressions.empty()) {
    node.at("expressions").fail("an exclusion constraint needs at least one expression");
  }
  exclusion.index_type = node.text_at("index_type");
  if (exclusion.index_type == "GIST") exclusion.index_type.clear();
  if (!exclusion.index_type.empty() && exclusion.index_type != "SPGIST") {
    node.at("index_type").expected("\"GIST\" or \"SPGIST\"");
  }
  exclusion.condition = read_condition(node, app);
  exclusion.deferrable = read_deferrable(node);
  exclusion.include = node.texts_at("include");
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
    if (c.in_table) tree["in_table"] = true;
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

const std::map<IndexType, std::vector<IndexParameter>>& index_parameters() {
  using Form = IndexParameter::Form;
  static const IndexParameter fill{"fillfactor", Form::number, 10, 100};
  static const std::map<IndexType, std::vector<IndexParameter>> table = {
      {IndexType::index, {}},
      {IndexType::btree, {fill, {"deduplicate_items", Form::flag}}},
      {IndexType::hash, {fill}},
      {IndexType::gin,
       {{"fastupdate", Form::flag}, {"gin_pending_list_limit", Form::number, 64, 2147483647}}},
      {IndexType::gist, {fill, {"buffering", Form::automatic}}},
      {IndexType::brin,
       {{"autosummarize", Form::flag}, {"pages_per_range", Form::number, 1, 131072}}},
      {IndexType::spgist, {fill}},
      {IndexType::bloom, {{"length", Form::number, 1, 4096}, {"columns", Form::numbers, 1, 4095}}}};
  return table;
}

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
  const std::vector<IndexParameter>& parameters = index_parameters().at(index.type);
  for (const IndexParameter& parameter : parameters) keys.push_back(parameter.key);
  node.only_keys(keys);
  index.name = node.text_at("name");
  index.fields = node.texts_at("fields");
  index.expressions = expressions_at(node, app);
  index.condition = read_condition(node, app);
  index.include = node.texts_at("include");
  index.opclasses = node.texts_at("opclasses");
  index.db_tablespace = node.text_at("db_tablespace");
  for (const IndexParameter& parameter : parameters) {
    const auto found = node.find(parameter.key);
    if (!found || found->is_null()) continue;
    check_parameter(*found, parameter);
    index.parameters.emplace_back(parameter.key, to_json(found->value()));
  }
  std::sort(index.parameters.begin(), index.parameters.end());
  check_parts(node, index.fields, index.expressions, index.opclasses);
  if (const auto columns = node.find("columns"); columns && !columns->is_null()) {
    const std::size_t most =
        std::min(most_bloom_columns, index.fields.size() + index.expressions.size());
    if (columns->items().size() > most) {
      columns->fail("at most " + std::to_string(most) +
                    " of the index's columns can have a number of bits");
    }
  }
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
  const std::string& name = type.name();
  if (name == "CheckConstraint") return read_check(node, app);
  if (name == "UniqueConstraint") return read_unique(node, app);
  if (name == "ExclusionConstraint") return read_exclusion(node, app);
  const std::vector<std::string> known = {"CheckConstraint", "UniqueConstraint",
                                          "ExclusionConstraint"};
  const std::string nearest = did_you_mean(name, known);
  type.fail("unknown constraint type \"" + name + "\"",
            nearest.empty() ? "known: " + join(known, ", ") : nearest);
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

}  // namespace turnstone::json
