#pragma once

#include <turnstone/app.h>

#include "common/timestamped.h"

namespace shop::catalog {
struct Product;
}
namespace shop::customers {
struct Customer;
}

namespace shop::orders {

enum class Status { open, paid, shipped, cancelled };
constexpr auto turnstone_choices(Status) {  // found beside the enum
  using enum Status;
  return turnstone::choices<Status>({{open, "O", "Open"},
                                     {paid, "P", "Paid"},
                                     {shipped, "S", "Shipped"},
                                     {cancelled, "X", "Cancelled"}});
}

struct Order : TimeStamped {
  turnstone::Uuid id{};
  turnstone::ForeignKey<customers::Customer> customer{};
  Status status = Status::open;
  turnstone::Decimal total{};
  static void describe(turnstone::Model<Order>& m);
};

struct OrderLine {
  std::int64_t id{};
  turnstone::ForeignKey<Order, turnstone::Uuid> order{};
  turnstone::ForeignKey<catalog::Product> product{};
  std::int32_t amount{};
  turnstone::Decimal unit_price{};
  static void describe(turnstone::Model<OrderLine>& m);
};

turnstone::App app();

}  // namespace shop::orders
