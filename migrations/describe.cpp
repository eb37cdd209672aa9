#include <turnstone/identifier.h>
#include <turnstone/migrations/operation.h>

#include <algorithm>

namespace turnstone::migrations {
namespace {

/// `lower(title)`: an expression for people, not for a database.
std::string text_of(const Expression& expression) {
  switch (expression.kind) {
    case Expression::Kind::literal:
      return expression.value.text();
    case Expression::Kind::field:
    case Expression::Kind::raw:
      return expression.name;
    case Expression::Kind::call:
      break;
  }
  std::vector<std::string> arguments;
  for (const Expression& argument : expression.arguments) arguments.push_back(text_of(argument));
  return expression.name + "(" + join(arguments, ", ") + ")";
}

std::string created_index(const Index& index, const std::string& model) {
  if (index.expressions.empty()) {
    return "create index " + index.name + " on field(s) " + join(index.fields, ", ") +
           " of model " + model;
  }
  std::vector<std::string> expressions;
  for (const Expression& expression : index.expressions) {
    expressions.push_back(text_of(expression));
  }
  return "create index " + index.name + " on " + join(expressions, ", ") + " on model " + model;
}

std::string capitalised(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] -= 'a' - 'A';
  return text;
}

struct Describe {
  std::string operator()(const CreateModel& o) const {
    return (o.options.proxy ? "Create proxy model " : "Create model ") + o.name;
  }
  std::string operator()(const DeleteModel& o) const { return "Delete model " + o.name; }
  std::string operator()(const RenameModel& o) const {
    return "Rename model " + o.old_name + " to " + o.new_name;
  }
  std::string operator()(const MoveModel& o) const {
    return "Move model " + o.name + " to app " + o.to_app;
  }
  std::string operator()(const AlterModelTable& o) const {
    return "Rename table for " + o.name + " to " + (o.table.empty() ? "(default)" : o.table);
  }
  std::string operator()(const AlterModelTableComment& o) const {
    return "Alter " + o.name + " table comment";
  }
  std::string operator()(const AlterUniqueTogether& o) const {
    return "Alter unique_together for " + o.name + " (" + std::to_string(o.unique_together.size()) +
           " constraint(s))";
  }
  std::string operator()(const AlterOrderWithRespectTo& o) const {
    return "Set order_with_respect_to on " + o.name + " to " +
           (o.order_with_respect_to.empty() ? "None" : o.order_with_respect_to);
  }
  std::string operator()(const AlterModelOptions& o) const {
    return "Change Meta options on " + o.name;
  }
  std::string operator()(const AddField& o) const {
    return "Add field " + o.field.name + " to " + o.model_name;
  }
  std::string operator()(const RemoveField& o) const {
    return "Remove field " + o.name + " from " + o.model_name;
  }
  std::string operator()(const AlterField& o) const {
    return "Alter field " + o.field.name + " on " + o.model_name;
  }
  std::string operator()(const RenameField& o) const {
    return "Rename field " + o.old_name + " on " + o.model_name + " to " + o.new_name;
  }
  std::string operator()(const AddIndex& o) const {
    return capitalised(created_index(o.index, o.model_name));
  }
  std::string operator()(const RemoveIndex& o) const {
    return "Remove index " + o.name + " from " + o.model_name;
  }
  std::string operator()(const RenameIndex& o) const {
    if (o.old_name.empty()) {
      return "Rename unnamed index for (" + join(o.old_fields, ", ") + ") on " + o.model_name +
             " to " + o.new_name;
    }
    return "Rename index " + o.old_name + " on " + o.model_name + " to " + o.new_name;
  }
  std::string operator()(const AddConstraint& o) const {
    return "Create constraint " + name_of(o.constraint) + " on model " + o.model_name;
  }
  std::string operator()(const RemoveConstraint& o) const {
    return "Remove constraint " + o.name + " from model " + o.model_name;
  }
  std::string operator()(const AlterConstraint& o) const {
    return "Alter constraint " + o.name + " on " + o.model_name;
  }
  std::string operator()(const RenameConstraint& o) const {
    return "Rename constraint " + o.old_name + " on " + o.model_name + " to " + o.new_name;
  }
  std::string operator()(const RunSQL&) const { return "Raw SQL operation"; }
  std::string operator()(const RunCpp& o) const { return "Raw C++ operation " + o.code; }
  std::string operator()(const SeparateDatabaseAndState&) const {
    return "Custom state/database change combination";
  }
  std::string operator()(const CreateExtension& o) const { return "Creates extension " + o.name; }
  std::string operator()(const CreateCollation& o) const { return "Create collation " + o.name; }
  std::string operator()(const RemoveCollation& o) const { return "Remove collation " + o.name; }
  std::string operator()(const AddIndexConcurrently& o) const {
    return "Concurrently " + created_index(o.index, o.model_name);
  }
  std::string operator()(const RemoveIndexConcurrently& o) const {
    return "Concurrently remove index " + o.name + " from " + o.model_name;
  }
  std::string operator()(const AddConstraintNotValid& o) const {
    return "Create not valid constraint " + name_of(o.constraint) + " on model " + o.model_name;
  }
  std::string operator()(const ValidateConstraint& o) const {
    return "Validate constraint " + o.name + " on model " + o.model_name;
  }
};

struct NameFragment {
  using Fragment = std::optional<std::string>;

  Fragment operator()(const CreateModel& o) const { return o.name; }
  Fragment operator()(const DeleteModel& o) const { return "delete_" + o.name; }
  Fragment operator()(const RenameModel& o) const {
    return "rename_" + o.old_name + "_" + o.new_name;
  }
  Fragment operator()(const MoveModel& o) const { return "move_" + o.name + "_" + o.to_app; }
  Fragment operator()(const AlterModelTable& o) const { return "alter_" + o.name + "_table"; }
  Fragment operator()(const AlterModelTableComment& o) const {
    return "alter_" + o.name + "_table_comment";
  }
  Fragment operator()(const AlterUniqueTogether& o) const {
    return "alter_" + o.name + "_unique_together";
  }
  Fragment operator()(const AlterOrderWithRespectTo& o) const {
    return "alter_" + o.name + "_order_with_respect_to";
  }
  Fragment operator()(const AlterModelOptions& o) const { return "alter_" + o.name + "_options"; }
  Fragment operator()(const AddField& o) const { return o.model_name + "_" + o.field.name; }
  Fragment operator()(const RemoveField& o) const {
    return "remove_" + o.model_name + "_" + o.name;
  }
  Fragment operator()(const AlterField& o) const {
    return "alter_" + o.model_name + "_" + o.field.name;
  }
  Fragment operator()(const RenameField& o) const {
    return "rename_" + o.old_name + "_" + o.model_name + "_" + o.new_name;
  }
  Fragment operator()(const AddIndex& o) const { return o.model_name + "_" + o.index.name; }
  Fragment operator()(const RemoveIndex& o) const {
    return "remove_" + o.model_name + "_" + o.name;
  }
  Fragment operator()(const RenameIndex& o) const {
    if (!o.old_name.empty()) return "rename_" + o.old_name + "_" + o.new_name;
    return "rename_" + o.model_name + "_" + join(o.old_fields, "_") + "_" + o.new_name;
  }
  Fragment operator()(const AddConstraint& o) const {
    return o.model_name + "_" + name_of(o.constraint);
  }
  Fragment operator()(const RemoveConstraint& o) const {
    return "remove_" + o.model_name + "_" + o.name;
  }
  Fragment operator()(const AlterConstraint& o) const {
    return "alter_" + o.model_name + "_" + o.name;
  }
  Fragment operator()(const RenameConstraint& o) const {
    return "rename_" + o.old_name + "_" + o.new_name;
  }
  Fragment operator()(const RunSQL&) const { return std::nullopt; }
  Fragment operator()(const RunCpp&) const { return std::nullopt; }
  Fragment operator()(const SeparateDatabaseAndState&) const { return std::nullopt; }
  Fragment operator()(const CreateExtension& o) const { return "create_extension_" + o.name; }
  Fragment operator()(const CreateCollation& o) const { return "create_collation_" + o.name; }
  Fragment operator()(const RemoveCollation& o) const { return "remove_collation_" + o.name; }
  Fragment operator()(const AddIndexConcurrently& o) const {
    return o.model_name + "_" + o.index.name;
  }
  Fragment operator()(const RemoveIndexConcurrently& o) const {
    return "remove_" + o.model_name + "_" + o.name;
  }
  Fragment operator()(const AddConstraintNotValid& o) const {
    return o.model_name + "_" + name_of(o.constraint) + "_not_valid";
  }
  Fragment operator()(const ValidateConstraint& o) const {
    return o.model_name + "_validate_" + o.name;
  }
};

struct Category {
  char operator()(const CreateModel&) const { return '+'; }
  char operator()(const DeleteModel&) const { return '-'; }
  char operator()(const RenameModel&) const { return '~'; }
  char operator()(const MoveModel&) const { return '~'; }
  char operator()(const AlterModelTable&) const { return '~'; }
  char operator()(const AlterModelTableComment&) const { return '~'; }
  char operator()(const AlterUniqueTogether&) const { return '~'; }
  char operator()(const AlterOrderWithRespectTo&) const { return '~'; }
  char operator()(const AlterModelOptions&) const { return '~'; }
  char operator()(const AddField&) const { return '+'; }
  char operator()(const RemoveField&) const { return '-'; }
  char operator()(const AlterField&) const { return '~'; }
  char operator()(const RenameField&) const { return '~'; }
  char operator()(const AddIndex&) const { return '+'; }
  char operator()(const RemoveIndex&) const { return '-'; }
  char operator()(const RenameIndex&) const { return '~'; }
  char operator()(const AddConstraint&) const { return '+'; }
  char operator()(const RemoveConstraint&) const { return '-'; }
  char operator()(const AlterConstraint&) const { return '~'; }
  char operator()(const RenameConstraint&) const { return '~'; }
  char operator()(const RunSQL&) const { return 's'; }
  char operator()(const RunCpp&) const { return 'p'; }
  char operator()(const SeparateDatabaseAndState&) const { return '?'; }
  char operator()(const CreateExtension&) const { return '+'; }
  char operator()(const CreateCollation&) const { return '+'; }
  char operator()(const RemoveCollation&) const { return '-'; }
  char operator()(const AddIndexConcurrently&) const { return '+'; }
  char operator()(const RemoveIndexConcurrently&) const { return '-'; }
  char operator()(const AddConstraintNotValid&) const { return '+'; }
  char operator()(const ValidateConstraint&) const { return '~'; }
};

struct Reversible {
  bool operator()(const RunSQL& o) const { return o.reverse_sql.has_value(); }
  bool operator()(const RunCpp& o) const { return o.reverse_code.has_value(); }
  bool operator()(const SeparateDatabaseAndState& o) const {
    return !o.database_operations ||
           std::all_of(o.database_operations->begin(), o.database_operations->end(), reversible);
  }
  /// Every change of models has a way back.
  template <class Change>
  bool operator()(const Change&) const {
    return true;
  }
};

struct FunctionsNeeded {
  bool backwards;

  using Names = std::vector<std::string>;

  Names operator()(const AddField& o) const { return backwards ? Names{} : of_default(o.field); }
  Names operator()(const AlterField& o) const { return backwards ? Names{} : of_default(o.field); }
  Names operator()(const RunCpp& o) const {
    const std::string& code = backwards ? o.reverse_code.value_or("") : o.code;
    return code.empty() || code == "noop" ? Names{} : Names{code};
  }
  Names operator()(const SeparateDatabaseAndState& o) const {
    Names names;
    if (!o.database_operations) return names;
    for (const Operation& inner : *o.database_operations) {
      for (std::string& name : functions_needed(inner, backwards)) {
        if (std::find(names.begin(), names.end(), name) == names.end()) {
          names.push_back(std::move(name));
        }
      }
    }
    return names;
  }
  /// Only what fills rows or runs code calls a function.
  template <class Other>
  Names operator()(const Other&) const {
    return {};
  }

 private:
  static Names of_default(const Field& field) {
    if (!field.default_value) return {};
    const auto* function = std::get_if<DefaultFunction>(&*field.default_value);
    if (!function || function->name == "now" || function->name == "today" ||
        function->name == "uuid4") {
      return {};
    }
    return {function->name};
  }
};

}  // namespace

std::string describe(const Operation& operation) { return match(operation, Describe{}); }

std::optional<std::string> name_fragment(const Operation& operation) {
  std::optional<std::string> fragment = match(operation, NameFragment{});
  if (fragment) *fragment = lower_case(*fragment);
  return fragment;
}

char category(const Operation& operation) { return match(operation, Category{}); }

bool reversible(const Operation& operation) { return match(operation, Reversible{}); }

std::vector<std::string> functions_needed(const Operation& operation, bool backwards) {
  return match(operation, FunctionsNeeded{backwards});
}

}  // namespace turnstone::migrations
