#include "inspection.h"

#include "json/model_json.h"
#include "schema/item_identity.h"

#include <turnstone/db/connection.h>
#include <turnstone/identifier.h>
#include <turnstone/match.h>
#include <turnstone/schema/lower.h>
#include <turnstone/schema/naming.h>
#include <turnstone/schema/step.h>

#include <algorithm>
#include <cctype>
#include <future>
#include <set>
#include <tuple>

namespace turnstone::cli {
namespace {

/// `*` stands for any text, `?` for one character.
bool matches(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return name.empty();
  if (pattern.front() == '*') {
    for (std::size_t i = 0; i <= name.size(); ++i) {
      if (matches(pattern.substr(1), name.substr(i))) return true;
    }
    return false;
  }
  if (name.empty() || (pattern.front() != '?' && pattern.front() != name.front())) return false;
  return matches(pattern.substr(1), name.substr(1));
}

bool looks_like_url(const std::string& text) { return text.find(':') != std::string::npos; }

template <class T>
Sql definition_of(const std::vector<T>& items, const std::string& name) {
  for (const T& item : items) {
    if (item_identity(item) == name) return definition(item);
  }
  return {};
}

/// The definition as it stands; the comparable one where it has no name to be found by.
Sql definition_in(const Schema& schema, const SchemaDifference& difference, const std::string& name,
                  const Sql& otherwise) {
  const TablePtr table = schema.find(difference.table);
  if (!table || otherwise.empty()) return otherwise;
  Sql found;
  if (difference.kind == "column") found = definition_of(table->columns, name);
  if (difference.kind == "check constraint") found = definition_of(table->checks, name);
  if (difference.kind == "unique constraint") found = definition_of(table->uniques, name);
  if (difference.kind == "foreign key") found = definition_of(table->foreign_keys, name);
  if (difference.kind == "exclusion constraint") found = definition_of(table->exclusions, name);
  if (difference.kind == "index") found = definition_of(table->indexes, name);
  return found.empty() ? otherwise : found;
}

/// Length of the type behind `::` at the beginning of `text`.
std::size_t cast_length(std::string_view text) {
  static const std::vector<std::string_view> longer = {
      "character varying",  "double precision",         "timestamp without time zone",
      "bit varying",        "timestamp with time zone", "time without time zone",
      "time with time zone"};
  std::size_t end = 2;
  for (const std::string_view words : longer) {
    if (text.substr(2).starts_with(words)) end = 2 + words.size();
  }
  const auto in_name = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '"';
  };
  while (end < text.size() && in_name(text[end])) ++end;
  if (end + 1 < text.size() && text[end] == '(' &&
      std::isdigit(static_cast<unsigned char>(text[end + 1]))) {
    end = std::min(text.find(')', end) + 1, text.size());
  }
  while (text.substr(end).starts_with("[]")) end += 2;
  return end;
}

/// An expression without casts, and without the parentheses they need.
std::string without_casts(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size();) {
    if (text.compare(i, 2, "::") == 0) {
      i += cast_length(std::string_view(text).substr(i));
    } else {
      plain += text[i++];
    }
  }
  const auto in_word = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '"' || c == '\'' ||
           c == '.';
  };
  for (std::size_t open = plain.find('('); open != std::string::npos;) {
    std::size_t close = open + 1;
    while (close < plain.size() && in_word(plain[close])) ++close;
    const bool call = open > 0 && in_word(plain[open - 1]);
    if (!call && close < plain.size() && plain[close] == ')' && close > open + 1) {
      plain.erase(close, 1);
      plain.erase(open, 1);
      open = plain.find('(');
    } else {
      open = plain.find('(', open + 1);
    }
  }
  return plain;
}

/// Differences that follow from another one: where a column has another type, the server puts
/// other casts into every expression over it.
void drop_consequences(std::vector<SchemaDifference>& differences) {
  std::set<std::string> tables;
  for (const SchemaDifference& d : differences) {
    if (d.kind == "column" && d.property == "type") tables.insert(d.table);
  }
  std::erase_if(differences, [&](const SchemaDifference& d) {
    const bool expression = d.property == "condition" || d.property == "columns" ||
                            d.property == "generated" || d.property == "elements";
    return expression && tables.contains(d.table) && without_casts(d.is) == without_casts(d.should);
  });
}

/// The wanted schema of a drift with the text of the live one in all that does not differ.
class Aligned {
 public:
  explicit Aligned(const Drift& drift) : drift_(drift) {
    for (const SchemaDifference& d : drift.differences) {
      differing_.insert({d.table, d.kind, d.name});
    }
  }

  Schema run() const {
    Schema result;
    drift_.wanted.each([&](const Table& table) {
      const TablePtr own = drift_.live.find(table.name);
      result.set(own ? aligned(table, *own) : table);
    });
    return result;
  }

 private:
  template <class T>
  void items(const std::string& table, const std::string& kind, std::vector<T>& wanted,
             const std::vector<T>& live) const {
    for (T& item : wanted) {
      const std::string name = item_identity(item);
      if (differing_.contains({table, kind, name})) continue;
      for (const T& own : live) {
        if (item_identity(own) == name) item = own;
      }
    }
  }
  Table aligned(const Table& wanted, const Table& live) const {
    Table table = wanted;
    items(table.name, "column", table.columns, live.columns);
    items(table.name, "unique constraint", table.uniques, live.uniques);
    items(table.name, "check constraint", table.checks, live.checks);
    items(table.name, "foreign key", table.foreign_keys, live.foreign_keys);
    items(table.name, "exclusion constraint", table.exclusions, live.exclusions);
    items(table.name, "index", table.indexes, live.indexes);
    return table;
  }

  const Drift& drift_;
  std::set<std::tuple<std::string, std::string, std::string>> differing_{};
};

}  // namespace

bool table_matches(const std::string& pattern, const std::string& table) {
  return table == pattern || matches(pattern, table) || matches(pattern, bare_table_name(table));
}

RowsDatabase open_live(Context& context, const std::string& wanted) {
  RowsDatabase database;
  const std::string& name = wanted.empty() ? context.globals.database : wanted;
  try {
    database.project = open_project(context);
  } catch (const Error& error) {
    const bool none = error.kind() == ErrorKind::usage && context.globals.project.empty();
    if (!none || !looks_like_url(name)) throw;
    context.output.hide_password_of(name);
    database.project = Project{.root = context.surroundings.folder};
  }
  Context other = context;
  other.globals.database = name;
  database.chosen = choose_database(other, database.project);
  database.project = project_on(database.project, database.chosen);
  database.backend = &backend_for(database.chosen.url);
  database.connection = connect(database.project, database.chosen);
  return database;
}

LiveSchema read_live(const RowsDatabase& database, const TableChoice& choice) {
  const Dialect& dialect = database.backend->dialect();
  std::vector<std::string> schemas = choice.more_schemas;
  if (!choice.schema.empty()) {
    if (!dialect.features().schemas) {
      throw Error(ErrorKind::usage, std::string(dialect.name()) + " has no schemas", "--schema",
                  "leave --schema out");
    }
    schemas.push_back(choice.schema);
  }
  LiveSchema live;
  {
    // One snapshot for all.
    const Transaction reading(*database.connection, dialect.begin_reading());
    live.tables = database.backend->introspect(*database.connection, schemas);
    live.objects = database.backend->objects(*database.connection, schemas);
    if (choice.views) {
      const Schema views = database.backend->views(*database.connection, schemas);
      views.each([&](const Table& view) { live.views.push_back(view.name); });
      live.tables.set_all(views);
    }
    if (!choice.schema.empty()) {
      // What is on the search path has no schema in its name.
      const Rows rows =
          database.connection->query("SELECT 1 WHERE $1 = ANY (current_schemas(false))",
                                     std::vector<Value>{Value(choice.schema)});
      const bool on_path = !rows.rows.empty();
      live.tables = live.tables.only([&](const Table& table) {
        const bool own = table.name.starts_with(choice.schema + ".");  // "a.b" of that schema
        return own || (on_path && table.name.find('.') == std::string::npos);
      });
    }
  }
  if (choice.patterns.empty()) return live;
  Schema chosen;
  for (const std::string& pattern : choice.patterns) {
    std::vector<std::string> names;
    bool any = false;
    live.tables.each([&](const Table& table) {
      names.push_back(table.name);
      if (!table_matches(pattern, table.name)) return;
      any = true;
      chosen.set(table);
    });
    if (any) continue;
    throw Error(ErrorKind::usage, "there is no table \"" + pattern + "\"",
                "database " + database.connection->display_name(), did_you_mean(pattern, names));
  }
  live.tables = chosen;
  return live;
}

WantedSchema wanted_schema(const ProjectState& state, const Dialect& dialect) {
  WantedSchema wanted{.schema = lower(state, dialect)};
  state.each([&](const ModelPtr& model) {
    const Options& options = model->options;
    if (options.managed || options.proxy || options.abstract) return;
    wanted.ignored.insert(database_table(*model, dialect));
  });
  return wanted;
}

Drift drift_of(Connection& connection, const Backend& backend, const Schema& live,
               const WantedSchema& wanted) {
  Drift drift;
  drift.live = live.only([&](const Table& table) { return !wanted.ignored.contains(table.name); });
  drift.wanted =
      wanted.whole ? wanted.schema : with_unsayable(wanted.schema, drift.live, drift.beside);
  const Schema is = backend.comparable(drift.live);
  Schema should = backend.comparable(drift.wanted);
  drift.differences = differences(is, should);
  // Only where the texts differ does the database have to say whether the meaning does.
  Schema doubtful;
  for (const SchemaDifference& difference : drift.differences) {
    const TablePtr table = drift.wanted.find(difference.table);
    if (table && is.find(difference.table)) doubtful.set(table);
  }
  if (doubtful.size() > 0) {
    const Schema spelled = backend.normalised(connection, doubtful);
    drift.wanted.set_all(spelled);
    should.set_all(backend.comparable(spelled));
    drift.differences = differences(is, should);
  }
  drop_consequences(drift.differences);
  for (SchemaDifference& difference : drift.differences) {
    const bool renamed = difference.what == SchemaDifference::What::renamed;
    difference.actual = definition_in(drift.live, difference,
                                      renamed ? difference.is : difference.name, difference.actual);
    difference.wanted = definition_in(drift.wanted, difference, difference.name, difference.wanted);
  }
  return drift;
}

Schema aligned(const Drift& drift) { return Aligned(drift).run(); }

Drift drift_of_models(Connection& connection, const Backend& backend, const ProjectState& state) {
  const WantedSchema wanted = wanted_schema(state, backend.dialect());
  const Schema all = backend.introspect(connection, named_places(wanted.schema));
  const Schema own =
      all.only([&](const Table& table) { return wanted.schema.find(table.name) != nullptr; });
  return drift_of(connection, backend, own, wanted);
}

namespace {

struct StatementText {
  std::string& text;
  const Dialect& dialect;
  void operator()(const Statement& statement) const {
    text += dialect.shell().statement(statement);
  }
  void operator()(const CodeCall&) const {}
  void operator()(const Procedure& procedure) const { text += "-- " + procedure.comment + "\n"; }
};

}  // namespace

namespace {

/// Without batches where nothing differs.
Script script_between(const Schema& before, const Schema& after, const Dialect& dialect) {
  std::vector<std::string> names_before;
  std::vector<std::string> names_after;
  before.each([&](const Table& table) { names_before.push_back(table.name); });
  after.each([&](const Table& table) { names_after.push_back(table.name); });
  std::vector<PlannedStep> planned;
  for (Step& step : compare(before, after, names_before, names_after, {})) {
    planned.push_back(PlannedStep{std::move(step), 0});
  }
  if (planned.empty()) return {};
  return dialect.render(dialect.legalize(before, std::move(planned)), true);
}

}  // namespace

std::string sql_between(const Schema& before, const Schema& after, const Dialect& dialect) {
  const Script script = script_between(before, after, dialect);
  std::string text;
  for (const std::string& setting : script.setup) text += setting + ";\n";
  for (const Batch& batch : script.batches) {
    if (batch.transactional) text += std::string(dialect.begin()) + ";\n";
    for (const ScriptItem& item : batch.items) match(item.item, StatementText{text, dialect});
    if (batch.transactional) text += "COMMIT;\n";
  }
  for (const std::string& setting : script.teardown) text += setting + ";\n";
  return text;
}

std::vector<Sql> statements_between(const Schema& before, const Schema& after,
                                    const Dialect& dialect) {
  std::vector<Sql> statements;
  for (const Batch& batch : script_between(before, after, dialect).batches) {
    for (const ScriptItem& item : batch.items) {
      if (const auto* statement = std::get_if<Statement>(&item.item)) {
        statements.push_back(statement->sql);
      }
    }
  }
  return statements;
}

namespace {

/// `models.json` of the models.
std::string models_text(const std::vector<ModelState>& models) {
  json::Tree list = json::Tree::array();
  for (const ModelState& model : models) {
    json::Tree tree = json::write_model(model);
    // What is in no operation, and yet in a model file.
    for (std::size_t i = 0; i < model.fields.size(); ++i) {
      const std::string& way_back = model.fields[i].related_name;
      if (!way_back.empty()) tree["fields"][i]["related_name"] = way_back;
    }
    list.push_back(std::move(tree));
  }
  return json::pretty(json::Tree{{"models", std::move(list)}});
}

}  // namespace

Inspection inspect_live(const RowsDatabase& database, const LiveSchema& live,
                        const std::string& app) {
  const Dialect& dialect = database.backend->dialect();
  Inspection result;
  result.inspected = inspect_models(live.tables, dialect, app, live.views);
  const std::vector<ModelState>& models = result.inspected.models;
  // Beside the proof that they say what is there.
  std::future<std::string> file =
      std::async(std::launch::async, [&models] { return models_text(models); });
  Registry registry;
  registry.add(DeclaredApp{.label = app, .models = models});
  result.finished = registry.finish();
  if (result.finished.problems.empty()) {
    result.unsayable = drift_of(*database.connection, *database.backend, live.tables,
                                wanted_schema(result.finished.state, dialect))
                           .differences;
  }
  result.file = file.get();
  return result;
}

}  // namespace turnstone::cli
