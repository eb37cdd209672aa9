#pragma once

// Internal: SQLite as `open.cpp` and the tests see it.

#include <turnstone/db/connection.h>
#include <turnstone/db/dialect.h>
#include <turnstone/drivers/open.h>

#include <memory>
#include <string>

namespace turnstone::sqlite {

/// SQLite 3.37 and later. Pure.
const Dialect& dialect();
/// Introspection. Needs the client library.
const Backend& backend();
/// Opens the file `path`, making it if need be, or `:memory:`. The session: foreign keys on, legacy
/// ALTER TABLE off, and the timeouts asked for (a lock is waited for 5 s by default). The journal
/// mode stays what it is.
/// Throws Error{usage} for a malformed timeout, DatabaseError when the file cannot be opened.
std::unique_ptr<Connection> connect(const std::string& path, const ConnectOptions& options);
/// SQLite stops counting the memory it uses, for the whole process. Does nothing once a connection
/// was opened.
void count_no_memory();

}  // namespace turnstone::sqlite
