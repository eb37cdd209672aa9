#pragma once

#include <turnstone/model/model.h>
#include <turnstone/values.h>

#include <cstdint>
#include <optional>
#include <utility>

namespace turnstone::orm {

/// The smallest and the largest number in a column of a type of integers.
std::pair<std::int64_t, std::int64_t> integer_range(FieldType type);
/// How long a text of `type` may be; empty for any length.
std::optional<std::size_t> most_characters(const Field& type);
/// Throws Error{bad_value}, naming model, field and value, where `field` of `model` cannot hold
/// `value`: length, digits, range, choices, NULL. `type` is the field whose values it has.
void validate(const ModelState& model, const Field& field, const Field& type, const Value& value);

}  // namespace turnstone::orm
