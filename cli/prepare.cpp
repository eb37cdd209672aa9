#include "prepare.h"

#include <turnstone/drivers/open.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#if defined(__GLIBC__)
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace turnstone::cli {

namespace {

void prepare_heap() {
#if defined(__GLIBC__)
  constexpr std::size_t room = std::size_t{64} << 20;
  constexpr std::uintptr_t page = std::uintptr_t{2} << 20;  // a large page; others do no harm
  ::mallopt(M_TOP_PAD, static_cast<int>(room));
  ::mallopt(M_TRIM_THRESHOLD, static_cast<int>(4 * room));
  ::mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the greatest it takes
  // The heap grows by its padding once something does not fit; larger things would not come from
  // it.
  const auto before = reinterpret_cast<std::uintptr_t>(::sbrk(0));
  void* volatile first = std::malloc(std::size_t{100} << 10);
  void* volatile second = std::malloc(std::size_t{100} << 10);
  std::free(second);
  std::free(first);
  const auto after = reinterpret_cast<std::uintptr_t>(::sbrk(0));
  const std::uintptr_t start = (before + page - 1) / page * page;
  // Advice: where it is refused, pages stay small.
  if (after > start) {
    ::madvise(reinterpret_cast<void*>(start), after - start, MADV_HUGEPAGE);  // NOLINT
  }
#endif
}

}  // namespace

void prepare_process() {
  prepare_heap();
  prepare_client_libraries();
}

}  // namespace turnstone::cli
