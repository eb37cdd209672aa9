#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/match.h>
#include <turnstone/model/project_state.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

namespace turnstone {
namespace {

/// What is wrong with one model inside its state. Source: `django-behaviour.md` §2.9.
class Examination {
 public:
  Examination(const ProjectState& state, const ModelState& model, std::vector<Problem>& problems)
      : state_(state), model_(model), problems_(problems) {}

  void run() {
    names();
    for (const Field& field : model_.fields) {
      field_name(field);
      options(field);
      if (is_relation(field.type)) relation(field);
    }
    keys();
    columns();
    lists();
  }

 private:
  void add(const std::string& part, const std::string& message, const std::string& hint = {}) {
    std::string where = model_.app + "." + model_.name;
    if (!part.empty()) where += part.front() == ':' ? part : "." + part;
    problems_.push_back({where, message, hint});
  }

  void names() {
    const std::string& name = model_.name;
    if (name.starts_with("_") || name.ends_with("_")) {
      add("", "the name of a model cannot begin or end with _");
    }
    if (name.find("__") != std::string::npos) add("", "the name of a model cannot hold __");
  }

  void field_name(const Field& field) {
    const bool composite = field.type == FieldType::composite_primary_key;
    const bool word = std::all_of(field.name.begin(), field.name.end(), [](unsigned char c) {
      return std::isalnum(c) || c == '_' || c >= 0x80;
    });
    if (!word || std::isdigit(static_cast<unsigned char>(field.name.front()))) {
      add(field.name, "the name of a field is made of letters, digits and _");
    }
    if (field.name.ends_with("_")) add(field.name, "the name of a field cannot end with _");
    if (field.name.find("__") != std::string::npos) {
      add(field.name, "the name of a field cannot hold __");
    }
    if (composite != (field.name == "pk")) {
      add(field.name, composite
                          ? "a CompositePrimaryKey must be named \"pk\""
                          : "\"pk\" always means the primary key: no field can have that name");
    }
  }

  void options(const Field& field) {
    if (is_auto(field.type) && !field.primary_key) {
      add(field.name, std::string(name_of(field.type)) + " must be the primary key",
          "set \"primary_key\": true");
    }
    if (field.primary_key && field.null) {
      add(field.name, "a primary key cannot be null", "take \"null\" out");
    }
    if (field.type == FieldType::decimal) decimal(field);
    if (field.max_length && *field.max_length < 1) {
      add(field.name, "\"max_length\" must be at least 1");
    }
    const int times =
        (field.auto_now ? 1 : 0) + (field.auto_now_add ? 1 : 0) + (field.default_value ? 1 : 0);
    if ((field.auto_now || field.auto_now_add) && times > 1) {
      add(field.name, "\"auto_now\", \"auto_now_add\" and \"default\" exclude each other");
    }
    if (field.on_delete == OnDelete::set_null && !field.null) {
      add(field.name, "\"on_delete\": \"SET_NULL\" needs a field that may be null",
          "set \"null\": true, or another rule");
    }
    if (field.on_delete == OnDelete::set_default && !field.default_value && !field.db_default) {
      add(field.name, "\"on_delete\": \"SET_DEFAULT\" needs a default",
          "set \"default\", or another rule");
    }
    if (field.choices_check && field.choices.empty()) {
      add(field.name, "\"choices_check\" needs \"choices\"");
    }
    if (field.type == FieldType::composite_primary_key) {
      if (field.fields.size() < 2) add(field.name, "\"fields\" must name at least two fields");
      for (const std::string& name : field.fields) known(field.name, name);
    }
    if (field.expression) known_in(field.name, *field.expression);
    if (field.db_default && any_field(*field.db_default, [](const std::string&) { return true; })) {
      add(field.name, "\"db_default\" cannot refer to fields");
    }
  }

  void decimal(const Field& field) {
    if (!field.max_digits || !field.decimal_places) {
      add(field.name, "DecimalField needs \"max_digits\" and \"decimal_places\"");
    } else if (*field.max_digits < 1 || *field.max_digits > 38) {
      add(field.name, "\"max_digits\" must be between 1 and 38");
    } else if (*field.decimal_places < 0 || *field.decimal_places > *field.max_digits) {
      add(field.name, "\"decimal_places\" must be between 0 and \"max_digits\"");
    }
  }

  ModelPtr target(const Field& field, const std::string& reference) {
    const ModelKey key = reference == "self" ? key_of(model_) : key_from(reference, model_.app);
    ModelPtr found = state_.find(key);
    if (!found) {
      std::vector<std::string> names;
      state_.each([&](const ModelPtr& m) { names.push_back(m->app + "." + m->name); });
      add(field.name, "there is no model \"" + reference + "\"", did_you_mean(reference, names));
    }
    return found;
  }

  void relation(const Field& field) {
    const ModelPtr to = target(field, field.to);
    const bool many = field.type == FieldType::many_to_many;
    if (!many && field.on_delete == OnDelete::none) {
      add(field.name, "a relation needs \"on_delete\"", "such as \"CASCADE\" or \"PROTECT\"");
    }
    if (!to) return;
    if (many) {
      if (field.unique || field.null) {
        add(field.name, "ManyToManyField takes neither \"unique\" nor \"null\"");
      }
      if (!field.through.empty()) through(field, *to);
      return;
    }
    if (!field.to_field.empty()) {
      const Field* key = to->find_field(field.to_field);
      if (!key) {
        std::vector<std::string> names;
        for (const Field& f : to->fields) names.push_back(f.name);
        add(field.name,
            "model \"" + to->app + "." + to->name + "\" has no field \"" + field.to_field + "\"",
            did_you_mean(field.to_field, names));
      } else if (!is_unique(*key) && !unique_by_constraint(*to, field.to_field)) {
        add(field.name,
            "\"to_field\" must name a unique field, and \"" + field.to_field + "\" is not",
            "set \"unique\": true there");
      }
    } else if (const Field* key = to->primary_key();
               key && key->type == FieldType::composite_primary_key) {
      add(field.name, "a relation cannot point to a composite primary key",
          "name a unique field with \"to_field\"");
    }
  }

  static bool unique_by_constraint(const ModelState& model, const std::string& field) {
    const std::vector<std::string> alone{field};
    const auto& together = model.options.unique_together;
    if (std::find(together.begin(), together.end(), alone) != together.end()) return true;
    return std::any_of(model.options.constraints.begin(), model.options.constraints.end(),
                       [&](const Constraint& constraint) {
                         const auto* unique = std::get_if<UniqueConstraint>(&constraint);
                         return unique && unique->fields == alone && !unique->condition;
                       });
  }

  void through(const Field& field, const ModelState& to) {
    const ModelPtr between = target(field, field.through);
    if (!between) return;
    const auto keys_to = [&](const ModelState& wanted) {
      return std::count_if(between->fields.begin(), between->fields.end(), [&](const Field& f) {
        return f.type == FieldType::foreign_key && key_from(f.to, between->app) == key_of(wanted);
      });
    };
    const bool itself = key_of(to) == key_of(model_);
    const auto own = keys_to(model_);
    const auto other = keys_to(to);
    const std::string name = "\"" + between->app + "." + between->name + "\"";
    if (own < (itself ? 2 : 1)) {
      add(field.name, name + " has no foreign key to \"" + model_.app + "." + model_.name + "\"");
    } else if (other < 1) {
      add(field.name, name + " has no foreign key to \"" + to.app + "." + to.name + "\"");
    } else if (field.through_fields.empty() && (own > (itself ? 2 : 1) || (!itself && other > 1))) {
      add(field.name, name + " has several foreign keys that fit",
          "name the two with \"through_fields\"");
    }
    for (const std::string& name_of_key : field.through_fields) {
      if (!between->find_field(name_of_key)) {
        add(field.name, name + " has no field \"" + name_of_key + "\"");
      }
    }
  }

  void keys() {
    const auto count =
        std::count_if(model_.fields.begin(), model_.fields.end(), [](const Field& field) {
          return field.primary_key || field.type == FieldType::composite_primary_key;
        });
    if (count > 1) add("", "a model has one primary key, and this one has several");
    if (model_.options.proxy && !model_.fields.empty()) add("", "a proxy model has no fields");
    if (model_.options.proxy && model_.bases.size() != 1) {
      add("", "a proxy model has exactly one base");
    }
  }

  void columns() {
    std::map<std::string, std::string> owners;
    for (const Field& field : model_.fields) {
      if (!has_column(field)) continue;
      const auto [at, fresh] = owners.emplace(lower_case(column_name(field)), field.name);
      if (!fresh) {
        add(field.name, "column \"" + column_name(field) + "\" is that of field \"" + at->second +
                            "\" already");
      }
    }
    for (const std::string& name : model_.bases) {
      const ModelPtr base = state_.find(key_from(name, model_.app));
      if (!base || model_.options.proxy) continue;
      for (const Field& field : model_.fields) {
        if (base->find_field(field.name)) {
          add(field.name, "the base \"" + name + "\" has a field of that name");
        }
      }
    }
  }

  std::vector<std::string> field_names() const {
    std::vector<std::string> names;
    for (const Field& field : model_.fields) names.push_back(field.name);
    return names;
  }

  void known(const std::string& part, const std::string& name) {
    const Field* field = model_.resolve_field(name);
    const bool order = name == "_order" && !model_.options.order_with_respect_to.empty();
    if (!field && !order) {
      add(part, "there is no field \"" + name + "\"", did_you_mean(name, field_names()));
    } else if (field && field->type == FieldType::many_to_many) {
      add(part, "\"" + name + "\" is a ManyToManyField and has no column");
    }
  }
  void known_in(const std::string& part, const Expression& expression) {
    any_field(expression, [&](const std::string& name) {
      known(part, name);
      return false;
    });
  }

  struct ExamineConstraint {
    Examination& on;
    void operator()(const CheckConstraint& c) const {
      on.known_in(": constraint \"" + c.name + "\"", c.condition);
    }
    void operator()(const UniqueConstraint& c) const {
      const std::string part = ": constraint \"" + c.name + "\"";
      for (const std::string& name : c.fields) on.known(part, name);
      for (const std::string& name : c.include) on.known(part, name);
      for (const Expression& e : c.expressions) on.known_in(part, e);
      if (c.condition) on.known_in(part, *c.condition);
    }
    void operator()(const ExclusionConstraint& c) const {
      const std::string part = ": constraint \"" + c.name + "\"";
      for (const auto& element : c.expressions) on.known_in(part, element.first);
      for (const std::string& name : c.include) on.known(part, name);
      if (c.condition) on.known_in(part, *c.condition);
    }
  };

  void lists() {
    const Options& options = model_.options;
    for (const auto& names : options.unique_together) {
      if (names.empty()) add(": unique_together", "a list without fields");
      for (const std::string& name : names) known(": unique_together", name);
    }
    for (const Index& index : options.indexes) {
      const std::string part = ": index \"" + index.name + "\"";
      if (index.name.size() > 30) add(part, "the name is longer than 30 characters");
      if (index.name.starts_with("_") ||
          std::isdigit(static_cast<unsigned char>(index.name.front()))) {
        add(part, "the name cannot begin with _ or a digit");
      }
      for (const std::string& name : index.fields) {
        known(part, name.starts_with("-") ? name.substr(1) : name);
      }
      for (const std::string& name : index.include) known(part, name);
      for (const Expression& e : index.expressions) known_in(part, e);
      if (index.condition) known_in(part, *index.condition);
    }
    for (const Constraint& constraint : options.constraints) {
      match(constraint, ExamineConstraint{*this});
    }
    if (!options.order_with_respect_to.empty()) {
      known(": order_with_respect_to", options.order_with_respect_to);
      if (!options.ordering.empty()) {
        add("", "\"ordering\" and \"order_with_respect_to\" exclude each other");
      }
    }
    for (const std::string& item : options.ordering) {
      const std::string name = item.starts_with("-") ? item.substr(1) : item;
      if (name != "?" && name.find("__") == std::string::npos && model_.bases.empty()) {
        known(": ordering", name);
      }
    }
  }

  const ProjectState& state_;
  const ModelState& model_;
  std::vector<Problem>& problems_;
};

/// Names that must be unique across models: tables, indexes, constraints, ways back.
void examine_together(const ProjectState& state, std::vector<Problem>& problems) {
  std::map<std::string, std::string> tables;
  std::map<std::string, std::string> named;
  std::map<std::string, std::string> ways_back;
  const auto once = [&](std::map<std::string, std::string>& taken, const std::string& name,
                        const std::string& owner, const std::string& message) {
    const auto [at, fresh] = taken.emplace(name, owner);
    if (!fresh) problems.push_back({owner, message + " is that of " + at->second + " already", {}});
  };
  state.each([&](const ModelPtr& model) {
    const std::string owner = model->app + "." + model->name;
    const Options& options = model->options;
    if (options.proxy) return;
    if (options.managed) {
      once(tables, table_name(*model), owner, "table \"" + table_name(*model) + "\"");
    }
    for (const Index& index : options.indexes) {
      once(named, index.name, owner, "the index name \"" + index.name + "\"");
    }
    for (const Constraint& constraint : options.constraints) {
      once(named, name_of(constraint), owner,
           "the constraint name \"" + name_of(constraint) + "\"");
    }
    for (const Field& field : model->fields) {
      if (field.type == FieldType::many_to_many && field.through.empty()) {
        const std::string table =
            field.db_table.empty() ? table_name(*model) + "_" + field.name : field.db_table;
        once(tables, table, owner + "." + field.name, "table \"" + table + "\"");
      }
      if (!is_relation(field.type) || field.related_name.ends_with("+") || field.to.empty()) {
        continue;
      }
      const ModelPtr target = state.find(key_from(field.to, model->app));
      if (!target) continue;
      const bool one = field.type == FieldType::one_to_one;
      const std::string back = !field.related_name.empty() ? field.related_name
                               : one                       ? lower_case(model->name)
                                                           : lower_case(model->name) + "_set";
      const std::string message =
          "the way back \"" + back + "\" from " + target->app + "." + target->name;
      once(ways_back, key_of(*target).text() + " " + back, owner + "." + field.name, message);
      if (!field.parent_link && target->find_field(back)) {
        problems.push_back({owner + "." + field.name, message + " is the name of a field there",
                            "give it another \"related_name\""});
      }
    }
  });
}

}  // namespace

std::vector<Problem> problems_of(const ProjectState& state) {
  std::vector<Problem> problems;
  state.each([&](const ModelPtr& model) { Examination(state, *model, problems).run(); });
  examine_together(state, problems);
  return problems;
}

}  // namespace turnstone
