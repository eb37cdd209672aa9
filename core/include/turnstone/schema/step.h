#pragma once

#include <turnstone/schema/schema.h>
#include <turnstone/values.h>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace turnstone {

/// A constraint other than the primary key.
using TableConstraint = std::variant<Key, Check, ForeignKeyConstraint, Exclusion>;
const std::string& name_of(const TableConstraint& constraint);

/// Smallest changes to a schema, the same words for every database. Applying the steps of an
/// operation to the schema before it gives the schema after it (`apply_step`).
namespace step {

/// With all its constraints, indexes and comments.
struct CreateTable {
  Table table{};
};
struct DropTable {
  Table table{};
};
struct RenameTable {
  std::string from{};
  std::string to{};
  /// Filled in by `legalize` on PostgreSQL: identity sequences that follow, as (column, name
  /// after).
  std::vector<std::pair<std::string, std::string>> sequences{};
};
struct RenameColumn {
  std::string table{};
  std::string from{};
  std::string to{};
  std::vector<std::pair<std::string, std::string>> sequences{};  ///< as in RenameTable
};
/// Adds a column at the end, with the checks that belong to it and its foreign key.
/// `fill` is what existing rows get (SQL without parameters); absent: the default, or NULL.
struct AddColumn {
  std::string table{};
  Column column{};
  std::optional<Sql> fill{};
  std::vector<Check> checks{};
  std::optional<ForeignKeyConstraint> foreign_key{};
};
/// The column goes, and with it the checks that belong to it. Other constraints and indexes that
/// use it were dropped by steps before this one.
struct DropColumn {
  std::string table{};
  Column column{};
};
/// Same name, other definition. `fill` is what NULLs become when the column is NOT NULL afterwards.
struct AlterColumn {
  std::string table{};
  Column before{};
  Column after{};
  std::optional<Sql> fill{};
};
struct SetPrimaryKey {
  std::string table{};
  std::optional<Key> before{};
  std::optional<Key> after{};
};
struct AddConstraint {
  std::string table{};
  TableConstraint constraint{};
};
struct DropConstraint {
  std::string table{};
  TableConstraint constraint{};
};
/// Also of the primary key (then `before` is a Key).
struct RenameConstraint {
  std::string table{};
  TableConstraint before{};
  std::string to{};
};
struct ValidateConstraint {
  std::string table{};
  std::string name{};
};
struct CreateIndex {
  std::string table{};
  TableIndex index{};
  bool concurrently = false;
};
struct DropIndex {
  std::string table{};
  TableIndex index{};
  bool concurrently = false;
};
struct RenameIndex {
  std::string table{};
  TableIndex before{};
  std::string to{};
};
struct SetTableComment {
  std::string table{};
  std::string comment{};
};
/// Appends the rows of one table to another, column by column: `columns` is (to, expression over
/// the columns of `from`).
struct CopyRows {
  std::string from{};
  std::string to{};
  std::vector<std::pair<std::string, Sql>> columns{};
};
/// SQLite only, made by `legalize`: the table is made anew as `after` and every row copied.
/// `source` is (column of after, expression over columns of before), generated columns left out.
/// Columns that are not named get their default. Indexes of `after` are part of it.
struct RebuildTable {
  /// Rows that a change of type would falsify make the rebuild fail.
  struct Guard {
    Column before{};
    Column after{};
    Sql value{};  ///< what is converted, an expression over the columns of `RebuildTable::before`
    Sql violation{};  ///< true for a row that has no honest counterpart
  };
  Table before{};
  Table after{};
  std::vector<std::pair<std::string, Sql>> source{};
  std::vector<Guard> guards{};
};
/// Where it is not there already. One that this step makes is marked as made by it.
struct CreateExtension {
  std::string name{};
};
/// Drops what CreateExtension made. An extension that was there before stays, and one that
/// something still uses.
struct DropExtension {
  std::string name{};
};
struct CreateCollation {
  std::string name{};
  std::string locale{};
  std::string provider{};
  bool deterministic = true;
};
struct DropCollation {
  std::string name{};
};
/// SQL of a RunSQL operation, statement by statement, with parameters as JSON scalars.
struct RawSql {
  struct Item {
    Sql sql{};
    std::vector<Value> parameters{};
  };
  std::vector<Item> items{};
};
/// A registered function; runs with the state of that moment.
struct RunCode {
  std::string function{};
};

}  // namespace step

using Step = std::variant<step::CreateTable, step::DropTable, step::RenameTable, step::RenameColumn,
                          step::AddColumn, step::DropColumn, step::AlterColumn, step::SetPrimaryKey,
                          step::AddConstraint, step::DropConstraint, step::RenameConstraint,
                          step::ValidateConstraint, step::CreateIndex, step::DropIndex,
                          step::RenameIndex, step::SetTableComment, step::CopyRows,
                          step::RebuildTable, step::CreateExtension, step::DropExtension,
                          step::CreateCollation, step::DropCollation, step::RawSql, step::RunCode>;

/// A step and the operation that caused it.
struct PlannedStep {
  Step step{};
  std::size_t operation = 0;  ///< position in the migration, from 0
};

/// `schema` after `step`. Renames are followed everywhere: in keys, checks, indexes, and in foreign
/// keys of other tables. Requires: the step fits (tables and columns are there).
void apply_step(Schema& schema, const Step& step);

/// One table's past and future names for `compare`: which table and column became which. Tables
/// and columns that are not named keep theirs.
struct RenameHints {
  std::vector<std::pair<std::string, std::string>> tables{};  ///< (before, after)
  struct ColumnRename {
    std::string table_after{};
    std::string before{};
    std::string after{};
  };
  std::vector<ColumnRename> columns{};
  /// (table after, column) → SQL for rows that have nothing: added columns, NULLs of a column that
  /// becomes NOT NULL.
  struct ColumnFill {
    std::string table_after{};
    std::string column{};
    Sql fill{};
  };
  std::vector<ColumnFill> fills{};
  /// Columns that are the same by name and yet must be dropped and added anew: (table after,
  /// column).
  std::vector<std::pair<std::string, std::string>> replaced{};
};

/// Steps that lead from `before` to `after`, looking only at the tables named: `tables_before` and
/// `tables_after` are the names the operation may have touched. Renames first, then drops of
/// constraints and indexes, columns, additions, indexes. Constraints and indexes that differ only
/// in name are renamed. Foreign keys that differ only because the target was renamed follow it.
std::vector<Step> compare(const Schema& before, const Schema& after,
                          const std::vector<std::string>& tables_before,
                          const std::vector<std::string>& tables_after, const RenameHints& hints);

}  // namespace turnstone
