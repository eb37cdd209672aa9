#pragma once

#include <turnstone/migrations/questioner.h>

#include <set>
#include <utility>

#include "dependencies.h"

namespace turnstone::migrations {

/// The way from one state to another while it is being found. What has an identity of its own (a
/// rename, a relation that goes on in another table) is carried out on `now` as soon as it is
/// known: what comes later compares `now` with `to`, and a rename is never seen as a change.
struct Changes {
  ProjectState now{};
  const ProjectState& to;
  Questioner& questioner;
  /// In the order in which one migration would hold them, by app.
  FoundByApp found{};
  /// Renames of fields, carried out on `now`, to be placed behind what frees names.
  FoundByApp field_renames{};
  /// Models that moved to another app: where they are now, and where they were.
  std::map<ModelKey, ModelKey> moved{};

  void add(const std::string& app, Operation operation, std::vector<Dependency> after = {}) {
    found[app].push_back({std::move(operation), std::move(after)});
  }
};

/// Finds renamed models and those that moved to another app; puts RenameModel and MoveModel into
/// `found`. `django-behaviour.md` §5.3.
void find_renamed_models(Changes& changes);
/// Lets what is done to a model that moved, in whatever app, wait for the move.
void wait_for_moves(Changes& changes);
/// Finds renamed fields of models that are in both states.
void find_renamed_fields(Changes& changes);
/// Finds many-to-many relations whose rows go on in a model of their own, or come back from one.
void find_moved_relations(Changes& changes);
/// Everything else, in the order of `django-behaviour.md` §5.2.
void find_other_changes(Changes& changes);

/// What a relation of a model needs: its target, the field it points to, its `through` model.
std::vector<Dependency> needs_of(const ModelState& model, const Field& field);

/// The error for a loss that was not agreed to.
[[noreturn]] void refuse_loss(const std::string& what, const std::string& where,
                              const std::string& hint);

}  // namespace turnstone::migrations
