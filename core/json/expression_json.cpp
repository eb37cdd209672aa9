#include <turnstone/error.h>

#include <algorithm>

#include "json/model_json.h"

namespace turnstone::json {

Json to_json(const Tree& tree) {
  switch (tree.type()) {
    case Tree::value_t::null:
      return Json::null();
    case Tree::value_t::boolean:
      return Json::of(tree.get<bool>());
    case Tree::value_t::number_integer:
      return Json::of(tree.get<std::int64_t>());
    case Tree::value_t::string:
      return Json::of(std::string_view(tree.get_ref<const std::string&>()));
    default:
      return Json::from_canonical(nlohmann::json(tree).dump());  // keys sorted
  }
}

Tree to_tree(const Json& value) {
  if (value.is_null()) return {};
  if (value.is_bool()) return Tree(value.as_bool());
  if (value.is_string()) return Tree(value.as_string());
  return Tree::parse(value.text());
}

namespace {

/// `["case", [condition, value], …, default]`: a branch.
Expression read_branch(const Node& node, const std::string& app) {
  if (!node.is_array() || node.items().size() != 2) node.expected("a pair [condition, value]");
  const std::vector<Node> branch = node.items();
  return Expression::call("when",
                          {read_expression(branch[0], app), read_expression(branch[1], app)});
}

Expression read_call(const Node& node, const std::string& app) {
  const std::vector<Node> items = node.items();
  if (items.empty() || !items.front().is_string()) {
    node.fail("an expression in brackets begins with the name of an operator, found " +
                  (items.empty() ? "nothing" : items.front().found()),
              "a list of values is written {\"value\": [...]}");
  }
  const std::string& head = items.front().text();
  if (head == "when") node.fail("unknown operator \"when\"", "\"case\" takes pairs in brackets");
  Expression call = Expression::call(head, {});
  for (std::size_t i = 1; i < items.size(); ++i) {
    const bool last = i + 1 == items.size();
    if (head == "cast" && i == 2) {
      call.type = std::make_shared<const Field>(read_nested_field(items[i], app));
    } else if (head == "case" && (!last || i == 1)) {
      call.arguments.push_back(read_branch(items[i], app));
    } else {
      call.arguments.push_back(read_expression(items[i], app));
    }
  }
  const std::string problem = call_problem(call);
  if (!problem.empty()) {
    const std::vector<std::string>& heads = expression_heads();
    const bool known = std::binary_search(heads.begin(), heads.end(), head);
    node.fail(problem, known ? "" : did_you_mean(head, heads));
  }
  return call;
}

}  // namespace

Expression read_expression(const Node& node, const std::string& app) {
  if (node.is_array()) return read_call(node, app);
  if (!node.is_object()) return Expression::literal(to_json(node.value()));
  if (const auto field = node.find("F")) {
    node.only_keys({"F"});
    return Expression::field(field->name());
  }
  if (const auto sql = node.find("sql")) {
    node.only_keys({"sql", "params"});
    std::vector<Expression> parameters;
    if (const auto params = node.find("params")) {
      for (const Node& item : params->items()) {
        parameters.push_back(Expression::literal(to_json(item.value())));
      }
    }
    return Expression::raw(sql->text(), std::move(parameters));
  }
  if (const auto value = node.find("value")) {
    node.only_keys({"value", "type"});
    Expression literal = Expression::literal(to_json(value->value()));
    if (const auto type = node.find("type")) {
      literal.type = std::make_shared<const Field>(read_nested_field(*type, app));
      check_value(*value, *literal.type);
    }
    return literal;
  }
  node.fail("an expression object has the key \"F\", \"value\" or \"sql\"");
}

Tree write_expression(const Expression& expression) {
  switch (expression.kind) {
    case Expression::Kind::field:
      return Tree{{"F", expression.name}};
    case Expression::Kind::raw: {
      Tree tree{{"sql", expression.name}};
      for (const Expression& parameter : expression.arguments) {
        tree["params"].push_back(to_tree(parameter.value));
      }
      return tree;
    }
    case Expression::Kind::literal: {
      Tree value = to_tree(expression.value);
      if (!expression.type && !value.is_structured()) return value;
      Tree tree = Tree::object();
      tree["value"] = std::move(value);
      if (expression.type) tree["type"] = write_field(*expression.type);
      return tree;
    }
    case Expression::Kind::call:
      break;
  }
  Tree tree = Tree::array();
  tree.push_back(expression.name);
  for (const Expression& argument : expression.arguments) {
    if (argument.kind == Expression::Kind::call && argument.name == "when") {
      Tree branch = Tree::array();
      branch.push_back(write_expression(argument.arguments[0]));
      branch.push_back(write_expression(argument.arguments[1]));
      tree.push_back(std::move(branch));
    } else {
      tree.push_back(write_expression(argument));
    }
  }
  if (expression.name == "cast") tree.push_back(write_field(*expression.type));
  return tree;
}

}  // namespace turnstone::json
