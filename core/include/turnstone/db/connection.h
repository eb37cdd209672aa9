#pragma once

#include <turnstone/db/cell.h>
#include <turnstone/error.h>
#include <turnstone/values.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace turnstone {

struct Field;

/// The rows of a finished query, all in memory.
struct Rows {
  std::vector<std::string> columns{};
  std::vector<std::vector<Value>> rows{};  ///< in the database's order; cells as `Connection` says
};

/// A statement with its parameters.
struct BoundStatement {
  std::string sql{};
  std::vector<Value> parameters{};
};

/// A query that is being read row by row in constant memory. Ends with its object.
class Cursor {
 public:
  virtual ~Cursor() = default;
  /// Fills `row` with the next row; false after the last one.
  virtual bool next(std::vector<Value>& row) = 0;
  virtual const std::vector<std::string>& columns() const = 0;
};

/// One session with a database. One thread at a time.
///
/// Parameters are bound, never pasted; they stand as `?` in order on SQLite and as `$1`, `$2` on
/// PostgreSQL (`Dialect::placeholder`). Cells come back as NULL, bool, int64, double, text or bytes
/// by the type the database reports; every other type comes as its text
/// (`Dialect::from_database` makes field values of them).
///
/// Every function throws DatabaseError when the database refuses.
class Connection {
 public:
  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  virtual ~Connection() = default;

  /// Runs one statement, or several separated by semicolons, without parameters and drops what
  /// they return.
  virtual void execute(std::string_view sql) = 0;
  /// Runs one statement; gives the number of rows inserted, updated or deleted.
  virtual std::int64_t execute(std::string_view sql, std::span<const Value> parameters) = 0;
  /// The same without copies of the parameters, where the database can.
  virtual std::int64_t execute_cells(std::string_view sql, std::span<const Cell> parameters);
  /// Runs statements one after the other, without waiting for each where the database can (libpq's
  /// pipeline mode); gives the number of rows that each changed. Throws for the first that fails,
  /// with its text; those behind it have not run. Outside of a transaction the others may or may
  /// not have been kept.
  virtual std::vector<std::int64_t> execute_all(std::span<const BoundStatement> statements);
  virtual Rows query(std::string_view sql, std::span<const Value> parameters = {}) = 0;
  virtual std::unique_ptr<Cursor> cursor(std::string_view sql,
                                         std::span<const Value> parameters = {}) = 0;
  /// The rows of a query cell by cell. `streaming`: in constant memory, for any number of rows;
  /// else in the quickest way. Other statements may run between when it is streaming. `types`: the
  /// fields whose values the columns hold, nullptr where that is not known; they tell which form of
  /// the rows the database may be asked for.
  virtual std::unique_ptr<CellReader> read(std::string_view sql, std::span<const Value> parameters,
                                           bool streaming,
                                           std::span<const Field* const> types = {});
  /// Key of the row that the last INSERT of one row made, where the database knows it without being
  /// asked (SQLite); else 0.
  virtual std::int64_t last_row_id() const { return 0; }
  /// Keys for `count` rows to come, from the counter of an automatic key, where the database gives
  /// them ahead (PostgreSQL); else none. `table` and `column` are quoted.
  virtual std::vector<std::int64_t> reserve_keys(std::string_view table, std::string_view column,
                                                 std::size_t count);
  /// Takes rows into a table in the database's quickest way (COPY); false where there is none.
  /// `table` and `columns` are quoted; `types` are the fields whose values the columns hold. `next`
  /// fills the cells of the next row, which are used before it is called again; false: no more.
  virtual bool copy_rows(std::string_view table, std::span<const std::string> columns,
                         std::span<const Field* const> types,
                         const std::function<bool(std::span<Cell> row)>& next);
  /// True between BEGIN and COMMIT or ROLLBACK, also when the transaction is broken.
  virtual bool in_transaction() const = 0;
  /// False once the server closed the connection.
  virtual bool alive() const = 0;
  /// The same, and looks whether it did so since the last statement, without asking it.
  virtual bool still_open() const { return alive(); }
  /// Something short for messages: a file name, or `host/database`. Without user and password.
  virtual std::string display_name() const = 0;
  /// 34001 for SQLite 3.40.1 (sqlite3_libversion_number), 150020 for PostgreSQL 15.20.
  virtual int server_version() const = 0;
  /// Reports progress of a long statement, a few times a second, where the database can: SQLite
  /// calls it while a statement runs. An empty function ends it.
  virtual void on_progress(std::function<void()> tick) = 0;
  /// Calls `told` once, as soon as a statement has to wait until another connection lets go of the
  /// database, where one of them keeps all others out (SQLite). An empty function ends it. `told`
  /// must not throw.
  virtual void on_waiting(std::function<void()> /*told*/) {}
};

/// BEGIN now, ROLLBACK when left without `commit`. The destructor never throws.
class Transaction {
 public:
  /// `begin` is the statement that opens it: `BEGIN`, or `BEGIN IMMEDIATE` on SQLite.
  Transaction(Connection& connection, std::string_view begin);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  /// Throws Error{in_doubt} when the answer to COMMIT was lost, DatabaseError when the database
  /// said no (then nothing was committed).
  void commit();
  void rollback();

 private:
  Connection& connection_;
  bool open_ = true;
};

}  // namespace turnstone
