#pragma once

#include <turnstone/migrations/functions.h>
#include <turnstone/models.h>
#include <turnstone/registry.h>

#include <string>
#include <utility>
#include <vector>

namespace turnstone {

/// One app of a C++ project: its models and the functions its migrations call by name.
class App {
 public:
  explicit App(std::string label);
  App(const App&);
  App(App&&) noexcept;
  App& operator=(const App&);
  App& operator=(App&&) noexcept;
  ~App();

  /// Registers model classes, each with `static void describe(Model<M>&)`. Mixins are none of them.
  template <class... Models>
  App models() && {
    (add(described_model<Models>(declared_.label)), ...);
    return std::move(*this);
  }
  /// A RunCpp function, by the name migration files use (`shop.fill_slugs`). Here as below, a name
  /// given twice is an Error{bad_model}.
  App function(const std::string& name, migrations::MigrationFunction function) &&;
  /// A default written `{"function": NAME}` or `.default_function(NAME)`.
  App default_function(const std::string& name, migrations::DefaultFunctionBody function) &&;
  /// Type of primary keys that models do not declare; `BigAutoField` unless given.
  App default_auto_field(const std::string& type) &&;
  /// Folder of migration files, relative to the project; `<label>/migrations` unless given.
  App migrations(const std::string& folder) &&;

  const DeclaredApp& declared() const { return declared_; }
  const migrations::Functions& functions() const { return functions_; }
  const std::string& folder() const { return folder_; }
  /// The classes of the models, for rows as objects.
  const std::vector<DescribedModel>& described() const { return described_; }

 private:
  void add(DescribedModel model);
  void refuse_second(const std::string& name) const;

  DeclaredApp declared_{};
  std::vector<DescribedModel> described_{};
  migrations::Functions functions_{};
  std::string folder_{};
};

}  // namespace turnstone
