#pragma once

#include <turnstone/orm/database.h>
#include <turnstone/orm/functions.h>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

// Conditions by names: Django's look-ups.

namespace turnstone {

namespace detail {

template <class V>
Expression lookup_operand(const V& value) {
  if constexpr (std::is_same_v<V, Expression>) {
    return value;
  } else if constexpr (Operand<V>) {
    return value.expression();
  } else if constexpr (QueryLike<V>) {
    Expression rows = Expression::call("subquery", {});
    rows.query = value.shared_query();
    return rows;
  } else if constexpr (std::is_same_v<V, std::nullopt_t> || std::is_same_v<V, std::nullptr_t>) {
    return Expression::literal(Json::null());
  } else if constexpr (ArrayMember<V> || std::is_same_v<V, std::vector<Value>>) {
    Expression list = Expression::call("list", {});
    for (const auto& item : value) {
      list.arguments.push_back(literal_expression(value_of_argument(item)));
    }
    return list;
  } else {
    return literal_expression(value_of_argument(value));
  }
}

}  // namespace detail

/// A condition by names, `Q("title__icontains", "ada") || Q("price__lt", 10)`: a path of names
/// joined by `__`, then transforms (`year`, `date` …) and a look-up; `exact` unless given. Values
/// may be vectors (`in`, `range`), queries, std::nullopt for NULL, and Expressions.
class Q {
 public:
  template <class V>
  Q(std::string lookup, const V& value)
      : lookup_(std::move(lookup)), value_(detail::lookup_operand(value)) {}
  /// A condition that is an expression.
  explicit Q(Expression condition) : value_(std::move(condition)) {}
  template <Operand C>
  Q(const C& condition) : value_(condition.expression()) {}  // NOLINT: typed among names

  friend Q operator&&(const Q& a, const Q& b) { return Q("and", {a, b}); }
  friend Q operator||(const Q& a, const Q& b) { return Q("or", {a, b}); }
  friend Q operator^(const Q& a, const Q& b) { return Q("xor", {a, b}); }
  friend Q operator!(const Q& a) { return Q("not", {a}); }

  const std::string& lookup() const { return lookup_; }  ///< empty for a condition as it is
  const std::string& head() const { return head_; }      ///< `and`, `or`, `xor`, `not`, or empty
  const Expression& value() const { return value_; }
  const std::vector<Q>& parts() const { return parts_; }

 private:
  Q(const char* head, std::vector<Q> parts) : head_(head), parts_(std::move(parts)) {}

  std::string head_{};
  std::string lookup_{};
  Expression value_{};
  std::vector<Q> parts_{};
};

namespace detail {
/// Names looked up in the models: Error{bad_model} with the nearest name for what is not there.
Expression lookup_condition(const orm::Engine& engine, const Query& query, const Q& condition);
}  // namespace detail

}  // namespace turnstone
