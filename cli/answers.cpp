#include "answers.h"

#include "json/model_json.h"

#include <turnstone/drivers/open.h>
#include <turnstone/error.h>
#include <turnstone/identifier.h>

#include <algorithm>

#include "project.h"

namespace turnstone::cli {
namespace {

[[noreturn]] void refuse(const std::string& flag, const std::string& value,
                         const std::string& form) {
  throw Error(ErrorKind::usage, flag + " cannot read \"" + value + "\"", {},
              "write " + flag + " " + form);
}

/// `a.b.c` in its parts; empty when one of them is no identifier.
std::vector<std::string> parts_of(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('.', at), text.size());
    parts.push_back(text.substr(at, end - at));
    if (!is_identifier(parts.back())) return {};
    at = end + 1;
  }
  return parts;
}

bool same_model(const ModelState& model, const std::string& app, const std::string& name) {
  return model.app == app && lower_case(model.name) == name;
}

/// `{"function": "now"}`
std::optional<DefaultFunction> function_of(const Json& value) {
  constexpr std::string_view head = R"({"function":)";  // the canonical spelling
  const std::string& text = value.text();
  if (!text.starts_with(head)) return std::nullopt;
  const Json name = Json::from_canonical(text.substr(head.size(), text.size() - head.size() - 1));
  if (!name.is_string()) return std::nullopt;
  return DefaultFunction{name.as_string()};
}

/// Throws Error{bad_model} or Error{bad_file} unless `value` may stand in a file as the default of
/// such a field, and in a column.
void check_fits(const Json& value, Field type) {
  // The key of a relation whose target is not known here.
  if (is_relation(type.type)) return;
  if (!is_auto(type.type)) {
    type.default_value = value;
    const json::Tree tree = json::write_field(type);
    json::read_field(json::Node("value", tree), {}, json::Attributes::stored);
  }
  dialect_for("sqlite").literal(value, type);
}

bool fits(const Json& value, const Field& type) {
  try {
    check_fits(value, type);
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

Answers::Answers(const Flags& flags) : assume_(flags.assume_renames) {
  for (const std::string& flag : flags.rename) {
    const std::size_t colon = flag.find(':');
    const std::vector<std::string> parts = parts_of(flag.substr(0, colon));
    const std::string after = colon == std::string::npos ? "" : flag.substr(colon + 1);
    if (parts.size() != 3 || !is_identifier(after)) refuse("--rename", flag, "app.Model.old:new");
    fields_.push_back({parts[0], lower_case(parts[1]), parts[2], after, "--rename " + flag});
  }
  for (const std::string& flag : flags.rename_model) {
    const std::size_t colon = flag.find(':');
    const std::vector<std::string> parts = parts_of(flag.substr(0, colon));
    const std::string after = colon == std::string::npos ? "" : flag.substr(colon + 1);
    if (parts.size() != 2 || !is_identifier(after)) refuse("--rename-model", flag, "app.Old:New");
    models_.push_back(
        {parts[0], "", lower_case(parts[1]), lower_case(after), "--rename-model " + flag});
  }
  for (const std::string& flag : flags.move_model) {
    const std::size_t colon = flag.find(':');
    const std::vector<std::string> parts = parts_of(flag.substr(0, colon));
    const std::string after = colon == std::string::npos ? "" : flag.substr(colon + 1);
    if (parts.size() != 2 || !is_identifier(after)) refuse("--move-model", flag, "app.Model:other");
    moves_.push_back({parts[0], "", lower_case(parts[1]), after, "--move-model " + flag});
  }
  for (const std::string& flag : flags.default_for) {
    const std::size_t equals = flag.find('=');
    const std::vector<std::string> parts = parts_of(flag.substr(0, equals));
    if (parts.size() != 3 || equals == std::string::npos) {
      refuse("--default", flag, "app.Model.field=JSON");
    }
    Place place{parts[0], lower_case(parts[1]), parts[2], "--default " + flag};
    try {
      place.value = Json::parse(flag.substr(equals + 1));
    } catch (const Error&) {
      refuse("--default", flag,
             "app.Model.field=JSON; a text has quotes: '" + flag.substr(0, equals) + "=\"text\"'");
    }
    defaults_.push_back(std::move(place));
  }
  for (const std::string& flag : flags.remove) {
    const std::vector<std::string> parts = parts_of(flag);
    if (parts.size() != 2 && parts.size() != 3) {
      refuse("--remove", flag, "app.Model or app.Model.field");
    }
    removals_.push_back(
        {parts[0], lower_case(parts[1]), parts.size() == 3 ? parts[2] : "", "--remove " + flag});
  }
}

std::optional<bool> Answers::renamed_model(const ModelState& before, const ModelState& after) {
  const std::string old_name = lower_case(before.name);
  const std::string new_name = lower_case(after.name);
  std::optional<bool> answer;
  for (Rename& rename : models_) {
    if (rename.app != after.app) continue;
    if (rename.before != old_name && rename.after != new_name) continue;
    rename.used = true;
    answer = rename.before == old_name && rename.after == new_name;
    if (*answer) return answer;
  }
  if (answer || removal_meant(before)) return false;
  if (assume_) return true;
  return std::nullopt;
}

std::optional<bool> Answers::moved_model(const ModelState& before, const ModelState& after) {
  std::optional<bool> answer;
  for (Rename& move : moves_) {
    if (move.app != before.app || move.before != lower_case(before.name)) continue;
    move.used = true;
    answer = move.after == after.app;
    if (*answer) return answer;
  }
  if (answer || removal_meant(before)) return false;
  if (assume_) return true;
  return std::nullopt;
}

std::optional<bool> Answers::renamed_field(const ModelState& model, const std::string& before,
                                           const std::string& after) {
  std::optional<bool> answer;
  for (Rename& rename : fields_) {
    if (!same_model(model, rename.app, rename.model)) continue;
    if (rename.before != before && rename.after != after) continue;
    rename.used = true;
    answer = rename.before == before && rename.after == after;
    if (*answer) return answer;
  }
  if (answer || removal_meant(model, before)) return false;
  if (assume_) return true;
  return std::nullopt;
}

bool Answers::removal_meant(const ModelState& model, const std::string& field) {
  for (Place& place : removals_) {
    if (!same_model(model, place.app, place.model) || place.field != field) continue;
    place.used = true;
    return true;
  }
  return false;
}

std::optional<Answers::Filling> Answers::filling(const ModelState& model, const Field& field) {
  for (Place& place : defaults_) {
    if (!same_model(model, place.app, place.model) || place.field != field.name) continue;
    place.used = true;
    if (place.value.is_null()) return Filling{};
    try {
      return Filling{default_from(place.value, field, field)};
    } catch (const Error& error) {
      throw Error(ErrorKind::usage, std::string(error.what()), place.flag, error.hint());
    }
  }
  return std::nullopt;
}

std::set<std::string> Answers::apps() const {
  std::set<std::string> labels;
  for (const Rename& rename : fields_) labels.insert(rename.app);
  for (const Rename& rename : models_) labels.insert(rename.app);
  for (const Rename& move : moves_) {
    labels.insert(move.app);
    labels.insert(move.after);
  }
  for (const Place& place : defaults_) labels.insert(place.app);
  for (const Place& place : removals_) labels.insert(place.app);
  return labels;
}

std::vector<std::string> Answers::unused() const {
  std::vector<std::string> flags;
  for (const auto* renames : {&models_, &moves_, &fields_}) {
    for (const Rename& rename : *renames) {
      if (!rename.used) flags.push_back(rename.flag);
    }
  }
  for (const Place& place : removals_) {
    if (!place.used) flags.push_back(place.flag);
  }
  return flags;
}

Default default_from(const Json& value, const Field& field, const Field& type) {
  if (value.is_object() && field.type != FieldType::json) {
    if (const auto function = function_of(value)) return *function;
  }
  try {
    check_fits(value, type);
    return value;
  } catch (const Error&) {
    // Decimals are texts in files, but a number is what people write.
    const Json text = Json::of(value.text());
    if (!value.is_number() || !fits(text, type)) throw;
    return text;
  }
}

}  // namespace turnstone::cli
