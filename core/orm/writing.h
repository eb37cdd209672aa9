#pragma once

#include <string>
#include <vector>

#include "orm/engine.h"
#include "orm/remover.h"

namespace turnstone::orm {

/// What happens to an object before its row is written: keys of attached rows are taken, `auto_now`
/// and default functions fill members. `adding`: the row is new.
void prepare(Engine& engine, const ClassMap& map, void* object, bool adding);
/// Keys of attached rows alone. Throws Error{misuse} for one that is not saved.
void take_keys(Engine& engine, const ClassMap& map, void* object);
/// The member's value as its field has it, checked.
Value member_value(const ClassMap& map, const ClassMap::Slot& slot, const void* object);
/// A slot's value for the table of its owner: for a parent link without a member, the base's key.
Value slot_value(Engine& engine, const ClassMap& map, std::size_t slot, const void* object);
/// Values of members as cells in the form of their columns, checked. Cells refer to the objects, or
/// to what is kept here where a value has another form: one for each of `places`.
class Written {
 public:
  Written(Engine& engine, const ClassMap& map, std::size_t places)
      : engine_(engine), map_(map), plan_(engine.plan(map)), places_(places) {}
  void put(std::size_t slot, const void* object, Cell& cell, std::size_t place);

 private:
  Engine& engine_;
  const ClassMap& map_;
  const ClassPlan& plan_;
  std::size_t places_;
  std::vector<Value> kept_{};  ///< empty while nothing is
};
void set_member(const ClassMap::Slot& slot, void* object, const Value& value);
/// True when the key was given or made: an automatic key that is 0 is none.
bool has_key(const ClassMap& map, const void* object);
Value key_value(const ClassMap& map, const void* object);
void insert_row(Engine& engine, const ClassMap& map, void* object);
/// Gives the number of rows that were there.
std::int64_t update_row(Engine& engine, const ClassMap& map, void* object,
                        const std::vector<std::size_t>& slots);
/// The UPDATE of `update_row`; empty where it is more than one statement that gives nothing back.
std::optional<BoundStatement> update_statement(Engine& engine, const ClassMap& map,
                                               const void* object,
                                               const std::vector<std::size_t>& slots);
Runner runner_for(Use& use);

}  // namespace turnstone::orm
