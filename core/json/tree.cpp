#include "json/tree.h"

#include <turnstone/error.h>
#include <turnstone/identifier.h>

#include <set>

namespace turnstone::json {
namespace {

/// Line and column, from 1, of a byte of `text`.
std::string line_and_column(std::string_view text, std::size_t byte) {
  std::size_t line = 1;
  std::size_t column = 1;
  for (std::size_t i = 0; i < byte && i < text.size(); ++i) {
    if (text[i] == '\n') {
      ++line;
      column = 1;
    } else {
      ++column;
    }
  }
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

std::string escaped(std::string_view key) {
  std::string result;
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

/// Builds the tree and stops at a key that an object has already.
class Builder : public nlohmann::json_sax<Tree> {
 public:
  Builder(const std::string& file, std::string_view text) : file_(file), text_(text) {}
  Tree take() { return std::move(root_); }

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put(value); }
  bool number_unsigned(number_unsigned_t value) override { return put(value); }
  bool number_float(number_float_t value, const string_t&) override { return put(value); }
  bool string(string_t& value) override { return put(std::move(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Tree::object()); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(Tree::array()); }
  bool end_array() override { return close(); }
  bool key(string_t& value) override {
    if (stack_.back()->contains(value)) {
      throw Error(ErrorKind::bad_file, "the key \"" + value + "\" stands twice in one object",
                  file_, "take one of them out");
    }
    key_ = std::move(value);
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    const bool ended = position > text_.size();
    throw Error(ErrorKind::bad_file, ended ? "the JSON ends too early" : "not valid JSON",
                file_ + ": " + line_and_column(text_, position == 0 ? 0 : position - 1));
  }

 private:
  template <class T>
  bool put(T&& value) {
    add(Tree(std::forward<T>(value)));
    return true;
  }
  Tree* add(Tree value) {
    if (stack_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    Tree& parent = *stack_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    // The key is new: it goes to the end without a search.
    auto& members = parent.get_ref<Tree::object_t&>();
    members.push_back({std::move(key_), std::move(value)});
    return &members.back().second;
  }
  bool open(Tree value) {
    stack_.push_back(add(std::move(value)));
    return true;
  }
  bool close() {
    stack_.pop_back();
    return true;
  }

  const std::string& file_;
  std::string_view text_;
  Tree root_{};
  std::vector<Tree*> stack_{};
  std::string key_{};
};

constexpr std::size_t line_width = 100;

/// `tree` on one line: `{"a": 1, "b": [1, 2]}`.
void write_flat(const Tree& tree, std::string& out) {
  if (tree.is_object()) {
    out += '{';
    bool first = true;
    for (const auto& [key, value] : tree.get_ref<const Tree::object_t&>()) {
      if (!first) out += ", ";
      first = false;
      out += Tree(key).dump();
      out += ": ";
      write_flat(value, out);
    }
    out += '}';
  } else if (tree.is_array()) {
    out += '[';
    bool first = true;
    for (const Tree& item : tree) {
      if (!first) out += ", ";
      first = false;
      write_flat(item, out);
    }
    out += ']';
  } else {
    out += tree.dump();
  }
}

/// Characters, not bytes: what a reader sees on the line.
std::size_t width(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return count;
}

void write(const Tree& tree, std::size_t indent, std::size_t used, std::size_t behind,
           std::string& out);

/// One member or item on its own line; `behind` counts the comma.
void write_line(const std::string& head, const Tree& value, std::size_t indent, bool last,
                std::string& out) {
  out.append(indent, ' ');
  out += head;
  write(value, indent, indent + width(head), last ? 0 : 1, out);
  if (!last) out += ',';
  out += '\n';
}

void write(const Tree& tree, std::size_t indent, std::size_t used, std::size_t behind,
           std::string& out) {
  const std::size_t start = out.size();
  write_flat(tree, out);
  if (!tree.is_structured() || tree.empty() ||
      used + width(std::string_view(out).substr(start)) + behind <= line_width) {
    return;
  }
  out.resize(start);
  out += tree.is_object() ? "{\n" : "[\n";
  std::size_t left = tree.size();
  if (tree.is_object()) {
    for (const auto& [key, value] : tree.get_ref<const Tree::object_t&>()) {
      write_line(Tree(key).dump() + ": ", value, indent + 2, --left == 0, out);
    }
  } else {
    for (const Tree& item : tree) write_line("", item, indent + 2, --left == 0, out);
  }
  out.append(indent, ' ');
  out += tree.is_object() ? '}' : ']';
}

}  // namespace

Tree parse(const std::string& file, std::string_view text) {
  Builder builder(file, text);
  Tree::sax_parse(text, &builder);
  return builder.take();
}

std::string pretty(const Tree& tree) {
  std::string out;
  write(tree, 0, 0, 0, out);
  out += '\n';
  return out;
}

std::string Node::where() const { return file_ + ": " + (pointer_.empty() ? "/" : pointer_); }

void Node::only_keys(const std::vector<std::string>& keys) const {
  if (!is_object()) expected("an object");
  for (const auto& [key, value] : value_->get_ref<const Tree::object_t&>()) {
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    std::string hint = did_you_mean(key, keys);
    if (hint.empty()) hint = "known keys: " + join(keys, ", ");
    fail("unknown key \"" + key + "\"", hint);
  }
}

bool Node::has(std::string_view key) const {
  return value_->is_object() && value_->find(std::string(key)) != value_->end();
}

Node Node::at(std::string_view key) const {
  if (!is_object()) expected("an object");
  if (const auto found = find(key)) return *found;
  fail("the key \"" + std::string(key) + "\" is missing");
}

std::optional<Node> Node::find(std::string_view key) const {
  if (!value_->is_object()) return std::nullopt;
  for (const auto& [name, value] : value_->get_ref<const Tree::object_t&>()) {
    if (name == key) return Node(file_, value, pointer_ + "/" + escaped(key));
  }
  return std::nullopt;
}

std::vector<Node> Node::items() const {
  if (!is_array()) expected("an array");
  std::vector<Node> nodes;
  nodes.reserve(value_->size());
  for (std::size_t i = 0; i < value_->size(); ++i) {
    nodes.emplace_back(file_, (*value_)[i], pointer_ + "/" + std::to_string(i));
  }
  return nodes;
}

std::vector<std::pair<std::string, Node>> Node::members() const {
  if (!is_object()) expected("an object");
  std::vector<std::pair<std::string, Node>> nodes;
  for (const auto& [key, value] : value_->get_ref<const Tree::object_t&>()) {
    nodes.emplace_back(key, Node(file_, value, pointer_ + "/" + escaped(key)));
  }
  return nodes;
}

std::string Node::text() const {
  if (!is_string()) expected("a text");
  return value_->get<std::string>();
}

std::string Node::name() const {
  std::string value = text();
  if (value.empty()) fail("a name must not be empty");
  return value;
}

bool Node::boolean() const {
  if (!value_->is_boolean()) expected("true or false");
  return value_->get<bool>();
}

int Node::integer() const {
  if (!value_->is_number_integer()) expected("a whole number");
  const auto number = value_->get<std::int64_t>();
  if (number < -2147483647 || number > 2147483647) fail("the number is too large");
  return static_cast<int>(number);
}

std::vector<std::string> Node::texts() const {
  if (!is_array()) expected("an array of texts");
  std::vector<std::string> values;
  for (const Node& item : items()) values.push_back(item.text());
  return values;
}

std::string Node::found() const {
  if (value_->is_object()) return "an object";
  if (value_->is_array()) return "an array";
  std::string text = value_->dump(-1, ' ', false, Tree::error_handler_t::replace);
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  return text;
}

void Node::expected(const std::string& what) const {
  fail("expected " + what + ", found " + found());
}

void Node::fail(const std::string& message, const std::string& hint) const {
  throw Error(ErrorKind::bad_file, message, where(), hint);
}

}  // namespace turnstone::json
