#include <doctest/doctest.h>
#include <turnstone/identifier.h>
#include <turnstone/registry.h>
#include <turnstone/schema/differences.h>
#include <turnstone/schema/inspect.h>
#include <turnstone/schema/lower.h>
#include <turnstone/schema/step.h>

#include <cstdlib>
#include <random>

#include "support/lab.h"

// Random schemas as strangers make them: their models say all of it, and make it again.

using namespace turnstone;

namespace {

/// How many schemas for each database: 30 unless TURNSTONE_INSPECTIONS says otherwise (500 at
/// night).
int inspection_count() {
  const char* text = std::getenv("TURNSTONE_INSPECTIONS");
  return text ? std::atoi(text) : 30;
}

class RandomSchema {
 public:
  RandomSchema(std::uint32_t seed, const Dialect& dialect)
      : random_(seed), postgresql_(dialect.features().schemas) {}

  Schema make() {
    const std::uint32_t count = 1 + below(5);
    for (std::uint32_t i = 0; i < count; ++i) {
      Table table = this->table();
      tables_.push_back(table);
      schema_.set(std::move(table));
    }
    return schema_;
  }

 private:
  std::uint32_t below(std::uint32_t bound) { return random_() % bound; }
  bool flip() { return below(2) == 0; }

  /// A name nobody has yet, odd now and then.
  std::string name(const std::string& plain) {
    static const std::vector<std::string> odd = {
        "select", "Mixed Case", "say \"hi\"", "größe", "a__b", "_x_",  "имя",
        "class",  "a'b",        "50%",        "2nd",   "pk",   "Order"};
    const std::string number = std::to_string(++counter_);
    switch (below(4)) {
      case 0:
        return odd[below(static_cast<std::uint32_t>(odd.size()))] + number;
      case 1:
        return below(4) == 0 ? std::string(63 - number.size(), 'n') + number : plain + number;
      default:
        return plain + number;
    }
  }

  std::string type() {
    static const std::vector<std::string> sqlite = {
        "integer", "bigint", "smallint", "bool",     "real", "decimal",  "varchar(20)", "varchar",
        "text",    "date",   "time",     "datetime", "BLOB", "char(32)", "geometry",    "char(7)"};
    static const std::vector<std::string> postgresql = {
        "integer", "bigint",    "smallint",      "boolean",     "double precision",
        "text",    "date",      "numeric(9, 3)", "varchar(20)", "timestamp with time zone",
        "uuid",    "jsonb",     "interval",      "bytea",       "inet",
        "varchar", "numeric",   "real",          "char(7)",     "text[]",
        "time",    "integer[]", "int4range",     "money"};
    static const std::vector<std::string> strict = {"integer", "real", "text", "BLOB", "ANY"};
    const std::vector<std::string>& types = postgresql_ ? postgresql : strict_ ? strict : sqlite;
    return types[below(static_cast<std::uint32_t>(types.size()))];
  }

  static bool is_text(const Column& column) {
    return column.type.starts_with("varchar") || column.type == "text";
  }

  Column column() {
    Column result{.name = name("c"), .type = type(), .nullable = flip()};
    const bool number = result.type == "integer" || result.type == "bigint";
    if (number && flip()) result.default_sql = std::to_string(below(9));
    if (is_text(result) && flip()) result.default_sql = "'it''s \"so\"'";
    if (result.type == "date" && flip()) result.default_sql = "CURRENT_DATE";
    if (postgresql_ && flip()) result.comment = "about 'it'";
    if (is_text(result) && below(5) == 0) result.collation = postgresql_ ? "C" : "NOCASE";
    return result;
  }

  Key key(const std::string& kind, std::vector<std::string> columns) {
    Key result{.name = postgresql_ ? name(kind) : "", .columns = std::move(columns)};
    return result;
  }

  Table table() {
    Table result{.name = name("table")};
    strict_ = result.strict = !postgresql_ && below(5) == 0;
    if (postgresql_ && flip()) result.comment = "rows";
    const std::uint32_t shape = below(4);
    if (shape < 3) {
      Column id{.name = flip() ? "id" : name("Id"), .type = postgresql_ ? "bigint" : "integer"};
      if (shape == 0 && postgresql_) id.type = "integer";
      if (shape < 2) id.identity = Column::Identity::by_default;
      if (postgresql_ && shape == 1) id.identity = Column::Identity::always;
      result.columns.push_back(id);
      result.primary_key = key("pkey", {id.name});
    }
    const std::uint32_t count = 2 + below(5);
    for (std::uint32_t i = 0; i < count; ++i) result.columns.push_back(column());
    if (shape == 3) {
      const std::size_t width = 1 + below(2);
      std::vector<std::string> columns;
      for (std::size_t i = 0; i < width; ++i) {
        Column& part = result.columns[i];
        part.type = "integer";
        part.nullable = false;
        part.default_sql.reset();
        part.collation.clear();
        columns.push_back(part.name);
      }
      if (width > 1 || postgresql_) {
        result.primary_key = key("pkey", columns);
      } else {
        result.columns[0].type = strict_ ? "text" : "varchar(9)";
        result.primary_key = key("pkey", columns);
      }
    }
    const std::size_t first = result.columns.size() - count + (shape == 3 ? 2 : 0);
    std::vector<const Column*> plain;
    for (std::size_t i = first; i < result.columns.size(); ++i) {
      const Column& c = result.columns[i];
      if (is_text(c) || c.type == "integer" || c.type == "date") plain.push_back(&c);
    }
    std::vector<Column> keys;
    std::vector<Table> composite;
    for (const Table& target : tables_) {
      if (flip() || !target.primary_key) continue;
      if (target.primary_key->columns.size() > 1) {
        composite.push_back(target);
        continue;
      }
      const Column& to = *target.find_column(target.primary_key->columns.front());
      if (strict_ && to.type.starts_with("varchar")) continue;
      Column from{.name = name("ref") + (flip() ? "_id" : ""), .type = to.type, .nullable = true};
      from.collation = to.collation;
      foreign_key(result, from, target, to);
      keys.push_back(from);
    }
    const auto pick = [&] { return *plain[below(static_cast<std::uint32_t>(plain.size()))]; };
    if (!plain.empty()) {
      const std::vector<Column> some = {pick(), pick()};
      if (flip()) check(result, some[0]);
      if (flip()) unique(result, some[0]);
      if (flip()) index(result, some);
      if (flip()) generated(result, some[0]);
    }
    for (const Column& from : keys) {
      if (below(3) == 0) unique(result, from);
      result.columns.push_back(from);
    }
    for (const Table& target : composite) composite_key(result, target);
    more_than_models_say(result);
    return result;
  }

  void composite_key(Table& table, const Table& target) {
    ForeignKeyConstraint key{.name = postgresql_ ? name("fkey") : "",
                             .target_table = target.name,
                             .target_columns = target.primary_key->columns,
                             .on_delete = flip() ? "CASCADE" : "",
                             .timing = Key::Timing::immediate_always};
    for (const std::string& to : key.target_columns) {
      const Column& other = *target.find_column(to);
      table.columns.push_back({.name = name("part"), .type = other.type, .nullable = true});
      key.columns.push_back(table.columns.back().name);
    }
    table.foreign_keys.push_back(std::move(key));
  }

  void more_than_models_say(Table& table) {
    if (!postgresql_) {
      const bool counts =
          !table.columns.empty() && table.columns.front().identity != Column::Identity::none;
      table.without_rowid = table.primary_key && !counts && below(4) == 0;
      return;
    }
    if (below(4) == 0) {
      // A short name: PostgreSQL gives the counters of two long ones in one table the same name.
      table.columns.push_back(
          {.name = "counter" + std::to_string(++counter_),
           .type = "integer",
           .identity = flip() ? Column::Identity::always : Column::Identity::by_default});
    }
    if (below(4) == 0) {
      table.uniques.push_back({.name = name("covering"),
                               .columns = {table.columns.back().name},
                               .include = {table.columns.front().name}});
    }
  }

  void foreign_key(Table& table, const Column& from, const Table& target, const Column& to) {
    static const std::vector<std::string> rules = {"", "CASCADE", "SET NULL", "RESTRICT"};
    static const std::vector<Key::Timing> timings = {Key::Timing::immediate_always,
                                                     Key::Timing::initially_immediate,
                                                     Key::Timing::initially_deferred};
    table.foreign_keys.push_back({.name = postgresql_ ? name("fkey") : "",
                                  .columns = {from.name},
                                  .target_table = target.name,
                                  .target_columns = {to.name},
                                  .on_delete = rules[below(4)],
                                  .on_update = rules[below(4)],
                                  .timing = timings[below(3)]});
  }

  void check(Table& table, const Column& on) {
    const std::string column = quote_identifier(on.name);
    const std::string condition = is_text(on)            ? column + " <> 'a\"b'"
                                  : on.type == "integer" ? column + (flip() ? " >= 0" : " < 100")
                                                         : column + " > '2000-01-01'";
    table.checks.push_back({.name = name("check"), .condition = condition});
  }

  void unique(Table& table, const Column& on) {
    if (flip() || !postgresql_) {
      TableIndex index{.name = name("uniq"), .unique = true};
      index.parts.push_back(IndexPart{.column = on.name});
      if (flip()) index.condition = quote_identifier(on.name) + " IS NOT NULL";
      table.indexes.push_back(index);
    } else {
      Key unique{.name = name("key"), .columns = {on.name}};
      if (flip()) unique.timing = Key::Timing::initially_deferred;
      table.uniques.push_back(unique);
    }
  }

  void index(Table& table, const std::vector<Column>& on) {
    TableIndex index{.name = name("idx")};
    if (is_text(on[0]) && flip()) {
      index.parts.push_back(IndexPart{.expression = "lower(" + quote_identifier(on[0].name) + ")"});
    } else {
      index.parts.push_back(IndexPart{.column = on[0].name, .descending = flip()});
    }
    if (on[1].name != on[0].name) {
      index.parts.push_back(IndexPart{.column = on[1].name});
      if (postgresql_ && flip()) index.parts.back().nulls = IndexPart::Nulls::first;
    }
    if (postgresql_ && flip()) index.parameters = {{"fillfactor", "70"}};
    if (flip()) index.condition = quote_identifier(on[1].name) + " IS NOT NULL";
    table.indexes.push_back(std::move(index));
  }

  void generated(Table& table, const Column& on) {
    if (on.type != "integer") return;
    Column computed{.name = name("gen"), .type = "integer", .nullable = true};
    computed.generated = quote_identifier(on.name) + " * 2";
    table.columns.push_back(std::move(computed));
  }

  std::mt19937 random_;
  bool postgresql_;
  bool strict_ = false;
  int counter_ = 0;
  std::vector<Table> tables_{};
  Schema schema_{};
};

void create(test::ScratchDatabase& database, const Schema& schema) {
  database.clear();
  std::vector<std::string> names;
  schema.each([&](const Table& table) { names.push_back(table.name); });
  std::vector<PlannedStep> planned;
  for (Step& step : compare({}, schema, {}, names, {})) planned.push_back({std::move(step), 0});
  const Dialect& dialect = database.dialect();
  const auto connection = database.connect();
  for (const Batch& batch :
       dialect.render(dialect.legalize({}, std::move(planned)), true).batches) {
    for (const ScriptItem& item : batch.items) {
      if (const auto* statement = std::get_if<Statement>(&item.item)) {
        INFO(statement->sql);
        connection->execute(statement->sql);
      }
    }
  }
}

/// Models without what SQLite's column types cannot hold, fields by name.
std::string shape_of(const InspectedModels& inspected) {
  std::string text;
  for (const ModelState& model : inspected.models) {
    text += model.name + "\n";
    std::map<std::string, Field> fields;
    for (const Field& field : model.fields) fields[field.name] = field;
    for (const auto& [name, field] : fields) {
      text += "  " + name + " " + std::string(name_of(field.type)) + " " + field.db_column + " " +
              field.to + "\n";
    }
    for (const Constraint& constraint : model.options.constraints) {
      text += "  " + name_of(constraint) + "\n";
    }
    for (const Index& index : model.options.indexes) text += "  " + index.name + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("models of random schemas say all of them, and make them again") {
  for (const std::string& dialect : test::test_dialects()) {
    test::ScratchDatabase database(dialect);
    const Backend& backend = database.backend();
    for (int n = 1; n <= inspection_count(); ++n) {
      CAPTURE(dialect);
      CAPTURE(n);
      create(database, RandomSchema(static_cast<std::uint32_t>(n), database.dialect()).make());
      const auto connection = database.connect();
      const Schema live = backend.introspect(*connection);
      const InspectedModels inspected = inspect_models(live, database.dialect(), "stock");
      Registry registry;
      registry.add(DeclaredApp{.label = "stock", .models = inspected.models});
      const FinishedModels finished = registry.finish();
      for (const Problem& problem : finished.problems)
        FAIL(problem.where << ": " << problem.message);
      std::vector<DatabaseObject> carried;
      const Schema wanted =
          with_unsayable(lower(finished.state, database.dialect()), live, carried);
      const Schema spelled = backend.normalised(*connection, wanted);
      const std::vector<std::string> drift =
          schema_differences(backend.comparable(live), backend.comparable(spelled));
      REQUIRE(test::lines(drift) == "");
      create(database, wanted);
      const auto again = database.connect();
      const Schema made = backend.introspect(*again);
      REQUIRE(test::lines(schema_differences(backend.comparable(made), backend.comparable(live))) ==
              "");
      REQUIRE(shape_of(inspect_models(made, database.dialect(), "stock")) == shape_of(inspected));
    }
  }
}
