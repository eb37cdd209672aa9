#include "support/databases.h"

#include <doctest/doctest.h>
#include <turnstone/error.h>
#include <turnstone/migrations/migration.h>

#include <fstream>

namespace turnstone::migrations {
namespace {

namespace fs = std::filesystem;

void write(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file) << text;
}

Migration read(const std::string& text) {
  return read_migration("blog", "blog/migrations/0002_book.json", text);
}

const char* const whole = R"({
  "turnstone": 1,
  "initial": true,
  "atomic": false,
  "dependencies": [["auth", "0001_initial"], ["shop", "__first__"]],
  "run_before": [["shop", "0007_prices"]],
  "replaces": [["blog", "0001_a"], ["blog", "0002_b"]],
  "operations": [
    {
      "op": "CreateModel",
      "name": "Book",
      "fields": [
        {"name": "id", "type": "BigAutoField", "primary_key": true},
        {"name": "title", "type": "CharField", "max_length": 200}
      ]
    },
    {"op": "RunSQL", "sql": "UPDATE blog_book SET title = 'ä \u0007'"}
  ]
}
)";

TEST_CASE("a migration keeps the place of its schema, which is no part of the digest") {
  const std::string plain = "{\"turnstone\": 1, \"operations\": []}\n";
  const std::string named = "{\"$schema\": \"../x.json\", \"turnstone\": 1, \"operations\": []}\n";
  const Migration migration = read_migration("blog", "0001_x.json", named);
  CHECK(to_text(migration) == named);
  CHECK(migration.digest == read_migration("blog", "0001_x.json", plain).digest);
  CHECK(digest_of(migration) == migration.digest);
}

TEST_CASE("a migration file has the same bytes after reading and writing") {
  const Migration migration = read(whole);
  CHECK(to_text(migration) == whole);
  CHECK(migration.id.text() == "blog.0002_book");
  CHECK(migration.initial == true);
  CHECK_FALSE(migration.atomic);
  CHECK(migration.dependencies.size() == 2);
  CHECK(migration.dependencies[1].text() == "shop.__first__");
  CHECK(migration.run_before.front().text() == "shop.0007_prices");
  CHECK(migration.replaces.back().text() == "blog.0002_b");
  CHECK(migration.operations.size() == 2);
  CHECK(migration.digest == digest_of(migration));
}

TEST_CASE("only what differs from the usual is written") {
  const char* const least = "{\"turnstone\": 1, \"operations\": []}\n";
  CHECK(to_text(read(least)) == least);
  CHECK(to_text(read(R"({"operations": [], "atomic": true, "dependencies": [], "run_before": [],
                         "replaces": [], "initial": null, "turnstone": 1})")) == least);
  CHECK(to_text(Migration{}) == least);
}

TEST_CASE("the digest does not depend on white space and the order of keys") {
  const std::string digest = read(whole).digest;
  CHECK(digest.starts_with("sha256:"));
  CHECK(digest.size() == 7 + 64);
  CHECK(digest == "sha256:" + sha256_hex(whole));
  std::string spaced = whole;
  for (std::size_t at = 0; (at = spaced.find(": ", at)) != std::string::npos; at += 3) {
    spaced.insert(at, " ");
  }
  CHECK(spaced != whole);
  CHECK(read(spaced).digest == digest);
  CHECK(read(R"({"operations": [], "turnstone": 1})").digest ==
        read(R"({"turnstone": 1, "operations": []})").digest);
  CHECK(read(R"({"turnstone": 1, "operations": [], "atomic": false})").digest !=
        read(R"({"turnstone": 1, "operations": []})").digest);
}

TEST_CASE("the digest holds for the SQL files too") {
  test::TemporaryFolder folder;
  const fs::path file = folder.path() / "0001_view.json";
  const std::string text =
      "{\"turnstone\": 1, \"operations\": [{\"op\": \"RunSQL\", \"sql_file\": \"up.sql\"}]}\n";
  write(folder.path() / "up.sql", "SELECT 1;");
  const Migration before = read_migration("blog", file, text);
  write(folder.path() / "up.sql", "SELECT 2;");
  const Migration after = read_migration("blog", file, text);
  CHECK(to_text(before) == to_text(after));
  CHECK(before.digest != after.digest);
  CHECK(before.digest == "sha256:" + sha256_hex(text + sha256_hex("SELECT 1;") + "\n"));
}

TEST_CASE("a migration is initial when it says so, else without a dependency in its app") {
  const auto initial = [](const std::string& keys) {
    return read("{\"turnstone\": 1, " + keys + "\"operations\": []}").is_initial();
  };
  CHECK(initial(""));
  CHECK(initial(R"("dependencies": [["auth", "0001_initial"]], )"));
  CHECK_FALSE(initial(R"("dependencies": [["blog", "0001_initial"]], )"));
  CHECK(initial(R"("initial": true, "dependencies": [["blog", "0001_initial"]], )"));
  CHECK_FALSE(initial(R"("initial": false, )"));
}

TEST_CASE("a folder gives its migrations by name and skips what is none") {
  test::TemporaryFolder folder;
  const std::string empty = R"({"turnstone": 1, "operations": []})";
  for (const char* name : {"0010_ten.json", "0002_two.json", "no_number.json", "0001_one.json"}) {
    write(folder.path() / name, empty);
  }
  for (const char* name :
       {"snapshot.json", "_draft.json", "~0003_x.json", ".0004_y.json", "notes.txt", "up.sql"}) {
    write(folder.path() / name, "not read");
  }
  write(folder.path() / "deeper" / "0005_z.json", "not read");
  std::vector<std::string> names;
  for (const Migration& migration : load_migrations("blog", folder.path())) {
    names.push_back(migration.id.text());
    CHECK(migration.file == folder.path() / (migration.id.name + ".json"));
  }
  CHECK(names == std::vector<std::string>{"blog.0001_one", "blog.0002_two", "blog.0010_ten",
                                          "blog.no_number"});
}

TEST_CASE("no folder means no migrations, a file in its place is an error") {
  test::TemporaryFolder folder;
  CHECK(load_migrations("blog", folder.path() / "migrations").empty());
  write(folder.path() / "migrations", "");
  CHECK_THROWS_AS(load_migrations("blog", folder.path() / "migrations"), Error);
}

TEST_CASE("a file name that is no migration name is refused") {
  test::TemporaryFolder folder;
  for (const char* name : {"0001-initial.json", "0001 initial.json", "0001_ä.json", "a.b.json"}) {
    CAPTURE(name);
    const fs::path file = folder.path() / name;
    write(file, R"({"turnstone": 1, "operations": []})");
    const std::string message =
        "\"" + file.stem().string() + "\" is not a migration name: letters, digits and _ make one";
    CHECK_THROWS_WITH_AS(load_migrations("blog", folder.path()), message.c_str(), Error);
    fs::remove(file);
  }
}

}  // namespace
}  // namespace turnstone::migrations
