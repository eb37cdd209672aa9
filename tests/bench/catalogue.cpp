#include "catalogue.h"

#include <turnstone/drivers/open.h>

#include <vector>

namespace turnstone::bench {
namespace {

const std::vector<std::string>& postgresql_queries() {
  static const std::vector<std::string> queries = {
      "SELECT c.oid, c.relname, obj_description(c.oid, 'pg_class') FROM pg_class c JOIN "
      "pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind = 'r'",
      "SELECT a.attrelid, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, "
      "pg_get_expr(d.adbin, d.adrelid), col_description(a.attrelid, a.attnum) FROM pg_class c JOIN "
      "pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND "
      "a.attnum > 0 LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE "
      "n.nspname = 'public' AND c.relkind = 'r'",
      "SELECT k.conrelid, k.conname, k.contype, pg_get_constraintdef(k.oid) FROM pg_constraint k "
      "JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE "
      "n.nspname = 'public'",
      "SELECT i.indrelid, c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c "
      "ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = "
      "'public'"};
  return queries;
}

const std::vector<std::string>& sqlite_queries() {
  static const std::vector<std::string> queries = {
      "SELECT type, name, tbl_name, sql FROM sqlite_schema",
      "SELECT t.name, c.* FROM sqlite_schema t, pragma_table_xinfo(t.name) c WHERE t.type = "
      "'table'",
      "SELECT t.name, k.* FROM sqlite_schema t, pragma_foreign_key_list(t.name) k WHERE t.type = "
      "'table'",
      "SELECT t.name, i.* FROM sqlite_schema t, pragma_index_list(t.name) i WHERE t.type = "
      "'table'"};
  return queries;
}

}  // namespace

std::string large_schema_sql(const std::string& dialect) {
  const bool sqlite = dialect == "sqlite";
  std::string sql;
  for (int i = 0; i < 1000; ++i) {
    const std::string name = "big_table_" + std::to_string(i);
    const std::string parent = i == 0 ? name : "big_table_" + std::to_string(i / 2);
    sql += "CREATE TABLE " + name + " (id " +
           (sqlite ? "integer PRIMARY KEY" : "bigserial PRIMARY KEY") + ", parent_id " +
           (sqlite ? "integer" : "bigint") + " REFERENCES " + parent +
           " (id), code varchar(20) NOT NULL UNIQUE, title varchar(200) NOT NULL DEFAULT 'none', "
           "price " +
           (sqlite ? "decimal(10, 2)" : "numeric(10, 2)") +
           " CHECK (price >= 0), made date NOT NULL, "
           "words text, active " +
           (sqlite ? "bool" : "boolean") +
           " NOT NULL DEFAULT true, count integer, size integer);\n";
    sql += "CREATE INDEX " + name + "_made ON " + name + " (made DESC, title);\n";
  }
  return sql;
}

std::size_t read_catalogue(const std::string& url, const std::filesystem::path& folder) {
  const auto connection = connect(url, folder);
  const bool sqlite = dialect_for(url).name() == "sqlite";
  std::size_t rows = 0;
  for (const std::string& query : sqlite ? sqlite_queries() : postgresql_queries()) {
    rows += connection->query(query).rows.size();
  }
  return rows;
}

}  // namespace turnstone::bench
