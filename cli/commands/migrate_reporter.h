#pragma once

#include "../output.h"

#include <turnstone/migrations/executor.h>

#include <chrono>
#include <string>

namespace turnstone::cli {

/// Shows what `migrate` does while it does it: one line for each migration, and on a terminal what
/// a long statement is at. With `-v 2` also its operations, with `-v 3` each statement.
class MigrateReporter : public migrations::Reporter {
 public:
  explicit MigrateReporter(Output& output) : output_(output) {}

  void waiting_for_lock() override;
  void begin(const migrations::Migration& migration, bool backwards, bool fake) override;
  void end(const migrations::MigrationReport& report) override;
  void step(std::string_view what) override;
  void progress(const std::string& what) override;

  /// Ends a line that a failure left open.
  void close_line();
  std::size_t begun() const { return begun_; }
  std::size_t done() const { return done_; }
  /// What happened to each migration.
  const Document& document() const { return document_; }

 private:
  void break_line();

  Output& output_;
  std::string line_{};        ///< begun and not ended
  std::string operations_{};  ///< of the migration that is begun, for `-v 2`
  bool fake_ = false;
  bool overwritten_ = false;
  std::chrono::steady_clock::time_point start_{};
  std::size_t begun_ = 0;
  std::size_t done_ = 0;
  Document document_ = Document::array();
};

}  // namespace turnstone::cli
