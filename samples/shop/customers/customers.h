#pragma once

#include <turnstone/app.h>

#include "common/timestamped.h"

namespace shop::orders {
struct Order;
}

namespace shop::customers {

struct Customer : TimeStamped {
  std::int64_t id{};
  std::string name{};
  std::string email{};
  std::string city{};
  std::optional<turnstone::ForeignKey<orders::Order, turnstone::Uuid>> last_order{};
  static void describe(turnstone::Model<Customer>& m);
};

turnstone::App app();

}  // namespace shop::customers
