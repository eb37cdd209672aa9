#include <turnstone/error.h>
#include <turnstone/identifier.h>

#include <algorithm>

namespace turnstone {
namespace {

/// Insertions, deletions, replacements and exchanges of neighbours that make one of the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> two_back;
  std::vector<std::size_t> last(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::vector<std::size_t> row(b.size() + 1);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], two_back[j - 2] + 1);
      }
    }
    two_back = std::move(last);
    last = std::move(row);
  }
  return last[b.size()];
}

}  // namespace

Error::Error(ErrorKind kind, const std::string& message, std::string where, std::string hint)
    : std::runtime_error(message), kind_(kind), where_(std::move(where)), hint_(std::move(hint)) {}
Error::Error(const Error&) = default;
Error::Error(Error&&) noexcept = default;
Error& Error::operator=(const Error&) = default;
Error& Error::operator=(Error&&) noexcept = default;
Error::~Error() = default;

Error& Error::at(std::string where) {
  if (where_.empty()) where_ = std::move(where);
  return *this;
}

Error& Error::advise(std::string hint) {
  if (hint_.empty()) hint_ = std::move(hint);
  return *this;
}

std::string Error::text() const {
  std::string text = what();
  if (!where_.empty()) text += " (" + where_ + ")";
  if (!hint_.empty()) text += "; " + hint_;
  return text;
}

DatabaseError::DatabaseError(const std::string& message, Details details, std::string statement)
    : Error(ErrorKind::database, message),
      details_(std::move(details)),
      statement_(std::move(statement)) {}

bool DatabaseError::retryable() const {
  return details_.kind == DatabaseErrorKind::serialization ||
         details_.kind == DatabaseErrorKind::lock_timeout;
}

std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates) {
  const std::string wanted = lower_case(name);
  std::string best;
  std::size_t best_distance = wanted.size() / 3 + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t d = distance(wanted, lower_case(candidate));
    if (d < best_distance) {
      best = candidate;
      best_distance = d;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates) {
  const std::string nearest = nearest_name(name, candidates);
  return nearest.empty() ? "" : "did you mean \"" + nearest + "\"?";
}

}  // namespace turnstone
