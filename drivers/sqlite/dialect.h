#pragma once

// Internal: the parts the dialect is put together from, one source file each.

#include <turnstone/db/dialect.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turnstone::sqlite {

/// `"text"`, for messages.
inline std::string in_quotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

// types.cpp

Sql column_type(const Field& field);
Sql key_type(const Field& target);
Field field_of_type(const Sql& type);
/// `type` as Turnstone would write it, where it is another word for the same: `integer` for `INT`.
Sql canonical_type(const Sql& type);
std::optional<Sql> column_check(const Field& field, const std::string& column);
Sql literal(const Json& value, const Field& type);
Sql literal(const Json& value);
Sql function_value(std::string_view function, const Field& type);
/// An SQL expression that gives another random UUID for every row: 32 digits, or with dashes.
Sql random_uuid(bool dashes);
/// `value` as one of what SQLite stores: NULL, integer, double, text, bytes.
Value bare(const Value& value);
Value to_database(const Value& value, const Field& field);
Value from_database(const Value& cell, const Field& field);

// calls.cpp

std::optional<Sql> call(const Dialect::Call& call);

// conversions.cpp

/// How a value gets from a column of one declared type into a column of another.
struct Conversion {
  Sql value{};  ///< the converted value
  /// True for rows that have no honest counterpart; empty where every row has one.
  Sql violation{};
};
/// Nothing when values are stored the same way in both. `value` is an operand.
std::optional<Conversion> conversion(const Sql& value, const std::string& from,
                                     const std::string& to);

// legalize.cpp

std::vector<PlannedStep> legalize(const Schema& before, std::vector<PlannedStep> steps);

// render.cpp

/// `CREATE TABLE`, over several lines, under another name where one is given. References of the
/// table to itself keep the table's own name.
Sql create_table(const Table& table, const std::string& name);
Sql create_index(const std::string& table, const TableIndex& index);
Script render(const std::vector<PlannedStep>& steps, bool atomic);

// shell.cpp

const Shell& shell();
/// Makes `sqlite3` read the value of the SQL expression `text`, which begins with a line break, as
/// a part of its script. It goes through the file `turnstone-NAME.sql` in the working directory,
/// whose first line takes it away.
std::string read_written(const Sql& text, const std::string& name);

// rebuild.cpp

/// What makes the table anew, in order (`sqlite-ddl.md` D.5, steps 4 to 9).
std::vector<std::variant<Statement, CodeCall, Procedure>> rebuild(const step::RebuildTable& step);
/// What foreign keys a batch may break, and whether it did: the first of the pair runs at its
/// start, the second at its end. `tables` are the tables that are made anew or dropped, by their
/// names at the start; none means that every table is looked at. `renames` are those in between.
struct KeyChecks {
  Procedure before{};
  Procedure after{};
};
KeyChecks key_checks(const std::vector<std::string>& tables, bool every_table,
                     const std::vector<std::pair<std::string, std::string>>& renames);

}  // namespace turnstone::sqlite
