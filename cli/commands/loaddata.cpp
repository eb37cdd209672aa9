#include <turnstone/migrations/fixtures.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "../database_state.h"
#include "commands.h"

namespace turnstone::cli {
namespace {

namespace fs = std::filesystem;

std::ifstream open_file(const fs::path& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (in && !fs::is_directory(path)) return in;
  throw Error(
      ErrorKind::bad_file,
      "cannot read the file" + (errno ? ": " + std::string(std::strerror(errno)) : std::string()),
      path.string());
}

}  // namespace

int loaddata(Context& context, const LoaddataOptions& options) {
  if (std::count(options.files.begin(), options.files.end(), "-") > 1) {
    throw Error(ErrorKind::usage, "standard input can be read once", "-");
  }
  const RowsDatabase database = open_rows(context);
  Output& output = context.output;
  Connection& connection = *database.connection;
  const auto lock = database.backend->lock(
      connection, std::nullopt, [&] { output.note("Waiting for another migrate to finish...\n"); });
  Transaction transaction(connection, database.backend->dialect().begin());
  const DatabaseState found = state_of(database);
  refuse_pending(context, database, found, {});
  const migrations::Functions functions = registered_functions(context);
  migrations::FixtureLoader loader(found.state, connection, *database.backend, &functions);
  Document files = Document::array();
  std::int64_t count = 0;
  for (const std::string& name : options.files) {
    const bool standard_input = name == "-";
    const fs::path path = context.surroundings.folder / name;
    std::ifstream file = standard_input ? std::ifstream() : open_file(path);
    const std::int64_t rows = loader.load(standard_input ? context.surroundings.in : file,
                                          standard_input ? "standard input" : path.string());
    count += rows;
    Document item = Document::object();
    files.add(item.set("file", name).set("rows", rows));
  }
  const std::vector<migrations::ModelRows> models = loader.finish();
  transaction.commit();
  output.text("Installed " + std::to_string(count) + (count == 1 ? " row" : " rows") + " from " +
              std::to_string(options.files.size()) +
              (options.files.size() == 1 ? " file" : " files") + "\n");
  for (const migrations::ModelRows& model : models) {
    output.detail("  " + model.model + ": " + std::to_string(model.rows) + "\n");
  }
  Document document = Document::object();
  output.document(document.set("database", database.chosen.name())
                      .set("rows", count)
                      .set("files", files)
                      .set("models", document_of(models)));
  return exit_done;
}

}  // namespace turnstone::cli
