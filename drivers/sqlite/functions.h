#pragma once

struct sqlite3;

namespace turnstone::sqlite {

/// Functions that queries of the ORM need and SQLite lacks: `regexp` and `iregexp` (pattern, text),
/// `stddev_pop` and `var_pop`. They are there on our own connections alone, so schemas must not use
/// them.
void add_functions(sqlite3* database);

}  // namespace turnstone::sqlite
