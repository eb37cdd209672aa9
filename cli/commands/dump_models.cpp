#include "json/model_json.h"

#include "../workspace.h"
#include "commands.h"

namespace turnstone::cli {

int dump_models(Context& context, const DumpModelsOptions& options) {
  const Project project = open_project(context);
  check_labels(context, project, options.apps);
  const FinishedModels finished = load_models(context, project);
  if (!finished.problems.empty()) throw models_error(context, finished.problems);
  std::vector<std::string> apps = options.apps;
  if (apps.empty()) apps = project.labels();
  json::Tree by_app = json::Tree::object();
  for (const std::string& app : apps) {
    json::Tree models = json::Tree::array();
    finished.state.each([&](const ModelPtr& model) {
      if (model->app == app) models.push_back(json::write_model(*model));
    });
    by_app[app]["models"] = std::move(models);
  }
  // One app is a file of models as it stands.
  const json::Tree& document = options.apps.size() == 1 ? by_app[apps.front()] : by_app;
  if (context.output.json()) {
    context.output.document(Document::from_json(document.dump()));
  } else {
    context.output.data(json::pretty(document));
  }
  return exit_done;
}

}  // namespace turnstone::cli
