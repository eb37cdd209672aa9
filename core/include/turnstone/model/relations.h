#pragma once

#include <compare>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace turnstone {

/// Column `<name>_id`: the key of a row of `T`, which may be an incomplete type here. `K` is the
/// C++ type of the target's key; the registry checks it against the target when all models are
/// known. Such a member of type `std::optional<ForeignKey<T>>` may be NULL.
template <class T, class K = std::int64_t>
class ForeignKey {
 public:
  using Target = T;
  using Key = K;

  ForeignKey() = default;
  ForeignKey(K key) : key_(std::move(key)) {}  // NOLINT: a key stands for its row

  const K& id() const { return key_; }

  friend bool operator==(const ForeignKey& a, const ForeignKey& b) { return a.key_ == b.key_; }
  friend auto operator<=>(const ForeignKey& a, const ForeignKey& b) { return a.key_ <=> b.key_; }

 private:
  K key_{};
};

/// A ForeignKey that no two rows share.
template <class T, class K = std::int64_t>
class OneToOne {
 public:
  using Target = T;
  using Key = K;

  OneToOne() = default;
  OneToOne(K key) : key_(std::move(key)) {}  // NOLINT: a key stands for its row

  const K& id() const { return key_; }

  friend bool operator==(const OneToOne& a, const OneToOne& b) { return a.key_ == b.key_; }
  friend auto operator<=>(const OneToOne& a, const OneToOne& b) { return a.key_ <=> b.key_; }

 private:
  K key_{};
};

/// Rows of `T` linked through a table of their own; there is no column.
template <class T>
class ManyToMany {
 public:
  using Target = T;
};

}  // namespace turnstone
