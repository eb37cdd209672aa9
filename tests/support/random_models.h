#pragma once

#include <turnstone/migrations/questioner.h>
#include <turnstone/model/project_state.h>

#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace turnstone::test {

/// What random models are made of: plain tables of plain fields, or everything that SQLite and
/// PostgreSQL both have (heirs, proxies, unmanaged models, order, generated fields, checks of
/// choices, rules of deletion, other types), or that and what PostgreSQL alone has.
enum class Vocabulary { plain, common, postgresql };

/// Models that change at random, as an author would change them; the same seed gives the same
/// history. Every field that comes to a table with rows has a default or may be NULL.
class RandomModels {
 public:
  /// With `other_app`, models also move between the apps `lab` and that one.
  explicit RandomModels(std::uint32_t seed, Vocabulary vocabulary = Vocabulary::plain,
                        std::string other_app = {})
      : vocabulary_(vocabulary), random_(seed), other_app_(std::move(other_app)) {}

  const ProjectState& state() const { return state_; }
  /// One to four changes.
  void change();
  /// Renames made by the last `change`: what a person would say yes to.
  struct Renames {
    std::map<ModelKey, std::string> models{};                ///< old key → new name
    std::map<ModelKey, std::string> moves{};                 ///< old key → new app
    std::set<std::pair<std::string, std::string>> fields{};  ///< (old, new)
  };
  const Renames& renames() const { return renames_; }
  /// What the last `change` did, one phrase each, for messages.
  const std::vector<std::string>& log() const { return log_; }

  std::uint32_t below(std::uint32_t bound) { return bound == 0 ? 0 : random_() % bound; }

 private:
  ModelKey pick_model();
  /// One with fields: no proxy.
  ModelKey pick_table();
  /// One that others may refer to: no unmanaged one.
  ModelKey pick_target();
  bool rich() const { return vocabulary_ != Vocabulary::plain; }
  FieldType rich_type();
  void rich_change();
  void add_heir();
  void add_proxy();
  void add_unmanaged();
  void add_generated();
  void change_order();
  void change_comment();
  void change_type();
  void alter_rich(Field& field);
  std::string fresh(const std::string& prefix);
  Field random_field(const std::string& name);
  void one_change();
  void add_model();
  void delete_model();
  void rename_model();
  void move_model();
  /// Puts `model` in the place of the one at `key`, and points to it what pointed there.
  void replace_model(const ModelKey& key, ModelState model);
  void add_field();
  void remove_field();
  void rename_field();
  void alter_field();
  void change_index();
  void change_constraint();
  void change_together();
  void change_table();
  /// True when an index, a constraint or unique_together names the field.
  static bool used(const ModelState& model, const std::string& field);

  Vocabulary vocabulary_;
  std::mt19937 random_;
  std::string other_app_;
  int counter_ = 0;
  ProjectState state_{};
  Renames renames_{};
  std::vector<std::string> log_{};
  std::set<std::string> touched_{};  ///< `model.field` and models changed in this round
};

/// Says yes to the renames that were made, and removes freely what is gone.
class KnowingQuestioner : public migrations::Questioner {
 public:
  explicit KnowingQuestioner(const RandomModels::Renames& renames) : renames_(renames) {}
  bool renamed_model(const ModelState& old_model, const ModelState& new_model,
                     bool same_fields) override;
  bool moved_model(const ModelState& old_model, const ModelState& new_model,
                   bool same_fields) override;
  bool renamed_field(const ModelState& model, const Field& old_field, const Field& new_field,
                     const std::vector<std::string>& differences) override;
  std::optional<Default> default_for_added(const ModelState& model, const Field& field) override;
  std::optional<Default> default_for_altered(const ModelState& model, const Field& field) override;
  bool may_remove_field(const ModelState&, const Field&, const std::vector<std::string>&) override {
    return true;
  }
  bool may_remove_model(const ModelState&, const std::vector<std::string>&) override {
    return true;
  }

 private:
  const RandomModels::Renames& renames_;
};

/// A value of that type as files write it, for defaults: never NULL.
Json sample_default(const Field& field);

}  // namespace turnstone::test
