#include "graph_drawing.h"

#include <algorithm>

namespace turnstone::cli {

/// A stroke for every column that leads somewhere.
std::string GraphDrawing::lines() const {
  std::string row(columns_.size() * 2, ' ');
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (!columns_[i].empty()) row[2 * i] = '|';
  }
  return row;
}

/// The same with a line between two columns, `from` on the left: `|_|/` or `|\`.
std::string GraphDrawing::joined(std::size_t from, std::size_t to, char stroke) const {
  std::string row = lines();
  row[2 * from] = '|';
  row[2 * to] = ' ';
  for (std::size_t at = 2 * from + 1; at < 2 * to; at += 2) row[at] = '_';
  row[stroke == '/' ? 2 * to - 1 : 2 * from + 1] = stroke;
  if (stroke == '\\' && to > from + 1) row[2 * to] = '.';
  return row;
}

std::size_t GraphDrawing::column_for(const std::string& node) {
  const auto at = std::find(columns_.begin(), columns_.end(), node);
  if (at != columns_.end()) return static_cast<std::size_t>(at - columns_.begin());
  const auto free = std::find(columns_.begin(), columns_.end(), std::string());
  const auto column = static_cast<std::size_t>(free - columns_.begin());
  if (free == columns_.end()) columns_.emplace_back();
  columns_[column] = node;
  return column;
}

void GraphDrawing::drop_empty() {
  while (!columns_.empty() && columns_.back().empty()) columns_.pop_back();
}

std::vector<std::string> GraphDrawing::rows(const std::string& node,
                                            const std::vector<std::string>& parents, char mark) {
  std::vector<std::string> result;
  const std::size_t own = column_for(node);
  for (std::size_t i = columns_.size(); i-- > own + 1;) {
    if (columns_[i] != node) continue;
    result.push_back(joined(own, i, '/'));
    columns_[i].clear();
  }
  drop_empty();
  std::string row = lines();
  row[2 * own] = mark;
  result.push_back(row);
  columns_[own] = parents.empty() ? std::string() : parents.front();
  for (std::size_t i = 1; i < parents.size(); ++i) {
    const bool known = std::find(columns_.begin(), columns_.end(), parents[i]) != columns_.end();
    const std::size_t other = column_for(parents[i]);
    if (other < own) {
      // A line of its own leads there below; both come together above the parent.
      columns_.push_back(parents[i]);
      result.push_back(joined(own, columns_.size() - 1, '\\'));
      continue;
    }
    result.push_back(joined(own, other, '\\'));
    if (known) result.back()[2 * other] = '|';
  }
  drop_empty();
  for (std::string& text : result) text.erase(text.find_last_not_of(' ') + 1);
  return result;
}

}  // namespace turnstone::cli
