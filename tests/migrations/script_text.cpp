#include <doctest/doctest.h>
#include <turnstone/drivers/open.h>
#include <turnstone/migrations/compile.h>
#include <turnstone/migrations/functions.h>

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
