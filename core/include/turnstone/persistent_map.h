#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

namespace turnstone {

/// An ordered map as a value: copying costs a pointer, changing one entry copies what of the path
/// to it is shared with other maps (an AVL tree with shared nodes). Two maps that share a past
/// share what did not change, and `differences` visits only the rest.
template <class K, class V>
class PersistentMap {
  struct Node;
  using Ptr = std::shared_ptr<Node>;
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

  void set(const K& key, V value) { root_ = insert(std::move(root_), key, std::move(value)); }
  void erase(const K& key) {
    if (contains(key)) root_ = remove(std::move(root_), key);
  }

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
  static Ptr make(K key, V value) {
    return std::make_shared<Node>(
        Node{std::move(key), std::move(value), nullptr, nullptr, 1, std::size_t{1}});
  }
  /// `node`, or a copy where another map or tree has it too: what comes back may be changed.
  static Ptr owned(Ptr node) {
    if (node.use_count() > 1) return std::make_shared<Node>(*node);
    // What other threads read of the node before they let it go comes before what is written now.
    std::atomic_thread_fence(std::memory_order_acquire);
    return node;
  }
  static void measure(Node& node) {
    const int left = height(node.left);
    const int right = height(node.right);
    node.height = 1 + (left > right ? left : right);
    node.size = 1 + count(node.left) + count(node.right);
  }
  /// Each takes an owned node and makes its child the root of the tree.
  static Ptr lift_left(Ptr node) {
    Ptr top = owned(std::move(node->left));
    node->left = std::move(top->right);
    measure(*node);
    top->right = std::move(node);
    measure(*top);
    return top;
  }
  static Ptr lift_right(Ptr node) {
    Ptr top = owned(std::move(node->right));
    node->right = std::move(top->left);
    measure(*node);
    top->left = std::move(node);
    measure(*top);
    return top;
  }
  /// The tree of an owned node whose sides differ in height by at most two, balanced. `join` below
  /// handles any difference.
  static Ptr balanced(Ptr node) {
    if (height(node->left) > height(node->right) + 1) {
      if (height(node->left->left) < height(node->left->right)) {
        node->left = lift_right(owned(std::move(node->left)));
      }
      return lift_left(std::move(node));
    }
    if (height(node->right) > height(node->left) + 1) {
      if (height(node->right->right) < height(node->right->left)) {
        node->right = lift_left(owned(std::move(node->right)));
      }
      return lift_right(std::move(node));
    }
    measure(*node);
    return node;
  }
  static Ptr insert(Ptr node, const K& key, V value) {
    if (!node) return make(key, std::move(value));
    node = owned(std::move(node));
    if (key < node->key) {
      node->left = insert(std::move(node->left), key, std::move(value));
    } else if (node->key < key) {
      node->right = insert(std::move(node->right), key, std::move(value));
    } else {
      node->value = std::move(value);
      return node;
    }
    return balanced(std::move(node));
  }
  /// The tree without its first node, which `taken` has then, owned.
  static Ptr without_first(Ptr node, Ptr& taken) {
    node = owned(std::move(node));
    if (!node->left) {
      taken = std::move(node);
      return std::move(taken->right);
    }
    node->left = without_first(std::move(node->left), taken);
    return balanced(std::move(node));
  }
  /// Requires: the key is there.
  static Ptr remove(Ptr node, const K& key) {
    node = owned(std::move(node));
    if (key < node->key) {
      node->left = remove(std::move(node->left), key);
    } else if (node->key < key) {
      node->right = remove(std::move(node->right), key);
    } else {
      if (!node->left) return std::move(node->right);
      if (!node->right) return std::move(node->left);
      Ptr next;
      Ptr rest = without_first(std::move(node->right), next);
      next->left = std::move(node->left);
      next->right = std::move(rest);
      node = std::move(next);
    }
    return balanced(std::move(node));
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
      high = part == node->left ? node : join(make(node->key, node->value), part, node->right);
    } else if (node->key < key) {
      Ptr part;
      split(node->right, key, part, at, high);
      low = part == node->right ? node : join(make(node->key, node->value), node->left, part);
    } else {
      low = node->left;
      at = node;
      high = node->right;
    }
  }
  /// All of `left`, then the node alone, then all of `right`.
  static Ptr join(Ptr node, Ptr left, Ptr right) {
    if (height(left) > height(right) + 1) {
      left = owned(std::move(left));
      left->right = join(std::move(node), std::move(left->right), std::move(right));
      return balanced(std::move(left));
    }
    if (height(right) > height(left) + 1) {
      right = owned(std::move(right));
      right->left = join(std::move(node), std::move(left), std::move(right->left));
      return balanced(std::move(right));
    }
    node->left = std::move(left);
    node->right = std::move(right);
    measure(*node);
    return node;
  }

  Ptr root_;
};

}  // namespace turnstone
