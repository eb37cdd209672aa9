#pragma once

// Internal: what a database is asked before and after a table is made anew, and the same questions
// as parts of a script.

#include <turnstone/db/connection.h>
#include <turnstone/schema/step.h>

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace turnstone::sqlite {

// probe.cpp

Rows ask(Connection& connection, const Sql& sql, const std::vector<Value>& parameters = {});
/// The text of a cell; empty where it holds none.
std::string text_of(const Value& cell);
/// Why a statement cannot be run, or nothing.
std::string complaint(Connection& connection, const Sql& sql);
/// Why rows of `table` cannot be written: a trigger that refers to what is not there.
std::string write_complaint(Connection& connection, const std::string& table);
/// Columns that take no NULL and might get one from the old table, with what they are filled with.
std::vector<std::pair<std::string, Sql>> values_to_fill(const step::RebuildTable& step);
/// What is said where they would.
std::string no_value(const step::RebuildTable& step, const std::string& column);
constexpr const char* no_value_hint = "give the field a default, or fill those rows first";
/// Name at the end of a batch for a name at its start.
std::string renamed(std::string name,
                    const std::vector<std::pair<std::string, std::string>>& renames);

/// What a live table has that models have no word for, and that goes into the new one.
struct KeptByHand {
  bool strict = false;
  std::vector<ForeignKeyConstraint> keys{};  ///< of several columns, which all stay
  bool any() const { return strict || !keys.empty(); }
};
KeptByHand kept_by_hand(const Table& there, const step::RebuildTable& step);
/// Makes the new table under the name `aside`, with what is kept.
Sql create_with(const KeptByHand& kept, const step::RebuildTable& step, const std::string& aside);
/// The table as it is now, where there is one.
std::optional<Table> live_table(Connection& connection, const std::string& name);
/// Name the new table has until it takes the place of the old one.
std::string name_aside(const step::RebuildTable& step);

/// Whose foreign keys a batch may break; see `key_checks`.
struct KeyScope {
  std::set<std::string> tables{};
  bool every_table = false;
  std::vector<std::pair<std::string, std::string>> renames{};
};
/// The names its tables have at the end of the batch, and those of before: something may still
/// refer to a table that is gone.
std::set<std::string> names_after(const KeyScope& scope);

// rebuild_script.cpp: the procedures of a rebuild in the language of `sqlite3`. Where they differ
// from the procedures they are stricter, never more generous: a script cannot try things out.

std::string recorder_script(const step::RebuildTable& step, Connection& now);
std::string restorer_script(const step::RebuildTable& step, Connection& now);
std::string key_record_script(const KeyScope& scope, Connection& now);
std::string key_compare_script(const KeyScope& scope, Connection& now);

}  // namespace turnstone::sqlite
