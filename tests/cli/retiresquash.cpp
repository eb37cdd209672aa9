#include <doctest/doctest.h>

#include "cli/session.h"

namespace turnstone::test {
namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string migration_of(const std::string& needs, const std::string& operations) {
  return R"({"turnstone": 1, "dependencies": [)" + needs + R"(], "operations": [)" + operations +
         "]}\n";
}

/// blog 0001 to 0003 with SQL files, squashed as 0001_base; shop 0001 needs blog 0002. Two
/// databases.
Session squashed_shop(bool squash = true, const char* applied_before = "") {
  Session session;
  session.write("turnstone.json", R"({"apps": {"blog": {}, "shop": {}}, "databases": {
    "default": {"url": "sqlite:///one.db"}, "other": {"url": "sqlite:///two.db"}}})");
  session.write(
      "blog/migrations/0001_initial.json",
      migration_of(
          "",
          R"({"op": "CreateModel", "name": "Book", "fields": [{"name": "id", "type": "BigAutoField", "primary_key": true}]})"));
  session.write("blog/migrations/kept.sql", "SELECT 1;\n");
  session.write("blog/migrations/gone.sql", "SELECT 2;\n");
  session.write(
      "blog/migrations/0002_sql.json",
      migration_of(
          R"(["blog", "0001_initial"])",
          R"({"op": "RunSQL", "sql_file": "kept.sql", "reverse_sql": []}, {"op": "RunSQL", "sql_file": "gone.sql", "reverse_sql": [], "elidable": true})"));
  session.write(
      "blog/migrations/0003_pages.json",
      migration_of(
          R"(["blog", "0002_sql"])",
          R"({"op": "AddField", "model_name": "book", "field": {"name": "pages", "type": "IntegerField", "null": true}})"));
  session.write(
      "shop/migrations/0001_initial.json",
      migration_of(
          R"(["blog", "0002_sql"])",
          R"({"op": "CreateModel", "name": "Order", "fields": [{"name": "id", "type": "BigAutoField", "primary_key": true}, {"name": "book", "type": "ForeignKey", "to": "blog.Book", "on_delete": "CASCADE"}]})"));
  for (const char* database : {"default", "other"}) {
    if (!*applied_before) break;
    const std::string line = std::string("migrate ") + applied_before + " --database " + database;
    REQUIRE(session.run(line).code == 0);
  }
  if (squash) REQUIRE(session.run("squashmigrations blog 0003 --squashed-name base").code == 0);
  return session;
}

}  // namespace

TEST_CASE("a squash is retired once every configured database has it") {
  Session session = squashed_shop(true, "blog 0002");
  const auto files = session.list("blog/migrations");
  const Ran neither = session.run("retiresquash blog 0001_base");
  CHECK(neither.code == 3);
  CHECK(has(neither.err,
            "error: blog.0001_base is not recorded in every database\n"
            "  where: database default, other\n"));
  REQUIRE(session.run("migrate --database default").code == 0);
  CHECK(has(session.run("retiresquash blog 0001_base").err, "where: database other\n"));
  REQUIRE(session.run("migrate --database other").code == 0);
  CHECK(session.run("retiresquash blog 0001_base --dry-run").code == 0);
  CHECK(session.type("retiresquash blog 0001_base", "n\n").code == 0);
  CHECK(session.list("blog/migrations") == files);

  const Ran ran = session.run("retiresquash blog 0001_base");
  CHECK(ran.code == 0);
  CHECK(ran.out ==
        "Databases:\n  default: has it recorded\n  other: has it recorded\nFiles to remove:\n"
        "  blog/migrations/0001_initial.json\n  blog/migrations/0002_sql.json\n"
        "  blog/migrations/0003_pages.json\n  blog/migrations/gone.sql\nFiles to rewrite:\n"
        "  blog/migrations/0001_base.json\n  shop/migrations/0001_initial.json\n"
        "Retired blog.0001_base: it is a migration like any other now.\n"
        "  Run 'turnstone migrate blog --prune' in each database to forget the rows of the old "
        "ones.\n");
  CHECK(session.list("blog/migrations") ==
        std::vector<std::string>{"0001_base.json", "kept.sql", "snapshot.json"});
  CHECK(has(session.read("shop/migrations/0001_initial.json"), "[[\"blog\", \"0001_base\"]]"));
  CHECK_FALSE(has(session.read("blog/migrations/0001_base.json"), "replaces"));

  for (const char* database : {"default", "other"}) {
    CAPTURE(database);
    const std::string on = std::string(" --database ") + database;
    const Ran rows = session.run("migrate" + on);
    CHECK(rows.code == 0);
    CHECK(has(rows.out, "No migrations to apply."));
    CHECK(has(rows.err, "recorded as applied, but there is no file: blog.0001_initial"));
    CHECK(has(session.run("migrate blog --prune" + on).out, "Pruning blog.0002_sql OK"));
    CHECK(session.run("migrate" + on).err.empty());
    CHECK(session.run("migrate blog zero" + on).code == 0);
    CHECK(session.run("migrate" + on).code == 0);
  }
}

TEST_CASE("a database that has nothing of a squash needs none of the old files") {
  Session session = squashed_shop();
  REQUIRE(session.run("migrate --database default").code == 0);
  const Ran ran = session.run("retiresquash blog 0001_base");
  CHECK(ran.code == 0);
  CHECK(has(ran.out, "  default: has it recorded\n  other: has nothing of it yet\n"));
  CHECK_FALSE(session.exists("two.db"));
  CHECK(session.run("migrate --database other").code == 0);
  CHECK(has(session.run("showmigrations --database other").out, "blog\n [X] 0001_base\n"));

  // Other apps may be there already, and nowhere but in empty databases it works too.
  Session fresh = squashed_shop();
  fresh.write("turnstone.json", R"({"apps": {"blog": {}, "shop": {}, "news": {}}, "databases": {
    "default": {"url": "sqlite:///one.db"}}})");
  fresh.write("news/migrations/0001_initial.json", migration_of("", ""));
  REQUIRE(fresh.run("migrate news").code == 0);
  CHECK(fresh.run("retiresquash blog 0001_base").code == 0);
  CHECK(fresh.run("migrate").code == 0);
}

TEST_CASE("a database that cannot be asked is named, and flags say which ones count") {
  Session session = squashed_shop();
  session.write("turnstone.json", R"({"apps": {"blog": {}, "shop": {}}, "databases": {
    "default": {"url": "sqlite:///one.db"},
    "far": {"url": "postgresql://nobody@127.0.0.1:1/none"},
    "unset": {"url": "${NOT_SET_HERE}"}}})");
  REQUIRE(session.run("migrate --database default").code == 0);
  const Ran refused = session.run("retiresquash blog 0001_base");
  CHECK(refused.code == 3);
  CHECK(has(refused.err, "cannot tell whether blog.0001_base is recorded in every database"));
  CHECK(has(refused.err, "database far ("));
  CHECK(has(refused.err, "unset ("));
  CHECK(has(refused.err, "--only"));
  const Ran wrong = session.run("retiresquash blog 0001_base --only defualt");
  CHECK(wrong.code == 2);
  CHECK(session.run("retiresquash blog 0001_base --only default --dry-run").code == 0);
  CHECK(session.run("retiresquash blog 0001_base --database default --dry-run").code == 0);
  session.environment["DATABASE_URL"] = "sqlite:///three.db";
  CHECK(has(session.run("retiresquash blog 0001_base").out, "three.db: has nothing of it yet"));
  CHECK(session.run("retiresquash blog 0001 --only default --format json").out ==
        R"({
  "app": "blog",
  "name": "0001_base",
  "databases": [{"database": "default", "recorded": true, "untouched": false}],
  "removed": [
    "blog/migrations/0001_initial.json",
    "blog/migrations/0002_sql.json",
    "blog/migrations/0003_pages.json",
    "blog/migrations/gone.sql"
  ],
  "rewritten": ["blog.0001_base", "shop.0001_initial"],
  "forgotten": ["blog.0001_initial", "blog.0002_sql", "blog.0003_pages"],
  "written": true,
  "snapshots": ["blog/migrations/snapshot.json", "shop/migrations/snapshot.json"]
}
)");
}

TEST_CASE("what is no squash is not retired") {
  Session session = squashed_shop(false);
  const Ran none = session.run("retiresquash blog 0009");
  CHECK(none.code == 2);
  CHECK(has(none.err, "no squash of app \"blog\" begins with \"0009\""));
  CHECK(has(none.err, "hint: the app has none"));
  const Ran plain = session.run("retiresquash blog 0001_initial");
  CHECK(plain.code == 2);
  CHECK(has(plain.err, "blog.0001_initial replaces no other migration"));
  CHECK(session.run("retiresquash blgo 0001").code == 2);
}

TEST_CASE("prune leaves rows that a squash still names") {
  Session session = squashed_shop();
  REQUIRE(session.run("migrate --database default").code == 0);
  std::filesystem::remove(session.path() / "blog/migrations/0001_initial.json");
  const Ran refused = session.run("migrate blog --prune --database default");
  CHECK(refused.code == 3);
  CHECK(has(refused.err, "blog.0001_base still replaces blog.0001_initial, so its row must stay"));
}

}  // namespace turnstone::test
