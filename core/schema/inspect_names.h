#pragma once

// Internal: names of models and fields made from names of tables and columns.

#include <set>
#include <string>

namespace turnstone {

/// A name for a field, and whether it is another one than the column's.
/// Rules of Django's `inspectdb` (`normalize_col_name`): lower case, what is no letter, digit or _
/// becomes _, never __, not beginning with _ or a digit, not ending with _, no word of C++ or
/// Python. `relation`: `_id` at the end goes. A name of `taken` gets a number.
std::string field_name_for(const std::string& column, bool relation,
                           const std::set<std::string>& taken);

/// `OrderLine` for `order_line`; `app_` before it is left out. `taken` holds names in lower case.
std::string model_name_for(const std::string& table, const std::string& app,
                           const std::set<std::string>& taken);

}  // namespace turnstone
