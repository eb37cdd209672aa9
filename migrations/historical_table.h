#pragma once

#include <turnstone/migrations/functions.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace turnstone::migrations {

/// SQL that grows with the parameters it binds.
struct BoundSql {
  explicit BoundSql(const Dialect& with) : dialect(with) {}
  const Dialect& dialect;
  std::string sql{};
  std::vector<Value> parameters{};
  /// The placeholder of `value`, which is in the form columns take.
  std::string bind(Value value);
};

/// Where the rows of one historical model are: its table, joined with those of its concrete bases.
class HistoricalTable {
 public:
  /// One table: of a base or, last, of the model itself.
  struct Part {
    ModelPtr model{};
    std::string table{};              ///< quoted
    std::string alias{};              ///< quoted
    std::vector<std::size_t> keys{};  ///< slots of its primary key
  };
  /// One column.
  struct Slot {
    const Field* field = nullptr;
    const Field* type = nullptr;  ///< what values of the column are
    std::size_t part = 0;
    std::string name{};              ///< `<fk>_id` for keys
    std::string column{};            ///< quoted
    std::size_t parent = own_value;  ///< the part a parent link leads to
    static constexpr std::size_t own_value = static_cast<std::size_t>(-1);
  };

  HistoricalTable(const ModelPtr& model, const ProjectState& state, const Dialect& dialect);

  const std::vector<Part>& parts() const { return parts_; }
  const std::vector<Slot>& slots() const { return slots_; }
  const std::shared_ptr<const std::vector<std::string>>& names() const { return names_; }
  const Part& own() const { return parts_.back(); }
  /// Slots of the primary key.
  const std::vector<std::size_t>& keys() const { return own().keys; }
  /// Position of the field that is called so. Throws Error{bad_model} with the nearest name.
  std::size_t slot(const std::string& name) const;

  /// `"t1"."title"`.
  std::string qualified(std::size_t slot) const;
  std::string qualified(const std::vector<std::size_t>& slots) const;
  /// ` FROM … JOIN …`.
  const std::string& from() const { return from_; }
  /// A value as its column takes it, and a cell as a program sees it.
  Value to_column(std::size_t slot, const Value& value) const;
  Value from_column(std::size_t slot, const Value& cell) const;

 private:
  std::size_t add(const ModelPtr& model);

  const ProjectState& state_;
  const Dialect& dialect_;
  std::vector<Part> parts_{};
  std::vector<Slot> slots_{};
  std::shared_ptr<const std::vector<std::string>> names_{};
  std::string from_{};
};

/// A table's name as SQL, with its PostgreSQL schema where it has one.
std::string table_sql(const std::string& table, const Dialect& dialect);
/// A proxy stands for its concrete base.
ModelPtr concrete_model(const ProjectState& state, ModelPtr model);
/// The field whose values a column of `field` holds: its target for relations, the output of
/// generated ones.
const Field& value_type(const ProjectState& state, const ModelState& model, const Field& field);
/// SQL of what a field without a value gets when a row is inserted; empty: leave the column out.
std::string inserted_default(const Field& field, const Field& type, const ModelState& model,
                             const Dialect& dialect, const Functions* functions);
/// `default` alone, NULL where there is none.
std::string default_sql(const Field& field, const Field& type, const ModelState& model,
                        const Dialect& dialect, const Functions* functions);
/// `("a" IN (…))`, or the same for keys of several columns. `keys` are not empty.
std::string key_condition(const std::vector<std::string>& columns,
                          const std::vector<std::vector<Value>>& keys, BoundSql& bound);

}  // namespace turnstone::migrations
