#pragma once

#include <turnstone/db/cell.h>
#include <turnstone/db/dialect.h>
#include <turnstone/orm/mapping.h>

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "orm/compiler.h"

namespace turnstone::orm {

class Engine;

/// A cell of a column of `type` into a member.
void load_cell(const MemberType& member, void* into, const Cell& cell, const Field& type,
               const Dialect& dialect);
/// The columns of a model, from the first cell on, into an object of its class.
void load_row(const ClassMap& map, void* object, std::span<const Cell> cells,
              const Dialect& dialect);
/// Puts the rows of joined relations behind the row they belong to.
class Joined {
 public:
  /// Gives the object of a row of `map`, whose columns begin with the first of `cells`.
  using Make = std::function<std::shared_ptr<void>(const ClassMap& map, std::span<const Cell> cells,
                                                   const Cell& key)>;
  /// `make`: where objects come from; each row is a new one unless given.
  Joined(const Engine& engine, const SelectSentence& sentence, const ClassMap& map, Make make = {});
  void attach(void* object, std::span<const Cell> cells);
  bool any() const { return !parts_.empty(); }

 private:
  struct Part {
    ResultRow row{};
    std::string before{};
    const ClassMap* map = nullptr;
    const ClassMap::Slot* slot = nullptr;
  };
  std::shared_ptr<void> made(const Part& part, std::span<const Cell> cells) const;
  /// True when the key in `object` is that of `row`.
  static bool refers(const ClassMap::Slot& slot, const void* object, const ClassMap& map,
                     const void* row);

  const Engine& engine_;
  Make make_;
  std::map<std::string, const ClassMap*> maps_{};
  std::vector<Part> parts_{};
  std::map<std::string, void*> objects_{};
};

/// A cell as the value of a field.
Value row_value(const Cell& cell, const Field& type, const Dialect& dialect);
/// `?` as this database writes parameters. Not inside of quotes.
std::string raw_sql(const std::string& sql, const Dialect& dialect);
std::vector<Value> values_of(std::span<const Cell> cells);
std::vector<Value> bare_values(const std::vector<Value>& values, const Dialect& dialect);

}  // namespace turnstone::orm
