#include <turnstone/model/field.h>

#include <algorithm>
#include <map>

namespace turnstone {
namespace {

/// How many operands a head takes; `most` -1 for any number.
struct Arity {
  int least = 0;
  int most = 0;
};

const std::map<std::string, Arity>& arities() {
  static const std::map<std::string, Arity> table = [] {
    std::map<std::string, Arity> heads;
    const auto add = [&](std::initializer_list<const char*> names, int least, int most) {
      for (const char* name : names) heads[name] = Arity{least, most};
    };
    add({"and", "or", "xor"}, 1, -1);
    add({"not", "is_null", "lower", "upper", "length", "trim", "abs", "ceil", "floor", "isempty"},
        1, 1);
    add({"=",
         "<>",
         "<",
         "<=",
         ">",
         ">=",
         "iexact",
         "contains",
         "icontains",
         "startswith",
         "istartswith",
         "endswith",
         "iendswith",
         "regex",
         "iregex",
         "overlap",
         "contained_by",
         "has_key",
         "has_keys",
         "has_any_keys",
         "fully_lt",
         "fully_gt",
         "not_lt",
         "not_gt",
         "adjacent_to",
         "search",
         "like",
         "ilike",
         "/",
         "%",
         "^",
         "&",
         "|",
         "#",
         "<<",
         ">>",
         "nullif",
         "date_trunc",
         "extract",
         "collate",
         "key",
         "key_text",
         "opclass"},
        2, 2);
    add({"in"}, 1, -1);
    add({"between", "replace"}, 3, 3);
    add({"+", "*", "||", "concat", "coalesce", "greatest", "least"}, 1, -1);
    add({"-"}, 1, -1);
    add({"substr"}, 2, 3);
    add({"round"}, 1, 2);
    add({"now", "today", "random_uuid"}, 0, 0);
    add({"cast"}, 1, 1);
    add({"case", "func"}, 1, -1);
    add({"desc", "asc"}, 1, 2);
    return heads;
  }();
  return table;
}

}  // namespace

Expression Expression::literal(Json value) {
  Expression expression;
  expression.value = std::move(value);
  return expression;
}

Expression Expression::field(std::string name) {
  Expression expression;
  expression.kind = Kind::field;
  expression.name = std::move(name);
  return expression;
}

Expression Expression::raw(std::string sql, std::vector<Expression> parameters) {
  Expression expression;
  expression.kind = Kind::raw;
  expression.name = std::move(sql);
  expression.arguments = std::move(parameters);
  return expression;
}

Expression Expression::call(std::string head, std::vector<Expression> arguments) {
  Expression expression;
  expression.kind = Kind::call;
  expression.name = std::move(head);
  expression.arguments = std::move(arguments);
  return expression;
}

bool Expression::operator==(const Expression& other) const {
  return kind == other.kind && name == other.name && value == other.value &&
         same_field(type, other.type) && arguments == other.arguments;
}

bool any_field(const Expression& expression, const std::function<bool(const std::string&)>& use) {
  if (expression.kind == Expression::Kind::field) return use(expression.name);
  return std::any_of(expression.arguments.begin(), expression.arguments.end(),
                     [&](const Expression& argument) { return any_field(argument, use); });
}

Expression renamed_field(const Expression& expression, std::string_view from, std::string_view to) {
  Expression result = expression;
  if (result.kind == Expression::Kind::field) {
    if (result.name == from) result.name = to;
    if (result.name == std::string(from) + "_id") result.name = std::string(to) + "_id";
  }
  for (Expression& argument : result.arguments) argument = renamed_field(argument, from, to);
  return result;
}

const std::vector<std::string>& expression_heads() {
  static const std::vector<std::string> heads = [] {
    std::vector<std::string> names;
    for (const auto& entry : arities()) names.push_back(entry.first);
    return names;
  }();
  return heads;
}

std::string call_problem(const Expression& call) {
  const auto arity = arities().find(call.name);
  if (arity == arities().end()) return "unknown head \"" + call.name + "\"";
  const int count = static_cast<int>(call.arguments.size());
  const auto [least, most] = arity->second;
  if (count >= least && (most < 0 || count <= most)) return {};
  std::string wanted = std::to_string(least);
  if (most < 0) wanted = "at least " + wanted;
  if (most > least) wanted += " to " + std::to_string(most);
  return "\"" + call.name + "\" takes " + wanted + " operand" + (wanted == "1" ? "" : "s") +
         ", found " + std::to_string(count);
}

}  // namespace turnstone
