#include "cli/session.h"

#include <algorithm>
#include <fstream>
#include <regex>
#include <sstream>

#include "cli/surroundings.h"

namespace turnstone::test {
namespace {

std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  std::string word;
  bool quoted = false;
  bool any = false;
  for (const char c : line) {
    if (c == '\'') {
      quoted = !quoted;
      any = true;
    } else if (c == ' ' && !quoted) {
      if (any) words.push_back(word);
      word.clear();
      any = false;
    } else {
      word += c;
      any = true;
    }
  }
  if (any) words.push_back(word);
  return words;
}

}  // namespace

const char* const blog_models = R"({"models": [
  {"name": "Author", "fields": [{"name": "name", "type": "CharField", "max_length": 100}]},
  {"name": "Book", "fields": [
    {"name": "title", "type": "CharField", "max_length": 200, "db_index": true},
    {"name": "author", "type": "ForeignKey", "to": "Author", "on_delete": "CASCADE"},
    {"name": "price", "type": "DecimalField", "max_digits": 10, "decimal_places": 2, "null": true}
  ]}
]}
)";

Session::Session(const std::string& url) : root_(std::filesystem::canonical(home_->path())) {
  folder = root_;
  if (!url.empty()) environment["DATABASE_URL"] = url;
}

Ran Session::run(const std::string& line) { return run(words_of(line), "", false); }
Ran Session::run(const std::vector<std::string>& arguments) { return run(arguments, "", false); }
Ran Session::type(const std::string& line, const std::string& input) {
  return run(words_of(line), input, true);
}

Ran Session::run(const std::vector<std::string>& arguments, const std::string& input,
                 bool terminal) {
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  cli::Surroundings surroundings{.in = in, .out = out, .err = err};
  surroundings.in_is_terminal = surroundings.err_is_terminal = terminal;
  surroundings.environment = environment;
  surroundings.environment["NO_COLOR"] = "1";
  surroundings.folder = folder;
  surroundings.timestamp = [] { return std::string("20261125_1200"); };
  surroundings.become = [this](const auto& command, const auto& variables) {
    became = command;
    became_environment = variables;
    return 0;
  };
  std::vector<std::string> all{apps ? "manage" : "turnstone"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  const int code = cli::run(all, surroundings, apps ? &*apps : nullptr);
  return {code, out.str(), err.str()};
}

void Session::write(const std::string& file, const std::string& text) const {
  std::filesystem::create_directories((root_ / file).parent_path());
  std::ofstream(root_ / file, std::ios::binary) << text;
}

std::string Session::read(const std::string& file) const {
  std::ifstream in(root_ / file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

bool Session::exists(const std::string& file) const {
  return std::filesystem::exists(root_ / file);
}

std::vector<std::string> Session::list(const std::string& folder_name) const {
  std::vector<std::string> names;
  if (!exists(folder_name)) return names;
  for (const auto& entry : std::filesystem::directory_iterator(root_ / folder_name)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Session blog_session(const std::string& url) {
  Session session(url);
  session.write("turnstone.json",
                "{\"apps\": {\"blog\": {}},\n \"databases\": {\"default\": {\"url\": "
                "\"sqlite:///app.db\"}}}\n");
  session.write("blog/models.json", blog_models);
  return session;
}

std::string without_times(const std::string& text) {
  static const std::regex time(R"(\([0-9]+\.[0-9]{3}s\))");
  return std::regex_replace(text, time, "(TIME)");
}

}  // namespace turnstone::test
