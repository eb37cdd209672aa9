#include <turnstone/error.h>
#include <turnstone/identifier.h>

#include <algorithm>

#include "changes.h"
#include "differences.h"
#include "references.h"

namespace turnstone::migrations {
namespace {

using Kind = Dependency::Kind;
using Names = std::set<std::string>;
using Together = std::vector<std::vector<std::string>>;

std::string text_of(const ModelState& model) { return model.app + "." + model.name; }

/// True when `name` (also as `<fk>_id`) is one of `fields`.
bool is_one_of(const std::string& name, const Names& fields) {
  if (fields.contains(name)) return true;
  return name.size() > 3 && name.compare(name.size() - 3, 3, "_id") == 0 &&
         fields.contains(name.substr(0, name.size() - 3));
}
FieldUse use_of(const Names& fields) {
  return [&fields](const std::string& name) { return is_one_of(name, fields); };
}

/// The fields of `model` that a list, an index, a constraint or an expression names.
template <class Part>
std::vector<std::string> fields_in(const ModelState& model, const Part& part) {
  std::vector<std::string> names;
  names_field(part, [&](const std::string& name) {
    if (const Field* field = model.resolve_field(name)) names.push_back(field->name);
    return false;
  });
  return names;
}
std::vector<std::string> fields_of_generated(const ModelState& model, const Field& field) {
  std::vector<std::string> names;
  if (!field.expression) return names;
  any_field(*field.expression, [&](const std::string& name) {
    if (const Field* used = model.resolve_field(name)) names.push_back(used->name);
    return false;
  });
  return names;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// A model that is in both states and not the same, with what happens to its parts.
struct Kept {
  ModelPtr was{};
  ModelPtr is{};
  std::vector<std::string> removed{};  ///< names of fields, sorted, as the next three
  std::vector<std::string> added{};
  std::vector<std::string> altered{};
  Names recreated{};  ///< removed and added anew
  Together together_between{};

  std::vector<std::string> removed_indexes{};
  std::vector<std::pair<std::string, std::string>> renamed_indexes{};
  std::vector<Index> added_indexes{};
  std::vector<std::string> removed_constraints{};
  std::vector<std::pair<std::string, std::string>> renamed_constraints{};
  std::vector<Constraint> altered_constraints{};
  std::vector<Constraint> added_constraints{};

  ModelKey key() const { return key_of(*is); }
};

class OtherChanges {
 public:
  explicit OtherChanges(Changes& changes) : changes_(changes) {}

  void run() {
    sort_out();
    if (gone_.empty() && fresh_.empty() && kept_.empty()) return place_field_renames();
    created_models();
    deleted_models();
    parts_of_created_models();
    for (const Kept& model : kept_) options(model);
    for (const Kept& model : kept_) removed_constraints_and_indexes(model);
    place_field_renames();
    for (const Kept& model : kept_) renamed_indexes_and_constraints(model);
    for (const Kept& model : kept_) shrink_together(model);
    for (const Kept& model : kept_) removed_fields(model);
    for (const Kept& model : kept_) added_fields(model);
    for (const Kept& model : kept_) altered_fields(model);
    for (const Kept& model : kept_) order(model);
    for (const Kept& model : kept_) grow_together(model);
    for (const Kept& model : kept_) added_indexes_and_constraints(model);
    for (const Kept& model : kept_) table(model);
    for (const Kept& model : kept_) rebuilt(model);
  }

 private:
  // What is where -------------------------------------------------------------------------------

  void sort_out() {
    changes_.now.each([&](const ModelPtr& was) {
      const ModelPtr is = changes_.to.find(key_of(*was));
      if (!is || is->options.proxy != was->options.proxy) gone_.emplace(key_of(*was), was);
    });
    changes_.to.each([&](const ModelPtr& is) {
      const ModelPtr was = changes_.now.find(key_of(*is));
      if (was == is) return;
      if (!was || gone_.contains(key_of(*is))) {
        if (was) refuse_change_of_kind(*was);
        fresh_.push_back(is);
      } else if (!same_model(*was, *is)) {
        Kept kept;
        kept.was = was;
        kept.is = is;
        kept_.push_back(std::move(kept));
      }
    });
    for (Kept& model : kept_) {
      compare_fields(model);
      compare_together(model);
      compare_indexes(model);
      compare_constraints(model);
    }
    for (const auto& [key, model] : gone_) {
      for (const Index& index : model->options.indexes) freed_.emplace(index.name, key);
      for (const Constraint& it : model->options.constraints) freed_.emplace(name_of(it), key);
    }
    for (const Kept& model : kept_) {
      for (const std::string& name : model.removed_indexes) freed_.emplace(name, model.key());
      for (const auto& [from, to] : model.renamed_indexes) freed_.emplace(from, model.key());
      for (const std::string& name : model.removed_constraints) freed_.emplace(name, model.key());
      for (const auto& [from, to] : model.renamed_constraints) freed_.emplace(from, model.key());
    }
  }

  void refuse_change_of_kind(const ModelState& was) const {
    for (const ModelKey& referrer : changes_.now.referrers(key_of(was))) {
      if (gone_.contains(referrer) && !changes_.to.contains(referrer)) continue;
      throw Error(ErrorKind::bad_model,
                  "model \"" + text_of(was) + "\" cannot " +
                      (was.options.proxy ? "become a table of its own" : "become a proxy") +
                      " while \"" + text_of(*changes_.now.get(referrer)) + "\" refers to it",
                  text_of(was), "let that one refer to another model first");
    }
  }

  static bool must_recreate(const Field& was, const Field& is) {
    const bool many = was.type == FieldType::many_to_many;
    if (many != (is.type == FieldType::many_to_many)) return true;
    if (many) return was.through.empty() != is.through.empty();
    const bool generated = was.type == FieldType::generated;
    if (generated != (is.type == FieldType::generated)) return true;
    if (!generated) return false;
    const std::vector<std::string> keys = different_options(was, is);
    return contains(keys, "expression") || contains(keys, "output_field") ||
           contains(keys, "db_persist");
  }

  static void compare_fields(Kept& model) {
    for (const Field& field : model.was->fields) {
      const Field* is = model.is->find_field(field.name);
      if (!is) {
        model.removed.push_back(field.name);
      } else if (!same_definition(field, *is)) {
        if (must_recreate(field, *is)) {
          model.recreated.insert(field.name);
        } else {
          model.altered.push_back(field.name);
        }
      }
    }
    for (const Field& field : model.is->fields) {
      if (!model.was->find_field(field.name)) model.added.push_back(field.name);
    }
    // What is computed from a field that comes anew comes anew.
    for (bool more = !model.recreated.empty(); more;) {
      more = false;
      for (const Field& field : model.is->fields) {
        const Field* was = model.was->find_field(field.name);
        if (!was || !was->expression || model.recreated.contains(field.name) ||
            !any_field(*was->expression, use_of(model.recreated))) {
          continue;
        }
        std::erase(model.altered, field.name);
        more = model.recreated.insert(field.name).second;
      }
    }
    for (auto* names : {&model.removed, &model.added, &model.altered}) {
      std::sort(names->begin(), names->end());
    }
  }

  static void compare_together(Kept& model) {
    const Together& is = model.is->options.unique_together;
    for (const auto& names : model.was->options.unique_together) {
      const bool stays = std::find(is.begin(), is.end(), names) != is.end() &&
                         std::none_of(names.begin(), names.end(), use_of(model.recreated));
      if (stays) model.together_between.push_back(names);
    }
  }

  static void compare_indexes(Kept& model) {
    const FieldUse recreated = use_of(model.recreated);
    std::vector<Index> removed;
    for (const Index& index : model.was->options.indexes) {
      const auto& is = model.is->options.indexes;
      const bool stays =
          std::find(is.begin(), is.end(), index) != is.end() && !names_field(index, recreated);
      if (!stays) removed.push_back(index);
    }
    for (const Index& index : model.is->options.indexes) {
      const auto& was = model.was->options.indexes;
      const bool stayed =
          std::find(was.begin(), was.end(), index) != was.end() && !names_field(index, recreated);
      if (stayed) continue;
      const bool name_taken = std::any_of(
          was.begin(), was.end(), [&](const Index& other) { return other.name == index.name; });
      const auto renamed = std::find_if(removed.begin(), removed.end(), [&](const Index& other) {
        return !name_taken && same_but_name(other, index) && !names_field(other, recreated);
      });
      if (renamed == removed.end()) {
        model.added_indexes.push_back(index);
      } else {
        model.renamed_indexes.emplace_back(renamed->name, index.name);
        removed.erase(renamed);
      }
    }
    for (const Index& index : removed) model.removed_indexes.push_back(index.name);
  }

  static void compare_constraints(Kept& model) {
    Names unsteady = model.recreated;
    unsteady.insert(model.removed.begin(), model.removed.end());
    unsteady.insert(model.added.begin(), model.added.end());
    unsteady.insert(model.altered.begin(), model.altered.end());
    const auto find = [](const std::vector<Constraint>& all, const std::string& name) {
      const auto at = std::find_if(all.begin(), all.end(),
                                   [&](const Constraint& it) { return name_of(it) == name; });
      return at == all.end() ? nullptr : &*at;
    };
    // The same under another name that is free: a rename.
    std::vector<const Constraint*> fresh;
    for (const Constraint& is : model.is->options.constraints) {
      if (!find(model.was->options.constraints, name_of(is))) fresh.push_back(&is);
    }
    for (const Constraint& was : model.was->options.constraints) {
      const Constraint* is = find(model.is->options.constraints, name_of(was));
      if (!is && !names_field(was, use_of(model.recreated))) {
        const auto renamed = std::find_if(fresh.begin(), fresh.end(), [&](const Constraint* other) {
          return same_but_name(was, *other);
        });
        if (renamed != fresh.end()) {
          model.renamed_constraints.emplace_back(name_of(was), name_of(**renamed));
          fresh.erase(renamed);
          continue;
        }
      }
      if (is && *is == was && !names_field(was, use_of(model.recreated))) continue;
      if (is && !names_field(was, use_of(unsteady)) && !names_field(*is, use_of(unsteady))) {
        model.altered_constraints.push_back(*is);
        continue;
      }
      model.removed_constraints.push_back(name_of(was));
      if (is) model.added_constraints.push_back(*is);
    }
    for (const Constraint* is : fresh) model.added_constraints.push_back(*is);
  }

  // Models that come ------------------------------------------------------------------------------

  /// Fields that come after the model, so that models can refer to each other in a circle.
  static Names later_fields(const ModelState& model) {
    Names in_key;
    for (const Field& field : model.fields) in_key.insert(field.fields.begin(), field.fields.end());
    Names later;
    for (const Field& field : model.fields) {
      if (!field.to.empty() && !field.primary_key && !field.parent_link &&
          !in_key.contains(field.name)) {
        later.insert(field.name);
      }
    }
    for (const Field& field : model.fields) {
      if (field.expression && any_field(*field.expression, use_of(later))) later.insert(field.name);
    }
    return later;
  }

  void created_models() {
    for (const ModelPtr& model : fresh_) {
      const Names later = later_fields(*model);
      CreateModel create{.name = model->name, .bases = model->bases};
      create.options = model->options;
      create.options.indexes.clear();
      create.options.constraints.clear();
      create.options.unique_together.clear();
      create.options.order_with_respect_to.clear();
      create.options.ordering.clear();
      create.options.renamed_from.clear();
      std::vector<Dependency> after = {{Kind::model_gone, key_of(*model), {}}};
      const auto wait_for = [&](std::vector<Dependency> more) {
        std::move(more.begin(), more.end(), std::back_inserter(after));
      };
      for (const Field& field : model->fields) {
        wait_for(fields_of_bases(*model, field.name));
        if (later.contains(field.name)) continue;
        create.fields.push_back(stored_form(field));
        wait_for(needs_of(*model, field));
      }
      for (const std::string& base : model->bases) {
        after.push_back({Kind::model_there, key_from(base, model->app), {}});
      }
      if (!model->options.proxy) wait_for(table_free(*model));
      changes_.add(model->app, std::move(create), std::move(after));
    }
  }

  /// Fields of that name which bases are about to lose.
  std::vector<Dependency> fields_of_bases(const ModelState& model, const std::string& field) const {
    std::vector<Dependency> needs;
    for (const std::string& reference : model.bases) {
      const ModelKey base = key_from(reference, model.app);
      const ModelPtr was = changes_.now.find(base);
      if (was && was->find_field(field)) needs.push_back({Kind::field_gone, base, field});
    }
    return needs;
  }

  /// Models whose table has had the name that `model` takes.
  std::vector<Dependency> table_free(const ModelState& model) {
    std::vector<Dependency> needs;
    const std::string table = table_name(model);
    for (const auto& [key, was] : gone_) {
      if (table_name(*was) != table || key == key_of(model)) continue;
      if (put_aside(*was)) {
        needs.push_back({Kind::table_changed, key, {}});
      } else {
        needs.push_back({Kind::model_gone, key, {}});
      }
    }
    for (const Kept& other : kept_) {
      if (other.key() != key_of(model) && table_name(*other.was) == table) {
        needs.push_back({Kind::table_changed, other.key(), {}});
      }
    }
    return needs;
  }

  /// Gives the table of a model that goes another name, when the model may have to wait for what
  /// takes its name: models that stay still point to it. False when it need not wait.
  bool put_aside(const ModelState& model) {
    const ModelKey key = key_of(model);
    const std::vector<ModelKey> referrers = changes_.now.referrers(key);
    if (std::all_of(referrers.begin(), referrers.end(),
                    [&](const ModelKey& referrer) { return gone_.contains(referrer); })) {
      return false;
    }
    if (aside_.insert(key).second) {
      changes_.add(key.app, AlterModelTable{key.model, unused_table(table_name(model) + "_old")});
    }
    return true;
  }
  std::string unused_table(const std::string& wanted) const {
    Names taken;
    const auto take = [&](const ModelPtr& model) { taken.insert(table_name(*model)); };
    changes_.now.each(take);
    changes_.to.each(take);
    std::string name = wanted;
    for (int i = 2; taken.contains(name); ++i) name = wanted + std::to_string(i);
    return name;
  }

  void parts_of_created_models() {
    for (const ModelPtr& model : fresh_) {
      const ModelKey key = key_of(*model);
      for (const std::string& name : later_fields(*model)) {
        const Field& field = *model->find_field(name);
        std::vector<Dependency> after = needs_of(*model, field);
        after.push_back({Kind::model_there, key, {}});
        for (const std::string& used : fields_of_generated(*model, field)) {
          after.push_back({Kind::field_there, key, used});
        }
        changes_.add(key.app, AddField{key.model, stored_form(field)}, std::move(after));
      }
      const Options& options = model->options;
      if (!options.order_with_respect_to.empty()) {
        changes_.add(key.app, AlterOrderWithRespectTo{key.model, options.order_with_respect_to},
                     settled(*model, {options.order_with_respect_to}));
      }
      for (const Index& index : options.indexes) add_index(*model, index);
      for (const Constraint& constraint : options.constraints) add_constraint(*model, constraint);
      if (!options.unique_together.empty()) set_together(*model, options.unique_together);
    }
  }

  // Models that go --------------------------------------------------------------------------------

  void deleted_models() {
    cut_circles();
    for (const auto& [key, model] : gone_) {
      const auto cut = cut_.find(key);
      if (cut != cut_.end()) remove_cut_fields(*model, cut->second);
    }
    for (const auto& [key, model] : gone_) {
      std::vector<Dependency> after;
      for (const ModelKey& referrer : changes_.now.referrers(key)) {
        for (Dependency& dependency : released_by(*changes_.now.get(referrer), key)) {
          after.push_back(std::move(dependency));
        }
      }
      changes_.add(key.app, DeleteModel{model->name}, std::move(after));
    }
  }

  /// What must happen before `referrer` no longer needs `key`.
  std::vector<Dependency> released_by(const ModelState& referrer, const ModelKey& key) const {
    const ModelKey from = key_of(referrer);
    const auto cut = cut_.find(from);
    std::vector<Dependency> after;
    bool whole = false;
    for (const Field& field : referrer.fields) {
      if (!refers_to(field.to, referrer.app, key) && !refers_to(field.through, referrer.app, key)) {
        continue;
      }
      if (!gone_.contains(from)) {
        after.push_back({Kind::field_released, from, field.name});
      } else if (cut != cut_.end() && cut->second.contains(field.name)) {
        after.push_back({Kind::field_gone, from, field.name});
      } else {
        whole = true;
      }
    }
    const bool heir =
        std::any_of(referrer.bases.begin(), referrer.bases.end(),
                    [&](const std::string& base) { return refers_to(base, referrer.app, key); });
    if (heir && !gone_.contains(from)) after.push_back({Kind::model_rebuilt, from, {}});
    if (whole || (heir && gone_.contains(from))) after.push_back({Kind::model_gone, from, {}});
    return after;
  }

  /// Finds relations to remove beforehand, where models that go refer to each other in a circle.
  void cut_circles() {
    std::set<ModelKey> left;
    for (const auto& [key, model] : gone_) left.insert(key);
    const auto holds = [&](const ModelKey& referrer, const ModelKey& key) {
      const std::vector<Dependency> after = released_by(*gone_.at(referrer), key);
      return std::any_of(after.begin(), after.end(),
                         [](const Dependency& it) { return it.kind == Kind::model_gone; });
    };
    while (!left.empty()) {
      std::vector<ModelKey> free;
      for (const ModelKey& key : left) {
        const std::vector<ModelKey> referrers = changes_.now.referrers(key);
        if (std::none_of(referrers.begin(), referrers.end(), [&](const ModelKey& referrer) {
              return left.contains(referrer) && holds(referrer, key);
            })) {
          free.push_back(key);
        }
      }
      for (const ModelKey& key : free) left.erase(key);
      if (free.empty() && !cut_first(left)) return;
    }
  }

  bool cut_first(const std::set<ModelKey>& left) {
    for (const ModelKey& key : left) {
      const ModelState& model = *gone_.at(key);
      Names in_key;
      for (const Field& field : model.fields) {
        in_key.insert(field.fields.begin(), field.fields.end());
      }
      bool any = false;
      for (const Field& field : model.fields) {
        if (field.to.empty() || field.primary_key || field.parent_link ||
            in_key.contains(field.name)) {
          continue;
        }
        const auto points_into = [&](const std::string& reference) {
          if (reference.empty() || reference == "self") return false;
          const ModelKey target = key_from(reference, key.app);
          return target != key && left.contains(target);
        };
        if (points_into(field.to) || points_into(field.through)) {
          any |= cut_[key].insert(field.name).second;
        }
      }
      if (any) return true;
    }
    return false;
  }

  void remove_cut_fields(const ModelState& model, const Names& cut) {
    const ModelKey key = key_of(model);
    const FieldUse use = use_of(cut);
    Together together = model.options.unique_together;
    std::erase_if(together,
                  [&](const auto& names) { return std::any_of(names.begin(), names.end(), use); });
    if (together != model.options.unique_together) {
      changes_.add(key.app, AlterUniqueTogether{key.model, together});
    }
    if (use(model.options.order_with_respect_to)) {
      changes_.add(key.app, AlterOrderWithRespectTo{key.model, {}});
    }
    for (const Index& index : model.options.indexes) {
      if (names_field(index, use)) changes_.add(key.app, RemoveIndex{key.model, index.name});
    }
    for (const Constraint& constraint : model.options.constraints) {
      if (names_field(constraint, use)) {
        changes_.add(key.app, RemoveConstraint{key.model, name_of(constraint)});
      }
    }
    for (const Field& field : model.fields) {
      if (field.expression && any_field(*field.expression, use)) {
        changes_.add(key.app, RemoveField{key.model, field.name});
      }
    }
    for (const std::string& name : cut) changes_.add(key.app, RemoveField{key.model, name});
  }

  // Models that stay ------------------------------------------------------------------------------

  void options(const Kept& model) {
    const Options& was = model.was->options;
    const Options& is = model.is->options;
    const ModelKey key = model.key();
    if (was.managed != is.managed || was.base_manager_name != is.base_manager_name) {
      changes_.add(key.app, AlterModelOptions{key.model, is.managed, is.base_manager_name});
    }
    if (was.db_table_comment != is.db_table_comment) {
      changes_.add(key.app, AlterModelTableComment{key.model, is.db_table_comment});
    }
  }

  void removed_constraints_and_indexes(const Kept& model) {
    const ModelKey key = model.key();
    for (const std::string& name : model.removed_constraints) {
      changes_.add(key.app, RemoveConstraint{key.model, name});
    }
    for (const std::string& name : model.removed_indexes) {
      changes_.add(key.app, RemoveIndex{key.model, name});
    }
  }

  void place_field_renames() {
    for (auto& [app, operations] : changes_.field_renames) {
      auto& found = changes_.found[app];
      std::move(operations.begin(), operations.end(), std::back_inserter(found));
    }
    changes_.field_renames.clear();
  }

  void renamed_indexes_and_constraints(const Kept& model) {
    const ModelKey key = model.key();
    for (const auto& [from, to] : model.renamed_indexes) {
      changes_.add(key.app, RenameIndex{key.model, to, from, {}}, free_name(to));
    }
    for (const auto& [from, to] : model.renamed_constraints) {
      changes_.add(key.app, RenameConstraint{key.model, from, to}, free_name(to));
    }
  }

  void shrink_together(const Kept& model) {
    const Together& was = model.was->options.unique_together;
    if (model.together_between.size() == was.size()) return;
    changes_.add(model.key().app, AlterUniqueTogether{model.key().model, model.together_between});
  }
  void grow_together(const Kept& model) {
    const Together& is = model.is->options.unique_together;
    if (model.together_between.size() != is.size()) set_together(*model.is, is);
  }

  void removed_fields(const Kept& model) {
    std::vector<std::string> names = model.removed;
    names.insert(names.end(), model.recreated.begin(), model.recreated.end());
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
      if (model.recreated.contains(name)) agree_to_recreate(model, name);
      changes_.add(model.key().app, RemoveField{model.key().model, name},
                   before_removal(model, *model.was->find_field(name)));
    }
  }

  void agree_to_recreate(const Kept& model, const std::string& name) {
    const Field& was = *model.was->find_field(name);
    const bool holds_values = was.type == FieldType::many_to_many
                                  ? was.through.empty()
                                  : was.type != FieldType::generated && has_column(was);
    if (!holds_values || !model.was->options.managed || !model.is->options.managed ||
        changes_.questioner.may_remove_field(*model.is, was, {name})) {
      return;
    }
    const std::string place = text_of(*model.is) + "." + name;
    refuse_loss("field \"" + place + "\" can only become what it is now without its values", place,
                "add it under another name, move the values, and remove this one later");
  }

  std::vector<Dependency> before_removal(const Kept& model, const Field& field) const {
    const ModelKey key = model.key();
    const Names self = {field.name};
    std::vector<Dependency> after;
    if (model.was->options.order_with_respect_to == field.name) {
      after.push_back({Kind::order_changed, key, {}});
    }
    // Only the operation that takes the field out of the sets; the one that adds others comes last.
    for (const Field& other : model.was->fields) {
      const bool uses = (other.expression && any_field(*other.expression, use_of(self))) ||
                        contains(other.fields, field.name);
      if (uses && other.name != field.name) {
        after.push_back({Kind::field_released, key, other.name});
      }
    }
    for (const ModelKey& referrer : changes_.now.referrers(key)) {
      const ModelState& from = *changes_.now.get(referrer);
      for (const Field& relation : from.fields) {
        if ((relation.to_field == field.name && refers_to(relation.to, from.app, key)) ||
            (contains(relation.through_fields, field.name) &&
             refers_to(relation.through, from.app, key))) {
          after.push_back({Kind::field_released, referrer, relation.name});
        }
      }
    }
    return after;
  }

  void added_fields(const Kept& model) {
    std::vector<std::string> names = model.added;
    names.insert(names.end(), model.recreated.begin(), model.recreated.end());
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
      const Field& declared = *model.is->find_field(name);
      AddField add{model.key().model, stored_form(declared)};
      if (needs_value(model, declared)) {
        if (auto value = changes_.questioner.default_for_added(*model.is, declared)) {
          add.field.default_value = std::move(value);
          add.preserve_default = false;
        }
      }
      changes_.add(model.key().app, std::move(add), before_addition(model, declared));
    }
  }

  static bool needs_value(const Kept& model, const Field& field) {
    const bool none_needed = field.null || field.default_value || field.db_default ||
                             !has_column(field) || field.auto_now || field.auto_now_add ||
                             is_auto(field.type) || field.type == FieldType::generated ||
                             (field.blank && accepts_empty_string(field.type));
    return !none_needed && model.was->options.managed && model.is->options.managed;
  }

  std::vector<Dependency> before_addition(const Kept& model, const Field& field) const {
    const ModelKey key = model.key();
    std::vector<Dependency> after = needs_of(*model.is, field);
    std::vector<Dependency> bases = fields_of_bases(*model.is, field.name);
    after.insert(after.end(), bases.begin(), bases.end());
    std::vector<std::string> used = fields_of_generated(*model.is, field);
    used.insert(used.end(), field.fields.begin(), field.fields.end());
    for (const std::string& name : used) after.push_back({Kind::field_settled, key, name});
    for (const Field& other : model.was->fields) {
      const bool goes = model.recreated.contains(other.name) || contains(model.removed, other.name);
      const bool in_the_way =
          other.name == field.name ||
          (has_column(other) && has_column(field) && column_name(other) == column_name(field));
      if (goes && in_the_way) after.push_back({Kind::field_gone, key, other.name});
    }
    after_old_key(model, field, after);
    return after;
  }

  /// A new primary key waits for the old one to go or to become a plain field.
  static void after_old_key(const Kept& model, const Field& field, std::vector<Dependency>& after) {
    if (!field.primary_key && field.type != FieldType::composite_primary_key) return;
    const Field* old = model.was->primary_key();
    if (!old || old->name == field.name) return;
    after.push_back({Kind::field_released, model.key(), old->name});
  }

  void altered_fields(const Kept& model) {
    const ModelKey key = model.key();
    for (const std::string& name : model.altered) {
      const Field& was = *model.was->find_field(name);
      const Field& is = *model.is->find_field(name);
      AlterField alter{key.model, stored_form(is)};
      const bool closes = was.null && !is.null && has_column(is);
      if (closes && !is.default_value && !is.db_default && !is.auto_now && !is.auto_now_add &&
          is.type != FieldType::generated && model.was->options.managed &&
          model.is->options.managed) {
        if (auto value = changes_.questioner.default_for_altered(*model.is, is)) {
          alter.field.default_value = std::move(value);
          alter.preserve_default = false;
        }
      }
      std::vector<Dependency> after = needs_of(*model.is, is);
      after_old_key(model, is, after);
      changes_.add(key.app, std::move(alter), std::move(after));
    }
  }

  void order(const Kept& model) {
    const std::string& is = model.is->options.order_with_respect_to;
    if (model.was->options.order_with_respect_to == is) return;
    changes_.add(model.key().app, AlterOrderWithRespectTo{model.key().model, is},
                 is.empty() ? std::vector<Dependency>{} : settled(*model.is, {is}));
  }

  void added_indexes_and_constraints(const Kept& model) {
    for (const Index& index : model.added_indexes) add_index(*model.is, index);
    for (const Constraint& constraint : model.added_constraints) {
      add_constraint(*model.is, constraint);
    }
    for (const Constraint& constraint : model.altered_constraints) {
      changes_.add(model.key().app,
                   AlterConstraint{model.key().model, name_of(constraint), constraint});
    }
  }

  void table(const Kept& model) {
    if (model.was->options.db_table == model.is->options.db_table) return;
    changes_.add(model.key().app, AlterModelTable{model.key().model, model.is->options.db_table},
                 table_free(*model.is));
  }

  /// Bases, tablespace and setting of a model have no operation of their own, and change nothing in
  /// a database: the state gets the model anew.
  void rebuilt(const Kept& model) {
    const Options& was = model.was->options;
    const Options& is = model.is->options;
    if (same_bases(*model.was, *model.is) && was.db_tablespace == is.db_tablespace &&
        was.swappable == is.swappable) {
      return;
    }
    CreateModel create{model.is->name, {}, is, model.is->bases};
    create.options.ordering.clear();
    create.options.renamed_from.clear();
    for (const Field& field : model.is->fields) create.fields.push_back(stored_form(field));
    std::vector<Dependency> after = {{Kind::model_done, model.key(), {}}};
    for (const std::string& base : model.is->bases) {
      after.push_back({Kind::model_there, key_from(base, model.is->app), {}});
    }
    changes_.add(
        model.key().app,
        SeparateDatabaseAndState{nullptr, std::make_shared<const Operations>(Operations{
                                              {DeleteModel{model.is->name}}, {std::move(create)}})},
        std::move(after));
  }

  // Parts of models -------------------------------------------------------------------------------

  static std::vector<Dependency> settled(const ModelState& model,
                                         const std::vector<std::string>& fields) {
    std::vector<Dependency> after = {{Kind::model_there, key_of(model), {}}};
    for (const std::string& name : fields) {
      after.push_back({Kind::field_settled, key_of(model), name});
    }
    return after;
  }
  std::vector<Dependency> free_name(const std::string& name) const {
    const auto at = freed_.find(name);
    if (at == freed_.end()) return {};
    return {{Kind::name_free, at->second, name}};
  }
  template <class Part>
  std::vector<Dependency> before_part(const ModelState& model, const Part& part,
                                      const std::string& name) const {
    std::vector<Dependency> after = settled(model, fields_in(model, part));
    for (Dependency& dependency : free_name(name)) after.push_back(std::move(dependency));
    return after;
  }
  void add_index(const ModelState& model, const Index& index) {
    changes_.add(model.app, AddIndex{key_of(model).model, index},
                 before_part(model, index, index.name));
  }
  void add_constraint(const ModelState& model, const Constraint& constraint) {
    changes_.add(model.app, AddConstraint{key_of(model).model, constraint},
                 before_part(model, constraint, name_of(constraint)));
  }
  void set_together(const ModelState& model, const Together& together) {
    std::vector<std::string> names;
    for (const auto& set : together) names.insert(names.end(), set.begin(), set.end());
    changes_.add(model.app, AlterUniqueTogether{key_of(model).model, together},
                 settled(model, names));
  }

  Changes& changes_;
  std::map<ModelKey, ModelPtr> gone_{};
  std::vector<ModelPtr> fresh_{};
  std::vector<Kept> kept_{};
  std::set<ModelKey> aside_{};               ///< models that go, whose tables got another name
  std::map<ModelKey, Names> cut_{};          ///< relations of models that go, removed before
  std::map<std::string, ModelKey> freed_{};  ///< names of indexes and constraints, by old model
};

}  // namespace

void find_other_changes(Changes& changes) { OtherChanges(changes).run(); }

}  // namespace turnstone::migrations
