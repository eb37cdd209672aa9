#pragma once

#include <turnstone/app.h>

#include "common/timestamped.h"

namespace shop::customers {
struct Customer;  // the three apps refer to each other in a circle: a declaration is enough
}

namespace shop::catalog {

struct Category {
  std::int64_t id{};
  std::string name{};
  std::optional<turnstone::ForeignKey<Category>> parent{};
  static void describe(turnstone::Model<Category>& m);
};

struct Product : TimeStamped {
  std::int64_t id{};
  std::string name{};
  turnstone::ForeignKey<Category> category{};
  turnstone::Decimal price{};
  std::int16_t stock = 0;
  std::optional<turnstone::ForeignKey<customers::Customer>> curator{};
  static void describe(turnstone::Model<Product>& m);
};

turnstone::App app();

}  // namespace shop::catalog
