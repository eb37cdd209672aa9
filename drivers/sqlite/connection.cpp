#include <sqlite3.h>
#include <turnstone/error.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <chrono>
#include <list>
#include <random>
#include <thread>
#include <unordered_map>

#include "sqlite/dialect.h"
#include "sqlite/sqlite.h"

namespace turnstone::sqlite {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Prepared = std::unique_ptr<sqlite3_stmt, Finalize>;

struct Close {
  // Statements that are still held keep the session as a zombie until they go.
  void operator()(sqlite3* session) const { sqlite3_close_v2(session); }
};

DatabaseErrorKind kind_of(int code) {
  switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return DatabaseErrorKind::unique;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return DatabaseErrorKind::foreign_key;
    case SQLITE_CONSTRAINT_NOTNULL:
      return DatabaseErrorKind::not_null;
    case SQLITE_CONSTRAINT_CHECK:
      return DatabaseErrorKind::check;
    case SQLITE_BUSY_SNAPSHOT:
      return DatabaseErrorKind::serialization;
    default:
      break;
  }
  const int primary = code & 0xff;
  return primary == SQLITE_BUSY || primary == SQLITE_LOCKED ? DatabaseErrorKind::lock_timeout
                                                            : DatabaseErrorKind::other;
}

/// What SQLite's messages tell: `UNIQUE constraint failed: t.a, t.b` or `index 'name'`,
/// `NOT NULL constraint failed: t.a`, `CHECK constraint failed: name`.
DatabaseError::Details details_of(int code, const std::string& message) {
  DatabaseError::Details details{.kind = kind_of(code), .sqlstate = std::to_string(code)};
  const std::string_view mark = " constraint failed: ";
  const std::size_t at = message.find(mark);
  if (at == std::string::npos) return details;
  const std::string subject = message.substr(at + mark.size());
  if (subject.starts_with("index '") && subject.ends_with("'")) {
    details.constraint = subject.substr(7, subject.size() - 8);
  } else if (details.kind == DatabaseErrorKind::check) {
    details.constraint = subject;
  } else if (details.kind == DatabaseErrorKind::unique ||
             details.kind == DatabaseErrorKind::not_null) {
    const std::string first = subject.substr(0, subject.find(", "));
    const std::size_t dot = first.rfind('.');
    details.table = first.substr(0, dot);
    if (dot != std::string::npos && first == subject) details.column = first.substr(dot + 1);
  }
  return details;
}

/// How long `text`, a duration in PostgreSQL's spelling, is: a number, then `us`, `ms`, `s`, `min`,
/// `h` or `d`; milliseconds where no unit is given.
milliseconds duration_of(const std::string& text, const std::string& setting) {
  double number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string unit(end, text.data() + text.size());
  unit.erase(std::remove(unit.begin(), unit.end(), ' '), unit.end());
  static const std::vector<std::pair<std::string, double>> units = {
      {"us", 0.001}, {"", 1}, {"ms", 1}, {"s", 1e3}, {"min", 6e4}, {"h", 3.6e6}, {"d", 8.64e7}};
  const auto factor = std::find_if(units.begin(), units.end(),
                                   [&](const auto& known) { return known.first == unit; });
  if (problem != std::errc{} || factor == units.end() || !(number >= 0) || number > 1e9) {
    throw Error(ErrorKind::usage, setting + " \"" + text + "\" is no duration", {},
                "write a number and a unit, such as 500ms, 2s or 1min");
  }
  const double exact = number * factor->second;
  return milliseconds(exact > 0 && exact < 1 ? 1 : static_cast<std::int64_t>(exact));
}

/// The session with SQLite: what a connection and its cursors share.
class Session {
 public:
  Session(const std::string& path, std::optional<milliseconds> lock_timeout,
          milliseconds statement_timeout)
      : path_(path), lock_timeout_(lock_timeout), statement_timeout_(statement_timeout) {
    sqlite3* opened = nullptr;
    const int code =
        sqlite3_open_v2(path.c_str(), &opened,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    database_.reset(opened);
    if (code != SQLITE_OK) {
      const std::string why = opened ? sqlite3_errmsg(opened) : sqlite3_errstr(code);
      throw DatabaseError("cannot open the database file " + path + ": " + why,
                          details_of(code, {}), {});
    }
    sqlite3_extended_result_codes(opened, 1);
    sqlite3_busy_handler(opened, &Session::busy, this);
    // Text in double quotes is a name and nothing else.
    sqlite3_db_config(opened, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
    sqlite3_db_config(opened, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
    watch();
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() { cache_.clear(); }

  sqlite3* database() const { return database_.get(); }
  const std::string& path() const { return path_; }

  [[noreturn]] void fail(std::string_view sql) {
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    const int code = sqlite3_extended_errcode(database());
    std::string message = sqlite3_errmsg(database());
    if ((code & 0xff) == SQLITE_NOTADB) {  // what was asked for first has no part in it
      throw DatabaseError("cannot open the database file " + path_ + ": " + message,
                          details_of(code, message), {});
    }
    if (timed_out_) message = "the statement took longer than the statement timeout";
    std::replace(message.begin(), message.end(), '\n', ' ');
    throw DatabaseError(message, details_of(code, message), std::string(sql));
  }

  /// Compiles the first statement of `sql`; `rest` becomes what follows it. Empty for blank text.
  Prepared compile(std::string_view sql, std::string_view& rest, unsigned flags) {
    sqlite3_stmt* statement = nullptr;
    const char* tail = nullptr;
    begin_work();
    const int code = sqlite3_prepare_v3(database(), sql.data(), static_cast<int>(sql.size()), flags,
                                        &statement, &tail);
    if (code != SQLITE_OK) fail(sql);
    rest = sql.substr(static_cast<std::size_t>(tail - sql.data()));
    return Prepared(statement);
  }

  /// The statement for `sql`, from the cache or new. Empty for blank text.
  Prepared take(std::string_view sql) {
    const auto known = by_text_.find(std::string(sql));
    if (known != by_text_.end()) {
      Prepared statement = std::move(known->second->second);
      cache_.erase(known->second);
      by_text_.erase(known);
      return statement;
    }
    std::string_view rest;
    Prepared statement = compile(sql, rest, SQLITE_PREPARE_PERSISTENT);
    while (!rest.empty()) {
      std::string_view behind;
      if (compile(rest, behind, 0)) {
        throw DatabaseError("several statements where one is expected", {}, std::string(sql));
      }
      if (behind.size() == rest.size()) break;
      rest = behind;
    }
    return statement;
  }

  /// Puts a statement back for later use.
  void give_back(std::string_view sql, Prepared statement) {
    if (!statement) return;
    sqlite3_reset(statement.get());
    sqlite3_clear_bindings(statement.get());
    const std::string text(sql);
    // What has no parameters and writes is run once: changes of the schema above all.
    if (sqlite3_bind_parameter_count(statement.get()) == 0 &&
        sqlite3_stmt_readonly(statement.get()) == 0) {
      return;
    }
    if (by_text_.contains(text)) return;
    cache_.emplace_front(text, std::move(statement));
    by_text_[text] = cache_.begin();
    if (cache_.size() > cache_limit) {
      by_text_.erase(cache_.back().first);
      cache_.pop_back();
    }
  }

  /// True when there is a row.
  bool step(sqlite3_stmt* statement, std::string_view sql) {
    const int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) fail(sql);
    return false;
  }

  void begin_work() {
    waiting_since_.reset();
    started_ = Clock::now();
    timed_out_ = false;
  }

  void on_waiting(std::function<void()> told) { waiting_ = std::move(told); }

  void on_progress(std::function<void()> tick) {
    tick_ = std::move(tick);
    last_tick_ = Clock::now();
    watch();
  }

 private:
  static constexpr std::size_t cache_limit = 64;

  void watch() {
    const bool wanted = tick_ || statement_timeout_.count() > 0;
    sqlite3_progress_handler(database(), wanted ? 10000 : 0, wanted ? &Session::progress : nullptr,
                             this);
  }

  /// Each try waits for a short time that is chosen at random: of many that wait, one after the
  /// other gets its turn, and none sleeps past a lock that is free.
  static int busy(void* session, int) {
    Session& self = *static_cast<Session*>(session);
    const auto now = Clock::now();
    if (!self.waiting_since_) self.waiting_since_ = now;
    if (self.lock_timeout_ && now - *self.waiting_since_ >= *self.lock_timeout_) return 0;
    if (self.waiting_) std::exchange(self.waiting_, {})();
    thread_local std::minstd_rand random(std::random_device{}());
    std::this_thread::sleep_for(std::chrono::microseconds(500 + random() % 7000));
    return 1;
  }

  /// Anything but zero interrupts the statement.
  static int progress(void* session) {
    Session& self = *static_cast<Session*>(session);
    const auto now = Clock::now();
    if (self.statement_timeout_.count() > 0 && now - self.started_ > self.statement_timeout_) {
      self.timed_out_ = true;
      return 1;
    }
    if (!self.tick_ || now - self.last_tick_ < milliseconds(200)) return 0;
    self.last_tick_ = now;
    try {
      self.tick_();
      return 0;
    } catch (...) {
      self.failure_ = std::current_exception();  // not through SQLite's frames
      return 1;
    }
  }

  std::string path_;
  std::optional<milliseconds> lock_timeout_;  ///< nothing: for ever
  milliseconds statement_timeout_;            ///< zero: none
  std::unique_ptr<sqlite3, Close> database_{};
  std::list<std::pair<std::string, Prepared>> cache_{};  ///< last used first
  std::unordered_map<std::string, std::list<std::pair<std::string, Prepared>>::iterator> by_text_{};
  std::function<void()> tick_{};
  std::function<void()> waiting_{};
  Clock::time_point last_tick_{};
  Clock::time_point started_{};
  std::optional<Clock::time_point> waiting_since_{};
  bool timed_out_ = false;
  std::exception_ptr failure_{};
};

Value cell(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      return std::int64_t{sqlite3_column_int64(statement, column)};
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, column);
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      return std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
    }
    case SQLITE_BLOB: {
      const auto* bytes = static_cast<const std::byte*>(sqlite3_column_blob(statement, column));
      return Bytes(bytes, bytes + sqlite3_column_bytes(statement, column));
    }
    default:
      return std::monostate{};
  }
}

void read_cell(sqlite3_stmt* statement, int column, Cell& into) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      into.kind = Cell::Kind::integer;
      into.integer = sqlite3_column_int64(statement, column);
      return;
    case SQLITE_FLOAT:
      into.kind = Cell::Kind::real;
      into.real = sqlite3_column_double(statement, column);
      return;
    case SQLITE_TEXT: {
      into.kind = Cell::Kind::text;
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      into.bytes = {text, static_cast<std::size_t>(sqlite3_column_bytes(statement, column))};
      return;
    }
    case SQLITE_BLOB: {
      into.kind = Cell::Kind::bytes;
      const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, column));
      into.bytes = {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement, column))};
      return;
    }
    default:
      into.kind = Cell::Kind::null;
  }
}

/// A statement that runs, and goes back to the cache when it is over.
class Running {
 public:
  Running(std::shared_ptr<Session> session, std::string_view sql, std::span<const Value> parameters)
      : session_(std::move(session)), sql_(sql), statement_(session_->take(sql)) {
    session_->begin_work();
    const int wanted = statement_ ? sqlite3_bind_parameter_count(statement_.get()) : 0;
    if (static_cast<std::size_t>(wanted) != parameters.size()) {
      throw DatabaseError("the statement has " + std::to_string(wanted) + " places for " +
                              std::to_string(parameters.size()) + " parameters",
                          {}, sql_);
    }
    for (int i = 0; i < wanted; ++i) bind(i + 1, parameters[static_cast<std::size_t>(i)]);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() { session_->give_back(sql_, std::move(statement_)); }

  bool step() { return statement_ && session_->step(statement_.get(), sql_); }
  int columns() const { return statement_ ? sqlite3_column_count(statement_.get()) : 0; }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (int i = 0; i < columns(); ++i) {
      names.emplace_back(sqlite3_column_name(statement_.get(), i));
    }
    return names;
  }
  void read(std::vector<Value>& row) const {
    row.clear();
    for (int i = 0; i < columns(); ++i) row.push_back(cell(statement_.get(), i));
  }
  void read(std::vector<Cell>& row) const {
    for (std::size_t i = 0; i < row.size(); ++i) {
      read_cell(statement_.get(), static_cast<int>(i), row[i]);
    }
  }

 private:
  void bind(int position, const Value& given) {
    const bool plain = given.index() == 0 || std::holds_alternative<std::int64_t>(given) ||
                       std::holds_alternative<double>(given) ||
                       std::holds_alternative<std::string>(given) ||
                       std::holds_alternative<Bytes>(given);
    if (plain) {
      bind_bare(position, given);
    } else {
      bind_bare(position, bare(given));
    }
  }
  void bind_bare(int position, const Value& value) {
    int code = SQLITE_OK;
    if (is_null(value)) {
      code = sqlite3_bind_null(statement_.get(), position);
    } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
      code = sqlite3_bind_int64(statement_.get(), position, *number);
    } else if (const auto* real = std::get_if<double>(&value)) {
      code = sqlite3_bind_double(statement_.get(), position, *real);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      code = sqlite3_bind_text64(statement_.get(), position, text->data(), text->size(),
                                 SQLITE_TRANSIENT, SQLITE_UTF8);
    } else {
      const Bytes& bytes = std::get<Bytes>(value);
      // A null pointer would bind NULL.
      code = sqlite3_bind_blob64(statement_.get(), position,
                                 bytes.empty() ? static_cast<const void*>("") : bytes.data(),
                                 bytes.size(), SQLITE_TRANSIENT);
    }
    if (code != SQLITE_OK) session_->fail(sql_);
  }

  std::shared_ptr<Session> session_;
  std::string sql_;
  Prepared statement_;
};

class SqliteCursor final : public Cursor {
 public:
  SqliteCursor(const std::shared_ptr<Session>& session, std::string_view sql,
               std::span<const Value> parameters)
      : running_(session, sql, parameters), columns_(running_.names()) {}
  bool next(std::vector<Value>& row) override {
    if (ended_) return false;
    ended_ = !running_.step();
    if (ended_) return false;
    running_.read(row);
    return true;
  }
  const std::vector<std::string>& columns() const override { return columns_; }

 private:
  Running running_;
  std::vector<std::string> columns_;
  bool ended_ = false;
};

/// Cells straight from the statement.
class SqliteReader final : public CellReader {
 public:
  SqliteReader(const std::shared_ptr<Session>& session, std::string_view sql,
               std::span<const Value> parameters)
      : running_(session, sql, parameters), cells_(static_cast<std::size_t>(running_.columns())) {}
  bool next() override {
    if (!running_.step()) return false;
    // A change of the schema may have compiled the statement again.
    cells_.resize(static_cast<std::size_t>(running_.columns()));
    running_.read(cells_);
    return true;
  }
  std::span<const Cell> row() const override { return cells_; }

 private:
  Running running_;
  std::vector<Cell> cells_;
};

class SqliteConnection final : public Connection {
 public:
  explicit SqliteConnection(std::shared_ptr<Session> session) : session_(std::move(session)) {}

  void execute(std::string_view sql) override {
    while (!sql.empty()) {
      std::string_view rest;
      const Prepared statement = session_->compile(sql, rest, 0);
      if (statement) {
        const std::string_view text = sql.substr(0, sql.size() - rest.size());
        session_->begin_work();
        while (session_->step(statement.get(), text)) {
        }
      }
      if (rest.size() == sql.size()) break;
      sql = rest;
    }
  }
  std::int64_t execute(std::string_view sql, std::span<const Value> parameters) override {
    Running running(session_, sql, parameters);
    // What is no INSERT, UPDATE or DELETE leaves both counters as they are.
    const std::int64_t before = sqlite3_total_changes64(session_->database());
    while (running.step()) {
    }
    const bool changed = sqlite3_total_changes64(session_->database()) != before;
    return changed ? sqlite3_changes64(session_->database()) : 0;
  }
  Rows query(std::string_view sql, std::span<const Value> parameters) override {
    Running running(session_, sql, parameters);
    Rows result;
    while (running.step()) running.read(result.rows.emplace_back());
    // Read last: a statement prepared before a change of the schema is compiled again on its start.
    result.columns = running.names();
    return result;
  }
  std::unique_ptr<Cursor> cursor(std::string_view sql, std::span<const Value> parameters) override {
    return std::make_unique<SqliteCursor>(session_, sql, parameters);
  }
  std::unique_ptr<CellReader> read(std::string_view sql, std::span<const Value> parameters,
                                   bool) override {
    return std::make_unique<SqliteReader>(session_, sql, parameters);
  }
  std::int64_t last_row_id() const override {
    return sqlite3_last_insert_rowid(session_->database());
  }
  bool in_transaction() const override { return sqlite3_get_autocommit(session_->database()) == 0; }
  bool alive() const override { return true; }
  std::string display_name() const override {
    const std::string& path = session_->path();
    return path == ":memory:" ? path : std::filesystem::path(path).filename().string();
  }
  int server_version() const override { return sqlite3_libversion_number(); }
  void on_waiting(std::function<void()> told) override { session_->on_waiting(std::move(told)); }
  void on_progress(std::function<void()> tick) override { session_->on_progress(std::move(tick)); }

 private:
  std::shared_ptr<Session> session_;
};

}  // namespace

std::unique_ptr<Connection> connect(const std::string& path, const ConnectOptions& options) {
  std::optional<milliseconds> lock_timeout = milliseconds(5000);
  if (!options.lock_timeout.empty()) {
    lock_timeout = duration_of(options.lock_timeout, "lock_timeout");
    if (lock_timeout->count() == 0) lock_timeout.reset();
  }
  const milliseconds statement_timeout =
      options.statement_timeout.empty()
          ? milliseconds(0)
          : duration_of(options.statement_timeout, "statement_timeout");
  auto connection = std::make_unique<SqliteConnection>(
      std::make_shared<Session>(path, lock_timeout, statement_timeout));
  connection->execute("PRAGMA foreign_keys = ON");
  connection->execute("PRAGMA legacy_alter_table = OFF");
  return connection;
}

void count_no_memory() { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }

}  // namespace turnstone::sqlite
