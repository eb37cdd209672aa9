#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <random>
#include <stdexcept>
#include <thread>

#include "orm/library.h"

// Programs that are killed while they commit, and several that work at once.

using namespace turnstone;
using namespace library;

namespace {

/// Runs `work` in a process of its own.
template <class Work>
pid_t start(const Work& work) {
  const pid_t child = fork();
  if (child != 0) return child;
  try {
    work();
    _exit(0);
  } catch (...) {
    _exit(1);
  }
}

int outcome(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("a session that is killed while it commits leaves all or nothing") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const std::string url = fixture.url();
    std::mt19937 random(11);
    for (int round = 0; round < 8; ++round) {
      int committed[2];
      REQUIRE(pipe(committed) == 0);
      const pid_t child = start([&] {
        const Database db(url, {app()});
        for (int i = 0;; ++i) {
          Session session(db);
          const std::string name = std::to_string(round) + "." + std::to_string(i);
          auto author = session.add(Author{.name = name});
          for (int n = 0; n < 30; ++n) {
            session.add(Book{.title = "book " + std::to_string(n), .author = author});
          }
          session.commit();
          if (write(committed[1], "c", 1) != 1) throw std::runtime_error("nobody listens");
        }
      });
      close(committed[1]);
      char told = 0;
      CHECK(read(committed[0], &told, 1) == 1);
      // Any moment of the sessions that follow.
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 30'000));
      kill(child, SIGKILL);
      close(committed[0]);
      CHECK(outcome(child) == -1);
    }
    const auto authors = fixture.db.objects<Author>().annotate("n", count(F<rev<&Book::author>>));
    CHECK(authors.count() >= 8);
    CHECK(authors.filter("n", 30).count() == authors.count());
    CHECK(fixture.db.objects<Book>().count() == 30 * authors.count());
  }
}

TEST_CASE("processes that add to the same row lose nothing") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    fill(fixture.db);
    const std::string url = fixture.url();
    std::vector<pid_t> children;
    for (int i = 0; i < 3; ++i) {
      children.push_back(start([&] {
        const Database db(url, {app()});
        for (int n = 0; n < 20; ++n) {
          db.atomic([&] {
            Book book = db.objects<Book>().filter("title", "Notes").for_update().get();
            ++book.stock;
            db.save<&Book::stock>(book);
          });
        }
      }));
    }
    for (const pid_t child : children) CHECK(outcome(child) == 0);
    CHECK(fixture.db.objects<Book>().filter("title", "Notes").get().stock == 63);
  }
}

TEST_CASE("a connection that was lost is replaced, and none is left over") {
  for (const std::string& dialect : test::test_dialects()) {
    if (dialect == "sqlite") continue;  // has nobody to cut it
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    const auto cut = [&] { db.query<bool>("SELECT pg_terminate_backend(pg_backend_pid())"); };
    CHECK_THROWS_AS(cut(), OperationalError);
    CHECK(db.objects<Book>().count() == 5);
    const auto inside = [&] {
      db.atomic([&] {
        db.objects<Book>().update(F<&Book::stock>.set(0));
        cut();
      });
    };
    CHECK_THROWS_AS(inside(), OperationalError);
    CHECK(db.objects<Book>().filter("stock", 0).count() == 2);
    CHECK(db.connections() == std::pair<std::size_t, std::size_t>(1, 0));
  }
}
