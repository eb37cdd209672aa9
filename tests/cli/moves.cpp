#include <doctest/doctest.h>
#include <turnstone/drivers/open.h>

#include "cli/session.h"

// Models that move from one app of a project to another, with their rows.

namespace turnstone::test {
namespace {

namespace moving {

const char* const tag_and_author = R"({"models": [
  {"name": "Author", "fields": [{"name": "name", "type": "CharField", "max_length": 50}]},
  {"name": "Tag", "fields": [{"name": "label", "type": "CharField", "max_length": 50}]}MORE
]}
)";
const char* const book = R"(,
  {"name": "Book", "fields": [
    {"name": "title", "type": "CharField", "max_length": 200, "db_index": true},
    {"name": "author", "type": "ForeignKey", "to": "blog.Author", "on_delete": "CASCADE"},
    {"name": "tags", "type": "ManyToManyField", "to": "blog.Tag"},
    {"name": "sequel", "type": "ForeignKey", "to": "self", "null": true, "on_delete": "SET_NULL"}
  ], "options": {"indexes": [{"fields": ["title", "author"]}],
                 "constraints": [{"type": "CheckConstraint", "name": "title_given",
                                  "condition": ["<>", {"F": "title"}, ""]}]HINT}})";

std::string filled(std::string text, const std::string& place, const std::string& with) {
  return text.replace(text.find(place), place.size(), with);
}
std::string blog(const std::string& more) { return filled(tag_and_author, "MORE", more); }
std::string shop(const std::string& models) {
  return R"({"models": [
  {"name": "Offer", "fields": [
    {"name": "book", "type": "ForeignKey", "to": "BOOK", "on_delete": "CASCADE"}
  ]})" + models +
         "\n]}\n";
}
std::string book_with(const std::string& hint = {}) { return filled(book, "HINT", hint); }
std::string offers_of(const std::string& reference, const std::string& models = {}) {
  return filled(shop(models), "BOOK", reference);
}

std::string one_line(const ScratchDatabase& database, const std::string& sql) {
  std::string text;
  for (const auto& row : database.connect()->query(sql).rows) {
    for (const Value& cell : row) {
      if (const auto* number = std::get_if<std::int64_t>(&cell)) text += std::to_string(*number);
      if (const auto* words = std::get_if<std::string>(&cell)) text += *words;
      text += "|";
    }
  }
  return text;
}

/// Two apps, migrated, with rows; `Book` is about to move from `blog` to `shop`.
Session project(const ScratchDatabase& database) {
  Session session(database.url());
  session.run("init blog -v 0");
  session.run("init shop -v 0");
  session.write("blog/models.json", blog(book_with()));
  session.write("shop/models.json", offers_of("blog.Book"));
  REQUIRE(session.run("makemigrations").code == 0);
  REQUIRE(session.run("migrate").code == 0);
  database.connect()->execute(
      "INSERT INTO blog_author (id, name) VALUES (1, 'Ada');"
      "INSERT INTO blog_tag (id, label) VALUES (1, 'new');"
      "INSERT INTO blog_book (id, title, author_id, sequel_id) VALUES (1, 'One', 1, NULL), "
      "(2, 'Two', 1, 1);"
      "INSERT INTO blog_book_tags (id, book_id, tag_id) VALUES (1, 2, 1);"
      "INSERT INTO shop_offer (id, book_id) VALUES (1, 2);");
  return session;
}

const char* const rows_of =
    "SELECT b.title, a.name, t.label, o.id FROM APP_book b JOIN blog_author a ON a.id = "
    "b.author_id LEFT JOIN APP_book_tags l ON l.book_id = b.id LEFT JOIN blog_tag t ON t.id = "
    "l.tag_id LEFT JOIN shop_offer o ON o.book_id = b.id ORDER BY b.id";
std::string rows(const ScratchDatabase& database, const std::string& app) {
  return one_line(database, filled(filled(rows_of, "APP", app), "APP", app));
}

}  // namespace moving

}  // namespace

TEST_CASE("a model moves to another app without a row being copied, and back") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    const ScratchDatabase database(dialect);
    Session session = moving::project(database);
    const std::string before = moving::rows(database, "blog");
    CHECK(before == "One|Ada|||Two|Ada|new|1|");
    session.write("blog/models.json", moving::blog(""));
    session.write("shop/models.json", moving::offers_of("Book", moving::book_with()));

    const Ran asked = session.run("makemigrations --noinput");
    CHECK(asked.code == 3);
    CHECK(asked.err ==
          "error: was the model blog.Book moved to app shop?\n  where: blog.Book\n  hint: if it "
          "was: --move-model blog.Book:shop; if not, its rows are lost: --remove blog.Book\n");
    CHECK(session.list("shop/migrations").size() == 2);
    const Ran made = session.run("makemigrations --move-model blog.Book:shop");
    CHECK(made.code == 0);
    CHECK(made.err.empty());
    CHECK(made.out ==
          "Migrations for 'blog':\n  blog/migrations/0002_move_book_shop_and_more.json\n"
          "    ~ Rename index blog_book_title_8f8e03_idx on book to shop_book_title_04c5e0_idx\n"
          "    ~ Move model Book to app shop\n"
          "Migrations for 'shop':\n  shop/migrations/0002_book_from_blog.json\n");
    CHECK(session.run("makemigrations --check").code == 0);
    CHECK(session.run("check").code == 0);
    CHECK(session.read("blog/migrations/snapshot.json").find("Book") == std::string::npos);
    CHECK(session.read("shop/migrations/snapshot.json").find("\"Book\"") != std::string::npos);

    CHECK(session.run("migrate").code == 0);
    CHECK(moving::rows(database, "shop") == before);
    const Schema live = database.backend().introspect(*database.connect());
    CHECK_FALSE(live.find("blog_book"));
    // A model of the old name finds every name free: table, indexes, constraints, sequence.
    // The constraint's name is the author's own, and taken, as are the ways back.
    std::string again = moving::filled(moving::book_with(), "title_given", "title_there");
    again = moving::filled(again, "\"blog.Author\"", "\"Author\", \"related_name\": \"+\"");
    again = moving::filled(again, "\"blog.Tag\"", "\"Tag\", \"related_name\": \"+\"");
    session.write("blog/models.json", moving::blog(again));
    CHECK(session.run("makemigrations").code == 0);
    CHECK(session.run("migrate").code == 0);
    CHECK(moving::one_line(database, "SELECT count(*) FROM blog_book") == "0|");
    CHECK(moving::rows(database, "shop") == before);
    CHECK(session.run("check").code == 0);

    CHECK(session.run("migrate blog 0001").code == 0);
    CHECK(moving::rows(database, "blog") == before);
    CHECK(session.run("migrate blog zero").code == 0);
    CHECK(session.run("migrate shop zero").code == 0);
  }
}

TEST_CASE("a model says where it came from, and is renamed on the way") {
  const ScratchDatabase database("sqlite");
  Session session = moving::project(database);
  session.write("blog/models.json", moving::blog(""));
  std::string models = moving::filled(moving::book_with(R"(, "renamed_from": "blog.Book")"),
                                      "\"Book\"", "\"Volume\"");
  session.write("shop/models.json", moving::offers_of("Volume", models));
  CHECK(session.run("makemigrations --noinput").code == 0);
  CHECK(session.run("makemigrations --check").code == 0);
  CHECK(session.read("shop/migrations/snapshot.json").find("renamed_from") == std::string::npos);
  CHECK(session.run("migrate").code == 0);
  CHECK(moving::one_line(database, "SELECT title FROM shop_volume ORDER BY id") == "One|Two|");
  CHECK(session.run("migrate blog 0001").code == 0);
  CHECK(moving::rows(database, "blog") == "One|Ada|||Two|Ada|new|1|");
}

TEST_CASE("a person is asked about a move") {
  const ScratchDatabase database("sqlite");
  Session session = moving::project(database);
  session.write("blog/models.json", moving::blog(""));
  session.write("shop/models.json", moving::offers_of("Book", moving::book_with()));
  const Ran no = session.type("makemigrations --dry-run", "");
  CHECK(no.err.find("was the model blog.Book moved to app shop?") != std::string::npos);
  const Ran yes = session.type("makemigrations", "y\n");
  CHECK(yes.code == 0);
  CHECK(yes.err.find("Was the model blog.Book moved to app shop? [y/N]") != std::string::npos);
  CHECK(yes.out.find("~ Move model Book to app shop") != std::string::npos);
}

TEST_CASE("a move without a migration behind it in the other app is refused") {
  Session session;
  session.run("init blog -v 0");
  session.run("init shop -v 0");
  session.write("blog/models.json", moving::blog(moving::book_with()));
  CHECK(session.run("makemigrations").code == 0);
  session.write("blog/migrations/0002_move.json",
                R"({"turnstone": 1, "dependencies": [["blog", "0001_initial"]],
                    "operations": [{"op": "MoveModel", "name": "Book", "to_app": "shop"}]})");
  const Ran refused = session.run("showmigrations");
  CHECK(refused.code == 3);
  CHECK(refused.err.find("error: blog.0002_move moves a model to app \"shop\", which has no "
                         "migration that depends on it\n") == 0);
  CHECK(refused.err.find(
            "hint: write one: {\"turnstone\": 1, \"dependencies\": [[\"blog\", \"0002_move\"]], "
            "\"operations\": []}, with the app's last one before it\n") != std::string::npos);
  session.write("shop/migrations/0001_initial.json",
                R"({"turnstone": 1, "dependencies": [["blog", "0002_move"]], "operations": []})");
  session.write("blog/models.json", moving::blog(""));
  session.write("shop/models.json", "{\"models\": [" + moving::book_with().substr(1) + "]}\n");
  CHECK(session.run("makemigrations --noinput").code == 0);
  CHECK(session.run("check").code == 0);
}

TEST_CASE("a move does not lead into another database") {
  Session session;
  session.run("init blog -v 0");
  session.run("init shop -v 0");
  session.write("turnstone.json",
                R"({"apps": {"blog": {}, "shop": {"databases": ["archive"]}}, "databases": {
                    "default": {"url": "sqlite:///a.db"}, "archive": {"url": "sqlite:///b.db"}}})");
  const std::string note = R"({"name": "Note", "fields": [{"name": "text", "type": "TextField"}]})";
  session.write("blog/models.json", R"({"models": [)" + note + "]}");
  CHECK(session.run("makemigrations").code == 0);
  session.write("blog/models.json", R"({"models": []})");
  session.write("shop/models.json", R"({"models": [)" + note + "]}");
  const Ran refused = session.run("makemigrations --move-model blog.Note:shop");
  CHECK(refused.code == 3);
  CHECK(refused.err.find("error: a model cannot move with its rows from app \"blog\" to app "
                         "\"shop\": they live in different databases\n") == 0);
  CHECK(session.run("makemigrations --remove blog.Note").code == 0);
}

TEST_CASE("a move is not put into the latest migrations") {
  const ScratchDatabase database("sqlite");
  Session session = moving::project(database);
  session.write("blog/models.json", moving::blog(""));
  session.write("shop/models.json", moving::offers_of("Book", moving::book_with()));
  const Ran refused = session.run("makemigrations --update --move-model blog.Book:shop");
  CHECK(refused.code == 3);
  CHECK(refused.err.find("error: cannot update blog: a model that moves to another app needs "
                         "migrations of its own in both\n") == 0);
}

}  // namespace turnstone::test
