#pragma once

#include <turnstone/model/expression.h>
#include <turnstone/model/model.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// A query as data. The typed face and the one with names both build it; one compiler in
// `core/orm` turns it into SQL.

namespace turnstone {

/// A named expression of a query.
struct QueryColumn {
  std::string name{};
  Expression expression{};
  bool hidden = false;  ///< conditions and orders may name it, and no row has it
};

/// Rows that are loaded behind a query, by one more query for each relation.
struct Prefetch {
  std::string path{};                    ///< names of relations, joined by `__`
  std::shared_ptr<const Query> query{};  ///< which rows and in which order; all unless given
};

/// What is asked of the rows of one model.
///
/// Fields in expressions are paths of names joined by `__`: fields, `<fk>_id`, `pk`, relations
/// forwards and backwards (`related_query_name`, `related_name`, or the model's name in lower
/// case), names of annotations. Beside the heads of `formats.md` a query knows `count`, `sum`,
/// `avg`, `min`, `max`, `stddev`, `variance` (their operand may be `distinct`(x);
/// `filter`(aggregate, condition) counts some rows only), `exists` and `subquery` of a query,
/// `outer`(field) within those, `in` with a subquery, `window`(function, `partition`(…),
/// `order`(…)).
///
/// A condition over rows that are many holds when one of them meets it: it never doubles rows.
/// Conditions in one `and` that go over the same relation speak of the same row. A condition is
/// true or not: compared with NULL it is not, and `not` of it is.
struct Query {
  enum class Combine { none, union_distinct, union_all, intersection, difference };

  ModelKey model{};
  std::vector<Expression> filters{};  ///< all must hold
  std::vector<Expression> order{};    ///< `asc`(x), `desc`(x, "nulls_last"), or x
  bool ordered = false;               ///< `order` was given; else the model's own
  bool reversed = false;
  bool distinct = false;
  std::vector<Expression> distinct_on{};  ///< PostgreSQL
  std::int64_t offset = 0;
  std::optional<std::int64_t> limit{};
  bool by_key = false;  ///< where nothing else gives an order, the primary key does
  bool nothing = false;
  std::vector<QueryColumn> annotations{};  ///< beside the columns of the model
  std::vector<QueryColumn> columns{};      ///< instead of them
  std::vector<std::string> related{};      ///< paths that are joined and loaded
  std::vector<Prefetch> prefetch{};
  // Rows that stay locked until the transaction ends.
  bool lock = false;
  bool lock_nowait = false;
  bool lock_skip = false;
  std::vector<std::string> lock_of{};  ///< relations; empty for all tables, `self` for the model's
  // Queries with the same columns.
  Combine combine = Combine::none;
  std::vector<std::shared_ptr<const Query>> parts{};
  // Where in the program a session's query was made, for warnings.
  const char* file = nullptr;
  int line = 0;

  bool sliced() const { return offset != 0 || limit.has_value(); }
};

}  // namespace turnstone
