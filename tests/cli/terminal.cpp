#include <doctest/doctest.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

#include "cli/session.h"

namespace turnstone::test {
namespace {

/// The real executable on a terminal of its own.
class Terminal {
 public:
  Terminal(const std::filesystem::path& folder, std::vector<std::string> arguments,
           const std::map<std::string, std::string>& environment = {}) {
    arguments.insert(arguments.begin(), TURNSTONE_EXECUTABLE);
    std::vector<char*> pointers;
    pointers.reserve(arguments.size() + 1);
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    child_ = forkpty(&terminal_, nullptr, nullptr, nullptr);
    REQUIRE(child_ >= 0);
    if (child_ > 0) return;
    if (chdir(folder.c_str()) != 0) _exit(126);
    unsetenv("DATABASE_URL");
    setenv("NO_COLOR", "1", 1);
    for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
    execv(pointers.front(), pointers.data());
    _exit(127);
  }
  ~Terminal() {
    if (child_ > 0) {
      kill(child_, SIGKILL);
      waitpid(child_, nullptr, 0);
    }
    close(terminal_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  /// Reads until `text` was shown. False when the program ended or ten seconds passed first.
  bool shows(const std::string& text) {
    while (seen_.find(text, read_to_) == std::string::npos) {
      if (!read_some()) return false;
    }
    read_to_ = seen_.find(text, read_to_) + text.size();
    return true;
  }
  void type(const std::string& text) const {
    REQUIRE(write(terminal_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  /// Reads to the end; gives the exit code, or minus the signal.
  int ends() {
    while (read_some()) {
    }
    int status = 0;
    waitpid(child_, &status, 0);
    child_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  const std::string& seen() const { return seen_; }

 private:
  bool read_some() {
    pollfd waiting{.fd = terminal_, .events = POLLIN, .revents = 0};
    if (poll(&waiting, 1, 10000) <= 0) return false;
    char buffer[4096];
    const ssize_t size = read(terminal_, buffer, sizeof buffer);
    if (size <= 0) return false;
    seen_.append(buffer, static_cast<std::size_t>(size));
    return true;
  }

  int terminal_ = -1;
  pid_t child_ = -1;
  std::string seen_{};
  std::size_t read_to_ = 0;
};

Session with_question() {
  Session session = blog_session();
  REQUIRE(session.run("makemigrations").code == 0);
  std::string models = session.read("blog/models.json");
  models.replace(models.find("{\"name\": \"name\""), 15, "{\"name\": \"full_name\"");
  models.replace(models.find("\"null\": true"), 12, "\"null\": false");
  session.write("blog/models.json", models);
  return session;
}

}  // namespace

TEST_CASE("questions on a terminal are answered and lead to files") {
  const Session session = with_question();
  Terminal terminal(session.path(), {"makemigrations"});
  REQUIRE(terminal.shows("Was blog.Author.name renamed to full_name (CharField)? [y/N] "));
  terminal.type("perhaps\n");
  REQUIRE(terminal.shows("Please answer y or n"));
  REQUIRE(terminal.shows("[y/N] "));
  terminal.type("y\n");
  REQUIRE(terminal.shows("blog.Book.price (DecimalField) may no longer be NULL"));
  REQUIRE(terminal.shows("Choose a number: "));
  terminal.type("1\n");
  REQUIRE(terminal.shows(">>> "));
  terminal.type("cheap\n");
  REQUIRE(terminal.shows("That does not fit"));
  REQUIRE(terminal.shows(">>> "));
  terminal.type("1.50\n");
  CHECK(terminal.ends() == 0);
  const auto files = session.list("blog/migrations");
  REQUIRE(files.size() == 3);
  const std::string text = session.read("blog/migrations/" + files[1]);
  CHECK(text.find("RenameField") != std::string::npos);
  CHECK(text.find("\"default\": \"1.5") != std::string::npos);
}

TEST_CASE("Ctrl-C, Ctrl-D and exit at a question end cleanly and write nothing") {
  for (const char* typed : {"\x03", "\x04", "exit\n"}) {
    const Session session = with_question();
    Terminal terminal(session.path(), {"makemigrations"});
    REQUIRE(terminal.shows("[y/N] "));
    terminal.type(typed);
    CHECK(terminal.ends() == 3);
    CHECK(terminal.seen().find("error: cancelled; nothing was written") != std::string::npos);
    CHECK(session.list("blog/migrations").size() == 2);
  }
}

TEST_CASE("--noinput asks nothing, on a terminal too") {
  const Session session = with_question();
  Terminal terminal(session.path(), {"makemigrations", "--noinput"});
  CHECK(terminal.ends() == 3);
  CHECK(terminal.seen().find("--rename blog.Author.name:full_name") != std::string::npos);
}

TEST_CASE("colours are for terminals, and can be had without") {
  struct Case {
    const char* label;
    std::vector<std::string> arguments;
    std::map<std::string, std::string> environment;
    bool coloured;
  };
  const std::map<std::string, std::string> able{{"NO_COLOR", ""}, {"TERM", "xterm"}};
  const Case cases[] = {
      {"on a terminal", {"makemigrations", "--dry-run"}, able, true},
      {"an error", {"migrat"}, able, true},
      {"the flag", {"makemigrations", "--dry-run", "--no-color"}, able, false},
      {"the variable",
       {"makemigrations", "--dry-run"},
       {{"NO_COLOR", "1"}, {"TERM", "xterm"}},
       false},
      {"a terminal that has none",
       {"makemigrations", "--dry-run"},
       {{"NO_COLOR", ""}, {"TERM", "dumb"}},
       false},
      {"JSON", {"makemigrations", "--dry-run", "--format", "json"}, able, false},
  };
  const Session session = blog_session();
  for (const Case& c : cases) {
    CAPTURE(c.label);
    Terminal terminal(session.path(), c.arguments, c.environment);
    terminal.ends();
    CHECK((terminal.seen().find("\033[") != std::string::npos) == c.coloured);
  }
}

TEST_CASE("a long statement of a migration shows on a terminal that it goes on") {
  for (const std::string& dialect : test_dialects()) {
    CAPTURE(dialect);
    const ScratchDatabase database(dialect);
    const Session session = blog_session();
    const std::string statement =
        dialect == "sqlite"
            ? "SELECT COUNT(*) FROM (WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM "
              "c WHERE n < 15000000) SELECT n FROM c)"
            : "SELECT pg_sleep(2)";
    session.write(
        "blog/migrations/0001_long.json",
        R"({"turnstone": 1, "operations": [{"op": "RunSQL", "sql": [")" + statement + R"("]}]})");
    Terminal terminal(session.path(), {"migrate", "--database", database.url()});
    CHECK(terminal.shows("Applying blog.0001_long... Raw SQL operation ("));
    CHECK(terminal.shows("Applying blog.0001_long... OK ("));
    CHECK(terminal.ends() == 0);
  }
}

TEST_CASE("the executable runs on a terminal from makemigrations to a shell") {
  const Session session = blog_session();
  CHECK(Terminal(session.path(), {"makemigrations"}).ends() == 0);
  CHECK(Terminal(session.path(), {"migrate"}).ends() == 0);
  Terminal shell(session.path(), {"dbshell", "--", ".tables"});
  CHECK(shell.ends() == 0);
  CHECK(shell.seen().find("blog_book") != std::string::npos);
}

}  // namespace turnstone::test
