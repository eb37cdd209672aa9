#include "postgresql/json_items.h"

namespace turnstone::postgresql {
namespace {

/// What stands between the outer brackets of canonical JSON, cut at the separators that belong to
/// them: commas of an array, commas and colons of an object.
std::vector<std::string> parts(const std::string& text, bool object) {
  std::vector<std::string> result;
  int depth = 0;
  std::size_t start = 1;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      while (text[++i] != '"') {
        if (text[i] == '\\') ++i;
      }
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if (c == ']' || c == '}') {
      --depth;
    } else if (depth == 0 && (c == ',' || (object && c == ':'))) {
      result.push_back(text.substr(start, i - start));
      start = i + 1;
    }
  }
  if (text.size() > 2) result.push_back(text.substr(start, text.size() - 1 - start));
  return result;
}

}  // namespace

std::vector<Json> json_items(const Json& array) {
  std::vector<Json> items;
  for (std::string& part : parts(array.text(), false)) {
    items.push_back(Json::from_canonical(std::move(part)));
  }
  return items;
}

std::vector<std::pair<std::string, Json>> json_members(const Json& object) {
  const std::vector<std::string> all = parts(object.text(), true);
  std::vector<std::pair<std::string, Json>> members;
  for (std::size_t i = 0; i + 1 < all.size(); i += 2) {
    members.emplace_back(Json::from_canonical(all[i]).as_string(),
                         Json::from_canonical(all[i + 1]));
  }
  return members;
}

}  // namespace turnstone::postgresql
