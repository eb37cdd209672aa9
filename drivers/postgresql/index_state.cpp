#include "postgresql/index_state.h"

#include <turnstone/error.h>
#include <turnstone/identifier.h>

#include "postgresql/names.h"
#include "postgresql/placeholders.h"
#include "postgresql/postgresql.h"

namespace turnstone::postgresql {
namespace {

/// One row for an index of that name beside the table: valid, on this table, unique, method, parts,
/// partial.
const char* const state_query = R"(
SELECT i.indisvalid AND i.indisready,
       i.indrelid = to_regclass($2),
       i.indisunique,
       am.amname::text,
       (SELECT string_agg(CASE WHEN k.attnum = 0 THEN '(expression)' ELSE a.attname::text END,
                          ',' ORDER BY k.place)
          FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place)
          LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum),
       i.indpred IS NOT NULL
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indexrelid
  JOIN pg_am am ON am.oid = c.relam
 WHERE i.indexrelid = to_regclass($1))";

std::string part_names(const TableIndex& index) {
  std::vector<std::string> parts;
  for (const IndexPart& part : index.parts) {
    parts.push_back(part.column.empty() ? "(expression)" : part.column);
  }
  parts.insert(parts.end(), index.include.begin(), index.include.end());
  return join(parts, ",");
}

/// The same with literals: the state of an index of that name, and whether it is another one.
std::string make_way_script(const std::string& table, const TableIndex& index) {
  const Sql name = beside(table, index.name);
  const Sql state =
      "SELECT * FROM (" +
      with_literals(state_query, {quote_literal(name), quote_literal(table_sql(table))}) +
      ") AS state (valid, on_table, is_unique, method, parts, partial)";
  const std::string drop =
      dialect().shell().statement(Statement{.sql = "DROP INDEX CONCURRENTLY IF EXISTS " + name});
  const Sql same = "on_table AND is_unique = " + Sql(index.unique ? "true" : "false") +
                   " AND method = " + quote_literal(index.method.empty() ? "btree" : index.method) +
                   " AND parts = " + quote_literal(part_names(index)) +
                   " AND partial = " + (index.condition.empty() ? "false" : "true");
  return dialect().shell().only_if("EXISTS (" + state + " WHERE NOT valid)", drop, {}) +
         dialect().shell().stop_if("EXISTS (" + state + " WHERE (" + same + ") IS NOT TRUE)",
                                   "there is an index \"" + index.name +
                                       "\" with another definition on table \"" + table +
                                       "\"; rename it, or drop it if nothing needs it");
}

}  // namespace

Procedure make_way_for_index(const std::string& table, const TableIndex& index) {
  const Sql name = beside(table, index.name);
  const auto run = [table, index, name](Connection& connection, Procedure::Memory&) {
    const std::vector<Value> parameters = {name, table_sql(table)};
    const Rows found = connection.query(state_query, parameters);
    if (found.rows.empty()) return;
    const std::vector<Value>& row = found.rows.front();
    if (row[0] == Value(false)) {
      connection.execute("DROP INDEX CONCURRENTLY IF EXISTS " + name);
      return;
    }
    const bool same = row[1] == Value(true) && row[2] == Value(index.unique) &&
                      row[3] == Value(index.method.empty() ? "btree" : index.method) &&
                      row[4] == Value(part_names(index)) &&
                      row[5] == Value(!index.condition.empty());
    if (same) return;
    throw Error(ErrorKind::database,
                "there is an index \"" + index.name + "\" with another definition",
                "table \"" + table + "\"", "rename it, or drop it if nothing needs it");
  };
  return Procedure{.comment = "an invalid index " + name +
                              " that an earlier attempt left is dropped first: DROP INDEX "
                              "CONCURRENTLY IF EXISTS " +
                              name,
                   .run = run,
                   .script = [table, index](Connection&) { return make_way_script(table, index); }};
}

}  // namespace turnstone::postgresql
