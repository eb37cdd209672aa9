#include <turnstone/error.h>
#include <turnstone/identifier.h>

#include "orm/engine.h"
#include "orm/literals.h"
#include "orm/rows.h"

// Rows into objects, tuples and values.

namespace turnstone {
namespace orm {
namespace {

/// Field types whose text is the value itself.
bool is_plain_text(const Field& type) {
  return is_text(type.type) || type.type == FieldType::json || type.type == FieldType::custom ||
         type.type == FieldType::generic_ip_address || type.type == FieldType::search_vector;
}

}  // namespace

void load_cell(const MemberType& member, void* into, const Cell& cell, const Field& type,
               const Dialect& dialect) {
  if (cell.kind == Cell::Kind::text && !is_plain_text(type)) {
    // In the database's own spelling.
    const Value value = dialect.from_database(value_of(cell), type);
    member.load(into, cell_of(value), type);
    return;
  }
  member.load(into, cell, type);
}

void load_row(const ClassMap& map, void* object, std::span<const Cell> cells,
              const Dialect& dialect) {
  for (std::size_t i = 0; i < map.slots.size(); ++i) {
    const ClassMap::Slot& slot = map.slots[i];
    if (slot.member) load_cell(*slot.member, slot.in(object), cells[i], *slot.type, dialect);
  }
}

Value row_value(const Cell& cell, const Field& type, const Dialect& dialect) {
  const Value value = value_of(cell);
  return is_null(value) ? value : dialect.from_database(value, type);
}

Joined::Joined(const Engine& engine, const SelectSentence& sentence, const ClassMap& map, Make make)
    : engine_(engine), make_(std::move(make)) {
  for (const ResultRow& row : sentence.rows) {
    if (row.path.empty()) {
      maps_[""] = &map;
      continue;
    }
    const std::size_t cut = row.path.rfind("__");
    const std::string before = cut == std::string::npos ? "" : row.path.substr(0, cut);
    const std::string name = cut == std::string::npos ? row.path : row.path.substr(cut + 2);
    const ClassMap* parent = maps_.at(before);
    const ClassMap* target = engine.mapping().of_model(key_of(*row.model));
    if (!target) {
      throw Error(ErrorKind::misuse, "no class holds rows of " + row.model->app + "." +
                                         row.model->name + ": they cannot be loaded");
    }
    const ClassMap::Slot& slot = parent->slots[parent->slot(name)];
    if (!slot.member || !slot.member->attach) {
      throw Error(ErrorKind::bad_model, "\"" + name + "\" is no key of " + parent->name(), {},
                  "select_related joins keys; rows that are many come by prefetch_related");
    }
    maps_[row.path] = target;
    parts_.push_back({row, before, target, &slot});
  }
}

std::shared_ptr<void> Joined::made(const Part& part, std::span<const Cell> cells) const {
  if (make_) return make_(*part.map, cells.subspan(part.row.first), cells[part.row.key]);
  std::shared_ptr<void> object = part.map->make();
  load_row(*part.map, object.get(), cells.subspan(part.row.first), engine_.dialect());
  return object;
}

void Joined::attach(void* object, std::span<const Cell> cells) {
  objects_[""] = object;
  for (const Part& part : parts_) {
    void* before = objects_[part.before];
    objects_[part.row.path] = nullptr;
    if (!before || cells[part.row.key].kind == Cell::Kind::null) continue;
    const std::shared_ptr<void> row = made(part, cells);
    objects_[part.row.path] = row.get();
    // An object that is known already may have been given another key meanwhile.
    if (make_ && !refers(*part.slot, before, *part.map, row.get())) continue;
    part.slot->member->attach(part.slot->in(before), row);
  }
}

bool Joined::refers(const ClassMap::Slot& slot, const void* object, const ClassMap& map,
                    const void* row) {
  const std::string& to = slot.field->to_field;
  const ClassMap::Slot& key = to.empty() ? map.key_slot() : map.slots[map.slot(to)];
  return key.member && detail::value_of_member(*slot.member, slot.in(object)) ==
                           detail::value_of_member(*key.member, key.in(row));
}

}  // namespace orm

namespace detail {

using orm::Engine;
using orm::Use;

namespace {

/// The key, where the query asks for the row that has it and for nothing else: one statement serves
/// all of these, and none has to be compiled.
std::optional<Value> lone_key(const Query& query, const ClassMap& map) {
  const bool plain = query.combine == Query::Combine::none && query.filters.size() == 1 &&
                     query.offset == 0 && query.limit.value_or(1) > 0 && !query.lock &&
                     query.annotations.empty() && query.columns.empty() && query.related.empty();
  if (!plain || map.key_slot().type->type != map.key_slot().field->type) return std::nullopt;
  const Expression& filter = query.filters.front();
  if (filter.kind != Expression::Kind::call || filter.name != "=") return std::nullopt;
  const Expression& field = filter.arguments[0];
  const Expression& value = filter.arguments[1];
  const bool by_key =
      field.kind == Expression::Kind::field && value.kind == Expression::Kind::literal &&
      !value.type && value.value.is_integer() &&
      (is_integer(map.key_slot().type->type) || is_auto(map.key_slot().type->type)) &&
      (field.name == "pk" || field.name == map.key_slot().field->name);
  if (!by_key) return std::nullopt;
  return orm::literal_value(value.value, *map.key_slot().type);
}

}  // namespace

void fetch(Engine& engine, const Query& query, const ClassMap& map, const RowTarget& target,
           bool streaming) {
  if (query.nothing) return;
  if (streaming && !query.prefetch.empty()) {
    throw Error(ErrorKind::misuse, "rows that are streamed have nothing prefetched", map.name(),
                "read them in slices, or load() relations of some rows at a time");
  }
  if (const std::optional<Value> key = lone_key(query, map)) {
    const orm::ByKey& by_key = engine.plan(map).by_key();
    const std::vector<Value> parameters{engine.dialect().to_database(*key, *map.key_slot().type)};
    Use use(engine);
    const auto reader = use.read(by_key.sql, parameters, streaming, by_key.types);
    if (!reader->next()) return;
    void* object = target.next(target.context);
    orm::load_row(map, object, reader->row(), engine.dialect());
    if (target.filled) target.filled(target.context);
    return;
  }
  const orm::SelectSentence sentence = orm::compile_select(engine.paths(), query);
  orm::Joined joined(engine, sentence, map);
  Use use(engine);
  const auto reader = use.read(sentence, streaming);
  if (target.reserve && reader->expected() > 0) target.reserve(target.context, reader->expected());
  while (reader->next()) {
    const std::span<const Cell> cells = reader->row();
    void* object = target.next(target.context);
    orm::load_row(map, object, cells, engine.dialect());
    if (joined.any()) joined.attach(object, cells);
    if (target.filled && !target.filled(target.context)) return;
  }
}

namespace {

void read_tuples(const Engine& engine, CellReader& reader, const std::vector<const Field*>& types,
                 const TupleTarget& target) {
  std::vector<void*> places(target.types.size());
  while (reader.next()) {
    const std::span<const Cell> cells = reader.row();
    target.next(target.context, places.data());
    for (std::size_t i = 0; i < places.size(); ++i) {
      orm::load_cell(*target.types[i], places[i], cells[i], *types[i], engine.dialect());
    }
    if (target.filled && !target.filled(target.context)) return;
  }
}

/// Types of the columns: those of the query, where it knows them, else those of the members.
std::vector<const Field*> types_for(const std::vector<orm::ResultColumn>& columns,
                                    const TupleTarget& target, std::vector<Field>& made) {
  made.resize(target.types.size());
  std::vector<const Field*> types;
  for (std::size_t i = 0; i < target.types.size(); ++i) {
    if (i < columns.size() && columns[i].type) {
      types.push_back(columns[i].type);
      continue;
    }
    const MemberType* member = target.types[i];
    made[i].type = member->key ? member->key->type : member->type;
    types.push_back(&made[i]);
  }
  return types;
}

}  // namespace

void fetch(Engine& engine, const Query& query, const TupleTarget& target, bool streaming) {
  if (query.nothing) return;
  const orm::SelectSentence sentence = orm::compile_select(engine.paths(), query);
  std::vector<Field> made;
  const std::vector<const Field*> types = types_for(sentence.columns, target, made);
  Use use(engine);
  const auto reader = use.read(sentence, streaming);
  read_tuples(engine, *reader, types, target);
}

void aggregate(Engine& engine, const Query& query, const std::vector<QueryColumn>& columns,
               const TupleTarget& target) {
  const orm::SelectSentence sentence = orm::compile_aggregate(engine.paths(), query, columns);
  std::vector<Field> made;
  const std::vector<const Field*> types = types_for(sentence.columns, target, made);
  Use use(engine);
  const auto reader = use.read(sentence, false);
  read_tuples(engine, *reader, types, target);
}

void fetch(Engine& engine, const Query& query,
           const std::function<bool(const std::vector<std::string>&, std::vector<Value>&)>& visit,
           bool streaming) {
  if (query.nothing) return;
  const orm::SelectSentence sentence = orm::compile_select(engine.paths(), query);
  std::vector<std::string> names;
  for (const orm::ResultColumn& column : sentence.columns) names.push_back(column.name);
  Use use(engine);
  const auto reader = use.read(sentence, streaming);
  std::vector<Value> values(names.size());
  while (reader->next()) {
    const std::span<const Cell> cells = reader->row();
    for (std::size_t i = 0; i < values.size(); ++i) {
      const Field* type = sentence.columns[i].type;
      values[i] = type ? orm::row_value(cells[i], *type, engine.dialect()) : value_of(cells[i]);
    }
    if (!visit(names, values)) return;
    values.resize(names.size());
  }
}

void raw_rows(Engine& engine, const std::string& sql, const std::vector<Value>& parameters,
              const TupleTarget& target) {
  std::vector<Field> made;
  const std::vector<const Field*> types = types_for({}, target, made);
  Use use(engine);
  const auto reader = use.read(orm::raw_sql(sql, engine.dialect()),
                               orm::bare_values(parameters, engine.dialect()), false);
  std::vector<void*> places(target.types.size());
  while (reader->next()) {
    const std::span<const Cell> cells = reader->row();
    if (cells.size() != places.size()) {
      throw Error(ErrorKind::misuse, "the statement gives " + std::to_string(cells.size()) +
                                         " columns, and " + std::to_string(places.size()) +
                                         " are asked for");
    }
    target.next(target.context, places.data());
    for (std::size_t i = 0; i < places.size(); ++i) {
      orm::load_cell(*target.types[i], places[i], cells[i], *types[i], engine.dialect());
    }
  }
}

std::int64_t count(Engine& engine, const Query& query) {
  if (query.nothing) return 0;
  const orm::Sentence sentence = orm::compile_count(engine.paths(), query);
  Use use(engine);
  const Rows rows = use.query(sentence.sql, sentence.parameters);
  return std::get<std::int64_t>(rows.rows.at(0).at(0));
}

bool exists(Engine& engine, const Query& query) {
  if (query.nothing) return false;
  const orm::Sentence sentence = orm::compile_exists(engine.paths(), query);
  Use use(engine);
  return !use.query(sentence.sql, sentence.parameters).rows.empty();
}

std::string explain(Engine& engine, const Query& query, bool analyze) {
  const orm::SelectSentence sentence = orm::compile_select(engine.paths(), query);
  const bool sqlite = engine.dialect().name() == "sqlite";
  if (sqlite && analyze) {
    throw Error(ErrorKind::unsupported, "sqlite explains queries without running them", {},
                "leave analyze out");
  }
  Use use(engine);
  const Rows rows = use.query((sqlite    ? "EXPLAIN QUERY PLAN "
                               : analyze ? "EXPLAIN ANALYZE "
                                         : "EXPLAIN ") +
                                  sentence.sql,
                              sentence.parameters);
  std::string text;
  for (const std::vector<Value>& row : rows.rows) {
    if (!text.empty()) text += "\n";
    if (const auto* line = std::get_if<std::string>(&row.back())) text += *line;
  }
  return text;
}

std::string sql_of(Engine& engine, const Query& query) {
  return orm::compile_select(engine.paths(), query).sql;
}

Expression literal_expression(const Value& value) {
  return Expression::literal(orm::literal_of(value));
}

}  // namespace detail

namespace orm {

std::string raw_sql(const std::string& sql, const Dialect& dialect) {
  if (dialect.name() == "sqlite") return sql;
  std::string result;
  std::size_t places = 0;
  char quote = 0;
  for (const char c : sql) {
    if (quote) {
      if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '?') {
      result += dialect.placeholder(++places);
      continue;
    }
    result += c;
  }
  return result;
}

std::vector<Value> values_of(std::span<const Cell> cells) {
  std::vector<Value> values;
  values.reserve(cells.size());
  for (const Cell& cell : cells) values.push_back(value_of(cell));
  return values;
}

std::vector<Value> bare_values(const std::vector<Value>& values, const Dialect& dialect) {
  std::vector<Value> bare;
  bare.reserve(values.size());
  for (const Value& value : values) {
    bare.push_back(dialect.to_database(value, plain_type(FieldType::custom)));
  }
  return bare;
}

}  // namespace orm
}  // namespace turnstone
