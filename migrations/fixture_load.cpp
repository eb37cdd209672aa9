#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/migrations/fixtures.h>
#include <turnstone/schema/lower.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "fixture_reader.h"
#include "fixture_table.h"
#include "fixture_values.h"

namespace turnstone::migrations {
// Named, for `FixtureLoader::Work` holds some of these.
namespace fixture_load {

using json::Node;

/// What is written in one statement, and what waits for it in memory.
constexpr std::size_t batch_rows = 200;
constexpr std::size_t batch_parameters = 5000;
constexpr std::size_t batch_bytes = 1024 * 1024;

/// The same error with the place of a row in front of what it says itself.
[[noreturn]] void rethrow_at(const std::string& where, const std::string& row, const Error& error) {
  const std::string message = row + ": " + error.what();
  if (const auto* database = dynamic_cast<const DatabaseError*>(&error)) {
    DatabaseError placed(message, database->details(), {});
    placed.at(where).advise(error.hint());
    throw placed;
  }
  throw Error(error.kind(), message, where, error.hint());
}

/// A row that is read, in the form of its columns.
struct Row {
  std::vector<Value> values{};
  std::string key{};    ///< for messages
  std::string where{};  ///< for messages
};

/// Which columns a row brings: rows of one shape go into one statement.
struct Shape {
  std::vector<std::size_t> slots{};
  bool operator==(const Shape&) const = default;
};

/// Writes the rows of one model.
class RowWriter {
 public:
  RowWriter(const ModelPtr& model, const ProjectState& state, Connection& connection,
            const Backend& backend, const Functions* functions)
      : table_(model, state, backend.dialect()),
        plain_(database_table(table_.model(), backend.dialect())),
        connection_(connection),
        dialect_(backend.dialect()),
        functions_(functions) {}

  const FixtureTable& table() const { return table_; }
  const std::string& plain_table() const { return plain_; }
  std::int64_t count = 0;        ///< rows that came
  bool always_identity = false;  ///< GENERATED ALWAYS: a given key has to be insisted on

  void add(Shape shape, Row row, std::size_t bytes) {
    if (!(shape == shape_) || needs_one_by_one(shape)) flush();
    shape_ = std::move(shape);
    waiting_.push_back(std::move(row));
    bytes_ += bytes;
    const bool full =
        waiting_.size() >= batch_rows || bytes_ >= batch_bytes ||
        (waiting_.size() + 1) * std::max<std::size_t>(1, shape_.slots.size()) > batch_parameters;
    if (full) flush();
  }

  /// Writes a row that has no key yet and gives the key it got.
  Value insert_new(const Shape& shape, const Row& row) {
    flush();
    shape_ = shape;
    BoundSql sql = insert_sql({&row});
    const std::size_t key = table_.keys().front();
    sql.sql += " RETURNING " + table_.column(key);
    try {
      const Rows back = connection_.query(sql.sql, sql.parameters);
      return table_.from_column(key, back.rows.at(0).at(0));
    } catch (const Error& error) {
      rethrow_at(row.where, label(row), error);
    }
  }

  void flush() {
    const std::vector<Row> rows = std::exchange(waiting_, {});
    bytes_ = 0;
    if (rows.empty()) return;
    const bool one_by_one = rows.size() == 1 || is_partial();
    if (!one_by_one && write_together(rows)) return;
    for (const Row& row : rows) {
      try {
        write_one(row);
      } catch (const Error& error) {
        rethrow_at(row.where, label(row), error);
      }
    }
  }

 private:
  std::string label(const Row& row) const { return table_.label() + " " + row.key; }

  /// `_order` that is not given counts the rows that are there.
  bool needs_one_by_one(const Shape& shape) const {
    return !order_slot().empty() && !has(shape, order_slot().front());
  }
  static bool has(const Shape& shape, std::size_t slot) {
    return std::find(shape.slots.begin(), shape.slots.end(), slot) != shape.slots.end();
  }
  /// The slot of `_order`, or none.
  std::vector<std::size_t> order_slot() const {
    if (table_.model().options.order_with_respect_to.empty()) return {};
    return {table_.slots().back()};
  }

  /// True where a row that is there already would not be replaced as a whole.
  bool is_partial() const {
    if (table_.keys().empty() || !has(shape_, table_.keys().front())) return false;
    return std::any_of(table_.slots().begin(), table_.slots().end(), [&](std::size_t slot) {
      return !has(shape_, slot) && !table_.is_generated(slot);
    });
  }

  /// What an INSERT lacks would be refused before the row was found to be there: a row of which
  /// only some fields are given is looked for first.
  void write_one(const Row& row) {
    if (is_partial() && update(row)) return;
    const BoundSql sql = insert_sql({&row});
    connection_.execute(sql.sql, sql.parameters);
  }

  /// False where there is no such row.
  bool update(const Row& row) {
    const auto& keys = table_.keys();
    BoundSql sql(dialect_);
    std::vector<std::string> sets;
    std::vector<std::string> found;
    for (const bool of_key : {false, true}) {
      for (std::size_t i = 0; i < shape_.slots.size(); ++i) {
        const std::size_t slot = shape_.slots[i];
        const bool is_key = std::find(keys.begin(), keys.end(), slot) != keys.end();
        if (is_key != of_key) continue;
        (of_key ? found : sets).push_back(table_.column(slot) + " = " + sql.bind(row.values[i]));
      }
    }
    const std::string where = " WHERE " + join(found, " AND ");
    if (sets.empty()) {
      sql.sql = "SELECT 1 FROM " + table_.table() + where;
      return !connection_.query(sql.sql, sql.parameters).rows.empty();
    }
    sql.sql = "UPDATE " + table_.table() + " SET " + join(sets, ", ") + where;
    return connection_.execute(sql.sql, sql.parameters) > 0;
  }

  /// False where the database refused: then nothing of it is left.
  bool write_together(const std::vector<Row>& rows) {
    std::vector<const Row*> all;
    for (const Row& row : rows) all.push_back(&row);
    const BoundSql sql = insert_sql(all);
    connection_.execute("SAVEPOINT turnstone_rows");
    try {
      connection_.execute(sql.sql, sql.parameters);
    } catch (const DatabaseError&) {
      if (!connection_.alive() || !connection_.in_transaction()) throw;
      connection_.execute("ROLLBACK TO SAVEPOINT turnstone_rows");
      connection_.execute("RELEASE SAVEPOINT turnstone_rows");
      return false;
    }
    connection_.execute("RELEASE SAVEPOINT turnstone_rows");
    return true;
  }

  /// Columns that are not given take their default.
  BoundSql insert_sql(const std::vector<const Row*>& rows) const {
    std::vector<std::string> columns;
    std::vector<std::string> updates;
    for (const std::size_t slot : shape_.slots) {
      const std::string& column = table_.column(slot);
      columns.push_back(column);
      const auto& keys = table_.keys();
      const bool key = std::find(keys.begin(), keys.end(), slot) != keys.end();
      if (!key) updates.push_back(column + " = excluded." + column);
    }
    std::vector<std::string> defaults;
    BoundSql sql(dialect_);
    for (const std::size_t slot : table_.slots()) {
      if (has(shape_, slot) || table_.is_generated(slot)) continue;
      std::string source = default_of(slot);
      if (source.empty()) continue;
      columns.push_back(table_.column(slot));
      defaults.push_back(std::move(source));
    }
    if (columns.empty()) {
      sql.sql = "INSERT INTO " + table_.table() + " DEFAULT VALUES";
      return sql;
    }
    std::vector<std::string> tuples;
    for (const Row* row : rows) {
      std::vector<std::string> sources;
      for (const Value& value : row->values) sources.push_back(sql.bind(value));
      sources.insert(sources.end(), defaults.begin(), defaults.end());
      if (needs_one_by_one(shape_)) sources.back() = next_order(*row, sql);
      tuples.push_back("(" + join(sources, ", ") + ")");
    }
    sql.sql = "INSERT INTO " + table_.table() + " (" + join(columns, ", ") + ")" +
              (always_identity ? " OVERRIDING SYSTEM VALUE" : "") + " VALUES " +
              join(tuples, ", ") + conflict_sql(updates);
    return sql;
  }

  std::string conflict_sql(const std::vector<std::string>& updates) const {
    std::vector<std::string> keys;
    for (const std::size_t key : table_.keys()) {
      if (!has(shape_, key)) return {};
      keys.push_back(table_.column(key));
    }
    if (keys.empty()) return {};
    return " ON CONFLICT (" + join(keys, ", ") + ") DO " +
           (updates.empty() ? "NOTHING" : "UPDATE SET " + join(updates, ", "));
  }

  std::string default_of(std::size_t slot) const {
    if (needs_one_by_one(shape_) && slot == order_slot().front()) return "0";
    return inserted_default(table_.field(slot), table_.type(slot), table_.model(), dialect_,
                            functions_);
  }

  /// `_order` behind the rows of the same group.
  std::string next_order(const Row& row, BoundSql& sql) const {
    const std::string& group = table_.model().options.order_with_respect_to;
    for (std::size_t i = 0; i < shape_.slots.size(); ++i) {
      const std::size_t slot = shape_.slots[i];
      if (table_.name(slot) != group) continue;
      return "(SELECT coalesce(max(\"_order\"), -1) + 1 FROM " + table_.table() + " WHERE " +
             table_.column(slot) + " = " + sql.bind(row.values[i]) + ")";
    }
    return "0";
  }

  FixtureTable table_;
  std::string plain_;
  Connection& connection_;
  const Dialect& dialect_;
  const Functions* functions_;
  Shape shape_{};
  std::vector<Row> waiting_{};
  std::size_t bytes_ = 0;
};

/// Replaces the links of rows, some rows at a time.
class LinkWriter {
 public:
  LinkWriter(const FixtureLinks& links, Connection& connection, const Dialect& dialect)
      : links_(links), connection_(connection), dialect_(dialect) {}
  const FixtureLinks& links() const { return links_; }

  struct Owner {
    Value key{};
    std::string text{};
    std::string where{};
  };
  void set(const Owner& owner, const std::vector<Value>& targets) {
    if (owners_.contains(owner.key)) flush();
    owners_.insert(owner.key);
    last_ = owner;
    for (const Value& target : targets) {
      pairs_.emplace_back(owner.key, target);
      if (2 * pairs_.size() >= batch_parameters) flush(true);
    }
    if (owners_.size() >= batch_rows) flush();
  }
  void flush() { flush(false); }

 private:
  /// `more`: other links of the last owner follow.
  void flush(bool more) {
    if (owners_.empty()) return;
    try {
      remove_old();
      add_new();
    } catch (const Error& error) {
      rethrow_at(last_.where, last_.text + ", \"" + links_.name() + "\"", error);
    }
    pairs_.clear();
    owners_.clear();
    cleared_.clear();
    if (!more) return;
    owners_.insert(last_.key);
    cleared_.insert(last_.key);
  }
  void remove_old() {
    BoundSql sql(dialect_);
    std::vector<std::string> marks;
    for (const Value& owner : owners_) {
      if (!cleared_.contains(owner)) marks.push_back(sql.bind(owner));
    }
    if (marks.empty()) return;
    sql.sql = "DELETE FROM " + links_.table() + " WHERE " + links_.owner_column() + " IN (" +
              join(marks, ", ") + ")";
    connection_.execute(sql.sql, sql.parameters);
  }
  void add_new() {
    if (pairs_.empty()) return;
    BoundSql sql(dialect_);
    std::vector<std::string> tuples;
    for (const auto& [owner, target] : pairs_) {
      const std::string first = sql.bind(owner);
      tuples.push_back("(" + first + ", " + sql.bind(target) + ")");
    }
    sql.sql = "INSERT INTO " + links_.table() + " (" + links_.owner_column() + ", " +
              links_.target_column() + ") VALUES " + join(tuples, ", ") + " ON CONFLICT DO NOTHING";
    connection_.execute(sql.sql, sql.parameters);
  }

  const FixtureLinks& links_;
  Connection& connection_;
  const Dialect& dialect_;
  Owner last_{};
  std::set<Value> owners_{};
  std::set<Value> cleared_{};  ///< those whose old links are gone already
  std::vector<std::pair<Value, Value>> pairs_{};
};

/// A model that rows came for.
struct LoadedModel {
  LoadedModel(const ModelPtr& model, const ProjectState& state, Connection& connection,
              const Backend& backend, const Functions* functions)
      : rows(model, state, connection, backend, functions) {
    for (const FixtureLinks& link : rows.table().links()) {
      links.emplace_back(link, connection, backend.dialect());
    }
  }
  RowWriter rows;
  std::vector<LinkWriter> links{};
};

}  // namespace fixture_load

class FixtureLoader::Work {
  using Node = json::Node;
  using LinkWriter = fixture_load::LinkWriter;
  using LoadedModel = fixture_load::LoadedModel;
  using Row = fixture_load::Row;
  using RowWriter = fixture_load::RowWriter;
  using Shape = fixture_load::Shape;

 public:
  Work(const ProjectState& state, Connection& connection, const Backend& backend,
       const Functions* functions)
      : state_(state),
        connection_(connection),
        backend_(backend),
        functions_(functions),
        schema_(lower(state, backend.dialect())),
        keys_(backend.waiting_keys(connection)) {
    state.each([&](const ModelPtr& model) { labels_.push_back(model->app + "." + model->name); });
  }

  std::int64_t load(std::istream& in, const std::string& file) {
    FixtureReader reader(in, file);
    std::int64_t count = 0;
    while (const auto item = reader.next()) {
      const std::string place = file + ": line " + std::to_string(item->position.line);
      add(Node(place, item->tree, "/" + std::to_string(item->index)), item->bytes);
      ++count;
    }
    return count;
  }

  std::vector<ModelRows> finish() {
    settle_batches();
    settle_keys();
    std::vector<ModelRows> counts;
    for (LoadedModel* target : order_) {
      const ModelState& model = target->rows.table().model();
      if (const TablePtr table = schema_.find(target->rows.plain_table())) {
        backend_.advance_counters(connection_, *table);
      }
      counts.push_back({model.app + "." + model.name, target->rows.count});
    }
    return counts;
  }

 private:
  LoadedModel& target_of(const Node& row) {
    const Node name = row.at("model");
    const ModelPtr model =
        name.name().find('.') == std::string::npos ? nullptr : state_.find(key_from(name.name()));
    if (!model) {
      name.fail("there is no model \"" + name.name() + "\"", did_you_mean(name.name(), labels_));
    }
    const ModelKey key = key_of(*concrete_model(state_, model));
    auto at = targets_.find(key);
    if (at == targets_.end()) {
      auto made = std::make_unique<LoadedModel>(model, state_, connection_, backend_, functions_);
      prepare(*made);
      at = targets_.emplace(key, std::move(made)).first;
      order_.push_back(at->second.get());
    }
    if (last_ && last_ != at->second.get()) last_->rows.flush();
    last_ = at->second.get();
    return *last_;
  }

  /// What has to be known and done before the first row.
  void prepare(LoadedModel& target) {
    if (const TablePtr table = schema_.find(target.rows.plain_table())) {
      keys_->wait(*table);
      target.rows.always_identity = std::any_of(
          table->columns.begin(), table->columns.end(),
          [](const Column& column) { return column.identity == Column::Identity::always; });
    }
    for (const LinkWriter& link : target.links) {
      if (const TablePtr table = schema_.find(link.links().plain_table())) keys_->wait(*table);
    }
  }

  void add(const Node& row, std::size_t bytes) {
    row.only_keys({"model", "pk", "fields"});
    LoadedModel& target = target_of(row);
    const Node fields = row.at("fields");
    if (!fields.is_object()) fields.expected("an object with the values of fields");
    const FixtureTable& table = target.rows.table();
    std::map<std::size_t, Value> values;
    std::vector<std::pair<LinkWriter*, std::vector<Value>>> links;
    for (const auto& [name, node] : fields.members()) {
      if (LinkWriter* link = link_of(target, name)) {
        links.emplace_back(
            link, link_values(link->links(), node, table.model().app + "." + table.model().name));
        continue;
      }
      const std::size_t slot = slot_of(table, name, node);
      if (table.is_generated(slot)) continue;
      if (!values.emplace(slot, column_value(table, slot, node)).second) {
        node.fail("the field \"" + table.name(slot) + "\" is given twice");
      }
    }
    add_key(table, row, values);
    write(target, row, std::move(values), links, bytes);
  }

  void write(LoadedModel& target, const Node& node, std::map<std::size_t, Value> values,
             const std::vector<std::pair<LinkWriter*, std::vector<Value>>>& links,
             std::size_t bytes) {
    const FixtureTable& table = target.rows.table();
    Shape shape;
    Row row{.key = key_text(table, values), .where = node.where()};
    for (auto& [slot, value] : values) {
      shape.slots.push_back(slot);
      row.values.push_back(std::move(value));
    }
    ++target.rows.count;
    LinkWriter::Owner owner{.text = table.label() + " " + row.key, .where = row.where};
    const bool has_key = !table.keys().empty() && values.contains(table.keys().front());
    if (has_key) {
      const auto at = std::find(shape.slots.begin(), shape.slots.end(), table.keys().front());
      owner.key = row.values[static_cast<std::size_t>(at - shape.slots.begin())];
      target.rows.add(std::move(shape), std::move(row), bytes);
    } else if (table.keys().size() == 1) {
      const Value key = target.rows.insert_new(shape, row);
      owner.key = table.to_column(table.keys().front(), key);
    } else {
      target.rows.add(std::move(shape), std::move(row), bytes);
    }
    for (const auto& [link, targets] : links) link->set(owner, targets);
  }

  static LinkWriter* link_of(LoadedModel& target, const std::string& name) {
    for (LinkWriter& link : target.links) {
      if (link.links().name() == name) return &link;
    }
    return nullptr;
  }

  static std::size_t slot_of(const FixtureTable& table, const std::string& name, const Node& node) {
    std::vector<std::string> names;
    for (const std::size_t slot : table.slots()) {
      if (table.name(slot) == name || attribute_name(table.field(slot)) == name) return slot;
      names.push_back(table.name(slot));
    }
    for (const FixtureLinks& link : table.links()) names.push_back(link.name());
    const ModelState& model = table.model();
    std::string hint = did_you_mean(name, names);
    const Field* field = model.find_field(name);
    if (field && field->type == FieldType::many_to_many) {
      hint = "its rows are those of " + field->through;
    } else if (hint.empty() && !model.bases.empty()) {
      hint = "fields of a base stand in the row of the base";
    }
    node.fail(model.app + "." + model.name + " has no field \"" + name + "\"", hint);
  }

  /// A value in the form of its column.
  Value column_value(const FixtureTable& table, std::size_t slot, const Node& node) const {
    const Field& field = table.field(slot);
    const Field& type = table.type(slot);
    if (is_relation(field.type) && node.is_array()) {
      node.fail("natural keys are not known here, give the primary key of the row that \"" +
                field.name + "\" refers to");
    }
    // A column that may not be NULL can hold the document null.
    const bool document = type.type == FieldType::json && node.is_null() && !field.null;
    return converted(
        node, document ? Value(Json::null()) : fixture_value(node, type, name_of(table, field)),
        [&](const Value& value) { return table.to_column(slot, value); });
  }

  static std::string name_of(const FixtureTable& table, const Field& field) {
    return table.model().app + "." + table.model().name + "." + field.name;
  }

  static std::vector<Value> link_values(const FixtureLinks& links, const Node& node,
                                        const std::string& owner) {
    if (!node.is_array()) node.expected("a list of primary keys");
    std::vector<Value> values;
    for (const Node& item : node.items()) {
      if (item.is_null()) item.expected("a primary key");
      values.push_back(
          converted(item, fixture_value(item, links.target_type(), owner + "." + links.name()),
                    [&](const Value& value) { return links.target_cell(value); }));
    }
    return values;
  }

  template <class Convert>
  static Value converted(const Node& node, const Value& value, const Convert& convert) {
    try {
      return convert(value);
    } catch (const Error& error) {
      node.fail(error.what(), error.hint());
    }
  }

  void add_key(const FixtureTable& table, const Node& row,
               std::map<std::size_t, Value>& values) const {
    const auto pk = row.find("pk");
    const auto& keys = table.keys();
    if (!pk || pk->is_null()) {
      for (const std::size_t key : keys) {
        if (values.contains(key)) continue;
        const Field& field = table.field(key);
        const bool made = is_auto(field.type) || field.default_value || field.db_default;
        if (!made)
          row.fail("the row needs a \"pk\": the key of " + table.label() +
                   " is not made by itself");
      }
      return;
    }
    std::vector<Node> parts{*pk};
    if (keys.size() != 1) {
      if (!pk->is_array() || pk->items().size() != keys.size()) {
        pk->expected("a list of " + std::to_string(keys.size()) + " values, the key");
      }
      parts = pk->items();
    }
    for (std::size_t i = 0; i < keys.size(); ++i) {
      Value value = column_value(table, keys[i], parts[i]);
      const auto [at, added] = values.emplace(keys[i], value);
      if (added || at->second == value) continue;
      parts[i].fail("the key and the field \"" + table.name(keys[i]) + "\" differ");
    }
  }

  static std::string key_text(const FixtureTable& table,
                              const std::map<std::size_t, Value>& values) {
    std::vector<std::string> parts;
    for (const std::size_t key : table.keys()) {
      const auto at = values.find(key);
      if (at == values.end()) return "(new)";
      parts.push_back(fixture_json(table.from_column(key, at->second)));
    }
    return parts.size() == 1 ? parts.front() : "[" + join(parts, ", ") + "]";
  }

  void settle_batches() {
    for (LoadedModel* target : order_) {
      target->rows.flush();
      for (LinkWriter& link : target->links) link.flush();
    }
  }

  void settle_keys() {
    try {
      keys_->settle();
    } catch (const DatabaseError& error) {
      if (error.database_kind() != DatabaseErrorKind::foreign_key || !connection_.alive()) throw;
      for (LoadedModel* target : order_) {
        find_dangling(target->rows, nullptr);
        for (const LinkWriter& link : target->links) find_dangling(target->rows, &link.links());
      }
      throw;
    }
  }

  /// Throws for the first row that refers to a row that is not there: a row of the model, or of the
  /// table of its field `links`.
  void find_dangling(const RowWriter& rows, const FixtureLinks* links) const {
    const TablePtr table = schema_.find(links ? links->plain_table() : rows.plain_table());
    if (!table) return;
    const FixtureTable& model = rows.table();
    std::vector<std::string> naming;
    for (const std::size_t key : model.keys()) naming.push_back(model.column(key));
    if (links) naming = {links->owner_column()};
    for (const ForeignKeyConstraint& key : table->foreign_keys) {
      std::vector<std::string> referring;
      for (const std::string& column : key.columns) referring.push_back(quote_identifier(column));
      const Rows found = dangling(*table, key, naming, referring);
      if (found.rows.empty()) continue;
      const auto& cells = found.rows.front();
      const auto texts = [&](const std::vector<std::string>& columns, std::size_t from) {
        std::vector<std::string> parts;
        for (std::size_t i = 0; i < columns.size(); ++i) {
          parts.push_back(cell_text(model, links, columns[i], cells[from + i]));
        }
        return join(parts, ", ");
      };
      throw DatabaseError(
          model.label() + " " + texts(naming, 0) + ": \"" +
              (links ? links->name() : field_of(model, referring.front())) + "\" refers to " +
              texts(referring, naming.size()) + ", which table \"" + key.target_table +
              "\" does not have",
          {.kind = DatabaseErrorKind::foreign_key, .constraint = key.name, .table = table->name},
          {});
    }
  }

  static std::string field_of(const FixtureTable& model, const std::string& column) {
    for (const std::size_t slot : model.slots()) {
      if (model.column(slot) == column) return model.name(slot);
    }
    return column;
  }

  static std::string cell_text(const FixtureTable& model, const FixtureLinks* links,
                               const std::string& column, const Value& cell) {
    if (links && column == links->target_column()) return fixture_json(links->target_value(cell));
    if (links) return fixture_json(model.from_column(model.keys().front(), cell));
    for (const std::size_t slot : model.slots()) {
      if (model.column(slot) == column) return fixture_json(model.from_column(slot, cell));
    }
    return fixture_json(cell);
  }

  /// The first row whose key points nowhere: the columns that name it, then those that refer.
  Rows dangling(const Table& table, const ForeignKeyConstraint& key,
                const std::vector<std::string>& naming,
                const std::vector<std::string>& referring) const {
    std::vector<std::string> shown;
    for (const std::string& column : naming) shown.push_back("\"c\"." + column);
    const std::string order = shown.empty() ? std::string() : " ORDER BY " + join(shown, ", ");
    std::vector<std::string> present;
    std::vector<std::string> equal;
    for (std::size_t i = 0; i < referring.size(); ++i) {
      shown.push_back("\"c\"." + referring[i]);
      present.push_back(shown.back() + " IS NOT NULL");
      equal.push_back("\"p\"." + quote_identifier(key.target_columns[i]) + " = " + shown.back());
    }
    const Dialect& dialect = backend_.dialect();
    return connection_.query("SELECT " + join(shown, ", ") + " FROM " +
                             table_sql(table.name, dialect) + " AS \"c\" WHERE " +
                             join(present, " AND ") + " AND NOT EXISTS (SELECT 1 FROM " +
                             table_sql(key.target_table, dialect) + " AS \"p\" WHERE " +
                             join(equal, " AND ") + ")" + order + " LIMIT 1");
  }

  const ProjectState& state_;
  Connection& connection_;
  const Backend& backend_;
  const Functions* functions_;
  Schema schema_;
  std::unique_ptr<Backend::WaitingKeys> keys_;
  std::vector<std::string> labels_{};
  std::map<ModelKey, std::unique_ptr<LoadedModel>> targets_{};
  std::vector<LoadedModel*> order_{};
  LoadedModel* last_ = nullptr;
};

FixtureLoader::FixtureLoader(const ProjectState& state, Connection& connection,
                             const Backend& backend, const Functions* functions)
    : work_(std::make_unique<Work>(state, connection, backend, functions)) {}
FixtureLoader::~FixtureLoader() = default;

std::int64_t FixtureLoader::load(std::istream& in, const std::string& file) {
  return work_->load(in, file);
}

std::vector<ModelRows> FixtureLoader::finish() { return work_->finish(); }

}  // namespace turnstone::migrations
