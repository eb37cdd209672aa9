#include <doctest/doctest.h>

#include <algorithm>

#include "orm/library.h"

using namespace turnstone;
using namespace library;

namespace {

using Labels = std::vector<std::string>;

Labels labels(const std::vector<std::shared_ptr<Tag>>& tags) {
  Labels all;
  for (const auto& tag : tags) all.push_back(tag->label);
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace

TEST_CASE("prefetch_related reads each step once, whatever the number of rows") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    const auto books = db.objects<Book>().order_by("id");
    std::size_t before = fixture.statements();
    const auto rows = books.prefetch_related<&Book::tags>()
                          .prefetch_related<&Book::author>()
                          .prefetch_related<&Book::author, &Author::country>()
                          .all();
    // Books, links, tags, authors, countries.
    CHECK(fixture.statements() == before + 5);
    CHECK(labels(rows.at(2).tags.rows()) == Labels{"old", "verse"});
    CHECK(rows.at(4).tags.rows().empty());
    CHECK(rows.at(0).author->country->row()->name == "Britain");
    CHECK(rows.at(0).author.row() == rows.at(1).author.row());
    CHECK(rows.at(2).tags.rows().at(0).use_count() >= 1);

    before = fixture.statements();
    CHECK(books.filter("stock", 99).prefetch_related<&Book::tags>().all().empty());
    CHECK(fixture.statements() == before + 1);

    // Some rows of the last step, with what these load.
    const auto dear = books.filter(F<&Book::price> > 5).prefetch_related<&Book::tags>();
    const auto chosen =
        books.prefetch_related<&Book::tags>(db.objects<Tag>().filter("label", "verse")).all();
    CHECK(labels(chosen.at(2).tags.rows()) == Labels{"verse"});
    CHECK(chosen.at(0).tags.rows().empty());
    const auto nested =
        books.filter("title", "More verses").prefetch_related<&Book::sequel_of>(dear);
    CHECK(labels(nested.get().sequel_of->row()->tags.rows()) == Labels{"old", "verse"});
    CHECK(
        labels(
            books.prefetch_related("sequel_of__tags").all().at(3).sequel_of->row()->tags.rows()) ==
        Labels{"old", "verse"});

    CHECK_THROWS_WITH_AS(books.prefetch_related<&Book::tags>(db.objects<Tag>().limit(1)).all(),
                         doctest::Contains("sliced"), Error);
    CHECK_THROWS_WITH_AS(books.prefetch_related<&Book::tags>(db.objects<Tag>().filter("id", 1))
                             .prefetch_related<&Book::tags>(db.objects<Tag>().filter("id", 2))
                             .all(),
                         doctest::Contains("prefetched twice"), Error);
    CHECK_THROWS_WITH_AS(books.prefetch_related("prise").all(), doctest::Contains("prise"), Error);
    CHECK_THROWS_WITH_AS(books.prefetch_related<&Book::tags>().each([](const Book&) {}),
                         doctest::Contains("streamed"), Error);
  }
}

TEST_CASE("rows that refer to many objects are read at once") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    const auto authors = db.objects<Author>().order_by("name").all();
    const std::size_t before = fixture.statements();
    const auto books =
        related<&Book::author>(db, authors, db.objects<Book>().order_by("-price", "id"));
    CHECK(fixture.statements() == before + 1);
    REQUIRE(books.size() == 3);
    CHECK(titles(books[0]) == Labels{"Engines", "Notes"});
    CHECK(titles(books[1]) == Labels{"More verses", "Last verses", "Verses"});
    CHECK(books[2].empty());
    CHECK(related<&Book::author>(db, authors).at(1).size() == 3);
    // A key that may be NULL.
    const auto all = db.objects<Book>().order_by("id").all();
    const auto sequels = related<&Book::sequel_of>(db, all);
    CHECK(titles(sequels.at(2)) == Labels{"More verses"});
    CHECK(sequels.at(0).empty());
    CHECK(related<&Book::author>(db, std::vector<Author>{}).empty());
  }
}

TEST_CASE("links through a model are its rows") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    Club club{.name = "Readers"};
    db.save(club);
    const auto authors = db.objects<Author>().order_by("id").all();
    const auto members = links<&Club::members>(db, club);
    const auto roles = [&] {
      return db.objects<Membership>().order_by("author").select(F<&Membership::role>).values();
    };
    members.add(authors[0]);
    members.with(F<&Membership::role>.set("guest")).add(authors[0], authors[1], authors[1]);
    CHECK(roles() == Labels{"reader", "guest"});
    CHECK(members.all().count() == 2);
    members.with(F<&Membership::role>.set("host")).set({authors[1], authors[2]});
    CHECK(roles() == Labels{"guest", "host"});
    const auto clubs = db.objects<Club>().prefetch_related<&Club::members>().all();
    CHECK(clubs.at(0).members.rows().size() == 2);
    members.remove(authors[1]);
    CHECK(roles() == Labels{"host"});
    members.clear();
    CHECK(roles().empty());
    CHECK_THROWS_WITH_AS(
        members.with(F<&Membership::role>.set(F<&Membership::role>)).add(authors[0]),
        doctest::Contains("no value"), Error);
    CHECK(roles().empty());
    // Links that have no model hold nothing else.
    const Book book = db.get<Book>(1);
    CHECK_THROWS_WITH_AS(
        links<&Book::tags>(db, book).with(F<&Membership::role>.set("x")).add(db.get<Tag>(1)),
        doctest::Contains("no through model"), Error);
  }
}

TEST_CASE("relations that are loaded one by one are told of, with the line of the program") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    std::vector<std::string> warnings;
    DatabaseOptions options;
    options.on_warning = [&](const std::string& text) { warnings.push_back(text); };
    const Fixture fixture(dialect, options);
    const Database& db = fixture.db;
    fill(db);
    std::vector<Author> many;
    for (int i = 0; i < 20; ++i) many.push_back({.name = "author " + std::to_string(i)});
    db.objects<Author>().bulk_create(many);
    std::vector<Book> made;
    for (int i = 0; i < 20; ++i) {
      made.push_back({.title = "book", .author = many[static_cast<std::size_t>(i)].id});
    }
    db.objects<Book>().bulk_create(made);

    auto books = db.objects<Book>().filter("title", "book").all();
    const int line = __LINE__ + 1;
    for (Book& book : books) load<&Book::author>(db, book);
    REQUIRE(warnings.size() == 1);
    CHECK(warnings[0].find("library.Book.author was loaded for one object at a time") == 0);
    CHECK(warnings[0].find("relations.cpp:" + std::to_string(line)) != std::string::npos);
    warnings.clear();
    load<&Book::author>(db, books);
    CHECK(warnings.empty());

    Session session(db, {.lazy = true});
    const int query = __LINE__ + 1;
    const auto lazy = session.query<Book>().filter("title", "book").all();
    for (const auto& book : lazy) CHECK(book->author->name.starts_with("author"));
    REQUIRE(warnings.size() == 1);
    CHECK(warnings[0].find("rows of the query at ") != std::string::npos);
    CHECK(warnings[0].find("relations.cpp:" + std::to_string(query)) != std::string::npos);
  }
}

TEST_CASE("sessions that may load relations when they are used") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    std::shared_ptr<Book> left;
    {
      Session session(db, {.lazy = true});
      const auto books = session.query<Book>().order_by("id").all();
      std::size_t before = fixture.statements();
      CHECK(books.at(0)->author->name == "Ada");
      CHECK(fixture.statements() == before + 1);
      // Ada is known by now.
      before = fixture.statements();
      CHECK(books.at(1)->author.row() == books.at(0)->author.row());
      CHECK(fixture.statements() == before);
      CHECK(books.at(0)->author->country->row()->name == "Britain");
      CHECK(labels(books.at(2)->tags.rows()) == Labels{"old", "verse"});
      CHECK(books.at(4)->tags.rows().empty());
      CHECK(books.at(3)->sequel_of->row() == books.at(2));
      // What was loaded belongs to the session.
      books.at(0)->author->bio = "changed";
      session.commit();
      left = books.at(4);
    }
    CHECK(db.get<Author>(1).bio == "changed");
    CHECK_THROWS_AS((void)left->author.row(), NotLoaded);
    const auto plain = Session(db).query<Book>().first();
    CHECK_THROWS_AS((void)plain->author.row(), NotLoaded);
  }
}

TEST_CASE("a session does not load lazily for objects of others, and tells of rows that are gone") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    Session session(db, {.lazy = true});
    const Book other = db.get<Book>(1);
    CHECK_THROWS_AS((void)other.author.row(), NotLoaded);
    const auto book = session.get<Book>(1);
    book->author = std::int64_t{77};
    session.expunge(book);
    CHECK_THROWS_AS((void)book->author.row(), NotLoaded);
    session.rollback();
    Session quiet(db, {.autoflush = false, .lazy = true});
    const auto unsaved = std::make_shared<Book>(Book{.title = "Of nobody", .author = 77});
    quiet.add(unsaved);
    CHECK_THROWS_AS((void)unsaved->author.row(), DoesNotExist);
  }
}

TEST_CASE("relations that a session reads with its rows are its objects") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    Session session(db);
    const auto ada = session.get<Author>(1);
    const std::size_t before = fixture.statements();
    const auto books = session.query<Book>()
                           .order_by("id")
                           .select_related<&Book::author>()
                           .prefetch_related<&Book::tags>()
                           .prefetch_related<&Book::sequel_of>()
                           .all();
    CHECK(fixture.statements() == before + 4);
    CHECK(books.at(0)->author.row() == ada);
    CHECK(books.at(3)->sequel_of->row() == books.at(2));
    CHECK(books.at(2)->tags.rows().at(0) == session.get<Tag>(books.at(2)->tags.rows().at(0)->id));
    books.at(0)->author->name = "Ada L.";
    books.at(2)->tags.rows().at(0)->label = "changed";
    session.commit();
    CHECK(db.get<Author>(1).name == "Ada L.");
    CHECK(db.objects<Tag>().filter("label", "changed").exists());
  }
}
