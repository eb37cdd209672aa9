#include "support/random_branches.h"

#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/migrations/graph.h>

#include <memory>

namespace turnstone::test {

using namespace migrations;  // NOLINT: the operations, all of them

namespace {

Expression over(const std::string& field, int bound) {
  return Expression::call(">", {Expression::field(field), Expression::literal(Json::of(bound))});
}

Field own_key() {
  return Field{.name = "id", .type = FieldType::big_auto_field, .primary_key = true};
}

Field relation(FieldType type, const std::string& called, const std::string& to) {
  Field field{.name = called, .type = type};
  field.to = to;
  field.null = type == FieldType::foreign_key;
  if (field.null) field.on_delete = OnDelete::cascade;
  return field;
}

Field generated(const std::string& called, Expression expression) {
  Field field{.name = called, .type = FieldType::generated};
  field.expression = std::move(expression);
  field.output_field = std::make_shared<const Field>(Field{.type = FieldType::integer});
  return field;
}

bool fits(const ProjectState& state, const std::string& app, const Operation& operation,
          ProjectState& after) {
  after = state;
  try {
    advance(after, app, operation);
  } catch (const Error&) {
    return false;
  }
  return problems_of(after).empty();
}

}  // namespace

RandomBranches::RandomBranches(std::uint32_t seed) : random_(seed) {
  start_.id = {"lab", "0001_initial"};
  for (const char* called : {"A", "B", "C"}) {
    CreateModel create{.name = called, .fields = {own_key()}};
    for (const char* field : {"p", "q", "r", "s"}) {
      create.fields.push_back(state_.size() == 0 ? plain_field(field) : random_field(field));
    }
    ProjectState after;
    if (!fits(state_, "lab", {create}, after)) {
      create.fields.resize(1);
      create.fields.push_back(Field{.name = "p", .type = FieldType::integer, .null = true});
      fits(state_, "lab", {create}, after);
    }
    state_ = after;
    start_.operations.push_back({create});
  }
  for (Operation& operation : list(state_, 3)) start_.operations.push_back(std::move(operation));
  start_.digest = digest_of(start_);
}

Migration RandomBranches::branch(const std::string& called) {
  ProjectState state = state_;
  Migration migration{.id = {"lab", called}, .dependencies = {start_.id}};
  migration.operations = list(state, 1 + below(3));
  migration.digest = digest_of(migration);
  return migration;
}

Operations RandomBranches::list(ProjectState& state, std::size_t length) {
  Operations operations;
  for (int tries = 0; operations.size() < length && tries < 500; ++tries) {
    Operation operation = one(state);
    ProjectState after;
    if (!fits(state, "lab", operation, after)) continue;
    state = after;
    operations.push_back(std::move(operation));
  }
  return operations;
}

std::string RandomBranches::name(const char* first, std::uint32_t count) {
  return std::string(1, static_cast<char>(*first + below(count)));
}

Field RandomBranches::plain_field(const std::string& called) {
  Field field{.name = called, .null = often()};
  switch (below(8)) {
    case 0:
      field.type = FieldType::text;
      break;
    case 1:
      field.type = FieldType::boolean;
      break;
    case 2:
      field.type = FieldType::decimal;
      field.max_digits = 10;
      field.decimal_places = static_cast<int>(below(3));
      break;
    case 3:
      field.type = FieldType::date;
      break;
    case 4:
      field.type = FieldType::big_integer;
      break;
    case 5:
      field.type = FieldType::character;
      field.max_length = 20 + 10 * static_cast<int>(below(3));
      break;
    default:
      field.type = FieldType::integer;
  }
  if (field.type == FieldType::integer) {
    if (below(3) == 0) field.db_default = Expression::literal(Json::of(static_cast<int>(below(2))));
    if (below(4) == 0) field.db_index = true;
    if (below(6) == 0) field.unique = field.null = true;
  }
  if (below(8) == 0) field.db_column = name("p", 7);
  return field;
}

Field RandomBranches::random_field(const std::string& called) {
  switch (below(6)) {
    case 0:
      return relation(FieldType::foreign_key, called, "lab." + model());
    case 1:
      return relation(FieldType::many_to_many, called, "lab." + model());
    case 2:
      return generated(called, over(field_name(), 0));
    default:
      return plain_field(called);
  }
}

std::optional<Field> RandomBranches::altered(const ProjectState& state, const std::string& model) {
  const ModelPtr found = state.find({"lab", lower_case(model)});
  if (!found || found->fields.size() < 2) return std::nullopt;
  Field field = found->fields[1 + below(static_cast<std::uint32_t>(found->fields.size() - 1))];
  if (is_relation(field.type) || field.type == FieldType::generated) {
    if (field.type == FieldType::foreign_key) field.db_index = !field.db_index.value_or(true);
    return field;
  }
  switch (below(7)) {
    case 0:
    case 1:
      field.null = !field.null;
      if (!field.null) {
        if (is_integer(field.type)) field.default_value = Json::of(static_cast<int>(below(3)));
        if (is_text(field.type)) field.default_value = Json::of("none");
        if (field.type == FieldType::boolean) field.default_value = Json::of(true);
      }
      break;
    case 2:
      field.db_default.reset();
      if (field.type == FieldType::integer) {
        field.type = below(2) == 0 ? FieldType::big_integer : FieldType::text;
      } else if (field.type == FieldType::character) {
        field.max_length = *field.max_length + 30;
      } else if (field.type == FieldType::big_integer) {
        field.type = FieldType::integer;
      } else if (field.type == FieldType::text) {
        field.type = FieldType::character;
        field.max_length = 50;
      } else if (field.type == FieldType::decimal) {
        field.decimal_places = static_cast<int>(below(3));
      }
      break;
    case 3:
      field.db_index = !field.db_index.value_or(false);
      break;
    case 4:
      field.db_column = field.db_column.empty() ? name("p", 7) : "";
      break;
    case 5:
      field.unique = !field.unique;
      break;
    default:
      if (is_integer(field.type)) {
        field.db_default = Expression::literal(Json::of(static_cast<int>(below(2))));
      }
  }
  return field;
}

Operation RandomBranches::on_model(const ProjectState& state) {
  switch (below(12)) {
    case 0:
    case 1:
    case 2: {
      CreateModel create{.name = name("A", 6), .fields = {own_key()}};
      if (often()) create.fields.push_back(random_field(field_name()));
      return {create};
    }
    case 3:
      return {DeleteModel{model()}};
    case 4:
    case 5:
      return {RenameModel{model(), name("A", 8)}};
    case 6:
      return {AlterModelTable{lower_case(model()), below(2) == 0 ? "" : "t" + field_name()}};
    case 7:
    case 8:
      return {AlterUniqueTogether{lower_case(model()), {{field_name(), field_name()}}}};
    case 9:
      return {AlterUniqueTogether{lower_case(model()), {}}};
    case 10:
      return {AlterModelOptions{lower_case(model()), often(), ""}};
    default: {
      const Operation moved = one(state);
      if (std::holds_alternative<SeparateDatabaseAndState>(moved.value)) return moved;
      const auto same = std::make_shared<const Operations>(Operations{moved});
      return {SeparateDatabaseAndState{same, same}};
    }
  }
}

Operation RandomBranches::one(const ProjectState& state) {
  const std::string called = model();
  const std::string in = lower_case(called);
  switch (below(24)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4: {
      Field field = random_field(field_name());
      const bool needs = !field.null && has_column(field) && !is_relation(field.type) &&
                         field.type != FieldType::generated && !field.db_default;
      if (needs && is_integer(field.type)) field.default_value = Json::of(5);
      if (needs && is_text(field.type)) field.default_value = Json::of("new");
      if (needs && !field.default_value) field.null = true;
      return {AddField{in, field, below(2) == 0}};
    }
    case 5:
    case 6:
      return {RemoveField{in, field_name()}};
    case 7:
    case 8:
    case 9:
    case 10:
    case 11:
    case 12:
      if (auto field = altered(state, called)) return {AlterField{in, *field, below(2) == 0}};
      return on_model(state);
    case 13:
    case 14:
      return {RenameField{in, field_name(), field_name()}};
    case 15:
    case 16:
      return {AddIndex{in, Index{.name = "i" + field_name(), .fields = {field_name()}}}};
    case 17:
      return below(2) == 0 ? Operation{RemoveIndex{in, "i" + field_name()}}
                           : Operation{RenameIndex{in, "i" + field_name(), "i" + field_name(), {}}};
    case 18:
    case 19: {
      const std::string constraint = "c" + field_name();
      if (below(3) == 0) {
        return {AddConstraint{in, UniqueConstraint{.name = constraint, .fields = {field_name()}}}};
      }
      return {AddConstraint{
          in, CheckConstraint{.name = constraint,
                              .condition = over(field_name(), static_cast<int>(below(2)) - 1)}}};
    }
    case 20: {
      const std::string constraint = "c" + field_name();
      if (below(2) == 0) return {RemoveConstraint{in, constraint}};
      return {AlterConstraint{
          in, constraint,
          CheckConstraint{.name = constraint, .condition = over(field_name(), -1)}}};
    }
    default:
      return on_model(state);
  }
}

}  // namespace turnstone::test
