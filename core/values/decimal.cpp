#include <turnstone/error.h>
#include <turnstone/values.h>

#include <algorithm>
#include <charconv>

namespace turnstone {
namespace {

using Coefficient = Decimal::Coefficient;

constexpr int max_digits = 38;
constexpr int max_scale = 1000;

constexpr Coefficient power_of_ten(int exponent) {
  Coefficient power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

constexpr Coefficient limit = power_of_ten(max_digits);

bool fits(Coefficient coefficient) { return coefficient > -limit && coefficient < limit; }

[[noreturn]] void refuse_overflow() {
  throw Error(ErrorKind::bad_model, "decimal number has more than 38 digits");
}

/// `coefficient` · 10^digits, empty when that has more than 38 digits.
std::optional<Coefficient> shifted(Coefficient coefficient, int digits) {
  if (coefficient == 0) return 0;
  for (int i = 0; i < digits; ++i) {
    if (coefficient <= -limit / 10 || coefficient >= limit / 10) return std::nullopt;
    coefficient *= 10;
  }
  return coefficient;
}

/// Zeros at the end of the fraction say nothing; they go where the digits would not fit otherwise.
struct Parts {
  Coefficient coefficient = 0;
  int scale = 0;
};

Parts without_zeros(Parts parts) {
  while (parts.scale > 0 && parts.coefficient % 10 == 0) {
    parts.coefficient /= 10;
    --parts.scale;
  }
  return parts;
}

/// Both numbers with the larger of the two scales.
struct Aligned {
  Coefficient a = 0;
  Coefficient b = 0;
  int scale = 0;
};

std::optional<Aligned> aligned(Parts a, Parts b) {
  const int scale = std::max(a.scale, b.scale);
  const std::optional<Coefficient> left = shifted(a.coefficient, scale - a.scale);
  const std::optional<Coefficient> right = shifted(b.coefficient, scale - b.scale);
  if (!left || !right) return std::nullopt;
  return Aligned{*left, *right, scale};
}

Parts parts_of(const Decimal& value) { return {value.coefficient(), value.scale()}; }

Decimal sum(const Decimal& a, const Decimal& b) {
  std::optional<Aligned> both = aligned(parts_of(a), parts_of(b));
  if (!both) both = aligned(without_zeros(parts_of(a)), without_zeros(parts_of(b)));
  if (!both) refuse_overflow();
  Coefficient result = 0;
  if (__builtin_add_overflow(both->a, both->b, &result)) refuse_overflow();
  const Parts parts =
      fits(result) ? Parts{result, both->scale} : without_zeros({result, both->scale});
  if (!fits(parts.coefficient)) refuse_overflow();
  return {parts.coefficient, parts.scale};
}

struct Exponent {
  int value = 0;
  std::size_t length = 0;  ///< characters read, from the `e` on; 0 for text that is none
};

Exponent exponent_at(std::string_view text) {
  const char* begin = text.data() + 1;
  const char* end = text.data() + text.size();
  if (begin != end && *begin == '+') ++begin;
  if (begin == end || (*begin == '-' && text.data() + 1 != begin)) return {};
  int value = 0;
  const auto [rest, failure] = std::from_chars(begin, end, value);
  if (failure != std::errc() || value < -max_scale || value > max_scale) return {};
  return {value, static_cast<std::size_t>(rest - text.data())};
}

}  // namespace

std::optional<Decimal> Decimal::try_parse(std::string_view text) {
  std::size_t at = 0;
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) ++at;
  Coefficient coefficient = 0;
  int scale = 0;
  // Zeros wait until a digit follows: at the end of a long fraction they need not be kept.
  int zeros = 0;
  bool any_digit = false;
  bool in_fraction = false;
  int exponent = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.' && !in_fraction) {
      const std::optional<Coefficient> whole = shifted(coefficient, zeros);
      if (!whole) return std::nullopt;
      coefficient = *whole;
      zeros = 0;
      in_fraction = true;
    } else if (c >= '0' && c <= '9') {
      any_digit = true;
      if (in_fraction && scale + zeros >= max_scale) return std::nullopt;
      if (c == '0') {
        ++zeros;
        continue;
      }
      const std::optional<Coefficient> moved = shifted(coefficient, zeros + 1);
      if (!moved || !fits(*moved + (c - '0'))) return std::nullopt;
      coefficient = *moved + (c - '0');
      if (in_fraction) scale += zeros + 1;
      zeros = 0;
    } else if ((c == 'e' || c == 'E') && any_digit) {
      const Exponent read = exponent_at(text.substr(at));
      if (read.length == 0 || at + read.length != text.size()) return std::nullopt;
      exponent = read.value;
      break;
    } else {
      return std::nullopt;
    }
  }
  if (!any_digit) return std::nullopt;
  if (in_fraction) {
    for (; zeros > 0; --zeros) {
      const std::optional<Coefficient> moved = shifted(coefficient, 1);
      if (!moved) break;
      coefficient = *moved;
      ++scale;
    }
  } else {
    const std::optional<Coefficient> whole = shifted(coefficient, zeros);
    if (!whole) return std::nullopt;
    coefficient = *whole;
  }
  scale -= exponent;
  if (scale < 0) {
    const std::optional<Coefficient> whole = shifted(coefficient, -scale);
    if (!whole) return std::nullopt;
    coefficient = *whole;
    scale = 0;
  }
  if (scale > max_scale) return std::nullopt;
  return Decimal(negative ? -coefficient : coefficient, scale);
}

Decimal Decimal::parse(std::string_view text) {
  const std::optional<Decimal> value = try_parse(text);
  if (!value) {
    throw Error(ErrorKind::bad_model,
                "\"" + std::string(text) + "\" is not a decimal number of at most 38 digits");
  }
  return *value;
}

std::string Decimal::text() const {
  std::string digits;
  __extension__ typedef unsigned __int128 Unsigned;
  const bool negative = coefficient_ < 0;
  Unsigned rest =
      negative ? -static_cast<Unsigned>(coefficient_) : static_cast<Unsigned>(coefficient_);
  while (rest != 0) {
    digits += static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  }
  const std::size_t scale = scale_ > 0 ? static_cast<std::size_t>(scale_) : 0;
  if (digits.size() <= scale) digits.append(scale + 1 - digits.size(), '0');
  std::reverse(digits.begin(), digits.end());
  if (scale_ < 0 && coefficient_ != 0) digits.append(static_cast<std::size_t>(-scale_), '0');
  if (scale > 0) digits.insert(digits.size() - scale, 1, '.');
  return negative ? "-" + digits : digits;
}

Decimal Decimal::rounded(int scale) const {
  if (scale >= scale_) {
    const std::optional<Coefficient> moved = shifted(coefficient_, scale - scale_);
    if (!moved) refuse_overflow();
    return {*moved, scale};
  }
  const int drop = scale_ - scale;
  if (drop > max_digits) return {0, scale};
  const Coefficient unit = power_of_ten(drop);
  Coefficient quotient = coefficient_ / unit;
  const Coefficient rest = coefficient_ % unit;
  const Coefficient size = rest < 0 ? -rest : rest;
  const Coefficient other_half = unit - size;
  if (size > other_half || (size == other_half && quotient % 2 != 0)) {
    quotient += coefficient_ < 0 ? -1 : 1;
  }
  return {quotient, scale};
}

double Decimal::to_double() const {
  const std::string digits = text();
  double value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

std::strong_ordering operator<=>(const Decimal& a, const Decimal& b) {
  const int sign_a = (a.coefficient_ > 0) - (a.coefficient_ < 0);
  const int sign_b = (b.coefficient_ > 0) - (b.coefficient_ < 0);
  if (sign_a != sign_b || sign_a == 0) return sign_a <=> sign_b;
  const std::optional<Aligned> both = aligned(parts_of(a), parts_of(b));
  if (both) {
    if (both->a == both->b) return std::strong_ordering::equal;
    return both->a < both->b ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  // The one with the smaller scale had no room, so its size is the larger one.
  const bool a_is_larger = a.scale_ < b.scale_;
  return a_is_larger == (sign_a > 0) ? std::strong_ordering::greater : std::strong_ordering::less;
}

bool operator==(const Decimal& a, const Decimal& b) { return (a <=> b) == 0; }

Decimal operator+(const Decimal& a, const Decimal& b) { return sum(a, b); }
Decimal operator-(const Decimal& a, const Decimal& b) { return sum(a, -b); }

Decimal operator*(const Decimal& a, const Decimal& b) {
  Coefficient product = 0;
  if (!__builtin_mul_overflow(a.coefficient_, b.coefficient_, &product) && fits(product)) {
    return {product, a.scale_ + b.scale_};
  }
  const Parts left = without_zeros(parts_of(a));
  const Parts right = without_zeros(parts_of(b));
  if (__builtin_mul_overflow(left.coefficient, right.coefficient, &product)) refuse_overflow();
  const Parts result = without_zeros({product, left.scale + right.scale});
  if (!fits(result.coefficient)) refuse_overflow();
  return {result.coefficient, result.scale};
}

namespace literals {

Decimal operator""_dec(const char* text) { return Decimal::parse(text); }
Decimal operator""_dec(const char* text, std::size_t size) {
  return Decimal::parse(std::string_view(text, size));
}

}  // namespace literals
}  // namespace turnstone
