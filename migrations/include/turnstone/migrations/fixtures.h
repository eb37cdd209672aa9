#pragma once

#include <turnstone/db/dialect.h>
#include <turnstone/migrations/functions.h>

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

namespace turnstone::migrations {

// Rows as JSON, in the form of Django's fixtures:
//
//     [{"model": "blog.book", "pk": 1, "fields": {"title": "Emma", "author": 1, "tags": [1, 2]}}]
//
// Values are written as model files write them (`formats.md` §3, "Values"). A row of a multi-table
// child holds its own fields alone and comes behind the row of its parent. Rows of a table that a
// many-to-many field made for itself stand in the field, as a list of keys; those of a `through`
// model are rows as any other. Generated fields are left out. Both ways take memory for some
// thousand rows at most, however many there are.

/// Rows of one model.
struct ModelRows {
  std::string model{};  ///< `app.Model`
  std::int64_t rows = 0;
};

/// Models of `state` with rows of their own (no proxies) that are `wanted`, those before others
/// that refer to them; else by app and name.
std::vector<ModelPtr> fixture_order(const ProjectState& state,
                                    const std::function<bool(const ModelState&)>& wanted);

/// Writes the rows of `models` to `out`, in that order and by primary key, and gives their numbers.
/// The bytes are the same for equal rows on every database. `indent` is the number of blanks per
/// level; 0 writes one row per line. An unmanaged model whose table is not there is passed over.
/// Requires: a transaction is open that sees one moment (`Dialect::begin_reading`).
/// Throws Error{database} that names the row for a value that its field cannot have.
std::vector<ModelRows> dump_rows(const ProjectState& state, const std::vector<ModelPtr>& models,
                                 Connection& connection, const Backend& backend, int indent,
                                 std::ostream& out);

/// Puts the rows of fixtures into a database, inside of a transaction that is open.
///
/// A row whose key is there already gets the values of the fixture; fields the fixture does not
/// name stay as they are, and get their default in a new row. A row without `pk` gets a new key.
/// Values of generated fields are passed over. Rows may come in any order: foreign keys are looked
/// at in the end.
class FixtureLoader {
 public:
  /// `functions` give the defaults that are registered functions.
  FixtureLoader(const ProjectState& state, Connection& connection, const Backend& backend,
                const Functions* functions = nullptr);
  ~FixtureLoader();
  FixtureLoader(const FixtureLoader&) = delete;
  FixtureLoader& operator=(const FixtureLoader&) = delete;

  /// Reads `in` to its end; `file` is for messages. Gives the number of rows. Throws
  /// Error{bad_file} with file, line and JSON pointer for what is no fixture or does not fit the
  /// models, and DatabaseError with the same place for a row the database refuses.
  std::int64_t load(std::istream& in, const std::string& file);
  /// To be called once, behind the last file: writes what waits, checks the foreign keys (the error
  /// names a row that refers to nothing) and moves the counters of automatic keys behind the keys
  /// that came. Gives the number of rows of each model, in the order of their first row.
  std::vector<ModelRows> finish();

 private:
  class Work;
  std::unique_ptr<Work> work_;
};

/// Takes all rows out of the tables of managed models of `state` and of their many-to-many fields,
/// and sets the counters of automatic keys back; everything else stays. Tables that are not there
/// are passed over. Gives the names of the tables. Requires: a transaction is open.
std::vector<std::string> flush_rows(const ProjectState& state, Connection& connection,
                                    const Backend& backend);

}  // namespace turnstone::migrations
