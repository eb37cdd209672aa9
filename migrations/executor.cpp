#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/migrations/executor.h>
#include <turnstone/schema/lower.h>

#include <algorithm>
#include <cstdint>

#include "bookkeeping.h"
#include "moments.h"
#include "obstacles.h"
#include "preparation.h"
#include "script_run.h"
#include "soft_applied.h"

namespace turnstone::migrations {
namespace {

/// What an operator needs to know and do after a failure.
std::string advice(Outcome outcome, const MigrationId& id) {
  switch (outcome) {
    case Outcome::rolled_back:
      return "nothing of " + id.text() + " was done; correct the cause and run migrate again";
    case Outcome::partly_applied:
      return id.text() +
             " was done in part; correct the cause and run migrate again, it goes on from there";
    case Outcome::in_doubt:
      return "look with showmigrations whether " + id.text() +
             " is applied, then run migrate again";
    case Outcome::applied:
    case Outcome::skipped:
      break;
  }
  return id.text() + " itself is applied; run migrate again for the rest";
}

/// Adds what to do to what is wrong, keeping the type.
[[noreturn]] void rethrow_with_advice(const Error& error, const std::string& advice) {
  const std::string hint = error.hint().empty() ? advice : error.hint() + "; " + advice;
  if (const auto* database = dynamic_cast<const DatabaseError*>(&error)) {
    DatabaseError advised(database->what(), database->details(), database->statement());
    advised.at(database->where()).advise(hint);
    throw advised;
  }
  throw Error(error.kind(), error.what(), error.where(), hint);
}

bool same_ids(const History& a, const History& b) {
  return std::equal(a.rows().begin(), a.rows().end(), b.rows().begin(), b.rows().end(),
                    [](const auto& x, const auto& y) { return x.first == y.first; });
}

class Migrator {
 public:
  Migrator(Connection& connection, const Backend& backend, const std::vector<Migration>& files,
           const Functions& functions, const std::vector<Target>& targets,
           const ExecuteOptions& options, Reporter& reporter)
      : connection_(connection),
        backend_(backend),
        dialect_(backend.dialect()),
        files_(files),
        functions_(functions),
        targets_(targets),
        options_(options),
        reporter_(reporter) {}

  std::vector<MigrationReport> run() {
    const auto lock =
        backend_.lock(connection_, options_.lock_timeout, [this] { reporter_.waiting_for_lock(); });
    while (!plan_and_apply()) {
    }
    return std::move(reports_);
  }

 private:
  /// False when the history moved in a way that asks for another plan.
  bool plan_and_apply() {
    patiently([this] { read_history(); });
    const Graph graph(files_, &history_);
    check_ready(graph, history_, connection_.display_name(), options_);
    plan_ = make_plan(graph, history_, exact_targets(graph, targets_));
    if (!options_.fake) check_plan(plan_, functions_);
    if (!settle_rows(graph)) return false;
    if (plan_.empty()) return true;
    patiently([this] { recorder::ensure_tables(connection_, backend_); });
    if (!options_.fake) check_journal(graph, plan_, connection_);
    moments_ = Moments(graph, history_, plan_, dialect_);
    if (!options_.fake) check_database(plan_, moments_, connection_, backend_);
    for (std::size_t i = 0; i < plan_.size();) {
      const std::size_t next = apply(i);
      if (next == replan) return false;
      i = next;
    }
    // The last of the old files may have completed what a squash replaces.
    if (connection_.alive()) settle_rows(Graph(files_, &history_));
    return true;
  }

  /// Changes what `rows_to_settle` tells. False when another process changed the history at the
  /// same moment.
  bool settle_rows(const Graph& graph) {
    const std::vector<RowChange> changes = rows_to_settle(graph, history_, options_, dialect_);
    if (changes.empty()) return true;
    patiently([this] { recorder::ensure_tables(connection_, backend_); });
    std::optional<Transaction> transaction;
    patiently([&] { transaction.emplace(connection_, dialect_.begin()); });
    if (!unmoved()) return false;
    for (const RowChange& change : changes) {
      connection_.execute(change.statement.sql, change.statement.parameters);
    }
    transaction->commit();
    read_history();
    return true;
  }

  void read_history() {
    // Asked first: what is committed in between is seen later.
    commits_ = backend_.commits_of_others(connection_);
    history_ = recorder::read(connection_, backend_);
  }

  /// Deals with `plan_[i]`; gives the position of the next one, or `replan`.
  std::size_t apply(std::size_t i) {
    const PlannedMigration& planned = plan_[i];
    const Migration& migration = *planned.migration;
    const bool fake =
        options_.fake || (options_.fake_initial && !planned.backwards &&
                          soft_applied(migration, moments_.current(), connection_, backend_));
    const auto start = std::chrono::steady_clock::now();
    MigrationReport report{.id = migration.id, .backwards = planned.backwards};
    const auto end = [&](Outcome outcome) {
      report.outcome = outcome;
      report.took = since(start);
      reporter_.end(report);
    };
    reporter_.begin(migration, planned.backwards, fake);
    std::optional<ScriptRun> run;
    try {
      const Compiled compiled =
          fake ? record_only(planned, dialect_) : moments_.compile(planned, functions_);
      run.emplace(compiled, ScriptRun::Surroundings{connection_, dialect_, functions_, reporter_},
                  ScriptRun::Hooks{.still_wanted = [this] { return unmoved(); },
                                   .row =
                                       [&](const Statement& row) {
                                         return fake || planned.backwards
                                                    ? row
                                                    : recorder::insert_row(migration, dialect_,
                                                                           since(start));
                                       },
                                   .lock_timeout = options_.lock_timeout});
      if (!run->execute()) return moved(i, end);
    } catch (const Error& error) {
      const Outcome outcome = settled(planned, run ? run->outcome() : Outcome::rolled_back);
      end(outcome);
      const bool lost_answer = error.kind() == ErrorKind::in_doubt && outcome == Outcome::applied;
      if (!lost_answer || (i + 1 < plan_.size() && !connection_.alive())) {
        rethrow_with_advice(settled_error(error, outcome), advice(outcome, migration.id));
      }
      reports_.push_back(report);
      done(planned);
      return i + 1;
    }
    end(Outcome::applied);
    reports_.push_back(report);
    done(planned);
    return i + 1;
  }

  static std::chrono::microseconds since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                                 start);
  }

  void done(const PlannedMigration& planned) {
    record(history_, planned);
    moments_.pass(planned);
  }

  /// An in-doubt error whose doubt is gone says what is known.
  static Error settled_error(const Error& error, Outcome outcome) {
    if (error.kind() != ErrorKind::in_doubt || outcome == Outcome::in_doubt) return error;
    return Error(ErrorKind::database, error.what(), error.where(), error.hint());
  }

  /// The history moved under `plan_[i]`. Where others did what comes next in the plan, it is
  /// skipped; anything else needs another plan.
  template <class End>
  std::size_t moved(std::size_t i, const End& end) {
    History now;
    patiently([&] { now = recorder::read(connection_, backend_); });
    History expected = history_;
    std::size_t next = i;
    while (next < plan_.size() &&
           now.contains(plan_[next].migration->id) != plan_[next].backwards) {
      record(expected, plan_[next++]);
    }
    const bool ahead = same_ids(expected, now);
    history_ = std::move(now);
    end(Outcome::skipped);
    for (std::size_t k = i; k < next; ++k) {
      const PlannedMigration& planned = plan_[k];
      const MigrationReport report{
          .id = planned.migration->id, .backwards = planned.backwards, .outcome = Outcome::skipped};
      if (k != i) {
        reporter_.begin(*planned.migration, planned.backwards, false);
        reporter_.end(report);
      }
      reports_.push_back(report);
      moments_.pass(planned);
    }
    return ahead ? next : replan;
  }

  /// Asked under the write lock. With an advisory lock nobody else can have been here.
  bool unmoved() {
    const std::optional<std::int64_t> commits = backend_.commits_of_others(connection_);
    if (commits == commits_) return true;
    if (!same_ids(history_, recorder::read(connection_, backend_))) return false;
    commits_ = commits;
    return true;
  }

  /// What really happened after a COMMIT whose answer was lost, as far as it can be told.
  Outcome settled(const PlannedMigration& planned, Outcome outcome) const {
    if (outcome != Outcome::in_doubt) return outcome;
    try {
      std::unique_ptr<Connection> fresh;
      std::unique_ptr<Backend::Lock> lock;
      if (!connection_.alive()) {
        if (!options_.reconnect) return Outcome::in_doubt;
        fresh = options_.reconnect();
        // The lost session holds its lock until its COMMIT has ended one way or the other.
        lock = backend_.lock(*fresh, std::chrono::seconds(10), [] {});
      }
      Connection& connection = fresh ? *fresh : connection_;
      const History history = recorder::read(connection, backend_);
      if (history.contains(planned.migration->id) != planned.backwards) return Outcome::applied;
      const bool begun =
          journal::read(connection, planned.migration->id, planned.backwards, dialect_).has_value();
      return begun ? Outcome::partly_applied : Outcome::rolled_back;
    } catch (const Error&) {
      return Outcome::in_doubt;
    }
  }

  void patiently(const std::function<void()>& attempt) const {
    migrations::patiently(attempt, connection_, dialect_, options_.lock_timeout, reporter_);
  }

  static constexpr std::size_t replan = static_cast<std::size_t>(-1);

  Connection& connection_;
  const Backend& backend_;
  const Dialect& dialect_;
  const std::vector<Migration>& files_;
  const Functions& functions_;
  const std::vector<Target>& targets_;
  const ExecuteOptions& options_;
  Reporter& reporter_;

  History history_{};
  std::optional<std::int64_t> commits_{};  ///< of other connections, when the history was read
  Plan plan_{};
  Moments moments_{};
  std::vector<MigrationReport> reports_{};
};

}  // namespace

std::vector<MigrationReport> migrate(Connection& connection, const Backend& backend,
                                     const std::vector<Migration>& files,
                                     const Functions& functions, const std::vector<Target>& targets,
                                     const ExecuteOptions& options, Reporter& reporter) {
  return Migrator(connection, backend, files, functions, targets, options, reporter).run();
}

std::vector<MigrationId> prune(Connection& connection, const Backend& backend,
                               const std::vector<Migration>& files, const std::string& app,
                               const ExecuteOptions& options, Reporter& reporter) {
  const Dialect& dialect = backend.dialect();
  const auto lock =
      backend.lock(connection, options.lock_timeout, [&] { reporter.waiting_for_lock(); });
  if (!backend.has_table(connection, std::string(recorder::history_table))) return {};
  std::optional<Transaction> transaction;
  patiently([&] { transaction.emplace(connection, dialect.begin()); }, connection, dialect,
            options.lock_timeout, reporter);
  const History history = recorder::read(connection, backend);
  std::vector<MigrationId> gone;
  for (const auto& entry : history.rows()) {
    const MigrationId& id = entry.first;
    const auto is_it = [&](const Migration& migration) { return migration.id == id; };
    if (id.app == app && std::none_of(files.begin(), files.end(), is_it)) gone.push_back(id);
  }
  for (const Migration& migration : files) {
    for (const MigrationId& id : migration.replaces) {
      if (std::find(gone.begin(), gone.end(), id) == gone.end()) continue;
      throw Error(ErrorKind::history,
                  migration.id.text() + " still replaces " + id.text() + ", so its row must stay",
                  migration.file.string(), "take \"replaces\" out of that file first");
    }
  }
  if (gone.empty()) return gone;
  const Statement statement = recorder::delete_rows(gone, dialect);
  connection.execute(statement.sql, statement.parameters);
  transaction->commit();
  return gone;
}

void check_plan(const Plan& plan, const Functions& functions) {
  std::vector<std::string> irreversible;
  std::vector<std::string> missing;
  std::string nearest;
  for (const PlannedMigration& planned : plan) {
    const Migration& migration = *planned.migration;
    for (std::size_t i = 0; i < migration.operations.size(); ++i) {
      const Operation& operation = migration.operations[i];
      if (planned.backwards && !reversible(operation)) {
        irreversible.push_back(migration.id.text() + ", operation " + std::to_string(i + 1) + " (" +
                               describe(operation) + ")");
      }
      for (const std::string& name : functions_needed(operation, planned.backwards)) {
        if (functions.has(name)) continue;
        missing.push_back("\"" + name + "\" (" + migration.id.text() + ")");
        if (nearest.empty()) nearest = did_you_mean(name, functions.names());
      }
    }
  }
  if (!irreversible.empty()) {
    throw Error(ErrorKind::irreversible, "there is no way back from " + join(irreversible, "; "),
                {}, "nothing was done; give these operations a way back first");
  }
  if (missing.empty()) return;
  throw Error(ErrorKind::unsupported, "this executable lacks functions: " + join(missing, ", "), {},
              nearest.empty() ? "run the program of the project that registers them" : nearest);
}

void run_script(const Compiled& compiled, Connection& connection, const Dialect& dialect,
                const Functions& functions, Reporter& reporter) {
  ScriptRun(compiled, {connection, dialect, functions, reporter}, {}).execute();
}

}  // namespace turnstone::migrations
