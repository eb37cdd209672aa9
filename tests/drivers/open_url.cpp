#include <doctest/doctest.h>
#include <turnstone/drivers/open.h>
#include <turnstone/error.h>

#include "support/databases.h"

using namespace turnstone;

TEST_CASE("a URL or a name leads to its dialect") {
  CHECK(dialect_for("sqlite").name() == "sqlite");
  CHECK(dialect_for("sqlite:///a.db").name() == "sqlite");
  CHECK(dialect_for("sqlite::memory:").name() == "sqlite");
  CHECK(dialect_for("postgresql").name() == "postgresql");
  CHECK(dialect_for("postgresql://u@h/d").name() == "postgresql");
  CHECK(dialect_for("postgres://u@h/d").name() == "postgresql");
  CHECK(dialect_for("POSTGRESQL://u@h/d").name() == "postgresql");
  CHECK(backend_for("sqlite::memory:").dialect().name() == "sqlite");
  CHECK(backend_for("postgresql://h/d").dialect().name() == "postgresql");
}

TEST_CASE("an unknown database is told without its password") {
  struct Case {
    const char* url;
    const char* message;
  };
  const Case cases[] = {
      {"mysql://me:secret@host/db", "unknown database \"mysql\""},
      {"sqlit:///a.db", "unknown database \"sqlit\""},
      {"secret", "this is no database URL"},
      {"host=h password=secret", "this is no database URL"},
  };
  for (const Case& c : cases) {
    CAPTURE(std::string(c.url));
    try {
      dialect_for(c.url);
      FAIL("no error");
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::usage);
      CHECK(std::string(error.what()) == c.message);
      CHECK(error.text().find("secret") == std::string::npos);
    }
  }
}

TEST_CASE("sqlite paths start at the project, and may hold any character") {
  const test::TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "data");
  struct Case {
    std::string url;
    const char* file;
  };
  const Case cases[] = {
      {"sqlite:///a.db", "a.db"},
      {"sqlite:///data/b.db", "data/b.db"},
      {"sqlite:///./data/../c.db", "c.db"},
      {"sqlite:///" + (folder.path() / "d.db").string(), "d.db"},
      {"sqlite:///e%20f%3F.db", "e f?.db"},
      {"sqlite:///100%.db", "100%.db"},
  };
  for (const Case& c : cases) {
    CAPTURE(std::string(c.url));
    connect(c.url, folder.path())->execute("CREATE TABLE t (a)");
    CHECK(std::filesystem::exists(folder.path() / c.file));
  }
  CHECK(connect("sqlite::memory:", folder.path())->display_name() == ":memory:");
}

TEST_CASE("a malformed sqlite URL is refused with the right forms") {
  for (const char* url : {"sqlite:a.db", "sqlite://a.db", "sqlite:///", "sqlite:", "sqlite:///a?b",
                          "sqlite:///a%00b"}) {
    CAPTURE(std::string(url));
    try {
      connect(url, "/");
      FAIL("no error");
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::usage);
      CHECK(error.hint().find("sqlite:///relative") != std::string::npos);
    }
  }
}

TEST_CASE("passwords never stay in a URL that is shown") {
  struct Case {
    const char* url;
    const char* shown;
  };
  const Case cases[] = {
      {"postgresql://me:s3cret@host:5432/db", "postgresql://me:***@host:5432/db"},
      {"postgresql://me@host/db", "postgresql://me@host/db"},
      {"postgresql://host:5432/db", "postgresql://host:5432/db"},
      {"postgresql://me:s3cret", "postgresql://me:***"},
      {"postgresql://me:s3cret/db", "postgresql://me:***/db"},
      {"postgresql://a:1,b:2/db", "postgresql://a:1,b:2/db"},
      {"postgresql:///db?host=/tmp", "postgresql:///db?host=/tmp"},
      {"postgresql://me:s3cret@a:1,b:2/db", "postgresql://me:***@a:1,b:2/db"},
      {"postgresql://me:s3@cret@host/db", "postgresql://me:***@host/db"},
      {"postgresql://me:s3/cret@host/db", "postgresql://me:***@host/db"},
      {"postgresql://me:s3?cret@host/db", "postgresql://me:***@host/db"},
      {"postgresql://me:s3cret@host/db?user=a@b", "postgresql://me:***@host/db?user=a@b"},
      {"postgresql://h/db?password=s3cret&user=me", "postgresql://h/db?password=***&user=me"},
      {"postgresql://h/db?user=me&PASSWORD=s3cret", "postgresql://h/db?user=me&PASSWORD=***"},
      {"postgresql://h/db?pass%77ord=s3cret", "postgresql://h/db?pass%77ord=***"},
      {"postgresql://h/db?sslpassword=s3cret", "postgresql://h/db?sslpassword=***"},
      {"host=h password=s3cret user=me", "host=h password=*** user=me"},
      {"host=h password = 's3 c\\'ret' user=me", "host=h password = *** user=me"},
      {"password=s3cret", "password=***"},
      {"sqlite:///a:b@c.db", "sqlite:///a:b@c.db"},
      {"sqlite::memory:", "sqlite::memory:"},
  };
  for (const Case& c : cases) {
    CAPTURE(std::string(c.url));
    CHECK(without_password(c.url) == c.shown);
  }
}
