#pragma once

#include <turnstone/app.h>

#include <functional>
#include <vector>

namespace turnstone {

/// The command line of a C++ project, over the models of `apps`: the whole `main` of a `manage`.
/// Gives the exit code (`formats.md` §7). Throws nothing: every error becomes one line.
int manage(int argc, char** argv, std::vector<App> apps);
/// The same for functions that make the apps: `manage(argc, argv, {shop::app})`. Here what a
/// `describe` function gets wrong becomes one line too, instead of an exception in `main`.
int manage(int argc, char** argv, const std::vector<std::function<App()>>& apps);

}  // namespace turnstone
