#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

namespace turnstone {

/// An ordered map as a value: copying costs a pointer, changing one entry copies the path to it
/// (an AVL tree with shared nodes). Two maps that share a past share what did not change, and
/// `differences` visits only the rest.
template <class K, class V>
class PersistentMap {
  struct Node;
  using Ptr = std::shared_ptr<const Node>;
  struct Node {
    K key;
    V value;
    Ptr left, right;
    int height;
    std::size_t size;
  };

 public:
  bool empty() const { return !root_; }
  std::size_t size() const { return root_ ? root_->size : 0; }

  /// nullptr when absent. The pointer lives as long as any map that shares the entry.
  const V* find(const K& key) const {
    const Node* node = root_.get();
    while (node) {
      if (key < node->key) {
        node = node->left.get();
      } else if (node->key < key) {
        node = node->right.get();
      } else {
        return &node->value;
      }
    }
    return nullptr;
  }
  bool contains(const K& key) const { return find(key) != nullptr; }

  void set(const K& key, V value) { root_ = insert(root_, key, std::move(value)); }
  void erase(const K& key) { root_ = remove(root_, key); }

  /// Calls `visit(key, value)` in the order of keys.
  template <class Visit>
  void each(const Visit& visit) const {
    walk(root_.get(), visit);
  }

  /// Calls `visit(key, before, after)` for each key whose value differs, in the order of keys;
  /// a null pointer stands for absent.
  template <class Visit>
  friend void differences(const PersistentMap& before, const PersistentMap& after,
                          const Visit& visit) {
    diff(before.root_, after.root_, visit);
  }

  friend bool operator==(const PersistentMap& a, const PersistentMap& b) {
    bool same = a.size() == b.size();
    if (same) differences(a, b, [&](const K&, const V*, const V*) { same = false; });
    return same;
  }

 private:
  static int height(const Ptr& node) { return node ? node->height : 0; }
  static std::size_t count(const Ptr& node) { return node ? node->size : 0; }
  static Ptr make(K key, V value, Ptr left, Ptr right) {
    const int h = 1 + (height(left) > height(right) ? height(left) : height(right));
    const std::size_t n = 1 + count(left) + count(right);
    return std::make_shared<const Node>(
        Node{std::move(key), std::move(value), std::move(left), std::move(right), h, n});
  }
  /// A balanced tree of these parts; the sides differ in height by at most two. `join` below
  /// handles any difference.
  static Ptr balance(K key, V value, Ptr left, Ptr right) {
    if (height(left) > height(right) + 1) {
      if (height(left->left) >= height(left->right)) {
        return make(left->key, left->value, left->left,
                    make(std::move(key), std::move(value), left->right, std::move(right)));
      }
      const Ptr& middle = left->right;
      return make(middle->key, middle->value,
                  make(left->key, left->value, left->left, middle->left),
                  make(std::move(key), std::move(value), middle->right, std::move(right)));
    }
    if (height(right) > height(left) + 1) {
      if (height(right->right) >= height(right->left)) {
        return make(right->key, right->value,
                    make(std::move(key), std::move(value), std::move(left), right->left),
                    right->right);
      }
      const Ptr& middle = right->left;
      return make(middle->key, middle->value,
                  make(std::move(key), std::move(value), std::move(left), middle->left),
                  make(right->key, right->value, middle->right, right->right));
    }
    return make(std::move(key), std::move(value), std::move(left), std::move(right));
  }
  static Ptr insert(const Ptr& node, const K& key, V value) {
    if (!node) return make(key, std::move(value), nullptr, nullptr);
    if (key < node->key) {
      return balance(node->key, node->value, insert(node->left, key, std::move(value)),
                     node->right);
    }
    if (node->key < key) {
      return balance(node->key, node->value, node->left,
                     insert(node->right, key, std::move(value)));
    }
    return make(key, std::move(value), node->left, node->right);
  }
  static const Node* first(const Ptr& node) {
    const Node* at = node.get();
    while (at->left) at = at->left.get();
    return at;
  }
  static Ptr remove(const Ptr& node, const K& key) {
    if (!node) return nullptr;
    if (key < node->key) {
      return balance(node->key, node->value, remove(node->left, key), node->right);
    }
    if (node->key < key) {
      return balance(node->key, node->value, node->left, remove(node->right, key));
    }
    if (!node->left) return node->right;
    if (!node->right) return node->left;
    const Node* next = first(node->right);
    return balance(next->key, next->value, node->left, remove(node->right, next->key));
  }
  template <class Visit>
  static void walk(const Node* node, const Visit& visit) {
    if (!node) return;
    walk(node->left.get(), visit);
    visit(node->key, node->value);
    walk(node->right.get(), visit);
  }

  template <class Visit>
  static void diff(const Ptr& before, const Ptr& after, const Visit& visit) {
    if (before == after) return;
    if (!before) {
      walk(after.get(),
           [&](const K& k, const V& v) { visit(k, static_cast<const V*>(nullptr), &v); });
      return;
    }
    if (!after) {
      walk(before.get(),
           [&](const K& k, const V& v) { visit(k, &v, static_cast<const V*>(nullptr)); });
      return;
    }
    Ptr low, high;
    const Node* same = nullptr;
    Ptr holder;
    split(before, after->key, low, holder, high);
    same = holder.get();
    diff(low, after->left, visit);
    if (!same) {
      visit(after->key, static_cast<const V*>(nullptr), &after->value);
    } else if (!(same->value == after->value)) {
      visit(after->key, &same->value, &after->value);
    }
    diff(high, after->right, visit);
  }
  /// Parts of `node` below and above `key`, and the node of `key` itself where there is one.
  /// Subtrees that lie wholly on one side stay shared.
  static void split(const Ptr& node, const K& key, Ptr& low, Ptr& at, Ptr& high) {
    if (!node) {
      low = at = high = nullptr;
    } else if (key < node->key) {
      Ptr part;
      split(node->left, key, low, at, part);
      high = part == node->left ? node : join(node->key, node->value, part, node->right);
    } else if (node->key < key) {
      Ptr part;
      split(node->right, key, part, at, high);
      low = part == node->right ? node : join(node->key, node->value, node->left, part);
    } else {
      low = node->left;
      at = node;
      high = node->right;
    }
  }
  static Ptr join(K key, V value, Ptr left, Ptr right) {
    if (height(left) > height(right) + 1) {
      return balance(left->key, left->value, left->left,
                     join(std::move(key), std::move(value), left->right, std::move(right)));
    }
    if (height(right) > height(left) + 1) {
      return balance(right->key, right->value,
                     join(std::move(key), std::move(value), std::move(left), right->left),
                     right->right);
    }
    return make(std::move(key), std::move(value), std::move(left), std::move(right));
  }

  Ptr root_;
};

}  // namespace turnstone
