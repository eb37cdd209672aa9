#include "model/field_options.h"

#include <turnstone/identifier.h>

#include <algorithm>
#include <unordered_map>

namespace turnstone {
namespace {

using Takes = std::function<bool(FieldType)>;

Takes only(std::vector<FieldType> types) {
  return [types = std::move(types)](FieldType type) {
    return std::find(types.begin(), types.end(), type) != types.end();
  };
}

bool any(FieldType) { return true; }
bool column(FieldType type) {
  return type != FieldType::many_to_many && type != FieldType::composite_primary_key;
}
/// A column that rows are written to.
bool plain_column(FieldType type) { return column(type) && type != FieldType::generated; }
bool sized(FieldType type) { return is_text(type) || type == FieldType::binary; }
bool timed(FieldType type) {
  return type == FieldType::date || type == FieldType::time || type == FieldType::date_time;
}
bool range(FieldType type) {
  return type == FieldType::decimal_range || type == FieldType::date_time_range;
}

bool same_name(const std::string& a, const std::string& b) {
  return lower_case(a) == lower_case(b);
}

FieldOption flag(std::string name, bool Field::*member, Takes takes, bool by_default = false) {
  FieldOption option{.key = std::move(name), .form = OptionForm::flag, .takes = std::move(takes)};
  option.flag = member;
  option.flag_default = by_default;
  option.same = [member](const Field& a, const Field& b) { return a.*member == b.*member; };
  return option;
}

FieldOption text(std::string name, std::string Field::*member, Takes takes) {
  FieldOption option{.key = std::move(name), .form = OptionForm::text, .takes = std::move(takes)};
  option.text = member;
  option.same = [member](const Field& a, const Field& b) { return a.*member == b.*member; };
  return option;
}

FieldOption reference(std::string name, std::string Field::*member, Takes takes) {
  FieldOption option = text(std::move(name), member, std::move(takes));
  option.form = OptionForm::special;
  option.same = [member](const Field& a, const Field& b) {
    return same_name(a.*member, b.*member);
  };
  return option;
}

FieldOption number(std::string name, std::optional<int> Field::*member, Takes takes) {
  FieldOption option{.key = std::move(name), .form = OptionForm::number, .takes = std::move(takes)};
  option.number = member;
  option.same = [member](const Field& a, const Field& b) { return a.*member == b.*member; };
  return option;
}

FieldOption texts(std::string name, std::vector<std::string> Field::*member, Takes takes) {
  FieldOption option{.key = std::move(name), .form = OptionForm::texts, .takes = std::move(takes)};
  option.texts = member;
  option.same = [member](const Field& a, const Field& b) { return a.*member == b.*member; };
  return option;
}

FieldOption expression(std::string name, std::optional<Expression> Field::*member, Takes takes) {
  FieldOption option{
      .key = std::move(name), .form = OptionForm::expression, .takes = std::move(takes)};
  option.expression = member;
  option.same = [member](const Field& a, const Field& b) { return a.*member == b.*member; };
  return option;
}

FieldOption nested(std::string name, std::shared_ptr<const Field> Field::*member, Takes takes) {
  FieldOption option{.key = std::move(name), .form = OptionForm::field, .takes = std::move(takes)};
  option.field = member;
  option.same = [member](const Field& a, const Field& b) {
    return same_field(a.*member, b.*member);
  };
  return option;
}

FieldOption special(std::string name, Takes takes,
                    std::function<bool(const Field&, const Field&)> same) {
  return FieldOption{.key = std::move(name),
                     .form = OptionForm::special,
                     .takes = std::move(takes),
                     .same = std::move(same)};
}

FieldOption declared(FieldOption option) {
  option.stored = false;
  return option;
}

bool effective_index(const Field& field) {
  const bool by_type = field.type == FieldType::foreign_key || field.type == FieldType::slug;
  return field.db_index.value_or(by_type);
}

std::optional<int> effective_length(const Field& field) {
  return field.max_length ? field.max_length : default_max_length(field.type);
}

std::vector<FieldOption> make_table() {
  using T = FieldType;
  FieldOption length = number("max_length", &Field::max_length, sized);
  length.same = [](const Field& a, const Field& b) {
    return effective_length(a) == effective_length(b);
  };
  return {
      flag("primary_key", &Field::primary_key, plain_column),
      reference("to", &Field::to, [](T type) { return is_relation(type); }),
      special("on_delete", is_foreign_key,
              [](const Field& a, const Field& b) {
                return a.on_delete == b.on_delete && a.on_delete_value == b.on_delete_value;
              }),
      flag("db_on_delete", &Field::db_on_delete, is_foreign_key),
      text("db_on_update", &Field::db_on_update, is_foreign_key),
      text("db_deferrable", &Field::db_deferrable, is_foreign_key),
      text("to_field", &Field::to_field, is_foreign_key),
      flag("parent_link", &Field::parent_link, only({T::one_to_one})),
      reference("through", &Field::through, only({T::many_to_many})),
      texts("through_fields", &Field::through_fields, only({T::many_to_many})),
      text("db_table", &Field::db_table, only({T::many_to_many})),
      flag(
          "db_constraint", &Field::db_constraint, [](T type) { return is_relation(type); }, true),
      text("swappable", &Field::swappable, [](T type) { return is_relation(type); }),
      nested("base_field", &Field::base_field, only({T::array})),
      number("size", &Field::size, only({T::array})),
      expression("expression", &Field::expression, only({T::generated})),
      nested("output_field", &Field::output_field, only({T::generated})),
      flag("db_persist", &Field::db_persist, only({T::generated}), true),
      texts("fields", &Field::fields, only({T::composite_primary_key})),
      special("db_type", only({T::custom}),
              [](const Field& a, const Field& b) { return a.db_type == b.db_type; }),
      std::move(length),
      number("max_digits", &Field::max_digits, only({T::decimal})),
      number("decimal_places", &Field::decimal_places, only({T::decimal})),
      text("protocol", &Field::protocol, only({T::generic_ip_address})),
      text("default_bounds", &Field::default_bounds, range),
      flag("null", &Field::null, column),
      flag("unique", &Field::unique, column),
      special(
          "db_index", column,
          [](const Field& a, const Field& b) { return effective_index(a) == effective_index(b); }),
      special("default", plain_column,
              [](const Field& a, const Field& b) { return a.default_value == b.default_value; }),
      expression("db_default", &Field::db_default, plain_column),
      flag("auto_now", &Field::auto_now, timed),
      flag("auto_now_add", &Field::auto_now_add, timed),
      special("choices", any,
              [](const Field& a, const Field& b) {
                const bool checked = a.choices_check || b.choices_check;
                return !checked || a.choices == b.choices;
              }),
      flag("choices_check", &Field::choices_check, plain_column),
      text("db_column", &Field::db_column, column),
      text("db_comment", &Field::db_comment, column),
      text("db_collation", &Field::db_collation,
           [](T type) { return is_text(type) || type == T::generated; }),
      text("db_tablespace", &Field::db_tablespace, any),
      text("db_identity", &Field::db_identity, is_auto),
      special(
          "db_names", [](T type) { return type != T::many_to_many; },
          [](const Field& a, const Field& b) { return a.db_names == b.db_names; }),
      declared(text("related_name", &Field::related_name, [](T t) { return is_relation(t); })),
      declared(text("related_query_name", &Field::related_query_name,
                    [](T t) { return is_relation(t); })),
      declared(flag("blank", &Field::blank, any)),
      declared(text("renamed_from", &Field::renamed_from, any)),
  };
}

}  // namespace

const std::vector<FieldOption>& field_options() {
  static const std::vector<FieldOption> table = make_table();
  return table;
}

const FieldOption* find_field_option(const std::string& key) {
  static const std::unordered_map<std::string, const FieldOption*> by_key = [] {
    std::unordered_map<std::string, const FieldOption*> map;
    for (const FieldOption& option : field_options()) map[option.key] = &option;
    return map;
  }();
  const auto at = by_key.find(key);
  return at == by_key.end() ? nullptr : at->second;
}

std::optional<int> default_max_length(FieldType type) {
  switch (type) {
    case FieldType::email:
    case FieldType::ci_email:
      return 254;
    case FieldType::url:
      return 200;
    case FieldType::slug:
      return 50;
    case FieldType::file:
    case FieldType::image:
    case FieldType::file_path:
      return 100;
    default:
      return std::nullopt;
  }
}

}  // namespace turnstone
