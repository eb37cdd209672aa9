#include <turnstone/drivers/open.h>
#include <turnstone/error.h>
#include <turnstone/migrations/executor.h>
#include <turnstone/migrations/graph.h>
#include <turnstone/migrator.h>

#include <algorithm>
#include <filesystem>
#include <map>

namespace turnstone {
namespace {

using migrations::Migration;
namespace fs = std::filesystem;

bool is_migration(std::string_view path) {
  return path.ends_with(".json") && path.find('/') == std::string_view::npos;
}

std::vector<Migration> read_embedded(const std::vector<EmbeddedFile>& files,
                                     const std::vector<App>& apps) {
  std::map<fs::path, std::string_view> texts;
  for (const EmbeddedFile& file : files) texts[fs::path(file.app) / file.path] = file.text;
  const migrations::FileReader read = [&](const fs::path& path) -> std::optional<std::string> {
    const auto at = texts.find(path);
    if (at == texts.end()) return std::nullopt;
    return std::string(at->second);
  };
  std::vector<Migration> result;
  for (const EmbeddedFile& file : files) {
    if (!is_migration(file.path)) continue;
    result.push_back(migrations::read_migration(
        std::string(file.app), fs::path(file.app) / file.path, std::string(file.text), read));
  }
  std::vector<std::string> labels;
  for (const App& app : apps) labels.push_back(app.declared().label);
  migrations::tell_known_apps(result, labels);
  return result;
}

std::unique_ptr<Connection> open(const std::string& url) {
  return connect(url, fs::current_path());
}

}  // namespace

Migrator::Migrator(std::string database_url, const std::vector<EmbeddedFile>& files,
                   const std::vector<App>& apps)
    : url_(std::move(database_url)),
      files_(std::make_shared<const std::vector<Migration>>(read_embedded(files, apps))) {
  backend_for(url_);
  for (const App& app : apps) functions_.add_all(app.functions());
}

Migrator& Migrator::lock_timeout(std::chrono::milliseconds time) {
  lock_timeout_ = time;
  return *this;
}

std::vector<std::string> Migrator::pending() const {
  const std::unique_ptr<Connection> connection = open(url_);
  const migrations::History history = migrations::recorder::read(*connection, backend_for(url_));
  const migrations::Graph graph(*files_, &history);
  std::vector<std::string> names;
  for (const migrations::PlannedMigration& planned : migrations::make_plan(graph, history, {})) {
    names.push_back(planned.migration->id.text());
  }
  return names;
}

std::vector<std::string> Migrator::migrate() const {
  const std::unique_ptr<Connection> connection = open(url_);
  migrations::ExecuteOptions options{.lock_timeout = lock_timeout_};
  options.reconnect = [this] { return open(url_); };
  migrations::Reporter silent;
  std::vector<std::string> names;
  for (const migrations::MigrationReport& report : migrations::migrate(
           *connection, backend_for(url_), *files_, functions_, {}, options, silent)) {
    if (report.outcome == migrations::Outcome::applied) names.push_back(report.id.text());
  }
  return names;
}

}  // namespace turnstone
