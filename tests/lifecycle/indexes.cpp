#include <doctest/doctest.h>
#include <turnstone/drivers/open.h>
#include <turnstone/migrations/compile.h>
#include <turnstone/migrations/functions.h>

#include "support/lab.h"
#include "support/models.h"

// Every kind of index and constraint, with rows, on both databases: made with its table and later,
// renamed, carried along when its columns, its model and its app change names, taken away, and all
// of it back again. After each step the live schema is the predicted one.

using namespace turnstone;
using namespace turnstone::migrations;
using test::Lab;

namespace {

namespace kinds {

Expression field(const std::string& name) { return Expression::field(name); }
Expression literal(const char* text) { return Expression::literal(Json::of(text)); }
Expression call(const std::string& head, std::vector<Expression> arguments) {
  return Expression::call(head, std::move(arguments));
}
Expression at_least(const std::string& name, int value) {
  return call(">=", {field(name), Expression::literal(Json::of(value))});
}

Field of_type(const std::string& name, FieldType type) {
  return Field{.name = name, .type = type, .null = true};
}

/// An index or a constraint, and where it can be.
template <class Part>
struct Case {
  std::string label{};
  Part part{};
  bool postgresql_only = false;
};

std::vector<Case<Index>> indexes() {
  using Type = IndexType;
  const auto with = [](std::vector<std::pair<std::string, Json>> parameters, Index index) {
    index.parameters = std::move(parameters);
    return index;
  };
  const auto of = [](Type type, const std::string& name) {
    return Index{.type = type, .name = "i", .fields = {name}};
  };
  const auto over = [](Type type, Expression expression) {
    return Index{.type = type, .name = "i", .expressions = {std::move(expression)}};
  };
  Index pattern = of(Type::index, "title");
  pattern.fields = {"title", "-pages"};
  pattern.opclasses = {"varchar_pattern_ops", "int4_ops"};
  Index path = of(Type::gin, "meta");
  path.opclasses = {"jsonb_path_ops"};
  Index covering = of(Type::index, "title");
  covering.include = {"pages", "shelf"};
  Index partial = of(Type::btree, "-title");
  partial.condition =
      call("and", {at_least("pages", 100), call("not", {call("is_null", {field("shelf")})})});
  Index all = over(Type::index, call("lower", {field("title")}));
  all.expressions.push_back(call("desc", {field("pages"), literal("nulls_last")}));
  all.include = {"shelf"};
  all.condition = at_least("pages", 0);
  Index covering_gist = of(Type::gist, "during");
  covering_gist.include = {"pages"};
  Index covering_spgist = of(Type::spgist, "title");
  covering_spgist.include = {"pages"};
  Index brin = of(Type::brin, "pages");
  brin.fields = {"pages", "title"};
  Index bloom = of(Type::bloom, "pages");
  bloom.fields = {"pages", "title"};
  const Json on = Json::of(true);
  const Json off = Json::of(false);
  return {
      {"b-tree with parameters",
       with({{"deduplicate_items", off}, {"fillfactor", Json::of(80)}}, of(Type::btree, "title"))},
      {"hash", with({{"fillfactor", Json::of(70)}}, of(Type::hash, "title"))},
      {"gin", with({{"fastupdate", off}, {"gin_pending_list_limit", Json::of(128)}},
                   of(Type::gin, "meta"))},
      {"gin with an operator class", path},
      {"gin on an array", of(Type::gin, "tags"), true},
      {"gin, operator class in an expression",
       over(Type::gin,
            call("opclass", {call("lower", {field("title")}), literal("gin_trgm_ops")}))},
      {"gist", with({{"buffering", on}, {"fillfactor", Json::of(60)}}, of(Type::gist, "during")),
       true},
      {"gist, covering", covering_gist, true},
      {"gist, operator class in an expression",
       over(Type::gist, call("opclass", {field("title"), literal("gist_trgm_ops")}))},
      {"sp-gist", with({{"fillfactor", Json::of(90)}}, of(Type::spgist, "title"))},
      {"sp-gist, covering", covering_spgist},
      {"brin", with({{"autosummarize", on}, {"pages_per_range", Json::of(16)}}, brin)},
      {"bloom", with({{"columns", Json::parse("[2, 4]")}, {"length", Json::of(80)}}, bloom)},
      {"operator classes and descending", pattern},
      {"operator class, collation and order in expressions",
       Index{.name = "i",
             .expressions = {call("desc",
                                  {call("opclass", {call("collate", {field("title"), literal("C")}),
                                                    literal("text_pattern_ops")}),
                                   literal("nulls_last")}),
                             call("asc", {field("pages"), literal("nulls_first")})}},
       true},
      {"covering", covering},
      {"partial, descending", partial},
      {"expressions, covering, partial", all},
      {"on a key, by its column", of(Type::index, "author_id")},
  };
}

std::vector<Case<Constraint>> constraints() {
  UniqueConstraint plain{.name = "c", .fields = {"title", "pages"}};
  UniqueConstraint deferred = plain;
  deferred.deferrable = Deferrable::deferred;
  UniqueConstraint immediate = plain;
  immediate.deferrable = Deferrable::immediate;
  UniqueConstraint covering = plain;
  covering.include = {"shelf"};
  UniqueConstraint partial = plain;
  partial.condition = at_least("pages", 100);
  UniqueConstraint opclasses = plain;
  opclasses.opclasses = {"varchar_pattern_ops", "int4_ops"};
  UniqueConstraint expressions{.name = "c",
                               .expressions = {call("lower", {field("title")}), field("pages")}};
  UniqueConstraint equal_nulls{.name = "c", .fields = {"title", "shelf"}};
  equal_nulls.nulls_distinct = false;
  UniqueConstraint equal_nulls_partial = equal_nulls;
  equal_nulls_partial.condition = at_least("pages", 100);
  UniqueConstraint distinct_nulls = equal_nulls;
  distinct_nulls.nulls_distinct = true;
  const auto exclusion = [](Expression what, const std::string& op) {
    return ExclusionConstraint{.name = "c", .expressions = {{std::move(what), op}}};
  };
  ExclusionConstraint rooms = exclusion(field("during"), "&&");
  rooms.expressions.insert(rooms.expressions.begin(), {field("shelf"), "="});
  rooms.condition = at_least("pages", 0);
  ExclusionConstraint deferred_rooms = rooms;
  deferred_rooms.deferrable = Deferrable::deferred;
  ExclusionConstraint covering_rooms = rooms;
  covering_rooms.include = {"pages"};
  ExclusionConstraint spgist = exclusion(field("during"), "&&");
  spgist.index_type = "SPGIST";
  ExclusionConstraint classed =
      exclusion(call("opclass", {call("lower", {field("title")}), literal("gist_text_ops")}), "=");
  return {
      {"check", CheckConstraint{.name = "c", .condition = at_least("pages", 0)}},
      {"check over a key",
       CheckConstraint{.name = "c", .condition = call("<>", {field("author"), field("id")})}},
      {"unique", plain},
      {"unique, deferred", deferred},
      {"unique, deferrable", immediate},
      {"unique, covering", covering},
      {"unique, partial", partial},
      {"unique, operator classes", opclasses},
      {"unique expressions", expressions},
      {"unique, NULLs equal", equal_nulls},
      {"unique, NULLs equal, partial", equal_nulls_partial},
      {"unique, NULLs distinct", distinct_nulls},
      {"exclusion", rooms, true},
      {"exclusion, deferred", deferred_rooms, true},
      {"exclusion, covering", covering_rooms, true},
      {"exclusion with sp-gist", spgist, true},
      {"exclusion, operator class in an expression", classed, true},
  };
}

/// A model with a column for every kind, and `options`.
Operations start(const std::string& dialect, Options options = {}) {
  std::vector<Field> fields = {test::id_field(),
                               test::text_field("title"),
                               test::integer_field("pages"),
                               test::optional(test::text_field("shelf")),
                               test::optional(test::key_field("author", "lab.Author")),
                               of_type("meta", FieldType::json)};
  Operations operations;
  if (dialect == "postgresql") {
    Field tags = of_type("tags", FieldType::array);
    tags.base_field = std::make_shared<const Field>(test::integer_field(""));
    fields.push_back(tags);
    fields.push_back(of_type("during", FieldType::integer_range));
    for (const char* name : {"btree_gist", "pg_trgm", "bloom"}) {
      operations.push_back({CreateExtension{name}});
    }
  }
  operations.push_back(
      {CreateModel{.name = "Author", .fields = {test::id_field(), test::text_field("name")}}});
  operations.push_back(
      {CreateModel{.name = "Book", .fields = std::move(fields), .options = std::move(options)}});
  return operations;
}

const char* const rows =
    "INSERT INTO lab_author (id, name) VALUES (7, 'Ada');"
    "INSERT INTO lab_book (id, title, pages, shelf, author_id, meta) VALUES "
    "(1, 'One', 100, 'a', NULL, '{\"a\": 1}'), (2, 'Two', 200, NULL, 7, NULL), "
    "(3, 'Three', 201, 'b', 7, NULL);";

void go(Lab& lab, const std::string& to) {
  lab.migrate(to);
  // What is applied is what the files say up to there.
  ProjectState state;
  for (const Migration& migration : lab.files()) {
    advance(state, migration);
    if (migration.id.name == to) break;
  }
  CAPTURE(to);
  CHECK(test::lines(lab.drift(state)) == "");
  CHECK(lab.rows().at(lab.rows().contains("lab_book") ? "lab_book" : "lab_tome").size() == 3);
}

/// Takes a part of the model through a life: `add`, then names of everything around it change, its
/// own too, then `remove`; and back, and the other way of making it, with its table.
void live(Lab& lab, const std::string& dialect, Options with_part, Operation add, Operation rename,
          Operation remove) {
  lab.reset();
  lab.add("0001_initial", start(dialect));
  lab.migrate();
  lab.execute(rows);
  lab.add("0002_add", {std::move(add)});
  lab.add("0003_rename", {std::move(rename)});
  lab.add("0004_fields", {{RenameField{"book", "title", "heading"}},
                          {RenameField{"book", "shelf", "room"}},
                          {RenameField{"book", "author", "writer"}}});
  lab.add("0005_model", {{RenameModel{"Book", "Tome"}}});
  Field longer = test::text_field("heading", 80);
  lab.add("0006_longer", {{AlterField{"tome", longer}}});
  lab.add("0007_remove", {std::move(remove)});
  for (std::size_t i = 1; i < lab.files().size(); ++i) go(lab, lab.files()[i].id.name);
  for (std::size_t i = lab.files().size() - 1; i-- > 0;) go(lab, lab.files()[i].id.name);
  lab.migrate("zero");
  CHECK(lab.rows().empty());

  lab.reset();
  lab.add("0001_initial", start(dialect, std::move(with_part)));
  lab.migrate();
  lab.execute(rows);
  go(lab, "0001_initial");
}

}  // namespace kinds

}  // namespace

TEST_CASE("every kind of index comes, is renamed, follows its columns and model, and goes") {
  for (const std::string& dialect : test::test_dialects()) {
    Lab lab(dialect);
    for (const kinds::Case<Index>& item : kinds::indexes()) {
      if (item.postgresql_only && dialect != "postgresql") continue;
      CAPTURE(dialect);
      CAPTURE(item.label);
      Options options;
      options.indexes = {item.part};
      kinds::live(lab, dialect, options, {AddIndex{"book", item.part}},
                  {RenameIndex{"book", "j", "i", {}}}, {RemoveIndex{"tome", "j"}});
    }
  }
}

TEST_CASE("every kind of constraint comes, is renamed, follows its columns and model, and goes") {
  for (const std::string& dialect : test::test_dialects()) {
    Lab lab(dialect);
    for (const kinds::Case<Constraint>& item : kinds::constraints()) {
      if (item.postgresql_only && dialect != "postgresql") continue;
      CAPTURE(dialect);
      CAPTURE(item.label);
      Options options;
      options.constraints = {item.part};
      kinds::live(lab, dialect, options, {AddConstraint{"book", item.part}},
                  {RenameConstraint{"book", "c", "d"}}, {RemoveConstraint{"tome", "d"}});
    }
  }
}

TEST_CASE("names that a rename or a move leaves are free for the next one") {
  const auto book = [] {
    Options options;
    options.unique_together = {{"title", "shelf"}};
    Field code = test::unique(test::text_field("code"));
    Field shelf = test::text_field("shelf");
    shelf.db_index = true;
    Field size{.name = "size", .type = FieldType::positive_integer};
    return CreateModel{
        .name = "Book",
        .fields = {test::id_field(), test::text_field("title"), code, shelf, size,
                   test::key_field("author", "lab.Author"), test::many_field("tags", "lab.Author"),
                   test::many_field("peers", "lab.Book")},
        .options = options};
  };
  const char* const one =
      "INSERT INTO lab_author (id, name) VALUES (1, 'Ada');"
      "INSERT INTO lab_book (title, code, shelf, size, author_id) VALUES ('a', 'c', 's', 1, 1);"
      "INSERT INTO lab_book_tags (book_id, author_id) VALUES (1, 1);"
      "INSERT INTO lab_book_peers (from_book_id, to_book_id) VALUES (1, 1);";
  struct Way {
    std::string label{};
    Operations leave{};  ///< takes the names away
    Operations come{};   ///< takes them again
  };
  Field again = test::text_field("shelf");
  again.db_index = true;
  again.default_value = Json::of("");
  Field code = test::optional(test::unique(test::text_field("code")));
  const Way ways[] = {
      {"a model renamed", {{RenameModel{"Book", "Tome"}}}, {{book()}}},
      {"a model moved", {{MoveModel{"Book", "shop"}}}, {{book()}}},
      {"a table renamed",
       {{AlterModelTable{"book", "volumes"}}, {RenameModel{"Book", "Tome"}}},
       {{book()}}},
      {"fields renamed",
       {{RenameField{"book", "shelf", "room"}},
        {RenameField{"book", "code", "isbn"}},
        {RenameField{"book", "tags", "labels"}},
        {RenameField{"book", "author", "writer"}}},
       {{AddField{"book", again}},
        {AddField{"book", code}},
        {AddField{"book", test::many_field("tags", "lab.Author")}},
        {AddField{"book", test::optional(test::key_field("author", "lab.Author"))}},
        {AlterUniqueTogether{"book", {{"title", "room"}, {"title", "shelf"}}}}}},
  };
  for (const std::string& dialect : test::test_dialects()) {
    Lab lab(dialect);
    for (const Way& way : ways) {
      CAPTURE(dialect);
      CAPTURE(way.label);
      lab.reset();
      lab.add(
          "0001_initial",
          {{CreateModel{.name = "Author", .fields = {test::id_field(), test::text_field("name")}}},
           {book()}});
      lab.migrate();
      lab.execute(one);
      lab.add("0002_leave", way.leave);
      for (const std::string& app : apps_moved_to(way.leave)) {
        Migration& arrival = lab.add("0001_arrival", {});
        arrival.id.app = app;
        arrival.digest = digest_of(arrival);
      }
      lab.migrate();
      CHECK(test::lines(lab.drift(lab.state())) == "");
      Migration& comes = lab.add("0003_come", way.come);
      comes.dependencies = {{"lab", "0002_leave"}};
      comes.digest = digest_of(comes);
      lab.migrate();
      CHECK(test::lines(lab.drift(lab.state())) == "");
      if (dialect == "postgresql") {
        // Every name is what it would be if the tables had been made today, sequences too.
        const Rows stale = lab.connection().query(
            "SELECT c.relname::text FROM pg_class c JOIN pg_depend d ON d.objid = c.oid AND "
            "d.deptype = 'i' JOIN pg_class t ON t.oid = d.refobjid WHERE c.relkind = 'S' AND "
            "c.relname <> t.relname || '_id_seq'");
        CHECK(stale.rows.empty());
      }
      lab.migrate("0001_initial");
      CHECK(lab.rows().at("lab_book").size() == 1);
      CHECK(lab.rows().at("lab_book_peers").size() == 1);
      lab.migrate();
      lab.migrate("zero");
      CHECK(lab.rows().empty());
    }
  }
}

TEST_CASE("constraints hold: rows that break one are refused, at once or at the end") {
  struct Broken {
    std::string label{};
    Constraint constraint{};
    std::string sql{};
    bool at_commit = false;
  };
  UniqueConstraint deferred{.name = "c", .fields = {"title"}};
  deferred.deferrable = Deferrable::deferred;
  UniqueConstraint equal_nulls{.name = "c", .fields = {"shelf"}};
  equal_nulls.nulls_distinct = false;
  ExclusionConstraint apart{.name = "c", .expressions = {{kinds::field("during"), "&&"}}};
  const Broken cases[] = {
      {"deferred", deferred, "INSERT INTO lab_book (title, pages) VALUES ('x', 1), ('x', 2)", true},
      {"NULLs are equal", equal_nulls,
       "INSERT INTO lab_book (title, pages) VALUES ('x', 1), ('y', 2)"},
      {"ranges lie apart", apart,
       "INSERT INTO lab_book (title, pages, during) VALUES ('x', 1, '[1,5)'), ('y', 2, '[4,9)')"},
  };
  for (const std::string& dialect : test::test_dialects()) {
    if (dialect != "postgresql") continue;
    Lab lab(dialect);
    for (const Broken& item : cases) {
      CAPTURE(item.label);
      lab.reset();
      lab.add("0001_initial", kinds::start(dialect));
      lab.add("0002_constraint", {{AddConstraint{"book", item.constraint}}});
      lab.migrate();
      lab.execute("BEGIN");
      if (item.at_commit) {
        lab.execute(item.sql);
        CHECK_THROWS(lab.execute("COMMIT"));
      } else {
        CHECK_THROWS(lab.execute(item.sql));
        lab.execute("ROLLBACK");
      }
    }
  }
}

TEST_CASE("renames of constraints and indexes read no row on PostgreSQL") {
  const Dialect& dialect = dialect_for("postgresql");
  struct Rename {
    Operation add{};
    Operation rename{};
    std::string sql{};
  };
  const UniqueConstraint unique{.name = "c", .fields = {"title"}};
  UniqueConstraint partial = unique;
  partial.condition = kinds::at_least("pages", 1);
  const ExclusionConstraint exclusion{.name = "c", .expressions = {{kinds::field("during"), "&&"}}};
  const Operation rename{RenameConstraint{"book", "c", "d"}};
  const std::string constraint = "ALTER TABLE \"lab_book\" RENAME CONSTRAINT \"c\" TO \"d\"";
  const Rename cases[] = {
      {{AddConstraint{"book",
                      CheckConstraint{.name = "c", .condition = kinds::at_least("pages", 1)}}},
       rename,
       constraint},
      {{AddConstraint{"book", unique}}, rename, constraint},
      {{AddConstraint{"book", exclusion}}, rename, constraint},
      {{AddConstraint{"book", partial}}, rename, "ALTER INDEX \"c\" RENAME TO \"d\""},
      {{AddIndex{"book", Index{.name = "c", .fields = {"title"}}}},
       {RenameIndex{"book", "d", "c", {}}},
       "ALTER INDEX \"c\" RENAME TO \"d\""},
  };
  for (const Rename& item : cases) {
    CAPTURE(describe(item.add));
    Moment moment;
    const Functions functions;
    Operations before = kinds::start("postgresql");
    before.push_back(item.add);
    for (const Operation& operation : before) {
      forward_steps(moment, "lab", operation, dialect, functions);
    }
    const Schema schema = moment.schema;
    std::vector<PlannedStep> steps;
    for (Step& step : forward_steps(moment, "lab", item.rename, dialect, functions)) {
      steps.push_back({std::move(step), 0});
    }
    const Script script = dialect.render(dialect.legalize(schema, std::move(steps)), true);
    std::vector<std::string> statements;
    for (const Batch& batch : script.batches) {
      for (const ScriptItem& one : batch.items) {
        const auto* statement = std::get_if<Statement>(&one.item);
        if (statement) statements.push_back(statement->sql);
      }
    }
    CHECK(test::lines(statements) == item.sql);
  }
}
