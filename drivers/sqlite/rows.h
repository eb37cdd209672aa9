#pragma once

#include <turnstone/db/dialect.h>

#include <memory>
#include <vector>

namespace turnstone::sqlite {

// Rows in bulk: what `Backend` says of `empty` and `waiting_keys`.

void empty_tables(Connection& connection, const std::vector<TablePtr>& tables);
std::unique_ptr<Backend::WaitingKeys> defer_keys(Connection& connection);

}  // namespace turnstone::sqlite
