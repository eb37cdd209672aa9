#pragma once

#include "postgresql/postgresql.h"

namespace turnstone::postgresql {

/// SQL for PostgreSQL 14 and later. `types.cpp` has what concerns column types and values,
/// `expressions.cpp` the calls, `legalize.cpp` and `render.cpp` the steps.
class PostgresqlDialect final : public Dialect {
 public:
  std::string_view name() const override { return "postgresql"; }
  const Features& features() const override;

  Sql column_type(const Field& field) const override;
  Sql key_type(const Field& target) const override;
  Field field_of_type(const Sql& type) const override;
  std::optional<Sql> column_check(const Field& field, const std::string& column) const override;
  Sql literal(const Json& value, const Field& type) const override;
  Sql literal(const Json& value) const override;
  Sql function_value(std::string_view function, const Field& type) const override;
  std::optional<Sql> call(const Call& call) const override;

  std::string placeholder(std::size_t position) const override;
  Value to_database(const Value& value, const Field& field) const override;
  Value from_database(const Value& cell, const Field& field) const override;

  std::vector<PlannedStep> legalize(const Schema& before,
                                    std::vector<PlannedStep> steps) const override;
  Script render(const std::vector<PlannedStep>& steps, bool atomic) const override;
  std::string_view begin() const override { return "BEGIN"; }
  std::string_view begin_reading() const override {
    return "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
  }
  Sql byte_order(const Sql& column, const Field& field) const override;
  const Shell& shell() const override;
  Sql parameter(std::size_t position, const Field& type) const override;
  Sql typed(const Sql& sql, const Field& type) const override;
};

}  // namespace turnstone::postgresql
