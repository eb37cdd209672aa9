#pragma once

#include <turnstone/model/describe.h>
#include <turnstone/registry.h>

#include <string>

// Everything a file with `describe` functions needs.

namespace turnstone {

/// The model a class describes, as declared in app `label`, with what C++ alone knows of it. Throws
/// Error{bad_model} for what contradicts itself.
template <class M>
DescribedModel described_model(const std::string& label) {
  static_assert(std::is_default_constructible_v<M>,
                "turnstone: a model class must be default-constructible");
  const M object{};
  detail::ModelDraft draft(label, class_name<M>(), &object);
  Model<M> model(draft, object);
  try {
    detail::call_describe(model);
  } catch (Error& error) {
    draft.locate(error);
    throw;
  }
  DescribedModel described = draft.finish();
  described.make = +[]() -> std::shared_ptr<void> { return std::make_shared<M>(); };
  return described;
}

/// The model a class describes, as declared in app `label`. References to other classes are
/// written `::shop::Book` until the registry knows which app a class belongs to.
template <class M>
ModelState declared_model(const std::string& label) {
  return described_model<M>(label).state;
}

/// Adds a described class to its app.
void add_class(DeclaredApp& app, DescribedModel model);

/// The app that these classes make.
template <class... Models>
DeclaredApp declared_app(const std::string& label) {
  DeclaredApp app;
  app.label = label;
  (add_class(app, described_model<Models>(label)), ...);
  return app;
}

}  // namespace turnstone
