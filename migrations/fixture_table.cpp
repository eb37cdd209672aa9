#include "fixture_table.h"

#include <turnstone/identifier.h>
#include <turnstone/schema/lower.h>

namespace turnstone::migrations {

FixtureLinks::FixtureLinks(const ModelPtr& owner, const Field& field, const ProjectState& state,
                           const Dialect& dialect)
    : name_(field.name),
      target_(state.target_model(*owner, field), state, dialect),
      plain_(many_to_many_table(*owner, field, dialect)),
      table_(table_sql(plain_, dialect)) {
  const auto columns = many_to_many_columns(state, *owner, field);
  owner_column_ = quote_identifier(columns.first);
  target_column_ = quote_identifier(columns.second);
}

FixtureTable::FixtureTable(const ModelPtr& model, const ProjectState& state, const Dialect& dialect)
    : table_(model, state, dialect), label_(key_of(*table_.own().model).text()) {
  const std::size_t own = table_.parts().size() - 1;
  for (std::size_t i = 0; i < table_.slots().size(); ++i) {
    if (table_.slots()[i].part == own) slots_.push_back(i);
  }
  const ModelPtr& concrete = table_.own().model;
  for (const Field& field : concrete->fields) {
    const bool own_table = field.type == FieldType::many_to_many && field.through.empty();
    if (own_table) links_.emplace_back(concrete, field, state, dialect);
  }
}

}  // namespace turnstone::migrations
