#pragma once

#include <turnstone/values.h>

#include <string>
#include <utility>
#include <vector>

namespace turnstone::postgresql {

/// Items of a JSON array, in order. Requires: `array.is_array()`.
std::vector<Json> json_items(const Json& array);
/// Members of a JSON object, in the document's order. Requires: `object.is_object()`.
std::vector<std::pair<std::string, Json>> json_members(const Json& object);

}  // namespace turnstone::postgresql
