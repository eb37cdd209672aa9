#include <turnstone/error.h>
#include <turnstone/migrations/compile.h>
#include <turnstone/migrations/functions.h>

#include <algorithm>

#include "split_sql.h"

namespace turnstone::migrations {
namespace {

/// What an operation says about identity, seen from the state before to the state after.
struct Identity {
  std::optional<std::pair<ModelKey, ModelKey>> model{};  ///< RenameModel, MoveModel
  struct FieldRename {
    ModelKey model{};
    std::string from{};
    std::string to{};
  };
  std::optional<FieldRename> field{};  ///< RenameField
  /// AddField, AlterField: the field as the operation has it, with a default that only fills rows.
  struct Filled {
    ModelKey model{};
    Field field{};
  };
  std::optional<Filled> filled{};
  /// A column that comes back after RemoveField, or ceases to be computed, is filled with something
  /// in any case.
  bool invent = false;
};

/// A value of the type that says the least; none for types that have no such thing.
std::optional<Json> nothing_in_it(FieldType type) {
  if (is_integer(type) || type == FieldType::floating) return Json::of(0);
  switch (type) {
    case FieldType::boolean:
      return Json::of(false);
    case FieldType::decimal:
      return Json::of("0");
    case FieldType::date:
      return Json::of("1970-01-01");
    case FieldType::time:
      return Json::of("00:00:00");
    case FieldType::date_time:
      return Json::of("1970-01-01T00:00:00Z");
    case FieldType::duration:
      return Json::of("P0DT00H00M00S");
    case FieldType::uuid:
      return Json::of("00000000-0000-0000-0000-000000000000");
    case FieldType::binary:
    case FieldType::search_vector:
      return Json::of("");
    case FieldType::generic_ip_address:
      return Json::of("0.0.0.0");
    case FieldType::array:
      return Json::parse("[]");
    case FieldType::json:
    case FieldType::hstore:
      return Json::parse("{}");
    case FieldType::integer_range:
    case FieldType::big_integer_range:
    case FieldType::decimal_range:
    case FieldType::date_time_range:
    case FieldType::date_range:
      return Json::of("empty");
    default:
      return std::nullopt;
  }
}

/// Names and fills for `compare`, for the models that differ between two states.
class Hints {
 public:
  Hints(const ProjectState& before, const ProjectState& after, const Identity& identity,
        const Dialect& dialect, const Functions& functions)
      : before_(before),
        after_(after),
        identity_(identity),
        dialect_(dialect),
        functions_(functions) {}

  RenameHints run() {
    for (const ModelKey& key : changed_models(before_, after_)) {
      const ModelPtr is = after_.find(key);
      const ModelPtr was = is ? before_.find(key_before(key)) : nullptr;
      if (was) compare_models(*was, *is);
    }
    return std::move(hints_);
  }

 private:
  ModelKey key_before(const ModelKey& key) const {
    return identity_.model && identity_.model->second == key ? identity_.model->first : key;
  }
  const Field* field_before(const ModelState& was, const ModelState& is, const Field& field) const {
    const auto& rename = identity_.field;
    if (rename && rename->model == key_of(is)) {
      if (rename->to == field.name) return was.find_field(rename->from);
      if (rename->from == field.name) return nullptr;
    }
    return was.find_field(field.name);
  }

  void compare_models(const ModelState& was, const ModelState& is) {
    const std::string table = database_table(is, dialect_);
    rename_table(database_table(was, dialect_), table);
    for (const Field& field : is.fields) {
      const Field* old = field_before(was, is, field);
      if (old && was.options.managed && is.options.managed) refuse_loss_of_rows(is, *old, field);
      if (field.type == FieldType::many_to_many) {
        if (old && old->type == field.type) many_to_many(was, *old, is, field);
        continue;
      }
      if (!has_column(field)) continue;
      // A column cannot begin or cease to be computed: it goes, and comes anew.
      const bool column_before = old && has_column(*old) && is_computed(*old) == is_computed(field);
      if (column_before && column_name(*old) != column_name(field)) {
        hints_.columns.push_back({table, column_name(*old), column_name(field)});
      }
      const bool added = !column_before;
      const bool closes = column_before && old->null && !field.null;
      if (!added && !closes) continue;
      if (auto sql = fill(is, field, added)) {
        hints_.fills.push_back({table, column_name(field), std::move(*sql)});
      }
    }
    if (was.options.order_with_respect_to.empty() && !is.options.order_with_respect_to.empty()) {
      hints_.fills.push_back({table, "_order", "0"});
    }
  }

  static bool is_computed(const Field& field) { return field.type == FieldType::generated; }

  /// Rows of a many-to-many relation would go with its table where AlterField makes something else
  /// of it.
  static void refuse_loss_of_rows(const ModelState& model, const Field& old, const Field& field) {
    const bool was_many = old.type == FieldType::many_to_many;
    const bool is_many = field.type == FieldType::many_to_many;
    if (!was_many && !is_many) return;
    const std::string place = model.app + "." + model.name + "." + field.name;
    if (was_many != is_many) {
      throw Error(ErrorKind::bad_model,
                  "a ManyToManyField and a column cannot be altered into each other", place,
                  "remove the field and add it anew; its rows can be kept by another field");
    }
    if (old.through.empty() == field.through.empty()) return;
    throw Error(ErrorKind::bad_model,
                "AlterField cannot add or take away \"through\": the rows of the relation would be "
                "lost",
                place, "let makemigrations write the change, which keeps them");
  }

  void rename_table(const std::string& from, const std::string& to) {
    if (from != to) hints_.tables.emplace_back(from, to);
  }

  void many_to_many(const ModelState& was, const Field& old, const ModelState& is,
                    const Field& field) {
    if (!old.through.empty() || !field.through.empty()) return;
    const std::string table = many_to_many_table(is, field, dialect_);
    rename_table(many_to_many_table(was, old, dialect_), table);
    const auto from = many_to_many_columns(before_, was, old);
    const auto to = many_to_many_columns(after_, is, field);
    for (const auto& [a, b] : {std::pair{from.first, to.first}, {from.second, to.second}}) {
      if (a != b) hints_.columns.push_back({table, a, b});
    }
  }

  std::optional<Sql> fill(const ModelState& model, const Field& in_state, bool added) const {
    const bool filled = identity_.filled && identity_.filled->model == key_of(model) &&
                        identity_.filled->field.name == in_state.name;
    const Field& field = filled ? identity_.filled->field : in_state;
    if (field.type == FieldType::generated || field.primary_key) {
      if (!field.default_value) return std::nullopt;
    }
    const Field& type = resolved_field(after_, model, field);
    if (field.default_value) {
      if (const auto* function = std::get_if<DefaultFunction>(&*field.default_value)) {
        return function_sql(function->name, type, model, field);
      }
      const Json& value = std::get<Json>(*field.default_value);
      if (value.is_null() && type.type != FieldType::json) return std::nullopt;
      return dialect_.literal(value, type);
    }
    if (field.db_default) return closing_default(model, field, added);
    if (field.auto_now || field.auto_now_add) {
      return dialect_.function_value(field.type == FieldType::date ? "today" : "now", type);
    }
    if (!added || field.null || is_relation(field.type)) return std::nullopt;
    if (accepts_empty_string(field.type)) return dialect_.literal(Json::of(""), type);
    return identity_.invent ? empty_value(type) : std::nullopt;
  }

  /// A column with a database default takes it by itself when added; NULLs that are there do not.
  std::optional<Sql> closing_default(const ModelState& model, const Field& field,
                                     bool added) const {
    if (added) return std::nullopt;
    const Expression& value = *field.db_default;
    if (value.kind != Expression::Kind::literal) {
      return expression_sql(value, model, after_, dialect_);
    }
    if (value.value.is_null()) return std::nullopt;
    return dialect_.literal(value.value,
                            value.type ? *value.type : resolved_field(after_, model, field));
  }

  Sql function_sql(const std::string& name, const Field& type, const ModelState& model,
                   const Field& field) const {
    if (name == "now" || name == "today" || name == "uuid4") {
      return dialect_.function_value(name, type);
    }
    if (const DefaultFunctionBody* body = functions_.find_default(name)) {
      return dialect_.literal((*body)(), type);
    }
    throw Error(ErrorKind::unsupported, "this executable has no default function \"" + name + "\"",
                model.app + "." + model.name + "." + field.name,
                did_you_mean(name, functions_.names()));
  }

  std::optional<Sql> empty_value(const Field& type) const {
    const std::optional<Json> value = nothing_in_it(type.type);
    return value ? std::optional(dialect_.literal(*value, type)) : std::nullopt;
  }

  const ProjectState& before_;
  const ProjectState& after_;
  const Identity& identity_;
  const Dialect& dialect_;
  const Functions& functions_;
  RenameHints hints_{};
};

/// What the schemas of two moments differ in, as steps from one to the other.
std::vector<Step> between(const Moment& from, const Moment& to, const Relowered& touched,
                          const Identity& identity, const Dialect& dialect,
                          const Functions& functions) {
  const RenameHints hints = Hints(from.state, to.state, identity, dialect, functions).run();
  return compare(from.schema, to.schema, touched.tables_before, touched.tables_after, hints);
}

ModelKey key_in(const std::string& app, const std::string& model) { return key_from(model, app); }

/// What each operation tells about identity, forwards.
struct IdentityOf {
  const std::string& app;

  Identity operator()(const RenameModel& o) const {
    return Identity{.model = std::pair{key_in(app, o.old_name), key_in(app, o.new_name)}};
  }
  Identity operator()(const MoveModel& o) const {
    return Identity{.model = std::pair{key_in(app, o.name), key_in(o.to_app, o.name)}};
  }
  Identity operator()(const RenameField& o) const {
    return Identity{.field =
                        Identity::FieldRename{key_in(app, o.model_name), o.old_name, o.new_name}};
  }
  Identity operator()(const AddField& o) const {
    return Identity{.filled = Identity::Filled{key_in(app, o.model_name), o.field}};
  }
  Identity operator()(const AlterField& o) const {
    return Identity{.filled = Identity::Filled{key_in(app, o.model_name), o.field}};
  }
  template <class Other>
  Identity operator()(const Other&) const {
    return {};
  }
};

/// The same, for the way back.
struct IdentityBack {
  const std::string& app;

  Identity operator()(const RenameModel& o) const {
    return Identity{.model = std::pair{key_in(app, o.new_name), key_in(app, o.old_name)}};
  }
  Identity operator()(const MoveModel& o) const {
    return Identity{.model = std::pair{key_in(o.to_app, o.name), key_in(app, o.name)}};
  }
  Identity operator()(const RenameField& o) const {
    return Identity{.field =
                        Identity::FieldRename{key_in(app, o.model_name), o.new_name, o.old_name}};
  }
  Identity operator()(const RemoveField&) const { return Identity{.invent = true}; }
  Identity operator()(const AlterField&) const { return Identity{.invent = true}; }
  template <class Other>
  Identity operator()(const Other&) const {
    return {};
  }
};

step::RawSql raw_sql(const RunSQL::Source& source) {
  step::RawSql raw;
  if (source.text) {
    for (std::string& sql : split_sql(*source.text)) raw.items.push_back({std::move(sql), {}});
  }
  for (const SqlStatement& statement : source.statements) {
    step::RawSql::Item item{.sql = statement.sql};
    for (const Json& value : statement.parameters) {
      if (value.is_null()) {
        item.parameters.emplace_back();
      } else if (value.is_bool()) {
        item.parameters.emplace_back(value.as_bool());
      } else if (value.is_integer()) {
        item.parameters.emplace_back(value.as_integer());
      } else if (value.is_number()) {
        item.parameters.emplace_back(value.as_double());
      } else if (value.is_string()) {
        item.parameters.emplace_back(value.as_string());
      } else {
        item.parameters.emplace_back(value);
      }
    }
    raw.items.push_back(std::move(item));
  }
  return raw;
}

std::vector<Step> raw_steps(const RunSQL::Source& source) {
  step::RawSql raw = raw_sql(source);
  if (raw.items.empty()) return {};
  return {std::move(raw)};
}

std::vector<Step> code_steps(const std::string& function) {
  if (function == "noop" || function.empty()) return {};
  return {step::RunCode{function}};
}

void concurrently(std::vector<Step>& steps) {
  for (Step& step : steps) {
    if (auto* create = std::get_if<step::CreateIndex>(&step)) create->concurrently = true;
    if (auto* drop = std::get_if<step::DropIndex>(&step)) drop->concurrently = true;
  }
}

/// Forward steps; `moment` is moved behind the operation.
struct Forward {
  Moment& moment;
  const std::string& app;
  const Operation& operation;
  const Dialect& dialect;
  const Functions& functions;

  /// Moves the state, and the schema to what that state lowers to.
  Relowered move(const Operation& by) const {
    const ProjectState before = moment.state;
    advance(moment.state, app, by);
    return relower(moment.schema, before, moment.state, dialect);
  }
  /// All at once: one of them may give a table to another model.
  void move_all(const std::shared_ptr<const Operations>& operations) const {
    if (!operations) return;
    const ProjectState before = moment.state;
    for (const Operation& by : *operations) advance(moment.state, app, by);
    relower(moment.schema, before, moment.state, dialect);
  }
  std::vector<Step> schema_steps() const {
    const Moment before = moment;
    const Relowered touched = move(operation);
    return between(before, moment, touched, match(operation, IdentityOf{app}), dialect, functions);
  }

  template <class Change>
  std::vector<Step> operator()(const Change&) const {
    return schema_steps();
  }
  std::vector<Step> operator()(const AlterModelOptions&) const {
    move(operation);
    return {};
  }
  std::vector<Step> operator()(const AddIndexConcurrently&) const {
    std::vector<Step> steps = schema_steps();
    concurrently(steps);
    return steps;
  }
  std::vector<Step> operator()(const RemoveIndexConcurrently&) const {
    std::vector<Step> steps = schema_steps();
    concurrently(steps);
    return steps;
  }
  std::vector<Step> operator()(const AddConstraintNotValid&) const {
    std::vector<Step> steps = schema_steps();
    for (Step& step : steps) {
      auto* add = std::get_if<step::AddConstraint>(&step);
      if (!add) continue;
      if (auto* check = std::get_if<Check>(&add->constraint)) check->validated = false;
    }
    return steps;
  }
  std::vector<Step> operator()(const ValidateConstraint& o) const {
    move(operation);
    const ModelPtr model = moment.state.get(key_from(o.model_name, app));
    return {step::ValidateConstraint{database_table(*model, dialect), o.name}};
  }
  std::vector<Step> operator()(const RunSQL& o) const {
    move_all(o.state_operations);
    return raw_steps(o.sql);
  }
  std::vector<Step> operator()(const RunCpp& o) const { return code_steps(o.code); }
  std::vector<Step> operator()(const SeparateDatabaseAndState& o) const {
    std::vector<Step> steps;
    Moment database = moment;
    if (o.database_operations) {
      for (const Operation& inner : *o.database_operations) {
        std::vector<Step> part = forward_steps(database, app, inner, dialect, functions);
        std::move(part.begin(), part.end(), std::back_inserter(steps));
      }
    }
    move_all(o.state_operations);
    return steps;
  }
  std::vector<Step> operator()(const CreateExtension& o) const {
    return {step::CreateExtension{o.name}};
  }
  std::vector<Step> operator()(const CreateCollation& o) const {
    return {step::CreateCollation{o.name, o.locale, o.provider, o.deterministic}};
  }
  std::vector<Step> operator()(const RemoveCollation& o) const {
    return {step::DropCollation{o.name}};
  }
};

struct Backward {
  const Moment& before;
  const Moment& after;
  const std::string& app;
  const Operation& operation;
  const Dialect& dialect;
  const Functions& functions;

  std::vector<Step> schema_steps() const {
    Schema scratch = after.schema;
    const Relowered touched = relower(scratch, after.state, before.state, dialect);
    return between(after, before, touched, match(operation, IdentityBack{app}), dialect, functions);
  }

  template <class Change>
  std::vector<Step> operator()(const Change&) const {
    return schema_steps();
  }
  std::vector<Step> operator()(const AlterModelOptions&) const { return {}; }
  std::vector<Step> operator()(const AddIndexConcurrently&) const {
    std::vector<Step> steps = schema_steps();
    concurrently(steps);
    return steps;
  }
  std::vector<Step> operator()(const RemoveIndexConcurrently&) const {
    std::vector<Step> steps = schema_steps();
    concurrently(steps);
    return steps;
  }
  std::vector<Step> operator()(const ValidateConstraint&) const { return {}; }
  std::vector<Step> operator()(const RunSQL& o) const {
    return o.reverse_sql ? raw_steps(*o.reverse_sql) : std::vector<Step>{};
  }
  std::vector<Step> operator()(const RunCpp& o) const {
    return code_steps(o.reverse_code.value_or(""));
  }
  std::vector<Step> operator()(const SeparateDatabaseAndState& o) const {
    std::vector<Step> steps;
    if (!o.database_operations) return steps;
    std::vector<Moment> moments{before};
    for (const Operation& inner : *o.database_operations) {
      Moment next = moments.back();
      forward_steps(next, app, inner, dialect, functions);
      moments.push_back(std::move(next));
    }
    for (std::size_t i = o.database_operations->size(); i-- > 0;) {
      std::vector<Step> part = backward_steps(moments[i], moments[i + 1], app,
                                              (*o.database_operations)[i], dialect, functions);
      std::move(part.begin(), part.end(), std::back_inserter(steps));
    }
    return steps;
  }
  std::vector<Step> operator()(const CreateExtension& o) const {
    return {step::DropExtension{o.name}};
  }
  std::vector<Step> operator()(const CreateCollation& o) const {
    return {step::DropCollation{o.name}};
  }
  std::vector<Step> operator()(const RemoveCollation& o) const {
    return {step::CreateCollation{o.name, o.locale, o.provider, o.deterministic}};
  }
};

}  // namespace

bool has_nothing_for_rows(const Field& field) {
  if (!has_column(field) || field.null || field.type == FieldType::generated) return false;
  if (field.default_value || field.db_default || is_auto(field.type)) return false;
  if (field.auto_now || field.auto_now_add) return false;
  if (is_relation(field.type) || field.primary_key) return true;
  return !accepts_empty_string(field.type) && !nothing_in_it(field.type);
}

std::vector<Step> forward_steps(Moment& moment, const std::string& app, const Operation& operation,
                                const Dialect& dialect, const Functions& functions) {
  return match(operation, Forward{moment, app, operation, dialect, functions});
}

std::vector<Step> backward_steps(const Moment& before, const Moment& after, const std::string& app,
                                 const Operation& operation, const Dialect& dialect,
                                 const Functions& functions) {
  return match(operation, Backward{before, after, app, operation, dialect, functions});
}

}  // namespace turnstone::migrations
