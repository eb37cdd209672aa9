#include <turnstone/identifier.h>

namespace turnstone {
namespace {

std::string quoted(std::string_view text, char quote) {
  std::string result(1, quote);
  for (const char c : text) {
    if (c == quote) result += quote;
    result += c;
  }
  return result + quote;
}

}  // namespace

std::string quote_identifier(std::string_view name) { return quoted(name, '"'); }

std::string quote_identifiers(const std::vector<std::string>& names) {
  std::string result;
  for (const std::string& name : names) {
    if (!result.empty()) result += ", ";
    result += quote_identifier(name);
  }
  return result;
}

std::string quote_literal(std::string_view text) { return quoted(text, '\''); }

std::string lower_case(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

std::string join(const std::vector<std::string>& items, std::string_view separator) {
  std::string result;
  for (const std::string& item : items) {
    if (&item != &items.front()) result += separator;
    result += item;
  }
  return result;
}

std::string with_article(std::string_view name) {
  const bool vowel = std::string_view("AEIOaeio").find(name.substr(0, 1)) != std::string_view::npos;
  return (vowel && !name.empty() ? "an " : "a ") + std::string(name);
}

}  // namespace turnstone
