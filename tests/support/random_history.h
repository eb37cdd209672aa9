#pragma once

#include <turnstone/migrations/autodetector.h>

#include <cstdint>
#include <string>
#include <vector>

#include "support/lab.h"
#include "support/random_models.h"

namespace turnstone::test {

/// Migrations behind those that are there already that lead from one state to another.
std::vector<migrations::Migration> detected(const ProjectState& from, const ProjectState& to,
                                            const migrations::ExistingMigrations& existing,
                                            migrations::Questioner& questioner);

/// Two rows in every table of `state`: one with a value in every column, one with every NULL that
/// is allowed. Rows of heirs come after those of their bases.
void insert_rows(Lab& lab, const ProjectState& state);

/// What an author changed at once, as migrations, and the models after it.
struct Round {
  std::vector<migrations::Migration> migrations{};  ///< in the order in which they are applied
  ProjectState state{};
};
/// A history of three to six rounds; the same seed gives the same. `story` tells what was done in
/// it, for messages. Everything happens in the app `lab`, unless models move between it and
/// `other_app`.
std::vector<Round> make_history(std::uint32_t seed, std::string& story,
                                Vocabulary vocabulary = Vocabulary::plain,
                                const std::string& other_app = {});

}  // namespace turnstone::test
