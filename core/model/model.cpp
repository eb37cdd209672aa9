#include <turnstone/identifier.h>
#include <turnstone/match.h>
#include <turnstone/model/model.h>

#include <algorithm>

namespace turnstone {
namespace {

struct ConstraintName {
  const std::string& operator()(const CheckConstraint& c) const { return c.name; }
  const std::string& operator()(const UniqueConstraint& c) const { return c.name; }
  const std::string& operator()(const ExclusionConstraint& c) const { return c.name; }
};

}  // namespace

const std::vector<std::string>& index_type_names() {
  static const std::vector<std::string> names = {"Index",       "BTreeIndex", "HashIndex",
                                                 "GinIndex",    "GistIndex",  "BrinIndex",
                                                 "SpGistIndex", "BloomIndex"};
  return names;
}

std::string_view name_of(IndexType type) {
  return index_type_names()[static_cast<std::size_t>(type)];
}

std::optional<IndexType> index_type_named(std::string_view name) {
  const std::vector<std::string>& names = index_type_names();
  const auto at = std::find(names.begin(), names.end(), name);
  if (at == names.end()) return std::nullopt;
  return static_cast<IndexType>(at - names.begin());
}

const std::string& name_of(const Constraint& constraint) {
  return match(constraint, ConstraintName{});
}

Options::Options() = default;
Options::Options(const Options&) = default;
Options::Options(Options&&) noexcept = default;
Options& Options::operator=(const Options&) = default;
Options& Options::operator=(Options&&) noexcept = default;
Options::~Options() = default;
bool Options::operator==(const Options&) const = default;

const Field* ModelState::find_field(std::string_view field_name) const {
  const auto at = std::find_if(fields.begin(), fields.end(),
                               [&](const Field& field) { return field.name == field_name; });
  return at == fields.end() ? nullptr : &*at;
}

const Field* ModelState::resolve_field(std::string_view reference) const {
  if (const Field* field = find_field(reference)) return field;
  if (reference == "pk") return primary_key();
  const auto at = std::find_if(fields.begin(), fields.end(), [&](const Field& field) {
    return attribute_name(field) == reference;
  });
  return at == fields.end() ? nullptr : &*at;
}

const Field* ModelState::primary_key() const {
  const auto at = std::find_if(fields.begin(), fields.end(), [](const Field& field) {
    return field.primary_key || field.type == FieldType::composite_primary_key;
  });
  return at == fields.end() ? nullptr : &*at;
}

ModelKey key_of(const ModelState& model) { return {model.app, lower_case(model.name)}; }

ModelKey key_from(std::string_view reference, std::string_view app) {
  const std::size_t dot = reference.rfind('.');
  if (dot == std::string_view::npos) return {std::string(app), lower_case(reference)};
  return {std::string(reference.substr(0, dot)), lower_case(reference.substr(dot + 1))};
}

}  // namespace turnstone
