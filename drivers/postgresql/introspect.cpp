#include "postgresql/introspect.h"

#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/schema/naming.h>
#include <turnstone/schema/spelling.h>

#include <algorithm>
#include <map>

#include "postgresql/ddl.h"
#include "postgresql/names.h"
#include "postgresql/types.h"

namespace turnstone::postgresql {
namespace {

/// What stands between the items of a list in one cell: the ASCII unit separator, which nobody puts
/// into a name.
constexpr char separator = '\x1f';

/// Tables in question, as a common table expression. `{where}` says which; those of `{qualified}`
/// are named with their schema wherever it is, and so are those with a point in their own name:
/// what stands before the first point is always a schema.
const char* const tables_cte = R"(
WITH tables AS (
  SELECT c.oid, c.relnamespace, c.reltablespace,
         CASE WHEN pg_table_is_visible(c.oid) AND position('.' IN c.relname) = 0
                   AND n.nspname || '.' || c.relname NOT IN ({qualified})
              THEN c.relname::text
              ELSE n.nspname || '.' || c.relname END AS name
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ({kinds}) AND NOT c.relispartition
     AND NOT EXISTS (SELECT FROM pg_depend d
                      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                        AND d.deptype = 'e')
     AND {where}
)
)";

/// Schemas that are named and not on the search path stand where `{schemas}` is.
const char* const on_search_path =
    "(n.nspname = ANY (current_schemas(false)) AND pg_table_is_visible(c.oid){schemas}) "
    "AND c.relname NOT IN ('turnstone_migrations', 'turnstone_journal')";
const char* const temporary = "c.relnamespace = pg_my_temp_schema()";

const char* const tables_query = R"(
SELECT t.oid::bigint, t.name, obj_description(t.oid, 'pg_class'), s.spcname::text
  FROM tables t LEFT JOIN pg_tablespace s ON s.oid = t.reltablespace
 ORDER BY t.name)";

const char* const columns_query = R"(
SELECT a.attrelid::bigint, a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull,
       pg_get_expr(d.adbin, d.adrelid),
       CASE WHEN a.attidentity <> '' THEN a.attidentity::text
            WHEN pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%'
                 AND EXISTS (SELECT FROM pg_depend o JOIN pg_class s ON s.oid = o.objid
                              WHERE o.classid = 'pg_class'::regclass
                                AND o.refclassid = 'pg_class'::regclass
                                AND o.refobjid = a.attrelid AND o.refobjsubid = a.attnum
                                AND o.deptype = 'a' AND s.relkind = 'S') THEN 's'
            ELSE '' END,
       a.attgenerated::text,
       CASE WHEN a.attcollation <> y.typcollation THEN l.collname::text END,
       col_description(a.attrelid, a.attnum)
  FROM tables t
  JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type y ON y.oid = a.atttypid
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  LEFT JOIN pg_collation l ON l.oid = a.attcollation
 ORDER BY a.attrelid, a.attnum)";

const char* const constraints_query = R"(
SELECT k.conrelid::bigint, k.conname::text, k.contype::text,
       (SELECT string_agg(a.attname::text, chr(31) ORDER BY u.place)
          FROM unnest(k.conkey) WITH ORDINALITY AS u (attnum, place)
          JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum),
       k.condeferrable, k.condeferred, k.convalidated,
       CASE WHEN k.contype = 'f' THEN
         CASE WHEN pg_table_is_visible(k.confrelid) AND position('.' IN f.relname) = 0
                   AND n.nspname || '.' || f.relname NOT IN ({qualified})
              THEN f.relname::text ELSE n.nspname || '.' || f.relname END END,
       (SELECT string_agg(a.attname::text, chr(31) ORDER BY u.place)
          FROM unnest(k.confkey) WITH ORDINALITY AS u (attnum, place)
          JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum),
       k.confdeltype::text, k.confupdtype::text,
       CASE WHEN k.contype = 'c' THEN pg_get_expr(k.conbin, k.conrelid) END,
       CASE WHEN k.contype IN ('p', 'u', 'x') THEN k.conindid::bigint END,
       (SELECT string_agg(o.oprname::text, chr(31) ORDER BY u.place)
          FROM unnest(k.conexclop) WITH ORDINALITY AS u (oid, place)
          JOIN pg_operator o ON o.oid = u.oid)
  FROM tables t
  JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype IN ('p', 'u', 'c', 'f', 'x')
  LEFT JOIN pg_class f ON f.oid = k.confrelid
  LEFT JOIN pg_namespace n ON n.oid = f.relnamespace
 ORDER BY k.conrelid, k.oid)";

/// One row for each part of each index. `indnullsnotdistinct` is new in PostgreSQL 15.
const char* const indexes_query = R"(
SELECT i.indrelid::bigint, i.indexrelid::bigint, c.relname::text, i.indisunique, m.amname::text,
       u.place > i.indnkeyatts,
       a.attname::text,
       CASE WHEN u.attnum = 0 THEN pg_get_indexdef(i.indexrelid, u.place::int, false) END,
       CASE WHEN NOT o.opcdefault THEN o.opcname::text END,
       CASE WHEN l.oid IS NOT NULL
             AND l.oid IS DISTINCT FROM COALESCE(a.attcollation, 'pg_catalog."default"'::regcollation)
            THEN l.collname::text END,
       CASE WHEN u.place > i.indnkeyatts THEN 0 ELSE i.indoption[u.place - 1] END,
       pg_get_expr(i.indpred, i.indrelid),
       array_to_string(c.reloptions, chr(31)),
       s.spcname::text,
       COALESCE((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false)
  FROM tables t
  JOIN pg_index i ON i.indrelid = t.oid AND i.indisvalid
  JOIN pg_class c ON c.oid = i.indexrelid
  JOIN pg_am m ON m.oid = c.relam
  CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS u (attnum, place)
  LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.attnum AND u.attnum <> 0
  LEFT JOIN pg_opclass o ON u.place <= i.indnkeyatts AND o.oid = i.indclass[u.place - 1]
  LEFT JOIN pg_collation l ON u.place <= i.indnkeyatts AND l.oid = i.indcollation[u.place - 1]
  LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
 ORDER BY i.indrelid, c.relname, u.place)";

std::string text_of(const Value& cell) {
  const auto* text = std::get_if<std::string>(&cell);
  return text ? *text : std::string{};
}
bool flag_of(const Value& cell) { return cell == Value(true); }
std::int64_t number_of(const Value& cell) { return std::get<std::int64_t>(cell); }

std::vector<std::string> list_of(const Value& cell) {
  std::vector<std::string> items;
  const std::string text = text_of(cell);
  if (text.empty()) return items;
  std::size_t start = 0;
  for (std::size_t end = text.find(separator); end != std::string::npos;
       end = text.find(separator, start)) {
    items.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  items.push_back(text.substr(start));
  return items;
}

Key::Timing timing_of(bool deferrable, bool deferred) {
  if (!deferrable) return Key::Timing::immediate_always;
  return deferred ? Key::Timing::initially_deferred : Key::Timing::initially_immediate;
}

std::string action_of(const std::string& code) {
  static const std::map<std::string, std::string, std::less<>> actions = {
      {"c", "CASCADE"}, {"n", "SET NULL"}, {"d", "SET DEFAULT"}, {"r", "RESTRICT"}};
  const auto found = actions.find(code);
  return found == actions.end() ? std::string{} : found->second;
}

/// Reads the catalogues, query by query, into tables by their object identifier.
class Reader {
 public:
  Reader(Connection& connection, const std::string& where, const std::string& kinds = "'r', 'p'",
         const std::vector<std::string>& qualified = {})
      : connection_(connection), prefix_(tables_cte) {
    for (const auto& [mark, text] : {std::pair<std::string, std::string>{"{where}", where},
                                     std::pair<std::string, std::string>{"{kinds}", kinds}}) {
      prefix_.replace(prefix_.find(mark), mark.size(), text);
    }
    std::vector<Sql> names{"''"};
    for (const std::string& table : qualified) names.push_back(quote_literal(table));
    qualified_ = join(names, ", ");
  }

  Schema read() {
    tables();
    columns();
    indexes();
    constraints();
    Schema schema;
    for (auto& item : tables_) schema.set(std::move(item.second));
    return schema;
  }

 private:
  Rows query(const char* sql) {
    std::string text = prefix_ + sql;
    const std::string mark = "{qualified}";
    for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at)) {
      text.replace(at, mark.size(), qualified_);
      at += qualified_.size();
    }
    return connection_.query(text);
  }
  Table& table_of(const Value& cell) { return tables_.at(number_of(cell)); }

  void tables() {
    for (const std::vector<Value>& row : query(tables_query).rows) {
      tables_[number_of(row[0])] =
          Table{.name = text_of(row[1]), .comment = text_of(row[2]), .tablespace = text_of(row[3])};
    }
  }

  void columns() {
    for (const std::vector<Value>& row : query(columns_query).rows) {
      Column column{.name = text_of(row[1]),
                    .type = canonical_type(text_of(row[2])),
                    .nullable = !flag_of(row[3]),
                    .collation = text_of(row[7]),
                    .comment = text_of(row[8])};
      const std::string identity = text_of(row[5]);
      const std::string expression = text_of(row[4]);
      if (!identity.empty()) {
        // `s` is a column with a sequence of its own, `serial`.
        column.identity = identity == "a" ? Column::Identity::always : Column::Identity::by_default;
      } else if (!text_of(row[6]).empty()) {
        column.generated = without_outer_parentheses(expression);
      } else if (!expression.empty()) {
        column.default_sql = expression;
      }
      table_of(row[0]).columns.push_back(std::move(column));
    }
  }

  /// Indexes behind constraints are kept apart until their constraint comes.
  void indexes() {
    for (const std::vector<Value>& row : query(indexes_query).rows) {
      const std::int64_t id = number_of(row[1]);
      auto& [table, index] = indexes_[id];
      table = number_of(row[0]);
      if (index.name.empty()) {
        order_.push_back(id);
        index.name = text_of(row[2]);
        index.unique = flag_of(row[3]);
        index.method = text_of(row[4]) == "btree" ? "" : text_of(row[4]);
        index.condition = without_outer_parentheses(text_of(row[11]));
        index.parameters = parameters(row[12]);
        index.tablespace = text_of(row[13]);
        index.nulls_distinct = !flag_of(row[14]);
      }
      if (flag_of(row[5])) {
        index.include.push_back(text_of(row[6]));
      } else {
        index.parts.push_back(part(row));
      }
    }
  }
  static IndexPart part(const std::vector<Value>& row) {
    IndexPart result{.column = text_of(row[6]),
                     .expression = without_outer_parentheses(text_of(row[7])),
                     .opclass = text_of(row[8]),
                     .collation = text_of(row[9])};
    // indoption: 1 is DESC, 2 is NULLS FIRST.
    const std::int64_t option = number_of(row[10]);
    result.descending = (option & 1) != 0;
    const bool nulls_first = (option & 2) != 0;
    if (nulls_first != result.descending) {
      result.nulls = nulls_first ? IndexPart::Nulls::first : IndexPart::Nulls::last;
    }
    return result;
  }
  static std::vector<std::pair<std::string, std::string>> parameters(const Value& cell) {
    std::vector<std::pair<std::string, std::string>> result;
    for (const std::string& item : list_of(cell)) {
      const std::size_t equal = std::min(item.find('='), item.size());
      result.emplace_back(item.substr(0, equal), item.substr(std::min(equal + 1, item.size())));
    }
    std::sort(result.begin(), result.end());
    return result;
  }

  void constraints() {
    for (const std::vector<Value>& row : query(constraints_query).rows) {
      Table& table = table_of(row[0]);
      const char kind = text_of(row[2]).front();
      if (kind == 'p') table.primary_key = key(row);
      if (kind == 'u') table.uniques.push_back(key(row));
      if (kind == 'c') table.checks.push_back(check(table, row));
      if (kind == 'f') table.foreign_keys.push_back(foreign_key(row));
      if (kind == 'x') table.exclusions.push_back(exclusion(row));
    }
    for (const std::int64_t id : order_) {
      const auto found = indexes_.find(id);
      if (found == indexes_.end()) continue;
      tables_.at(found->second.first).indexes.push_back(std::move(found->second.second));
    }
  }
  static Key::Timing timing(const std::vector<Value>& row) {
    return timing_of(flag_of(row[4]), flag_of(row[5]));
  }
  /// The index behind a constraint, taken from those that stand alone.
  TableIndex take_index(const Value& id) {
    const auto found = indexes_.find(number_of(id));
    if (found == indexes_.end()) return {};
    TableIndex index = std::move(found->second.second);
    indexes_.erase(found);
    return index;
  }
  Key key(const std::vector<Value>& row) {
    const TableIndex index = take_index(row[12]);
    return Key{.name = text_of(row[1]),
               .columns = list_of(row[3]),
               .timing = timing(row),
               .include = index.include,
               .nulls_distinct = index.nulls_distinct,
               .tablespace = index.tablespace};
  }
  static Check check(const Table& table, const std::vector<Value>& row) {
    Check result{.name = text_of(row[1]),
                 .condition = without_outer_parentheses(text_of(row[11])),
                 .validated = flag_of(row[6])};
    const std::vector<std::string> columns = list_of(row[3]);
    const bool own =
        columns.size() == 1 &&
        result.name == index_name(split_table(table.name).second, columns, "_check", 63);
    if (own) result.column = columns.front();
    return result;
  }
  static ForeignKeyConstraint foreign_key(const std::vector<Value>& row) {
    return ForeignKeyConstraint{.name = text_of(row[1]),
                                .columns = list_of(row[3]),
                                .target_table = text_of(row[7]),
                                .target_columns = list_of(row[8]),
                                .on_delete = action_of(text_of(row[9])),
                                .on_update = action_of(text_of(row[10])),
                                .timing = timing(row),
                                .validated = flag_of(row[6])};
  }
  Exclusion exclusion(const std::vector<Value>& row) {
    const TableIndex index = take_index(row[12]);
    Exclusion result{.name = text_of(row[1]),
                     .method = index.method.empty() ? "btree" : index.method,
                     .include = index.include,
                     .condition = index.condition,
                     .timing = timing(row)};
    const std::vector<std::string> operators = list_of(row[13]);
    for (std::size_t i = 0; i < index.parts.size() && i < operators.size(); ++i) {
      result.elements.emplace_back(index.parts[i], operators[i]);
    }
    return result;
  }

  Connection& connection_;
  std::string prefix_;
  Sql qualified_{};
  std::map<std::int64_t, Table> tables_{};
  std::map<std::int64_t, std::pair<std::int64_t, TableIndex>> indexes_{};
  std::vector<std::int64_t> order_{};
};

/// Work that leaves nothing behind: a transaction, or a savepoint in one, rolled back at its end.
class Undone {
 public:
  Undone(Connection& connection, const std::string& begin)
      : connection_(connection), nested_(connection.in_transaction()) {
    connection_.execute(nested_ ? "SAVEPOINT turnstone_undone" : begin);
  }
  ~Undone() {
    try {
      connection_.execute(nested_ ? "ROLLBACK TO SAVEPOINT turnstone_undone; RELEASE SAVEPOINT "
                                    "turnstone_undone"
                                  : "ROLLBACK");
    } catch (const std::exception&) {
      // The connection is gone, and with it the transaction.
    }
  }
  Undone(const Undone&) = delete;
  Undone& operator=(const Undone&) = delete;

 private:
  Connection& connection_;
  bool nested_;
};

std::string temporary_name(std::size_t number) {
  return "turnstone_shape_" + std::to_string(number);
}

/// Statements that make a temporary table like `table`, without its foreign keys.
std::string make_sql(Table table, const std::string& name) {
  table.name = name;
  table.tablespace.clear();
  table.foreign_keys.clear();
  if (table.primary_key) table.primary_key->tablespace.clear();
  for (Key& key : table.uniques) key.tablespace.clear();
  std::string sql = create_table_sql(table);
  sql.replace(0, std::string_view("CREATE").size(), "CREATE TEMPORARY");
  for (TableIndex index : table.indexes) {
    index.tablespace.clear();
    sql += "; " + create_index_sql(name, index, false);
  }
  return sql;
}

template <class T>
const T* find_named(const std::vector<T>& items, const std::string& name) {
  const auto found =
      std::find_if(items.begin(), items.end(), [&](const T& item) { return item.name == name; });
  return found == items.end() ? nullptr : &*found;
}

/// `wanted` with everything the server spells in its own way taken from `made`.
Table spelled(const Table& wanted, const Table& made) {
  Table table = wanted;
  for (Column& column : table.columns) {
    const Column* own = made.find_column(column.name);
    if (!own) continue;
    const std::string comment = column.comment;
    column = *own;
    column.comment = comment;
  }
  for (Check& check : table.checks) {
    if (const Check* own = find_named(made.checks, check.name)) check.condition = own->condition;
  }
  for (Exclusion& exclusion : table.exclusions) {
    if (const Exclusion* own = find_named(made.exclusions, exclusion.name)) exclusion = *own;
  }
  for (TableIndex& index : table.indexes) {
    const TableIndex* own = find_named(made.indexes, index.name);
    if (!own) continue;
    const std::string tablespace = index.tablespace;
    index = *own;
    index.tablespace = tablespace;
  }
  return table;
}

Table normalised_table(Connection& connection, const Table& table) {
  try {
    const Undone undone(connection, "BEGIN");
    connection.execute(make_sql(table, temporary_name(0)));
    const Schema made = Reader(connection, temporary).read();
    return spelled(table, made.at(temporary_name(0)));
  } catch (const DatabaseError&) {
    if (!connection.alive()) throw;
    return table;
  }
}

}  // namespace

namespace {

/// What is on the search path or in `schemas`.
std::string condition_of(const std::vector<std::string>& schemas) {
  std::vector<Sql> names;
  for (const std::string& schema : schemas) names.push_back(quote_literal(schema));
  std::string where = on_search_path;
  const std::string mark = "{schemas}";
  where.replace(where.find(mark), mark.size(),
                names.empty() ? "" : " OR n.nspname IN (" + join(names, ", ") + ")");
  return where;
}

}  // namespace

Schema read_schema(Connection& connection, const std::vector<std::string>& places) {
  std::vector<std::string> schemas;
  std::vector<std::string> tables;
  for (const std::string& place : places) {
    (place.find('.') == std::string::npos ? schemas : tables).push_back(place);
  }
  const Undone snapshot(connection, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  return Reader(connection, condition_of(schemas), "'r', 'p'", tables).read();
}

Schema read_views(Connection& connection, const std::vector<std::string>& schemas) {
  const Undone snapshot(connection, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  return Reader(connection, condition_of(schemas), "'v', 'm', 'f'").read();
}

namespace {

/// Where a table, its keys and its indexes are.
template <class Change>
void each_tablespace(Table& table, const Change& change) {
  change(table.tablespace);
  if (table.primary_key) change(table.primary_key->tablespace);
  for (Key& key : table.uniques) change(key.tablespace);
  for (TableIndex& index : table.indexes) change(index.tablespace);
}

/// A default without the cast that says what its literal is anyway.
Sql plain_default(const Sql& sql) {
  Sql plain = plain_sql(sql);
  const std::size_t end = plain.find("'::");
  if (plain.starts_with("'") && end != Sql::npos && plain.find('\'', end + 1) == Sql::npos) {
    plain.resize(end + 1);
  }
  return plain;
}

}  // namespace

Schema comparable_schema(const Schema& schema) {
  Schema result;
  schema.each([&](const Table& table) {
    Table plain = table;
    each_tablespace(plain, [](std::string& name) {
      if (name == "pg_default") name.clear();
    });
    for (Column& column : plain.columns) {
      if (column.default_sql) column.default_sql = plain_default(*column.default_sql);
      if (column.generated) column.generated = plain_sql(*column.generated);
    }
    for (Check& check : plain.checks) {
      check.condition = plain_sql(check.condition);
      check.column.clear();
    }
    for (TableIndex& index : plain.indexes) {
      index.condition = plain_sql(index.condition);
      for (IndexPart& part : index.parts) part.expression = plain_sql(part.expression);
    }
    for (Exclusion& exclusion : plain.exclusions) {
      exclusion.condition = plain_sql(exclusion.condition);
      for (auto& element : exclusion.elements) {
        element.first.expression = plain_sql(element.first.expression);
      }
    }
    result.set(std::move(plain));
  });
  return result;
}

Schema normalised_schema(Connection& connection, const Schema& schema) {
  std::vector<TablePtr> tables;
  schema.each([&](const Table& table) { tables.push_back(schema.find(table.name)); });
  Schema result;
  try {
    const Undone undone(connection, "BEGIN");
    std::string sql;
    for (std::size_t i = 0; i < tables.size(); ++i) {
      sql += (i ? "; " : "") + make_sql(*tables[i], temporary_name(i));
    }
    if (!sql.empty()) connection.execute(sql);
    const Schema made = Reader(connection, temporary).read();
    for (std::size_t i = 0; i < tables.size(); ++i) {
      result.set(spelled(*tables[i], made.at(temporary_name(i))));
    }
    return result;
  } catch (const DatabaseError&) {
    if (!connection.alive()) throw;
  }
  for (const TablePtr& table : tables) result.set(normalised_table(connection, *table));
  return result;
}

}  // namespace turnstone::postgresql
