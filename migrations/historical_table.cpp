#include "historical_table.h"

#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/schema/lower.h>

#include <algorithm>

namespace turnstone::migrations {
namespace {

/// The column of `order_with_respect_to`, which is no field.
const Field& order_field() {
  static const Field field = [] {
    Field order;
    order.name = "_order";
    order.type = FieldType::integer;
    return order;
  }();
  return field;
}

template <class Parsed>
Value parsed(const std::optional<Parsed>& value, const Value& otherwise) {
  return value ? Value(*value) : otherwise;
}

/// `value` as the type of the field wants it where a program wrote it more simply: text in the form
/// of files, whole numbers for decimals and floats, 0 and 1 for booleans.
Value adapted(const Value& value, const Field& type) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    if (type.type == FieldType::boolean) return *number != 0;
    if (type.type == FieldType::decimal) return Decimal(*number);
    if (type.type == FieldType::floating) return static_cast<double>(*number);
    return value;
  }
  const auto* text = std::get_if<std::string>(&value);
  if (!text) return value;
  switch (type.type) {
    case FieldType::decimal:
      return parsed(Decimal::try_parse(*text), value);
    case FieldType::uuid:
      return parsed(Uuid::try_parse(*text), value);
    case FieldType::date:
      return parsed(parse_date(*text), value);
    case FieldType::time:
      return parsed(parse_time(*text), value);
    case FieldType::date_time:
      return parsed(parse_date_time(*text), value);
    case FieldType::duration:
      return parsed(parse_duration(*text), value);
    default:
      return value;
  }
}

const char* built_in_function(const Field& field) {
  return field.type == FieldType::date ? "today" : "now";
}

std::string function_sql(const std::string& name, const Field& field, const Field& type,
                         const ModelState& model, const Dialect& dialect,
                         const Functions* functions) {
  if (name == "now" || name == "today" || name == "uuid4") {
    return dialect.function_value(name, type);
  }
  if (const DefaultFunctionBody* body = functions ? functions->find_default(name) : nullptr) {
    return dialect.literal((*body)(), type);
  }
  throw Error(ErrorKind::unsupported, "this executable has no default function \"" + name + "\"",
              model.app + "." + model.name + "." + field.name,
              functions ? did_you_mean(name, functions->names()) : std::string());
}

}  // namespace

std::string BoundSql::bind(Value value) {
  parameters.push_back(std::move(value));
  return dialect.placeholder(parameters.size());
}

HistoricalTable::HistoricalTable(const ModelPtr& model, const ProjectState& state,
                                 const Dialect& dialect)
    : state_(state), dialect_(dialect) {
  add(concrete_model(state, model));
  std::vector<std::string> names;
  for (const Slot& slot : slots_) names.push_back(slot.name);
  names_ = std::make_shared<const std::vector<std::string>>(std::move(names));
  from_ = " FROM " + own().table + " AS " + own().alias;
  for (std::size_t part = parts_.size(); part-- > 0;) {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      const Slot& link = slots_[i];
      if (link.part != part || link.parent == Slot::own_value) continue;
      const Part& parent = parts_[link.parent];
      from_ += " JOIN " + parent.table + " AS " + parent.alias + " ON " +
               qualified(parent.keys.front()) + " = " + qualified(i);
    }
  }
}

std::size_t HistoricalTable::add(const ModelPtr& model) {
  std::vector<std::pair<ModelKey, std::size_t>> parents;
  for (const std::string& base : model->bases) {
    const ModelPtr found = state_.find(key_from(base, model->app));
    if (!found) continue;
    const ModelPtr parent = concrete_model(state_, found);
    const auto link = [&](const Field& field) {
      return field.parent_link &&
             key_of(*concrete_model(state_, state_.target_model(*model, field))) == key_of(*parent);
    };
    if (std::none_of(model->fields.begin(), model->fields.end(), link)) continue;
    const auto known = [&](const Part& part) { return part.model == parent; };
    const auto at = std::find_if(parts_.begin(), parts_.end(), known);
    parents.emplace_back(key_of(*parent), at == parts_.end()
                                              ? add(parent)
                                              : static_cast<std::size_t>(at - parts_.begin()));
  }
  const std::size_t position = parts_.size();
  Part part;
  part.model = model;
  part.table = table_sql(database_table(*model, dialect_), dialect_);
  part.alias = quote_identifier("t" + std::to_string(position));
  for (const Field& field : model->fields) {
    if (!has_column(field)) continue;
    Slot slot;
    slot.field = &field;
    slot.type = &value_type(state_, *model, field);
    slot.part = position;
    slot.name = attribute_name(field);
    slot.column = quote_identifier(column_name(field));
    if (field.parent_link) {
      const ModelKey target = key_of(*concrete_model(state_, state_.target_model(*model, field)));
      for (const auto& [key, index] : parents) {
        if (key == target) slot.parent = index;
      }
    }
    slots_.push_back(std::move(slot));
  }
  if (!model->options.order_with_respect_to.empty()) {
    Slot slot;
    slot.field = slot.type = &order_field();
    slot.part = position;
    slot.name = "_order";
    slot.column = quote_identifier("_order");
    slots_.push_back(std::move(slot));
  }
  const Field* key = model->primary_key();
  for (std::size_t i = 0; key && i < slots_.size(); ++i) {
    const bool composite = key->type == FieldType::composite_primary_key;
    const std::vector<std::string>& names = key->fields;
    const bool part_of_key =
        composite ? std::find(names.begin(), names.end(), slots_[i].field->name) != names.end()
                  : slots_[i].field == key;
    if (slots_[i].part == position && part_of_key) part.keys.push_back(i);
  }
  parts_.push_back(std::move(part));
  return position;
}

std::size_t HistoricalTable::slot(const std::string& name) const {
  if (name == "pk" && keys().size() == 1) return keys().front();
  // The model's own fields hide those of its bases.
  for (std::size_t i = slots_.size(); i-- > 0;) {
    if (slots_[i].field->name == name || slots_[i].name == name) return i;
  }
  const ModelState& model = *own().model;
  throw Error(ErrorKind::bad_model,
              model.app + "." + model.name + " has no field \"" + name + "\" at this point", {},
              did_you_mean(name, *names_));
}

std::string HistoricalTable::qualified(std::size_t slot) const {
  return parts_[slots_[slot].part].alias + "." + slots_[slot].column;
}

std::string HistoricalTable::qualified(const std::vector<std::size_t>& slots) const {
  std::vector<std::string> columns;
  for (const std::size_t slot : slots) columns.push_back(qualified(slot));
  return join(columns, ", ");
}

Value HistoricalTable::to_column(std::size_t slot, const Value& value) const {
  const Field& type = *slots_[slot].type;
  return is_null(value) ? value : dialect_.to_database(adapted(value, type), type);
}

Value HistoricalTable::from_column(std::size_t slot, const Value& cell) const {
  return is_null(cell) ? cell : dialect_.from_database(cell, *slots_[slot].type);
}

std::string table_sql(const std::string& table, const Dialect& dialect) {
  const std::size_t dot = table.find('.');
  if (!dialect.features().schemas || dot == std::string::npos) return quote_identifier(table);
  return quote_identifier(table.substr(0, dot)) + "." + quote_identifier(table.substr(dot + 1));
}

ModelPtr concrete_model(const ProjectState& state, ModelPtr model) {
  while (model->options.proxy && !model->bases.empty()) {
    model = state.get(key_from(model->bases.front(), model->app));
  }
  return model;
}

const Field& value_type(const ProjectState& state, const ModelState& model, const Field& field) {
  const Field& type = resolved_field(state, model, field);
  return type.output_field ? *type.output_field : type;
}

std::string default_sql(const Field& field, const Field& type, const ModelState& model,
                        const Dialect& dialect, const Functions* functions) {
  if (!field.default_value) return "NULL";
  if (const auto* function = std::get_if<DefaultFunction>(&*field.default_value)) {
    return function_sql(function->name, field, type, model, dialect, functions);
  }
  return dialect.literal(std::get<Json>(*field.default_value), type);
}

std::string inserted_default(const Field& field, const Field& type, const ModelState& model,
                             const Dialect& dialect, const Functions* functions) {
  if (field.auto_now || field.auto_now_add) {
    return dialect.function_value(built_in_function(field), type);
  }
  if (field.default_value) return default_sql(field, type, model, dialect, functions);
  if (field.db_default || is_auto(field.type) || field.type == FieldType::generated) return {};
  const bool empty_text = !field.null && !is_relation(field.type) && !field.primary_key &&
                          accepts_empty_string(field.type);
  return empty_text ? dialect.literal(Json::of(""), type) : "NULL";
}

std::string key_condition(const std::vector<std::string>& columns,
                          const std::vector<std::vector<Value>>& keys, BoundSql& bound) {
  std::vector<std::string> alternatives;
  for (const std::vector<Value>& key : keys) {
    if (columns.size() == 1) {
      alternatives.push_back(bound.bind(key.front()));
      continue;
    }
    std::vector<std::string> equal;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      equal.push_back(columns[i] + " = " + bound.bind(key[i]));
    }
    alternatives.push_back("(" + join(equal, " AND ") + ")");
  }
  if (columns.size() == 1) return columns.front() + " IN (" + join(alternatives, ", ") + ")";
  return "(" + join(alternatives, " OR ") + ")";
}

}  // namespace turnstone::migrations
