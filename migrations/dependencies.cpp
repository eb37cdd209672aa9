#include "dependencies.h"

#include <turnstone/error.h>
#include <turnstone/identifier.h>

#include <algorithm>

#include "footprint.h"

namespace turnstone::migrations {
namespace {

using Kind = Dependency::Kind;

/// Whether an operation brings about one thing.
struct Provides {
  const std::string& app;
  const Dependency& wanted;

  bool operator()(const CreateModel& o) const {
    if (!here(o.name)) return false;
    if (wanted.kind == Kind::model_there) return true;
    if (wanted.kind != Kind::field_there && wanted.kind != Kind::field_settled) return false;
    return std::any_of(o.fields.begin(), o.fields.end(),
                       [&](const Field& field) { return field.name == wanted.field; });
  }
  bool operator()(const DeleteModel& o) const {
    return here(o.name) && (is(Kind::model_gone) || is(Kind::name_free));
  }
  bool operator()(const RenameModel& o) const {
    return (is(Kind::model_gone) && here(o.old_name)) ||
           (is(Kind::model_there) && here(o.new_name));
  }
  bool operator()(const MoveModel& o) const {
    return (is(Kind::model_gone) || is(Kind::model_moved)) && here(o.name);
  }
  bool operator()(const AlterModelTable& o) const {
    return is(Kind::table_changed) && here(o.name);
  }
  bool operator()(const AlterUniqueTogether& o) const {
    return is(Kind::together_changed) && here(o.name);
  }
  bool operator()(const AlterOrderWithRespectTo& o) const {
    return is(Kind::order_changed) && here(o.name);
  }
  bool operator()(const AddField& o) const {
    return (is(Kind::field_there) || is(Kind::field_settled)) && here(o.model_name, o.field.name);
  }
  bool operator()(const RemoveField& o) const {
    return (is(Kind::field_gone) || is(Kind::field_released)) && here(o.model_name, o.name);
  }
  bool operator()(const AlterField& o) const {
    return (is(Kind::field_settled) || is(Kind::field_released)) &&
           here(o.model_name, o.field.name);
  }
  bool operator()(const RenameField& o) const {
    return (is(Kind::field_there) || is(Kind::field_settled)) && here(o.model_name, o.new_name);
  }
  bool operator()(const RemoveIndex& o) const { return frees(o.model_name, o.name); }
  bool operator()(const RenameIndex& o) const { return frees(o.model_name, o.old_name); }
  bool operator()(const RemoveConstraint& o) const { return frees(o.model_name, o.name); }
  bool operator()(const RenameConstraint& o) const { return frees(o.model_name, o.old_name); }
  bool operator()(const SeparateDatabaseAndState& o) const {
    if (!o.state_operations) return false;
    const Operations& inner = *o.state_operations;
    // What takes a model out and puts it back makes and ends nothing.
    const bool out = std::any_of(inner.begin(), inner.end(), [&](const Operation& operation) {
      const auto* remove = std::get_if<DeleteModel>(&operation.value);
      return remove && here(remove->name);
    });
    const bool back = std::any_of(inner.begin(), inner.end(), [&](const Operation& operation) {
      const auto* create = std::get_if<CreateModel>(&operation.value);
      return create && here(create->name);
    });
    if (is(Kind::model_rebuilt) || (out && back)) {
      return is(Kind::model_rebuilt) && out && back;
    }
    return std::any_of(inner.begin(), inner.end(), [&](const Operation& operation) {
      return provides(operation, app, wanted);
    });
  }
  template <class Other>
  bool operator()(const Other&) const {
    return false;
  }

 private:
  bool is(Kind kind) const { return wanted.kind == kind; }
  bool here(const std::string& model) const { return lower_case(model) == wanted.model.model; }
  bool here(const std::string& model, const std::string& field) const {
    return here(model) && field == wanted.field;
  }
  bool frees(const std::string& model, const std::string& name) const {
    return is(Kind::name_free) && here(model, name);
  }
};

}  // namespace

OperationsByModel::OperationsByModel(const std::vector<Found>& operations) {
  for (std::size_t i = 0; i < operations.size(); ++i) add(operations[i].operation, i);
}

const std::vector<std::size_t>& OperationsByModel::of(const ModelKey& model) const {
  static const std::vector<std::size_t> none;
  const auto at = positions_.find(model.model);
  return at == positions_.end() ? none : at->second;
}

void OperationsByModel::add(const Operation& operation, std::size_t position) {
  if (const auto* both = std::get_if<SeparateDatabaseAndState>(&operation.value)) {
    if (!both->state_operations) return;
    for (const Operation& inner : *both->state_operations) add(inner, position);
    return;
  }
  add(subject_of(operation), position);
  if (const auto* rename = std::get_if<RenameModel>(&operation.value)) {
    add(lower_case(rename->new_name), position);
  }
}

void OperationsByModel::add(const std::string& model, std::size_t position) {
  std::vector<std::size_t>& positions = positions_[model];
  if (positions.empty() || positions.back() != position) positions.push_back(position);
}

bool provides(const Operation& operation, const std::string& app, const Dependency& dependency) {
  if (dependency.model.app != app) return false;
  if (dependency.kind == Kind::model_done) return subject_of(operation) == dependency.model.model;
  return match(operation, Provides{app, dependency});
}

void sort_by_dependencies(const std::string& app, std::vector<Found>& operations) {
  const std::size_t count = operations.size();
  const OperationsByModel providers(operations);
  std::vector<std::vector<std::size_t>> after(count);
  std::vector<std::size_t> waits(count);
  for (std::size_t i = 0; i < count; ++i) {
    for (const Dependency& dependency : operations[i].after) {
      if (dependency.model.app != app) continue;
      for (const std::size_t j : providers.of(dependency.model)) {
        if (j == i || !provides(operations[j].operation, app, dependency)) continue;
        after[j].push_back(i);
        ++waits[i];
      }
    }
  }
  std::vector<Found> sorted;
  sorted.reserve(count);
  std::vector<bool> done(count);
  std::size_t next = 0;
  while (sorted.size() < count) {
    while (next < count && (done[next] || waits[next] > 0)) ++next;
    if (next == count) {
      throw Error(ErrorKind::conflict,
                  "the changes of app \"" + app + "\" wait for each other in a circle", {},
                  "make them in two steps, with a migration in between");
    }
    done[next] = true;
    std::size_t back = next + 1;
    for (const std::size_t waiting : after[next]) {
      if (--waits[waiting] == 0) back = std::min(back, waiting);
    }
    sorted.push_back(std::move(operations[next]));
    next = back;
  }
  operations = std::move(sorted);
}

}  // namespace turnstone::migrations
