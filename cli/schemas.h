#pragma once

#include "embedded_text.h"

#include <vector>

namespace turnstone::cli {

/// The JSON Schemas of the folder `schemas/`, compiled in, by name.
const std::vector<EmbeddedText>& schema_texts();

}  // namespace turnstone::cli
