#include <doctest/doctest.h>
#include <turnstone/migrations/autodetector.h>

#include "support/models.h"

using namespace turnstone;
using namespace turnstone::migrations;
using namespace turnstone::test;

namespace {

std::string name_of_all(const std::vector<std::string>& models) {
  Operations operations;
  for (const std::string& name : models) operations.push_back({DeleteModel{name}});
  return suggested_name(operations, false, "20260101_1200");
}

}  // namespace

TEST_CASE("a migration is named after its operations") {
  CHECK(name_of_all({"A"}) == "delete_a");
  CHECK(name_of_all({"A", "B"}) == "delete_a_delete_b");
  CHECK(name_of_all({"Some thing-else"}) == "delete_some_thing_else");
  CHECK(suggested_name({{DeleteModel{"A"}}}, true, "t") == "initial");
}

TEST_CASE("a name grows to 52 characters and no further") {
  const std::size_t fixed = std::string("delete_a_delete_").size();
  CHECK(name_of_all({"a", std::string(52 - fixed, 'x')}).size() == 52);
  CHECK(name_of_all({"a", std::string(53 - fixed, 'x')}) == "delete_a_and_more");
  CHECK(name_of_all({"a", std::string(53 - fixed, 'x'), "b"}) == "delete_a_and_more");
}

TEST_CASE("without a fragment the time is the name") {
  CHECK(suggested_name({}, false, "20260101_1200") == "auto_20260101_1200");
  CHECK(suggested_name({{DeleteModel{"A"}}, {RunSQL{}}}, false, "20260101_1200") ==
        "auto_20260101_1200");
}

TEST_CASE("the number of a migration stands first, of a squash behind its mark") {
  CHECK(migration_number("0007_x") == 7);
  CHECK(migration_number("12") == 12);
  CHECK(migration_number("0001_squashed_0009_x") == 9);
  CHECK(migration_number("0001_squashed_all") == 1);
  CHECK_FALSE(migration_number("custom"));
  CHECK_FALSE(migration_number(""));
}
