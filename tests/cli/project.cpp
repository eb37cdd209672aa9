#include "cli/project.h"

#include <doctest/doctest.h>
#include <turnstone/error.h>

#include "cli/output.h"
#include "cli/session.h"
#include "support/schema_cases.h"

namespace turnstone::test {
namespace {

using cli::Environment;
using cli::Project;

Project read(const std::string& text, const Environment& environment = {}, bool models = true) {
  try {
    Project project = cli::read_project("/p/turnstone.json", text, environment, models);
    keep_schema_case("project", true, "accepted", text);
    return project;
  } catch (const Error& error) {
    if (models) keep_schema_case("project", false, error.text(), text);
    throw;
  }
}

}  // namespace

TEST_CASE("a project file says where apps are and what databases there are") {
  const Project project = read(R"({
    "apps": {"shop": {}, "blog": {"models": "m/blog.json", "migrations": "../other/blog",
                                  "default_auto_field": "AutoField"}},
    "databases": {"default": {"url": "sqlite:///app.db"},
                  "production": {"url": "${URL}", "lock_timeout": "2s", "statement_timeout": "0",
                                 "online": true}},
    "default_auto_field": "SmallAutoField"})");
  CHECK(project.root == "/p");
  CHECK(project.labels() == std::vector<std::string>{"blog", "shop"});
  CHECK(project.find_app("blog")->models == "/p/m/blog.json");
  CHECK(project.find_app("blog")->migrations == "/other/blog");
  CHECK(project.find_app("blog")->default_auto_field == "AutoField");
  CHECK(project.find_app("shop")->models == "/p/shop/models.json");
  CHECK(project.find_app("shop")->migrations == "/p/shop/migrations");
  CHECK(project.find_app("news") == nullptr);
  CHECK(project.default_auto_field == "SmallAutoField");
  const cli::ProjectDatabase* production = project.find_database("production");
  REQUIRE(production);
  CHECK(production->url == "${URL}");
  CHECK(production->lock_timeout == "2s");
  CHECK(production->statement_timeout == "0");
  CHECK(production->online);
}

TEST_CASE("project files that are refused") {
  struct Case {
    const char* label;
    const char* text;
    const char* message;
    const char* where;
    const char* hint;
  };
  const Case cases[] = {
      {"no object", "[]", "expected an object, found an array", "/p/turnstone.json: /", ""},
      {"no apps", "{}", "the key \"apps\" is missing", "/p/turnstone.json: /", ""},
      {"unknown key", R"({"aps": {}})", "unknown key \"aps\"", "/p/turnstone.json: /",
       "did you mean \"apps\"?"},
      {"strange key", R"({"apps": {}, "colour": 1})", "unknown key \"colour\"",
       "/p/turnstone.json: /", "known keys: $schema, apps, databases, default_auto_field"},
      {"apps as list", R"({"apps": ["blog"]})", "expected an object, found an array",
       "/p/turnstone.json: /apps", ""},
      {"app as text", R"({"apps": {"blog": "x"}})", "expected an object, found \"x\"",
       "/p/turnstone.json: /apps/blog", ""},
      {"app with a dash", R"({"apps": {"my-blog": {}}})",
       "\"my-blog\" cannot be the label of an app", "/p/turnstone.json: /apps/my-blog",
       "use letters, digits and _, beginning with a letter"},
      {"app with a digit", R"({"apps": {"1a": {}}})", "\"1a\" cannot be the label of an app",
       "/p/turnstone.json: /apps/1a", "use letters, digits and _, beginning with a letter"},
      {"empty label", R"({"apps": {"": {}}})", "\"\" cannot be the label of an app",
       "/p/turnstone.json: /apps/", "use letters, digits and _, beginning with a letter"},
      {"unknown key of an app", R"({"apps": {"blog": {"migration": "x"}}})",
       "unknown key \"migration\"", "/p/turnstone.json: /apps/blog",
       "did you mean \"migrations\"?"},
      {"path as number", R"({"apps": {"blog": {"models": 3}}})", "expected a text, found 3",
       "/p/turnstone.json: /apps/blog/models", ""},
      {"empty path", R"({"apps": {"blog": {"migrations": ""}}})", "a name must not be empty",
       "/p/turnstone.json: /apps/blog/migrations", ""},
      {"one folder for two", R"({"apps": {"a": {"migrations": "m"}, "b": {"migrations": "./m"}}})",
       "apps \"a\" and \"b\" have the same folder of migrations", "/p/turnstone.json: /apps/b",
       "give each its own"},
      {"auto field of an app", R"({"apps": {"a": {"default_auto_field": "BigAuto"}}})",
       "\"BigAuto\" is no type of automatic key", "/p/turnstone.json: /apps/a/default_auto_field",
       "known: AutoField, BigAutoField, SmallAutoField"},
      {"auto field", R"({"apps": {}, "default_auto_field": "BigAutoFeild"})",
       "\"BigAutoFeild\" is no type of automatic key", "/p/turnstone.json: /default_auto_field",
       "did you mean \"BigAutoField\"?"},
      {"databases as list", R"({"apps": {}, "databases": []})",
       "expected an object, found an array", "/p/turnstone.json: /databases", ""},
      {"database as URL", R"({"apps": {}, "databases": {"default": "postgresql://u:pw@h/d"}})",
       "expected an object", "/p/turnstone.json: /databases/default", "write {\"url\": \"…\"}"},
      {"database without URL", R"({"apps": {}, "databases": {"default": {}}})",
       "the key \"url\" is missing", "/p/turnstone.json: /databases/default", ""},
      {"unknown database", R"({"apps": {}, "databases": {"default": {"url": "mysql://h/d"}}})",
       "unknown database \"mysql\"", "/p/turnstone.json: /databases/default/url",
       "known: sqlite:///FILE, sqlite::memory:, postgresql://USER@HOST/DATABASE"},
      {"no URL at all", R"({"apps": {}, "databases": {"default": {"url": "app.db"}}})",
       "this is no database URL", "/p/turnstone.json: /databases/default/url",
       "known: sqlite:///FILE, sqlite::memory:, postgresql://USER@HOST/DATABASE"},
      {"alias like a URL", R"({"apps": {}, "databases": {"sqlite:x": {"url": "sqlite:///a"}}})",
       "\"sqlite:x\" cannot be the name of a database", "/p/turnstone.json: /databases/sqlite:x",
       "use a plain word"},
      {"unknown key of a database",
       R"({"apps": {}, "databases": {"d": {"url": "sqlite:///a", "timeout": "2s"}}})",
       "unknown key \"timeout\"", "/p/turnstone.json: /databases/d",
       "known keys: url, lock_timeout, statement_timeout, online"},
      {"timeout without a unit",
       R"({"apps": {}, "databases": {"d": {"url": "sqlite:///a", "lock_timeout": "2"}}})",
       "\"2\" is no time", "/p/turnstone.json: /databases/d/lock_timeout",
       "write a number and a unit, such as \"2s\" or \"500ms\"; \"0\" for no limit"},
      {"timeout as number",
       R"({"apps": {}, "databases": {"d": {"url": "sqlite:///a", "statement_timeout": 2}}})",
       "expected a text, found 2", "/p/turnstone.json: /databases/d/statement_timeout", ""},
      {"online as text",
       R"({"apps": {}, "databases": {"d": {"url": "sqlite:///a", "online": "yes"}}})",
       "expected true or false, found \"yes\"", "/p/turnstone.json: /databases/d/online", ""},
      {"unset variable in a path", R"({"apps": {"a": {"models": "${NO_SUCH}/m.json"}}})",
       "the environment variable NO_SUCH is not set", "/p/turnstone.json: /apps/a/models",
       "set it"},
      {"open variable", R"({"apps": {"a": {"models": "${HOME/m.json"}}})",
       "\"${\" begins the name of an environment variable", "/p/turnstone.json: /apps/a/models",
       "write ${NAME}"},
      {"an app twice", R"({"apps": {"a": {}, "a": {}}})",
       "the key \"a\" stands twice in one object", "/p/turnstone.json: line 1, column 20",
       "take one of them out"},
      {"no JSON", "{\"apps\": }", "expected a value, found \"}\"",
       "/p/turnstone.json: line 1, column 10", ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.label);
    try {
      read(c.text);
      FAIL("accepted");
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::bad_file);
      CHECK(std::string(error.what()) == c.message);
      CHECK(error.where() == c.where);
      CHECK(error.hint() == c.hint);
      CHECK(cli::exit_code(error.kind()) == 3);
    }
  }
}

TEST_CASE("a manage has its models built in") {
  CHECK_THROWS_WITH_AS(read(R"({"apps": {"a": {"models": "m.json"}}})", {}, false),
                       "this program has its models built in", Error);
}

TEST_CASE("environment variables stand for their values") {
  const Environment environment{{"HOST", "h"}, {"EMPTY", ""}};
  CHECK(cli::expanded("a${HOST}b${EMPTY}c$d", environment, "x") == "ahbc$d");
  CHECK_THROWS_WITH_AS(cli::expanded("${HOSTS}", environment, "x"),
                       "the environment variable HOSTS is not set", Error);
  CHECK_THROWS_AS(cli::expanded("${}", environment, "x"), Error);
  CHECK_THROWS_AS(cli::expanded("${A B}", environment, "x"), Error);
}

TEST_CASE("the database is the one asked for, else DATABASE_URL, else the default") {
  const Project project = read(R"({"apps": {}, "databases": {
    "default": {"url": "sqlite:///app.db"},
    "production": {"url": "${PROD}", "lock_timeout": "${WAIT}"}}})");
  const Environment none{};
  const Environment given{{"DATABASE_URL", "sqlite:///env.db"}};
  const Environment production{{"PROD", "postgresql://h/d"}, {"WAIT", "2s"}};
  CHECK(choose_database(project, "", none).url == "sqlite:///app.db");
  CHECK(choose_database(project, "", none).name() == "default");
  CHECK(choose_database(project, "", given).url == "sqlite:///env.db");
  CHECK(choose_database(project, "default", given).url == "sqlite:///app.db");
  CHECK(choose_database(project, "sqlite:///x.db", given).url == "sqlite:///x.db");
  CHECK(choose_database(project, "production", production).url == "postgresql://h/d");
  CHECK(choose_database(project, "production", production).options.lock_timeout == "2s");
  CHECK_THROWS_WITH_AS(choose_database(project, "production", none),
                       "the environment variable PROD is not set", Error);
  CHECK_THROWS_WITH_AS(choose_database(project, "prodction", none),
                       "there is no database \"prodction\"", Error);
  CHECK_THROWS_WITH_AS(choose_database(project, "", {{"DATABASE_URL", "app.db"}}),
                       "DATABASE_URL holds no database URL", Error);
  CHECK_THROWS_WITH_AS(choose_database(read(R"({"apps": {}})"), "", none), "no database is chosen",
                       Error);
}

TEST_CASE("times have a unit") {
  for (const char* good : {"0", "0s", "2s", "500ms", "1min", "2h", "1d", "10us"}) {
    CAPTURE(good);
    CHECK(cli::is_timeout(good));
  }
  for (const char* bad : {"", "2", "s", "2 s", "-1s", "2sec", "1.5s", "99999999999s"}) {
    CAPTURE(bad);
    CHECK_FALSE(cli::is_timeout(bad));
  }
}

TEST_CASE("the project file is found from below, and where --project says") {
  Session session = blog_session();
  session.write("blog/deep/er/note", "");
  session.folder = session.path() / "blog/deep/er";
  CHECK(session.run("check").code == 0);
  session.folder = "/";
  CHECK(session.run("check").code == 2);
  CHECK(session.run("check --project " + session.path().string()).code == 0);
  CHECK(session.run("check --project " + session.path().string() + "/turnstone.json").code == 0);
  const Ran nowhere = session.run("check --project " + (session.path() / "nope").string());
  CHECK(nowhere.code == 2);
  CHECK(nowhere.err.find("there is no folder") != std::string::npos);
  const Ran empty = session.run("check --project " + (session.path() / "blog").string());
  CHECK(empty.code == 2);
  CHECK(empty.err.find("there is no turnstone.json in") != std::string::npos);
  CHECK(empty.err.find("turnstone init") != std::string::npos);
}

}  // namespace turnstone::test
