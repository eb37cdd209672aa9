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

/// The name of the first database that has applied `id`; empty when none has.
std::string database_with(const std::vector<DatabaseHistory>& histories,
                          const migrations::MigrationId& id);

}  // namespace turnstone::cli
