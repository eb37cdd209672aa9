#include <turnstone/orm/mapping.h>

#include <turnstone/error.h>
#include <turnstone/schema/lower.h>

#include <algorithm>

#include "orm/literals.h"

namespace turnstone {
namespace {

/// Members of a class and of its concrete bases, with their places in one object.
void gather(const DescribedModel& described, std::size_t offset,
            const std::map<std::string, const DescribedModel*>& classes,
            std::vector<MemberAccess>& members) {
  for (MemberAccess member : described.members) {
    member.offset += offset;
    members.push_back(std::move(member));
  }
  for (const auto& [base, at] : described.bases) {
    const auto known = classes.find(base);
    if (known != classes.end()) gather(*known->second, offset + at, classes, members);
  }
}

/// The model a proxy stands for.
ModelPtr base_of_proxy(const ProjectState& state, ModelPtr model) {
  while (model->options.proxy && !model->bases.empty()) {
    model = state.get(key_from(model->bases.front(), model->app));
  }
  return model;
}

void add_slots(const ProjectState& state, const ModelPtr& given,
               std::vector<ClassMap::Slot>& slots) {
  const ModelPtr model = base_of_proxy(state, given);
  for (const std::string& base : model->bases) {
    const ModelPtr found = state.find(key_from(base, model->app));
    if (!found) continue;
    std::vector<ClassMap::Slot> own;
    add_slots(state, found, own);
    for (ClassMap::Slot& slot : own) {
      const bool known = std::any_of(slots.begin(), slots.end(), [&](const ClassMap::Slot& one) {
        return one.field == slot.field;
      });
      if (!known && !model->find_field(slot.field->name)) slots.push_back(std::move(slot));
    }
  }
  for (const Field& field : model->fields) {
    if (!has_column(field)) continue;
    const Field& resolved = resolved_field(state, *model, field);
    slots.push_back({.name = attribute_name(field),
                     .field = &field,
                     .type = resolved.output_field ? resolved.output_field.get() : &resolved,
                     .owner = model});
  }
}

const Field* key_field(const ProjectState& state, ModelPtr model) {
  while (model) {
    if (const Field* key = model->primary_key()) return key;
    model = model->bases.empty() ? nullptr : state.find(key_from(model->bases.front(), model->app));
  }
  return nullptr;
}

}  // namespace

std::size_t ClassMap::slot(std::string_view name) const {
  std::vector<std::string> names;
  for (std::size_t i = slots.size(); i-- > 0;) {
    if (slots[i].field->name == name || slots[i].name == name) return i;
    names.push_back(slots[i].field->name);
  }
  if (name == "pk") return key;
  throw Error(ErrorKind::bad_model, this->name() + " has no field \"" + std::string(name) + "\"",
              {}, did_you_mean(name, names));
}

Mapping::Mapping(const std::vector<DeclaredApp>& apps, const std::vector<DescribedModel>& classes,
                 std::map<std::string, std::function<Json()>> default_functions)
    : functions_(std::move(default_functions)) {
  Registry registry;
  for (const DeclaredApp& app : apps) registry.add(app);
  FinishedModels finished = registry.finish();
  if (!finished.problems.empty()) {
    const Problem& problem = finished.problems.front();
    throw Error(ErrorKind::bad_model, problem.message, problem.where, problem.hint);
  }
  state_ = std::move(finished.state);
  std::map<std::string, const DescribedModel*> by_name;
  for (const DescribedModel& described : classes) by_name[described.class_name] = &described;
  for (const DescribedModel& described : classes) {
    const ModelPtr model = state_.find(key_of(described.state));
    if (!model) continue;
    ClassMap& map = maps_[described.class_name];
    if (map.class_name.empty()) map.number = maps_.size() - 1;
    map.class_name = described.class_name;
    map.model = model;
    map.make = described.make;
    map.fresh = described.make();
    add_slots(state_, model, map.slots);
    std::vector<MemberAccess> members;
    gather(described, 0, by_name, members);
    for (ClassMap::Slot& slot : map.slots) {
      for (const MemberAccess& member : members) {
        if (member.field != slot.field->name || slot.member) continue;
        slot.member = member.type;
        slot.offset = member.offset;
      }
    }
    for (const MemberAccess& member : members) {
      if (!member.type->attach_all) continue;
      for (ModelPtr at = model; at;
           at = at->bases.empty() ? nullptr : state_.find(key_from(at->bases.front(), at->app))) {
        const Field* field = at->find_field(member.field);
        if (!field) continue;
        map.links.push_back({.name = member.field,
                             .field = field,
                             .type = field,
                             .owner = at,
                             .member = member.type,
                             .offset = member.offset});
        break;
      }
    }
    const Field* key = key_field(state_, base_of_proxy(state_, model));
    for (std::size_t i = 0; i < map.slots.size(); ++i) {
      if (map.slots[i].field == key) map.key = i;
    }
    // The key of a child without a member for its parent link is the parent's.
    while (!map.key_slot().member && map.key_slot().field->parent_link) {
      const Field& link = *map.key_slot().field;
      const Field* up = key_field(
          state_, base_of_proxy(state_, state_.target_model(*map.key_slot().owner, link)));
      const auto at = std::find_if(map.slots.begin(), map.slots.end(),
                                   [&](const ClassMap::Slot& slot) { return slot.field == up; });
      if (at == map.slots.end() || up == &link) break;
      map.key = static_cast<std::size_t>(at - map.slots.begin());
    }
    classes_[described.class_name] = key_of(*model);
    by_model_[key_of(*model)] = &map;
  }
}

Mapping::Mapping(const std::vector<DeclaredApp>& apps, const std::vector<DescribedModel>& classes)
    : Mapping(apps, classes, std::map<std::string, std::function<Json()>>{}) {}
Mapping::Mapping(ProjectState state) : state_(std::move(state)) {}
Mapping::~Mapping() = default;

const ClassMap& Mapping::of_class(std::string_view class_name) const {
  const auto known = maps_.find(class_name);
  if (known != maps_.end()) return known->second;
  throw Error(ErrorKind::bad_model,
              "the class " + std::string(class_name) + " is no model of this database", {},
              "register it with its app, and give the app to the Database");
}

const ClassMap* Mapping::of_model(const ModelKey& model) const {
  const auto known = by_model_.find(model);
  return known == by_model_.end() ? nullptr : known->second;
}

Json Mapping::default_of(const DefaultFunction& function, const Field& type,
                         std::optional<DateTime> at) const {
  using std::chrono::floor;
  const DateTime now =
      at ? *at : floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  if (function.name == "now" || function.name == "today") {
    if (type.type == FieldType::date) {
      return Json::of(to_text(Date(floor<std::chrono::days>(now))));
    }
    if (type.type == FieldType::time) {
      return Json::of(to_text(Time{now - floor<std::chrono::days>(now)}));
    }
    return Json::of(to_text(now));
  }
  if (function.name == "uuid4") return Json::of(Uuid::v4().text());
  const auto known = functions_.find(function.name);
  if (known != functions_.end()) return known->second();
  std::vector<std::string> names{"now", "today", "uuid4"};
  for (const auto& [name, body] : functions_) names.push_back(name);
  throw Error(ErrorKind::unsupported,
              "this executable has no default function \"" + function.name + "\"", {},
              did_you_mean(function.name, names));
}

}  // namespace turnstone
