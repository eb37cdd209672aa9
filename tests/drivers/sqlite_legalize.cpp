#include <doctest/doctest.h>

#include "drivers/sqlite_support.h"

using namespace turnstone;
using namespace turnstone::test;

namespace {

Column column(const std::string& name, const std::string& type = "integer") {
  return Column{.name = name, .type = type, .nullable = true};
}

TableIndex index_on(const std::string& name, const std::string& of) {
  return TableIndex{.name = name, .parts = {IndexPart{.column = of}}};
}

ForeignKeyConstraint key(const std::string& from, const std::string& to) {
  return ForeignKeyConstraint{.columns = {from}, .target_table = to, .target_columns = {"id"}};
}

Table other() {
  return Table{.name = "u", .columns = {column("id")}, .primary_key = Key{.columns = {"id"}}};
}

Table table() {
  return Table{.name = "t",
               .columns = {column("id"), column("a"), column("b"), column("c"), column("u_id")},
               .primary_key = Key{.columns = {"id"}},
               .checks = {Check{.name = "positive", .condition = "\"a\" > 0"}},
               .foreign_keys = {key("u_id", "u")},
               .indexes = {index_on("by_b", "b")}};
}

Schema start() {
  Schema schema;
  schema.set(other());
  schema.set(table());
  return schema;
}

struct Words {
  std::string operator()(const step::CreateTable& s) const { return "create " + s.table.name; }
  std::string operator()(const step::DropTable& s) const { return "drop " + s.table.name; }
  std::string operator()(const step::RenameTable& s) const {
    return "rename " + s.from + " to " + s.to;
  }
  std::string operator()(const step::RenameColumn& s) const {
    return "rename " + s.table + "." + s.from + " to " + s.to;
  }
  std::string operator()(const step::AddColumn& s) const {
    return "add " + s.table + "." + s.column.name;
  }
  std::string operator()(const step::DropColumn& s) const {
    return "drop " + s.table + "." + s.column.name;
  }
  std::string operator()(const step::CreateIndex& s) const { return "index " + s.index.name; }
  std::string operator()(const step::DropIndex& s) const { return "drop index " + s.index.name; }
  std::string operator()(const step::RebuildTable& s) const {
    std::string text = "rebuild " + s.before.name + ":";
    for (const auto& [name, value] : s.source) text += " " + name + "=" + value;
    return text;
  }
  std::string operator()(const step::CopyRows&) const { return "copy"; }
  std::string operator()(const step::RawSql&) const { return "raw"; }
  std::string operator()(const step::RunCode&) const { return "code"; }
  template <class Step>
  std::string operator()(const Step&) const {
    return "not legal";
  }
};

/// What the steps become, one word group each, with `; ` between them.
std::string legal(const std::vector<Step>& steps) {
  std::string text;
  for (const PlannedStep& step : sqlite::dialect().legalize(start(), planned(steps))) {
    text += (text.empty() ? "" : "; ") + std::visit(Words{}, step.step);
  }
  return text;
}

step::AddColumn added(Column what) { return {.table = "t", .column = std::move(what)}; }
step::DropColumn dropped(const std::string& name) { return {"t", *table().find_column(name)}; }
step::AlterColumn altered(const std::string& name, const std::string& type) {
  return {.table = "t", .before = *table().find_column(name), .after = column(name, type)};
}
Column with_default(Column what, const Sql& sql, bool nullable) {
  what.default_sql = sql;
  what.nullable = nullable;
  return what;
}

const std::string same_others = "id=\"id\" a=\"a\" b=\"b\"";

}  // namespace

TEST_CASE("sqlite: what ALTER TABLE does itself is left to it") {
  step::AddColumn with_key = added(column("v_id"));
  with_key.foreign_key = key("v_id", "u");
  step::AddColumn with_check = added(with_default(column("n"), "1", false));
  with_check.checks = {Check{.condition = "\"n\" >= 0", .column = "n"}};
  step::AddColumn filled = added(with_default(column("n"), "1", false));
  filled.fill = "1";
  Column computed = column("twice");
  computed.generated = "\"a\" * 2";
  computed.generated_stored = false;
  struct Case {
    std::string label;
    std::vector<Step> steps;
    std::string legal;
  };
  const Case cases[] = {
      {"nullable", {added(column("n"))}, "add t.n"},
      {"number", {added(with_default(column("n"), "-1.5", false))}, "add t.n"},
      {"text", {added(with_default(column("n"), "'it''s'", false))}, "add t.n"},
      {"blob", {added(with_default(column("n"), "X'00'", false))}, "add t.n"},
      {"in parentheses", {added(with_default(column("n"), "(1)", false))}, "add t.n"},
      {"key", {with_key}, "add t.v_id"},
      {"check", {with_check}, "add t.n"},
      {"fill is the default", {filled}, "add t.n"},
      {"virtual", {added(computed)}, "add t.twice"},
      {"drop", {dropped("c")}, "drop t.c"},
      {"drop indexed",
       {step::DropIndex{"t", table().indexes[0]}, dropped("b")},
       "drop index by_b; drop t.b"},
      {"drop with its key",
       {step::DropConstraint{"t", key("u_id", "u")}, dropped("u_id")},
       "drop t.u_id"},
      {"rename column", {step::RenameColumn{"t", "a", "z"}}, "rename t.a to z"},
      {"rename table", {step::RenameTable{"t", "z"}}, "rename t to z"},
      {"rename by case",
       {step::RenameTable{"t", "T"}},
       "rename t to t__aside; rename t__aside to T"},
      {"index", {step::CreateIndex{"t", index_on("i", "a")}}, "index i"},
      {"rename index",
       {step::RenameIndex{"t", table().indexes[0], "z"}},
       "drop index by_b; index z"},
      {"comments", {step::SetTableComment{"t", "words"}}, ""},
      {"validated", {step::ValidateConstraint{"t", "positive"}}, ""},
      {"extension", {step::CreateExtension{"citext"}, step::DropCollation{"c"}}, ""},
      {"rename key without a name", {step::RenameConstraint{"t", Key{.columns = {"id"}}, ""}}, ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.label);
    CHECK(legal(c.steps) == c.legal);
  }
}

TEST_CASE("sqlite: everything else is a rebuild, one for each table") {
  const std::string all = same_others + " c=\"c\" u_id=\"u_id\"";
  step::AddColumn filled = added(column("n"));
  filled.fill = "7";
  step::AddColumn stored = added(column("n"));
  stored.column.generated = "\"a\" * 2";
  step::AddColumn key_with_default = added(with_default(column("v_id"), "1", true));
  key_with_default.foreign_key = key("v_id", "u");
  struct Case {
    std::string label;
    std::vector<Step> steps;
    std::string legal;
  };
  const Case cases[] = {
      {"type", {altered("c", "bigint")}, "rebuild t: " + all},
      {"conversion",
       {altered("c", "text")},
       "rebuild t: " + same_others + " c=CAST(\"c\" AS TEXT) u_id=\"u_id\""},
      {"fill", {filled}, "rebuild t: " + all + " n=7"},
      {"stored", {stored}, "rebuild t: " + all},
      {"key with default", {key_with_default}, "rebuild t: " + all + " v_id=1"},
      {"expression as default",
       {added(with_default(column("n"), "(1 + 1)", true))},
       "rebuild t: " + all + " n=(1 + 1)"},
      {"time as default",
       {added(with_default(column("n"), "CURRENT_TIMESTAMP", true))},
       "rebuild t: " + all + " n=CURRENT_TIMESTAMP"},
      {"check",
       {step::AddConstraint{"t", Check{.name = "n", .condition = "\"b\" > 0"}}},
       "rebuild t: " + all},
      {"check renamed", {step::RenameConstraint{"t", table().checks[0], "n"}}, "rebuild t: " + all},
      {"key dropped", {step::DropConstraint{"t", key("u_id", "u")}}, "rebuild t: " + all},
      {"primary key dropped",
       {step::SetPrimaryKey{.table = "t", .before = table().primary_key}},
       "rebuild t: " + all},
      {"column of a check",
       {step::DropConstraint{"t", table().checks[0]}, dropped("a")},
       "rebuild t: id=\"id\" b=\"b\" c=\"c\" u_id=\"u_id\""},
      {"several",
       {altered("c", "bigint"), added(column("n")), step::CreateIndex{"t", index_on("i", "n")},
        dropped("b")},
       "rebuild t: id=\"id\" a=\"a\" c=\"c\" u_id=\"u_id\" n=NULL"},
      {"two tables",
       {altered("c", "bigint"),
        step::AddConstraint{"u", Check{.name = "n", .condition = "\"id\" > 0"}},
        step::AddConstraint{"t", Check{.name = "m", .condition = "\"b\" > 0"}}},
       "rebuild u: id=\"id\"; rebuild t: " + all},
      {"added and taken back",
       {step::AddConstraint{"t", Check{.name = "n", .condition = "\"b\" > 0"}},
        step::DropConstraint{"t", Check{.name = "n", .condition = "\"b\" > 0"}}},
       ""},
      {"dropped table", {altered("c", "bigint"), step::DropTable{table()}}, "drop t"},
      {"dropped and added",
       {altered("a", "bigint"), dropped("c"), added(column("c"))},
       "rebuild t: " + same_others + " u_id=\"u_id\" c=NULL"},
      {"index dropped on the way",
       {altered("c", "bigint"), step::DropIndex{"t", table().indexes[0]}},
       "drop index by_b; rebuild t: " + all},
      {"renamed on the way",
       {altered("c", "text"), step::RenameColumn{"t", "c", "z"}},
       "rename t.c to z; rebuild t: " + same_others + " z=CAST(\"z\" AS TEXT) u_id=\"u_id\""},
      {"renamed after it was added",
       {filled, step::RenameColumn{"t", "n", "z"}},
       "rebuild t: " + all + " z=7"},
      {"name taken from a column that goes",
       {altered("a", "bigint"), dropped("b"), step::RenameColumn{"t", "c", "b"}},
       "rebuild t: id=\"id\" a=\"a\" c=\"c\" u_id=\"u_id\"; rename t.c to b"},
      {"table renamed on the way",
       {altered("c", "bigint"), step::RenameTable{"t", "z"}},
       "rebuild t: " + all + "; rename t to z"},
      {"table renamed between",
       {altered("c", "bigint"), step::RenameTable{"t", "z"},
        step::AddConstraint{"z", Check{.name = "n", .condition = "\"b\" > 0"}}},
       "rename t to z; rebuild z: " + all},
      {"raw SQL between",
       {altered("c", "bigint"), step::RawSql{}, altered("c", "text")},
       "rebuild t: " + all + "; raw; rebuild t: " + same_others +
           " c=CAST(\"c\" AS TEXT) u_id=\"u_id\""},
      {"code after", {altered("c", "bigint"), step::RunCode{}}, "rebuild t: " + all + "; code"},
      {"rows moved",
       {altered("c", "bigint"), step::CopyRows{.from = "u", .to = "t"}},
       "rebuild t: " + all + "; copy"},
      {"rows of others moved",
       {altered("c", "bigint"), step::CopyRows{.from = "u", .to = "u"},
        step::AddConstraint{"t", Check{.name = "n", .condition = "\"b\" > 0"}}},
       "copy; rebuild t: " + all},
  };
  for (const Case& c : cases) {
    CAPTURE(c.label);
    CHECK(legal(c.steps) == c.legal);
  }
}

TEST_CASE("sqlite: a table that was just made is made as it shall be") {
  Table fresh{.name = "n", .columns = {column("id"), column("a")}};
  step::AddColumn more{.table = "n", .column = {.name = "u_id", .type = "bigint"}};
  more.foreign_key = key("u_id", "u");
  const std::vector<Step> steps{step::CreateTable{fresh}, more,
                                step::CreateIndex{"n", index_on("i", "u_id")}};
  const auto out = sqlite::dialect().legalize(start(), planned(steps));
  REQUIRE(out.size() == 1);
  CHECK(std::get<step::CreateTable>(out[0].step).table == after(start(), steps).at("n"));
  CHECK(legal({step::CreateTable{fresh}, step::RawSql{}, more}) ==
        "create n; raw; rebuild n: id=\"id\" a=\"a\" u_id=NULL");
  CHECK(legal({step::CreateTable{fresh}, step::RenameColumn{"n", "a", "b"}}) ==
        "create n; rename n.a to b");
  CHECK(legal({step::CreateTable{fresh}, step::DropIndex{"t", table().indexes[0]},
               step::CreateIndex{"n", index_on("by_b", "a")}}) ==
        "create n; drop index by_b; index by_b");
}

TEST_CASE("sqlite: a rebuild belongs to the last operation that needs it") {
  const auto out = sqlite::dialect().legalize(
      start(), planned({altered("c", "bigint"), step::CreateIndex{"u", index_on("i", "id")},
                        step::AddConstraint{"t", Check{.name = "n", .condition = "\"b\" > 0"}}}));
  REQUIRE(out.size() == 2);
  CHECK(out[0].operation == 1);
  CHECK(out[1].operation == 2);
}

TEST_CASE("sqlite: exclusion constraints are refused") {
  CHECK_THROWS_WITH_AS(legal({step::AddConstraint{"t", Exclusion{.name = "e"}}}),
                       "sqlite has no exclusion constraints: \"e\"", Error);
}

TEST_CASE("sqlite: foreign keys are off only where tables are dropped or made anew") {
  CHECK(compiled(start(), {added(column("n"))}).setup.empty());
  CHECK(compiled(start(), {step::RawSql{}}).setup.empty());
  CHECK(compiled(start(), {altered("c", "text")}).setup.size() == 2);
  const Script script = compiled(start(), {step::DropTable{table()}});
  CHECK(script.setup ==
        std::vector<std::string>{"PRAGMA foreign_keys = OFF", "PRAGMA legacy_alter_table = OFF"});
  CHECK(script.teardown ==
        std::vector<std::string>{"PRAGMA legacy_alter_table = OFF", "PRAGMA foreign_keys = ON"});
}

TEST_CASE("sqlite: the text of a rebuild") {
  const Script script = compiled(start(), {altered("c", "text")});
  REQUIRE(script.batches.size() == 1);
  std::string text;
  for (const ScriptItem& item : script.batches[0].items) {
    const auto* statement = std::get_if<Statement>(&item.item);
    text +=
        statement ? statement->sql + ";\n" : "-- " + std::get<Procedure>(item.item).comment + "\n";
  }
  CHECK(text == R"(-- remembers which foreign keys are broken already
-- remembers triggers of "t" and indexes made by hand; fails where they, a column or a check could not be kept
makes the new table itself where the old one is STRICT or has a foreign key of several columns
CREATE TABLE IF NOT EXISTS "turnstone_new_t" (
    "id" integer NULL PRIMARY KEY,
    "a" integer NULL,
    "b" integer NULL,
    "c" text NULL,
    "u_id" integer NULL REFERENCES "u" ("id") DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT "positive" CHECK ("a" > 0)
);
INSERT INTO "turnstone_new_t" ("id", "a", "b", "c", "u_id")
SELECT "id", "a", "b", CAST("c" AS TEXT), "u_id"
FROM "t";
DROP TABLE "t";
PRAGMA legacy_alter_table = ON;
ALTER TABLE "turnstone_new_t" RENAME TO "t";
PRAGMA legacy_alter_table = OFF;
CREATE INDEX "by_b" ON "t" ("b");
-- puts triggers and indexes made by hand back; checks that no row was lost and that triggers and views still work
-- checks that no foreign key was broken
)");
}

TEST_CASE("sqlite: the text of a new table, with everything in a column") {
  Column name = with_default(column("name"), "'x'", false);
  name.type = "varchar(9)";
  name.collation = "NOCASE";
  Column computed = column("twice");
  computed.generated = "\"a\" * 2";
  computed.generated_stored = false;
  Column stored = column("thrice");
  stored.generated = "\"a\" * 3";
  Table fresh{.name = "n",
              .columns = {Column{.name = "id",
                                 .type = "integer",
                                 .nullable = false,
                                 .identity = Column::Identity::by_default},
                          name, column("a"), computed, stored, column("u_id")},
              .primary_key = Key{.columns = {"id"}}};
  fresh.checks = {Check{.condition = "\"a\" >= 0", .column = "a"},
                  Check{.name = "c", .condition = "\"a\" < 9"}};
  fresh.foreign_keys = {key("u_id", "u")};
  fresh.foreign_keys[0].on_delete = "CASCADE";
  TableIndex index = index_on("i", "name");
  index.unique = true;
  index.parts[0].descending = true;
  index.condition = "\"a\" > 0";
  fresh.indexes = {index};
  const Script script = compiled(start(), {step::CreateTable{fresh}});
  std::string text;
  for (const ScriptItem& item : script.batches.at(0).items) {
    text += std::get<Statement>(item.item).sql + ";\n";
  }
  CHECK(text == R"(CREATE TABLE "n" (
    "id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    "name" varchar(9) COLLATE NOCASE DEFAULT 'x' NOT NULL,
    "a" integer NULL CHECK ("a" >= 0),
    "twice" integer GENERATED ALWAYS AS ("a" * 2) VIRTUAL,
    "thrice" integer GENERATED ALWAYS AS ("a" * 3) STORED,
    "u_id" integer NULL REFERENCES "u" ("id") ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT "c" CHECK ("a" < 9)
);
CREATE UNIQUE INDEX "i" ON "n" ("name" DESC) WHERE "a" > 0;
)");
}

TEST_CASE("sqlite: a key of several columns stands behind them") {
  Table fresh{.name = "n",
              .columns = {column("a"), column("b")},
              .primary_key = Key{.columns = {"a", "b"}}};
  const Script script = compiled(start(), {step::CreateTable{fresh}});
  CHECK(std::get<Statement>(script.batches.at(0).items.at(0).item).sql == R"(CREATE TABLE "n" (
    "a" integer NULL,
    "b" integer NULL,
    PRIMARY KEY ("a", "b")
))");
}
