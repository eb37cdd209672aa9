#pragma once

#include <turnstone/model/field.h>

#include <functional>
#include <string>
#include <vector>

namespace turnstone {

/// How an option is written in files.
enum class OptionForm {
  flag,  ///< true or false
  text,
  number,
  texts,  ///< an array of texts
  value,  ///< any JSON
  expression,
  field,    ///< a field object without a name
  special,  ///< read and written by a function of its own
};

/// One option of fields: the one place that knows its key, its order in files (that of the table),
/// the types that take it, and how to get at it.
struct FieldOption {
  std::string key{};
  OptionForm form = OptionForm::flag;
  /// In operations and snapshots too; else only in the registry.
  bool stored = true;
  std::function<bool(FieldType)> takes{};
  std::function<bool(const Field&, const Field&)> same{};

  // One of these by form.
  bool Field::*flag = nullptr;
  std::string Field::*text = nullptr;
  std::optional<int> Field::*number = nullptr;
  std::vector<std::string> Field::*texts = nullptr;
  std::optional<Expression> Field::*expression = nullptr;
  std::shared_ptr<const Field> Field::*field = nullptr;
  bool flag_default = false;  ///< value that is not written
};

/// The table, in the order of files.
const std::vector<FieldOption>& field_options();
/// nullptr for an unknown key.
const FieldOption* find_field_option(const std::string& key);

/// Length of text columns whose type has one by itself (EmailField 254 …).
std::optional<int> default_max_length(FieldType type);

}  // namespace turnstone
