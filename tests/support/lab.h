#pragma once

#include <turnstone/migrations/executor.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/databases.h"

namespace turnstone::test {

/// Rows of every table, each as text cells by column name, sorted: what must survive.
using Dump = std::map<std::string, std::vector<std::map<std::string, std::string>>>;

/// An empty database and migrations made in memory, run by the real executor.
class Lab {
 public:
  explicit Lab(const std::string& dialect, std::string app = "lab");

  /// Appends a migration of the app behind the last one.
  migrations::Migration& add(const std::string& name, migrations::Operations operations);
  std::vector<migrations::Migration>& files() { return files_; }
  migrations::Functions& functions() { return functions_; }

  /// `name` as `migrate APP NAME`; empty for everything, `zero` for nothing, in all apps.
  std::vector<migrations::MigrationReport> migrate(const std::string& name = {});
  /// State after the migrations so far.
  ProjectState state() const;
  ProjectState state_before_last() const;

  Connection& connection() { return *connection_; }
  const Dialect& dialect() const { return database_.dialect(); }
  const Backend& backend() const { return database_.backend(); }
  const ScratchDatabase& database() const { return database_; }
  void reconnect();
  /// Empties the database and forgets the migrations: cheaper than another one.
  void reset();

  /// What the live database and the schema of `state` differ in; empty when equal.
  std::vector<std::string> drift(const ProjectState& state);
  Dump rows();
  void execute(const std::string& sql) { connection_->execute(sql); }

 private:
  /// Those that tables have been in since the first migration.
  std::vector<std::string> schemas() const;

  std::string app_;
  ScratchDatabase database_;
  std::unique_ptr<Connection> connection_;
  std::vector<migrations::Migration> files_{};
  migrations::Functions functions_{};
};

/// A cell as text, the same for equal values of both databases' drivers.
std::string cell_text(const Value& value);
/// Lines joined by line breaks, for messages.
std::string lines(const std::vector<std::string>& items);

}  // namespace turnstone::test
