#include <turnstone/orm/functions.h>

#include <turnstone/error.h>

#include <algorithm>

namespace turnstone {

Aggregate<std::int64_t, std::int64_t> count() {
  return Aggregate<std::int64_t, std::int64_t>(Expression::call("count", {}));
}

Computed<std::int64_t> row_number() {
  return Computed<std::int64_t>(Expression::call("row_number", {}));
}
Computed<std::int64_t> rank() { return Computed<std::int64_t>(Expression::call("rank", {})); }
Computed<std::int64_t> dense_rank() {
  return Computed<std::int64_t>(Expression::call("dense_rank", {}));
}
Computed<double> percent_rank() { return Computed<double>(Expression::call("percent_rank", {})); }

namespace detail {

Expression window(Expression function, const Over& over) {
  std::vector<Expression> parts{std::move(function)};
  if (!over.partition_by.empty()) {
    parts.push_back(Expression::call("partition", over.partition_by));
  }
  if (!over.order_by.empty()) {
    std::vector<Expression> terms;
    for (const OrderTerm& term : over.order_by) terms.push_back(term.expression());
    parts.push_back(Expression::call("order", std::move(terms)));
  }
  return Expression::call("window", std::move(parts));
}

void lock(Query& query, const LockOptions& options) {
  query.lock = true;
  query.lock_nowait = options.nowait;
  query.lock_skip = options.skip_locked;
  query.lock_of = options.of;
}

void slice(Query& query, std::int64_t begin, std::optional<std::int64_t> end) {
  if (begin < 0 || (end && *end < begin)) {
    throw Error(ErrorKind::misuse, "a slice counts forwards from 0");
  }
  // A slice of a slice.
  query.offset += begin;
  std::optional<std::int64_t> left;
  if (query.limit) left = std::max<std::int64_t>(0, *query.limit - begin);
  if (end) left = left ? std::min(*left, *end - begin) : *end - begin;
  query.limit = left;
}

Expression order_term(const std::string& name) {
  if (name == "?") return Expression::call("random", {});
  if (name.starts_with('-')) {
    return Expression::call("desc", {Expression::field(name.substr(1))});
  }
  return Expression::field(name);
}

Query first_of(const Query& query, bool last) {
  Query one = query;
  if (last && query.sliced()) {
    throw Error(ErrorKind::misuse, "last() of a slice", query.model.text(),
                "turn the order with reverse() before it is sliced");
  }
  if (last) one.reversed = !one.reversed;
  if (!one.ordered && one.columns.empty()) one.by_key = true;
  slice(one, 0, 1);
  return one;
}

Query moments(const Query& query, const Expression& field, const std::string& unit,
              bool descending) {
  Query asked = query;
  const Expression cut =
      Expression::call("date_trunc", {Expression::literal(Json::of(unit)), field});
  asked.filters.push_back(Expression::call("not", {Expression::call("is_null", {field})}));
  asked.columns.clear();
  add_columns(asked, {cut});
  for (QueryColumn& one : asked.annotations) one.hidden = true;
  asked.related.clear();
  asked.prefetch.clear();
  asked.distinct = true;
  asked.ordered = true;
  asked.reversed = false;
  asked.order = {Expression::call(descending ? "desc" : "asc", {cut})};
  return asked;
}

std::shared_ptr<const Query> combined(Query::Combine how, std::shared_ptr<const Query> first,
                                      const std::vector<std::shared_ptr<const Query>>& more) {
  auto query = std::make_shared<Query>();
  query->model = first->model;
  query->combine = how;
  query->ordered = true;
  query->parts.push_back(std::move(first));
  query->parts.insert(query->parts.end(), more.begin(), more.end());
  return query;
}

void add_columns(Query& query, const std::vector<Expression>& columns) {
  for (const Expression& column : columns) {
    const bool plain = column.kind == Expression::Kind::field;
    // A name no field has, so that it hides none.
    query.columns.push_back(
        {plain ? column.name : "column " + std::to_string(query.columns.size() + 1), column});
  }
}

}  // namespace detail
}  // namespace turnstone
