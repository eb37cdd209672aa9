#include <turnstone/error.h>

#include <charconv>

#include "json/tree.h"
#include "values/json_number.h"

namespace turnstone::json {
namespace {

bool is_continuation(unsigned char c) { return (c & 0xC0) == 0x80; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

void append_utf8(std::uint32_t point, std::string& out) {
  const auto byte = [&](std::uint32_t bits) { out += static_cast<char>(bits); };
  if (point < 0x80) {
    byte(point);
  } else if (point < 0x800) {
    byte(0xC0 | (point >> 6));
    byte(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    byte(0xE0 | (point >> 12));
    byte(0x80 | ((point >> 6) & 0x3F));
    byte(0x80 | (point & 0x3F));
  } else {
    byte(0xF0 | (point >> 18));
    byte(0x80 | ((point >> 12) & 0x3F));
    byte(0x80 | ((point >> 6) & 0x3F));
    byte(0x80 | (point & 0x3F));
  }
}

/// Reads one JSON text from left to right.
class Parser {
 public:
  Parser(const std::string& file, std::string_view text, Position start, bool exact)
      : file_(file), text_(text), start_(start), exact_(exact) {}

  Tree read() {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
    Tree tree = value(0);
    skip_blanks();
    if (at_ < text_.size()) fail("expected the end of the file, found " + found());
    return tree;
  }

 private:
  [[noreturn]] void fail(const std::string& message, const std::string& hint = {}) const {
    std::size_t line = start_.line;
    std::size_t column = start_.column;
    for (const char c : text_.substr(0, at_)) {
      if (c == '\n') {
        ++line;
        column = 1;
      } else if (!is_continuation(static_cast<unsigned char>(c))) {
        ++column;
      }
    }
    throw Error(ErrorKind::bad_file, message,
                file_ + ": line " + std::to_string(line) + ", column " + std::to_string(column),
                hint);
  }

  /// What stands here, for messages: a word, or one character.
  std::string found() const {
    if (at_ >= text_.size()) return "the end of the file";
    std::size_t end = at_;
    const auto word = [](char c) {
      return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    while (end < text_.size() && end - at_ < 20 && word(text_[end])) ++end;
    if (end == at_) end = at_ + utf8_length(text_.substr(at_));
    if (end == at_ || static_cast<unsigned char>(text_[at_]) < 0x20) return "a stray byte";
    return "\"" + std::string(text_.substr(at_, end - at_)) + "\"";
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }

  bool accept(char c) {
    skip_blanks();
    if (peek() != c) return false;
    ++at_;
    return true;
  }

  bool accept_word(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  Tree value(int depth) {
    skip_blanks();
    if (depth > max_depth) {
      fail("nested deeper than " + std::to_string(max_depth) + " levels");
    }
    switch (peek()) {
      case '{':
        return object(depth);
      case '[':
        return array(depth);
      case '"':
        return Tree(string());
      case 't':
        if (accept_word("true")) return Tree(true);
        break;
      case 'f':
        if (accept_word("false")) return Tree(false);
        break;
      case 'n':
        if (accept_word("null")) return Tree();
        break;
      default:
        if (peek() == '-' || is_digit(peek())) return number();
    }
    fail("expected a value, found " + found());
  }

  Tree object(int depth) {
    ++at_;
    Tree tree = Tree::object();
    auto& members = tree.get_ref<Tree::object_t&>();
    if (accept('}')) return tree;
    do {
      skip_blanks();
      const std::size_t start = at_;
      if (peek() != '"') fail("expected a key in double quotes, found " + found());
      std::string key = string();
      for (const auto& member : members) {
        if (member.first != key) continue;
        at_ = start;
        fail("the key \"" + key + "\" stands twice in one object", "take one of them out");
      }
      if (!accept(':')) fail("expected \":\" behind the key \"" + key + "\", found " + found());
      members.push_back({std::move(key), value(depth + 1)});
    } while (accept(','));
    if (!accept('}')) fail("expected \",\" or \"}\", found " + found());
    return tree;
  }

  Tree array(int depth) {
    ++at_;
    Tree tree = Tree::array();
    auto& items = tree.get_ref<Tree::array_t&>();
    if (accept(']')) return tree;
    do {
      items.push_back(value(depth + 1));
    } while (accept(','));
    if (!accept(']')) fail("expected \",\" or \"]\", found " + found());
    return tree;
  }

  Tree number() {
    const std::size_t start = at_;
    const auto digits = [&] {
      if (!is_digit(peek())) fail("expected a digit, found " + found());
      while (is_digit(peek())) ++at_;
    };
    const bool negative = peek() == '-';
    if (negative) ++at_;
    if (peek() == '0') {
      ++at_;
      if (is_digit(peek())) fail("a number cannot begin with 0");
    } else {
      digits();
    }
    bool whole = true;
    if (peek() == '.') {
      whole = false;
      ++at_;
      digits();
    }
    if (peek() == 'e' || peek() == 'E') {
      whole = false;
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      digits();
    }
    const char* const first = text_.data() + start;
    const char* const last = text_.data() + at_;
    if (whole) {
      std::int64_t small = 0;
      if (std::from_chars(first, last, small).ec == std::errc()) return Tree(small);
      std::uint64_t large = 0;
      if (!negative && std::from_chars(first, last, large).ec == std::errc()) return Tree(large);
    }
    double real = 0;
    if (std::from_chars(first, last, real).ec == std::errc()) {
      if (!exact_) return Tree(real);
      const std::string exact = json_number({first, last}, real);
      if (exact == Tree(real).dump()) return Tree(real);
      return Tree::binary({exact.begin(), exact.end()});
    }
    at_ = start;
    fail("the number is too large or too small");
  }

  std::string string() {
    ++at_;
    std::string out;
    for (;;) {
      const std::size_t start = at_;
      while (at_ < text_.size() && is_plain(static_cast<unsigned char>(text_[at_]))) ++at_;
      out.append(text_, start, at_ - start);
      if (at_ >= text_.size()) fail("the text in quotes has no end");
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return out;
      }
      if (c == '\\') {
        escape(out);
      } else if (static_cast<unsigned char>(c) < 0x20) {
        fail("a line break or control character inside of quotes", "write it as \\n or \\u0000");
      } else {
        const std::size_t length = utf8_length(text_.substr(at_));
        if (length == 0) fail("the text is not UTF-8");
        out.append(text_, at_, length);
        at_ += length;
      }
    }
  }
  static bool is_plain(unsigned char c) { return c >= 0x20 && c < 0x80 && c != '"' && c != '\\'; }

  void escape(std::string& out) {
    const std::size_t start = at_;
    ++at_;
    const char c = peek();
    ++at_;
    switch (c) {
      case '"':
      case '\\':
      case '/':
        out += c;
        return;
      case 'b':
        out += '\b';
        return;
      case 'f':
        out += '\f';
        return;
      case 'n':
        out += '\n';
        return;
      case 'r':
        out += '\r';
        return;
      case 't':
        out += '\t';
        return;
      case 'u':
        append_utf8(code_point(start), out);
        return;
      default:
        at_ = start;
        fail("unknown escape after \\");
    }
  }

  /// The four digits behind `\u`, and those of the second half of a pair.
  std::uint32_t code_point(std::size_t start) {
    const auto half = [&] {
      std::uint32_t point = 0;
      const char* const first = text_.data() + at_;
      const std::size_t size = std::min<std::size_t>(4, text_.size() - at_);
      const auto read = std::from_chars(first, first + size, point, 16);
      if (read.ec != std::errc() || read.ptr != first + 4) {
        at_ = start;
        fail("expected four hexadecimal digits behind \\u");
      }
      at_ += 4;
      return point;
    };
    const std::uint32_t high = half();
    if (high < 0xD800 || high > 0xDFFF) return high;
    if (high < 0xDC00 && accept_word("\\u")) {
      const std::uint32_t low = half();
      if (low >= 0xDC00 && low <= 0xDFFF) {
        return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
      }
    }
    at_ = start;
    fail("half of a surrogate pair");
  }

  const std::string& file_;
  std::string_view text_;
  Position start_;
  bool exact_;
  std::size_t at_ = 0;
};

}  // namespace

std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(byte(i))) return 0;
  }
  // Overlong forms, surrogates and what lies behind the last character.
  const bool wrong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F) ||
                     (first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F);
  return wrong ? 0 : length;
}

Tree parse(const std::string& file, std::string_view text, Position start) {
  return Parser(file, text, start, false).read();
}

Tree parse_exactly(const std::string& file, std::string_view text, Position start) {
  return Parser(file, text, start, true).read();
}

std::string exact_text(const Tree& tree, int indent) {
  if (tree.is_binary()) {
    const auto& digits = tree.get_binary();
    return {digits.begin(), digits.end()};
  }
  if (!tree.is_structured() || tree.empty()) return tree.dump();
  const auto one_deeper = [&](const Tree& item) {
    std::string text = exact_text(item, indent);
    if (indent == 0 || !item.is_structured()) return text;
    const std::string margin(static_cast<std::size_t>(indent), ' ');
    for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 1)) {
      text.insert(at + 1, margin);
    }
    return text;
  };
  const std::string line = indent == 0 ? "" : "\n" + std::string(std::size_t(indent), ' ');
  std::string text;
  if (tree.is_object()) {
    for (const auto& [key, value] : tree.get_ref<const Tree::object_t&>()) {
      text += (text.empty() ? "" : ",") + line + Tree(key).dump() + (indent == 0 ? ":" : ": ") +
              one_deeper(value);
    }
  } else {
    for (const Tree& item : tree) text += (text.empty() ? "" : ",") + line + one_deeper(item);
  }
  if (indent > 0) text += "\n";
  return tree.is_object() ? "{" + text + "}" : "[" + text + "]";
}

}  // namespace turnstone::json
