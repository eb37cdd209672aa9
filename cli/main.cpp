#include <string>
#include <vector>

#include "prepare.h"
#include "surroundings.h"

int main(int argc, char** argv) {
  turnstone::cli::prepare_process();
  turnstone::cli::Surroundings surroundings = turnstone::cli::process_surroundings();
  return turnstone::cli::run(std::vector<std::string>(argv, argv + argc), surroundings);
}
