#pragma once

#include <turnstone/error.h>
#include <turnstone/model/model.h>

#include <string>
#include <vector>

namespace turnstone::cli {

// The autodetector's questions in words, with the flags that answer them: what is said where nobody
// can be asked.

Error rename_model_question(const ModelState& before, const ModelState& after);
Error move_model_question(const ModelState& before, const ModelState& after);
Error rename_field_question(const ModelState& model, const Field& before, const Field& after,
                            const std::vector<std::string>& differences);
Error added_question(const ModelState& model, const Field& field);
Error altered_question(const ModelState& model, const Field& field);
Error remove_field_question(const ModelState& model, const Field& field,
                            const std::vector<std::string>& candidates);
Error remove_model_question(const ModelState& model, const std::vector<std::string>& candidates);

/// `app.Model`, `app.Model.field`
std::string place_of(const ModelState& model);
std::string place_of(const ModelState& model, const Field& field);
std::string removal_question(const std::string& place, const std::vector<std::string>& candidates);

}  // namespace turnstone::cli
