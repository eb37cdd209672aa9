#include "orders/orders.h"

#include "orders/totals.h"

namespace shop::orders {

using namespace turnstone;

void Order::describe(Model<Order>& m) {
  m.inherit<TimeStamped>();
  m.field<&Order::id>().primary_key().default_function("uuid4");
  m.field<&Order::customer>().on_delete(PROTECT).related_name("orders");
  m.field<&Order::status>().default_value(Status::open);
  m.field<&Order::total>().digits(12, 2);
  m.index<&Order::status, &Order::created_at>("order_status_created");
}

void OrderLine::describe(Model<OrderLine>& m) {
  m.field<&OrderLine::id>().primary_key();
  m.field<&OrderLine::order>().on_delete(CASCADE).related_name("lines");
  m.field<&OrderLine::product>().on_delete(PROTECT).related_name("+");
  m.field<&OrderLine::amount>();
  m.field<&OrderLine::unit_price>().digits(10, 2);
  m.unique_together<&OrderLine::order, &OrderLine::product>("line_once_per_order");
}

App app() {
  return App("orders").models<Order, OrderLine>().function("orders.fill_totals", fill_totals);
}

}  // namespace shop::orders
