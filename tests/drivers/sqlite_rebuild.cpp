#include <doctest/doctest.h>

#include <algorithm>

#include "drivers/sqlite_support.h"

using namespace turnstone;
using namespace turnstone::test;

namespace {

Column id() {
  return Column{.name = "id", .type = "integer", .identity = Column::Identity::by_default};
}

TableIndex index_on(const std::string& name, const std::string& column, bool unique = false) {
  return TableIndex{.name = name, .unique = unique, .parts = {IndexPart{.column = column}}};
}

Table author() {
  return Table{.name = "author",
               .columns = {id(), {.name = "name", .type = "varchar(50)"}},
               .primary_key = Key{.columns = {"id"}}};
}

/// A table with one of everything that a rebuild may lose.
Table book() {
  return Table{
      .name = "book",
      .columns =
          {id(),
           {.name = "title", .type = "varchar(100)"},
           {.name = "note", .type = "text", .nullable = true},
           {.name = "pages", .type = "integer unsigned", .nullable = true},
           {.name = "author_id", .type = "bigint"},
           {.name = "size", .type = "integer", .nullable = true, .generated = "LENGTH(\"title\")"}},
      .primary_key = Key{.columns = {"id"}},
      .checks = {Check{.condition = "\"pages\" >= 0", .column = "pages"},
                 Check{.name = "title_set", .condition = "\"title\" <> ''"}},
      .foreign_keys = {ForeignKeyConstraint{
          .columns = {"author_id"}, .target_table = "author", .target_columns = {"id"}}},
      .indexes = {index_on("book_author", "author_id"), index_on("book_title", "title", true)}};
}

/// Refers to books, with a rule of the database that deletes with them.
Table chapter() {
  return Table{.name = "chapter",
               .columns = {id(), {.name = "book_id", .type = "bigint"}},
               .primary_key = Key{.columns = {"id"}},
               .foreign_keys = {ForeignKeyConstraint{.columns = {"book_id"},
                                                     .target_table = "book",
                                                     .target_columns = {"id"},
                                                     .on_delete = "CASCADE",
                                                     .timing = Key::Timing::immediate_always}}};
}

/// The tables above in a database of their own, with rows.
struct Library {
  ScratchDatabase database{"sqlite"};
  std::unique_ptr<Connection> db = database.connect();
  Schema schema{};

  Library() {
    const std::vector<Step> steps{step::CreateTable{author()}, step::CreateTable{book()},
                                  step::CreateTable{chapter()}};
    run_script(*db, compiled(schema, steps));
    schema = after(schema, steps);
    db->execute(
        "INSERT INTO author VALUES (1, 'Ann'), (2, 'Bob');"
        "INSERT INTO book (id, title, note, pages, author_id) VALUES"
        " (1, 'One', 'first', 10, 1), (2, 'Two', NULL, NULL, 2), (9, 'Nine', 'gone', 9, 1);"
        "DELETE FROM book WHERE id = 9;"
        "INSERT INTO chapter VALUES (1, 1), (2, 1), (3, 2)");
  }

  /// Runs `steps` in a database that holds more than migrations made.
  void run_beside(const std::vector<Step>& steps) {
    run_script(*db, compiled(schema, steps));
    schema = after(schema, steps);
  }
  /// Runs `steps` and checks that the database then holds what they say.
  void run(const std::vector<Step>& steps) {
    const Schema wanted = after(schema, steps);
    run_script(*db, compiled(schema, steps));
    CHECK(joined(schema_differences(database.backend().introspect(*db), wanted)) == "");
    CHECK(rows_of(*db, "PRAGMA foreign_key_check") == "");
    CHECK(rows_of(*db, "PRAGMA integrity_check") == "ok\n");
    CHECK(rows_of(*db, "PRAGMA foreign_keys") == "1\n");
    CHECK(rows_of(*db, "PRAGMA legacy_alter_table") == "0\n");
    schema = wanted;
  }
  std::string rows(const std::string& sql) { return rows_of(*db, sql); }
};

step::AlterColumn altered(const Table& table, const std::string& column, const Column& to,
                          std::optional<Sql> fill = {}) {
  return {.table = table.name,
          .before = *table.find_column(column),
          .after = to,
          .fill = std::move(fill)};
}

const Column long_title{.name = "title", .type = "text"};

/// The message of the error that `run` throws.
template <class Run>
std::string message_of(const Run& run) {
  try {
    run();
    return "no error";
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("sqlite: a rebuild keeps rows, children, triggers, views, counters and indexes") {
  Library library;
  library.db->execute(
      "CREATE TABLE log (what);"
      "CREATE TRIGGER book_log AFTER UPDATE OF note ON book"
      " BEGIN INSERT INTO log VALUES (new.title); END;"
      "CREATE TRIGGER author_log AFTER DELETE ON author"
      " BEGIN UPDATE book SET note = 'orphan' WHERE author_id = old.id; END;"
      "CREATE VIEW titles AS SELECT title FROM book;"
      "CREATE INDEX by_hand ON book (note, pages)");
  const std::string triggers =
      library.rows("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name");
  library.run_beside({altered(book(), "title", long_title)});
  CHECK(library.rows("SELECT id, title, note, pages, author_id, size FROM book") ==
        "1|One|first|10|1|3\n2|Two|NULL|NULL|2|3\n");
  CHECK(library.rows("SELECT * FROM chapter") == "1|1\n2|1\n3|2\n");
  CHECK(library.rows("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name") ==
        triggers);
  CHECK(library.rows("SELECT * FROM titles") == "One\nTwo\n");
  library.db->execute("UPDATE book SET note = 'n' WHERE id = 1");
  CHECK(library.rows("SELECT what FROM log") == "One\n");
  library.db->execute("INSERT INTO book (title, author_id) VALUES ('Ten', 1)");
  CHECK(library.rows("SELECT MAX(id) FROM book") == "10\n");
  library.db->execute("DELETE FROM book WHERE id = 1");
  CHECK(library.rows("SELECT * FROM chapter") == "3|2\n");
}

TEST_CASE("sqlite: the counter of an emptied table goes on") {
  Library library;
  library.db->execute("DELETE FROM book");
  library.run({altered(book(), "title", long_title)});
  library.db->execute("INSERT INTO book (title, author_id) VALUES ('Ten', 1)");
  CHECK(library.rows("SELECT id FROM book") == "10\n");
}

TEST_CASE("sqlite: a column dropped and added again is empty") {
  Library library;
  const Column note = *book().find_column("note");
  library.run({altered(book(), "title", long_title), step::DropColumn{"book", note},
               step::AddColumn{.table = "book", .column = note}});
  CHECK(library.rows("SELECT id, title, note FROM book") == "1|One|NULL\n2|Two|NULL\n");
}

TEST_CASE("sqlite: columns that change names carry their rows") {
  Library library;
  library.run({altered(book(), "title", long_title), step::RenameColumn{"book", "note", "aside"},
               step::RenameColumn{"book", "title", "note"},
               step::RenameColumn{"book", "aside", "title"}});
  CHECK(library.rows("SELECT id, note, title, size FROM book") == "1|One|first|3\n2|Two|NULL|3\n");
}

TEST_CASE("sqlite: a column takes the name of one that is dropped in the same breath") {
  Library library;
  library.run({altered(book(), "title", long_title),
               step::DropColumn{"book", *book().find_column("note")},
               step::RenameColumn{"book", "title", "note"}});
  CHECK(library.rows("SELECT id, note, size FROM book") == "1|One|3\n2|Two|3\n");
}

TEST_CASE("sqlite: children and views follow a key that is renamed beside a rebuild") {
  Library library;
  library.db->execute("CREATE VIEW keys AS SELECT id FROM book");
  library.run({altered(book(), "title", long_title), step::RenameColumn{"book", "id", "number"},
               step::RenameTable{"book", "volume"}});
  CHECK(library.rows("SELECT * FROM keys") == "1\n2\n");
  CHECK(library.rows("SELECT number, title FROM volume") == "1|One\n2|Two\n");
  library.db->execute("DELETE FROM volume WHERE number = 2");
  CHECK(library.rows("SELECT * FROM chapter") == "1|1\n2|1\n");
}

TEST_CASE("sqlite: a table that gets a column after its name goes on waiting for one rebuild") {
  Library library;
  library.run({altered(book(), "title", long_title), step::RenameTable{"book", "volume"},
               step::AddColumn{.table = "volume",
                               .column = {.name = "shelf", .type = "integer"},
                               .fill = "COALESCE(\"pages\", 0) + 1"}});
  CHECK(library.rows("SELECT title, shelf FROM volume") == "One|11\nTwo|1\n");
}

TEST_CASE("sqlite: names that differ in case alone") {
  Library library;
  library.run({step::RenameTable{"book", "Book"}, step::RenameColumn{"Book", "title", "Title"}});
  CHECK(library.rows("SELECT Title FROM Book") == "One\nTwo\n");
  CHECK(library.rows("SELECT COUNT(*) FROM chapter") == "3\n");
}

TEST_CASE("sqlite: NULLs get the fill, and later changes keep it") {
  Library library;
  const Column filled{.name = "note", .type = "text"};
  const Column open{.name = "note", .type = "text", .nullable = true};
  library.run({altered(book(), "note", filled, "'none'"),
               step::AlterColumn{.table = "book", .before = filled, .after = open}});
  CHECK(library.rows("SELECT note FROM book") == "first\nnone\n");
}

TEST_CASE("sqlite: an added column gets its fill row by row") {
  Library library;
  library.run({step::AddColumn{.table = "book",
                               .column = {.name = "token", .type = "char(32)"},
                               .fill = sqlite::dialect().function_value(
                                   "uuid4", Field{.type = FieldType::uuid})},
               step::CreateIndex{.table = "book", .index = index_on("book_token", "token", true)}});
  CHECK(library.rows("SELECT COUNT(DISTINCT token), MIN(LENGTH(token)), MAX(LENGTH(token))"
                     " FROM book") == "2|32|32\n");
  CHECK(library.rows("SELECT COUNT(*) FROM book WHERE SUBSTR(token, 13, 1) = '4'"
                     " AND SUBSTR(token, 17, 1) IN ('8', '9', 'a', 'b')") == "2\n");
}

TEST_CASE("sqlite: rowids stay where no key shows them") {
  ScratchDatabase database("sqlite");
  const auto db = database.connect();
  const Table place{.name = "place",
                    .columns = {{.name = "code", .type = "varchar(5)"},
                                {.name = "rowid", .type = "text", .nullable = true}},
                    .primary_key = Key{.columns = {"code"}}};
  Schema schema;
  run_script(*db, compiled(schema, {step::CreateTable{place}}));
  schema.set(place);
  db->execute("INSERT INTO place (_rowid_, code, rowid) VALUES (7, 'x', 'a'), (3, 'y', 'b')");
  run_script(*db, compiled(schema, {altered(place, "code", {.name = "code", .type = "text"})}));
  CHECK(rows_of(*db, "SELECT _rowid_, code, rowid FROM place ORDER BY 1") == "3|y|b\n7|x|a\n");
}

TEST_CASE("sqlite: a key is added to a table that has none, and taken away") {
  ScratchDatabase database("sqlite");
  const auto db = database.connect();
  const Table plain{.name = "t", .columns = {{.name = "a", .type = "text"}}};
  Schema schema;
  run_script(*db, compiled(schema, {step::CreateTable{plain}}));
  schema.set(plain);
  db->execute("INSERT INTO t VALUES ('x'), ('y')");
  const std::vector<Step> steps{step::AddColumn{.table = "t", .column = id()},
                                step::SetPrimaryKey{.table = "t", .after = Key{.columns = {"id"}}}};
  run_script(*db, compiled(schema, steps));
  CHECK(rows_of(*db, "SELECT id, a FROM t") == "1|x\n2|y\n");
  CHECK(joined(schema_differences(database.backend().introspect(*db), after(schema, steps))) == "");
}

TEST_CASE("sqlite: types change without a loss, or not at all") {
  struct Case {
    const char* from;
    const char* value;  ///< as SQL
    const char* to;
    const char* stored;  ///< afterwards; empty: refused
  };
  const Case cases[] = {
      {"integer", "42", "text", "text|42"},
      {"integer", "7", "real", "real|7.0"},
      {"integer", "9007199254740993", "real", ""},
      {"integer", "1", "bool", "integer|1"},
      {"integer", "5", "bool", ""},
      {"integer", "5", "date", ""},
      {"integer", "NULL", "date", "null|NULL"},
      {"integer", "5", "bigint", "integer|5"},
      {"bool", "1", "integer", "integer|1"},
      {"bool", "1", "text", "text|true"},
      {"real", "2.0", "integer", "integer|2"},
      {"real", "2.5", "integer", ""},
      {"real", "2.5", "decimal", "real|2.5"},
      {"decimal", "5.00", "text", "text|5"},
      {"decimal", "5.5", "integer", ""},
      {"text", "'12'", "integer", "integer|12"},
      {"text", "'-12'", "integer", "integer|-12"},
      {"text", "'007'", "integer", ""},
      {"text", "'12a'", "integer", ""},
      {"text", "''", "integer", ""},
      {"text", "'1.5'", "integer", ""},
      {"text", "'1.50'", "real", "real|1.5"},
      {"text", "'x'", "real", ""},
      {"text", "'1.50'", "decimal", "real|1.5"},
      {"text", "'3'", "decimal", "integer|3"},
      {"text", "'1234567890123456.789'", "decimal", ""},
      {"text", "'12a'", "decimal", ""},
      {"text", "'true'", "bool", "integer|1"},
      {"text", "'F'", "bool", "integer|0"},
      {"text", "'yes'", "bool", ""},
      {"text", "'2026-11-25'", "date", "text|2026-11-25"},
      {"text", "'2026-02-30'", "date", ""},
      {"text", "'25.11.2026'", "date", ""},
      {"text", "'2026-11-25'", "datetime", "text|2026-11-25 00:00:00"},
      {"text", "'2026-11-25 10:00:00.999999'", "datetime", "text|2026-11-25 10:00:00.999999"},
      {"text", "'2026-11-25 25:00:00'", "datetime", ""},
      {"text", "'2026-11-25 10:00:00x'", "datetime", ""},
      {"text", "'10:11:12'", "time", "text|10:11:12"},
      {"text", "'noon'", "time", ""},
      {"text", "'C6D0BD36-0B0F-4B0C-8B0A-0123456789AB'", "char(32)",
       "text|c6d0bd360b0f4b0c8b0a0123456789ab"},
      {"text", "'c6d0'", "char(32)", ""},
      {"char(32)", "'c6d0bd360b0f4b0c8b0a0123456789ab'", "text",
       "text|c6d0bd36-0b0f-4b0c-8b0a-0123456789ab"},
      {"text", "'ab'", "BLOB", "blob|x6162"},
      {"BLOB", "x'6162'", "text", "text|ab"},
      {"datetime", "'2026-11-25 10:00:00'", "date", "text|2026-11-25"},
      {"datetime", "'2026-11-25 10:00:00.5'", "time", "text|10:00:00.5"},
      {"date", "'2026-11-25'", "datetime", "text|2026-11-25 00:00:00"},
      {"date", "'2026-11-25'", "time", ""},
      {"date", "'2026-11-25'", "text", "text|2026-11-25"},
      {"varchar(10)", "'007'", "text", "text|007"},
      {"varchar(10)", "'007'", "varchar(2)", "text|007"},
  };
  for (const Case& c : cases) {
    const std::string label = std::string(c.from) + " " + c.value + " to " + c.to;
    CAPTURE(label);
    const auto db = sqlite::connect(":memory:", {});
    const Table table{.name = "t", .columns = {{.name = "a", .type = c.from, .nullable = true}}};
    Schema schema;
    run_script(*db, compiled(schema, {step::CreateTable{table}}));
    schema.set(table);
    db->execute(std::string("INSERT INTO t VALUES (") + c.value + ")");
    const std::string before = rows_of(*db, "SELECT TYPEOF(a), a FROM t");
    const Script script =
        compiled(schema, {altered(table, "a", {.name = "a", .type = c.to, .nullable = true})});
    if (*c.stored) {
      run_script(*db, script);
      CHECK(rows_of(*db, "SELECT TYPEOF(a), a FROM t") == std::string(c.stored) + "\n");
    } else {
      const std::string message = message_of([&] { run_script(*db, script); });
      CHECK(message.find("column \"a\" of table \"t\" holds ") == 0);
      CHECK(message.find(std::string("cannot become ") + c.to) != std::string::npos);
      CHECK(rows_of(*db, "SELECT TYPEOF(a), a FROM t") == before);
    }
  }
}

TEST_CASE("sqlite: two changes of type take two rebuilds") {
  Library library;
  const Column text{.name = "pages", .type = "text", .nullable = true};
  const Column real{.name = "pages", .type = "real", .nullable = true};
  const std::vector<Step> steps{step::DropConstraint{"book", book().checks[0]},
                                altered(book(), "pages", text),
                                step::AlterColumn{.table = "book", .before = text, .after = real}};
  const auto legal = sqlite::dialect().legalize(library.schema, planned(steps));
  CHECK(std::count_if(legal.begin(), legal.end(), [](const PlannedStep& p) {
          return std::holds_alternative<step::RebuildTable>(p.step);
        }) == 2);
  library.run(steps);
  CHECK(library.rows("SELECT TYPEOF(pages), pages FROM book") == "real|10.0\nnull|NULL\n");
}

TEST_CASE("sqlite: what a rebuild cannot keep is refused by name") {
  struct Case {
    std::string label;
    const char* setup;
    Step step;
    const char* message;
  };
  const Column note = *book().find_column("note");
  const Step drop_note = step::DropColumn{"book", note};
  const Step alter_title = altered(book(), "title", long_title);
  const Column full{.name = "note", .type = "text"};
  const Case cases[] = {
      {"NULL", "", altered(book(), "note", full),
       "table \"book\" has rows without a value for \"note\", which is NOT NULL"},
      {"added NOT NULL", "",
       step::AddColumn{.table = "book", .column = {.name = "isbn", .type = "text"}},
       "table \"book\" has rows without a value for \"isbn\", which is NOT NULL"},
      {"view", "CREATE VIEW v AS SELECT note FROM book", drop_note,
       "view \"v\" would no longer work: no such column: note"},
      {"trigger elsewhere",
       "CREATE TRIGGER g AFTER DELETE ON author BEGIN UPDATE book SET note = ''; END", drop_note,
       "a trigger on table \"author\" would no longer work: no such column: note"},
      {"trigger of the column", "CREATE TRIGGER g AFTER UPDATE OF note ON book BEGIN SELECT 1; END",
       drop_note, "trigger \"g\" waits for updates of column \"note\", which goes"},
      {"index by hand", "CREATE INDEX i ON book (note)", drop_note,
       "index \"i\" cannot be kept: no such column: note"},
      {"column by hand", "ALTER TABLE book ADD COLUMN extra", alter_title,
       "table \"book\" has a column \"extra\" that no migration made"},
      {"broken key",
       "PRAGMA foreign_keys = OFF; UPDATE book SET author_id = 77; "
       "PRAGMA foreign_keys = ON",
       step::AddConstraint{"chapter", ForeignKeyConstraint{.columns = {"id"},
                                                           .target_table = "author",
                                                           .target_columns = {"id"}}},
       "FOREIGN KEY constraint failed: row 3 of table \"chapter\" refers by \"id\" to a row of "
       "\"author\" that does not exist"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.label);
    Library library;
    library.db->execute(c.setup);
    const std::string before = schema_text(*library.db);
    std::vector<Step> steps;
    if (std::holds_alternative<step::DropColumn>(c.step)) steps.push_back(alter_title);
    steps.push_back(c.step);
    const std::string message =
        message_of([&] { run_script(*library.db, compiled(library.schema, steps)); });
    CHECK(message == c.message);
    CHECK(schema_text(*library.db) == before);
    CHECK(library.rows("PRAGMA foreign_keys") == "1\n");
  }
}

namespace {

/// What models say of the table `item` below.
Table item() {
  return Table{.name = "item",
               .columns = {{.name = "id", .type = "integer"},
                           {.name = "room", .type = "text", .nullable = true},
                           {.name = "no", .type = "integer", .nullable = true},
                           {.name = "note", .type = "text", .nullable = true}},
               .primary_key = Key{.columns = {"id"}}};
}

/// A table that says more than models can.
struct Shelves {
  ScratchDatabase database{"sqlite"};
  std::unique_ptr<Connection> db = database.connect();
  Schema schema{};

  explicit Shelves(const std::string& mark) {
    db->execute(
        "CREATE TABLE shelf (room text NOT NULL, no integer NOT NULL, PRIMARY KEY (room, no));"
        "CREATE TABLE item (id integer NOT NULL PRIMARY KEY, room text, no integer, note text, "
        "FOREIGN KEY (Room, no) REFERENCES shelf (room, no) ON DELETE CASCADE) " +
        mark + "; INSERT INTO shelf VALUES ('a', 1); INSERT INTO item VALUES (7, 'a', 1, 'n')");
    schema.set(item());
  }
  std::string run(const std::vector<Step>& steps) {
    return message_of([&] { run_script(*db, compiled(schema, steps)); });
  }
};

const Column full_note{.name = "note", .type = "text"};

}  // namespace

TEST_CASE("sqlite: a rebuild keeps STRICT and foreign keys of several columns") {
  Shelves shelves("STRICT");
  CHECK(shelves.run({altered(item(), "note", full_note)}) == "no error");
  const Table live = shelves.database.backend().introspect(*shelves.db).at("item");
  CHECK(live.strict);
  REQUIRE(live.foreign_keys.size() == 1);
  CHECK(live.foreign_keys[0].columns == std::vector<std::string>{"room", "no"});
  CHECK(live.foreign_keys[0].on_delete == "CASCADE");
  CHECK_FALSE(live.find_column("note")->nullable);
  CHECK(rows_of(*shelves.db, "SELECT * FROM item") == "7|a|1|n\n");
  CHECK_THROWS_AS(shelves.db->execute("INSERT INTO item VALUES (8, 'b', 1, 'n')"), DatabaseError);
}

TEST_CASE("sqlite: what is no longer possible, or stands in the way, is refused") {
  const step::DropColumn drop{"item", *item().find_column("no")};
  CHECK(Shelves("").run({altered(item(), "note", full_note), drop}) ==
        "table \"item\" has a foreign key from \"Room, no\" to \"shelf\" that no migration made");
  CHECK(Shelves("WITHOUT ROWID").run({altered(item(), "note", full_note)}) ==
        "table \"item\" has the mark WITHOUT ROWID that no migration made");
  Shelves left("");
  left.db->execute("CREATE TABLE turnstone_new_item (id integer)");
  CHECK(left.run({altered(item(), "note", full_note)}) ==
        "table \"turnstone_new_item\" is in the way");
}

TEST_CASE("sqlite: keys that were broken before do not stop a rebuild") {
  Library library;
  library.db->execute(
      "PRAGMA foreign_keys = OFF; UPDATE book SET author_id = 77; "
      "PRAGMA foreign_keys = ON");
  run_script(*library.db, compiled(library.schema, {altered(book(), "title", long_title),
                                                    step::RenameTable{"book", "volume"}}));
  CHECK(library.rows("SELECT author_id FROM volume") == "77\n77\n");
}

TEST_CASE("sqlite: a failure at any statement leaves everything as it was") {
  const auto steps = [] {
    return std::vector<Step>{
        altered(book(), "title", long_title),
        step::DropConstraint{"book", book().checks[1]},
        step::AddColumn{.table = "book", .column = {.name = "isbn", .type = "text"}, .fill = "''"},
        step::RenameTable{"author", "writer"},
        step::CreateIndex{.table = "book", .index = index_on("book_isbn", "isbn")},
        step::DropTable{chapter()}};
  };
  std::size_t strikes = 0;
  for (std::size_t n = 0;; ++n) {
    CAPTURE(n);
    Library library;
    library.db->execute(
        "CREATE TRIGGER g AFTER UPDATE ON book BEGIN DELETE FROM chapter WHERE 0; END;"
        "CREATE VIEW v AS SELECT title FROM book");
    const std::string schema = schema_text(*library.db);
    const std::string rows = library.rows("SELECT * FROM book");
    const std::string counters = library.rows("SELECT * FROM sqlite_sequence ORDER BY name");
    bool struck = false;
    try {
      run_script(*library.db, compiled(library.schema, steps()), n);
    } catch (const Struck&) {
      struck = true;
    } catch (const Error&) {
      // The trigger refers to the table that goes.
      CHECK(schema_text(*library.db) == schema);
      break;
    }
    CHECK(library.rows("PRAGMA foreign_keys") == "1\n");
    CHECK(library.rows("PRAGMA legacy_alter_table") == "0\n");
    CHECK_FALSE(library.db->in_transaction());
    if (!struck) break;
    ++strikes;
    CHECK(schema_text(*library.db) == schema);
    CHECK(library.rows("SELECT * FROM book") == rows);
    CHECK(library.rows("SELECT * FROM chapter") == "1|1\n2|1\n3|2\n");
    CHECK(library.rows("SELECT * FROM sqlite_sequence ORDER BY name") == counters);
  }
  CHECK(strikes > 10);
}

TEST_CASE("sqlite: a script that cannot be atomic runs operation by operation") {
  Library library;
  const std::vector<Step> steps{
      step::AddColumn{.table = "book", .column = {.name = "a", .type = "text", .nullable = true}},
      step::RawSql{.items = {{.sql = "UPDATE book SET a = ?", .parameters = {std::string("x")}}}},
      altered(book(), "title", long_title)};
  const Script script = compiled(library.schema, steps, false);
  REQUIRE(script.batches.size() == 3);
  CHECK(script.batches[0].transactional);
  CHECK_FALSE(script.batches[1].transactional);
  CHECK(script.batches[2].transactional);
  run_script(*library.db, script);
  CHECK(library.rows("SELECT title, a FROM book") == "One|x\nTwo|x\n");
}
