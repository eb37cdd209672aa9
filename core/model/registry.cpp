#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/registry.h>
#include <turnstone/schema/naming.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

namespace turnstone {
namespace {

bool is_identifier(std::string_view text) {
  const auto word = [](unsigned char c) { return std::isalnum(c) || c == '_' || c >= 0x80; };
  return !text.empty() && !std::isdigit(static_cast<unsigned char>(text.front())) &&
         std::all_of(text.begin(), text.end(), word);
}

std::string replaced(std::string text, std::string_view from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
    text.replace(at, from.size(), to);
    at += to.size();
  }
  return text;
}

/// Works out what follows from the declared models.
class Finisher {
 public:
  explicit Finisher(const std::vector<DeclaredApp>& apps) : apps_(apps) {
    for (const DeclaredApp& app : apps) {
      for (const ModelState& model : app.models) {
        ModelState copy = model;
        copy.app = app.label;
        declared_[key_of(copy)] = std::move(copy);
        auto_fields_[app.label] = app.default_auto_field;
      }
    }
  }

  FinishedModels run() {
    FinishedModels finished;
    for (const DeclaredApp& app : apps_) {
      for (const ModelState& model : app.models) {
        const ModelKey key{app.label, lower_case(model.name)};
        if (const ModelState* done = finish(key); done && !done->options.abstract) {
          finished.state.set(*done);
        }
      }
    }
    std::vector<Problem> more = problems_of(finished.state);
    finished.problems = std::move(problems_);
    finished.problems.insert(finished.problems.end(), more.begin(), more.end());
    return finished;
  }

 private:
  void problem(const ModelState& model, const std::string& part, const std::string& message,
               const std::string& hint = {}) {
    std::string where = model.app + "." + model.name;
    if (!part.empty()) where += "." + part;
    problems_.push_back({where, message, hint});
  }

  std::vector<std::string> model_names() const {
    std::vector<std::string> names;
    for (const auto& entry : declared_) {
      names.push_back(entry.second.app + "." + entry.second.name);
    }
    return names;
  }

  /// The model with everything that follows from its bases; nullptr for an unknown one.
  const ModelState* finish(const ModelKey& key) {
    const auto done = finished_.find(key);
    if (done != finished_.end()) return &done->second;
    const auto at = declared_.find(key);
    if (at == declared_.end()) return nullptr;
    ModelState model = at->second;
    if (!open_.insert(key).second) {
      problem(model, "", "the bases of this model lead back to itself");
      return nullptr;
    }
    inherit(model);
    complete_references(model);
    if (!model.options.abstract) {
      add_primary_key(model);
      name_things(model);
    }
    open_.erase(key);
    return &finished_.emplace(key, std::move(model)).first->second;
  }

  /// Copies what abstract bases lend; concrete bases stay as bases, with a link.
  void inherit(ModelState& model) {
    const std::vector<std::string> bases = std::move(model.bases);
    model.bases.clear();
    std::vector<Field> lent;
    std::vector<Field> links;
    for (const std::string& name : bases) {
      const ModelState* base = finish(key_from(name, model.app));
      if (!base) {
        if (!declared_.contains(key_from(name, model.app))) {
          problem(model, "", "there is no model \"" + name + "\" to be a base",
                  did_you_mean(name, model_names()));
        }
        continue;
      }
      if (!base->options.abstract) {
        model.bases.push_back(base->app + "." + base->name);
        if (!model.options.proxy && !model.options.abstract) add_link(model, *base, links);
        continue;
      }
      for (const Field& field : base->fields) {
        const bool known = std::any_of(
            lent.begin(), lent.end(), [&](const Field& other) { return other.name == field.name; });
        if (!known && !model.find_field(field.name)) lent.push_back(field);
      }
      for (const std::string& base_of_base : base->bases) model.bases.push_back(base_of_base);
      inherit_options(model, base->options);
    }
    // Fields of bases come first, as in Django; own fields keep their order.
    model.fields.insert(model.fields.begin(), lent.begin(), lent.end());
    model.fields.insert(model.fields.begin(), links.begin(), links.end());
  }

  static void add_link(const ModelState& model, const ModelState& base, std::vector<Field>& links) {
    const std::string target = base.app + "." + base.name;
    const bool declared =
        std::any_of(model.fields.begin(), model.fields.end(), [&](const Field& field) {
          return field.parent_link &&
                 key_from(field.to, model.app) == ModelKey{base.app, lower_case(base.name)};
        });
    if (declared) return;
    Field link{.name = lower_case(base.name) + "_ptr", .type = FieldType::one_to_one};
    link.primary_key = links.empty();
    link.to = target;
    link.on_delete = OnDelete::cascade;
    link.parent_link = true;
    links.push_back(std::move(link));
  }

  /// A child takes over the options of an abstract base that it does not set itself.
  static void inherit_options(ModelState& model, const Options& base) {
    Options& own = model.options;
    if (own.ordering.empty()) own.ordering = base.ordering;
    if (own.db_table_comment.empty()) own.db_table_comment = base.db_table_comment;
    if (own.db_tablespace.empty()) own.db_tablespace = base.db_tablespace;
    if (own.base_manager_name.empty()) own.base_manager_name = base.base_manager_name;
    if (own.order_with_respect_to.empty()) {
      own.order_with_respect_to = base.order_with_respect_to;
    }
    if (own.unique_together.empty()) own.unique_together = base.unique_together;
    if (own.indexes.empty()) own.indexes = base.indexes;
    if (own.constraints.empty()) own.constraints = base.constraints;
    if (!base.managed) own.managed = false;
  }

  /// References in full and as their models were declared; `self` as the model's own name.
  void complete_references(ModelState& model) {
    const auto complete = [&](std::string& reference) {
      if (reference.empty()) return;
      if (lower_case(reference) == "self") {
        if (!model.options.abstract) reference = model.app + "." + model.name;
        return;
      }
      const auto target = declared_.find(key_from(reference, model.app));
      if (target != declared_.end()) {
        reference = target->second.app + "." + target->second.name;
      } else if (reference.find('.') == std::string::npos) {
        reference = model.app + "." + reference;
      }
    };
    for (Field& field : model.fields) {
      complete(field.to);
      complete(field.through);
    }
  }

  void add_primary_key(ModelState& model) {
    if (model.options.proxy || model.primary_key()) return;
    const std::string& type_name = auto_fields_.at(model.app);
    const auto type = field_type_named(type_name);
    if (!type || !is_auto(*type)) {
      problem(model, "", "default_auto_field \"" + type_name + "\" is no automatic field",
              "use AutoField, BigAutoField or SmallAutoField");
      return;
    }
    if (model.find_field("id")) {
      problem(model, "id", "a field named \"id\" must be the primary key",
              "set \"primary_key\": true");
      return;
    }
    model.fields.insert(model.fields.begin(),
                        Field{.name = "id", .type = *type, .primary_key = true});
  }

  void name_things(ModelState& model) {
    const std::string table = table_name(model);
    const auto expand = [&](std::string name) {
      name = replaced(std::move(name), "%(app_label)s", lower_case(model.app));
      return replaced(std::move(name), "%(class)s", lower_case(model.name));
    };
    for (Field& field : model.fields) {
      field.related_name = expand(field.related_name);
      field.related_query_name = expand(field.related_query_name);
    }
    for (Index& index : model.options.indexes) {
      if (!index.name.empty()) {
        index.name = expand(index.name);
        continue;
      }
      std::vector<std::string> columns;
      for (const std::string& name : index.fields) {
        const bool descending = name.starts_with("-");
        const Field* field = model.resolve_field(descending ? name.substr(1) : name);
        const std::string column = field ? column_name(*field) : name;
        columns.push_back((descending && field ? "-" : "") + column);
      }
      index.name = declared_index_name(table, columns, suffix(index.type));
    }
    for (Constraint& constraint : model.options.constraints) {
      std::visit([&](auto& item) { item.name = expand(item.name); }, constraint);
    }
  }

  static std::string suffix(IndexType type) {
    switch (type) {
      case IndexType::index:
        return "idx";
      case IndexType::btree:
        return "btree";
      case IndexType::hash:
        return "hash";
      case IndexType::gin:
        return "gin";
      case IndexType::gist:
        return "gist";
      case IndexType::brin:
        return "brin";
      case IndexType::spgist:
        return "spgist";
      case IndexType::bloom:
        return "bloom";
    }
    return "idx";
  }

  const std::vector<DeclaredApp>& apps_;
  std::map<ModelKey, ModelState> declared_{};
  std::map<std::string, std::string> auto_fields_{};
  std::map<ModelKey, ModelState> finished_{};
  std::set<ModelKey> open_{};
  std::vector<Problem> problems_{};
};

}  // namespace

void Registry::add(DeclaredApp app) {
  if (!is_identifier(app.label)) {
    throw Error(ErrorKind::bad_model, "\"" + app.label + "\" cannot be the name of an app",
                app.source, "use letters, digits and _");
  }
  const bool twice = std::any_of(apps_.begin(), apps_.end(), [&](const DeclaredApp& other) {
    return other.label == app.label;
  });
  if (twice) {
    throw Error(ErrorKind::bad_model, "app \"" + app.label + "\" is registered twice", app.source);
  }
  apps_.push_back(std::move(app));
}

FinishedModels Registry::finish() const { return Finisher(apps_).run(); }

}  // namespace turnstone
