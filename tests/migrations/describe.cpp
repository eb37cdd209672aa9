#include <doctest/doctest.h>
#include <turnstone/migrations/operation.h>

#include "support/models.h"

using namespace turnstone;
using namespace turnstone::migrations;
using namespace turnstone::test;

namespace {

struct Words {
  Operation operation{};
  std::string description{};
  std::string fragment{};  ///< empty for none
  char category{};
};

Options proxy() {
  Options options;
  options.proxy = true;
  return options;
}
Index lower_title() {
  return Index{.name = "Ci_Idx",
               .expressions = {Expression::call("lower", {Expression::field("title")})}};
}

std::vector<Words> table_of_words() {
  const CheckConstraint check{.name = "Pages_chk", .condition = positive("pages")};
  const Index index{.name = "t_idx", .fields = {"title", "-pages"}};
  return {
      {{CreateModel{"Book", {}, {}, {}}}, "Create model Book", "book", '+'},
      {{CreateModel{"Book", {}, proxy(), {}}}, "Create proxy model Book", "book", '+'},
      {{DeleteModel{"Book"}}, "Delete model Book", "delete_book", '-'},
      {{RenameModel{"Book", "Tome"}}, "Rename model Book to Tome", "rename_book_tome", '~'},
      {{MoveModel{"Book", "shop"}}, "Move model Book to app shop", "move_book_shop", '~'},
      {{AlterModelTable{"book", "t"}}, "Rename table for book to t", "alter_book_table", '~'},
      {{AlterModelTable{"book", ""}},
       "Rename table for book to (default)",
       "alter_book_table",
       '~'},
      {{AlterModelTableComment{"book", "c"}},
       "Alter book table comment",
       "alter_book_table_comment",
       '~'},
      {{AlterUniqueTogether{"book", {{"a", "b"}}}},
       "Alter unique_together for book (1 constraint(s))",
       "alter_book_unique_together",
       '~'},
      {{AlterOrderWithRespectTo{"book", "author"}},
       "Set order_with_respect_to on book to author",
       "alter_book_order_with_respect_to",
       '~'},
      {{AlterOrderWithRespectTo{"book", ""}},
       "Set order_with_respect_to on book to None",
       "alter_book_order_with_respect_to",
       '~'},
      {{AlterModelOptions{"book"}}, "Change Meta options on book", "alter_book_options", '~'},
      {{AddField{"book", text_field("Isbn")}}, "Add field Isbn to book", "book_isbn", '+'},
      {{RemoveField{"book", "isbn"}}, "Remove field isbn from book", "remove_book_isbn", '-'},
      {{AlterField{"book", text_field("isbn")}},
       "Alter field isbn on book",
       "alter_book_isbn",
       '~'},
      {{RenameField{"book", "a", "b"}}, "Rename field a on book to b", "rename_a_book_b", '~'},
      {{AddIndex{"book", index}},
       "Create index t_idx on field(s) title, -pages of model book",
       "book_t_idx",
       '+'},
      {{AddIndex{"book", lower_title()}},
       "Create index Ci_Idx on lower(title) on model book",
       "book_ci_idx",
       '+'},
      {{RemoveIndex{"book", "t_idx"}}, "Remove index t_idx from book", "remove_book_t_idx", '-'},
      {{RenameIndex{"book", "b", "a", {}}}, "Rename index a on book to b", "rename_a_b", '~'},
      {{RenameIndex{"book", "n", "", {"a", "b"}}},
       "Rename unnamed index for (a, b) on book to n",
       "rename_book_a_b_n",
       '~'},
      {{AddConstraint{"book", check}},
       "Create constraint Pages_chk on model book",
       "book_pages_chk",
       '+'},
      {{RemoveConstraint{"book", "c"}},
       "Remove constraint c from model book",
       "remove_book_c",
       '-'},
      {{AlterConstraint{"book", "c", check}}, "Alter constraint c on book", "alter_book_c", '~'},
      {{RenameConstraint{"book", "c", "d"}}, "Rename constraint c on book to d", "rename_c_d", '~'},
      {{RunSQL{}}, "Raw SQL operation", "", 's'},
      {{RunCpp{"blog.fill"}}, "Raw C++ operation blog.fill", "", 'p'},
      {{SeparateDatabaseAndState{}}, "Custom state/database change combination", "", '?'},
      {{CreateExtension{"hstore"}}, "Creates extension hstore", "create_extension_hstore", '+'},
      {{CreateCollation{.name = "ci"}}, "Create collation ci", "create_collation_ci", '+'},
      {{RemoveCollation{.name = "ci"}}, "Remove collation ci", "remove_collation_ci", '-'},
      {{AddIndexConcurrently{"book", index}},
       "Concurrently create index t_idx on field(s) title, -pages of model book",
       "book_t_idx",
       '+'},
      {{RemoveIndexConcurrently{"book", "t_idx"}},
       "Concurrently remove index t_idx from book",
       "remove_book_t_idx",
       '-'},
      {{AddConstraintNotValid{"book", check}},
       "Create not valid constraint Pages_chk on model book",
       "book_pages_chk_not_valid",
       '+'},
      {{ValidateConstraint{"book", "c"}},
       "Validate constraint c on model book",
       "book_validate_c",
       '~'},
  };
}

Field by_function(const std::string& function) {
  Field field = text_field("token");
  field.default_value = DefaultFunction{function};
  return field;
}

std::shared_ptr<const Operations> holding(Operation operation) {
  return std::make_shared<const Operations>(Operations{std::move(operation)});
}

}  // namespace

TEST_CASE("operations are described and named in Django's words") {
  std::set<std::size_t> kinds;
  for (const Words& words : table_of_words()) {
    kinds.insert(words.operation.value.index());
    CHECK(describe(words.operation) == words.description);
    CHECK(name_fragment(words.operation).value_or("") == words.fragment);
    CHECK(category(words.operation) == words.category);
  }
  CHECK(kinds.size() == std::variant_size_v<OperationVariant>);
}

TEST_CASE("code and SQL without a way back is irreversible, also inside others") {
  RunSQL sql;
  CHECK_FALSE(reversible({sql}));
  CHECK_FALSE(reversible({SeparateDatabaseAndState{holding({sql}), nullptr}}));
  CHECK(reversible({SeparateDatabaseAndState{nullptr, holding({sql})}}));
  sql.reverse_sql = RunSQL::Source{};
  CHECK(reversible({sql}));
  CHECK_FALSE(reversible({RunCpp{"f"}}));
  CHECK(reversible({RunCpp{"f", "noop"}}));
  CHECK(reversible({RemoveField{"book", "title"}}));
}

TEST_CASE("operations name the registered functions they need") {
  using Names = std::vector<std::string>;
  CHECK(functions_needed({RunCpp{"f", "g"}}, false) == Names{"f"});
  CHECK(functions_needed({RunCpp{"f", "g"}}, true) == Names{"g"});
  CHECK(functions_needed({RunCpp{"noop", "noop"}}, true).empty());
  CHECK(functions_needed({AddField{"book", by_function("blog.token")}}, false) ==
        Names{"blog.token"});
  CHECK(functions_needed({AddField{"book", by_function("blog.token")}}, true).empty());
  CHECK(functions_needed({AlterField{"book", by_function("uuid4")}}, false).empty());
  CHECK(functions_needed({SeparateDatabaseAndState{holding({RunCpp{"f"}}), holding({RunCpp{"g"}})}},
                         false) == Names{"f"});
}

TEST_CASE("operations with nested ones are compared by content") {
  RunSQL a;
  RunSQL b;
  a.state_operations = holding({DeleteModel{"A"}});
  CHECK_FALSE(a == b);
  b.state_operations = holding({DeleteModel{"A"}});
  CHECK(a == b);
  CHECK(SeparateDatabaseAndState{nullptr, std::make_shared<const Operations>()} ==
        SeparateDatabaseAndState{});
}
