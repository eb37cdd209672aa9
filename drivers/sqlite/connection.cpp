#include <sqlite3.h>
#include <turnstone/error.h>
#include <turnstone/identifier.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <list>
#include <thread>
#include <unordered_map>

#include "sqlite/sqlite.h"

namespace turnstone::sqlite {
namespace {

using Clock = std::chrono::steady_clock;

/// What stands behind `prefix` in a message, up to the end of the line.
std::string behind(const std::string& message, std::string_view prefix) {
  const std::size_t at = message.find(prefix);
  return at == std::string::npos ? "" : message.substr(at + prefix.size());
}

/// Source: SQLite, "Result and Error Codes"; wording of messages checked on 3.40.
DatabaseError::Details details_of(int code, const std::string& message) {
  DatabaseError::Details details{.sqlstate = std::to_string(code)};
  const auto place = [&](const std::string& text) {  // `table.column, table.column`
    const std::size_t dot = text.find('.');
    if (dot == std::string::npos) return;
    details.table = text.substr(0, dot);
    details.column = text.substr(dot + 1, text.find(',') - dot - 1);
  };
  switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      details.kind = DatabaseErrorKind::unique;
      place(behind(message, "UNIQUE constraint failed: "));
      if (const std::string name = behind(message, "failed: index '"); !name.empty()) {
        details.constraint = name.substr(0, name.find('\''));
      }
      break;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      details.kind = DatabaseErrorKind::foreign_key;
      break;
    case SQLITE_CONSTRAINT_NOTNULL:
      details.kind = DatabaseErrorKind::not_null;
      place(behind(message, "NOT NULL constraint failed: "));
      break;
    case SQLITE_CONSTRAINT_CHECK:
      details.kind = DatabaseErrorKind::check;
      details.constraint = behind(message, "CHECK constraint failed: ");
      break;
    default:
      if ((code & 0xFF) == SQLITE_BUSY || (code & 0xFF) == SQLITE_LOCKED) {
        details.kind = DatabaseErrorKind::lock_timeout;
      }
  }
  return details;
}

[[noreturn]] void fail(sqlite3* handle, std::string_view sql) {
  std::string message = handle ? sqlite3_errmsg(handle) : "out of memory";
  std::replace(message.begin(), message.end(), '\n', ' ');
  throw DatabaseError(message, details_of(sqlite3_extended_errcode(handle), message),
                      std::string(sql));
}

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using StatementPtr = std::unique_ptr<sqlite3_stmt, Finalize>;

struct Bind {
  sqlite3_stmt* statement;
  int position;

  int text(const std::string& value) const {
    return sqlite3_bind_text64(statement, position, value.data(), value.size(), SQLITE_TRANSIENT,
                               SQLITE_UTF8);
  }
  int operator()(std::monostate) const { return sqlite3_bind_null(statement, position); }
  int operator()(bool value) const { return sqlite3_bind_int(statement, position, value ? 1 : 0); }
  int operator()(std::int64_t value) const {
    return sqlite3_bind_int64(statement, position, value);
  }
  int operator()(double value) const { return sqlite3_bind_double(statement, position, value); }
  int operator()(const std::string& value) const { return text(value); }
  int operator()(const Bytes& value) const {
    if (value.empty()) return sqlite3_bind_zeroblob(statement, position, 0);
    return sqlite3_bind_blob64(statement, position, value.data(), value.size(), SQLITE_TRANSIENT);
  }
  // Values of fields are brought to storage form by `Dialect::to_database`; these are for raw SQL.
  int operator()(const Decimal& value) const { return text(value.text()); }
  int operator()(const Uuid& value) const { return text(value.hex()); }
  int operator()(Date value) const { return text(to_text(value)); }
  int operator()(Time value) const { return text(to_text(value)); }
  int operator()(DateTime value) const { return text(to_text(value)); }
  int operator()(Duration value) const {
    return sqlite3_bind_int64(statement, position, value.count());
  }
  int operator()(const Json& value) const { return text(value.text()); }
};

Value cell(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      return static_cast<std::int64_t>(sqlite3_column_int64(statement, column));
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, column);
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      const int size = sqlite3_column_bytes(statement, column);
      return std::string(text, static_cast<std::size_t>(size));
    }
    case SQLITE_BLOB: {
      const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(statement, column));
      const int size = sqlite3_column_bytes(statement, column);
      return size == 0 ? Bytes{} : Bytes(data, data + size);
    }
    default:
      return {};
  }
}

std::vector<std::string> column_names(sqlite3_stmt* statement) {
  std::vector<std::string> names;
  for (int i = 0; i < sqlite3_column_count(statement); ++i) {
    names.emplace_back(sqlite3_column_name(statement, i));
  }
  return names;
}

void fill_row(sqlite3_stmt* statement, std::vector<Value>& row) {
  const int count = sqlite3_column_count(statement);
  row.clear();
  for (int i = 0; i < count; ++i) row.push_back(cell(statement, i));
}

/// A statement that belongs to its reader alone.
class SqliteCursor : public Cursor {
 public:
  SqliteCursor(sqlite3* handle, StatementPtr statement, std::string sql)
      : handle_(handle),
        statement_(std::move(statement)),
        sql_(std::move(sql)),
        names_(column_names(statement_.get())) {}

  bool next(std::vector<Value>& row) override {
    if (!statement_) return false;
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) {
      fill_row(statement_.get(), row);
      return true;
    }
    if (code != SQLITE_DONE) fail(handle_, sql_);
    statement_.reset();
    return false;
  }
  const std::vector<std::string>& columns() const override { return names_; }

 private:
  sqlite3* handle_;
  StatementPtr statement_;
  std::string sql_;
  std::vector<std::string> names_;
};

/// `500ms`, `2s`, `1min`, or milliseconds without a unit, as PostgreSQL spells timeouts.
std::chrono::milliseconds parse_timeout(const std::string& text) {
  std::size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  const std::string unit = lower_case(text.substr(digits));
  const std::pair<const char*, int> units[] = {
      {"", 1}, {"ms", 1}, {"s", 1000}, {"min", 60'000}, {"h", 3'600'000}};
  for (const auto& [name, factor] : units) {
    if (digits > 0 && digits < 10 && unit == name) {
      return std::chrono::milliseconds(std::stoll(text.substr(0, digits)) * factor);
    }
  }
  throw Error(ErrorKind::usage, "\"" + text + "\" is not a timeout", {},
              "write it as 500ms, 2s or 1min");
}

class SqliteConnection : public Connection {
 public:
  SqliteConnection(const std::string& path, const ConnectOptions& options)
      : name_(path == ":memory:" ? path : std::filesystem::path(path).filename().string()) {
    if (!options.lock_timeout.empty()) patience_ = parse_timeout(options.lock_timeout);
    if (!options.statement_timeout.empty()) limit_ = parse_timeout(options.statement_timeout);
    const int code =
        sqlite3_open_v2(path.c_str(), &handle_,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    try {
      if (code != SQLITE_OK) fail(handle_, "");
      sqlite3_extended_result_codes(handle_, 1);
      sqlite3_busy_handler(handle_, &SqliteConnection::busy, this);
      execute("PRAGMA foreign_keys = ON; PRAGMA legacy_alter_table = OFF");
      // Text in double quotes is a name and nothing else.
      sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
      sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
    } catch (...) {
      sqlite3_close_v2(handle_);
      throw;
    }
  }
  ~SqliteConnection() override {
    cache_.clear();
    sqlite3_close_v2(handle_);
  }

  void execute(std::string_view sql) override {
    const Watch watch(*this);
    const char* at = sql.data();
    const char* const end = sql.data() + sql.size();
    while (at < end) {
      const char* tail = nullptr;
      sqlite3_stmt* raw = nullptr;
      if (sqlite3_prepare_v3(handle_, at, static_cast<int>(end - at), 0, &raw, &tail) !=
          SQLITE_OK) {
        fail(handle_, std::string_view(at, static_cast<std::size_t>(end - at)));
      }
      const StatementPtr statement(raw);
      const std::string_view text(at, static_cast<std::size_t>(tail - at));
      at = tail;
      if (!statement) continue;
      int code = SQLITE_ROW;
      while (code == SQLITE_ROW) code = sqlite3_step(statement.get());
      if (code != SQLITE_DONE) fail(handle_, text);
    }
  }

  std::int64_t execute(std::string_view sql, std::span<const Value> parameters) override {
    const Watch watch(*this);
    const Borrowed statement(*this, sql, parameters);
    int code = SQLITE_ROW;
    while (code == SQLITE_ROW) code = sqlite3_step(statement.get());
    if (code != SQLITE_DONE) fail(handle_, sql);
    return sqlite3_changes64(handle_);
  }

  Rows query(std::string_view sql, std::span<const Value> parameters) override {
    const Watch watch(*this);
    const Borrowed statement(*this, sql, parameters);
    Rows rows{.columns = column_names(statement.get())};
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(statement.get())) == SQLITE_ROW) {
      fill_row(statement.get(), rows.rows.emplace_back());
    }
    if (code != SQLITE_DONE) fail(handle_, sql);
    return rows;
  }

  std::unique_ptr<Cursor> cursor(std::string_view sql, std::span<const Value> parameters) override {
    StatementPtr statement = prepare(sql, 0);
    bind(statement.get(), sql, parameters);
    return std::make_unique<SqliteCursor>(handle_, std::move(statement), std::string(sql));
  }

  bool in_transaction() const override { return sqlite3_get_autocommit(handle_) == 0; }
  bool alive() const override { return true; }
  std::string display_name() const override { return name_; }
  int server_version() const override { return sqlite3_libversion_number(); }
  void on_progress(std::function<void()> tick) override { tick_ = std::move(tick); }

 private:
  /// Watches over the statements of one call: progress and the statement timeout.
  class Watch {
   public:
    explicit Watch(SqliteConnection& connection) : connection_(connection) {
      const bool wanted = connection.tick_ || connection.limit_.count() > 0;
      if (!wanted) return;
      connection.started_ = connection.last_tick_ = Clock::now();
      sqlite3_progress_handler(connection.handle_, 10'000, &SqliteConnection::progress,
                               &connection);
    }
    ~Watch() { sqlite3_progress_handler(connection_.handle_, 0, nullptr, nullptr); }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    SqliteConnection& connection_;
  };

  static int progress(void* self) {
    auto& connection = *static_cast<SqliteConnection*>(self);
    const Clock::time_point now = Clock::now();
    if (connection.limit_.count() > 0 && now - connection.started_ > connection.limit_) return 1;
    if (connection.tick_ && now - connection.last_tick_ > std::chrono::milliseconds(200)) {
      connection.last_tick_ = now;
      try {
        connection.tick_();
      } catch (const std::exception&) {
        return 1;  // no exception may cross the library
      }
    }
    return 0;
  }

  /// Waits for another process's lock: short naps, so that twenty waiting ones all get their turn.
  static int busy(void* self, int attempt) {
    auto& connection = *static_cast<SqliteConnection*>(self);
    const Clock::time_point now = Clock::now();
    if (attempt == 0) connection.busy_since_ = now;
    if (now - connection.busy_since_ >= connection.patience_) return 0;
    std::this_thread::sleep_for(std::chrono::milliseconds(std::min(1 + attempt, 20)));
    return 1;
  }

  StatementPtr prepare(std::string_view sql, unsigned flags) const {
    sqlite3_stmt* raw = nullptr;
    if (sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), flags, &raw,
                           nullptr) != SQLITE_OK) {
      fail(handle_, sql);
    }
    if (!raw) throw DatabaseError("the statement is empty", {}, std::string(sql));
    return StatementPtr(raw);
  }

  void bind(sqlite3_stmt* statement, std::string_view sql,
            std::span<const Value> parameters) const {
    const int wanted = sqlite3_bind_parameter_count(statement);
    if (wanted != static_cast<int>(parameters.size())) {
      throw DatabaseError("the statement takes " + std::to_string(wanted) + " parameters, " +
                              std::to_string(parameters.size()) + " were given",
                          {}, std::string(sql));
    }
    for (int i = 0; i < wanted; ++i) {
      if (std::visit(Bind{statement, i + 1}, parameters[static_cast<std::size_t>(i)]) !=
          SQLITE_OK) {
        fail(handle_, sql);
      }
    }
  }

  /// A prepared statement taken out of the cache while it runs, and put back reset.
  class Borrowed {
   public:
    Borrowed(SqliteConnection& connection, std::string_view sql, std::span<const Value> parameters)
        : connection_(connection), sql_(sql) {
      const auto at = connection.index_.find(sql_);
      if (at != connection.index_.end()) {
        statement_ = std::move(at->second->second);
        connection.cache_.erase(at->second);
        connection.index_.erase(at);
      } else {
        statement_ = connection.prepare(sql, SQLITE_PREPARE_PERSISTENT);
      }
      connection.bind(statement_.get(), sql, parameters);
    }
    ~Borrowed() {
      sqlite3_reset(statement_.get());
      sqlite3_clear_bindings(statement_.get());
      if (connection_.index_.contains(sql_)) return;
      connection_.cache_.emplace_front(sql_, std::move(statement_));
      connection_.index_[sql_] = connection_.cache_.begin();
      if (connection_.cache_.size() <= 64) return;
      connection_.index_.erase(connection_.cache_.back().first);
      connection_.cache_.pop_back();
    }
    Borrowed(const Borrowed&) = delete;
    Borrowed& operator=(const Borrowed&) = delete;
    sqlite3_stmt* get() const { return statement_.get(); }

   private:
    SqliteConnection& connection_;
    std::string sql_;
    StatementPtr statement_{};
  };

  using Cache = std::list<std::pair<std::string, StatementPtr>>;
  std::string name_;
  sqlite3* handle_ = nullptr;
  std::chrono::milliseconds patience_{5000};
  std::chrono::milliseconds limit_{0};
  std::function<void()> tick_{};
  Clock::time_point started_{};
  Clock::time_point last_tick_{};
  Clock::time_point busy_since_{};
  Cache cache_{};  ///< most recently used first
  std::unordered_map<std::string, Cache::iterator> index_{};
};

}  // namespace

std::unique_ptr<Connection> connect(const std::string& path, const ConnectOptions& options) {
  try {
    return std::make_unique<SqliteConnection>(path, options);
  } catch (const DatabaseError& error) {
    throw DatabaseError("cannot open the database file " + path + ": " + error.what(),
                        error.details(), "");
  }
}

}  // namespace turnstone::sqlite
