#include "cli/prompt.h"

#include <doctest/doctest.h>

#include <sstream>

#include "cli/session.h"

namespace turnstone::test {
namespace {

Field field_of(const std::string& name, FieldType type) {
  Field field{.name = name, .type = type};
  if (type == FieldType::character) field.max_length = 20;
  if (type == FieldType::decimal) {
    field.max_digits = 6;
    field.decimal_places = 2;
  }
  return field;
}

ModelState book() { return {.app = "blog", .name = "Book"}; }

/// A person who types `input`.
struct Person {
  explicit Person(const std::string& input) : in(input) {}
  std::istringstream in;
  std::ostringstream out{};
  std::ostringstream err{};
  cli::Output output{out, err};
  cli::Prompt prompt{in, output};
  ProjectState models{};
  cli::TerminalQuestioner questioner{prompt, models};
};

std::string text_of(const std::optional<Default>& value) {
  if (!value) return "nothing";
  if (const auto* function = std::get_if<DefaultFunction>(&*value)) return function->name + "()";
  return std::get<Json>(*value).text();
}

}  // namespace

TEST_CASE("yes and no are asked for until they are given") {
  CHECK(Person("y\n").prompt.yes("Sure?"));
  CHECK(Person("YES\n").prompt.yes("Sure?"));
  CHECK_FALSE(Person("\n").prompt.yes("Sure?"));
  CHECK_FALSE(Person("no\n").prompt.yes("Sure?"));
  Person unsure("maybe\n y \n");
  CHECK(unsure.prompt.yes("Sure?"));
  CHECK(unsure.err.str() == "Sure? [y/N] Please answer y or n; \"exit\" cancels.\nSure? [y/N] ");
  CHECK(unsure.out.str().empty());
}

TEST_CASE("exit and the end of input cancel") {
  for (const char* input : {"exit\n", "", "maybe\n"}) {
    CAPTURE(input);
    try {
      Person(input).prompt.yes("Sure?");
      FAIL("answered");
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::cancelled);
      CHECK(std::string(error.what()) == "cancelled; nothing was written");
    }
  }
}

TEST_CASE("a value for existing rows is taken as JSON, or as the text it plainly is") {
  struct Case {
    FieldType type;
    const char* typed;
    const char* value;
  };
  const Case cases[] = {
      {FieldType::character, "\"a b\"", "\"a b\""},
      {FieldType::character, "a b", "\"a b\""},
      {FieldType::character, "true", "\"true\""},
      {FieldType::character, "\"\"", "\"\""},
      {FieldType::integer, "7", "7"},
      {FieldType::boolean, "false", "false"},
      {FieldType::decimal, "\"9.99\"", "\"9.99\""},
      {FieldType::decimal, "9.99", "\"9.99\""},
      {FieldType::date, "today", "today()"},
      {FieldType::date, "2026-01-31", "\"2026-01-31\""},
      {FieldType::date_time, "now", "now()"},
      {FieldType::date_time, "{\"function\": \"now\"}", "now()"},
      {FieldType::uuid, "uuid4", "uuid4()"},
      {FieldType::json, "{\"function\": \"now\"}", "{\"function\":\"now\"}"},
      {FieldType::json, "[1, 2]", "[1,2]"},
      {FieldType::character, "now", "\"now\""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.typed);
    Person person("1\n" + std::string(c.typed) + "\n");
    CHECK(text_of(person.questioner.default_for_added(book(), field_of("f", c.type))) == c.value);
  }
}

TEST_CASE("a value that does not fit is asked for again") {
  Person person("9\n1\n\nabc\nnull\n1.5\n12\n");
  CHECK(text_of(person.questioner.default_for_added(book(), field_of("n", FieldType::integer))) ==
        "12");
  const std::string said = person.err.str();
  CHECK(said.find("blog.Book.n (IntegerField) is new, may not be NULL and has no default.") !=
        std::string::npos);
  CHECK(said.find("Please choose a number from 1 to 2") != std::string::npos);
  CHECK(said.find("Please give a value") != std::string::npos);
  CHECK(said.find("That does not fit: expected a whole number between -2147483648 and 2147483647 "
                  "for an IntegerField, found \"abc\". Please try again.\n") != std::string::npos);
  CHECK(said.find("That does not fit: null is what it may not be.") != std::string::npos);
}

TEST_CASE("a person may go on without a value for NULLs, or cancel") {
  const Field field = field_of("n", FieldType::integer);
  CHECK(text_of(Person("2\n").questioner.default_for_altered(book(), field)) == "nothing");
  CHECK(text_of(Person("1\n5\n").questioner.default_for_altered(book(), field)) == "5");
  CHECK_THROWS_WITH_AS(Person("3\n").questioner.default_for_altered(book(), field),
                       "cancelled; nothing was written", Error);
  CHECK_THROWS_WITH_AS(Person("2\n").questioner.default_for_added(book(), field),
                       "cancelled; nothing was written", Error);
}

TEST_CASE("a time that is set when a row is made suggests now") {
  Field field = field_of("made", FieldType::date_time);
  field.auto_now_add = true;
  CHECK(text_of(Person("1\n\n").questioner.default_for_added(book(), field)) == "now()");
}

TEST_CASE("a rename is asked with what changed, and a no stands for the removal") {
  const Field before = field_of("title", FieldType::character);
  Field after = field_of("name", FieldType::character);
  after.max_length = 30;
  Person person("n\n");
  CHECK_FALSE(person.questioner.renamed_field(book(), before, after, {"max_length"}));
  CHECK(person.err.str() ==
        "  before: {\"name\": \"title\", \"type\": \"CharField\", \"max_length\": 20}\n"
        "  after:  {\"name\": \"name\", \"type\": \"CharField\", \"max_length\": 30}\n"
        "Was blog.Book.title renamed to name (CharField, changed in max_length)? [y/N] ");
  CHECK(person.questioner.may_remove_field(book(), before, {"name"}));
  CHECK_FALSE(Person("\n").questioner.may_remove_field(book(), before, {"name"}));
  CHECK(Person("y\n").questioner.renamed_model(book(), {.app = "blog", .name = "Tome"}, true));
}

TEST_CASE("where nobody can be asked the question names its flags") {
  cli::RefusingQuestioner refusing;
  const Field before = field_of("title", FieldType::character);
  const Field after = field_of("name", FieldType::character);
  try {
    refusing.renamed_field(book(), before, after, {});
    FAIL("answered");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::question);
    CHECK(std::string(error.what()) == "was blog.Book.title renamed to name?");
    CHECK(error.hint() ==
          "if it was: --rename blog.Book.title:name; if not, its values are lost: --remove "
          "blog.Book.title");
  }
  try {
    refusing.renamed_model(book(), {.app = "blog", .name = "Tome"}, true);
    FAIL("answered");
  } catch (const Error& error) {
    CHECK(std::string(error.what()) == "was the model blog.Book renamed to Tome?");
    CHECK(error.hint() ==
          "if it was: --rename-model blog.Book:Tome; if not, its rows are lost: --remove "
          "blog.Book");
  }
  try {
    refusing.moved_model(book(), {.app = "shop", .name = "Book"}, true);
    FAIL("answered");
  } catch (const Error& error) {
    CHECK(std::string(error.what()) == "was the model blog.Book moved to app shop?");
    CHECK(error.hint() ==
          "if it was: --move-model blog.Book:shop; if not, its rows are lost: --remove blog.Book");
  }
  try {
    refusing.may_remove_model(book(), {"shop.Book"});
    FAIL("answered");
  } catch (const Error& error) {
    CHECK(error.hint() ==
          "if it was moved: --move-model blog.Book:shop; if not: --remove blog.Book");
  }
}

TEST_CASE("where nobody can be asked all missing values are named at once") {
  cli::RefusingQuestioner refusing;
  refusing.refuse();
  CHECK_FALSE(refusing.default_for_added(book(), field_of("a", FieldType::integer)));
  CHECK_FALSE(refusing.default_for_altered(book(), field_of("b", FieldType::integer)));
  try {
    refusing.refuse();
    FAIL("answered");
  } catch (const Error& error) {
    CHECK(error.where() == "blog.Book.a, blog.Book.b");
    CHECK(error.hint() ==
          "--default 'blog.Book.a=JSON' --default 'blog.Book.b=JSON' (null: none, where there are "
          "no such rows), or defaults in the models");
  }
}

}  // namespace turnstone::test
