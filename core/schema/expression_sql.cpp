#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/schema/lower.h>

#include <algorithm>
#include <cctype>
#include <map>

#include "schema/expression_renderer.h"

namespace turnstone {
namespace {

/// True when `sql` reads as one operand wherever it is put: a name, a literal, a call.
bool is_operand(const Sql& sql) {
  int depth = 0;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    const char c = sql[i];
    if (c == '\'' || c == '"') {
      const std::size_t end = sql.find(c, i + 1);
      i = end == std::string::npos ? sql.size() : end;
    } else if (c == '(' || c == '[') {
      ++depth;
    } else if (c == ')' || c == ']') {
      --depth;
    } else if (depth == 0 && !std::isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '.' &&
               c != ':' && c != '?' && c != '$' && !(c == '-' && i == 0) &&
               static_cast<unsigned char>(c) < 0x80) {
      return false;
    }
  }
  return true;
}

const std::map<std::string, std::string, std::less<>>& infix_operators() {
  static const std::map<std::string, std::string, std::less<>> operators = {
      {"=", "="}, {"<>", "<>"}, {"<", "<"}, {"<=", "<="}, {">", ">"},   {">=", ">="},    {"+", "+"},
      {"-", "-"}, {"*", "*"},   {"/", "/"}, {"%", "%"},   {"||", "||"}, {"like", "LIKE"}};
  return operators;
}

const std::map<std::string, std::string, std::less<>>& plain_functions() {
  static const std::map<std::string, std::string, std::less<>> functions = {
      {"lower", "LOWER"},       {"upper", "UPPER"},     {"length", "LENGTH"}, {"trim", "TRIM"},
      {"substr", "SUBSTR"},     {"replace", "REPLACE"}, {"abs", "ABS"},       {"round", "ROUND"},
      {"coalesce", "COALESCE"}, {"nullif", "NULLIF"}};
  return functions;
}

/// Heads whose operands share one type, so that a literal is written as the others' values are.
/// What looks into text is not among them: `startswith` asks for text of a number too.
bool shares_type(std::string_view head) {
  static const std::vector<std::string_view> heads = {
      "=",        "<>",       "<",        "<=",       ">",
      ">=",       "in",       "between",  "coalesce", "nullif",
      "greatest", "least",    "+",        "-",        "*",
      "/",        "%",        "contains", "overlap",  "contained_by",
      "fully_lt", "fully_gt", "not_lt",   "not_gt",   "adjacent_to",
      "||"};
  return std::find(heads.begin(), heads.end(), head) != heads.end();
}

bool is_numeric(const Field& field) {
  return is_integer(field.type) || is_auto(field.type) || field.type == FieldType::decimal ||
         field.type == FieldType::floating;
}

bool is_null_literal(const Expression& expression) {
  return expression.kind == Expression::Kind::literal && expression.value.is_null();
}

/// Over the columns of one model, with literals.
class ModelRenderer final : public ExpressionRenderer {
 public:
  ModelRenderer(const ModelState& model, const ProjectState& state, const Dialect& dialect)
      : ExpressionRenderer(dialect), model_(model), state_(state) {}

 private:
  std::string place() const override { return model_.app + "." + model_.name; }
  const Field* field_type(const Expression& expression) override {
    const Field* found = model_.resolve_field(expression.name);
    return found ? &resolved_field(state_, model_, *found) : nullptr;
  }
  Sql literal(const Expression& expression, const Field* wanted) override {
    const Field* type = expression.type ? expression.type.get() : wanted;
    if (expression.value.is_null()) return "NULL";
    const bool number_for_number = type && expression.value.is_number() && is_numeric(*type);
    if (!type || (number_for_number && !expression.type))
      return dialect().literal(expression.value);
    return dialect().literal(expression.value, *type);
  }

  Sql field(const Expression& expression) override {
    if (expression.name == "_order" && !model_.options.order_with_respect_to.empty()) {
      return quote_identifier("_order");
    }
    const Field* found = model_.resolve_field(expression.name);
    if (!found || !has_column(*found)) {
      std::vector<std::string> names;
      for (const Field& f : model_.fields) {
        if (has_column(f)) names.push_back(f.name);
      }
      fail(ErrorKind::bad_model, "there is no column for field \"" + expression.name + "\"",
           did_you_mean(expression.name, names));
    }
    return quote_identifier(column_name(*found));
  }

  const ModelState& model_;
  const ProjectState& state_;
};

}  // namespace

Sql ExpressionRenderer::render(const Expression& expression, const Field* wanted) {
  switch (expression.kind) {
    case Expression::Kind::literal:
      return literal(expression, wanted);
    case Expression::Kind::field:
      return field(expression);
    case Expression::Kind::raw:
      return raw(expression);
    case Expression::Kind::call:
      return call(expression, wanted);
  }
  return {};
}

void ExpressionRenderer::fail(ErrorKind kind, const std::string& message,
                              const std::string& hint) const {
  throw Error(kind, message, place(), hint);
}

std::optional<Sql> ExpressionRenderer::own_call(const Expression&, const Field*) {
  return std::nullopt;
}
const Field* ExpressionRenderer::own_type(const Expression&) { return nullptr; }

/// The text as it stands, each `?` outside of quotes replaced by a literal.
Sql ExpressionRenderer::raw(const Expression& expression) {
  Sql sql;
  std::size_t next = 0;
  char quote = 0;
  for (const char c : expression.name) {
    if (quote) {
      if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '?' && next < expression.arguments.size()) {
      sql += render(expression.arguments[next++]);
      continue;
    }
    sql += c;
  }
  if (next != expression.arguments.size()) {
    fail(ErrorKind::bad_model, "raw SQL has " + std::to_string(next) + " places (?) for " +
                                   std::to_string(expression.arguments.size()) + " parameters");
  }
  return sql;
}

const Field* ExpressionRenderer::type_of(const Expression& expression) {
  switch (expression.kind) {
    case Expression::Kind::literal:
      return expression.type.get();
    case Expression::Kind::field:
      return field_type(expression);
    case Expression::Kind::raw:
      return nullptr;
    case Expression::Kind::call:
      break;
  }
  if (expression.name == "cast") return expression.type.get();
  if (const Field* own = own_type(expression)) return own;
  static const std::vector<std::string> of_first = {
      "lower", "upper", "trim", "substr", "replace", "coalesce", "nullif", "greatest", "least",
      "+",     "-",     "*",    "/",      "%",       "abs",      "round",  "collate"};
  if (std::find(of_first.begin(), of_first.end(), expression.name) == of_first.end()) {
    return nullptr;
  }
  for (const Expression& argument : expression.arguments) {
    if (const Field* type = type_of(argument)) return type;
  }
  return nullptr;
}

Sql ExpressionRenderer::call(const Expression& expression, const Field* wanted) {
  const std::string& head = expression.name;
  if (const auto own = own_call(expression, wanted)) return *own;
  std::vector<const Field*> types;
  for (const Expression& argument : expression.arguments) types.push_back(type_of(argument));
  const Field* shared = nullptr;
  if (shares_type(head)) {
    for (const Field* type : types) shared = shared ? shared : type;
    if (!shared) shared = wanted;
  }
  if (head == "case" || head == "when") return case_sql(expression, wanted);
  std::vector<Sql> arguments;
  for (std::size_t i = 0; i < expression.arguments.size(); ++i) {
    const bool shape =
        expression.arguments[i].kind == Expression::Kind::literal && is_shape(expression, i);
    arguments.push_back(shape ? dialect_.literal(expression.arguments[i].value)
                              : render(expression.arguments[i], shared));
    if (shared && !types[i] && expression.arguments[i].kind == Expression::Kind::literal) {
      types[i] = shared;
    }
  }
  const Field* target = expression.type.get();
  const Expression source = shown(expression);
  if (const auto own = dialect_.call({head, arguments, types, source, target})) return *own;
  return standard(expression, arguments);
}

Sql ExpressionRenderer::case_sql(const Expression& expression, const Field* wanted) {
  const Field* type = wanted;
  for (const Expression& branch : expression.arguments) {
    if (!type) type = type_of(branch.name == "when" ? branch.arguments.back() : branch);
  }
  Sql sql = "CASE";
  for (const Expression& branch : expression.arguments) {
    if (branch.kind == Expression::Kind::call && branch.name == "when") {
      sql += " WHEN " + render(branch.arguments[0]) + " THEN " + render(branch.arguments[1], type);
    } else {
      sql += " ELSE " + render(branch, type);
    }
  }
  return sql + " END";
}

Sql ExpressionRenderer::standard(const Expression& expression, const std::vector<Sql>& arguments) {
  const std::string& head = expression.name;
  std::vector<Sql> operands;
  operands.reserve(arguments.size());
  for (const Sql& argument : arguments) operands.push_back(operand(argument));
  if (head == "and" || head == "or") return join(operands, head == "and" ? " AND " : " OR ");
  if (head == "not") {
    const Expression& inner = expression.arguments[0];
    if (inner.kind == Expression::Kind::call && inner.name == "is_null") {
      return operand(render(inner.arguments[0])) + " IS NOT NULL";
    }
    return "NOT (" + arguments[0] + ")";
  }
  if (head == "is_null") return operands[0] + " IS NULL";
  if (head == "=" && is_null_literal(expression.arguments[1])) return operands[0] + " IS NULL";
  if (head == "<>" && is_null_literal(expression.arguments[1])) {
    return operands[0] + " IS NOT NULL";
  }
  if (head == "-" && operands.size() == 1) return "-" + operands[0];
  const auto infix = infix_operators().find(head);
  if (infix != infix_operators().end()) return join(operands, " " + infix->second + " ");
  const auto function = plain_functions().find(head);
  if (function != plain_functions().end()) {
    return function->second + "(" + join(arguments, ", ") + ")";
  }
  if (head == "between") {
    return operands[0] + " BETWEEN " + operands[1] + " AND " + operands[2];
  }
  if (head == "in") {
    if (arguments.size() == 1) return "1 = 0";
    const std::vector<Sql> items(arguments.begin() + 1, arguments.end());
    return operands[0] + " IN (" + join(items, ", ") + ")";
  }
  if (head == "cast") {
    return "CAST(" + arguments[0] + " AS " + dialect_.column_type(*expression.type) + ")";
  }
  if (head == "func") {
    const std::vector<Sql> rest(arguments.begin() + 1, arguments.end());
    const std::string name = expression.arguments[0].value.as_string();
    const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
      return std::isalnum(c) || c == '_' || c == '.';
    });
    return (plain ? name : quote_identifier(name)) + "(" + join(rest, ", ") + ")";
  }
  fail(ErrorKind::unsupported,
       std::string(dialect_.name()) + " has no expression \"" + head + "\"");
}

Sql operand(const Sql& sql) { return is_operand(sql) ? sql : "(" + sql + ")"; }

Sql expression_sql(const Expression& expression, const ModelState& model, const ProjectState& state,
                   const Dialect& dialect) {
  return ModelRenderer(model, state, dialect).render(expression);
}

}  // namespace turnstone
