#include "orders/totals.h"

namespace shop::orders {

using namespace turnstone;
using namespace turnstone::migrations;

void fill_totals(MigrationContext& context) {
  // The models as they were at that moment: this function outlives every later change of them.
  HistoricalModel orders = context.model("orders.Order");
  HistoricalModel lines = context.model("orders.OrderLine");
  orders.each([&](const HistoricalRow& order) {
    Decimal total = 0;
    for (const HistoricalRow& line : lines.rows({{"order", order["id"]}})) {
      total = total + Decimal(line.integer("amount"), 0) * std::get<Decimal>(line["unit_price"]);
    }
    orders.update({{"total", total}}, {{"id", order["id"]}});
  });
}

}  // namespace shop::orders
