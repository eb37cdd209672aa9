#pragma once

#include <turnstone/model/operand.h>
#include <turnstone/orm/query.h>

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

// What queries know beside the expressions of models: aggregates, subqueries, windows.

namespace turnstone {

/// An expression that may be NULL: in a selection a std::optional.
template <class T>
class Nullable : public Computed<T> {
 public:
  using Computed<T>::Computed;
  using Column = std::optional<T>;
};

/// One value of many rows.
template <class T, class C>
class Aggregate : public Computed<T> {
 public:
  using Computed<T>::Computed;
  using Column = C;
  /// Over those rows only that meet the condition.
  template <Operand X>
  Aggregate filter(const X& condition) const {
    static_assert(detail::is_condition<X>(), "turnstone: filter() takes a condition");
    return Aggregate(Expression::call("filter", {this->expression(), condition.expression()}));
  }
};

namespace detail {

template <class X>
struct ColumnTypeOf {
  using Type = stored_type<typename X::Value>;
};
template <class X>
requires requires { typename X::Column; }
struct ColumnTypeOf<X> {
  using Type = typename X::Column;
};
/// What a row of a selection holds for `X`.
template <class X>
using ColumnType = typename ColumnTypeOf<X>::Type;

template <class T>
using sum_type = std::conditional_t<IntegerMember<T>, std::int64_t,
                                    std::conditional_t<std::floating_point<T>, double, T>>;

}  // namespace detail

/// Rows, or rows in which `x` is not NULL. Of a relation to many: the rows behind each row.
Aggregate<std::int64_t, std::int64_t> count();
template <Operand X>
Aggregate<std::int64_t, std::int64_t> count(const X& x) {
  return Aggregate<std::int64_t, std::int64_t>(Expression::call("count", {x.expression()}));
}
/// In an aggregate, each value once: `count(distinct(F<&Book::author>))`.
template <Operand X>
Computed<stored_type<typename X::Value>> distinct(const X& x) {
  return Computed<stored_type<typename X::Value>>(Expression::call("distinct", {x.expression()}));
}
/// NULL of no rows, as in Django.
template <Operand X>
auto sum(const X& x) {
  using T = stored_type<typename X::Value>;
  static_assert(NumberMember<T> || std::same_as<T, Duration>,
                "turnstone: sum() needs numbers or durations");
  using S = detail::sum_type<T>;
  return Aggregate<S, std::optional<S>>(Expression::call("sum", {x.expression()}));
}
/// A floating-point number whatever it is of.
template <Operand X>
auto avg(const X& x) {
  static_assert(NumberMember<stored_type<typename X::Value>>, "turnstone: avg() needs numbers");
  return Aggregate<double, std::optional<double>>(Expression::call("avg", {x.expression()}));
}
template <Operand X>
auto min(const X& x) {
  using T = stored_type<typename X::Value>;
  return Aggregate<T, std::optional<T>>(Expression::call("min", {x.expression()}));
}
template <Operand X>
auto max(const X& x) {
  using T = stored_type<typename X::Value>;
  return Aggregate<T, std::optional<T>>(Expression::call("max", {x.expression()}));
}
/// Of the whole population.
template <Operand X>
auto stddev(const X& x) {
  return Aggregate<double, std::optional<double>>(Expression::call("stddev", {x.expression()}));
}
template <Operand X>
auto variance(const X& x) {
  return Aggregate<double, std::optional<double>>(Expression::call("variance", {x.expression()}));
}

/// True when the query has rows; `outer(F<…>)` in it is a field of the query around it.
template <QueryLike S>
Condition exists(const S& query) {
  Expression call = Expression::call("exists", {});
  call.query = query.shared_query();
  return Condition(std::move(call));
}
/// The value of a selection of one column: of its first row, NULL without one.
template <QueryLike S>
auto subquery(const S& query) {
  static_assert(std::tuple_size_v<typename S::Row> == 1,
                "turnstone: subquery() takes a selection of one column");
  Expression call = Expression::call("subquery", {});
  call.query = query.shared_query();
  return Nullable<without_optional<std::tuple_element_t<0, typename S::Row>>>(std::move(call));
}
/// In a subquery: a field of the row of the query around it.
template <Operand X>
auto outer(const X& x) {
  return Computed<typename X::Value>(Expression::call("outer", {x.expression()}));
}
/// An annotation, or any field, by its name; the type is the caller's word.
template <class T>
Computed<T> field(const std::string& name) {
  return Computed<T>(Expression::field(name));
}
/// The same value, NULL allowed: in a selection a std::optional.
template <Operand X>
auto nullable(const X& x) {
  return Nullable<stored_type<typename X::Value>>(x.expression());
}

/// The rows a window function sees for each row.
struct Over {
  std::vector<Expression> partition_by{};
  std::vector<OrderTerm> order_by{};
};

namespace detail {
Expression window(Expression function, const Over& over);
}  // namespace detail

/// `window(sum(F<&Book::price>), {.partition_by = {F<&Book::author>}})`
template <Operand X>
auto window(const X& function, const Over& over) {
  return Nullable<typename X::Value>(detail::window(function.expression(), over));
}
Computed<std::int64_t> row_number();
Computed<std::int64_t> rank();
Computed<std::int64_t> dense_rank();
Computed<double> percent_rank();
/// The value in the row before, and in the row behind.
template <Operand X>
auto lag(const X& x) {
  return Computed<stored_type<typename X::Value>>(Expression::call("lag", {x.expression()}));
}
template <Operand X>
auto lead(const X& x) {
  return Computed<stored_type<typename X::Value>>(Expression::call("lead", {x.expression()}));
}
template <Operand X>
auto first_value(const X& x) {
  return Computed<stored_type<typename X::Value>>(
      Expression::call("first_value", {x.expression()}));
}

struct LockOptions {
  bool nowait = false;       ///< fail at once where a row is locked
  bool skip_locked = false;  ///< leave such rows out
  /// Paths of relations whose rows are locked, `self` for the query's own; only those unless given.
  std::vector<std::string> of{};
};

namespace detail {
void lock(Query& query, const LockOptions& options);
void slice(Query& query, std::int64_t begin, std::optional<std::int64_t> end);
/// `-title`, `?`, or a name.
Expression order_term(const std::string& name);
/// The query of its first row, or of its last.
Query first_of(const Query& query, bool last);
/// The query of the different moments of a field, cut down to a unit.
Query moments(const Query& query, const Expression& field, const std::string& unit,
              bool descending);
void add_columns(Query& query, const std::vector<Expression>& columns);
/// One query of several.
std::shared_ptr<const Query> combined(Query::Combine how, std::shared_ptr<const Query> first,
                                      const std::vector<std::shared_ptr<const Query>>& more);
}  // namespace detail

}  // namespace turnstone
