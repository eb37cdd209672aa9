#pragma once

#include <turnstone/persistent_map.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace turnstone {

// What a database holds, in that database's own words: types, defaults and conditions are its SQL.
// `lower` makes it from a state, introspection from a live database; both give the same shape.
// Names of constraints and indexes are always known, but for what has none on SQLite: primary keys,
// foreign keys and checks of columns (`Features::names_implicit_constraints`).

/// SQL text. All column names in text made by Turnstone are quoted.
using Sql = std::string;

struct Column {
  std::string name{};
  std::string type{};  ///< `varchar(200)`, `integer unsigned`, `timestamp with time zone`
  bool nullable = false;
  std::optional<Sql> default_sql{};  ///< as it stands behind DEFAULT, in parentheses where needed
  std::string collation{};
  /// AUTOINCREMENT on SQLite, GENERATED … AS IDENTITY on PostgreSQL.
  enum class Identity { none, by_default, always };
  Identity identity = Identity::none;
  std::optional<Sql> generated{};  ///< expression of a generated column
  bool generated_stored = true;
  std::string comment{};
  bool operator==(const Column&) const = default;
};

/// A primary key or a UNIQUE constraint. Databases that keep unique keys as indexes (SQLite) have
/// them among `Table::indexes`.
struct Key {
  std::string name{};
  std::vector<std::string> columns{};
  enum class Timing { immediate_always, initially_immediate, initially_deferred };
  Timing timing = Timing::immediate_always;
  std::vector<std::string> include{};
  bool nulls_distinct = true;
  std::string tablespace{};  ///< of its index, on PostgreSQL; `compare` leaves it where it is
  bool operator==(const Key&) const = default;
};

struct Check {
  std::string name{};
  Sql condition{};        ///< without outer parentheses
  std::string column{};   ///< the column it belongs to (sign of integers, valid JSON), else empty
  bool validated = true;  ///< false after NOT VALID
  bool operator==(const Check&) const = default;
};

struct ForeignKeyConstraint {
  std::string name{};
  std::vector<std::string> columns{};
  std::string target_table{};
  std::vector<std::string> target_columns{};
  std::string on_delete{};  ///< `CASCADE`, `SET NULL` …; empty for NO ACTION
  std::string on_update{};
  Key::Timing timing = Key::Timing::initially_deferred;
  bool validated = true;
  bool operator==(const ForeignKeyConstraint&) const = default;
};

struct IndexPart {
  std::string column{};  ///< a plain column, or
  Sql expression{};      ///< an expression, without outer parentheses
  std::string opclass{};
  std::string collation{};
  bool descending = false;
  enum class Nulls { standard, first, last };
  Nulls nulls = Nulls::standard;
  bool operator==(const IndexPart&) const = default;
};

struct Exclusion {
  std::string name{};
  std::string method{};                                       ///< `gist`, `spgist`
  std::vector<std::pair<IndexPart, std::string>> elements{};  ///< (what, operator)
  std::vector<std::string> include{};
  Sql condition{};
  Key::Timing timing = Key::Timing::immediate_always;
  bool operator==(const Exclusion&) const = default;
};

struct TableIndex {
  std::string name{};
  bool unique = false;
  std::string method{};  ///< empty for a b-tree
  std::vector<IndexPart> parts{};
  std::vector<std::string> include{};
  Sql condition{};
  std::vector<std::pair<std::string, std::string>> parameters{};  ///< WITH (key = value), sorted
  std::string tablespace{};
  bool nulls_distinct = true;
  bool operator==(const TableIndex&) const = default;
};

/// One table. Order of columns is the order of creation; it never makes two tables different.
/// Constraints and indexes are in the order `lower` makes them; compare by name.
struct Table {
  std::string name{};  ///< `schema.table` where a model asks for a PostgreSQL schema
  std::vector<Column> columns{};
  std::optional<Key> primary_key{};
  std::vector<Key> uniques{};
  std::vector<Check> checks{};
  std::vector<ForeignKeyConstraint> foreign_keys{};
  std::vector<Exclusion> exclusions{};
  std::vector<TableIndex> indexes{};
  std::string comment{};
  std::string tablespace{};
  bool strict = false;         ///< SQLite
  bool without_rowid = false;  ///< SQLite
  bool operator==(const Table&) const = default;

  const Column* find_column(std::string_view column_name) const;
  Column* find_column(std::string_view column_name);
};
using TablePtr = std::shared_ptr<const Table>;

/// All tables, by name.
class Schema {
 public:
  TablePtr find(const std::string& table) const;
  /// Requires: the table is there.
  const Table& at(const std::string& table) const;
  void set(Table table);
  void set(TablePtr table);
  void erase(const std::string& table);
  std::size_t size() const { return tables_.size(); }
  template <class Visit>
  void each(const Visit& visit) const {
    tables_.each([&](const std::string&, const TablePtr& table) { visit(*table); });
  }
  /// The tables for which `keep(table)` is true. They stay shared: none is copied.
  template <class Keep>
  Schema only(const Keep& keep) const {
    Schema kept;
    tables_.each([&](const std::string&, const TablePtr& table) {
      if (keep(*table)) kept.set(table);
    });
    return kept;
  }
  /// Sets each table of `more`.
  void set_all(const Schema& more) {
    more.tables_.each([&](const std::string&, const TablePtr& table) { set(table); });
  }
  /// Names of tables with a foreign key to `table`, without itself.
  std::vector<std::string> referrers(const std::string& table) const;

 private:
  PersistentMap<std::string, TablePtr> tables_{};
  PersistentMap<std::string, std::shared_ptr<const std::vector<std::string>>> referrers_{};
};

/// What stands before the point in names of tables (`shop` of `shop.book`), sorted, each once.
std::vector<std::string> named_schemas(const Schema& schema);

/// Those schemas, and every table that is named with one: what `Backend::introspect` takes.
std::vector<std::string> named_places(const Schema& schema);

/// Replaces each quoted identifier `"from"` of `sql` by `"to"`, outside string literals.
Sql renamed_identifier(const Sql& sql, std::string_view from, std::string_view to);

/// Lines such as `table "blog_book": column "isbn": type is varchar(13), should be varchar(20)`
/// for each difference of definition; empty when equal. Order of columns, constraints and indexes
/// does not count.
std::vector<std::string> schema_differences(const Schema& actual, const Schema& wanted);

}  // namespace turnstone
