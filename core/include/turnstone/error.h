#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace turnstone {

/// What went wrong, as far as a caller would act differently.
enum class ErrorKind {
  usage,         ///< unknown command, flag, app or migration name; exit code 2
  bad_file,      ///< a project, model, migration or snapshot file that cannot be used
  bad_model,     ///< a model, field, constraint or expression that contradicts the rules
  conflict,      ///< migrations that do not fit together: two leaves, cycles, missing parents
  history,       ///< files and the recorded history disagree
  question,      ///< an answer is needed and nobody can be asked
  irreversible,  ///< an operation without a way back
  unsupported,   ///< the database or this executable cannot do it
  database,      ///< the database refused a statement or the connection
  in_doubt,      ///< a COMMIT failed: it may or may not have happened
  locked,        ///< the migration lock was not free within the time allowed
  cancelled,     ///< the user ended the program
  bad_value,     ///< a value its field cannot hold
  rows,          ///< a row that is not there, several where one is wanted, one that is in use
  misuse,        ///< a transaction, a session or an object used at the wrong time
};

/// The one exception type of Turnstone. `what()` is one line that says what is wrong, in lower case
/// and without a full stop; `where()` names the place; `hint()` says what to do next. Either may be
/// empty. No part ever holds a password.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message, std::string where = {}, std::string hint = {});
  Error(const Error& other);
  Error(Error&& other) noexcept;
  Error& operator=(const Error& other);
  Error& operator=(Error&& other) noexcept;
  ~Error() override;

  ErrorKind kind() const { return kind_; }
  const std::string& where() const { return where_; }
  const std::string& hint() const { return hint_; }

  /// The same error with a place, or a hint, where it had none.
  Error& at(std::string where);
  Error& advise(std::string hint);

  /// `message (where); hint`, on one line.
  std::string text() const;

 private:
  ErrorKind kind_;
  std::string where_;
  std::string hint_;
};

/// What kind of rule of the database was broken.
enum class DatabaseErrorKind {
  other,
  unique,
  foreign_key,
  not_null,
  check,
  exclusion,
  serialization,    ///< deadlock or serialization failure: retry the transaction
  lock_timeout,     ///< the database was busy or locked
  lost_connection,  ///< the connection is gone; a transaction that was open is rolled back
};

/// An error the database reported. `what()` is its own message on one line, without the statement.
class DatabaseError : public Error {
 public:
  struct Details {
    DatabaseErrorKind kind = DatabaseErrorKind::other;
    std::string sqlstate{};  ///< five characters on PostgreSQL; the extended result code on SQLite
    std::string constraint{};  ///< name of the broken constraint where the database tells it
    std::string table{};
    std::string column{};
    std::string model{};  ///< `shop.Book`, where the ORM ran the statement and can tell
    std::string field{};  ///< fields of the constraint, separated by `, `
  };
  DatabaseError(const std::string& message, Details details, std::string statement);

  DatabaseErrorKind database_kind() const { return details_.kind; }
  const Details& details() const { return details_; }
  /// The SQL text of the failed statement; parameters are not part of it.
  const std::string& statement() const { return statement_; }
  /// True where running the same transaction again may succeed.
  bool retryable() const;

 private:
  Details details_;
  std::string statement_;
};

/// A rule of the database was broken: unique, foreign key, not null, check, exclusion.
class IntegrityError : public DatabaseError {
 public:
  using DatabaseError::DatabaseError;
};

/// The database could not do it now: serialization failures, locks, lost connections.
class OperationalError : public DatabaseError {
 public:
  using DatabaseError::DatabaseError;
};

/// `get` found no row.
class DoesNotExist : public Error {
 public:
  explicit DoesNotExist(const std::string& message) : Error(ErrorKind::rows, message) {}
};

/// `get` found more than one row.
class MultipleObjectsReturned : public Error {
 public:
  explicit MultipleObjectsReturned(const std::string& message)
      : Error(ErrorKind::rows, message, {}, "narrow the filter, or use first()") {}
};

/// A relation was used before it was loaded.
class NotLoaded : public Error {
 public:
  explicit NotLoaded(const std::string& message)
      : Error(ErrorKind::misuse, message, {},
              "load it with db.load, or with select_related or prefetch_related in the query") {}
};

/// The candidate nearest to `name` in spelling (case ignored), or empty when none is near enough
/// to be a likely slip: at most one third of the characters differ, by insertion, deletion,
/// replacement or exchange of neighbours.
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

/// `did you mean "x"?`, or empty when no candidate is near enough.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace turnstone
