#include <turnstone/identifier.h>

#include <algorithm>
#include <cctype>
#include <map>

#include "sqlite/dialect.h"

namespace turnstone::sqlite {
namespace {

Sql bound_text(const std::string& text) {
  if (text.find('\0') == std::string::npos) return quote_literal(text);
  const auto* bytes = reinterpret_cast<const std::byte*>(text.data());
  return "CAST(X'" + to_hex(Bytes(bytes, bytes + text.size())) + "' AS TEXT)";
}

Sql literal_of(const Value& given) {
  const Value value = bare(given);
  if (is_null(value)) return "NULL";
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    if (*number == INT64_MIN) return "(-9223372036854775807 - 1)";
    return *number < 0 ? "(" + std::to_string(*number) + ")" : std::to_string(*number);
  }
  if (const auto* number = std::get_if<double>(&value)) {
    const std::string digits = Json::of(*number).text();
    return *number < 0 ? "(" + digits + ")" : digits;
  }
  if (const auto* text = std::get_if<std::string>(&value)) return bound_text(*text);
  return "X'" + to_hex(std::get<Bytes>(value)) + "'";
}

/// Place behind what starts at `at` and is no plain SQL: text, a quoted name, a comment.
std::size_t behind_quoted(const Sql& sql, std::size_t at) {
  const auto behind = [&](std::string_view end, std::size_t from) {
    const std::size_t found = sql.find(end, from);
    return found == std::string::npos ? sql.size() : found + end.size();
  };
  if (sql[at] == '\'' || sql[at] == '"' || sql[at] == '`') {
    return behind(std::string_view(sql).substr(at, 1), at + 1);
  }
  if (sql[at] == '[') return behind("]", at);
  if (sql.compare(at, 2, "--") == 0) return behind("\n", at);
  if (sql.compare(at, 2, "/*") == 0) return behind("*/", at + 2);
  return at;
}

std::size_t behind_word(const Sql& sql, std::size_t at) {
  while (at < sql.size() && (std::isalnum(static_cast<unsigned char>(sql[at])) || sql[at] == '_')) {
    ++at;
  }
  return at;
}

/// `sql` with `?`, `?3`, `$name`, `:name` and `@name` replaced as SQLite counts them: the next
/// number, that number, and a number for each new name. Source: sqlite.org/c3ref/bind_blob.html.
Sql with_literals(const Statement& statement) {
  if (statement.parameters.empty()) return statement.sql;
  const Sql& sql = statement.sql;
  Sql text;
  std::size_t highest = 0;
  std::map<Sql, std::size_t> names;
  for (std::size_t at = 0; at < sql.size();) {
    std::size_t end = behind_quoted(sql, at);
    const bool marks = end == at && std::string_view("?$:@").find(sql[at]) != std::string::npos;
    if (!marks) {
      end = end > at ? end : std::max(at + 1, behind_word(sql, at));
      text += sql.substr(at, end - at);
      at = end;
      continue;
    }
    end = behind_word(sql, at + 1);
    const Sql mark = sql.substr(at, end - at);
    std::size_t number = highest + 1;
    if (sql[at] != '?') {
      number = names.emplace(mark, number).first->second;
    } else if (mark.size() > 1) {
      number = std::stoul(mark.substr(1));
    }
    highest = std::max(highest, number);
    const bool known = number >= 1 && number <= statement.parameters.size();
    text += known ? literal_of(statement.parameters[number - 1]) : mark;
    at = end;
  }
  return text;
}

/// An argument of a dot command.
std::string argument(const std::string& words) {
  std::string text = "\"";
  for (const char c : words) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + "\"";
}

class Sqlite3 final : public Shell {
 public:
  std::string_view program() const override { return "sqlite3"; }
  std::string usage(const std::string& file) const override {
    return "sqlite3 DATABASE < " + file + "   (in a folder it may write to)";
  }

  std::string prologue(const Settings& settings) const override {
    std::string text = ".bail on\n";
    for (const char* setting : {"dqs_ddl", "dqs_dml"}) {
      text += std::string(".once /dev/null\n.dbconfig ") + setting + " off\n";
    }
    const std::int64_t forever = INT32_MAX;
    text += ".timeout " +
            std::to_string(settings.lock_timeout ? settings.lock_timeout->count() : forever) + "\n";
    text += "PRAGMA foreign_keys = ON;\nPRAGMA legacy_alter_table = OFF;\n";
    for (const std::string& setting : settings.session) text += setting + ";\n";
    return text +
           "CREATE TEMP TABLE IF NOT EXISTS turnstone_check (stop);\n"
           "CREATE TEMP TABLE IF NOT EXISTS turnstone_clock (began);\n";
  }
  std::string epilogue() const override {
    return "DROP TABLE temp.turnstone_check;\nDROP TABLE temp.turnstone_clock;\n";
  }

  std::string statement(const Statement& statement) const override {
    const Sql sql = with_literals(statement);
    const bool comment = sql.find("--", sql.rfind('\n') + 1) != std::string::npos;
    return sql + (comment ? "\n;\n" : ";\n");
  }
  std::string say(const std::string& words) const override {
    return ".print " + argument(words) + "\n";
  }
  /// Only a trigger can raise an error of one's own.
  std::string stop_if(const std::string& condition, const std::string& message) const override {
    return "CREATE TEMP TRIGGER turnstone_stop BEFORE INSERT ON temp.turnstone_check WHEN "
           "NEW.stop\n"
           "BEGIN SELECT RAISE(ROLLBACK, " +
           quote_literal(message) + "); END;\nINSERT INTO temp.turnstone_check SELECT " +
           condition + ";\nDROP TRIGGER temp.turnstone_stop;\n";
  }
  Sql has_column(const std::string& table, const std::string& column) const override {
    return "EXISTS (SELECT 1 FROM pragma_table_info(" + quote_literal(table) +
           ") WHERE name = " + quote_literal(column) + ")";
  }
  std::string start_clock() const override {
    return "DELETE FROM temp.turnstone_clock;\n"
           "INSERT INTO temp.turnstone_clock SELECT julianday('now');\n";
  }
  /// Microseconds; the clock of SQL shows thousands of them.
  Sql elapsed() const override {
    return "(SELECT CAST(round((julianday('now') - began) * 86400000) AS INTEGER) * 1000 FROM "
           "temp.turnstone_clock)";
  }
  /// The program has no conditions, but it can read what SQL has just written.
  std::string only_if(const std::string& condition, const std::string& block,
                      const std::string& otherwise) const override {
    // Nobody else may come between: where two runs share a folder, the other one's choice stops us.
    std::string rest =
        stop_if(condition, "another run of this script in the same folder came between");
    if (!otherwise.empty()) rest += say(otherwise);
    return read_written("CASE WHEN " + condition + " THEN " + quote_literal("\n" + block) +
                            " ELSE " + quote_literal("\n" + rest) + " END",
                        sha256_hex(condition + block).substr(0, 12));
  }
};

}  // namespace

std::string read_written(const Sql& text, const std::string& name) {
  const std::string file = "turnstone-" + name + ".sql";
  return "SELECT 1 WHERE writefile(" + quote_literal(file) + ", " +
         quote_literal(".shell rm -f " + file) + " || " + text + ") IS NULL;\n.read " + file + "\n";
}

const Shell& shell() {
  static const Sqlite3 instance;
  return instance;
}

}  // namespace turnstone::sqlite
