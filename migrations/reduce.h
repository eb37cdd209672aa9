#pragma once

#include <turnstone/migrations/operation.h>

#include <optional>
#include <string>

namespace turnstone::migrations {

/// What `first` and `second` come to when nothing stands between them: fewer operations with the
/// same state, tables and rows, both for an empty table and one with rows. Nothing where there is
/// no rule, or where rows could tell. Source: `django-behaviour.md` §4.5, §12 (5, 6).
std::optional<Operations> reduce(const Operation& first, const Operation& second,
                                 const std::string& app);
/// True for a rename to the same name.
bool does_nothing(const Operation& operation);

}  // namespace turnstone::migrations
