#include "prompt.h"

#include "json/model_json.h"

#include <turnstone/error.h>
#include <turnstone/identifier.h>
#include <turnstone/schema/lower.h>

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <iostream>

#include "questions.h"

namespace turnstone::cli {
namespace {

volatile std::sig_atomic_t interrupted = 0;

/// While it lives, Ctrl-C ends the wait for an answer instead of the program. The signal is held
/// back outside of the wait itself, so that none is lost whenever it comes.
class Interrupts {
 public:
  Interrupts() {
    interrupted = 0;
    sigset_t interrupt;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    sigprocmask(SIG_BLOCK, &interrupt, &mask_before_);
    struct sigaction action {};
    action.sa_handler = [](int) { interrupted = 1; };
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, &before_);
  }
  ~Interrupts() {
    sigaction(SIGINT, &before_, nullptr);
    sigprocmask(SIG_SETMASK, &mask_before_, nullptr);
  }
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  /// Waits until standard input has a line (or its end); false after Ctrl-C.
  bool wait() const {
    pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    while (!interrupted && ppoll(&input, 1, nullptr, &mask_before_) < 0 && errno == EINTR) {
    }
    return !interrupted;
  }

 private:
  struct sigaction before_ {};
  sigset_t mask_before_{};
};

std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") + 1 - begin);
}

/// The names of a model's fields on one line, cut where there are many.
std::string field_list(const ModelState& model) {
  constexpr std::size_t most = 8;
  std::vector<std::string> names;
  for (const Field& field : model.fields) names.push_back(field.name);
  const std::size_t all = names.size();
  if (all > most) names.resize(most);
  return join(names, ", ") +
         (all > most ? " and " + std::to_string(all - most) + " more" : std::string());
}

bool is_time(const Field& field) {
  return field.type == FieldType::date || field.type == FieldType::date_time ||
         field.type == FieldType::time;
}

/// The function a word at the prompt means for that field, or empty.
std::string function_word(const std::string& word, const Field& field) {
  if (word == "now" && is_time(field)) return word;
  if (word == "today" && field.type == FieldType::date) return word;
  if (word == "uuid4" && field.type == FieldType::uuid) return word;
  return {};
}

/// What the value of a field looks like.
std::string example_for(const Field& field) {
  switch (field.type) {
    case FieldType::boolean:
      return "true";
    case FieldType::date:
      return "today, \"2026-01-31\"";
    case FieldType::date_time:
      return "now, \"2026-01-31T12:00:00Z\"";
    case FieldType::time:
      return "now, \"12:00:00\"";
    case FieldType::uuid:
      return "uuid4, \"3f2b6c1e-…\"";
    case FieldType::decimal:
      return "\"9.99\"";
    case FieldType::duration:
      return "\"P1DT2H\"";
    case FieldType::json:
      return "{}, [], \"text\", 0";
    default:
      break;
  }
  if (is_text(field.type)) return "\"\", \"text\"";
  return is_relation(field.type) ? "the key of a row, such as 1" : "0";
}

}  // namespace

std::string Prompt::line(const std::string& question) {
  std::string answer;
  bool there = false;
  {
    const Interrupts interrupts;  // before the question is seen: the answer may be at once
    output_.ask(question);
    const bool from_terminal = &in_ == &std::cin && std::cin.rdbuf()->in_avail() <= 0;
    there = (!from_terminal || interrupts.wait()) && std::getline(in_, answer);
  }
  answer = trimmed(answer);
  if (there && answer != "exit") return answer;
  if (!there) output_.ask("\n");
  throw Error(ErrorKind::cancelled, "cancelled; nothing was written");
}

bool Prompt::yes(const std::string& question) {
  while (true) {
    const std::string answer = lower_case(line(question + " [y/N] "));
    if (answer == "y" || answer == "yes") return true;
    if (answer.empty() || answer == "n" || answer == "no") return false;
    output_.ask("Please answer y or n; \"exit\" cancels.\n");
  }
}

std::size_t Prompt::choice(const std::string& question, const std::vector<std::string>& choices) {
  std::string text = question + "\n";
  for (std::size_t i = 0; i < choices.size(); ++i) {
    text += "  " + std::to_string(i + 1) + ") " + choices[i] + "\n";
  }
  output_.ask(text);
  while (true) {
    const std::string answer = line("Choose a number: ");
    for (std::size_t i = 0; i < choices.size(); ++i) {
      if (answer == std::to_string(i + 1)) return i;
    }
    output_.ask("Please choose a number from 1 to " + std::to_string(choices.size()) +
                "; \"exit\" cancels.\n");
  }
}

// TerminalQuestioner ------------------------------------------------------------------------------

bool TerminalQuestioner::renamed_model(const ModelState& old_model, const ModelState& new_model,
                                       bool same_fields) {
  if (!same_fields) {
    prompt_.say("  " + old_model.name + ": " + field_list(old_model) + "\n  " + new_model.name +
                ": " + field_list(new_model) + "\n");
  }
  const bool yes = prompt_.yes("Was the model " + old_model.app + "." + old_model.name +
                               " renamed to " + new_model.name + "?");
  if (!yes) not_renamed_.insert(place_of(old_model));
  return yes;
}

bool TerminalQuestioner::moved_model(const ModelState& old_model, const ModelState& new_model,
                                     bool same_fields) {
  if (!same_fields) {
    prompt_.say("  " + place_of(old_model) + ": " + field_list(old_model) + "\n  " +
                place_of(new_model) + ": " + field_list(new_model) + "\n");
  }
  const bool yes =
      prompt_.yes("Was the model " + place_of(old_model) + " moved to app " + new_model.app + "?");
  if (!yes) not_renamed_.insert(place_of(old_model));
  return yes;
}

bool TerminalQuestioner::renamed_field(const ModelState& model, const Field& old_field,
                                       const Field& new_field,
                                       const std::vector<std::string>& differences) {
  if (!differences.empty()) {
    prompt_.say("  before: " + json::pretty(json::write_field(old_field)) +
                "  after:  " + json::pretty(json::write_field(new_field)));
  }
  const bool yes =
      prompt_.yes("Was " + place_of(model, old_field) + " renamed to " + new_field.name + " (" +
                  std::string(name_of(new_field.type)) +
                  (differences.empty() ? "" : ", changed in " + join(differences, ", ")) + ")?");
  if (!yes) not_renamed_.insert(place_of(model, old_field));
  return yes;
}

std::optional<Default> TerminalQuestioner::default_for_added(const ModelState& model,
                                                             const Field& field) {
  const std::size_t chosen =
      prompt_.choice(place_of(model, field) + " (" + std::string(name_of(field.type)) +
                         ") is new, may not be NULL and has no default.\n"
                         "Rows that are there already need a value.",
                     {"give one now, for these rows only", "cancel, to change the models first"});
  if (chosen == 1) throw Error(ErrorKind::cancelled, "cancelled; nothing was written");
  return value_for(model, field);
}

std::optional<Default> TerminalQuestioner::default_for_altered(const ModelState& model,
                                                               const Field& field) {
  const std::size_t chosen =
      prompt_.choice(place_of(model, field) + " (" + std::string(name_of(field.type)) +
                         ") may no longer be NULL and has no default.\n"
                         "Rows that hold NULL need a value.",
                     {"give one now, for these rows only",
                      "go on without: no row holds NULL, or an earlier migration sees to it",
                      "cancel, to change the models first"});
  if (chosen == 2) throw Error(ErrorKind::cancelled, "cancelled; nothing was written");
  if (chosen == 1) return std::nullopt;
  return value_for(model, field);
}

Default TerminalQuestioner::value_for(const ModelState& model, const Field& field) {
  const Field* type = &field;
  if (is_foreign_key(field.type)) {
    type = &resolved_field(models_, model, field);
  }
  if (is_unique(field)) {
    prompt_.say("It is unique: one value is enough for a table of one row only.\n");
  }
  const std::string suggested = field.auto_now_add && is_time(field) ? "now" : "";
  prompt_.say("A value as JSON: " + example_for(field) +
              (suggested.empty() ? "" : "; Enter alone takes " + suggested) + "; exit cancels.\n");
  while (true) {
    std::string answer = prompt_.line(">>> ");
    if (answer.empty()) answer = suggested;
    if (answer.empty()) {
      prompt_.say("Please give a value; an empty text is \"\".\n");
      continue;
    }
    const std::string function = function_word(answer, field);
    if (!function.empty()) return DefaultFunction{function};
    std::string wrong;
    std::optional<Json> given;
    try {
      given = Json::parse(answer);
      if (!given->is_null()) return default_from(*given, field, *type);
      wrong = "null is what it may not be";
    } catch (const Error& error) {
      wrong = error.what();
    }
    // A text without its quotes is clear enough where only a text makes sense.
    if (answer.find_first_of("\"{[") == std::string::npos && lower_case(answer) != "null" &&
        field.type != FieldType::json) {
      try {
        const Default value = default_from(Json::of(answer), field, *type);
        prompt_.say("Taken as the text " + Json::of(answer).text() + ".\n");
        return value;
      } catch (const Error& error) {
        // Of what is no JSON at all it says little that it is none.
        if (!given) wrong = error.what();
      }
    }
    prompt_.say("That does not fit: " + wrong + ". Please try again.\n");
  }
}

bool TerminalQuestioner::may_remove_field(const ModelState& model, const Field& field,
                                          const std::vector<std::string>& rename_candidates) {
  if (not_renamed_.contains(place_of(model, field))) return true;
  return prompt_.yes(removal_question(place_of(model, field), rename_candidates));
}

bool TerminalQuestioner::may_remove_model(const ModelState& model,
                                          const std::vector<std::string>& rename_candidates) {
  if (not_renamed_.contains(place_of(model))) return true;
  return prompt_.yes(removal_question(place_of(model), rename_candidates));
}

}  // namespace turnstone::cli
