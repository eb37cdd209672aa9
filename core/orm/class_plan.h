#pragma once

#include <turnstone/orm/mapping.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "orm/compiler.h"

namespace turnstone::orm {

/// Columns of one table that an INSERT writes, and what it wants back.
struct InsertPlan {
  ModelPtr owner{};                     ///< the model whose table it is
  std::vector<std::size_t> written{};   ///< slots, in order
  std::vector<std::size_t> returned{};  ///< slots whose values the database makes
  std::string sql{};                    ///< of one row, without RETURNING
};

/// Values that go into a column as members hold them, without a look at the field.
struct Passage {
  Cell::Kind kind = Cell::Kind::null;  ///< cells of this kind; null: none
  bool null = false;                   ///< NULL too
  std::int64_t low = 0;                ///< integers from here
  std::int64_t high = 0;               ///< to here
  std::size_t most_bytes = 0;  ///< texts of at most so many bytes, which none is too long of

  bool takes(const Cell& cell) const;
};

/// The statement that reads one row by its key, and what its columns hold.
struct ByKey {
  std::string sql{};
  std::vector<const Field*> types{};
};

/// What is known of a class before any object of it is seen: everything about its statements that
/// is the same for all of them.
class ClassPlan {
 public:
  ClassPlan(const Paths& paths, const ClassMap& map);
  ClassPlan(const ClassPlan&) = delete;
  ClassPlan& operator=(const ClassPlan&) = delete;

  /// Models whose tables a row lies in, bases first.
  const std::vector<ModelPtr>& owners() const { return owners_; }
  /// Slots whose members may hold a row.
  const std::vector<std::size_t>& references() const { return references_; }
  /// Slots that get a value when the object is written: `auto_now`, default functions.
  const std::vector<std::size_t>& stamped() const { return stamped_; }
  /// The slots an UPDATE writes when nothing is said: all but keys and generated columns.
  const std::vector<std::size_t>& updated() const { return updated_; }
  const Passage& passage(std::size_t slot) const { return passages_[slot]; }

  /// How the row of `object` in the table of the `owner`th model is inserted: that depends on the
  /// members that the database fills where nobody did.
  const InsertPlan& insert(std::size_t owner, const void* object) const {
    return insert(owner, left_out(object));
  }
  const InsertPlan& insert(std::size_t owner, const std::string& left) const;
  /// One character for each member that the database may fill: whether it does for this object.
  std::string left_out(const void* object) const;
  /// The row with a key. Requires: the model has a key of one column.
  const ByKey& by_key() const;

 private:
  InsertPlan made(std::size_t owner, const std::string& left) const;

  const Paths& paths_;
  const ClassMap& map_;
  std::vector<ModelPtr> owners_{};
  std::vector<std::size_t> references_{};
  std::vector<std::size_t> stamped_{};
  std::vector<std::size_t> updated_{};
  std::vector<std::size_t> deciding_{};  ///< slots that the database may fill
  std::vector<Passage> passages_{};
  mutable std::mutex guard_{};
  using Inserts = std::map<std::pair<std::size_t, std::string>, InsertPlan>;
  mutable Inserts inserts_{};
  mutable std::atomic<const Inserts::value_type*> last_insert_{};  ///< found without the guard
  mutable std::once_flag by_key_once_{};
  mutable ByKey by_key_{};
};

/// True when the member is as the class leaves it: nobody gave it a value.
bool untouched(const ClassMap& map, const ClassMap::Slot& slot, const void* object);
/// True when the member holds the number 0.
bool is_zero(const ClassMap::Slot& slot, const void* object);
/// Columns of slots, quoted.
std::vector<std::string> columns_of(const ClassMap& map, const std::vector<std::size_t>& slots);
/// The fields whose values they hold.
std::vector<const Field*> types_of(const ClassMap& map, const std::vector<std::size_t>& slots);

}  // namespace turnstone::orm
