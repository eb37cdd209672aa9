#include <fmt/format.h>
#include <turnstone/identifier.h>
#include <turnstone/migrations/executor.h>

#include <algorithm>

#include "../database_state.h"
#include "commands.h"

namespace turnstone::cli {
namespace {

using migrations::AppliedMigration;
using migrations::MigrationId;

/// The state of a row's file, in a word.
std::string remark_on(const migrations::Graph& graph, const migrations::History& history,
                      const MigrationId& id) {
  const auto has = [&](const std::vector<MigrationId>& ids) {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
  };
  if (has(unknown_rows(graph, history))) return "no file";
  if (has(edited_files(graph, history))) return "edited";
  return {};
}

std::string time_taken(std::chrono::microseconds took) {
  return fmt::format("{:.3f}s", static_cast<double>(took.count()) / 1e6);
}

}  // namespace

int history(Context& context, const HistoryOptions& options) {
  const RowsDatabase database = open_rows(context);
  check_labels(context, database.project, options.apps);
  const migrations::History rows = history_here(
      database.project, migrations::recorder::read(*database.connection, *database.backend));
  const std::vector<migrations::Migration> files = load_migrations(database.project);
  const migrations::Graph graph(files, &rows);
  std::vector<AppliedMigration> wanted;
  for (const auto& entry : rows.rows()) {
    const AppliedMigration& row = entry.second;
    const bool meant = options.apps.empty() || std::find(options.apps.begin(), options.apps.end(),
                                                         row.id.app) != options.apps.end();
    if (meant) wanted.push_back(row);
  }
  std::stable_sort(wanted.begin(), wanted.end(),
                   [](const auto& a, const auto& b) { return a.applied < b.applied; });
  std::size_t width = 0;
  std::size_t version_width = 1;
  for (const AppliedMigration& row : wanted) {
    width = std::max(width, row.id.text().size());
    version_width = std::max(version_width, row.version.size());
  }
  Document list = Document::array();
  for (const AppliedMigration& row : wanted) {
    const std::string remark = remark_on(graph, rows, row.id);
    // Enough of a digest to tell two apart.
    const std::string digest = row.digest.substr(0, context.output.verbosity() >= 2 ? 71 : 19);
    context.output.data(
        row.applied + "  " + fmt::format("{:<{}}", row.id.text(), width) + "  " +
        fmt::format("{:>9}", row.took ? time_taken(*row.took) : "-") + "  " +
        fmt::format("{:<{}}", row.version.empty() ? "-" : row.version, version_width) + "  " +
        (digest.empty() ? "-" : digest) +
        (remark.empty() ? "" : "  " + context.output.painted(Role::warning, remark)) + "\n");
    Document item = Document::object();
    item.set("app", row.id.app)
        .set("name", row.id.name)
        .set("applied_at", row.applied)
        .set("digest", row.digest)
        .set_if("version", row.version);
    if (row.took) item.set("seconds", Document::seconds(row.took->count()));
    list.add(item.set_if("remark", remark));
  }
  if (wanted.empty()) context.output.text("Nothing is applied.\n");
  Document document = Document::object();
  context.output.document(document.set("database", database.chosen.name()).set("history", list));
  return exit_done;
}

}  // namespace turnstone::cli
