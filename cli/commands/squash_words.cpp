#include "squash_words.h"

namespace turnstone::cli {

using migrations::MigrationId;
using migrations::Squash;

std::string operations_text(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " operation" : " operations");
}

namespace {

using Told = std::vector<std::pair<MigrationId, migrations::Operation>>;

std::vector<std::string> texts_of(const Told& told) {
  std::vector<std::string> texts;
  for (const auto& entry : told) {
    texts.push_back(migrations::describe(entry.second) + " (" + entry.first.name + ")");
  }
  return texts;
}

}  // namespace

void show_remainder(Context& context, const Squash& squash) {
  Output& output = context.output;
  const auto show = [&](const std::string& heading, const Told& told) {
    if (told.empty()) return;
    output.text("  " + output.painted(Role::warning, heading) + "\n");
    for (const std::string& text : texts_of(told)) output.text("    " + text + "\n");
  };
  show("Nothing is optimized across these; \"elidable\": true lets one be left out:",
       squash.barriers);
  show("Left out, as they are elidable:", squash.left_out);
}

void set_remainder(Document& document, const Squash& squash) {
  document.set("barriers", texts_of(squash.barriers)).set("left_out", texts_of(squash.left_out));
}

}  // namespace turnstone::cli
