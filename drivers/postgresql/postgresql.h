#pragma once

// Internal: PostgreSQL as `open.cpp` and the tests see it.

#include <turnstone/db/connection.h>
#include <turnstone/db/dialect.h>
#include <turnstone/drivers/open.h>

#include <cstdint>
#include <memory>
#include <string>

namespace turnstone::postgresql {

/// First half of the key of the advisory lock that migrators take: "turn" in ASCII. The second one
/// is a hash of the schema.
constexpr std::int64_t lock_space = 0x7475726e;

/// PostgreSQL 14 and later. Pure.
const Dialect& dialect();
/// Introspection and the advisory lock. Needs the client library.
const Backend& backend();
/// Opens `url`, any URI libpq takes. The session: client encoding UTF8, time zone UTC, standard
/// strings, DateStyle ISO, application name `turnstone`, and the timeouts asked for.
/// Throws Error{usage} for a malformed URL, DatabaseError when the server cannot be reached.
std::unique_ptr<Connection> connect(const std::string& url, const ConnectOptions& options);

}  // namespace turnstone::postgresql
