#pragma once

#include "workspace.h"

#include <string>
#include <vector>

namespace turnstone::cli {

/// What one database of the project has applied.
struct DatabaseHistory {
  std::string database{};  ///< its name, without a password
  std::string url{};
  migrations::History history{};
};

/// The histories of every database the project knows: the chosen one (`choose_database`) first,
/// then the others of the project file. One that cannot be read is warned about, as `doubt` ("tell
/// whether a file is applied") cannot be told for it; one whose URL is not set here is passed over.
std::vector<DatabaseHistory> known_histories(Context& context, const Project& project,
                                             const std::string& doubt);

/// Throws Error{history} where a database has applied a migration before one it depends on. Asked
/// are the chosen database, and where apps say which ones they live in, all. One that cannot be
/// asked at once is warned about; none is made. `files` are those of the whole project,
/// and `graph` is theirs, without a history.
void check_histories(Context& context, const Project& project,
                     const std::vector<migrations::Migration>& files,
                     const migrations::Graph& graph);

/// The name of the first database that has applied `id`; empty when none has.
std::string database_with(const std::vector<DatabaseHistory>& histories,
                          const migrations::MigrationId& id);

}  // namespace turnstone::cli
