#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/model/project_state.h>
#include <turnstone/schema/differences.h>
#include <turnstone/schema/inspect.h>
#include <turnstone/schema/lower.h>
#include <turnstone/schema/naming.h>
#include <turnstone/schema/spelling.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "schema/inspect_names.h"

namespace turnstone {
namespace {

/// A single column another table's key points to.
using ColumnPlace = std::pair<std::string, std::string>;

bool contains(const std::vector<std::string>& items, const std::string& item) {
  return std::find(items.begin(), items.end(), item) != items.end();
}

/// The one column an index is on, where it is on nothing else and has no ornaments.
const std::string* plain_column(const TableIndex& index) {
  if (index.parts.size() != 1 || !index.method.empty() || !index.condition.empty()) return nullptr;
  if (!index.include.empty() || !index.parameters.empty() || !index.nulls_distinct) return nullptr;
  const IndexPart& part = index.parts.front();
  const bool plain = part.expression.empty() && part.collation.empty() && !part.descending &&
                     part.nulls == IndexPart::Nulls::standard;
  return plain ? &part.column : nullptr;
}

bool is_plain(const Key& key) {
  return key.timing == Key::Timing::immediate_always && key.include.empty() && key.nulls_distinct;
}

Deferrable deferrable_of(Key::Timing timing) {
  switch (timing) {
    case Key::Timing::immediate_always:
      return Deferrable::no;
    case Key::Timing::initially_immediate:
      return Deferrable::immediate;
    case Key::Timing::initially_deferred:
      return Deferrable::deferred;
  }
  return Deferrable::no;
}

FieldType auto_type(FieldType type) {
  switch (type) {
    case FieldType::small_integer:
      return FieldType::small_auto_field;
    case FieldType::integer:
      return FieldType::auto_field;
    default:
      return FieldType::big_auto_field;
  }
}

/// Takes the first item that fits out of a list.
template <class T, class Fits>
std::optional<T> take(std::vector<T>& items, const Fits& fits) {
  const auto at = std::find_if(items.begin(), items.end(), fits);
  if (at == items.end()) return std::nullopt;
  T found = std::move(*at);
  items.erase(at);
  return found;
}

/// A number, or the text between its quotes where `sql` is nothing but a literal.
std::optional<std::string> literal_text(Sql sql, bool& is_text) {
  const std::size_t cast = sql.find("'::");
  if (sql.starts_with("'") && cast != std::string::npos &&
      sql.find('\'', cast + 1) == std::string::npos) {
    sql.resize(cast + 1);
  }
  is_text = sql.size() >= 2 && sql.front() == '\'' && sql.back() == '\'';
  if (!is_text) return sql;
  std::string text;
  for (std::size_t i = 1; i + 1 < sql.size(); ++i) {
    if (sql[i] == '\'') {
      if (i + 2 >= sql.size() || sql[i + 1] != '\'') return std::nullopt;
      ++i;
    }
    text += sql[i];
  }
  return text;
}

/// Makes the model of one table.
class ModelMaker {
 public:
  struct World {
    const Schema& schema;
    const Dialect& dialect;
    const std::string& app;
    const std::map<std::string, std::string>& models;  ///< by table
    const std::set<ColumnPlace>& referenced;           ///< columns that are no primary keys
    const std::map<ColumnPlace, std::string>& key_types;
    std::vector<InspectRemark>& remarks;
  };

  ModelMaker(const World& world, const Table& table)
      : world_(world),
        table_(table),
        features_(world.dialect.features()),
        uniques_(table.uniques),
        indexes_(table.indexes),
        checks_(table.checks),
        keys_(table.foreign_keys) {
    model_.app = world.app;
    model_.name = world.models.at(table.name);
  }

  ModelState make(bool view) {
    Options& options = model_.options;
    if (table_name(model_) != table_.name) options.db_table = table_.name;
    options.db_table_comment = table_.comment;
    options.db_tablespace = table_.tablespace;
    choose_names();
    for (const Column& column : table_.columns) model_.fields.push_back(field(column));
    if (table_.primary_key && table_.primary_key->columns.size() > 1) composite_key();
    if (view || !table_.primary_key) stand_in_key(view);
    if (table_.strict) remark({}, "models have nothing for the mark STRICT of the table");
    if (table_.without_rowid) {
      remark({}, "models have nothing for the mark WITHOUT ROWID of the table");
    }
    for (const Check& item : checks_) add(item);
    for (const Key& item : uniques_) add(item);
    for (const TableIndex& item : indexes_) add(item);
    for (const Exclusion& item : table_.exclusions) add(item);
    std::sort(options.constraints.begin(), options.constraints.end(),
              [](const Constraint& a, const Constraint& b) { return name_of(a) < name_of(b); });
    std::sort(options.indexes.begin(), options.indexes.end(),
              [](const Index& a, const Index& b) { return a.name < b.name; });
    for (const ForeignKeyConstraint& key : keys_) {
      remark({}, "models have nothing for " + definition(key));
    }
    return std::move(model_);
  }

 private:
  void remark(const std::string& field, const std::string& text) {
    world_.remarks.push_back({model_.name, field, text});
  }

  bool is_sole_key(const std::string& column) const {
    return table_.primary_key && table_.primary_key->columns == std::vector<std::string>{column};
  }

  /// The key a column becomes a relation by.
  const ForeignKeyConstraint* relation_of(const std::string& column) const {
    for (const ForeignKeyConstraint& key : keys_) {
      if (key.columns.size() != 1 || key.columns.front() != column) continue;
      if (key.target_columns.size() != 1 || !world_.models.contains(key.target_table)) continue;
      const Table& target = world_.schema.at(key.target_table);
      const std::string& place = key.target_columns.front();
      const bool to_key = target.primary_key && target.primary_key->columns == key.target_columns;
      if (to_key || world_.referenced.contains({target.name, place})) return &key;
    }
    return nullptr;
  }

  void choose_names() {
    std::set<std::string> taken;
    for (const Column& column : table_.columns) {
      const bool relation = relation_of(column.name) != nullptr;
      std::string name = field_name_for(column.name, relation, taken);
      // Another column has the name that is left without `_id`.
      if (relation && (taken.contains(name) || table_.find_column(name))) {
        name = field_name_for(
            column.name, table_.find_column(name) == nullptr || name == lower_case(column.name),
            taken);
      }
      // A field "id" has to be the key.
      if (name == "id" && !is_sole_key(column.name))
        name = field_name_for("id_field", false, taken);
      taken.insert(name);
      names_[column.name] = name;
    }
  }

  std::string made_name(const std::string& column, const std::string& suffix) const {
    const std::string table =
        features_.schemas ? std::string(bare_table_name(table_.name)) : table_.name;
    return index_name(table, {column}, suffix, features_.max_identifier_bytes);
  }
  void keep_name(Field& field, const char* kind, const std::string& name, const std::string& made) {
    if (name != made) field.db_names[kind] = name;
  }

  Field field(const Column& column) {
    Field result = world_.dialect.field_of_type(column.type);
    const std::string name = names_.at(column.name);
    if (const ForeignKeyConstraint* found = relation_of(column.name)) {
      const ForeignKeyConstraint key = *found;
      take(keys_, [&](const ForeignKeyConstraint& other) { return other == key; });
      result = relation(column, key);
    } else {
      typed_by_check(result, column);
      if (result.type == FieldType::custom) {
        remark(name, "no type of field has the column type " + column.type);
      }
    }
    result.name = name;
    result.null = column.nullable && !column.generated;
    result.db_comment = column.comment;
    if (is_text(result.type)) result.db_collation = column.collation;
    if (is_sole_key(column.name)) primary_key(result, column);
    if (counts_beside_key(table_, column)) {
      remark(name, "the column counts by itself, and models have nothing for that");
    }
    if (column.generated) {
      Field computed{.name = name, .type = FieldType::generated, .db_comment = column.comment};
      computed.expression = Expression::raw(*column.generated);
      computed.db_persist = column.generated_stored;
      computed.db_collation = column.collation;
      result.name.clear();
      result.null = false;
      result.db_comment.clear();
      result.db_collation.clear();
      computed.output_field = std::make_shared<const Field>(result);
      result = computed;
    } else if (column.default_sql) {
      result.db_default = default_of(*column.default_sql, result, column);
    }
    if (column_name(result) != column.name) result.db_column = column.name;
    unique_or_indexed(result, column);
    return result;
  }

  Field relation(const Column& column, const ForeignKeyConstraint& key) {
    const Table& target = world_.schema.at(key.target_table);
    const bool to_key = target.primary_key && target.primary_key->columns == key.target_columns;
    Field result{.type = FieldType::foreign_key};
    result.to = world_.app + "." + world_.models.at(target.name);
    if (!to_key) result.to_field = key.target_columns.front();  // a column until names are known
    static const std::map<std::string, OnDelete> rules = {{"CASCADE", OnDelete::cascade},
                                                          {"SET NULL", OnDelete::set_null},
                                                          {"SET DEFAULT", OnDelete::set_default},
                                                          {"RESTRICT", OnDelete::restrict}};
    const auto rule = rules.find(key.on_delete);
    result.on_delete = rule == rules.end() ? OnDelete::do_nothing : rule->second;
    const bool impossible = (result.on_delete == OnDelete::set_null && !column.nullable) ||
                            (result.on_delete == OnDelete::set_default && !column.default_sql);
    if (impossible) {
      remark(names_.at(column.name), "ON DELETE " + key.on_delete + " cannot work there");
      result.on_delete = OnDelete::do_nothing;
    }
    result.db_on_delete = result.on_delete != OnDelete::do_nothing;
    result.db_on_update = key.on_update;
    std::replace(result.db_on_update.begin(), result.db_on_update.end(), ' ', '_');
    if (key.timing == Key::Timing::immediate_always) result.db_deferrable = "no";
    if (key.timing == Key::Timing::initially_immediate) result.db_deferrable = "immediate";
    if (features_.names_implicit_constraints) {
      const std::string bare =
          features_.schemas ? std::string(bare_table_name(target.name)) : target.name;
      keep_name(result, "foreign_key", key.name,
                made_name(column.name, "_fk_" + bare + "_" + key.target_columns.front()));
    }
    return result;
  }

  Quotes quotes() const {
    return world_.dialect.name() == "sqlite" ? Quotes::sqlite : Quotes::standard;
  }

  /// Types that are told by the CHECK they bring: positive integers, JSON on SQLite.
  void typed_by_check(Field& field, const Column& column) {
    static const std::map<FieldType, FieldType> others = {
        {FieldType::small_integer, FieldType::positive_small_integer},
        {FieldType::integer, FieldType::positive_integer},
        {FieldType::big_integer, FieldType::positive_big_integer},
        {FieldType::text, FieldType::json}};
    const bool needs_check = is_positive(field.type);
    const auto other = others.find(field.type);
    Field wanted = field;
    if (!needs_check) {
      if (other == others.end()) return;
      wanted.type = other->second;
      const bool same_column = lower_case(world_.dialect.column_type(wanted)) ==
                               lower_case(world_.dialect.column_type(field));
      if (!same_column) return;
    }
    const auto condition = world_.dialect.column_check(wanted, column.name);
    if (!condition) return;
    const auto check = take(checks_, [&](const Check& item) {
      return plain_sql(item.condition, quotes()) == plain_sql(*condition, quotes());
    });
    if (check) {
      field = wanted;
      if (features_.names_implicit_constraints) {
        keep_name(field, "check", check->name, made_name(column.name, "_check"));
      }
    } else if (needs_check) {
      field = Field{.type = FieldType::custom,
                    .db_type = {{std::string(world_.dialect.name()), column.type}}};
    }
  }

  void primary_key(Field& field, const Column& column) {
    field.primary_key = true;
    field.null = false;
    if (field.type == FieldType::foreign_key) field.type = FieldType::one_to_one;
    const bool rowid = !features_.names_implicit_constraints && !table_.without_rowid &&
                       field.type == FieldType::integer && lower_case(column.type) == "integer";
    const bool automatic = column.identity != Column::Identity::none || rowid;
    if (automatic && is_integer(field.type)) {
      field.type = auto_type(field.type);
      if (rowid) {
        // Its size shows in the keys that point to it.
        const auto seen = world_.key_types.find({table_.name, column.name});
        const bool small = seen != world_.key_types.end() && seen->second == "smallint";
        const bool integer = seen != world_.key_types.end() && seen->second == "integer";
        field.type = small     ? FieldType::small_auto_field
                     : integer ? FieldType::auto_field
                               : FieldType::big_auto_field;
        if (column.identity == Column::Identity::none) field.db_identity = "rowid";
      }
      if (column.identity == Column::Identity::always) field.db_identity = "always";
    } else if (column.identity != Column::Identity::none) {
      remark(field.name, "the column counts by itself, and models have nothing for that");
    }
    if (features_.names_implicit_constraints) {
      keep_name(field, "primary_key", table_.primary_key->name, made_name(column.name, "_pk"));
    }
  }

  void composite_key() {
    Field key{.name = "pk", .type = FieldType::composite_primary_key};
    for (const std::string& column : table_.primary_key->columns) {
      key.fields.push_back(names_.at(column));
      for (Field& field : model_.fields) {
        if (field.name == key.fields.back()) field.null = false;
      }
    }
    if (features_.names_implicit_constraints) {
      const std::string bare(bare_table_name(table_.name));
      keep_name(
          key, "primary_key", table_.primary_key->name,
          index_name(bare, table_.primary_key->columns, "_pk", features_.max_identifier_bytes));
    }
    model_.fields.insert(model_.fields.begin(), std::move(key));
  }

  /// A model has a key, and this table has none: a column stands in for it, and the model is
  /// unmanaged.
  void stand_in_key(bool view) {
    model_.options.managed = false;
    const auto fits = [&](const Field& field) {
      return field.type != FieldType::generated && !field.null;
    };
    auto at = std::find_if(model_.fields.begin(), model_.fields.end(),
                           [&](const Field& f) { return fits(f) && is_unique(f); });
    if (at == model_.fields.end()) {
      at = std::find_if(model_.fields.begin(), model_.fields.end(), fits);
    }
    if (at == model_.fields.end()) at = model_.fields.begin();
    if (at == model_.fields.end()) return;
    at->primary_key = true;
    at->null = false;
    at->unique = false;
    if (at->type == FieldType::generated) *at = *std::make_shared<const Field>(*at->output_field);
    remark({}, std::string(view ? "the view" : "the table") + " has no primary key: \"" + at->name +
                   "\" stands in for it, and the model is unmanaged");
  }

  /// A literal where it is one that a file can say, else the text.
  Expression default_of(Sql sql, const Field& field, const Column& column) {
    // Lowering puts parentheses around what is no literal.
    while (sql.starts_with("(") && sql.ends_with(")") &&
           plain_sql(sql, quotes()) == plain_sql(sql.substr(1, sql.size() - 2), quotes())) {
      sql = sql.substr(1, sql.size() - 2);
    }
    const Expression raw = Expression::raw(sql);
    bool text = false;
    const auto literal = literal_text(sql, text);
    if (!literal || is_foreign_key(field.type)) return raw;
    std::optional<Json> value;
    if (is_text(field.type) && text) value = Json::of(*literal);
    if (field.type == FieldType::boolean) {
      const std::string word = lower_case(*literal);
      if (word == "true" || (word == "1" && !text)) value = Json::of(true);
      if (word == "false" || (word == "0" && !text)) value = Json::of(false);
    }
    if (is_integer(field.type) || is_positive(field.type)) {
      std::int64_t number = 0;
      const auto read = std::from_chars(literal->data(), literal->data() + literal->size(), number);
      const bool whole = read.ec == std::errc() && read.ptr == literal->data() + literal->size();
      if (whole) value = Json::of(number);
    }
    if (field.type == FieldType::decimal && Decimal::try_parse(*literal)) {
      value = Json::of(*literal);
    }
    if (!value) return raw;
    try {
      const Sql again = world_.dialect.literal(*value, field);
      (void)again;
    } catch (const Error&) {
      remark(field.name, "the default of \"" + column.name + "\" does not fit its type");
      return raw;
    }
    return Expression::literal(*value);
  }

  bool has_like(const Field& field, const Column& column) const {
    if (!features_.like_indexes || !column.collation.empty()) return false;
    const bool text = column.type.starts_with("varchar") || column.type == "text";
    return text && (is_text(field.type) || is_foreign_key(field.type));
  }
  /// The index for LIKE that goes with a unique or indexed text.
  std::optional<TableIndex> take_like(const Field& field, const Column& column) {
    const std::string& own = field.db_tablespace;
    const std::string tablespace = own == "pg_default" ? ""
                                   : own.empty()       ? model_.options.db_tablespace
                                                       : own;
    const std::string opclass = column.type == "text" ? "text_pattern_ops" : "varchar_pattern_ops";
    return take(indexes_, [&](const TableIndex& index) {
      const std::string* on = plain_column(index);
      return on && *on == column.name && !index.unique && index.tablespace == tablespace &&
             index.parts.front().opclass == opclass;
    });
  }
  void keep_like(Field& field, const Column& column) {
    if (!has_like(field, column)) return;
    const auto like = take_like(field, column);
    const std::string made = made_name(column.name, "_like");
    keep_name(field, "like", like ? like->name : "", made);
  }

  void unique_or_indexed(Field& field, const Column& column) {
    if (field.primary_key) {
      if (table_.primary_key) field.db_tablespace = tablespace_of(table_.primary_key->tablespace);
      return keep_like(field, column);
    }
    if (field.type == FieldType::generated) return;
    const bool referenced = world_.referenced.contains({table_.name, column.name});
    const bool relation = is_foreign_key(field.type);
    const bool text = has_like(field, column);
    const bool like = text && std::any_of(indexes_.begin(), indexes_.end(), [&](const auto& i) {
                        const std::string* on = plain_column(i);
                        return on && *on == column.name && !i.parts.front().opclass.empty();
                      });
    if (!text || like || referenced || relation) {
      if (const auto name = take_unique(column.name, relation)) {
        if (relation) {
          field.type = FieldType::one_to_one;
        } else {
          field.unique = true;
        }
        keep_name(field, "unique", name->name, made_name(column.name, "_uniq"));
        field.db_tablespace = tablespace_of(name->tablespace);
        return keep_like(field, column);
      }
    }
    const std::string made = made_name(column.name, "");
    const auto plain = [&](const TableIndex& index) {
      const std::string* on = plain_column(index);
      return on && *on == column.name && !index.unique && index.parts.front().opclass.empty() &&
             (relation || index.name == made) && (!text || like || relation);
    };
    if (const auto index = take(indexes_, plain)) {
      if (!relation) field.db_index = true;
      field.db_tablespace = tablespace_of(index->tablespace);
      keep_name(field, "index", index->name, made);
      return keep_like(field, column);
    }
    if (relation) field.db_index = false;
  }
  /// What a field has to say so that its index is in `live`: it is in the model's otherwise.
  std::string tablespace_of(const std::string& live) const {
    if (live.empty() && !model_.options.db_tablespace.empty()) return "pg_default";
    return live == model_.options.db_tablespace ? std::string() : live;
  }
  /// What keeps the column unique, as `unique` makes it.
  std::optional<Key> take_unique(const std::string& column, bool relation) {
    if (const auto key = take(uniques_, [&](const Key& item) {
          return is_plain(item) && item.columns == std::vector<std::string>{column} &&
                 (relation || !features_.unique_as_index || item.name.empty());
        })) {
      return features_.unique_as_index ? Key{} : *key;
    }
    if (!features_.unique_as_index) return std::nullopt;
    const auto index = take(indexes_, [&](const TableIndex& item) {
      const std::string* on = plain_column(item);
      return on && *on == column && item.unique;
    });
    if (!index) return std::nullopt;
    return Key{.name = index->name, .tablespace = index->tablespace};
  }

  // What is left goes into the model's options.

  std::string name_for(const std::string& name, const std::string& suffix) {
    if (!name.empty()) return name;
    const std::string base(bare_table_name(table_.name));
    for (int number = 1;; ++number) {
      std::string made = truncated_name(base + "_" + suffix, 58) +
                         (number == 1 ? "" : "_" + std::to_string(number));
      if (made_.insert(made).second) return made;
    }
  }

  void add(const Check& check) {
    model_.options.constraints.emplace_back(CheckConstraint{
        .name = name_for(check.name, check.column.empty() ? "check" : check.column + "_check"),
        .condition = Expression::raw(check.condition)});
    if (!check.validated) remark({}, "constraint \"" + check.name + "\" is not validated");
  }

  void add(const Key& key) {
    if (!is_sayable(key)) {
      remark({}, "models have nothing for " + definition(key));
      return;
    }
    UniqueConstraint unique{.name = name_for(key.name, join(key.columns, "_") + "_key")};
    for (const std::string& column : key.columns) unique.fields.push_back(names_.at(column));
    unique.deferrable = deferrable_of(key.timing);
    if (!key.nulls_distinct) unique.nulls_distinct = false;
    unique.in_table = features_.unique_as_index;
    model_.options.constraints.emplace_back(std::move(unique));
  }

  Expression expression_of(const IndexPart& part, bool with_order) const {
    Expression result = part.column.empty() ? Expression::raw(part.expression)
                                            : Expression::field(names_.at(part.column));
    if (!part.collation.empty()) {
      result = Expression::call("collate", {result, Expression::literal(Json::of(part.collation))});
    }
    if (!part.opclass.empty()) {
      result = Expression::call("opclass", {result, Expression::literal(Json::of(part.opclass))});
    }
    if (with_order && (part.descending || part.nulls != IndexPart::Nulls::standard)) {
      std::vector<Expression> arguments{result};
      if (part.nulls != IndexPart::Nulls::standard) {
        const bool first = part.nulls == IndexPart::Nulls::first;
        arguments.push_back(Expression::literal(Json::of(first ? "nulls_first" : "nulls_last")));
      }
      result = Expression::call(part.descending ? "desc" : "asc", std::move(arguments));
    }
    return result;
  }

  /// True when names of fields and operator classes say it all.
  static bool sayable_by_names(const std::vector<IndexPart>& parts) {
    return std::all_of(parts.begin(), parts.end(), [](const IndexPart& part) {
      return !part.column.empty() && part.collation.empty() &&
             part.nulls == IndexPart::Nulls::standard;
    });
  }

  template <class Declared>
  void say_parts(Declared& declared, const std::vector<IndexPart>& parts, bool by_names) const {
    bool opclasses = false;
    for (const IndexPart& part : parts) opclasses |= !part.opclass.empty();
    const bool every = std::all_of(parts.begin(), parts.end(),
                                   [](const IndexPart& part) { return !part.opclass.empty(); });
    if (!by_names || (opclasses && !every)) {
      for (const IndexPart& part : parts) declared.expressions.push_back(expression_of(part, true));
      return;
    }
    for (const IndexPart& part : parts) {
      declared.fields.push_back((part.descending ? "-" : "") + names_.at(part.column));
      if (opclasses) declared.opclasses.push_back(part.opclass);
    }
  }

  void add(const TableIndex& index) {
    std::vector<std::string> include;
    for (const std::string& column : index.include) include.push_back(names_.at(column));
    std::optional<Expression> condition;
    if (!index.condition.empty()) condition = Expression::raw(index.condition);
    if (index.unique) {
      UniqueConstraint unique{.name = index.name, .condition = condition, .include = include};
      bool descending = false;
      for (const IndexPart& part : index.parts) descending |= part.descending;
      // Names alone would make a constraint of it where there are some.
      const bool constraint = !features_.unique_as_index && !condition && include.empty();
      say_parts(unique, index.parts, sayable_by_names(index.parts) && !descending && !constraint);
      if (!index.nulls_distinct) unique.nulls_distinct = false;
      model_.options.constraints.emplace_back(std::move(unique));
      return;
    }
    if (!is_sayable(index)) {
      remark({}, "models have nothing for " + definition(index));
      return;
    }
    Index declared{
        .type = *index_type_of_method(index.method), .name = index.name, .condition = condition};
    declared.include = include;
    declared.db_tablespace = index.tablespace;
    say_parts(declared, index.parts, sayable_by_names(index.parts));
    for (const auto& [key, value] : index.parameters) {
      declared.parameters.emplace_back(key, parameter_value(value));
    }
    // The plain type takes no parameters.
    if (!declared.parameters.empty() && declared.type == IndexType::index) {
      declared.type = IndexType::btree;
    }
    model_.options.indexes.push_back(std::move(declared));
  }
  static Json parameter_value(const std::string& value) {
    if (value == "on" || value == "true") return Json::of(true);
    if (value == "off" || value == "false") return Json::of(false);
    std::int64_t number = 0;
    const auto read = std::from_chars(value.data(), value.data() + value.size(), number);
    return read.ec == std::errc() ? Json::of(number) : Json::of(value);
  }

  void add(const Exclusion& item) {
    if (!is_sayable(item)) {
      remark({}, "models have nothing for " + definition(item));
      return;
    }
    ExclusionConstraint exclusion{.name = item.name};
    for (const auto& [part, op] : item.elements) {
      exclusion.expressions.emplace_back(expression_of(part, true), op);
    }
    if (item.method == "spgist") exclusion.index_type = "SPGIST";
    if (!item.condition.empty()) exclusion.condition = Expression::raw(item.condition);
    exclusion.deferrable = deferrable_of(item.timing);
    for (const std::string& column : item.include) exclusion.include.push_back(names_.at(column));
    model_.options.constraints.emplace_back(std::move(exclusion));
  }

  const World& world_;
  const Table& table_;
  const Features& features_;
  std::vector<Key> uniques_;
  std::vector<TableIndex> indexes_;
  std::vector<Check> checks_;
  std::vector<ForeignKeyConstraint> keys_;
  ModelState model_{};
  std::map<std::string, std::string> names_{};  ///< of fields, by column
  std::set<std::string> made_{};
};

/// All models of a schema.
class Inspection {
 public:
  Inspection(const Schema& schema, const Dialect& dialect, const std::string& app,
             const std::vector<std::string>& views)
      : schema_(schema), dialect_(dialect), app_(app), views_(views) {}

  InspectedModels run() {
    name_models();
    find_referenced();
    const ModelMaker::World world{schema_,     dialect_,   app_,           models_,
                                  referenced_, key_types_, result_.remarks};
    schema_.each([&](const Table& table) {
      made_[table.name] = ModelMaker(world, table).make(contains(views_, table.name));
    });
    name_target_fields();
    for (const auto& entry : made_) state_.set(entry.second);
    schema_.each([&](const Table& table) {
      if (is_link(table)) fold_link(table);
    });
    schema_.each([&](const Table& table) {
      if (made_.contains(table.name)) through_link(table);
    });
    name_ways_back();
    schema_.each([&](const Table& table) {
      const auto found = made_.find(table.name);
      if (found != made_.end()) result_.models.push_back(std::move(found->second));
    });
    return std::move(result_);
  }

 private:
  /// Three columns: a key, and two foreign keys that are unique together.
  bool is_link(const Table& table) const {
    return table.columns.size() == 3 && table.foreign_keys.size() == 2 && table.primary_key &&
           table.primary_key->columns.size() == 1 && table.checks.empty();
  }

  void name_models() {
    std::set<std::string> taken;
    for (const bool links : {false, true}) {
      schema_.each([&](const Table& table) {
        if (is_link(table) != links) return;
        const std::string name = model_name_for(table.name, app_, taken);
        taken.insert(lower_case(name));
        models_[table.name] = name;
      });
    }
  }

  /// Columns that keys point to although they are no primary keys, where they are unique.
  void find_referenced() {
    schema_.each([&](const Table& table) {
      for (const ForeignKeyConstraint& key : table.foreign_keys) {
        if (key.columns.size() != 1 || key.target_columns.size() != 1) continue;
        const TablePtr target = schema_.find(key.target_table);
        if (!target) continue;
        const std::string& place = key.target_columns.front();
        if (const Column* column = table.find_column(key.columns.front())) {
          key_types_[{target->name, place}] =
              lower_case(column->type) == "int" ? "integer" : lower_case(column->type);
        }
        if (target->primary_key && target->primary_key->columns == key.target_columns) continue;
        const bool unique_key = std::any_of(
            target->uniques.begin(), target->uniques.end(),
            [&](const Key& item) { return is_plain(item) && item.columns == key.target_columns; });
        const bool unique_index = dialect_.features().unique_as_index &&
                                  std::any_of(target->indexes.begin(), target->indexes.end(),
                                              [&](const TableIndex& index) {
                                                const std::string* on = plain_column(index);
                                                return on && *on == place && index.unique;
                                              });
        if (unique_key || unique_index) referenced_.insert({target->name, place});
      }
    });
  }

  /// `to_field` held the column so far.
  void name_target_fields() {
    std::map<std::string, const ModelState*> by_name;
    for (const auto& [table, model] : made_) by_name[app_ + "." + model.name] = &model;
    for (auto& [table, model] : made_) {
      for (Field& field : model.fields) {
        if (field.to_field.empty()) continue;
        for (const Field& target : by_name.at(field.to)->fields) {
          if (column_name(target) != field.to_field) continue;
          field.to_field = target.name;
          break;
        }
      }
    }
  }

  const ModelState* model_of(const std::string& table) const {
    const auto found = made_.find(table);
    return found == made_.end() ? nullptr : &found->second;
  }

  std::set<std::string> field_names(const ModelState& model) const {
    std::set<std::string> names;
    for (const Field& field : model.fields) {
      names.insert(field.name);
      names.insert(attribute_name(field));
    }
    return names;
  }

  /// The table of a many-to-many relation becomes a field, where that makes the very same table.
  void fold_link(const Table& table) {
    for (const bool swapped : {false, true}) {
      const ForeignKeyConstraint& to_owner = table.foreign_keys[swapped ? 1 : 0];
      const ForeignKeyConstraint& to_target = table.foreign_keys[swapped ? 0 : 1];
      const ModelState* owner = model_of(to_owner.target_table);
      const ModelState* target = model_of(to_target.target_table);
      if (!owner || !target || owner->fields.empty()) continue;
      Field field{.type = FieldType::many_to_many, .to = app_ + "." + target->name};
      const std::string prefix = table_name(*owner) + "_";
      const bool named = table.name.starts_with(prefix) && table.name.size() > prefix.size();
      const std::set<std::string> taken = field_names(*owner);
      field.name = field_name_for(
          named ? table.name.substr(prefix.size()) : lower_case(target->name) + "s", false, taken);
      if (prefix + field.name != table.name) field.db_table = table.name;
      ModelState with = *owner;
      with.fields.push_back(field);
      ProjectState all = state_;
      all.set(with);
      const std::vector<Table> made = lower_model(all, with, dialect_);
      Schema wanted;
      Schema actual;
      for (const Table& item : made) {
        if (item.name == table.name) wanted.set(item);
      }
      Table plain = table;
      if (!dialect_.features().names_implicit_constraints) forget_names(plain);
      plain.columns.front().type = lower_case(plain.columns.front().type);
      actual.set(plain);
      if (wanted.size() != 1 || !differences(actual, wanted).empty()) continue;
      state_.erase(key_of(made_.at(table.name)));
      state_.set(with);
      made_.erase(table.name);
      made_[to_owner.target_table] = with;
      std::erase_if(result_.remarks, [&](const InspectRemark& remark) {
        return remark.model == models_.at(table.name);
      });
      return;
    }
  }
  static void forget_names(Table& table) {
    if (table.primary_key) table.primary_key->name.clear();
    for (ForeignKeyConstraint& key : table.foreign_keys) key.name.clear();
  }

  /// A table that holds two keys and nothing else links their targets: one gets a relation through
  /// it.
  void through_link(const Table& table) {
    const ModelState link = made_.at(table.name);
    if (!link.options.managed || table.foreign_keys.size() != 2) return;
    std::vector<const Field*> keys;
    for (const Field& field : link.fields) {
      const bool own = !has_column(field) || is_auto(field.type);
      if (field.type == FieldType::foreign_key && !field.primary_key && field.to_field.empty()) {
        keys.push_back(&field);
      } else if (!own) {
        return;
      }
    }
    if (keys.size() != 2 || keys[0]->to == keys[1]->to) return;
    const auto table_of = [&](const std::string& reference) {
      for (const auto& [name, model] : made_) {
        if (app_ + "." + model.name == reference) return name;
      }
      return std::string{};
    };
    const std::string owner_table = table_of(keys[0]->to);
    const std::string target_table = table_of(keys[1]->to);
    if (owner_table.empty() || target_table.empty()) return;
    ModelState& owner = made_.at(owner_table);
    const ModelState& target = made_.at(target_table);
    if (!owner.primary_key() || !target.primary_key()) return;
    Field field{.type = FieldType::many_to_many, .to = keys[1]->to};
    const std::string prefix = owner_table + "_";
    const bool named = table.name.starts_with(prefix) && table.name.size() > prefix.size();
    std::string name = named ? table.name.substr(prefix.size()) : lower_case(target.name);
    if (lower_case(name) == lower_case(target.name)) name += "s";  // there may be many
    field.name = field_name_for(name, false, field_names(owner));
    field.through = app_ + "." + link.name;
    owner.fields.push_back(std::move(field));
  }

  /// Relations whose ways back would have one name get names of their own.
  void name_ways_back() {
    std::map<std::string, std::set<std::string>> taken;  // by target
    for (const auto& [table, model] : made_) {
      for (const std::string& name : field_names(model)) {
        taken[app_ + "." + model.name].insert(name);
      }
    }
    for (auto& [table, model] : made_) {
      for (Field& field : model.fields) {
        if (!is_relation(field.type)) continue;
        std::set<std::string>& names = taken[field.to];
        const std::string own = lower_case(model.name);
        const bool one = field.type == FieldType::one_to_one;
        const std::string accessor = one ? own : own + "_set";
        const bool free = !names.contains(accessor) && !names.contains(own);
        if (free) {
          names.insert(accessor);
          names.insert(own);
          continue;
        }
        std::set<std::string> clashing = names;
        field.related_name = field_name_for(own + "_" + field.name, false, clashing);
        names.insert(field.related_name);
      }
    }
  }

  const Schema& schema_;
  const Dialect& dialect_;
  const std::string& app_;
  const std::vector<std::string>& views_;
  std::map<std::string, std::string> models_{};  ///< names, by table
  std::set<ColumnPlace> referenced_{};
  std::map<ColumnPlace, std::string> key_types_{};
  std::map<std::string, ModelState> made_{};  ///< by table
  ProjectState state_{};                      ///< the same, for lowering
  InspectedModels result_{};
};

}  // namespace

InspectedModels inspect_models(const Schema& schema, const Dialect& dialect, const std::string& app,
                               const std::vector<std::string>& views) {
  return Inspection(schema, dialect, app, views).run();
}

}  // namespace turnstone
