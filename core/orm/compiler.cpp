#include "orm/compiler.h"

#include <turnstone/error.h>
#include <turnstone/identifier.h>

#include <algorithm>

#include "orm/level.h"
#include "orm/literals.h"

namespace turnstone::orm {
namespace {

using Kind = Expression::Kind;

/// `-title` and `?` of a model's own ordering as terms.
Expression ordering_term(const std::string& name) {
  if (name == "?") return Expression::call("random", {});
  if (name.starts_with('-')) return Expression::call("desc", {Expression::field(name.substr(1))});
  return Expression::field(name);
}

Expression turned(const Expression& term) {
  const bool descending = term.kind == Kind::call && term.name == "desc";
  std::vector<Expression> arguments{unwrapped(term)};
  if ((term.name == "desc" || term.name == "asc") && term.arguments.size() > 1) {
    const bool first = term.arguments[1].value.as_string() == "nulls_first";
    arguments.push_back(Expression::literal(Json::of(first ? "nulls_last" : "nulls_first")));
  }
  return Expression::call(descending ? "asc" : "desc", std::move(arguments));
}

void hide_annotations(Query& query) {
  for (QueryColumn& one : query.annotations) one.hidden = true;
}

std::vector<Expression> order_of(const Query& query, const ModelState& model, bool grouped) {
  std::vector<Expression> order = query.order;
  if (!query.ordered && !grouped && query.combine == Query::Combine::none) {
    for (const std::string& name : model.options.ordering) order.push_back(ordering_term(name));
    if (order.empty() && (query.reversed || query.by_key)) order.push_back(Expression::field("pk"));
  }
  if (query.reversed) {
    for (Expression& term : order) term = turned(term);
  }
  return order;
}

/// Writes one SELECT.
class Select {
 public:
  Select(Shared& shared, const Query& query, const ModelPtr& model, Level* outer)
      : shared_(shared), query_(query), level_(shared, query, model, outer) {
    for (const QueryColumn& column : query.columns) {
      grouped_ = grouped_ || holds_aggregate(query, column.expression);
    }
    for (const QueryColumn& column : query.annotations) {
      if (!query.columns.empty() && !column.hidden) {
        grouped_ = grouped_ || holds_aggregate(query, column.expression);
      }
    }
    level_.grouped(grouped_);
  }

  bool grouped() const { return grouped_; }
  Level& level() { return level_; }

  /// Everything; without `columns`, only whether there are rows.
  std::string text(bool columns, SelectSentence* told) {
    if (columns) {
      list(told);
    } else {
      items_.emplace_back("1");
    }
    const std::vector<Expression> order = columns || query_.sliced()
                                              ? order_of(query_, *level_.model(), grouped_)
                                              : std::vector<Expression>{};
    std::vector<std::string> on;
    for (const Expression& one : query_.distinct_on) on.push_back(level_.value(one));
    std::vector<std::string> where = conditions(false);
    std::vector<std::string> having = conditions(true);
    std::vector<std::string> terms;
    for (const Expression& term : order) {
      terms.push_back(order_term_sql(term, order_value(unwrapped(term), columns)));
    }
    std::string sql = "SELECT ";
    if (!on.empty()) {
      sql += "DISTINCT ON (" + join(on, ", ") + ") ";
    } else if (query_.distinct) {
      sql += "DISTINCT ";
    }
    sql += join(items_, ", ") + level_.from();
    if (!where.empty()) sql += " WHERE " + join(where, " AND ");
    if (grouped_ && !keys_.empty()) sql += " GROUP BY " + join(keys_, ", ");
    if (!having.empty()) sql += " HAVING " + join(having, " AND ");
    if (!terms.empty()) sql += " ORDER BY " + join(terms, ", ");
    return sql + slice() + (columns ? lock() : "");
  }

  std::string where() {
    const std::vector<std::string> all = conditions(false);
    return all.empty() ? "" : " WHERE " + join(all, " AND ");
  }

  std::string slice() {
    std::string sql;
    const Field& number = plain_type(FieldType::big_integer);
    if (query_.limit) {
      sql += " LIMIT " + shared_.bind(*query_.limit, number);
    } else if (query_.offset != 0 && shared_.paths.dialect().name() == "sqlite") {
      sql += " LIMIT -1";
    }
    if (query_.offset != 0) sql += " OFFSET " + shared_.bind(query_.offset, number);
    return sql;
  }

 private:
  void list(SelectSentence* told) {
    if (query_.columns.empty()) {
      rows("", told);
      for (const std::string& path : query_.related) related(path, told);
    }
    if (told) told->annotations = items_.size();
    for (const auto* columns : {&query_.columns, &query_.annotations}) {
      for (const QueryColumn& column : *columns) {
        if (!column.hidden) item(column, told);
      }
    }
  }

  /// Each relation on the way too.
  void related(const std::string& path, SelectSentence* told) {
    std::string before;
    for (const std::string& part : path_parts(path)) {
      before += (before.empty() ? "" : "__") + part;
      if (std::find(done_.begin(), done_.end(), before) != done_.end()) continue;
      done_.push_back(before);
      rows(before, told);
    }
  }

  void rows(const std::string& path, SelectSentence* told) {
    const ModelPtr model = level_.join_path(path).second;
    ResultRow row{.path = path, .model = model, .first = items_.size()};
    const Field* key = shared_.paths.key(*model);
    for (const ModelColumn& column : model_columns(shared_.paths, model)) {
      if (column.field == key) row.key = items_.size();
      items_.push_back(level_.column_at(path, column));
      if (told) told->columns.push_back({column.name, column.type});
    }
    if (told) told->rows.push_back(row);
  }

  void item(const QueryColumn& column, SelectSentence* told) {
    const Field* type = level_.result_type(column.expression);
    items_.push_back(level_.value(column.expression));
    if (!holds_aggregate(query_, column.expression)) keys_.push_back(std::to_string(items_.size()));
    named_.emplace_back(&column, items_.size());
    if (told) told->columns.push_back({column.name, type});
  }

  /// A column that is in the list is ordered by its place there.
  std::string order_value(const Expression& of, bool columns) {
    for (const auto& [column, place] : named_) {
      const bool by_name = of.kind == Kind::field && of.name == column->name;
      if (by_name || of == column->expression) return std::to_string(place);
    }
    const std::string sql = level_.value(of);
    if (!columns || !query_.distinct) return sql;
    const auto known = std::find(items_.begin(), items_.end(), sql);
    if (known != items_.end()) return std::to_string(known - items_.begin() + 1);
    items_.push_back(sql);  // DISTINCT sorts by what it lists
    return std::to_string(items_.size());
  }

  std::vector<std::string> conditions(bool having) {
    std::vector<Expression> wanted;
    for (const Expression& filter : query_.filters) {
      if ((grouped_ && holds_aggregate(query_, filter)) == having) wanted.push_back(filter);
    }
    std::vector<std::string> all;
    if (query_.nothing && !having) all.emplace_back("1 = 0");
    // Conditions of one filter() belong together, those of two do not.
    for (const Expression& one : wanted) {
      std::string sql = level_.condition(one);
      const bool mixed = one.kind == Kind::call && (one.name == "or" || one.name == "is_null");
      all.push_back(mixed && query_.filters.size() > 0 ? "(" + sql + ")" : std::move(sql));
    }
    return all;
  }

  std::string lock() {
    if (!query_.lock || shared_.paths.dialect().name() == "sqlite") return "";
    std::vector<std::string> of;
    for (const std::string& path : query_.lock_of) {
      of.push_back(level_.join_path(path == "self" ? "" : path).first);
    }
    if (of.empty()) of.push_back(level_.alias());
    return " FOR UPDATE OF " + join(of, ", ") + (query_.lock_nowait ? " NOWAIT" : "") +
           (query_.lock_skip ? " SKIP LOCKED" : "");
  }

  Shared& shared_;
  const Query& query_;
  Level level_;
  bool grouped_ = false;
  std::vector<std::string> items_{};
  std::vector<std::string> keys_{};  ///< places of the columns that groups are made by
  std::vector<std::pair<const QueryColumn*, std::size_t>> named_{};
  std::vector<std::string> done_{};
};

std::string combined_text(Shared& shared, const Query& query, Level* outer, SelectSentence* told);

/// One of the queries that are put together; `told`: what it gives.
std::string part_text(Shared& shared, const Query& part, Level* outer, SelectSentence* told) {
  if (part.combine != Query::Combine::none) {
    return "SELECT * FROM (" + combined_text(shared, part, outer, told) + ") AS " + shared.alias();
  }
  const ModelPtr model = concrete(shared.paths.state(), shared.paths.state().get(part.model));
  Query plain = part;
  if (!plain.sliced()) {
    plain.ordered = true;
    plain.order.clear();
  }
  std::string text = Select(shared, plain, model, outer).text(true, told);
  return plain.sliced() ? "SELECT * FROM (" + text + ") AS " + shared.alias() : text;
}

void check_combined(const Query& query) {
  const bool narrowed = !query.filters.empty() || query.distinct || !query.distinct_on.empty();
  if (narrowed || !query.annotations.empty() || !query.columns.empty() || !query.related.empty()) {
    throw Error(ErrorKind::misuse,
                "a query of several queries can only be ordered, sliced, counted and read",
                query.model.text(),
                "filter, annotate and select in the queries before they are put together");
  }
  bool locked = query.lock;
  for (const auto& part : query.parts) locked = locked || part->lock;
  if (locked) {
    throw Error(ErrorKind::misuse, "rows of a query of several queries cannot be locked",
                query.model.text(), "lock the rows by their keys");
  }
}

/// The place, counted from 1, of the column that `of` names; 0 for none.
std::size_t place_of(const Expression& of, const Query& query, const SelectSentence& told) {
  const std::vector<QueryColumn>& chosen = query.parts.front()->columns;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    if (chosen[i].expression == of) return i + 1;
  }
  if (of.kind != Kind::field) return 0;
  if (of.name == "pk" && !told.rows.empty()) return told.rows.front().key + 1;
  for (std::size_t i = 0; i < told.columns.size(); ++i) {
    const std::string& name = told.columns[i].name;
    if (name == of.name || name == of.name + "_id") return i + 1;
  }
  return 0;
}

/// ORDER BY of a query of several queries.
std::string combined_order(const Query& query, const SelectSentence& told) {
  std::vector<Expression> order = query.order;
  if (order.empty() && (query.by_key || query.reversed) && !told.rows.empty()) {
    order.push_back(Expression::field("pk"));
  }
  std::vector<std::string> terms;
  for (Expression term : order) {
    if (query.reversed) term = turned(term);
    const std::size_t place = place_of(unwrapped(term), query, told);
    if (place == 0) {
      throw Error(ErrorKind::bad_model,
                  "a query of several queries is ordered by its columns alone", {},
                  "name one of its columns");
    }
    terms.push_back(order_term_sql(term, std::to_string(place)));
  }
  return terms.empty() ? "" : " ORDER BY " + join(terms, ", ");
}

std::string combined_text(Shared& shared, const Query& query, Level* outer, SelectSentence* told) {
  static const char* const words[] = {"", "UNION", "UNION ALL", "INTERSECT", "EXCEPT"};
  const std::string word = words[static_cast<int>(query.combine)];
  check_combined(query);
  std::string sql;
  SelectSentence first;
  for (const auto& part : query.parts) {
    SelectSentence own;
    const std::string text = part_text(shared, *part, outer, &own);
    if (sql.empty()) {
      sql = text;
      first = std::move(own);
      continue;
    }
    if (own.columns.size() != first.columns.size()) {
      throw Error(ErrorKind::bad_model, "the queries of a " + lower_case(word) + " have " +
                                            std::to_string(first.columns.size()) + " and " +
                                            std::to_string(own.columns.size()) + " columns");
    }
    sql += " " + word + " " + text;
  }
  sql += combined_order(query, first);
  const Query bounds{.offset = query.offset, .limit = query.limit};
  if (bounds.sliced()) {
    const ModelPtr model = concrete(shared.paths.state(), shared.paths.state().get(query.model));
    sql += Select(shared, bounds, model, nullptr).slice();
  }
  if (told) *told = std::move(first);
  return sql;
}

/// The same query for use as a subquery: keys, where nothing else was chosen.
Query of_keys(const Query& query) {
  Query keys = query;
  if (query.combine == Query::Combine::none) {
    if (!keys.columns.empty()) return keys;
    keys.columns = {{"pk", Expression::field("pk")}};
    keys.related.clear();
    hide_annotations(keys);
    return keys;
  }
  for (auto& part : keys.parts) part = std::make_shared<const Query>(of_keys(*part));
  return keys;
}

std::string whole_text(Shared& shared, const Query& query, SelectSentence* told) {
  if (query.combine != Query::Combine::none) return combined_text(shared, query, nullptr, told);
  const ModelPtr model = concrete(shared.paths.state(), shared.paths.state().get(query.model));
  return Select(shared, query, model, nullptr).text(true, told);
}

bool is_plain(const Query& query) {
  return query.columns.empty() && query.distinct_on.empty() && !query.distinct && !query.sliced() &&
         query.combine == Query::Combine::none;
}

void refuse_slice(const Query& query, const char* what) {
  if (is_plain(query)) return;
  throw Error(ErrorKind::misuse,
              std::string("rows of a query that is sliced, distinct, put together of several or "
                          "has columns of its own cannot be ") +
                  what,
              query.model.text(), "filter by the keys of the rows instead");
}

/// True when the conditions look into tables that UPDATE and DELETE cannot join.
bool needs_joins(const Paths& paths, const Query& query, const ModelPtr& model) {
  Shared scratch{paths};
  Select select(scratch, query, model, nullptr);
  select.where();
  return select.level().joined();
}

/// `WHERE` for UPDATE and DELETE: where tables are joined, the rows are found by their keys.
std::string lone_where(Shared& shared, const Query& query, Select& select) {
  const ModelPtr model = select.level().model();
  if (!needs_joins(shared.paths, query, model)) return select.where();
  const Field* key = shared.paths.key(*model);
  Query keys = query;
  keys.ordered = true;
  keys.order.clear();
  keys.columns = {{"pk", Expression::field(key->name)}};
  hide_annotations(keys);
  Select inner(shared, keys, model, nullptr);
  return " WHERE " + select.level().alias() + "." + quote_identifier(column_name(*key)) + " IN (" +
         inner.text(true, nullptr) + ")";
}

}  // namespace

bool is_aggregate(const std::string& head) {
  static const std::set<std::string, std::less<>> heads = {"count", "sum",    "avg",     "min",
                                                           "max",   "stddev", "variance"};
  return heads.contains(head);
}

namespace {

/// `open`: columns that are being looked into; inside of one its name is the model's field.
bool holds_aggregate(const Query& query, const Expression& expression,
                     std::set<std::string>& open) {
  if (expression.kind == Kind::field) {
    for (const auto* list : {&query.annotations, &query.columns}) {
      for (const QueryColumn& column : *list) {
        if (column.name != expression.name || !open.insert(column.name).second) continue;
        const bool holds = holds_aggregate(query, column.expression, open);
        open.erase(column.name);
        return holds;
      }
    }
    return false;
  }
  if (expression.kind != Kind::call || expression.name == "window" || expression.query) {
    return false;
  }
  if (expression.name == "filter" || is_aggregate(expression.name)) return true;
  return std::any_of(expression.arguments.begin(), expression.arguments.end(),
                     [&](const Expression& one) { return holds_aggregate(query, one, open); });
}

}  // namespace

bool holds_aggregate(const Query& query, const Expression& expression) {
  std::set<std::string> open;
  return holds_aggregate(query, expression, open);
}

std::vector<ModelColumn> model_columns(const Paths& paths, const ModelPtr& model) {
  std::vector<ModelColumn> columns;
  const ModelPtr own = concrete(paths.state(), model);
  for (const std::string& name : own->bases) {
    const ModelPtr base = paths.state().find(key_from(name, own->app));
    if (!base) continue;
    for (ModelColumn& column : model_columns(paths, base)) {
      const bool known = std::any_of(columns.begin(), columns.end(), [&](const ModelColumn& one) {
        return one.field == column.field;
      });
      if (!known && !own->find_field(column.field->name)) columns.push_back(std::move(column));
    }
  }
  for (const Field& field : own->fields) {
    if (!has_column(field)) continue;
    columns.push_back({.name = attribute_name(field),
                       .field = &field,
                       .type = &value_type(paths.state(), *own, field),
                       .owner = own});
  }
  return columns;
}

Sql select_text(Shared& shared, const Query& query, const ModelPtr& model, Level* outer,
                bool exists) {
  if (query.combine != Query::Combine::none) {
    return combined_text(shared, exists ? query : of_keys(query), outer, nullptr);
  }
  Query inner = exists ? query : of_keys(query);
  if (!inner.sliced()) {
    inner.ordered = true;
    inner.order.clear();
  }
  Select select(shared, inner, model, outer);
  return select.text(!exists || select.grouped(), nullptr);
}

SelectSentence compile_select(const Paths& paths, const Query& query) {
  SelectSentence sentence;
  Shared shared{paths};
  sentence.sql = whole_text(shared, query, &sentence);
  sentence.parameters = std::move(shared.parameters);
  return sentence;
}

SelectSentence compile_by_key(const Paths& paths, const ModelKey& model) {
  SelectSentence sentence;
  Shared shared{paths};
  const Query query{.model = model, .ordered = true};
  const ModelPtr own = concrete(paths.state(), paths.state().get(model));
  const Field& key = *paths.key(*own);
  Select select(shared, query, own, nullptr);
  sentence.sql = select.text(true, &sentence) + " WHERE " + select.level().alias() + "." +
                 quote_identifier(column_name(key)) + " = " +
                 paths.dialect().parameter(1, value_type(paths.state(), *own, key));
  return sentence;
}

Sentence compile_count(const Paths& paths, const Query& query) {
  Shared shared{paths};
  Query counted = query;
  counted.lock = false;
  if (!counted.sliced() && counted.combine == Query::Combine::none) {
    counted.ordered = true;
    counted.order.clear();
  }
  counted.related.clear();
  Sentence sentence;
  if (is_plain(query)) {
    const ModelPtr model = concrete(paths.state(), paths.state().get(query.model));
    Query bare = counted;
    Select select(shared, bare, model, nullptr);
    const std::string where = select.where();
    sentence.sql = "SELECT COUNT(*)" + select.level().from() + where;
  } else {
    const std::string inner = whole_text(shared, counted, nullptr);
    sentence.sql = "SELECT COUNT(*) FROM (" + inner + ") AS " + shared.alias();
  }
  sentence.parameters = std::move(shared.parameters);
  return sentence;
}

Sentence compile_exists(const Paths& paths, const Query& query) {
  Shared shared{paths};
  Query asked = query;
  asked.lock = false;
  asked.related.clear();
  if (!asked.limit || *asked.limit > 1) asked.limit = 1;
  Sentence sentence;
  if (query.combine != Query::Combine::none || !query.columns.empty() || query.distinct) {
    sentence.sql =
        "SELECT 1 FROM (" + whole_text(shared, asked, nullptr) + ") AS " + shared.alias();
  } else {
    asked.ordered = true;
    asked.order.clear();
    const ModelPtr model = concrete(paths.state(), paths.state().get(query.model));
    sentence.sql = Select(shared, asked, model, nullptr).text(false, nullptr);
  }
  sentence.parameters = std::move(shared.parameters);
  return sentence;
}

SelectSentence compile_aggregate(const Paths& paths, const Query& query,
                                 const std::vector<QueryColumn>& aggregates) {
  if (!is_plain(query)) {
    throw Error(ErrorKind::misuse,
                "aggregates are not taken over a query that is sliced, distinct, put together of "
                "several or has columns of its own",
                query.model.text(), "take them over a filter by the keys of the rows");
  }
  Query asked = query;
  asked.ordered = true;
  asked.order.clear();
  asked.related.clear();
  asked.lock = false;
  hide_annotations(asked);
  asked.columns = aggregates;
  for (const QueryColumn& column : aggregates) {
    if (holds_aggregate(asked, column.expression)) continue;
    throw Error(ErrorKind::bad_model, "\"" + column.name + "\" is no aggregate", query.model.text(),
                "use count, sum, avg, min or max");
  }
  const auto annotated = [&](const std::string& name) {
    return std::any_of(query.annotations.begin(), query.annotations.end(),
                       [&](const QueryColumn& one) { return one.name == name; });
  };
  const bool by_annotation =
      std::any_of(query.filters.begin(), query.filters.end(),
                  [&](const Expression& filter) { return any_field(filter, annotated); });
  if (by_annotation) {
    // A condition on an annotation is one on each row, not on the group of all: it chooses keys.
    Query keys = query;
    keys.ordered = true;
    keys.order.clear();
    keys.lock = false;
    Expression rows = Expression::call("subquery", {});
    rows.query = std::make_shared<const Query>(of_keys(keys));
    asked.filters = {Expression::call("in", {Expression::field("pk"), std::move(rows)})};
  }
  return compile_select(paths, asked);
}

Sentence compile_update(const Paths& paths, const Query& query,
                        const std::vector<QueryColumn>& changes) {
  refuse_slice(query, "updated");
  Shared shared{paths};
  const ModelPtr model = concrete(paths.state(), paths.state().get(query.model));
  Query asked = query;
  asked.related.clear();
  Select select(shared, asked, model, nullptr);
  Level& level = select.level();
  std::vector<std::string> sets;
  for (const QueryColumn& change : changes) {
    const Field* field = model->resolve_field(change.name);
    if (!field || !has_column(*field)) {
      throw Error(ErrorKind::bad_model,
                  model->app + "." + model->name + " has no field \"" + change.name + "\"", {},
                  did_you_mean(change.name, paths.names(model)));
    }
    const Field& type = value_type(paths.state(), *model, *field);
    sets.push_back(quote_identifier(column_name(*field)) + " = " +
                   level.value(change.expression, &type));
  }
  if (level.joined()) {
    throw Error(ErrorKind::bad_model, "a value in update() leads over a relation",
                query.model.text(), "use subquery() for values of other rows");
  }
  Sentence sentence;
  sentence.sql = "UPDATE " + paths.table(*model) + " AS " + level.alias() + " SET " +
                 join(sets, ", ") + lone_where(shared, query, select);
  sentence.parameters = std::move(shared.parameters);
  return sentence;
}

Sentence compile_delete(const Paths& paths, const Query& query) {
  refuse_slice(query, "removed");
  Shared shared{paths};
  const ModelPtr model = concrete(paths.state(), paths.state().get(query.model));
  Query asked = query;
  asked.related.clear();
  Select select(shared, asked, model, nullptr);
  Sentence sentence;
  const std::string where = lone_where(shared, query, select);
  sentence.sql = "DELETE FROM " + paths.table(*model) + " AS " + select.level().alias() + where;
  sentence.parameters = std::move(shared.parameters);
  return sentence;
}

}  // namespace turnstone::orm
