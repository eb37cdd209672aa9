#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <thread>
#include <utility>

#include "orm/library.h"

using namespace turnstone;
using namespace library;

namespace {

std::string text_of_error(const std::function<void()>& work) {
  std::string text;
  std::thread([&] {
    try {
      work();
    } catch (const Error& error) {
      text = error.text();
    }
  }).join();
  return text;
}

}  // namespace

TEST_CASE("a connection that the server closed while it was idle is replaced unseen") {
  for (const std::string& dialect : test::test_dialects()) {
    if (dialect != "postgresql") continue;  // SQLite has no server
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    const std::vector<std::tuple<std::int64_t>> pid =
        db.query<std::int64_t>("SELECT pg_backend_pid()::bigint");
    CHECK(db.query<std::int64_t>("SELECT pg_backend_pid()::bigint") == pid);
    const Database other(fixture.url(), {app()});
    CHECK(
        other.query<bool>("SELECT pg_terminate_backend(?, 10000)", std::get<0>(pid.at(0))).size() ==
        1);
    CHECK(db.objects<Book>().count() == 5);
    CHECK(db.connections() == std::pair<std::size_t, std::size_t>{1, 0});
  }
}

TEST_CASE("one session, one thread at a time") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    // A session may be handed over …
    auto session = std::make_unique<Session>(db);
    const auto book = session->get<Book>(1);
    CHECK(text_of_error([&] {
            book->stock = 50;
            session->flush();
          }).empty());
    session->commit();
    CHECK(db.get<Book>(1).stock == 50);
    // … and is refused to a second one while the first works with it.
    std::string refused;
    DatabaseOptions options;
    Session* shared = nullptr;
    options.on_statement = [&](const Executed& executed) {
      if (!shared || executed.sql.find("UPDATE") != 0) return;
      Session* const at = std::exchange(shared, nullptr);
      refused = text_of_error([&] { at->flush(); });
    };
    const Database told(fixture.url(), {app()}, options);
    Session busy(told);
    busy.get<Book>(1)->stock = 51;
    shared = &busy;
    busy.commit();
    CHECK(
        refused ==
        "a session is used by two threads at the same time; give each thread a session of its own");
    CHECK(db.get<Book>(1).stock == 51);
  }
}

TEST_CASE("a block of atomic that another thread ends is rolled back, and told of") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    auto block = std::make_unique<Atomic>(db);
    db.objects<Book>().update(F<&Book::stock>.set(9));
    const std::string told = text_of_error([&] { block->commit(); });
    CHECK(told.find("thread") != std::string::npos);
    block.reset();
    CHECK_FALSE(db.in_atomic());
    CHECK(db.objects<Book>().filter("stock", 9).count() == 0);
  }
}

TEST_CASE("the number of statements is known") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    const auto before = db.statements();
    fill(db);
    CHECK(db.statements() > before + 10);
    const auto filled = db.statements();
    (void)db.objects<Book>().all();
    CHECK(db.statements() == filled + 1);
    db.atomic([&] {
      (void)db.objects<Book>().all();
      CHECK(db.statements() == filled + 2);
    });
    CHECK(db.statements() == filled + 2);
  }
}

TEST_CASE(
    "rows that change each in another way are sent together, and the one that fails is told") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    std::vector<std::string> ran;
    DatabaseOptions options;
    options.on_statement = [&](const Executed& executed) { ran.emplace_back(executed.sql); };
    const Fixture fixture(dialect, options);
    const Database& db = fixture.db;
    fill(db);
    Session session(db);
    const auto books = session.query<Book>().order_by("id").all();
    books[0]->stock = 100;
    books[1]->title = "Motors";
    books[2]->price = Decimal::parse("7.75");
    ran.clear();
    session.commit();
    CHECK(std::count_if(ran.begin(), ran.end(),
                        [](const std::string& sql) { return sql.find("UPDATE") == 0; }) == 3);
    CHECK(db.get<Book>(1).stock == 100);
    CHECK(db.get<Book>(2).title == "Motors");
    CHECK(db.get<Book>(3).price == Decimal::parse("7.75"));

    const auto again = session.query<Book>().order_by("id").all();
    again[0]->stock = 1;
    again[1]->title = "Notes";  // there is one of that title and author
    again[2]->price = Decimal::parse("1.00");
    try {
      session.flush();
      FAIL("the key is taken");
    } catch (const IntegrityError& error) {
      CHECK(error.database_kind() == DatabaseErrorKind::unique);
      CHECK(error.statement().find("title") != std::string::npos);
    }
    session.rollback();
    CHECK(again[0]->stock == 100);
    CHECK(db.get<Book>(3).price == Decimal::parse("7.75"));
    // The connection is of use afterwards.
    again[2]->price = Decimal::parse("2.00");
    again[1]->stock = 4;
    session.commit();
    CHECK(db.get<Book>(3).price == Decimal::parse("2.00"));
  }
}
