#include <turnstone/error.h>
#include <turnstone/identifier.h>

#include <algorithm>

#include "model/field_options.h"
#include "model/problem_list.h"

// Source of the rules: `django-behaviour.md` §2.9.

namespace turnstone {
namespace {

void check_name(ModelReport& report, const Field& field) {
  const bool composite = field.type == FieldType::composite_primary_key;
  if (!is_identifier(field.name)) {
    report.of_field(field, "\"" + field.name + "\" cannot be the name of a field",
                    "use letters, digits and _");
    return;
  }
  if (field.name.ends_with("_")) report.of_field(field, "the name of a field cannot end with _");
  if (field.name.find("__") != std::string::npos) {
    report.of_field(field, "the name of a field cannot hold __",
                    "queries use __ to follow a relation");
  }
  if (composite && field.name != "pk") {
    report.of_field(field, "a CompositePrimaryKey must be named \"pk\"");
  } else if (!composite && field.name == "pk") {
    report.of_field(field, "\"pk\" always means the primary key: no other field has that name");
  } else if (field.name == "id" && !field.primary_key && !report.model.primary_key()) {
    report.of_field(field, "a field named \"id\" must be the primary key",
                    "set \"primary_key\": true or rename it");
  }
}

/// Rules of a type that hold for a field inside another one too. `in` is `base_field: ` and so on.
void check_type(ModelReport& report, const Field& owner, const Field& field,
                const std::string& in = {}) {
  const auto add = [&](const std::string& message, const std::string& hint = {}) {
    report.of_field(owner, in + message, hint);
  };
  if (field.max_length && *field.max_length < 1) add("\"max_length\" must be at least 1");
  if (field.type == FieldType::decimal) {
    if (!field.max_digits || !field.decimal_places) {
      add("DecimalField needs \"max_digits\" and \"decimal_places\"");
    } else if (*field.max_digits < 1 || *field.max_digits > 38) {
      add("\"max_digits\" must be between 1 and 38");
    } else if (*field.decimal_places < 0 || *field.decimal_places > *field.max_digits) {
      add("\"decimal_places\" must be between 0 and \"max_digits\"");
    }
  }
  if (field.type == FieldType::generic_ip_address) {
    const std::string protocol = lower_case(field.protocol);
    if (!protocol.empty() && protocol != "both" && protocol != "ipv4" && protocol != "ipv6") {
      add("unknown protocol \"" + field.protocol + "\"", "use \"both\", \"IPv4\" or \"IPv6\"");
    }
  }
  const auto one_of = [&](const std::string& option, const std::string& value,
                          const std::vector<std::string>& known) {
    if (value.empty() || std::find(known.begin(), known.end(), value) != known.end()) return;
    add("unknown \"" + option + "\" \"" + value + "\"", "use \"" + join(known, "\", \"") + "\"");
  };
  one_of("db_on_update", field.db_on_update, {"CASCADE", "RESTRICT", "SET_NULL", "SET_DEFAULT"});
  one_of("db_deferrable", field.db_deferrable, {"deferred", "immediate", "no"});
  one_of("db_identity", field.db_identity, {"always", "rowid"});
  if (!field.default_bounds.empty()) {
    const std::vector<std::string> known = {"[)", "(]", "()", "[]"};
    if (std::find(known.begin(), known.end(), field.default_bounds) == known.end()) {
      add("unknown \"default_bounds\" \"" + field.default_bounds + "\"",
          "use \"[)\", \"(]\", \"()\" or \"[]\"");
    }
  }
  if (field.type == FieldType::custom && field.db_type.empty()) {
    add("CustomField needs \"db_type\"");
  }
  if (field.type == FieldType::array) {
    if (field.size && *field.size < 1) add("\"size\" must be at least 1");
    if (!field.base_field) {
      add("ArrayField needs \"base_field\"");
    } else if (is_relation(field.base_field->type) || !has_column(*field.base_field) ||
               field.base_field->type == FieldType::generated) {
      add("an array cannot hold " + std::string(name_of(field.base_field->type)) + " items");
    } else {
      check_type(report, owner, *field.base_field, in + "base_field: ");
    }
  }
}

void check_generated(ModelReport& report, const Field& field) {
  if (!field.expression || !field.output_field) {
    report.of_field(field, "GeneratedField needs \"expression\" and \"output_field\"");
    return;
  }
  const FieldType output = field.output_field->type;
  if (is_relation(output) || is_auto(output) || !has_column(*field.output_field) ||
      output == FieldType::generated) {
    report.of_field(field, "output_field: a generated column cannot be of type " +
                               std::string(name_of(output)));
  } else {
    check_type(report, field, *field.output_field, "output_field: ");
  }
  const bool itself = any_field(*field.expression, [&](const std::string& name) {
    return report.model.resolve_field(name) == &field;
  });
  if (itself) report.of_field(field, "the expression of a generated column cannot use the column");
  check_expression(report, PlacedProblem::Part::field, field.name, *field.expression);
}

void check_composite(ModelReport& report, const Field& field) {
  if (field.fields.size() < 2) {
    report.of_field(field, "\"fields\" must name at least two fields");
  }
  std::vector<std::string> seen;
  for (const std::string& name : field.fields) {
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      report.of_field(field, "\"fields\" names \"" + name + "\" twice");
      continue;
    }
    seen.push_back(name);
    const Field* part = check_column(report, PlacedProblem::Part::field, field.name, name);
    if (!part) continue;
    if (part->null) {
      report.of_field(field, "\"" + name + "\" is part of the primary key and cannot be null",
                      "take \"null\" out there");
    }
    if (part->type == FieldType::generated) {
      report.of_field(field,
                      "the generated column \"" + name + "\" cannot be part of the primary key");
    }
  }
}

void check_choices(ModelReport& report, const Field& field) {
  if (field.choices_check && field.choices.empty()) {
    report.of_field(field, "\"choices_check\" needs \"choices\"");
  }
  const std::optional<int> length =
      field.max_length ? field.max_length : default_max_length(field.type);
  if (!length || !is_text(field.type)) return;
  for (const Json& choice : field.choices) {
    if (!choice.is_string()) continue;
    const std::string text = choice.as_string();
    const auto characters =
        std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xC0) != 0x80; });
    if (characters > *length) {
      report.of_field(field, "the choice \"" + text + "\" is longer than \"max_length\", " +
                                 std::to_string(*length));
    }
  }
}

void check_default(ModelReport& report, const Field& field) {
  const int times =
      (field.auto_now ? 1 : 0) + (field.auto_now_add ? 1 : 0) + (field.default_value ? 1 : 0);
  if ((field.auto_now || field.auto_now_add) && times > 1) {
    report.of_field(field, "\"auto_now\", \"auto_now_add\" and \"default\" exclude each other");
  }
  if (field.db_default && any_field(*field.db_default, [](const std::string&) { return true; })) {
    report.of_field(field, "\"db_default\" cannot refer to fields",
                    "for a value computed from other columns use a GeneratedField");
  }
}

void check_field(ModelReport& report, const Field& field) {
  check_name(report, field);
  if (is_auto(field.type) && !field.primary_key) {
    report.of_field(field, std::string(name_of(field.type)) + " must be the primary key",
                    "set \"primary_key\": true");
  }
  if (field.primary_key && (field.type == FieldType::file || field.type == FieldType::image)) {
    report.of_field(field, with_article(name_of(field.type)) + " cannot be the primary key",
                    "the name of a file changes with its storage; take \"primary_key\" out");
  }
  if (field.primary_key && field.null) {
    report.of_field(field, "a primary key cannot be null", "take \"null\" out");
  }
  check_type(report, field, field);
  check_default(report, field);
  check_choices(report, field);
  if (field.type == FieldType::generated) check_generated(report, field);
  if (field.type == FieldType::composite_primary_key) check_composite(report, field);
  const bool declared = report.declaration != nullptr;
  if (declared && field.type == FieldType::generic_ip_address && field.blank && !field.null) {
    report.of_field(field, "a GenericIPAddressField with \"blank\" needs \"null\" too",
                    "an empty address is stored as null");
  }
  if (is_relation(field.type)) check_relation(report, field);
}

}  // namespace

void check_fields(ModelReport& report) {
  for (const Field& field : report.model.fields) check_field(report, field);
}

}  // namespace turnstone
