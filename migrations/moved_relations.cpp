#include <turnstone/identifier.h>

#include <algorithm>

#include "changes.h"
#include "differences.h"
#include "references.h"

namespace turnstone::migrations {
namespace {

using Kind = Dependency::Kind;

/// How the rows of a many-to-many relation lie in its own table.
struct OwnTable {
  std::string name{};
  std::string owner_column{};
  std::string target_column{};
};

OwnTable own_table(const ModelState& model, const Field& field) {
  const ModelKey target = key_from(field.to, model.app);
  OwnTable table{field.db_table.empty() ? table_name(model) + "_" + field.name : field.db_table,
                 lower_case(model.name) + "_id", target.model + "_id"};
  if (field.to == "self" || target == key_of(model)) {
    table.owner_column = "from_" + lower_case(model.name) + "_id";
    table.target_column = "to_" + lower_case(model.name) + "_id";
  }
  return table;
}

/// The two keys of a `through` model.
struct KeyColumns {
  const Field* owner = nullptr;
  const Field* target = nullptr;
};

KeyColumns keys_of(const ModelState& through, const ModelState& model, const Field& relation) {
  if (relation.through_fields.size() == 2) {
    return {through.find_field(relation.through_fields[0]),
            through.find_field(relation.through_fields[1])};
  }
  const ModelKey owner = key_of(model);
  const ModelKey target = relation.to == "self" ? owner : key_from(relation.to, model.app);
  KeyColumns keys;
  for (const Field& field : through.fields) {
    if (field.type != FieldType::foreign_key) continue;
    if (!keys.owner && refers_to(field.to, through.app, owner)) {
      keys.owner = &field;
    } else if (!keys.target && refers_to(field.to, through.app, target)) {
      keys.target = &field;
    }
  }
  return keys;
}

/// True when a table of its own could be the table of `through`: a plain model with an automatic
/// `id` and a key to either side.
bool fits(const ModelState& through, const KeyColumns& keys) {
  const Field* id = through.find_field("id");
  return keys.owner && keys.target && keys.owner->type == FieldType::foreign_key &&
         keys.target->type == FieldType::foreign_key && keys.owner->to_field.empty() &&
         keys.target->to_field.empty() && id && id->primary_key && is_auto(id->type) &&
         through.bases.empty() && through.options.managed && !through.options.proxy;
}

/// The key as it is in a relation's own table.
Field plain_key(const Field& key, const std::string& column, const Field& relation) {
  Field plain{.name = key.name, .type = FieldType::foreign_key};
  plain.to = key.to;
  plain.on_delete = key.on_delete;
  plain.on_delete_value = key.on_delete_value;
  plain.db_constraint = relation.db_constraint;
  if (column != attribute_name(plain)) plain.db_column = column;
  return plain;
}

/// Through model → own table and back, for one relation.
class MovedRelation {
 public:
  MovedRelation(Changes& changes, ModelPtr was, const Field& old, ModelPtr is,
                const Field& relation)
      : changes_(changes), was_(std::move(was)), old_(old), is_(std::move(is)), new_(relation) {}

  void run() {
    if (old_.through.empty() == new_.through.empty()) return;
    if (lower_case(old_.to) != lower_case(new_.to)) return;
    if (old_.through.empty()) {
      to_model();
    } else {
      to_own_table();
    }
  }

 private:
  /// The rows of the relation's own table become those of a new model.
  void to_model() {
    const ModelKey key = key_from(new_.through, is_->app);
    const ModelPtr through = changes_.to.find(key);
    if (!through || key.app != is_->app || changes_.now.contains(key)) return;
    const KeyColumns keys = keys_of(*through, *is_, new_);
    if (!fits(*through, keys)) return;
    const OwnTable table = own_table(*was_, old_);
    CreateModel create{.name = through->name};
    create.fields = {Field{.name = "id", .type = FieldType::big_auto_field, .primary_key = true},
                     plain_key(*keys.owner, table.owner_column, old_),
                     plain_key(*keys.target, table.target_column, old_)};
    create.options.db_table = table.name;
    create.options.unique_together = {{keys.owner->name, keys.target->name}};
    Field relation = stored_form(new_);
    carry_out(SeparateDatabaseAndState{
        nullptr, std::make_shared<const Operations>(
                     Operations{{create}, {AlterField{key_of(*is_).model, relation}}})});
  }

  /// The rows of a model that goes become those of the relation's own table.
  void to_own_table() {
    const ModelKey key = key_from(old_.through, was_->app);
    const ModelPtr through = changes_.now.find(key);
    if (!through || key.app != is_->app || changes_.to.contains(key)) return;
    const KeyColumns keys = keys_of(*through, *was_, old_);
    const std::vector<ModelKey> referrers = changes_.now.referrers(key);
    if (!fits(*through, keys) || referrers != std::vector<ModelKey>{key_of(*was_)} ||
        relations_to(key) != 1) {
      return;
    }
    const OwnTable table = own_table(*is_, new_);
    strip(*through, keys);
    for (const auto& [field, column] :
         {std::pair{keys.owner, table.owner_column}, std::pair{keys.target, table.target_column}}) {
      const Field plain = plain_key(*field, column, new_);
      if (!same_definition(plain, *field)) carry_out(AlterField{key.model, plain});
    }
    const std::vector<std::vector<std::string>> both = {{keys.owner->name, keys.target->name}};
    if (through->options.unique_together != both) carry_out(AlterUniqueTogether{key.model, both});
    const Field id{.name = "id", .type = FieldType::big_auto_field, .primary_key = true};
    if (!same_definition(id, *through->find_field("id"))) carry_out(AlterField{key.model, id});
    if (table_name(*through) != table.name) carry_out(AlterModelTable{key.model, table.name});
    carry_out(SeparateDatabaseAndState{
        nullptr,
        std::make_shared<const Operations>(Operations{
            {AlterField{key_of(*is_).model, stored_form(new_)}}, {DeleteModel{through->name}}})});
  }

  /// How many relations of the owner go through or point to the model.
  std::ptrdiff_t relations_to(const ModelKey& key) const {
    return std::count_if(was_->fields.begin(), was_->fields.end(), [&](const Field& field) {
      return refers_to(field.through, was_->app, key) || refers_to(field.to, was_->app, key);
    });
  }

  /// Removes what the model has beside its keys.
  void strip(const ModelState& through, const KeyColumns& keys) {
    const std::string name = key_of(through).model;
    for (const Constraint& constraint : through.options.constraints) {
      carry_out(RemoveConstraint{name, name_of(constraint)});
    }
    for (const Index& index : through.options.indexes) carry_out(RemoveIndex{name, index.name});
    if (!through.options.order_with_respect_to.empty()) {
      carry_out(AlterOrderWithRespectTo{name, {}});
    }
    bool in_together = false;
    std::vector<std::string> extra;
    for (const bool generated : {true, false}) {
      for (const Field& field : through.fields) {
        if (field.name == "id" || &field == keys.owner || &field == keys.target ||
            (field.type == FieldType::generated) != generated) {
          continue;
        }
        extra.push_back(field.name);
        for (const auto& names : through.options.unique_together) {
          in_together |= std::find(names.begin(), names.end(), field.name) != names.end();
        }
      }
    }
    if (in_together) carry_out(AlterUniqueTogether{name, {}});
    for (const std::string& field : extra) carry_out(RemoveField{name, field});
  }

  void carry_out(Operation operation) {
    advance(changes_.now, is_->app, operation);
    changes_.add(is_->app, std::move(operation));
  }

  Changes& changes_;
  const ModelPtr was_;
  const Field old_;
  const ModelPtr is_;
  const Field& new_;
};

}  // namespace

void find_moved_relations(Changes& changes) {
  for (const ModelKey& key : changes.to.keys()) {
    const ModelPtr is = changes.to.find(key);
    for (const Field& field : is->fields) {
      if (field.type != FieldType::many_to_many) continue;
      const ModelPtr was = changes.now.find(key);
      if (!was || was == is) break;
      const Field* old = was->find_field(field.name);
      if (old && old->type == field.type) MovedRelation(changes, was, *old, is, field).run();
    }
  }
}

}  // namespace turnstone::migrations
