#pragma once

#include <turnstone/models.h>

namespace shop {

/// What many models share: a mixin, Django's abstract base. It has no table of its own.
struct TimeStamped {
  turnstone::DateTime created_at{};
  turnstone::DateTime updated_at{};
  static void describe(turnstone::Model<TimeStamped>& m);
};

}  // namespace shop
