#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/migrations/fixtures.h>
#include <turnstone/schema/lower.h>

#include <algorithm>
#include <ostream>
#include <set>

#include "fixture_table.h"
#include "fixture_values.h"

namespace turnstone::migrations {
namespace {

std::string json_text(std::string_view text) { return Json::of(text).text(); }

/// `tags` of the rows of a model, row by row in the order of the rows.
class LinkColumn {
 public:
  LinkColumn(const FixtureTable& table, const FixtureLinks& links, Connection& connection,
             const Dialect& dialect)
      : links_(links) {
    const Sql owner = table.sql_of(table.keys().front());
    const Sql target = "\"m\"." + links.target_column();
    cursor_ = connection.cursor("SELECT " + owner + ", " + target + table.from() + " JOIN " +
                                links.table() + " AS \"m\" ON \"m\"." + links.owner_column() +
                                " = " + owner + " ORDER BY " +
                                dialect.byte_order(owner, table.type(table.keys().front())) + ", " +
                                dialect.byte_order(target, links.target_type()));
    there_ = cursor_->next(row_);
  }
  std::string json_for(const Value& key) {
    std::string items;
    for (; there_ && row_[0] == key; there_ = cursor_->next(row_)) {
      items += (items.empty() ? "" : ", ") + fixture_json(links_.target_value(row_[1]));
    }
    return "[" + items + "]";
  }

 private:
  const FixtureLinks& links_;
  std::unique_ptr<Cursor> cursor_{};
  std::vector<Value> row_{};
  bool there_ = false;
};

/// Writes the rows of one model.
class Dumper {
 public:
  Dumper(const ModelPtr& model, const ProjectState& state, Connection& connection,
         const Dialect& dialect)
      : table_(model, state, dialect), connection_(connection), dialect_(dialect) {}

  /// Calls `write` with the JSON of each row.
  std::int64_t dump(const std::function<void(const std::string&)>& write) {
    std::vector<std::string> columns;
    for (const std::size_t slot : table_.slots()) {
      if (table_.is_generated(slot)) continue;
      slots_.push_back(slot);
      columns.push_back(table_.sql_of(slot));
    }
    std::vector<std::string> order;
    for (const std::size_t key : table_.keys()) {
      order.push_back(dialect_.byte_order(table_.sql_of(key), table_.type(key)));
      const auto at = std::find(slots_.begin(), slots_.end(), key);
      key_positions_.push_back(static_cast<std::size_t>(at - slots_.begin()));
    }
    const auto cursor = connection_.cursor("SELECT " + join(columns, ", ") + table_.from() +
                                           (order.empty() ? "" : " ORDER BY " + join(order, ", ")));
    std::int64_t count = 0;
    std::vector<LinkColumn> links;
    for (const FixtureLinks& link : table_.links()) {
      links.emplace_back(table_, link, connection_, dialect_);
    }
    for (std::vector<Value> cells; cursor->next(cells); ++count) write(row_json(cells, links));
    return count;
  }

 private:
  std::string row_json(const std::vector<Value>& cells, std::vector<LinkColumn>& links) const {
    std::vector<std::string> values;
    for (std::size_t i = 0; i < cells.size(); ++i) values.push_back(cell_json(cells, i));
    std::vector<std::string> members;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      const bool own_key = key_positions_.size() == 1 && key_positions_.front() == i;
      if (!own_key) members.push_back(json_text(table_.name(slots_[i])) + ": " + values[i]);
    }
    for (std::size_t i = 0; i < links.size(); ++i) {
      members.push_back(json_text(table_.links()[i].name()) + ": " +
                        links[i].json_for(cells[key_positions_.front()]));
    }
    return "{\"model\": " + json_text(table_.label()) + ", \"pk\": " + key_json(values) +
           ", \"fields\": {" + join(members, ", ") + "}}";
  }
  std::string key_json(const std::vector<std::string>& values) const {
    if (key_positions_.size() == 1) return values[key_positions_.front()];
    if (key_positions_.empty()) return "null";
    std::vector<std::string> parts;
    for (const std::size_t position : key_positions_) parts.push_back(values[position]);
    return "[" + join(parts, ", ") + "]";
  }
  std::string cell_json(const std::vector<Value>& cells, std::size_t i) const {
    try {
      return fixture_json(table_.from_column(slots_[i], cells[i]));
    } catch (Error& error) {
      std::string key;
      for (const std::size_t position : key_positions_) {
        // The key itself may be what cannot be said.
        if (position != i) key += " " + fixture_json(cells[position]);
      }
      throw Error(ErrorKind::database, error.what(),
                  table_.label() + (key.empty() ? "" : " row" + key) + ", field \"" +
                      table_.name(slots_[i]) + "\"",
                  error.hint());
    }
  }

  FixtureTable table_;
  Connection& connection_;
  const Dialect& dialect_;
  std::vector<std::size_t> slots_{};
  std::vector<std::size_t> key_positions_{};
};

/// Puts models behind those they refer to. What refers to each other keeps its order.
class Sorter {
 public:
  Sorter(const ProjectState& state, const std::set<ModelKey>& wanted)
      : state_(state), wanted_(wanted) {}
  std::vector<ModelPtr> sorted() {
    for (const ModelKey& key : wanted_) visit(key);
    return std::move(order_);
  }

 private:
  void visit(const ModelKey& key) {
    if (!wanted_.contains(key) || !seen_.insert(key).second) return;
    const ModelPtr model = state_.get(key);
    for (const std::string& base : model->bases) refer(state_.find(key_from(base, model->app)));
    for (const Field& field : model->fields) {
      if (is_relation(field.type)) refer(state_.target_model(*model, field));
    }
    order_.push_back(model);
  }
  void refer(const ModelPtr& model) {
    if (model) visit(key_of(*concrete_model(state_, model)));
  }

  const ProjectState& state_;
  const std::set<ModelKey>& wanted_;
  std::set<ModelKey> seen_{};
  std::vector<ModelPtr> order_{};
};

}  // namespace

std::vector<ModelPtr> fixture_order(const ProjectState& state,
                                    const std::function<bool(const ModelState&)>& wanted) {
  std::set<ModelKey> keys;
  state.each([&](const ModelPtr& model) {
    if (!model->options.proxy && wanted(*model)) keys.insert(key_of(*model));
  });
  return Sorter(state, keys).sorted();
}

std::vector<ModelRows> dump_rows(const ProjectState& state, const std::vector<ModelPtr>& models,
                                 Connection& connection, const Backend& backend, int indent,
                                 std::ostream& out) {
  const Dialect& dialect = backend.dialect();
  bool first = true;
  const auto write = [&](const std::string& row) {
    out << (first ? "[\n" : ",\n")
        << (indent > 0 ? json::exact_text(json::parse_exactly({}, row), indent) : row);
    first = false;
  };
  std::vector<ModelRows> written;
  for (const ModelPtr& model : models) {
    const bool there =
        model->options.managed || backend.has_table(connection, database_table(*model, dialect));
    if (!there) continue;
    const std::int64_t rows = Dumper(model, state, connection, dialect).dump(write);
    written.push_back({model->app + "." + model->name, rows});
  }
  out << (first ? "[]\n" : "\n]\n");
  return written;
}

std::vector<std::string> flush_rows(const ProjectState& state, Connection& connection,
                                    const Backend& backend) {
  const Schema schema = lower(state, backend.dialect());
  std::vector<TablePtr> tables;
  std::vector<std::string> names;
  schema.each([&](const Table& table) {
    if (!backend.has_table(connection, table.name)) return;
    tables.push_back(schema.find(table.name));
    names.push_back(table.name);
  });
  backend.empty(connection, tables);
  return names;
}

}  // namespace turnstone::migrations
