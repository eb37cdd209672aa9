#include <turnstone/error.h>
#include <turnstone/identifier.h>

#include <algorithm>

#include "changes.h"
#include "differences.h"

namespace turnstone::migrations {
namespace {

using Kind = Dependency::Kind;

constexpr double similar_enough = 0.5;

// Models ------------------------------------------------------------------------------------------

class RenamedModels {
 public:
  explicit RenamedModels(Changes& changes) : changes_(changes) {}

  void run() {
    change_case();
    std::vector<ModelPtr> added;
    std::vector<ModelPtr> removed;
    changes_.to.each([&](const ModelPtr& model) {
      if (!changes_.now.contains(key_of(*model))) added.push_back(model);
    });
    changes_.now.each([&](const ModelPtr& model) {
      if (!changes_.to.contains(key_of(*model))) removed.push_back(model);
    });
    if (added.empty() || removed.empty()) return;
    by_hint(added, removed);
    by_question(added, removed);
    agree_to_losses(added, removed);
  }

 private:
  /// A candidate for what `was` is called now.
  static bool similar(const ModelState& was, const ModelState& now) {
    return was.app == now.app && was.options.proxy == now.options.proxy &&
           (same_fields_but_names(was, now) || similarity(was, now) >= similar_enough);
  }

  /// The same model, spelled with other capitals.
  void change_case() {
    std::vector<std::pair<ModelPtr, ModelPtr>> spelled;
    changes_.to.each([&](const ModelPtr& model) {
      const ModelPtr was = changes_.now.find(key_of(*model));
      if (was && was->name != model->name) spelled.emplace_back(was, model);
    });
    for (const auto& [was, is] : spelled) rename(was, is);
  }

  void by_hint(std::vector<ModelPtr>& added, std::vector<ModelPtr>& removed) {
    std::erase_if(added, [&](const ModelPtr& model) {
      if (model->options.renamed_from.empty()) return false;
      const ModelKey old = key_from(model->options.renamed_from, model->app);
      const auto at = std::find_if(removed.begin(), removed.end(),
                                   [&](const ModelPtr& was) { return key_of(*was) == old; });
      if (at == removed.end() || (*at)->app != model->app) return false;
      rename(*at, model);
      removed.erase(at);
      return true;
    });
  }

  void by_question(std::vector<ModelPtr>& added, std::vector<ModelPtr>& removed) {
    // What is the same in every field comes first.
    for (const bool same : {true, false}) {
      std::erase_if(added, [&](const ModelPtr& model) {
        const auto at = std::find_if(removed.begin(), removed.end(), [&](const ModelPtr& was) {
          const ModelPtr then = changes_.now.get(key_of(*was));
          return similar(*then, *model) && same_fields_but_names(*then, *model) == same &&
                 changes_.questioner.renamed_model(*then, *model, same);
        });
        if (at == removed.end()) return false;
        rename(*at, model);
        removed.erase(at);
        return true;
      });
    }
  }

  void agree_to_losses(const std::vector<ModelPtr>& added, const std::vector<ModelPtr>& removed) {
    for (const ModelPtr& was : removed) {
      std::vector<std::string> candidates;
      for (const ModelPtr& model : added) {
        if (similar(*was, *model)) candidates.push_back(model->name);
      }
      if (candidates.empty() || !was->options.managed || was->options.proxy ||
          changes_.questioner.may_remove_model(*was, candidates)) {
        continue;
      }
      const std::string name = was->app + "." + was->name;
      refuse_loss(
          "model \"" + name + "\" would be deleted with its rows", name,
          "say --rename-model " + name + ":" + candidates.front() + " where it was renamed");
    }
  }

  void rename(const ModelPtr& was, const ModelPtr& is) {
    const ModelKey old = key_of(*was);
    std::vector<Dependency> after;
    for (const Field& field : was->fields) {
      if (!field.to.empty()) after.push_back({Kind::model_there, key_from(field.to, was->app), {}});
    }
    // Models of other apps that refer to it must have been made before they are repointed.
    for (const ModelKey& referrer : changes_.now.referrers(old)) {
      after.push_back({Kind::model_there, referrer, {}});
    }
    std::erase_if(after, [&](const Dependency& it) { return it.model.app == was->app; });
    const Operation operation{RenameModel{was->name, is->name}};
    advance(changes_.now, was->app, operation);
    changes_.add(was->app, operation, std::move(after));
  }

  Changes& changes_;
};

// Fields ------------------------------------------------------------------------------------------

/// Renamed fields of one model.
class RenamedFields {
 public:
  RenamedFields(Changes& changes, const ModelKey& key)
      : changes_(changes), key_(key), is_(changes.to.get(key)) {}

  void run() {
    const ModelPtr was = changes_.now.get(key_);
    for (const Field& field : is_->fields) {
      if (!was->find_field(field.name)) added_.push_back(field.name);
    }
    for (const Field& field : was->fields) {
      if (!is_->find_field(field.name)) removed_.push_back(field.name);
    }
    if (added_.empty() || removed_.empty()) return;
    std::sort(added_.begin(), added_.end());
    std::sort(removed_.begin(), removed_.end());
    by_hint();
    by_parent();
    by_question();
    agree_to_losses();
  }

 private:
  Field old_field(const std::string& name) const {
    return *changes_.now.get(key_)->find_field(name);
  }
  const Field& new_field(const std::string& name) const { return *is_->find_field(name); }

  /// Takes each added field for which `matches(old, new)` holds with the first removed one.
  template <class Matches>
  void pair_up(const Matches& matches) {
    std::erase_if(added_, [&](const std::string& name) {
      const auto at = std::find_if(removed_.begin(), removed_.end(), [&](const std::string& old) {
        return matches(old_field(old), new_field(name));
      });
      if (at == removed_.end()) return false;
      rename(old_field(*at), new_field(name));
      removed_.erase(at);
      return true;
    });
  }

  void by_hint() {
    pair_up([](const Field& was, const Field& is) { return is.renamed_from == was.name; });
  }
  /// A parent link is called after its model.
  void by_parent() {
    pair_up([](const Field& was, const Field& is) {
      return was.parent_link && is.parent_link && could_be_renamed(was, is);
    });
  }
  void by_question() {
    for (const bool pure : {true, false}) {
      pair_up([&](const Field& was, const Field& is) {
        if (!could_be_renamed(was, is)) return false;
        const std::vector<std::string> differences = changes_beside_name(was, is);
        return differences.empty() == pure &&
               changes_.questioner.renamed_field(*is_, was, is, differences);
      });
    }
  }

  void agree_to_losses() {
    if (!is_->options.managed) return;
    for (const std::string& old : removed_) {
      const Field was = old_field(old);
      if (was.type == FieldType::generated || !holds_rows(was)) continue;
      std::vector<std::string> candidates;
      for (const std::string& name : added_) {
        if (could_be_renamed(was, new_field(name))) candidates.push_back(name);
      }
      if (candidates.empty() || changes_.questioner.may_remove_field(*is_, was, candidates)) {
        continue;
      }
      const std::string place = is_->app + "." + is_->name + "." + old;
      refuse_loss("field \"" + place + "\" would be removed with its values", place,
                  "say --rename " + place + ":" + candidates.front() + " where it was renamed");
    }
  }
  static bool holds_rows(const Field& field) {
    return has_column(field) || (field.type == FieldType::many_to_many && field.through.empty());
  }

  void rename(const Field& was, const Field& is) {
    std::vector<Dependency> after;
    for (const ModelKey& referrer : changes_.now.referrers(key_)) {
      if (referrer.app != key_.app && names_field(*changes_.now.get(referrer), was.name)) {
        after.push_back({Kind::model_there, referrer, {}});
      }
    }
    const bool keeps_column = has_column(was) && has_column(is) && was.db_column.empty() &&
                              is.db_column == column_name(was);
    if (keeps_column) {
      Field pinned = was;
      pinned.db_column = is.db_column;
      carry_out(AlterField{key_.model, pinned}, {});
    }
    carry_out(RenameField{key_.model, was.name, is.name}, std::move(after));
  }
  /// True when a relation of `model` might name a field called so elsewhere.
  static bool names_field(const ModelState& model, const std::string& field) {
    return std::any_of(model.fields.begin(), model.fields.end(), [&](const Field& relation) {
      const auto& through = relation.through_fields;
      return relation.to_field == field ||
             std::find(through.begin(), through.end(), field) != through.end();
    });
  }
  void carry_out(Operation operation, std::vector<Dependency> after) {
    Found found{std::move(operation), std::move(after)};
    advance(changes_.now, key_.app, found.operation);
    changes_.field_renames[key_.app].push_back(std::move(found));
  }

  Changes& changes_;
  const ModelKey key_;
  const ModelPtr is_;
  std::vector<std::string> added_{};
  std::vector<std::string> removed_{};
};

}  // namespace

void refuse_loss(const std::string& what, const std::string& where, const std::string& hint) {
  throw Error(ErrorKind::question, what, where, hint);
}

std::vector<Dependency> needs_of(const ModelState& model, const Field& field) {
  std::vector<Dependency> needs;
  if (field.to.empty()) return needs;
  const ModelKey target = field.to == "self" ? key_of(model) : key_from(field.to, model.app);
  needs.push_back({Kind::model_there, target, {}});
  if (is_foreign_key(field.type) && !field.to_field.empty()) {
    needs.push_back({Kind::field_settled, target, field.to_field});
  }
  if (!field.through.empty()) {
    const ModelKey through = key_from(field.through, model.app);
    needs.push_back({Kind::model_there, through, {}});
    for (const std::string& name : field.through_fields) {
      needs.push_back({Kind::field_there, through, name});
    }
  }
  return needs;
}

void find_renamed_models(Changes& changes) { RenamedModels(changes).run(); }

void find_renamed_fields(Changes& changes) {
  for (const ModelKey& key : changes.to.keys()) {
    const ModelPtr was = changes.now.find(key);
    const ModelPtr is = changes.to.find(key);
    if (!was || was == is || was->options.proxy != is->options.proxy) continue;
    RenamedFields(changes, key).run();
  }
}

}  // namespace turnstone::migrations
