#pragma once

// Internal: whole files as text.

#include <filesystem>
#include <optional>
#include <string>

namespace turnstone::migrations {

/// What the file holds; nothing when there is no such file. Throws Error{bad_file} where it can't
/// be read.
std::optional<std::string> read_text_file(const std::filesystem::path& file);

}  // namespace turnstone::migrations
