#pragma once

#include <turnstone/db/cell.h>
#include <turnstone/db/dialect.h>
#include <turnstone/orm/mapping.h>

#include <span>
#include <string>
#include <vector>

namespace turnstone::orm {

/// A cell of a column of `type` into a member.
void load_cell(const MemberType& member, void* into, const Cell& cell, const Field& type,
               const Dialect& dialect);
/// The columns of a model, from the first cell on, into an object of its class.
void load_row(const ClassMap& map, void* object, std::span<const Cell> cells,
              const Dialect& dialect);
/// A cell as the value of a field.
Value row_value(const Cell& cell, const Field& type, const Dialect& dialect);
/// `?` as this database writes parameters. Not inside of quotes.
std::string raw_sql(const std::string& sql, const Dialect& dialect);
std::vector<Value> values_of(std::span<const Cell> cells);
std::vector<Value> bare_values(const std::vector<Value>& values, const Dialect& dialect);

}  // namespace turnstone::orm
