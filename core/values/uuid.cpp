#include <openssl/rand.h>
#include <turnstone/error.h>
#include <turnstone/values.h>

#include <algorithm>
#include <atomic>

namespace turnstone {
namespace {

void fill_random(unsigned char* bytes, int count) {
  if (RAND_bytes(bytes, count) != 1) {
    throw Error(ErrorKind::unsupported, "no random numbers from OpenSSL");
  }
}

void set_version(unsigned char* bytes, int version) {
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0F) | version << 4);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3F) | 0x80);
}

/// Milliseconds since 1970 and twelve bits of their fraction, larger than at every earlier call.
std::uint64_t next_tick() {
  static std::atomic<std::uint64_t> last{0};
  const auto now = std::chrono::duration_cast<std::chrono::nanoseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  const auto nanoseconds = static_cast<std::uint64_t>(now);
  const std::uint64_t wanted =
      (nanoseconds / 1'000'000) << 12 | (nanoseconds % 1'000'000) * 4096 / 1'000'000;
  std::uint64_t before = last.load();
  std::uint64_t next = 0;
  do {
    next = std::max(wanted, before + 1);
  } while (!last.compare_exchange_weak(before, next));
  return next;
}

}  // namespace

std::optional<Uuid> Uuid::try_parse(std::string_view text) {
  if (text.size() > 2 && text.front() == '{' && text.back() == '}') {
    text = text.substr(1, text.size() - 2);
  }
  if (text.size() != 32 && text.size() != 36) return std::nullopt;
  std::string digits;
  digits.reserve(32);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash_here = text.size() == 36 && (i == 8 || i == 13 || i == 18 || i == 23);
    if (dash_here != (text[i] == '-')) return std::nullopt;
    if (!dash_here) digits += text[i];
  }
  const std::optional<Bytes> bytes = from_hex(digits);
  if (!bytes) return std::nullopt;
  Uuid uuid;
  for (std::size_t i = 0; i < 16; ++i) {
    uuid.bytes_[i] = std::to_integer<unsigned char>((*bytes)[i]);
  }
  return uuid;
}

Uuid Uuid::parse(std::string_view text) {
  const std::optional<Uuid> uuid = try_parse(text);
  if (!uuid) throw Error(ErrorKind::bad_model, "\"" + std::string(text) + "\" is not a UUID");
  return *uuid;
}

Uuid Uuid::v4() {
  Uuid uuid;
  fill_random(uuid.bytes_, 16);
  set_version(uuid.bytes_, 4);
  return uuid;
}

Uuid Uuid::v7() {
  Uuid uuid;
  const std::uint64_t tick = next_tick();
  const std::uint64_t milliseconds = tick >> 12;
  for (int i = 0; i < 6; ++i) {
    uuid.bytes_[i] = static_cast<unsigned char>(milliseconds >> (40 - 8 * i));
  }
  uuid.bytes_[6] = static_cast<unsigned char>(tick >> 8 & 0x0F);
  uuid.bytes_[7] = static_cast<unsigned char>(tick);
  fill_random(uuid.bytes_ + 8, 8);
  set_version(uuid.bytes_, 7);
  return uuid;
}

std::string Uuid::hex() const {
  std::string text(32, '0');
  for (std::size_t i = 0; i < 16; ++i) {
    text[2 * i] = "0123456789abcdef"[bytes_[i] >> 4];
    text[2 * i + 1] = "0123456789abcdef"[bytes_[i] & 15];
  }
  return text;
}

std::string Uuid::text() const {
  std::string text = hex();
  for (const std::size_t position : {20U, 16U, 12U, 8U}) text.insert(position, 1, '-');
  return text;
}

}  // namespace turnstone
