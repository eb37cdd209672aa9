#pragma once

#include <turnstone/db/dialect.h>
#include <turnstone/migrations/graph.h>
#include <turnstone/schema/differences.h>

#include <map>
#include <string>
#include <vector>

namespace turnstone::cli {

/// What one migration did to one table.
struct TableLogEntry {
  migrations::MigrationId migration{};
  std::vector<SchemaDifference> changes{};
};
using TableLog = std::vector<TableLogEntry>;

/// What happened to every table there is or was, migration by migration in the order an empty
/// database takes them. A table that is renamed takes its log along.
std::map<std::string, TableLog> table_logs(const migrations::Graph& graph, const Dialect& dialect);

/// What happened to the schema, told from the one before: `column "isbn" is new: …`.
std::string change_in_words(const SchemaDifference& change);

}  // namespace turnstone::cli
