#pragma once

#include "context.h"

#include <functional>
#include <string>
#include <vector>

namespace turnstone::cli {

/// Runs a command for each database of the project in turn (`--all-databases`), in the order of
/// turnstone.json: those in which one of `labels` lives, or any app where none are given. The run
/// finds the database chosen. A database that fails is named; the next ones follow, or with
/// `stop_at_failure` they are named too, as not begun. JSON: one document that has the others as
/// `databases`. Gives the highest of the exit codes.
/// Throws Error{usage} beside `--database`, or where there is no such database.
int in_every_database(Context& context, const std::vector<std::string>& labels,
                      bool stop_at_failure, const std::function<int()>& run);

/// Those databases.
std::vector<std::string> every_database(Context& context, const std::vector<std::string>& labels);

}  // namespace turnstone::cli
