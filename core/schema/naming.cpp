#include <turnstone/identifier.h>
#include <turnstone/schema/naming.h>
#include <turnstone/values.h>

namespace turnstone {
namespace {

/// At most `bytes` bytes of `text`, never half a UTF-8 character.
std::string_view beginning(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

/// A name may not begin like this.
bool begins_wrongly(std::string_view name) {
  return !name.empty() && (name[0] == '_' || (name[0] >= '0' && name[0] <= '9'));
}

}  // namespace

std::string truncated_name(std::string_view name, std::size_t max_bytes) {
  if (max_bytes == 0 || name.size() <= max_bytes) return std::string(name);
  return std::string(beginning(name, max_bytes - 4)) + md5_hex(name).substr(0, 4);
}

std::string unquoted_table_name(std::string_view name) {
  if (name.size() < 3 || name.front() != '"' || name.back() != '"') return std::string(name);
  std::string plain;
  bool open = false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool quote = name[i] == '"';
    const bool doubled = quote && open && i + 1 < name.size() && name[i + 1] == '"';
    if (doubled) ++i;
    if (doubled || !quote) {
      plain += name[i];
    } else {
      open = !open;
    }
  }
  return plain;
}

std::string_view bare_table_name(std::string_view name) {
  const std::size_t point = name.find('.');
  return point == std::string_view::npos ? name : name.substr(point + 1);
}

std::string truncated_table_name(std::string_view name, std::size_t max_bytes) {
  const std::string_view table = bare_table_name(name);
  return std::string(name.substr(0, name.size() - table.size())) + truncated_name(table, max_bytes);
}

std::string index_name(std::string_view table, const std::vector<std::string>& columns,
                       std::string_view suffix, std::size_t max_bytes) {
  const std::size_t max = max_bytes == 0 ? 200 : max_bytes;
  const std::string column_names = join(columns, "_");
  std::string hash =
      md5_hex(std::string(table) + join(columns, "")).substr(0, 8) + std::string(suffix);
  const std::string full = std::string(table) + "_" + column_names + "_" + hash;
  if (full.size() <= max) return full;
  if (hash.size() > max / 3) hash.resize(max / 3);
  const std::size_t other = (max - hash.size()) / 2 - 1;
  std::string name = std::string(beginning(table, other)) + "_";
  name += beginning(column_names, other);
  name += "_" + hash;
  return begins_wrongly(name) ? "D" + name.substr(0, name.size() - 1) : name;
}

std::string declared_index_name(std::string_view table, const std::vector<std::string>& columns,
                                std::string_view suffix) {
  std::string first = columns.empty() ? "" : columns.front();
  if (first.starts_with("-")) first.erase(0, 1);
  const std::string hash =
      md5_hex(std::string(table) + join(columns, "") + std::string(suffix)).substr(0, 6);
  std::string name = std::string(beginning(table, 11)) + "_";
  name += beginning(first, 7);
  name += "_" + hash + "_" + std::string(suffix);
  if (begins_wrongly(name)) name[0] = 'D';
  return name;
}

}  // namespace turnstone
