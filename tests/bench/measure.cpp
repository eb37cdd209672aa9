#include "measure.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <stdexcept>

namespace turnstone::bench {

Run run(const std::vector<std::string>& arguments, const std::string& folder,
        const std::string& input) {
  const auto start = std::chrono::steady_clock::now();
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("cannot fork");
  if (child == 0) {
    const int in = open(input.empty() ? "/dev/null" : input.c_str(), O_RDONLY);
    const int out = open("/dev/null", O_WRONLY);
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    if (chdir(folder.c_str()) != 0) _exit(126);
    std::vector<char*> pointers;
    for (const std::string& argument : arguments) {
      pointers.push_back(const_cast<char*>(argument.c_str()));
    }
    pointers.push_back(nullptr);
    execvp(pointers.front(), pointers.data());
    _exit(127);
  }
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return {took.count(), usage.ru_maxrss, WIFEXITED(status) ? WEXITSTATUS(status) : 255};
}

Run run_apart(const std::function<double()>& work) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("no pipe");
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("cannot fork");
  if (child == 0) {
    close(ends[0]);
    try {
      const double seconds = work();
      _exit(write(ends[1], &seconds, sizeof seconds) == sizeof seconds ? 0 : 1);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
    }
    _exit(1);
  }
  close(ends[1]);
  double seconds = 0;
  const bool told = read(ends[0], &seconds, sizeof seconds) == sizeof seconds;
  close(ends[0]);
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  if (!told) throw std::runtime_error("a measured process failed");
  return {seconds, usage.ru_maxrss, 0};
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

void report(const std::string& name, const std::vector<Run>& ours, const std::vector<Run>& theirs,
            double bound) {
  const auto seconds = [](const std::vector<Run>& runs) {
    std::vector<double> values;
    for (const Run& run : runs) values.push_back(run.seconds);
    return median(values);
  };
  const auto peak = [](const std::vector<Run>& runs) {
    long kib = 0;
    for (const Run& run : runs) kib = std::max(kib, run.peak_kib);
    return static_cast<double>(kib) / 1024;
  };
  const double a = seconds(ours);
  const double b = seconds(theirs);
  std::printf(
      "%s: ours %.3f s (peak %.1f MiB), theirs %.3f s (peak %.1f MiB), ratio of medians %.2f (at "
      "most %.2f)\n",
      name.c_str(), a, peak(ours), b, peak(theirs), a / b, bound);
  std::fflush(stdout);
}

}  // namespace turnstone::bench
