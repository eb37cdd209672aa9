#include <turnstone/migrations/squash.h>

#include "commands.h"
#include "draft.h"
#include "squash_words.h"

namespace turnstone::cli {

using migrations::Migration;
using migrations::Squash;

int optimizemigration(Context& context, const OptimizemigrationOptions& options) {
  Output& output = context.output;
  const Files files = read_files_for(context, options.app);
  const Migration& old = files.graph.at(files.graph.find(options.app, options.name));
  const Squash shorter = migrations::make_optimized(old);
  const std::size_t before = shorter.operations_before;
  const std::size_t after = shorter.migration.operations.size();
  const bool possible = after < before;
  const bool write = possible && !options.check;
  Draft draft{.made = {shorter.migration}, .replaced = {old.id}};
  migrations::FileChange change;
  if (!possible) {
    output.text("No optimizations possible.\n");
  } else {
    output.text("Optimizing from " + operations_text(before) + " to " + operations_text(after) +
                ".\n");
  }
  if (write) {
    check_same_models(files, draft);
    change = write_draft(files, draft, false);
    output.text(output.painted(Role::heading, "Optimized migration ") +
                output.painted(Role::label, output.shown(old.file.string())) + "\n");
    output.text(
        "  Its former digest stands under \"formerly\": databases that have it need nothing.\n");
  }
  if (possible) show_remainder(context, shorter);
  Document document = Document::object();
  document.set("app", old.id.app)
      .set("name", old.id.name)
      .set("file", output.shown(old.file.string()))
      .set("possible", possible)
      .set("operations_before", before)
      .set("operations_after", after);
  set_remainder(document, shorter);
  document.set("written", write).set("snapshots", snapshots_in(output, change));
  output.document(document);
  return possible && options.check ? exit_found : exit_done;
}

}  // namespace turnstone::cli
