#pragma once

#include <turnstone/app.h>

#include <vector>

namespace turnstone {

/// The command line of a C++ project, over the models of `apps`: the whole `main` of a `manage`.
/// Gives the exit code (`formats.md` §7). Throws nothing: every error becomes one line.
int manage(int argc, char** argv, std::vector<App> apps);

}  // namespace turnstone
