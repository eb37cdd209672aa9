#include <turnstone/match.h>
#include <turnstone/schema/step.h>

#include <algorithm>
#include <functional>

#include "schema/item_identity.h"

namespace turnstone {
namespace {

template <class T>
void erase_named(std::vector<T>& items, const std::string& name) {
  std::erase_if(items, [&](const T& item) { return item.name == name; });
}

template <class T>
void rename_in(std::vector<T>& items, const std::string& from, const std::string& to) {
  for (T& item : items) {
    if (item.name == from) item.name = to;
  }
}

void replace(std::vector<std::string>& names, const std::string& from, const std::string& to) {
  std::replace(names.begin(), names.end(), from, to);
}

void rename_column(Table& table, const std::string& from, const std::string& to) {
  const auto text = [&](Sql& sql) { sql = renamed_identifier(sql, from, to); };
  for (Column& column : table.columns) {
    if (column.name == from) column.name = to;
    if (column.generated) text(*column.generated);
  }
  const auto key = [&](Key& item) {
    replace(item.columns, from, to);
    replace(item.include, from, to);
  };
  const auto part = [&](IndexPart& item) {
    if (item.column == from) item.column = to;
    text(item.expression);
  };
  if (table.primary_key) key(*table.primary_key);
  for (Key& item : table.uniques) key(item);
  for (Check& check : table.checks) {
    text(check.condition);
    if (check.column == from) check.column = to;
  }
  for (ForeignKeyConstraint& item : table.foreign_keys) {
    replace(item.columns, from, to);
    if (item.target_table == table.name) replace(item.target_columns, from, to);
  }
  for (Exclusion& item : table.exclusions) {
    for (auto& element : item.elements) part(element.first);
    replace(item.include, from, to);
    text(item.condition);
  }
  for (TableIndex& index : table.indexes) {
    for (IndexPart& item : index.parts) part(item);
    replace(index.include, from, to);
    text(index.condition);
  }
}

struct AddTo {
  Table& table;
  void operator()(const Key& item) const { table.uniques.push_back(item); }
  void operator()(const Check& item) const { table.checks.push_back(item); }
  void operator()(const ForeignKeyConstraint& item) const { table.foreign_keys.push_back(item); }
  void operator()(const Exclusion& item) const { table.exclusions.push_back(item); }
};

/// Drops the one that is the same by name, or by what it is on where it has none.
template <class T>
void erase_item(std::vector<T>& items, const T& gone) {
  std::erase_if(items, [&](const T& item) { return item_identity(item) == item_identity(gone); });
}

struct DropFrom {
  Table& table;
  void operator()(const Key& item) const { erase_item(table.uniques, item); }
  void operator()(const Check& item) const { erase_item(table.checks, item); }
  void operator()(const ForeignKeyConstraint& item) const { erase_item(table.foreign_keys, item); }
  void operator()(const Exclusion& item) const { erase_item(table.exclusions, item); }
};

struct NameOf {
  const std::string& operator()(const Key& item) const { return item.name; }
  const std::string& operator()(const Check& item) const { return item.name; }
  const std::string& operator()(const ForeignKeyConstraint& item) const { return item.name; }
  const std::string& operator()(const Exclusion& item) const { return item.name; }
};

struct Apply {
  Schema& schema;

  /// Changes a copy of the table and puts it back.
  void edit(const std::string& table, const std::function<void(Table&)>& change) const {
    Table copy = schema.at(table);
    change(copy);
    schema.set(std::move(copy));
  }

  void operator()(const step::CreateTable& s) const { schema.set(s.table); }
  void operator()(const step::DropTable& s) const { schema.erase(s.table.name); }
  void operator()(const step::RenameTable& s) const {
    const std::vector<std::string> referrers = schema.referrers(s.from);
    Table copy = schema.at(s.from);
    schema.erase(s.from);
    copy.name = s.to;
    for (ForeignKeyConstraint& key : copy.foreign_keys) {
      if (key.target_table == s.from) key.target_table = s.to;
    }
    schema.set(std::move(copy));
    for (const std::string& referrer : referrers) {
      edit(referrer, [&](Table& table) {
        for (ForeignKeyConstraint& key : table.foreign_keys) {
          if (key.target_table == s.from) key.target_table = s.to;
        }
      });
    }
  }
  void operator()(const step::RenameColumn& s) const {
    edit(s.table, [&](Table& table) { rename_column(table, s.from, s.to); });
    for (const std::string& referrer : schema.referrers(s.table)) {
      edit(referrer, [&](Table& table) {
        for (ForeignKeyConstraint& key : table.foreign_keys) {
          if (key.target_table == s.table) replace(key.target_columns, s.from, s.to);
        }
      });
    }
  }
  void operator()(const step::AddColumn& s) const {
    edit(s.table, [&](Table& table) {
      table.columns.push_back(s.column);
      table.checks.insert(table.checks.end(), s.checks.begin(), s.checks.end());
      if (s.foreign_key) table.foreign_keys.push_back(*s.foreign_key);
    });
  }
  void operator()(const step::DropColumn& s) const {
    edit(s.table, [&](Table& table) {
      erase_named(table.columns, s.column.name);
      std::erase_if(table.checks, [&](const Check& c) { return c.column == s.column.name; });
    });
  }
  void operator()(const step::AlterColumn& s) const {
    edit(s.table, [&](Table& table) { *table.find_column(s.before.name) = s.after; });
  }
  void operator()(const step::SetPrimaryKey& s) const {
    edit(s.table, [&](Table& table) { table.primary_key = s.after; });
  }
  void operator()(const step::AddConstraint& s) const {
    edit(s.table, [&](Table& table) { match(s.constraint, AddTo{table}); });
  }
  void operator()(const step::DropConstraint& s) const {
    edit(s.table, [&](Table& table) { match(s.constraint, DropFrom{table}); });
  }
  void operator()(const step::RenameConstraint& s) const {
    const std::string& from = name_of(s.before);
    edit(s.table, [&](Table& table) {
      if (table.primary_key && table.primary_key->name == from) table.primary_key->name = s.to;
      rename_in(table.uniques, from, s.to);
      rename_in(table.checks, from, s.to);
      rename_in(table.foreign_keys, from, s.to);
      rename_in(table.exclusions, from, s.to);
    });
  }
  void operator()(const step::ValidateConstraint& s) const {
    edit(s.table, [&](Table& table) {
      for (Check& check : table.checks) {
        if (check.name == s.name) check.validated = true;
      }
      for (ForeignKeyConstraint& key : table.foreign_keys) {
        if (key.name == s.name) key.validated = true;
      }
    });
  }
  void operator()(const step::CreateIndex& s) const {
    edit(s.table, [&](Table& table) { table.indexes.push_back(s.index); });
  }
  void operator()(const step::DropIndex& s) const {
    edit(s.table, [&](Table& table) { erase_named(table.indexes, s.index.name); });
  }
  void operator()(const step::RenameIndex& s) const {
    edit(s.table, [&](Table& table) { rename_in(table.indexes, s.before.name, s.to); });
  }
  void operator()(const step::SetTableComment& s) const {
    edit(s.table, [&](Table& table) { table.comment = s.comment; });
  }
  void operator()(const step::RebuildTable& s) const {
    if (s.before.name != s.after.name) schema.erase(s.before.name);
    schema.set(s.after);
  }
  void operator()(const step::CopyRows&) const {}
  void operator()(const step::CreateExtension&) const {}
  void operator()(const step::DropExtension&) const {}
  void operator()(const step::CreateCollation&) const {}
  void operator()(const step::DropCollation&) const {}
  void operator()(const step::RawSql&) const {}
  void operator()(const step::RunCode&) const {}
};

}  // namespace

const std::string& name_of(const TableConstraint& constraint) {
  return match(constraint, NameOf{});
}

void apply_step(Schema& schema, const Step& step) { match(step, Apply{schema}); }

}  // namespace turnstone
