#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/models.h>

#include <algorithm>
#include <limits>

#include "model/field_options.h"

namespace turnstone {
namespace detail {

Json json_of(bool value) { return Json::of(value); }
Json json_of(std::int64_t value) { return Json::of(value); }
Json json_of(std::uint64_t value) { return Json::from_canonical(std::to_string(value)); }
Json json_of(double value) { return Json::of(value); }
Json json_of(const std::string& value) { return Json::of(value); }
Json json_of(const Decimal& value) { return Json::of(value.text()); }
Json json_of(const Uuid& value) { return Json::of(value.text()); }
Json json_of(Date value) { return Json::of(to_text(value)); }
Json json_of(Time value) { return Json::of(to_text(value)); }
Json json_of(DateTime value) { return Json::of(to_text(value)); }
Json json_of(Duration value) { return Json::of(to_text(value)); }
Json json_of(const Bytes& value) { return Json::of(to_base64(value)); }

Json json_of(const std::vector<Json>& items) {
  std::string text = "[";
  for (const Json& item : items) {
    if (text.size() > 1) text += ',';
    text += item.text();
  }
  return Json::from_canonical(text + "]");
}

void refuse_enumerator(std::string_view enumeration, std::int64_t value) {
  throw Error(ErrorKind::bad_model,
              "value " + std::to_string(value) + " of " + std::string(enumeration) +
                  " is none of its choices",
              std::string(enumeration), "add it to turnstone_choices");
}

void refuse_range(const std::string& value, std::size_t bytes) {
  throw Error(ErrorKind::bad_model,
              value + " does not fit into a member of " + std::to_string(bytes) + " bytes");
}

Expression path_expression(const MemberKey* const* path, std::size_t steps) {
  std::string name;
  for (std::size_t i = 0; i < steps; ++i) {
    if (i > 0) name += "__";
    if (!path[i]->owner.empty()) name += "~" + std::string(path[i]->owner) + ".";
    name += path[i]->name;
  }
  return Expression::field(std::move(name));
}

Expression junction(const char* head, Expression a, Expression b) {
  std::vector<Expression> operands;
  for (Expression* side : {&a, &b}) {
    if (side->kind == Expression::Kind::call && side->name == head) {
      for (Expression& operand : side->arguments) operands.push_back(std::move(operand));
    } else {
      operands.push_back(std::move(*side));
    }
  }
  return Expression::call(head, std::move(operands));
}

Expression text_literal(std::string_view text) { return Expression::literal(Json::of(text)); }

std::string class_reference(std::string_view name) { return "::" + std::string(name); }

namespace {

/// Types that a member may be narrowed to, by what its C++ type holds.
bool is_text_like(FieldType type) {
  switch (type) {
    case FieldType::character:
    case FieldType::text:
    case FieldType::slug:
    case FieldType::email:
    case FieldType::url:
    case FieldType::file:
    case FieldType::image:
    case FieldType::file_path:
    case FieldType::generic_ip_address:
    case FieldType::search_vector:
    case FieldType::ci_text:
    case FieldType::ci_char:
    case FieldType::ci_email:
      return true;
    default:
      return is_range(type);
  }
}

/// Bytes of an integer column, 0 for other types.
int integer_size(FieldType type) {
  switch (type) {
    case FieldType::small_integer:
    case FieldType::positive_small_integer:
    case FieldType::small_auto_field:
      return 2;
    case FieldType::integer:
    case FieldType::positive_integer:
    case FieldType::auto_field:
      return 4;
    case FieldType::big_integer:
    case FieldType::positive_big_integer:
    case FieldType::big_auto_field:
      return 8;
    default:
      return 0;
  }
}

/// A column of type `wanted` gives nothing that a member of type `member` could not hold.
bool may_be(FieldType member, FieldType wanted) {
  if (member == wanted) return true;
  if (is_text_like(member)) return is_text_like(wanted);
  if (integer_size(member) != 0) {
    return integer_size(wanted) != 0 && integer_size(wanted) <= integer_size(member);
  }
  return member == FieldType::json && wanted == FieldType::hstore;
}

FieldType auto_type(FieldType integer) {
  switch (integer) {
    case FieldType::small_integer:
      return FieldType::small_auto_field;
    case FieldType::integer:
      return FieldType::auto_field;
    case FieldType::big_integer:
      return FieldType::big_auto_field;
    default:
      return integer;
  }
}

/// Length of the longest text among the codes of an enum.
int longest(const std::vector<Json>& codes) {
  std::size_t length = 0;
  for (const Json& code : codes) {
    const std::string text = code.as_string();
    const auto characters = std::count_if(text.begin(), text.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    });
    length = std::max(length, static_cast<std::size_t>(characters));
  }
  return static_cast<int>(length);
}

/// What follows from the member's type alone.
Field field_of(const MemberType& type) {
  Field field;
  field.type = type.type;
  field.null = type.null;
  if (!type.target.empty()) field.to = class_reference(type.target);
  if (type.item != nullptr) field.base_field = std::make_shared<const Field>(field_of(*type.item));
  if (type.choices != nullptr) {
    field.choices = type.choices();
    if (type.type == FieldType::character) field.max_length = longest(field.choices);
  }
  return field;
}

/// Options that `.type(…)` has ruled out.
void require_fitting_options(const Field& field, const std::string& where) {
  Field plain;
  plain.name = field.name;
  plain.type = field.type;
  for (const FieldOption& option : field_options()) {
    if (option.takes(field.type) || option.same(field, plain)) continue;
    throw Error(ErrorKind::bad_model,
                std::string(name_of(field.type)) + " has no option \"" + option.key + "\"", where);
  }
}

/// The database computes the column: the member's own type and options are those of the result.
Field generated_field(Field result) {
  Field field;
  field.name = std::move(result.name);
  field.type = FieldType::generated;
  field.expression = std::move(result.expression);
  field.db_persist = result.db_persist;
  field.unique = result.unique;
  field.db_index = result.db_index;
  field.db_column = std::move(result.db_column);
  field.db_comment = std::move(result.db_comment);
  field.db_tablespace = std::move(result.db_tablespace);
  field.renamed_from = std::move(result.renamed_from);
  result.name.clear();
  result.expression.reset();
  result.db_persist = true;
  result.null = false;
  result.unique = false;
  result.db_index.reset();
  result.db_column.clear();
  result.db_comment.clear();
  result.db_tablespace.clear();
  result.renamed_from.clear();
  field.output_field = std::make_shared<const Field>(std::move(result));
  return field;
}

}  // namespace

void set_type(FieldDraft& draft, const std::string& name) {
  const std::optional<FieldType> wanted = field_type_named(name);
  if (!wanted) {
    throw Error(ErrorKind::bad_model, "unknown field type \"" + name + "\"", draft.where,
                did_you_mean(name, field_type_names()));
  }
  if (!may_be(draft.type->type, *wanted)) {
    const std::string own(name_of(draft.type->type));
    throw Error(
        ErrorKind::bad_model,
        "the type of this member cannot be " + with_article(name) + "; it is " + with_article(own),
        draft.where, *wanted == FieldType::custom ? "name the column type with db_type(…)" : "");
  }
  draft.field.type = *wanted;
  draft.typed = true;
}

void set_member_default(FieldDraft& draft) {
  const Json value = draft.member == nullptr ? Json::null() : draft.type->to_json(draft.member);
  if (value.is_null()) {
    throw Error(ErrorKind::bad_model, "member_default() finds no value in the struct", draft.where,
                "initialize the member, or take the option out");
  }
  draft.field.default_value = Default(value);
}

Field finished_field(const FieldDraft& draft) {
  Field field = draft.field;
  const Field by_type = field_of(*draft.type);
  if (!draft.typed) field.type = by_type.type;
  if (!draft.typed && field.type == FieldType::text && field.max_length) {
    field.type = FieldType::character;
  }
  if (!draft.typed && field.primary_key) field.type = auto_type(field.type);
  if (!field.db_type.empty()) field.type = FieldType::custom;
  field.null = by_type.null;
  field.to = by_type.to;
  if (!field.base_field) field.base_field = by_type.base_field;
  if (field.choices.empty()) field.choices = by_type.choices;
  if (!field.max_length && field.type == FieldType::character) {
    field.max_length = by_type.max_length;
  }
  if (field.expression) field = generated_field(std::move(field));
  require_fitting_options(field, draft.where);
  return field;
}

ModelDraft::ModelDraft(std::string app, std::string_view class_name, const void* object)
    : class_name_(class_name), object_(object) {
  state_.app = std::move(app);
  const std::string_view without_arguments = class_name.substr(0, class_name.find('<'));
  state_.name = std::string(without_arguments.substr(without_arguments.find_last_of(':') + 1));
}

std::shared_ptr<FieldDraft> ModelDraft::add_field(const MemberKey& key, const MemberType& type,
                                                  const void* member) {
  auto draft = std::make_shared<FieldDraft>();
  draft->type = &type;
  draft->key = &key;
  draft->member = member;
  draft->offset = static_cast<std::size_t>(static_cast<const char*>(member) -
                                           static_cast<const char*>(object_));
  draft->field.name = std::string(key.name);
  draft->where = where() + "." + draft->field.name;
  for (const std::shared_ptr<FieldDraft>& other : fields_) {
    if (other->field.name != draft->field.name) continue;
    throw Error(ErrorKind::bad_model, "the member is described twice", draft->where,
                "one field<> for each; a mixin may have described it");
  }
  fields_.push_back(draft);
  return draft;
}

std::shared_ptr<Index> ModelDraft::add_index(std::vector<OrderTerm> terms,
                                             const std::string& name) {
  auto index = std::make_shared<Index>();
  index->name = name;
  for (const OrderTerm& term : terms) index->fields.push_back(term.field_form());
  if (std::find(index->fields.begin(), index->fields.end(), "") != index->fields.end()) {
    index->fields.clear();
    for (const OrderTerm& term : terms) index->expressions.push_back(term.expression());
    if (name.empty()) {
      throw Error(ErrorKind::bad_model, "an index over expressions needs a name", where());
    }
  }
  indexes_.push_back(index);
  return index;
}

std::shared_ptr<Constraint> ModelDraft::add_constraint(Constraint constraint) {
  constraints_.push_back(std::make_shared<Constraint>(std::move(constraint)));
  return constraints_.back();
}

UniqueConstraint ModelDraft::unique_over(std::vector<OrderTerm> terms,
                                         const std::string& name) const {
  UniqueConstraint unique;
  unique.name = name;
  for (const OrderTerm& term : terms) {
    const std::string field = term.field_form();
    if (field.empty() || field.starts_with("-")) {
      unique.fields.clear();
      break;
    }
    unique.fields.push_back(field);
  }
  if (unique.fields.empty()) {
    for (const OrderTerm& term : terms) unique.expressions.push_back(term.expression());
  }
  return unique;
}

void ModelDraft::set_primary_key(std::vector<std::string> fields, const std::string& name) {
  primary_key_ = std::move(fields);
  primary_key_name_ = name;
}

void ModelDraft::set_ordering(const std::vector<OrderTerm>& terms) {
  state_.options.ordering.clear();
  for (const OrderTerm& term : terms) {
    const std::string field = term.field_form();
    if (field.empty()) {
      throw Error(ErrorKind::bad_model, "ordering() takes columns, ascending or descending",
                  where());
    }
    state_.options.ordering.push_back(field);
  }
}

void ModelDraft::add_base(std::string_view class_name, const void* base) {
  state_.bases.push_back(class_reference(class_name));
  bases_.emplace_back(class_name, static_cast<std::size_t>(static_cast<const char*>(base) -
                                                           static_cast<const char*>(object_)));
}

void ModelDraft::locate(Error& error) const { error.at(where()); }

DescribedModel ModelDraft::finish() const {
  DescribedModel model;
  model.state = state_;
  model.class_name = class_name_;
  model.bases = bases_;
  if (!primary_key_.empty()) {
    Field key;
    key.name = "pk";
    key.type = FieldType::composite_primary_key;
    key.primary_key = true;
    key.fields = primary_key_;
    if (!primary_key_name_.empty()) key.db_names["primary_key"] = primary_key_name_;
    model.state.fields.push_back(std::move(key));
  }
  const bool has_key =
      !primary_key_.empty() || !state_.bases.empty() || state_.options.abstract ||
      std::any_of(fields_.begin(), fields_.end(), [](const std::shared_ptr<FieldDraft>& draft) {
        return draft->field.primary_key;
      });
  for (const std::shared_ptr<FieldDraft>& draft : fields_) {
    FieldDraft told = *draft;
    // Django's rule: the integer `id` is the key of a model that names no other.
    const bool is_id = told.field.name == "id" && auto_type(told.type->type) != told.type->type &&
                       !told.type->null;
    if (!has_key && is_id) told.field.primary_key = true;
    model.state.fields.push_back(finished_field(told));
    model.members.push_back({told.field.name, told.key, told.type, told.offset});
  }
  for (const std::shared_ptr<Index>& index : indexes_)
    model.state.options.indexes.push_back(*index);
  for (const std::shared_ptr<Constraint>& constraint : constraints_) {
    model.state.options.constraints.push_back(*constraint);
  }
  return model;
}

}  // namespace detail

Computed<DateTime> now() { return Computed<DateTime>(Expression::call("now", {})); }
Computed<Date> today() { return Computed<Date>(Expression::call("today", {})); }
Computed<Uuid> random_uuid() { return Computed<Uuid>(Expression::call("random_uuid", {})); }

OrderTerm OrderTerm::nulls_first() const {
  OrderTerm term = *this;
  term.nulls_ = "nulls_first";
  return term;
}

OrderTerm OrderTerm::nulls_last() const {
  OrderTerm term = *this;
  term.nulls_ = "nulls_last";
  return term;
}

std::string OrderTerm::field_form() const {
  if (expression_.kind != Expression::Kind::field || !nulls_.empty()) return {};
  return (descending_ ? "-" : "") + expression_.name;
}

Expression OrderTerm::expression() const {
  if (!descending_ && nulls_.empty()) return expression_;
  std::vector<Expression> arguments = {expression_};
  if (!nulls_.empty()) arguments.push_back(detail::text_literal(nulls_));
  return Expression::call(descending_ ? "desc" : "asc", std::move(arguments));
}

const IndexBuilder& IndexBuilder::type(const std::string& name) const {
  const std::optional<IndexType> type = index_type_named(name);
  if (!type) {
    throw Error(ErrorKind::bad_model, "unknown index type \"" + name + "\"",
                "index \"" + index_->name + "\"", did_you_mean(name, index_type_names()));
  }
  index_->type = *type;
  return *this;
}

const IndexBuilder& IndexBuilder::opclasses(std::vector<std::string> names) const {
  index_->opclasses = std::move(names);
  return *this;
}

const IndexBuilder& IndexBuilder::db_tablespace(const std::string& name) const {
  index_->db_tablespace = name;
  return *this;
}

const IndexBuilder& IndexBuilder::parameter(const std::string& name, const Json& value) const {
  auto& parameters = index_->parameters;
  const auto at = std::find_if(parameters.begin(), parameters.end(),
                               [&](const auto& entry) { return entry.first >= name; });
  if (at != parameters.end() && at->first == name) {
    at->second = value;
  } else {
    parameters.insert(at, {name, value});
  }
  return *this;
}

const UniqueBuilder& UniqueBuilder::deferrable(Deferrable when) const {
  unique().deferrable = when;
  return *this;
}

const UniqueBuilder& UniqueBuilder::opclasses(std::vector<std::string> names) const {
  unique().opclasses = std::move(names);
  return *this;
}

const UniqueBuilder& UniqueBuilder::in_table(bool value) const {
  unique().in_table = value;
  return *this;
}

const UniqueBuilder& UniqueBuilder::nulls_distinct(bool value) const {
  unique().nulls_distinct = value;
  return *this;
}

const ExclusionBuilder& ExclusionBuilder::index_type(const std::string& name) const {
  exclusion().index_type = name;
  return *this;
}

const ExclusionBuilder& ExclusionBuilder::deferrable(Deferrable when) const {
  exclusion().deferrable = when;
  return *this;
}

void add_class(DeclaredApp& app, DescribedModel model) {
  DeclaredClass described{.name = model.class_name, .model = model.state.name};
  for (const MemberAccess& member : model.members) {
    if (member.type->key != nullptr)
      described.keys.emplace_back(member.field, member.type->key->type);
  }
  app.classes.push_back(std::move(described));
  app.models.push_back(std::move(model.state));
}

}  // namespace turnstone
