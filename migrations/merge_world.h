#pragma once

#include <turnstone/migrations/compile.h>
#include <turnstone/migrations/functions.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

/// Internal to the examination of branches: a database in words.
namespace turnstone::migrations {

/// A value as it came to be: where it comes from, and the kinds of type it went through. Changes
/// that lose nothing on the way there and back leave no trace.
struct Trace {
  std::string from{};
  std::vector<std::string> kinds{};
  bool operator==(const Trace&) const = default;
};

/// What a column holds in a row that had a value, and in one that had NULL where that was allowed.
/// Nothing is NULL.
struct Cell {
  std::optional<Trace> filled{};
  std::optional<Trace> blank{};
  bool operator==(const Cell&) const = default;
};

/// State, schema and rows, moved by operations as a database would be.
class World {
 public:
  /// Problems that are not the merge's fault, as text.
  using Known = std::set<std::string>;

  /// `dialect` nullptr: states alone. `functions` must outlive it.
  World(const ProjectState& state, const Dialect* dialect, const Functions& functions);

  const ProjectState& state() const { return moment_.state; }
  /// Adds what is wrong with the state now.
  void note_problems(Known& known) const;
  /// Throws Error, with migration and operation, where an operation does not fit. Problems of the
  /// states it comes through are added to `collect`, or are errors unless `known`.
  void carry_out(const Migration& migration, Known* collect, const Known& known);

  /// What differs, one line each; empty when nothing does.
  std::vector<std::string> differences(const World& other) const;

  /// SQL of what rows without a value were filled with; nothing when they were not.
  std::optional<std::string> filling(const ModelKey& model, const std::string& field) const;
  /// True when the values of the field went through another kind of type.
  bool converted(const ModelKey& model, const std::string& field) const;

 private:
  struct TableCells {
    bool has_rows = true;  ///< false for a table that was made on the way
    std::map<std::string, Cell> columns{};
    std::vector<std::string> copied{};  ///< rows that came from other tables
    bool operator==(const TableCells&) const = default;
  };
  friend struct Follow;

  void carry_out(const std::string& app, const Operation& operation);
  /// The rows of a table: those of the beginning unless something was done to them.
  TableCells& cells(const std::string& table);
  TableCells cells_of(const std::string& table) const;
  const Cell* cell(const ModelKey& model, const std::string& field) const;

  const Dialect* dialect_;
  const Functions* functions_;
  Moment moment_{};
  Schema actual_{};     ///< what the steps made
  Schema beginning_{};  ///< schema the rows are of
  std::map<std::string, TableCells> cells_{};
  std::set<std::string> left_{};  ///< names whose rows of the beginning are gone from there
};

}  // namespace turnstone::migrations
