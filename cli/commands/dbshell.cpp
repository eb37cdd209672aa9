#include "../secrets.h"
#include "../workspace.h"
#include "commands.h"

namespace turnstone::cli {
namespace {

struct Shell {
  std::vector<std::string> command{};
  std::map<std::string, std::string> environment{};
};

Shell shell_for(const Project& project, const ChosenDatabase& database) {
  if (dialect_for(database.url).name() == "sqlite") {
    const std::filesystem::path file = database_file(database.url, project.root);
    return {.command = {"sqlite3", file.empty() ? ":memory:" : file.string()}};
  }
  // A command line is there for every user of the machine to see; the environment is not.
  const SplitUrl split = split_password(database.url);
  Shell shell{.command = {"psql", split.url}};
  if (!split.password.empty()) shell.environment["PGPASSWORD"] = split.password;
  return shell;
}

}  // namespace

int dbshell(Context& context, const DbshellOptions& options) {
  const Project project = open_project(context);
  Shell shell = shell_for(project, choose_database(context, project));
  shell.command.insert(shell.command.end(), options.arguments.begin(), options.arguments.end());
  if (context.output.json()) {
    Document environment = Document::object();
    for (const auto& entry : shell.environment) environment.set(entry.first, "***");
    Document document = Document::object();
    context.output.document(document.set("command", shell.command).set("environment", environment));
    return exit_done;
  }
  const int code = context.surroundings.become(shell.command, shell.environment);
  if (code != 127) return code;
  throw Error(ErrorKind::unsupported, "cannot run " + shell.command.front(), {},
              shell.command.front() == "psql"
                  ? "install it (package postgresql-client), or put it on PATH"
                  : "install it (package sqlite3), or put it on PATH");
}

}  // namespace turnstone::cli
