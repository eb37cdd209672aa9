#include <doctest/doctest.h>

#include "cli/session.h"

// flush, dumpdata and loaddata as commands; `migrations/fixtures.cpp` has what they do to rows.

namespace turnstone::test {
namespace {

const char* const two_authors =
    "[\n"
    "{\"model\": \"blog.author\", \"pk\": 1, \"fields\": {\"name\": \"Ada\"}},\n"
    "{\"model\": \"blog.author\", \"pk\": 2, \"fields\": {\"name\": \"Jane\"}}\n"
    "]\n";

/// A blog whose migrations are made and applied.
Session migrated_blog(const std::string& url = {}) {
  Session session = blog_session(url);
  REQUIRE(session.run("makemigrations").code == 0);
  REQUIRE(session.run("migrate").code == 0);
  return session;
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("dumpdata and loaddata carry rows from one database to the other") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    const ScratchDatabase database(dialect);
    Session session = migrated_blog(database.url());
    session.write("authors.json", two_authors);
    const Ran loaded = session.run("loaddata authors.json");
    CHECK(loaded.code == 0);
    CHECK(loaded.out == "Installed 2 rows from 1 file\n");
    CHECK(session.run("dumpdata").out == two_authors);
    CHECK(session.run("dumpdata blog.Author").out == two_authors);
    CHECK(session.run("dumpdata blog --exclude blog.author").out == "[]\n");
    CHECK(session.run("dumpdata --format json").out == two_authors);

    const Ran written = session.run("dumpdata -o out.json");
    CHECK(written.out == "Wrote 2 rows of 2 models to out.json\n");
    CHECK(session.read("out.json") == two_authors);
    // turnstone.json, blog, authors.json and out.json: nothing is left beside them.
    CHECK(session.list(".").size() == 4);

    CHECK(session.run("flush --noinput").out.starts_with("Emptied 2 tables of database "));
    CHECK(session.run("dumpdata").out == "[]\n");
    const Ran many = session.run("loaddata out.json authors.json --format json");
    CHECK(many.code == 0);
    CHECK(holds(many.out, "\"rows\": 4,"));
    CHECK(holds(many.out, "{\"model\": \"blog.Author\", \"rows\": 4}"));
    CHECK(session.run("dumpdata --indent 1").out.starts_with("[\n{\n \"model\": \"blog.author\","));
  }
}

TEST_CASE("loaddata reads standard input, and leaves nothing of files that fail") {
  Session session = migrated_blog();
  CHECK(session.type("loaddata -", two_authors).out == "Installed 2 rows from 1 file\n");
  session.write("good.json",
                "[{\"model\": \"blog.author\", \"pk\": 3, \"fields\": {\"name\": "
                "\"C\"}}]");
  session.write("bad.json",
                "[{\"model\": \"blog.author\", \"pk\": 4, \"fields\": {\"nam\": "
                "\"D\"}}]");
  const Ran bad = session.run("loaddata good.json bad.json");
  CHECK(bad.code == 3);
  CHECK(bad.err ==
        "error: blog.Author has no field \"nam\"\n"
        "  where: bad.json: line 1: /0/fields/nam\n"
        "  hint: did you mean \"name\"?\n");
  CHECK(session.run("dumpdata").out == two_authors);
  const Ran gone = session.run("loaddata good.json none.json");
  CHECK(gone.code == 3);
  CHECK(holds(gone.err,
              "error: cannot read the file: No such file or directory\n"
              "  where: none.json\n"));
  CHECK(session.run("loaddata - -").code == 2);
  CHECK(session.run("loaddata").code == 2);
}

TEST_CASE("rows are read and written only where all is applied, flush works anywhere") {
  Session session = blog_session();
  session.write("authors.json", two_authors);
  REQUIRE(session.run("makemigrations").code == 0);
  for (const char* command : {"dumpdata", "dumpdata blog", "loaddata authors.json"}) {
    CAPTURE(command);
    const Ran early = session.run(command);
    CHECK(early.code == 3);
    CHECK(early.err ==
          "error: migration blog.0001_initial is not applied\n"
          "  where: database app.db\n"
          "  hint: run \"turnstone migrate\" first\n");
  }
  CHECK(session.run("flush --noinput").out == "Emptied 0 tables of database app.db\n");
  REQUIRE(session.run("migrate").code == 0);
  REQUIRE(session.run("makemigrations --empty blog").code == 0);
  CHECK(session.run("flush --noinput").out == "Emptied 2 tables of database app.db\n");
  CHECK(session.run("dumpdata").code == 3);
}

TEST_CASE("flush asks on a terminal, and nobody is no yes") {
  Session session = migrated_blog();
  session.write("authors.json", two_authors);
  session.run("loaddata authors.json");
  const Ran nobody = session.run("flush");
  CHECK(nobody.code == 3);
  CHECK(holds(nobody.err, "hint: nobody can be asked here; --noinput says yes"));
  const Ran no = session.type("flush", "no\n");
  CHECK(no.code == 0);
  CHECK(no.out == "Flush cancelled.\n");
  CHECK(holds(no.err, "IRREVERSIBLY DESTROY all data of the models in the database app.db."));
  CHECK(session.run("dumpdata").out == two_authors);
  CHECK(session.type("flush", "yes\n").out == "Emptied 2 tables of database app.db\n");
  CHECK(session.run("dumpdata").out == "[]\n");
  CHECK(holds(session.run("showmigrations").out, "[X] 0001_initial"));
}

TEST_CASE("dumpdata refuses what it cannot write, and leaves no file") {
  Session session = migrated_blog();
  CHECK(session.run("dumpdata blgo").err ==
        "error: there is no app \"blgo\"\n  where: turnstone.json\n  hint: did you mean "
        "\"blog\"?\n");
  const Ran model = session.run("dumpdata blog.Auther");
  CHECK(model.code == 2);
  CHECK(model.err ==
        "error: there is no model \"blog.Auther\"\n  hint: did you mean \"blog.Author\"?\n");
  CHECK(session.run("dumpdata --exclude blog.Nothing").code == 2);
  CHECK(session.run("dumpdata --indent wide").code == 2);
  CHECK(session.run("dumpdata -o missing/out.json").code == 3);
  CHECK(!session.exists("missing"));
}

}  // namespace turnstone::test
