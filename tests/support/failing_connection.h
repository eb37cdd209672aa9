#pragma once

#include <turnstone/db/connection.h>

#include <functional>
#include <memory>
#include <string_view>

namespace turnstone::test {

/// Passes everything on to a connection of its own, and lets a test watch, kill or refuse.
class InterceptedConnection : public Connection {
 public:
  struct Hooks {
    /// Called with the number of the statement (from 0) and its text.
    std::function<void(std::size_t, std::string_view)> before{};
    std::function<void(std::size_t, std::string_view)> after{};
  };
  InterceptedConnection(std::unique_ptr<Connection> inner, Hooks hooks);

  void execute(std::string_view sql) override;
  std::int64_t execute(std::string_view sql, std::span<const Value> parameters) override;
  Rows query(std::string_view sql, std::span<const Value> parameters) override;
  std::unique_ptr<Cursor> cursor(std::string_view sql, std::span<const Value> parameters) override;
  bool in_transaction() const override;
  bool alive() const override;
  std::string display_name() const override { return name_; }
  int server_version() const override { return version_; }
  void on_progress(std::function<void()> tick) override;
  void on_waiting(std::function<void()> told) override;
  /// From now on the server says it is of that version.
  void pretend_version(int version) { version_ = version; }

  /// Statements so far.
  std::size_t count() const { return count_; }
  /// Ends the session, as a network that breaks would: an open transaction is rolled back.
  void cut();
  Hooks& hooks() { return hooks_; }

 private:
  template <class Call>
  auto pass(std::string_view sql, const Call& call);

  std::unique_ptr<Connection> inner_;
  Hooks hooks_;
  std::string name_;
  int version_;
  std::size_t count_ = 0;
};

/// How the n-th statement of a connection goes wrong.
enum class Failure {
  refused,      ///< the database says no, nothing happened
  lost_before,  ///< the connection breaks before the statement is run
  lost_answer,  ///< it breaks after the statement was run
};

/// A connection whose statement number `n` (from 0) goes wrong, once.
std::unique_ptr<InterceptedConnection> failing_connection(std::unique_ptr<Connection> inner,
                                                          std::size_t n, Failure failure);

/// The error a broken connection gives.
DatabaseError lost_connection(std::string_view sql);

}  // namespace turnstone::test
