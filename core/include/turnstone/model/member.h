#pragma once

#include <turnstone/db/cell.h>
#include <turnstone/model/choices.h>
#include <turnstone/model/field.h>
#include <turnstone/model/relations.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

// What C++ tells about the members of a model class: their names, and what their types are in
// models. The other headers of the C++ face build on it.

namespace turnstone {

/// One data member, whatever model looks at it. The same member has the same object everywhere in
/// one program; compare the text where plug-ins are loaded.
struct MemberKey {
  std::string_view pretty{};  ///< as the compiler spells the pointer to the member
  std::string_view name{};    ///< the member's own name
  std::string_view owner{};   ///< of a relation that is walked backwards: the class that has it
};

namespace detail {

template <auto P>
constexpr std::string_view pretty_value() {
  return __PRETTY_FUNCTION__;
}
template <class T>
constexpr std::string_view pretty_type() {
  return __PRETTY_FUNCTION__;
}

/// What stands behind `P = ` or `T = `; g++ writes `; std::string_view = …` behind it.
constexpr std::string_view argument(std::string_view pretty) {
  pretty.remove_suffix(1);
  const std::size_t begin = pretty.rfind('[');
  pretty.remove_prefix(pretty.find(" = ", begin) + 3);
  return pretty.substr(0, pretty.find(';'));
}

/// `&shop::Book::title` or `(& shop::Book::title)`: the last word.
constexpr std::string_view last_word(std::string_view pretty) {
  while (!pretty.empty() && (pretty.back() == ')' || pretty.back() == ' ')) {
    pretty.remove_suffix(1);
  }
  return pretty.substr(pretty.find_last_of(":&. )(") + 1);
}

template <class P>
struct MemberPointer {
  static constexpr bool is_member = false;
};
template <class C, class T>
struct MemberPointer<T C::*> {
  static constexpr bool is_member = !std::is_function_v<T>;
  using Class = C;
  using Type = T;
};

template <class T>
struct Unwrapped {
  using Type = T;
  static constexpr bool is_optional = false;
};
template <class T>
struct Unwrapped<std::optional<T>> {
  using Type = T;
  static constexpr bool is_optional = true;
};

template <class T>
struct RelationOf {
  static constexpr FieldType type = FieldType::character;  // none
  using Key = void;
};
template <class T, class K>
struct RelationOf<ForeignKey<T, K>> {
  static constexpr FieldType type = FieldType::foreign_key;
  using Target = T;
  using Key = K;
};
template <class T, class K>
struct RelationOf<OneToOne<T, K>> {
  static constexpr FieldType type = FieldType::one_to_one;
  using Target = T;
  using Key = K;
};
template <class T>
struct RelationOf<ManyToMany<T>> {
  static constexpr FieldType type = FieldType::many_to_many;
  using Target = T;
  using Key = void;
};

template <class T>
struct ItemOf {
  using Type = void;
};
template <class T>
requires(!std::same_as<T, std::byte>) struct ItemOf<std::vector<T>> {
  using Type = T;
};

}  // namespace detail

/// `T` of `std::optional<T>`, else `T`.
template <class T>
using without_optional = typename detail::Unwrapped<T>::Type;

template <class P>
concept DataMember = detail::MemberPointer<P>::is_member;

template <auto P>
using member_class = typename detail::MemberPointer<decltype(P)>::Class;
template <auto P>
using member_type = typename detail::MemberPointer<decltype(P)>::Type;

template <auto P>
inline constexpr MemberKey member_key{
    detail::argument(detail::pretty_value<P>()),
    detail::last_word(detail::argument(detail::pretty_value<P>()))};

/// `shop::Book`: how this program tells classes apart. Incomplete types too.
template <class T>
constexpr std::string_view class_name() {
  return detail::argument(detail::pretty_type<T>());
}

/// A relation walked backwards: `F<rev<&Book::author>, &Book::price>` starts at the author.
template <auto P>
struct Reverse {
  static_assert(detail::MemberPointer<std::remove_cv_t<decltype(P)>>::is_member,
                "turnstone: rev<> takes a pointer to a data member, as rev<&Book::author>");
};
template <auto P>
inline constexpr Reverse<P> rev{};

template <auto P>
inline constexpr MemberKey reverse_key{
    member_key<P>.pretty, member_key<P>.name,
    class_name<typename detail::MemberPointer<std::remove_cv_t<decltype(P)>>::Class>()};

// Kinds of members, `std::optional` taken away.

template <class T>
concept TextMember = std::same_as<T, std::string>;
template <class T>
concept IntegerMember = std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> &&
                        !std::same_as<T, wchar_t> && !std::same_as<T, char8_t> &&
                        !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;
template <class T>
concept NumberMember = IntegerMember<T> || std::floating_point<T> || std::same_as<T, Decimal>;
template <class T>
concept TimeMember = std::same_as<T, Date> || std::same_as<T, Time> || std::same_as<T, DateTime>;
template <class T>
concept EnumMember = std::is_enum_v<T> && requires(T value) {
  turnstone_choices(value).items;
};
template <class T>
concept KeyMember = detail::RelationOf<T>::type == FieldType::foreign_key ||
                    detail::RelationOf<T>::type == FieldType::one_to_one;
template <class T>
concept ManyToManyMember = detail::RelationOf<T>::type == FieldType::many_to_many;
template <class T>
concept RelationMember = KeyMember<T> || ManyToManyMember<T>;
template <class T>
concept ScalarMember = TextMember<T> || NumberMember<T> || TimeMember<T> || EnumMember<T> ||
    std::same_as<T, bool> || std::same_as<T, Duration> || std::same_as<T, Uuid> ||
    std::same_as<T, Bytes> || std::same_as<T, Json>;

namespace detail {
template <class T>
constexpr bool is_array_member() {
  using Item = typename ItemOf<T>::Type;
  if constexpr (std::is_void_v<Item>) {
    return false;
  } else {
    using Inner = without_optional<Item>;
    return ScalarMember<Inner> || is_array_member<Inner>();
  }
}
}  // namespace detail

/// A `std::vector` of anything but bytes: an ArrayField.
template <class T>
concept ArrayMember = detail::is_array_member<T>();
/// Has a column and is no relation.
template <class T>
concept PlainMember = ScalarMember<T> || ArrayMember<T>;
template <class T>
concept MappedMember =
    PlainMember<without_optional<T>> || KeyMember<without_optional<T>> || ManyToManyMember<T>;

namespace detail {

template <class E>
constexpr bool has_text_codes() {
  return turnstone_choices(E{}).items[0].code.is_text();
}

/// Integers go by size, not by exact type: `long long` is not `int64_t` everywhere.
template <class T>
constexpr FieldType integer_type() {
  if constexpr (sizeof(T) <= 2) {
    return std::is_signed_v<T> ? FieldType::small_integer : FieldType::positive_small_integer;
  } else if constexpr (sizeof(T) == 4) {
    return std::is_signed_v<T> ? FieldType::integer : FieldType::positive_integer;
  } else {
    return std::is_signed_v<T> ? FieldType::big_integer : FieldType::positive_big_integer;
  }
}

/// Requires: a mapped type without optional.
template <class T>
constexpr FieldType field_type() {
  if constexpr (RelationMember<T>) {
    return RelationOf<T>::type;
  } else if constexpr (EnumMember<T>) {
    if constexpr (has_text_codes<T>()) {
      return FieldType::character;
    } else {
      return integer_type<std::underlying_type_t<T>>();
    }
  } else if constexpr (TextMember<T>) {
    return FieldType::text;
  } else if constexpr (std::same_as<T, bool>) {
    return FieldType::boolean;
  } else if constexpr (IntegerMember<T>) {
    return integer_type<T>();
  } else if constexpr (std::floating_point<T>) {
    return FieldType::floating;
  } else if constexpr (std::same_as<T, Decimal>) {
    return FieldType::decimal;
  } else if constexpr (std::same_as<T, Date>) {
    return FieldType::date;
  } else if constexpr (std::same_as<T, Time>) {
    return FieldType::time;
  } else if constexpr (std::same_as<T, DateTime>) {
    return FieldType::date_time;
  } else if constexpr (std::same_as<T, Duration>) {
    return FieldType::duration;
  } else if constexpr (std::same_as<T, Uuid>) {
    return FieldType::uuid;
  } else if constexpr (std::same_as<T, Bytes>) {
    return FieldType::binary;
  } else if constexpr (std::same_as<T, Json>) {
    return FieldType::json;
  } else {
    static_assert(ArrayMember<T>);
    return FieldType::array;
  }
}

// Values in the form of files; compiled once in the library.
Json json_of(bool value);
Json json_of(std::int64_t value);
Json json_of(std::uint64_t value);
Json json_of(double value);
Json json_of(const std::string& value);
Json json_of(const Decimal& value);
Json json_of(const Uuid& value);
Json json_of(Date value);
Json json_of(Time value);
Json json_of(DateTime value);
Json json_of(Duration value);
Json json_of(const Bytes& value);
Json json_of(const std::vector<Json>& items);
[[noreturn]] void refuse_enumerator(std::string_view enumeration, std::int64_t value);
[[noreturn]] void refuse_range(const std::string& value, std::size_t bytes);

/// The value of a member as files write it; NULL for an empty optional.
template <class T>
Json json_of_member(const T& value) {
  if constexpr (Unwrapped<T>::is_optional) {
    return value ? json_of_member<without_optional<T>>(*value) : Json::null();
  } else if constexpr (KeyMember<T>) {
    return json_of_member<typename T::Key>(value.id());
  } else if constexpr (EnumMember<T>) {
    for (const auto& item : turnstone_choices(T{}).items) {
      if (item.value != value) continue;
      return item.code.is_text() ? json_of(std::string(item.code.text()))
                                 : json_of(item.code.number());
    }
    refuse_enumerator(class_name<T>(), static_cast<std::int64_t>(value));
  } else if constexpr (ArrayMember<T>) {
    std::vector<Json> items;
    items.reserve(value.size());
    for (const auto& item : value) items.push_back(json_of_member<typename T::value_type>(item));
    return json_of(items);
  } else if constexpr (std::same_as<T, Json>) {
    return value;
  } else if constexpr (IntegerMember<T>) {
    if constexpr (std::is_signed_v<T>) {
      return json_of(static_cast<std::int64_t>(value));
    } else {
      return json_of(static_cast<std::uint64_t>(value));
    }
  } else if constexpr (std::floating_point<T>) {
    return json_of(static_cast<double>(value));
  } else {
    return json_of(value);
  }
}

/// What a column of a key stores.
template <class T>
struct StoredType {
  using Type = T;
};
template <class T>
requires KeyMember<T>
struct StoredType<T> {
  using Type = typename T::Key;
};

}  // namespace detail

/// What the column of a member stores: the key of a relation, else the type without optional.
template <class T>
using stored_type = typename detail::StoredType<without_optional<T>>::Type;

/// Values of type `V` that a member of type `T` can be given or compared with. Nothing that could
/// change the value on the way: no floating point for integers and decimals, no number for a bool.
template <class T, class V>
constexpr bool is_value_for() {
  using Stored = stored_type<T>;
  if constexpr (std::same_as<without_optional<T>, V> || std::same_as<Stored, V>) {
    return true;
  } else if constexpr (std::same_as<Stored, bool>) {
    return false;
  } else if constexpr (IntegerMember<Stored>) {
    return IntegerMember<V>;
  } else if constexpr (std::floating_point<Stored>) {
    return IntegerMember<V> || std::floating_point<V>;
  } else if constexpr (std::same_as<Stored, Decimal>) {
    return IntegerMember<V>;
  } else if constexpr (std::same_as<Stored, Json>) {
    return std::convertible_to<V, std::string_view> || std::same_as<V, bool> || IntegerMember<V> ||
           std::floating_point<V>;
  } else if constexpr (std::same_as<Stored, DateTime> || std::same_as<Stored, Duration>) {
    return std::convertible_to<V, Stored>;  // days, hours, seconds …
  } else if constexpr (TextMember<Stored>) {
    return std::convertible_to<V, std::string_view>;
  } else {
    return false;
  }
}

namespace detail {

/// Requires: is_value_for<T, V>().
template <class T, class V>
Json json_value(const V& value) {
  using Stored = stored_type<T>;
  if constexpr (std::same_as<without_optional<T>, V>) {
    return json_of_member<V>(value);
  } else if constexpr (std::same_as<Stored, Json>) {
    if constexpr (std::convertible_to<V, std::string_view>) {
      return json_of(std::string(std::string_view(value)));
    } else {
      return json_of_member<V>(value);
    }
  } else if constexpr (TextMember<Stored>) {
    return json_of(std::string(std::string_view(value)));
  } else if constexpr (IntegerMember<Stored>) {
    if (!std::in_range<Stored>(value)) refuse_range(std::to_string(value), sizeof(Stored));
    return json_of_member<V>(value);
  } else if constexpr (std::same_as<Stored, Decimal>) {
    if constexpr (std::same_as<V, Decimal>) {
      return json_of(value);
    } else {
      return json_of(Decimal(static_cast<Decimal::Coefficient>(value), 0));
    }
  } else if constexpr (std::floating_point<Stored>) {
    return json_of(static_cast<double>(value));
  } else {
    return json_of_member<Stored>(Stored(value));
  }
}

}  // namespace detail

/// What the library knows of a C++ type: one object per type, whatever number of members have it.
struct MemberType {
  FieldType type = FieldType::text;
  bool null = false;
  std::string_view target{};                      ///< class a relation points to
  const MemberType* key = nullptr;                ///< of the key of a ForeignKey or OneToOne
  const MemberType* item = nullptr;               ///< of the items of an ArrayField
  std::vector<Json> (*choices)() = nullptr;       ///< codes of an enum
  Json (*to_json)(const void* member) = nullptr;  ///< its value; nullptr for a ManyToMany
  /// Takes a cell of a column of `type`. Throws Error{database} where it does not fit.
  void (*load)(void* member, const Cell& cell, const Field& type) = nullptr;
  /// Its value as a cell that refers to the member; `made` holds what it has no text of its own
  /// for.
  void (*view)(const void* member, Cell& into, std::string& made) = nullptr;
  std::shared_ptr<void> (*row)(const void* member) = nullptr;  ///< that is attached to a relation
  void (*attach)(void* member, const std::shared_ptr<void>& row) = nullptr;
  void (*attach_all)(void* member, const std::vector<std::shared_ptr<void>>& rows) = nullptr;
  std::vector<std::shared_ptr<void>> (*rows)(const void* member) = nullptr;  ///< that are attached
};

namespace detail {

// Cells as values; compiled once in the library. They throw Error{database} where a cell does not
// fit, naming the field.
std::int64_t cell_integer(const Cell& cell, const Field& type, std::int64_t low, std::int64_t high);
std::uint64_t cell_unsigned(const Cell& cell, const Field& type);
bool cell_boolean(const Cell& cell, const Field& type);
double cell_real(const Cell& cell, const Field& type);
std::string_view cell_text(const Cell& cell, const Field& type);
void cell_value(const Cell& cell, const Field& type, Decimal& into);
void cell_value(const Cell& cell, const Field& type, Uuid& into);
void cell_value(const Cell& cell, const Field& type, Date& into);
void cell_value(const Cell& cell, const Field& type, Time& into);
void cell_value(const Cell& cell, const Field& type, DateTime& into);
void cell_value(const Cell& cell, const Field& type, Duration& into);
void cell_value(const Cell& cell, const Field& type, Bytes& into);
void cell_value(const Cell& cell, const Field& type, Json& into);
[[noreturn]] void refuse_cell(const Cell& cell, const Field& type);
/// Items of an array that is written as JSON, each with a cell of its own.
void each_item(const Cell& cell, const Field& type, void* context,
               void (*take)(void* context, const Cell& item, const Field& item_type));
// Values as cells, the other way round.
void view_text(std::string_view value, Cell& into);
void view_integer(std::int64_t value, Cell& into);
void view_unsigned(std::uint64_t value, Cell& into);
void view_value(bool value, Cell& into);
void view_value(double value, Cell& into);
void view_value(const Decimal& value, Cell& into);
void view_value(const Uuid& value, Cell& into);
void view_value(const Date& value, Cell& into);
void view_value(const Time& value, Cell& into);
void view_value(const DateTime& value, Cell& into);
void view_value(const Duration& value, Cell& into);
void view_value(const Bytes& value, Cell& into);
void view_value(const Json& value, Cell& into);
void view_made(const Json& value, Cell& into, std::string& made);

template <class T>
void load_member(void* member, const Cell& cell, const Field& type);

/// Requires: `cell` is not NULL.
template <class T>
void load_value(T& into, const Cell& cell, const Field& type) {
  if constexpr (KeyMember<T>) {
    typename T::Key key{};
    load_value(key, cell, type);
    into = T(std::move(key));
  } else if constexpr (EnumMember<T>) {
    if constexpr (has_text_codes<T>()) {
      const std::string_view text = cell_text(cell, type);
      for (const auto& item : turnstone_choices(T{}).items) {
        if (item.code.text() != text) continue;
        into = item.value;
        return;
      }
    } else {
      const std::int64_t number = cell_integer(cell, type, INT64_MIN, INT64_MAX);
      for (const auto& item : turnstone_choices(T{}).items) {
        if (item.code.number() != number) continue;
        into = item.value;
        return;
      }
    }
    refuse_cell(cell, type);
  } else if constexpr (TextMember<T>) {
    into = cell_text(cell, type);
  } else if constexpr (std::same_as<T, bool>) {
    into = cell_boolean(cell, type);
  } else if constexpr (IntegerMember<T>) {
    if constexpr (std::is_unsigned_v<T> && sizeof(T) == 8) {
      into = static_cast<T>(cell_unsigned(cell, type));
    } else {
      into = static_cast<T>(cell_integer(cell, type,
                                         static_cast<std::int64_t>(std::numeric_limits<T>::min()),
                                         static_cast<std::int64_t>(std::numeric_limits<T>::max())));
    }
  } else if constexpr (std::floating_point<T>) {
    into = static_cast<T>(cell_real(cell, type));
  } else if constexpr (ArrayMember<T>) {
    into.clear();
    each_item(cell, type, &into, [](void* context, const Cell& item, const Field& item_type) {
      typename T::value_type one{};
      load_member<typename T::value_type>(&one, item, item_type);
      static_cast<T*>(context)->push_back(std::move(one));
    });
  } else {
    cell_value(cell, type, into);
  }
}

template <class T>
void load_member(void* member, const Cell& cell, const Field& type) {
  T& into = *static_cast<T*>(member);
  if constexpr (Unwrapped<T>::is_optional) {
    if (cell.kind == Cell::Kind::null) {
      into.reset();
    } else {
      load_value(into.emplace(), cell, type);
    }
  } else {
    if (cell.kind == Cell::Kind::null) refuse_cell(cell, type);
    load_value(into, cell, type);
  }
}

template <class T>
void view_member(const void* member, Cell& into, std::string& made) {
  const T& value = *static_cast<const T*>(member);
  if constexpr (Unwrapped<T>::is_optional) {
    if (value) {
      view_member<without_optional<T>>(&*value, into, made);
    } else {
      into.kind = Cell::Kind::null;
    }
  } else if constexpr (KeyMember<T>) {
    view_member<typename T::Key>(&value.id(), into, made);
  } else if constexpr (EnumMember<T>) {
    for (const auto& item : turnstone_choices(T{}).items) {
      if (item.value != value) continue;
      if (item.code.is_text()) {
        view_text(item.code.text(), into);
      } else {
        view_integer(item.code.number(), into);
      }
      return;
    }
    refuse_enumerator(class_name<T>(), static_cast<std::int64_t>(value));
  } else if constexpr (TextMember<T>) {
    view_text(value, into);
  } else if constexpr (ArrayMember<T>) {
    view_made(json_of_member(value), into, made);
  } else if constexpr (IntegerMember<T>) {
    if constexpr (std::is_unsigned_v<T> && sizeof(T) == 8) {
      view_unsigned(value, into);
    } else {
      view_integer(static_cast<std::int64_t>(value), into);
    }
  } else if constexpr (std::floating_point<T>) {
    view_value(static_cast<double>(value), into);
  } else {
    view_value(value, into);
  }
}

/// The row of a relation, and of one inside of an optional.
template <class T>
std::shared_ptr<void> attached_row(const void* member) {
  const T& value = *static_cast<const T*>(member);
  if constexpr (Unwrapped<T>::is_optional) {
    return value ? attached_row<without_optional<T>>(&*value) : nullptr;
  } else {
    return value.attached();
  }
}
template <class T>
void attach_row(void* member, const std::shared_ptr<void>& row) {
  T& value = *static_cast<T*>(member);
  if constexpr (Unwrapped<T>::is_optional) {
    if (value) attach_row<without_optional<T>>(&*value, row);
  } else {
    value.attach(std::static_pointer_cast<typename T::Target>(row));
  }
}
template <class T>
void attach_rows(void* member, const std::vector<std::shared_ptr<void>>& rows) {
  std::vector<std::shared_ptr<typename T::Target>> typed;
  typed.reserve(rows.size());
  for (const auto& row : rows) {
    typed.push_back(std::static_pointer_cast<typename T::Target>(row));
  }
  static_cast<T*>(member)->attach(std::move(typed));
}

template <class T>
std::vector<std::shared_ptr<void>> attached_rows(const void* member) {
  const auto& rows = static_cast<const T*>(member)->attached();
  return {rows.begin(), rows.end()};
}

template <class E>
std::vector<Json> choice_codes() {
  std::vector<Json> codes;
  for (const auto& item : turnstone_choices(E{}).items) codes.push_back(json_of_member(item.value));
  return codes;
}

template <class T>
Json member_to_json(const void* member) {
  return json_of_member<T>(*static_cast<const T*>(member));
}

/// The value of a member.
Value value_of_member(const MemberType& type, const void* member);

template <class T>
constexpr MemberType make_member_type();

}  // namespace detail

template <class T>
inline constexpr MemberType member_type_of = detail::make_member_type<T>();

namespace detail {

template <class T>
constexpr MemberType make_member_type() {
  using Bare = without_optional<T>;
  MemberType type;
  type.type = field_type<Bare>();
  type.null = Unwrapped<T>::is_optional;
  if constexpr (RelationMember<Bare>) type.target = class_name<typename Bare::Target>();
  if constexpr (KeyMember<Bare>) type.key = &member_type_of<typename Bare::Key>;
  if constexpr (ArrayMember<Bare>) type.item = &member_type_of<typename Bare::value_type>;
  if constexpr (EnumMember<Bare>) type.choices = &choice_codes<Bare>;
  if constexpr (ManyToManyMember<Bare>) {
    type.attach_all = &attach_rows<T>;
    type.rows = &attached_rows<T>;
  } else {
    type.to_json = &member_to_json<T>;
    type.load = &load_member<T>;
    type.view = &view_member<T>;
  }
  if constexpr (KeyMember<Bare>) {
    type.row = &attached_row<T>;
    type.attach = &attach_row<T>;
  }
  return type;
}

}  // namespace detail
}  // namespace turnstone
