#pragma once

#include <string>
#include <string_view>

// Internal to Turnstone: numbers of JSON with all their digits. Not installed.

namespace turnstone {

/// The canonical spelling of the JSON number `literal`: the shortest form of the nearest double
/// where that is the same number, else every digit of it. Equal numbers have equal texts.
std::string json_number(std::string_view literal, double nearest);

}  // namespace turnstone
