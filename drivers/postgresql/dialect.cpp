#include "postgresql/dialect.h"

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

std::string PostgresqlDialect::placeholder(std::size_t position) const {
  return "$" + std::to_string(position);
}

}  // namespace turnstone::postgresql
