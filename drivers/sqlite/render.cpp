#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/match.h>

#include <algorithm>
#include <cctype>
#include <iterator>

#include "sqlite/dialect.h"

namespace turnstone::sqlite {
namespace {

using Items = std::vector<std::variant<Statement, CodeCall, Procedure>>;

Sql collation(const std::string& name) {
  const bool plain = std::all_of(name.begin(), name.end(),
                                 [](unsigned char c) { return std::isalnum(c) || c == '_'; });
  return " COLLATE " + (plain ? name : quote_identifier(name));
}

Sql label(const std::string& name) {
  return name.empty() ? Sql{} : "CONSTRAINT " + quote_identifier(name) + " ";
}

Sql references(const ForeignKeyConstraint& key) {
  Sql sql = "REFERENCES " + quote_identifier(key.target_table);
  if (!key.target_columns.empty()) sql += " (" + quote_identifiers(key.target_columns) + ")";
  if (!key.on_delete.empty()) sql += " ON DELETE " + key.on_delete;
  if (!key.on_update.empty()) sql += " ON UPDATE " + key.on_update;
  switch (key.timing) {
    case Key::Timing::immediate_always:
      break;
    case Key::Timing::initially_immediate:
      sql += " DEFERRABLE INITIALLY IMMEDIATE";
      break;
    case Key::Timing::initially_deferred:
      sql += " DEFERRABLE INITIALLY DEFERRED";
      break;
  }
  return sql;
}

/// Order of clauses: `django-behaviour.md` §2.4.
Sql column_clause(const Column& column, const Key* primary_key, const std::vector<Check>& checks,
                  const std::vector<ForeignKeyConstraint>& keys) {
  Sql sql = quote_identifier(column.name);
  if (!column.type.empty()) sql += " " + column.type;
  if (!column.collation.empty()) sql += collation(column.collation);
  if (column.default_sql) sql += " DEFAULT " + *column.default_sql;
  if (column.generated) {
    sql += " GENERATED ALWAYS AS (" + *column.generated + ")" +
           (column.generated_stored ? " STORED" : " VIRTUAL");
    if (!column.nullable) sql += " NOT NULL";
  } else {
    sql += column.nullable ? " NULL" : " NOT NULL";
  }
  if (primary_key) {
    sql += " " + label(primary_key->name) + "PRIMARY KEY";
    if (column.identity != Column::Identity::none) sql += " AUTOINCREMENT";
  }
  for (const Check& check : checks) {
    if (check.column == column.name) {
      sql += " " + label(check.name) + "CHECK (" + check.condition + ")";
    }
  }
  for (const ForeignKeyConstraint& key : keys) {
    if (key.columns.size() == 1 && key.columns.front() == column.name) {
      sql += " " + label(key.name) + references(key);
    }
  }
  return sql;
}

Sql index_part(const IndexPart& part) {
  Sql sql = part.column.empty() ? "(" + part.expression + ")" : quote_identifier(part.column);
  if (!part.collation.empty()) sql += collation(part.collation);
  if (part.descending) sql += " DESC";
  return sql;
}

Statement statement(Sql sql, bool scans_rows = false) {
  return Statement{.sql = std::move(sql), .scans_rows = scans_rows};
}

struct Render {
  Items operator()(const step::CreateTable& s) const {
    Items items{statement(create_table(s.table, s.table.name))};
    for (const TableIndex& index : s.table.indexes) {
      items.push_back(statement(create_index(s.table.name, index)));
    }
    return items;
  }
  Items operator()(const step::DropTable& s) const {
    return {statement("DROP TABLE " + quote_identifier(s.table.name))};
  }
  Items operator()(const step::RenameTable& s) const {
    return {statement(alter(s.from) + "RENAME TO " + quote_identifier(s.to))};
  }
  Items operator()(const step::RenameColumn& s) const {
    return {statement(alter(s.table) + "RENAME COLUMN " + quote_identifier(s.from) + " TO " +
                      quote_identifier(s.to))};
  }
  Items operator()(const step::AddColumn& s) const {
    std::vector<ForeignKeyConstraint> keys;
    if (s.foreign_key) keys.push_back(*s.foreign_key);
    return {
        statement(alter(s.table) + "ADD COLUMN " + column_clause(s.column, nullptr, s.checks, keys),
                  !s.checks.empty())};
  }
  Items operator()(const step::DropColumn& s) const {
    return {statement(alter(s.table) + "DROP COLUMN " + quote_identifier(s.column.name), true)};
  }
  Items operator()(const step::CreateIndex& s) const {
    return {statement(create_index(s.table, s.index), true)};
  }
  Items operator()(const step::DropIndex& s) const {
    return {statement("DROP INDEX " + quote_identifier(s.index.name))};
  }
  Items operator()(const step::CopyRows& s) const {
    std::vector<std::string> to;
    std::vector<Sql> from;
    for (const auto& [column, value] : s.columns) {
      to.push_back(column);
      from.push_back(value);
    }
    return {statement("INSERT INTO " + quote_identifier(s.to) + " (" + quote_identifiers(to) +
                          ")\nSELECT " + join(from, ", ") + "\nFROM " + quote_identifier(s.from),
                      true)};
  }
  Items operator()(const step::RebuildTable& s) const { return rebuild(s); }
  Items operator()(const step::RawSql& s) const {
    Items items;
    for (const step::RawSql::Item& item : s.items) {
      // What it reads is not known.
      items.push_back(
          Statement{.sql = item.sql, .parameters = item.parameters, .scans_rows = true});
    }
    return items;
  }
  Items operator()(const step::RunCode& s) const { return {CodeCall{.function = s.function}}; }

  Items operator()(const step::AlterColumn&) const { not_legal(); }
  Items operator()(const step::SetPrimaryKey&) const { not_legal(); }
  Items operator()(const step::AddConstraint&) const { not_legal(); }
  Items operator()(const step::DropConstraint&) const { not_legal(); }
  Items operator()(const step::RenameConstraint&) const { not_legal(); }
  Items operator()(const step::RenameIndex&) const { not_legal(); }
  Items operator()(const step::ValidateConstraint&) const { return {}; }
  Items operator()(const step::SetTableComment&) const { return {}; }
  Items operator()(const step::CreateExtension&) const { return {}; }
  Items operator()(const step::DropExtension&) const { return {}; }
  Items operator()(const step::CreateCollation&) const { return {}; }
  Items operator()(const step::DropCollation&) const { return {}; }

 private:
  static Sql alter(const std::string& table) {
    return "ALTER TABLE " + quote_identifier(table) + " ";
  }
  [[noreturn]] static void not_legal() {
    throw Error(ErrorKind::unsupported, "sqlite cannot say this step: it must be legalized first");
  }
};

/// What a batch does to tables that foreign keys depend on.
struct Risk {
  std::vector<std::string> tables{};  ///< made anew or dropped, by their names at the start
  std::vector<std::pair<std::string, std::string>> renames{};
  bool moves_rows = false;

  void note(const Step& step) {
    if (const auto* s = std::get_if<step::RebuildTable>(&step)) {
      add(s->before.name);
    } else if (const auto* dropped = std::get_if<step::DropTable>(&step)) {
      add(dropped->table.name);
    } else if (const auto* renamed = std::get_if<step::RenameTable>(&step)) {
      renames.emplace_back(renamed->from, renamed->to);
    }
    moves_rows = moves_rows || std::holds_alternative<step::RawSql>(step) ||
                 std::holds_alternative<step::RunCode>(step) ||
                 std::holds_alternative<step::CopyRows>(step);
  }
  void add(std::string name) {
    for (auto rename = renames.rbegin(); rename != renames.rend(); ++rename) {
      if (rename->second == name) name = rename->first;
    }
    if (std::find(tables.begin(), tables.end(), name) == tables.end()) tables.push_back(name);
  }
};

/// One batch in the making.
struct Part {
  Batch batch{};
  Risk risk{};

  void add(const PlannedStep& planned) {
    risk.note(planned.step);
    for (auto& item : match(planned.step, Render{})) {
      batch.items.push_back(ScriptItem{.item = std::move(item), .operation = planned.operation});
    }
  }
  Batch finish(bool keys_are_off) && {
    if (keys_are_off && batch.transactional && (!risk.tables.empty() || risk.moves_rows)) {
      KeyChecks checks = key_checks(risk.tables, risk.moves_rows, risk.renames);
      const std::size_t first = batch.items.front().operation;
      const std::size_t last = batch.items.back().operation;
      batch.items.insert(batch.items.begin(),
                         ScriptItem{.item = std::move(checks.before), .operation = first});
      batch.items.push_back(ScriptItem{.item = std::move(checks.after), .operation = last});
    }
    return std::move(batch);
  }
};

}  // namespace

Sql create_table(const Table& table, const std::string& name) {
  std::vector<Sql> lines;
  const bool simple_key = table.primary_key && table.primary_key->columns.size() == 1;
  for (const Column& column : table.columns) {
    const bool is_key = simple_key && table.primary_key->columns.front() == column.name;
    lines.push_back(column_clause(column, is_key ? &*table.primary_key : nullptr, table.checks,
                                  table.foreign_keys));
  }
  for (const Check& check : table.checks) {
    if (check.column.empty() || !table.find_column(check.column)) {
      lines.push_back(label(check.name) + "CHECK (" + check.condition + ")");
    }
  }
  for (const Key& key : table.uniques) {
    lines.push_back(label(key.name) + "UNIQUE (" + quote_identifiers(key.columns) + ")");
  }
  for (const ForeignKeyConstraint& key : table.foreign_keys) {
    if (key.columns.size() == 1) continue;
    lines.push_back(label(key.name) + "FOREIGN KEY (" + quote_identifiers(key.columns) + ") " +
                    references(key));
  }
  if (table.primary_key && !simple_key) {
    lines.push_back(label(table.primary_key->name) + "PRIMARY KEY (" +
                    quote_identifiers(table.primary_key->columns) + ")");
  }
  std::vector<std::string> options;
  if (table.strict) options.push_back("STRICT");
  if (table.without_rowid) options.push_back("WITHOUT ROWID");
  return "CREATE TABLE " + quote_identifier(name) + " (\n    " + join(lines, ",\n    ") + "\n)" +
         (options.empty() ? "" : " " + join(options, ", "));
}

Sql create_index(const std::string& table, const TableIndex& index) {
  std::vector<Sql> parts;
  for (const IndexPart& part : index.parts) parts.push_back(index_part(part));
  return std::string("CREATE ") + (index.unique ? "UNIQUE " : "") + "INDEX " +
         quote_identifier(index.name) + " ON " + quote_identifier(table) + " (" +
         join(parts, ", ") + ")" + (index.condition.empty() ? "" : " WHERE " + index.condition);
}

Script render(const std::vector<PlannedStep>& steps, bool atomic) {
  Script script;
  const bool keys_off = std::any_of(steps.begin(), steps.end(), [](const PlannedStep& planned) {
    return std::holds_alternative<step::RebuildTable>(planned.step) ||
           std::holds_alternative<step::DropTable>(planned.step);
  });
  if (keys_off) {
    // Inside a transaction the first is ignored without a word.
    script.setup = {"PRAGMA foreign_keys = OFF", "PRAGMA legacy_alter_table = OFF"};
    script.teardown = {"PRAGMA legacy_alter_table = OFF", "PRAGMA foreign_keys = ON"};
  }
  std::vector<Part> parts;
  for (const PlannedStep& planned : steps) {
    const bool raw = !atomic && std::holds_alternative<step::RawSql>(planned.step);
    const bool continues = !parts.empty() && !raw && parts.back().batch.transactional &&
                           (atomic || parts.back().batch.items.empty() ||
                            parts.back().batch.items.back().operation == planned.operation);
    if (!continues) parts.push_back(Part{.batch = Batch{.transactional = !raw}});
    if (raw && keys_off) {
      parts.back().batch.items.push_back(ScriptItem{.item = statement("PRAGMA foreign_keys = ON"),
                                                    .operation = planned.operation});
    }
    parts.back().add(planned);
    if (raw && keys_off) {
      parts.back().batch.items.push_back(ScriptItem{.item = statement("PRAGMA foreign_keys = OFF"),
                                                    .operation = planned.operation});
    }
  }
  for (Part& part : parts) {
    if (!part.batch.items.empty()) script.batches.push_back(std::move(part).finish(keys_off));
  }
  return script;
}

}  // namespace turnstone::sqlite
