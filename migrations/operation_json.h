#pragma once

// Internal: operations as JSON; `formats.md` §4.

#include "json/tree.h"

#include <turnstone/migrations/migration.h>

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace turnstone::migrations {

/// Where the SQL files of a migration are looked for.
struct SqlFiles {
  std::filesystem::path folder{};
  const FileReader& read;
};

/// One operation of a migration of `app`. The text of an `sql_file` becomes part of the operation.
/// Throws Error{bad_file} with file and JSON pointer.
Operation read_operation(const json::Node& node, const std::string& app, const SqlFiles& files);
/// An array of them.
Operations read_operations(const json::Node& node, const std::string& app, const SqlFiles& files);

/// Canonical form: `op` first, then Django's keys in Django's order, without those that hold their
/// default. Texts of SQL files are not part of it.
json::Tree write_operation(const Operation& operation);
json::Tree write_operations(const Operations& operations);

/// Texts of the SQL files that `operations` and those inside them name, in order of mention.
std::vector<std::string> sql_file_texts(const Operations& operations);
/// Their names, likewise.
std::vector<std::string> sql_file_names(const Operations& operations);

/// Names of all operations, in the order of the variant.
const std::vector<std::string>& operation_names();

/// A key of an operation beside `op`.
struct OperationKey {
  enum class Form {
    name,           ///< a text that is not empty
    nullable_text,  ///< a text or null
    flag,
    names,
    name_lists,  ///< an array of arrays of names, or null
    field,
    fields,
    options,        ///< of a model
    state_options,  ///< of AlterModelOptions
    index,
    constraint,
    operations,
    source,           ///< SQL; it or the file behind it is there
    optional_source,  ///< the same, or neither
    file,
    provider,  ///< of a collation
  };
  std::string key{};
  Form form = Form::name;
  bool required = false;
};
/// The keys of every operation by its name, in the order of files: what the reader goes by.
const std::map<std::string, std::vector<OperationKey>>& operation_keys();
/// Keys of the `options` of AlterModelOptions.
const std::vector<std::string>& state_option_keys();

}  // namespace turnstone::migrations
