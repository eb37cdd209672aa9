#include <turnstone/identifier.h>
#include <turnstone/schema/spelling.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>
#include <vector>

namespace turnstone {
namespace {

bool is_operator(char c) {
  return std::string_view("<>=!~*/%|&^#@?+-:").find(c) != std::string_view::npos;
}

/// A name that means the same without quotes.
bool is_simple(const std::string& name) {
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name.front()))) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return is_word_character(c) && c != '$' && !std::isupper(static_cast<unsigned char>(c)) &&
           static_cast<unsigned char>(c) < 0x80;
  });
}

class Words {
 public:
  Words(const Sql& sql, Quotes quotes) : sql_(sql), quotes_(quotes) {}

  std::vector<std::string> run() {
    std::vector<std::string> words;
    while (more()) words.push_back(next());
    return words;
  }

 private:
  bool at(std::string_view text) const { return sql_.compare(at_, text.size(), text) == 0; }

  bool more() {
    at_ = skip_blanks(sql_, at_);
    return at_ < sql_.size();
  }

  std::string next() {
    const char c = sql_[at_];
    if (c == '\'') return quote_literal(quoted('\''));
    if (c == '"') return name(quoted('"'));
    if (quotes_ == Quotes::sqlite && c == '`') return name(quoted('`'));
    if (quotes_ == Quotes::sqlite && c == '[') return name(quoted(']'));
    if (is_operator(c)) {
      std::string word;
      while (at_ < sql_.size() && is_operator(sql_[at_]) && !at("--") && !at("/*")) {
        word += sql_[at_++];
      }
      return word == "!=" ? "<>" : word;
    }
    if (!is_word_character(c)) return std::string(1, sql_[at_++]);
    std::string word;
    while (at_ < sql_.size() && is_word_character(sql_[at_])) word += sql_[at_++];
    return lower_case(word);
  }

  std::string name(const std::string& text) const {
    const std::string folded = quotes_ == Quotes::sqlite ? lower_case(text) : text;
    return is_simple(folded) ? folded : quote_identifier(folded);
  }

  std::string quoted(char close) {
    std::string text;
    for (++at_; at_ < sql_.size(); ++at_) {
      if (sql_[at_] == close) {
        const bool doubled = close != ']' && at_ + 1 < sql_.size() && sql_[at_ + 1] == close;
        if (!doubled) break;
        ++at_;
      }
      text += sql_[at_];
    }
    at_ = std::min(at_ + 1, sql_.size());
    return text;
  }

  const Sql& sql_;
  Quotes quotes_;
  std::size_t at_ = 0;
};

/// True where the first parenthesis is closed by the last one.
bool is_enclosed(const std::vector<std::string>& words) {
  if (words.size() < 2 || words.front() != "(" || words.back() != ")") return false;
  int depth = 0;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == "(") ++depth;
    if (words[i] == ")") --depth;
    if (depth == 0) return false;
  }
  return true;
}

/// Takes parentheses away that AND, OR and comparisons do not need: whose place in an expression
/// says the same without them.
class NeedlessParentheses {
 public:
  explicit NeedlessParentheses(std::vector<std::string> words) : words_(std::move(words)) {}

  std::vector<std::string> run() {
    for (std::size_t open = 0; open < words_.size();) {
      const std::size_t close = words_[open] == "(" ? closing(open) : words_.size();
      if (close < words_.size() && needless(open, close)) {
        words_.erase(words_.begin() + static_cast<std::ptrdiff_t>(close));
        words_.erase(words_.begin() + static_cast<std::ptrdiff_t>(open));
      } else {
        ++open;
      }
    }
    return std::move(words_);
  }

 private:
  /// What holds the words between two parentheses together, the loosest first.
  enum class Bond { disjunction, conjunction, tighter };

  std::size_t closing(std::size_t open) const {
    int depth = 0;
    for (std::size_t i = open; i < words_.size(); ++i) {
      if (words_[i] == "(") ++depth;
      if (words_[i] == ")" && --depth == 0) return i;
    }
    return words_.size();
  }

  bool needless(std::size_t open, std::size_t close) const {
    const std::string before = open == 0 ? "(" : words_[open - 1];
    const std::string after = close + 1 == words_.size() ? ")" : words_[close + 1];
    if (close == open + 2 && stands_before_operand(before)) return true;
    const std::optional<Bond> bond = bond_between(open, close);
    if (!bond) return false;
    const bool begins = before == "(" || before == "," || before == "where" || before == "having";
    const bool ends = after == ")" || after == ",";
    const bool conjunct = *bond != Bond::disjunction;
    return (begins || before == "or" || (before == "and" && conjunct && !in_between(open))) &&
           (ends || after == "or" || (after == "and" && conjunct));
  }
  static bool stands_before_operand(const std::string& word) {
    static const std::vector<std::string> words = {"and", "or", "not", "(", ","};
    return is_operator(word.front()) || std::find(words.begin(), words.end(), word) != words.end();
  }

  /// Nothing for what is no single expression, or holds more than operators.
  std::optional<Bond> bond_between(std::size_t open, std::size_t close) const {
    Bond bond = Bond::tighter;
    int depth = 0;
    for (std::size_t i = open + 1; i < close; ++i) {
      const std::string& word = words_[i];
      if (word == "(") ++depth;
      if (word == ")") --depth;
      if (depth > 0) continue;
      if (word == "," || word == "case" || word == "select" || word == "between") return {};
      if (word == "or") bond = Bond::disjunction;
      if (word == "and" && bond != Bond::disjunction) bond = Bond::conjunction;
    }
    return close == open + 1 ? std::nullopt : std::optional<Bond>(bond);
  }

  /// True where the AND before `open` may belong to a BETWEEN.
  bool in_between(std::size_t open) const {
    return std::find(words_.begin(), words_.begin() + static_cast<std::ptrdiff_t>(open),
                     "between") != words_.begin() + static_cast<std::ptrdiff_t>(open);
  }

  std::vector<std::string> words_;
};

/// `words` in one line, with blanks where people put them.
std::string in_one_line(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const std::string before = i == 0 ? std::string{} : words[i - 1];
    const bool call = word == "(" && !before.empty() && is_word_character(before.back());
    const bool tight = i == 0 || call || word == ")" || word == "," || word == "::" ||
                       word == "." || word == "[" || word == "]" || before == "(" ||
                       before == "::" || before == "." || before == "[";
    if (!tight) text += ' ';
    text += word;
  }
  return text;
}

}  // namespace

std::size_t skip_blanks(std::string_view sql, std::size_t at) {
  while (at < sql.size()) {
    if (std::isspace(static_cast<unsigned char>(sql[at]))) {
      ++at;
    } else if (sql.compare(at, 2, "--") == 0) {
      at = std::min(sql.find('\n', at), sql.size());
    } else if (sql.compare(at, 2, "/*") == 0) {
      const std::size_t end = sql.find("*/", at + 2);
      at = end == std::string_view::npos ? sql.size() : end + 2;
    } else {
      break;
    }
  }
  return at;
}

bool is_word_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

std::string plain_sql(const Sql& sql, Quotes quotes) {
  std::vector<std::string> words = Words(sql, quotes).run();
  while (is_enclosed(words)) {
    words.erase(words.begin());
    words.pop_back();
  }
  if (quotes == Quotes::sqlite) words = NeedlessParentheses(std::move(words)).run();
  return in_one_line(words);
}

}  // namespace turnstone
