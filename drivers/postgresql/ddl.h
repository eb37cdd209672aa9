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

}  // namespace turnstone::postgresql
