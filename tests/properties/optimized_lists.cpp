#include <doctest/doctest.h>
#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/migrations/autodetector.h>
#include <turnstone/schema/lower.h>

#include <cstdlib>
#include <optional>

#include "support/lab.h"
#include "support/models.h"
#include "support/random_operations.h"

// Random lists of operations on tables with rows: a database that runs the optimized list ends with
// the same schema and the same rows as one that runs the list as it was written.

using namespace turnstone;
using namespace turnstone::migrations;
using test::Lab;

namespace {

/// How many lists: 60 unless TURNSTONE_LISTS says otherwise (a long run at night).
int list_count() {
  const char* text = std::getenv("TURNSTONE_LISTS");
  return text ? std::atoi(text) : 60;
}

std::string value_for(const Field& field, int number) {
  if (is_relation(field.type) || (field.null && number == 2)) return "NULL";
  if (is_text(field.type)) return "'t" + std::to_string(number) + "'";
  return std::to_string(number * 3);
}

/// Two rows in each table, the second with NULLs where they are allowed. One that a constraint
/// forbids is left out.
void insert_some_rows(Lab& lab, const ProjectState& state) {
  state.each([&](const ModelPtr& model) {
    for (const int number : {1, 2}) {
      std::vector<std::string> columns;
      std::vector<std::string> values;
      for (const Field& field : model->fields) {
        if (!has_column(field)) continue;
        columns.push_back(column_name(field));
        values.push_back(field.name == "id" ? std::to_string(number) : value_for(field, number));
      }
      try {
        lab.execute("INSERT INTO " + quote_identifier(database_table(*model, lab.dialect())) +
                    " (" + quote_identifiers(columns) + ") VALUES (" + join(values, ", ") + ")");
      } catch (const DatabaseError&) {
        continue;
      }
    }
  });
}

/// What went wrong; nothing when it did not.
std::optional<std::string> failure_of(Lab& lab) {
  try {
    lab.migrate();
    return std::nullopt;
  } catch (const Error& error) {
    return error.text();
  }
}

}  // namespace

TEST_CASE("an optimized list does to tables with rows what the whole list does") {
  for (const std::string& dialect : test::test_dialects()) {
    Lab whole(dialect);
    Lab optimized(dialect);
    int ran = 0;
    int shortened = 0;
    for (int n = 1; n <= list_count(); ++n) {
      CAPTURE(dialect);
      CAPTURE(n);
      test::RandomOperations random(static_cast<std::uint32_t>(n), true);
      ProjectState state;
      const Operations before = random.list(state, 10);
      const ProjectState with_rows = state;
      const Operations list = random.list(state, 12);
      const Operations shorter = optimize(list, "lab");
      for (Lab* lab : {&whole, &optimized}) {
        lab->reset();
        lab->add("0001_before", before);
      }
      // What a database refuses either way says nothing.
      if (failure_of(whole)) continue;
      REQUIRE(failure_of(optimized).value_or("") == "");
      insert_some_rows(whole, with_rows);
      insert_some_rows(optimized, with_rows);
      REQUIRE(whole.rows() == optimized.rows());

      whole.add("0002_list", list);
      optimized.add("0002_list", shorter);
      if (failure_of(whole)) continue;
      ++ran;
      shortened += shorter.size() < list.size() ? 1 : 0;
      INFO("whole: " << join(test::described(list), "; "));
      INFO("optimized: " << join(test::described(shorter), "; "));
      REQUIRE(failure_of(optimized).value_or("") == "");
      REQUIRE(test::lines(schema_differences(optimized.backend().introspect(optimized.connection()),
                                             whole.backend().introspect(whole.connection()))) ==
              "");
      REQUIRE(optimized.rows() == whole.rows());
    }
    MESSAGE(dialect << ": " << ran << " of " << list_count() << " lists ran, " << shortened
                    << " of them were shortened");
    CHECK(ran * 2 > list_count());
    CHECK(shortened * 2 > ran);
  }
}
