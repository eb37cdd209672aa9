#include <turnstone/error.h>

#include "json/model_json.h"

namespace turnstone::json {

Json to_json(const Tree& tree) {
  // Canonical text has sorted keys.
  return Json::from_canonical(nlohmann::json(tree).dump());
}

Tree to_tree(const Json& value) { return Tree::parse(value.text()); }

namespace {

Expression read_call(const Node& node, const std::string& app) {
  const std::vector<Node> items = node.items();
  if (items.empty()) node.fail("an expression array begins with the name of an operator");
  const std::string head = items.front().text();
  Expression call = Expression::call(head, {});
  for (std::size_t i = 1; i < items.size(); ++i) {
    const bool last = i + 1 == items.size();
    if (head == "cast" && i == 2) {
      call.type = std::make_shared<const Field>(read_nested_field(items[i], app));
    } else if (head == "case" && !last) {
      const std::vector<Node> branch = items[i].items();
      if (branch.size() != 2) items[i].expected("a pair [condition, value]");
      call.arguments.push_back(Expression::call(
          "when", {read_expression(branch[0], app), read_expression(branch[1], app)}));
    } else {
      call.arguments.push_back(read_expression(items[i], app));
    }
  }
  const std::string problem = call_problem(call);
  if (!problem.empty()) {
    const std::vector<std::string>& heads = expression_heads();
    node.fail(problem, did_you_mean(head, heads));
  }
  if (head == "cast" && !call.type) node.fail("\"cast\" takes an expression and a field object");
  const bool word_last = head == "collate" || head == "opclass" || head == "desc" || head == "asc";
  if (word_last && call.arguments.size() > 1 && !items.back().is_string()) {
    items.back().expected("a text");
  }
  if ((head == "date_trunc" || head == "extract" || head == "func") && !items[1].is_string()) {
    items[1].expected("a text");
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
    } else if (!value->value().is_structured()) {
      return literal;
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
