#pragma once

#include "json/tree.h"

namespace turnstone::test {

// JSON Schemas (draft 2020-12) of Turnstone's files, made from the tables that its readers go by:
// what `schemas/` must say.

json::Tree project_schema();
json::Tree models_schema();
json::Tree migration_schema();
json::Tree snapshot_schema();

}  // namespace turnstone::test
