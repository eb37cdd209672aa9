#pragma once

#include <turnstone/migrations/merge.h>

#include "merge_world.h"

#include <vector>

/// Internal to the examination of branches: what depends on rows or on code.
namespace turnstone::migrations {

using Branched = std::vector<std::shared_ptr<const Migration>>;

/// RunSQL and RunCpp of `mine` that may notice what `theirs` changes.
std::vector<Unexamined> opaque_operations(const Branched& mine, const Branched& theirs);

/// One branch by itself.
struct Alone {
  const World& world;
  const Branched& own;
};
/// Conditions and unique keys that `adding` brings over columns that `changing` fills or gives
/// another type: those that certainly fail are conflicts, those that cannot be told are not.
void doubts_about_rows(const ProjectState& before, const Alone& adding, const Alone& changing,
                       Examination& found);

}  // namespace turnstone::migrations
