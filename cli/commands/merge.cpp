#include "merge.h"

#include <turnstone/identifier.h>
#include <turnstone/migrations/autodetector.h>

#include <algorithm>
#include <map>
#include <set>

#include "../prompt.h"

namespace turnstone::cli {
namespace {

using namespace migrations;  // NOLINT: the operations, all of them

/// What an operation reaches. `part` empty: the model as a whole. A use does not change what it
/// names, but falls with it.
struct Touch {
  std::string model{};  ///< lower case
  std::string part{};   ///< `field title`, `index book_idx`, `table name`
  bool use = false;
  auto operator<=>(const Touch&) const = default;
};
using Touches = std::set<Touch>;

struct Collect {
  Touches& touches;

  void whole(const std::string& model) const { touches.insert({lower_case(model)}); }
  void part(const std::string& model, const std::string& name) const {
    touches.insert({lower_case(model), name});
  }
  void field(const std::string& model, const std::string& name) const {
    part(model, "field " + name);
  }
  void uses(const std::string& model, const std::vector<std::string>& names) const {
    for (const std::string& name : names) {
      const bool descending = name.starts_with("-");
      touches.insert({lower_case(model), "field " + name.substr(descending ? 1 : 0), true});
    }
  }
  void uses(const std::string& model, const Expression& expression) const {
    any_field(expression, [&](const std::string& name) {
      touches.insert({lower_case(model), "field " + name, true});
      return false;
    });
  }
  void index(const std::string& model, const Index& index) const {
    part(model, "index " + index.name);
    uses(model, index.fields);
    uses(model, index.include);
    for (const Expression& expression : index.expressions) uses(model, expression);
    if (index.condition) uses(model, *index.condition);
  }
  void constraint(const std::string& model, const Constraint& constraint) const;
  void all(const std::shared_ptr<const migrations::Operations>& operations) const {
    if (!operations) return;
    for (const Operation& operation : *operations) match(operation, *this);
  }

  void operator()(const CreateModel& o) const { whole(o.name); }
  void operator()(const DeleteModel& o) const { whole(o.name); }
  void operator()(const RenameModel& o) const {
    whole(o.old_name);
    whole(o.new_name);
  }
  void operator()(const AlterModelTable& o) const { part(o.name, "table name"); }
  void operator()(const AlterModelTableComment& o) const { part(o.name, "table comment"); }
  void operator()(const AlterUniqueTogether& o) const {
    part(o.name, "unique_together");
    for (const auto& fields : o.unique_together) uses(o.name, fields);
  }
  void operator()(const AlterOrderWithRespectTo& o) const {
    part(o.name, "order_with_respect_to");
    uses(o.name, {o.order_with_respect_to});
  }
  void operator()(const AlterModelOptions& o) const { part(o.name, "options"); }
  void operator()(const AddField& o) const { field(o.model_name, o.field.name); }
  void operator()(const RemoveField& o) const { field(o.model_name, o.name); }
  void operator()(const AlterField& o) const { field(o.model_name, o.field.name); }
  void operator()(const RenameField& o) const {
    field(o.model_name, o.old_name);
    field(o.model_name, o.new_name);
  }
  void operator()(const AddIndex& o) const { index(o.model_name, o.index); }
  void operator()(const RemoveIndex& o) const { part(o.model_name, "index " + o.name); }
  void operator()(const RenameIndex& o) const {
    if (!o.old_name.empty()) part(o.model_name, "index " + o.old_name);
    uses(o.model_name, o.old_fields);
    part(o.model_name, "index " + o.new_name);
  }
  void operator()(const AddConstraint& o) const { constraint(o.model_name, o.constraint); }
  void operator()(const RemoveConstraint& o) const { part(o.model_name, "constraint " + o.name); }
  void operator()(const AlterConstraint& o) const { constraint(o.model_name, o.constraint); }
  void operator()(const RunSQL& o) const { all(o.state_operations); }
  void operator()(const RunCpp&) const {}
  void operator()(const SeparateDatabaseAndState& o) const {
    all(o.database_operations);
    all(o.state_operations);
  }
  void operator()(const CreateExtension&) const {}
  void operator()(const CreateCollation& o) const { part("", "collation " + o.name); }
  void operator()(const RemoveCollation& o) const { part("", "collation " + o.name); }
  void operator()(const AddIndexConcurrently& o) const { index(o.model_name, o.index); }
  void operator()(const RemoveIndexConcurrently& o) const { part(o.model_name, "index " + o.name); }
  void operator()(const AddConstraintNotValid& o) const { constraint(o.model_name, o.constraint); }
  void operator()(const ValidateConstraint& o) const { part(o.model_name, "constraint " + o.name); }
};

struct ConstraintUses {
  const Collect& collect;
  const std::string& model;
  void operator()(const CheckConstraint& c) const { collect.uses(model, c.condition); }
  void operator()(const UniqueConstraint& c) const {
    collect.uses(model, c.fields);
    collect.uses(model, c.include);
    for (const Expression& expression : c.expressions) collect.uses(model, expression);
    if (c.condition) collect.uses(model, *c.condition);
  }
  void operator()(const ExclusionConstraint& c) const {
    for (const auto& entry : c.expressions) collect.uses(model, entry.first);
    if (c.condition) collect.uses(model, *c.condition);
  }
};

void Collect::constraint(const std::string& model, const Constraint& constraint) const {
  part(model, "constraint " + name_of(constraint));
  turnstone::match(constraint, ConstraintUses{*this, model});
}

Touches touches_of(const std::vector<const Migration*>& branch) {
  Touches touches;
  for (const Migration* migration : branch) {
    for (const Operation& operation : migration->operations) match(operation, Collect{touches});
  }
  return touches;
}

bool collide(const Touch& a, const Touch& b) {
  if (a.model != b.model || (a.use && b.use)) return false;
  return a.part.empty() || b.part.empty() || a.part == b.part;
}

std::string words(const Touch& touch) {
  if (touch.model.empty()) return touch.part;
  return touch.part.empty() ? "model " + touch.model : touch.part + " of " + touch.model;
}

/// The branches of an app: what each leaf has that not all have, in order.
struct Branches {
  std::vector<MigrationId> leaves{};
  std::vector<std::vector<const Migration*>> own{};
};

Branches branches_of(const Graph& graph, const std::string& app,
                     const std::vector<MigrationId>& leaves) {
  Branches branches{.leaves = leaves};
  std::map<MigrationId, std::size_t> seen;
  std::vector<std::vector<MigrationId>> plans;
  for (const MigrationId& leaf : leaves) {
    plans.push_back(graph.forwards_plan(leaf));
    for (const MigrationId& id : plans.back()) ++seen[id];
  }
  const bool related = std::any_of(seen.begin(), seen.end(), [&](const auto& entry) {
    return entry.first.app == app && entry.second == leaves.size();
  });
  if (!related) {
    throw Error(ErrorKind::conflict,
                "the branches of app \"" + app + "\" have no migration in common", {},
                "make one of them depend on a migration of the other by hand");
  }
  for (const auto& plan : plans) {
    std::vector<const Migration*> own;
    for (const MigrationId& id : plan) {
      if (id.app == app && seen[id] < leaves.size()) own.push_back(&graph.at(id));
    }
    branches.own.push_back(std::move(own));
  }
  return branches;
}

std::vector<std::string> collisions_of(const Branches& branches) {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < branches.own.size(); ++i) {
    for (std::size_t j = i + 1; j < branches.own.size(); ++j) {
      for (std::string& text : collisions(branches.own[i], branches.own[j])) {
        if (std::find(all.begin(), all.end(), text) == all.end()) all.push_back(std::move(text));
      }
    }
  }
  return all;
}

void show_branches(Output& output, const std::string& app, const Branches& branches) {
  output.text(output.painted(Role::heading, "Merging '" + app + "'") + "\n");
  for (std::size_t i = 0; i < branches.own.size(); ++i) {
    output.text("  " + output.painted(Role::label, "Branch " + branches.leaves[i].name) + "\n");
    for (const Migration* migration : branches.own[i]) {
      for (const Operation& operation : migration->operations) {
        output.text("    " + std::string(1, category(operation)) + " " + describe(operation) +
                    "\n");
      }
    }
  }
}

Migration merge_of(Context& context, const std::string& app, const std::vector<MigrationId>& leaves,
                   const std::string& name) {
  std::vector<std::string> names;
  names.reserve(leaves.size());
  for (const MigrationId& leaf : leaves) names.push_back(leaf.name);
  const std::string joined = join(names, "_");
  const std::string number = next_number(names);
  std::string end = name;
  if (end.empty()) {
    end = "merge_" + (joined.size() > 47 ? context.surroundings.timestamp() : joined);
  }
  return Migration{.id = {app, number + "_" + end}, .dependencies = leaves};
}

}  // namespace

std::vector<std::string> collisions(const std::vector<const Migration*>& a,
                                    const std::vector<const Migration*>& b) {
  std::vector<std::string> found;
  const Touches ours = touches_of(a);
  const Touches theirs = touches_of(b);
  for (const Touch& x : ours) {
    for (const Touch& y : theirs) {
      if (!collide(x, y)) continue;
      // The narrower of the two says more, unless it only uses what the other changes.
      const std::string text = words(x.part.empty() ? y : x);
      if (std::find(found.begin(), found.end(), text) == found.end()) found.push_back(text);
    }
  }
  return found;
}

int merge_branches(Context& context, const Files& files, const MergeOptions& options) {
  Output& output = context.output;
  Draft draft;
  bool found = false;
  Prompt prompt(context.surroundings.in, output);
  for (const auto& [app, leaves] : files.graph.conflicts()) {
    if (!options.apps.empty() &&
        std::find(options.apps.begin(), options.apps.end(), app) == options.apps.end()) {
      continue;
    }
    found = true;
    const Branches branches = branches_of(files.graph, app, leaves);
    const std::vector<std::string> both = collisions_of(branches);
    show_branches(output, app, branches);
    if (!both.empty() && !options.ask) {
      throw Error(ErrorKind::conflict,
                  "the branches of app \"" + app + "\" both change " + join(both, ", "), {},
                  "change one of them by hand, or run --merge on a terminal and say that both "
                  "together are right");
    }
    if (options.ask) {
      if (!both.empty()) prompt.say("Both branches change " + join(both, ", ") + ".\n");
      const std::string question = both.empty()
                                       ? "Merging works where the branches are independent, and "
                                         "these are. Write a migration that joins them?"
                                       : std::string("Are they right together, in any order?");
      if (!prompt.yes(question)) continue;
    }
    draft.made.push_back(merge_of(context, app, leaves, options.name));
  }
  if (!found) output.text("No conflicts detected to merge.\n");
  Document document;
  if (draft.made.empty()) {
    document = Document::object();
    document.set("changes", false).set("written", false).set("migrations", Document::array());
  } else {
    document = show_and_write(context, files, draft,
                              {.dry_run = options.dry_run, .action = "Merge migration"});
  }
  output.document(document);
  return options.check && found ? exit_found : exit_done;
}

}  // namespace turnstone::cli
