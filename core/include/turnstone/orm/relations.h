#pragma once

#include <turnstone/orm/queryset.h>

#include <memory>
#include <string>
#include <vector>

namespace turnstone {

namespace detail {
/// Loads the rows behind `path`, names joined by `__`, of all objects: one or two queries for each
/// step, whatever their number. `rows`: which rows of the last step; all unless given.
void load(orm::Engine& engine, const ClassMap& map, const std::vector<void*>& objects,
          const std::string& path, const Query* rows, const char* file, int line);

/// Changes the links of one object. `defaults`: what new rows of a through model hold besides.
void link(const Database& db, const ClassMap& map, const void* object, const std::string& field,
          const std::vector<Value>& keys, const std::vector<Assignment>& defaults);
void unlink(orm::Engine& engine, const ClassMap& map, const void* object, const std::string& field,
            const std::vector<Value>* keys);
/// Adds what is missing and removes what is not among `keys`, in one transaction.
void set_links(const Database& db, const ClassMap& map, const void* object,
               const std::string& field, const std::vector<Value>& keys,
               const std::vector<Assignment>& defaults);
std::vector<Value> linked(orm::Engine& engine, const ClassMap& map, const void* object,
                          const std::string& field);
Value key_of_object(const ClassMap& map, const void* object);

/// Where objects stand, by their keys.
class Places {
 public:
  Places(const ClassMap& map, const std::vector<const void*>& objects);
  /// Each key once, as many at a time as one query takes.
  std::vector<std::vector<Value>> keys() const;
  /// Places of the objects that the key in a member refers to.
  const std::vector<std::size_t>& of(const MemberType& type, const void* member) const;

 private:
  std::map<Value, std::vector<std::size_t>> places_{};
};
}  // namespace detail

/// Loads a relation of one object, `load<&Book::author>(db, book)`, or of many at once: its rows
/// are then in the relation (`row()`, `rows()`). A path of several members loads each on the way.
template <auto... P, class M>
void load(const Database& db, M& object, const char* file = __builtin_FILE(),
          int line = __builtin_LINE()) {
  detail::load(db.engine(), db.template map<M>(), {&object},
               detail::path_expression(detail::path_keys<P...>, sizeof...(P)).name, nullptr, file,
               line);
}
template <auto... P, class M>
void load(const Database& db, std::vector<M>& objects) {
  std::vector<void*> all;
  for (M& object : objects) all.push_back(&object);
  detail::load(db.engine(), db.template map<M>(), all,
               detail::path_expression(detail::path_keys<P...>, sizeof...(P)).name, nullptr,
               nullptr, 0);
}
/// Only those rows of the last relation that `rows` gives, in its order.
template <auto... P, class M, class T>
void load(const Database& db, std::vector<M>& objects, const QuerySet<T>& rows) {
  std::vector<void*> all;
  for (M& object : objects) all.push_back(&object);
  detail::load(db.engine(), db.template map<M>(), all,
               detail::path_expression(detail::path_keys<P...>, sizeof...(P)).name, &rows.query(),
               nullptr, 0);
}

/// Rows that refer to an object: `related<&Book::author>(db, ada)` are the books of Ada.
template <auto P, class M>
auto related(const Database& db, const M& object) {
  using Relation = without_optional<member_type<P>>;
  static_assert(RelationMember<Relation>, "turnstone: related<> takes a relation");
  static_assert(std::is_base_of_v<typename Relation::Target, M>,
                "turnstone: the relation leads to another class than the object's");
  const std::string name(member_key<P>.name);
  return db.template objects<member_class<P>>().filter(
      name, detail::key_of_object(db.template map<M>(), &object));
}

/// The same for many objects by one query: a list for each of them, in their order.
/// `related<&Book::author>(db, authors, db.objects<Book>().filter(…).order_by(…))`
template <auto P, class M>
auto related(const Database& db, const std::vector<M>& objects,
             const QuerySet<member_class<P>>& rows) {
  using Relation = without_optional<member_type<P>>;
  static_assert(KeyMember<Relation>, "turnstone: related<> of many objects takes a key");
  static_assert(std::is_base_of_v<typename Relation::Target, M>,
                "turnstone: the relation leads to another class than the objects'");
  std::vector<std::vector<member_class<P>>> all(objects.size());
  std::vector<const void*> pointers;
  pointers.reserve(objects.size());
  for (const M& object : objects) pointers.push_back(&object);
  const detail::Places places(db.template map<M>(), pointers);
  for (const std::vector<Value>& keys : places.keys()) {
    for (auto& row : rows.filter(std::string(member_key<P>.name) + "__in", keys).all()) {
      for (const std::size_t at : places.of(member_type_of<member_type<P>>, &(row.*P))) {
        all[at].push_back(row);
      }
    }
  }
  return all;
}
template <auto P, class M>
auto related(const Database& db, const std::vector<M>& objects) {
  return related<P>(db, objects, db.template objects<member_class<P>>());
}

/// The links of one object over a many-to-many field: `links<&Book::tags>(db, book).add(tag)`.
/// With a through model they are its rows: those that are new hold what `with` says and defaults,
/// and those that go are removed with what `on_delete` says of them.
template <class Target>
class Links {
 public:
  Links(Database database, const ClassMap& map, const void* object, std::string field)
      : database_(std::move(database)), map_(&map), object_(object), field_(std::move(field)) {}

  /// The same, and new rows of the through model hold these values:
  /// `links<&Club::members>(db, club).with(F<&Membership::role>.set("guest")).add(ada)`.
  template <class... A>
  Links with(const A&... assignments) const {
    Links next(*this);
    next.defaults_ = {assignments...};
    return next;
  }
  /// Adds those that are not there yet.
  template <class... Row>
  void add(const Row&... rows) const {
    detail::link(database_, *map_, object_, field_, {key(rows)...}, defaults_);
  }
  template <class... Row>
  void remove(const Row&... rows) const {
    const std::vector<Value> keys{key(rows)...};
    detail::unlink(database_.engine(), *map_, object_, field_, &keys);
  }
  void clear() const { detail::unlink(database_.engine(), *map_, object_, field_, nullptr); }
  /// These and no others; what stays is left alone.
  void set(const std::vector<Target>& rows) const {
    std::vector<Value> keys;
    for (const Target& row : rows) keys.push_back(key(row));
    detail::set_links(database_, *map_, object_, field_, keys, defaults_);
  }
  /// The rows at the other end.
  QuerySet<Target> all() const {
    return database_.template objects<Target>().filter(
        "pk__in", detail::linked(database_.engine(), *map_, object_, field_));
  }

 private:
  Value key(const Target& row) const {
    return detail::key_of_object(database_.template map<Target>(), &row);
  }
  Database database_;
  const ClassMap* map_;
  const void* object_;
  std::string field_;
  std::vector<Assignment> defaults_{};
};

/// The object must live as long as what comes back.
template <auto P, class M>
auto links(const Database& db, const M& object) {
  using Relation = member_type<P>;
  static_assert(ManyToManyMember<Relation>, "turnstone: links<> takes a ManyToMany member");
  return Links<typename Relation::Target>(db, db.template map<M>(), &object,
                                          std::string(member_key<P>.name));
}

}  // namespace turnstone
