#include <doctest/doctest.h>
#include <turnstone/error.h>
#include <turnstone/migrations/rebase.h>

using namespace turnstone;
using namespace turnstone::migrations;

namespace {
namespace rebasing {

Migration file(const MigrationId& id, std::vector<MigrationId> needed) {
  return {.id = id, .dependencies = std::move(needed)};
}

Branch branch(const std::vector<Migration>& files, const std::vector<MigrationId>& ids) {
  Branch found{.leaf = ids.back()};
  for (const MigrationId& id : ids) {
    for (const Migration& migration : files) {
      if (migration.id == id) found.own.push_back(std::make_shared<const Migration>(migration));
    }
  }
  return found;
}

std::vector<std::string> lines(const Rebase& plan) {
  std::vector<std::string> lines;
  for (const Migration& migration : plan.written) {
    std::string line = migration.id.text() + ":";
    for (const MigrationId& needed : migration.dependencies) line += " " + needed.text();
    for (const MigrationId& later : migration.run_before) line += " <" + later.text();
    lines.push_back(line);
  }
  return lines;
}

}  // namespace rebasing
}  // namespace

using namespace rebasing;

TEST_CASE("a branch gets the numbers behind the other one, and what names it follows") {
  const MigrationId first{"blog", "0001_initial"};
  const MigrationId onto{"blog", "0003_main"};
  Migration before = file({"shop", "0003_before"}, {});
  before.run_before = {{"blog", "0003_a"}};
  const std::vector<Migration> files = {
      file(first, {}),
      file({"blog", "0002_main"}, {first}),
      file(onto, {{"blog", "0002_main"}}),
      file({"blog", "0002_a"}, {first, {"auth", "0001_initial"}}),
      file({"blog", "0003_a"}, {{"blog", "0002_a"}, first}),
      file({"blog", "plain"}, {{"blog", "0003_a"}}),
      file({"shop", "0002_use"}, {{"blog", "0003_a"}, {"shop", "0001_initial"}}),
      before,
      file({"shop", "0004_other"}, {first}),
  };
  const Rebase plan = rebase(
      files, branch(files, {{"blog", "0002_a"}, {"blog", "0003_a"}, {"blog", "plain"}}), onto);
  CHECK(lines(plan) == std::vector<std::string>{
                           "blog.0004_a: blog.0003_main auth.0001_initial",
                           "blog.0005_a: blog.0004_a",
                           "blog.plain: blog.0005_a",
                           "shop.0002_use: blog.0005_a shop.0001_initial",
                           "shop.0003_before: <blog.0005_a",
                       });
  CHECK(plan.moved.size() == 3);
  CHECK(plan.replaced == std::vector<MigrationId>{{"blog", "0002_a"},
                                                  {"blog", "0003_a"},
                                                  {"blog", "plain"},
                                                  {"shop", "0002_use"},
                                                  {"shop", "0003_before"}});
}

TEST_CASE("a branch that takes the name of another file or holds a squash is not rebased") {
  const MigrationId first{"blog", "0001_initial"};
  std::vector<Migration> files = {file(first, {}), file({"blog", "0002_main"}, {first}),
                                  file({"blog", "0002_a"}, {first}),
                                  file({"blog", "0003_a"}, {first})};
  CHECK_THROWS_WITH_AS(rebase(files, branch(files, {{"blog", "0002_a"}}), {"blog", "0002_main"}),
                       "there is a migration blog.0003_a already", Error);
  files.pop_back();
  files.back().replaces = {{"blog", "0002_old"}};
  CHECK_THROWS_WITH_AS(rebase(files, branch(files, {{"blog", "0002_a"}}), {"blog", "0002_main"}),
                       "blog.0002_a is a squash and keeps its place", Error);
}
