#include <turnstone/values.h>

#include <cstdio>
#include <limits>

namespace turnstone {
namespace {

using std::chrono::microseconds;

constexpr std::int64_t second = 1'000'000;
constexpr std::int64_t day = 86'400 * second;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Reads a text from its beginning; every function takes what it recognises and leaves the rest.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }

  bool take(char c) {
    if (peek() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  /// A number of `least` to `most` digits.
  std::optional<int> number(std::size_t least, std::size_t most) {
    std::size_t count = 0;
    int value = 0;
    while (count < most && count < rest_.size() && is_digit(rest_[count])) {
      value = value * 10 + (rest_[count++] - '0');
    }
    if (count < least) return std::nullopt;
    rest_.remove_prefix(count);
    return value;
  }

  /// Microseconds of a fraction behind `.` or `,`; digits beyond the sixth fall away.
  std::optional<std::int64_t> fraction() {
    if (peek() != '.' && peek() != ',') return 0;
    rest_.remove_prefix(1);
    if (!is_digit(peek())) return std::nullopt;
    std::int64_t value = 0;
    for (std::int64_t unit = second / 10; is_digit(peek()); unit /= 10) {
      value += unit * (peek() - '0');
      rest_.remove_prefix(1);
    }
    return value;
  }

  std::optional<Date> date() {
    const std::optional<int> year = number(4, 4);
    if (!year || *year == 0 || !take('-')) return std::nullopt;
    const std::optional<int> month = number(1, 2);
    if (!month || !take('-')) return std::nullopt;
    const std::optional<int> day_of_month = number(1, 2);
    if (!day_of_month) return std::nullopt;
    const std::chrono::year_month_day value(std::chrono::year(*year),
                                            std::chrono::month(static_cast<unsigned>(*month)),
                                            std::chrono::day(static_cast<unsigned>(*day_of_month)));
    if (!value.ok()) return std::nullopt;
    return Date(value);
  }

  std::optional<Time> time() {
    const std::optional<int> hour = number(1, 2);
    if (!hour || *hour > 23 || !take(':')) return std::nullopt;
    const std::optional<int> minute = number(2, 2);
    if (!minute || *minute > 59) return std::nullopt;
    std::int64_t value = (*hour * 60 + *minute) * 60 * second;
    if (take(':')) {
      const std::optional<int> seconds = number(2, 2);
      if (!seconds || *seconds > 59) return std::nullopt;
      const std::optional<std::int64_t> micros = fraction();
      if (!micros) return std::nullopt;
      value += *seconds * second + *micros;
    }
    return Time{microseconds(value)};
  }

  /// Microseconds east of UTC: `Z`, `±hh`, `±hhmm`, `±hh:mm`, or nothing, which is UTC.
  std::optional<std::int64_t> offset() {
    if (at_end() || take('Z') || take('z')) return 0;
    const bool west = peek() == '-';
    if (!take('+') && !take('-')) return std::nullopt;
    const std::optional<int> hours = number(2, 2);
    if (!hours || *hours > 23) return std::nullopt;
    int minutes = 0;
    if (take(':') || is_digit(peek())) {
      const std::optional<int> read = number(2, 2);
      if (!read || *read > 59) return std::nullopt;
      minutes = *read;
    }
    const std::int64_t value = (*hours * 60 + minutes) * 60 * second;
    return west ? -value : value;
  }

  /// `whole` and the fraction that follows, times `unit`; empty where 64 bits do not hold it.
  std::optional<std::int64_t> amount(std::int64_t whole, std::int64_t unit) {
    __extension__ typedef __int128 Wide;
    const std::optional<std::int64_t> parts = fraction();
    if (!parts) return std::nullopt;
    const Wide value = static_cast<Wide>(whole) * unit + static_cast<Wide>(*parts) * unit / second;
    if (value > std::numeric_limits<std::int64_t>::max()) return std::nullopt;
    return static_cast<std::int64_t>(value);
  }

  /// A number of at most 18 digits.
  std::optional<std::int64_t> whole() {
    std::int64_t value = 0;
    int count = 0;
    for (; is_digit(peek()); ++count) {
      if (count == 18) return std::nullopt;
      value = value * 10 + (peek() - '0');
      rest_.remove_prefix(1);
    }
    if (count == 0) return std::nullopt;
    return value;
  }

  void skip_blanks() {
    while (take(' ')) {
    }
  }

 private:
  std::string_view rest_;
};

/// `hh:mm:ss` and six digits of fraction where it is not zero.
std::string clock_text(std::int64_t since_midnight) {
  const auto seconds = static_cast<int>(since_midnight / second);
  const auto fraction = static_cast<int>(since_midnight % second);
  char text[32];
  std::snprintf(text, sizeof text, "%02d:%02d:%02d", seconds / 3600, seconds / 60 % 60,
                seconds % 60);
  std::string result = text;
  if (fraction != 0) {
    std::snprintf(text, sizeof text, ".%06d", fraction);
    result += text;
  }
  return result;
}

/// The part of a duration with its unit: what may follow what.
struct DurationUnit {
  char letter = ' ';
  bool of_time = false;
  std::int64_t size = 0;
};

constexpr DurationUnit duration_units[] = {{'W', false, 7 * day},
                                           {'D', false, day},
                                           {'H', true, 3600 * second},
                                           {'M', true, 60 * second},
                                           {'S', true, second}};

}  // namespace

std::optional<Date> parse_date(std::string_view text) {
  Reader reader(text);
  const std::optional<Date> value = reader.date();
  if (!value || !reader.at_end()) return std::nullopt;
  return value;
}

std::optional<Time> parse_time(std::string_view text) {
  Reader reader(text);
  const std::optional<Time> value = reader.time();
  if (!value || !reader.at_end()) return std::nullopt;
  return value;
}

std::optional<DateTime> parse_date_time(std::string_view text) {
  Reader reader(text);
  const std::optional<Date> date = reader.date();
  if (!date || !(reader.take('T') || reader.take(' ') || reader.take('t'))) return std::nullopt;
  const std::optional<Time> time = reader.time();
  if (!time) return std::nullopt;
  reader.skip_blanks();
  const std::optional<std::int64_t> offset = reader.offset();
  if (!offset || !reader.at_end()) return std::nullopt;
  return DateTime(*date) + time->since_midnight - microseconds(*offset);
}

std::optional<Duration> parse_duration(std::string_view text) {
  Reader reader(text);
  const bool negative = reader.take('-');
  if (!negative) reader.take('+');
  if (!reader.take('P')) return std::nullopt;
  std::int64_t total = 0;
  bool in_time = false;
  bool any = false;
  bool expects_time = false;
  const DurationUnit* next = std::begin(duration_units);
  while (!reader.at_end()) {
    if (!in_time && reader.take('T')) {
      in_time = expects_time = true;
      continue;
    }
    const std::optional<std::int64_t> whole = reader.whole();
    if (!whole) return std::nullopt;
    // The letter stands behind the fraction, which is read with its unit: look for it first.
    Reader ahead = reader;
    if (!ahead.fraction()) return std::nullopt;
    while (next != std::end(duration_units) &&
           (next->letter != ahead.peek() || next->of_time != in_time)) {
      ++next;
    }
    if (next == std::end(duration_units)) return std::nullopt;
    const std::optional<std::int64_t> amount = reader.amount(*whole, next->size);
    if (!amount || __builtin_add_overflow(total, *amount, &total)) return std::nullopt;
    reader.take(next->letter);
    ++next;
    any = true;
    expects_time = false;
  }
  if (!any || expects_time) return std::nullopt;
  return Duration(negative ? -total : total);
}

std::string to_text(Date value) {
  const std::chrono::year_month_day date(value);
  char text[32];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return text;
}

std::string to_text(Time value) { return clock_text(value.since_midnight.count()); }

std::string to_text(DateTime value) {
  const auto date = std::chrono::floor<std::chrono::days>(value);
  return to_text(Date(date)) + "T" + clock_text((value - date).count()) + "Z";
}

std::string to_text(Duration value) {
  const bool negative = value.count() < 0;
  // Unsigned, because the smallest duration has no positive counterpart.
  const std::uint64_t size = negative ? 0 - static_cast<std::uint64_t>(value.count())
                                      : static_cast<std::uint64_t>(value.count());
  const std::string clock = clock_text(static_cast<std::int64_t>(size % day));
  return (negative ? "-P" : "P") + std::to_string(size / day) + "DT" + clock.substr(0, 2) + "H" +
         clock.substr(3, 2) + "M" + clock.substr(6) + "S";
}

}  // namespace turnstone
