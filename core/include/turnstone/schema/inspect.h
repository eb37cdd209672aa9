#pragma once

#include <turnstone/db/dialect.h>
#include <turnstone/model/model.h>
#include <turnstone/schema/schema.h>

#include <string>
#include <vector>

namespace turnstone {

/// Something a person should know of a model that was made from a table.
struct InspectRemark {
  std::string model{};  ///< `Book`
  std::string field{};  ///< empty where it is about the whole model
  std::string text{};
};

struct InspectedModels {
  std::vector<ModelState> models{};  ///< by name of their tables
  std::vector<InspectRemark> remarks{};
};

/// The models of app `app` that a schema is made of, the way back from `lower`: lowering them gives
/// the tables again, as far as models can say what is there. Foreign keys, one-to-one relations and
/// tables of many-to-many relations are recognised; keys to tables that are not in `schema` become
/// plain fields. Names follow Django's `inspectdb`; what Django's names would not give is written
/// out (`db_table`, `db_column`, `db_names`). `views` names tables of `schema` that are views:
/// their models are unmanaged, as is one of a table without a primary key.
InspectedModels inspect_models(const Schema& schema, const Dialect& dialect, const std::string& app,
                               const std::vector<std::string>& views = {});

}  // namespace turnstone
