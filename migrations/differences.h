#pragma once

#include <turnstone/model/project_state.h>

#include <string>
#include <vector>

namespace turnstone::migrations {

/// Equal as states compare models: fields by name, order of lists aside, nothing that only the
/// registry knows.
bool same_model(const ModelState& a, const ModelState& b);
bool same_bases(const ModelState& a, const ModelState& b);
/// The same index or constraint under whatever name.
bool same_but_name(Index a, const Index& b);
bool same_but_name(Constraint a, const Constraint& b);

/// Keys of the options in which two fields differ, `type` first; names are not compared.
std::vector<std::string> different_options(const Field& a, const Field& b);

/// True when `now` could be what `was` has become under another name: their values are of one kind.
bool could_be_renamed(const Field& was, const Field& now);
/// What changed beside the name; a `db_column` that keeps the old column is no change.
std::vector<std::string> changes_beside_name(const Field& was, const Field& now);
/// Django's test: the same fields but for names and what relations point to.
bool same_fields_but_names(const ModelState& a, const ModelState& b);
/// From 0 to 1: how much of two models' fields (but `id`) has the same name and kind.
double similarity(const ModelState& a, const ModelState& b);

}  // namespace turnstone::migrations
