#pragma once

#include <string_view>
#include <vector>

namespace turnstone::cli {

/// A JSON Schema of the folder `schemas/`.
struct SchemaText {
  std::string_view name{};  ///< of its file, without `.json`
  std::string_view text{};
};
/// All of them, compiled in, by name.
const std::vector<SchemaText>& schema_texts();

}  // namespace turnstone::cli
