#pragma once

#include <turnstone/migrations/operation.h>

#include <cstddef>
#include <map>
#include <string>
#include <vector>

/// What must have happened before an operation. `django-behaviour.md` §5.6.
namespace turnstone::migrations {

struct Dependency {
  enum class Kind {
    model_there,       ///< created, or renamed to this name
    model_gone,        ///< deleted, renamed away or moved to another app
    model_moved,       ///< moved from here to another app
    app_as_it_is,      ///< the migrations that the app of `model` has already; nothing new
    model_done,        ///< whatever else is done to the model
    model_rebuilt,     ///< taken out of the state and put back with other bases
    table_changed,     ///< db_table set anew
    order_changed,     ///< order_with_respect_to set anew
    together_changed,  ///< unique_together set anew
    field_there,       ///< added, or renamed to this name
    field_settled,     ///< the same, and altered where it is to be
    field_gone,        ///< removed
    field_released,    ///< the same, or altered so that it points elsewhere
    name_free,         ///< the index or constraint called `field` removed, or its model deleted
  };
  Kind kind = Kind::model_there;
  ModelKey model{};
  std::string field{};
};

/// True when `operation` of `app` brings about what `dependency` waits for.
bool provides(const Operation& operation, const std::string& app, const Dependency& dependency);

/// An operation and what it waits for.
struct Found {
  Operation operation{};
  std::vector<Dependency> after{};
};
/// Operations by app.
using FoundByApp = std::map<std::string, std::vector<Found>>;

/// Positions of operations, by the models they are about.
class OperationsByModel {
 public:
  explicit OperationsByModel(const std::vector<Found>& operations);
  const std::vector<std::size_t>& of(const ModelKey& model) const;

 private:
  void add(const Operation& operation, std::size_t position);
  void add(const std::string& model, std::size_t position);

  std::map<std::string, std::vector<std::size_t>> positions_{};
};

/// Brings the operations of one app into an order that satisfies what they ask of each other, and
/// changes the order no further. Throws Error{conflict} where there is none.
void sort_by_dependencies(const std::string& app, std::vector<Found>& operations);

}  // namespace turnstone::migrations
