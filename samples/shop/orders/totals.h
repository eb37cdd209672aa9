#pragma once

#include <turnstone/migrations/functions.h>

namespace shop::orders {

/// Fills `Order.total`, which is new, from the lines of every order.
void fill_totals(turnstone::migrations::MigrationContext& context);

}  // namespace shop::orders
