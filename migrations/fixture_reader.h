#pragma once

#include "json/tree.h"

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace turnstone::migrations {

/// Reads the objects of one JSON array, one after the other, from a stream of any length. Holds one
/// of them, and a piece of the stream.
class FixtureReader {
 public:
  /// `file` is for messages.
  FixtureReader(std::istream& in, std::string file);

  struct Item {
    json::Tree tree{};  ///< of `json::parse_exactly`
    json::Position position{};
    std::size_t index = 0;  ///< in the array, from 0
    std::size_t bytes = 0;  ///< of its text
  };
  /// Nothing behind the last one. Throws Error{bad_file} with line and column for what is not an
  /// array of objects.
  std::optional<Item> next();

 private:
  static constexpr int end = -1;

  bool fill();
  int peek();
  void advance();
  int skip_blanks();
  [[noreturn]] void refuse(const std::string& expected);
  [[noreturn]] void fail(const std::string& message) const;
  std::string object_text();

  std::istream& in_;
  std::string file_;
  std::vector<char> buffer_{};
  std::size_t at_ = 0;
  std::size_t size_ = 0;
  json::Position position_{};
  std::size_t count_ = 0;
  bool ended_ = false;
};

}  // namespace turnstone::migrations
