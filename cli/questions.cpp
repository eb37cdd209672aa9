#include "questions.h"

#include <turnstone/identifier.h>

#include "prompt.h"

namespace turnstone::cli {

std::string place_of(const ModelState& model) { return model.app + "." + model.name; }

std::string place_of(const ModelState& model, const Field& field) {
  return place_of(model) + "." + field.name;
}

std::string removal_question(const std::string& place, const std::vector<std::string>& candidates) {
  return "Remove " + place + " and its data" +
         (candidates.empty() ? "?" : " (it was not renamed to " + join(candidates, " or ") + ")?");
}

Error rename_model_question(const ModelState& before, const ModelState& after) {
  return {ErrorKind::question,
          "was the model " + place_of(before) + " renamed to " + after.name + "?", place_of(before),
          "if it was: --rename-model " + place_of(before) + ":" + after.name +
              "; if not, its rows are lost: --remove " + place_of(before)};
}

Error move_model_question(const ModelState& before, const ModelState& after) {
  return {ErrorKind::question,
          "was the model " + place_of(before) + " moved to app " + after.app + "?",
          place_of(before),
          "if it was: --move-model " + place_of(before) + ":" + after.app +
              "; if not, its rows are lost: --remove " + place_of(before)};
}

Error rename_field_question(const ModelState& model, const Field& before, const Field& after,
                            const std::vector<std::string>& differences) {
  return {ErrorKind::question,
          "was " + place_of(model, before) + " renamed to " + after.name +
              (differences.empty() ? "?" : " (changed in " + join(differences, ", ") + ")?"),
          place_of(model, before),
          "if it was: --rename " + place_of(model, before) + ":" + after.name +
              "; if not, its values are lost: --remove " + place_of(model, before)};
}

Error added_question(const ModelState& model, const Field& field) {
  return {ErrorKind::question,
          "the new field " + place_of(model, field) +
              " may not be NULL and has no default: which value do existing rows get?",
          place_of(model, field),
          "--default '" + place_of(model, field) +
              "=JSON' (null: none, where there are no rows), or a default in the model"};
}

Error altered_question(const ModelState& model, const Field& field) {
  return {ErrorKind::question,
          place_of(model, field) +
              " may no longer be NULL and has no default: which value do NULLs become?",
          place_of(model, field),
          "--default '" + place_of(model, field) +
              "=JSON' (null: none, where there are no NULLs), or a default in the model"};
}

Error remove_field_question(const ModelState& model, const Field& field,
                            const std::vector<std::string>& candidates) {
  return {ErrorKind::question, "is " + place_of(model, field) + " to be removed with its values?",
          place_of(model, field),
          (candidates.empty() ? std::string()
                              : "if it was renamed: --rename " + place_of(model, field) + ":" +
                                    candidates.front() + "; if not: ") +
              "--remove " + place_of(model, field)};
}

Error remove_model_question(const ModelState& model, const std::vector<std::string>& candidates) {
  std::string hint;
  if (!candidates.empty()) {
    const std::size_t dot = candidates.front().find('.');
    hint = dot == std::string::npos ? "if it was renamed: --rename-model "
                                    : "if it was moved: --move-model ";
    hint += place_of(model) + ":" + candidates.front().substr(0, dot) + "; if not: ";
  }
  return {ErrorKind::question, "is " + place_of(model) + " to be removed with its rows?",
          place_of(model), hint + "--remove " + place_of(model)};
}

// RefusingQuestioner ------------------------------------------------------------------------------

void RefusingQuestioner::refuse() const {
  if (questions_.empty()) return;
  if (questions_.size() == 1) throw questions_.front();
  std::vector<std::string> messages;
  std::vector<std::string> places;
  std::string flags;
  for (const Error& question : questions_) {
    messages.emplace_back(question.what());
    places.push_back(question.where());
    flags += "--default '" + question.where() + "=JSON' ";
  }
  throw Error(ErrorKind::question, join(messages, " "), join(places, ", "),
              flags + "(null: none, where there are no such rows), or defaults in the models");
}

bool RefusingQuestioner::renamed_model(const ModelState& old_model, const ModelState& new_model,
                                       bool) {
  throw rename_model_question(old_model, new_model);
}
bool RefusingQuestioner::moved_model(const ModelState& old_model, const ModelState& new_model,
                                     bool) {
  throw move_model_question(old_model, new_model);
}
bool RefusingQuestioner::renamed_field(const ModelState& model, const Field& old_field,
                                       const Field& new_field,
                                       const std::vector<std::string>& differences) {
  throw rename_field_question(model, old_field, new_field, differences);
}
std::optional<Default> RefusingQuestioner::default_for_added(const ModelState& model,
                                                             const Field& field) {
  questions_.push_back(added_question(model, field));
  return std::nullopt;
}
std::optional<Default> RefusingQuestioner::default_for_altered(const ModelState& model,
                                                               const Field& field) {
  questions_.push_back(altered_question(model, field));
  return std::nullopt;
}
bool RefusingQuestioner::may_remove_field(const ModelState& model, const Field& field,
                                          const std::vector<std::string>& rename_candidates) {
  throw remove_field_question(model, field, rename_candidates);
}
bool RefusingQuestioner::may_remove_model(const ModelState& model,
                                          const std::vector<std::string>& rename_candidates) {
  throw remove_model_question(model, rename_candidates);
}

// PreviewQuestioner -------------------------------------------------------------------------------

bool PreviewQuestioner::renamed_model(const ModelState& old_model, const ModelState& new_model,
                                      bool) {
  questions_.push_back(rename_model_question(old_model, new_model));
  return false;
}
bool PreviewQuestioner::moved_model(const ModelState& old_model, const ModelState& new_model,
                                    bool) {
  questions_.push_back(move_model_question(old_model, new_model));
  return false;
}
bool PreviewQuestioner::renamed_field(const ModelState& model, const Field& old_field,
                                      const Field& new_field,
                                      const std::vector<std::string>& differences) {
  questions_.push_back(rename_field_question(model, old_field, new_field, differences));
  return false;
}
std::optional<Default> PreviewQuestioner::default_for_added(const ModelState& model,
                                                            const Field& field) {
  questions_.push_back(added_question(model, field));
  return std::nullopt;
}
std::optional<Default> PreviewQuestioner::default_for_altered(const ModelState& model,
                                                              const Field& field) {
  questions_.push_back(altered_question(model, field));
  return std::nullopt;
}
// A rename that was asked about counts once.
bool PreviewQuestioner::may_remove_field(const ModelState&, const Field&,
                                         const std::vector<std::string>&) {
  return true;
}
bool PreviewQuestioner::may_remove_model(const ModelState&, const std::vector<std::string>&) {
  return true;
}

// AnsweringQuestioner -----------------------------------------------------------------------------

bool AnsweringQuestioner::renamed_model(const ModelState& old_model, const ModelState& new_model,
                                        bool same_fields) {
  const auto answer = answers_.renamed_model(old_model, new_model);
  return answer ? *answer : otherwise_.renamed_model(old_model, new_model, same_fields);
}
bool AnsweringQuestioner::moved_model(const ModelState& old_model, const ModelState& new_model,
                                      bool same_fields) {
  const auto answer = answers_.moved_model(old_model, new_model);
  return answer ? *answer : otherwise_.moved_model(old_model, new_model, same_fields);
}
bool AnsweringQuestioner::renamed_field(const ModelState& model, const Field& old_field,
                                        const Field& new_field,
                                        const std::vector<std::string>& differences) {
  const auto answer = answers_.renamed_field(model, old_field.name, new_field.name);
  return answer ? *answer : otherwise_.renamed_field(model, old_field, new_field, differences);
}
std::optional<Default> AnsweringQuestioner::default_for_added(const ModelState& model,
                                                              const Field& field) {
  const auto answer = answers_.filling(model, field);
  return answer ? answer->value : otherwise_.default_for_added(model, field);
}
std::optional<Default> AnsweringQuestioner::default_for_altered(const ModelState& model,
                                                                const Field& field) {
  const auto answer = answers_.filling(model, field);
  return answer ? answer->value : otherwise_.default_for_altered(model, field);
}
bool AnsweringQuestioner::may_remove_field(const ModelState& model, const Field& field,
                                           const std::vector<std::string>& rename_candidates) {
  if (answers_.removal_meant(model, field.name)) return true;
  return otherwise_.may_remove_field(model, field, rename_candidates);
}
bool AnsweringQuestioner::may_remove_model(const ModelState& model,
                                           const std::vector<std::string>& rename_candidates) {
  if (answers_.removal_meant(model)) return true;
  return otherwise_.may_remove_model(model, rename_candidates);
}

}  // namespace turnstone::cli
