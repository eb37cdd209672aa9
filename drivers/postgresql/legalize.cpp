#include <turnstone/match.h>

#include <algorithm>
#include <concepts>

#include "postgresql/dialect.h"
#include "postgresql/names.h"
#include "postgresql/types.h"

namespace turnstone::postgresql {
namespace {

bool names(const std::vector<std::string>& columns, const std::string& column) {
  return std::find(columns.begin(), columns.end(), column) != columns.end();
}
bool mentions(const Sql& sql, const std::string& column) {
  return !sql.empty() && renamed_identifier(sql, column, column + "?") != sql;
}
void replace(std::vector<std::string>& columns, const std::string& from, const std::string& to) {
  std::replace(columns.begin(), columns.end(), from, to);
}

/// True when the schema holds what the step is about. It may not: state operations beside raw SQL
/// tell of tables and columns that no step made.
struct Fits {
  const Schema& schema;

  bool has(const std::string& table, const std::string& column) const {
    const TablePtr found = schema.find(table);
    return found && found->find_column(column);
  }
  bool operator()(const step::DropTable& s) const { return schema.find(s.table.name) != nullptr; }
  bool operator()(const step::RenameTable& s) const { return schema.find(s.from) != nullptr; }
  bool operator()(const step::RenameColumn& s) const { return has(s.table, s.from); }
  bool operator()(const step::AlterColumn& s) const { return has(s.table, s.before.name); }
  template <class Other>
  bool operator()(const Other& s) const {
    if constexpr (requires {
                    { s.table } -> std::convertible_to<const std::string&>;
                  }) {
      return schema.find(s.table) != nullptr;
    } else {
      return true;
    }
  }
};

/// Walks through the steps with the schema at hand. Foreign keys wait in `pending_` until the end
/// of their operation, or until the table they point to is there.
class Legalizer {
 public:
  explicit Legalizer(const Schema& before) : now_(before) {}

  std::vector<PlannedStep> run(const std::vector<PlannedStep>& steps) {
    for (const PlannedStep& planned : steps) {
      if (planned.operation != operation_) flush();
      operation_ = planned.operation;
      match(planned.step, Visitor{*this});
    }
    flush();
    for (const Pending& item : pending_) {
      out_.push_back({step::AddConstraint{item.table, item.key}, item.operation});
    }
    return std::move(out_);
  }

 private:
  struct Pending {
    std::string table{};
    ForeignKeyConstraint key{};
    std::size_t operation = 0;
  };

  struct Visitor {
    Legalizer& legalizer;
    void operator()(const step::CreateTable& s) const { legalizer.create_table(s); }
    void operator()(const step::DropTable& s) const { legalizer.drop_table(s); }
    void operator()(const step::RenameTable& s) const { legalizer.rename_table(s); }
    void operator()(const step::RenameColumn& s) const { legalizer.rename_column(s); }
    void operator()(const step::AddColumn& s) const { legalizer.add_column(s); }
    void operator()(const step::DropColumn& s) const { legalizer.drop_column(s); }
    void operator()(const step::AlterColumn& s) const { legalizer.alter_column(s); }
    void operator()(const step::AddConstraint& s) const { legalizer.add_constraint(s); }
    void operator()(const step::DropConstraint& s) const { legalizer.drop_constraint(s); }
    void operator()(const step::RenameConstraint& s) const { legalizer.rename_constraint(s); }
    void operator()(const step::RawSql& s) const { legalizer.data_step(s); }
    void operator()(const step::RunCode& s) const { legalizer.data_step(s); }
    template <class Other>
    void operator()(const Other& s) const {
      legalizer.emit(s);
    }
  };

  void emit(Step step) {
    if (match(step, Fits{now_})) apply_step(now_, step);
    out_.push_back({std::move(step), operation_});
  }

  void wait(const std::string& table, const ForeignKeyConstraint& key) {
    pending_.push_back({table, key, operation_});
  }
  /// Adds the keys whose tables are both there.
  void flush() {
    std::vector<Pending> later;
    const std::size_t current = operation_;
    for (Pending& item : pending_) {
      if (!now_.find(item.table) || !now_.find(item.key.target_table)) {
        later.push_back(std::move(item));
        continue;
      }
      operation_ = item.operation;
      emit(step::AddConstraint{item.table, item.key});
    }
    operation_ = current;
    pending_ = std::move(later);
  }

  void create_table(const step::CreateTable& s) {
    Table table = s.table;
    std::vector<ForeignKeyConstraint> keys;
    keys.swap(table.foreign_keys);
    for (const ForeignKeyConstraint& key : keys) wait(table.name, key);
    emit(step::CreateTable{std::move(table)});
  }
  void drop_table(const step::DropTable& s) {
    std::erase_if(pending_, [&](const Pending& item) {
      return item.table == s.table.name || item.key.target_table == s.table.name;
    });
    emit(s);
  }
  void rename_table(step::RenameTable s) {
    for (Pending& item : pending_) {
      if (item.table == s.from) item.table = s.to;
      if (item.key.target_table == s.from) item.key.target_table = s.to;
    }
    if (const TablePtr table = now_.find(s.from)) {
      for (const Column& column : table->columns) {
        if (column.identity != Column::Identity::none) {
          take_sequence(s.sequences, column.name, sequence_name(s.from, column.name),
                        sequence_name(s.to, column.name));
        }
      }
    }
    emit(std::move(s));
  }
  void rename_column(step::RenameColumn s) {
    for (Pending& item : pending_) {
      if (item.table == s.table) replace(item.key.columns, s.from, s.to);
      if (item.key.target_table == s.table) replace(item.key.target_columns, s.from, s.to);
    }
    const TablePtr table = now_.find(s.table);
    const Column* column = table ? table->find_column(s.from) : nullptr;
    if (column && column->identity != Column::Identity::none) {
      take_sequence(s.sequences, s.to, sequence_name(s.table, s.from),
                    sequence_name(s.table, s.to));
    }
    emit(std::move(s));
  }
  static void take_sequence(std::vector<std::pair<std::string, std::string>>& sequences,
                            const std::string& column, const std::string& from, std::string to) {
    if (from != to) sequences.emplace_back(column, std::move(to));
  }

  void add_column(step::AddColumn s) {
    if (s.foreign_key) wait(s.table, *s.foreign_key);
    s.foreign_key.reset();
    const bool fills_itself = s.column.generated || s.column.identity != Column::Identity::none ||
                              s.fill == s.column.default_sql;
    if (fills_itself) s.fill.reset();
    emit(std::move(s));
  }
  void drop_column(const step::DropColumn& s) {
    std::erase_if(pending_, [&](const Pending& item) {
      return item.table == s.table && names(item.key.columns, s.column.name);
    });
    emit(s);
  }

  void add_constraint(const step::AddConstraint& s) {
    if (const auto* key = std::get_if<ForeignKeyConstraint>(&s.constraint)) {
      wait(s.table, *key);
    } else {
      emit(s);
    }
  }
  std::vector<Pending>::iterator find_pending(const std::string& table, const std::string& name) {
    return std::find_if(pending_.begin(), pending_.end(), [&](const Pending& item) {
      return item.table == table && item.key.name == name;
    });
  }
  void drop_constraint(const step::DropConstraint& s) {
    const auto waiting = find_pending(s.table, name_of(s.constraint));
    if (waiting == pending_.end()) {
      emit(s);
    } else {
      pending_.erase(waiting);
    }
  }
  void rename_constraint(const step::RenameConstraint& s) {
    const auto waiting = find_pending(s.table, name_of(s.before));
    if (waiting == pending_.end()) {
      emit(s);
    } else {
      waiting->key.name = s.to;
    }
  }

  /// Raw SQL and code find the keys of what is there.
  void data_step(Step step) {
    flush();
    emit(std::move(step));
  }

  /// A column under another type. What uses it and does not bear the change goes before and comes
  /// again behind it.
  void alter_column(const step::AlterColumn& s) {
    std::vector<Step> again;
    const bool type = s.before.type != s.after.type;
    if (const TablePtr table = now_.find(s.table)) {
      const bool keys =
          !same_base(s.before.type, s.after.type) || s.before.collation != s.after.collation;
      if (keys) drop_keys_of(s.table, s.before.name);
      if (type) drop_generated(s.table, s.before.name, again);
      if (!same_family(s.before.type, s.after.type)) {
        drop_expressions(s.table, s.before.name, again);
      }
    }
    emit(s);
    for (auto step = again.rbegin(); step != again.rend(); ++step) emit(std::move(*step));
  }

  /// Foreign keys on or into the column come back at the end of the operation, when both sides
  /// have their new type; each is checked once.
  void drop_keys_of(const std::string& table, const std::string& column) {
    std::vector<std::string> tables = now_.referrers(table);
    tables.push_back(table);
    for (const std::string& owner : tables) {
      const std::vector<ForeignKeyConstraint> keys = now_.at(owner).foreign_keys;
      for (const ForeignKeyConstraint& key : keys) {
        const bool on = owner == table && names(key.columns, column);
        const bool into = key.target_table == table && names(key.target_columns, column);
        if (!on && !into) continue;
        emit(step::DropConstraint{owner, key});
        wait(owner, key);
      }
    }
  }

  /// The server refuses to change what a generated column is made of. It is made again; `again` is
  /// to be run from its end.
  void drop_generated(const std::string& table, const std::string& column,
                      std::vector<Step>& again) {
    const std::vector<Column> columns = now_.at(table).columns;
    for (const Column& generated : columns) {
      if (!generated.generated || !mentions(*generated.generated, column)) continue;
      drop_keys_of(table, generated.name);
      drop_expressions(table, generated.name, again);
      drop_plain_users(table, generated.name, again);
      emit(step::DropColumn{table, generated});
      again.push_back(step::AddColumn{.table = table, .column = generated});
    }
  }
  /// Keys and plain indexes on a column.
  void drop_plain_users(const std::string& table, const std::string& column,
                        std::vector<Step>& again) {
    const Table copy = now_.at(table);
    for (const TableIndex& index : copy.indexes) {
      const bool used = names(index.include, column) ||
                        std::any_of(index.parts.begin(), index.parts.end(),
                                    [&](const IndexPart& part) { return part.column == column; });
      if (!used) continue;
      emit(step::DropIndex{table, index});
      again.push_back(step::CreateIndex{table, index});
    }
    for (const Key& key : copy.uniques) {
      if (!names(key.columns, column) && !names(key.include, column)) continue;
      emit(step::DropConstraint{table, key});
      again.push_back(step::AddConstraint{table, key});
    }
    if (copy.primary_key && names(copy.primary_key->columns, column)) {
      emit(step::SetPrimaryKey{table, copy.primary_key, std::nullopt});
      again.push_back(step::SetPrimaryKey{table, std::nullopt, copy.primary_key});
    }
  }
  /// Checks, exclusions and indexes with an expression over the column: their stored form compares
  /// values of the old type.
  void drop_expressions(const std::string& table, const std::string& column,
                        std::vector<Step>& again) {
    const Table copy = now_.at(table);
    for (const TableIndex& index : copy.indexes) {
      const bool used =
          mentions(index.condition, column) ||
          std::any_of(index.parts.begin(), index.parts.end(),
                      [&](const IndexPart& part) { return mentions(part.expression, column); });
      if (!used) continue;
      emit(step::DropIndex{table, index});
      again.push_back(step::CreateIndex{table, index});
    }
    for (const Exclusion& item : copy.exclusions) {
      const bool used =
          mentions(item.condition, column) ||
          std::any_of(item.elements.begin(), item.elements.end(), [&](const auto& element) {
            return element.first.column == column || mentions(element.first.expression, column);
          });
      if (!used) continue;
      emit(step::DropConstraint{table, item});
      again.push_back(step::AddConstraint{table, item});
    }
    for (const Check& check : copy.checks) {
      if (!mentions(check.condition, column)) continue;
      emit(step::DropConstraint{table, check});
      again.push_back(step::AddConstraint{table, check});
    }
  }

  Schema now_;
  std::vector<PlannedStep> out_{};
  std::vector<Pending> pending_{};
  std::size_t operation_ = 0;
};

}  // namespace

std::vector<PlannedStep> PostgresqlDialect::legalize(const Schema& before,
                                                     std::vector<PlannedStep> steps) const {
  return Legalizer(before).run(steps);
}

}  // namespace turnstone::postgresql
