#pragma once

#include <turnstone/db/connection.h>
#include <turnstone/model/project_state.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace turnstone {
class Dialect;
}

namespace turnstone::migrations {

class Functions;
class HistoricalModel;
class HistoricalTable;

/// What a RunCpp function gets: the models as they were at that moment, inside the migration's
/// transaction.
class MigrationContext {
 public:
  /// `functions` gives the defaults of inserted rows that are registered functions.
  MigrationContext(const ProjectState& state, Connection& connection, const Dialect& dialect,
                   const Functions* functions = nullptr)
      : state_(state), connection_(connection), dialect_(dialect), functions_(functions) {}
  /// Model `app.Model` of the state before the operation. Throws Error{bad_model} when unknown.
  HistoricalModel model(const std::string& reference);
  const ProjectState& state() const { return state_; }
  /// The migration's own connection: what it does commits with the migration.
  Connection& connection() { return connection_; }
  const Dialect& dialect() const { return dialect_; }

 private:
  const ProjectState& state_;
  Connection& connection_;
  const Dialect& dialect_;
  const Functions* functions_;
};

using MigrationFunction = std::function<void(MigrationContext&)>;
/// Makes the value of a `{"function": NAME}` default, in the form of files.
using DefaultFunctionBody = std::function<Json()>;

/// Functions registered by name in an executable.
class Functions {
 public:
  Functions();
  Functions(const Functions&);
  Functions(Functions&&) noexcept;
  Functions& operator=(const Functions&);
  Functions& operator=(Functions&&) noexcept;
  ~Functions();
  void add(const std::string& name, MigrationFunction function);
  void add_default(const std::string& name, DefaultFunctionBody function);
  /// Those of `others` whose names are not taken.
  void add_all(const Functions& others);
  const MigrationFunction* find(const std::string& name) const;
  const DefaultFunctionBody* find_default(const std::string& name) const;
  bool has(const std::string& name) const { return find(name) || find_default(name); }
  std::vector<std::string> names() const;

 private:
  std::map<std::string, MigrationFunction> code_{};
  std::map<std::string, DefaultFunctionBody> defaults_{};
};

/// One row of a historical model: values by field name (`<fk>_id` for keys), in field order.
class HistoricalRow {
 public:
  HistoricalRow(std::shared_ptr<const std::vector<std::string>> names, std::vector<Value> values);
  /// Throws Error{bad_model} with the nearest name for an unknown field. A relation may be given by
  /// its own name or as `<name>_id`.
  const Value& operator[](const std::string& field) const;
  std::int64_t integer(const std::string& field) const;     ///< throws on NULL or another type
  const std::string& text(const std::string& field) const;  ///< likewise
  const std::vector<std::string>& names() const { return *names_; }
  const std::vector<Value>& values() const { return values_; }

 private:
  std::shared_ptr<const std::vector<std::string>> names_{};
  std::vector<Value> values_{};
};

/// Rows of one model at one moment of history. Every value is bound, every name quoted.
///
/// Fields go by their name; a relation by its own name or as `<name>_id`, the primary key also as
/// `pk`. Fields of concrete bases are part of a row and may be written like own ones. A value is of
/// the field's kind (text is read as files write it where the column is not text: `"9.99"` for a
/// decimal, ISO 8601 for times).
///
/// Every function throws Error{bad_model} for an unknown field, with the nearest name.
class HistoricalModel {
 public:
  using Values = std::vector<std::pair<std::string, Value>>;
  HistoricalModel(ModelPtr model, const ProjectState& state, Connection& connection,
                  const Dialect& dialect, const Functions* functions = nullptr);

  /// Rows where all `where` fields equal (a NULL value asks IS NULL), ordered by primary key.
  std::vector<HistoricalRow> rows(const Values& where = {}) const;
  /// The same one by one in constant memory. The callback may change, add and remove rows: rows it
  /// adds behind the last one are not visited, a change is seen once the row's batch was read.
  void each(const std::function<void(const HistoricalRow&)>& visit, const Values& where = {}) const;
  std::int64_t count(const Values& where = {}) const;
  /// Inserts a row; fields not named take what Django gives them: `auto_now` and `auto_now_add` the
  /// time, else the default (also of functions), else the database's default, else an empty text
  /// or NULL. Gives the primary key; NULL for one of several columns.
  Value insert(const Values& values) const;
  /// Sets fields of all rows that match; gives the number of rows.
  std::int64_t update(const Values& values, const Values& where) const;
  /// Deletes rows and does to rows that refer to them what `on_delete` says, as Django does. Gives
  /// the number of rows of this model. Throws Error{database} where PROTECT or RESTRICT forbids it.
  std::int64_t remove(const Values& where) const;
  /// Rows of the table of a many-to-many field: adds (owner key, target key) where it is absent.
  void link(const std::string& many_to_many, const Value& owner, const Value& target) const;
  /// Takes it away where it is there.
  void unlink(const std::string& many_to_many, const Value& owner, const Value& target) const;
  /// Target keys of one owner, in order.
  std::vector<Value> linked(const std::string& many_to_many, const Value& owner) const;

 private:
  ModelPtr model_;
  const ProjectState& state_;
  Connection& connection_;
  const Dialect& dialect_;
  const Functions* functions_;
  std::shared_ptr<const HistoricalTable> table_;
};

}  // namespace turnstone::migrations
