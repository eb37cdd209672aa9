#include <turnstone/identifier.h>
#include <turnstone/model/field.h>

#include <algorithm>
#include <cctype>
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
    add({"in"}, 2, -1);
    add({"between", "replace"}, 3, 3);
    add({"+", "*", "||", "concat", "coalesce", "greatest", "least"}, 1, -1);
    add({"-"}, 1, -1);
    add({"substr"}, 2, 3);
    add({"round"}, 1, 2);
    add({"now", "today", "random_uuid"}, 0, 0);
    add({"cast"}, 1, 1);
    add({"case"}, 2, -1);
    add({"func"}, 1, -1);
    add({"desc", "asc"}, 1, 2);
    return heads;
  }();
  return table;
}

std::string count_problem(const Expression& call, Arity arity) {
  const int count = static_cast<int>(call.arguments.size());
  const auto [least, most] = arity;
  if (count >= least && (most < 0 || count <= most)) return {};
  std::string wanted = std::to_string(least);
  if (most < 0) wanted = "at least " + wanted;
  if (most > least) wanted += " to " + std::to_string(most);
  return "\"" + call.name + "\" takes " + wanted + " operand" + (wanted == "1" ? "" : "s") +
         ", found " + std::to_string(count);
}

/// An operand that is a word of the operator's own, such as the unit of `extract`.
struct Word {
  std::size_t position = 0;
  std::string what{};
  std::vector<std::string> known{};  ///< empty for any
};

const std::map<std::string, Word>& words() {
  static const Word order{1, "order of nulls", {"nulls_first", "nulls_last"}};
  static const std::map<std::string, Word> table = {
      {"date_trunc",
       {0, "unit", {"year", "quarter", "month", "week", "day", "hour", "minute", "second"}}},
      {"extract",
       {0,
        "unit",
        {"year", "iso_year", "quarter", "month", "week", "week_day", "iso_week_day", "day", "hour",
         "minute", "second"}}},
      {"desc", order},
      {"asc", order},
      {"collate", {1, "collation", {}}},
      {"opclass", {1, "operator class", {}}},
      {"func", {0, "function", {}}},
  };
  return table;
}

/// A name that may stand in SQL unquoted, with a schema before it or not.
bool is_function_name(const std::string& name) {
  return !name.empty() && !std::isdigit(static_cast<unsigned char>(name.front())) &&
         std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '.'; });
}

std::string kind_problem(const Expression& call) {
  if (call.name == "cast" && !call.type) {
    return "\"cast\" takes an expression and a field object";
  }
  if (call.name == "key" || call.name == "key_text") {
    const Expression& key = call.arguments[1];
    const bool fits =
        key.kind == Expression::Kind::literal && (key.value.is_string() || key.value.is_integer());
    return fits ? "" : "\"" + call.name + "\" takes a key in quotes or a position";
  }
  const auto at = words().find(call.name);
  if (at == words().end() || at->second.position >= call.arguments.size()) return {};
  const Word& word = at->second;
  const Expression& operand = call.arguments[word.position];
  if (operand.kind != Expression::Kind::literal || !operand.value.is_string()) {
    return "the " + word.what + " of \"" + call.name + "\" must be a text";
  }
  const std::string text = operand.value.as_string();
  if (call.name == "func" && !is_function_name(text)) {
    return "\"" + text + "\" cannot be the name of a function";
  }
  const bool known = word.known.empty() ||
                     std::find(word.known.begin(), word.known.end(), text) != word.known.end();
  if (known) return {};
  return "unknown " + word.what + " \"" + text + "\" of \"" + call.name +
         "\"; known: " + join(word.known, ", ");
}

}  // namespace

Expression::Expression() = default;
Expression::Expression(const Expression&) = default;
Expression::Expression(Expression&&) noexcept = default;
Expression& Expression::operator=(const Expression&) = default;
Expression& Expression::operator=(Expression&&) noexcept = default;
Expression::~Expression() = default;

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
  if (call.name == "when") return count_problem(call, {2, 2});
  const auto arity = arities().find(call.name);
  if (arity == arities().end()) return "unknown operator \"" + call.name + "\"";
  std::string problem = count_problem(call, arity->second);
  return problem.empty() ? kind_problem(call) : problem;
}

}  // namespace turnstone
