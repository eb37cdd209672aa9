#pragma once

// Internal: a place to stop `write_files` in tests.

namespace turnstone::migrations {

/// Called before each step of `write_files` and `finish_pending` that changes the disk. Null unless
/// a test sets it.
extern void (*fault_point)(const char* step);

}  // namespace turnstone::migrations
