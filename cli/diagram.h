#pragma once

#include "document.h"
#include "graphviz.h"
#include "schema_forms.h"

#include <string>
#include <vector>

namespace turnstone::cli {

/// An entity diagram of a schema: what is drawn where. All sizes are pixels.
struct DiagramRow {
  std::string mark{};  ///< `PK`, `FK`, both, or nothing
  std::string name{};
  std::string type{};  ///< as it is shown: with ` null`, and an end where it is long
};
struct DiagramTable {
  std::string name{};
  std::size_t group = 0;
  double width = 0;
  double gutter = 0;  ///< room for marks
  std::vector<DiagramRow> rows{};
  Point at{};
};
/// A foreign key, from its table to its target.
struct DiagramRelation {
  std::size_t from = 0;
  std::size_t to = 0;
  std::size_t key = 0;  ///< which of the foreign keys of its table
  std::string label{};  ///< `blog_book.author_id → blog_author.id`
  std::string path{};   ///< the line, as SVG has it
  std::string ends{};   ///< a crow's foot for many, a bar for one, a circle for none
};
/// Tables of one app or, where nothing is known of apps, with one beginning of their names.
struct DiagramGroup {
  std::string name{};
  Point at{};
  double width = 0;
  double height = 0;
};
struct Diagram {
  static constexpr double header = 30;
  static constexpr double row = 21;
  static constexpr double bottom = 4;  ///< below the last row

  std::vector<DiagramGroup> groups{};  ///< by name
  std::vector<DiagramTable> tables{};  ///< as the schema has them
  std::vector<DiagramRelation> relations{};
  bool framed = false;  ///< groups are areas; else only colours tell them apart
  double width = 0;
  double height = 0;
};

/// Few tables are placed together, many by group. The same schema gives the same diagram.
Diagram diagram_of(const ShownSchema& shown);
/// A picture of its own, `title` above it.
std::string diagram_svg(const Diagram& diagram, const std::string& title);
/// The same for the script of the page.
Document diagram_document(const Diagram& diagram);

}  // namespace turnstone::cli
