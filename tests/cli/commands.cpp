#include <doctest/doctest.h>
#include <turnstone/drivers/open.h>
#include <turnstone/models.h>

#include <chrono>
#include <regex>

#include "cli/session.h"
#include "json/tree.h"

namespace turnstone::test {
namespace {

const char* const changed_models = R"({"models": [
  {"name": "Author", "fields": [{"name": "full_name", "type": "CharField", "max_length": 120}]},
  {"name": "Book", "fields": [
    {"name": "title", "type": "CharField", "max_length": 200, "db_index": true},
    {"name": "author", "type": "ForeignKey", "to": "Author", "on_delete": "CASCADE"},
    {"name": "price", "type": "DecimalField", "max_digits": 10, "decimal_places": 2},
    {"name": "isbn", "type": "CharField", "max_length": 13}
  ]}
]}
)";

const char* const answers =
    " --rename blog.Author.name:full_name --default 'blog.Book.isbn=\"-\"' --default "
    "'blog.Book.price=\"0.00\"'";

std::string rows_of(const ScratchDatabase& database, const std::string& sql) {
  std::string text;
  for (const auto& row : database.connect()->query(sql).rows) {
    for (const Value& cell : row) {
      if (const auto* number = std::get_if<std::int64_t>(&cell)) text += std::to_string(*number);
      if (const auto* words = std::get_if<std::string>(&cell)) text += *words;
      if (is_null(cell)) text += "NULL";
      text += "|";
    }
  }
  return text;
}

json::Tree document_of(const Ran& ran) { return json::parse("standard output", ran.out); }

}  // namespace

TEST_CASE("from an empty folder to a rollback") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    const ScratchDatabase database(dialect);
    Session session(database.url());
    const Ran begun = session.run("init blog");
    CHECK(begun.code == 0);
    CHECK(begun.out.find("wrote blog/models.json\nwrote turnstone.json\n") == 0);
    CHECK(session.run("makemigrations").out == "No changes detected\n");
    session.write("blog/models.json", blog_models);

    const std::string told =
        "Migrations for 'blog':\n  blog/migrations/0001_initial.json\n    + Create model Author\n"
        "    + Create model Book\n";
    const Ran checked = session.run("makemigrations --check");
    CHECK(checked.code == 1);
    CHECK(checked.out == told);
    CHECK_FALSE(session.exists("blog/migrations"));
    CHECK(session.run("makemigrations --dry-run").out == told);
    CHECK_FALSE(session.exists("blog/migrations"));
    const Ran made = session.run("makemigrations");
    CHECK(made.code == 0);
    CHECK(made.out == told);
    CHECK(session.list("blog/migrations") ==
          std::vector<std::string>{"0001_initial.json", "snapshot.json"});
    CHECK(session.run("makemigrations").out == "No changes detected\n");
    CHECK(session.run("makemigrations blog --check").code == 0);

    CHECK(session.run("migrate --check").code == 1);
    CHECK(session.run("migrate --check").out.empty());
    CHECK(session.run("migrate --plan").out ==
          "Planned operations:\nblog.0001_initial\n    Create model Author\n    Create model "
          "Book\n");
    CHECK(session.run("showmigrations").out == "blog\n [ ] 0001_initial\n");
    const Ran migrated = session.run("migrate");
    CHECK(migrated.code == 0);
    CHECK(migrated.err.empty());
    CHECK(without_times(migrated.out) ==
          "Operations to perform:\n  Apply all migrations: blog\nRunning migrations:\n  Applying "
          "blog.0001_initial... OK (TIME)\n");
    CHECK(session.run("migrate --check").code == 0);
    CHECK(session.run("showmigrations").out == "blog\n [X] 0001_initial\n");
    CHECK(session.run("migrate").out.find("  No migrations to apply.\n") != std::string::npos);

    database.connect()->execute(
        "INSERT INTO blog_author (name) VALUES ('Ada'); INSERT INTO blog_book (title, author_id) "
        "VALUES ('Notes', 1)");
    session.write("blog/models.json", changed_models);
    const Ran behind = session.run("migrate");
    CHECK(
        behind.out.find("Your models in app 'blog' have changes that are not yet in a migration") !=
        std::string::npos);
    const Ran refused = session.run("makemigrations");
    CHECK(refused.code == 3);
    CHECK(refused.err.find("error: was blog.Author.name renamed to full_name") == 0);
    CHECK(refused.err.find("--rename blog.Author.name:full_name") != std::string::npos);
    CHECK(session.list("blog/migrations").size() == 2);
    const Ran second = session.run(std::string("makemigrations --name more") + answers);
    CHECK(second.code == 0);
    CHECK(second.out.find("blog/migrations/0002_more.json\n") != std::string::npos);
    CHECK(session.run("migrate").code == 0);
    CHECK(rows_of(database, "SELECT full_name FROM blog_author") == "Ada|");
    CHECK(rows_of(database, "SELECT isbn FROM blog_book") == "-|");

    const Ran back = session.run("migrate blog 0001");
    CHECK(without_times(back.out) ==
          "Operations to perform:\n  Target specific migration: 0001_initial, from blog\nRunning "
          "migrations:\n  Unapplying blog.0002_more... OK (TIME)\n");
    CHECK(rows_of(database, "SELECT name FROM blog_author") == "Ada|");
    CHECK(session.run("showmigrations --plan").out ==
          "[X]  blog.0001_initial\n[ ]  blog.0002_more\n");
    CHECK(session.run("check --database " + database.url()).code == 0);
    const Ran zero = session.run("migrate blog zero");
    CHECK(without_times(zero.out) ==
          "Operations to perform:\n  Unapply all migrations: blog\nRunning migrations:\n  "
          "Unapplying blog.0001_initial... OK (TIME)\n");
    CHECK_FALSE(database.backend().has_table(*database.connect(), "blog_author"));
    CHECK(session.run("migrate").code == 0);
    CHECK(session.run("showmigrations -v 2").out.find("0002_more (applied at 20") !=
          std::string::npos);
  }
}

TEST_CASE("every command has a JSON document") {
  const ScratchDatabase database("sqlite");
  Session session = blog_session(database.url());
  CHECK(document_of(session.run("makemigrations --check --format json"))["changes"] == true);
  const json::Tree made = document_of(session.run("makemigrations --format json"));
  CHECK(made["written"] == true);
  CHECK(made["migrations"][0]["file"] == "blog/migrations/0001_initial.json");
  CHECK(made["migrations"][0]["operations"][0]["description"] == "Create model Author");
  CHECK(made["snapshots"][0] == "blog/migrations/snapshot.json");
  const json::Tree sql = document_of(session.run("sqlmigrate blog 0001 --format json"));
  CHECK(sql["dialect"] == "sqlite");
  CHECK(sql["batches"][0]["transaction"] == true);
  CHECK(sql["batches"][0]["statements"][0]["operation"] == 1);
  const Ran pending = session.run("migrate --check --format json");
  CHECK(pending.code == 1);
  CHECK(document_of(pending)["pending"] == 1);
  CHECK(document_of(session.run("migrate --plan --format json"))["plan"][0]["name"] ==
        "0001_initial");
  const json::Tree migrated = document_of(session.run("migrate --format json"));
  CHECK(migrated["migrations"][0]["outcome"] == "applied");
  CHECK(migrated["unmigrated_apps"].empty());
  const json::Tree shown = document_of(session.run("showmigrations --format json"));
  CHECK(shown["migrations"][0]["applied"] == true);
  CHECK(shown["migrations"][0]["applied_at"].is_string());
  const json::Tree checked = document_of(session.run("check --format json"));
  CHECK(checked["ok"] == true);
  CHECK(checked["checked"]["models"] == 2);
  CHECK(document_of(session.run("dbshell --format json"))["command"][0] == "sqlite3");
  CHECK(document_of(session.run("dump-models blog --format json"))["models"].size() == 2);
  CHECK(document_of(session.run("init --format json"))["written"].empty());
  CHECK(document_of(session.run("migrate blog --prune --format json"))["pruned"].empty());
}

TEST_CASE("a migration that fails says which, what and why, and leaves nothing") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    const ScratchDatabase database(dialect);
    Session session = blog_session(database.url());
    REQUIRE(session.run("makemigrations").code == 0);
    session.write("blog/migrations/0002_bad.json", R"json({
      "turnstone": 1, "dependencies": [["blog", "0001_initial"]],
      "operations": [{"op": "RunSQL", "sql": ["CREATE TABLE t (x integer)", "SELECT wrong"]}]})json");
    session.write("blog/migrations/0003_more.json", R"({
      "turnstone": 1, "dependencies": [["blog", "0002_bad"]], "operations": []})");
    const Ran failed = session.run("migrate");
    CHECK(failed.code == 3);
    CHECK(failed.out.find("Applying blog.0001_initial... OK") != std::string::npos);
    CHECK(failed.out.find("Applying blog.0002_bad... FAILED (rolled back)") != std::string::npos);
    CHECK(failed.err.find("blog.0002_bad") != std::string::npos);
    CHECK(failed.err.find("SELECT wrong") != std::string::npos);
    CHECK(failed.err.find("1 migration before the failure stays as done; 1 migration was not "
                          "begun") != std::string::npos);
    CHECK_FALSE(database.backend().has_table(*database.connect(), "t"));
    const Ran json = session.run("migrate --format json");
    CHECK(json.code == 3);
    CHECK(document_of(json)["error"]["kind"] == "database");
    CHECK(document_of(json)["done"]["migrations"][0]["outcome"] == "rolled_back");
    CHECK(session.run("showmigrations").out ==
          "blog\n [X] 0001_initial\n [ ] 0002_bad\n [ ] 0003_more\n");
  }
}

TEST_CASE("history may be recorded, forgotten and accepted without running") {
  const ScratchDatabase database("sqlite");
  Session session = blog_session(database.url());
  REQUIRE(session.run("makemigrations").code == 0);
  CHECK(session.run("migrate --fake").out.find("Applying blog.0001_initial... FAKED\n") !=
        std::string::npos);
  CHECK_FALSE(database.backend().has_table(*database.connect(), "blog_book"));
  CHECK(session.run("migrate blog zero --fake").code == 0);
  CHECK(session.run("migrate").code == 0);
  database.connect()->execute("DELETE FROM turnstone_migrations");
  CHECK(session.run("migrate --fake-initial").out.find("0001_initial... FAKED") !=
        std::string::npos);

  // A file changed after it was applied.
  std::string text = session.read("blog/migrations/0001_initial.json");
  text.replace(text.find("\"max_length\": 100"), 17, "\"max_length\": 101");
  session.write("blog/migrations/0001_initial.json", text);
  const Ran edited = session.run("migrate");
  CHECK(edited.code == 3);
  CHECK(edited.err.find("applied migrations were edited: blog.0001_initial") != std::string::npos);
  CHECK(session.run("showmigrations").out ==
        "blog\n [X] 0001_initial edited since it was applied\n");
  const Ran found = session.run("check --database " + database.url());
  CHECK(found.code == 1);
  CHECK(found.err.find("blog.0001_initial was edited since it was applied") != std::string::npos);
  CHECK(session.run("migrate --plan").err.find("warning: blog.0001_initial was edited") == 0);
  CHECK(session.run("migrate --accept-edited")
            .out.find("  Accepted blog.0001_initial as it is "
                      "now\n") != std::string::npos);
  CHECK(session.run("migrate").code == 0);

  // A row without a file.
  database.connect()->execute(
      "INSERT INTO turnstone_migrations (app, name, applied, digest) VALUES ('blog', '0002_gone', "
      "'2026-01-01 00:00:00', '')");
  CHECK(session.run("migrate").err.find(
            "warning: recorded as applied, but there is no file: blog.0002_gone") == 0);
  CHECK(session.run("showmigrations")
            .out.find(" [?] 0002_gone recorded as applied, but there is no file\n") !=
        std::string::npos);
  CHECK(session.run("check --database " + database.url())
            .err.find("blog.0002_gone is recorded as applied, but has no file") !=
        std::string::npos);
  CHECK(session.run("migrate blog --prune").out ==
        "Pruning migrations:\n  Pruning blog.0002_gone OK\n");
  CHECK(session.run("migrate blog --prune").out ==
        "Pruning migrations:\n  No migrations to prune.\n");
}

TEST_CASE("a history that does not fit the files stops migrate, and check tells it") {
  const ScratchDatabase database("sqlite");
  Session session = blog_session(database.url());
  REQUIRE(session.run("makemigrations").code == 0);
  REQUIRE(session.run("makemigrations blog --empty --name more").code == 0);
  REQUIRE(session.run("migrate").code == 0);
  database.connect()->execute("DELETE FROM turnstone_migrations WHERE name = '0001_initial'");
  const std::string message =
      "error: blog.0002_more is applied, but blog.0001_initial, which it depends on, is not\n";
  for (const char* line : {"migrate", "migrate --plan", "migrate --check", "migrate --sql"}) {
    CAPTURE(line);
    const Ran refused = session.run(line);
    CHECK(refused.code == 3);
    CHECK(refused.err.find(message) == 0);
    CHECK(refused.err.find("--fake") != std::string::npos);
  }
  const Ran found = session.run("check --database " + database.url());
  CHECK(found.code == 1);
  CHECK(found.err.find(message) != std::string::npos);
  CHECK(session.run("showmigrations").out == "blog\n [ ] 0001_initial\n [X] 0002_more\n");
}

TEST_CASE("history tells what was applied when, how long it took and by which version") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    const ScratchDatabase database(dialect);
    Session session = blog_session(database.url());
    CHECK(session.run("history").out == "Nothing is applied.\n");
    REQUIRE(session.run("makemigrations").code == 0);
    REQUIRE(session.run("makemigrations blog --empty --name more").code == 0);
    REQUIRE(session.run("migrate blog 0001").code == 0);
    REQUIRE(session.run("migrate --fake").code == 0);
    const std::string version = session.run("--version").out.substr(10, 5);
    const std::string digest = "sha256:[0-9a-f]{12}";
    const std::string time = "2[0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z  ";
    const std::regex lines(time + "blog\\.0001_initial +[0-9]+\\.[0-9]{3}s  " + version + "  " +
                           digest + "\n" + time + "blog\\.0002_more +-  " + version + "  " +
                           digest + "\n");
    const Ran told = session.run("history");
    CAPTURE(told.out);
    CHECK(std::regex_match(told.out, lines));
    const Ran json = session.run("history --format json");
    CHECK(json.out.find("\"version\": \"" + version + "\"") != std::string::npos);
    const std::size_t seconds = json.out.find("\"seconds\": ");
    CHECK(seconds != std::string::npos);
    CHECK(json.out.find("\"seconds\": ", seconds + 1) == std::string::npos);

    // One of an older version is read as it is, and changed by a migrate alone.
    const auto connection = database.connect();
    for (const char* column : {"duration", "version"}) {
      connection->execute("ALTER TABLE turnstone_migrations DROP COLUMN " + std::string(column));
    }
    const auto columns = [&] {
      return connection->query("SELECT * FROM turnstone_migrations").columns.size();
    };
    for (const char* command : {"history", "showmigrations -v 2", "migrate --plan", "migrate --sql",
                                "check", "migrate"}) {
      CAPTURE(command);
      CHECK(session.run(command).code == 0);
      CHECK(columns() == 5);
    }
    CHECK(session.run("history").out.find(" -  -  sha256:") != std::string::npos);
    REQUIRE(session.run("makemigrations blog --empty --name third").code == 0);
    CHECK(session.run("migrate").code == 0);
    CHECK(columns() == 7);
  }
}

TEST_CASE("makemigrations looks whether the history of a database at hand fits the files") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    const ScratchDatabase database(dialect);
    Session session = blog_session(database.url());
    REQUIRE(session.run("makemigrations").code == 0);
    REQUIRE(session.run("makemigrations blog --empty --name more").code == 0);
    REQUIRE(session.run("migrate").code == 0);
    CHECK(session.run("makemigrations").err.empty());
    database.connect()->execute("DELETE FROM turnstone_migrations WHERE name = '0001_initial'");
    for (const char* line : {"makemigrations", "makemigrations --check", "makemigrations --merge",
                             "makemigrations blog --empty"}) {
      CAPTURE(line);
      const Ran refused = session.run(line);
      CHECK(refused.code == 3);
      CHECK(refused.err.find("error: blog.0002_more is applied, but blog.0001_initial, which it "
                             "depends on, is not\n") == 0);
    }
  }
}

TEST_CASE("makemigrations goes on where no database is at hand, and makes none") {
  Session session = blog_session("postgresql://me:secretword@127.0.0.1:1/none");
  const Ran unreachable = session.run("makemigrations");
  CHECK(unreachable.code == 0);
  CHECK(unreachable.err.find("warning: cannot tell whether the history fits the migrations in "
                             "database ") == 0);
  CHECK(unreachable.err.find("secretword") == std::string::npos);
  session.environment.erase("DATABASE_URL");
  CHECK(session.run("makemigrations").err.empty());
  session.environment["DATABASE_URL"] = "sqlite:///not_there.db";
  CHECK(session.run("makemigrations").err.empty());
  CHECK_FALSE(session.exists("not_there.db"));

  // Others of the project are asked where apps say which ones they live in.
  session.environment.erase("DATABASE_URL");
  const auto project = [&](const std::string& lives) {
    session.write("turnstone.json", R"({"apps": {"blog": {)" + lives + R"(}}, "databases": {
      "default": {"url": "sqlite:///not_there.db"},
      "far": {"url": "postgresql://nobody@127.0.0.1:1/none"}, "unset": {"url": "${NOT_SET}"}}})");
  };
  project("");
  CHECK(session.run("makemigrations").err.empty());
  project(R"("databases": ["default", "far"])");
  const std::string err = session.run("makemigrations").err;
  CHECK(err.find("in database far: ") != std::string::npos);
  CHECK(err.find("unset") == std::string::npos);
}

TEST_CASE("branches of one app stop migrate for every app, and makemigrations for that one alone") {
  const ScratchDatabase database("sqlite");
  Session session = blog_session(database.url());
  session.write("turnstone.json", R"({"apps": {"blog": {}, "shop": {}}})");
  session.write("shop/models.json", R"({"models": [{"name": "Order", "fields": []}]})");
  REQUIRE(session.run("makemigrations").code == 0);
  for (const char* name : {"0002_left", "0002_right"}) {
    session.write("blog/migrations/" + std::string(name) + ".json", R"({"turnstone": 1,
      "dependencies": [["blog", "0001_initial"]], "operations": []})");
  }
  const std::string message =
      "error: app \"blog\" has more than one last migration: 0002_left, 0002_right\n";
  for (const char* line : {"migrate", "migrate shop", "migrate shop zero", "migrate shop --plan",
                           "makemigrations", "makemigrations blog"}) {
    CAPTURE(line);
    const Ran refused = session.run(line);
    CHECK(refused.code == 3);
    CHECK(refused.err.find(message) == 0);
  }
  CHECK(session.run("makemigrations shop").code == 0);
  CHECK(session.run("showmigrations").code == 0);
}

TEST_CASE("--check with --plan shows what there is to do, -v 2 what a migration depends on") {
  const ScratchDatabase database("sqlite");
  Session session = blog_session(database.url());
  REQUIRE(session.run("makemigrations").code == 0);
  REQUIRE(session.run("makemigrations blog --empty --name more").code == 0);
  const Ran both = session.run("migrate --check --plan");
  CHECK(both.code == 1);
  CHECK(both.out.find("Planned operations:\nblog.0001_initial\n") == 0);
  CHECK(session.run("showmigrations --plan -v 2").out ==
        "[ ]  blog.0001_initial\n[ ]  blog.0002_more ... (blog.0001_initial)\n");
  REQUIRE(session.run("migrate").code == 0);
  const Ran nothing = session.run("migrate --check --plan");
  CHECK(nothing.code == 0);
  CHECK(nothing.out == "Planned operations:\n  No planned migration operations.\n");
}

TEST_CASE("a database that may not be written to is told, and nothing is left") {
  for (const std::string& dialect : test_dialects()) {
    if (dialect == "sqlite") continue;  // root may write to any file
    const ScratchDatabase database(dialect);
    const std::string url = database.url();
    Session session = blog_session(url + (url.find('?') == std::string::npos ? "?" : "&") +
                                   "options=-c%20default_transaction_read_only%3Don");
    REQUIRE(session.run("makemigrations").code == 0);
    for (const char* line : {"showmigrations", "migrate --plan", "history", "migrate --sql"}) {
      CAPTURE(line);
      CHECK(session.run(line).code == 0);
    }
    const Ran refused = session.run("migrate");
    CHECK(refused.code == 3);
    CHECK(refused.err.find("error: ") == 0);
    CHECK(refused.err.find("read-only transaction") != std::string::npos);
    CHECK_FALSE(database.backend().has_table(*database.connect(), "turnstone_migrations"));
  }
}

TEST_CASE("all apps that are not there are named at once") {
  Session session = blog_session();
  session.write("turnstone.json", R"({"apps": {"blog": {}, "shop": {}}})");
  const Ran near = session.run("showmigrations blgo blog shpo blgo");
  CHECK(near.code == 2);
  CHECK(near.err.find("error: there are no apps \"blgo\", \"shpo\"\n") == 0);
  CHECK(near.err.find("hint: blgo: did you mean \"blog\"? shpo: did you mean \"shop\"?") !=
        std::string::npos);
  const Ran far = session.run("makemigrations blgo warehouse");
  CHECK(far.code == 2);
  CHECK(far.err.find("error: there are no apps \"blgo\", \"warehouse\"\n") == 0);
  CHECK(far.err.find("hint: known: blog, shop") != std::string::npos);
}

TEST_CASE("__first__ of an app without migrations asks for nothing, until it has one") {
  const ScratchDatabase database("sqlite");
  Session session(database.url());
  session.write("turnstone.json", R"({"apps": {"blog": {}, "shop": {}}})");
  session.write("blog/models.json", R"({"models": []})");
  session.write("shop/models.json", R"({"models": []})");
  session.write("blog/migrations/0001_initial.json", R"({"turnstone": 1, "initial": true,
    "dependencies": [["shop", "__first__"]], "operations": []})");
  REQUIRE(session.run("makemigrations").code == 0);  // the snapshot
  for (const char* line : {"check", "showmigrations", "migrate --plan", "migrate --check"}) {
    CAPTURE(line);
    CHECK(session.run(line).err == "");
  }
  CHECK(session.run("check").code == 0);
  REQUIRE(session.run("makemigrations shop --empty").code == 0);
  CHECK(session.run("showmigrations --plan").out ==
        "[ ]  shop.0001_initial\n[ ]  blog.0001_initial\n");
  CHECK(session.run("migrate").code == 0);
  session.write("blog/migrations/0002_wrong.json", R"({"turnstone": 1,
    "dependencies": [["blog", "0001_initial"], ["shpo", "__first__"]], "operations": []})");
  const Ran unknown = session.run("migrate");
  CHECK(unknown.code == 3);
  CHECK(unknown.err.find("app \"shpo\" has no migrations") != std::string::npos);
}

TEST_CASE("the plan says what stands in its way in this database") {
  const ScratchDatabase database("sqlite");
  Session session = blog_session(database.url());
  REQUIRE(session.run("makemigrations").code == 0);
  REQUIRE(session.run("migrate").code == 0);
  database.connect()->execute(
      "INSERT INTO blog_author (id, name) VALUES (1, 'Ada'); INSERT INTO blog_book (id, title, "
      "author_id, price) VALUES (1, 'One', 1, 2)");
  session.write("blog/migrations/0002_gone.json", R"({
    "turnstone": 1, "dependencies": [["blog", "0001_initial"]],
    "operations": [{"op": "RemoveField", "model_name": "book", "name": "author"}]})");
  REQUIRE(session.run("migrate").code == 0);
  const std::string words =
      "blog.0002_gone, operation 1 (Remove field author from book) cannot be undone while table "
      "\"blog_book\" has rows";
  const Ran plan = session.run("migrate blog 0001 --plan");
  CHECK(plan.code == 0);
  CHECK(plan.out.find("Undo Remove field author from book") != std::string::npos);
  CHECK(plan.err.find("warning: " + words) == 0);
  for (const char* line : {"migrate blog 0001", "migrate blog 0001 --sql"}) {
    CAPTURE(line);
    const Ran refused = session.run(line);
    CHECK(refused.code == 3);
    CHECK(refused.err.find("error: " + words) == 0);
  }
  CHECK(session.run("showmigrations").out == "blog\n [X] 0001_initial\n [X] 0002_gone\n");
  database.connect()->execute("DELETE FROM blog_book");
  CHECK(session.run("migrate blog 0001 --plan").err.empty());
  CHECK(session.run("migrate blog 0001").code == 0);
}

TEST_CASE("the timeouts of a project bound how long a busy table is waited for") {
  for (const std::string& dialect : test_dialects()) {
    if (dialect == "sqlite") continue;  // one writer at a time: --lock-timeout is all there is
    const ScratchDatabase database(dialect);
    Session session = blog_session();
    session.write("turnstone.json",
                  R"({"apps": {"blog": {}}, "databases": {"default": {"url": ")" + database.url() +
                      R"(", "lock_timeout": "200ms", "statement_timeout": "1s"}}})");
    REQUIRE(session.run("makemigrations").code == 0);
    REQUIRE(session.run("migrate").code == 0);
    session.write("blog/migrations/0002_smaller.json", R"({
      "turnstone": 1, "dependencies": [["blog", "0001_initial"]],
      "operations": [{"op": "RemoveField", "model_name": "book", "name": "price"}]})");
    const auto reader = database.connect();
    reader->execute("BEGIN; LOCK TABLE blog_book IN ACCESS SHARE MODE");
    const Ran busy = session.run("migrate");
    CHECK(busy.code == 3);
    CHECK(busy.err.find("lock timeout") != std::string::npos);
    CHECK(busy.err.find("nothing of blog.0002_smaller was done") != std::string::npos);
    reader->execute("ROLLBACK");
    CHECK(session.run("migrate").code == 0);
    session.write("blog/migrations/0003_slow.json", R"json({
      "turnstone": 1, "dependencies": [["blog", "0002_smaller"]],
      "operations": [{"op": "RunSQL", "sql": "SELECT pg_sleep(20)"}]})json");
    const Ran slow = session.run("migrate");
    CHECK(slow.code == 3);
    CHECK(slow.err.find("statement timeout") != std::string::npos);
    CHECK(session.run("showmigrations").out.find("[ ] 0003_slow") != std::string::npos);
  }
}

TEST_CASE("--lock-timeout bounds how long another migrate is waited for") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    const ScratchDatabase database(dialect);
    Session session = blog_session(database.url());
    REQUIRE(session.run("makemigrations").code == 0);
    REQUIRE(session.run("migrate").code == 0);
    REQUIRE(session.run("makemigrations blog --empty --name more").code == 0);
    const auto holder = database.connect();
    std::unique_ptr<Backend::Lock> lock;
    if (dialect == "sqlite") {
      holder->execute("BEGIN IMMEDIATE");
    } else {
      lock = database.backend().lock(*holder, {}, [] {});
    }
    const auto start = std::chrono::steady_clock::now();
    for (const char* time : {"0", "100ms"}) {
      CAPTURE(time);
      const Ran locked = session.run(std::string("migrate --lock-timeout ") + time);
      CHECK(locked.code == 3);
      CHECK(locked.err.find(dialect == "sqlite" ? "wait longer with --lock-timeout"
                                                : "holds it; wait for it") != std::string::npos);
    }
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(4));
    if (dialect == "sqlite") holder->execute("ROLLBACK");
    lock.reset();
    CHECK(session.run("migrate --lock-timeout 0").code == 0);
  }
}

TEST_CASE("a preview shows the files that would be written") {
  Session session = blog_session();
  const Ran shown = session.run("makemigrations --dry-run -v 3");
  CHECK(shown.code == 0);
  const std::size_t text = shown.out.find("Full text of '0001_initial.json':\n{\n");
  REQUIRE(text != std::string::npos);
  CHECK_FALSE(session.exists("blog/migrations"));
  REQUIRE(session.run("makemigrations").code == 0);
  CHECK(shown.out.substr(shown.out.find('{', text)) ==
        session.read("blog/migrations/0001_initial.json"));
}

TEST_CASE("what cannot be taken back is shown in the plan and refused before anything runs") {
  const ScratchDatabase database("sqlite");
  Session session = blog_session(database.url());
  REQUIRE(session.run("makemigrations").code == 0);
  session.write("blog/migrations/0002_data.json", R"({
    "turnstone": 1, "dependencies": [["blog", "0001_initial"]],
    "operations": [{"op": "RunSQL", "sql": ["UPDATE blog_book SET title = ''"]}]})");
  CHECK(session.run("migrate --plan").out.find("-> UPDATE blog_book SET title = ''") !=
        std::string::npos);
  REQUIRE(session.run("migrate").code == 0);
  const Ran plan = session.run("migrate blog zero --plan");
  CHECK(plan.code == 0);
  CHECK(plan.out.find("-> IRREVERSIBLE\n") != std::string::npos);
  CHECK(plan.out.find("    Undo Create model Book\n    Undo Create model Author\n") !=
        std::string::npos);
  const Ran refused = session.run("migrate blog zero");
  CHECK(refused.code == 3);
  CHECK(refused.err.find("there is no way back from blog.0002_data") != std::string::npos);
  CHECK(session.run("showmigrations").out == "blog\n [X] 0001_initial\n [X] 0002_data\n");
}

TEST_CASE("a snapshot that is missing or does not fit is written again, with a note") {
  Session session = blog_session("sqlite:///x.db");
  REQUIRE(session.run("makemigrations").code == 0);
  const std::string good = session.read("blog/migrations/snapshot.json");
  const std::string file = "blog/migrations/snapshot.json";
  std::string other = good;
  other.replace(other.find("sha256:") + 7, 4, "0000");
  for (const std::string& text :
       {std::string(), "<<<<<<< ours\n" + good, std::string("{}"), other}) {
    CAPTURE(text);
    session.write(file, text);
    const Ran found = session.run("check");
    CHECK(found.code == 1);
    CHECK(found.err.find(file) != std::string::npos);
    CHECK(session.run("makemigrations --check").code == 0);
    CHECK(session.read(file) == text);
    const Ran again = session.run("makemigrations");
    CHECK(again.code == 0);
    CHECK(again.out == "No changes detected\n");
    CHECK(again.err.find("note: the snapshot of app \"blog\" is worked out again") == 0);
    CHECK(session.read(file) == good);
  }
  std::filesystem::remove(session.path() / file);
  CHECK(session.run("check").err.find("app \"blog\" has no snapshot") != std::string::npos);
  CHECK(session.run("makemigrations").code == 0);
  CHECK(session.read(file) == good);
  CHECK(session.run("makemigrations").err.empty());

  // Right digest, wrong models: only replaying can tell.
  std::string lie = good;
  lie.replace(lie.find("\"max_length\": 100"), 17, "\"max_length\": 105");
  session.write(file, lie);
  const Ran found = session.run("check");
  CHECK(found.code == 1);
  CHECK(found.err.find("is not what its migrations lead to") != std::string::npos);
}

TEST_CASE("check finds every mistake, and none is an exit code of its own") {
  Session session = blog_session("sqlite:///x.db");
  CHECK(session.run("check").out == "Checked 1 app, 2 models, 0 migrations: no problems.\n");
  session.write("blog/models.json", R"({"models": [
    {"name": "A", "fields": [{"name": "b", "type": "ForeignKey", "to": "Nope", "on_delete": "CASCADE"},
                             {"name": "c", "type": "ForeignKey", "to": "Never", "on_delete": "CASCADE"}]}]})");
  const Ran dangling = session.run("check");
  CHECK(dangling.code == 1);
  CHECK(dangling.err.find("blog.A.b") != std::string::npos);
  CHECK(dangling.err.find("blog.A.c") != std::string::npos);
  CHECK(dangling.out.find("2 problems") != std::string::npos);
  const Ran refused = session.run("makemigrations");
  CHECK(refused.code == 3);
  CHECK(refused.err.find("error: the models have 2 problems") != std::string::npos);
  session.write("blog/models.json", "{\"models\": [}");
  session.write("blog/migrations/0001_x.json", "{}");
  const Ran broken = session.run("check");
  CHECK(broken.code == 1);
  CHECK(broken.err.find("blog/models.json: line 1") != std::string::npos);
  CHECK(broken.err.find("blog/migrations/0001_x.json") != std::string::npos);
  CHECK(json::parse("out", session.run("check --format json").out)["problems"].size() == 2);
}

TEST_CASE("check looks at what the migrations lead to, too") {
  Session session = blog_session("sqlite:///x.db");
  session.write("blog/migrations/0001_initial.json", R"({"turnstone": 1, "operations": [
    {"op": "CreateModel", "name": "Book", "bases": ["blog.Nothing"], "fields": [
      {"name": "id", "type": "BigAutoField", "primary_key": true},
      {"name": "author", "type": "ForeignKey", "to": "blog.Nobody", "on_delete": "CASCADE"}]}]})");
  const Ran checked = session.run("check");
  CHECK(checked.code == 1);
  CHECK(checked.err.find("there is no model \"blog.Nobody\"\n  where: blog.Book.author, as the "
                         "migrations leave it") != std::string::npos);
  CHECK(checked.err.find("there is no model \"blog.Nothing\" to be a base") != std::string::npos);
  const Ran migrated = session.run("migrate");
  CHECK(migrated.code == 3);
  CHECK(migrated.err.find("there is no model \"blog.nobody\"") != std::string::npos);
  CHECK(migrated.err.find("blog.0001_initial, operation 1 (Create model Book)") !=
        std::string::npos);
}

TEST_CASE("an index is made concurrently outside of a transaction alone") {
  Session session = blog_session("sqlite:///x.db");
  REQUIRE(session.run("makemigrations").code == 0);
  const std::string start = R"({"turnstone": 1, "dependencies": [["blog", "0001_initial"]], )";
  const std::string operations = R"("operations": [{"op": "AddIndexConcurrently",
    "model_name": "book", "index": {"name": "i", "fields": ["title"]}}]})";
  session.write("blog/migrations/0002_index.json", start + operations);
  const Ran refused = session.run("sqlmigrate blog 0002 --database postgresql");
  CHECK(refused.code == 3);
  CHECK(refused.err ==
        "error: an index cannot be made or dropped concurrently inside of a transaction\n  where: "
        "blog.0002_index: index \"i\"\n  hint: write \"atomic\": false into the migration\n");
  CHECK(session.run("sqlmigrate blog 0002 --database sqlite").code == 0);
  session.write("blog/migrations/0002_index.json", start + "\"atomic\": false, " + operations);
  const Ran shown = session.run("sqlmigrate blog 0002 --database postgresql");
  CHECK(shown.code == 0);
  CHECK(shown.out.find("CREATE INDEX CONCURRENTLY") != std::string::npos);
}

TEST_CASE("--dry-run asks nothing and says what will be asked") {
  Session session = blog_session("sqlite:///x.db");
  REQUIRE(session.run("makemigrations").code == 0);
  session.write("blog/models.json", changed_models);
  const Ran shown = session.type("makemigrations --dry-run", "");
  CHECK(shown.code == 0);
  CHECK(
      shown.err.find("note: makemigrations will ask: was blog.Author.name renamed to full_name") !=
      std::string::npos);
  CHECK(shown.err.find("note: makemigrations will ask: the new field blog.Book.isbn may not be "
                       "NULL") != std::string::npos);
  CHECK(session.list("blog/migrations").size() == 2);
}

TEST_CASE("the name of a migration has at most a hundred characters") {
  Session session = blog_session("sqlite:///x.db");
  CHECK(session.run("makemigrations --name " + std::string(120, 'x')).code == 0);
  CHECK(session.exists("blog/migrations/0001_" + std::string(95, 'x') + ".json"));
}

TEST_CASE("a constraint that a database of the project cannot keep is refused") {
  Session session = blog_session();
  session.write("blog/models.json", R"({"models": [{"name": "A", "fields": [
    {"name": "n", "type": "IntegerField"}], "options": {"constraints": [
    {"type": "UniqueConstraint", "name": "a_n", "fields": ["n"], "deferrable": "deferred"}]}}]})");
  CHECK(session.run("check").code == 1);
  const Ran refused = session.run("makemigrations");
  CHECK(refused.code == 3);
  CHECK(refused.err.find("a_n") != std::string::npos);
  CHECK(refused.err.find("sqlite") != std::string::npos);
  session.write("turnstone.json",
                R"({"apps": {"blog": {}}, "databases": {"default": {"url": "postgresql://h/d"}}})");
  CHECK(session.run("makemigrations").code == 0);
}

TEST_CASE("init begins projects and adds apps") {
  Session session;
  const Ran first = session.run("init");
  CHECK(first.code == 0);
  CHECK(session.read("turnstone.json") ==
        "{\n  \"apps\": {},\n  \"databases\": {\"default\": {\"url\": "
        "\"sqlite:///db.sqlite3\"}},\n  \"default_auto_field\": \"BigAutoField\"\n}\n");
  CHECK(session.run("makemigrations").code == 2);
  CHECK(session.run("init").out == "Nothing to do: turnstone.json is there.\n");
  CHECK(session.run("init blog shop").code == 0);
  CHECK(session.read("blog/models.json") == "{\"models\": []}\n");
  CHECK(session.exists("shop/models.json"));
  CHECK(session.run("init blog").out == "Nothing to do: turnstone.json is there, with blog.\n");
  CHECK(session.run("check").out == "Checked 2 apps, 0 models, 0 migrations: no problems.\n");

  Session secret;
  const Ran hidden = secret.run("init --database postgresql://me:hunter22@h/d");
  CHECK(hidden.code == 0);
  CHECK(secret.read("turnstone.json").find("hunter22") == std::string::npos);
  CHECK(secret.read("turnstone.json").find("${DATABASE_URL}") != std::string::npos);
  CHECK(secret.run("init x").code == 0);

  Session elsewhere;
  CHECK(elsewhere.run("init blog --project new/project").code == 0);
  CHECK(elsewhere.exists("new/project/blog/models.json"));
}

TEST_CASE("dbshell becomes the database's shell, and the password stays off the command line") {
  Session session = blog_session();
  CHECK(session.run("dbshell").code == 0);
  CHECK(session.became ==
        std::vector<std::string>{"sqlite3", (session.path() / "app.db").string()});
  CHECK(session.run("dbshell --database sqlite:////tmp/a%20b.db -- -readonly").code == 0);
  CHECK(session.became == std::vector<std::string>{"sqlite3", "/tmp/a b.db", "-readonly"});
  session.run("dbshell --database postgresql://me:p%40w@h/d?sslmode=require -- -c 'select 1'");
  CHECK(session.became ==
        std::vector<std::string>{"psql", "postgresql://me@h/d?sslmode=require", "-c", "select 1"});
  CHECK(session.became_environment == std::map<std::string, std::string>{{"PGPASSWORD", "p@w"}});
}

TEST_CASE("sqlmigrate needs no connection and knows the way back") {
  Session session = blog_session();
  REQUIRE(session.run("makemigrations").code == 0);
  const Ran sqlite = session.run("sqlmigrate blog 0001 --database sqlite");
  CHECK(sqlite.code == 0);
  CHECK(sqlite.out.find("CREATE TABLE \"blog_author\"") != std::string::npos);
  const Ran postgresql = session.run("sqlmigrate blog 0001 --database postgresql");
  CHECK(postgresql.out.find("GENERATED BY DEFAULT AS IDENTITY") != std::string::npos);
  const Ran back = session.run("sqlmigrate blog 0001 --backwards -v 0");
  CHECK(back.out.find("DROP TABLE \"blog_author\"") != std::string::npos);
  CHECK_FALSE(session.exists("app.db"));
}

TEST_CASE("sqlmigrate takes a database that cannot be asked for empty, and says so") {
  Session session = blog_session();
  REQUIRE(session.run("makemigrations").code == 0);
  const Ran ran = session.run(
      "sqlmigrate blog 0001 --database postgresql://nobody@127.0.0.1:1/x?connect_timeout=1");
  CHECK(ran.code == 0);
  CHECK(ran.out.find("CREATE TABLE \"blog_author\"") != std::string::npos);
  CHECK(ran.err.find("warning: the database cannot be asked, and is taken for empty: ") == 0);
}

TEST_CASE("migrate tells more when asked: operations, then statements") {
  Session session = blog_session("sqlite:///app.db");
  REQUIRE(session.run("makemigrations").code == 0);
  const Ran applied = session.run("migrate -v 2");
  CHECK(without_times(applied.out)
            .find("  Applying blog.0001_initial... OK (TIME)\n    + Create "
                  "model Author\n    + Create model Book\n") != std::string::npos);
  const Ran back = session.run("migrate blog zero -v 3");
  CHECK(back.out.find("      DROP TABLE \"blog_book\"\n") != std::string::npos);
  CHECK(back.out.find("    + Undo Create model Book\n    + Undo Create model Author\n") !=
        std::string::npos);
}

TEST_CASE("migrate --sql prints a script and does nothing") {
  for (const std::string& dialect : test_dialects()) {
    const ScratchDatabase database(dialect);
    Session session = blog_session(database.url());
    REQUIRE(session.run("makemigrations").code == 0);
    const Ran ran = session.run("migrate --sql -v 0");
    CHECK(ran.code == 0);
    CHECK(ran.err.empty());
    CHECK(ran.out.find("CREATE TABLE \"blog_author\"") != std::string::npos);
    CHECK_FALSE(database.backend().has_table(*database.connect(), "turnstone_migrations"));
    CHECK(session.run("migrate --check").code == 1);
    const Ran both = session.run("migrate --sql --plan");
    CHECK(both.code == 2);
    CHECK(both.err == "error: --sql and --plan exclude each other\n  hint: give one of them\n");
  }
}

TEST_CASE("json-schema lists, prints and writes") {
  Session session;
  const Ran list = session.run("json-schema");
  CHECK(list.code == 0);
  CHECK(list.out.find("models      The models of an app of Turnstone.\n") != std::string::npos);
  const Ran models = session.run("json-schema models");
  CHECK(models.out.find("\"title\": \"models.json\"") != std::string::npos);
  const Ran written = session.run("json-schema --write editor");
  CHECK(written.code == 0);
  CHECK(session.list("editor") == std::vector<std::string>{"migration.json", "models.json",
                                                           "output.json", "project.json",
                                                           "snapshot.json"});
  CHECK(session.read("editor/models.json") == models.out);
  const Ran wrong = session.run("json-schema modles");
  CHECK(wrong.code == 2);
  CHECK(wrong.err == "error: there is no schema \"modles\"\n  hint: did you mean \"models\"?\n");
}

TEST_CASE("every file may name its schema; a migration keeps it, and means the same") {
  Session session = blog_session("sqlite:///app.db");
  REQUIRE(session.run("makemigrations").code == 0);
  REQUIRE(session.run("migrate").code == 0);
  for (const char* file : {"turnstone.json", "blog/models.json",
                           "blog/migrations/0001_initial.json", "blog/migrations/snapshot.json"}) {
    std::string text = session.read(file);
    text.insert(text.find('{') + 1, "\"$schema\": \"../schemas/x.json\", ");
    session.write(file, text);
  }
  CHECK(session.run("makemigrations --check").code == 0);
  CHECK(session.run("check --database sqlite:///app.db").code == 0);
  CHECK(session.run("migrate").code == 0);
}

TEST_CASE("sqlmigrate shows a migration that a squash replaces") {
  Session session = blog_session();
  REQUIRE(session.run("makemigrations").code == 0);
  session.write("blog/migrations/0001_squashed.json", R"({
    "turnstone": 1, "initial": true, "replaces": [["blog", "0001_initial"]], "operations": []})");
  const Ran replaced = session.run("sqlmigrate blog 0001_initial");
  CHECK(replaced.code == 0);
  CHECK(replaced.out.find("CREATE TABLE \"blog_author\"") != std::string::npos);
  CHECK(session.run("sqlmigrate blog 0001_squashed").code == 0);
}

TEST_CASE("dump-models prints a model file that gives the same state") {
  Session session = blog_session();
  const Ran dumped = session.run("dump-models blog");
  CHECK(dumped.code == 0);
  REQUIRE(session.run("makemigrations").code == 0);
  session.write("blog/models.json", dumped.out);
  CHECK(session.run("makemigrations").out == "No changes detected\n");
  CHECK(json::parse("out", session.run("dump-models").out)["blog"]["models"].size() == 2);
}

TEST_CASE("quiet is quiet") {
  Session session = blog_session("sqlite:///x.db");
  CHECK(session.run("makemigrations -v 0").out.empty());
  CHECK(session.run("migrate -v 0").out.empty());
  CHECK(session.run("check -v 0").out.empty());
  CHECK_FALSE(session.run("showmigrations -v 0").out.empty());
}

TEST_CASE("changes of one app alone, with what they depend on") {
  Session session("sqlite:///x.db");
  REQUIRE(session.run("init a b").code == 0);
  session.write("a/models.json", R"({"models": [{"name": "A", "fields": [
    {"name": "b", "type": "ForeignKey", "to": "b.B", "on_delete": "CASCADE"}]}]})");
  session.write("b/models.json", R"({"models": [{"name": "B", "fields": []}]})");
  CHECK(session.run("makemigrations b").code == 0);
  CHECK_FALSE(session.exists("a/migrations"));
  CHECK(session.run("makemigrations").code == 0);
  CHECK(session.exists("a/migrations/0001_initial.json"));
  CHECK(session.run("makemigrations b").out == "No changes detected in app 'b'\n");
  CHECK(session.run("makemigrations a b").out == "No changes detected in apps 'a', 'b'\n");
  CHECK(session.run("migrate b").code == 0);
  CHECK(session.run("showmigrations a").out == "a\n [ ] 0001_initial\n");
  CHECK(session.run("migrate b zero").code == 0);
  CHECK(session.run("check").code == 0);
}

namespace {

struct Item {
  std::int64_t id{};
  std::string name{};
  static void describe(Model<Item>& m);
};
void Item::describe(Model<Item>& m) {
  m.field<&Item::id>().primary_key();
  m.field<&Item::name>().max_length(30);
}

App shop_app() {
  return App("shop").models<Item>().function(
      "shop.fill", [](migrations::MigrationContext& context) {
        context.model("shop.Item").insert({{"name", std::string("from code")}});
      });
}

}  // namespace

TEST_CASE("a manage runs the same commands over its own models") {
  const ScratchDatabase database("sqlite");
  Session session(database.url());
  session.apps.emplace().push_back(shop_app());
  CHECK(session.run("makemigrations").code == 2);
  CHECK(session.run("init").code == 0);
  CHECK(session.read("turnstone.json").find("\"apps\": {\"shop\": {}}") != std::string::npos);
  CHECK_FALSE(session.exists("shop/models.json"));
  CHECK(session.run("makemigrations").code == 0);
  CHECK(session.exists("shop/migrations/0001_initial.json"));
  session.write("shop/migrations/0002_fill.json", R"({
    "turnstone": 1, "dependencies": [["shop", "0001_initial"]],
    "operations": [{"op": "RunCpp", "code": "shop.fill", "reverse_code": "noop"}]})");
  CHECK(session.run("migrate").code == 0);
  CHECK(rows_of(database, "SELECT name FROM shop_item") == "from code|");
  CHECK(session.run("migrate shop 0001").code == 0);
  CHECK(session.run("dump-models shop").out.find("\"max_length\": 30") != std::string::npos);

  // Without a project file its folders tell where it is at home.
  std::filesystem::remove(session.path() / "turnstone.json");
  CHECK(session.run("showmigrations").code == 0);
  // The stand-alone program needs only the files, but lacks the function.
  session.apps.reset();
  session.write("turnstone.json", R"({"apps": {"shop": {}}})");
  const Ran lacking = session.run("migrate");
  CHECK(lacking.code == 3);
  CHECK(lacking.err.find("shop.fill") != std::string::npos);
  CHECK(session.run("migrate shop 0001").code == 0);
  const Ran models = session.run("makemigrations");
  CHECK(models.code == 3);
  CHECK(models.err.find("app \"shop\" has no file of models") != std::string::npos);
}

TEST_CASE("an app that the program lacks is no reason to delete its models") {
  Session session("sqlite:///x.db");
  session.apps.emplace().push_back(shop_app());
  session.write("turnstone.json", R"({"apps": {"shop": {}, "shpo": {}}})");
  const Ran refused = session.run("makemigrations");
  CHECK(refused.code == 3);
  CHECK(refused.err.find("app \"shpo\" is not registered in this program") != std::string::npos);
  CHECK(refused.err.find("did you mean \"shop\"?") != std::string::npos);
}

}  // namespace turnstone::test
