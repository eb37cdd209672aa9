#include "support/random_models.h"

#include <turnstone/identifier.h>

#include <algorithm>

#include "support/field_samples.h"

namespace turnstone::test {

Json sample_default(const Field& field) {
  if (is_integer(field.type)) return Json::of(7);
  switch (field.type) {
    case FieldType::boolean:
      return Json::of(true);
    case FieldType::floating:
      return Json::of(1.5);
    case FieldType::decimal:
      return Json::of("2.50");
    case FieldType::date:
      return Json::of("2026-11-25");
    case FieldType::date_time:
      return Json::of("2026-11-25T10:20:30Z");
    case FieldType::time:
      return Json::of("10:20:30");
    case FieldType::duration:
      return Json::of("P1DT02H03M04S");
    case FieldType::uuid:
      return Json::of("12345678-1234-4234-8234-123456789abc");
    case FieldType::json:
      return Json::parse(R"({"a":[1,2]})");
    case FieldType::binary:
      return Json::of("AQID");
    case FieldType::generic_ip_address:
      return Json::of("10.0.0.1");
    case FieldType::array:
      return Json::parse(R"(["a","b\"c"])");
    case FieldType::integer_range:
    case FieldType::big_integer_range:
    case FieldType::decimal_range:
    case FieldType::date_range:
    case FieldType::date_time_range:
      return sample_range(field.type);
    case FieldType::search_vector:
      return Json::of("'cat' 'dog'");
    default:
      return Json::of("x'\"y");
  }
}

std::string RandomModels::fresh(const std::string& prefix) {
  return prefix + std::to_string(++counter_);
}

ModelKey RandomModels::pick_model() {
  const std::vector<ModelKey> keys = state_.keys();
  return keys[below(static_cast<std::uint32_t>(keys.size()))];
}

ModelKey RandomModels::pick_table() {
  for (int i = 0; i < 20; ++i) {
    const ModelKey key = pick_model();
    if (!state_.get(key)->options.proxy) return key;
  }
  return state_.keys().front();
}

ModelKey RandomModels::pick_target() {
  for (int i = 0; i < 20; ++i) {
    const ModelKey key = pick_model();
    if (state_.get(key)->options.managed) return key;
  }
  return state_.keys().front();
}

void RandomModels::change() {
  renames_ = {};
  log_.clear();
  touched_.clear();
  const std::uint32_t changes = 1 + below(4);
  for (std::uint32_t i = 0; i < changes; ++i) one_change();
}

void RandomModels::one_change() {
  if (state_.size() < 2) return add_model();
  if (rich() && below(3) == 0) return rich_change();
  switch (below(other_app_.empty() ? 16 : 18)) {
    case 0:
    case 1:
      return add_model();
    case 2:
      return delete_model();
    case 3:
      return rename_model();
    case 4:
    case 5:
    case 6:
      return add_field();
    case 7:
      return remove_field();
    case 8:
      return rename_field();
    case 9:
    case 10:
    case 11:
      return alter_field();
    case 12:
      return change_index();
    case 13:
      return change_constraint();
    case 14:
      return change_together();
    case 15:
      return change_table();
    default:
      return move_model();
  }
}

Field RandomModels::random_field(const std::string& name) {
  static const FieldType types[] = {
      FieldType::character,     FieldType::text,        FieldType::integer,
      FieldType::big_integer,   FieldType::boolean,     FieldType::decimal,
      FieldType::date,          FieldType::date_time,   FieldType::uuid,
      FieldType::json,          FieldType::floating,    FieldType::slug,
      FieldType::duration,      FieldType::time,        FieldType::positive_integer,
      FieldType::small_integer, FieldType::binary,      FieldType::generic_ip_address,
      FieldType::foreign_key,   FieldType::foreign_key, FieldType::many_to_many,
      FieldType::one_to_one};
  Field field{.name = name, .type = types[below(std::size(types))]};
  if (rich() && below(3) == 0) field.type = rich_type();
  if (is_relation(field.type)) {
    const ModelPtr target = state_.get(pick_target());
    field.to = target->app + "." + target->name;
    if (field.type != FieldType::many_to_many) {
      field.on_delete = OnDelete::cascade;
      field.null = true;
      field.db_on_delete = rich() && below(3) == 0;
    }
    return field;
  }
  if (field.type == FieldType::array) {
    field.base_field =
        std::make_shared<const Field>(Field{.type = FieldType::character, .max_length = 20});
  }
  if (field.type == FieldType::character) field.max_length = 20 + static_cast<int>(below(5)) * 10;
  if (field.type == FieldType::decimal) {
    field.max_digits = 10;
    field.decimal_places = 2;
  }
  field.null = below(2) == 0;
  if (rich() && field.type == FieldType::character && below(3) == 0) {
    field.choices = {sample_default(field), Json::of("other")};
    field.choices_check = true;
  }
  if (!field.null || below(3) == 0) field.default_value = sample_default(field);
  const bool indexable = field.type != FieldType::json && field.type != FieldType::binary;
  if (indexable && below(4) == 0) field.db_index = true;
  if (indexable && field.null && !field.default_value && below(6) == 0) field.unique = true;
  // One value for all rows that are there would not be unique.
  if (below(5) == 0 && field.type != FieldType::json && !field.unique) {
    field.db_default = Expression::literal(sample_default(field));
  }
  return field;
}

FieldType RandomModels::rich_type() {
  static const FieldType common[] = {
      FieldType::email,     FieldType::url,       FieldType::file,
      FieldType::image,     FieldType::file_path, FieldType::positive_small_integer,
      FieldType::character, FieldType::character, FieldType::positive_big_integer};
  static const FieldType own[] = {
      FieldType::array,         FieldType::integer_range, FieldType::big_integer_range,
      FieldType::decimal_range, FieldType::date_range,    FieldType::date_time_range,
      FieldType::search_vector};
  if (vocabulary_ == Vocabulary::postgresql && below(2) == 0) return own[below(std::size(own))];
  return common[below(std::size(common))];
}

void RandomModels::rich_change() {
  switch (below(10)) {
    case 0:
      return add_heir();
    case 1:
      return add_proxy();
    case 2:
      return add_unmanaged();
    case 3:
    case 4:
      return add_generated();
    case 5:
    case 6:
      return change_order();
    case 7:
      return change_comment();
    default:
      return change_type();
  }
}

void RandomModels::add_heir() {
  const ModelPtr base = state_.get(pick_target());
  if (base->options.proxy || !base->bases.empty()) return;
  ModelState model{.app = "lab", .name = fresh("Heir")};
  model.bases = {base->app + "." + base->name};
  Field link{.name = lower_case(base->name) + "_ptr", .type = FieldType::one_to_one};
  link.primary_key = true;
  link.to = model.bases.front();
  link.on_delete = OnDelete::cascade;
  link.parent_link = true;
  model.fields = {link, random_field(fresh("f"))};
  touched_.insert(key_of(model).text());
  log_.push_back("add heir " + model.name + " of " + base->name);
  state_.set(std::move(model));
}

void RandomModels::add_proxy() {
  const ModelPtr base = state_.get(pick_target());
  ModelState model{.app = "lab", .name = fresh("Proxy")};
  model.options.proxy = true;
  model.bases = {base->app + "." + base->name};
  touched_.insert(key_of(model).text());
  log_.push_back("add proxy " + model.name + " of " + base->name);
  state_.set(std::move(model));
}

void RandomModels::add_unmanaged() {
  ModelState model{.app = "lab", .name = fresh("Unmanaged")};
  model.options.managed = false;
  model.fields = {Field{.name = "id", .type = FieldType::big_auto_field, .primary_key = true},
                  random_field(fresh("f"))};
  touched_.insert(key_of(model).text());
  log_.push_back("add unmanaged " + model.name);
  state_.set(std::move(model));
}

void RandomModels::add_generated() {
  ModelState model = *state_.get(pick_table());
  for (const Field& field : model.fields) {
    const bool number = is_integer(field.type);
    if (!number && field.type != FieldType::character) continue;
    if (below(2) == 0) continue;
    Field computed{.name = fresh("f"), .type = FieldType::generated};
    const Expression source = Expression::field(field.name);
    computed.expression = number ? Expression::call("*", {source, Expression::literal(Json::of(2))})
                                 : Expression::call("upper", {source});
    computed.output_field = std::make_shared<const Field>(
        Field{.type = number ? FieldType::big_integer : FieldType::text});
    computed.db_persist = vocabulary_ == Vocabulary::postgresql || below(2) == 0;
    if (below(3) == 0) computed.db_index = true;
    touched_.insert(key_of(model).text() + "." + computed.name);
    touched_.insert(key_of(model).text() + "." + field.name);
    log_.push_back("add generated " + model.name + "." + computed.name);
    model.fields.push_back(std::move(computed));
    return state_.set(std::move(model));
  }
}

void RandomModels::change_order() {
  ModelState model = *state_.get(pick_table());
  if (!touched_.insert(key_of(model).text() + " order").second) return;
  std::string& order = model.options.order_with_respect_to;
  if (!order.empty()) {
    log_.push_back("no order of " + model.name);
    order.clear();
    return state_.set(std::move(model));
  }
  for (const Field& field : model.fields) {
    if (field.type != FieldType::foreign_key) continue;
    log_.push_back("order " + model.name + " by " + field.name);
    order = field.name;
    return state_.set(std::move(model));
  }
}

void RandomModels::change_comment() {
  ModelState model = *state_.get(pick_table());
  model.options.db_table_comment = model.options.db_table_comment.empty() ? fresh("it's ") : "";
  log_.push_back("comment on " + model.name);
  state_.set(std::move(model));
}

/// To a type that every value fits into.
void RandomModels::change_type() {
  ModelState model = *state_.get(pick_table());
  for (Field& field : model.fields) {
    if (touched_.contains(key_of(model).text() + "." + field.name)) continue;
    if (field.primary_key || used(model, field.name) || below(2) == 0) continue;
    Field changed = field;
    if (is_integer(field.type) || field.type == FieldType::uuid) {
      changed.type = FieldType::text;
    } else if (field.type == FieldType::boolean) {
      changed.type = FieldType::integer;
    } else if (field.type == FieldType::date) {
      changed.type = FieldType::date_time;
    } else if (field.type == FieldType::generic_ip_address || is_text(field.type)) {
      changed.type = FieldType::text;
      changed.max_length.reset();
      changed.choices.clear();
      changed.choices_check = false;
    } else {
      continue;
    }
    if (changed.default_value) changed.default_value = sample_default(changed);
    if (changed.db_default) changed.db_default = Expression::literal(sample_default(changed));
    touched_.insert(key_of(model).text() + "." + field.name);
    log_.push_back("change type of " + model.name + "." + field.name);
    field = std::move(changed);
    return state_.set(std::move(model));
  }
}

void RandomModels::alter_rich(Field& field) {
  if (is_foreign_key(field.type)) {
    field.db_on_delete = !field.db_on_delete && field.db_constraint;
  } else if (field.choices_check) {
    field.choices.push_back(Json::of(fresh("c")));
  } else {
    field.db_comment = field.db_comment.empty() ? fresh("it's ") : "";
  }
}

void RandomModels::add_model() {
  ModelState model{.app = "lab", .name = fresh("Model")};
  model.fields.push_back(
      Field{.name = "id", .type = FieldType::big_auto_field, .primary_key = true});
  const std::uint32_t count = 1 + below(4);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::string name = fresh("f");
    if (state_.size() == 0) {
      model.fields.push_back(
          Field{.name = name, .type = FieldType::character, .null = true, .max_length = 20});
    } else {
      model.fields.push_back(random_field(name));
    }
  }
  touched_.insert(key_of(model).text());
  log_.push_back("add model " + model.name);
  state_.set(std::move(model));
}

void RandomModels::delete_model() {
  const ModelKey key = pick_model();
  if (!state_.referrers(key).empty() || touched_.contains(key.text())) return;
  log_.push_back("delete model " + key.model);
  state_.erase(key);
}

void RandomModels::rename_model() {
  const ModelKey key = pick_model();
  if (!touched_.insert(key.text()).second) return;
  ModelState model = *state_.get(key);
  const std::string from = model.app + "." + model.name;
  model.name = fresh("Renamed");
  const std::string to = model.app + "." + model.name;
  touched_.insert(key_of(model).text());
  log_.push_back("rename model " + from + " to " + to);
  renames_.models[key] = model.name;
  replace_model(key, std::move(model));
}

void RandomModels::move_model() {
  const ModelKey key = pick_model();
  ModelState model = *state_.get(key);
  model.app = model.app == "lab" ? other_app_ : "lab";
  if (state_.contains(key_of(model)) || !touched_.insert(key.text()).second) return;
  touched_.insert(key_of(model).text());
  log_.push_back("move model " + key.text() + " to " + model.app);
  renames_.moves[key] = model.app;
  replace_model(key, std::move(model));
}

void RandomModels::replace_model(const ModelKey& key, ModelState model) {
  const std::string from = key.app + "." + state_.get(key)->name;
  const std::string to = model.app + "." + model.name;
  const std::vector<ModelKey> referrers = state_.referrers(key);
  for (Field& field : model.fields) {
    if (field.to == from) field.to = to;
  }
  std::replace(model.bases.begin(), model.bases.end(), from, to);
  state_.erase(key);
  state_.set(std::move(model));
  for (const ModelKey& referrer : referrers) {
    ModelState other = *state_.get(referrer);
    for (Field& field : other.fields) {
      if (lower_case(field.to) == lower_case(from)) field.to = to;
    }
    std::replace(other.bases.begin(), other.bases.end(), from, to);
    touched_.insert(referrer.text());
    state_.set(std::move(other));
  }
}

void RandomModels::add_field() {
  ModelState model = *state_.get(pick_table());
  Field field = random_field(fresh("f"));
  touched_.insert(key_of(model).text() + "." + field.name);
  log_.push_back("add field " + model.name + "." + field.name);
  model.fields.push_back(std::move(field));
  state_.set(std::move(model));
}

bool RandomModels::used(const ModelState& model, const std::string& field) {
  if (model.options.order_with_respect_to == field) return true;
  for (const Field& other : model.fields) {
    if (other.expression &&
        any_field(*other.expression, [&](const std::string& name) { return name == field; })) {
      return true;
    }
  }
  const auto& together = model.options.unique_together;
  if (std::any_of(together.begin(), together.end(), [&](const auto& names) {
        return std::find(names.begin(), names.end(), field) != names.end();
      })) {
    return true;
  }
  if (std::any_of(model.options.indexes.begin(), model.options.indexes.end(),
                  [&](const Index& index) {
                    return index.fields.front() == field || index.fields.front() == "-" + field;
                  })) {
    return true;
  }
  return std::any_of(model.options.constraints.begin(), model.options.constraints.end(),
                     [&](const Constraint& constraint) {
                       if (const auto* check = std::get_if<CheckConstraint>(&constraint)) {
                         return any_field(check->condition,
                                          [&](const std::string& name) { return name == field; });
                       }
                       const auto* unique = std::get_if<UniqueConstraint>(&constraint);
                       return unique && unique->fields.front() == field;
                     });
}

void RandomModels::remove_field() {
  ModelState model = *state_.get(pick_table());
  if (model.fields.size() < 3) return;
  const Field field = model.fields[1 + below(static_cast<std::uint32_t>(model.fields.size() - 1))];
  const std::string key = key_of(model).text() + "." + field.name;
  if (used(model, field.name) || touched_.contains(key)) return;
  log_.push_back("remove field " + model.name + "." + field.name);
  std::erase_if(model.fields, [&](const Field& f) { return f.name == field.name; });
  state_.set(std::move(model));
}

void RandomModels::rename_field() {
  ModelState model = *state_.get(pick_table());
  if (model.fields.size() < 2) return;
  Field& field = model.fields[1 + below(static_cast<std::uint32_t>(model.fields.size() - 1))];
  if (!touched_.insert(key_of(model).text() + "." + field.name).second) return;
  const std::string from = field.name;
  const std::string to = fresh("f");
  touched_.insert(key_of(model).text() + "." + to);
  log_.push_back("rename field " + model.name + "." + from + " to " + to);
  renames_.fields.insert({from, to});
  field.name = to;
  if (model.options.order_with_respect_to == from) model.options.order_with_respect_to = to;
  for (Field& other : model.fields) {
    if (other.expression) other.expression = renamed_field(*other.expression, from, to);
  }
  for (auto& names : model.options.unique_together) {
    std::replace(names.begin(), names.end(), from, to);
  }
  for (Index& index : model.options.indexes) {
    for (std::string& name : index.fields) {
      if (name == from) name = to;
      if (name == "-" + from) name = "-" + to;
    }
    if (index.condition) index.condition = renamed_field(*index.condition, from, to);
  }
  for (Constraint& constraint : model.options.constraints) {
    if (auto* check = std::get_if<CheckConstraint>(&constraint)) {
      check->condition = renamed_field(check->condition, from, to);
    } else if (auto* unique = std::get_if<UniqueConstraint>(&constraint)) {
      std::replace(unique->fields.begin(), unique->fields.end(), from, to);
    }
  }
  state_.set(std::move(model));
}

void RandomModels::alter_field() {
  ModelState model = *state_.get(pick_table());
  if (model.fields.size() < 2) return;
  Field& field = model.fields[1 + below(static_cast<std::uint32_t>(model.fields.size() - 1))];
  if (touched_.contains(key_of(model).text() + "." + field.name)) return;
  if (field.type == FieldType::many_to_many) return;
  touched_.insert(key_of(model).text() + "." + field.name);
  log_.push_back("alter field " + model.name + "." + field.name);
  if (rich() && below(3) == 0) {
    alter_rich(field);
    return state_.set(std::move(model));
  }
  if (field.type == FieldType::generated) {
    field.db_index = !field.db_index.value_or(false);
    return state_.set(std::move(model));
  }
  if (is_relation(field.type)) {
    field.db_index = field.db_index.value_or(true) && field.type == FieldType::foreign_key
                         ? std::optional<bool>(false)
                         : std::nullopt;
    if (below(3) == 0) field.db_constraint = !field.db_constraint;
    if (!field.db_constraint) field.db_on_delete = false;
    return state_.set(std::move(model));
  }
  switch (below(5)) {
    case 0:  // widen
      if (field.type == FieldType::character) {
        if (below(2) == 0) {
          field.max_length = *field.max_length + 30;
        } else {
          field.type = FieldType::text;
          field.max_length.reset();
        }
      } else if (field.type == FieldType::integer || field.type == FieldType::small_integer) {
        field.type = FieldType::big_integer;
      } else if (field.type == FieldType::decimal) {
        field.max_digits = *field.max_digits + 4;
      }
      break;
    case 1:
      if (field.unique) break;
      if (!field.default_value) field.default_value = sample_default(field);
      field.null = !field.null;
      break;
    case 2:
      if (field.type != FieldType::json && field.type != FieldType::binary &&
          field.type != FieldType::slug && !field.unique) {
        field.db_index = !field.db_index.value_or(false);
      }
      break;
    case 3:
      field.db_column = field.db_column.empty() ? fresh("col") : "";
      break;
    default:
      if (field.type == FieldType::json || field.unique) break;
      if (field.db_default) {
        field.db_default.reset();
      } else {
        field.db_default = Expression::literal(sample_default(field));
      }
  }
  state_.set(std::move(model));
}

void RandomModels::change_index() {
  ModelState model = *state_.get(pick_table());
  if (!model.options.indexes.empty() && below(4) == 0) {
    std::string& name = model.options.indexes.front().name;
    log_.push_back("rename index " + name);
    name = fresh("idx");
    return state_.set(std::move(model));
  }
  if (!model.options.indexes.empty() && below(2) == 0) {
    log_.push_back("remove index " + model.options.indexes.back().name);
    model.options.indexes.pop_back();
    return state_.set(std::move(model));
  }
  for (const Field& field : model.fields) {
    if (!has_column(field) || field.type == FieldType::json || field.type == FieldType::binary ||
        below(2) == 0) {
      continue;
    }
    Index index{.name = fresh("idx")};
    index.fields = {below(3) == 0 ? "-" + field.name : field.name};
    if (is_text(field.type) && below(3) == 0) {
      index.fields = {field.name};
      index.condition =
          Expression::call("not", {Expression::call("is_null", {Expression::field(field.name)})});
    }
    log_.push_back("add index " + index.name + " on " + model.name + "." + field.name);
    model.options.indexes.push_back(std::move(index));
    return state_.set(std::move(model));
  }
}

void RandomModels::change_constraint() {
  ModelState model = *state_.get(pick_table());
  if (!model.options.constraints.empty() && below(3) == 0) {
    Constraint& constraint = model.options.constraints.front();
    log_.push_back("rename constraint " + name_of(constraint));
    const std::string name = fresh("con");
    std::visit([&](auto& it) { it.name = name; }, constraint);
    return state_.set(std::move(model));
  }
  if (!model.options.constraints.empty() && below(2) == 0) {
    log_.push_back("remove constraint " + name_of(model.options.constraints.back()));
    model.options.constraints.pop_back();
    return state_.set(std::move(model));
  }
  for (const Field& field : model.fields) {
    if (field.name == "id" || !is_integer(field.type) || field.null) continue;
    log_.push_back("add check on " + model.name + "." + field.name);
    model.options.constraints.emplace_back(CheckConstraint{
        .name = fresh("chk"),
        .condition = Expression::call(
            ">", {Expression::field(field.name), Expression::literal(Json::of(-1))})});
    return state_.set(std::move(model));
  }
}

void RandomModels::change_together() {
  ModelState model = *state_.get(pick_table());
  auto& together = model.options.unique_together;
  if (!together.empty()) {
    log_.push_back("remove unique_together of " + model.name);
    together.clear();
    return state_.set(std::move(model));
  }
  for (const Field& field : model.fields) {
    if (field.primary_key || !has_column(field) || is_relation(field.type) ||
        field.type == FieldType::json || field.type == FieldType::binary) {
      continue;
    }
    log_.push_back("add unique_together of " + model.name);
    together.push_back({model.fields.front().name, field.name});
    return state_.set(std::move(model));
  }
}

void RandomModels::change_table() {
  ModelState model = *state_.get(pick_table());
  if (!touched_.insert(key_of(model).text() + " table").second) return;
  model.options.db_table = model.options.db_table.empty() ? fresh("tbl") : "";
  log_.push_back("change table of " + model.name);
  state_.set(std::move(model));
}

bool KnowingQuestioner::renamed_model(const ModelState& old_model, const ModelState& new_model,
                                      bool /*same_fields*/) {
  const auto at = renames_.models.find(key_of(old_model));
  return at != renames_.models.end() && at->second == new_model.name;
}

bool KnowingQuestioner::moved_model(const ModelState& old_model, const ModelState& new_model,
                                    bool /*same_fields*/) {
  const auto at = renames_.moves.find(key_of(old_model));
  return at != renames_.moves.end() && at->second == new_model.app;
}

bool KnowingQuestioner::renamed_field(const ModelState&, const Field& old_field,
                                      const Field& new_field, const std::vector<std::string>&) {
  return renames_.fields.contains({old_field.name, new_field.name});
}

std::optional<Default> KnowingQuestioner::default_for_added(const ModelState&, const Field& field) {
  return sample_default(field);
}

std::optional<Default> KnowingQuestioner::default_for_altered(const ModelState&,
                                                              const Field& field) {
  return sample_default(field);
}

}  // namespace turnstone::test
