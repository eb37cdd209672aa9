#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/match.h>
#include <turnstone/schema/lower.h>

#include <algorithm>
#include <cctype>
#include <list>
#include <map>
#include <set>

#include "sqlite/dialect.h"

namespace turnstone::sqlite {
namespace {

using Slot = std::list<PlannedStep>::iterator;

/// Where the values of one column of a table that is to be made anew come from.
struct Origin {
  Sql value{};  ///< over the columns the table has in the database at that moment
  std::optional<std::string> column{};  ///< the column there it descends from
  bool converted = false;
  std::vector<step::RebuildTable::Guard> guards{};
};

/// Changes to one table that wait to be made in one rebuild.
struct Pending {
  Slot slot{};  ///< where the rebuild will stand: at the last change that needs it
  Table before{};
  Table after{};
  std::map<std::string, Origin> origins{};  ///< by column of `after`; generated ones left out
  std::set<std::string> columns_freed{};    ///< columns whose foreign key went, and
  bool more = false;                        ///< whether that is not all that happened
};

bool mentions(const Sql& sql, const std::string& name) {
  return renamed_identifier(sql, name, name + "?") != sql;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool uses(const TableIndex& index, const std::string& column) {
  return mentions(index.condition, column) ||
         std::any_of(index.parts.begin(), index.parts.end(), [&](const IndexPart& part) {
           return part.column == column || mentions(part.expression, column);
         });
}

/// A literal, in parentheses or not: what ADD COLUMN takes as default.
bool is_constant(Sql sql) {
  while (sql.size() > 2 && sql.front() == '(' && sql.back() == ')')
    sql = sql.substr(1, sql.size() - 2);
  const std::string word = lower_case(sql);
  if (word == "null" || word == "true" || word == "false") return true;
  if (word.starts_with("x'")) sql.erase(0, 1);
  if (sql.size() >= 2 && sql.front() == '\'') {
    for (std::size_t i = 1; i + 1 < sql.size(); ++i) {
      if (sql[i] == '\'' && sql[++i] != '\'') return false;
    }
    return sql.back() == '\'';
  }
  if (sql.empty() || !(std::isdigit(static_cast<unsigned char>(sql[0])) || sql[0] == '-' ||
                       sql[0] == '+' || sql[0] == '.')) {
    return false;
  }
  return std::all_of(sql.begin() + 1, sql.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '.' || c == '-' || c == '+';
  });
}

bool is_null(const std::optional<Sql>& sql) { return !sql || lower_case(*sql) == "null"; }

/// What ALTER TABLE ADD COLUMN can do without a look at the rows, or with one that changes none.
/// Source: SQLite, "ALTER TABLE", and `sqlite-ddl.md` D.1.
bool can_add(const step::AddColumn& s) {
  const Column& column = s.column;
  if (column.identity != Column::Identity::none) return false;
  if (column.generated) return !column.generated_stored;
  if (column.default_sql && !is_constant(*column.default_sql)) return false;
  if (!column.nullable && is_null(column.default_sql)) return false;
  if (s.foreign_key && (!is_null(column.default_sql) || s.foreign_key->columns.size() != 1)) {
    return false;
  }
  // Existing rows get the default, and nothing else.
  if (!s.fill || s.fill == column.default_sql) return true;
  return is_null(s.fill) && is_null(column.default_sql);
}

/// What ALTER TABLE DROP COLUMN can do. A foreign key of the column alone goes with it.
/// Source: `sqlite-ddl.md` D.2.
bool can_drop(const Table& table, const std::string& name) {
  if (table.columns.size() < 2) return false;
  if (table.primary_key && contains(table.primary_key->columns, name)) return false;
  for (const TableIndex& index : table.indexes) {
    if (uses(index, name)) return false;
  }
  for (const Key& key : table.uniques) {
    if (contains(key.columns, name)) return false;
  }
  for (const Check& check : table.checks) {
    if (check.column != name && mentions(check.condition, name)) return false;
  }
  for (const ForeignKeyConstraint& key : table.foreign_keys) {
    if (contains(key.columns, name) && key.columns.size() > 1) return false;
    if (key.target_table == table.name && contains(key.target_columns, name)) return false;
  }
  for (const Column& column : table.columns) {
    if (column.name != name && column.generated && mentions(*column.generated, name)) return false;
  }
  return true;
}

/// `table` as far as SQLite keeps it.
Table kept(Table table) {
  table.comment.clear();
  table.tablespace.clear();
  for (Column& column : table.columns) column.comment.clear();
  for (Check& check : table.checks) check.validated = true;
  for (ForeignKeyConstraint& key : table.foreign_keys) key.validated = true;
  if (table.primary_key) table.primary_key->timing = Key::Timing::immediate_always;
  return table;
}

bool same_column(Column a, Column b) {
  a.comment.clear();
  b.comment.clear();
  return a == b;
}

class Legalizer {
 public:
  explicit Legalizer(const Schema& before) : now_(before), stored_(before) {}

  std::vector<PlannedStep> run(std::vector<PlannedStep> steps) {
    for (PlannedStep& planned : steps) {
      operation_ = planned.operation;
      match(planned.step, Visit{*this});
    }
    settle_all();
    return {std::make_move_iterator(out_.begin()), std::make_move_iterator(out_.end())};
  }

  void operator()(const step::CreateTable& s) {
    native(s);
    fresh_[s.table.name] = std::prev(out_.end());
  }
  void operator()(const step::DropTable& s) {
    const std::string& name = s.table.name;
    if (const auto waiting = pending_.find(name); waiting != pending_.end()) {
      out_.erase(waiting->second.slot);
      pending_.erase(waiting);
    }
    fresh_.erase(name);
    for (const TableIndex& index : stored_.at(name).indexes) names_freed_.insert(index.name);
    native(s);
  }
  void operator()(const step::RenameTable& s) {
    fresh_.erase(s.from);
    if (s.from != s.to && lower_case(s.from) == lower_case(s.to)) {
      // SQLite takes names that differ in case alone for one.
      const std::string aside = s.from + "__aside";
      native(step::RenameTable{.from = s.from, .to = aside});
      native(step::RenameTable{.from = aside, .to = s.to});
    } else {
      native(s);
    }
    if (auto waiting = pending_.extract(s.from)) {
      waiting.key() = s.to;
      pending_.insert(std::move(waiting));
    }
  }
  void operator()(const step::RenameColumn& s) {
    fresh_.erase(s.table);
    auto waiting = pending_.find(s.table);
    if (waiting != pending_.end() && !can_follow(waiting->second, s)) {
      settle(s.table);
      waiting = pending_.end();
    }
    if (waiting == pending_.end()) return native(s);
    Pending& pending = waiting->second;
    const auto origin = pending.origins.find(s.from);
    if (origin == pending.origins.end() || origin->second.column) {
      // Triggers, views and keys of other tables follow the column that is there now.
      const std::string from = origin == pending.origins.end() ? s.from : *origin->second.column;
      const step::RenameColumn real{.table = s.table, .from = from, .to = s.to};
      emit(real);
      apply_step(stored_, real);
      for (auto& entry : pending.origins) follow(entry.second, from, s.to);
    }
    if (auto entry = pending.origins.extract(s.from)) {
      entry.key() = s.to;
      pending.origins.insert(std::move(entry));
    }
    apply_step(now_, s);
    pending.more = true;
    touch(s.table);
  }
  void operator()(const step::AddColumn& s) {
    if (fold(s.table, s)) return;
    if (!pending_.contains(s.table) && can_add(s)) return native(s);
    Pending& pending = touch(s.table);
    pending.more = true;
    if (!s.column.generated) {
      const Sql value = s.fill ? *s.fill : s.column.default_sql.value_or("NULL");
      pending.origins[s.column.name] = Origin{.value = value};
    }
    later(s.table, s);
  }
  void operator()(const step::DropColumn& s) {
    if (fold(s.table, s)) return;
    const std::string& name = s.column.name;
    const auto waiting = pending_.find(s.table);
    const bool only_its_key = waiting != pending_.end() && !waiting->second.more &&
                              waiting->second.columns_freed == std::set<std::string>{name};
    if ((waiting == pending_.end() || only_its_key) && can_drop(stored_.at(s.table), name)) {
      if (only_its_key) {
        out_.erase(waiting->second.slot);
        pending_.erase(waiting);
      }
      emit(s);
      apply_step(now_, s);
      stored_.set(now_.find(s.table));
      return;
    }
    Pending& pending = touch(s.table);
    pending.more = true;
    pending.origins.erase(name);
    later(s.table, s);
  }
  void operator()(const step::AlterColumn& s) {
    if (fold(s.table, s)) return;
    if (same_column(s.before, s.after)) return silent(s);
    const std::string& name = s.before.name;
    Pending* pending = &touch(s.table);
    std::optional<Conversion> change;
    if (!s.after.generated) {
      change = conversion(value_of(*pending, name), s.before.type, s.after.type);
      if (change && pending->origins[name].converted) {
        settle(s.table);
        pending = &touch(s.table);
        change = conversion(value_of(*pending, name), s.before.type, s.after.type);
      }
    }
    pending->more = true;
    Origin& origin = pending->origins[name];
    if (origin.value.empty()) origin.value = quote_identifier(name);
    if (change) {
      if (!change->violation.empty()) {
        origin.guards.push_back({.before = s.before,
                                 .after = s.after,
                                 .value = origin.value,
                                 .violation = change->violation});
      }
      origin.value = change->value;
      origin.converted = true;
    }
    if (s.before.nullable && !s.after.nullable && s.fill) {
      origin.value = "COALESCE(" + origin.value + ", " + *s.fill + ")";
    }
    if (s.after.generated) pending->origins.erase(name);
    later(s.table, s);
  }
  void operator()(const step::SetPrimaryKey& s) { rebuilt(s.table, s); }
  void operator()(const step::AddConstraint& s) {
    if (std::holds_alternative<Exclusion>(s.constraint)) {
      throw Error(ErrorKind::unsupported,
                  "sqlite has no exclusion constraints: \"" + name_of(s.constraint) + "\"");
    }
    rebuilt(s.table, s);
  }
  void operator()(const step::DropConstraint& s) {
    if (fold(s.table, s)) return;
    Pending& pending = touch(s.table);
    const auto* key = std::get_if<ForeignKeyConstraint>(&s.constraint);
    if (key && key->columns.size() == 1) {
      pending.columns_freed.insert(key->columns.front());
    } else {
      pending.more = true;
    }
    later(s.table, s);
  }
  void operator()(const step::RenameConstraint& s) { rebuilt(s.table, s); }
  void operator()(const step::ValidateConstraint& s) { silent(s); }
  void operator()(const step::CreateIndex& s) {
    // A name that another index had until now is not free where the table is created.
    if (names_freed_.contains(s.index.name)) fresh_.erase(s.table);
    if (fold(s.table, s)) return;
    if (!pending_.contains(s.table)) return native(s);
    touch(s.table).more = true;
    later(s.table, s);
  }
  void operator()(const step::DropIndex& s) {
    if (fold(s.table, s)) return;
    const std::vector<TableIndex>& there = stored_.at(s.table).indexes;
    const bool exists = std::any_of(there.begin(), there.end(), [&](const TableIndex& index) {
      return index.name == s.index.name;
    });
    if (exists) {
      names_freed_.insert(s.index.name);
      native(s);
    } else {
      apply_step(now_, s);
    }
    if (pending_.contains(s.table)) touch(s.table);
  }
  void operator()(const step::RenameIndex& s) {
    if (fold(s.table, s)) return;
    TableIndex index = s.before;
    (*this)(step::DropIndex{.table = s.table, .index = index});
    index.name = s.to;
    (*this)(step::CreateIndex{.table = s.table, .index = index});
  }
  void operator()(const step::SetTableComment& s) { silent(s); }
  void operator()(const step::CopyRows& s) {
    settle(s.from);
    settle(s.to);
    native(s);
  }
  void operator()(const step::RebuildTable& s) {
    settle(s.before.name);
    native(s);
  }
  void operator()(const step::CreateExtension&) {}
  void operator()(const step::DropExtension&) {}
  void operator()(const step::CreateCollation&) {}
  void operator()(const step::DropCollation&) {}
  void operator()(const step::RawSql& s) {
    settle_all();
    native(s);
  }
  void operator()(const step::RunCode& s) {
    settle_all();
    native(s);
  }

 private:
  struct Visit {
    Legalizer& self;
    template <class S>
    void operator()(const S& s) const {
      self(s);
    }
  };

  void emit(Step step) { out_.push_back(PlannedStep{std::move(step), operation_}); }

  /// A step that the database takes as it is.
  void native(const Step& step) {
    emit(step);
    apply_step(now_, step);
    apply_step(stored_, step);
  }
  /// A change of which SQLite keeps nothing.
  void silent(const Step& step) {
    apply_step(now_, step);
    apply_step(stored_, step);
  }
  /// A change that a rebuild brings about.
  void rebuilt(const std::string& table, const Step& step) {
    if (fold(table, step)) return;
    touch(table).more = true;
    later(table, step);
  }
  void later(const std::string& table, const Step& step) {
    apply_step(now_, step);
    pending_.at(table).after = now_.at(table);
  }
  /// A table created since the last look at rows simply is created otherwise.
  bool fold(const std::string& table, const Step& step) {
    const auto created = fresh_.find(table);
    if (created == fresh_.end()) return false;
    apply_step(now_, step);
    stored_.set(now_.find(table));
    std::get<step::CreateTable>(created->second->step).table = now_.at(table);
    return true;
  }

  /// The changes that wait for `table`, which from now on wait for this moment.
  Pending& touch(const std::string& table) {
    const auto [entry, is_new] = pending_.try_emplace(table);
    Pending& pending = entry->second;
    if (is_new) {
      emit(step::RebuildTable{});
      pending.slot = std::prev(out_.end());
      for (const Column& column : stored_.at(table).columns) {
        if (column.generated) continue;
        pending.origins[column.name] =
            Origin{.value = quote_identifier(column.name), .column = column.name};
      }
    } else {
      out_.splice(out_.end(), out_, pending.slot);
      pending.slot->operation = operation_;
    }
    pending.before = stored_.at(table);
    pending.after = now_.at(table);
    return pending;
  }

  static Sql value_of(const Pending& pending, const std::string& column) {
    const auto origin = pending.origins.find(column);
    return operand(origin == pending.origins.end() ? quote_identifier(column)
                                                   : origin->second.value);
  }

  static void follow(Origin& origin, const std::string& from, const std::string& to) {
    if (origin.column == from) origin.column = to;
    origin.value = renamed_identifier(origin.value, from, to);
    for (step::RebuildTable::Guard& guard : origin.guards) {
      guard.value = renamed_identifier(guard.value, from, to);
      guard.violation = renamed_identifier(guard.violation, from, to);
    }
  }

  /// True when the new name is free in the table as it is stored, and nothing outside of it would
  /// have to follow a column that is not stored yet.
  bool can_follow(const Pending& pending, const step::RenameColumn& s) const {
    const auto origin = pending.origins.find(s.from);
    if (origin != pending.origins.end() && !origin->second.column) {
      std::vector<std::string> referrers = now_.referrers(s.table);
      referrers.push_back(s.table);
      for (const std::string& referrer : referrers) {
        for (const ForeignKeyConstraint& key : now_.at(referrer).foreign_keys) {
          if (key.target_table == s.table && contains(key.target_columns, s.from)) return false;
        }
      }
      return true;
    }
    for (const Column& column : stored_.at(s.table).columns) {
      if (column.name != s.from && lower_case(column.name) == lower_case(s.to)) return false;
    }
    return stored_.at(s.table).find_column(s.from) != nullptr;
  }

  /// Puts the rebuild in its place.
  void settle(const std::string& table) {
    fresh_.erase(table);
    const auto waiting = pending_.find(table);
    if (waiting == pending_.end()) return;
    Pending& pending = waiting->second;
    if (is_needed(pending)) {
      step::RebuildTable rebuild{.before = pending.before, .after = pending.after};
      for (const Column& column : pending.after.columns) {
        const auto origin = pending.origins.find(column.name);
        if (column.generated || origin == pending.origins.end()) continue;
        rebuild.source.emplace_back(column.name, origin->second.value);
        for (step::RebuildTable::Guard& guard : origin->second.guards) {
          rebuild.guards.push_back(std::move(guard));
        }
      }
      pending.slot->step = std::move(rebuild);
    } else {
      out_.erase(pending.slot);
    }
    pending_.erase(waiting);
    stored_.set(now_.find(table));
  }
  static bool is_needed(const Pending& pending) {
    if (!(kept(pending.before) == kept(pending.after))) return true;
    return std::any_of(pending.origins.begin(), pending.origins.end(), [](const auto& entry) {
      return entry.second.value != quote_identifier(entry.first);
    });
  }
  void settle_all() {
    while (!pending_.empty()) settle(std::string(pending_.begin()->first));
    fresh_.clear();
    names_freed_.clear();
  }

  Schema now_;     ///< as the steps so far would have it
  Schema stored_;  ///< as the steps put out so far leave it, rebuilds that wait not counted
  std::list<PlannedStep> out_{};
  std::map<std::string, Pending> pending_{};
  std::map<std::string, Slot> fresh_{};  ///< tables created in this stretch, as yet without rows
  std::set<std::string> names_freed_{};
  std::size_t operation_ = 0;
};

}  // namespace

std::vector<PlannedStep> legalize(const Schema& before, std::vector<PlannedStep> steps) {
  return Legalizer(before).run(std::move(steps));
}

}  // namespace turnstone::sqlite
