#include "postgresql/placeholders.h"

#include <algorithm>
#include <cctype>

namespace turnstone::postgresql {
namespace {

/// Place behind what starts at `at` and is no plain SQL: a quoted text or name, a comment, a dollar
/// quote; `at` itself where nothing of the kind does.
std::size_t behind_quoted(const Sql& sql, std::size_t at) {
  const auto behind = [&](std::string_view end, std::size_t from) {
    const std::size_t found = sql.find(end, from);
    return found == std::string::npos ? sql.size() : found + end.size();
  };
  if (sql[at] == '\'' || sql[at] == '"') return behind(sql.substr(at, 1), at + 1);
  if (sql.compare(at, 2, "--") == 0) return behind("\n", at);
  if (sql.compare(at, 2, "/*") == 0) return behind("*/", at);
  if (sql[at] != '$') return at;
  const std::size_t close = sql.find('$', at + 1);
  if (close == std::string::npos) return at;
  const bool tag = std::all_of(sql.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                               sql.begin() + static_cast<std::ptrdiff_t>(close),
                               [](unsigned char c) { return std::isalpha(c) || c == '_'; });
  return tag ? behind(sql.substr(at, close - at + 1), close + 1) : at;
}

}  // namespace

Sql numbered_placeholders(const Sql& sql) {
  Sql result;
  std::size_t next = 1;
  for (std::size_t at = 0; at < sql.size();) {
    const std::size_t end = behind_quoted(sql, at);
    if (end > at) {
      result += sql.substr(at, end - at);
      at = end;
    } else if (sql.compare(at, 2, "$1") == 0) {
      return sql;
    } else if (sql[at] == '?') {
      result += "$" + std::to_string(next++);
      ++at;
    } else {
      result += sql[at++];
    }
  }
  return result;
}

}  // namespace turnstone::postgresql
