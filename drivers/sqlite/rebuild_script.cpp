#include <turnstone/identifier.h>

#include "sqlite/dialect.h"
#include "sqlite/probe.h"

namespace turnstone::sqlite {
namespace {

Sql exists(const Sql& query) { return "EXISTS (" + query + ")"; }

Sql literal_list(const std::set<std::string>& texts) {
  std::vector<Sql> literals;
  for (const std::string& text : texts) literals.push_back(quote_literal(lower_case(text)));
  return "(" + join(literals, ", ") + ")";
}

std::size_t count_of(const std::string& word, const std::string& text) {
  std::size_t count = 0;
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    ++count;
  }
  return count;
}

/// `sqlite_schema`'s row of a table.
Sql table_row(const std::string& name) {
  return "FROM sqlite_schema WHERE type = 'table' AND lower(name) = " +
         quote_literal(lower_case(name));
}

/// Stops where the table is not what migrations made it: what they do not know would be lost.
std::string refuse_strangers(const step::RebuildTable& s, const KeptByHand& kept) {
  const Table& before = s.before;
  const std::string place = "table " + in_quotes(before.name);
  const std::string hint =
      "; the table must be made anew, which would lose it: describe it in the models or take it "
      "away";
  std::string text = shell().stop_if("NOT " + exists("SELECT 1 " + table_row(before.name)),
                                     place + " does not exist");
  std::set<std::string> columns;
  for (const Column& column : before.columns) columns.insert(column.name);
  text += shell().stop_if(exists("SELECT 1 FROM pragma_table_xinfo(" + quote_literal(before.name) +
                                 ") WHERE lower(name) NOT IN " + literal_list(columns)),
                          place + " has a column that no migration made" + hint);
  // Only the text of the table tells of its checks.
  const std::string known = lower_case(create_table(before, before.name));
  text += shell().stop_if(
      exists("SELECT 1 " + table_row(before.name) +
             " AND (length(sql) - length(replace(lower(sql), 'check', ''))) / 5 > " +
             std::to_string(count_of("check", known))),
      place + " has a check that no migration made" + hint);
  std::set<std::string> keys;
  for (const ForeignKeyConstraint& key : before.foreign_keys) {
    keys.insert(join(key.columns, ",") + " " + key.target_table);
  }
  for (const ForeignKeyConstraint& key : kept.keys) {
    keys.insert(join(key.columns, ",") + " " + key.target_table);
  }
  text += shell().stop_if(
      exists("SELECT 1 FROM pragma_foreign_key_list(" + quote_literal(before.name) +
             ") GROUP BY id HAVING lower(group_concat(\"from\") || ' ' || \"table\") NOT IN " +
             literal_list(keys)),
      place + " has a foreign key that no migration made" + hint);
  const auto mark = [&](const char* word, bool expected) {
    if (expected) return;
    text += shell().stop_if(exists("SELECT 1 FROM pragma_table_list WHERE lower(name) = " +
                                   quote_literal(lower_case(before.name)) + " AND " + word),
                            place + " has a mark that no migration made: " + word + hint);
  };
  mark("strict", before.strict || kept.strict);
  mark("wr", before.without_rowid);
  return text + shell().stop_if(exists("SELECT 1 " + table_row(name_aside(s))),
                                "table " + in_quotes(name_aside(s)) + " is in the way");
}

/// Names in the first column of what `query` gives now, for which `works` does not hold now: broken
/// before the script, they are none of its business.
template <class Works>
std::set<std::string> broken_now(Connection& now, const Sql& query, const Works& works) {
  std::set<std::string> names;
  for (const auto& row : ask(now, query).rows) {
    if (!works(text_of(row[0]))) names.insert(text_of(row[0]));
  }
  return names;
}

/// A name in quotes, as an SQL expression.
Sql quoted_sql(const Sql& name) { return "'\"' || replace(" + name + ", '\"', '\"\"') || '\"'"; }

/// Statements that do nothing and fail where a view or trigger that concerns the table is broken.
Sql probes(const std::string& table, Connection& now) {
  const std::set<std::string> views = broken_now(
      now, "SELECT name FROM sqlite_schema WHERE type = 'view'", [&](const std::string& view) {
        return complaint(now, "SELECT * FROM " + quote_identifier(view) + " LIMIT 0").empty();
      });
  const std::set<std::string> tables = broken_now(
      now,
      "SELECT DISTINCT t.name FROM sqlite_schema g JOIN sqlite_schema t ON t.type = 'table' AND "
      "t.name = g.tbl_name COLLATE NOCASE WHERE g.type = 'trigger'",
      [&](const std::string& name) { return write_complaint(now, name).empty(); });
  const Sql mentions = "instr(lower(sql), " + quote_literal(lower_case(table)) + ") > 0";
  const Sql columns = "(SELECT group_concat(" + quoted_sql("name") +
                      ") FROM pragma_table_xinfo(t.name) WHERE hidden = 0)";
  const Sql settings = "(SELECT group_concat(" + quoted_sql("name") + " || ' = ' || " +
                       quoted_sql("name") + ") FROM pragma_table_xinfo(t.name) WHERE hidden = 0)";
  const Sql name = quoted_sql("t.name");
  return "coalesce((SELECT group_concat('SELECT * FROM ' || " + quoted_sql("name") +
         " || ' LIMIT 0;', char(10)) FROM sqlite_schema WHERE type = 'view'\n"
         "  AND EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'view' AND " +
         mentions + ")\n  AND lower(name) NOT IN " + literal_list(views) +
         "), '') || char(10)\n|| coalesce((SELECT group_concat('UPDATE ' || " + name +
         " || ' SET ' || " + settings + " || ' WHERE 0; DELETE FROM ' || " + name +
         " || ' WHERE 0; INSERT INTO ' || " + name + " || ' (' || " + columns +
         " || ') SELECT ' || " + columns + " || ' FROM ' || " + name +
         " || ' WHERE 0;', char(10))\n  FROM sqlite_schema t WHERE t.type = 'table' AND EXISTS "
         "(SELECT 1 FROM sqlite_schema g WHERE g.type = 'trigger'\n  AND lower(g.tbl_name) = "
         "lower(t.name) AND instr(lower(g.sql), " +
         quote_literal(lower_case(table)) + ") > 0)\n  AND lower(t.name) NOT IN " +
         literal_list(tables) + "), '') || char(10)";
}

/// `s`, a table of `sqlite_schema`, holds foreign keys that the batch may break.
Sql has_keys(const std::set<std::string>& tables, bool every_table,
             const std::set<std::string>& mismatched) {
  Sql sql = "s.type = 'table' AND lower(s.name) NOT IN " + literal_list(mismatched) +
            " AND EXISTS (SELECT 1 FROM pragma_foreign_key_list(s.name) k";
  if (!every_table) {
    sql += " WHERE lower(s.name) IN " + literal_list(tables) + " OR lower(k.\"table\") IN " +
           literal_list(tables);
  }
  return sql + ")";
}

/// Tables whose keys point to what cannot be pointed to, as the database is now: asking for their
/// broken rows is an error.
std::set<std::string> mismatched_now(Connection& now) {
  return broken_now(
      now, "SELECT name FROM sqlite_schema WHERE type = 'table'", [&](const std::string& table) {
        return complaint(now, "PRAGMA foreign_key_check(" + quote_identifier(table) + ")").empty();
      });
}

Sql broken_rows(const Sql& which) {
  return "SELECT lower(s.name) AS name, c.\"rowid\" AS number, lower(c.\"parent\") AS parent\n"
         "FROM sqlite_schema s JOIN pragma_foreign_key_check(s.name) c WHERE " +
         which;
}

}  // namespace

std::string recorder_script(const step::RebuildTable& s, Connection& now) {
  const std::optional<Table> there = live_table(now, s.before.name);
  const KeptByHand kept = there ? kept_by_hand(*there, s) : KeptByHand{};
  std::string text = refuse_strangers(s, kept);
  const Sql from = "SELECT 1 FROM " + quote_identifier(s.before.name) + " WHERE ";
  for (const step::RebuildTable::Guard& guard : s.guards) {
    text += shell().stop_if(exists(from + guard.violation),
                            "column " + in_quotes(guard.before.name) + " of table " +
                                in_quotes(s.before.name) + " holds a value that cannot become " +
                                guard.after.type + " without a loss; change such rows first");
  }
  for (const auto& [name, value] : values_to_fill(s)) {
    text += shell().stop_if(exists(from + "(" + value + ") IS NULL"),
                            no_value(s, name) + "; " + no_value_hint);
  }
  std::set<std::string> indexes;
  for (const TableIndex& index : s.before.indexes) indexes.insert(index.name);
  if (kept.any()) text += create_with(kept, s, name_aside(s)) + ";\n";
  return text +
         "CREATE TEMP TABLE turnstone_kept AS SELECT type, sql FROM sqlite_schema\n"
         "WHERE lower(tbl_name) = " +
         quote_literal(lower_case(s.before.name)) +
         " AND (type = 'trigger' OR type = 'index' AND sql IS NOT NULL\n"
         "AND lower(name) NOT IN " +
         literal_list(indexes) +
         ") ORDER BY type, rowid;\n"
         "CREATE TEMP TABLE turnstone_count AS SELECT count(*) AS number FROM " +
         quote_identifier(s.before.name) + ";\n";
}

std::string restorer_script(const step::RebuildTable& s, Connection& now) {
  std::string text =
      shell().stop_if("(SELECT count(*) FROM " + quote_identifier(s.after.name) +
                          ") <> (SELECT number FROM temp.turnstone_count)",
                      "not every row of table " + in_quotes(s.before.name) + " was copied");
  for (const Column& column : s.before.columns) {
    if (s.after.find_column(column.name)) continue;
    // `UPDATE OF` a column that is gone is no error to SQLite: it would never run again.
    text += shell().stop_if(exists("SELECT 1 FROM temp.turnstone_kept WHERE type = 'trigger' AND "
                                   "lower(sql) LIKE '%update%of%' AND instr(lower(sql), " +
                                   quote_literal(lower_case(column.name)) + ") > 0"),
                            "a trigger of table " + in_quotes(s.before.name) +
                                " waits for updates and names column " + in_quotes(column.name) +
                                ", which goes; drop it before this operation");
  }
  const Sql restored =
      "char(10) || coalesce((SELECT group_concat(sql || char(10) || ';', char(10)) FROM "
      "temp.turnstone_kept), '') || char(10)\n|| ";
  const Sql all = restored + probes(s.after.name, now);
  text += read_written(all, sha256_hex(all).substr(0, 12));
  return text + "DROP TABLE temp.turnstone_kept;\nDROP TABLE temp.turnstone_count;\n";
}

std::string key_record_script(const KeyScope& scope, Connection& now) {
  return "CREATE TEMP TABLE turnstone_broken AS\n" +
         broken_rows(has_keys(scope.tables, scope.every_table, mismatched_now(now))) + ";\n";
}

std::string key_compare_script(const KeyScope& scope, Connection& now) {
  std::string text;
  for (const auto& [from, to] : scope.renames) {
    for (const char* column : {"name", "parent"}) {
      text += std::string("UPDATE temp.turnstone_broken SET ") + column + " = " +
              quote_literal(lower_case(to)) + " WHERE " + column + " = " +
              quote_literal(lower_case(from)) + ";\n";
    }
  }
  const std::set<std::string> tables = names_after(scope);
  text += shell().stop_if(
      exists("SELECT 1 FROM (" +
             broken_rows(has_keys(tables, scope.every_table, mismatched_now(now))) +
             ") f\nWHERE NOT EXISTS (SELECT 1 FROM temp.turnstone_broken b WHERE b.name = f.name "
             "AND b.number IS f.number AND b.parent = f.parent)"),
      "FOREIGN KEY constraint failed: a row refers to another one that does not exist");
  return text + "DROP TABLE temp.turnstone_broken;\n";
}

}  // namespace turnstone::sqlite
