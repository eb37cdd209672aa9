#pragma once

#include <string>

namespace turnstone::test {

/// SQL of a database nobody managed, with a bit of everything that models can say.
std::string unmanaged_sql(const std::string& dialect);
/// Names with quotes, blanks, capitals, reserved words, Unicode, and of 63 bytes.
std::string odd_names_sql(const std::string& dialect);

}  // namespace turnstone::test
