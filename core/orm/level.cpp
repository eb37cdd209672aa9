#include "orm/level.h"

#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/schema/lower.h>

#include <algorithm>

#include "orm/literals.h"

namespace turnstone::orm {
namespace {

using Kind = Expression::Kind;

bool is_call(const Expression& expression, std::string_view head) {
  return expression.kind == Kind::call && expression.name == head;
}

bool is_null_literal(const Expression& expression) {
  return expression.kind == Kind::literal && expression.value.is_null();
}

/// Conditions by themselves, other than `and`, `or`, `not`, `xor`.
bool is_predicate(const std::string& head) {
  static const std::set<std::string, std::less<>> heads = {"=",
                                                           "<>",
                                                           "<",
                                                           "<=",
                                                           ">",
                                                           ">=",
                                                           "in",
                                                           "between",
                                                           "is_null",
                                                           "iexact",
                                                           "contains",
                                                           "icontains",
                                                           "startswith",
                                                           "istartswith",
                                                           "endswith",
                                                           "iendswith",
                                                           "regex",
                                                           "iregex",
                                                           "like",
                                                           "ilike",
                                                           "overlap",
                                                           "has_key",
                                                           "contained_by",
                                                           "has_keys",
                                                           "has_any_keys",
                                                           "fully_lt",
                                                           "fully_gt",
                                                           "not_lt",
                                                           "not_gt",
                                                           "adjacent_to",
                                                           "isempty",
                                                           "search"};
  return heads.contains(head);
}

/// Calls that are never NULL where none of their operands is.
bool keeps_known(const Expression& expression) {
  if (expression.kind == Kind::raw || is_null_literal(expression)) return false;
  if (expression.kind != Kind::call) return true;
  static const std::set<std::string, std::less<>> more = {
      "and", "or", "lower", "upper", "length", "trim", "+", "-", "*", "concat", "exists", "not"};
  if (expression.name == "exists") return true;
  if (!is_predicate(expression.name) && !more.contains(expression.name)) return false;
  return std::all_of(expression.arguments.begin(), expression.arguments.end(), keeps_known);
}

}  // namespace

const Expression& unwrapped(const Expression& term) {
  return is_call(term, "asc") || is_call(term, "desc") ? term.arguments[0] : term;
}

Sql Shared::bind(const Value& value, const Field& type) {
  parameters.push_back(paths.dialect().to_database(value, type));
  return paths.dialect().parameter(parameters.size(), type);
}

Level::Level(Shared& shared, const Query& query, ModelPtr model, Level* outer)
    : ExpressionRenderer(shared.paths.dialect()), shared_(shared), query_(&query), outer_(outer) {
  table_ = shared_.paths.table(*model);
  nodes_.push_back({.model = std::move(model), .alias = shared_.alias()});
}

Level::Level(Shared& shared, Level& base, Level& outer, const std::string& prefix)
    : ExpressionRenderer(shared.paths.dialect()),
      shared_(shared),
      query_(base.query_),
      outer_(&outer),
      behind_(true),
      prefix_(prefix) {
  std::vector<std::string> parts = path_parts(*base.remainder(prefix));
  const std::string last = parts.back();
  parts.pop_back();
  std::size_t from = base.walk(parts);
  const std::optional<Step> step = shared_.paths.find(base.nodes_[from].model, last);
  from = base.climb(from, *step, prefix);
  const Relation& relation = *step->relation;
  table_ = relation.hops.front().table;
  Node root{.model = relation.model, .relation = relation};
  const std::string alias = shared_.alias();
  (relation.hops.size() == 1 ? root.alias : root.link) = alias;
  correlation_ = alias + "." + relation.hops.front().column + " = " + base.alias_of(from) + "." +
                 relation.hops.front().from;
  nodes_.push_back(std::move(root));
}

std::string Level::place() const {
  const Level* at = this;
  while (at->behind_) at = at->outer_;
  return at->model()->app + "." + at->model()->name;
}

void Level::unknown(const ModelPtr& model, const std::string& name) {
  std::vector<std::string> names = shared_.paths.names(model);
  if (!behind_ && model == this->model()) {
    for (const QueryColumn& item : query_->annotations) names.push_back(item.name);
    for (const QueryColumn& item : query_->columns) names.push_back(item.name);
  }
  const std::string shown = name.substr(name.starts_with('~') ? 1 : 0);
  throw Error(ErrorKind::bad_model,
              model->app + "." + model->name + " has no field \"" + shown + "\"", {},
              did_you_mean(shown, names));
}

// ---- where names lead

std::optional<std::string> Level::remainder(const std::string& path) const {
  if (!behind_) return path;
  if (path == prefix_) return "";
  if (path.starts_with(prefix_ + "__")) return path.substr(prefix_.size() + 2);
  return std::nullopt;
}

const QueryColumn* Level::annotation(const std::string& name) const {
  if (behind_ || open_.contains(name)) return nullptr;
  for (const auto* list : {&query_->annotations, &query_->columns}) {
    for (const QueryColumn& item : *list) {
      const bool itself = item.expression.kind == Kind::field && item.expression.name == name;
      if (item.name == name && !itself) return &item;
    }
  }
  return nullptr;
}

const std::string& Level::alias_of(std::size_t at) {
  Node& node = nodes_[at];
  if (node.alias.empty()) {
    const Hop& hop = node.relation.hops[1];
    node.alias = shared_.alias();
    joins_.push_back({hop.table, node.alias,
                      node.alias + "." + hop.column + " = " + node.link + "." + hop.from,
                      node.optional});
  }
  return node.alias;
}

std::size_t Level::join(std::size_t from, const Relation& relation, const std::string& path) {
  const std::string key = std::to_string(from) + "/" + path;
  if (const auto known = by_path_.find(key); known != by_path_.end()) return known->second;
  const std::string before = alias_of(from);
  Node node{.model = relation.model, .relation = relation};
  node.optional = nodes_[from].optional || relation.optional;
  const Hop& hop = relation.hops.front();
  const std::string alias = shared_.alias();
  joins_.push_back({hop.table, alias, alias + "." + hop.column + " = " + before + "." + hop.from,
                    node.optional});
  (relation.hops.size() == 1 ? node.alias : node.link) = alias;
  nodes_.push_back(std::move(node));
  return by_path_[key] = nodes_.size() - 1;
}

std::size_t Level::climb(std::size_t from, const Step& step, const std::string&) {
  for (const Relation& link : step.up) from = join(from, link, "^" + link.field->name);
  return from;
}

std::size_t Level::walk(const std::vector<std::string>& parts) {
  std::size_t at = 0;
  for (const std::string& part : parts) {
    if (part.empty()) continue;
    const std::optional<Step> step = shared_.paths.find(nodes_[at].model, part);
    if (!step) unknown(nodes_[at].model, part);
    if (!step->relation) {
      fail(ErrorKind::bad_model, "\"" + part + "\" is no relation: nothing follows behind it");
    }
    at = join(climb(at, *step, part), *step->relation, part);
  }
  return at;
}

std::pair<std::string, ModelPtr> Level::join_path(const std::string& path) {
  const std::size_t at = path.empty() ? 0 : walk(path_parts(path));
  return {alias_of(at), nodes_[at].model};
}

Sql Level::column_at(const std::string& path, const ModelColumn& column) {
  const std::size_t at = path.empty() ? 0 : walk(path_parts(path));
  if (nodes_[at].model == column.owner) {
    return alias_of(at) + "." + quote_identifier(column_name(*column.field));
  }
  const std::optional<Step> step = shared_.paths.find(nodes_[at].model, column.field->name);
  return column_of(at, *step).sql;
}

Level::Column Level::column_of(std::size_t at, const Step& step) {
  at = climb(at, step, {});
  const Field& field = *step.field;
  if (!has_column(field)) {
    fail(ErrorKind::bad_model, "\"" + field.name + "\" is a key of several columns: name them");
  }
  Column column;
  column.sql = alias_of(at) + "." + quote_identifier(column_name(field));
  column.field = &field;
  column.type = &value_type(shared_.paths.state(), *step.owner, field);
  column.nullable = nodes_[at].optional || field.null || field.type == FieldType::generated;
  return column;
}

Level::Column Level::key_column(std::size_t at) {
  const Node& node = nodes_[at];
  const std::optional<Step> step = shared_.paths.find(node.model, "pk");
  if (!step || !step->field) {
    fail(ErrorKind::bad_model,
         node.model->app + "." + node.model->name + " has no primary key of one column");
  }
  const std::string key = quote_identifier(column_name(*step->field));
  if (node.alias.empty() && step->up.empty() && node.relation.hops[1].column == key) {
    return {.sql = node.link + "." + node.relation.hops[1].from,
            .field = step->field,
            .type = &value_type(shared_.paths.state(), *step->owner, *step->field),
            .nullable = node.optional};
  }
  return column_of(at, *step);
}

Level::Column Level::column(const std::string& path) {
  const std::optional<std::string> rest = remainder(path);
  if (!rest) return outer_->column(path);
  if (const QueryColumn* item = annotation(path)) {
    open_.insert(path);
    // Inside of an aggregate it is the value of each row.
    const bool inside = std::exchange(inside_aggregate_, false);
    const bool grouped = std::exchange(grouped_, grouped_ && !inside);
    Column result{.sql = operand(render(item->expression)), .nullable = true};
    result.type = result_type(item->expression);
    inside_aggregate_ = inside;
    grouped_ = grouped;
    open_.erase(path);
    return result;
  }
  if (rest->empty()) return key_column(0);
  const std::vector<std::string> parts = path_parts(*rest);
  std::size_t at = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool last = i + 1 == parts.size();
    const std::optional<Step> step = shared_.paths.find(nodes_[at].model, parts[i]);
    if (!step) unknown(nodes_[at].model, parts[i]);
    if (last && step->field) return column_of(at, *step);
    if (!step->relation) {
      fail(ErrorKind::bad_model, "\"" + parts[i] + "\" is no relation: nothing follows behind it");
    }
    const Relation& relation = *step->relation;
    if (!last && step->field && i + 2 == parts.size()) {
      // The key is here already.
      const std::optional<Step> key = shared_.paths.find(relation.model, parts[i + 1]);
      if (key && key->field && key->up.empty() &&
          quote_identifier(column_name(*key->field)) == relation.hops.front().column) {
        return column_of(at, *step);
      }
    }
    at = join(climb(at, *step, parts[i]), relation, parts[i]);
    if (!last && i + 2 == parts.size() && nodes_[at].alias.empty()) {
      const std::optional<Step> key = shared_.paths.find(relation.model, parts[i + 1]);
      if (key && key->field && key->field == shared_.paths.key(*relation.model)) {
        return key_column(at);
      }
    }
  }
  return key_column(at);
}

const Field* Level::type_at(const std::string& path) {
  const std::optional<std::string> rest = remainder(path);
  if (!rest) return outer_->type_at(path);
  if (const QueryColumn* item = annotation(path)) {
    open_.insert(path);
    const Field* type = result_type(item->expression);
    open_.erase(path);
    return type;
  }
  ModelPtr at = model();
  for (const std::string& part : path_parts(*rest)) {
    if (part.empty()) break;
    const std::optional<Step> step = shared_.paths.find(at, part);
    if (!step) unknown(at, part);
    if (step->field && !step->relation) {
      return has_column(*step->field)
                 ? &value_type(shared_.paths.state(), *step->owner, *step->field)
                 : nullptr;
    }
    at = step->relation->model;
  }
  const std::optional<Step> key = shared_.paths.find(at, "pk");
  return key && key->field && has_column(*key->field)
             ? &value_type(shared_.paths.state(), *key->owner, *key->field)
             : nullptr;
}

Level::Many Level::many(const std::string& path) {
  const std::optional<std::string> rest = remainder(path);
  if (!rest) return outer_->many(path);
  if (rest->empty() || annotation(path)) return {};
  ModelPtr at = model();
  std::string before = behind_ ? prefix_ : "";
  for (const std::string& part : path_parts(*rest)) {
    const std::optional<Step> step = shared_.paths.find(at, part);
    if (!step) unknown(at, part);
    before += (before.empty() ? "" : "__") + part;
    if (!step->relation) return {};
    if (step->relation->many) return {this, before};
    at = step->relation->model;
  }
  return {};
}

Level::Many Level::many_in(const Expression& expression) {
  if (expression.kind == Kind::field) return many(expression.name);
  if (is_call(expression, "outer") || expression.query || is_call(expression, "filter") ||
      (expression.kind == Kind::call && is_aggregate(expression.name))) {
    return {};
  }
  for (const Expression& argument : expression.arguments) {
    if (const Many found = many_in(argument)) return found;
  }
  return {};
}

Level::Many Level::common_many(const Expression& condition) {
  if (is_call(condition, "not") || is_call(condition, "xor") || is_call(condition, "is_null")) {
    return {};
  }
  if (!is_call(condition, "and") && !is_call(condition, "or")) return many_in(condition);
  Many common;
  for (std::size_t i = 0; i < condition.arguments.size(); ++i) {
    const Many one = common_many(condition.arguments[i]);
    if (!one || (i > 0 && !(one == common))) return {};
    common = one;
  }
  return common;
}

// ---- expressions

Sql Level::condition(const Expression& expression) {
  if (expression.kind == Kind::field && !inside_aggregate_) {
    if (const Many found = many(expression.name)) return exists(found, {&expression});
  }
  return render(expression);
}

Sql Level::value(const Expression& expression, const Field* wanted) {
  return render(expression, wanted);
}

const Field* Level::result_type(const Expression& expression) {
  if (expression.type) return expression.type.get();
  if (expression.kind == Kind::literal) return &guessed_type(expression.value);
  return type_of(expression);
}

Sql Level::field(const Expression& expression) {
  const Column found = column(expression.name);
  saw_null_ = saw_null_ || found.nullable;
  return found.sql;
}

const Field* Level::field_type(const Expression& expression) { return type_at(expression.name); }

Sql Level::literal(const Expression& expression, const Field* wanted) {
  const Json& value = expression.value;
  if (value.is_null() && !expression.type) return "NULL";
  const Field* type = expression.type ? expression.type.get() : wanted;
  if (!type) type = &guessed_type(value);
  if (!expression.type && value.is_number() && is_numeric(*type)) {
    // Numbers are compared as they are: 2.5 beside an integer is no mistake.
    if (type->type == FieldType::decimal) {
      type = &plain_type(FieldType::decimal);
    } else {
      type = &guessed_type(value);
    }
  }
  if (type->type == FieldType::generated) type = type->output_field.get();
  if (!expression.type && type->type == FieldType::decimal) {
    // Compared as it is: a decimal of more digits is no mistake either.
    type = &plain_type(FieldType::decimal);
  }
  try {
    return shared_.bind(literal_value(value, *type), *type);
  } catch (Error& error) {
    error.at(place());
    throw;
  }
}

/// What is no value but a word of the query: units, names of functions, keys into documents.
bool Level::is_shape(const Expression& call, std::size_t i) {
  static const std::map<std::string, bool, std::less<>> first = {
      {"date_trunc", true}, {"extract", true},  {"func", true},         {"collate", false},
      {"opclass", false},   {"key", false},     {"key_text", false},    {"has_key", false},
      {"has_keys", false},  {"isempty", false}, {"has_any_keys", false}};
  const auto known = first.find(call.name);
  return known != first.end() && (i == 0) == known->second;
}

Expression Level::shown(const Expression& call) {
  Expression hidden = call;
  for (std::size_t i = 0; i < hidden.arguments.size(); ++i) {
    if (hidden.arguments[i].kind == Kind::literal && !is_shape(call, i)) {
      hidden.arguments[i] = Expression::raw("?");
    }
  }
  return hidden;
}

std::optional<Sql> Level::own_call(const Expression& call, const Field*) {
  const std::string& head = call.name;
  if (head == "and") return all_of(call.arguments);
  if (head == "or") {
    std::vector<Sql> sides;
    for (const Expression& side : call.arguments) sides.push_back(operand(condition(side)));
    return sides.size() == 1 ? sides[0] : turnstone::join(sides, " OR ");
  }
  if (head == "not") return negated(call.arguments[0]);
  if (head == "xor") {
    std::vector<Sql> sides;
    for (const Expression& side : call.arguments) {
      sides.push_back("(" + operand(condition(side)) + " IS TRUE)");
    }
    Sql sql = sides[0];
    for (std::size_t i = 1; i < sides.size(); ++i) sql = "(" + sql + " <> " + sides[i] + ")";
    return sql;
  }
  if (head == "filter" || is_aggregate(head)) return aggregate(call);
  if (head == "exists" || head == "subquery") return subquery(*call.query, head == "exists");
  if (head == "outer") {
    Level* at = this;
    while (at->behind_) at = at->outer_;
    if (!at->outer_) {
      fail(ErrorKind::bad_model, "outer() stands in a query that is no subquery",
           "put the query into exists() or subquery()");
    }
    saw_null_ = true;
    return at->outer_->column(call.arguments[0].name).sql;
  }
  if (head == "window") return window(call);
  if (head == "random") return Sql("RANDOM()");
  if (is_predicate(head)) return comparison(call);
  return std::nullopt;
}

std::optional<Sql> Level::comparison(const Expression& call) {
  if (call.name == "is_null") return is_null(call.arguments[0]);
  if (!inside_aggregate_) {
    if (const Many found = many_in(call)) return exists(found, {&call});
  }
  if ((call.name == "regex" || call.name == "iregex") && dialect().name() == "sqlite") {
    // Functions of our own connections; schemas, which others read too, have none.
    // The pattern comes first; parameters are numbered in the order of rendering.
    const Sql pattern = render(call.arguments[1]);
    const Sql text = render(call.arguments[0]);
    return (call.name == "regex" ? "REGEXP(" : "IREGEXP(") + pattern + ", " + text + ")";
  }
  const bool equal = call.name == "=";
  if ((equal || call.name == "<>") && call.arguments.size() == 2) {
    for (const std::size_t i : {0, 1}) {
      if (!is_null_literal(call.arguments[i])) continue;
      const Sql other = operand(render(call.arguments[1 - i]));
      return other + (equal ? " IS NULL" : " IS NOT NULL");
    }
  }
  if (call.name == "in" && call.arguments.size() == 2 && is_call(call.arguments[1], "subquery")) {
    return operand(render(call.arguments[0])) + " IN " + subquery(*call.arguments[1].query, false);
  }
  if (call.name == "in") {
    Expression known = call;
    std::erase_if(known.arguments, is_null_literal);
    if (known.arguments.size() == 1) return Sql("1 = 0");
    if (known.arguments.size() != call.arguments.size()) return render(known);
  }
  return std::nullopt;
}

Sql Level::is_null(const Expression& of) {
  const Many found = inside_aggregate_ ? Many{} : many_in(of);
  if (!found) return operand(render(of)) + " IS NULL";
  const bool rows = of.kind == Kind::field && of.name == found.prefix;
  Sql sql = "NOT " + exists(found, {});
  if (rows) return sql;
  const Expression inner = Expression::call("is_null", {of});
  return sql + " OR " + exists(found, {&inner});
}

Sql Level::negated(const Expression& inner) {
  if (is_call(inner, "is_null") && !many_in(inner)) {
    return operand(render(inner.arguments[0])) + " IS NOT NULL";
  }
  const bool before = std::exchange(saw_null_, false);
  const Sql sql = condition(inner);
  const bool unknown = saw_null_ || !keeps_known(inner);
  saw_null_ = before;
  return unknown ? "(" + sql + ") IS NOT TRUE" : "NOT (" + sql + ")";
}

Sql Level::exists(const Many& many, const std::vector<const Expression*>& conditions) {
  Level rows(shared_, *many.level, *this, many.prefix);
  Sql where;
  std::vector<Expression> copies;
  for (const Expression* one : conditions) copies.push_back(*one);
  if (!copies.empty()) where = " AND " + operand(rows.all_of(copies));
  return "EXISTS (SELECT 1" + rows.from() + " WHERE " + rows.correlation_ + where + ")";
}

Sql Level::all_of(const std::vector<Expression>& conditions) {
  std::vector<Sql> all;
  std::vector<bool> done(conditions.size());
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    if (done[i]) continue;
    const Many found = inside_aggregate_ ? Many{} : common_many(conditions[i]);
    if (!found) {
      all.push_back(condition(conditions[i]));
      continue;
    }
    // What goes over the same relation speaks of the same row.
    std::vector<const Expression*> together;
    for (std::size_t j = i; j < conditions.size(); ++j) {
      if (!done[j] && common_many(conditions[j]) == found) {
        together.push_back(&conditions[j]);
        done[j] = true;
      }
    }
    all.push_back(exists(found, together));
  }
  if (all.empty()) return "1 = 1";
  if (all.size() == 1) return all[0];
  for (Sql& one : all) one = operand(one);
  return turnstone::join(all, " AND ");
}

Sql Level::subquery(const Query& query, bool exists) {
  const ModelPtr inner = concrete(shared_.paths.state(), shared_.paths.state().get(query.model));
  saw_null_ = saw_null_ || !exists;
  return (exists ? "EXISTS (" : "(") + select_text(shared_, query, inner, this, exists) + ")";
}

// ---- aggregates and windows

Sql Level::aggregate(const Expression& call) {
  const bool filtered = call.name == "filter";
  const Expression& of = filtered ? call.arguments[0] : call;
  const Expression* filter = filtered ? &call.arguments[1] : nullptr;
  if (grouped_) return aggregate_here(of, filter);
  Many found;
  for (const Expression& argument : of.arguments) {
    if (const Many one = many_in(is_call(argument, "distinct") ? argument.arguments[0] : argument);
        one && !found) {
      found = one;
    }
  }
  if (filter && !found) found = many_in(*filter);
  if (!found) {
    fail(ErrorKind::bad_model,
         "\"" + of.name + "\" is over one row here: its operand leads over no relation to many",
         "use aggregate(), or select() with the columns to group by");
  }
  saw_null_ = true;
  Level rows(shared_, *found.level, *this, found.prefix);
  rows.grouped_ = true;
  const Sql inner = rows.aggregate_here(of, filter);
  return "(SELECT " + inner + rows.from() + " WHERE " + rows.correlation_ + ")";
}

Sql Level::aggregate_here(const Expression& call, const Expression* filter) {
  static const std::map<std::string, std::string, std::less<>> names = {
      {"count", "COUNT"}, {"sum", "SUM"},           {"avg", "AVG"},         {"min", "MIN"},
      {"max", "MAX"},     {"stddev", "STDDEV_POP"}, {"variance", "VAR_POP"}};
  const std::string& head = call.name;
  const bool before = std::exchange(inside_aggregate_, true);
  Sql inner = "*";
  if (!call.arguments.empty()) {
    const Expression& argument = call.arguments[0];
    inner = is_call(argument, "distinct") ? "DISTINCT " + render(argument.arguments[0])
                                          : render(argument);
  }
  Sql sql = names.at(head) + "(" + inner + ")";
  if (filter) sql += " FILTER (WHERE " + condition(*filter) + ")";
  inside_aggregate_ = before;
  saw_null_ = true;
  const Field* type = own_type(call);
  const bool changes = head == "avg" || head == "stddev" || head == "variance" ||
                       (head == "sum" && type && type->type == FieldType::big_integer);
  return changes ? dialect().typed(sql, *type) : sql;
}

Sql Level::window(const Expression& call) {
  const Expression& function = call.arguments[0];
  Sql sql;
  if (is_aggregate(function.name)) {
    const bool before = std::exchange(grouped_, true);
    sql = aggregate_here(function, nullptr);
    grouped_ = before;
  } else {
    std::vector<Sql> arguments;
    for (const Expression& one : function.arguments) arguments.push_back(render(one));
    static const std::map<std::string, std::string, std::less<>> names = {
        {"row_number", "ROW_NUMBER"},
        {"rank", "RANK"},
        {"dense_rank", "DENSE_RANK"},
        {"percent_rank", "PERCENT_RANK"},
        {"lag", "LAG"},
        {"lead", "LEAD"},
        {"first_value", "FIRST_VALUE"},
        {"last_value", "LAST_VALUE"}};
    const auto known = names.find(function.name);
    if (known == names.end()) {
      fail(ErrorKind::bad_model, "\"" + function.name + "\" is no window function");
    }
    sql = known->second + "(" + turnstone::join(arguments, ", ") + ")";
  }
  std::vector<Sql> over;
  for (std::size_t i = 1; i < call.arguments.size(); ++i) {
    const Expression& part = call.arguments[i];
    if (part.name == "partition") {
      std::vector<Sql> items;
      for (const Expression& one : part.arguments) items.push_back(render(one));
      over.push_back("PARTITION BY " + turnstone::join(items, ", "));
    } else {
      over.push_back("ORDER BY " + order_terms(part.arguments));
    }
  }
  saw_null_ = true;
  return sql + " OVER (" + turnstone::join(over, " ") + ")";
}

Sql order_term_sql(const Expression& term, const Sql& value) {
  Sql sql = value;
  if (is_call(term, "desc")) sql += " DESC";
  if ((is_call(term, "desc") || is_call(term, "asc")) && term.arguments.size() > 1) {
    sql += term.arguments[1].value.as_string() == "nulls_first" ? " NULLS FIRST" : " NULLS LAST";
  }
  return sql;
}

Sql Level::order_terms(const std::vector<Expression>& terms) {
  std::vector<Sql> all;
  for (const Expression& term : terms) {
    all.push_back(order_term_sql(term, render(unwrapped(term))));
  }
  return turnstone::join(all, ", ");
}

const Field* Level::own_type(const Expression& call) {
  const std::string& head = call.name;
  static const std::map<std::string, FieldType, std::less<>> fixed = {
      {"count", FieldType::big_integer},
      {"avg", FieldType::floating},
      {"stddev", FieldType::floating},
      {"variance", FieldType::floating},
      {"length", FieldType::big_integer},
      {"extract", FieldType::big_integer},
      {"concat", FieldType::text},
      {"key_text", FieldType::text},
      {"key", FieldType::json},
      {"now", FieldType::date_time},
      {"today", FieldType::date},
      {"random_uuid", FieldType::uuid},
      {"row_number", FieldType::big_integer},
      {"rank", FieldType::big_integer},
      {"dense_rank", FieldType::big_integer},
      {"percent_rank", FieldType::floating},
      {"and", FieldType::boolean},
      {"or", FieldType::boolean},
      {"not", FieldType::boolean},
      {"xor", FieldType::boolean},
      {"exists", FieldType::boolean}};
  if (const auto known = fixed.find(head); known != fixed.end()) {
    return &plain_type(known->second);
  }
  if (is_predicate(head)) return &plain_type(FieldType::boolean);
  const auto first = [&]() -> const Field* {
    return call.arguments.empty() ? nullptr : result_type(call.arguments[0]);
  };
  if (head == "sum") {
    const Field* type = first();
    const bool whole = type && is_numeric(*type) && type->type != FieldType::decimal &&
                       type->type != FieldType::floating;
    return whole ? &plain_type(FieldType::big_integer) : type;
  }
  if (head == "min" || head == "max" || head == "filter" || head == "distinct" ||
      head == "window" || head == "lag" || head == "lead" || head == "first_value" ||
      head == "last_value") {
    return first();
  }
  if (head == "date_trunc") return result_type(call.arguments[1]);
  if (head == "case") {
    for (const Expression& branch : call.arguments) {
      const Expression& value = is_call(branch, "when") ? branch.arguments[1] : branch;
      if (is_null_literal(value)) continue;
      if (const Field* type = result_type(value)) return type;
    }
  }
  if (head == "outer") {
    Level* at = this;
    while (at->behind_) at = at->outer_;
    return at->outer_ ? at->outer_->type_at(call.arguments[0].name) : nullptr;
  }
  if (head == "subquery" && call.query->columns.size() == 1) {
    Shared scratch{shared_.paths};
    Level inner(scratch, *call.query,
                concrete(shared_.paths.state(), shared_.paths.state().get(call.query->model)),
                this);
    return inner.result_type(call.query->columns[0].expression);
  }
  return nullptr;
}

std::string Level::from() const {
  const Node& root = nodes_.front();
  std::string sql = " FROM " + table_ + " AS " + (root.link.empty() ? root.alias : root.link);
  for (const Join& join : joins_) {
    sql += (join.left ? " LEFT JOIN " : " JOIN ") + join.table + " AS " + join.alias + " ON " +
           join.on;
  }
  return sql;
}

}  // namespace turnstone::orm
