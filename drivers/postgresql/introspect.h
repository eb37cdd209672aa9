#pragma once

#include <turnstone/db/connection.h>
#include <turnstone/schema/schema.h>

#include <string>
#include <vector>

namespace turnstone::postgresql {

/// All tables of the schemas on the search path, and of `schemas` (as `schema.table` where they are
/// not on it), but those of extensions, partitions and Turnstone itself. Reads one snapshot.
Schema read_schema(Connection& connection, const std::vector<std::string>& schemas = {});

/// `schema` as `read_schema` gives it once it is made. The server itself spells the expressions:
/// each table is made as a temporary one, read, and rolled back with all others. A table that
/// cannot be made (an extension is missing) stays as it is.
Schema normalised_schema(Connection& connection, const Schema& schema);

}  // namespace turnstone::postgresql
