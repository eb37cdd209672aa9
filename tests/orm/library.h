#pragma once

#include <turnstone/app.h>
#include <turnstone/orm.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/databases.h"

/// The models that the tests of the ORM work with, and a database that has them.
namespace library {

using turnstone::ForeignKey;

struct Book;

enum class Status { draft, published, retired };
constexpr auto turnstone_choices(Status) {
  using enum Status;
  return turnstone::choices<Status>(
      {{draft, "D", "Draft"}, {published, "P", "Published"}, {retired, "R", "Retired"}});
}

struct Country {
  std::string code{};
  std::string name{};
  static void describe(turnstone::Model<Country>& m);
};

struct Author {
  std::int64_t id{};
  std::string name{};
  std::optional<std::string> bio{};
  std::optional<ForeignKey<Country, std::string>> country{};
  std::optional<ForeignKey<Book>> best_book{};
  static void describe(turnstone::Model<Author>& m);
};

struct Tag {
  std::int64_t id{};
  std::string label{};
  static void describe(turnstone::Model<Tag>& m);
};

struct Book {
  std::int64_t id{};
  std::string title{};
  ForeignKey<Author> author{};
  std::optional<ForeignKey<Book>> sequel_of{};
  turnstone::ManyToMany<Tag> tags{};
  turnstone::Decimal price{};
  std::int32_t stock = 0;
  Status status = Status::draft;
  std::optional<turnstone::Date> published{};
  static void describe(turnstone::Model<Book>& m);
};

/// Every kind of value.
struct Sample {
  turnstone::Uuid id{};
  bool flag = false;
  std::int16_t small = 0;
  std::int64_t large = 0;
  double real = 0;
  turnstone::Decimal amount{};
  std::string text{};
  turnstone::Bytes data{};
  std::optional<turnstone::Date> date{};
  std::optional<turnstone::Time> time{};
  std::optional<turnstone::DateTime> moment{};
  std::optional<turnstone::Duration> span{};
  turnstone::Json meta{};
  turnstone::DateTime created{};
  turnstone::DateTime changed{};
  std::optional<std::int64_t> doubled{};  ///< the database computes it
  std::string origin{};                   ///< the database has a default
  static void describe(turnstone::Model<Sample>& m);
};

struct Place {
  std::int64_t id{};
  std::string name{};
  static void describe(turnstone::Model<Place>& m);
};

/// A child with a table of its own.
struct Restaurant : Place {
  std::int32_t seats = 0;
  static void describe(turnstone::Model<Restaurant>& m);
};

/// Links with values of their own.
struct Club {
  std::int64_t id{};
  std::string name{};
  turnstone::ManyToMany<Author> members{};
  static void describe(turnstone::Model<Club>& m);
};

struct Membership {
  std::int64_t id{};
  ForeignKey<Club> club{};
  ForeignKey<Author> author{};
  std::string role{};
  static void describe(turnstone::Model<Membership>& m);
};

turnstone::App app();

/// A scratch database with the tables of `app`.
class Fixture {
 public:
  explicit Fixture(const std::string& dialect, turnstone::DatabaseOptions options = {});
  turnstone::Database db;
  const std::string& url() const { return scratch_->url(); }
  /// Statements so far.
  std::size_t statements() const { return *statements_; }

 private:
  Fixture(std::unique_ptr<turnstone::test::ScratchDatabase> scratch,
          std::shared_ptr<std::size_t> statements, turnstone::DatabaseOptions options);
  std::shared_ptr<std::size_t> statements_;
  std::unique_ptr<turnstone::test::ScratchDatabase> scratch_;
};

/// Three authors, five books, three tags. Gives the books by title.
void fill(const turnstone::Database& db);

std::vector<std::string> titles(const std::vector<Book>& books);

}  // namespace library
