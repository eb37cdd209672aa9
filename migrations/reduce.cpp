#include "reduce.h"

#include <turnstone/error.h>
#include <turnstone/identifier.h>

#include "references.h"

namespace turnstone::migrations {
namespace {

using Reduced = std::optional<Operations>;

Reduced none() { return std::nullopt; }
Reduced nothing() { return Operations{}; }
Reduced one(Operation operation) { return Operations{std::move(operation)}; }

bool same_name(const std::string& a, const std::string& b) {
  return lower_case(a) == lower_case(b);
}

// Fields ------------------------------------------------------------------------------------------

/// Types whose columns hold the same values: a change between them never alters a row.
int family(FieldType type) {
  if (is_text(type)) return -1;
  if (is_integer(type) || is_auto(type)) return -2;
  return static_cast<int>(type);
}

bool same_values(const Field& a, const Field& b) {
  if (family(a.type) != family(b.type)) return false;
  switch (a.type) {
    case FieldType::decimal:
      return a.decimal_places == b.decimal_places;
    case FieldType::array:
      return a.base_field && b.base_field && same_values(*a.base_field, *b.base_field);
    case FieldType::custom:
      return a.db_type == b.db_type;
    case FieldType::generated:
      return a.expression == b.expression && a.db_persist == b.db_persist;
    case FieldType::many_to_many:
      return same_name(a.to, b.to) && same_name(a.through, b.through) &&
             a.through_fields == b.through_fields;
    default:
      return true;
  }
}

/// What rows get when a field is added, or their NULLs when it becomes NOT NULL.
struct Fill {
  enum class Kind { nothing, null, empty, value, database, now };
  Kind kind = Kind::nothing;
  std::optional<Default> value{};
  std::optional<Expression> database{};
  bool operator==(const Fill&) const = default;
};

Fill fill_of(const Field& field, bool added) {
  if (field.default_value) return {.kind = Fill::Kind::value, .value = field.default_value};
  if (field.db_default) return {.kind = Fill::Kind::database, .database = field.db_default};
  if (field.auto_now || field.auto_now_add) return {.kind = Fill::Kind::now};
  if (field.null) return {.kind = Fill::Kind::null};
  if (added && accepts_empty_string(field.type)) return {.kind = Fill::Kind::empty};
  return {};
}

/// `field` with a default that only fills the rows that are there.
template <class Change>
Reduced with_one_off(const Change& change, const Fill& fill) {
  Change result = change;
  result.field.default_value = fill.value;
  result.preserve_default = false;
  return one(std::move(result));
}

bool leaves_default(const AlterField& alter) {
  return alter.preserve_default && alter.field.default_value;
}

Reduced add_then_alter(const AddField& add, const AlterField& alter) {
  const AddField merged{alter.model_name, alter.field, alter.preserve_default};
  if (add.field.type == FieldType::many_to_many || alter.field.type == FieldType::many_to_many) {
    // The table of the relation has no row yet.
    return add.field.type == alter.field.type ? one(merged) : none();
  }
  if ((add.field.type == FieldType::generated) != (alter.field.type == FieldType::generated)) {
    return none();
  }
  if (add.field.type == FieldType::generated) return one(merged);
  const Fill filled = fill_of(add.field, true);
  if (filled.kind == Fill::Kind::null && !alter.field.null) return one(merged);
  const Fill now = fill_of(alter.field, true);
  if (filled.kind == Fill::Kind::null && now == filled) return one(merged);
  if (!same_values(add.field, alter.field)) return none();
  if (filled == now) return one(merged);
  return filled.kind == Fill::Kind::value && !leaves_default(alter) ? with_one_off(merged, filled)
                                                                    : none();
}

Reduced alter_twice(const AlterField& first, const AlterField& second) {
  // One change of type at most: the first may have had one.
  if (!same_values(first.field, second.field)) return none();
  if (first.field.type == FieldType::generated || first.field.type == FieldType::many_to_many) {
    return one(second);
  }
  if (first.field.null) return one(second);
  const Fill filled = fill_of(first.field, false);
  if (filled.kind == Fill::Kind::nothing) return one(second);
  if (second.field.null) return none();  // NULLs were filled, and would stay
  if (filled == fill_of(second.field, false)) return one(second);
  return filled.kind == Fill::Kind::value && !leaves_default(second) ? with_one_off(second, filled)
                                                                     : none();
}

Reduced rename_added(const AddField& add, const RenameField& rename, const std::string& app) {
  AddField result = add;
  const bool key = is_foreign_key(add.field.type);
  const FieldRename by{rename.old_name, rename.new_name, key};
  result.field.name = rename.new_name;
  rename_target_field(result.field, app, ModelKey{app, lower_case(add.model_name)}, by);
  if (result.field.to == "self" && result.field.to_field == rename.old_name) {
    result.field.to_field = rename.new_name;
  }
  return one(std::move(result));
}

// Models ------------------------------------------------------------------------------------------

/// A model made by `create`, changed by `change`, made anew: by doing both to an empty state.
Reduced created_with(const CreateModel& create, const Operation& change, const std::string& app) {
  ProjectState state;
  try {
    advance(state, app, Operation{create});
    advance(state, app, change);
  } catch (const Error&) {
    return none();  // they do not fit together: left for whoever applies them
  }
  CreateModel merged;
  state.each([&](const ModelPtr& model) {
    merged = {model->name, model->fields, model->options, model->bases};
  });
  return one(std::move(merged));
}

/// What may follow CreateModel.
struct AfterCreate {
  const CreateModel& create;
  const Operation& change;
  const std::string& app;

  bool same(const std::string& model) const { return same_name(create.name, model); }
  Reduced merged(const std::string& model) const {
    return same(model) ? created_with(create, change, app) : none();
  }

  Reduced operator()(const DeleteModel& o) const { return same(o.name) ? nothing() : none(); }
  Reduced operator()(const RenameModel& o) const { return merged(o.old_name); }
  Reduced operator()(const AlterModelTable& o) const { return merged(o.name); }
  Reduced operator()(const AlterModelTableComment& o) const { return merged(o.name); }
  Reduced operator()(const AlterUniqueTogether& o) const { return merged(o.name); }
  Reduced operator()(const AlterOrderWithRespectTo& o) const { return merged(o.name); }
  Reduced operator()(const AlterModelOptions& o) const {
    // Otherwise a table would be made that was not, or the other way round.
    return o.managed == create.options.managed ? merged(o.name) : none();
  }
  Reduced operator()(const AddField& o) const { return merged(o.model_name); }
  Reduced operator()(const RemoveField& o) const { return merged(o.model_name); }
  Reduced operator()(const AlterField& o) const { return merged(o.model_name); }
  Reduced operator()(const RenameField& o) const { return merged(o.model_name); }
  Reduced operator()(const AddIndex& o) const { return merged(o.model_name); }
  Reduced operator()(const RemoveIndex& o) const { return merged(o.model_name); }
  Reduced operator()(const RenameIndex& o) const { return merged(o.model_name); }
  Reduced operator()(const AddConstraint& o) const { return merged(o.model_name); }
  Reduced operator()(const RemoveConstraint& o) const { return merged(o.model_name); }
  Reduced operator()(const AlterConstraint& o) const { return merged(o.model_name); }
  Reduced operator()(const RenameConstraint& o) const { return merged(o.model_name); }
  // A table that was made just now has no rows to spare.
  Reduced operator()(const AddIndexConcurrently& o) const { return merged(o.model_name); }
  Reduced operator()(const RemoveIndexConcurrently& o) const { return merged(o.model_name); }
  Reduced operator()(const AddConstraintNotValid& o) const { return merged(o.model_name); }
  Reduced operator()(const ValidateConstraint& o) const { return merged(o.model_name); }
  template <class Other>
  Reduced operator()(const Other&) const {
    return none();
  }
};

// The table of rules ------------------------------------------------------------------------------

/// One overload for each pair that comes to less.
struct Pairs {
  const std::string& app;

  // A model that goes takes with it what was done to it.
  Reduced operator()(const AlterModelTable& a, const DeleteModel& b) const {
    return gone(a.name, b);
  }
  Reduced operator()(const AlterModelTableComment& a, const DeleteModel& b) const {
    return gone(a.name, b);
  }
  Reduced operator()(const AlterUniqueTogether& a, const DeleteModel& b) const {
    return gone(a.name, b);
  }
  Reduced operator()(const AlterOrderWithRespectTo& a, const DeleteModel& b) const {
    return gone(a.name, b);
  }
  Reduced operator()(const AddField& a, const DeleteModel& b) const {
    return gone(a.model_name, b);
  }
  Reduced operator()(const RemoveField& a, const DeleteModel& b) const {
    return gone(a.model_name, b);
  }
  Reduced operator()(const AlterField& a, const DeleteModel& b) const {
    return gone(a.model_name, b);
  }
  Reduced operator()(const RenameField& a, const DeleteModel& b) const {
    return gone(a.model_name, b);
  }
  Reduced operator()(const AddIndex& a, const DeleteModel& b) const {
    return gone(a.model_name, b);
  }
  Reduced operator()(const RemoveIndex& a, const DeleteModel& b) const {
    return gone(a.model_name, b);
  }
  Reduced operator()(const RenameIndex& a, const DeleteModel& b) const {
    return gone(a.model_name, b);
  }
  Reduced operator()(const AddConstraint& a, const DeleteModel& b) const {
    return gone(a.model_name, b);
  }
  Reduced operator()(const RemoveConstraint& a, const DeleteModel& b) const {
    return gone(a.model_name, b);
  }
  Reduced operator()(const AlterConstraint& a, const DeleteModel& b) const {
    return gone(a.model_name, b);
  }
  Reduced operator()(const AddIndexConcurrently& a, const DeleteModel& b) const {
    return gone(a.model_name, b);
  }
  Reduced operator()(const RemoveIndexConcurrently& a, const DeleteModel& b) const {
    return gone(a.model_name, b);
  }
  Reduced operator()(const AddConstraintNotValid& a, const DeleteModel& b) const {
    return gone(a.model_name, b);
  }
  Reduced operator()(const ValidateConstraint& a, const DeleteModel& b) const {
    return gone(a.model_name, b);
  }
  Reduced operator()(const RenameConstraint& a, const DeleteModel& b) const {
    return gone(a.model_name, b);
  }
  Reduced operator()(const RenameModel& a, const DeleteModel& b) const {
    return same_name(a.new_name, b.name) ? one(DeleteModel{a.old_name}) : none();
  }

  // Options: the last word counts.
  Reduced operator()(const RenameModel& a, const RenameModel& b) const {
    if (!same_name(a.new_name, b.old_name)) return none();
    return a.old_name == b.new_name ? nothing() : one(RenameModel{a.old_name, b.new_name});
  }
  Reduced operator()(const AlterModelTable& a, const AlterModelTable& b) const {
    return last(a.name, b.name, b);
  }
  Reduced operator()(const AlterModelTableComment& a, const AlterModelTableComment& b) const {
    return last(a.name, b.name, b);
  }
  Reduced operator()(const AlterUniqueTogether& a, const AlterUniqueTogether& b) const {
    return last(a.name, b.name, b);
  }
  Reduced operator()(const AlterOrderWithRespectTo& a, const AlterOrderWithRespectTo& b) const {
    // Without an order in between, the order of the rows is lost.
    const bool lost = a.order_with_respect_to.empty() && !b.order_with_respect_to.empty();
    return lost ? none() : last(a.name, b.name, b);
  }
  Reduced operator()(const AlterModelOptions& a, const AlterModelOptions& b) const {
    return last(a.name, b.name, b);
  }

  // Fields.
  Reduced operator()(const AddField& a, const AlterField& b) const {
    return same(a, a.field.name, b, b.field.name) ? add_then_alter(a, b) : none();
  }
  Reduced operator()(const AddField& a, const RemoveField& b) const {
    return same(a, a.field.name, b, b.name) ? nothing() : none();
  }
  Reduced operator()(const AddField& a, const RenameField& b) const {
    return same(a, a.field.name, b, b.old_name) ? rename_added(a, b, app) : none();
  }
  Reduced operator()(const AlterField& a, const AlterField& b) const {
    return same(a, a.field.name, b, b.field.name) ? alter_twice(a, b) : none();
  }
  Reduced operator()(const AlterField& a, const RemoveField& b) const {
    return same(a, a.field.name, b, b.name) ? one(b) : none();
  }
  Reduced operator()(const RenameField& a, const RenameField& b) const {
    if (!same(a, a.new_name, b, b.old_name)) return none();
    return a.old_name == b.new_name ? nothing()
                                    : one(RenameField{b.model_name, a.old_name, b.new_name});
  }
  Reduced operator()(const RenameField& a, const RemoveField& b) const {
    return same(a, a.new_name, b, b.name) ? one(RemoveField{b.model_name, a.old_name}) : none();
  }

  // Indexes and constraints.
  Reduced operator()(const AddIndex& a, const RemoveIndex& b) const { return undone_index(a, b); }
  Reduced operator()(const AddIndex& a, const RemoveIndexConcurrently& b) const {
    return undone_index(a, b);
  }
  Reduced operator()(const AddIndexConcurrently& a, const RemoveIndex& b) const {
    return undone_index(a, b);
  }
  Reduced operator()(const AddIndexConcurrently& a, const RemoveIndexConcurrently& b) const {
    return undone_index(a, b);
  }
  Reduced operator()(const AddIndex& a, const RenameIndex& b) const { return renamed_index(a, b); }
  Reduced operator()(const AddIndexConcurrently& a, const RenameIndex& b) const {
    return renamed_index(a, b);
  }
  Reduced operator()(const RenameIndex& a, const RenameIndex& b) const {
    if (!same(a, a.new_name, b, b.old_name)) return none();
    if (a.old_name == b.new_name) return nothing();
    return one(RenameIndex{b.model_name, b.new_name, a.old_name, a.old_fields});
  }
  Reduced operator()(const RenameIndex& a, const RemoveIndex& b) const {
    if (a.old_name.empty() || !same(a, a.new_name, b, b.name)) return none();
    return one(RemoveIndex{b.model_name, a.old_name});
  }
  Reduced operator()(const RenameIndex& a, const RemoveIndexConcurrently& b) const {
    if (a.old_name.empty() || !same(a, a.new_name, b, b.name)) return none();
    return one(RemoveIndexConcurrently{b.model_name, a.old_name});
  }
  Reduced operator()(const AddConstraint& a, const RemoveConstraint& b) const {
    return same(a, name_of(a.constraint), b, b.name) ? nothing() : none();
  }
  Reduced operator()(const AddConstraintNotValid& a, const RemoveConstraint& b) const {
    return same(a, name_of(a.constraint), b, b.name) ? nothing() : none();
  }
  Reduced operator()(const ValidateConstraint& a, const RemoveConstraint& b) const {
    return same(a, a.name, b, b.name) ? one(b) : none();
  }
  Reduced operator()(const AddConstraint& a, const AlterConstraint& b) const {
    return same(a, name_of(a.constraint), b, b.name)
               ? one(AddConstraint{b.model_name, b.constraint})
               : none();
  }
  Reduced operator()(const AlterConstraint& a, const AlterConstraint& b) const {
    return same(a, a.name, b, b.name) ? one(b) : none();
  }
  Reduced operator()(const AlterConstraint& a, const RemoveConstraint& b) const {
    return same(a, a.name, b, b.name) ? one(b) : none();
  }

  Reduced operator()(const AddConstraint& a, const RenameConstraint& b) const {
    if (!same(a, name_of(a.constraint), b, b.old_name)) return none();
    AddConstraint result = a;
    std::visit([&](auto& constraint) { constraint.name = b.new_name; }, result.constraint);
    return one(std::move(result));
  }
  Reduced operator()(const RenameConstraint& a, const RenameConstraint& b) const {
    if (!same(a, a.new_name, b, b.old_name)) return none();
    return a.old_name == b.new_name ? nothing()
                                    : one(RenameConstraint{b.model_name, a.old_name, b.new_name});
  }
  Reduced operator()(const RenameConstraint& a, const RemoveConstraint& b) const {
    return same(a, a.new_name, b, b.name) ? one(RemoveConstraint{b.model_name, a.old_name})
                                          : none();
  }

  Reduced operator()(const CreateCollation& a, const RemoveCollation& b) const {
    return a.name == b.name ? nothing() : none();
  }

  /// No rule.
  template <class First, class Second>
  Reduced operator()(const First&, const Second&) const {
    return none();
  }

 private:
  static Reduced gone(const std::string& model, const DeleteModel& b) {
    return same_name(model, b.name) ? one(b) : none();
  }
  template <class Add, class Remove>
  static Reduced undone_index(const Add& a, const Remove& b) {
    return same(a, a.index.name, b, b.name) ? nothing() : none();
  }
  template <class Add>
  static Reduced renamed_index(const Add& a, const RenameIndex& b) {
    const bool it = b.old_name.empty() ? same(a, a.index.fields, b, b.old_fields)
                                       : same(a, a.index.name, b, b.old_name);
    if (!it) return none();
    Add result = a;
    result.index.name = b.new_name;
    return one(std::move(result));
  }
  template <class Second>
  static Reduced last(const std::string& model, const std::string& other, const Second& second) {
    return same_name(model, other) ? one(second) : none();
  }
  template <class First, class Second, class Name>
  static bool same(const First& a, const Name& of_a, const Second& b, const Name& of_b) {
    return of_a == of_b && same_name(a.model_name, b.model_name);
  }
};

/// The second of a pair whose first is known.
template <class First>
struct AnySecond {
  const First& first;
  Pairs pairs;
  template <class Second>
  Reduced operator()(const Second& second) const {
    return pairs(first, second);
  }
};
struct AnyFirst {
  const Operation& second;
  const std::string& app;
  template <class First>
  Reduced operator()(const First& first) const {
    return match(second, AnySecond<First>{first, Pairs{app}});
  }
};

}  // namespace

std::optional<Operations> reduce(const Operation& first, const Operation& second,
                                 const std::string& app) {
  if (const auto* create = std::get_if<CreateModel>(&first.value)) {
    return match(second, AfterCreate{*create, second, app});
  }
  return match(first, AnyFirst{second, app});
}

bool does_nothing(const Operation& operation) {
  if (const auto* field = std::get_if<RenameField>(&operation.value)) {
    return field->old_name == field->new_name;
  }
  if (const auto* model = std::get_if<RenameModel>(&operation.value)) {
    return model->old_name == model->new_name;
  }
  if (const auto* constraint = std::get_if<RenameConstraint>(&operation.value)) {
    return constraint->old_name == constraint->new_name;
  }
  const auto* index = std::get_if<RenameIndex>(&operation.value);
  return index && !index->old_name.empty() && index->old_name == index->new_name;
}

}  // namespace turnstone::migrations
