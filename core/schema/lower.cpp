#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/match.h>
#include <turnstone/schema/lower.h>
#include <turnstone/schema/naming.h>

#include <algorithm>
#include <map>
#include <set>

namespace turnstone {
namespace {

std::string place(const ModelState& model) { return model.app + "." + model.name; }

bool has_table(const ModelState& model) {
  return model.options.managed && !model.options.proxy && !model.options.abstract;
}

/// The model whose table a reference to `model` means: a proxy stands for its concrete base.
ModelPtr concrete_model(const ProjectState& state, ModelPtr model) {
  while (model->options.proxy && !model->bases.empty()) {
    model = state.get(key_from(model->bases.front(), model->app));
  }
  return model;
}

/// Where a foreign key points: table, column, and the field there.
struct KeyTarget {
  ModelPtr model{};
  const Field* field = nullptr;
};

KeyTarget key_target(const ProjectState& state, const ModelState& model, const Field& relation) {
  const Field& field = state.target_field(model, relation);
  for (ModelPtr at = state.target_model(model, relation); at;) {
    const bool here = std::any_of(at->fields.begin(), at->fields.end(),
                                  [&](const Field& f) { return &f == &field; });
    if (here) return {at, &field};
    at = at->bases.empty() ? nullptr : state.find(key_from(at->bases.front(), at->app));
  }
  return {concrete_model(state, state.target_model(model, relation)), &field};
}

Key::Timing timing_of(Deferrable deferrable) {
  switch (deferrable) {
    case Deferrable::no:
      return Key::Timing::immediate_always;
    case Deferrable::immediate:
      return Key::Timing::initially_immediate;
    case Deferrable::deferred:
      return Key::Timing::initially_deferred;
  }
  return Key::Timing::immediate_always;
}

std::string truncated(const std::string& table, const Dialect& dialect) {
  const Features& features = dialect.features();
  return features.schemas ? truncated_table_name(table, features.max_identifier_bytes)
                          : truncated_name(table, features.max_identifier_bytes);
}

std::string database_on_update(const Field& field) {
  std::string rule = field.db_on_update;
  std::replace(rule.begin(), rule.end(), '_', ' ');
  return rule;
}

Key::Timing timing_of_key(const Field& field) {
  if (field.db_deferrable == "no") return Key::Timing::immediate_always;
  if (field.db_deferrable == "immediate") return Key::Timing::initially_immediate;
  return Key::Timing::initially_deferred;
}

std::string database_on_delete(const Field& field) {
  if (!field.db_on_delete) return {};
  switch (field.on_delete) {
    case OnDelete::cascade:
      return "CASCADE";
    case OnDelete::set_null:
      return "SET NULL";
    case OnDelete::set_default:
      return "SET DEFAULT";
    case OnDelete::restrict:
    case OnDelete::protect:
      return "RESTRICT";
    case OnDelete::none:
    case OnDelete::set:
    case OnDelete::do_nothing:
      break;
  }
  return {};
}

/// Throws Error{unsupported} for a generated column that is not stored where all are, or that is
/// made of another one. Source: PostgreSQL 15, CREATE TABLE, GENERATED ALWAYS AS.
void require_stored(const ModelState& model, const Field& field, const Dialect& dialect) {
  if (field.type != FieldType::generated || dialect.features().virtual_columns) return;
  any_field(*field.expression, [&](const std::string& name) {
    const Field* used = model.resolve_field(name);
    if (!used || used->type != FieldType::generated) return false;
    throw Error(ErrorKind::unsupported,
                std::string(dialect.name()) +
                    " has no generated columns that are made of generated columns",
                place(model) + "." + field.name,
                "write the expression of \"" + name + "\" in place of its name");
  });
  if (field.db_persist) return;
  throw Error(ErrorKind::unsupported,
              std::string(dialect.name()) + " has no virtual generated columns",
              place(model) + "." + field.name, "set \"db_persist\": true, which stores the values");
}

/// Makes the tables of one model.
class Lowering {
 public:
  Lowering(const ProjectState& state, const ModelState& model, const Dialect& dialect)
      : state_(state), model_(model), dialect_(dialect), features_(dialect.features()) {}

  std::vector<Table> tables() {
    if (!has_table(model_)) return {};
    table_.name = database_table(model_, dialect_);
    if (features_.comments) table_.comment = model_.options.db_table_comment;
    if (features_.schemas) table_.tablespace = model_.options.db_tablespace;
    for (const Field& field : model_.fields) {
      if (has_column(field)) add_column(field);
    }
    for (const Field& field : model_.fields) {
      if (field.type != FieldType::composite_primary_key) continue;
      std::vector<std::string> columns;
      for (const std::string& name : field.fields) columns.push_back(column_of(name));
      table_.primary_key = Key{.name = primary_key_name(field, columns), .columns = columns};
    }
    if (!model_.options.order_with_respect_to.empty()) {
      Field order{.name = "_order", .type = FieldType::integer};
      table_.columns.push_back(Column{.name = "_order", .type = dialect_.column_type(order)});
    }
    for (const std::vector<std::string>& names : model_.options.unique_together) {
      std::vector<std::string> columns;
      for (const std::string& name : names) columns.push_back(column_of(name));
      add_unique(part_name(table_.name, columns, "_uniq"), columns, Key::Timing::immediate_always);
    }
    for (const Constraint& constraint : model_.options.constraints) {
      match(constraint, AddConstraint{*this});
    }
    for (const Index& index : model_.options.indexes) add_index(index);
    std::vector<Table> tables{std::move(table_)};
    for (const Field& field : model_.fields) {
      if (field.type == FieldType::many_to_many && field.through.empty()) {
        tables.push_back(many_to_many(field));
      }
    }
    return tables;
  }

 private:
  struct AddConstraint {
    Lowering& lowering;
    void operator()(const CheckConstraint& c) const { lowering.add_check(c); }
    void operator()(const UniqueConstraint& c) const { lowering.add_unique(c); }
    void operator()(const ExclusionConstraint& c) const { lowering.add_exclusion(c); }
  };

  std::string column_of(const std::string& field) const {
    const Field* found = model_.resolve_field(field);
    if (!found && field == "_order") return field;
    if (!found || !has_column(*found)) {
      std::vector<std::string> names;
      for (const Field& f : model_.fields) names.push_back(f.name);
      throw Error(ErrorKind::bad_model, "there is no column for field \"" + field + "\"",
                  place(model_), did_you_mean(field, names));
    }
    return column_name(*found);
  }

  Sql sql(const Expression& expression) const {
    return expression_sql(expression, model_, state_, dialect_);
  }
  Sql sql(const std::optional<Expression>& expression) const {
    return expression ? sql(*expression) : Sql{};
  }

  /// Name of something that has one only where the database names such things.
  std::string implicit_name(const std::vector<std::string>& columns,
                            const std::string& suffix) const {
    return implicit_name(table_.name, columns, suffix);
  }
  std::string implicit_name(const std::string& table, const std::vector<std::string>& columns,
                            const std::string& suffix) const {
    if (!features_.names_implicit_constraints) return {};
    return part_name(table, columns, suffix);
  }
  /// The name `field` asks for, else `made`.
  static std::string own_name(const Field& field, const char* kind, std::string made) {
    const auto own = field.db_names.find(kind);
    return own == field.db_names.end() ? std::move(made) : own->second;
  }
  /// The same where the database names such things.
  std::string implicit_name(const Field& field, const char* kind, std::string made) const {
    return features_.names_implicit_constraints ? own_name(field, kind, std::move(made)) : made;
  }
  std::string primary_key_name(const Field& field, const std::vector<std::string>& columns) const {
    return implicit_name(field, "primary_key", implicit_name(columns, "_pk"));
  }
  /// Name of an index or constraint, without the schema of its table.
  std::string part_name(const std::string& table, const std::vector<std::string>& columns,
                        const std::string& suffix) const {
    return index_name(bare(table), columns, suffix, features_.max_identifier_bytes);
  }
  std::string bare(const std::string& table) const {
    return features_.schemas ? std::string(bare_table_name(table)) : table;
  }

  void add_column(const Field& field) {
    const Field& resolved = resolved_field(state_, model_, field);
    const bool relation = is_relation(field.type);
    Column column{.name = column_name(field)};
    column.type = relation ? dialect_.key_type(resolved) : dialect_.column_type(field);
    column.nullable = field.null && !field.primary_key;
    column.collation = relation ? resolved.db_collation : field.db_collation;
    if (is_auto(field.type)) column.identity = identity_of(field);
    if (features_.comments) column.comment = field.db_comment;
    if (field.db_default) column.default_sql = default_sql(*field.db_default, resolved);
    if (field.type == FieldType::generated) {
      require_stored(model_, field, dialect_);
      column.nullable = true;
      column.generated = sql(field.expression);
      column.generated_stored = field.db_persist;
    }
    table_.columns.push_back(column);
    if (field.primary_key) {
      table_.primary_key =
          Key{.name = primary_key_name(field, {column.name}), .columns = {column.name}};
      if (features_.schemas) table_.primary_key->tablespace = index_tablespace(field.db_tablespace);
    } else if (is_unique(field)) {
      add_unique(own_name(field, "unique", part_name(table_.name, {column.name}, "_uniq")),
                 {column.name}, Key::Timing::immediate_always,
                 index_tablespace(field.db_tablespace));
    } else if (wants_index(field)) {
      add_plain_index(table_, own_name(field, "index", part_name(table_.name, {column.name}, "")),
                      column.name, index_tablespace(field.db_tablespace));
    }
    if (is_unique(field) || wants_index(field)) {
      add_like_index(table_,
                     own_name(field, "like", part_name(table_.name, {column.name}, "_like")),
                     column, resolved, index_tablespace(field.db_tablespace));
    }
    if (!relation) {
      if (const auto condition = dialect_.column_check(field, column.name)) {
        table_.checks.push_back(
            Check{.name = implicit_name(field, "check", implicit_name({column.name}, "_check")),
                  .condition = *condition,
                  .column = column.name});
      }
    } else if (field.db_constraint) {
      const KeyTarget target = key_target(state_, model_, field);
      ForeignKeyConstraint key =
          foreign_key(table_.name, column.name, database_table(*target.model, dialect_),
                      column_name(*target.field), database_on_delete(field));
      key.name = implicit_name(field, "foreign_key", std::move(key.name));
      key.on_update = database_on_update(field);
      key.timing = timing_of_key(field);
      table_.foreign_keys.push_back(std::move(key));
    }
  }

  Column::Identity identity_of(const Field& field) const {
    if (features_.names_implicit_constraints) {
      return field.db_identity == "always" ? Column::Identity::always
                                           : Column::Identity::by_default;
    }
    return field.db_identity == "rowid" ? Column::Identity::none : Column::Identity::by_default;
  }

  Sql default_sql(const Expression& expression, const Field& type) const {
    if (expression.kind == Expression::Kind::literal) {
      if (expression.value.is_null()) return "NULL";
      return dialect_.literal(expression.value, expression.type ? *expression.type : type);
    }
    return "(" + sql(expression) + ")";
  }

  void add_unique(const std::string& name, const std::vector<std::string>& columns,
                  Key::Timing timing, const std::string& tablespace = {}) {
    if (!features_.unique_as_index || name.empty()) {
      Key key{.name = name, .columns = columns, .timing = timing};
      if (features_.schemas) key.tablespace = tablespace;
      table_.uniques.push_back(std::move(key));
      return;
    }
    TableIndex index{.name = name, .unique = true};
    for (const std::string& column : columns) index.parts.push_back(IndexPart{.column = column});
    table_.indexes.push_back(std::move(index));
  }

  /// Indexes are where the table is, unless something else is said.
  const std::string& index_tablespace(const std::string& own) const {
    return own.empty() ? model_.options.db_tablespace : own;
  }

  void add_plain_index(Table& table, const std::string& name, const std::string& column,
                       const std::string& tablespace) const {
    TableIndex index{.name = name};
    index.parts.push_back(IndexPart{.column = column});
    if (features_.schemas) index.tablespace = tablespace;
    table.indexes.push_back(std::move(index));
  }

  /// PostgreSQL's extra index for LIKE 'x%' on indexed text. None where the column has a collation
  /// of its own: pattern operators refuse non-deterministic ones.
  void add_like_index(Table& table, const std::string& name, const Column& column,
                      const Field& resolved, const std::string& tablespace) const {
    if (!features_.like_indexes || !column.collation.empty() || name.empty()) return;
    const bool is_varchar = column.type.starts_with("varchar");
    if (!is_varchar && column.type != "text") return;
    if (!is_text(resolved.type)) return;
    TableIndex index{.name = name};
    index.parts.push_back(IndexPart{
        .column = column.name, .opclass = is_varchar ? "varchar_pattern_ops" : "text_pattern_ops"});
    index.tablespace = tablespace;
    table.indexes.push_back(std::move(index));
  }

  ForeignKeyConstraint foreign_key(const std::string& table, const std::string& column,
                                   const std::string& target_table,
                                   const std::string& target_column,
                                   const std::string& on_delete) const {
    return ForeignKeyConstraint{
        .name = implicit_name(table, {column}, "_fk_" + bare(target_table) + "_" + target_column),
        .columns = {column},
        .target_table = target_table,
        .target_columns = {target_column},
        .on_delete = on_delete};
  }

  void add_check(const CheckConstraint& constraint) {
    table_.checks.push_back(Check{.name = constraint.name, .condition = sql(constraint.condition)});
  }

  void add_unique(const UniqueConstraint& constraint) {
    if (constraint.deferrable != Deferrable::no && !features_.deferrable_unique) return;
    const bool nulls_distinct = constraint.nulls_distinct.value_or(true);
    if (!nulls_distinct && !features_.nulls_distinct) return;
    std::vector<std::string> include;
    for (const std::string& name : constraint.include) include.push_back(column_of(name));
    if (!features_.covering_indexes) include.clear();
    const bool plain = constraint.expressions.empty() && !constraint.condition && include.empty() &&
                       constraint.opclasses.empty() &&
                       (constraint.in_table || !features_.unique_as_index);
    if (plain) {
      Key key{.name = constraint.name};
      for (const std::string& name : constraint.fields) key.columns.push_back(column_of(name));
      key.timing = timing_of(constraint.deferrable);
      key.nulls_distinct = nulls_distinct;
      table_.uniques.push_back(std::move(key));
      return;
    }
    TableIndex index{.name = constraint.name, .unique = true};
    index.parts = parts(constraint.fields, constraint.expressions, constraint.opclasses);
    index.include = std::move(include);
    index.condition = sql(constraint.condition);
    index.nulls_distinct = nulls_distinct;
    table_.indexes.push_back(std::move(index));
  }

  void add_exclusion(const ExclusionConstraint& constraint) {
    if (!features_.exclusion_constraints) return;
    Exclusion exclusion{.name = constraint.name};
    exclusion.method = constraint.index_type.empty() ? "gist" : lower_case(constraint.index_type);
    for (const auto& [expression, op] : constraint.expressions) {
      exclusion.elements.emplace_back(part(expression), op);
    }
    for (const std::string& name : constraint.include) {
      exclusion.include.push_back(column_of(name));
    }
    exclusion.condition = sql(constraint.condition);
    exclusion.timing = timing_of(constraint.deferrable);
    table_.exclusions.push_back(std::move(exclusion));
  }

  void add_index(const Index& declared) {
    static const std::map<IndexType, std::string> methods = {
        {IndexType::index, ""},        {IndexType::btree, ""},     {IndexType::hash, "hash"},
        {IndexType::gin, "gin"},       {IndexType::gist, "gist"},  {IndexType::brin, "brin"},
        {IndexType::spgist, "spgist"}, {IndexType::bloom, "bloom"}};
    TableIndex index{.name = declared.name};
    index.parts = parts(declared.fields, declared.expressions, declared.opclasses);
    index.condition = sql(declared.condition);
    if (features_.covering_indexes) {
      for (const std::string& name : declared.include) index.include.push_back(column_of(name));
    }
    if (features_.index_methods) {
      index.method = methods.at(declared.type);
      index.parameters = parameters(declared, index.parts);
    }
    if (features_.schemas) {
      const Field* only = declared.fields.size() == 1
                              ? model_.resolve_field(
                                    declared.fields[0].substr(declared.fields[0][0] == '-' ? 1 : 0))
                              : nullptr;
      index.tablespace = !declared.db_tablespace.empty()
                             ? declared.db_tablespace
                             : index_tablespace(only ? only->db_tablespace : std::string());
    }
    table_.indexes.push_back(std::move(index));
  }

  /// WITH parameters. A bloom index's `columns` are bits per column: col1, col2 …
  static std::vector<std::pair<std::string, std::string>> parameters(
      const Index& declared, const std::vector<IndexPart>& parts) {
    std::vector<std::pair<std::string, std::string>> result;
    for (const auto& [key, value] : declared.parameters) {
      if (key == "columns" && value.is_array()) {
        std::string bits = value.text().substr(1, value.text().size() - 2);
        for (std::size_t i = 0; i < parts.size() && !bits.empty(); ++i) {
          const std::size_t comma = bits.find(',');
          result.emplace_back("col" + std::to_string(i + 1), bits.substr(0, comma));
          bits = comma == std::string::npos ? "" : bits.substr(comma + 1);
        }
      } else if (value.is_bool()) {
        result.emplace_back(key, value.as_bool() ? "on" : "off");
      } else {
        result.emplace_back(key, value.is_string() ? value.as_string() : value.text());
      }
    }
    std::sort(result.begin(), result.end());
    return result;
  }

  std::vector<IndexPart> parts(const std::vector<std::string>& fields,
                               const std::vector<Expression>& expressions,
                               const std::vector<std::string>& opclasses) const {
    std::vector<IndexPart> result;
    for (const std::string& name : fields) {
      const bool descending = name.starts_with("-");
      result.push_back(IndexPart{.column = column_of(descending ? name.substr(1) : name),
                                 .descending = descending});
    }
    for (const Expression& expression : expressions) result.push_back(part(expression));
    for (std::size_t i = 0; i < result.size() && i < opclasses.size(); ++i) {
      if (features_.index_methods) result[i].opclass = opclasses[i];
    }
    return result;
  }

  /// Peels ordering, operator class and collation off an index expression, outermost first.
  IndexPart part(const Expression& expression) const {
    const auto is_call = [&](std::string_view head) {
      return expression.kind == Expression::Kind::call && expression.name == head;
    };
    const auto word = [&](std::size_t i) {
      return i < expression.arguments.size() ? expression.arguments[i].value.as_string()
                                             : std::string{};
    };
    if (is_call("desc") || is_call("asc")) {
      IndexPart result = part(expression.arguments[0]);
      result.descending = expression.name == "desc";
      if (expression.arguments.size() > 1 && features_.index_methods) {
        const bool first = word(1) == "nulls_first";
        // The database's own order (NULLs last ascending, first descending) is not written out.
        if (first != result.descending) {
          result.nulls = first ? IndexPart::Nulls::first : IndexPart::Nulls::last;
        }
      }
      return result;
    }
    if (is_call("opclass")) {
      IndexPart result = part(expression.arguments[0]);
      if (features_.index_methods) result.opclass = word(1);
      return result;
    }
    if (is_call("collate")) {
      IndexPart result = part(expression.arguments[0]);
      result.collation = word(1);
      return result;
    }
    if (expression.kind == Expression::Kind::field) {
      return IndexPart{.column = column_of(expression.name)};
    }
    return IndexPart{.expression = sql(expression)};
  }

  Table many_to_many(const Field& field) const {
    Table table{.name = many_to_many_table(model_, field, dialect_)};
    if (features_.schemas) table.tablespace = field.db_tablespace;
    const Field id{.name = "id", .type = FieldType::big_auto_field, .primary_key = true};
    table.columns.push_back(Column{
        .name = "id", .type = dialect_.column_type(id), .identity = Column::Identity::by_default});
    table.primary_key = Key{.name = implicit_name(table.name, {"id"}, "_pk"),
                            .columns = {"id"},
                            .tablespace = table.tablespace};
    const auto [owner_column, target_column] = many_to_many_columns(state_, model_, field);
    const Field to_owner{
        .name = owner_column, .type = FieldType::foreign_key, .to = model_.app + "." + model_.name};
    for (const bool owner : {true, false}) {
      const Field& relation = owner ? to_owner : field;
      const Field& resolved = resolved_field(state_, model_, relation);
      const KeyTarget target = key_target(state_, model_, relation);
      const Column column{.name = owner ? owner_column : target_column,
                          .type = dialect_.key_type(resolved),
                          .collation = resolved.db_collation};
      table.columns.push_back(column);
      add_plain_index(table, part_name(table.name, {column.name}, ""), column.name,
                      field.db_tablespace);
      add_like_index(table, part_name(table.name, {column.name}, "_like"), column, resolved,
                     field.db_tablespace);
      if (field.db_constraint) {
        table.foreign_keys.push_back(foreign_key(table.name, column.name,
                                                 database_table(*target.model, dialect_),
                                                 column_name(*target.field), {}));
      }
    }
    const std::vector<std::string> both = {owner_column, target_column};
    const std::string name = part_name(table.name, both, "_uniq");
    if (features_.unique_as_index) {
      table.indexes.push_back(TableIndex{
          .name = name,
          .unique = true,
          .parts = {IndexPart{.column = owner_column}, IndexPart{.column = target_column}}});
    } else {
      table.uniques.push_back(Key{.name = name, .columns = both});
    }
    return table;
  }

  const ProjectState& state_;
  const ModelState& model_;
  const Dialect& dialect_;
  const Features& features_;
  Table table_{};
};

/// True when a key into this table may look different now: its name, or a column's name or type.
bool keys_may_differ(const std::vector<Table>& before, const std::vector<Table>& after) {
  if (before.empty() != after.empty()) return true;
  if (before.empty()) return false;
  const Table& a = before.front();
  const Table& b = after.front();
  if (a.name != b.name) return true;
  return std::any_of(a.columns.begin(), a.columns.end(), [&](const Column& column) {
    const Column* now = b.find_column(column.name);
    return !now || now->type != column.type || now->collation != column.collation;
  });
}

/// True when keys to a field of the model get another type, though its own column may not: all
/// automatic keys are one type on SQLite, and keys to them are not.
bool key_types_differ(const ModelState& was, const ModelState& is, const Dialect& dialect) {
  return std::any_of(is.fields.begin(), is.fields.end(), [&](const Field& field) {
    const Field* old = was.find_field(field.name);
    if (!old || !is_unique(field) || !is_unique(*old)) return false;
    if (is_relation(field.type) || is_relation(old->type)) return false;
    return has_column(field) && has_column(*old) &&
           dialect.key_type(field) != dialect.key_type(*old);
  });
}

/// Columns of `table`, one of `model`'s, whose names the database would cut off.
void check_column_names(const ModelState& model, const Table& table, const Dialect& dialect,
                        std::vector<Problem>& problems) {
  const std::size_t most = dialect.features().max_identifier_bytes;
  for (const Column& column : table.columns) {
    if (most == 0 || column.name.size() <= most) continue;
    const bool own = table.name == database_table(model, dialect);
    problems.push_back({.where = place(model),
                        .message = "the name of column \"" + column.name + "\" has " +
                                   std::to_string(column.name.size()) + " bytes, " +
                                   std::string(dialect.name()) + " allows " + std::to_string(most),
                        .hint = own ? "give its field a \"db_column\""
                                    : "write the table \"" + table.name +
                                          "\" as a model and name it with \"through\""});
  }
}

struct Unsupported {
  const ModelState& model;
  const Dialect& dialect;
  std::vector<Problem>& problems;

  void add(const std::string& constraint, const std::string& what) const {
    problems.push_back(Problem{.where = place(model) + ": constraint \"" + constraint + "\"",
                               .message = std::string(dialect.name()) + " has no " + what,
                               .hint = "leave the constraint out, or that database"});
  }
  void operator()(const CheckConstraint&) const {}
  void operator()(const UniqueConstraint& c) const {
    if (c.deferrable != Deferrable::no && !dialect.features().deferrable_unique) {
      add(c.name, "deferrable unique constraints");
    }
    if (c.nulls_distinct == false && !dialect.features().nulls_distinct) {
      add(c.name, "unique constraints in which NULLs are equal (nulls_distinct)");
    }
  }
  void operator()(const ExclusionConstraint& c) const {
    if (!dialect.features().exclusion_constraints) add(c.name, "exclusion constraints");
  }
};

}  // namespace

const Field& resolved_field(const ProjectState& state, const ModelState& model,
                            const Field& field) {
  const ModelState* owner = &model;
  const Field* at = &field;
  std::set<const Field*> seen;
  while (is_relation(at->type)) {
    if (!seen.insert(at).second) {
      throw Error(ErrorKind::bad_model, "the primary keys refer to each other in a circle",
                  place(model) + "." + field.name);
    }
    const KeyTarget target = key_target(state, *owner, *at);
    owner = target.model.get();
    at = target.field;
  }
  return *at;
}

std::string database_table(const ModelState& model, const Dialect& dialect) {
  return truncated(table_name(model), dialect);
}

std::string many_to_many_table(const ModelState& model, const Field& field,
                               const Dialect& dialect) {
  const std::string name = field.db_table.empty() ? table_name(model) + "_" + field.name
                                                  : unquoted_table_name(field.db_table);
  return truncated(name, dialect);
}

std::pair<std::string, std::string> many_to_many_columns(const ProjectState& state,
                                                         const ModelState& model,
                                                         const Field& field) {
  const ModelPtr target = state.target_model(model, field);
  const std::string from = lower_case(model.name);
  const std::string to = lower_case(target->name);
  if (key_of(model) == key_of(*target) || from == to) {
    return {"from_" + from + "_id", "to_" + to + "_id"};
  }
  return {from + "_id", to + "_id"};
}

std::vector<Table> lower_model(const ProjectState& state, const ModelState& model,
                               const Dialect& dialect) {
  try {
    return Lowering(state, model, dialect).tables();
  } catch (const Error& error) {
    if (!error.where().empty()) throw;
    throw Error(error.kind(), error.what(), place(model), error.hint());
  }
}

Schema lower(const ProjectState& state, const Dialect& dialect) {
  Schema schema;
  state.each([&](const ModelPtr& model) {
    for (Table& table : lower_model(state, *model, dialect)) schema.set(std::move(table));
  });
  return schema;
}

Relowered relower(Schema& schema, const ProjectState& before, const ProjectState& after,
                  const Dialect& dialect) {
  Relowered result;
  std::vector<ModelKey> queue = changed_models(before, after);
  std::set<ModelKey> seen(queue.begin(), queue.end());
  std::vector<Table> erased;
  std::vector<Table> made;
  for (std::size_t i = 0; i < queue.size(); ++i) {
    const ModelKey key = queue[i];
    const ModelPtr was = before.find(key);
    const ModelPtr is = after.find(key);
    std::vector<Table> old_tables = was ? lower_model(before, *was, dialect) : std::vector<Table>{};
    std::vector<Table> new_tables = is ? lower_model(after, *is, dialect) : std::vector<Table>{};
    if (keys_may_differ(old_tables, new_tables) ||
        (was && is && !after.referrers(key).empty() && key_types_differ(*was, *is, dialect))) {
      for (const ProjectState* state : {&before, &after}) {
        for (const ModelKey& referrer : state->referrers(key)) {
          if (seen.insert(referrer).second) queue.push_back(referrer);
        }
      }
    }
    for (Table& table : old_tables) {
      result.tables_before.push_back(table.name);
      erased.push_back(std::move(table));
    }
    for (Table& table : new_tables) {
      result.tables_after.push_back(table.name);
      made.push_back(std::move(table));
    }
  }
  for (const Table& table : erased) schema.erase(table.name);
  for (Table& table : made) schema.set(std::move(table));
  return result;
}

std::vector<Problem> unsupported_parts(const ProjectState& state, const Dialect& dialect) {
  std::vector<Problem> problems;
  state.each([&](const ModelPtr& model) {
    if (!has_table(*model)) return;
    for (const Constraint& constraint : model->options.constraints) {
      match(constraint, Unsupported{*model, dialect, problems});
    }
    const std::size_t before = problems.size();
    const auto attempt = [&](const std::string& where, const auto& body) {
      try {
        body();
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::unsupported) return;
        problems.push_back({where.empty() ? error.where() : where, error.what(), error.hint()});
      }
    };
    for (const Field& field : model->fields) {
      if (!has_column(field) || is_relation(field.type)) continue;
      attempt(place(*model) + "." + field.name, [&] {
        dialect.column_type(field);
        require_stored(*model, field, dialect);
      });
    }
    // Expressions may ask for what the database lacks too.
    if (problems.size() > before) return;
    attempt({}, [&] {
      for (const Table& table : lower_model(state, *model, dialect)) {
        check_column_names(*model, table, dialect, problems);
      }
    });
  });
  return problems;
}

}  // namespace turnstone
