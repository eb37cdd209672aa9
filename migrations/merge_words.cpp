#include "merge_words.h"

#include "json/model_json.h"
#include "model/field_options.h"

#include <turnstone/error.h>
#include <turnstone/identifier.h>

#include <algorithm>

#include "references.h"

namespace turnstone::migrations {
namespace {

/// Something an operation does to a part of a model, or a part it needs to be as it is.
struct Change {
  enum class Kind {
    made,     ///< it was not there before
    gone,     ///< removed or renamed away
    altered,  ///< the same thing, otherwise
    used,     ///< named by something that was added
  };
  ModelKey model{};
  std::string shown{};     ///< `blog.Book`
  std::string part{};      ///< `field title`; empty: the model as a whole
  std::string property{};  ///< of an altered model: `db_table`
  Kind kind = Kind::altered;
  std::string what{};
  MigrationId by{};
};

std::string quoted(const std::string& name) { return "\"" + name + "\""; }

/// Collects the changes of one operation. `state` is the one before it.
class CollectChanges {
 public:
  CollectChanges(const ProjectState& state, const MigrationId& by, std::vector<Change>& into)
      : state_(state), by_(by), into_(into) {}

  void operator()(const CreateModel& o) const {
    model(o.name, Change::Kind::made, "added");
    const std::string user = "used by the new model " + o.name;
    for (const Field& field : o.fields) relations(field, user);
    for (const std::string& base : o.bases) whole(key_from(base, by_.app), user);
    for (const Index& index : o.options.indexes) name(o.name, "index " + index.name);
    for (const Constraint& constraint : o.options.constraints) {
      name(o.name, "constraint " + name_of(constraint));
    }
  }
  void operator()(const DeleteModel& o) const { model(o.name, Change::Kind::gone, "removed"); }
  void operator()(const RenameModel& o) const {
    model(o.old_name, Change::Kind::gone, "renamed to " + o.new_name);
    model(o.new_name, Change::Kind::made, "renamed from " + o.old_name);
  }
  void operator()(const MoveModel& o) const {
    model(o.name, Change::Kind::gone, "moved to app \"" + o.to_app + "\"");
    add(key_from(o.to_app + "." + o.name, by_.app), o.to_app + "." + o.name, {}, Change::Kind::made,
        "moved from app \"" + by_.app + "\"");
  }
  void operator()(const AlterModelTable& o) const {
    property(o.name, "db_table", o.table.empty() ? "not set" : quoted(o.table));
  }
  void operator()(const AlterModelTableComment& o) const {
    property(o.name, "db_table_comment", quoted(o.table_comment));
  }
  void operator()(const AlterUniqueTogether& o) const {
    std::vector<std::string> sets;
    for (const auto& names : o.unique_together) {
      sets.push_back("(" + join(names, ", ") + ")");
      for (const std::string& field : names) uses(o.name, field, "unique_together");
    }
    property(o.name, "unique_together", sets.empty() ? "not set" : join(sets, ", "));
  }
  void operator()(const AlterOrderWithRespectTo& o) const {
    property(o.name, "order_with_respect_to",
             o.order_with_respect_to.empty() ? "not set" : quoted(o.order_with_respect_to));
    uses(o.name, o.order_with_respect_to, "order_with_respect_to");
  }
  void operator()(const AlterModelOptions& o) const {
    property(o.name, "managed", o.managed ? "true" : "false");
    property(o.name, "base_manager_name", quoted(o.base_manager_name));
  }
  void operator()(const AddField& o) const {
    field(o.model_name, o.field.name, Change::Kind::made, "added");
    column(o.model_name, o.field);
    inside(o.model_name, o.field);
  }
  void operator()(const RemoveField& o) const {
    field(o.model_name, o.name, Change::Kind::gone, "removed");
  }
  void operator()(const AlterField& o) const {
    std::string what = "changed";
    if (!o.preserve_default && o.field.default_value) what += filling(*o.field.default_value);
    field(o.model_name, o.field.name, Change::Kind::altered, what);
    column(o.model_name, o.field);
    inside(o.model_name, o.field);
  }
  void operator()(const RenameField& o) const {
    field(o.model_name, o.old_name, Change::Kind::gone, "renamed to " + o.new_name);
    field(o.model_name, o.new_name, Change::Kind::made, "renamed from " + o.old_name);
  }
  void operator()(const AddIndex& o) const { index(o.model_name, o.index, "added"); }
  void operator()(const RemoveIndex& o) const { gone(o.model_name, "index " + o.name, "removed"); }
  void operator()(const RenameIndex& o) const {
    if (!o.old_name.empty()) {
      gone(o.model_name, "index " + o.old_name, "renamed to " + o.new_name);
    }
    for (const std::string& old : o.old_fields) uses(o.model_name, old, "index " + o.new_name);
    name(o.model_name, "index " + o.new_name);
  }
  void operator()(const AddConstraint& o) const { constraint(o.model_name, o.constraint, "added"); }
  void operator()(const RemoveConstraint& o) const {
    gone(o.model_name, "constraint " + o.name, "removed");
  }
  void operator()(const AlterConstraint& o) const {
    constraint(o.model_name, o.constraint, "changed");
  }
  void operator()(const RenameConstraint& o) const {
    gone(o.model_name, "constraint " + o.old_name, "renamed to " + o.new_name);
    name(o.model_name, "constraint " + o.new_name);
  }
  void operator()(const RunSQL& o) const { all(o.state_operations); }
  void operator()(const RunCpp&) const {}
  void operator()(const SeparateDatabaseAndState& o) const {
    all(o.database_operations);
    all(o.state_operations);
  }
  void operator()(const CreateExtension&) const {}
  void operator()(const CreateCollation& o) const { collation(o.name, "added"); }
  void operator()(const RemoveCollation& o) const { collation(o.name, "removed"); }
  void operator()(const AddIndexConcurrently& o) const { index(o.model_name, o.index, "added"); }
  void operator()(const RemoveIndexConcurrently& o) const {
    gone(o.model_name, "index " + o.name, "removed");
  }
  void operator()(const AddConstraintNotValid& o) const {
    constraint(o.model_name, o.constraint, "added");
  }
  void operator()(const ValidateConstraint& o) const {
    part(o.model_name, "constraint " + o.name, Change::Kind::altered, "validated");
  }

 private:
  ModelKey key(const std::string& model) const { return key_from(model, by_.app); }
  std::string shown(const ModelKey& key, const std::string& otherwise = {}) const {
    const ModelPtr model = state_.find(key);
    if (model) return model->app + "." + model->name;
    return otherwise.empty() ? key.text() : key.app + "." + otherwise;
  }
  void add(const ModelKey& model, const std::string& shown, const std::string& part,
           Change::Kind kind, const std::string& what, const std::string& property = {}) const {
    into_.push_back({model, shown, part, property, kind, what, by_});
  }
  void model(const std::string& name, Change::Kind kind, const std::string& what) const {
    add(key(name), shown(key(name), name), {}, kind, what);
  }
  void whole(const ModelKey& model, const std::string& user) const {
    add(model, shown(model), {}, Change::Kind::used, user);
  }
  void part(const std::string& model, const std::string& part, Change::Kind kind,
            const std::string& what) const {
    add(key(model), shown(key(model)), part, kind, what);
  }
  void property(const std::string& model, const std::string& property,
                const std::string& value) const {
    add(key(model), shown(key(model)), {}, Change::Kind::altered, value, property);
  }
  void field(const std::string& model, const std::string& name, Change::Kind kind,
             const std::string& what) const {
    part(model, "field " + name, kind, what);
  }
  void gone(const std::string& model, const std::string& name, const std::string& what) const {
    part(model, name, Change::Kind::gone, what);
  }
  void name(const std::string& model, const std::string& name) const {
    part(model, name, Change::Kind::made, "added");
    // Names of indexes and constraints are there once in a database.
    add({}, {}, "name " + name.substr(name.find(' ') + 1), Change::Kind::made,
        "taken by " + name.substr(0, name.find(' ')) + " of " + shown(key(model), model));
  }
  void uses(const std::string& model, std::string name, const std::string& user) const {
    if (name.starts_with("-")) name.erase(0, 1);
    const ModelPtr found = state_.find(key(model));
    const Field* field = found ? found->resolve_field(name) : nullptr;
    part(model, "field " + (field ? field->name : name), Change::Kind::used, "used by " + user);
  }
  static std::string filling(const Default& value) {
    const auto* function = std::get_if<DefaultFunction>(&value);
    return " so that NULL becomes " + (function ? function->name : std::get<Json>(value).text());
  }
  void relations(const Field& field, const std::string& user) const {
    if (!field.to.empty() && field.to != "self") {
      const ModelKey target = key_from(field.to, by_.app);
      whole(target, user);
      if (!field.to_field.empty()) {
        add(target, shown(target), "field " + field.to_field, Change::Kind::used, user);
      }
    }
    if (!field.through.empty()) whole(key_from(field.through, by_.app), user);
  }
  void inside(const std::string& model, const Field& field) const {
    relations(field, "used by field " + field.name + " of " + shown(key(model)));
    const auto use = [&](const std::string& name) {
      uses(model, name, "field " + field.name);
      return false;
    };
    if (field.expression) any_field(*field.expression, use);
    for (const std::string& name : field.fields) use(name);
  }
  void column(const std::string& model, const Field& field) const {
    const std::string column = column_name(field);
    if (column.empty()) return;
    part(model, "column " + lower_case(column), Change::Kind::made, "that of field " + field.name);
  }
  void index(const std::string& model, const Index& index, const std::string& what) const {
    part(model, "index " + index.name, Change::Kind::made, what);
    name(model, "index " + index.name);
    names_field(index, [&](const std::string& name) {
      uses(model, name, "index " + index.name);
      return false;
    });
  }
  void constraint(const std::string& model, const Constraint& constraint,
                  const std::string& what) const {
    const std::string called = "constraint " + name_of(constraint);
    const bool changed = what == "changed";
    part(model, called, changed ? Change::Kind::altered : Change::Kind::made, what);
    if (!changed) name(model, called);
    names_field(constraint, [&](const std::string& name) {
      uses(model, name, called);
      return false;
    });
  }
  void collation(const std::string& name, const std::string& what) const {
    add({}, {}, "collation " + name, Change::Kind::altered, what);
  }
  void all(const std::shared_ptr<const Operations>& operations) const {
    if (!operations) return;
    for (const Operation& operation : *operations) match(operation, *this);
  }

  const ProjectState& state_;
  const MigrationId& by_;
  std::vector<Change>& into_;
};

/// A branch: its changes, and the state they lead to as far as that goes.
struct Side {
  std::vector<Change> changes{};
  ProjectState state{};
};

Side side_of(const ProjectState& before,
             const std::vector<std::shared_ptr<const Migration>>& branch) {
  Side side{.state = before};
  for (const auto& migration : branch) {
    for (const Operation& operation : migration->operations) {
      match(operation, CollectChanges(side.state, migration->id, side.changes));
      try {
        advance(side.state, migration->id.app, operation);
      } catch (const Error&) {
        return side;
      }
    }
  }
  return side;
}

bool collide(const Change& a, const Change& b) {
  using Kind = Change::Kind;
  if (a.model != b.model || (a.kind == Kind::used && b.kind == Kind::used)) return false;
  if (a.part == b.part) {
    if (a.property != b.property) return false;
    // To be used does no harm to what is only altered, unless that is what uses it.
    const bool harmless = (a.kind == Kind::used && b.kind == Kind::altered) ||
                          (b.kind == Kind::used && a.kind == Kind::altered);
    return !harmless;
  }
  // A model that comes or goes as a whole meets everything in it; of a field once.
  if (a.part.starts_with("column ") || b.part.starts_with("column ")) return false;
  const auto is_whole = [](const Change& c) {
    return c.part.empty() && (c.kind == Kind::made || c.kind == Kind::gone);
  };
  return !a.model.model.empty() && (is_whole(a) || is_whole(b));
}

/// `null` reads better as `false` than as not being there.
std::string value_text(const Field& field, const std::string& key) {
  if (key == "type") return std::string(name_of(field.type));
  const json::Tree tree = json::write_field(field);
  if (const auto at = tree.find(key); at != tree.end()) return at->dump();
  const FieldOption* option = find_field_option(key);
  if (option && option->form == OptionForm::flag) return option->flag_default ? "true" : "false";
  return "not set";
}

const Field* field_in(const ProjectState& state, const Change& change) {
  const ModelPtr model = state.find(change.model);
  constexpr std::size_t prefix = sizeof("field ") - 1;
  return model && change.part.starts_with("field ") ? model->find_field(change.part.substr(prefix))
                                                    : nullptr;
}

/// What `change` does to a part inside the model, seen from the model as a whole.
std::string seen_from_model(const Change& change) {
  if (!change.property.empty()) return change.property + " " + change.what;
  return change.part.empty() ? change.what : change.part + " " + change.what;
}

class Words {
 public:
  Words(const ProjectState& before, Side left, Side right)
      : before_(before), left_(std::move(left)), right_(std::move(right)) {}

  std::vector<MergeConflict> all() {
    for (const Change& a : left_.changes) {
      for (const Change& b : right_.changes) {
        if (collide(a, b)) tell(a, b);
      }
    }
    return std::move(found_);
  }

 private:
  void tell(const Change& a, const Change& b) {
    using Kind = Change::Kind;
    MergeConflict conflict{.model = a.shown.size() >= b.shown.size() ? a.shown : b.shown};
    if (a.part != b.part) {
      conflict.left = {a.by, seen_from_model(a)};
      conflict.right = {b.by, seen_from_model(b)};
      return add(std::move(conflict));
    }
    if (a.part.starts_with("column ") && column_told(a, b)) return;
    if (a.part.starts_with("name ") && name_told(a)) return;
    conflict.part = a.part;
    conflict.property = a.property;
    conflict.left = {a.by, a.what};
    conflict.right = {b.by, b.what};
    const bool altered = a.kind == Kind::altered && b.kind == Kind::altered;
    const Field* mine = field_in(left_.state, a);
    const Field* theirs = field_in(right_.state, b);
    if (mine && theirs && a.kind != Kind::used && b.kind != Kind::used) {
      const std::vector<std::string> keys = differing_options(*mine, *theirs);
      if (altered && !keys.empty()) return by_property(std::move(conflict), keys, *mine, *theirs);
      for (const std::string& key : keys) {
        const std::string with = key == keys.front() ? " with " : ", ";
        conflict.left.what += with + key + " " + value_text(*mine, key);
        conflict.right.what += with + key + " " + value_text(*theirs, key);
      }
    }
    // Both changed it alike.
    if (altered && a.what == b.what) return;
    add(std::move(conflict));
  }

  void by_property(MergeConflict conflict, const std::vector<std::string>& keys, const Field& mine,
                   const Field& theirs) {
    const ModelPtr model = before_.find(key_from(conflict.model));
    const Field* first = model ? model->find_field(mine.name) : nullptr;
    for (const std::string& key : keys) {
      conflict.property = key;
      conflict.before = first ? value_text(*first, key) : "";
      conflict.left.what = value_text(mine, key);
      conflict.right.what = value_text(theirs, key);
      add(conflict);
    }
  }

  /// The field of that column was named already.
  bool column_told(const Change& a, const Change& b) const {
    return a.what == b.what ||
           std::any_of(found_.begin(), found_.end(), [&](const MergeConflict& conflict) {
             return conflict.model == a.shown && a.what.ends_with(" " + conflict.part);
           });
  }
  bool name_told(const Change& a) const {
    const std::string name = a.part.substr(a.part.find(' ') + 1);
    return std::any_of(found_.begin(), found_.end(), [&](const MergeConflict& conflict) {
      return conflict.part == "index " + name || conflict.part == "constraint " + name;
    });
  }

  void add(MergeConflict conflict) {
    const std::string text = conflict.text();
    const bool known = std::any_of(found_.begin(), found_.end(), [&](const MergeConflict& other) {
      return other.text() == text;
    });
    if (!known) found_.push_back(std::move(conflict));
  }

  const ProjectState& before_;
  Side left_;
  Side right_;
  std::vector<MergeConflict> found_{};
};

}  // namespace

std::string MergeConflict::text() const {
  std::string text = model.empty() ? "" : "model " + model;
  for (const std::string* item : {&part, &property}) {
    if (!item->empty()) text += (text.empty() ? "" : ", ") + *item;
  }
  if (!text.empty()) text += ": ";
  if (!detail.empty()) return text + detail;
  text += left.what == right.what
              ? left.what + " in both " + left.migration.name + " and " + right.migration.name
              : left.what + " in " + left.migration.name + ", " + right.what + " in " +
                    right.migration.name;
  return before.empty() ? text : text + " (" + before + " before)";
}

std::string Unexamined::text() const { return migration.name + ": " + operation + ": " + reason; }

std::vector<MergeConflict> disagreements(
    const ProjectState& before, const std::vector<std::shared_ptr<const Migration>>& left,
    const std::vector<std::shared_ptr<const Migration>>& right) {
  return Words(before, side_of(before, left), side_of(before, right)).all();
}

}  // namespace turnstone::migrations
