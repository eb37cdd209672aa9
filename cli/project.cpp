#include "project.h"

#include "secrets.h"

#include "json/tree.h"

#include <turnstone/error.h>
#include <turnstone/identifier.h>

#include <algorithm>

namespace turnstone::cli {
namespace {

namespace fs = std::filesystem;
using json::Node;

const std::vector<std::string> auto_fields{"AutoField", "BigAutoField", "SmallAutoField"};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_url(std::string_view text) {
  return text.find("://") != std::string_view::npos || text.starts_with("sqlite:") ||
         text.find('=') != std::string_view::npos;
}

/// Refuses what no driver knows, at its place in the file.
void check_url(const Node& node, const std::string& url) {
  try {
    dialect_for(url);
  } catch (const Error& error) {
    throw Error(ErrorKind::bad_file, error.what(), node.where(), error.hint());
  }
}

void sort_by_label(std::vector<ProjectApp>& apps) {
  std::sort(apps.begin(), apps.end(),
            [](const ProjectApp& a, const ProjectApp& b) { return a.label < b.label; });
}

std::string read_auto_field(const Node& node) {
  const std::string name = node.text();
  if (std::find(auto_fields.begin(), auto_fields.end(), name) == auto_fields.end()) {
    const std::string near = did_you_mean(name, auto_fields);
    node.fail("\"" + name + "\" is no type of automatic key",
              near.empty() ? "known: " + join(auto_fields, ", ") : near);
  }
  return name;
}

fs::path read_path(const Node& node, const fs::path& root, const Environment& environment) {
  const std::string path = expanded(node.name(), environment, node.where());
  if (path.empty()) node.fail("the path is empty");
  return (root / path).lexically_normal();
}

ProjectApp read_app(const std::string& label, const Node& node, const fs::path& root,
                    const Environment& environment, bool models_allowed) {
  if (!is_identifier(label)) {
    node.fail("\"" + label + "\" cannot be the label of an app",
              "use letters, digits and _, beginning with a letter");
  }
  ProjectApp app = default_app(root, label);
  node.only_keys({"models", "migrations", "default_auto_field", "databases"});
  if (const auto models = node.find("models")) {
    if (!models_allowed) {
      models->fail("this program has its models built in",
                   "take \"models\" out, or run the stand-alone turnstone");
    }
    app.models = read_path(*models, root, environment);
    app.models_given = true;
  }
  if (const auto migrations = node.find("migrations")) {
    app.migrations = read_path(*migrations, root, environment);
    app.migrations_given = true;
  }
  if (const auto type = node.find("default_auto_field")) {
    app.default_auto_field = read_auto_field(*type);
  }
  if (const auto databases = node.find("databases")) {
    app.databases = databases->texts();
    if (app.databases.empty()) {
      databases->fail("app \"" + label + "\" lives in no database",
                      "name one, or leave \"databases\" out for all of them");
    }
  }
  return app;
}

std::string read_timeout(const Node& node) {
  const std::string text = node.text();
  if (!is_timeout(text) && text.find("${") == std::string::npos) {
    node.fail("\"" + text + "\" is no time",
              "write a number and a unit, such as \"2s\" or "
              "\"500ms\"; \"0\" for no limit");
  }
  return text;
}

ProjectDatabase read_database(const std::string& alias, const Node& node) {
  if (alias.empty() || is_url(alias)) {
    node.fail("\"" + alias + "\" cannot be the name of a database", "use a plain word");
  }
  // Said without what was found there: that may hold a password.
  if (!node.is_object()) node.fail("expected an object", "write {\"url\": \"…\"}");
  node.only_keys({"url", "lock_timeout", "statement_timeout", "online"});
  ProjectDatabase database{.alias = alias, .where = node.where()};
  const Node url = node.at("url");
  database.url = url.name();
  // A URL from the environment is looked at when it is used.
  if (database.url.find("${") == std::string::npos) check_url(url, database.url);
  if (const auto timeout = node.find("lock_timeout"))
    database.lock_timeout = read_timeout(*timeout);
  if (const auto timeout = node.find("statement_timeout")) {
    database.statement_timeout = read_timeout(*timeout);
  }
  if (const auto online = node.find("online")) database.online = online->boolean();
  return database;
}

/// Databases that apps name are those of the project.
void check_homes(const Project& project, const Node& apps) {
  for (const ProjectApp& app : project.apps) {
    for (const std::string& alias : app.databases) {
      if (project.find_database(alias)) continue;
      const std::string near = did_you_mean(alias, project.aliases());
      apps.at(app.label)
          .at("databases")
          .fail("the project has no database \"" + alias + "\"",
                near.empty() ? "known: " + join(project.aliases(), ", ") : near);
    }
  }
}

void check_folders(const Project& project, const Node& apps) {
  std::map<fs::path, std::string> owners;
  for (const ProjectApp& app : project.apps) {
    const auto [owner, added] = owners.emplace(app.migrations, app.label);
    if (added) continue;
    apps.at(app.label).fail("apps \"" + owner->second + "\" and \"" + app.label +
                                "\" have the same folder of migrations",
                            "give each its own");
  }
}

}  // namespace

const ProjectApp* Project::find_app(std::string_view label) const {
  const auto at = std::find_if(apps.begin(), apps.end(),
                               [&](const ProjectApp& app) { return app.label == label; });
  return at == apps.end() ? nullptr : &*at;
}

const ProjectDatabase* Project::find_database(std::string_view alias) const {
  const auto at =
      std::find_if(databases.begin(), databases.end(),
                   [&](const ProjectDatabase& database) { return database.alias == alias; });
  return at == databases.end() ? nullptr : &*at;
}

std::vector<std::string> Project::aliases() const {
  std::vector<std::string> result;
  for (const ProjectDatabase& database : databases) result.push_back(database.alias);
  return result;
}

Project Project::whole() const {
  Project all = *this;
  all.apps.insert(all.apps.end(), elsewhere.begin(), elsewhere.end());
  sort_by_label(all.apps);
  all.elsewhere.clear();
  all.seen_from.clear();
  return all;
}

bool lives_in(const ProjectApp& app, std::string_view alias) {
  return app.databases.empty() ||
         std::find(app.databases.begin(), app.databases.end(), alias) != app.databases.end();
}

std::vector<std::string> homes_of(const Project& project, const ProjectApp& app) {
  std::vector<std::string> homes;
  for (const std::string& alias : project.aliases()) {
    if (lives_in(app, alias)) homes.push_back(alias);
  }
  return homes;
}

Project project_on(const Project& project, const ChosenDatabase& database) {
  Project seen = project.whole();
  seen.seen_from = database.route;
  const auto here = [&](const ProjectApp& app) { return lives_in(app, database.route); };
  const auto first = std::stable_partition(seen.apps.begin(), seen.apps.end(), here);
  seen.elsewhere.assign(first, seen.apps.end());
  seen.apps.erase(first, seen.apps.end());
  return seen;
}

std::vector<std::string> Project::labels() const {
  std::vector<std::string> result;
  for (const ProjectApp& app : apps) result.push_back(app.label);
  return result;
}

Project read_project(const fs::path& file, std::string_view text, const Environment& environment,
                     bool models_allowed) {
  const json::Tree tree = json::parse(file.string(), text);
  const Node root(file.string(), tree);
  root.only_keys({"$schema", "apps", "databases", "default_auto_field"});
  Project project{.root = file.parent_path(), .file = file};
  const Node apps = root.at("apps");
  for (const auto& [label, node] : apps.members()) {
    project.apps.push_back(read_app(label, node, project.root, environment, models_allowed));
  }
  sort_by_label(project.apps);
  check_folders(project, apps);
  if (const auto databases = root.find("databases")) {
    for (const auto& [alias, node] : databases->members()) {
      project.databases.push_back(read_database(alias, node));
    }
  }
  check_homes(project, apps);
  if (const auto type = root.find("default_auto_field")) {
    project.default_auto_field = read_auto_field(*type);
  }
  return project;
}

ProjectApp default_app(const fs::path& root, const std::string& label) {
  return {.label = label,
          .models = root / label / "models.json",
          .migrations = root / label / "migrations"};
}

std::optional<fs::path> find_project_file(const fs::path& folder) {
  for (fs::path at = folder;; at = at.parent_path()) {
    std::error_code ignored;
    if (fs::exists(at / "turnstone.json", ignored)) return at / "turnstone.json";
    if (at == at.parent_path()) return std::nullopt;
  }
}

std::string expanded(const std::string& text, const Environment& environment,
                     const std::string& where) {
  std::string result;
  for (std::size_t at = 0;;) {
    const std::size_t begin = text.find("${", at);
    if (begin == std::string::npos) return result + text.substr(at);
    const std::size_t end = text.find('}', begin);
    const std::string name =
        end == std::string::npos ? text.substr(begin + 2) : text.substr(begin + 2, end - begin - 2);
    if (end == std::string::npos || !is_identifier(name)) {
      throw Error(ErrorKind::bad_file, "\"${\" begins the name of an environment variable", where,
                  "write ${NAME}");
    }
    const auto found = environment.find(name);
    if (found == environment.end()) {
      std::vector<std::string> names;
      for (const auto& entry : environment) names.push_back(entry.first);
      std::string hint = did_you_mean(name, names);
      if (hint.empty()) {
        const bool of_database = where.find("/databases/") != std::string::npos;
        hint = of_database ? "set it, or choose another database with --database" : "set it";
      }
      throw Error(ErrorKind::bad_file, "the environment variable " + name + " is not set", where,
                  hint);
    }
    result += text.substr(at, begin - at) + found->second;
    at = end + 1;
  }
}

namespace {

/// The database of the project that has this URL; `default` where none does.
std::string route_of(const Project& project, const std::string& url,
                     const Environment& environment) {
  for (const ProjectDatabase& database : project.databases) {
    try {
      if (expanded(database.url, environment, database.where) == url) return database.alias;
    } catch (const Error&) {
      // Not set here: it is another one.
    }
  }
  return "default";
}

}  // namespace

std::string ChosenDatabase::name() const { return alias.empty() ? without_password(url) : alias; }

ChosenDatabase choose_database(const Project& project, const std::string& wanted,
                               const Environment& environment) {
  const auto given = environment.find("DATABASE_URL");
  const bool by_environment =
      wanted.empty() && given != environment.end() && !given->second.empty();
  const std::string choice = by_environment   ? given->second
                             : wanted.empty() ? std::string("default")
                                              : wanted;
  if (const ProjectDatabase* database = by_environment ? nullptr : project.find_database(choice)) {
    ChosenDatabase chosen{.alias = database->alias,
                          .route = database->alias,
                          .url = expanded(database->url, environment, database->where)};
    chosen.options.lock_timeout = expanded(database->lock_timeout, environment, database->where);
    chosen.options.statement_timeout =
        expanded(database->statement_timeout, environment, database->where);
    return chosen;
  }
  if (by_environment || is_url(choice)) {
    if (by_environment && !is_url(choice)) {
      throw Error(ErrorKind::usage, "DATABASE_URL holds no database URL", {},
                  "known: sqlite:///FILE, sqlite::memory:, postgresql://USER@HOST/DATABASE");
    }
    return {.route = route_of(project, choice, environment), .url = choice};
  }
  const std::vector<std::string> aliases = project.aliases();
  if (wanted.empty()) {
    throw Error(ErrorKind::usage, "no database is chosen", project.file.string(),
                "set DATABASE_URL, give --database ALIAS_OR_URL, or add a database named "
                "\"default\" to turnstone.json");
  }
  const std::string near = did_you_mean(choice, aliases);
  const std::string known =
      aliases.empty() ? "no databases are named; give a URL" : "known: " + join(aliases, ", ");
  throw Error(ErrorKind::usage, "there is no database \"" + choice + "\"", project.file.string(),
              near.empty() ? known : near);
}

std::filesystem::path database_file(const std::string& url, const std::filesystem::path& root) {
  constexpr std::string_view head = "sqlite:///";
  if (!url.starts_with(head) || url == "sqlite:///:memory:") return {};
  return (root / percent_decoded(url.substr(head.size()))).lexically_normal();
}

bool is_timeout(std::string_view text) {
  const auto digits =
      static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
  if (digits == 0 || digits > 9) return false;
  const std::string_view unit = text.substr(digits);
  if (unit.empty()) return text.find_first_not_of('0') == std::string_view::npos;
  for (const std::string_view known : {"us", "ms", "s", "min", "h", "d"}) {
    if (unit == known) return true;
  }
  return false;
}

bool is_identifier(std::string_view text) {
  return !text.empty() && is_letter(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_letter(c) || is_digit(c); });
}

}  // namespace turnstone::cli
