#include "document.h"

#include <turnstone/values.h>

namespace turnstone::cli {

Document::Document(std::string_view value) : text_(Json::of(value).text()) {}

Document::Document(const std::vector<std::string>& values) : kind_(Kind::array) {
  for (const std::string& value : values) add(value);
}

Document Document::from_json(std::string text) {
  Document document;
  document.text_ = std::move(text);
  return document;
}

Document Document::seconds(std::int64_t microseconds) {
  std::string fraction = std::to_string(microseconds % 1000000);
  fraction.insert(0, 6 - fraction.size(), '0');
  return from_json(std::to_string(microseconds / 1000000) + "." + fraction);
}

Document& Document::set(std::string_view key, const Document& value) {
  separate();
  text_ += Json::of(key).text() + ":" + value.text();
  return *this;
}

Document& Document::add(const Document& value) {
  separate();
  text_ += value.text();
  return *this;
}

Document& Document::set_if(std::string_view key, const std::string& value) {
  return value.empty() ? *this : set(key, value);
}

std::string Document::text() const {
  switch (kind_) {
    case Kind::object:
      return "{" + text_ + "}";
    case Kind::array:
      return "[" + text_ + "]";
    case Kind::scalar:
      break;
  }
  return text_;
}

}  // namespace turnstone::cli
