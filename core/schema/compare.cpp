#include <turnstone/match.h>
#include <turnstone/schema/step.h>
#include <turnstone/values.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "schema/item_identity.h"

namespace turnstone {
namespace {

template <class T>
bool same(const T& a, const T& b) {
  return a == b;
}
/// A key stays in the tablespace it was made in, as it does for Django.
bool same(const Key& a, Key b) {
  b.tablespace = a.tablespace;
  return a == b;
}

template <class T>
bool same_but_name(T a, T b) {
  a.name.clear();
  b.name.clear();
  return same(a, b);
}

/// How items of one kind differ between two tables.
template <class T>
struct ItemChanges {
  std::vector<T> dropped{};
  std::vector<T> added{};
  std::vector<std::pair<T, std::string>> renamed{};  ///< (before, name after)
};

template <class T>
ItemChanges<T> item_changes(const std::vector<T>& before, const std::vector<T>& after) {
  ItemChanges<T> changes;
  std::vector<const T*> old;
  std::set<std::string> taken;  // names that stay or are dropped: not free to rename to
  for (const T& item : before) {
    const auto twin = std::find_if(after.begin(), after.end(), [&](const T& other) {
      return item_identity(other) == item_identity(item);
    });
    if (twin == after.end()) {
      old.push_back(&item);
    } else {
      taken.insert(item_identity(item));
      if (!same(item, *twin)) {
        changes.dropped.push_back(item);
        changes.added.push_back(*twin);
      }
    }
  }
  for (const T& item : after) {
    if (taken.contains(item_identity(item))) continue;
    const auto twin = std::find_if(old.begin(), old.end(), [&](const T* other) {
      return !other->name.empty() && !item.name.empty() && same_but_name(*other, item);
    });
    if (twin == old.end()) {
      changes.added.push_back(item);
    } else {
      changes.renamed.emplace_back(**twin, item.name);
      old.erase(twin);
    }
  }
  for (const T* item : old) changes.dropped.push_back(*item);
  return changes;
}

/// A name for a short while, in the same schema. Short itself: a longer one than the database
/// takes would be cut, and end as the name it makes way for.
std::string name_aside(const std::string& name) {
  const std::size_t point = name.find('.');
  const std::string schema = point == std::string::npos ? "" : name.substr(0, point + 1);
  return schema + "aside_" + md5_hex(name).substr(0, 12);
}

/// Steps in the making: every step is applied at once, so that what follows sees its effect.
class Comparison {
 public:
  Comparison(const Schema& before, const Schema& after, const RenameHints& hints)
      : now_(before), after_(after), hints_(hints) {}

  std::vector<Step> run(const std::vector<std::string>& tables_before,
                        const std::vector<std::string>& tables_after) {
    for (const std::string& name : tables_before) {
      if (!now_.find(name)) continue;
      const std::string renamed = renamed_table(name);
      if (wanted(renamed, tables_after)) {
        if (pairs_.insert(renamed).second && renamed != name) renames_.emplace_back(name, renamed);
      } else {
        doomed_.insert(name);
      }
    }
    for (const std::string& name : tables_after) {
      if (after_.find(name) && pairs_.insert(name).second) created_.insert(name);
    }
    for (const std::string& name : created_) pairs_.erase(name);

    drop_keys_of_doomed();
    free_names();
    rename_tables();
    for (const std::string& name : pairs_) rename_columns(name);
    for (const std::string& name : pairs_) {
      if (!(now_.at(name) == after_.at(name))) changed_.push_back(name);
    }
    for (const std::string& name : changed_) replace_columns(name);
    for (const std::string& name : changed_) drop_foreign_keys(name);
    for (const std::string& name : changed_) drop_the_rest(name);
    drop_tables();
    for (const std::string& name : changed_) drop_columns(name);
    create_tables();
    for (const std::string& name : changed_) add_columns(name);
    for (const std::string& name : changed_) alter_columns(name);
    for (const std::string& name : changed_) add_the_rest(name);
    dropped_from_.insert(changed_.begin(), changed_.end());
    for (const std::string& name : dropped_from_) add_foreign_keys(name);
    for (const std::string& name : changed_) comments(name);
    return std::move(steps_);
  }

 private:
  void add(Step step) {
    apply_step(now_, step);
    steps_.push_back(std::move(step));
  }

  std::string renamed_table(const std::string& name) const {
    for (const auto& [from, to] : hints_.tables) {
      if (from == name) return to;
    }
    return name;
  }
  bool wanted(const std::string& name, const std::vector<std::string>& tables_after) const {
    return after_.find(name) &&
           std::find(tables_after.begin(), tables_after.end(), name) != tables_after.end();
  }

  /// Tables that go are dropped referrer first; keys that form a circle go before.
  void drop_keys_of_doomed() {
    std::vector<std::string> order;
    std::set<std::string> left = doomed_;
    while (!left.empty()) {
      const auto free = std::find_if(left.begin(), left.end(), [&](const std::string& name) {
        const std::vector<std::string> referrers = now_.referrers(name);
        return std::none_of(referrers.begin(), referrers.end(),
                            [&](const std::string& r) { return left.contains(r); });
      });
      const std::string name = free == left.end() ? *left.begin() : *free;
      if (free == left.end()) {
        for (const std::string& referrer : now_.referrers(name)) {
          if (left.contains(referrer)) drop_keys_to(referrer, name);
        }
      }
      order.push_back(name);
      left.erase(name);
    }
    drop_order_ = order;
    // Keys of tables that stay, into tables that go.
    for (const std::string& name : order) {
      for (const std::string& referrer : now_.referrers(name)) {
        if (!doomed_.contains(referrer)) drop_keys_to(referrer, name);
      }
    }
  }
  void drop_keys_to(const std::string& table, const std::string& target) {
    const std::vector<ForeignKeyConstraint> keys = now_.at(table).foreign_keys;
    for (const ForeignKeyConstraint& key : keys) {
      if (key.target_table == target) add(step::DropConstraint{table, key});
    }
  }

  /// A table that goes and whose name another one takes is dropped first.
  void free_names() {
    std::vector<std::string> rest;
    for (const std::string& name : drop_order_) {
      const bool needed = created_.contains(name) || pairs_.contains(name);
      if (needed) {
        add(step::DropTable{now_.at(name)});
      } else {
        rest.push_back(name);
      }
    }
    drop_order_ = rest;
  }

  void rename_tables() {
    std::vector<std::pair<std::string, std::string>> left = renames_;
    while (!left.empty()) {
      const auto free = std::find_if(left.begin(), left.end(),
                                     [&](const auto& r) { return !now_.find(r.second); });
      if (free != left.end()) {
        add(step::RenameTable{free->first, free->second});
        left.erase(free);
      } else {
        // A circle of names: the first one steps aside.
        const std::string aside = name_aside(left.front().first);
        add(step::RenameTable{left.front().first, aside});
        left.front().first = aside;
      }
    }
  }

  void rename_columns(const std::string& table) {
    std::vector<std::pair<std::string, std::string>> left;
    for (const RenameHints::ColumnRename& hint : hints_.columns) {
      if (hint.table_after != table || hint.before == hint.after) continue;
      if (!now_.at(table).find_column(hint.before)) continue;
      if (!after_.at(table).find_column(hint.after)) continue;
      left.emplace_back(hint.before, hint.after);
    }
    while (!left.empty()) {
      const auto free = std::find_if(left.begin(), left.end(), [&](const auto& r) {
        return !now_.at(table).find_column(r.second);
      });
      if (free != left.end()) {
        add(step::RenameColumn{table, free->first, free->second});
        left.erase(free);
        continue;
      }
      const auto blocked_by_rename = std::find_if(left.begin(), left.end(), [&](const auto& r) {
        return std::any_of(left.begin(), left.end(),
                           [&](const auto& other) { return other.first == r.second; });
      });
      if (blocked_by_rename == left.end()) {
        // A column that goes holds the name.
        drop_column(table, left.front().second);
        continue;
      }
      const std::string aside = name_aside(left.front().first);
      add(step::RenameColumn{table, left.front().first, aside});
      left.front().first = aside;
    }
  }

  bool is_replaced(const std::string& table, const std::string& column) const {
    return std::find(hints_.replaced.begin(), hints_.replaced.end(),
                     std::pair<std::string, std::string>{table, column}) != hints_.replaced.end();
  }
  /// Columns of both sides that can't be altered into each other: generated ones.
  bool must_be_replaced(const std::string& table, const Column& before, const Column& after) const {
    return is_replaced(table, before.name) || before.generated != after.generated ||
           (before.generated &&
            (before.generated_stored != after.generated_stored || before.type != after.type));
  }
  void replace_columns(const std::string& table) {
    for (const Column& column : Table(now_.at(table)).columns) {
      const Column* wanted = after_.at(table).find_column(column.name);
      if (wanted && must_be_replaced(table, column, *wanted)) drop_column(table, column.name);
    }
  }

  /// Everything that uses the column, then the column.
  void drop_column(const std::string& table, const std::string& name) {
    const Table copy = now_.at(table);
    const auto uses = [&](const std::vector<std::string>& columns) {
      return std::find(columns.begin(), columns.end(), name) != columns.end();
    };
    const auto mentions = [&](const Sql& sql) {
      return renamed_identifier(sql, name, name + "?") != sql;
    };
    const auto in_part = [&](const IndexPart& part) {
      return part.column == name || mentions(part.expression);
    };
    for (const ForeignKeyConstraint& key : copy.foreign_keys) {
      if (uses(key.columns)) add(step::DropConstraint{table, key});
    }
    std::vector<std::string> referrers = now_.referrers(table);
    referrers.push_back(table);
    for (const std::string& referrer : referrers) {
      const std::vector<ForeignKeyConstraint> keys = now_.at(referrer).foreign_keys;
      for (const ForeignKeyConstraint& key : keys) {
        if (key.target_table == table && uses(key.target_columns)) {
          drop_incoming(referrer, key);
        }
      }
    }
    for (const TableIndex& index : copy.indexes) {
      const bool used = uses(index.include) || mentions(index.condition) ||
                        std::any_of(index.parts.begin(), index.parts.end(), in_part);
      if (used) add(step::DropIndex{table, index});
    }
    for (const Key& key : copy.uniques) {
      if (uses(key.columns) || uses(key.include)) add(step::DropConstraint{table, key});
    }
    for (const Check& check : copy.checks) {
      if (check.column != name && mentions(check.condition)) {
        add(step::DropConstraint{table, check});
      }
    }
    for (const Exclusion& item : copy.exclusions) {
      const bool used = uses(item.include) || mentions(item.condition) ||
                        std::any_of(item.elements.begin(), item.elements.end(),
                                    [&](const auto& element) { return in_part(element.first); });
      if (used) add(step::DropConstraint{table, item});
    }
    if (copy.primary_key && uses(copy.primary_key->columns)) {
      add(step::SetPrimaryKey{table, copy.primary_key, std::nullopt});
    }
    const std::vector<Column> columns = copy.columns;
    for (const Column& column : columns) {
      if (column.name != name && column.generated && mentions(*column.generated)) {
        drop_column(table, column.name);
      }
    }
    if (const Column* column = now_.at(table).find_column(name)) {
      add(step::DropColumn{table, *column});
    }
  }

  void drop_foreign_keys(const std::string& table) {
    const Table is = now_.at(table);
    const Table& should = after_.at(table);
    const std::vector<ForeignKeyConstraint> dropped =
        item_changes(is.foreign_keys, should.foreign_keys).dropped;
    for (const ForeignKeyConstraint& key : dropped) add(step::DropConstraint{table, key});
    // Keys into a unique or primary key that goes.
    if (!loses_key(is, should)) return;
    std::vector<std::string> referrers = now_.referrers(table);
    referrers.push_back(table);
    for (const std::string& referrer : referrers) {
      const std::vector<ForeignKeyConstraint> keys = now_.at(referrer).foreign_keys;
      for (const ForeignKeyConstraint& key : keys) {
        if (key.target_table != table || keeps_key(is, should, key.target_columns)) continue;
        drop_incoming(referrer, key);
      }
    }
  }
  /// A key of another table goes for a while: it comes again at the end.
  void drop_incoming(const std::string& referrer, const ForeignKeyConstraint& key) {
    add(step::DropConstraint{referrer, key});
    if (after_.find(referrer)) dropped_from_.insert(referrer);
  }
  static bool loses_key(const Table& is, const Table& should) {
    return is.primary_key != should.primary_key || is.uniques != should.uniques ||
           is.indexes != should.indexes;
  }
  /// True when the key on `columns` that foreign keys need is the same object before and after.
  static bool keeps_key(const Table& is, const Table& should,
                        const std::vector<std::string>& columns) {
    const auto primary = [&](const Table& table) {
      return table.primary_key && table.primary_key->columns == columns;
    };
    if (primary(is)) return primary(should);
    const auto unique = [&](const Table& table) -> const Key* {
      const auto at = std::find_if(table.uniques.begin(), table.uniques.end(),
                                   [&](const Key& key) { return key.columns == columns; });
      return at == table.uniques.end() ? nullptr : &*at;
    };
    const Key* old = unique(is);
    const Key* now = unique(should);
    if (old || now) return old && now && same_but_name(*old, *now);
    return true;
  }

  void drop_the_rest(const std::string& table) {
    const Table is = now_.at(table);
    const Table& should = after_.at(table);
    for (const TableIndex& index : item_changes(is.indexes, should.indexes).dropped) {
      add(step::DropIndex{table, index});
    }
    for (const Exclusion& item : item_changes(is.exclusions, should.exclusions).dropped) {
      add(step::DropConstraint{table, item});
    }
    for (const Key& key : item_changes(is.uniques, should.uniques).dropped) {
      add(step::DropConstraint{table, key});
    }
    for (const Check& check : item_changes(is.checks, should.checks).dropped) {
      // A check of a column that goes, goes with it.
      const bool with_column = !check.column.empty() && !should.find_column(check.column);
      if (!with_column) add(step::DropConstraint{table, check});
    }
    if (is.primary_key &&
        (!should.primary_key || should.primary_key->columns != is.primary_key->columns)) {
      add(step::SetPrimaryKey{table, is.primary_key, std::nullopt});
    }
  }

  void drop_tables() {
    for (const std::string& name : drop_order_) add(step::DropTable{now_.at(name)});
  }

  void drop_columns(const std::string& table) {
    const std::vector<Column> columns = now_.at(table).columns;
    for (const Column& column : columns) {
      if (!after_.at(table).find_column(column.name)) drop_column(table, column.name);
    }
  }

  /// Referred tables first, as far as there is an order.
  void create_tables() {
    std::set<std::string> left = created_;
    while (!left.empty()) {
      const auto free = std::find_if(left.begin(), left.end(), [&](const std::string& name) {
        const std::vector<ForeignKeyConstraint>& keys = after_.at(name).foreign_keys;
        return std::none_of(keys.begin(), keys.end(), [&](const ForeignKeyConstraint& key) {
          return key.target_table != name && left.contains(key.target_table);
        });
      });
      const std::string name = free == left.end() ? *left.begin() : *free;
      add(step::CreateTable{after_.at(name)});
      left.erase(name);
    }
  }

  std::optional<Sql> fill(const std::string& table, const std::string& column) const {
    for (const RenameHints::ColumnFill& hint : hints_.fills) {
      if (hint.table_after == table && hint.column == column) return hint.fill;
    }
    return std::nullopt;
  }

  void add_columns(const std::string& table) {
    const Table& should = after_.at(table);
    for (const Column& column : should.columns) {
      if (now_.at(table).find_column(column.name)) continue;
      step::AddColumn added{.table = table, .column = column, .fill = fill(table, column.name)};
      for (const Check& check : should.checks) {
        if (check.column == column.name) added.checks.push_back(check);
      }
      for (const ForeignKeyConstraint& key : should.foreign_keys) {
        const bool own = key.columns == std::vector<std::string>{column.name};
        const bool there = now_.find(key.target_table) != nullptr;
        if (own && there && !added.foreign_key) added.foreign_key = key;
      }
      add(std::move(added));
    }
  }

  void alter_columns(const std::string& table) {
    const Table& should = after_.at(table);
    for (const Column& column : should.columns) {
      const Column before = *now_.at(table).find_column(column.name);
      if (before == column) continue;
      step::AlterColumn altered{.table = table, .before = before, .after = column};
      if (before.nullable && !column.nullable) altered.fill = fill(table, column.name);
      add(std::move(altered));
    }
  }

  void add_the_rest(const std::string& table) {
    const Table is = now_.at(table);
    const Table& should = after_.at(table);
    const bool both = is.primary_key && should.primary_key;
    if (both ? !same(*is.primary_key, *should.primary_key) : is.primary_key != should.primary_key) {
      if (is.primary_key) {
        add(step::RenameConstraint{table, *is.primary_key, should.primary_key->name});
      } else {
        add(step::SetPrimaryKey{table, std::nullopt, should.primary_key});
      }
    }
    constraints(table, item_changes(is.uniques, should.uniques));
    constraints(table, item_changes(is.checks, should.checks));
    constraints(table, item_changes(is.exclusions, should.exclusions));
    const ItemChanges<TableIndex> indexes = item_changes(is.indexes, should.indexes);
    for (const auto& [index, to] : indexes.renamed) add(step::RenameIndex{table, index, to});
    for (const TableIndex& index : indexes.added) add(step::CreateIndex{table, index});
  }
  template <class T>
  void constraints(const std::string& table, const ItemChanges<T>& changes) {
    for (const auto& [item, to] : changes.renamed) add(step::RenameConstraint{table, item, to});
    for (const T& item : changes.added) add(step::AddConstraint{table, item});
  }

  void add_foreign_keys(const std::string& table) {
    constraints(table, item_changes(now_.at(table).foreign_keys, after_.at(table).foreign_keys));
  }

  void comments(const std::string& table) {
    const std::string& comment = after_.at(table).comment;
    if (now_.at(table).comment != comment) add(step::SetTableComment{table, comment});
  }

  Schema now_;
  const Schema& after_;
  const RenameHints& hints_;
  std::vector<Step> steps_{};
  std::set<std::string> pairs_{};  ///< tables on both sides, by name after
  std::set<std::string> created_{};
  std::set<std::string> doomed_{};  ///< by name before
  std::vector<std::string> drop_order_{};
  std::vector<std::pair<std::string, std::string>> renames_{};
  std::vector<std::string> changed_{};
  std::set<std::string> dropped_from_{};  ///< tables whose foreign keys are looked at last
};

}  // namespace

std::vector<Step> compare(const Schema& before, const Schema& after,
                          const std::vector<std::string>& tables_before,
                          const std::vector<std::string>& tables_after, const RenameHints& hints) {
  return Comparison(before, after, hints).run(tables_before, tables_after);
}

}  // namespace turnstone
