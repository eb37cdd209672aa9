#include "obstacles.h"

#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/match.h>
#include <turnstone/schema/lower.h>

#include <algorithm>

#include "historical_table.h"

namespace turnstone::migrations {
namespace {

std::string place_of(const Migration& migration, std::size_t operation) {
  return migration.id.text() + ", operation " + std::to_string(operation + 1) + " (" +
         describe(migration.operations[operation]) + ")";
}

// A server that is too old
// -------------------------------------------------------------------------

/// Follows a plan forwards.
class ServerCheck {
 public:
  ServerCheck(Moment start, const Backend& backend, int version)
      : moment_(std::move(start)), backend_(backend), version_(version) {}

  void pass(const Migration& migration) {
    for (std::size_t i = 0; i < migration.operations.size(); ++i) {
      const Operation& operation = migration.operations[i];
      const std::vector<std::string> found = asked_in_vain(moment_, migration.id.app, operation);
      move(moment_, migration.id.app, operation);
      if (found.empty()) continue;
      throw Error(ErrorKind::unsupported, "the server is too old: " + join(found, "; "),
                  place_of(migration, i),
                  "use a newer server, or leave that out; nothing was done");
    }
  }

 private:
  Relowered move(Moment& moment, const std::string& app, const Operation& operation) const {
    const ProjectState before = moment.state;
    advance(moment.state, app, operation);
    return relower(moment.schema, before, moment.state, backend_.dialect());
  }

  std::vector<std::string> asked_in_vain(Moment moment, const std::string& app,
                                         const Operation& operation) const {
    if (const auto* both = std::get_if<SeparateDatabaseAndState>(&operation.value)) {
      std::vector<std::string> found;
      if (!both->database_operations) return found;
      for (const Operation& inner : *both->database_operations) {
        for (std::string& words : asked_in_vain(moment, app, inner)) found.push_back(words);
        move(moment, app, inner);
      }
      return found;
    }
    const bool state_only = std::holds_alternative<RunSQL>(operation.value) ||
                            std::holds_alternative<AlterModelOptions>(operation.value);
    if (state_only) return {};
    const Schema before = moment.schema;
    std::vector<std::string> found;
    for (const std::string& name : move(moment, app, operation).tables_after) {
      const std::vector<std::string> known = complaints(before.find(name));
      for (std::string& words : complaints(moment.schema.find(name))) {
        if (std::find(known.begin(), known.end(), words) == known.end()) found.push_back(words);
      }
    }
    return found;
  }
  std::vector<std::string> complaints(const TablePtr& table) const {
    return table ? backend_.too_new(*table, version_) : std::vector<std::string>{};
  }

  Moment moment_;
  const Backend& backend_;
  int version_;
};

// Rows that a column comes back to
// -----------------------------------------------------------------

/// A column that RemoveField took away and that only an empty table can get back.
struct ReturningColumn {
  std::string place{};
  std::string table{};
  std::string column{};
};

bool runs_something(const std::optional<RunSQL::Source>& source) {
  return source && (source->text || !source->statements.empty());
}

/// True for an operation that, undone, may leave other rows in a table than there are now.
struct MovesRows {
  bool operator()(const RunSQL& o) const { return runs_something(o.reverse_sql); }
  bool operator()(const RunCpp& o) const { return o.reverse_code.value_or("noop") != "noop"; }
  bool operator()(const CreateModel&) const { return true; }
  bool operator()(const DeleteModel&) const { return true; }
  bool operator()(const RenameModel&) const { return true; }
  bool operator()(const MoveModel&) const { return true; }
  bool operator()(const AlterModelTable&) const { return true; }
  bool operator()(const SeparateDatabaseAndState& o) const {
    return o.database_operations &&
           std::any_of(o.database_operations->begin(), o.database_operations->end(),
                       [&](const Operation& inner) { return match(inner, *this); });
  }
  template <class Other>
  bool operator()(const Other&) const {
    return false;
  }
};

bool removes_field(const Operation& operation) {
  if (std::holds_alternative<RemoveField>(operation.value)) return true;
  const auto* both = std::get_if<SeparateDatabaseAndState>(&operation.value);
  return both && both->database_operations &&
         std::any_of(both->database_operations->begin(), both->database_operations->end(),
                     removes_field);
}

/// Walks through what is to be undone, in that order, as long as the rows are those of now.
class WayBack {
 public:
  WayBack(Moments& moments, const Dialect& dialect) : moments_(moments), dialect_(dialect) {}

  std::vector<ReturningColumn> run() {
    const auto& undone = moments_.undone();
    for (std::size_t i = undone.size(); i-- > 0 && !moved_;) undo(i);
    return std::move(found_);
  }

 private:
  void undo(std::size_t index) {
    const Migration& migration = *moments_.undone()[index];
    const Operations& operations = migration.operations;
    std::vector<ProjectState> states;
    if (std::any_of(operations.begin(), operations.end(), removes_field)) {
      states.push_back(moments_.before(index).state);
      for (const Operation& operation : operations) {
        states.push_back(states.back());
        advance(states.back(), migration.id.app, operation);
      }
    }
    for (std::size_t i = operations.size(); i-- > 0 && !moved_;) {
      moved_ = match(operations[i], MovesRows{});
      if (states.empty()) continue;
      columns(migration.id.app, operations[i], states[i], place_of(migration, i));
    }
  }

  void columns(const std::string& app, const Operation& operation, ProjectState state,
               const std::string& place) {
    if (const auto* both = std::get_if<SeparateDatabaseAndState>(&operation.value)) {
      if (!both->database_operations) return;
      for (const Operation& inner : *both->database_operations) {
        columns(app, inner, state, place);
        advance(state, app, inner);
      }
      return;
    }
    const auto* removed = std::get_if<RemoveField>(&operation.value);
    const ModelPtr model = removed ? state.find(key_from(removed->model_name, app)) : nullptr;
    if (!model || model->options.proxy || !model->options.managed) return;
    const Field* field = model->find_field(removed->name);
    if (!field || !has_nothing_for_rows(*field)) return;
    found_.push_back({place, database_table(*model, dialect_), column_name(*field)});
  }

  Moments& moments_;
  const Dialect& dialect_;
  bool moved_ = false;
  std::vector<ReturningColumn> found_{};
};

void check_rows(Moments& moments, Connection& connection, const Backend& backend) {
  for (const ReturningColumn& column : WayBack(moments, backend.dialect()).run()) {
    if (!backend.has_table(connection, column.table)) continue;
    const Rows found = connection.query("SELECT * FROM " +
                                        table_sql(column.table, backend.dialect()) + " LIMIT 1");
    // A migration that is done in part may have brought the column back already.
    const bool back =
        std::find(found.columns.begin(), found.columns.end(), column.column) != found.columns.end();
    if (back || found.rows.empty()) continue;
    throw Error(ErrorKind::irreversible,
                column.place + " cannot be undone while table \"" + column.table +
                    "\" has rows: nothing says what they get as \"" + column.column +
                    "\", which may not be NULL",
                "database " + connection.display_name(),
                "empty the table first, or go back less far; nothing was done");
  }
}

}  // namespace

void check_database(const Plan& plan, Moments& moments, Connection& connection,
                    const Backend& backend) {
  const int version = connection.server_version();
  if (!backend.has_everything(version)) {
    ServerCheck server(moments.current(), backend, version);
    for (const PlannedMigration& planned : plan) {
      if (!planned.backwards) server.pass(*planned.migration);
    }
  }
  check_rows(moments, connection, backend);
}

void check_plan(const Plan& plan, const Graph& graph, const History& history,
                Connection& connection, const Backend& backend) {
  const bool may_fail = std::any_of(plan.begin(), plan.end(), [&](const PlannedMigration& planned) {
    const Operations& operations = planned.migration->operations;
    return planned.backwards && std::any_of(operations.begin(), operations.end(), removes_field);
  });
  if (!may_fail && backend.has_everything(connection.server_version())) return;
  Moments moments(graph, history, plan, backend.dialect());
  check_database(plan, moments, connection, backend);
}

}  // namespace turnstone::migrations
