#include <iostream>

#include "notes/notes.h"

// A shipped program: it carries its migrations and upgrades its own database.
int main(int, char** argv) {
  try {
    turnstone::Migrator migrator(argv[1], turnstone::embedded_migrations(), {notes::app()});
    std::cout << "pending:";
    for (const std::string& name : migrator.pending()) std::cout << " " << name;
    std::cout << "\napplied:";
    for (const std::string& name : migrator.migrate()) std::cout << " " << name;
    std::cout << "\nleft: " << migrator.pending().size() << "\n";
  } catch (const turnstone::Error& error) {
    std::cerr << error.text() << "\n";
    return 1;
  }
}
