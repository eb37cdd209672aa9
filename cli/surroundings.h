#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

namespace turnstone {
class App;
}

namespace turnstone::cli {

/// Everything outside of the program that a command may touch, so that tests can bring their own.
struct Surroundings {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool in_is_terminal = false;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  std::map<std::string, std::string> environment{};
  std::filesystem::path folder{};  ///< the working directory, absolute
  /// Local time as `YYYYMMDD_HHMM`, for names of migrations.
  std::function<std::string()> timestamp{};
  /// Becomes another program: its command line and variables to add to the environment. Comes back
  /// (with an exit code) only in tests, or with 127 where there is no such program.
  std::function<int(const std::vector<std::string>&, const std::map<std::string, std::string>&)>
      become{};
};

/// The surroundings of this process.
Surroundings process_surroundings();

/// One run of the command line; `arguments` begins with the program's name. `apps` are those of a
/// `manage`; nullptr for the stand-alone program, whose models are files. Gives the exit code
/// (`formats.md` §7) and throws nothing.
int run(const std::vector<std::string>& arguments, Surroundings& surroundings,
        const std::vector<App>* apps = nullptr);
/// The same for apps that are made on the way: what is wrong with them is reported as any error.
int run(const std::vector<std::string>& arguments, Surroundings& surroundings,
        const std::function<const std::vector<App>*()>& apps);

}  // namespace turnstone::cli
