#pragma once

#include <turnstone/migrations/operation.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What operations touch, and so which of them may change places.
namespace turnstone::migrations {

/// The parts of a state and of its tables that an operation reads or changes.
struct Footprint {
  struct Touch {
    std::uint64_t part{};  ///< hash of a name such as `field blog.book.title`
    bool change = false;
  };
  /// Nothing is known of the operation: nothing passes it.
  bool barrier = false;
  std::string subject{};         ///< `subject_of` the operation
  std::vector<Touch> touches{};  ///< sorted by part, each once
};

/// Source: `django-behaviour.md` §4.4, made precise.
Footprint footprint_of(const Operation& operation, const std::string& app);

/// The model an operation is about; empty for those about none. For RenameModel the old one.
std::string subject_of(const Operation& operation);

/// Two neighbours, `first` before `second`: true when the other order gives the same state, tables
/// and rows. What stood in the old state is unknown, so an operation that ends the use of something
/// does not pass one that takes it away.
bool may_swap(const Operation& first, const Footprint& first_touches, const Operation& second,
              const Footprint& second_touches);

/// `first` as it must read behind the rename that followed it, when `rename` (RenameModel,
/// RenameField) may go before it that way; empty when not.
std::optional<Operation> behind_rename(const Operation& first, const Operation& rename,
                                       const std::string& app);

}  // namespace turnstone::migrations
