#include "orm/validation.h"

#include <turnstone/error.h>

#include <algorithm>
#include <limits>

#include "orm/literals.h"

namespace turnstone::orm {
namespace {

std::string shown(const Value& value) {
  std::string text = literal_of(value).text();
  if (text.size() > 60) {
    // Not in the middle of a character.
    std::size_t end = 60;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text = text.substr(0, end) + "…";
  }
  return text;
}

[[noreturn]] void refuse(const ModelState& model, const Field& field, const Value& value,
                         const std::string& why) {
  throw Error(ErrorKind::bad_value, shown(value) + " " + why,
              model.app + "." + model.name + "." + field.name);
}

std::size_t characters(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

int usual_length(FieldType type) {
  switch (type) {
    case FieldType::slug:
      return 50;
    case FieldType::email:
      return 254;
    case FieldType::url:
      return 200;
    case FieldType::file:
    case FieldType::image:
    case FieldType::file_path:
      return 100;
    default:
      return 0;
  }
}

void validate_number(const ModelState& model, const Field& field, const Field& type,
                     std::int64_t number) {
  const auto [low, high] = integer_range(type.type);
  if (number >= low && number <= high) return;
  refuse(model, field, number,
         "is out of range: " + std::to_string(low) + " to " + std::to_string(high));
}

void validate_decimal(const ModelState& model, const Field& field, const Field& type,
                      const Decimal& number) {
  if (!type.max_digits || !type.decimal_places) return;
  const Decimal cut = number.rounded(*type.decimal_places);
  if (!(cut == number)) {
    refuse(model, field, number,
           "has more than " + std::to_string(*type.decimal_places) + " digits behind the point");
  }
  Decimal::Coefficient limit = 1;
  for (int i = 0; i < *type.max_digits && i < 38; ++i) limit *= 10;
  if (cut.coefficient() >= limit || -cut.coefficient() >= limit) {
    refuse(model, field, number,
           "has more than " + std::to_string(*type.max_digits - *type.decimal_places) +
               " digits before the point");
  }
}

}  // namespace

std::pair<std::int64_t, std::int64_t> integer_range(FieldType type) {
  using Small = std::numeric_limits<std::int16_t>;
  using Usual = std::numeric_limits<std::int32_t>;
  std::int64_t low = INT64_MIN;
  std::int64_t high = INT64_MAX;
  switch (type) {
    case FieldType::small_integer:
    case FieldType::small_auto_field:
    case FieldType::positive_small_integer:
      low = Small::min();
      high = Small::max();
      break;
    case FieldType::integer:
    case FieldType::auto_field:
    case FieldType::positive_integer:
      low = Usual::min();
      high = Usual::max();
      break;
    default:
      break;
  }
  return {is_positive(type) ? 0 : low, high};
}

std::optional<std::size_t> most_characters(const Field& type) {
  const int most = type.max_length.value_or(usual_length(type.type));
  return most > 0 ? std::optional(static_cast<std::size_t>(most)) : std::nullopt;
}

void validate(const ModelState& model, const Field& field, const Field& type, const Value& value) {
  if (is_null(value)) {
    if (!field.null) refuse(model, field, value, "is no value here: the field cannot be NULL");
    return;
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    const auto most = most_characters(type);
    if (most && is_text(type.type) && text->size() > *most) {
      const std::size_t length = characters(*text);
      if (length > *most) {
        refuse(model, field, value,
               "has " + std::to_string(length) + " characters: at most " + std::to_string(*most));
      }
    }
    if (text->find('\0') != std::string::npos) {
      refuse(model, field, value, "holds the character NUL, which no database takes in a text");
    }
  } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
    validate_number(model, field, type, *number);
  } else if (const auto* decimal = std::get_if<Decimal>(&value)) {
    validate_decimal(model, field, type, *decimal);
  } else if (const auto* bytes = std::get_if<Bytes>(&value)) {
    if (type.max_length && bytes->size() > static_cast<std::size_t>(*type.max_length)) {
      refuse(model, field, value,
             "has " + std::to_string(bytes->size()) + " bytes: at most " +
                 std::to_string(*type.max_length));
    }
  }
  if (!field.choices.empty()) {
    const Json code = literal_of(value);
    if (std::find(field.choices.begin(), field.choices.end(), code) == field.choices.end()) {
      refuse(model, field, value, "is none of the choices");
    }
  }
}

}  // namespace turnstone::orm
