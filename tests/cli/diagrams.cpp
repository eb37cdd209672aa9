#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "cli/diagram.h"
#include "cli/graphviz.h"
#include "cli/session.h"

// schema --as svg and html: what is drawn where, and that no name can break out of it. How the page
// looks and what it does is tests/page.

namespace turnstone::test {
namespace {

bool tells(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::size_t times(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

/// Tables that refer to each other and to themselves, most of them to the first.
cli::ShownSchema random_schema(std::size_t tables, unsigned seed, bool models) {
  std::mt19937 random(seed);
  cli::ShownSchema shown;
  for (std::size_t i = 0; i < tables; ++i) {
    Table table{.name = "t" + std::to_string(1000 + i)};
    table.columns.push_back({.name = "id", .type = "bigint"});
    table.primary_key = Key{.columns = {"id"}};
    for (std::size_t n = random() % 8; n > 0; --n) {
      table.columns.push_back({.name = "c" + std::to_string(n), .type = "varchar(200)"});
    }
    for (std::size_t n = random() % 4; n > 0; --n) {
      const std::size_t target = random() % 3 == 0 ? 0 : random() % tables;
      table.foreign_keys.push_back(
          {.columns = {table.columns[random() % table.columns.size()].name},
           .target_table = "t" + std::to_string(1000 + target),
           .target_columns = {"id"}});
    }
    if (models) shown.models[table.name] = "app" + std::to_string(i % 7) + ".T" + std::to_string(i);
    shown.schema.set(std::move(table));
  }
  return shown;
}

double bottom_of(const cli::DiagramTable& table) {
  return table.at.y + cli::Diagram::header +
         static_cast<double>(table.rows.size()) * cli::Diagram::row + cli::Diagram::bottom;
}

bool lie_over_each_other(const cli::DiagramTable& a, const cli::DiagramTable& b) {
  return a.at.x < b.at.x + b.width && b.at.x < a.at.x + a.width && a.at.y < bottom_of(b) &&
         b.at.y < bottom_of(a);
}

std::size_t overlaps_in(const cli::Diagram& diagram) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < diagram.tables.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      count += lie_over_each_other(diagram.tables[i], diagram.tables[j]) ? 1 : 0;
    }
  }
  return count;
}

}  // namespace

TEST_CASE("place: lines lead from row to row") {
  cli::Placement placement{.boxes = {{.width = 200, .rows = {30, 20, 20}},
                                     {.width = 150, .rows = {30, 20, 20, 20}},
                                     {.width = 90, .rows = {30}}},
                           .lines = {{.from = 0, .from_row = 1, .to = 1, .to_row = 3}}};
  cli::place(placement);
  const cli::PlacedBox& first = placement.boxes[0];
  const cli::PlacedBox& second = placement.boxes[1];
  CHECK(second.at.x > first.at.x + 200);
  REQUIRE(placement.lines[0].curve.size() >= 4);
  const cli::Point start = placement.lines[0].curve.front();
  const cli::Point end = placement.lines[0].curve.back();
  CHECK(start.x == doctest::Approx(first.at.x + 200).epsilon(0.01));
  CHECK(start.y == doctest::Approx(first.at.y + 40).epsilon(0.02));
  CHECK(end.x == doctest::Approx(second.at.x).epsilon(0.01));
  CHECK(end.y == doctest::Approx(second.at.y + 80).epsilon(0.02));
  CHECK(placement.width >= second.at.x + 150);
  CHECK(placement.boxes[2].at.y >= 0);
  cli::Placement nothing;
  cli::place(nothing);
  CHECK(nothing.width == 0);
}

TEST_CASE("no two tables lie over each other, whatever refers to what") {
  for (unsigned seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    const std::size_t tables = 1 + seed * 2;
    const cli::ShownSchema shown = random_schema(tables, seed, seed % 2 == 0);
    const cli::Diagram diagram = cli::diagram_of(shown);
    REQUIRE(diagram.tables.size() == tables);
    std::size_t keys = 0;
    shown.schema.each([&](const Table& table) { keys += table.foreign_keys.size(); });
    CHECK(diagram.relations.size() == keys);
    CHECK(overlaps_in(diagram) == 0);
    CHECK(diagram.framed == (tables > 40 && diagram.groups.size() > 1));
    for (const cli::DiagramTable& table : diagram.tables) {
      CHECK(table.at.x >= 0);
      CHECK(table.at.x + table.width <= diagram.width + 1);
      CHECK(bottom_of(table) <= diagram.height + 1);
    }
    CHECK(cli::diagram_svg(diagram, "same") == cli::diagram_svg(cli::diagram_of(shown), "same"));
  }
}

TEST_CASE("many tables that refer to one are no endless column") {
  cli::ShownSchema shown;
  for (int i = 0; i < 200; ++i) {
    Table table{.name = "t" + std::to_string(1000 + i),
                .columns = {{.name = "id"}, {.name = "of"}}};
    if (i > 0) {
      table.foreign_keys.push_back(
          {.columns = {"of"}, .target_table = "t1000", .target_columns = {"id"}});
    }
    shown.schema.set(std::move(table));
  }
  const cli::Diagram diagram = cli::diagram_of(shown);
  CHECK(overlaps_in(diagram) == 0);
  CHECK(diagram.height < 3 * diagram.width);
  CHECK(diagram.width < 4 * diagram.height);
}

TEST_CASE("schema --as svg draws every table, column and key") {
  Session session = blog_session();
  REQUIRE(session.run("makemigrations").code == 0);
  Ran ran = session.run("schema --as svg");
  CHECK(ran.code == 0);
  CHECK(ran.err.empty());
  CHECK(ran.out.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
  CHECK(tells(ran.out, ">Schema of all migrations</text>"));
  CHECK(tells(ran.out, ">blog_author</text>"));
  CHECK(tells(ran.out, ">blog_book</text>"));
  CHECK(tells(ran.out, ">author_id</text>"));
  CHECK(times(ran.out, ">PK</text>") == 2);
  CHECK(times(ran.out, ">FK</text>") == 1);
  CHECK(times(ran.out, "<g class=\"relation\">") == 1);
  CHECK(tells(ran.out, "<title>blog_book.author_id → blog_author.id</title>"));
  CHECK(tells(ran.out, "prefers-color-scheme: dark"));
  CHECK(ran.out.ends_with("</svg>\n"));
  CHECK(session.run("schema --as svg -o s.svg").out == "wrote s.svg\n");
  CHECK(session.read("s.svg") == ran.out);
  CHECK(session.run("schema --models --as svg").code == 0);
  CHECK(session.run("schema --as html -o s.html").out == "wrote s.html\n");
  CHECK(session.read("s.html").starts_with("<!doctype html>\n"));
}

TEST_CASE("no name breaks out of a diagram or a page") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    const ScratchDatabase database(dialect);
    const std::string longest(63, 'x');
    database.connect()->execute(
        "CREATE TABLE \"a \"\"quoted\"\" <b>&amp;'</script><!--\" (\"id<\" integer PRIMARY KEY, "
        "\"ключ 鍵 \"\"&\" integer DEFAULT 7);"
        "CREATE TABLE \"" +
        longest +
        "\" (id integer PRIMARY KEY, \"\\\" integer REFERENCES "
        "\"a \"\"quoted\"\" <b>&amp;'</script><!--\" (\"id<\"))");
    Session session;
    Ran ran = session.run("schema --live --as svg --database " + database.url());
    CHECK(ran.code == 0);
    CHECK(ran.err.empty());
    CHECK(tells(ran.out, ">a &quot;quoted&quot; &lt;b&gt;&amp;amp;'&lt;/script&gt;&lt;!--</text>"));
    CHECK(tells(ran.out, ">ключ 鍵 &quot;&amp;</text>"));
    CHECK(tells(ran.out, ">" + longest + "</text>"));
    CHECK(times(ran.out, "<g class=\"relation\">") == 1);
    CHECK(!tells(ran.out, "</script>"));
    ran = session.run("schema --live --as html --database " + database.url());
    CHECK(ran.code == 0);
    CHECK(ran.err.empty());
    CHECK(times(ran.out, "</script>") == 2);
    CHECK(tells(ran.out, R"("a \"quoted\" \u003cb>&amp;'\u003c/script>\u003c!--")"));
    CHECK(tells(ran.out, "ключ 鍵 \\\"&"));
  }
}

TEST_CASE("the page tells what is applied where, and what is not asked") {
  Session session = blog_session();
  session.write("turnstone.json",
                R"({"apps": {"blog": {}}, "databases": {"default": {"url": "sqlite:///a.db"},
                    "second": {"url": "sqlite:///b.db"}, "third": {"url": "${UNSET_HERE}"}}})");
  REQUIRE(session.run("makemigrations").code == 0);
  REQUIRE(session.run("migrate").code == 0);
  Ran ran = session.run("schema --as html");
  CHECK(ran.code == 0);
  CHECK(
      tells(ran.out,
            R"({"name":"default","asked":true,"elsewhere":[],"applied":{"blog.0001_initial":"2)"));
  CHECK(tells(ran.out, R"({"name":"second","asked":true,"elsewhere":[],"applied":{})"));
  CHECK(tells(ran.out, R"({"name":"third","asked":false,"elsewhere":[],"applied":{})"));
  CHECK(tells(
      ran.out,
      R"("logs":{"blog_author":[{"migration":"blog.0001_initial","words":["table is new"]}])"));
  CHECK(tells(ran.out, R"("operations":["Create model Author","Create model Book"])"));
  CHECK(!session.exists("b.db"));  // looking makes nothing
  ran = session.run("schema --as html --database postgresql");
  CHECK(ran.code == 0);
  CHECK(tells(ran.out, R"("dialect":"postgresql")"));
  ran = session.run("schema --live --as html");
  CHECK(tells(ran.out, "Schema of database default"));
  CHECK(tells(ran.out, R"("logs":{"blog_author":)"));
}

TEST_CASE("the log of a table goes on where it, or a column of it, is renamed") {
  Session session = blog_session();
  REQUIRE(session.run("makemigrations").code == 0);
  session.write("blog/migrations/0002_renamed.json",
                R"({"turnstone": 1, "dependencies": [["blog", "0001_initial"]], "operations": [
                    {"op": "RenameField", "model_name": "Book", "old_name": "title",
                     "new_name": "name"},
                    {"op": "RenameModel", "old_name": "Book", "new_name": "Volume"}]})");
  const Ran ran = session.run("schema --log blog_volume");
  CHECK(tells(ran.out,
              "blog.0001_initial\n  table is new\nblog.0002_renamed\n  table was named "
              "\"blog_book\"\n"));
  CHECK(tells(ran.out, "  column \"name\" was named \"title\"\n"));
  CHECK(!tells(ran.out, "is gone"));
  CHECK(session.run("schema --log blog_book").out ==
        "blog.0001_initial\n  table is new\nblog.0002_renamed\n  table is gone\n");
}

}  // namespace turnstone::test
