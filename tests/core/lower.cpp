#include <doctest/doctest.h>
#include <turnstone/drivers/open.h>
#include <turnstone/identifier.h>
#include <turnstone/schema/lower.h>
#include <turnstone/schema/naming.h>

#include <algorithm>
#include <set>

// What models become: column types, checks, implicit indexes, names. The expectations are those of
// the tables in `django-behaviour.md` §2; where a key has a name of its own the rule is §2.1.

using namespace turnstone;

namespace {

const Dialect& sqlite() { return dialect_for("sqlite"); }
const Dialect& postgresql() { return dialect_for("postgresql"); }

Field id() { return Field{.name = "id", .type = FieldType::big_auto_field, .primary_key = true}; }
Field field(FieldType type) { return Field{.name = "c", .type = type}; }
Field sized(FieldType type, int length) {
  Field result = field(type);
  result.max_length = length;
  return result;
}
Field relation(FieldType type, const std::string& name, const std::string& to) {
  Field result{.name = name, .type = type};
  result.to = to;
  result.on_delete = OnDelete::cascade;
  return result;
}

ProjectState state_of(std::vector<ModelState> models) {
  ProjectState state;
  for (ModelState& model : models) state.set(std::move(model));
  return state;
}

Table table_of(const Field& column, const Dialect& dialect) {
  ModelState model{.app = "t", .name = "M", .fields = {id(), column}};
  if (column.primary_key) model.fields.erase(model.fields.begin());
  return lower(state_of({model}), dialect).at("t_m");
}

std::set<std::string> index_names(const Table& table) {
  std::set<std::string> names;
  for (const TableIndex& index : table.indexes) names.insert(index.name);
  return names;
}
std::set<std::string> unique_names(const Table& table) {
  std::set<std::string> names;
  for (const Key& key : table.uniques) names.insert(key.name);
  return names;
}

}  // namespace

TEST_CASE("each field type has its column type on both databases") {
  Field decimal = field(FieldType::decimal);
  decimal.max_digits = 10;
  decimal.decimal_places = 2;
  Field custom = field(FieldType::custom);
  custom.db_type = {{"postgresql", "cidr"}, {"sqlite", "text"}};
  struct Case {
    Field column;
    const char* sqlite;
    const char* postgresql;
  };
  const Case cases[] = {
      {field(FieldType::big_integer), "bigint", "bigint"},
      {field(FieldType::integer), "integer", "integer"},
      {field(FieldType::small_integer), "smallint", "smallint"},
      {field(FieldType::positive_integer), "integer unsigned", "integer"},
      {field(FieldType::positive_big_integer), "bigint unsigned", "bigint"},
      {field(FieldType::positive_small_integer), "smallint unsigned", "smallint"},
      {field(FieldType::binary), "BLOB", "bytea"},
      {field(FieldType::boolean), "bool", "boolean"},
      {sized(FieldType::character, 20), "varchar(20)", "varchar(20)"},
      {field(FieldType::character), "varchar", "varchar"},
      {field(FieldType::text), "text", "text"},
      {field(FieldType::email), "varchar(254)", "varchar(254)"},
      {field(FieldType::url), "varchar(200)", "varchar(200)"},
      {field(FieldType::slug), "varchar(50)", "varchar(50)"},
      {field(FieldType::file), "varchar(100)", "varchar(100)"},
      {field(FieldType::date), "date", "date"},
      {field(FieldType::time), "time", "time"},
      {field(FieldType::date_time), "datetime", "timestamp with time zone"},
      {field(FieldType::duration), "bigint", "interval"},
      {decimal, "decimal", "numeric(10, 2)"},
      {field(FieldType::floating), "real", "double precision"},
      {field(FieldType::generic_ip_address), "char(39)", "inet"},
      {field(FieldType::uuid), "char(32)", "uuid"},
      {field(FieldType::json), "text", "jsonb"},
      {custom, "text", "cidr"},
  };
  for (const Case& c : cases) {
    CAPTURE(name_of(c.column.type));
    CHECK(table_of(c.column, sqlite()).find_column("c")->type == c.sqlite);
    CHECK(table_of(c.column, postgresql()).find_column("c")->type == c.postgresql);
  }
}

TEST_CASE("types that PostgreSQL alone has") {
  const auto array = [](Field base, std::optional<int> size = std::nullopt) {
    Field result = field(FieldType::array);
    result.base_field = std::make_shared<const Field>(std::move(base));
    result.size = size;
    return result;
  };
  struct Case {
    Field column;
    const char* type;
  };
  const Case cases[] = {
      {array(sized(FieldType::character, 20)), "varchar(20)[]"},
      {array(field(FieldType::integer), 3), "integer[3]"},
      {array(array(field(FieldType::integer))), "integer[][]"},
      {array(array(field(FieldType::integer), 2), 3), "integer[2][3]"},
      {field(FieldType::hstore), "hstore"},
      {field(FieldType::integer_range), "int4range"},
      {field(FieldType::big_integer_range), "int8range"},
      {field(FieldType::decimal_range), "numrange"},
      {field(FieldType::date_time_range), "tstzrange"},
      {field(FieldType::date_range), "daterange"},
      {field(FieldType::search_vector), "tsvector"},
      {field(FieldType::ci_text), "citext"},
      {sized(FieldType::ci_char, 20), "citext"},
      {field(FieldType::ci_email), "citext"},
  };
  for (const Case& c : cases) {
    CAPTURE(name_of(c.column.type));
    CHECK(table_of(c.column, postgresql()).find_column("c")->type == c.type);
    const ModelState model{.app = "t", .name = "M", .fields = {id(), c.column}};
    const std::vector<Problem> problems = unsupported_parts(state_of({model}), sqlite());
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].where == "t.M.c");
    CHECK(problems[0].message == "sqlite has no column type for " +
                                     std::string(name_of(c.column.type)) + " (field \"c\")");
    CHECK(unsupported_parts(state_of({model}), postgresql()).empty());
  }
}

TEST_CASE("a generated column has the type and the check of its output, and is stored or not") {
  Field computed = field(FieldType::generated);
  computed.expression = Expression::call("abs", {Expression::field("id")});
  computed.output_field = std::make_shared<const Field>(Field{.type = FieldType::positive_integer});
  computed.unique = true;
  for (const Dialect* dialect : {&sqlite(), &postgresql()}) {
    const Table table = table_of(computed, *dialect);
    const Column& column = *table.find_column("c");
    CHECK(column.type == (dialect == &sqlite() ? "integer unsigned" : "integer"));
    CHECK(column.generated == "ABS(\"id\")");
    CHECK(column.generated_stored);
    CHECK(column.nullable);
    REQUIRE(table.checks.size() == 1);
    CHECK(table.checks[0].condition == "\"c\" >= 0");
    CHECK(table.indexes.size() + table.uniques.size() == 1);
  }
  computed.db_persist = false;
  CHECK_FALSE(table_of(computed, sqlite()).find_column("c")->generated_stored);
  const ModelState model{.app = "t", .name = "M", .fields = {id(), computed}};
  const std::vector<Problem> problems = unsupported_parts(state_of({model}), postgresql());
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].where == "t.M.c");
  CHECK(problems[0].message == "postgresql has no virtual generated columns");
  CHECK(problems[0].hint == "set \"db_persist\": true, which stores the values");
  CHECK(unsupported_parts(state_of({model}), sqlite()).empty());

  computed.db_persist = true;
  Field again = computed;
  again.name = "d";
  again.expression = Expression::call("abs", {Expression::field("c")});
  const ModelState both{.app = "t", .name = "M", .fields = {id(), computed, again}};
  const std::vector<Problem> chained = unsupported_parts(state_of({both}), postgresql());
  REQUIRE(chained.size() == 1);
  CHECK(chained[0].where == "t.M.d");
  CHECK(chained[0].message ==
        "postgresql has no generated columns that are made of generated columns");
  CHECK(chained[0].hint == "write the expression of \"c\" in place of its name");
  CHECK(unsupported_parts(state_of({both}), sqlite()).empty());
}

TEST_CASE("choices with a check, and rules of deletion that the database keeps") {
  Field status = sized(FieldType::character, 5);
  status.choices = {Json::of("a"), Json::null(), Json::of("it's")};
  CHECK(table_of(status, postgresql()).checks.empty());
  status.choices_check = true;
  Field level = field(FieldType::positive_integer);
  level.choices = {Json::of(1), Json::of(2)};
  level.choices_check = true;
  for (const Dialect* dialect : {&sqlite(), &postgresql()}) {
    CHECK(table_of(status, *dialect).checks.at(0).condition == "\"c\" IN ('a', 'it''s')");
    CHECK(table_of(level, *dialect).checks.at(0).condition == "\"c\" >= 0 AND \"c\" IN (1, 2)");
    struct Case {
      OnDelete rule;
      const char* sql;
    };
    const Case cases[] = {{OnDelete::cascade, "CASCADE"},         {OnDelete::set_null, "SET NULL"},
                          {OnDelete::set_default, "SET DEFAULT"}, {OnDelete::restrict, "RESTRICT"},
                          {OnDelete::protect, "RESTRICT"},        {OnDelete::do_nothing, ""}};
    for (const Case& c : cases) {
      Field key = relation(FieldType::foreign_key, "up", "t.B");
      key.on_delete = c.rule;
      for (const bool in_database : {false, true}) {
        key.db_on_delete = in_database;
        const ModelState model{.app = "t", .name = "B", .fields = {id(), key}};
        const Table table = lower(state_of({model}), *dialect).at("t_b");
        CHECK(table.foreign_keys.at(0).on_delete == (in_database ? c.sql : ""));
      }
    }
  }
}

TEST_CASE("a table in a schema: written in two ways, and no part of other names") {
  const std::string long_name(80, 'x');
  for (const std::string table : {"shop.book", "\"shop\".\"book\""}) {
    ModelState book{.app = "t",
                    .name = "Book",
                    .fields = {id(), relation(FieldType::foreign_key, "up", "t.Book"),
                               relation(FieldType::many_to_many, "peers", "t.Book")}};
    book.options.db_table = table;
    const Schema schema = lower(state_of({book}), postgresql());
    const Table& made = schema.at("shop.book");
    CHECK(made.primary_key->name == index_name("book", {"id"}, "_pk", 63));
    CHECK(made.foreign_keys.at(0).target_table == "shop.book");
    CHECK(made.foreign_keys.at(0).name == index_name("book", {"up_id"}, "_fk_book_id", 63));
    CHECK(index_names(made) == std::set<std::string>{index_name("book", {"up_id"}, "", 63)});
    CHECK(schema.at("shop.book_peers").columns.size() == 3);
    CHECK(named_schemas(schema) == std::vector<std::string>{"shop"});
    // Elsewhere it is a name like others.
    CHECK(lower(state_of({book}), sqlite()).find("shop.book"));
  }
  CHECK(unquoted_table_name("plain") == "plain");
  CHECK(unquoted_table_name("\"a\"\"b\"") == "a\"b");
  CHECK(truncated_table_name("shop." + long_name, 63).size() == 63 + 5);
}

TEST_CASE("automatic keys are identities, and keys to them are plain integers of their size") {
  struct Case {
    FieldType type;
    const char* column;
    const char* key_sqlite;
    const char* key_postgresql;
  };
  const Case cases[] = {{FieldType::auto_field, "integer", "integer", "integer"},
                        {FieldType::big_auto_field, "bigint", "bigint", "bigint"},
                        {FieldType::small_auto_field, "smallint", "smallint", "smallint"}};
  for (const Case& c : cases) {
    CAPTURE(name_of(c.type));
    const ModelState target{
        .app = "t", .name = "A", .fields = {{.name = "id", .type = c.type, .primary_key = true}}};
    const ModelState owner{
        .app = "t", .name = "B", .fields = {id(), relation(FieldType::foreign_key, "a", "t.A")}};
    const ProjectState state = state_of({target, owner});
    for (const Dialect* dialect : {&sqlite(), &postgresql()}) {
      const Schema schema = lower(state, *dialect);
      CHECK(schema.at("t_a").find_column("id")->identity == Column::Identity::by_default);
      const bool lite = dialect == &sqlite();
      CHECK(schema.at("t_a").find_column("id")->type == (lite ? "integer" : c.column));
      CHECK(schema.at("t_b").find_column("a_id")->type == (lite ? c.key_sqlite : c.key_postgresql));
    }
  }
}

TEST_CASE("a key has the type, the length and the collation of what it points to, and no check") {
  const auto made = [](FieldType type, const std::string& name) {
    Field result{.name = name, .type = type, .unique = true};
    if (type == FieldType::character) result.max_length = 9;
    return result;
  };
  Field code = made(FieldType::character, "code");
  code.db_collation = "C";
  Field decimal = made(FieldType::decimal, "price");
  decimal.max_digits = 5;
  decimal.decimal_places = 2;
  Field chain = relation(FieldType::one_to_one, "a", "t.A");
  chain.primary_key = true;
  const ModelState target{.app = "t",
                          .name = "A",
                          .fields = {id(), code, decimal, made(FieldType::positive_integer, "n"),
                                     made(FieldType::json, "data"), made(FieldType::uuid, "u"),
                                     made(FieldType::duration, "d")}};
  const ModelState link{.app = "t", .name = "L", .fields = {chain}};
  struct Case {
    const char* to;
    const char* to_field;
    const char* sqlite;
    const char* postgresql;
    const char* collation;
  };
  const Case cases[] = {
      {"t.A", "", "bigint", "bigint", ""},
      {"t.A", "code", "varchar(9)", "varchar(9)", "C"},
      {"t.A", "price", "decimal", "numeric(5, 2)", ""},
      {"t.A", "n", "integer", "integer", ""},
      {"t.A", "data", "text", "jsonb", ""},
      {"t.A", "u", "char(32)", "uuid", ""},
      {"t.A", "d", "bigint", "interval", ""},
      {"t.L", "", "bigint", "bigint", ""},
  };
  for (const Case& c : cases) {
    CAPTURE(std::string(c.to) + c.to_field);
    for (const FieldType type : {FieldType::foreign_key, FieldType::one_to_one}) {
      Field key = relation(type, "to", c.to);
      key.to_field = c.to_field;
      const ModelState owner{.app = "t", .name = "B", .fields = {id(), key}};
      const ProjectState state = state_of({target, link, owner});
      for (const Dialect* dialect : {&sqlite(), &postgresql()}) {
        const Table table = lower(state, *dialect).at("t_b");
        const Column& column = *table.find_column("to_id");
        CHECK(column.type == (dialect == &sqlite() ? c.sqlite : c.postgresql));
        CHECK(column.collation == c.collation);
        CHECK(table.checks.empty());
        CHECK(table.foreign_keys.at(0).timing == Key::Timing::initially_deferred);
      }
    }
  }
}

TEST_CASE("a key without a constraint has its index, and so has the table between") {
  Field key = relation(FieldType::foreign_key, "a", "t.B");
  key.db_constraint = false;
  Field many = relation(FieldType::many_to_many, "many", "t.B");
  many.db_constraint = false;
  many.db_table = "between";
  const ModelState model{.app = "t", .name = "B", .fields = {id(), key, many}};
  for (const Dialect* dialect : {&sqlite(), &postgresql()}) {
    const Schema schema = lower(state_of({model}), *dialect);
    CHECK(schema.at("t_b").foreign_keys.empty());
    CHECK(schema.at("t_b").indexes.size() == 1);
    CHECK(schema.at("between").foreign_keys.empty());
    CHECK(index_names(schema.at("between")).contains(index_name("between", {"from_b_id"}, "", 0)));
    CHECK(index_names(schema.at("between")).contains(index_name("between", {"to_b_id"}, "", 0)));
  }
}

TEST_CASE("a default of the database is a literal, or an expression in parentheses") {
  const auto defaulted = [](Field field, Expression value) {
    field.db_default = std::move(value);
    return field;
  };
  const auto literal = [](const auto& value) { return Expression::literal(Json::of(value)); };
  struct Case {
    Field column;
    const char* sqlite;
    const char* postgresql;
  };
  const Case cases[] = {
      {defaulted(field(FieldType::integer), literal(3)), "3", "3"},
      {defaulted(field(FieldType::text), literal("it's")), "'it''s'", "'it''s'"},
      {defaulted(field(FieldType::boolean), literal(true)), "1", "TRUE"},
      {defaulted(field(FieldType::integer), Expression::literal(Json::null())), "NULL", "NULL"},
      {defaulted(field(FieldType::date), literal("2026-11-25")), "'2026-11-25'",
       "'2026-11-25'::date"},
      {defaulted(field(FieldType::date_time), Expression::call("now", {})),
       "(STRFTIME('%Y-%m-%d %H:%M:%f', 'NOW'))", "(STATEMENT_TIMESTAMP())"},
      {defaulted(field(FieldType::text), Expression::call("lower", {literal("X")})), "(LOWER('X'))",
       "(LOWER('X'))"},
  };
  for (const Case& c : cases) {
    CAPTURE(name_of(c.column.type));
    CHECK(table_of(c.column, sqlite()).find_column("c")->default_sql == c.sqlite);
    CHECK(table_of(c.column, postgresql()).find_column("c")->default_sql == c.postgresql);
  }
  Field usual = field(FieldType::integer);
  usual.default_value = Json::of(7);
  CHECK_FALSE(table_of(usual, sqlite()).find_column("c")->default_sql);
  CHECK_FALSE(table_of(usual, postgresql()).find_column("c")->default_sql);
}

TEST_CASE("positive integers and JSON on SQLite have a check of their column") {
  const Table positive = table_of(field(FieldType::positive_integer), postgresql());
  REQUIRE(positive.checks.size() == 1);
  CHECK(positive.checks[0].condition == "\"c\" >= 0");
  CHECK(positive.checks[0].column == "c");
  const Table json = table_of(field(FieldType::json), sqlite());
  REQUIRE(json.checks.size() == 1);
  CHECK(json.checks[0].condition == "(JSON_VALID(\"c\") OR \"c\" IS NULL)");
  CHECK(json.checks[0].name == "");
  CHECK(table_of(field(FieldType::json), postgresql()).checks.empty());
}

TEST_CASE("names of implicit indexes and constraints are Django's") {
  const ModelState target{.app = "lab", .name = "Target", .fields = {id()}};
  ModelState owner{.app = "lab", .name = "Allf"};
  owner.fields = {id(), relation(FieldType::foreign_key, "fk", "lab.Target"),
                  Field{.name = "f_int", .type = FieldType::integer},
                  Field{.name = "f_sm", .type = FieldType::small_integer},
                  relation(FieldType::many_to_many, "m2m", "lab.Target")};
  owner.options.unique_together = {{"f_int", "f_sm"}};
  const ProjectState state = state_of({target, owner});
  const Schema schema = lower(state, postgresql());
  const Table& table = schema.at("lab_allf");
  CHECK(index_names(table) == std::set<std::string>{"lab_allf_fk_id_c6ae20c6"});
  REQUIRE(table.foreign_keys.size() == 1);
  CHECK(table.foreign_keys[0].name == "lab_allf_fk_id_c6ae20c6_fk_lab_target_id");
  CHECK(table.foreign_keys[0].timing == Key::Timing::initially_deferred);
  CHECK(unique_names(table) == std::set<std::string>{"lab_allf_f_int_f_sm_d5276adf_uniq"});

  const Table& between = schema.at("lab_allf_m2m");
  CHECK(unique_names(between) ==
        std::set<std::string>{"lab_allf_m2m_allf_id_target_id_352210e3_uniq"});
  CHECK(index_names(between).contains("lab_allf_m2m_allf_id_1b678952"));
  CHECK(between.columns.size() == 3);

  const Table lite = lower(state, sqlite()).at("lab_allf");
  CHECK(index_names(lite) ==
        std::set<std::string>{"lab_allf_fk_id_c6ae20c6", "lab_allf_f_int_f_sm_d5276adf_uniq"});
  CHECK(lite.uniques.empty());
  CHECK(lite.foreign_keys[0].name == "");
}

TEST_CASE("implicit indexes follow unique, db_index, primary_key and the kind of column") {
  const auto with = [](Field column, bool unique, bool index, bool key = false) {
    column.unique = unique;
    if (index) column.db_index = true;
    column.primary_key = key;
    return column;
  };
  struct Case {
    const char* label;
    Field column;
    std::set<std::string> indexes_sqlite;
    std::set<std::string> indexes_postgresql;
    std::set<std::string> uniques_postgresql;
  };
  const std::string plain = "t_m_c_8b3dbc4a";
  const Case cases[] = {
      {"nothing", with(field(FieldType::integer), false, false), {}, {}, {}},
      {"db_index on an integer",
       with(field(FieldType::integer), false, true),
       {plain},
       {plain},
       {}},
      {"db_index on text",
       with(sized(FieldType::character, 5), false, true),
       {plain},
       {plain, plain + "_like"},
       {}},
      {"unique integer",
       with(field(FieldType::integer), true, false),
       {plain + "_uniq"},
       {},
       {plain + "_uniq"}},
      {"unique text with db_index",
       with(field(FieldType::text), true, true),
       {plain + "_uniq"},
       {plain + "_like"},
       {plain + "_uniq"}},
      {"slug", field(FieldType::slug), {plain}, {plain, plain + "_like"}, {}},
      {"text as primary key",
       with(sized(FieldType::character, 5), false, false, true),
       {},
       {plain + "_like"},
       {}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.label);
    CHECK(index_names(table_of(c.column, sqlite())) == c.indexes_sqlite);
    CHECK(index_names(table_of(c.column, postgresql())) == c.indexes_postgresql);
    CHECK(unique_names(table_of(c.column, postgresql())) == c.uniques_postgresql);
  }
}

TEST_CASE("keys have an index, or are unique; where they hold text PostgreSQL has one more") {
  Field word = sized(FieldType::character, 9);
  word.name = "word";
  word.unique = true;
  const ModelState target{.app = "t", .name = "A", .fields = {word, id()}};
  const auto indexes = [&](const char* label, FieldType type, const std::string& to_field,
                           const Dialect& dialect) {
    CAPTURE(label);
    Field key = relation(type, "a", "t.A");
    key.to_field = to_field;
    const ModelState owner{.app = "t", .name = "M", .fields = {id(), key}};
    const Table table = lower(state_of({target, owner}), dialect).at("t_m");
    std::set<std::string> names = index_names(table);
    for (const std::string& name : unique_names(table)) names.insert(name);
    return names;
  };
  const std::string plain = index_name("t_m", {"a_id"}, "", 63);
  const std::string like = plain + "_like";
  const std::string unique = plain + "_uniq";
  using Names = std::set<std::string>;
  CHECK(indexes("key", FieldType::foreign_key, "", sqlite()) == Names{plain});
  CHECK(indexes("key", FieldType::foreign_key, "", postgresql()) == Names{plain});
  CHECK(indexes("one", FieldType::one_to_one, "", sqlite()) == Names{unique});
  CHECK(indexes("one", FieldType::one_to_one, "", postgresql()) == Names{unique});
  CHECK(indexes("text", FieldType::foreign_key, "word", sqlite()) == Names{plain});
  CHECK(indexes("text", FieldType::foreign_key, "word", postgresql()) == Names{plain, like});
  CHECK(indexes("one text", FieldType::one_to_one, "word", sqlite()) == Names{unique});
  CHECK(indexes("one text", FieldType::one_to_one, "word", postgresql()) == Names{unique, like});
}

TEST_CASE("pattern indexes are for plain text: neither for arrays nor for collated columns") {
  Field array = field(FieldType::array);
  array.base_field = std::make_shared<const Field>(sized(FieldType::character, 5));
  array.db_index = true;
  CHECK(table_of(array, postgresql()).indexes.size() == 1);
  Field collated = sized(FieldType::character, 5);
  collated.db_index = true;
  collated.db_collation = "C";
  CHECK(table_of(collated, postgresql()).indexes.size() == 1);
  Field text = field(FieldType::text);
  text.db_index = true;
  const Table table = table_of(text, postgresql());
  REQUIRE(table.indexes.size() == 2);
  CHECK(table.indexes[1].parts.at(0).opclass == "text_pattern_ops");
  Field varchar = sized(FieldType::character, 5);
  varchar.db_index = true;
  CHECK(table_of(varchar, postgresql()).indexes.at(1).parts.at(0).opclass == "varchar_pattern_ops");
}

TEST_CASE("a unique constraint is an index where only an index can hold it") {
  const UniqueConstraint plain{.name = "u", .fields = {"c"}};
  const auto with = [&](const auto& change) {
    UniqueConstraint constraint = plain;
    change(constraint);
    return constraint;
  };
  struct Case {
    const char* label;
    UniqueConstraint constraint;
    bool index;  ///< on PostgreSQL
  };
  const Case cases[] = {
      {"plain", plain, false},
      {"deferrable", with([](auto& u) { u.deferrable = Deferrable::deferred; }), false},
      {"NULLs equal", with([](auto& u) { u.nulls_distinct = false; }), false},
      {"condition", with([](auto& u) { u.condition = Expression::raw("c > 0", {}); }), true},
      {"include", with([](auto& u) { u.include = {"id"}; }), true},
      {"opclasses", with([](auto& u) { u.opclasses = {"int4_ops"}; }), true},
      {"expressions", with([](auto& u) {
         u.fields.clear();
         u.expressions = {Expression::call("abs", {Expression::field("c")})};
       }),
       true},
  };
  for (const Case& c : cases) {
    CAPTURE(c.label);
    ModelState model{.app = "t", .name = "M", .fields = {id(), field(FieldType::integer)}};
    model.options.constraints = {c.constraint};
    const Table table = lower(state_of({model}), postgresql()).at("t_m");
    CHECK(table.uniques.size() == (c.index ? 0 : 1));
    CHECK(table.indexes.size() == (c.index ? 1 : 0));
    // SQLite has unique indexes alone, without included columns; what it cannot keep is refused.
    const Table lite = lower(state_of({model}), sqlite()).at("t_m");
    const bool kept = unsupported_parts(state_of({model}), sqlite()).empty();
    CHECK(lite.uniques.empty());
    CHECK(lite.indexes.size() == (kept ? 1 : 0));
    for (const TableIndex& index : lite.indexes) {
      CHECK(index.unique);
      CHECK(index.include.empty());
    }
  }
}

TEST_CASE("an index that only tunes is a plain one on SQLite") {
  ModelState model{.app = "t", .name = "M", .fields = {id(), field(FieldType::integer)}};
  Index tuned{.type = IndexType::brin, .name = "i", .fields = {"-c"}};
  tuned.include = {"id"};
  tuned.opclasses = {"int4_ops"};
  tuned.parameters = {{"pages_per_range", Json::of(4)}};
  tuned.condition = Expression::raw("c > 0", {});
  tuned.db_tablespace = "fast";
  model.options.indexes = {tuned};
  const TableIndex index = lower(state_of({model}), sqlite()).at("t_m").indexes.at(0);
  CHECK(index.method.empty());
  CHECK(index.include.empty());
  CHECK(index.parameters.empty());
  CHECK(index.tablespace.empty());
  CHECK(index.parts.at(0).opclass.empty());
  CHECK(index.parts.at(0).descending);
  CHECK(index.condition == "c > 0");
  CHECK(unsupported_parts(state_of({model}), sqlite()).empty());
  const TableIndex there = lower(state_of({model}), postgresql()).at("t_m").indexes.at(0);
  CHECK(there.method == "brin");
  CHECK(there.include == std::vector<std::string>{"id"});
  CHECK(there.tablespace == "fast");
}

TEST_CASE("the order of rows within a key is a column that may not be NULL and has no index") {
  ModelState model{
      .app = "t", .name = "M", .fields = {id(), relation(FieldType::foreign_key, "up", "t.M")}};
  model.options.order_with_respect_to = "up";
  for (const Dialect* dialect : {&sqlite(), &postgresql()}) {
    const Table table = lower(state_of({model}), *dialect).at("t_m");
    CHECK(table.columns.back().name == "_order");
    CHECK(table.columns.back().type == "integer");
    CHECK_FALSE(table.columns.back().nullable);
    CHECK(table.indexes.size() == 1);  // that of the key
  }
}

TEST_CASE("the table of a many-to-many field is there where its owner has one") {
  const auto owner = [](bool managed) {
    ModelState model{.app = "t",
                     .name = "Owner",
                     .fields = {id(), relation(FieldType::many_to_many, "all", "t.Other")}};
    model.options.managed = managed;
    return model;
  };
  ModelState other{.app = "t", .name = "Other", .fields = {id()}};
  CHECK(lower(state_of({owner(true), other}), sqlite()).find("t_owner_all"));
  CHECK_FALSE(lower(state_of({owner(false), other}), sqlite()).find("t_owner_all"));
  other.options.managed = false;
  CHECK(lower(state_of({owner(true), other}), sqlite()).find("t_owner_all"));
}

TEST_CASE("names too long for PostgreSQL are cut, and so are names made of them") {
  const std::string name =
      "AVeryLongModelNameThatWillOverflowTheSixtyThreeCharacterLimitOfPostgres";
  const std::string cut = "t_averylongmodelnamethatwilloverflowthesixtythreecharacterl34f0";
  const ModelState model{.app = "t",
                         .name = name,
                         .fields = {id(), relation(FieldType::foreign_key, "up", "t." + name),
                                    relation(FieldType::many_to_many, "all", "t." + name)}};
  const Schema schema = lower(state_of({model}), postgresql());
  CHECK(schema.at(cut).foreign_keys.at(0).target_table == cut);
  CHECK(index_names(schema.at(cut)) == std::set<std::string>{index_name(cut, {"up_id"}, "", 63)});
  CHECK(schema.find(truncated_name("t_" + lower_case(name) + "_all", 63)));
  CHECK(schema.size() == 2);
  CHECK(lower(state_of({model}), sqlite()).find("t_" + lower_case(name)));
}

TEST_CASE("indexes are in the tablespace of their field, else in that of their table") {
  Field word = sized(FieldType::character, 5);
  word.db_index = true;
  Field number{.name = "n", .type = FieldType::integer, .db_index = true};
  number.db_tablespace = "fast";
  Field many = relation(FieldType::many_to_many, "all", "t.M");
  many.db_tablespace = "slow";
  Field once{.name = "u", .type = FieldType::integer, .unique = true};
  once.db_tablespace = "fast";
  ModelState model{.app = "t", .name = "M", .fields = {id(), word, number, once, many}};
  model.options.db_tablespace = "wide";
  model.options.unique_together = {{"c", "n"}};
  model.options.constraints = {UniqueConstraint{.name = "both", .fields = {"n", "c"}}};
  model.options.indexes = {Index{.name = "own", .fields = {"c"}, .db_tablespace = "own"},
                           Index{.name = "of_field", .fields = {"-n"}},
                           Index{.name = "of_table", .fields = {"c", "n"}}};
  const Schema schema = lower(state_of({model}), postgresql());
  const Table& table = schema.at("t_m");
  CHECK(table.tablespace == "wide");
  const auto place = [&](const std::string& name) {
    for (const TableIndex& index : table.indexes) {
      if (index.name == name) return index.tablespace;
    }
    return std::string("no such index");
  };
  const std::string plain = index_name("t_m", {"c"}, "", 63);
  CHECK(place(plain) == "wide");
  CHECK(place(plain + "_like") == "wide");
  CHECK(place(index_name("t_m", {"n"}, "", 63)) == "fast");
  CHECK(place("own") == "own");
  CHECK(place("of_field") == "fast");
  CHECK(place("of_table") == "wide");
  // Keys of one column as Django's; those of several are where the database puts them.
  CHECK(table.primary_key->tablespace == "wide");
  std::map<std::string, std::string> keys;
  for (const Key& key : table.uniques) keys[key.name] = key.tablespace;
  CHECK(keys == std::map<std::string, std::string>{{index_name("t_m", {"u"}, "_uniq", 63), "fast"},
                                                   {index_name("t_m", {"c", "n"}, "_uniq", 63), ""},
                                                   {"both", ""}});
  CHECK(schema.at("t_m_all").primary_key->tablespace == "slow");
  CHECK(schema.at("t_m_all").uniques.at(0).tablespace.empty());
  CHECK(schema.at("t_m_all").tablespace == "slow");
  for (const TableIndex& index : schema.at("t_m_all").indexes) CHECK(index.tablespace == "slow");
  const Table lite = lower(state_of({model}), sqlite()).at("t_m");
  CHECK(lite.tablespace.empty());
  CHECK(lite.primary_key->tablespace.empty());
  for (const TableIndex& index : lite.indexes) CHECK(index.tablespace.empty());
}

TEST_CASE("proxy, unmanaged and abstract models have no table") {
  ModelState base{.app = "t", .name = "Base", .fields = {id()}};
  ModelState proxy{.app = "t", .name = "Proxy", .bases = {"t.Base"}};
  proxy.options.proxy = true;
  ModelState unmanaged{.app = "t", .name = "Elsewhere", .fields = {id()}};
  unmanaged.options.managed = false;
  ModelState pointing{
      .app = "t", .name = "P", .fields = {id(), relation(FieldType::foreign_key, "x", "t.Proxy")}};
  const Schema schema = lower(state_of({base, proxy, unmanaged, pointing}), postgresql());
  CHECK(schema.size() == 2);
  CHECK(schema.at("t_p").foreign_keys[0].target_table == "t_base");
}

TEST_CASE("a many-to-many field to its own model has from and to columns") {
  const ModelState node{.app = "t",
                        .name = "Node",
                        .fields = {id(), relation(FieldType::many_to_many, "peers", "t.Node")}};
  const Table table = lower(state_of({node}), sqlite()).at("t_node_peers");
  CHECK(table.find_column("from_node_id"));
  CHECK(table.find_column("to_node_id"));
}

TEST_CASE("lowering again after a change gives what lowering everything gives") {
  ModelState author{.app = "t",
                    .name = "Author",
                    .fields = {{.name = "id", .type = FieldType::auto_field, .primary_key = true}}};
  const ModelState book{.app = "t",
                        .name = "Book",
                        .fields = {id(), relation(FieldType::foreign_key, "author", "t.Author")}};
  const ProjectState before = state_of({author, book});
  author.fields[0].type = FieldType::big_auto_field;
  author.options.db_table = "writers";
  ProjectState after = before;
  after.set(author);
  for (const Dialect* dialect : {&sqlite(), &postgresql()}) {
    Schema schema = lower(before, *dialect);
    const Relowered touched = relower(schema, before, after, *dialect);
    CHECK(schema_differences(schema, lower(after, *dialect)).empty());
    CHECK(schema.at("t_book").find_column("author_id")->type == "bigint");
    CHECK(std::find(touched.tables_after.begin(), touched.tables_after.end(), "t_book") !=
          touched.tables_after.end());
  }
}

TEST_CASE("what SQLite cannot keep is named") {
  ModelState model{.app = "t", .name = "M", .fields = {id(), field(FieldType::integer)}};
  UniqueConstraint deferred{.name = "later", .fields = {"c"}};
  deferred.deferrable = Deferrable::deferred;
  model.options.constraints = {deferred};
  const ProjectState state = state_of({model});
  CHECK(unsupported_parts(state, postgresql()).empty());
  const std::vector<Problem> problems = unsupported_parts(state, sqlite());
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].where == "t.M: constraint \"later\"");
  CHECK(problems[0].message == "sqlite has no deferrable unique constraints");
  const auto message = [&](const Constraint& constraint) {
    model.options.constraints = {constraint};
    CHECK(unsupported_parts(state_of({model}), postgresql()).empty());
    const std::vector<Problem> found = unsupported_parts(state_of({model}), sqlite());
    return found.size() == 1 ? found[0].message : std::to_string(found.size());
  };
  UniqueConstraint nulls{.name = "n", .fields = {"c"}};
  nulls.nulls_distinct = false;
  CHECK(message(nulls) ==
        "sqlite has no unique constraints in which NULLs are equal (nulls_distinct)");
  ExclusionConstraint exclusion{.name = "e"};
  exclusion.expressions.emplace_back(Expression::field("c"), "=");
  CHECK(message(exclusion) == "sqlite has no exclusion constraints");
}

TEST_CASE("a column whose name PostgreSQL would cut off is named") {
  Field long_field = field(FieldType::integer);
  long_field.name = std::string(64, 'x');
  ModelState model{.app = "t", .name = "M", .fields = {id(), long_field}};
  std::vector<Problem> problems = unsupported_parts(state_of({model}), postgresql());
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].where == "t.M");
  CHECK(problems[0].message ==
        "the name of column \"" + long_field.name + "\" has 64 bytes, postgresql allows 63");
  CHECK(problems[0].hint == "give its field a \"db_column\"");
  CHECK(unsupported_parts(state_of({model}), sqlite()).empty());
  model.fields[1].db_column = "x";
  CHECK(unsupported_parts(state_of({model}), postgresql()).empty());
  model.name = std::string(61, 'M');
  model.fields[1] = relation(FieldType::many_to_many, "all", "t.Other");
  const ModelState other{.app = "t", .name = "Other", .fields = {id()}};
  problems = unsupported_parts(state_of({model, other}), postgresql());
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].message.find(std::string(61, 'm') + "_id\" has 64 bytes") != std::string::npos);
  CHECK(problems[0].hint.find("name it with \"through\"") != std::string::npos);
}
