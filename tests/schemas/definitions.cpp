#include "schemas/definitions.h"

#include <turnstone/identifier.h>
#include <turnstone/model/expression.h>
#include <turnstone/model/model.h>

#include <algorithm>
#include <map>
#include <stdexcept>

#include "json/model_json.h"
#include "model/field_options.h"
#include "operation_json.h"

namespace turnstone::test {
namespace {

using json::Tree;
using migrations::OperationKey;

// Small parts ------------------------------------------------------------------------------------

Tree object(std::initializer_list<std::pair<std::string, Tree>> members) {
  Tree tree = Tree::object();
  for (const auto& [key, value] : members) tree[key] = value;
  return tree;
}

Tree list(const std::vector<std::string>& texts) {
  Tree tree = Tree::array();
  for (const std::string& text : texts) tree.push_back(text);
  return tree;
}

Tree of_type(const std::string& type) { return object({{"type", type}}); }
Tree of_types(const std::vector<std::string>& types) { return object({{"type", list(types)}}); }
Tree defined(const std::string& name) { return object({{"$ref", "#/$defs/" + name}}); }
Tree one_of_words(const std::vector<std::string>& words) { return object({{"enum", list(words)}}); }
Tree array_of(const Tree& items) { return object({{"type", "array"}, {"items", items}}); }
Tree any_of(const std::vector<Tree>& schemas) {
  Tree all = Tree::array();
  for (const Tree& schema : schemas) all.push_back(schema);
  return object({{"anyOf", all}});
}
Tree name() { return object({{"type", "string"}, {"minLength", 1}}); }
Tree anything() { return Tree(true); }

Tree described(Tree schema, const std::string& words) {
  if (schema.is_boolean()) schema = Tree::object();
  schema["description"] = words;
  return schema;
}

/// An object with these keys and no others.
Tree closed(const Tree& properties, const std::vector<std::string>& required = {}) {
  Tree tree = object({{"type", "object"}, {"properties", properties}});
  if (!required.empty()) tree["required"] = list(required);
  tree["additionalProperties"] = false;
  return tree;
}

/// `then` where the member `key` has one of these values.
Tree when(const std::string& key, const std::vector<std::string>& values, const Tree& then) {
  const Tree value =
      values.size() == 1 ? object({{"const", values.front()}}) : one_of_words(values);
  const Tree condition =
      object({{"properties", object({{key, value}})}, {"required", list({key})}});
  return object({{"if", condition}, {"then", then}});
}

// Fields -----------------------------------------------------------------------------------------

const std::map<std::string, std::string>& option_words() {
  static const std::map<std::string, std::string> words = {
      {"primary_key", "The key of the table. A model without one gets \"id\"."},
      {"to", "The model referred to: \"app.Model\", \"Model\" of the same app, or \"self\"."},
      {"on_delete", "What becomes of a row when the one it refers to is deleted."},
      {"db_on_delete", "Puts on_delete into the database (ON DELETE)."},
      {"db_on_update", "What the database does to the key when the one it refers to changes."},
      {"db_deferrable", "When the database checks the key; deferred unless given."},
      {"db_names",
       "Names of what the field makes beside its column, where they are not those Turnstone "
       "makes."},
      {"db_identity",
       "always: PostgreSQL takes no other value; rowid: no AUTOINCREMENT on SQLite."},
      {"to_field", "Name of the field referred to; the primary key unless given."},
      {"parent_link", "The link of a multi-table child to its parent."},
      {"through", "The model that holds the relation, in place of a table of its own."},
      {"through_fields", "The two keys of \"through\": to this model, to the other one."},
      {"db_table", "Name of the table that holds the relation."},
      {"db_constraint", "false: no foreign key constraint in the database."},
      {"swappable", "The setting by which the model referred to may be another one."},
      {"base_field", "Type of the items, a field object without a name."},
      {"size", "Greatest number of items."},
      {"expression", "What the column is computed from."},
      {"output_field", "Type of the computed column, a field object without a name."},
      {"db_persist", "true: stored; false: computed when it is read."},
      {"fields", "Names of the fields that make up the key."},
      {"db_type", "The column type: one for every database, or one for each."},
      {"max_length", "Greatest number of characters."},
      {"max_digits", "Number of digits in all."},
      {"decimal_places", "Number of digits behind the point."},
      {"protocol", "Which addresses are accepted."},
      {"default_bounds", "Bounds of a range that is given without: [) unless told otherwise."},
      {"null", "NULL is allowed."},
      {"unique", "No two rows have the same value."},
      {"db_index", "An index of its own; keys and slugs have one unless it is false."},
      {"default",
       "Value for rows that are there when the field is added: a value as files write it, or "
       "{\"function\": \"now\" | \"today\" | \"uuid4\" | a registered name}."},
      {"db_default", "DEFAULT of the column, an expression."},
      {"auto_now", "The time of every save."},
      {"auto_now_add", "The time of the first save."},
      {"choices",
       "The values that are allowed: values, or [value, label] pairs, or groups of them."},
      {"choices_check", "Puts a CHECK for the choices on the column."},
      {"db_column", "Name of the column; made from the field's name unless given."},
      {"db_comment", "Comment of the column, on PostgreSQL."},
      {"db_collation", "Collation of the column."},
      {"db_tablespace", "Tablespace of the field's indexes, on PostgreSQL."},
      {"related_name", "Name of the way back from the other model."},
      {"related_query_name", "The same in queries."},
      {"blank", "An empty text is a value: a text field that is added needs no default."},
      {"renamed_from", "The name it had before: the answer to makemigrations' question."},
  };
  return words;
}

Tree enumerated_option(const std::string& key) {
  static const std::map<std::string, std::vector<std::string>> words = {
      {"protocol", {"both", "IPv4", "IPv6", "ipv4", "ipv6"}},
      {"default_bounds", {"[]", "[)", "(]", "()"}},
      {"db_on_update", {"CASCADE", "RESTRICT", "SET_NULL", "SET_DEFAULT"}},
      {"db_deferrable", {"deferred", "immediate", "no"}},
      {"db_identity", {"always", "rowid"}}};
  const auto found = words.find(key);
  return found == words.end() ? of_types({"string", "null"}) : one_of_words(found->second);
}

Tree special_option(const std::string& key) {
  if (key == "on_delete") {
    return any_of(
        {one_of_words({"CASCADE", "PROTECT", "RESTRICT", "SET_NULL", "SET_DEFAULT", "DO_NOTHING"}),
         closed(object({{"SET", anything()}}), {"SET"})});
  }
  if (key == "to" || key == "through") {
    return object({{"type", "string"}, {"pattern", "^[^.]+(\\.[^.]+)?$"}});
  }
  if (key == "db_index") return of_type("boolean");
  if (key == "choices") return array_of(anything());
  if (key == "db_names") {
    Tree names = Tree::object();
    for (const std::string& kind : database_name_kinds()) names[kind] = of_type("string");
    return closed(names);
  }
  if (key == "db_type") {
    return any_of({name(), closed(object({{"postgresql", name()}, {"sqlite", name()}}))});
  }
  if (key == "default") return anything();
  throw std::logic_error("no schema for the option " + key);
}

Tree option_schema(const FieldOption& option) {
  switch (option.form) {
    case OptionForm::flag:
      return of_type("boolean");
    case OptionForm::text:
      return enumerated_option(option.key);
    case OptionForm::number:
      return of_types({"integer", "null"});
    case OptionForm::texts:
      return array_of(of_type("string"));
    case OptionForm::expression:
      return defined("expression");
    case OptionForm::field:
      return defined("nested_field");
    case OptionForm::value:
    case OptionForm::special:
      break;
  }
  return special_option(option.key);
}

/// JSON types of the values of a type of field, beside null and functions; none where a schema
/// cannot tell.
std::vector<std::string> value_types(FieldType type) {
  if (is_integer(type) || is_auto(type)) return {"integer"};
  if (is_text(type)) return {"string"};
  switch (type) {
    case FieldType::boolean:
      return {"boolean"};
    case FieldType::floating:
      return {"number"};
    case FieldType::decimal:
      return {"string", "number"};
    case FieldType::date:
    case FieldType::time:
    case FieldType::date_time:
    case FieldType::duration:
    case FieldType::uuid:
    case FieldType::binary:
    case FieldType::generic_ip_address:
      return {"string"};
    case FieldType::array:
      return {"array"};
    case FieldType::hstore:
      return {"object"};
    default:
      return {};
  }
}

/// What a type cannot be without.
std::vector<std::string> needed_options(FieldType type) {
  if (is_relation(type)) return {"to"};
  if (type == FieldType::array) return {"base_field"};
  if (type == FieldType::generated) return {"expression", "output_field"};
  if (type == FieldType::custom) return {"db_type"};
  return {};
}

/// What follows from the type of a field: the options it takes, those it needs, values of its own.
Tree rules_of(FieldType type) {
  Tree properties = Tree::object();
  for (const FieldOption& option : field_options()) {
    if (option.takes(type)) properties[option.key] = defined("option_" + option.key);
  }
  const std::vector<std::string> values = value_types(type);
  if (!values.empty() && properties.contains("default")) {
    std::vector<std::string> types = values;
    types.emplace_back("null");
    properties["default"] =
        object({{"description", option_words().at("default")},
                {"anyOf", Tree::array({of_types(types), defined("function")})}});
  }
  Tree then = object({{"properties", properties}});
  if (const auto needed = needed_options(type); !needed.empty()) then["required"] = list(needed);
  return then;
}

/// Type and options of every field, with or without a name.
Tree typed_schema() {
  // Types with the same rules share one.
  std::vector<std::pair<Tree, std::vector<std::string>>> groups;
  for (std::size_t i = 0; i < field_type_names().size(); ++i) {
    const Tree rules = rules_of(static_cast<FieldType>(i));
    const auto same = std::find_if(groups.begin(), groups.end(),
                                   [&](const auto& group) { return group.first == rules; });
    if (same == groups.end()) {
      groups.push_back({rules, {field_type_names()[i]}});
    } else {
      same->second.push_back(field_type_names()[i]);
    }
  }
  Tree properties = object({{"type", defined("field_type")}});
  for (const std::string& key : json::ignored_field_keys()) properties[key] = anything();
  Tree rules = Tree::array();
  for (const auto& [then, types] : groups) rules.push_back(when("type", types, then));
  return object({{"type", "object"},
                 {"properties", properties},
                 {"required", list({"type"})},
                 {"allOf", rules}});
}

Tree nested_field_schema() {
  return object({{"description", "A field object without a name."},
                 {"$ref", "#/$defs/typed"},
                 {"unevaluatedProperties", false}});
}

Tree field_schema() {
  return object({{"$ref", "#/$defs/typed"},
                 {"properties", object({{"name", described(name(), "Name of the field.")}})},
                 {"required", list({"name"})},
                 {"unevaluatedProperties", false}});
}

// Expressions, indexes, constraints --------------------------------------------------------------

Tree expression_schema() {
  const Tree pair =
      object({{"type", "array"},
              {"prefixItems", Tree::array({defined("expression"), defined("expression")})},
              {"items", false},
              {"minItems", 2}});
  const Tree head = object({{"enum", list(expression_heads())}});
  const auto with_head = [](const std::string& word, const Tree& items) {
    return object({{"if", object({{"prefixItems", Tree::array({object({{"const", word}})})}})},
                   {"then", object({{"items", items}})}});
  };
  Tree plain_items = with_head("case", any_of({pair, defined("expression")}));
  plain_items["else"] = object(
      {{"if", object({{"prefixItems", Tree::array({object({{"const", "cast"}})})}})},
       {"then", object({{"prefixItems",
                         Tree::array({true, defined("expression"), defined("nested_field")})},
                        {"items", false},
                        {"minItems", 3}})},
       {"else", object({{"prefixItems", Tree::array({true})}, {"items", defined("expression")}})}});
  plain_items["then"]["prefixItems"] = Tree::array({true});
  Tree call = object({{"type", "array"}, {"prefixItems", Tree::array({head})}, {"minItems", 1}});
  call["allOf"] = Tree::array({plain_items});
  const Tree reference = closed(object({{"F", name()}}), {"F"});
  const Tree value =
      closed(object({{"value", anything()}, {"type", defined("nested_field")}}), {"value"});
  const Tree sql =
      closed(object({{"sql", of_type("string")}, {"params", array_of(anything())}}), {"sql"});
  return object({{"description",
                  "A literal, {\"F\": field}, {\"value\": any}, {\"sql\": text}, or an array whose "
                  "head names "
                  "the operator."},
                 {"if", of_type("array")},
                 {"then", call},
                 {"else", object({{"if", of_type("object")},
                                  {"then", any_of({reference, value, sql})},
                                  {"else", of_types({"string", "number", "boolean", "null"})}})}});
}

Tree parameter_schema(const json::IndexParameter& parameter) {
  using Form = json::IndexParameter::Form;
  const Tree number =
      object({{"type", "integer"}, {"minimum", parameter.least}, {"maximum", parameter.most}});
  switch (parameter.form) {
    case Form::flag:
      return of_types({"boolean", "null"});
    case Form::number:
      return any_of({number, of_type("null")});
    case Form::numbers:
      return any_of({array_of(number), of_type("null")});
    case Form::automatic:
      break;
  }
  return object({{"enum", Tree::array({true, false, "auto", nullptr})}});
}

/// Members that indexes and constraints share.
Tree parts(const std::vector<std::string>& wanted) {
  const Tree all = object(
      {{"name", described(of_types({"string", "null"}), "Name in the database.")},
       {"fields", described(of_types({"array", "null"}),
                            "Names of fields; in an index \"-name\" for descending.")},
       {"expressions", described(array_of(defined("expression")), "In place of fields.")},
       {"condition", described(defined("expression"), "Only rows for which it holds.")},
       {"include", described(of_types({"array", "null"}), "Fields the index also holds.")},
       {"opclasses", described(of_types({"array", "null"}), "An operator class for each field.")},
       {"db_tablespace", described(of_types({"string", "null"}), "Tablespace, on PostgreSQL.")},
       {"deferrable", described(object({{"enum", Tree::array({"deferred", "immediate", nullptr})}}),
                                "Whether it may be broken until the end of a transaction.")},
       {"nulls_distinct",
        described(of_types({"boolean", "null"}), "false: two NULLs are the same.")},
       {"in_table", described(of_type("boolean"), "SQLite: UNIQUE inside of the table.")},
       {"violation_error_code", anything()},
       {"violation_error_message", anything()}});
  Tree result = Tree::object();
  for (const std::string& key : wanted) {
    result[key] = all.at(key);
    if (key == "fields" || key == "include" || key == "opclasses") {
      result[key]["items"] = of_type("string");
    }
  }
  return result;
}

Tree index_schema() {
  Tree rules = Tree::array();
  std::vector<std::string> types;
  Tree otherwise;
  for (const auto& [type, parameters] : json::index_parameters()) {
    Tree properties = parts(
        {"name", "fields", "expressions", "condition", "include", "opclasses", "db_tablespace"});
    properties["type"] = anything();
    for (const json::IndexParameter& parameter : parameters) {
      properties[parameter.key] = parameter_schema(parameter);
    }
    const Tree then = object({{"properties", properties}, {"additionalProperties", false}});
    types.emplace_back(name_of(type));
    if (type == IndexType::index) {
      rules.push_back(object(
          {{"if", object({{"not", object({{"required", list({"type"})}})}})}, {"then", then}}));
    }
    rules.push_back(when("type", {std::string(name_of(type))}, then));
  }
  return object({{"type", "object"},
                 {"description", "An index over fields or expressions."},
                 {"properties", object({{"type", one_of_words(types)}})},
                 {"anyOf", Tree::array({object({{"required", list({"fields"})}}),
                                        object({{"required", list({"expressions"})}})})},
                 {"allOf", rules}});
}

Tree constraint_schema() {
  const auto kind = [](const std::string& type, Tree properties,
                       const std::vector<std::string>& required) {
    properties["type"] = anything();
    properties["name"] = described(name(), "Name in the database.");
    Tree then = object({{"properties", properties}, {"required", list(required)}});
    then["additionalProperties"] = false;
    return when("type", {type}, then);
  };
  const std::vector<std::string> words = {"violation_error_code", "violation_error_message"};
  const auto with_words = [&](std::vector<std::string> keys) {
    keys.insert(keys.end(), words.begin(), words.end());
    return parts(keys);
  };
  Tree check = with_words({"name"});
  check["condition"] = described(defined("expression"), "What holds for every row.");
  Tree unique = with_words({"name", "fields", "expressions", "condition", "deferrable", "include",
                            "opclasses", "nulls_distinct", "in_table"});
  Tree exclusion = with_words({"name", "condition", "deferrable", "include"});
  exclusion["expressions"] = described(
      object({{"type", "array"},
              {"items", object({{"type", "array"},
                                {"prefixItems", Tree::array({defined("expression"), name()})},
                                {"items", false},
                                {"minItems", 2}})},
              {"minItems", 1}}),
      "Pairs [expression, operator].");
  exclusion["index_type"] = object({{"enum", Tree::array({"GIST", "SPGIST", "", nullptr})}});
  return object(
      {{"type", "object"},
       {"description", "A constraint of the table."},
       {"properties", object({{"type", one_of_words({"CheckConstraint", "UniqueConstraint",
                                                     "ExclusionConstraint"})}})},
       {"required", list({"type", "name"})},
       {"allOf", Tree::array({kind("CheckConstraint", check, {"condition"}),
                              kind("UniqueConstraint", unique, {}),
                              kind("ExclusionConstraint", exclusion, {"expressions"})})}});
}

// Models -----------------------------------------------------------------------------------------

Tree name_lists() { return array_of(array_of(of_type("string"))); }

Tree options_schema() {
  const std::map<std::string, Tree> known = {
      {"db_table", described(of_types({"string", "null"}), "Name of the table.")},
      {"db_table_comment", described(of_types({"string", "null"}), "Comment of the table.")},
      {"db_tablespace", described(of_types({"string", "null"}), "Tablespace, on PostgreSQL.")},
      {"unique_together",
       described(any_of({name_lists(), array_of(of_type("string")), of_type("null")}),
                 "Lists of fields whose values together are unique.")},
      {"order_with_respect_to",
       described(of_types({"string", "null"}), "Rows have an order within those of this key.")},
      {"indexes", array_of(defined("index"))},
      {"constraints", array_of(defined("constraint"))},
      {"managed", described(of_type("boolean"), "false: the table is somebody else's.")},
      {"proxy", described(of_type("boolean"), "Another view of the table of its base.")},
      {"base_manager_name", of_types({"string", "null"})},
      {"swappable", described(of_types({"string", "null"}), "The setting that may replace it.")},
      {"abstract", described(of_type("boolean"), "Lends its fields and has no table.")},
      {"ordering",
       described(array_of(any_of({name(), defined("expression")})), "The usual order of rows.")},
      {"renamed_from",
       described(of_types({"string", "null"}), "The name it had before: an answer written down.")}};
  Tree properties = Tree::object();
  for (const std::string& key : json::model_option_keys()) {
    const auto found = known.find(key);
    properties[key] = found == known.end() ? anything() : found->second;
  }
  return closed(properties);
}

Tree model_schema() {
  Tree model = closed(
      object({{"name", described(name(), "Name of the model, such as Book.")},
              {"fields", array_of(defined("field"))},
              {"options", defined("options")},
              {"bases", described(array_of(name()), "Models whose fields it has: app.Model.")}}),
      {"name"});
  model["description"] = "A model: one table, as a rule.";
  return model;
}

Tree common_definitions() {
  Tree definitions = object(
      {{"field_type", described(one_of_words(field_type_names()), "Django's name of the type.")},
       {"function", closed(object({{"function", name()}}), {"function"})}});
  for (const FieldOption& option : field_options()) {
    definitions["option_" + option.key] =
        described(option_schema(option), option_words().at(option.key));
  }
  definitions["typed"] = typed_schema();
  definitions["nested_field"] = nested_field_schema();
  definitions["field"] = field_schema();
  definitions["expression"] = expression_schema();
  definitions["index"] = index_schema();
  definitions["constraint"] = constraint_schema();
  definitions["options"] = options_schema();
  return definitions;
}

// Operations -------------------------------------------------------------------------------------

Tree sql_schema() {
  const Tree statement = object({{"type", "array"},
                                 {"prefixItems", Tree::array({name(), of_type("array")})},
                                 {"items", false},
                                 {"minItems", 2}});
  return any_of({of_type("string"), array_of(any_of({name(), statement}))});
}

Tree key_schema(const OperationKey& key) {
  using Form = OperationKey::Form;
  switch (key.form) {
    case Form::name:
    case Form::provider:
      return name();
    case Form::file:
      return object({{"type", "string"}, {"minLength", 1}, {"pattern", "^[^/]"}});
    case Form::nullable_text:
      return of_types({"string", "null"});
    case Form::flag:
      return of_type("boolean");
    case Form::names:
      return array_of(name());
    case Form::name_lists:
      return any_of({array_of(array_of(name())), array_of(name()), of_type("null")});
    case Form::field:
      return defined("field");
    case Form::fields:
      return array_of(defined("field"));
    case Form::options: {
      // A name is made up for a model, never for an operation.
      const Tree named = object({{"items", object({{"required", list({"name"})}})}});
      return object({{"$ref", "#/$defs/options"}, {"properties", object({{"indexes", named}})}});
    }
    case Form::state_options: {
      Tree properties = Tree::object();
      for (const std::string& option : migrations::state_option_keys()) {
        properties[option] = anything();
      }
      properties["managed"] = of_type("boolean");
      properties["base_manager_name"] = of_types({"string", "null"});
      return closed(properties);
    }
    case Form::index:
      return object({{"$ref", "#/$defs/index"}, {"required", list({"name"})}});
    case Form::constraint:
      return defined("constraint");
    case Form::operations:
      return array_of(defined("operation"));
    case Form::source:
      return defined("sql");
    case Form::optional_source:
      break;
  }
  return any_of({defined("sql"), of_type("null")});
}

Tree operation_schema() {
  const std::map<std::string, std::string> words = {
      {"AddField:preserve_default", "false: the default is for the rows that are there alone."},
      {"AlterField:preserve_default", "false: the default is for the rows that are there alone."},
      {"RunCpp:code", "Name of a registered C++ function, or \"noop\"."},
      {"RunCpp:reverse_code", "The way back; without it there is none. \"noop\" does nothing."},
      {"RunSQL:sql", "Statements, or one text that may hold several."},
      {"RunSQL:sql_file", "A file beside the migration, in place of \"sql\"."},
      {"RunSQL:reverse_sql", "The way back; without it there is none, [] has nothing to undo."}};
  Tree rules = Tree::array();
  for (const auto& [operation, keys] : migrations::operation_keys()) {
    Tree properties = object({{"op", anything()}});
    std::vector<std::string> required;
    std::vector<Tree> choices;
    for (const OperationKey& key : keys) {
      properties[key.key] = key_schema(key);
      const auto told = words.find(operation + ":" + key.key);
      if (told != words.end()) properties[key.key] = described(properties[key.key], told->second);
      if (key.required) required.push_back(key.key);
      if (key.form == OperationKey::Form::source) {
        choices = {object({{"required", list({key.key})}}),
                   object({{"required", list({key.key + "_file"})}})};
      }
    }
    if (operation == "AddConstraintNotValid") {
      properties["constraint"]["properties"] =
          object({{"type", object({{"const", "CheckConstraint"}})}});
    }
    if (operation == "RenameIndex") {
      choices = {object({{"required", list({"old_name"})}}),
                 object({{"required", list({"old_fields"})}})};
    }
    Tree then = object({{"properties", properties}});
    if (!required.empty()) then["required"] = list(required);
    if (!choices.empty()) {
      Tree all = Tree::array();
      for (const Tree& choice : choices) all.push_back(choice);
      then["oneOf"] = all;
    }
    then["additionalProperties"] = false;
    rules.push_back(when("op", {operation}, then));
  }
  return object({{"type", "object"},
                 {"description", "One change."},
                 {"properties", object({{"op", one_of_words(migrations::operation_names())}})},
                 {"required", list({"op"})},
                 {"allOf", rules}});
}

// Files ------------------------------------------------------------------------------------------

Tree file_schema(const std::string& title, const std::string& words, Tree properties,
                 const std::vector<std::string>& required) {
  Tree all = object(
      {{"$schema", described(of_types({"string", "null"}), "Where an editor finds this schema.")}});
  for (const auto& member : properties.items()) all[member.key()] = member.value();
  Tree schema = object({{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                        {"title", title},
                        {"description", words}});
  const Tree body = closed(all, required);
  for (const auto& member : body.items()) schema[member.key()] = member.value();
  return schema;
}

Tree version() { return described(object({{"const", 1}}), "Version of the format."); }

Tree auto_field() { return one_of_words({"AutoField", "BigAutoField", "SmallAutoField"}); }

Tree ids(const std::string& words) {
  return described(
      array_of(object({{"type", "array"}, {"items", name()}, {"minItems", 2}, {"maxItems", 2}})),
      words);
}

}  // namespace

Tree project_schema() {
  const Tree app = closed(object(
      {{"models", described(name(), "File of its models; APP/models.json unless given.")},
       {"migrations", described(name(), "Folder of its migrations; APP/migrations unless given.")},
       {"default_auto_field", described(auto_field(), "Type of the key of its models.")},
       {"databases",
        described(array_of(name()), "Aliases of the databases it lives in; all unless given.")}}));
  const Tree timeout =
      object({{"type", "string"}, {"pattern", "^(0|[0-9]+ *(us|ms|s|min|h|d)|.*\\$\\{.*)$"}});
  const Tree url = object({{"type", "string"},
                           {"pattern", "^(sqlite:|postgres(ql)?://|.*\\$\\{|[a-z_]+ *=)"},
                           {"description",
                            "sqlite:///FILE, postgresql://USER@HOST/DATABASE; ${NAME} takes an "
                            "environment variable."}});
  const Tree database = closed(
      object(
          {{"url", url},
           {"lock_timeout", described(timeout, "How long a statement waits for a lock: 2s.")},
           {"statement_timeout", described(timeout, "How long a statement may take; 0: for ever.")},
           {"online", described(of_type("boolean"), "Used while migrations run.")}}),
      {"url"});
  return file_schema(
      "turnstone.json", "A project of Turnstone: its apps and databases.",
      object({{"apps", object({{"type", "object"},
                               {"description", "The apps by label."},
                               {"propertyNames", object({{"pattern", "^[A-Za-z_][A-Za-z0-9_]*$"}})},
                               {"additionalProperties", app}})},
              {"databases",
               object({{"type", "object"},
                       {"description", "The databases by alias; \"default\" is the usual one."},
                       {"propertyNames", object({{"pattern", "^[^:=]+$"}})},
                       {"additionalProperties", database}})},
              {"default_auto_field",
               described(auto_field(), "Type of keys that models do not declare.")}}),
      {"apps"});
}

Tree models_schema() {
  Tree schema = file_schema("models.json", "The models of an app of Turnstone.",
                            object({{"models", array_of(defined("model"))}}), {"models"});
  Tree definitions = common_definitions();
  definitions["model"] = model_schema();
  schema["$defs"] = definitions;
  return schema;
}

Tree migration_schema() {
  Tree schema = file_schema(
      "migration", "A migration of Turnstone: what changes, in order.",
      object(
          {{"turnstone", version()},
           {"initial", described(of_types({"boolean", "null"}), "The first one of its app.")},
           {"atomic", described(of_type("boolean"), "false: not in one transaction.")},
           {"dependencies", ids("Migrations that come before: [app, name].")},
           {"run_before", ids("Migrations that come after: [app, name].")},
           {"replaces", ids("Migrations it stands for: [app, name].")},
           {"formerly",
            described(array_of(object({{"type", "string"}, {"pattern", "^sha256:[0-9a-f]{64}$"}})),
                      "Digests it had before it was rewritten without a change of meaning.")},
           {"operations", array_of(defined("operation"))}}),
      {"turnstone", "operations"});
  Tree definitions = common_definitions();
  definitions["sql"] = sql_schema();
  definitions["operation"] = operation_schema();
  schema["$defs"] = definitions;
  return schema;
}

Tree snapshot_schema() {
  Tree schema = file_schema(
      "snapshot.json", "The state of an app behind its last migration, as Turnstone keeps it.",
      object({{"turnstone", version()},
              {"leaf", described(array_of(name()), "The last migrations.")},
              {"digest", object({{"type", "string"}, {"pattern", "^sha256:"}})},
              {"models", array_of(defined("model"))}}),
      {"turnstone", "leaf", "digest", "models"});
  Tree definitions = common_definitions();
  definitions["model"] = model_schema();
  schema["$defs"] = definitions;
  return schema;
}

}  // namespace turnstone::test
