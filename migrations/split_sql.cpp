#include "split_sql.h"

#include <turnstone/identifier.h>

#include <cctype>

namespace turnstone::migrations {
namespace {

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

/// Reads SQL piece by piece, as far as finding the ends of statements needs.
class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {}

  std::vector<std::string> run() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (starts("--")) {
        skip_to("\n");
      } else if (starts("/*")) {
        skip_comment();
      } else if (c == '\'' || c == '"' || c == '`') {
        content_ = true;
        skip_quoted(c);
      } else if (c == '$' && skip_dollar_quoted()) {
        content_ = true;
      } else if (is_word(c)) {
        content_ = true;
        word();
      } else if (c == ';' && depth_ == 0) {
        finish();
        ++at_;
        start_ = at_;
      } else {
        content_ = content_ || !std::isspace(static_cast<unsigned char>(c));
        ++at_;
      }
    }
    finish();
    return std::move(statements_);
  }

 private:
  bool starts(std::string_view token) const { return text_.substr(at_, token.size()) == token; }
  void skip_to(std::string_view token) {
    const std::size_t end = text_.find(token, at_);
    at_ = end == std::string_view::npos ? text_.size() : end + token.size();
  }
  void skip_comment() {
    int nested = 0;
    do {
      if (starts("/*")) {
        ++nested;
        at_ += 2;
      } else if (starts("*/")) {
        --nested;
        at_ += 2;
      } else {
        ++at_;
      }
    } while (nested > 0 && at_ < text_.size());
  }
  void skip_quoted(char quote) {
    const bool escapes = quote == '\'' && at_ > 0 &&
                         (text_[at_ - 1] == 'E' || text_[at_ - 1] == 'e') &&
                         (at_ < 2 || !is_word(text_[at_ - 2]));
    for (++at_; at_ < text_.size(); ++at_) {
      if (escapes && text_[at_] == '\\') {
        ++at_;
      } else if (text_[at_] == quote) {
        ++at_;
        return;  // a doubled quote opens the next piece, which is the same to us
      }
    }
  }
  bool skip_dollar_quoted() {
    std::size_t end = at_ + 1;
    while (end < text_.size() && is_word(text_[end]) && text_[end] != '$') ++end;
    if (end >= text_.size() || text_[end] != '$') return false;
    if (end > at_ + 1 && std::isdigit(static_cast<unsigned char>(text_[at_ + 1]))) return false;
    const std::string tag(text_.substr(at_, end - at_ + 1));
    at_ = end + 1;
    skip_to(tag);
    return true;
  }
  /// BEGIN … END counts only inside CREATE TRIGGER, FUNCTION and PROCEDURE.
  void word() {
    const std::size_t from = at_;
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    const std::string name = lower_case(text_.substr(from, at_ - from));
    if (words_ == 0) creates_ = name == "create";
    ++words_;
    if (creates_ && (name == "trigger" || name == "function" || name == "procedure")) body_ = true;
    if (!body_) return;
    if (name == "begin" || (name == "case" && depth_ > 0)) ++depth_;
    if (name == "end" && depth_ > 0) --depth_;
  }
  void finish() {
    std::string_view piece = text_.substr(start_, at_ - start_);
    while (!piece.empty() && std::isspace(static_cast<unsigned char>(piece.front()))) {
      piece.remove_prefix(1);
    }
    while (!piece.empty() && std::isspace(static_cast<unsigned char>(piece.back()))) {
      piece.remove_suffix(1);
    }
    if (content_) statements_.emplace_back(piece);
    content_ = creates_ = body_ = false;
    words_ = depth_ = 0;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t start_ = 0;
  int words_ = 0;
  int depth_ = 0;
  bool content_ = false;
  bool creates_ = false;
  bool body_ = false;
  std::vector<std::string> statements_{};
};

}  // namespace

std::vector<std::string> split_sql(std::string_view text) { return Splitter(text).run(); }

}  // namespace turnstone::migrations
