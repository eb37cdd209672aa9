#include <doctest/doctest.h>

#include "cli/session.h"

// Several databases in one project: which apps live where.

namespace turnstone::test {
namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

const char* const note_model =
    R"({"models": [{"name": "Note", "fields": [{"name": "text", "type": "TextField"}]}]})";

/// `blog` in `default`, `stats` in `other`, `common` in both; its migrations are made.
Session two_databases() {
  Session session;
  session.write("turnstone.json", R"({
    "apps": {
      "blog": {"databases": ["default"]},
      "common": {},
      "stats": {"databases": ["other"]}
    },
    "databases": {
      "default": {"url": "sqlite:///default.db"},
      "other": {"url": "sqlite:///other.db"}
    }
  })");
  for (const char* app : {"blog", "common", "stats"}) {
    session.write(std::string(app) + "/models.json", note_model);
  }
  REQUIRE(session.run("makemigrations").code == 0);
  return session;
}

const char* const needs_blog = R"({
  "turnstone": 1,
  "dependencies": [["stats", "0001_initial"], ["blog", "0001_initial"]],
  "operations": []
})";

}  // namespace

TEST_CASE("a database gets the migrations of its apps alone") {
  Session session = two_databases();
  session.write("stats/migrations/0002_later.json", needs_blog);
  const Ran first = session.run("migrate");
  CHECK(first.code == 0);
  CHECK(has(first.out, "Apply all migrations: blog, common\n"));
  CHECK(!has(first.out, "stats"));
  const Ran second = session.run("migrate --database other");
  CHECK(second.code == 0);
  // What lives elsewhere is no dependency here.
  CHECK(has(second.out, "Applying stats.0002_later... OK"));
  CHECK(!has(second.out, "blog"));
  CHECK(session.run("showmigrations").out ==
        "blog\n [X] 0001_initial\ncommon\n [X] 0001_initial\n");
  CHECK(session.run("showmigrations --database other").out ==
        "common\n [X] 0001_initial\nstats\n [X] 0001_initial\n [X] 0002_later\n");
  CHECK(session.run("check --database other").code == 1);  // 0002 was written by hand
  CHECK(session.run("migrate --check").code == 0);
}

TEST_CASE("an app is refused where it does not live, and so is an alias that is not there") {
  Session session = two_databases();
  for (const char* command : {"migrate stats", "migrate stats zero", "sqlmigrate stats 0001",
                              "showmigrations stats", "dumpdata stats"}) {
    CAPTURE(command);
    const Ran ran = session.run(command);
    CHECK(ran.code == 2);
    CHECK(ran.err ==
          "error: app \"stats\" does not live in the database \"default\"\n"
          "  where: turnstone.json\n"
          "  hint: it lives in other; name one with --database\n");
  }
  CHECK(session.run("sqlmigrate stats 0001 --database other").code == 0);
  CHECK(session.run("sqlmigrate stats 0001 --database postgresql").code == 0);
  session.write("turnstone.json", R"({"apps": {"blog": {"databases": ["othr"]}},
    "databases": {"other": {"url": "sqlite:///o.db"}}})");
  const Ran wrong = session.run("migrate");
  CHECK(wrong.code == 3);
  CHECK(wrong.err ==
        "error: the project has no database \"othr\"\n"
        "  where: turnstone.json: /apps/blog/databases\n"
        "  hint: did you mean \"other\"?\n");
  session.write("turnstone.json", R"({"apps": {"blog": {"databases": []}},
    "databases": {"other": {"url": "sqlite:///o.db"}}})");
  CHECK(has(session.run("migrate").err, "app \"blog\" lives in no database"));
}

TEST_CASE("a URL stands for the database that has it, any other for default") {
  Session session = two_databases();
  session.environment["DATABASE_URL"] = "sqlite:///somewhere.db";
  CHECK(has(session.run("migrate").out, "Apply all migrations: blog, common\n"));
  session.environment["DATABASE_URL"] = "sqlite:///other.db";
  CHECK(has(session.run("migrate").out, "Apply all migrations: common, stats\n"));
  CHECK(has(session.run("migrate --database sqlite:///third.db").out,
            "Apply all migrations: blog, common\n"));
}

TEST_CASE("rows are those of the apps of a database") {
  Session session = two_databases();
  REQUIRE(session.run("migrate --all-databases").code == 0);
  const auto note = [](const std::string& app) {
    return "{\"model\": \"" + app + ".note\", \"pk\": 1, \"fields\": {\"text\": \"x\"}}";
  };
  session.write("here.json", "[\n" + note("blog") + ",\n" + note("common") + "\n]\n");
  session.write("there.json", "[\n" + note("stats") + "\n]\n");
  CHECK(session.run("loaddata here.json").code == 0);
  const Ran wrong = session.run("loaddata there.json");
  CHECK(wrong.code == 3);
  CHECK(has(wrong.err, "there is no model \"stats.note\""));
  CHECK(session.run("loaddata there.json --database other").code == 0);
  CHECK(session.run("dumpdata").out == session.read("here.json"));
  CHECK(session.run("dumpdata --database other").out == session.read("there.json"));
  CHECK(session.run("flush --noinput --database other").out ==
        "Emptied 2 tables of database other.db\n");
  CHECK(session.run("dumpdata").out == session.read("here.json"));
}

TEST_CASE("relations that lead out of a database are refused") {
  Session session = two_databases();
  session.write("stats/models.json",
                R"({"models": [{"name": "Hit", "fields": [
                  {"name": "note", "type": "ForeignKey", "to": "blog.Note", "on_delete": "CASCADE"},
                  {"name": "shared", "type": "ForeignKey", "to": "common.Note",
                   "on_delete": "CASCADE"}]}]})");
  const std::string message =
      "error: a relation to blog.Note leads out of the database \"other\": app \"blog\" lives in "
      "default\n  where: stats.Hit.note\n  hint: let app \"blog\" live in \"other\" too, or hold "
      "the key in a plain field\n";
  const Ran checked = session.run("check");
  CHECK(checked.code == 1);
  CHECK(has(checked.err, message));
  CHECK(!has(checked.err, "common.Note"));
  const Ran made = session.run("makemigrations --noinput");
  CHECK(made.code == 3);
  CHECK(has(made.err, message));
  // Where `common` lives in both, what it refers to has to as well.
  session.write("stats/models.json", note_model);
  session.write("common/models.json", R"({"models": [{"name": "Note", "fields": [
                  {"name": "note", "type": "ForeignKey", "to": "stats.Note", "null": true,
                   "on_delete": "SET_NULL"}]}]})");
  CHECK(has(session.run("check").err,
            "a relation to stats.Note leads out of the database \"default\""));
}

TEST_CASE("--all-databases takes them in turn, and stops where one fails") {
  Session session = two_databases();
  const Ran all = session.run("migrate --all-databases");
  CHECK(all.code == 0);
  CHECK(without_times(all.out) == R"(Database default:
Operations to perform:
  Apply all migrations: blog, common
Running migrations:
  Applying blog.0001_initial... OK (TIME)
  Applying common.0001_initial... OK (TIME)

Database other:
Operations to perform:
  Apply all migrations: common, stats
Running migrations:
  Applying common.0001_initial... OK (TIME)
  Applying stats.0001_initial... OK (TIME)
)");
  CHECK(session.run("showmigrations --all-databases").out ==
        "Database default:\nblog\n [X] 0001_initial\ncommon\n [X] 0001_initial\n\n"
        "Database other:\ncommon\n [X] 0001_initial\nstats\n [X] 0001_initial\n");
  CHECK(session.run("showmigrations stats --all-databases").out ==
        "Database other:\nstats\n [X] 0001_initial\n");
  CHECK(has(session.run("check --all-databases").out,
            "and the histories in default, other: no problems."));
  CHECK(session.run("migrate --all-databases --check").code == 0);
  CHECK(session.run("migrate --all-databases --database other").code == 2);
  CHECK(session.run("migrate blgo --all-databases").code == 2);
  const Ran json = session.run("migrate stats zero --all-databases --format json");
  CHECK(json.code == 0);
  CHECK(has(json.out, "\"databases\": ["));
  CHECK(has(json.out, "\"database\": \"other\""));
  CHECK(!has(json.out, "\"database\": \"default\""));

  // The first one fails: the second is not begun.
  session.write("blog/migrations/0002_bad.json", R"({"turnstone": 1,
    "dependencies": [["blog", "0001_initial"]],
    "operations": [{"op": "RunSQL", "sql": ["SELECT * FROM nowhere"]}]})");
  const Ran failed = session.run("migrate --all-databases");
  CHECK(failed.code == 3);
  CHECK(has(failed.err, "no such table: nowhere"));
  CHECK(has(failed.err, "  failed: default; not begun: other\n"));
  CHECK(has(session.run("showmigrations stats --database other").out, "[ ] 0001_initial"));
  const Ran failed_json = session.run("migrate --all-databases --format json");
  CHECK(failed_json.code == 3);
  CHECK(has(failed_json.out, "\"failed\": [\"default\"]"));
  CHECK(has(failed_json.out, "\"not_begun\": [\"other\"]"));
  CHECK(has(failed_json.out, "no such table: nowhere"));
  CHECK(session.run("migrate --all-databases --check").code == 1);
}

}  // namespace turnstone::test
