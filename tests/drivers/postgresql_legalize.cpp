#include <doctest/doctest.h>
#include <turnstone/match.h>

#include "drivers/postgresql_support.h"

namespace turnstone::test {
namespace {

/// Steps in a few words, for comparison.
struct Words {
  std::string operator()(const step::CreateTable& s) const {
    return "create " + s.table.name +
           (s.table.foreign_keys.empty() ? "" : " with its foreign keys");
  }
  std::string operator()(const step::DropTable& s) const { return "drop " + s.table.name; }
  std::string operator()(const step::RenameTable& s) const {
    return "rename " + s.from + " to " + s.to + sequences(s.sequences);
  }
  std::string operator()(const step::RenameColumn& s) const {
    return "rename " + s.table + "." + s.from + " to " + s.to + sequences(s.sequences);
  }
  std::string operator()(const step::AddColumn& s) const {
    return "add " + s.table + "." + s.column.name + (s.fill ? " filled" : "");
  }
  std::string operator()(const step::DropColumn& s) const {
    return "drop " + s.table + "." + s.column.name;
  }
  std::string operator()(const step::AlterColumn& s) const {
    return "alter " + s.table + "." + s.after.name;
  }
  std::string operator()(const step::SetPrimaryKey& s) const {
    return s.after ? "add primary key" : "drop primary key";
  }
  std::string operator()(const step::AddConstraint& s) const {
    return "add " + s.table + " " + name_of(s.constraint);
  }
  std::string operator()(const step::DropConstraint& s) const {
    return "drop " + s.table + " " + name_of(s.constraint);
  }
  std::string operator()(const step::CreateIndex& s) const { return "index " + s.index.name; }
  std::string operator()(const step::DropIndex& s) const { return "drop index " + s.index.name; }
  std::string operator()(const step::RawSql&) const { return "raw"; }
  std::string operator()(const step::RunCode&) const { return "code"; }
  template <class Other>
  std::string operator()(const Other&) const {
    return "other";
  }
  static std::string sequences(const std::vector<std::pair<std::string, std::string>>& renames) {
    std::string text;
    for (const auto& [column, to] : renames) text += ", sequence of " + column + " to " + to;
    return text;
  }
};

std::vector<std::string> words(const Schema& before, std::vector<PlannedStep> steps) {
  std::vector<std::string> result;
  for (const PlannedStep& planned : postgresql().legalize(before, std::move(steps))) {
    result.push_back(match(planned.step, Words{}));
  }
  return result;
}

Table with_key(Table table, const ForeignKeyConstraint& key) {
  table.foreign_keys.push_back(key);
  return table;
}

using Strings = std::vector<std::string>;

TEST_CASE("foreign keys come at the end of their operation") {
  const Table author = table("author", {});
  const Table book = with_key(table("book", {column("author_id", "bigint")}),
                              foreign_key("book_fk", "author_id", "author"));
  CHECK(words({}, planned({step::CreateTable{author}, step::CreateTable{book}})) ==
        Strings{"create author", "create book", "add book book_fk"});
  CHECK(words({}, planned_apart(
                      {step::CreateTable{author}, step::CreateTable{book}, step::RunCode{"f"}})) ==
        Strings{"create author", "create book", "add book book_fk", "code"});
  Schema schema;
  schema.set(author);
  schema.set(table("book", {}));
  CHECK(words(schema, planned({step::AddColumn{
                                   .table = "book",
                                   .column = column("author_id", "bigint", true),
                                   .foreign_key = foreign_key("book_fk", "author_id", "author")},
                               step::CreateIndex{"book", TableIndex{.name = "i"}}})) ==
        Strings{"add book.author_id", "index i", "add book book_fk"});
}

TEST_CASE("foreign keys wait for their target, past code and through renames") {
  const Table book = with_key(table("book", {column("author_id", "bigint")}),
                              foreign_key("book_fk", "author_id", "author"));
  const Table author = with_key(table("author", {column("book_id", "bigint")}),
                                foreign_key("author_fk", "book_id", "book"));
  CHECK(
      words({}, planned_apart(
                    {step::CreateTable{book}, step::RunCode{"f"}, step::CreateTable{author}})) ==
      Strings{"create book", "code", "create author", "add book book_fk", "add author author_fk"});
  const auto steps = postgresql().legalize(
      {}, planned_apart({step::CreateTable{book}, step::RenameTable{.from = "book", .to = "tome"},
                         step::RenameColumn{.table = "tome", .from = "author_id", .to = "by_id"},
                         step::CreateTable{table("author", {})}}));
  const auto& added = std::get<step::AddConstraint>(steps.back().step);
  CHECK(added.table == "tome");
  CHECK(std::get<ForeignKeyConstraint>(added.constraint).columns == Strings{"by_id"});
  CHECK(steps.back().operation == 0);
  // A table that no step makes is somebody else's: the key comes last.
  CHECK(words({}, planned_apart({step::CreateTable{book}, step::RunCode{"f"}})) ==
        Strings{"create book", "code", "add book book_fk"});
}

TEST_CASE("a waiting key goes with its table, its column, or by name") {
  const Table book = with_key(table("book", {column("author_id", "bigint")}),
                              foreign_key("book_fk", "author_id", "author"));
  const auto fk = foreign_key("book_fk", "author_id", "author");
  CHECK(words({}, planned_apart({step::CreateTable{book}, step::DropTable{book}})) ==
        Strings{"create book", "drop book"});
  CHECK(words({}, planned_apart({step::CreateTable{book},
                                 step::DropColumn{"book", column("author_id", "bigint")}})) ==
        Strings{"create book", "drop book.author_id"});
  CHECK(words({}, planned_apart({step::CreateTable{book}, step::DropConstraint{"book", fk}})) ==
        Strings{"create book"});
  CHECK(words({}, planned_apart({step::CreateTable{book},
                                 step::RenameConstraint{"book", fk, "other_fk"},
                                 step::CreateTable{table("author", {})}})) ==
        Strings{"create book", "create author", "add book other_fk"});
}

TEST_CASE("a key's column changes its type without its foreign keys") {
  Schema schema;
  schema.set(table("author", {}));
  schema.set(with_key(table("book", {column("author_id", "bigint")}),
                      foreign_key("book_fk", "author_id", "author")));
  Column id = schema.at("author").columns[0];
  Column id_after = id;
  id_after.type = "integer";
  CHECK(
      words(schema, planned({step::AlterColumn{"author", id, id_after, {}},
                             step::AlterColumn{"book",
                                               column("author_id", "bigint"),
                                               column("author_id", "integer"),
                                               {}}})) ==
      Strings{"drop book book_fk", "alter author.id", "alter book.author_id", "add book book_fk"});
  // Only the length of a text, or whether it may be NULL: the key stays.
  CHECK(words(schema, planned({step::AlterColumn{"book",
                                                 column("author_id", "bigint"),
                                                 column("author_id", "bigint", true),
                                                 {}}})) == Strings{"alter book.author_id"});
}

TEST_CASE("what is written over a column of another kind is made again") {
  Table book = table("book", {column("code", "varchar(10)"), column("other", "integer")});
  Column doubled = column("doubled", "text", true);
  doubled.generated = "\"code\" || 'x'";
  book.columns.push_back(doubled);
  book.checks = {Check{.name = "filled", .condition = "\"code\" <> ''"},
                 Check{.name = "positive", .condition = "\"other\" > 0"}};
  TableIndex partial{.name = "partial"};
  partial.parts = {IndexPart{.column = "other"}};
  partial.condition = "\"code\" <> ''";
  TableIndex plain{.name = "plain"};
  plain.parts = {IndexPart{.column = "code"}};
  TableIndex of_generated{.name = "of_generated"};
  of_generated.parts = {IndexPart{.column = "doubled"}};
  book.indexes = {partial, plain, of_generated};
  Schema schema;
  schema.set(book);
  CHECK(
      words(schema, planned({step::AlterColumn{
                        "book", column("code", "varchar(10)"), column("code", "integer"), {}}})) ==
      Strings{"drop index of_generated", "drop book.doubled", "drop index partial",
              "drop book filled", "alter book.code", "add book filled", "index partial",
              "add book.doubled", "index of_generated"});
  // Longer text: only the generated column is in the way.
  CHECK(words(schema,
              planned({step::AlterColumn{
                  "book", column("code", "varchar(10)"), column("code", "varchar(20)"), {}}})) ==
        Strings{"drop index of_generated", "drop book.doubled", "alter book.code",
                "add book.doubled", "index of_generated"});
}

TEST_CASE("identity sequences follow their table and column") {
  Schema schema;
  schema.set(table("book", {column("n", "integer")}));
  CHECK(words(schema, planned({step::RenameTable{.from = "book", .to = "tome"},
                               step::RenameColumn{.table = "tome", .from = "id", .to = "key"},
                               step::RenameColumn{.table = "tome", .from = "n", .to = "m"}})) ==
        Strings{"rename book to tome, sequence of id to tome_id_seq",
                "rename tome.id to key, sequence of key to tome_key_seq", "rename tome.n to m"});
}

TEST_CASE("a fill that the column does by itself is left out") {
  Schema schema;
  schema.set(table("book", {}));
  Column with_default = column("n", "integer");
  with_default.default_sql = "7";
  Column numbered = column("k", "bigint");
  numbered.identity = Column::Identity::by_default;
  CHECK(words(schema,
              planned({step::AddColumn{.table = "book", .column = with_default, .fill = "7"},
                       step::AddColumn{.table = "book", .column = numbered, .fill = "7"},
                       step::AddColumn{
                           .table = "book", .column = column("m", "integer"), .fill = "8"}})) ==
        Strings{"add book.n", "add book.k", "add book.m filled"});
}

TEST_CASE("legal steps lead to the same schema") {
  Schema before;
  before.set(table("author", {}));
  before.set(with_key(table("book", {column("author_id", "bigint")}),
                      foreign_key("book_fk", "author_id", "author")));
  const std::vector<PlannedStep> steps = planned_apart(
      {step::CreateTable{with_key(table("review", {column("book_id", "bigint")}),
                                  foreign_key("review_fk", "book_id", "book"))},
       step::RenameTable{.from = "book", .to = "tome"},
       step::AlterColumn{
           "author", before.at("author").columns[0], Column{.name = "id", .type = "integer"}, {}}});
  Schema wanted = before;
  for (const PlannedStep& planned : steps) apply_step(wanted, planned.step);
  Schema result = before;
  for (const PlannedStep& planned : postgresql().legalize(before, steps)) {
    apply_step(result, planned.step);
  }
  CHECK(schema_differences(result, wanted) == Strings{});
}

TEST_CASE("steps about tables that no step made are left as they are") {
  // State operations beside raw SQL tell of tables and columns the schema before does not have.
  CHECK(words({}, planned_apart(
                      {step::RawSql{},
                       step::AlterColumn{"t", column("a", "integer"), column("a", "bigint"), {}},
                       step::RenameTable{.from = "t", .to = "u"},
                       step::RenameColumn{.table = "u", .from = "a", .to = "b"},
                       step::AddColumn{.table = "u", .column = column("c", "integer")},
                       step::DropColumn{"u", column("c", "integer")},
                       step::DropTable{table("u", {})}})) ==
        Strings{"raw", "alter t.a", "rename t to u", "rename u.a to b", "add u.c", "drop u.c",
                "drop u"});
}

}  // namespace
}  // namespace turnstone::test
