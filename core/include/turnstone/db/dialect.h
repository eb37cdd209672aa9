#pragma once

#include <turnstone/db/connection.h>
#include <turnstone/db/shell.h>
#include <turnstone/model/field.h>
#include <turnstone/schema/schema.h>
#include <turnstone/schema/script.h>
#include <turnstone/schema/step.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turnstone {

/// What a database can hold. Planning goes by these, never by the name of a database.
struct Features {
  std::size_t max_identifier_bytes = 0;  ///< 63 on PostgreSQL; 0 for no limit (SQLite)
  bool transactional_ddl = true;
  bool unique_as_index = false;      ///< SQLite: every unique key is a named unique index
  bool foreign_keys_inline = false;  ///< SQLite: only as part of CREATE TABLE
  /// Primary keys, foreign keys and checks of columns have names (PostgreSQL). Where not (SQLite) a
  /// schema holds them with an empty name: renaming a table then changes nothing in them.
  bool names_implicit_constraints = false;
  bool like_indexes = false;  ///< extra `_like` index on indexed text (PostgreSQL)
  bool deferrable_unique = false;
  bool covering_indexes = false;
  bool nulls_distinct = false;
  bool comments = false;
  bool exclusion_constraints = false;
  bool index_methods = false;    ///< GIN and its kin; elsewhere index types are plain indexes
  bool schemas = false;          ///< `schema.table`
  bool virtual_columns = false;  ///< generated columns that are not stored, and of each other
  bool advisory_locks = false;
};

/// How one database writes things down. Pure: it never sees a connection.
class Dialect {
 public:
  virtual ~Dialect() = default;
  /// `sqlite` or `postgresql`: the key in files and messages.
  virtual std::string_view name() const = 0;
  virtual const Features& features() const = 0;

  /// Column type of a field that has one (not a relation: `lower` resolves those first).
  /// Throws Error{unsupported} for a type this database lacks. Source: `django-behaviour.md` §2.2.
  virtual Sql column_type(const Field& field) const = 0;
  /// Column type of a key that points to such a field (`rel_db_type`): plain integers for auto and
  /// positive fields.
  virtual Sql key_type(const Field& target) const = 0;
  /// A field, without a name, that has this column type, the way back from `column_type`: a
  /// CustomField where no other has it.
  virtual Field field_of_type(const Sql& type) const = 0;
  /// Condition of the CHECK that belongs to a column of this type, or nothing.
  virtual std::optional<Sql> column_check(const Field& field, const std::string& column) const = 0;
  /// `value`, as files write it for that type of field, as an SQL literal.
  /// Throws Error{bad_model} where it does not fit the type.
  virtual Sql literal(const Json& value, const Field& type) const = 0;
  /// A literal whose type is not known: numbers, text, booleans, NULL.
  virtual Sql literal(const Json& value) const = 0;
  /// SQL that gives a row's value for the built-in functions `now`, `today`, `uuid4`, in the form
  /// columns of that field hold.
  virtual Sql function_value(std::string_view function, const Field& type) const = 0;

  /// A call whose operands are rendered already. `argument_types` holds the field that gives each
  /// operand its type, nullptr where unknown. `target` is the type of `cast`. Empty for a head this
  /// database does not know.
  struct Call {
    std::string_view head{};
    const std::vector<Sql>& arguments;
    const std::vector<const Field*>& argument_types;
    const Expression& source;
    const Field* target = nullptr;
  };
  virtual std::optional<Sql> call(const Call& call) const = 0;

  /// `?` or `$3`; positions count from 1.
  virtual std::string placeholder(std::size_t position) const = 0;
  /// `value` in the form a column of `field` takes as parameter, and a cell read from such a column
  /// as the value a program sees. For relations, `field` is the key they point to.
  virtual Value to_database(const Value& value, const Field& field) const = 0;
  virtual Value from_database(const Value& cell, const Field& field) const = 0;

  /// A bound parameter in a query: `?3`, `$3::numeric`. `type` is the field whose values it has.
  /// Positions count from 1 and may be used several times.
  virtual Sql parameter(std::size_t position, const Field& type) const = 0;
  /// `sql`, whose values a program wants as those of `type`, where the database would give another
  /// type: a sum of integers is a numeric on PostgreSQL.
  virtual Sql typed(const Sql& sql, const Field& type) const = 0;

  /// Says `steps` in terms this database has. `before` is the schema they start from.
  virtual std::vector<PlannedStep> legalize(const Schema& before,
                                            std::vector<PlannedStep> steps) const = 0;
  /// SQL of legal steps in one script: `atomic` puts all into one transaction, else each operation
  /// is a batch (raw SQL and concurrent index work outside of transactions). Without bookkeeping.
  virtual Script render(const std::vector<PlannedStep>& steps, bool atomic) const = 0;

  /// Statement that opens a transaction which will write.
  virtual std::string_view begin() const = 0;
  /// Statement that opens one which only reads, and sees all of the database as it is at one
  /// moment.
  virtual std::string_view begin_reading() const = 0;
  /// What ORDER BY takes so that values of `field` come in the same order on every database: texts
  /// by their bytes, whatever the collation of their column.
  virtual Sql byte_order(const Sql& column, const Field& field) const = 0;
  /// How scripts for the database's own command line program are written.
  virtual const Shell& shell() const = 0;
};

/// Something in a database that models have no word for: a view, a trigger, an enum …
struct DatabaseObject {
  std::string kind{};   ///< `view`, `trigger`, `function` …
  std::string name{};   ///< with its schema where that is not on the search path
  std::string table{};  ///< what it is on; empty for what stands alone
  Sql definition{};
  bool operator==(const DatabaseObject&) const = default;
};

/// What needs a connection and differs between databases.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual const Dialect& dialect() const = 0;
  /// Everything in the database (PostgreSQL: in the schemas on the search path) but Turnstone's own
  /// tables, in the words `lower` uses.
  Schema introspect(Connection& connection) const { return introspect(connection, {}); }
  /// The same, and on PostgreSQL the tables of further schemas, as `schema.table`. `places` are
  /// names of schemas, and of tables (`public.book`) that are to have that name also where the
  /// search path leads to them; see `named_places`.
  virtual Schema introspect(Connection& connection,
                            const std::vector<std::string>& places) const = 0;
  /// Views, and on PostgreSQL materialised ones and foreign tables, as tables with nothing but
  /// their columns; from the same schemas as `introspect`.
  virtual Schema views(Connection& connection, const std::vector<std::string>& schemas) const = 0;
  /// Everything else in those schemas, but what belongs to extensions; by kind, table and name.
  virtual std::vector<DatabaseObject> objects(Connection& connection,
                                              const std::vector<std::string>& schemas) const = 0;
  /// `schema` as `introspect` would give it back once it is made: expressions in the database's own
  /// spelling. What compares a wanted schema with a live one compares this.
  virtual Schema normalised(Connection& connection, const Schema& schema) const;
  /// `schema` without what makes no difference to this database: spellings of types and
  /// expressions that it keeps as they were written, names it never uses. Two schemas that mean the
  /// same are equal in this form.
  virtual Schema comparable(const Schema& schema) const;
  /// False for a server old enough to lack something that a table may ask for. `version` as
  /// `Connection::server_version` gives it.
  virtual bool has_everything(int /*version*/) const { return true; }
  /// What `table` asks for in vain of a server of that version, in words: `unique constraint "u"
  /// with NULLS NOT DISTINCT needs PostgreSQL 15, and this is 14.9`.
  virtual std::vector<std::string> too_new(const Table& /*table*/, int /*version*/) const {
    return {};
  }
  /// True when a table of that name exists; cheap.
  virtual bool has_table(Connection& connection, const std::string& table) const = 0;

  /// Holds off other migrators until it ends. On SQLite nothing is held: each transaction takes the
  /// write lock and history is read again under it.
  class Lock {
   public:
    virtual ~Lock() = default;
  };
  /// Waits up to `timeout` (no value: for ever), calling `waiting` once when it has to wait.
  /// Throws Error{locked} when time is up.
  virtual std::unique_ptr<Lock> lock(Connection& connection,
                                     std::optional<std::chrono::milliseconds> timeout,
                                     const std::function<void()>& waiting) const = 0;

  /// A number that is another one once another connection has committed something; cheap. Nothing
  /// where a `Lock` is held. On SQLite `PRAGMA data_version`.
  virtual std::optional<std::int64_t> commits_of_others(Connection& /*connection*/) const {
    return {};
  }

  /// Takes all rows out of `tables` and sets the counters of their automatic keys back to the
  /// start. Tables that others refer to must be given with those others. Requires: a transaction is
  /// open.
  virtual void empty(Connection& connection, const std::vector<TablePtr>& tables) const = 0;
  /// Moves the counters of automatic keys of `table` behind the largest key that is there, and
  /// never back.
  virtual void advance_counters(Connection& connection, const Table& table) const = 0;

  /// Foreign keys that wait until all rows are there, whatever the order in which they come.
  class WaitingKeys {
   public:
    virtual ~WaitingKeys() = default;
    /// The foreign keys of `table` wait, also those that are declared not to. To be called before
    /// its first row is written.
    virtual void wait(const Table& table) = 0;
    /// Checks what waited; afterwards every foreign key is as it was declared. Throws DatabaseError
    /// where a row refers to one that is not there: the transaction can then still be read in.
    virtual void settle() = 0;
  };
  /// Requires: a transaction is open. It has to be rolled back where `settle` was not reached.
  virtual std::unique_ptr<WaitingKeys> waiting_keys(Connection& connection) const = 0;
};

}  // namespace turnstone
