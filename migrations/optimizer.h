#pragma once

#include <turnstone/migrations/operation.h>

namespace turnstone::migrations {

/// An operation that may be left out where there are others, and that no state depends on.
bool is_elidable(const Operation& operation);

}  // namespace turnstone::migrations
