#pragma once

#include <turnstone/schema/schema.h>

#include <string>
#include <string_view>
#include <utility>

namespace turnstone::postgresql {

/// (schema, table) of a table's name in a `Schema`: split at the first point; the schema is empty
/// where the name has none.
std::pair<std::string, std::string> split_table(std::string_view name);
/// The name quoted: `"book"`, `"shop"."book"`.
Sql table_sql(std::string_view name);
/// Something of that name in the schema of `table`: an index, a sequence.
Sql beside(std::string_view table, std::string_view name);
/// Name PostgreSQL gives the sequence of an identity column: `<table>_<column>_seq`, the longer of
/// both cut until it fits into 63 bytes. Source: `makeObjectName` of PostgreSQL 15.
std::string sequence_name(std::string_view table, std::string_view column);
/// `sql` without parentheses that enclose the whole of it.
Sql without_outer_parentheses(Sql sql);

}  // namespace turnstone::postgresql
