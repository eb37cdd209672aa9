#pragma once

#include "diagram.h"
#include "histories.h"
#include "table_log.h"

#include <map>
#include <string>
#include <vector>

namespace turnstone::cli {

/// A database of the project, and what it has applied where it was asked.
struct PageDatabase {
  std::string name{};
  bool asked = false;
  std::vector<std::string> elsewhere{};  ///< apps that do not live in it
  migrations::History history{};
};

/// What one page shows.
struct Page {
  std::string title{};
  std::string dialect{};
  Document schema{};  ///< `schema_document`
  Diagram diagram{};
  const migrations::Graph* graph = nullptr;  ///< none: there is no project
  std::map<std::string, TableLog> logs{};
  std::vector<PageDatabase> databases{};
};

/// One HTML file that needs no other: diagram, details, migrations and what they did.
std::string page_text(const Page& page);

}  // namespace turnstone::cli
