#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace turnstone {

/// What a column stores for an enumerator: a text or a number.
class ChoiceCode {
 public:
  constexpr ChoiceCode(const char* text) : text_(text), is_text_(true) {}  // NOLINT
  constexpr ChoiceCode(std::int64_t number) : number_(number) {}           // NOLINT
  constexpr ChoiceCode(int number) : number_(number) {}                    // NOLINT

  constexpr bool is_text() const { return is_text_; }
  constexpr std::string_view text() const { return text_; }
  constexpr std::int64_t number() const { return number_; }

 private:
  std::string_view text_{};
  std::int64_t number_ = 0;
  bool is_text_ = false;
};

template <class E>
struct Choice {
  E value{};
  ChoiceCode code{0};
  std::string_view label{};
};

template <class E, std::size_t N>
struct Choices {
  static_assert(N > 0);
  std::array<Choice<E>, N> items{};
};

/// The enumerators of `E` with what columns store and what people read, in the order of forms:
///
///     constexpr auto turnstone_choices(Status) {
///       using enum Status;
///       return turnstone::choices<Status>({{draft, "D", "Draft"}, {published, "P", "Published"}});
///     }
///
/// The function stands beside the enum and is found by argument-dependent look-up. Codes are all
/// texts (a CharField) or all numbers.
template <class E, std::size_t N>
constexpr Choices<E, N> choices(const Choice<E> (&items)[N]) {
  Choices<E, N> result{};
  for (std::size_t i = 0; i < N; ++i) {
    result.items[i] = items[i];
    if (items[i].code.is_text() != items[0].code.is_text()) {
      throw "turnstone: choices are all texts or all numbers";
    }
  }
  return result;
}

}  // namespace turnstone
