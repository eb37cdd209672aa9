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

TEST_CASE("nobody is asked where branches go in any order, not even on a terminal") {
  Session session = branches(add_isbn, add_pages);
  const Ran merged = session.type("makemigrations --merge --name both", "");
  CHECK(merged.code == 0);
  CHECK(merged.err.empty());
  CHECK(session.exists("blog/migrations/0003_both.json"));
}

TEST_CASE("branches that do not go together are named by model, field and property") {
  const std::string rename =
      R"({"op": "RenameField", "model_name": "book", "old_name": "title", "new_name": "name"})";
  struct Case {
    std::string left;
    std::string right;
    const char* says;
  };
  const Case cases[] = {
      {add_isbn, add_isbn, "model blog.Book, field isbn: added in both 0002_left and 0002_right"},
      {rename, R"({"op": "RemoveField", "model_name": "Book", "name": "title"})",
       "model blog.Book, field title: renamed to name in 0002_left, removed in 0002_right"},
      {rename,
       R"({"op": "AddIndex", "model_name": "book", "index": {"name": "i", "fields": ["-title"]}})",
       "model blog.Book, field title: renamed to name in 0002_left, used by index i in 0002_right"},
      {R"({"op": "DeleteModel", "name": "Book"})", add_isbn,
       "model blog.Book: removed in 0002_left, field isbn added in 0002_right"},
      {R"({"op": "AlterModelTable", "name": "book", "table": "x"})",
       R"({"op": "AlterModelTable", "name": "book", "table": "y"})",
       "model blog.Book, db_table: \"x\" in 0002_left, \"y\" in 0002_right"},
  };
  for (const Case& c : cases) {
    CAPTURE(std::string(c.says));
    Session session = branches(c.left, c.right);
    for (const char* command : {"makemigrations --merge", "makemigrations --merge --noinput"}) {
      const Ran refused = session.run(command);
      CHECK(refused.code == 3);
      CHECK(refused.err.find("error: the branches of app \"blog\" do not go together: " +
                             std::string(c.says) + "\n  hint: ") == 0);
    }
    CHECK(session.list("blog/migrations").size() == 4);
  }
}

TEST_CASE("several conflicts are told one by one") {
  Session session =
      branches(add_isbn + ", " + R"({"op": "RemoveField", "model_name": "book", "name": "price"})",
               add_isbn + ", " + R"({"op": "RemoveField", "model_name": "book", "name": "price"})");
  const Ran refused = session.run("makemigrations --merge");
  CHECK(refused.code == 3);
  CHECK(refused.err.find("error: model blog.Book, field isbn: added in both") == 0);
  CHECK(refused.err.find("error: model blog.Book, field price: removed in both") !=
        std::string::npos);
  CHECK(refused.err.find("error: the branches of app \"blog\" do not go together in 2 places") !=
        std::string::npos);
  const Ran json = session.run("makemigrations --merge --format json");
  CHECK(json.code == 3);
  CHECK(json.out.find(R"("message": "model blog.Book, field isbn: added in both)") !=
        std::string::npos);
  CHECK(json.out.find(R"({"migration": "blog.0002_left", "value": "removed"})") !=
        std::string::npos);
}

TEST_CASE("on a terminal one may go on where some order works") {
  const auto alter = [](const std::string& length) {
    return R"({"op": "AlterField", "model_name": "book", "field": {"name": "title", "type": "CharField", "max_length": )" +
           length + "}}";
  };
  Session session = branches(alter("150"), alter("250"));
  const std::string says =
      "model blog.Book, field title, max_length: 150 in 0002_left, 250 in 0002_right (200 before)";
  const Ran no = session.type("makemigrations --merge", "n\n");
  CHECK(no.code == 0);
  CHECK(no.err.find("Conflict: " + says + "\n") == 0);
  CHECK(session.list("blog/migrations").size() == 4);
  CHECK(session.type("makemigrations --merge", "").code == 3);
  CHECK(session.run("makemigrations --merge").code == 3);
  CHECK(session.type("makemigrations --merge", "y\n").code == 0);
  CHECK(session.exists("blog/migrations/0003_merge_0002_left_0002_right.json"));
  CHECK(session.run("check").code == 0);
  // No order of these works: a yes would not help.
  Session hopeless = branches(add_isbn, add_isbn);
  CHECK(hopeless.type("makemigrations --merge", "y\n").code == 3);
  CHECK(hopeless.list("blog/migrations").size() == 4);
}

TEST_CASE("code of one branch is asked about, or answered for with a flag") {
  const std::string fill =
      R"({"op": "RunSQL", "sql": ["UPDATE blog_book SET title = 'x'"], "reverse_sql": []})";
  Session session = branches(fill, add_isbn);
  const Ran refused = session.run("makemigrations --merge");
  CHECK(refused.code == 3);
  CHECK(refused.err ==
        "error: whether the branches of app \"blog\" go in any order cannot be told: 0002_left: "
        "Raw SQL operation: nobody can tell what it does, and 0002_right has \"Add field isbn to "
        "book\"\n  hint: where they do, say so with --independent blog.0002_left\n");
  const Ran wrong = session.run("makemigrations --merge --independent blog.0002_lef");
  CHECK(wrong.code == 2);
  CHECK(wrong.err.find("there is no migration \"blog.0002_lef\"") != std::string::npos);
  CHECK(wrong.err.find("did you mean \"blog.0002_left\"?") != std::string::npos);
  CHECK(session.run("makemigrations --independent blog.0002_left").code == 2);
  const Ran idle = session.run(
      "makemigrations --merge --dry-run --independent blog.0002_left --independent "
      "blog.0002_right");
  CHECK(idle.code == 0);
  CHECK(idle.err.find("\"--independent blog.0002_right\" answers no question") !=
        std::string::npos);
  CHECK(session.type("makemigrations --merge", "n\n").code == 0);
  CHECK(session.list("blog/migrations").size() == 4);
  CHECK(session.run("makemigrations --merge --independent blog.0002_left").code == 0);
  CHECK(session.list("blog/migrations").size() == 5);
  CHECK(session.run("migrate").code == 0);
}

TEST_CASE("a snapshot that version control left in two versions is settled by --merge") {
  Session session = branches(add_isbn, add_pages);
  const std::string file = "blog/migrations/snapshot.json";
  const std::string torn =
      "{\n<<<<<<< HEAD\n  \"leaf\": [\"0002_left\"]\n=======\n  \"leaf\": "
      "[\"0002_right\"]\n>>>>>>> other\n}\n";
  session.write(file, torn);
  for (const char* command : {"showmigrations", "sqlmigrate blog 0001", "migrate"}) {
    CAPTURE(std::string(command));
    const Ran ran = session.run(command);
    CHECK(ran.err.find("note: the snapshot of app \"blog\" holds conflict marks of version "
                       "control; \"turnstone makemigrations --merge\" writes it anew\n") !=
          std::string::npos);
  }
  CHECK(session.run("makemigrations --merge").code == 0);
  CHECK(session.run("check").code == 0);
  const std::string whole = session.read(file);

  // With no branches left it is the snapshot alone.
  session.write(file, torn);
  CHECK(session.run("check").code == 1);
  CHECK(session.run("makemigrations --merge --check").code == 1);
  CHECK(session.read(file) == torn);
  const Ran settled = session.run("makemigrations --merge");
  CHECK(settled.code == 0);
  CHECK(settled.out == "Wrote blog/migrations/snapshot.json\n");
  CHECK(settled.err ==
        "note: the snapshot of app \"blog\" is worked out again from its migrations: it holds "
        "conflict marks of version control\n");
  CHECK(session.read(file) == whole);
  // Models are for a person to settle.
  const std::string models = session.read("blog/models.json");
  session.write("blog/models.json", "<<<<<<< HEAD\n" + models);
  CHECK(session.run("makemigrations").err.find("keep what is right of both sides") !=
        std::string::npos);
  session.write("blog/models.json", models);
  // One that is gone, or that of one branch, likewise.
  std::filesystem::remove(session.path() / file);
  CHECK(session.run("makemigrations --merge").out == "Wrote blog/migrations/snapshot.json\n");
  CHECK(session.read(file) == whole);
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

TEST_CASE("the number of a merge is behind the highest of the branches, or two") {
  struct Case {
    std::string left{};
    std::string right{};
    std::string merge{};
  };
  for (const Case& c : {Case{"0002_left", "0004_right", "0005_merge_0002_left_0004_right"},
                        Case{"left", "0003_right", "0004_merge_0003_right_left"},
                        Case{"left", "right", "0002_merge_left_right"}}) {
    CAPTURE(c.merge);
    Session session = blog_session("sqlite:///x.db");
    REQUIRE(session.run("makemigrations").code == 0);
    session.write("blog/migrations/" + c.left + ".json", migration("0001_initial", ""));
    session.write("blog/migrations/" + c.right + ".json", migration("0001_initial", ""));
    CHECK(session.run("makemigrations --merge").code == 0);
    CHECK(session.exists("blog/migrations/" + c.merge + ".json"));
  }
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
  CHECK(applied.err.find("cannot update blog.0001_initial_updated: it is applied in database ") !=
        std::string::npos);
}

TEST_CASE("the latest migrations of several apps are updated together") {
  Session session("sqlite:///x.db");
  session.write(
      "turnstone.json",
      R"({"apps": {"blog": {}, "shop": {}}, "databases": {"default": {"url": "sqlite:///x.db"}}})");
  const auto models = [](const std::string& model, const std::string& fields) {
    return R"({"models": [{"name": ")" + model + R"(", "fields": [)" + fields + "]}]}";
  };
  const std::string note = R"({"name": "note", "type": "TextField", "null": true})";
  session.write("blog/models.json", models("Book", note));
  session.write("shop/models.json", models("Order", note));
  REQUIRE(session.run("makemigrations").code == 0);
  REQUIRE(session.run("makemigrations --empty blog shop --name later").code == 0);
  session.write("blog/models.json",
                models("Book", note + R"(, {"name": "isbn", "type": "TextField", "null": true})"));
  session.write(
      "shop/models.json",
      models(
          "Order",
          note +
              R"(, {"name": "book", "type": "ForeignKey", "to": "blog.Book", "on_delete": "CASCADE", "null": true})"));
  const Ran updated = session.run("makemigrations --update");
  CAPTURE(updated.err);
  CHECK(updated.code == 0);
  CHECK(session.exists("blog/migrations/0002_book_isbn.json"));
  CHECK(session.exists("shop/migrations/0002_order_book.json"));
  CHECK(session.list("shop/migrations").size() == 3);
  CHECK(session.run("check").code == 0);
  CHECK(session.run("migrate").code == 0);
}

TEST_CASE("a migration that another one names is not updated") {
  Session session = blog_session("sqlite:///x.db");
  REQUIRE(session.run("makemigrations").code == 0);
  session.write("turnstone.json",
                R"({"apps": {"blog": {}, "shop": {"migrations": "shop/migrations"}}})");
  session.write("shop/models.json", R"({"models": []})");
  session.write(
      "shop/migrations/0001_a.json",
      R"({"turnstone": 1, "dependencies": [["blog", "0001_initial"]], "operations": []})");
  std::string models = session.read("blog/models.json");
  models.replace(models.find("\"max_length\": 100"), 17, "\"max_length\": 150");
  session.write("blog/models.json", models);
  const Ran refused = session.run("makemigrations --update");
  CHECK(refused.code == 3);
  CHECK(refused.err.find("cannot update blog.0001_initial: shop.0001_a depends on it") !=
        std::string::npos);
}

}  // namespace turnstone::test
