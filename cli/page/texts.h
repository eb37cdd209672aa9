#pragma once

#include "../embedded_text.h"

#include <vector>

namespace turnstone::cli {

/// The files of this folder, compiled in.
const std::vector<EmbeddedText>& page_texts();

/// One of them. Requires: it is there.
std::string_view page_file(std::string_view name);

}  // namespace turnstone::cli
