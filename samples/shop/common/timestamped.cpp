#include "common/timestamped.h"

namespace shop {

void TimeStamped::describe(turnstone::Model<TimeStamped>& m) {
  m.field<&TimeStamped::created_at>().auto_now_add();
  m.field<&TimeStamped::updated_at>().auto_now();
}

}  // namespace shop
