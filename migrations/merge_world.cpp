#include "merge_world.h"

#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/match.h>

#include <algorithm>

namespace turnstone::migrations {
namespace {

[[noreturn]] void refuse(const std::string& message) { throw Error(ErrorKind::conflict, message); }

/// Types between which values do not change are one kind.
std::string kind_of(const std::string& type) {
  std::string kind = lower_case(type);
  const auto is = [&](const char* word) { return kind.find(word) != std::string::npos; };
  if (kind.ends_with("]") || is("range")) return kind;
  if (is("decimal") || is("numeric")) {
    const std::size_t comma = kind.find(',');
    return comma == std::string::npos ? "number" : "number with " + kind.substr(comma + 1);
  }
  if (is("int") && !is("interval") && !is("point")) return "integer";
  if (is("char") || kind == "text" || kind == "citext") return "text";
  return kind;
}

/// True when each value of kind `from` is there again after it was a `through`.
bool comes_back(const std::string& from, const std::string& through) {
  if (through == "text") return from != "json" && from != "jsonb" && from != "blob";
  if (from == "integer") return through.starts_with("number");
  return from == "bool" && through == "integer";
}

void convert(std::optional<Trace>& trace, const std::string& from, const std::string& to) {
  if (!trace) return;
  if (trace->kinds.empty()) trace->kinds.push_back(from);
  trace->kinds.push_back(to);
  std::vector<std::string>& kinds = trace->kinds;
  const std::size_t size = kinds.size();
  if (size >= 3 && kinds[size - 3] == to && comes_back(to, from)) kinds.resize(size - 2);
  if (kinds.size() == 1) kinds.clear();
}

std::optional<Trace> constant(const std::optional<Sql>& sql) {
  if (!sql || *sql == "NULL") return std::nullopt;
  return Trace{.from = "= " + *sql};
}

Cell cell_at_first(const std::string& table, const Column& column) {
  const Trace value{.from = table + "." + column.name};
  Cell cell{.filled = value, .blank = value};
  if (column.nullable) cell.blank.reset();
  return cell;
}

bool has_index(const Schema& schema, const std::string& name) {
  bool found = false;
  schema.each([&](const Table& table) {
    found = found ||
            std::any_of(table.indexes.begin(), table.indexes.end(), [&](const TableIndex& index) {
              return lower_case(index.name) == lower_case(name);
            });
  });
  return found;
}

/// A registered default function gives values nobody here can know: they go by its name.
void name_function(const Operation& operation, std::vector<Step>& steps) {
  const Field* field = nullptr;
  if (const auto* add = std::get_if<AddField>(&operation.value)) field = &add->field;
  if (const auto* alter = std::get_if<AlterField>(&operation.value)) field = &alter->field;
  if (!field || !field->default_value) return;
  const auto* function = std::get_if<DefaultFunction>(&*field->default_value);
  if (!function) return;
  for (Step& step : steps) {
    if (auto* add = std::get_if<step::AddColumn>(&step); add && add->fill) {
      add->fill = "function " + function->name;
    }
    if (auto* alter = std::get_if<step::AlterColumn>(&step); alter && alter->fill) {
      alter->fill = "function " + function->name;
    }
  }
}

/// The tables a step needs to be there.
struct Needed {
  std::vector<std::string> operator()(const step::CreateTable&) const { return {}; }
  std::vector<std::string> operator()(const step::DropTable& s) const { return {s.table.name}; }
  std::vector<std::string> operator()(const step::RenameTable& s) const { return {s.from}; }
  std::vector<std::string> operator()(const step::CopyRows& s) const { return {s.from, s.to}; }
  std::vector<std::string> operator()(const step::RebuildTable& s) const { return {s.before.name}; }
  std::vector<std::string> operator()(const step::CreateExtension&) const { return {}; }
  std::vector<std::string> operator()(const step::DropExtension&) const { return {}; }
  std::vector<std::string> operator()(const step::CreateCollation&) const { return {}; }
  std::vector<std::string> operator()(const step::DropCollation&) const { return {}; }
  std::vector<std::string> operator()(const step::RawSql&) const { return {}; }
  std::vector<std::string> operator()(const step::RunCode&) const { return {}; }
  template <class OnTable>
  std::vector<std::string> operator()(const OnTable& s) const {
    return {s.table};
  }
};

}  // namespace

/// Checks that a step fits what is there, and moves the rows. The schema moves behind it.
struct Follow {
  World& world;

  const Table& table(const std::string& name) const {
    const TablePtr found = world.actual_.find(name);
    if (!found) refuse("table \"" + name + "\" is not there");
    return *found;
  }
  void table_free(const std::string& name) const {
    if (world.actual_.find(name)) refuse("table \"" + name + "\" is there already");
  }
  const Column& column(const std::string& in, const std::string& name) const {
    const Column* found = table(in).find_column(name);
    if (!found) refuse("table \"" + in + "\" has no column \"" + name + "\"");
    return *found;
  }
  void column_free(const std::string& in, const std::string& name) const {
    const Table& there = table(in);
    const bool taken = std::any_of(
        there.columns.begin(), there.columns.end(),
        [&](const Column& column) { return lower_case(column.name) == lower_case(name); });
    if (taken) refuse("table \"" + in + "\" has a column \"" + name + "\" already");
  }
  void index_free(const std::string& name) const {
    if (has_index(world.actual_, name)) refuse("index \"" + name + "\" is there already");
  }

  void operator()(const step::CreateTable& s) const {
    table_free(s.table.name);
    for (const TableIndex& index : s.table.indexes) index_free(index.name);
    world.left_.insert(s.table.name);
    world.cells_[s.table.name] = {.has_rows = false};
  }
  void operator()(const step::DropTable& s) const {
    table(s.table.name);
    world.cells_.erase(s.table.name);
    world.left_.insert(s.table.name);
  }
  void operator()(const step::RenameTable& s) const {
    table(s.from);
    if (lower_case(s.from) != lower_case(s.to)) table_free(s.to);
    auto rows = std::move(world.cells(s.from));
    world.cells_.erase(s.from);
    world.left_.insert({s.from, s.to});
    world.cells_[s.to] = std::move(rows);
  }
  void operator()(const step::RenameColumn& s) const {
    column(s.table, s.from);
    if (lower_case(s.from) != lower_case(s.to)) column_free(s.table, s.to);
    auto& columns = world.cells(s.table).columns;
    auto node = columns.extract(s.from);
    if (node.empty()) return;
    node.key() = s.to;
    columns.insert(std::move(node));
  }
  void operator()(const step::AddColumn& s) const {
    column_free(s.table, s.column.name);
    const std::optional<Trace> value = constant(s.fill ? s.fill : s.column.default_sql);
    world.cells(s.table).columns[s.column.name] = Cell{.filled = value, .blank = value};
  }
  void operator()(const step::DropColumn& s) const {
    column(s.table, s.column.name);
    world.cells(s.table).columns.erase(s.column.name);
  }
  void operator()(const step::AlterColumn& s) const {
    const Column& is = column(s.table, s.before.name);
    Cell& cell = world.cells(s.table).columns[s.before.name];
    const std::string from = kind_of(is.type);
    const std::string to = kind_of(s.after.type);
    if (from != to) {
      convert(cell.filled, from, to);
      convert(cell.blank, from, to);
    }
    if (!is.nullable || s.after.nullable) return;
    if (!cell.filled) cell.filled = constant(s.fill);
    if (!cell.blank) cell.blank = constant(s.fill);
  }
  void operator()(const step::CreateIndex& s) const {
    table(s.table);
    index_free(s.index.name);
  }
  void operator()(const step::DropIndex& s) const {
    table(s.table);
    if (!has_index(world.actual_, s.index.name))
      refuse("there is no index \"" + s.index.name + "\"");
  }
  void operator()(const step::RenameIndex& s) const {
    table(s.table);
    if (lower_case(s.before.name) != lower_case(s.to)) index_free(s.to);
  }
  void operator()(const step::CopyRows& s) const {
    table(s.from);
    table(s.to);
    std::vector<std::string> columns;
    for (const auto& [to, value] : s.columns) columns.push_back(to + " = " + value);
    world.cells(s.to).copied.push_back("from " + s.from + ": " + join(columns, ", "));
  }
  void operator()(const step::CreateExtension&) const {}
  void operator()(const step::DropExtension&) const {}
  void operator()(const step::CreateCollation&) const {}
  void operator()(const step::DropCollation&) const {}
  void operator()(const step::RawSql&) const {}
  void operator()(const step::RunCode&) const {}
  template <class Other>
  void operator()(const Other& s) const {
    for (const std::string& name : Needed{}(s)) table(name);
  }
};

World::World(const ProjectState& state, const Dialect* dialect, const Functions& functions)
    : dialect_(dialect), functions_(&functions) {
  moment_.state = state;
  if (!dialect_) return;
  moment_.schema = lower(state, *dialect_);
  actual_ = moment_.schema;
  beginning_ = moment_.schema;
}

void World::note_problems(Known& known) const {
  for (const Problem& problem : problems_of(moment_.state)) {
    known.insert(problem.where + ": " + problem.message);
  }
}

World::TableCells World::cells_of(const std::string& table) const {
  const auto at = cells_.find(table);
  if (at != cells_.end()) return at->second;
  TableCells rows;
  const TablePtr first = left_.contains(table) ? nullptr : beginning_.find(table);
  if (!first) return {.has_rows = false};
  for (const Column& column : first->columns) {
    if (!column.generated) rows.columns[column.name] = cell_at_first(table, column);
  }
  return rows;
}

World::TableCells& World::cells(const std::string& table) {
  const auto at = cells_.find(table);
  if (at != cells_.end()) return at->second;
  return cells_[table] = cells_of(table);
}

void World::carry_out(const std::string& app, const Operation& operation) {
  if (!dialect_) return advance(moment_.state, app, operation);
  const Schema planned = moment_.schema;
  std::vector<Step> steps = forward_steps(moment_, app, operation, *dialect_, *functions_);
  name_function(operation, steps);
  for (const Step& step : steps) {
    // A table that only the states know (unmanaged until now) is taken to be as they say.
    for (const std::string& name : turnstone::match(step, Needed{})) {
      if (actual_.find(name) || left_.contains(name)) continue;
      if (const TablePtr there = planned.find(name)) actual_.set(there);
    }
    turnstone::match(step, Follow{*this});
    apply_step(actual_, step);
  }
}

void World::carry_out(const Migration& migration, Known* collect, const Known& known) {
  for (const Operation& operation : migration.operations) {
    try {
      carry_out(migration.id.app, operation);
      if (collect) {
        note_problems(*collect);
        continue;
      }
      for (const Problem& problem : problems_of(moment_.state)) {
        const std::string text = problem.where + ": " + problem.message;
        if (!known.contains(text)) refuse(text);
      }
    } catch (const Error& error) {
      throw Error(error.kind(), error.what(),
                  migration.id.text() + " (" + describe(operation) + ")", error.hint());
    }
  }
}

std::vector<std::string> World::differences(const World& other) const {
  std::vector<std::string> found;
  if (!(state() == other.state())) {
    for (const ModelKey& key : changed_models(state(), other.state())) {
      ProjectState one;
      ProjectState two;
      if (const ModelPtr model = state().find(key)) one.set(*model);
      if (const ModelPtr model = other.state().find(key)) two.set(*model);
      if (!(one == two)) found.push_back("model " + key.text() + " ends up different");
    }
  }
  if (!dialect_) return found;
  for (std::string& line : schema_differences(actual_, other.actual_)) {
    found.push_back(std::move(line));
  }
  std::set<std::string> tables;
  for (const auto& entry : cells_) tables.insert(entry.first);
  for (const auto& entry : other.cells_) tables.insert(entry.first);
  for (const std::string& table : tables) {
    const TableCells mine = cells_of(table);
    const TableCells theirs = other.cells_of(table);
    if (!mine.has_rows && !theirs.has_rows) continue;
    if (mine != theirs) found.push_back("rows of table \"" + table + "\" end up different");
  }
  return found;
}

const Cell* World::cell(const ModelKey& key, const std::string& name) const {
  const ModelPtr model = dialect_ ? state().find(key) : nullptr;
  const Field* field = model ? model->find_field(name) : nullptr;
  if (!field || !has_column(*field)) return nullptr;
  const auto table = cells_.find(database_table(*model, *dialect_));
  if (table == cells_.end() || !table->second.has_rows) return nullptr;
  const auto column = table->second.columns.find(column_name(*field));
  return column == table->second.columns.end() ? nullptr : &column->second;
}

std::optional<std::string> World::filling(const ModelKey& model, const std::string& field) const {
  const Cell* found = cell(model, field);
  if (!found || !found->blank || !found->blank->from.starts_with("= ")) return std::nullopt;
  return found->blank->from.substr(2);
}

bool World::converted(const ModelKey& model, const std::string& field) const {
  const Cell* found = cell(model, field);
  return found && found->filled && !found->filled->kinds.empty();
}

}  // namespace turnstone::migrations
