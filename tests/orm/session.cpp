#include <doctest/doctest.h>

#include <algorithm>

#include "orm/library.h"

using namespace turnstone;
using namespace library;
using namespace turnstone::literals;

namespace {

std::shared_ptr<Book> new_book(const std::string& title, std::shared_ptr<Author> author) {
  auto book = std::make_shared<Book>();
  book->title = title;
  book->author = std::move(author);
  return book;
}

}  // namespace

TEST_CASE("a session writes new objects in the order their keys need") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    Session session(db);
    auto ada = std::make_shared<Author>(Author{.name = "Ada"});
    // The book comes first, its author with it; a circle over a key that may be NULL is cut.
    auto notes = session.add(new_book("Notes", ada));
    ada->best_book = ForeignKey<Book>(notes);
    auto sequel = session.add(new_book("More notes", ada));
    sequel->sequel_of = ForeignKey<Book>(notes);
    CHECK(session.state(notes) == ObjectState::pending);
    CHECK(session.state(ada) == ObjectState::transient);
    session.flush();
    CHECK(session.state(ada) == ObjectState::persistent);
    CHECK(notes->author.id() == ada->id);
    CHECK(db.objects<Author>().count() == 0);  // of another connection
    session.commit();
    CHECK(db.get<Author>(ada->id).best_book->id() == notes->id);
    CHECK(db.get<Book>(sequel->id).sequel_of->id() == notes->id);
    CHECK(ada->best_book->row() == notes);
  }
}

TEST_CASE("rows that refer to each other go with their session, unless somebody has them") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    std::weak_ptr<Author> gone;
    std::shared_ptr<Book> had;
    {
      Session session(fixture.db);
      const auto circle = [&](const std::string& name) {
        auto author = std::make_shared<Author>(Author{.name = name});
        auto book = session.add(new_book("Of " + name, author));
        author->best_book = ForeignKey<Book>(book);
        return book;
      };
      gone = circle("Ada")->author.row();
      had = circle("Bob");
      session.commit();
      CHECK(gone.lock() != nullptr);
    }
    CHECK(gone.lock() == nullptr);
    CHECK(had->author->name == "Bob");
    CHECK(had->author->best_book->row() == had);
    had->author->best_book.reset();
  }
}

TEST_CASE("a row is one object, and only what changed is written") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    std::vector<std::string> ran;
    DatabaseOptions options;
    options.on_statement = [&](const Executed& executed) { ran.emplace_back(executed.sql); };
    const Fixture fixture(dialect, options);
    const Database& db = fixture.db;
    fill(db);
    Session session(db);
    const auto verses = session.query<Book>().filter("title", "Verses").get();
    CHECK(session.get<Book>(verses->id) == verses);
    const auto all = session.query<Book>().order_by("id").all();
    CHECK(all.at(2) == verses);
    const std::size_t before = fixture.statements();
    CHECK(session.get<Book>(verses->id) == verses);
    CHECK(fixture.statements() == before);
    CHECK(session.get<Book>(99) == nullptr);
    CHECK_FALSE(session.modified(verses));
    verses->stock = 70;
    CHECK(session.modified(verses));
    ran.clear();
    // A query sees it: it was flushed before.
    CHECK(session.query<Book>().filter("stock", 70).count() == 1);
    CHECK(ran.at(0).find("UPDATE") == 0);
    CHECK(ran.at(0).find("stock") != std::string::npos);
    CHECK(ran.at(0).find("title") == std::string::npos);
    for (const auto& book : all) book->price = book->price + 1;
    ran.clear();
    session.flush();
    CHECK(ran.size() == 1);  // all rows in one statement
    session.commit();
    CHECK(db.objects<Book>().filter("price", "10.50").exists());
    // What others do is seen by the next query after a commit.
    db.objects<Book>().filter("title", "Verses").update(F<&Book::stock>.set(5));
    CHECK(session.get<Book>(verses->id)->stock == 5);
    CHECK(verses->stock == 5);
  }
}

TEST_CASE("rollback gives objects back as they were") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    Session session(db);
    const auto verses = session.query<Book>().filter("title", "Verses").get();
    const auto engines = session.query<Book>().filter("title", "Engines").get();
    verses->stock = 70;
    auto tag = session.add(Tag{.label = "new"});
    session.remove(engines);
    session.flush();
    CHECK(tag->id > 0);
    CHECK(session.state(engines) == ObjectState::deleted);
    verses->title = "Unwritten";
    session.rollback();
    CHECK(verses->stock == 7);
    CHECK(verses->title == "Verses");
    CHECK(tag->id == 0);
    CHECK(session.state(tag) == ObjectState::transient);
    CHECK(session.state(engines) == ObjectState::persistent);
    CHECK(db.objects<Book>().count() == 5);

    session.remove(engines);
    session.commit();
    CHECK(session.state(engines) == ObjectState::detached);
    CHECK(db.objects<Book>().count() == 4);
    session.expunge(verses);
    CHECK(session.state(verses) == ObjectState::detached);
  }
}

TEST_CASE("after a flush that failed only rollback is left") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    Session session(db);
    session.add(Author{.name = "Bob"});
    CHECK_THROWS_AS(session.flush(), IntegrityError);
    CHECK_THROWS_WITH(session.query<Author>().all(),
                      "a flush of this session failed: nothing else can run in it");
    session.rollback();
    CHECK(session.query<Author>().all().size() == 3);
    CHECK(db.connections().second == 1);
    session.commit();
    {
      Session left(db);
      left.add(Author{.name = "Zoe"});
      left.flush();
    }
    CHECK(db.objects<Author>().count() == 3);
    CHECK(db.connections().second == 0);
  }
}

TEST_CASE("thousands of new objects in two levels are few statements") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    Session session(db);
    for (int i = 0; i < 100; ++i) {
      auto author = session.add(Author{.name = "author " + std::to_string(i)});
      for (int n = 0; n < 20; ++n) session.add(new_book("book " + std::to_string(n), author));
    }
    const std::size_t before = fixture.statements();
    session.commit();
    CHECK(fixture.statements() - before < 60);
    CHECK(db.objects<Book>().filter("author__name", "author 99").count() == 20);
    const auto book = db.objects<Book>().select_related<&Book::author>().last().value();
    CHECK(book.author->name == "author 99");
  }
}

TEST_CASE("savepoints of a session") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    Session session(db);
    const auto verses = session.query<Book>().filter("title", "Verses").get();
    const auto engines = session.query<Book>().filter("title", "Engines").get();
    verses->stock = 70;
    std::shared_ptr<Tag> kept;
    std::shared_ptr<Tag> gone;
    {
      auto outer = session.begin_nested();
      kept = session.add(Tag{.label = "kept"});
      {
        auto inner = session.begin_nested();
        gone = session.add(Tag{.label = "gone"});
        verses->title = "Changed";
        session.remove(engines);
        session.flush();
        CHECK(session.state(engines) == ObjectState::deleted);
      }
      CHECK(gone->id == 0);
      CHECK(session.state(gone) == ObjectState::transient);
      CHECK(session.state(engines) == ObjectState::persistent);
      CHECK(verses->title == "Verses");
      CHECK(verses->stock == 70);  // of before
      outer.commit();
      CHECK_THROWS_WITH_AS(outer.commit(), doctest::Contains("ended already"), Error);
    }
    session.commit();
    CHECK(db.objects<Tag>().filter("label__in", std::vector<std::string>{"kept", "gone"}).count() ==
          1);
    CHECK(db.get<Book>(verses->id).stock == 70);
    CHECK(db.objects<Book>().count() == 5);
  }
}

TEST_CASE("a savepoint lets a session go on behind an error") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    Session session(db);
    session.add(Tag{.label = "before"});
    {
      auto nested = session.begin_nested();
      session.add(Author{.name = "Bob"});  // there is one
      CHECK_THROWS_AS(nested.commit(), IntegrityError);
    }
    session.add(Tag{.label = "behind"});
    {
      auto nested = session.begin_nested();
      auto inner = session.begin_nested();
      CHECK_THROWS_WITH_AS(nested.commit(), doctest::Contains("before the one inside"), Error);
      CHECK_THROWS_WITH_AS(session.commit(),
                           doctest::Contains("a savepoint of this session is open"), Error);
      inner.commit();
      nested.commit();
    }
    session.commit();
    CHECK(db.objects<Tag>().filter("label__startswith", "be").count() == 2);
    CHECK(db.objects<Author>().count() == 3);
    // Left open, it goes with the session.
    {
      Session left(db);
      auto nested = left.begin_nested();
      left.add(Tag{.label = "never"});
      left.rollback();
      CHECK_THROWS_WITH_AS(nested.commit(), doctest::Contains("has ended its transaction"), Error);
    }
    CHECK_FALSE(db.objects<Tag>().filter("label", "never").exists());
    CHECK(db.connections().second == 0);
  }
}
