#include "output.h"

#include "json/tree.h"

#include <turnstone/drivers/open.h>

#include <algorithm>
#include <ostream>

#include "secrets.h"

namespace turnstone::cli {
namespace {

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
    text.replace(at, from.size(), to);
    at += to.size();
  }
}

/// Takes secrets out of every text in `tree`.
void show_texts(json::Tree& tree, const Output& output) {
  if (tree.is_string()) {
    tree = output.scrubbed(tree.get<std::string>());
  } else if (tree.is_structured()) {
    for (json::Tree& child : tree) show_texts(child, output);
  }
}

std::string_view colour_of(Role role) {
  switch (role) {
    case Role::heading:
      return "\033[36;1m";
    case Role::label:
      return "\033[1m";
    case Role::success:
      return "\033[32;1m";
    case Role::warning:
      return "\033[33;1m";
    case Role::error:
      return "\033[31;1m";
    case Role::plain:
      break;
  }
  return "";
}

std::string paint(bool colour, Role role, const std::string& text) {
  const std::string_view code = colour ? colour_of(role) : "";
  return code.empty() ? text : std::string(code) + text + "\033[0m";
}

/// Lines after the first stand below it.
std::string indented(std::string text) {
  replace_all(text, "\n", "\n         ");
  return text;
}

}  // namespace

ExitCode exit_code(ErrorKind kind) { return kind == ErrorKind::usage ? exit_usage : exit_failed; }

std::string_view name_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage:
      return "usage";
    case ErrorKind::bad_file:
      return "bad_file";
    case ErrorKind::bad_model:
      return "bad_model";
    case ErrorKind::conflict:
      return "conflict";
    case ErrorKind::history:
      return "history";
    case ErrorKind::question:
      return "question";
    case ErrorKind::irreversible:
      return "irreversible";
    case ErrorKind::unsupported:
      return "unsupported";
    case ErrorKind::database:
      return "database";
    case ErrorKind::in_doubt:
      return "in_doubt";
    case ErrorKind::locked:
      return "locked";
    case ErrorKind::cancelled:
      return "cancelled";
    case ErrorKind::bad_value:
      return "bad_value";
    case ErrorKind::rows:
      return "rows";
    case ErrorKind::misuse:
      return "misuse";
  }
  return "error";
}

void Output::hide_password_of(const std::string& url) {
  const std::string masked = without_password(url);
  if (masked == url) return;
  secrets_.emplace_back(url, masked);
  for (const std::string& secret : secrets_of(url)) {
    for (const std::string& form : {secret, percent_decoded(secret)}) {
      // A password that is part of the rest of the URL, such as `postgres`, is no news, and taking
      // it out of every text would make the texts unreadable.
      if (form.size() < 3 || masked.find(form) != std::string::npos) continue;
      secrets_.emplace_back(form, "***");
    }
  }
  std::stable_sort(secrets_.begin(), secrets_.end(),
                   [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
}

std::string Output::scrubbed(std::string text) const {
  for (const auto& [secret, instead] : secrets_) replace_all(text, secret, instead);
  return text;
}

std::string Output::shown(std::string text) const {
  text = scrubbed(std::move(text));
  if (settings_.folder.size() > 1) replace_all(text, settings_.folder + "/", "");
  return text;
}

std::string Output::painted(Role role, const std::string& text) const {
  return paint(settings_.colour_out, role, text);
}

void Output::text(const std::string& text) {
  if (!json() && verbosity() >= 1) out_ << shown(text) << std::flush;
}

void Output::detail(const std::string& text) {
  if (!json() && verbosity() >= 2) out_ << shown(text) << std::flush;
}

void Output::data(const std::string& text) {
  if (!json()) out_ << scrubbed(text) << std::flush;
}

void Output::note(const std::string& text) {
  if (!json() && verbosity() >= 1) err_ << shown(text) << std::flush;
}

void Output::ask(const std::string& text) {
  out_.flush();
  err_ << shown(text) << std::flush;
}

void Output::report(std::string_view kind, Role role, const std::string& message,
                    const std::string& where, const std::string& hint) {
  out_.flush();
  err_ << paint(settings_.colour_err, role, std::string(kind) + ":") << " " << shown(message)
       << "\n";
  if (!where.empty()) err_ << "  where: " << indented(shown(where)) << "\n";
  if (!hint.empty()) err_ << "  hint: " << indented(shown(hint)) << "\n";
  err_ << std::flush;
}

void Output::warning(const std::string& message, const std::string& where,
                     const std::string& hint) {
  report("warning", Role::warning, message, where, hint);
  warnings_.add(
      document_of(Problem{.where = shown(where), .message = shown(message), .hint = shown(hint)}));
  warned_ = true;
}

void Output::error(const Error& error, const Document& more) {
  std::string where = error.where();
  std::string statement;
  if (const auto* database = dynamic_cast<const DatabaseError*>(&error)) {
    statement = database->statement();
    if (!statement.empty() && where.find(statement) == std::string::npos) {
      where += (where.empty() ? "" : "\n") + statement;
    }
  }
  if (!json()) return report("error", Role::error, error.what(), where, error.hint());
  Document body = Document::object();
  body.set("kind", name_of(error.kind())).set("message", shown(error.what()));
  body.set_if("where", shown(error.where()))
      .set_if("hint", shown(error.hint()))
      .set_if("statement", statement);
  if (const auto* database = dynamic_cast<const DatabaseError*>(&error)) {
    body.set_if("sqlstate", database->details().sqlstate);
  }
  body.set("exit_code", static_cast<int>(exit_code(error.kind())));
  Document all = Document::object();
  all.set("error", body);
  if (more.text() != "null") all.set("done", more);
  finish(all);
}

void Output::problem(const Problem& problem) {
  if (!json()) report("error", Role::error, problem.message, problem.where, problem.hint);
}

void Output::document(Document document) {
  if (json()) finish(std::move(document));
}

void Output::finish(Document document) {
  if (warned_) document.set("warnings", warnings_);
  if (!collects_) return print_json(document.text());
  collected_ = std::move(document);
  warnings_ = Document::array();
  warned_ = false;
}

void Output::collect() {
  collects_ = true;
  collected_ = Document();
}

Document Output::collected() {
  collects_ = false;
  return std::exchange(collected_, Document());
}

void Output::print_json(const std::string& text) {
  json::Tree tree = json::parse("output", text);
  show_texts(tree, *this);
  out_ << json::pretty(tree) << std::flush;
}

Document document_of(const Problem& problem) {
  Document document = Document::object();
  document.set("message", problem.message);
  return document.set_if("where", problem.where).set_if("hint", problem.hint);
}

std::string counted(std::size_t n, const std::string& what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

}  // namespace turnstone::cli
