#include <doctest/doctest.h>
#include <turnstone/identifier.h>
#include <turnstone/migrations/autodetector.h>

#include "support/models.h"

using namespace turnstone;
using namespace turnstone::migrations;
using namespace turnstone::test;

namespace {

CreateModel create(const std::string& name, std::vector<Field> fields = {id_field()},
                   Options options = {}) {
  return CreateModel{name, std::move(fields), std::move(options), {}};
}
RunSQL sql(bool elidable = false) {
  RunSQL operation;
  operation.sql.text = "SELECT 1";
  operation.elidable = elidable;
  return operation;
}
Field plain(const std::string& name, bool null = false) {
  Field field = integer_field(name);
  field.null = null;
  return field;
}
Field number(const std::string& name, int value, bool null = false) {
  return defaulting(plain(name, null), Json::of(value));
}
Field typed(Field field, FieldType type) {
  field.type = type;
  return field;
}
Options managed(bool is) {
  Options options;
  options.managed = is;
  return options;
}
Options indexed(const std::string& name) {
  Options options;
  options.indexes = {Index{.name = name, .fields = {"a"}}};
  return options;
}

struct Case {
  std::string label{};
  Operations before{};
  Operations after{};
};

void check(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    INFO(one.label);
    const Operations optimized = optimize(one.before, "app");
    CHECK(join(described(optimized), "; ") == join(described(one.after), "; "));
    CHECK((optimized == one.after));
    CHECK((optimize(optimized, "app") == optimized));
  }
}
/// These stay as they are.
void check_kept(const std::vector<std::pair<std::string, Operations>>& lists) {
  for (const auto& [label, operations] : lists) check({{label, operations, operations}});
}

}  // namespace

TEST_CASE("what follows CreateModel becomes part of it") {
  const Index index{.name = "i", .fields = {"a"}};
  const CheckConstraint constraint{.name = "c", .condition = positive("a")};
  const CheckConstraint other{.name = "c", .condition = positive("b")};
  const auto with = [](const auto& set) {
    Options options;
    set(options);
    return options;
  };
  check({
      {"delete", {{create("A")}, {DeleteModel{"A"}}}, {}},
      {"rename", {{create("A")}, {RenameModel{"A", "B"}}}, {{create("B")}}},
      {"add",
       {{create("A")}, {AddField{"a", plain("a")}}},
       {{create("A", {id_field(), plain("a")})}}},
      {"add with a default that only fills rows",
       {{create("A")}, {AddField{"a", number("a", 1), false}}},
       {{create("A", {id_field(), plain("a")})}}},
      {"alter",
       {{create("A", {id_field(), plain("a")})}, {AlterField{"a", text_field("a")}}},
       {{create("A", {id_field(), text_field("a")})}}},
      {"remove",
       {{create("A", {id_field(), plain("a")})}, {RemoveField{"a", "a"}}},
       {{create("A")}}},
      {"rename field",
       {{create("A", {id_field(), plain("a")}, indexed("i"))}, {RenameField{"a", "a", "b"}}},
       {{create("A", {id_field(), plain("b")},
                with([](Options& o) { o.indexes = {Index{.name = "i", .fields = {"b"}}}; }))}}},
      {"table",
       {{create("A")}, {AlterModelTable{"a", "t"}}, {AlterModelTableComment{"a", "c"}}},
       {{create("A", {id_field()}, with([](Options& o) {
                  o.db_table = "t";
                  o.db_table_comment = "c";
                }))}}},
      {"unique_together",
       {{create("A")}, {AlterUniqueTogether{"a", {{"a", "b"}}}}},
       {{create("A", {id_field()}, with([](Options& o) {
                  o.unique_together = {{"a", "b"}};
                }))}}},
      {"order",
       {{create("A")}, {AlterOrderWithRespectTo{"a", "b"}}},
       {{create("A", {id_field()}, with([](Options& o) { o.order_with_respect_to = "b"; }))}}},
      {"options that keep it managed",
       {{create("A")}, {AlterModelOptions{"a", true, "objects"}}},
       {{create("A", {id_field()}, with([](Options& o) { o.base_manager_name = "objects"; }))}}},
      {"options that are not there any more",
       {{create("A", {id_field()}, with([](Options& o) { o.base_manager_name = "objects"; }))},
        {AlterModelOptions{"a", true, ""}}},
       {{create("A")}}},
      {"rename field in sets and in the order",
       {{create("A", {id_field(), key_field("a", "app.B"), plain("b")}, with([](Options& o) {
                  o.unique_together = {{"a", "b"}};
                  o.order_with_respect_to = "a";
                }))},
        {RenameField{"a", "a", "c"}}},
       {{create("A", {id_field(), key_field("c", "app.B"), plain("b")}, with([](Options& o) {
                  o.unique_together = {{"c", "b"}};
                  o.order_with_respect_to = "c";
                }))}}},
      {"remove field, out of sets and the order",
       {{create("A", {id_field(), key_field("a", "app.B"), plain("b")}, with([](Options& o) {
                  o.unique_together = {{"a", "b"}};
                  o.order_with_respect_to = "a";
                }))},
        {AlterUniqueTogether{"a", {}}},
        {AlterOrderWithRespectTo{"a", ""}},
        {RemoveField{"a", "a"}}},
       {{create("A", {id_field(), plain("b")})}}},
      {"index",
       {{create("A")}, {AddIndex{"a", index}}},
       {{create("A", {id_field()}, indexed("i"))}}},
      {"index renamed and removed",
       {{create("A", {id_field()}, indexed("i"))},
        {RenameIndex{"a", "j", "i", {}}},
        {RemoveIndex{"a", "j"}}},
       {{create("A")}}},
      {"constraint added, altered",
       {{create("A")}, {AddConstraint{"a", constraint}}, {AlterConstraint{"a", "c", other}}},
       {{create("A", {id_field()}, with([&](Options& o) { o.constraints = {other}; }))}}},
      {"constraint removed",
       {{create("A")}, {AddConstraint{"a", constraint}}, {RemoveConstraint{"a", "c"}}},
       {{create("A")}}},
  });
}

TEST_CASE("CreateModel does not take what its table would not have") {
  check_kept({
      {"a table that is managed no more", {{create("A")}, {AlterModelOptions{"a", false, ""}}}},
      {"a table that was not",
       {{create("A", {id_field()}, managed(false))}, {AlterModelOptions{"a", true, ""}}}},
      {"behind SQL", {{create("A")}, {sql()}, {AddField{"a", plain("a")}}}},
      {"behind code", {{create("A")}, {RunCpp{"f"}}, {DeleteModel{"A"}}}},
  });
}

TEST_CASE("models go around each other where they do not refer to each other") {
  const CreateModel b_of_a = create("B", {id_field(), key_field("a", "app.A")});
  check({
      {"to the right, past what is needed",
       {{create("A")}, {create("B")}, {AddField{"a", key_field("b", "app.B")}}},
       {{create("B")}, {create("A", {id_field(), key_field("b", "app.B")})}}},
      {"to the left, past what needs it",
       {{create("A")}, {b_of_a}, {AddField{"a", plain("x")}}},
       {{create("A", {id_field(), plain("x")})}, {b_of_a}}},
      {"everything that goes again",
       {{create("A")}, {b_of_a}, {DeleteModel{"B"}}, {DeleteModel{"A"}}},
       {}},
      {"through a third",
       {{create("A")}, {create("B")}, {DeleteModel{"X"}}, {DeleteModel{"A"}}},
       {{create("B")}, {DeleteModel{"X"}}}},
      {"through the heir",
       {{create("A")},
        {CreateModel{"B", {parent_field("a_ptr", "app.A")}, {}, {"app.A"}}},
        {AddField{"a", plain("x")}}},
       {{create("A", {id_field(), plain("x")})},
        {CreateModel{"B", {parent_field("a_ptr", "app.A")}, {}, {"app.A"}}}}},
  });
  check_kept({
      {"a circle", {{create("A")}, {b_of_a}, {AddField{"a", key_field("b", "app.B")}}}},
      {"a key to another app is no reason to move",
       {{create("A", {id_field(), key_field("x", "other.X")})}, {sql()}, {DeleteModel{"A"}}}},
  });
}

TEST_CASE("a rename that goes before others is written into them") {
  const auto b_of = [](const std::string& target) {
    return create("B", {id_field(), key_field("a", target)});
  };
  const auto b_on = [](const std::string& field) {
    Field key = key_field("a", "app.A");
    key.to_field = field;
    return create("B", {id_field(), key});
  };
  check({
      {"a model",
       {{create("A")}, {b_of("app.A")}, {RenameModel{"A", "C"}}},
       {{create("C")}, {b_of("app.C")}}},
      {"a base",
       {{create("A")},
        {CreateModel{"B", {parent_field("a_ptr", "app.A")}, {}, {"app.A"}}},
        {RenameModel{"A", "C"}}},
       {{create("C")}, {CreateModel{"B", {parent_field("a_ptr", "app.C")}, {}, {"app.C"}}}}},
      {"a field another model's key names",
       {{create("A", {id_field(), plain("x")})}, {b_on("x")}, {RenameField{"a", "x", "y"}}},
       {{create("A", {id_field(), plain("y")})}, {b_on("y")}}},
      {"a field altered in between",
       {{RenameField{"a", "x", "y"}},
        {AlterField{"a", plain("y", true)}},
        {RenameField{"a", "y", "z"}}},
       {{RenameField{"a", "x", "z"}}, {AlterField{"a", plain("z", true)}}}},
      {"a field indexed in between",
       {{AddField{"a", plain("x")}},
        {AddIndex{"a", Index{.name = "i", .fields = {"-x"}}}},
        {RenameField{"a", "x", "y"}}},
       {{AddField{"a", plain("y")}}, {AddIndex{"a", Index{.name = "i", .fields = {"-y"}}}}}},
  });
  check_kept({
      {"two fields change places",
       {{RenameField{"a", "x", "t"}}, {RenameField{"a", "y", "x"}}, {RenameField{"a", "t", "y"}}}},
      {"SQL may use the old name", {{create("A")}, {sql()}, {RenameModel{"A", "B"}}}},
  });
}

TEST_CASE("renames join, and one that leads back is gone") {
  check({
      {"fields",
       {{RenameField{"a", "x", "y"}}, {RenameField{"a", "y", "z"}}},
       {{RenameField{"a", "x", "z"}}}},
      {"fields there and back", {{RenameField{"a", "x", "y"}}, {RenameField{"a", "y", "x"}}}, {}},
      {"models", {{RenameModel{"A", "B"}}, {RenameModel{"B", "C"}}}, {{RenameModel{"A", "C"}}}},
      {"models there and back", {{RenameModel{"A", "B"}}, {RenameModel{"B", "A"}}}, {}},
      {"models whose old name is taken again",
       {{RenameModel{"A", "B"}}, {create("A")}, {RenameModel{"B", "C"}}},
       {{RenameModel{"A", "C"}}, {create("A")}}},
      {"capitals stay a rename",
       {{RenameModel{"A", "B"}}, {RenameModel{"B", "a"}}},
       {{RenameModel{"A", "a"}}}},
      {"indexes",
       {{RenameIndex{"a", "j", "i", {}}}, {RenameIndex{"a", "k", "j", {}}}},
       {{RenameIndex{"a", "k", "i", {}}}}},
      {"indexes there and back",
       {{RenameIndex{"a", "j", "i", {}}}, {RenameIndex{"a", "i", "j", {}}}},
       {}},
      {"an index without a name",
       {{RenameIndex{"a", "j", "", {"x"}}}, {RenameIndex{"a", "k", "j", {}}}},
       {{RenameIndex{"a", "k", "", {"x"}}}}},
      {"to nowhere", {{RenameField{"a", "x", "x"}}, {sql()}}, {{sql()}}},
      {"then removed",
       {{RenameField{"a", "x", "y"}}, {RemoveField{"a", "y"}}},
       {{RemoveField{"a", "x"}}}},
      {"model then deleted", {{RenameModel{"A", "B"}}, {DeleteModel{"B"}}}, {{DeleteModel{"A"}}}},
  });
}

TEST_CASE("added fields take what follows when rows cannot tell") {
  const Field empty = text_field("x");
  check({
      {"remove", {{AddField{"a", plain("x")}}, {RemoveField{"a", "x"}}}, {}},
      {"rename",
       {{AddField{"a", plain("x")}}, {RenameField{"a", "x", "y"}}},
       {{AddField{"a", plain("y")}}}},
      {"NULLs that are filled",
       {{AddField{"a", plain("x", true)}}, {AlterField{"a", number("x", 1), false}}},
       {{AddField{"a", number("x", 1), false}}}},
      {"a default that only filled rows stays one",
       {{AddField{"a", number("x", 1), false}},
        {AlterField{"a", typed(plain("x"), FieldType::big_integer)}}},
       {{AddField{"a", typed(number("x", 1), FieldType::big_integer), false}}}},
      {"the same default",
       {{AddField{"a", number("x", 1)}},
        {AlterField{"a", typed(number("x", 1), FieldType::big_integer)}}},
       {{AddField{"a", typed(number("x", 1), FieldType::big_integer)}}}},
      {"another length",
       {{AddField{"a", empty}}, {AlterField{"a", text_field("x", 99)}}},
       {{AddField{"a", text_field("x", 99)}}}},
      {"another type without values",
       {{AddField{"a", plain("x", true)}}, {AlterField{"a", optional(text_field("x"))}}},
       {{AddField{"a", optional(text_field("x"))}}}},
      {"a relation without rows",
       {{AddField{"a", many_field("x", "app.B")}}, {AlterField{"a", many_field("x", "app.C")}}},
       {{AddField{"a", many_field("x", "app.C")}}}},
  });
  check_kept({
      {"another default", {{AddField{"a", number("x", 1)}}, {AlterField{"a", number("x", 2)}}}},
      {"a default where NULLs are",
       {{AddField{"a", plain("x", true)}}, {AlterField{"a", number("x", 2, true)}}}},
      {"values of another type",
       {{AddField{"a", number("x", 1)}}, {AlterField{"a", text_field("x")}}}},
  });
}

TEST_CASE("alterations of one field join when rows cannot tell") {
  check({
      {"the last counts",
       {{AlterField{"a", plain("x", true)}}, {AlterField{"a", number("x", 1), false}}},
       {{AlterField{"a", number("x", 1), false}}}},
      {"NULLs keep the value they got",
       {{AlterField{"a", number("x", 1), false}}, {AlterField{"a", unique(plain("x"))}}},
       {{AlterField{"a", unique(number("x", 1)), false}}}},
      {"remove",
       {{AlterField{"a", plain("x")}}, {RemoveField{"a", "x"}}},
       {{RemoveField{"a", "x"}}}},
  });
  Field rounded{.name = "x", .type = FieldType::decimal, .null = true};
  rounded.decimal_places = 2;
  Field exact = rounded;
  exact.decimal_places = 4;
  check_kept({
      {"there and back through another type",
       {{AlterField{"a", plain("x", true)}}, {AlterField{"a", optional(text_field("x"))}}}},
      {"digits that were cut", {{AlterField{"a", rounded}}, {AlterField{"a", exact}}}},
      {"NULLs that were filled",
       {{AlterField{"a", number("x", 1)}}, {AlterField{"a", plain("x", true)}}}},
      {"NULLs that were filled otherwise",
       {{AlterField{"a", number("x", 1)}}, {AlterField{"a", number("x", 2)}}}},
  });
}

TEST_CASE("a model that goes takes its changes with it") {
  check({
      {"all kinds",
       {{AddField{"a", plain("x")}},
        {AlterField{"a", plain("y")}},
        {RenameField{"a", "y", "z"}},
        {RemoveField{"a", "w"}},
        {AlterUniqueTogether{"a", {}}},
        {AlterModelTable{"a", "t"}},
        {AddIndex{"a", Index{.name = "i", .fields = {"x"}}}},
        {RemoveIndex{"a", "j"}},
        {RemoveConstraint{"a", "c"}},
        {DeleteModel{"A"}}},
       {{DeleteModel{"A"}}}},
  });
  check_kept({{"a table that is no longer ours",
               {{AlterModelOptions{"a", false, ""}}, {DeleteModel{"A"}}}}});
}

TEST_CASE("options and collations: the last word counts") {
  check({
      {"table",
       {{AlterModelTable{"a", "t"}}, {AlterModelTable{"a", "u"}}},
       {{AlterModelTable{"a", "u"}}}},
      {"unique_together, around a field that is not in it",
       {{AlterUniqueTogether{"a", {{"x", "y"}}}},
        {AddField{"a", plain("z")}},
        {AlterUniqueTogether{"a", {{"x", "w"}}}}},
       {{AddField{"a", plain("z")}}, {AlterUniqueTogether{"a", {{"x", "w"}}}}}},
      {"order",
       {{AlterOrderWithRespectTo{"a", "x"}}, {AlterOrderWithRespectTo{"a", ""}}},
       {{AlterOrderWithRespectTo{"a", ""}}}},
      {"collation", {{CreateCollation{.name = "c"}}, {RemoveCollation{.name = "c"}}}, {}},
      {"index", {{AddIndex{"a", Index{.name = "i"}}}, {RemoveIndex{"a", "i"}}}, {}},
      {"constraint",
       {{AddConstraint{"a", CheckConstraint{.name = "c"}}}, {RemoveConstraint{"a", "c"}}},
       {}},
      {"constraint altered and removed",
       {{AlterConstraint{"a", "c", CheckConstraint{.name = "c"}}}, {RemoveConstraint{"a", "c"}}},
       {{RemoveConstraint{"a", "c"}}}},
  });
  check_kept({
      {"an order that was lost",
       {{AlterOrderWithRespectTo{"a", ""}}, {AlterOrderWithRespectTo{"a", "x"}}}},
      {"a set is given up before its field",
       {{AlterUniqueTogether{"a", {{"y", "z"}}}}, {RemoveField{"a", "x"}}}},
  });
}

TEST_CASE("names and columns that become free are not taken before") {
  check_kept({
      {"index",
       {{RemoveIndex{"a", "i"}}, {AddIndex{"b", Index{.name = "i"}}}, {RemoveIndex{"b", "j"}}}},
      {"column",
       {{create("A")},
        {sql()},
        {RemoveField{"a", "x"}},
        {AddField{"a", in_column(plain("y"), "x")}}}},
      {"an index of a model that goes",
       {{create("B")},
        {create("C", {id_field(), key_field("b", "app.B")})},
        {DeleteModel{"A"}},
        {AddIndex{"b", Index{.name = "i", .fields = {"id"}}}}}},
  });
}

TEST_CASE("what may be left out is left out where something else is") {
  RunSQL with_state = sql(true);
  with_state.state_operations = std::make_shared<const Operations>(Operations{{DeleteModel{"A"}}});
  check({
      {"between others",
       {{create("A")}, {sql(true)}, {AddField{"a", plain("x")}}},
       {{create("A", {id_field(), plain("x")})}}},
      {"several of them", {{sql(true)}, {RunCpp{"f", {}, true}}}, {{RunCpp{"f", {}, true}}}},
      {"alone", {{sql(true)}}, {{sql(true)}}},
      {"with a part of the state", {{sql()}, {with_state}}, {{sql()}, {with_state}}},
  });
}

TEST_CASE("the rest of Django's rules, in the order of its table") {
  const Index index{.name = "i", .fields = {"a"}};
  const CheckConstraint constraint{.name = "c", .condition = positive("a")};
  const CheckConstraint other{.name = "c", .condition = positive("b")};
  Options proxy;
  proxy.proxy = true;
  Options checked;
  checked.constraints = {constraint};
  check({
      {"a proxy goes as a model does", {{create("P", {}, proxy)}, {DeleteModel{"P"}}}, {}},
      {"comment",
       {{AlterModelTableComment{"a", "x"}}, {AlterModelTableComment{"a", "y"}}},
       {{AlterModelTableComment{"a", "y"}}}},
      {"options",
       {{AlterModelOptions{"a", true, "x"}}, {AlterModelOptions{"a", true, "y"}}},
       {{AlterModelOptions{"a", true, "y"}}}},
      {"what DeleteModel takes with it",
       {{AlterModelTableComment{"a", "x"}},
        {AlterOrderWithRespectTo{"a", ""}},
        {RenameIndex{"a", "j", "i", {}}},
        {AddConstraint{"a", constraint}},
        {AlterConstraint{"a", "c", other}},
        {ValidateConstraint{"a", "c"}},
        {AddIndexConcurrently{"a", Index{.name = "k", .fields = {"a"}}}},
        {RemoveIndexConcurrently{"a", "l"}},
        {DeleteModel{"A"}}},
       {{DeleteModel{"A"}}}},
      {"an index that is renamed",
       {{AddIndex{"a", index}}, {RenameIndex{"a", "j", "i", {}}}},
       {{AddIndex{"a", Index{.name = "j", .fields = {"a"}}}}}},
      {"an index renamed by its fields",
       {{AddIndex{"a", index}}, {RenameIndex{"a", "j", "", {"a"}}}},
       {{AddIndex{"a", Index{.name = "j", .fields = {"a"}}}}}},
      {"an index renamed and removed",
       {{RenameIndex{"a", "j", "i", {}}}, {RemoveIndex{"a", "j"}}},
       {{RemoveIndex{"a", "i"}}}},
      {"a constraint that is altered",
       {{AddConstraint{"a", constraint}}, {AlterConstraint{"a", "c", other}}},
       {{AddConstraint{"a", other}}}},
      {"a constraint altered twice",
       {{AlterConstraint{"a", "c", constraint}}, {AlterConstraint{"a", "c", other}}},
       {{AlterConstraint{"a", "c", other}}}},
      {"elidable before, between and behind",
       {{sql(true)},
        {RemoveField{"a", "x"}},
        {RunCpp{"f", {}, true}},
        {RemoveField{"a", "y"}},
        {sql(true)}},
       {{RemoveField{"a", "x"}}, {RemoveField{"a", "y"}}}},
      {"an index made concurrently, and gone again",
       {{AddIndexConcurrently{"a", index}}, {RemoveIndexConcurrently{"a", "i"}}},
       {}},
      {"an index made concurrently, and gone as any other",
       {{AddIndexConcurrently{"a", index}}, {RemoveIndex{"a", "i"}}},
       {}},
      {"an index gone concurrently",
       {{AddIndex{"a", index}}, {RemoveIndexConcurrently{"a", "i"}}},
       {}},
      {"an index made concurrently and renamed",
       {{AddIndexConcurrently{"a", index}}, {RenameIndex{"a", "j", "i", {}}}},
       {{AddIndexConcurrently{"a", Index{.name = "j", .fields = {"a"}}}}}},
      {"what spares rows, on a table that has none",
       {{create("A")},
        {create("B")},
        {AddIndexConcurrently{"a", index}},
        {AddConstraintNotValid{"a", constraint}},
        {ValidateConstraint{"a", "c"}}},
       {{create("B")},
        {create("A", {id_field()},
                [&] {
                  Options both = checked;
                  both.indexes = {index};
                  return both;
                }())}}},
      {"a constraint that was never validated",
       {{AddConstraintNotValid{"a", constraint}}, {RemoveConstraint{"a", "c"}}},
       {}},
  });
  check_kept({
      {"another model", {{AddIndex{"a", index}}, {RemoveIndex{"b", "i"}}}},
      {"a table's name may be what another one takes",
       {{AlterModelTable{"a", "x"}}, {AlterModelTable{"b", "y"}}, {AlterModelTable{"a", "z"}}}},
      {"another name", {{AddConstraint{"a", constraint}}, {RemoveConstraint{"a", "d"}}}},
      {"altered, then renamed: nothing is saved",
       {{AlterField{"a", plain("x")}}, {RenameField{"a", "x", "y"}}}},
      {"rows keep their time of validation",
       {{AddConstraintNotValid{"a", constraint}}, {ValidateConstraint{"a", "c"}}}},
      {"raw SQL", {{RemoveField{"a", "x"}}, {sql()}, {DeleteModel{"A"}}}},
      {"code", {{AddField{"a", plain("x")}}, {RunCpp{"f"}}, {RemoveField{"a", "x"}}}},
      {"a state of its own",
       {{AddField{"a", plain("x")}}, {SeparateDatabaseAndState{}}, {RemoveField{"a", "x"}}}},
      {"an extension",
       {{CreateModel{"A", {id_field()}, {}, {}}},
        {CreateExtension{"hstore"}},
        {AddField{"a", plain("x")}}}},
  });
}
