#include <doctest/doctest.h>
#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/migrations/autodetector.h>

#include "support/models.h"

using namespace turnstone;
using namespace turnstone::migrations;
using namespace turnstone::test;

namespace {

/// Operations of app `lib` between two lists of models, which also lead from one to the other.
Operations found(const std::vector<ModelState>& from, const std::vector<ModelState>& to,
                 Questioner& questioner) {
  const ProjectState before = state_of(from);
  const ProjectState after = state_of(to);
  const ExistingMigrations existing{{{"lib", "0001_initial"}}};
  const auto made = detect_changes(before, after, existing, questioner, {});
  ProjectState state = before;
  Operations operations;
  for (const auto& [app, migrations] : made) {
    CHECK(app == "lib");
    for (const Migration& migration : migrations) {
      for (const Operation& operation : migration.operations) {
        advance(state, app, operation);
        operations.push_back(operation);
      }
    }
  }
  CHECK((state == after));
  return operations;
}

struct Case {
  std::string label{};
  std::vector<ModelState> from{};
  std::vector<ModelState> to{};
  std::vector<std::string> words{};
  std::vector<std::string> asked{};
};

void check(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    INFO(one.label);
    ScriptedQuestioner questioner;
    const Operations operations = found(one.from, one.to, questioner);
    CHECK(join(described(operations), "; ") == join(one.words, "; "));
    CHECK(join(questioner.asked, "; ") == join(one.asked, "; "));
  }
}

ModelState author() { return table("lib.Author", {text_field("name")}); }
ModelState book(std::vector<Field> fields = {}, Options options = {}) {
  fields.insert(fields.begin(), text_field("title"));
  return table("lib.Book", std::move(fields), std::move(options));
}
Options with_indexes(std::vector<Index> indexes) {
  Options options;
  options.indexes = std::move(indexes);
  return options;
}
Options with_constraints(std::vector<Constraint> constraints) {
  Options options;
  options.constraints = std::move(constraints);
  return options;
}
Options together(std::vector<std::vector<std::string>> sets) {
  Options options;
  options.unique_together = std::move(sets);
  return options;
}
Options unmanaged() {
  Options options;
  options.managed = false;
  return options;
}
Options proxy() {
  Options options;
  options.proxy = true;
  return options;
}
Index index(const std::string& name, const std::string& field) {
  return Index{.name = name, .fields = {field}};
}
CheckConstraint check_on(const std::string& name, const std::string& field) {
  return CheckConstraint{.name = name, .condition = positive(field)};
}
template <class Value, class Change>
Value with(Value value, const Change& change) {
  change(value);
  return value;
}

}  // namespace

TEST_CASE("models that come are created, in an order that their relations allow") {
  check({
      {"one", {}, {author()}, {"Create model Author"}},
      {"a key to a later name",
       {},
       {table("lib.A", {key_field("z", "lib.Z")}), table("lib.Z")},
       {"Create model Z", "Create model A"}},
      {"a circle",
       {},
       {table("lib.A", {key_field("b", "lib.B")}), table("lib.B", {key_field("a", "lib.A")})},
       {"Create model B", "Create model A", "Add field a to b"}},
      {"itself",
       {},
       {table("lib.A", {key_field("parent", "lib.A"), many_field("friends", "lib.A")})},
       {"Create model A"}},
      {"bases first",
       {},
       {model("lib.A", {parent_field("z_ptr", "lib.Z")}, {}, {"lib.Z"}), table("lib.Z")},
       {"Create model Z", "Create model A"}},
      {"proxy behind its base",
       {},
       {model("lib.A", {}, proxy(), {"lib.Z"}), table("lib.Z")},
       {"Create model Z", "Create proxy model A"}},
      {"through, and what only its model can hold",
       {},
       {table("lib.A", {many_field("bs", "lib.B", "lib.T")}), table("lib.B"),
        table("lib.T", {key_field("a", "lib.A"), key_field("b", "lib.B")}, together({{"a", "b"}}))},
       {"Create model B", "Create model T", "Create model A", "Add field a to t",
        "Alter unique_together for t (1 constraint(s))"}},
      {"unmanaged, in full",
       {},
       {table("lib.A", {key_field("a", "lib.A")}, unmanaged())},
       {"Create model A"}},
      {"a key of its own to another model",
       {},
       {model("lib.A",
              {with(one_to_one_field("z", "lib.Z"), [](Field& f) { f.primary_key = true; })}),
        table("lib.Z")},
       {"Create model Z", "Create model A"}},
  });
}

TEST_CASE("a new table has its columns in the order of the model") {
  ScriptedQuestioner questioner;
  const Operations operations = found({},
                                      {table("lib.A", {key_field("z", "lib.Z"), text_field("name"),
                                                       key_field("b", "lib.Z"), text_field("a")}),
                                       table("lib.Z")},
                                      questioner);
  std::vector<std::string> names;
  for (const Field& field : std::get<CreateModel>(operations[1].value).fields) {
    names.push_back(field.name);
  }
  CHECK(names == std::vector<std::string>{"id", "z", "name", "b", "a"});
}

TEST_CASE("models that go are deleted, who refers before who is referred to") {
  const ModelState of_author = book({key_field("author", "lib.Author")});
  check({
      {"one", {author()}, {}, {"Delete model Author"}},
      {"both", {author(), of_author}, {}, {"Delete model Book", "Delete model Author"}},
      {"the referred one",
       {author(), of_author},
       {book()},
       {"Remove field author from book", "Delete model Author"}},
      {"a key that points elsewhere now",
       {author(), table("lib.Person"), of_author},
       {table("lib.Person"), book({key_field("author", "lib.Person")})},
       {"Alter field author on book", "Delete model Author"}},
      {"a circle",
       {table("lib.A", {key_field("b", "lib.B")}),
        table("lib.B", {key_field("a", "lib.A"), key_field("self", "lib.B")})},
       {},
       {"Remove field b from a", "Delete model B", "Delete model A"}},
      {"a circle in a set and an index",
       {table("lib.A", {key_field("b", "lib.B"), text_field("x")},
              with(together({{"b", "x"}}), [](Options& o) { o.indexes = {index("i", "b")}; })),
        table("lib.B", {key_field("a", "lib.A")})},
       {},
       {"Alter unique_together for a (0 constraint(s))", "Remove index i from a",
        "Remove field b from a", "Delete model B", "Delete model A"}},
      {"the heir first",
       {table("lib.A"), model("lib.B", {parent_field("a_ptr", "lib.A")}, {}, {"lib.A"})},
       {},
       {"Delete model B", "Delete model A"}},
      {"a through model that stays no longer",
       {table("lib.A", {many_field("bs", "lib.B", "lib.T")}), table("lib.B"),
        table("lib.T", {key_field("a", "lib.A"), key_field("b", "lib.B")})},
       {table("lib.A"), table("lib.B")},
       {"Remove field bs from a", "Delete model T"}},
      {"proxy",
       {author(), model("lib.P", {}, proxy(), {"lib.Author"})},
       {author()},
       {"Delete model P"}},
  });
}

TEST_CASE("fields come, go and change") {
  check({
      {"added and removed",
       {book({integer_field("pages")})},
       {book({with(text_field("isbn"), [](Field& f) { f.blank = true; })})},
       {"Remove field pages from book", "Add field isbn to book"}},
      {"several, sorted",
       {book()},
       {book({optional(integer_field("z")), optional(integer_field("a"))})},
       {"Add field a to book", "Add field z to book"}},
      {"altered",
       {book({integer_field("n")})},
       {book({text_field("n")})},
       {"Alter field n on book"}},
      {"another column",
       {book()},
       {table("lib.Book", {in_column(text_field("title"), "t")})},
       {"Alter field title on book"}},
      {"many-to-many",
       {author(), book()},
       {author(), book({many_field("authors", "lib.Author")})},
       {"Add field authors to book"}},
      {"many-to-many to another model",
       {author(), table("lib.X"), book({many_field("authors", "lib.Author")})},
       {author(), table("lib.X"), book({many_field("authors", "lib.X")})},
       {"Alter field authors on book"}},
      {"a key behind its new target",
       {book()},
       {author(), book({optional(key_field("author", "lib.Author"))})},
       {"Create model Author", "Add field author to book"}},
      {"a key behind the field it names",
       {author(), book()},
       {table("lib.Author", {unique(text_field("name"))}),
        book({with(optional(key_field("author", "lib.Author")),
                   [](Field& f) { f.to_field = "name"; })})},
       {"Alter field name on author", "Add field author to book"}},
      {"unmanaged models too",
       {table("lib.A", {}, unmanaged())},
       {table("lib.A", {integer_field("x"), key_field("b", "lib.A")}, unmanaged())},
       {"Add field b to a", "Add field x to a"}},
      {"a primary key by another",
       {model("lib.A", {id_field(), text_field("code")})},
       {model("lib.A", {with(text_field("code"), [](Field& f) { f.primary_key = true; })})},
       {"Remove field id from a", "Alter field code on a"}},
  });
}

TEST_CASE("a difference anywhere inside a field is a difference") {
  const auto array = [](int length, bool nested = false) {
    Field field{.name = "x", .type = FieldType::array, .null = true};
    field.base_field = std::make_shared<const Field>(text_field("", length));
    if (!nested) return field;
    Field outer{.name = "x", .type = FieldType::array, .null = true};
    field.name = "";
    outer.base_field = std::make_shared<const Field>(field);
    return outer;
  };
  const auto meta = [](const char* value) {
    Field field{.name = "x", .type = FieldType::json};
    return defaulting(field, Json::parse(value));
  };
  const auto key = [](OnDelete rule) {
    Field field = optional(key_field("x", "lib.Book"));
    field.on_delete = rule;
    return field;
  };
  const auto many = [](const std::string& in_table) {
    Field field = many_field("x", "lib.Book");
    field.db_table = in_table;
    return field;
  };
  const std::vector<std::string> altered = {"Alter field x on book"};
  check({
      {"the same array", {book({array(5)})}, {book({array(5)})}, {}},
      {"an item's length", {book({array(5)})}, {book({array(6)})}, altered},
      {"that of an array in an array", {book({array(5, true)})}, {book({array(6, true)})}, altered},
      {"the same document",
       {book({meta(R"({"a": [1, {"b": 2}]})")})},
       {book({meta(R"({"a": [1, {"b": 2}]})")})},
       {}},
      {"a value in a document",
       {book({meta(R"({"a": [1, {"b": 2}]})")})},
       {book({meta(R"({"a": [1, {"b": 3}]})")})},
       altered},
      {"a rule of deletion",
       {book({key(OnDelete::cascade)})},
       {book({key(OnDelete::protect)})},
       altered},
      {"the table of a relation", {book({many("")})}, {book({many("t")})}, altered},
      {"a condition of an index",
       {book({integer_field("n")},
             with_indexes(
                 {with(index("i", "title"), [](Index& i) { i.condition = positive("n"); })}))},
       {book({integer_field("n")},
             with_indexes(
                 {with(index("i", "title"), [](Index& i) { i.condition = positive("id"); })}))},
       {"Remove index i from book", "Create index i on field(s) title of model book"}},
  });
}

TEST_CASE("operations come in Django's order") {
  Options before;
  before.indexes = {index("gone_idx", "gone"), index("old_idx", "kept")};
  before.constraints = {check_on("gone_chk", "gone"), check_on("changed_chk", "kept")};
  before.unique_together = {{"gone", "kept"}, {"kept", "title"}};
  Options after;
  after.base_manager_name = "all";
  after.db_table_comment = "words";
  after.db_table = "volumes";
  after.order_with_respect_to = "writer";
  after.indexes = {index("new_idx", "fresh"), index("young_idx", "kept")};
  after.constraints = {check_on("new_chk", "fresh"), check_on("changed_chk", "id")};
  after.unique_together = {{"fresh", "kept"}, {"kept", "title"}};
  ScriptedQuestioner questioner;
  questioner.renamed_models = {{"Old", "Young"}};
  questioner.renamed_fields = {{"author", "writer"}};
  const Operations operations =
      found({author(), table("lib.Old", {text_field("only")}), table("lib.Removed"),
             table("lib.Elsewhere", {}, unmanaged()),
             book({integer_field("gone"), integer_field("kept"), text_field("altered"),
                   key_field("author", "lib.Author")},
                  before)},
            {author(), table("lib.Young", {text_field("only")}), table("lib.Added"),
             model("lib.Seen", {}, proxy(), {"lib.Author"}),
             book({optional(integer_field("fresh")), integer_field("kept"),
                   text_field("altered", 90), key_field("writer", "lib.Author")},
                  after)},
            questioner);
  CHECK(described(operations) ==
        std::vector<std::string>{"Rename model Old to Young",
                                 "Create model Added",
                                 "Create proxy model Seen",
                                 "Delete model Elsewhere",
                                 "Delete model Removed",
                                 "Change Meta options on book",
                                 "Alter book table comment",
                                 "Remove constraint gone_chk from model book",
                                 "Remove index gone_idx from book",
                                 "Rename field author on book to writer",
                                 "Rename index old_idx on book to young_idx",
                                 "Alter unique_together for book (1 constraint(s))",
                                 "Remove field gone from book",
                                 "Add field fresh to book",
                                 "Alter field altered on book",
                                 "Set order_with_respect_to on book to writer",
                                 "Alter unique_together for book (2 constraint(s))",
                                 "Create index new_idx on field(s) fresh of model book",
                                 "Create constraint new_chk on model book",
                                 "Alter constraint changed_chk on book",
                                 "Rename table for book to volumes"});
}

TEST_CASE("what never matters to a database or to rows changes nothing") {
  Field told = text_field("title");
  told.blank = true;
  told.related_name = "x";
  told.choices = {Json::of("a")};
  told.renamed_from = "heading";
  Options options;
  options.ordering = {"title"};
  options.renamed_from = "Tome";
  Field shouted = key_field("a", "LIB.author");
  shouted.to = "lib.AUTHOR";
  check({
      {"attributes", {book()}, {table("lib.Book", {told}, options)}, {}},
      {"capitals of a target",
       {author(), book({key_field("a", "lib.Author")})},
       {author(), book({shouted})},
       {}},
      {"order of fields and lists",
       {table("lib.A", {integer_field("x"), integer_field("y")},
              with_indexes({index("i", "x"), index("j", "y")}))},
       {table("lib.A", {integer_field("y"), integer_field("x")},
              with_indexes({index("j", "y"), index("i", "x")}))},
       {}},
  });
}

TEST_CASE("values for rows that are there are asked for where none follows from the field") {
  const auto plain = [](const std::string& name) { return integer_field(name); };
  Field now{.name = "x", .type = FieldType::date_time};
  now.auto_now_add = true;
  Field automatic{.name = "x", .type = FieldType::small_auto_field};
  struct Question {
    std::string label{};
    Field field{};
    bool asked = false;
  };
  const Question added[] = {
      {"a number", plain("x"), true},
      {"a key", key_field("x", "lib.Book"), true},
      {"a text", text_field("x"), true},
      {"a text that may be blank", with(text_field("x"), [](Field& f) { f.blank = true; }), false},
      {"a number that may be blank", with(plain("x"), [](Field& f) { f.blank = true; }), true},
      {"NULL", optional(plain("x")), false},
      {"yes or no", Field{.name = "x", .type = FieldType::boolean}, true},
      {"unique, by a function",
       with(unique(Field{.name = "x", .type = FieldType::uuid}),
            [](Field& f) { f.default_value = DefaultFunction{"uuid4"}; }),
       false},
      {"bytes that may be blank",
       with(Field{.name = "x", .type = FieldType::binary}, [](Field& f) { f.blank = true; }),
       false},
      {"a default", defaulting(plain("x"), Json::of(1)), false},
      {"a database default",
       with(plain("x"), [](Field& f) { f.db_default = Expression::literal(Json::of(1)); }), false},
      {"the time", now, false},
      {"automatic", automatic, false},
      {"generated", generated_field("x", positive("id")), false},
      {"many", many_field("x", "lib.Book"), false},
  };
  for (const Question& question : added) {
    INFO(question.label);
    ScriptedQuestioner questioner;
    questioner.defaults["x"] = Json::of(7);
    const Operations operations = found({book()}, {book({question.field})}, questioner);
    REQUIRE(operations.size() == 1);
    CHECK(questioner.asked.size() == (question.asked ? 1 : 0));
    const auto& add = std::get<AddField>(operations[0].value);
    CHECK(add.preserve_default == !question.asked);
    if (question.asked) CHECK(add.field.default_value == Default{Json::of(7)});
  }
  ScriptedQuestioner silent;
  CHECK(
      std::get<AddField>(found({book()}, {book({plain("x")})}, silent)[0].value).preserve_default);
  ScriptedQuestioner unasked;
  found({table("lib.A", {}, unmanaged())}, {table("lib.A", {plain("x")}, unmanaged())}, unasked);
  CHECK(unasked.asked.empty());
}

TEST_CASE("a value for NULLs is asked for when a field may no longer be NULL") {
  ScriptedQuestioner questioner;
  questioner.defaults["x"] = Json::of(7);
  const Operations operations =
      found({book({optional(integer_field("x"))})}, {book({integer_field("x")})}, questioner);
  CHECK(questioner.asked == std::vector<std::string>{"altered Book.x"});
  const auto& alter = std::get<AlterField>(operations[0].value);
  CHECK(alter.field.default_value == Default{Json::of(7)});
  CHECK_FALSE(alter.preserve_default);
  check({{"with a default of its own",
          {book({optional(integer_field("x"))})},
          {book({defaulting(integer_field("x"), Json::of(1))})},
          {"Alter field x on book"},
          {}},
         {"with a default of the database",
          {book({optional(integer_field("x"))})},
          {book({with(integer_field("x"),
                      [](Field& f) { f.db_default = Expression::literal(Json::of(1)); })})},
          {"Alter field x on book"},
          {}},
         {"a text that may be blank",
          {book({optional(text_field("x"))})},
          {book({with(text_field("x"), [](Field& f) { f.blank = true; })})},
          {"Alter field x on book"},
          {"altered Book.x"}}});
}

TEST_CASE("indexes come, go, change and are renamed") {
  check({
      {"added",
       {book()},
       {book({}, with_indexes({index("i", "title")}))},
       {"Create index i on field(s) title of model book"}},
      {"removed",
       {book({}, with_indexes({index("i", "title")}))},
       {book()},
       {"Remove index i from book"}},
      {"renamed",
       {book({}, with_indexes({index("i", "title")}))},
       {book({}, with_indexes({index("j", "title")}))},
       {"Rename index i on book to j"}},
      {"changed under its name",
       {book({integer_field("n")}, with_indexes({index("i", "title")}))},
       {book({integer_field("n")}, with_indexes({index("i", "n")}))},
       {"Remove index i from book", "Create index i on field(s) n of model book"}},
      {"before the field goes, after it comes",
       {book({integer_field("old")}, with_indexes({index("i", "old")}))},
       {book({optional(integer_field("fresh"))}, with_indexes({index("j", "fresh")}))},
       {"Remove index i from book", "Remove field old from book", "Add field fresh to book",
        "Create index j on field(s) fresh of model book"},
       {"field Book.old>fresh null", "remove Book.old for fresh"}},
      {"a name that another model gives up",
       {table("lib.A", {}, with_indexes({index("i", "id")})), table("lib.B")},
       {table("lib.A"), table("lib.B", {}, with_indexes({index("i", "id")}))},
       {"Remove index i from a", "Create index i on field(s) id of model b"}},
      {"a name that a later model gives up",
       {table("lib.B"), table("lib.C", {}, with_indexes({index("i", "id")}))},
       {table("lib.B", {}, with_indexes({index("i", "id")})), table("lib.C")},
       {"Remove index i from c", "Create index i on field(s) id of model b"}},
  });
}

TEST_CASE("constraints come, go and change") {
  const Field n = integer_field("n");
  check({
      {"added",
       {book({n})},
       {book({n}, with_constraints({check_on("c", "n")}))},
       {"Create constraint c on model book"}},
      {"removed",
       {book({n}, with_constraints({check_on("c", "n")}))},
       {book({n})},
       {"Remove constraint c from model book"}},
      {"changed",
       {book({n}, with_constraints({check_on("c", "n")}))},
       {book({n}, with_constraints({check_on("c", "id")}))},
       {"Alter constraint c on book"}},
      {"renamed",
       {book({n}, with_constraints({check_on("c", "n")}))},
       {book({n}, with_constraints({check_on("d", "n")}))},
       {"Rename constraint c on book to d"}},
      {"renamed, where two are the same",
       {book({n}, with_constraints({check_on("c", "n"), check_on("d", "n")}))},
       {book({n}, with_constraints({check_on("d", "n"), check_on("e", "n"), check_on("f", "n")}))},
       {"Rename constraint c on book to e", "Create constraint f on model book"}},
      {"a name that changes hands",
       {book({n}, with_constraints({check_on("c", "n"), check_on("d", "id")}))},
       {book({n}, with_constraints({check_on("d", "n")}))},
       {"Remove constraint c from model book", "Alter constraint d on book"}},
      {"a name that another model gives up by a rename",
       {table("lib.B"), table("lib.C", {}, with_constraints({check_on("c", "id")}))},
       {table("lib.B", {}, with_constraints({check_on("c", "id")})),
        table("lib.C", {}, with_constraints({check_on("d", "id")}))},
       {"Rename constraint c on c to d", "Create constraint c on model b"}},
      {"changed with a field that is altered",
       {book({n}, with_constraints({check_on("c", "n")}))},
       {book({text_field("n")}, with_constraints({check_on("c", "id")}))},
       {"Remove constraint c from model book", "Alter field n on book",
        "Create constraint c on model book"}},
  });
}

TEST_CASE("unique_together shrinks before fields go and grows when they are there") {
  const Field a = optional(integer_field("a"));
  const Field b = optional(integer_field("b"));
  const Field c = optional(text_field("c"));
  check({
      {"set",
       {book({a, b})},
       {book({a, b}, together({{"a", "b"}}))},
       {"Alter unique_together for book (1 constraint(s))"}},
      {"unset",
       {book({a, b}, together({{"a", "b"}}))},
       {book({a, b})},
       {"Alter unique_together for book (0 constraint(s))"}},
      {"changed in one step",
       {book({a, b}, together({{"a", "b"}}))},
       {book({a, b}, together({{"b", "a"}}))},
       {"Alter unique_together for book (1 constraint(s))"}},
      {"only the order of sets",
       {book({a, b}, together({{"a", "b"}, {"a", "title"}}))},
       {book({a, b}, together({{"a", "title"}, {"a", "b"}}))},
       {}},
      {"around fields",
       {book({a, b}, together({{"a", "b"}, {"a", "title"}}))},
       {book({a, c}, together({{"a", "c"}, {"a", "title"}}))},
       {"Alter unique_together for book (1 constraint(s))", "Remove field b from book",
        "Add field c to book", "Alter unique_together for book (2 constraint(s))"}},
  });
}

TEST_CASE("options of models") {
  const auto option = [](const auto& set) {
    Options options;
    set(options);
    return options;
  };
  const std::vector<Field> key = {key_field("author", "lib.Author")};
  const Options ordered = option([](Options& o) {
    o.order_with_respect_to = "author";
    o.indexes = {Index{.name = "i", .fields = {"author", "_order"}}};
    o.constraints = {UniqueConstraint{.name = "c", .fields = {"author", "_order"}}};
  });
  check({
      {"table",
       {book()},
       {book({}, option([](Options& o) { o.db_table = "t"; }))},
       {"Rename table for book to t"}},
      {"default table",
       {book({}, option([](Options& o) { o.db_table = "t"; }))},
       {book()},
       {"Rename table for book to (default)"}},
      {"comment",
       {book()},
       {book({}, option([](Options& o) { o.db_table_comment = "c"; }))},
       {"Alter book table comment"}},
      {"managed no more", {book()}, {book({}, unmanaged())}, {"Change Meta options on book"}},
      {"base manager",
       {book()},
       {book({}, option([](Options& o) { o.base_manager_name = "m"; }))},
       {"Change Meta options on book"}},
      {"order",
       {author(), book(key)},
       {author(), book(key, option([](Options& o) { o.order_with_respect_to = "author"; }))},
       {"Set order_with_respect_to on book to author"}},
      {"order by a field that comes",
       {author(), book()},
       {author(),
        book({optional(key[0])}, option([](Options& o) { o.order_with_respect_to = "author"; }))},
       {"Add field author to book", "Set order_with_respect_to on book to author"}},
      {"order by a field that goes",
       {author(), book(key, option([](Options& o) { o.order_with_respect_to = "author"; }))},
       {author(), book()},
       {"Set order_with_respect_to on book to None", "Remove field author from book"}},
      {"order that an index and a constraint name",
       {author(), book(key)},
       {author(), book(key, ordered)},
       {"Set order_with_respect_to on book to author",
        "Create index i on field(s) author, _order of model book",
        "Create constraint c on model book"}},
      {"order that they no longer name",
       {author(), book(key, ordered)},
       {author(), book(key)},
       {"Remove constraint c from model book", "Remove index i from book",
        "Set order_with_respect_to on book to None"}},
      {"tablespace, in the state alone",
       {book()},
       {book({}, option([](Options& o) { o.db_tablespace = "fast"; }))},
       {"Custom state/database change combination"}},
      {"other bases",
       {table("lib.A"), table("lib.B"),
        model("lib.C", {parent_field("a_ptr", "lib.A")}, {}, {"lib.A"})},
       {table("lib.A"), table("lib.B"),
        model("lib.C", {parent_field("a_ptr", "lib.A")}, {}, {"lib.A", "lib.B"})},
       {"Custom state/database change combination"}},
      {"a base that goes",
       {table("lib.A"), model("lib.C", {parent_field("a_ptr", "lib.A")}, {}, {"lib.A"})},
       {table("lib.C")},
       {"Remove field a_ptr from c", "Add field id to c",
        "Custom state/database change combination", "Delete model A"}},
  });
}

TEST_CASE("a field that a base loses goes there before it comes in the heir") {
  check({{"moved down",
          {table("lib.A", {optional(integer_field("x"))})},
          {table("lib.A"),
           model("lib.B", {parent_field("a_ptr", "lib.A"), optional(integer_field("x"))}, {},
                 {"lib.A"})},
          {"Remove field x from a", "Create model B"}}});
}

TEST_CASE("generated columns come anew, with what names them") {
  const auto twice = [](const std::string& of) { return generated_field("g", positive(of)); };
  check({
      {"another expression",
       {book({integer_field("n"), twice("id")})},
       {book({integer_field("n"), twice("n")})},
       {"Remove field g from book", "Add field g to book"}},
      {"with an index and a set",
       {book({twice("id")}, with(with_indexes({index("i", "g")}),
                                 [](Options& o) {
                                   o.unique_together = {{"g", "title"}};
                                 }))},
       {book({integer_field("n"), twice("n")}, with(with_indexes({index("i", "g")}),
                                                    [](Options& o) {
                                                      o.unique_together = {{"g", "title"}};
                                                    }))},
       {"Remove index i from book", "Alter unique_together for book (0 constraint(s))",
        "Remove field g from book", "Add field n to book", "Add field g to book",
        "Alter unique_together for book (1 constraint(s))",
        "Create index i on field(s) g of model book"},
       {"added Book.n"}},
      {"its column only",
       {book({twice("id")})},
       {book({in_column(twice("id"), "gg")})},
       {"Alter field g on book"}},
      {"from a column with values, after a question",
       {book({integer_field("g")})},
       {book({twice("id")})},
       {"Remove field g from book", "Add field g to book"},
       {"remove Book.g for g"}},
      {"to a column",
       {book({twice("id")})},
       {book({optional(integer_field("g"))})},
       {"Remove field g from book", "Add field g to book"},
       {}},
      {"goes before what it is computed from",
       {book({integer_field("a"), twice("a")})},
       {book()},
       {"Remove field g from book", "Remove field a from book"}},
  });
}

TEST_CASE("relations change between one and many only after a question") {
  const Field one = optional(key_field("authors", "lib.Author"));
  const Field many = many_field("authors", "lib.Author");
  check({
      {"one to many",
       {author(), book({one})},
       {author(), book({many})},
       {"Remove field authors from book", "Add field authors to book"},
       {"remove Book.authors for authors"}},
      {"many to one",
       {author(), book({many})},
       {author(), book({one})},
       {"Remove field authors from book", "Add field authors to book"},
       {"remove Book.authors for authors"}},
  });
  ScriptedQuestioner refusing;
  refusing.may_remove = false;
  CHECK_THROWS_AS(found({author(), book({one})}, {author(), book({many})}, refusing), Error);
}

TEST_CASE("rows of a many-to-many relation go on in a model of its own, and back") {
  const ModelState link = table(
      "lib.Link",
      {key_field("b", "lib.Book"), key_field("a", "lib.Author"), optional(text_field("role"))});
  const std::vector<ModelState> automatic = {author(), book({many_field("authors", "lib.Author")})};
  const std::vector<ModelState> explicit_model = {
      author(), link, book({many_field("authors", "lib.Author", "lib.Link")})};
  check({
      {"to a model",
       automatic,
       explicit_model,
       {"Custom state/database change combination",
        "Alter unique_together for link (0 constraint(s))", "Add field role to link",
        "Alter field a on link", "Alter field b on link", "Rename table for link to (default)"}},
      {"and back",
       explicit_model,
       automatic,
       {"Remove field role from link", "Alter field b on link", "Alter field a on link",
        "Alter unique_together for link (1 constraint(s))",
        "Rename table for link to lib_book_authors", "Custom state/database change combination"}},
  });
  ScriptedQuestioner questioner;
  const Operations operations = found(automatic, explicit_model, questioner);
  const auto& both = std::get<SeparateDatabaseAndState>(operations[0].value);
  CHECK_FALSE(both.database_operations);
  const auto& create = std::get<CreateModel>((*both.state_operations)[0].value);
  CHECK(create.options.db_table == "lib_book_authors");
  CHECK(column_name(create.fields[1]) == "book_id");
  CHECK(column_name(create.fields[2]) == "author_id");
}

TEST_CASE("where rows of a relation cannot go on, that is asked") {
  const ModelState other =
      table("lib.Link", {key_field("b", "lib.Book"), key_field("a", "lib.Author")});
  const auto with_link = [&](const std::string& through) {
    return std::vector<ModelState>{author(), other,
                                   book({many_field("authors", "lib.Author", through)})};
  };
  const ModelState second =
      table("lib.Second", {key_field("b", "lib.Book"), key_field("a", "lib.Author")});
  std::vector<ModelState> by_link = with_link("lib.Link");
  std::vector<ModelState> by_second = with_link("lib.Second");
  by_link.push_back(second);
  by_second.push_back(second);
  check({
      {"to a model that is there already",
       with_link(""),
       with_link("lib.Link"),
       {"Remove field authors from book", "Add field authors to book"},
       {"remove Book.authors for authors"}},
      {"from a model that stays",
       with_link("lib.Link"),
       with_link(""),
       {"Remove field authors from book", "Add field authors to book"},
       {}},
      {"from one model to another", by_link, by_second, {"Alter field authors on book"}, {}},
  });
}

TEST_CASE("a table becomes a proxy only when nothing refers to it") {
  const ModelState base = table("lib.Base");
  const ModelState as_proxy = model("lib.A", {}, proxy(), {"lib.Base"});
  const ModelState as_table = table("lib.A");
  check({
      {"proxy to table", {base, as_proxy}, {base, as_table}, {"Delete model A", "Create model A"}},
      {"table to proxy",
       {base, as_table},
       {base, as_proxy},
       {"Delete model A", "Create proxy model A"}},
  });
  ScriptedQuestioner questioner;
  const ModelState pointing = table("lib.P", {key_field("a", "lib.A")});
  try {
    found({base, as_proxy, pointing}, {base, as_table, pointing}, questioner);
    FAIL("not refused");
  } catch (const Error& error) {
    CHECK(std::string(error.what()) ==
          "model \"lib.A\" cannot become a table of its own while \"lib.P\" refers to it");
  }
}

TEST_CASE("a composite primary key is made of fields that are there") {
  Field pk{.name = "pk", .type = FieldType::composite_primary_key};
  pk.fields = {"author", "n"};
  check({
      {"in a new model",
       {author()},
       {author(), model("lib.C", {pk, key_field("author", "lib.Author"), integer_field("n")})},
       {"Create model C"}},
      {"in place of a plain one",
       {author(), table("lib.C", {key_field("author", "lib.Author")})},
       {author(), model("lib.C", {pk, key_field("author", "lib.Author"),
                                  defaulting(integer_field("n"), Json::of(1))})},
       {"Remove field id from c", "Add field n to c", "Add field pk to c"}},
  });
}

TEST_CASE("a table whose name is taken by another model is put aside") {
  Options old;
  old.db_table = "things";
  check({
      {"it goes first where it can",
       {table("lib.A", {}, old)},
       {table("lib.B", {integer_field("x")}, old)},
       {"Delete model A", "Create model B"}},
      {"else it gets another name",
       {table("lib.A", {}, old), table("lib.P", {key_field("a", "lib.A")})},
       {table("lib.B", {integer_field("x")}, old), table("lib.P", {key_field("a", "lib.B")})},
       {"Rename table for a to things_old", "Create model B", "Alter field a on p",
        "Delete model A"}},
  });
}
