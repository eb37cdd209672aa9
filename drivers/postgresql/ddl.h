#pragma once

#include <turnstone/schema/schema.h>
#include <turnstone/schema/step.h>

namespace turnstone::postgresql {

// Parts of DDL statements.

/// `"price" numeric(10, 2) NOT NULL`, with `default_sql` in place of the column's own default.
Sql column_sql(const Column& column, const std::optional<Sql>& default_sql);
/// `CONSTRAINT "n" UNIQUE ("a")` and so on.
Sql constraint_sql(const TableConstraint& constraint);
Sql primary_key_sql(const Key& key);
/// The whole `CREATE TABLE`, without indexes and comments.
Sql create_table_sql(const Table& table);
Sql create_index_sql(const std::string& table, const TableIndex& index, bool concurrently);
/// `COMMENT ON TABLE "t" IS '…'`; NULL for an empty comment. `subject` is what stands behind ON.
Sql comment_sql(const Sql& subject, const std::string& comment);

/// Makes an extension where it is not there, and marks it in its comment as made by a migration.
/// One that is there is not touched, and needs no privilege.
Sql create_extension_sql(const std::string& name);
/// Drops an extension that `create_extension_sql` made, unless something still uses it.
Sql drop_extension_sql(const std::string& name);
/// Renames the sequence a column owns, whatever it is called, unless the new name is taken.
Sql rename_sequence_sql(const std::string& table, const std::string& column, const std::string& to);

}  // namespace turnstone::postgresql
