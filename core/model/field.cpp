#include <turnstone/identifier.h>
#include <turnstone/model/field.h>

#include <algorithm>

#include "model/field_options.h"

namespace turnstone {
namespace {

struct OnDeleteName {
  OnDelete rule;
  std::string_view name;
};
constexpr OnDeleteName on_delete_names[] = {
    {OnDelete::none, ""},
    {OnDelete::cascade, "CASCADE"},
    {OnDelete::protect, "PROTECT"},
    {OnDelete::restrict, "RESTRICT"},
    {OnDelete::set_null, "SET_NULL"},
    {OnDelete::set_default, "SET_DEFAULT"},
    {OnDelete::set, "SET"},
    {OnDelete::do_nothing, "DO_NOTHING"},
};

bool same_nested(const std::shared_ptr<const Field>& a, const std::shared_ptr<const Field>& b) {
  return a == b || (a && b && *a == *b);
}

}  // namespace

const std::vector<std::string>& field_type_names() {
  static const std::vector<std::string> names = {"AutoField",
                                                 "BigAutoField",
                                                 "SmallAutoField",
                                                 "BooleanField",
                                                 "SmallIntegerField",
                                                 "IntegerField",
                                                 "BigIntegerField",
                                                 "PositiveSmallIntegerField",
                                                 "PositiveIntegerField",
                                                 "PositiveBigIntegerField",
                                                 "FloatField",
                                                 "DecimalField",
                                                 "CharField",
                                                 "TextField",
                                                 "SlugField",
                                                 "EmailField",
                                                 "URLField",
                                                 "FileField",
                                                 "ImageField",
                                                 "FilePathField",
                                                 "DateField",
                                                 "TimeField",
                                                 "DateTimeField",
                                                 "DurationField",
                                                 "UUIDField",
                                                 "BinaryField",
                                                 "JSONField",
                                                 "GenericIPAddressField",
                                                 "ForeignKey",
                                                 "OneToOneField",
                                                 "ManyToManyField",
                                                 "GeneratedField",
                                                 "CompositePrimaryKey",
                                                 "CustomField",
                                                 "ArrayField",
                                                 "HStoreField",
                                                 "IntegerRangeField",
                                                 "BigIntegerRangeField",
                                                 "DecimalRangeField",
                                                 "DateTimeRangeField",
                                                 "DateRangeField",
                                                 "SearchVectorField",
                                                 "CITextField",
                                                 "CICharField",
                                                 "CIEmailField"};
  return names;
}

std::string_view name_of(FieldType type) {
  return field_type_names()[static_cast<std::size_t>(type)];
}

std::optional<FieldType> field_type_named(std::string_view name) {
  const std::vector<std::string>& names = field_type_names();
  const auto at = std::find(names.begin(), names.end(), name);
  if (at == names.end()) return std::nullopt;
  return static_cast<FieldType>(at - names.begin());
}

bool is_relation(FieldType type) { return is_foreign_key(type) || type == FieldType::many_to_many; }

bool is_foreign_key(FieldType type) {
  return type == FieldType::foreign_key || type == FieldType::one_to_one;
}

bool is_auto(FieldType type) {
  return type == FieldType::auto_field || type == FieldType::big_auto_field ||
         type == FieldType::small_auto_field;
}

bool is_text(FieldType type) {
  switch (type) {
    case FieldType::character:
    case FieldType::text:
    case FieldType::slug:
    case FieldType::email:
    case FieldType::url:
    case FieldType::file:
    case FieldType::image:
    case FieldType::file_path:
    case FieldType::ci_text:
    case FieldType::ci_char:
    case FieldType::ci_email:
      return true;
    default:
      return false;
  }
}

bool is_integer(FieldType type) {
  return type == FieldType::small_integer || type == FieldType::integer ||
         type == FieldType::big_integer || is_positive(type);
}

bool is_range(FieldType type) {
  switch (type) {
    case FieldType::integer_range:
    case FieldType::big_integer_range:
    case FieldType::decimal_range:
    case FieldType::date_time_range:
    case FieldType::date_range:
      return true;
    default:
      return false;
  }
}

bool is_positive(FieldType type) {
  return type == FieldType::positive_small_integer || type == FieldType::positive_integer ||
         type == FieldType::positive_big_integer;
}

bool accepts_empty_string(FieldType type) { return is_text(type) || type == FieldType::binary; }

std::string_view name_of(OnDelete rule) {
  return on_delete_names[static_cast<std::size_t>(rule)].name;
}

std::optional<OnDelete> on_delete_named(std::string_view name) {
  for (const OnDeleteName& entry : on_delete_names) {
    if (entry.rule != OnDelete::none && entry.name == name) return entry.rule;
  }
  return std::nullopt;
}

std::vector<std::string> differing_options(const Field& a, const Field& b) {
  std::vector<std::string> names;
  if (a.type != b.type) names.emplace_back("type");
  for (const FieldOption& option : field_options()) {
    if (option.stored && !option.same(a, b)) names.push_back(option.key);
  }
  return names;
}

bool Field::operator==(const Field& other) const {
  if (name != other.name || type != other.type) return false;
  const std::vector<FieldOption>& options = field_options();
  return std::all_of(options.begin(), options.end(),
                     [&](const FieldOption& option) { return option.same(*this, other); });
}

bool same_definition(const Field& a, const Field& b) {
  if (a.name != b.name || a.type != b.type) return false;
  const std::vector<FieldOption>& options = field_options();
  return std::all_of(options.begin(), options.end(), [&](const FieldOption& option) {
    return !option.stored || option.same(a, b);
  });
}

Field stored_form(Field field) {
  field.related_name.clear();
  field.related_query_name.clear();
  field.blank = false;
  field.renamed_from.clear();
  if (!field.choices_check) field.choices.clear();
  return field;
}

std::string attribute_name(const Field& field) {
  const bool key = is_foreign_key(field.type);
  return key ? field.name + "_id" : field.name;
}

bool has_column(const Field& field) {
  return field.type != FieldType::many_to_many && field.type != FieldType::composite_primary_key;
}

std::string column_name(const Field& field) {
  if (!has_column(field)) return {};
  return field.db_column.empty() ? attribute_name(field) : field.db_column;
}

const std::vector<std::string>& database_name_kinds() {
  static const std::vector<std::string> kinds = {"check", "foreign_key", "index",
                                                 "like",  "primary_key", "unique"};
  return kinds;
}

bool is_unique(const Field& field) {
  return field.unique || field.primary_key || field.type == FieldType::one_to_one;
}

bool wants_index(const Field& field) {
  if (!has_column(field) || is_unique(field)) return false;
  const bool by_type = field.type == FieldType::foreign_key || field.type == FieldType::slug;
  return field.db_index.value_or(by_type);
}

bool same_field(const std::shared_ptr<const Field>& a, const std::shared_ptr<const Field>& b) {
  return same_nested(a, b);
}

}  // namespace turnstone
