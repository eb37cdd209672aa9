#include "model/classes.h"

#include <turnstone/identifier.h>

#include <map>

namespace turnstone {
namespace {

/// What a key column stores, as far as C++ types differ.
enum class Stored { integer, text, uuid, other };

Stored stored(FieldType type) {
  if (is_integer(type) || is_auto(type)) return Stored::integer;
  if (is_text(type)) return Stored::text;
  return type == FieldType::uuid ? Stored::uuid : Stored::other;
}

/// The column at the end of a chain of keys: the key of a multi-table child is its parent's.
const Field* key_column(const ProjectState& state, const ModelState& model, const Field& relation) {
  ModelPtr owner = state.find(key_from(relation.to, model.app));
  if (!owner) return nullptr;
  const Field* key =
      relation.to_field.empty() ? owner->primary_key() : owner->find_field(relation.to_field);
  for (int steps = 0; key != nullptr && is_relation(key->type) && steps < 32; ++steps) {
    owner = state.find(key_from(key->to, owner->app));
    key = owner ? owner->primary_key() : nullptr;
  }
  return key;
}

std::string cpp_name(FieldType type) {
  switch (stored(type)) {
    case Stored::integer:
      return "std::int64_t";
    case Stored::text:
      return "std::string";
    case Stored::uuid:
      return "turnstone::Uuid";
    case Stored::other:
      break;
  }
  return "the type of that field";
}

}  // namespace

std::string unknown_class(std::string_view reference) {
  return "class " + std::string(reference.substr(2)) + " is no model of any app";
}

void resolve_classes(std::vector<DeclaredApp>& apps) {
  std::map<std::string, std::string> models;
  for (const DeclaredApp& app : apps) {
    for (const DeclaredClass& item : app.classes) {
      models["::" + item.name] = app.label + "." + item.model;
    }
  }
  const auto resolve = [&](std::string& reference) {
    const auto at = models.find(reference);
    if (at != models.end()) reference = at->second;
  };
  for (DeclaredApp& app : apps) {
    for (ModelState& model : app.models) {
      for (Field& field : model.fields) {
        resolve(field.to);
        resolve(field.through);
      }
      for (std::string& base : model.bases) resolve(base);
    }
  }
}

std::vector<PlacedProblem> key_problems(const std::vector<DeclaredApp>& apps,
                                        const ProjectState& state) {
  std::vector<PlacedProblem> problems;
  for (const DeclaredApp& app : apps) {
    for (const DeclaredClass& item : app.classes) {
      const ModelPtr model = state.find(key_from(item.model, app.label));
      if (!model) continue;
      for (const auto& [name, type] : item.keys) {
        const Field* relation = model->find_field(name);
        const Field* key = relation ? key_column(state, *model, *relation) : nullptr;
        // What a column type of the author's own stores, only the author knows.
        if (key == nullptr || key->type == FieldType::custom) continue;
        if (stored(key->type) == stored(type)) continue;
        problems.push_back(
            {key_of(*model),
             PlacedProblem::Part::field,
             name,
             {app.label + "." + item.model + "." + name,
              "the key of \"" + relation->to + "\" is " + with_article(name_of(key->type)) +
                  ", and the member holds another type",
              "write ForeignKey<…, " + cpp_name(key->type) + ">"}});
      }
    }
  }
  return problems;
}

}  // namespace turnstone
