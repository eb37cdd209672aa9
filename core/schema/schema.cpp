#include <turnstone/identifier.h>
#include <turnstone/schema/schema.h>

#include <algorithm>
#include <map>
#include <set>

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

std::vector<std::string> named_places(const Schema& schema) {
  std::vector<std::string> places = named_schemas(schema);
  schema.each([&](const Table& table) {
    if (table.name.find('.') != std::string::npos) places.push_back(table.name);
  });
  return places;
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

}  // namespace turnstone
