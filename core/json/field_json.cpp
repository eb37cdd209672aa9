#include <turnstone/error.h>
#include <turnstone/identifier.h>
#

#include <algorithm>

#include "json/model_json.h"
#include "model/field_options.h"

namespace turnstone::json {
namespace {

Default read_default(const Node& node, const Field& field) {
  const bool function = field.type != FieldType::json && node.is_object() && node.has("function");
  if (function) {
    node.only_keys({"function"});
    return DefaultFunction{node.at("function").name()};
  }
  check_value(node, field);
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
  const std::string& name = node.name();
  const std::size_t dot = name.find('.');
  if (dot == 0 || dot + 1 == name.size() || dot != name.rfind('.')) {
    node.expected("a model such as \"app.Model\"");
  }
  if (name == "self" || name.find('.') != std::string::npos || app.empty()) return name;
  return app + "." + name;
}

/// Values alone, `[value, label]` pairs, or Django's named groups of these.
void read_choices(const Node& node, Field& field) {
  for (const Node& item : node.items()) {
    if (!item.is_array()) {
      field.choices.push_back(to_json(item.value()));
      continue;
    }
    const std::vector<Node> pair = item.items();
    if (pair.size() != 2) item.expected("a pair [value, label]");
    if (pair[1].is_array()) {
      read_choices(pair[1], field);
    } else {
      field.choices.push_back(to_json(pair[0].value()));
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
  } else if (key == "choices") {
    read_choices(node, field);
  } else if (key == "db_names") {
    node.only_keys(database_name_kinds());
    for (const auto& [kind, name] : node.members()) {
      const bool may_be_empty = kind == "like" || kind == "unique";
      field.db_names[kind] = may_be_empty ? name.text() : name.name();
    }
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

/// Says why `key` is not an option of `field`.
[[noreturn]] void refuse_option(const Node& node, const std::string& key, const FieldOption* option,
                                const Field& field) {
  if (option) {
    std::vector<std::string> types;
    for (std::size_t i = 0; i < field_type_names().size(); ++i) {
      if (option->takes(static_cast<FieldType>(i))) types.push_back(field_type_names()[i]);
    }
    node.fail(std::string(name_of(field.type)) + " has no option \"" + key + "\"",
              types.size() > 4 ? "" : "\"" + key + "\" belongs to " + join(types, ", "));
  }
  std::vector<std::string> keys = ignored_field_keys();
  for (const FieldOption& candidate : field_options()) {
    if (candidate.takes(field.type)) keys.push_back(candidate.key);
  }
  node.fail("unknown option \"" + key + "\"", did_you_mean(key, keys));
}

/// What a type cannot be without.
void require_options(const Node& node, const Field& field) {
  const auto need = [&](bool there, const char* what) {
    if (!there) node.fail(std::string(name_of(field.type)) + " needs " + what);
  };
  if (is_relation(field.type)) need(!field.to.empty(), "the option \"to\"");
  if (field.type == FieldType::array) need(field.base_field != nullptr, "\"base_field\"");
  if (field.type == FieldType::generated) {
    need(field.expression && field.output_field, "\"expression\" and \"output_field\"");
  }
  if (field.type == FieldType::custom) need(!field.db_type.empty(), "\"db_type\"");
}

/// What stands for a type that only old models of Django have; empty for any other name.
std::string successor_of_type(const std::string& name) {
  if (name == "NullBooleanField") return "a BooleanField with \"null\": true";
  if (name == "IPAddressField") return "GenericIPAddressField";
  if (name == "CommaSeparatedIntegerField") return "CharField";
  return {};
}

Field read_any_field(const Node& node, const std::string& app, bool named) {
  Field field;
  if (!node.is_object()) node.expected("a field object");
  if (named) field.name = node.at("name").name();
  const Node type = node.at("type");
  const auto known = field_type_named(type.name());
  if (!known) {
    const std::string successor = successor_of_type(type.name());
    type.fail("unknown field type \"" + type.name() + "\"",
              successor.empty() ? did_you_mean(type.name(), field_type_names())
                                : "Django gave it up for " + successor);
  }
  field.type = *known;
  std::optional<Node> default_node;
  std::optional<Node> db_default_node;
  for (const auto& [key, value] : node.members()) {
    if (key == "type" || (named && key == "name")) continue;
    const FieldOption* option = find_field_option(key);
    if (!option || !option->takes(field.type)) {
      const std::vector<std::string>& ignored = ignored_field_keys();
      if (std::find(ignored.begin(), ignored.end(), key) != ignored.end()) continue;
      refuse_option(value, key, option, field);
    }
    if (key == "default") {
      default_node = value;
    } else {
      read_option(*option, value, app, field);
    }
    if (key == "db_default") db_default_node = value;
  }
  require_options(node, field);
  // Values are looked at last: they must fit the other options.
  if (default_node) field.default_value = read_default(*default_node, field);
  if (field.db_default && field.db_default->kind == Expression::Kind::literal &&
      !db_default_node->is_object()) {
    check_value(*db_default_node, field);
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
    for (const Json& value : field.choices) {
      // An array by itself would be read as a pair of value and label.
      list.push_back(value.is_array() ? Tree::array({to_tree(value), ""}) : to_tree(value));
    }
    return list.empty() || !field.choices_check ? Tree() : list;
  }
  if (option.key == "db_names") {
    Tree names = Tree::object();
    for (const auto& [kind, name] : field.db_names) names[kind] = name;
    return names.empty() ? Tree() : names;
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

const std::vector<std::string>& ignored_field_keys() {
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
