#include <turnstone/schema/differences.h>
#include <turnstone/schema/inspect.h>

#include <algorithm>
#include <utility>

#include "schema/item_identity.h"

namespace turnstone {
namespace {

/// Takes over into a wanted table what models cannot say of the live one.
class Carrier {
 public:
  Carrier(Table& wanted, const Table& live, std::vector<DatabaseObject>& carried)
      : wanted_(wanted), live_(live), carried_(carried) {}

  void run() {
    mark("STRICT", wanted_.strict, live_.strict);
    mark("WITHOUT ROWID", wanted_.without_rowid, live_.without_rowid);
    for (const Column& column : live_.columns) identity(column);
    for (const Key& key : live_.uniques) item("unique constraint", wanted_.uniques, key);
    for (const ForeignKeyConstraint& key : live_.foreign_keys) {
      item("foreign key", wanted_.foreign_keys, key);
    }
    for (const Exclusion& exclusion : live_.exclusions) {
      item("exclusion constraint", wanted_.exclusions, exclusion);
    }
    for (const TableIndex& index : live_.indexes) item("index", wanted_.indexes, index);
  }

 private:
  void note(const std::string& kind, const std::string& name, const Sql& definition) {
    carried_.push_back({kind, name, live_.name, definition});
  }

  void mark(const char* word, bool& wanted, bool live) {
    if (wanted || !live) return;
    wanted = true;
    note("mark", word, word);
  }

  void identity(const Column& column) {
    Column* own = wanted_.find_column(column.name);
    if (!own || own->identity != Column::Identity::none || !counts_beside_key(live_, column))
      return;
    if (own->default_sql || own->generated) return;
    own->identity = column.identity;
    note("identity column", column.name, definition(column));
  }

  template <class T>
  void item(const char* kind, std::vector<T>& wanted, const T& live) {
    if (is_sayable(live)) return;
    const bool known = std::any_of(wanted.begin(), wanted.end(), [&](const T& other) {
      return item_identity(other) == item_identity(live);
    });
    if (known) return;
    wanted.push_back(live);
    note(kind, item_identity(live), definition(live));
  }

  Table& wanted_;
  const Table& live_;
  std::vector<DatabaseObject>& carried_;
};

}  // namespace

std::optional<IndexType> index_type_of_method(const std::string& method) {
  static const std::vector<std::pair<std::string, IndexType>> types = {
      {"", IndexType::index},     {"hash", IndexType::hash}, {"gin", IndexType::gin},
      {"gist", IndexType::gist},  {"brin", IndexType::brin}, {"spgist", IndexType::spgist},
      {"bloom", IndexType::bloom}};
  for (const auto& [name, type] : types) {
    if (name == method) return type;
  }
  return std::nullopt;
}

bool is_sayable(const Key& key) { return key.include.empty(); }
bool is_sayable(const ForeignKeyConstraint& key) { return key.columns.size() == 1; }
bool is_sayable(const Exclusion& exclusion) {
  return exclusion.method == "gist" || exclusion.method == "spgist";
}
bool is_sayable(const TableIndex& index) {
  return index.unique || index_type_of_method(index.method).has_value();
}

bool counts_beside_key(const Table& table, const Column& column) {
  const bool key =
      table.primary_key && table.primary_key->columns == std::vector<std::string>{column.name};
  return column.identity != Column::Identity::none && !key;
}

Schema with_unsayable(const Schema& wanted, const Schema& live,
                      std::vector<DatabaseObject>& carried) {
  Schema result = wanted;
  live.each([&](const Table& table) {
    const TablePtr own = wanted.find(table.name);
    if (!own) return;
    Table with = *own;
    const std::size_t before = carried.size();
    Carrier(with, table, carried).run();
    if (carried.size() != before) result.set(std::move(with));
  });
  return result;
}

}  // namespace turnstone
