#include "operation_json.h"

#include "json/model_json.h"

#include <turnstone/error.h>
#include <turnstone/identifier.h>

#include <algorithm>
#include <set>
#include <type_traits>

namespace turnstone::migrations {
namespace {

using json::Node;
using json::Tree;

// Keys ------------------------------------------------------------------------------------------
// One list of keys per operation, walked by three visitors: forms of keys, reader, writer. A key
// that one of them does not know would not compile.

/// Readers fill an operation, writers only look.
template <class V, class T>
using Of = std::conditional_t<V::fills, T, const T>;

/// How a text may be missing.
enum class Text {
  name,      ///< required, never empty
  nullable,  ///< required; `null` and "" are the same and are written as `null`
  optional,  ///< left out where empty
};

struct Keys {
  template <class V>
  void operator()(V& v, Of<V, CreateModel>& o) const {
    v.text("name", o.name, Text::name);
    v.fields("fields", o.fields);
    v.options("options", o.options);
    v.bases("bases", o.bases);
  }
  template <class V>
  void operator()(V& v, Of<V, DeleteModel>& o) const {
    v.text("name", o.name, Text::name);
  }
  template <class V>
  void operator()(V& v, Of<V, RenameModel>& o) const {
    v.text("old_name", o.old_name, Text::name);
    v.text("new_name", o.new_name, Text::name);
  }
  template <class V>
  void operator()(V& v, Of<V, MoveModel>& o) const {
    v.text("name", o.name, Text::name);
    v.text("to_app", o.to_app, Text::name);
  }
  template <class V>
  void operator()(V& v, Of<V, AlterModelTable>& o) const {
    v.text("name", o.name, Text::name);
    v.text("table", o.table, Text::nullable);
  }
  template <class V>
  void operator()(V& v, Of<V, AlterModelTableComment>& o) const {
    v.text("name", o.name, Text::name);
    v.text("table_comment", o.table_comment, Text::nullable);
  }
  template <class V>
  void operator()(V& v, Of<V, AlterUniqueTogether>& o) const {
    v.text("name", o.name, Text::name);
    v.name_lists("unique_together", o.unique_together);
  }
  template <class V>
  void operator()(V& v, Of<V, AlterOrderWithRespectTo>& o) const {
    v.text("name", o.name, Text::name);
    v.text("order_with_respect_to", o.order_with_respect_to, Text::nullable);
  }
  template <class V>
  void operator()(V& v, Of<V, AlterModelOptions>& o) const {
    v.text("name", o.name, Text::name);
    v.state_options("options", o);
  }
  template <class V>
  void operator()(V& v, Of<V, AddField>& o) const {
    v.text("model_name", o.model_name, Text::name);
    v.field("field", o.field);
    v.flag("preserve_default", o.preserve_default, true);
  }
  template <class V>
  void operator()(V& v, Of<V, RemoveField>& o) const {
    v.text("model_name", o.model_name, Text::name);
    v.text("name", o.name, Text::name);
  }
  template <class V>
  void operator()(V& v, Of<V, AlterField>& o) const {
    v.text("model_name", o.model_name, Text::name);
    v.field("field", o.field);
    v.flag("preserve_default", o.preserve_default, true);
  }
  template <class V>
  void operator()(V& v, Of<V, RenameField>& o) const {
    v.text("model_name", o.model_name, Text::name);
    v.text("old_name", o.old_name, Text::name);
    v.text("new_name", o.new_name, Text::name);
  }
  template <class V>
  void operator()(V& v, Of<V, AddIndex>& o) const {
    v.text("model_name", o.model_name, Text::name);
    v.index("index", o.index);
  }
  template <class V>
  void operator()(V& v, Of<V, RemoveIndex>& o) const {
    v.text("model_name", o.model_name, Text::name);
    v.text("name", o.name, Text::name);
  }
  template <class V>
  void operator()(V& v, Of<V, RenameIndex>& o) const {
    v.text("model_name", o.model_name, Text::name);
    v.text("new_name", o.new_name, Text::name);
    v.text("old_name", o.old_name, Text::optional);
    v.names("old_fields", o.old_fields);
    v.require(o.old_name.empty() != o.old_fields.empty(), "new_name",
              "either \"old_name\" or \"old_fields\" must say which index it is");
  }
  template <class V>
  void operator()(V& v, Of<V, AddConstraint>& o) const {
    v.text("model_name", o.model_name, Text::name);
    v.constraint("constraint", o.constraint);
  }
  template <class V>
  void operator()(V& v, Of<V, RemoveConstraint>& o) const {
    v.text("model_name", o.model_name, Text::name);
    v.text("name", o.name, Text::name);
  }
  template <class V>
  void operator()(V& v, Of<V, AlterConstraint>& o) const {
    v.text("model_name", o.model_name, Text::name);
    v.text("name", o.name, Text::name);
    v.constraint("constraint", o.constraint);
    v.require(name_of(o.constraint) == o.name, "constraint",
              "the constraint is named \"" + name_of(o.constraint) + "\", the operation names \"" +
                  o.name + "\"");
  }
  template <class V>
  void operator()(V& v, Of<V, RenameConstraint>& o) const {
    v.text("model_name", o.model_name, Text::name);
    v.text("old_name", o.old_name, Text::name);
    v.text("new_name", o.new_name, Text::name);
  }
  template <class V>
  void operator()(V& v, Of<V, RunSQL>& o) const {
    v.source("sql", "sql_file", o.sql);
    v.optional_source("reverse_sql", "reverse_sql_file", o.reverse_sql);
    v.operations("state_operations", o.state_operations);
    v.flag("elidable", o.elidable, false);
  }
  template <class V>
  void operator()(V& v, Of<V, RunCpp>& o) const {
    v.text("code", o.code, Text::name);
    v.optional_text("reverse_code", o.reverse_code);
    v.flag("elidable", o.elidable, false);
  }
  template <class V>
  void operator()(V& v, Of<V, SeparateDatabaseAndState>& o) const {
    v.operations("database_operations", o.database_operations);
    v.operations("state_operations", o.state_operations);
  }
  template <class V>
  void operator()(V& v, Of<V, CreateExtension>& o) const {
    v.text("name", o.name, Text::name);
  }
  template <class V>
  void operator()(V& v, Of<V, CreateCollation>& o) const {
    collation(v, o);
  }
  template <class V>
  void operator()(V& v, Of<V, RemoveCollation>& o) const {
    collation(v, o);
  }
  template <class V>
  void operator()(V& v, Of<V, AddIndexConcurrently>& o) const {
    v.text("model_name", o.model_name, Text::name);
    v.index("index", o.index);
  }
  template <class V>
  void operator()(V& v, Of<V, RemoveIndexConcurrently>& o) const {
    v.text("model_name", o.model_name, Text::name);
    v.text("name", o.name, Text::name);
  }
  template <class V>
  void operator()(V& v, Of<V, AddConstraintNotValid>& o) const {
    v.text("model_name", o.model_name, Text::name);
    v.constraint("constraint", o.constraint);
    v.require(std::holds_alternative<CheckConstraint>(o.constraint), "constraint",
              "expected a CheckConstraint: others can't be added without a look at the rows");
  }
  template <class V>
  void operator()(V& v, Of<V, ValidateConstraint>& o) const {
    v.text("model_name", o.model_name, Text::name);
    v.text("name", o.name, Text::name);
  }

 private:
  template <class V, class Collation>
  static void collation(V& v, Collation& o) {
    v.text("name", o.name, Text::name);
    v.text("locale", o.locale, Text::name);
    v.provider("provider", o.provider);
    v.flag("deterministic", o.deterministic, true);
  }
};

/// Django's options without any meaning for schemas and rows; `formats.md` §3.
const std::vector<std::string>& idle_options() {
  static const std::vector<std::string> keys{"ordering",
                                             "get_latest_by",
                                             "permissions",
                                             "default_permissions",
                                             "default_related_name",
                                             "default_manager_name",
                                             "select_on_save",
                                             "verbose_name",
                                             "verbose_name_plural"};
  return keys;
}

// Forms -----------------------------------------------------------------------------------------

struct KeyForms {
  static constexpr bool fills = true;
  std::vector<OperationKey> found{};

  using Form = OperationKey::Form;
  void add(const char* key, Form form, bool required) {
    found.push_back({.key = key, .form = form, .required = required});
  }

  void text(const char* key, std::string&, Text kind) {
    add(key, kind == Text::nullable ? Form::nullable_text : Form::name, kind != Text::optional);
  }
  void optional_text(const char* key, std::optional<std::string>&) {
    add(key, Form::nullable_text, false);
  }
  void provider(const char* key, std::string&) { add(key, Form::provider, false); }
  void flag(const char* key, bool&, bool) { add(key, Form::flag, false); }
  void names(const char* key, std::vector<std::string>&) { add(key, Form::names, false); }
  void bases(const char* key, std::vector<std::string>&) { add(key, Form::names, false); }
  void name_lists(const char* key, std::vector<std::vector<std::string>>&) {
    add(key, Form::name_lists, true);
  }
  void fields(const char* key, std::vector<Field>&) { add(key, Form::fields, true); }
  void field(const char* key, Field&) { add(key, Form::field, true); }
  void options(const char* key, Options&) { add(key, Form::options, false); }
  void state_options(const char* key, AlterModelOptions&) { add(key, Form::state_options, true); }
  void index(const char* key, Index&) { add(key, Form::index, true); }
  void constraint(const char* key, Constraint&) { add(key, Form::constraint, true); }
  void operations(const char* key, std::shared_ptr<const Operations>&) {
    add(key, Form::operations, false);
  }
  void source(const char* key, const char* file_key, RunSQL::Source&) {
    add(key, Form::source, false);
    add(file_key, Form::file, false);
  }
  void optional_source(const char* key, const char* file_key, std::optional<RunSQL::Source>&) {
    add(key, Form::optional_source, false);
    add(file_key, Form::file, false);
  }
  void require(bool, const char*, const std::string&) {}
};

template <class T>
std::vector<OperationKey> forms_of() {
  KeyForms forms;
  T operation;
  Keys{}(forms, operation);
  return forms.found;
}

template <class T>
const std::vector<std::string>& keys_of() {
  static const std::vector<std::string> keys = [] {
    std::vector<std::string> names{"op"};
    for (const OperationKey& form : forms_of<T>()) names.push_back(form.key);
    return names;
  }();
  return keys;
}

// Reader ----------------------------------------------------------------------------------------

class Reader {
 public:
  static constexpr bool fills = true;
  Reader(const Node& node, const std::string& app, const SqlFiles& files)
      : node_(node), app_(app), files_(files) {}

  void text(const char* key, std::string& value, Text kind) const {
    if (kind == Text::name) {
      value = node_.at(key).name();
    } else if (kind == Text::nullable) {
      const Node node = node_.at(key);
      if (!node.is_null()) value = node.text();
    } else if (const auto node = node_.find(key)) {
      value = node->name();
    }
  }
  void optional_text(const char* key, std::optional<std::string>& value) const {
    const auto node = node_.find(key);
    if (node && !node->is_null()) value = node->name();
  }
  /// libc is what an absent provider means.
  void provider(const char* key, std::string& value) const {
    text(key, value, Text::optional);
    if (value == "libc") value.clear();
  }
  void flag(const char* key, bool& value, bool) const {
    if (const auto node = node_.find(key)) value = node->boolean();
  }
  void names(const char* key, std::vector<std::string>& value) const {
    if (const auto node = node_.find(key)) value = names_of(*node);
  }
  void bases(const char* key, std::vector<std::string>& value) const {
    const auto node = node_.find(key);
    if (!node) return;
    for (const Node& item : node->items()) {
      std::string base = item.name();
      if (base.find('.') == std::string::npos) base = app_ + "." + base;
      if (std::find(value.begin(), value.end(), base) != value.end()) {
        item.fail("the base \"" + base + "\" is there twice");
      }
      value.push_back(std::move(base));
    }
  }
  /// A flat list of names means one; `null` means none.
  void name_lists(const char* key, std::vector<std::vector<std::string>>& value) const {
    const Node node = node_.at(key);
    if (node.is_null()) return;
    const std::vector<Node> items = node.items();
    if (!items.empty() && items.front().is_string()) {
      value.push_back(names_of(node));
      return;
    }
    for (const Node& item : items) value.push_back(names_of(item));
  }
  void fields(const char* key, std::vector<Field>& value) const {
    const std::vector<Node> items = node_.at(key).items();
    value.reserve(items.size());
    std::set<std::string> seen;
    for (const Node& item : items) {
      value.push_back(json::read_field(item, app_, json::Attributes::stored));
      if (!seen.insert(value.back().name).second) {
        item.fail("the field \"" + value.back().name + "\" is there twice");
      }
    }
  }
  void field(const char* key, Field& value) const {
    value = json::read_field(node_.at(key), app_, json::Attributes::stored);
  }
  void options(const char* key, Options& value) const {
    const auto node = node_.find(key);
    if (!node) return;
    value = json::read_options(*node, app_, json::Attributes::stored);
    for (std::size_t i = 0; i < value.indexes.size(); ++i) {
      if (value.indexes[i].name.empty()) refuse_unnamed(node->at("indexes").items()[i]);
    }
  }
  void state_options(const char* key, AlterModelOptions& value) const {
    const Node node = node_.at(key);
    node.only_keys(state_option_keys());
    if (const auto managed = node.find("managed")) value.managed = managed->boolean();
    const auto manager = node.find("base_manager_name");
    if (manager && !manager->is_null()) value.base_manager_name = manager->text();
  }
  void index(const char* key, Index& value) const {
    const Node node = node_.at(key);
    value = json::read_index(node, app_);
    if (value.name.empty()) refuse_unnamed(node);
  }
  void constraint(const char* key, Constraint& value) const {
    value = json::read_constraint(node_.at(key), app_);
  }
  void operations(const char* key, std::shared_ptr<const Operations>& value) const {
    const auto node = node_.find(key);
    if (!node) return;
    value = std::make_shared<const Operations>(read_operations(*node, app_, files_));
  }
  void source(const char* key, const char* file_key, RunSQL::Source& value) const {
    std::optional<RunSQL::Source> found;
    optional_source(key, file_key, found);
    if (!found) {
      node_.fail("expected \"" + std::string(key) + "\" or \"" + file_key + "\", found neither");
    }
    value = std::move(*found);
  }
  void optional_source(const char* key, const char* file_key,
                       std::optional<RunSQL::Source>& value) const {
    auto node = node_.find(key);
    const auto file = node_.find(file_key);
    if (node && node->is_null()) node.reset();
    if (node && file) {
      node_.fail("expected either \"" + std::string(key) + "\" or \"" + file_key +
                 "\", found both");
    }
    if (node) value = source_of(*node);
    if (file) value = file_source(*file);
  }
  void require(bool holds, const char* key, const std::string& message) const {
    if (!holds) node_.at(key).fail(message);
  }

 private:
  [[noreturn]] static void refuse_unnamed(const Node& index) {
    index.fail("the index has no name", "give it a \"name\"");
  }
  static std::vector<std::string> names_of(const Node& node) {
    std::vector<std::string> names;
    for (const Node& item : node.items()) names.push_back(item.name());
    return names;
  }
  static RunSQL::Source source_of(const Node& node) {
    RunSQL::Source source;
    if (node.is_string()) {
      source.text = node.text();
      return source;
    }
    if (!node.is_array()) node.expected("a string or an array of statements");
    for (const Node& item : node.items()) source.statements.push_back(statement_of(item));
    return source;
  }
  static SqlStatement statement_of(const Node& node) {
    if (node.is_string()) return {node.name(), {}};
    if (!node.is_array()) node.expected("a statement or [statement, [parameter, ...]]");
    const std::vector<Node> items = node.items();
    if (items.size() != 2 || !items[0].is_string() || !items[1].is_array()) {
      node.fail("expected [statement, [parameter, ...]], found another array");
    }
    SqlStatement statement{items[0].name(), {}};
    for (const Node& item : items[1].items()) {
      statement.parameters.push_back(json::to_json(item.value()));
    }
    return statement;
  }
  RunSQL::Source file_source(const Node& node) const {
    const std::string& name = node.name();
    const std::filesystem::path path(name);
    const bool leaves_folder =
        path.is_absolute() || std::find(path.begin(), path.end(), "..") != path.end();
    if (leaves_folder) {
      node.fail("the SQL file \"" + name + "\" is not beside the migration",
                "name it relative to the migration's folder, without \"..\"");
    }
    std::optional<std::string> text = files_.read(files_.folder / path);
    if (!text) {
      node.fail("the SQL file \"" + name + "\" does not exist",
                "it is looked for beside the migration");
    }
    RunSQL::Source source;
    source.text = std::move(*text);
    source.file = name;
    return source;
  }

  const Node& node_;
  const std::string& app_;
  const SqlFiles& files_;
};

template <class T>
Operation read_as(const Node& node, const std::string& app, const SqlFiles& files) {
  node.only_keys(keys_of<T>());
  T operation;
  Reader reader(node, app, files);
  Keys{}(reader, operation);
  return Operation{std::move(operation)};
}

/// The variant is the list: every alternative can be read under its tag.
template <class... Ts>
std::optional<Operation> read_any(const std::string& tag, const Node& node, const std::string& app,
                                  const SqlFiles& files, std::type_identity<std::variant<Ts...>>) {
  std::optional<Operation> found;
  (void)((tag == Ts::tag && (found = read_as<Ts>(node, app, files), true)) || ...);
  return found;
}

template <class... Ts>
std::vector<std::string> tags(std::type_identity<std::variant<Ts...>>) {
  return {std::string(Ts::tag)...};
}

template <class... Ts>
std::map<std::string, std::vector<OperationKey>> forms(std::type_identity<std::variant<Ts...>>) {
  return {{std::string(Ts::tag), forms_of<Ts>()}...};
}

// Writer ----------------------------------------------------------------------------------------

class Writer {
 public:
  static constexpr bool fills = false;
  explicit Writer(std::string_view tag) { put("op", std::string(tag)); }
  Tree take() { return std::move(tree_); }

  void text(const char* key, const std::string& value, Text kind) {
    if (value.empty() && kind == Text::nullable) {
      put(key, nullptr);
    } else if (!value.empty() || kind == Text::name) {
      put(key, value);
    }
  }
  void optional_text(const char* key, const std::optional<std::string>& value) {
    if (value) put(key, *value);
  }
  void provider(const char* key, const std::string& value) { text(key, value, Text::optional); }
  void flag(const char* key, bool value, bool usual) {
    if (value != usual) put(key, value);
  }
  void names(const char* key, const std::vector<std::string>& value) {
    if (!value.empty()) put(key, value);
  }
  void bases(const char* key, const std::vector<std::string>& value) { names(key, value); }
  void name_lists(const char* key, const std::vector<std::vector<std::string>>& value) {
    put(key, value);
  }
  void fields(const char* key, const std::vector<Field>& value) {
    Tree items = Tree::array();
    for (const Field& field : value) items.push_back(json::write_field(field));
    put(key, std::move(items));
  }
  void field(const char* key, const Field& value) { put(key, json::write_field(value)); }
  void options(const char* key, const Options& value) {
    Tree written = json::write_options(value);
    if (!written.empty()) put(key, std::move(written));
  }
  void state_options(const char* key, const AlterModelOptions& value) {
    Tree written = Tree::object();
    if (!value.managed) written["managed"] = false;
    if (!value.base_manager_name.empty()) written["base_manager_name"] = value.base_manager_name;
    put(key, std::move(written));
  }
  void index(const char* key, const Index& value) { put(key, json::write_index(value)); }
  void constraint(const char* key, const Constraint& value) {
    put(key, json::write_constraint(value));
  }
  void operations(const char* key, const std::shared_ptr<const Operations>& value) {
    if (value && !value->empty()) put(key, write_operations(*value));
  }
  void source(const char* key, const char* file_key, const RunSQL::Source& value) {
    if (!value.file.empty()) {
      put(file_key, value.file);
    } else if (value.text) {
      put(key, *value.text);
    } else {
      Tree items = Tree::array();
      for (const SqlStatement& statement : value.statements) items.push_back(written(statement));
      put(key, std::move(items));
    }
  }
  void optional_source(const char* key, const char* file_key,
                       const std::optional<RunSQL::Source>& value) {
    if (value) source(key, file_key, *value);
  }
  void require(bool, const char*, const std::string&) {}

 private:
  static Tree written(const SqlStatement& statement) {
    if (statement.parameters.empty()) return Tree(statement.sql);
    Tree parameters = Tree::array();
    for (const Json& value : statement.parameters) parameters.push_back(json::to_tree(value));
    Tree item = Tree::array();
    item.push_back(statement.sql);
    item.push_back(std::move(parameters));
    return item;
  }
  template <class T>
  void put(const char* key, T&& value) {
    tree_[key] = std::forward<T>(value);
  }

  Tree tree_;
};

struct Write {
  template <class T>
  Tree operator()(const T& operation) const {
    Writer writer(T::tag);
    Keys{}(writer, operation);
    return writer.take();
  }
};

// SQL files -------------------------------------------------------------------------------------

/// Files that RunSQL operations are read from.
struct SqlFileUses {
  std::vector<std::string> names{};
  std::vector<std::string> texts{};
};
void collect(const Operations& operations, SqlFileUses& uses);

struct CollectSqlFiles {
  SqlFileUses& uses;

  void operator()(const RunSQL& o) const {
    source(o.sql);
    if (o.reverse_sql) source(*o.reverse_sql);
    nested(o.state_operations);
  }
  void operator()(const SeparateDatabaseAndState& o) const {
    nested(o.database_operations);
    nested(o.state_operations);
  }
  template <class T>
  void operator()(const T&) const {}

 private:
  void source(const RunSQL::Source& value) const {
    if (value.file.empty()) return;
    uses.names.push_back(value.file);
    uses.texts.push_back(value.text.value_or(""));
  }
  void nested(const std::shared_ptr<const Operations>& operations) const {
    if (operations) collect(*operations, uses);
  }
};

void collect(const Operations& operations, SqlFileUses& uses) {
  for (const Operation& operation : operations) match(operation, CollectSqlFiles{uses});
}

/// What to write instead of an operation that only Django has; empty for any other name.
std::string word_for_django(std::string_view name) {
  if (name == "RunPython") return "RunCpp runs a function of the program";
  if (name == "AlterIndexTogether") return "AddIndex and RemoveIndex change one index each";
  if (name == "AlterModelManagers") return "managers are no part of a state: leave it out";
  if (name != "CreateExtension" && name.ends_with("Extension")) {
    return "write CreateExtension with the \"name\" of the extension";
  }
  return {};
}

}  // namespace

Operation read_operation(const Node& node, const std::string& app, const SqlFiles& files) {
  constexpr std::type_identity<OperationVariant> all;
  const Node tag = node.at("op");
  std::optional<Operation> found = read_any(tag.name(), node, app, files, all);
  if (!found) {
    std::string hint = word_for_django(tag.text());
    if (hint.empty()) hint = did_you_mean(tag.text(), operation_names());
    if (hint.empty()) hint = "known operations: " + join(operation_names(), ", ");
    tag.fail("unknown operation \"" + tag.text() + "\"", hint);
  }
  return std::move(*found);
}

Operations read_operations(const Node& node, const std::string& app, const SqlFiles& files) {
  Operations operations;
  const std::vector<Node> items = node.items();
  operations.reserve(items.size());
  for (const Node& item : items) operations.push_back(read_operation(item, app, files));
  return operations;
}

Tree write_operation(const Operation& operation) { return match(operation, Write{}); }

Tree write_operations(const Operations& operations) {
  Tree items = Tree::array();
  for (const Operation& operation : operations) items.push_back(write_operation(operation));
  return items;
}

std::vector<std::string> sql_file_texts(const Operations& operations) {
  SqlFileUses uses;
  collect(operations, uses);
  return std::move(uses.texts);
}

std::vector<std::string> sql_file_names(const Operations& operations) {
  SqlFileUses uses;
  collect(operations, uses);
  return std::move(uses.names);
}

const std::vector<std::string>& operation_names() {
  static const std::vector<std::string> names = tags(std::type_identity<OperationVariant>{});
  return names;
}

const std::vector<std::string>& state_option_keys() {
  static const std::vector<std::string> keys = [] {
    std::vector<std::string> all{"managed", "base_manager_name"};
    all.insert(all.end(), idle_options().begin(), idle_options().end());
    return all;
  }();
  return keys;
}

const std::map<std::string, std::vector<OperationKey>>& operation_keys() {
  static const auto keys = forms(std::type_identity<OperationVariant>{});
  return keys;
}

}  // namespace turnstone::migrations
