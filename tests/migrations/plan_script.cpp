#include <doctest/doctest.h>
#include <turnstone/migrations/plan_script.h>
#include <turnstone/schema/lower.h>

#include "support/book_history.h"
#include "support/child_process.h"
#include "support/fields.h"
#include "support/shell_program.h"

using namespace turnstone;
using namespace turnstone::migrations;

namespace plan_script_test {

using test::Lab;
using test::ProgramRun;

PlanScript script_for(Lab& lab, const std::string& target = {},
                      const ExecuteOptions& options = {}) {
  std::vector<Target> targets;
  if (!target.empty()) targets.push_back({"lab", target == "zero" ? "" : target});
  return plan_script(lab.connection(), lab.backend(), lab.files(), lab.functions(), targets,
                     options);
}

ProgramRun run(Lab& lab, const std::string& script) {
  return test::run_in_program(lab.database(), script);
}

std::vector<std::string> names(Lab& lab) {
  return test::history_names(lab.connection(), lab.backend());
}

std::string refusal(Lab& lab, const std::string& target = {}) {
  try {
    script_for(lab, target);
  } catch (const Error& error) {
    return error.text();
  }
  return "";
}

std::string only_cell(Lab& lab, const std::string& sql) {
  const Value cell = lab.connection().query(sql).rows.at(0).at(0);
  const auto* text = std::get_if<std::string>(&cell);
  return text ? *text : test::cell_text(cell);
}

Operation sql(const std::string& text, const std::string& back = {}) {
  RunSQL operation{.sql = {.text = text}};
  operation.reverse_sql = RunSQL::Source{};
  if (!back.empty()) operation.reverse_sql->text = back;
  return {operation};
}

}  // namespace plan_script_test

using namespace plan_script_test;

TEST_CASE("a script goes on where a failure stopped it") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    Lab lab(dialect);
    lab.add("0001_first", test::first_books());
    lab.add("0002_fails", {sql("CREATE TABLE made (id integer)"),
                           sql("INSERT INTO lab_author (id, name) SELECT max(id), 'again' FROM "
                               "lab_author WHERE id > 0 HAVING count(*) > 0")});
    lab.add("0003_third",
            {{AddField{.model_name = "author", .field = test::text_field("mail", true)}}});
    lab.migrate("0001_first");
    lab.execute(test::book_rows);
    const std::string script = script_for(lab).text;
    const ProgramRun failed = run(lab, script);
    CAPTURE(failed.output);
    CHECK(failed.code != 0);
    CHECK(failed.code != -2);
    CHECK(names(lab) == std::vector<std::string>{"0001_first"});
    CHECK_FALSE(lab.backend().has_table(lab.connection(), "made"));
    lab.execute("DELETE FROM lab_book; DELETE FROM lab_author");
    const ProgramRun done = run(lab, script);
    CAPTURE(done.output);
    CHECK(done.code == 0);
    CHECK(done.output.find("Applying lab.0002_fails\n") != std::string::npos);
    CHECK(names(lab).size() == 3);
    CHECK(lab.backend().has_table(lab.connection(), "made"));
    const ProgramRun again = run(lab, script);
    CHECK(again.code == 0);
    CHECK(again.output == "lab.0002_fails is applied already\nlab.0003_third is applied already\n");
  }
}

TEST_CASE("a script of a migration that is not atomic goes on from the part that failed") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    Lab lab(dialect);
    lab.add("0001_first", test::first_books());
    Migration& bare =
        lab.add("0002_bare",
                {{AddField{.model_name = "author", .field = test::text_field("mail", true)}},
                 sql("INSERT INTO lab_author (id, name) VALUES (1, 'Ada')"),
                 {AddIndexConcurrently{.model_name = "author",
                                       .index = {.name = "author_mail", .fields = {"mail"}}}},
                 {AlterField{.model_name = "author", .field = test::text_field("name", true)}}});
    bare.atomic = false;
    bare.digest = digest_of(bare);
    lab.migrate("0001_first");
    lab.execute("INSERT INTO lab_author (id, name) VALUES (1, 'Eve')");
    const std::string script = script_for(lab).text;
    const ProgramRun failed = run(lab, script);
    CAPTURE(failed.output);
    CHECK(failed.code > 0);
    CHECK(only_cell(lab, "SELECT count(*) FROM turnstone_journal WHERE done > 0") == "1");
    lab.execute("DELETE FROM lab_author");
    SUBCASE("the same script") {
      const ProgramRun done = run(lab, script);
      CAPTURE(done.output);
      CHECK(done.code == 0);
    }
    SUBCASE("a new one") {
      const ProgramRun done = run(lab, script_for(lab).text);
      CAPTURE(done.output);
      CHECK(done.code == 0);
    }
    SUBCASE("migrate") { lab.migrate(); }
    SUBCASE("not when something else was done") {
      lab.execute("UPDATE turnstone_journal SET digest = 'other'");
      const ProgramRun refused = run(lab, script);
      CHECK(refused.code > 0);
      CHECK(refused.output.find("lab.0002_bare was done in part, and what was done differs") !=
            std::string::npos);
      lab.execute("DELETE FROM turnstone_journal");
      continue;
    }
    CHECK(test::lines(lab.drift(lab.state())) == "");
    CHECK(only_cell(lab, "SELECT count(*) FROM turnstone_journal") == "0");
    CHECK(only_cell(lab, "SELECT name FROM lab_author") == "Ada");
    CHECK(names(lab).size() == 2);
    CHECK(run(lab, script).code == 0);
    const ProgramRun back = run(lab, script_for(lab, "0001").text);
    CAPTURE(back.output);
    CHECK(back.code == 0);
    CHECK(names(lab).size() == 1);
    CHECK(test::lines(lab.drift(lab.state_before_last())) == "");
  }
}

TEST_CASE("what runs C++ is refused before anything is written, all of it by name") {
  Lab lab("sqlite");
  test::add_book_history(lab);
  lab.add("0003_more",
          {{RunCpp{.code = "noop", .reverse_code = "noop"}},
           {SeparateDatabaseAndState{.database_operations = std::make_shared<const Operations>(
                                         Operations{{RunCpp{.code = "lab.fill"}}})}}});
  const std::string text = refusal(lab);
  CAPTURE(text);
  CHECK(text.find("C++ cannot be written as a script: lab.0002_second, operation 3 (") !=
        std::string::npos);
  CHECK(text.find("; lab.0003_more, operation 2 (") != std::string::npos);
  CHECK(text.find("operation 1 (") == std::string::npos);
  CHECK(refusal(lab, "0001").empty());
  CHECK(script_for(lab, {}, {.fake = true}).plan.size() == 3);
  lab.migrate("0002");
  CHECK(refusal(lab, "0001").empty());  // "noop" on the way back
  CHECK(run(lab, script_for(lab, "0001").text).code == 0);
  CHECK(names(lab) == std::vector<std::string>{"0001_first"});
}

TEST_CASE("a script of --fake records and changes nothing else") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    Lab lab(dialect);
    test::add_book_history(lab);
    const ProgramRun done = run(lab, script_for(lab, {}, {.fake = true}).text);
    CAPTURE(done.output);
    CHECK(done.code == 0);
    CHECK(names(lab).size() == 2);
    CHECK_FALSE(lab.backend().has_table(lab.connection(), "lab_book"));
    CHECK(script_for(lab).plan.empty());
    CHECK(run(lab, script_for(lab).text).code == 0);
  }
}

TEST_CASE("what is bound in a migration is a literal in its script") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    Lab lab(dialect);
    lab.add("0001_first", test::first_books());
    RunSQL insert;
    insert.sql.statements = {
        {.sql = "INSERT INTO lab_author (id, name) VALUES (?, ?) -- the '?' one",
         .parameters = {Json::of(-1), Json::of("it's ? \\ $1 :name\n.quit\n")}},
        {.sql = "INSERT INTO lab_author (id, name) SELECT 3-?, '?' /* ? */ WHERE true = ?",
         .parameters = {Json::of(-4), Json::of(true)}}};
    insert.reverse_sql = RunSQL::Source{};
    lab.add("0002_rows", {{insert}});
    Lab other(dialect);
    other.files() = lab.files();
    other.migrate();
    const ProgramRun done = run(lab, script_for(lab).text);
    CAPTURE(done.output);
    CHECK(done.code == 0);
    CHECK(lab.rows() == other.rows());
    CHECK(only_cell(lab, "SELECT name FROM lab_author WHERE id = -1").size() == 24);
  }
}

TEST_CASE("an accepted file and a squash are recorded by the script too") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    Lab lab(dialect);
    lab.add("0001_first", test::first_books());
    lab.migrate();
    lab.execute("UPDATE turnstone_migrations SET digest = 'old'");
    CHECK(refusal(lab).find("applied migrations were edited: lab.0001_first") != std::string::npos);
    const std::string accepted = script_for(lab, {}, {.accept_edited = true}).text;
    CHECK(run(lab, accepted).code == 0);
    CHECK(only_cell(lab, "SELECT digest FROM turnstone_migrations") == lab.files()[0].digest);
    Migration squash{.id = {"lab", "0001_squashed"}, .operations = test::first_books()};
    squash.replaces = {lab.files()[0].id};
    squash.digest = digest_of(squash);
    lab.files().push_back(squash);
    const std::string script = script_for(lab).text;
    for (int time = 1; time <= 2; ++time) {
      const ProgramRun done = run(lab, script);
      CAPTURE(done.output);
      CHECK(done.code == 0);
      CHECK(names(lab) == std::vector<std::string>{"0001_first", "0001_squashed"});
    }
  }
}

TEST_CASE("two runs of one script at once: one does the work, the other finds it done") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    Lab lab(dialect);
    lab.add("0001_first", test::first_books());
    lab.add("0002_more",
            {{AddField{.model_name = "book", .field = test::text_field("isbn", true)}},
             {AlterField{.model_name = "book", .field = test::text_field("title", true)}}});
    const std::string script = script_for(lab).text;
    std::vector<test::ChildProcess> children;
    for (int i = 0; i < 3; ++i) {
      children.emplace_back([&] {
        const ProgramRun done = run(lab, script);
        if (done.code != 0) throw std::runtime_error(done.output);
        return 0;
      });
    }
    for (test::ChildProcess& child : children) {
      const auto end = child.wait();
      CAPTURE(end.error);
      CHECK(end.code == 0);
    }
    CHECK(test::lines(lab.drift(lab.state())) == "");
    CHECK(names(lab).size() == 2);
  }
}

TEST_CASE("a script waits for a migrate as long as it is told") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    Lab lab(dialect);
    lab.add("0001_first", test::first_books());
    const std::string script =
        script_for(lab, {}, {.lock_timeout = std::chrono::milliseconds(200)}).text;
    const auto lock = lab.backend().lock(lab.connection(), {}, {});
    std::optional<Transaction> writes;
    if (dialect == "sqlite") writes.emplace(lab.connection(), "BEGIN IMMEDIATE");
    const ProgramRun refused = run(lab, script);
    CAPTURE(refused.output);
    CHECK(refused.code > 0);
    CHECK(refused.output.find(dialect == "sqlite"
                                  ? "database is locked"
                                  : "another migrator is at work") != std::string::npos);
  }
}

TEST_CASE("sqlite: a script keeps triggers, indexes made by hand and the numbers given out") {
  Lab lab("sqlite");
  lab.add("0001_first", test::first_books());
  lab.add("0002_watch", {sql("CREATE TABLE seen (name text);\n"
                             "CREATE TRIGGER watch AFTER UPDATE ON lab_book BEGIN\n"
                             "  INSERT INTO seen VALUES (NEW.title); -- it's kept\nEND;\n"
                             "CREATE INDEX by_hand ON lab_book (title, id);\n"
                             "CREATE VIEW titles AS SELECT title FROM lab_book")});
  lab.add("0003_rebuild",
          {{AlterField{.model_name = "book", .field = test::text_field("title", true)}}});
  lab.migrate("0001_first");
  lab.execute(test::book_rows);
  lab.execute("DELETE FROM lab_book WHERE id = 2");
  const ProgramRun done = run(lab, script_for(lab).text);
  CAPTURE(done.output);
  CHECK(done.code == 0);
  lab.execute("UPDATE lab_book SET title = 'seen'; INSERT INTO lab_book (title) VALUES (NULL)");
  CHECK(only_cell(lab, "SELECT name FROM seen") == "seen");
  CHECK(only_cell(lab, "SELECT max(id) FROM lab_book") == "3");
  CHECK(only_cell(lab, "SELECT count(*) FROM sqlite_schema WHERE name IN ('by_hand', 'watch')") ==
        "2");
  CHECK(lab.connection().query("PRAGMA foreign_key_check").rows.empty());
}

TEST_CASE("sqlite: a script keeps STRICT and foreign keys of several columns") {
  Lab lab("sqlite");
  const Field title = test::field_of(FieldType::text, "title", true);
  lab.add("0001_first", {{CreateModel{.name = "Book", .fields = {test::id_field(), title}}}});
  lab.add("0002_alter",
          {{AlterField{.model_name = "book", .field = test::field_of(FieldType::text, "title")}}});
  lab.migrate("0001_first");
  lab.execute(
      "DROP TABLE lab_book; CREATE TABLE shelf (a integer, b text, PRIMARY KEY (a, b)); CREATE "
      "TABLE lab_book (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, title text, FOREIGN KEY (id, "
      "title) REFERENCES shelf (a, b)) STRICT; INSERT INTO shelf VALUES (1, 'x'); INSERT INTO "
      "lab_book VALUES (1, 'x')");
  const ProgramRun ran = run(lab, script_for(lab).text);
  CAPTURE(ran.output);
  CHECK(ran.code == 0);
  const std::string made = only_cell(lab, "SELECT sql FROM sqlite_schema WHERE name = 'lab_book'");
  CAPTURE(made);
  CHECK(made.find("FOREIGN KEY (\"id\", \"title\")") != std::string::npos);
  CHECK(made.ends_with("STRICT"));
  CHECK(only_cell(lab, "SELECT title FROM lab_book") == "x");
}

TEST_CASE("sqlite: a script refuses what migrate refuses, and changes nothing") {
  struct Case {
    const char* label;
    const char* before;
    Field field;
    const char* message;
  };
  const Case cases[] = {
      {"a column", "ALTER TABLE lab_book ADD COLUMN extra text", test::text_field("title", true),
       "table \"lab_book\" has a column that no migration made"},
      {"a NULL", "UPDATE lab_book SET title = NULL", test::field_of(FieldType::character, "title"),
       "rows without a value for \"title\""},
      {"a value", "UPDATE lab_book SET title = 'x'",
       test::field_of(FieldType::integer, "title", true), "holds a value that cannot become"},
      {"not a view that is broken already",
       "CREATE VIEW v AS SELECT gone FROM nowhere;"
       "CREATE VIEW w AS SELECT title FROM lab_book",
       test::text_field("title", true), nullptr},
  };
  for (const Case& c : cases) {
    CAPTURE(c.label);
    Lab lab("sqlite");
    lab.add("0001_first",
            {{CreateModel{.name = "Book",
                          .fields = {test::id_field(), test::text_field("title", true)}}}});
    Field field = c.field;
    if (field.type == FieldType::character) field.max_length = 60;
    lab.add("0002_alter", {{AlterField{.model_name = "book", .field = field}}});
    lab.migrate("0001_first");
    lab.execute("INSERT INTO lab_book (title) VALUES ('1')");
    lab.execute(c.before);
    const ProgramRun ran = run(lab, script_for(lab).text);
    CAPTURE(ran.output);
    if (c.message) {
      CHECK(ran.code > 0);
      CHECK(ran.output.find(c.message) != std::string::npos);
      CHECK(names(lab).size() == 1);
    } else {
      CHECK(ran.code == 0);
    }
  }
}

TEST_CASE("sqlite: a script notices a foreign key that it breaks") {
  Lab lab("sqlite");
  lab.add("0001_first", test::first_books());
  lab.add("0002_breaks",
          {{AlterField{.model_name = "book", .field = test::text_field("title", true)}},
           sql("DELETE FROM lab_author WHERE id = 1")});
  lab.migrate("0001_first");
  lab.execute(test::book_rows);
  const std::string script = script_for(lab).text;
  const ProgramRun refused = run(lab, script);
  CAPTURE(refused.output);
  CHECK(refused.code > 0);
  CHECK(refused.output.find("FOREIGN KEY constraint failed") != std::string::npos);
  CHECK(names(lab).size() == 1);
  lab.execute("DELETE FROM lab_book");
  CHECK(run(lab, script).code == 0);
}

TEST_CASE("postgresql: a script clears what an index in the making left behind") {
  if (test::test_dialects().size() < 2) return;
  Lab lab("postgresql");
  lab.add("0001_first", test::first_books());
  Migration& bare = lab.add(
      "0002_index", {{AddIndexConcurrently{.model_name = "author",
                                           .index = {.name = "author_name", .fields = {"name"}}}}});
  bare.atomic = false;
  bare.digest = digest_of(bare);
  lab.migrate("0001_first");
  lab.execute(test::book_rows);
  const std::string script = script_for(lab).text;
  SUBCASE("an invalid one") {
    lab.execute("CREATE INDEX author_name ON lab_author (name)");
    lab.execute(
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'author_name'::regclass");
    CHECK(run(lab, script).code == 0);
    CHECK(test::lines(lab.drift(lab.state())) == "");
  }
  SUBCASE("the same one") {
    lab.execute("CREATE INDEX author_name ON lab_author (name)");
    CHECK(run(lab, script).code == 0);
    CHECK(test::lines(lab.drift(lab.state())) == "");
  }
  SUBCASE("another one") {
    lab.execute("CREATE INDEX author_name ON lab_author (id)");
    const ProgramRun refused = run(lab, script);
    CHECK(refused.code == 3);
    CHECK(refused.output.find("there is an index \"author_name\" with another definition") !=
          std::string::npos);
  }
}

TEST_CASE("a script records how long each migration took, and gives an older history its columns") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    Lab lab(dialect);
    lab.add("0001_first", test::first_books());
    lab.add("0002_fake",
            {{AddField{.model_name = "author", .field = test::text_field("m", true)}}});
    const auto row = [&](const std::string& name) {
      return *recorder::read(lab.connection(), lab.backend()).find({"lab", name});
    };
    const ProgramRun done = run(lab, script_for(lab, "0001").text);
    CAPTURE(done.output);
    REQUIRE(done.code == 0);
    REQUIRE(row("0001_first").took);
    CHECK(row("0001_first").took->count() >= 0);
    CHECK(*row("0001_first").took < std::chrono::seconds(30));
    CHECK_FALSE(row("0001_first").version.empty());
    lab.execute("ALTER TABLE turnstone_migrations DROP COLUMN duration");
    lab.execute("ALTER TABLE turnstone_migrations DROP COLUMN version");
    const std::string script = script_for(lab, "0002", {.fake = true}).text;
    for (int time = 1; time <= 2; ++time) {
      const ProgramRun faked = run(lab, script);
      CAPTURE(faked.output);
      CHECK(faked.code == 0);
      CHECK_FALSE(row("0002_fake").took);
      CHECK_FALSE(row("0002_fake").version.empty());
      CHECK(row("0001_first").version.empty());
    }
  }
}
