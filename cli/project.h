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
  std::string default_auto_field{};      ///< empty: the project's
  std::vector<std::string> databases{};  ///< aliases of those it lives in; none given: in all
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
  /// Of a project as one of its databases sees it (`project_on`): the apps that live in others,
  /// sorted by label, and the database.
  std::vector<ProjectApp> elsewhere{};
  std::string seen_from{};

  const ProjectApp* find_app(std::string_view label) const;
  const ProjectDatabase* find_database(std::string_view alias) const;
  std::vector<std::string> labels() const;
  std::vector<std::string> aliases() const;  ///< of its databases
  /// The same with the apps of all databases.
  Project whole() const;
};

/// True when `app` lives in the database `alias`.
bool lives_in(const ProjectApp& app, std::string_view alias);
/// Where `app` lives, for messages and checks: aliases, in the order of the project.
std::vector<std::string> homes_of(const Project& project, const ProjectApp& app);

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
  /// The alias whose apps it holds. A URL that no database of the project has stands in place of
  /// `default`.
  std::string route = "default";
  std::string url{};
  ConnectOptions options{};
  /// The alias, or the URL without its password.
  std::string name() const;
};
/// `wanted` (alias or URL), else DATABASE_URL, else the alias `default`. Throws Error{usage}.
ChosenDatabase choose_database(const Project& project, const std::string& wanted,
                               const Environment& environment);

/// `project` with the apps alone that live in `database`; the others are `elsewhere`.
Project project_on(const Project& project, const ChosenDatabase& database);
/// The file a `sqlite:///…` URL means, seen from `root`; empty for anything else.
std::filesystem::path database_file(const std::string& url, const std::filesystem::path& root);

/// True for a number with a unit PostgreSQL knows (`500ms`, `2s`, `1min`), or a plain `0`.
bool is_timeout(std::string_view text);
/// True for letters, digits and `_`, not beginning with a digit.
bool is_identifier(std::string_view text);

}  // namespace turnstone::cli
