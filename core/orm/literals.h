#pragma once

#include <turnstone/model/field.h>

namespace turnstone::orm {

/// A literal of an expression as a value for a field of `type`. Throws Error{bad_value} where it
/// does not fit.
Value literal_value(const Json& literal, const Field& type);
/// The field whose values `literal` has by itself: integers, numbers, texts, booleans, documents.
const Field& guessed_type(const Json& literal);
/// A value in the form of literals; the other way round.
Json literal_of(const Value& value);

/// Fields that stand for types, without a name.
const Field& plain_type(FieldType type);

bool is_numeric(const Field& type);

}  // namespace turnstone::orm
