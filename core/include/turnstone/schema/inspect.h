#pragma once

#include <turnstone/db/dialect.h>
#include <turnstone/model/model.h>
#include <turnstone/schema/schema.h>

#include <optional>
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

// What models have no word for, although it is part of a table.

/// The type of index models name a method by; none for a method of an extension they do not know.
std::optional<IndexType> index_type_of_method(const std::string& method);
bool is_sayable(const Key& key);                   ///< not with INCLUDE
bool is_sayable(const ForeignKeyConstraint& key);  ///< not of several columns
bool is_sayable(const Exclusion& exclusion);       ///< GiST and SP-GiST alone
bool is_sayable(const TableIndex& index);
/// True for a column that counts by itself (an identity, `serial`) and is not the primary key.
bool counts_beside_key(const Table& table, const Column& column);

/// `wanted` with all of that from the tables of `live` by the same names, so that comparing the two
/// does not find it, and making one of the other keeps it. What `wanted` has by the same name stays
/// as it is. `carried` gets each thing that was taken over.
Schema with_unsayable(const Schema& wanted, const Schema& live,
                      std::vector<DatabaseObject>& carried);

}  // namespace turnstone
