#include <doctest/doctest.h>
#include <turnstone/migrations/executor.h>

#include <algorithm>
#include <thread>

#include "support/book_history.h"
#include "support/failing_connection.h"
#include "support/fields.h"
#include "support/lab.h"

using namespace turnstone;
using namespace turnstone::migrations;
using namespace turnstone::test;

namespace {

/// Writes down what it hears.
class Listener : public Reporter {
 public:
  void waiting_for_lock() override { log.push_back("waiting"); }
  void begin(const Migration& migration, bool backwards, bool fake) override {
    log.push_back(std::string(backwards ? "undo " : "do ") + migration.id.name +
                  (fake ? " fake" : ""));
  }
  void end(const MigrationReport& report) override {
    static const char* const words[] = {"applied", "skipped", "rolled back", "partly", "in doubt"};
    log.push_back(words[static_cast<int>(report.outcome)]);
  }
  std::vector<std::string> log{};
};

std::vector<MigrationReport> run(Lab& lab, Connection& connection, const std::string& target = {},
                                 const ExecuteOptions& options = {}) {
  std::vector<Target> targets;
  if (!target.empty()) targets.push_back({"lab", target == "zero" ? "" : target});
  Listener listener;
  return migrate(connection, lab.backend(), lab.files(), lab.functions(), targets, options,
                 listener);
}

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.text();
  }
  return "";
}

bool has(const std::string& text, const std::string& part) {
  const bool found = text.find(part) != std::string::npos;
  if (!found) MESSAGE("in: " << text);
  return found;
}

}  // namespace

TEST_CASE("executor: forwards and back, told as it happens") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    Lab lab(dialect);
    add_book_history(lab);
    Listener listener;
    const auto go = [&](const std::vector<Target>& targets) {
      return migrate(lab.connection(), lab.backend(), lab.files(), lab.functions(), targets, {},
                     listener);
    };
    CHECK(go({{"lab", "0001"}}).size() == 1);
    lab.execute(book_rows);
    CHECK(go({}).size() == 1);
    CHECK(go({}).empty());
    CHECK(lines(lab.drift(lab.state())) == "");
    CHECK(lab.rows().at("lab_book").at(0).at("title") == "'filled'");
    CHECK(lab.rows().at("lab_book").at(1).at("pages") == "7");
    CHECK(go({{"lab", ""}}).size() == 2);
    CHECK(lab.rows().empty());
    CHECK(history_names(lab.connection(), lab.backend()).empty());
    CHECK(listener.log == std::vector<std::string>{"do 0001_first", "applied", "do 0002_second",
                                                   "applied", "undo 0002_second", "applied",
                                                   "undo 0001_first", "applied"});
  }
}

TEST_CASE(
    "executor: a statement that is refused leaves everything as it was, for every statement") {
  for (const std::string& dialect : test_dialects()) {
    for (const DisturbedHistory& history : disturbed_histories()) {
      for (const std::string direction : {"forwards", "backwards"}) {
        CAPTURE(dialect);
        CAPTURE(history.name);
        CAPTURE(direction);
        const bool back = direction == "backwards";
        const auto prepared = [&] {
          auto lab = std::make_unique<Lab>(dialect);
          history.add(*lab);
          lab->migrate("0001");
          lab->execute(history.rows);
          if (back) lab->migrate();
          return lab;
        };
        auto lab = prepared();
        const Picture before = picture(*lab, lab->connection());
        std::size_t n = 0;
        for (;; ++n) {
          CAPTURE(n);
          const auto session = failing_connection(lab->database().connect(), n, Failure::refused);
          const std::string message = message_of([&] { run(*lab, *session, back ? "0001" : ""); });
          const bool reached = session->count() > n;
          if (!message.empty()) CHECK(has(message, "injected failure"));
          const std::size_t wanted = back ? 1 : 2;
          if (history_names(lab->connection(), lab->backend()).size() == wanted) {
            // Done in spite of it: a question a rebuild can do without, a setting after COMMIT.
            CHECK(lines(lab->drift(back ? lab->state_before_last() : lab->state())) == "");
            if (!reached) break;
            CHECK(settings_of(*session, lab->dialect()) == before.settings);
            lab = prepared();
            continue;
          }
          CHECK(message != "");
          check_same(picture(*lab, *session), before);
          REQUIRE(n < 500);
        }
        CHECK(n > 10);
      }
    }
  }
}

TEST_CASE("executor: a connection that breaks leaves all or nothing, and a second run finishes") {
  for (const std::string& dialect : test_dialects()) {
    for (const Failure failure : {Failure::lost_before, Failure::lost_answer}) {
      CAPTURE(dialect);
      CAPTURE(static_cast<int>(failure));
      std::size_t n = 0;
      for (;; ++n) {
        CAPTURE(n);
        Lab lab(dialect);
        add_book_history(lab);
        lab.migrate("0001");
        lab.execute(book_rows);
        const Picture before = picture(lab, lab.connection());
        const auto session = failing_connection(lab.database().connect(), n, failure);
        ExecuteOptions options;
        options.reconnect = [&] { return lab.database().connect(); };
        const std::string message = message_of([&] { run(lab, *session, "", options); });
        const std::vector<std::string> history = history_names(lab.connection(), lab.backend());
        if (history.size() == 1) {
          check_same(picture(lab, lab.connection()), before);
          CHECK(message != "");
        } else {
          CHECK(lines(lab.drift(lab.state())) == "");
        }
        lab.migrate();
        CHECK(lines(lab.drift(lab.state())) == "");
        CHECK(lab.rows().at("lab_book").at(0).at("title") == "'filled'");
        if (session->alive()) break;
        REQUIRE(n < 500);
      }
      CHECK(n > 10);
    }
  }
}

TEST_CASE("executor: errors say which migration, operation and statement") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    Lab lab(dialect);
    lab.add("0001_first", first_books());
    lab.add("0002_bad",
            {{RenameField{.model_name = "author", .old_name = "name", .new_name = "label"}},
             {RunSQL{.sql = {.statements = {{.sql = "UPDATE lab_auhtor\n SET label = 1"}}}}}});
    Listener listener;
    const std::string message = message_of([&] {
      migrate(lab.connection(), lab.backend(), lab.files(), lab.functions(), {}, {}, listener);
    });
    CHECK(has(message, "lab_auhtor"));
    CHECK(
        has(message, "lab.0002_bad, operation 2 (Raw SQL operation): UPDATE lab_auhtor SET label"));
    CHECK(has(message, "nothing of lab.0002_bad was done"));
    CHECK(listener.log ==
          std::vector<std::string>{"do 0001_first", "applied", "do 0002_bad", "rolled back"});
    CHECK(history_names(lab.connection(), lab.backend()).size() == 1);
  }
}

TEST_CASE("executor: a failing function is told with its migration") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    Lab lab(dialect);
    lab.add("0001_first", first_books());
    lab.add("0002_code", {{RunCpp{.code = "lab.fail"}}});
    lab.functions().add("lab.fail", [](MigrationContext& context) {
      context.model("lab.Author").insert({{"name", std::string("left behind?")}});
      throw std::runtime_error("no more ink");
    });
    const std::string message = message_of([&] { lab.migrate(); });
    CHECK(has(message, "no more ink (lab.0002_code, operation 1 (Raw C++ operation"));
    CHECK(lab.rows().at("lab_author").empty());

    lab.functions().add("lab.fail",
                        [](MigrationContext& context) { context.connection().execute("COMMIT"); });
    CHECK(has(message_of([&] { lab.migrate(); }),
              "the migration's transaction was ended inside of it"));
  }
}

TEST_CASE("executor: the whole plan is checked before anything runs") {
  Lab lab("sqlite");
  lab.add("0001_first", first_books());
  lab.add("0002_code", {{RunCpp{.code = "lab.known"}}});
  lab.add("0003_more", {{RunCpp{.code = "lab.knwon"}}, {RunCpp{.code = "other.thing"}}});
  lab.functions().add("lab.known", [](MigrationContext&) {});
  const std::string missing = message_of([&] { lab.migrate(); });
  CHECK(has(missing,
            "this executable lacks functions: \"lab.knwon\" (lab.0003_more), \"other.thing\" "
            "(lab.0003_more); did you mean \"lab.known\"?"));
  CHECK(lab.rows().empty());

  lab.functions().add("lab.knwon", [](MigrationContext&) {});
  lab.functions().add("other.thing", [](MigrationContext&) {});
  lab.migrate();
  const std::string irreversible = message_of([&] { lab.migrate("zero"); });
  CHECK(has(irreversible, "there is no way back from lab.0003_more, operation 1"));
  CHECK(has(irreversible, "lab.0003_more, operation 2"));
  CHECK(has(irreversible, "lab.0002_code, operation 1"));
  CHECK(history_names(lab.connection(), lab.backend()).size() == 3);
}

TEST_CASE("executor: edited files stop it, unless they are accepted") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    Lab lab(dialect);
    add_book_history(lab);
    lab.migrate("0001");
    lab.files()[0].digest = "sha256:other";
    CHECK(
        has(message_of([&] { lab.migrate(); }), "applied migrations were edited: lab.0001_first"));
    CHECK(history_names(lab.connection(), lab.backend()).size() == 1);
    CHECK(run(lab, lab.connection(), "", {.accept_edited = true}).size() == 1);
    CHECK(recorder::read(lab.connection(), lab.backend()).find({"lab", "0001_first"})->digest ==
          "sha256:other");
    CHECK(lab.migrate().empty());
  }
}

TEST_CASE("executor: two leaves, a gap in the history and unknown names are refused") {
  Lab lab("sqlite");
  add_book_history(lab);
  CHECK(has(message_of([&] { lab.migrate("0003"); }), "no migration that begins with \"0003\""));
  lab.migrate();
  lab.execute("DELETE FROM turnstone_migrations WHERE name = '0001_first'");
  CHECK(has(message_of([&] { lab.migrate(); }),
            "lab.0002_second is applied, but lab.0001_first, which it depends on, is not"));
  lab.add("0003_left", {});
  lab.add("0003_right", {}).dependencies = {{"lab", "0002_second"}};
  CHECK(has(message_of([&] { lab.migrate(); }),
            "app \"lab\" has more than one last migration: 0003_left, 0003_right"));
}

TEST_CASE("executor: --fake changes rows of the history alone") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    Lab lab(dialect);
    add_book_history(lab);
    CHECK(run(lab, lab.connection(), "", {.fake = true}).size() == 2);
    CHECK(history_names(lab.connection(), lab.backend()).size() == 2);
    CHECK(lab.rows().empty());
    CHECK(run(lab, lab.connection(), "0001", {.fake = true}).size() == 1);
    CHECK(history_names(lab.connection(), lab.backend()).size() == 1);
    CHECK(run(lab, lab.connection(), "zero", {.fake = true}).size() == 1);
    CHECK(lab.migrate().size() == 2);
  }
}

TEST_CASE("executor: --fake-initial records what is there, and makes what is not") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    Lab lab(dialect);
    add_book_history(lab);
    lab.migrate("0001");
    lab.execute("DELETE FROM turnstone_migrations");
    Listener listener;
    migrate(lab.connection(), lab.backend(), lab.files(), lab.functions(), {},
            {.fake_initial = true}, listener);
    CHECK(listener.log ==
          std::vector<std::string>{"do 0001_first fake", "applied", "do 0002_second", "applied"});
    CHECK(lines(lab.drift(lab.state())) == "");
    lab.migrate("zero");
    CHECK(run(lab, lab.connection(), "", {.fake_initial = true}).size() == 2);
    CHECK(lines(lab.drift(lab.state())) == "");

    lab.migrate("0001");
    lab.execute("DELETE FROM turnstone_migrations; DROP TABLE lab_book");
    CHECK(message_of([&] { run(lab, lab.connection(), "", {.fake_initial = true}); }) != "");
  }
}

TEST_CASE("executor: --fake-initial looks for tables and columns, and never at types") {
  struct Case {
    const char* label;
    std::string there;
    bool initial;
    bool faked;
  };
  const std::string tag = "CREATE TABLE lab_tag (id integer); ";
  const std::string book = "CREATE TABLE lab_book (id integer, title integer, note integer); ";
  const std::string short_book = "CREATE TABLE lab_book (id integer, title integer); ";
  const std::string tags = "CREATE TABLE lab_book_tags (id integer)";
  const Case cases[] = {
      {"nothing is there", "", true, false},
      {"all of it, with other types", tag + book + tags, true, true},
      {"all of it, for a migration that is no initial one", tag + book + tags, false, false},
      {"a table is missing", tag, true, false},
      {"the column of an AddField is missing", tag + short_book + tags, true, false},
      {"the table of a relation is missing", tag + book, true, false},
  };
  CreateModel outside{.name = "Outside", .fields = {id_field()}};
  outside.options.managed = false;
  CreateModel proxy{.name = "Novel", .bases = {"lab.Book"}};
  proxy.options.proxy = true;
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    Lab lab(dialect);
    for (const Case& c : cases) {
      CAPTURE(c.label);
      lab.reset();
      Migration& first = lab.add(
          "0001_first", {{CreateModel{.name = "Tag", .fields = {id_field()}}},
                         {CreateModel{.name = "Book", .fields = {id_field(), text_field("title")}}},
                         {outside},
                         {proxy},
                         {AddField{.model_name = "book", .field = text_field("note", true)}},
                         {AddField{.model_name = "book", .field = many_field("tags", "lab.Tag")}}});
      first.initial = c.initial;
      if (!c.there.empty()) lab.execute(c.there);
      Listener listener;
      const std::string message = message_of([&] {
        migrate(lab.connection(), lab.backend(), lab.files(), lab.functions(), {},
                {.fake_initial = true}, listener);
      });
      // Tables that are there in part are in the way of the rest, and stay as they are.
      const bool good = c.faked || c.there.empty();
      CHECK(listener.log ==
            std::vector<std::string>{c.faked ? "do 0001_first fake" : "do 0001_first",
                                     good ? "applied" : "rolled back"});
      CHECK(message.empty() == good);
    }
  }
}

TEST_CASE("executor: a squash is recorded with its parts, and goes with them") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    Lab lab(dialect);
    add_book_history(lab);
    const auto squash = [&] {
      Operations operations = first_books();
      for (Operation& operation : second_books()) operations.push_back(std::move(operation));
      Migration& squashed = lab.add("0001_squashed", operations);
      squashed.dependencies.clear();
      squashed.replaces = {{"lab", "0001_first"}, {"lab", "0002_second"}};
      squashed.digest = digest_of(squashed);
    };
    const std::vector<std::string> all{"0001_first", "0001_squashed", "0002_second"};
    SUBCASE("on an empty database it runs in their place") {
      squash();
      CHECK(lab.migrate().size() == 1);
      CHECK(history_names(lab.connection(), lab.backend()) == all);
      CHECK(lab.migrate().empty());
      CHECK(lab.migrate("zero").size() == 1);
      CHECK(history_names(lab.connection(), lab.backend()).empty());
      CHECK(lab.rows().empty());
    }
    SUBCASE("where all parts are applied it is recorded without running") {
      lab.migrate();
      squash();
      CHECK(lab.migrate().empty());
      CHECK(history_names(lab.connection(), lab.backend()) == all);
    }
    SUBCASE("where some parts are applied, the rest of them carry on") {
      lab.migrate("0001");
      squash();
      CHECK(lab.migrate().size() == 1);
      CHECK(lab.migrate().empty());
      CHECK(history_names(lab.connection(), lab.backend()) == all);
    }
    SUBCASE("prune takes rows away that no file has") {
      lab.migrate();
      squash();
      lab.migrate();
      lab.files().erase(lab.files().begin(), lab.files().begin() + 2);
      Reporter silent;
      const auto prune_lab = [&] {
        return prune(lab.connection(), lab.backend(), lab.files(), "lab", {}, silent);
      };
      CHECK(has(message_of(prune_lab), "lab.0001_squashed still replaces lab.0001_first"));
      lab.files()[0].replaces.clear();
      CHECK(prune_lab().size() == 2);
      CHECK(history_names(lab.connection(), lab.backend()) ==
            std::vector<std::string>{"0001_squashed"});
      CHECK(prune_lab().empty());
    }
  }
}

TEST_CASE("executor: a migration that is not atomic goes on where it stopped") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    const auto prepare = [](Lab& lab) {
      lab.add("0001_first", first_books());
      Migration& bare = lab.add(
          "0002_bare", {{AddField{.model_name = "author", .field = text_field("nick", true)}},
                        {RunCpp{.code = "lab.insert"}},
                        {CreateModel{.name = "Shelf", .fields = {id_field(), text_field("place")}}},
                        {RunCpp{.code = "lab.insert"}},
                        {AddField{.model_name = "shelf", .field = text_field("city", true)}}});
      bare.atomic = false;
      bare.digest = digest_of(bare);
      lab.functions().add("lab.insert", [](MigrationContext& context) {
        context.model("lab.Author").insert({{"name", std::string("one more")}});
      });
      lab.migrate("0001");
    };
    std::size_t n = 0;
    std::size_t partly = 0;
    for (;; ++n) {
      CAPTURE(n);
      Lab lab(dialect);
      prepare(lab);
      const auto session = failing_connection(lab.database().connect(), n, Failure::refused);
      Listener listener;
      const std::string message = message_of([&] {
        migrate(*session, lab.backend(), lab.files(), lab.functions(), {}, {}, listener);
      });
      if (message.empty()) break;
      if (!listener.log.empty() && listener.log.back() == "partly") {
        ++partly;
        CHECK(has(message, "was done in part"));
      }
      CHECK(history_names(lab.connection(), lab.backend()).size() == 1);
      CHECK(settings_of(*session, lab.dialect()) == settings_of(lab.connection(), lab.dialect()));
      lab.migrate();
      CHECK(lines(lab.drift(lab.state())) == "");
      CHECK(lab.connection().query("SELECT * FROM turnstone_journal").rows.empty());
      // Code outside of a transaction runs at least once; inside, exactly once.
      CHECK(lab.rows().at("lab_author").size() >= 2);
      CHECK(lab.rows().at("lab_author").size() <= 3);
      REQUIRE(n < 500);
    }
    CHECK(partly > 3);
  }
}

TEST_CASE("executor: what was done in part must be finished as it was begun") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    Lab lab(dialect);
    lab.add("0001_first", first_books());
    Migration& bare =
        lab.add("0002_bare", {{AddField{.model_name = "author", .field = text_field("a", true)}},
                              {RunCpp{.code = "lab.fail"}}});
    bare.atomic = false;
    bare.digest = digest_of(bare);
    lab.functions().add("lab.fail", [](MigrationContext&) { throw std::runtime_error("not yet"); });
    CHECK(message_of([&] { lab.migrate(); }) != "");
    CHECK(has(message_of([&] { lab.migrate("zero"); }),
              "lab.0002_bare was applied in part, and this plan does not finish it"));
    std::get<AddField>(lab.files()[1].operations[0].value).field.name = "b";
    CHECK(has(message_of([&] { lab.migrate(); }),
              "lab.0002_bare was done in part, and what was done differs from what it says now"));
    std::get<AddField>(lab.files()[1].operations[0].value).field.name = "a";
    lab.functions().add("lab.fail", [](MigrationContext&) {});
    CHECK(lab.migrate().size() == 1);
    CHECK(lines(lab.drift(lab.state())) == "");
  }
}

TEST_CASE("executor: a COMMIT that is refused is rolled back") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    Lab lab(dialect);
    lab.add("0001_first", first_books());
    lab.add("0002_dangling",
            {{RunSQL{.sql = {.statements = {{.sql = "INSERT INTO lab_book (title, author_id) "
                                                    "VALUES ('x', 99)"}}}}}});
    const std::string message = message_of([&] { lab.migrate(); });
    CHECK(has(message, "lab.0002_dangling"));
    CHECK(has(message, "nothing of lab.0002_dangling was done"));
    CHECK(lab.rows().at("lab_book").empty());
    CHECK(!lab.connection().in_transaction());
    CHECK(history_names(lab.connection(), lab.backend()).size() == 1);
  }
}

TEST_CASE("executor: a COMMIT whose answer was lost is settled by the history") {
  for (const std::string& dialect : test_dialects()) {
    for (const bool committed : {true, false}) {
      for (const bool can_reconnect : {true, false}) {
        CAPTURE(dialect);
        CAPTURE(committed);
        CAPTURE(can_reconnect);
        Lab lab(dialect);
        lab.add("0001_first", first_books());
        lab.migrate();
        lab.add("0002_shelf", {{CreateModel{.name = "Shelf", .fields = {id_field()}}}});
        InterceptedConnection session(lab.database().connect(), {});
        auto& hook = committed ? session.hooks().after : session.hooks().before;
        hook = [&](std::size_t, std::string_view sql) {
          if (sql != "COMMIT") return;
          session.cut();
          throw lost_connection(sql);
        };
        ExecuteOptions options;
        if (can_reconnect) options.reconnect = [&] { return lab.database().connect(); };
        Listener listener;
        std::vector<MigrationReport> reports;
        const std::string message = message_of([&] {
          reports =
              migrate(session, lab.backend(), lab.files(), lab.functions(), {}, options, listener);
        });
        const std::string told = !can_reconnect ? "in doubt"
                                 : committed    ? "applied"
                                                : "rolled back";
        CHECK(listener.log.back() == told);
        CHECK((message == "") == (told == "applied"));
        CHECK(reports.size() == (told == "applied" ? 1 : 0));
        if (!can_reconnect) CHECK(has(message, "look with showmigrations whether lab.0002_shelf"));
      }
    }
  }
}

TEST_CASE("executor: what another process applied in the meantime is skipped") {
  // On SQLite nothing is held between migrations: the history is read again under the write lock.
  for (const std::string target : {"0001", "0002", "0003", "zero"}) {
    CAPTURE(target);
    Lab lab("sqlite");
    add_book_history(lab);
    lab.add("0003_third", {{CreateModel{.name = "Third", .fields = {id_field()}}}});
    InterceptedConnection session(lab.database().connect(), {});
    bool done = false;
    session.hooks().before = [&](std::size_t, std::string_view sql) {
      if (done || sql != lab.dialect().begin() ||
          !lab.backend().has_table(lab.connection(), "turnstone_journal")) {
        return;
      }
      done = true;
      lab.migrate(target);
    };
    Listener listener;
    migrate(session, lab.backend(), lab.files(), lab.functions(), {}, {}, listener);
    CHECK(done);
    CHECK(std::count(listener.log.begin(), listener.log.end(), "skipped") ==
          (target == "zero" ? 0 : target[3] - '0'));
    CHECK(lines(lab.drift(lab.state())) == "");
    CHECK(history_names(lab.connection(), lab.backend()).size() == 3);
  }
}

TEST_CASE("executor: another plan is made where the history moved another way") {
  Lab lab("sqlite");
  add_book_history(lab);
  lab.add("0003_third", {{CreateModel{.name = "Third", .fields = {id_field()}}}});
  lab.migrate("0002");
  InterceptedConnection session(lab.database().connect(), {});
  bool done = false;
  session.hooks().before = [&](std::size_t, std::string_view sql) {
    if (done || sql != lab.dialect().begin()) return;
    done = true;
    lab.migrate("0001");
  };
  CHECK(run(lab, session).size() == 2);
  CHECK(lines(lab.drift(lab.state())) == "");
}

TEST_CASE("executor: branches are taken back without hurting each other") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    Lab lab(dialect);
    lab.add("0001_first", first_books());
    lab.add("0002_left", {{AddField{.model_name = "book", .field = text_field("l", true)}},
                          {AlterField{.model_name = "book", .field = text_field("title", true)}}});
    lab.add("0002_right", {{AddField{.model_name = "book", .field = text_field("r", true)}}})
        .dependencies = {{"lab", "0001_first"}};
    lab.add("0003_merge", {}).dependencies = {{"lab", "0002_left"}, {"lab", "0002_right"}};
    lab.migrate();
    CHECK(lines(lab.drift(lab.state())) == "");
    lab.execute("INSERT INTO lab_book (id, title, l, r) VALUES (1, 'One', 'left', 'right')");
    lab.migrate("0001");
    CHECK(lab.rows().at("lab_book").at(0).at("title") == "'One'");
    CHECK(lab.rows().at("lab_book").at(0).count("r") == 0);
    lab.migrate();
    CHECK(lines(lab.drift(lab.state())) == "");
    lab.migrate("zero");
    CHECK(lab.rows().empty());
  }
}

TEST_CASE("executor: a long way back crosses many stretches of moments") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    Lab lab(dialect);
    lab.add("0001_first", first_books());
    for (int i = 2; i <= 150; ++i) {
      const std::string number = std::to_string(i);
      lab.add("0" + number + "_step",
              {{AddField{.model_name = i % 2 ? "book" : "author",
                         .field = text_field("f" + std::to_string(i / 2 % 5), true)}},
               {RemoveField{.model_name = i % 2 ? "book" : "author",
                            .name = "f" + std::to_string(i / 2 % 5)}}});
    }
    CHECK(lab.migrate().size() == 150);
    CHECK(lines(lab.drift(lab.state())) == "");
    CHECK(lab.migrate("064_step").size() == 86);
    CHECK(lab.migrate("zero").size() == 64);
    CHECK(lab.rows().empty());
  }
}

TEST_CASE("executor: waiting for another migrator is bounded by --lock-timeout") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    Lab lab(dialect);
    lab.add("0001_first", first_books());
    const auto holder = lab.database().connect();
    std::optional<Transaction> transaction;
    std::unique_ptr<Backend::Lock> lock;
    if (dialect == "sqlite") {
      transaction.emplace(*holder, lab.dialect().begin());
    } else {
      lock = lab.backend().lock(*holder, {}, [] {});
    }
    ExecuteOptions options;
    options.lock_timeout = std::chrono::milliseconds(50);
    std::optional<ErrorKind> kind;
    try {
      run(lab, lab.connection(), "", options);
    } catch (const Error& error) {
      kind = error.kind();
    }
    CHECK(kind == ErrorKind::locked);
    transaction.reset();
    lock.reset();
    CHECK(lab.migrate().size() == 1);
  }
}

TEST_CASE("executor: who waits for another migrator is told at once, once") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    Lab lab(dialect);
    lab.add("0001_first", first_books());
    const auto holder = lab.database().connect();
    std::optional<Transaction> transaction;
    std::unique_ptr<Backend::Lock> lock;
    if (dialect == "sqlite") {
      transaction.emplace(*holder, lab.dialect().begin());
    } else {
      lock = lab.backend().lock(*holder, {}, [] {});
    }
    // The session itself waits for five seconds on SQLite.
    class Releasing : public Listener {
     public:
      void waiting_for_lock() override {
        Listener::waiting_for_lock();
        told = std::chrono::steady_clock::now();
      }
      std::optional<std::chrono::steady_clock::time_point> told{};
    } listener;
    const auto start = std::chrono::steady_clock::now();
    std::thread release([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
      transaction.reset();
      lock.reset();
    });
    migrate(lab.connection(), lab.backend(), lab.files(), lab.functions(), {}, {}, listener);
    release.join();
    CHECK(listener.log == std::vector<std::string>{"waiting", "do 0001_first", "applied"});
    REQUIRE(listener.told);
    CHECK(*listener.told - start < std::chrono::milliseconds(250));
  }
}

TEST_CASE("executor: the history says how long migrations took and which version ran them") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    Lab lab(dialect);
    add_book_history(lab);
    const auto row = [&](const char* name) {
      return *recorder::read(lab.connection(), lab.backend()).find({"lab", name});
    };
    const std::vector<MigrationReport> reports = lab.migrate();
    REQUIRE(reports.size() == 2);
    for (const MigrationReport& report : reports) {
      const AppliedMigration applied = row(report.id.name.c_str());
      REQUIRE(applied.took);
      CHECK(applied.took->count() > 0);
      CHECK(*applied.took <= report.took);
      CHECK_FALSE(applied.version.empty());
    }
    lab.migrate("zero");
    run(lab, lab.connection(), "0001", {.fake = true});
    CHECK_FALSE(row("0001_first").took);
    CHECK_FALSE(row("0001_first").version.empty());

    // Not atomic: journalled, and recorded in the end.
    run(lab, lab.connection(), "zero", {.fake = true});
    lab.files().clear();
    lab.add("0001_bare", first_books()).atomic = false;
    lab.migrate();
    CHECK(row("0001_bare").took);

    // A squash that is recorded because all it replaces is applied ran at no time.
    Migration& squash = lab.add("0001_squashed", first_books());
    squash.dependencies.clear();
    squash.replaces = {{"lab", "0001_bare"}};
    squash.digest = digest_of(squash);
    lab.execute("ALTER TABLE turnstone_migrations DROP COLUMN duration");
    lab.execute("ALTER TABLE turnstone_migrations DROP COLUMN version");
    CHECK(lab.migrate().empty());
    CHECK_FALSE(row("0001_squashed").took);
    CHECK_FALSE(row("0001_squashed").version.empty());
    CHECK(row("0001_bare").version.empty());
  }
}

namespace {

/// A connection to a server that says it is of that version.
std::unique_ptr<InterceptedConnection> server_of(const Lab& lab, int version) {
  auto connection = std::make_unique<InterceptedConnection>(lab.database().connect(),
                                                            InterceptedConnection::Hooks{});
  connection->pretend_version(version);
  return connection;
}

Operation equal_nulls(const std::string& name) {
  return {AddConstraint{
      .model_name = "book",
      .constraint = UniqueConstraint{.name = name, .fields = {"title"}, .nulls_distinct = false}}};
}

}  // namespace

TEST_CASE("executor: what a server is too old for is refused before anything runs") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    if (dialect == "sqlite") {
      Lab lab(dialect);
      Field kind = field_of(FieldType::generated, "kind");
      kind.expression = Expression::call(
          "key_text", {Expression::field("data"), Expression::literal(Json::of("kind"))});
      kind.output_field = std::make_shared<Field>(text_field("kind"));
      kind.null = true;
      lab.add("0001_first",
              {{CreateModel{.name = "Note",
                            .fields = {id_field(), field_of(FieldType::json, "data"), kind}}}});
      const auto old = server_of(lab, 3037002);
      CHECK(has(message_of([&] { run(lab, *old); }),
                "the server is too old: column \"kind\" needs the operators -> and ->> of SQLite "
                "3.38, and this is 3.37.2 (lab.0001_first, operation 1 (Create model Note))"));
      CHECK(lab.rows().empty());
      CHECK(run(lab, *server_of(lab, 3038000)).size() == 1);
      continue;
    }
    Lab lab(dialect);
    lab.add("0001_first", first_books());
    lab.add("0002_second", {equal_nulls("once")});
    const auto old = server_of(lab, 140009);
    const char* const words =
        "the server is too old: unique constraint \"once\" with NULLS NOT DISTINCT needs "
        "PostgreSQL 15, and this is 14.9 (lab.0002_second, operation 1 (";
    CHECK(has(message_of([&] { run(lab, *old); }), words));
    CHECK(lab.rows().empty());
    CHECK(history_names(lab.connection(), lab.backend()).empty());
    CHECK(run(lab, *old, "0001").size() == 1);
    CHECK(run(lab, *old, "", {.fake = true}).size() == 1);
    run(lab, *old, "0001", {.fake = true});

    // In an operation of the database alone it counts, in the state alone it does not.
    const auto list = [](Operation operation) {
      return std::make_shared<const Operations>(Operations{std::move(operation)});
    };
    lab.files().pop_back();
    lab.add("0002_second",
            {{SeparateDatabaseAndState{.state_operations = list(equal_nulls("a"))}}});
    CHECK(run(lab, *old).size() == 1);
    lab.add("0003_third",
            {{SeparateDatabaseAndState{.database_operations = list(equal_nulls("once"))}}});
    CHECK(has(message_of([&] { run(lab, *old); }), "unique constraint \"once\" with NULLS NOT"));
    CHECK(run(lab, *server_of(lab, 150000)).size() == 1);
  }
}

TEST_CASE("executor: a column that comes back and has nothing for the rows is refused beforehand") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    Lab lab(dialect);
    Operations books = first_books();
    Field& author = std::get<CreateModel>(books[1].value).fields[2];
    REQUIRE(author.name == "author");
    author.null = false;
    lab.add("0001_first", books);
    lab.add("0002_gone", {{RemoveField{.model_name = "book", .name = "author"}}});
    lab.add("0003_more", {{AddField{.model_name = "author", .field = text_field("mail", true)}}});
    lab.migrate("0001");
    lab.execute(book_rows);
    lab.migrate();
    const auto back = [&](const std::string& target) {
      return message_of([&] { lab.migrate(target); });
    };
    const char* const words =
        "lab.0002_gone, operation 1 (Remove field author from book) cannot be undone while table "
        "\"lab_book\" has rows: nothing says what they get as \"author_id\", which may not be NULL";
    for (const char* target : {"0001", "zero"}) {
      CAPTURE(target);
      CHECK(has(back(target), words));
      CHECK(history_names(lab.connection(), lab.backend()).size() == 3);
    }
    lab.execute("DELETE FROM lab_book");
    CHECK(back("0001") == "");
    CHECK(lines(lab.drift(replay(Graph(lab.files(), nullptr), {{"lab", "0001_first"}}))) == "");
    lab.execute("DELETE FROM lab_author");
    lab.execute(book_rows);
    lab.migrate();

    // What empties the table on the way is believed.
    lab.add("0004_rows", {{RunSQL{.sql = {.text = "SELECT 1"},
                                  .reverse_sql = RunSQL::Source{.text = "DELETE FROM lab_book"}}}});
    lab.migrate();
    CHECK(back("0001") == "");

    // One that was done in part is finished, whatever came into the table since.
    lab.files().resize(1);
    lab.execute(std::string("DELETE FROM lab_book; DELETE FROM lab_author;") + book_rows);
    RunSQL fails{.sql = {.text = "DELETE FROM lab_book"},
                 .reverse_sql = RunSQL::Source{.text = "SELECT wrong"}};
    lab.add("0002_gone", {{fails}, {RemoveField{.model_name = "book", .name = "author"}}}).atomic =
        false;
    lab.migrate();
    CHECK(has(back("0001"), "lab.0002_gone was done in part"));
    lab.execute("INSERT INTO lab_book (id, title, author_id) VALUES (7, 'Seven', 1)");
    fails.reverse_sql = RunSQL::Source{.text = "SELECT 1"};
    lab.files()[1].operations[0] = {fails};
    CHECK(back("0001") == "");
    lab.execute("DELETE FROM lab_book; DELETE FROM lab_author");

    // A field with something to give keeps coming back.
    lab.files().resize(1);
    lab.execute(book_rows);
    lab.add("0002_gone", {{RemoveField{.model_name = "author", .name = "name"}}});
    lab.migrate();
    CHECK(back("0001") == "");
  }
}
