#pragma once

#include <turnstone/match.h>
#include <turnstone/model/project_state.h>
#include <turnstone/values.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// Operations: what migration files are made of. Plain values; each phase is one visitor in a file
/// of its own, with the operations in the order of the variant: `advance.cpp` (state),
/// `describe.cpp` (words), `steps.cpp` (schema changes), `reduce.cpp` (optimizer),
/// `operation_json.cpp` (files). Names and keys are Django's; `django-behaviour.md` §4.
namespace turnstone::migrations {

struct Operation;
using Operations = std::vector<Operation>;

/// Makes a model and its table. Backwards: drops it.
struct CreateModel {
  static constexpr std::string_view tag = "CreateModel";
  std::string name{};
  std::vector<Field> fields{};
  Options options{};
  std::vector<std::string> bases{};
  bool operator==(const CreateModel&) const = default;
};
/// Backwards: makes the table again, empty.
struct DeleteModel {
  static constexpr std::string_view tag = "DeleteModel";
  std::string name{};
  bool operator==(const DeleteModel&) const = default;
};
/// The table follows where its name comes from the model's; relations everywhere are repointed.
struct RenameModel {
  static constexpr std::string_view tag = "RenameModel";
  std::string old_name{};
  std::string new_name{};
  bool operator==(const RenameModel&) const = default;
};
/// The model goes on in another app with its rows: its table, the tables of its many-to-many fields
/// and what is named after them follow where their names come from the app's; relations everywhere
/// are repointed. Written in the app that has the model; a migration of `to_app` depends on it, so
/// that what is done to the model later is done behind it.
struct MoveModel {
  static constexpr std::string_view tag = "MoveModel";
  std::string name{};
  std::string to_app{};
  bool operator==(const MoveModel&) const = default;
};
/// `table` empty: back to the default name.
struct AlterModelTable {
  static constexpr std::string_view tag = "AlterModelTable";
  std::string name{};
  std::string table{};
  bool operator==(const AlterModelTable&) const = default;
};
struct AlterModelTableComment {
  static constexpr std::string_view tag = "AlterModelTableComment";
  std::string name{};
  std::string table_comment{};
  bool operator==(const AlterModelTableComment&) const = default;
};
struct AlterUniqueTogether {
  static constexpr std::string_view tag = "AlterUniqueTogether";
  std::string name{};
  std::vector<std::vector<std::string>> unique_together{};
  bool operator==(const AlterUniqueTogether&) const = default;
};
struct AlterOrderWithRespectTo {
  static constexpr std::string_view tag = "AlterOrderWithRespectTo";
  std::string name{};
  std::string order_with_respect_to{};
  bool operator==(const AlterOrderWithRespectTo&) const = default;
};
/// State only. Holds the options that matter to states: `managed`, `base_manager_name`; the whole
/// set is replaced, an absent one goes back to its default.
struct AlterModelOptions {
  static constexpr std::string_view tag = "AlterModelOptions";
  std::string name{};
  bool managed = true;
  std::string base_manager_name{};
  bool operator==(const AlterModelOptions&) const = default;
};
/// `preserve_default` false: the field's default only fills the rows that are there.
struct AddField {
  static constexpr std::string_view tag = "AddField";
  std::string model_name{};
  Field field{};
  bool preserve_default = true;
  bool operator==(const AddField&) const = default;
};
/// Backwards: the column comes again, filled with its default, or with the empty value of its type
/// where it is NOT NULL and has none.
struct RemoveField {
  static constexpr std::string_view tag = "RemoveField";
  std::string model_name{};
  std::string name{};
  bool operator==(const RemoveField&) const = default;
};
struct AlterField {
  static constexpr std::string_view tag = "AlterField";
  std::string model_name{};
  Field field{};
  bool preserve_default = true;
  bool operator==(const AlterField&) const = default;
};
struct RenameField {
  static constexpr std::string_view tag = "RenameField";
  std::string model_name{};
  std::string old_name{};
  std::string new_name{};
  bool operator==(const RenameField&) const = default;
};
struct AddIndex {
  static constexpr std::string_view tag = "AddIndex";
  std::string model_name{};
  Index index{};
  bool operator==(const AddIndex&) const = default;
};
struct RemoveIndex {
  static constexpr std::string_view tag = "RemoveIndex";
  std::string model_name{};
  std::string name{};
  bool operator==(const RemoveIndex&) const = default;
};
/// One of `old_name` and `old_fields`; the latter names an index of old histories' index_together.
struct RenameIndex {
  static constexpr std::string_view tag = "RenameIndex";
  std::string model_name{};
  std::string new_name{};
  std::string old_name{};
  std::vector<std::string> old_fields{};
  bool operator==(const RenameIndex&) const = default;
};
struct AddConstraint {
  static constexpr std::string_view tag = "AddConstraint";
  std::string model_name{};
  Constraint constraint{};
  bool operator==(const AddConstraint&) const = default;
};
struct RemoveConstraint {
  static constexpr std::string_view tag = "RemoveConstraint";
  std::string model_name{};
  std::string name{};
  bool operator==(const RemoveConstraint&) const = default;
};
/// Replaces a constraint by one of the same name. Where the definition differs the database
/// follows.
struct AlterConstraint {
  static constexpr std::string_view tag = "AlterConstraint";
  std::string model_name{};
  std::string name{};
  Constraint constraint{};
  bool operator==(const AlterConstraint&) const = default;
};
/// The same constraint under another name: nothing is checked again.
struct RenameConstraint {
  static constexpr std::string_view tag = "RenameConstraint";
  std::string model_name{};
  std::string old_name{};
  std::string new_name{};
  bool operator==(const RenameConstraint&) const = default;
};
/// A statement with bound parameters.
struct SqlStatement {
  std::string sql{};
  std::vector<Json> parameters{};
  bool operator==(const SqlStatement&) const = default;
};
/// Raw SQL. `reverse_sql` absent: irreversible; empty: nothing to undo. Where a file or one string
/// was given its text is in the one statement and `script` is set; it is split when run.
struct RunSQL {
  static constexpr std::string_view tag = "RunSQL";
  /// SQL in one direction: statements, or a text that may hold several, or a file beside the
  /// migration (then `file` is its name and `text` what it held when read).
  struct Source {
    std::vector<SqlStatement> statements{};
    std::optional<std::string> text{};
    std::string file{};
    bool operator==(const Source&) const = default;
  };
  Source sql{};
  std::optional<Source> reverse_sql{};
  std::shared_ptr<const Operations> state_operations{};
  bool elidable = false;
  bool operator==(const RunSQL& other) const;
};
/// Django's RunPython: a function registered by name. `noop` does nothing. `reverse_code` absent:
/// irreversible.
struct RunCpp {
  static constexpr std::string_view tag = "RunCpp";
  std::string code{};
  std::optional<std::string> reverse_code{};
  bool elidable = false;
  bool operator==(const RunCpp&) const = default;
};
struct SeparateDatabaseAndState {
  static constexpr std::string_view tag = "SeparateDatabaseAndState";
  std::shared_ptr<const Operations> database_operations{};
  std::shared_ptr<const Operations> state_operations{};
  bool operator==(const SeparateDatabaseAndState& other) const;
};
// PostgreSQL's own. On other databases the first three do nothing and concurrent index operations
// are plain ones.
/// Backwards: drops the extension where this made it; one that was there before stays.
struct CreateExtension {
  static constexpr std::string_view tag = "CreateExtension";
  std::string name{};
  bool operator==(const CreateExtension&) const = default;
};
struct CreateCollation {
  static constexpr std::string_view tag = "CreateCollation";
  std::string name{};
  std::string locale{};
  std::string provider{};  ///< empty for libc
  bool deterministic = true;
  bool operator==(const CreateCollation&) const = default;
};
struct RemoveCollation {
  static constexpr std::string_view tag = "RemoveCollation";
  std::string name{};
  std::string locale{};
  std::string provider{};
  bool deterministic = true;
  bool operator==(const RemoveCollation&) const = default;
};
struct AddIndexConcurrently {
  static constexpr std::string_view tag = "AddIndexConcurrently";
  std::string model_name{};
  Index index{};
  bool operator==(const AddIndexConcurrently&) const = default;
};
struct RemoveIndexConcurrently {
  static constexpr std::string_view tag = "RemoveIndexConcurrently";
  std::string model_name{};
  std::string name{};
  bool operator==(const RemoveIndexConcurrently&) const = default;
};
struct AddConstraintNotValid {
  static constexpr std::string_view tag = "AddConstraintNotValid";
  std::string model_name{};
  Constraint constraint{};
  bool operator==(const AddConstraintNotValid&) const = default;
};
struct ValidateConstraint {
  static constexpr std::string_view tag = "ValidateConstraint";
  std::string model_name{};
  std::string name{};
  bool operator==(const ValidateConstraint&) const = default;
};

using OperationVariant =
    std::variant<CreateModel, DeleteModel, RenameModel, MoveModel, AlterModelTable,
                 AlterModelTableComment, AlterUniqueTogether, AlterOrderWithRespectTo,
                 AlterModelOptions, AddField, RemoveField, AlterField, RenameField, AddIndex,
                 RemoveIndex, RenameIndex, AddConstraint, RemoveConstraint, AlterConstraint,
                 RenameConstraint, RunSQL, RunCpp, SeparateDatabaseAndState, CreateExtension,
                 CreateCollation, RemoveCollation, AddIndexConcurrently, RemoveIndexConcurrently,
                 AddConstraintNotValid, ValidateConstraint>;

/// The variant as a type that can be named before it is complete. What compilers make for it is
/// long, so it is made once, in `operation.cpp`.
struct Operation {
  Operation();
  // NOLINTBEGIN(google-explicit-constructor): an operation is one of its alternatives.
  Operation(CreateModel operation);
  Operation(DeleteModel operation);
  Operation(RenameModel operation);
  Operation(MoveModel operation);
  Operation(AlterModelTable operation);
  Operation(AlterModelTableComment operation);
  Operation(AlterUniqueTogether operation);
  Operation(AlterOrderWithRespectTo operation);
  Operation(AlterModelOptions operation);
  Operation(AddField operation);
  Operation(RemoveField operation);
  Operation(AlterField operation);
  Operation(RenameField operation);
  Operation(AddIndex operation);
  Operation(RemoveIndex operation);
  Operation(RenameIndex operation);
  Operation(AddConstraint operation);
  Operation(RemoveConstraint operation);
  Operation(AlterConstraint operation);
  Operation(RenameConstraint operation);
  Operation(RunSQL operation);
  Operation(RunCpp operation);
  Operation(SeparateDatabaseAndState operation);
  Operation(CreateExtension operation);
  Operation(CreateCollation operation);
  Operation(RemoveCollation operation);
  Operation(AddIndexConcurrently operation);
  Operation(RemoveIndexConcurrently operation);
  Operation(AddConstraintNotValid operation);
  Operation(ValidateConstraint operation);
  // NOLINTEND(google-explicit-constructor)
  Operation(const Operation& other);
  Operation(Operation&& other) noexcept;
  Operation& operator=(const Operation& other);
  Operation& operator=(Operation&& other) noexcept;
  ~Operation();
  bool operator==(const Operation& other) const;

  OperationVariant value;
};

template <class Visitor>
decltype(auto) match(const Operation& operation, Visitor&& visitor) {
  return turnstone::match(operation.value, visitor);
}

// Phases ------------------------------------------------------------------------------------------

/// Changes `state` as the operation does. Throws Error{bad_model} where it does not fit: unknown
/// model or field, one that exists already.
void advance(ProjectState& state, const std::string& app, const Operation& operation);

/// `Add field isbn to book`: Django's words, in one line.
std::string describe(const Operation& operation);
/// Part of an automatic migration name, lower case; nothing when the operation has none.
std::optional<std::string> name_fragment(const Operation& operation);
/// `+` addition, `-` removal, `~` alteration, `p` code, `s` SQL, `?` mixed.
char category(const Operation& operation);
/// False for RunSQL and RunCpp without a way back, and what holds one of them.
bool reversible(const Operation& operation);
/// Names of registered functions the operation needs in that direction, defaults' too; no built-in.
std::vector<std::string> functions_needed(const Operation& operation, bool backwards);
/// Labels of the apps that get models by MoveModel, in state operations inside others too.
std::set<std::string> apps_moved_to(const Operations& operations);

}  // namespace turnstone::migrations
