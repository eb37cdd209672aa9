#pragma once

#include "document.h"

#include <turnstone/db/dialect.h>
#include <turnstone/model/project_state.h>
#include <turnstone/schema/schema.h>

#include <map>
#include <string>
#include <vector>

namespace turnstone::cli {

/// A schema that is shown, and what is known of its tables.
struct ShownSchema {
  Schema schema{};
  std::map<std::string, std::string> models{};  ///< `app.Model`, by table
  std::vector<DatabaseObject> objects{};        ///< of a live database
};

bool is_in_key(const Table& table, const std::string& column);  ///< the primary one
bool is_in_foreign_key(const Table& table, const std::string& column);
/// True where no two rows can hold the same key.
bool is_unique_key(const Table& table, const ForeignKeyConstraint& key);
/// True where a row may refer to nothing.
bool may_be_null(const Table& table, const ForeignKeyConstraint& key);

/// Text for an element or an attribute of XML, which knows no control characters.
std::string escaped_markup(const std::string& text);

/// Tables with their definitions, line by line.
std::string schema_text(const ShownSchema& shown);
/// `tables`, each with its columns, keys, constraints and indexes, and `objects`.
Document schema_document(const ShownSchema& shown);
/// A graph for Graphviz: tables with their columns, an edge for each foreign key.
std::string schema_dot(const ShownSchema& shown);
/// An entity relationship diagram for Mermaid. Names have the letters Mermaid takes.
std::string schema_mermaid(const ShownSchema& shown);

}  // namespace turnstone::cli
