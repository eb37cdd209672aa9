#include "sqlite/functions.h"

#include <sqlite3.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <exception>
#include <locale>
#include <memory>
#include <new>
#include <regex>
#include <stdexcept>
#include <string>
#include <string_view>

namespace turnstone::sqlite {
namespace {

// ---- regular expressions

/// UTF-8 as code points; U+FFFD for what is none.
std::wstring wide(std::string_view text) {
  std::wstring result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i++]);
    const int more = first < 0x80    ? 0
                     : first >= 0xf0 ? 3
                     : first >= 0xe0 ? 2
                     : first >= 0xc0 ? 1
                                     : -1;
    if (more < 0) {
      result += L'\xfffd';
      continue;
    }
    std::uint32_t point = more == 0 ? first : first & (0x3fu >> more);
    int left = more;
    while (left > 0 && i < text.size() && (static_cast<unsigned char>(text[i]) & 0xc0) == 0x80) {
      point = point << 6 | (static_cast<unsigned char>(text[i++]) & 0x3fu);
      --left;
    }
    result += left == 0 ? static_cast<wchar_t>(point) : L'\xfffd';
  }
  return result;
}

/// Knows letters beyond ASCII, where the system has such a locale.
const std::locale& letters() {
  static const std::locale locale = [] {
    try {
      return std::locale("C.UTF-8");
    } catch (const std::runtime_error&) {
      return std::locale::classic();
    }
  }();
  return locale;
}

std::string_view text_of(sqlite3_value* value) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
  return {text ? text : "", static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

/// The expression of the first argument, compiled once for a statement.
const std::wregex* expression_of(sqlite3_context* context, sqlite3_value* pattern) {
  if (void* known = sqlite3_get_auxdata(context, 0)) return static_cast<std::wregex*>(known);
  auto flags = std::regex_constants::ECMAScript;
  if (sqlite3_user_data(context)) flags |= std::regex_constants::icase;
#ifdef __GLIBCXX__
  // Neither the length of a text nor a hostile pattern may take all the stack or time; this leaves
  // out back-references.
  flags |= std::regex_constants::__polynomial;
#endif
  auto made = std::make_unique<std::wregex>();
  made->imbue(letters());
  made->assign(wide(text_of(pattern)), flags);
  std::wregex* kept = made.release();
  sqlite3_set_auxdata(context, 0, kept, [](void* old) { delete static_cast<std::wregex*>(old); });
  return static_cast<std::wregex*>(sqlite3_get_auxdata(context, 0));
}

void matches(sqlite3_context* context, int, sqlite3_value** arguments) {
  if (sqlite3_value_type(arguments[0]) == SQLITE_NULL ||
      sqlite3_value_type(arguments[1]) == SQLITE_NULL) {
    sqlite3_result_null(context);
    return;
  }
  try {
    const std::wregex* expression = expression_of(context, arguments[0]);
    if (!expression) {
      sqlite3_result_error_nomem(context);
      return;
    }
    const bool found = std::regex_search(wide(text_of(arguments[1])), *expression);
    sqlite3_result_int(context, found ? 1 : 0);
  } catch (const std::regex_error&) {
    const std::string message =
        "invalid regular expression \"" + std::string(text_of(arguments[0])) + "\"";
    sqlite3_result_error(context, message.c_str(), -1);
  } catch (const std::bad_alloc&) {
    sqlite3_result_error_nomem(context);
  } catch (const std::exception& error) {
    sqlite3_result_error(context, error.what(), -1);
  }
}

// ---- deviation and variance

/// Of the numbers so far. Source: B. P. Welford, "Note on a method for calculating corrected sums
/// of squares and products", 1962.
struct Moments {
  std::int64_t count;
  double mean;
  double squares;  ///< of the distances from the mean
};

Moments* moments_of(sqlite3_context* context) {
  return static_cast<Moments*>(sqlite3_aggregate_context(context, sizeof(Moments)));
}

void take_number(sqlite3_context* context, int, sqlite3_value** arguments) {
  if (sqlite3_value_type(arguments[0]) == SQLITE_NULL) return;
  Moments* all = moments_of(context);
  if (!all) return sqlite3_result_error_nomem(context);
  const double number = sqlite3_value_double(arguments[0]);
  const double distance = number - all->mean;
  ++all->count;
  all->mean += distance / static_cast<double>(all->count);
  all->squares += distance * (number - all->mean);
}

/// A number leaves the window.
void drop_number(sqlite3_context* context, int, sqlite3_value** arguments) {
  if (sqlite3_value_type(arguments[0]) == SQLITE_NULL) return;
  Moments* all = moments_of(context);
  if (!all) return sqlite3_result_error_nomem(context);
  if (--all->count == 0) {
    *all = {};
    return;
  }
  const double number = sqlite3_value_double(arguments[0]);
  const double distance = number - all->mean;
  all->mean -= distance / static_cast<double>(all->count);
  all->squares -= distance * (number - all->mean);
}

void tell(sqlite3_context* context) {
  const auto* all = static_cast<const Moments*>(sqlite3_aggregate_context(context, 0));
  if (!all || all->count == 0) {
    sqlite3_result_null(context);
    return;
  }
  const double variance = std::max(0.0, all->squares) / static_cast<double>(all->count);
  sqlite3_result_double(context, sqlite3_user_data(context) ? std::sqrt(variance) : variance);
}

}  // namespace

void add_functions(sqlite3* database) {
  static char yes = 1;
  const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC;
  sqlite3_create_function_v2(database, "regexp", 2, flags, nullptr, matches, nullptr, nullptr,
                             nullptr);
  sqlite3_create_function_v2(database, "iregexp", 2, flags, &yes, matches, nullptr, nullptr,
                             nullptr);
  sqlite3_create_window_function(database, "var_pop", 1, flags, nullptr, take_number, tell, tell,
                                 drop_number, nullptr);
  sqlite3_create_window_function(database, "stddev_pop", 1, flags, &yes, take_number, tell, tell,
                                 drop_number, nullptr);
}

}  // namespace turnstone::sqlite
