#include "sqlite/dialect.h"

#include "sqlite/sqlite.h"

namespace turnstone::sqlite {
namespace {

class SqliteDialect final : public Dialect {
 public:
  std::string_view name() const override { return "sqlite"; }
  const Features& features() const override {
    static const Features features{
        .unique_as_index = true, .foreign_keys_inline = true, .virtual_columns = true};
    return features;
  }
  Sql column_type(const Field& field) const override { return sqlite::column_type(field); }
  Sql key_type(const Field& target) const override { return sqlite::key_type(target); }
  Field field_of_type(const Sql& type) const override { return sqlite::field_of_type(type); }
  std::optional<Sql> column_check(const Field& field, const std::string& column) const override {
    return sqlite::column_check(field, column);
  }
  Sql literal(const Json& value, const Field& type) const override {
    return sqlite::literal(value, type);
  }
  Sql literal(const Json& value) const override { return sqlite::literal(value); }
  Sql function_value(std::string_view function, const Field& type) const override {
    return sqlite::function_value(function, type);
  }
  std::optional<Sql> call(const Call& call) const override { return sqlite::call(call); }
  std::string placeholder(std::size_t) const override { return "?"; }
  Value to_database(const Value& value, const Field& field) const override {
    return sqlite::to_database(value, field);
  }
  Value from_database(const Value& cell, const Field& field) const override {
    return sqlite::from_database(cell, field);
  }
  std::vector<PlannedStep> legalize(const Schema& before,
                                    std::vector<PlannedStep> steps) const override {
    return sqlite::legalize(before, std::move(steps));
  }
  Script render(const std::vector<PlannedStep>& steps, bool atomic) const override {
    return sqlite::render(steps, atomic);
  }
  std::string_view begin() const override { return "BEGIN IMMEDIATE"; }
  std::string_view begin_reading() const override { return "BEGIN"; }
  Sql byte_order(const Sql& column, const Field& field) const override {
    // Any other column is BINARY by itself, and its index gives the order.
    return field.db_collation.empty() ? column : column + " COLLATE BINARY";
  }
  const Shell& shell() const override { return sqlite::shell(); }
  Sql parameter(std::size_t position, const Field&) const override {
    return "?" + std::to_string(position);
  }
  Sql typed(const Sql& sql, const Field&) const override { return sql; }
};

}  // namespace

const Dialect& dialect() {
  static const SqliteDialect instance;
  return instance;
}

}  // namespace turnstone::sqlite
