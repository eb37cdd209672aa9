#include "support/random_operations.h"

#include <turnstone/error.h>
#include <turnstone/identifier.h>

#include "support/models.h"

namespace turnstone::test {

using namespace migrations;  // NOLINT: the operations, all of them

namespace {

bool holds_text(const Field& field) { return is_text(field.type); }
bool holds_numbers(const Field& field) { return is_integer(field.type); }

/// A change that rows of any content survive.
bool rows_survive(const Field& before, const Field& after) {
  if (is_relation(before.type) || is_relation(after.type)) {
    return before.type == after.type && lower_case(before.to) == lower_case(after.to);
  }
  if (after.unique && !before.unique) return false;
  return holds_text(after) || holds_numbers(before) == holds_numbers(after);
}

/// True unless rows would mostly forbid the operation.
struct FitsRows {
  const ProjectState& state;

  bool operator()(const AlterField& o) const {
    const ModelPtr model = state.get({"lab", o.model_name});
    return rows_survive(*model->find_field(o.field.name), o.field);
  }
  bool operator()(const AddConstraint& o) const { return numbers(o.model_name, o.constraint); }
  bool operator()(const AlterConstraint& o) const { return numbers(o.model_name, o.constraint); }
  bool operator()(const AddConstraintNotValid& o) const {
    return numbers(o.model_name, o.constraint);
  }
  template <class Other>
  bool operator()(const Other&) const {
    return true;
  }

 private:
  bool numbers(const std::string& name, const Constraint& constraint) const {
    const ModelPtr model = state.get({"lab", name});
    return !any_field(std::get<CheckConstraint>(constraint).condition, [&](const auto& field) {
      const Field* found = model->find_field(field);
      return !found || !holds_numbers(*found);
    });
  }
};

}  // namespace

Operations RandomOperations::list(ProjectState& state, std::size_t length) {
  Operations operations;
  for (int tries = 0; operations.size() < length && tries < 4000; ++tries) {
    Operation operation = one();
    ProjectState after = state;
    try {
      advance(after, "lab", operation);
    } catch (const Error&) {
      continue;
    }
    if (!problems_of(after).empty()) continue;
    if (for_rows_ && !match(operation, FitsRows{state})) continue;
    state = after;
    operations.push_back(std::move(operation));
  }
  return operations;
}

std::string RandomOperations::model() { return std::string(1, static_cast<char>('A' + below(4))); }
std::string RandomOperations::model_name() { return lower_case(model()); }
std::string RandomOperations::name() { return std::string(1, static_cast<char>('p' + below(4))); }

Field RandomOperations::field(const std::string& called) {
  switch (below(8)) {
    case 0:
      return optional(key_field(called, "lab." + model()));
    case 1:
      return many_field(called, "lab." + model());
    case 2:
      if (for_rows_) break;
      return generated_field(called, positive(name()));
    case 3: {
      Field decimal{.name = called, .type = FieldType::decimal};
      decimal.null = for_rows_ || below(2) == 0;
      decimal.max_digits = 10;
      decimal.decimal_places = static_cast<int>(below(3));
      return decimal;
    }
    case 4:
      return text_field(called, 10 + static_cast<int>(below(3)));
    default:
      break;
  }
  Field plain = integer_field(called);
  if (below(3) == 0) plain.type = FieldType::big_integer;
  plain.null = below(2) == 0;
  if (below(3) == 0) plain.default_value = Json::of(static_cast<int>(below(3)));
  if (below(5) == 0) plain.db_default = Expression::literal(Json::of(static_cast<int>(below(2))));
  if (below(5) == 0) plain.unique = true;
  if (below(6) == 0) plain.db_column = name();
  if (!for_rows_) return plain;
  const bool filled = plain.default_value || plain.db_default;
  if (!plain.null && !filled) plain.default_value = Json::of(static_cast<int>(below(3)));
  plain.unique = plain.unique && plain.null && !filled;
  return plain;
}

/// Of an integer. Rows hold what is above -5.
CheckConstraint RandomOperations::check(const std::string& called) {
  if (!for_rows_) return {.name = called, .condition = positive(name())};
  const int least = -5 - static_cast<int>(below(3));
  return {.name = called,
          .condition = Expression::call(
              ">", {Expression::field(name()), Expression::literal(Json::of(least))})};
}

Operation RandomOperations::one() {
  switch (below(24)) {
    case 0:
    case 1: {
      CreateModel create{.name = model(), .fields = {id_field()}};
      if (below(2) == 0) create.fields.push_back(field(name()));
      return {create};
    }
    case 2:
      return {DeleteModel{model()}};
    case 3:
      return {RenameModel{model(), model()}};
    case 4:
      return {AlterModelTable{model_name(), below(2) == 0 ? "" : "t" + name()}};
    case 5:
      return {AlterUniqueTogether{model_name(), {{for_rows_ ? "id" : name(), name()}}}};
    case 6:
      return {AlterUniqueTogether{model_name(), {}}};
    case 7:
      return {AlterModelOptions{model_name(), for_rows_ || below(3) != 0, ""}};
    case 8:
    case 9:
    case 10:
      return {AddField{model_name(), field(name()), below(2) == 0}};
    case 11:
    case 12:
      return {RemoveField{model_name(), name()}};
    case 13:
    case 14:
      return {AlterField{model_name(), field(name()), below(2) == 0}};
    case 15:
    case 16:
      return {RenameField{model_name(), name(), name()}};
    case 17:
      return {AddIndex{model_name(), Index{.name = "i" + name(), .fields = {name()}}}};
    case 18:
      return {RemoveIndex{model_name(), "i" + name()}};
    case 19:
      return {RenameIndex{model_name(), "i" + name(), "i" + name(), {}}};
    case 20:
      return {AddConstraint{model_name(), check("c" + name())}};
    case 21: {
      const std::string called = "c" + name();
      return {AlterConstraint{model_name(), called, check(called)}};
    }
    case 22:
      return below(2) == 0 ? Operation{AddConstraintNotValid{model_name(), check("c" + name())}}
                           : Operation{ValidateConstraint{model_name(), "c" + name()}};
    default:
      return {RemoveConstraint{model_name(), "c" + name()}};
  }
}

}  // namespace turnstone::test
