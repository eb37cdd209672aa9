#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "orm/engine.h"

namespace turnstone::orm {

/// Rows that have an order come by one query, for as many keys as a statement takes.
inline constexpr std::size_t ordered_at_once = 30000;

/// So often, and it is told.
inline constexpr int single_loads_to_warn = 10;

using Pointers = std::vector<std::shared_ptr<void>>;

/// Loads relations of objects. `fetch` gives the rows of a query as objects of a class: new ones,
/// or in a session those that it knows.
class Loader {
 public:
  using Fetch = std::function<Pointers(const ClassMap& map, const Query& query)>;

  /// New objects.
  explicit Loader(Engine& engine);
  Loader(Engine& engine, Fetch fetch) : engine_(engine), fetch_(std::move(fetch)) {}

  /// The rows behind `name` of all objects, one or two queries for all of them. `rows`: which; all
  /// unless given. Gives each of them once.
  Pointers step(const ClassMap& map, const std::vector<void*>& objects, const std::string& name,
                const Query* rows) const;
  /// What a query wants to be prefetched: each step once, however many paths go over it.
  void prefetch(const ClassMap& map, const std::vector<void*>& objects,
                const std::vector<Prefetch>& wanted) const;
  /// The class that the relation `name` leads to.
  const ClassMap& target(const ClassMap& map, const std::string& name) const;

 private:
  Pointers fetch_by(const ClassMap& map, const std::string& column, const std::vector<Value>& keys,
                    const Query* rows) const;
  Pointers load_keys(const ClassMap::Slot& slot, const std::vector<void*>& objects,
                     const Query* rows) const;
  Pointers load_links(const ClassMap& map, const ClassMap::Slot& link,
                      const std::vector<void*>& objects, const Query* rows) const;

  Engine& engine_;
  Fetch fetch_;
};

}  // namespace turnstone::orm
