#pragma once

#include <turnstone/migrations/merge.h>

#include <vector>

/// Internal to the examination of branches: what two of them disagree about.
namespace turnstone::migrations {

/// Everything that both branches change, or that one changes and the other uses, in the order of
/// the first branch. `before` is the state both begin with.
std::vector<MergeConflict> disagreements(
    const ProjectState& before, const std::vector<std::shared_ptr<const Migration>>& left,
    const std::vector<std::shared_ptr<const Migration>>& right);

}  // namespace turnstone::migrations
