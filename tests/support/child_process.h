#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>

namespace turnstone::test {

/// A child of this process that runs a function and ends with its exit code; an exception is exit
/// code 3 and its text can be read. Killed when the object goes.
///
/// The function must open its own connections.
class ChildProcess {
 public:
  explicit ChildProcess(const std::function<int()>& body);
  ~ChildProcess();
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  struct End {
    int code = 0;    ///< exit code, where it ended by itself
    int signal = 0;  ///< what killed it, else 0
    std::string error{};
  };
  /// Waits for its end.
  End wait();
  void kill();

 private:
  pid_t pid_ = -1;
  int errors_ = -1;
};

/// A signal between processes: one waits until another raises it.
class Flag {
 public:
  Flag();
  ~Flag();
  Flag(const Flag&) = delete;
  Flag& operator=(const Flag&) = delete;
  void raise() const;
  /// False when it was not raised in time. One `raise` lets one `wait` go.
  bool wait(std::chrono::milliseconds timeout) const;

 private:
  int ends_[2];
};

}  // namespace turnstone::test
