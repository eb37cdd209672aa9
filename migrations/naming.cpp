#include <turnstone/migrations/autodetector.h>

#include <algorithm>

namespace turnstone::migrations {
namespace {

constexpr std::size_t longest_joined_name = 52;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// Runs of anything else become one `_`.
std::string words(const std::string& text) {
  std::string result;
  bool gap = false;
  for (const char c : text) {
    if (is_word(c)) {
      result += c;
    } else if (!gap) {
      result += '_';
    }
    gap = !is_word(c);
  }
  return result;
}

}  // namespace

std::string suggested_name(const Operations& operations, bool initial,
                           const std::string& timestamp) {
  if (initial) return "initial";
  std::vector<std::string> fragments;
  for (const Operation& operation : operations) {
    const std::optional<std::string> fragment = name_fragment(operation);
    if (!fragment || fragment->empty()) return "auto_" + timestamp;
    fragments.push_back(words(*fragment));
  }
  if (fragments.empty()) return "auto_" + timestamp;
  std::string name = fragments.front();
  for (std::size_t i = 1; i < fragments.size(); ++i) {
    const std::string longer = name + "_" + fragments[i];
    if (longer.size() > longest_joined_name) return name + "_and_more";
    name = longer;
  }
  return name;
}

std::optional<int> migration_number(std::string_view name) {
  constexpr std::string_view squashed = "_squashed_";
  if (const std::size_t at = name.find(squashed); at != std::string_view::npos) {
    if (const auto number = migration_number(name.substr(at + squashed.size()))) return number;
  }
  constexpr std::size_t longest = 9;
  std::size_t digits = 0;
  int number = 0;
  while (digits < name.size() && digits < longest && name[digits] >= '0' && name[digits] <= '9') {
    number = number * 10 + (name[digits++] - '0');
  }
  if (digits == 0) return std::nullopt;
  return number;
}

}  // namespace turnstone::migrations
