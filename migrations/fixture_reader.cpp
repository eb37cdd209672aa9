#include "fixture_reader.h"

#include <turnstone/error.h>

#include <istream>

namespace turnstone::migrations {
namespace {

constexpr std::size_t piece = 64 * 1024;
/// A quote that is never closed must not take all memory there is.
constexpr std::size_t largest_object = 256 * 1024 * 1024;

}  // namespace

FixtureReader::FixtureReader(std::istream& in, std::string file)
    : in_(in), file_(std::move(file)), buffer_(piece) {
  // A byte order mark is passed over.
  if (peek() == 0xEF) {
    at_ += size_ >= 3 && buffer_[1] == '\xBB' && buffer_[2] == '\xBF' ? 3 : 0;
  }
}

std::optional<FixtureReader::Item> FixtureReader::next() {
  if (ended_) return std::nullopt;
  if (count_ == 0) {
    if (skip_blanks() != '[') refuse("expected \"[\", the beginning of a list of rows");
    advance();
  }
  int c = skip_blanks();
  if (count_ > 0) {
    if (c != ',' && c != ']') refuse("expected \",\" or \"]\" behind a row");
    if (c == ',') {
      advance();
      if (skip_blanks() == ']') refuse("expected a row behind \",\"");
    }
  }
  if (c == ']') {
    advance();
    if (skip_blanks() != end) refuse("expected the end of the file");
    ended_ = true;
    return std::nullopt;
  }
  if (skip_blanks() != '{') refuse("expected a row, {\"model\": …, \"pk\": …, \"fields\": {…}}");
  Item item{.position = position_, .index = count_++};
  const std::string text = object_text();
  item.bytes = text.size();
  item.tree = json::parse_exactly(file_, text, item.position);
  return item;
}

bool FixtureReader::fill() {
  if (at_ < size_) return true;
  in_.read(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
  if (in_.bad()) throw Error(ErrorKind::bad_file, "cannot read the file", file_);
  at_ = 0;
  size_ = static_cast<std::size_t>(in_.gcount());
  return size_ > 0;
}

int FixtureReader::peek() { return fill() ? static_cast<unsigned char>(buffer_[at_]) : end; }

void FixtureReader::advance() {
  const char c = buffer_[at_++];
  if (c == '\n') {
    ++position_.line;
    position_.column = 1;
  } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
    ++position_.column;
  }
}

int FixtureReader::skip_blanks() {
  int c = peek();
  for (; c == ' ' || c == '\n' || c == '\r' || c == '\t'; c = peek()) advance();
  return c;
}

/// The text of an object up to the bracket that closes it, or to the end of the stream; whether it
/// is JSON is for the parser to say.
std::string FixtureReader::object_text() {
  std::string text;
  std::size_t depth = 0;
  bool quoted = false;
  bool escaped = false;
  for (int c = peek(); c != end; c = peek()) {
    text += static_cast<char>(c);
    advance();
    if (text.size() > largest_object) fail("a row is larger than 256 MB");
    if (quoted) {
      quoted = escaped || c != '"';
      escaped = !escaped && c == '\\';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      break;
    }
  }
  return text;
}

void FixtureReader::refuse(const std::string& expected) {
  const int c = peek();
  std::string found = "a stray byte";
  if (c == end) found = "the end of the file";
  if (c >= 0x20 && c < 0x7F) found = std::string("\"") + static_cast<char>(c) + "\"";
  fail(expected + ", found " + found);
}

void FixtureReader::fail(const std::string& message) const {
  throw Error(ErrorKind::bad_file, message,
              file_ + ": line " + std::to_string(position_.line) + ", column " +
                  std::to_string(position_.column));
}

}  // namespace turnstone::migrations
