#include "page.h"

#include <algorithm>

#include "page/texts.h"

namespace turnstone::cli {
namespace {

using migrations::Graph;
using migrations::Migration;
using migrations::MigrationId;

std::vector<std::string> texts_of(const std::vector<MigrationId>& ids) {
  std::vector<std::string> texts;
  for (const MigrationId& id : ids) texts.push_back(id.text());
  return texts;
}

Document migrations_document(const Graph& graph) {
  Document list = Document::array();
  for (const MigrationId& id : graph.full_order()) {
    const Migration& migration = graph.at(id);
    const auto& parents = graph.parents(id);
    std::vector<std::string> words;
    for (const migrations::Operation& operation : migration.operations) {
      words.push_back(migrations::describe(operation));
    }
    Document item = Document::object();
    item.set("app", id.app)
        .set("name", id.name)
        .set("parents", texts_of({parents.begin(), parents.end()}))
        .set("operations", words);
    if (!migration.replaces.empty()) item.set("replaces", texts_of(migration.replaces));
    list.add(item);
  }
  return list;
}

Document databases_document(const Page& page) {
  Document list = Document::array();
  for (const PageDatabase& database : page.databases) {
    Document item = Document::object();
    item.set("name", database.name).set("asked", database.asked);
    item.set("elsewhere", database.elsewhere);
    Document applied = Document::object();
    for (const MigrationId& id : page.graph->full_order()) {
      if (!database.asked || !migrations::is_applied(*page.graph, database.history, id)) continue;
      const migrations::AppliedMigration* row = database.history.find(id);
      applied.set(id.text(), row ? row->applied : std::string());
    }
    item.set("applied", applied);
    if (database.asked) {
      item.set("edited", texts_of(edited_files(*page.graph, database.history)));
      item.set("unknown", texts_of(unknown_rows(*page.graph, database.history)));
    }
    list.add(item);
  }
  return list;
}

Document logs_document(const Page& page) {
  Document document = Document::object();
  for (const DiagramTable& table : page.diagram.tables) {
    const auto log = page.logs.find(table.name);
    if (log == page.logs.end()) continue;
    Document entries = Document::array();
    for (const TableLogEntry& entry : log->second) {
      std::vector<std::string> words;
      for (const SchemaDifference& change : entry.changes) words.push_back(change_in_words(change));
      Document item = Document::object();
      entries.add(item.set("migration", entry.migration.text()).set("words", words));
    }
    document.set(table.name, entries);
  }
  return document;
}

std::string data_of(const Page& page) {
  Document document = Document::object();
  document.set("title", page.title)
      .set("dialect", page.dialect)
      .set("schema", page.schema)
      .set("diagram", diagram_document(page.diagram));
  if (page.graph) {
    document.set("migrations", migrations_document(*page.graph))
        .set("databases", databases_document(page))
        .set("logs", logs_document(page));
  }
  return document.text();
}

/// JSON that nothing in a script element can take for markup.
std::string without_markup(const std::string& json) {
  std::string text;
  for (const char c : json) {
    if (c == '<') {
      text += "\\u003c";
    } else {
      text += c;
    }
  }
  return text;
}

}  // namespace

std::string_view page_file(std::string_view name) {
  const std::vector<EmbeddedText>& files = page_texts();
  return std::find_if(files.begin(), files.end(),
                      [&](const EmbeddedText& file) { return file.name == name; })
      ->text;
}

std::string page_text(const Page& page) {
  const std::map<std::string_view, std::string> parts = {
      {"@title@", escaped_markup(page.title)},
      {"@style@", std::string(page_file("diagram")) + std::string(page_file("style"))},
      {"@data@", without_markup(data_of(page))},
      {"@script@", std::string(page_file("script"))},
  };
  std::string text;
  std::string_view rest = page_file("page");
  while (!rest.empty()) {
    // What was put in is not looked at again.
    std::size_t at = rest.size();
    std::string_view found;
    for (const auto& part : parts) {
      const std::size_t here = rest.find(part.first);
      if (here < at) {
        at = here;
        found = part.first;
      }
    }
    text += rest.substr(0, at);
    if (!found.empty()) text += parts.at(found);
    rest.remove_prefix(std::min(rest.size(), at + found.size()));
  }
  return text;
}

}  // namespace turnstone::cli
