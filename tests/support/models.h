#pragma once

#include <turnstone/migrations/autodetector.h>
#include <turnstone/model/project_state.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

/// Short words for models, states and questions in tests.
namespace turnstone::test {

inline Field id_field() {
  return Field{.name = "id", .type = FieldType::big_auto_field, .primary_key = true};
}
inline Field text_field(const std::string& name, int length = 40) {
  Field field{.name = name, .type = FieldType::character};
  field.max_length = length;
  return field;
}
inline Field integer_field(const std::string& name) {
  return Field{.name = name, .type = FieldType::integer};
}
inline Field key_field(const std::string& name, const std::string& to) {
  Field field{.name = name, .type = FieldType::foreign_key};
  field.to = to;
  field.on_delete = OnDelete::cascade;
  return field;
}
inline Field one_to_one_field(const std::string& name, const std::string& to) {
  Field field = key_field(name, to);
  field.type = FieldType::one_to_one;
  return field;
}
inline Field many_field(const std::string& name, const std::string& to,
                        const std::string& through = {}) {
  Field field{.name = name, .type = FieldType::many_to_many};
  field.to = to;
  field.through = through;
  return field;
}
inline Field parent_field(const std::string& name, const std::string& to) {
  Field field = one_to_one_field(name, to);
  field.primary_key = true;
  field.parent_link = true;
  return field;
}
inline Field generated_field(const std::string& name, Expression expression) {
  Field field{.name = name, .type = FieldType::generated};
  field.expression = std::move(expression);
  field.output_field = std::make_shared<const Field>(integer_field(""));
  return field;
}
inline Field optional(Field field) {
  field.null = true;
  return field;
}
inline Field unique(Field field) {
  field.unique = true;
  return field;
}
inline Field defaulting(Field field, Json value) {
  field.default_value = std::move(value);
  return field;
}
inline Field in_column(Field field, const std::string& column) {
  field.db_column = column;
  return field;
}
inline Expression positive(const std::string& field) {
  return Expression::call(">", {Expression::field(field), Expression::literal(Json::of(0))});
}

inline ModelState model(const std::string& reference, std::vector<Field> fields,
                        Options options = {}, std::vector<std::string> bases = {}) {
  const std::size_t dot = reference.find('.');
  ModelState result{.app = reference.substr(0, dot), .name = reference.substr(dot + 1)};
  result.fields = std::move(fields);
  result.options = std::move(options);
  result.bases = std::move(bases);
  return result;
}
/// The same with an automatic `id` first.
inline ModelState table(const std::string& reference, std::vector<Field> fields = {},
                        Options options = {}) {
  fields.insert(fields.begin(), id_field());
  return model(reference, std::move(fields), std::move(options));
}
inline ProjectState state_of(const std::vector<ModelState>& models) {
  ProjectState state;
  for (const ModelState& one : models) state.set(one);
  return state;
}

inline std::vector<std::string> described(const migrations::Operations& operations) {
  std::vector<std::string> words;
  for (const migrations::Operation& operation : operations) {
    words.push_back(migrations::describe(operation));
  }
  return words;
}

/// Answers as told, and remembers what it was asked. What it was not told is refused.
class ScriptedQuestioner : public migrations::Questioner {
 public:
  std::set<std::pair<std::string, std::string>> renamed_models{};  ///< (old, new) names
  std::set<std::pair<std::string, std::string>> moved_models{};    ///< (name, new app)
  std::set<std::pair<std::string, std::string>> renamed_fields{};
  std::map<std::string, Default> defaults{};  ///< by field, for added and altered ones
  bool may_remove = true;
  std::vector<std::string> asked{};

  bool renamed_model(const ModelState& old_model, const ModelState& new_model,
                     bool same_fields) override {
    asked.push_back("model " + old_model.name + ">" + new_model.name +
                    (same_fields ? "" : " (similar)"));
    return renamed_models.contains({old_model.name, new_model.name});
  }
  bool moved_model(const ModelState& old_model, const ModelState& new_model,
                   bool same_fields) override {
    asked.push_back("move " + old_model.app + "." + old_model.name + ">" + new_model.app +
                    (same_fields ? "" : " (similar)"));
    return moved_models.contains({old_model.name, new_model.app});
  }
  bool renamed_field(const ModelState& in, const Field& old_field, const Field& new_field,
                     const std::vector<std::string>& differences) override {
    std::string question = "field " + in.name + "." + old_field.name + ">" + new_field.name;
    for (const std::string& difference : differences) question += " " + difference;
    asked.push_back(question);
    return renamed_fields.contains({old_field.name, new_field.name});
  }
  std::optional<Default> default_for_added(const ModelState& in, const Field& field) override {
    asked.push_back("added " + in.name + "." + field.name);
    return answer(field.name);
  }
  std::optional<Default> default_for_altered(const ModelState& in, const Field& field) override {
    asked.push_back("altered " + in.name + "." + field.name);
    return answer(field.name);
  }
  bool may_remove_field(const ModelState& in, const Field& field,
                        const std::vector<std::string>& candidates) override {
    asked.push_back("remove " + in.name + "." + field.name + joined(candidates));
    return may_remove;
  }
  bool may_remove_model(const ModelState& gone,
                        const std::vector<std::string>& candidates) override {
    asked.push_back("remove " + gone.name + joined(candidates));
    return may_remove;
  }

 private:
  std::optional<Default> answer(const std::string& field) const {
    const auto at = defaults.find(field);
    if (at == defaults.end()) return std::nullopt;
    return at->second;
  }
  static std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? " for " : ", ") + name;
    return text;
  }
};

}  // namespace turnstone::test
