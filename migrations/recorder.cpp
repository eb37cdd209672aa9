#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/migrations/executor.h>
#include <turnstone/schema/lower.h>

#include <algorithm>

#include "bookkeeping.h"

namespace turnstone::migrations {
namespace {

Field own_field(const std::string& name, FieldType type, std::optional<int> max_length = {}) {
  Field field;
  field.name = name;
  field.type = type;
  field.max_length = max_length;
  return field;
}

Field id_field() {
  Field id = own_field("id", FieldType::big_auto_field);
  id.primary_key = true;
  return id;
}

const Field& time_field() {
  static const Field field = own_field("applied", FieldType::date_time);
  return field;
}

Field optional_field(const std::string& name, FieldType type, std::optional<int> max_length = {}) {
  Field field = own_field(name, type, max_length);
  field.null = true;
  return field;
}

const Field& duration_field() {
  static const Field field = optional_field("duration", FieldType::duration);
  return field;
}

/// What the first form of the history did not have: one that an older version made is given them.
std::vector<Field> later_fields() {
  return {duration_field(), optional_field("version", FieldType::character, 63)};
}

ModelState own_model(std::string_view table, std::vector<Field> fields,
                     std::vector<std::string> unique) {
  ModelState model;
  model.app = "turnstone";
  model.name = std::string(table);
  model.fields = std::move(fields);
  model.options.db_table = std::string(table);
  UniqueConstraint key;
  key.name = std::string(table) + "_key";
  key.fields = std::move(unique);
  model.options.constraints = {key};
  return model;
}

ModelState history_model() {
  std::vector<Field> fields = {id_field(), own_field("app", FieldType::character, 255),
                               own_field("name", FieldType::character, 255), time_field(),
                               own_field("digest", FieldType::character, 255)};
  for (Field& field : later_fields()) fields.push_back(std::move(field));
  return own_model(recorder::history_table, std::move(fields), {"app", "name"});
}

ModelState journal_model() {
  return own_model(
      recorder::journal_table,
      {id_field(), own_field("app", FieldType::character, 255),
       own_field("name", FieldType::character, 255),
       own_field("direction", FieldType::character, 9), own_field("done", FieldType::big_integer),
       own_field("digest", FieldType::character, 255), own_field("changed", FieldType::date_time)},
      {"app", "name", "direction"});
}

std::vector<Statement> statements_of(const ModelState& model, const Dialect& dialect) {
  ProjectState state;
  state.set(model);
  std::vector<PlannedStep> steps;
  for (Table& table : lower_model(state, model, dialect)) {
    steps.push_back(PlannedStep{step::CreateTable{std::move(table)}, ScriptItem::npos});
  }
  std::vector<Statement> statements;
  for (const Batch& batch : dialect.render(dialect.legalize({}, std::move(steps)), true).batches) {
    for (const ScriptItem& item : batch.items) statements.push_back(std::get<Statement>(item.item));
  }
  return statements;
}

void create(Connection& connection, const ModelState& model, const Dialect& dialect) {
  for (const Statement& statement : statements_of(model, dialect)) {
    connection.execute(statement.sql, statement.parameters);
  }
}

std::string now_sql(const Dialect& dialect) { return dialect.function_value("now", time_field()); }

std::string table_sql(std::string_view table) { return quote_identifier(table); }

/// Rows of the history, whichever version made the table: what it lacks is NULL.
class HistoryRows {
 public:
  HistoryRows(Connection& connection, const Dialect& dialect)
      : dialect_(dialect),
        rows_(connection.query("SELECT * FROM " + table_sql(recorder::history_table) +
                               " ORDER BY \"id\"")) {}

  std::size_t size() const { return rows_.rows.size(); }
  AppliedMigration migration(std::size_t row) const {
    AppliedMigration applied{.id = {text(row, app_), text(row, name_)},
                             .digest = text(row, digest_),
                             .version = text(row, version_)};
    const Value time = dialect_.from_database(cell(row, applied_), time_field());
    if (const auto* instant = std::get_if<DateTime>(&time)) {
      applied.applied = turnstone::to_text(*instant);
    }
    const Value took = dialect_.from_database(cell(row, duration_), duration_field());
    if (const auto* duration = std::get_if<Duration>(&took)) applied.took = *duration;
    return applied;
  }

 private:
  /// Number of a column; that of columns where there is none.
  std::size_t place(std::string_view column) const {
    const auto at = std::find(rows_.columns.begin(), rows_.columns.end(), column);
    return static_cast<std::size_t>(at - rows_.columns.begin());
  }
  const Value& cell(std::size_t row, std::size_t column) const {
    static const Value null;
    return column < rows_.columns.size() ? rows_.rows[row][column] : null;
  }
  std::string text(std::size_t row, std::size_t column) const {
    const auto* value = std::get_if<std::string>(&cell(row, column));
    return value ? *value : std::string();
  }

  const Dialect& dialect_;
  Rows rows_;
  std::size_t app_ = place("app");
  std::size_t name_ = place("name");
  std::size_t applied_ = place("applied");
  std::size_t digest_ = place("digest");
  std::size_t duration_ = place("duration");
  std::size_t version_ = place("version");
};

}  // namespace

namespace recorder {

std::vector<MigrationId> recorded_ids(const Migration& migration, bool backwards) {
  // Without a graph that knows better: what the file says.
  std::vector<MigrationId> ids =
      migration.stands_for.empty() ? migration.replaces : migration.stands_for;
  if (backwards) ids.insert(ids.end(), migration.part_of.begin(), migration.part_of.end());
  ids.push_back(migration.id);
  return ids;
}

History read(Connection& connection, const Backend& backend) {
  if (!backend.has_table(connection, std::string(history_table))) return {};
  const HistoryRows rows(connection, backend.dialect());
  std::vector<AppliedMigration> applied;
  for (std::size_t i = 0; i < rows.size(); ++i) applied.push_back(rows.migration(i));
  return History(std::move(applied));
}

std::vector<LaterColumn> missing_columns(Connection& connection, const Dialect& dialect) {
  const std::vector<std::string> columns =
      connection.query("SELECT * FROM " + table_sql(history_table) + " WHERE 1 = 0").columns;
  std::vector<LaterColumn> missing;
  for (const Field& field : later_fields()) {
    if (std::find(columns.begin(), columns.end(), field.name) != columns.end()) continue;
    missing.push_back(
        {field.name,
         {.sql = "ALTER TABLE " + table_sql(history_table) + " ADD COLUMN " +
                 quote_identifier(field.name) + " " + dialect.column_type(field) + " NULL"}});
  }
  return missing;
}

void ensure_tables(Connection& connection, const Backend& backend) {
  const Dialect& dialect = backend.dialect();
  const auto complete = [&] {
    return backend.has_table(connection, std::string(history_table)) &&
           backend.has_table(connection, std::string(journal_table)) &&
           missing_columns(connection, dialect).empty();
  };
  for (int attempt = 1; !complete(); ++attempt) {
    try {
      Transaction transaction(connection, dialect.begin());
      if (!backend.has_table(connection, std::string(history_table))) {
        create(connection, history_model(), dialect);
      }
      for (const LaterColumn& column : missing_columns(connection, dialect)) {
        connection.execute(column.add.sql);
      }
      if (!backend.has_table(connection, std::string(journal_table))) {
        create(connection, journal_model(), dialect);
      }
      transaction.commit();
    } catch (const DatabaseError& error) {
      // Another process made them at the same moment: then they are there now.
      if (attempt == 3 || !connection.alive() || (!complete() && !error.retryable())) throw;
    }
  }
}

std::vector<Statement> tables_where_missing(const Dialect& dialect) {
  std::vector<Statement> statements;
  for (const ModelState& model : {history_model(), journal_model()}) {
    for (Statement& statement : statements_of(model, dialect)) {
      for (const std::string verb : {"CREATE TABLE ", "CREATE UNIQUE INDEX "}) {
        if (statement.sql.starts_with(verb)) statement.sql.insert(verb.size(), "IF NOT EXISTS ");
      }
      statements.push_back(std::move(statement));
    }
  }
  return statements;
}

Statement insert_row(const Migration& migration, const Dialect& dialect,
                     std::optional<std::chrono::microseconds> took) {
  Statement statement;
  statement.sql =
      "INSERT INTO " + table_sql(history_table) +
      " (\"app\", \"name\", \"applied\", \"digest\", \"duration\", \"version\") VALUES ";
  for (const MigrationId& id : recorded_ids(migration, false)) {
    const bool itself = id == migration.id;
    const std::size_t position = statement.parameters.size();
    if (position != 0) statement.sql += ", ";
    statement.sql += "(" + dialect.placeholder(position + 1) + ", " +
                     dialect.placeholder(position + 2) + ", " + now_sql(dialect) + ", " +
                     dialect.placeholder(position + 3) + ", " +
                     dialect.parameter(position + 4, duration_field()) + ", " +
                     dialect.placeholder(position + 5) + ")";
    const Value time = itself && took ? Value(Duration(*took)) : Value();
    statement.parameters.insert(
        statement.parameters.end(),
        {id.app, id.name, itself ? migration.digest : std::string(),
         dialect.to_database(time, duration_field()), std::string(own_version())});
  }
  return statement;
}

Statement delete_row(const Migration& migration, const Dialect& dialect) {
  return delete_rows(recorded_ids(migration, true), dialect);
}

Statement delete_rows(const std::vector<MigrationId>& ids, const Dialect& dialect) {
  Statement statement;
  statement.sql = "DELETE FROM " + table_sql(history_table) + " WHERE ";
  for (const MigrationId& id : ids) {
    const std::size_t position = statement.parameters.size();
    if (position != 0) statement.sql += " OR ";
    statement.sql += "(\"app\" = " + dialect.placeholder(position + 1) +
                     " AND \"name\" = " + dialect.placeholder(position + 2) + ")";
    statement.parameters.insert(statement.parameters.end(), {id.app, id.name});
  }
  return statement;
}

Statement set_duration(const Migration& migration, const Sql& took, const Dialect& dialect) {
  return {.sql = "UPDATE " + table_sql(history_table) + " SET \"duration\" = " + took + " WHERE " +
                 "\"app\" = " + dialect.placeholder(1) +
                 " AND \"name\" = " + dialect.placeholder(2),
          .parameters = {migration.id.app, migration.id.name}};
}

Statement update_digest(const Migration& migration, const Dialect& dialect) {
  return {.sql = "UPDATE " + table_sql(history_table) + " SET \"digest\" = " +
                 dialect.placeholder(1) + " WHERE \"app\" = " + dialect.placeholder(2) +
                 " AND \"name\" = " + dialect.placeholder(3),
          .parameters = {migration.digest, migration.id.app, migration.id.name}};
}

}  // namespace recorder

namespace journal {
namespace {

std::string direction(bool backwards) { return backwards ? "backwards" : "forwards"; }

}  // namespace

std::vector<Entry> read_all(Connection& connection) {
  const Rows rows = connection.query("SELECT \"app\", \"name\", \"direction\" FROM " +
                                     table_sql(recorder::journal_table) + " ORDER BY \"id\"");
  std::vector<Entry> entries;
  for (const std::vector<Value>& row : rows.rows) {
    const auto text = [&](std::size_t i) { return std::get<std::string>(row[i]); };
    entries.push_back(Entry{{text(0), text(1)}, text(2) == direction(true)});
  }
  return entries;
}

std::optional<Position> read(Connection& connection, const MigrationId& id, bool backwards,
                             const Dialect& dialect) {
  const std::vector<Value> key{id.app, id.name, direction(backwards)};
  const Rows rows =
      connection.query("SELECT \"done\", \"digest\" FROM " + table_sql(recorder::journal_table) +
                           " WHERE \"app\" = " + dialect.placeholder(1) +
                           " AND \"name\" = " + dialect.placeholder(2) +
                           " AND \"direction\" = " + dialect.placeholder(3),
                       key);
  if (rows.rows.empty()) return {};
  const std::vector<Value>& row = rows.rows.front();
  return Position{static_cast<std::size_t>(std::get<std::int64_t>(row[0])),
                  std::get<std::string>(row[1])};
}

Statement write(const MigrationId& id, bool backwards, const Position& position,
                const Dialect& dialect) {
  Statement statement;
  statement.sql = "INSERT INTO " + table_sql(recorder::journal_table) +
                  " (\"app\", \"name\", \"direction\", \"done\", \"digest\", \"changed\") VALUES (";
  for (std::size_t i = 1; i <= 5; ++i) statement.sql += dialect.placeholder(i) + ", ";
  statement.sql += now_sql(dialect) +
                   ") ON CONFLICT (\"app\", \"name\", \"direction\") DO UPDATE SET "
                   "\"done\" = excluded.\"done\", \"digest\" = excluded.\"digest\", "
                   "\"changed\" = excluded.\"changed\"";
  statement.parameters = {id.app, id.name, direction(backwards),
                          static_cast<std::int64_t>(position.done), position.digest};
  return statement;
}

Statement clear(const MigrationId& id, const Dialect& dialect) {
  return {.sql = "DELETE FROM " + table_sql(recorder::journal_table) + " WHERE \"app\" = " +
                 dialect.placeholder(1) + " AND \"name\" = " + dialect.placeholder(2),
          .parameters = {id.app, id.name}};
}

}  // namespace journal

}  // namespace turnstone::migrations
