#include "support/child_process.h"

#include <poll.h>
#include <sys/wait.h>
#include <turnstone/error.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace turnstone::test {
namespace {

int run(const std::function<int()>& body, int errors) {
  std::string text;
  try {
    return body();
  } catch (const Error& error) {
    text = error.text();
  } catch (const std::exception& error) {
    text = error.what();
  }
  return write(errors, text.data(), text.size()) < 0 ? 4 : 3;
}

}  // namespace

ChildProcess::ChildProcess(const std::function<int()>& body) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("no pipe");
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("no child process");
  if (pid_ == 0) {
    close(ends[0]);
    _exit(run(body, ends[1]));  // without the destructors of the parent's objects
  }
  close(ends[1]);
  errors_ = ends[0];
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), errors_(std::exchange(other.errors_, -1)) {}

ChildProcess::~ChildProcess() {
  if (pid_ > 0) {
    kill();
    waitpid(pid_, nullptr, 0);
  }
  if (errors_ >= 0) close(errors_);
}

ChildProcess::End ChildProcess::wait() {
  End end;
  char buffer[4096];
  for (ssize_t size = 0; (size = read(errors_, buffer, sizeof buffer)) > 0;) {
    end.error.append(buffer, static_cast<std::size_t>(size));
  }
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  if (WIFSIGNALED(status)) {
    end.signal = WTERMSIG(status);
  } else {
    end.code = WEXITSTATUS(status);
  }
  return end;
}

void ChildProcess::kill() { ::kill(pid_, SIGKILL); }

Flag::Flag() {
  if (pipe(ends_) != 0) throw std::runtime_error("no pipe");
}

Flag::~Flag() {
  close(ends_[0]);
  close(ends_[1]);
}

void Flag::raise() const {
  if (write(ends_[1], "!", 1) != 1) throw std::runtime_error("the flag could not be raised");
}

bool Flag::wait(std::chrono::milliseconds timeout) const {
  pollfd end{.fd = ends_[0], .events = POLLIN, .revents = 0};
  if (poll(&end, 1, static_cast<int>(timeout.count())) != 1) return false;
  char byte = 0;
  return read(ends_[0], &byte, 1) == 1;
}

}  // namespace turnstone::test
