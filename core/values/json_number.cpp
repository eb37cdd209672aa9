#include "values/json_number.h"

#include <charconv>
#include <nlohmann/json.hpp>

namespace turnstone {
namespace {

/// 0.`digits` times ten to the power of `point`; no zeros at either end, none at all for 0.
struct Number {
  bool negative = false;
  std::string digits{};
  long point = 0;
  bool operator==(const Number&) const = default;
};

Number number_of(std::string_view literal) {
  Number number;
  if (literal.starts_with('-')) {
    number.negative = true;
    literal.remove_prefix(1);
  }
  const std::size_t e = std::min(literal.find_first_of("eE"), literal.size());
  std::string_view exponent = literal.substr(std::min(e + 1, literal.size()));
  if (exponent.starts_with('+')) exponent.remove_prefix(1);
  std::from_chars(exponent.data(), exponent.data() + exponent.size(), number.point);
  bool behind = false;
  for (const char c : literal.substr(0, e)) {
    if (c == '.') {
      behind = true;
      continue;
    }
    if (number.digits.empty() && c == '0') {
      number.point -= behind ? 1 : 0;
      continue;
    }
    number.digits += c;
    number.point += behind ? 0 : 1;
  }
  while (number.digits.ends_with('0')) number.digits.pop_back();
  if (number.digits.empty()) number.point = 0;
  return number;
}

std::string text_of(const Number& number) {
  constexpr long plain_zeros = 30;
  const long size = static_cast<long>(number.digits.size());
  const std::string sign = number.negative ? "-" : "";
  if (number.point > size + plain_zeros || number.point < -plain_zeros) {
    const std::string rest = size > 1 ? "." + number.digits.substr(1) : "";
    return sign + number.digits[0] + rest + "e" + std::to_string(number.point - 1);
  }
  if (number.point <= 0) {
    return sign + "0." + std::string(static_cast<std::size_t>(-number.point), '0') + number.digits;
  }
  std::string whole = number.digits;
  if (number.point >= size) {
    whole.append(static_cast<std::size_t>(number.point - size), '0');
    return sign + whole;
  }
  return sign + whole.insert(static_cast<std::size_t>(number.point), ".");
}

}  // namespace

std::string json_number(std::string_view literal, double nearest) {
  std::string shortest = nlohmann::json(nearest).dump();
  const Number exact = number_of(literal);
  return number_of(shortest) == exact || exact.digits.empty() ? shortest : text_of(exact);
}

}  // namespace turnstone
