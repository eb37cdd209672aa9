#pragma once

#include <turnstone/schema/schema.h>

#include <string>
#include <vector>

namespace turnstone {

// Parts of definitions that PostgreSQL's DDL and the words of `diff` have in common. Each begins
// with a blank and is empty where there is nothing to say.

Sql timing_clause(Key::Timing timing);                           ///< DEFERRABLE INITIALLY …
Sql include_clause(const std::vector<std::string>& columns);     ///< INCLUDE (…)
Sql index_tablespace_clause(const std::string& tablespace);      ///< USING INDEX TABLESPACE …
Sql where_clause(const Sql& condition);                          ///< WHERE (…)
Sql on_change_clauses(const ForeignKeyConstraint& foreign_key);  ///< ON DELETE … ON UPDATE …

/// One part of an index or exclusion constraint: column or expression with what stands behind it.
Sql definition(const IndexPart& part);

}  // namespace turnstone
