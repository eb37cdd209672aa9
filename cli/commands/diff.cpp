#include "../inspection.h"
#include "commands.h"

#include <turnstone/identifier.h>
#include <turnstone/schema/naming.h>
#include <turnstone/schema/spelling.h>

#include <algorithm>
#include <future>
#include <map>

namespace turnstone::cli {
namespace {

/// What the live database is compared with.
struct Other {
  std::string words{};  ///< `the applied migrations`
  std::string label{};  ///< before a definition
  WantedSchema wanted{};
  std::vector<DatabaseObject> objects{};
};

[[noreturn]] void refuse_usage(const std::string& message, const std::string& hint) {
  throw Error(ErrorKind::usage, message, {}, hint);
}

Other models_side(Context& context, const RowsDatabase& database) {
  const FinishedModels models = load_models(context, database.project.whole());
  if (!models.problems.empty()) throw models_error(context, models.problems);
  ProjectState here;
  models.state.each([&](const ModelPtr& model) {
    if (database.project.find_app(model->app)) here.set(*model);
  });
  return {.words = "the models",
          .label = "models",
          .wanted = wanted_schema(here, database.backend->dialect())};
}

Other migrations_side(const RowsDatabase& database, const migrations::History& history) {
  const DatabaseState state =
      state_of(database.project, load_migrations(database.project), history);
  return {.words = "the applied migrations",
          .label = "migrations",
          .wanted = wanted_schema(state.state, database.backend->dialect())};
}

Other database_side(Context& context, const DiffOptions& options, const RowsDatabase& database) {
  const RowsDatabase other = open_live(context, options.with);
  if (other.backend != database.backend) {
    throw Error(ErrorKind::unsupported,
                "a " + std::string(database.backend->dialect().name()) +
                    " database cannot be compared with one of " +
                    std::string(other.backend->dialect().name()),
                "--with", "compare each with the models: diff --models");
  }
  const LiveSchema live = read_live(other, {});
  return {.words = "database " + other.chosen.name(),
          .label = "other",
          .wanted = {.schema = live.tables, .whole = true},
          .objects = live.objects};
}

/// SQLite keeps a definition as it was written, PostgreSQL gives its own spelling.
bool same_definition(const Sql& a, const Sql& b, const Dialect& dialect) {
  const bool written = dialect.name() == "sqlite";
  return a == b || (written && plain_sql(a, Quotes::sqlite) == plain_sql(b, Quotes::sqlite));
}

/// Differences between what models have no word for.
std::vector<SchemaDifference> object_differences(const std::vector<DatabaseObject>& is,
                                                 const std::vector<DatabaseObject>& should,
                                                 const Dialect& dialect) {
  using What = SchemaDifference::What;
  using Key = std::tuple<std::string, std::string, std::string>;
  const auto key = [](const DatabaseObject& o) { return Key{o.table, o.kind, o.name}; };
  std::map<Key, std::pair<const DatabaseObject*, const DatabaseObject*>> pairs;
  for (const DatabaseObject& object : is) pairs[key(object)].first = &object;
  for (const DatabaseObject& object : should) pairs[key(object)].second = &object;
  std::vector<SchemaDifference> found;
  for (const auto& [place, pair] : pairs) {
    const auto& [own, other] = pair;
    if (own && other && same_definition(own->definition, other->definition, dialect)) continue;
    const DatabaseObject& any = own ? *own : *other;
    SchemaDifference difference{.table = any.table, .kind = any.kind, .name = any.name};
    difference.what = !own ? What::missing : !other ? What::extra : What::changed;
    if (own && other) difference.property = "definition";
    difference.is = difference.actual = own ? own->definition : "";
    difference.should = difference.wanted = other ? other->definition : "";
    found.push_back(std::move(difference));
  }
  return found;
}

bool is_meant(const std::vector<std::string>& patterns, const std::string& table) {
  return patterns.empty() || std::any_of(patterns.begin(), patterns.end(),
                                         [&](const auto& p) { return table_matches(p, table); });
}

Schema only(const Schema& schema, const std::vector<std::string>& patterns) {
  return schema.only([&](const Table& table) { return is_meant(patterns, table.name); });
}

/// Throws Error{usage} for a pattern that means no table of either side.
void check_patterns(const std::vector<std::string>& patterns, const Schema& live,
                    const Schema& wanted) {
  std::vector<std::string> names;
  for (const Schema* schema : {&live, &wanted}) {
    schema->each([&](const Table& table) { names.push_back(table.name); });
  }
  for (const std::string& pattern : patterns) {
    const bool any = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return table_matches(pattern, name);
    });
    if (any) continue;
    throw Error(ErrorKind::usage, "there is no table \"" + pattern + "\"", {},
                did_you_mean(pattern, names));
  }
}

std::string heading(const std::string& table) {
  return table.empty() ? "beside the tables" : "table \"" + table + "\"";
}

std::string words_of(const SchemaDifference& difference) {
  // A definition of several lines is shown below, not within the sentence.
  const bool longer = difference.property == "definition";
  if (!longer) return in_words(difference);
  return difference.kind + " \"" + difference.name + "\" is defined in another way";
}

/// The lines of a definition, the further ones under the first.
std::string indented(const std::string& text, std::size_t width) {
  std::string result;
  for (const char c : text) {
    result += c;
    if (c == '\n') result += std::string(width, ' ');
  }
  return result;
}

void show(Output& output, const std::vector<SchemaDifference>& differences, const Other& other) {
  std::optional<std::string> table;
  const std::size_t width = std::max<std::size_t>(other.label.size(), 8) + 6;
  const auto line = [&](const std::string& label, const Sql& definition) {
    if (definition.empty()) return;
    std::string text = "    " + label + ":";
    text.resize(width, ' ');
    output.data(text + indented(definition, width) + "\n");
  };
  for (const SchemaDifference& difference : differences) {
    if (table != difference.table) {
      output.data(output.painted(Role::heading, heading(difference.table)) + "\n");
    }
    table = difference.table;
    output.data("  " + words_of(difference) + "\n");
    line("database", difference.actual);
    line(other.label, difference.wanted);
  }
}

std::string_view name_of(SchemaDifference::What what) {
  switch (what) {
    case SchemaDifference::What::missing:
      return "missing";
    case SchemaDifference::What::extra:
      return "extra";
    case SchemaDifference::What::changed:
      return "changed";
    case SchemaDifference::What::renamed:
      return "renamed";
  }
  return {};
}

Document document_of(const SchemaDifference& difference) {
  Document item = Document::object();
  item.set("table", difference.table)
      .set("kind", difference.kind)
      .set("name", difference.name)
      .set("what", name_of(difference.what))
      .set("words", words_of(difference))
      .set_if("property", difference.property);
  if (!difference.property.empty()) item.set("is", difference.is).set("should", difference.should);
  return item.set_if("actual", difference.actual).set_if("wanted", difference.wanted);
}

Document document_of(const DatabaseObject& object) {
  Document item = Document::object();
  return item.set("kind", object.kind)
      .set("name", object.name)
      .set_if("table", object.table)
      .set("definition", object.definition);
}

void show_objects(Output& output, const std::vector<DatabaseObject>& objects) {
  if (objects.empty()) return;
  output.text("Beside what models say, the database has:\n");
  for (const DatabaseObject& object : objects) {
    output.text("  " + object.kind + (object.name.empty() ? "" : " \"" + object.name + "\"") +
                (object.table.empty() ? "" : " on table \"" + object.table + "\"") + "\n");
  }
}

}  // namespace

int diff(Context& context, const DiffOptions& options) {
  if (options.models && !options.with.empty()) {
    refuse_usage("--models and --with exclude each other", "give one of them");
  }
  const RowsDatabase database = open_live(context);
  const Dialect& dialect = database.backend->dialect();
  if (options.with.empty() && database.project.file.empty() && !context.apps) {
    refuse_usage("there is no project to compare the database with",
                 "go to its folder, or compare with another database: --with URL");
  }
  const bool applied = options.with.empty() && !options.models;
  migrations::History history;
  if (applied) history = history_of(database);
  // While the files are read.
  std::future<LiveSchema> reading =
      std::async(std::launch::async, [&database] { return read_live(database, {}); });
  const Other other = applied                 ? migrations_side(database, history)
                      : !options.with.empty() ? database_side(context, options, database)
                                              : models_side(context, database);
  LiveSchema live = reading.get();
  const std::vector<std::string> places =
      other.wanted.whole ? std::vector<std::string>{} : named_places(other.wanted.schema);
  if (!places.empty()) live = read_live(database, {.more_schemas = places});
  check_patterns(options.tables, live.tables, other.wanted.schema);
  WantedSchema wanted = other.wanted;
  wanted.schema = only(wanted.schema, options.tables);
  const Drift drift =
      drift_of(*database.connection, *database.backend, only(live.tables, options.tables), wanted);
  std::vector<SchemaDifference> found = drift.differences;
  std::vector<DatabaseObject> beside = live.objects;
  beside.insert(beside.end(), drift.beside.begin(), drift.beside.end());
  if (other.wanted.whole) {
    for (SchemaDifference& difference : object_differences(live.objects, other.objects, dialect)) {
      if (is_meant(options.tables, difference.table)) found.push_back(std::move(difference));
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const auto& a, const auto& b) { return a.table < b.table; });
  }
  Output& output = context.output;
  std::set<std::string> tables;
  for (const SchemaDifference& difference : found) tables.insert(difference.table);
  std::string closing, opening;
  if (options.sql) {
    const Schema aim = aligned(drift);
    closing = sql_between(drift.live, aim, dialect);
    opening = sql_between(aim, drift.live, dialect);
    if (!closing.empty()) {
      output.data("-- makes the database what " + other.words + " say\n" + closing);
    }
    if (!opening.empty()) {
      output.data("\n-- the other way: makes of what " + other.words +
                  " say what the database is\n" + opening);
    }
  } else {
    show(output, found, other);
    if (!other.wanted.whole) show_objects(output, beside);
    output.text((found.empty() ? "No differences"
                               : counted(found.size(), "difference") + " in " +
                                     counted(tables.size(), "table")) +
                " between database " + database.chosen.name() + " and " + other.words + ".\n");
  }
  Document list = Document::array();
  for (const SchemaDifference& difference : found) list.add(document_of(difference));
  Document objects = Document::array();
  for (const DatabaseObject& object : beside) objects.add(document_of(object));
  Document document = Document::object();
  document.set("database", database.chosen.name())
      .set("compared_with", other.words)
      .set("differences", list)
      .set("beside_models", objects);
  if (options.sql) document.set("sql", closing).set("sql_other_way", opening);
  output.document(document);
  return found.empty() ? exit_done : exit_found;
}

}  // namespace turnstone::cli
