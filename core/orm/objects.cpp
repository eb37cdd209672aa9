#include <turnstone/orm/objects.h>

#include <turnstone/error.h>
#include <turnstone/identifier.h>

#include <algorithm>

#include "orm/engine.h"
#include "orm/literals.h"
#include "orm/validation.h"

namespace turnstone {
namespace {

using Names = std::shared_ptr<const std::vector<std::string>>;

std::vector<Row> rows_of(orm::Engine& engine, const Query& query) {
  std::vector<Row> rows;
  Names shared;
  detail::fetch(
      engine, query,
      [&](const std::vector<std::string>& names, std::vector<Value>& values) {
        if (!shared) shared = std::make_shared<const std::vector<std::string>>(names);
        rows.emplace_back(shared, std::move(values));
        return true;
      },
      false);
  return rows;
}

std::optional<Row> first_row(orm::Engine& engine, const Query& query) {
  std::vector<Row> rows = rows_of(engine, query);
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

/// What a field without a value gets when a row is inserted; nothing: the database makes it.
std::optional<Value> default_value(const orm::Engine& engine, const Field& field,
                                   const Field& type) {
  const auto made = [&](const DefaultFunction& function) {
    return orm::literal_value(engine.mapping().default_of(function, type), type);
  };
  if (field.auto_now || field.auto_now_add) return made({"now"});
  if (field.default_value) {
    if (const auto* function = std::get_if<DefaultFunction>(&*field.default_value)) {
      return made(*function);
    }
    return orm::literal_value(std::get<Json>(*field.default_value), type);
  }
  if (field.db_default || is_auto(field.type) || field.type == FieldType::generated) {
    return std::nullopt;
  }
  const bool empty_text = !field.null && !is_relation(field.type) && !field.primary_key &&
                          accepts_empty_string(field.type);
  return empty_text ? Value(std::string()) : Value();
}

}  // namespace

Row::Row(std::shared_ptr<const std::vector<std::string>> names, std::vector<Value> values)
    : names_(std::move(names)), values_(std::move(values)) {}

const Value& Row::operator[](std::string_view name) const {
  for (std::size_t i = 0; i < names_->size(); ++i) {
    const std::string& own = (*names_)[i];
    if (own == name ||
        (own.size() == name.size() + 3 && own.ends_with("_id") && own.starts_with(name))) {
      return values_[i];
    }
  }
  throw Error(ErrorKind::bad_model, "the row has no column \"" + std::string(name) + "\"", {},
              did_you_mean(name, *names_));
}

Objects::Objects(const Database& database, ModelKey model)
    : QueryBase(database, Query{.model = std::move(model)}) {}

std::vector<Row> Objects::all() const { return rows_of(engine(), *query_); }

void Objects::each(const std::function<bool(const Row&)>& visit) const {
  Names shared;
  detail::fetch(
      engine(), *query_,
      [&](const std::vector<std::string>& names, std::vector<Value>& values) {
        if (!shared) shared = std::make_shared<const std::vector<std::string>>(names);
        return visit(Row(shared, std::move(values)));
      },
      true);
}

std::optional<Row> Objects::first() const {
  return first_row(engine(), detail::first_of(*query_, false));
}

std::optional<Row> Objects::last() const {
  return first_row(engine(), detail::first_of(*query_, true));
}

Row Objects::get() const {
  Query two = *query_;
  if (!two.limit || *two.limit > 2) two.limit = 2;
  std::vector<Row> rows = rows_of(engine(), two);
  const ModelPtr model = engine().mapping().state().get(query_->model);
  const std::string name = model->app + "." + model->name;
  if (rows.empty()) throw DoesNotExist("there is no " + name + " that matches");
  if (rows.size() > 1) {
    throw MultipleObjectsReturned("there is more than one " + name + " that matches");
  }
  return std::move(rows.front());
}

Objects Objects::values(const std::vector<std::string>& names) const {
  return changed([&](Query& q) {
    q.columns.clear();
    for (const std::string& name : names) q.columns.push_back({name, Expression::field(name)});
  });
}

Objects Objects::for_update(const LockOptions& options) const {
  return changed([&](Query& q) { detail::lock(q, options); });
}

Row Objects::create(const Values& values) const {
  orm::Engine& engine = this->engine();
  const orm::Paths& paths = engine.paths();
  const ModelPtr model = orm::concrete(paths.state(), paths.state().get(query_->model));
  const std::vector<orm::ModelColumn> columns = orm::model_columns(paths, model);
  std::vector<std::optional<Value>> given(columns.size());
  std::vector<std::string> names;
  for (const orm::ModelColumn& column : columns) names.push_back(column.name);
  for (const auto& [name, value] : values) {
    std::size_t at = columns.size();
    for (std::size_t i = columns.size(); i-- > 0 && at == columns.size();) {
      const bool key = name == "pk" && columns[i].field == paths.key(*model);
      if (key || columns[i].field->name == name || columns[i].name == name) at = i;
    }
    if (at == columns.size()) {
      throw Error(ErrorKind::bad_model,
                  model->app + "." + model->name + " has no field \"" + name + "\"", {},
                  did_you_mean(name, names));
    }
    const Field& type = *columns[at].type;
    given[at] = is_null(value) ? value : orm::literal_value(orm::literal_of(value), type);
    orm::validate(*columns[at].owner, *columns[at].field, type, *given[at]);
  }
  std::vector<ModelPtr> tables;
  for (const orm::ModelColumn& column : columns) {
    if (std::find(tables.begin(), tables.end(), column.owner) == tables.end()) {
      tables.push_back(column.owner);
    }
  }
  orm::Together together(engine);
  orm::Use use(engine);
  std::map<const Field*, Value> keys;  // of the tables so far
  for (const ModelPtr& table : tables) {
    std::vector<std::string> written;
    std::vector<std::string> places;
    std::vector<Value> parameters;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const orm::ModelColumn& column = columns[i];
      if (column.owner != table) continue;
      std::optional<Value> value = given[i];
      if (!value && column.field->parent_link) {
        const ModelPtr parent =
            orm::concrete(paths.state(), paths.state().target_model(*table, *column.field));
        const auto known = keys.find(paths.key(*parent));
        if (known != keys.end()) value = known->second;
      }
      if (!value) value = default_value(engine, *column.field, *column.type);
      if (!value) continue;
      written.push_back(quote_identifier(column_name(*column.field)));
      parameters.push_back(engine.dialect().to_database(*value, *column.type));
      places.push_back(engine.dialect().placeholder(parameters.size()));
    }
    std::string sql = "INSERT INTO " + paths.table(*table);
    sql += written.empty() ? " DEFAULT VALUES"
                           : " (" + join(written, ", ") + ") VALUES (" + join(places, ", ") + ")";
    const Field* key = paths.key(*table);
    if (!key || !has_column(*key)) {
      use.execute(sql, parameters);
      continue;
    }
    const Rows rows =
        use.query(sql + " RETURNING " + quote_identifier(column_name(*key)), parameters);
    keys[key] = engine.dialect().from_database(rows.rows.at(0).at(0),
                                               orm::value_type(paths.state(), *table, *key));
  }
  const auto made = keys.find(paths.key(*model));
  if (made == keys.end()) {
    together.commit();
    throw Error(ErrorKind::unsupported,
                "the row was made, and a key of several columns does not find it again");
  }
  Row row = filter("pk", made->second).get();
  together.commit();
  return row;
}

std::int64_t Objects::update(const Values& values) const {
  std::vector<QueryColumn> changes;
  for (const auto& [name, value] : values) {
    changes.push_back({name, detail::literal_expression(value)});
  }
  return detail::update(engine(), *query_, changes);
}

std::int64_t Objects::remove() const { return detail::remove(engine(), *query_).front().second; }

}  // namespace turnstone
