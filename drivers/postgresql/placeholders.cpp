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
  if ((sql[at] == 'E' || sql[at] == 'e') && sql.compare(at + 1, 1, "'") == 0) {
    std::size_t end = at + 2;
    while (end < sql.size() && sql[end] != '\'') end += sql[end] == '\\' ? 2 : 1;
    return std::min(end + 1, sql.size());
  }
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

/// Place behind a name or number that starts at `at`: `a$1` is one name.
std::size_t behind_word(const Sql& sql, std::size_t at) {
  const auto in_word = [](unsigned char c) { return std::isalnum(c) || c == '_' || c >= 0x80; };
  if (!in_word(static_cast<unsigned char>(sql[at]))) return at;
  while (at < sql.size() && (in_word(static_cast<unsigned char>(sql[at])) || sql[at] == '$')) ++at;
  return at;
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

Sql with_literals(const Sql& sql, const std::vector<Sql>& literals) {
  if (literals.empty()) return sql;
  Sql result;
  for (std::size_t at = 0; at < sql.size();) {
    std::size_t end = std::max(behind_quoted(sql, at), behind_word(sql, at));
    if (end == at && sql[at] == '$') {
      std::size_t number = 0;
      for (++end; end < sql.size() && sql[end] >= '0' && sql[end] <= '9' && number < 100000;
           ++end) {
        number = number * 10 + static_cast<std::size_t>(sql[end] - '0');
      }
      if (number >= 1 && number <= literals.size()) {
        result += literals[number - 1];
        at = end;
        continue;
      }
    }
    end = std::max(end, at + 1);
    result += sql.substr(at, end - at);
    at = end;
  }
  return result;
}

}  // namespace turnstone::postgresql
