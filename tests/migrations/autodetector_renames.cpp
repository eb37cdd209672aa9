#include <doctest/doctest.h>
#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/migrations/autodetector.h>

#include "support/models.h"

using namespace turnstone;
using namespace turnstone::migrations;
using namespace turnstone::test;

namespace {

using Words = std::vector<std::string>;

Words found(const std::vector<ModelState>& from, const std::vector<ModelState>& to,
            Questioner& questioner) {
  ProjectState state = state_of(from);
  const ProjectState after = state_of(to);
  const ExistingMigrations existing{{{"lib", "0001_initial"}, {"shop", "0001_initial"}}};
  Words words;
  for (const auto& [app, migrations] : detect_changes(state, after, existing, questioner, {})) {
    for (const Migration& migration : migrations) {
      for (const Operation& operation : migration.operations) {
        advance(state, app, operation);
        words.push_back(describe(operation));
      }
    }
  }
  CHECK((state == after));
  return words;
}

ModelState book(const Field& field, Options options = {}) {
  return table("lib.Book", {field, optional(integer_field("n"))}, std::move(options));
}
Field hinted(Field field, const std::string& from) {
  field.renamed_from = from;
  return field;
}
Options came_from(const std::string& name) {
  Options options;
  options.renamed_from = name;
  return options;
}

}  // namespace

TEST_CASE("a field that was renamed keeps its values, and everything that names it") {
  const auto named = [](const std::string& name) {
    Options options;
    options.indexes = {Index{.name = "i", .fields = {"-" + name}}};
    options.indexes[0].condition = positive(name);
    options.constraints = {CheckConstraint{.name = "c", .condition = positive(name)},
                           UniqueConstraint{.name = "u", .fields = {name, "n"}}};
    options.unique_together = {{name, "n"}};
    return options;
  };
  ScriptedQuestioner yes;
  yes.renamed_fields = {{"title", "name"}};
  CHECK(found({book(text_field("title"), named("title"))},
              {book(text_field("name"), named("name"))},
              yes) == Words{"Rename field title on book to name"});
  CHECK(yes.asked == Words{"field Book.title>name"});
}

TEST_CASE("a rename that changes more is asked with the changes, and done in two steps") {
  ScriptedQuestioner yes;
  yes.renamed_fields = {{"title", "name"}};
  Field changed = text_field("name", 99);
  changed.null = true;
  changed.type = FieldType::text;
  CHECK(found({book(text_field("title"))}, {book(changed)}, yes) ==
        Words{"Rename field title on book to name", "Alter field name on book"});
  CHECK(yes.asked == Words{"field Book.title>name type max_length null"});
}

TEST_CASE("a rename that is not confirmed is a loss that must be agreed to") {
  ScriptedQuestioner no;
  CHECK(found({book(text_field("title"))}, {book(optional(text_field("name")))}, no) ==
        Words{"Remove field title from book", "Add field name to book"});
  CHECK(no.asked == Words{"field Book.title>name null", "remove Book.title for name"});
  no.may_remove = false;
  try {
    found({book(text_field("title"))}, {book(optional(text_field("name")))}, no);
    FAIL("not refused");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::question);
    CHECK(error.text() ==
          "field \"lib.Book.title\" would be removed with its values (lib.Book.title); "
          "say --rename lib.Book.title:name where it was renamed");
  }
}

TEST_CASE("what cannot have been renamed is not asked about") {
  struct Case {
    std::string label{};
    Field was{};
    Field is{};
  };
  const Field generated = generated_field("g", positive("n"));
  const Case cases[] = {
      {"text and number", text_field("title"), optional(integer_field("size"))},
      {"keys to different models", key_field("a", "lib.A"), optional(key_field("b", "lib.Book"))},
      {"many and one", many_field("a", "lib.A"), optional(key_field("b", "lib.A"))},
      {"another expression", generated, generated_field("h", positive("id"))},
  };
  for (const Case& one : cases) {
    INFO(one.label);
    ScriptedQuestioner questioner;
    found({table("lib.A"), book(one.was)}, {table("lib.A"), book(one.is)}, questioner);
    CHECK(questioner.asked == Words{});
  }
  ScriptedQuestioner alone;
  CHECK(found({book(text_field("title"))}, {table("lib.Book", {optional(integer_field("n"))})},
              alone) == Words{"Remove field title from book"});
  CHECK(alone.asked == Words{});
}

TEST_CASE("candidates that are the same in everything come first, then in order of names") {
  ScriptedQuestioner no;
  found({table("lib.A", {optional(text_field("a", 10)), optional(text_field("b", 20))})},
        {table("lib.A", {optional(text_field("c", 20)), optional(text_field("d", 30))})}, no);
  CHECK(no.asked == Words{"field A.b>c", "field A.a>c max_length", "field A.a>d max_length",
                          "field A.b>d max_length", "remove A.a for c, d", "remove A.b for c, d"});
  ScriptedQuestioner yes;
  yes.renamed_fields = {{"b", "c"}};
  found({table("lib.A", {optional(text_field("a", 10)), optional(text_field("b", 20))})},
        {table("lib.A", {optional(text_field("c", 20))})}, yes);
  CHECK(yes.asked == Words{"field A.b>c"});
}

TEST_CASE("of candidates that changed something else the most similar is asked about first") {
  Field like = text_field("b", 50);
  Field unlike = unique(optional(text_field("a", 60)));
  ScriptedQuestioner no;
  found({book(text_field("title"))}, {table("lib.Book", {defaulting(like, Json::of("")), unlike})},
        no);
  INFO(join(no.asked, "; "));
  CHECK(no.asked == Words{"field Book.title>b max_length default",
                          "field Book.title>a max_length null unique",
                          "remove Book.title for a, b"});
  ScriptedQuestioner neither;
  const std::vector<Field> abc = {text_field("a"), text_field("b"), text_field("c")};
  found({table("lib.Old", abc)},
        {table("lib.A", {text_field("a"), text_field("b"), integer_field("n")}),
         table("lib.B", {text_field("a"), text_field("b"), text_field("c", 50)})},
        neither);
  CHECK(neither.asked ==
        Words{"model Old>B (similar)", "model Old>A (similar)", "remove Old for A, B"});
}

TEST_CASE("a rename reaches into every part of indexes, constraints and other fields") {
  const auto models = [](const std::string& name, const std::string& key) {
    const auto field = [](const std::string& it) { return Expression::field(it); };
    const auto text = [](const char* word) { return Expression::literal(Json::of(word)); };
    const Expression lower = Expression::call("lower", {field(name)});
    const Expression set =
        Expression::call("not", {Expression::call("is_null", {field(key + "_id")})});
    Options options;
    Index over{.name = "over",
               .expressions = {Expression::call(
                   "desc", {Expression::call("opclass", {lower, text("text_pattern_ops")}),
                            text("nulls_last")})}};
    over.include = {key};
    over.condition = set;
    Index classed{.name = "classed", .fields = {"-" + name, key + "_id"}};
    classed.opclasses = {"varchar_pattern_ops", "int8_ops"};
    options.indexes = {over, classed};
    UniqueConstraint unique{.name = "unique", .expressions = {lower}};
    unique.condition =
        Expression::call("and", {set, Expression::call("in", {field(name), text("a"), text("b")})});
    UniqueConstraint covering{.name = "covering", .fields = {key}};
    covering.include = {name};
    ExclusionConstraint apart{
        .name = "apart",
        .expressions = {{Expression::call("opclass", {lower, text("x_ops")}), "="}}};
    apart.include = {key};
    apart.condition = set;
    const CheckConstraint cases{
        .name = "cases",
        .condition = Expression::call(
            ">", {Expression::call("coalesce", {field(name), text("")}), text("m")})};
    options.constraints = {unique, covering, apart, cases};
    options.unique_together = {{name, key}};
    options.order_with_respect_to = key;
    return std::vector<ModelState>{
        table("lib.A"),
        table("lib.Book", {text_field(name), key_field(key, "lib.A"), generated_field("g", lower)},
              options)};
  };
  ScriptedQuestioner yes;
  yes.renamed_fields = {{"title", "name"}, {"author", "writer"}};
  CHECK(found(models("title", "author"), models("name", "writer"), yes) ==
        Words{"Rename field title on book to name", "Rename field author on book to writer"});
}

TEST_CASE("a name written down means nothing once it is done, and is never written anywhere") {
  ScriptedQuestioner unasked;
  const Field field = hinted(text_field("name"), "title");
  CHECK(found({book(text_field("name"))}, {book(field, came_from("Volume"))}, unasked) == Words{});
  // The old name is there, and stays: it was not renamed.
  CHECK(found({book(text_field("title"))},
              {table("lib.Book", {text_field("title"), optional(integer_field("n")),
                                  optional(hinted(text_field("name"), "title"))})},
              unasked) == Words{"Add field name to book"});
  for (const auto& [from, to] :
       {std::pair{state_of({}), state_of({book(field, came_from("Volume"))})},
        std::pair{state_of({table("lib.Volume", {integer_field("title")})}),
                  state_of({book(field, came_from("Volume"))})}}) {
    ScriptedQuestioner questioner;
    const auto made = detect_changes(from, to, {}, questioner, {});
    for (const auto& [app, migrations] : made) {
      for (const Migration& migration : migrations) {
        CHECK(to_text(migration).find("renamed_from") == std::string::npos);
      }
    }
  }
  CHECK(unasked.asked == Words{});
}

TEST_CASE("a new name with the old column renames no column") {
  ScriptedQuestioner yes;
  yes.renamed_fields = {{"title", "name"}, {"a", "b"}};
  CHECK(found({book(text_field("title"))}, {book(in_column(text_field("name"), "title"))}, yes) ==
        Words{"Alter field title on book", "Rename field title on book to name"});
  CHECK(yes.asked == Words{"field Book.title>name"});
  CHECK(found({table("lib.A"), book(key_field("a", "lib.A"))},
              {table("lib.A"), book(in_column(key_field("b", "lib.A"), "a_id"))},
              yes) == Words{"Alter field a on book", "Rename field a on book to b"});
}

TEST_CASE("a name written down beside the field or model is an answer") {
  ScriptedQuestioner unasked;
  CHECK(found({book(text_field("title"))}, {book(hinted(text_field("name"), "title"))}, unasked) ==
        Words{"Rename field title on book to name"});
  CHECK(found({book(text_field("title"))}, {book(hinted(integer_field("size"), "title"))},
              unasked) == Words{"Rename field title on book to size", "Alter field size on book"});
  CHECK(found({table("lib.A", {text_field("x")})},
              {table("lib.B", {optional(integer_field("y"))}, came_from("A"))}, unasked) ==
        Words{"Rename model A to B", "Remove field x from b", "Add field y to b"});
  CHECK(found({table("lib.B")}, {table("lib.B", {}, came_from("lib.A"))}, unasked) == Words{});
  CHECK(unasked.asked == Words{});
}

TEST_CASE("a model that was renamed keeps its rows, and everything that refers to it") {
  const auto models = [](const std::string& name) {
    const std::string to = "lib." + name;
    return std::vector<ModelState>{
        table(to, {text_field("x"), key_field("parent", to)}),
        table("lib.M", {many_field("all", to), key_field("one", to)}),
        table("shop.S", {key_field("one", to)}),
        model("lib.Child", {parent_field(lower_case(name) + "_ptr", to)}, {}, {to})};
  };
  ScriptedQuestioner yes;
  yes.renamed_models = {{"Old", "New"}};
  CHECK(found(models("Old"), models("New"), yes) ==
        Words{"Rename model Old to New", "Rename field old_ptr on child to new_ptr"});
  CHECK(yes.asked == Words{"model Old>New"});
}

TEST_CASE("a similar model is asked about too, and its fields after it") {
  ScriptedQuestioner yes;
  yes.renamed_models = {{"Old", "New"}};
  yes.renamed_fields = {{"c", "d"}};
  CHECK(found({table("lib.Old", {text_field("a"), text_field("b"), text_field("c")})},
              {table("lib.New", {text_field("a"), text_field("b"), text_field("d", 50)})}, yes) ==
        Words{"Rename model Old to New", "Rename field c on new to d", "Alter field d on new"});
  CHECK(yes.asked == Words{"model Old>New (similar)", "field New.c>d max_length"});
}

TEST_CASE("a model that may have been renamed goes only when that is agreed to") {
  ScriptedQuestioner no;
  CHECK(found({table("lib.Old", {text_field("x")})}, {table("lib.New", {text_field("x")})}, no) ==
        Words{"Create model New", "Delete model Old"});
  CHECK(no.asked == Words{"model Old>New", "remove Old for New"});
  no.may_remove = false;
  CHECK_THROWS_WITH_AS(
      found({table("lib.Old", {text_field("x")})}, {table("lib.New", {text_field("x")})}, no),
      "model \"lib.Old\" would be deleted with its rows", Error);
  ScriptedQuestioner unasked;
  found({table("lib.Old", {text_field("x")})}, {table("lib.New", {integer_field("y")})}, unasked);
  CHECK(unasked.asked == Words{});
}

TEST_CASE("other capitals are a rename without a question") {
  ScriptedQuestioner unasked;
  CHECK(found({table("lib.Book"), table("lib.P", {key_field("b", "lib.Book")})},
              {table("lib.BOOK"), table("lib.P", {key_field("b", "lib.BOOK")})},
              unasked) == Words{"Rename model Book to BOOK"});
  CHECK(unasked.asked == Words{});
}

TEST_CASE("a field that other models' keys name is renamed there too") {
  const auto models = [](const std::string& name) {
    Field key = key_field("a", "lib.A");
    key.to_field = name;
    Field many = many_field("all", "lib.A", "lib.T");
    many.through_fields = {"b", name};
    return std::vector<ModelState>{
        table("lib.A", {unique(text_field(name))}), table("lib.B", {key, many}),
        table("lib.T", {key_field("b", "lib.B"), key_field(name, "lib.A")})};
  };
  ScriptedQuestioner yes;
  yes.renamed_fields = {{"code", "isbn"}};
  CHECK(found(models("code"), models("isbn"), yes) ==
        Words{"Rename field code on a to isbn", "Rename field code on t to isbn"});
}

TEST_CASE("the name of a renamed model may be taken by a new one") {
  ScriptedQuestioner yes;
  CHECK(
      found({table("lib.A", {text_field("x")})},
            {table("lib.B", {text_field("x")}, came_from("A")), table("lib.C", {text_field("y")})},
            yes) == Words{"Rename model A to B", "Create model C"});
}
