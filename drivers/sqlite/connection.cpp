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
#include "sqlite/functions.h"
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
    add_functions(opened);
    watch();
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() = default;

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

  /// A compiled statement that is kept for the next time.
  struct Known {
    std::string sql{};
    Prepared statement{};
    bool running = false;
  };

  /// The statement for `sql`, from the cache or new, until `give_back`. nullptr for what is not
  /// kept: blank text, what has no parameters and writes (changes of the schema above all), and
  /// what runs at this moment; then `own` is it.
  Known* take(std::string_view sql, Prepared& own) {
    const auto known = by_text_.find(sql);
    if (known != by_text_.end() && !known->second->running) {
      cache_.splice(cache_.begin(), cache_, known->second);
      cache_.front().running = true;
      return &cache_.front();
    }
    own = compile_one(sql);
    const bool kept =
        own && known == by_text_.end() &&
        (sqlite3_bind_parameter_count(own.get()) > 0 || sqlite3_stmt_readonly(own.get()) != 0);
    if (!kept) return nullptr;
    cache_.push_front({std::string(sql), std::move(own), true});
    by_text_[cache_.front().sql] = cache_.begin();
    trim();
    return &cache_.front();
  }

  /// Puts a statement back for later use.
  void give_back(Known& known) {
    sqlite3_reset(known.statement.get());
    sqlite3_clear_bindings(known.statement.get());
    known.running = false;
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
    if (statement_timeout_.count() > 0) started_ = Clock::now();
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

  Prepared compile_one(std::string_view sql) {
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

  /// Drops what was not used for longest.
  void trim() {
    for (auto at = cache_.end(); cache_.size() > cache_limit && at != cache_.begin();) {
      if ((--at)->running) continue;
      by_text_.erase(at->sql);
      at = cache_.erase(at);
    }
  }

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
  std::list<Known> cache_{};  ///< last used first
  std::unordered_map<std::string_view, std::list<Known>::iterator> by_text_{};
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

/// Asks the value itself: one look-up of the column for all that is wanted of it.
void read_cell(sqlite3_stmt* statement, int column, Cell& into) {
  sqlite3_value* value = sqlite3_column_value(statement, column);
  switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
      into.kind = Cell::Kind::integer;
      into.integer = sqlite3_value_int64(value);
      return;
    case SQLITE_FLOAT:
      into.kind = Cell::Kind::real;
      into.real = sqlite3_value_double(value);
      return;
    case SQLITE_TEXT: {
      into.kind = Cell::Kind::text;
      const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
      into.bytes = {text, static_cast<std::size_t>(sqlite3_value_bytes(value))};
      return;
    }
    case SQLITE_BLOB: {
      into.kind = Cell::Kind::bytes;
      const auto* bytes = static_cast<const char*>(sqlite3_value_blob(value));
      into.bytes = {bytes, static_cast<std::size_t>(sqlite3_value_bytes(value))};
      return;
    }
    default:
      into.kind = Cell::Kind::null;
  }
}

/// How long the parameters of a statement stay where they are: until it is over, or until it has
/// begun.
enum class Stay { to_the_end, to_the_beginning };

/// A statement that runs, and goes back to the cache when it is over.
class Running {
 public:
  template <class Parameter>
  Running(std::shared_ptr<Session> session, std::string_view sql,
          std::span<const Parameter> parameters, Stay stay)
      : session_(std::move(session)),
        own_(),
        known_(session_->take(sql, own_)),
        statement_(known_ ? known_->statement.get() : own_.get()),
        stay_(stay == Stay::to_the_end ? SQLITE_STATIC : SQLITE_TRANSIENT) {
    if (!known_) own_sql_ = sql;
    session_->begin_work();
    const int wanted = statement_ ? sqlite3_bind_parameter_count(statement_) : 0;
    try {
      if (static_cast<std::size_t>(wanted) != parameters.size()) {
        throw DatabaseError("the statement has " + std::to_string(wanted) + " places for " +
                                std::to_string(parameters.size()) + " parameters",
                            {}, std::string(sql));
      }
      for (int i = 0; i < wanted; ++i) bind(i + 1, parameters[static_cast<std::size_t>(i)]);
    } catch (...) {
      if (known_) session_->give_back(*known_);
      throw;
    }
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    if (known_) session_->give_back(*known_);
  }

  bool step() { return statement_ && session_->step(statement_, sql()); }
  int columns() const { return statement_ ? sqlite3_column_count(statement_) : 0; }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (int i = 0; i < columns(); ++i) {
      names.emplace_back(sqlite3_column_name(statement_, i));
    }
    return names;
  }
  void read(std::vector<Value>& row) const {
    row.clear();
    for (int i = 0; i < columns(); ++i) row.push_back(cell(statement_, i));
  }
  void read(std::vector<Cell>& row) const {
    for (std::size_t i = 0; i < row.size(); ++i) {
      read_cell(statement_, static_cast<int>(i), row[i]);
    }
  }

 private:
  std::string_view sql() const { return known_ ? known_->sql : own_sql_; }

  /// Text that is made here is gone before the statement runs.
  void bind_made(int position, const Value& made) {
    const auto stay = std::exchange(stay_, SQLITE_TRANSIENT);
    bind(position, cell_of(made));
    stay_ = stay;
  }
  void bind(int position, const Value& value) { bind(position, cell_of(value)); }
  void bind(int position, const Cell& cell) {
    int code = SQLITE_OK;
    switch (cell.kind) {
      case Cell::Kind::null:
        code = sqlite3_bind_null(statement_, position);
        break;
      case Cell::Kind::boolean:
      case Cell::Kind::integer:
        code = sqlite3_bind_int64(statement_, position, cell.integer);
        break;
      case Cell::Kind::real:
        code = sqlite3_bind_double(statement_, position, cell.real);
        break;
      case Cell::Kind::text:
        code = sqlite3_bind_text64(statement_, position, not_null(cell.bytes), cell.bytes.size(),
                                   stay_, SQLITE_UTF8);
        break;
      case Cell::Kind::bytes:
        code = sqlite3_bind_blob64(statement_, position, not_null(cell.bytes), cell.bytes.size(),
                                   stay_);
        break;
      default:
        bind_made(position, bare(value_of(cell)));
        return;
    }
    if (code != SQLITE_OK) session_->fail(sql());
  }
  // A null pointer would bind NULL.
  static const char* not_null(std::string_view bytes) { return bytes.empty() ? "" : bytes.data(); }

  std::shared_ptr<Session> session_;
  Prepared own_{};
  std::string own_sql_{};
  Session::Known* known_;
  sqlite3_stmt* statement_;
  sqlite3_destructor_type stay_;
};

class SqliteCursor final : public Cursor {
 public:
  SqliteCursor(const std::shared_ptr<Session>& session, std::string_view sql,
               std::span<const Value> parameters)
      : running_(session, sql, parameters, Stay::to_the_beginning), columns_(running_.names()) {}
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
      : running_(session, sql, parameters, Stay::to_the_beginning),
        cells_(static_cast<std::size_t>(running_.columns())) {}
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
    return run(sql, parameters);
  }
  std::int64_t execute_cells(std::string_view sql, std::span<const Cell> parameters) override {
    return run(sql, parameters);
  }
  Rows query(std::string_view sql, std::span<const Value> parameters) override {
    Running running(session_, sql, parameters, Stay::to_the_end);
    Rows result;
    while (running.step()) running.read(result.rows.emplace_back());
    // Read last: a statement prepared before a change of the schema is compiled again on its start.
    result.columns = running.names();
    return result;
  }
  std::unique_ptr<Cursor> cursor(std::string_view sql, std::span<const Value> parameters) override {
    return std::make_unique<SqliteCursor>(session_, sql, parameters);
  }
  std::unique_ptr<CellReader> read(std::string_view sql, std::span<const Value> parameters, bool,
                                   std::span<const Field* const>) override {
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
  template <class Parameter>
  std::int64_t run(std::string_view sql, std::span<const Parameter> parameters) {
    Running running(session_, sql, parameters, Stay::to_the_end);
    // What is no INSERT, UPDATE or DELETE leaves both counters as they are.
    const std::int64_t before = sqlite3_total_changes64(session_->database());
    while (running.step()) {
    }
    const bool changed = sqlite3_total_changes64(session_->database()) != before;
    return changed ? sqlite3_changes64(session_->database()) : 0;
  }

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
