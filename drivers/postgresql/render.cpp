#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/match.h>

#include <algorithm>
#include <map>
#include <set>

#include "postgresql/ddl.h"
#include "postgresql/dialect.h"
#include "postgresql/index_state.h"
#include "postgresql/names.h"
#include "postgresql/placeholders.h"
#include "postgresql/types.h"

namespace turnstone::postgresql {
namespace {

/// When PostgreSQL runs a part of an ALTER TABLE, whatever its place among the others. Parts share
/// a statement only while their order is this one, so that nothing runs earlier than it is written.
enum class Pass { drop, type, add_column, attribute, constraint };

/// Whether a statement reads every row of a table that may have some.
enum class Reads { nothing, all_rows };

/// Items in the making, batch by batch.
class Writer {
 public:
  explicit Writer(bool atomic) : atomic_(atomic) {}

  void begin_operation(std::size_t operation) {
    if (operation == operation_) return;
    close();
    operation_ = operation;
    if (!atomic_) fresh_batch_ = true;
  }

  /// One part of an ALTER TABLE.
  void alter(const std::string& table, Pass pass, const Sql& part, Reads reads = Reads::nothing) {
    if (open_ && (open_->table != table || pass < open_->pass)) close();
    if (!open_) {
      settle();
      open_ = Open{.table = table};
    }
    open_->pass = pass;
    open_->parts.push_back(part);
    if (reads == Reads::all_rows) open_->scans_rows = true;
  }
  /// A statement that changes definitions of tables that are there.
  void ddl(Sql sql, Reads reads = Reads::nothing) {
    close();
    settle();
    add(Statement{.sql = std::move(sql), .scans_rows = reads == Reads::all_rows});
  }
  /// A statement that never meets changed rows: it makes something new.
  void create(Sql sql) {
    close();
    add(Statement{.sql = std::move(sql)});
  }
  /// A statement that changes rows: constraints that wait for the commit have to be looked at
  /// before the next definition changes ("pending trigger events").
  void data(Statement statement) {
    close();
    add(std::move(statement));
    unsettled_ = true;
  }
  void code(const std::string& function) {
    close();
    if (!atomic_) outside(CodeCall{function});
    if (!atomic_) return;
    add(CodeCall{function});
    unsettled_ = true;
  }
  /// Something that must not be in a transaction, in a batch of its own.
  template <class Item>
  void outside(Item item) {
    close();
    batches_.push_back(Batch{.transactional = false});
    batches_.back().items.push_back({.item = std::move(item), .operation = operation_});
    fresh_batch_ = true;
  }
  bool atomic() const { return atomic_; }

  std::vector<Batch> finish() {
    close();
    return std::move(batches_);
  }

 private:
  struct Open {
    std::string table{};
    Pass pass = Pass::drop;
    std::vector<Sql> parts{};
    bool scans_rows = false;
  };

  void close() {
    if (!open_) return;
    Statement statement{
        .sql = "ALTER TABLE " + table_sql(open_->table) + " " + join(open_->parts, ", "),
        .scans_rows = open_->scans_rows};
    open_.reset();
    add(std::move(statement));
  }
  void settle() {
    if (!unsettled_ || fresh_batch_) return;
    add(Statement{.sql = "SET CONSTRAINTS ALL IMMEDIATE"});
    add(Statement{.sql = "SET CONSTRAINTS ALL DEFERRED"});
    unsettled_ = false;
  }
  template <class Item>
  void add(Item item) {
    if (batches_.empty() || fresh_batch_) {
      batches_.push_back(Batch{});
      fresh_batch_ = false;
      unsettled_ = false;
    }
    batches_.back().items.push_back({.item = std::move(item), .operation = operation_});
  }

  bool atomic_;
  std::vector<Batch> batches_{};
  std::optional<Open> open_{};
  std::size_t operation_ = 0;
  bool fresh_batch_ = true;
  bool unsettled_ = false;
};

/// Writes the statements of each step.
class Renderer {
 public:
  explicit Renderer(Writer& writer) : writer_(writer) {}

  void operator()(const step::CreateTable& s) {
    const Table& table = s.table;
    writer_.create(create_table_sql(table));
    created_[table.name] = table;
    if (!table.comment.empty()) comment_on("TABLE " + table_sql(table.name), table.comment);
    for (const Column& column : table.columns) {
      if (!column.comment.empty()) comment_on_column(table.name, column);
    }
    for (const TableIndex& index : table.indexes) {
      writer_.create(create_index_sql(table.name, index, false));
    }
  }
  void operator()(const step::DropTable& s) {
    writer_.ddl("DROP TABLE " + table_sql(s.table.name));
    created_.erase(s.table.name);
  }
  void operator()(const step::RenameTable& s) {
    const auto [from_schema, from] = split_table(s.from);
    const auto [to_schema, to] = split_table(s.to);
    if (from_schema != to_schema) move_to_schema(s, to_schema);
    const std::string moved = to_schema.empty() ? from : to_schema + "." + from;
    if (from != to) {
      writer_.ddl("ALTER TABLE " + table_sql(moved) + " RENAME TO " + quote_identifier(to));
    }
    sequences(s.to, s.sequences);
    if (const auto at = created_.find(s.from); at != created_.end()) {
      created_[s.to] = at->second;
      created_.erase(s.from);
    }
  }
  void operator()(const step::RenameColumn& s) {
    writer_.ddl("ALTER TABLE " + table_sql(s.table) + " RENAME COLUMN " + quote_identifier(s.from) +
                " TO " + quote_identifier(s.to));
    sequences(s.table, s.sequences);
  }
  void operator()(const step::AddColumn& s) {
    const Column& column = s.column;
    const std::optional<Sql>& given = s.fill ? s.fill : column.default_sql;
    const bool computed =
        column.generated || column.identity != Column::Identity::none || (given && is_call(*given));
    writer_.alter(s.table, Pass::add_column, "ADD COLUMN " + column_sql(column, given),
                  computed ? reads_of(s.table) : Reads::nothing);
    for (const Check& check : s.checks) add_constraint(s.table, check);
    if (s.foreign_key) add_constraint(s.table, *s.foreign_key);
    if (s.fill) set_default(s.table, column.name, column.default_sql);
    if (!column.comment.empty()) comment_on_column(s.table, column);
  }
  void operator()(const step::DropColumn& s) {
    writer_.alter(s.table, Pass::drop, "DROP COLUMN " + quote_identifier(s.column.name));
  }
  void operator()(const step::AlterColumn& s) {
    drop_what_blocks(s);
    change_type(s);
    change_default(s);
    close_to_nulls(s);
    change_identity(s);
    if (s.before.comment != s.after.comment) comment_on_column(s.table, s.after);
  }
  void operator()(const step::SetPrimaryKey& s) {
    if (s.before) drop_constraint(s.table, s.before->name);
    if (s.after) {
      writer_.alter(s.table, Pass::constraint, "ADD " + primary_key_sql(*s.after),
                    reads_of(s.table));
    }
  }
  void operator()(const step::AddConstraint& s) { add_constraint(s.table, s.constraint); }
  void operator()(const step::DropConstraint& s) {
    drop_constraint(s.table, name_of(s.constraint));
  }
  void operator()(const step::RenameConstraint& s) {
    writer_.ddl("ALTER TABLE " + table_sql(s.table) + " RENAME CONSTRAINT " +
                quote_identifier(name_of(s.before)) + " TO " + quote_identifier(s.to));
  }
  void operator()(const step::ValidateConstraint& s) {
    writer_.ddl(
        "ALTER TABLE " + table_sql(s.table) + " VALIDATE CONSTRAINT " + quote_identifier(s.name),
        Reads::all_rows);
  }
  void operator()(const step::CreateIndex& s) {
    const Sql sql = create_index_sql(s.table, s.index, s.concurrently);
    if (!s.concurrently) {
      writer_.ddl(sql, reads_of(s.table));
      return;
    }
    refuse_inside_transaction(s.index.name);
    writer_.outside(make_way_for_index(s.table, s.index));
    writer_.outside(Statement{.sql = sql, .scans_rows = true});
  }
  void operator()(const step::DropIndex& s) {
    const Sql name = beside(s.table, s.index.name);
    if (!s.concurrently) {
      writer_.ddl("DROP INDEX " + name);
      return;
    }
    refuse_inside_transaction(s.index.name);
    writer_.outside(Statement{.sql = "DROP INDEX CONCURRENTLY IF EXISTS " + name});
  }
  void operator()(const step::RenameIndex& s) {
    writer_.ddl("ALTER INDEX " + beside(s.table, s.before.name) + " RENAME TO " +
                quote_identifier(s.to));
  }
  void operator()(const step::SetTableComment& s) {
    comment_on("TABLE " + table_sql(s.table), s.comment);
  }
  void operator()(const step::CopyRows& s) {
    std::vector<std::string> columns;
    std::vector<Sql> values;
    for (const auto& [column, value] : s.columns) {
      columns.push_back(column);
      values.push_back(value);
    }
    writer_.data(Statement{.sql = "INSERT INTO " + table_sql(s.to) + " (" +
                                  quote_identifiers(columns) + ") SELECT " + join(values, ", ") +
                                  " FROM " + table_sql(s.from),
                           .scans_rows = true});
    const auto made = created_.find(s.to);
    if (made == created_.end()) return;
    for (const Column& column : made->second.columns) {
      const bool copied = std::find(columns.begin(), columns.end(), column.name) != columns.end();
      if (copied && column.identity != Column::Identity::none) advance_sequence(s.to, column.name);
    }
  }
  void operator()(const step::RebuildTable& s) {
    throw Error(ErrorKind::unsupported, "postgresql does not rebuild tables",
                "table \"" + s.before.name + "\"");
  }
  void operator()(const step::CreateExtension& s) { writer_.create(create_extension_sql(s.name)); }
  void operator()(const step::DropExtension& s) { writer_.ddl(drop_extension_sql(s.name)); }
  void operator()(const step::CreateCollation& s) {
    Sql sql =
        "CREATE COLLATION " + quote_identifier(s.name) + " (locale = " + quote_literal(s.locale);
    if (!s.provider.empty()) sql += ", provider = " + s.provider;
    if (!s.deterministic) sql += ", deterministic = false";
    writer_.create(sql + ")");
  }
  void operator()(const step::DropCollation& s) {
    writer_.ddl("DROP COLLATION " + quote_identifier(s.name));
  }
  void operator()(const step::RawSql& s) {
    for (const step::RawSql::Item& item : s.items) {
      const bool bound = !item.parameters.empty();
      // What it reads is not known.
      Statement statement{.sql = bound ? numbered_placeholders(item.sql) : item.sql,
                          .parameters = item.parameters,
                          .scans_rows = true};
      if (writer_.atomic()) {
        writer_.data(std::move(statement));
      } else {
        writer_.outside(std::move(statement));
      }
    }
  }
  void operator()(const step::RunCode& s) { writer_.code(s.function); }

 private:
  Reads reads_of(const std::string& table) const {
    return created_.contains(table) ? Reads::nothing : Reads::all_rows;
  }
  /// A default that calls something may be another one for each row.
  static bool is_call(const Sql& sql) {
    return !sql.starts_with("'") && sql.find("()") != std::string::npos;
  }

  void move_to_schema(const step::RenameTable& s, const std::string& schema) {
    const Sql alter = "ALTER TABLE " + table_sql(s.from) + " SET SCHEMA ";
    if (!schema.empty()) {
      writer_.ddl(alter + quote_identifier(schema));
      return;
    }
    // Tables without a schema in their name live in the first one of the search path.
    Sql format = alter;
    for (std::size_t at = 0; (at = format.find('%', at)) != Sql::npos; at += 2) {
      format.insert(at, "%");
    }
    writer_.ddl("DO $turnstone$ BEGIN EXECUTE format(" + quote_literal(format + "%I") +
                ", current_schema()); END $turnstone$");
  }
  void sequences(const std::string& table,
                 const std::vector<std::pair<std::string, std::string>>& renames) {
    for (const auto& [column, to] : renames) {
      writer_.ddl(rename_sequence_sql(table, column, to));
    }
  }

  void comment_on(const Sql& subject, const std::string& comment) {
    writer_.create(comment_sql(subject, comment));
  }
  void comment_on_column(const std::string& table, const Column& column) {
    comment_on("COLUMN " + table_sql(table) + "." + quote_identifier(column.name), column.comment);
  }

  void add_constraint(const std::string& table, const TableConstraint& constraint) {
    const auto* check = std::get_if<Check>(&constraint);
    const auto* key = std::get_if<ForeignKeyConstraint>(&constraint);
    const bool trusted = (check && !check->validated) || (key && !key->validated);
    writer_.alter(table, Pass::constraint, "ADD " + constraint_sql(constraint),
                  trusted ? Reads::nothing : reads_of(table));
  }
  void drop_constraint(const std::string& table, const std::string& name) {
    writer_.alter(table, Pass::drop, "DROP CONSTRAINT " + quote_identifier(name));
  }
  void set_default(const std::string& table, const std::string& column,
                   const std::optional<Sql>& value) {
    const Sql alter = "ALTER COLUMN " + quote_identifier(column);
    if (value) {
      writer_.alter(table, Pass::attribute, alter + " SET DEFAULT " + *value);
    } else {
      writer_.alter(table, Pass::drop, alter + " DROP DEFAULT");
    }
  }

  static bool changes_type(const step::AlterColumn& s) {
    return s.before.type != s.after.type || s.before.collation != s.after.collation;
  }
  static Sql alter_sql(const step::AlterColumn& s) {
    return "ALTER COLUMN " + quote_identifier(s.after.name);
  }
  static bool loses_identity(const step::AlterColumn& s) {
    return s.before.identity != Column::Identity::none &&
           s.after.identity == Column::Identity::none;
  }
  static bool default_blocks_type(const step::AlterColumn& s) {
    return s.before.default_sql && !same_base(s.before.type, s.after.type);
  }

  void drop_what_blocks(const step::AlterColumn& s) {
    if (loses_identity(s)) {
      writer_.alter(s.table, Pass::drop, alter_sql(s) + " DROP IDENTITY IF EXISTS");
      // Columns made by old versions of Django are `serial`: their default draws the numbers.
      writer_.ddl("ALTER TABLE " + table_sql(s.table) + " " + alter_sql(s) + " DROP DEFAULT");
    } else if (s.before.default_sql && (!s.after.default_sql || default_blocks_type(s))) {
      writer_.alter(s.table, Pass::drop, alter_sql(s) + " DROP DEFAULT");
    }
    if (!s.before.nullable && s.after.nullable) {
      writer_.alter(s.table, Pass::drop, alter_sql(s) + " DROP NOT NULL");
    }
  }
  void change_type(const step::AlterColumn& s) {
    if (!changes_type(s)) return;
    Sql part = alter_sql(s) + " TYPE " + s.after.type;
    if (!s.after.collation.empty()) part += " COLLATE " + quote_identifier(s.after.collation);
    const auto converted = conversion(s.table, s.after.name, s.before.type, s.after.type);
    if (converted) part += " USING " + *converted;
    writer_.alter(s.table, Pass::type, part, reads_of(s.table));
  }
  void change_default(const step::AlterColumn& s) {
    if (!s.after.default_sql) return;
    if (s.before.default_sql == s.after.default_sql && !default_blocks_type(s)) return;
    set_default(s.table, s.after.name, s.after.default_sql);
  }
  void close_to_nulls(const step::AlterColumn& s) {
    if (!s.before.nullable || s.after.nullable) return;
    if (s.fill) {
      const Sql column = quote_identifier(s.after.name);
      writer_.data(Statement{.sql = "UPDATE " + table_sql(s.table) + " SET " + column + " = " +
                                    *s.fill + " WHERE " + column + " IS NULL",
                             .scans_rows = true});
    }
    writer_.alter(s.table, Pass::attribute, alter_sql(s) + " SET NOT NULL", reads_of(s.table));
  }
  void change_identity(const step::AlterColumn& s) {
    const auto after = s.after.identity;
    if (after == s.before.identity || after == Column::Identity::none) return;
    const Sql kind = after == Column::Identity::always ? "ALWAYS" : "BY DEFAULT";
    if (s.before.identity != Column::Identity::none) {
      writer_.alter(s.table, Pass::attribute, alter_sql(s) + " SET GENERATED " + kind);
      return;
    }
    writer_.alter(s.table, Pass::constraint,
                  alter_sql(s) + " ADD GENERATED " + kind + " AS IDENTITY");
    advance_sequence(s.table, s.after.name);
  }
  /// The next number of an identity column is above all that are there.
  void advance_sequence(const std::string& table, const std::string& column) {
    const Sql largest = "MAX(" + quote_identifier(column) + ")";
    writer_.create("SELECT setval(pg_get_serial_sequence(" + quote_literal(table_sql(table)) +
                   ", " + quote_literal(column) + "), GREATEST(" + largest + ", 1), COALESCE(" +
                   largest + ", 0) > 0) FROM " + table_sql(table));
  }

  void refuse_inside_transaction(const std::string& index) const {
    if (!writer_.atomic()) return;
    throw Error(ErrorKind::unsupported,
                "an index cannot be made or dropped concurrently inside of a transaction",
                "index \"" + index + "\"", "write \"atomic\": false into the migration");
  }

  Writer& writer_;
  std::map<std::string, Table> created_{};  ///< tables of this script: nobody has put rows in
};

}  // namespace

Script PostgresqlDialect::render(const std::vector<PlannedStep>& steps, bool atomic) const {
  Writer writer(atomic);
  Renderer renderer(writer);
  for (const PlannedStep& planned : steps) {
    writer.begin_operation(planned.operation);
    turnstone::match(planned.step, renderer);
  }
  return Script{.batches = writer.finish()};
}

}  // namespace turnstone::postgresql
