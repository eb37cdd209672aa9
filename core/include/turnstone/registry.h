#pragma once

#include <turnstone/model/project_state.h>

#include <string>
#include <utility>
#include <vector>

namespace turnstone {

/// A C++ class and the model it describes.
struct DeclaredClass {
  std::string name{};   ///< `shop::Book`
  std::string model{};  ///< `Book`
  /// Fields that hold a key of another model, and the type of that key in C++.
  std::vector<std::pair<std::string, FieldType>> keys{};
};

/// The models of one app as their author declared them: abstract ones too, bases by name, without
/// the fields and names that follow from the rest. A bare `Model` in references means one of the
/// same app, `::shop::Book` the model of a C++ class, whichever app registers it. C++ `describe`
/// functions and JSON model files both end here.
struct DeclaredApp {
  std::string label{};
  std::vector<ModelState> models{};
  std::string default_auto_field = "BigAutoField";
  std::string source{};                  ///< file of the models, for messages; empty for C++
  std::vector<DeclaredClass> classes{};  ///< of the models that C++ classes describe
};

/// What the declared models are together.
struct FinishedModels {
  /// Concrete, proxy and unmanaged models: fields of abstract bases copied in, primary keys and
  /// parent links added, references in full and in declared case, indexes named, `%(class)s` and
  /// `%(app_label)s` expanded. Equal models give equal states whatever they were declared in.
  ProjectState state{};
  /// Everything that is wrong, in order of app and model; with problems the state may lack parts.
  std::vector<Problem> problems{};
};

/// All apps of a project.
class Registry {
 public:
  /// Throws Error{bad_model} for a label that is not an identifier or is there already, and for a
  /// C++ class that another app has registered.
  void add(DeclaredApp app);
  const std::vector<DeclaredApp>& apps() const { return apps_; }
  FinishedModels finish() const;

 private:
  std::vector<DeclaredApp> apps_{};
};

}  // namespace turnstone
