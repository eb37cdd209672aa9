#include "../inspection.h"
#include "../model_header.h"
#include "commands.h"

#include <turnstone/identifier.h>

namespace turnstone::cli {
namespace {

void check_app(const std::string& app) {
  if (is_identifier(app)) return;
  throw Error(ErrorKind::usage, "\"" + app + "\" cannot be the label of an app", "--app",
              "use letters, digits and _, beginning with a letter");
}

std::string place_of(const std::string& app, const InspectRemark& remark) {
  return app + "." + remark.model + (remark.field.empty() ? "" : "." + remark.field);
}

}  // namespace

int inspectdb(Context& context, const InspectdbOptions& options) {
  const std::string app = options.app.empty() ? "app" : options.app;
  check_app(app);
  const RowsDatabase database = open_live(context);
  const LiveSchema live = read_live(
      database,
      {.patterns = options.tables, .views = options.include_views, .schema = options.schema});
  const Inspection found = inspect_live(database, live, app);
  for (const InspectRemark& remark : found.inspected.remarks) {
    context.output.warning(remark.text, place_of(app, remark));
  }
  for (const Problem& problem : found.finished.problems) {
    context.output.warning(problem.message, problem.where, problem.hint);
  }
  for (const SchemaDifference& difference : found.unsayable) {
    context.output.warning("the models make something else: " + in_words(difference),
                           "table \"" + difference.table + "\"");
  }
  Document document = Document::object();
  document.set("app", app);
  if (options.cpp) {
    const std::string text = model_header(app, found.inspected.models, found.inspected.remarks);
    context.output.data(text);
    document.set("header", text);
  } else {
    context.output.data(found.file);
    document.set("file", Document::from_json(found.file));
  }
  context.output.document(document);
  return exit_done;
}

}  // namespace turnstone::cli
