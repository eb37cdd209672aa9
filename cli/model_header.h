#pragma once

#include <turnstone/schema/inspect.h>

#include <string>
#include <vector>

namespace turnstone::cli {

/// A C++ header with these models of app `app` in namespace `app`: a struct and a `describe` for
/// each, and `app()` for `turnstone::manage`. Remarks stand beside what they are about.
std::string model_header(const std::string& app, const std::vector<ModelState>& models,
                         const std::vector<InspectRemark>& remarks);

}  // namespace turnstone::cli
