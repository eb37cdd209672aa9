#pragma once

#include <turnstone/db/connection.h>
#include <turnstone/db/dialect.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace turnstone::test {

/// A folder of its own, removed with everything in it at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// An empty database of its own: a file on SQLite, a freshly made database on the test server of
/// `TURNSTONE_TEST_POSTGRES_URL` on PostgreSQL. Gone at the end.
class ScratchDatabase {
 public:
  /// `dialect` is `sqlite` or `postgresql`.
  explicit ScratchDatabase(const std::string& dialect);
  ~ScratchDatabase();
  ScratchDatabase(const ScratchDatabase&) = delete;
  ScratchDatabase& operator=(const ScratchDatabase&) = delete;

  const std::string& url() const { return url_; }
  const Dialect& dialect() const;
  const Backend& backend() const;
  std::unique_ptr<Connection> connect() const;
  /// Takes everything out, so that the next case starts empty (cheaper than a new one).
  void clear();

 private:
  std::string dialect_;
  std::string url_;
  std::string name_;
  TemporaryFolder folder_{};
};

/// `sqlite`, and `postgresql` where a test server is known; without one, says so on standard output
/// once per process.
std::vector<std::string> test_dialects();

}  // namespace turnstone::test
