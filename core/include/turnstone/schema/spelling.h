#pragma once

#include <turnstone/schema/schema.h>

#include <string>
#include <string_view>

namespace turnstone {

/// Which characters quote a name beside `"`.
enum class Quotes {
  standard,  ///< none
  /// Backticks and brackets; names are the same in upper and lower case. SQLite keeps expressions
  /// as they were written, so parentheses that say nothing go too.
  sqlite,
};

/// `sql` in one spelling: without comments, outer parentheses and needless quotes, words in lower
/// case, one blank between tokens. For comparison, not to be run. String literals stay as they are.
std::string plain_sql(const Sql& sql, Quotes quotes = Quotes::standard);

/// Place of the first character at or after `at` that is neither blank nor in a comment; the size
/// of `sql` where there is none.
std::size_t skip_blanks(std::string_view sql, std::size_t at);
/// True for characters of names and words without quotes.
bool is_word_character(char c);

}  // namespace turnstone
