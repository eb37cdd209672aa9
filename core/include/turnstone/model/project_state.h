#pragma once

#include <turnstone/model/model.h>
#include <turnstone/persistent_map.h>

#include <string>
#include <string_view>
#include <vector>

namespace turnstone {

/// All models at one moment, as a value. Copies share what did not change; `set` and `erase` cost
/// the logarithm of the number of models.
class ProjectState {
 public:
  /// nullptr when there is no such model.
  ModelPtr find(const ModelKey& key) const;
  /// The model, or Error{bad_model} with the nearest name.
  ModelPtr get(const ModelKey& key) const;
  bool contains(const ModelKey& key) const { return models_.contains(key); }
  void set(ModelState model);
  void erase(const ModelKey& key);
  std::size_t size() const { return models_.size(); }

  /// Keys in order: by app, then lower-case model name.
  std::vector<ModelKey> keys() const;
  /// `visit(const ModelPtr&)` in that order.
  template <class Visit>
  void each(const Visit& visit) const {
    models_.each([&](const ModelKey&, const ModelPtr& model) { visit(model); });
  }
  /// Models that name `key` in a relation, as `through` or as a base, in order. Not itself.
  std::vector<ModelKey> referrers(const ModelKey& key) const;
  /// Keys of models that are not the same object in both, in order.
  friend std::vector<ModelKey> changed_models(const ProjectState& before,
                                              const ProjectState& after);

  /// The field that a ForeignKey or OneToOneField of `model` points to: `to_field`, else the
  /// target's primary key (for a multi-table child, its parent link). Throws Error{bad_model} for a
  /// dangling one.
  const Field& target_field(const ModelState& model, const Field& relation) const;
  /// Model that `relation` of `model` points to; `self` resolved.
  ModelPtr target_model(const ModelState& model, const Field& relation) const;

  /// Equal models (names, fields in any order, options, bases), as Django compares states.
  bool operator==(const ProjectState& other) const;

 private:
  PersistentMap<ModelKey, ModelPtr> models_{};
  PersistentMap<ModelKey, std::shared_ptr<const std::vector<ModelKey>>> referrers_{};
};

std::vector<ModelKey> changed_models(const ProjectState& before, const ProjectState& after);

/// Table of a model: `db_table`, else `<app>_<model>`; not truncated. `schema.table` where a
/// PostgreSQL schema is asked for, in that form or in Django's, `"schema"."table"`.
std::string table_name(const ModelState& model);

/// What is wrong with `state` as a whole, each problem one line: dangling references, a missing
/// target key, M2M through models without the needed keys, clashing column, table, index or
/// constraint names, options that exclude each other. Empty when nothing is. Order: by model, then
/// its parts. What only declared models know (`related_name`, `blank`, `ordering`, which models are
/// abstract) is checked by `Registry::finish`. Source: `django-behaviour.md` §2.9.
struct Problem {
  /// `blog.Book.author`, `blog.Book: index "x"`, `blog.Book: unique_together`; behind it, for a
  /// model from a file, `, blog/models.json: /models/0/fields/2`.
  std::string where{};
  std::string message{};
  std::string hint{};
};
std::vector<Problem> problems_of(const ProjectState& state);

}  // namespace turnstone
