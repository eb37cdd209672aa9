#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "cli/session.h"

namespace turnstone::test {
namespace {

const std::vector<std::string> commands{
    "init",           "makemigrations",   "migrate",      "rebase",
    "sqlmigrate",     "squashmigrations", "retiresquash", "optimizemigration",
    "showmigrations", "history",          "check",        "diff",
    "schema",         "inspectdb",        "adopt",        "flush",
    "dumpdata",       "loaddata",         "dbshell",      "dump-models",
    "json-schema"};

std::filesystem::path golden_file(const std::string& name) {
  return std::filesystem::path(TURNSTONE_GOLDEN) / "help" / (name + ".txt");
}

/// What the file holds; rewritten with TURNSTONE_UPDATE_GOLDEN.
std::string golden(const std::string& name, const std::string& text) {
  const std::filesystem::path file = golden_file(name);
  if (std::getenv("TURNSTONE_UPDATE_GOLDEN")) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  std::ifstream in(file);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

}  // namespace

TEST_CASE("the help of every command is what its golden file says") {
  Session session;
  const Ran whole = session.run("--help");
  CHECK(whole.code == 0);
  CHECK(whole.out == golden("turnstone", whole.out));
  for (const std::string& command : commands) {
    CAPTURE(command);
    const Ran help = session.run(command + " --help");
    CHECK(help.code == 0);
    CHECK(help.err.empty());
    CHECK(help.out == golden(command, help.out));
    CHECK(session.run("help " + command).out == help.out);
    CHECK(session.run(command + " -h").out == help.out);
    CHECK(help.out.find("Example:\n  turnstone " + command) != std::string::npos);
    CHECK(whole.out.find("\n  " + command + " ") != std::string::npos);
    std::istringstream lines(help.out);
    for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 100);
  }
}

TEST_CASE("every golden help text has its command") {
  std::set<std::string> known(commands.begin(), commands.end());
  known.insert("turnstone");
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(TURNSTONE_GOLDEN) / "help")) {
    CHECK(known.contains(entry.path().stem().string()));
  }
}

TEST_CASE("without a command the help is shown, and that is no success") {
  Session session;
  const Ran nothing = session.run("");
  CHECK(nothing.code == 2);
  CHECK(nothing.out == session.run("--help").out);
  CHECK(session.run("help").code == 0);
  CHECK(session.run("--version").out == "turnstone 0.1.0\n");
  CHECK(session.run("--version").code == 0);
}

}  // namespace turnstone::test
