#pragma once

#include <turnstone/migrations/migration.h>
#include <turnstone/migrations/questioner.h>

#include <cstdint>
#include <string>
#include <vector>

#include "support/lab.h"
#include "support/random_models.h"

namespace turnstone::test {

/// Migrations of app `lab` behind `leaf` (empty: the first ones) that lead from one state to
/// another.
std::vector<migrations::Migration> detected(const ProjectState& from, const ProjectState& to,
                                            const std::string& leaf,
                                            migrations::Questioner& questioner);

/// Two rows in every table of `state`: one with a value in every column, one with every NULL that
/// is allowed. Rows of heirs come after those of their bases.
void insert_rows(Lab& lab, const ProjectState& state);

/// What an author changed at once, as migrations, and the models after it.
struct Round {
  std::vector<migrations::Migration> migrations{};
  ProjectState state{};
};
/// A history of three to six rounds; the same seed gives the same. `story` tells what was done in
/// it, for messages.
std::vector<Round> make_history(std::uint32_t seed, std::string& story,
                                Vocabulary vocabulary = Vocabulary::plain);

}  // namespace turnstone::test
