#pragma once

// Internal: the JSON form of models, fields, expressions, indexes and constraints; `formats.md` §3.

#include "json/tree.h"

#include <turnstone/model/model.h>
#include <turnstone/registry.h>

#include <map>

namespace turnstone::json {

/// `app` completes bare model names. Attributes that never matter are accepted; those the registry
/// uses (`related_name`, `blank`, `choices`, `ordering`, `renamed_from`) are kept in fields read
/// with `Attributes::declared` and dropped with `Attributes::stored`.
enum class Attributes { declared, stored };

/// A storage parameter of an index: how it is written, and for numbers the range.
struct IndexParameter {
  enum class Form { flag, number, numbers, automatic };
  std::string key{};
  Form form = Form::flag;
  int least = 0;
  int most = 0;
};
/// Those of each type of index.
const std::map<IndexType, std::vector<IndexParameter>>& index_parameters();

/// Keys that are accepted in every field and never matter.
const std::vector<std::string>& ignored_field_keys();
/// Keys of a model's `options`.
const std::vector<std::string>& model_option_keys();

/// What a value of `field` must look like in files, for messages, when `value` does not; else
/// empty. Looks at form, range and size; null always fits.
std::string value_problem(const Tree& value, const Field& field);
/// Throws Error{bad_file} where `node` does not hold a value of `field`.
void check_value(const Node& node, const Field& field);

Field read_field(const Node& node, const std::string& app, Attributes attributes);
/// A field inside another one, which has no name.
Field read_nested_field(const Node& node, const std::string& app);
Expression read_expression(const Node& node, const std::string& app);
Index read_index(const Node& node, const std::string& app);
Constraint read_constraint(const Node& node, const std::string& app);
Options read_options(const Node& node, const std::string& app, Attributes attributes);
ModelState read_model(const Node& node, const std::string& app, Attributes attributes);
/// A whole `models.json`.
std::vector<ModelState> read_models(const std::string& app, const std::string& file,
                                    std::string_view text);

/// Stored form: registry-only attributes left out, keys in fixed order, options that have their
/// default left out.
Tree write_field(const Field& field);
Tree write_expression(const Expression& expression);
Tree write_index(const Index& index);
Tree write_constraint(const Constraint& constraint);
Tree write_options(const Options& options);
Tree write_model(const ModelState& model);

Json to_json(const Tree& tree);
Tree to_tree(const Json& value);

}  // namespace turnstone::json
