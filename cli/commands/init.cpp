#include "json/tree.h"

#include <turnstone/identifier.h>
#include <turnstone/migrations/migration.h>

#include <algorithm>

#include "../secrets.h"
#include "../workspace.h"
#include "commands.h"

namespace turnstone::cli {
namespace {

namespace fs = std::filesystem;

fs::path project_folder(const Context& context) {
  const fs::path folder = context.globals.project.empty()
                              ? context.surroundings.folder
                              : context.surroundings.folder / context.globals.project;
  if (fs::exists(folder) && !fs::is_directory(folder)) {
    throw Error(ErrorKind::usage, "\"" + context.globals.project + "\" is not a folder", {},
                "--project takes the folder the project is to be in");
  }
  return folder.lexically_normal();
}

/// The URL to write down: a password stays out of files.
std::string url_to_write(Context& context) {
  const std::string& wanted = context.globals.database;
  if (wanted.empty()) return "sqlite:///db.sqlite3";
  context.output.hide_password_of(wanted);
  dialect_for(wanted);
  if (secrets_of(wanted).empty()) return wanted;
  context.output.warning("the URL holds a password, which is not written to turnstone.json", {},
                         "the file says ${DATABASE_URL}; set that variable");
  return "${DATABASE_URL}";
}

/// The project file with the apps in it; what was there stays as it was.
json::Tree with_apps(json::Tree tree, const std::vector<std::string>& apps,
                     std::vector<std::string>& added) {
  json::Tree& list = tree["apps"];
  if (list.is_null()) list = json::Tree::object();
  for (const std::string& app : apps) {
    if (list.contains(app)) continue;
    list[app] = json::Tree::object();
    added.push_back(app);
  }
  return tree;
}

void check_names(const InitOptions& options) {
  for (const std::string& app : options.apps) {
    if (is_identifier(app)) continue;
    throw Error(ErrorKind::usage, "\"" + app + "\" cannot be the label of an app", {},
                "use letters, digits and _, beginning with a letter");
  }
}

std::vector<std::string> wanted_apps(const Context& context, const InitOptions& options) {
  if (!context.apps) return options.apps;
  std::vector<std::string> registered;
  for (const App& app : *context.apps) registered.push_back(app.declared().label);
  for (const std::string& app : options.apps) {
    if (std::find(registered.begin(), registered.end(), app) != registered.end()) continue;
    throw Error(ErrorKind::usage, "there is no app \"" + app + "\" in this program", {},
                did_you_mean(app, registered));
  }
  return registered;
}

void show_next_steps(const Context& context, const std::vector<std::string>& apps) {
  const std::string& program = context.program;
  std::string text = "\nNext:\n";
  if (apps.empty() && !context.apps) {
    text += "  " + program + " init APP        adds an app\n";
  } else if (!context.apps) {
    text += "  write models into " + apps.front() + "/models.json, such as\n    " +
            R"({"models": [{"name": "Author", "fields": [{"name": "name", "type": "CharField", )" +
            R"("max_length": 100}]}]})" + "\n";
  }
  text += "  " + program + " makemigrations  writes migrations for them\n  " + program +
          " migrate         applies them\n";
  context.output.text(text);
}

}  // namespace

int init(Context& context, const InitOptions& options) {
  check_names(options);
  const std::vector<std::string> apps = wanted_apps(context, options);
  const fs::path folder = project_folder(context);
  const fs::path file = folder / "turnstone.json";
  const bool new_project = !fs::exists(file);
  migrations::FileChange change;
  json::Tree tree = json::Tree::object();
  if (new_project) {
    tree["apps"] = json::Tree::object();
    tree["databases"]["default"]["url"] = url_to_write(context);
    tree["default_auto_field"] = "BigAutoField";
    change.expect[file] = std::nullopt;
  } else {
    const Project project = open_project(context);
    const std::string text = read_file(file);
    tree = json::parse(file.string(), text);
    change.expect[file] = text;
  }
  std::vector<std::string> added;
  tree = with_apps(std::move(tree), apps, added);
  if (new_project || !added.empty()) change.write[file] = json::pretty(tree);
  if (!context.apps) {
    for (const std::string& app : added) {
      const fs::path models = folder / app / "models.json";
      if (!fs::exists(models)) change.write[models] = "{\"models\": []}\n";
    }
  }
  std::vector<std::string> written;
  for (const auto& entry : change.write)
    written.push_back(context.output.shown(entry.first.string()));
  if (!written.empty()) migrations::write_files(folder, change);
  for (const std::string& name : written) context.output.text("wrote " + name + "\n");
  if (written.empty()) {
    context.output.text("Nothing to do: " + context.output.shown(file.string()) + " is there" +
                        (apps.empty() ? "" : ", with " + join(apps, ", ")) + ".\n");
  } else {
    show_next_steps(context, added);
  }
  Document document = Document::object();
  context.output.document(
      document.set("project", folder.string()).set("written", written).set("apps_added", added));
  return exit_done;
}

}  // namespace turnstone::cli
