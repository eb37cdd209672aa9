#include <turnstone/error.h>
#include <turnstone/values.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "values/json_number.h"

namespace turnstone {
namespace {

using Tree = nlohmann::json;

constexpr int max_depth = 500;

/// Deeper documents would use up the stack of whoever writes them.
void refuse_deep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > max_depth) {
        throw Error(ErrorKind::bad_model, "JSON is nested more than 500 levels deep");
      }
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
}

std::string canonical(const Tree& tree) {
  try {
    return tree.dump();
  } catch (const Tree::exception&) {
    throw Error(ErrorKind::bad_model, "text is not UTF-8 and cannot be JSON");
  }
}

/// Writes the canonical text of a document while it is read.
class Writer : public nlohmann::json_sax<Tree> {
 public:
  std::string text() { return std::move(text_); }

  bool null() override { return put("null"); }
  bool boolean(bool value) override { return put(value ? "true" : "false"); }
  bool number_integer(std::int64_t value) override { return put(std::to_string(value)); }
  bool number_unsigned(std::uint64_t value) override { return put(std::to_string(value)); }
  bool number_float(double value, const std::string& literal) override {
    return put(json_number(literal, value));
  }
  bool string(std::string& value) override { return put(canonical(Tree(value))); }
  bool binary(Tree::binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(); }
  bool key(std::string& value) override {
    open_.back().key = canonical(Tree(value));
    return true;
  }
  bool end_object() override {
    const auto members = std::move(open_.back().members);
    open_.pop_back();
    std::string all = "{";
    for (const auto& [key, value] : members) all += (all.size() > 1 ? "," : "") + key + ":" + value;
    return put(all + "}");
  }
  bool start_array(std::size_t) override { return open(); }
  bool end_array() override {
    const std::string items = std::move(open_.back().items);
    open_.pop_back();
    return put("[" + items + "]");
  }
  bool parse_error(std::size_t, const std::string&, const Tree::exception& error) override {
    if (const auto* syntax = dynamic_cast<const Tree::parse_error*>(&error)) throw *syntax;
    if (const auto* range = dynamic_cast<const Tree::out_of_range*>(&error)) throw *range;
    return false;
  }

 private:
  /// An object or array that is not closed yet; `key` is the one whose value comes next.
  struct Open {
    std::string key{};
    std::map<std::string, std::string> members{};
    std::string items{};
  };

  bool open() {
    open_.emplace_back();
    return true;
  }
  bool put(std::string value) {
    if (open_.empty()) {
      text_ = std::move(value);
    } else if (!open_.back().key.empty()) {
      open_.back().members[open_.back().key] = std::move(value);
    } else {
      std::string& items = open_.back().items;
      items += (items.empty() ? "" : ",") + value;
    }
    return true;
  }

  std::vector<Open> open_{};
  std::string text_{};
};

/// The complaint of the parser without its own prefix: `unexpected end of input`.
std::string complaint(const Tree::parse_error& error) {
  const std::string_view text = error.what();
  const std::size_t dash = text.find("; ");
  return "not valid JSON at character " + std::to_string(error.byte) +
         (dash == std::string_view::npos ? "" : ": " + std::string(text.substr(dash + 2)));
}

}  // namespace

Json Json::parse(std::string_view text) {
  refuse_deep(text);
  try {
    Writer writer;
    Tree::sax_parse(text, &writer);
    return from_canonical(writer.text());
  } catch (const Tree::parse_error& error) {
    throw Error(ErrorKind::bad_model, complaint(error));
  } catch (const Tree::out_of_range&) {
    throw Error(ErrorKind::bad_model, "a number is too large for JSON");
  }
}

Json Json::from_canonical(std::string text) {
  Json json;
  json.text_ = std::move(text);
  return json;
}

Json Json::of(bool value) { return from_canonical(value ? "true" : "false"); }
Json Json::of(std::int64_t value) { return from_canonical(std::to_string(value)); }

Json Json::of(double value) {
  if (!std::isfinite(value)) {
    throw Error(ErrorKind::bad_model, "JSON has no infinite number and no NaN");
  }
  return from_canonical(canonical(Tree(value)));
}

Json Json::of(std::string_view value) {
  const bool plain = std::all_of(value.begin(), value.end(), [](char c) {
    return c >= ' ' && c <= '~' && c != '"' && c != '\\';
  });
  if (plain) return from_canonical("\"" + std::string(value) + "\"");
  return from_canonical(canonical(Tree(value)));
}

bool Json::is_number() const {
  return !text_.empty() && (text_[0] == '-' || (text_[0] >= '0' && text_[0] <= '9'));
}

bool Json::is_integer() const {
  return is_number() && text_.find_first_of(".eE") == std::string::npos;
}

std::int64_t Json::as_integer() const {
  std::int64_t value = 0;
  const char* end = text_.data() + text_.size();
  const auto [rest, failure] = std::from_chars(text_.data(), end, value);
  if (failure != std::errc() || rest != end) {
    throw Error(ErrorKind::bad_model, text_ + " is not an integer of 64 bits");
  }
  return value;
}

double Json::as_double() const {
  double value = 0;
  const char* end = text_.data() + text_.size();
  const auto [rest, failure] = std::from_chars(text_.data(), end, value);
  if (failure != std::errc() || rest != end) {
    throw Error(ErrorKind::bad_model, text_ + " is not a number");
  }
  return value;
}

std::string Json::as_string() const {
  if (!is_string()) return text_;
  if (text_.find('\\') == std::string::npos) return text_.substr(1, text_.size() - 2);
  return Tree::parse(text_).get<std::string>();
}

}  // namespace turnstone
