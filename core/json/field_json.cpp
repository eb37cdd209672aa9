#include <turnstone/error.h>
#include <turnstone/values.h>

#include <algorithm>

#include "json/model_json.h"
#include "model/field_options.h"

namespace turnstone::json {
namespace {

/// Keys that are accepted in every field and never matter.
const std::vector<std::string>& ignored_keys() {
  static const std::vector<std::string> keys = {"verbose_name",
                                                "help_text",
                                                "editable",
                                                "validators",
                                                "error_messages",
                                                "serialize",
                                                "auto_created",
                                                "limit_choices_to",
                                                "upload_to",
                                                "storage",
                                                "width_field",
                                                "height_field",
                                                "path",
                                                "match",
                                                "recursive",
                                                "allow_files",
                                                "allow_folders",
                                                "encoder",
                                                "decoder",
                                                "unpack_ipv4",
                                                "unique_for_date",
                                                "unique_for_month",
                                                "unique_for_year",
                                                "allow_unicode",
                                                "symmetrical"};
  return keys;
}

/// What is wrong with `value` for a column of that type; empty when nothing.
std::string value_problem(const Tree& value, const Field& field) {
  const auto text = [&](auto parse, const char* wanted) -> std::string {
    if (value.is_string() && parse(value.get<std::string>())) return {};
    return wanted;
  };
  if (value.is_null()) return {};
  if (is_integer(field.type) || is_auto(field.type)) {
    return value.is_number_integer() ? "" : "a whole number";
  }
  if (is_text(field.type)) return value.is_string() ? "" : "a text";
  switch (field.type) {
    case FieldType::boolean:
      return value.is_boolean() ? "" : "true or false";
    case FieldType::floating:
      return value.is_number() ? "" : "a number";
    case FieldType::decimal:
      return text([](const std::string& t) { return Decimal::try_parse(t).has_value(); },
                  "a decimal number in quotes, such as \"9.99\"");
    case FieldType::date:
      return text([](const std::string& t) { return parse_date(t).has_value(); },
                  "a date, such as \"2026-11-25\"");
    case FieldType::time:
      return text([](const std::string& t) { return parse_time(t).has_value(); },
                  "a time, such as \"13:45:00\"");
    case FieldType::date_time:
      return text([](const std::string& t) { return parse_date_time(t).has_value(); },
                  "a time of a day, such as \"2026-11-25T13:45:00Z\"");
    case FieldType::duration:
      return text([](const std::string& t) { return parse_duration(t).has_value(); },
                  "an ISO 8601 duration, such as \"P1DT2H\"");
    case FieldType::uuid:
      return text([](const std::string& t) { return Uuid::try_parse(t).has_value(); }, "a UUID");
    case FieldType::binary:
      return text([](const std::string& t) { return from_base64(t).has_value(); }, "base64 text");
    case FieldType::generic_ip_address:
      return value.is_string() ? "" : "an IP address";
    case FieldType::array:
      return value.is_array() ? "" : "an array";
    default:
      return {};
  }
}

Default read_default(const Node& node, const Field& field) {
  const bool function = field.type != FieldType::json && node.is_object() && node.has("function");
  if (function) {
    node.only_keys({"function"});
    return DefaultFunction{node.at("function").name()};
  }
  const std::string problem = value_problem(node.value(), field);
  if (!problem.empty()) node.expected(problem + " for a " + std::string(name_of(field.type)));
  return to_json(node.value());
}

void read_on_delete(const Node& node, Field& field) {
  if (node.is_object()) {  // {"SET": value}
    node.only_keys({"SET"});
    field.on_delete = OnDelete::set;
    field.on_delete_value = to_json(node.at("SET").value());
    return;
  }
  const std::string name = node.text();
  const auto rule = on_delete_named(name);
  static const std::vector<std::string> rules = {"CASCADE",  "PROTECT",     "RESTRICT",
                                                 "SET_NULL", "SET_DEFAULT", "DO_NOTHING"};
  if (!rule || *rule == OnDelete::set) {
    std::string hint = did_you_mean(name, rules);
    if (hint.empty())
      hint =
          "known: CASCADE, PROTECT, RESTRICT, SET_NULL, SET_DEFAULT, {\"SET\": value}, DO_NOTHING";
    node.fail("unknown on_delete \"" + name + "\"", hint);
  }
  field.on_delete = *rule;
}

/// `app.Model` in full; `self` stays.
std::string read_reference(const Node& node, const std::string& app) {
  const std::string name = node.name();
  if (name == "self" || name.find('.') != std::string::npos || app.empty()) return name;
  return app + "." + name;
}

void read_choices(const Node& node, Field& field) {
  for (const Node& item : node.items()) {
    if (item.is_array()) {
      const std::vector<Node> pair = item.items();
      if (pair.size() != 2) item.expected("a pair [value, label]");
      field.choices.push_back(to_json(pair[0].value()));
    } else {
      field.choices.push_back(to_json(item.value()));
    }
  }
}

void read_special(const std::string& key, const Node& node, const std::string& app, Field& field) {
  if (key == "to") {
    field.to = read_reference(node, app);
  } else if (key == "through") {
    field.through = read_reference(node, app);
  } else if (key == "on_delete") {
    read_on_delete(node, field);
  } else if (key == "db_index") {
    field.db_index = node.boolean();
  } else if (key == "default") {
    field.default_value = read_default(node, field);
  } else if (key == "choices") {
    read_choices(node, field);
  } else if (key == "db_type") {
    if (node.is_string()) {
      field.db_type[""] = node.name();
    } else {
      node.only_keys({"postgresql", "sqlite"});
      for (const auto& [database, type] : node.members()) field.db_type[database] = type.name();
    }
  }
}

void read_option(const FieldOption& option, const Node& node, const std::string& app,
                 Field& field) {
  switch (option.form) {
    case OptionForm::flag:
      field.*option.flag = node.boolean();
      return;
    case OptionForm::text:
      if (!node.is_null()) field.*option.text = node.text();
      return;
    case OptionForm::number:
      if (!node.is_null()) field.*option.number = node.integer();
      return;
    case OptionForm::texts:
      field.*option.texts = node.texts();
      return;
    case OptionForm::expression:
      field.*option.expression = read_expression(node, app);
      return;
    case OptionForm::field:
      field.*option.field = std::make_shared<const Field>(read_nested_field(node, app));
      return;
    case OptionForm::value:
    case OptionForm::special:
      read_special(option.key, node, app, field);
  }
}

Field read_any_field(const Node& node, const std::string& app, bool named) {
  Field field;
  if (!node.is_object()) node.expected("a field object");
  if (named) field.name = node.at("name").name();
  const Node type = node.at("type");
  const std::string type_name = type.name();
  const auto known = field_type_named(type_name);
  if (!known) {
    type.fail("unknown field type \"" + type_name + "\"",
              did_you_mean(type_name, field_type_names()));
  }
  field.type = *known;
  for (const auto& [key, value] : node.members()) {
    if (key == "type" || (named && key == "name")) continue;
    const FieldOption* option = find_field_option(key);
    if (option && option->takes(field.type)) {
      read_option(*option, value, app, field);
      continue;
    }
    const std::vector<std::string>& ignored = ignored_keys();
    if (std::find(ignored.begin(), ignored.end(), key) != ignored.end()) continue;
    std::vector<std::string> keys;
    for (const FieldOption& candidate : field_options()) {
      if (candidate.takes(field.type)) keys.push_back(candidate.key);
    }
    keys.insert(keys.end(), ignored.begin(), ignored.end());
    if (option) value.fail(type_name + " has no option \"" + key + "\"", did_you_mean(key, keys));
    value.fail("unknown option \"" + key + "\"", did_you_mean(key, keys));
  }
  if (is_relation(field.type) && field.to.empty()) {
    node.fail(type_name + " needs the option \"to\"");
  }
  if (field.type == FieldType::array && !field.base_field) {
    node.fail("ArrayField needs the option \"base_field\"");
  }
  if (field.type == FieldType::generated && (!field.expression || !field.output_field)) {
    node.fail("GeneratedField needs the options \"expression\" and \"output_field\"");
  }
  if (field.type == FieldType::custom && field.db_type.empty()) {
    node.fail("CustomField needs the option \"db_type\"");
  }
  return field;
}

Tree write_option(const FieldOption& option, const Field& field) {
  switch (option.form) {
    case OptionForm::flag:
      return field.*option.flag == option.flag_default ? Tree() : Tree(field.*option.flag);
    case OptionForm::text:
      return (field.*option.text).empty() ? Tree() : Tree(field.*option.text);
    case OptionForm::number:
      return field.*option.number ? Tree(*(field.*option.number)) : Tree();
    case OptionForm::texts:
      return (field.*option.texts).empty() ? Tree() : Tree(field.*option.texts);
    case OptionForm::expression:
      return field.*option.expression ? write_expression(*(field.*option.expression)) : Tree();
    case OptionForm::field:
      return field.*option.field ? write_field(*(field.*option.field)) : Tree();
    case OptionForm::value:
    case OptionForm::special:
      break;
  }
  if (option.key == "to") return field.to.empty() ? Tree() : Tree(field.to);
  if (option.key == "through") return field.through.empty() ? Tree() : Tree(field.through);
  if (option.key == "on_delete") {
    if (field.on_delete == OnDelete::none) return {};
    if (field.on_delete == OnDelete::set) {
      return Tree{{"SET", field.on_delete_value ? to_tree(*field.on_delete_value) : Tree()}};
    }
    return Tree(name_of(field.on_delete));
  }
  if (option.key == "db_index") {
    const bool by_type = field.type == FieldType::foreign_key || field.type == FieldType::slug;
    return field.db_index && *field.db_index != by_type ? Tree(*field.db_index) : Tree();
  }
  if (option.key == "choices") {
    Tree list = Tree::array();
    for (const Json& value : field.choices) list.push_back(to_tree(value));
    return list.empty() || !field.choices_check ? Tree() : list;
  }
  if (option.key == "db_type") {
    if (field.db_type.empty()) return {};
    if (field.db_type.contains("")) return Tree(field.db_type.at(""));
    Tree types = Tree::object();
    for (const auto& [database, type] : field.db_type) types[database] = type;
    return types;
  }
  return {};
}

}  // namespace

Field read_field(const Node& node, const std::string& app, Attributes attributes) {
  Field field = read_any_field(node, app, true);
  return attributes == Attributes::stored ? stored_form(std::move(field)) : field;
}

Field read_nested_field(const Node& node, const std::string& app) {
  return stored_form(read_any_field(node, app, false));
}

Tree write_field(const Field& field) {
  Tree tree = Tree::object();
  if (!field.name.empty()) tree["name"] = field.name;
  tree["type"] = name_of(field.type);
  for (const FieldOption& option : field_options()) {
    if (!option.stored || !option.takes(field.type)) continue;
    if (option.key == "default") {
      // null is a value here, so absence is asked for by itself.
      if (!field.default_value) continue;
      if (const auto* function = std::get_if<DefaultFunction>(&*field.default_value)) {
        tree["default"] = Tree{{"function", function->name}};
      } else {
        tree["default"] = to_tree(std::get<Json>(*field.default_value));
      }
      continue;
    }
    if (option.key == "db_default" && field.db_default) {
      tree["db_default"] = write_expression(*field.db_default);
      continue;
    }
    if (option.key == "max_length" && field.max_length == default_max_length(field.type) &&
        field.type != FieldType::email && field.type != FieldType::url) {
      continue;
    }
    Tree value = write_option(option, field);
    if (!value.is_null()) tree[option.key] = std::move(value);
  }
  return tree;
}

}  // namespace turnstone::json
