#pragma once

#include <turnstone/db/dialect.h>

#include <filesystem>
#include <string>

namespace turnstone::bench {

/// Writes a project of ten apps with `models` models and `migrations` migrations in all (at least
/// as many as models): each migration makes one model or adds one field. Model files and snapshots
/// are those of the end, so that `makemigrations` finds nothing to do.
void write_project(const std::filesystem::path& folder, int models, int migrations);

/// The SQL of all its migrations in order, as `migrate` runs it: one transaction each, history rows
/// included, the history table first. For `sqlite3` or `psql`.
std::string project_script(const std::filesystem::path& folder, const Dialect& dialect);

/// Reads every file that `makemigrations` needs and parses it; what its time is compared to.
/// Gives the number of bytes.
std::size_t read_and_parse(const std::filesystem::path& folder);

}  // namespace turnstone::bench
