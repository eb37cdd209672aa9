#include "merge_doubts.h"

#include <turnstone/identifier.h>
#include <turnstone/match.h>

#include <algorithm>
#include <charconv>

#include "references.h"

namespace turnstone::migrations {
namespace {

/// Whether rows and code can tell that an operation was carried out.
enum class Notice { no, yes, opaque };

bool does_nothing(const RunSQL::Source& source) {
  return source.statements.empty() && (!source.text || source.text->empty());
}

struct NoticeOf {
  Notice operator()(const CreateModel&) const { return Notice::no; }
  Notice operator()(const AlterModelTableComment&) const { return Notice::no; }
  Notice operator()(const AlterModelOptions&) const { return Notice::no; }
  Notice operator()(const AddIndex&) const { return Notice::no; }
  Notice operator()(const RemoveIndex&) const { return Notice::no; }
  Notice operator()(const RenameIndex&) const { return Notice::no; }
  Notice operator()(const AddIndexConcurrently&) const { return Notice::no; }
  Notice operator()(const RemoveIndexConcurrently&) const { return Notice::no; }
  Notice operator()(const CreateExtension&) const { return Notice::no; }
  Notice operator()(const CreateCollation&) const { return Notice::no; }
  Notice operator()(const RunSQL& o) const {
    return does_nothing(o.sql) ? any(o.state_operations) : Notice::opaque;
  }
  Notice operator()(const RunCpp& o) const {
    return o.code == "noop" ? Notice::no : Notice::opaque;
  }
  Notice operator()(const SeparateDatabaseAndState& o) const {
    return std::max(any(o.database_operations), any(o.state_operations));
  }
  template <class Other>
  Notice operator()(const Other&) const {
    return Notice::yes;
  }

 private:
  static Notice any(const std::shared_ptr<const Operations>& operations) {
    Notice most = Notice::no;
    if (!operations) return most;
    for (const Operation& operation : *operations) {
      most = std::max(most, migrations::match(operation, NoticeOf{}));
    }
    return most;
  }
};

Notice notice_of(const Operation& operation) { return match(operation, NoticeOf{}); }

/// Apps whose models a migration's code may use: its own, and those it depends on.
bool may_use(const Migration& migration, const std::string& app) {
  return migration.id.app == app ||
         std::any_of(migration.dependencies.begin(), migration.dependencies.end(),
                     [&](const MigrationId& needed) { return needed.app == app; });
}

/// The first operation of `branch` that code of `migration` could notice: its migration and words.
std::string noticed_by(const Migration& migration, const Branched& branch) {
  for (const auto& other : branch) {
    const bool concerns = may_use(migration, other->id.app) || may_use(*other, migration.id.app);
    for (const Operation& operation : other->operations) {
      const Notice notice = notice_of(operation);
      if (notice == Notice::no || !concerns) continue;
      if (notice == Notice::yes && !may_use(migration, other->id.app)) continue;
      return other->id.name + " has \"" + describe(operation) + "\"";
    }
  }
  return {};
}

// Rows --------------------------------------------------------------------------------------------

std::optional<double> number_in(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Whether `condition` holds where `field` is `value` (SQL), if that can be told.
std::optional<bool> holds(const Expression& condition, const std::string& field,
                          const std::string& value) {
  if (condition.kind != Expression::Kind::call || condition.arguments.size() != 2) {
    return std::nullopt;
  }
  const Expression& left = condition.arguments[0];
  const Expression& right = condition.arguments[1];
  const bool plain = left.kind == Expression::Kind::field && left.name == field &&
                     right.kind == Expression::Kind::literal && right.value.is_number();
  const std::optional<double> a = number_in(value);
  if (!plain || !a) return std::nullopt;
  const double b = right.value.as_double();
  const std::string& head = condition.name;
  if (head == ">") return *a > b;
  if (head == ">=") return *a >= b;
  if (head == "<") return *a < b;
  if (head == "<=") return *a <= b;
  if (head == "=") return *a == b;
  if (head == "<>") return *a != b;
  return std::nullopt;
}

/// Looks at what one model gained in one branch.
class Gains {
 public:
  Gains(const ModelState& before, const ModelState& after, const Alone& adding,
        const Alone& changing, Examination& found)
      : before_(before), after_(after), adding_(adding), changing_(changing), found_(found) {}

  void look() {
    for (const Constraint& constraint : after_.options.constraints) {
      const auto& known = before_.options.constraints;
      if (std::find(known.begin(), known.end(), constraint) != known.end()) continue;
      gained(constraint);
    }
    for (const auto& names : after_.options.unique_together) {
      const auto& known = before_.options.unique_together;
      if (std::find(known.begin(), known.end(), names) == known.end()) {
        unique(names, "unique_together");
      }
    }
    for (const Index& index : after_.options.indexes) {
      const auto& known = before_.options.indexes;
      if (std::find(known.begin(), known.end(), index) != known.end()) continue;
      const std::string what = "index \"" + index.name + "\"";
      for (const Expression& expression : index.expressions) types(expression, what);
      if (index.condition) types(*index.condition, what);
    }
    for (const Field& field : after_.fields) {
      if (!field.expression || before_.find_field(field.name)) continue;
      types(*field.expression, "generated field \"" + field.name + "\"");
    }
  }

 private:
  void gained(const Constraint& constraint) {
    const std::string what = "constraint \"" + name_of(constraint) + "\"";
    if (const auto* check = std::get_if<CheckConstraint>(&constraint)) {
      types(check->condition, what);
      any_field(check->condition, [&](const std::string& name) {
        checked(check->condition, name, what);
        return false;
      });
    } else if (const auto* key = std::get_if<UniqueConstraint>(&constraint)) {
      for (const Expression& expression : key->expressions) unsure_if_changed(expression, what);
      if (key->condition) {
        unsure_if_changed(*key->condition, what);
        for (const std::string& name : key->fields) {
          if (filling(name)) unsure(what, name);
        }
      } else if (key->expressions.empty()) {
        unique(key->fields, what);
      }
    } else {
      names_field(constraint, [&](const std::string& name) {
        if (filling(name) || converted(name)) unsure(what, name);
        return false;
      });
    }
  }

  std::optional<std::string> filling(const std::string& name) const {
    const Field* field = before_.find_field(name);
    if (!field || !field->null) return std::nullopt;
    return changing_.world.filling(key_of(before_), name);
  }
  bool converted(const std::string& name) const {
    return changing_.world.converted(key_of(before_), name);
  }

  void types(const Expression& expression, const std::string& what) {
    any_field(expression, [&](const std::string& name) {
      if (converted(name)) unsure(what, name);
      return false;
    });
  }
  void unsure_if_changed(const Expression& expression, const std::string& what) {
    types(expression, what);
    any_field(expression, [&](const std::string& name) {
      if (filling(name)) unsure(what, name);
      return false;
    });
  }

  void checked(const Expression& condition, const std::string& name, const std::string& what) {
    const auto value = filling(name);
    if (!value) return;
    const std::optional<bool> good = holds(condition, name, *value);
    if (!good) {
      unsure(what, name);
    } else if (!*good) {
      clash(what, name, *value);
    }
  }

  /// Two rows that had NULL are alike once they are filled, unless another column tells them apart.
  void unique(const std::vector<std::string>& names, const std::string& what) {
    std::vector<std::string> filled;
    for (const std::string& name : names) {
      if (filling(name)) filled.push_back(name);
      const Field* field = before_.find_field(name);
      if (field && is_unique(*field) && !filling(name)) return;
    }
    if (filled.empty()) return;
    if (filled.size() < names.size()) return unsure(what, filled.front());
    clash(what, filled.front(), *filling(filled.front()));
  }

  /// The migrations that brought `what` and that changed the field.
  MigrationId last_about(const Branched& branch) const {
    for (auto at = branch.rbegin(); at != branch.rend(); ++at) {
      if ((*at)->id.app == before_.app) return (*at)->id;
    }
    return branch.back()->id;
  }

  void clash(const std::string& what, const std::string& field, const std::string& value) {
    MergeConflict conflict{.model = before_.app + "." + before_.name, .part = "field " + field};
    conflict.left = {last_about(changing_.own), "rows without a value get " + value};
    conflict.right = {last_about(adding_.own), "the new " + what + " forbids that"};
    found_.conflicts.push_back(std::move(conflict));
  }
  void unsure(const std::string& what, const std::string& field) {
    const MigrationId by = last_about(adding_.own);
    found_.unexamined.push_back({by, "new " + what + " of " + before_.app + "." + before_.name,
                                 "it depends on rows, as " + last_about(changing_.own).name +
                                     " changes what field \"" + field + "\" holds"});
  }

  const ModelState& before_;
  const ModelState& after_;
  const Alone& adding_;
  const Alone& changing_;
  Examination& found_;
};

}  // namespace

std::vector<Unexamined> opaque_operations(const Branched& mine, const Branched& theirs) {
  std::vector<Unexamined> found;
  for (const auto& migration : mine) {
    for (const Operation& operation : migration->operations) {
      if (notice_of(operation) != Notice::opaque) continue;
      const std::string noticed = noticed_by(*migration, theirs);
      if (!noticed.empty()) {
        found.push_back(
            {migration->id, describe(operation), "nobody can tell what it does, and " + noticed});
      }
    }
  }
  return found;
}

void doubts_about_rows(const ProjectState& before, const Alone& adding, const Alone& changing,
                       Examination& found) {
  for (const ModelKey& key : changed_models(before, adding.world.state())) {
    const ModelPtr was = before.find(key);
    const ModelPtr is = adding.world.state().find(key);
    if (was && is) Gains(*was, *is, adding, changing, found).look();
  }
}

}  // namespace turnstone::migrations
