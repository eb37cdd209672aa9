#include "model_header.h"

#include <turnstone/identifier.h>
#include <turnstone/match.h>
#include <turnstone/model/project_state.h>

#include <algorithm>
#include <map>

namespace turnstone::cli {
namespace {

/// `text` as a string literal.
std::string literal(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    if (c == '\n') {
      result += "\\n";
    } else if (c == '\t') {
      result += "\\t";
    } else {
      result += c;
    }
  }
  return result + "\"";
}

/// What a type of field is in C++: the member's type, and what `.type()` has to say besides.
struct MemberForm {
  std::string type{};
  bool narrowed = false;
};

MemberForm form_of(FieldType type) {
  static const std::map<FieldType, MemberForm> forms = {
      {FieldType::auto_field, {"std::int32_t"}},
      {FieldType::big_auto_field, {"std::int64_t"}},
      {FieldType::small_auto_field, {"std::int16_t"}},
      {FieldType::boolean, {"bool"}},
      {FieldType::small_integer, {"std::int16_t"}},
      {FieldType::integer, {"std::int32_t"}},
      {FieldType::big_integer, {"std::int64_t"}},
      {FieldType::positive_small_integer, {"std::uint16_t"}},
      {FieldType::positive_integer, {"std::uint32_t"}},
      {FieldType::positive_big_integer, {"std::uint64_t"}},
      {FieldType::floating, {"double"}},
      {FieldType::decimal, {"turnstone::Decimal"}},
      {FieldType::character, {"std::string"}},
      {FieldType::text, {"std::string"}},
      {FieldType::date, {"turnstone::Date"}},
      {FieldType::time, {"turnstone::Time"}},
      {FieldType::date_time, {"turnstone::DateTime"}},
      {FieldType::duration, {"turnstone::Duration"}},
      {FieldType::uuid, {"turnstone::Uuid"}},
      {FieldType::binary, {"turnstone::Bytes"}},
      {FieldType::json, {"turnstone::Json"}},
      {FieldType::custom, {"std::string"}},
      {FieldType::hstore, {"turnstone::Json", true}}};
  const auto found = forms.find(type);
  return found == forms.end() ? MemberForm{"std::string", true} : found->second;
}

/// A statement over several lines where it is long: options begin lines of their own.
std::string wrapped(const std::string& statement) {
  constexpr std::size_t width = 100;
  std::string text;
  std::string line;
  std::string piece;
  const auto flush = [&] {
    if (!line.empty() && line.size() + piece.size() > width) {
      text += line + "\n";
      line = "      ";
    }
    line += piece;
    piece.clear();
  };
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < statement.size(); ++i) {
    const char c = statement[i];
    if (quoted && c == '\\') {
      piece += c;
      piece += statement[++i];
      continue;
    }
    if (c == '"') quoted = !quoted;
    if (!quoted && (c == '(' || c == '{')) ++depth;
    if (!quoted && (c == ')' || c == '}')) --depth;
    if (!quoted && depth == 0 && c == '.' && i > 0 && statement[i - 1] == ')') flush();
    piece += c;
  }
  flush();
  return text + line;
}

std::string parameter(const Json& value) {
  return value.is_string() ? literal(value.as_string()) : value.text();
}

class Header {
 public:
  Header(const std::string& app, const std::vector<ModelState>& models,
         const std::vector<InspectRemark>& remarks)
      : app_(app), models_(models), remarks_(remarks) {
    for (const ModelState& model : models) state_.set(model);
  }

  std::string run() {
    std::string text =
        "#pragma once\n\n#include <turnstone/app.h>\n\n#include <cstdint>\n#include <optional>\n"
        "#include <string>\n#include <vector>\n\nnamespace " +
        app_ + " {\n\n";
    for (const ModelState& model : models_) text += "struct " + model.name + ";\n";
    for (const ModelState& model : models_) text += declaration(model);
    for (const ModelState& model : models_) text += description(model);
    std::vector<std::string> names;
    for (const ModelState& model : models_) names.push_back(model.name);
    text += "\ninline turnstone::App app() {\n  return turnstone::App(" + literal(app_) +
            ")\n      .models<" + join(names, ", ") + ">();\n}\n";
    return text + "\n}  // namespace " + app_ + "\n";
  }

 private:
  std::string remarks_on(const ModelState& model, const std::string& field,
                         const std::string& indent) const {
    std::string text;
    for (const InspectRemark& remark : remarks_) {
      if (remark.model == model.name && remark.field == field) {
        text += indent + "// " + remark.text + "\n";
      }
    }
    return text;
  }

  /// The C++ type of the key that a relation holds.
  std::string key_type(const ModelState& model, const Field& relation) const {
    const Field* at = &relation;
    ModelPtr owner = state_.find(key_of(model));
    for (int steps = 0; is_relation(at->type) && steps < 32; ++steps) {
      owner = state_.target_model(*owner, *at);
      at = at->to_field.empty() ? owner->primary_key() : owner->find_field(at->to_field);
      if (!at) return "std::int64_t";
    }
    const std::string type = form_of(at->type).type;
    return type == "std::string" || type == "turnstone::Uuid" ? type : "std::int64_t";
  }

  std::string bare_type(const ModelState& model, const Field& field) const {
    if (field.type == FieldType::generated) return bare_type(model, *field.output_field);
    if (field.type == FieldType::array) {
      return "std::vector<" + bare_type(model, *field.base_field) + ">";
    }
    if (!is_relation(field.type)) return form_of(field.type).type;
    const std::string target(key_from(field.to, app_).model);
    std::string name = target;
    for (const ModelState& other : models_) {
      if (lower_case(other.name) == target) name = other.name;
    }
    if (field.type == FieldType::many_to_many) return "turnstone::ManyToMany<" + name + ">";
    const std::string key = key_type(model, field);
    return std::string("turnstone::") +
           (field.type == FieldType::one_to_one ? "OneToOne<" : "ForeignKey<") + name +
           (key == "std::int64_t" ? "" : ", " + key) + ">";
  }

  std::string declaration(const ModelState& model) const {
    std::string text = "\n" + remarks_on(model, {}, "") + "struct " + model.name + " {\n";
    for (const Field& field : model.fields) {
      if (field.type == FieldType::composite_primary_key) continue;
      const std::string type = bare_type(model, field);
      text += remarks_on(model, field.name, "  ") + "  " +
              (field.null ? "std::optional<" + type + ">" : type) + " " + field.name + "{};\n";
    }
    return text + "  static void describe(turnstone::Model<" + model.name + ">& m);\n};\n";
  }

  static std::string member(const ModelState& model, const std::string& field) {
    return "&" + model.name + "::" + field;
  }
  static std::string column(const ModelState& model, const std::string& field) {
    return "F<" + member(model, field) + ">";
  }

  /// What inspection makes of expressions: literals, raw text, fields and their ornaments.
  std::string expression(const ModelState& model, const Expression& e,
                         const std::string& type) const {
    switch (e.kind) {
      case Expression::Kind::literal:
        if (type == "turnstone::Decimal") {
          return "Decimal::parse(" + literal(e.value.as_string()) + ")";
        }
        if (type == "std::string") return "std::string(" + literal(e.value.as_string()) + ")";
        return e.value.text();
      case Expression::Kind::field:
        return column(model, e.name);
      case Expression::Kind::raw:
        return "raw<" + type + ">(" + literal(e.name) + ")";
      case Expression::Kind::call:
        break;
    }
    if (e.name == "desc" || e.name == "asc") {
      std::string text = e.name + "(" + expression(model, e.arguments[0], type) + ")";
      if (e.arguments.size() > 1) text += "." + e.arguments[1].value.as_string() + "()";
      return text;
    }
    return e.name + "(" + expression(model, e.arguments[0], type) + ", " +
           literal(e.arguments[1].value.as_string()) + ")";
  }

  std::string options(const ModelState& model, const Field& field, bool nested) const {
    std::string text;
    const auto say = [&](const std::string& name, const std::string& value) {
      text += "." + name + "(" + value + ")";
    };
    const auto say_text = [&](const std::string& name, const std::string& value) {
      if (!value.empty()) say(name, literal(value));
    };
    const Field& result = field.type == FieldType::generated ? *field.output_field : field;
    if (result.type == FieldType::custom) {
      for (const auto& [database, type] : result.db_type) {
        say("db_type", (database.empty() ? "" : literal(database) + ", ") + literal(type));
      }
    }
    const bool plain_key = field.primary_key && is_integer(field.type);
    const bool unsized_text = result.type == FieldType::character && !result.max_length;
    if (form_of(result.type).narrowed || plain_key || unsized_text) {
      const bool special = !is_relation(result.type) && result.type != FieldType::array;
      if (special) say("type", literal(std::string(name_of(result.type))));
    }
    if (result.max_length) say("max_length", std::to_string(*result.max_length));
    if (result.max_digits) {
      say("digits", std::to_string(*result.max_digits) + ", " +
                        std::to_string(result.decimal_places.value_or(0)));
    }
    if (result.type == FieldType::array) {
      const std::string item = options(model, *result.base_field, true);
      if (!item.empty()) {
        say("base_field",
            "turnstone::column<" + bare_type(model, *result.base_field) + ">()" + item);
      }
      if (result.size) say("size", std::to_string(*result.size));
    }
    if (nested) return text;
    if (field.primary_key) say("primary_key", "");
    if (field.unique) say("unique", "");
    if (field.db_index) say("db_index", *field.db_index ? "" : "false");
    if (field.on_delete != OnDelete::none) {
      say("on_delete", std::string(turnstone::name_of(field.on_delete)));
    }
    if (field.db_on_delete) say("db_on_delete", "");
    say_text("db_on_update", field.db_on_update);
    say_text("db_deferrable", field.db_deferrable);
    say_text("to_field", field.to_field);
    say_text("related_name", field.related_name);
    say_text("db_table", field.db_table);
    if (!field.through.empty()) {
      text += ".through<" + through_name(field.through) + ">()";
    }
    say_text("db_column", field.db_column);
    say_text("db_comment", field.db_comment);
    say_text("db_collation",
             result.db_collation.empty() ? field.db_collation : result.db_collation);
    say_text("db_tablespace", field.db_tablespace);
    say_text("db_identity", field.db_identity);
    if (field.type != FieldType::composite_primary_key) {
      for (const auto& [kind, name] : field.db_names) {
        say("db_name", literal(kind) + ", " + literal(name));
      }
    }
    const std::string type =
        is_foreign_key(field.type) ? key_type(model, field) : bare_type(model, field);
    if (field.db_default) say("db_default", expression(model, *field.db_default, type));
    if (field.expression) say("expression", expression(model, *field.expression, type));
    if (!field.db_persist) say("db_persist", "false");
    return text;
  }
  std::string through_name(const std::string& reference) const {
    return reference.substr(reference.find('.') + 1);
  }

  /// An item of an index or a unique constraint over expressions.
  std::string term(const ModelState& model, const Expression& e) const {
    return "OrderTerm(" + expression(model, e, "std::string") + ")";
  }
  std::string terms(const ModelState& model, const std::vector<Expression>& expressions) const {
    std::vector<std::string> items;
    for (const Expression& e : expressions) items.push_back(term(model, e));
    return "{" + join(items, ", ") + "}";
  }
  static std::string members(const ModelState& model, const std::vector<std::string>& fields) {
    std::vector<std::string> items;
    for (const std::string& field : fields) items.push_back(member(model, field));
    return join(items, ", ");
  }
  static std::string strings(const std::vector<std::string>& texts) {
    std::vector<std::string> items;
    for (const std::string& text : texts) items.push_back(literal(text));
    return "{" + join(items, ", ") + "}";
  }

  std::string index(const ModelState& model, const Index& item) const {
    std::string text = "  m.index";
    const bool signs = std::any_of(item.fields.begin(), item.fields.end(),
                                   [](const std::string& f) { return f.starts_with("-"); });
    if (!item.expressions.empty()) {
      text += "(" + terms(model, item.expressions) + ", " + literal(item.name) + ")";
    } else if (signs) {
      std::vector<std::string> list;
      for (const std::string& field : item.fields) {
        list.push_back(field.starts_with("-") ? "desc(" + column(model, field.substr(1)) + ")"
                                              : "OrderTerm(" + column(model, field) + ")");
      }
      text += "({" + join(list, ", ") + "}, " + literal(item.name) + ")";
    } else {
      text += "<" + members(model, item.fields) + ">(" + literal(item.name) + ")";
    }
    if (item.type != IndexType::index) {
      text += ".type(" + literal(std::string(turnstone::name_of(item.type))) + ")";
    }
    if (item.condition) text += ".condition(" + expression(model, *item.condition, "bool") + ")";
    if (!item.include.empty()) text += ".include<" + members(model, item.include) + ">()";
    if (!item.opclasses.empty()) text += ".opclasses(" + strings(item.opclasses) + ")";
    if (!item.db_tablespace.empty()) text += ".db_tablespace(" + literal(item.db_tablespace) + ")";
    for (const auto& [key, value] : item.parameters) {
      text += ".parameter(" + literal(key) + ", " +
              (value.is_string() ? "Json::of(" + parameter(value) + ")" : parameter(value)) + ")";
    }
    return text + ";\n";
  }

  struct ConstraintText {
    const Header& header;
    const ModelState& model;

    std::string operator()(const CheckConstraint& c) const {
      return "  m.check(" + literal(c.name) + ", " + header.expression(model, c.condition, "bool") +
             ");\n";
    }
    std::string operator()(const UniqueConstraint& c) const {
      std::string text = "  m.unique";
      if (c.expressions.empty()) {
        text += "<" + members(model, c.fields) + ">(" + literal(c.name) + ")";
      } else {
        std::vector<Expression> list = c.expressions;
        // Columns alone would be taken for a constraint, which is no index.
        const bool columns = std::all_of(list.begin(), list.end(), [](const Expression& e) {
          return e.kind == Expression::Kind::field;
        });
        if (columns) list.front() = header.as_text(model, list.front());
        text += "(" + literal(c.name) + ", " + header.terms(model, list) + ")";
      }
      if (c.condition) text += ".condition(" + header.expression(model, *c.condition, "bool") + ")";
      if (c.deferrable == Deferrable::deferred) text += ".deferrable(Deferrable::deferred)";
      if (c.deferrable == Deferrable::immediate) text += ".deferrable(Deferrable::immediate)";
      if (!c.include.empty()) text += ".include<" + members(model, c.include) + ">()";
      if (!c.opclasses.empty()) text += ".opclasses(" + strings(c.opclasses) + ")";
      if (c.nulls_distinct) {
        text += std::string(".nulls_distinct(") + (*c.nulls_distinct ? "true" : "false") + ")";
      }
      if (c.in_table) text += ".in_table()";
      return text + ";\n";
    }
    std::string operator()(const ExclusionConstraint& c) const {
      std::vector<std::string> items;
      for (const auto& [e, op] : c.expressions) {
        items.push_back("{" + header.expression(model, e, "std::string") + ".expression(), " +
                        literal(op) + "}");
      }
      std::string text = "  m.exclusion(" + literal(c.name) + ", {" + join(items, ", ") + "})";
      if (!c.index_type.empty()) text += ".index_type(" + literal(c.index_type) + ")";
      if (c.condition) text += ".condition(" + header.expression(model, *c.condition, "bool") + ")";
      if (c.deferrable == Deferrable::deferred) text += ".deferrable(Deferrable::deferred)";
      if (c.deferrable == Deferrable::immediate) text += ".deferrable(Deferrable::immediate)";
      if (!c.include.empty()) text += ".include<" + members(model, c.include) + ">()";
      return text + ";\n";
    }
  };

  static Expression as_text(const ModelState& model, const Expression& e) {
    const Field* field = model.resolve_field(e.name);
    return Expression::raw(quote_identifier(field ? column_name(*field) : e.name));
  }

  std::string description(const ModelState& model) const {
    std::string text = "\ninline void " + model.name + "::describe(turnstone::Model<" + model.name +
                       ">& m) {\n  using namespace turnstone;\n";
    const Options& o = model.options;
    const auto meta = [&](const std::string& name, const std::string& value) {
      if (!value.empty()) text += "  m." + name + "(" + literal(value) + ");\n";
    };
    meta("db_table", o.db_table);
    meta("db_table_comment", o.db_table_comment);
    meta("db_tablespace", o.db_tablespace);
    if (!o.managed) text += "  m.managed(false);\n";
    for (const Field& field : model.fields) {
      if (field.type == FieldType::composite_primary_key) {
        text += "  m.primary_key<" + members(model, field.fields) + ">(" +
                (field.db_names.contains("primary_key") ? literal(field.db_names.at("primary_key"))
                                                        : "") +
                ");\n";
        continue;
      }
      text += wrapped("  m.field<" + member(model, field.name) + ">()" +
                      options(model, field, false) + ";\n");
    }
    for (const Constraint& c : o.constraints)
      text += wrapped(match(c, ConstraintText{*this, model}));
    for (const Index& item : o.indexes) text += wrapped(index(model, item));
    return text + "}\n";
  }

  const std::string& app_;
  const std::vector<ModelState>& models_;
  const std::vector<InspectRemark>& remarks_;
  ProjectState state_{};
};

}  // namespace

std::string model_header(const std::string& app, const std::vector<ModelState>& models,
                         const std::vector<InspectRemark>& remarks) {
  return Header(app, models, remarks).run();
}

}  // namespace turnstone::cli
