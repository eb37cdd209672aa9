#include <doctest/doctest.h>

#include "cli/session.h"

namespace turnstone::test {
namespace {

std::string file_behind(const std::string& needs, const std::string& operations) {
  return R"({"turnstone": 1, "dependencies": [["blog", ")" + needs + R"("]], "operations": [)" +
         operations + "]}\n";
}

std::string field_added(const std::string& name) {
  return R"({"op": "AddField", "model_name": "book", "field": {"name": ")" + name +
         R"(", "type": "IntegerField", "null": true}})";
}

/// 0002_main beside 0002_mine, 0003_more.
Session two_branches(const std::string& mine = field_added("pages")) {
  Session session = blog_session("sqlite:///x.db");
  REQUIRE(session.run("makemigrations").code == 0);
  session.write("blog/migrations/0002_main.json", file_behind("0001_initial", field_added("isbn")));
  REQUIRE(session.run("makemigrations --merge").code == 0);
  session.write("blog/migrations/0002_mine.json", file_behind("0001_initial", mine));
  session.write("blog/migrations/0003_more.json", file_behind("0002_mine", field_added("shelf")));
  return session;
}

/// Applies the one branch, with the files of the other out of the way.
void apply(Session& session, const std::vector<std::string>& away) {
  std::map<std::string, std::string> texts;
  for (const std::string& name : away) {
    const std::string file = "blog/migrations/" + name + ".json";
    texts[file] = session.read(file);
    std::filesystem::remove(session.path() / file);
  }
  REQUIRE(session.run("migrate").code == 0);
  for (const auto& [file, text] : texts) session.write(file, text);
}

}  // namespace

TEST_CASE("the branch that no database has goes behind the other one") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    const ScratchDatabase database(dialect);
    Session session = two_branches();
    session.environment["DATABASE_URL"] = database.url();
    apply(session, {"0002_mine", "0003_more"});
    const Ran preview = session.run("rebase blog --dry-run");
    CHECK(preview.code == 0);
    CHECK(preview.out ==
          "Would rebase 'blog' onto 0002_main:\n"
          "  blog/migrations/0002_mine.json -> 0003_mine.json\n"
          "  blog/migrations/0003_more.json -> 0004_more.json\n");
    CHECK(session.exists("blog/migrations/0003_more.json"));
    const Ran done = session.run("rebase blog");
    CAPTURE(done.err);
    CHECK(done.code == 0);
    CHECK(session.list("blog/migrations") ==
          std::vector<std::string>{"0001_initial.json", "0002_main.json", "0003_mine.json",
                                   "0004_more.json", "snapshot.json"});
    CHECK(session.read("blog/migrations/0003_mine.json").find(R"(["blog", "0002_main"])") !=
          std::string::npos);
    CHECK(session.read("blog/migrations/0004_more.json").find(R"(["blog", "0003_mine"])") !=
          std::string::npos);
    CHECK(session.run("check --database " + database.url()).code == 0);
    CHECK(session.run("migrate").code == 0);
    const Ran nothing = session.run("rebase blog");
    CHECK(nothing.code == 0);
    CHECK(nothing.out == "App 'blog' has one branch: there is nothing to rebase.\n");
  }
}

TEST_CASE("--onto names the branch that stays, and files of other apps follow") {
  Session session = two_branches();
  session.write(
      "turnstone.json",
      R"({"apps": {"blog": {}, "shop": {}}, "databases": {"default": {"url": "sqlite:///x.db"}}})");
  session.write("shop/models.json", R"({"models": []})");
  session.write("shop/migrations/0001_use.json", file_behind("0003_more", ""));
  const Ran unknown = session.run("rebase blog");
  CHECK(unknown.code == 3);
  CHECK(unknown.err.find("nothing tells which branch is the local one: no database has applied "
                         "0002_main or 0003_more") != std::string::npos);
  CHECK(unknown.err.find("--onto 0002_main or --onto 0003_more") != std::string::npos);
  const Ran common = session.run("rebase blog --onto 0001");
  CHECK(common.code == 2);
  CHECK(common.err.find("blog.0001_initial is before the branches part") != std::string::npos);
  const Ran done = session.run("rebase blog --onto 0002_main --format json");
  CAPTURE(done.err);
  CHECK(done.code == 0);
  CHECK(done.out == R"({
  "app": "blog",
  "onto": "0002_main",
  "moved": [
    {"from": "0002_mine", "to": "0003_mine", "file": "blog/migrations/0003_mine.json"},
    {"from": "0003_more", "to": "0004_more", "file": "blog/migrations/0004_more.json"}
  ],
  "rewritten": [{"app": "shop", "name": "0001_use", "file": "shop/migrations/0001_use.json"}],
  "written": true
}
)");
  CHECK(session.read("shop/migrations/0001_use.json").find(R"(["blog", "0004_more"])") !=
        std::string::npos);
  CHECK(session.run("migrate").code == 0);
}

TEST_CASE("what a database has applied is not moved") {
  Session session = two_branches();
  apply(session, {"0002_main"});
  const Ran refused = session.run("rebase blog --onto 0002_main");
  CHECK(refused.code == 3);
  CHECK(refused.err.find("cannot rebase: blog.0002_mine is applied in database ") !=
        std::string::npos);
  // The other way it goes.
  CHECK(session.run("rebase blog").out ==
        "Rebased 'blog' onto 0003_more:\n  blog/migrations/0002_main.json -> 0004_main.json\n");
  CHECK(session.run("migrate").code == 0);
}

TEST_CASE("a branch that does not go together with the other one is not rebased") {
  Session session = two_branches(field_added("isbn"));
  const Ran refused = session.run("rebase blog --onto 0002_main");
  CHECK(refused.code == 3);
  CHECK(refused.err.find("the branches of app \"blog\" do not go together: model blog.Book, field "
                         "isbn: added in both 0002_main and 0002_mine") != std::string::npos);
  CHECK(session.exists("blog/migrations/0003_more.json"));
}

TEST_CASE("wrong use of rebase") {
  Session session = two_branches();
  CHECK(session.run("rebase").code == 2);
  CHECK(session.run("rebase blg").err.find("did you mean \"blog\"?") != std::string::npos);
  CHECK(session.run("rebase blog --onto 0009").code == 2);
  session.write("blog/migrations/0002_third.json", file_behind("0001_initial", ""));
  const Ran three = session.run("rebase blog --onto 0002_main");
  CHECK(three.code == 3);
  CHECK(three.err.find("app \"blog\" has 3 branches") != std::string::npos);
}

}  // namespace turnstone::test
