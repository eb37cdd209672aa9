#include <doctest/doctest.h>
#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/migrations/squash.h>

#include <filesystem>

#include "support/models.h"

namespace turnstone::migrations {
namespace {

using Names = std::vector<std::string>;

MigrationId id(const std::string& text) {
  const std::size_t dot = text.find('.');
  return {text.substr(0, dot), text.substr(dot + 1)};
}

std::vector<MigrationId> ids(const Names& texts) {
  std::vector<MigrationId> found;
  for (const std::string& text : texts) found.push_back(id(text));
  return found;
}

Names texts(const std::vector<MigrationId>& found) {
  Names names;
  for (const MigrationId& one : found) names.push_back(one.text());
  return names;
}

Migration made(const std::string& name, const Names& needs, Operations operations) {
  Migration migration{.id = id(name), .dependencies = ids(needs)};
  migration.operations = std::move(operations);
  migration.file = migration.id.app + "/" + migration.id.name + ".json";
  migration.digest = digest_of(migration);
  return migration;
}

CreateModel create(const std::string& name, std::vector<Field> more = {}) {
  CreateModel operation{.name = name, .fields = {test::id_field()}};
  for (Field& field : more) operation.fields.push_back(std::move(field));
  return operation;
}
AddField add(const std::string& model, const std::string& field) {
  return {model, test::optional(test::integer_field(field))};
}
RunSQL raw(bool elidable = false) {
  RunSQL operation;
  operation.sql.text = "SELECT 1";
  operation.reverse_sql = RunSQL::Source{};
  operation.elidable = elidable;
  return operation;
}

/// a.1 to a.4, with b.1 between a.1 and a.3.
std::vector<Migration> two_apps() {
  return {
      made("a.1", {}, {{create("A")}}), made("a.2", {"a.1"}, {{add("a", "x")}}),
      made("a.3", {"a.2", "b.1"}, {{AddField{"a", test::optional(test::key_field("b", "b.B"))}}}),
      made("a.4", {"a.3"}, {{add("a", "y")}}),
      made("b.1", {"a.1"}, {{create("B", {test::key_field("a", "a.A")})}})};
}

Squash squash_of(const std::vector<Migration>& files, const std::string& start,
                 const std::string& end, SquashOptions options = {}) {
  const Graph graph(files, nullptr);
  options.from_start = start.empty();
  const auto range = squash_range(graph, start.empty() ? MigrationId{} : id(start), id(end));
  Squash squash = make_squash(graph, range, options);
  check_squash(files, graph, range, squash, replay(graph, graph.full_order()));
  return squash;
}

std::string refusal(const std::vector<Migration>& files, const std::string& start,
                    const std::string& end) {
  try {
    squash_of(files, start, end);
  } catch (const Error& error) {
    return error.text();
  }
  return {};
}

TEST_CASE("a squash replaces a range and depends on what that depends on outside of it") {
  const Squash tail = squash_of(two_apps(), "a.3", "a.4");
  CHECK(tail.migration.id.text() == "a.3_squashed_4");
  CHECK(texts(tail.migration.replaces) == Names{"a.3", "a.4"});
  CHECK(texts(tail.migration.dependencies) == Names{"a.2", "b.1"});
  CHECK_FALSE(tail.migration.initial);
  const Squash head = squash_of(two_apps(), "", "a.2");
  CHECK(head.migration.id.text() == "a.0001_squashed_2");
  CHECK(head.migration.initial == true);
  CHECK(head.migration.dependencies.empty());
  CHECK(head.operations_before == 2);
  CHECK(test::described(head.migration.operations) == Names{"Create model A"});
  const Squash whole = squash_of(two_apps(), "", "a.2", {.optimize = false});
  CHECK(whole.migration.operations.size() == 2);
}

TEST_CASE("a squash is named as Django names it") {
  const std::vector<Migration> files{made("a.0001_initial", {}, {{create("A")}}),
                                     made("a.0002_x", {"a.0001_initial"}, {{add("a", "x")}}),
                                     made("a.0003_y", {"a.0002_x"}, {{add("a", "y")}})};
  struct Case {
    const char* start;
    const char* name;
    const char* made;
  };
  const Case cases[] = {{"", "", "0001_squashed_0003_y"},
                        {"", "books", "0001_books"},
                        {"a.0002_x", "", "0002_x_squashed_0003_y"},
                        {"a.0002_x", "books", "0002_books"}};
  for (const Case& c : cases) {
    CAPTURE(c.made);
    CHECK(squash_of(files, c.start, "a.0003_y", {.name = c.name}).migration.id.name == c.made);
  }
  CHECK_THROWS_WITH_AS(squash_of(files, "a.0003_y", "a.0002_x"),
                       "migration 0003_y does not come before 0002_x in app \"a\"", Error);
}

TEST_CASE("a squash that another app comes between is refused with the circle and the parts") {
  CHECK(refusal(two_apps(), "", "a.4") ==
        "a.1 to 4 can't become one migration: it would depend on itself, a.0001_squashed_4 -> b.1 "
        "-> a.0001_squashed_4 (b/1.json); squash in parts: 1 to 2, 3 to 4");
  CHECK(refusal(two_apps(), "", "a.2").empty());
  CHECK(refusal(two_apps(), "a.2", "a.4").empty());

  // Over two apps, and with a squash in the way.
  std::vector<Migration> longer = two_apps();
  longer[4].dependencies = ids({"c.s"});
  longer.push_back(made("c.1", {"a.2"}, {}));
  longer.push_back(made("c.s", {"a.2"}, {}));
  longer.back().replaces = ids({"c.1"});
  CHECK(refusal(longer, "", "a.4") ==
        "a.1 to 4 can't become one migration: it would depend on itself, a.0001_squashed_4 -> b.1 "
        "-> c.s -> a.0001_squashed_4 (b/1.json); squash in parts: 1 to 2, 3 to 4");

  const std::vector<Migration> zip{made("a.1", {}, {}), made("b.1", {"a.1"}, {}),
                                   made("a.2", {"a.1", "b.1"}, {})};
  CHECK(refusal(zip, "", "a.2") ==
        "a.1 to 2 can't become one migration: it would depend on itself, a.0001_squashed_2 -> b.1 "
        "-> a.0001_squashed_2 (b/1.json); no two neighbours among them can be squashed");
}

TEST_CASE("a squash that later migrations of others would not fit behind is refused") {
  std::vector<Migration> files{
      made("a.1", {}, {{create("A")}}), made("a.2", {"a.1"}, {{add("a", "x")}}),
      made("a.3", {"a.2"}, {{RenameModel{"A", "C"}}}),
      made("b.1", {"a.1"}, {{create("B", {test::key_field("a", "a.A")})}})};
  files[2].dependencies.push_back(id("b.1"));
  // With the edge it is a circle; with another order given by the rename alone it does not fit.
  CHECK(refusal(files, "", "a.3").find("squash in parts: 1 to 2") != std::string::npos);
  files[2].dependencies.pop_back();
  files[3].run_before = ids({"a.3"});
  CHECK(refusal(files, "", "a.3").find("squash in parts: 1 to 2") != std::string::npos);
}

TEST_CASE("what nothing is optimized across, and what is left out, is told") {
  const std::vector<Migration> files{made("a.1", {}, {{create("A")}, {raw(true)}}),
                                     made("a.2", {"a.1"}, {{RunCpp{"a.fill", "noop"}}}),
                                     made("a.3", {"a.2"}, {{add("a", "x")}, {raw()}})};
  const Squash squash = squash_of(files, "", "a.3");
  CHECK(squash.operations_before == 5);
  CHECK(squash.migration.operations.size() == 4);
  REQUIRE(squash.barriers.size() == 2);
  CHECK(squash.barriers[0].first.text() == "a.2");
  CHECK((squash.barriers[1].second == Operation{raw()}));
  REQUIRE(squash.left_out.size() == 1);
  CHECK(squash.left_out[0].first.text() == "a.1");
}

TEST_CASE("a squash is atomic unless something remains that asked not to be") {
  const Index index{.name = "i", .fields = {"x"}};
  struct Case {
    const char* label;
    Operation operation;
    bool from_start;
    bool atomic;
  };
  const Case cases[] = {
      {"an index of a table that is made", {AddIndexConcurrently{"a", index}}, true, true},
      {"an index of a table with rows", {AddIndexConcurrently{"a", index}}, false, false},
      {"raw SQL", {raw()}, true, false},
      {"a field", {add("a", "y")}, false, true},
  };
  for (const Case& c : cases) {
    CAPTURE(c.label);
    std::vector<Migration> files{made("a.1", {}, {{create("A")}}),
                                 made("a.2", {"a.1"}, {{add("a", "x")}}),
                                 made("a.3", {"a.2"}, {c.operation})};
    files[2].atomic = false;
    CHECK(squash_of(files, c.from_start ? "" : "a.2", "a.3").migration.atomic == c.atomic);
  }
}

TEST_CASE("run_before goes with the squash, and all branches a migration joins") {
  std::vector<Migration> files{made("a.1", {}, {{create("A")}}),
                               made("a.2_x", {"a.1"}, {{add("a", "x")}}),
                               made("a.2_y", {"a.1"}, {{add("a", "y")}}),
                               made("a.3", {"a.2_x", "a.2_y"}, {}), made("b.1", {}, {})};
  files[1].run_before = ids({"b.1", "a.3"});
  const Squash squash = squash_of(files, "", "a.3");
  CHECK(texts(squash.migration.run_before) == Names{"b.1"});
  CHECK(texts(squash.migration.replaces) == Names{"a.1", "a.2_x", "a.2_y", "a.3"});
  // From within one branch: what the other one has is still needed.
  CHECK(texts(squash_of(files, "a.2_y", "a.3").migration.dependencies) == Names{"a.1", "a.2_x"});
}

TEST_CASE("a squash of squashes replaces these") {
  std::vector<Migration> files{made("a.1", {}, {{create("A")}}),
                               made("a.2", {"a.1"}, {{add("a", "x")}}),
                               made("a.3", {"a.2"}, {{add("a", "y")}})};
  Migration inner = squash_of(files, "", "a.2", {.name = "inner"}).migration;
  files.push_back(inner);
  const Squash outer = squash_of(files, "", "a.3", {.name = "outer"});
  CHECK(texts(outer.migration.replaces) == Names{"a.0001_inner", "a.3"});
  CHECK(outer.migration.dependencies.empty());
  files.push_back(outer.migration);
  const Graph graph(files, nullptr);
  CHECK(texts(graph.full_order()) == Names{"a.0001_outer"});
  CHECK(texts(graph.at(id("a.0001_outer")).stands_for) ==
        Names{"a.1", "a.2", "a.0001_inner", "a.3"});
}

TEST_CASE("a retired squash is a migration like any other, and others name it") {
  std::vector<Migration> files = two_apps();
  files.push_back(squash_of(files, "", "a.2", {.name = "s"}).migration);
  files.back().digest = digest_of(files.back());
  const std::string digest = files.back().digest;
  const Retirement retirement = retire_squash(files, id("a.0001_s"));
  CHECK(texts(retirement.removed) == Names{"a.1", "a.2"});
  CHECK(texts(retirement.forgotten) == Names{"a.1", "a.2"});
  REQUIRE(retirement.rewritten.size() == 3);
  CHECK(retirement.rewritten[0].id.text() == "a.3");
  CHECK(texts(retirement.rewritten[0].dependencies) == Names{"a.0001_s", "b.1"});
  CHECK(retirement.rewritten[0].formerly == Names{files[2].digest});
  CHECK(texts(retirement.rewritten[1].dependencies) == Names{"a.0001_s"});
  CHECK(retirement.rewritten[2].replaces.empty());
  CHECK(retirement.rewritten[2].formerly == Names{digest});
  CHECK(retirement.rewritten[2].digest != digest);
  CHECK_THROWS_WITH_AS(retire_squash(files, id("a.3")), "a.3 replaces no other migration", Error);
}

TEST_CASE("a file remembers what it was formerly, outside of its digest") {
  const Migration old = made("a.1", {}, {{create("A")}, {add("a", "x")}});
  Migration shorter = make_optimized(old).migration;
  CHECK(shorter.operations.size() == 1);
  CHECK(shorter.formerly == Names{old.digest});
  const std::string text = to_text(shorter);
  CHECK(text.find("\"formerly\": [\"" + old.digest + "\"]") != std::string::npos);
  const Migration read = read_migration("a", "1.json", text);
  CHECK(read.formerly == shorter.formerly);
  CHECK(read.digest == shorter.digest);
  CHECK(to_text(read) == text);
  shorter.formerly.clear();
  CHECK(digest_of(shorter) == read.digest);
  CHECK_THROWS_AS(
      read_migration("a", "1.json", R"({"turnstone": 1, "formerly": ["md5:0"], "operations": []})"),
      Error);

  History rows;
  rows.add({.id = old.id, .applied = "", .digest = old.digest});
  const Graph graph({read}, nullptr);
  CHECK(edited_files(graph, rows).empty());
  CHECK(texts(rewritten_files(graph, rows)) == Names{"a.1"});
  rows.add({.id = old.id, .applied = "", .digest = "sha256:other"});
  CHECK(texts(edited_files(graph, rows)) == Names{"a.1"});
  CHECK(rewritten_files(graph, rows).empty());
}

TEST_CASE("rows of squashes that gave way go with those of their old files") {
  const std::vector<Migration> files{made("a.1", {}, {}), made("a.2", {"a.1"}, {})};
  std::vector<Migration> with = files;
  with.push_back(made("a.s", {}, {}));
  with.back().replaces = ids({"a.1", "a.2"});
  History rows;
  for (const char* name : {"a.1", "a.s"}) rows.add({.id = id(name), .applied = "", .digest = ""});
  const Graph graph(with, &rows);
  CHECK(texts(graph.at(id("a.1")).part_of) == Names{"a.s"});
  CHECK(graph.at(id("a.1")).stands_for.empty());
  // Its name means the last of what it replaces.
  CHECK(graph.find("a", "s").name == "2");
}

}  // namespace
}  // namespace turnstone::migrations
