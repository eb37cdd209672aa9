#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>

#include "cli/session.h"
#include "golden/inspected/shop_postgresql.h"
#include "golden/inspected/shop_sqlite.h"
#include "support/live_schemas.h"

// The headers that inspectdb --cpp writes: they compile, here, and say what the JSON files say.

namespace turnstone::test {
TEST_CASE("inspectdb --cpp writes a header that compiles and says the same as the JSON file") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    const ScratchDatabase database(dialect);
    database.connect()->execute(unmanaged_sql(dialect));
    Session session(database.url());
    const std::string label = "shop_" + dialect;
    REQUIRE(session.run("init " + label + " --database " + database.url()).code == 0);
    const Ran header = session.run("inspectdb --cpp --app " + label);
    REQUIRE(header.code == 0);
    const std::string file = std::string(TURNSTONE_GOLDEN) + "/inspected/" + label + ".h";
    if (std::getenv("TURNSTONE_UPDATE_GOLDEN")) std::ofstream(file) << header.out;
    INFO("TURNSTONE_UPDATE_GOLDEN=1 rewrites it; then build again");
    std::ifstream in(file);
    const std::string golden((std::istreambuf_iterator<char>(in)),
                             std::istreambuf_iterator<char>());
    CHECK(header.out == golden);

    session.write(label + "/models.json", session.run("inspectdb --app " + label).out);
    const std::string from_json = session.run("dump-models " + label).out;
    session.apps =
        std::vector<App>{dialect == "sqlite" ? shop_sqlite::app() : shop_postgresql::app()};
    // A column in quotes is how C++ says that a unique index is no constraint.
    std::string from_cpp = session.run("dump-models " + label).out;
    const std::string quoted = R"({"sql": "\"label\""})";
    const std::size_t at = from_cpp.find(quoted);
    if (at != std::string::npos) from_cpp.replace(at, quoted.size(), R"({"F": "label"})");
    CHECK(from_cpp == from_json);
    CHECK(session.run("diff --models").code == 0);
  }
}

}  // namespace turnstone::test
