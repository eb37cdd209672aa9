#include "postgresql/names.h"

#include <turnstone/identifier.h>

#include <algorithm>

namespace turnstone::postgresql {
namespace {

constexpr std::size_t max_bytes = 63;

/// At most `size` bytes of `text`, never part of a UTF-8 character.
std::string_view clipped(std::string_view text, std::size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return text.substr(0, size);
}

}  // namespace

std::pair<std::string, std::string> split_table(std::string_view name) {
  const std::size_t point = name.find('.');
  if (point == std::string_view::npos) return {{}, std::string(name)};
  return {std::string(name.substr(0, point)), std::string(name.substr(point + 1))};
}

Sql table_sql(std::string_view name) {
  const auto [schema, table] = split_table(name);
  return schema.empty() ? quote_identifier(table)
                        : quote_identifier(schema) + "." + quote_identifier(table);
}

Sql beside(std::string_view table, std::string_view name) {
  const std::string schema = split_table(table).first;
  return schema.empty() ? quote_identifier(name)
                        : quote_identifier(schema) + "." + quote_identifier(name);
}

std::string sequence_name(std::string_view table, std::string_view column) {
  const std::string bare = split_table(table).second;
  constexpr std::size_t available = max_bytes - std::string_view("__seq").size();
  std::size_t first = bare.size();
  std::size_t second = column.size();
  while (first + second > available) {
    if (first > second) {
      --first;
    } else {
      --second;
    }
  }
  return std::string(clipped(bare, first)) + "_" + std::string(clipped(column, second)) + "_seq";
}

Sql without_outer_parentheses(Sql sql) {
  while (sql.size() > 1 && sql.front() == '(' && sql.back() == ')') {
    int depth = 0;
    for (std::size_t i = 0; i + 1 < sql.size(); ++i) {
      const char c = sql[i];
      if (c == '\'' || c == '"') {
        i = std::min(sql.find(c, i + 1), sql.size());
      } else if (c == '(') {
        ++depth;
      } else if (c == ')' && --depth == 0) {
        return sql;
      }
    }
    sql = sql.substr(1, sql.size() - 2);
  }
  return sql;
}

}  // namespace turnstone::postgresql
