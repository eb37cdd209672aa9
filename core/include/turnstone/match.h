#pragma once

#include <cstddef>
#include <type_traits>
#include <variant>

namespace turnstone {

/// Proves at compile time that `Visitor` has an overload for `T`.
template <class Visitor, class T>
constexpr bool must_handle() {
  constexpr bool handled = requires(Visitor & visitor, T & value) { visitor(value); };
  static_assert(handled, "visitor lacks an overload for this alternative");
  return true;
}

namespace detail {

/// One switch for sixteen alternatives from `First` on, and the rest behind it. `std::visit` does
/// the same with a table of functions, which costs compilers several times as much: operations have
/// about thirty alternatives, and many visitors.
template <std::size_t First, class Variant, class Visitor>
decltype(auto) match_from(Variant& value, Visitor& visitor) {
  constexpr std::size_t count = std::variant_size_v<std::remove_const_t<Variant>>;
  switch (value.index() - First) {
// NOLINTNEXTLINE(bugprone-macro-parentheses): a number of the list below
#define TURNSTONE_ALTERNATIVE(n)                       \
  case n:                                              \
    if constexpr (First + n < count) {                 \
      return visitor(*std::get_if<First + n>(&value)); \
    } else {                                           \
      break;                                           \
    }
    TURNSTONE_ALTERNATIVE(0)
    TURNSTONE_ALTERNATIVE(1)
    TURNSTONE_ALTERNATIVE(2)
    TURNSTONE_ALTERNATIVE(3)
    TURNSTONE_ALTERNATIVE(4)
    TURNSTONE_ALTERNATIVE(5)
    TURNSTONE_ALTERNATIVE(6)
    TURNSTONE_ALTERNATIVE(7)
    TURNSTONE_ALTERNATIVE(8)
    TURNSTONE_ALTERNATIVE(9)
    TURNSTONE_ALTERNATIVE(10)
    TURNSTONE_ALTERNATIVE(11)
    TURNSTONE_ALTERNATIVE(12)
    TURNSTONE_ALTERNATIVE(13)
    TURNSTONE_ALTERNATIVE(14)
    TURNSTONE_ALTERNATIVE(15)
#undef TURNSTONE_ALTERNATIVE
    default:
      break;
  }
  if constexpr (First + 16 < count) {
    return match_from<First + 16>(value, visitor);
  } else {
    throw std::bad_variant_access();
  }
}

}  // namespace detail

/// Calls `visitor` with the active alternative of `value`; every overload gives the same type.
/// Visitors are structs, not overload sets: a missing overload then fails to compile, and cannot
/// convert back to the variant and recurse.
template <class Visitor, class... Ts>
decltype(auto) match(const std::variant<Ts...>& value, Visitor&& visitor) {
  static_assert((must_handle<std::remove_reference_t<Visitor>, const Ts>() && ...));
  return detail::match_from<0>(value, visitor);
}
/// The same for a visitor that changes what it is given.
template <class Visitor, class... Ts>
decltype(auto) match(std::variant<Ts...>& value, Visitor&& visitor) {
  static_assert((must_handle<std::remove_reference_t<Visitor>, Ts>() && ...));
  return detail::match_from<0>(value, visitor);
}

}  // namespace turnstone
