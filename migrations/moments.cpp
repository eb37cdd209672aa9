#include "moments.h"

#include <algorithm>
#include <set>

namespace turnstone::migrations {

Moments::Moments(const Graph& graph, const History& history, const Plan& plan,
                 const Dialect& dialect)
    : dialect_(&dialect) {
  std::set<MigrationId> back;
  for (const PlannedMigration& planned : plan) {
    if (!planned.backwards) continue;
    back.insert(planned.migration->id);
    undone_.push_back(planned.migration);
  }
  std::reverse(undone_.begin(), undone_.end());
  left_ = undone_.size();
  // What stays applied comes first: a branch beside the one that is undone has its columns in the
  // same tables, and a rebuild must know them.
  std::vector<MigrationId> staying;
  for (const MigrationId& id : graph.full_order()) {
    if (is_applied(graph, history, id) && !back.contains(id)) staying.push_back(id);
  }
  current_.state = replay(graph, staying);
  current_.schema = lower(current_.state, dialect);
  Moment moment = current_;
  for (std::size_t i = 0; i < undone_.size(); ++i) {
    if (i % stretch == 0) kept_.push_back(moment);
    if (i + 1 < undone_.size()) step_over(moment, *undone_[i]);
  }
}

Compiled Moments::compile(const PlannedMigration& planned, const Functions& functions) {
  if (planned.backwards) {
    return compile_backwards(planned.migration, before(left_ - 1), *dialect_, functions);
  }
  next_ = current_;
  return compile_forwards(planned.migration, *next_, *dialect_, functions);
}

void Moments::pass(const PlannedMigration& planned) {
  if (planned.backwards) {
    --left_;
  } else if (next_) {
    current_ = std::move(*next_);
    next_.reset();
  } else {
    step_over(current_, *planned.migration);
  }
}

void Moments::step_over(Moment& moment, const Migration& migration) const {
  const ProjectState before = moment.state;
  advance(moment.state, migration);
  relower(moment.schema, before, moment.state, *dialect_);
}

const Moment& Moments::before(std::size_t index) {
  const std::size_t begin = index - index % stretch;
  if (begin != near_begin_) near_.assign(1, kept_[begin / stretch]);
  near_begin_ = begin;
  while (near_.size() <= index - begin) {
    Moment next = near_.back();
    step_over(next, *undone_[begin + near_.size() - 1]);
    near_.push_back(std::move(next));
  }
  return near_[index - begin];
}

}  // namespace turnstone::migrations
