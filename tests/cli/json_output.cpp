#include <doctest/doctest.h>

#include <set>
#include <sstream>

#include "cli/session.h"
#include "json/tree.h"
#include "support/schema_cases.h"

// Every command with --format json, where it does what it is asked and where it fails: one document
// on standard output and nothing else. `schemas/check.py` holds them against `schemas/output.json`.

namespace turnstone::test {
namespace {

/// Runs commands and keeps account of them.
class JsonRuns {
 public:
  explicit JsonRuns(Session session) : session_(std::move(session)) {}
  Session& session() { return session_; }

  json::Tree expect(int code, const std::string& line) {
    CAPTURE(line);
    const Ran ran = session_.run(line + " --format json");
    CAPTURE(ran.out);
    CAPTURE(ran.err);
    CHECK(ran.code == code);
    const json::Tree document = json::parse("output", ran.out);
    const bool failed = document.is_object() && document.contains("error");
    CHECK(failed == (code > 1));
    if (failed) CHECK(document.at("error").at("exit_code") == code);
    const std::string command = line.substr(0, line.find(' '));
    keep_schema_case("output/" + command, true, line, ran.out);
    (failed ? failures : successes).insert(command);
    return document;
  }

  std::set<std::string> successes{};
  std::set<std::string> failures{};

 private:
  Session session_;
};

/// The commands that `--help` lists.
std::vector<std::string> listed_commands(Session& session) {
  std::istringstream lines(session.run("--help").out);
  std::vector<std::string> commands;
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line == "Commands:") {
      inside = true;
    } else if (line.empty()) {
      inside = false;
    } else if (inside && line.size() > 2 && line[2] != ' ') {
      commands.push_back(line.substr(2, line.find(' ', 2) - 2));
    }
  }
  return commands;
}

const char* const more_models = R"({"models": [
  {"name": "Author", "fields": [{"name": "name", "type": "CharField", "max_length": 100},
                                {"name": "mail", "type": "EmailField"}]}
]})";

}  // namespace

TEST_CASE("every command prints one JSON document, in success and failure") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    const ScratchDatabase database(dialect);
    JsonRuns runs(blog_session(database.url()));
    Session& session = runs.session();

    runs.expect(0, "init news");
    runs.expect(2, "init 1news");
    runs.expect(1, "makemigrations --check");
    const json::Tree draft = runs.expect(0, "makemigrations --dry-run");
    CHECK(draft.at("migrations").at(0).contains("text"));
    runs.expect(0, "makemigrations");
    runs.expect(0, "makemigrations");
    runs.expect(0, "makemigrations --merge");
    runs.expect(2, "makemigrations nowhere");
    runs.expect(0, "rebase blog");
    runs.expect(2, "rebase nowhere");
    runs.expect(0, "migrate --plan");
    runs.expect(1, "migrate --check");
    runs.expect(0, "migrate --sql");
    runs.expect(0, "migrate");
    runs.expect(0, "migrate");
    runs.expect(0, "migrate blog --prune");
    runs.expect(2, "migrate blog 0009");
    runs.expect(0, "sqlmigrate blog 0001");
    runs.expect(0, "sqlmigrate blog 0001 --backwards");
    runs.expect(2, "sqlmigrate blog 0009");
    runs.expect(0, "showmigrations");
    runs.expect(0, "showmigrations --plan");
    runs.expect(2, "showmigrations nowhere");
    runs.expect(0, "check --database " + database.url());
    runs.expect(2, "check nowhere");
    runs.expect(0, "showmigrations --graph");
    runs.expect(0, "history");
    runs.expect(2, "history nowhere");
    runs.expect(0, "diff");
    runs.expect(0, "diff --sql");
    runs.expect(2, "diff nowhere");
    runs.expect(0, "schema");
    runs.expect(0, "schema --live");
    runs.expect(0, "schema --between blog.zero blog.0001");
    runs.expect(0, "schema --log blog_book");
    runs.expect(2, "schema --as picture");
    runs.expect(0, "inspectdb --app blog");
    runs.expect(0, "inspectdb --cpp");
    runs.expect(2, "inspectdb nowhere");
    runs.expect(0, "adopt news --dry-run");
    runs.expect(3, "adopt blog");
    database.connect()->execute("ALTER TABLE blog_book ADD extra integer");
    runs.expect(1, "diff --sql");
    runs.expect(1, "check --database " + database.url());
    runs.expect(3, "migrate --require-clean");
    database.connect()->execute("ALTER TABLE blog_book DROP extra");
    runs.expect(0, "dump-models blog");
    runs.expect(0, "dump-models");
    runs.expect(2, "dump-models nowhere");
    runs.expect(0, "dbshell");
    runs.expect(2, "dbshell --database mysql://x");
    runs.expect(0, "json-schema");
    runs.expect(0, "json-schema models");
    runs.expect(0, "json-schema --write schemas");
    runs.expect(2, "json-schema model");

    runs.expect(0, "migrate --all-databases");
    runs.expect(0, "showmigrations --all-databases");
    runs.expect(0, "check --all-databases");
    database.connect()->execute("INSERT INTO blog_author (name) VALUES ('Ada')");
    runs.expect(0, "dumpdata");
    runs.expect(0, "dumpdata blog --output rows.json");
    runs.expect(2, "dumpdata nowhere");
    runs.expect(0, "flush --noinput");
    runs.expect(3, "flush");
    runs.expect(0, "loaddata rows.json");
    runs.expect(3, "loaddata gone.json");

    session.write("blog/models.json", more_models);
    runs.expect(3, "makemigrations");
    runs.expect(1, "makemigrations --check");
    runs.expect(0, "makemigrations --name less --default 'blog.Author.mail=\"\"'");
    runs.expect(0, "optimizemigration blog 0002 --check");
    runs.expect(2, "optimizemigration blog 0009");
    runs.expect(0, "migrate");
    runs.expect(0, "migrate --all-databases");
    runs.expect(0, "squashmigrations blog 0002 --dry-run");
    runs.expect(0, "squashmigrations blog 0002 --noinput --squashed-name all");
    runs.expect(2, "squashmigrations blog 0009");
    runs.expect(0, "migrate");
    runs.expect(0, "migrate --all-databases");
    runs.expect(0, "retiresquash blog 0001_all --noinput --dry-run");
    runs.expect(2, "retiresquash blog 0009");
    runs.expect(0, "retiresquash blog 0001_all --noinput");
    runs.expect(0, "migrate blog --prune");

    session.write("blog/migrations/0002_wrong.json",
                  R"({"turnstone": 1, "dependencies": [["blog", "0001_all"]], "operations": [
                      {"op": "RunSQL", "sql": "SELECT nothing FROM nowhere"}]})");
    runs.expect(3, "migrate");
    runs.expect(0, "sqlmigrate blog 0002");
    runs.expect(0, "migrate --plan");
    runs.expect(1, "check");
    runs.expect(2, "migrate blog zero --fake-initial --fake");
    runs.expect(0, "migrate --fake");
    session.write("blog/migrations/0002_wrong.json", "{}");
    runs.expect(3, "migrate");
    runs.expect(1, "check");

    for (const std::string& command : listed_commands(session)) {
      CAPTURE(command);
      INFO("run it above, and describe what it prints in schemas/output.json");
      CHECK(runs.successes.contains(command));
      CHECK(runs.failures.contains(command));
    }
  }
}

TEST_CASE("what branches disagree about is in the document, and how they were joined") {
  const auto add_field = [](const std::string& needs, const std::string& field,
                            const std::string& length) {
    return R"({"turnstone": 1, "dependencies": [["blog", ")" + needs +
           R"("]], "operations": [{"op": "AddField", "model_name": "Author", "field": {"name": ")" +
           field + R"(", "type": "CharField", "null": true, "max_length": )" + length + "}}]}";
  };
  JsonRuns runs(blog_session("sqlite:///x.db"));
  Session& session = runs.session();
  runs.expect(0, "makemigrations");
  session.write("blog/migrations/0002_left.json", add_field("0001_initial", "mail", "100"));
  session.write("blog/migrations/0002_right.json", add_field("0001_initial", "mail", "200"));
  for (const char* line : {"makemigrations --merge --noinput", "rebase blog --onto 0002_left"}) {
    const json::Tree conflict = runs.expect(3, line);
    CHECK(conflict.at("done").at("conflicts").at(0).at("part") == "field mail");
  }
  session.write("blog/migrations/0002_right.json",
                R"({"turnstone": 1, "dependencies": [["blog", "0001_initial"]],
                    "operations": [{"op": "RunSQL", "sql": "DELETE FROM blog_author"}]})");
  const json::Tree doubt = runs.expect(3, "makemigrations --merge --noinput");
  CHECK(doubt.at("error").at("kind") == "question");
  session.write("blog/migrations/0002_right.json", add_field("0001_initial", "web", "200"));
  runs.expect(0, "makemigrations --merge --dry-run");
  const json::Tree moved = runs.expect(0, "rebase blog --onto 0002_left");
  CHECK(moved.at("moved").at(0).at("to") == "0003_right");
}

}  // namespace turnstone::test
