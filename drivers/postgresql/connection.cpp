#include <libpq-fe.h>
#include <poll.h>
#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/match.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <unordered_map>

#include "postgresql/binary.h"
#include "postgresql/dialect.h"
#include "postgresql/postgresql.h"
#include "postgresql/values_text.h"

namespace turnstone::postgresql {
namespace {

// Object identifiers of built-in types; `pg_type.dat` of PostgreSQL, the same in all versions.
constexpr Oid bool_oid = 16;
constexpr Oid bytea_oid = 17;
constexpr Oid int8_oid = 20;
constexpr Oid int2_oid = 21;
constexpr Oid int4_oid = 23;
constexpr Oid float4_oid = 700;
constexpr Oid float8_oid = 701;

constexpr int tick_ms = 200;
constexpr int fetched_rows = 2000;
constexpr std::size_t max_prepared = 256;

struct ResultDeleter {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ResultDeleter>;

struct SessionDeleter {
  void operator()(PGconn* session) const { PQfinish(session); }
};
using Session = std::unique_ptr<PGconn, SessionDeleter>;

std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool blank = c == '\n' || c == '\t' || c == '\r';
    if (!blank) {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

std::string field_of(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text ? text : "";
}

DatabaseErrorKind kind_of(const std::string& state) {
  static const std::unordered_map<std::string, DatabaseErrorKind> kinds = {
      {"23505", DatabaseErrorKind::unique},          {"23503", DatabaseErrorKind::foreign_key},
      {"23502", DatabaseErrorKind::not_null},        {"23514", DatabaseErrorKind::check},
      {"23P01", DatabaseErrorKind::exclusion},       {"40001", DatabaseErrorKind::serialization},
      {"40P01", DatabaseErrorKind::serialization},   {"55P03", DatabaseErrorKind::lock_timeout},
      {"57P01", DatabaseErrorKind::lost_connection}, {"57P02", DatabaseErrorKind::lost_connection},
      {"57P03", DatabaseErrorKind::lost_connection}, {"57P05", DatabaseErrorKind::lost_connection},
      {"25P03", DatabaseErrorKind::lost_connection},
  };
  const auto found = kinds.find(state);
  if (found != kinds.end()) return found->second;
  return state.starts_with("08") ? DatabaseErrorKind::lost_connection : DatabaseErrorKind::other;
}

/// A parameter as libpq takes it: text, or bytes as they are.
struct Parameter {
  std::string text{};
  bool null = false;
  bool binary = false;
};

struct ToParameter {
  Parameter operator()(std::monostate) const { return {.null = true}; }
  Parameter operator()(bool v) const { return {.text = v ? "t" : "f"}; }
  Parameter operator()(std::int64_t v) const { return {.text = std::to_string(v)}; }
  Parameter operator()(double v) const {
    char digits[40];
    const auto end = std::to_chars(digits, digits + sizeof digits, v).ptr;
    return {.text = std::string(digits, end)};
  }
  Parameter operator()(const std::string& v) const { return {.text = v}; }
  Parameter operator()(const Bytes& v) const {
    return {.text = std::string(reinterpret_cast<const char*>(v.data()), v.size()), .binary = true};
  }
  Parameter operator()(const Decimal& v) const { return {.text = v.text()}; }
  Parameter operator()(const Uuid& v) const { return {.text = v.text()}; }
  Parameter operator()(const Date& v) const { return {.text = to_text(v)}; }
  Parameter operator()(const Time& v) const { return {.text = to_text(v)}; }
  Parameter operator()(const DateTime& v) const { return {.text = to_text(v)}; }
  Parameter operator()(const Duration& v) const { return {.text = interval_text(v)}; }
  Parameter operator()(const Json& v) const { return {.text = v.text()}; }
};

/// Parameters as the arrays libpq wants.
class Parameters {
 public:
  explicit Parameters(std::span<const Value> values) {
    items_.reserve(values.size());
    for (const Value& value : values) items_.push_back(match(value, ToParameter{}));
    for (const Parameter& item : items_) {
      pointers_.push_back(item.null ? nullptr : item.text.c_str());
      lengths_.push_back(static_cast<int>(item.text.size()));
      formats_.push_back(item.binary ? 1 : 0);
      types_.push_back(item.binary ? bytea_oid : 0);
    }
  }
  int size() const { return static_cast<int>(items_.size()); }
  const char* const* pointers() const { return pointers_.data(); }
  const int* lengths() const { return lengths_.data(); }
  const int* formats() const { return formats_.data(); }
  const Oid* types() const { return types_.data(); }
  /// One character for each: whether its type is fixed.
  std::string signature() const {
    std::string text;
    for (const Parameter& item : items_) text += item.binary ? 'b' : '-';
    return text;
  }
  /// A text with a NUL would be cut there without a word.
  bool holds_nul() const {
    return std::any_of(items_.begin(), items_.end(), [](const Parameter& item) {
      return !item.binary && item.text.find('\0') != std::string::npos;
    });
  }

 private:
  std::vector<Parameter> items_{};
  std::vector<const char*> pointers_{};
  std::vector<int> lengths_{};
  std::vector<int> formats_{};
  std::vector<Oid> types_{};
};

Value cell(const PGresult* result, int row, int column, Oid type) {
  if (PQgetisnull(result, row, column)) return std::monostate{};
  const char* text = PQgetvalue(result, row, column);
  const char* end = text + PQgetlength(result, row, column);
  switch (type) {
    case bool_oid:
      return *text == 't';
    case int2_oid:
    case int4_oid:
    case int8_oid: {
      std::int64_t number = 0;
      std::from_chars(text, end, number);
      return number;
    }
    case float4_oid:
    case float8_oid: {
      double number = 0;
      std::from_chars(text, end, number);
      return number;
    }
    case bytea_oid: {
      std::size_t size = 0;
      const std::unique_ptr<unsigned char, void (*)(void*)> raw(
          PQunescapeBytea(reinterpret_cast<const unsigned char*>(text), &size), PQfreemem);
      const auto* bytes = reinterpret_cast<const std::byte*>(raw.get());
      return Bytes(bytes, bytes + size);
    }
    default:
      return std::string(text, end);
  }
}

std::vector<Oid> types_of(const PGresult* result) {
  std::vector<Oid> types;
  types.reserve(static_cast<std::size_t>(PQnfields(result)));
  for (int i = 0; i < PQnfields(result); ++i) types.push_back(PQftype(result, i));
  return types;
}

void read_row(const PGresult* result, int row, const std::vector<Oid>& types,
              std::vector<Value>& cells) {
  cells.resize(types.size());
  for (std::size_t i = 0; i < types.size(); ++i) {
    cells[i] = cell(result, row, static_cast<int>(i), types[i]);
  }
}

std::vector<std::string> columns_of(const PGresult* result) {
  std::vector<std::string> columns;
  columns.reserve(static_cast<std::size_t>(PQnfields(result)));
  for (int i = 0; i < PQnfields(result); ++i) columns.emplace_back(PQfname(result, i));
  return columns;
}

/// True for what a cursor can be declared for.
bool is_select(std::string_view sql) {
  const std::size_t start = sql.find_first_not_of(" \t\r\n(");
  if (start == std::string_view::npos) return false;
  std::size_t end = start;
  while (end < sql.size() && std::isalpha(static_cast<unsigned char>(sql[end]))) ++end;
  const std::string word = lower_case(sql.substr(start, end - start));
  return word == "select" || word == "values" || word == "table" || word == "with";
}

/// The rows of a result, cell by cell.
class ResultReader final : public CellReader {
 public:
  ResultReader(Result result, bool binary)
      : result_(std::move(result)), binary_(binary), types_(types_of(result_.get())) {
    cells_.resize(types_.size());
    texts_.resize(types_.size());
  }
  bool next() override {
    if (at_ == PQntuples(result_.get())) return false;
    for (std::size_t i = 0; i < types_.size(); ++i) {
      const int column = static_cast<int>(i);
      if (PQgetisnull(result_.get(), at_, column)) {
        cells_[i].kind = Cell::Kind::null;
        continue;
      }
      const std::string_view bytes(
          PQgetvalue(result_.get(), at_, column),
          static_cast<std::size_t>(PQgetlength(result_.get(), at_, column)));
      if (binary_) {
        decode(types_[i], bytes, cells_[i]);
      } else {
        texts_[i] = cell(result_.get(), at_, column, types_[i]);
        cells_[i] = cell_of(texts_[i]);
      }
    }
    ++at_;
    return true;
  }
  std::span<const Cell> row() const override { return cells_; }
  std::size_t expected() const override {
    return static_cast<std::size_t>(PQntuples(result_.get()));
  }

 private:
  Result result_;
  bool binary_;
  std::vector<Oid> types_;
  std::vector<Cell> cells_{};
  std::vector<Value> texts_{};
  int at_ = 0;
};

void swallow_notice(void*, const char*) {}

/// True when columns with values of these fields can all be read in binary form.
bool all_binary(std::span<const Field* const> types) {
  return !types.empty() && std::all_of(types.begin(), types.end(), [](const Field* type) {
    return type && type->type != FieldType::custom && binary_type(dialect().key_type(*type));
  });
}

std::string unquoted(std::string_view name) {
  std::string plain;
  for (std::size_t i = 1; i + 1 < name.size(); ++i) {
    plain += name[i];
    if (name[i] == '"') ++i;
  }
  return plain;
}

std::int64_t changed_rows(PGresult* result) {
  if (std::string_view(PQcmdStatus(result)).starts_with("SELECT")) return 0;
  std::int64_t count = 0;
  const std::string_view tuples = PQcmdTuples(result);
  std::from_chars(tuples.data(), tuples.data() + tuples.size(), count);
  return count;
}

class PostgresqlConnection final : public Connection {
 public:
  explicit PostgresqlConnection(Session session) : session_(std::move(session)) {
    PQsetNoticeProcessor(session_.get(), swallow_notice, nullptr);
  }

  void execute(std::string_view sql) override { run_simple(std::string(sql)); }

  std::int64_t execute(std::string_view sql, std::span<const Value> parameters) override {
    const std::string text(sql);
    // Mostly changes of the schema: the server is quicker with them this way. It would take several
    // statements, though, so whatever may be more than one goes the way that refuses them.
    const bool simple = parameters.empty() && text.find(';') == std::string::npos;
    const Result result = simple ? run_simple(text) : run(text, parameters);
    return changed_rows(result.get());
  }

  std::vector<std::int64_t> execute_all(std::span<const BoundStatement> statements) override;

  turnstone::Rows query(std::string_view sql, std::span<const Value> parameters) override {
    const std::string text(sql);
    const Result result = run(text, parameters);
    turnstone::Rows rows{.columns = columns_of(result.get())};
    const std::vector<Oid> types = types_of(result.get());
    rows.rows.resize(static_cast<std::size_t>(PQntuples(result.get())));
    for (std::size_t i = 0; i < rows.rows.size(); ++i) {
      read_row(result.get(), static_cast<int>(i), types, rows.rows[i]);
    }
    return rows;
  }

  std::unique_ptr<Cursor> cursor(std::string_view sql, std::span<const Value> parameters) override;
  std::unique_ptr<CellReader> read(std::string_view sql, std::span<const Value> parameters,
                                   bool streaming, std::span<const Field* const> types) override {
    if (streaming) return Connection::read(sql, parameters, true);
    const std::string text(sql);
    // The shorter form is asked for where the caller knows the types, or the statement has run.
    const auto known = binary_.find(text);
    const bool binary = known != binary_.end() ? known->second : all_binary(types);
    Result result = run(text, parameters, binary ? 1 : 0);
    if (known == binary_.end()) {
      if (binary_.size() >= 4 * max_prepared) binary_.clear();
      const std::vector<Oid> came = types_of(result.get());
      binary_[text] =
          std::all_of(came.begin(), came.end(), [](Oid type) { return has_binary_form(type); });
    }
    const bool came = PQnfields(result.get()) > 0 && PQfformat(result.get(), 0) == 1;
    return std::make_unique<ResultReader>(std::move(result), came);
  }
  std::vector<std::int64_t> reserve_keys(std::string_view table, std::string_view column,
                                         std::size_t count) override;
  bool copy_rows(std::string_view table, std::span<const std::string> columns,
                 std::span<const Field* const> types,
                 const std::function<bool(std::span<Cell> row)>& next) override;

  bool in_transaction() const override {
    const PGTransactionStatusType status = PQtransactionStatus(session_.get());
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR || status == PQTRANS_ACTIVE;
  }
  bool alive() const override { return !lost_ && PQstatus(session_.get()) == CONNECTION_OK; }
  bool still_open() const override {
    // A server that goes says so and closes the connection.
    pollfd socket{.fd = PQsocket(session_.get()), .events = POLLIN, .revents = 0};
    while (alive() && poll(&socket, 1, 0) > 0) {
      if (!PQconsumeInput(session_.get())) return false;
    }
    return alive();
  }
  std::string display_name() const override {
    const char* host = PQhost(session_.get());
    const char* database = PQdb(session_.get());
    return std::string(host ? host : "") + "/" + (database ? database : "");
  }
  int server_version() const override { return PQserverVersion(session_.get()); }
  void on_progress(std::function<void()> tick) override { tick_ = std::move(tick); }

  /// The transaction is broken: the server refuses everything until its end.
  bool broken() const { return PQtransactionStatus(session_.get()) == PQTRANS_INERROR; }
  std::string status(const char* parameter) const {
    const char* text = PQparameterStatus(session_.get(), parameter);
    return text ? text : "";
  }
  std::string next_name() { return "turnstone_" + std::to_string(++names_); }

  /// One statement with parameters.
  Result run_once(const std::string& sql, std::span<const Value> values) {
    const Parameters parameters(values);
    check(parameters, sql);
    return run_once(sql, parameters);
  }
  /// The same; prepared when it comes for the second time.
  Result run(const std::string& sql, std::span<const Value> values, int format = 0) {
    const Parameters parameters(values);
    check(parameters, sql);
    if (prepared_.size() >= max_prepared && !prepared_.contains(key_of(sql, parameters))) {
      forget_prepared();
    }
    const std::string name = known_name(sql, parameters);
    if (name.empty()) return run_once(sql, parameters, format);
    try {
      return run_prepared(sql, name, parameters, format);
    } catch (const DatabaseError& error) {
      // The table changed since (0A000), or somebody dropped our statements (26000).
      const std::string& state = error.details().sqlstate;
      if ((state != "0A000" && state != "26000") || in_transaction() || !alive()) throw;
    }
    forget_prepared();
    return run_once(sql, parameters);  // its columns may have other types now
  }

 private:
  static std::string key_of(const std::string& sql, const Parameters& parameters) {
    return sql + '\0' + parameters.signature();
  }
  /// Name of the prepared statement; empty when it comes for the first time.
  std::string known_name(const std::string& sql, const Parameters& parameters) {
    const auto [seen, first] = prepared_.try_emplace(key_of(sql, parameters));
    if (first) return {};
    if (seen->second.empty()) seen->second = prepare(sql, parameters);
    return seen->second;
  }
  void send_one(const std::string& sql, const std::string& name, const Parameters& p) {
    send(name.empty() ? PQsendQueryParams(session_.get(), sql.c_str(), p.size(), p.types(),
                                          p.pointers(), p.lengths(), p.formats(), 0)
                      : PQsendQueryPrepared(session_.get(), name.c_str(), p.size(), p.pointers(),
                                            p.lengths(), p.formats(), 0),
         sql);
  }
  void leave_pipeline();

  static void check(const Parameters& parameters, const std::string& sql) {
    if (!parameters.holds_nul()) return;
    throw DatabaseError("a text cannot hold the character NUL", {.sqlstate = "22021"}, sql);
  }
  Result run_simple(const std::string& sql) {
    send(PQsendQuery(session_.get(), sql.c_str()), sql);
    return finish(sql);
  }
  Result run_once(const std::string& sql, const Parameters& p, int format = 0) {
    send(PQsendQueryParams(session_.get(), sql.c_str(), p.size(), p.types(), p.pointers(),
                           p.lengths(), p.formats(), format),
         sql);
    return finish(sql);
  }
  Result run_prepared(const std::string& sql, const std::string& name, const Parameters& p,
                      int format) {
    send(PQsendQueryPrepared(session_.get(), name.c_str(), p.size(), p.pointers(), p.lengths(),
                             p.formats(), format),
         sql);
    return finish(sql);
  }
  std::string prepare(const std::string& sql, const Parameters& p) {
    if (!stale_.empty() && !broken()) {
      const std::string drop = join(std::exchange(stale_, {}), "; ");
      send(PQsendQuery(session_.get(), drop.c_str()), drop);
      finish(drop);
    }
    std::string name = next_name();
    send(PQsendPrepare(session_.get(), name.c_str(), sql.c_str(), p.size(), p.types()), sql);
    finish(sql);
    return name;
  }
  void forget_prepared() {
    for (const auto& [sql, name] : prepared_) {
      if (!name.empty()) stale_.push_back("DEALLOCATE " + name);
    }
    prepared_.clear();
    binary_.clear();
  }

  void send(int sent, const std::string& sql) {
    if (!sent) fail(nullptr, sql);
  }

  /// Waits for all results; gives the last one. Throws for the first that is an error.
  Result finish(const std::string& sql) {
    Result last;
    Result error;
    bool definitions = false;
    for (;;) {
      wait();
      Result next(PQgetResult(session_.get()));
      if (!next) break;
      switch (PQresultStatus(next.get())) {
        case PGRES_COPY_IN:
          PQputCopyEnd(session_.get(), "rows for COPY cannot be given here");
          continue;
        case PGRES_COPY_OUT:
          drain_copy();
          continue;
        case PGRES_FATAL_ERROR:
        case PGRES_BAD_RESPONSE:
          if (!error) error = std::move(next);
          continue;
        default:
          definitions = definitions || changes_definitions(PQcmdStatus(next.get()));
          last = std::move(next);
      }
    }
    if (definitions) forget_prepared();
    if (error) fail(error.get(), sql);
    if (!last) fail(nullptr, sql);
    return last;
  }
  /// Statements after which a prepared one may give other columns.
  static bool changes_definitions(std::string_view tag) {
    return tag.starts_with("CREATE") || tag.starts_with("ALTER") || tag.starts_with("DROP") ||
           tag == "ROLLBACK";
  }
  void drain_copy() {
    char* buffer = nullptr;
    while (PQgetCopyData(session_.get(), &buffer, 0) > 0) PQfreemem(buffer);
  }

  /// Returns when a result can be read without blocking; ticks while the server works.
  void wait() {
    if (!tick_) return;
    while (PQisBusy(session_.get())) {
      pollfd socket{.fd = PQsocket(session_.get()), .events = POLLIN, .revents = 0};
      const int ready = poll(&socket, 1, tick_ms);
      if (ready == 0) tick_or_cancel();
      if (ready > 0 && !PQconsumeInput(session_.get())) return;
    }
  }
  void tick_or_cancel() {
    try {
      tick_();
    } catch (...) {
      if (PGcancel* cancel = PQgetCancel(session_.get())) {
        char problem[256];
        PQcancel(cancel, problem, sizeof problem);
        PQfreeCancel(cancel);
      }
      while (PGresult* rest = PQgetResult(session_.get())) PQclear(rest);
      throw;
    }
  }

  [[noreturn]] void fail(const PGresult* result, const std::string& sql) {
    DatabaseError::Details details;
    std::string message;
    std::string hint;
    if (result) {
      details = {.sqlstate = field_of(result, PG_DIAG_SQLSTATE),
                 .constraint = field_of(result, PG_DIAG_CONSTRAINT_NAME),
                 .table = field_of(result, PG_DIAG_TABLE_NAME),
                 .column = field_of(result, PG_DIAG_COLUMN_NAME)};
      message = field_of(result, PG_DIAG_MESSAGE_PRIMARY);
      const std::string detail = field_of(result, PG_DIAG_MESSAGE_DETAIL);
      if (!detail.empty()) message += ": " + detail;
      hint = field_of(result, PG_DIAG_MESSAGE_HINT);
    }
    if (message.empty()) message = PQerrorMessage(session_.get());
    details.kind = kind_of(details.sqlstate);
    if (details.kind == DatabaseErrorKind::lost_connection) lost_ = true;
    if (!alive()) details.kind = DatabaseErrorKind::lost_connection;
    DatabaseError error(one_line(message), details, sql);
    if (!hint.empty()) error.advise(one_line(hint));
    throw error;
  }

  Session session_;
  bool lost_ = false;
  std::function<void()> tick_{};
  std::size_t names_ = 0;
  /// Statement and types of its parameters → its name; empty while it came only once.
  std::unordered_map<std::string, std::string> prepared_{};
  /// Statement → whether all types of its columns have a binary form.
  std::unordered_map<std::string, bool> binary_{};
  std::vector<std::string> stale_{};  ///< statements that drop what is no longer used
};

std::vector<std::int64_t> PostgresqlConnection::execute_all(
    std::span<const BoundStatement> statements) {
  if (statements.size() < 2) return Connection::execute_all(statements);
  if (prepared_.size() + statements.size() > max_prepared) forget_prepared();
  // What has to be prepared is so before: in the pipeline nothing is waited for.
  std::vector<Parameters> parameters;
  std::vector<std::string> names;
  for (const BoundStatement& one : statements) {
    parameters.emplace_back(one.parameters);
    check(parameters.back(), one.sql);
    names.push_back(known_name(one.sql, parameters.back()));
  }
  if (!PQenterPipelineMode(session_.get())) fail(nullptr, statements[0].sql);
  std::vector<std::int64_t> counts(statements.size());
  Result error;
  std::size_t failed = 0;
  try {
    for (std::size_t i = 0; i < statements.size(); ++i) {
      send_one(statements[i].sql, names[i], parameters[i]);
    }
    if (!PQpipelineSync(session_.get())) fail(nullptr, statements[0].sql);
    for (std::size_t i = 0; i < statements.size(); ++i) {
      for (;;) {
        wait();
        Result next(PQgetResult(session_.get()));
        if (!next) break;
        const ExecStatusType status = PQresultStatus(next.get());
        if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
          counts[i] = changed_rows(next.get());
        } else if (!error && status != PGRES_PIPELINE_ABORTED) {
          error = std::move(next);
          failed = i;
        }
      }
    }
  } catch (...) {
    lost_ = true;  // nobody knows what is still under way
    throw;
  }
  leave_pipeline();
  if (error) fail(error.get(), statements[failed].sql);
  return counts;
}

/// Takes the answer to the end of the pipeline.
void PostgresqlConnection::leave_pipeline() {
  const Result end(PQgetResult(session_.get()));
  const bool ended = end && PQresultStatus(end.get()) == PGRES_PIPELINE_SYNC;
  if (!ended || !PQexitPipelineMode(session_.get())) lost_ = true;
}

std::vector<std::int64_t> PostgresqlConnection::reserve_keys(std::string_view table,
                                                             std::string_view column,
                                                             std::size_t count) {
  // An INSERT may do what COPY with keys may not: the right to use the counter and to write the
  // column, and rules for single rows. Functions want the column's name without quotes.
  const std::vector<Value> parameters{std::string(table), unquoted(column),
                                      static_cast<std::int64_t>(count)};
  std::vector<std::int64_t> keys;
  const Rows sequence = query(
      "SELECT of_column FROM pg_get_serial_sequence($1, $2) AS of_column WHERE "
      "has_sequence_privilege(of_column, 'USAGE') AND has_column_privilege($1, $2, 'INSERT') AND "
      "NOT row_security_active($1)",
      {parameters.data(), 2});
  if (sequence.rows.empty() || count == 0) return keys;
  const std::vector<Value> wanted{sequence.rows[0][0], parameters[2]};
  keys.reserve(count);
  // Mostly nobody else counts meanwhile, and the first and the last tell all of them. Otherwise
  // these are left out, as those of a transaction that is rolled back.
  const Rows bounds = query(
      "SELECT min(key), max(key) FROM (SELECT nextval($1::regclass) AS key FROM "
      "generate_series(1, $2::bigint)) AS keys",
      wanted);
  const auto first = std::get<std::int64_t>(bounds.rows.at(0).at(0));
  const auto last = std::get<std::int64_t>(bounds.rows.at(0).at(1));
  if (last - first == static_cast<std::int64_t>(count) - 1) {
    for (std::int64_t key = first; key <= last; ++key) keys.push_back(key);
    return keys;
  }
  const auto rows =
      read("SELECT nextval($1::regclass) FROM generate_series(1, $2::bigint)", wanted, false, {});
  while (rows->next()) keys.push_back(rows->row()[0].integer);
  return keys;
}

bool PostgresqlConnection::copy_rows(std::string_view table, std::span<const std::string> columns,
                                     std::span<const Field* const> types,
                                     const std::function<bool(std::span<Cell> row)>& next) {
  std::vector<BinaryType> forms;
  for (const Field* field : types) {
    const auto form = binary_type(dialect().key_type(*field));
    if (!form) return false;
    forms.push_back(*form);
  }
  const std::string sql = "COPY " + std::string(table) + " (" +
                          join({columns.begin(), columns.end()}, ", ") +
                          ") FROM STDIN (FORMAT binary)";
  Result started(PQexec(session_.get(), sql.c_str()));
  if (PQresultStatus(started.get()) != PGRES_COPY_IN) fail(started.get(), sql);
  std::string problem;
  std::exception_ptr thrown;
  std::string buffer("PGCOPY\n\377\r\n\0", 11);
  buffer.append(8, '\0');
  std::vector<Cell> row(forms.size());
  try {
    while (problem.empty() && next(row)) {
      append_number(buffer, forms.size(), 2);
      for (std::size_t i = 0; i < forms.size() && problem.empty(); ++i) {
        if (!encode(row[i], forms[i], buffer)) {
          problem = "a value has no binary form as " + dialect().key_type(*types[i]);
        }
      }
      if (buffer.size() < 64 * 1024) continue;
      if (PQputCopyData(session_.get(), buffer.data(), static_cast<int>(buffer.size())) != 1) break;
      buffer.clear();
    }
  } catch (...) {
    thrown = std::current_exception();
    problem = "the rows could not be made";
  }
  if (problem.empty()) {
    append_number(buffer, 0xffff, 2);
    PQputCopyData(session_.get(), buffer.data(), static_cast<int>(buffer.size()));
  }
  PQputCopyEnd(session_.get(), problem.empty() ? nullptr : problem.c_str());
  try {
    finish(sql);
  } catch (const DatabaseError&) {
    if (thrown) std::rethrow_exception(thrown);
    throw;
  }
  return true;
}

/// Reads a cursor of the server, some thousand rows at a time. Other statements may run between.
class ServerCursor final : public Cursor {
 public:
  ServerCursor(PostgresqlConnection& connection, const std::string& sql,
               std::span<const Value> parameters)
      : connection_(connection),
        name_(connection.next_name()),
        held_(!connection.in_transaction()) {
    connection_.run(
        "DECLARE " + name_ + " NO SCROLL CURSOR " + (held_ ? "WITH HOLD " : "") + "FOR " + sql,
        parameters);
    open_ = true;
    fetch();
    columns_ = columns_of(rows_.get());
    types_ = types_of(rows_.get());
  }
  ~ServerCursor() override {
    try {
      close();
    } catch (const std::exception&) {
      // Its transaction or its connection ended before: nothing is left to close.
    }
  }
  ServerCursor(const ServerCursor&) = delete;
  ServerCursor& operator=(const ServerCursor&) = delete;

  bool next(std::vector<Value>& row) override {
    if (at_ == PQntuples(rows_.get())) {
      if (!open_) return false;
      fetch();
      if (PQntuples(rows_.get()) == 0) return false;
    }
    read_row(rows_.get(), at_++, types_, row);
    return true;
  }
  const std::vector<std::string>& columns() const override { return columns_; }

 private:
  void fetch() {
    rows_ = connection_.run_once("FETCH FORWARD " + std::to_string(fetched_rows) + " FROM " + name_,
                                 std::span<const Value>{});
    at_ = 0;
    if (PQntuples(rows_.get()) < fetched_rows) close();
  }
  void close() {
    if (!std::exchange(open_, false)) return;
    if (!connection_.alive() || connection_.broken()) return;
    // A transaction or savepoint that ended took the cursor along; a failing CLOSE would break the
    // transaction of now.
    const std::vector<Value> name = {name_};
    const bool there =
        held_ || !connection_.query("SELECT 1 FROM pg_cursors WHERE name = $1", name).rows.empty();
    if (there) connection_.execute("CLOSE " + name_);
  }

  PostgresqlConnection& connection_;
  std::string name_;
  bool held_;
  bool open_ = false;
  Result rows_{};
  int at_ = 0;
  std::vector<std::string> columns_{};
  std::vector<Oid> types_{};
};

/// Rows of a statement that no cursor can be declared for: `INSERT … RETURNING`.
class BufferedCursor final : public Cursor {
 public:
  explicit BufferedCursor(turnstone::Rows rows) : rows_(std::move(rows)) {}
  bool next(std::vector<Value>& row) override {
    if (at_ == rows_.rows.size()) return false;
    row = std::move(rows_.rows[at_++]);
    return true;
  }
  const std::vector<std::string>& columns() const override { return rows_.columns; }

 private:
  turnstone::Rows rows_;
  std::size_t at_ = 0;
};

std::unique_ptr<Cursor> PostgresqlConnection::cursor(std::string_view sql,
                                                     std::span<const Value> parameters) {
  const std::string text(sql);
  if (!is_select(text)) return std::make_unique<BufferedCursor>(query(text, parameters));
  const bool inside = in_transaction();
  try {
    return std::make_unique<ServerCursor>(*this, text, parameters);
  } catch (const DatabaseError& error) {
    // `SELECT … FOR UPDATE` cannot be held, data-changing WITH cannot be declared.
    if (inside || error.details().sqlstate != "0A000" || !alive()) throw;
  }
  return std::make_unique<BufferedCursor>(query(text, parameters));
}

/// Passwords of a URL, decoded; throws Error{usage} for a URL that cannot be read. Nothing of the
/// text is repeated then, for any part of it may be a password.
std::vector<std::string> passwords_of(const std::string& url) {
  char* problem = nullptr;
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options(
      PQconninfoParse(url.c_str(), &problem), PQconninfoFree);
  PQfreemem(problem);
  if (!options) {
    throw Error(ErrorKind::usage, "the PostgreSQL URL cannot be read", {},
                "write postgresql://USER@HOST:PORT/DATABASE; characters such as @ : / % in a "
                "password are written as %40 %3A %2F %25");
  }
  std::vector<std::string> passwords;
  for (const PQconninfoOption* option = options.get(); option->keyword; ++option) {
    const bool secret = std::string_view(option->keyword).ends_with("password");
    if (secret && option->val && *option->val) passwords.emplace_back(option->val);
  }
  return passwords;
}

std::string scrubbed(std::string text, const std::vector<std::string>& secrets) {
  for (const std::string& secret : secrets) {
    std::size_t at = 0;
    while ((at = text.find(secret, at)) != std::string::npos) {
      text.replace(at, secret.size(), "***");
      at += 3;
    }
  }
  return text;
}

/// What the session needs and does not have by itself, as one text.
std::string session_settings(const PostgresqlConnection& connection,
                             const ConnectOptions& options) {
  std::vector<std::string> settings;
  const auto want = [&](const char* name, const std::string& value) {
    if (connection.status(name) != value) {
      settings.push_back(std::string("SET ") + name + " = " + quote_literal(value));
    }
  };
  want("TimeZone", "UTC");
  want("standard_conforming_strings", "on");
  want("IntervalStyle", "postgres");
  if (!connection.status("DateStyle").starts_with("ISO")) {
    settings.push_back("SET DateStyle = 'ISO'");
  }
  if (!options.lock_timeout.empty()) {
    settings.push_back("SET lock_timeout = " + quote_literal(options.lock_timeout));
  }
  if (!options.statement_timeout.empty()) {
    settings.push_back("SET statement_timeout = " + quote_literal(options.statement_timeout));
  }
  return join(settings, "; ");
}

}  // namespace

std::unique_ptr<Connection> connect(const std::string& url, const ConnectOptions& options) {
  const std::vector<std::string> secrets = passwords_of(url);
  // Later ones win over those of the URL, earlier ones give way to it.
  const char* const keys[] = {"connect_timeout", "fallback_application_name", "dbname",
                              "client_encoding", nullptr};
  const std::string timeout = std::to_string(options.connect_timeout_s);
  const char* const values[] = {timeout.c_str(), "turnstone", url.c_str(), "UTF8", nullptr};
  Session session(PQconnectdbParams(keys, values, 1));
  if (!session) throw std::bad_alloc();
  if (PQstatus(session.get()) != CONNECTION_OK) {
    throw DatabaseError(one_line(scrubbed(PQerrorMessage(session.get()), secrets)),
                        {.kind = DatabaseErrorKind::lost_connection}, {});
  }
  auto connection = std::make_unique<PostgresqlConnection>(std::move(session));
  const std::string settings = session_settings(*connection, options);
  if (!settings.empty()) connection->execute(settings);
  return connection;
}

}  // namespace turnstone::postgresql
