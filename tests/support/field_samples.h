#pragma once

#include <turnstone/db/dialect.h>
#include <turnstone/model/field.h>

#include <string>
#include <vector>

namespace turnstone::test {

/// A field `c` that may be NULL, a value of it, and that value as text on either database: what a
/// text column holds that becomes the value, and what the value becomes in a text column.
struct FieldSample {
  Field field{};
  Json value{};
  std::string text{};
};

/// One sample for each field type with a column of its own, relations and generated fields left
/// out: those the database has, in the order of the enumeration.
std::vector<FieldSample> field_samples(const Dialect& dialect);

/// A range of that type as files write it, `[1,5)` and its kin.
Json sample_range(FieldType type);

/// True for a column that a plain b-tree index can hold on both databases.
bool is_indexable(FieldType type);

}  // namespace turnstone::test
