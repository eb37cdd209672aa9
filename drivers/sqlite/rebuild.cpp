#include <turnstone/error.h>
#include <turnstone/identifier.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "sqlite/dialect.h"
#include "sqlite/probe.h"
#include "sqlite/table_text.h"

namespace turnstone::sqlite {
namespace {

using Memory = Procedure::Memory;

/// Keeps `rows` under `key`, in place of what was kept there before.
void keep(Memory& memory, const std::string& key, Rows rows) {
  for (auto& [name, kept] : memory) {
    if (name == key) {
      kept = std::move(rows);
      return;
    }
  }
  memory.emplace_back(key, std::move(rows));
}

const Rows& kept(const Memory& memory, const std::string& key) {
  static const Rows none;
  for (const auto& [name, rows] : memory) {
    if (name == key) return rows;
  }
  return none;
}

std::int64_t number_of(const Value& cell) {
  const auto* number = std::get_if<std::int64_t>(&cell);
  return number ? *number : 0;
}

/// What a cell says, for messages.
std::string shown(const Value& cell) {
  if (const auto* text = std::get_if<std::string>(&cell)) return in_quotes(text->substr(0, 60));
  if (const auto* number = std::get_if<std::int64_t>(&cell)) return std::to_string(*number);
  if (const auto* number = std::get_if<double>(&cell)) return std::to_string(*number);
  return "a blob";
}

/// Views that can be read, where any of them mentions the table.
Rows readable_views(Connection& connection, const std::string& table) {
  const Rows mentions = ask(connection,
                            "SELECT name FROM sqlite_schema WHERE type = 'view' "
                            "AND INSTR(LOWER(sql), LOWER(?)) > 0",
                            {table});
  if (mentions.rows.empty()) return {};
  Rows readable;
  for (const auto& row :
       ask(connection, "SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY name").rows) {
    const Sql probe = "SELECT * FROM " + quote_identifier(text_of(row[0])) + " LIMIT 0";
    if (complaint(connection, probe).empty()) readable.rows.push_back(row);
  }
  return readable;
}

/// Tables with triggers that concern the table and can be written to.
Rows writable_tables(Connection& connection, const std::string& table) {
  Rows writable;
  for (const auto& row : ask(connection,
                             "SELECT DISTINCT t.name FROM sqlite_schema g JOIN sqlite_schema t "
                             "ON t.type = 'table' AND t.name = g.tbl_name COLLATE NOCASE "
                             "WHERE g.type = 'trigger' AND INSTR(LOWER(g.sql), LOWER(?)) > 0",
                             {table})
                             .rows) {
    if (write_complaint(connection, text_of(row[0])).empty()) writable.rows.push_back(row);
  }
  return writable;
}

/// The table must be what migrations made it, for what they do not know would be lost. Gives what
/// is kept all the same.
KeptByHand refuse_strangers(Connection& connection, const step::RebuildTable& s) {
  const Table& before = s.before;
  const std::string place = "table " + in_quotes(before.name);
  const std::string hint =
      "the table must be made anew, which would lose it; describe it in the models or take it away";
  const auto refuse = [&](const std::string& what) {
    throw Error(ErrorKind::database, place + " " + what + " that no migration made", {}, hint);
  };
  const std::optional<Table> live = live_table(connection, before.name);
  if (!live) {
    throw Error(ErrorKind::database, place + " does not exist", {},
                "the database is not what the recorded migrations made");
  }
  const Table& there = *live;
  const KeptByHand kept = kept_by_hand(there, s);
  std::set<std::string> columns;
  for (const Column& column : before.columns) columns.insert(lower_case(column.name));
  for (const Column& column : there.columns) {
    if (!columns.contains(lower_case(column.name))) {
      refuse("has a column " + in_quotes(column.name));
    }
  }
  for (const Check& check : there.checks) {
    const bool known = std::any_of(before.checks.begin(), before.checks.end(), [&](const Check& c) {
      if (!check.name.empty()) return c.name == check.name;
      return c.condition == check.condition || (c.name.empty() && c.column == check.column);
    });
    if (!known) {
      refuse("has a check " +
             (check.name.empty() ? "(" + check.condition + ")" : in_quotes(check.name)));
    }
  }
  for (const ForeignKeyConstraint& key : there.foreign_keys) {
    if (std::find(kept.keys.begin(), kept.keys.end(), key) != kept.keys.end()) continue;
    const bool known = std::any_of(
        before.foreign_keys.begin(), before.foreign_keys.end(), [&](const ForeignKeyConstraint& k) {
          return lower_case(join(k.columns, ",")) == lower_case(join(key.columns, ",")) &&
                 lower_case(k.target_table) == lower_case(key.target_table);
        });
    if (!known) {
      refuse("has a foreign key from " + in_quotes(join(key.columns, ", ")) + " to " +
             in_quotes(key.target_table));
    }
  }
  if (there.without_rowid && !before.without_rowid) {
    throw Error(ErrorKind::database, place + " has the mark WITHOUT ROWID that no migration made",
                {},
                "the table must be made anew, which would lose it; do that by hand with RunSQL, "
                "and give this operation as its state_operations");
  }
  const std::string aside = name_aside(s);
  if (live_table(connection, aside)) {
    throw Error(ErrorKind::database, "table " + in_quotes(aside) + " is in the way", {},
                "drop it: it is left from an older attempt");
  }
  return kept;
}

/// Fails for rows whose values have no counterpart in the table as it shall be.
void refuse_rows(Connection& connection, const step::RebuildTable& s) {
  const Sql from = " FROM " + quote_identifier(s.before.name);
  for (const step::RebuildTable::Guard& guard : s.guards) {
    const Rows bad =
        ask(connection, "SELECT " + guard.value + from + " WHERE " + guard.violation + " LIMIT 1");
    if (bad.rows.empty()) continue;
    throw Error(ErrorKind::database,
                "column " + in_quotes(guard.before.name) + " of table " + in_quotes(s.before.name) +
                    " holds " + shown(bad.rows[0][0]) + ", which cannot become " +
                    guard.after.type + " without a loss",
                {}, "change such rows first, with RunSQL or RunCpp before this operation");
  }
}

void refuse_nulls(Connection& connection, const step::RebuildTable& s) {
  for (const auto& [name, value] : values_to_fill(s)) {
    const Rows bad = ask(connection, "SELECT 1 FROM " + quote_identifier(s.before.name) +
                                         " WHERE (" + value + ") IS NULL LIMIT 1");
    if (!bad.rows.empty()) throw Error(ErrorKind::database, no_value(s, name), {}, no_value_hint);
  }
}

Procedure recorder(const step::RebuildTable& s) {
  const auto run = [s](Connection& connection, Memory& memory) {
    const std::string& name = s.before.name;
    const KeptByHand by_hand = refuse_strangers(connection, s);
    refuse_rows(connection, s);
    refuse_nulls(connection, s);
    if (by_hand.any()) connection.execute(create_with(by_hand, s, name_aside(s)));
    keep(memory, name + ": triggers",
         ask(connection,
             "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' "
             "AND tbl_name = ? COLLATE NOCASE ORDER BY rowid",
             {name}));
    std::set<std::string> known;
    for (const TableIndex& index : s.before.indexes) known.insert(lower_case(index.name));
    Rows indexes = ask(connection,
                       "SELECT name, sql FROM sqlite_schema WHERE type = 'index' "
                       "AND sql IS NOT NULL AND tbl_name = ? COLLATE NOCASE ORDER BY rowid",
                       {name});
    std::erase_if(indexes.rows, [&](const std::vector<Value>& row) {
      return known.contains(lower_case(text_of(row[0])));
    });
    keep(memory, name + ": indexes", std::move(indexes));
    keep(memory, name + ": views", readable_views(connection, name));
    keep(memory, name + ": written", writable_tables(connection, name));
    keep(memory, name + ": rows",
         ask(connection, "SELECT COUNT(*) FROM " + quote_identifier(name)));
  };
  std::string comment = "remembers triggers of " + in_quotes(s.before.name) +
                        " and indexes made by hand; fails where they, a column or a check could "
                        "not be kept\nmakes the new table itself where the old one is STRICT or "
                        "has a foreign key of several columns";
  for (const step::RebuildTable::Guard& guard : s.guards) {
    comment += "\nfails where a value of " + in_quotes(guard.before.name) + " cannot become " +
               guard.after.type;
  }
  return Procedure{.comment = comment, .run = run, .script = [s](Connection& now) {
                     return recorder_script(s, now);
                   }};
}

void restore(Connection& connection, const std::string& what, const std::vector<Value>& row) {
  try {
    connection.execute(text_of(row[1]));
  } catch (const DatabaseError& error) {
    throw Error(ErrorKind::database,
                what + " " + in_quotes(text_of(row[0])) + " cannot be kept: " + error.what(), {},
                "drop it with RunSQL before this operation, and make it again after it");
  }
}

/// `UPDATE OF` a column that is gone is no error to SQLite: the trigger would never run again.
void refuse_dead_trigger(const Table& after, const std::vector<Value>& row) {
  for (const std::string& column : trigger_columns(text_of(row[1]))) {
    const bool there =
        std::any_of(after.columns.begin(), after.columns.end(),
                    [&](const Column& c) { return lower_case(c.name) == lower_case(column); });
    if (there) continue;
    throw Error(ErrorKind::database,
                "trigger " + in_quotes(text_of(row[0])) + " waits for updates of column " +
                    in_quotes(column) + ", which goes",
                {}, "drop it with RunSQL before this operation");
  }
}

Procedure restorer(const step::RebuildTable& s) {
  const auto run = [name = s.before.name, after = s.after](Connection& connection, Memory& memory) {
    const Rows count = ask(connection, "SELECT COUNT(*) FROM " + quote_identifier(after.name));
    const std::int64_t before = number_of(kept(memory, name + ": rows").rows.at(0).at(0));
    if (number_of(count.rows.at(0).at(0)) != before) {
      throw Error(ErrorKind::database, "not every row of table " + in_quotes(name) + " was copied");
    }
    for (const auto& row : kept(memory, name + ": indexes").rows) restore(connection, "index", row);
    for (const auto& row : kept(memory, name + ": triggers").rows) {
      refuse_dead_trigger(after, row);
      restore(connection, "trigger", row);
    }
    const std::string hint =
        "drop it with RunSQL before this operation, and make it again after it";
    for (const auto& row : kept(memory, name + ": views").rows) {
      const std::string view = text_of(row[0]);
      const std::string why =
          complaint(connection, "SELECT * FROM " + quote_identifier(view) + " LIMIT 0");
      if (!why.empty()) {
        throw Error(ErrorKind::database,
                    "view " + in_quotes(view) + " would no longer work: " + why, {}, hint);
      }
    }
    for (const auto& row : kept(memory, name + ": written").rows) {
      const std::string table = text_of(row[0]);
      const std::string why = write_complaint(connection, table);
      if (!why.empty()) {
        throw Error(ErrorKind::database,
                    "a trigger on table " + in_quotes(table) + " would no longer work: " + why, {},
                    hint);
      }
    }
  };
  return Procedure{.comment =
                       "puts triggers and indexes made by hand back; checks that no row was "
                       "lost and that triggers and views still work",
                   .run = run,
                   .script = [s](Connection& now) { return restorer_script(s, now); }};
}

bool holds(const Table& table, const std::string& column) {
  return std::any_of(table.columns.begin(), table.columns.end(),
                     [&](const Column& c) { return lower_case(c.name) == column; });
}

bool has_rowid_key(const Table& table) {
  if (!table.primary_key || table.primary_key->columns.size() != 1) return false;
  const Column* column = table.find_column(table.primary_key->columns.front());
  return column && lower_case(column->type) == "integer";
}

/// Name under which the rowid of both tables can be seen, where it is not a column anyway.
std::string rowid_name(const Table& before, const Table& after) {
  if (before.without_rowid || after.without_rowid || has_rowid_key(after)) return {};
  for (const char* name : {"rowid", "_rowid_", "oid"}) {
    if (!holds(before, name) && !holds(after, name)) return name;
  }
  return {};
}

bool counts_up(const Table& table) {
  return std::any_of(table.columns.begin(), table.columns.end(), [](const Column& column) {
    return column.identity != Column::Identity::none;
  });
}

Statement copy(const step::RebuildTable& s, const std::string& aside) {
  std::vector<Sql> to;
  std::vector<Sql> from;
  if (const std::string rowid = rowid_name(s.before, s.after); !rowid.empty()) {
    to.push_back(rowid);
    from.push_back(rowid);
  }
  for (const auto& [column, value] : s.source) {
    to.push_back(quote_identifier(column));
    from.push_back(value);
  }
  return Statement{.sql = "INSERT INTO " + quote_identifier(aside) + " (" + join(to, ", ") +
                          ")\nSELECT " + join(from, ", ") + "\nFROM " +
                          quote_identifier(s.before.name),
                   .scans_rows = true};
}

/// Tables that hold foreign keys: all, or those among `tables` and those that refer to one.
std::set<std::string> tables_with_keys(Connection& connection, const std::set<std::string>& tables,
                                       bool every_table) {
  std::set<std::string> result;
  std::set<std::string> lower;
  for (const std::string& name : tables) lower.insert(lower_case(name));
  for (const auto& row : ask(connection,
                             "SELECT DISTINCT t.name, LOWER(k.\"table\") FROM sqlite_schema t "
                             "JOIN pragma_foreign_key_list(t.name) k WHERE t.type = 'table'")
                             .rows) {
    const std::string name = text_of(row[0]);
    if (every_table || lower.contains(lower_case(name)) || lower.contains(text_of(row[1]))) {
      result.insert(name);
    }
  }
  return result;
}

/// One line for each broken key: table, rowid, table referred to, number of the key.
using Violations = std::vector<std::vector<Value>>;

/// `mismatch` gets what is wrong with the definition of a key, if anything.
Violations violations(Connection& connection, const std::string& table, std::string& mismatch) {
  try {
    return ask(connection, "PRAGMA foreign_key_check(" + quote_identifier(table) + ")").rows;
  } catch (const DatabaseError& error) {
    mismatch = error.what();
    return {};
  }
}

std::string key_columns(Connection& connection, const std::string& table, const Value& key) {
  std::vector<std::string> columns;
  for (const auto& row :
       ask(connection, "SELECT \"from\" FROM pragma_foreign_key_list(?) WHERE id = ? ORDER BY seq",
           {table, key})
           .rows) {
    columns.push_back(text_of(row[0]));
  }
  return join(columns, ", ");
}

constexpr const char* violations_key = "foreign keys: violations";
constexpr const char* mismatches_key = "foreign keys: mismatches";

struct KeyCheck : KeyScope {
  void record(Connection& connection, Memory& memory) const {
    Rows found;
    Rows mismatches;
    for (const std::string& table : tables_with_keys(connection, tables, every_table)) {
      std::string mismatch;
      for (auto& row : violations(connection, table, mismatch)) found.rows.push_back(row);
      if (!mismatch.empty()) mismatches.rows.push_back({table});
    }
    keep(memory, violations_key, std::move(found));
    keep(memory, mismatches_key, std::move(mismatches));
  }

  void compare(Connection& connection, const Memory& memory) const {
    std::set<std::string> known_mismatches;
    for (const auto& row : kept(memory, mismatches_key).rows) {
      known_mismatches.insert(renamed(text_of(row[0]), renames));
    }
    std::set<std::vector<Value>> known;
    for (const auto& row : kept(memory, violations_key).rows) {
      known.insert({renamed(text_of(row[0]), renames), row[1],
                    lower_case(renamed(text_of(row[2]), renames))});
    }
    const std::set<std::string> names = names_after(*this);
    for (const std::string& table : tables_with_keys(connection, names, every_table)) {
      std::string mismatch;
      const Violations found = violations(connection, table, mismatch);
      if (!mismatch.empty() && !known_mismatches.contains(table)) {
        throw DatabaseError(mismatch, {.kind = DatabaseErrorKind::foreign_key, .table = table},
                            "PRAGMA foreign_key_check(" + quote_identifier(table) + ")");
      }
      for (const auto& row : found) {
        if (known.contains({table, row[1], lower_case(text_of(row[2]))})) continue;
        report(connection, table, row);
      }
    }
  }

  [[noreturn]] static void report(Connection& connection, const std::string& table,
                                  const std::vector<Value>& row) {
    const std::string columns = key_columns(connection, table, row[3]);
    const std::string where =
        is_null(row[1]) ? "a row" : "row " + std::to_string(number_of(row[1]));
    throw DatabaseError("FOREIGN KEY constraint failed: " + where + " of table " +
                            in_quotes(table) + " refers by " + in_quotes(columns) +
                            " to a row of " + in_quotes(text_of(row[2])) + " that does not exist",
                        {.kind = DatabaseErrorKind::foreign_key, .table = table, .column = columns},
                        "PRAGMA foreign_key_check(" + quote_identifier(table) + ")");
  }
};

}  // namespace

std::vector<std::variant<Statement, CodeCall, Procedure>> rebuild(const step::RebuildTable& s) {
  const std::string aside = name_aside(s);
  std::vector<std::variant<Statement, CodeCall, Procedure>> items;
  const auto add = [&](Sql sql) { items.push_back(Statement{.sql = std::move(sql)}); };
  items.push_back(recorder(s));
  Sql create = create_table(s.after, aside);
  create.insert(std::string_view("CREATE TABLE").size(), " IF NOT EXISTS");
  add(std::move(create));
  if (counts_up(s.before) && counts_up(s.after)) {
    // Before the rows: inserting them then keeps the higher number, and no id is given out twice.
    add("INSERT INTO sqlite_sequence (name, seq)\nSELECT " + quote_literal(aside) +
        ", seq\nFROM sqlite_sequence\nWHERE name = " + quote_literal(s.before.name));
  }
  items.push_back(copy(s, aside));
  add("DROP TABLE " + quote_identifier(s.before.name));
  // Otherwise the new name would be looked for in triggers and views, where it is missing just now.
  add("PRAGMA legacy_alter_table = ON");
  add("ALTER TABLE " + quote_identifier(aside) + " RENAME TO " + quote_identifier(s.after.name));
  add("PRAGMA legacy_alter_table = OFF");
  for (const TableIndex& index : s.after.indexes) {
    items.push_back(Statement{.sql = create_index(s.after.name, index), .scans_rows = true});
  }
  items.push_back(restorer(s));
  return items;
}

KeyChecks key_checks(const std::vector<std::string>& tables, bool every_table,
                     const std::vector<std::pair<std::string, std::string>>& renames) {
  const KeyCheck check{KeyScope{
      .tables = {tables.begin(), tables.end()}, .every_table = every_table, .renames = renames}};
  return KeyChecks{
      .before = {.comment = "remembers which foreign keys are broken already",
                 .run = [check](Connection& c, Memory& memory) { check.record(c, memory); },
                 .script = [check](Connection& now) { return key_record_script(check, now); }},
      .after = {.comment = "checks that no foreign key was broken",
                .run = [check](Connection& c, Memory& memory) { check.compare(c, memory); },
                .script = [check](Connection& now) { return key_compare_script(check, now); }}};
}

}  // namespace turnstone::sqlite
