#include <doctest/doctest.h>
#include <turnstone/registry.h>
#include <turnstone/schema/inspect.h>
#include <turnstone/schema/lower.h>
#include <turnstone/schema/naming.h>

#include <random>

#include "drivers/postgresql_support.h"

namespace turnstone::test {
namespace {

Field field(FieldType type, const std::string& name) { return Field{.name = name, .type = type}; }

Field relation(FieldType type, const std::string& name, const std::string& to) {
  Field result = field(type, name);
  result.to = to;
  result.on_delete = OnDelete::cascade;
  return result;
}

Field primary_key() {
  Field id = field(FieldType::big_auto_field, "id");
  id.primary_key = true;
  return id;
}

/// A state with every type of field and every kind of constraint and index.
ProjectState rich_state() {
  ModelState author{.app = "lib", .name = "Author"};
  Field slug = field(FieldType::slug, "slug");
  slug.primary_key = true;
  author.fields = {slug};

  ModelState book{.app = "lib", .name = "Book"};
  const std::vector<FieldType> plain = {FieldType::boolean,
                                        FieldType::small_integer,
                                        FieldType::integer,
                                        FieldType::big_integer,
                                        FieldType::positive_small_integer,
                                        FieldType::positive_integer,
                                        FieldType::positive_big_integer,
                                        FieldType::floating,
                                        FieldType::text,
                                        FieldType::email,
                                        FieldType::url,
                                        FieldType::file,
                                        FieldType::date,
                                        FieldType::time,
                                        FieldType::date_time,
                                        FieldType::duration,
                                        FieldType::uuid,
                                        FieldType::binary,
                                        FieldType::json,
                                        FieldType::generic_ip_address,
                                        FieldType::integer_range,
                                        FieldType::big_integer_range,
                                        FieldType::decimal_range,
                                        FieldType::date_time_range,
                                        FieldType::date_range,
                                        FieldType::search_vector};
  book.fields = {primary_key()};
  for (const FieldType type : plain) {
    Field item = field(type, "f" + std::to_string(book.fields.size()));
    item.null = book.fields.size() % 2 == 0;
    book.fields.push_back(item);
  }
  Field title = field(FieldType::character, "title");
  title.max_length = 200;
  title.db_index = true;
  title.db_comment = "as on the cover";
  title.db_default = Expression::literal(Json::of("it's"));
  Field price = field(FieldType::decimal, "price");
  price.max_digits = 10;
  price.decimal_places = 2;
  price.db_default = Expression::literal(Json::of("9.90"));
  Field made = field(FieldType::date_time, "made");
  made.db_default = Expression::call("now", {});
  Field tags = field(FieldType::array, "tags");
  tags.base_field = std::make_shared<Field>(title);
  tags.size = 3;
  tags.db_default = Expression::literal(Json::parse("[]"));
  Field upper = field(FieldType::generated, "upper");
  upper.expression = Expression::call("upper", {Expression::field("title")});
  upper.output_field = std::make_shared<Field>(title);
  Field code = field(FieldType::character, "code");
  code.max_length = 5;
  code.unique = true;
  Field collated = field(FieldType::text, "collated");
  collated.db_collation = "C";
  Field kind = field(FieldType::character, "kind");
  kind.max_length = 5;
  kind.choices = {Json::of("a"), Json::of("b")};
  kind.choices_check = true;
  Field cascading = relation(FieldType::foreign_key, "owner", "lib.Author");
  cascading.db_on_delete = true;
  Field cidr = field(FieldType::custom, "net");
  cidr.db_type = {{"", "cidr"}};
  for (const Field& item : {title, price, made, tags, upper, code, collated, kind,
                            relation(FieldType::foreign_key, "author", "lib.Author"),
                            relation(FieldType::one_to_one, "twin", "lib.Book"), cascading,
                            relation(FieldType::many_to_many, "readers", "lib.Author"), cidr}) {
    book.fields.push_back(item);
  }
  book.options.db_table_comment = "books";
  book.options.unique_together = {{"title", "price"}};
  const Expression positive =
      Expression::call(">", {Expression::field("price"), Expression::literal(Json::of("0"))});
  Index descending{.name = "i1"};
  descending.fields = {"-title", "price"};
  descending.condition = positive;
  descending.include = {"code"};
  Index lower_title{.name = "i2"};
  lower_title.expressions = {
      Expression::call("desc", {Expression::call("lower", {Expression::field("title")}),
                                Expression::literal(Json::of("nulls_last"))}),
      Expression::call("+", {Expression::field("f3"), Expression::literal(Json::of(1))})};
  Index gin{.type = IndexType::gin, .name = "i3"};
  gin.fields = {"tags"};
  gin.parameters = {{"fastupdate", Json::of(false)}};
  Index gist{.type = IndexType::gist, .name = "i4"};
  gist.fields = {"f21"};
  Index brin{.type = IndexType::brin, .name = "i5"};
  brin.fields = {"f3"};
  brin.parameters = {{"pages_per_range", Json::of(4)}};
  Index hash{.type = IndexType::hash, .name = "i6"};
  hash.fields = {"f3"};
  Index pattern{.name = "i7"};
  pattern.fields = {"title"};
  pattern.opclasses = {"varchar_pattern_ops"};
  Index collated_index{.name = "i8"};
  collated_index.expressions = {Expression::call(
      "collate", {Expression::field("title"), Expression::literal(Json::of("C"))})};
  book.options.indexes = {descending, lower_title, gin, gist, brin, hash, pattern, collated_index};
  UniqueConstraint deferred{.name = "u1", .fields = {"price", "code"}};
  deferred.deferrable = Deferrable::deferred;
  UniqueConstraint immediate{.name = "u2", .fields = {"f3", "code"}};
  immediate.deferrable = Deferrable::immediate;
  UniqueConstraint partial{.name = "u3", .fields = {"f3"}, .condition = positive};
  UniqueConstraint covering{.name = "u4", .fields = {"f4"}, .include = {"code"}};
  UniqueConstraint nulls{.name = "u5", .fields = {"f4", "f3"}, .nulls_distinct = false};
  CheckConstraint check{.name = "c1", .condition = positive};
  CheckConstraint several{
      .name = "c2",
      .condition = Expression::call(
          "or",
          {Expression::call("in", {Expression::field("title"), Expression::literal(Json::of("a")),
                                   Expression::literal(Json::of("b'"))}),
           Expression::call("not", {Expression::call("is_null", {Expression::field("f2")})}),
           Expression::call("icontains",
                            {Expression::field("title"), Expression::literal(Json::of("50%"))})})};
  ExclusionConstraint exclusion{.name = "x1"};
  exclusion.expressions = {{Expression::field("f21"), "&&"}};
  exclusion.condition = positive;
  exclusion.deferrable = Deferrable::deferred;
  book.options.constraints = {deferred, immediate, partial, covering,
                              nulls,    check,     several, exclusion};

  ModelState pair{.app = "lib", .name = "Pair"};
  Field composite = field(FieldType::composite_primary_key, "pk");
  composite.fields = {"a", "b"};
  pair.fields = {composite, field(FieldType::integer, "a"), field(FieldType::uuid, "b")};

  ProjectState state;
  state.set(author);
  state.set(book);
  state.set(pair);
  return state;
}

/// Steps that make every table of a schema.
std::vector<Step> creation(const Schema& schema) {
  std::vector<Step> steps;
  schema.each([&](const Table& item) { steps.push_back(step::CreateTable{item}); });
  return steps;
}

TEST_CASE("what lower makes comes back from the server") {
  if (!has_postgresql()) return;
  const ScratchDatabase& database = clean_database();
  const auto connection = database.connect();
  const Schema wanted = lower(rich_state(), postgresql());
  Schema schema;
  change(*connection, schema, planned(creation(wanted)));
  CHECK(drift(database, *connection, wanted) == "");
  // In the words of `lower`, where they are no expressions.
  const Schema live = database.backend().introspect(*connection);
  for (const Column& column : wanted.at("lib_book").columns) {
    if (column.type.find('[') != std::string::npos) continue;  // sizes of arrays are not kept
    CAPTURE(column.name);
    REQUIRE(live.at("lib_book").find_column(column.name));
    CHECK(live.at("lib_book").find_column(column.name)->type == column.type);
  }
  const std::string positive = index_name("lib_book", {"f5"}, "_check", 63);
  for (const Check& check : live.at("lib_book").checks) {
    if (check.name == positive) CHECK(check.column == "f5");
    if (check.name == "c1") CHECK(check.column.empty());
  }
}

TEST_CASE("a difference is seen and told") {
  if (!has_postgresql()) return;
  const ScratchDatabase& database = clean_database();
  const auto connection = database.connect();
  const Schema wanted = lower(rich_state(), postgresql());
  Schema schema;
  change(*connection, schema, planned(creation(wanted)));
  struct Case {
    std::string sql{};
    std::string told{};
  };
  for (const Case& c : std::vector<Case>{
           {"ALTER TABLE lib_book ALTER price TYPE numeric(12, 2)",
            "column \"price\": type is numeric(12, 2), should be numeric(10, 2)"},
           {"ALTER TABLE lib_book ALTER price DROP DEFAULT", "column \"price\": default is absent"},
           {"ALTER TABLE lib_book ALTER id DROP IDENTITY", "column \"id\": identity is none"},
           {"ALTER TABLE lib_book ALTER code DROP NOT NULL", "column \"code\": null is yes"},
           {"COMMENT ON COLUMN lib_book.title IS 'x'", "column \"title\": comment is x"},
           {"DROP INDEX i3", "index \"i3\" is missing"},
           {"DROP INDEX i1; CREATE INDEX i1 ON lib_book (title DESC, price) INCLUDE (code) WHERE "
            "price > 1",
            "index \"i1\": condition is price > (1)::numeric"},
           {"ALTER TABLE lib_book DROP CONSTRAINT c1", "check constraint \"c1\" is missing"},
           {"ALTER TABLE lib_book DROP CONSTRAINT c1, ADD CONSTRAINT c1 CHECK (price > 0) NOT "
            "VALID",
            "check constraint \"c1\": validated is no"},
           {"CREATE TABLE more (a int)", "table \"more\" is not wanted"},
           {"DROP TABLE lib_pair", "table \"lib_pair\" is missing"}}) {
    CAPTURE(c.sql);
    connection->execute("BEGIN; " + c.sql);
    CHECK(drift(database, *connection, wanted).find(c.told) != std::string::npos);
    connection->execute("ROLLBACK");
  }
}

TEST_CASE("foreign keys come with their actions and timing") {
  if (!has_postgresql()) return;
  const ScratchDatabase& database = clean_database();
  const auto connection = database.connect();
  connection->execute(
      "CREATE TABLE a (x int, y int, PRIMARY KEY (y, x)); "
      "CREATE TABLE b (p int, q int, "
      "CONSTRAINT k1 FOREIGN KEY (p, q) REFERENCES a (y, x) ON DELETE SET NULL ON UPDATE CASCADE, "
      "CONSTRAINT k2 FOREIGN KEY (q, p) REFERENCES a (x, y) ON DELETE RESTRICT DEFERRABLE); "
      "ALTER TABLE b ADD CONSTRAINT k3 FOREIGN KEY (p, q) REFERENCES a ON DELETE SET DEFAULT "
      "DEFERRABLE INITIALLY DEFERRED NOT VALID");
  const std::vector<ForeignKeyConstraint> keys =
      database.backend().introspect(*connection).at("b").foreign_keys;
  REQUIRE(keys.size() == 3);
  CHECK(keys[0] == ForeignKeyConstraint{.name = "k1",
                                        .columns = {"p", "q"},
                                        .target_table = "a",
                                        .target_columns = {"y", "x"},
                                        .on_delete = "SET NULL",
                                        .on_update = "CASCADE",
                                        .timing = Key::Timing::immediate_always});
  CHECK(keys[1] == ForeignKeyConstraint{.name = "k2",
                                        .columns = {"q", "p"},
                                        .target_table = "a",
                                        .target_columns = {"x", "y"},
                                        .on_delete = "RESTRICT",
                                        .timing = Key::Timing::initially_immediate});
  CHECK(keys[2].on_delete == "SET DEFAULT");
  CHECK(keys[2].timing == Key::Timing::initially_deferred);
  CHECK_FALSE(keys[2].validated);
}

TEST_CASE("only tables on the search path, and none that is not the project's") {
  if (!has_postgresql()) return;
  const ScratchDatabase database("postgresql");
  const auto connection = database.connect();
  connection->execute(
      "CREATE TABLE mine (a int); CREATE TABLE turnstone_migrations (id int); CREATE TABLE "
      "turnstone_journal (id int); CREATE VIEW v AS SELECT 1; CREATE SCHEMA s; CREATE TABLE "
      "s.other "
      "(a int); CREATE TABLE part (a int) PARTITION BY RANGE (a); CREATE TABLE part_1 PARTITION OF "
      "part FOR VALUES FROM (1) TO (2); CREATE TEMPORARY TABLE gone (a int)");
  const auto names = [&] {
    std::string text;
    database.backend().introspect(*connection).each([&](const Table& item) {
      text += item.name + " ";
    });
    return text;
  };
  CHECK(names() == "mine part ");
  connection->execute("SET search_path TO s, public");
  CHECK(names() == "mine other part ");
}

TEST_CASE("tables that are asked for by their schema have it in their name") {
  if (!has_postgresql()) return;
  const ScratchDatabase database("postgresql");
  const auto connection = database.connect();
  connection->execute(
      "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY REFERENCES a); "
      "CREATE SCHEMA s; CREATE TABLE s.c (id int REFERENCES a)");
  const auto told = [&](const std::vector<std::string>& places) {
    std::string text;
    database.backend().introspect(*connection, places).each([&](const Table& item) {
      text += item.name;
      for (const ForeignKeyConstraint& key : item.foreign_keys) text += ">" + key.target_table;
      text += " ";
    });
    return text;
  };
  CHECK(told({}) == "a b>a ");
  CHECK(told({"public", "public.a"}) == "b>public.a public.a ");
  CHECK(told({"s", "s.c", "public", "public.b"}) == "a public.b>a s.c>a ");
}

TEST_CASE("a point in a table's own name is told from the one behind a schema") {
  if (!has_postgresql()) return;
  const ScratchDatabase database("postgresql");
  const auto connection = database.connect();
  connection->execute(
      "CREATE SCHEMA a; CREATE TABLE a.b (id int PRIMARY KEY); CREATE TABLE \"a.b\" (id int "
      "PRIMARY "
      "KEY, up int REFERENCES \"a.b\", far int REFERENCES a.b)");
  const Schema live = database.backend().introspect(*connection, {"a"});
  CHECK(live.size() == 2);
  CHECK(live.at("a.b").columns.size() == 1);
  const Table& own = live.at("public.a.b");
  REQUIRE(own.foreign_keys.size() == 2);
  CHECK(own.foreign_keys[0].target_table == "public.a.b");
  CHECK(own.foreign_keys[1].target_table == "a.b");
}

TEST_CASE("what stands beside tables is told with all that makes it what it is") {
  if (!has_postgresql()) return;
  const ScratchDatabase database("postgresql");
  const auto connection = database.connect();
  connection->execute(
      "CREATE UNLOGGED TABLE t (id int) WITH (fillfactor = 70); CREATE TABLE child () INHERITS (t);"
      "CREATE TABLE p (id int) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES "
      "FROM (1) TO (9); CREATE INDEX p_all ON p (id); CREATE INDEX p1_own ON p1 (id) WHERE id > 2; "
      "ALTER TABLE p1 ADD CONSTRAINT p1_check CHECK (id <> 5);"
      "CREATE VIEW v WITH (security_barrier) AS SELECT id FROM t; CREATE MATERIALIZED VIEW m AS "
      "SELECT id FROM t; CREATE UNIQUE INDEX m_id ON m (id);"
      "CREATE POLICY few ON t AS RESTRICTIVE FOR SELECT USING (id > 1);"
      "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
      "CREATE TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION f(); ALTER TABLE t ENABLE ALWAYS "
      "TRIGGER "
      "g; CREATE TYPE span AS RANGE (subtype = float8)");
  std::string text;
  for (const DatabaseObject& object : database.backend().objects(*connection, {})) {
    const bool longer = object.kind.ends_with("view") || object.kind == "function";
    text += object.kind + " " + object.name + " on " + object.table +
            (longer ? "" : ": " + object.definition) + "\n";
    if (object.name == "v") CHECK(object.definition.starts_with("WITH (security_barrier=true)"));
  }
  CHECK(text ==
        "check constraint p1_check on p1: CHECK ((id <> 5))\n"
        "function f() on \n"
        "index m_id on m: CREATE UNIQUE INDEX m_id ON public.m USING btree (id)\n"
        "index p1_own on p1: CREATE INDEX p1_own ON public.p1 USING btree (id) WHERE (id > 2)\n"
        "inheritance t on child: INHERITS t\n"
        "mark UNLOGGED on t: UNLOGGED\n"
        "materialized view m on \n"
        "partition p1 on p: FOR VALUES FROM (1) TO (9)\n"
        "partitioned table p on : RANGE (id)\n"
        "policy few on t: AS RESTRICTIVE FOR SELECT TO PUBLIC USING ((id > 1))\n"
        "range type span on : OF double precision\n"
        "storage parameters  on t: fillfactor=70\n"
        "trigger g on t: CREATE TRIGGER g AFTER INSERT ON public.t FOR EACH STATEMENT EXECUTE "
        "FUNCTION f() (always)\n"
        "view v on \n");
}

namespace {

/// A tablespace, where this server lets us make one.
class Tablespace {
 public:
  explicit Tablespace(const ScratchDatabase& database) : connection_(database.connect()) {
    try {
      connection_->execute("SET allow_in_place_tablespaces = on");
      connection_->execute("CREATE TABLESPACE " + name_ + " LOCATION ''");
      made_ = true;
    } catch (const DatabaseError& error) {
      MESSAGE("no tablespace can be made: " << error.what());
    }
  }
  ~Tablespace() {
    try {
      if (!made_) return;
      connection_->execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
      connection_->execute("DROP TABLESPACE " + name_);
    } catch (const std::exception&) {
      // The server of the tests is thrown away.
    }
  }
  Tablespace(const Tablespace&) = delete;
  Tablespace& operator=(const Tablespace&) = delete;
  bool made() const { return made_; }
  const std::string& name() const { return name_; }

 private:
  std::unique_ptr<Connection> connection_;
  std::string name_ = "turnstone_test_" + std::to_string(std::random_device{}());
  bool made_ = false;
};

}  // namespace

TEST_CASE("tablespaces of tables, keys and indexes are made, read and written as models") {
  if (!has_postgresql()) return;
  const ScratchDatabase& database = clean_database();
  const Tablespace fast(database);
  if (!fast.made()) return;
  const auto connection = database.connect();
  const auto text = [](const std::string& name) {
    Field item = field(FieldType::character, name);
    item.max_length = 9;
    return item;
  };
  ModelState here{.app = "lib", .name = "Here", .fields = {primary_key()}};
  Field unique = text("u");
  unique.unique = true;
  unique.db_tablespace = fast.name();
  Field indexed = text("i");
  indexed.db_index = true;
  indexed.db_tablespace = fast.name();
  here.fields.insert(here.fields.end(), {unique, indexed});
  ModelState there{.app = "lib", .name = "There", .fields = {primary_key()}};
  Field away = text("u");
  away.unique = true;
  away.db_tablespace = "pg_default";
  there.fields.insert(there.fields.end(), {away, text("t")});
  there.options.db_tablespace = fast.name();
  there.options.constraints = {UniqueConstraint{.name = "both", .fields = {"u", "t"}}};
  ProjectState state;
  state.set(here);
  state.set(there);
  const Schema wanted = lower(state, postgresql());
  Schema schema;
  std::vector<Step> steps;
  wanted.each([&](const Table& item) { steps.push_back(step::CreateTable{item}); });
  change(*connection, schema, planned(std::move(steps)));

  const Backend& backend = database.backend();
  const Schema live = backend.introspect(*connection);
  CHECK(live.at("lib_here").primary_key->tablespace.empty());
  CHECK(live.at("lib_here").uniques.at(0).tablespace == fast.name());
  CHECK(live.at("lib_there").tablespace == fast.name());
  CHECK(live.at("lib_there").primary_key->tablespace == fast.name());
  const auto differences_to = [&](const Schema& should) {
    std::string lines;
    for (const std::string& line :
         schema_differences(backend.comparable(live),
                            backend.comparable(backend.normalised(*connection, should)))) {
      lines += line + "\n";
    }
    return lines;
  };
  CHECK(differences_to(wanted) == "");
  // What models are made of it means the same.
  Registry registry;
  registry.add(DeclaredApp{.label = "again",
                           .models = inspect_models(live, postgresql(), "again", {}).models});
  const FinishedModels again = registry.finish();
  CHECK(again.problems.empty());
  CHECK(differences_to(lower(again.state, postgresql())) == "");
}

TEST_CASE("what cannot be made stays as it is written, the rest is spelled by the server") {
  if (!has_postgresql()) return;
  const ScratchDatabase& database = clean_database();
  const auto connection = database.connect();
  Schema schema;
  Table good = table("good", {column("a", "integer")});
  good.checks = {Check{.name = "c", .condition = "\"a\"   >0"}};
  Table bad = table("bad", {column("a", "hstore")});
  bad.checks = {Check{.name = "c", .condition = "\"a\" IS  NOT NULL"}};
  schema.set(good);
  schema.set(bad);
  for (const std::string begin : {"", "BEGIN"}) {
    if (!begin.empty()) connection->execute(begin);
    const Schema result = database.backend().normalised(*connection, schema);
    CHECK(result.at("good").checks[0].condition == "a > 0");
    CHECK(result.at("bad") == bad);
    CHECK(connection->in_transaction() == !begin.empty());
    if (!begin.empty()) connection->execute("COMMIT");
  }
  CHECK(connection->query("SELECT 1 FROM pg_class WHERE relname LIKE 'turnstone_%'").rows.empty());
}

}  // namespace
}  // namespace turnstone::test
