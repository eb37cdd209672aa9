#pragma once

#include <string_view>

namespace turnstone::cli {

/// A file of the source tree that is compiled in.
struct EmbeddedText {
  std::string_view name{};  ///< of the file, without what is behind the point
  std::string_view text{};
};

}  // namespace turnstone::cli
