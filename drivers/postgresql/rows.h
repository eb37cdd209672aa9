#pragma once

#include <turnstone/db/dialect.h>

#include <memory>
#include <vector>

namespace turnstone::postgresql {

// Rows in bulk: what `Backend` says of `empty`, `advance_counters` and `waiting_keys`.

void empty_tables(Connection& connection, const std::vector<TablePtr>& tables);
void advance_sequences(Connection& connection, const Table& table);
std::unique_ptr<Backend::WaitingKeys> defer_keys(Connection& connection);

}  // namespace turnstone::postgresql
