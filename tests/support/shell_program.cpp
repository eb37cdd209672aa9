#include "support/shell_program.h"

#include <turnstone/identifier.h>

#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace turnstone::test {
namespace {

/// For the shell. No URL or path of a test holds a quote.
std::string quoted(const std::string& text) { return quote_literal(text); }

}  // namespace

ProgramRun run_in_program(const ScratchDatabase& database, const std::string& script) {
  const TemporaryFolder files;
  const TemporaryFolder working;
  const std::string in = (files.path() / "script.sql").string();
  const std::string out = (files.path() / "output").string();
  std::ofstream(in) << script;
  const std::string& url = database.url();
  const std::string program =
      database.dialect().name() == "sqlite"
          ? "sqlite3 -init /dev/null " + quoted(url.substr(std::string("sqlite:///").size())) +
                " < " + quoted(in)
          : "psql --no-psqlrc --quiet --file=" + quoted(in) + " " + quoted(url);
  const int status = std::system(
      ("cd " + quoted(working.path().string()) + " && " + program + " > " + quoted(out) + " 2>&1")
          .c_str());
  std::ostringstream said;
  said << std::ifstream(out).rdbuf();
  ProgramRun run{.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1, .output = said.str()};
  if (!std::filesystem::is_empty(working.path())) run.code = -2;
  return run;
}

}  // namespace turnstone::test
