#pragma once

#include <turnstone/migrations/operation.h>
#include <turnstone/model/project_state.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

namespace turnstone::test {

/// Operations of app `lab` over few names, so that they meet often. Each fits the state it comes
/// to. The same seed gives the same lists.
class RandomOperations {
 public:
  /// `for_rows`: what rows of a real database mostly forbid is left out, such as a text that
  /// becomes a number.
  explicit RandomOperations(std::uint32_t seed, bool for_rows = false)
      : random_(seed), for_rows_(for_rows) {}

  /// A list that leads from `state` on; `state` is moved behind it. Shorter than `length` where
  /// nothing more fits.
  migrations::Operations list(ProjectState& state, std::size_t length);

 private:
  std::uint32_t below(std::uint32_t bound) { return random_() % bound; }
  std::string model();
  std::string model_name();
  std::string name();
  Field field(const std::string& called);
  CheckConstraint check(const std::string& called);
  migrations::Operation one();

  std::mt19937 random_;
  bool for_rows_ = false;
};

}  // namespace turnstone::test
