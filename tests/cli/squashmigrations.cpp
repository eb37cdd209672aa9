#include <doctest/doctest.h>

#include "cli/session.h"

namespace turnstone::test {
namespace {

/// 0001_initial and three more of `blog`, by way of its models.
Session four_migrations(const std::string& url = "sqlite:///x.db") {
  Session session = blog_session(url);
  std::string models = session.read("blog/models.json");
  REQUIRE(session.run("makemigrations").code == 0);
  for (const char* name : {"isbn", "pages", "motto"}) {
    const std::string field = "{\"name\": \"" + std::string(name) +
                              "\", \"type\": \"IntegerField\", \"null\": true},\n    ";
    models.insert(models.find("{\"name\": \"title\""), field);
    session.write("blog/models.json", models);
    REQUIRE(session.run("makemigrations").code == 0);
  }
  REQUIRE(session.list("blog/migrations").size() == 5);
  return session;
}

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string with_dependencies(const std::string& needs, const std::string& operations) {
  return R"({"turnstone": 1, "dependencies": [)" + needs + R"(], "operations": [)" + operations +
         "]}\n";
}
const char* const plain_field = R"("type": "IntegerField", "null": true})";

/// blog 0001, shop 0001 behind it, blog 0002 behind that, blog 0003.
Session crossing_apps() {
  Session session("sqlite:///x.db");
  session.write("turnstone.json", R"({"apps": {"blog": {}, "shop": {}}})");
  session.write(
      "blog/migrations/0001_initial.json",
      with_dependencies(
          "",
          R"({"op": "CreateModel", "name": "Book", "fields": [{"name": "id", "type": "BigAutoField", "primary_key": true}]})"));
  session.write(
      "shop/migrations/0001_initial.json",
      with_dependencies(
          R"(["blog", "0001_initial"])",
          R"({"op": "CreateModel", "name": "Order", "fields": [{"name": "id", "type": "BigAutoField", "primary_key": true}, {"name": "book", "type": "ForeignKey", "to": "blog.Book", "on_delete": "CASCADE"}]})"));
  session.write(
      "blog/migrations/0002_order.json",
      with_dependencies(
          R"(["blog", "0001_initial"], ["shop", "0001_initial"])",
          R"({"op": "AddField", "model_name": "book", "field": {"name": "latest", "type": "ForeignKey", "to": "shop.Order", "on_delete": "CASCADE", "null": true}})"));
  session.write(
      "blog/migrations/0003_pages.json",
      with_dependencies(
          R"(["blog", "0002_order"])",
          std::string(R"({"op": "AddField", "model_name": "book", "field": {"name": "pages", )") +
              plain_field + "}"));
  return session;
}

}  // namespace

TEST_CASE("squashmigrations writes one migration in place of several, and the snapshot follows") {
  Session session = four_migrations();
  const Ran ran = session.run("squashmigrations blog 0003");
  CHECK(ran.err == "");
  CHECK(ran.code == 0);
  CHECK(ran.out ==
        "Will squash the following migrations:\n - 0001_initial\n - 0002_book_isbn\n"
        " - 0003_book_pages\nOptimizing...\n  Optimized from 4 operations to 2 operations.\n"
        "Created new squashed migration "
        "blog/migrations/0001_squashed_0003_book_pages.json\n"
        "  Commit it and leave the old files where they are: databases that have some of them\n"
        "  applied go on with these. Once every database has migrated, 'turnstone\n"
        "  retiresquash blog 0001_squashed_0003_book_pages' removes them.\n");
  const std::string text = session.read("blog/migrations/0001_squashed_0003_book_pages.json");
  CHECK(says(text, "\"initial\": true"));
  CHECK(says(text, "[\"blog\", \"0002_book_isbn\"]"));
  CHECK(session.run("check").code == 0);
  CHECK(session.run("makemigrations --check").code == 0);
  const Ran again = session.run("squashmigrations blog 0004 --squashed-name again");
  CHECK(again.code == 0);
  CHECK(says(session.read("blog/migrations/0001_again.json"), "0001_squashed_0003_book_pages"));
  CHECK(session.run("check").code == 0);
  CHECK(session.run("migrate").code == 0);
  CHECK(session.run("migrate --check").code == 0);
  CHECK(session.run("migrate blog zero").code == 0);
  CHECK(says(session.run("showmigrations").out, "[ ] 0001_again (2 squashed migrations)"));
}

TEST_CASE("a range with a start, a name of its own, and without optimizing") {
  Session session = four_migrations();
  const Ran ran = session.run("squashmigrations blog 0002 0004 --no-optimize");
  CHECK(ran.code == 0);
  CHECK(says(ran.out, "(Skipping optimization.)"));
  CHECK(session.exists("blog/migrations/0002_book_isbn_squashed_0004_book_motto.json"));
  CHECK(says(session.read("blog/migrations/0002_book_isbn_squashed_0004_book_motto.json"),
             "\"dependencies\": [[\"blog\", \"0001_initial\"]]"));
  CHECK(session.run("check").code == 0);
  CHECK(session.run("migrate").code == 0);

  Session named = four_migrations();
  CHECK(named.run("squashmigrations blog 0002 0003 --squashed-name books").code == 0);
  CHECK(named.exists("blog/migrations/0002_books.json"));
}

TEST_CASE("a person is asked before anything is squashed") {
  Session session = four_migrations();
  const std::size_t files = session.list("blog/migrations").size();
  const Ran no = session.type("squashmigrations blog 0003", "n\n");
  CHECK(no.code == 0);
  CHECK(says(no.err, "Do you wish to proceed? [y/N]"));
  CHECK(session.type("squashmigrations blog 0003", "").code == 3);
  CHECK(session.run("squashmigrations blog 0003 --dry-run").code == 0);
  CHECK(session.list("blog/migrations").size() == files);
  CHECK(session.type("squashmigrations blog 0003", "y\n").code == 0);
  CHECK(session.list("blog/migrations").size() == files + 1);
  CHECK(session.type("squashmigrations blog 0001_squashed 0004 --noinput", "").code == 0);
}

TEST_CASE("what cannot be squashed is refused, and nothing is written") {
  Session session = four_migrations();
  const std::vector<std::string> files = session.list("blog/migrations");
  struct Case {
    const char* line;
    int code;
    const char* error;
  };
  const Case cases[] = {
      {"squashmigrations", 2, "APP"},
      {"squashmigrations blog", 2, "squashmigrations needs the last migration to squash"},
      {"squashmigrations blgo 0002", 2, "there is no app \"blgo\""},
      {"squashmigrations blog 0009", 2, "has no migration that begins with \"0009\""},
      {"squashmigrations blog 0003 0002", 2,
       "migration 0003_book_pages does not come before 0002_book_isbn in app \"blog\""},
      {"squashmigrations blog 0003 --squashed-name a-b", 2, "cannot be part of a migration's name"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.line);
    const Ran ran = session.run(c.line);
    CHECK(ran.code == c.code);
    CHECK_MESSAGE(says(ran.err, c.error), ran.err);
  }
  CHECK(session.list("blog/migrations") == files);
  REQUIRE(session.run("squashmigrations blog 0003").code == 0);
  CHECK(says(session.run("squashmigrations blog 0003").err, "is replaced by blog.0001_squashed"));
  const Ran taken = session.run("squashmigrations blog 0004 --squashed-name initial");
  CHECK(taken.code == 3);
  CHECK(says(taken.err, "migration blog.0001_initial is there already"));
}

TEST_CASE("a circle over another app is refused before writing, and the parts it names work") {
  Session session = crossing_apps();
  const Ran refused = session.run("squashmigrations blog 0003");
  CHECK(refused.code == 3);
  CHECK(
      says(refused.err,
           "blog.0001_squashed_0003_pages -> shop.0001_initial -> blog.0001_squashed_0003_pages"));
  CHECK(says(refused.err, "hint: squash in parts: 0002_order to 0003_pages"));
  CHECK(session.list("blog/migrations").size() == 3);
  CHECK(session.run("migrate --plan").code == 0);
  CHECK(session.run("squashmigrations blog 0002_order 0003_pages").code == 0);
  CHECK(session.run("migrate").code == 0);
  CHECK(session.run("migrate shop zero").code == 0);
}

TEST_CASE("databases before, within and behind a squash go on") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    for (const char* at : {"zero", "0001", "0002", "0003", "0004"}) {
      CAPTURE(at);
      const ScratchDatabase database(dialect);
      Session session = four_migrations(database.url());
      REQUIRE(session.run(std::string("migrate blog ") + at).code == 0);
      REQUIRE(session.run("squashmigrations blog 0002 0004").code == 0);
      CHECK(session.run("migrate").code == 0);
      CHECK(session.run("migrate --check").code == 0);
      CHECK(session.run("check --database " + database.url()).code == 0);
      const std::string shown = session.run("showmigrations blog").out;
      CHECK(says(shown, "[X] 0002_book_isbn_squashed_0004_book_motto (3 squashed migrations)"));
    }
  }
}

TEST_CASE("a squash whose parts are all applied is marked until the next migrate records it") {
  Session session = four_migrations();
  REQUIRE(session.run("migrate").code == 0);
  REQUIRE(session.run("squashmigrations blog 0004 --squashed-name all").code == 0);
  CHECK(says(session.run("showmigrations").out,
             "[-] 0001_all (4 squashed migrations) run 'turnstone migrate' to finish recording"));
  CHECK(session.run("migrate").code == 0);
  CHECK(says(session.run("showmigrations").out, "[X] 0001_all (4 squashed migrations)"));
}

TEST_CASE("the name of a squash that gave way stands for the last of the old files") {
  Session session = four_migrations();
  REQUIRE(session.run("migrate blog 0002").code == 0);
  REQUIRE(session.run("squashmigrations blog 0003 --squashed-name s").code == 0);
  const Ran ran = session.run("migrate blog 0001_s");
  CHECK(ran.code == 0);
  CHECK(says(ran.out, "Target specific migration: 0003_book_pages, from blog"));
  CHECK(says(ran.out, "Applying blog.0003_book_pages"));
}

TEST_CASE("raw SQL and code in a squash are told, and elidable ones left out") {
  Session session = four_migrations();
  session.write("blog/migrations/0005_data.json",
                with_dependencies(R"(["blog", "0004_book_motto"])",
                                  R"({"op": "RunSQL", "sql": "SELECT 1", "elidable": true},
                                     {"op": "RunSQL", "sql": "SELECT 2", "reverse_sql": []})"));
  const Ran ran = session.run("squashmigrations blog 0005");
  CHECK(ran.code == 0);
  CHECK(says(ran.out,
             "  Nothing is optimized across these; \"elidable\": true lets one be left out:\n"
             "    Raw SQL operation (0005_data)\n"
             "  Left out, as they are elidable:\n    Raw SQL operation (0005_data)\n"));
}

TEST_CASE("squashmigrations as JSON") {
  Session session = four_migrations();
  const Ran ran = session.run("squashmigrations blog 0002 --format json");
  CHECK(ran.code == 0);
  CHECK(ran.out ==
        R"({
  "app": "blog",
  "name": "0001_squashed_0002_book_isbn",
  "file": "blog/migrations/0001_squashed_0002_book_isbn.json",
  "replaces": ["blog.0001_initial", "blog.0002_book_isbn"],
  "optimized": true,
  "operations_before": 3,
  "operations_after": 2,
  "barriers": [],
  "left_out": [],
  "written": true,
  "snapshots": ["blog/migrations/snapshot.json"]
}
)");
}

TEST_CASE("optimizemigration shortens a file that databases have applied") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    const ScratchDatabase database(dialect);
    Session session = four_migrations(database.url());
    std::string operations = R"({"op": "AddField", "model_name": "book", "field": {"name": "a", )";
    operations += plain_field;
    operations +=
        R"(}, {"op": "RenameField", "model_name": "book", "old_name": "a", "new_name": "b"})";
    session.write("blog/migrations/0005_more.json",
                  with_dependencies(R"(["blog", "0004_book_motto"])", operations));
    REQUIRE(session.run("migrate").code == 0);
    CHECK(session.run("optimizemigration blog 0002").out == "No optimizations possible.\n");
    CHECK(session.run("optimizemigration blog 0002 --check").code == 0);
    const std::string before = session.read("blog/migrations/0005_more.json");
    const Ran found = session.run("optimizemigration blog 0005 --check");
    CHECK(found.code == 1);
    CHECK(found.out == "Optimizing from 2 operations to 1 operation.\n");
    CHECK(session.read("blog/migrations/0005_more.json") == before);
    const Ran ran = session.run("optimizemigration blog 0005");
    CHECK(ran.code == 0);
    CHECK(says(ran.out, "Optimized migration blog/migrations/0005_more.json\n"));
    CHECK(says(ran.out, "\"formerly\""));
    CHECK(says(session.read("blog/migrations/0005_more.json"), "\"formerly\": [\"sha256:"));
    CHECK(session.run("optimizemigration blog 0005").out == "No optimizations possible.\n");
    // Neither edited nor to be done again; afterwards the memory may go.
    CHECK(session.run("check --database " + database.url()).code == 0);
    CHECK(session.run("migrate").code == 0);
    std::string text = session.read("blog/migrations/0005_more.json");
    const std::size_t memory = text.find("  \"formerly\"");
    text.erase(memory, text.find('\n', memory) - memory + 1);
    session.write("blog/migrations/0005_more.json", text);
    CHECK(session.run("migrate").code == 0);
  }
}

TEST_CASE("optimizemigration as JSON") {
  Session session = four_migrations();
  const Ran ran = session.run("optimizemigration blog 0002 --check --format json");
  CHECK(ran.code == 0);
  CHECK(ran.out ==
        R"({
  "app": "blog",
  "name": "0002_book_isbn",
  "file": "blog/migrations/0002_book_isbn.json",
  "possible": false,
  "operations_before": 1,
  "operations_after": 1,
  "barriers": [],
  "left_out": [],
  "written": false,
  "snapshots": []
}
)");
}

}  // namespace turnstone::test
