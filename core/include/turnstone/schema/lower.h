#pragma once

#include <turnstone/db/dialect.h>
#include <turnstone/model/project_state.h>
#include <turnstone/schema/schema.h>

#include <string>
#include <vector>

namespace turnstone {

/// The schema a state becomes in a database: the one place that knows what a model is made of.
/// Tables, columns, keys, checks, implicit and declared indexes, `_like` indexes, tables of
/// many-to-many fields. Abstract, proxy, swapped and unmanaged models have no table. What the
/// database cannot hold follows `formats.md`, "Indexes and constraints". Order inside a table is
/// that of the model's fields. Throws Error{bad_model} or Error{unsupported} naming the model.
/// Source of the rules: `django-behaviour.md` §2.
Schema lower(const ProjectState& state, const Dialect& dialect);

/// What of `state` this database cannot keep: constraints it lacks (exclusion, deferrable unique,
/// `nulls_distinct` on SQLite), field types without a column type, virtual generated columns, names
/// of columns that are too long. In order of model; empty when nothing. `lower` leaves such
/// constraints out.
std::vector<Problem> unsupported_parts(const ProjectState& state, const Dialect& dialect);

/// The tables of one model alone: its own first, then those of its many-to-many fields.
std::vector<Table> lower_model(const ProjectState& state, const ModelState& model,
                               const Dialect& dialect);

/// Changes `schema` (that of `before`) into that of `after`, lowering only models that changed and
/// models that refer to them. Gives the names of tables it looked at, before and after.
struct Relowered {
  std::vector<std::string> tables_before{};
  std::vector<std::string> tables_after{};
};
Relowered relower(Schema& schema, const ProjectState& before, const ProjectState& after,
                  const Dialect& dialect);

/// Name of the table of a many-to-many field without `through`, truncated as the database needs.
std::string many_to_many_table(const ModelState& model, const Field& field, const Dialect& dialect);
/// Its two columns: to the owner, to the target; `from_…`/`to_…` for a relation to itself.
std::pair<std::string, std::string> many_to_many_columns(const ProjectState& state,
                                                         const ModelState& model,
                                                         const Field& field);
/// Table of a model as the database has it (truncated).
std::string database_table(const ModelState& model, const Dialect& dialect);

/// `expression` over the columns of `model` as SQL.
/// Throws Error{bad_model} for an unknown field, Error{unsupported} for what the database lacks.
Sql expression_sql(const Expression& expression, const ModelState& model, const ProjectState& state,
                   const Dialect& dialect);

/// `sql` so that it reads as one operand wherever it is put: in parentheses unless it is a name, a
/// literal or a call.
Sql operand(const Sql& sql);

/// The field whose type `field` has in the database: itself, or the key it points to in the end.
const Field& resolved_field(const ProjectState& state, const ModelState& model, const Field& field);

}  // namespace turnstone
