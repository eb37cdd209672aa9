#pragma once

#include "workspace.h"

#include <turnstone/db/dialect.h>
#include <turnstone/migrations/fixtures.h>

#include <memory>
#include <string>
#include <vector>

namespace turnstone::cli {

/// A database whose rows a command works with, and the project as it sees it.
struct RowsDatabase {
  Project project{};
  ChosenDatabase chosen{};
  const Backend* backend = nullptr;
  std::unique_ptr<Connection> connection{};
};
RowsDatabase open_rows(Context& context);

/// What a database has: the models after the migrations that are applied, and those that are not.
struct DatabaseState {
  ProjectState state{};
  std::vector<migrations::MigrationId> pending{};  ///< in the order they would be applied
};
/// Of the project's migrations; reads it within the transaction that is open.
migrations::History history_of(const RowsDatabase& database);
/// The same by files and history that are read already; `files` are those of `project`.
DatabaseState state_of(const Project& project, const std::vector<migrations::Migration>& files,
                       const migrations::History& history);
/// Reads the history within the transaction that is open.
DatabaseState state_of(const RowsDatabase& database);

/// Throws Error{history} that names the first migration of `apps` that is not applied; none given:
/// of any app. Rows have the form of the files only where all is applied.
void refuse_pending(const Context& context, const RowsDatabase& database,
                    const DatabaseState& state, const std::vector<std::string>& apps);

/// `written` as the list of a document.
Document document_of(const std::vector<migrations::ModelRows>& rows);

}  // namespace turnstone::cli
