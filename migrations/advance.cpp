#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/migrations/operation.h>

#include <algorithm>
#include <set>

#include "references.h"

namespace turnstone::migrations {
namespace {

std::string place(const ModelState& model) { return model.app + "." + model.name; }

[[noreturn]] void refuse(const std::string& message, const ModelState& model,
                         const std::string& hint = {}) {
  throw Error(ErrorKind::bad_model, message, place(model), hint);
}

/// What goes into a state: attributes only the registry knows are left out.
Options stored_options(Options options) {
  options.abstract = false;
  options.ordering.clear();
  options.renamed_from.clear();
  return options;
}

/// The position of the entry called `name`, or an error with the nearest name.
template <class Entries, class NameOf>
typename Entries::iterator position(Entries& entries, const std::string& name,
                                    const std::string& kind, const ModelState& model,
                                    const NameOf& name_of_entry) {
  const auto at = std::find_if(entries.begin(), entries.end(),
                               [&](const auto& entry) { return name_of_entry(entry) == name; });
  if (at != entries.end()) return at;
  std::vector<std::string> names;
  for (const auto& entry : entries) names.push_back(name_of_entry(entry));
  refuse("model \"" + place(model) + "\" has no " + kind + " \"" + name + "\"", model,
         did_you_mean(name, names));
}

const std::string& field_name(const Field& field) { return field.name; }
const std::string& index_name_of(const Index& index) { return index.name; }
const std::string& constraint_name(const Constraint& constraint) { return name_of(constraint); }

/// Carries out one operation.
class Advance {
 public:
  Advance(ProjectState& state, const std::string& app) : state_(state), app_(app) {}

  void operator()(const CreateModel& o) const {
    ModelState model{.app = app_, .name = o.name};
    if (const ModelPtr there = state_.find(key(o.name))) {
      refuse("model \"" + place(*there) + "\" exists already", model);
    }
    model.options = stored_options(o.options);
    model.bases = o.bases;
    std::set<std::string> seen;
    for (const Field& field : o.fields) {
      if (!seen.insert(field.name).second) {
        refuse("field \"" + field.name + "\" is there twice", model);
      }
      model.fields.push_back(stored_form(field));
    }
    seen.clear();
    for (const std::string& base : o.bases) {
      if (!seen.insert(lower_case(base)).second) {
        refuse("base \"" + base + "\" is there twice", model);
      }
    }
    state_.set(std::move(model));
  }

  void operator()(const DeleteModel& o) const {
    find(o.name);
    state_.erase(key(o.name));
  }

  void operator()(const RenameModel& o) const {
    const ModelKey from = key(o.old_name);
    const ModelKey to = key(o.new_name);
    ModelState model = *find(o.old_name);
    if (from != to) {
      if (const ModelPtr there = state_.find(to)) {
        refuse("model \"" + place(*there) + "\" exists already", model);
      }
    }
    model.name = o.new_name;
    replace(from, std::move(model));
  }

  void operator()(const MoveModel& o) const {
    const ModelKey from = key(o.name);
    ModelState model = *find(o.name);
    if (o.to_app == app_) {
      refuse("model \"" + place(model) + "\" is in app \"" + app_ + "\" already", model);
    }
    if (const ModelPtr there = state_.find(ModelKey{o.to_app, from.model})) {
      refuse("model \"" + place(*there) + "\" exists already", model,
             "rename one of them in a migration before this one");
    }
    write_out_references(model);
    model.app = o.to_app;
    replace(from, std::move(model));
  }

  void operator()(const AlterModelTable& o) const {
    edit(o.name, [&](ModelState& model) { model.options.db_table = o.table; });
  }
  void operator()(const AlterModelTableComment& o) const {
    edit(o.name, [&](ModelState& model) { model.options.db_table_comment = o.table_comment; });
  }
  void operator()(const AlterUniqueTogether& o) const {
    edit(o.name, [&](ModelState& model) { model.options.unique_together = o.unique_together; });
  }
  void operator()(const AlterOrderWithRespectTo& o) const {
    edit(o.name,
         [&](ModelState& model) { model.options.order_with_respect_to = o.order_with_respect_to; });
  }
  void operator()(const AlterModelOptions& o) const {
    edit(o.name, [&](ModelState& model) {
      model.options.managed = o.managed;
      model.options.base_manager_name = o.base_manager_name;
    });
  }

  void operator()(const AddField& o) const {
    edit(o.model_name, [&](ModelState& model) {
      if (model.find_field(o.field.name)) {
        refuse("model \"" + place(model) + "\" has a field \"" + o.field.name + "\" already",
               model);
      }
      model.fields.push_back(kept(o.field, o.preserve_default));
    });
  }
  void operator()(const RemoveField& o) const {
    edit(o.model_name, [&](ModelState& model) {
      const auto at = position(model.fields, o.name, "field", model, field_name);
      const std::string user = user_of_field(model, *at);
      if (!user.empty()) {
        refuse("field \"" + o.name + "\" is still used by " + user, model,
               "remove or change that one first");
      }
      model.fields.erase(at);
    });
  }
  void operator()(const AlterField& o) const {
    edit(o.model_name, [&](ModelState& model) {
      *position(model.fields, o.field.name, "field", model, field_name) =
          kept(o.field, o.preserve_default);
    });
  }

  void operator()(const RenameField& o) const {
    FieldRename rename{o.old_name, o.new_name};
    edit(o.model_name, [&](ModelState& model) {
      const Field& field = *position(model.fields, o.old_name, "field", model, field_name);
      if (o.old_name != o.new_name && model.find_field(o.new_name)) {
        refuse("model \"" + place(model) + "\" has a field \"" + o.new_name + "\" already", model);
      }
      rename.key = is_foreign_key(field.type);
      rename_own_field(model, rename);
      for (Field& own : model.fields) {
        rename_target_field(own, app_, key_of(model), rename);
        if (own.to == "self" && own.to_field == o.old_name) own.to_field = o.new_name;
      }
    });
    rename_in_referrers(key(o.model_name), rename);
  }

  void operator()(const AddIndex& o) const { add_index(o.model_name, o.index); }
  void operator()(const RemoveIndex& o) const { remove_index(o.model_name, o.name); }
  void operator()(const RenameIndex& o) const {
    edit(o.model_name, [&](ModelState& model) {
      auto& indexes = model.options.indexes;
      auto at = indexes.end();
      if (o.old_name.empty()) {
        at = std::find_if(indexes.begin(), indexes.end(),
                          [&](const Index& index) { return index.fields == o.old_fields; });
        if (at == indexes.end()) {
          refuse(
              "model \"" + place(model) + "\" has no index on (" + join(o.old_fields, ", ") + ")",
              model);
        }
      } else {
        at = position(indexes, o.old_name, "index", model, index_name_of);
      }
      if (at->name != o.new_name) refuse_second_index(model, o.new_name);
      at->name = o.new_name;
    });
  }

  void operator()(const AddConstraint& o) const { add_constraint(o.model_name, o.constraint); }
  void operator()(const RemoveConstraint& o) const {
    edit(o.model_name, [&](ModelState& model) {
      auto& constraints = model.options.constraints;
      constraints.erase(position(constraints, o.name, "constraint", model, constraint_name));
    });
  }
  void operator()(const AlterConstraint& o) const {
    edit(o.model_name, [&](ModelState& model) {
      const auto at =
          position(model.options.constraints, o.name, "constraint", model, constraint_name);
      if (name_of(o.constraint) != o.name) {
        refuse("constraint \"" + o.name + "\" is altered into one called \"" +
                   name_of(o.constraint) + "\"",
               model, "give both the same name, or remove one and add the other");
      }
      *at = o.constraint;
    });
  }

  void operator()(const RenameConstraint& o) const {
    edit(o.model_name, [&](ModelState& model) {
      auto& constraints = model.options.constraints;
      const auto at = position(constraints, o.old_name, "constraint", model, constraint_name);
      if (o.old_name != o.new_name) refuse_second_constraint(model, o.new_name);
      std::visit([&](auto& constraint) { constraint.name = o.new_name; }, *at);
    });
  }

  void operator()(const RunSQL& o) const { all(o.state_operations); }
  void operator()(const RunCpp&) const {}
  void operator()(const SeparateDatabaseAndState& o) const { all(o.state_operations); }
  void operator()(const CreateExtension&) const {}
  void operator()(const CreateCollation&) const {}
  void operator()(const RemoveCollation&) const {}
  void operator()(const AddIndexConcurrently& o) const { add_index(o.model_name, o.index); }
  void operator()(const RemoveIndexConcurrently& o) const { remove_index(o.model_name, o.name); }
  void operator()(const AddConstraintNotValid& o) const {
    if (!std::holds_alternative<CheckConstraint>(o.constraint)) {
      refuse("constraint \"" + name_of(o.constraint) + "\" is not a CheckConstraint",
             *find(o.model_name), "only a CHECK can be added without being validated");
    }
    add_constraint(o.model_name, o.constraint);
  }
  void operator()(const ValidateConstraint& o) const {
    ModelState model = *find(o.model_name);
    position(model.options.constraints, o.name, "constraint", model, constraint_name);
  }

 private:
  ModelKey key(const std::string& name) const { return ModelKey{app_, lower_case(name)}; }

  ModelPtr find(const std::string& name) const {
    if (ModelPtr model = state_.find(key(name))) return model;
    std::vector<std::string> names;
    state_.each([&](const ModelPtr& model) {
      if (model->app == app_) names.push_back(model->name);
    });
    throw Error(ErrorKind::bad_model, "app \"" + app_ + "\" has no model \"" + name + "\"", {},
                did_you_mean(name, names));
  }

  template <class Change>
  void edit(const std::string& name, const Change& change) const {
    ModelState model = *find(name);
    change(model);
    state_.set(std::move(model));
  }

  /// Puts `model` in the place of `from`, and points to it what pointed there.
  void replace(const ModelKey& from, ModelState model) const {
    const std::string now = place(model);
    const std::vector<ModelKey> referrers = state_.referrers(from);
    repoint(model, from, now);
    state_.erase(from);
    state_.set(std::move(model));
    for (const ModelKey& referrer : referrers) {
      const ModelPtr there = state_.find(referrer);
      if (!there) continue;  // the model itself
      ModelState other = *there;
      if (repoint(other, from, now)) state_.set(std::move(other));
    }
  }
  /// A reference without an app means one of the app that the model leaves.
  static void write_out_references(ModelState& model) {
    const auto write_out = [&](std::string& reference) {
      const bool bare = reference.find('.') == std::string::npos;
      if (bare && !reference.empty() && reference != "self")
        reference = model.app + "." + reference;
    };
    for (Field& field : model.fields) {
      write_out(field.to);
      write_out(field.through);
    }
    for (std::string& base : model.bases) write_out(base);
  }

  void all(const std::shared_ptr<const Operations>& operations) const {
    if (!operations) return;
    for (const Operation& operation : *operations) advance(state_, app_, operation);
  }

  static Field kept(Field field, bool preserve_default) {
    if (!preserve_default) field.default_value.reset();
    return stored_form(std::move(field));
  }

  static void refuse_second_index(const ModelState& model, const std::string& name) {
    for (const Index& index : model.options.indexes) {
      if (index.name == name) {
        refuse("model \"" + place(model) + "\" has an index \"" + name + "\" already", model);
      }
    }
  }
  void add_index(const std::string& name, const Index& index) const {
    edit(name, [&](ModelState& model) {
      refuse_second_index(model, index.name);
      model.options.indexes.push_back(index);
    });
  }
  void remove_index(const std::string& name, const std::string& index) const {
    edit(name, [&](ModelState& model) {
      auto& indexes = model.options.indexes;
      indexes.erase(position(indexes, index, "index", model, index_name_of));
    });
  }
  static void refuse_second_constraint(const ModelState& model, const std::string& name) {
    for (const Constraint& other : model.options.constraints) {
      if (name_of(other) == name) {
        refuse("model \"" + place(model) + "\" has a constraint \"" + name + "\" already", model);
      }
    }
  }
  void add_constraint(const std::string& name, const Constraint& constraint) const {
    edit(name, [&](ModelState& model) {
      refuse_second_constraint(model, name_of(constraint));
      model.options.constraints.push_back(constraint);
    });
  }

  /// `to_field` and `through_fields` elsewhere; keys to a multi-table child may name a field of its
  /// base.
  void rename_in_referrers(const ModelKey& target, const FieldRename& rename) const {
    for (const ModelKey& referrer : state_.referrers(target)) {
      ModelState other = *state_.get(referrer);
      bool changed = false;
      for (Field& field : other.fields) {
        changed |= rename_target_field(field, other.app, target, rename);
      }
      const bool heir =
          std::any_of(other.bases.begin(), other.bases.end(),
                      [&](const std::string& base) { return refers_to(base, other.app, target); });
      if (changed) state_.set(std::move(other));
      if (heir) rename_in_referrers(referrer, rename);
    }
  }

  ProjectState& state_;
  const std::string& app_;
};

}  // namespace

void advance(ProjectState& state, const std::string& app, const Operation& operation) {
  match(operation, Advance(state, app));
}

}  // namespace turnstone::migrations
