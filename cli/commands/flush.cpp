#include <turnstone/migrations/fixtures.h>

#include "../database_state.h"
#include "../prompt.h"
#include "commands.h"

namespace turnstone::cli {
namespace {

/// True when a person says so.
bool is_meant(Context& context, const RowsDatabase& database) {
  if (!can_ask(context, false)) {
    throw Error(ErrorKind::question, "are all rows to be taken out of the database?",
                "database " + database.connection->display_name(),
                "nobody can be asked here; --noinput says yes");
  }
  Prompt prompt(context.surroundings.in, context.output);
  prompt.say(
      "You have requested a flush of the database.\nThis will IRREVERSIBLY DESTROY all data "
      "of the models in the database " +
      database.connection->display_name() + ".\n");
  return prompt.yes("Are you sure you want to do this?");
}

}  // namespace

int flush(Context& context, const FlushOptions& options) {
  const RowsDatabase database = open_rows(context);
  Output& output = context.output;
  if (!options.no_input && !is_meant(context, database)) {
    output.text("Flush cancelled.\n");
    Document document = Document::object();
    output.document(document.set("database", database.chosen.name()).set("cancelled", true));
    return exit_done;
  }
  Connection& connection = *database.connection;
  const auto lock = database.backend->lock(
      connection, std::nullopt, [&] { output.note("Waiting for another migrate to finish...\n"); });
  Transaction transaction(connection, database.backend->dialect().begin());
  const std::vector<std::string> tables =
      migrations::flush_rows(state_of(database).state, connection, *database.backend);
  transaction.commit();
  output.text("Emptied " + std::to_string(tables.size()) +
              (tables.size() == 1 ? " table" : " tables") + " of database " +
              connection.display_name() + "\n");
  Document document = Document::object();
  output.document(document.set("database", database.chosen.name()).set("tables", tables));
  return exit_done;
}

}  // namespace turnstone::cli
