#include "orm/paths.h"

#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/schema/lower.h>

#include <algorithm>

namespace turnstone::orm {
namespace {

/// A name is asked for of a model and then of its bases.
const Field* own_field(const ModelState& model, std::string_view name) {
  if (const Field* field = model.resolve_field(name)) return field;
  return nullptr;
}

std::string reverse_name(const ModelState& owner, const Field& field) {
  if (!field.related_query_name.empty()) return field.related_query_name;
  if (!field.related_name.empty()) return field.related_name;
  return lower_case(owner.name);
}

bool is_parent(const ProjectState& state, const ModelState& child, const Field& field) {
  return field.parent_link && is_foreign_key(field.type) &&
         state.find(key_from(field.to, child.app)) != nullptr;
}

std::string column_sql(const Field& field) { return quote_identifier(column_name(field)); }

}  // namespace

ModelPtr concrete(const ProjectState& state, ModelPtr model) {
  while (model->options.proxy && !model->bases.empty()) {
    model = state.get(key_from(model->bases.front(), model->app));
  }
  return model;
}

std::string table_sql(const std::string& table, const Dialect& dialect) {
  const std::size_t dot = table.find('.');
  if (!dialect.features().schemas || dot == std::string::npos) return quote_identifier(table);
  return quote_identifier(table.substr(0, dot)) + "." + quote_identifier(table.substr(dot + 1));
}

const Field& value_type(const ProjectState& state, const ModelState& model, const Field& field) {
  const Field& type = resolved_field(state, model, field);
  return type.output_field ? *type.output_field : type;
}

std::vector<std::string> path_parts(std::string_view path) {
  std::vector<std::string> parts;
  // `__x` at the beginning belongs to the name, as does a third underscore.
  while (true) {
    const std::size_t at = path.find("__", 1);
    parts.emplace_back(path.substr(0, at));
    if (at == std::string_view::npos) return parts;
    path.remove_prefix(at + 2);
  }
}

std::pair<const Field*, const Field*> through_fields(const ProjectState& state,
                                                     const ModelState& owner, const Field& field,
                                                     const ModelState& through) {
  if (field.through_fields.size() == 2) {
    return {through.find_field(field.through_fields[0]),
            through.find_field(field.through_fields[1])};
  }
  const ModelKey from = key_of(owner);
  const ModelKey to = key_of(*state.target_model(owner, field));
  std::pair<const Field*, const Field*> found{};
  for (const Field& key : through.fields) {
    if (!is_foreign_key(key.type)) continue;
    const ModelKey target = key_of(*state.target_model(through, key));
    if (!found.first && target == from) {
      found.first = &key;
    } else if (!found.second && target == to) {
      found.second = &key;
    }
  }
  if (!found.first || !found.second) {
    throw Error(ErrorKind::bad_model,
                "model \"" + through.app + "." + through.name + "\" has no keys to both sides",
                owner.app + "." + owner.name + "." + field.name);
  }
  return found;
}

std::string Paths::table(const ModelState& model) const {
  return table_sql(database_table(model, dialect_), dialect_);
}

const Field* Paths::key(const ModelState& model) const {
  ModelPtr keep;
  for (const ModelState* at = &model; at;) {
    if (const Field* found = at->primary_key()) return found;
    keep = at->bases.empty() ? nullptr : state_.find(key_from(at->bases.front(), at->app));
    at = keep.get();
  }
  return nullptr;
}

Relation Paths::forward(const ModelPtr& owner, const Field& field) const {
  Relation relation;
  relation.model = concrete(state_, state_.target_model(*owner, field));
  relation.field = &field;
  relation.owner = owner;
  const ModelState& target = *relation.model;
  if (field.type != FieldType::many_to_many) {
    relation.optional = field.null;
    relation.hops.push_back(
        {table(target), column_sql(state_.target_field(*owner, field)), column_sql(field)});
    return relation;
  }
  relation.many = relation.optional = true;
  const Field* own = key(*owner);
  const Field* other = key(target);
  if (field.through.empty()) {
    const auto columns = many_to_many_columns(state_, *owner, field);
    relation.hops.push_back({table_sql(many_to_many_table(*owner, field, dialect_), dialect_),
                             quote_identifier(columns.first), column_sql(*own)});
    relation.hops.push_back({table(target), column_sql(*other), quote_identifier(columns.second)});
  } else {
    const ModelPtr through = state_.get(key_from(field.through, owner->app));
    const auto [from, to] = through_fields(state_, *owner, field, *through);
    relation.hops.push_back(
        {table(*through), column_sql(*from), column_sql(state_.target_field(*through, *from))});
    relation.hops.push_back(
        {table(target), column_sql(state_.target_field(*through, *to)), column_sql(*to)});
  }
  return relation;
}

Relation Paths::backward(const ModelPtr& owner, const Field& field) const {
  Relation there = forward(owner, field);
  Relation relation;
  relation.model = concrete(state_, owner);
  relation.field = &field;
  relation.owner = owner;
  relation.backwards = true;
  relation.optional = true;
  relation.many = field.type != FieldType::one_to_one;
  if (there.hops.size() == 1) {
    relation.hops.push_back({table(*owner), there.hops[0].from, there.hops[0].column});
  } else {
    relation.hops.push_back({there.hops[0].table, there.hops[1].from, there.hops[1].column});
    relation.hops.push_back({table(*owner), there.hops[0].from, there.hops[0].column});
  }
  return relation;
}

std::vector<std::pair<std::string, Relation>> Paths::reverse(const ModelPtr& model) const {
  std::vector<std::pair<std::string, Relation>> found;
  const ModelPtr here = concrete(state_, model);
  std::vector<ModelKey> targets{key_of(*here)};
  if (model != here) targets.push_back(key_of(*model));
  for (const ModelKey& target : targets) {
    std::vector<ModelKey> owners = state_.referrers(target);
    owners.push_back(target);
    for (const ModelKey& name : owners) {
      const ModelPtr owner = state_.get(name);
      if (owner->options.proxy || owner->options.abstract) continue;
      for (const Field& field : owner->fields) {
        if (!is_relation(field.type)) continue;
        if (key_of(*state_.target_model(*owner, field)) != target) continue;
        found.emplace_back(reverse_name(*owner, field), backward(owner, field));
      }
    }
  }
  return found;
}

std::optional<Step> Paths::find(const ModelPtr& model, std::string_view name) const {
  Step step;
  if (name.starts_with('~')) {
    const std::size_t dot = name.rfind('.');
    const auto known = classes_.find(name.substr(1, dot - 1));
    if (known == classes_.end()) return std::nullopt;
    const ModelPtr owner = state_.get(known->second);
    const Field* field = owner->find_field(name.substr(dot + 1));
    if (!field || !is_relation(field->type)) return std::nullopt;
    step.relation = backward(owner, *field);
    return step;
  }
  ModelPtr at = concrete(state_, model);
  while (at) {
    if (name == "pk" && !at->primary_key()) {
      // The key of a base.
    } else if (const Field* field = own_field(*at, name)) {
      step.owner = at;
      if (field->type == FieldType::many_to_many) {
        step.relation = forward(at, *field);
        return step;
      }
      step.field = field;
      if (is_foreign_key(field->type)) step.relation = forward(at, *field);
      return step;
    }
    ModelPtr base;
    for (const Field& field : at->fields) {
      if (!is_parent(state_, *at, field)) continue;
      const ModelPtr parent = concrete(state_, state_.target_model(*at, field));
      // The first base that has it.
      if (base || !find(parent, name)) continue;
      base = parent;
      step.up.push_back(forward(at, field));
    }
    at = base;
  }
  for (const auto& [own, relation] : reverse(model)) {
    if (own != name || relation.field->related_name == "+") continue;
    step.up.clear();
    step.relation = relation;
    return step;
  }
  return std::nullopt;
}

std::vector<std::string> Paths::names(const ModelPtr& model) const {
  std::vector<std::string> names;
  for (const Field& field : concrete(state_, model)->fields) names.push_back(field.name);
  for (const auto& [name, relation] : reverse(model)) names.push_back(name);
  return names;
}

}  // namespace turnstone::orm
