#pragma once

#include <turnstone/app.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/databases.h"

namespace turnstone::test {

/// What a run of the command line left behind.
struct Ran {
  int code = -1;
  std::string out{};
  std::string err{};
};

/// A project folder of its own, and the command line run in it, in this process.
class Session {
 public:
  /// `url`: what DATABASE_URL holds; empty for none.
  explicit Session(const std::string& url = {});

  /// `line` is split at blanks; parts in single quotes stay together.
  Ran run(const std::string& line);
  Ran run(const std::vector<std::string>& arguments);
  /// Runs as if on a terminal, with these lines typed in.
  Ran type(const std::string& line, const std::string& input);

  void write(const std::string& file, const std::string& text) const;
  std::string read(const std::string& file) const;
  bool exists(const std::string& file) const;
  /// Names in a folder, sorted.
  std::vector<std::string> list(const std::string& folder) const;
  const std::filesystem::path& path() const { return root_; }

  std::map<std::string, std::string> environment{};
  std::filesystem::path folder{};  ///< the working directory
  std::optional<std::vector<App>> apps{};
  std::vector<std::string> became{};  ///< the last program a command turned into
  std::map<std::string, std::string> became_environment{};

 private:
  Ran run(const std::vector<std::string>& arguments, const std::string& input, bool terminal);

  std::unique_ptr<TemporaryFolder> home_ = std::make_unique<TemporaryFolder>();
  std::filesystem::path root_{};
};

/// A project with app `blog`, whose models are Author(name) and Book(title, author, price).
Session blog_session(const std::string& url = {});
extern const char* const blog_models;

/// The text without durations: `(0.012s)` becomes `(TIME)`.
std::string without_times(const std::string& text);

}  // namespace turnstone::test
