#include <turnstone/drivers/open.h>
#include <turnstone/error.h>
#include <turnstone/identifier.h>

#include <algorithm>
#include <cctype>
#include <vector>

#include "postgresql/postgresql.h"
#include "sqlite/sqlite.h"

namespace turnstone {
namespace {

enum class Database { sqlite, postgresql };

/// What stands before the first colon, or the whole text.
std::string scheme_of(std::string_view url) {
  return lower_case(url.substr(0, std::min(url.find(':'), url.size())));
}

Database database_of(std::string_view url) {
  const std::string scheme = scheme_of(url);
  if (scheme == "sqlite") return Database::sqlite;
  if (scheme == "postgresql" || scheme == "postgres") return Database::postgresql;
  // A text without a scheme may be anything, a password too: it is not repeated.
  const bool has_scheme = url.find(':') != std::string_view::npos &&
                          std::all_of(scheme.begin(), scheme.end(), [](unsigned char c) {
                            return std::isalnum(c) || c == '+' || c == '-' || c == '.';
                          });
  const std::string hint = has_scheme ? did_you_mean(scheme, {"sqlite", "postgresql"}) : "";
  throw Error(ErrorKind::usage,
              has_scheme ? "unknown database \"" + scheme + "\"" : "this is no database URL", {},
              (hint.empty() ? "" : hint + " ") +
                  "known: sqlite:///FILE, sqlite::memory:, postgresql://USER@HOST/DATABASE");
}

int hexadecimal(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// `%41` becomes `A`; a percent sign that starts no escape stays.
std::string percent_decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hexadecimal(text[i + 1]) >= 0 &&
        hexadecimal(text[i + 2]) >= 0) {
      result += static_cast<char>(hexadecimal(text[i + 1]) * 16 + hexadecimal(text[i + 2]));
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

#ifdef TURNSTONE_SQLITE
/// File of an SQLite URL, or `:memory:`.
std::string sqlite_path(std::string_view url, const std::filesystem::path& base) {
  const std::string_view rest = url.substr(std::string_view("sqlite:").size());
  if (rest == ":memory:" || rest == "//:memory:" || rest == "///:memory:") return ":memory:";
  const auto refuse = [&](const std::string& message) {
    throw Error(ErrorKind::usage, message, std::string(url),
                "write sqlite:///relative/to/project.db, sqlite:////absolute.db or "
                "sqlite::memory:");
  };
  if (!rest.starts_with("///")) refuse("an sqlite URL has three slashes before the file name");
  const std::string_view name = rest.substr(3);
  if (name.find('?') != std::string_view::npos) {
    refuse("an sqlite URL takes no options (a question mark in a file name is %3F)");
  }
  const std::string decoded = percent_decoded(name);
  if (decoded.empty()) refuse("the sqlite URL names no file");
  if (decoded.find('\0') != std::string::npos) refuse("a file name cannot hold a NUL character");
  const std::filesystem::path path(decoded);
  return path.is_absolute() ? path.string() : (base / path).lexically_normal().string();
}
#endif

[[maybe_unused, noreturn]] void not_built(const std::string& name) {
  throw Error(ErrorKind::unsupported, "this executable was built without " + name, {},
              "build it with the driver, or choose another database");
}

bool is_secret(std::string_view key) {
  const std::string name = lower_case(percent_decoded(key));
  return name.find("passw") != std::string::npos || name.find("passphrase") != std::string::npos;
}

/// `key=value&key=value` with secret values masked.
std::string masked_query(std::string_view query) {
  std::string result;
  while (true) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view item = query.substr(0, end);
    const std::size_t equals = item.find('=');
    if (equals != std::string_view::npos && is_secret(item.substr(0, equals))) {
      result += std::string(item.substr(0, equals)) + "=***";
    } else {
      result += item;
    }
    if (end == query.size()) return result;
    result += '&';
    query.remove_prefix(end + 1);
  }
}

/// What stands between `//` and the query: `user:secret@host/database`. A password may hold signs
/// that should have been escaped, so everything up to the last `@` goes.
std::string masked_authority(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::string(text);
  const std::size_t slash = std::min(text.find('/'), text.size());
  std::size_t at = text.substr(0, slash).rfind('@');
  if (at == std::string_view::npos) at = text.rfind('@');
  if (at == std::string_view::npos || at < colon) {
    // `user:secret` whose `@host` was forgotten; ports are digits, commas part several hosts.
    const std::string_view port = text.substr(colon + 1, slash - std::min(slash, colon + 1));
    const bool is_port = std::all_of(port.begin(), port.end(), [](unsigned char c) {
      return std::isdigit(c) || c == ',' || c == ':' || c == ']';
    });
    if (is_port || port.find(',') != std::string_view::npos || text.starts_with('[')) {
      return std::string(text);
    }
    return std::string(text.substr(0, colon)) + ":***" + std::string(text.substr(slash));
  }
  return std::string(text.substr(0, colon)) + ":***" + std::string(text.substr(at));
}

/// `host=h password='it\'s'`: values of secret keys masked.
std::string masked_keywords(std::string_view text) {
  std::string result;
  std::size_t i = 0;
  const auto blank = [&] { return i < text.size() && std::isspace((unsigned char)text[i]); };
  while (i < text.size()) {
    const std::size_t start = i;
    while (i < text.size() && text[i] != '=' && !blank()) ++i;
    const std::string_view key = text.substr(start, i - start);
    while (blank()) ++i;
    if (i >= text.size() || text[i] != '=') {
      result += text.substr(start, i - start);
      continue;
    }
    ++i;
    while (blank()) ++i;
    const std::size_t value = i;
    const bool quoted = i < text.size() && text[i] == '\'';
    if (quoted) ++i;
    while (i < text.size() && (quoted ? text[i] != '\'' : !blank())) {
      i += text[i] == '\\' && i + 1 < text.size() ? 2 : 1;
    }
    if (quoted && i < text.size()) ++i;
    result += is_secret(key) ? std::string(text.substr(start, value - start)) + "***"
                             : std::string(text.substr(start, i - start));
    const std::size_t gap = i;
    while (blank()) ++i;
    result += text.substr(gap, i - gap);
  }
  return result;
}

}  // namespace

const Dialect& dialect_for(std::string_view url_or_name) {
  return database_of(url_or_name) == Database::sqlite ? sqlite::dialect() : postgresql::dialect();
}

const Backend& backend_for(std::string_view url) {
  if (database_of(url) == Database::sqlite) {
#ifdef TURNSTONE_SQLITE
    return sqlite::backend();
#else
    not_built("SQLite");
#endif
  }
#ifdef TURNSTONE_POSTGRES
  return postgresql::backend();
#else
  not_built("PostgreSQL");
#endif
}

std::unique_ptr<Connection> connect(const std::string& url,
                                    [[maybe_unused]] const std::filesystem::path& base,
                                    [[maybe_unused]] const ConnectOptions& options) {
  if (database_of(url) == Database::sqlite) {
#ifdef TURNSTONE_SQLITE
    return sqlite::connect(sqlite_path(url, base), options);
#else
    not_built("SQLite");
#endif
  }
#ifdef TURNSTONE_POSTGRES
  return postgresql::connect(url, options);
#else
  not_built("PostgreSQL");
#endif
}

void prepare_client_libraries() {
#ifdef TURNSTONE_SQLITE
  sqlite::count_no_memory();
#endif
}

std::string without_password(std::string_view url) {
  const std::size_t slashes = url.find("://");
  const std::size_t equals = url.find('=');
  if (slashes == std::string_view::npos || equals < slashes) return masked_keywords(url);
  if (scheme_of(url) == "sqlite") return std::string(url);
  const std::string head(url.substr(0, slashes + 3));
  const std::string_view rest = url.substr(slashes + 3);
  // libpq takes a question mark before the `@` as part of the password.
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const std::size_t at = rest.substr(0, slash).rfind('@');
  const std::size_t question = rest.find('?', at == std::string_view::npos ? 0 : at);
  if (question == std::string_view::npos) return head + masked_authority(rest);
  return head + masked_authority(rest.substr(0, question)) + "?" +
         masked_query(rest.substr(question + 1));
}

}  // namespace turnstone
