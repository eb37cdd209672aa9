#pragma once

#include <turnstone/model/model.h>
#include <turnstone/values.h>

namespace turnstone::orm {

/// Throws Error{bad_value}, naming model, field and value, where `field` of `model` cannot hold
/// `value`: length, digits, range, choices, NULL. `type` is the field whose values it has.
void validate(const ModelState& model, const Field& field, const Field& type, const Value& value);

}  // namespace turnstone::orm
