#pragma once

#include <turnstone/model/field.h>

#include <string>

namespace turnstone::test {

// Short spellings of fields, for models made in tests.

inline Field id_field(const std::string& name = "id") {
  return Field{.name = name, .type = FieldType::big_auto_field, .primary_key = true};
}

inline Field text_field(const std::string& name, bool null = false) {
  Field field{.name = name, .type = FieldType::character, .null = null};
  field.max_length = 40;
  return field;
}

inline Field field_of(FieldType type, const std::string& name, bool null = false) {
  return Field{.name = name, .type = type, .null = null};
}

inline Field key_field(const std::string& name, const std::string& to,
                       OnDelete on_delete = OnDelete::cascade, bool null = true) {
  Field field{.name = name, .type = FieldType::foreign_key, .null = null};
  field.to = to;
  field.on_delete = on_delete;
  return field;
}

inline Field many_field(const std::string& name, const std::string& to) {
  Field field{.name = name, .type = FieldType::many_to_many};
  field.to = to;
  return field;
}

template <class T>
Field with_default(Field field, T value) {
  field.default_value = Json::of(value);
  return field;
}

}  // namespace turnstone::test
