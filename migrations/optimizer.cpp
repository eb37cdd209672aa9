#include "optimizer.h"

#include <turnstone/identifier.h>
#include <turnstone/migrations/autodetector.h>

#include <algorithm>
#include <memory>

#include "footprint.h"
#include "reduce.h"

namespace turnstone::migrations {
namespace {

/// An operation with what is asked of it again and again.
struct Item {
  Operation operation{};
  Footprint touches{};
  std::string subject_after{};  ///< the new name where it renames its model

  Item() = default;
  Item(Operation from, const std::string& app)
      : operation(std::move(from)),
        touches(footprint_of(operation, app)),
        subject_after(touches.subject) {
    if (const auto* rename = std::get_if<RenameModel>(&operation.value)) {
      subject_after = lower_case(rename->new_name);
    }
  }
};
/// Pointers, so that moving an operation over many others moves little.
using Items = std::vector<std::unique_ptr<Item>>;

bool may_swap(const Item& first, const Item& second) {
  return may_swap(first.operation, first.touches, second.operation, second.touches);
}

class Optimizer {
 public:
  Optimizer(const Operations& operations, const std::string& app) : app_(app) {
    const bool all = std::all_of(operations.begin(), operations.end(), is_elidable);
    for (const Operation& operation : operations) {
      if (is_elidable(operation) && !(all && &operation == &operations.back())) continue;
      if (!does_nothing(operation)) items_.push_back(std::make_unique<Item>(operation, app));
    }
  }

  Operations run() {
    while (pass()) {
    }
    Operations result;
    result.reserve(items_.size());
    for (const auto& item : items_) result.push_back(std::move(item->operation));
    return result;
  }

 private:
  /// Merges what it finds from the first operation to the last; false when it found nothing.
  bool pass() {
    bool any = false;
    for (std::size_t i = 0; i < items_.size();) {
      if (merge_from(i)) {
        any = true;
      } else {
        ++i;
      }
    }
    return any;
  }

  /// Merges operation `i` with the nearest later one it can meet.
  bool merge_from(std::size_t i) {
    const Item& first = *items_[i];
    bool passes = true;  // `i` may pass all between it and `j`
    for (std::size_t j = i + 1; j < items_.size(); ++j) {
      const Item& second = *items_[j];
      if (first.subject_after == second.touches.subject && (passes || may_come(i, j))) {
        if (auto reduced = reduce(first.operation, second.operation, app_)) {
          if (passes) {
            meet_at(i, j, std::move(*reduced), true);
            return true;
          }
          if (bring_next(i, j)) {
            meet_at(i, i + 1, std::move(*reduced), false);
            return true;
          }
        }
      }
      passes = passes && may_swap(first, second);
      // Nothing passes a barrier in either direction.
      if (second.touches.barrier) return false;
    }
    return false;
  }

  /// A cheap look at whether `j` might come to the place behind `i`.
  bool may_come(std::size_t i, std::size_t j) const {
    const Item& moved = *items_[j];
    if (std::holds_alternative<RenameModel>(moved.operation.value) ||
        std::holds_alternative<RenameField>(moved.operation.value)) {
      return true;
    }
    for (std::size_t k = i + 1; k < j; ++k) {
      if (!may_swap(*items_[k], moved)) return false;
    }
    return true;
  }

  /// Moves `j` forward to the place behind `i`, rewriting what a rename passes; false, with nothing
  /// changed, when something between stays in the way.
  bool bring_next(std::size_t i, std::size_t j) {
    const Item& moved = *items_[j];
    std::vector<std::pair<std::size_t, std::unique_ptr<Item>>> rewritten;
    for (std::size_t k = i + 1; k < j; ++k) {
      const Item& passed = *items_[k];
      if (may_swap(passed, moved)) continue;
      if (passed.touches.barrier) return false;
      auto operation = behind_rename(passed.operation, moved.operation, app_);
      if (!operation) return false;
      rewritten.emplace_back(k, std::make_unique<Item>(std::move(*operation), app_));
    }
    for (auto& [k, item] : rewritten) items_[k] = std::move(item);
    std::rotate(at(i + 1), at(j), at(j + 1));
    return true;
  }

  /// Puts `reduced` in the place of `i` and `j`: at that of `j` when `later`, else at that of `i`.
  void meet_at(std::size_t i, std::size_t j, Operations reduced, bool later) {
    Items made;
    for (Operation& operation : reduced) {
      if (!does_nothing(operation))
        made.push_back(std::make_unique<Item>(std::move(operation), app_));
    }
    const std::size_t place = later ? j : i;
    if (made.size() == 1) {
      items_[place] = std::move(made.front());
      items_.erase(at(later ? i : j));
    } else {
      items_.erase(at(j));
      items_.erase(at(i));
    }
  }

  Items::iterator at(std::size_t index) {
    return items_.begin() + static_cast<std::ptrdiff_t>(index);
  }

  const std::string& app_;
  Items items_{};
};

}  // namespace

bool is_elidable(const Operation& operation) {
  if (const auto* code = std::get_if<RunCpp>(&operation.value)) return code->elidable;
  const auto* sql = std::get_if<RunSQL>(&operation.value);
  return sql && sql->elidable && (!sql->state_operations || sql->state_operations->empty());
}

Operations optimize(const Operations& operations, const std::string& app) {
  return Optimizer(operations, app).run();
}

}  // namespace turnstone::migrations
