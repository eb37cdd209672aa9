#include "bookkeeping.h"

// A file of its own: nothing else is compiled anew when the version changes.
namespace turnstone::migrations {

std::string_view own_version() { return TURNSTONE_VERSION; }

}  // namespace turnstone::migrations
