#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace turnstone::cli {

/// A JSON value that is being put together: what `--format json` prints. Keys keep their order.
class Document {
 public:
  Document() : text_("null") {}
  Document(std::string_view value);  // NOLINT: values are documents
  Document(const std::string& value) : Document(std::string_view(value)) {}  // NOLINT
  Document(const char* value) : Document(std::string_view(value)) {}         // NOLINT
  Document(bool value) : text_(value ? "true" : "false") {}                  // NOLINT
  Document(int value) : text_(std::to_string(value)) {}                      // NOLINT
  Document(std::int64_t value) : text_(std::to_string(value)) {}             // NOLINT
  Document(std::size_t value) : text_(std::to_string(value)) {}              // NOLINT
  Document(const std::vector<std::string>& values);                          // NOLINT

  static Document object() { return Document(Kind::object); }
  static Document array() { return Document(Kind::array); }
  /// `text` is JSON already.
  static Document from_json(std::string text);
  /// A number of seconds with microseconds.
  static Document seconds(std::int64_t microseconds);

  /// Requires: an object, and a key it does not have.
  Document& set(std::string_view key, const Document& value);
  /// Requires: an array.
  Document& add(const Document& value);
  /// Adds `value` under `key` where it is not empty.
  Document& set_if(std::string_view key, const std::string& value);

  /// On one line.
  std::string text() const;

 private:
  enum class Kind { scalar, object, array };
  explicit Document(Kind kind) : kind_(kind) {}
  void separate() { text_ += text_.empty() ? "" : ","; }

  Kind kind_ = Kind::scalar;
  std::string text_{};  ///< of a list: its items
};

}  // namespace turnstone::cli
