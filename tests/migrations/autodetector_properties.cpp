#include <doctest/doctest.h>
#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/migrations/autodetector.h>

#include <chrono>

#include "support/models.h"
#include "support/random_models.h"

using namespace turnstone;
using namespace turnstone::migrations;
using namespace turnstone::test;

namespace {

/// Says yes to the first rename it is asked about, gives values, and lets things go.
class Agreeable : public ScriptedQuestioner {
 public:
  bool renamed_model(const ModelState&, const ModelState&, bool) override { return true; }
  bool renamed_field(const ModelState&, const Field&, const Field&,
                     const std::vector<std::string>&) override {
    return true;
  }
};

/// Fails at anything.
class Silent : public ScriptedQuestioner {
 public:
  ~Silent() override { CHECK(join(asked, "; ") == ""); }
};

ProjectState carried_out(ProjectState state,
                         const std::map<std::string, std::vector<Migration>>& made) {
  // By number: all of these histories have one app.
  for (const auto& [app, migrations] : made) {
    for (const Migration& migration : migrations) {
      for (const Operation& operation : migration.operations) {
        INFO(describe(operation));
        advance(state, app, operation);
        const std::vector<Problem> problems = problems_of(state);
        for (const Problem& problem : problems) FAIL_CHECK(problem.where << " " << problem.message);
      }
    }
  }
  return state;
}

std::string words(const std::map<std::string, std::vector<Migration>>& made) {
  std::string text;
  for (const auto& [app, migrations] : made) {
    for (const Migration& migration : migrations) {
      text += migration.id.text() + ": " + join(described(migration.operations), "; ") + "\n";
    }
  }
  return text;
}

void check_step(const ProjectState& from, const ProjectState& to, Questioner& questioner) {
  const ExistingMigrations existing{{{"lab", "0001_initial"}}};
  const auto made = detect_changes(from, to, existing, questioner, {});
  INFO(words(made));
  try {
    CHECK((carried_out(from, made) == to));
  } catch (const Error& error) {
    FAIL_CHECK(error.text());
  }
  Silent silent;
  CHECK(detect_changes(to, to, existing, silent, {}).empty());
}

}  // namespace

TEST_CASE("carrying out what was found leads to the models, whatever was answered") {
  for (std::uint32_t seed = 1; seed <= 150; ++seed) {
    INFO("seed " << seed);
    RandomModels models(seed);
    std::vector<ProjectState> states = {ProjectState{}};
    for (int i = 0; i < 8; ++i) {
      models.change();
      INFO(join(models.log(), "; "));
      KnowingQuestioner knowing(models.renames());
      check_step(states.back(), models.state(), knowing);
      states.push_back(models.state());
    }
    // Further jumps, backwards too, and between histories that have nothing to do with each other.
    ScriptedQuestioner refusing;
    Agreeable agreeable;
    RandomModels strange(seed + 1000);
    for (int i = 0; i < 4; ++i) strange.change();
    check_step(states.front(), states.back(), refusing);
    check_step(states.back(), states.front(), refusing);
    check_step(states[3], states[7], refusing);
    check_step(states[7], states[3], agreeable);
    check_step(states[7], strange.state(), refusing);
    check_step(states[7], strange.state(), agreeable);
  }
}

TEST_CASE("the same question gets the same answer") {
  RandomModels models(7);
  for (int i = 0; i < 10; ++i) models.change();
  const ProjectState before = models.state();
  for (int i = 0; i < 5; ++i) models.change();
  Agreeable first;
  Agreeable second;
  CHECK(words(detect_changes(before, models.state(), {}, first, {})) ==
        words(detect_changes(before, models.state(), {}, second, {})));
}

TEST_CASE("five hundred models without a change take next to no time") {
  const auto make = [] {
    ProjectState state;
    for (int i = 0; i < 500; ++i) {
      std::vector<Field> fields;
      for (int f = 0; f < 9; ++f) fields.push_back(text_field("field" + std::to_string(f)));
      state.set(table("lab.Model" + std::to_string(i), fields));
    }
    return state;
  };
  const ProjectState from = make();
  const ProjectState to = make();
  Silent silent;
  const auto start = std::chrono::steady_clock::now();
  CHECK(detect_changes(from, to, {}, silent, {}).empty());
  const auto taken = std::chrono::steady_clock::now() - start;
  CHECK(taken < std::chrono::milliseconds(250));  // some 5 ms where it is built for speed
  MESSAGE(std::chrono::duration_cast<std::chrono::microseconds>(taken).count() << " us");
}
