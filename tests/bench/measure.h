#pragma once

#include <functional>
#include <string>
#include <vector>

namespace turnstone::bench {

/// One run of a program: what the operating system says of it.
struct Run {
  double seconds = 0;  ///< wall clock
  long peak_kib = 0;   ///< largest resident size
  int exit_code = 0;
};

/// Runs `arguments` with standard output thrown away; `input` (a file) is its standard input.
Run run(const std::vector<std::string>& arguments, const std::string& folder,
        const std::string& input = {});

/// Runs `work` in a process of its own, which gives the seconds it took itself. Requires: no other
/// threads.
Run run_apart(const std::function<double()>& work);

double median(std::vector<double> values);

/// Prints `name: ours 1.234 s (12.3 MiB), theirs 1.100 s, ratio 1.12 (at most 1.20)`.
void report(const std::string& name, const std::vector<Run>& ours, const std::vector<Run>& theirs,
            double bound);

}  // namespace turnstone::bench
