#include "support/lab.h"

#include <turnstone/drivers/open.h>
#include <turnstone/identifier.h>
#include <turnstone/schema/lower.h>
#include <turnstone/schema/naming.h>

#include <algorithm>
#include <set>

namespace turnstone::test {

using migrations::Migration;
using migrations::Operations;

Lab::Lab(const std::string& dialect, std::string app) : app_(std::move(app)), database_(dialect) {
  reconnect();
}

Migration& Lab::add(const std::string& name, Operations operations) {
  Migration migration{.id = {app_, name}, .operations = std::move(operations)};
  if (!files_.empty()) migration.dependencies.push_back(files_.back().id);
  migration.digest = digest_of(migration);
  files_.push_back(std::move(migration));
  return files_.back();
}

std::vector<migrations::MigrationReport> Lab::migrate(const std::string& name) {
  std::vector<migrations::Target> targets;
  if (name == "zero") {
    std::set<std::string> apps;
    for (const Migration& migration : files_) apps.insert(migration.id.app);
    for (const std::string& app : apps) targets.push_back({app, ""});
  } else if (!name.empty()) {
    targets.push_back({app_, name});
  }
  migrations::Reporter silent;
  return migrations::migrate(*connection_, backend(), files_, functions_, targets, {}, silent);
}

ProjectState Lab::state() const {
  ProjectState state;
  for (const Migration& migration : files_) advance(state, migration);
  return state;
}

ProjectState Lab::state_before_last() const {
  ProjectState state;
  for (std::size_t i = 0; i + 1 < files_.size(); ++i) advance(state, files_[i]);
  return state;
}

void Lab::reconnect() {
  connection_ = database_.connect();
  // Scratch files need not outlive a power cut.
  if (dialect().name() == "sqlite") connection_->execute("PRAGMA synchronous = OFF");
}

void Lab::reset() {
  connection_.reset();
  database_.clear();
  files_.clear();
  reconnect();
}

std::vector<std::string> Lab::drift(const ProjectState& state) {
  const Schema wanted = lower(state, dialect());
  return schema_differences(backend().introspect(*connection_, named_places(wanted)),
                            backend().normalised(*connection_, wanted));
}

std::vector<std::string> Lab::schemas() const {
  Schema tables;
  const auto note = [&](const std::string& table) {
    tables.set(Table{.name = unquoted_table_name(table)});
  };
  for (const Migration& migration : files_) {
    for (const migrations::Operation& operation : migration.operations) {
      if (const auto* create = std::get_if<migrations::CreateModel>(&operation.value)) {
        note(create->options.db_table);
      } else if (const auto* alter = std::get_if<migrations::AlterModelTable>(&operation.value)) {
        note(alter->table);
      }
    }
  }
  return named_schemas(tables);
}

Dump Lab::rows() {
  Dump dump;
  const bool in_schemas = dialect().features().schemas;
  const auto quoted = [&](const std::string& table) {
    const std::size_t point = in_schemas ? table.find('.') : std::string::npos;
    if (point == std::string::npos) return quote_identifier(table);
    return quote_identifier(table.substr(0, point)) + "." +
           quote_identifier(table.substr(point + 1));
  };
  backend().introspect(*connection_, schemas()).each([&](const Table& table) {
    const Rows result = connection_->query("SELECT * FROM " + quoted(table.name));
    auto& rows = dump[table.name];
    for (const std::vector<Value>& row : result.rows) {
      std::map<std::string, std::string> cells;
      for (std::size_t i = 0; i < row.size(); ++i) cells[result.columns[i]] = cell_text(row[i]);
      rows.push_back(std::move(cells));
    }
    std::sort(rows.begin(), rows.end());
  });
  return dump;
}

std::string cell_text(const Value& value) {
  if (is_null(value)) return "NULL";
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* number = std::get_if<double>(&value)) return Json::of(*number).text();
  if (const auto* text = std::get_if<std::string>(&value)) return "'" + *text + "'";
  if (const auto* bytes = std::get_if<Bytes>(&value)) return "x" + to_hex(*bytes);
  return "?";
}

std::string lines(const std::vector<std::string>& items) { return join(items, "\n"); }

}  // namespace turnstone::test
