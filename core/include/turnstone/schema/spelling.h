#pragma once

#include <turnstone/schema/schema.h>

#include <string>

namespace turnstone {

/// Which characters quote a name beside `"`.
enum class Quotes {
  standard,  ///< none
  sqlite,    ///< backticks and brackets; names are the same in upper and lower case
};

/// `sql` in one spelling: without comments, outer parentheses and needless quotes, words in lower
/// case, one blank between tokens. For comparison, not to be run. String literals stay as they are.
std::string plain_sql(const Sql& sql, Quotes quotes = Quotes::standard);

}  // namespace turnstone
