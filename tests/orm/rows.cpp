#include <doctest/doctest.h>

#include "orm/library.h"

using namespace turnstone;
using namespace library;
using namespace turnstone::literals;

TEST_CASE("a row is inserted, changed, read again and removed") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    Author ada{.name = "Ada"};
    db.save(ada);
    CHECK(ada.id == 1);
    ada.bio = "engines";
    db.save(ada);
    CHECK(db.get<Author>(1).bio == "engines");
    CHECK(db.objects<Author>().count() == 1);

    Author other = db.get<Author>(ada.id);
    other.name = "Augusta";
    db.save<&Author::name>(other);
    db.refresh(ada);
    CHECK(ada.name == "Augusta");

    CHECK(db.remove(ada) == 1);
    CHECK(ada.id == 0);
    CHECK_FALSE(db.find<Author>(1).has_value());
    CHECK_THROWS_WITH_AS(db.get<Author>(1), "there is no library.Author with that key",
                         DoesNotExist);
    CHECK_THROWS_WITH_AS(db.refresh(other), "there is no library.Author to read again",
                         DoesNotExist);
    // A row with a key that is not there is inserted.
    db.save(other);
    CHECK(db.get<Author>(1).name == "Augusta");
  }
}

TEST_CASE("every kind of value comes back as it was") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    Sample sample;
    sample.flag = true;
    sample.small = -12;
    sample.large = 9007199254740993;
    sample.real = 0.1;
    sample.amount = "-1234.500"_dec;
    sample.text = "naïve \"text\" 'with' 100%_\\";
    sample.data = {std::byte{0}, std::byte{255}, std::byte{10}};
    sample.date = parse_date("2024-02-29");
    sample.time = parse_time("23:59:58.000001");
    sample.moment = parse_date_time("1969-12-31T23:59:59.999999Z");
    sample.span = -std::chrono::hours(49) - std::chrono::microseconds(7);
    sample.meta = Json::parse(R"({"b": [1, 2.5, null], "a": "x"})");
    db.save(sample);
    CHECK(sample.id != Uuid{});
    CHECK(sample.doubled == 2 * sample.large);
    CHECK(sample.origin == "earth");
    CHECK(sample.created == sample.changed);
    const Sample back = db.get<Sample>(sample.id);
    CHECK(back.flag);
    CHECK(back.small == -12);
    CHECK(back.large == sample.large);
    CHECK(back.real == 0.1);
    CHECK(back.amount == sample.amount);
    CHECK(back.amount.scale() == 3);
    CHECK(back.text == sample.text);
    CHECK(back.data == sample.data);
    CHECK(back.date == sample.date);
    CHECK(back.time == sample.time);
    CHECK(back.moment == sample.moment);
    CHECK(back.span == sample.span);
    CHECK(back.meta == sample.meta);
    CHECK(back.created == sample.created);

    sample.large = 21;
    db.save(sample);
    CHECK(sample.doubled == 42);
    CHECK(sample.changed > sample.created);
    Sample moon;
    moon.origin = "moon";
    db.save(moon);
    CHECK(db.get<Sample>(moon.id).origin == "moon");
    CHECK_FALSE(db.get<Sample>(moon.id).span.has_value());
  }
}

TEST_CASE("values are checked before the database sees them") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    const std::size_t before = fixture.statements();
    const auto refused = [&](const auto& change) {
      Book book;
      book.title = "x";
      book.author = 1;
      change(book);
      try {
        db.insert(book);
        return std::string("accepted");
      } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::bad_value);
        return error.text();
      }
    };
    CHECK(refused([](Book& b) { b.title = std::string(41, 'x'); }) ==
          "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\" has 41 characters: at most 40 "
          "(library.Book.title)");
    CHECK(refused([](Book& b) { b.price = "1.001"_dec; }) ==
          "\"1.001\" has more than 2 digits behind the point (library.Book.price)");
    CHECK(refused([](Book& b) { b.price = 1000000; }) ==
          "\"1000000\" has more than 6 digits before the point (library.Book.price)");
    CHECK(refused([](Book& b) { b.status = static_cast<Status>(7); }).find("Status") !=
          std::string::npos);
    CHECK(fixture.statements() == before);
    // A character is one, however many bytes it has.
    CHECK(refused([](Book& b) {
            b.title.clear();
            for (int i = 0; i < 40; ++i) b.title += "ü";
          }) == "accepted");
  }
}

TEST_CASE("errors of the database tell kind, model and field") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    const auto error_of = [&](const auto& work) -> DatabaseError::Details {
      try {
        work();
      } catch (const IntegrityError& error) {
        return error.details();
      }
      return {};
    };
    Author bob{.name = "Bob"};
    auto details = error_of([&] { db.save(bob); });
    CHECK(details.kind == DatabaseErrorKind::unique);
    CHECK(details.model == "library.Author");
    CHECK(details.field == "name");

    Book twice;
    twice.title = "Notes";
    twice.author = 1;
    details = error_of([&] { db.save(twice); });
    CHECK(details.kind == DatabaseErrorKind::unique);
    CHECK(details.model == "library.Book");
    CHECK(details.field == "author, title");

    Book cheap = twice;
    cheap.title = "Cheap";
    cheap.price = "-1.00"_dec;
    details = error_of([&] { db.save(cheap); });
    CHECK(details.kind == DatabaseErrorKind::check);
    CHECK(details.constraint == "book_price_gte_0");
    CHECK(details.model == "library.Book");

    Book orphan = twice;
    orphan.title = "Orphan";
    orphan.author = 77;
    details = error_of([&] { db.save(orphan); });
    CHECK(details.kind == DatabaseErrorKind::foreign_key);

    details = error_of([&] {
      db.execute("INSERT INTO library_tag (label) VALUES (?)", std::optional<std::string>());
    });
    CHECK(details.kind == DatabaseErrorKind::not_null);
    CHECK(details.model == "library.Tag");
    CHECK(details.field == "label");
  }
}

TEST_CASE("a child with a table of its own is one object") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    Restaurant inn;
    inn.name = "Inn";
    inn.seats = 12;
    db.save(inn);
    CHECK(inn.id == 1);
    CHECK(db.get<Place>(1).name == "Inn");
    inn.name = "Old inn";
    inn.seats = 14;
    db.save(inn);
    const Restaurant back = db.get<Restaurant>(1);
    CHECK(back.name == "Old inn");
    CHECK(back.seats == 14);
    CHECK(db.objects<Restaurant>().filter(F<&Restaurant::name> == "Old inn").count() == 1);
    CHECK(db.objects<Place>().filter("restaurant__seats__gt", 13).count() == 1);
    CHECK(db.remove(inn) == 2);
    CHECK(db.objects<Place>().count() == 0);
  }
}

TEST_CASE("deleting does what on_delete says") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    // PROTECT
    Country country = db.get<Country>("gb");
    CHECK_THROWS_WITH(db.remove(country), "rows are still referred to by library.Author.country");
    // RESTRICT, though not where the referrer goes as well
    Book verses = db.objects<Book>().filter(F<&Book::title> == "Verses").get();
    CHECK_THROWS_WITH(db.remove(verses), "rows are still referred to by library.Book.sequel_of");
    CHECK(db.objects<Book>().count() == 5);
    // SET_NULL and rows of links
    Book notes = db.objects<Book>().filter(F<&Book::title> == "Notes").get();
    Author cyd = db.objects<Author>().filter(F<&Author::name> == "Cyd").get();
    cyd.best_book = ForeignKey<Book>(notes.id);
    db.save(cyd);
    CHECK(db.remove(notes) == 1);
    db.refresh(cyd);
    CHECK_FALSE(cyd.best_book.has_value());
    // CASCADE
    Author bob = db.objects<Author>().filter(F<&Author::name> == "Bob").get();
    CHECK(db.remove(bob) == 4);
    CHECK(titles(db.objects<Book>().all()) == std::vector<std::string>{"Engines"});
    CHECK(db.objects<Book>().filter(F<&Book::stock> == 0).remove() == 1);
    CHECK(std::get<0>(db.query<std::int64_t>("SELECT COUNT(*) FROM library_book_tags")[0]) == 0);
  }
}

TEST_CASE("a query runs while its own rows are read") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    db.atomic([&] {
      int pairs = 0;
      const auto books = db.objects<Book>().order_by("title");
      books.each([&](const Book& one) {
        books.each([&](const Book& other) { pairs += one.id < other.id ? 1 : 0; });
      });
      CHECK(pairs == 10);
    });
    CHECK(titles(db.objects<Book>().order_by("title").all()).size() == 5);
  }
}
