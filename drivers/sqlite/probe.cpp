#include "sqlite/probe.h"

#include <turnstone/error.h>
#include <turnstone/identifier.h>

#include <algorithm>

#include "sqlite/dialect.h"

namespace turnstone::sqlite {
namespace {

bool is_plain_not_null(const step::RebuildTable& s, const Sql& value) {
  return std::any_of(s.before.columns.begin(), s.before.columns.end(), [&](const Column& column) {
    return !column.nullable && value == quote_identifier(column.name);
  });
}

}  // namespace

Rows ask(Connection& connection, const Sql& sql, const std::vector<Value>& parameters) {
  return connection.query(sql, parameters);
}

std::string text_of(const Value& cell) {
  const auto* text = std::get_if<std::string>(&cell);
  return text ? *text : std::string{};
}

std::string complaint(Connection& connection, const Sql& sql) {
  try {
    connection.query(sql);
    return {};
  } catch (const DatabaseError& error) {
    return error.what();
  }
}

std::string write_complaint(Connection& connection, const std::string& table) {
  const Sql name = quote_identifier(table);
  std::vector<Sql> settings;
  for (const auto& row :
       ask(connection, "SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0", {table}).rows) {
    const Sql column = quote_identifier(text_of(row[0]));
    settings.push_back(column + " = " + column);
  }
  for (const Sql& sql :
       {"EXPLAIN UPDATE " + name + " SET " + join(settings, ", "), "EXPLAIN DELETE FROM " + name,
        "EXPLAIN INSERT INTO " + name + " DEFAULT VALUES"}) {
    if (std::string why = complaint(connection, sql); !why.empty()) return why;
  }
  return {};
}

std::vector<std::pair<std::string, Sql>> values_to_fill(const step::RebuildTable& s) {
  std::vector<std::pair<std::string, Sql>> values;
  for (const auto& [name, value] : s.source) {
    const Column* column = s.after.find_column(name);
    const bool is_key = s.after.primary_key && s.after.primary_key->columns.size() == 1 &&
                        s.after.primary_key->columns.front() == name;
    if (!column || column->nullable || is_key || is_plain_not_null(s, value)) continue;
    values.emplace_back(name, value);
  }
  return values;
}

std::string no_value(const step::RebuildTable& s, const std::string& column) {
  return "table " + in_quotes(s.before.name) + " has rows without a value for " +
         in_quotes(column) + ", which is NOT NULL";
}

std::string renamed(std::string name,
                    const std::vector<std::pair<std::string, std::string>>& renames) {
  for (const auto& [from, to] : renames) {
    if (name == from) name = to;
  }
  return name;
}

std::set<std::string> names_after(const KeyScope& scope) {
  std::set<std::string> names = scope.tables;
  for (const std::string& table : scope.tables) names.insert(renamed(table, scope.renames));
  return names;
}

}  // namespace turnstone::sqlite
