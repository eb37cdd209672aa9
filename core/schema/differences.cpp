#include <turnstone/identifier.h>
#include <turnstone/schema/differences.h>

#include <algorithm>

#include "schema/item_identity.h"

namespace turnstone {
namespace {

using What = SchemaDifference::What;

std::string yes_no(bool value) { return value ? "yes" : "no"; }

std::string in_words(Key::Timing timing) {
  switch (timing) {
    case Key::Timing::immediate_always:
      return "not deferrable";
    case Key::Timing::initially_immediate:
      return "deferrable initially immediate";
    case Key::Timing::initially_deferred:
      return "deferrable initially deferred";
  }
  return {};
}

std::string in_words(Column::Identity identity) {
  static const char* const words[] = {"none", "by default", "always"};
  return words[static_cast<int>(identity)];
}

std::string in_words(const IndexPart& part) {
  std::string text = part.column.empty() ? "(" + part.expression + ")" : part.column;
  if (!part.collation.empty()) text += " collate " + part.collation;
  if (!part.opclass.empty()) text += " " + part.opclass;
  if (part.descending) text += " desc";
  if (part.nulls == IndexPart::Nulls::first) text += " nulls first";
  if (part.nulls == IndexPart::Nulls::last) text += " nulls last";
  return text;
}

std::string in_words(const std::vector<IndexPart>& parts) {
  std::vector<std::string> items;
  for (const IndexPart& part : parts) items.push_back(in_words(part));
  return join(items, ", ");
}

std::string in_words(const std::vector<std::pair<std::string, std::string>>& parameters) {
  std::vector<std::string> items;
  for (const auto& [key, value] : parameters) items.push_back(key + " = " + value);
  return join(items, ", ");
}

std::string elements_of(const Exclusion& exclusion) {
  std::vector<std::string> items;
  for (const auto& [part, op] : exclusion.elements) items.push_back(in_words(part) + " with " + op);
  return join(items, ", ");
}

/// Gathers the differences of two tables.
class Differ {
 public:
  explicit Differ(std::vector<SchemaDifference>& found) : found_(found) {}

  void tables(const Table& is, const Table& should) {
    table_ = should.name;
    items<Column>("column", is.columns, should.columns);
    const std::vector<Key> none;
    items<Key>("primary key", is.primary_key ? std::vector<Key>{*is.primary_key} : none,
               should.primary_key ? std::vector<Key>{*should.primary_key} : none);
    items<Key>("unique constraint", is.uniques, should.uniques);
    items<Check>("check constraint", is.checks, should.checks);
    items<ForeignKeyConstraint>("foreign key", is.foreign_keys, should.foreign_keys);
    items<Exclusion>("exclusion constraint", is.exclusions, should.exclusions);
    items<TableIndex>("index", is.indexes, should.indexes);
    current_ = SchemaDifference{.table = table_, .kind = "table"};
    value("comment", is.comment, should.comment);
    value("tablespace", is.tablespace, should.tablespace);
    value("strict", yes_no(is.strict), yes_no(should.strict));
    value("without rowid", yes_no(is.without_rowid), yes_no(should.without_rowid));
  }

 private:
  void value(const std::string& property, const std::string& is, const std::string& should) {
    if (is == should) return;
    SchemaDifference difference = current_;
    difference.what = What::changed;
    difference.property = property;
    difference.is = is;
    difference.should = should;
    found_.push_back(std::move(difference));
  }
  void flag(const std::string& property, bool is, bool should) {
    value(property, yes_no(is), yes_no(should));
  }

  void compare(const Column& a, const Column& b) {
    value("type", a.type, b.type);
    flag("null", a.nullable, b.nullable);
    value("default", a.default_sql.value_or(""), b.default_sql.value_or(""));
    value("collation", a.collation, b.collation);
    value("identity", in_words(a.identity), in_words(b.identity));
    value("generated", a.generated.value_or(""), b.generated.value_or(""));
    if (a.generated && b.generated) flag("stored", a.generated_stored, b.generated_stored);
    value("comment", a.comment, b.comment);
  }
  void compare(const Key& a, const Key& b) {
    value("columns", join(a.columns, ", "), join(b.columns, ", "));
    value("timing", in_words(a.timing), in_words(b.timing));
    value("include", join(a.include, ", "), join(b.include, ", "));
    flag("nulls distinct", a.nulls_distinct, b.nulls_distinct);
    value("tablespace", a.tablespace, b.tablespace);
  }
  void compare(const Check& a, const Check& b) {
    value("condition", a.condition, b.condition);
    flag("validated", a.validated, b.validated);
  }
  void compare(const ForeignKeyConstraint& a, const ForeignKeyConstraint& b) {
    value("columns", join(a.columns, ", "), join(b.columns, ", "));
    value("target", a.target_table + "(" + join(a.target_columns, ", ") + ")",
          b.target_table + "(" + join(b.target_columns, ", ") + ")");
    value("on delete", a.on_delete, b.on_delete);
    value("on update", a.on_update, b.on_update);
    value("timing", in_words(a.timing), in_words(b.timing));
    flag("validated", a.validated, b.validated);
  }
  void compare(const Exclusion& a, const Exclusion& b) {
    value("method", a.method, b.method);
    value("elements", elements_of(a), elements_of(b));
    value("include", join(a.include, ", "), join(b.include, ", "));
    value("condition", a.condition, b.condition);
    value("timing", in_words(a.timing), in_words(b.timing));
  }
  void compare(const TableIndex& a, const TableIndex& b) {
    flag("unique", a.unique, b.unique);
    value("method", a.method, b.method);
    value("columns", in_words(a.parts), in_words(b.parts));
    value("include", join(a.include, ", "), join(b.include, ", "));
    value("condition", a.condition, b.condition);
    flag("nulls distinct", a.nulls_distinct, b.nulls_distinct);
    value("tablespace", a.tablespace, b.tablespace);
    value("parameters", in_words(a.parameters), in_words(b.parameters));
  }

  template <class T>
  SchemaDifference about(const std::string& kind, const T* is, const T* should) const {
    return SchemaDifference{.table = table_,
                            .kind = kind,
                            .name = item_identity(should ? *should : *is),
                            .what = !is       ? What::missing
                                    : !should ? What::extra
                                              : What::changed,
                            .actual = is ? definition(*is) : Sql{},
                            .wanted = should ? definition(*should) : Sql{}};
  }

  /// The same but for the name. A name that one of them lacks is none to miss.
  template <class T>
  static bool same_but_name(T a, T b) {
    a.name = b.name = "";
    if constexpr (std::is_same_v<T, Check>) a.column = b.column = "";
    return a == b;
  }

  template <class T>
  void items(const std::string& kind, const std::vector<T>& is, const std::vector<T>& should) {
    std::vector<const T*> left;
    for (const T& item : is) left.push_back(&item);
    const auto take = [&](const auto& fits) {
      const auto at = std::find_if(left.begin(), left.end(), [&](const T* i) { return fits(*i); });
      const T* found = at == left.end() ? nullptr : *at;
      if (found) left.erase(at);
      return found;
    };
    std::vector<const T*> missing;
    for (const T& item : should) {
      const auto same_place = [&](const T& other) {
        return item_identity(other) == item_identity(item);
      };
      // There may be several without a name.
      const T* own = take([&](const T& other) { return same_place(other) && other == item; });
      if (!own) own = take(same_place);
      if (!own) {
        missing.push_back(&item);
        continue;
      }
      current_ = about<T>(kind, own, &item);
      compare(*own, item);
    }
    for (const T* item : missing) {
      const bool column = std::is_same_v<T, Column>;
      const T* other =
          take([&](const T& candidate) { return !column && same_but_name(candidate, *item); });
      if (other && (other->name.empty() || item->name.empty())) continue;
      SchemaDifference difference = about<T>(kind, other, item);
      if (other) {
        difference.what = What::renamed;
        difference.property = "name";
        difference.is = other->name;
        difference.should = item->name;
      }
      found_.push_back(std::move(difference));
    }
    for (const T* item : left) found_.push_back(about<T>(kind, item, nullptr));
  }

  std::vector<SchemaDifference>& found_;
  std::string table_{};
  SchemaDifference current_{};
};

}  // namespace

std::vector<SchemaDifference> differences(const Schema& actual, const Schema& wanted) {
  std::vector<SchemaDifference> found;
  wanted.each([&](const Table& should) {
    if (const TablePtr is = actual.find(should.name)) {
      Differ(found).tables(*is, should);
    } else {
      found.push_back({.table = should.name, .kind = "table", .what = What::missing});
    }
  });
  actual.each([&](const Table& is) {
    if (wanted.find(is.name)) return;
    found.push_back({.table = is.name, .kind = "table", .what = What::extra});
  });
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.table < b.table; });
  return found;
}

std::string in_words(const SchemaDifference& difference) {
  const std::string what =
      difference.name.empty() ? difference.kind : difference.kind + " \"" + difference.name + "\"";
  switch (difference.what) {
    case What::missing:
      return what + " is missing";
    case What::extra:
      return what + " is not wanted";
    case What::renamed:
      return what + " is named \"" + difference.is + "\"";
    case What::changed:
      break;
  }
  const auto shown = [](const std::string& text) { return text.empty() ? "absent" : text; };
  return what + ": " + difference.property + " is " + shown(difference.is) + ", should be " +
         shown(difference.should);
}

std::vector<std::string> schema_differences(const Schema& actual, const Schema& wanted) {
  std::vector<std::string> lines;
  for (const SchemaDifference& difference : differences(actual, wanted)) {
    const bool whole = difference.kind == "table";
    const std::string words = in_words(difference);
    lines.push_back("table \"" + difference.table + "\"" +
                    (whole ? words.substr(std::string_view("table").size()) : ": " + words));
  }
  return lines;
}

}  // namespace turnstone
