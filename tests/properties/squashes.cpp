#include <doctest/doctest.h>
#include <turnstone/error.h>
#include <turnstone/migrations/squash.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "support/book_history.h"
#include "support/lab.h"
#include "support/random_history.h"

// Random histories, squashed at random: whatever a database has of them, it ends with the schema
// and the rows of one that took the old files one by one.

using namespace turnstone;
using namespace turnstone::migrations;
using test::Lab;
using test::Round;

namespace {

using Files = std::vector<Migration>;

/// How many histories: 25 unless TURNSTONE_SQUASHES says otherwise (a long run at night).
int squash_count() {
  const char* text = std::getenv("TURNSTONE_SQUASHES");
  return text ? std::atoi(text) : 25;
}

/// `files` with a squash of `first` to `last` among them.
Migration add_squash(Files& files, std::size_t first, std::size_t last, bool optimize,
                     const std::string& name) {
  const Graph graph(files, nullptr);
  const std::vector<MigrationId> order = graph.full_order();
  const bool from_start = first == 0;
  const auto range =
      squash_range(graph, from_start ? MigrationId{} : order.at(first), order.at(last));
  Squash squash =
      make_squash(graph, range, {.from_start = from_start, .name = name, .optimize = optimize});
  check_squash(files, graph, range, squash, replay(graph, order));
  squash.migration.digest = digest_of(squash.migration);
  files.push_back(squash.migration);
  return squash.migration;
}

/// `files` as they are once the squash is retired.
Files retired(const Files& files, const MigrationId& squash) {
  const Retirement retirement = retire_squash(files, squash);
  Files after;
  for (const Migration& file : files) {
    const auto same = [&](const Migration& other) { return other.id == file.id; };
    const auto& removed = retirement.removed;
    if (std::find(removed.begin(), removed.end(), file.id) != removed.end()) continue;
    const auto rewritten =
        std::find_if(retirement.rewritten.begin(), retirement.rewritten.end(), same);
    after.push_back(rewritten == retirement.rewritten.end() ? file : *rewritten);
  }
  return after;
}

/// The first `count` of `files`, with rows once the first round is there.
void begin(Lab& lab, const Files& files, std::size_t count, const Round& first) {
  lab.reset();
  const std::size_t with_tables = std::min(count, first.migrations.size());
  lab.files().assign(files.begin(), files.begin() + static_cast<std::ptrdiff_t>(with_tables));
  if (with_tables > 0) lab.migrate();
  if (with_tables == first.migrations.size()) test::insert_rows(lab, first.state);
  lab.files().assign(files.begin(), files.begin() + static_cast<std::ptrdiff_t>(count));
  if (count > with_tables) lab.migrate();
}

}  // namespace

TEST_CASE("a squashed history gives what the whole one gives, wherever a database stands in it") {
  for (const std::string& dialect : test::test_dialects()) {
    Lab whole(dialect);
    Lab lab(dialect);
    for (int n = 1; n <= squash_count(); ++n) {
      const auto seed = static_cast<std::uint32_t>(n);
      std::mt19937 random(seed);
      const auto below = [&](std::size_t bound) { return random() % bound; };
      std::string story;
      CAPTURE(dialect);
      CAPTURE(seed);
      const std::vector<Round> rounds = test::make_history(seed, story);
      const Round& start = rounds.front();
      const ProjectState& last = rounds.back().state;
      Files files;
      for (const Round& round : rounds) {
        files.insert(files.end(), round.migrations.begin(), round.migrations.end());
      }
      begin(whole, files, files.size(), start);
      const test::Dump rows = whole.rows();

      const std::size_t from = below(2) == 0 ? 0 : below(files.size());
      const std::size_t to = from + below(files.size() - from);
      Files squashed = files;
      const Migration squash = add_squash(squashed, from, to, n % 5 != 0, "");
      INFO(story << "squash of " << from << " to " << to);

      // An empty database, and back to nothing.
      lab.reset();
      lab.files() = squashed;
      lab.migrate();
      REQUIRE(test::lines(lab.drift(last)) == "");
      REQUIRE(lab.migrate().empty());
      lab.migrate("zero");
      REQUIRE(lab.rows().empty());
      REQUIRE(test::history_names(lab.connection(), lab.backend()).empty());

      // One that stands somewhere when the squash comes: before, within or behind it.
      const std::size_t middle = below(files.size() + 1);
      INFO("at " << middle);
      begin(lab, files, middle, start);
      lab.files() = squashed;
      lab.migrate();
      REQUIRE(test::lines(lab.drift(last)) == "");
      if (middle >= start.migrations.size()) {
        REQUIRE(lab.rows() == rows);
      }
      REQUIRE(lab.migrate().empty());
      std::vector<std::string> names;
      for (const Migration& file : squashed) names.push_back(file.id.name);
      std::sort(names.begin(), names.end());
      REQUIRE(test::history_names(lab.connection(), lab.backend()) == names);
      const test::Dump before = lab.rows();

      // A squash of the squash, recorded without a run; then each is retired.
      Files twice = squashed;
      const Graph graph(twice, nullptr);
      const Migration outer =
          add_squash(twice, 0, graph.full_order().size() - 1, n % 2 == 0, "all_of_it");
      lab.files() = twice;
      REQUIRE(lab.migrate().empty());
      Files left = retired(twice, outer.id);
      REQUIRE(left.size() == 1);
      lab.files() = left;
      REQUIRE(lab.migrate().empty());
      REQUIRE(lab.rows() == before);
      Reporter silent;
      REQUIRE(prune(lab.connection(), lab.backend(), left, "lab", {}, silent).size() ==
              twice.size() - 1);
      REQUIRE(lab.migrate().empty());
      REQUIRE(test::lines(lab.drift(last)) == "");
      lab.migrate("zero");
      REQUIRE(lab.rows().empty());

      // The squash of a squash on an empty database, and back.
      lab.reset();
      lab.files() = twice;
      REQUIRE(lab.migrate().size() == 1);
      REQUIRE(test::lines(lab.drift(last)) == "");
      REQUIRE(test::history_names(lab.connection(), lab.backend()).size() == twice.size());
      lab.migrate("zero");
      REQUIRE(test::history_names(lab.connection(), lab.backend()).empty());
    }
  }
}
