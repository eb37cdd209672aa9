#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/model/project_state.h>
#include <turnstone/schema/naming.h>

#include <algorithm>
#include <set>

namespace turnstone {
namespace {

/// Models that `model` names, each once, without itself.
std::set<ModelKey> references(const ModelState& model) {
  std::set<ModelKey> keys;
  const auto add = [&](const std::string& reference) {
    if (!reference.empty()) keys.insert(key_from(reference, model.app));
  };
  for (const Field& field : model.fields) {
    add(field.to);
    add(field.through);
  }
  for (const std::string& base : model.bases) add(base);
  keys.erase(key_of(model));
  return keys;
}

bool same_fields(const std::vector<Field>& a, const std::vector<Field>& b) {
  if (a.size() != b.size()) return false;
  return std::all_of(a.begin(), a.end(), [&](const Field& field) {
    const auto other =
        std::find_if(b.begin(), b.end(), [&](const Field& f) { return f.name == field.name; });
    return other != b.end() && same_definition(field, *other);
  });
}

/// The options that are stored: what only the registry knows left out, lists by name.
Options comparable(Options options) {
  options.ordering.clear();
  options.renamed_from.clear();
  const auto by_name = [](const auto& a, const auto& b) { return a.name < b.name; };
  std::sort(options.indexes.begin(), options.indexes.end(), by_name);
  std::sort(options.constraints.begin(), options.constraints.end(),
            [](const Constraint& a, const Constraint& b) { return name_of(a) < name_of(b); });
  std::sort(options.unique_together.begin(), options.unique_together.end());
  return options;
}

bool same_model(const ModelState& a, const ModelState& b) {
  if (a.app != b.app || a.name != b.name || a.bases.size() != b.bases.size()) return false;
  for (std::size_t i = 0; i < a.bases.size(); ++i) {
    if (lower_case(a.bases[i]) != lower_case(b.bases[i])) return false;
  }
  return same_fields(a.fields, b.fields) && comparable(a.options) == comparable(b.options);
}

}  // namespace

ModelPtr ProjectState::find(const ModelKey& key) const {
  const ModelPtr* found = models_.find(key);
  return found ? *found : nullptr;
}

ModelPtr ProjectState::get(const ModelKey& key) const {
  if (const ModelPtr* found = models_.find(key)) return *found;
  std::vector<std::string> names;
  each([&](const ModelPtr& model) { names.push_back(model->app + "." + model->name); });
  throw Error(ErrorKind::bad_model, "there is no model \"" + key.text() + "\"", {},
              did_you_mean(key.text(), names));
}

void ProjectState::set(ModelState model) {
  const ModelKey key = key_of(model);
  const std::set<ModelKey> now = references(model);
  std::set<ModelKey> before;
  if (const ModelPtr* old = models_.find(key)) before = references(**old);
  const auto edit = [&](const ModelKey& target, bool add) {
    std::vector<ModelKey> list;
    if (const auto* known = referrers_.find(target)) list = **known;
    const auto at = std::lower_bound(list.begin(), list.end(), key);
    if (add) {
      list.insert(at, key);
    } else if (at != list.end() && *at == key) {
      list.erase(at);
    }
    if (list.empty()) {
      referrers_.erase(target);
    } else {
      referrers_.set(target, std::make_shared<const std::vector<ModelKey>>(std::move(list)));
    }
  };
  for (const ModelKey& target : before) {
    if (!now.contains(target)) edit(target, false);
  }
  for (const ModelKey& target : now) {
    if (!before.contains(target)) edit(target, true);
  }
  models_.set(key, std::make_shared<const ModelState>(std::move(model)));
}

void ProjectState::erase(const ModelKey& key) {
  const ModelPtr* old = models_.find(key);
  if (!old) return;
  for (const ModelKey& target : references(**old)) {
    const auto* known = referrers_.find(target);
    std::vector<ModelKey> list = **known;
    std::erase(list, key);
    if (list.empty()) {
      referrers_.erase(target);
    } else {
      referrers_.set(target, std::make_shared<const std::vector<ModelKey>>(std::move(list)));
    }
  }
  models_.erase(key);
}

std::vector<ModelKey> ProjectState::keys() const {
  std::vector<ModelKey> keys;
  keys.reserve(size());
  models_.each([&](const ModelKey& key, const ModelPtr&) { keys.push_back(key); });
  return keys;
}

std::vector<ModelKey> ProjectState::referrers(const ModelKey& key) const {
  const auto* known = referrers_.find(key);
  return known ? **known : std::vector<ModelKey>{};
}

std::vector<ModelKey> changed_models(const ProjectState& before, const ProjectState& after) {
  std::vector<ModelKey> keys;
  differences(before.models_, after.models_,
              [&](const ModelKey& key, const ModelPtr*, const ModelPtr*) { keys.push_back(key); });
  return keys;
}

ModelPtr ProjectState::target_model(const ModelState& model, const Field& relation) const {
  const std::string place = model.app + "." + model.name + "." + relation.name;
  if (relation.to == "self") return get(key_of(model));
  try {
    return get(key_from(relation.to, model.app));
  } catch (const Error& error) {
    throw Error(error.kind(), error.what(), place, error.hint());
  }
}

const Field& ProjectState::target_field(const ModelState& model, const Field& relation) const {
  const ModelPtr target = target_model(model, relation);
  const std::string place = model.app + "." + model.name + "." + relation.name;
  if (!relation.to_field.empty()) {
    // A key may be named by a field that an ancestor of a multi-table child holds.
    for (ModelPtr at = target; at;) {
      if (const Field* field = at->find_field(relation.to_field)) return *field;
      at = at->bases.empty() ? nullptr : find(key_from(at->bases.front(), at->app));
    }
    std::vector<std::string> names;
    for (const Field& field : target->fields) names.push_back(field.name);
    throw Error(ErrorKind::bad_model,
                "model \"" + target->app + "." + target->name + "\" has no field \"" +
                    relation.to_field + "\"",
                place, did_you_mean(relation.to_field, names));
  }
  for (ModelPtr at = target; at;) {
    if (const Field* key = at->primary_key()) return *key;
    at = at->bases.empty() ? nullptr : find(key_from(at->bases.front(), at->app));
  }
  throw Error(ErrorKind::bad_model,
              "model \"" + target->app + "." + target->name + "\" has no primary key", place);
}

bool ProjectState::operator==(const ProjectState& other) const {
  if (size() != other.size()) return false;
  bool same = true;
  differences(models_, other.models_, [&](const ModelKey&, const ModelPtr* a, const ModelPtr* b) {
    same = same && a && b && same_model(**a, **b);
  });
  return same;
}

std::string table_name(const ModelState& model) {
  if (!model.options.db_table.empty()) return unquoted_table_name(model.options.db_table);
  return model.app + "_" + lower_case(model.name);
}

}  // namespace turnstone
