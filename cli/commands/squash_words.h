#pragma once

#include "../context.h"

#include <turnstone/migrations/squash.h>

#include <string>

namespace turnstone::cli {

/// `1 operation`, `3 operations`
std::string operations_text(std::size_t count);
/// Tells what nothing was optimized across, and what was left out, where there is any.
void show_remainder(Context& context, const migrations::Squash& squash);
/// The same for the document of a command.
void set_remainder(Document& document, const migrations::Squash& squash);

}  // namespace turnstone::cli
