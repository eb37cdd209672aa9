#pragma once

#include <string>
#include <vector>

namespace turnstone::cli {

/// Draws a history in the terminal, line by line from the latest down, each line of descent in a
/// column of its own.
class GraphDrawing {
 public:
  /// What is printed for `node`: rows of lines that come together above it, the row that holds
  /// `mark`, rows of lines that part below it. Children come before their parents; the first parent
  /// goes on in the same column.
  std::vector<std::string> rows(const std::string& node, const std::vector<std::string>& parents,
                                char mark);

 private:
  std::string lines() const;
  std::string joined(std::size_t from, std::size_t to, char stroke) const;
  std::size_t column_for(const std::string& node);
  void drop_empty();

  std::vector<std::string> columns_{};  ///< the node each column leads to; empty for none
};

}  // namespace turnstone::cli
