#include "cli/output.h"

#include <doctest/doctest.h>

#include <sstream>

#include "cli/secrets.h"

namespace turnstone::test {
namespace {

using cli::Document;
using cli::Output;

struct Streams {
  std::ostringstream out{};
  std::ostringstream err{};
};

}  // namespace

TEST_CASE("an error is one line of what is wrong, then where, then what to do") {
  Streams streams;
  Output output(streams.out, streams.err);
  output.error(
      Error(ErrorKind::bad_file, "unknown key \"a\"", "f.json: /a", "did you mean \"b\"?"));
  CHECK(streams.err.str() ==
        "error: unknown key \"a\"\n  where: f.json: /a\n  hint: did you mean \"b\"?\n");
  CHECK(streams.out.str().empty());
}

TEST_CASE("a database error shows its statement once, indented") {
  Streams streams;
  Output output(streams.out, streams.err);
  DatabaseError error("no such table: x", {.sqlstate = "1"}, "SELECT 1\nFROM x");
  error.at("blog.0001, operation 1");
  output.error(error);
  CHECK(streams.err.str() ==
        "error: no such table: x\n  where: blog.0001, operation 1\n         SELECT 1\n"
        "         FROM x\n");
  Streams again;
  Output second(again.out, again.err);
  DatabaseError told("no such table: x", {}, "SELECT 1 FROM x");
  told.at("blog.0001: SELECT 1 FROM x");
  second.error(told);
  CHECK(again.err.str() == "error: no such table: x\n  where: blog.0001: SELECT 1 FROM x\n");
}

TEST_CASE("in JSON mode there is one document and nothing else on standard output") {
  Streams streams;
  Output output(streams.out, streams.err);
  output.configure({.json = true});
  output.text("for people");
  output.data("SQL");
  output.note("working");
  output.warning("careful", "there", "look");
  output.document(Document::object().set("ok", true).set("n", 3));
  CHECK(streams.out.str() ==
        "{\"ok\": true, \"n\": 3, \"warnings\": [{\"message\": \"careful\", \"where\": \"there\", "
        "\"hint\": \"look\"}]}\n");
  CHECK(streams.err.str() == "warning: careful\n  where: there\n  hint: look\n");
}

TEST_CASE("in JSON mode an error is a document") {
  Streams streams;
  Output output(streams.out, streams.err);
  output.configure({.json = true});
  output.error(Error(ErrorKind::usage, "unknown flag", "", "look"));
  CHECK(streams.out.str() ==
        "{\"error\": {\"kind\": \"usage\", \"message\": \"unknown flag\", \"hint\": \"look\", "
        "\"exit_code\": 2}}\n");
  CHECK(streams.err.str().empty());
}

TEST_CASE("-v 0 leaves data, warnings and errors") {
  Streams streams;
  Output output(streams.out, streams.err);
  output.configure({.verbosity = 0});
  output.text("text ");
  output.detail("detail ");
  output.note("note ");
  output.data("data");
  output.warning("careful");
  CHECK(streams.out.str() == "data");
  CHECK(streams.err.str() == "warning: careful\n");
}

TEST_CASE("paths below the working directory are shown from there") {
  Streams streams;
  Output output(streams.out, streams.err);
  output.configure({.folder = "/home/me/p"});
  output.error(Error(ErrorKind::bad_file, "bad", "/home/me/p/blog/models.json: /models"));
  output.data("'/home/me/p/x'");
  CHECK(streams.err.str() == "error: bad\n  where: blog/models.json: /models\n");
  CHECK(streams.out.str() == "'/home/me/p/x'");
}

TEST_CASE("a known password never leaves") {
  Streams streams;
  Output output(streams.out, streams.err);
  output.hide_password_of("postgresql://me:p%40ss%2Fw0rd@host/db");
  output.text("postgresql://me:p%40ss%2Fw0rd@host/db ");
  output.data("p@ss/w0rd ");
  output.note("p%40ss%2Fw0rd ");
  output.error(Error(ErrorKind::database, "p@ss/w0rd", "p@ss/w0rd", "p@ss/w0rd"));
  CHECK(streams.out.str() == "postgresql://me:***@host/db *** ");
  CHECK(streams.err.str() == "*** error: ***\n  where: ***\n  hint: ***\n");
}

TEST_CASE("a password that is also a name does not make texts unreadable") {
  Streams streams;
  Output output(streams.out, streams.err);
  output.hide_password_of("postgresql://postgres:postgres@host/blog");
  output.text("postgresql://postgres:postgres@host/blog applies to postgres");
  CHECK(streams.out.str() == "postgresql://postgres:***@host/blog applies to postgres");
}

TEST_CASE("a URL is split from its password") {
  struct Case {
    const char* url;
    const char* rest;
    const char* password;
  };
  const Case cases[] = {
      {"postgresql://me@host/db", "postgresql://me@host/db", ""},
      {"postgresql://me:pw@host/db", "postgresql://me@host/db", "pw"},
      {"postgresql://me:p%40w@host:5433/db?sslmode=require",
       "postgresql://me@host:5433/db?sslmode=require", "p@w"},
      {"postgresql://host/db?password=pw&user=me", "postgresql://host/db?user=me", "pw"},
      {"postgresql://host/db?user=me&password=pw", "postgresql://host/db?user=me", "pw"},
      {"postgresql://host/db?password=pw", "postgresql://host/db", "pw"},
      {"postgresql://a:pw@h1:1,h2:2/db", "postgresql://a@h1:1,h2:2/db", "pw"},
      {"sqlite:///app.db", "sqlite:///app.db", ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.url);
    const cli::SplitUrl split = cli::split_password(c.url);
    CHECK(split.url == c.rest);
    CHECK(split.password == c.password);
  }
}

TEST_CASE("each kind of error has its exit code and its name") {
  CHECK(cli::exit_code(ErrorKind::usage) == 2);
  for (const ErrorKind kind :
       {ErrorKind::bad_file, ErrorKind::bad_model, ErrorKind::conflict, ErrorKind::history,
        ErrorKind::question, ErrorKind::irreversible, ErrorKind::unsupported, ErrorKind::database,
        ErrorKind::in_doubt, ErrorKind::locked, ErrorKind::cancelled}) {
    CHECK(cli::exit_code(kind) == 3);
    CHECK_FALSE(cli::name_of(kind).empty());
  }
}

}  // namespace turnstone::test
