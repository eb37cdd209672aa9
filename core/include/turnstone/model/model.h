#pragma once

#include <turnstone/model/field.h>

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace turnstone {

enum class IndexType { index, btree, hash, gin, gist, brin, spgist, bloom };
std::string_view name_of(IndexType type);  ///< `Index`, `GinIndex` …
std::optional<IndexType> index_type_named(std::string_view name);
const std::vector<std::string>& index_type_names();

/// `Meta.indexes`. Either `fields` (`"-title"` for descending) or `expressions`.
struct Index {
  IndexType type = IndexType::index;
  std::string name{};
  std::vector<std::string> fields{};
  std::vector<Expression> expressions{};
  std::optional<Expression> condition{};
  std::vector<std::string> include{};
  std::vector<std::string> opclasses{};
  std::string db_tablespace{};
  /// Storage parameters by PostgreSQL's name, as JSON scalars, sorted: `fillfactor`, `fastupdate`,
  /// `pages_per_range`, `columns` and `length` of a bloom index …
  std::vector<std::pair<std::string, Json>> parameters{};
  bool operator==(const Index&) const = default;
};

enum class Deferrable { no, immediate, deferred };

struct CheckConstraint {
  std::string name{};
  Expression condition{};
  bool operator==(const CheckConstraint&) const = default;
};

struct UniqueConstraint {
  std::string name{};
  std::vector<std::string> fields{};
  std::vector<Expression> expressions{};
  std::optional<Expression> condition{};
  Deferrable deferrable = Deferrable::no;
  std::vector<std::string> include{};
  std::vector<std::string> opclasses{};
  std::optional<bool> nulls_distinct{};
  /// SQLite: UNIQUE inside of the table, where Turnstone makes a unique index.
  bool in_table = false;
  bool operator==(const UniqueConstraint&) const = default;
};

struct ExclusionConstraint {
  std::string name{};
  std::vector<std::pair<Expression, std::string>> expressions{};  ///< (expression, operator)
  std::string index_type{};                                       ///< empty for GIST
  std::optional<Expression> condition{};
  Deferrable deferrable = Deferrable::no;
  std::vector<std::string> include{};
  bool operator==(const ExclusionConstraint&) const = default;
};

/// `Meta.constraints`.
using Constraint = std::variant<CheckConstraint, UniqueConstraint, ExclusionConstraint>;
const std::string& name_of(const Constraint& constraint);

/// `Meta`, as far as it matters to a schema or to historical rows.
struct Options {
  std::string db_table{};
  std::string db_table_comment{};
  std::string db_tablespace{};
  std::vector<std::vector<std::string>> unique_together{};
  std::string order_with_respect_to{};
  std::vector<Index> indexes{};
  std::vector<Constraint> constraints{};
  bool managed = true;
  bool proxy = false;
  std::string base_manager_name{};
  std::string swappable{};
  // Only in the registry.
  bool abstract = false;
  std::vector<std::string> ordering{};
  std::string renamed_from{};

  // Copied in many places: compiled in one.
  Options();
  Options(const Options& other);
  Options(Options&& other) noexcept;
  Options& operator=(const Options& other);
  Options& operator=(Options&& other) noexcept;
  ~Options();
  bool operator==(const Options& other) const;
};

/// One model at one moment, pure data. Never changed once it is in a state.
struct ModelState {
  std::string app{};
  std::string name{};  ///< declared case
  std::vector<Field> fields{};
  Options options{};
  std::vector<std::string> bases{};  ///< `app.Model` of concrete bases, in order
  bool operator==(const ModelState&) const = default;

  /// The field of that name (exact), or nullptr.
  const Field* find_field(std::string_view field_name) const;
  /// The same for a `<fk>_id` or `pk` spelling: what expressions and constraints may write.
  const Field* resolve_field(std::string_view reference) const;
  /// The primary key, nullptr when an ancestor holds it or it is not declared.
  const Field* primary_key() const;
};
using ModelPtr = std::shared_ptr<const ModelState>;

/// `app.model`, the model part in lower case: the key of a model in a state.
struct ModelKey {
  std::string app{};
  std::string model{};  ///< lower case
  auto operator<=>(const ModelKey&) const = default;
  std::string text() const { return app + "." + model; }
};
ModelKey key_of(const ModelState& model);
/// Reads `app.Model`; a bare `Model` is taken as one of `app`.
ModelKey key_from(std::string_view reference, std::string_view app = {});

}  // namespace turnstone
