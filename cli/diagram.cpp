#include "diagram.h"

#include <turnstone/identifier.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "page/texts.h"

namespace turnstone::cli {
namespace {

constexpr std::size_t few_tables = 40;  ///< up to here they are placed together
constexpr double padding = 28;          ///< of an area
constexpr double title_height = 46;     ///< of an area
constexpr double gap = 48;              ///< between areas

/// How wide a letter is, as a part of the size of a wide font of screens.
double width_of(char32_t letter) {
  if (letter >= 0x1100) return 1.0;
  if (letter >= 0x80) return 0.66;
  const std::string_view narrow = "fijlrt.,:;'|!()[] ";
  const char c = static_cast<char>(letter);
  if (narrow.find(c) != std::string_view::npos) return 0.38;
  if (c == 'm' || c == 'w' || c == 'M' || c == 'W' || c == '@' || c == '%') return 0.98;
  return c >= 'A' && c <= 'Z' ? 0.7 : 0.62;
}

/// The letters of UTF-8.
std::u32string letters_of(const std::string& text) {
  std::u32string letters;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) letters += byte;
    if (byte >= 0xE0) letters += 0x2000;  // how many bytes tells enough of its width
    if (byte >= 0xC0 && byte < 0xE0) letters += 0x80;
  }
  return letters;
}

double text_width(const std::string& text, double size) {
  double width = 0;
  for (const char32_t letter : letters_of(text)) width += width_of(letter);
  return std::ceil(width * size);
}

/// At most `limit` letters of `text`.
std::string shortened(const std::string& text, std::size_t limit) {
  if (letters_of(text).size() <= limit) return text;
  std::size_t at = 0;
  for (std::size_t letters = 0; at < text.size(); ++at) {
    const bool begins = (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
    if (begins && ++letters == limit) break;
  }
  return text.substr(0, at) + "…";
}

DiagramTable drawn_table(const Table& table) {
  DiagramTable drawn{.name = table.name, .gutter = 12};
  double names = 0;
  double types = 0;
  for (const Column& column : table.columns) {
    const bool key = is_in_key(table, column.name);
    const bool foreign = is_in_foreign_key(table, column.name);
    DiagramRow row{
        .mark = std::string(key ? "PK" : "") + (key && foreign ? " " : "") + (foreign ? "FK" : ""),
        .name = column.name,
        .type = shortened(column.type, 30) + (column.nullable ? " null" : "")};
    names = std::max(names, text_width(row.name, 12));
    types = std::max(types, text_width(row.type, 11));
    if (!row.mark.empty()) drawn.gutter = std::max(drawn.gutter, key && foreign ? 50.0 : 32.0);
    drawn.rows.push_back(row);
  }
  const double columns = drawn.gutter + names + 16 + types + 12;
  drawn.width = std::max({120.0, columns, text_width(table.name, 13) * 1.08 + 24});
  drawn.width = std::ceil(drawn.width);
  return drawn;
}

double height_of(const DiagramTable& table) {
  return Diagram::header + static_cast<double>(table.rows.size()) * Diagram::row + Diagram::bottom;
}

/// What tables without a model are grouped by: their schema, or the beginning of their name.
std::string beginning_of(const std::string& table) {
  const std::size_t dot = table.find('.');
  if (dot != std::string::npos) return table.substr(0, dot);
  const std::size_t line = table.find('_');
  return line == std::string::npos || line == 0 ? std::string() : table.substr(0, line);
}

std::vector<std::string> group_names(const ShownSchema& shown) {
  std::vector<std::string> names;
  std::map<std::string, int> beginnings;
  shown.schema.each([&](const Table& table) {
    const auto model = shown.models.find(table.name);
    if (model != shown.models.end()) {
      names.push_back(model->second.substr(0, model->second.find('.')));
    } else {
      names.push_back(beginning_of(table.name));
      ++beginnings[names.back()];
    }
  });
  for (std::string& name : names) {
    const auto begun = beginnings.find(name);
    if (begun != beginnings.end() && begun->second < 2) name.clear();
  }
  return names;
}

void add_tables(Diagram& diagram, const ShownSchema& shown) {
  const std::vector<std::string> names = group_names(shown);
  std::map<std::string, std::size_t> groups;
  for (const std::string& name : names) groups[name] = 0;
  for (auto& [name, index] : groups) {
    index = diagram.groups.size();
    diagram.groups.push_back({.name = name.empty() ? "others" : name});
  }
  shown.schema.each([&](const Table& table) {
    diagram.tables.push_back(drawn_table(table));
    diagram.tables.back().group = groups.at(names[diagram.tables.size() - 1]);
  });
}

/// A foreign key on its way to become a relation.
struct Tie {
  DiagramRelation relation{};
  std::size_t from_row = 0;  ///< 0 is the header
  std::size_t to_row = 0;
  bool unique = false;
  bool optional = false;
  std::vector<Point> curve{};  ///< from the target, where Graphviz drew it
};

std::size_t row_of(const DiagramTable& table, const std::vector<std::string>& columns) {
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    if (!columns.empty() && table.rows[i].name == columns.front()) return i + 1;
  }
  return 0;
}

std::vector<Tie> ties_of(const Diagram& diagram, const ShownSchema& shown) {
  std::map<std::string, std::size_t> places;
  for (const DiagramTable& table : diagram.tables) places.emplace(table.name, places.size());
  std::vector<Tie> ties;
  shown.schema.each([&](const Table& table) {
    for (std::size_t i = 0; i < table.foreign_keys.size(); ++i) {
      const ForeignKeyConstraint& key = table.foreign_keys[i];
      const auto target = places.find(key.target_table);
      if (target == places.end()) continue;
      Tie tie{.unique = is_unique_key(table, key), .optional = may_be_null(table, key)};
      tie.relation.key = i;
      tie.relation.from = places.at(table.name);
      tie.relation.to = target->second;
      tie.relation.label = table.name + "." + join(key.columns, ", ") + " → " + key.target_table +
                           "." + join(key.target_columns, ", ");
      tie.from_row = row_of(diagram.tables[tie.relation.from], key.columns);
      tie.to_row = row_of(diagram.tables[tie.relation.to], key.target_columns);
      ties.push_back(std::move(tie));
    }
  });
  return ties;
}

/// Some tables, placed by Graphviz with the ties between them.
struct Area {
  std::vector<std::size_t> tables{};
  std::vector<std::size_t> ties{};
  std::vector<bool> guides{};  ///< for each tie: it was placed, but not drawn
  Placement placement{};
};

double height_of(const PlacedBox& box) {
  double height = 0;
  for (const double row : box.rows) height += row;
  return height;
}

/// How high a column of tables may get.
double column_limit(const Placement& placement) {
  double space = 0;
  for (const PlacedBox& box : placement.boxes) space += (height_of(box) + 24) * (box.width + 90);
  return std::max(900.0, std::sqrt(space));
}

/// Many tables that refer to one would stand in one endless column. Those that are too many go on
/// in further columns: a guide from a table of the column before, not drawn, takes the place of
/// their line. Gives which lines are guides.
std::vector<bool> guide(Placement& placement) {
  struct Columns {
    std::vector<std::size_t> before{};
    std::vector<std::size_t> last{};
    double height = 0;
  };
  const double limit = column_limit(placement);
  std::map<std::size_t, Columns> of_targets;
  std::vector<bool> guides;
  for (PlacedLine& line : placement.lines) {
    Columns& columns = of_targets[line.from];
    if (columns.height > limit) {
      columns.before = std::move(columns.last);
      columns.last.clear();
      columns.height = 0;
    }
    columns.height += height_of(placement.boxes[line.to]) + 24;
    columns.last.push_back(line.to);
    const std::size_t place = columns.last.size() - 1;
    const bool far = place < columns.before.size() && columns.before[place] != line.to;
    if (far) line = {.from = columns.before[place], .to = line.to};
    guides.push_back(far);
  }
  return guides;
}

void lay_out(Area& area, const Diagram& diagram, const std::vector<Tie>& ties) {
  std::map<std::size_t, std::size_t> places;
  for (const std::size_t index : area.tables) {
    const DiagramTable& table = diagram.tables[index];
    places.emplace(index, places.size());
    PlacedBox box{.width = table.width, .rows = {Diagram::header}};
    box.rows.resize(table.rows.size() + 1, Diagram::row);
    box.rows.back() += Diagram::bottom;
    area.placement.boxes.push_back(std::move(box));
  }
  for (const std::size_t index : area.ties) {
    const Tie& tie = ties[index];
    area.placement.lines.push_back({.from = places.at(tie.relation.to),
                                    .from_row = tie.to_row,
                                    .to = places.at(tie.relation.from),
                                    .to_row = tie.from_row});
  }
  area.guides = guide(area.placement);
  place(area.placement);
}

/// Moves what was placed to where its area is.
void settle(const Area& area, const Point& at, Diagram& diagram, std::vector<Tie>& ties) {
  for (std::size_t i = 0; i < area.tables.size(); ++i) {
    const Point& corner = area.placement.boxes[i].at;
    diagram.tables[area.tables[i]].at = {std::round(corner.x + at.x), std::round(corner.y + at.y)};
  }
  for (std::size_t i = 0; i < area.ties.size(); ++i) {
    if (area.guides[i]) continue;
    std::vector<Point>& curve = ties[area.ties[i]].curve;
    curve = area.placement.lines[i].curve;
    for (Point& point : curve) point = {point.x + at.x, point.y + at.y};
  }
}

/// The area of each group, or one of all tables.
std::vector<Area> areas_of(const Diagram& diagram, const std::vector<Tie>& ties) {
  const auto area_of = [&](std::size_t table) {
    return diagram.framed ? diagram.tables[table].group : 0;
  };
  std::vector<Area> areas(diagram.framed ? diagram.groups.size() : 1);
  for (std::size_t i = 0; i < diagram.tables.size(); ++i) areas[area_of(i)].tables.push_back(i);
  for (std::size_t i = 0; i < ties.size(); ++i) {
    const DiagramRelation& relation = ties[i].relation;
    const std::size_t area = area_of(relation.from);
    if (relation.from != relation.to && area == area_of(relation.to)) areas[area].ties.push_back(i);
  }
  return areas;
}

/// Areas in rows, high ones first, about as wide as a screen is.
void arrange(Diagram& diagram, const std::vector<Area>& areas, std::vector<Tie>& ties) {
  std::vector<std::size_t> order;
  double space = 0;
  double widest = 0;
  for (std::size_t i = 0; i < areas.size(); ++i) {
    DiagramGroup& group = diagram.groups[i];
    order.push_back(i);
    group.width =
        std::max(areas[i].placement.width + 2 * padding, text_width(group.name, 22) + 2 * padding);
    group.height = areas[i].placement.height + title_height + padding;
    space += (group.width + gap) * (group.height + gap);
    widest = std::max(widest, group.width);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return diagram.groups[a].height > diagram.groups[b].height;
  });
  const double limit = std::max(widest, std::sqrt(space * 1.8));
  Point at;
  double below = 0;
  for (const std::size_t index : order) {
    DiagramGroup& group = diagram.groups[index];
    if (at.x > 0 && at.x + group.width > limit) at = {0, below + gap};
    group.at = at;
    settle(areas[index], {at.x + padding, at.y + title_height}, diagram, ties);
    at.x += group.width + gap;
    below = std::max(below, at.y + group.height);
    diagram.width = std::max(diagram.width, at.x - gap);
  }
  diagram.height = below;
}

/// The left or right side of a row.
Point side_of(const DiagramTable& table, std::size_t row, int side) {
  const double y = row == 0 ? Diagram::header / 2
                            : Diagram::header + (static_cast<double>(row) - 0.5) * Diagram::row;
  return {side < 0 ? table.at.x : table.at.x + table.width, table.at.y + y};
}

std::string written(const Point& point) { return fmt::format("{:.0f} {:.0f}", point.x, point.y); }

/// What stands where a line meets a table: `side` is 1 on its right.
std::string foot(const Point& at, int side) {
  return "M" + written({at.x, at.y - 5}) + "L" + written({at.x + side * 11, at.y}) + "L" +
         written({at.x, at.y + 5});
}
std::string bar(const Point& at, int side) {
  return "M" + written({at.x + side * 7, at.y - 5}) + "v10";
}
std::string circle(const Point& at, int side) {
  return "M" + written({at.x + side * 6, at.y}) +
         fmt::format("a4 4 0 1 0 {0} 0a4 4 0 1 0 {1} 0z", side * 8, -side * 8);
}

void draw_relation(Diagram& diagram, Tie& tie) {
  const DiagramTable& from = diagram.tables[tie.relation.from];
  const DiagramTable& to = diagram.tables[tie.relation.to];
  // Seen from each table, the side the line is on.
  int at_from = -1;
  int at_to = 1;
  if (tie.curve.empty() && to.at.x >= from.at.x + from.width) {
    at_from = 1;
    at_to = -1;
  } else if (tie.curve.empty() && to.at.x + to.width > from.at.x) {
    at_from = 1;
  }
  const Point start = side_of(to, tie.to_row, at_to);
  const Point end = side_of(from, tie.from_row, at_from);
  if (tie.curve.empty()) {
    const double reach = at_from == at_to ? 36 + std::min(160.0, std::abs(end.y - start.y) / 6)
                                          : std::clamp(std::abs(end.x - start.x) / 2, 50.0, 400.0);
    const double outmost = std::max(start.x, end.x);
    const bool loop = at_from == at_to;
    if (loop) diagram.width = std::max(diagram.width, outmost + reach);
    tie.curve = {start,
                 {loop ? outmost + reach : start.x + at_to * reach, start.y},
                 {loop ? outmost + reach : end.x + at_from * reach, end.y},
                 end};
  }
  tie.curve.front() = start;
  tie.curve.back() = end;
  std::string path = "M" + written(tie.curve.front()) + "C";
  for (std::size_t i = 1; i < tie.curve.size(); ++i) {
    path += (i == 1 ? "" : " ") + written(tie.curve[i]);
  }
  tie.relation.path = path;
  tie.relation.ends = (tie.unique ? bar(end, at_from) : foot(end, at_from)) +
                      (tie.optional ? circle(start, at_to) : bar(start, at_to));
}

std::string text_element(const char* kind, double x, double y, const std::string& text) {
  return fmt::format("<text class=\"{}\" x=\"{:.0f}\" y=\"{:.0f}\">{}</text>", kind, x, y,
                     escaped_markup(text));
}

std::string table_svg(const DiagramTable& table) {
  const double height = height_of(table);
  std::string text = fmt::format(
      "<g class=\"table hue{}\" transform=\"translate({:.0f} {:.0f})\">"
      "<rect class=\"box\" width=\"{:.0f}\" height=\"{:.0f}\" rx=\"6\"/>"
      "<path class=\"head\" d=\"M0 {:.0f}V6a6 6 0 0 1 6-6H{:.0f}a6 6 0 0 1 6 6V{:.0f}z\"/>",
      table.group % 12, table.at.x, table.at.y, table.width, height, Diagram::header,
      table.width - 6, Diagram::header);
  text += text_element("name", 12, 20, table.name);
  double y = Diagram::header;
  for (const DiagramRow& row : table.rows) {
    if (!row.mark.empty()) text += text_element("mark", 8, y + 14, row.mark);
    text += text_element("column", table.gutter, y + 15, row.name);
    text += text_element("type", table.width - 10, y + 15, row.type);
    y += Diagram::row;
  }
  return text + "</g>\n";
}

Document place_document(const Point& at, double width, double height) {
  return Document::from_json(
      fmt::format("[{:.0f},{:.0f},{:.0f},{:.0f}]", at.x, at.y, width, height));
}

}  // namespace

Diagram diagram_of(const ShownSchema& shown) {
  Diagram diagram;
  add_tables(diagram, shown);
  if (diagram.tables.empty()) return diagram;
  diagram.framed = diagram.groups.size() > 1 && diagram.tables.size() > few_tables;
  std::vector<Tie> ties = ties_of(diagram, shown);
  std::vector<Area> areas = areas_of(diagram, ties);
  for (Area& area : areas) lay_out(area, diagram, ties);
  if (diagram.framed) {
    arrange(diagram, areas, ties);
  } else {
    settle(areas.front(), {}, diagram, ties);
    diagram.width = areas.front().placement.width;
    diagram.height = areas.front().placement.height;
  }
  for (Tie& tie : ties) {
    draw_relation(diagram, tie);
    diagram.relations.push_back(std::move(tie.relation));
  }
  return diagram;
}

std::string diagram_svg(const Diagram& diagram, const std::string& title) {
  const double margin = 40;
  const double above = 64;
  std::string text = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
      "viewBox=\"{2:.0f} {3:.0f} {0:.0f} {1:.0f}\">\n",
      std::max(diagram.width, 400.0) + 2 * margin, diagram.height + margin + above, -margin,
      -above);
  text += "<title>" + escaped_markup(title) + "</title>\n<style>\n" +
          std::string(page_file("diagram")) + "</style>\n";
  text += fmt::format(
      "<rect class=\"ground\" x=\"{:.0f}\" y=\"{:.0f}\" width=\"100%\" "
      "height=\"100%\"/>\n",
      -margin, -above);
  text += text_element("title", 0, -26, title) + "\n";
  for (std::size_t i = 0; diagram.framed && i < diagram.groups.size(); ++i) {
    const DiagramGroup& group = diagram.groups[i];
    text += fmt::format(
                "<g class=\"group hue{}\"><rect class=\"area\" x=\"{:.0f}\" y=\"{:.0f}\" "
                "width=\"{:.0f}\" height=\"{:.0f}\" rx=\"14\"/>",
                i % 12, group.at.x, group.at.y, group.width, group.height) +
            text_element("app", group.at.x + padding, group.at.y + 32, group.name) + "</g>\n";
  }
  for (const DiagramRelation& relation : diagram.relations) {
    text += "<g class=\"relation\"><title>" + escaped_markup(relation.label) +
            "</title><path d=\"" + relation.path + "\"/><path class=\"end\" d=\"" + relation.ends +
            "\"/></g>\n";
  }
  for (const DiagramTable& table : diagram.tables) text += table_svg(table);
  return text + "</svg>\n";
}

Document diagram_document(const Diagram& diagram) {
  Document groups = Document::array();
  for (const DiagramGroup& group : diagram.groups) {
    Document item = Document::object();
    groups.add(item.set("name", group.name)
                   .set("place", place_document(group.at, group.width, group.height)));
  }
  Document tables = Document::array();
  for (const DiagramTable& table : diagram.tables) {
    Document rows = Document::array();
    for (const DiagramRow& row : table.rows) {
      rows.add(Document(std::vector<std::string>{row.mark, row.name, row.type}));
    }
    Document item = Document::object();
    tables.add(item.set("group", table.group)
                   .set("place", place_document(table.at, table.width, height_of(table)))
                   .set("gutter", static_cast<int>(table.gutter))
                   .set("rows", rows));
  }
  Document relations = Document::array();
  for (const DiagramRelation& relation : diagram.relations) {
    Document item = Document::object();
    relations.add(item.set("from", relation.from)
                      .set("to", relation.to)
                      .set("key", relation.key)
                      .set("label", relation.label)
                      .set("path", relation.path)
                      .set("ends", relation.ends));
  }
  Document document = Document::object();
  return document.set("framed", diagram.framed)
      .set("header", static_cast<int>(Diagram::header))
      .set("row", static_cast<int>(Diagram::row))
      .set("place", place_document({}, diagram.width, diagram.height))
      .set("groups", groups)
      .set("tables", tables)
      .set("relations", relations);
}

}  // namespace turnstone::cli
