#pragma once

#include <turnstone/db/connection.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace turnstone {

/// One SQL statement with its bound parameters.
struct Statement {
  std::string sql{};
  std::vector<Value> parameters{};
  /// True where the database reads every row of a table for it, or may: shown with progress.
  bool scans_rows = false;
};

/// A registered C++ function, run by the executor with historical models.
struct CodeCall {
  std::string function{};
};

/// Work that depends on what is stored in the database at that moment, such as putting back the
/// triggers of a rebuilt table. `comment` is what `sqlmigrate` prints, line by line.
///
/// `memory` is one per run of a script: a later procedure finds in it what an earlier one kept.
struct Procedure {
  using Memory = std::vector<std::pair<std::string, Rows>>;
  std::string comment{};
  std::function<void(Connection&, Memory& memory)> run{};
  /// The same work in the language of the database's `Shell`. What cannot be told in SQL goes by
  /// the connection, to the database as it is when the script is written; nothing is changed there.
  std::function<std::string(Connection&)> script{};
};

struct ScriptItem {
  std::variant<Statement, CodeCall, Procedure> item{};
  /// Position of the operation in the migration; `npos` for the tool's own bookkeeping.
  std::size_t operation = npos;
  static constexpr std::size_t npos = static_cast<std::size_t>(-1);
};

/// What runs in one transaction, or (`transactional` false) statement by statement.
struct Batch {
  bool transactional = true;
  std::vector<ScriptItem> items{};
};

/// Everything that happens for one migration in one direction. `setup` and `teardown` are session
/// settings outside of any transaction; teardown runs after success and failure alike.
struct Script {
  std::vector<std::string> setup{};
  std::vector<Batch> batches{};
  std::vector<std::string> teardown{};
};

}  // namespace turnstone
