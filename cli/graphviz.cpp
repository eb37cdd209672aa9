#include "graphviz.h"

#include <turnstone/error.h>

#include <gvc.h>

#include <string>

// The one file that knows Graphviz. It is compiled alone, as `gvc.h` has macros for everything.

// Of the leak sanitizer, where it is there: Graphviz does not give everything back.
extern "C" {
[[gnu::weak]] void __lsan_disable();
[[gnu::weak]] void __lsan_enable();
}

namespace turnstone::cli {
namespace {

char* text_of(const std::string& text) { return const_cast<char*>(text.c_str()); }

/// What Graphviz says is for its own users.
int say_nothing(char*) { return 0; }

/// A graph of Graphviz, with everything it holds.
class Drawing {
 public:
  Drawing() {
    if (__lsan_disable) __lsan_disable();
    agseterrf(say_nothing);
    context_ = gvContext();
    graph_ = agopen(text_of("schema"), Agdirected, nullptr);
    const std::pair<int, std::pair<const char*, const char*>> defaults[] = {
        {AGRAPH, {"rankdir", "LR"}}, {AGRAPH, {"nodesep", "0.35"}},   {AGRAPH, {"ranksep", "0.9"}},
        {AGRAPH, {"pack", "16"}},    {AGRAPH, {"packmode", "graph"}}, {AGNODE, {"shape", "plain"}},
        {AGNODE, {"label", ""}},     {AGEDGE, {"arrowhead", "none"}}, {AGEDGE, {"tailport", ""}},
        {AGEDGE, {"headport", ""}},
    };
    for (const auto& [kind, entry] : defaults) {
      agattr(graph_, kind, text_of(entry.first), text_of(entry.second));
    }
  }
  ~Drawing() {
    if (laid_out_) gvFreeLayout(context_, graph_);
    agclose(graph_);
    gvFreeContext(context_);
    if (__lsan_enable) __lsan_enable();
  }
  Drawing(const Drawing&) = delete;
  Drawing& operator=(const Drawing&) = delete;

  /// A table of empty cells, each a port: `shape` and size without a letter of text.
  Agnode_t* add(const PlacedBox& box) {
    std::string label = "<table border=\"0\" cellborder=\"0\" cellspacing=\"0\" cellpadding=\"0\">";
    for (std::size_t i = 0; i < box.rows.size(); ++i) {
      label += "<tr><td fixedsize=\"true\" width=\"" + std::to_string(int(box.width)) +
               "\" height=\"" + std::to_string(int(box.rows[i])) + "\" port=\"r" +
               std::to_string(i) + "\"></td></tr>";
    }
    Agnode_t* node = agnode(graph_, nullptr, 1);
    char* html = agstrdup_html(graph_, text_of(label + "</table>"));
    agset(node, text_of("label"), html);
    agstrfree(graph_, html);
    return node;
  }

  Agedge_t* add(Agnode_t* from, Agnode_t* to, const PlacedLine& line) {
    Agedge_t* edge = agedge(graph_, from, to, nullptr, 1);
    set(edge, "tailport", "r" + std::to_string(line.from_row) + ":e");
    set(edge, "headport", "r" + std::to_string(line.to_row) + ":w");
    return edge;
  }

  void lay_out() {
    laid_out_ = gvLayout(context_, graph_, "dot") == 0;
    if (laid_out_) return;
    throw Error(ErrorKind::unsupported, "Graphviz cannot lay the diagram out", {},
                "its programs' own setup may be missing: run \"dot -c\" as root");
  }

  double width() const { return GD_bb(graph_).UR.x - GD_bb(graph_).LL.x; }
  double height() const { return GD_bb(graph_).UR.y - GD_bb(graph_).LL.y; }
  /// The same place seen from the upper left corner.
  Point turned(double x, double y) const {
    return {x - GD_bb(graph_).LL.x, GD_bb(graph_).UR.y - y};
  }
  Point corner(Agnode_t* node) const {
    return turned(ND_coord(node).x - ND_lw(node), ND_coord(node).y + ND_ht(node) / 2);
  }
  std::vector<Point> curve(Agedge_t* edge) const {
    std::vector<Point> points;
    const splines* all = ED_spl(edge);
    if (!all || all->size != 1) return points;
    const bezier& pieces = all->list[0];
    for (int i = 0; i < pieces.size; ++i) {
      points.push_back(turned(pieces.list[i].x, pieces.list[i].y));
    }
    return points;
  }

 private:
  static void set(Agedge_t* edge, const char* name, const std::string& value) {
    agset(edge, text_of(name), text_of(value));
  }

  GVC_t* context_ = nullptr;
  Agraph_t* graph_ = nullptr;
  bool laid_out_ = false;
};

}  // namespace

void place(Placement& placement) {
  if (placement.boxes.empty()) return;
  Drawing drawing;
  std::vector<Agnode_t*> nodes;
  for (const PlacedBox& box : placement.boxes) nodes.push_back(drawing.add(box));
  std::vector<Agedge_t*> edges;
  for (const PlacedLine& line : placement.lines) {
    edges.push_back(drawing.add(nodes[line.from], nodes[line.to], line));
  }
  drawing.lay_out();
  placement.width = drawing.width();
  placement.height = drawing.height();
  for (std::size_t i = 0; i < nodes.size(); ++i) placement.boxes[i].at = drawing.corner(nodes[i]);
  for (std::size_t i = 0; i < edges.size(); ++i) {
    placement.lines[i].curve = drawing.curve(edges[i]);
  }
}

}  // namespace turnstone::cli
