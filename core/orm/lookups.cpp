#include <turnstone/orm/lookups.h>

#include <turnstone/error.h>

#include <algorithm>
#include <map>

#include "orm/engine.h"
#include "orm/literals.h"

namespace turnstone::detail {
namespace {

using orm::Paths;

const std::map<std::string, std::string, std::less<>>& comparisons() {
  static const std::map<std::string, std::string, std::less<>> table = {
      {"exact", "="}, {"gt", ">"}, {"gte", ">="}, {"lt", "<"}, {"lte", "<="}};
  return table;
}

/// Look-ups that are calls of the same name.
const std::vector<std::string>& calls() {
  static const std::vector<std::string> names = {
      "iexact",      "contains", "icontains",    "startswith", "istartswith",  "endswith",
      "iendswith",   "regex",    "iregex",       "overlap",    "contained_by", "has_key",
      "has_keys",    "fully_lt", "has_any_keys", "fully_gt",   "not_lt",       "not_gt",
      "adjacent_to", "isempty",  "search",       "like",       "ilike"};
  return names;
}

const std::vector<std::string>& parts_of_times() {
  static const std::vector<std::string> names = {"year", "iso_year", "quarter", "month",
                                                 "week", "week_day", "day",     "iso_week_day",
                                                 "hour", "minute",   "second"};
  return names;
}

bool is_one_of(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_lookup(const std::string& name) {
  return comparisons().contains(name) || is_one_of(calls(), name) || name == "in" ||
         name == "range" || name == "isnull";
}

bool is_time(const Field* type) {
  return type && (type->type == FieldType::date || type->type == FieldType::date_time ||
                  type->type == FieldType::time);
}

std::vector<std::string> all_lookups(const Field* type) {
  std::vector<std::string> names = calls();
  for (const auto& [name, head] : comparisons()) names.push_back(name);
  for (const char* name : {"in", "range", "isnull"}) names.emplace_back(name);
  if (is_time(type)) {
    for (const std::string& name : parts_of_times()) names.push_back(name);
    names.emplace_back("date");
    names.emplace_back("time");
  }
  return names;
}

/// Reads `author__name__icontains`.
class Lookup {
 public:
  Lookup(const orm::Engine& engine, const Query& query) : paths_(engine.paths()), query_(query) {}

  Expression condition(const std::string& text, const Expression& value) {
    std::vector<std::string> parts = orm::path_parts(text);
    Expression subject = walk(parts, text);
    while (!parts.empty() && (parts.size() > 1 || !is_lookup(parts.front()))) {
      subject = transformed(std::move(subject), parts, text);
    }
    const std::string name = parts.empty() ? "exact" : parts.front();
    return compared(std::move(subject), name, value, text);
  }

 private:
  /// Takes the parts that lead to a field.
  Expression walk(std::vector<std::string>& parts, const std::string& text) {
    for (const auto* list : {&query_.annotations, &query_.columns}) {
      for (const QueryColumn& column : *list) {
        if (column.name != parts.front()) continue;
        parts.erase(parts.begin());
        return Expression::field(column.name);
      }
    }
    ModelPtr model = orm::concrete(paths_.state(), paths_.state().get(query_.model));
    std::string path;
    while (!parts.empty()) {
      const auto step = paths_.find(model, parts.front());
      if (!step) {
        if (!path.empty()) break;  // a look-up of the relation itself
        std::vector<std::string> names = paths_.names(model);
        for (const QueryColumn& column : query_.annotations) names.push_back(column.name);
        throw Error(ErrorKind::bad_model,
                    model->app + "." + model->name + " has no field \"" + parts.front() + "\"",
                    "filter \"" + text + "\"", did_you_mean(parts.front(), names));
      }
      path += (path.empty() ? "" : "__") + parts.front();
      parts.erase(parts.begin());
      type_ = nullptr;
      if (step->field && has_column(*step->field)) {
        type_ = &orm::value_type(paths_.state(), *step->owner, *step->field);
      }
      if (!step->relation) break;
      model = step->relation->model;
      relation_ = model;
    }
    return Expression::field(path);
  }

  Expression transformed(Expression subject, std::vector<std::string>& parts,
                         const std::string& text) {
    const std::string name = parts.front();
    parts.erase(parts.begin());
    if (type_ && type_->type == FieldType::json) {
      const bool number =
          !name.empty() && name.find_first_not_of("0123456789") == std::string::npos;
      return Expression::call(
          "key",
          {std::move(subject), Expression::literal(number ? Json::parse(name) : Json::of(name))});
    }
    if (is_time(type_) && is_one_of(parts_of_times(), name)) {
      type_ = &orm::plain_type(FieldType::big_integer);
      return Expression::call("extract", {Expression::literal(Json::of(name)), std::move(subject)});
    }
    if (is_time(type_) && (name == "date" || name == "time")) {
      type_ = &orm::plain_type(name == "date" ? FieldType::date : FieldType::time);
      Expression cast = Expression::call("cast", {std::move(subject)});
      cast.type = std::make_shared<const Field>(*type_);
      return cast;
    }
    std::vector<std::string> names = all_lookups(type_);
    if (relation_) {
      for (const std::string& field : paths_.names(relation_)) names.push_back(field);
    }
    throw Error(ErrorKind::bad_model, "there is no look-up or field \"" + name + "\" here",
                "filter \"" + text + "\"", did_you_mean(name, names));
  }

  static Expression compared(Expression subject, const std::string& name, const Expression& value,
                             const std::string& text) {
    const bool list = value.kind == Expression::Kind::call && value.name == "list";
    if (name == "isnull") {
      const bool wanted = value.value.text() == "true" || value.value.text() == "1";
      Expression test = Expression::call("is_null", {std::move(subject)});
      return wanted ? test : Expression::call("not", {std::move(test)});
    }
    if (name == "in") {
      std::vector<Expression> operands{std::move(subject)};
      if (list) {
        operands.insert(operands.end(), value.arguments.begin(), value.arguments.end());
      } else {
        operands.push_back(value);
      }
      return Expression::call("in", std::move(operands));
    }
    if (name == "range") {
      if (!list || value.arguments.size() != 2) {
        throw Error(ErrorKind::bad_model, "\"range\" takes two values", "filter \"" + text + "\"");
      }
      return Expression::call("between",
                              {std::move(subject), value.arguments[0], value.arguments[1]});
    }
    if (const auto head = comparisons().find(name); head != comparisons().end()) {
      return Expression::call(head->second, {std::move(subject), value});
    }
    return Expression::call(name, {std::move(subject), value});
  }

  const Paths& paths_;
  const Query& query_;
  const Field* type_ = nullptr;
  ModelPtr relation_{};
};

}  // namespace

Expression lookup_condition(const orm::Engine& engine, const Query& query, const Q& condition) {
  if (!condition.head().empty()) {
    std::vector<Expression> parts;
    for (const Q& part : condition.parts()) {
      parts.push_back(lookup_condition(engine, query, part));
    }
    return Expression::call(condition.head(), std::move(parts));
  }
  if (condition.lookup().empty()) return condition.value();
  return Lookup(engine, query).condition(condition.lookup(), condition.value());
}

}  // namespace turnstone::detail
