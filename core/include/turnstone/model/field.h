#pragma once

#include <turnstone/model/expression.h>
#include <turnstone/values.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace turnstone {

/// Django's field types, those of its PostgreSQL package, and CustomField.
enum class FieldType {
  auto_field,
  big_auto_field,
  small_auto_field,
  boolean,
  small_integer,
  integer,
  big_integer,
  positive_small_integer,
  positive_integer,
  positive_big_integer,
  floating,
  decimal,
  character,
  text,
  slug,
  email,
  url,
  file,
  image,
  file_path,
  date,
  time,
  date_time,
  duration,
  uuid,
  binary,
  json,
  generic_ip_address,
  foreign_key,
  one_to_one,
  many_to_many,
  generated,
  composite_primary_key,
  custom,
  array,
  hstore,
  integer_range,
  big_integer_range,
  decimal_range,
  date_time_range,
  date_range,
  search_vector,
  ci_text,
  ci_char,
  ci_email,
};

/// Name in files, `CharField`.
std::string_view name_of(FieldType type);
/// Exact match only.
std::optional<FieldType> field_type_named(std::string_view name);
const std::vector<std::string>& field_type_names();  ///< in the order of the enumeration

bool is_relation(FieldType type);     ///< ForeignKey, OneToOneField, ManyToManyField
bool is_foreign_key(FieldType type);  ///< ForeignKey, OneToOneField
bool is_auto(FieldType type);         ///< the three AutoFields
bool is_text(FieldType type);         ///< varchar, text and citext columns
bool is_integer(FieldType type);      ///< integer columns without the AutoFields
bool is_positive(FieldType type);     ///< Positive…Field
bool is_range(FieldType type);        ///< the five range fields
/// Types of which an empty string, or no bytes, is a value (Django's `empty_strings_allowed`).
bool accepts_empty_string(FieldType type);

/// `{"function": "now"}` in files: evaluated when rows are filled, never left in the database.
/// `now`, `today` and `uuid4` are built in; other names are registered in C++.
struct DefaultFunction {
  std::string name{};
  bool operator==(const DefaultFunction&) const = default;
};
/// `default`: a value as files write it, or a function.
using Default = std::variant<Json, DefaultFunction>;

enum class OnDelete { none, cascade, protect, restrict, set_null, set_default, set, do_nothing };
std::string_view name_of(OnDelete rule);  ///< `SET_NULL`; empty for none
std::optional<OnDelete> on_delete_named(std::string_view name);

/// One field of a model: a flat set of options, as files write it. Which options a type takes, and
/// their keys and order in files, is one table: `field_options` in `field_options.h`.
///
/// Members hold what was asked for; an absent optional means the type's own default. Attributes
/// that never matter to a schema (`help_text`, …) are not here: readers drop them.
struct Field {
  std::string name{};
  FieldType type = FieldType::character;

  bool null = false;
  bool primary_key = false;
  bool unique = false;
  std::optional<bool> db_index{};
  std::optional<Default> default_value{};
  std::optional<Expression> db_default{};
  bool auto_now = false;
  bool auto_now_add = false;
  std::string db_column{};
  std::string db_comment{};
  std::string db_collation{};
  std::string db_tablespace{};
  /// Names of what the field makes beside its column, where they are not those Turnstone makes:
  /// `primary_key`, `unique`, `foreign_key`, `index`, `like`, `check`. An empty `like` means that
  /// there is no such index, an empty `unique` a UNIQUE without a name inside of the table
  /// (SQLite).
  std::map<std::string, std::string> db_names{};
  std::string db_identity{};  ///< automatic keys: `always`, `rowid` (SQLite without AUTOINCREMENT)
  std::optional<int> max_length{};
  std::optional<int> max_digits{};
  std::optional<int> decimal_places{};
  std::string protocol{};  ///< GenericIPAddressField: `IPv4`, `IPv6`, empty for both

  /// Choices matter only with `choices_check`, which puts a CHECK on the column.
  std::vector<Json> choices{};
  bool choices_check = false;

  // Relations.
  std::string to{};  ///< `app.Model` in declared case
  OnDelete on_delete = OnDelete::none;
  std::optional<Json> on_delete_value{};  ///< of SET
  bool db_on_delete = false;
  std::string db_on_update{};   ///< `CASCADE`, `SET_NULL` …: kept by the database; empty for none
  std::string db_deferrable{};  ///< `immediate` or `no`; empty: deferred, as Django makes keys
  std::string to_field{};
  bool db_constraint = true;
  bool parent_link = false;
  std::string swappable{};
  std::string db_table{};                     ///< ManyToManyField
  std::string through{};                      ///< ManyToManyField, `app.Model`
  std::vector<std::string> through_fields{};  ///< ManyToManyField, two names
  /// Not in operations or snapshots; kept in the registry for the ORM and for clash checks.
  std::string related_name{};
  std::string related_query_name{};
  /// Only in the registry: an empty form value is allowed, so an added text column needs no
  /// default.
  bool blank = false;

  // Types made of others.
  std::shared_ptr<const Field> base_field{};     ///< ArrayField
  std::optional<int> size{};                     ///< ArrayField
  std::optional<Expression> expression{};        ///< GeneratedField
  std::shared_ptr<const Field> output_field{};   ///< GeneratedField
  bool db_persist = true;                        ///< GeneratedField
  std::vector<std::string> fields{};             ///< CompositePrimaryKey
  std::map<std::string, std::string> db_type{};  ///< CustomField: database → type; key "" for any
  std::string default_bounds{};                  ///< range fields

  /// Where the field used to be, as the author wrote it down; never in operations or snapshots.
  std::string renamed_from{};

  bool operator==(const Field& other) const;
};

/// True when both describe the same field for operations and snapshots: registry-only attributes
/// (`related_name`, `blank`, `renamed_from`, choices without a check) are left out, `to` and
/// `through` compare without regard to case.
bool same_definition(const Field& a, const Field& b);
/// Keys of the stored options in which two fields differ, `type` first; names are not compared.
std::vector<std::string> differing_options(const Field& a, const Field& b);
/// Equal nested fields, or both absent.
bool same_field(const std::shared_ptr<const Field>& a, const std::shared_ptr<const Field>& b);
/// `field` as operations and snapshots keep it: without registry-only attributes.
Field stored_form(Field field);

/// Column or attribute name: `db_column`, else `<name>_id` for keys, else the name. Empty for
/// fields without a column (ManyToManyField, CompositePrimaryKey).
std::string column_name(const Field& field);
/// `<name>_id` for ForeignKey and OneToOneField, else the name.
std::string attribute_name(const Field& field);
/// True when an index of its own is wanted: `db_index`, by type where absent, and not unique.
bool wants_index(const Field& field);
bool is_unique(const Field& field);  ///< unique, OneToOneField or primary_key
bool has_column(const Field& field);
/// Keys that `db_names` takes, sorted.
const std::vector<std::string>& database_name_kinds();

}  // namespace turnstone
