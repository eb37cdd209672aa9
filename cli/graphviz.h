#pragma once

#include <cstddef>
#include <vector>

namespace turnstone::cli {

/// Where something is drawn, in pixels from the upper left corner.
struct Point {
  double x = 0;
  double y = 0;
};

/// A box made of rows below each other, to be placed.
struct PlacedBox {
  double width = 0;
  std::vector<double> rows{};  ///< heights
  Point at{};                  ///< its upper left corner, filled
};
/// A line from the right side of a row to the left side of another box's row.
struct PlacedLine {
  std::size_t from = 0;
  std::size_t from_row = 0;
  std::size_t to = 0;
  std::size_t to_row = 0;
  std::vector<Point> curve{};  ///< a start, then three points for each piece of Bézier's; filled
};
/// Boxes and lines, and the room they take.
struct Placement {
  std::vector<PlacedBox> boxes{};
  std::vector<PlacedLine> lines{};
  double width = 0;
  double height = 0;
};

/// Places boxes and lines as Graphviz's `dot` does, from left to right, what is unconnected beside
/// each other. Nothing of it depends on fonts. A line it finds no way for stays without a curve.
/// Requires: lines between different boxes. Throws Error{unsupported} where Graphviz cannot be
/// used.
void place(Placement& placement);

}  // namespace turnstone::cli
