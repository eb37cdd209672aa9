#include <turnstone/error.h>
#include <turnstone/values.h>

#include <algorithm>
#include <cstring>
#include <random>

namespace turnstone {
namespace {

void fill_random(unsigned char* bytes, std::size_t size) {
  thread_local std::random_device source;
  for (std::size_t i = 0; i < size; i += 4) {
    const unsigned int word = source();
    std::memcpy(bytes + i, &word, std::min<std::size_t>(4, size - i));
  }
}

void mark(unsigned char* bytes, int version) {
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0F) | (version << 4));
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3F) | 0x80);
}

}  // namespace

std::optional<Uuid> Uuid::try_parse(std::string_view text) {
  if (text.size() > 2 && text.front() == '{' && text.back() == '}') {
    text = text.substr(1, text.size() - 2);
  }
  const bool dashes = text.size() == 36;
  if (!dashes && text.size() != 32) return std::nullopt;
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (dashes && (i == 8 || i == 13 || i == 18 || i == 23)) {
      if (text[i] != '-') return std::nullopt;
    } else {
      digits += text[i];
    }
  }
  const auto bytes = from_hex(digits);
  if (!bytes) return std::nullopt;
  Uuid id;
  std::memcpy(id.bytes_, bytes->data(), 16);
  return id;
}

Uuid Uuid::parse(std::string_view text) {
  if (const auto id = try_parse(text)) return *id;
  throw Error(ErrorKind::bad_model, "\"" + std::string(text) + "\" is not a UUID");
}

Uuid Uuid::v4() {
  Uuid id;
  fill_random(id.bytes_, 16);
  mark(id.bytes_, 4);
  return id;
}

Uuid Uuid::v7() {
  Uuid id;
  fill_random(id.bytes_, 16);
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto time = static_cast<std::uint64_t>(now.time_since_epoch().count());
  for (int i = 0; i < 6; ++i) {
    id.bytes_[i] = static_cast<unsigned char>(time >> (8 * (5 - i)));
  }
  mark(id.bytes_, 7);
  return id;
}

std::string Uuid::hex() const {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes_) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::string Uuid::text() const {
  std::string text = hex();
  for (const std::size_t at : {20, 16, 12, 8}) text.insert(at, "-");
  return text;
}

}  // namespace turnstone
