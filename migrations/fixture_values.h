#pragma once

#include "json/tree.h"

#include <turnstone/model/field.h>
#include <turnstone/values.h>

#include <string>

namespace turnstone::migrations {

/// `value`, read from a column of `type`, as fixtures write it: JSON on one line.
/// Throws Error{bad_model} for text that is not UTF-8.
std::string fixture_json(const Value& value);

/// The value of a field of `type` that stands in a fixture, as `Dialect::to_database` takes it.
/// Takes what Django writes, too: durations as `1 02:03:04`, arrays, hstores and ranges as JSON
/// inside of a text. Throws Error{bad_file} with the place for what does not fit the type, and for
/// a decimal that its column would round; how long and how large other values may be is the
/// database's matter. `field` is for messages: `blog.Book.price`.
Value fixture_value(const json::Node& node, const Field& type, const std::string& field);

}  // namespace turnstone::migrations
