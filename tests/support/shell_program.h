#pragma once

#include <string>

#include "support/databases.h"

namespace turnstone::test {

/// How a run of `psql` or `sqlite3` ended, with everything it said.
struct ProgramRun {
  int code = -1;
  std::string output{};
};

/// Feeds `script` to the database's own program, in a folder of its own that must be empty again
/// afterwards (else the code is -2).
ProgramRun run_in_program(const ScratchDatabase& database, const std::string& script);

}  // namespace turnstone::test
