#pragma once

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

double median(std::vector<double> values);

/// Prints `name: ours 1.234 s (12.3 MiB), theirs 1.100 s, ratio 1.12 (at most 1.20)`.
void report(const std::string& name, const std::vector<Run>& ours, const std::vector<Run>& theirs,
            double bound);

}  // namespace turnstone::bench
