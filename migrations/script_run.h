#pragma once

#include <turnstone/migrations/executor.h>

#include <functional>
#include <optional>
#include <string>

namespace turnstone::migrations {

/// Runs `attempt`, and again while another process keeps the whole database locked (SQLite), until
/// `timeout` is over. Databases with advisory locks are not waited for: there a lock is one of a
/// table, and its timeout a setting of the user.
/// Throws Error{locked} when time is up.
void patiently(const std::function<void()>& attempt, Connection& connection, const Dialect& dialect,
               const std::optional<std::chrono::milliseconds>& timeout, Reporter& reporter);

/// Digests of every beginning of a script, from none of its items to all of them: what the journal
/// knows a migration by that was done in part.
std::vector<std::string> progress_digests(const Script& script);

/// One run of one script: session settings around, transactions inside, progress in the journal
/// where one transaction cannot hold it all.
class ScriptRun {
 public:
  struct Surroundings {
    Connection& connection;
    const Dialect& dialect;
    const Functions& functions;
    Reporter& reporter;
  };
  struct Hooks {
    /// Asked under the write lock before anything is changed; false ends the run.
    std::function<bool()> still_wanted{};
    /// Given the statement that records the migration when everything else is done, gives the one
    /// that is run in its place.
    std::function<Statement(const Statement&)> row{};
    std::optional<std::chrono::milliseconds> lock_timeout{};
  };
  ScriptRun(const Compiled& compiled, const Surroundings& with, Hooks hooks)
      : compiled_(compiled), with_(with), hooks_(std::move(hooks)) {}

  /// False when it was not wanted any more. Throws Error that names migration, operation and
  /// statement; `outcome` then tells how far it came.
  bool execute();
  Outcome outcome() const { return outcome_; }

 private:
  bool in_one_transaction(const Batch& batch);
  bool batch_by_batch();
  bool transactional_batch(const Batch& batch, std::size_t first, bool last);
  bool bare_batch(const Batch& batch, std::size_t first);
  void begin(std::optional<Transaction>& transaction);
  void commit(Transaction& transaction);
  void run(const ScriptItem& item, bool in_transaction);
  /// True where rows that are there do not bear what an operation asks of them.
  bool rows_are_in_the_way(const DatabaseError& error, const ScriptItem& item) const;
  void perform(const ScriptItem& item);
  void adopt_journal();
  void write_journal(std::size_t done);
  std::string place(std::size_t operation) const;

  const Compiled& compiled_;
  Surroundings with_;
  Hooks hooks_;
  Outcome outcome_ = Outcome::rolled_back;
  Procedure::Memory memory_{};
  /// Items done and recorded in the journal, and the digest of every beginning of the script.
  std::size_t done_ = 0;
  std::vector<std::string> digests_{};
};

}  // namespace turnstone::migrations
