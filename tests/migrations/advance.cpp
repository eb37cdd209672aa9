#include <doctest/doctest.h>
#include <turnstone/error.h>
#include <turnstone/migrations/operation.h>

#include "support/models.h"

using namespace turnstone;
using namespace turnstone::migrations;
using namespace turnstone::test;

namespace {

/// Author and Tag, and Book with a key to Author, tags, and one of everything that names fields.
ProjectState library() {
  Options options;
  options.indexes = {Index{.name = "title_idx", .fields = {"-title", "pages"}}};
  options.indexes[0].condition = positive("pages");
  options.constraints = {
      CheckConstraint{.name = "pages_chk", .condition = positive("pages")},
      UniqueConstraint{.name = "title_uniq", .fields = {"title", "author"}, .include = {"pages"}}};
  options.unique_together = {{"title", "author"}};
  options.order_with_respect_to = "author";
  return state_of(
      {table("lib.Author", {unique(text_field("name"))}), table("lib.Tag"), table("shop.Tag"),
       table("lib.Book",
             {text_field("title"), integer_field("pages"), key_field("author", "lib.Author"),
              many_field("tags", "lib.Tag"), generated_field("twice", positive("pages"))},
             options)});
}

ModelState after(ProjectState state, const Operation& operation, const std::string& name) {
  advance(state, "lib", operation);
  return *state.get(ModelKey{"lib", name});
}

struct Refusal {
  std::string label{};
  Operation operation{};
  std::string message{};
  std::string hint{};
};

}  // namespace

TEST_CASE("models come, go and change in a state") {
  ProjectState state;
  Field blank = text_field("name");
  blank.blank = true;
  blank.related_name = "x";
  Options options;
  options.ordering = {"name"};
  advance(state, "lib", {CreateModel{"Author", {id_field(), blank}, options, {}}});
  const ModelPtr author = state.get({"lib", "author"});
  CHECK(author->name == "Author");
  CHECK_FALSE(author->fields[1].blank);
  CHECK(author->fields[1].related_name.empty());
  CHECK(author->options.ordering.empty());

  advance(state, "lib", {AlterModelTable{"author", "people"}});
  advance(state, "lib", {AlterModelTableComment{"author", "who"}});
  advance(state, "lib", {AlterModelOptions{"author", false, "objects"}});
  const ModelPtr changed = state.get({"lib", "author"});
  CHECK(table_name(*changed) == "people");
  CHECK(changed->options.db_table_comment == "who");
  CHECK_FALSE(changed->options.managed);
  CHECK(changed->options.base_manager_name == "objects");

  // What is not said goes back to its default.
  advance(state, "lib", {AlterModelOptions{"Author"}});
  CHECK(state.get({"lib", "author"})->options.managed);
  CHECK(state.get({"lib", "author"})->options.base_manager_name.empty());
  advance(state, "lib", {AlterModelTable{"author", ""}});
  CHECK(table_name(*state.get({"lib", "author"})) == "lib_author");
  CHECK(author->options.db_table.empty());  // a state is never changed under others that hold it

  advance(state, "lib", {DeleteModel{"AUTHOR"}});
  CHECK(state.size() == 0);
}

TEST_CASE("sets of fields and the order of rows are options that are replaced whole") {
  const ProjectState state = library();
  const auto together = [&](std::vector<std::vector<std::string>> sets) {
    return after(state, {AlterUniqueTogether{"Book", std::move(sets)}}, "book")
        .options.unique_together;
  };
  CHECK(together({{"title", "pages"}, {"pages"}}) ==
        std::vector<std::vector<std::string>>{{"title", "pages"}, {"pages"}});
  CHECK(together({}).empty());
  CHECK(after(state, {AlterOrderWithRespectTo{"book", ""}}, "book")
            .options.order_with_respect_to.empty());
}

TEST_CASE("states are equal where their models are, however they came about") {
  const ProjectState one = state_of({table("a.A", {text_field("x")}), table("b.B")});
  ProjectState other = state_of({table("b.B"), table("a.A")});
  CHECK_FALSE((one == other));
  advance(other, "a", {AddField{"a", text_field("x")}});
  CHECK((one == other));
  ProjectState renamed = one;
  advance(renamed, "a", {RenameModel{"A", "a"}});
  CHECK_FALSE((one == renamed));  // the case of a name counts
}

TEST_CASE("a default that only fills rows is not kept") {
  const ProjectState state = library();
  const Field shelf = defaulting(text_field("shelf"), Json::of("A"));
  CHECK(after(state, {AddField{"book", shelf, true}}, "book").find_field("shelf")->default_value);
  CHECK_FALSE(
      after(state, {AddField{"book", shelf, false}}, "book").find_field("shelf")->default_value);
  const Field title = defaulting(text_field("title", 80), Json::of("?"));
  const ModelState altered = after(state, {AlterField{"book", title, false}}, "book");
  CHECK(altered.find_field("title")->max_length == 80);
  CHECK_FALSE(altered.find_field("title")->default_value);
  CHECK(altered.fields[1].name == "title");
}

TEST_CASE("renaming a model reaches everything that refers to it, in every app") {
  ProjectState state = library();
  state.set(table("shop.Offer", {key_field("writer", "lib.author"),
                                 many_field("authors", "lib.Author", "lib.Author"),
                                 key_field("book", "lib.Book")}));
  state.set(model("shop.Poet", {parent_field("author_ptr", "lib.Author")}, {}, {"lib.Author"}));
  ModelState self = *state.get({"lib", "author"});
  self.fields.push_back(key_field("teacher", "lib.Author"));
  self.fields.push_back(key_field("friend", "self"));
  state.set(self);
  const ModelPtr tag = state.get({"lib", "tag"});

  advance(state, "lib", {RenameModel{"Author", "Writer"}});
  CHECK_FALSE(state.contains({"lib", "author"}));
  const ModelPtr writer = state.get({"lib", "writer"});
  CHECK(writer->name == "Writer");
  CHECK(writer->find_field("teacher")->to == "lib.Writer");
  CHECK(writer->find_field("friend")->to == "self");
  CHECK(state.get({"lib", "book"})->find_field("author")->to == "lib.Writer");
  const ModelPtr offer = state.get({"shop", "offer"});
  CHECK(offer->find_field("writer")->to == "lib.Writer");
  CHECK(offer->find_field("authors")->through == "lib.Writer");
  CHECK(offer->find_field("book")->to == "lib.Book");
  const ModelPtr poet = state.get({"shop", "poet"});
  CHECK(poet->bases == std::vector<std::string>{"lib.Writer"});
  CHECK(poet->fields[0].to == "lib.Writer");
  CHECK(state.get({"lib", "tag"}) == tag);
  CHECK(state.referrers({"lib", "writer"}).size() == 3);
  CHECK(state.referrers({"lib", "author"}).empty());
}

TEST_CASE("a model that moves to another app takes everything that refers to it along") {
  ProjectState state = library();
  state.set(table("shop.Offer",
                  {key_field("book", "lib.Book"), many_field("books", "lib.Book", "lib.Book")}));
  state.set(model("shop.Novel", {parent_field("book_ptr", "lib.Book")}, {}, {"lib.Book"}));
  ModelState self = *state.get({"lib", "book"});
  self.fields.push_back(optional(key_field("sequel", "lib.Book")));
  self.fields.push_back(optional(key_field("prequel", "self")));
  self.fields.push_back(optional(key_field("reader", "Author")));  // written by hand
  state.set(self);

  advance(state, "lib", {MoveModel{"book", "shop"}});
  CHECK_FALSE(state.contains({"lib", "book"}));
  const ModelPtr book = state.get({"shop", "book"});
  CHECK(book->app == "shop");
  CHECK(book->name == "Book");
  CHECK(book->find_field("sequel")->to == "shop.Book");
  CHECK(book->find_field("prequel")->to == "self");
  CHECK(book->find_field("reader")->to == "lib.Author");
  CHECK(book->find_field("author")->to == "lib.Author");
  CHECK(state.get({"shop", "offer"})->find_field("book")->to == "shop.Book");
  CHECK(state.get({"shop", "offer"})->find_field("books")->through == "shop.Book");
  CHECK(state.get({"shop", "novel"})->bases == std::vector<std::string>{"shop.Book"});
  CHECK(state.referrers({"lib", "book"}).empty());

  advance(state, "shop", {MoveModel{"Book", "lib"}});
  CHECK(*state.get({"lib", "book"})->find_field("author") ==
        *library().get({"lib", "book"})->find_field("author"));
  CHECK(state.get({"shop", "offer"})->find_field("book")->to == "lib.Book");
}

TEST_CASE("a model may be renamed to other capitals") {
  ProjectState state = library();
  advance(state, "lib", {RenameModel{"Author", "AUTHOR"}});
  CHECK(state.get({"lib", "author"})->name == "AUTHOR");
  CHECK(state.get({"lib", "book"})->find_field("author")->to == "lib.AUTHOR");
}

TEST_CASE("renaming a field reaches lists, expressions, constraints and indexes of its model") {
  ModelState book = after(library(), {RenameField{"book", "pages", "length"}}, "book");
  CHECK(book.fields[2].name == "length");
  CHECK(book.options.indexes[0].fields == std::vector<std::string>{"-title", "length"});
  CHECK(book.options.indexes[0].condition == positive("length"));
  CHECK(std::get<CheckConstraint>(book.options.constraints[0]).condition == positive("length"));
  CHECK(std::get<UniqueConstraint>(book.options.constraints[1]).include ==
        std::vector<std::string>{"length"});
  CHECK(book.find_field("twice")->expression == positive("length"));

  book = after(library(), {RenameField{"book", "title", "name"}}, "book");
  CHECK(book.options.indexes[0].fields == std::vector<std::string>{"-name", "pages"});
  CHECK(book.options.unique_together == std::vector<std::vector<std::string>>{{"name", "author"}});

  book = after(library(), {RenameField{"book", "author", "writer"}}, "book");
  CHECK(book.options.order_with_respect_to == "writer");
  CHECK(std::get<UniqueConstraint>(book.options.constraints[1]).fields ==
        std::vector<std::string>{"title", "writer"});
}

TEST_CASE("the column of a key follows its rename, a field that looks like one does not") {
  ProjectState state = library();
  ModelState book = *state.get({"lib", "book"});
  book.options.constraints.push_back(
      CheckConstraint{.name = "author_chk", .condition = positive("author_id")});
  book.fields.push_back(integer_field("title_id"));
  book.options.constraints.push_back(
      CheckConstraint{.name = "title_chk", .condition = positive("title_id")});
  state.set(book);
  const auto condition = [](const ModelState& of, std::size_t i) {
    return std::get<CheckConstraint>(of.options.constraints[i]).condition;
  };
  book = after(state, {RenameField{"book", "author", "writer"}}, "book");
  CHECK(condition(book, 2) == positive("writer_id"));
  book = after(state, {RenameField{"book", "title", "name"}}, "book");
  CHECK(condition(book, 3) == positive("title_id"));
}

TEST_CASE("renaming a field reaches to_field and through_fields of other models") {
  ProjectState state = library();
  Field by_name = key_field("author", "lib.Author");
  by_name.to_field = "name";
  Field of_heir = key_field("poet", "shop.Poet");
  of_heir.to_field = "name";
  Field linked = many_field("books", "lib.Book", "lib.Author");
  linked.through_fields = {"name", "id"};
  state.set(model("shop.Poet", {parent_field("author_ptr", "lib.Author")}, {}, {"lib.Author"}));
  state.set(table("shop.Offer", {by_name, of_heir, linked}));
  ModelState keyed = model("lib.Pair", {integer_field("a"), integer_field("b")});
  Field composite{.name = "pk", .type = FieldType::composite_primary_key};
  composite.fields = {"a", "b"};
  keyed.fields.push_back(composite);
  state.set(keyed);

  advance(state, "lib", {RenameField{"author", "name", "full_name"}});
  advance(state, "lib", {RenameField{"pair", "b", "c"}});
  const ModelPtr offer = state.get({"shop", "offer"});
  CHECK(offer->find_field("author")->to_field == "full_name");
  CHECK(offer->find_field("poet")->to_field == "full_name");
  CHECK(offer->find_field("books")->through_fields == std::vector<std::string>{"full_name", "id"});
  CHECK(state.get({"lib", "pair"})->find_field("pk")->fields == std::vector<std::string>{"a", "c"});
}

TEST_CASE("indexes and constraints come, go and change") {
  ProjectState state = library();
  advance(state, "lib", {AddIndex{"book", Index{.name = "p_idx", .fields = {"pages"}}}});
  advance(state, "lib", {RenameIndex{"book", "q_idx", "p_idx", {}}});
  advance(state, "lib", {RenameIndex{"book", "r_idx", "", {"pages"}}});
  CHECK(state.get({"lib", "book"})->options.indexes[1].name == "r_idx");
  advance(state, "lib", {RemoveIndex{"book", "r_idx"}});
  CHECK(state.get({"lib", "book"})->options.indexes.size() == 1);

  const CheckConstraint check{.name = "t_chk", .condition = positive("title")};
  advance(state, "lib", {AddConstraintNotValid{"book", check}});
  advance(state, "lib", {ValidateConstraint{"book", "t_chk"}});
  const UniqueConstraint unique{.name = "t_chk", .fields = {"title"}};
  advance(state, "lib", {AlterConstraint{"book", "t_chk", unique}});
  CHECK(state.get({"lib", "book"})->options.constraints[2] == Constraint{unique});
  advance(state, "lib", {RenameConstraint{"book", "t_chk", "u_chk"}});
  CHECK(name_of(state.get({"lib", "book"})->options.constraints[2]) == "u_chk");
  CHECK_THROWS_WITH_AS(
      advance(state, "lib",
              {RenameConstraint{"book", "u_chk",
                                name_of(state.get({"lib", "book"})->options.constraints[0])}}),
      doctest::Contains("already"), Error);
  advance(state, "lib", {RenameConstraint{"book", "u_chk", "t_chk"}});
  advance(state, "lib", {RemoveConstraint{"book", "t_chk"}});
  CHECK(state.get({"lib", "book"})->options.constraints.size() == 2);
}

TEST_CASE("only state operations of nested ones count") {
  ProjectState state = library();
  const auto inner =
      std::make_shared<const Operations>(Operations{{AddField{"tag", text_field("label")}}});
  RunSQL sql;
  sql.state_operations = inner;
  const auto outer = std::make_shared<const Operations>(
      Operations{{sql}, {SeparateDatabaseAndState{inner, nullptr}}});
  advance(state, "lib", {SeparateDatabaseAndState{inner, outer}});
  CHECK(state.get({"lib", "tag"})->fields.size() == 2);
  advance(state, "lib", {RunCpp{"f"}});
  advance(state, "lib", {CreateExtension{"hstore"}});
  CHECK(state.get({"lib", "tag"})->fields.size() == 2);
}

TEST_CASE("operations that do not fit are refused with the nearest name") {
  const Refusal refusals[] = {
      {"create twice", {CreateModel{"book", {}, {}, {}}}, "model \"lib.Book\" exists already", ""},
      {"field twice",
       {CreateModel{"New", {id_field(), id_field()}, {}, {}}},
       "field \"id\" is there twice",
       ""},
      {"base twice",
       {CreateModel{"New", {}, {}, {"lib.Book", "lib.book"}}},
       "base \"lib.book\" is there twice",
       ""},
      {"delete unknown",
       {DeleteModel{"Boook"}},
       "app \"lib\" has no model \"Boook\"",
       "did you mean \"Book\"?"},
      {"rename onto another", {RenameModel{"Book", "Tag"}}, "model \"lib.Tag\" exists already", ""},
      {"move to its own app",
       {MoveModel{"Book", "lib"}},
       "model \"lib.Book\" is in app \"lib\" already",
       ""},
      {"move onto another",
       {MoveModel{"Tag", "shop"}},
       "model \"shop.Tag\" exists already",
       "rename one of them in a migration before this one"},
      {"rename an unknown constraint",
       {RenameConstraint{"book", "pages_chck", "x"}},
       "model \"lib.Book\" has no constraint \"pages_chck\"",
       "did you mean \"pages_chk\"?"},
      {"add field twice",
       {AddField{"book", text_field("title")}},
       "model \"lib.Book\" has a field \"title\" already",
       ""},
      {"remove unknown field",
       {RemoveField{"book", "titel"}},
       "model \"lib.Book\" has no field \"titel\"",
       "did you mean \"title\"?"},
      {"remove a field in a set",
       {RemoveField{"book", "title"}},
       "field \"title\" is still used by unique_together",
       "remove or change that one first"},
      {"remove a field in an index",
       {RemoveField{"book", "pages"}},
       "field \"pages\" is still used by index \"title_idx\"",
       "remove or change that one first"},
      {"alter unknown field",
       {AlterField{"book", text_field("titles")}},
       "model \"lib.Book\" has no field \"titles\"",
       "did you mean \"title\"?"},
      {"rename field onto another",
       {RenameField{"book", "title", "pages"}},
       "model \"lib.Book\" has a field \"pages\" already",
       ""},
      {"index twice",
       {AddIndex{"book", Index{.name = "title_idx"}}},
       "model \"lib.Book\" has an index \"title_idx\" already",
       ""},
      {"unknown index",
       {RemoveIndex{"book", "title_ix"}},
       "model \"lib.Book\" has no index \"title_ix\"",
       "did you mean \"title_idx\"?"},
      {"unnamed index",
       {RenameIndex{"book", "x", "", {"pages"}}},
       "model \"lib.Book\" has no index on (pages)",
       ""},
      {"constraint twice",
       {AddConstraint{"book", CheckConstraint{.name = "pages_chk"}}},
       "model \"lib.Book\" has a constraint \"pages_chk\" already",
       ""},
      {"unknown constraint",
       {ValidateConstraint{"book", "page_chk"}},
       "model \"lib.Book\" has no constraint \"page_chk\"",
       "did you mean \"pages_chk\"?"},
      {"constraint under another name",
       {AlterConstraint{"book", "pages_chk", CheckConstraint{.name = "x"}}},
       "constraint \"pages_chk\" is altered into one called \"x\"",
       "give both the same name, or remove one and add the other"},
      {"unique not valid",
       {AddConstraintNotValid{"book", UniqueConstraint{.name = "u"}}},
       "constraint \"u\" is not a CheckConstraint",
       "only a CHECK can be added without being validated"},
  };
  for (const Refusal& refusal : refusals) {
    INFO(refusal.label);
    ProjectState state = library();
    try {
      advance(state, "lib", refusal.operation);
      FAIL("not refused");
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::bad_model);
      CHECK(std::string(error.what()) == refusal.message);
      CHECK(error.hint() == refusal.hint);
    }
  }
}
