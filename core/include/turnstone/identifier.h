#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace turnstone {

/// `name` in double quotes, quotes inside doubled. Both databases read it so.
std::string quote_identifier(std::string_view name);
/// Identifiers quoted and joined with `, `.
std::string quote_identifiers(const std::vector<std::string>& names);
/// `text` in single quotes, quotes inside doubled: a string literal of standard SQL.
std::string quote_literal(std::string_view text);
/// ASCII lower case; other bytes as they are.
std::string lower_case(std::string_view text);
/// `items` with `separator` between them.
std::string join(const std::vector<std::string>& items, std::string_view separator);
/// `an IntegerField`, `a TextField`, `a UUIDField`.
std::string with_article(std::string_view name);

}  // namespace turnstone
