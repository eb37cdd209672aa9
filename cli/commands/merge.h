#pragma once

#include "draft.h"

#include <turnstone/migrations/merge.h>

#include <string>
#include <vector>

namespace turnstone::cli {

struct MergeOptions {
  std::vector<std::string> apps{};  ///< none: all
  std::string name{};
  /// `APP.NAME` of migrations whose code may run before or after the other branch.
  std::vector<std::string> independent{};
  bool dry_run = false;
  bool ask = false;  ///< a person is there
  bool check = false;
};
/// `makemigrations --merge`: joins the branches of each app that has several where every order of
/// them gives the same, and writes snapshots that do not fit their migrations anew. Gives the exit
/// code. Throws Error{conflict} where branches have no common ancestor or do not go together, and
/// Error{question} where that cannot be told, unless a person says that they do.
int merge_branches(Context& context, const Files& files, const MergeOptions& options);

/// The same examination for any command.
migrations::Examination examine_apps(const Context& context, const Files& files,
                                     const std::vector<std::string>& apps);
/// Says all conflicts: one in the error that comes back, several on lines before it.
Error conflict_error(Context& context, const std::vector<std::string>& apps,
                     const std::vector<migrations::MergeConflict>& conflicts);
/// The document of an examination: `conflicts` and `unexamined`.
Document document_of(const migrations::Examination& examination);

}  // namespace turnstone::cli
