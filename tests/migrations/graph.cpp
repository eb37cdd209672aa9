#include <turnstone/migrations/graph.h>

#include <doctest/doctest.h>
#include <turnstone/error.h>

#include <chrono>

namespace turnstone::migrations {
namespace {

MigrationId id(const std::string& text) {
  const std::size_t dot = text.find('.');
  return {text.substr(0, dot), text.substr(dot + 1)};
}

std::vector<MigrationId> ids(const std::vector<std::string>& texts) {
  std::vector<MigrationId> found;
  for (const std::string& text : texts) found.push_back(id(text));
  return found;
}

struct Links {
  std::vector<std::string> needs{};
  std::vector<std::string> before{};
  std::vector<std::string> replaces{};
};

Migration made(const std::string& name, const Links& links = {}) {
  Migration migration;
  migration.id = id(name);
  migration.file = migration.id.app + "/" + migration.id.name + ".json";
  migration.dependencies = ids(links.needs);
  migration.run_before = ids(links.before);
  migration.replaces = ids(links.replaces);
  return migration;
}

History history(const std::vector<std::string>& applied) {
  History rows;
  for (const std::string& name : applied) rows.add({.id = id(name), .applied = "", .digest = ""});
  return rows;
}

std::vector<std::string> texts(const std::vector<MigrationId>& found) {
  std::vector<std::string> names;
  for (const MigrationId& one : found) names.push_back(one.text());
  return names;
}

std::vector<std::string> texts(const std::set<MigrationId>& found) {
  return texts(std::vector<MigrationId>(found.begin(), found.end()));
}

using Names = std::vector<std::string>;

/// Two apps: b.2 needs a.2, and a.4 needs b.2.
std::vector<Migration> two_apps() {
  return {made("a.1"),
          made("a.2", {.needs = {"a.1"}}),
          made("a.3", {.needs = {"a.2"}}),
          made("a.4", {.needs = {"a.3", "b.2"}}),
          made("b.1"),
          made("b.2", {.needs = {"b.1", "a.2"}})};
}

std::string message_of(const std::vector<Migration>& migrations, const History* rows = nullptr) {
  try {
    const Graph graph(migrations, rows);
  } catch (const Error& error) {
    return error.text();
  }
  return "no error";
}

TEST_CASE("roots, leaves and edges") {
  const Graph graph(two_apps(), nullptr);
  CHECK(graph.apps() == Names{"a", "b"});
  CHECK(texts(graph.roots("a")) == Names{"a.1"});
  // What other apps need does not count.
  CHECK(texts(graph.roots("b")) == Names{"b.1"});
  CHECK(texts(graph.leaves("a")) == Names{"a.4"});
  CHECK(texts(graph.leaves("b")) == Names{"b.2"});
  CHECK(texts(graph.leaves()) == Names{"a.4", "b.2"});
  CHECK(texts(graph.parents(id("a.4"))) == Names{"a.3", "b.2"});
  CHECK(texts(graph.children(id("a.2"))) == Names{"a.3", "b.2"});
  CHECK(graph.conflicts().empty());
  CHECK(graph.roots("c").empty());
}

TEST_CASE("plans put parents first, children last, each once") {
  const Graph graph(two_apps(), nullptr);
  CHECK(texts(graph.forwards_plan(id("a.3"))) == Names{"a.1", "a.2", "a.3"});
  CHECK(texts(graph.forwards_plan(id("a.4"))) == Names{"a.1", "a.2", "a.3", "b.1", "b.2", "a.4"});
  CHECK(texts(graph.forwards_plan(id("b.2"))) == Names{"a.1", "a.2", "b.1", "b.2"});
  CHECK(texts(graph.backwards_plan(id("a.2"))) == Names{"a.4", "a.3", "b.2", "a.2"});
  CHECK(texts(graph.backwards_plan(id("b.1"))) == Names{"a.4", "b.2", "b.1"});
  CHECK(texts(graph.full_order()) == Names{"a.1", "a.2", "a.3", "b.1", "b.2", "a.4"});
  CHECK_THROWS_WITH_AS(graph.forwards_plan(id("a.9")), "there is no migration a.9", Error);
}

TEST_CASE("order comes from dependencies, not from numbers") {
  const Graph graph({made("a.0002_first"), made("a.0001_last", {.needs = {"a.0002_first"}}),
                     made("a.0001_middle", {.needs = {"a.0002_first"}, .before = {"a.0001_last"}})},
                    nullptr);
  CHECK(texts(graph.full_order()) == Names{"a.0002_first", "a.0001_middle", "a.0001_last"});
}

TEST_CASE("run_before turns the arrow round, across apps too") {
  const Graph graph({made("a.1"), made("b.1", {.before = {"a.1"}})}, nullptr);
  CHECK(texts(graph.full_order()) == Names{"b.1", "a.1"});
  CHECK(texts(graph.parents(id("a.1"))) == Names{"b.1"});
  CHECK(texts(graph.roots("a")) == Names{"a.1"});
}

TEST_CASE("__first__ and __latest__ stand for a root and the leaf of an app") {
  const Graph graph(
      {made("a.1"), made("a.2", {.needs = {"a.1"}}), made("b.1", {.needs = {"a.__first__"}}),
       made("b.2", {.needs = {"b.1", "a.__latest__"}}), made("c.1", {.needs = {"c.__first__"}})},
      nullptr);
  CHECK(texts(graph.parents(id("b.1"))) == Names{"a.1"});
  CHECK(texts(graph.parents(id("b.2"))) == Names{"a.2", "b.1"});
  CHECK(graph.parents(id("c.1")).empty());
}

TEST_CASE("__first__ of an app of the project without migrations asks for nothing") {
  std::vector<Migration> files{made("a.1", {.needs = {"b.__first__"}}),
                               made("a.2", {.needs = {"a.1"}, .before = {"c.__first__"}})};
  CHECK(message_of(files) == "a.1 names b.__first__, but app \"b\" has no migrations (a/1.json)");
  tell_known_apps(files, {"a", "b", "c"});
  CHECK(texts(Graph(files, nullptr).full_order()) == Names{"a.1", "a.2"});
  // Once there is a first one it comes before.
  files.push_back(made("b.1"));
  CHECK(texts(Graph(files, nullptr).full_order()) == Names{"b.1", "a.1", "a.2"});

  // Any other name of such an app is one that is not there.
  std::vector<Migration> named{made("a.1", {.needs = {"b.1"}})};
  tell_known_apps(named, {"a", "b"});
  CHECK(message_of(named) == "a.1 names b.1, but app \"b\" has no migrations (a/1.json)");
  std::vector<Migration> latest{made("a.1", {.needs = {"b.__latest__"}})};
  tell_known_apps(latest, {"a", "b"});
  CHECK(message_of(latest) != "no error");
  std::vector<Migration> unknown{made("a.1", {.needs = {"x.__first__"}})};
  tell_known_apps(unknown, {"a", "b"});
  CHECK(message_of(unknown) != "no error");
}

TEST_CASE("two leaves of one app are a conflict, known for every app at once") {
  const Graph graph({made("a.1"), made("a.2_x", {.needs = {"a.1"}}),
                     made("a.2_y", {.needs = {"a.1"}}), made("b.1"), made("b.2")},
                    nullptr);
  const auto conflicts = graph.conflicts();
  CHECK(conflicts.size() == 2);
  CHECK(texts(conflicts.at("a")) == Names{"a.2_x", "a.2_y"});
  CHECK(texts(conflicts.at("b")) == Names{"b.1", "b.2"});
}

TEST_CASE("what does not fit together is refused with names and files") {
  struct Case {
    const char* label;
    std::vector<Migration> migrations;
    const char* message;
  };
  const Case cases[] = {
      {"missing parent",
       {made("a.0001_initial"), made("a.0002_book", {.needs = {"a.0001_inital"}})},
       "a.0002_book depends on a.0001_inital, which does not exist (a/0002_book.json); did you "
       "mean \"0001_initial\"?"},
      {"missing parent in an app without migrations",
       {made("blog.1"), made("shop.1", {.needs = {"blgo.1"}})},
       "shop.1 names blgo.1, but app \"blgo\" has no migrations (shop/1.json); did you mean "
       "\"blog\"?"},
      {"__first__ of an unknown app",
       {made("a.1", {.needs = {"b.__first__"}})},
       "a.1 names b.__first__, but app \"b\" has no migrations (a/1.json)"},
      {"__latest__ of an unknown app",
       {made("a.1", {.needs = {"b.__latest__"}})},
       "a.1 names b.__latest__, but app \"b\" has no migrations (a/1.json)"},
      {"missing child",
       {made("a.1"), made("b.1", {.before = {"a.2"}})},
       "b.1 is to run before a.2, which does not exist (b/1.json)"},
      {"itself",
       {made("a.1", {.needs = {"a.1"}})},
       "a.1 depends on itself (a/1.json); take the dependency out"},
      {"a circle of two",
       {made("a.1", {.needs = {"b.1"}}), made("b.1", {.needs = {"a.1"}})},
       "migrations depend on each other in a circle: a.1 -> b.1 -> a.1 (a/1.json, b/1.json); take "
       "one of these dependencies out"},
      {"a circle behind an innocent entry, through run_before",
       {made("a.1", {.needs = {"b.1"}}), made("b.1", {.needs = {"c.1"}}),
        made("c.1", {.needs = {"d.1"}}), made("d.1"), made("b.2", {.needs = {"b.1"}}),
        made("c.2", {.needs = {"b.2"}, .before = {"c.1"}})},
       "migrations depend on each other in a circle: b.1 -> c.1 -> c.2 -> b.2 -> b.1 (b/1.json, "
       "c/1.json, c/2.json, b/2.json); take one of these dependencies out"},
      {"twice", {made("a.1"), made("a.1")}, "migration a.1 is there twice (a/1.json)"},
      {"two squashes of one",
       {made("a.1"), made("a.s", {.replaces = {"a.1"}}), made("a.t", {.replaces = {"a.1"}})},
       "a.1 is replaced by both a.s and a.t (a/t.json); remove the older of the two"},
      {"squashes that replace each other",
       {made("a.s", {.replaces = {"a.t"}}), made("a.t", {.replaces = {"a.s"}})},
       "squashes replace each other: a.s, a.t (a/s.json); take one of them out of the other's "
       "\"replaces\""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.label);
    CHECK(message_of(c.migrations) == c.message);
  }
}

/// a.1 to a.3 and their squash, with neighbours before, between and behind in another app.
std::vector<Migration> squashed() {
  return {made("a.1"),
          made("a.2", {.needs = {"a.1", "b.1"}}),
          made("a.3", {.needs = {"a.2"}}),
          made("a.4", {.needs = {"a.3"}}),
          made("a.1_squashed_3", {.needs = {"b.1"}, .replaces = {"a.1", "a.2", "a.3"}}),
          made("b.1"),
          made("b.2", {.needs = {"b.1", "a.2"}}),
          made("b.3", {.needs = {"b.2", "a.1_squashed_3"}})};
}

TEST_CASE("a squash stands for what it replaces when nothing of it is applied") {
  const History none;
  for (const History* rows : {static_cast<const History*>(nullptr), &none}) {
    const Graph graph(squashed(), rows);
    CHECK_FALSE(graph.contains(id("a.2")));
    CHECK(texts(graph.parents(id("a.1_squashed_3"))) == Names{"b.1"});
    CHECK(texts(graph.children(id("a.1_squashed_3"))) == Names{"a.4", "b.2", "b.3"});
    CHECK(texts(graph.roots("a")) == Names{"a.1_squashed_3"});
    CHECK(texts(graph.full_order()) == Names{"b.1", "a.1_squashed_3", "a.4", "b.2", "b.3"});
    CHECK(texts(graph.replaced().at(id("a.1_squashed_3"))) == Names{"a.1", "a.2", "a.3"});
    CHECK(graph.is_replaced(id("a.2")));
    CHECK_FALSE(graph.is_applied(id("a.1_squashed_3"), none));
  }
}

TEST_CASE("a squash stands for what it replaces when all of it is applied, and counts as applied") {
  const History rows = history({"a.1", "a.2", "a.3", "b.1"});
  const Graph graph(squashed(), &rows);
  CHECK(graph.contains(id("a.1_squashed_3")));
  CHECK_FALSE(graph.contains(id("a.1")));
  CHECK(is_applied(graph, rows, id("a.1_squashed_3")));
}

TEST_CASE("a squash gives way to the old files when some of them are applied") {
  for (const auto& extra : {Names{"a.1"}, Names{"a.1", "a.1_squashed_3"}}) {
    const History rows = history(extra);
    const Graph graph(squashed(), &rows);
    CHECK_FALSE(graph.contains(id("a.1_squashed_3")));
    CHECK(graph.replaced().empty());
    CHECK(texts(graph.full_order()) == Names{"a.1", "b.1", "a.2", "a.3", "a.4", "b.2", "b.3"});
    // What depends on the squash depends on the last of the old ones.
    CHECK(texts(graph.parents(id("b.3"))) == Names{"a.3", "b.2"});
    CHECK(unknown_rows(graph, rows).empty());
  }
}

TEST_CASE("a squash with its own row alone counts as applied") {
  const History rows = history({"b.1", "a.1_squashed_3"});
  const Graph graph(squashed(), &rows);
  CHECK(is_applied(graph, rows, id("a.1_squashed_3")));
}

TEST_CASE("old files may be gone when nobody needs them") {
  std::vector<Migration> migrations{
      made("a.s", {.replaces = {"a.1", "a.2"}}), made("b.1", {.needs = {"a.2"}}),
      made("b.2", {.needs = {"b.1"}, .before = {"c.1"}}), made("c.1", {.needs = {"a.1"}})};
  const Graph graph(migrations, nullptr);
  CHECK(texts(graph.full_order()) == Names{"a.s", "b.1", "b.2", "c.1"});
  const History rows = history({"a.1"});
  CHECK(message_of(migrations, &rows) ==
        "a.s can't be used because only some of the migrations it replaces are applied, and the "
        "file of a.1 is gone (a/s.json); put the old files back and migrate");
}

TEST_CASE("what is to run before a squash comes before the first of the old files") {
  const History rows = history({"a.1"});
  const Graph graph({made("a.1"), made("a.2", {.needs = {"a.1"}}),
                     made("a.s", {.replaces = {"a.1", "a.2"}}), made("b.1", {.before = {"a.s"}})},
                    &rows);
  CHECK(texts(graph.parents(id("a.1"))) == Names{"b.1"});
  CHECK(texts(graph.parents(id("a.2"))) == Names{"a.1"});
}

TEST_CASE("squashes may be squashed, over several apps") {
  const std::vector<Migration> migrations{made("a.1"),
                                          made("a.2", {.needs = {"a.1"}}),
                                          made("a.3", {.needs = {"a.2"}}),
                                          made("a.inner", {.replaces = {"a.1", "a.2"}}),
                                          made("a.outer", {.replaces = {"a.inner", "a.3"}}),
                                          made("b.1", {.needs = {"a.inner"}})};
  SUBCASE("nothing applied") {
    const Graph graph(migrations, nullptr);
    CHECK(texts(graph.full_order()) == Names{"a.outer", "b.1"});
    CHECK(texts(graph.replaced().at(id("a.outer"))) == Names{"a.1", "a.2", "a.inner", "a.3"});
    CHECK(graph.is_replaced(id("a.inner")));
  }
  SUBCASE("the inner one applied") {
    const History rows = history({"a.1", "a.2", "a.inner"});
    const Graph graph(migrations, &rows);
    CHECK(texts(graph.full_order()) == Names{"a.inner", "a.3", "b.1"});
    CHECK(is_applied(graph, rows, id("a.inner")));
  }
  SUBCASE("part of the inner one applied") {
    const History rows = history({"a.1"});
    const Graph graph(migrations, &rows);
    CHECK(texts(graph.full_order()) == Names{"a.1", "a.2", "a.3", "b.1"});
    CHECK(texts(graph.parents(id("b.1"))) == Names{"a.2"});
  }
  SUBCASE("all applied, file by file") {
    const History rows = history({"a.1", "a.2", "a.3"});
    const Graph graph(migrations, &rows);
    CHECK(texts(graph.full_order()) == Names{"a.outer", "b.1"});
    CHECK(is_applied(graph, rows, id("a.outer")));
  }
}

TEST_CASE("a squash that closes a circle over another app is refused") {
  CHECK(message_of({made("a.1"), made("b.1", {.needs = {"a.1"}}),
                    made("a.2", {.needs = {"a.1", "b.1"}}),
                    made("a.s", {.replaces = {"a.1", "a.2"}})}) ==
        "migrations depend on each other in a circle: a.s -> b.1 -> a.s (a/s.json, b/1.json); take "
        "one of these dependencies out");
}

TEST_CASE("a name is found exactly, else by its beginning") {
  const Graph graph({made("blog.0001_initial"), made("blog.0002_book"), made("blog.0002_book_isbn"),
                     made("blog.0003_x"), made("blog.0004_s", {.replaces = {"blog.0003_x"}})},
                    nullptr);
  CHECK(graph.find("blog", "0001").name == "0001_initial");
  CHECK(graph.find("blog", "0002_book").name == "0002_book");
  CHECK(graph.find("blog", "0002_book_").name == "0002_book_isbn");
  struct Case {
    const char* app;
    const char* name;
    const char* message;
  };
  const Case cases[] = {
      {"blgo", "0001", "app \"blgo\" has no migrations; did you mean \"blog\"?"},
      {"blog", "0002",
       "more than one migration of app \"blog\" begins with \"0002\"; it may be 0002_book, "
       "0002_book_isbn"},
      {"blog", "0001_inital",
       "app \"blog\" has no migration that begins with \"0001_inital\"; did you mean "
       "\"0001_initial\"?"},
      {"blog", "9",
       "app \"blog\" has no migration that begins with \"9\"; the latest one is 0004_s"},
      {"blog", "0003_x", "blog.0003_x is replaced by blog.0004_s; name that one"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    try {
      graph.find(c.app, c.name);
      FAIL_CHECK("found");
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::usage);
      CHECK(error.text() == c.message);
    }
  }
}

TEST_CASE("the name of a squash that gave way means the last of what it replaces") {
  const History rows = history({"a.1"});
  const Graph graph(squashed(), &rows);
  CHECK(graph.find("a", "1_squashed_3") == id("a.3"));
}

TEST_CASE("long histories cost no stack and little time") {
  const int count = 20000;
  std::vector<Migration> migrations;
  for (int i = 0; i < count; ++i) {
    const std::string name = std::to_string(100000 + i);
    Links links;
    if (i > 0) links.needs.push_back("a." + std::to_string(100000 + i - 1));
    migrations.push_back(made("a." + name, links));
  }
  const auto start = std::chrono::steady_clock::now();
  const Graph graph(std::move(migrations), nullptr);
  const auto plan = make_plan(graph, History{}, {});
  const auto took = std::chrono::steady_clock::now() - start;
  CHECK(plan.size() == count);
  CHECK(graph.forwards_plan(id("a." + std::to_string(100000 + count - 1))).size() == count);
  CHECK(graph.backwards_plan(id("a.100000")).size() == count);
  // Quadratic work would take minutes; this leaves room for a slow build on a busy machine.
  CHECK(took < std::chrono::seconds(5));
}

TEST_CASE("replaying gives the state, and an operation that does not fit is named") {
  Migration first = made("a.1");
  CreateModel book{.name = "Book", .fields = {}, .options = {}, .bases = {}};
  book.fields.push_back({.name = "id", .type = FieldType::big_auto_field, .primary_key = true});
  first.operations.push_back({book});
  Migration second = made("a.2", {.needs = {"a.1"}});
  second.operations.push_back({RenameModel{.old_name = "Book", .new_name = "Volume"}});
  const Graph graph({first, second}, nullptr);
  CHECK(replay(graph, ids({"a.1"})).contains({"a", "book"}));
  const ProjectState state = replay(graph, graph.full_order());
  CHECK(state.contains({"a", "volume"}));
  CHECK_FALSE(state.contains({"a", "book"}));
  ProjectState late = state;
  try {
    advance(late, second);
    FAIL_CHECK("renamed twice");
  } catch (const Error& error) {
    CHECK(error.where() == "a.2, operation 1 (Rename model Book to Volume)");
  }
}

}  // namespace
}  // namespace turnstone::migrations
