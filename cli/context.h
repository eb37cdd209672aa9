#pragma once

#include "output.h"
#include "surroundings.h"

#include <turnstone/app.h>

#include <string>
#include <vector>

namespace turnstone::cli {

/// Flags every command takes.
struct Globals {
  std::string database{};  ///< alias or URL
  std::string project{};   ///< folder
  std::string format = "text";
  int verbosity = 1;
  bool no_color = false;
};

/// What a command works with.
struct Context {
  Surroundings& surroundings;
  Output& output;
  std::string program{};                   ///< `turnstone`, or the name of the `manage`
  const std::vector<App>* apps = nullptr;  ///< of a `manage`
  Globals globals{};
};

/// True where a person is there to be asked; `no_input` is the flag.
inline bool can_ask(const Context& context, bool no_input) {
  return context.surroundings.in_is_terminal && context.surroundings.err_is_terminal && !no_input;
}

}  // namespace turnstone::cli
