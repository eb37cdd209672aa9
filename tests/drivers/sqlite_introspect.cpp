#include <doctest/doctest.h>

#include "drivers/sqlite_support.h"
#include "sqlite/table_text.h"

using namespace turnstone;
using namespace turnstone::test;

namespace {

Schema read(Connection& connection) { return sqlite::backend().introspect(connection); }

}  // namespace

TEST_CASE("sqlite: introspection gives back what was made") {
  Table target{.name = "tar\"get",
               .columns = {{.name = "id", .type = "integer"}, {.name = "k", .type = "text"}},
               .primary_key = Key{.columns = {"id", "k"}}};
  Table table{
      .name = "odd name",
      .columns =
          {{.name = "id", .type = "integer", .identity = Column::Identity::by_default},
           {.name = "title", .type = "varchar(20)", .collation = "nocase"},
           {.name = "number", .type = "decimal", .default_sql = "-9.99"},
           {.name = "text", .type = "text", .default_sql = "'it''s (a, \"b\")'"},
           {.name = "when", .type = "datetime", .default_sql = "(DATE('now') || ' 00')"},
           {.name = "flag", .type = "bool", .default_sql = "1"},
           {.name = "raw", .type = "BLOB", .default_sql = "X'00ff'"},
           {.name = "none", .type = "text", .nullable = true, .default_sql = "NULL"},
           {.name = "stored", .type = "integer", .nullable = true, .generated = "\"id\" * 2"},
           {.name = "virtual",
            .type = "integer",
            .nullable = true,
            .generated = "LENGTH(\"title\")",
            .generated_stored = false},
           {.name = "sized", .type = "smallint unsigned"},
           {.name = "check", .type = "bigint"},
           {.name = "order", .type = "integer", .nullable = true},
           {.name = "part", .type = "text", .nullable = true}},
      .primary_key = Key{.columns = {"id"}},
      .uniques = {Key{.name = "u", .columns = {"title", "flag"}}},
      .checks = {Check{.condition = "(JSON_VALID(\"text\") OR \"text\" IS NULL)", .column = "text"},
                 Check{.condition = "\"sized\" >= 0", .column = "sized"},
                 Check{.name = "named", .condition = "\"title\" <> ')' AND (\"id\" > 0)"}},
      .foreign_keys = {ForeignKeyConstraint{.columns = {"check"},
                                            .target_table = "odd name",
                                            .target_columns = {"id"},
                                            .on_delete = "SET NULL"},
                       ForeignKeyConstraint{.columns = {"order", "part"},
                                            .target_table = "tar\"get",
                                            .target_columns = {"id", "k"},
                                            .on_delete = "CASCADE",
                                            .on_update = "SET DEFAULT",
                                            .timing = Key::Timing::immediate_always}},
      .indexes = {TableIndex{.name = "plain", .parts = {IndexPart{.column = "title"}}},
                  TableIndex{.name = "pa\"rt",
                             .unique = true,
                             .parts = {IndexPart{.column = "order", .descending = true},
                                       IndexPart{.column = "title", .collation = "rtrim"}},
                             .condition = "\"flag\" = 1 AND \"title\" <> 'where'"},
                  TableIndex{.name = "computed",
                             .parts = {IndexPart{.expression = "LOWER(\"title\")"},
                                       IndexPart{.expression = "\"id\" + 1", .descending = true},
                                       IndexPart{.expression = "(\"id\") + (\"check\")",
                                                 .collation = "nocase"}}}}};
  const std::vector<Step> steps{step::CreateTable{target}, step::CreateTable{table}};
  const auto db = sqlite::connect(":memory:", {});
  run_script(*db, compiled({}, steps));
  const Schema schema = read(*db);
  CHECK(joined(schema_differences(schema, after({}, steps))) == "");
  CHECK(schema.at("odd name") == table);
  CHECK(schema.at("tar\"get") == target);
}

TEST_CASE("sqlite: native changes leave what the steps say") {
  Table table{.name = "t",
              .columns = {{.name = "id", .type = "integer"},
                          {.name = "a", .type = "integer", .nullable = true}},
              .primary_key = Key{.columns = {"id"}},
              .checks = {Check{.name = "c", .condition = "\"a\" <> 5"}}};
  const Table other{.name = "o",
                    .columns = {{.name = "t_id", .type = "integer", .nullable = true}},
                    .foreign_keys = {ForeignKeyConstraint{
                        .columns = {"t_id"}, .target_table = "t", .target_columns = {"id"}}}};
  const std::vector<Step> made{step::CreateTable{table}, step::CreateTable{other}};
  step::AddColumn added{.table = "z",
                        .column = {.name = "n", .type = "integer", .default_sql = "1"},
                        .checks = {Check{.condition = "\"n\" >= 0", .column = "n"}}};
  step::AddColumn key{.table = "z", .column = {.name = "o_id", .type = "bigint", .nullable = true}};
  key.foreign_key =
      ForeignKeyConstraint{.columns = {"o_id"}, .target_table = "z", .target_columns = {"key"}};
  const std::vector<Step> changes{
      step::RenameTable{"t", "z"},
      step::RenameColumn{"z", "id", "key"},
      step::RenameColumn{"z", "a", "b"},
      added,
      key,
      step::CreateIndex{"z", TableIndex{.name = "i", .parts = {IndexPart{.column = "b"}}}},
      step::RenameColumn{"z", "b", "select"}};
  const auto db = sqlite::connect(":memory:", {});
  run_script(*db, compiled({}, made));
  run_script(*db, compiled(after({}, made), changes));
  CHECK(joined(schema_differences(read(*db), after(after({}, made), changes))) == "");
}

TEST_CASE("sqlite: the parts of a statement written by hand") {
  const Table table = sqlite::parse_table(
      "CREATE TABLE [a b] ( -- the key\n"
      "  `id` INTEGER primary key asc on conflict abort,\n"
      "  \"x\" varchar ( 20 , 1 ) not null on conflict fail unique default 'a' collate NOCASE,\n"
      "  y /* no type */ constraint pos check (y > (1)) references other on delete cascade\n"
      "    match full not deferrable initially deferred,\n"
      "  z double  precision default 1.5e-3 null,\n"
      "  t text default current_timestamp,\n"
      "  g int as (y * 2) virtual,\n"
      "  constraint k unique (x collate binary, z desc) check (z <> 1),\n"
      "  foreign key (y, z) references other (p, q) on update set null\n"
      "    deferrable initially immediate\n"
      ") strict, without rowid");
  CHECK(table.name == "a b");
  REQUIRE(table.columns.size() == 6);
  CHECK(table.columns[0] == Column{.name = "id", .type = "INTEGER"});
  CHECK(table.columns[1] ==
        Column{.name = "x", .type = "varchar(20,1)", .default_sql = "'a'", .collation = "NOCASE"});
  CHECK(table.columns[2] == Column{.name = "y", .nullable = true});
  CHECK(table.columns[3] ==
        Column{.name = "z", .type = "double precision", .nullable = true, .default_sql = "1.5e-3"});
  CHECK(table.columns[4].default_sql == "current_timestamp");
  CHECK(table.columns[5].generated == "y * 2");
  CHECK_FALSE(table.columns[5].generated_stored);
  CHECK(table.primary_key == Key{.columns = {"id"}});
  CHECK(table.uniques ==
        std::vector<Key>{{.columns = {"x"}}, {.name = "k", .columns = {"x", "z"}}});
  CHECK(table.checks == std::vector<Check>{{.name = "pos", .condition = "y > (1)", .column = "y"},
                                           {.condition = "z <> 1"}});
  REQUIRE(table.foreign_keys.size() == 2);
  CHECK(table.foreign_keys[0] == ForeignKeyConstraint{.columns = {"y"},
                                                      .target_table = "other",
                                                      .on_delete = "CASCADE",
                                                      .timing = Key::Timing::immediate_always});
  CHECK(table.foreign_keys[1] == ForeignKeyConstraint{.columns = {"y", "z"},
                                                      .target_table = "other",
                                                      .target_columns = {"p", "q"},
                                                      .on_update = "SET NULL",
                                                      .timing = Key::Timing::initially_immediate});
  CHECK(table.strict);
  CHECK(table.without_rowid);
  CHECK_THROWS_AS(sqlite::parse_table("CREATE VIEW v AS SELECT 1"), Error);
  CHECK_THROWS_AS(sqlite::parse_table("CREATE TABLE t (a"), Error);
}

TEST_CASE("sqlite: names are given as they were declared, targets are completed") {
  const auto db = sqlite::connect(":memory:", {});
  db->execute(
      "CREATE TABLE Parent (Id integer PRIMARY KEY);"
      "CREATE TABLE child (A REFERENCES PARENT, B REFERENCES parent (ID), UNIQUE (a, b));"
      "CREATE INDEX i ON CHILD (a, LOWER(b))");
  const Schema schema = read(*db);
  const Table& child = schema.at("child");
  CHECK(child.foreign_keys[0].target_table == "Parent");
  CHECK(child.foreign_keys[0].target_columns == std::vector<std::string>{"Id"});
  CHECK(child.foreign_keys[1].target_columns == std::vector<std::string>{"Id"});
  CHECK(child.uniques[0].columns == std::vector<std::string>{"A", "B"});
  CHECK(child.indexes[0].parts[0].column == "A");
  CHECK(child.indexes[0].parts[1].expression == "LOWER(b)");
}

TEST_CASE("sqlite: tables of SQLite and of Turnstone are left out") {
  const auto db = sqlite::connect(":memory:", {});
  db->execute(
      "CREATE TABLE turnstone_migrations (id integer PRIMARY KEY AUTOINCREMENT);"
      "CREATE TABLE turnstone_journal (a);"
      "CREATE TABLE sqlitex (a);"
      "CREATE VIRTUAL TABLE search USING fts5(body);"
      "CREATE VIEW v AS SELECT 1");
  const Schema schema = read(*db);
  CHECK(schema.find("sqlitex"));
  CHECK_FALSE(schema.find("turnstone_migrations"));
  CHECK_FALSE(schema.find("turnstone_journal"));
  CHECK_FALSE(schema.find("sqlite_sequence"));
  CHECK_FALSE(schema.find("search"));
  CHECK_FALSE(schema.find("search_data"));
  CHECK(sqlite::backend().has_table(*db, "Turnstone_Migrations"));
  CHECK_FALSE(sqlite::backend().has_table(*db, "v"));
}

TEST_CASE("sqlite: columns of triggers") {
  using Names = std::vector<std::string>;
  CHECK(sqlite::trigger_columns("CREATE TRIGGER t AFTER UPDATE OF a, \"b c\" ON x BEGIN SELECT 1; "
                                "END") == Names{"a", "b c"});
  CHECK(sqlite::trigger_columns("CREATE TRIGGER t UPDATE ON x BEGIN UPDATE OF SET a = 1; END") ==
        Names{});
  CHECK(sqlite::trigger_columns("CREATE TRIGGER IF NOT EXISTS t INSERT ON x BEGIN SELECT 1; END") ==
        Names{});
}
