#include <turnstone/identifier.h>
#include <turnstone/match.h>

#include <charconv>

#include "postgresql/dialect.h"
#include "postgresql/names.h"
#include "postgresql/placeholders.h"
#include "postgresql/values_text.h"

namespace turnstone::postgresql {
namespace {

/// A parameter as a literal without a type, so that PostgreSQL finds its type as it does for `$1`.
struct ToLiteral {
  Sql operator()(std::monostate) const { return "NULL"; }
  Sql operator()(bool v) const { return v ? "'t'" : "'f'"; }
  Sql operator()(std::int64_t v) const { return quote_literal(std::to_string(v)); }
  Sql operator()(double v) const {
    char digits[40];
    const auto end = std::to_chars(digits, digits + sizeof digits, v).ptr;
    return quote_literal(std::string_view(digits, static_cast<std::size_t>(end - digits)));
  }
  Sql operator()(const std::string& v) const { return quote_literal(v); }
  Sql operator()(const Bytes& v) const { return quote_literal(bytea_text(v)) + "::bytea"; }
  Sql operator()(const Decimal& v) const { return quote_literal(v.text()); }
  Sql operator()(const Uuid& v) const { return quote_literal(v.text()); }
  Sql operator()(const Date& v) const { return quote_literal(to_text(v)); }
  Sql operator()(const Time& v) const { return quote_literal(to_text(v)); }
  Sql operator()(const DateTime& v) const { return quote_literal(to_text(v)); }
  Sql operator()(const Duration& v) const { return quote_literal(interval_text(v)); }
  Sql operator()(const Json& v) const { return quote_literal(v.text()); }
};

/// An argument of a backslash command.
std::string argument(const std::string& words) {
  std::string text = "'";
  for (const char c : words) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  return text + "'";
}

/// A body of plpgsql, run once.
std::string run_block(const std::string& body) {
  return "DO $turnstone$\nBEGIN\n" + body + "END\n$turnstone$;\n";
}

const std::string lock_keys =
    std::to_string(lock_space) + ", hashtext(COALESCE(current_schema(), ''))";

/// Asks again and again, each time in a transaction of its own: one that waits in the server keeps
/// a snapshot, and an index that the holder makes concurrently would wait for that.
std::string take_lock(const std::optional<std::chrono::milliseconds>& timeout) {
  std::string wait = "  WHILE NOT pg_try_advisory_lock(" + lock_keys + ") LOOP\n";
  if (timeout) {
    wait +=
        "    IF clock_timestamp() > current_setting('turnstone.deadline')::timestamptz THEN\n"
        "      RAISE EXCEPTION 'another migrator is at work on this database';\n"
        "    END IF;\n";
  }
  wait += "    COMMIT;\n    PERFORM pg_sleep(0.05);\n    COMMIT;\n  END LOOP;\n";
  std::string text;
  if (timeout) {
    text = "SELECT set_config('turnstone.deadline', (clock_timestamp() + interval '" +
           std::to_string(timeout->count()) +
           " milliseconds')::text, false) AS turnstone_deadline \\gset\n";
  }
  return text + run_block(wait);
}

class Psql final : public Shell {
 public:
  std::string_view program() const override { return "psql"; }
  std::string usage(const std::string& file) const override {
    return "psql --file=" + file + " \"$DATABASE_URL\"";
  }

  std::string prologue(const Settings& settings) const override {
    std::string text =
        "\\set ON_ERROR_STOP on\n"
        "\\set ON_ERROR_ROLLBACK off\n"
        "\\set AUTOCOMMIT on\n"
        "\\set QUIET on\n"
        "\\encoding UTF8\n"
        "SET client_min_messages = warning;\n"
        "SET TimeZone = 'UTC';\n"
        "SET standard_conforming_strings = on;\n"
        "SET IntervalStyle = 'postgres';\n"
        "SET DateStyle = 'ISO';\n";
    for (const std::string& setting : settings.session) text += setting + ";\n";
    return text + take_lock(settings.lock_timeout);
  }
  std::string epilogue() const override {
    return run_block("  PERFORM pg_advisory_unlock(" + lock_keys + ");\n");
  }

  std::string statement(const Statement& statement) const override {
    std::vector<Sql> literals;
    for (const Value& value : statement.parameters) literals.push_back(match(value, ToLiteral{}));
    const Sql sql = with_literals(statement.sql, literals);
    const std::size_t last_line = sql.rfind('\n') + 1;
    const bool comment = sql.find("--", last_line) != std::string::npos;
    return sql + (comment ? "\n;\n" : ";\n");
  }
  std::string say(const std::string& words) const override {
    return "\\echo " + argument(words) + "\n";
  }
  std::string stop_if(const std::string& condition, const std::string& message) const override {
    return run_block("  IF " + condition + " THEN\n    RAISE EXCEPTION USING MESSAGE = " +
                     quote_literal(message) + ";\n  END IF;\n");
  }
  Sql has_column(const std::string& table, const std::string& column) const override {
    return "EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass(" +
           quote_literal(table_sql(table)) + ") AND attname = " + quote_literal(column) +
           " AND NOT attisdropped)";
  }
  std::string start_clock() const override {
    return "SELECT set_config('turnstone.began', clock_timestamp()::text, false) AS "
           "turnstone_began \\gset\n";
  }
  Sql elapsed() const override {
    return "clock_timestamp() - current_setting('turnstone.began')::timestamptz";
  }
  std::string only_if(const std::string& condition, const std::string& block,
                      const std::string& otherwise) const override {
    return "SELECT " + condition + " AS turnstone_go \\gset\n\\if :turnstone_go\n" + block +
           (otherwise.empty() ? "" : "\\else\n" + say(otherwise)) + "\\endif\n";
  }
};

}  // namespace

const Shell& PostgresqlDialect::shell() const {
  static const Psql instance;
  return instance;
}

}  // namespace turnstone::postgresql
