#include <doctest/doctest.h>
#include <turnstone/error.h>
#include <turnstone/migrations/graph.h>

namespace turnstone::migrations {
namespace {

using Names = std::vector<std::string>;

MigrationId id(const std::string& text) {
  const std::size_t dot = text.find('.');
  return {text.substr(0, dot), text.substr(dot + 1)};
}

Migration made(const std::string& name, const Names& needs = {}, const Names& replaces = {}) {
  Migration migration;
  migration.id = id(name);
  migration.digest = "sha256:" + name;
  for (const std::string& parent : needs) migration.dependencies.push_back(id(parent));
  for (const std::string& old : replaces) migration.replaces.push_back(id(old));
  return migration;
}

History history(const Names& applied) {
  History rows;
  for (const std::string& name : applied) {
    rows.add({.id = id(name), .applied = "", .digest = "sha256:" + name});
  }
  return rows;
}

/// a.1 ← a.2 ← a.3; b.2 needs a.2; c.1 stands alone.
Graph lab() {
  return Graph({made("a.1"), made("a.2", {"a.1"}), made("a.3", {"a.2"}), made("b.1"),
                made("b.2", {"b.1", "a.2"}), made("c.1")},
               nullptr);
}

/// `+a.1` forwards, `-a.1` backwards.
Names steps(const Graph& graph, const History& rows, const std::vector<Target>& targets) {
  Names found;
  for (const PlannedMigration& step : make_plan(graph, rows, targets)) {
    found.push_back((step.backwards ? "-" : "+") + step.migration->id.text());
  }
  return found;
}

TEST_CASE("a plan leads from what is applied to the targets") {
  const Graph graph = lab();
  const Names all{"a.1", "a.2", "a.3", "b.1", "b.2", "c.1"};
  struct Case {
    const char* label;
    Names applied;
    std::vector<Target> targets;
    Names plan;
  };
  const Case cases[] = {
      {"everything", {}, {}, {"+a.1", "+a.2", "+a.3", "+b.1", "+b.2", "+c.1"}},
      {"the rest", {"a.1", "b.1"}, {}, {"+a.2", "+a.3", "+b.2", "+c.1"}},
      {"nothing left", all, {}, {}},
      {"one app up to a name, with what it needs",
       {},
       {{"b", "2"}},
       {"+a.1", "+a.2", "+b.1", "+b.2"}},
      {"several, in the order of the whole", {}, {{"b", "1"}, {"a", "1"}}, {"+a.1", "+b.1"}},
      {"an applied leaf", all, {{"a", "3"}}, {}},
      {"back to a name, with what depends on it in other apps",
       all,
       {{"a", "1"}},
       {"-b.2", "-a.3", "-a.2"}},
      {"back, sparing what another app needs only of the target", all, {{"a", "2"}}, {"-a.3"}},
      {"zero", all, {{"a", ""}}, {"-b.2", "-a.3", "-a.2", "-a.1"}},
      {"zero of an app without dependents", all, {{"c", ""}}, {"-c.1"}},
      {"zero with nothing applied", {}, {{"a", ""}}, {}},
      {"zero twice", all, {{"a", ""}, {"b", ""}}, {"-b.2", "-b.1", "-a.3", "-a.2", "-a.1"}},
      {"back over what is not applied", {"a.1", "a.2"}, {{"a", "1"}}, {"-a.2"}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.label);
    CHECK(steps(graph, history(c.applied), c.targets) == c.plan);
  }
}

TEST_CASE("forwards and backwards at once is refused, as are unknown targets") {
  const Graph graph = lab();
  const History rows = history({"a.1", "a.2"});
  CHECK_THROWS_WITH_AS(make_plan(graph, rows, {{"a", "1"}, {"c", "1"}}),
                       "the targets ask to go forwards and backwards at once", Error);
  CHECK_THROWS_WITH_AS(make_plan(graph, rows, {{"a", "9"}}), "there is no migration a.9", Error);
  CHECK_THROWS_WITH_AS(make_plan(graph, rows, {{"x", ""}}), "app \"x\" has no migrations", Error);
}

TEST_CASE("two branches of one app are taken back in the reverse of their order") {
  const Graph graph({made("a.1"), made("a.2_x", {"a.1"}), made("a.2_y", {"a.1"}),
                     made("a.3", {"a.2_x", "a.2_y"})},
                    nullptr);
  const History rows = history({"a.1", "a.2_x", "a.2_y", "a.3"});
  CHECK(steps(graph, rows, {{"a", "1"}}) == Names{"-a.3", "-a.2_y", "-a.2_x"});
}

TEST_CASE("a squash is planned once, or not at all when its old ones are applied") {
  const std::vector<Migration> files{made("a.1"), made("a.2", {"a.1"}),
                                     made("a.s", {}, {"a.1", "a.2"}), made("a.3", {"a.2"})};
  const auto plan = [&](const Names& applied, const std::vector<Target>& targets) {
    const History rows = history(applied);
    return steps(Graph(files, &rows), rows, targets);
  };
  CHECK(plan({}, {}) == Names{"+a.s", "+a.3"});
  CHECK(plan({"a.1", "a.2"}, {}) == Names{"+a.3"});
  CHECK(plan({"a.1"}, {}) == Names{"+a.2", "+a.3"});
  CHECK(plan({"a.1", "a.2", "a.s", "a.3"}, {{"a", ""}}) == Names{"-a.3", "-a.s"});
  CHECK(plan({"a.1", "a.2", "a.3"}, {{"a", ""}}) == Names{"-a.3", "-a.s"});
}

TEST_CASE("a history with a child before its parent is refused, naming both and the database") {
  const Graph graph = lab();
  check_consistent(graph, history({"a.1", "a.2", "b.1", "b.2"}), "default");
  check_consistent(graph, history({}), "default");
  try {
    check_consistent(graph, history({"a.1", "b.1", "b.2"}), "default");
    FAIL_CHECK("accepted");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::history);
    CHECK(error.text() ==
          "b.2 is applied, but a.2, which it depends on, is not (database default); apply a.2 by "
          "hand and record it with --fake, or restore the files this database was migrated with");
  }
}

TEST_CASE("a parent that is a squash of applied migrations is consistent") {
  const History rows = history({"a.1", "a.2", "b.1"});
  const Graph graph({made("a.s", {}, {"a.1", "a.2"}), made("b.1", {"a.2"})}, &rows);
  check_consistent(graph, rows, "default");
}

TEST_CASE("rows without a file and files with another digest are told, in order") {
  const Graph graph({made("a.1"), made("a.2", {"a.1"}), made("a.s", {}, {"a.0_x"}), made("b.1")},
                    nullptr);
  History rows = history({"a.1", "a.2", "a.s", "a.0_x", "a.9", "gone.1", "b.1"});
  CHECK(unknown_rows(graph, rows) == std::vector<MigrationId>{id("a.9"), id("gone.1")});
  CHECK(edited_files(graph, rows).empty());
  rows.add({.id = id("b.1"), .applied = "", .digest = "sha256:other"});
  rows.add({.id = id("a.2"), .applied = "", .digest = "sha256:other"});
  // Recorded without a digest: nothing to compare.
  rows.add({.id = id("a.1"), .applied = "", .digest = ""});
  CHECK(edited_files(graph, rows) == std::vector<MigrationId>{id("a.2"), id("b.1")});
}

TEST_CASE("a history finds, adds and takes away rows") {
  History rows = history({"a.1"});
  CHECK(rows.contains(id("a.1")));
  CHECK(rows.find(id("a.1"))->digest == "sha256:a.1");
  CHECK(rows.find(id("a.2")) == nullptr);
  rows.erase(id("a.1"));
  CHECK(rows.rows().empty());
}

}  // namespace
}  // namespace turnstone::migrations
