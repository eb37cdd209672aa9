#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/match.h>
#include <turnstone/registry.h>
#include <turnstone/schema/naming.h>

#include <algorithm>
#include <map>
#include <set>

#include "model/classes.h"
#include "model/problem_list.h"

namespace turnstone {
namespace {

using Part = PlacedProblem::Part;

std::string replaced(std::string text, std::string_view from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
    text.replace(at, from.size(), to);
    at += to.size();
  }
  return text;
}

/// `%(app_label)s` and `%(class)s` of names in abstract models, for one heir.
std::string expanded(std::string name, const ModelState& heir) {
  if (name.find("%(") == std::string::npos) return name;
  name = replaced(std::move(name), "%(app_label)s", lower_case(heir.app));
  name = replaced(std::move(name), "%(model_name)s", lower_case(heir.name));
  return replaced(std::move(name), "%(class)s", lower_case(heir.name));
}

std::string index_suffix(IndexType type) {
  if (type == IndexType::index) return "idx";
  // `GinIndex` → `gin`, as Django's classes have it.
  const std::string name = lower_case(name_of(type));
  return name.substr(0, name.size() - std::string_view("index").size());
}

/// Name of an index without one. Requires: its fields are known.
std::string made_name(const ModelState& model, const Index& index) {
  std::vector<std::string> columns;
  for (const std::string& item : index.fields) {
    const bool descending = item.starts_with("-");
    const std::string name = descending ? item.substr(1) : item;
    const Field* field = model.resolve_field(name);
    columns.push_back((descending ? "-" : "") + (field ? column_name(*field) : name));
  }
  return declared_index_name(bare_table_name(table_name(model)), columns, index_suffix(index.type));
}

template <class T, class Same>
void append_new(std::vector<T>& list, const std::vector<T>& more, const Same& same) {
  for (const T& item : more) {
    const bool known =
        std::any_of(list.begin(), list.end(), [&](const T& other) { return same(item, other); });
    if (!known) list.push_back(item);
  }
}

/// A model takes over what an abstract base says and it does not say itself; lists are joined, an
/// index or constraint of its own replacing a lent one of that name.
void lend_options(Options& own, const Options& base) {
  const auto lend = [](std::string& mine, const std::string& lent) {
    if (mine.empty()) mine = lent;
  };
  lend(own.db_table, base.db_table);
  lend(own.db_table_comment, base.db_table_comment);
  lend(own.db_tablespace, base.db_tablespace);
  lend(own.base_manager_name, base.base_manager_name);
  if (own.ordering.empty()) lend(own.order_with_respect_to, base.order_with_respect_to);
  if (own.ordering.empty() && own.order_with_respect_to.empty()) own.ordering = base.ordering;
  append_new(own.unique_together, base.unique_together, std::equal_to<>());
  append_new(own.indexes, base.indexes, [](const Index& lent, const Index& mine) {
    return lent.name.empty() ? lent == mine : lent.name == mine.name;
  });
  append_new(own.constraints, base.constraints, [](const Constraint& lent, const Constraint& mine) {
    return name_of(lent) == name_of(mine);
  });
  if (!base.managed) own.managed = false;
}

/// A model as its author wrote it, and where.
struct Declared {
  const DeclaredApp* app = nullptr;
  const ModelState* model = nullptr;
  std::size_t position = 0;  ///< among the models of the app
  ModelKey key{};
  std::vector<const Declared*> bases{};  ///< the known ones, in order
};

/// Works out what follows from the declared models.
class Finisher {
 public:
  explicit Finisher(const std::vector<DeclaredApp>& apps) : apps_(apps) {}

  FinishedModels run() {
    collect();
    for (auto& entry : declared_) resolve_bases(entry.second);
    drop_circles();
    for (const auto& [key, declared] : declared_) {
      if (!declared.model->options.abstract) models_[key] = concrete(declared);
    }
    for (auto& entry : models_) drop_needless_to_fields(entry.second);
    FinishedModels finished;
    for (auto& entry : models_) finished.state.set(std::move(entry.second));
    report(finished);
    return finished;
  }

 private:
  void problem(const DeclaredApp& app, const std::string& model, const std::string& message,
               const std::string& hint = {}) {
    const std::string where = model.empty() ? app.label : app.label + "." + model;
    found_.push_back({{app.label, lower_case(model)}, Part::model, {}, {where, message, hint}});
  }

  void collect() {
    for (const DeclaredApp& app : apps_) {
      const auto type = field_type_named(app.default_auto_field);
      if (!type || !is_auto(*type)) {
        problem(app, {}, "\"" + app.default_auto_field + "\" cannot be the default_auto_field",
                "use \"AutoField\", \"BigAutoField\" or \"SmallAutoField\"");
      }
      for (std::size_t i = 0; i < app.models.size(); ++i) {
        const ModelState& model = app.models[i];
        const ModelKey key{app.label, lower_case(model.name)};
        const auto [at, fresh] = declared_.emplace(key, Declared{&app, &model, i, key});
        if (!fresh) problem(app, model.name, "the model is declared twice");
        if (fresh && model.options.abstract) declaration_.abstract_models.insert(key);
      }
    }
  }

  const Declared* find(const std::string& reference, const std::string& app) const {
    const auto at = declared_.find(key_from(reference, app));
    return at == declared_.end() ? nullptr : &at->second;
  }

  void resolve_bases(Declared& declared) {
    for (const std::string& name : declared.model->bases) {
      if (const Declared* base = find(name, declared.app->label)) {
        declared.bases.push_back(base);
        continue;
      }
      if (is_class_reference(name)) {
        problem(*declared.app, declared.model->name, unknown_class(name), unknown_class_hint);
        continue;
      }
      std::vector<std::string> names;
      for (const auto& entry : declared_) names.push_back(declared_name(entry.second));
      problem(*declared.app, declared.model->name,
              "there is no model \"" + name + "\" to be a base", did_you_mean(name, names));
    }
  }

  /// Takes out bases that lead back to the model, so that the rest can go on.
  void drop_circles() {
    enum class Visit { open, done };
    std::map<const Declared*, Visit> visits;
    const std::function<void(Declared&)> visit = [&](Declared& declared) {
      visits[&declared] = Visit::open;
      std::erase_if(declared.bases, [&](const Declared* base) {
        const auto at = visits.find(base);
        if (at == visits.end()) visit(declared_.at(base->key));
        if (visits.at(base) == Visit::done) return false;
        problem(*declared.app, declared.model->name,
                "the base \"" + declared_name(*base) + "\" leads back to this model");
        return true;
      });
      visits[&declared] = Visit::done;
    };
    for (auto& entry : declared_) {
      if (!visits.contains(&entry.second)) visit(entry.second);
    }
  }

  static std::string declared_name(const Declared& declared) {
    return declared.app->label + "." + declared.model->name;
  }

  /// `reference` in full and as its model was declared; unknown ones only in full.
  std::string complete(const std::string& reference, const std::string& app) const {
    if (reference.empty() || lower_case(reference) == "self") return reference;
    if (is_class_reference(reference)) return reference;
    if (const Declared* target = find(reference, app)) return declared_name(*target);
    return reference.find('.') == std::string::npos ? app + "." + reference : reference;
  }

  /// The model with what its abstract bases lend, references in full, bases with a table. Fields of
  /// bases come first, as in Django; a field of its own replaces a lent one.
  ModelState made_flat(const Declared& declared) {
    ModelState model = *declared.model;
    model.app = declared.app->label;
    model.bases.clear();
    for (Field& field : model.fields) {
      field.to = complete(field.to, model.app);
      field.through = complete(field.through, model.app);
    }
    std::vector<Field> lent;
    for (const Declared* base : declared.bases) {
      std::vector<std::string> bases = {declared_name(*base)};
      if (base->model->options.abstract) {
        const ModelState& lender = flat(*base);
        append_new(lent, lender.fields,
                   [](const Field& a, const Field& b) { return a.name == b.name; });
        lend_options(model.options, lender.options);
        bases = lender.bases;
      }
      append_new(model.bases, bases, std::equal_to<>());
    }
    std::erase_if(lent, [&](const Field& field) { return model.find_field(field.name); });
    model.fields.insert(model.fields.begin(), lent.begin(), lent.end());
    return model;
  }
  const ModelState& flat(const Declared& declared) {
    const auto known = flat_.find(&declared);
    if (known != flat_.end()) return known->second;
    return flat_.emplace(&declared, made_flat(declared)).first->second;
  }

  ModelState concrete(const Declared& declared) {
    ModelState model = made_flat(declared);
    for (Field& field : model.fields) {
      if (lower_case(field.to) == "self") field.to = declared_name(declared);
      field.related_name = expanded(std::move(field.related_name), model);
      field.related_query_name = expanded(std::move(field.related_query_name), model);
      if (field.type == FieldType::one_to_one) field.unique = false;  // it is by itself
      if (lower_case(field.protocol) == "both") field.protocol.clear();
    }
    if (!model.options.proxy) add_primary_key(model, *declared.app);
    std::vector<std::vector<std::string>> together;
    append_new(together, model.options.unique_together, std::equal_to<>());
    model.options.unique_together = std::move(together);
    for (Index& index : model.options.indexes) {
      index.name = index.name.empty() ? made_name(model, index) : expanded(index.name, model);
    }
    for (Constraint& constraint : model.options.constraints) {
      match(constraint, [&](auto& item) { item.name = expanded(std::move(item.name), model); });
    }
    return model;
  }

  /// The model that holds the table of a base: a proxy stands for its own base.
  const Declared& with_table(const Declared& base) {
    const Declared* at = &base;
    while (at->model->options.proxy) {
      const std::vector<std::string>& bases = flat(*at).bases;
      const Declared* next = bases.empty() ? nullptr : find(bases.front(), at->app->label);
      if (!next) break;
      at = next;
    }
    return *at;
  }

  /// Links to bases with a table, the first of them the primary key; else the automatic one.
  void add_primary_key(ModelState& model, const DeclaredApp& app) {
    std::vector<Field> links;
    Field* first = nullptr;
    for (const std::string& name : model.bases) {
      const Declared& base = with_table(*find(name, model.app));
      const std::string target = declared_name(base);
      const auto own = std::find_if(model.fields.begin(), model.fields.end(), [&](const Field& f) {
        return f.parent_link && f.to == target;
      });
      if (own != model.fields.end()) {
        if (!first && links.empty()) first = &*own;
        continue;
      }
      const bool known = std::any_of(links.begin(), links.end(),
                                     [&](const Field& link) { return link.to == target; });
      if (known) continue;
      links.push_back(Field{.name = lower_case(base.model->name) + "_ptr",
                            .type = FieldType::one_to_one,
                            .to = target,
                            .on_delete = OnDelete::cascade,
                            .parent_link = true});
    }
    if (!model.primary_key()) {
      if (first) {
        first->primary_key = true;
      } else if (!links.empty()) {
        links.front().primary_key = true;
      } else {
        const auto type = field_type_named(app.default_auto_field);
        // A field `id` that is no key is a problem of its own.
        if (type && is_auto(*type) && !model.find_field("id")) {
          links.push_back(Field{.name = "id", .type = *type, .primary_key = true});
        }
      }
    }
    model.fields.insert(model.fields.begin(), links.begin(), links.end());
  }

  /// A `to_field` that names the target's primary key says nothing, and is left out as in Django.
  void drop_needless_to_fields(ModelState& model) {
    for (Field& field : model.fields) {
      if (field.to_field.empty()) continue;
      const auto target = models_.find(key_from(field.to, model.app));
      if (target == models_.end()) continue;
      const Field* key = target->second.primary_key();
      if (key && key->name == field.to_field) field.to_field.clear();
    }
  }

  void report(FinishedModels& finished) {
    std::vector<PlacedProblem> more = find_problems(finished.state, &declaration_);
    found_.insert(found_.end(), more.begin(), more.end());
    more = key_problems(apps_, finished.state);
    found_.insert(found_.end(), more.begin(), more.end());
    std::stable_sort(
        found_.begin(), found_.end(),
        [](const PlacedProblem& a, const PlacedProblem& b) { return a.model < b.model; });
    for (PlacedProblem& placed : found_) {
      add_file(placed);
      finished.problems.push_back(std::move(placed.problem));
    }
  }

  /// Says where in a model file the part stands: `blog/models.json: /models/0/fields/2`.
  void add_file(PlacedProblem& placed) const {
    const auto at = declared_.find(placed.model);
    if (at == declared_.end()) {
      for (const DeclaredApp& app : apps_) {
        if (app.label == placed.model.app && !app.source.empty()) {
          placed.problem.where += ", " + app.source;
        }
      }
      return;
    }
    const std::string place = find_in_file(at->second, placed, *at->second.model);
    const std::string whole = file_place(at->second);
    const std::string& found = place.empty() ? whole : place;
    if (!found.empty()) placed.problem.where += ", " + found;
  }

  static std::string file_place(const Declared& declared) {
    if (declared.app->source.empty()) return {};
    return declared.app->source + ": /models/" + std::to_string(declared.position);
  }

  /// The part in the model or, for what an abstract base lent, there; empty where it is in neither.
  std::string find_in_file(const Declared& declared, const PlacedProblem& placed,
                           const ModelState& heir_declared) const {
    const ModelState& model = *declared.model;
    ModelState heir;
    heir.app = placed.model.app;
    heir.name = heir_declared.name;
    const auto index_of = [&](const auto& list, const auto& same) -> std::optional<std::size_t> {
      const auto at = std::find_if(list.begin(), list.end(), same);
      if (at == list.end()) return std::nullopt;
      return static_cast<std::size_t>(at - list.begin());
    };
    std::optional<std::size_t> at;
    std::string list;
    switch (placed.part) {
      case Part::model:
        return {};
      case Part::field:
        list = "/fields/";
        at = index_of(model.fields, [&](const Field& f) { return f.name == placed.name; });
        break;
      case Part::index:
        list = "/options/indexes/";
        at = index_of(model.options.indexes,
                      [&](const Index& i) { return expanded(i.name, heir) == placed.name; });
        break;
      case Part::constraint:
        list = "/options/constraints/";
        at = index_of(model.options.constraints, [&](const Constraint& c) {
          return expanded(name_of(c), heir) == placed.name;
        });
        break;
      case Part::options:
        if (file_place(declared).empty()) return {};
        return file_place(declared) + "/options/" + placed.name;
    }
    if (at) {
      const std::string place = file_place(declared);
      return place.empty() ? place : place + list + std::to_string(*at);
    }
    for (const Declared* base : declared.bases) {
      if (!base->model->options.abstract) continue;
      std::string place = find_in_file(*base, placed, heir_declared);
      if (!place.empty()) return place;
    }
    return {};
  }

  const std::vector<DeclaredApp>& apps_;
  std::map<ModelKey, Declared> declared_{};
  Declaration declaration_{};
  std::map<const Declared*, ModelState> flat_{};  ///< of abstract models and proxies
  std::map<ModelKey, ModelState> models_{};
  std::vector<PlacedProblem> found_{};
};

}  // namespace

void Registry::add(DeclaredApp app) {
  if (!is_identifier(app.label)) {
    throw Error(ErrorKind::bad_model, "\"" + app.label + "\" cannot be the name of an app",
                app.source, "use letters, digits and _");
  }
  const bool twice = std::any_of(apps_.begin(), apps_.end(), [&](const DeclaredApp& other) {
    return other.label == app.label;
  });
  if (twice) {
    throw Error(ErrorKind::bad_model, "app \"" + app.label + "\" is registered twice", app.source);
  }
  for (const DeclaredApp& other : apps_) {
    for (const DeclaredClass& theirs : other.classes) {
      for (const DeclaredClass& ours : app.classes) {
        if (ours.name != theirs.name) continue;
        throw Error(ErrorKind::bad_model,
                    "class " + ours.name + " is a model of app \"" + other.label + "\" already",
                    app.label, "a class belongs to one app; share fields through a mixin");
      }
    }
  }
  apps_.push_back(std::move(app));
}

FinishedModels Registry::finish() const {
  const bool classes = std::any_of(apps_.begin(), apps_.end(),
                                   [](const DeclaredApp& app) { return !app.classes.empty(); });
  if (!classes) return Finisher(apps_).run();
  std::vector<DeclaredApp> apps = apps_;
  resolve_classes(apps);
  return Finisher(apps).run();
}

}  // namespace turnstone
