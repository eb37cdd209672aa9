#pragma once

#include <turnstone/db/connection.h>
#include <turnstone/db/dialect.h>
#include <turnstone/schema/schema.h>

#include <string>
#include <vector>

namespace turnstone::postgresql {

/// All tables of the schemas on the search path, and of schemas among `places` (as `schema.table`
/// where they are not on it), but those of extensions, partitions and Turnstone itself. Tables that
/// `places` names (`public.book`) have that name in any case. Reads one snapshot.
Schema read_schema(Connection& connection, const std::vector<std::string>& places = {});

/// Views, materialised views and foreign tables of the same schemas, with their columns.
Schema read_views(Connection& connection, const std::vector<std::string>& schemas = {});

/// Views, functions, triggers, types, sequences that stand alone, extensions, partitions, policies,
/// rules and statistics of the same schemas. `objects.cpp`.
std::vector<DatabaseObject> read_objects(Connection& connection,
                                         const std::vector<std::string>& schemas = {});

/// `schema` with expressions in one spelling. The server has many for one meaning; see
/// `normalised_schema` for those.
Schema comparable_schema(const Schema& schema);

/// `schema` as `read_schema` gives it once it is made. The server itself spells the expressions:
/// each table is made as a temporary one, read, and rolled back with all others. A table that
/// cannot be made (an extension is missing) stays as it is.
Schema normalised_schema(Connection& connection, const Schema& schema);

}  // namespace turnstone::postgresql
