#pragma once

#include <turnstone/model/project_state.h>

#include <optional>
#include <string>
#include <vector>

namespace turnstone::migrations {

/// Asked by the autodetector where the difference between two states can be read in two ways, or
/// where rows need a value. One implementation asks a person, one takes answers of the command
/// line, tests bring their own. `django-behaviour.md` §5.3–5.4.
///
/// An implementation that can't answer throws Error{question} with the question and the flag.
class Questioner {
 public:
  virtual ~Questioner() = default;

  /// Was `old_model` renamed to `new_model`? Candidates come in sorted order; the first yes wins.
  virtual bool renamed_model(const ModelState& old_model, const ModelState& new_model,
                             bool same_fields) = 0;
  /// Did `old_model` go on with its rows as `new_model`, of the same name in another app?
  virtual bool moved_model(const ModelState& old_model, const ModelState& new_model,
                           bool same_fields) = 0;
  /// Was `old_field` of `model` (new name) renamed to `new_field`? `differences` names the options
  /// that changed at the same time; empty for a pure rename.
  virtual bool renamed_field(const ModelState& model, const Field& old_field,
                             const Field& new_field,
                             const std::vector<std::string>& differences) = 0;
  /// A value for the rows that are there, when `field` comes NOT NULL and without a default.
  /// Nothing: go ahead without one.
  virtual std::optional<Default> default_for_added(const ModelState& model, const Field& field) = 0;
  /// A value for NULLs when `field` becomes NOT NULL. Nothing: leave them (the migration fails
  /// where there are any).
  virtual std::optional<Default> default_for_altered(const ModelState& model,
                                                     const Field& field) = 0;
  /// Removing this loses data and it looks like a rename that was not confirmed: true to go ahead.
  virtual bool may_remove_field(const ModelState& model, const Field& field,
                                const std::vector<std::string>& rename_candidates) = 0;
  /// The same for a model; a candidate in another app is written `app.Model`.
  virtual bool may_remove_model(const ModelState& model,
                                const std::vector<std::string>& rename_candidates) = 0;
};

}  // namespace turnstone::migrations
