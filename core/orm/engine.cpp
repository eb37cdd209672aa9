#include "orm/engine.h"

#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/schema/lower.h>

#include <algorithm>

namespace turnstone::orm {
namespace {

/// Lines of this thread, innermost last.
thread_local std::vector<std::pair<const Engine*, Line*>> pinned;

std::string names_of(const ModelState& model, const std::vector<std::string>& columns) {
  std::vector<std::string> names;
  for (const std::string& column : columns) {
    std::string name = column;
    for (const Field& field : model.fields) {
      if (has_column(field) && column_name(field) == column) name = field.name;
    }
    names.push_back(std::move(name));
  }
  return join(names, ", ");
}

/// Columns of the constraint of that name; nothing where the table has none.
std::optional<std::vector<std::string>> columns_of(const Table& table,
                                                   const std::string& constraint) {
  for (const Key& key : table.uniques) {
    if (key.name == constraint) return key.columns;
  }
  if (table.primary_key && table.primary_key->name == constraint) {
    return table.primary_key->columns;
  }
  for (const ForeignKeyConstraint& key : table.foreign_keys) {
    if (key.name == constraint) return key.columns;
  }
  for (const Check& check : table.checks) {
    if (check.name == constraint) return std::vector<std::string>{};
  }
  for (const TableIndex& index : table.indexes) {
    if (index.name != constraint) continue;
    std::vector<std::string> columns;
    for (const IndexPart& part : index.parts) {
      if (!part.column.empty()) columns.push_back(part.column);
    }
    return columns;
  }
  return std::nullopt;
}

}  // namespace

// ---- lines

Engine::Engine(std::shared_ptr<const ConnectionSource> source,
               std::shared_ptr<const Mapping> mapping, DatabaseOptions options)
    : source_(std::move(source)),
      mapping_(std::move(mapping)),
      options_(std::move(options)),
      paths_(mapping_->state(), source_->dialect(), mapping_->classes()),
      limit_(std::max<std::size_t>(1, std::min(options_.connections, source_->limit()))) {
  plans_.resize(mapping_->maps().size());
  for (const auto& [name, map] : mapping_->maps()) {
    plans_[map.number] = std::make_unique<const ClassPlan>(paths_, map);
  }
}

Line* Engine::current() {
  for (std::size_t i = pinned.size(); i-- > 0;) {
    if (pinned[i].first == this) return pinned[i].second;
  }
  return nullptr;
}

std::unique_ptr<Line> Engine::take() {
  std::unique_lock lock(guard_);
  const bool there =
      free_.wait_for(lock, options_.patience, [&] { return !idle_.empty() || open_ < limit_; });
  if (!there) {
    throw OperationalError(
        "all " + std::to_string(limit_) + " connections of the pool have been in use for too long",
        {.kind = DatabaseErrorKind::other}, {});
  }
  while (!idle_.empty()) {
    std::unique_ptr<Line> line = std::move(idle_.back());
    idle_.pop_back();
    // One that the server has closed meanwhile is replaced, and nobody sees it.
    if (line->connection->still_open()) {
      line->thread = std::this_thread::get_id();
      return line;
    }
    --open_;
  }
  ++open_;
  lock.unlock();
  try {
    auto line = std::make_unique<Line>();
    line->connection = source_->connect();
    line->thread = std::this_thread::get_id();
    return line;
  } catch (const DatabaseError& error) {
    lock.lock();
    --open_;
    free_.notify_one();
    lock.unlock();
    explain(error);
  }
}

void Engine::give_back(std::unique_ptr<Line> line) {
  bool keep = line->connection->alive() && line->frames.empty();
  if (keep && line->connection->in_transaction()) {
    // Somebody's own BEGIN: the next one must not find it.
    try {
      line->connection->execute("ROLLBACK");
    } catch (const std::exception&) {
      keep = false;
    }
  }
  const std::lock_guard lock(guard_);
  statements_ += std::exchange(line->statements, 0);
  if (keep) {
    idle_.push_back(std::move(line));
  } else {
    --open_;
  }
  free_.notify_one();
}

std::pair<std::size_t, std::size_t> Engine::connections() {
  const std::lock_guard lock(guard_);
  return {open_, open_ - idle_.size()};
}

std::uint64_t Engine::statements() {
  const Line* own = current();
  const std::lock_guard lock(guard_);
  return statements_ + (own ? own->statements : 0);
}

int Engine::single_loads(const std::string& what) {
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(guard_);
  auto& [since, times] = single_loads_[what];
  if (now - since > std::chrono::seconds(1)) {
    since = now;
    times = 0;
  }
  return ++times;
}

void Engine::explain(const DatabaseError& error) const {
  DatabaseError::Details details = error.details();
  try {
    for (const ModelKey& key : mapping_->state().keys()) {
      const ModelPtr model = mapping_->state().get(key);
      if (!details.model.empty()) break;
      for (const Table& table : lower_model(mapping_->state(), *model, dialect())) {
        const bool named = !details.table.empty() && table.name == details.table;
        const auto found =
            details.constraint.empty() ? std::nullopt : columns_of(table, details.constraint);
        if (!named && !found) continue;
        std::vector<std::string> columns;
        if (found) columns = *found;
        if (columns.empty() && !details.column.empty()) columns = {details.column};
        details.model = model->app + "." + model->name;
        details.field = names_of(*model, columns);
        break;
      }
    }
  } catch (const Error&) {
    // Models that have no schema here have no names for constraints either.
  }
  if (details.field.empty() && details.kind == DatabaseErrorKind::unique) {
    // SQLite names the columns in its message: `UNIQUE constraint failed: t.a, t.b`.
    const std::string message = error.what();
    const std::size_t at = message.find("failed: ");
    std::vector<std::string> columns;
    std::string rest = at == std::string::npos ? "" : message.substr(at + 8);
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(", "), rest.size());
      const std::string one = rest.substr(0, comma);
      columns.push_back(one.substr(one.rfind('.') + 1));
      rest = comma == rest.size() ? "" : rest.substr(comma + 2);
    }
    if (!details.model.empty() && !columns.empty()) {
      details.field = names_of(*mapping_->state().get(key_from(details.model)), columns);
    }
  }
  std::string where = details.model;
  if (!details.field.empty()) where += "." + details.field;
  const auto raise = [&](auto made) {
    made.at(where).advise(error.hint());
    throw made;
  };
  switch (details.kind) {
    case DatabaseErrorKind::unique:
    case DatabaseErrorKind::foreign_key:
    case DatabaseErrorKind::not_null:
    case DatabaseErrorKind::check:
    case DatabaseErrorKind::exclusion:
      raise(IntegrityError(error.what(), details, error.statement()));
      break;
    case DatabaseErrorKind::serialization:
    case DatabaseErrorKind::lock_timeout:
    case DatabaseErrorKind::lost_connection:
      raise(OperationalError(error.what(), details, error.statement()));
      break;
    case DatabaseErrorKind::other:
      break;
  }
  raise(DatabaseError(error.what(), details, error.statement()));
  throw error;
}

Use::Use(Engine& engine) : engine_(engine), line_(engine.current()) {
  if (line_) return;
  own_ = engine.take();
  line_ = own_.get();
}

Use::~Use() {
  if (own_) engine_.give_back(std::move(own_));
}

template <class Work>
auto Use::guarded(const Work& work) {
  if (!line_->frames.empty() && line_->frames.back().broken) {
    throw Error(ErrorKind::misuse,
                "a statement failed in this atomic block, and nothing else can run in it", {},
                "let the block end, or put what may fail into an atomic block of its own");
  }
  if (line_->thread != std::this_thread::get_id()) {
    throw Error(ErrorKind::misuse,
                "a connection is used by another thread than the one that has it", {},
                "give each thread transactions and sessions of its own");
  }
  try {
    return work(connection());
  } catch (const DatabaseError& error) {
    if (!line_->frames.empty()) line_->frames.back().broken = true;
    engine_.explain(error);
  }
}

template <class Work>
auto Use::timed(const std::string& sql, const std::vector<Value>& parameters, const Work& work) {
  if (!engine_.options().on_statement) return guarded(work);
  const auto started = std::chrono::steady_clock::now();
  auto result = guarded(work);
  engine_.options().on_statement({sql, parameters, std::chrono::steady_clock::now() - started});
  return result;
}

template <class Work>
auto Use::run(const std::string& sql, const std::vector<Value>& parameters, const Work& work) {
  ++line_->statements;
  return timed(sql, parameters, work);
}

std::int64_t Use::execute_cells(const std::string& sql, const std::vector<Cell>& parameters) {
  const auto work = [&](Connection& connection) {
    return connection.execute_cells(sql, parameters);
  };
  if (!engine_.options().on_statement) {
    ++line_->statements;
    return guarded(work);
  }
  std::vector<Value> values;
  for (const Cell& cell : parameters) values.push_back(value_of(cell));
  return run(sql, values, work);
}

std::vector<std::int64_t> Use::execute_all(const std::vector<BoundStatement>& statements) {
  if (statements.empty()) return {};
  const auto started = std::chrono::steady_clock::now();
  auto counts = guarded([&](Connection& connection) { return connection.execute_all(statements); });
  line_->statements += statements.size();
  if (engine_.options().on_statement) {
    const auto time = (std::chrono::steady_clock::now() - started) / statements.size();
    for (const BoundStatement& one : statements) {
      engine_.options().on_statement({one.sql, one.parameters, time});
    }
  }
  return counts;
}

std::int64_t Use::execute(const std::string& sql, const std::vector<Value>& parameters) {
  return run(sql, parameters,
             [&](Connection& connection) { return connection.execute(sql, parameters); });
}

std::unique_ptr<CellReader> Use::read(const std::string& sql, const std::vector<Value>& parameters,
                                      bool streaming, std::span<const Field* const> types) {
  return run(sql, parameters, [&](Connection& connection) {
    return connection.read(sql, parameters, streaming, types);
  });
}

std::unique_ptr<CellReader> Use::read(const SelectSentence& sentence, bool streaming) {
  std::vector<const Field*> types;
  types.reserve(sentence.columns.size());
  for (const ResultColumn& column : sentence.columns) types.push_back(column.type);
  return read(sentence.sql, sentence.parameters, streaming, types);
}

std::vector<std::int64_t> Use::reserve_keys(const std::string& table, const std::string& column,
                                            std::size_t count) {
  const auto started = std::chrono::steady_clock::now();
  ++line_->statements;
  auto keys = guarded(
      [&](Connection& connection) { return connection.reserve_keys(table, column, count); });
  if (!keys.empty() && engine_.options().on_statement) {
    const std::vector<Value> parameters{static_cast<std::int64_t>(count)};
    engine_.options().on_statement(
        {"SELECT nextval(of " + table + "." + column + ") FROM generate_series(1, $1)", parameters,
         std::chrono::steady_clock::now() - started});
  }
  return keys;
}

Rows Use::query(const std::string& sql, const std::vector<Value>& parameters) {
  return run(sql, parameters,
             [&](Connection& connection) { return connection.query(sql, parameters); });
}

bool Use::copy_rows(const std::string& table, const std::vector<std::string>& columns,
                    const std::vector<const Field*>& types,
                    const std::function<bool(std::span<Cell> row)>& next) {
  static const std::vector<Value> none;
  return run(
      "COPY " + table + " (" + join(columns, ", ") + ") FROM STDIN", none,
      [&](Connection& connection) { return connection.copy_rows(table, columns, types, next); });
}

void Use::command(const std::string& sql) {
  static const std::vector<Value> none;
  timed(sql, none, [&](Connection& connection) {
    connection.execute(sql);
    return 0;
  });
}

Pin::Pin(Engine& engine, Line& line) { pinned.emplace_back(&engine, &line); }
Pin::~Pin() { pinned.pop_back(); }

// ---- blocks

void begin_block(Use& use, const AtomicOptions& options) {
  Line& line = use.line();
  if (!line.frames.empty()) {
    if (options.durable) {
      throw Error(ErrorKind::misuse, "a durable atomic block stands inside of another one");
    }
    if (options.isolation != Isolation::unspecified || (options.read_only && !line.read_only)) {
      throw Error(ErrorKind::misuse,
                  "isolation and read_only are asked for inside of another atomic block", {},
                  "ask for them in the outermost block");
    }
    const std::string name = "turnstone_" + std::to_string(++line.savepoints);
    use.command("SAVEPOINT " + name);
    line.frames.push_back({.savepoint = name});
    return;
  }
  const Dialect& dialect = use.engine().dialect();
  std::string begin(options.read_only ? "BEGIN" : dialect.begin());
  if (dialect.name() == "postgresql") {
    static const char* const levels[] = {"", " ISOLATION LEVEL READ COMMITTED",
                                         " ISOLATION LEVEL REPEATABLE READ",
                                         " ISOLATION LEVEL SERIALIZABLE"};
    begin = std::string("BEGIN") + levels[static_cast<int>(options.isolation)] +
            (options.read_only ? " READ ONLY" : "");
  }
  use.command(begin);
  line.frames.push_back({});
  line.read_only = options.read_only;
  if (options.read_only && dialect.name() == "sqlite") use.command("PRAGMA query_only = ON");
}

namespace {

void end_transaction(Use& use) {
  Line& line = use.line();
  if (std::exchange(line.read_only, false) && use.engine().dialect().name() == "sqlite") {
    use.connection().execute("PRAGMA query_only = OFF");
  }
}

}  // namespace

std::vector<std::function<void()>> commit_block(Use& use) {
  Line& line = use.line();
  if (line.frames.back().broken) {
    roll_back_block(use);
    throw Error(ErrorKind::misuse,
                "a statement failed in this atomic block: it was rolled back, not committed", {},
                "let the error leave the block");
  }
  Frame frame = std::move(line.frames.back());
  line.frames.pop_back();
  Connection& connection = use.connection();
  if (!frame.savepoint.empty()) {
    // Hooks of a savepoint wait for the transaction.
    auto& outer = line.frames.back().hooks;
    outer.insert(outer.end(), frame.hooks.begin(), frame.hooks.end());
    use.command("RELEASE SAVEPOINT " + frame.savepoint);
    return {};
  }
  try {
    connection.execute("COMMIT");
  } catch (const DatabaseError& error) {
    if (!connection.alive()) {
      throw Error(ErrorKind::in_doubt,
                  "the connection was lost while committing: the changes may "
                  "or may not have been kept: " +
                      std::string(error.what()));
    }
    if (connection.in_transaction()) connection.execute("ROLLBACK");
    end_transaction(use);
    use.engine().explain(error);
  }
  end_transaction(use);
  return frame.hooks;
}

void roll_back_block(Use& use) noexcept {
  Line& line = use.line();
  Frame frame = std::move(line.frames.back());
  line.frames.pop_back();
  Connection& connection = use.connection();
  try {
    if (!frame.savepoint.empty()) {
      connection.execute("ROLLBACK TO SAVEPOINT " + frame.savepoint);
      connection.execute("RELEASE SAVEPOINT " + frame.savepoint);
      return;
    }
    if (connection.alive() && connection.in_transaction()) connection.execute("ROLLBACK");
    end_transaction(use);
  } catch (const std::exception&) {
    // The connection is gone, and the transaction with it; the blocks around find out.
    if (!line.frames.empty()) line.frames.back().broken = true;
  }
}

Together::Together(Engine& engine) : engine_(engine) {
  if (engine.current()) return;
  scope_.line = engine.take();
  scope_.pin = std::make_unique<Pin>(engine, *scope_.line);
  try {
    Use use(engine);
    begin_block(use, {});
    scope_.at = scope_.line.get();
  } catch (...) {
    scope_.pin.reset();
    engine.give_back(std::move(scope_.line));
    throw;
  }
}

Together::~Together() {
  if (!scope_.line) return;
  if (scope_.at) {
    Use use(engine_);
    roll_back_block(use);
  }
  scope_.pin.reset();
  engine_.give_back(std::move(scope_.line));
}

void Together::commit() {
  if (!scope_.at) return;
  scope_.at = nullptr;
  Use use(engine_);
  commit_block(use);
}

}  // namespace turnstone::orm
