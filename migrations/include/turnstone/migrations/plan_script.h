#pragma once

#include <turnstone/migrations/executor.h>

#include <string>
#include <vector>

namespace turnstone::migrations {

/// A whole plan as one script for the database's own program, and the plan.
struct PlanScript {
  std::string text{};
  Plan plan{};
};

/// What `migrate` with the same arguments would do to the database behind `connection`, as a script
/// for `psql` or `sqlite3`; nothing is changed. The script takes the lock `migrate` takes, records
/// what it does, and looks before each migration (and each part of one that is not atomic) whether
/// it is done already: run twice it does nothing the second time, and after a failure it goes on
/// where it stopped. A failure ends it and leaves nothing half done.
///
/// Throws what `migrate` throws before it begins, and Error{unsupported} that names every operation
/// that runs C++. Of the options `fake`, `accept_edited` and `lock_timeout` count. `session` holds
/// statements the session begins with, `file` the name the usage in its first lines gives it.
PlanScript plan_script(Connection& connection, const Backend& backend,
                       const std::vector<Migration>& files, const Functions& functions,
                       const std::vector<Target>& targets, const ExecuteOptions& options,
                       const std::vector<std::string>& session = {},
                       const std::string& file = "plan.sql");

}  // namespace turnstone::migrations
