#pragma once

#include <turnstone/schema/schema.h>

namespace turnstone::postgresql {

/// `sql` with each `?` as `$1`, `$2` …; quotes, comments and dollar quotes are left alone, and all
/// of the text where it has a `$1` already.
Sql numbered_placeholders(const Sql& sql);

}  // namespace turnstone::postgresql
