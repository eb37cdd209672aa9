#pragma once

#include <string>
#include <vector>

#include "support/lab.h"

namespace turnstone::test {

// Two migrations that do a bit of everything, for tests of what happens when they are disturbed.

/// `lab.Author`, `lab.Book` with a key, and an index.
migrations::Operations first_books();
/// Rebuilds tables on SQLite, runs code and SQL.
migrations::Operations second_books();
/// Adds `0001_first` and `0002_second` with these operations.
void add_book_history(Lab& lab);
/// SQL of two authors and two books after the first.
extern const char* const book_rows;

/// Adds `0001_first` and `0002_second` with what a model can be beyond the plain: keys that change
/// their type through heirs and relations, generated fields, checks of choices, order, rules of
/// deletion, a relation that gets a model of its own, a composite key, a change of type.
void add_vocabulary_history(Lab& lab);
extern const char* const vocabulary_rows;

/// The histories to disturb.
struct DisturbedHistory {
  const char* name = "";
  void (*add)(Lab& lab) = nullptr;
  const char* rows = "";     ///< after the first migration
  const char* no_rows = "";  ///< takes them out
};
const std::vector<DisturbedHistory>& disturbed_histories();

/// Everything that must be as before after a failure.
struct Picture {
  Schema schema{};
  Dump rows{};
  std::vector<std::string> history{};
  std::string settings{};
};
/// What is in the database, and the settings of `session`.
Picture picture(Lab& lab, Connection& session);
void check_same(const Picture& now, const Picture& before);

/// Names of applied migrations, sorted.
std::vector<std::string> history_names(Connection& connection, const Backend& backend);
std::string settings_of(Connection& connection, const Dialect& dialect);

}  // namespace turnstone::test
