#pragma once

#include <turnstone/migrations/functions.h>

#include <functional>
#include <string>
#include <vector>

namespace turnstone::migrations {

/// Deletes rows and settles what refers to them as `on_delete` says, as Django's collector does.
///
/// A row goes before the rows that refer to it (the keys of the database are deferred), so that
/// rows that refer to each other in a circle come to an end.
class Eraser {
 public:
  /// One key: a value for each column of the primary key, as the columns take them.
  using Keys = std::vector<std::vector<Value>>;

  Eraser(const ProjectState& state, Connection& connection, const Dialect& dialect,
         const Functions* functions)
      : state_(state), connection_(connection), dialect_(dialect), functions_(functions) {}

  /// Deletes the rows of `model` with these keys; gives their number.
  /// Throws Error{database} where PROTECT forbids it.
  std::int64_t erase(const ModelPtr& model, const Keys& keys);
  /// Checks what RESTRICT asks for, once everything else is done. Throws Error{database}.
  void finish();

 private:
  struct Reference {
    ModelPtr model{};
    const Field* field = nullptr;
    const Field* target = nullptr;
  };
  std::vector<Reference> references(const ModelPtr& model) const;
  void erase_links(const ModelPtr& model, const Keys& keys);
  void settle(const Reference& reference, const std::vector<Value>& values);
  void erase_referrers(const Reference& reference, const std::vector<Value>& values);
  void set(const Reference& reference, const std::vector<Value>& values, const std::string& sql);
  bool refers(const Reference& reference, const std::vector<Value>& values);

  const ProjectState& state_;
  Connection& connection_;
  const Dialect& dialect_;
  const Functions* functions_;
  struct Restriction {
    Reference reference{};
    std::vector<Value> values{};
  };
  std::vector<Restriction> restrictions_{};
};

}  // namespace turnstone::migrations
