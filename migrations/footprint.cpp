#include "footprint.h"

#include <turnstone/identifier.h>
#include <turnstone/match.h>

#include <algorithm>
#include <functional>

#include "references.h"

namespace turnstone::migrations {
namespace {

std::uint64_t part_of(const char* kind, const std::string& name) {
  return std::hash<std::string>{}(std::string(kind) + ' ' + name);
}

/// Collects what one operation touches.
class Collect {
 public:
  Collect(const std::string& app, Footprint& into) : app_(app), into_(into) {}

  void operator()(const CreateModel& o) const {
    const ModelKey model = key(o.name);
    change("model", model.text());
    for (const std::string& base : o.bases) read("model", reference(base, model).text());
    for (const Field& field : o.fields) references(model, field);
    for (const Index& index : o.options.indexes) change("name", index.name);
    for (const Constraint& constraint : o.options.constraints) change("name", name_of(constraint));
  }
  void operator()(const DeleteModel& o) const { change("model", key(o.name).text()); }
  void operator()(const RenameModel& o) const {
    change("model", key(o.old_name).text());
    change("model", key(o.new_name).text());
  }
  /// Other apps' models are about to change: nothing passes it.
  void operator()(const MoveModel&) const { into_.barrier = true; }
  void operator()(const AlterModelTable& o) const {
    change("table", of_model(o.name).text());
    if (!o.table.empty()) change("table name", o.table);
  }
  void operator()(const AlterModelTableComment& o) const {
    change("comment", of_model(o.name).text());
  }
  void operator()(const AlterUniqueTogether& o) const {
    const ModelKey model = of_model(o.name);
    change("unique_together", model.text());
    for (const auto& names : o.unique_together) {
      for (const std::string& name : names) use(model, name);
    }
  }
  void operator()(const AlterOrderWithRespectTo& o) const {
    const ModelKey model = of_model(o.name);
    change("order_with_respect_to", model.text());
    change("field", model.text() + "._order");
    if (!o.order_with_respect_to.empty()) use(model, o.order_with_respect_to);
  }
  void operator()(const AlterModelOptions& o) const {
    read("model", key(o.name).text());
    change("options", key(o.name).text());
  }

  void operator()(const AddField& o) const { whole_field(o.model_name, o.field); }
  void operator()(const AlterField& o) const { whole_field(o.model_name, o.field); }
  void operator()(const RemoveField& o) const {
    const ModelKey model = of_model(o.model_name);
    change("field", model.text() + "." + o.name);
    change("field", model.text() + "." + o.name + "_id");
    if (o.name == "id") change("key", model.text());
  }
  void operator()(const RenameField& o) const {
    const ModelKey model = of_model(o.model_name);
    change("field", model.text() + "." + o.old_name);
    change("field", model.text() + "." + o.old_name + "_id");
    change("field", model.text() + "." + o.new_name);
    change("field", model.text() + "." + o.new_name + "_id");
  }

  void operator()(const AddIndex& o) const {
    const ModelKey model = of_model(o.model_name);
    change("name", o.index.name);
    read("indexes", model.text());
    names_field(o.index, [&](const std::string& name) { return use(model, name); });
  }
  void operator()(const RemoveIndex& o) const {
    read("indexes", of_model(o.model_name).text());
    change("name", o.name);
  }
  void operator()(const RenameIndex& o) const {
    const ModelKey model = of_model(o.model_name);
    change("name", o.new_name);
    if (!o.old_name.empty()) {
      read("indexes", model.text());
      return change("name", o.old_name);
    }
    change("indexes", model.text());
    for (const std::string& name : o.old_fields) use(model, name);
  }
  void operator()(const AddConstraint& o) const { constraint(o.model_name, o.constraint); }
  void operator()(const RemoveConstraint& o) const {
    of_model(o.model_name);
    change("name", o.name);
  }
  void operator()(const AlterConstraint& o) const { constraint(o.model_name, o.constraint); }
  void operator()(const RenameConstraint& o) const {
    of_model(o.model_name);
    change("name", o.old_name);
    change("name", o.new_name);
  }

  void operator()(const RunSQL&) const { into_.barrier = true; }
  void operator()(const RunCpp&) const { into_.barrier = true; }
  void operator()(const SeparateDatabaseAndState&) const { into_.barrier = true; }
  void operator()(const CreateExtension&) const { into_.barrier = true; }
  void operator()(const CreateCollation&) const { into_.barrier = true; }
  void operator()(const RemoveCollation&) const { into_.barrier = true; }
  // For states and rows these are what their plain kin are.
  void operator()(const AddIndexConcurrently& o) const { (*this)(AddIndex{o.model_name, o.index}); }
  void operator()(const RemoveIndexConcurrently& o) const {
    (*this)(RemoveIndex{o.model_name, o.name});
  }
  void operator()(const AddConstraintNotValid& o) const { constraint(o.model_name, o.constraint); }
  void operator()(const ValidateConstraint& o) const {
    (*this)(RemoveConstraint{o.model_name, o.name});
  }

 private:
  ModelKey key(const std::string& name) const { return ModelKey{app_, lower_case(name)}; }
  /// A change inside a model needs the model, and whether it is managed.
  ModelKey of_model(const std::string& name) const {
    const ModelKey model = key(name);
    read("model", model.text());
    read("options", model.text());
    return model;
  }
  ModelKey reference(const std::string& to, const ModelKey& model) const {
    return to == "self" ? model : key_from(to, app_);
  }

  void touch(const char* kind, const std::string& name, bool is_change) const {
    into_.touches.push_back({part_of(kind, name), is_change});
  }
  void read(const char* kind, const std::string& name) const { touch(kind, name, false); }
  void change(const char* kind, const std::string& name) const { touch(kind, name, true); }

  /// A field named in an index, a constraint or an expression; false, to go on.
  bool use(const ModelKey& model, const std::string& name) const {
    if (name == "pk") {
      read("key", model.text());
      return false;
    }
    read("field", model.text() + "." + name);
    if (name.size() > 3 && name.compare(name.size() - 3, 3, "_id") == 0) {
      read("field", model.text() + "." + name.substr(0, name.size() - 3));
    }
    return false;
  }

  /// What a field needs elsewhere.
  void references(const ModelKey& model, const Field& field) const {
    const FieldUse uses = [&](const std::string& name) { return use(model, name); };
    if (field.expression) any_field(*field.expression, uses);
    for (const std::string& name : field.fields) use(model, name);
    if (field.to.empty()) return;
    const ModelKey target = reference(field.to, model);
    read("model", target.text());
    if (field.to_field.empty()) {
      read("key", target.text());
    } else {
      use(target, field.to_field);
    }
    if (field.type != FieldType::many_to_many) return;
    read("key", model.text());
    read("table", model.text());
    read("options", target.text());
    if (!field.db_table.empty()) change("table name", field.db_table);
    if (field.through.empty()) return;
    const ModelKey through = reference(field.through, model);
    read("model", through.text());
    for (const std::string& name : field.through_fields) use(through, name);
  }
  void whole_field(const std::string& model_name, const Field& field) const {
    const ModelKey model = of_model(model_name);
    change("field", model.text() + "." + field.name);
    const std::string column = column_name(field);
    if (!column.empty() && column != field.name) change("field", model.text() + "." + column);
    if (field.primary_key || field.name == "id" || field.type == FieldType::composite_primary_key) {
      change("key", model.text());
    }
    references(model, field);
  }
  void constraint(const std::string& model_name, const Constraint& constraint) const {
    const ModelKey model = of_model(model_name);
    change("name", name_of(constraint));
    names_field(constraint, [&](const std::string& name) { return use(model, name); });
  }

  const std::string& app_;
  Footprint& into_;
};

/// The model's name as the operation has it.
struct Subject {
  std::string operator()(const CreateModel& o) const { return o.name; }
  std::string operator()(const DeleteModel& o) const { return o.name; }
  std::string operator()(const RenameModel& o) const { return o.old_name; }
  std::string operator()(const MoveModel& o) const { return o.name; }
  std::string operator()(const AlterModelTable& o) const { return o.name; }
  std::string operator()(const AlterModelTableComment& o) const { return o.name; }
  std::string operator()(const AlterUniqueTogether& o) const { return o.name; }
  std::string operator()(const AlterOrderWithRespectTo& o) const { return o.name; }
  std::string operator()(const AlterModelOptions& o) const { return o.name; }
  std::string operator()(const RunSQL&) const { return {}; }
  std::string operator()(const RunCpp&) const { return {}; }
  std::string operator()(const SeparateDatabaseAndState&) const { return {}; }
  std::string operator()(const CreateExtension&) const { return {}; }
  std::string operator()(const CreateCollation&) const { return {}; }
  std::string operator()(const RemoveCollation&) const { return {}; }
  template <class InModel>
  std::string operator()(const InModel& o) const {
    return o.model_name;
  }
};

bool share_a_change(const Footprint& a, const Footprint& b) {
  auto i = a.touches.begin();
  auto j = b.touches.begin();
  while (i != a.touches.end() && j != b.touches.end()) {
    if (i->part == j->part) {
      if (i->change || j->change) return true;
      ++i;
      ++j;
    } else if (i->part < j->part) {
      ++i;
    } else {
      ++j;
    }
  }
  return false;
}

template <class... Kinds>
bool is_one_of(const Operation& operation) {
  return (std::holds_alternative<Kinds>(operation.value) || ...);
}

/// The field an operation leaves behind, or nullptr.
const Field* field_in(const Operation& operation) {
  if (const auto* add = std::get_if<AddField>(&operation.value)) return &add->field;
  if (const auto* alter = std::get_if<AlterField>(&operation.value)) return &alter->field;
  return nullptr;
}

bool makes_table(const Operation& operation) {
  const Field* field = field_in(operation);
  return is_one_of<CreateModel, RenameModel, AlterModelTable>(operation) ||
         (field && field->type == FieldType::many_to_many);
}

/// Whose table's name before is not known. A model that is no longer managed gives up its table.
bool frees_table(const Operation& operation) {
  return is_one_of<AlterModelTable, AlterModelOptions>(operation);
}

/// Reasons to stay in order that lie in the state before, which is not known here.
bool order_may_matter(const Operation& first, const Operation& second, bool same_model) {
  // What is removed or altered first may be what still uses the model or field that goes next.
  const bool ends_use = is_one_of<RemoveField, AlterField, DeleteModel>(first);
  if (is_one_of<DeleteModel>(second) && ends_use) return true;
  if (is_one_of<RemoveField>(second)) {
    if (ends_use) return true;
    if (same_model &&
        is_one_of<AlterUniqueTogether, AlterOrderWithRespectTo, RemoveIndex,
                  RemoveIndexConcurrently, RemoveConstraint, AlterConstraint>(first)) {
      return true;
    }
  }
  // A name or column that becomes free first may be the one taken next.
  if (is_one_of<DeleteModel>(first) &&
      is_one_of<AddIndex, AddIndexConcurrently, RenameIndex, AddConstraint, AddConstraintNotValid,
                RenameConstraint>(second)) {
    return true;
  }
  if (const auto* removed = std::get_if<RemoveField>(&first.value)) {
    const auto* added = std::get_if<AddField>(&second.value);
    if (added && (same_model || added->field.name == removed->name)) return true;
  }
  if (same_model && field_in(first) && field_in(second) &&
      !(field_in(first)->db_column.empty() && field_in(second)->db_column.empty())) {
    return true;
  }
  if (is_one_of<DeleteModel, RenameModel>(first)) {
    const auto* created = std::get_if<CreateModel>(&second.value);
    if (created && !created->options.db_table.empty()) return true;
  }
  return (frees_table(first) && makes_table(second)) || (frees_table(second) && makes_table(first));
}

/// The members that name the operation's model.
struct SubjectMember {
  std::string* operator()(CreateModel& o) const { return &o.name; }
  std::string* operator()(DeleteModel& o) const { return &o.name; }
  std::string* operator()(RenameModel& o) const { return &o.old_name; }
  std::string* operator()(MoveModel& o) const { return &o.name; }
  std::string* operator()(AlterModelTable& o) const { return &o.name; }
  std::string* operator()(AlterModelTableComment& o) const { return &o.name; }
  std::string* operator()(AlterUniqueTogether& o) const { return &o.name; }
  std::string* operator()(AlterOrderWithRespectTo& o) const { return &o.name; }
  std::string* operator()(AlterModelOptions& o) const { return &o.name; }
  std::string* operator()(RunSQL&) const { return nullptr; }
  std::string* operator()(RunCpp&) const { return nullptr; }
  std::string* operator()(SeparateDatabaseAndState&) const { return nullptr; }
  std::string* operator()(CreateExtension&) const { return nullptr; }
  std::string* operator()(CreateCollation&) const { return nullptr; }
  std::string* operator()(RemoveCollation&) const { return nullptr; }
  template <class InModel>
  std::string* operator()(InModel& o) const {
    return &o.model_name;
  }
};

std::optional<Operation> behind(const Operation& first, const RenameModel& rename,
                                const std::string& app) {
  const ModelKey from{app, lower_case(rename.old_name)};
  const std::string now = app + "." + rename.new_name;
  const std::string subject = subject_of(first);
  const bool about_it = subject == from.model || subject == lower_case(rename.new_name);
  if (about_it && is_one_of<CreateModel, DeleteModel, RenameModel>(first)) return std::nullopt;
  if (is_one_of<RenameModel>(first)) {
    const auto& other = std::get<RenameModel>(first.value);
    const std::string renamed = lower_case(other.new_name);
    if (renamed == from.model || renamed == lower_case(rename.new_name)) return std::nullopt;
  }
  if (is_one_of<AlterModelTable>(first) && subject != from.model) return std::nullopt;
  Operation result = first;
  if (subject == from.model) {
    *turnstone::match(result.value, SubjectMember{}) = lower_case(rename.new_name);
  }
  if (auto* create = std::get_if<CreateModel>(&result.value)) {
    for (Field& field : create->fields) repoint(field, app, from, now);
    for (std::string& base : create->bases) {
      if (refers_to(base, app, from)) base = now;
    }
  } else if (auto* add = std::get_if<AddField>(&result.value)) {
    repoint(add->field, app, from, now);
  } else if (auto* alter = std::get_if<AlterField>(&result.value)) {
    repoint(alter->field, app, from, now);
  }
  return result;
}

/// Changes the names of fields inside an operation.
struct RenameFieldIn {
  const std::string& app;
  const ModelKey model;
  const FieldRename& rename;

  void operator()(CreateModel& o) const {
    for (Field& field : o.fields) target(field, o.name);
  }
  void operator()(AlterUniqueTogether& o) const {
    if (!own(o.name)) return;
    for (auto& names : o.unique_together) rename.apply(names);
  }
  void operator()(AlterOrderWithRespectTo& o) const {
    if (own(o.name)) o.order_with_respect_to = rename(o.order_with_respect_to);
  }
  void operator()(AddField& o) const {
    if (own(o.model_name)) rename.apply(o.field);
    target(o.field, o.model_name);
  }
  void operator()(AlterField& o) const {
    if (own(o.model_name)) {
      if (o.field.name == rename.from) o.field.name = rename.to;
      rename.apply(o.field);
    }
    target(o.field, o.model_name);
  }
  void operator()(AddIndex& o) const {
    if (own(o.model_name)) rename.apply(o.index);
  }
  void operator()(AddIndexConcurrently& o) const {
    if (own(o.model_name)) rename.apply(o.index);
  }
  void operator()(RenameIndex& o) const {
    if (own(o.model_name)) rename.apply(o.old_fields);
  }
  void operator()(AddConstraint& o) const {
    if (own(o.model_name)) rename.apply(o.constraint);
  }
  void operator()(AddConstraintNotValid& o) const {
    if (own(o.model_name)) rename.apply(o.constraint);
  }
  void operator()(AlterConstraint& o) const {
    if (own(o.model_name)) rename.apply(o.constraint);
  }
  template <class Other>
  void operator()(Other&) const {}

 private:
  bool own(const std::string& name) const { return lower_case(name) == model.model; }
  void target(Field& field, const std::string& owner) const {
    rename_target_field(field, app, model, rename);
    if (field.to == "self" && own(owner) && field.to_field == rename.from) {
      field.to_field = rename.to;
    }
  }
};

bool touches_field(const Operation& operation, const std::string& app, const ModelKey& model,
                   const std::string& field) {
  const std::uint64_t part = part_of("field", model.text() + "." + field);
  const Footprint footprint = footprint_of(operation, app);
  return std::any_of(footprint.touches.begin(), footprint.touches.end(),
                     [&](const Footprint::Touch& touch) { return touch.part == part; });
}

std::optional<Operation> behind(const Operation& first, const RenameField& rename,
                                const std::string& app) {
  const std::string model = lower_case(rename.model_name);
  const std::string subject = subject_of(first);
  if (is_one_of<RenameModel>(first)) {
    if (subject == model || lower_case(std::get<RenameModel>(first.value).new_name) == model) {
      return std::nullopt;
    }
    return first;
  }
  if (subject == model) {
    if (is_one_of<CreateModel, DeleteModel, AlterModelOptions>(first)) return std::nullopt;
    const auto named = [&](const std::string& name) {
      return name == rename.old_name || name == rename.new_name ||
             name == rename.old_name + "_id" || name == rename.new_name + "_id";
    };
    if (const auto* add = std::get_if<AddField>(&first.value)) {
      if (named(add->field.name) || named(column_name(add->field))) return std::nullopt;
    } else if (is_one_of<RemoveField>(first)) {
      return std::nullopt;  // its column is not known and might be the one that the rename takes
    } else if (const auto* other = std::get_if<RenameField>(&first.value)) {
      if (named(other->old_name) || named(other->new_name)) return std::nullopt;
    } else if (const auto* alter = std::get_if<AlterField>(&first.value)) {
      if (alter->field.name != rename.old_name &&
          (named(alter->field.name) || named(column_name(alter->field)))) {
        return std::nullopt;
      }
    }
  }
  // Whether `<name>_id` means the field depends on its type, which only its own operations tell.
  const auto* alter = std::get_if<AlterField>(&first.value);
  const bool itself = alter && subject == model && alter->field.name == rename.old_name;
  if (!itself && touches_field(first, app, ModelKey{app, model}, rename.old_name + "_id")) {
    return std::nullopt;
  }
  const FieldRename by{rename.old_name, rename.new_name,
                       itself && is_foreign_key(alter->field.type)};
  Operation result = first;
  turnstone::match(result.value, RenameFieldIn{app, ModelKey{app, model}, by});
  return result;
}

}  // namespace

Footprint footprint_of(const Operation& operation, const std::string& app) {
  Footprint footprint;
  footprint.subject = subject_of(operation);
  match(operation, Collect(app, footprint));
  auto& touches = footprint.touches;
  std::sort(touches.begin(), touches.end(), [](const auto& a, const auto& b) {
    return a.part != b.part ? a.part < b.part : a.change > b.change;
  });
  touches.erase(std::unique(touches.begin(), touches.end(),
                            [](const auto& a, const auto& b) { return a.part == b.part; }),
                touches.end());
  return footprint;
}

std::string subject_of(const Operation& operation) {
  return lower_case(match(operation, Subject{}));
}

bool may_swap(const Operation& first, const Footprint& first_touches, const Operation& second,
              const Footprint& second_touches) {
  return !first_touches.barrier && !second_touches.barrier &&
         !share_a_change(first_touches, second_touches) &&
         !order_may_matter(first, second, first_touches.subject == second_touches.subject);
}

std::optional<Operation> behind_rename(const Operation& first, const Operation& rename,
                                       const std::string& app) {
  if (const auto* model = std::get_if<RenameModel>(&rename.value)) {
    return behind(first, *model, app);
  }
  if (const auto* field = std::get_if<RenameField>(&rename.value)) {
    return behind(first, *field, app);
  }
  return std::nullopt;
}

}  // namespace turnstone::migrations
