#pragma once

#include <turnstone/db/connection.h>
#include <turnstone/db/dialect.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace turnstone {

/// Session settings a project may ask for.
struct ConnectOptions {
  std::string lock_timeout{};       ///< PostgreSQL's spelling, `2s`; on SQLite the busy timeout
  std::string statement_timeout{};  ///< `0` for none
  /// Seconds to wait for each host of a server, unless the URL says it itself.
  int connect_timeout_s = 10;
};

/// The dialect of a URL or of the name `sqlite` or `postgresql`. No connection is made.
/// Throws Error{usage} for an unknown scheme, naming the known ones.
const Dialect& dialect_for(std::string_view url_or_name);
const Backend& backend_for(std::string_view url);

/// Opens `url` (`formats.md` §2); relative SQLite paths start at `base`. Throws Error{usage} for a
/// malformed URL, DatabaseError when the database can't be reached. Messages never hold a password.
std::unique_ptr<Connection> connect(const std::string& url, const std::filesystem::path& base,
                                    const ConnectOptions& options = {});

/// For programs that are nothing but Turnstone, before their first connection: client libraries
/// leave out what only costs time there (SQLite counts every byte it allocates, under a lock).
void prepare_client_libraries();

/// `url` with the password replaced by `***`, also in a query part or key word form.
std::string without_password(std::string_view url);

}  // namespace turnstone
