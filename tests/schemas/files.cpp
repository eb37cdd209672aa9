#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "schemas/definitions.h"

// The files of schemas/ say what the readers' tables say.

using namespace turnstone;

namespace {

std::string schema_file_text(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("the schemas of files are those of the readers' tables") {
  const char* source = std::getenv("TURNSTONE_SOURCE");
  REQUIRE(source);
  const std::pair<const char*, json::Tree> schemas[] = {{"project", test::project_schema()},
                                                        {"models", test::models_schema()},
                                                        {"migration", test::migration_schema()},
                                                        {"snapshot", test::snapshot_schema()}};
  for (const auto& entry : schemas) {
    const std::string name = entry.first;
    const std::filesystem::path file = std::filesystem::path(source) / "schemas" / (name + ".json");
    const std::string text = json::pretty(entry.second);
    if (std::getenv("TURNSTONE_UPDATE_GOLDEN")) std::ofstream(file, std::ios::binary) << text;
    CAPTURE(name);
    INFO("TURNSTONE_UPDATE_GOLDEN=1 ctest -R schemas rewrites it; then build again");
    CHECK(schema_file_text(file) == text);
  }
}
