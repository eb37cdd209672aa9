#include <doctest/doctest.h>

#include <cstdlib>

#include "support/lab.h"
#include "support/random_history.h"

// Random histories of models: however a database gets to the final models, it ends with the same
// schema and the same rows, and the way back to zero leaves nothing.

using namespace turnstone;
using namespace turnstone::migrations;
using test::Lab;
using test::Round;

namespace {

/// How many histories: 300 unless TURNSTONE_HISTORIES says otherwise (a long run at night).
int history_count() {
  const char* text = std::getenv("TURNSTONE_HISTORIES");
  return text ? std::atoi(text) : 300;
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
      // Every other one is of plain models alone.
      const test::Vocabulary vocabulary = seed % 2 != 0         ? test::Vocabulary::plain
                                          : dialect == "sqlite" ? test::Vocabulary::common
                                                                : test::Vocabulary::postgresql;
      // In half of them models move to another app and back.
      const std::vector<Round> rounds =
          test::make_history(seed, story, vocabulary, seed % 4 < 2 ? "shed" : "");
      INFO(story);
      for (Lab* lab : {&stepwise, &at_once, &as_one, &fresh}) lab->reset();
      const ProjectState& last = rounds.back().state;

      for (Lab* lab : {&stepwise, &at_once, &as_one}) {
        append(*lab, rounds.front().migrations);
        lab->migrate();
        test::insert_rows(*lab, rounds.front().state);
      }
      Operations all;
      bool one_app = true;
      for (std::size_t i = 1; i < rounds.size(); ++i) {
        append(stepwise, rounds[i].migrations);
        append(at_once, rounds[i].migrations);
        stepwise.migrate();
        REQUIRE(test::lines(stepwise.drift(rounds[i].state)) == "");
        for (const Migration& migration : rounds[i].migrations) {
          all.insert(all.end(), migration.operations.begin(), migration.operations.end());
          one_app = one_app && migration.id.app == "lab";
        }
      }
      at_once.migrate();
      if (one_app) {
        as_one.add("9999_all", all);
      } else {
        for (std::size_t i = 1; i < rounds.size(); ++i) append(as_one, rounds[i].migrations);
      }
      as_one.migrate();
      test::RandomModels::Renames none;
      test::KnowingQuestioner questioner(none);
      append(fresh, test::detected({}, last, {}, questioner));
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
