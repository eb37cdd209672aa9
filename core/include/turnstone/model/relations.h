#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace turnstone {

namespace detail {
/// Throws NotLoaded. `relation` is the text of the class as the compiler writes it.
[[noreturn]] void refuse_unloaded(std::string_view relation);
/// Has a relation loaded by the session that knows its object and may do so. Throws NotLoaded.
void load_lazily(const void* relation, std::string_view text);
template <class T>
constexpr std::string_view relation_text() {
  return __PRETTY_FUNCTION__;
}
}  // namespace detail

/// Column `<name>_id`: the key of a row of `T`, which may be an incomplete type here. `K` is the
/// C++ type of the target's key; the registry checks it against the target when all models are
/// known. Such a member of type `std::optional<ForeignKey<T>>` may be NULL. It may hold the row
/// besides; relations compare by key.
template <class T, class K = std::int64_t>
class ForeignKey {
 public:
  using Target = T;
  using Key = K;

  ForeignKey() = default;
  ForeignKey(K key) : key_(std::move(key)) {}  // NOLINT: a key stands for its row
  /// The row itself; its key is taken when the relation is written.
  template <class Row>
  requires(std::is_convertible_v<Row*, T*>) ForeignKey(std::shared_ptr<Row> row)  // NOLINT
      : row_(std::move(row)) {}

  const K& id() const { return key_; }
  /// The row, where it was loaded or assigned. Throws NotLoaded.
  const std::shared_ptr<T>& row() const {
    if (!row_) detail::load_lazily(this, detail::relation_text<T>());
    return row_;
  }
  T& operator*() const { return *row(); }
  T* operator->() const { return row().get(); }
  bool loaded() const { return row_ != nullptr; }

  /// What loading does.
  void attach(std::shared_ptr<T> row) { row_ = std::move(row); }
  const std::shared_ptr<T>& attached() const { return row_; }

  friend bool operator==(const ForeignKey& a, const ForeignKey& b) { return a.key_ == b.key_; }
  friend auto operator<=>(const ForeignKey& a, const ForeignKey& b) { return a.key_ <=> b.key_; }

 private:
  K key_{};
  std::shared_ptr<T> row_{};
};

/// A ForeignKey that no two rows share.
template <class T, class K = std::int64_t>
class OneToOne {
 public:
  using Target = T;
  using Key = K;

  OneToOne() = default;
  OneToOne(K key) : key_(std::move(key)) {}  // NOLINT: a key stands for its row
  /// The row itself; its key is taken when the relation is written.
  template <class Row>
  requires(std::is_convertible_v<Row*, T*>) OneToOne(std::shared_ptr<Row> row)  // NOLINT
      : row_(std::move(row)) {}

  const K& id() const { return key_; }
  /// The row, where it was loaded or assigned. Throws NotLoaded.
  const std::shared_ptr<T>& row() const {
    if (!row_) detail::load_lazily(this, detail::relation_text<T>());
    return row_;
  }
  T& operator*() const { return *row(); }
  T* operator->() const { return row().get(); }
  bool loaded() const { return row_ != nullptr; }

  /// What loading does.
  void attach(std::shared_ptr<T> row) { row_ = std::move(row); }
  const std::shared_ptr<T>& attached() const { return row_; }

  friend bool operator==(const OneToOne& a, const OneToOne& b) { return a.key_ == b.key_; }
  friend auto operator<=>(const OneToOne& a, const OneToOne& b) { return a.key_ <=> b.key_; }

 private:
  K key_{};
  std::shared_ptr<T> row_{};
};

/// Rows of `T` linked through a table of their own; there is no column.
template <class T>
class ManyToMany {
 public:
  using Target = T;

  /// The rows, where `prefetch_related` or `load` has loaded them. Throws NotLoaded.
  const std::vector<std::shared_ptr<T>>& rows() const {
    if (!loaded_) detail::load_lazily(this, detail::relation_text<T>());
    return rows_;
  }
  bool loaded() const { return loaded_; }
  /// The rows so far; none where they were not loaded.
  const std::vector<std::shared_ptr<T>>& attached() const { return rows_; }
  /// What loading does.
  void attach(std::vector<std::shared_ptr<T>> rows) {
    rows_ = std::move(rows);
    loaded_ = true;
  }

 private:
  std::vector<std::shared_ptr<T>> rows_{};
  bool loaded_ = false;
};

}  // namespace turnstone
