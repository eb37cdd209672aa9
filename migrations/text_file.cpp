#include "text_file.h"

#include <turnstone/error.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace turnstone::migrations {
namespace {

[[noreturn]] void fail(const std::filesystem::path& file, int error) {
  throw Error(ErrorKind::bad_file,
              "cannot read \"" + file.string() + "\": " + std::strerror(error));
}

class Closer {
 public:
  explicit Closer(int fd) : fd_(fd) {}
  ~Closer() { ::close(fd_); }
  Closer(const Closer&) = delete;
  Closer& operator=(const Closer&) = delete;

 private:
  int fd_;
};

}  // namespace

std::optional<std::string> read_text_file(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) return {};
  if (fd < 0) fail(file, errno);
  const Closer closer(fd);
  struct stat info {};
  if (::fstat(fd, &info) != 0) fail(file, errno);
  if (S_ISDIR(info.st_mode)) fail(file, EISDIR);
  // One byte more than the size: the end shows itself in the first read.
  std::string text(static_cast<std::size_t>(info.st_size) + 1, '\0');
  std::size_t size = 0;
  for (;;) {
    if (size == text.size()) text.resize(2 * size);
    const ssize_t got = ::read(fd, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(file, errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return text;
}

}  // namespace turnstone::migrations
