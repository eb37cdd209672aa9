#include <doctest/doctest.h>
#include <turnstone/drivers/open.h>
#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/migrations/merge.h>
#include <turnstone/schema/lower.h>

#include <cstdlib>

#include "support/lab.h"
#include "support/random_branches.h"

// Random pairs of branches: the examination says that they commute exactly when a database that
// takes one first and a database that takes the other first end with the same schema and rows.

using namespace turnstone;
using namespace turnstone::migrations;
using test::Dump;

namespace {

int number_from(const char* variable, int otherwise) {
  const char* text = std::getenv(variable);
  return text ? std::atoi(text) : otherwise;
}

/// A database with the history so far and three rows in every table.
class Place {
 public:
  Place(const Backend& backend, Connection& connection, const Migration& start)
      : backend_(backend), connection_(connection) {
    recorder::ensure_tables(connection_, backend_);
    apply(start);
    moment_.state.each([&](const ModelPtr& model) { insert_rows(*model); });
  }

  void apply(const Migration& migration) {
    const Compiled compiled =
        compile_forwards(std::make_shared<const Migration>(migration), moment_, dialect(), {});
    Reporter silent;
    run_script(compiled, connection_, dialect(), {}, silent);
  }
  Schema schema() { return backend_.introspect(connection_); }
  const ProjectState& state() const { return moment_.state; }
  Dump rows() {
    Dump dump;
    schema().each([&](const Table& table) {
      const Rows result = connection_.query("SELECT * FROM " + quote_identifier(table.name));
      auto& rows = dump[table.name];
      for (const auto& row : result.rows) {
        std::map<std::string, std::string> cells;
        for (std::size_t i = 0; i < row.size(); ++i) {
          cells[result.columns[i]] = test::cell_text(row[i]);
        }
        rows.push_back(std::move(cells));
      }
      std::sort(rows.begin(), rows.end());
    });
    return dump;
  }

 private:
  const Dialect& dialect() const { return backend_.dialect(); }
  static Json value(const Field& field, int row) {
    if (is_integer(field.type)) return Json::of(row);
    switch (field.type) {
      case FieldType::boolean:
        return Json::of(row % 2 == 0);
      case FieldType::decimal:
        return Json::of(std::to_string(row));
      case FieldType::date:
        return Json::of("2026-11-2" + std::to_string(row));
      default:
        return Json::of("x" + std::to_string(row));
    }
  }
  void insert_rows(const ModelState& model) {
    if (!model.options.managed) return;
    for (const int row : {1, 2, 3}) {
      std::vector<std::string> columns{"id"};
      std::vector<std::string> values{std::to_string(row)};
      for (const Field& field : model.fields) {
        if (field.name == "id" || !has_column(field) || field.type == FieldType::generated)
          continue;
        if (field.null && (row > 1 || is_relation(field.type))) {
          // NULL must be there, whatever the default of the column is.
          columns.push_back(column_name(field));
          values.emplace_back("NULL");
          continue;
        }
        columns.push_back(column_name(field));
        values.push_back(dialect().literal(value(field, row), field));
      }
      connection_.execute("INSERT INTO " + quote_identifier(database_table(model, dialect())) +
                          " (" + quote_identifiers(columns) + ") VALUES (" + join(values, ", ") +
                          ")");
    }
  }

  const Backend& backend_;
  Connection& connection_;
  Moment moment_{};
};

/// What came of one order.
struct Ended {
  bool first_works = false;
  std::string error{};  ///< of the second branch
  ProjectState state{};
  Schema schema{};
  Dump rows{};
};

/// Both orders on a database; the branches alone are the first halves.
class Truth {
 public:
  explicit Truth(const std::string& dialect) : database_(dialect) {}

  Ended in_order(const Migration& start, const Migration& first, const Migration& second) {
    const std::unique_ptr<Connection> connection = open();
    Place place(database_.backend(), *connection, start);
    Ended ended;
    try {
      place.apply(first);
      ended.first_works = true;
      place.apply(second);
    } catch (const Error& error) {
      ended.error = error.text();
      return ended;
    }
    ended.state = place.state();
    ended.schema = place.schema();
    ended.rows = place.rows();
    return ended;
  }
  const Dialect& dialect() const { return database_.dialect(); }

 private:
  std::unique_ptr<Connection> open() {
    if (database_.dialect().name() == "sqlite") {
      return connect("sqlite::memory:", std::filesystem::path("."));
    }
    database_.clear();
    return database_.connect();
  }

  test::ScratchDatabase database_;
};

std::string story(const Migration& migration) {
  std::string text = migration.id.name + ":\n";
  for (const Operation& operation : migration.operations) {
    text += "  " + describe(operation) + "\n";
  }
  return text + to_text(migration);
}

struct Counted {
  int commute = 0;
  int conflict = 0;
  int unsure = 0;
  int broken = 0;  ///< a branch that does not work by itself with these rows
};

struct Pair {
  explicit Pair(std::uint32_t seed) : random(seed) {}
  test::RandomBranches random;
  Migration left = random.branch("0002_left");
  Migration right = random.branch("0002_right");

  Examination examined(const Dialect& dialect) const {
    return examine(random.state(),
                   {{left.id, {std::make_shared<const Migration>(left)}},
                    {right.id, {std::make_shared<const Migration>(right)}}},
                   {&dialect});
  }
};

/// What is wrong with one order as far as states tell; the state is moved behind it.
std::string in_states(ProjectState& state, const Migration& first, const Migration& second) {
  try {
    advance(state, first);
    advance(state, second);
  } catch (const Error& error) {
    return error.text() + "\n";
  }
  // Models that `check` refuses are no place to end at, whatever a database takes.
  std::string problems;
  for (const Problem& problem : problems_of(state)) problems += problem.message + "\n";
  return problems;
}

bool equal_schemas(const ProjectState& one, const ProjectState& two, const Dialect& dialect) {
  try {
    return schema_differences(lower(one, dialect), lower(two, dialect)).empty();
  } catch (const Error&) {
    return false;  // an expression over a column that is of another type now
  }
}

/// The part that needs no database: where states tell, the examination says the same.
void compare_states(const Dialect& dialect, std::uint32_t seed, Counted& counted) {
  const Pair pair(seed);
  INFO("seed " << seed << "\n"
               << story(pair.random.start()) << story(pair.left) << story(pair.right));
  ProjectState one = pair.random.state();
  ProjectState two = pair.random.state();
  const std::string wrong =
      in_states(one, pair.left, pair.right) + in_states(two, pair.right, pair.left);
  Examination examination;
  try {
    examination = pair.examined(dialect);
  } catch (const Error&) {
    ++counted.broken;
    return;
  }
  INFO("states: " << wrong);
  const bool same = wrong.empty() && one == two && equal_schemas(one, two, dialect);
  if (!same) CHECK(!examination.conflicts.empty());
  if (examination.commute()) CHECK(same);
  ++(examination.commute() ? counted.commute : counted.conflict);
}

void compare(Truth& truth, std::uint32_t seed, Counted& counted) {
  const Pair pair(seed);
  const Migration& start = pair.random.start();
  INFO("seed " << seed << "\n" << story(start) << story(pair.left) << story(pair.right));
  Ended one;
  Ended two;
  try {
    one = truth.in_order(start, pair.left, pair.right);
    two = truth.in_order(start, pair.right, pair.left);
  } catch (const Error&) {
    ++counted.broken;  // the start itself
    return;
  }
  if (!one.first_works || !two.first_works) {
    ++counted.broken;
    return;
  }
  const Examination examination = pair.examined(truth.dialect());
  std::string said;
  for (const MergeConflict& conflict : examination.conflicts) said += conflict.text() + "\n";
  for (const Unexamined& doubt : examination.unexamined) said += doubt.text() + "\n";
  std::string is;
  for (const Ended* ended : {&one, &two}) {
    if (!ended->error.empty()) is += ended->error + "\n";
  }
  if (is.empty()) {
    if (!(one.state == two.state)) is += "states differ\n";
    for (const std::string& line : schema_differences(one.schema, two.schema)) is += line + "\n";
    if (one.rows != two.rows) is += "rows differ\n";
    for (const Problem& problem : problems_of(one.state)) is += problem.message + "\n";
  }
  INFO("said: " << said << "is: " << is);
  if (examination.conflicts.empty() && !examination.unexamined.empty()) {
    ++counted.unsure;
    return;
  }
  ++(is.empty() ? counted.commute : counted.conflict);
  CHECK(examination.commute() == is.empty());
}

}  // namespace

TEST_CASE("branches are said to commute exactly when both orders give the same") {
  for (const std::string& dialect : test::test_dialects()) {
    CAPTURE(dialect);
    // TURNSTONE_BRANCHES=2000 is the whole proof; what runs each time is a sample of it, and a
    // smaller one on PostgreSQL, which takes its time to make tables.
    const int wanted = dialect == "sqlite" ? number_from("TURNSTONE_BRANCHES", 500)
                                           : number_from("TURNSTONE_BRANCHES_POSTGRES", 40);
    Truth truth(dialect);
    Counted counted;
    std::uint32_t seed = 1;
    while (counted.commute + counted.conflict < wanted) compare(truth, seed++, counted);
    MESSAGE(dialect << ": " << counted.commute << " commute, " << counted.conflict << " conflict, "
                    << counted.unsure << " cannot be told, " << counted.broken
                    << " do not work alone");
    CHECK(counted.unsure * 20 < wanted);
    CHECK(counted.commute * 10 > wanted);
    CHECK(counted.conflict * 10 > wanted);
  }
}

TEST_CASE("two thousand pairs of branches are told apart as their states are") {
  const Dialect& dialect = dialect_for("sqlite");
  Counted counted;
  std::uint32_t seed = 1;
  while (seed <= 2000U + static_cast<std::uint32_t>(counted.broken))
    compare_states(dialect, seed++, counted);
  MESSAGE(counted.commute << " commute, " << counted.conflict << " conflict or cannot be told, "
                          << counted.broken << " do not work alone");
  CHECK(counted.broken < 500);
}
