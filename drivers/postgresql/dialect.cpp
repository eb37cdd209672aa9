#include "postgresql/dialect.h"

#include "postgresql/types.h"

namespace turnstone::postgresql {

const Dialect& dialect() {
  static const PostgresqlDialect instance;
  return instance;
}

const Features& PostgresqlDialect::features() const {
  static const Features features = {.max_identifier_bytes = 63,
                                    .transactional_ddl = true,
                                    .names_implicit_constraints = true,
                                    .like_indexes = true,
                                    .deferrable_unique = true,
                                    .covering_indexes = true,
                                    .nulls_distinct = true,
                                    .comments = true,
                                    .exclusion_constraints = true,
                                    .index_methods = true,
                                    .schemas = true,
                                    .virtual_columns = false,
                                    .advisory_locks = true};
  return features;
}

Sql PostgresqlDialect::byte_order(const Sql& column, const Field& field) const {
  const bool address = field.type == FieldType::generic_ip_address;
  return is_text(field.type) || address ? column + "::text COLLATE \"C\"" : column;
}

namespace {

/// The type of values beside a column of `field`: wide enough for any of them, without a length.
std::string value_type(const Field& field, const PostgresqlDialect& dialect) {
  if (field.type == FieldType::generated) return value_type(*field.output_field, dialect);
  if (is_auto(field.type) || is_integer(field.type) || is_positive(field.type)) return "bigint";
  const TypeParts parts = type_parts(dialect.column_type(field));
  const std::string base = parts.base == "varchar" ? "text" : parts.base;
  return parts.array.empty() ? base : base + "[]";
}

}  // namespace

Sql PostgresqlDialect::parameter(std::size_t position, const Field& type) const {
  const std::string place = "$" + std::to_string(position);
  return type.type == FieldType::custom ? place : place + "::" + value_type(type, *this);
}

Sql PostgresqlDialect::typed(const Sql& sql, const Field& type) const {
  return "(" + sql + ")::" + value_type(type, *this);
}

std::string PostgresqlDialect::placeholder(std::size_t position) const {
  return "$" + std::to_string(position);
}

}  // namespace turnstone::postgresql
