#include <doctest/doctest.h>

#include "cli/session.h"

namespace turnstone::test {

TEST_CASE("wrong use ends with exit code 2 and says what was meant") {
  struct Case {
    const char* line;
    const char* err;
  };
  const Case cases[] = {
      {"migrat", "error: unknown command \"migrat\"\n  hint: did you mean \"migrate\"?\n"},
      {"frobnicate",
       "error: unknown command \"frobnicate\"\n  hint: run \"turnstone help\" for the list\n"},
      {"migrate --plam", "error: unknown flag \"--plam\"\n  hint: did you mean \"--plan\"?\n"},
      {"migrate --xyzzy=3",
       "error: unknown flag \"--xyzzy\"\n  hint: run \"turnstone migrate "
       "--help\" for what it takes\n"},
      {"sqlmigrate blog",
       "error: \"sqlmigrate\" needs NAME\n  hint: run \"turnstone sqlmigrate "
       "--help\" for what it takes\n"},
      {"sqlmigrate blog 0001 more",
       "error: \"sqlmigrate\" does not take \"more\"\n  hint: run "
       "\"turnstone sqlmigrate --help\" for what it takes\n"},
      {"migrate --database",
       "error: --database needs a value\n  hint: run \"turnstone COMMAND "
       "--help\" for what it takes\n"},
      {"check --format xml",
       "error: unknown format \"xml\"\n  where: --format\n  hint: known: text, json\n"},
      {"check -v 4",
       "error: unknown verbosity \"4\"\n  where: -v\n  hint: give a number from 0 to 3\n"},
      {"check bolg",
       "error: there is no app \"bolg\"\n  where: turnstone.json\n  hint: did you "
       "mean \"blog\"?\n"},
      {"migrate shop",
       "error: there is no app \"shop\"\n  where: turnstone.json\n  hint: known: "
       "blog\n"},
      {"migrate zero", "error: zero needs an app\n  hint: migrate APP zero\n"},
      {"migrate blog 0009",
       "error: app \"blog\" has no migration that begins with \"0009\"\n  "
       "hint: the latest one is 0001_initial\n"},
      {"migrate blog 0001_inital",
       "error: app \"blog\" has no migration that begins with "
       "\"0001_inital\"\n  hint: did you mean \"0001_initial\"?\n"},
      {"sqlmigrate blog 7",
       "error: app \"blog\" has no migration that begins with \"7\"\n  hint: "
       "the latest one is 0001_initial\n"},
      {"migrate --database prod",
       "error: there is no database \"prod\"\n  where: "
       "turnstone.json\n  hint: known: default\n"},
      {"migrate --database mysql://h/d",
       "error: unknown database \"mysql\"\n  where: database mysql://h/d\n  hint: known: "
       "sqlite:///FILE, sqlite::memory:, "
       "postgresql://USER@HOST/DATABASE\n"},
      {"migrate --lock-timeout soon",
       "error: \"soon\" is no time\n  where: --lock-timeout\n  hint: write a number and a unit, "
       "such as 10s, 500ms or 2min; 0 does not wait\n"},
      {"migrate --prune", "error: --prune needs an app\n  hint: migrate APP --prune\n"},
      {"migrate blog --fake --fake-initial",
       "error: --fake and --fake-initial exclude each other\n  hint: give one of them\n"},
      {"showmigrations --list --plan",
       "error: --list and --plan exclude each other\n  hint: give one of them\n"},
      {"makemigrations --empty",
       "error: --empty needs an app\n  hint: name the app that gets the migration\n"},
      {"makemigrations --merge --update",
       "error: --empty, --merge and --update exclude each "
       "other\n  hint: give one of them\n"},
      {"makemigrations --name a-b",
       "error: \"a-b\" cannot be part of a migration's name\n  hint: use letters, digits and _, "
       "beginning with a letter\n"},
      {"makemigrations --rename blgo.A.b:c",
       "error: there is no app \"blgo\"\n  where: "
       "turnstone.json\n  hint: did you mean \"blog\"?\n"},
      {"init my-app",
       "error: \"my-app\" cannot be the label of an app\n  hint: use letters, "
       "digits and _, beginning with a letter\n"},
  };
  Session session = blog_session();
  REQUIRE(session.run("makemigrations").code == 0);
  for (const Case& c : cases) {
    CAPTURE(c.line);
    const Ran ran = session.run(c.line);
    CHECK(ran.code == 2);
    CHECK(ran.err == c.err);
    CHECK(ran.out.empty());
    const Ran json = session.run(
        std::string(c.line) +
        (std::string(c.line).find("--format") == std::string::npos ? " --format json" : ""));
    CHECK(json.code == 2);
  }
}

TEST_CASE("a flag is not given a value") {
  Session session = blog_session();
  CHECK(session.run("migrate --plan=no").code == 2);
}

TEST_CASE("flags of every command may stand before the command") {
  Session session = blog_session();
  CHECK(session.run("--format json check").out.starts_with("{"));
  CHECK(session.run("-v 0 check").out.empty());
}

TEST_CASE("the version is told, and a flag of one command alone is none of the others") {
  Session session;
  const Ran version = session.run("--version");
  CHECK(version.code == 0);
  CHECK(version.out.starts_with("turnstone 0."));
  for (const char* line : {"migrate --dry-run", "check --backwards", "--plan migrate"}) {
    CAPTURE(line);
    CHECK(session.run(line).code == 2);
  }
}

TEST_CASE("without a project the way to one is told") {
  Session session;
  for (const char* command : {"makemigrations", "migrate", "sqlmigrate blog 0001", "check",
                              "showmigrations", "dbshell", "dump-models"}) {
    CAPTURE(command);
    const Ran ran = session.run(command);
    CHECK(ran.code == 2);
    CHECK(ran.err.find("error: there is no turnstone.json here or above\n") == 0);
    CHECK(ran.err.find("run \"turnstone init\" here") != std::string::npos);
  }
  session.apps.emplace();
  CHECK(session.run("migrate").err.find("run \"manage init\" here") != std::string::npos);
}

}  // namespace turnstone::test
