#pragma once

#include <turnstone/drivers/open.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turnstone::cli {

using Environment = std::map<std::string, std::string>;

/// An app as the project file has it. Paths are absolute.
struct ProjectApp {
  std::string label{};
  std::filesystem::path models{};  ///< of the stand-alone program
  bool models_given = false;
  std::filesystem::path migrations{};
  bool migrations_given = false;
  std::string default_auto_field{};  ///< empty: the project's
};

/// A database as the project file has it: `${NAME}` is still in it, so that an unset variable
/// matters only to who uses that database.
struct ProjectDatabase {
  std::string alias{};
  std::string url{};
  std::string lock_timeout{};
  std::string statement_timeout{};
  bool online = false;
  std::string where{};  ///< file and pointer, for messages
};

/// `turnstone.json`; `formats.md` §2.
struct Project {
  std::filesystem::path root{};
  std::filesystem::path file{};    ///< empty where there is none
  std::vector<ProjectApp> apps{};  ///< sorted by label
  std::vector<ProjectDatabase> databases{};
  std::string default_auto_field{};  ///< empty: `BigAutoField`

  const ProjectApp* find_app(std::string_view label) const;
  const ProjectDatabase* find_database(std::string_view alias) const;
  std::vector<std::string> labels() const;
};

/// Reads the text of a project file. `models_allowed` is false in a `manage`.
/// Throws Error{bad_file} with file and JSON pointer.
Project read_project(const std::filesystem::path& file, std::string_view text,
                     const Environment& environment, bool models_allowed);
/// An app with the places it has unless told otherwise.
ProjectApp default_app(const std::filesystem::path& root, const std::string& label);
/// The project file in `folder` or the nearest folder above it.
std::optional<std::filesystem::path> find_project_file(const std::filesystem::path& folder);

/// `${NAME}` replaced by what the environment holds. Throws Error{bad_file} at `where` for an unset
/// or misspelled one.
std::string expanded(const std::string& text, const Environment& environment,
                     const std::string& where);

/// A database to work with.
struct ChosenDatabase {
  std::string alias{};  ///< empty for a URL given directly
  std::string url{};
  ConnectOptions options{};
  /// The alias, or the URL without its password.
  std::string name() const;
};
/// `wanted` (alias or URL), else DATABASE_URL, else the alias `default`. Throws Error{usage}.
ChosenDatabase choose_database(const Project& project, const std::string& wanted,
                               const Environment& environment);

/// True for a number with a unit PostgreSQL knows (`500ms`, `2s`, `1min`), or a plain `0`.
bool is_timeout(std::string_view text);
/// True for letters, digits and `_`, not beginning with a digit.
bool is_identifier(std::string_view text);

}  // namespace turnstone::cli
