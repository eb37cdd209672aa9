#include "orm/library.h"

#include <turnstone/migrations/executor.h>

#include "support/models.h"

namespace library {

using namespace turnstone;

void Country::describe(Model<Country>& m) {
  m.field<&Country::code>().max_length(2).primary_key();
  m.field<&Country::name>().max_length(60);
}

void Author::describe(Model<Author>& m) {
  m.field<&Author::id>().primary_key();
  m.field<&Author::name>().max_length(20).unique();
  m.field<&Author::bio>();
  m.field<&Author::country>().on_delete(PROTECT);
  m.field<&Author::best_book>().on_delete(SET_NULL).related_name("best_of");
}

void Tag::describe(Model<Tag>& m) {
  m.field<&Tag::id>().primary_key();
  m.field<&Tag::label>().max_length(20);
}

void Book::describe(Model<Book>& m) {
  m.field<&Book::id>().primary_key();
  m.field<&Book::title>().max_length(40);
  m.field<&Book::author>().on_delete(CASCADE).related_name("books");
  m.field<&Book::sequel_of>().on_delete(RESTRICT).related_name("sequels");
  m.field<&Book::tags>().related_name("books");
  m.field<&Book::price>().digits(8, 2);
  m.field<&Book::stock>();
  m.field<&Book::status>();
  m.field<&Book::published>();
  m.unique_together<&Book::author, &Book::title>("book_author_title");
  m.check("book_price_gte_0", F<&Book::price> >= 0);
}

void Sample::describe(Model<Sample>& m) {
  m.field<&Sample::id>().primary_key().default_function("uuid4");
  m.field<&Sample::flag>();
  m.field<&Sample::small>();
  m.field<&Sample::large>();
  m.field<&Sample::real>();
  m.field<&Sample::amount>().digits(12, 3);
  m.field<&Sample::text>();
  m.field<&Sample::data>();
  m.field<&Sample::date>();
  m.field<&Sample::time>();
  m.field<&Sample::moment>();
  m.field<&Sample::span>();
  m.field<&Sample::meta>();
  m.field<&Sample::created>().auto_now_add();
  m.field<&Sample::changed>().auto_now();
  m.field<&Sample::doubled>().expression(F<&Sample::large> * 2);
  m.field<&Sample::origin>().max_length(20).db_default("earth");
}

void Place::describe(Model<Place>& m) {
  m.field<&Place::id>().primary_key();
  m.field<&Place::name>().max_length(40);
}

void Restaurant::describe(Model<Restaurant>& m) {
  m.bases<Place>();
  m.field<&Restaurant::seats>();
}

void Club::describe(Model<Club>& m) {
  m.field<&Club::id>().primary_key();
  m.field<&Club::name>().max_length(40);
  m.field<&Club::members>().through<Membership>();
}

void Membership::describe(Model<Membership>& m) {
  m.field<&Membership::id>().primary_key();
  m.field<&Membership::club>().on_delete(CASCADE);
  m.field<&Membership::author>().on_delete(CASCADE);
  m.field<&Membership::role>().max_length(20).default_value("reader");
}

App app() {
  return App("library")
      .models<Country, Author, Tag, Book, Sample, Place, Restaurant, Club, Membership>();
}

namespace {

void make_tables(const test::ScratchDatabase& scratch, const ProjectState& state) {
  test::ScriptedQuestioner nobody;
  std::vector<migrations::Migration> files;
  for (auto& [label, made] : migrations::detect_changes({}, state, {}, nobody, {})) {
    for (migrations::Migration& migration : made) {
      migration.digest = digest_of(migration);
      files.push_back(std::move(migration));
    }
  }
  const auto connection = scratch.connect();
  if (scratch.dialect().name() == "sqlite") connection->execute("PRAGMA synchronous = OFF");
  migrations::Reporter silent;
  migrations::migrate(*connection, scratch.backend(), files, {}, {}, {}, silent);
}

}  // namespace

Fixture::Fixture(const std::string& dialect, DatabaseOptions options)
    : Fixture(std::make_unique<test::ScratchDatabase>(dialect), std::make_shared<std::size_t>(0),
              std::move(options)) {}

Fixture::Fixture(std::unique_ptr<test::ScratchDatabase> scratch,
                 std::shared_ptr<std::size_t> statements, DatabaseOptions options)
    : db(scratch->url(), {app()},
         [&] {
           const auto inner = options.on_statement;
           options.on_statement = [statements, inner](const Executed& executed) {
             ++*statements;
             if (inner) inner(executed);
           };
           return options;
         }()),
      statements_(statements),
      scratch_(std::move(scratch)) {
  make_tables(*scratch_, db.mapping().state());
}

void fill(const Database& db) {
  Country country{"gb", "Britain"};
  db.insert(country);
  Author ada{.name = "Ada", .bio = "engines"};
  ada.country = ForeignKey<Country, std::string>("gb");
  Author bob{.name = "Bob"};
  Author cyd{.name = "Cyd", .bio = "no books"};
  for (Author* author : {&ada, &bob, &cyd}) db.save(*author);
  for (const char* label : {"math", "verse", "old"}) {
    Tag tag{.label = label};
    db.save(tag);
  }
  struct Line {
    const char* title;
    std::int64_t author;
    const char* price;
    std::int32_t stock;
    Status status;
    const char* published;
  };
  const Line lines[] = {{"Notes", ada.id, "9.50", 3, Status::published, "2020-01-05"},
                        {"Engines", ada.id, "20.00", 0, Status::draft, nullptr},
                        {"Verses", bob.id, "5.25", 7, Status::published, "2021-06-01"},
                        {"More verses", bob.id, "6.00", 1, Status::retired, "2022-02-02"},
                        {"Last verses", bob.id, "6.00", 0, Status::published, "2023-03-03"}};
  std::int64_t previous = 0;
  for (const Line& line : lines) {
    Book book;
    book.title = line.title;
    book.author = line.author;
    book.price = Decimal::parse(line.price);
    book.stock = line.stock;
    book.status = line.status;
    if (line.published) book.published = parse_date(line.published);
    if (book.title == "More verses") book.sequel_of = ForeignKey<Book>(previous);
    db.save(book);
    previous = book.id;
  }
  for (const auto& [book, tag] :
       std::vector<std::pair<int, int>>{{1, 1}, {2, 1}, {3, 2}, {3, 3}, {4, 2}}) {
    db.execute("INSERT INTO library_book_tags (book_id, tag_id) VALUES (?, ?)", book, tag);
  }
}

std::vector<std::string> titles(const std::vector<Book>& books) {
  std::vector<std::string> names;
  for (const Book& book : books) names.push_back(book.title);
  return names;
}

}  // namespace library
