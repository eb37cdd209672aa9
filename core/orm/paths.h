#pragma once

#include <turnstone/db/dialect.h>
#include <turnstone/model/project_state.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turnstone::orm {

/// One join on the way to another model.
struct Hop {
  std::string table{};   ///< quoted
  std::string column{};  ///< quoted, of that table
  std::string from{};    ///< quoted, of the table before it
};

/// A relation of a model, whatever its direction.
struct Relation {
  ModelPtr model{};              ///< where it leads
  const Field* field = nullptr;  ///< the relation field, of this model or of the other
  ModelPtr owner{};              ///< the model that has the field
  std::vector<Hop> hops{};       ///< one, or two over a table of links
  bool backwards = false;
  bool many = false;      ///< there may be more than one row
  bool optional = false;  ///< there may be none
};

/// What a name means in a model.
struct Step {
  const Field* field = nullptr;  ///< a field with a column, own or of a base
  ModelPtr owner{};              ///< the model that has it
  std::vector<Relation> up{};    ///< the parent links that lead there
  std::optional<Relation> relation{};
};

/// Names as `ProjectState` knows them. Everything is looked up once.
class Paths {
 public:
  Paths(const ProjectState& state, const Dialect& dialect,
        const std::map<std::string, ModelKey, std::less<>>& classes)
      : state_(state), dialect_(dialect), classes_(classes) {}

  /// Empty when `model` has nothing of that name. `name`: a field, `<fk>_id`, `pk`, a relation that
  /// points here, or `~shop::Book.author` for the one of that class.
  std::optional<Step> find(const ModelPtr& model, std::string_view name) const;
  /// Every name that `find` knows, for messages.
  std::vector<std::string> names(const ModelPtr& model) const;
  /// Relations of other models that lead here, by name.
  std::vector<std::pair<std::string, Relation>> reverse(const ModelPtr& model) const;

  const ProjectState& state() const { return state_; }
  const Dialect& dialect() const { return dialect_; }
  std::string table(const ModelState& model) const;
  /// The single column of the primary key; for a multi-table child that of its parent link.
  const Field* key(const ModelState& model) const;
  Relation forward(const ModelPtr& owner, const Field& field) const;
  Relation backward(const ModelPtr& owner, const Field& field) const;

 private:
  const ProjectState& state_;
  const Dialect& dialect_;
  const std::map<std::string, ModelKey, std::less<>>& classes_;
};

/// A proxy stands for its concrete base.
ModelPtr concrete(const ProjectState& state, ModelPtr model);
/// A table's name as SQL, with its PostgreSQL schema where it has one.
std::string table_sql(const std::string& table, const Dialect& dialect);
/// The field whose values a column of `field` holds: its target for relations, the output of
/// generated ones.
const Field& value_type(const ProjectState& state, const ModelState& model, const Field& field);
/// `a__b__c` in its parts.
std::vector<std::string> path_parts(std::string_view path);
/// Names of the keys to owner and target in a through model.
std::pair<const Field*, const Field*> through_fields(const ProjectState& state,
                                                     const ModelState& owner, const Field& field,
                                                     const ModelState& through);

}  // namespace turnstone::orm
