#include "every_database.h"

#include <turnstone/identifier.h>

#include <algorithm>

#include "workspace.h"

namespace turnstone::cli {
namespace {

/// One run, with what it threw shown as its error.
int run_one(Context& context, const std::string& alias, const std::function<int()>& run) {
  context.globals.database = alias;
  try {
    return run();
  } catch (Error& error) {
    error.at("database " + alias);
    context.output.error(error);
    return exit_code(error.kind());
  }
}

}  // namespace

std::vector<std::string> every_database(Context& context, const std::vector<std::string>& labels) {
  if (!context.globals.database.empty()) {
    throw Error(ErrorKind::usage, "--database and --all-databases exclude each other", {},
                "give one of them");
  }
  const Project project = open_project(context);
  check_labels(context, project, labels);
  std::vector<std::string> aliases;
  for (const std::string& alias : project.aliases()) {
    const bool wanted =
        std::any_of(project.apps.begin(), project.apps.end(), [&](const ProjectApp& app) {
          const bool named =
              labels.empty() || std::find(labels.begin(), labels.end(), app.label) != labels.end();
          return named && lives_in(app, alias);
        });
    if (wanted) aliases.push_back(alias);
  }
  if (aliases.empty()) {
    throw Error(ErrorKind::usage, "the project has no databases", project.file.string(),
                "name them in \"databases\" of turnstone.json");
  }
  return aliases;
}

int in_every_database(Context& context, const std::vector<std::string>& labels,
                      bool stop_at_failure, const std::function<int()>& run) {
  const std::vector<std::string> aliases = every_database(context, labels);
  Output& output = context.output;
  Document list = Document::array();
  std::vector<std::string> done;
  std::vector<std::string> failed;
  std::vector<std::string> left = aliases;
  int highest = exit_done;
  while (!left.empty() && (failed.empty() || !stop_at_failure)) {
    const std::string alias = left.front();
    left.erase(left.begin());
    output.text((done.empty() && failed.empty() ? "" : "\n") +
                output.painted(Role::heading, "Database " + alias + ":") + "\n");
    output.collect();
    const int code = run_one(context, alias, run);
    Document item = Document::object();
    item.set("database", alias).set("exit_code", code);
    list.add(item.set("result", output.collected()));
    highest = std::max(highest, code);
    (code >= exit_usage ? failed : done).push_back(alias);
  }
  context.globals.database.clear();
  if (!failed.empty()) {
    output.note("  failed: " + join(failed, ", ") +
                (done.empty() ? "" : "; done: " + join(done, ", ")) +
                (left.empty() ? "" : "; not begun: " + join(left, ", ")) + "\n");
  }
  Document document = Document::object();
  document.set("databases", list).set("failed", failed).set("not_begun", left);
  output.document(document);
  return highest;
}

}  // namespace turnstone::cli
