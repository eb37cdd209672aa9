// Nothing here may compile: every line with an expectation must give that message. One file for
// all, because the headers cost more than the mistakes.

#include <turnstone/models.h>

using namespace turnstone;

namespace {

struct Author {
  std::int64_t id{};
  std::string name{};
};
enum class Bare { one };
struct Strange {
  int* pointer{};
};

struct Book {
  std::int64_t id{};
  std::string title{};
  std::int32_t stock{};
  bool active{};
  Decimal price{};
  DateTime created{};
  std::optional<std::int64_t> number{};
  ForeignKey<Author> author{};
  ManyToMany<Author> readers{};
  Bare bare{};
  Strange strange{};
};

}  // namespace

void options(Model<Book>& m) {
  m.field<&Book::stock>().max_length(5);       // EXPECT max_length() needs a std::string
  m.field<&Book::title>().digits(10, 2);       // EXPECT digits() needs a Decimal member
  m.field<&Book::title>().auto_now();          // EXPECT auto_now() needs a Date, Time or DateTime
  m.field<&Book::title>().on_delete(CASCADE);  // EXPECT on_delete() needs a ForeignKey or OneToOne
  m.field<&Book::title>().null();              // EXPECT null() needs a std::optional member
  m.field<&Book::readers>().unique();          // EXPECT unique() needs a member with a column
  m.field<&Book::stock>().default_value("x");  // EXPECT default_value() does not fit the type
  m.field<&Book::price>().default_value(0.5);  // EXPECT default_value() does not fit the type
  m.field<&Book::active>().default_value(1);   // EXPECT default_value() does not fit the type
  m.field<&Book::number>().primary_key();      // EXPECT primary_key() cannot be std::optional
  m.field<&Book::author>().type("TextField");  // EXPECT type() narrows plain members
  m.field<&Book::author>().to_field<&Author::name>();          // EXPECT to_field() has another type
  m.field<&Book::stock>().expression(lower(F<&Book::title>));  // EXPECT expression() gives another
  m.field<&Book::title>().through<Author>();  // EXPECT through() needs a ManyToMany member
}

void members(Model<Book>& m) {
  m.field<&Book::bare>();     // EXPECT an enum needs a turnstone_choices function beside it
  m.field<&Book::strange>();  // EXPECT the type of this member has no column
  m.field<&Author::name>();   // EXPECT field<> names a member of a class this model does not derive
  m.inherit<Author>();        // EXPECT inherit<> takes a base class of the model
  m.index<&Author::name>();  // EXPECT the member belongs to a class this model does not derive from
}

void expressions(Model<Book>& m) {
  m.check("a",
          F<&Book::stock> == "five");    // EXPECT cannot be compared with the field (type mismatch)
  m.check("b", F<&Book::price> > 10.5);  // EXPECT cannot be compared with the field (type mismatch)
  m.check("c", F<&Book::stock>);         // EXPECT check() takes a condition
  m.check("d", F<&Book::stock>.icontains("x"));       // EXPECT compares a text field with a text
  m.check("e", F<&Book::title> + 1 > 2);              // EXPECT arithmetic joins numbers, or a time
  m.check("f", F<&Book::stock> && F<&Book::active>);  // EXPECT && joins two conditions
  m.check("g", F<&Book::title, &Author::name> == "Ada");  // EXPECT this path does not join up
}
