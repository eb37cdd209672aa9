#include "schema_forms.h"

#include <turnstone/identifier.h>
#include <turnstone/schema/differences.h>

#include <algorithm>
#include <cctype>

namespace turnstone::cli {
namespace {

bool has_name(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// What SQLite is told of a whole table.
std::vector<std::string> marks_of(const Table& table) {
  std::vector<std::string> words;
  if (table.strict) words.push_back("STRICT");
  if (table.without_rowid) words.push_back("WITHOUT ROWID");
  return words;
}

/// Every line behind the columns: key, constraints, indexes, marks.
std::vector<Sql> further_definitions(const Table& table) {
  std::vector<Sql> lines;
  if (table.primary_key) {
    const Key& key = *table.primary_key;
    lines.push_back((key.name.empty() ? "" : "CONSTRAINT " + quote_identifier(key.name) + " ") +
                    "PRIMARY KEY (" + quote_identifiers(key.columns) + ")");
  }
  for (const Key& item : table.uniques) lines.push_back(definition(item));
  for (const Check& item : table.checks) lines.push_back(definition(item));
  for (const ForeignKeyConstraint& item : table.foreign_keys) lines.push_back(definition(item));
  for (const Exclusion& item : table.exclusions) lines.push_back(definition(item));
  for (const TableIndex& item : table.indexes) lines.push_back(definition(item));
  for (const std::string& word : marks_of(table)) lines.push_back(word);
  return lines;
}

template <class T>
Document definitions_of(const std::vector<T>& items) {
  Document list = Document::array();
  for (const T& item : items) {
    Document entry = Document::object();
    list.add(entry.set("name", item.name).set("definition", definition(item)));
  }
  return list;
}

Document column_document(const Column& column) {
  static const char* const identities[] = {"", "by default", "always"};
  Document item = Document::object();
  item.set("name", column.name).set("type", column.type).set("null", column.nullable);
  if (column.default_sql) item.set("default", *column.default_sql);
  item.set_if("identity", identities[static_cast<int>(column.identity)]);
  if (column.generated) {
    item.set("generated", *column.generated).set("stored", column.generated_stored);
  }
  return item.set_if("collation", column.collation)
      .set_if("comment", column.comment)
      .set("definition", definition(column));
}

Document foreign_keys_document(const Table& table) {
  Document list = Document::array();
  for (const ForeignKeyConstraint& key : table.foreign_keys) {
    Document item = Document::object();
    list.add(item.set("name", key.name)
                 .set("columns", key.columns)
                 .set("target", key.target_table)
                 .set("target_columns", key.target_columns)
                 .set("definition", definition(key)));
  }
  return list;
}

/// A quoted identifier of DOT.
std::string dot_name(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + "\"";
}

/// Letters, digits and `_` alone: what Mermaid takes for types and attributes.
std::string mermaid_word(const std::string& text) {
  std::string word;
  for (const char c : text) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
    if (plain || word.empty() || word.back() != '_') word += plain ? c : '_';
  }
  while (word.size() > 1 && word.back() == '_') word.pop_back();
  const bool letter = !word.empty() && std::isalpha(static_cast<unsigned char>(word.front())) != 0;
  return letter ? word : "x" + word;
}

/// Names of entities may hold anything but quotes.
std::string mermaid_entity(std::string text) {
  std::replace(text.begin(), text.end(), '"', '\'');
  return "\"" + text + "\"";
}

}  // namespace

bool is_in_key(const Table& table, const std::string& column) {
  return table.primary_key && has_name(table.primary_key->columns, column);
}

bool is_in_foreign_key(const Table& table, const std::string& column) {
  return std::any_of(table.foreign_keys.begin(), table.foreign_keys.end(),
                     [&](const auto& key) { return has_name(key.columns, column); });
}

bool is_unique_key(const Table& table, const ForeignKeyConstraint& key) {
  if (table.primary_key && table.primary_key->columns == key.columns) return true;
  const auto by_key = [&](const Key& unique) { return unique.columns == key.columns; };
  if (std::any_of(table.uniques.begin(), table.uniques.end(), by_key)) return true;
  return std::any_of(table.indexes.begin(), table.indexes.end(), [&](const TableIndex& index) {
    return index.unique && index.condition.empty() && index.parts.size() == 1 &&
           key.columns == std::vector<std::string>{index.parts.front().column};
  });
}

bool may_be_null(const Table& table, const ForeignKeyConstraint& key) {
  return std::any_of(key.columns.begin(), key.columns.end(), [&](const std::string& name) {
    const Column* column = table.find_column(name);
    return column && column->nullable;
  });
}

std::string escaped_markup(const std::string& text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
  }
  return result;
}

std::string schema_text(const ShownSchema& shown) {
  std::string text;
  shown.schema.each([&](const Table& table) {
    const auto model = shown.models.find(table.name);
    text += (text.empty() ? "" : "\n") + std::string("table ") + quote_identifier(table.name);
    if (model != shown.models.end()) text += " (" + model->second + ")";
    if (!table.comment.empty()) text += " -- " + table.comment;
    text += "\n";
    for (const Column& column : table.columns) {
      text += "  " + definition(column) + (column.comment.empty() ? "" : " -- " + column.comment) +
              "\n";
    }
    for (const Sql& line : further_definitions(table)) text += "  " + line + "\n";
  });
  for (const DatabaseObject& object : shown.objects) {
    text += (text.empty() ? "" : "\n") + object.kind +
            (object.name.empty() ? "" : " " + quote_identifier(object.name)) +
            (object.table.empty() ? "" : " on " + quote_identifier(object.table)) + "\n  ";
    for (const char c : object.definition)
      text += c == '\n' ? std::string("\n  ") : std::string(1, c);
    text += "\n";
  }
  return text;
}

Document schema_document(const ShownSchema& shown) {
  Document tables = Document::array();
  shown.schema.each([&](const Table& table) {
    Document item = Document::object();
    item.set("name", table.name);
    const auto model = shown.models.find(table.name);
    if (model != shown.models.end()) item.set("model", model->second);
    item.set_if("comment", table.comment);
    Document columns = Document::array();
    for (const Column& column : table.columns) columns.add(column_document(column));
    item.set("columns", columns)
        .set("primary_key", table.primary_key ? Document(table.primary_key->columns) : Document())
        .set("uniques", definitions_of(table.uniques))
        .set("checks", definitions_of(table.checks))
        .set("foreign_keys", foreign_keys_document(table))
        .set("exclusions", definitions_of(table.exclusions))
        .set("indexes", definitions_of(table.indexes));
    if (const std::vector<std::string> marks = marks_of(table); !marks.empty()) {
      item.set("marks", marks);
    }
    tables.add(item);
  });
  Document objects = Document::array();
  for (const DatabaseObject& object : shown.objects) {
    Document item = Document::object();
    objects.add(item.set("kind", object.kind)
                    .set("name", object.name)
                    .set_if("table", object.table)
                    .set("definition", object.definition));
  }
  Document document = Document::object();
  return document.set("tables", tables).set("objects", objects);
}

std::string schema_dot(const ShownSchema& shown) {
  std::string text =
      "digraph schema {\n  rankdir=LR;\n"
      "  node [shape=plain, fontname=\"Helvetica\", fontsize=10];\n"
      "  edge [fontname=\"Helvetica\", fontsize=9];\n";
  shown.schema.each([&](const Table& table) {
    text += "  " + dot_name(table.name) +
            " [label=<<table border=\"0\" cellborder=\"1\" cellspacing=\"0\" cellpadding=\"4\">"
            "<tr><td port=\"t\" colspan=\"2\" bgcolor=\"#dde6f0\"><b>" +
            escaped_markup(table.name) + "</b></td></tr>";
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      const Column& column = table.columns[i];
      const std::string name = is_in_key(table, column.name)
                                   ? "<u>" + escaped_markup(column.name) + "</u>"
                                   : escaped_markup(column.name);
      text += "<tr><td align=\"left\" port=\"c" + std::to_string(i) + "\">" + name +
              "</td><td align=\"left\">" + escaped_markup(column.type) +
              (column.nullable ? " null" : "") + "</td></tr>";
    }
    text += "</table>>];\n";
  });
  shown.schema.each([&](const Table& table) {
    for (const ForeignKeyConstraint& key : table.foreign_keys) {
      const TablePtr target = shown.schema.find(key.target_table);
      if (!target) continue;
      const auto port = [](const Table& at, const std::vector<std::string>& columns) {
        for (std::size_t i = 0; i < at.columns.size(); ++i) {
          if (!columns.empty() && at.columns[i].name == columns.front()) {
            return ":c" + std::to_string(i);
          }
        }
        return std::string(":t");
      };
      text += "  " + dot_name(table.name) + port(table, key.columns) + " -> " +
              dot_name(target->name) + port(*target, key.target_columns) +
              " [arrowtail=" + (is_unique_key(table, key) ? "tee" : "crow") +
              ", arrowhead=" + (may_be_null(table, key) ? "odot" : "tee") + ", dir=both];\n";
    }
  });
  return text + "}\n";
}

std::string schema_mermaid(const ShownSchema& shown) {
  std::string text = "erDiagram\n";
  shown.schema.each([&](const Table& table) {
    text += "  " + mermaid_entity(table.name) + " {\n";
    for (const Column& column : table.columns) {
      std::vector<std::string> keys;
      if (is_in_key(table, column.name)) keys.emplace_back("PK");
      if (is_in_foreign_key(table, column.name)) keys.emplace_back("FK");
      const std::string word = mermaid_word(column.name);
      text += "    " + mermaid_word(column.type) + " " + word +
              (keys.empty() ? "" : " " + join(keys, ", "));
      std::string note = column.comment;
      if (word != column.name) note = column.name + (note.empty() ? "" : ": " + note);
      std::replace(note.begin(), note.end(), '"', '\'');
      std::replace(note.begin(), note.end(), '\n', ' ');
      text += (note.empty() ? "" : " \"" + note + "\"") + std::string("\n");
    }
    text += "  }\n";
  });
  shown.schema.each([&](const Table& table) {
    for (const ForeignKeyConstraint& key : table.foreign_keys) {
      if (!shown.schema.find(key.target_table)) continue;
      text += "  " + mermaid_entity(key.target_table) + " " +
              (may_be_null(table, key) ? "|o" : "||") + "--" +
              (is_unique_key(table, key) ? "o|" : "o{") + " " + mermaid_entity(table.name) + " : " +
              mermaid_entity(join(key.columns, ", ")) + "\n";
    }
  });
  return text;
}

}  // namespace turnstone::cli
