#pragma once

#include "document.h"

#include <turnstone/error.h>
#include <turnstone/model/project_state.h>

#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

namespace turnstone::cli {

/// What a piece of text is, for its colour.
enum class Role { plain, heading, label, success, warning, error };

enum ExitCode { exit_done = 0, exit_found = 1, exit_usage = 2, exit_failed = 3 };
/// The exit code an error of that kind ends the program with.
ExitCode exit_code(ErrorKind kind);
/// Its name in JSON output, `bad_file`.
std::string_view name_of(ErrorKind kind);

/// The one door to standard output and standard error. Everything that leaves through it has known
/// passwords taken out. In JSON mode text for people is dropped: one document is all there is.
class Output {
 public:
  struct Settings {
    bool json = false;
    int verbosity = 1;
    bool colour_out = false;
    bool colour_err = false;
    bool live = false;     ///< both streams are one terminal: lines may be written over
    std::string folder{};  ///< paths below it are shown relative to it
  };
  Output(std::ostream& out, std::ostream& err) : out_(out), err_(err) {}
  void configure(Settings settings) { settings_ = std::move(settings); }
  const Settings& settings() const { return settings_; }
  bool json() const { return settings_.json; }
  int verbosity() const { return settings_.verbosity; }

  /// Never shows the password of `url` from here on, whoever prints it.
  void hide_password_of(const std::string& url);

  /// For people, on standard output: nothing with `-v 0`.
  void text(const std::string& text);
  /// The same from `-v 2` on.
  void detail(const std::string& text);
  /// What the command is for, such as SQL: also with `-v 0`.
  void data(const std::string& text);
  /// On standard error: what goes on, for people.
  void note(const std::string& text);
  /// A question to a person, on standard error in every mode; the answer follows on the same line.
  void ask(const std::string& text);
  /// On standard error at once, and in the JSON document under `warnings`.
  void warning(const std::string& message, const std::string& where = {},
               const std::string& hint = {});
  /// `error: …`, `  where: …`, `  hint: …` on standard error; JSON: `{"error": {…}}`, with
  /// `extra`'s members behind it.
  void error(const Error& error, const Document& more = {});
  /// One of several findings, in the form of an error; for people only.
  void problem(const Problem& problem);
  /// The document of a command that did what it was asked. Warnings are added to it.
  void document(Document document);

  /// From here on the document of a command, or of its error, is kept instead of printed, until
  /// `collected` gives it (null where there was none).
  void collect();
  Document collected();

  /// Text painted for standard output.
  std::string painted(Role role, const std::string& text) const;
  /// `text` with known passwords taken out.
  std::string scrubbed(std::string text) const;
  /// The same with paths below the working directory made relative: for words, not for data.
  std::string shown(std::string text) const;

 private:
  void report(std::string_view kind, Role role, const std::string& message,
              const std::string& where, const std::string& hint);
  void finish(Document document);
  void print_json(const std::string& text);

  std::ostream& out_;
  std::ostream& err_;
  Settings settings_{};
  std::vector<std::pair<std::string, std::string>> secrets_{};
  Document warnings_ = Document::array();
  bool warned_ = false;
  bool collects_ = false;
  Document collected_{};
};

/// `1 table`, `2 tables`.
std::string counted(std::size_t n, const std::string& what);

/// The document form of a problem: message, where, hint.
Document document_of(const Problem& problem);

}  // namespace turnstone::cli
