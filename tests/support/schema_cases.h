#pragma once

#include <string>

namespace turnstone::test {

/// A text that a test gave to a reader, or that a command printed, kept for `schemas/check.py` when
/// TURNSTONE_SCHEMA_CASES names a folder for it; else nothing happens. `kind` is a schema's name
/// (`output/COMMAND` for what a command printed), `label` says what the case is about.
void keep_schema_case(const std::string& kind, bool accepted, const std::string& label,
                      const std::string& text);

}  // namespace turnstone::test
