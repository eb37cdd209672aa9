#include <doctest/doctest.h>

#include "cli/session.h"

namespace turnstone::test {
namespace {

/// `hunter2secret` in every spelling a URL may give it.
const std::vector<std::string> urls{
    "postgresql://me:hunter2secret@127.0.0.1:1/shop?connect_timeout=1",
    "postgresql://me:hunter2%73ecret@127.0.0.1:1/shop?connect_timeout=1",
    "postgresql://127.0.0.1:1/shop?user=me&password=hunter2secret&connect_timeout=1",
    "postgres://me:hunter2secret@127.0.0.1:1,127.0.0.2:1/shop?connect_timeout=1",
    "postgresql://me:hunter2secret@127.0.0.1:port/shop",
    "postgresql://me:hunter2secret@127.0.0.1:1/shop?no_such_option=1",
    "postgresql://me:hunter2secret",
    "mysql://me:hunter2secret@127.0.0.1/shop",
    "postgresq://me:hunter2secret@127.0.0.1/shop",
    "host=127.0.0.1 port=1 user=me password=hunter2secret",
};

const std::vector<std::string> commands{
    "makemigrations --check",
    "makemigrations",
    "makemigrations --update",
    "migrate",
    "migrate --plan",
    "migrate --check",
    "migrate blog --prune",
    "migrate --sql",
    "migrate --all-databases",
    "sqlmigrate blog 0001",
    "squashmigrations blog 0001",
    "retiresquash blog 0001",
    "optimizemigration blog 0001",
    "rebase blog",
    "showmigrations",
    "showmigrations --all-databases",
    "check",
    "check --all-databases",
    "flush --noinput",
    "dumpdata",
    "loaddata rows.json",
    "dbshell",
    "dump-models",
    "init shop",
    "nonsense",
};

void check_clean(const Ran& ran) {
  for (const std::string* text : {&ran.out, &ran.err}) {
    CHECK(text->find("hunter2") == std::string::npos);
  }
}

}  // namespace

TEST_CASE("no output of any command holds a password") {
  for (const std::string& url : urls) {
    CAPTURE(url);
    for (const std::string& command : commands) {
      CAPTURE(command);
      for (const std::string more : {"", " --format json", " -v 3"}) {
        Session by_flag = blog_session();
        check_clean(by_flag.run(command + more + " --database '" + url + "'"));
        check_clean(by_flag.run(command + more + " --database='" + url + "'"));
        Session by_environment = blog_session(url);
        check_clean(by_environment.run(command + more));
        Session by_file = blog_session();
        by_file.write("turnstone.json",
                      "{\"apps\": {\"blog\": {}}, \"databases\": {\"default\": "
                      "{\"url\": \"" +
                          url + "\"}}}");
        check_clean(by_file.run(command + more));
      }
    }
  }
}

TEST_CASE("broken project files do not show the passwords in them") {
  const std::string url = "postgresql://me:hunter2secret@h/shop";
  for (const std::string& text : {
           "{\"apps\": {}, \"databases\": {\"default\": \"" + url + "\"}}",
           "{\"apps\": {}, \"databases\": \"" + url + "\"}",
           "{\"apps\": \"" + url + "\"}",
           "{\"apps\": {}, \"databases\": {\"" + url + "\": {}}}",
           "{\"apps\": {}, \"databases\": {\"default\": {\"url\": \"" + url + "}}",
           "{\"apps\": {}, \"databases\": {\"default\": {\"url\": " + url + "}}}",
           "{\"apps\": {}, \"databases\": {\"default\": {\"lock_timeout\": \"" + url + "\"}}}",
           "{\"" + url + "\": 1}",
           "'" + url + "'",
       }) {
    CAPTURE(text);
    Session session;
    session.write("turnstone.json", text);
    const Ran ran = session.run("migrate");
    CHECK(ran.code == 3);
    check_clean(ran);
    check_clean(session.run("migrate --format json"));
  }
}

}  // namespace turnstone::test
