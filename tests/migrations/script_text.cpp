#include <doctest/doctest.h>
#include <turnstone/drivers/open.h>
#include <turnstone/migrations/compile.h>
#include <turnstone/migrations/functions.h>
#include <turnstone/migrations/graph.h>
#include <turnstone/schema/lower.h>

using namespace turnstone;
using namespace turnstone::migrations;

namespace {

Field id() { return Field{.name = "id", .type = FieldType::big_auto_field, .primary_key = true}; }
Field key(const std::string& name, const std::string& to) {
  Field field{.name = name, .type = FieldType::foreign_key};
  field.to = to;
  field.on_delete = OnDelete::cascade;
  return field;
}

std::string text_of(Operations operations, const std::string& dialect) {
  Migration migration{.id = {"lab", "0001_initial"}, .operations = std::move(operations)};
  migration.digest = "sha256:0";
  Moment moment;
  const Dialect& database = dialect_for(dialect);
  return to_text(compile_forwards(std::make_shared<const Migration>(std::move(migration)), moment,
                                  database, Functions{}),
                 database);
}

}  // namespace

TEST_CASE("what waits for a later operation is told again under its own heading") {
  // The table of an unmanaged model is somebody else's: keys to it come last.
  Options unmanaged;
  unmanaged.managed = false;
  const std::string text =
      text_of({{CreateModel{.name = "Legacy", .fields = {id()}, .options = unmanaged}},
               {CreateModel{.name = "Book", .fields = {id(), key("legacy", "lab.Legacy")}}},
               {CreateModel{.name = "Tag", .fields = {id()}}}},
              "postgresql");
  const std::string headings[] = {
      "--\n-- Create model Legacy\n--\n-- (no-op)\n", "--\n-- Create model Book\n--\nCREATE TABLE",
      "--\n-- Create model Tag\n--\nCREATE TABLE",
      "--\n-- Create model Book, continued\n--\nALTER TABLE", "--\n-- history\n--\nINSERT"};
  std::size_t at = 0;
  for (const std::string& heading : headings) {
    CAPTURE(text);
    CAPTURE(heading);
    const std::size_t found = text.find(heading, at);
    REQUIRE(found != std::string::npos);
    at = found + heading.size();
  }
  CHECK(text.find("Create model", at) == std::string::npos);
}

TEST_CASE("sqlmigrate sees other apps as they are when the migration's turn comes") {
  const auto migration = [](const std::string& app, const std::string& name,
                            std::vector<MigrationId> dependencies, Operations operations) {
    Migration made{.id = {app, name}, .operations = std::move(operations)};
    made.dependencies = std::move(dependencies);
    return made;
  };
  Field small{.name = "id", .type = FieldType::small_auto_field, .primary_key = true};
  const std::vector<Migration> files = {
      migration("auth", "0001_initial", {}, {{CreateModel{.name = "User", .fields = {small}}}}),
      migration("auth", "0002_big", {{"auth", "0001_initial"}},
                {{AlterField{.model_name = "user", .field = id()}}}),
      migration("blog", "0001_initial", {{"auth", "0001_initial"}},
                {{CreateModel{.name = "Book", .fields = {id(), key("owner", "auth.User")}}}})};
  const auto history_of = [](const std::vector<MigrationId>& ids) {
    History history;
    for (const MigrationId& id : ids) history.add({.id = id});
    return history;
  };
  const MigrationId user{"auth", "0001_initial"};
  const MigrationId big{"auth", "0002_big"};
  const MigrationId book{"blog", "0001_initial"};
  struct Case {
    const char* label;
    std::vector<MigrationId> applied;
    MigrationId shown;
    const char* there;
    const char* not_there;
  };
  const Case cases[] = {
      {"in an empty database keys come after the change", {}, big, "\"auth_user\"", "blog_book"},
      {"so they are large", {}, book, "\"owner_id\" bigint", "smallint"},
      {"an app that was quicker has keys to change",
       {user, book},
       big,
       "\"owner_id\" TYPE bigint",
       nullptr},
      {"what is applied is seen as if it had been taken back",
       {user, book, big},
       big,
       "\"owner_id\" TYPE bigint",
       nullptr},
      {"what others still need goes back with it",
       {user, big, book},
       user,
       "CREATE TABLE \"auth_user\"",
       "blog_book"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.label);
    const History history = history_of(c.applied);
    const Graph graph(files, &history);
    Moment moment{.state = state_in_plan(graph, history, c.shown)};
    const Dialect& database = dialect_for("postgresql");
    moment.schema = lower(moment.state, database);
    const std::string text = to_text(
        compile_forwards(graph.migrations().at(c.shown), moment, database, Functions{}), database);
    CAPTURE(text);
    CHECK(text.find(c.there) != std::string::npos);
    if (c.not_there) CHECK(text.find(c.not_there) == std::string::npos);
  }
}
