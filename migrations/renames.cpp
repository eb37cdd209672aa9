#include <turnstone/error.h>
#include <turnstone/identifier.h>

#include <algorithm>
#include <set>

#include "changes.h"
#include "differences.h"
#include "footprint.h"

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
    changes_.to.each([&](const ModelPtr& model) {
      if (!changes_.now.contains(key_of(*model))) added_.push_back(model);
    });
    changes_.now.each([&](const ModelPtr& model) {
      if (!changes_.to.contains(key_of(*model))) removed_.push_back(model);
    });
    if (added_.empty() || removed_.empty()) return;
    by_hint();
    by_question();
    by_move();
    agree_to_losses();
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

  /// What could have come to another app: the same name, and fields that are like it.
  static bool like_moved(const ModelState& was, const ModelState& now) {
    return was.app != now.app && lower_case(was.name) == lower_case(now.name) &&
           was.options.proxy == now.options.proxy &&
           (same_fields_but_names(was, now) || similarity(was, now) >= similar_enough);
  }

  void by_hint() {
    std::erase_if(added_, [&](const ModelPtr& model) {
      if (model->options.renamed_from.empty()) return false;
      const ModelKey old = key_from(model->options.renamed_from, model->app);
      const auto at = std::find_if(removed_.begin(), removed_.end(),
                                   [&](const ModelPtr& was) { return key_of(*was) == old; });
      if (at == removed_.end()) return false;
      const ModelPtr was = changes_.now.get(old);
      if (!go_on(was, model)) return false;
      removed_.erase(at);
      return true;
    });
  }

  void by_question() {
    ask(similar, [&](const ModelState& was, const ModelState& is, bool same) {
      return changes_.questioner.renamed_model(was, is, same);
    });
  }
  void by_move() {
    ask(like_moved, [&](const ModelState& was, const ModelState& is, bool same) {
      return changes_.questioner.moved_model(was, is, same);
    });
  }

  /// Asks about each pair that is `alike`, the most alike first: what is the same in every field,
  /// then by the share of fields that are, then in order of names.
  template <class Alike, class Question>
  void ask(const Alike& alike, const Question& question) {
    struct Pair {
      ModelPtr is{};
      ModelPtr was{};
      double likeness = 0;
    };
    std::vector<Pair> pairs;
    for (const ModelPtr& is : added_) {
      for (const ModelPtr& gone : removed_) {
        const ModelPtr was = changes_.now.get(key_of(*gone));
        if (!alike(*was, *is)) continue;
        pairs.push_back({is, gone, same_fields_but_names(*was, *is) ? 2 : similarity(*was, *is)});
      }
    }
    std::stable_sort(pairs.begin(), pairs.end(),
                     [](const Pair& a, const Pair& b) { return a.likeness > b.likeness; });
    for (const Pair& pair : pairs) {
      const auto is = std::find(added_.begin(), added_.end(), pair.is);
      const auto gone = std::find(removed_.begin(), removed_.end(), pair.was);
      if (is == added_.end() || gone == removed_.end()) continue;
      const ModelPtr was = changes_.now.get(key_of(*pair.was));
      if (!question(*was, *pair.is, pair.likeness > 1)) continue;
      added_.erase(is);
      removed_.erase(gone);
      go_on(was, pair.is);
    }
  }

  /// `was` goes on as `is`: in its app, under its name. False where other models have both names
  /// that it could have in between.
  bool go_on(ModelPtr was, const ModelPtr& is) {
    const ModelKey there{is->app, key_of(*was).model};
    const ModelKey here{was->app, key_of(*is).model};
    const bool moves = was->app != is->app;
    const bool renames = there.model != here.model;
    if (moves && renames && changes_.now.contains(there)) {
      if (changes_.now.contains(here)) return false;
      rename(was, is);
      move(changes_.now.get(here), *is);
      return true;
    }
    if (moves) {
      move(was, *is);
      was = changes_.now.get(there);
    }
    if (was->name != is->name) rename(was, is);
    return true;
  }

  void agree_to_losses() {
    for (const ModelPtr& was : removed_) {
      std::vector<std::string> candidates;
      for (const ModelPtr& model : added_) {
        if (similar(*was, *model)) candidates.push_back(model->name);
      }
      for (const ModelPtr& model : added_) {
        if (like_moved(*was, *model)) candidates.push_back(model->app + "." + model->name);
      }
      if (candidates.empty() || !was->options.managed || was->options.proxy ||
          changes_.questioner.may_remove_model(*was, candidates)) {
        continue;
      }
      const std::string name = was->app + "." + was->name;
      const std::string& candidate = candidates.front();
      const std::size_t dot = candidate.find('.');
      refuse_loss("model \"" + name + "\" would be deleted with its rows", name,
                  dot == std::string::npos
                      ? "say --rename-model " + name + ":" + candidate + " where it was renamed"
                      : "say --move-model " + name + ":" + candidate.substr(0, dot) +
                            " where it was moved");
    }
  }

  /// What an operation that repoints relations to `model` needs of other apps: the models it refers
  /// to, and those that refer to it, must have been made.
  std::vector<Dependency> neighbours(const ModelState& model) const {
    std::vector<Dependency> after;
    for (const Field& field : model.fields) {
      if (!field.to.empty()) {
        after.push_back({Kind::model_there, key_from(field.to, model.app), {}});
      }
    }
    for (const ModelKey& referrer : changes_.now.referrers(key_of(model))) {
      after.push_back({Kind::model_there, referrer, {}});
    }
    std::erase_if(after, [&](const Dependency& it) { return it.model.app == model.app; });
    return after;
  }

  /// Indexes and constraints that get other names in the new app get them before the move, so that
  /// the old names are free when it is done.
  void take_names_along(const ModelState& was, const ModelState& is) {
    const std::string model = key_of(was).model;
    const auto pair_up = [&](const auto& before, const auto& after, const auto& rename) {
      const auto named = [](const auto& all, const std::string& name) {
        return std::any_of(all.begin(), all.end(),
                           [&](const auto& it) { return label_of(it) == name; });
      };
      std::set<std::string> taken;
      for (const auto& old : before) {
        if (named(after, label_of(old))) continue;
        for (const auto& now : after) {
          const std::string& name = label_of(now);
          if (named(before, name) || !same_but_name(old, now) || !taken.insert(name).second) {
            continue;
          }
          carry_out(was.app, rename(label_of(old), name), {});
          break;
        }
      }
    };
    pair_up(was.options.indexes, is.options.indexes,
            [&](const std::string& from, const std::string& to) {
              return RenameIndex{model, to, from, {}};
            });
    pair_up(was.options.constraints, is.options.constraints,
            [&](const std::string& from, const std::string& to) {
              return RenameConstraint{model, from, to};
            });
  }
  static const std::string& label_of(const Index& index) { return index.name; }
  static const std::string& label_of(const Constraint& constraint) { return name_of(constraint); }

  void move(const ModelPtr& was, const ModelState& is) {
    const ModelKey old = key_of(*was);
    if (was->options.db_table.empty() && is.options.db_table == table_name(*was)) {
      // The table stays where it is: it must not follow the app first.
      carry_out(was->app, AlterModelTable{old.model, is.options.db_table}, {});
    }
    take_names_along(*was, is);
    std::vector<Dependency> after = neighbours(*was);
    const ModelKey now{is.app, old.model};
    after.push_back({Kind::app_as_it_is, now, {}});
    carry_out(was->app, MoveModel{was->name, is.app}, std::move(after));
    changes_.moved[now] = old;
  }

  void rename(const ModelPtr& was, const ModelPtr& is) {
    carry_out(was->app, RenameModel{was->name, is->name}, neighbours(*was));
  }

  void carry_out(const std::string& app, Operation operation, std::vector<Dependency> after) {
    advance(changes_.now, app, operation);
    changes_.add(app, std::move(operation), std::move(after));
  }

  Changes& changes_;
  std::vector<ModelPtr> added_{};
  std::vector<ModelPtr> removed_{};
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
    pair_up([&](const Field& was, const Field& is) {
      return could_be_renamed(was, is) && changes_beside_name(was, is).empty() &&
             changes_.questioner.renamed_field(*is_, was, is, {});
    });
    // What changed more than its name: the least changed first, then in order of names.
    struct Pair {
      std::string is{};
      std::string was{};
      std::vector<std::string> differences{};
    };
    std::vector<Pair> pairs;
    for (const std::string& is : added_) {
      for (const std::string& was : removed_) {
        if (!could_be_renamed(old_field(was), new_field(is))) continue;
        std::vector<std::string> differences = changes_beside_name(old_field(was), new_field(is));
        if (!differences.empty()) pairs.push_back({is, was, std::move(differences)});
      }
    }
    std::stable_sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) {
      return a.differences.size() < b.differences.size();
    });
    for (const Pair& pair : pairs) {
      const auto is = std::find(added_.begin(), added_.end(), pair.is);
      const auto was = std::find(removed_.begin(), removed_.end(), pair.was);
      if (is == added_.end() || was == removed_.end() ||
          !changes_.questioner.renamed_field(*is_, old_field(pair.was), new_field(pair.is),
                                             pair.differences)) {
        continue;
      }
      rename(old_field(pair.was), new_field(pair.is));
      added_.erase(is);
      removed_.erase(was);
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

namespace {

/// Models an operation is about, those of state operations inside it too.
std::vector<std::string> subjects_of(const Operation& operation) {
  const auto* both = std::get_if<SeparateDatabaseAndState>(&operation.value);
  if (!both || !both->state_operations) return {subject_of(operation)};
  std::vector<std::string> subjects;
  for (const Operation& inner : *both->state_operations) {
    for (std::string& subject : subjects_of(inner)) subjects.push_back(std::move(subject));
  }
  return subjects;
}

bool anything_provides(const Changes& changes, const Dependency& dependency) {
  const auto found = changes.found.find(dependency.model.app);
  return found != changes.found.end() &&
         std::any_of(found->second.begin(), found->second.end(), [&](const Found& one) {
           return provides(one.operation, found->first, dependency);
         });
}

}  // namespace

void wait_for_moves(Changes& changes) {
  if (changes.moved.empty()) return;
  for (auto& [app, operations] : changes.found) {
    for (Found& one : operations) {
      std::vector<Dependency> after;
      const auto wait_for = [&](const ModelKey& moved) {
        const auto at = changes.moved.find(moved);
        if (at != changes.moved.end()) after.push_back({Kind::model_moved, at->second, {}});
      };
      for (const std::string& subject : subjects_of(one.operation)) wait_for({app, subject});
      for (Dependency& dependency : one.after) {
        const bool about_moved =
            changes.moved.contains(dependency.model) && dependency.kind != Kind::app_as_it_is;
        if (about_moved) wait_for(dependency.model);
        // The app that has the model now may have no migration of its own to wait for.
        if (about_moved && !anything_provides(changes, dependency)) continue;
        after.push_back(std::move(dependency));
      }
      one.after = std::move(after);
    }
  }
}

void find_renamed_fields(Changes& changes) {
  for (const ModelKey& key : changes.to.keys()) {
    const ModelPtr was = changes.now.find(key);
    const ModelPtr is = changes.to.find(key);
    if (!was || was == is || was->options.proxy != is->options.proxy) continue;
    RenamedFields(changes, key).run();
  }
}

}  // namespace turnstone::migrations
