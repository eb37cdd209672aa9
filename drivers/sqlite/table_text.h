#pragma once

// Internal: reads the CREATE statements that SQLite keeps in `sqlite_schema`. Its pragmas tell
// neither names of constraints nor CHECKs.

#include <turnstone/schema/schema.h>

#include <string>
#include <string_view>
#include <vector>

namespace turnstone::sqlite {

/// The table of a CREATE TABLE statement, without its indexes. Expressions and defaults are the
/// statement's own text. A foreign key that names no target column has none here either.
/// Throws Error{database} for text that is no such statement.
Table parse_table(std::string_view sql);

/// The index of a CREATE INDEX statement.
TableIndex parse_index(std::string_view sql);

/// Columns of a trigger's `UPDATE OF …`, none for other triggers.
std::vector<std::string> trigger_columns(std::string_view sql);

}  // namespace turnstone::sqlite
