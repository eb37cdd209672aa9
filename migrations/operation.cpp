#include <turnstone/migrations/operation.h>

namespace turnstone::migrations {
namespace {

/// Absent operations are none.
bool same(const std::shared_ptr<const Operations>& a, const std::shared_ptr<const Operations>& b) {
  static const Operations none;
  return (a ? *a : none) == (b ? *b : none);
}

}  // namespace

bool RunSQL::operator==(const RunSQL& other) const {
  return sql == other.sql && reverse_sql == other.reverse_sql && elidable == other.elidable &&
         same(state_operations, other.state_operations);
}

bool SeparateDatabaseAndState::operator==(const SeparateDatabaseAndState& other) const {
  return same(database_operations, other.database_operations) &&
         same(state_operations, other.state_operations);
}

}  // namespace turnstone::migrations
