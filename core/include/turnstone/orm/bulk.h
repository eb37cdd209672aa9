#pragma once

#include <turnstone/orm/database.h>

#include <string>
#include <vector>

namespace turnstone {

/// How many rows are written at once, and what happens to those that are there already.
struct BulkOptions {
  std::size_t batch = 0;  ///< rows in one statement; as many as the database likes unless given
  bool keys = true;       ///< keys and defaults that the database makes come back into the objects
  bool ignore_conflicts = false;             ///< rows that break a unique rule are left out
  std::vector<std::string> update_fields{};  ///< such rows get these fields instead
  std::vector<std::string> unique_fields{};  ///< the rule that is meant
};

namespace detail {
void bulk_create(orm::Engine& engine, const ClassMap& map, const std::vector<void*>& objects,
                 const BulkOptions& options);
/// Gives the number of rows that were there.
std::int64_t bulk_update(orm::Engine& engine, const ClassMap& map,
                         const std::vector<void*>& objects, const std::vector<std::string>& fields,
                         std::size_t batch);
/// Puts the values that equalities in `condition` name into members of a new object.
void take_equalities(const ClassMap& map, const Expression& condition, void* object);
}  // namespace detail

}  // namespace turnstone
