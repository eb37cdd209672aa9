#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "orm/library.h"

// The page `core/orm/README.md`: every block of code on it stands here, and is run.

using namespace turnstone;
using namespace library;

namespace {

std::string text_of(const std::string& path) {
  const char* source = std::getenv("TURNSTONE_SOURCE");
  std::ifstream file(std::string(source ? source : ".") + "/" + path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string without_blanks(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c != ' ' && c != '\n') result += c;
  }
  return result;
}

}  // namespace

TEST_CASE("the page of the README runs") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    const Fixture fixture(dialect);
    const Database& db = fixture.db;
    fill(db);
    const Author ada = db.objects<Author>().filter("name", "Ada").get();
    Book book{.title = "Sketches", .author = ada.id};
    db.save(book);
    Book third = db.get<Book>(3);
    CHECK(third.title == "Verses");
    auto cheap = db.objects<Book>()
                     .filter(F<&Book::price> < 10 && F<&Book::author, &Author::name> == "Ada")
                     .all();
    CHECK(cheap.size() == 2);
    auto prose = db.objects<Book>().exclude(F<&Book::title>.icontains("verse")).all();
    CHECK(prose.size() == 3);
    auto rare = db.objects<Book>().filter(Q("stock", 0) || Q("price__gt", 15)).all();
    CHECK(rare.size() == 3);
    auto top = db.objects<Book>().order_by(desc(F<&Book::price>), F<&Book::title>).limit(3).all();
    CHECK(titles(top) == std::vector<std::string>{"Engines", "Notes", "Last verses"});
    auto in_stock = db.objects<Book>().filter(F<&Book::stock> > 0).count();
    CHECK(in_stock == 3);
    auto authors = db.objects<Author>().filter(F<rev<&Book::author>, &Book::price> >= 6).all();
    CHECK(authors.size() == 2);
    auto with_authors = db.objects<Book>().select_related<&Book::author>().all();
    CHECK(with_authors[0].author->name == "Ada");
    auto with_tags = db.objects<Book>().prefetch_related<&Book::tags>().all();
    CHECK(with_tags[0].tags.rows().size() == 1);
    auto names = db.objects<Book>().select(F<&Book::title>, F<&Book::author, &Author::name>).all();
    CHECK(names.size() == 6);
    auto total = db.objects<Book>().aggregate(sum(F<&Book::price>));
    CHECK(total == Decimal::parse("46.75"));
    auto groups = db.objects<Book>().select(F<&Book::author>, count(), sum(F<&Book::stock>)).all();
    CHECK(groups.size() == 2);
    auto busy =
        db.objects<Author>().annotate("n", count(F<rev<&Book::author>>)).filter("n__gt", 2).all();
    CHECK(busy.size() == 2);
    db.objects<Book>().filter(F<&Book::stock> > 0).update(F<&Book::stock>.set(F<&Book::stock> - 1));
    CHECK(db.get<Book>(3).stock == 6);
    auto [eve, made] = db.objects<Author>().get_or_create(F<&Author::name> == "Eve",
                                                          [](Author& a) { a.bio = "new"; });
    CHECK(made);
    CHECK(eve.name == "Eve");
    std::vector<Tag> tags{Tag{.label = "a"}, Tag{.label = "b"}};
    db.objects<Tag>().bulk_create(tags);
    db.atomic([&] {
      Book locked = db.objects<Book>().filter(F<&Book::title> == "Notes").for_update().get();
      locked.stock += 5;
      db.save<&Book::stock>(locked);
    });
    CHECK(db.get<Book>(1).stock == 7);
    links<&Book::tags>(db, book).add(tags[0]);
    auto written = related<&Book::author>(db, ada).all();
    CHECK(written.size() == 3);
    db.objects<Book>().filter(F<&Book::author> == ada.id && F<&Book::stock> == 0).remove();
    CHECK(db.objects<Book>().count() == 4);
    Session session(db);
    auto zoe = session.add(Author{.name = "Zoe"});
    session.add(Book{.title = "Zoology", .author = zoe});
    session.commit();
    CHECK(db.objects<Book>().filter("author__name", "Zoe").count() == 1);
  }
}

TEST_CASE("every block of code of the README is in this file") {
  const std::string page = text_of("core/orm/README.md");
  const std::string here = without_blanks(text_of("tests/orm/readme.cpp"));
  REQUIRE(page.size() > 1000);
  const std::string fence = "```";
  int blocks = 0;
  std::size_t at = page.find(fence + "cpp");
  while (at != std::string::npos) {
    const std::size_t begin = at + fence.size() + 3;
    const std::size_t end = page.find(fence, begin);
    // Statement by statement: checks stand between them here.
    std::stringstream block(page.substr(begin, end - begin));
    std::string statement;
    int depth = 0;
    for (std::string line; std::getline(block, line);) {
      statement += line;
      for (const char c : line) depth += c == '{' || c == '(' ? 1 : c == '}' || c == ')' ? -1 : 0;
      if (depth != 0 || statement.empty() || statement.back() != ';') continue;
      CAPTURE(statement);
      CHECK(here.find(without_blanks(statement)) != std::string::npos);
      statement.clear();
    }
    CHECK(statement.empty());
    ++blocks;
    at = page.find(fence + "cpp", end + fence.size());
  }
  CHECK(blocks == 21);
}
