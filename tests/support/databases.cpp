#include "support/databases.h"

#include <turnstone/drivers/open.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

namespace turnstone::test {
namespace {

std::string server_url() {
  const char* url = std::getenv("TURNSTONE_TEST_POSTGRES_URL");
  return url ? url : "";
}

/// The server's URL with another database name: what stands between the host and `?`.
std::string with_database(const std::string& url, const std::string& database) {
  const std::size_t host = url.find("://") + 3;
  const std::size_t question = url.find('?');
  const std::size_t slash = url.find('/', host);
  const std::string query = question == std::string::npos ? "" : url.substr(question);
  const std::size_t end = std::min(slash, question);
  return url.substr(0, end) + "/" + database + query;
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "turnstone-test-XXXXXX").string();
  if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

ScratchDatabase::ScratchDatabase(const std::string& dialect) : dialect_(dialect) {
  if (dialect_ == "sqlite") {
    url_ = "sqlite:///" + (folder_.path() / "test.db").string();
    return;
  }
  static int count = 0;
  name_ = "t_" + std::to_string(getpid()) + "_" + std::to_string(++count);
  turnstone::connect(server_url(), folder_.path())->execute("CREATE DATABASE " + name_);
  url_ = with_database(server_url(), name_);
}

ScratchDatabase::~ScratchDatabase() {
  if (name_.empty()) return;
  try {
    turnstone::connect(server_url(), folder_.path())
        ->execute("DROP DATABASE IF EXISTS " + name_ + " WITH (FORCE)");
  } catch (const std::exception& error) {
    std::cerr << "could not drop " << name_ << ": " << error.what() << "\n";
  }
}

const Dialect& ScratchDatabase::dialect() const { return dialect_for(url_); }
const Backend& ScratchDatabase::backend() const { return backend_for(url_); }

std::unique_ptr<Connection> ScratchDatabase::connect() const {
  return turnstone::connect(url_, folder_.path());
}

void ScratchDatabase::clear() {
  if (dialect_ == "sqlite") {
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
      std::filesystem::remove(folder_.path() / (std::string("test.db") + suffix));
    }
    return;
  }
  const auto connection = connect();
  connection->execute(
      "DO $$ DECLARE s text; BEGIN FOR s IN SELECT nspname FROM pg_namespace "
      "WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' "
      "LOOP EXECUTE format('DROP SCHEMA %I CASCADE', s); END LOOP; END $$; CREATE SCHEMA public");
}

std::vector<std::string> test_dialects() {
  if (!server_url().empty()) return {"sqlite", "postgresql"};
  static const bool told = [] {
    std::cout << "postgresql: not tested, TURNSTONE_TEST_POSTGRES_URL is not set\n";
    return true;
  }();
  (void)told;
  return {"sqlite"};
}

}  // namespace turnstone::test
