#pragma once

#include <turnstone/app.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace shop_postgresql {

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
  // no type of field has the column type mood
  std::optional<std::string> current_mood{};
  static void describe(turnstone::Model<Author>& m);
};

struct Book {
  std::int64_t id{};
  std::string title{};
  std::optional<std::string> isbn{};
  turnstone::Decimal price{};
  std::uint32_t pages{};
  turnstone::ForeignKey<Author> author{};
  std::optional<turnstone::ForeignKey<Book>> sequel_of{};
  turnstone::Decimal net{};
  turnstone::DateTime made{};
  std::vector<std::string> words{};
  std::optional<std::string> sold{};
  // no type of field has the column type real
  std::optional<std::string> offset_minutes{};
  turnstone::ManyToMany<Tag> tags{};
  static void describe(turnstone::Model<Book>& m);
};

struct BookTag {
  turnstone::ForeignKey<Book> book{};
  turnstone::ForeignKey<Tag> tag{};
  static void describe(turnstone::Model<BookTag>& m);
};

struct Country {
  // no type of field has the column type char(2)
  std::string code{};
  std::string name{};
  static void describe(turnstone::Model<Country>& m);
};

struct Profile {
  std::int64_t id{};
  turnstone::OneToOne<Author> author{};
  turnstone::Json notes{};
  static void describe(turnstone::Model<Profile>& m);
};

struct Tag {
  std::int64_t id{};
  std::string label{};
  static void describe(turnstone::Model<Tag>& m);
};

inline void Author::describe(turnstone::Model<Author>& m) {
  using namespace turnstone;
  m.db_table("author");
  m.db_table_comment("who writes");
  m.field<&Author::id>().primary_key().db_name("primary_key", "author_pkey");
  m.field<&Author::name>().max_length(100).db_comment("as on the cover");
  m.field<&Author::country_code>().db_index(false).on_delete(SET_NULL).db_on_delete()
      .db_on_update("CASCADE").db_deferrable("no").db_column("country_code")
      .db_name("foreign_key", "author_country_code_fkey");
  m.field<&Author::born>();
  m.field<&Author::active>().db_default(true);
  m.field<&Author::current_mood>().db_type("postgresql", "mood")
      .db_default(raw<std::string>("'happy'::mood"));
  m.check("author_name_check", raw<bool>("length((name)::text) > 0"));
}

inline void Book::describe(turnstone::Model<Book>& m) {
  using namespace turnstone;
  m.db_table("book");
  m.field<&Book::id>().primary_key().db_name("primary_key", "book_pkey");
  m.field<&Book::title>().max_length(200).db_default(std::string("untitled"));
  m.field<&Book::isbn>().max_length(13);
  m.field<&Book::price>().digits(10, 2).db_default(Decimal::parse("9.99"));
  m.field<&Book::pages>().db_name("check", "book_pages_check");
  m.field<&Book::author>().on_delete(DO_NOTHING).db_deferrable("no").db_column("author")
      .db_name("foreign_key", "book_author_fkey").db_name("index", "book_by_author");
  m.field<&Book::sequel_of>().db_index(false).on_delete(SET_NULL).db_on_delete()
      .db_deferrable("immediate").db_name("foreign_key", "book_sequel_of_id_fkey");
  m.field<&Book::net>().digits(10, 2).expression(raw<turnstone::Decimal>("price * 0.9"));
  m.field<&Book::made>().db_default(raw<turnstone::DateTime>("now()"));
  m.field<&Book::words>().db_default(raw<std::vector<std::string>>("'{}'::text[]"));
  m.field<&Book::sold>().type("DateRangeField");
  m.field<&Book::offset_minutes>().db_type("postgresql", "real");
  m.field<&Book::tags>().through<BookTag>();
  m.unique<&Book::isbn>("book_isbn_key");
  m.exclusion("book_sold_apart", {{F<&Book::sold>.expression(), "&&"}})
      .condition(raw<bool>("sold IS NOT NULL"));
  m.unique<&Book::title, &Book::author>("book_title_author_key");
  m.unique("book_title_ci", {OrderTerm(raw<std::string>("lower((title)::text)")), OrderTerm(F<&Book::isbn>)});
  m.check("price_positive", raw<bool>("price >= (0)::numeric"));
  m.index({desc(F<&Book::price>), OrderTerm(F<&Book::title>)}, "book_cheap")
      .condition(raw<bool>("price < (5)::numeric"));
  m.index({OrderTerm(desc(F<&Book::made>).nulls_last())}, "book_made").include<&Book::title>();
  m.index<&Book::words>("book_words").type("GinIndex").parameter("fastupdate", false);
}

inline void BookTag::describe(turnstone::Model<BookTag>& m) {
  using namespace turnstone;
  m.db_table("book_tag");
  m.primary_key<&BookTag::book, &BookTag::tag>("book_tag_pkey");
  m.field<&BookTag::book>().db_index(false).on_delete(DO_NOTHING).db_deferrable("no")
      .db_name("foreign_key", "book_tag_book_id_fkey");
  m.field<&BookTag::tag>().db_index(false).on_delete(DO_NOTHING).db_deferrable("no")
      .db_name("foreign_key", "book_tag_tag_id_fkey");
}

inline void Country::describe(turnstone::Model<Country>& m) {
  using namespace turnstone;
  m.db_table("country");
  m.field<&Country::code>().db_type("postgresql", "char(2)").primary_key()
      .db_name("primary_key", "country_pkey");
  m.field<&Country::name>().max_length(80);
  m.unique<&Country::name>("country_name_key");
}

inline void Profile::describe(turnstone::Model<Profile>& m) {
  using namespace turnstone;
  m.db_table("profile");
  m.field<&Profile::id>().primary_key().db_identity("always")
      .db_name("primary_key", "profile_key");
  m.field<&Profile::author>().on_delete(CASCADE).db_on_delete()
      .db_name("foreign_key", "profile_author_id_fkey").db_name("unique", "profile_author_id_key");
  m.field<&Profile::notes>().db_default(raw<turnstone::Json>("'{}'::jsonb"));
}

inline void Tag::describe(turnstone::Model<Tag>& m) {
  using namespace turnstone;
  m.db_table("tag");
  m.field<&Tag::id>().primary_key().db_name("primary_key", "tag_pkey");
  m.field<&Tag::label>();
  m.unique("tag_label", {OrderTerm(raw<std::string>("\"label\""))});
}

inline turnstone::App app() {
  return turnstone::App("shop_postgresql")
      .models<Author, Book, BookTag, Country, Profile, Tag>();
}

}  // namespace shop_postgresql
