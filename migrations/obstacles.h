#pragma once

#include <turnstone/migrations/executor.h>

#include "moments.h"

// What in a database stands in the way of a plan, told before anything runs.
namespace turnstone::migrations {

/// Throws Error{unsupported} where the server is too old for what a migration asks of it, and
/// Error{irreversible} where a column that comes back has nothing to give to the rows that are
/// there. `moments` are those of `plan`, none of which is done.
void check_database(const Plan& plan, Moments& moments, Connection& connection,
                    const Backend& backend);

}  // namespace turnstone::migrations
