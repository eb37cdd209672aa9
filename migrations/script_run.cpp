#include "script_run.h"

#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/match.h>

#include <thread>
#include <utility>

#include "bookkeeping.h"

namespace turnstone::migrations {
namespace {

/// Session settings of a script: they come back when it ends, after any rollback. Not entered by
/// the constructor, since half a constructor has no destructor.
class Session {
 public:
  Session(Connection& connection, const Script& script)
      : connection_(connection), script_(script) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() {
    if (!entered_) return;
    for (const std::string& setting : script_.teardown) {
      try {
        if (connection_.alive()) connection_.execute(setting);
      } catch (const std::exception&) {
        // The error that brought us here is the one to tell.
      }
    }
  }
  void enter() {
    entered_ = true;
    for (const std::string& setting : script_.setup) connection_.execute(setting);
  }
  void leave() {
    for (const std::string& setting : script_.teardown) connection_.execute(setting);
    entered_ = false;
  }

 private:
  Connection& connection_;
  const Script& script_;
  bool entered_ = false;
};

/// Tells the reporter while a statement runs.
class Progress {
 public:
  Progress(Connection& connection, std::function<void()> tick) : connection_(connection) {
    connection_.on_progress(std::move(tick));
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() {
    try {
      connection_.on_progress({});
    } catch (const std::exception&) {
      // Nothing depends on it.
    }
  }

 private:
  Connection& connection_;
};

/// SQL on one line, cut where it is long.
std::string one_line(const std::string& sql) {
  constexpr std::size_t max_bytes = 300;
  std::string line;
  for (const char c : sql) {
    const bool blank = c == '\n' || c == '\r' || c == '\t' || c == ' ';
    if (!blank) {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
    if (line.size() >= max_bytes && (c & 0xC0) != 0x80) return line + " ...";
  }
  return line;
}

/// What an item is, for the digest of a beginning of a script.
struct ItemText {
  std::string operator()(const Statement& s) const {
    std::string text = "statement\n" + s.sql;
    for (const Value& value : s.parameters) text += "\n" + match(value, *this);
    return text;
  }
  std::string operator()(const CodeCall& c) const { return "function\n" + c.function; }
  std::string operator()(const Procedure& p) const { return "procedure\n" + p.comment; }

  std::string operator()(std::monostate) const { return "null"; }
  std::string operator()(bool flag) const { return flag ? "true" : "false"; }
  std::string operator()(std::int64_t number) const { return std::to_string(number); }
  std::string operator()(double number) const { return Json::of(number).text(); }
  std::string operator()(const std::string& text) const { return "text " + text; }
  std::string operator()(const Bytes& bytes) const { return "bytes " + to_hex(bytes); }
  std::string operator()(const Decimal& number) const { return number.text(); }
  std::string operator()(const Uuid& id) const { return id.text(); }
  std::string operator()(const Date& date) const { return turnstone::to_text(date); }
  std::string operator()(const Time& time) const { return turnstone::to_text(time); }
  std::string operator()(const DateTime& time) const { return turnstone::to_text(time); }
  std::string operator()(const Duration& span) const { return turnstone::to_text(span); }
  std::string operator()(const Json& json) const { return json.text(); }
};

std::string sql_of(const ScriptItem& item) {
  const auto* statement = std::get_if<Statement>(&item.item);
  return statement ? statement->sql : std::string();
}

std::string with_statement(const std::string& place, const std::string& sql) {
  return sql.empty() ? place : place + ": " + one_line(sql);
}

/// The same error and type, with the place it comes from.
[[noreturn]] void rethrow_at(const Error& error, const std::string& place) {
  const std::string where = error.where().empty() ? place : place + ": " + error.where();
  if (const auto* database = dynamic_cast<const DatabaseError*>(&error)) {
    DatabaseError placed(database->what(), database->details(), database->statement());
    placed.at(where).advise(database->hint());
    throw placed;
  }
  throw Error(error.kind(), error.what(), where, error.hint());
}

}  // namespace

namespace {

/// Tells the reporter as soon as a statement waits for another process; once.
class Waiting {
 public:
  /// `at_once`: not only when an attempt has failed.
  Waiting(Connection& connection, Reporter& reporter, bool at_once)
      : connection_(connection), reporter_(reporter) {
    if (at_once) connection_.on_waiting([this] { tell(); });
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() {
    try {
      connection_.on_waiting({});
    } catch (const std::exception&) {
      // Nothing depends on it.
    }
  }
  void tell() {
    if (std::exchange(told_, true)) return;
    try {
      reporter_.waiting_for_lock();
    } catch (const std::exception&) {
      // Not through the frames of a database's library, and not worth a failure.
    }
  }

 private:
  Connection& connection_;
  Reporter& reporter_;
  bool told_ = false;
};

}  // namespace

void patiently(const std::function<void()>& attempt, Connection& connection, const Dialect& dialect,
               const std::optional<std::chrono::milliseconds>& timeout, Reporter& reporter) {
  const auto start = std::chrono::steady_clock::now();
  Waiting waiting(connection, reporter, timeout != std::chrono::milliseconds(0));
  while (true) {
    try {
      return attempt();
    } catch (const DatabaseError& error) {
      if (dialect.features().advisory_locks || connection.in_transaction() ||
          error.database_kind() != DatabaseErrorKind::lock_timeout) {
        throw;
      }
      if (timeout && std::chrono::steady_clock::now() - start >= *timeout) {
        throw Error(ErrorKind::locked,
                    "another process is writing to database " + connection.display_name(), {},
                    "run it again later, or wait longer with --lock-timeout");
      }
    }
    waiting.tell();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

std::vector<std::string> progress_digests(const Script& script) {
  std::vector<std::string> digests(1);
  for (const Batch& batch : script.batches) {
    for (const ScriptItem& item : batch.items) {
      digests.push_back(sha256_hex(digests.back() + match(item.item, ItemText{})));
    }
  }
  return digests;
}

bool ScriptRun::execute() {
  const Script& script = compiled_.script;
  Session session(with_.connection, script);
  session.enter();
  const bool one = script.batches.size() == 1 && script.batches.front().transactional;
  if (!(one ? in_one_transaction(script.batches.front()) : batch_by_batch())) return false;
  outcome_ = Outcome::applied;
  session.leave();
  return true;
}

bool ScriptRun::in_one_transaction(const Batch& batch) {
  std::optional<Transaction> transaction;
  begin(transaction);
  if (hooks_.still_wanted && !hooks_.still_wanted()) return false;
  for (const ScriptItem& item : batch.items) run(item, true);
  commit(*transaction);
  return true;
}

bool ScriptRun::batch_by_batch() {
  const std::vector<Batch>& batches = compiled_.script.batches;
  digests_ = progress_digests(compiled_.script);
  adopt_journal();
  std::size_t first = 0;
  for (const Batch& batch : batches) {
    const bool last = &batch == &batches.back();
    const std::size_t end = first + batch.items.size();
    const bool wanted = end <= done_          ? true
                        : batch.transactional ? transactional_batch(batch, first, last)
                                              : bare_batch(batch, first);
    if (!wanted) return false;
    first = end;
  }
  return true;
}

bool ScriptRun::transactional_batch(const Batch& batch, std::size_t first, bool last) {
  std::optional<Transaction> transaction;
  begin(transaction);
  if (hooks_.still_wanted && !hooks_.still_wanted()) return false;
  adopt_journal();
  if (done_ >= first + batch.items.size()) return true;  // another process, just now
  if (last) {
    const Statement clear = journal::clear(compiled_.migration->id, with_.dialect);
    with_.connection.execute(clear.sql, clear.parameters);
  }
  for (const ScriptItem& item : batch.items) run(item, true);
  if (!last) write_journal(first + batch.items.size());
  commit(*transaction);
  done_ = first + batch.items.size();
  outcome_ = Outcome::partly_applied;
  return true;
}

bool ScriptRun::bare_batch(const Batch& batch, std::size_t first) {
  if (hooks_.still_wanted && !hooks_.still_wanted()) return false;
  for (std::size_t i = 0; i < batch.items.size(); ++i) {
    if (first + i < done_) continue;
    // What fails outside of a transaction may have left something behind.
    outcome_ = Outcome::partly_applied;
    run(batch.items[i], false);
    write_journal(first + i + 1);
    done_ = first + i + 1;
  }
  return true;
}

void ScriptRun::begin(std::optional<Transaction>& transaction) {
  try {
    patiently([&] { transaction.emplace(with_.connection, with_.dialect.begin()); },
              with_.connection, with_.dialect, hooks_.lock_timeout, with_.reporter);
  } catch (const Error& error) {
    rethrow_at(error, compiled_.migration->id.text());
  }
}

void ScriptRun::commit(Transaction& transaction) {
  try {
    transaction.commit();
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::in_doubt) outcome_ = Outcome::in_doubt;
    rethrow_at(error, compiled_.migration->id.text() + ", at the end: COMMIT");
  }
}

bool ScriptRun::rows_are_in_the_way(const DatabaseError& error, const ScriptItem& item) const {
  if (item.operation == ScriptItem::npos) return false;
  const OperationVariant& operation = compiled_.migration->operations[item.operation].value;
  if (std::holds_alternative<RunSQL>(operation) || std::holds_alternative<RunCpp>(operation)) {
    return false;
  }
  switch (error.database_kind()) {
    case DatabaseErrorKind::unique:
    case DatabaseErrorKind::foreign_key:
    case DatabaseErrorKind::not_null:
    case DatabaseErrorKind::check:
    case DatabaseErrorKind::exclusion:
      return true;
    default:
      break;
  }
  // Class 22 of SQLSTATE: a value that a type cannot hold.
  return error.details().sqlstate.size() == 5 && error.details().sqlstate.starts_with("22");
}

void ScriptRun::run(const ScriptItem& item, bool in_transaction) {
  const std::string where = place(item.operation);
  try {
    perform(item);
  } catch (const DatabaseError& error) {
    const std::string sql = sql_of(item).empty() ? error.statement() : sql_of(item);
    DatabaseError advised = error;
    if (rows_are_in_the_way(error, item)) {
      advised.advise("change such rows first, with RunSQL or RunCpp before this operation");
    }
    rethrow_at(advised, with_statement(where, sql));
  } catch (const Error& error) {
    rethrow_at(error, with_statement(where, sql_of(item)));
  } catch (const std::exception& error) {
    throw Error(ErrorKind::unsupported, error.what(), where);
  }
  if (in_transaction && !with_.connection.in_transaction()) {
    outcome_ = Outcome::partly_applied;
    throw Error(ErrorKind::unsupported, "the migration's transaction was ended inside of it",
                with_statement(where, sql_of(item)),
                "what came before it is done and not recorded; a migration that controls "
                "transactions itself needs \"atomic\": false");
  }
}

void ScriptRun::perform(const ScriptItem& item) {
  const auto* statement = std::get_if<Statement>(&item.item);
  std::optional<Progress> progress;
  std::optional<Statement> row;
  if (std::holds_alternative<CodeCall>(item.item) || (statement && statement->scans_rows)) {
    const std::string what = item.operation == ScriptItem::npos
                                 ? compiled_.migration->id.text()
                                 : describe(compiled_.migration->operations[item.operation]);
    Reporter& reporter = with_.reporter;
    progress.emplace(with_.connection, [what, &reporter] { reporter.progress(what); });
  }
  if (statement) {
    // The last one of all records the migration.
    const bool records = &item == &compiled_.script.batches.back().items.back();
    const Statement& sent =
        records && hooks_.row ? row.emplace(hooks_.row(*statement)) : *statement;
    with_.reporter.step(sent.sql);
    with_.connection.execute(sent.sql, sent.parameters);
  } else if (const auto* call = std::get_if<CodeCall>(&item.item)) {
    const MigrationFunction* function = with_.functions.find(call->function);
    if (!function) {
      throw Error(ErrorKind::unsupported,
                  "this executable has no function \"" + call->function + "\"", {},
                  did_you_mean(call->function, with_.functions.names()));
    }
    with_.reporter.step("function " + call->function);
    MigrationContext context(compiled_.states.at(item.operation), with_.connection, with_.dialect,
                             &with_.functions);
    (*function)(context);
  } else {
    const auto& procedure = std::get<Procedure>(item.item);
    with_.reporter.step(procedure.comment);
    procedure.run(with_.connection, memory_);
  }
}

void ScriptRun::adopt_journal() {
  const MigrationId& id = compiled_.migration->id;
  const auto position = journal::read(with_.connection, id, compiled_.backwards, with_.dialect);
  if (!position) return;
  if (position->done >= digests_.size() || position->digest != digests_[position->done]) {
    outcome_ = Outcome::partly_applied;
    throw Error(ErrorKind::history,
                id.text() + " was done in part, and what was done differs from what it says now",
                {},
                "restore the file as it was and run migrate again, or finish it by hand and "
                "record it with --fake");
  }
  done_ = position->done;
  if (done_ > 0) outcome_ = Outcome::partly_applied;
}

void ScriptRun::write_journal(std::size_t done) {
  const Statement statement = journal::write(compiled_.migration->id, compiled_.backwards,
                                             {done, digests_[done]}, with_.dialect);
  with_.connection.execute(statement.sql, statement.parameters);
}

std::string ScriptRun::place(std::size_t operation) const {
  const Migration& migration = *compiled_.migration;
  if (operation == ScriptItem::npos) return migration.id.text() + ", recording it";
  return migration.id.text() + ", operation " + std::to_string(operation + 1) + " (" +
         describe(migration.operations[operation]) + ")";
}

}  // namespace turnstone::migrations
