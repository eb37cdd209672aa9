#include <turnstone/error.h>

#include <charconv>

#include "json/tree.h"

namespace turnstone::json {
namespace {

constexpr std::size_t line_width = 100;

void append_escaped(char c, std::string& out) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default: {
      constexpr char digits[] = "0123456789abcdef";
      out += "\\u00";
      out += digits[static_cast<unsigned char>(c) >> 4];
      out += digits[static_cast<unsigned char>(c) & 0xF];
    }
  }
}

void append_string(std::string_view text, std::string& out) {
  out += '"';
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
      ++i;
    } else if (c >= 0x80) {
      const std::size_t length = utf8_length(text.substr(i));
      if (length == 0) throw Error(ErrorKind::bad_model, "a text is not valid UTF-8");
      i += length;
    } else {
      out.append(text, start, i - start);
      append_escaped(text[i], out);
      start = ++i;
    }
  }
  out.append(text, start);
  out += '"';
}

template <class Number>
void append_number(Number number, std::string& out) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number);
  out.append(digits, end.ptr);
}

/// Anything but a full object or array.
void append_scalar(const Tree& tree, std::string& out) {
  if (tree.is_string()) {
    append_string(tree.get_ref<const std::string&>(), out);
  } else if (tree.is_structured()) {
    out += tree.is_object() ? "{}" : "[]";
  } else if (tree.is_number_unsigned()) {
    append_number(tree.get<std::uint64_t>(), out);
  } else if (tree.is_number_integer()) {
    append_number(tree.get<std::int64_t>(), out);
  } else if (tree.is_boolean()) {
    out += tree.get<bool>() ? "true" : "false";
  } else if (tree.is_null()) {
    out += "null";
  } else {
    out += tree.dump();
  }
}

bool is_scalar(const Tree& tree) { return !tree.is_structured() || tree.empty(); }

/// Characters, not bytes: what a reader sees on the line.
std::size_t width(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return count;
}

/// Appends to `out`, line by line.
class Printer {
 public:
  explicit Printer(std::string& out) : out_(out) {}

  /// `used` characters stand on the line already, `behind` will follow.
  void print(const Tree& tree, std::size_t indent, std::size_t used, std::size_t behind) {
    if (is_scalar(tree)) {
      append_scalar(tree, out_);
      return;
    }
    const std::size_t start = out_.size();
    if (used + behind < line_width && flat(tree, start, line_width - used - behind)) return;
    out_.resize(start);
    const bool object = tree.is_object();
    out_ += object ? '{' : '[';
    std::size_t left = tree.size();
    if (object) {
      for (const auto& [key, value] : tree.get_ref<const Tree::object_t&>()) {
        line(&key, value, indent + 2, --left == 0);
      }
    } else {
      for (const Tree& item : tree) line(nullptr, item, indent + 2, --left == 0);
    }
    out_ += '\n';
    out_.append(indent, ' ');
    out_ += object ? '}' : ']';
  }

 private:
  void line(const std::string* key, const Tree& value, std::size_t indent, bool last) {
    out_ += '\n';
    out_.append(indent, ' ');
    const std::size_t start = out_.size();
    if (key) {
      append_string(*key, out_);
      out_ += ": ";
    }
    print(value, indent, indent + width(std::string_view(out_).substr(start)), last ? 0 : 1);
    if (!last) out_ += ',';
  }

  /// Appends `tree` on one line; false as soon as it is wider than `room`, counted from `start`.
  bool flat(const Tree& tree, std::size_t start, std::size_t room) {
    if (tree.is_string() && tree.get_ref<const std::string&>().size() > 4 * room) return false;
    if (is_scalar(tree)) {
      append_scalar(tree, out_);
      return fits(start, room);
    }
    const bool object = tree.is_object();
    out_ += object ? '{' : '[';
    bool first = true;
    const auto comma = [&] {
      if (!first) out_ += ", ";
      first = false;
    };
    if (object) {
      for (const auto& [key, value] : tree.get_ref<const Tree::object_t&>()) {
        comma();
        append_string(key, out_);
        out_ += ": ";
        if (!flat(value, start, room)) return false;
      }
    } else {
      for (const Tree& item : tree) {
        comma();
        if (!flat(item, start, room)) return false;
      }
    }
    out_ += object ? '}' : ']';
    return fits(start, room);
  }
  bool fits(std::size_t start, std::size_t room) const {
    const std::size_t bytes = out_.size() - start;
    return bytes <= room ||
           (bytes <= 4 * room && width(std::string_view(out_).substr(start)) <= room);
  }

  std::string& out_;
};

}  // namespace

std::string pretty(const Tree& tree) {
  std::string out;
  Printer(out).print(tree, 0, 0, 0);
  out += '\n';
  return out;
}

}  // namespace turnstone::json
