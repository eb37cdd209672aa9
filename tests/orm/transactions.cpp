#include <doctest/doctest.h>

#include <thread>

#include "orm/library.h"

using namespace turnstone;
using namespace library;

namespace {

void add_tag(const Database& db, const std::string& label) {
  Tag tag{.label = label};
  db.save(tag);
}

std::vector<std::string> labels(const Database& db) {
  return db.objects<Tag>().order_by("label").select(F<&Tag::label>).values();
}

using Labels = std::vector<std::string>;

}  // namespace

TEST_CASE("a transaction keeps all or nothing") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    {
      auto tx = db.atomic();
      add_tag(db, "a");
      tx.commit();
    }
    {
      auto tx = db.atomic();
      add_tag(db, "b");
    }
    CHECK(labels(db) == Labels{"a"});
    CHECK_THROWS_AS(db.atomic([&] {
      add_tag(db, "c");
      throw std::runtime_error("no");
    }),
                    std::runtime_error);
    CHECK(labels(db) == Labels{"a"});
    CHECK(db.atomic([&] {
      add_tag(db, "d");
      CHECK_THROWS_AS(db.atomic([&] {
        add_tag(db, "e");
        throw std::runtime_error("no");
      }),
                      std::runtime_error);
      db.atomic([&] { add_tag(db, "f"); });
      return 7;
    }) == 7);
    CHECK(labels(db) == Labels{"a", "d", "f"});
    CHECK_FALSE(db.in_atomic());
    CHECK(db.connections().second == 0);
  }
}

TEST_CASE("hooks run after the outermost commit, and only then") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    Labels ran;
    const auto hook = [&](const std::string& name) {
      db.on_commit([&ran, name] { ran.push_back(name); });
    };
    db.atomic([&] {
      hook("first");
      db.atomic([&] { hook("inner"); });
      {
        auto gone = db.atomic();
        hook("rolled back");
      }
      hook("last");
      CHECK(ran.empty());
    });
    CHECK(ran == Labels{"first", "inner", "last"});
    {
      auto gone = db.atomic();
      hook("never");
    }
    hook("at once");
    CHECK(ran == Labels{"first", "inner", "last", "at once"});
  }
}

TEST_CASE("after a failed statement the block refuses everything until it ends") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    const auto again = [&] {
      Author bob{.name = "Bob"};
      db.save(bob);
    };
    {
      auto tx = db.atomic();
      CHECK_THROWS_AS(again(), IntegrityError);
      CHECK_THROWS_WITH(db.objects<Tag>().count(),
                        "a statement failed in this atomic block, and nothing else can run in it");
      CHECK_THROWS_WITH(tx.commit(), doctest::Contains("rolled back, not committed"));
    }
    db.atomic([&] {
      CHECK_THROWS_AS(db.atomic(again), IntegrityError);
      add_tag(db, "after");
    });
    CHECK(db.objects<Tag>().filter("label", "after").exists());
  }
}

TEST_CASE("blocks know what cannot be asked of them") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    {
      auto tx = db.atomic();
      CHECK_THROWS_WITH(db.atomic(AtomicOptions{.durable = true}),
                        doctest::Contains("inside of another"));
      CHECK_THROWS_WITH(db.atomic(AtomicOptions{.isolation = Isolation::serializable}),
                        doctest::Contains("inside of another"));
      tx.rollback();
      CHECK_THROWS_WITH(tx.commit(), "this atomic block has ended already");
    }
    auto reading = db.atomic(AtomicOptions{.read_only = true});
    CHECK(labels(db).empty());
    CHECK_THROWS_AS(add_tag(db, "x"), DatabaseError);
    reading.rollback();
    add_tag(db, "x");
    CHECK(labels(db) == Labels{"x"});
  }
}

TEST_CASE("threads that add to the same row lose nothing, locked or retried") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    const auto many = [&](const auto& work) {
      std::vector<std::thread> threads;
      for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
          for (int n = 0; n < 10; ++n) work();
        });
      }
      for (std::thread& thread : threads) thread.join();
    };
    const auto add = [&](const Database& at, bool lock) {
      auto query = at.objects<Book>().filter("title", "Notes");
      if (lock) query = query.for_update();
      Book book = query.get();
      ++book.stock;
      at.save<&Book::stock>(book);
    };
    many([&] { db.atomic([&] { add(db, true); }); });
    CHECK(db.objects<Book>().filter("title", "Notes").get().stock == 43);
    AtomicOptions serializable{.isolation = Isolation::serializable};
    serializable.retries = 100;
    many([&] { db.atomic([&] { add(db, false); }, serializable); });
    CHECK(db.objects<Book>().filter("title", "Notes").get().stock == 83);
    CHECK(db.connections().second == 0);
  }
}
