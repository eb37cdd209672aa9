#include "json/tree.h"

#include <turnstone/error.h>
#include <turnstone/identifier.h>

#include <algorithm>

namespace turnstone::json {
namespace {

/// One step of a JSON pointer.
std::string step(std::string_view key) {
  std::string result = "/";
  for (const char c : key) {
    if (c == '~') {
      result += "~0";
    } else if (c == '/') {
      result += "~1";
    } else {
      result += c;
    }
  }
  return result;
}

/// Appends the way from `root` to `value`; false where it is not in there.
bool find_way(const Tree& root, const Tree* value, std::string& way) {
  if (&root == value) return true;
  const std::size_t size = way.size();
  const auto through = [&](std::string_view key, const Tree& child) {
    way += step(key);
    if (find_way(child, value, way)) return true;
    way.resize(size);
    return false;
  };
  if (root.is_object()) {
    for (const auto& [key, child] : root.get_ref<const Tree::object_t&>()) {
      if (through(key, child)) return true;
    }
  } else if (root.is_array()) {
    for (std::size_t i = 0; i < root.size(); ++i) {
      if (through(std::to_string(i), root[i])) return true;
    }
  }
  return false;
}

}  // namespace

std::string Node::pointer() const {
  std::string way = origin_->pointer;
  find_way(*origin_->root, value_, way);
  return way;
}

std::string Node::where() const {
  const std::string way = pointer();
  return file() + ": " + (way.empty() ? "/" : way);
}

void Node::only_keys(const std::vector<std::string>& keys) const {
  if (!is_object()) expected("an object");
  for (const auto& [key, value] : value_->get_ref<const Tree::object_t&>()) {
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    std::string hint = did_you_mean(key, keys);
    if (hint.empty() && !keys.empty()) hint = "known keys: " + join(keys, ", ");
    fail("unknown key \"" + key + "\"", hint);
  }
}

bool Node::has(std::string_view key) const { return find(key).has_value(); }

Node Node::at(std::string_view key) const {
  if (!is_object()) expected("an object");
  if (const auto found = find(key)) return *found;
  fail("the key \"" + std::string(key) + "\" is missing");
}

std::optional<Node> Node::find(std::string_view key) const {
  if (!value_->is_object()) return std::nullopt;
  for (const auto& [name, value] : value_->get_ref<const Tree::object_t&>()) {
    if (name == key) return Node(origin_, value);
  }
  return std::nullopt;
}

std::vector<Node> Node::items() const {
  if (!is_array()) expected("an array");
  std::vector<Node> nodes;
  nodes.reserve(value_->size());
  for (const Tree& item : *value_) nodes.push_back(Node(origin_, item));
  return nodes;
}

std::vector<std::pair<std::string, Node>> Node::members() const {
  if (!is_object()) expected("an object");
  std::vector<std::pair<std::string, Node>> nodes;
  nodes.reserve(value_->size());
  for (const auto& [key, value] : value_->get_ref<const Tree::object_t&>()) {
    nodes.emplace_back(key, Node(origin_, value));
  }
  return nodes;
}

const std::string& Node::text() const {
  if (!is_string()) expected("a text");
  return value_->get_ref<const std::string&>();
}

const std::string& Node::name() const {
  const std::string& value = text();
  if (value.empty()) fail("a name must not be empty");
  return value;
}

bool Node::boolean() const {
  if (!value_->is_boolean()) expected("true or false");
  return value_->get<bool>();
}

int Node::integer() const {
  if (!value_->is_number_integer()) expected("a whole number");
  constexpr std::int64_t limit = 2147483647;
  const bool huge = value_->is_number_unsigned() && value_->get<std::uint64_t>() > limit;
  const std::int64_t number = huge ? limit + 1 : value_->get<std::int64_t>();
  if (number < -limit || number > limit) {
    expected("a whole number between -" + std::to_string(limit) + " and " + std::to_string(limit));
  }
  return static_cast<int>(number);
}

std::vector<std::string> Node::texts() const {
  if (!is_array()) expected("an array of texts");
  std::vector<std::string> values;
  values.reserve(value_->size());
  for (const Node& item : items()) values.push_back(item.text());
  return values;
}

std::string Node::text_at(std::string_view key) const {
  const auto found = find(key);
  return found && !found->is_null() ? found->text() : std::string{};
}

std::vector<std::string> Node::texts_at(std::string_view key) const {
  const auto found = find(key);
  return found ? found->texts() : std::vector<std::string>{};
}

bool Node::flag_at(std::string_view key, bool otherwise) const {
  const auto found = find(key);
  return found ? found->boolean() : otherwise;
}

std::string Node::found() const {
  if (value_->is_object()) return "an object";
  if (value_->is_array()) return "an array";
  if (value_->is_binary()) return exact_text(*value_);
  std::string text = pretty(*value_);
  text.pop_back();
  if (text.size() <= 60) return text;
  std::size_t end = 57;
  while ((static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

void Node::expected(const std::string& what) const {
  fail("expected " + what + ", found " + found());
}

void Node::fail(const std::string& message, const std::string& hint) const {
  throw Error(ErrorKind::bad_file, message, where(), hint);
}

}  // namespace turnstone::json
