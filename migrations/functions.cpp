#include <turnstone/error.h>
#include <turnstone/migrations/functions.h>

namespace turnstone::migrations {

HistoricalModel MigrationContext::model(const std::string& reference) {
  if (reference.find('.') == std::string::npos) {
    throw Error(ErrorKind::bad_model, "\"" + reference + "\" is no model", {},
                "write it as app.Model");
  }
  return HistoricalModel(state_.get(key_from(reference)), state_, connection_, dialect_,
                         functions_);
}

Functions::Functions() = default;
Functions::Functions(const Functions&) = default;
Functions::Functions(Functions&&) noexcept = default;
Functions& Functions::operator=(const Functions&) = default;
Functions& Functions::operator=(Functions&&) noexcept = default;
Functions::~Functions() = default;

void Functions::add(const std::string& name, MigrationFunction function) {
  code_[name] = std::move(function);
}

void Functions::add_default(const std::string& name, DefaultFunctionBody function) {
  defaults_[name] = std::move(function);
}

void Functions::add_all(const Functions& others) {
  code_.insert(others.code_.begin(), others.code_.end());
  defaults_.insert(others.defaults_.begin(), others.defaults_.end());
}

const MigrationFunction* Functions::find(const std::string& name) const {
  const auto at = code_.find(name);
  return at == code_.end() ? nullptr : &at->second;
}

const DefaultFunctionBody* Functions::find_default(const std::string& name) const {
  const auto at = defaults_.find(name);
  return at == defaults_.end() ? nullptr : &at->second;
}

std::vector<std::string> Functions::names() const {
  std::vector<std::string> names;
  for (const auto& entry : code_) names.push_back(entry.first);
  for (const auto& entry : defaults_) names.push_back(entry.first);
  return names;
}

}  // namespace turnstone::migrations
