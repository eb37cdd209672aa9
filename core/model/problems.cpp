#include <turnstone/error.h>
#include <turnstone/identifier.h>

#include <algorithm>
#include <cctype>
#include <map>

#include "model/problem_list.h"

namespace turnstone {
namespace {

using Part = PlacedProblem::Part;

/// `blog.Book.author`, `blog.Book: index "x"`
std::string place_text(const ModelState& model, Part part, const std::string& name) {
  switch (part) {
    case Part::model:
      break;
    case Part::field:
      return full_name(model) + "." + name;
    case Part::index:
      return full_name(model) + ": index \"" + name + "\"";
    case Part::constraint:
      return full_name(model) + ": constraint \"" + name + "\"";
    case Part::options:
      return full_name(model) + ": " + name;
  }
  return full_name(model);
}

void check_model_name(ModelReport& report) {
  const std::string& name = report.model.name;
  if (!is_identifier(name)) {
    report.of_model("\"" + name + "\" cannot be the name of a model", "use letters, digits and _");
  } else if (name.front() == '_' || name.back() == '_') {
    report.of_model("the name of a model cannot begin or end with _");
  } else if (name.find("__") != std::string::npos) {
    report.of_model("the name of a model cannot hold __", "queries use __ to follow a relation");
  }
}

/// The first ancestor that leads back to the model or to itself, if any.
bool bases_go_round(const ProjectState& state, const ModelState& model) {
  std::vector<ModelKey> open{};
  for (const std::string& base : model.bases) open.push_back(key_from(base, model.app));
  std::set<ModelKey> seen;
  while (!open.empty()) {
    const ModelKey key = open.back();
    open.pop_back();
    if (key == key_of(model)) return true;
    const ModelPtr ancestor = state.find(key);
    if (!ancestor || !seen.insert(key).second) continue;
    for (const std::string& base : ancestor->bases) open.push_back(key_from(base, ancestor->app));
  }
  return false;
}

/// The model `key` and all that it inherits from, each once.
std::vector<ModelPtr> ancestors(const ProjectState& state, const ModelKey& key) {
  std::vector<ModelKey> open{key};
  std::set<ModelKey> seen;
  std::vector<ModelPtr> found;
  for (std::size_t i = 0; i < open.size(); ++i) {
    const ModelKey at = open[i];
    const ModelPtr model = state.find(at);
    if (!model || !seen.insert(at).second) continue;
    found.push_back(model);
    for (const std::string& base : model->bases) open.push_back(key_from(base, model->app));
  }
  return found;
}

void check_bases(ModelReport& report) {
  const ModelState& model = report.model;
  for (const std::string& base : model.bases) {
    if (report.state.contains(key_from(base, model.app))) continue;
    std::vector<std::string> names;
    report.state.each([&](const ModelPtr& other) { names.push_back(full_name(*other)); });
    report.of_model("there is no model \"" + base + "\" to be a base", did_you_mean(base, names));
  }
  if (bases_go_round(report.state, model)) {
    report.of_model("the bases of this model lead back to itself");
  }
  if (!model.options.proxy) return;
  if (!model.fields.empty()) {
    report.of_model("a proxy model has no fields of its own, and this one has \"" +
                        model.fields.front().name + "\"",
                    "take the field out, or \"proxy\"");
  }
  if (model.bases.size() != 1) {
    report.of_model("a proxy model has exactly one base with a table, and this one has " +
                    std::to_string(model.bases.size()));
  }
}

void check_keys(ModelReport& report) {
  const ModelState& model = report.model;
  std::vector<std::string> keys;
  for (const Field& field : model.fields) {
    if (field.primary_key || field.type == FieldType::composite_primary_key) {
      keys.push_back("\"" + field.name + "\"");
    }
  }
  if (keys.size() > 1) {
    report.of_model("a model has one primary key, and this one has " + join(keys, " and "),
                    "for a key of several columns use a CompositePrimaryKey");
  }
  if (keys.empty() && model.bases.empty() && !model.options.proxy) {
    report.of_model("the model has no primary key", "add a field with \"primary_key\": true");
  }
}

void check_columns(ModelReport& report) {
  const ModelState& model = report.model;
  std::map<std::string, const Field*> columns;
  std::set<std::string> names;
  for (const Field& field : model.fields) {
    if (!names.insert(field.name).second) {
      report.of_field(field, "the model has two fields \"" + field.name + "\"");
      continue;
    }
    if (!has_column(field)) continue;
    const std::string column = column_name(field);
    const auto [at, fresh] = columns.emplace(lower_case(column), &field);
    if (!fresh) {
      report.of_field(field,
                      "column \"" + column + "\" is that of field \"" + at->second->name + "\" too",
                      "give one of them another \"db_column\"");
    } else if (column == "_order" && !model.options.order_with_respect_to.empty()) {
      report.of_field(field, "column \"_order\" is that of \"order_with_respect_to\" too",
                      "give the field another \"db_column\"");
    }
  }
}

/// `author_id` for a key `author`: its second name.
std::string key_name(const Field& field) {
  return is_foreign_key(field.type) ? field.name + "_id" : field.name;
}

/// A row of an heir has the fields of all its bases: what two of them are called is ambiguous.
void check_inherited_names(ModelReport& report) {
  const ModelState& model = report.model;
  if (model.bases.empty() || model.options.proxy) return;
  for (const Field& field : model.fields) {
    const Inherited other = inherited_field(report.state, model, field.name);
    if (other.field) {
      report.of_field(field, "the base " + full_name(*other.model) + " has a field \"" +
                                 field.name + "\" already");
    }
  }
  if (!report.declaration) return;
  // By name: who has it, and over which base of the model. Keys are told apart by their links.
  std::map<std::string, std::pair<ModelPtr, ModelKey>> owners;
  for (const std::string& name : model.bases) {
    const ModelKey base = key_from(name, model.app);
    for (const ModelPtr& ancestor : ancestors(report.state, base)) {
      for (const Field& field : ancestor->fields) {
        if (field.primary_key) continue;
        const auto [at, fresh] = owners.emplace(field.name, std::pair{ancestor, base});
        if (fresh || at->second.second == base || at->second.first == ancestor) continue;
        report.of_model("the bases " + full_name(*at->second.first) + " and " +
                            full_name(*ancestor) + " both have a field \"" + field.name + "\"",
                        "rename one of them");
      }
    }
  }
  for (const Field& field : model.fields) {
    for (const auto& [name, owner] : owners) {
      const Field& other = *owner.first->find_field(name);
      if (name == field.name || key_name(other) != key_name(field)) continue;
      report.of_field(field, "\"" + key_name(field) + "\" would mean field \"" + name +
                                 "\" of the base " + full_name(*owner.first) + " too");
    }
  }
}

void check_model(ModelReport& report) {
  check_model_name(report);
  check_bases(report);
  check_keys(report);
  check_columns(report);
  check_inherited_names(report);
  check_fields(report);
  check_options(report);
}

/// Names that a database has once: tables, indexes and constraints.
class SharedNames {
 public:
  SharedNames(const ProjectState& state, const Declaration* declaration,
              std::vector<PlacedProblem>& found)
      : state_(state), declaration_(declaration), found_(found) {}

  void check() {
    state_.each([&](const ModelPtr& model) {
      if (model->options.proxy || !model->options.managed) return;
      check(*model);
    });
  }

 private:
  void check(const ModelState& model) {
    ModelReport report(state_, model, declaration_, found_);
    claim(tables_, table_name(model), full_name(model), report, Part::model, {}, "table");
    for (const Field& field : model.fields) {
      if (field.type != FieldType::many_to_many || !field.through.empty()) continue;
      const std::string table =
          field.db_table.empty() ? table_name(model) + "_" + field.name : field.db_table;
      claim(tables_, table, full_name(model) + "." + field.name, report, Part::field, field.name,
            "table");
    }
    for (const Index& index : model.options.indexes) {
      if (index.name.empty()) continue;
      claim(names_, index.name, full_name(model), report, Part::index, index.name, "name");
    }
    for (const Constraint& constraint : model.options.constraints) {
      const std::string& name = name_of(constraint);
      if (name.empty()) continue;
      claim(names_, name, full_name(model), report, Part::constraint, name, "name");
    }
  }

  static void claim(std::map<std::string, std::string>& taken, const std::string& name,
                    const std::string& owner, ModelReport& report, Part part,
                    const std::string& part_name, const std::string& what) {
    const auto [at, fresh] = taken.emplace(lower_case(name), owner);
    if (fresh) return;
    const std::string other = at->second == full_name(report.model) && what == "name"
                                  ? "another index or constraint of this model"
                                  : at->second;
    report.add(part, part_name, what + " \"" + name + "\" is taken by " + other,
               what == "name" ? "index and constraint names are unique in a database"
                              : "give one of them another \"db_table\"");
  }

  const ProjectState& state_;
  const Declaration* declaration_;
  std::vector<PlacedProblem>& found_;
  std::map<std::string, std::string> tables_{};
  std::map<std::string, std::string> names_{};
};

}  // namespace

void ModelReport::add(Part part, const std::string& name, const std::string& message,
                      const std::string& hint) {
  found_.push_back({key_of(model), part, name, {place_text(model, part, name), message, hint}});
}

bool is_identifier(std::string_view text) {
  const auto word = [](unsigned char c) { return std::isalnum(c) || c == '_' || c >= 0x80; };
  return !text.empty() && !std::isdigit(static_cast<unsigned char>(text.front())) &&
         std::all_of(text.begin(), text.end(), word);
}

Inherited inherited_field(const ProjectState& state, const ModelState& model,
                          std::string_view name) {
  std::vector<ModelKey> open;
  for (const std::string& base : model.bases) open.push_back(key_from(base, model.app));
  std::set<ModelKey> seen{key_of(model)};
  for (std::size_t i = 0; i < open.size(); ++i) {
    const ModelPtr base = state.find(open[i]);
    if (!base || !seen.insert(open[i]).second) continue;
    if (const Field* field = base->find_field(name)) return {base, field};
    for (const std::string& next : base->bases) open.push_back(key_from(next, base->app));
  }
  return {};
}

std::string full_name(const ModelState& model) { return model.app + "." + model.name; }

std::vector<std::string> field_names(const ModelState& model) {
  std::vector<std::string> names;
  for (const Field& field : model.fields) names.push_back(field.name);
  return names;
}

std::vector<PlacedProblem> find_problems(const ProjectState& state,
                                         const Declaration* declaration) {
  std::vector<PlacedProblem> found;
  state.each([&](const ModelPtr& model) {
    ModelReport report(state, *model, declaration, found);
    check_model(report);
  });
  SharedNames(state, declaration, found).check();
  if (declaration) check_ways_back(state, *declaration, found);
  std::stable_sort(found.begin(), found.end(), [](const PlacedProblem& a, const PlacedProblem& b) {
    return a.model < b.model;
  });
  return found;
}

std::vector<Problem> problems_of(const ProjectState& state) {
  std::vector<Problem> problems;
  for (PlacedProblem& placed : find_problems(state, nullptr)) {
    problems.push_back(std::move(placed.problem));
  }
  return problems;
}

}  // namespace turnstone
