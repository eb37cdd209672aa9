#pragma once

#include <string>
#include <vector>

#include "orm/engine.h"
#include "orm/remover.h"

namespace turnstone::orm {

/// Columns of one table that an INSERT writes, and what it wants back.
struct InsertPlan {
  ModelPtr owner{};                     ///< the model whose table it is
  std::vector<std::size_t> written{};   ///< slots, in order
  std::vector<std::size_t> returned{};  ///< slots whose values the database makes
};

/// What happens to an object before its row is written: keys of attached rows are taken, `auto_now`
/// and default functions fill members. `adding`: the row is new.
void prepare(Engine& engine, const ClassMap& map, void* object, bool adding);
/// Keys of attached rows alone. Throws Error{misuse} for one that is not saved.
void take_keys(Engine& engine, const ClassMap& map, void* object);
/// The member's value as its field has it, checked.
Value member_value(const ClassMap& map, const ClassMap::Slot& slot, const void* object);
/// Models whose tables a row of `map` lies in, bases first.
std::vector<ModelPtr> owners(const ClassMap& map);
/// For one table; what is left out depends on the object.
InsertPlan insert_plan(const ClassMap& map, const ModelPtr& owner, const void* object);
/// A slot's value for the table of its owner: for a parent link without a member, the base's key.
Value slot_value(Engine& engine, const ClassMap& map, std::size_t slot, const void* object);
void set_member(const ClassMap::Slot& slot, void* object, const Value& value);
/// True when the key was given or made: an automatic key that is 0 is none.
bool has_key(const ClassMap& map, const void* object);
Value key_value(const ClassMap& map, const void* object);
void insert_row(Engine& engine, const ClassMap& map, void* object);
/// Gives the number of rows that were there.
std::int64_t update_row(Engine& engine, const ClassMap& map, void* object,
                        const std::vector<std::size_t>& slots);
/// The slots an UPDATE writes when nothing is said: all but keys and generated columns.
std::vector<std::size_t> updated_slots(const ClassMap& map);
Runner runner_for(Use& use);

}  // namespace turnstone::orm
