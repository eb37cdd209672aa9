#pragma once

#include "draft.h"

#include <string>
#include <vector>

namespace turnstone::cli {

struct MergeOptions {
  std::vector<std::string> apps{};  ///< none: all
  std::string name{};
  bool dry_run = false;
  bool ask = false;  ///< a person is there
  bool check = false;
};
/// `makemigrations --merge`: joins the branches of each app that has several. Gives the exit code.
/// Throws Error{conflict} where branches have no common ancestor, or touch the same thing and
/// nobody can be asked.
int merge_branches(Context& context, const Files& files, const MergeOptions& options);

/// What two branches of one app both touch, in words; empty when each can go its way.
std::vector<std::string> collisions(const std::vector<const migrations::Migration*>& a,
                                    const std::vector<const migrations::Migration*>& b);

}  // namespace turnstone::cli
