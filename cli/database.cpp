#include <turnstone/app.h>
#include <turnstone/drivers/open.h>
#include <turnstone/orm/database.h>

#include <filesystem>

// What a Database needs beside the ORM itself: URLs and apps.

namespace turnstone {
namespace {

class UrlSource final : public ConnectionSource {
 public:
  UrlSource(std::string url, ConnectOptions options)
      : url_(std::move(url)),
        options_(std::move(options)),
        folder_(std::filesystem::current_path()),
        dialect_(dialect_for(url_)) {}

  const Dialect& dialect() const override { return dialect_; }
  std::unique_ptr<Connection> connect() const override {
    auto connection = turnstone::connect(url_, folder_, options_);
    if (dialect_.name() == "sqlite") {
      // Readers and a writer do not wait for each other; a commit survives a crash of the program.
      connection->query("PRAGMA journal_mode = WAL");
      connection->execute("PRAGMA synchronous = NORMAL");
    }
    return connection;
  }
  std::size_t limit() const override {
    const bool memory = url_.find(":memory:") != std::string::npos;
    return dialect_.name() == "sqlite" && memory ? 1 : SIZE_MAX;
  }

 private:
  std::string url_;
  ConnectOptions options_;
  std::filesystem::path folder_;
  const Dialect& dialect_;
};

std::shared_ptr<const Mapping> mapping_of(const std::vector<App>& apps) {
  std::vector<DeclaredApp> declared;
  std::vector<DescribedModel> classes;
  std::map<std::string, std::function<Json()>> functions;
  for (const App& app : apps) {
    declared.push_back(app.declared());
    classes.insert(classes.end(), app.described().begin(), app.described().end());
    for (const std::string& name : app.functions().names()) {
      if (const auto* body = app.functions().find_default(name)) functions[name] = *body;
    }
  }
  return std::make_shared<const Mapping>(declared, classes, std::move(functions));
}

}  // namespace

Database::Database(const std::string& url, const std::vector<App>& apps,
                   const DatabaseOptions& options)
    : Database(std::make_shared<UrlSource>(
                   url, ConnectOptions{.lock_timeout = options.lock_timeout,
                                       .statement_timeout = options.statement_timeout}),
               mapping_of(apps), options) {}

Database::Database(const std::string& url) : Database(url, std::vector<App>{}) {}

}  // namespace turnstone
