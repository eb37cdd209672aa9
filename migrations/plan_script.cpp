#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/match.h>
#include <turnstone/migrations/plan_script.h>

#include <algorithm>

#include "bookkeeping.h"
#include "moments.h"
#include "preparation.h"
#include "script_run.h"

namespace turnstone::migrations {
namespace {

/// Operations that run C++ in a plan, in the words of messages.
void find_code(const PlannedMigration& planned, std::vector<std::string>& places) {
  const Migration& migration = *planned.migration;
  const auto runs_code = [&](const auto& self, const Operation& operation) -> bool {
    if (std::holds_alternative<RunCpp>(operation.value)) {
      return !functions_needed(operation, planned.backwards).empty();
    }
    const auto* both = std::get_if<SeparateDatabaseAndState>(&operation.value);
    return both && both->database_operations &&
           std::any_of(both->database_operations->begin(), both->database_operations->end(),
                       [&](const Operation& inner) { return self(self, inner); });
  };
  for (std::size_t i = 0; i < migration.operations.size(); ++i) {
    const Operation& operation = migration.operations[i];
    if (!runs_code(runs_code, operation)) continue;
    places.push_back(migration.id.text() + ", operation " + std::to_string(i + 1) + " (" +
                     describe(operation) + ")");
  }
}

void refuse_code(const Plan& plan) {
  std::vector<std::string> places;
  for (const PlannedMigration& planned : plan) find_code(planned, places);
  if (places.empty()) return;
  throw Error(ErrorKind::unsupported, "C++ cannot be written as a script: " + join(places, "; "),
              {}, "run those migrations with migrate, and write scripts of what lies between");
}

std::string comment(const std::string& words) {
  return words.empty() ? "--\n" : "-- " + words + "\n";
}

Sql key_sql(const MigrationId& id) {
  return "\"app\" = " + quote_literal(id.app) + " AND \"name\" = " + quote_literal(id.name);
}

/// True where the history has a row of `id`.
Sql recorded_sql(const MigrationId& id) {
  return "EXISTS (SELECT 1 FROM " + quote_identifier(recorder::history_table) + " WHERE " +
         key_sql(id) + ")";
}

/// Writes the text of one migration.
class MigrationText {
 public:
  /// `timed`: the row says how long it ran.
  MigrationText(const Compiled& compiled, Connection& connection, const Dialect& dialect,
                bool timed)
      : compiled_(compiled),
        connection_(connection),
        dialect_(dialect),
        timed_(timed && !compiled.backwards),
        shell_(dialect.shell()),
        digests_(progress_digests(compiled.script)) {}

  std::string text() {
    const MigrationId& id = compiled_.migration->id;
    text_ = "\n" + comment(id.text() + (compiled_.backwards ? ", backwards" : "")) + "\n";
    if (timed_) text_ += shell_.start_clock();
    for (const std::string& setting : compiled_.script.setup) text_ += setting + ";\n";
    const std::vector<Batch>& batches = compiled_.script.batches;
    const bool one = batches.size() == 1 && batches.front().transactional;
    if (!one) text_ += refuse_other_journal();
    std::size_t first = 0;
    for (const Batch& batch : batches) {
      if (batch.transactional) {
        transaction(batch, first, one);
      } else {
        bare(batch, first);
      }
      first += batch.items.size();
    }
    for (const std::string& setting : compiled_.script.teardown) text_ += setting + ";\n";
    return text_;
  }

 private:
  void transaction(const Batch& batch, std::size_t first, bool one) {
    const bool last = first + batch.items.size() + 1 == digests_.size();
    std::string block = first == 0 ? say_begun() : std::string();
    if (last && !one) {
      block += shell_.statement(journal::clear(compiled_.migration->id, dialect_));
    }
    for (const ScriptItem& item : batch.items) block += item_text(item);
    if (last && timed_) {
      block += shell_.statement(
          recorder::set_duration(*compiled_.migration, shell_.elapsed(), dialect_));
    }
    const std::size_t end = first + batch.items.size();
    if (!last) block += journal_text(end);
    text_ += std::string(dialect_.begin()) + ";\n" +
             shell_.only_if(one ? wanted() : wanted() + " AND " + journal_before(end), block,
                            last ? already() : std::string()) +
             "COMMIT;\n";
  }

  void bare(const Batch& batch, std::size_t first) {
    for (std::size_t i = 0; i < batch.items.size(); ++i) {
      const std::size_t end = first + i + 1;
      text_ += shell_.only_if(
          wanted() + " AND " + journal_before(end),
          (end == 1 ? say_begun() : std::string()) + item_text(batch.items[i]) + journal_text(end),
          {});
    }
  }

  std::string item_text(const ScriptItem& item) {
    std::string text;
    if (item.operation != operation_) {
      operation_ = item.operation;
      text = comment(operation_ == ScriptItem::npos
                         ? "history"
                         : (compiled_.backwards ? "undo: " : "") +
                               describe(compiled_.migration->operations[operation_]));
      std::replace(text.begin(), text.end() - 1, '\n', ' ');
    }
    if (const auto* statement = std::get_if<Statement>(&item.item)) {
      return text + shell_.statement(*statement);
    }
    const auto* procedure = std::get_if<Procedure>(&item.item);
    if (!procedure || !procedure->script) {
      throw Error(ErrorKind::unsupported, "a step cannot be written as a script",
                  compiled_.migration->id.text(), "run it with migrate");
    }
    return text + procedure->script(connection_);
  }

  /// True while the migration is still to be done.
  Sql wanted() const {
    const Sql recorded = recorded_sql(compiled_.migration->id);
    return compiled_.backwards ? recorded : "NOT " + recorded;
  }
  std::string say_begun() const {
    return shell_.say((compiled_.backwards ? "Unapplying " : "Applying ") +
                      compiled_.migration->id.text());
  }
  std::string already() const {
    return compiled_.migration->id.text() +
           (compiled_.backwards ? " is not applied" : " is applied already");
  }

  Sql journal_key() const {
    return key_sql(compiled_.migration->id) +
           " AND \"direction\" = " + quote_literal(compiled_.backwards ? "backwards" : "forwards");
  }
  Sql journal_before(std::size_t end) const {
    return "COALESCE((SELECT \"done\" FROM " + quote_identifier(recorder::journal_table) +
           " WHERE " + journal_key() + "), 0) < " + std::to_string(end);
  }
  std::string journal_text(std::size_t done) const {
    return shell_.statement(journal::write(compiled_.migration->id, compiled_.backwards,
                                           {done, digests_[done]}, dialect_));
  }
  /// What is done in part must be a beginning of this very script.
  std::string refuse_other_journal() const {
    std::vector<Sql> known;
    for (std::size_t i = 0; i < digests_.size(); ++i) {
      known.push_back("(" + std::to_string(i) + ", " + quote_literal(digests_[i]) + ")");
    }
    return shell_.stop_if("EXISTS (SELECT 1 FROM " + quote_identifier(recorder::journal_table) +
                              " WHERE " + journal_key() +
                              " AND (\"done\", \"digest\") NOT IN (VALUES " + join(known, ", ") +
                              "))",
                          compiled_.migration->id.text() +
                              " was done in part, and what was done differs from what it says now");
  }

  const Compiled& compiled_;
  Connection& connection_;
  const Dialect& dialect_;
  bool timed_;
  const Shell& shell_;
  std::vector<std::string> digests_;
  std::string text_{};
  std::size_t operation_ = ScriptItem::npos - 1;
};

std::string heading(const Plan& plan, Connection& connection, const Shell& shell,
                    const std::string& file) {
  return comment(std::to_string(plan.size()) + " migration" + (plan.size() == 1 ? "" : "s") +
                 " for " + connection.display_name() + ", as turnstone migrate would run " +
                 (plan.size() == 1 ? "it" : "them")) +
         comment("") + comment("  " + shell.usage(file)) + comment("") +
         comment(
             "What is done already is left out when it runs, so it may be run again at any time.");
}

std::string settling(const std::vector<RowChange>& changes, const Dialect& dialect) {
  const Shell& shell = dialect.shell();
  std::string text;
  for (const RowChange& change : changes) {
    const std::string statement = shell.statement(change.statement);
    text += "\n" + comment(change.id.text() + (change.inserts ? ": all it replaces is applied"
                                                              : ": edited, accepted as it is"));
    if (!change.inserts) {
      text += statement;
      continue;
    }
    text += std::string(dialect.begin()) + ";\n" +
            shell.only_if("NOT " + recorded_sql(change.id), statement, {}) + "COMMIT;\n";
  }
  return text;
}

}  // namespace

PlanScript plan_script(Connection& connection, const Backend& backend,
                       const std::vector<Migration>& files, const Functions& functions,
                       const std::vector<Target>& targets, const ExecuteOptions& options,
                       const std::vector<std::string>& session, const std::string& file) {
  const Dialect& dialect = backend.dialect();
  const Shell& shell = dialect.shell();
  const History history = recorder::read(connection, backend);
  const Graph graph(files, &history);
  check_ready(graph, history, connection.display_name(), options);
  PlanScript script{.plan = make_plan(graph, history, exact_targets(graph, targets))};
  if (!options.fake) {
    refuse_code(script.plan);
    check_plan(script.plan, functions);
    check_plan(script.plan, graph, history, connection, backend);
    if (backend.has_table(connection, std::string(recorder::journal_table))) {
      check_journal(graph, script.plan, connection);
    }
  }
  script.text = heading(script.plan, connection, shell, file) + "\n" +
                shell.prologue({.lock_timeout = options.lock_timeout, .session = session}) +
                std::string(dialect.begin()) + ";\n";
  for (const Statement& statement : recorder::tables_where_missing(dialect)) {
    script.text += shell.statement(statement);
  }
  if (backend.has_table(connection, std::string(recorder::history_table))) {
    for (const recorder::LaterColumn& column : recorder::missing_columns(connection, dialect)) {
      script.text += shell.only_if(
          "NOT " + shell.has_column(std::string(recorder::history_table), column.name),
          shell.statement(column.add), {});
    }
  }
  script.text += "COMMIT;\n" + settling(rows_to_settle(graph, history, options, dialect), dialect);
  Moments moments(graph, history, script.plan, dialect);
  History after = history;
  for (const PlannedMigration& planned : script.plan) {
    const Compiled compiled =
        options.fake ? record_only(planned, dialect) : moments.compile(planned, functions);
    script.text += MigrationText(compiled, connection, dialect, !options.fake).text();
    moments.pass(planned);
    record(after, planned);
  }
  // The last of the old files may have completed what a squash replaces.
  const Graph afterwards(files, &after);
  script.text += settling(rows_to_settle(afterwards, after, {}, dialect), dialect);
  script.text += "\n" + shell.epilogue();
  return script;
}

}  // namespace turnstone::migrations
