#include "orm/writing.h"

#include <turnstone/error.h>
#include <turnstone/identifier.h>

#include <algorithm>
#include <optional>

#include "orm/literals.h"
#include "orm/rows.h"
#include "orm/validation.h"

namespace turnstone::orm {
namespace {

using Slot = ClassMap::Slot;

bool has_function(const Field& field) {
  return field.default_value && std::holds_alternative<DefaultFunction>(*field.default_value);
}

void take_key_of(Engine& engine, const ClassMap& map, const Slot& slot, void* object) {
  const std::shared_ptr<void> row = slot.member->row(slot.in(object));
  if (!row) return;
  const ClassMap& target = engine.mapping().of_class(slot.member->target);
  const std::string& to_field = slot.field->to_field;
  const Slot& key = to_field.empty() ? target.key_slot() : target.slots[target.slot(to_field)];
  if (!key.member || (to_field.empty() && !has_key(target, row.get()))) {
    throw Error(ErrorKind::misuse,
                "the row of " + map.name() + "." + slot.field->name + " is not saved yet", {},
                "save it first, or add both to a Session");
  }
  Cell cell;
  std::string made;
  key.member->view(key.in(row.get()), cell, made);
  slot.member->load(slot.in(object), cell, *slot.type);
  slot.member->attach(slot.in(object), row);
}

/// The slot of the primary key of `owner`, one of the models of `map`.
std::size_t key_of_owner(const Engine& engine, const ClassMap& map, const ModelPtr& owner) {
  const Field* key = engine.paths().key(*owner);
  for (std::size_t i = 0; i < map.slots.size(); ++i) {
    if (map.slots[i].field == key && map.slots[i].owner == owner) return i;
  }
  return map.key;
}

/// Conditions that find the object's row in the table of `owner`.
std::string key_where(Engine& engine, const ClassMap& map, const ModelPtr& owner,
                      const void* object, std::vector<Value>& parameters) {
  std::vector<std::string> all;
  for (const Field* field : key_fields(*owner)) {
    for (std::size_t i = 0; i < map.slots.size(); ++i) {
      if (map.slots[i].field != field) continue;
      const Slot& slot = map.slots[i];
      parameters.push_back(
          engine.dialect().to_database(slot_value(engine, map, i, object), *slot.type));
      all.push_back(quote_identifier(column_name(*field)) + " = " +
                    engine.dialect().parameter(parameters.size(), *slot.type));
    }
  }
  if (all.empty()) {
    throw Error(ErrorKind::bad_model, map.name() + " has no primary key");
  }
  return " WHERE " + join(all, " AND ");
}

/// A statement that writes has succeeded only once it has come to its end.
void finish(CellReader& reader) {
  while (reader.next()) {
  }
}

}  // namespace

void set_member(const Slot& slot, void* object, const Value& value) {
  slot.member->load(slot.in(object), cell_of(value), *slot.type);
}

bool has_key(const ClassMap& map, const void* object) {
  const Slot& slot = map.key_slot();
  if (!slot.member) return false;
  const Field& field = *slot.field;
  if (is_auto(field.type)) return !is_zero(slot, object);
  if (has_function(field)) return !untouched(map, slot, object);
  return !is_null(detail::value_of_member(*slot.member, slot.in(object)));
}

Value key_value(const ClassMap& map, const void* object) {
  const Slot& slot = map.key_slot();
  if (!slot.member) {
    throw Error(ErrorKind::misuse, "the class of " + map.name() + " has no member for its key");
  }
  return detail::value_of_member(*slot.member, slot.in(object));
}

Value member_value(const ClassMap& map, const Slot& slot, const void* object) {
  Value value;
  try {
    value = detail::value_of_member(*slot.member, slot.in(object));
  } catch (const Error& error) {
    throw Error(ErrorKind::bad_value, error.what(), map.name() + "." + slot.field->name,
                error.hint());
  }
  validate(*slot.owner, *slot.field, *slot.type, value);
  return value;
}

bool passes(const Slot& slot, const Passage& passage, const void* object, Cell& cell) {
  if (passage.kind == Cell::Kind::null) return false;
  std::string made;
  slot.member->view(slot.in(object), cell, made);
  return passage.takes(cell);
}

void Written::put(std::size_t at, const void* object, Cell& cell, std::size_t place) {
  const Slot& slot = map_.slots[at];
  if (passes(slot, plan_.passage(at), object, cell)) return;
  if (kept_.size() < places_) kept_.resize(places_);
  kept_[place] = engine_.dialect().to_database(slot_value(engine_, map_, at, object), *slot.type);
  cell = cell_of(kept_[place]);
}

Value slot_value(Engine& engine, const ClassMap& map, std::size_t at, const void* object) {
  const Slot& slot = map.slots[at];
  if (slot.member) return member_value(map, slot, object);
  if (!slot.field->parent_link) return std::monostate{};
  const ModelPtr parent = concrete(engine.mapping().state(),
                                   engine.mapping().state().target_model(*slot.owner, *slot.field));
  const std::size_t key = key_of_owner(engine, map, parent);
  if (key == at) return std::monostate{};
  return slot_value(engine, map, key, object);
}

void take_keys(Engine& engine, const ClassMap& map, void* object) {
  for (const std::size_t i : engine.plan(map).references()) {
    take_key_of(engine, map, map.slots[i], object);
  }
}

void prepare(Engine& engine, const ClassMap& map, void* object, bool adding) {
  take_keys(engine, map, object);
  const std::vector<std::size_t>& stamped = engine.plan(map).stamped();
  if (stamped.empty()) return;
  const DateTime moment =
      std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  for (const std::size_t i : stamped) {
    const Slot& slot = map.slots[i];
    const Field& field = *slot.field;
    const bool now = field.auto_now || (adding && field.auto_now_add);
    const bool function = adding && has_function(field) && untouched(map, slot, object);
    if (!now && !function) continue;
    const DefaultFunction name =
        now ? DefaultFunction{"now"} : std::get<DefaultFunction>(*field.default_value);
    const Json made = engine.mapping().default_of(name, *slot.type, moment);
    set_member(slot, object, literal_value(made, *slot.type));
  }
}

void insert_row(Engine& engine, const ClassMap& map, void* object) {
  const Dialect& dialect = engine.dialect();
  const ClassPlan& classes = engine.plan(map);
  for (std::size_t owner = 0; owner < classes.owners().size(); ++owner) {
    const InsertPlan& plan = classes.insert(owner, object);
    std::vector<Cell> cells(plan.written.size());
    Written written(engine, map, cells.size());
    for (std::size_t i = 0; i < cells.size(); ++i) {
      written.put(plan.written[i], object, cells[i], i);
    }
    Use use(engine);
    const bool only_key =
        plan.returned.size() == 1 && is_auto(map.slots[plan.returned.front()].field->type);
    if (plan.returned.empty() || (only_key && dialect.name() == "sqlite")) {
      use.execute_cells(plan.sql, cells);
      if (only_key) {
        set_member(map.slots[plan.returned.front()], object, use.connection().last_row_id());
      }
      continue;
    }
    const auto reader =
        use.read(plan.sql + " RETURNING " + join(columns_of(map, plan.returned), ", "),
                 values_of(cells), false, types_of(map, plan.returned));
    if (!reader->next()) continue;
    for (std::size_t i = 0; i < plan.returned.size(); ++i) {
      const Slot& slot = map.slots[plan.returned[i]];
      load_cell(*slot.member, slot.in(object), reader->row()[i], *slot.type, dialect);
    }
    finish(*reader);
  }
}

std::int64_t update_row(Engine& engine, const ClassMap& map, void* object,
                        const std::vector<std::size_t>& slots) {
  const Dialect& dialect = engine.dialect();
  std::int64_t found = -1;
  Use use(engine);
  for (const ModelPtr& owner : engine.plan(map).owners()) {
    std::vector<Value> parameters;
    std::vector<std::string> sets;
    std::vector<std::size_t> generated;
    for (std::size_t i = 0; i < map.slots.size(); ++i) {
      const Slot& slot = map.slots[i];
      if (slot.owner == owner && slot.member && slot.field->type == FieldType::generated) {
        generated.push_back(i);
      }
    }
    for (const std::size_t i : slots) {
      const Slot& slot = map.slots[i];
      if (slot.owner != owner) continue;
      parameters.push_back(dialect.to_database(slot_value(engine, map, i, object), *slot.type));
      sets.push_back(quote_identifier(column_name(*slot.field)) + " = " +
                     dialect.placeholder(parameters.size()));
    }
    if (sets.empty()) {
      if (found >= 0 || slots.size() != engine.plan(map).updated().size()) continue;
      // A row that is nothing but its key: it is there or it is not.
      const std::string where = key_where(engine, map, owner, object, parameters);
      const Rows rows =
          use.query("SELECT 1 FROM " + engine.paths().table(*owner) + where, parameters);
      found = rows.rows.empty() ? 0 : 1;
    } else {
      std::string sql = "UPDATE " + engine.paths().table(*owner) + " SET " + join(sets, ", ");
      sql += key_where(engine, map, owner, object, parameters);
      if (generated.empty()) {
        found = use.execute(sql, parameters);
      } else {
        const auto reader = use.read(sql + " RETURNING " + join(columns_of(map, generated), ", "),
                                     parameters, false, types_of(map, generated));
        found = 0;
        if (reader->next()) {
          found = 1;
          for (std::size_t i = 0; i < generated.size(); ++i) {
            const Slot& slot = map.slots[generated[i]];
            load_cell(*slot.member, slot.in(object), reader->row()[i], *slot.type, dialect);
          }
        }
        finish(*reader);
      }
    }
    if (found == 0) return 0;
  }
  return found < 0 ? 0 : found;
}

std::optional<BoundStatement> update_statement(Engine& engine, const ClassMap& map,
                                               const void* object,
                                               const std::vector<std::size_t>& slots) {
  const ClassPlan& plan = engine.plan(map);
  const bool computed = std::any_of(map.slots.begin(), map.slots.end(), [](const Slot& slot) {
    return slot.member && slot.field->type == FieldType::generated;
  });
  if (plan.owners().size() != 1 || slots.empty() || computed) return std::nullopt;
  BoundStatement statement;
  std::vector<std::string> sets;
  for (const std::size_t i : slots) {
    const Slot& slot = map.slots[i];
    statement.parameters.push_back(
        engine.dialect().to_database(slot_value(engine, map, i, object), *slot.type));
    sets.push_back(quote_identifier(column_name(*slot.field)) + " = " +
                   engine.dialect().placeholder(statement.parameters.size()));
  }
  const ModelPtr& owner = plan.owners().front();
  statement.sql = "UPDATE " + engine.paths().table(*owner) + " SET " + join(sets, ", ");
  statement.sql += key_where(engine, map, owner, object, statement.parameters);
  return statement;
}

Runner runner_for(Use& use) {
  Use* at = &use;
  Runner runner;
  runner.execute = [at](const std::string& sql, const std::vector<Value>& parameters) {
    return at->execute(sql, parameters);
  };
  runner.query = [at](const std::string& sql, const std::vector<Value>& parameters) {
    return at->query(sql, parameters);
  };
  runner.default_of = [at](const DefaultFunction& function, const Field& type) {
    return at->engine().mapping().default_of(function, type);
  };
  return runner;
}

}  // namespace turnstone::orm

namespace turnstone::detail {

using orm::Engine;

void save(Engine& engine, const ClassMap& map, void* object, const std::vector<std::string>* fields,
          bool insert) {
  const orm::ClassPlan& plan = engine.plan(map);
  const bool several = plan.owners().size() > 1;
  std::unique_ptr<orm::Together> together;
  if (several && !engine.current()) together = std::make_unique<orm::Together>(engine);
  if (fields) {
    std::vector<std::size_t> slots;
    for (const std::string& name : *fields) slots.push_back(map.slot(name));
    orm::prepare(engine, map, object, false);
    for (const std::size_t i : plan.updated()) {
      const bool listed = std::find(slots.begin(), slots.end(), i) != slots.end();
      if (map.slots[i].field->auto_now && !listed) slots.push_back(i);
    }
    if (orm::update_row(engine, map, object, slots) == 0) {
      none_found(map, "to update");
    }
  } else {
    const bool known = !insert && orm::has_key(map, object);
    std::int64_t found = 0;
    if (known) {
      orm::prepare(engine, map, object, false);
      found = orm::update_row(engine, map, object, plan.updated());
    }
    if (found == 0) {
      orm::prepare(engine, map, object, true);
      orm::insert_row(engine, map, object);
    }
  }
  if (together) together->commit();
}

std::int64_t remove(Engine& engine, const ClassMap& map, void* object) {
  if (!orm::has_key(map, object)) {
    throw Error(ErrorKind::misuse, "the " + map.name() + " has no key: it was never saved");
  }
  const Value key = engine.dialect().to_database(orm::key_value(map, object), *map.key_slot().type);
  orm::Together together(engine);
  orm::Use use(engine);
  orm::Remover remover(engine.paths(), orm::runner_for(use));
  remover.remove(orm::concrete(engine.mapping().state(), map.model), {{key}});
  remover.finish();
  together.commit();
  std::int64_t gone = 0;
  for (const auto& [model, count] : remover.removed()) gone += count;
  const ClassMap::Slot& slot = map.key_slot();
  if (is_auto(slot.type->type) && !is_relation(slot.field->type)) {
    orm::set_member(slot, object, std::int64_t{0});
  }
  return gone;
}

bool find(Engine& engine, const ClassMap& map, const Value& key, void* object) {
  if (is_null(key)) return false;
  const Field& type = *map.key_slot().type;
  const orm::ByKey& by_key = engine.plan(map).by_key();
  const bool number = std::holds_alternative<std::int64_t>(key) &&
                      engine.plan(map).passage(map.key).kind == Cell::Kind::integer;
  const Value fitting = number ? key : orm::literal_value(orm::literal_of(key), type);
  const std::vector<Value> parameters{engine.dialect().to_database(fitting, type)};
  orm::Use use(engine);
  const auto reader = use.read(by_key.sql, parameters, false, by_key.types);
  if (!reader->next()) return false;
  orm::load_row(map, object, reader->row(), engine.dialect());
  return true;
}

void refresh(Engine& engine, const ClassMap& map, void* object, const std::vector<std::string>&) {
  if (!orm::has_key(map, object) || !find(engine, map, orm::key_value(map, object), object)) {
    none_found(map, "to read again");
  }
}

std::int64_t update(Engine& engine, const Query& query, const std::vector<QueryColumn>& changes) {
  if (query.nothing || changes.empty()) return 0;
  const orm::Sentence sentence = orm::compile_update(engine.paths(), query, changes);
  orm::Use use(engine);
  return use.execute(sentence);
}

std::vector<std::pair<std::string, std::int64_t>> remove(Engine& engine, const Query& query) {
  const ModelPtr model =
      orm::concrete(engine.mapping().state(), engine.mapping().state().get(query.model));
  const std::string name = model->app + "." + model->name;
  std::vector<std::pair<std::string, std::int64_t>> gone{{name, 0}};
  if (query.nothing) return gone;
  orm::Together together(engine);
  orm::Use use(engine);
  orm::Remover remover(engine.paths(), orm::runner_for(use));
  const orm::Sentence direct = orm::compile_delete(engine.paths(), query);
  if (remover.alone(model)) {
    gone[0].second = use.execute(direct);
    together.commit();
    return gone;
  }
  Query keys = query;
  keys.ordered = true;
  keys.order.clear();
  keys.related.clear();
  for (QueryColumn& one : keys.annotations) one.hidden = true;
  std::vector<const Field*> types;
  for (const Field* field : orm::key_fields(*model)) {
    keys.columns.push_back({field->name, Expression::field(field->name)});
    types.push_back(&orm::value_type(engine.mapping().state(), *model, *field));
  }
  const orm::SelectSentence sentence = orm::compile_select(engine.paths(), keys);
  orm::Remover::Keys found;
  for (std::vector<Value>& row : use.query(sentence.sql, sentence.parameters).rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = engine.dialect().to_database(engine.dialect().from_database(row[i], *types[i]),
                                            *types[i]);
    }
    found.push_back(std::move(row));
  }
  remover.remove(model, found);
  remover.finish();
  together.commit();
  for (const auto& [other, count] : remover.removed()) {
    if (other == name) {
      gone[0].second = count;
    } else {
      gone.emplace_back(other, count);
    }
  }
  return gone;
}

void none_found(const ClassMap& map, const std::string& what) {
  throw DoesNotExist("there is no " + map.name() + " " + what);
}

void several_found(const ClassMap& map) {
  throw MultipleObjectsReturned("there is more than one " + map.name() + " that matches");
}

}  // namespace turnstone::detail
