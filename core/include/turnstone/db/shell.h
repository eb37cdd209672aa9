#pragma once

#include <turnstone/schema/script.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turnstone {

/// The language of a database's own command line program, `psql` or `sqlite3`: what a script needs
/// beside SQL. Pure. Every text ends with a line break.
///
/// Only what those programs have had for long is used: psql 10, sqlite3 3.37 and later.
class Shell {
 public:
  struct Settings {
    /// How long to wait for other migrators; no value: as long as it takes.
    std::optional<std::chrono::milliseconds> lock_timeout{};
    /// Statements of the session the script is for, such as a statement timeout.
    std::vector<std::string> session{};
  };

  Shell() = default;
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;
  virtual ~Shell() = default;

  /// `psql` or `sqlite3`.
  virtual std::string_view program() const = 0;
  /// How a person runs the script in `file`.
  virtual std::string usage(const std::string& file) const = 0;

  /// Comes first: the first error ends the script, the session is as Turnstone's own, and other
  /// migrators wait (PostgreSQL; on SQLite each transaction takes the write lock).
  virtual std::string prologue(const Settings& settings) const = 0;
  /// Comes last.
  virtual std::string epilogue() const = 0;

  /// `statement` with its parameters as literals, and its semicolon.
  virtual std::string statement(const Statement& statement) const = 0;
  /// Tells who runs it `words`, a line.
  virtual std::string say(const std::string& words) const = 0;
  /// Ends the script, and the open transaction, with `message` where `condition` holds.
  virtual std::string stop_if(const std::string& condition, const std::string& message) const = 0;
  /// True where `table` has a column of that name.
  virtual std::string has_column(const std::string& table, const std::string& column) const = 0;
  /// Remembers this moment; `elapsed` is the time since then, as a DurationField holds it.
  virtual std::string start_clock() const = 0;
  virtual std::string elapsed() const = 0;
  /// Runs `block` where `condition` holds when the script comes to it, else only says `otherwise`.
  virtual std::string only_if(const std::string& condition, const std::string& block,
                              const std::string& otherwise) const = 0;
};

}  // namespace turnstone
