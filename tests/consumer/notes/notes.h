#pragma once

#include <turnstone/turnstone.h>

namespace notes {

struct Note {
  std::int64_t id{};
  std::string text{};
  std::optional<turnstone::Date> due{};
  static void describe(turnstone::Model<Note>& m);
};

turnstone::App app();

}  // namespace notes
