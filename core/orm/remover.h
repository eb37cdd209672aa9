#pragma once

#include <turnstone/db/connection.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "orm/paths.h"

namespace turnstone::orm {

/// Statements have a limit of parameters, and long lists gain nothing.
inline constexpr std::size_t keys_at_once = 500;

/// Runs statements for others.
struct Runner {
  std::function<std::int64_t(const std::string& sql, const std::vector<Value>& parameters)>
      execute{};
  std::function<Rows(const std::string& sql, const std::vector<Value>& parameters)> query{};
  /// The value of a `{"function": NAME}` default.
  std::function<Json(const DefaultFunction& function, const Field& type)> default_of{};
};

/// Deletes rows and settles what refers to them as `on_delete` says, as Django's collector does: a
/// few statements for each relation, whatever the number of rows.
///
/// A row goes before the rows that refer to it (the keys of the database are deferred), so that
/// rows that refer to each other in a circle come to an end. Requires: a transaction is open.
class Remover {
 public:
  /// One key: a value for each column of the primary key, as the columns take them.
  using Keys = std::vector<std::vector<Value>>;

  Remover(const Paths& paths, Runner runner) : paths_(paths), runner_(std::move(runner)) {}

  /// Deletes the rows of `model` with these keys; gives their number.
  /// Throws Error{rows} where PROTECT forbids it.
  std::int64_t remove(const ModelPtr& model, const Keys& keys);
  /// Checks what RESTRICT asks for, once everything else is done. Throws Error{rows}.
  void finish();
  /// What went, by model.
  const std::map<std::string, std::int64_t>& removed() const { return removed_; }
  /// True when deleting rows of `model` concerns no other table.
  bool alone(const ModelPtr& model) const;

 private:
  struct Reference {
    ModelPtr model{};
    const Field* field = nullptr;
    const Field* target = nullptr;
  };
  struct Restriction {
    Reference reference{};
    std::vector<Value> values{};
  };
  std::vector<Reference> references(const ModelPtr& model) const;
  std::vector<std::pair<std::string, std::string>> link_columns(const ModelPtr& model) const;
  std::vector<Value> values_of(const ModelState& model, const Field& field,
                               const std::vector<Value>& cells) const;
  void settle(const Reference& reference, const std::vector<Value>& values);
  void remove_referrers(const Reference& reference, const std::vector<Value>& values);
  void set(const Reference& reference, const std::vector<Value>& values, const Json& value);
  bool refers(const Reference& reference, const std::vector<Value>& values);

  const Paths& paths_;
  Runner runner_;
  std::vector<Restriction> restrictions_{};
  std::map<std::string, std::int64_t> removed_{};
};

/// `("a" IN (?, ?))`, or the same for keys of several columns; adds to `parameters`. `keys` are not
/// empty.
std::string key_condition(const std::vector<std::string>& columns, const Remover::Keys& keys,
                          const Dialect& dialect, std::vector<Value>& parameters);
/// Fields of the primary key, in order.
std::vector<const Field*> key_fields(const ModelState& model);

}  // namespace turnstone::orm
