#pragma once

#include <turnstone/orm/mapping.h>
#include <turnstone/orm/query.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace turnstone {

class App;
class Connection;
class Dialect;
class Database;
template <class M>
class QuerySet;
class Objects;

namespace orm {
class Engine;
struct Scope;
}  // namespace orm

/// Where connections come from.
class ConnectionSource {
 public:
  ConnectionSource() = default;
  ConnectionSource(const ConnectionSource&) = delete;
  ConnectionSource& operator=(const ConnectionSource&) = delete;
  virtual ~ConnectionSource() = default;
  virtual const Dialect& dialect() const = 0;
  virtual std::unique_ptr<Connection> connect() const = 0;
  /// The largest number of connections that see the same rows: 1 for a database in memory.
  virtual std::size_t limit() const { return SIZE_MAX; }
};

/// A statement that ran.
struct Executed {
  std::string_view sql{};
  const std::vector<Value>& parameters;
  std::chrono::nanoseconds time{};
};

struct DatabaseOptions {
  std::size_t connections = 10;  ///< open at once at most
  /// How long to wait for one while all are in use.
  std::chrono::milliseconds patience{30000};
  std::string lock_timeout{};       ///< `2s`; on SQLite how long to wait for the write lock
  std::string statement_timeout{};  ///< `0` for none
  /// Told of every statement, after it ran.
  std::function<void(const Executed&)> on_statement{};
  /// Told of relations that are loaded one object at a time (N+1 queries), and of the line of code.
  std::function<void(const std::string&)> on_warning{};
};

enum class Isolation { unspecified, read_committed, repeatable_read, serializable };

struct AtomicOptions {
  /// Of the outermost block; SQLite is always serializable.
  Isolation isolation = Isolation::unspecified;
  bool read_only = false;
  bool durable = false;  ///< must be the outermost one
  /// How often the function form runs again after a serialization failure, a deadlock or a lock
  /// that was not free; only the outermost block does.
  int retries = 0;
};

/// A transaction, or inside of another one a savepoint. Leaving it without `commit` rolls back.
///
/// Once a statement fails, everything inside of the block is refused until the block has ended.
/// Belongs to the thread that made it.
class Atomic {
 public:
  explicit Atomic(const Database& database, const AtomicOptions& options = {});
  ~Atomic();
  Atomic(const Atomic&) = delete;
  Atomic& operator=(const Atomic&) = delete;

  /// Throws Error{in_doubt} when the answer of the database was lost, IntegrityError where a
  /// deferred constraint does not hold. Hooks of `on_commit` run before it comes back.
  void commit();
  void rollback();
  bool outermost() const { return outermost_; }

 private:
  std::shared_ptr<orm::Engine> engine_;
  std::unique_ptr<orm::Scope> scope_;
  bool outermost_ = false;
  bool open_ = true;
};

namespace detail {

/// Where a query puts its rows: `next` gives the object for one, `filled` is called when it is
/// there and gives false to stop.
struct RowTarget {
  void* context = nullptr;
  void* (*next)(void* context) = nullptr;
  bool (*filled)(void* context) = nullptr;
  void (*reserve)(void* context, std::size_t rows) = nullptr;
};
/// The same for columns of their own.
struct TupleTarget {
  void* context = nullptr;
  void (*next)(void* context, void** places) = nullptr;
  bool (*filled)(void* context) = nullptr;
  std::vector<const MemberType*> types{};
};

void fetch(orm::Engine& engine, const Query& query, const ClassMap& map, const RowTarget& target,
           bool streaming);
void fetch(orm::Engine& engine, const Query& query, const TupleTarget& target, bool streaming);
void fetch(orm::Engine& engine, const Query& query,
           const std::function<bool(const std::vector<std::string>& names,
                                    std::vector<Value>& values)>& visit,
           bool streaming);
/// Loads what the query wants to be prefetched behind its rows.
void prefetch(orm::Engine& engine, const ClassMap& map, const std::vector<void*>& objects,
              const Query& query);
std::int64_t count(orm::Engine& engine, const Query& query);
bool exists(orm::Engine& engine, const Query& query);
void aggregate(orm::Engine& engine, const Query& query, const std::vector<QueryColumn>& columns,
               const TupleTarget& target);
std::int64_t update(orm::Engine& engine, const Query& query,
                    const std::vector<QueryColumn>& changes);
/// Gives what was deleted, by model; the query's own model first.
std::vector<std::pair<std::string, std::int64_t>> remove(orm::Engine& engine, const Query& query);
std::string explain(orm::Engine& engine, const Query& query, bool analyze);
std::string sql_of(orm::Engine& engine, const Query& query);

void save(orm::Engine& engine, const ClassMap& map, void* object,
          const std::vector<std::string>* fields, bool insert);
std::int64_t remove(orm::Engine& engine, const ClassMap& map, void* object);
void refresh(orm::Engine& engine, const ClassMap& map, void* object,
             const std::vector<std::string>& fields);
/// True when it was found.
bool find(orm::Engine& engine, const ClassMap& map, const Value& key, void* object);
[[noreturn]] void none_found(const ClassMap& map, const std::string& what);
[[noreturn]] void several_found(const ClassMap& map);
void raw_rows(orm::Engine& engine, const std::string& sql, const std::vector<Value>& parameters,
              const TupleTarget& target);
Expression literal_expression(const Value& value);

template <class V>
Value value_of_argument(const V& value) {
  if constexpr (std::is_convertible_v<V, Value> && std::is_constructible_v<Value, V> &&
                !std::is_arithmetic_v<V> && !std::is_convertible_v<V, std::string_view>) {
    return Value(value);
  } else if constexpr (std::is_same_v<V, bool>) {
    return value;
  } else if constexpr (std::is_integral_v<V>) {
    return static_cast<std::int64_t>(value);
  } else if constexpr (std::is_floating_point_v<V>) {
    return static_cast<double>(value);
  } else if constexpr (std::is_convertible_v<V, std::string_view>) {
    return std::string(std::string_view(value));
  } else {
    return value_of_member(member_type_of<V>, &value);
  }
}

/// A target that appends tuples to a vector.
template <class... T>
TupleTarget tuple_target(std::vector<std::tuple<T...>>& rows) {
  TupleTarget target;
  target.context = &rows;
  target.next = [](void* context, void** places) {
    auto& row = static_cast<std::vector<std::tuple<T...>>*>(context)->emplace_back();
    std::apply(
        [places](auto&... item) {
          std::size_t at = 0;
          ((places[at++] = &item), ...);
        },
        row);
  };
  target.types = {&member_type_of<T>...};
  return target;
}

}  // namespace detail

/// A database with the models of a program. Cheap to copy; copies share a pool of connections. Any
/// thread may use it: each operation takes a connection for itself, inside of `atomic` all of a
/// thread take the same one.
class Database {
 public:
  /// `url` as in `formats.md` §2; relative SQLite paths start at the working directory. SQLite
  /// files are in WAL mode. Throws Error{bad_model} for what is wrong with the models of `apps`.
  Database(const std::string& url, const std::vector<App>& apps,
           const DatabaseOptions& options = {});
  /// Without models: for raw SQL.
  explicit Database(const std::string& url);
  Database(std::shared_ptr<const ConnectionSource> source, std::shared_ptr<const Mapping> mapping,
           const DatabaseOptions& options = {});

  template <class M>
  QuerySet<M> objects() const {
    return QuerySet<M>(*this);
  }
  /// `shop.Book`, with names instead of types. Throws Error{bad_model} with the nearest name.
  Objects objects(const std::string& model) const;

  /// Writes the row of `object`: UPDATE where it has a key and its row is there, else INSERT. Keys,
  /// defaults and generated columns that the database makes are then in the object, `auto_now` too.
  /// Throws Error{bad_value} for a value its field cannot hold, IntegrityError.
  template <class M>
  void save(M& object) const {
    detail::save(*engine_, map<M>(), &object, nullptr, false);
  }
  template <class M>
  void save(const std::shared_ptr<M>& object) const {
    save(*object);
  }
  /// Only these fields of a row that is there: `db.save<&Book::title, &Book::price>(book)`.
  template <auto First, auto... P, class M>
  requires(DataMember<decltype(First)>) void save(M& object) const {
    const std::vector<std::string> fields{std::string(member_key<First>.name),
                                          std::string(member_key<P>.name)...};
    detail::save(*engine_, map<M>(), &object, &fields, false);
  }
  /// Always INSERT.
  template <class M>
  void insert(M& object) const {
    detail::save(*engine_, map<M>(), &object, nullptr, true);
  }
  /// Deletes the row, and what `on_delete` says of rows that refer to it. The object's automatic
  /// key is 0 afterwards. Gives the number of rows that went, of all models.
  template <class M>
  std::int64_t remove(M& object) const {
    return detail::remove(*engine_, map<M>(), &object);
  }
  /// Reads the row again. Throws DoesNotExist.
  template <class M>
  void refresh(M& object) const {
    detail::refresh(*engine_, map<M>(), &object, {});
  }
  /// The row with that primary key. Throws DoesNotExist.
  template <class M, class Key>
  M get(const Key& key) const {
    M object{};
    const Value value = detail::value_of_argument(key);
    if (!detail::find(*engine_, map<M>(), value, &object)) {
      detail::none_found(map<M>(), "with that key");
    }
    return object;
  }
  template <class M, class Key>
  std::optional<M> find(const Key& key) const {
    std::optional<M> object(std::in_place);
    const Value value = detail::value_of_argument(key);
    if (!detail::find(*engine_, map<M>(), value, &*object)) object.reset();
    return object;
  }

  /// A transaction until the object goes: `auto tx = db.atomic(); …; tx.commit();`
  Atomic atomic(const AtomicOptions& options = {}) const { return Atomic(*this, options); }
  /// Runs `work` in a transaction; what it gives comes back. An exception rolls back and goes on.
  template <class Work>
  requires(std::is_invocable_v<Work&>) auto atomic(Work&& work,
                                                   const AtomicOptions& options = {}) const {
    for (int attempt = 0;; ++attempt) {
      Atomic scope(*this, options);
      try {
        if constexpr (std::is_void_v<std::invoke_result_t<Work&>>) {
          work();
          scope.commit();
          return;
        } else {
          auto result = work();
          scope.commit();
          return result;
        }
      } catch (const DatabaseError& error) {
        scope.rollback();
        if (!error.retryable() || !scope.outermost() || attempt >= options.retries) throw;
      }
      pause(attempt);
    }
  }
  /// Runs `hook` once the outermost transaction has committed; at once outside of one; never when
  /// it or the savepoint around is rolled back.
  void on_commit(std::function<void()> hook) const;
  bool in_atomic() const;

  /// Raw SQL; `?` in order stand for the values on both databases. Gives the rows it changed.
  template <class... V>
  std::int64_t execute(const std::string& sql, const V&... values) const {
    return run(sql, {detail::value_of_argument<V>(values)...});
  }
  /// Raw SQL into tuples: `db.query<std::string, std::int64_t>("SELECT … WHERE x > ?", 3)`.
  template <class... T, class... V>
  requires(sizeof...(T) > 0) std::vector<std::tuple<T...>> query(const std::string& sql,
                                                                 const V&... values)
  const {
    std::vector<std::tuple<T...>> rows;
    detail::raw_rows(*engine_, sql, {detail::value_of_argument<V>(values)...},
                     detail::tuple_target(rows));
    return rows;
  }

  const Mapping& mapping() const;
  const Dialect& dialect() const;
  /// Connections that are open, and how many of them are in use.
  std::pair<std::size_t, std::size_t> connections() const;
  /// How many statements have run, COMMIT and its kin aside; those of blocks that other threads
  /// have open are counted when they end. For tests, and to find what asks too often.
  std::uint64_t statements() const;
  template <class M>
  const ClassMap& map() const {
    return mapping().of_class(class_name<M>());
  }
  orm::Engine& engine() const { return *engine_; }
  const std::shared_ptr<orm::Engine>& shared_engine() const { return engine_; }

 private:
  std::int64_t run(const std::string& sql, const std::vector<Value>& values) const;
  static void pause(int attempt);

  std::shared_ptr<orm::Engine> engine_;
};

}  // namespace turnstone
