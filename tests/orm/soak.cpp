#include <doctest/doctest.h>
#include <malloc.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <thread>

#include "orm/library.h"

// What a program does all day, over and over: afterwards it holds no more memory, connections and
// files than after the first rounds. TURNSTONE_SOAK_SECONDS says for how long, on each database.

using namespace turnstone;
using namespace library;

namespace {

using Clock = std::chrono::steady_clock;

std::chrono::seconds soak_time() {
  const char* text = std::getenv("TURNSTONE_SOAK_SECONDS");
  return std::chrono::seconds(text ? std::atoi(text) : 4);
}

/// Bytes that the program has asked for and not given back. Always 0 under the address sanitizer,
/// whose leak checker looks instead.
std::size_t memory_in_use() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

std::size_t open_files() {
  const std::filesystem::directory_iterator files("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

void one_by_one(const Database& db) {
  Author author{.name = "Soak"};
  db.save(author);
  Book book{.title = "Round", .author = author.id};
  db.save(book);
  book.stock = 3;
  db.save<&Book::stock>(book);
  db.refresh(book);
  CHECK(db.get<Book>(book.id).stock == 3);
  CHECK(db.objects<Book>().filter(F<&Book::author, &Author::name> == "Soak").count() == 1);
  CHECK_THROWS_AS(db.insert(author), IntegrityError);
  db.remove(author);
}

void transactions(const Database& db) {
  CHECK_THROWS_AS(db.atomic([&] {
    Tag tag{.label = "never"};
    db.save(tag);
    db.atomic([&] { db.objects<Tag>().filter(F<&Tag::label> == "old").remove(); });
    throw std::runtime_error("no");
  }),
                  std::runtime_error);
  {
    auto left_open = db.atomic();
    db.objects<Book>().update(F<&Book::stock>.set(F<&Book::stock> + 1));
  }
  int rows = 0;
  db.objects<Book>().each([&](const Book&) { return ++rows < 2; });
  CHECK(rows == 2);
}

void many_at_once(const Database& db) {
  std::vector<Tag> tags;
  for (int i = 0; i < 600; ++i) tags.push_back({.label = "soak" + std::to_string(i)});
  db.objects<Tag>().bulk_create(tags);
  for (Tag& tag : tags) tag.label += "x";
  db.objects<Tag>().bulk_update<&Tag::label>(tags);
  CHECK(db.objects<Tag>().filter(F<&Tag::label>.startswith("soak")).remove() == 600);
}

void sessions(const Database& db) {
  Session session(db);
  auto author = session.add(Author{.name = "Session"});
  auto book = session.add(Book{.title = "Unit", .author = author});
  session.commit();
  book->stock = 9;
  session.flush();
  session.rollback();
  session.remove(book);
  session.remove(author);
  session.commit();
  session.add(Tag{.label = "dropped"});
  session.flush();
}

void threads(const Database& db, std::int64_t book) {
  std::vector<std::thread> workers;
  for (int i = 0; i < 3; ++i) {
    workers.emplace_back([&] {
      db.atomic(
          [&] {
            Book own = db.objects<Book>().filter(F<&Book::id> == book).for_update().get();
            ++own.stock;
            db.save<&Book::stock>(own);
          },
          {.retries = 100});
    });
  }
  for (std::thread& worker : workers) worker.join();
}

}  // namespace

TEST_CASE("work without end leaves no memory and no connection behind") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect, {.connections = 4, .lock_timeout = "10s"});
    const Database& db = fixture.db;
    fill(db);
    const std::int64_t book = db.objects<Book>().first()->id;
    const std::int32_t stock = db.get<Book>(book).stock;
    const auto begin = Clock::now();
    int rounds = 0;
    std::optional<std::size_t> memory;  // after the first rounds
    std::size_t files = 0;
    while (Clock::now() - begin < soak_time() || rounds < 12) {
      one_by_one(db);
      transactions(db);
      many_at_once(db);
      sessions(db);
      threads(db, book);
      if (++rounds > 5 && !memory && Clock::now() - begin > soak_time() / 3) {
        memory = memory_in_use();
        files = open_files();
      }
    }
    CAPTURE(rounds);
    CHECK(db.get<Book>(book).stock == stock + 3 * rounds);
    CHECK(db.objects<Tag>().count() == 3);
    CHECK(db.objects<Author>().count() == 3);
    CHECK(db.connections().second == 0);
    CHECK(db.connections().first <= 4);
    REQUIRE(memory);
    // SQLite's cache of a connection that was seldom used may still grow, by 2 MB at most.
    CHECK(memory_in_use() < *memory + 2 * 1024 * 1024);
    CHECK(open_files() <= files);
    if (dialect == "postgresql") {
      const auto sessions = db.query<std::int64_t>(
          "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()");
      CHECK(std::get<0>(sessions.at(0)) <= 4);
    }
  }
}
