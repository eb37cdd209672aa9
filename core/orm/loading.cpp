#include "orm/loading.h"

#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/orm/objects.h>
#include <turnstone/orm/relations.h>
#include <turnstone/schema/lower.h>

#include <algorithm>
#include <map>
#include <set>

#include "orm/literals.h"
#include "orm/rows.h"
#include "orm/writing.h"

// Relations: the rows behind objects, and the tables of links.

namespace turnstone::orm {
namespace {

using Slot = ClassMap::Slot;

const ClassMap& class_of(const Engine& engine, std::string_view class_name) {
  return engine.mapping().of_class(class_name);
}

/// The rows of a query as new objects.
Pointers new_rows(Engine& engine, const ClassMap& map, const Query& query) {
  Pointers found;
  struct Context {
    Pointers* found;
    const ClassMap* map;
  } context{&found, &map};
  detail::RowTarget target;
  target.context = &context;
  target.next = [](void* at) -> void* {
    auto& here = *static_cast<Context*>(at);
    here.found->push_back(here.map->make());
    return here.found->back().get();
  };
  detail::fetch(engine, query, map, target, false);
  return found;
}

std::vector<void*> plain(const Pointers& rows) {
  std::vector<void*> objects;
  objects.reserve(rows.size());
  for (const auto& row : rows) objects.push_back(row.get());
  return objects;
}

Value stored(const Slot& slot, const void* object) {
  return detail::value_of_member(*slot.member, slot.in(object));
}

std::vector<Value> distinct_values(const std::vector<Value>& values) {
  const std::set<Value> once(values.begin(), values.end());
  return {once.begin(), once.end()};
}

/// A table of links.
struct LinkTable {
  std::string table{};
  std::string owner{};   ///< column
  std::string target{};  ///< column
  const Field* owner_type = nullptr;
  const Field* target_type = nullptr;
  std::string through{};  ///< the model, where it has one
  std::string owner_field{};
  std::string target_field{};
};

LinkTable link_table(const Engine& engine, const Slot& link) {
  const Paths& paths = engine.paths();
  const Relation relation = paths.forward(link.owner, *link.field);
  LinkTable table{.table = relation.hops[0].table,
                  .owner = relation.hops[0].column,
                  .target = relation.hops[1].from};
  table.owner_type = &value_type(paths.state(), *link.owner, *paths.key(*link.owner));
  table.target_type = &value_type(paths.state(), *relation.model, *paths.key(*relation.model));
  if (!link.field->through.empty()) {
    const ModelPtr through = paths.state().get(key_from(link.field->through, link.owner->app));
    const auto [from, to] = through_fields(paths.state(), *link.owner, *link.field, *through);
    table.through = through->app + "." + through->name;
    table.owner_field = from->name;
    table.target_field = to->name;
  }
  return table;
}

const Slot& link_slot(const ClassMap& map, const std::string& name) {
  for (const Slot& link : map.links) {
    if (link.name == name) return link;
  }
  throw Error(ErrorKind::bad_model, map.name() + " has no many-to-many field \"" + name + "\"");
}

const Slot* link_named(const ClassMap& map, const std::string& name) {
  const auto link = std::find_if(map.links.begin(), map.links.end(),
                                 [&](const Slot& one) { return one.name == name; });
  return link == map.links.end() ? nullptr : &*link;
}

const Slot& key_named(const ClassMap& map, const std::string& name) {
  const Slot& slot = map.slots[map.slot(name)];
  if (slot.member && slot.member->attach) return slot;
  throw Error(ErrorKind::bad_model, map.name() + "." + name + " is no relation");
}

/// Tells of relations that are loaded one object at a time.
void note_single(Engine& engine, const std::string& what, const char* file, int line) {
  if (!engine.options().on_warning) return;
  const std::string where = std::string(file) + ":" + std::to_string(line);
  if (engine.single_loads(what + "@" + where) != single_loads_to_warn) return;
  engine.options().on_warning(what + " was loaded for one object at a time, " +
                              std::to_string(single_loads_to_warn) + " times (" + where +
                              "); load it for all at once, or use select_related");
}

}  // namespace

Loader::Loader(Engine& engine)
    : engine_(engine), fetch_([&engine](const ClassMap& map, const Query& query) {
        return new_rows(engine, map, query);
      }) {}

/// Rows of `map` whose `column` is one of `keys`, in the order of `rows`.
Pointers Loader::fetch_by(const ClassMap& map, const std::string& column,
                          const std::vector<Value>& keys, const Query* rows) const {
  const bool whole = !rows || (!rows->sliced() && rows->combine == Query::Combine::none);
  if (!whole) {
    throw Error(ErrorKind::misuse,
                "rows of a relation are not loaded by a query that is sliced or put together of "
                "several");
  }
  Pointers found;
  const bool ordered = (rows && rows->ordered) || !map.model->options.ordering.empty();
  const std::size_t at_once = ordered ? ordered_at_once : keys_at_once;
  for (std::size_t begin = 0; begin < keys.size(); begin += at_once) {
    Query query = rows ? *rows : Query{};
    query.model = key_of(*map.model);
    query.prefetch.clear();
    Expression in = Expression::call("in", {Expression::field(column)});
    for (std::size_t i = begin; i < std::min(keys.size(), begin + at_once); ++i) {
      in.arguments.push_back(detail::literal_expression(keys[i]));
    }
    query.filters.push_back(std::move(in));
    const Pointers some = fetch_(map, query);
    found.insert(found.end(), some.begin(), some.end());
  }
  if (rows && !rows->prefetch.empty()) prefetch(map, plain(found), rows->prefetch);
  return found;
}

/// The rows that keys refer to; objects that have theirs already keep it.
Pointers Loader::load_keys(const Slot& slot, const std::vector<void*>& objects,
                           const Query* rows) const {
  const ClassMap& target = class_of(engine_, slot.member->target);
  const std::string& to = slot.field->to_field;
  const Slot& key = to.empty() ? target.key_slot() : target.slots[target.slot(to)];
  std::vector<Value> wanted;
  Pointers all;
  for (void* object : objects) {
    if (const auto there = slot.member->row(slot.in(object))) {
      all.push_back(there);
      continue;
    }
    Value value = stored(slot, object);
    if (!is_null(value)) wanted.push_back(std::move(value));
  }
  std::map<Value, std::shared_ptr<void>> by_key;
  for (const auto& row : fetch_by(target, key.field->name, distinct_values(wanted), rows)) {
    by_key[stored(key, row.get())] = row;
    all.push_back(row);
  }
  for (void* object : objects) {
    if (slot.member->row(slot.in(object))) continue;
    const auto found = by_key.find(stored(slot, object));
    if (found != by_key.end()) slot.member->attach(slot.in(object), found->second);
  }
  return all;
}

Pointers Loader::load_links(const ClassMap& map, const Slot& link,
                            const std::vector<void*>& objects, const Query* rows) const {
  const LinkTable table = link_table(engine_, link);
  const Dialect& dialect = engine_.dialect();
  std::vector<Value> owners;
  for (void* object : objects) owners.push_back(key_value(map, object));
  owners = distinct_values(owners);
  std::multimap<Value, Value> by_target;
  std::vector<Value> targets;
  for (std::size_t begin = 0; begin < owners.size(); begin += keys_at_once) {
    Remover::Keys keys;
    for (std::size_t i = begin; i < std::min(owners.size(), begin + keys_at_once); ++i) {
      keys.push_back({dialect.to_database(owners[i], *table.owner_type)});
    }
    std::vector<Value> parameters;
    const std::string where = key_condition({table.owner}, keys, dialect, parameters);
    Use use(engine_);
    for (const std::vector<Value>& row : use.query("SELECT " + table.owner + ", " + table.target +
                                                       " FROM " + table.table + " WHERE " + where,
                                                   parameters)
                                             .rows) {
      Value target = dialect.from_database(row[1], *table.target_type);
      by_target.emplace(target, dialect.from_database(row[0], *table.owner_type));
      targets.push_back(std::move(target));
    }
  }
  const ClassMap& target = class_of(engine_, link.member->target);
  const Pointers all = fetch_by(target, "pk", distinct_values(targets), rows);
  std::map<Value, Pointers> by_owner;
  for (const auto& row : all) {
    const auto [first, last] = by_target.equal_range(key_value(target, row.get()));
    for (auto at = first; at != last; ++at) by_owner[at->second].push_back(row);
  }
  for (void* object : objects) {
    link.member->attach_all(link.in(object), by_owner[key_value(map, object)]);
  }
  return all;
}

const ClassMap& Loader::target(const ClassMap& map, const std::string& name) const {
  const Slot* link = link_named(map, name);
  return class_of(engine_, (link ? *link : key_named(map, name)).member->target);
}

Pointers Loader::step(const ClassMap& map, const std::vector<void*>& objects,
                      const std::string& name, const Query* rows) const {
  const Slot* link = link_named(map, name);
  Pointers found =
      link ? load_links(map, *link, objects, rows) : load_keys(key_named(map, name), objects, rows);
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

void Loader::prefetch(const ClassMap& map, const std::vector<void*>& objects,
                      const std::vector<Prefetch>& wanted) const {
  if (objects.empty()) return;
  std::vector<std::string> names;  // of the first steps, in the order in which they came
  std::map<std::string, std::vector<Prefetch>> behind;
  std::map<std::string, const Query*> rows;
  for (const Prefetch& one : wanted) {
    const std::string first = path_parts(one.path).front();
    if (behind.try_emplace(first).second) names.push_back(first);
    if (one.path == first) {
      const Query*& chosen = rows.try_emplace(first, one.query.get()).first->second;
      if (chosen != one.query.get() && one.query && chosen) {
        throw Error(ErrorKind::misuse,
                    "\"" + first + "\" is prefetched twice, by queries of its own", map.name(),
                    "prefetch it once");
      }
      if (one.query) chosen = one.query.get();
    } else {
      behind[first].push_back({one.path.substr(first.size() + 2), one.query});
    }
  }
  for (const std::string& name : names) {
    const auto which = rows.find(name);
    const Pointers next = step(map, objects, name, which == rows.end() ? nullptr : which->second);
    prefetch(target(map, name), plain(next), behind[name]);
  }
}

}  // namespace turnstone::orm

namespace turnstone::detail {

using orm::Engine;

void load(Engine& engine, const ClassMap& map, const std::vector<void*>& objects,
          const std::string& path, const Query* rows, const char* file, int line) {
  if (objects.empty()) return;
  if (file) orm::note_single(engine, map.name() + "." + path, file, line);
  const orm::Loader loader(engine);
  const ClassMap* at = &map;
  std::vector<void*> here = objects;
  orm::Pointers alive;  // of the step before
  const std::vector<std::string> parts = orm::path_parts(path);
  for (std::size_t i = 0; i < parts.size() && !here.empty(); ++i) {
    orm::Pointers next = loader.step(*at, here, parts[i], i + 1 == parts.size() ? rows : nullptr);
    at = &loader.target(*at, parts[i]);
    here = orm::plain(next);
    alive = std::move(next);
  }
}

void prefetch(Engine& engine, const ClassMap& map, const std::vector<void*>& objects,
              const Query& query) {
  orm::Loader(engine).prefetch(map, objects, query.prefetch);
}

Value key_of_object(const ClassMap& map, const void* object) {
  if (!orm::has_key(map, object)) {
    throw Error(ErrorKind::misuse, "the " + map.name() + " is not saved yet", {}, "save it first");
  }
  return orm::key_value(map, object);
}

namespace {

/// Rows of a through model for the keys that have none yet.
void link_through(const Database& db, const std::string& model,
                  const Objects::Values::value_type& owner, const std::string& target,
                  const std::vector<Value>& keys, const std::vector<Value>& there,
                  const std::vector<Assignment>& defaults) {
  std::vector<Value> known = there;
  const Objects rows = db.objects(model);
  for (const Value& key : keys) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    known.push_back(key);
    Objects::Values values{owner, {target, key}};
    for (const Assignment& one : defaults) {
      if (one.value.kind != Expression::Kind::literal) {
        throw Error(ErrorKind::misuse,
                    "a new row has no value that \"" + one.field + "\" could be computed from",
                    model, "give a value");
      }
      values.emplace_back(one.field, one.value.value);
    }
    rows.create(values);
  }
}

}  // namespace

Places::Places(const ClassMap& map, const std::vector<const void*>& objects) {
  for (std::size_t i = 0; i < objects.size(); ++i) {
    places_[key_of_object(map, objects[i])].push_back(i);
  }
}

std::vector<std::vector<Value>> Places::keys() const {
  std::vector<std::vector<Value>> all;
  for (const auto& [key, places] : places_) {
    if (all.empty() || all.back().size() == orm::ordered_at_once) all.emplace_back();
    all.back().push_back(key);
  }
  return all;
}

const std::vector<std::size_t>& Places::of(const MemberType& type, const void* member) const {
  static const std::vector<std::size_t> nowhere;
  const auto found = places_.find(value_of_member(type, member));
  return found == places_.end() ? nowhere : found->second;
}

void link(const Database& db, const ClassMap& map, const void* object, const std::string& field,
          const std::vector<Value>& keys, const std::vector<Assignment>& defaults) {
  if (keys.empty()) return;
  Engine& engine = db.engine();
  const orm::LinkTable table = orm::link_table(engine, orm::link_slot(map, field));
  const Value owner = key_of_object(map, object);
  const Dialect& dialect = engine.dialect();
  if (!table.through.empty()) {
    db.atomic([&] {
      link_through(db, table.through, {table.owner_field, owner}, table.target_field, keys,
                   linked(engine, map, object, field), defaults);
    });
    return;
  }
  if (!defaults.empty()) {
    throw Error(ErrorKind::misuse,
                map.name() + "." + field + " has no through model: its links hold nothing else");
  }
  orm::Together together(engine);
  orm::Use use(engine);
  std::vector<Value> parameters{dialect.to_database(owner, *table.owner_type)};
  std::string values;
  for (const Value& key : keys) {
    parameters.push_back(dialect.to_database(key, *table.target_type));
    values += (values.empty() ? "(" : ", (") + dialect.parameter(1, *table.owner_type) + ", " +
              dialect.parameter(parameters.size(), *table.target_type) + ")";
  }
  use.execute("INSERT INTO " + table.table + " (" + table.owner + ", " + table.target +
                  ") VALUES " + values + " ON CONFLICT DO NOTHING",
              parameters);
  together.commit();
}

void unlink(Engine& engine, const ClassMap& map, const void* object, const std::string& field,
            const std::vector<Value>* keys) {
  if (keys && keys->empty()) return;
  const orm::LinkTable table = orm::link_table(engine, orm::link_slot(map, field));
  const Dialect& dialect = engine.dialect();
  if (!table.through.empty()) {
    // Rows of a model: what refers to them is settled too.
    Query rows{.model = key_from(table.through)};
    rows.filters.push_back(Expression::call("=", {Expression::field(table.owner_field),
                                                  literal_expression(key_of_object(map, object))}));
    if (keys) {
      Expression in = Expression::call("in", {Expression::field(table.target_field)});
      for (const Value& key : *keys) in.arguments.push_back(literal_expression(key));
      rows.filters.push_back(std::move(in));
    }
    remove(engine, rows);
    return;
  }
  std::vector<Value> parameters{dialect.to_database(key_of_object(map, object), *table.owner_type)};
  std::string sql =
      "DELETE FROM " + table.table + " WHERE " + table.owner + " = " + dialect.placeholder(1);
  if (keys) {
    orm::Remover::Keys some;
    for (const Value& key : *keys) some.push_back({dialect.to_database(key, *table.target_type)});
    sql += " AND " + orm::key_condition({table.target}, some, dialect, parameters);
  }
  orm::Use use(engine);
  use.execute(sql, parameters);
}

void set_links(const Database& db, const ClassMap& map, const void* object,
               const std::string& field, const std::vector<Value>& keys,
               const std::vector<Assignment>& defaults) {
  db.atomic([&] {
    std::vector<Value> gone;
    for (const Value& one : linked(db.engine(), map, object, field)) {
      if (std::find(keys.begin(), keys.end(), one) == keys.end()) gone.push_back(one);
    }
    if (!gone.empty()) unlink(db.engine(), map, object, field, &gone);
    link(db, map, object, field, keys, defaults);
  });
}

std::vector<Value> linked(Engine& engine, const ClassMap& map, const void* object,
                          const std::string& field) {
  const orm::LinkTable table = orm::link_table(engine, orm::link_slot(map, field));
  const Dialect& dialect = engine.dialect();
  orm::Use use(engine);
  std::vector<Value> keys;
  for (const std::vector<Value>& row :
       use.query("SELECT " + table.target + " FROM " + table.table + " WHERE " + table.owner +
                     " = " + dialect.placeholder(1),
                 {dialect.to_database(key_of_object(map, object), *table.owner_type)})
           .rows) {
    keys.push_back(dialect.from_database(row[0], *table.target_type));
  }
  return keys;
}

}  // namespace turnstone::detail
