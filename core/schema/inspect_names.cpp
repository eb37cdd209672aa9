#include "schema/inspect_names.h"

#include <turnstone/identifier.h>
#include <turnstone/schema/naming.h>

#include <cctype>
#include <string_view>

namespace turnstone {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Latin letters with marks, as people write them without: U+00C0 to U+017F in order, two letters
/// where one is not enough.
std::string without_mark(unsigned code) {
  static const char* const first[] = {
      "A", "A", "A", "A", "Ae", "A", "Ae", "C", "E", "E", "E", "E", "I",  "I", "I",  "I",
      "D", "N", "O", "O", "O",  "O", "Oe", "_", "O", "U", "U", "U", "Ue", "Y", "Th", "ss",
      "a", "a", "a", "a", "ae", "a", "ae", "c", "e", "e", "e", "e", "i",  "i", "i",  "i",
      "d", "n", "o", "o", "o",  "o", "oe", "_", "o", "u", "u", "u", "ue", "y", "th", "y"};
  static const std::string_view second =
      "AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIiJjJjKkkLlLlLlLlLlNnNnNnnNnOoOoOoOoRrRrRrSs"
      "SsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";
  if (code >= 0xC0 && code < 0x100) return first[code - 0xC0];
  if (code >= 0x100 && code - 0x100 < second.size()) return {second[code - 0x100]};
  return "_";
}

/// `text` with ASCII letters, digits and _ alone: one _ for each other character.
std::string plain_letters(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      plain += is_letter(text[i]) || is_digit(text[i]) ? text[i] : '_';
    } else if (byte >= 0xC3 && byte <= 0xC5 && i + 1 < text.size()) {
      plain += without_mark(((byte & 0x1FU) << 6) | (static_cast<unsigned char>(text[++i]) & 0x3F));
    } else if (byte >= 0xC0) {
      plain += '_';  // the first byte of a character; the others say nothing
    }
  }
  return plain;
}

/// Words that cannot be the name of a member, and names that mean something to queries.
bool is_reserved(const std::string& name) {
  static const std::set<std::string> words = {
      "alignas",  "alignof",  "and",     "and_eq",    "as",        "asm",       "assert",
      "async",    "auto",     "await",   "bitand",    "bitor",     "bool",      "break",
      "case",     "catch",    "char",    "class",     "co_await",  "co_return", "co_yield",
      "compl",    "concept",  "const",   "consteval", "constexpr", "constinit", "continue",
      "decltype", "def",      "default", "del",       "delete",    "describe",  "do",
      "double",   "elif",     "else",    "enum",      "except",    "explicit",  "export",
      "extern",   "false",    "finally", "float",     "for",       "friend",    "from",
      "global",   "goto",     "if",      "import",    "in",        "inline",    "int",
      "is",       "lambda",   "long",    "mutable",   "namespace", "new",       "noexcept",
      "nonlocal", "not",      "not_eq",  "nullptr",   "operator",  "or",        "or_eq",
      "pass",     "pk",       "private", "protected", "public",    "raise",     "register",
      "requires", "return",   "short",   "signed",    "sizeof",    "static",    "struct",
      "switch",   "template", "this",    "throw",     "true",      "try",       "typedef",
      "typeid",   "typename", "union",   "unsigned",  "using",     "virtual",   "void",
      "volatile", "while",    "with",    "xor",       "xor_eq",    "yield"};
  return words.contains(name);
}

std::string numbered(const std::string& name, const std::set<std::string>& taken,
                     const std::string& separator) {
  if (!taken.contains(lower_case(name))) return name;
  for (int number = 1;; ++number) {
    std::string other = name + separator + std::to_string(number);
    if (!taken.contains(lower_case(other))) return other;
  }
}

}  // namespace

std::string field_name_for(const std::string& column, bool relation,
                           const std::set<std::string>& taken) {
  std::string name = lower_case(column);
  if (relation && name.size() > 3 && name.ends_with("_id")) name.resize(name.size() - 3);
  name = lower_case(plain_letters(name));
  for (std::size_t at = 0; (at = name.find("__")) != std::string::npos;) name.erase(at, 1);
  if (name.starts_with("_")) name = "field" + name;
  if (name.ends_with("_")) name += "field";
  if (name.empty()) name = "field";
  if (is_reserved(name)) name += "_field";
  if (is_digit(name.front())) name = "number_" + name;
  return numbered(name, taken, "_");
}

std::string model_name_for(const std::string& table, const std::string& app,
                           const std::set<std::string>& taken) {
  std::string bare(bare_table_name(table));
  const std::string prefix = lower_case(app) + "_";
  if (lower_case(bare).starts_with(prefix) && bare.size() > prefix.size()) {
    bare.erase(0, prefix.size());
  }
  std::string name;
  bool begins = true;
  for (const char c : plain_letters(bare)) {
    if (c == '_') {
      begins = true;
      continue;
    }
    name += begins ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    begins = false;
  }
  // A name in capitals alone shouts.
  if (name == plain_letters(bare) && lower_case(name) != name && name.size() > 1 &&
      name.find_first_of("abcdefghijklmnopqrstuvwxyz") == std::string::npos) {
    name = name.substr(0, 1) + lower_case(name.substr(1));
  }
  if (name.empty() || is_digit(name.front())) name = "Table" + name;
  if (is_reserved(name)) name += "Model";
  return numbered(name, taken, "");
}

}  // namespace turnstone
