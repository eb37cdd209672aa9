#include <doctest/doctest.h>

#include "cli/session.h"

namespace turnstone::test {
namespace {

std::string migration(const std::string& needs, const std::string& operations) {
  return R"({"turnstone": 1, "dependencies": [["blog", ")" + needs + R"("]], "operations": [)" +
         operations + "]}\n";
}

const std::string add_isbn =
    R"({"op": "AddField", "model_name": "book", "field": {"name": "isbn", "type": "CharField", "max_length": 13, "null": true}})";
const std::string add_pages =
    R"({"op": "AddField", "model_name": "book", "field": {"name": "pages", "type": "IntegerField", "null": true}})";

/// Two branches behind 0001_initial.
Session branches(const std::string& left, const std::string& right) {
  Session session = blog_session("sqlite:///x.db");
  REQUIRE(session.run("makemigrations").code == 0);
  session.write("blog/migrations/0002_left.json", migration("0001_initial", left));
  session.write("blog/migrations/0002_right.json", migration("0001_initial", right));
  return session;
}

}  // namespace

TEST_CASE("branches stop every command that plans, which says how to join them") {
  Session session = branches(add_isbn, add_pages);
  for (const char* command : {"makemigrations", "migrate", "migrate --plan"}) {
    CAPTURE(command);
    const Ran ran = session.run(command);
    CHECK(ran.code == 3);
    CHECK(ran.err.find("app \"blog\" has more than one last migration: 0002_left, 0002_right") !=
          std::string::npos);
    CHECK(ran.err.find("makemigrations --merge") != std::string::npos);
  }
  CHECK(session.run("check").code == 1);
}

TEST_CASE("independent branches are joined") {
  Session session = branches(add_isbn, add_pages);
  CHECK(session.run("makemigrations --merge --check").code == 1);
  CHECK(session.list("blog/migrations").size() == 4);
  const Ran merged = session.run("makemigrations --merge");
  CHECK(merged.code == 0);
  CHECK(merged.out ==
        "Merging 'blog'\n  Branch 0002_left\n    + Add field isbn to book\n  Branch 0002_right\n"
        "    + Add field pages to book\nMerge migration for 'blog':\n  "
        "blog/migrations/0003_merge_0002_left_0002_right.json\n");
  CHECK(session.run("makemigrations --merge").out == "No conflicts detected to merge.\n");
  CHECK(session.run("check").code == 0);
  CHECK(session.run("migrate").code == 0);
  CHECK(session.run("migrate blog 0002_left").code == 0);
  CHECK(session.run("migrate blog zero").code == 0);
}

TEST_CASE("a person is asked before branches are joined") {
  Session session = branches(add_isbn, add_pages);
  CHECK(session.type("makemigrations --merge", "n\n").code == 0);
  CHECK(session.list("blog/migrations").size() == 4);
  CHECK(session.type("makemigrations --merge", "").code == 3);
  CHECK(session.type("makemigrations --merge --name both", "y\n").code == 0);
  CHECK(session.exists("blog/migrations/0003_both.json"));
}

TEST_CASE("branches that touch the same are not joined unless a person says so") {
  const std::string rename =
      R"({"op": "RenameField", "model_name": "book", "old_name": "title", "new_name": "name"})";
  struct Case {
    std::string left;
    std::string right;
    const char* both;
  };
  const Case cases[] = {
      {add_isbn, add_isbn, "field isbn of book"},
      {rename, R"({"op": "RemoveField", "model_name": "Book", "name": "title"})",
       "field title of book"},
      {rename,
       R"({"op": "AddIndex", "model_name": "book", "index": {"name": "i", "fields": ["-title"]}})",
       "field title of book"},
      {R"({"op": "DeleteModel", "name": "Book"})", add_isbn, "field isbn of book"},
      {R"({"op": "AlterModelTable", "name": "book", "table": "x"})",
       R"({"op": "AlterModelTable", "name": "book", "table": "y"})", "table name of book"},
      {R"({"op": "RemoveField", "model_name": "book", "name": "price"})",
       R"({"op": "AddConstraint", "model_name": "book", "constraint": {"type": "CheckConstraint", "name": "c", "condition": [">", {"F": "price"}, "0"]}})",
       "field price of book"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.both);
    Session session = branches(c.left, c.right);
    const Ran refused = session.run("makemigrations --merge");
    CHECK(refused.code == 3);
    CHECK(refused.err.find("error: the branches of app \"blog\" both change " +
                           std::string(c.both)) == 0);
    CHECK(session.list("blog/migrations").size() == 4);
    CHECK(session.type("makemigrations --merge", "n\n").code == 0);
    CHECK(session.list("blog/migrations").size() == 4);
  }
}

TEST_CASE("branches without an ancestor are not joined") {
  Session session = blog_session("sqlite:///x.db");
  session.write("blog/migrations/0001_a.json", "{\"turnstone\": 1, \"operations\": []}");
  session.write("blog/migrations/0001_b.json", "{\"turnstone\": 1, \"operations\": []}");
  const Ran refused = session.run("makemigrations --merge");
  CHECK(refused.code == 3);
  CHECK(refused.err.find("have no migration in common") != std::string::npos);
}

TEST_CASE("long names of branches give way to the time") {
  Session session = blog_session("sqlite:///x.db");
  REQUIRE(session.run("makemigrations").code == 0);
  session.write("blog/migrations/0002_a_rather_long_name_of_a_branch.json",
                migration("0001_initial", ""));
  session.write("blog/migrations/0003_another_rather_long_name_it_is.json",
                migration("0001_initial", ""));
  CHECK(session.run("makemigrations --merge").code == 0);
  CHECK(session.exists("blog/migrations/0004_merge_20261125_1200.json"));
}

TEST_CASE("an empty migration") {
  Session session = blog_session("sqlite:///x.db");
  CHECK(session.run("makemigrations --empty blog").code == 0);
  CHECK(session.exists("blog/migrations/0001_initial.json"));
  CHECK(session.run("makemigrations --empty blog").code == 0);
  CHECK(session.exists("blog/migrations/0002_auto_20261125_1200.json"));
  CHECK(session.run("makemigrations blog --empty --name data").code == 0);
  CHECK(session.read("blog/migrations/0003_data.json") ==
        "{\"turnstone\": 1, \"dependencies\": [[\"blog\", \"0002_auto_20261125_1200\"]], "
        "\"operations\": []}\n");
  CHECK(session.run("check").code == 0);
}

TEST_CASE("the latest migration takes up what changed since") {
  Session session = blog_session("sqlite:///x.db");
  CHECK(session.run("makemigrations --update").code == 3);
  REQUIRE(session.run("makemigrations").code == 0);
  std::string models = session.read("blog/models.json");
  models.replace(models.find("\"max_length\": 100"), 17, "\"max_length\": 150");
  session.write("blog/models.json", models);
  const Ran updated = session.run("makemigrations --update");
  CHECK(updated.code == 0);
  CHECK(session.list("blog/migrations") ==
        std::vector<std::string>{"0001_initial_updated.json", "snapshot.json"});
  CHECK(session.read("blog/migrations/0001_initial_updated.json").find("\"max_length\": 150") !=
        std::string::npos);
  CHECK(session.run("check").code == 0);
  CHECK(session.run("makemigrations --update").out == "No changes detected\n");

  REQUIRE(session.run("migrate").code == 0);
  models.replace(models.find("\"max_length\": 150"), 17, "\"max_length\": 160");
  session.write("blog/models.json", models);
  const Ran applied = session.run("makemigrations --update");
  CHECK(applied.code == 3);
  CHECK(applied.err.find("cannot update blog.0001_initial_updated: it is applied") !=
        std::string::npos);
}

}  // namespace turnstone::test
