#include <turnstone/identifier.h>
#include <turnstone/schema/schema.h>
#include <turnstone/schema/step.h>

#include <algorithm>
#include <map>
#include <set>

#include "schema/item_identity.h"

namespace turnstone {
namespace {

std::set<std::string> targets(const Table& table) {
  std::set<std::string> names;
  for (const ForeignKeyConstraint& key : table.foreign_keys) names.insert(key.target_table);
  names.erase(table.name);
  return names;
}

}  // namespace

const Column* Table::find_column(std::string_view column_name) const {
  const auto at = std::find_if(columns.begin(), columns.end(),
                               [&](const Column& column) { return column.name == column_name; });
  return at == columns.end() ? nullptr : &*at;
}

Column* Table::find_column(std::string_view column_name) {
  return const_cast<Column*>(std::as_const(*this).find_column(column_name));
}

TablePtr Schema::find(const std::string& table) const {
  const TablePtr* found = tables_.find(table);
  return found ? *found : nullptr;
}

const Table& Schema::at(const std::string& table) const { return **tables_.find(table); }

void Schema::set(Table table) { set(std::make_shared<const Table>(std::move(table))); }

void Schema::set(TablePtr table) {
  const std::string& name = table->name;
  const std::set<std::string> now = targets(*table);
  std::set<std::string> before;
  if (const TablePtr* old = tables_.find(name)) before = targets(**old);
  const auto edit = [&](const std::string& target, bool add) {
    std::vector<std::string> list;
    if (const auto* known = referrers_.find(target)) list = **known;
    const auto at = std::lower_bound(list.begin(), list.end(), name);
    if (add) {
      list.insert(at, name);
    } else if (at != list.end() && *at == name) {
      list.erase(at);
    }
    if (list.empty()) {
      referrers_.erase(target);
    } else {
      referrers_.set(target, std::make_shared<const std::vector<std::string>>(std::move(list)));
    }
  };
  for (const std::string& target : before) {
    if (!now.contains(target)) edit(target, false);
  }
  for (const std::string& target : now) {
    if (!before.contains(target)) edit(target, true);
  }
  tables_.set(name, std::move(table));
}

void Schema::erase(const std::string& table) {
  const TablePtr old = find(table);
  if (!old) return;
  for (const std::string& target : targets(*old)) {
    std::vector<std::string> list = **referrers_.find(target);
    std::erase(list, table);
    if (list.empty()) {
      referrers_.erase(target);
    } else {
      referrers_.set(target, std::make_shared<const std::vector<std::string>>(std::move(list)));
    }
  }
  tables_.erase(table);
}

std::vector<std::string> Schema::referrers(const std::string& table) const {
  const auto* known = referrers_.find(table);
  return known ? **known : std::vector<std::string>{};
}

std::vector<std::string> named_schemas(const Schema& schema) {
  std::set<std::string> names;
  schema.each([&](const Table& table) {
    const std::size_t point = table.name.find('.');
    if (point != std::string::npos) names.insert(table.name.substr(0, point));
  });
  return {names.begin(), names.end()};
}

Sql renamed_identifier(const Sql& sql, std::string_view from, std::string_view to) {
  const std::string wanted = quote_identifier(from);
  Sql result;
  for (std::size_t i = 0; i < sql.size();) {
    const char quote = sql[i];
    if (quote != '\'' && quote != '"') {
      result += sql[i++];
      continue;
    }
    std::size_t end = i + 1;  // behind the closing quote; doubled quotes stay inside
    while (end < sql.size()) {
      if (sql[end] != quote) {
        ++end;
      } else if (end + 1 < sql.size() && sql[end + 1] == quote) {
        end += 2;
      } else {
        break;
      }
    }
    end = std::min(end + 1, sql.size());
    const std::string token = sql.substr(i, end - i);
    result += token == wanted ? quote_identifier(to) : token;
    i = end;
  }
  return result;
}

namespace {

/// Words for differences between two values of one kind, gathered line by line.
class Differences {
 public:
  explicit Differences(std::vector<std::string>& lines) : lines_(lines) {}

  void table(const Table& is, const Table& should) {
    where_ = "table \"" + should.name + "\"";
    named<Column>("column", is.columns, should.columns,
                  [&](const Column& a, const Column& b) { column(a, b); });
    const std::vector<Key> none;
    keys("primary key", is.primary_key ? std::vector<Key>{*is.primary_key} : none,
         should.primary_key ? std::vector<Key>{*should.primary_key} : none);
    keys("unique constraint", is.uniques, should.uniques);
    named<Check>("check constraint", is.checks, should.checks, [&](const Check& a, const Check& b) {
      value("condition", a.condition, b.condition);
      value("validated", yes_no(a.validated), yes_no(b.validated));
    });
    named<ForeignKeyConstraint>("foreign key", is.foreign_keys, should.foreign_keys,
                                [&](const ForeignKeyConstraint& a, const ForeignKeyConstraint& b) {
                                  value("columns", join(a.columns, ", "), join(b.columns, ", "));
                                  value("target",
                                        a.target_table + "(" + join(a.target_columns, ", ") + ")",
                                        b.target_table + "(" + join(b.target_columns, ", ") + ")");
                                  value("on delete", a.on_delete, b.on_delete);
                                  value("on update", a.on_update, b.on_update);
                                  value("timing", timing(a.timing), timing(b.timing));
                                  value("validated", yes_no(a.validated), yes_no(b.validated));
                                });
    named<Exclusion>("exclusion constraint", is.exclusions, should.exclusions,
                     [&](const Exclusion& a, const Exclusion& b) {
                       if (!(a == b)) value("definition", "another", "as declared");
                     });
    named<TableIndex>("index", is.indexes, should.indexes,
                      [&](const TableIndex& a, const TableIndex& b) { index(a, b); });
    subject_ = where_;
    value("comment", is.comment, should.comment);
    value("tablespace", is.tablespace, should.tablespace);
    value("strict", yes_no(is.strict), yes_no(should.strict));
    value("without rowid", yes_no(is.without_rowid), yes_no(should.without_rowid));
  }

 private:
  static std::string yes_no(bool value) { return value ? "yes" : "no"; }
  static std::string timing(Key::Timing timing) {
    switch (timing) {
      case Key::Timing::immediate_always:
        return "not deferrable";
      case Key::Timing::initially_immediate:
        return "deferrable initially immediate";
      case Key::Timing::initially_deferred:
        return "deferrable initially deferred";
    }
    return {};
  }
  void value(const std::string& what, const std::string& is, const std::string& should) {
    if (is == should) return;
    const auto shown = [](const std::string& text) { return text.empty() ? "absent" : text; };
    lines_.push_back(subject_ + ": " + what + " is " + shown(is) + ", should be " + shown(should));
  }
  void column(const Column& a, const Column& b) {
    static const char* const identities[] = {"none", "by default", "always"};
    value("type", a.type, b.type);
    value("null", yes_no(a.nullable), yes_no(b.nullable));
    value("default", a.default_sql.value_or(""), b.default_sql.value_or(""));
    value("collation", a.collation, b.collation);
    value("identity", identities[static_cast<int>(a.identity)],
          identities[static_cast<int>(b.identity)]);
    value("generated", a.generated.value_or(""), b.generated.value_or(""));
    if (a.generated) value("stored", yes_no(a.generated_stored), yes_no(b.generated_stored));
    value("comment", a.comment, b.comment);
  }
  void keys(const std::string& kind, const std::vector<Key>& is, const std::vector<Key>& should) {
    named<Key>(kind, is, should, [&](const Key& a, const Key& b) {
      value("columns", join(a.columns, ", "), join(b.columns, ", "));
      value("timing", timing(a.timing), timing(b.timing));
      value("include", join(a.include, ", "), join(b.include, ", "));
      value("nulls distinct", yes_no(a.nulls_distinct), yes_no(b.nulls_distinct));
    });
  }
  static std::string parts(const TableIndex& index) {
    std::vector<std::string> items;
    for (const IndexPart& part : index.parts) {
      std::string text = part.column.empty() ? "(" + part.expression + ")" : part.column;
      if (!part.collation.empty()) text += " collate " + part.collation;
      if (!part.opclass.empty()) text += " " + part.opclass;
      if (part.descending) text += " desc";
      if (part.nulls == IndexPart::Nulls::first) text += " nulls first";
      if (part.nulls == IndexPart::Nulls::last) text += " nulls last";
      items.push_back(text);
    }
    return join(items, ", ");
  }
  void index(const TableIndex& a, const TableIndex& b) {
    value("unique", yes_no(a.unique), yes_no(b.unique));
    value("method", a.method, b.method);
    value("columns", parts(a), parts(b));
    value("include", join(a.include, ", "), join(b.include, ", "));
    value("condition", a.condition, b.condition);
    value("nulls distinct", yes_no(a.nulls_distinct), yes_no(b.nulls_distinct));
    value("tablespace", a.tablespace, b.tablespace);
    if (a.parameters != b.parameters) value("parameters", "others", "as declared");
  }
  template <class T, class Compare>
  void named(const std::string& kind, const std::vector<T>& is, const std::vector<T>& should,
             const Compare& compare) {
    std::map<std::string, const T*> found;
    for (const T& item : is) found[item_identity(item)] = &item;
    for (const T& item : should) {
      subject_ = where_ + ": " + kind + " \"" + item_identity(item) + "\"";
      const auto at = found.find(item_identity(item));
      if (at == found.end()) {
        lines_.push_back(subject_ + " is missing");
        continue;
      }
      compare(*at->second, item);
      found.erase(at);
    }
    for (const auto& [name, item] : found) {
      lines_.push_back(where_ + ": " + kind + " \"" + name + "\" is not wanted");
    }
  }

  std::vector<std::string>& lines_;
  std::string where_{};
  std::string subject_{};
};

}  // namespace

std::vector<std::string> schema_differences(const Schema& actual, const Schema& wanted) {
  std::vector<std::string> lines;
  wanted.each([&](const Table& should) {
    if (const TablePtr is = actual.find(should.name)) {
      Differences(lines).table(*is, should);
    } else {
      lines.push_back("table \"" + should.name + "\" is missing");
    }
  });
  actual.each([&](const Table& is) {
    if (!wanted.find(is.name)) lines.push_back("table \"" + is.name + "\" is not wanted");
  });
  return lines;
}

}  // namespace turnstone
