#pragma once

#include "historical_table.h"

#include <string>
#include <utility>
#include <vector>

namespace turnstone::migrations {

/// The table of a many-to-many field without `through`.
class FixtureLinks {
 public:
  FixtureLinks(const ModelPtr& owner, const Field& field, const ProjectState& state,
               const Dialect& dialect);
  const std::string& name() const { return name_; }  ///< of the field
  const std::string& plain_table() const { return plain_; }
  const std::string& table() const { return table_; }                  ///< quoted
  const std::string& owner_column() const { return owner_column_; }    ///< quoted
  const std::string& target_column() const { return target_column_; }  ///< quoted
  /// What target keys are.
  const Field& target_type() const { return *target_.slots()[target_.keys().front()].type; }
  Value target_value(const Value& cell) const {
    return target_.from_column(target_.keys().front(), cell);
  }
  Value target_cell(const Value& value) const {
    return target_.to_column(target_.keys().front(), value);
  }

 private:
  std::string name_;
  HistoricalTable target_;
  std::string plain_;
  std::string table_;
  std::string owner_column_;
  std::string target_column_;
};

/// One model as fixtures have it: its own table, without those of its parents.
class FixtureTable {
 public:
  FixtureTable(const ModelPtr& model, const ProjectState& state, const Dialect& dialect);

  const ModelState& model() const { return *table_.own().model; }
  const std::string& label() const { return label_; }  ///< `app.model`, in lower case
  /// Positions of its own columns, in the order of its fields, for the functions below.
  const std::vector<std::size_t>& slots() const { return slots_; }
  /// Those of its primary key.
  const std::vector<std::size_t>& keys() const { return table_.keys(); }
  const std::vector<FixtureLinks>& links() const { return links_; }

  const Field& field(std::size_t slot) const { return *table_.slots()[slot].field; }
  /// What values of the column are.
  const Field& type(std::size_t slot) const { return *table_.slots()[slot].type; }
  const std::string& name(std::size_t slot) const { return field(slot).name; }
  bool is_generated(std::size_t slot) const { return field(slot).type == FieldType::generated; }
  /// The column's name, quoted.
  const std::string& column(std::size_t slot) const { return table_.slots()[slot].column; }
  const std::string& table() const { return table_.own().table; }  ///< quoted
  /// The column within a query over `from()`.
  std::string sql_of(std::size_t slot) const { return table_.qualified(slot); }
  std::string from() const { return " FROM " + table_.own().table + " AS " + table_.own().alias; }
  Value to_column(std::size_t slot, const Value& value) const {
    return table_.to_column(slot, value);
  }
  Value from_column(std::size_t slot, const Value& cell) const {
    return table_.from_column(slot, cell);
  }

 private:
  HistoricalTable table_;
  std::string label_;
  std::vector<std::size_t> slots_{};
  std::vector<FixtureLinks> links_{};
};

}  // namespace turnstone::migrations
