#include "sqlite/probe.h"

#include <turnstone/error.h>
#include <turnstone/identifier.h>

#include <algorithm>

#include "sqlite/dialect.h"
#include "sqlite/table_text.h"

namespace turnstone::sqlite {
namespace {

bool is_plain_not_null(const step::RebuildTable& s, const Sql& value) {
  return std::any_of(s.before.columns.begin(), s.before.columns.end(), [&](const Column& column) {
    return !column.nullable && value == quote_identifier(column.name);
  });
}

/// True for a column that goes into the new table under its name.
bool stays(const step::RebuildTable& s, const std::string& column) {
  return std::any_of(s.source.begin(), s.source.end(), [&](const auto& source) {
    return lower_case(source.first) == lower_case(column) &&
           source.second.find(quote_identifier(source.first)) != Sql::npos;
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

std::optional<Table> live_table(Connection& connection, const std::string& name) {
  const Rows rows = ask(connection,
                        "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ? "
                        "COLLATE NOCASE",
                        {name});
  if (rows.rows.empty()) return std::nullopt;
  return parse_table(text_of(rows.rows[0][0]));
}

std::string name_aside(const step::RebuildTable& s) { return "turnstone_new_" + s.after.name; }

KeptByHand kept_by_hand(const Table& there, const step::RebuildTable& s) {
  KeptByHand kept{.strict = there.strict && !s.before.strict};
  for (const ForeignKeyConstraint& key : there.foreign_keys) {
    const bool known = std::any_of(s.before.foreign_keys.begin(), s.before.foreign_keys.end(),
                                   [&](const auto& k) { return k.columns == key.columns; });
    const bool whole = std::all_of(key.columns.begin(), key.columns.end(),
                                   [&](const std::string& column) { return stays(s, column); });
    if (key.columns.size() > 1 && !known && whole) kept.keys.push_back(key);
  }
  return kept;
}

Sql create_with(const KeptByHand& kept, const step::RebuildTable& s, const std::string& aside) {
  Table table = s.after;
  table.strict |= kept.strict;
  table.foreign_keys.insert(table.foreign_keys.end(), kept.keys.begin(), kept.keys.end());
  return create_table(table, aside);
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
