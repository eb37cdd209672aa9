#pragma once

#include <turnstone/registry.h>

#include "model/problem_list.h"

#include <string>
#include <string_view>
#include <vector>

namespace turnstone {

/// True for a reference that C++ wrote: `::shop::Book`.
inline bool is_class_reference(std::string_view reference) { return reference.starts_with("::"); }

/// What is said where no app has registered a class.
std::string unknown_class(std::string_view reference);
inline constexpr const char* unknown_class_hint = "add it to models<…>() of its App";

/// Writes the models of classes for the classes in relations, `through` and bases. One that no app
/// has registered stays as it is.
void resolve_classes(std::vector<DeclaredApp>& apps);

/// Keys whose C++ type cannot hold the key of their target.
std::vector<PlacedProblem> key_problems(const std::vector<DeclaredApp>& apps,
                                        const ProjectState& state);

}  // namespace turnstone
