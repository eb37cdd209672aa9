#include "references.h"

#include <turnstone/identifier.h>
#include <turnstone/match.h>

#include <algorithm>

namespace turnstone::migrations {
namespace {

bool any_name(const std::vector<std::string>& names, const FieldUse& use) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return use(name.substr(0, 1) == "-" ? name.substr(1) : name);
  });
}

bool any_name(const std::vector<Expression>& expressions, const FieldUse& use) {
  return std::any_of(expressions.begin(), expressions.end(),
                     [&](const Expression& expression) { return any_field(expression, use); });
}

bool any_name(const std::optional<Expression>& expression, const FieldUse& use) {
  return expression && any_field(*expression, use);
}

/// Renames in one kind of constraint.
struct RenameIn {
  const FieldRename& rename;

  void operator()(CheckConstraint& o) const { rename.apply(o.condition); }
  void operator()(UniqueConstraint& o) const {
    rename.apply(o.fields);
    for (Expression& expression : o.expressions) rename.apply(expression);
    if (o.condition) rename.apply(*o.condition);
    rename.apply(o.include);
  }
  void operator()(ExclusionConstraint& o) const {
    for (auto& [expression, with] : o.expressions) rename.apply(expression);
    if (o.condition) rename.apply(*o.condition);
    rename.apply(o.include);
  }
};

struct NamesField {
  const FieldUse& use;

  bool operator()(const CheckConstraint& o) const { return any_field(o.condition, use); }
  bool operator()(const UniqueConstraint& o) const {
    return any_name(o.fields, use) || any_name(o.expressions, use) || any_name(o.condition, use) ||
           any_name(o.include, use);
  }
  bool operator()(const ExclusionConstraint& o) const {
    for (const auto& [expression, with] : o.expressions) {
      if (any_field(expression, use)) return true;
    }
    return any_name(o.condition, use) || any_name(o.include, use);
  }
};

}  // namespace

bool refers_to(const std::string& reference, const std::string& app, const ModelKey& key) {
  return !reference.empty() && reference != "self" && key_from(reference, app) == key;
}

bool repoint(Field& field, const std::string& app, const ModelKey& from, const std::string& to) {
  bool changed = false;
  for (std::string* reference : {&field.to, &field.through}) {
    if (!refers_to(*reference, app, from)) continue;
    *reference = to;
    changed = true;
  }
  return changed;
}

bool repoint(ModelState& model, const ModelKey& from, const std::string& to) {
  bool changed = false;
  for (Field& field : model.fields) changed |= repoint(field, model.app, from, to);
  for (std::string& base : model.bases) {
    if (!refers_to(base, model.app, from)) continue;
    base = to;
    changed = true;
  }
  return changed;
}

std::string FieldRename::operator()(const std::string& name) const {
  if (name.substr(0, 1) == "-") return "-" + (*this)(name.substr(1));
  if (name == from) return to;
  if (key && name == from + "_id") return to + "_id";
  return name;
}

void FieldRename::apply(std::vector<std::string>& names) const {
  for (std::string& name : names) name = (*this)(name);
}

void FieldRename::apply(Expression& expression) const {
  if (expression.kind == Expression::Kind::field) expression.name = (*this)(expression.name);
  for (Expression& argument : expression.arguments) apply(argument);
}

void FieldRename::apply(Index& index) const {
  apply(index.fields);
  for (Expression& expression : index.expressions) apply(expression);
  if (index.condition) apply(*index.condition);
  apply(index.include);
}

void FieldRename::apply(Constraint& constraint) const {
  turnstone::match(constraint, RenameIn{*this});
}

void FieldRename::apply(Field& field) const {
  if (field.expression) apply(*field.expression);
  apply(field.fields);
}

void FieldRename::apply(Options& options) const {
  for (auto& names : options.unique_together) apply(names);
  options.order_with_respect_to = (*this)(options.order_with_respect_to);
  for (Index& index : options.indexes) apply(index);
  for (Constraint& constraint : options.constraints) apply(constraint);
}

void rename_own_field(ModelState& model, const FieldRename& rename) {
  for (Field& field : model.fields) {
    if (field.name == rename.from) field.name = rename.to;
    rename.apply(field);
  }
  rename.apply(model.options);
}

bool rename_target_field(Field& field, const std::string& app, const ModelKey& target,
                         const FieldRename& rename) {
  bool changed = false;
  if (field.to_field == rename.from && refers_to(field.to, app, target)) {
    field.to_field = rename.to;
    changed = true;
  }
  if (!field.through_fields.empty() && refers_to(field.through, app, target)) {
    const std::vector<std::string> before = field.through_fields;
    rename.apply(field.through_fields);
    changed |= before != field.through_fields;
  }
  return changed;
}

bool names_field(const Index& index, const FieldUse& use) {
  return any_name(index.fields, use) || any_name(index.expressions, use) ||
         any_name(index.condition, use) || any_name(index.include, use);
}

bool names_field(const Constraint& constraint, const FieldUse& use) {
  return turnstone::match(constraint, NamesField{use});
}

std::string user_of_field(const ModelState& model, const Field& field) {
  const FieldUse use = [&](const std::string& name) {
    return name == field.name || (is_foreign_key(field.type) && name == field.name + "_id");
  };
  for (const auto& names : model.options.unique_together) {
    if (any_name(names, use)) return "unique_together";
  }
  if (use(model.options.order_with_respect_to)) return "order_with_respect_to";
  for (const Index& index : model.options.indexes) {
    if (names_field(index, use)) return "index \"" + index.name + "\"";
  }
  for (const Constraint& constraint : model.options.constraints) {
    if (names_field(constraint, use)) return "constraint \"" + name_of(constraint) + "\"";
  }
  for (const Field& other : model.fields) {
    if (other.name == field.name) continue;
    if (any_name(other.expression, use)) return "generated field \"" + other.name + "\"";
    if (any_name(other.fields, use)) return "primary key \"" + other.name + "\"";
  }
  return {};
}

}  // namespace turnstone::migrations
