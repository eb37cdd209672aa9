#include <doctest/doctest.h>
#include <turnstone/migrations/plan_script.h>
#include <turnstone/schema/lower.h>

#include <cstdlib>

#include "bookkeeping.h"
#include "support/failing_connection.h"
#include "support/lab.h"
#include "support/random_history.h"
#include "support/shell_program.h"

// What is shown is what is run: `migrate --sql` fed to psql and sqlite3 against `migrate`, and the
// statements of `sqlmigrate` against those a connection sees, over random histories.

using namespace turnstone;
using namespace turnstone::migrations;
using test::Lab;
using test::Round;

namespace {

/// How many histories: 6 unless TURNSTONE_SCRIPTS says otherwise (a long run at night).
std::uint32_t script_count() {
  const char* text = std::getenv("TURNSTONE_SCRIPTS");
  return text ? static_cast<std::uint32_t>(std::atoi(text)) : 6;
}

void append_to(Lab& lab, const std::vector<Migration>& migrations) {
  lab.files().insert(lab.files().end(), migrations.begin(), migrations.end());
}

std::string script_of(Lab& lab, const std::vector<Target>& targets = {}) {
  return plan_script(lab.connection(), lab.backend(), lab.files(), lab.functions(), targets, {})
      .text;
}

/// Names and digests of what is recorded; everything but the times.
std::vector<std::string> recorded(Lab& lab) {
  std::vector<std::string> rows;
  const History history = recorder::read(lab.connection(), lab.backend());
  for (const auto& row : history.rows()) {
    rows.push_back(row.first.text() + " " + row.second.digest);
  }
  return rows;
}

void run_script_in_program(Lab& lab, const std::string& script) {
  const test::ProgramRun run = test::run_in_program(lab.database(), script);
  INFO(script);
  CAPTURE(run.output);
  REQUIRE(run.code == 0);
}

/// What the executor sends for `compiled`, without what it asks.
std::vector<std::string> sent_for(const Compiled& compiled, const Dialect& dialect) {
  std::vector<std::string> sent = compiled.script.setup;
  for (const Batch& batch : compiled.script.batches) {
    if (batch.transactional) sent.emplace_back(dialect.begin());
    for (const ScriptItem& item : batch.items) {
      if (const auto* statement = std::get_if<Statement>(&item.item))
        sent.push_back(statement->sql);
    }
    if (batch.transactional) sent.emplace_back("COMMIT");
  }
  sent.insert(sent.end(), compiled.script.teardown.begin(), compiled.script.teardown.end());
  return sent;
}

bool asks(std::string_view sql) {
  return sql.starts_with("SELECT") || sql.starts_with("\nSELECT") || sql.starts_with("EXPLAIN") ||
         sql.starts_with("PRAGMA foreign_key_check") || sql.starts_with("PRAGMA data_version");
}

}  // namespace

TEST_CASE("a plan as a script does what migrate does, once") {
  for (const std::string& dialect : test::test_dialects()) {
    Lab by_program(dialect);
    Lab by_migrate(dialect);
    for (std::uint32_t seed = 1001; seed <= 1000 + script_count(); ++seed) {
      std::string story;
      CAPTURE(dialect);
      CAPTURE(seed);
      const std::vector<Round> rounds = test::make_history(seed, story);
      INFO(story);
      for (Lab* lab : {&by_program, &by_migrate}) {
        lab->reset();
        append_to(*lab, rounds.front().migrations);
      }
      by_migrate.migrate();
      run_script_in_program(by_program, script_of(by_program));
      for (Lab* lab : {&by_program, &by_migrate}) {
        test::insert_rows(*lab, rounds.front().state);
        for (std::size_t i = 1; i < rounds.size(); ++i) append_to(*lab, rounds[i].migrations);
      }
      by_migrate.migrate();
      const std::string script = script_of(by_program);
      for (int time = 1; time <= 2; ++time) {
        CAPTURE(time);
        run_script_in_program(by_program, script);
        REQUIRE(test::lines(by_program.drift(rounds.back().state)) == "");
        REQUIRE(by_program.rows() == by_migrate.rows());
        REQUIRE(recorded(by_program) == recorded(by_migrate));
      }
      const std::string back = script_of(by_program, {{"lab", ""}});
      for (int time = 1; time <= 2; ++time) {
        run_script_in_program(by_program, back);
        REQUIRE(by_program.rows().empty());
        REQUIRE(recorded(by_program).empty());
      }
    }
  }
}

TEST_CASE("what sqlmigrate compiles is what migrate sends") {
  for (const std::string& dialect : test::test_dialects()) {
    Lab lab(dialect);
    for (std::uint32_t seed = 2001; seed <= 2000 + script_count(); ++seed) {
      std::string story;
      CAPTURE(dialect);
      CAPTURE(seed);
      const std::vector<Round> rounds = test::make_history(seed, story);
      INFO(story);
      lab.reset();
      for (const Round& round : rounds) append_to(lab, round.migrations);
      lab.migrate(lab.files().front().id.name);
      test::insert_rows(lab, rounds.front().state);
      std::vector<std::string> sent;
      bool listening = false;
      test::InterceptedConnection connection(lab.database().connect(),
                                             {.before = [&](std::size_t, std::string_view sql) {
                                               if (listening && !asks(sql)) sent.emplace_back(sql);
                                             }});
      // Forwards to the last one, then back to the first.
      std::vector<std::pair<MigrationId, bool>> walk;
      for (std::size_t i = 1; i < lab.files().size(); ++i)
        walk.emplace_back(lab.files()[i].id, false);
      for (std::size_t i = lab.files().size(); i-- > 1;) walk.emplace_back(lab.files()[i].id, true);
      for (const auto& [id, backwards] : walk) {
        const History history = recorder::read(connection, lab.backend());
        const Graph graph(lab.files(), &history);
        Moment moment{.state = state_in_plan(graph, history, id)};
        moment.schema = lower(moment.state, lab.dialect());
        const auto& migration = graph.migrations().at(id);
        const Compiled compiled =
            backwards ? compile_backwards(migration, moment, lab.dialect(), lab.functions())
                      : compile_forwards(migration, moment, lab.dialect(), lab.functions());
        const Target target{"lab", backwards ? migration->dependencies.front().name : id.name};
        sent.clear();
        listening = true;
        Reporter silent;
        migrate(connection, lab.backend(), lab.files(), lab.functions(), {target}, {}, silent);
        listening = false;
        const std::string place = id.text() + (backwards ? " backwards" : "");
        CAPTURE(place);
        REQUIRE(sent == sent_for(compiled, lab.dialect()));
      }
    }
  }
}
