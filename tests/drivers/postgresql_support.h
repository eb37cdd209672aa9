#pragma once

#include <turnstone/drivers/open.h>
#include <turnstone/schema/script.h>
#include <turnstone/schema/step.h>

#include <algorithm>
#include <string>
#include <vector>

#include "support/databases.h"

namespace turnstone::test {

/// False, after saying so, where no test server is known.
inline bool has_postgresql() {
  const std::vector<std::string> all = test_dialects();
  return std::find(all.begin(), all.end(), "postgresql") != all.end();
}

/// One database for many cases, emptied each time: much cheaper than one for each. For cases that
/// stay in the schema `public`.
inline const ScratchDatabase& clean_database() {
  static ScratchDatabase database("postgresql");
  database.clear();
  return database;
}

inline const Dialect& postgresql() { return dialect_for("postgresql"); }

/// Steps of one operation, or each of its own.
inline std::vector<PlannedStep> planned(std::vector<Step> steps) {
  std::vector<PlannedStep> result;
  result.reserve(steps.size());
  for (Step& step : steps) result.push_back({std::move(step), 0});
  return result;
}
inline std::vector<PlannedStep> planned_apart(std::vector<Step> steps) {
  std::vector<PlannedStep> result;
  result.reserve(steps.size());
  for (Step& step : steps) result.push_back({std::move(step), result.size()});
  return result;
}

inline std::vector<std::string> statements(const Script& script) {
  std::vector<std::string> result;
  for (const Batch& batch : script.batches) {
    for (const ScriptItem& item : batch.items) {
      if (const auto* statement = std::get_if<Statement>(&item.item)) {
        result.push_back(statement->sql);
      } else if (const auto* call = std::get_if<CodeCall>(&item.item)) {
        result.push_back("run " + call->function);
      } else {
        result.push_back("procedure");
      }
    }
  }
  return result;
}

/// Runs a script as the executor does, without code.
inline void run(Connection& connection, const Script& script) {
  for (const Batch& batch : script.batches) {
    if (batch.transactional) connection.execute("BEGIN");
    Procedure::Memory memory;
    for (const ScriptItem& item : batch.items) {
      if (const auto* statement = std::get_if<Statement>(&item.item)) {
        if (statement->parameters.empty()) {
          connection.execute(statement->sql);
        } else {
          connection.execute(statement->sql, statement->parameters);
        }
      } else if (const auto* procedure = std::get_if<Procedure>(&item.item)) {
        procedure->run(connection, memory);
      }
    }
    if (batch.transactional) connection.execute("COMMIT");
  }
}

/// Legalizes, renders and runs `steps`; `schema` moves behind them.
inline void change(Connection& connection, Schema& schema, std::vector<PlannedStep> steps,
                   bool atomic = true) {
  steps = postgresql().legalize(schema, std::move(steps));
  run(connection, postgresql().render(steps, atomic));
  for (const PlannedStep& planned : steps) apply_step(schema, planned.step);
}

inline Column column(const std::string& name, const std::string& type, bool nullable = false) {
  return Column{.name = name, .type = type, .nullable = nullable};
}

/// A table with an identity column `id` as its primary key and the columns given.
inline Table table(const std::string& name, const std::vector<Column>& columns) {
  Table result{.name = name};
  result.columns.push_back(
      Column{.name = "id", .type = "bigint", .identity = Column::Identity::by_default});
  result.columns.insert(result.columns.end(), columns.begin(), columns.end());
  result.primary_key = Key{.name = name + "_pk", .columns = {"id"}};
  return result;
}

inline ForeignKeyConstraint foreign_key(const std::string& name, const std::string& from_column,
                                        const std::string& target) {
  return ForeignKeyConstraint{
      .name = name, .columns = {from_column}, .target_table = target, .target_columns = {"id"}};
}

/// What the live database and `schema` differ in, one line each.
inline std::string drift(const ScratchDatabase& database, Connection& connection,
                         const Schema& schema) {
  std::string lines;
  for (const std::string& line :
       schema_differences(database.backend().introspect(connection),
                          database.backend().normalised(connection, schema))) {
    lines += line + "\n";
  }
  return lines;
}

}  // namespace turnstone::test
