#include <doctest/doctest.h>
#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/migrations/autodetector.h>

#include "support/models.h"

using namespace turnstone;
using namespace turnstone::migrations;
using namespace turnstone::test;

namespace {

using Made = std::map<std::string, std::vector<Migration>>;

Made made(const std::vector<ModelState>& from, const std::vector<ModelState>& to,
          const std::map<std::string, std::string>& leaves = {}, DetectOptions options = {}) {
  ScriptedQuestioner questioner;
  questioner.renamed_models = {{"Old", "New"}};
  if (options.timestamp.empty()) options.timestamp = "20260101_1200";
  return detect_changes(state_of(from), state_of(to), ExistingMigrations{leaves}, questioner,
                        options);
}

/// `app.name < its dependencies: its operations`, each migration on one line.
std::string text(const Made& migrations) {
  std::string lines;
  for (const auto& [app, list] : migrations) {
    for (const Migration& migration : list) {
      lines += migration.id.text();
      for (const MigrationId& dependency : migration.dependencies) {
        lines += " < " + dependency.text();
      }
      lines += ": " + join(described(migration.operations), "; ") + "\n";
    }
  }
  return lines;
}

}  // namespace

TEST_CASE("nothing changed, nothing made") { CHECK(made({table("a.A")}, {table("a.A")}).empty()); }

TEST_CASE("the first migrations of an app are initial and numbered from one") {
  const Made migrations = made({}, {table("a.A"), table("b.B", {key_field("a", "a.A")})});
  CHECK(text(migrations) ==
        "a.0001_initial: Create model A\n"
        "b.0001_initial < a.0001_initial: Create model B\n");
  CHECK(migrations.at("a")[0].initial == true);
  CHECK(migrations.at("b")[0].initial == true);
}

TEST_CASE("later migrations stand on the leaf and are named after what they do") {
  const Made migrations =
      made({table("a.A")}, {table("a.A", {optional(text_field("x"))})}, {{"a", "0007_seven"}});
  CHECK(text(migrations) == "a.0008_a_x < a.0007_seven: Add field x to a\n");
  CHECK_FALSE(migrations.at("a")[0].initial);
  CHECK(text(made({table("a.A")}, {table("a.A"), table("a.B")}, {{"a", "0001_squashed_0004_b"}})) ==
        "a.0005_b < a.0001_squashed_0004_b: Create model B\n");
  CHECK(text(made({table("a.A")}, {}, {{"a", "custom"}})) ==
        "a.0001_delete_a < a.custom: Delete model A\n");
}

TEST_CASE("a name given counts for every migration") {
  CHECK(text(made({table("a.A")}, {table("a.B", {integer_field("x")})}, {{"a", "0001_initial"}},
                  {.name = "mine"})) ==
        "a.0002_mine < a.0001_initial: Create model B; Delete model A\n");
  CHECK(text(made({}, {table("a.A")}, {}, {.name = "mine"})) == "a.0001_mine: Create model A\n");
}

TEST_CASE("an app that is not touched is depended on by its leaf, or by its first migration") {
  const std::vector<ModelState> before = {table("a.A"), table("b.B")};
  const std::vector<ModelState> after = {table("a.A"),
                                         table("b.B", {optional(key_field("a", "a.A"))})};
  CHECK(text(made(before, after, {{"a", "0003_x"}, {"b", "0001_initial"}})) ==
        "b.0002_b_a < a.0003_x < b.0001_initial: Add field a to b\n");
  CHECK(text(made(before, after, {{"b", "0001_initial"}})) ==
        "b.0002_b_a < a.__first__ < b.0001_initial: Add field a to b\n");
}

TEST_CASE("apps that refer to each other in a circle are cut") {
  CHECK(text(made(
            {}, {table("t.A", {key_field("b", "u.B")}), table("u.B", {key_field("a", "t.A")})})) ==
        "t.0001_initial: Create model A\n"
        "t.0002_initial < t.0001_initial < u.0001_initial: Add field b to a\n"
        "u.0001_initial < t.0001_initial: Create model B\n");
}

TEST_CASE("what another app waits for may pass what is held up by it") {
  // b's constraint waits for the name, a's model for the key that points to it.
  const auto named = [] {
    Options options;
    options.constraints = {CheckConstraint{.name = "c", .condition = positive("id")}};
    return options;
  };
  CHECK(text(made(
            {table("a.A", {}, named()), table("b.B", {key_field("a", "a.A")})},
            {table("b.A", {integer_field("x")}, named()), table("b.B", {key_field("a", "b.A")})},
            {{"a", "0001_initial"}, {"b", "0001_initial"}})) ==
        "a.0002_delete_a < a.0001_initial < b.0003_alter_b_a: Delete model A\n"
        "b.0002_a < b.0001_initial: Create model A\n"
        "b.0003_alter_b_a < b.0002_a: Alter field a on b\n"
        "b.0004_a_c < a.0002_delete_a < b.0003_alter_b_a: Create constraint c on model a\n");
}

TEST_CASE("a circle of three apps is cut once") {
  CHECK(text(made({}, {table("a.A", {key_field("b", "b.B")}), table("b.B", {key_field("c", "c.C")}),
                       table("c.C", {key_field("a", "a.A")})})) ==
        "a.0001_initial: Create model A\n"
        "a.0002_initial < a.0001_initial < b.0001_initial: Add field b to a\n"
        "b.0001_initial < c.0001_initial: Create model B\n"
        "c.0001_initial < a.0001_initial: Create model C\n");
}

TEST_CASE("bases, through models and proxies in other apps come first") {
  Options proxy;
  proxy.proxy = true;
  CHECK(text(made({}, {model("a.Child", {parent_field("base_ptr", "z.Base")}, {}, {"z.Base"}),
                       model("b.Proxy", {}, proxy, {"z.Base"}),
                       table("c.C", {many_field("bases", "z.Base", "y.T")}), table("z.Base"),
                       table("y.T", {key_field("base", "z.Base")})})) ==
        "a.0001_initial < z.0001_initial: Create model Child\n"
        "b.0001_initial < z.0001_initial: Create proxy model Proxy\n"
        "c.0001_initial < y.0001_initial < z.0001_initial: Create model C\n"
        "y.0001_initial < z.0001_initial: Create model T\n"
        "z.0001_initial: Create model Base\n");
}

TEST_CASE("a model goes after what refers to it in other apps") {
  CHECK(text(made({table("a.A"), table("b.B", {key_field("a", "a.A")})}, {table("b.B")},
                  {{"a", "0001_initial"}, {"b", "0001_initial"}})) ==
        "a.0002_delete_a < a.0001_initial < b.0002_remove_b_a: Delete model A\n"
        "b.0002_remove_b_a < b.0001_initial: Remove field a from b\n");
}

TEST_CASE("models of two apps that refer to each other both go") {
  CHECK(text(made({table("a.A", {key_field("b", "b.B")}), table("b.B", {key_field("a", "a.A")})},
                  {}, {{"a", "0001_initial"}, {"b", "0001_initial"}})) ==
        "a.0002_remove_a_b < a.0001_initial: Remove field b from a\n"
        "a.0003_delete_a < a.0002_remove_a_b < b.0002_delete_b: Delete model A\n"
        "b.0002_delete_b < a.0002_remove_a_b < b.0001_initial: Delete model B\n");
}

TEST_CASE("a rename waits for the migrations that made what it repoints") {
  const auto models = [](const std::string& name) {
    return std::vector<ModelState>{table("a." + name, {text_field("x")}),
                                   table("b.B", {key_field("a", "a." + name)})};
  };
  CHECK(text(made(models("Old"), models("New"), {{"a", "0001_initial"}, {"b", "0004_b"}})) ==
        "a.0002_rename_old_new < a.0001_initial < b.0004_b: Rename model Old to New\n");
}

TEST_CASE("what is new in another app comes after the rename it needs") {
  CHECK(text(made(
            {table("a.Old", {text_field("x")}), table("b.B")},
            {table("a.New", {text_field("x")}), table("b.B", {optional(key_field("a", "a.New"))})},
            {{"a", "0001_initial"}, {"b", "0001_initial"}})) ==
        "a.0002_rename_old_new < a.0001_initial: Rename model Old to New\n"
        "b.0002_b_a < a.0002_rename_old_new < b.0001_initial: Add field a to b\n");
}

TEST_CASE("only the apps asked for are kept, with what they depend on") {
  const std::vector<ModelState> models = {table("a.A"), table("b.B", {key_field("a", "a.A")}),
                                          table("c.C", {key_field("b", "b.B")}), table("d.D")};
  CHECK(text(made({}, models, {}, {.only = {"b"}})) ==
        "a.0001_initial: Create model A\n"
        "b.0001_initial < a.0001_initial: Create model B\n");
  CHECK(made({}, models, {}, {.only = {"d"}}).size() == 1);
}

TEST_CASE("operations of all apps can be had as they were found") {
  ScriptedQuestioner questioner;
  const auto operations = detect_operations(
      {}, state_of({table("a.A", {key_field("b", "b.B")}), table("b.B")}), questioner);
  REQUIRE(operations.size() == 2);
  CHECK(operations[0].first == "a");
  CHECK(described(operations[0].second) ==
        std::vector<std::string>{"Create model A", "Add field b to a"});
  CHECK(described(operations[1].second) == std::vector<std::string>{"Create model B"});
}

TEST_CASE("a thousand models with keys everywhere are found in reasonable time") {
  std::vector<ModelState> models;
  for (int i = 0; i < 300; ++i) {
    const std::string app = "app" + std::to_string(i % 10);
    std::vector<Field> fields;
    for (int k = 1; k <= 3; ++k) {
      const int other = (i * k + 7) % 300;
      fields.push_back(key_field("k" + std::to_string(k), "app" + std::to_string(other % 10) +
                                                              ".M" + std::to_string(other)));
    }
    models.push_back(table(app + ".M" + std::to_string(i), fields));
  }
  const Made migrations = made({}, models);
  CHECK(migrations.size() == 10);
  ProjectState state;
  std::map<std::string, std::size_t> done;
  const auto ready = [&](const Migration& migration) {
    for (const MigrationId& dependency : migration.dependencies) {
      const auto& list = migrations.at(dependency.app);
      bool there = false;
      for (std::size_t i = 0; i < done[dependency.app]; ++i) there |= list[i].id == dependency;
      if (!there) return false;
    }
    return true;
  };
  for (bool more = true; more;) {
    more = false;
    for (const auto& [app, list] : migrations) {
      while (done[app] < list.size() && ready(list[done[app]])) {
        for (const Operation& operation : list[done[app]].operations)
          advance(state, app, operation);
        ++done[app];
        more = true;
      }
    }
  }
  CHECK((state == state_of(models)));
}
