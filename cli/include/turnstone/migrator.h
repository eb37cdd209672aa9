#pragma once

#include <turnstone/app.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turnstone {

namespace migrations {
struct Migration;
}

/// A migration file, or one that a migration names, inside a program. The texts live as long as the
/// program.
struct EmbeddedFile {
  std::string_view app{};
  std::string_view path{};  ///< below the app's folder of migrations: `0001_initial.json`
  std::string_view text{};
};

/// The files that `turnstone_embed_migrations` has put into this program; defined by what it
/// generates.
const std::vector<EmbeddedFile>& embedded_migrations();

/// Upgrades a shipped program's own database, usually at start:
///
///     turnstone::Migrator("sqlite:///shop.db", turnstone::embedded_migrations(), {shop::app()})
///         .migrate();
///
/// Several processes may start at once: one migrates, the others wait and find nothing to do.
class Migrator {
 public:
  /// `database_url` as in `formats.md` §2; relative SQLite paths start at the working directory.
  /// `apps` bring the functions that migrations call by name. Throws Error{bad_file} for a file
  /// that cannot be read, Error{usage} for a URL of an unknown kind.
  Migrator(std::string database_url, const std::vector<EmbeddedFile>& files,
           const std::vector<App>& apps = {});

  /// How long to wait for another process that migrates; without it, as long as it takes.
  Migrator& lock_timeout(std::chrono::milliseconds time);

  /// Names of migrations that `migrate` would apply now, in order: `shop.0002_author_bio`.
  std::vector<std::string> pending() const;
  /// Applies them, each as one transaction, and gives the names of those it applied. Throws Error
  /// as `manage migrate` reports it: nothing of the failed migration stays.
  std::vector<std::string> migrate() const;

 private:
  std::string url_;
  std::shared_ptr<const std::vector<migrations::Migration>> files_{};
  migrations::Functions functions_{};
  std::optional<std::chrono::milliseconds> lock_timeout_{};
};

}  // namespace turnstone
