#include <turnstone/drivers/open.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "catalogue.h"
#include "measure.h"
#include "project.h"

// What users wait for, against the raw limit in the same run. Prints ratios of medians; judges
// nothing. Usage: bench TURNSTONE_EXECUTABLE [RUNS]

namespace fs = std::filesystem;
using namespace turnstone;
using bench::Run;

namespace {

fs::path scratch_folder() {
  std::string name = (fs::temp_directory_path() / "turnstone-bench-XXXXXX").string();
  if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
  return name;
}

void write_text(const fs::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
}

Run checked(const Run& run, const std::string& what) {
  if (run.exit_code != 0) {
    throw std::runtime_error(what + " ended with exit code " + std::to_string(run.exit_code));
  }
  return run;
}

void apply_on_sqlite(const std::string& program, const fs::path& folder, int runs) {
  write_text(folder / "all.sql", bench::project_script(folder, dialect_for("sqlite")));
  std::vector<Run> ours;
  std::vector<Run> theirs;
  for (int i = 0; i < runs; ++i) {
    fs::remove(folder / "bench.db");
    ours.push_back(checked(bench::run({program, "migrate", "-v", "0"}, folder), "migrate"));
    fs::remove(folder / "shell.db");
    theirs.push_back(
        checked(bench::run({"sqlite3", "-bail", "shell.db"}, folder, (folder / "all.sql").string()),
                "sqlite3"));
  }
  bench::report("apply 1,000 migrations, SQLite, against sqlite3", ours, theirs, 1.2);
}

void apply_on_postgresql(const std::string& program, const fs::path& folder, int runs,
                         const std::string& url) {
  write_text(folder / "all-pg.sql", bench::project_script(folder, dialect_for("postgresql")));
  std::vector<Run> ours;
  std::vector<Run> theirs;
  const auto empty = [&] {
    connect(url, folder)->execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
  };
  for (int i = 0; i < runs; ++i) {
    empty();
    ours.push_back(
        checked(bench::run({program, "migrate", "-v", "0", "--database", url}, folder), "migrate"));
    empty();
    theirs.push_back(checked(bench::run({"psql", "-q", "-X", "-v", "ON_ERROR_STOP=1", "-f",
                                         (folder / "all-pg.sql").string(), url},
                                        folder),
                             "psql"));
  }
  bench::report("apply 1,000 migrations, PostgreSQL, against psql", ours, theirs, 1.2);
}

/// The process of `bench --parse FOLDER`: only reads and parses.
void no_changes(const std::string& program, const std::string& self, const fs::path& folder,
                int runs) {
  std::vector<Run> ours;
  std::vector<Run> theirs;
  for (int i = 0; i < runs; ++i) {
    ours.push_back(checked(bench::run({program, "makemigrations", "--check", "-v", "0"}, folder),
                           "makemigrations"));
    theirs.push_back(
        checked(bench::run({self, "--parse", folder.string()}, folder), "reading and parsing"));
  }
  bench::report("makemigrations without changes, 500 models, 1,000 migrations, against parsing",
                ours, theirs, 3.0);
}

void growth(const std::string& program, int runs) {
  double first = 0;
  for (const int count : {1000, 2000, 5000}) {
    const fs::path folder = scratch_folder();
    bench::write_project(folder, 500, count);
    std::vector<double> seconds;
    long peak = 0;
    for (int i = 0; i < runs; ++i) {
      const Run run =
          checked(bench::run({program, "migrate", "--plan", "-v", "0"}, folder), "plan");
      seconds.push_back(run.seconds);
      peak = std::max(peak, run.peak_kib);
    }
    const double each = bench::median(seconds) / count * 1e6;
    if (first == 0) first = each;
    std::printf(
        "migrate --plan of %d migrations: %.1f us each (%.2f of that at 1,000), peak %.1f MiB\n",
        count, each, each / first, static_cast<double>(peak) / 1024);
    // SQLite itself reads its whole schema again for each change of it.
    fs::remove(folder / "bench.db");
    write_text(folder / "all.sql", bench::project_script(folder, dialect_for("sqlite")));
    const Run run = checked(bench::run({program, "migrate", "-v", "0"}, folder), "migrate");
    const Run raw =
        checked(bench::run({"sqlite3", "-bail", "shell.db"}, folder, (folder / "all.sql").string()),
                "sqlite3");
    std::printf("migrate of %d migrations, SQLite: %.1f us each, %.2f of sqlite3, peak %.1f MiB\n",
                count, run.seconds / count * 1e6, run.seconds / raw.seconds,
                static_cast<double>(run.peak_kib) / 1024);
    std::fflush(stdout);
    fs::remove_all(folder);
  }
}

/// 1,000 tables and 10,000 columns: inspectdb, and diff once they are adopted.
void inspection(const std::string& program, const std::string& self, int runs,
                const std::string& dialect, const std::string& url) {
  const fs::path folder = scratch_folder();
  connect(url, folder)->execute(bench::large_schema_sql(dialect));
  checked(bench::run({program, "init", "big", "--database", url, "-v", "0"}, folder), "init");
  checked(bench::run({program, "adopt", "big", "-v", "0"}, folder), "adopt");
  std::vector<Run> inspected;
  std::vector<Run> compared;
  std::vector<Run> theirs;
  for (int i = 0; i < runs; ++i) {
    inspected.push_back(
        checked(bench::run({program, "inspectdb", "--app", "big"}, folder), "inspectdb"));
    compared.push_back(checked(bench::run({program, "diff"}, folder), "diff"));
    theirs.push_back(
        checked(bench::run({self, "--catalogue", url, folder.string()}, folder), "catalogue"));
  }
  const std::string tables = " of 1,000 tables, " + dialect + ", against the catalogue queries";
  bench::report("inspectdb" + tables, inspected, theirs, 3.0);
  bench::report("diff" + tables, compared, theirs, 3.0);
  fs::remove_all(folder);
}

int run_all(const std::string& program, const std::string& self, int runs) {
  const fs::path folder = scratch_folder();
  bench::write_project(folder, 500, 1000);
  apply_on_sqlite(program, folder, runs);
  if (const char* url = std::getenv("TURNSTONE_BENCH_POSTGRES_URL")) {
    apply_on_postgresql(program, folder, runs, url);
    connect(url, folder)->execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    inspection(program, self, runs, "postgresql", url);
  } else {
    std::cout << "PostgreSQL: not measured, TURNSTONE_BENCH_POSTGRES_URL is not set (its schema "
                 "public is emptied)\n";
  }
  inspection(program, self, runs, "sqlite", "sqlite:///" + (folder / "large.db").string());
  no_changes(program, self, folder, runs);
  fs::remove_all(folder);
  growth(program, runs);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc == 3 && std::strcmp(argv[1], "--parse") == 0) {
      return bench::read_and_parse(argv[2]) > 0 ? 0 : 1;
    }
    if (argc == 4 && std::strcmp(argv[1], "--catalogue") == 0) {
      return bench::read_catalogue(argv[2], argv[3]) > 0 ? 0 : 1;
    }
    if (argc < 2) {
      std::cerr << "usage: bench TURNSTONE_EXECUTABLE [RUNS]\n";
      return 2;
    }
    return run_all(fs::absolute(argv[1]).string(), fs::absolute(argv[0]).string(),
                   argc > 2 ? std::atoi(argv[2]) : 5);
  } catch (const std::exception& error) {
    std::cerr << "bench: " << error.what() << '\n';
    return 3;
  }
}
