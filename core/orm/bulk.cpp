#include <turnstone/orm/bulk.h>

#include <turnstone/error.h>
#include <turnstone/identifier.h>

#include <algorithm>
#include <map>

#include "orm/literals.h"
#include "orm/rows.h"
#include "orm/writing.h"

// Many rows in few statements.

namespace turnstone::orm {
namespace {

/// Parameters of one statement: SQLite takes 32766, PostgreSQL 65535.
constexpr std::size_t most_parameters = 30000;
constexpr std::size_t batches_at_once = 8;
/// From so many rows on, COPY is quicker than INSERT.
constexpr std::size_t least_copied = 500;

std::size_t batch_rows(const Dialect& dialect, std::size_t columns, std::size_t wanted) {
  const std::size_t usual = dialect.name() == "sqlite" ? 50 : 1000;
  const std::size_t rows = wanted > 0 ? wanted : usual;
  return std::max<std::size_t>(1,
                               std::min(rows, most_parameters / std::max<std::size_t>(1, columns)));
}

std::string conflict_clause(const ClassMap& map, const BulkOptions& options) {
  if (options.ignore_conflicts) return " ON CONFLICT DO NOTHING";
  if (options.update_fields.empty()) return "";
  if (options.unique_fields.empty()) {
    throw Error(ErrorKind::misuse, "update_fields needs unique_fields: which rule is meant",
                map.name());
  }
  std::vector<std::size_t> unique;
  for (const std::string& name : options.unique_fields) unique.push_back(map.slot(name));
  std::vector<std::string> sets;
  for (const std::string& name : options.update_fields) {
    const std::string column = quote_identifier(column_name(*map.slots[map.slot(name)].field));
    sets.push_back(column + " = excluded." + column);
  }
  return " ON CONFLICT (" + join(columns_of(map, unique), ", ") + ") DO UPDATE SET " +
         join(sets, ", ");
}

/// Objects of one class whose rows have the same columns.
class Inserts {
 public:
  Inserts(Engine& engine, const ClassMap& map, const InsertPlan& plan, const BulkOptions& options)
      : engine_(engine), map_(map), plan_(plan), options_(options) {}

  void write(const std::vector<void*>& objects) {
    if (plan_.written.empty()) {
      for (void* object : objects) insert_row(engine_, map_, object);
      return;
    }
    if (copied(objects)) return;
    const std::size_t rows = batch_rows(engine_.dialect(), plan_.written.size(), options_.batch);
    Written written(engine_, map_, rows * plan_.written.size());
    std::string text;  // of a full batch
    for (std::size_t begin = 0; begin < objects.size(); begin += rows) {
      const std::size_t count = std::min(rows, objects.size() - begin);
      if (count != rows || text.empty()) text = statement(count);
      batch(written, text, objects, begin, count);
    }
  }

 private:
  bool returns() const {
    return options_.keys && !plan_.returned.empty() && !options_.ignore_conflicts;
  }

  /// Many rows take the shortest way there is, where they want nothing back or keys alone, which
  /// are then asked for ahead.
  bool copied(const std::vector<void*>& objects) {
    const bool plain = !options_.ignore_conflicts && options_.update_fields.empty();
    if (!plain || objects.size() < least_copied) return false;
    if (returns() && !only_key()) return false;
    const std::string table = engine_.paths().table(*plan_.owner);
    std::vector<std::size_t> slots = plan_.written;
    std::vector<std::int64_t> keys;
    Use use(engine_);
    if (returns()) {
      const std::size_t key = plan_.returned.front();
      keys = use.reserve_keys(table, columns_of(map_, {key}).front(), objects.size());
      if (keys.empty()) return false;
      slots.push_back(key);
    }
    std::size_t at = 0;
    Written written(engine_, map_, plan_.written.size());
    const bool done = use.copy_rows(table, columns_of(map_, slots), types_of(map_, slots),
                                    [&](std::span<Cell> row) {
                                      if (at == objects.size()) return false;
                                      fill(written, objects[at], row.data(), 0);
                                      if (!keys.empty()) row.back() = cell_of(keys[at]);
                                      ++at;
                                      return true;
                                    });
    for (std::size_t i = 0; done && i < keys.size(); ++i) {
      set_member(map_.slots[plan_.returned.front()], objects[i], keys[i]);
    }
    return done;
  }

  /// An automatic key is all that comes back.
  bool only_key() const {
    return plan_.returned.size() == 1 && is_auto(map_.slots[plan_.returned.front()].field->type);
  }

  /// The cells of one object from `cells` on; `place`: of the first among those of `written`.
  void fill(Written& written, const void* object, Cell* cells, std::size_t place) {
    for (std::size_t i = 0; i < plan_.written.size(); ++i) {
      written.put(plan_.written[i], object, cells[i], place + i);
    }
  }

  std::string statement(std::size_t rows) const {
    std::string sql = "INSERT INTO " + engine_.paths().table(*plan_.owner) + " (" +
                      join(columns_of(map_, plan_.written), ", ") + ") VALUES ";
    std::size_t position = 0;
    for (std::size_t row = 0; row < rows; ++row) {
      sql += row == 0 ? "(" : ", (";
      for (std::size_t i = 0; i < plan_.written.size(); ++i) {
        if (i > 0) sql += ", ";
        sql += engine_.dialect().placeholder(++position);
      }
      sql += ")";
    }
    sql += conflict_clause(map_, options_);
    if (returns() && !counts_keys()) {
      sql += " RETURNING " + join(columns_of(map_, plan_.returned), ", ");
    }
    return sql;
  }

  /// SQLite gives the rows of one statement keys in sequence: the last one tells them all.
  bool counts_keys() const {
    return engine_.dialect().name() == "sqlite" && options_.update_fields.empty() && only_key();
  }

  void batch(Written& written, const std::string& text, const std::vector<void*>& objects,
             std::size_t begin, std::size_t count) {
    const std::size_t columns = plan_.written.size();
    cells_.resize(count * columns);
    for (std::size_t i = 0; i < count; ++i) {
      fill(written, objects[begin + i], &cells_[i * columns], i * columns);
    }
    Use use(engine_);
    if (!returns() || counts_keys()) {
      use.execute_cells(text, cells_);
      if (!returns()) return;
      const std::int64_t last = use.connection().last_row_id();
      for (std::size_t i = 0; i < count; ++i) {
        set_member(map_.slots[plan_.returned.front()], objects[begin + i],
                   last - static_cast<std::int64_t>(count - 1 - i));
      }
      return;
    }
    const auto reader = use.read(text, values_of(cells_), false, types_of(map_, plan_.returned));
    for (std::size_t i = 0; i < count && reader->next(); ++i) {
      for (std::size_t j = 0; j < plan_.returned.size(); ++j) {
        const ClassMap::Slot& slot = map_.slots[plan_.returned[j]];
        load_cell(*slot.member, slot.in(objects[begin + i]), reader->row()[j], *slot.type,
                  engine_.dialect());
      }
    }
    while (reader->next()) {
      // The statement has succeeded only once it has come to its end.
    }
  }

  Engine& engine_;
  const ClassMap& map_;
  const InsertPlan& plan_;
  const BulkOptions& options_;
  std::vector<Cell> cells_{};  ///< of one batch
};

}  // namespace
}  // namespace turnstone::orm

namespace turnstone::detail {

using orm::Engine;

void bulk_create(Engine& engine, const ClassMap& map, const std::vector<void*>& objects,
                 const BulkOptions& options) {
  if (objects.empty()) return;
  orm::Together together(engine);
  for (void* object : objects) orm::prepare(engine, map, object, true);
  const orm::ClassPlan& plan = engine.plan(map);
  if (plan.owners().size() > 1) {
    // A row in each of several tables, the later ones with the keys of the first.
    for (void* object : objects) orm::insert_row(engine, map, object);
    together.commit();
    return;
  }
  // Objects that leave the same to the database are inserted together.
  std::vector<std::pair<std::string, std::vector<void*>>> groups;
  std::size_t at = 0;
  for (void* object : objects) {
    std::string left = plan.left_out(object);
    if (groups.empty() || groups[at].first != left) {
      at = static_cast<std::size_t>(
          std::find_if(groups.begin(), groups.end(),
                       [&](const auto& group) { return group.first == left; }) -
          groups.begin());
      if (at == groups.size()) groups.emplace_back(std::move(left), std::vector<void*>{});
    }
    groups[at].second.push_back(object);
  }
  for (const auto& [left, members] : groups) {
    orm::Inserts(engine, map, plan.insert(0, left), options).write(members);
  }
  together.commit();
}

std::int64_t bulk_update(Engine& engine, const ClassMap& map, const std::vector<void*>& objects,
                         const std::vector<std::string>& fields, std::size_t batch) {
  if (objects.empty()) return 0;
  if (fields.empty()) {
    throw Error(ErrorKind::misuse, "bulk_update needs the fields it writes", map.name());
  }
  std::vector<std::size_t> slots;
  for (const std::string& name : fields) {
    const std::size_t at = map.slot(name);
    if (at == map.key) {
      throw Error(ErrorKind::misuse, "bulk_update cannot change primary keys", map.name());
    }
    slots.push_back(at);
  }
  for (const std::size_t i : engine.plan(map).updated()) {
    const bool listed = std::find(slots.begin(), slots.end(), i) != slots.end();
    if (map.slots[i].field->auto_now && !listed) slots.push_back(i);
  }
  orm::Together together(engine);
  orm::Use use(engine);
  const Dialect& dialect = engine.dialect();
  std::int64_t found = 0;
  for (const ModelPtr& owner : engine.plan(map).owners()) {
    std::vector<std::size_t> own;
    for (const std::size_t i : slots) {
      if (map.slots[i].owner == owner) own.push_back(i);
    }
    if (own.empty()) continue;
    const Field* key = engine.paths().key(*owner);
    const Field& key_type = orm::value_type(engine.mapping().state(), *owner, *key);
    const std::size_t rows = std::max<std::size_t>(
        1, std::min(batch > 0 ? batch : 500, std::size_t{30000} / (own.size() + 1)));
    // Some batches at a time are sent without waiting for each.
    std::vector<BoundStatement> statements;
    const auto send = [&] {
      for (const std::int64_t count : use.execute_all(std::exchange(statements, {}))) {
        if (owner == map.slots[slots.front()].owner) found += count;
      }
    };
    for (std::size_t begin = 0; begin < objects.size(); begin += rows) {
      std::vector<Value> parameters;
      std::string values;
      const std::size_t end = std::min(objects.size(), begin + rows);
      for (std::size_t i = begin; i < end; ++i) {
        void* object = objects[i];
        if (!orm::has_key(map, object)) {
          throw Error(ErrorKind::misuse, "a " + map.name() + " of bulk_update has no key", {},
                      "save it first");
        }
        orm::prepare(engine, map, object, false);
        parameters.push_back(dialect.to_database(orm::key_value(map, object), key_type));
        values += (i == begin ? "(" : ", (") + dialect.parameter(parameters.size(), key_type);
        for (const std::size_t slot : own) {
          const Field& type = *map.slots[slot].type;
          parameters.push_back(
              dialect.to_database(orm::slot_value(engine, map, slot, object), type));
          values += ", " + dialect.parameter(parameters.size(), type);
        }
        values += ")";
      }
      std::vector<std::string> sets;
      for (std::size_t i = 0; i < own.size(); ++i) {
        sets.push_back(quote_identifier(column_name(*map.slots[own[i]].field)) + " = v.column" +
                       std::to_string(i + 2));
      }
      statements.push_back({"UPDATE " + engine.paths().table(*owner) + " AS t SET " +
                                join(sets, ", ") + " FROM (VALUES " + values + ") AS v WHERE t." +
                                quote_identifier(column_name(*key)) + " = v.column1",
                            std::move(parameters)});
      if (statements.size() == orm::batches_at_once) send();
    }
    send();
  }
  together.commit();
  return found;
}

void take_equalities(const ClassMap& map, const Expression& condition, void* object) {
  if (condition.kind != Expression::Kind::call) return;
  if (condition.name == "and") {
    for (const Expression& part : condition.arguments) take_equalities(map, part, object);
    return;
  }
  if (condition.name != "=" || condition.arguments[0].kind != Expression::Kind::field ||
      condition.arguments[1].kind != Expression::Kind::literal) {
    return;
  }
  const std::string& name = condition.arguments[0].name;
  if (name.find("__") != std::string::npos) return;  // of another row
  const ClassMap::Slot& slot = map.slots[map.slot(name)];
  if (!slot.member) return;
  orm::set_member(slot, object, orm::literal_value(condition.arguments[1].value, *slot.type));
}

}  // namespace turnstone::detail
