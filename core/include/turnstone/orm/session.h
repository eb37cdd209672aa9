#pragma once

#include <turnstone/orm/queryset.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace turnstone {

namespace orm {
class UnitOfWork;
}  // namespace orm

/// What a session knows of an object; SQLAlchemy's words.
enum class ObjectState {
  transient,   ///< nothing: it was never added, or its adding was rolled back
  pending,     ///< added, not written yet
  persistent,  ///< it has a row
  deleted,     ///< its row is deleted, the transaction is open
  detached,    ///< it had a row in this session, and is no part of it any more
};

struct SessionOptions {
  bool autoflush = true;         ///< queries see what was added and changed
  bool expire_on_commit = true;  ///< after a commit, queries read objects again
  /// Relations of the session's objects that are not loaded are when they are used, by a query
  /// each; `DatabaseOptions::on_warning` is told of queries whose rows are loaded so one by one.
  bool lazy = false;
};

template <class M>
class SessionQuery;

/// A savepoint of a session. Leaving it without `commit` rolls back to where it began.
class Nested {
 public:
  explicit Nested(orm::UnitOfWork& work);
  ~Nested();
  Nested(const Nested&) = delete;
  Nested& operator=(const Nested&) = delete;
  /// Flushes; the changes belong to the session's transaction then.
  void commit();
  /// What was added within is transient again, what was removed is back, and what was changed has
  /// the values of the database.
  void rollback();

 private:
  orm::UnitOfWork* work_;
  std::size_t depth_ = 0;
  bool open_ = true;
};

/// A unit of work: objects that were added, changed and removed are written together, in the order
/// their keys need, many rows in one statement; and each row is one object, however often it is
/// asked for. A transaction begins with the first statement; `commit` or `rollback` end it, and the
/// next statement begins another one. Objects are plain and shared; the session keeps those it
/// knows alive.
///
/// Belongs to one thread at a time; two at once are refused. Leaving it without `commit` rolls
/// back.
class Session {
 public:
  explicit Session(const Database& database, const SessionOptions& options = {});
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Takes a new object. Rows it refers to and that are new are added with it.
  template <class M>
  requires(std::is_class_v<M>) std::shared_ptr<M> add(M object) {
    return add(std::make_shared<M>(std::move(object)));
  }
  template <class M>
  std::shared_ptr<M> add(std::shared_ptr<M> object) {
    add_object(map<M>(), object);
    return object;
  }
  template <class M>
  std::vector<std::shared_ptr<M>> add_all(std::vector<M> objects) {
    std::vector<std::shared_ptr<M>> added;
    added.reserve(objects.size());
    for (M& object : objects) added.push_back(add(std::move(object)));
    return added;
  }
  /// Its row is deleted by the next flush, and what `on_delete` says is done.
  template <class M>
  void remove(const std::shared_ptr<M>& object) {
    remove_object(map<M>(), object);
  }
  /// Writes everything that is new, changed or removed. After an error only `rollback` is left.
  void flush();
  void commit();
  /// What was added is transient again, what was removed is back, and what was changed has the
  /// values of the database.
  void rollback();
  /// A savepoint: everything is flushed, and what follows can be rolled back by itself.
  /// `{ auto nested = session.begin_nested(); …; nested.commit(); }`
  Nested begin_nested() { return Nested(*work_); }

  /// The object with that key, from the session where it is known; nullptr where there is none.
  template <class M, class Key>
  std::shared_ptr<M> get(const Key& key) {
    return std::static_pointer_cast<M>(get_object(map<M>(), detail::value_of_argument(key)));
  }
  template <class M>
  SessionQuery<M> query(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    Query query = database_.template objects<M>().query();
    query.file = file;
    query.line = line;
    return SessionQuery<M>(*this, QuerySet<M>(database_, std::move(query)));
  }
  template <class M>
  void refresh(const std::shared_ptr<M>& object) {
    refresh_object(map<M>(), object);
  }
  /// Read again the next time a query or `get` meets it; changes that were not written are lost.
  void expire(const std::shared_ptr<void>& object);
  void expire_all();
  /// The session forgets it.
  void expunge(const std::shared_ptr<void>& object);

  ObjectState state(const std::shared_ptr<void>& object) const;
  /// True when it has changes that were not written.
  bool modified(const std::shared_ptr<void>& object) const;
  /// How many objects it knows.
  std::size_t size() const;
  const Database& database() const { return database_; }

  /// What SessionQuery runs on.
  std::vector<std::shared_ptr<void>> fetch(const ClassMap& map, const Query& query);
  std::int64_t count(const Query& query);

 private:
  template <class M>
  const ClassMap& map() const {
    return database_.template map<M>();
  }
  void add_object(const ClassMap& map, const std::shared_ptr<void>& object);
  void remove_object(const ClassMap& map, const std::shared_ptr<void>& object);
  std::shared_ptr<void> get_object(const ClassMap& map, const Value& key);
  void refresh_object(const ClassMap& map, const std::shared_ptr<void>& object);

  Database database_;
  std::unique_ptr<orm::UnitOfWork> work_;
};

/// A query whose rows are the objects of a session.
template <class M>
class SessionQuery : public QueryBase<SessionQuery<M>> {
  using Base = QueryBase<SessionQuery<M>>;

 public:
  SessionQuery(Session& session, const QuerySet<M>& rows)
      : Base(rows.database(), rows.query()), session_(&session) {}

  std::vector<std::shared_ptr<M>> all() const {
    std::vector<std::shared_ptr<M>> rows;
    for (const auto& row : session_->fetch(map(), *this->query_)) {
      rows.push_back(std::static_pointer_cast<M>(row));
    }
    return rows;
  }
  /// nullptr where there is none.
  std::shared_ptr<M> first() const {
    const auto rows = session_->fetch(map(), detail::first_of(*this->query_, false));
    return rows.empty() ? nullptr : std::static_pointer_cast<M>(rows.front());
  }
  /// The only one. Throws DoesNotExist, MultipleObjectsReturned.
  std::shared_ptr<M> get() const {
    const auto rows = session_->fetch(map(), *this->query_);
    if (rows.empty()) detail::none_found(map(), "that matches");
    if (rows.size() > 1) detail::several_found(map());
    return std::static_pointer_cast<M>(rows.front());
  }
  std::int64_t count() const { return session_->count(*this->query_); }
  bool exists() const { return count() > 0; }
  /// Rows behind keys are read by the same query, and are objects of the session too.
  template <auto... P>
  SessionQuery select_related() const {
    return Base::changed([](Query& q) {
      q.related.push_back(detail::path_expression(detail::path_keys<P...>, sizeof...(P)).name);
    });
  }
  /// Rows behind relations are read by one or two more queries, and are objects of the session too.
  template <auto First, auto... P>
  SessionQuery prefetch_related() const {
    static_assert(!(detail::step_of<First>::backwards || ... || detail::step_of<P>::backwards),
                  "turnstone: rows that refer to these are loaded by related<>(db, objects)");
    return prefetched(
        detail::path_expression(detail::path_keys<First, P...>, 1 + sizeof...(P)).name, nullptr);
  }
  template <auto First, auto... P, class T>
  SessionQuery prefetch_related(const QuerySet<T>& rows) const {
    static_assert(std::same_as<T, typename detail::LastTarget<First, P...>::Type>,
                  "turnstone: the query gives rows of another class than the relation leads to");
    return prefetched(
        detail::path_expression(detail::path_keys<First, P...>, 1 + sizeof...(P)).name,
        rows.shared_query());
  }

 private:
  SessionQuery prefetched(std::string path, std::shared_ptr<const Query> rows) const {
    return Base::changed([&](Query& q) {
      q.prefetch.push_back({std::move(path), std::move(rows)});
    });
  }
  const ClassMap& map() const { return this->database_.template map<M>(); }
  Session* session_;
};

}  // namespace turnstone
