#include <turnstone/error.h>
#include <turnstone/values.h>

#include <nlohmann/json.hpp>

namespace turnstone {

Json Json::parse(std::string_view text) {
  try {
    return from_canonical(nlohmann::json::parse(text).dump());
  } catch (const nlohmann::json::exception&) {
    throw Error(ErrorKind::bad_model, "\"" + std::string(text) + "\" is not JSON");
  }
}

Json Json::from_canonical(std::string text) {
  Json json;
  json.text_ = std::move(text);
  return json;
}

Json Json::of(bool value) { return from_canonical(value ? "true" : "false"); }
Json Json::of(std::int64_t value) { return from_canonical(std::to_string(value)); }
Json Json::of(double value) { return from_canonical(nlohmann::json(value).dump()); }
Json Json::of(std::string_view value) {
  try {
    return from_canonical(nlohmann::json(value).dump());
  } catch (const nlohmann::json::exception&) {
    throw Error(ErrorKind::bad_model, "a text is not valid UTF-8");
  }
}

bool Json::is_number() const {
  return !text_.empty() && (text_[0] == '-' || (text_[0] >= '0' && text_[0] <= '9'));
}

bool Json::is_integer() const {
  return is_number() && text_.find_first_of(".eE") == std::string::npos;
}

std::int64_t Json::as_integer() const { return std::stoll(text_); }
double Json::as_double() const { return std::stod(text_); }
std::string Json::as_string() const {
  return is_string() ? nlohmann::json::parse(text_).get<std::string>() : text_;
}

}  // namespace turnstone
