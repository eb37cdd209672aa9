#pragma once

#include <turnstone/model/member.h>

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Typed expressions: `F<&Book::price> >= 0 && lower(F<&Book::title>) == "x"`. A thin shell that
// knows C++ types and refuses what does not fit; what it builds is an `Expression`.

namespace turnstone {

struct OperandTag {};

/// A typed expression: a field, a function of others, a condition.
template <class X>
concept Operand = std::derived_from<std::remove_cvref_t<X>, OperandTag>;

/// A query, as far as others use it.
template <class S>
concept QueryLike = requires(const S& query) {
  query.shared_query();
};

template <class T>
class Computed;
/// What a CHECK or a filter takes.
using Condition = Computed<bool>;

namespace detail {

Expression path_expression(const MemberKey* const* path, std::size_t steps);
/// `and` or `or` of both; operands of the same head become one list.
Expression junction(const char* head, Expression a, Expression b);
Expression text_literal(std::string_view text);

/// A value beside a `T`, in the form of files. Whole numbers beside decimals stay numbers.
template <class T, class V>
Expression literal_of(const V& value) {
  if constexpr (IntegerMember<V> && std::same_as<stored_type<T>, Decimal>) {
    return Expression::literal(json_of_member<V>(value));
  } else {
    return Expression::literal(json_value<T, V>(value));
  }
}

/// An operand as it is, a value as a literal beside a `T`.
template <class T, class X>
Expression operand_of(const X& x) {
  if constexpr (Operand<X>) {
    return x.expression();
  } else {
    return literal_of<T, std::decay_t<const X>>(x);
  }
}

template <class A, class B>
constexpr bool comparable_types() {
  using X = stored_type<A>;
  using Y = stored_type<B>;
  return std::same_as<X, Y> || (NumberMember<X> && NumberMember<Y>) ||
         (std::same_as<X, Date> && std::same_as<Y, DateTime>) ||
         (std::same_as<X, DateTime> && std::same_as<Y, Date>);
}

/// True when `X`, an operand or a value, may stand beside an operand of value type `T`.
template <class T, class X>
constexpr bool fits_beside() {
  if constexpr (Operand<X>) {
    return comparable_types<T, typename X::Value>();
  } else {
    return is_value_for<T, std::decay_t<const X>>();
  }
}

template <class X>
constexpr bool is_text() {
  if constexpr (Operand<X>) {
    return TextMember<stored_type<typename X::Value>> || EnumMember<stored_type<typename X::Value>>;
  } else {
    return std::convertible_to<X, std::string_view>;
  }
}

}  // namespace detail

/// What every operand of value type `T` offers.
template <class Self, class T>
class Operators : public OperandTag {
 public:
  using Value = T;

  operator Expression() const { return self(); }  // NOLINT: typed becomes untyped

  Condition is_null() const;
  /// One of the values; of nothing, it is false.
  template <class V>
  Condition in(std::initializer_list<V> values) const;
  template <class V>
  Condition in(const std::vector<V>& values) const;
  /// One of the values of a query of one column: a Selection.
  template <QueryLike S>
  Condition in(const S& query) const;
  template <class A, class B>
  Condition between(const A& low, const B& high) const;

  // Text.
  template <class X>
  Condition iexact(const X& text) const;
  /// LIKE on text; `@>` on arrays and JSON.
  template <class X>
  Condition contains(const X& what) const;
  template <class X>
  Condition icontains(const X& text) const;
  template <class X>
  Condition startswith(const X& text) const;
  template <class X>
  Condition istartswith(const X& text) const;
  template <class X>
  Condition endswith(const X& text) const;
  template <class X>
  Condition iendswith(const X& text) const;
  template <class X>
  Condition regex(const X& pattern) const;
  template <class X>
  Condition iregex(const X& pattern) const;
  template <class X>
  Condition like(const X& pattern) const;
  template <class X>
  Condition ilike(const X& pattern) const;

  // Arrays and JSON.
  template <class X>
  Condition contained_by(const X& what) const;
  template <class X>
  Condition overlap(const X& what) const;
  Condition has_key(const std::string& key) const;
  Condition has_keys(const std::vector<std::string>& keys) const;
  Condition has_any_keys(const std::vector<std::string>& keys) const;

 private:
  Expression self() const { return static_cast<const Self&>(*this).expression(); }
  template <class X>
  Condition text_call(const char* head, const X& text) const;
  template <class X>
  Condition container_call(const char* head, const X& what) const;
};

/// A function of other operands, of value type `T`.
template <class T>
class Computed : public Operators<Computed<T>, T> {
 public:
  explicit Computed(Expression expression) : expression_(std::move(expression)) {}
  const Expression& expression() const { return expression_; }

 private:
  Expression expression_;
};

/// What an UPDATE does to one field.
struct Assignment {
  std::string field{};
  Expression value{};
};

/// A column, reached over a path of members; `T` is the type of the last without optional.
template <class T>
class FieldOperand : public Operators<FieldOperand<T>, T> {
 public:
  constexpr FieldOperand(const MemberKey* const* path, std::size_t steps)
      : path_(path), steps_(steps) {}
  Expression expression() const { return detail::path_expression(path_, steps_); }
  /// For update(): a value, an expression over the row, or std::nullopt for NULL.
  template <class X>
  Assignment set(const X& value) const {
    if constexpr (std::same_as<X, std::nullopt_t>) {
      return {expression().name, Expression::literal(Json::null())};
    } else {
      static_assert(detail::fits_beside<T, X>(),
                    "turnstone: this value has not the type of the field");
      if constexpr (detail::fits_beside<T, X>()) {
        return {expression().name, detail::operand_of<T>(value)};
      } else {
        return {};
      }
    }
  }
  const MemberKey* const* path() const { return path_; }
  std::size_t steps() const { return steps_; }

 private:
  const MemberKey* const* path_;
  std::size_t steps_;
};

namespace detail {

/// A member, or a relation walked backwards: what it is called, where it starts and leads.
template <class P>
struct PathStep {
  static constexpr bool is_step = MemberPointer<P>::is_member;
  static constexpr bool backwards = false;
};
template <auto P>
struct PathStep<Reverse<P>> {
  static constexpr bool is_step = true;
  static constexpr bool backwards = true;
  using Owner = typename RelationOf<
      without_optional<typename MemberPointer<std::remove_cv_t<decltype(P)>>::Type>>::Target;
  using Target = typename MemberPointer<std::remove_cv_t<decltype(P)>>::Class;
  static constexpr const MemberKey* key = &reverse_key<P>;
};
template <auto P>
using step_of = PathStep<std::remove_cv_t<decltype(P)>>;

template <auto P>
constexpr const MemberKey* step_key() {
  if constexpr (step_of<P>::backwards) {
    return step_of<P>::key;
  } else {
    return &member_key<P>;
  }
}
template <auto... P>
inline constexpr const MemberKey* path_keys[] = {step_key<P>()...};

/// Type of the column at the end: a relation to many stands for the keys of its rows.
template <auto P>
constexpr auto end_of_path() {
  if constexpr (step_of<P>::backwards) {
    return std::type_identity<std::int64_t>{};
  } else if constexpr (ManyToManyMember<without_optional<member_type<P>>>) {
    return std::type_identity<std::int64_t>{};
  } else {
    return std::type_identity<without_optional<member_type<P>>>{};
  }
}
/// True when there may be no value: a step is optional, or there may be no row behind it.
template <auto P>
constexpr bool may_miss() {
  if constexpr (step_of<P>::backwards) {
    return true;
  } else {
    return Unwrapped<member_type<P>>::is_optional || ManyToManyMember<member_type<P>>;
  }
}

template <auto First, auto... Rest>
struct LastMember {
  using Type = typename LastMember<Rest...>::Type;
};
template <auto Only>
struct LastMember<Only> {
  using Type = typename decltype(end_of_path<Only>())::type;
};

/// True when `P` belongs to rows of `Target`.
template <auto P, class Target>
constexpr bool starts_at() {
  if constexpr (step_of<P>::backwards) {
    return std::same_as<typename step_of<P>::Owner, Target>;
  } else if constexpr (std::same_as<member_class<P>, Target>) {
    return true;
  } else {
    // Asked second, since the class itself may not be complete yet.
    return std::is_base_of_v<member_class<P>, Target>;
  }
}

template <auto First>
constexpr bool joins() {
  return true;
}
/// Each step but the last is a relation to the class that owns the next member.
template <auto First, auto Second, auto... Rest>
constexpr bool joins() {
  if constexpr (step_of<First>::backwards) {
    return starts_at<Second, typename step_of<First>::Target>() && joins<Second, Rest...>();
  } else {
    using Relation = without_optional<member_type<First>>;
    if constexpr (RelationMember<Relation>) {
      return starts_at<Second, typename Relation::Target>() && joins<Second, Rest...>();
    } else {
      return false;
    }
  }
}

}  // namespace detail

template <auto... P>
class FieldPath : public FieldOperand<typename detail::LastMember<P...>::Type> {
  static_assert(detail::joins<P...>(),
                "turnstone: this path does not join up: each step must be a relation to the class "
                "that owns the next member");

 public:
  /// What a row of a selection holds.
  using Column =
      std::conditional_t<(detail::may_miss<P>() || ...),
                         std::optional<stored_type<typename detail::LastMember<P...>::Type>>,
                         stored_type<typename detail::LastMember<P...>::Type>>;
  constexpr FieldPath()
      : FieldOperand<typename detail::LastMember<P...>::Type>(detail::path_keys<P...>,
                                                              sizeof...(P)) {}
};

/// The column of a member: `F<&Book::price>`; over relations, `F<&Book::author, &Author::name>`.
template <auto... P>
requires(sizeof...(P) > 0 &&
         (detail::step_of<P>::is_step && ...)) inline constexpr FieldPath<P...> F{};

// ---- comparison, logic, arithmetic

namespace detail {

template <class A, class B>
Condition comparison(const char* head, const A& a, const B& b) {
  if constexpr (Operand<A>) {
    static_assert(fits_beside<typename A::Value, B>(),
                  "turnstone: this value cannot be compared with the field (type mismatch)");
    if constexpr (fits_beside<typename A::Value, B>()) {
      return Condition(Expression::call(head, {a.expression(), operand_of<typename A::Value>(b)}));
    }
  } else {
    static_assert(fits_beside<typename B::Value, A>(),
                  "turnstone: this value cannot be compared with the field (type mismatch)");
    if constexpr (fits_beside<typename B::Value, A>()) {
      return Condition(Expression::call(head, {operand_of<typename B::Value>(a), b.expression()}));
    }
  }
  return Condition(Expression{});
}

/// Value type of a sum, product … of two; void where there is none.
template <class A, class B>
struct Arithmetic {
  static constexpr auto pick() {
    constexpr bool times = TimeMember<A> || std::same_as<A, Duration>;
    if constexpr (NumberMember<A> && NumberMember<B>) {
      if constexpr (std::floating_point<A> || std::floating_point<B>) {
        return std::type_identity<double>{};
      } else if constexpr (std::same_as<A, Decimal> || std::same_as<B, Decimal>) {
        return std::type_identity<Decimal>{};
      } else {
        return std::type_identity<std::int64_t>{};
      }
    } else if constexpr (times && std::same_as<B, Duration>) {
      using Moment = std::conditional_t<std::same_as<A, Date>, DateTime, A>;
      return std::type_identity<Moment>{};
    } else if constexpr (TimeMember<A> && std::same_as<A, B>) {
      return std::type_identity<Duration>{};
    } else if constexpr (std::same_as<A, Duration> && NumberMember<B>) {
      return std::type_identity<Duration>{};
    } else {
      return std::type_identity<void>{};
    }
  }
  using Type = typename decltype(pick())::type;
};

/// Value type of an operand; of a plain value, its own, whole numbers all as one.
template <class X>
struct ValueOf {
  using Type = std::conditional_t<
      IntegerMember<X>, std::int64_t,
      std::conditional_t<!IntegerMember<X> && std::convertible_to<X, Duration>, Duration, X>>;
};
template <Operand X>
struct ValueOf<X> {
  using Type = stored_type<typename X::Value>;
};

template <class X>
Expression arithmetic_operand(const X& x) {
  if constexpr (Operand<X>) {
    return x.expression();
  } else {
    return Expression::literal(json_value<typename ValueOf<X>::Type, X>(x));
  }
}

template <class A, class B>
auto arithmetic(const char* head, const A& a, const B& b) {
  using Result = typename Arithmetic<typename ValueOf<A>::Type, typename ValueOf<B>::Type>::Type;
  static_assert(!std::is_void_v<Result>,
                "turnstone: arithmetic joins numbers, or a time and a duration");
  if constexpr (!std::is_void_v<Result>) {
    return Computed<Result>(
        Expression::call(head, {arithmetic_operand<A>(a), arithmetic_operand<B>(b)}));
  } else {
    return Computed<std::int64_t>(Expression{});
  }
}

template <class X>
constexpr bool is_condition() {
  if constexpr (Operand<X>) {
    return std::same_as<typename X::Value, bool>;
  } else {
    return false;
  }
}

}  // namespace detail

template <class A, class B>
requires(Operand<A> || Operand<B>) Condition operator==(const A& a, const B& b) {
  return detail::comparison("=", a, b);
}
template <class A, class B>
requires(Operand<A> || Operand<B>) Condition operator!=(const A& a, const B& b) {
  return detail::comparison("<>", a, b);
}
template <class A, class B>
requires(Operand<A> || Operand<B>) Condition operator<(const A& a, const B& b) {
  return detail::comparison("<", a, b);
}
template <class A, class B>
requires(Operand<A> || Operand<B>) Condition operator<=(const A& a, const B& b) {
  return detail::comparison("<=", a, b);
}
template <class A, class B>
requires(Operand<A> || Operand<B>) Condition operator>(const A& a, const B& b) {
  return detail::comparison(">", a, b);
}
template <class A, class B>
requires(Operand<A> || Operand<B>) Condition operator>=(const A& a, const B& b) {
  return detail::comparison(">=", a, b);
}

template <class A, class B>
requires(Operand<A>&& Operand<B>) Condition operator&&(const A& a, const B& b) {
  static_assert(detail::is_condition<A>() && detail::is_condition<B>(),
                "turnstone: && joins two conditions");
  return Condition(detail::junction("and", a.expression(), b.expression()));
}
template <class A, class B>
requires(Operand<A>&& Operand<B>) Condition operator||(const A& a, const B& b) {
  static_assert(detail::is_condition<A>() && detail::is_condition<B>(),
                "turnstone: || joins two conditions");
  return Condition(detail::junction("or", a.expression(), b.expression()));
}
template <Operand A>
Condition operator!(const A& a) {
  static_assert(detail::is_condition<A>(), "turnstone: ! takes a condition");
  return Condition(Expression::call("not", {a.expression()}));
}

template <class A, class B>
requires(Operand<A> || Operand<B>) auto operator+(const A& a, const B& b) {
  return detail::arithmetic("+", a, b);
}
template <class A, class B>
requires(Operand<A> || Operand<B>) auto operator-(const A& a, const B& b) {
  return detail::arithmetic("-", a, b);
}
template <class A, class B>
requires(Operand<A> || Operand<B>) auto operator*(const A& a, const B& b) {
  return detail::arithmetic("*", a, b);
}
template <class A, class B>
requires(Operand<A> || Operand<B>) auto operator/(const A& a, const B& b) {
  return detail::arithmetic("/", a, b);
}
template <class A, class B>
requires(Operand<A> || Operand<B>) auto operator%(const A& a, const B& b) {
  return detail::arithmetic("%", a, b);
}

// ---- members of Operators

template <class Self, class T>
Condition Operators<Self, T>::is_null() const {
  return Condition(Expression::call("is_null", {self()}));
}

template <class Self, class T>
template <class V>
Condition Operators<Self, T>::in(std::initializer_list<V> values) const {
  return in(std::vector<V>(values));
}

template <class Self, class T>
template <class V>
Condition Operators<Self, T>::in(const std::vector<V>& values) const {
  static_assert(is_value_for<T, V>(),
                "turnstone: these values cannot be compared with the field (type mismatch)");
  Expression call = Expression::call("in", {self()});
  if constexpr (is_value_for<T, V>()) {
    for (const V& value : values) call.arguments.push_back(detail::literal_of<T, V>(value));
  }
  return Condition(std::move(call));
}

template <class Self, class T>
template <QueryLike S>
Condition Operators<Self, T>::in(const S& query) const {
  Expression rows = Expression::call("subquery", {});
  rows.query = query.shared_query();
  return Condition(Expression::call("in", {self(), std::move(rows)}));
}

template <class Self, class T>
template <class A, class B>
Condition Operators<Self, T>::between(const A& low, const B& high) const {
  constexpr bool fits = detail::fits_beside<T, A>() && detail::fits_beside<T, B>();
  static_assert(fits, "turnstone: these bounds cannot be compared with the field (type mismatch)");
  if constexpr (fits) {
    return Condition(Expression::call(
        "between", {self(), detail::operand_of<T>(low), detail::operand_of<T>(high)}));
  } else {
    return Condition(Expression{});
  }
}

template <class Self, class T>
template <class X>
Condition Operators<Self, T>::text_call(const char* head, const X& text) const {
  constexpr bool fits = TextMember<stored_type<T>> && detail::is_text<X>();
  static_assert(fits, "turnstone: this look-up compares a text field with a text");
  if constexpr (fits) {
    return Condition(Expression::call(head, {self(), detail::operand_of<std::string>(text)}));
  } else {
    return Condition(Expression{});
  }
}

template <class Self, class T>
template <class X>
Condition Operators<Self, T>::container_call(const char* head, const X& what) const {
  constexpr bool container = ArrayMember<stored_type<T>> || std::same_as<stored_type<T>, Json>;
  static_assert(container, "turnstone: this look-up needs an array or a JSON field");
  static_assert(detail::fits_beside<T, X>(), "turnstone: the value has not the field's type");
  if constexpr (container && detail::fits_beside<T, X>()) {
    return Condition(Expression::call(head, {self(), detail::operand_of<T>(what)}));
  } else {
    return Condition(Expression{});
  }
}

template <class Self, class T>
template <class X>
Condition Operators<Self, T>::contains(const X& what) const {
  if constexpr (TextMember<stored_type<T>>) {
    return text_call("contains", what);
  } else {
    return container_call("contains", what);
  }
}
template <class Self, class T>
template <class X>
Condition Operators<Self, T>::iexact(const X& text) const {
  return text_call("iexact", text);
}
template <class Self, class T>
template <class X>
Condition Operators<Self, T>::icontains(const X& text) const {
  return text_call("icontains", text);
}
template <class Self, class T>
template <class X>
Condition Operators<Self, T>::startswith(const X& text) const {
  return text_call("startswith", text);
}
template <class Self, class T>
template <class X>
Condition Operators<Self, T>::istartswith(const X& text) const {
  return text_call("istartswith", text);
}
template <class Self, class T>
template <class X>
Condition Operators<Self, T>::endswith(const X& text) const {
  return text_call("endswith", text);
}
template <class Self, class T>
template <class X>
Condition Operators<Self, T>::iendswith(const X& text) const {
  return text_call("iendswith", text);
}
template <class Self, class T>
template <class X>
Condition Operators<Self, T>::regex(const X& pattern) const {
  return text_call("regex", pattern);
}
template <class Self, class T>
template <class X>
Condition Operators<Self, T>::iregex(const X& pattern) const {
  return text_call("iregex", pattern);
}
template <class Self, class T>
template <class X>
Condition Operators<Self, T>::like(const X& pattern) const {
  return text_call("like", pattern);
}
template <class Self, class T>
template <class X>
Condition Operators<Self, T>::ilike(const X& pattern) const {
  return text_call("ilike", pattern);
}
template <class Self, class T>
template <class X>
Condition Operators<Self, T>::contained_by(const X& what) const {
  return container_call("contained_by", what);
}
template <class Self, class T>
template <class X>
Condition Operators<Self, T>::overlap(const X& what) const {
  static_assert(ArrayMember<stored_type<T>>, "turnstone: overlap() needs an array field");
  return container_call("overlap", what);
}
template <class Self, class T>
Condition Operators<Self, T>::has_key(const std::string& key) const {
  static_assert(std::same_as<stored_type<T>, Json>, "turnstone: has_key() needs a JSON field");
  return Condition(Expression::call("has_key", {self(), detail::text_literal(key)}));
}
template <class Self, class T>
Condition Operators<Self, T>::has_keys(const std::vector<std::string>& keys) const {
  static_assert(std::same_as<stored_type<T>, Json>, "turnstone: has_keys() needs a JSON field");
  return Condition(
      Expression::call("has_keys", {self(), Expression::literal(detail::json_of_member(keys))}));
}
template <class Self, class T>
Condition Operators<Self, T>::has_any_keys(const std::vector<std::string>& keys) const {
  static_assert(std::same_as<stored_type<T>, Json>, "turnstone: has_any_keys() needs a JSON field");
  return Condition(Expression::call("has_any_keys",
                                    {self(), Expression::literal(detail::json_of_member(keys))}));
}

// ---- functions, by their names in files

namespace detail {

template <class X>
Computed<std::string> text_function(const char* head, const X& x) {
  static_assert(is_text<X>(), "turnstone: this function needs a text");
  return Computed<std::string>(Expression::call(head, {operand_of<std::string>(x)}));
}

template <class X>
auto number_function(const char* head, const X& x) {
  static_assert(NumberMember<stored_type<typename X::Value>>,
                "turnstone: this function needs a number");
  return Computed<typename X::Value>(Expression::call(head, {x.expression()}));
}

/// A function of several operands of one type, the first of them typed.
template <class First, class... Rest>
auto uniform_function(const char* head, const First& first, const Rest&... rest) {
  static_assert((fits_beside<typename First::Value, Rest>() && ...),
                "turnstone: the operands of this function must have one type");
  if constexpr ((fits_beside<typename First::Value, Rest>() && ...)) {
    return Computed<typename First::Value>(
        Expression::call(head, {first.expression(), operand_of<typename First::Value>(rest)...}));
  } else {
    return Computed<typename First::Value>(Expression{});
  }
}

}  // namespace detail

template <Operand X>
Computed<std::string> lower(const X& x) {
  return detail::text_function("lower", x);
}
template <Operand X>
Computed<std::string> upper(const X& x) {
  return detail::text_function("upper", x);
}
template <Operand X>
Computed<std::string> trim(const X& x) {
  return detail::text_function("trim", x);
}
/// In characters.
template <Operand X>
Computed<std::int64_t> length(const X& x) {
  static_assert(detail::is_text<X>(), "turnstone: length() needs a text");
  return Computed<std::int64_t>(Expression::call("length", {x.expression()}));
}
/// `count` characters from the `from`th on; the first is 1.
template <Operand X>
Computed<std::string> substr(const X& x, int from, int count) {
  static_assert(detail::is_text<X>(), "turnstone: substr() needs a text");
  return Computed<std::string>(Expression::call(
      "substr",
      {x.expression(), Expression::literal(Json::of(from)), Expression::literal(Json::of(count))}));
}
template <Operand X>
Computed<std::string> substr(const X& x, int from) {
  static_assert(detail::is_text<X>(), "turnstone: substr() needs a text");
  return Computed<std::string>(
      Expression::call("substr", {x.expression(), Expression::literal(Json::of(from))}));
}
template <Operand X>
Computed<std::string> replace(const X& x, std::string_view what, std::string_view by) {
  static_assert(detail::is_text<X>(), "turnstone: replace() needs a text");
  return Computed<std::string>(Expression::call(
      "replace", {x.expression(), detail::text_literal(what), detail::text_literal(by)}));
}
/// NULL counts as an empty text.
template <class... X>
requires(Operand<X> || ...) Computed<std::string> concat(const X&... x) {
  static_assert((detail::is_text<X>() && ...), "turnstone: concat() joins texts");
  return Computed<std::string>(Expression::call("concat", {detail::operand_of<std::string>(x)...}));
}
template <Operand First, class... Rest>
auto coalesce(const First& first, const Rest&... rest) {
  return detail::uniform_function("coalesce", first, rest...);
}
template <Operand First, class Second>
auto nullif(const First& first, const Second& second) {
  return detail::uniform_function("nullif", first, second);
}
template <Operand First, class... Rest>
auto greatest(const First& first, const Rest&... rest) {
  return detail::uniform_function("greatest", first, rest...);
}
template <Operand First, class... Rest>
auto least(const First& first, const Rest&... rest) {
  return detail::uniform_function("least", first, rest...);
}
template <Operand X>
auto abs(const X& x) {
  return detail::number_function("abs", x);
}
template <Operand X>
auto ceil(const X& x) {
  return detail::number_function("ceil", x);
}
template <Operand X>
auto floor(const X& x) {
  return detail::number_function("floor", x);
}
template <Operand X>
auto round(const X& x) {
  return detail::number_function("round", x);
}
template <Operand X>
auto round(const X& x, int digits) {
  static_assert(NumberMember<stored_type<typename X::Value>>, "turnstone: round() needs a number");
  return Computed<typename X::Value>(
      Expression::call("round", {x.expression(), Expression::literal(Json::of(digits))}));
}
Computed<DateTime> now();
Computed<Date> today();
Computed<Uuid> random_uuid();
/// The beginning of the `unit` (`year`, `month`, `day`, `hour` …) that holds `x`.
template <Operand X>
auto date_trunc(std::string_view unit, const X& x) {
  static_assert(TimeMember<typename X::Value>, "turnstone: date_trunc() needs a date or a time");
  return Computed<typename X::Value>(
      Expression::call("date_trunc", {detail::text_literal(unit), x.expression()}));
}
/// A part of a date or time: `year`, `week_day`, `minute` …
template <Operand X>
Computed<std::int64_t> extract(std::string_view unit, const X& x) {
  static_assert(TimeMember<typename X::Value>, "turnstone: extract() needs a date or a time");
  return Computed<std::int64_t>(
      Expression::call("extract", {detail::text_literal(unit), x.expression()}));
}
template <Operand X>
auto collate(const X& x, std::string_view collation) {
  return Computed<typename X::Value>(
      Expression::call("collate", {x.expression(), detail::text_literal(collation)}));
}
/// An operator class, in indexes.
template <Operand X>
auto opclass(const X& x, std::string_view name) {
  return Computed<typename X::Value>(
      Expression::call("opclass", {x.expression(), detail::text_literal(name)}));
}
/// The member of a JSON object, as JSON.
template <Operand X>
Computed<Json> key(const X& x, std::string_view name) {
  static_assert(std::same_as<stored_type<typename X::Value>, Json>,
                "turnstone: key() needs a JSON field");
  return Computed<Json>(Expression::call("key", {x.expression(), detail::text_literal(name)}));
}
/// The member of a JSON object, as text.
template <Operand X>
Computed<std::string> key_text(const X& x, std::string_view name) {
  static_assert(std::same_as<stored_type<typename X::Value>, Json>,
                "turnstone: key_text() needs a JSON field");
  return Computed<std::string>(
      Expression::call("key_text", {x.expression(), detail::text_literal(name)}));
}
/// A function of the database by name, giving a `T`.
template <class T, class... X>
Computed<T> func(std::string_view name, const X&... x) {
  Expression call = Expression::call("func", {detail::text_literal(name)});
  (call.arguments.push_back(detail::arithmetic_operand<std::decay_t<const X>>(x)), ...);
  return Computed<T>(std::move(call));
}
/// SQL as it stands, giving a `T`; values stand as `?` in order.
template <class T = bool, class... V>
Computed<T> raw(const std::string& sql, const V&... values) {
  return Computed<T>(
      Expression::raw(sql, {detail::arithmetic_operand<std::decay_t<const V>>(values)...}));
}

/// `case_<std::string>().when(F<&Book::stock> == 0, "none").otherwise("some")`.
template <class T>
class Case {
 public:
  template <Operand C, class V>
  Case when(const C& condition, const V& value) const {
    static_assert(detail::is_condition<C>(), "turnstone: when() takes a condition first");
    static_assert(detail::fits_beside<T, V>(), "turnstone: this value is not of the case's type");
    Case next = *this;
    next.branches_.push_back(
        Expression::call("when", {condition.expression(), detail::operand_of<T>(value)}));
    return next;
  }
  template <class V>
  Computed<T> otherwise(const V& value) const {
    static_assert(detail::fits_beside<T, V>(), "turnstone: this value is not of the case's type");
    return finished(detail::operand_of<T>(value));
  }
  Computed<T> otherwise_null() const { return finished(Expression::literal(Json::null())); }

 private:
  Computed<T> finished(Expression last) const {
    std::vector<Expression> arguments = branches_;
    arguments.push_back(std::move(last));
    return Computed<T>(Expression::call("case", std::move(arguments)));
  }
  std::vector<Expression> branches_{};
};
template <class T>
Case<T> case_() {
  return {};
}

// ---- order

/// One term of an order: of rows, or of an index.
class OrderTerm {
 public:
  template <Operand X>
  OrderTerm(const X& x) : expression_(x.expression()) {}  // NOLINT: ascending unless said
  OrderTerm(Expression expression, bool descending)
      : expression_(std::move(expression)), descending_(descending) {}

  OrderTerm nulls_first() const;
  OrderTerm nulls_last() const;

  /// `title` or `-title` where it is a plain column, else empty.
  std::string field_form() const;
  /// `desc`(x), `asc`(x, "nulls_first") or x itself.
  Expression expression() const;

 private:
  Expression expression_;
  bool descending_ = false;
  std::string nulls_{};
};

template <Operand X>
OrderTerm asc(const X& x) {
  return OrderTerm(x.expression(), false);
}
template <Operand X>
OrderTerm desc(const X& x) {
  return OrderTerm(x.expression(), true);
}

}  // namespace turnstone
