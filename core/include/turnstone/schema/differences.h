#pragma once

#include <turnstone/schema/schema.h>

#include <string>
#include <vector>

namespace turnstone {

/// One thing in which two schemas differ.
struct SchemaDifference {
  enum class What {
    missing,  ///< only in the wanted schema
    extra,    ///< only in the actual one
    changed,  ///< in both, with another definition
    renamed,  ///< the same under another name
  };
  std::string table{};
  std::string kind{};  ///< `table`, `column`, `primary key`, `index` …
  std::string name{};  ///< of what is on the table; the wanted one where it was renamed
  What what = What::changed;
  std::string property{};  ///< of what changed: `type`, `null`, `default` …
  std::string is{};        ///< the property in the actual schema, or the actual name
  std::string should{};    ///< the property in the wanted schema, or the wanted name
  Sql actual{};            ///< the whole definition; empty where there is none
  Sql wanted{};
};

/// All differences, by table, columns first. Order of columns, constraints and indexes does not
/// count. Both schemas have to be in comparable form (`Backend::comparable`).
std::vector<SchemaDifference> differences(const Schema& actual, const Schema& wanted);
/// `column "isbn": type is varchar(13), should be varchar(20)`, without the table.
std::string in_words(const SchemaDifference& difference);

// Definitions on one line, in the SQL both databases share.
Sql definition(const Column& column);
Sql definition(const Key& key);  ///< of a unique constraint
Sql definition(const Check& check);
Sql definition(const ForeignKeyConstraint& key);
Sql definition(const Exclusion& exclusion);
Sql definition(const TableIndex& index);

}  // namespace turnstone
