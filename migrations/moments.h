#pragma once

#include <turnstone/migrations/compile.h>

#include <optional>
#include <vector>

namespace turnstone::migrations {

/// The moments a plan passes through, made when they are needed. A way back of 5,000 migrations
/// keeps one moment in 64, and those of the stretch it is in.
class Moments {
 public:
  Moments() = default;
  Moments(const Graph& graph, const History& history, const Plan& plan, const Dialect& dialect);

  /// Where the database stands. Forwards only.
  const Moment& current() const { return current_; }
  /// The next migration of the plan, made ready. Moves nothing.
  Compiled compile(const PlannedMigration& planned, const Functions& functions);
  /// What is to be undone, in the order forwards, and the moment before each of it.
  const std::vector<std::shared_ptr<const Migration>>& undone() const { return undone_; }
  const Moment& before(std::size_t index);
  /// The next migration of the plan is done, by us or by others.
  void pass(const PlannedMigration& planned);

 private:
  void step_over(Moment& moment, const Migration& migration) const;

  static constexpr std::size_t stretch = 64;

  const Dialect* dialect_ = nullptr;
  Moment current_{};
  std::optional<Moment> next_{};  ///< behind the migration compiled last

  /// The way back, in the order forwards; `left_` of them are still to be undone.
  std::vector<std::shared_ptr<const Migration>> undone_{};
  std::size_t left_ = 0;
  std::vector<Moment> kept_{};  ///< before undone_[0], [64], [128] …
  std::vector<Moment> near_{};  ///< before each of the stretch that begins at `near_begin_`
  std::size_t near_begin_ = static_cast<std::size_t>(-1);
};

}  // namespace turnstone::migrations
