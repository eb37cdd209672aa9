#pragma once

// Internal: how the checks of models report, and what they share.

#include <turnstone/model/project_state.h>

#include <set>
#include <string>
#include <vector>

namespace turnstone {

/// A problem and the part of a model it is about, so that the registry can point into a file.
struct PlacedProblem {
  enum class Part { model, field, index, constraint, options };
  ModelKey model{};
  Part part = Part::model;
  std::string name{};  ///< of the field, index or constraint, or the key of the option
  Problem problem{};
};

/// What only declared models know: the names of abstract ones. With it, checks look at attributes
/// that states from migration files lack (`related_name`, `blank`, `ordering`) too.
struct Declaration {
  std::set<ModelKey> abstract_models{};
};

/// Everything that is wrong with `state`, by model, then in the order of its parts. `declaration`
/// is null for a state that was not declared.
std::vector<PlacedProblem> find_problems(const ProjectState& state, const Declaration* declaration);

/// Collects what is wrong with one model.
class ModelReport {
 public:
  using Part = PlacedProblem::Part;

  ModelReport(const ProjectState& in_state, const ModelState& of_model, const Declaration* declared,
              std::vector<PlacedProblem>& into)
      : state(in_state), model(of_model), declaration(declared), found_(into) {}

  void add(Part part, const std::string& name, const std::string& message,
           const std::string& hint = {});
  void of_model(const std::string& message, const std::string& hint = {}) {
    add(Part::model, {}, message, hint);
  }
  void of_field(const Field& field, const std::string& message, const std::string& hint = {}) {
    add(Part::field, field.name, message, hint);
  }

  const ProjectState& state;
  const ModelState& model;
  const Declaration* declaration;

 private:
  std::vector<PlacedProblem>& found_;
};

/// Names, types and options of fields by themselves.
void check_fields(ModelReport& report);
/// Targets, rules and through models of one relation.
void check_relation(ModelReport& report, const Field& field);
/// Ways back that two relations, or a relation and a field, would share.
void check_ways_back(const ProjectState& state, const Declaration& declaration,
                     std::vector<PlacedProblem>& found);
/// Indexes, constraints and the other options.
void check_options(ModelReport& report);

/// Field names inside `expression` (of part `part`, `name`) that have no column in the model.
void check_expression(ModelReport& report, PlacedProblem::Part part, const std::string& name,
                      const Expression& expression);
/// A field that `reference` means and that has a column; reports where there is none.
const Field* check_column(ModelReport& report, PlacedProblem::Part part, const std::string& name,
                          const std::string& reference);

/// Letters, digits and `_`, no digit first; bytes of other alphabets count as letters.
bool is_identifier(std::string_view text);
/// The field of that name in a concrete ancestor of `model`, and where; null where there is none.
struct Inherited {
  ModelPtr model{};
  const Field* field = nullptr;
};
Inherited inherited_field(const ProjectState& state, const ModelState& model,
                          std::string_view name);
/// `blog.Book`
std::string full_name(const ModelState& model);
/// Names of the fields of `model`, for hints.
std::vector<std::string> field_names(const ModelState& model);

}  // namespace turnstone
