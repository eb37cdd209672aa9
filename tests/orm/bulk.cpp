#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "orm/library.h"

using namespace turnstone;
using namespace library;
using namespace turnstone::literals;

namespace {

std::vector<Tag> new_tags(int count, const std::string& prefix = "tag ") {
  std::vector<Tag> tags;
  for (int i = 0; i < count; ++i) tags.push_back(Tag{.label = prefix + std::to_string(i)});
  return tags;
}

}  // namespace

TEST_CASE("many rows are inserted at once, and their keys come back") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    std::vector<Tag> tags = new_tags(1234);
    db.objects<Tag>().bulk_create(tags);
    CHECK(db.objects<Tag>().count() == 1234);
    for (const std::size_t i : {0, 49, 50, 1000, 1233}) {
      CHECK(db.get<Tag>(tags[i].id).label == tags[i].label);
    }
    std::vector<Tag> more = new_tags(600, "more\t\\ \n\"x\" ");
    db.objects<Tag>().bulk_create(more, {.keys = false});
    CHECK(more[0].id == 0);
    CHECK(db.objects<Tag>().filter("label", more[599].label).exists());

    std::vector<Sample> samples(3);
    samples[1].text = "two";
    samples[1].data = {std::byte{0}, std::byte{9}, std::byte{92}};
    samples[1].moment = parse_date_time("2020-02-02T02:02:02.5Z");
    samples[1].meta = Json::parse(R"({"a": [1, "x\\y"]})");
    samples[1].large = 4;
    db.objects<Sample>().bulk_create(samples);
    CHECK(samples[1].doubled == 8);
    CHECK(samples[1].origin == "earth");
    const Sample back = db.get<Sample>(samples[1].id);
    CHECK(back.data == samples[1].data);
    CHECK(back.moment == samples[1].moment);
    CHECK(back.meta == samples[1].meta);
  }
}

TEST_CASE("many rows go to PostgreSQL by COPY, with keys that are asked for ahead") {
  for (const std::string& dialect : test::test_dialects()) {
    if (dialect != "postgresql") continue;
    std::vector<std::string> ran;
    const Fixture fixture(dialect, {.on_statement = [&](const Executed& executed) {
                            ran.emplace_back(executed.sql.substr(0, 6));
                          }});
    const Database& db = fixture.db;
    std::vector<Tag> tags = new_tags(500);
    db.objects<Tag>().bulk_create(tags);
    CHECK(ran == std::vector<std::string>{"BEGIN", "SELECT", "COPY \""});
    CHECK(db.get<Tag>(tags[499].id).label == "tag 499");
    Tag next{.label = "next"};
    db.save(next);
    CHECK(next.id > tags[499].id);
    // A counter may count as it likes.
    db.execute("ALTER SEQUENCE library_tag_id_seq INCREMENT BY 7");
    std::vector<Tag> apart = new_tags(300, "apart ");
    db.objects<Tag>().bulk_create(apart);
    CHECK(apart[299].id == apart[0].id + 299 * 7);
    CHECK(db.get<Tag>(apart[299].id).label == "apart 299");

    // Who may write rows but not use the counter by itself has them inserted.
    const std::string writer = "turnstone_writer_" + std::to_string(getpid());
    db.execute("CREATE ROLE " + writer);
    db.execute("GRANT INSERT, SELECT ON library_tag TO " + writer);
    ran.clear();
    std::vector<Tag> more = new_tags(500, "more ");
    db.atomic([&] {
      db.execute("SET LOCAL ROLE " + writer);
      db.objects<Tag>().bulk_create(more);
    });
    CHECK(std::find(ran.begin(), ran.end(), "INSERT") != ran.end());
    CHECK(db.get<Tag>(more[499].id).label == "more 499");
    db.execute("DROP OWNED BY " + writer);
    db.execute("DROP ROLE " + writer);
  }
}

TEST_CASE("values of many rows are checked like those of one") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    std::vector<Tag> tags = new_tags(600);
    tags[599].label = std::string(21, 'x');
    CHECK_THROWS_WITH(db.objects<Tag>().bulk_create(tags), doctest::Contains("21 characters"));
    tags[599].label = std::string("a\0b", 3);
    CHECK_THROWS_WITH(db.objects<Tag>().bulk_create(tags), doctest::Contains("NUL"));
    // Twenty characters of two bytes each fit.
    tags[599].label.clear();
    for (int i = 0; i < 20; ++i) tags[599].label += "\u00e4";
    db.objects<Tag>().bulk_create(tags);
    CHECK(db.get<Tag>(tags[599].id).label == tags[599].label);
    CHECK(db.objects<Tag>().count() == 600);
  }
}

TEST_CASE("rows that are there already are left out or changed") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    std::vector<Author> authors{Author{.name = "Bob", .bio = "again"}, Author{.name = "Dan"}};
    CHECK_THROWS_AS(db.objects<Author>().bulk_create(authors), IntegrityError);
    CHECK(db.objects<Author>().count() == 3);
    for (Author& author : authors) author.id = 0;
    db.objects<Author>().bulk_create(authors, {.ignore_conflicts = true});
    CHECK(db.objects<Author>().count() == 4);
    CHECK_FALSE(db.objects<Author>().filter("name", "Bob").get().bio.has_value());
    for (Author& author : authors) author.id = 0;
    db.objects<Author>().bulk_create(authors,
                                     {.update_fields = {"bio"}, .unique_fields = {"name"}});
    CHECK(db.objects<Author>().filter("name", "Bob").get().bio == "again");
    CHECK(authors[0].id == db.objects<Author>().filter("name", "Bob").get().id);
    CHECK_THROWS_WITH(db.objects<Author>().bulk_create(authors, {.update_fields = {"bio"}}),
                      doctest::Contains("unique_fields"));
  }
}

TEST_CASE("many rows are changed at once") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    std::vector<Book> books = db.objects<Book>().order_by("id").all();
    for (Book& book : books) {
      book.price = book.price * 2;
      book.published = std::nullopt;
      book.title = "unwritten";
    }
    CHECK(db.objects<Book>().bulk_update<&Book::price, &Book::published>(books) == 5);
    CHECK(db.objects<Book>().filter("price", "19").get().title == "Notes");
    CHECK(db.objects<Book>().filter("published", std::nullopt).count() == 5);
    const auto some = db.objects<Book>().in_bulk(std::vector<std::int64_t>{2, 4, 77});
    CHECK(some.size() == 2);
    CHECK(some.at(4).title == "More verses");
    CHECK_THROWS_WITH(db.objects<Book>().bulk_update<&Book::id>(books),
                      doctest::Contains("primary keys"));
  }
}

TEST_CASE("get_or_create and update_or_create, beside others that do the same") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    const auto authors = db.objects<Author>();
    const auto get = [&] {
      return authors.get_or_create(F<&Author::name> == "Eve",
                                   [](Author& author) { author.bio = "made"; });
    };
    CHECK(get().second);
    CHECK_FALSE(get().second);
    CHECK(get().first.bio == "made");
    const auto changed = authors.update_or_create(F<&Author::name> == "Eve",
                                                  [](Author& author) { author.bio = "changed"; });
    CHECK_FALSE(changed.second);
    CHECK(authors.get(F<&Author::name> == "Eve").bio == "changed");
    CHECK(authors
              .update_or_create(F<&Author::name> == "Fay", [](Author& author) { author.bio = "x"; })
              .second);
    std::vector<std::thread> threads;
    std::atomic<int> made{0};
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 10; ++n) {
          const std::string name = "name " + std::to_string(n);
          if (authors.get_or_create(F<&Author::name> == name, [](Author&) {}).second) ++made;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(made == 10);
    CHECK(authors.count() == 12);
  }
}

TEST_CASE("relations of many objects are loaded by few queries") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    std::vector<std::string> warnings;
    DatabaseOptions options;
    options.on_warning = [&](const std::string& text) { warnings.push_back(text); };
    const Fixture fixture(dialect, options);
    const Database& db = fixture.db;
    fill(db);
    std::vector<Book> books = db.objects<Book>().order_by("id").all();
    std::size_t before = fixture.statements();
    load<&Book::author>(db, books);
    CHECK(fixture.statements() == before + 1);
    CHECK(books[0].author->name == "Ada");
    CHECK(books[2].author.row() == books[3].author.row());
    before = fixture.statements();
    load<&Book::tags>(db, books);
    CHECK(fixture.statements() == before + 2);
    CHECK(books[2].tags.rows().size() == 2);
    CHECK(books[4].tags.rows().empty());
    load<&Book::tags>(db, books, db.objects<Tag>().filter("label__startswith", "v"));
    CHECK(books[2].tags.rows().size() == 1);
    load<&Book::author, &Author::country>(db, books);
    CHECK(books[1].author->country->row()->name == "Britain");
    CHECK(warnings.empty());
    for (int i = 0; i < 12; ++i) {
      Book one = db.get<Book>(1);
      load<&Book::author>(db, one);
    }
    REQUIRE(warnings.size() == 1);
    CHECK(warnings[0].find("library.Book.author was loaded for one object at a time") == 0);
    CHECK(warnings[0].find("bulk.cpp") != std::string::npos);
  }
}

TEST_CASE("links and rows that refer to an object") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    const Author bob = db.objects<Author>().filter("name", "Bob").get();
    CHECK(related<&Book::author>(db, bob).filter("stock__gt", 0).count() == 2);
    const Book notes = db.objects<Book>().filter("title", "Notes").get();
    const auto tags = db.objects<Tag>().order_by("id").all();
    const auto linked = links<&Book::tags>(db, notes);
    const auto labels = [&] { return linked.all().order_by("id").select(F<&Tag::label>).values(); };
    using Labels = std::vector<std::string>;
    CHECK(labels() == Labels{"math"});
    linked.add(tags[1], tags[0]);
    CHECK(labels() == Labels{"math", "verse"});
    linked.remove(tags[0]);
    CHECK(labels() == Labels{"verse"});
    linked.set({tags[1], tags[2]});
    CHECK(labels() == Labels{"verse", "old"});
    linked.clear();
    CHECK(labels() == Labels{});
    CHECK_THROWS_WITH(links<&Book::tags>(db, Book{}).clear(), doctest::Contains("not saved"));
  }
}
