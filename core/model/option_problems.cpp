#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/match.h>

#include <algorithm>

#include "model/problem_list.h"

namespace turnstone {
namespace {

using Part = PlacedProblem::Part;

/// PostgreSQL's bound, in bytes; a longer name would be cut off there. Django allows names of
/// indexes 30 characters for the sake of databases that are not here.
constexpr std::size_t max_name = 63;

void check_length(ModelReport& report, Part part, const std::string& name) {
  if (name.size() <= max_name) return;
  report.add(part, name,
             "the name has " + std::to_string(name.size()) + " bytes, at most " +
                 std::to_string(max_name) + " are allowed",
             "choose a shorter one");
}

bool is_order_column(const ModelState& model, const std::string& name) {
  return name == "_order" && !model.options.order_with_respect_to.empty();
}

/// True for an expression that gives a number, a text or a time and so is no condition.
bool is_no_condition(const Expression& expression) {
  static const std::vector<std::string> heads = {
      "+",     "-",          "*",       "/",           "%",      "||",    "^",       "&",
      "|",     "#",          "<<",      ">>",          "lower",  "upper", "trim",    "abs",
      "round", "replace",    "concat",  "substr",      "length", "ceil",  "floor",   "now",
      "today", "date_trunc", "extract", "random_uuid", "desc",   "asc",   "opclass", "collate"};
  if (expression.kind == Expression::Kind::literal) return !expression.value.is_bool();
  return expression.kind == Expression::Kind::call &&
         std::find(heads.begin(), heads.end(), expression.name) != heads.end();
}

void check_condition(ModelReport& report, Part part, const std::string& name,
                     const Expression& condition) {
  if (is_no_condition(condition)) {
    report.add(part, name, "\"condition\" must be true or false for a row",
               "compare with something, such as [\">\", {\"F\": \"price\"}, 0]");
  }
  check_expression(report, part, name, condition);
}

/// `desc`, `asc` and `opclass` say how an index keeps a value; they are no part of the value.
void check_ordering_heads(ModelReport& report, Part part, const std::string& name,
                          const Expression& expression, bool outermost) {
  const bool ordering =
      expression.kind == Expression::Kind::call &&
      (expression.name == "desc" || expression.name == "asc" || expression.name == "opclass");
  if (ordering && !outermost) {
    report.add(part, name, "\"" + expression.name + "\" must be outermost");
  }
  for (const Expression& argument : expression.arguments) {
    check_ordering_heads(report, part, name, argument, outermost && ordering);
  }
}

void check_columns(ModelReport& report, Part part, const std::string& name,
                   const std::vector<std::string>& fields, bool signs) {
  std::vector<std::string> seen;
  for (const std::string& item : fields) {
    const std::string field = signs && item.starts_with("-") ? item.substr(1) : item;
    check_column(report, part, name, field);
    if (std::find(seen.begin(), seen.end(), field) != seen.end()) {
      report.add(part, name, "field \"" + field + "\" is named twice");
    }
    seen.push_back(field);
  }
}

void check_index(ModelReport& report, const Index& index) {
  const auto add = [&](const std::string& message, const std::string& hint = {}) {
    report.add(Part::index, index.name, message, hint);
  };
  if (index.name.empty()) {
    add("an index needs a name");
  }
  check_length(report, Part::index, index.name);
  check_columns(report, Part::index, index.name, index.fields, true);
  check_columns(report, Part::index, index.name, index.include, false);
  for (const Expression& expression : index.expressions) {
    check_expression(report, Part::index, index.name, expression);
    check_ordering_heads(report, Part::index, index.name, expression, true);
  }
  if (index.condition) check_condition(report, Part::index, index.name, *index.condition);
  if (index.fields.empty() == index.expressions.empty()) {
    add("an index has either \"fields\" or \"expressions\"");
  }
}

struct CheckConstraintParts {
  ModelReport& report;

  void operator()(const CheckConstraint& c) const {
    check_condition(report, Part::constraint, c.name, c.condition);
  }
  void operator()(const UniqueConstraint& c) const {
    check_columns(report, Part::constraint, c.name, c.fields, false);
    check_columns(report, Part::constraint, c.name, c.include, false);
    for (const Expression& expression : c.expressions) {
      check_expression(report, Part::constraint, c.name, expression);
      check_ordering_heads(report, Part::constraint, c.name, expression, true);
    }
    if (c.condition) check_condition(report, Part::constraint, c.name, *c.condition);
    if (c.fields.empty() == c.expressions.empty()) {
      report.add(Part::constraint, c.name,
                 "a unique constraint has either \"fields\" or \"expressions\"");
    }
  }
  void operator()(const ExclusionConstraint& c) const {
    for (const auto& element : c.expressions) {
      check_expression(report, Part::constraint, c.name, element.first);
      check_ordering_heads(report, Part::constraint, c.name, element.first, true);
    }
    check_columns(report, Part::constraint, c.name, c.include, false);
    if (c.condition) check_condition(report, Part::constraint, c.name, *c.condition);
  }
};

void check_constraint(ModelReport& report, const Constraint& constraint) {
  const std::string& name = name_of(constraint);
  if (name.empty()) {
    report.add(Part::constraint, name, "a constraint needs a name");
  }
  check_length(report, Part::constraint, name);
  match(constraint, CheckConstraintParts{report});
}

void check_order_with_respect_to(ModelReport& report) {
  const Options& options = report.model.options;
  if (options.order_with_respect_to.empty()) return;
  const std::string option = "order_with_respect_to";
  const Field* field = check_column(report, Part::options, option, options.order_with_respect_to);
  if (field && !is_foreign_key(field->type)) {
    report.add(Part::options, option, "\"" + field->name + "\" is no foreign key");
  }
  if (report.declaration && !options.ordering.empty()) {
    report.add(Part::options, option,
               "\"ordering\" and \"order_with_respect_to\" exclude each other");
  }
}

/// Only the first step of a path is looked at: the rest belongs to other models.
void check_ordering(ModelReport& report) {
  const ModelState& model = report.model;
  for (const std::string& item : model.options.ordering) {
    std::string name = item.starts_with("-") || item.starts_with("+") ? item.substr(1) : item;
    name = name.substr(0, name.find("__"));
    if (name == "?" || name == "pk" || is_order_column(model, name)) continue;
    if (model.resolve_field(name) || inherited_field(report.state, model, name).field) continue;
    report.add(Part::options, "ordering", "there is no field \"" + name + "\"",
               did_you_mean(name, field_names(model)));
  }
}

}  // namespace

const Field* check_column(ModelReport& report, Part part, const std::string& name,
                          const std::string& reference) {
  const ModelState& model = report.model;
  const Field* field = model.resolve_field(reference);
  if (field && has_column(*field)) return field;
  if (is_order_column(model, reference)) return nullptr;
  const Inherited inherited = inherited_field(report.state, model, reference);
  if (field && field->type == FieldType::composite_primary_key) {
    report.add(part, name, "the composite primary key is no column",
               "name the columns it is made of");
  } else if (field) {
    report.add(part, name, "\"" + reference + "\" is a ManyToManyField and has no column");
  } else if (inherited.field) {
    report.add(part, name,
               "field \"" + reference + "\" is in the table of the base " +
                   full_name(*inherited.model) + ", not in this one");
  } else if (reference.find("__") != std::string::npos) {
    report.add(part, name,
               "\"" + reference + "\" leads to another table, which is not possible here",
               "name a field of the model itself");
  } else {
    report.add(part, name, "there is no field \"" + reference + "\"",
               did_you_mean(reference, field_names(model)));
  }
  return nullptr;
}

void check_expression(ModelReport& report, Part part, const std::string& name,
                      const Expression& expression) {
  any_field(expression, [&](const std::string& field) {
    check_column(report, part, name, field);
    return false;
  });
}

void check_options(ModelReport& report) {
  const Options& options = report.model.options;
  for (const std::vector<std::string>& names : options.unique_together) {
    if (names.empty()) {
      report.add(Part::options, "unique_together", "a list of fields is empty");
    }
    check_columns(report, Part::options, "unique_together", names, false);
  }
  for (const Index& index : options.indexes) check_index(report, index);
  for (const Constraint& constraint : options.constraints) check_constraint(report, constraint);
  check_order_with_respect_to(report);
  if (report.declaration) check_ordering(report);
}

}  // namespace turnstone
