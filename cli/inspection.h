#pragma once

#include "database_state.h"

#include <turnstone/db/dialect.h>
#include <turnstone/schema/differences.h>
#include <turnstone/schema/inspect.h>

#include <set>
#include <string>
#include <vector>

namespace turnstone::cli {

/// A database that is looked at, with or without a project around it. `wanted` is an alias or URL;
/// empty: what `--database` and its kin mean. A URL needs no project.
RowsDatabase open_live(Context& context, const std::string& wanted = {});

/// True where `pattern`, a name or one with * and ?, means `table`; its schema may be left out.
bool table_matches(const std::string& pattern, const std::string& table);

/// Which tables are meant.
struct TableChoice {
  std::vector<std::string> patterns{};  ///< names, or with * and ?; none: all
  bool views = false;
  std::string schema{};                     ///< of PostgreSQL; empty: those on the search path
  std::vector<std::string> more_schemas{};  ///< beside those on the search path
};
/// What is there, as it was at one moment.
struct LiveSchema {
  Schema tables{};                        ///< views among them, where they were asked for
  std::vector<std::string> views{};       ///< names
  std::vector<DatabaseObject> objects{};  ///< what models have no word for
};
/// Throws Error{usage} for a pattern without a table.
LiveSchema read_live(const RowsDatabase& database, const TableChoice& choice);

/// What is wanted in a database, and what is not looked at.
struct WantedSchema {
  Schema schema{};
  std::set<std::string> ignored{};  ///< tables of unmanaged models
  bool whole = false;  ///< of another database: what models have no word for counts too
};
/// What the models of a state make there.
WantedSchema wanted_schema(const ProjectState& state, const Dialect& dialect);

/// In what a live database is not as it should be.
struct Drift {
  std::vector<SchemaDifference> differences{};
  Schema live{};                         ///< what is there
  Schema wanted{};                       ///< what should be
  std::vector<DatabaseObject> beside{};  ///< parts of tables that models have no word for
};
/// Expressions are compared after the database has spelled both.
Drift drift_of(Connection& connection, const Backend& backend, const Schema& live,
               const WantedSchema& wanted);
/// What is wanted, with the text of the live database for each part in which the two do not differ:
/// what is compared with it anew differs in nothing else.
Schema aligned(const Drift& drift);
/// Of the tables of models alone; others may be somebody else's.
Drift drift_of_models(Connection& connection, const Backend& backend, const ProjectState& state);

/// SQL that makes `after` of `before`, with a comment above each statement's table where rows are
/// read; empty where nothing can or need be done.
std::string sql_between(const Schema& before, const Schema& after, const Dialect& dialect);

/// The statements of that alone. Requires: the database alters tables in place.
std::vector<Sql> statements_between(const Schema& before, const Schema& after,
                                    const Dialect& dialect);

/// Models for what is there.
struct Inspection {
  InspectedModels inspected{};
  std::string file{};                         ///< `models.json` of them
  FinishedModels finished{};                  ///< the same, checked
  std::vector<SchemaDifference> unsayable{};  ///< between what is there and what the models make
};
Inspection inspect_live(const RowsDatabase& database, const LiveSchema& live,
                        const std::string& app);

}  // namespace turnstone::cli
