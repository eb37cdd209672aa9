#include <turnstone/migrations/operation.h>

#include <utility>

namespace turnstone::migrations {
namespace {

/// Absent operations are none.
bool same(const std::shared_ptr<const Operations>& a, const std::shared_ptr<const Operations>& b) {
  static const Operations none;
  return (a ? *a : none) == (b ? *b : none);
}

}  // namespace

Operation::Operation() = default;
Operation::Operation(CreateModel operation) : value(std::move(operation)) {}
Operation::Operation(DeleteModel operation) : value(std::move(operation)) {}
Operation::Operation(RenameModel operation) : value(std::move(operation)) {}
Operation::Operation(MoveModel operation) : value(std::move(operation)) {}
Operation::Operation(AlterModelTable operation) : value(std::move(operation)) {}
Operation::Operation(AlterModelTableComment operation) : value(std::move(operation)) {}
Operation::Operation(AlterUniqueTogether operation) : value(std::move(operation)) {}
Operation::Operation(AlterOrderWithRespectTo operation) : value(std::move(operation)) {}
Operation::Operation(AlterModelOptions operation) : value(std::move(operation)) {}
Operation::Operation(AddField operation) : value(std::move(operation)) {}
Operation::Operation(RemoveField operation) : value(std::move(operation)) {}
Operation::Operation(AlterField operation) : value(std::move(operation)) {}
Operation::Operation(RenameField operation) : value(std::move(operation)) {}
Operation::Operation(AddIndex operation) : value(std::move(operation)) {}
Operation::Operation(RemoveIndex operation) : value(std::move(operation)) {}
Operation::Operation(RenameIndex operation) : value(std::move(operation)) {}
Operation::Operation(AddConstraint operation) : value(std::move(operation)) {}
Operation::Operation(RemoveConstraint operation) : value(std::move(operation)) {}
Operation::Operation(AlterConstraint operation) : value(std::move(operation)) {}
Operation::Operation(RenameConstraint operation) : value(std::move(operation)) {}
Operation::Operation(RunSQL operation) : value(std::move(operation)) {}
Operation::Operation(RunCpp operation) : value(std::move(operation)) {}
Operation::Operation(SeparateDatabaseAndState operation) : value(std::move(operation)) {}
Operation::Operation(CreateExtension operation) : value(std::move(operation)) {}
Operation::Operation(CreateCollation operation) : value(std::move(operation)) {}
Operation::Operation(RemoveCollation operation) : value(std::move(operation)) {}
Operation::Operation(AddIndexConcurrently operation) : value(std::move(operation)) {}
Operation::Operation(RemoveIndexConcurrently operation) : value(std::move(operation)) {}
Operation::Operation(AddConstraintNotValid operation) : value(std::move(operation)) {}
Operation::Operation(ValidateConstraint operation) : value(std::move(operation)) {}
Operation::Operation(const Operation& other) = default;
Operation::Operation(Operation&& other) noexcept = default;
Operation& Operation::operator=(const Operation& other) = default;
Operation& Operation::operator=(Operation&& other) noexcept = default;
Operation::~Operation() = default;
bool Operation::operator==(const Operation& other) const = default;

std::set<std::string> apps_moved_to(const Operations& operations) {
  std::set<std::string> apps;
  const auto inside = [&](const std::shared_ptr<const Operations>& inner) {
    if (inner) apps.merge(apps_moved_to(*inner));
  };
  for (const Operation& operation : operations) {
    if (const auto* move = std::get_if<MoveModel>(&operation.value)) apps.insert(move->to_app);
    if (const auto* sql = std::get_if<RunSQL>(&operation.value)) inside(sql->state_operations);
    if (const auto* both = std::get_if<SeparateDatabaseAndState>(&operation.value)) {
      inside(both->state_operations);
    }
  }
  return apps;
}

bool RunSQL::operator==(const RunSQL& other) const {
  return sql == other.sql && reverse_sql == other.reverse_sql && elidable == other.elidable &&
         same(state_operations, other.state_operations);
}

bool SeparateDatabaseAndState::operator==(const SeparateDatabaseAndState& other) const {
  return same(database_operations, other.database_operations) &&
         same(state_operations, other.state_operations);
}

}  // namespace turnstone::migrations
