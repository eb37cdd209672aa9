#pragma once

#include <filesystem>
#include <string>

namespace turnstone::bench {

/// SQL of 1,000 tables with 10 columns each, keys between them, indexes and checks.
std::string large_schema_sql(const std::string& dialect);

/// Asks the catalogue of the database for tables, columns, constraints and indexes, and drops the
/// answers. Gives the number of rows.
std::size_t read_catalogue(const std::string& url, const std::filesystem::path& folder);

}  // namespace turnstone::bench
