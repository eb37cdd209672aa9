#include <turnstone/app.h>
#include <turnstone/error.h>

namespace turnstone {

App::App(std::string label) {
  folder_ = label + "/migrations";
  declared_.label = std::move(label);
}

App::App(const App&) = default;
App::App(App&&) noexcept = default;
App& App::operator=(const App&) = default;
App& App::operator=(App&&) noexcept = default;
App::~App() = default;

App App::function(const std::string& name, migrations::MigrationFunction function) && {
  refuse_second(name);
  functions_.add(name, std::move(function));
  return std::move(*this);
}

App App::default_function(const std::string& name, migrations::DefaultFunctionBody function) && {
  refuse_second(name);
  functions_.add_default(name, std::move(function));
  return std::move(*this);
}

App App::default_auto_field(const std::string& type) && {
  declared_.default_auto_field = type;
  return std::move(*this);
}

App App::migrations(const std::string& folder) && {
  folder_ = folder;
  return std::move(*this);
}

void App::add(DescribedModel model) {
  described_.push_back(model);
  add_class(declared_, std::move(model));
}

void App::refuse_second(const std::string& name) const {
  if (!functions_.has(name)) return;
  throw Error(ErrorKind::bad_model, "function \"" + name + "\" is registered twice",
              "app \"" + declared_.label + "\"", "give one of them another name");
}

}  // namespace turnstone
