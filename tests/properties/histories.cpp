#include <doctest/doctest.h>
#include <turnstone/identifier.h>
#include <turnstone/migrations/autodetector.h>
#include <turnstone/schema/lower.h>

#include <cstdlib>

#include "support/lab.h"
#include "support/random_models.h"

// Random histories of models: however a database gets to the final models, it ends with the same
// schema and the same rows, and the way back to zero leaves nothing.

using namespace turnstone;
using namespace turnstone::migrations;
using test::Lab;

namespace {

/// How many histories: 300 unless TURNSTONE_HISTORIES says otherwise (a long run at night).
int history_count() {
  const char* text = std::getenv("TURNSTONE_HISTORIES");
  return text ? std::atoi(text) : 300;
}

std::vector<Migration> detect(const ProjectState& from, const ProjectState& to,
                              const std::string& leaf, Questioner& questioner) {
  ExistingMigrations existing;
  if (!leaf.empty()) existing.leaf["lab"] = leaf;
  std::vector<Migration> migrations;
  for (auto& [app, list] :
       detect_changes(from, to, existing, questioner, {.timestamp = "20261125_1020"})) {
    for (Migration& migration : list) {
      migration.digest = digest_of(migration);
      migrations.push_back(std::move(migration));
    }
  }
  return migrations;
}

/// Two rows in every table of `state`: one with a value in every column, one with every NULL that
/// is allowed.
void insert_rows(Lab& lab, const ProjectState& state) {
  state.each([&](const ModelPtr& model) {
    for (const int number : {1, 2}) {
      std::vector<std::string> columns{"id"};
      std::vector<std::string> values{std::to_string(number)};
      for (const Field& field : model->fields) {
        if (field.name == "id" || !has_column(field) || is_relation(field.type)) continue;
        columns.push_back(column_name(field));
        const bool null = number == 2 && field.null;
        values.push_back(null ? "NULL" : lab.dialect().literal(test::sample_default(field), field));
      }
      lab.execute("INSERT INTO " + quote_identifier(database_table(*model, lab.dialect())) + " (" +
                  quote_identifiers(columns) + ") VALUES (" + join(values, ", ") + ")");
    }
  });
}

struct Round {
  std::vector<Migration> migrations{};
  ProjectState state{};
};

/// A history, and what was done in it for messages.
std::vector<Round> make_history(std::uint32_t seed, std::string& story) {
  test::RandomModels models(seed);
  std::vector<Round> rounds;
  std::string leaf;
  const int count = 3 + static_cast<int>(seed % 4);
  for (int i = 0; i < count; ++i) {
    const ProjectState before = models.state();
    models.change();
    for (const std::string& item : models.log()) {
      story += "round " + std::to_string(i) + ": " + item + "\n";
    }
    test::KnowingQuestioner questioner(models.renames());
    Round round{.migrations = detect(before, models.state(), leaf, questioner),
                .state = models.state()};
    ProjectState reached = before;
    for (const Migration& migration : round.migrations) {
      advance(reached, migration);
      leaf = migration.id.name;
      for (const Operation& operation : migration.operations) {
        story += "  " + migration.id.name + ": " + describe(operation) + "\n";
      }
    }
    INFO(story);
    REQUIRE(reached == models.state());
    test::KnowingQuestioner again(models.renames());
    REQUIRE(detect(models.state(), models.state(), leaf, again).empty());
    rounds.push_back(std::move(round));
  }
  return rounds;
}

void append(Lab& lab, const std::vector<Migration>& migrations) {
  lab.files().insert(lab.files().end(), migrations.begin(), migrations.end());
}

}  // namespace

TEST_CASE("all ways to the final models give the same schema and rows, and zero leaves nothing") {
  for (const std::string& dialect : test::test_dialects()) {
    Lab stepwise(dialect);
    Lab at_once(dialect);
    Lab as_one(dialect);
    Lab fresh(dialect);
    for (int n = 1; n <= history_count(); ++n) {
      const auto seed = static_cast<std::uint32_t>(n);
      std::string story;
      CAPTURE(dialect);
      CAPTURE(seed);
      const std::vector<Round> rounds = make_history(seed, story);
      INFO(story);
      for (Lab* lab : {&stepwise, &at_once, &as_one, &fresh}) lab->reset();
      const ProjectState& last = rounds.back().state;

      for (Lab* lab : {&stepwise, &at_once, &as_one}) {
        append(*lab, rounds.front().migrations);
        lab->migrate();
        insert_rows(*lab, rounds.front().state);
      }
      Operations all;
      for (std::size_t i = 1; i < rounds.size(); ++i) {
        append(stepwise, rounds[i].migrations);
        append(at_once, rounds[i].migrations);
        stepwise.migrate();
        REQUIRE(test::lines(stepwise.drift(rounds[i].state)) == "");
        for (const Migration& migration : rounds[i].migrations) {
          all.insert(all.end(), migration.operations.begin(), migration.operations.end());
        }
      }
      at_once.migrate();
      as_one.add("9999_all", all);
      as_one.migrate();
      test::RandomModels::Renames none;
      test::KnowingQuestioner questioner(none);
      append(fresh, detect({}, last, "", questioner));
      fresh.migrate();

      for (Lab* lab : {&stepwise, &at_once, &as_one, &fresh}) {
        REQUIRE(test::lines(lab->drift(last)) == "");
      }
      const test::Dump rows = stepwise.rows();
      REQUIRE(at_once.rows() == rows);
      REQUIRE(as_one.rows() == rows);

      for (Lab* lab : {&stepwise, &as_one}) {
        lab->migrate("zero");
        REQUIRE(lab->rows().empty());
      }
    }
  }
}
