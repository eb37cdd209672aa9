#include "notes/notes.h"

namespace notes {

void Note::describe(turnstone::Model<Note>& m) {
  using namespace turnstone;
  m.field<&Note::id>().primary_key();
  m.field<&Note::text>().max_length(200);
  m.field<&Note::due>();
  m.check("note_has_text", F<&Note::text> != "");
}

namespace {

void welcome(turnstone::migrations::MigrationContext& context) {
  context.model("notes.Note").insert({{"text", std::string("welcome")}});
}

}  // namespace

turnstone::App app() {
  return turnstone::App("notes").models<Note>().function("notes.welcome", welcome);
}

}  // namespace notes
