#pragma once

#include <turnstone/model/model.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

/// Who names whom inside models, and how names are changed there: shared by what moves states, what
/// shortens operations and what finds them.
namespace turnstone::migrations {

/// True when `reference`, written in a model of `app`, means `key`. `self` is not looked through.
bool refers_to(const std::string& reference, const std::string& app, const ModelKey& key);

/// Points relations, `through` and bases of `model` from `from` to `to` (`app.Model`); true when
/// any did.
bool repoint(ModelState& model, const ModelKey& from, const std::string& to);
/// The same for one field of a model of `app`.
bool repoint(Field& field, const std::string& app, const ModelKey& from, const std::string& to);

/// A field of one model that gets another name.
struct FieldRename {
  std::string from{};
  std::string to{};
  bool key = false;  ///< a ForeignKey or OneToOneField: `<from>_id` means it too

  /// `name` as it is after the rename; a leading `-` stays.
  std::string operator()(const std::string& name) const;
  void apply(std::vector<std::string>& names) const;
  void apply(Expression& expression) const;
  void apply(Index& index) const;
  void apply(Constraint& constraint) const;
  /// Expressions and lists of fields inside a field of the same model.
  void apply(Field& field) const;
  /// unique_together, order_with_respect_to, indexes and constraints.
  void apply(Options& options) const;
};
/// Renames the field itself and all that names it in its own model. Requires: it is there.
void rename_own_field(ModelState& model, const FieldRename& rename);
/// Changes `to_field` and `through_fields` of a field of a model of `app`, where they mean a field
/// of `target`; true when any did.
bool rename_target_field(Field& field, const std::string& app, const ModelKey& target,
                         const FieldRename& rename);

using FieldUse = std::function<bool(const std::string&)>;
/// True when `use` holds for a field name (without `-`) that the index or constraint names.
bool names_field(const Index& index, const FieldUse& use);
bool names_field(const Constraint& constraint, const FieldUse& use);
/// What of `model`, but the field itself, names `field` (or its `_id`): `index "x"`,
/// `unique_together` …; empty when nothing does.
std::string user_of_field(const ModelState& model, const Field& field);

}  // namespace turnstone::migrations
