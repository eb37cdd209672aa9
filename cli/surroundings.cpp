#include "surroundings.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <iostream>

extern char** environ;

namespace turnstone::cli {
namespace {

std::map<std::string, std::string> process_environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry; ++entry) {
    const std::string text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos) variables[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return variables;
}

std::string local_timestamp() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  char text[32];
  return std::string(text, std::strftime(text, sizeof text, "%Y%m%d_%H%M", &local));
}

/// Gives 127 where there is no such program, as a shell does.
int become(const std::vector<std::string>& command,
           const std::map<std::string, std::string>& environment) {
  std::cout.flush();
  std::cerr.flush();
  for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> arguments;
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  execvp(arguments.front(), arguments.data());
  return errno == ENOENT ? 127 : 126;
}

}  // namespace

Surroundings process_surroundings() {
  std::error_code gone;
  Surroundings surroundings{.in = std::cin, .out = std::cout, .err = std::cerr};
  surroundings.in_is_terminal = isatty(STDIN_FILENO) == 1;
  surroundings.out_is_terminal = isatty(STDOUT_FILENO) == 1;
  surroundings.err_is_terminal = isatty(STDERR_FILENO) == 1;
  surroundings.environment = process_environment();
  surroundings.folder = std::filesystem::current_path(gone);
  surroundings.timestamp = local_timestamp;
  surroundings.become = become;
  return surroundings;
}

}  // namespace turnstone::cli
