#pragma once

#include <turnstone/schema/schema.h>
#include <turnstone/schema/script.h>

namespace turnstone::postgresql {

/// What comes before `CREATE INDEX CONCURRENTLY IF NOT EXISTS`: an invalid index of that name, left
/// by an attempt that was cut off, is dropped; a valid one that is the same stays and satisfies the
/// statement; another one is an error.
Procedure make_way_for_index(const std::string& table, const TableIndex& index);

}  // namespace turnstone::postgresql
