#pragma once

// Internal: what migration files and snapshots have in common; `formats.md` §4–5.

#include "json/tree.h"

#include <filesystem>
#include <string>

namespace turnstone::migrations {

/// The one version there is, in the key `turnstone` of every file.
inline constexpr int format_version = 1;

/// `text` as JSON; a merge that was left in conflict is named as such.
json::Tree parse_file(const std::filesystem::path& file, const std::string& text);

/// Comes before any other check: a newer format may have other keys.
void check_format_version(const json::Node& root);

}  // namespace turnstone::migrations
