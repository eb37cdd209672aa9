#include <turnstone/values.h>

#include <cstdio>

namespace turnstone {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// Reads a text from the left.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  bool done() const { return at_ == text_.size(); }
  bool take(char c) {
    if (done() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool at(char c) const { return !done() && text_[at_] == c; }
  /// Exactly `count` digits.
  std::optional<int> digits(int count) {
    int value = 0;
    for (int i = 0; i < count; ++i) {
      const auto digit = next_digit();
      if (!digit) return std::nullopt;
      value = value * 10 + *digit;
    }
    return value;
  }
  /// One to eighteen digits.
  std::optional<std::int64_t> number() {
    std::int64_t value = 0;
    int count = 0;
    while (const auto digit = next_digit()) {
      if (++count > 18) return std::nullopt;
      value = value * 10 + *digit;
    }
    return count == 0 ? std::nullopt : std::optional(value);
  }
  /// Digits behind a point as microseconds: one to nine of them, cut behind the sixth.
  std::optional<std::int64_t> fraction() {
    std::int64_t value = 0;
    int count = 0;
    while (const auto digit = next_digit()) {
      if (count < 6) value = value * 10 + *digit;
      if (++count > 9) return std::nullopt;
    }
    if (count == 0) return std::nullopt;
    for (; count < 6; ++count) value *= 10;
    return value;
  }

 private:
  std::optional<int> next_digit() {
    if (done() || text_[at_] < '0' || text_[at_] > '9') return std::nullopt;
    return text_[at_++] - '0';
  }
  std::string_view text_;
  std::size_t at_ = 0;
};

std::optional<Date> read_date(Reader& reader) {
  const auto year = reader.digits(4);
  if (!year || !reader.take('-')) return std::nullopt;
  const auto month = reader.digits(2);
  if (!month || !reader.take('-')) return std::nullopt;
  const auto day = reader.digits(2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *year == 0) return std::nullopt;
  return Date(date);
}

std::optional<microseconds> read_time(Reader& reader) {
  const auto hour = reader.digits(2);
  if (!hour || *hour > 23 || !reader.take(':')) return std::nullopt;
  const auto minute = reader.digits(2);
  if (!minute || *minute > 59) return std::nullopt;
  microseconds time = hours(*hour) + minutes(*minute);
  if (!reader.take(':')) return time;
  const auto second = reader.digits(2);
  if (!second || *second > 59) return std::nullopt;
  time += seconds(*second);
  if (reader.take('.') || reader.take(',')) {
    const auto fraction = reader.fraction();
    if (!fraction) return std::nullopt;
    time += microseconds(*fraction);
  }
  return time;
}

std::string clock_text(microseconds time) {
  const auto total = time.count();
  char text[32];
  const int size = std::snprintf(
      text, sizeof text, "%02d:%02d:%02d", static_cast<int>(total / 3'600'000'000),
      static_cast<int>(total / 60'000'000 % 60), static_cast<int>(total / 1'000'000 % 60));
  std::string result(text, static_cast<std::size_t>(size));
  if (const auto fraction = total % 1'000'000; fraction != 0) {
    std::snprintf(text, sizeof text, ".%06d", static_cast<int>(fraction));
    result += text;
  }
  return result;
}

}  // namespace

std::optional<Date> parse_date(std::string_view text) {
  Reader reader(text);
  const auto date = read_date(reader);
  return reader.done() ? date : std::nullopt;
}

std::optional<Time> parse_time(std::string_view text) {
  Reader reader(text);
  const auto time = read_time(reader);
  if (!time || !reader.done()) return std::nullopt;
  return Time{*time};
}

std::optional<DateTime> parse_date_time(std::string_view text) {
  Reader reader(text);
  const auto date = read_date(reader);
  if (!date || !(reader.take('T') || reader.take(' '))) return std::nullopt;
  const auto time = read_time(reader);
  if (!time) return std::nullopt;
  DateTime result = DateTime(*date) + *time;
  if (reader.done() || (reader.take('Z') && reader.done())) return result;
  const bool behind = reader.at('-');
  if (!reader.take('-') && !reader.take('+')) return std::nullopt;
  const auto hour = reader.digits(2);
  if (!hour || *hour > 23) return std::nullopt;
  int minute = 0;
  if (!reader.done()) {
    reader.take(':');
    const auto part = reader.digits(2);
    if (!part || *part > 59) return std::nullopt;
    minute = *part;
  }
  if (!reader.done()) return std::nullopt;
  const microseconds offset = hours(*hour) + minutes(minute);
  return behind ? result + offset : result - offset;
}

std::optional<Duration> parse_duration(std::string_view text) {
  Reader reader(text);
  const bool negative = reader.take('-');
  if (!negative) reader.take('+');
  if (!reader.take('P')) return std::nullopt;
  microseconds total{};
  bool any = false;
  bool in_time = false;
  int last = -1;  // units come in this order, each once
  while (!reader.done()) {
    if (!in_time && reader.take('T')) {
      in_time = true;
      if (reader.done()) return std::nullopt;
      continue;
    }
    const auto whole = reader.number();
    if (!whole || *whole > 1'000'000'000'000) return std::nullopt;
    std::int64_t fraction = 0;
    const bool has_fraction = reader.take('.') || reader.take(',');
    if (has_fraction) {
      const auto part = reader.fraction();
      if (!part) return std::nullopt;
      fraction = *part;
    }
    int unit = -1;
    if (!in_time && reader.take('W')) {
      unit = 0;
      total += days(7 * *whole);
    } else if (!in_time && reader.take('D')) {
      unit = 1;
      total += days(*whole);
    } else if (in_time && reader.take('H')) {
      unit = 2;
      total += hours(*whole);
    } else if (in_time && reader.take('M')) {
      unit = 3;
      total += minutes(*whole);
    } else if (in_time && reader.take('S')) {
      unit = 4;
      total += seconds(*whole) + microseconds(fraction);
    }
    if (unit <= last || (has_fraction && unit != 4)) return std::nullopt;
    last = unit;
    any = true;
  }
  if (!any) return std::nullopt;
  return negative ? -total : total;
}

std::string to_text(Date value) {
  const std::chrono::year_month_day date(value);
  char text[32];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return text;
}

std::string to_text(Time value) { return clock_text(value.since_midnight); }

std::string to_text(DateTime value) {
  const Date date = std::chrono::floor<days>(value);
  return to_text(date) + "T" + clock_text(value - date) + "Z";
}

std::string to_text(Duration value) {
  const bool negative = value < Duration::zero();
  const auto total = negative ? -value.count() : value.count();
  char text[64];
  std::snprintf(
      text, sizeof text, "%sP%lldDT%02dH%02dM%02d", negative ? "-" : "",
      static_cast<long long>(total / 86'400'000'000), static_cast<int>(total / 3'600'000'000 % 24),
      static_cast<int>(total / 60'000'000 % 60), static_cast<int>(total / 1'000'000 % 60));
  std::string result = text;
  if (const auto fraction = total % 1'000'000; fraction != 0) {
    std::snprintf(text, sizeof text, ".%06d", static_cast<int>(fraction));
    result += text;
  }
  return result + "S";
}

}  // namespace turnstone
