#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace turnstone {

// Django's naming rules; `django-behaviour.md` §2.1 has the algorithm and its test vectors.

/// `name` if it has at most `max_bytes` bytes (0: no limit), else its beginning and the first four
/// digits of its MD5. Never cuts inside a UTF-8 character.
std::string truncated_name(std::string_view name, std::size_t max_bytes);

/// `schema.table` of `"schema"."table"`, the form Django's users write; other names as they are.
std::string unquoted_table_name(std::string_view name);
/// The table of `schema.table`: names of indexes and constraints do not hold the schema.
std::string_view bare_table_name(std::string_view name);
/// `name` with the part behind the schema truncated.
std::string truncated_table_name(std::string_view name, std::size_t max_bytes);

/// Name of an index or constraint on `columns` of `table`: table, columns, eight digits of a hash
/// of both, and `suffix` (`_uniq`, `_like`, `_fk_<table>_<column>`, `_check`, `_pk`, or nothing).
/// `max_bytes` 0 means 200, Django's bound where the database has none.
std::string index_name(std::string_view table, const std::vector<std::string>& columns,
                       std::string_view suffix, std::size_t max_bytes);

/// Name of a `Meta.indexes` entry without one. `columns` carry a leading `-` for descending.
/// `suffix` is `idx`, or the method for PostgreSQL's own types.
std::string declared_index_name(std::string_view table, const std::vector<std::string>& columns,
                                std::string_view suffix);

}  // namespace turnstone
