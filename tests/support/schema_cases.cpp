#include "support/schema_cases.h"

#include <turnstone/values.h>

#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace turnstone::test {

void keep_schema_case(const std::string& kind, bool accepted, const std::string& label,
                      const std::string& text) {
  const char* root = std::getenv("TURNSTONE_SCHEMA_CASES");
  if (!root) return;
  const auto folder = std::filesystem::path(root) / kind / (accepted ? "accepted" : "refused");
  std::filesystem::create_directories(folder);
  std::string name;
  for (const char c : label.substr(0, 80)) {
    name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  }
  std::ofstream(folder / (name + "-" + sha256_hex(text).substr(0, 6) + ".json"), std::ios::binary)
      << text;
}

}  // namespace turnstone::test
