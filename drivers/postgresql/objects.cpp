#include <turnstone/identifier.h>

#include "postgresql/introspect.h"

// What a database holds beside tables. Source: PostgreSQL, "System Catalogs".

namespace turnstone::postgresql {
namespace {

/// One SELECT of kind, name, table and definition for each kind of thing. Schemas that are named
/// stand where `{schemas}` is; what belongs to an extension is left out.
const char* const objects_query = R"(
WITH here AS (
  SELECT n.oid, CASE WHEN n.nspname = ANY (current_schemas(false)) THEN ''
                     ELSE n.nspname || '.' END AS prefix
    FROM pg_namespace n
   WHERE n.nspname = ANY (current_schemas(false)){schemas}
), owned AS (
  SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
)
SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
                      ELSE 'foreign table' END,
       h.prefix || c.relname, '',
       CASE WHEN c.relkind = 'f' THEN
              (SELECT 'server ' || s.srvname FROM pg_foreign_table f
                 JOIN pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = c.oid)
            ELSE COALESCE('WITH (' || array_to_string(c.reloptions, ', ') || ') AS', '')
                 || pg_get_viewdef(c.oid) END
  FROM pg_class c JOIN here h ON h.oid = c.relnamespace
 WHERE c.relkind IN ('v', 'm', 'f') AND ('pg_class'::regclass, c.oid) NOT IN (TABLE owned)
UNION ALL
SELECT 'sequence', h.prefix || c.relname, '',
       format('AS %s START %s INCREMENT %s MINVALUE %s MAXVALUE %s CACHE %s%s',
              format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax,
              s.seqcache, CASE WHEN s.seqcycle THEN ' CYCLE' ELSE '' END)
  FROM pg_class c JOIN here h ON h.oid = c.relnamespace JOIN pg_sequence s ON s.seqrelid = c.oid
 WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                      AND d.objid = c.oid AND d.deptype IN ('a', 'i', 'e'))
UNION ALL
SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
       h.prefix || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', '',
       CASE WHEN p.prokind = 'a' THEN 'aggregate' ELSE pg_get_functiondef(p.oid) END
  FROM pg_proc p JOIN here h ON h.oid = p.pronamespace
 WHERE ('pg_proc'::regclass, p.oid) NOT IN (TABLE owned)
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass
                      AND d.objid = p.oid AND d.deptype = 'i')
UNION ALL
SELECT 'trigger', t.tgname, h.prefix || c.relname,
       pg_get_triggerdef(t.oid) || CASE t.tgenabled WHEN 'D' THEN ' (disabled)'
                                     WHEN 'A' THEN ' (always)' WHEN 'R' THEN ' (on replicas)'
                                     ELSE '' END
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN here h ON h.oid = c.relnamespace
 WHERE NOT t.tgisinternal AND NOT c.relispartition
UNION ALL
SELECT 'enum', h.prefix || y.typname, '',
       (SELECT '(' || string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) || ')'
          FROM pg_enum e WHERE e.enumtypid = y.oid)
  FROM pg_type y JOIN here h ON h.oid = y.typnamespace
 WHERE y.typtype = 'e' AND ('pg_type'::regclass, y.oid) NOT IN (TABLE owned)
UNION ALL
SELECT 'domain', h.prefix || y.typname, '',
       format_type(y.typbasetype, y.typtypmod) || CASE WHEN y.typnotnull THEN ' NOT NULL' ELSE '' END
       || COALESCE(' DEFAULT ' || y.typdefault, '')
       || COALESCE((SELECT string_agg(' ' || pg_get_constraintdef(k.oid), '' ORDER BY k.conname)
                      FROM pg_constraint k WHERE k.contypid = y.oid), '')
  FROM pg_type y JOIN here h ON h.oid = y.typnamespace
 WHERE y.typtype = 'd' AND ('pg_type'::regclass, y.oid) NOT IN (TABLE owned)
UNION ALL
SELECT 'composite type', h.prefix || y.typname, '',
       (SELECT '(' || string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', '
                                 ORDER BY a.attnum) || ')'
          FROM pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped)
  FROM pg_type y JOIN here h ON h.oid = y.typnamespace JOIN pg_class c ON c.oid = y.typrelid
 WHERE c.relkind = 'c' AND ('pg_type'::regclass, y.oid) NOT IN (TABLE owned)
UNION ALL
SELECT 'extension', e.extname, '', 'version ' || e.extversion FROM pg_extension e
 WHERE e.extname <> 'plpgsql'
UNION ALL
SELECT 'partitioned table', h.prefix || c.relname, '', pg_get_partkeydef(c.oid)
  FROM pg_class c JOIN here h ON h.oid = c.relnamespace
 WHERE c.relkind = 'p' AND NOT c.relispartition
UNION ALL
SELECT 'partition', h.prefix || c.relname, i.inhparent::regclass::text,
       pg_get_expr(c.relpartbound, c.oid)
  FROM pg_class c JOIN here h ON h.oid = c.relnamespace JOIN pg_inherits i ON i.inhrelid = c.oid
 WHERE c.relispartition AND c.relkind IN ('r', 'p', 'f')
UNION ALL
SELECT 'policy', p.polname, h.prefix || c.relname,
       format('%sFOR %s TO %s%s%s', CASE WHEN p.polpermissive THEN '' ELSE 'AS RESTRICTIVE ' END,
              CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT'
                                 WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
              (SELECT string_agg(COALESCE(quote_ident(r.rolname), 'PUBLIC'), ', ' ORDER BY r.rolname)
                 FROM unnest(p.polroles) AS u (oid) LEFT JOIN pg_roles r ON r.oid = u.oid),
              COALESCE(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', ''),
              COALESCE(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', ''))
  FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN here h ON h.oid = c.relnamespace
UNION ALL
SELECT 'row level security', '', h.prefix || c.relname,
       CASE WHEN c.relforcerowsecurity THEN 'forced' ELSE 'enabled' END
  FROM pg_class c JOIN here h ON h.oid = c.relnamespace WHERE c.relrowsecurity
UNION ALL
SELECT 'rule', r.rulename, h.prefix || c.relname, pg_get_ruledef(r.oid)
  FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN here h ON h.oid = c.relnamespace
 WHERE r.rulename <> '_RETURN'
UNION ALL
SELECT 'statistics', h.prefix || s.stxname, s.stxrelid::regclass::text,
       pg_get_statisticsobjdef(s.oid)
  FROM pg_statistic_ext s JOIN here h ON h.oid = s.stxnamespace
UNION ALL
SELECT 'index', h.prefix || x.relname, h.prefix || c.relname, pg_get_indexdef(x.oid)
  FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN here h ON h.oid = c.relnamespace
  JOIN pg_class x ON x.oid = i.indexrelid
 WHERE (c.relkind = 'm' OR c.relispartition)
   AND NOT EXISTS (SELECT FROM pg_inherits p WHERE p.inhrelid = x.oid)
UNION ALL
SELECT 'check constraint', k.conname, h.prefix || c.relname, pg_get_constraintdef(k.oid)
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN here h ON h.oid = c.relnamespace
 WHERE c.relispartition AND k.contype = 'c' AND k.coninhcount = 0
UNION ALL
SELECT 'inheritance', p.inhparent::regclass::text, h.prefix || c.relname,
       'INHERITS ' || p.inhparent::regclass
  FROM pg_inherits p JOIN pg_class c ON c.oid = p.inhrelid JOIN here h ON h.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'f') AND NOT c.relispartition
UNION ALL
SELECT 'mark', 'UNLOGGED', h.prefix || c.relname, 'UNLOGGED'
  FROM pg_class c JOIN here h ON h.oid = c.relnamespace
 WHERE c.relkind = 'r' AND c.relpersistence = 'u'
UNION ALL
SELECT 'storage parameters', '', h.prefix || c.relname, array_to_string(c.reloptions, ', ')
  FROM pg_class c JOIN here h ON h.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND c.reloptions IS NOT NULL
UNION ALL
SELECT 'range type', h.prefix || y.typname, '', 'OF ' || format_type(r.rngsubtype, NULL)
  FROM pg_type y JOIN here h ON h.oid = y.typnamespace JOIN pg_range r ON r.rngtypid = y.oid
 WHERE ('pg_type'::regclass, y.oid) NOT IN (TABLE owned)
UNION ALL
SELECT 'event trigger', e.evtname, '',
       'ON ' || e.evtevent || ' EXECUTE FUNCTION ' || e.evtfoid::regprocedure
       || CASE e.evtenabled WHEN 'D' THEN ' (disabled)' ELSE '' END
  FROM pg_event_trigger e
 WHERE ('pg_event_trigger'::regclass, e.oid) NOT IN (TABLE owned)
ORDER BY 1, 3, 2)";

std::string cell_text(const Value& cell) {
  const auto* text = std::get_if<std::string>(&cell);
  return text ? *text : std::string{};
}

}  // namespace

std::vector<DatabaseObject> read_objects(Connection& connection,
                                         const std::vector<std::string>& schemas) {
  std::vector<Sql> names;
  for (const std::string& schema : schemas) names.push_back(quote_literal(schema));
  std::string sql = objects_query;
  const std::string mark = "{schemas}";
  sql.replace(sql.find(mark), mark.size(),
              names.empty() ? "" : " OR n.nspname IN (" + join(names, ", ") + ")");
  std::vector<DatabaseObject> objects;
  for (const std::vector<Value>& row : connection.query(sql).rows) {
    objects.push_back({cell_text(row[0]), cell_text(row[1]), cell_text(row[2]), cell_text(row[3])});
  }
  return objects;
}

}  // namespace turnstone::postgresql
