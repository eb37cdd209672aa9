#pragma once

#include <turnstone/models.h>
#include <turnstone/orm/bulk.h>
#include <turnstone/orm/database.h>
#include <turnstone/orm/functions.h>
#include <turnstone/orm/lookups.h>

#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace turnstone {

/// What every query over a model offers; `Self` is the query itself. A query is a value: each
/// function gives a new one and leaves this as it is. Nothing runs until rows are asked for.
template <class Self>
class QueryBase {
 public:
  QueryBase(Database database, Query query)
      : database_(std::move(database)), query_(std::make_shared<const Query>(std::move(query))) {}

  /// Only rows that meet the condition.
  template <Operand C>
  Self filter(const C& condition) const {
    static_assert(detail::is_condition<C>(), "turnstone: filter() takes a condition");
    return changed([&](Query& q) { q.filters.push_back(condition.expression()); });
  }
  /// Only rows that do not.
  template <Operand C>
  Self exclude(const C& condition) const {
    static_assert(detail::is_condition<C>(), "turnstone: exclude() takes a condition");
    return changed(
        [&](Query& q) { q.filters.push_back(Expression::call("not", {condition.expression()})); });
  }
  /// By names: `filter("author__name__icontains", "ada")`.
  template <class V>
  Self filter(const std::string& lookup, const V& value) const {
    return changed([&](Query& q) { add_lookup(q, lookup, value, false); });
  }
  template <class V>
  Self exclude(const std::string& lookup, const V& value) const {
    return changed([&](Query& q) { add_lookup(q, lookup, value, true); });
  }
  Self filter(const Q& condition) const {
    return changed([&](Query& q) { q.filters.push_back(parsed(q, condition)); });
  }
  Self exclude(const Q& condition) const {
    return changed([&](Query& q) { q.filters.push_back(parsed(q, !condition)); });
  }

  /// In place of the order before, and of the model's own.
  Self order_by(std::initializer_list<OrderTerm> terms) const {
    return ordered(std::vector<OrderTerm>(terms));
  }
  template <class... Term>
  requires(std::convertible_to<const Term&, OrderTerm>&&...) Self order_by(const Term&... terms)
  const { return ordered({OrderTerm(terms)...}); }
  /// By names, `-` in front for descending, `?` for any order.
  template <class... Name>
  requires(sizeof...(Name) > 0 && (std::convertible_to<const Name&, std::string> && ...)) Self
      order_by(const Name&... names)
  const {
    return changed([&](Query& q) {
      q.ordered = true;
      q.reversed = false;
      q.order = {detail::order_term(std::string(names))...};
    });
  }
  Self reverse() const {
    return changed([](Query& q) { q.reversed = !q.reversed; });
  }
  Self distinct() const {
    return changed([](Query& q) { q.distinct = true; });
  }
  /// PostgreSQL: the first row of each group of equal values.
  template <class... X>
  requires(sizeof...(X) > 0 && (Operand<X> && ...)) Self distinct(const X&... on)
  const {
    return changed([&](Query& q) { q.distinct_on = {on.expression()...}; });
  }
  /// At most so many rows.
  Self limit(std::int64_t rows) const { return slice(0, rows); }
  Self offset(std::int64_t rows) const {
    return changed([&](Query& q) { detail::slice(q, rows, std::nullopt); });
  }
  /// Rows from the `begin`th up to before the `end`th, counted from 0.
  Self slice(std::int64_t begin, std::int64_t end) const {
    return changed([&](Query& q) { detail::slice(q, begin, end); });
  }
  /// No rows at all.
  Self none() const {
    return changed([](Query& q) { q.nothing = true; });
  }
  /// A named expression that filters and orders may use, as `field<T>("name")` or by its name.
  template <Operand X>
  Self annotate(const std::string& name, const X& expression) const {
    return changed([&](Query& q) { q.annotations.push_back({name, expression.expression()}); });
  }

  /// The rows of this query and of others, each once. What is put together can only be ordered by
  /// its columns, sliced, counted and read.
  template <class... More>
  requires(sizeof...(More) > 0 && (std::derived_from<More, Self> && ...)) Self
      union_(const More&... more)
  const { return together(Query::Combine::union_distinct, {more.shared_query()...}); }
  /// The same, and rows that come several times stay.
  template <class... More>
  requires(sizeof...(More) > 0 && (std::derived_from<More, Self> && ...)) Self
      union_all(const More&... more)
  const { return together(Query::Combine::union_all, {more.shared_query()...}); }
  /// Rows that all of the queries have.
  template <class... More>
  requires(sizeof...(More) > 0 && (std::derived_from<More, Self> && ...)) Self
      intersection(const More&... more)
  const { return together(Query::Combine::intersection, {more.shared_query()...}); }
  /// Rows of this query that none of the others has.
  template <class... More>
  requires(sizeof...(More) > 0 && (std::derived_from<More, Self> && ...)) Self
      difference(const More&... more)
  const { return together(Query::Combine::difference, {more.shared_query()...}); }

  /// The same without being part of the rows: for conditions and orders alone.
  template <Operand X>
  Self alias(const std::string& name, const X& expression) const {
    return changed([&](Query& q) {
      q.annotations.push_back({name, expression.expression(), true});
    });
  }

  std::int64_t count() const { return detail::count(engine(), *query_); }
  bool exists() const { return detail::exists(engine(), *query_); }
  /// The database's plan as text.
  std::string explain(bool analyze = false) const {
    return detail::explain(engine(), *query_, analyze);
  }
  /// Its SQL, for people.
  std::string sql() const { return detail::sql_of(engine(), *query_); }

  const Query& query() const { return *query_; }
  const std::shared_ptr<const Query>& shared_query() const { return query_; }
  const Database& database() const { return database_; }

 protected:
  template <class Change>
  Self changed(const Change& change) const {
    Self next(static_cast<const Self&>(*this));
    auto copy = std::make_shared<Query>(*query_);
    change(*copy);
    static_cast<QueryBase&>(next).query_ = std::move(copy);
    return next;
  }
  orm::Engine& engine() const { return database_.engine(); }

  Database database_;
  std::shared_ptr<const Query> query_;

 private:
  Self together(Query::Combine how, const std::vector<std::shared_ptr<const Query>>& more) const {
    Self next(static_cast<const Self&>(*this));
    static_cast<QueryBase&>(next).query_ = detail::combined(how, query_, more);
    return next;
  }
  Self ordered(const std::vector<OrderTerm>& terms) const {
    return changed([&](Query& q) {
      q.ordered = true;
      q.reversed = false;
      q.order.clear();
      for (const OrderTerm& term : terms) q.order.push_back(term.expression());
    });
  }
  template <class V>
  void add_lookup(Query& q, const std::string& lookup, const V& value, bool inverted) const {
    const Q condition(lookup, value);
    q.filters.push_back(parsed(q, inverted ? !condition : condition));
  }
  Expression parsed(const Query& q, const Q& condition) const {
    return detail::lookup_condition(engine(), q, condition);
  }
};

template <class... T>
class Selection;

namespace detail {
/// The class that the last relation of a path leads to.
template <auto First, auto... Rest>
struct LastTarget {
  using Type = typename LastTarget<Rest...>::Type;
};
template <auto Only>
struct LastTarget<Only> {
  using Type = typename RelationOf<without_optional<member_type<Only>>>::Target;
};
}  // namespace detail

/// Rows of `M` as objects: `db.objects<Book>()`.
template <class M>
class QuerySet : public QueryBase<QuerySet<M>> {
  using Base = QueryBase<QuerySet<M>>;
  using Base::changed;
  using Base::database_;
  using Base::query_;

 public:
  explicit QuerySet(const Database& database)
      : Base(database, Query{.model = key_of(*database.template map<M>().model)}) {}
  QuerySet(Database database, Query query) : Base(std::move(database), std::move(query)) {}

  std::vector<M> all() const {
    std::vector<M> rows;
    detail::RowTarget target;
    target.context = &rows;
    target.next = [](void* context) -> void* {
      return &static_cast<std::vector<M>*>(context)->emplace_back();
    };
    target.reserve = [](void* context, std::size_t count) {
      static_cast<std::vector<M>*>(context)->reserve(count);
    };
    detail::fetch(Base::engine(), *query_, map(), target, false);
    if (!query_->prefetch.empty()) {
      detail::prefetch(Base::engine(), map(), pointers(rows), *query_);
    }
    return rows;
  }
  /// Each row in turn, in constant memory. `visit` may give false to stop.
  template <class Visit>
  void each(const Visit& visit) const {
    struct Context {
      const Visit& visit;
      M row{};
    } context{visit};
    detail::RowTarget target;
    target.context = &context;
    target.next = [](void* at) -> void* {
      auto& row = static_cast<Context*>(at)->row;
      row = M{};
      return &row;
    };
    target.filled = [](void* at) {
      auto& here = *static_cast<Context*>(at);
      if constexpr (std::is_same_v<decltype(here.visit(here.row)), bool>) {
        return here.visit(here.row);
      } else {
        here.visit(here.row);
        return true;
      }
    };
    detail::fetch(Base::engine(), *query_, map(), target, true);
  }
  /// In the order of the query, by key where it has none.
  std::optional<M> first() const { return one(detail::first_of(*query_, false)); }
  std::optional<M> last() const { return one(detail::first_of(*query_, true)); }
  /// The row with the smallest value, or the largest.
  template <Operand X>
  std::optional<M> earliest(const X& by) const {
    return this->order_by(asc(by)).first();
  }
  template <Operand X>
  std::optional<M> latest(const X& by) const {
    return this->order_by(desc(by)).first();
  }
  /// The only row. Throws DoesNotExist, MultipleObjectsReturned.
  M get() const {
    std::vector<M> rows = this->limited(2).all();
    if (rows.empty()) detail::none_found(map(), "that matches");
    if (rows.size() > 1) detail::several_found(map());
    return std::move(rows.front());
  }
  template <Operand C>
  M get(const C& condition) const {
    return this->filter(condition).get();
  }
  /// The row that meets `condition`; where there is none, a new one whose members have what the
  /// equalities in it say and what `setup` gives them. True: it was made. Safe beside others that
  /// do the same, given a unique rule.
  template <Operand C, class Setup>
  std::pair<M, bool> get_or_create(const C& condition, const Setup& setup) const {
    const QuerySet wanted = this->filter(condition);
    if (std::optional<M> found = wanted.limited(2).only()) return {std::move(*found), false};
    try {
      M made{};
      detail::take_equalities(map(), condition.expression(), &made);
      setup(made);
      database_.atomic([&] { database_.insert(made); });
      return {std::move(made), true};
    } catch (const IntegrityError&) {
      if (std::optional<M> found = wanted.limited(2).only()) return {std::move(*found), false};
      throw;
    }
  }
  /// The same, and `change` is applied to the row, which is locked meanwhile, found or new.
  template <Operand C, class Change>
  std::pair<M, bool> update_or_create(const C& condition, const Change& change) const {
    return database_.atomic([&] {
      auto result = for_update().get_or_create(condition, change);
      if (!result.second) {
        change(result.first);
        database_.save(result.first);
      }
      return result;
    });
  }
  /// Inserts many rows in few statements. Keys are then in the objects.
  void bulk_create(std::vector<M>& objects, const BulkOptions& options = {}) const {
    detail::bulk_create(Base::engine(), map(), pointers(objects), options);
  }
  /// Writes these fields of many rows in few statements; gives the number of rows.
  template <auto... P>
  std::int64_t bulk_update(std::vector<M>& objects, std::size_t batch = 0) const {
    return detail::bulk_update(Base::engine(), map(), pointers(objects),
                               {std::string(member_key<P>.name)...}, batch);
  }
  /// Rows by their keys.
  template <class Key>
  std::map<Key, M> in_bulk(const std::vector<Key>& keys) const {
    std::map<Key, M> found;
    const ClassMap::Slot& key = map().key_slot();
    for (M& row : this->filter("pk__in", keys).all()) {
      Cell cell;
      std::string made;
      key.member->view(key.in(&row), cell, made);
      Key at{};
      member_type_of<Key>.load(&at, cell, *key.type);
      found.emplace(std::move(at), std::move(row));
    }
    return found;
  }
  /// Loads these rows with the same query; each path is a list of keys.
  template <auto... P>
  QuerySet select_related() const {
    return changed([](Query& q) {
      q.related.push_back(detail::path_expression(detail::path_keys<P...>, sizeof...(P)).name);
    });
  }
  /// Loads the rows behind a relation for all rows at once, by one or two more queries for each
  /// step: `prefetch_related<&Book::author, &Author::country>()`.
  template <auto First, auto... P>
  QuerySet prefetch_related() const {
    static_assert(!(detail::step_of<First>::backwards || ... || detail::step_of<P>::backwards),
                  "turnstone: rows that refer to these are loaded by related<>(db, objects)");
    return prefetched(
        detail::path_expression(detail::path_keys<First, P...>, 1 + sizeof...(P)).name, nullptr);
  }
  /// Only those rows of the last relation that `rows` gives, in its order and with what it loads.
  template <auto First, auto... P, class T>
  QuerySet prefetch_related(const QuerySet<T>& rows) const {
    static_assert(std::same_as<T, typename detail::LastTarget<First, P...>::Type>,
                  "turnstone: the query gives rows of another class than the relation leads to");
    return prefetched(
        detail::path_expression(detail::path_keys<First, P...>, 1 + sizeof...(P)).name,
        rows.shared_query());
  }
  /// By names: `prefetch_related("author__country")`.
  QuerySet prefetch_related(const std::string& path) const { return prefetched(path, nullptr); }
  /// Rows stay locked until the transaction ends; SQLite, which has one writer, needs none.
  QuerySet for_update(const LockOptions& options = {}) const {
    return changed([&](Query& q) { detail::lock(q, options); });
  }
  /// Columns and expressions as tuples. With aggregates among them, the others make the groups.
  template <class... X>
  requires(sizeof...(X) > 0 && (Operand<X> && ...)) auto select(const X&... columns) const {
    Query q = *query_;
    q.columns.clear();
    detail::add_columns(q, {columns.expression()...});
    return Selection<detail::ColumnType<X>...>(database_, std::move(q));
  }
  /// The first days of the years, quarters, months or weeks in which there are rows, or the days
  /// themselves; each once and in order. `unit`: `year`, `quarter`, `month`, `week`, `day`.
  template <Operand X>
  std::vector<Date> dates(const X& field, const std::string& unit, bool descending = false) const {
    static_assert(std::same_as<stored_type<typename X::Value>, Date>,
                  "turnstone: dates() takes a field of dates");
    return moments<Date>(field.expression(), unit, descending);
  }
  /// The same of moments; units down to `hour`, `minute` and `second`.
  template <Operand X>
  std::vector<DateTime> datetimes(const X& field, const std::string& unit,
                                  bool descending = false) const {
    static_assert(std::same_as<stored_type<typename X::Value>, DateTime>,
                  "turnstone: datetimes() takes a field of moments");
    return moments<DateTime>(field.expression(), unit, descending);
  }
  /// One value over all rows: `aggregate(sum(F<&Book::price>))`.
  template <class... X>
  requires(sizeof...(X) > 0 && (Operand<X> && ...)) auto aggregate(const X&... values) const {
    std::vector<std::tuple<detail::ColumnType<X>...>> rows;
    Query named;
    detail::add_columns(named, {values.expression()...});
    detail::aggregate(Base::engine(), *query_, named.columns, detail::tuple_target(rows));
    if constexpr (sizeof...(X) == 1) {
      return std::get<0>(rows.at(0));
    } else {
      return rows.at(0);
    }
  }
  /// `update(F<&Book::stock>.set(F<&Book::stock> - 1))`. Gives the number of rows.
  template <class... A>
  std::int64_t update(const A&... assignments) const {
    return detail::update(Base::engine(), *query_,
                          {QueryColumn{assignments.field, assignments.value}...});
  }
  /// Deletes the rows and does what `on_delete` says; gives the number of rows of this model.
  std::int64_t remove() const { return detail::remove(Base::engine(), *query_).front().second; }

 private:
  const ClassMap& map() const { return database_.template map<M>(); }
  QuerySet prefetched(std::string path, std::shared_ptr<const Query> rows) const {
    return changed([&](Query& q) { q.prefetch.push_back({std::move(path), std::move(rows)}); });
  }
  template <class T>
  std::vector<T> moments(const Expression& field, const std::string& unit, bool descending) const {
    std::vector<std::tuple<T>> rows;
    detail::fetch(Base::engine(), detail::moments(*query_, field, unit, descending),
                  detail::tuple_target(rows), false);
    std::vector<T> values;
    values.reserve(rows.size());
    for (const std::tuple<T>& row : rows) values.push_back(std::get<0>(row));
    return values;
  }
  QuerySet limited(std::int64_t rows) const {
    return query_->limit && *query_->limit <= rows ? *this : this->slice(0, rows);
  }
  static std::vector<void*> pointers(std::vector<M>& objects) {
    std::vector<void*> all;
    all.reserve(objects.size());
    for (M& object : objects) all.push_back(&object);
    return all;
  }
  std::optional<M> only() const {
    std::vector<M> rows = all();
    if (rows.size() > 1) detail::several_found(map());
    if (rows.empty()) return std::nullopt;
    return std::move(rows.front());
  }
  std::optional<M> one(Query query) const {
    std::vector<M> rows = QuerySet(database_, std::move(query)).all();
    if (rows.empty()) return std::nullopt;
    return std::move(rows.front());
  }
};

/// Columns instead of objects.
template <class... T>
class Selection : public QueryBase<Selection<T...>> {
  using Base = QueryBase<Selection<T...>>;
  using Base::query_;

 public:
  using Row = std::tuple<T...>;
  Selection(Database database, Query query) : Base(std::move(database), std::move(query)) {}

  std::vector<Row> all() const {
    std::vector<Row> rows;
    detail::fetch(Base::engine(), *query_, detail::tuple_target(rows), false);
    return rows;
  }
  std::optional<Row> first() const {
    std::vector<Row> rows;
    detail::fetch(Base::engine(), detail::first_of(*query_, false), detail::tuple_target(rows),
                  false);
    if (rows.empty()) return std::nullopt;
    return std::move(rows.front());
  }
  /// The values of a single column.
  template <class Only = std::tuple_element_t<0, Row>>
  requires(sizeof...(T) == 1) std::vector<Only> values()
  const {
    std::vector<Only> values;
    for (Row& row : all()) values.push_back(std::move(std::get<0>(row)));
    return values;
  }
};

}  // namespace turnstone
