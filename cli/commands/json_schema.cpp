#include "json/tree.h"

#include <turnstone/identifier.h>
#include <turnstone/migrations/migration.h>

#include "../schemas.h"
#include "../workspace.h"
#include "commands.h"

namespace turnstone::cli {
namespace {

const EmbeddedText& wanted_schema(const std::string& name) {
  std::vector<std::string> names;
  for (const EmbeddedText& schema : schema_texts()) {
    if (schema.name == name) return schema;
    names.emplace_back(schema.name);
  }
  const std::string near = did_you_mean(name, names);
  throw Error(ErrorKind::usage, "there is no schema \"" + name + "\"", {},
              near.empty() ? "known: " + join(names, ", ") : near);
}

/// One key of a schema's own description.
std::string word_of(const EmbeddedText& schema, const char* key) {
  return json::parse(std::string(schema.name), schema.text).at(key).get<std::string>();
}

int list_schemas(Context& context) {
  Document list = Document::array();
  for (const EmbeddedText& schema : schema_texts()) {
    const std::string name(schema.name);
    context.output.data(name + std::string(12 - std::min<std::size_t>(11, name.size()), ' ') +
                        word_of(schema, "description") + "\n");
    Document item = Document::object();
    list.add(item.set("name", name)
                 .set("title", word_of(schema, "title"))
                 .set("description", word_of(schema, "description")));
  }
  Document document = Document::object();
  context.output.document(document.set("schemas", list));
  return exit_done;
}

int write_schemas(Context& context, const std::vector<const EmbeddedText*>& schemas,
                  const std::filesystem::path& folder) {
  migrations::FileChange change;
  std::vector<std::string> written;
  for (const EmbeddedText* schema : schemas) {
    const std::filesystem::path file = folder / (std::string(schema->name) + ".json");
    change.write[file] = std::string(schema->text);
    written.push_back(context.output.shown(file.string()));
  }
  migrations::write_files(context.surroundings.folder, change);
  for (const std::string& file : written) context.output.text("wrote " + file + "\n");
  Document document = Document::object();
  context.output.document(document.set("written", written));
  return exit_done;
}

}  // namespace

int json_schema(Context& context, const JsonSchemaOptions& options) {
  const EmbeddedText* wanted = options.name.empty() ? nullptr : &wanted_schema(options.name);
  if (!options.write.empty()) {
    std::vector<const EmbeddedText*> schemas;
    for (const EmbeddedText& schema : schema_texts()) {
      if (!wanted || &schema == wanted) schemas.push_back(&schema);
    }
    return write_schemas(context, schemas,
                         (context.surroundings.folder / options.write).lexically_normal());
  }
  if (!wanted) return list_schemas(context);
  context.output.data(std::string(wanted->text));
  context.output.document(Document::from_json(std::string(wanted->text)));
  return exit_done;
}

}  // namespace turnstone::cli
