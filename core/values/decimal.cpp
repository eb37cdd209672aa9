#include <turnstone/error.h>
#include <turnstone/values.h>

#include <algorithm>

namespace turnstone {
namespace {

using Coefficient = Decimal::Coefficient;
constexpr int max_digits = 38;

Coefficient power_of_ten(int exponent) {
  Coefficient result = 1;
  for (int i = 0; i < exponent; ++i) result *= 10;
  return result;
}

int digits_of(Coefficient value) {
  if (value < 0) value = -value;
  int digits = 0;
  while (value != 0) {
    value /= 10;
    ++digits;
  }
  return digits;
}

[[noreturn]] void too_large() {
  throw Error(ErrorKind::bad_model, "a decimal has more than 38 digits");
}

/// The coefficient of the same number with a larger scale.
Coefficient scaled(Coefficient value, int from, int to) {
  if (value != 0 && digits_of(value) + (to - from) > max_digits) too_large();
  return value == 0 ? 0 : value * power_of_ten(to - from);
}

/// -1, 0 or 1. Compares whole parts first, so that no scaling can overflow.
int compare(const Decimal& a, const Decimal& b) {
  const Coefficient pa = power_of_ten(a.scale());
  const Coefficient pb = power_of_ten(b.scale());
  const Coefficient wa = a.coefficient() / pa;
  const Coefficient wb = b.coefficient() / pb;
  if (wa != wb) return wa < wb ? -1 : 1;
  const int scale = std::max(a.scale(), b.scale());
  const Coefficient fa = (a.coefficient() % pa) * power_of_ten(scale - a.scale());
  const Coefficient fb = (b.coefficient() % pb) * power_of_ten(scale - b.scale());
  return fa == fb ? 0 : fa < fb ? -1 : 1;
}

}  // namespace

std::optional<Decimal> Decimal::try_parse(std::string_view text) {
  std::size_t at = 0;
  const bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) ++at;
  Coefficient coefficient = 0;
  int scale = 0;
  int digits = 0;
  bool point = false;
  bool any = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9') break;
    any = true;
    if (coefficient != 0 || c != '0') ++digits;
    if (digits > max_digits) return std::nullopt;
    coefficient = coefficient * 10 + (c - '0');
    if (point) ++scale;
  }
  if (!any) return std::nullopt;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    const bool down = at < text.size() && text[at] == '-';
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    if (at == text.size()) return std::nullopt;
    int exponent = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
      exponent = std::min(exponent * 10 + (text[at] - '0'), 1000);
    }
    scale += down ? exponent : -exponent;
    if (scale < 0) {
      if (coefficient != 0 && digits - scale > max_digits) return std::nullopt;
      if (coefficient != 0) coefficient *= power_of_ten(-scale);
      scale = 0;
    }
  }
  if (at != text.size() || scale > max_digits) return std::nullopt;
  return Decimal(negative ? -coefficient : coefficient, scale);
}

Decimal Decimal::parse(std::string_view text) {
  if (const auto value = try_parse(text)) return *value;
  throw Error(ErrorKind::bad_model,
              "\"" + std::string(text) + "\" is not a decimal number of at most 38 digits");
}

std::string Decimal::text() const {
  Coefficient left = coefficient_ < 0 ? -coefficient_ : coefficient_;
  std::string digits;
  for (int i = 0; left != 0 || i <= scale_; ++i) {
    if (i == scale_ && scale_ > 0) digits += '.';
    digits += static_cast<char>('0' + static_cast<int>(left % 10));
    left /= 10;
  }
  if (coefficient_ < 0) digits += '-';
  std::reverse(digits.begin(), digits.end());
  return digits;
}

Decimal Decimal::rounded(int scale) const {
  if (scale >= scale_) return {scaled(coefficient_, scale_, scale), scale};
  const Coefficient unit = power_of_ten(scale_ - scale);
  Coefficient whole = coefficient_ / unit;
  Coefficient rest = coefficient_ % unit;
  if (rest < 0) rest = -rest;
  const Coefficient twice = rest - (unit - rest);
  if (twice > 0 || (twice == 0 && whole % 2 != 0)) whole += coefficient_ < 0 ? -1 : 1;
  return {whole, scale};
}

double Decimal::to_double() const {
  return static_cast<double>(coefficient_) / static_cast<double>(power_of_ten(scale_));
}

bool operator==(const Decimal& a, const Decimal& b) { return compare(a, b) == 0; }

std::strong_ordering operator<=>(const Decimal& a, const Decimal& b) { return compare(a, b) <=> 0; }

Decimal operator+(const Decimal& a, const Decimal& b) {
  const int scale = std::max(a.scale(), b.scale());
  const Coefficient sum =
      scaled(a.coefficient(), a.scale(), scale) + scaled(b.coefficient(), b.scale(), scale);
  if (digits_of(sum) > max_digits) too_large();
  return {sum, scale};
}

Decimal operator-(const Decimal& a, const Decimal& b) { return a + -b; }

Decimal operator*(const Decimal& a, const Decimal& b) {
  if (a.coefficient() != 0 && b.coefficient() != 0 &&
      digits_of(a.coefficient()) + digits_of(b.coefficient()) > max_digits) {
    too_large();
  }
  if (a.scale() + b.scale() > max_digits) too_large();
  return {a.coefficient() * b.coefficient(), a.scale() + b.scale()};
}

namespace literals {
Decimal operator""_dec(const char* text) { return Decimal::parse(text); }
Decimal operator""_dec(const char* text, std::size_t size) {
  return Decimal::parse(std::string_view(text, size));
}
}  // namespace literals

}  // namespace turnstone
