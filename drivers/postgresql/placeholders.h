#pragma once

#include <turnstone/schema/schema.h>

#include <vector>

namespace turnstone::postgresql {

/// `sql` with each `?` as `$1`, `$2` …; quotes, comments and dollar quotes are left alone, and all
/// of the text where it has a `$1` already.
Sql numbered_placeholders(const Sql& sql);

/// `sql` with `$1`, `$2` … replaced by `literals`, outside of quotes, comments and dollar quotes.
Sql with_literals(const Sql& sql, const std::vector<Sql>& literals);

}  // namespace turnstone::postgresql
