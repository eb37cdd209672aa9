#pragma once

#include <turnstone/migrations/migration.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace turnstone::test {

/// A project at one moment and branches that grew from there, at random and with few names, so that
/// they meet often. Each branch fits the start by itself; the same seed gives the same.
class RandomBranches {
 public:
  explicit RandomBranches(std::uint32_t seed);

  const migrations::Migration& start() const { return start_; }
  /// State behind `start`.
  const ProjectState& state() const { return state_; }
  /// A branch of one to three operations behind `start`.
  migrations::Migration branch(const std::string& name);

 private:
  std::uint32_t below(std::uint32_t bound) { return random_() % bound; }
  bool often() { return below(3) != 0; }
  std::string name(const char* first, std::uint32_t count);
  std::string model() { return name("A", 4); }
  std::string field_name() { return name("p", 7); }
  Field random_field(const std::string& called);
  Field plain_field(const std::string& called);
  /// The field of that model as it might be changed.
  std::optional<Field> altered(const ProjectState& state, const std::string& model);
  migrations::Operation one(const ProjectState& state);
  migrations::Operation on_model(const ProjectState& state);
  /// Operations that fit one after the other; `state` is moved behind them.
  migrations::Operations list(ProjectState& state, std::size_t length);

  std::mt19937 random_;
  migrations::Migration start_{};
  ProjectState state_{};
};

}  // namespace turnstone::test
