#include <turnstone/identifier.h>
#include <turnstone/migrations/autodetector.h>

#include <algorithm>

#include "footprint.h"
#include "reduce.h"

namespace turnstone::migrations {
namespace {

/// An operation with what is asked of it again and again.
struct Item {
  Operation operation{};
  Footprint touches{};
  std::string subject{};
  std::string subject_after{};  ///< the new name where it renames its model

  Item() = default;
  Item(Operation from, const std::string& app)
      : operation(std::move(from)),
        touches(footprint_of(operation, app)),
        subject(subject_of(operation)),
        subject_after(subject) {
    if (const auto* rename = std::get_if<RenameModel>(&operation.value)) {
      subject_after = lower_case(rename->new_name);
    }
  }
};
using Items = std::vector<Item>;

bool may_swap(const Item& first, const Item& second) {
  return may_swap(first.operation, first.touches, second.operation, second.touches);
}

/// An operation that may be left out where there are others, and that no state depends on.
bool is_elidable(const Operation& operation) {
  if (const auto* code = std::get_if<RunCpp>(&operation.value)) return code->elidable;
  const auto* sql = std::get_if<RunSQL>(&operation.value);
  return sql && sql->elidable && (!sql->state_operations || sql->state_operations->empty());
}

class Optimizer {
 public:
  Optimizer(const Operations& operations, const std::string& app) : app_(app) {
    const bool all = std::all_of(operations.begin(), operations.end(), is_elidable);
    for (const Operation& operation : operations) {
      if (is_elidable(operation) && !(all && &operation == &operations.back())) continue;
      if (!does_nothing(operation)) items_.emplace_back(operation, app);
    }
  }

  Operations run() {
    while (pass()) {
    }
    Operations result;
    result.reserve(items_.size());
    for (Item& item : items_) result.push_back(std::move(item.operation));
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
    bool passes = true;  // `i` may pass all between it and `j`
    for (std::size_t j = i + 1; j < items_.size(); ++j) {
      if (items_[i].subject_after == items_[j].subject) {
        if (auto reduced = reduce(items_[i].operation, items_[j].operation, app_)) {
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
      passes = passes && may_swap(items_[i], items_[j]);
      // Nothing passes a barrier in either direction.
      if (items_[j].touches.barrier) return false;
    }
    return false;
  }

  /// Moves `j` forward to the place behind `i`, rewriting what a rename passes; false, with nothing
  /// changed, when something between stays in the way.
  bool bring_next(std::size_t i, std::size_t j) {
    const Item& moved = items_[j];
    Items between;
    between.reserve(j - i - 1);
    for (std::size_t k = i + 1; k < j; ++k) {
      if (may_swap(items_[k], moved)) {
        between.push_back(items_[k]);
        continue;
      }
      if (items_[k].touches.barrier) return false;
      auto rewritten = behind_rename(items_[k].operation, moved.operation, app_);
      if (!rewritten) return false;
      between.emplace_back(std::move(*rewritten), app_);
    }
    items_[i + 1] = std::move(items_[j]);
    std::move(between.begin(), between.end(), items_.begin() + static_cast<std::ptrdiff_t>(i) + 2);
    return true;
  }

  /// Puts `reduced` in the place of `i` and `j`: at that of `j` when `later`, else at that of `i`.
  void meet_at(std::size_t i, std::size_t j, Operations reduced, bool later) {
    const auto at = [&](std::size_t index) {
      return items_.begin() + static_cast<std::ptrdiff_t>(index);
    };
    Items made;
    for (Operation& operation : reduced) {
      if (!does_nothing(operation)) made.emplace_back(std::move(operation), app_);
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

  const std::string& app_;
  Items items_{};
};

}  // namespace

Operations optimize(const Operations& operations, const std::string& app) {
  return Optimizer(operations, app).run();
}

}  // namespace turnstone::migrations
