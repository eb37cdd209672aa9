#pragma once

#include <turnstone/app.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace shop_sqlite {

struct Author;
struct Book;
struct BookTag;
struct Country;
struct Profile;
struct Tag;

struct Author {
  std::int32_t id{};
  std::string name{};
  std::optional<turnstone::ForeignKey<Country, std::string>> country_code{};
  std::optional<turnstone::Date> born{};
  bool active{};
  static void describe(turnstone::Model<Author>& m);
};

struct Book {
  std::int32_t id{};
  std::string title{};
  std::optional<std::string> isbn{};
  turnstone::Decimal price{};
  std::uint32_t pages{};
  turnstone::ForeignKey<Author> author{};
  std::optional<turnstone::ForeignKey<Book>> sequel_of{};
  turnstone::Decimal net{};
  turnstone::DateTime made{};
  // no type of field has the column type GEOMETRY
  std::optional<std::string> shape{};
  turnstone::ManyToMany<Tag> tags{};
  static void describe(turnstone::Model<Book>& m);
};

struct BookTag {
  turnstone::ForeignKey<Book> book{};
  turnstone::ForeignKey<Tag> tag{};
  static void describe(turnstone::Model<BookTag>& m);
};

struct Country {
  // no type of field has the column type CHAR(2)
  std::string code{};
  std::string name{};
  static void describe(turnstone::Model<Country>& m);
};

struct Profile {
  std::int64_t id{};
  turnstone::OneToOne<Author> author{};
  std::optional<turnstone::Json> notes{};
  static void describe(turnstone::Model<Profile>& m);
};

struct Tag {
  std::int32_t id{};
  std::string label{};
  static void describe(turnstone::Model<Tag>& m);
};

inline void Author::describe(turnstone::Model<Author>& m) {
  using namespace turnstone;
  m.db_table("author");
  m.field<&Author::id>().primary_key().db_identity("rowid");
  m.field<&Author::name>().max_length(100).db_collation("NOCASE");
  m.field<&Author::country_code>().db_index(false).on_delete(SET_NULL).db_on_delete()
      .db_on_update("CASCADE").db_deferrable("no").db_column("country_code");
  m.field<&Author::born>();
  m.field<&Author::active>().db_default(true);
  m.check("author_check", raw<bool>("length(name) > 0"));
}

inline void Book::describe(turnstone::Model<Book>& m) {
  using namespace turnstone;
  m.db_table("book");
  m.field<&Book::id>().primary_key().db_identity("rowid");
  m.field<&Book::title>().max_length(200).db_default(std::string("untitled"));
  m.field<&Book::isbn>().max_length(13).unique().db_name("unique", "");
  m.field<&Book::price>().digits(10, 2).db_default(Decimal::parse("9.99"));
  m.field<&Book::pages>();
  m.field<&Book::author>().on_delete(DO_NOTHING).db_deferrable("no").db_column("author")
      .db_name("index", "book_by_author");
  m.field<&Book::sequel_of>().db_index(false).on_delete(SET_NULL).db_on_delete()
      .db_deferrable("no");
  m.field<&Book::net>().digits(10, 2).expression(raw<turnstone::Decimal>("price * 0.9"));
  m.field<&Book::made>().db_default(raw<turnstone::DateTime>("CURRENT_TIMESTAMP"));
  m.field<&Book::shape>().db_type("sqlite", "GEOMETRY");
  m.field<&Book::tags>().through<BookTag>();
  m.unique<&Book::title, &Book::author>("book_title_author_key").in_table();
  m.unique("book_title_ci", {OrderTerm(raw<std::string>("lower(title)")), OrderTerm(F<&Book::isbn>)});
  m.check("price_positive", raw<bool>("price >= 0"));
  m.index({desc(F<&Book::price>), OrderTerm(F<&Book::title>)}, "book_cheap")
      .condition(raw<bool>("price < 5"));
}

inline void BookTag::describe(turnstone::Model<BookTag>& m) {
  using namespace turnstone;
  m.db_table("book_tag");
  m.primary_key<&BookTag::book, &BookTag::tag>();
  m.field<&BookTag::book>().db_index(false).on_delete(DO_NOTHING).db_deferrable("no");
  m.field<&BookTag::tag>().db_index(false).on_delete(DO_NOTHING).db_deferrable("no");
}

inline void Country::describe(turnstone::Model<Country>& m) {
  using namespace turnstone;
  m.db_table("country");
  m.field<&Country::code>().db_type("sqlite", "CHAR(2)").primary_key();
  m.field<&Country::name>().max_length(80).unique().db_name("unique", "");
}

inline void Profile::describe(turnstone::Model<Profile>& m) {
  using namespace turnstone;
  m.db_table("profile");
  m.field<&Profile::id>().primary_key();
  m.field<&Profile::author>().on_delete(CASCADE).db_on_delete().db_name("unique", "");
  m.field<&Profile::notes>();
}

inline void Tag::describe(turnstone::Model<Tag>& m) {
  using namespace turnstone;
  m.db_table("tag");
  m.field<&Tag::id>().primary_key();
  m.field<&Tag::label>().unique().db_name("unique", "tag_label");
}

inline turnstone::App app() {
  return turnstone::App("shop_sqlite")
      .models<Author, Book, BookTag, Country, Profile, Tag>();
}

}  // namespace shop_sqlite
