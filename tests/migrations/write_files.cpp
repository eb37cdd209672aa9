// A process dies at every step of a change to several files, and again at every step of settling
// what that left.

#include "write_files.h"

#include "support/databases.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <turnstone/error.h>
#include <turnstone/migrations/migration.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <set>
#include <sstream>

namespace turnstone::migrations {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void write(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file) << text;
}

/// Every file and folder below `folder` with its text.
using Tree = std::map<std::string, std::string>;
Tree tree_of(const fs::path& folder) {
  Tree tree;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().lexically_relative(folder).string();
    tree[name] = entry.is_directory() ? "folder" : text_of(entry.path());
  }
  return tree;
}

int steps_left = 0;
void die_at_last(const char*) {
  if (steps_left-- == 0) ::_exit(42);
}

/// Runs `work` in a child that dies before its step number `step`. True when it died.
bool dies(int step, const std::function<void()>& work) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    steps_left = step;
    fault_point = die_at_last;
    try {
      work();
    } catch (const std::exception&) {
      ::_exit(1);
    }
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  const bool known = WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 42;
  REQUIRE(known);
  return WEXITSTATUS(status) == 42;
}

/// A project of two apps: one has migrations, the other gets its first, and its folder.
struct Project {
  test::TemporaryFolder folder{};
  fs::path root = folder.path();
  FileChange change{};
  Tree before{};
  Tree after{};

  Project() {
    write(root / "blog" / "migrations" / "0001_initial.json", "first");
    write(root / "blog" / "migrations" / "0002_old.json", "old");
    write(root / "blog" / "migrations" / "snapshot.json", "snapshot one");
    before = tree_of(root);
    change.write[root / "blog" / "migrations" / "0002_new.json"] = "new";
    change.write[root / "blog" / "migrations" / "snapshot.json"] = "snapshot two";
    change.write[root / "shop" / "migrations" / "0001_initial.json"] = "shop";
    change.remove.push_back(root / "blog" / "migrations" / "0002_old.json");
    after = before;
    after.erase("blog/migrations/0002_old.json");
    after["blog/migrations/0002_new.json"] = "new";
    after["blog/migrations/snapshot.json"] = "snapshot two";
    after["shop"] = "folder";
    after["shop/migrations"] = "folder";
    after["shop/migrations/0001_initial.json"] = "shop";
  }
};

TEST_CASE("a change writes, replaces and removes, makes folders and leaves nothing else") {
  Project project;
  write_files(project.root, project.change);
  CHECK(tree_of(project.root) == project.after);
  CHECK_FALSE(finish_pending(project.root));
}

TEST_CASE("killed at any step, all of it or nothing is there after settling") {
  bool died = true;
  int taken_back = 0;
  int carried_out = 0;
  for (int step = 0; died; ++step) {
    CAPTURE(step);
    Project project;
    died = dies(step, [&] { write_files(project.root, project.change); });
    const Tree left = tree_of(project.root);
    const bool settled = finish_pending(project.root);
    const Tree now = tree_of(project.root);
    const bool whole = now == project.before || now == project.after;
    CHECK(whole);
    CHECK(settled == (left != now));
    CHECK_FALSE(finish_pending(project.root));
    if (now == project.before) ++taken_back;
    if (now == project.after) ++carried_out;
  }
  CHECK(taken_back > 5);
  CHECK(carried_out > 3);
}

TEST_CASE("killed while settling, another try settles it the same way") {
  bool first_died = true;
  for (int step = 0; first_died; ++step) {
    bool second_died = true;
    for (int again = 0; second_died; ++again) {
      CAPTURE(step);
      CAPTURE(again);
      Project project;
      first_died = dies(step, [&] { write_files(project.root, project.change); });
      const bool committed = fs::exists(project.root / ".turnstone-commit.json") ||
                             tree_of(project.root) == project.after;
      second_died = dies(again, [&] { finish_pending(project.root); });
      finish_pending(project.root);
      CHECK(tree_of(project.root) == (committed ? project.after : project.before));
    }
  }
}

TEST_CASE("the next change settles a leftover before its own") {
  bool died = true;
  for (int step = 0; died; ++step) {
    CAPTURE(step);
    Project project;
    died = dies(step, [&] { write_files(project.root, project.change); });
    write_files(project.root,
                {.write = {{project.root / "other", "x"}}, .remove = {}, .expect = {}});
    Tree now = tree_of(project.root);
    CHECK(now["other"] == "x");
    now.erase("other");
    const bool whole = now == project.before || now == project.after;
    CHECK(whole);
  }
}

TEST_CASE("leftovers are settled from another working directory and through a link") {
  Project project;
  const fs::path home = fs::current_path();
  fs::current_path(project.root);
  const FileChange change{
      .write = {{fs::path("blog") / "a", "1"}, {fs::path("b"), "2"}}, .remove = {}, .expect = {}};
  // Far enough to be committed.
  int step = 0;
  for (; !fs::exists(".turnstone-commit.json"); ++step) {
    REQUIRE(step < 100);
    dies(step, [&] { write_files("blog/..", change); });
  }
  fs::current_path(home);
  test::TemporaryFolder elsewhere;
  fs::create_directory_symlink(project.root, elsewhere.path() / "link");
  CHECK(finish_pending(elsewhere.path() / "link"));
  CHECK(text_of(project.root / "blog" / "a") == "1");
  CHECK(text_of(project.root / "b") == "2");
}

TEST_CASE("a change that can't be made changes nothing") {
  Project project;
  // A file where a folder is needed.
  write(project.root / "shop", "a file");
  const Tree before = tree_of(project.root);
  CHECK_THROWS_AS(write_files(project.root, project.change), Error);
  CHECK(tree_of(project.root) == before);
}

TEST_CASE("a file that changed in the meantime stops the change") {
  Project project;
  const fs::path snapshot = project.root / "blog" / "migrations" / "snapshot.json";
  const fs::path added = project.root / "blog" / "migrations" / "0002_new.json";
  project.change.expect[snapshot] = "another";
  CHECK_THROWS_WITH_AS(write_files(project.root, project.change),
                       "the file changed while the change to it was worked out", Error);
  project.change.expect[snapshot] = "snapshot one";
  write(added, "from somebody else");
  project.change.expect[added] = std::nullopt;
  CHECK_THROWS_WITH_AS(write_files(project.root, project.change),
                       "the file was made by somebody else in the meantime", Error);
  fs::remove(added);
  CHECK(tree_of(project.root) == project.before);
  write_files(project.root, project.change);
  CHECK(tree_of(project.root) == project.after);
}

TEST_CASE("of many writers at once that expect the same, one wins") {
  test::TemporaryFolder folder;
  std::vector<pid_t> children;
  for (int i = 0; i < 12; ++i) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      const std::string own = std::to_string(i);
      FileChange change;
      change.write[folder.path() / "snapshot.json"] = own;
      change.write[folder.path() / ("0001_" + own + ".json")] = own;
      change.expect[folder.path() / "snapshot.json"] = std::nullopt;
      try {
        write_files(folder.path(), change);
      } catch (const Error& error) {
        ::_exit(error.kind() == ErrorKind::conflict ? 1 : 2);
      }
      ::_exit(0);
    }
    children.push_back(child);
  }
  int winners = 0;
  for (const pid_t child : children) {
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) < 2);
    winners += WEXITSTATUS(status) == 0 ? 1 : 0;
  }
  CHECK(winners == 1);
  const Tree left = tree_of(folder.path());
  CHECK(left.size() == 2);
  CHECK(left.contains("0001_" + left.at("snapshot.json") + ".json"));
}

TEST_CASE("without a folder nothing is pending") {
  test::TemporaryFolder folder;
  CHECK_FALSE(finish_pending(folder.path() / "missing"));
  CHECK_FALSE(fs::exists(folder.path() / "missing"));
}

}  // namespace
}  // namespace turnstone::migrations
