#pragma once

#include <turnstone/db/dialect.h>
#include <turnstone/migrations/graph.h>

#include <string>
#include <vector>

/// Branches that grew side by side: whether their migrations may be applied in any order, and what
/// they disagree about. Pure: files in, words out.
namespace turnstone::migrations {

/// One branch: its last migration, and what of its history the others lack.
struct Branch {
  MigrationId leaf{};
  std::vector<std::shared_ptr<const Migration>> own{};  ///< in the order they are applied
};

/// Something that two branches do not both get their way with.
struct MergeConflict {
  struct Side {
    MigrationId migration{};
    std::string what{};  ///< `removed`, `renamed to "name"`, `150`
  };
  std::string model{};     ///< `blog.Book`; empty where it is not about one model
  std::string part{};      ///< `field title`, `index book_idx`; empty for the model as a whole
  std::string property{};  ///< `max_length`, `db_table`; empty for the part as a whole
  std::string before{};    ///< the value that both began with, where it is about one
  Side left{};
  Side right{};
  std::string detail{};  ///< what went wrong, where nothing above can be told

  /// One line: `model blog.Book, field title, max_length: 150 in 0002_a, 200 in 0002_b (100
  /// before)`.
  std::string text() const;
};

/// An operation of which nobody can tell whether it minds the other branch.
struct Unexamined {
  MigrationId migration{};
  std::string operation{};  ///< in words
  std::string reason{};
  /// One line: `0002_fill: Raw SQL operation: …`
  std::string text() const;
};

struct Examination {
  std::vector<MergeConflict> conflicts{};  ///< each once, by the order of branches
  std::vector<Unexamined> unexamined{};    ///< likewise
  /// Every order gives the same.
  bool commute() const { return conflicts.empty() && unexamined.empty(); }
};

/// Whether `branches`, applied to `ancestor` in any order, give the same state, the same schema on
/// each of `dialects` and the same rows. Branches may share migrations.
///
/// Every order of two branches is carried out in words: states move operation by operation, the
/// steps of each dialect change a schema, and of each column it is followed where its values come
/// from. With up to five branches every order of all of them is tried too, with more each of them
/// first once. An order that stops (a model that is gone, a name that is taken) is a conflict, and
/// so is one that ends elsewhere. The order of columns does not count, nor that of indexes and
/// constraints: two branches that each add a field to the same model commute, as users of Django
/// expect, though the columns of two databases then stand in another order.
///
/// What cannot be looked into is never a conflict and never commutes: RunSQL and RunCpp, where the
/// other branch changes anything in a model of the same app or of an app their migration depends on
/// that rows or code could notice (new models, plain indexes and comments are not noticed); a
/// condition over a column that the other branch gives another type or fills. `elidable` says
/// nothing about order and changes nothing here.
///
/// A dialect that cannot hold the models is left out; states are always compared. Throws Error
/// where a branch does not fit to the ancestor by itself.
Examination examine(const ProjectState& ancestor, const std::vector<Branch>& branches,
                    const std::vector<const Dialect*>& dialects);

/// The branches of `app`, by the order of their leaves; `own` has migrations of the app alone.
/// Throws Error{conflict} where the app has several leaves that have no migration in common.
std::vector<Branch> branches_of(const Graph& graph, const std::string& app);

/// Examines the branches of these apps (those of `Graph::conflicts` among them) together: one that
/// depends on another app's branch brings that with it, and branches of different apps must go in
/// any order too.
Examination examine_apps(const Graph& graph, const std::vector<std::string>& apps,
                         const std::vector<const Dialect*>& dialects);

}  // namespace turnstone::migrations
