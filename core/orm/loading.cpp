#include <turnstone/orm/relations.h>

#include <turnstone/error.h>
#include <turnstone/identifier.h>
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
using Pointers = std::vector<std::shared_ptr<void>>;

const ClassMap& class_of(const Engine& engine, std::string_view class_name) {
  return engine.mapping().of_class(class_name);
}

/// Rows of `map` whose `column` is one of `keys`, in the order of `rows`.
Pointers fetch_by(Engine& engine, const ClassMap& map, const std::string& column,
                  const std::vector<Value>& keys, const Query* rows) {
  Pointers found;
  if (rows && rows->sliced()) {
    throw Error(ErrorKind::misuse, "rows of a relation are not loaded by a query that is sliced");
  }
  for (std::size_t begin = 0; begin < keys.size(); begin += keys_at_once) {
    Query query = rows ? *rows : Query{};
    query.model = key_of(*map.model);
    Expression in = Expression::call("in", {Expression::field(column)});
    for (std::size_t i = begin; i < std::min(keys.size(), begin + keys_at_once); ++i) {
      in.arguments.push_back(detail::literal_expression(keys[i]));
    }
    query.filters.push_back(std::move(in));
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
  }
  return found;
}

Value stored(const Slot& slot, const void* object) {
  return detail::value_of_member(*slot.member, slot.in(object));
}

std::vector<Value> distinct_values(const std::vector<Value>& values) {
  const std::set<Value> once(values.begin(), values.end());
  return {once.begin(), once.end()};
}

/// The rows that keys refer to; objects that have theirs already keep it.
Pointers load_keys(Engine& engine, const Slot& slot, const std::vector<void*>& objects,
                   const Query* rows) {
  const ClassMap& target = class_of(engine, slot.member->target);
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
  for (const auto& row : fetch_by(engine, target, key.field->name, distinct_values(wanted), rows)) {
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

Pointers load_links(Engine& engine, const ClassMap& map, const Slot& link,
                    const std::vector<void*>& objects, const Query* rows) {
  const LinkTable table = link_table(engine, link);
  const Dialect& dialect = engine.dialect();
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
    Use use(engine);
    for (const std::vector<Value>& row : use.query("SELECT " + table.owner + ", " + table.target +
                                                       " FROM " + table.table + " WHERE " + where,
                                                   parameters)
                                             .rows) {
      Value target = dialect.from_database(row[1], *table.target_type);
      by_target.emplace(target, dialect.from_database(row[0], *table.owner_type));
      targets.push_back(std::move(target));
    }
  }
  const ClassMap& target = class_of(engine, link.member->target);
  const Pointers all = fetch_by(engine, target, "pk", distinct_values(targets), rows);
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

/// Tells of relations that are loaded one object at a time.
void note_single(Engine& engine, const std::string& what, const char* file, int line) {
  constexpr int many = 10;
  const int times = engine.single_loads(what + "@" + (file ? file : "") + std::to_string(line));
  if (times != many || !engine.options().on_warning) return;
  engine.options().on_warning(what + " was loaded for one object at a time, " +
                              std::to_string(many) + " times (" + std::string(file ? file : "?") +
                              ":" + std::to_string(line) +
                              "); load it for all at once, or use select_related");
}

}  // namespace
}  // namespace turnstone::orm

namespace turnstone::detail {

using orm::Engine;

void load(Engine& engine, const ClassMap& map, const std::vector<void*>& objects,
          const std::string& path, const Query* rows, const char* file, int line) {
  if (objects.empty()) return;
  if (file) orm::note_single(engine, map.name() + "." + path, file, line);
  const ClassMap* at = &map;
  std::vector<void*> here = objects;
  orm::Pointers alive;  // of the step before
  const std::vector<std::string> parts = orm::path_parts(path);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Query* wanted = i + 1 == parts.size() ? rows : nullptr;
    orm::Pointers next;
    const auto link = std::find_if(at->links.begin(), at->links.end(),
                                   [&](const ClassMap::Slot& one) { return one.name == parts[i]; });
    if (link != at->links.end()) {
      next = orm::load_links(engine, *at, *link, here, wanted);
      at = &orm::class_of(engine, link->member->target);
    } else {
      const ClassMap::Slot& slot = at->slots[at->slot(parts[i])];
      if (!slot.member || !slot.member->attach) {
        throw Error(ErrorKind::bad_model, at->name() + "." + parts[i] + " is no relation");
      }
      next = orm::load_keys(engine, slot, here, wanted);
      at = &orm::class_of(engine, slot.member->target);
    }
    std::sort(next.begin(), next.end());
    next.erase(std::unique(next.begin(), next.end()), next.end());
    here.clear();
    for (const auto& row : next) here.push_back(row.get());
    alive = std::move(next);
    if (here.empty()) return;
  }
}

Value key_of_object(const ClassMap& map, const void* object) {
  if (!orm::has_key(map, object)) {
    throw Error(ErrorKind::misuse, "the " + map.name() + " is not saved yet", {}, "save it first");
  }
  return orm::key_value(map, object);
}

void link(Engine& engine, const ClassMap& map, const void* object, const std::string& field,
          const std::vector<Value>& keys) {
  if (keys.empty()) return;
  const orm::LinkTable table = orm::link_table(engine, orm::link_slot(map, field));
  const Value owner = key_of_object(map, object);
  const Dialect& dialect = engine.dialect();
  if (!table.through.empty()) {
    throw Error(
        ErrorKind::misuse,
        map.name() + "." + field + " goes through " + table.through + ", whose rows may hold more",
        {}, "save a " + table.through + " instead");
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
               const std::string& field, const std::vector<Value>& keys) {
  db.atomic([&] {
    std::vector<Value> gone;
    for (const Value& one : linked(db.engine(), map, object, field)) {
      if (std::find(keys.begin(), keys.end(), one) == keys.end()) gone.push_back(one);
    }
    if (!gone.empty()) unlink(db.engine(), map, object, field, &gone);
    if (!keys.empty()) link(db.engine(), map, object, field, keys);
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
