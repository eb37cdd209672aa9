#pragma once

#include <type_traits>
#include <variant>

namespace turnstone {

/// Proves at compile time that `Visitor` has an overload for `T`.
template <class Visitor, class T>
constexpr bool must_handle() {
  static_assert(std::is_invocable_v<const Visitor&, const T&>,
                "visitor lacks an overload for this alternative");
  return true;
}

/// Calls `visitor` with the active alternative of `value`. Visitors are structs, not overload sets:
/// a missing overload then fails to compile, and cannot convert back to the variant and recurse.
template <class Visitor, class... Ts>
decltype(auto) match(const std::variant<Ts...>& value, const Visitor& visitor) {
  static_assert((must_handle<Visitor, Ts>() && ...));
  return std::visit(visitor, value);
}

}  // namespace turnstone
