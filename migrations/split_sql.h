#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace turnstone::migrations {

/// The statements of an SQL text, without their semicolons and outer white space; pieces that hold
/// only comments are left out. Knows string literals, quoted identifiers, comments (nested ones
/// too), dollar quotes, and the bodies of SQLite triggers and of SQL functions (BEGIN … END).
std::vector<std::string> split_sql(std::string_view text);

}  // namespace turnstone::migrations
