#include "cli/answers.h"

#include <doctest/doctest.h>
#include <turnstone/error.h>

namespace turnstone::test {
namespace {

using cli::Answers;

ModelState model(const std::string& name) { return {.app = "blog", .name = name}; }
Field text_field(const std::string& name) {
  return {.name = name, .type = FieldType::character, .max_length = 20};
}

}  // namespace

TEST_CASE("a rename is answered by its flag, other candidates by a no") {
  Answers answers({.rename = {"blog.book.title:name"}, .rename_model = {"blog.Writer:Author"}});
  CHECK(answers.renamed_field(model("Book"), "title", "name") == true);
  CHECK(answers.renamed_field(model("Book"), "title", "isbn") == false);
  CHECK(answers.renamed_field(model("Book"), "other", "name") == false);
  CHECK(answers.renamed_field(model("Book"), "other", "more") == std::nullopt);
  CHECK(answers.renamed_field(model("Tag"), "title", "name") == std::nullopt);
  CHECK(answers.renamed_model(model("writer"), model("Author")) == true);
  CHECK(answers.renamed_model(model("Writer"), model("Tag")) == false);
  CHECK(answers.renamed_model(model("Other"), model("Tag")) == std::nullopt);
  CHECK(answers.unused().empty());
}

TEST_CASE("a move is answered by its flag, other apps by a no") {
  const auto in = [](const std::string& app, const std::string& name) {
    return ModelState{.app = app, .name = name};
  };
  Answers answers({.move_model = {"blog.book:shop"}, .remove = {"blog.Tag"}});
  CHECK(answers.moved_model(in("blog", "Book"), in("shop", "Book")) == true);
  CHECK(answers.moved_model(in("blog", "Book"), in("zoo", "Book")) == false);
  CHECK(answers.moved_model(in("zoo", "Book"), in("shop", "Book")) == std::nullopt);
  CHECK(answers.moved_model(in("blog", "Tag"), in("shop", "Tag")) == false);
  CHECK(answers.apps() == std::set<std::string>{"blog", "shop"});
  CHECK(answers.unused().empty());
  Answers assuming({.assume_renames = true});
  CHECK(assuming.moved_model(in("blog", "Book"), in("shop", "Book")) == true);
}

TEST_CASE("a removal that is meant is no rename") {
  Answers answers({.remove = {"blog.Book.title", "blog.Tag"}});
  CHECK(answers.renamed_field(model("Book"), "title", "name") == false);
  CHECK(answers.removal_meant(model("Book"), "title"));
  CHECK_FALSE(answers.removal_meant(model("Book"), "name"));
  CHECK_FALSE(answers.removal_meant(model("Book")));
  CHECK(answers.renamed_model(model("Tag"), model("Label")) == false);
  CHECK(answers.removal_meant(model("Tag")));
}

TEST_CASE("renames may be assumed") {
  Answers answers({.rename = {"blog.Book.a:b"}, .assume_renames = true});
  CHECK(answers.renamed_field(model("Book"), "x", "y") == true);
  CHECK(answers.renamed_field(model("Book"), "a", "y") == false);
  CHECK(answers.renamed_model(model("A"), model("B")) == true);
}

TEST_CASE("values for existing rows") {
  Answers answers({.default_for = {"blog.Book.title=\"x\"", "blog.Book.price=9.99",
                                   "blog.Book.made={\"function\": \"now\"}", "blog.Book.n=null",
                                   "blog.Book.owner=7"}});
  const Field price{
      .name = "price", .type = FieldType::decimal, .max_digits = 6, .decimal_places = 2};
  CHECK(answers.filling(model("book"), text_field("title"))->value == Default(Json::of("x")));
  CHECK(answers.filling(model("Book"), price)->value == Default(Json::of("9.99")));
  CHECK(answers.filling(model("Book"), {.name = "made", .type = FieldType::date_time})->value ==
        Default(DefaultFunction{"now"}));
  CHECK_FALSE(answers.filling(model("Book"), {.name = "n", .type = FieldType::integer})->value);
  CHECK(answers
            .filling(model("Book"),
                     {.name = "owner", .type = FieldType::foreign_key, .to = "blog.Author"})
            ->value == Default(Json::of(7)));
  CHECK_FALSE(answers.filling(model("Book"), text_field("other")));
  CHECK_THROWS_AS(answers.filling(model("Book"), {.name = "title", .type = FieldType::integer}),
                  Error);
}

TEST_CASE("flags that answer nothing are told, values that are not needed are not") {
  Answers answers({.rename = {"blog.Book.a:b"},
                   .rename_model = {"blog.A:B"},
                   .default_for = {"blog.Book.c=1"},
                   .remove = {"shop.Item"}});
  CHECK(answers.unused() == std::vector<std::string>{"--rename-model blog.A:B",
                                                     "--rename blog.Book.a:b",
                                                     "--remove shop.Item"});
  CHECK(answers.apps() == std::set<std::string>{"blog", "shop"});
}

TEST_CASE("flags that cannot be read") {
  struct Case {
    Answers::Flags flags;
    const char* message;
    const char* hint;
  };
  const Case cases[] = {
      {{.rename = {"Book.a:b"}},
       "--rename cannot read \"Book.a:b\"",
       "write --rename app.Model.old:new"},
      {{.rename = {"blog.Book.a"}},
       "--rename cannot read \"blog.Book.a\"",
       "write --rename app.Model.old:new"},
      {{.rename = {"blog.Book.a:b.c"}},
       "--rename cannot read \"blog.Book.a:b.c\"",
       "write --rename app.Model.old:new"},
      {{.rename_model = {"blog.Book.a:b"}},
       "--rename-model cannot read \"blog.Book.a:b\"",
       "write --rename-model app.Old:New"},
      {{.move_model = {"blog.Book"}},
       "--move-model cannot read \"blog.Book\"",
       "write --move-model app.Model:other"},
      {{.default_for = {"blog.Book.a"}},
       "--default cannot read \"blog.Book.a\"",
       "write --default app.Model.field=JSON"},
      {{.default_for = {"blog.Book=1"}},
       "--default cannot read \"blog.Book=1\"",
       "write --default app.Model.field=JSON"},
      {{.default_for = {"blog.Book.a=x y"}},
       "--default cannot read \"blog.Book.a=x y\"",
       "write --default app.Model.field=JSON; a text has quotes: 'blog.Book.a=\"text\"'"},
      {{.remove = {"blog"}},
       "--remove cannot read \"blog\"",
       "write --remove app.Model or app.Model.field"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.message);
    try {
      Answers{c.flags};
      FAIL("accepted");
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::usage);
      CHECK(std::string(error.what()) == c.message);
      CHECK(error.hint() == c.hint);
    }
  }
}

}  // namespace turnstone::test
