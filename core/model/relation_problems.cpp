#include <turnstone/error.h>
#include <turnstone/identifier.h>

#include <algorithm>
#include <map>

#include "model/classes.h"
#include "model/problem_list.h"

namespace turnstone {
namespace {

using Part = PlacedProblem::Part;

/// The model that `reference` means; reports a dangling one under the key `option`.
ModelPtr find_target(ModelReport& report, const Field& field, const std::string& reference) {
  const bool itself = lower_case(reference) == "self";
  const ModelKey key = itself ? key_of(report.model) : key_from(reference, report.model.app);
  if (const ModelPtr found = report.state.find(key)) return found;
  if (report.declaration && report.declaration->abstract_models.contains(key)) {
    report.of_field(field, "model \"" + reference + "\" is abstract and has no table",
                    "point to a model that inherits from it");
    return nullptr;
  }
  if (is_class_reference(reference)) {
    report.of_field(field, unknown_class(reference), unknown_class_hint);
    return nullptr;
  }
  std::vector<std::string> names;
  report.state.each([&](const ModelPtr& model) { names.push_back(full_name(*model)); });
  report.of_field(field, "there is no model \"" + reference + "\"", did_you_mean(reference, names));
  return nullptr;
}

void check_rule(ModelReport& report, const Field& field) {
  const std::string name(name_of(field.type));
  switch (field.on_delete) {
    case OnDelete::none:
      report.of_field(field, name + " needs \"on_delete\"",
                      "such as \"CASCADE\", \"PROTECT\" or \"SET_NULL\"");
      break;
    case OnDelete::set_null:
      if (field.null) break;
      report.of_field(field, "\"on_delete\": \"SET_NULL\" needs a field that may be null",
                      "set \"null\": true or choose another rule");
      break;
    case OnDelete::set_default:
      if (field.db_on_delete && !field.db_default) {
        report.of_field(field,
                        "\"SET_DEFAULT\" in the database (\"db_on_delete\") needs \"db_default\"");
      } else if (!field.default_value && !field.db_default) {
        report.of_field(field, "\"on_delete\": \"SET_DEFAULT\" needs a default",
                        "set \"default\" or choose another rule");
      }
      break;
    case OnDelete::set:
      if (!field.db_on_delete) break;
      report.of_field(field,
                      "no database keeps the rule SET, so \"db_on_delete\" cannot go with it",
                      "take \"db_on_delete\" out or choose another rule");
      break;
    case OnDelete::cascade:
    case OnDelete::protect:
    case OnDelete::restrict:
    case OnDelete::do_nothing:
      break;
  }
  if (field.db_on_delete && !field.db_constraint) {
    report.of_field(field,
                    "\"db_on_delete\" needs the foreign key that \"db_constraint\": false "
                    "leaves out");
  }
}

/// True when values of `field` are unique in `model` by its options.
bool unique_by_options(const ModelState& model, const std::string& field) {
  const std::vector<std::string> alone{field};
  const auto& together = model.options.unique_together;
  if (std::find(together.begin(), together.end(), alone) != together.end()) return true;
  return std::any_of(model.options.constraints.begin(), model.options.constraints.end(),
                     [&](const Constraint& constraint) {
                       const auto* unique = std::get_if<UniqueConstraint>(&constraint);
                       return unique && unique->fields == alone && !unique->condition &&
                              unique->deferrable == Deferrable::no;
                     });
}

struct Target {
  ModelPtr model{};
  const Field* field = nullptr;
};

/// The key that a foreign key points to, in the model itself or an ancestor; nullptr where there
/// is none. Never throws.
Target key_target(const ProjectState& state, const ModelPtr& to, const Field& relation) {
  if (!relation.to_field.empty()) {
    if (const Field* field = to->find_field(relation.to_field)) return {to, field};
    const Inherited inherited = inherited_field(state, *to, relation.to_field);
    return {inherited.model, inherited.field};
  }
  std::set<ModelKey> seen;
  for (ModelPtr at = to; at && seen.insert(key_of(*at)).second;) {
    if (const Field* key = at->primary_key()) return {at, key};
    at = at->bases.empty() ? nullptr : state.find(key_from(at->bases.front(), at->app));
  }
  return {};
}

/// True when a chain of keys that are relations themselves never comes to a plain column.
bool never_ends(const ProjectState& state, const ModelState& model, const Field& field) {
  std::set<const Field*> seen{&field};
  const ModelState* owner = &model;
  const Field* at = &field;
  while (is_foreign_key(at->type)) {
    const ModelKey key =
        lower_case(at->to) == "self" ? key_of(*owner) : key_from(at->to, owner->app);
    const ModelPtr to = state.find(key);
    if (!to) return false;
    const Target target = key_target(state, to, *at);
    if (!target.field) return false;
    if (!seen.insert(target.field).second) return true;
    owner = target.model.get();
    at = target.field;
  }
  return false;
}

void check_key(ModelReport& report, const Field& field, const ModelPtr& to) {
  const Target target = key_target(report.state, to, field);
  const std::string name = full_name(*to);
  if (!target.field) {
    if (field.to_field.empty()) return;  // reported as the target's own problem
    report.of_field(field, "model \"" + name + "\" has no field \"" + field.to_field + "\"",
                    did_you_mean(field.to_field, field_names(*to)));
  } else if (target.field->type == FieldType::composite_primary_key) {
    report.of_field(field, "a relation cannot point to the composite primary key of " + name,
                    "name a unique field with \"to_field\"");
  } else if (!has_column(*target.field)) {
    report.of_field(field, "field \"" + field.to_field + "\" of " + name + " has no column");
  } else if (!is_unique(*target.field) && !unique_by_options(*target.model, target.field->name)) {
    report.of_field(field, "field \"" + field.to_field + "\" of " + name + " is not unique",
                    "set \"unique\": true there");
  } else if (never_ends(report.state, report.model, field)) {
    report.of_field(field, "the key leads back to itself, so it has no type",
                    "one of the models needs a primary key that is no relation");
  }
}

/// Foreign keys of a through model, by what they point to.
class Through {
 public:
  Through(ModelReport& report, const Field& field, const ModelState& to, const ModelState& between)
      : report_(report), field_(field), to_(to), between_(between) {}

  void check() const {
    if (!field_.through_fields.empty()) {
      check_named();
      return;
    }
    const ModelState& owner = report_.model;
    const bool itself = key_of(to_) == key_of(owner);
    const auto own = keys_to(owner);
    const auto other = keys_to(to_);
    const std::string name = "through model \"" + full_name(between_) + "\"";
    if (itself && own < 2) {
      report_.of_field(field_, name + " needs two foreign keys to \"" + full_name(owner) + "\"");
    } else if (own < 1) {
      report_.of_field(field_, name + " has no foreign key to \"" + full_name(owner) + "\"");
    } else if (other < 1) {
      report_.of_field(field_, name + " has no foreign key to \"" + full_name(to_) + "\"");
    } else if (own > (itself ? 2 : 1)) {
      several(owner);
    } else if (!itself && other > 1) {
      several(to_);
    }
  }

 private:
  bool points_to(const Field& key, const ModelState& wanted) const {
    if (!is_foreign_key(key.type)) return false;
    const ModelKey target =
        lower_case(key.to) == "self" ? key_of(between_) : key_from(key.to, between_.app);
    return target == key_of(wanted);
  }
  long keys_to(const ModelState& wanted) const {
    return std::count_if(between_.fields.begin(), between_.fields.end(),
                         [&](const Field& f) { return !f.parent_link && points_to(f, wanted); });
  }
  void several(const ModelState& wanted) const {
    report_.of_field(field_,
                     "through model \"" + full_name(between_) +
                         "\" has several foreign keys to \"" + full_name(wanted) + "\"",
                     "name the two that count with \"through_fields\"");
  }
  void check_named() const {
    if (field_.through_fields.size() != 2) {
      report_.of_field(field_, "\"through_fields\" must name two foreign keys, found " +
                                   std::to_string(field_.through_fields.size()));
      return;
    }
    check_one(field_.through_fields[0], report_.model);
    check_one(field_.through_fields[1], to_);
  }
  void check_one(const std::string& name, const ModelState& wanted) const {
    const Field* key = between_.find_field(name);
    if (!key) {
      report_.of_field(
          field_, "through model \"" + full_name(between_) + "\" has no field \"" + name + "\"",
          did_you_mean(name, field_names(between_)));
    } else if (!points_to(*key, wanted)) {
      report_.of_field(field_,
                       "field \"" + name + "\" of \"" + full_name(between_) +
                           "\" is no foreign key to \"" + full_name(wanted) + "\"",
                       "\"through_fields\" names the key to the model itself first");
    }
  }

  ModelReport& report_;
  const Field& field_;
  const ModelState& to_;
  const ModelState& between_;
};

void check_many_to_many(ModelReport& report, const Field& field, const ModelPtr& to) {
  if (field.null || field.unique) {
    report.of_field(field, "ManyToManyField takes neither \"null\" nor \"unique\"");
  }
  if (field.through.empty()) {
    if (!field.through_fields.empty()) {
      report.of_field(field, "\"through_fields\" needs \"through\"");
    }
    if (!to) return;
    for (const ModelState* side : {&report.model, to.get()}) {
      const Field* key = side->primary_key();
      if (key && key->type == FieldType::composite_primary_key) {
        report.of_field(field,
                        "the table of a ManyToManyField cannot point to the composite "
                        "primary key of " +
                            full_name(*side),
                        "write the table as a model and name it with \"through\"");
        return;
      }
    }
    return;
  }
  if (!field.db_table.empty()) {
    report.of_field(field, "\"db_table\" and \"through\" exclude each other",
                    "set \"db_table\" in the options of the through model");
  }
  if (!field.db_constraint) {
    report.of_field(field, "\"db_constraint\" and \"through\" exclude each other",
                    "set \"db_constraint\" in the keys of the through model");
  }
  const ModelPtr between = find_target(report, field, field.through);
  if (between && to) Through(report, field, *to, *between).check();
  const ModelKey key = key_from(field.through, report.model.app);
  for (const Field& other : report.model.fields) {
    if (&other == &field) break;
    if (other.type == FieldType::many_to_many && !other.through.empty() &&
        key_from(other.through, report.model.app) == key &&
        other.through_fields == field.through_fields) {
      report.of_field(field, "field \"" + other.name + "\" is the same relation through \"" +
                                 field.through + "\"");
    }
  }
}

/// The names a relation takes in its target: an attribute and a word in queries.
struct WaysBack {
  std::string accessor{};  ///< empty for a hidden one
  std::string query{};
};

WaysBack ways_back(const ModelState& model, const Field& field, bool to_itself) {
  WaysBack names;
  const bool many = field.type == FieldType::many_to_many;
  const bool hidden =
      field.related_name.ends_with("+") || (many && to_itself && field.related_name.empty());
  const std::string own = lower_case(model.name);
  if (!hidden) {
    names.accessor = !field.related_name.empty()           ? field.related_name
                     : field.type == FieldType::one_to_one ? own
                                                           : own + "_set";
  }
  names.query = !field.related_query_name.empty() ? field.related_query_name
                : hidden                          ? std::string()
                : !field.related_name.empty()     ? field.related_name
                                                  : own;
  return names;
}

void check_spelling(ModelReport& report, const Field& field) {
  std::string name = field.related_name;
  if (name.ends_with("+")) name.pop_back();
  if (!name.empty() && !is_identifier(name)) {
    report.of_field(field, "\"" + field.related_name + "\" cannot be a \"related_name\"",
                    "use letters, digits and _, or end it with +");
  }
  const std::string& query = field.related_query_name;
  if (!query.empty() && (query.ends_with("_") || query.find("__") != std::string::npos)) {
    report.of_field(field, "\"related_query_name\" cannot end with _ or hold __");
  }
}

}  // namespace

void check_relation(ModelReport& report, const Field& field) {
  if (report.declaration) check_spelling(report, field);
  const bool many = field.type == FieldType::many_to_many;
  if (!many) check_rule(report, field);
  if (field.to.empty()) {
    report.of_field(field, std::string(name_of(field.type)) + " needs \"to\"");
    return;
  }
  const ModelPtr to = find_target(report, field, field.to);
  if (many) {
    check_many_to_many(report, field, to);
  } else if (to) {
    check_key(report, field, to);
  }
}

void check_ways_back(const ProjectState& state, const Declaration& declaration,
                     std::vector<PlacedProblem>& found) {
  std::map<ModelKey, std::map<std::string, std::string>> accessors;
  std::map<ModelKey, std::map<std::string, std::string>> queries;
  state.each([&](const ModelPtr& model) {
    ModelReport report(state, *model, &declaration, found);
    for (const Field& field : model->fields) {
      if (!is_relation(field.type) || field.to.empty()) continue;
      const ModelPtr to = state.find(key_from(field.to, model->app));
      if (!to) continue;
      const WaysBack names = ways_back(*model, field, key_of(*to) == key_of(*model));
      const std::string place = full_name(*model) + "." + field.name;
      const std::string way = " from " + full_name(*to) + " back to " + full_name(*model);
      const std::string hint = "give the relation another \"related_name\"";
      const auto is_field = [&](const std::string& name) {
        return to->find_field(name) || inherited_field(state, *to, name).field;
      };
      // One report for each relation: the query name mostly clashes with the accessor.
      if (!names.accessor.empty()) {
        const auto [at, fresh] = accessors[key_of(*to)].emplace(names.accessor, place);
        if (!fresh) {
          report.of_field(
              field,
              "the way \"" + names.accessor + "\"" + way + " is that of " + at->second + " too",
              hint);
          continue;
        }
        if (is_field(names.accessor)) {
          report.of_field(
              field, "the way \"" + names.accessor + "\"" + way + " has the name of a field there",
              hint);
          continue;
        }
      }
      if (names.query.empty()) continue;
      const auto [at, fresh] = queries[key_of(*to)].emplace(names.query, place);
      if (!fresh) {
        report.of_field(
            field,
            "the query name \"" + names.query + "\"" + way + " is that of " + at->second + " too",
            hint);
      } else if (is_field(names.query)) {
        report.of_field(
            field,
            "the query name \"" + names.query + "\"" + way + " has the name of a field there",
            hint);
      }
    }
  });
}

}  // namespace turnstone
