#pragma once

#include <turnstone/orm/query.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "orm/paths.h"
#include "schema/expression_renderer.h"

namespace turnstone::orm {

/// A statement with its parameters, in the form columns take.
struct Sentence {
  std::string sql{};
  std::vector<Value> parameters{};
};

/// One column of a result.
struct ResultColumn {
  std::string name{};
  /// Whose values it has, as long as the query lives; nullptr: a cell is taken as it comes.
  const Field* type = nullptr;
};

/// The columns of one model in a result.
struct ResultRow {
  std::string path{};  ///< empty for the query's own model
  ModelPtr model{};
  std::size_t first = 0;  ///< position of its first column
  std::size_t key = 0;    ///< position of its primary key, within the result
};

struct SelectSentence : Sentence {
  std::vector<ResultColumn> columns{};
  std::vector<ResultRow> rows{};  ///< own model first; empty for chosen columns
  std::size_t annotations = 0;    ///< position of the first annotation
};

/// A column of a model as rows hold it, bases first.
struct ModelColumn {
  std::string name{};  ///< `<fk>_id` for keys
  const Field* field = nullptr;
  const Field* type = nullptr;
  ModelPtr owner{};
};
std::vector<ModelColumn> model_columns(const Paths& paths, const ModelPtr& model);

SelectSentence compile_select(const Paths& paths, const Query& query);
/// The row of `model` with the key that is its only parameter. Requires: it has a key of one
/// column.
SelectSentence compile_by_key(const Paths& paths, const ModelKey& model);
/// `SELECT COUNT(*)` of its rows.
Sentence compile_count(const Paths& paths, const Query& query);
/// One row where there is any.
Sentence compile_exists(const Paths& paths, const Query& query);
/// Aggregates over all its rows: one row.
SelectSentence compile_aggregate(const Paths& paths, const Query& query,
                                 const std::vector<QueryColumn>& aggregates);
/// Changes columns of the model's own table; values are expressions over the model.
Sentence compile_update(const Paths& paths, const Query& query,
                        const std::vector<QueryColumn>& changes);
/// Deletes the rows, and nothing else.
Sentence compile_delete(const Paths& paths, const Query& query);
/// True for heads that make one value of many rows.
bool is_aggregate(const std::string& head);
bool holds_aggregate(const Query& query, const Expression& expression);

}  // namespace turnstone::orm
