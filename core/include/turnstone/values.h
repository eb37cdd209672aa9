#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace turnstone {

using Bytes = std::vector<std::byte>;
using Date = std::chrono::sys_days;
/// An instant, UTC, in microseconds.
using DateTime = std::chrono::sys_time<std::chrono::microseconds>;
using Duration = std::chrono::microseconds;

/// A time of day without a zone: microseconds since midnight, below 24 hours.
struct Time {
  std::chrono::microseconds since_midnight{};
  auto operator<=>(const Time&) const = default;
};

/// An exact decimal number: a coefficient of up to 38 digits and a scale (digits behind the point).
/// Comparison is by value: 1.0 equals 1.00. No conversion from floating point.
class Decimal {
 public:
  __extension__ typedef __int128 Coefficient;

  constexpr Decimal() = default;
  constexpr Decimal(std::int64_t whole) : coefficient_(whole) {}  // NOLINT: a number is a decimal
  Decimal(double) = delete;
  Decimal(float) = delete;
  constexpr Decimal(int whole) : coefficient_(whole) {}  // NOLINT
  constexpr Decimal(Coefficient coefficient, int scale)
      : coefficient_(coefficient), scale_(scale) {}

  /// Reads `-12.50`, also with an exponent. Throws Error{bad_model} for anything else or more than
  /// 38 digits.
  static Decimal parse(std::string_view text);
  /// Like `parse`, but empty for text that is no decimal.
  static std::optional<Decimal> try_parse(std::string_view text);

  /// Plain notation with exactly `scale()` digits behind the point: `-12.50`.
  std::string text() const;
  constexpr Coefficient coefficient() const { return coefficient_; }
  constexpr int scale() const { return scale_; }
  /// The same number with `scale` digits behind the point, rounded half to even where digits fall
  /// away.
  Decimal rounded(int scale) const;
  double to_double() const;

  friend bool operator==(const Decimal& a, const Decimal& b);
  friend std::strong_ordering operator<=>(const Decimal& a, const Decimal& b);
  friend Decimal operator+(const Decimal& a, const Decimal& b);
  friend Decimal operator-(const Decimal& a, const Decimal& b);
  friend Decimal operator*(const Decimal& a, const Decimal& b);
  Decimal operator-() const { return {-coefficient_, scale_}; }

 private:
  Coefficient coefficient_ = 0;
  int scale_ = 0;
};

/// 128 bits that identify something. Text form is lower case with dashes.
class Uuid {
 public:
  constexpr Uuid() = default;
  /// Reads 32 hexadecimal digits, with or without dashes, in braces too.
  static std::optional<Uuid> try_parse(std::string_view text);
  static Uuid parse(std::string_view text);
  /// A random one (RFC 9562 version 4).
  static Uuid v4();
  /// One that sorts by time of creation (RFC 9562 version 7).
  static Uuid v7();
  std::string text() const;
  /// 32 digits without dashes, as SQLite columns store it.
  std::string hex() const;
  const unsigned char* data() const { return bytes_; }
  unsigned char* data() { return bytes_; }
  auto operator<=>(const Uuid&) const = default;

 private:
  unsigned char bytes_[16]{};
};

/// A JSON document as text. `parse` brings it to the canonical spelling (no white space, object
/// keys sorted, shortest number form that keeps every digit), so equal documents have equal text.
class Json {
 public:
  Json() : text_("null") {}
  /// Throws Error{bad_model} when `text` is not JSON.
  static Json parse(std::string_view text);
  /// `text` must be canonical already: from a database column or an own writer.
  static Json from_canonical(std::string text);
  static Json null() { return Json(); }
  static Json of(bool value);
  static Json of(std::int64_t value);
  static Json of(int value) { return of(static_cast<std::int64_t>(value)); }
  static Json of(double value);
  static Json of(std::string_view value);
  static Json of(const char* value) { return of(std::string_view(value)); }

  const std::string& text() const { return text_; }
  bool is_null() const { return text_ == "null"; }
  bool is_bool() const { return text_ == "true" || text_ == "false"; }
  bool is_string() const { return !text_.empty() && text_.front() == '"'; }
  bool is_array() const { return !text_.empty() && text_.front() == '['; }
  bool is_object() const { return !text_.empty() && text_.front() == '{'; }
  bool is_number() const;
  bool is_integer() const;
  bool as_bool() const { return text_ == "true"; }
  std::int64_t as_integer() const;
  double as_double() const;
  /// The characters of a JSON string; the text of any other document.
  std::string as_string() const;

  auto operator<=>(const Json&) const = default;

 private:
  std::string text_;
};

/// One value of a row or a parameter. `std::monostate` is NULL.
using Value = std::variant<std::monostate, bool, std::int64_t, double, std::string, Bytes, Decimal,
                           Uuid, Date, Time, DateTime, Duration, Json>;

inline bool is_null(const Value& value) { return value.index() == 0; }

// ISO 8601, the forms of model and migration files. `parse_…` are empty for anything else.
// Checked against ISO 8601-1:2019 and what Django accepts.
std::optional<Date> parse_date(std::string_view text);           ///< `2026-11-25`
std::optional<Time> parse_time(std::string_view text);           ///< `13:45[:30[.123456]]`
std::optional<DateTime> parse_date_time(std::string_view text);  ///< `…T…[Z|±hh:mm]`, a blank for T
std::optional<Duration> parse_duration(std::string_view text);  ///< `P1DT2H3M4.5S`, `-P…`
std::string to_text(Date value);
std::string to_text(Time value);      ///< fraction only where not zero, six digits
std::string to_text(DateTime value);  ///< `2026-11-25T13:45:30Z`
std::string to_text(Duration value);  ///< `P1DT02H03M04.500000S`, as Django writes it

/// Lower-case hexadecimal digits.
std::string to_hex(const Bytes& bytes);
std::optional<Bytes> from_hex(std::string_view text);
std::string to_base64(const Bytes& bytes);
std::optional<Bytes> from_base64(std::string_view text);

/// Digests as lower-case hexadecimal text.
std::string md5_hex(std::string_view text);
std::string sha256_hex(std::string_view text);

namespace literals {
/// `9.99_dec`
Decimal operator""_dec(const char* text);
Decimal operator""_dec(const char* text, std::size_t size);  ///< `"9.99"_dec`
}  // namespace literals

}  // namespace turnstone
