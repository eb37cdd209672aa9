#pragma once

#include <turnstone/migrations/executor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What the executor alone needs of the tool's own tables.
namespace turnstone::migrations {

/// This version of Turnstone: `0.3.0`.
std::string_view own_version();

namespace recorder {

/// Migrations whose rows come, or go, with that of `migration`; itself last.
std::vector<MigrationId> recorded_ids(const Migration& migration, bool backwards);
/// Makes the tool's own tables, each statement only where there is nothing of that name yet.
std::vector<Statement> tables_where_missing(const Dialect& dialect);
/// A column that the history of an older version lacks.
struct LaterColumn {
  std::string name{};
  Statement add{};
};
/// Those this history lacks. Requires: the table is there.
std::vector<LaterColumn> missing_columns(Connection& connection, const Dialect& dialect);
/// Says in the row of `migration` how long it ran: `took` is SQL.
Statement set_duration(const Migration& migration, const Sql& took, const Dialect& dialect);
Statement delete_rows(const std::vector<MigrationId>& ids, const Dialect& dialect);
Statement update_digest(const Migration& migration, const Dialect& dialect);

}  // namespace recorder

/// `turnstone_journal`: how far a migration that cannot be atomic has come. One row for a migration
/// and direction, gone once the migration is recorded.
namespace journal {

struct Position {
  std::size_t done = 0;  ///< items of the script, counted over all batches
  std::string digest{};  ///< over those items
};
/// A migration that was done in part.
struct Entry {
  MigrationId id{};
  bool backwards = false;
};
/// Requires: the table is there.
std::vector<Entry> read_all(Connection& connection);
std::optional<Position> read(Connection& connection, const MigrationId& id, bool backwards,
                             const Dialect& dialect);
Statement write(const MigrationId& id, bool backwards, const Position& position,
                const Dialect& dialect);
/// Both directions.
Statement clear(const MigrationId& id, const Dialect& dialect);

}  // namespace journal
}  // namespace turnstone::migrations
