#include "migration_format.h"

#include <turnstone/error.h>

namespace turnstone::migrations {

json::Tree parse_file(const std::filesystem::path& file, const std::string& text) {
  try {
    return json::parse(file.string(), text);
  } catch (Error& error) {
    if (text.starts_with("<<<<<<< ") || text.find("\n<<<<<<< ") != std::string::npos) {
      error.advise("the file holds conflict marks of a merge: settle it, for a snapshot with " +
                   std::string("makemigrations --merge"));
    }
    throw;
  }
}

void check_format_version(const json::Node& root) {
  if (!root.is_object()) root.expected("an object");
  const json::Node version = root.at("turnstone");
  const int number = version.integer();
  if (number == format_version) return;
  version.fail(
      "format version " + std::to_string(number) + " is not known, expected " +
          std::to_string(format_version),
      number > format_version ? "a newer turnstone wrote this file: upgrade this one" : "");
}

}  // namespace turnstone::migrations
