#pragma once

#include <turnstone/db/connection.h>
#include <turnstone/error.h>
#include <turnstone/schema/script.h>
#include <turnstone/schema/step.h>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include "sqlite/sqlite.h"
#include "support/databases.h"

namespace turnstone::test {

/// What a statement that was told to fail throws.
struct Struck : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Runs `script` as the executor does: settings outside, transactions inside. The item number
/// `strike` (from 0, over all batches) throws instead of running; so does every COMMIT of a batch
/// whose items are used up at that number.
inline void run_script(Connection& connection, const Script& script,
                       std::size_t strike = static_cast<std::size_t>(-1)) {
  struct Teardown {
    Connection& connection;
    const Script& script;
    ~Teardown() {
      for (const std::string& sql : script.teardown) connection.execute(sql);
    }
  };
  const Teardown teardown{connection, script};
  for (const std::string& sql : script.setup) connection.execute(sql);
  Procedure::Memory memory;
  std::size_t count = 0;
  const auto step = [&] {
    if (count++ == strike) throw Struck("struck");
  };
  for (const Batch& batch : script.batches) {
    const auto run = [&] {
      for (const ScriptItem& item : batch.items) {
        step();
        if (const auto* statement = std::get_if<Statement>(&item.item)) {
          connection.execute(statement->sql, statement->parameters);
        } else if (const auto* procedure = std::get_if<Procedure>(&item.item)) {
          procedure->run(connection, memory);
        }
      }
      step();
    };
    if (!batch.transactional) {
      run();
      continue;
    }
    Transaction transaction(connection, sqlite::dialect().begin());
    run();
    transaction.commit();
  }
}

inline std::vector<PlannedStep> planned(const std::vector<Step>& steps) {
  std::vector<PlannedStep> result;
  for (const Step& step : steps) result.push_back(PlannedStep{step, result.size()});
  return result;
}

/// Script of `steps`, which start from `before`.
inline Script compiled(const Schema& before, const std::vector<Step>& steps, bool atomic = true) {
  return sqlite::dialect().render(sqlite::dialect().legalize(before, planned(steps)), atomic);
}

/// `before` with `steps` applied.
inline Schema after(Schema before, const std::vector<Step>& steps) {
  for (const Step& step : steps) apply_step(before, step);
  return before;
}

inline std::string shown(const Value& cell) {
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  if (const auto* number = std::get_if<std::int64_t>(&cell)) return std::to_string(*number);
  if (const auto* number = std::get_if<double>(&cell)) return Json::of(*number).text();
  if (const auto* bytes = std::get_if<Bytes>(&cell)) return "x" + to_hex(*bytes);
  return is_null(cell) ? "NULL" : "?";
}

/// The rows of a query, one line each, cells with `|` between them.
inline std::string rows_of(Connection& connection, const std::string& sql) {
  std::string text;
  for (const auto& row : connection.query(sql).rows) {
    for (std::size_t i = 0; i < row.size(); ++i) text += (i ? "|" : "") + shown(row[i]);
    text += "\n";
  }
  return text;
}

/// Everything the schema holds, as text.
inline std::string schema_text(Connection& connection) {
  return rows_of(connection, "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY 1, 2");
}

inline std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

}  // namespace turnstone::test
