#pragma once

// Internal to Turnstone: JSON files are read and written through these. Not installed.

#include <nlohmann/json.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turnstone::json {

/// Objects keep the order of their keys.
using Tree = nlohmann::ordered_json;

/// A place in a text, counted from 1; columns are characters.
struct Position {
  std::size_t line = 1;
  std::size_t column = 1;
};

/// Parses a whole file. `file` is for messages. Throws Error{bad_file} with line and column (from
/// 1, in characters) for text that is not JSON, is not UTF-8 or is nested deeper than `max_depth`,
/// for a key that stands twice in one object, and for text behind the end. Source: RFC 8259; a byte
/// order mark at the beginning is passed over. `start` is where `text` begins when it is a part of
/// its file.
Tree parse(const std::string& file, std::string_view text, Position start = {});
constexpr int max_depth = 200;
/// The same, and numbers that no double holds are kept: as binary values with their canonical text.
Tree parse_exactly(const std::string& file, std::string_view text, Position start = {});
/// JSON of a tree that may hold such numbers: on one line, or with `indent` blanks for each level.
std::string exact_text(const Tree& tree, int indent = 0);

/// Bytes of the UTF-8 character at the beginning of `text`, or 0 where there is none: a stray or
/// missing byte, a surrogate, an overlong form. Requires: `text` is not empty.
std::size_t utf8_length(std::string_view text);

/// One place in a parsed file: a value with the file and JSON pointer that lead to it. Every
/// accessor throws Error{bad_file} with `file: /pointer: expected …, found …` where the value is
/// not what is asked for. The tree must outlive the node. Nodes are cheap: the pointer is worked
/// out when a message needs it.
class Node {
 public:
  /// The root of a file; `pointer` where `value` stands inside of it.
  Node(std::string file, const Tree& value, std::string pointer = {})
      : origin_(
            std::make_shared<const Origin>(Origin{std::move(file), std::move(pointer), &value})),
        value_(&value) {}

  const Tree& value() const { return *value_; }
  const std::string& file() const { return origin_->file; }
  std::string pointer() const;
  /// `file: /pointer`
  std::string where() const;

  bool is_object() const { return value_->is_object(); }
  bool is_array() const { return value_->is_array(); }
  bool is_string() const { return value_->is_string(); }
  bool is_null() const { return value_->is_null(); }

  /// Requires an object with none but these keys; names the nearest for an unknown one.
  void only_keys(const std::vector<std::string>& keys) const;
  bool has(std::string_view key) const;
  Node at(std::string_view key) const;  ///< throws where the key is missing
  std::optional<Node> find(std::string_view key) const;
  std::vector<Node> items() const;                            ///< of an array
  std::vector<std::pair<std::string, Node>> members() const;  ///< of an object, in order

  const std::string& text() const;
  const std::string& name() const;  ///< a text that is not empty
  bool boolean() const;
  int integer() const;                     ///< within 32 bits
  std::vector<std::string> texts() const;  ///< an array of texts

  /// The text, texts or flag under a key; absent, or null in place of a text, is empty or
  /// `otherwise`.
  std::string text_at(std::string_view key) const;
  std::vector<std::string> texts_at(std::string_view key) const;
  bool flag_at(std::string_view key, bool otherwise) const;

  /// What is there, for messages: `a number`, `"text"`, `an object` …
  std::string found() const;
  [[noreturn]] void expected(const std::string& what) const;
  [[noreturn]] void fail(const std::string& message, const std::string& hint = {}) const;

 private:
  struct Origin {
    std::string file{};
    std::string pointer{};
    const Tree* root = nullptr;
  };
  Node(std::shared_ptr<const Origin> origin, const Tree& value)
      : origin_(std::move(origin)), value_(&value) {}

  std::shared_ptr<const Origin> origin_;
  const Tree* value_;
};

/// Canonical text: two-space indent, an object or array on one line where it fits in 100 columns
/// (with the key before it and the comma behind it), one final newline. Throws Error{bad_model} for
/// a text that is not UTF-8.
std::string pretty(const Tree& tree);

}  // namespace turnstone::json
