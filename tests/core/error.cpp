#include <doctest/doctest.h>
#include <turnstone/error.h>

using turnstone::DatabaseError;
using turnstone::DatabaseErrorKind;
using turnstone::did_you_mean;
using turnstone::Error;
using turnstone::ErrorKind;
using turnstone::nearest_name;

TEST_CASE("an error is one line: what, where, what to do") {
  Error error(ErrorKind::bad_file, "unknown key \"colour\"", "a.json: /models/0", "see formats");
  CHECK(error.text() == "unknown key \"colour\" (a.json: /models/0); see formats");
  CHECK(Error(ErrorKind::usage, "no such app").text() == "no such app");
}

TEST_CASE("the first place and the first hint stay") {
  Error error(ErrorKind::bad_file, "wrong");
  error.at("inner").at("outer").advise("first").advise("second");
  CHECK(error.where() == "inner");
  CHECK(error.hint() == "first");
}

TEST_CASE("what another attempt may cure is retryable") {
  const auto retryable = [](DatabaseErrorKind kind) {
    return DatabaseError("x", {.kind = kind}, "SELECT 1").retryable();
  };
  CHECK(retryable(DatabaseErrorKind::serialization));
  CHECK(retryable(DatabaseErrorKind::lock_timeout));
  CHECK_FALSE(retryable(DatabaseErrorKind::unique));
  CHECK_FALSE(retryable(DatabaseErrorKind::other));
}

TEST_CASE("the nearest name is a likely slip, or there is none") {
  const std::vector<std::string> names = {"title", "author", "price", "CharField"};
  CHECK(nearest_name("titel", names) == "title");
  CHECK(nearest_name("TITLE", names) == "title");
  CHECK(nearest_name("charfeild", names) == "CharField");
  CHECK(nearest_name("autor", names) == "author");
  CHECK(nearest_name("published", names).empty());
  CHECK(nearest_name("", names).empty());
  CHECK(nearest_name("x", {}).empty());
  CHECK(did_you_mean("prise", names) == "did you mean \"price\"?");
  CHECK(did_you_mean("zzz", names).empty());
}
